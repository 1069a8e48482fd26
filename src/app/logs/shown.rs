//! How a line is shown: as it came, or taken apart where it has a structure; in one row or in several.
//!
//! Only as much of a line is looked at as the screen has room for, so that a line of megabytes costs no more than one that
//! fills the screen.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::LogView;
use crate::model::log::{LogLevel, LogLine, Structured, level_word, structured};
use crate::model::styled_line::{TextStyle, styled_line};

/// A line that is longer is shown as it came: its fields would not fit on any screen.
const LONGEST: usize = 64 << 10;

/// Columns behind the end of the screen that are made too, so that a match across the end is known for one.
const BEHIND: usize = 64;

/// Columns of a level's word, so that messages line up.
const LEVEL: usize = 5;

/// Columns that the end of a folded trace may take.
const TRACE_END: usize = 80;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Text in the style that the line itself asks for.
    Own(TextStyle),
    /// What names the level.
    Level(LogLevel),
    /// What is said beside the message: names of fields and most of their values.
    Aside,
    /// What tells of folded lines.
    Fold,
}

/// Lines of a trace that are folded under their first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// `▸ 14 lines`.
    pub count: String,
    /// The end of the trace, where that says what happened; empty where it does not. Harmless.
    pub end: String,
}

impl Fold {
    /// Columns that it takes behind a line.
    pub fn width(&self) -> usize {
        let end = if self.end.is_empty() { 0 } else { 2 + self.end.width() };
        2 + self.count.width() + end
    }
}

/// A line, ready to be drawn: harmless text and what its parts are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShownLine {
    /// The text; nothing in it is obeyed by a terminal.
    pub text: String,
    /// The parts from left to right: where each ends in the text, and what it is.
    pub parts: Vec<(usize, Look)>,
    /// The pieces of the text that stand in rows, one or more.
    pub rows: Vec<Range<usize>>,
    /// Blank columns before the first row, where half of a wide character is scrolled out.
    pub gap: usize,
    /// The line goes on behind the last row.
    pub is_cut: bool,
    /// What is folded under it, which stands behind a row that is not wrapped.
    pub fold: Option<Fold>,
    /// Columns that are still free.
    room: usize,
}

impl ShownLine {
    /// Adds as much of a text as there is room for. `look` says what it is by the style that it asks for.
    fn add(&mut self, raw: &[u8], look: impl Fn(TextStyle) -> Look) {
        let line = styled_line(raw, self.room);
        self.room = self.room.saturating_sub(line.columns());
        self.is_cut |= line.is_cut;
        for piece in line.pieces {
            self.text.push_str(&piece.text);
            self.end_part(look(piece.style));
        }
    }

    fn end_part(&mut self, look: Look) {
        match self.parts.last_mut() {
            Some((end, last)) if *last == look => *end = self.text.len(),
            _ => self.parts.push((self.text.len(), look)),
        }
    }

    /// `LEVEL message  key=value key=value`.
    fn add_structured(&mut self, line: &Structured<'_>) {
        if let Some(level) = line.level {
            self.add(format!("{:LEVEL$} ", level.word()).as_bytes(), |_| Look::Level(level));
        }
        self.add(line.message.as_bytes(), Look::Own);
        let mut gap = if line.message.is_empty() { "" } else { "  " };
        for (key, value) in &line.fields {
            // What went wrong is as good as a message.
            let is_told = matches!(&**key, "err" | "error" | "exception" | "reason" | "cause");
            let value_look = |style| if is_told { Look::Own(style) } else { Look::Aside };
            self.add(format!("{gap}{key}=").as_bytes(), |_| Look::Aside);
            if value.is_empty() || value.contains(' ') {
                self.add(b"\"", |_| Look::Aside);
                self.add(value.as_bytes(), value_look);
                self.add(b"\"", |_| Look::Aside);
            } else {
                self.add(value.as_bytes(), value_look);
            }
            gap = " ";
            if self.room == 0 {
                self.is_cut = true;
                break;
            }
        }
    }

    /// Sets off what names the level in a line that has no colours of its own there; the whole line where nothing does.
    fn set_off(&mut self, level: LogLevel, is_first: bool) {
        let is_plain = |look: &Look| *look == Look::Own(TextStyle::default());
        let Some((end, look)) = self.parts.first().copied().filter(|(_, look)| is_plain(look)) else { return };
        match level_word(&self.text[..end], level) {
            Some(word) => {
                let set_off = [(word.start, look), (word.end, Look::Level(level)), (end, look)];
                self.parts.splice(..1, set_off);
                self.parts.retain(|(end, _)| *end > 0);
                self.parts.dedup_by_key(|(end, _)| *end);
            }
            None if is_first && level >= LogLevel::Error && self.parts.len() == 1 => {
                self.parts = vec![(end, Look::Level(level))];
            }
            None => {}
        }
    }

    /// Breaks the text into rows of so many columns, at most `most` of them.
    fn wrap(&mut self, room: usize, most: usize) {
        let (mut start, mut column) = (0, 0);
        for (at, one) in self.text.char_indices() {
            let width = one.width().unwrap_or(0);
            if column + width > room && column > 0 {
                self.rows.push(start..at);
                (start, column) = (at, 0);
                if self.rows.len() >= most {
                    self.is_cut = true;
                    return;
                }
            }
            column += width;
        }
        self.rows.push(start..self.text.len());
    }

    /// Keeps so many columns behind those that are scrolled out at the left.
    fn window(&mut self, left: usize, room: usize) {
        let (mut column, mut start, mut end) = (0, None, self.text.len());
        for (at, one) in self.text.char_indices() {
            if column >= left && start.is_none() {
                start = Some(at);
                self.gap = column - left;
            }
            column += one.width().unwrap_or(0);
            if column > left + room {
                end = at;
                self.is_cut = true;
                break;
            }
        }
        let start = start.unwrap_or(self.text.len()).min(end);
        self.rows.push(start..end);
    }
}

impl LogView {
    /// The line with this number as it stands on the screen; None where it is not at hand.
    pub fn shown(&self, number: usize) -> Option<ShownLine> {
        let line = self.shelf()?.store.line(number)?;
        let room = self.text_width().max(1);
        let fold = self.fold_of(number);
        if self.wraps {
            let most = self.most_rows();
            let mut shown = self.shown_text(&line, room * most);
            if let Some(fold) = fold.filter(|_| !shown.is_cut) {
                shown.add(format!("  {}  ", fold.count).as_bytes(), |_| Look::Fold);
                shown.add(fold.end.as_bytes(), Look::Own);
            }
            shown.wrap(room, most);
            return Some(shown);
        }
        // What is folded shows also where the line itself is too long.
        let room = room - fold.as_ref().map_or(0, |fold| fold.width().min(room / 2));
        let mut shown = self.shown_text(&line, self.left + room + BEHIND);
        shown.window(self.left, room);
        shown.fold = fold;
        Some(shown)
    }

    fn shown_text(&self, line: &LogLine<'_>, columns: usize) -> ShownLine {
        let mut shown = ShownLine { room: columns, ..ShownLine::default() };
        let text = Some(line.text).filter(|text| !self.is_raw && text.len() <= LONGEST);
        match text.and_then(|text| std::str::from_utf8(text).ok()).and_then(structured) {
            Some(line) => shown.add_structured(&line),
            None => {
                shown.add(line.text, Look::Own);
                if let Some(level) = line.class.level() {
                    shown.set_off(level, !line.class.continues());
                }
            }
        }
        shown
    }

    fn fold_of(&self, number: usize) -> Option<Fold> {
        let (count, end) = self.folded(number)?;
        let count = if count == 1 { "▸ 1 line".to_owned() } else { format!("▸ {count} lines") };
        let end = styled_line(end, TRACE_END).pieces.into_iter().map(|piece| piece.text).collect();
        Some(Fold { count, end })
    }

    /// Rows that a line takes at most: it never fills more than a screen; Enter shows it whole.
    fn most_rows(&self) -> usize {
        self.size.1.saturating_sub(1).max(1)
    }

    /// How many rows a line takes.
    pub(super) fn row_count(&self, number: usize) -> usize {
        let is_mark =
            || self.shelf().and_then(|shelf| shelf.store.line(number)).is_some_and(|line| line.class.is_mark());
        if !self.wraps || is_mark() {
            return 1;
        }
        self.shown(number).map_or(1, |shown| shown.rows.len())
    }
}

#[cfg(test)]
mod tests;
