//! Why no run starts, or not when it was planned.

use jiff::tz::TimeZoneDatabase;

use super::super::case::{of_event, of_field};
use super::super::finding::{Confidence, Evidence, Finding, Fix, Severity};
use super::{Cron, every, of_job, plans};
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::cronjob::{Concurrency, CronJob};
use crate::model::key::Kind;
use crate::model::schedule::{Schedule, base_time};

/// A run that was due so many seconds ago has been started or refused, where a controller is at work.
const OVERDUE_SECONDS: i64 = 120;

/// What the controller said so long ago may have been mended since.
const RECENT_SECONDS: i64 = 3_600;

/// A missed run is told for so long where later ones have started.
const MISSED_SECONDS: i64 = 86_400;

/// The API's documentation warns of starting deadlines below this.
const SHORT_DEADLINE_SECONDS: i64 = 10;

/// T116: the zone is not known. The controller looks at it before anything else, suspension included.
pub(super) fn bad_zone(cron: &Cron<'_, '_>) -> Option<Finding> {
    let zone = cron.row.time_zone.as_ref()?;
    let event = cron.event("UnknownTimeZone").filter(|event| event.note.contains(&format!("\"{zone}\"")));
    let is_unknown = matches!(&cron.row.plan, Err(why) if why.starts_with("time zone"));
    // Ours may know a zone that the controller's database lacks. A run that was started since says that it does not.
    let is_refused = event.is_some_and(|event| {
        event.last > cron.row.last_schedule && event.last.is_some_and(|last| cron.case.known.ago(last) < RECENT_SECONDS)
    });
    if !is_unknown && !is_refused {
        return None;
    }
    let near = near_zone(zone).filter(|_| is_unknown);
    let meant = near.as_ref().map(|near| format!(" {near} may be meant.")).unwrap_or_default();
    let mut evidence = vec![of_field(cron.row, "spec.timeZone", zone.as_str())];
    evidence.extend(event.map(of_event));
    let fix = match near {
        Some(near) => Fix::by(
            format!("set the time zone to {near}"),
            CommandCall::with("cronjob.timezone", cron.case.subject, near),
        ),
        None => Fix::by("set a time zone that exists", CommandCall::new("cronjob.timezone", cron.case.subject)),
    };
    Some(Finding {
        confidence: if event.is_some() { Confidence::Certain } else { Confidence::Likely },
        verdict: format!(
            "Time zone {zone} is not known, so no run starts before it is corrected.{meant} Its last run: {}.",
            last_words(cron)
        ),
        short: format!("time zone {zone} is not known"),
        fixes: vec![fix],
        since: event.and_then(|event| event.meta.created),
        ..cron.finding("T116", Severity::Critical, evidence)
    })
}

/// The zone whose name is nearest to a misspelt one.
fn near_zone(name: &str) -> Option<String> {
    let names = TimeZoneDatabase::bundled();
    let near = names.available().map(|one| (strsim::damerau_levenshtein(one.as_str(), name), one.to_string()));
    near.min().filter(|(distance, _)| *distance <= 3).map(|(_, name)| name)
}

/// T115: the schedule cannot be read, never fires, or carries a zone where none belongs.
pub(super) fn bad_schedule(cron: &Cron<'_, '_>) -> Option<Finding> {
    let schedule = cron.row.schedule.as_str();
    let reasons = ["UnparseableSchedule", "UnParseableCronJobSchedule", "InvalidSchedule"];
    let event = reasons.into_iter().filter_map(|reason| cron.event(reason)).max_by_key(|event| event.last);
    let (what, short) = match &cron.row.plan {
        Err(why) => (format!("cannot be read: {why}"), "schedule cannot be read"),
        Ok(plan) if plan.is_never(cron.now().to_timestamp()) => {
            ("never comes: no day within five years fits it".to_owned(), "schedule never fires")
        }
        Ok(_) => return None,
    };
    let mut evidence = vec![of_field(cron.row, "spec.schedule", schedule)];
    evidence.extend(event.filter(|event| event.note.contains(schedule)).map(of_event));
    let fix = match corrected(schedule, cron.row.time_zone.as_deref()) {
        Some(right) => Fix::by(
            format!("set the schedule to {right}, if that is meant"),
            CommandCall::with("cronjob.schedule", cron.case.subject, right),
        ),
        None => Fix::by("correct the schedule", CommandCall::new("cronjob.schedule", cron.case.subject)),
    };
    Some(Finding {
        verdict: format!(
            "Schedule \"{schedule}\" {what}. No run starts before it is corrected. Its last run: {}.",
            last_words(cron)
        ),
        short: format!("{short}: {schedule}"),
        fixes: vec![fix],
        since: event.and_then(|event| event.meta.created),
        ..cron.finding("T115", Severity::Critical, evidence)
    })
}

/// T115: `@every` counts from the last look back, which the starting deadline moves along with the present: a time that
/// comes later than the deadline reaches back never comes (`mostRecentScheduleTime`,
/// `pkg/controller/cronjob/utils.go`).
pub(super) fn never_in_time(cron: &Cron<'_, '_>) -> Option<Finding> {
    let (every, deadline) = (cron.plan?.every()?, cron.row.starting_deadline_seconds?);
    if deadline >= every || cron.row.suspend {
        return None;
    }
    let (schedule, span) = (cron.row.schedule.as_str(), short_duration(every));
    let longer = every.saturating_add(AMPLE_SECONDS);
    Some(Finding {
        confidence: Confidence::Likely,
        verdict: format!(
            "Schedule \"{schedule}\" never starts a run: it counts {span} from as far back as the controller looks, and \
             startingDeadlineSeconds ({deadline}) lets it look back less than that. The next run is always still to come. \
             Its last run: {}.",
            last_words(cron)
        ),
        short: format!("{schedule} never starts: startingDeadlineSeconds {deadline} is shorter"),
        fixes: vec![
            cron.edit("leave startingDeadlineSeconds out", "spec.startingDeadlineSeconds-"),
            cron.edit(
                format!("or raise it to more than the schedule's own {every}s: {longer}"),
                format!("spec.startingDeadlineSeconds={longer}"),
            ),
        ],
        since: cron.row.meta.created,
        ..cron.finding(
            "T115",
            Severity::Critical,
            vec![of_field(cron.row, "spec.startingDeadlineSeconds", deadline.to_string())],
        )
    })
}

/// What crontab(5) takes and the controller does not, as the controller takes it: 7 for Sunday, and a field for seconds.
fn corrected(schedule: &str, zone: Option<&str>) -> Option<String> {
    let mut fields: Vec<String> = schedule.split_whitespace().map(str::to_owned).collect();
    if fields.len() == 6 {
        fields.remove(0);
    }
    let weekdays = fields.get_mut(4)?;
    let sunday = |part: &str| match part.split_once('-') {
        Some(("0" | "1", "7")) => "*".to_owned(),
        Some((first, "7")) => format!("{first}-6,0"),
        _ if part == "7" => "0".to_owned(),
        _ => part.to_owned(),
    };
    *weekdays = weekdays.split(',').map(sunday).collect::<Vec<_>>().join(",");
    let right = fields.join(" ");
    (right != schedule && Schedule::parse(&right, zone).is_ok()).then_some(right)
}

/// A starting deadline that a controller meets which is busy or restarts, and within which no schedule fires a hundred times.
const AMPLE_SECONDS: i64 = 120;

fn ample() -> String {
    format!("spec.startingDeadlineSeconds={AMPLE_SECONDS}")
}

/// T110: somebody paused it.
pub(super) fn suspended(cron: &Cron<'_, '_>) -> Option<Finding> {
    if !cron.row.suspend {
        return None;
    }
    let since = cron.row.last_schedule.or(cron.row.meta.created)?;
    let skipped = cron.planned_since(since).len();
    let next = next_after_resume(cron);
    let mut evidence = vec![of_field(cron.row, "spec.suspend", "true")];
    evidence.extend(cron.row.last_schedule.map(|last| at_field(cron.row, "status.lastScheduleTime", last)));
    let (resume, then) = match next {
        Some(missed) => (
            format!("resume it: the run missed at {} then starts at once", cron.moment(missed)),
            Some(cron.edit(
                format!("where that is not wanted, set startingDeadlineSeconds to {AMPLE_SECONDS} before: older runs are then dropped"),
                ample(),
            )),
        ),
        None => ("resume it".to_owned(), None),
    };
    let fixes = std::iter::once(Fix::by(resume, CommandCall::new("batch.resume", cron.case.subject)));
    Some(Finding {
        verdict: format!(
            "The CronJob is suspended, so it starts no runs. Its last run: {}; {} {} been left out since.",
            last_words(cron),
            plans(skipped),
            if skipped == 1 { "has" } else { "have" },
        ),
        short: format!("suspended: {} left out", plans(skipped)),
        fixes: fixes.chain(then).collect(),
        since: cron.row.last_schedule,
        ..cron.finding("T110", Severity::Info, evidence)
    })
}

/// The missed run that the controller would start as soon as it may.
fn next_after_resume(cron: &Cron<'_, '_>) -> Option<Time> {
    let (row, now) = (cron.row, cron.now().to_timestamp());
    let last = row.last_schedule.map(Time::to_timestamp);
    let base = base_time(row.meta.created?.to_timestamp(), last, row.starting_deadline_seconds, now);
    cron.plan?.most_recent_missed(base, now).run().map(Time::from_timestamp)
}

/// T114: a run is due, and the one before it must end first.
pub(super) fn forbidden(cron: &Cron<'_, '_>) -> Option<Finding> {
    let active = cron.active();
    if cron.row.concurrency != Concurrency::Forbid || active.is_empty() {
        return None;
    }
    let skipped = cron.planned_since(cron.row.last_schedule?);
    let due = *skipped.first()?;
    let active = active.into_iter().flatten().next();
    let (name, runs) = match active {
        Some(job) => {
            let (name, age) = (job.meta.name.to_string(), short_duration(cron.age(job)));
            let runs = match cron.is_at_work(job) {
                true => format!("{name} has been running for {age}"),
                false => format!("{name} was made {age} ago and is not over"),
            };
            (name, runs)
        }
        None => ("a run that is not known here".to_owned(), "A run that is not known here goes on".to_owned()),
    };
    let planned = cron.interval().map(|seconds| format!(", and one is planned {}", every(seconds))).unwrap_or_default();
    let late = match cron.row.starting_deadline_seconds {
        None => "As soon as it ends the newest of them starts, however late that is.".to_owned(),
        Some(deadline) => {
            format!("When it ends, the newest of them starts if it is less than {} late.", short_duration(deadline))
        }
    };
    let mut evidence = vec![of_field(cron.row, "status.active", name.as_str())];
    evidence.extend(cron.event("JobAlreadyActive").map(of_event));
    let mut fixes = Vec::new();
    if let Some(job) = active {
        fixes.push(Fix::outside(format!("look whether {name} still works")));
        fixes.push(Fix::by(
            format!("delete {name}, so that the next run can start"),
            CommandCall::new("object.delete", of_job(job)),
        ));
    }
    fixes.push(cron.deadline_for_runs());
    Some(Finding {
        verdict: format!(
            "{runs}{planned}. concurrencyPolicy Forbid lets no second one start beside it: {} waited for it so \
             far. {late}",
            plans(skipped.len()),
        ),
        short: format!("waits for {name}: {} skipped", plans(skipped.len())),
        fixes,
        since: Some(due),
        ..cron.finding("T114", Severity::Warning, evidence)
    })
}

/// T112: the controller says that a run came too late.
pub(super) fn missed(cron: &Cron<'_, '_>) -> Option<Finding> {
    let event = cron.event("MissSchedule")?;
    let said = event.note.strip_prefix("Missed scheduled time to start a job: ");
    let at = said.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|at| Time::from_timestamp(at.timestamp()));
    let at = at.or(event.last)?;
    let is_over = cron.row.last_schedule.is_some_and(|last| last >= at);
    if is_over && cron.case.known.ago(at) > MISSED_SECONDS {
        return None;
    }
    let times =
        if event.count > 1 { format!(", the last of {} runs that were dropped", event.count) } else { String::new() };
    let deadline = cron.row.starting_deadline_seconds;
    let within = match deadline {
        Some(seconds) => format!("it could not start within {seconds} s, its startingDeadlineSeconds"),
        None => "it could not start within the starting deadline that the CronJob had then".to_owned(),
    };
    let short_words = deadline
        .filter(|seconds| *seconds < SHORT_DEADLINE_SECONDS)
        .map(|_| " A deadline below 10 s is missed as soon as the controller is a little late.".to_owned());
    let later = if is_over { " Later runs have started." } else { "" };
    let mut evidence = vec![of_event(event)];
    evidence.extend(deadline.map(|seconds| of_field(cron.row, "spec.startingDeadlineSeconds", seconds.to_string())));
    let moment = cron.moment(at);
    Some(Finding {
        confidence: Confidence::Likely,
        verdict: format!("The run of {moment} was dropped{times}: {within}.{}{later}", short_words.unwrap_or_default()),
        short: format!("run of {moment} was dropped"),
        fixes: vec![
            cron.edit(format!("set startingDeadlineSeconds to {AMPLE_SECONDS}"), ample()),
            cron.run_now("run it now to catch up"),
        ],
        since: Some(at),
        ..cron.finding("T112", if is_over { Severity::Warning } else { Severity::Error }, evidence)
    })
}

/// T112, before it happens: a deadline that leaves the controller no time.
pub(super) fn short_deadline(cron: &Cron<'_, '_>) -> Option<Finding> {
    let seconds = cron.row.starting_deadline_seconds.filter(|seconds| *seconds < SHORT_DEADLINE_SECONDS)?;
    if cron.row.suspend || missed(cron).is_some() {
        return None;
    }
    Some(Finding {
        verdict: format!(
            "Runs may start at most {seconds} s late. A controller that is busy or restarts is easily later than that; the run \
             is then dropped, and nothing makes up for it."
        ),
        short: format!("starting deadline of {seconds} s: runs may be missed"),
        fixes: vec![cron.edit(format!("set startingDeadlineSeconds to {AMPLE_SECONDS}"), ample())],
        ..cron.finding(
            "T112",
            Severity::Warning,
            vec![of_field(cron.row, "spec.startingDeadlineSeconds", seconds.to_string())],
        )
    })
}

/// T113: more runs were missed than the controller counts.
pub(super) fn too_many_missed(cron: &Cron<'_, '_>) -> Option<Finding> {
    let events = ["TooManyMissedTimes", "FailedNeedsStart"].into_iter().filter_map(|reason| cron.event(reason));
    let event = events.max_by_key(|event| event.last)?;
    // The newest that was missed was planned before it; a later one that was started says that all is well again.
    let is_over = cron.row.last_schedule > event.last;
    if is_over || event.last.is_none_or(|last| cron.case.known.ago(last) > MISSED_SECONDS) {
        return None;
    }
    let old = match event.reason == "FailedNeedsStart" {
        true => {
            "This cluster's controller is an old one and starts none at all until the schedule or the deadline is changed."
        }
        false => "Only the newest of them is started.",
    };
    Some(Finding {
        confidence: Confidence::Likely,
        verdict: format!("More than 100 planned runs have passed without one being started. {old}"),
        short: "more than 100 runs were missed".to_owned(),
        fixes: vec![
            cron.edit(
                format!("set startingDeadlineSeconds to {AMPLE_SECONDS}, so that less than 100 runs fit into it"),
                ample(),
            ),
            Fix::outside("look whether the clock of the control plane is right"),
        ],
        since: event.meta.created,
        ..cron.finding("T113", Severity::Warning, vec![of_event(event)])
    })
}

/// T125: a run is due, nothing holds it up, and nobody says a word.
pub(super) fn overdue(cron: &Cron<'_, '_>) -> Option<Finding> {
    if !cron.case.known.is_whole(Kind::CronJob) {
        return None;
    }
    let due = cron.row.due_since(cron.now())?;
    let late = cron.now().seconds_since(due);
    let has_word = cron.case.known.snapshot.events_about(cron.row.meta.uid).any(|event| event.last >= Some(due));
    let has_run = cron.case.runs.iter().any(|run| run.meta.created >= Some(due));
    // A run that had to wait for the one before it is due once that one is over.
    let ended = cron.case.runs.iter().filter_map(|run| run.ended()).max();
    let free = ended.filter(|_| cron.row.concurrency == Concurrency::Forbid).max(Some(due));
    let is_in_time = free.is_some_and(|free| cron.now().seconds_since(free) <= OVERDUE_SECONDS);
    if is_in_time || has_word || has_run {
        return None;
    }
    let others = cron.case.known.snapshot.cronjobs.iter();
    let others = others.filter(|other| other.meta.uid != cron.row.meta.uid && is_overdue(other, cron.now())).count();
    let (confidence, who) = match others {
        0 => (
            Confidence::Guess,
            "No other CronJob is overdue, so it may have been changed or resumed just now.".to_owned(),
        ),
        1 => (Confidence::Likely, "Another CronJob is overdue, too: the controller may be down.".to_owned()),
        others => (Confidence::Likely, format!("{others} others are overdue, too: the controller may be down.")),
    };
    Some(Finding {
        confidence,
        verdict: format!(
            "The run of {} is overdue by {}, and the CronJob controller has not said a word. {who}",
            cron.moment(due),
            short_duration(late),
        ),
        short: format!("run overdue by {}", short_duration(late)),
        fixes: vec![
            Fix::outside("look whether kube-controller-manager runs, and whether its clock is right"),
            cron.run_now("run it now"),
        ],
        since: Some(due),
        ..cron.finding("T125", Severity::Critical, evidence_of_last(cron))
    })
}

fn is_overdue(cronjob: &CronJob, now: Time) -> bool {
    !cronjob.suspend
        && cronjob.active.is_empty()
        && cronjob.due_since(now).is_some_and(|due| now.seconds_since(due) > OVERDUE_SECONDS)
}

/// T111: it has not run yet because its time has not come.
pub(super) fn first_run(cron: &Cron<'_, '_>) -> Option<Finding> {
    if cron.row.last_schedule.is_some() || !cron.case.runs.is_empty() {
        return None;
    }
    let next = cron.row.next_run(cron.now())?;
    Some(Finding {
        verdict: format!(
            "The CronJob has never run. Its first planned run is {}, in {}.",
            cron.moment(next),
            short_duration(next.seconds_since(cron.now())),
        ),
        short: format!("first run {}", cron.moment(next)),
        fixes: vec![cron.run_now("run it now to see whether it works")],
        since: cron.row.meta.created,
        ..cron.finding("T111", Severity::Info, evidence_of_last(cron))
    })
}

fn evidence_of_last(cron: &Cron<'_, '_>) -> Vec<Evidence> {
    let last = match cron.row.last_schedule {
        Some(last) => at_field(cron.row, "status.lastScheduleTime", last),
        None => of_field(cron.row, "status.lastScheduleTime", "not set"),
    };
    vec![of_field(cron.row, "spec.schedule", cron.row.schedule.as_str()), last]
}

pub(super) fn at_field(row: &CronJob, path: &str, time: Time) -> Evidence {
    Evidence { at: Some(time), ..of_field(row, path, time.to_string()) }
}

/// When a run was started last: `2026-05-01 00:00 UTC (3d ago)`.
fn last_words(cron: &Cron<'_, '_>) -> String {
    match cron.row.last_schedule {
        Some(last) => format!("{} ({} ago)", cron.moment(last), short_duration(cron.case.known.ago(last))),
        None => "never".to_owned(),
    }
}
