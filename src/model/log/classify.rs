//! What a line is, from its start alone: its level, and whether it goes on with a stack trace.
//!
//! It runs for every line that is read, so it looks at each byte of the start about once and allocates nothing.

mod level;
mod trace;

use super::line::{LineClass, LogLevel};
pub use level::level_word;
pub(super) use level::{is_level_key, level_of, level_of_number};

/// Bytes that are looked at: what a line is stands at its start, and a line may be megabytes long.
const SEARCHED: usize = 512;

/// Tells what the lines of one source are, in their order.
#[derive(Debug, Clone, Default)]
pub struct Classifier {
    trace: trace::Trace,
    /// The level of the last line that began something: what goes on with it has the same.
    level: Option<LogLevel>,
}

impl Classifier {
    /// What this line is, which follows those that were asked about before. A line that goes on with an earlier one has
    /// that one's level, so that a filter by level keeps both or none.
    pub fn class(&mut self, line: &[u8]) -> LineClass {
        let start = &line[..line.len().min(SEARCHED)];
        if self.trace.continues(start) {
            return LineClass::of(self.level).continuing();
        }
        self.level = level::level(start);
        self.trace.began(start, self.level);
        LineClass::of(self.level)
    }
}

#[cfg(test)]
mod tests;
