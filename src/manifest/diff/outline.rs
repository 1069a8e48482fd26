//! Which line of YAML lies in which: read from the indentation of what `to_yaml` writes.

use std::fmt::Write as _;
use std::ops::Range;

use super::{DiffLine, LineKind};

/// The lines of a difference with what each lies in.
pub(super) struct Outline<'a> {
    lines: &'a [DiffLine],
    /// For each line the one that holds it: a key, or the first line of an element of a list.
    parents: Vec<Option<usize>>,
    /// For each first line of an element its place in the list, counted from 0.
    places: Vec<usize>,
    /// For each first line of an element the line with its name, where that is another one.
    names: Vec<Option<usize>>,
}

impl<'a> Outline<'a> {
    pub(super) fn of(lines: &'a [DiffLine]) -> Self {
        let count = lines.len();
        let mut outline = Self { lines, parents: vec![None; count], places: vec![0; count], names: vec![None; count] };
        // Removed lines lie in the object before, added ones in the one after.
        outline.read(|line| line.is_before());
        outline.read(|line| matches!(line.kind, LineKind::Same | LineKind::Added | LineKind::AddedByServer));
        outline
    }

    /// Reads the lines of one side.
    fn read(&mut self, is_of_side: impl Fn(&DiffLine) -> bool) {
        let lines = self.lines;
        let mut open: Vec<usize> = Vec::new();
        let mut elements = vec![0; lines.len()];
        for at in (0..lines.len()).filter(|at| is_of_side(&lines[*at])) {
            let text = lines[at].text.as_str();
            if let Some(&top) = open.last()
                && begins_text(&lines[top].text)
                && (text.trim().is_empty() || column(text) > column(&lines[top].text))
            {
                self.parents[at] = Some(top);
                continue;
            }
            while open.last().is_some_and(|top| !holds(&lines[*top].text, text)) {
                open.pop();
            }
            let parent = open.last().copied();
            self.parents[at] = parent;
            if let Some(parent) = parent {
                if is_element(text) {
                    self.places[at] = elements[parent];
                    elements[parent] += 1;
                }
                let is_in_element =
                    is_element(&lines[parent].text) && content_start(&lines[parent].text) == column(text);
                if is_in_element && text.trim_start().starts_with("name:") {
                    self.names[parent] = Some(at);
                }
            }
            open.push(at);
        }
    }

    /// Has the lines shown that hold this one, with the names of the elements among them.
    pub(super) fn show_what_holds(&self, at: usize, is_shown: &mut [bool]) {
        let mut next = Some(at);
        while let Some(at) = next {
            is_shown[at] = true;
            if let Some(name) = self.names[at] {
                is_shown[name] = true;
            }
            next = self.parents[at];
        }
    }

    /// The path of what holds all of these lines: `spec.template.spec.containers[0]`.
    pub(super) fn path_around(&self, lines: Range<usize>) -> String {
        let outermost = lines.min_by_key(|at| content_start(&self.lines[*at].text));
        let mut chain = Vec::new();
        let mut child = outermost;
        while let Some((at, parent)) = child.and_then(|at| Some((at, self.parents[at]?))) {
            chain.push((parent, at));
            child = Some(parent);
        }
        let mut path = String::new();
        for (at, child) in chain.into_iter().rev() {
            let (text, child) = (&self.lines[at].text, &self.lines[child].text);
            if is_element(text) {
                let _ = write!(path, "[{}]", self.places[at]);
                let is_beside_first_key = column(child) == content_start(text) && !is_element(child);
                if is_beside_first_key {
                    continue;
                }
            }
            let dot = if path.is_empty() { "" } else { "." };
            match key_of(text) {
                "" => {}
                key if key.contains(['.', '/']) => path += &format!("[{key}]"),
                key => path += &format!("{dot}{key}"),
            }
        }
        path
    }
}

/// Whether a line that comes later lies in the first.
fn holds(first: &str, later: &str) -> bool {
    let (column, later_column) = (column(first), column(later));
    // The elements of a list may stand in the column of its key.
    later_column > column || (later_column == column && is_element(later) && !is_element(first))
}

fn column(text: &str) -> usize {
    text.len() - text.trim_start_matches(' ').len()
}

fn is_element(text: &str) -> bool {
    let text = text.trim_start_matches(' ');
    text.starts_with("- ") || text == "-"
}

/// Whether the lines below are the lines of a text: `- |`, `script: |-`.
fn begins_text(text: &str) -> bool {
    let last = text.rsplit(' ').next().unwrap_or_default();
    last.starts_with(['|', '>']) && last[1..].chars().all(|c| matches!(c, '+' | '-' | '0'..='9'))
}

/// Bytes before what a line says: its indentation and the dashes of elements.
pub(super) fn content_start(text: &str) -> usize {
    let mut content = text.trim_start_matches(' ');
    while let Some(rest) = content.strip_prefix("- ") {
        content = rest.trim_start_matches(' ');
    }
    text.len() - content.len()
}

/// The key that a line sets; empty where it sets none.
pub(super) fn key_of(text: &str) -> &str {
    let content = &text[content_start(text)..];
    let end = content.find(": ").or_else(|| content.ends_with(':').then(|| content.len() - 1));
    let key = end.map_or("", |end| &content[..end]);
    if key.contains(' ') { "" } else { key }
}
