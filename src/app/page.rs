//! Text to read over the dashboard: help, details of an object, what became of a write. Scrolls, wraps and searches.
//!
//! It knows nothing of keys and of where the text comes from: `act` and `details` drive it, `view` draws its rows.

mod text;

pub(super) use text::{Goto, Text};

use std::ops::Range;

use compact_str::CompactString;
use regex::{Regex, RegexBuilder};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::command::{INBOX, Motion, PAGE, PageAction, Scope};
use crate::model::clock::Time;
use crate::model::key::{ObjectKey, Uid};
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::model::state::Level;

use super::list::moved;
use super::prompt::Prompt;

/// Columns that one step sideways goes.
const SIDEWAYS: usize = 8;

/// A page of text.
#[derive(Debug, Default)]
pub struct Page {
    /// What it is.
    pub title: String,
    /// The object that it is of; None for help and the like.
    pub object: Option<Box<Details>>,
    /// The first row on screen.
    pub top: usize,
    /// Columns that are scrolled out at the left.
    pub left: usize,
    /// Long lines go on in the next row.
    pub is_wrapped: bool,
    /// What is looked for.
    pub search: Search,
    /// The object of which it tells why; None for any other page.
    pub(super) why: Option<Subject>,
    /// Where lines lead that lead somewhere, by the line's index.
    links: Vec<(usize, Goto)>,
    /// The link under the cursor, by its index among them.
    link: usize,
    /// It is the inbox of problems.
    pub(super) is_inbox: bool,
    /// The number of the command whose output it is; 0 for any other page.
    pub(super) run: u64,
    /// How many writes it tells of; 0 for any other page.
    pub(super) outcomes: usize,
    /// The text as it came, which is what is copied; empty while it is fetched.
    pub text: String,
    lines: Option<Vec<Line>>,
    rows: Vec<Row>,
    /// Columns and rows that it was laid out for.
    size: (usize, usize),
}

/// An object's page: what is shown of it.
#[derive(Debug)]
pub struct Details {
    /// The object.
    pub key: ObjectKey,
    /// Its UID, by which what is known of it is found.
    pub uid: Uid,
    /// In which form.
    pub form: Form,
    /// The managed fields are shown too.
    pub has_managed_fields: bool,
    /// The object as it was fetched, and when.
    pub fetched: Option<(Time, serde_json::Value)>,
}

/// In which form an object is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// In words and sections, as kubectl describe does.
    Describe,
    /// As YAML.
    Yaml,
}

/// A line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The text, made safe.
    pub text: String,
    /// What it is.
    pub role: Role,
    /// Columns by which its further rows are indented where it is wrapped.
    pub hang: usize,
    /// Parts of the text that are something else, in bytes.
    pub parts: Vec<(Range<usize>, Role)>,
    /// It is one row, cut where it is too long, even where others are wrapped.
    pub is_cut: bool,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// The title of a section.
    Heading,
    /// What steps back: titles of columns, hints.
    Dim,
    /// It tells a state of this level.
    State(Level),
    /// The same, behind the level's sign, for which its first two columns are blank.
    Verdict(Level),
    /// Ordinary text behind the sign of this level.
    Signed(Level),
    /// A key that does something.
    Key,
    /// It is there after a change.
    Added,
    /// It is there no more after a change.
    Removed,
    /// The very words that differ.
    Differs,
}

/// A row on screen: a piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The index of the line.
    pub line: usize,
    /// Where the piece begins in the line's text, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Columns before it.
    pub indent: usize,
}

/// The search in a page.
#[derive(Debug, Default)]
pub struct Search {
    /// The line in which it is typed; None while nothing is typed.
    pub prompt: Option<Prompt>,
    /// Every match, in order.
    pub hits: Vec<Hit>,
    /// The match that was gone to last.
    pub at: usize,
    /// What is looked for; empty for nothing.
    pub wanted: CompactString,
    /// What was looked for before the typing began.
    before: CompactString,
}

/// A match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The index of the line.
    pub line: usize,
    /// Where it begins in the line's text, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Line {
    /// A line of this role.
    pub fn new(text: impl AsRef<str>, role: Role) -> Self {
        Self { text: safe_line(text.as_ref()).into_owned(), role, hang: 0, parts: Vec::new(), is_cut: false }
    }

    /// Ordinary text.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, Role::Plain)
    }

    /// The same line as one row, cut where it is too long.
    #[must_use]
    pub fn cut(self) -> Self {
        Self { is_cut: true, ..self }
    }

    /// The same line, its further rows indented where it is wrapped.
    #[must_use]
    pub fn hanging(self, hang: usize) -> Self {
        Self { hang, ..self }
    }
}

impl Page {
    /// A page whose text is still to come, wrapped.
    pub fn empty(title: impl Into<String>) -> Self {
        Self { title: title.into(), is_wrapped: true, ..Self::default() }
    }

    /// A page of these lines, wrapped.
    pub fn of(title: impl Into<String>, lines: Vec<Line>) -> Self {
        let mut page = Self::empty(title);
        page.show(lines, None);
        page
    }

    /// Takes these lines; `text` is what is copied, the lines themselves where it is None. The place stays.
    pub fn show(&mut self, lines: Vec<Line>, text: Option<String>) {
        let joined = || lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n") + "\n";
        self.text = text.unwrap_or_else(joined);
        self.lines = Some(lines);
        self.find();
        self.lay_out_again();
    }

    /// Takes a text that follows what it tells of: nothing happens where it is as before. The cursor stays on its link.
    pub(super) fn take(&mut self, Text { lines, links }: Text) {
        if self.lines.as_ref() == Some(&lines) && self.links == links {
            return;
        }
        let before = self.links.get(self.link).map(|(_, to)| to);
        let found = before.and_then(|before| links.iter().position(|(_, to)| to == before));
        self.link = found.unwrap_or(self.link).min(links.len().saturating_sub(1));
        self.links = links;
        self.show(lines, None);
    }

    /// The scopes whose keys work in it.
    pub(super) fn scopes(&self) -> &'static [Scope] {
        if self.is_inbox { INBOX } else { PAGE }
    }

    /// Where the line under the cursor leads.
    pub(super) fn target(&self) -> Option<&Goto> {
        self.links.get(self.link).map(|(_, to)| to)
    }

    /// The line under the cursor, where lines lead somewhere.
    pub fn cursor(&self) -> Option<usize> {
        self.links.get(self.link).map(|(line, _)| *line)
    }

    /// The lines; None while they are fetched.
    pub fn lines(&self) -> Option<&[Line]> {
        self.lines.as_deref()
    }

    /// Columns that it was laid out for.
    pub(super) fn width(&self) -> usize {
        self.size.0
    }

    /// The rows, for the size that it was laid out for.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Breaks the lines into rows of this many columns, `height` of which are on screen at once.
    pub fn lay_out(&mut self, width: usize, height: usize) {
        if self.size != (width, height) {
            self.size = (width, height);
            self.lay_out_again();
        }
    }

    fn lay_out_again(&mut self) {
        let reading = self.rows.get(self.top).copied();
        let lines = self.lines.as_deref().unwrap_or_default();
        let width = if self.is_wrapped { self.size.0.max(1) } else { usize::MAX };
        self.rows = lines
            .iter()
            .enumerate()
            .flat_map(|(at, line)| wrap(at, line, if line.is_cut { usize::MAX } else { width }))
            .collect();
        // Who reads stays on what is read.
        if let Some(reading) = reading {
            let behind = |row: &Row| (row.line, row.start) <= (reading.line, reading.start);
            self.top = self.rows.iter().rposition(behind).unwrap_or(0);
        }
        self.top = self.top.min(self.last_top());
    }

    fn last_top(&self) -> usize {
        self.rows.len().saturating_sub(self.size.1)
    }

    /// Scrolls.
    pub fn go(&mut self, motion: Motion) {
        let next = match motion {
            Motion::Down => self.link + 1,
            Motion::Up if self.link > 0 => self.link - 1,
            _ => usize::MAX,
        };
        if let Some((line, _)) = self.links.get(next).filter(|_| self.is_near(next)) {
            self.link = next;
            let line = *line;
            return self.show_line(line);
        }
        self.top = moved(self.top, motion, self.size.1, self.last_top() + 1);
        match motion {
            Motion::First => self.link = 0,
            Motion::Last => self.link = self.links.len().saturating_sub(1),
            _ => self.bring_cursor(),
        }
    }

    /// A step of a screen shows this link, so that the cursor may go there: text between two links is read by scrolling.
    fn is_near(&self, link: usize) -> bool {
        let row = |line: usize| self.rows.iter().position(|row| row.line == line).unwrap_or_default();
        let Some((line, _)) = self.links.get(link) else { return false };
        let shown = self.top.saturating_sub(self.size.1 / 2)..self.top + self.size.1 + self.size.1 / 2;
        shown.contains(&row(*line))
    }

    /// Puts the cursor on a link that is on screen, where there is one and the one before is not.
    fn bring_cursor(&mut self) {
        let shown = self.rows.iter().skip(self.top).take(self.size.1).map(|row| row.line);
        let shown: Vec<usize> = shown.collect();
        if self.cursor().is_some_and(|line| !shown.contains(&line))
            && let Some(at) = self.links.iter().position(|(line, _)| shown.contains(line))
        {
            self.link = at;
        }
    }

    /// Scrolls as little as shows a line whole.
    fn show_line(&mut self, line: usize) {
        let first = self.rows.iter().position(|row| row.line == line).unwrap_or_default();
        let last = self.rows.iter().rposition(|row| row.line == line).unwrap_or_default();
        self.top = self.top.max((last + 1).saturating_sub(self.size.1)).min(first);
    }

    /// Scrolls sideways, where lines are not wrapped.
    pub fn go_sideways(&mut self, is_right: bool) {
        let longest = self.lines.iter().flatten().map(|line| line.text.width()).max().unwrap_or(0);
        let last = if self.is_wrapped { 0 } else { longest.saturating_sub(self.size.0) };
        let left = if is_right { self.left + SIDEWAYS } else { self.left.saturating_sub(SIDEWAYS) };
        self.left = left.min(last.next_multiple_of(SIDEWAYS));
    }

    /// Wraps long lines, or cuts them again.
    pub fn toggle_wrap(&mut self) {
        (self.is_wrapped, self.left) = (!self.is_wrapped, 0);
        self.lay_out_again();
    }

    /// Why something cannot be done with this page now; None where it can.
    pub(super) fn why_not(&self, action: PageAction) -> Option<&'static str> {
        let is_fetched = self.object.as_ref().is_some_and(|details| details.fetched.is_some());
        let is_yaml = self.object.as_ref().is_some_and(|details| details.form == Form::Yaml);
        let (can, why) = match action {
            PageAction::NextMatch | PageAction::PreviousMatch => {
                (!self.search.wanted.is_empty(), "nothing is looked for; / begins")
            }
            PageAction::Left | PageAction::Right => (!self.is_wrapped, "long lines are wrapped; w cuts them instead"),
            PageAction::Copy => (!self.text.is_empty(), "there is nothing to copy yet"),
            PageAction::ManagedFields => (is_yaml, "managed fields are shown in YAML; y on the object opens it"),
            PageAction::Describe => (is_fetched && is_yaml, "there is nothing else to describe"),
            PageAction::Yaml => (is_fetched && !is_yaml, "there is nothing else to show as YAML"),
            PageAction::Refresh => (self.object.is_some(), "this page is not fetched"),
            PageAction::Follow => (!self.links.is_empty(), "nothing on this page leads anywhere"),
            PageAction::Search | PageAction::Wrap | PageAction::Close => (true, ""),
        };
        (!can).then_some(why)
    }

    /// Begins to type what is looked for.
    pub fn begin_search(&mut self) {
        self.search.before = std::mem::take(&mut self.search.wanted);
        self.search.prompt = Some(Prompt::default());
        self.find();
    }

    /// Takes what is typed now, and goes to the first match from here on.
    pub fn look_for(&mut self, wanted: &str) {
        self.search.wanted = wanted.into();
        self.find();
        let from = self.rows.get(self.top).map_or(0, |row| row.line);
        self.search.at = self.search.hits.iter().position(|hit| hit.line >= from).unwrap_or(0);
        self.show_hit();
    }

    /// Ends the typing; what was looked for before comes back where it is given up.
    pub fn end_search(&mut self, is_kept: bool) {
        self.search.prompt = None;
        let before = std::mem::take(&mut self.search.before);
        if !is_kept || self.search.wanted.is_empty() {
            self.search.wanted = before;
            self.find();
        }
    }

    /// Looks for nothing any more.
    pub fn clear_search(&mut self) {
        self.search = Search::default();
    }

    /// Goes to the next match, or the one before; round at the end.
    pub fn next_hit(&mut self, is_forward: bool) {
        let count = self.search.hits.len();
        if count > 0 {
            let steps = if is_forward { 1 } else { count - 1 };
            self.search.at = (self.search.at + steps) % count;
            self.show_hit();
        }
    }

    fn show_hit(&mut self) {
        let Some(hit) = self.search.hits.get(self.search.at).copied() else { return };
        let holds = |row: &Row| row.line == hit.line && row.start <= hit.start;
        let Some(row) = self.rows.iter().rposition(holds) else { return };
        if !(self.top..self.top + self.size.1).contains(&row) {
            self.top = row.saturating_sub(self.size.1 / 3).min(self.last_top());
        }
        if !self.is_wrapped {
            let text = self.lines.as_deref().and_then(|lines| lines.get(hit.line)).map_or("", |line| &line.text);
            let (from, to) = (text[..hit.start].width(), text[..hit.end].width());
            if from < self.left || to > self.left + self.size.0 {
                self.left = from.saturating_sub(self.size.0 / 3);
            }
        }
        // What was looked for is what a key is to act on.
        match self.links.iter().position(|(line, _)| *line == hit.line) {
            Some(link) => self.link = link,
            None => self.bring_cursor(),
        }
    }

    fn find(&mut self) {
        let lines = self.lines.as_deref().unwrap_or_default();
        let pattern = pattern(&self.search.wanted);
        let hits = |(at, line): (usize, &Line)| {
            let found = pattern.iter().flat_map(|pattern| pattern.find_iter(&line.text));
            found.map(|found| Hit { line: at, start: found.start(), end: found.end() }).collect::<Vec<_>>()
        };
        self.search.hits = lines.iter().enumerate().flat_map(hits).collect();
        self.search.at = self.search.at.min(self.search.hits.len().saturating_sub(1));
    }
}

/// Exactly these characters; upper and lower case count only where an upper case letter is typed.
fn pattern(wanted: &str) -> Option<Regex> {
    let is_exact = wanted.chars().any(char::is_uppercase);
    let pattern = RegexBuilder::new(&regex::escape(wanted)).case_insensitive(!is_exact).build();
    pattern.ok().filter(|_| !wanted.is_empty())
}

/// Breaks a line into rows at blanks, or anywhere in a word that is longer than a row.
pub(super) fn wrap(at: usize, line: &Line, width: usize) -> Vec<Row> {
    let text = line.text.as_str();
    let mut rows = Vec::new();
    let mut start = 0;
    loop {
        let hang = line.hang.min(width / 2);
        let indent = if start == 0 { 0 } else { hang };
        let end = start + break_at(&text[start..], width - indent);
        rows.push(Row { line: at, start, end, indent });
        if end >= text.len() {
            return rows;
        }
        // The blank at which it was broken is not shown.
        start = end + usize::from(text[end..].starts_with(' '));
    }
}

/// How many bytes of a text fit into a row; at least one character.
fn break_at(text: &str, width: usize) -> usize {
    let mut used = 0;
    let mut blank = None;
    for (at, character) in text.char_indices() {
        if character == ' ' && !text[..at].trim_start().is_empty() {
            blank = Some(at);
        }
        used += character.width().unwrap_or(0);
        if used > width {
            return blank.filter(|blank| *blank > 0).unwrap_or(if at == 0 { character.len_utf8() } else { at });
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
