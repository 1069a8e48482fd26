//! What a key does to whole lines: indent, outdent, comment, begin a new line, delete.

use super::Editor;
use super::buffer::Place;
use super::yaml::{Blocks, STEP, indent, next_indent};

impl Editor {
    /// The lines that the selection touches; that of the cursor where nothing is selected.
    pub(super) fn touched(&self) -> (usize, usize) {
        match self.buffer.selection() {
            // A line of which nothing is selected is not meant.
            Some((start, (end, 0))) => (start.0, end.saturating_sub(1).max(start.0)),
            Some((start, end)) => (start.0, end.0),
            None => (self.buffer.cursor().0, self.buffer.cursor().0),
        }
    }

    /// Puts each touched line's successor in its place. The cursor stays at its character, the selection with its lines.
    fn change_lines(&mut self, change: impl Fn(&str) -> String) {
        let (first, last) = self.touched();
        let (line, column) = self.buffer.cursor();
        let is_selected = self.buffer.selection().is_some();
        let length = self.buffer.length(line);
        let new: Vec<String> = self.buffer.lines()[first..=last].iter().map(|line| change(line)).collect();
        if new.iter().eq(&self.buffer.lines()[first..=last]) {
            return;
        }
        self.buffer.replace((first, 0), (last, self.buffer.length(last)), &new.join("\n"));
        if is_selected {
            self.buffer.select((first, 0), (last, self.buffer.length(last)));
        } else {
            let behind = length - column.min(length);
            self.buffer.go_to((line, self.buffer.length(line).saturating_sub(behind)), false);
        }
    }

    /// Indents the selected lines; without a selection, goes on to the next multiple of [`STEP`].
    pub(super) fn indent(&mut self) {
        if self.buffer.selection().is_none() {
            let column = self.buffer.cursor().1;
            self.buffer.insert(&" ".repeat(STEP - column % STEP));
            return;
        }
        self.change_lines(|line| if line.trim().is_empty() { line.to_owned() } else { " ".repeat(STEP) + line });
    }

    /// Takes indentation away from the touched lines.
    pub(super) fn outdent(&mut self) {
        self.change_lines(|line| line[indent(line).min(STEP)..].to_owned());
    }

    /// Makes comments of the touched lines, or lines of comments where all are.
    pub(super) fn toggle_comment(&mut self) {
        let (first, last) = self.touched();
        let lines = || self.buffer.lines()[first..=last].iter().filter(|line| !line.trim().is_empty());
        let Some(depth) = lines().map(|line| indent(line)).min() else { return };
        let is_comment = lines().all(|line| line.trim_start().starts_with('#'));
        self.change_lines(|line| {
            if line.trim().is_empty() {
                return line.to_owned();
            }
            if !is_comment {
                return format!("{}# {}", &line[..depth], &line[depth..]);
            }
            let (before, after) = line.split_at(indent(line));
            let after = after.strip_prefix('#').unwrap_or(after);
            format!("{before}{}", after.strip_prefix(' ').unwrap_or(after))
        });
    }

    /// Begins a new line, as deep as one expects.
    pub(super) fn new_line(&mut self) {
        if let Some((start, end)) = self.buffer.selection() {
            self.buffer.replace(start, end, "");
        }
        let (line, column) = self.buffer.cursor();
        let text = self.buffer.line(line);
        let before: String = text.chars().take(column).collect();
        let blanks = text.chars().skip(column).take_while(|one| *one == ' ').count();
        let is_block = Blocks::before(self.buffer.lines(), line).next(text);
        let depth = next_indent(&before, is_block);
        self.buffer.replace((line, column), (line, column + blanks), &format!("\n{}", " ".repeat(depth)));
    }

    /// Deletes back: a whole step of indentation, else one character.
    pub(super) fn backspace(&mut self) {
        let (line, column) = self.buffer.cursor();
        let is_indent = column > 0 && self.buffer.line(line).chars().take(column).all(|one| one == ' ');
        if is_indent && self.buffer.selection().is_none() {
            self.buffer.replace((line, (column - 1) / STEP * STEP), (line, column), "");
        } else {
            self.buffer.delete(tui_textarea::TextArea::delete_char);
        }
    }

    /// Lines whole, with the line break behind them, or that before the last one.
    fn whole_lines(&self, first: usize, last: usize) -> (Place, Place) {
        let end = self.buffer.end();
        match (first, last == end.0) {
            (_, false) => ((first, 0), (last + 1, 0)),
            (0, true) => ((0, 0), end),
            (_, true) => ((first - 1, self.buffer.length(first - 1)), end),
        }
    }

    /// Deletes the touched lines; the cursor keeps to its column.
    pub(super) fn delete_lines(&mut self) {
        let ((first, last), column) = (self.touched(), self.buffer.cursor().1);
        let (start, end) = self.whole_lines(first, last);
        self.buffer.replace(start, end, "");
        let line = first.min(self.buffer.end().0);
        self.buffer.go_to((line, column.min(self.buffer.length(line))), false);
    }

    /// Copies what is selected, or the line, and returns it; a line ends with a line break.
    pub(super) fn copy(&mut self) -> String {
        self.clip = match self.buffer.selection() {
            Some(selection) => self.buffer.text(selection),
            None => format!("{}\n", self.buffer.line(self.buffer.cursor().0)),
        };
        self.clip.clone()
    }

    /// The same, and takes it away.
    pub(super) fn cut(&mut self) -> String {
        let text = self.copy();
        match self.buffer.selection() {
            Some((start, end)) => drop(self.buffer.replace(start, end, "")),
            None => self.delete_lines(),
        }
        text
    }

    /// Puts in what was copied or cut: whole lines above the one of the cursor.
    pub(super) fn put_back(&mut self) {
        let clip = self.clip.clone();
        if !clip.ends_with('\n') || self.buffer.selection().is_some() {
            self.buffer.insert(&clip);
            return;
        }
        let (line, column) = self.buffer.cursor();
        self.buffer.replace((line, 0), (line, 0), &clip);
        self.buffer.go_to((line + clip.matches('\n').count(), column), false);
    }
}
