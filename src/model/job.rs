//! Jobs: the slim row of a batch/v1 Job.

use compact_str::CompactString;

use super::clock::Time;
use super::key::Kind;
use super::meta::{Meta, Object};

/// What is kept of a Job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Identity, owner, labels.
    pub meta: Meta,
    /// `spec.parallelism`; the server fills in 1.
    pub parallelism: Option<i32>,
    /// `spec.completions`; None is the work-queue shape, where one success is enough.
    pub completions: Option<i32>,
    /// `spec.backoffLimit`: failures allowed before the Job fails. None where the server sent none.
    pub backoff_limit: Option<i32>,
    /// `spec.backoffLimitPerIndex`: failures allowed for each index.
    pub backoff_limit_per_index: Option<i32>,
    /// `spec.activeDeadlineSeconds`, counted from `started`.
    pub active_deadline_seconds: Option<i64>,
    /// `spec.ttlSecondsAfterFinished`: the Job is deleted so long after its end.
    pub ttl_seconds_after_finished: Option<i64>,
    /// `spec.completionMode` is `Indexed`.
    pub indexed: bool,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `spec.managedBy` where it names another controller than the built-in one.
    pub managed_by: Option<CompactString>,
    /// `status.startTime`: first handled while not suspended; not the time a pod started.
    pub started: Option<Time>,
    /// `status.completionTime`: set for `Complete` only, never for failed Jobs.
    pub completed: Option<Time>,
    /// `status.active`: pending and running pods. Wrong during a retry delay (the controller sets it to 0).
    pub active: i32,
    /// `status.ready`: active pods that are ready.
    pub ready: i32,
    /// `status.succeeded`.
    pub succeeded: i32,
    /// `status.failed`.
    pub failed: i32,
    /// `status.terminating`: pods being deleted that have not ended.
    pub terminating: i32,
    /// `status.completedIndexes`, such as `1,3-5`; empty where none.
    pub completed_indexes: CompactString,
    /// `status.failedIndexes`; only with a limit per index.
    pub failed_indexes: CompactString,
    /// `status.conditions` whose status is True, in the server's order.
    pub conditions: Vec<Condition>,
}

/// One entry of `status.conditions` that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `type`: `Complete`, `Failed`, `Suspended`, `FailureTarget`, `SuccessCriteriaMet`.
    pub kind: CompactString,
    /// `reason`, one word.
    pub reason: CompactString,
    /// `message`, a sentence.
    pub message: CompactString,
    /// `lastTransitionTime`.
    pub since: Option<Time>,
}

impl Object for Job {
    const KIND: Kind = Kind::Job;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Job {
    /// The condition of this type where it is True.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// How many successes the Job wants: `completions`, or 1 for a work queue.
    pub fn wanted(&self) -> i32 {
        self.completions.unwrap_or(1)
    }

    /// The Job is over: Complete **or** Failed. `FailureTarget` and `SuccessCriteriaMet` are decisions, not ends.
    pub fn is_finished(&self) -> bool {
        self.is_complete() || self.is_failed()
    }

    /// The Job is over, or how it ends is decided: it makes no more pods.
    pub fn is_decided(&self) -> bool {
        self.is_finished() || ["FailureTarget", "SuccessCriteriaMet"].iter().any(|kind| self.condition(kind).is_some())
    }

    /// The Job is over, and succeeded.
    pub fn is_complete(&self) -> bool {
        self.condition("Complete").is_some()
    }

    /// The Job is over, and failed.
    pub fn is_failed(&self) -> bool {
        self.condition("Failed").is_some()
    }

    /// When the Job ended. For failed Jobs the API sets no `completionTime`; the `Failed` condition's transition is it.
    pub fn ended(&self) -> Option<Time> {
        self.completed.or_else(|| self.condition("Failed").and_then(|failed| failed.since))
    }

    /// Seconds until the TTL controller may delete the finished Job (`spec.ttlSecondsAfterFinished`, counted from its
    /// end); never negative. None where it is not finished, has no TTL or is being deleted already.
    pub fn gone_in(&self, now: Time) -> Option<i64> {
        let ttl = self.ttl_seconds_after_finished.filter(|_| self.is_finished() && self.meta.deleted.is_none())?;
        Some(self.ended()?.plus_seconds(ttl).seconds_since(now).max(0))
    }

    /// Seconds until the Job fails with `DeadlineExceeded` (`spec.activeDeadlineSeconds`, counted from
    /// `status.startTime`, which a suspension takes away); never negative. None where it is over, is suspended, is being
    /// deleted or has no deadline.
    pub fn stops_in(&self, now: Time) -> Option<i64> {
        let is_counting = !self.is_finished() && !self.suspend && self.meta.deleted.is_none();
        let deadline = self.active_deadline_seconds.filter(|_| is_counting)?;
        Some(self.started?.plus_seconds(deadline).seconds_since(now).max(0))
    }

    /// Seconds that the Job ran, up to `now` where it still runs. None before it started. Unlike kubectl's column this
    /// stops when a Job fails.
    pub fn duration(&self, now: Time) -> Option<i64> {
        self.started.map(|started| self.ended().unwrap_or(now).seconds_since(started).max(0))
    }
}
