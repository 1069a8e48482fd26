//! The registry of rules: what each finds, in words for a person who meets its number.

use super::finding::{RuleId, Severity};

/// A rule as the documentation and `kubatch why -o json` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// Its name.
    pub name: &'static str,
    /// How bad what it finds is at most.
    pub severity: Severity,
    /// What it finds, in a sentence.
    pub about: &'static str,
}

const fn rule(id: &'static str, name: &'static str, severity: Severity, about: &'static str) -> Rule {
    Rule { id: RuleId(id), name, severity, about }
}

/// All rules, by number.
pub const RULES: &[Rule] = &[
    rule("T006", "quota-exceeded", Severity::Error, "A quota has no room for the Job's next pod."),
    rule(
        "T007",
        "quota-requires-resources",
        Severity::Critical,
        "A quota demands resources that the pod does not set.",
    ),
    rule("T080", "backoff-limit-exceeded", Severity::Error, "A Job failed as often as it may, and no cause is known."),
    rule("T081", "deadline-before-first-run", Severity::Error, "A Job's time was over before anything ran."),
    rule("T082", "deadline-while-working", Severity::Error, "A Job was stopped at its deadline while it worked."),
    rule("T083", "pod-failure-policy-failjob", Severity::Error, "A rule of the Job's own made a failure final."),
    rule("T084", "failed-indexes", Severity::Error, "Indexes of a Job failed for good."),
    rule("T085", "max-failed-indexes", Severity::Error, "More indexes failed than the Job allows."),
    rule("T086", "indexed-shared-backoff", Severity::Warning, "One index used up the retries that all of them share."),
    rule("T087", "success-policy-cut", Severity::Info, "A Job ended early because its success rule was met."),
    rule("T088", "logs-lost-on-failure", Severity::Warning, "A failed Job's pod was deleted together with its logs."),
    rule("T090", "hung-running", Severity::Warning, "A Job runs far longer than usual, and nothing will stop it."),
    rule("T091", "sidecar-keeps-running", Severity::Critical, "The work is done, but a container beside it runs on."),
    rule("T092", "pod-finalizer-stuck", Severity::Error, "An ended pod stays because a finalizer holds it."),
    rule("T093", "finishing-blocked-by-terminating-pods", Severity::Warning, "A decided Job waits for pods to stop."),
    rule("T094", "replacement-blocked", Severity::Error, "No pod is made in place of one that is lost but not gone."),
    rule("T095", "job-deletion-stuck", Severity::Warning, "A deleted Job does not go away."),
    rule(
        "T096",
        "work-queue-waiting",
        Severity::Info,
        "A work queue has had its first success and makes no new workers.",
    ),
    rule("T097", "partially-running", Severity::Warning, "Fewer pods run than the Job wants."),
    rule("T098", "status-lagging", Severity::Info, "The Job has not counted all of its ended pods yet."),
    rule("T100", "zombie-finished-jobs", Severity::Info, "A Job that ended long ago stays, since nothing deletes it."),
    rule("T101", "orphan-pods", Severity::Warning, "A pod was left behind by a Job that is gone."),
    rule("T102", "evidence-removed-by-ttl", Severity::Warning, "A failed Job is removed soon, or was, with its logs."),
    rule("T103", "events-expired", Severity::Info, "What happened is so old that its events are gone."),
    rule(
        "T104",
        "pods-garbage-collected",
        Severity::Info,
        "A failed Job's pods were removed, and their logs with them.",
    ),
    rule("T110", "cron-suspended", Severity::Info, "A CronJob is suspended."),
    rule("T111", "cron-never-scheduled", Severity::Info, "A CronJob's first run is still to come."),
    rule("T112", "cron-missed-window", Severity::Error, "A run could not start before its starting deadline."),
    rule("T113", "cron-too-many-missed", Severity::Warning, "So many runs were missed that the controller warns."),
    rule("T114", "cron-forbid-skips", Severity::Warning, "A run waits for the one before it, which must end first."),
    rule("T115", "cron-bad-schedule", Severity::Critical, "A schedule cannot be read, or never fires."),
    rule("T116", "cron-bad-timezone", Severity::Critical, "A time zone is not known to the controller."),
    rule("T117", "cron-success-too-old", Severity::Error, "Runs start, but the last success is too long ago."),
    rule("T118", "cron-failing-streak", Severity::Error, "Several runs in a row failed."),
    rule("T119", "cron-pile-up", Severity::Error, "Runs take longer than the time between them and pile up."),
    rule("T120", "cron-replace-kills", Severity::Error, "Each run is deleted by the one after it."),
    rule("T121", "cron-create-failed", Severity::Critical, "The API server refuses the Job of a run."),
    rule("T122", "cron-unexpected-job", Severity::Info, "The controller warns of a run that it did not start."),
    rule("T123", "cron-dst", Severity::Info, "The change of the clocks leaves a run out or doubles it."),
    rule("T124", "cron-history-grows", Severity::Warning, "A CronJob keeps very many Jobs."),
    rule("T125", "cron-overdue-silently", Severity::Critical, "A run is overdue, and the controller says nothing."),
];
