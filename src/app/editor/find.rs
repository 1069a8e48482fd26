//! Find, replace and go to a line: what is asked in the line below the text, and what it does.

use crate::app::Prompt;
use crate::command::Key;
use crate::model::log::Search;

use super::buffer::{Buffer, Place};
use super::{Editor, EditorOutcome};

/// What is asked below the text.
#[derive(Debug)]
pub struct EditorPrompt {
    /// What it is.
    pub ask: EditorAsk,
    /// The line that is typed.
    pub prompt: Prompt,
    /// Where the cursor was when it began.
    origin: Place,
    /// The text was not typed yet: what is typed takes its place.
    is_offered: bool,
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorAsk {
    /// What is looked for.
    Find,
    /// What is replaced.
    Replace,
    /// By what it is replaced.
    With,
    /// Whether the match under the cursor is replaced: a key, no line.
    EachMatch,
    /// The number of a line.
    Line,
}

impl EditorAsk {
    /// The words before the line.
    pub const fn sign(self) -> &'static str {
        match self {
            EditorAsk::Find => "find",
            EditorAsk::Replace => "replace",
            EditorAsk::With => "by",
            EditorAsk::EachMatch => "replace it by",
            EditorAsk::Line => "line",
        }
    }

    /// What can be typed.
    pub const fn hint(self) -> &'static str {
        match self {
            EditorAsk::Find => "enter next  shift-tab previous  esc done",
            EditorAsk::Replace => "text or /regex/  enter go on",
            EditorAsk::With => "enter go on",
            EditorAsk::EachMatch => "y yes  n no  a all  esc done",
            EditorAsk::Line => "enter go there",
        }
    }
}

impl Editor {
    /// Starts asking; a selection in one line is what is looked for first.
    pub(super) fn ask(&mut self, ask: EditorAsk) {
        let selection = self.buffer.selection().filter(|(start, end)| start.0 == end.0);
        let text = match (ask, selection) {
            (EditorAsk::Find | EditorAsk::Replace, Some(selection)) => self.buffer.text(selection),
            (EditorAsk::Find | EditorAsk::Replace, None) => self.search.text().to_owned(),
            _ => String::new(),
        };
        let origin = selection.map_or_else(|| self.buffer.cursor(), |(start, _)| start);
        self.asking = Some(EditorPrompt { ask, prompt: Prompt::new(&text), origin, is_offered: true });
        if matches!(ask, EditorAsk::Find | EditorAsk::Replace) {
            self.look_for();
        }
    }

    /// Takes a key for what is asked.
    pub(super) fn asked_key(&mut self, mut asking: EditorPrompt, key: &Key) -> Option<EditorOutcome> {
        match (asking.ask, key.0.as_str()) {
            (_, "esc" | "ctrl-c") => return None,
            (EditorAsk::EachMatch, _) => return self.each_match_key(asking, key),
            (EditorAsk::Find, "enter" | "tab" | "down" | "ctrl-n" | "f3" | "ctrl-f") => self.go_to_match(true),
            (EditorAsk::Find, "shift-tab" | "up" | "ctrl-p" | "shift-f3") => self.go_to_match(false),
            (EditorAsk::Line, "enter") => {
                self.go_to_line(asking.prompt.text());
                return None;
            }
            (EditorAsk::Replace, "enter" | "tab") if self.search.is_empty() => return None,
            (EditorAsk::Replace, "enter" | "tab") => {
                asking =
                    EditorPrompt { ask: EditorAsk::With, prompt: Prompt::new(&self.with), is_offered: true, ..asking };
            }
            (EditorAsk::With, "enter") => {
                asking.prompt.text().clone_into(&mut self.with);
                asking.ask = EditorAsk::EachMatch;
                self.buffer.go_to(asking.origin, false);
                if !self.go_to_match_from(asking.origin, true) {
                    return None;
                }
            }
            _ => {
                if std::mem::take(&mut asking.is_offered) && key.typed().is_some() {
                    asking.prompt = Prompt::default();
                }
                let is_typed = asking.prompt.key(key);
                self.asking = Some(asking);
                if is_typed {
                    self.look_for();
                }
                return None;
            }
        }
        self.asking = Some(asking);
        None
    }

    /// Puts text into the line that is typed; false where none is.
    pub(super) fn asked_paste(&mut self, text: &str) -> bool {
        let Some(asking) = &mut self.asking else { return false };
        if asking.ask != EditorAsk::EachMatch {
            asking.prompt.paste(text);
            self.look_for();
        }
        true
    }

    /// Looks for what is typed, from where the typing began.
    fn look_for(&mut self) {
        let Some(asking) = &self.asking else { return };
        if !matches!(asking.ask, EditorAsk::Find | EditorAsk::Replace) {
            return;
        }
        let origin = asking.origin;
        self.search = Search::new(asking.prompt.text());
        self.buffer.go_to(origin, false);
        if !self.search.is_empty() {
            self.go_to_match_from(origin, true);
        }
    }

    /// Selects the next match, or the one before.
    pub(super) fn go_to_match(&mut self, is_forward: bool) {
        let (start, end) = self.buffer.selection().unwrap_or((self.buffer.cursor(), self.buffer.cursor()));
        self.go_to_match_from(if is_forward { end } else { start }, is_forward);
    }

    /// The same, from a place on; round at the end. False where there is none.
    fn go_to_match_from(&mut self, from: Place, is_forward: bool) -> bool {
        let found = next_match(&self.buffer, &self.search, from, is_forward);
        match found {
            Some((start, end)) => self.buffer.select(start, end),
            None if self.search.is_empty() => self.notice = Some("nothing is looked for; ctrl-f does".to_owned()),
            None => {
                let why = self.search.error.clone();
                self.notice = Some(why.unwrap_or_else(|| format!("{} is nowhere", self.search.text())));
            }
        }
        found.is_some()
    }

    fn each_match_key(&mut self, asking: EditorPrompt, key: &Key) -> Option<EditorOutcome> {
        match key.0.as_str() {
            "y" | "enter" | "space" => {
                if let Some((start, end)) = self.buffer.selection() {
                    let with = self.with.clone();
                    self.buffer.replace(start, end, &with);
                }
            }
            "n" | "down" => {}
            "a" => {
                let count = self.replace_all_matches();
                self.notice = Some(format!("{count} replaced; ctrl-z takes it back"));
                return None;
            }
            _ => {
                self.asking = Some(asking);
                return None;
            }
        }
        let from = self.buffer.selection().map_or_else(|| self.buffer.cursor(), |(_, end)| end);
        // What was passed is not asked for again.
        let found = next_match(&self.buffer, &self.search, from, true).filter(|(start, _)| *start >= from);
        match found {
            Some((start, end)) => {
                self.buffer.select(start, end);
                self.asking = Some(asking);
            }
            None => self.notice = Some("no more matches below".to_owned()),
        }
        None
    }

    /// Replaces every match in the text, in one step; returns how many there were.
    fn replace_all_matches(&mut self) -> usize {
        let cursor = self.buffer.cursor();
        let mut count = 0;
        let lines = self.buffer.lines().iter().map(|line| {
            let mut new = String::with_capacity(line.len());
            let mut from = 0;
            for span in self.search.spans(line) {
                new.push_str(&line[from..span.start]);
                new.push_str(&self.with);
                (from, count) = (span.end, count + 1);
            }
            new + &line[from..]
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        if count > 0 {
            self.buffer.replace((0, 0), self.buffer.end(), &text);
        }
        self.buffer.go_to((cursor.0, 0), false);
        count
    }

    fn go_to_line(&mut self, typed: &str) {
        match typed.trim().parse::<usize>() {
            Ok(line) => self.buffer.go_to((line.saturating_sub(1), 0), false),
            Err(_) if typed.trim().is_empty() => {}
            Err(_) => self.notice = Some(format!("{} is no number of a line", typed.trim())),
        }
    }
}

/// The next match from a place on, or the last one before it; round at the end.
fn next_match(buffer: &Buffer, search: &Search, from: Place, is_forward: bool) -> Option<(Place, Place)> {
    let count = buffer.lines().len();
    // The line of the place comes twice: at last the part on its other side.
    (0..=count).find_map(|step| {
        let line = (from.0 + if is_forward { step } else { count - step }) % count;
        let text = buffer.line(line);
        let mut spans = search.spans(text).into_iter().map(|span| {
            let column = |byte: usize| text[..byte].chars().count();
            ((line, column(span.start)), (line, column(span.end)))
        });
        match (is_forward, step) {
            (true, 0) => spans.find(|(start, _)| start.1 >= from.1),
            (true, _) => spans.next(),
            (false, 0) => spans.rfind(|(_, end)| end.1 <= from.1),
            (false, _) => spans.next_back(),
        }
    })
}
