//! Filters as they are typed: words, `!` for what must not be, `column:text`, `column<number`, `/regex/`, `-l labels`.

use regex::{Regex, RegexBuilder};

use super::fields::{Column, Fields};

/// What rows must match: every term.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
    problem: Option<String>,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// One condition; `banned` turns it round.
#[derive(Debug, Clone)]
struct Term {
    banned: bool,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    /// Some searched column contains the text, in any case.
    Contains(String),
    /// Some searched column matches.
    Matches(Regex),
    /// This column contains the text, in any case.
    Column(Column, String),
    /// This column is below or above the number.
    Below(Column, i64),
    Above(Column, i64),
    /// The label is there; with a value, it has that value.
    Label(String, Option<String>),
}

impl Filter {
    /// The filter that this text means. What cannot be understood is left out and told by [`Filter::problem`].
    pub fn new(text: &str) -> Self {
        let mut filter = Self { text: text.trim().to_owned(), ..Self::default() };
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let read = match word.strip_prefix("-l") {
                Some("") => labels(words.next().unwrap_or_default()),
                Some(selector) => labels(selector),
                None => term(word).map(|term| term.into_iter().collect()),
            };
            match read {
                Ok(terms) => filter.terms.extend(terms),
                Err(problem) => filter.problem = Some(problem),
            }
        }
        filter
    }

    /// The text as typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything matches, since nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What of the text was not understood.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether a row is shown.
    pub(super) fn matches(&self, row: &Fields<'_>) -> bool {
        self.terms.iter().all(|term| term.test.holds(row) != term.banned)
    }
}

impl Test {
    fn holds(&self, row: &Fields<'_>) -> bool {
        let contains = |column: Column, text: &str| row.text(column).to_lowercase().contains(text);
        match self {
            Test::Contains(text) => row.searched().iter().any(|column| contains(*column, text)),
            Test::Matches(regex) => row.searched().iter().any(|column| regex.is_match(&row.text(*column))),
            Test::Column(column, text) => contains(*column, text),
            Test::Below(column, number) => row.number(*column).is_some_and(|value| value < *number),
            Test::Above(column, number) => row.number(*column).is_some_and(|value| value > *number),
            Test::Label(key, wanted) => {
                let value = row.labels().iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
                value.is_some_and(|value| wanted.as_deref().is_none_or(|wanted| wanted == value))
            }
        }
    }
}

/// One word; None for one that says nothing yet, such as a lone `!`.
fn term(word: &str) -> Result<Option<Term>, String> {
    let (banned, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
    let test = if word.is_empty() || word == "/" {
        return Ok(None);
    } else if let Some(pattern) = word.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        let regex = RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build();
        Test::Matches(regex.map_err(|_| format!("/{pattern}/ is no regular expression"))?)
    } else if let Some(at) = word.find([':', '<', '>']) {
        let (name, value) = (&word[..at], &word[at + 1..]);
        let Some(column) = Column::from_word(name) else {
            // Names hold colons too, such as an image's tag.
            return Ok(Some(Term { banned, test: Test::Contains(word.to_lowercase()) }));
        };
        match &word[at..=at] {
            ":" => Test::Column(column, value.to_lowercase()),
            sign => {
                let number =
                    number(value).ok_or_else(|| format!("{name}{sign} wants a number or a time such as 2h"))?;
                if sign == "<" { Test::Below(column, number) } else { Test::Above(column, number) }
            }
        }
    } else {
        Test::Contains(word.to_lowercase())
    };
    Ok(Some(Term { banned, test }))
}

/// `key`, `key=value`, `key!=value`, `!key`, separated by commas, as kubectl's `-l` takes them.
fn labels(selector: &str) -> Result<Vec<Term>, String> {
    if selector.is_empty() {
        return Err("-l wants a label such as app=etl".into());
    }
    let label = |part: &str| {
        let (banned, key, value) = match (part.split_once("!="), part.split_once('='), part.strip_prefix('!')) {
            (Some((key, value)), ..) => (true, key, Some(value)),
            (None, Some((key, value)), _) => (false, key, Some(value.trim_start_matches('='))),
            (None, None, Some(key)) => (true, key, None),
            (None, None, None) => (false, part, None),
        };
        Term { banned, test: Test::Label(key.to_owned(), value.map(str::to_owned)) }
    };
    Ok(selector.split(',').filter(|part| !part.is_empty()).map(label).collect())
}

/// A number, or a time in one unit (`45s`, `30m`, `2h`, `3d`) in seconds.
fn number(text: &str) -> Option<i64> {
    let (digits, factor) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        None => (text, 1),
        Some(digits) => {
            let factor = match text.as_bytes().last() {
                Some(b'm') => 60,
                Some(b'h') => 3_600,
                Some(b'd') => 86_400,
                _ => 1,
            };
            (digits, factor)
        }
    };
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::super::fields::RowRef;
    use super::*;
    use crate::app::App;
    use crate::model::clock::Time;
    use crate::model::event::Event;
    use crate::model::key::Uid;
    use crate::model::meta::Meta;

    fn shows(filter: &str) -> bool {
        let meta = Meta {
            uid: Uid::new("e"),
            namespace: "data".into(),
            name: "n".into(),
            version: 1,
            created: None,
            deleted: None,
            owner: None,
            labels: [("app".into(), "etl".into())].into(),
        };
        let event = Event {
            meta,
            about: Uid::new("j"),
            about_kind: None,
            about_name: "job/Nightly-report".into(),
            reason: "FailedCreate".into(),
            note: "exceeded quota".into(),
            is_warning: true,
            count: 1,
            last: Some(Time::from_seconds(100)),
        };
        let app = App::new(Time::from_seconds(200), (80, 24));
        let row = Fields { app: &app, row: RowRef::Event(&event) };
        Filter::new(filter).matches(&row)
    }

    #[test]
    fn every_kind_of_term_is_understood() {
        let cases = [
            ("", true),
            ("nightly", true),
            ("NIGHTLY quota", true),
            ("nightly absent", false),
            ("!nightly", false),
            ("!absent", true),
            ("!", true),
            ("reason:failed", true),
            ("status:normal", false),
            ("ns:data", true),
            ("!ns:data", false),
            ("age<2m", true),
            ("age<90s", false),
            ("age>1m", true),
            ("age>1h", false),
            ("/night.*rt/", true),
            ("/^quota/", false),
            ("-l app=etl", true),
            ("-lapp", true),
            ("-l app!=etl", false),
            ("-l !app", false),
            ("-l app=etl,tier", false),
            ("job:nothing", false),
        ];
        for (filter, shown) in cases {
            assert_eq!(shows(filter), shown, "{filter}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told_and_hides_nothing() {
        for filter in ["/(/", "age<soon", "-l"] {
            assert!(Filter::new(filter).problem().is_some(), "{filter}");
            assert!(shows(filter), "{filter}");
        }
        assert!(Filter::new("age<2h").problem().is_none());
    }
}
