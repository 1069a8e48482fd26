//! Which lines are parts of a stack trace, so that they are folded under the line that began it.
//!
//! Most frames are known by their own form, wherever reading began. What is not, such as a line of Python code or the
//! message of a panic, is known by what came before it.

use super::level::{is_exception_name, without_style};
use crate::model::log::line::LogLevel;

/// What the lines before were part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Trace {
    /// No trace.
    #[default]
    None,
    /// A line of a logger that tells of something gone wrong: the exception follows it.
    Told,
    /// The first line of an exception.
    Exception,
    /// The frames of a Python traceback.
    Python,
    /// Its last line, and what chains it to the next.
    PythonEnd,
    /// Goroutines and their frames.
    Go,
    /// The line before told where Rust code panicked; this one tells why.
    RustMessage,
    /// Frames of Rust code, or the causes of an error.
    Rust,
    /// Properties of an error that Node prints in braces behind its frames.
    Properties,
}

impl Trace {
    /// Whether this line, which follows the others, goes on with what they began.
    pub(super) fn continues(&mut self, line: &[u8]) -> bool {
        let Some(next) = self.next(line) else { return false };
        *self = next;
        true
    }

    /// Takes note of a line that began something.
    pub(super) fn began(&mut self, line: &[u8], level: Option<LogLevel>) {
        let text = without_style(line.trim_ascii_start());
        *self = match level {
            None | Some(LogLevel::Trace | LogLevel::Debug | LogLevel::Info) => Trace::None,
            _ if text.starts_with(b"Traceback (most") || text.starts_with(b"+ Exception Group") => Trace::Python,
            _ if text.starts_with(b"panic: ") || text.starts_with(b"fatal error: ") => Trace::Go,
            // Since Rust 1.73 the message has a line of its own, and a colon stands before it.
            _ if text.starts_with(b"thread '") && text.ends_with(b":") => Trace::RustMessage,
            _ if text.starts_with(b"thread '") => Trace::Rust,
            _ if is_exception(text) => Trace::Exception,
            _ => Trace::Told,
        };
    }

    /// What the trace is behind this line; None where the line is no part of one.
    fn next(self, line: &[u8]) -> Option<Self> {
        if self == Trace::RustMessage {
            return Some(Trace::Rust);
        }
        let text = line.trim_ascii();
        let Some(first) = text.first() else {
            return matches!(self, Trace::Exception | Trace::PythonEnd | Trace::Go | Trace::Rust).then_some(self);
        };
        let is_indented = line[0] == b' ' || line[0] == b'\t';
        let by_form = match first {
            b'a' if is_indented && is_frame(text) => {
                let is_rust = self == Trace::Rust;
                Some(if text.ends_with(b"{") {
                    Trace::Properties
                } else if is_rust {
                    self
                } else {
                    Trace::Exception
                })
            }
            b'F' if is_indented && text.starts_with(b"File \"") && has(text, b"\", line ") => Some(Trace::Python),
            b'f' if line[0] == b'\t' && text.starts_with(b"from ") && has(text, b":in ") => Some(Trace::Exception),
            b'C' if text.starts_with(b"Caused by:") => {
                Some(if text.len() == 10 { Trace::Rust } else { Trace::Exception })
            }
            b'S' if text.starts_with(b"Suppressed: ") || text == b"Stack trace:" => Some(Trace::Exception),
            b'S' | b's' if text[1..].starts_with(b"tack backtrace:") => Some(Trace::Rust),
            b'.' if is_elision(text) => Some(self.or_exception()),
            b'-' if text.starts_with(b"--- End of ") || text.starts_with(b"---> ") => Some(Trace::Exception),
            b'#' if is_numbered_frame(&text[1..]) => Some(Trace::Exception),
            b'g' if text.starts_with(b"goroutine ") && text.ends_with(b"]:") => Some(Trace::Go),
            b'n' if text.starts_with(b"note: run with `RUST_BACKTRACE") => Some(Trace::Rust),
            b't' if is_indented && text.starts_with(b"thrown in ") && has(text, b" on line ") => Some(Trace::None),
            b'D' if text.starts_with(b"During handling of the above exception") => Some(Trace::PythonEnd),
            b'T' if text.starts_with(b"The above exception was the direct cause") => Some(Trace::PythonEnd),
            _ => None,
        };
        by_form.or_else(|| self.next_by_place(line, text, is_indented))
    }

    /// The same for lines which are only known by what came before them.
    fn next_by_place(self, line: &[u8], text: &[u8], is_indented: bool) -> Option<Self> {
        match self {
            Trace::None | Trace::RustMessage => None,
            // Loggers write the exception behind the line that tells of it.
            Trace::Told if text.starts_with(b"Traceback (most recent") => Some(Trace::Python),
            Trace::Told => (is_exception(line) && is_long_name(line)).then_some(Trace::Exception),
            Trace::Exception => None,
            Trace::Python if is_indented => Some(self),
            Trace::Python => is_python_end(line).then_some(Trace::PythonEnd),
            Trace::PythonEnd => text.starts_with(b"Traceback (most recent").then_some(Trace::Python),
            Trace::Go => {
                let is_frame = line[0] == b'\t' || (text.ends_with(b")") && !has(&text[..text.len().min(16)], b" "));
                let is_other = [&b"created by "[..], b"[signal ", b"exit status ", b"runtime stack:"];
                (is_frame || is_other.iter().any(|start| text.starts_with(start))).then_some(self)
            }
            Trace::Rust => (is_indented || text.starts_with(b"note: ")).then_some(self),
            Trace::Properties if text.starts_with(b"}") => Some(Trace::Exception),
            Trace::Properties => is_indented.then_some(self),
        }
    }

    fn or_exception(self) -> Self {
        if matches!(self, Trace::None | Trace::Told) { Trace::Exception } else { self }
    }
}

fn has(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// `at pkg.Class.method(File.java:12)`, `at fn (file.js:1:2)`, `at X.Y() in /src/x.cs:line 12`, `at src/main.rs:12:5`.
fn is_frame(text: &[u8]) -> bool {
    let Some(place) = text.strip_prefix(b"at ") else { return false };
    let place = place.strip_suffix(b" {").unwrap_or(place);
    let digits = place.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let is_numbered = digits > 0 && place[..place.len() - digits].ends_with(b":");
    if is_numbered && !place.contains(&b' ') {
        return true;
    }
    let Some(open) = memchr::memchr(b'(', place) else { return false };
    // `file.js:1:2` and `File.java:12` have a colon, `Native Method` and `Unknown Source` a name of dots before them.
    let inside = &place[open..];
    let name = place[..open].trim_ascii_end();
    let is_place = inside.contains(&b':') || matches!(inside, b"(native)" | b"(<anonymous>)");
    (is_place || name.contains(&b'.')) && !name.ends_with(b":") && name.iter().filter(|byte| **byte == b' ').count() < 4
}

/// `... 14 more`, `...3 frames elided...`.
fn is_elision(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"...") else { return false };
    let rest = rest.trim_ascii_start();
    rest.first().is_some_and(u8::is_ascii_digit)
        && (rest.ends_with(b" more") || has(rest, b"omitted") || has(rest, b"elided"))
}

/// Behind the `#` of `#0 /app/run.php(12): run()`, `#1 {main}`, `#0  0x00007f in main ()`.
fn is_numbered_frame(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let place = text[digits..].trim_ascii_start();
    let is_apart = place.len() < text.len() - digits;
    let is_php = (place.starts_with(b"/") || place.starts_with(b"[internal function]")) && has(place, b": ");
    digits > 0 && is_apart && (is_php || place == b"{main}" || place.starts_with(b"0x"))
}

/// An exception's first line: its name, and what it says.
fn is_exception(line: &[u8]) -> bool {
    is_exception_name(&line[..name_end(line)])
        || line.starts_with(b"Exception in thread ")
        || line.starts_with(b"Unhandled ")
}

/// A name that no logger writes for a level: `Error: …` begins something of its own.
fn is_long_name(line: &[u8]) -> bool {
    !matches!(&line[..name_end(line)], b"Error" | b"Exception")
}

fn name_end(line: &[u8]) -> usize {
    line.iter().position(|byte| matches!(byte, b':' | b' ')).unwrap_or(line.len())
}

/// The last line of a traceback: any name in dots, alone or with a colon behind it.
fn is_python_end(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| *byte == b':').unwrap_or(line.trim_ascii_end().len());
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._<>".contains(byte);
    let is_apart = line.get(end + 1).is_none_or(u8::is_ascii_whitespace);
    line[0].is_ascii_alphabetic() && is_apart && line[..end].iter().all(is_name) && !is_level_word(&line[..end])
}

/// `INFO: …` from elsewhere ends no traceback.
fn is_level_word(word: &[u8]) -> bool {
    super::level_of(word).is_some()
}
