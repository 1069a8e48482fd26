//! The parts of a batch/v1 CronJob that are read.

use compact_str::CompactString;
use serde::Deserialize;

use super::{MetaWire, ReferenceWire};
use crate::model::clock::Time;
use crate::model::cronjob::{Concurrency, CronJob};
use crate::model::key::Uid;
use crate::model::schedule::Schedule;

/// batch/v1 CronJob.
#[derive(Deserialize)]
pub struct CronJobWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    spec: CronJobSpecWire,
    #[serde(default)]
    status: CronJobStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CronJobSpecWire {
    schedule: CompactString,
    time_zone: Option<CompactString>,
    suspend: Option<bool>,
    concurrency_policy: CompactString,
    starting_deadline_seconds: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CronJobStatusWire {
    active: Vec<ReferenceWire>,
    last_schedule_time: Option<Time>,
    last_successful_time: Option<Time>,
}

impl From<CronJobWire> for CronJob {
    fn from(wire: CronJobWire) -> Self {
        let CronJobWire { metadata, spec, status } = wire;
        CronJob {
            meta: metadata.into(),
            plan: Schedule::parse(&spec.schedule, spec.time_zone.as_deref()).map_err(|error| error.to_string()),
            schedule: spec.schedule,
            time_zone: spec.time_zone,
            suspend: spec.suspend.unwrap_or_default(),
            concurrency: match spec.concurrency_policy.as_str() {
                "Forbid" => Concurrency::Forbid,
                "Replace" => Concurrency::Replace,
                _ => Concurrency::Allow,
            },
            starting_deadline_seconds: spec.starting_deadline_seconds,
            active: status.active.iter().map(|reference| Uid::new(&reference.uid)).collect(),
            last_schedule: status.last_schedule_time,
            last_success: status.last_successful_time,
        }
    }
}
