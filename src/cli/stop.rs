//! What ends a command before it did anything.

use super::next_step;
use crate::manifest_file::Unreadable;
use crate::model::delta::Failure;

/// Nothing could be done: why, and the next step. Exit code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Stop {
    pub(in crate::cli) message: String,
    pub(in crate::cli) hint: String,
}

impl Stop {
    pub(in crate::cli) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    pub(in crate::cli) fn of(failure: &Failure) -> Self {
        Self::new(&failure.message, next_step(failure))
    }
}

impl From<Unreadable> for Stop {
    fn from(Unreadable { message, hint }: Unreadable) -> Self {
        Self::new(message, hint)
    }
}
