//! Lines on their way out: as they came where a program reads them, harmless where a terminal does, or as JSON.

use std::collections::HashMap;
use std::io::{self, Write};

use compact_str::CompactString;
use serde::Serialize;

use crate::model::clock::Time;
use crate::model::key::Uid;
use crate::model::log::{LineClass, LogSource};
use crate::model::safe_text::safe_line;
use crate::model::styled_line::harmless_line;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// The line, with what is asked for in front.
    Text,
    /// One JSON object for each line.
    Json,
}

/// What stands around the lines, and how they are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) format: Format,
    /// Each line's time stands in front of it.
    pub(super) has_times: bool,
    /// Its pod and container do; None where there is more than one of them.
    pub(super) has_prefix: Option<bool>,
    /// Lines go to a terminal, which obeys what stands in them.
    pub(super) is_terminal: bool,
    /// The prefix has a colour.
    pub(super) has_colour: bool,
}

/// Writes lines.
pub(super) struct Printer<W> {
    out: W,
    style: Style,
    /// Containers that have written, in the order of their first line.
    containers: HashMap<(Uid, CompactString), usize>,
}

/// A line as an object. The README says what its fields mean.
#[derive(Serialize)]
struct Object<'a> {
    time: String,
    namespace: &'a str,
    pod: &'a str,
    container: &'a str,
    restarts: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    text: &'a str,
}

/// Colours of prefixes, in turn: those that can be read on dark and light ground.
const COLOURS: [u8; 5] = [36, 35, 34, 32, 33];

impl<W: Write> Printer<W> {
    pub(super) fn new(out: W, style: Style) -> Self {
        Self { out, style, containers: HashMap::new() }
    }

    /// There is a container whose lines will come, so that all from now on say whose they are, where it is not the only one.
    pub(super) fn expect(&mut self, source: &LogSource) {
        let count = self.containers.len();
        self.containers.entry((source.pod, source.container.clone())).or_insert(count);
    }

    /// Writes a line.
    ///
    /// # Errors
    /// Where it cannot be written: nobody reads any more, or the disk is full.
    pub(super) fn line(&mut self, source: &LogSource, time: Time, class: LineClass, text: &[u8]) -> io::Result<()> {
        if self.style.format == Format::Json {
            return self.object(source, time, class, text);
        }
        if self.style.has_prefix.unwrap_or(self.containers.len() > 1) {
            self.prefix(source)?;
        }
        if self.style.has_times {
            write!(self.out, "{time} ")?;
        }
        match self.style.is_terminal {
            true => self.out.write_all(harmless_line(text, self.style.has_colour).as_bytes())?,
            false => self.out.write_all(text)?,
        }
        self.out.write_all(b"\n")
    }

    fn prefix(&mut self, source: &LogSource) -> io::Result<()> {
        // Names of pods and containers are of small letters, digits, - and . alone: the server sees to that.
        let LogSource { pod_name, container, .. } = source;
        if !self.style.has_colour {
            return write!(self.out, "{pod_name}/{container} ");
        }
        let place = self.containers.get(&(source.pod, container.clone())).copied().unwrap_or_default();
        let colour = COLOURS[place % COLOURS.len()];
        write!(self.out, "\x1b[{colour}m{pod_name}/{container}\x1b[0m ")
    }

    fn object(&mut self, source: &LogSource, time: Time, class: LineClass, text: &[u8]) -> io::Result<()> {
        let object = Object {
            time: time.to_string(),
            namespace: &source.namespace,
            pod: &source.pod_name,
            container: &source.container,
            restarts: source.restarts,
            level: class.level().map(|level| level.word().to_lowercase()),
            text: &String::from_utf8_lossy(text),
        };
        match self.style.is_terminal {
            // JSON escapes C0 by itself, but neither C1 nor what reorders text.
            true => self.out.write_all(safe_line(&serde_json::to_string(&object)?).as_bytes())?,
            false => serde_json::to_writer(&mut self.out, &object)?,
        }
        self.out.write_all(b"\n")
    }

    /// Passes on what was written.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::log::LogLevel;

    const PLAIN: Style =
        Style { format: Format::Text, has_times: false, has_prefix: None, is_terminal: false, has_colour: false };

    fn source(pod: &str) -> LogSource {
        let (namespace, container) = ("data".into(), "main".into());
        LogSource { pod: Uid::new(pod), namespace, pod_name: pod.into(), container, restarts: 1 }
    }

    /// What is written of one line of each of these pods.
    fn written(style: Style, pods: &[&str], text: &[u8]) -> Vec<u8> {
        let mut printer = Printer::new(Vec::new(), style);
        for pod in pods {
            printer.expect(&source(pod));
            let class = LineClass::of(Some(LogLevel::Error));
            printer.line(&source(pod), Time::from_nanos(1_500_000_000), class, text).unwrap();
        }
        printer.out
    }

    const HOSTILE: &[u8] = b"\x1b]0;title\x07\xff caf\xc3\xa9 \xc2\x9b2J";

    #[test]
    fn bytes_pass_as_they_came_where_a_program_reads_them() {
        assert_eq!(written(PLAIN, &["a"], HOSTILE), [HOSTILE, b"\n"].concat());
    }

    #[test]
    fn nothing_that_a_terminal_obeys_reaches_one() {
        for format in [Format::Text, Format::Json] {
            let style = Style { is_terminal: true, has_prefix: Some(true), format, ..PLAIN };
            let out = String::from_utf8(written(style, &["a"], HOSTILE)).unwrap();
            assert!(out.contains("]0;title") && out.contains("café"), "{out:?}");
            assert_eq!(out.chars().filter(|one| one.is_control()).collect::<String>(), "\n", "{out:?}");
        }
    }

    #[test]
    fn lines_say_whose_they_are_once_there_are_several() {
        assert_eq!(written(PLAIN, &["a", "a"], b"x"), b"x\nx\n");
        assert_eq!(written(PLAIN, &["a", "b"], b"x"), b"x\nb/main x\n");
        let never = Style { has_prefix: Some(false), ..PLAIN };
        assert_eq!(written(never, &["a", "b"], b"x"), b"x\nx\n");
        let coloured = Style { has_prefix: Some(true), has_colour: true, has_times: true, ..PLAIN };
        assert_eq!(written(coloured, &["a"], b"x"), b"\x1b[36ma/main\x1b[0m 1970-01-01T00:00:01.5Z x\n");
    }

    #[test]
    fn objects_hold_what_is_known_of_a_line() {
        let style = Style { format: Format::Json, has_prefix: Some(true), ..PLAIN };
        let object: serde_json::Value = serde_json::from_slice(&written(style, &["a"], b"\"q\" \xff")).unwrap();
        let wanted = serde_json::json!({
            "time": "1970-01-01T00:00:01.5Z", "namespace": "data", "pod": "a", "container": "main", "restarts": 1,
            "level": "error", "text": "\"q\" \u{fffd}",
        });
        assert_eq!(object, wanted);
    }
}
