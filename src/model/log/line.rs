//! Lines on their way from a stream to a buffer, and what is known of a line without reading it again.

use crate::model::clock::Time;

/// How bad a line says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Finer than debugging needs.
    Trace,
    /// For who debugs.
    Debug,
    /// The ordinary course of things.
    Info,
    /// It went on, but not as it should.
    Warn,
    /// Something failed.
    Error,
    /// The program gives up: fatal, critical, panic.
    Fatal,
}

impl LogLevel {
    /// From least to worst.
    pub const ALL: [LogLevel; 6] =
        [LogLevel::Trace, LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error, LogLevel::Fatal];

    /// The word that stands for it on screen, at most five characters.
    pub const fn word(self) -> &'static str {
        match self {
            LogLevel::Trace => "TRACE",
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERROR",
            LogLevel::Fatal => "FATAL",
        }
    }
}

/// What a line is, in one byte that is kept beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineClass(u8);

impl LineClass {
    const LEVEL: u8 = 0b0000_0111;
    const CONTINUES: u8 = 0b0000_1000;
    const MARK: u8 = 0b0001_0000;

    /// A line of this level; None where it names none.
    pub fn of(level: Option<LogLevel>) -> Self {
        Self(level.map_or(0, |level| level as u8 + 1))
    }

    /// The same, as a line that goes on with the one before: a frame of a stack trace.
    #[must_use]
    pub const fn continuing(self) -> Self {
        Self(self.0 | Self::CONTINUES)
    }

    /// A line that kubatch wrote: where a source begins or ends, where lines are missing. The level says how bad that is.
    pub fn mark(level: Option<LogLevel>) -> Self {
        Self(Self::of(level).0 | Self::MARK)
    }

    /// The level that the line names.
    pub fn level(self) -> Option<LogLevel> {
        LogLevel::ALL.get(usize::from(self.0 & Self::LEVEL).checked_sub(1)?).copied()
    }

    /// It goes on with an earlier line of its source.
    pub const fn continues(self) -> bool {
        self.0 & Self::CONTINUES != 0
    }

    /// kubatch wrote it.
    pub const fn is_mark(self) -> bool {
        self.0 & Self::MARK != 0
    }

    /// It begins something that went wrong: what one looks for in a log.
    pub fn is_error(self) -> bool {
        !self.continues() && self.level() >= Some(LogLevel::Error)
    }

    /// As it is kept; the highest bit is free.
    pub(super) const fn byte(self) -> u8 {
        self.0
    }

    /// As it was kept.
    pub(super) const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }
}

/// Lines of one source in their order, in one piece of memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogBatch {
    text: Vec<u8>,
    lines: Vec<Head>,
}

/// What a batch keeps beside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    time: Time,
    class: LineClass,
    /// Where the line ends in the text.
    end: usize,
}

impl LogBatch {
    /// Adds a line: the kubelet's time, what it is, and its bytes without the line break.
    pub fn push(&mut self, time: Time, class: LineClass, text: &[u8]) {
        self.text.extend_from_slice(text);
        self.lines.push(Head { time, class, end: self.text.len() });
    }

    /// Takes lines of about so many bytes from the end, at least one where there is any.
    pub fn take_last(&mut self, bytes: usize) -> Self {
        let least = self.text.len().saturating_sub(bytes);
        let at = self.lines.partition_point(|head| head.end <= least).min(self.lines.len().saturating_sub(1));
        let start = at.checked_sub(1).map_or(0, |before| self.lines[before].end);
        let heads = self.lines.split_off(at).into_iter();
        Self {
            text: self.text.split_off(start),
            lines: heads.map(|head| Head { end: head.end - start, ..head }).collect(),
        }
    }

    /// How many lines.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// No line at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Bytes of text.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The lines in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Time, LineClass, &[u8])> + ExactSizeIterator {
        (0..self.lines.len()).map(|at| {
            let start = at.checked_sub(1).map_or(0, |before| self.lines[before].end);
            let Head { time, class, end } = self.lines[at];
            (time, class, &self.text[start..end])
        })
    }

    /// The time of the last line.
    pub fn last_time(&self) -> Option<Time> {
        self.lines.last().map(|head| head.time)
    }
}

impl<'a> FromIterator<(Time, LineClass, &'a [u8])> for LogBatch {
    fn from_iter<I: IntoIterator<Item = (Time, LineClass, &'a [u8])>>(lines: I) -> Self {
        let mut batch = Self::default();
        lines.into_iter().for_each(|(time, class, text)| batch.push(time, class, text));
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_keeps_what_it_was_made_of_in_one_byte() {
        let levels = LogLevel::ALL.into_iter().map(Some).chain([None]);
        for level in levels {
            let class = LineClass::of(level);
            assert_eq!((class.level(), class.continues(), class.is_mark()), (level, false, false));
            assert_eq!(class.is_error(), level >= Some(LogLevel::Error));
            let frame = class.continuing();
            assert_eq!((frame.level(), frame.continues(), frame.is_error()), (level, true, false));
        }
        assert!(LineClass::mark(None).is_mark() && !LineClass::mark(None).is_error());
        let failed = LineClass::mark(Some(LogLevel::Error));
        assert!(failed.is_mark() && failed.is_error());
    }

    #[test]
    fn batch_is_taken_apart_from_its_end() {
        let texts: Vec<String> = (0..100).map(|at| "x".repeat(at)).collect();
        let whole: LogBatch =
            texts.iter().map(|text| (Time::from_seconds(0), LineClass::default(), text.as_bytes())).collect();
        let (mut rest, mut parts) = (whole.clone(), Vec::new());
        while !rest.is_empty() {
            let part = rest.take_last(300);
            assert!(part.len() == 1 || part.bytes() <= 400, "{}", part.bytes());
            parts.insert(0, part);
        }
        assert!(parts.len() > 10 && parts.iter().flat_map(LogBatch::iter).eq(whole.iter()));
    }

    #[test]
    fn batch_gives_back_its_lines() {
        let lines: [(Time, LineClass, &[u8]); 3] = [
            (Time::from_seconds(1), LineClass::default(), b"one"),
            (Time::from_seconds(1), LineClass::of(Some(LogLevel::Error)), b""),
            (Time::from_seconds(2), LineClass::default().continuing(), b"\xff"),
        ];
        let batch: LogBatch = lines.into_iter().collect();
        assert!(batch.iter().eq(lines));
        assert_eq!((batch.len(), batch.bytes(), batch.last_time()), (3, 4, Some(Time::from_seconds(2))));
    }
}
