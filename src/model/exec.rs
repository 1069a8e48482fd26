//! Reaching into containers, as plain data: which one, how a terminal is joined to it, what a command told.

use compact_str::CompactString;

use super::key::{ObjectKey, Uid};

/// A container of a pod, by its names: the API reaches into pods by name alone, whatever their UID.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContainerKey {
    /// The pod.
    pub pod: ObjectKey,
    /// The container's name.
    pub container: CompactString,
}

impl std::fmt::Display for ContainerKey {
    /// `pod/settle-2990-x7k2p, container main`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, container {}", self.pod, self.container)
    }
}

/// What a terminal is joined to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// A shell that is started in the container.
    Shell,
    /// The container's own process, such as a debug container's shell.
    Attach,
}

impl Join {
    /// What is done, for "cannot …".
    pub const fn verb(self) -> &'static str {
        match self {
            Join::Shell => "open a shell in",
            Join::Attach => "attach to",
        }
    }
}

/// A container that is to be put into a running pod to look around in it (`spec.ephemeralContainers`). It stays in the
/// pod's spec as long as the pod lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugContainer {
    /// The container whose processes it is to see, and its pod.
    pub target: ContainerKey,
    /// The pod that is meant. The server refuses where another one has its name by now.
    pub uid: Uid,
    /// Its own name: none that the pod has already.
    pub name: CompactString,
    /// Its image, whose own command is a shell.
    pub image: String,
}

impl DebugContainer {
    /// Where it is.
    pub fn key(&self) -> ContainerKey {
        ContainerKey { pod: self.target.pod.clone(), container: self.name.clone() }
    }
}

impl std::fmt::Display for DebugContainer {
    /// `add container debug-1 (busybox:1.36) to pod/settle-2990-x7k2p`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "add container {} ({}) to {}", self.name, self.image, self.target.pod)
    }
}

/// What a command told that was run in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandOutput {
    /// What it wrote to standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub end: CommandEnd,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandEnd {
    /// With this exit code; above 128 it is 128 + the signal.
    Exit(i32),
    /// It was left while it wrote more than so many bytes.
    TooLong(usize),
    /// It was left while it still ran after so many seconds.
    TooLate(u64),
}

/// What becomes of a file or folder that is copied out of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyProgress {
    /// So many bytes have come so far.
    Bytes(u64),
    /// It is whole.
    Saved {
        /// Where it is.
        path: std::path::PathBuf,
        /// How long it is.
        bytes: u64,
        /// What its program complained of all the same; empty for nothing.
        complaints: String,
    },
    /// It is not saved, and nothing is left of it. Why, in words.
    Failed(String),
}
