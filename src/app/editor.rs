//! The editor of manifests: a text under edit with its keys, what is known of the text, and which part of it is shown.
//!
//! It knows nothing of servers and schemas: who opened it checks the text after each change and hands in problems,
//! help, completions and the lines that cannot be changed. The text area of the library holds the text and takes
//! changes back; it is drawn here and in `view`, since the area hides characters that a manifest must not hide, and
//! has no colours for parts of a line.

mod buffer;
mod changed;
mod find;
mod glyph;
mod layout;
mod lines;
mod mouse;
mod placeholder;
mod popup;
mod problems;
mod yaml;

pub use buffer::Place;
pub use find::{EditorAsk, EditorPrompt};
pub use glyph::{Glyph, column_of, glyphs};
pub use layout::EditorLayout;
pub use mouse::{Mouse, MouseAction};
pub use popup::Popup;
pub use yaml::{Blocks, Class, classes};

use std::ops::Range;

use tui_textarea::{CursorMove, TextArea};

use crate::command::{Action, EDITOR, EditorAction, Key, candidates};
use crate::manifest::{Field, Problem};
use crate::model::log::Search;
use crate::model::schedule::Outlook;

use buffer::Buffer;
use changed::Original;

/// A text under edit.
#[derive(Debug)]
pub struct Editor {
    /// What is edited.
    pub title: String,
    /// What a person must know of the last key.
    pub notice: Option<String>,
    /// The first line on screen.
    pub top: usize,
    /// Columns that are scrolled out at the left.
    pub left: usize,
    buffer: Buffer,
    original: Original,
    is_template: bool,
    problems: Vec<Problem>,
    frozen: Vec<(Range<usize>, String)>,
    help: Option<Field>,
    outlook: Option<Result<Outlook, String>>,
    popup: Option<Popup>,
    asking: Option<EditorPrompt>,
    /// What was looked for last, and by what it was replaced.
    search: Search,
    with: String,
    /// What was copied or cut last; a whole line ends with its line break.
    clip: String,
    /// Columns and rows of the terminal.
    size: (u16, u16),
    /// The mouse was pressed in the text: moving it selects.
    is_dragging: bool,
}

/// What a key did, and what is to be done about it outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditorOutcome {
    /// Nothing that matters outside.
    Nothing,
    /// The cursor is elsewhere, or something else is selected.
    Moved,
    /// The text changed: it is to be checked again.
    Edited,
    /// This goes to the terminal's clipboard.
    Copied(String),
    /// The same; the text changed too.
    Cut(String),
    /// Completions for the cursor's place are wanted, by [`Editor::set_completions`].
    Complete,
    /// The text is to be reviewed and applied.
    Review,
    /// The text is to be edited in another editor; [`Editor::replace_all`] takes what comes back.
    External,
    /// The editor is to be left.
    Leave,
}

impl Editor {
    /// An editor of this text, the cursor at its beginning.
    pub fn new(title: impl Into<String>, text: &str) -> Self {
        let lines = split(text);
        Self {
            title: title.into(),
            notice: None,
            top: 0,
            left: 0,
            original: Original::new(&lines),
            buffer: Buffer::new(lines),
            is_template: false,
            problems: Vec::new(),
            frozen: Vec::new(),
            help: None,
            outlook: None,
            popup: None,
            asking: None,
            search: Search::default(),
            with: String::new(),
            clip: String::new(),
            size: (0, 0),
            is_dragging: false,
        }
    }

    /// An editor of a template: Tab walks through its placeholders, the first of which is selected.
    pub fn of_template(title: impl Into<String>, text: &str) -> Self {
        let mut editor = Self { is_template: true, ..Self::new(title, text) };
        editor.next_placeholder();
        editor
    }

    /// The text, with a line break at its end.
    pub fn text(&self) -> String {
        match self.lines() {
            [only] if only.is_empty() => String::new(),
            lines => lines.join("\n") + "\n",
        }
    }

    /// Whether the text is another than it was at the beginning.
    pub fn is_changed(&self) -> bool {
        self.original.is_changed()
    }

    /// Puts another text in place of the whole, in one step that can be taken back; the cursor stays on its line.
    pub fn replace_all(&mut self, text: &str) {
        let cursor = self.buffer.cursor();
        let new = split(text);
        if new != self.lines() {
            self.buffer.replace((0, 0), self.buffer.end(), &new.join("\n"));
        }
        self.buffer.go_to(cursor, false);
        (self.asking, self.popup) = (None, None);
        self.settle(None, None);
    }

    /// Puts the cursor there.
    pub fn go_to(&mut self, place: Place) {
        self.buffer.go_to(place, false);
        self.settle(None, None);
    }

    /// Puts a pasted text in.
    pub fn paste(&mut self, text: &str) -> EditorOutcome {
        self.notice = None;
        let before = (self.buffer.cursor(), self.buffer.selection());
        if !self.asked_paste(text) {
            self.buffer.insert(text);
        }
        self.settle(Some(before), None)
    }

    /// The cursor's line and column, from 0, the column in characters.
    pub fn cursor(&self) -> Place {
        self.buffer.cursor()
    }

    /// What is selected: its first place and the one behind its last.
    pub fn selection(&self) -> Option<(Place, Place)> {
        self.buffer.selection()
    }

    /// The lines of the text; there is at least one.
    pub fn lines(&self) -> &[String] {
        self.buffer.lines()
    }

    /// Whether a line is new or was changed.
    pub fn is_new(&self, line: usize) -> bool {
        self.original.is_new(line, self.buffer.line(line))
    }

    /// Tells what is known of the field at the cursor.
    pub fn set_help(&mut self, help: Option<Field>) {
        self.help = help;
    }

    /// What is known of the field at the cursor.
    pub fn help(&self) -> Option<&Field> {
        self.help.as_ref()
    }

    /// Tells what the schedule at the cursor comes to, or why it cannot be read.
    pub fn set_outlook(&mut self, outlook: Option<Result<Outlook, String>>) {
        self.outlook = outlook;
    }

    /// What the schedule at the cursor comes to, or why it cannot be read; None where the cursor is on none.
    pub fn outlook(&self) -> Option<&Result<Outlook, String>> {
        self.outlook.as_ref()
    }

    /// What can be typed here, to choose from; None while nothing is offered.
    pub fn popup(&self) -> Option<&Popup> {
        self.popup.as_ref()
    }

    /// What is asked below the text; None while nothing is.
    pub fn asking(&self) -> Option<&EditorPrompt> {
        self.asking.as_ref()
    }

    /// Every match in a line while something is looked for, in bytes.
    pub fn hits(&self, line: &str) -> Vec<Range<usize>> {
        let is_looking = self.asking.as_ref().is_some_and(|asking| asking.ask != EditorAsk::Line);
        if is_looking { self.search.spans(line) } else { Vec::new() }
    }

    /// Takes a key.
    pub fn key(&mut self, key: &Key) -> EditorOutcome {
        self.notice = None;
        let before = (self.buffer.cursor(), self.buffer.selection());
        let mut typed = None;
        let outcome = if let Some(asking) = self.asking.take() {
            self.asked_key(asking, key)
        } else if self.popup_key(key) {
            None
        } else {
            typed = key.typed();
            self.text_key(key)
        };
        match outcome {
            Some(outcome) => self.settled(outcome),
            None => self.settle(Some(before), typed),
        }
    }

    /// A key for the text: a command, else a movement or a character.
    fn text_key(&mut self, key: &Key) -> Option<EditorOutcome> {
        let meant = |key: &Key| {
            candidates(key, EDITOR).find_map(|spec| match spec.action {
                Action::Editor(action) => Some(action),
                _ => None,
            })
        };
        if let Some(action) = meant(key) {
            return self.run(action, false);
        }
        let selects = key.0.contains("shift-");
        let name = key.0.replace("shift-", "");
        if let Some(action) = meant(&Key::from(name.as_str())).filter(|action| selects && is_movement(*action)) {
            return self.run(action, true);
        }
        match name.as_str() {
            "enter" => self.new_line(),
            "backspace" => self.backspace(),
            "delete" => drop(self.buffer.delete(TextArea::delete_next_char)),
            name if self.go(name, selects) => {}
            _ => {
                if let Some(character) = key.typed() {
                    self.buffer.insert(character.encode_utf8(&mut [0; 4]));
                }
            }
        }
        None
    }

    /// Moves the cursor as a key without a command does; false where it is none.
    fn go(&mut self, name: &str, selects: bool) -> bool {
        let (line, column) = self.buffer.cursor();
        let page = self.page() as isize;
        match (name, self.buffer.selection()) {
            // The cursor leaves a selection at that end of it.
            ("left", Some((start, _))) if !selects => self.buffer.go_to(start, false),
            ("right", Some((_, end))) if !selects => self.buffer.go_to(end, false),
            ("left", _) => self.buffer.go(CursorMove::Back, selects),
            ("right", _) => self.buffer.go(CursorMove::Forward, selects),
            ("up", _) => self.buffer.go_by(-1, selects),
            ("down", _) => self.buffer.go_by(1, selects),
            ("pageup", _) => self.buffer.go_by(-page, selects),
            ("pagedown", _) => self.buffer.go_by(page, selects),
            ("end", _) => self.buffer.go(CursorMove::End, selects),
            ("home", _) => {
                let text = yaml::indent(self.buffer.line(line));
                self.buffer.go_to((line, if column == text { 0 } else { text }), selects);
            }
            _ => return false,
        }
        true
    }

    /// Carries a command out; a movement selects what it passes, where that is asked for.
    fn run(&mut self, action: EditorAction, selects: bool) -> Option<EditorOutcome> {
        match action {
            EditorAction::Review => return Some(EditorOutcome::Review),
            EditorAction::External => return Some(EditorOutcome::External),
            EditorAction::Complete => return Some(EditorOutcome::Complete),
            EditorAction::Leave if self.buffer.selection().is_some() => self.buffer.go_to(self.buffer.cursor(), false),
            EditorAction::Leave => return Some(EditorOutcome::Leave),
            EditorAction::Copy => return Some(EditorOutcome::Copied(self.copy())),
            EditorAction::Cut => return Some(EditorOutcome::Cut(self.cut())),
            EditorAction::Undo if self.buffer.undo() => return Some(EditorOutcome::Edited),
            EditorAction::Undo => self.notice = Some("there is nothing to take back".to_owned()),
            EditorAction::Redo if self.buffer.redo() => return Some(EditorOutcome::Edited),
            EditorAction::Redo => self.notice = Some("nothing was taken back".to_owned()),
            EditorAction::Fix => self.fix(),
            EditorAction::NextProblem => self.go_to_problem(true),
            EditorAction::PreviousProblem => self.go_to_problem(false),
            EditorAction::Find => self.ask(EditorAsk::Find),
            EditorAction::Replace => self.ask(EditorAsk::Replace),
            EditorAction::GoToLine => self.ask(EditorAsk::Line),
            EditorAction::NextMatch => self.go_to_match(true),
            EditorAction::PreviousMatch => self.go_to_match(false),
            EditorAction::Indent if self.is_template && self.next_placeholder() => {}
            EditorAction::Indent => self.indent(),
            EditorAction::Outdent => self.outdent(),
            EditorAction::Comment => self.toggle_comment(),
            EditorAction::Paste => self.put_back(),
            EditorAction::DeleteLine => self.delete_lines(),
            EditorAction::DeleteWord => drop(self.buffer.delete(TextArea::delete_word)),
            EditorAction::DeleteNextWord => drop(self.buffer.delete(TextArea::delete_next_word)),
            EditorAction::SelectAll => self.buffer.select((0, 0), self.buffer.end()),
            EditorAction::WordLeft => self.buffer.go(CursorMove::WordBack, selects),
            EditorAction::WordRight => self.buffer.go(CursorMove::WordForward, selects),
            EditorAction::First => self.buffer.go_to((0, 0), selects),
            EditorAction::Last => self.buffer.go_to(self.buffer.end(), selects),
        }
        None
    }

    /// Ends the step of a key: what it did, by where the cursor was and what was selected before.
    fn settle(&mut self, before: Option<(Place, Option<(Place, Place)>)>, typed: Option<char>) -> EditorOutcome {
        let outcome = if self.buffer.end_step(typed) {
            EditorOutcome::Edited
        } else if before == Some((self.buffer.cursor(), self.buffer.selection())) {
            EditorOutcome::Nothing
        } else {
            EditorOutcome::Moved
        };
        self.settled(outcome)
    }

    fn settled(&mut self, outcome: EditorOutcome) -> EditorOutcome {
        // What was cut is a step too.
        self.buffer.end_step(None);
        match outcome {
            EditorOutcome::Edited | EditorOutcome::Cut(_) => {
                self.original.compare(self.buffer.lines());
                self.narrow();
            }
            EditorOutcome::Nothing => {}
            _ => self.popup = None,
        }
        self.follow_cursor();
        outcome
    }
}

const fn is_movement(action: EditorAction) -> bool {
    matches!(action, EditorAction::WordLeft | EditorAction::WordRight | EditorAction::First | EditorAction::Last)
}

/// The lines of a text; one empty line for an empty text.
fn split(text: &str) -> Vec<String> {
    text.strip_suffix('\n').unwrap_or(text).split('\n').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
