//! What triage says: findings, the evidence that they stand on, and what fixes them.

use crate::model::clock::Time;
use crate::model::command_call::CommandCall;
use crate::model::key::{ObjectKey, Uid};
use crate::model::owner::Subject;

/// One answer to the question why: what is wrong with a subject, or what it waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule that found it; [`super::RULES`] describes it.
    pub rule: RuleId,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it is about.
    pub subject: Subject,
    /// The cause in full sentences, with the actual things named: first sentence what is so, then what follows.
    pub verdict: String,
    /// The cause in a few words for a row of a list, the most telling first.
    pub short: String,
    /// What came of it, where that is known: `gave up after 3 tries (limit 2)`; empty where it is not.
    pub effect: String,
    /// What it stands on, strongest first.
    pub evidence: Vec<Evidence>,
    /// What fixes it, best first.
    pub fixes: Vec<Fix>,
    /// Since when it has been so, where that is known.
    pub since: Option<Time>,
    /// What makes two findings the same cause, so that tries, Jobs and the inbox are grouped by it: the rule with what
    /// it names, such as `T062/etl`.
    pub group: String,
}

/// A rule's number in the catalogue, such as `T006`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub &'static str);

/// How bad a finding is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It cannot succeed without a change.
    Critical,
    /// It failed, or is failing.
    Error,
    /// It is delayed, at risk, or its evidence is.
    Warning,
    /// An explanation of what is as it should be.
    Info,
}

impl Severity {
    /// The word in lists and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }

    /// Something is wrong, so that `kubatch why` exits with 1.
    pub const fn is_problem(self) -> bool {
        !matches!(self, Severity::Info)
    }
}

/// How sure a finding is, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// A condition or a status field says so.
    Certain,
    /// Events or messages say so.
    Likely,
    /// It looks like it.
    Guess,
}

impl Confidence {
    /// The word in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Guess => "guess",
        }
    }
}

/// One piece that a finding stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where it was read.
    pub source: Source,
    /// What was read there.
    pub words: String,
    /// When it was so, where that is known.
    pub at: Option<Time>,
}

/// Where evidence was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A field of an object.
    Field {
        /// Which object.
        object: ObjectKey,
        /// Its path, such as `status.conditions[Failed].reason`.
        path: String,
    },
    /// An event.
    Event {
        /// The event itself.
        uid: Uid,
        /// What it is about, such as `job/settle-2990`.
        about: String,
        /// Its reason.
        reason: String,
    },
    /// A line of a container's log.
    Log {
        /// The pod.
        pod: ObjectKey,
        /// The container.
        container: String,
    },
}

/// Something that would help.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What it does, as an order: `raise the memory limit to 768Mi and rerun`.
    pub words: String,
    /// The command that does it; None where it is done elsewhere, and the words say where.
    pub call: Option<CommandCall>,
}

impl Fix {
    /// Something that a command does.
    pub fn by(words: impl Into<String>, call: CommandCall) -> Self {
        Self { words: words.into(), call: Some(call) }
    }

    /// Something that is done elsewhere.
    pub fn outside(words: impl Into<String>) -> Self {
        Self { words: words.into(), call: None }
    }
}
