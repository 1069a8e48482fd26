//! The commands that write, by what they do: data for the registry and for [`super::plan()`].

use crate::model::mutation::Verb;

/// What a command writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Sets `spec.suspend` of Jobs and CronJobs.
    Suspend(bool),
    /// Sets how many pods of a Job run at once.
    Parallelism,
    /// Sets how many indexes an Indexed Job has, and as many pods at once.
    Completions,
    /// Sets after how long a Job is ended.
    Deadline,
    /// Sets how many failures a Job may have.
    Backoff,
    /// Sets how long after its end a Job is deleted.
    Ttl,
    /// Sets a CronJob's schedule.
    Schedule,
    /// Sets the time zone of a CronJob's schedule.
    TimeZone,
    /// Sets how many ended runs of a CronJob are kept.
    History,
    /// Starts a run of a CronJob now.
    Trigger,
    /// Makes a new Job like this one.
    Rerun,
    /// Deletes a Job and makes it anew under its name.
    Replace,
    /// Deletes.
    Delete,
    /// Deletes a Pod where its disruption budgets allow it.
    Evict,
    /// Sets labels.
    Label,
    /// Sets annotations.
    Annotate,
    /// Deletes ended Jobs that are chosen by words.
    Clean,
}

impl Write {
    /// What it does, in words.
    pub const fn verb(self) -> Verb {
        let (plain, doing, done) = match self {
            Write::Suspend(true) => ("suspend", "suspending", "suspended"),
            Write::Suspend(false) => ("resume", "resuming", "resumed"),
            Write::Parallelism | Write::Completions => ("scale", "scaling", "scaled"),
            Write::Deadline => ("set the deadline of", "changing", "changed the deadline of"),
            Write::Backoff => ("set the backoff limit of", "changing", "changed the backoff limit of"),
            Write::Ttl => ("set the TTL of", "changing", "changed the TTL of"),
            Write::Schedule => ("set the schedule of", "changing", "changed the schedule of"),
            Write::TimeZone => ("set the time zone of", "changing", "changed the time zone of"),
            Write::History => ("set the history limits of", "changing", "changed the history limits of"),
            Write::Trigger => ("trigger", "triggering", "triggered"),
            Write::Rerun => ("rerun", "rerunning", "rerun"),
            Write::Replace => ("replace", "replacing", "replaced"),
            Write::Delete | Write::Clean => ("delete", "deleting", "deleted"),
            Write::Evict => ("evict", "evicting", "evicted"),
            Write::Label => ("label", "labelling", "labelled"),
            Write::Annotate => ("annotate", "annotating", "annotated"),
        };
        Verb { plain, doing, done }
    }

    /// What is typed behind it; None where nothing is.
    pub const fn argument(self) -> Option<&'static str> {
        match self {
            Write::Parallelism | Write::Completions | Write::Backoff => Some("NUMBER"),
            Write::Deadline | Write::Ttl => Some("DURATION|none"),
            Write::Schedule => Some("SCHEDULE"),
            Write::TimeZone => Some("ZONE|none"),
            Write::History => Some("SUCCESSFUL FAILED"),
            Write::Label | Write::Annotate => Some("KEY=VALUE… KEY-…"),
            Write::Clean => Some("finished|failed|complete [older=7d] [keep=3] [KEY=VALUE]"),
            _ => None,
        }
    }

    /// Why nothing is done where there is no target.
    pub(super) const fn nothing(self) -> &'static str {
        match self {
            Write::Clean => "no ended Job is so",
            Write::Delete | Write::Label | Write::Annotate => "there is no object under the cursor",
            Write::Evict => "there is no Pod under the cursor",
            Write::Trigger | Write::Schedule | Write::TimeZone | Write::History => {
                "there is no CronJob under the cursor"
            }
            Write::Suspend(_) => "there is no Job or CronJob under the cursor",
            _ => "there is no Job under the cursor",
        }
    }
}
