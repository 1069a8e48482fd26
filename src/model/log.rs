//! Log lines of one subject: merged over its containers by time, bounded in bytes, with positions that stay.

mod classify;
mod line;
mod pattern;
mod run;
mod source;
mod structured;

use std::collections::VecDeque;

pub use classify::Classifier;
pub use line::{LineClass, LogBatch, LogLevel};
pub use pattern::{LABEL, LineFilter, Search};
pub use run::LogRun;
pub use source::{Follow, LogChange, LogSource, LogStart, Older, ReadUpTo, SourceState};
pub use structured::{Structured, pretty, structured};

use super::clock::Time;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The time that the kubelet wrote before it; lines without one take the time of the line before.
    pub time: Time,
    /// Index into [`LogBuffer::sources`].
    pub source: u32,
    /// What it is.
    pub class: LineClass,
    /// The bytes as they came, without their line break. They need not be text and may hold what a terminal obeys: they
    /// pass [`super::styled_line`] before they are drawn.
    pub text: Box<[u8]>,
}

/// The merged lines of a subject. Lines of one source never change their order; across sources they are ordered by
/// time. When the byte budget is used up the oldest lines are dropped and [`LogBuffer::dropped`] tells how many.
#[derive(Debug)]
pub struct LogBuffer {
    /// Every source seen, with its state. Shrinks in [`LogBuffer::retain`] alone, so that indexes stay.
    pub sources: Vec<(LogSource, SourceState)>,
    lines: VecDeque<LogLine>,
    bytes: usize,
    budget: usize,
    dropped: u64,
}

impl LogBuffer {
    /// An empty buffer that holds about `budget` bytes of text.
    pub fn new(budget: usize) -> Self {
        Self { sources: Vec::new(), lines: VecDeque::new(), bytes: 0, budget, dropped: 0 }
    }

    /// The index of a source, which is added where it is new.
    pub fn source_index(&mut self, source: &LogSource) -> u32 {
        let known = self.sources.iter().position(|(one, _)| one == source);
        let index = known.unwrap_or_else(|| {
            self.sources.push((source.clone(), SourceState::Opening));
            self.sources.len() - 1
        });
        index as u32
    }

    /// Takes in what a stream told.
    pub fn apply(&mut self, source: &LogSource, change: LogChange) {
        let index = self.source_index(source);
        let state = match change {
            LogChange::Lines(lines) => {
                for (time, class, text) in lines.iter() {
                    self.insert(LogLine { time, source: index, class, text: text.into() });
                }
                SourceState::Open
            }
            LogChange::Older { .. } | LogChange::NoOlder(_) | LogChange::Gap { .. } => return,
            LogChange::Ended => SourceState::Ended,
            LogChange::Failed(why) => SourceState::Failed(why),
        };
        if let Some(entry) = self.sources.get_mut(index as usize) {
            entry.1 = state;
        }
    }

    /// Puts a line behind every line that is older or of the same source.
    fn insert(&mut self, line: LogLine) {
        self.bytes += line.text.len() + size_of::<LogLine>();
        let later = self.lines.iter().rev().take_while(|other| other.time > line.time && other.source != line.source);
        let at = self.lines.len() - later.count();
        self.lines.insert(at, line);
        while self.bytes > self.budget {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.text.len() + size_of::<LogLine>();
            self.dropped += 1;
        }
    }

    /// Forgets the other sources with their lines. The indexes of those that stay change.
    pub fn retain(&mut self, is_kept: impl Fn(&LogSource) -> bool) {
        let mut kept = 0;
        let places: Vec<Option<u32>> = self
            .sources
            .iter()
            .map(|(source, _)| {
                is_kept(source).then(|| {
                    kept += 1;
                    kept - 1
                })
            })
            .collect();
        self.sources.retain(|(source, _)| is_kept(source));
        self.lines.retain_mut(|line| match places.get(line.source as usize).copied().flatten() {
            Some(place) => {
                line.source = place;
                true
            }
            None => false,
        });
        self.bytes = self.lines.iter().map(|line| line.text.len() + size_of::<LogLine>()).sum();
    }

    /// The lines that are kept, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &LogLine> + ExactSizeIterator {
        self.lines.iter()
    }

    /// How many lines are kept.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// No line is kept.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many lines were dropped at the front for want of room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::key::Uid;

    fn source(name: &str) -> LogSource {
        LogSource {
            pod: Uid::new(name),
            namespace: "n".into(),
            pod_name: name.into(),
            container: "c".into(),
            restarts: 0,
        }
    }

    fn lines(at: &[i64]) -> LogChange {
        let mut batch = LogBatch::default();
        at.iter().for_each(|s| batch.push(Time::from_seconds(*s), LineClass::default(), s.to_string().as_bytes()));
        LogChange::Lines(batch)
    }

    fn texts(buffer: &LogBuffer) -> Vec<&str> {
        buffer.lines().map(|line| std::str::from_utf8(&line.text).unwrap()).collect()
    }

    #[test]
    fn lines_of_several_sources_are_ordered_by_time() {
        let mut buffer = LogBuffer::new(1 << 20);
        buffer.apply(&source("a"), lines(&[1, 4, 6]));
        buffer.apply(&source("b"), lines(&[2, 3, 5]));
        assert_eq!(texts(&buffer), ["1", "2", "3", "4", "5", "6"]);
    }

    #[test]
    fn order_within_a_source_never_changes() {
        let mut buffer = LogBuffer::new(1 << 20);
        buffer.apply(&source("a"), lines(&[5, 3, 4]));
        assert_eq!(texts(&buffer), ["5", "3", "4"]);
    }

    #[test]
    fn oldest_lines_go_first_and_are_counted() {
        let mut buffer = LogBuffer::new(3 * (size_of::<LogLine>() + 1));
        buffer.apply(&source("a"), lines(&[1, 2, 3, 4, 5]));
        assert_eq!(texts(&buffer), ["3", "4", "5"]);
        assert_eq!(buffer.dropped(), 2);
    }

    #[test]
    fn sources_are_forgotten_with_their_lines_and_others_keep_theirs() {
        let mut buffer = LogBuffer::new(1 << 20);
        buffer.apply(&source("a"), lines(&[1, 3]));
        buffer.apply(&source("b"), lines(&[2, 4]));
        buffer.retain(|one| one.pod_name == "b");
        assert_eq!((texts(&buffer), buffer.sources.len()), (vec!["2", "4"], 1));
        buffer.apply(&source("a"), lines(&[3]));
        assert_eq!(texts(&buffer), ["2", "3", "4"]);
        assert!(buffer.lines().all(|line| (line.source == 1) == (&*line.text == b"3")));
    }

    #[test]
    fn a_failed_source_keeps_its_lines() {
        let mut buffer = LogBuffer::new(1 << 20);
        buffer.apply(&source("a"), lines(&[1]));
        buffer.apply(&source("a"), LogChange::Failed("cut".into()));
        assert_eq!((buffer.len(), &buffer.sources[0].1), (1, &SourceState::Failed("cut".into())));
    }
}
