//! What a line is, from its start alone: its level.

use super::line::{LineClass, LogLevel};

/// Bytes that are searched: levels stand at the start, and a line may be megabytes long.
const SEARCHED: usize = 1024;

/// Tells what the lines of one source are, in their order.
#[derive(Debug, Clone, Default)]
pub struct Classifier;

impl Classifier {
    /// What this line is, which follows those that were asked about before.
    pub fn class(&mut self, line: &[u8]) -> LineClass {
        let start = &line[..line.len().min(SEARCHED)];
        let is_bad = ["ERROR", "FATAL", "panic"]
            .iter()
            .any(|word| start.windows(word.len()).any(|part| part == word.as_bytes()));
        LineClass::of(is_bad.then_some(LogLevel::Error))
    }
}
