//! Events of the YAML engine to a tree that knows where everything stands. Aliases are copies of what they name, within
//! limits; what `<<` brings in is merged.

use std::collections::HashMap;

use granit_parser::{Event, Marker, ScalarStyle, Span, StructureStyle, Tag};
use serde_json::Value;

use super::{BOM, resolve};
use crate::manifest::problem::{Edit, Fix, Place, Problem};

/// A value of a document, with its place.
#[derive(Debug, Clone)]
pub(in crate::manifest) struct Node {
    /// Its first line; for a map its first key.
    pub(in crate::manifest) place: Place,
    /// The last line that belongs to it.
    pub(in crate::manifest) last_line: usize,
    /// Where it begins and the place behind its end, brackets and quotes included; of maps and lists of lines only the
    /// beginning is exact.
    pub(in crate::manifest) extent: ((usize, usize), (usize, usize)),
    pub(in crate::manifest) layout: Layout,
    pub(in crate::manifest) form: Form,
}

/// How a value is written, which decides how it can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::manifest) enum Layout {
    /// By indentation, or a scalar of words or in quotes.
    Block,
    /// Text on lines of its own behind `|`.
    Literal,
    /// The same behind `>`, where a line break is a blank.
    Folded,
    /// In brackets.
    Flow,
    /// It has a name behind an &, or stands for what has: to change it would change other values, too.
    Shared,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(in crate::manifest) enum Form {
    /// One that has no parts. `is_plain` where it is not quoted, so that a word may mean something else than text.
    Scalar { value: Value, is_plain: bool },
    /// Keys and values, in the order of the text.
    Map(Vec<Entry>),
    /// Items.
    List(Vec<Node>),
}

/// A key of a map with its value.
#[derive(Debug, Clone)]
pub(in crate::manifest) struct Entry {
    /// As it is sent: JSON has no keys but text, so that `on` arrives as `true`.
    pub(in crate::manifest) key: String,
    pub(in crate::manifest) key_place: Place,
    pub(in crate::manifest) node: Node,
}

impl Node {
    /// The value without its places.
    pub(in crate::manifest) fn to_value(&self) -> Value {
        match &self.form {
            Form::Scalar { value, .. } => value.clone(),
            Form::List(items) => items.iter().map(Self::to_value).collect(),
            Form::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), entry.node.to_value())).collect(),
        }
    }

    /// The value of a key; of one that stands twice the last.
    pub(in crate::manifest) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// Its entries; none unless it is a map.
    pub(in crate::manifest) fn entries(&self) -> &[Entry] {
        if let Form::Map(entries) = &self.form { entries } else { &[] }
    }

    /// Its text; None unless it is one.
    pub(in crate::manifest) fn text(&self) -> Option<&str> {
        if let Form::Scalar { value: Value::String(text), .. } = &self.form { Some(text) } else { None }
    }

    /// Whether nothing stands there.
    pub(in crate::manifest) const fn is_null(&self) -> bool {
        matches!(self.form, Form::Scalar { value: Value::Null, .. })
    }

    /// How many values it has, itself among them, and how deep they lie in each other.
    fn size(&self) -> (usize, usize) {
        let grown = |(count, depth): (usize, usize), inner: &Self| {
            let (more, deeper) = inner.size();
            (count + more, depth.max(deeper + 1))
        };
        match &self.form {
            Form::Scalar { .. } => (1, 1),
            Form::List(items) => items.iter().fold((1, 1), grown),
            Form::Map(entries) => entries.iter().map(|entry| &entry.node).fold((1, 1), grown),
        }
    }
}

/// Why a document cannot be used although the engine reads it.
pub(super) struct Defect {
    pub(super) at: Place,
    pub(super) message: &'static str,
}

/// How many values the aliases of one text may make. A few lines of aliases of aliases could make billions.
const MOST_COPIES: usize = 20_000;

/// How deep maps and lists may lie in each other with what aliases bring.
const DEEPEST_COPY: usize = 100;

/// A map or list that is not at its end yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<(String, Place)>,
}

/// Takes events and makes the tree.
pub(super) struct Builder<'a> {
    pub(super) lines: Vec<&'a str>,
    /// What was noticed that does not stop the reading.
    pub(super) problems: Vec<Problem>,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    copies: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let lines = text.lines().collect();
        Self { lines, problems: Vec::new(), open: Vec::new(), root: None, anchors: HashMap::new(), copies: 0 }
    }

    /// Forgets the document that was begun.
    pub(super) fn restart(&mut self) {
        self.open.clear();
        self.anchors.clear();
        self.root = None;
    }

    /// The document that is at its end.
    pub(super) fn take_root(&mut self) -> Option<Node> {
        let root = self.root.take();
        self.restart();
        root
    }

    /// A place, with the columns cut to those that the line has.
    pub(super) fn place(&self, line: usize, column: usize, end_column: usize) -> Place {
        let length = self.lines.get(line).map_or(0, |text| text.chars().count());
        let column = column.min(length);
        Place { line, column, end_column: end_column.clamp(column, length) }
    }

    /// Takes one event.
    pub(super) fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Defect> {
        let place = self.place_of(span);
        let end = self.place(span.end.line().saturating_sub(1), self.column(span.end), 0);
        let extent = ((place.line, place.column), (end.line, end.column));
        let empty = |form, style| {
            let layout = if style == StructureStyle::Flow { Layout::Flow } else { Layout::Block };
            Node { place, last_line: place.line, extent, layout, form }
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let value = value(&text, is_plain, tag.as_deref());
                let last_line = self.last_line(place, span, style);
                let layout = match style {
                    ScalarStyle::Literal => Layout::Literal,
                    ScalarStyle::Folded => Layout::Folded,
                    _ => Layout::Block,
                };
                self.finish(Node { place, last_line, extent, layout, form: Form::Scalar { value, is_plain } }, anchor)
            }
            Event::MappingStart(style, anchor, _) => {
                self.open.push(Open { node: empty(Form::Map(Vec::new()), style), anchor, key: None });
                Ok(())
            }
            Event::SequenceStart(style, anchor, _) => {
                self.open.push(Open { node: empty(Form::List(Vec::new()), style), anchor, key: None });
                Ok(())
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let Some(Open { mut node, anchor, .. }) = self.open.pop() else { return Ok(()) };
                // The end of one in brackets is a bracket, that of others lies before whatever comes next.
                if !span.is_empty() {
                    node.last_line = node.last_line.max(place.line);
                    node.extent.1 = extent.1;
                }
                merge(&mut node);
                self.finish(node, anchor)
            }
            Event::Alias(target) => {
                let copy = self.copy(target, place)?;
                self.finish(copy, 0)
            }
            Event::UnresolvedAlias(_) => Err(Defect { at: place, message: "nothing above has this name behind an &" }),
            _ => Ok(()),
        }
    }

    /// What an alias stands for, at the alias's place.
    fn copy(&mut self, target: usize, place: Place) -> Result<Node, Defect> {
        let Some(node) = self.anchors.get(&target) else {
            return Err(Defect { at: place, message: "this stands for something that it is itself a part of" });
        };
        let (count, depth) = node.size();
        self.copies += count;
        if self.copies > MOST_COPIES || self.open.len() + depth > DEEPEST_COPY {
            return Err(Defect { at: place, message: "aliases make this document too large" });
        }
        let form = node.form.clone();
        let extent = ((place.line, place.column), (place.line, place.end_column));
        Ok(Node { place, last_line: place.line, extent, layout: Layout::Shared, form })
    }

    /// Puts a value that is whole where it belongs.
    fn finish(&mut self, mut node: Node, anchor: usize) -> Result<(), Defect> {
        if anchor != 0 {
            node.layout = Layout::Shared;
            self.copies += node.size().0;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.node.last_line = open.node.last_line.max(node.last_line);
        match &mut open.node.form {
            Form::List(items) => {
                items.push(node);
                return Ok(());
            }
            Form::Scalar { .. } => return Ok(()),
            Form::Map(entries) => {
                if let Some((key, key_place)) = open.key.take() {
                    entries.push(Entry { key, key_place, node });
                    return Ok(());
                }
                if entries.is_empty() {
                    open.node.place = node.place;
                }
            }
        }
        let key = key_of(&node)?;
        self.notice_twice(&key, node.place);
        if let Some(open) = self.open.last_mut() {
            open.key = Some((key, node.place));
        }
        Ok(())
    }

    /// Tells of a key that the open map has already.
    fn notice_twice(&mut self, key: &str, place: Place) {
        let Some(Open { node, .. }) = self.open.last() else { return };
        let Some(first) = node.entries().iter().find(|entry| entry.key == key) else { return };
        let told = format!("`{key}` stands here twice, first in line {}", first.key_place.line + 1);
        let (from, to) = (first.key_place.line, first.node.last_line);
        let before = self.lines.get(from).and_then(|text| text.get(..first.key_place.column));
        let is_alone = before.is_some_and(|text| text.trim().is_empty()) && to < place.line;
        let title = "remove the first, which does not count".to_owned();
        let fix = is_alone.then(|| Fix { title, edits: vec![Edit::without_lines(&self.lines, from, to)] });
        self.problems.push(Problem { fix, ..Problem::error(place, told) });
    }

    /// The last line of a scalar. The spans of `|` and `>` go on to whatever comes next.
    fn last_line(&self, place: Place, span: Span, style: ScalarStyle) -> usize {
        let mut line = span.end.line().saturating_sub(1).min(self.lines.len().saturating_sub(1));
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            let is_below = |text: &&str| text.chars().take_while(|one| *one == ' ').count() >= place.column;
            while line > place.line
                && !self.lines.get(line).is_some_and(|text| !text.trim().is_empty() && is_below(text))
            {
                line -= 1;
            }
        }
        line.max(place.line)
    }

    fn place_of(&self, span: Span) -> Place {
        let line = span.start.line().saturating_sub(1);
        let end = if span.end.line() == span.start.line() { self.column(span.end) } else { usize::MAX };
        self.place(line, self.column(span.start), end)
    }

    /// The column of a mark. The engine does not see the mark that some texts begin with.
    fn column(&self, mark: Marker) -> usize {
        let skipped = mark.line() == 1 && self.lines.first().is_some_and(|text| text.starts_with(BOM));
        mark.col() + usize::from(skipped)
    }
}

/// The value of a scalar. A tag says of a word that it is text; the others say what it is anyway.
fn value(text: &str, is_plain: bool, tag: Option<&Tag>) -> Value {
    let is_text = tag.and_then(Tag::core_suffix).is_some_and(|suffix| suffix == "str" || suffix == "binary");
    if is_plain && !is_text { resolve(text) } else { text.into() }
}

/// A key as it is sent.
fn key_of(node: &Node) -> Result<String, Defect> {
    match &node.form {
        Form::Scalar { value: Value::String(text), .. } => Ok(text.clone()),
        Form::Scalar { value: Value::Null, .. } => Err(Defect { at: node.place, message: "here a key is missing" }),
        Form::Scalar { value, .. } => Ok(value.to_string()),
        Form::Map(_) | Form::List(_) => {
            Err(Defect { at: node.place, message: "a key is a word, not a map or a list; text in {{ }} needs quotes" })
        }
    }
}

/// Replaces `<<` by what it names: one map or a list of maps, of which earlier ones win, and the map's own keys over all.
fn merge(node: &mut Node) {
    let Form::Map(entries) = &mut node.form else { return };
    let Some(at) = entries.iter().position(|entry| entry.key == "<<") else { return };
    let sources = match entries.remove(at).node.form {
        Form::List(items) => items,
        form @ Form::Map(_) => vec![Node { form, ..*node }],
        Form::Scalar { .. } => return,
    };
    for source in sources {
        let Form::Map(more) = source.form else { continue };
        for mut entry in more {
            if !entries.iter().any(|own| own.key == entry.key) {
                entry.node.layout = Layout::Shared;
                entries.push(entry);
            }
        }
    }
}
