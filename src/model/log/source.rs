//! Where lines come from, and what the streams tell of them.

use compact_str::CompactString;

use super::line::LogBatch;
use crate::model::clock::Time;
use crate::model::key::Uid;

/// One run of one container of one pod: it has a log of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogSource {
    /// The pod's UID.
    pub pod: Uid,
    /// The pod's namespace.
    pub namespace: CompactString,
    /// The pod's name.
    pub pod_name: CompactString,
    /// The container.
    pub container: CompactString,
    /// How often the container had been started again when this run began.
    pub restarts: i32,
}

/// A log that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Whose.
    pub source: LogSource,
    /// The container was started again since: the kubelet gives this run's log as the one before, whole, and it does not
    /// grow.
    pub is_previous: bool,
    /// Where it begins, should it not be read already.
    pub start: LogStart,
    /// Tells what this stream tells from what an earlier one of the same source told that is still on its way.
    pub stream: u64,
}

/// Where in a log the reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStart {
    /// So many lines before its end.
    Tail(u32),
    /// Its first line.
    First,
    /// This moment.
    Since(Time),
    /// Behind what was read before.
    After(ReadUpTo),
}

/// How far a log was read. Lines have no numbers: a line is told from its neighbours by its time, and among those of the
/// same time by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadUpTo {
    /// The time of the last line that was read; read backwards, of the first.
    pub time: Time,
    /// How many lines of exactly that time were read.
    pub repeated: u32,
}

/// Lines that lie before those that are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Older {
    /// Whose.
    pub source: LogSource,
    /// The container was started again since.
    pub is_previous: bool,
    /// The first line that is known.
    pub before: ReadUpTo,
    /// Where to begin: [`LogStart::Tail`] counts from the log's end, known lines included.
    pub start: LogStart,
    /// Comes back with the answer.
    pub stream: u64,
}

/// What a log stream tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogChange {
    /// Lines, in the order of their source, behind those that came before; none where a stream that had failed stands
    /// again.
    Lines(LogBatch),
    /// Lines before the first that is known, in their order; the answer to [`Older`].
    Older {
        /// The lines.
        batch: LogBatch,
        /// Nothing lies before them: the log begins here.
        is_start: bool,
    },
    /// Older lines could not be read; why.
    NoOlder(String),
    /// Between these times lines are missing, or may be: the server has thrown them away.
    Gap {
        /// The last line before.
        from: Time,
        /// The first line behind.
        to: Time,
    },
    /// The stream ended: the container ended and everything it wrote was read.
    Ended,
    /// The stream broke or could not start; the words say why. It is tried again.
    Failed(String),
}

impl SourceState {
    /// Nothing more comes.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended | Self::Failed(_))
    }
}

/// Whether a source still brings lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// Asked for; nothing came yet.
    Opening,
    /// Lines come.
    Open,
    /// All lines are here.
    Ended,
    /// It broke; why.
    Failed(String),
}
