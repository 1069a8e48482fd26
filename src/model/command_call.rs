//! How a command is named by those who do not know the registry.

use super::owner::Subject;

/// A command with its target and what it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandCall {
    /// The command's id in the registry, such as `batch.resume`.
    pub id: &'static str,
    /// What it is done to.
    pub target: Subject,
    /// What is typed for it; empty where it wants nothing.
    pub argument: String,
}

impl CommandCall {
    /// A command that wants nothing.
    pub fn new(id: &'static str, target: Subject) -> Self {
        Self { id, target, argument: String::new() }
    }

    /// A command that is told something.
    pub fn with(id: &'static str, target: Subject, argument: impl Into<String>) -> Self {
        Self { id, target, argument: argument.into() }
    }
}
