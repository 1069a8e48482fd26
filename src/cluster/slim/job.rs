//! The parts of a batch/v1 Job that are read.

use compact_str::CompactString;
use serde::Deserialize;

use super::{ConditionWire, MetaWire};
use crate::model::clock::Time;
use crate::model::job::{Condition, Job};

/// batch/v1 Job.
#[derive(Deserialize)]
pub struct JobWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    spec: JobSpecWire,
    #[serde(default)]
    status: JobStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct JobSpecWire {
    parallelism: Option<i32>,
    completions: Option<i32>,
    backoff_limit: Option<i32>,
    backoff_limit_per_index: Option<i32>,
    active_deadline_seconds: Option<i64>,
    ttl_seconds_after_finished: Option<i64>,
    completion_mode: Option<CompactString>,
    suspend: Option<bool>,
    managed_by: Option<CompactString>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct JobStatusWire {
    start_time: Option<Time>,
    completion_time: Option<Time>,
    active: i32,
    ready: Option<i32>,
    succeeded: i32,
    failed: i32,
    terminating: Option<i32>,
    completed_indexes: CompactString,
    failed_indexes: Option<CompactString>,
    conditions: Vec<ConditionWire>,
}

/// The built-in Job controller's own name in `spec.managedBy`.
const BUILT_IN: &str = "kubernetes.io/job-controller";

impl From<JobWire> for Job {
    fn from(wire: JobWire) -> Self {
        let JobWire { metadata, spec, status } = wire;
        let mut conditions: Vec<Condition> =
            status.conditions.into_iter().filter(|one| one.status == "True").map(Into::into).collect();
        conditions.shrink_to_fit();
        Job {
            meta: metadata.into(),
            parallelism: spec.parallelism,
            completions: spec.completions,
            backoff_limit: spec.backoff_limit,
            backoff_limit_per_index: spec.backoff_limit_per_index,
            active_deadline_seconds: spec.active_deadline_seconds,
            ttl_seconds_after_finished: spec.ttl_seconds_after_finished,
            indexed: spec.completion_mode.is_some_and(|mode| mode == "Indexed"),
            suspend: spec.suspend.unwrap_or_default(),
            managed_by: spec.managed_by.filter(|manager| manager != BUILT_IN),
            started: status.start_time,
            completed: status.completion_time,
            active: status.active,
            ready: status.ready.unwrap_or_default(),
            succeeded: status.succeeded,
            failed: status.failed,
            terminating: status.terminating.unwrap_or_default(),
            completed_indexes: status.completed_indexes,
            failed_indexes: status.failed_indexes.unwrap_or_default(),
            conditions,
        }
    }
}

/// Messages that the Job controller writes in every Job of their kind (`pkg/controller/job/job_controller.go`): kept
/// once for all of them.
const REPEATED_MESSAGES: [&str; 4] = [
    "Reached expected number of succeeded pods",
    "Job has reached the specified backoff limit",
    "Job was active longer than specified deadline",
    "Job has failed indexes",
];

impl From<ConditionWire> for Condition {
    fn from(wire: ConditionWire) -> Self {
        let repeated = REPEATED_MESSAGES.into_iter().find(|message| wire.message == *message);
        Condition {
            kind: wire.kind,
            reason: wire.reason,
            message: repeated.map_or(wire.message, CompactString::const_new),
            since: wire.last_transition_time,
        }
    }
}
