//! The last words of a container: of the end of its log those lines that tell what went wrong, by the log pane's own
//! recogniser. What a finding quotes of them is read by more people than the log, so that it is without secrets.

use std::borrow::Cow;

use super::Case;
use super::container::cut;
use super::finding::{Evidence, Source};
use crate::model::log::{Classifier, structured};
use crate::model::meta::Object;
use crate::model::pod::{Container, End, Pod};
use crate::model::redact::redact;

/// Lines of a log that a finding shows.
const MOST_LINES: usize = 3;

/// So near to its end a line tells what a program ended of.
pub(super) const LAST_LINES: usize = 5;

/// Letters of a line that a verdict quotes.
const MOST_LETTERS: usize = 160;

/// What is known of the end of a container's log.
#[derive(Debug, Default)]
pub(super) struct LastWords<'a> {
    /// All lines that are known, oldest first.
    pub(super) lines: Vec<&'a str>,
    /// Those that tell something, in their order.
    pub(super) telling: Vec<&'a str>,
    /// The recogniser found them; else they are just the last.
    pub(super) are_errors: bool,
    /// The log was asked for, and nothing came: it is empty, or cannot be had any more.
    pub(super) is_silent: bool,
}

impl<'a> LastWords<'a> {
    /// Those of a run: its termination message where it has one, else the end of its log. None are known before the log
    /// was asked for.
    pub(super) fn of(case: &Case<'a>, pod: &Pod, container: &Container, end: &'a End) -> Self {
        let (lines, is_known): (Vec<&str>, bool) = match end.message.as_str() {
            "" => {
                let tail = case.tail(pod, container);
                (tail.into_iter().flatten().map(String::as_str).collect(), tail.is_some())
            }
            message => (message.lines().collect(), true),
        };
        let is_silent = is_known && lines.iter().all(|line| line.trim().is_empty());
        let mut errors = errors(&lines);
        if errors.is_empty() {
            // Programs complain first and then explain at length how they are called.
            errors.extend(lines.iter().copied().find(|line| is_complaint(line)));
        }
        if errors.is_empty() {
            let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
            errors.extend(last.iter().copied().rfind(|line| is_failure(line)));
        }
        let are_errors = !errors.is_empty();
        let telling = match are_errors {
            true => errors,
            false => lines.iter().copied().filter(|line| !line.trim().is_empty()).collect(),
        };
        let telling = telling[telling.len().saturating_sub(MOST_LINES)..].to_vec();
        Self { lines, telling, are_errors, is_silent }
    }

    /// The last of them as a sentence, `Its last words: "KeyError: 'tenant_id'".`; empty before the log was asked for.
    pub(super) fn sentence(&self) -> String {
        match self.telling.last() {
            Some(line) => format!("Its last words: \"{}\".", said(line)),
            None if self.is_silent => "It said nothing, or its log cannot be had any more.".to_owned(),
            None => String::new(),
        }
    }

    /// The last of them in a few words; None where nothing says that they are an error.
    pub(super) fn short(&self) -> Option<String> {
        self.telling.last().filter(|_| self.are_errors).map(|line| said(line))
    }

    /// The lines as evidence, the last first, which tells most.
    pub(super) fn evidence(&self, pod: &Pod, container: &Container) -> Vec<Evidence> {
        let of_line = |line: &&str| of_line(pod, container, line);
        self.telling.iter().rev().map(of_line).collect()
    }
}

/// A line of a container's log as evidence.
pub(super) fn of_line(pod: &Pod, container: &Container, line: &str) -> Evidence {
    let source = Source::Log { pod: pod.key(), container: container.name.to_string() };
    Evidence { source, words: redact(line.trim_end()).into_owned(), at: None }
}

/// The lines that say what went wrong: where something begins that did, and what a trace under it ends with, which is
/// where most languages put the cause.
fn errors<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut classifier = Classifier::default();
    let mut told: Vec<&str> = Vec::new();
    let mut is_within = false;
    for line in lines.iter().copied() {
        let class = classifier.class(line.as_bytes());
        if class.is_error() {
            is_within = true;
            told.push(line);
        } else if !class.continues() {
            is_within = false;
        } else if is_within && (is_cause(line) || told.last().is_some_and(|head| is_opening(head))) {
            // The first line of a trace that only says that one follows gives way to what the trace says.
            if told.last().is_some_and(|head| is_opening(head)) && !line.starts_with([' ', '\t']) {
                told.pop();
                told.push(line);
            } else if is_cause(line) {
                told.push(line);
            }
        }
    }
    told.dedup();
    told
}

/// A program does not understand how it was called.
fn is_complaint(line: &str) -> bool {
    const WORDS: [&str; 9] = [
        "unrecognized option",
        "unrecognized argument",
        "unknown option",
        "unknown flag",
        "unknown argument",
        "unknown command",
        "invalid option",
        "illegal option",
        "unexpected argument",
    ];
    let line = line.to_lowercase();
    WORDS.iter().any(|words| line.contains(words))
}

/// Something did not work, in the words of the C library, of shells and of most command lines.
fn is_failure(line: &str) -> bool {
    const WORDS: [&str; 26] = [
        "no such file or directory",
        "permission denied",
        "operation not permitted",
        "no space left on device",
        "read-only file system",
        "cannot allocate memory",
        "disk quota exceeded",
        "too many open files",
        "connection refused",
        "connection reset",
        "connection timed out",
        "broken pipe",
        "input/output error",
        "resource temporarily unavailable",
        "is a directory",
        "not a directory",
        "device or resource busy",
        "stale file handle",
        "argument list too long",
        "parameter not set",
        "unbound variable",
        "syntax error",
        ": not found",
        "bad address",
        "could not ",
        "unable to ",
    ];
    let line = line.to_lowercase();
    WORDS.iter().any(|words| line.contains(words))
}

/// A line that says no more than that a trace or a message follows.
fn is_opening(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("Traceback (most recent") || (line.starts_with("thread '") && line.ends_with(':'))
}

/// A line of a trace that names an exception: `KeyError: 'x'`, `Caused by: java.net.ConnectException: refused`.
fn is_cause(line: &str) -> bool {
    let is_named = |(name, _): (&str, &str)| {
        name == "Caused by" || (!name.contains([' ', '(', '/']) && name != "note" && name != "goroutine")
    };
    !line.starts_with([' ', '\t']) && line.split_once(": ").is_some_and(is_named)
}

/// A line as it is quoted: of JSON its message and its error, of anything else all of it, cut.
fn said(line: &str) -> String {
    let line = line.trim();
    let found = structured(line).filter(|found| line.starts_with('{') && !found.message.is_empty());
    let text = match found {
        Some(found) => {
            let error = found.fields.iter().find(|(key, _)| matches!(&**key, "error" | "err" | "exception"));
            match error {
                Some((_, error)) => Cow::Owned(format!("{}: {error}", found.message)),
                None => found.message,
            }
        }
        None => Cow::Borrowed(line),
    };
    cut(&redact(&text), MOST_LETTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_in_plain_words_is_told_and_not_what_follows_it() {
        let full = ["dd: error writing '/m/a': No space left on device", "5+0 records in", "4+0 records out"];
        assert_eq!(full.iter().rfind(|line| is_failure(line)), Some(&full[0]));
        assert!(!["done", "0 rows failed", "table found"].iter().any(|line| is_failure(line)));
    }

    fn told(lines: &[&str]) -> Vec<String> {
        errors(lines).into_iter().map(said).collect()
    }

    #[test]
    fn trace_is_told_by_its_cause() {
        for (lines, wanted) in [
            (
                &[
                    "start",
                    "Traceback (most recent call last):",
                    "  File \"/app/run.py\", line 12, in <module>",
                    "KeyError: 'tenant_id'",
                ][..],
                &["KeyError: 'tenant_id'"][..],
            ),
            (
                &[
                    "Exception in thread \"main\" java.lang.RuntimeException: cannot load",
                    "\tat app.Main.main(Main.java:3)",
                    "Caused by: java.net.ConnectException: Connection refused",
                    "\tat java.base/sun.nio.ch.Net.connect(Net.java:1)",
                ],
                &[
                    "Exception in thread \"main\" java.lang.RuntimeException: cannot load",
                    "Caused by: java.net.ConnectException: Connection refused",
                ],
            ),
            (
                &[
                    "panic: index out of range",
                    "",
                    "goroutine 1 [running]:",
                    "main.main()",
                    "\t/app/main.go:4 +0x1d",
                    "exit status 2",
                ],
                &["panic: index out of range"],
            ),
            (
                &[
                    "thread 'main' panicked at src/main.rs:2:5:",
                    "no tenant",
                    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
                ],
                &["no tenant"],
            ),
            (&[r#"{"level":"error","msg":"no route","err":"timeout"}"#, "bye"], &["no route: timeout"]),
            (
                &["ERROR cannot reach postgres://etl:hunter2@db:5432", "bye"],
                &["ERROR cannot reach postgres://etl:[redacted]@db:5432"],
            ),
            (&["all is well", "done"], &[]),
        ] {
            assert_eq!(told(lines), wanted, "{lines:?}");
        }
    }
}
