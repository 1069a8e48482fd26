//! What one types to find lines: a search, and a filter of several terms.
//!
//! Both look at the bytes of a line, not at how it is drawn. Upper and lower case count only where an upper case letter
//! is typed, as in pages. A filter's terms are separated by blanks, all must hold, and `!` turns one round:
//!
//! | term | holds for |
//! |---|---|
//! | `text`, `"two words"` | lines with this text |
//! | `/re/` | lines that the regular expression matches; blanks may stand in it |
//! | `level:warn`, `level:=info` | this level or worse; exactly this one |
//! | `pod:x`, `container:x`, `index:3`, `try:2`, `@label` | lines of such sources |

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::classify::level_of;
use super::line::{LineClass, LogLevel};

/// Bytes that a compiled pattern may take: what is typed must not fill the memory.
const LARGEST: usize = 1 << 20;

/// The fields of a source that a filter can ask for; `@label` asks for [`LABEL`].
const SOURCE_FIELDS: [&str; 4] = ["pod", "container", "index", "try"];

/// The name by which [`LineFilter::source_terms`] tells of a term `@label`: the label that stands before a line.
pub const LABEL: &str = "label";

/// What is looked for in lines: `text`, or `/re/` for a regular expression.
#[derive(Debug, Clone, Default)]
pub struct Search {
    text: String,
    regex: Option<Regex>,
    /// Why the text is no regular expression; nothing matches then.
    pub error: Option<String>,
}

impl PartialEq for Search {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Search {
    /// The search that this text means.
    pub fn new(text: &str) -> Self {
        let between =
            text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|pattern| !pattern.is_empty());
        let regex = match between {
            Some(pattern) => expression(pattern).map(Some),
            None => Ok(literal(text)),
        };
        let (regex, error) = regex.map_or_else(|error| (None, Some(error)), |regex| (regex, None));
        Self { text: text.to_owned(), regex, error }
    }

    /// The text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the line has a match.
    pub fn matches(&self, line: &[u8]) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(line))
    }

    /// Every match in a text as it is drawn, in bytes, none empty.
    pub fn spans(&self, drawn: &str) -> Vec<Range<usize>> {
        let found = self.regex.iter().flat_map(|regex| regex.find_iter(drawn.as_bytes()));
        // An expression may ask for single bytes: `(?-u:\xe6)` is half a character.
        let is_text = |span: &Range<usize>| drawn.get(span.clone()).is_some_and(|text| !text.is_empty());
        found.map(|found| found.range()).filter(is_text).collect()
    }
}

/// Exactly these characters; None for an empty text, and for one that is too long.
fn literal(text: &str) -> Option<Regex> {
    let is_exact = text.chars().any(char::is_uppercase);
    let mut pattern = RegexBuilder::new(&regex::escape(text));
    // Unicode knows a K and an s beyond ASCII's: without them the search takes half the time.
    pattern.case_insensitive(!is_exact).unicode(!text.is_ascii()).size_limit(LARGEST);
    pattern.build().ok().filter(|_| !text.is_empty())
}

/// A regular expression, or the words that say that it is none.
fn expression(pattern: &str) -> Result<Regex, String> {
    // The letter behind a backslash is no letter of the text: `\S` asks for no case.
    let mut is_escaped = false;
    let is_exact = pattern.chars().any(|one| {
        let counts = !is_escaped && one.is_uppercase();
        is_escaped = !is_escaped && one == '\\';
        counts
    });
    let built = RegexBuilder::new(pattern).case_insensitive(!is_exact).size_limit(LARGEST).build();
    built.map_err(|_| format!("/{pattern}/ is no regular expression"))
}

/// Which lines are shown: those for which every term holds.
#[derive(Debug, Clone, Default)]
pub struct LineFilter {
    text: String,
    terms: Vec<Term>,
    sources: Vec<SourceTerm>,
    /// What of the text was not understood; the rest of it is used.
    pub error: Option<String>,
}

impl PartialEq for LineFilter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// One condition on a line; `is_negated` turns it round.
#[derive(Debug, Clone)]
struct Term {
    is_negated: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Matches(Regex),
    AtLeast(LogLevel),
    Exactly(LogLevel),
}

/// One condition on a line's source.
#[derive(Debug, Clone)]
struct SourceTerm {
    field: &'static str,
    text: String,
    is_negated: bool,
}

impl LineFilter {
    /// The filter that this text means. What cannot be understood is left out and told by [`LineFilter::error`].
    pub fn new(text: &str) -> Self {
        let mut filter = Self { text: text.trim().to_owned(), ..Self::default() };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (is_negated, behind) = rest.strip_prefix('!').map_or((false, rest), |behind| (true, behind));
            rest = filter.take(is_negated, behind).trim_start();
        }
        filter
    }

    /// Takes in the term with which the text begins, and gives what is behind it.
    fn take<'a>(&mut self, is_negated: bool, text: &'a str) -> &'a str {
        if let Some((pattern, behind)) = enclosed(text, '/') {
            self.take_test(is_negated, expression(pattern).map(Test::Matches));
            return behind;
        }
        if let Some((words, behind)) = enclosed(text, '"') {
            self.terms.extend(literal(words).map(|regex| Term { is_negated, test: Test::Matches(regex) }));
            return behind;
        }
        let (word, behind) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        let field = match word.strip_prefix('@') {
            Some(label) => Some((LABEL, label)),
            None => word.split_once(':').and_then(|(name, value)| {
                SOURCE_FIELDS.into_iter().find(|field| *field == name).map(|field| (field, value))
            }),
        };
        if let Some((field, text)) = field {
            // A field without a text is still being typed.
            let text = Some(text.to_owned()).filter(|text| !text.is_empty());
            self.sources.extend(text.map(|text| SourceTerm { field, text, is_negated }));
        } else if let Some(level) = word.strip_prefix("level:") {
            if !matches!(level, "" | "=") {
                self.take_test(is_negated, of_level(level));
            }
        } else if word != "/" && word != "\"" {
            self.terms.extend(literal(word).map(|regex| Term { is_negated, test: Test::Matches(regex) }));
        }
        behind
    }

    fn take_test(&mut self, is_negated: bool, test: Result<Test, String>) {
        match test {
            Ok(test) => self.terms.push(Term { is_negated, test }),
            Err(error) => self.error = Some(error),
        }
    }

    /// The text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every line is shown, since nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the terms on the line hold; [`LineFilter::source_terms`] tells the others. What kubatch wrote is always
    /// shown. Where a level is asked for, a line that names none is left out; part of a trace has its head's level.
    pub fn matches(&self, class: LineClass, text: &[u8]) -> bool {
        let holds = |term: &Term| {
            let is_so = match &term.test {
                Test::Matches(regex) => regex.is_match(text),
                Test::AtLeast(level) => class.level() >= Some(*level),
                Test::Exactly(level) => class.level() == Some(*level),
            };
            is_so != term.is_negated
        };
        class.is_mark() || self.terms.iter().all(holds)
    }

    /// The terms on the source, which whoever knows the sources decides once for each: the field (`pod`, `container`,
    /// `index`, `try`, or [`LABEL`]), what is asked of it, and whether it must not be so.
    pub fn source_terms(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.sources.iter().map(|term| (term.field, term.text.as_str(), term.is_negated))
    }
}

/// What stands between two of these signs, the second of which ends the word, and what is behind them.
fn enclosed(text: &str, sign: char) -> Option<(&str, &str)> {
    let inside = text.strip_prefix(sign)?;
    let ends = |at: &usize| inside[at + 1..].chars().next().is_none_or(char::is_whitespace);
    let end = inside.match_indices(sign).map(|(at, _)| at).filter(|at| *at > 0).find(ends)?;
    Some((&inside[..end], &inside[end + 1..]))
}

/// The level that is meant by a word or by the start of one; `=` before it means no other.
fn of_level(text: &str) -> Result<Test, String> {
    let (is_exact, word) = text.strip_prefix('=').map_or((false, text), |word| (true, word));
    let upper = word.to_ascii_uppercase();
    let begun = LogLevel::ALL.into_iter().find(|level| level.word().starts_with(&upper));
    match level_of(word.as_bytes()).or(begun) {
        Some(level) if is_exact => Ok(Test::Exactly(level)),
        Some(level) => Ok(Test::AtLeast(level)),
        None => Err(format!("{word} is no level; trace, debug, info, warn, error and fatal are")),
    }
}

#[cfg(test)]
mod tests;
