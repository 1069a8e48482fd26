//! What can be typed here, to choose from: narrowed as one types on.

use crate::command::Key;
use crate::manifest::Completion;

use super::{Editor, Place};

/// Completions to choose from.
#[derive(Debug)]
pub struct Popup {
    all: Vec<Completion>,
    /// Indexes of those that begin with what is typed; never empty.
    shown: Vec<usize>,
    /// Which of the shown is chosen.
    pub at: usize,
    /// The place that they are for.
    place: Place,
}

impl Popup {
    /// Those that begin with what is typed.
    pub fn shown(&self) -> impl ExactSizeIterator<Item = &Completion> {
        self.shown.iter().map(|index| &self.all[*index])
    }

    /// Where in the line the text begins that they replace, in characters.
    pub fn column(&self) -> usize {
        self.shown().map(|one| one.start).min().unwrap_or(0)
    }

    /// Keeps those that begin with what is typed, or else have it within.
    fn narrow(&mut self, typed: impl Fn(usize) -> Option<String>) {
        let fits = |is_begin: bool| {
            let fits = |one: &Completion| {
                let (label, Some(typed)) = (one.label.to_lowercase(), typed(one.start)) else { return false };
                if is_begin { label.starts_with(&typed) } else { label.contains(&typed) }
            };
            self.all.iter().enumerate().filter(|(_, one)| fits(one)).map(|(index, _)| index).collect::<Vec<_>>()
        };
        let begin = fits(true);
        self.shown = if begin.is_empty() { fits(false) } else { begin };
        self.at = 0;
    }
}

impl Editor {
    /// Offers these at the cursor; none closes the list.
    pub fn set_completions(&mut self, completions: Vec<Completion>) {
        self.popup = Some(Popup { all: completions, shown: Vec::new(), at: 0, place: self.buffer.cursor() });
        self.narrow();
    }

    /// Narrows the list to what is typed; closes it where nothing fits and where the cursor has left the place.
    pub(super) fn narrow(&mut self) {
        let Some(mut popup) = self.popup.take() else { return };
        let (line, column) = self.buffer.cursor();
        let text: Vec<char> = self.buffer.line(line).chars().take(column).collect();
        popup.narrow(|start| {
            text.get(start..)
                .map(|typed| typed.iter().collect::<String>().trim_start_matches(['"', '\'']).to_lowercase())
        });
        self.popup = Some(popup).filter(|popup| popup.place.0 == line && !popup.shown.is_empty());
    }

    /// Takes a key for the list; false where it is none of its keys.
    pub(super) fn popup_key(&mut self, key: &Key) -> bool {
        let Some(popup) = &mut self.popup else { return false };
        let count = popup.shown.len();
        match key.0.as_str() {
            "down" | "ctrl-n" => popup.at = (popup.at + 1) % count,
            "up" | "ctrl-p" => popup.at = (popup.at + count - 1) % count,
            "esc" => self.popup = None,
            "enter" | "tab" => self.take_completion(),
            _ => return false,
        }
        true
    }

    fn take_completion(&mut self) {
        let Some(popup) = self.popup.take() else { return };
        let Some(chosen) = popup.shown().nth(popup.at) else { return };
        let (line, column) = self.buffer.cursor();
        // What was typed since stands before the rest of the word.
        let end = column + chosen.end.saturating_sub(popup.place.1);
        let end = end.min(self.buffer.length(line));
        self.buffer.replace((line, chosen.start.min(column)), (line, end), &chosen.insert);
    }
}
