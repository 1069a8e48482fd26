//! What lies over the dashboard.

use super::{Ask, Draft, Filter, LogPrompt, Msg, Page, Palette, Prompt, Review};

/// What lies over the dashboard and takes the keys.
#[derive(Debug)]
pub enum Overlay {
    /// The palette.
    Palette(Palette),
    /// Typing a filter for the focused list; the text that Esc returns to is kept.
    Filter {
        /// The line.
        prompt: Prompt,
        /// The filter before.
        before: Filter,
    },
    /// Typing what is looked for in the log, which lines are shown, from when on, or a file's name.
    LogPrompt(LogPrompt),
    /// A page of text to read.
    Page(Page),
    /// A write before it is sent.
    Review(Box<Review>),
    /// Typing what a command needs.
    Ask(Ask),
    /// What was typed since the editor was asked for, while its object is fetched: it is meant for the text.
    Opening(Vec<Msg>),
    /// A text under edit.
    Editor(Box<Draft>),
}
