//! Writes as data: what is to become of which object. `command` plans them, `app` asks before it has them sent,
//! `cluster::execute` sends them and nothing else does.

use super::key::{Kind, ObjectKey, Uid};
use super::snapshot::Snapshot;

/// One write to one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The object by its name, for the request's address.
    pub target: ObjectKey,
    /// The object that is meant. The server refuses where another one has its name by now.
    pub uid: Uid,
    /// What is to become of it.
    pub change: Set,
}

/// A value that is set. Never "the other one": what a person saw and confirmed is what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// `spec.suspend` of a Job or a CronJob.
    Suspend(bool),
}

impl Set {
    /// What is done, for "cannot …" and for questions: `suspend`.
    pub const fn verb(self) -> &'static str {
        match self {
            Set::Suspend(true) => "suspend",
            Set::Suspend(false) => "resume",
        }
    }

    /// What the row says until the watch shows it: `suspending`.
    pub const fn under_way(self) -> &'static str {
        match self {
            Set::Suspend(true) => "suspending",
            Set::Suspend(false) => "resuming",
        }
    }
}

impl Mutation {
    /// Whether the snapshot shows what was wanted; None where the object is gone.
    pub fn is_seen(&self, snapshot: &Snapshot) -> Option<bool> {
        let Set::Suspend(wanted) = self.change;
        match self.target.kind {
            Kind::Job => snapshot.jobs.get(self.uid).map(|job| job.suspend == wanted),
            Kind::CronJob => snapshot.cronjobs.get(self.uid).map(|cronjob| cronjob.suspend == wanted),
            _ => None,
        }
    }
}

impl std::fmt::Display for Mutation {
    /// `suspend job/settle-2990`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.change.verb(), self.target)
    }
}
