//! Questions to the server beyond what is watched, and what became of them.

use serde_json::Value;

use super::clock::Time;
use super::key::Uid;
use super::mutation::Address;

/// What became of a question for an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// It is there.
    Found(Value),
    /// It is not there.
    Missing,
    /// It could not be read: why, in words.
    Unreadable(String),
}

/// One run of a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// The pod.
    pub pod: Uid,
    /// The container's name.
    pub container: String,
    /// How many runs in this pod came before it.
    pub number: i32,
}

/// What triage needs to say more: one question to the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Need {
    /// A whole object; with an empty name all of its kind in the namespace, as [`Fact::Found`] with an array.
    Object(Address),
    /// The last lines of a container's run.
    Tail {
        /// Which run.
        run: Run,
        /// The pod's namespace.
        namespace: String,
        /// The pod's name.
        pod_name: String,
        /// It is the run before the present one, which the kubelet keeps as `previous`.
        is_previous: bool,
    },
    /// When a run that goes on said something last.
    LastLine {
        /// Which run.
        run: Run,
        /// The pod's namespace.
        namespace: String,
        /// The pod's name.
        pod_name: String,
    },
}

/// When a run said something last, by the clock of its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastLine {
    /// Then, and this.
    At(Time, String),
    /// It has said nothing at all.
    Never,
    /// Its log cannot be had.
    Unknown,
}

/// What became of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Need::Object`].
    Object(Fact),
    /// To [`Need::Tail`]: the last lines, oldest first; none where the log cannot be had (any more).
    Tail(Vec<String>),
    /// To [`Need::LastLine`].
    LastLine(LastLine),
}
