//! Logs: where lines come from, what a line is, and the lines of a subject merged by time in compact memory.
//!
//! A stream tells [`LogChange`]s of its [`LogSource`]; a [`LogStore`] keeps the lines of several sources; [`Scan`] finds
//! those that one looks for. Lines are bytes as they came: they pass [`super::styled_line`] before they are drawn.

mod block;
mod classify;
mod line;
mod pattern;
mod run;
mod scan;
mod source;
mod store;
mod structured;

pub use block::LogLine;
pub use classify::{Classifier, level_word};
pub use line::{LineClass, LogBatch, LogLevel};
pub use pattern::{LABEL, LineFilter, Search};
pub use run::LogRun;
pub use scan::{Next, Scan};
pub use source::{Follow, LogChange, LogSource, LogStart, Older, ReadUpTo, SourceState};
pub use store::{BlockId, LogStore, ReadSource, Shift, Stored, Stretch};
pub use structured::{Structured, pretty, structured};
