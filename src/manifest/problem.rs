//! What is wrong with a text, where, and the edit that mends it. The editor shows and applies it; [`super::parse()`] and
//! [`super::check()`] find it.

/// A part of one line: lines and columns count from 0, columns in characters, as an editor counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// Its first column.
    pub column: usize,
    /// The column behind its last one, on the same line also where what is meant goes on below.
    pub end_column: usize,
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing needs to be done.
    Note,
    /// It works, but hardly as it was meant.
    Warning,
    /// The server refuses it, or it cannot be read.
    Error,
}

impl Severity {
    /// In one word, as it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// How much it matters.
    pub severity: Severity,
    /// What, in a sentence without its full stop.
    pub message: String,
    /// What would mend it.
    pub fix: Option<Fix>,
}

/// A change of the text that mends a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: "rename to `spec`".
    pub title: String,
    /// The change.
    pub edit: Edit,
}

/// A change of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Other text for a part of a line.
    Replace {
        /// What goes.
        place: Place,
        /// What comes; it has no line breaks.
        text: String,
    },
    /// Whole lines go.
    RemoveLines {
        /// The first of them.
        first: usize,
        /// How many.
        count: usize,
    },
}

impl Problem {
    /// A problem without a fix.
    pub(super) fn new(place: Place, severity: Severity, message: impl Into<String>) -> Self {
        Self { place, severity, message: message.into(), fix: None }
    }

    /// What the server would refuse, without a fix.
    pub(super) fn error(place: Place, message: impl Into<String>) -> Self {
        Self::new(place, Severity::Error, message)
    }

    /// The same problem, mended by other text at its place.
    pub(super) fn mended_by(self, title: impl Into<String>, text: impl Into<String>) -> Self {
        let edit = Edit::Replace { place: self.place, text: text.into() };
        Self { fix: Some(Fix { title: title.into(), edit }), ..self }
    }
}
