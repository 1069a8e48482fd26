//! What becomes of runs that start: they fail, pile up, end each other, or leave too much or too little behind.

use std::collections::HashSet;

use super::super::case::{of_event, of_field};
use super::super::finding::{Confidence, Finding, Fix, Severity};
use super::super::known::Fact;
use super::super::outcome::many;
use super::starts::at_field;
use super::{Cron, Outcome, every, of_job, planned_in, plans};
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::cronjob::Concurrency;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::mutation::Address;

/// A success is late once a second run should have ended since, and at least so long after the first of them.
const SUCCESS_SECONDS: i64 = 3_600;

/// So many kept runs are more than anybody looks through.
const MANY_RUNS: usize = 20;

/// So many failed runs in a row are compared by what they ended of.
const COMPARED: usize = 3;

/// How runs that overlap are kept apart.
const FORBID: &str = "spec.concurrencyPolicy=Forbid";

/// The command that makes a new Job with what mends it.
const RERUN: &str = "job.rerun-with-changes";

/// T119: runs take longer than the time between them.
pub(super) fn pile_up(cron: &Cron<'_, '_>) -> Option<Finding> {
    let active = cron.active();
    let count = active.len();
    if cron.row.concurrency != Concurrency::Allow || count < 2 {
        return None;
    }
    let active: Vec<&Job> = active.into_iter().flatten().collect();
    let oldest = active.iter().min_by_key(|job| job.started.or(job.meta.created))?;
    let takes = match cron.usual() {
        Some(usual) => format!("runs before them took {}", short_duration(usual)),
        None => "no run before them is kept to compare with".to_owned(),
    };
    let age = short_duration(cron.age(oldest));
    let are = if active.iter().any(|job| cron.is_at_work(job)) { "at work" } else { "not over" };
    let new = cron.interval().map(|seconds| format!(" A new one starts {}.", every(seconds))).unwrap_or_default();
    Some(Finding {
        verdict: format!(
            "{count} runs are {are} at the same time, the oldest, {}, for {age}; {takes}.{new} concurrencyPolicy Allow sets \
             no limit to that.",
            oldest.meta.name,
        ),
        short: format!("{count} runs at once, the oldest for {age}"),
        fixes: vec![
            cron.edit("set concurrencyPolicy to Forbid: a run then waits for the one before it", FORBID),
            Fix::by("suspend it until they are done", CommandCall::new("batch.suspend", cron.case.subject)),
            Fix::by(
                format!("delete the oldest, {}", oldest.meta.name),
                CommandCall::new("object.delete", of_job(oldest)),
            ),
            cron.deadline_for_runs(),
        ],
        since: oldest.started.or(oldest.meta.created),
        ..cron.finding(
            "T119",
            if count > 2 { Severity::Error } else { Severity::Warning },
            vec![
                of_field(cron.row, "status.active", format!("{count} Jobs")),
                of_field(cron.row, "spec.concurrencyPolicy", "Allow"),
            ],
        )
    })
}

/// T120: with `Replace` the next run deletes the one before it. Deletions of ended runs are those of the history limits.
pub(super) fn replaced(cron: &Cron<'_, '_>) -> Option<Finding> {
    let plan = cron.plan.filter(|_| cron.row.concurrency == Concurrency::Replace)?;
    let ended: HashSet<&str> = cron.outcomes.iter().map(|one| one.name.as_str()).collect();
    let planned = |event: &Event, before: &str| planned_in(event.note.strip_prefix(before)?, cron.row);
    let made: HashSet<Time> = cron
        .case
        .events(cron.row, "SuccessfulCreate")
        .into_iter()
        .filter_map(|event| planned(event, "Created job "))
        .collect();
    // It was deleted by the very next one, which was made in the same pass. What ended in time is deleted before, by a
    // history limit.
    let is_killed = |event: &&Event| {
        let name = event.note.strip_prefix("Deleted job ").unwrap_or_default();
        let next = planned(event, "Deleted job ").and_then(|at| plan.next_after(at.to_timestamp()));
        let next = next.map(Time::from_timestamp).filter(|next| made.contains(next));
        !ended.contains(name) && next.is_some_and(|next| event.last >= Some(next))
    };
    let killed: Vec<&Event> = cron.case.events(cron.row, "SuccessfulDelete").into_iter().filter(is_killed).collect();
    let newest = *killed.first()?;
    // With a history limit of 0 runs that succeeded are deleted, too.
    if cron.row.last_success <= newest.last && cron.row.last_success >= planned(newest, "Deleted job ") {
        return None;
    }
    let is_never_done = cron.row.last_success < newest.last;
    let interval = cron.interval().map(short_duration).unwrap_or_default();
    let usual =
        cron.usual().map(|usual| format!(" A run that is let be takes {}.", short_duration(usual))).unwrap_or_default();
    let success = match cron.row.last_success {
        Some(last) => format!("The last success was {}.", cron.moment(last)),
        None => "None has ever succeeded.".to_owned(),
    };
    Some(Finding {
        confidence: Confidence::Likely,
        verdict: format!(
            "A run that is not done when the next is due, after {interval}, is deleted by it: concurrencyPolicy is Replace. \
             That happened to {} of which events are left.{usual} {success}",
            many(killed.len(), "run"),
        ),
        short: format!("runs are deleted by the next after {interval}"),
        fixes: vec![
            cron.edit("set concurrencyPolicy to Forbid: a run is then let be, and the next waits", FORBID),
            Fix::by("leave more time between runs", CommandCall::new("cronjob.schedule", cron.case.subject)),
        ],
        since: killed.last().and_then(|event| event.last),
        ..cron.finding(
            "T120",
            if is_never_done { Severity::Error } else { Severity::Warning },
            killed.iter().take(3).map(|event| of_event(event)).collect(),
        )
    })
}

/// T118 and T117: runs start, but fail.
pub(super) fn failing(cron: &Cron<'_, '_>) -> Option<Finding> {
    let streak: Vec<&Outcome<'_>> = cron.outcomes.iter().take_while(|one| one.has_failed).collect();
    if streak.len() >= 2 { Some(failing_streak(cron, &streak)) } else { success_too_old(cron) }
}

fn failing_streak(cron: &Cron<'_, '_>, streak: &[&Outcome<'_>]) -> Finding {
    let kept: Vec<&Job> = streak.iter().filter_map(|one| one.job).take(COMPARED).collect();
    let causes: Vec<Finding> = kept.iter().filter_map(|job| headline(cron, job)).collect();
    let is_same =
        causes.len() > 1 && causes.iter().all(|cause| cause.rule == causes[0].rule && cause.short == causes[0].short);
    let cause = match causes.first() {
        Some(cause) if is_same => format!(" in the same way: {}", cause.short),
        Some(cause) => format!("; the newest: {}", cause.short),
        None => format!(", and none of them is kept{}", untold(cron, streak[0])),
    };
    let first = streak.last().map(|one| one.at);
    let mut evidence: Vec<_> = kept
        .iter()
        .filter_map(|job| {
            let failed = job.condition("Failed")?;
            let mut one = of_field(*job, "status.conditions[Failed].reason", failed.reason.as_str());
            one.at = failed.since;
            Some(one)
        })
        .collect();
    evidence.extend(cron.row.last_success.map(|last| at_field(cron.row, "status.lastSuccessfulTime", last)));
    // Where nothing is left that tells of what, the first thing is to keep something.
    let fixes = match evidence_removed(cron).filter(|_| kept.is_empty()) {
        Some(removed) => removed.fixes,
        None => failing_fixes(cron, causes.first()),
    };
    Finding {
        verdict: format!("The last {} runs failed{cause}. {}.", streak.len(), success_words(cron)),
        short: format!("the last {} runs failed", streak.len()),
        fixes,
        since: first,
        ..cron.finding("T118", Severity::Error, evidence)
    }
}

fn success_too_old(cron: &Cron<'_, '_>) -> Option<Finding> {
    let (row, now) = (cron.row, cron.now());
    let base = row.last_success.or(row.meta.created)?;
    let planned = cron.planned_since(base);
    let (first, second) = (planned.first()?, planned.get(1)?);
    let usual = cron.usual().unwrap_or_default();
    // Nothing has started since, which is told as such; or what has started is still at work.
    let failed = cron.outcomes.iter().filter(|one| one.has_failed && one.at > base).count();
    let open = cron.case.runs.iter().filter(|run| !run.is_finished()).count();
    let is_late = now > second.plus_seconds(usual).max(first.plus_seconds(SUCCESS_SECONDS));
    if row.last_schedule.is_none_or(|last| last <= base) || !is_late || (failed == 0 && open > 0) {
        return None;
    }
    let newest = cron.outcomes.first().filter(|one| one.has_failed).and_then(|one| one.job);
    let cause = newest.and_then(|job| Some(format!(" {} failed: {}.", job.meta.name, headline(cron, job)?.short)));
    let mut known = Vec::new();
    known.extend((failed > 0).then(|| {
        format!("{} known to have failed", if failed == 1 { "1 is".to_owned() } else { format!("{failed} are") })
    }));
    known.extend(
        (open > 0).then(|| format!("{} at work", if open == 1 { "1 is".to_owned() } else { format!("{open} are") })),
    );
    let known =
        if known.is_empty() { "nothing is left that tells how they ended".to_owned() } else { known.join(", ") };
    let last = match row.last_success {
        Some(last) => at_field(row, "status.lastSuccessfulTime", last),
        None => of_field(row, "status.lastSuccessfulTime", "not set"),
    };
    let mut evidence = vec![last];
    evidence.extend(row.last_schedule.map(|last| at_field(row, "status.lastScheduleTime", last)));
    Some(Finding {
        verdict: format!(
            "{}, and {} came since: {known}.{}",
            success_words(cron),
            plans(planned.len()),
            cause.unwrap_or_default()
        ),
        short: match row.last_success {
            Some(last) => format!("last success {} ago", short_duration(now.seconds_since(last))),
            None => "no run has ever succeeded".to_owned(),
        },
        fixes: failing_fixes(cron, newest.and_then(|job| headline(cron, job)).as_ref()),
        since: Some(*first),
        ..cron.finding("T117", Severity::Error, evidence)
    })
}

fn success_words(cron: &Cron<'_, '_>) -> String {
    match cron.row.last_success {
        Some(last) => {
            format!("The last success was {} ago ({})", short_duration(cron.case.known.ago(last)), cron.moment(last))
        }
        None => "No run has ever succeeded".to_owned(),
    }
}

/// `cause` is what the newest of the failed runs suffers from.
fn failing_fixes(cron: &Cron<'_, '_>, cause: Option<&Finding>) -> Vec<Fix> {
    // What mends that run mends the next ones, where it is known to the letter.
    let is_known = |fix: &&Fix| {
        fix.call.as_ref().is_some_and(|call| call.target == cron.case.subject && !call.argument.is_empty())
    };
    let known = cause.and_then(|cause| {
        let here = cause.fixes.iter().find(|fix| fix.call.as_ref().is_some_and(|call| call.id == RERUN))?;
        let next = cause.fixes.iter().find(is_known)?;
        Some(Fix { words: format!("for the next runs: {}", here.words), call: next.call.clone() })
    });
    let open = || cron.edit("cure the cause in spec.jobTemplate, which may be changed: the next run uses it", "");
    vec![
        known.unwrap_or_else(open),
        cron.run_now("once it is cured run it now"),
        Fix::by("suspend it until then", CommandCall::new("batch.suspend", cron.case.subject)),
    ]
}

/// Of a controller that says much about one object, the cluster drops events.
fn untold(cron: &Cron<'_, '_>, newest: &Outcome<'_>) -> String {
    let since = cron.planned_since(newest.at).into_iter().filter(|at| Some(*at) <= cron.row.last_schedule).count();
    match since.saturating_sub(cron.case.runs.len()) {
        0 => String::new(),
        since => format!(" (of {} since then no event is left)", plans(since)),
    }
}

/// What a run's examination says first, where that is a problem.
fn headline(cron: &Cron<'_, '_>, job: &Job) -> Option<Finding> {
    examine(cron, job).filter(|finding| finding.severity.is_problem())
}

/// What a run's examination says first.
fn examine(cron: &Cron<'_, '_>, job: &Job) -> Option<Finding> {
    let diagnosis = super::super::diagnose(cron.case.known, of_job(job));
    cron.case.need_all(diagnosis.needs);
    diagnosis.findings.into_iter().next()
}

/// What the newest troubled run suffers from: one that is not over, else the newest that ended, if it failed. Where such
/// a run holds up others, that it only rests is a trouble, too.
pub(super) fn cause<'a>(cron: &Cron<'_, 'a>, holds_up: bool) -> Option<(&'a Job, Finding)> {
    for run in &cron.case.runs {
        let is_failed = run.is_failed();
        // What succeeded since may be deleted already.
        if run.is_complete() || (is_failed && run.ended() < cron.row.last_success) {
            return None;
        }
        let rests = holds_up && !is_failed && (run.suspend || run.parallelism == Some(0));
        let Some(cause) = examine(cron, run).filter(|found| rests || found.severity.is_problem()) else {
            if is_failed {
                return None;
            }
            continue;
        };
        let what = match (is_failed, cause.effect.is_empty()) {
            (_, false) => format!("run {}: {}", run.meta.name, cause.effect),
            (true, true) => format!("run {} failed", run.meta.name),
            (false, true) => format!("run {} is not over", run.meta.name),
        };
        let severity = cause.severity.min(if rests { Severity::Warning } else { Severity::Info });
        return Some((run, Finding { effect: what, severity, ..cause }));
    }
    None
}

/// T102: the newest run failed, and nothing but an event is left of it.
pub(super) fn evidence_removed(cron: &Cron<'_, '_>) -> Option<Finding> {
    let newest = cron.outcomes.first().filter(|one| one.has_failed && one.job.is_none())?;
    let about = |reason| cron.case.events(cron.row, reason).into_iter().find(|event| event.note.contains(&newest.name));
    let event = about("SawCompletedJob").or_else(|| about("SuccessfulDelete"))?;
    if cron.case.runs.iter().any(|run| run.is_failed()) || !cron.case.known.is_whole(Kind::Job) {
        return None;
    }
    let spec = cronjob_spec(cron);
    let ttl = spec.and_then(|spec| spec["jobTemplate"]["spec"]["ttlSecondsAfterFinished"].as_i64());
    let kept = spec.and_then(|spec| spec["failedJobsHistoryLimit"].as_i64());
    let why = match (ttl, kept) {
        (_, Some(0)) => "failedJobsHistoryLimit 0 has failed runs deleted at once".to_owned(),
        (Some(ttl), _) => format!("ttlSecondsAfterFinished has runs deleted {ttl} s after their end"),
        _ => "somebody deleted it".to_owned(),
    };
    let why = if spec.is_some() { format!(": {why}") } else { String::new() };
    let mut fixes = Vec::new();
    if kept == Some(0) {
        let keep = CommandCall::with("cronjob.history", cron.case.subject, "3 1");
        fixes.push(Fix::by("keep the newest failed run", keep));
    }
    if ttl.is_some() {
        let changes = "spec.jobTemplate.spec.ttlSecondsAfterFinished=86400";
        fixes.push(cron.edit("raise spec.jobTemplate.spec.ttlSecondsAfterFinished to a day", changes));
    }
    fixes.push(cron.run_now("run it now, and follow its log"));
    Some(Finding {
        verdict: format!(
            "The run of {} failed, and its Job is gone together with its pods and logs{why}. This event is all that is left.",
            cron.moment(newest.at),
        ),
        short: format!("failed run {} is gone", newest.name),
        fixes,
        since: event.last,
        ..cron.finding("T102", Severity::Warning, vec![of_event(event)])
    })
}

fn cronjob_spec<'a>(cron: &Cron<'_, 'a>) -> Option<&'a serde_json::Value> {
    let meta = &cron.row.meta;
    let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
    let address = Address { api_version: "batch/v1".into(), kind: "CronJob".into(), namespace, name };
    match cron.case.object(address)? {
        Fact::Found(object) => Some(&object["spec"]),
        _ => None,
    }
}

/// T124: so many runs are kept that they are in the way.
pub(super) fn history(cron: &Cron<'_, '_>) -> Option<Finding> {
    let runs = &cron.case.runs;
    if runs.len() <= MANY_RUNS {
        return None;
    }
    let complete = runs.iter().filter(|run| run.is_complete()).count();
    let failed = runs.iter().filter(|run| run.is_failed()).count();
    let open = runs.len() - complete - failed;
    let limits = cronjob_spec(cron).map(|spec| {
        let limit = |field: &str, default| spec[field].as_i64().unwrap_or(default);
        format!(
            " Its history limits are {} and {}.",
            limit("successfulJobsHistoryLimit", 3),
            limit("failedJobsHistoryLimit", 1)
        )
    });
    let fix = match open > runs.len() / 2 {
        true => Fix::by(
            "suspend it, and look why its runs do not end",
            CommandCall::new("batch.suspend", cron.case.subject),
        ),
        false => Fix::by(
            "keep 3 successful runs and 1 failed one",
            CommandCall::with("cronjob.history", cron.case.subject, "3 1"),
        ),
    };
    Some(Finding {
        verdict: format!(
            "{} Jobs of this CronJob are kept: {complete} succeeded, {failed} failed, {open} not over.{}",
            runs.len(),
            limits.unwrap_or_default(),
        ),
        short: format!("{} Jobs are kept", runs.len()),
        fixes: vec![fix],
        ..cron.finding(
            "T124",
            Severity::Warning,
            vec![of_field(cron.row, "metadata.uid", format!("owns {} Jobs", runs.len()))],
        )
    })
}

/// T122: the controller warns of runs that somebody started by hand, which is harmless.
pub(super) fn unexpected(cron: &Cron<'_, '_>) -> Option<Finding> {
    let of = |event: &&Event| {
        let name = event.note.strip_prefix("Saw a job that the controller did not create or forgot: ")?;
        cron.case.runs.iter().find(|run| run.meta.name == name)
    };
    let events = cron.case.events(cron.row, "UnexpectedJob");
    let (event, job) = events.iter().find_map(|event| Some((*event, of(event)?)))?;
    let name = &job.meta.name;
    let (verdict, short) = match planned_in(name, cron.row) {
        None => (
            format!(
                "The warning UnexpectedJob is about run {name}, which somebody started by hand. It is harmless; such a run is \
                 not counted where only one may run at a time."
            ),
            format!("{name} was started by hand"),
        ),
        Some(_) => (
            format!(
                "The warning UnexpectedJob is about run {name}, which the controller started itself and forgot, most likely \
                 because it restarted at that moment. It is harmless."
            ),
            format!("the controller forgot {name}"),
        ),
    };
    Some(Finding {
        confidence: Confidence::Likely,
        verdict,
        short,
        since: job.meta.created,
        ..cron.finding("T122", Severity::Info, vec![of_event(event)])
    })
}
