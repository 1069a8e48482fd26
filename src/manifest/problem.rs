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
    /// The changes, from the beginning of the text to its end.
    pub edits: Vec<Edit>,
}

/// Other text for a part of the text. Line and column count from 0, the column in characters; both exist in the text, so
/// that an editor can go there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Where what goes begins.
    pub start: (usize, usize),
    /// Behind its last character; the same where nothing goes.
    pub end: (usize, usize),
    /// What comes.
    pub text: String,
}

impl Edit {
    /// Other text at a place of one line.
    pub fn at(Place { line, column, end_column }: Place, text: impl Into<String>) -> Self {
        Self { start: (line, column), end: (line, end_column), text: text.into() }
    }

    /// Takes whole lines away, from the first to the last, with the line break that parts them from their neighbours.
    pub(super) fn without_lines(lines: &[&str], first: usize, last: usize) -> Self {
        let text = String::new();
        if last + 1 < lines.len() {
            return Self { start: (first, 0), end: (last + 1, 0), text };
        }
        let start = first.checked_sub(1).map_or((0, 0), |before| end_of(lines, before));
        Self { start, end: end_of(lines, last), text }
    }

    /// Puts lines in before this one, which may be the one behind the last; the text ends with a line break.
    pub(super) fn with_lines(lines: &[&str], line: usize, text: &str) -> Self {
        if line < lines.len() {
            return Self { start: (line, 0), end: (line, 0), text: text.to_owned() };
        }
        let end = end_of(lines, lines.len().saturating_sub(1));
        Self { start: end, end, text: format!("\n{}", text.trim_end_matches('\n')) }
    }
}

/// Where a line ends.
pub(super) fn end_of(lines: &[&str], line: usize) -> (usize, usize) {
    (line, lines.get(line).map_or(0, |text| text.chars().count()))
}

/// A text after these edits, which lie apart from each other.
pub fn edited(text: &str, edits: &[Edit]) -> String {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let offset = |(line, column): (usize, usize)| {
        let start = starts.get(line).copied().unwrap_or(text.len());
        text[start..].char_indices().nth(column).map_or(text.len(), |(at, _)| start + at)
    };
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort();
    let mut edited = text.to_owned();
    for edit in edits.into_iter().rev() {
        edited.replace_range(offset(edit.start)..offset(edit.end), &edit.text);
    }
    edited
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
        let edits = vec![Edit::at(self.place, text)];
        Self { fix: Some(Fix { title: title.into(), edits }), ..self }
    }
}
