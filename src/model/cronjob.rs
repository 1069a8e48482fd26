//! CronJobs: the slim row of a batch/v1 CronJob.

use compact_str::CompactString;

use super::clock::Time;
use super::key::{Kind, Uid};
use super::meta::{Meta, Object};
use super::schedule::{Schedule, base_time};

/// What is kept of a CronJob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronJob {
    /// Identity and labels.
    pub meta: Meta,
    /// `spec.schedule`, five fields or a descriptor such as `@daily`.
    pub schedule: CompactString,
    /// `spec.timeZone`; None is the controller-manager's own zone, nearly always UTC.
    pub time_zone: Option<CompactString>,
    /// The two above, understood; or why the controller cannot read them. Kept, since reading may open zone files.
    pub plan: Result<Schedule, String>,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `spec.concurrencyPolicy`.
    pub concurrency: Concurrency,
    /// `spec.startingDeadlineSeconds`: how late a run may still start.
    pub starting_deadline_seconds: Option<i64>,
    /// `status.active`: UIDs of running Jobs; runs started by hand are not in it.
    pub active: Vec<Uid>,
    /// `status.lastScheduleTime`: the planned time of the newest run that was started.
    pub last_schedule: Option<Time>,
    /// `status.lastSuccessfulTime`: when the newest successful run ended.
    pub last_success: Option<Time>,
}

/// `spec.concurrencyPolicy`: what happens when a run is due while another is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concurrency {
    /// Both run.
    #[default]
    Allow,
    /// The new one waits.
    Forbid,
    /// The old one is deleted.
    Replace,
}

impl Object for CronJob {
    const KIND: Kind = Kind::CronJob;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl CronJob {
    /// The next planned time after `now`, as the controller will find it: None where it is suspended, where the
    /// schedule cannot be read, and where it never fires. A missed run that is still due is no planned time.
    pub fn next_run(&self, now: Time) -> Option<Time> {
        if self.suspend {
            return None;
        }
        let plan = self.plan.as_ref().ok()?;
        let base = self.last_schedule.or(self.meta.created).unwrap_or(now);
        plan.next_run(base.to_timestamp(), now.to_timestamp()).map(Time::from_timestamp)
    }

    /// The first planned time up to `now` that is due and was not started, as the controller sees it: runs that are later
    /// than the starting deadline are not due any more. None where there is none, where the schedule cannot be read and
    /// where the age is not known.
    pub fn due_since(&self, now: Time) -> Option<Time> {
        let plan = self.plan.as_ref().ok()?;
        let last = self.last_schedule.map(Time::to_timestamp);
        let created = self.meta.created?.to_timestamp();
        let base = base_time(created, last, self.starting_deadline_seconds, now.to_timestamp());
        plan.next_after(base).map(Time::from_timestamp).filter(|due| *due <= now)
    }
}
