//! CronJobs: why no run starts, why runs fail or get into each other's way, and what the schedule does to them.
//!
//! When a run was due is computed as the controller computes it ([`crate::model::schedule`]); its events are in
//! `pkg/controller/cronjob/cronjob_controllerv2.go`. What runs ended of is found by examining their Jobs.

mod clocks;
mod refused;
mod runs;
mod starts;

use super::Case;
use super::finding::{Confidence, Evidence, Finding, Fix, RuleId, Severity};
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::cronjob::{Concurrency, CronJob};
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::pod::PodPhase;
use crate::model::schedule::Schedule;

/// What is wrong with a CronJob: why it starts no run, else what becomes of its runs, then what explains it.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let Some(row) = case.cronjob.filter(|row| row.meta.deleted.is_none()) else { return Vec::new() };
    let cron = Cron { case, row, plan: row.plan.as_ref().ok(), outcomes: outcomes(case, row) };
    // The first that holds says why it does not start; those behind it are what comes of it.
    let starts = [
        starts::bad_zone,
        starts::bad_schedule,
        starts::never_in_time,
        starts::suspended,
        refused::create_failed,
        starts::forbidden,
        starts::missed,
        starts::overdue,
        starts::first_run,
    ];
    let mut findings: Vec<Finding> = starts.into_iter().find_map(|rule| rule(&cron)).into_iter().collect();
    let starts = findings.iter().all(|finding| finding.rule.0 == "T111");
    if let Some(crowd) = runs::pile_up(&cron).or_else(|| runs::replaced(&cron)) {
        findings.push(crowd);
    } else if starts {
        findings.extend(runs::failing(&cron));
    }
    // What keeps a run from its end comes before what that run holds up.
    let is_held_up = |finding: &&mut Finding| matches!(finding.rule.0, "T114" | "T119" | "T120");
    let held_up = findings.iter_mut().find(is_held_up);
    let cause = runs::cause(&cron, held_up.is_some());
    match (cause, held_up) {
        (Some((run, cause)), Some(held_up)) if !run.is_finished() && cause.confidence != Confidence::Guess => {
            let effect = format!("{}; {}", cause.effect, held_up.short);
            findings.insert(0, Finding { effect, ..cause });
        }
        (cause, _) => findings.extend(cause.map(|(_, cause)| cause)),
    }
    findings.extend([starts::too_many_missed, starts::short_deadline].into_iter().filter_map(|rule| rule(&cron)));
    findings
        .extend([runs::evidence_removed, runs::history, runs::unexpected].into_iter().filter_map(|rule| rule(&cron)));
    findings.extend(clocks::changed(&cron));
    findings
}

/// A CronJob with what is known of its runs.
struct Cron<'c, 'a> {
    case: &'c Case<'a>,
    row: &'a CronJob,
    plan: Option<&'a Schedule>,
    /// How runs ended, newest first; runs that go on are not among them.
    outcomes: Vec<Outcome<'a>>,
}

/// How a run ended.
struct Outcome<'a> {
    name: String,
    /// When it was made, or planned.
    at: Time,
    has_failed: bool,
    /// None where it is gone and only an event is left.
    job: Option<&'a Job>,
}

impl<'a> Cron<'_, 'a> {
    fn finding(&self, rule: &'static str, severity: Severity, evidence: Vec<Evidence>) -> Finding {
        Finding {
            rule: RuleId(rule),
            severity,
            confidence: Confidence::Certain,
            subject: self.case.subject,
            verdict: String::new(),
            short: String::new(),
            effect: String::new(),
            evidence,
            fixes: Vec::new(),
            since: None,
            group: format!("{rule}/{}/{}", self.row.meta.namespace, self.row.meta.name),
        }
    }

    fn now(&self) -> Time {
        self.case.known.now
    }

    /// The newest event about the CronJob with this reason.
    fn event(&self, reason: &str) -> Option<&'a Event> {
        self.case.events(self.row, reason).into_iter().next()
    }

    /// The runs that `status.active` lists and that are not over, None for one that is not known. The controller takes
    /// those that are over from the list, which may take a moment.
    fn active(&self) -> Vec<Option<&'a Job>> {
        let listed = self.row.active.iter().map(|uid| self.case.known.snapshot.jobs.get(*uid));
        listed.filter(|job| job.is_none_or(|job| !job.is_finished())).collect()
    }

    /// A moment as the schedule's zone writes it: `2026-06-01 03:00 UTC`.
    fn moment(&self, time: Time) -> String {
        let zone = self.plan.map_or(jiff::tz::TimeZone::UTC, |plan| plan.zone().clone());
        time.to_timestamp().to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string()
    }

    /// The planned times after a moment and up to now, the first hundred and one of them.
    fn planned_since(&self, after: Time) -> Vec<Time> {
        let Some(plan) = self.plan else { return Vec::new() };
        let planned = plan.upcoming(after.to_timestamp(), MANY_PLANS + 1).map(Time::from_timestamp);
        planned.take_while(|time| *time <= self.now()).collect()
    }

    /// Seconds from the next planned time to the one after it.
    fn interval(&self) -> Option<i64> {
        let mut planned = self.plan?.upcoming(self.now().to_timestamp(), 2).map(Time::from_timestamp);
        let (first, second) = (planned.next()?, planned.next()?);
        Some(second.seconds_since(first))
    }

    /// What a run takes that succeeds, in seconds: the middle one of those that are kept.
    fn usual(&self) -> Option<i64> {
        let complete = self.case.runs.iter().filter(|run| run.is_complete());
        let mut spans: Vec<i64> = complete.filter_map(|run| run.duration(self.now())).collect();
        spans.sort_unstable();
        spans.get(spans.len() / 2).copied()
    }

    /// Since when a run is there, in seconds: since it began, or was made where it has not begun.
    fn age(&self, run: &Job) -> i64 {
        run.started.or(run.meta.created).map_or(0, |since| self.case.known.ago(since))
    }

    /// A pod of the run runs; without one it may wait as well.
    fn is_at_work(&self, run: &Job) -> bool {
        self.case.known.snapshot.pods_of(run.meta.uid).any(|pod| pod.phase == PodPhase::Running)
    }

    /// Changes fields of the CronJob, in the form that `manifest::assign` reads; where nobody knows what to write, none.
    fn edit(&self, words: impl Into<String>, changes: impl Into<String>) -> Fix {
        Fix::by(words, CommandCall::with("object.edit", self.case.subject, changes))
    }

    /// Ends runs that hang before the next is due.
    fn deadline_for_runs(&self) -> Fix {
        let limit = self.interval().map(|between| (between * 9 / 10).max(1));
        let words = match limit {
            Some(limit) => format!("end runs that take longer than {}: a deadline for them", short_duration(limit)),
            None => "give the runs a deadline below the time between them".to_owned(),
        };
        let changes = limit.map(|limit| format!("spec.jobTemplate.spec.activeDeadlineSeconds={limit}"));
        self.edit(words, changes.unwrap_or_default())
    }

    fn run_now(&self, words: &str) -> Fix {
        Fix::by(words, CommandCall::new("cronjob.trigger", self.case.subject))
    }
}

/// More planned times than this are "more than a hundred": nobody counts further.
const MANY_PLANS: usize = 100;

/// `14 planned runs`, `more than 100 planned runs`.
fn plans(count: usize) -> String {
    match count {
        1 => "1 planned run".to_owned(),
        count if count > MANY_PLANS => format!("more than {MANY_PLANS} planned runs"),
        count => format!("{count} planned runs"),
    }
}

/// `every 5m`, `every 24h`.
fn every(seconds: i64) -> String {
    format!("every {}", short_duration(seconds))
}

fn of_job(job: &Job) -> Subject {
    Subject { kind: Kind::Job, uid: job.meta.uid }
}

/// The planned time in the name of a Job that the controller made: `report-29631480` is so many minutes after the epoch.
fn planned_in(name: &str, cronjob: &CronJob) -> Option<Time> {
    let minutes = name.strip_prefix(cronjob.meta.name.as_str())?.strip_prefix('-')?;
    let is_number = !minutes.is_empty() && minutes.bytes().all(|byte| byte.is_ascii_digit());
    let minutes = minutes.parse::<i64>().ok().filter(|_| is_number)?;
    Some(Time::from_seconds(minutes.checked_mul(60)?))
}

/// How runs ended: those that are kept, and those of which an event is left.
fn outcomes<'a>(case: &Case<'a>, row: &CronJob) -> Vec<Outcome<'a>> {
    let ended = case.runs.iter().filter(|run| run.is_finished()).filter_map(|run| {
        let (name, has_failed, job) = (run.meta.name.to_string(), run.is_failed(), Some(*run));
        Some(Outcome { at: run.meta.created.or(run.started)?, name, has_failed, job })
    });
    let mut outcomes: Vec<Outcome<'a>> = ended.collect();
    for event in case.events(row, "SawCompletedJob") {
        // `Saw completed job: report-29631480, condition: Failed`
        let told = event.note.strip_prefix("Saw completed job: ").and_then(|rest| rest.split_once(", condition: "));
        let Some((name, condition)) = told else { continue };
        if outcomes.iter().any(|one| one.name == name) || case.runs.iter().any(|run| run.meta.name == name) {
            continue;
        }
        let Some(at) = planned_in(name, row).or(event.last) else { continue };
        outcomes.push(Outcome { name: name.to_owned(), at, has_failed: condition == "Failed", job: None });
    }
    outcomes.extend(deleted_failures(case, row, &outcomes));
    // A success whose Job is gone, maybe without an event, is known by its time.
    let is_kept = case.runs.iter().any(|run| run.is_complete() && run.ended() >= row.last_success);
    outcomes.extend(row.last_success.filter(|_| !is_kept).map(|at| Outcome {
        name: String::new(),
        at,
        has_failed: false,
        job: None,
    }));
    outcomes.sort_by_key(|one| std::cmp::Reverse(one.at));
    outcomes
}

/// So long after it deleted a run the controller has written that it succeeded: both are done in the same pass.
const WRITTEN_SECONDS: i64 = 10;

/// Failed runs that the controller deleted before it could say how they ended, as it does with a history limit of 0. It
/// deletes none that goes on, but with `Replace`; and a success would stand in `status.lastSuccessfulTime`.
fn deleted_failures<'a>(case: &Case<'a>, row: &CronJob, known: &[Outcome<'a>]) -> Vec<Outcome<'a>> {
    if row.concurrency == Concurrency::Replace {
        return Vec::new();
    }
    let failure = |event: &Event| {
        let name = event.note.strip_prefix("Deleted job ")?;
        let at = planned_in(name, row).filter(|at| row.last_success < Some(*at))?;
        let is_written = event.last.is_some_and(|last| case.known.ago(last) >= WRITTEN_SECONDS);
        let is_known = known.iter().any(|one| one.name == name) || case.runs.iter().any(|run| run.meta.name == name);
        (is_written && !is_known).then(|| Outcome { name: name.to_owned(), at, has_failed: true, job: None })
    };
    case.events(row, "SuccessfulDelete").into_iter().filter_map(failure).collect()
}

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
