//! The last words of a container: of the end of its log those lines that tell what went wrong, by the log pane's own
//! recogniser. What a finding quotes of them is read by more people than the log, so that it is without secrets.

mod telling;

#[cfg(test)]
pub(super) use telling::PATTERNS;
pub(super) use telling::{LAST_LINES, goes_on, is_epilogue};
use telling::{errors, is_announcement, is_detail, warnings_before};

use super::Case;
use super::container::cut;
use super::finding::{Evidence, Source};
use crate::model::log::structured;
use crate::model::meta::Object;
use crate::model::pod::{Container, End, Pod};
use crate::model::redact::redact;

/// Lines of a log that a finding shows.
const MOST_LINES: usize = 3;

/// So near to its end a program mostly tells what it ended of. Only where nothing there does, what stands above is asked:
/// some shut down at length.
const NEAR_LINES: usize = 40;

/// Letters of a line that a verdict quotes; of a longer one its beginning and its end.
const MOST_LETTERS: usize = 160;
const LETTERS_OF_END: usize = 70;

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
    /// The warnings right before the first of them.
    pub(super) warnings: Vec<&'a str>,
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
        let near = lines.len().saturating_sub(NEAR_LINES);
        let told = match telling::telling(&lines[near..]) {
            near if near.is_empty() => errors(&lines),
            near => near,
        };
        let are_errors = !told.is_empty();
        let warnings = told.first().map(|first| warnings_before(&lines, first)).unwrap_or_default();
        let telling = match are_errors {
            true => told,
            false => {
                let said = lines.iter().copied().filter(|line| !line.trim().is_empty());
                let (ends, said): (Vec<&str>, Vec<&str>) = said.partition(|line| is_epilogue(line));
                if said.is_empty() { ends } else { said }
            }
        };
        let telling = telling[telling.len().saturating_sub(MOST_LINES)..].to_vec();
        Self { lines, telling, are_errors, is_silent, warnings }
    }

    /// The last of them as a sentence, `Its last words: "KeyError: 'tenant_id'".`; empty before the log was asked for.
    pub(super) fn sentence(&self) -> String {
        match self.telling.last() {
            Some(line) => format!("Its last words: \"{}\".", self.quoted(line)),
            None if self.is_silent => "It said nothing, or its log cannot be had any more.".to_owned(),
            None => String::new(),
        }
    }

    /// The last of them in a few words; None where nothing says that they are an error.
    pub(super) fn short(&self) -> Option<String> {
        self.telling.last().filter(|_| self.are_errors).map(|line| self.quoted(line))
    }

    /// A line with what announced it above, or with what it goes on with below.
    fn quoted(&self, line: &str) -> String {
        let at = self.lines.iter().rposition(|one| *one == line);
        let above = self.telling.iter().rev().skip_while(|one| **one != line).nth(1);
        let above = above.filter(|above| is_announcement(above)).map(|above| above.trim());
        let below = at.and_then(|at| self.lines.get(at + 1)).filter(|below| self.are_errors && is_detail(below));
        match (above, below) {
            (Some(above), None) => both_ends(&format!("{} {}", said(above), said(line))),
            (_, Some(below)) => both_ends(&format!("{} / {}", said(line), said(below))),
            (None, None) => said(line),
        }
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

/// A line as it is quoted: of JSON and logfmt its message and its error, of anything else all of it, cut.
fn said(line: &str) -> String {
    let line = line.trim_start_matches(['│', '╷', '╵', ' ', '\t']).trim_end();
    let text = structured(line).and_then(|found| {
        let is_error = |key: &str| {
            let key = key.strip_suffix(".message").or_else(|| key.strip_suffix(".msg")).unwrap_or(key);
            matches!(key, "error" | "err" | "exception" | "cause" | "reason")
        };
        let error = found.fields.iter().find(|(key, value)| is_error(key) && !value.is_empty()).map(|(_, error)| error);
        match (found.message.is_empty(), error) {
            (false, Some(error)) => Some(format!("{}: {}", last_of(&found.message), last_of(error))),
            (false, None) => Some(last_of(&found.message).to_owned()),
            (true, Some(error)) => Some(last_of(error).to_owned()),
            (true, None) => None,
        }
    });
    both_ends(&redact(text.as_deref().unwrap_or(line)))
}

/// Of a message of several lines the one that tells most.
fn last_of(message: &str) -> &str {
    let lines: Vec<&str> = message.lines().collect();
    match lines.len() {
        0 | 1 => message,
        _ => errors(&lines).last().or(lines.first()).copied().unwrap_or(message),
    }
}

/// A text, or its beginning and its end where it is long: many name what they failed of last.
fn both_ends(text: &str) -> String {
    let letters = text.chars().count();
    if letters <= MOST_LETTERS {
        return text.to_owned();
    }
    let end: String = text.chars().skip(letters - LETTERS_OF_END).collect();
    format!("{}{}", cut(text, MOST_LETTERS - LETTERS_OF_END), end.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::telling::is_failure;

    #[test]
    fn failure_in_plain_words_is_told_and_not_what_follows_it() {
        let full = ["dd: error writing '/m/a': No space left on device", "5+0 records in", "4+0 records out"];
        assert_eq!(full.iter().rfind(|line| is_failure(line)), Some(&full[0]));
        assert!(!["done", "0 rows failed", "table found"].iter().any(|line| is_failure(line)));
    }

    #[test]
    fn long_lines_are_quoted_with_their_end_and_structured_ones_with_their_error() {
        let long = format!("Max retries exceeded {} [Errno 111] refused", "x".repeat(300));
        assert!(
            said(&long).starts_with("Max retries") && said(&long).ends_with("[Errno 111] refused"),
            "{}",
            said(&long)
        );
        for (line, wanted) in [
            (
                r#"{"level":"error","msg":"load failed","error":{"type":"X","message":"no plan"}}"#,
                "load failed: no plan",
            ),
            (r#"{"error":{"code":"E42","message":"no plan"},"retry":false}"#, "no plan"),
            (
                r#"{"severity":"ERROR","message":"Traceback (most recent call last):\n  File \"r.py\", line 3\nValueError: no plan"}"#,
                "ValueError: no plan",
            ),
            ("time=\"2026-05-04T11:00:00Z\" level=fatal msg=\"sync failed\" error=\"no plan\"", "sync failed: no plan"),
            ("│ Error: Error acquiring the state lock", "Error: Error acquiring the state lock"),
        ] {
            assert_eq!(said(line), wanted);
        }
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
