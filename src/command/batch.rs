//! What can be done to Jobs and CronJobs: the commands, and what each of them does to one object.
//!
//! Long because every verb stands here, each short: its entry in the registry and its planner.

use serde_json::json;

use super::plan::{Deed, Scene};
use super::{Action, Argument, CommandSpec, Scope, Write};
use crate::manifest::rerun;
use crate::model::clock::{Time, parse_duration, short_duration};
use crate::model::cronjob::{Concurrency, CronJob};
use crate::model::job::Job;
use crate::model::key::{Kind, ObjectKey};
use crate::model::meta::Object;
use crate::model::mutation::{Address, Change};
use crate::model::owner::Subject;
use crate::model::schedule::Outlook;
use crate::model::snapshot::Snapshot;

/// Commands for Jobs and CronJobs.
pub(super) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        id: "batch.suspend",
        title: "suspend",
        help: "Suspends Jobs, which deletes their running pods, or CronJobs, whose runs go on.",
        keys: &["s"],
        words: &["suspend"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Write::Suspend(true)),
        footer: Some(30),
    },
    CommandSpec {
        id: "batch.resume",
        title: "resume",
        help: "Resumes suspended Jobs or CronJobs.",
        keys: &["s"],
        words: &["resume"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Write::Suspend(false)),
        footer: Some(31),
    },
    CommandSpec {
        id: "job.rerun",
        title: "rerun",
        help: "Makes a new Job like this one, without what the controllers added to it.",
        keys: &["R"],
        words: &["rerun"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Write::Rerun),
        footer: Some(28),
    },
    CommandSpec {
        id: "job.replace",
        title: "replace",
        help: "Deletes a Job and makes it anew under its name.",
        keys: &["alt-n"],
        words: &["replace"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Write::Replace),
        footer: None,
    },
    CommandSpec {
        id: "job.await",
        title: "call me at its end",
        help: "Calls you when the Job ends: a bell, and a notification where the terminal has them.",
        keys: &["alt-w"],
        words: &["notify", "wait"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Await(true),
        footer: None,
    },
    CommandSpec {
        id: "job.forget",
        title: "do not call me",
        help: "Does not call you when the Job ends.",
        keys: &["alt-w"],
        words: &["unnotify"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Await(false),
        footer: None,
    },
    CommandSpec {
        id: "job.parallelism",
        title: "parallelism",
        help: "Sets how many pods of a Job run at once.",
        keys: &["alt-p"],
        words: &["parallelism", "scale"],
        scope: Scope::Lists,
        argument: Argument::Text("NUMBER"),
        action: Action::Write(Write::Parallelism),
        footer: None,
    },
    CommandSpec {
        id: "job.completions",
        title: "completions",
        help: "Sets how many indexes an Indexed Job has, and as many pods at once.",
        keys: &["alt-c"],
        words: &["completions"],
        scope: Scope::Lists,
        argument: Argument::Text("NUMBER"),
        action: Action::Write(Write::Completions),
        footer: None,
    },
    CommandSpec {
        id: "job.deadline",
        title: "deadline",
        help: "Sets after how long a Job is ended, counted from its start.",
        keys: &["alt-d"],
        words: &["deadline"],
        scope: Scope::Lists,
        argument: Argument::Text("DURATION|none"),
        action: Action::Write(Write::Deadline),
        footer: None,
    },
    CommandSpec {
        id: "job.backoff",
        title: "backoff limit",
        help: "Sets how many failures a Job may have.",
        keys: &["alt-b"],
        words: &["backoff"],
        scope: Scope::Lists,
        argument: Argument::Text("NUMBER"),
        action: Action::Write(Write::Backoff),
        footer: None,
    },
    CommandSpec {
        id: "job.ttl",
        title: "time to live",
        help: "Sets how long after its end a Job is deleted.",
        keys: &["alt-e"],
        words: &["ttl"],
        scope: Scope::Lists,
        argument: Argument::Text("DURATION|none"),
        action: Action::Write(Write::Ttl),
        footer: None,
    },
    CommandSpec {
        id: "cronjob.trigger",
        title: "trigger",
        help: "Starts a run of a CronJob now, as kubectl create job --from does.",
        keys: &["t"],
        words: &["trigger"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Write::Trigger),
        footer: Some(29),
    },
    CommandSpec {
        id: "cronjob.schedule",
        title: "schedule",
        help: "Sets a CronJob's schedule, and shows its next runs as it is typed.",
        keys: &["alt-s"],
        words: &["schedule"],
        scope: Scope::Lists,
        argument: Argument::Text("SCHEDULE"),
        action: Action::Write(Write::Schedule),
        footer: None,
    },
    CommandSpec {
        id: "cronjob.timezone",
        title: "time zone",
        help: "Sets the time zone in which a CronJob's schedule is read.",
        keys: &["alt-z"],
        words: &["timezone", "tz"],
        scope: Scope::Lists,
        argument: Argument::Text("ZONE|none"),
        action: Action::Write(Write::TimeZone),
        footer: None,
    },
    CommandSpec {
        id: "cronjob.history",
        title: "history limits",
        help: "Sets how many successful and failed runs of a CronJob are kept.",
        keys: &["alt-h"],
        words: &["history"],
        scope: Scope::Lists,
        argument: Argument::Text("SUCCESSFUL FAILED"),
        action: Action::Write(Write::History),
        footer: None,
    },
];

pub(super) fn job_of<'a>(target: Subject, scene: Scene<'a>) -> Result<&'a Job, String> {
    if target.kind != Kind::Job {
        return Err("it works on Jobs".into());
    }
    let job = scene.snapshot.jobs.get(target.uid).ok_or("the Job is gone")?;
    if job.meta.deleted.is_some() {
        return Err(format!("{} is being deleted", job.key()));
    }
    Ok(job)
}

/// A Job that has not finished: its specification has an effect still.
pub(super) fn open_job<'a>(target: Subject, scene: Scene<'a>) -> Result<&'a Job, String> {
    let job = job_of(target, scene)?;
    if job.is_finished() { Err(format!("{} has finished", job.key())) } else { Ok(job) }
}

pub(super) fn cronjob_of<'a>(target: Subject, scene: Scene<'a>) -> Result<&'a CronJob, String> {
    if target.kind != Kind::CronJob {
        return Err("it works on CronJobs".into());
    }
    let cronjob = scene.snapshot.cronjobs.get(target.uid).ok_or("the CronJob is gone")?;
    if cronjob.meta.deleted.is_some() {
        return Err(format!("{} is being deleted", cronjob.key()));
    }
    Ok(cronjob)
}

/// A Job whose completions may be changed.
pub(super) fn indexed_job<'a>(target: Subject, scene: Scene<'a>) -> Result<&'a Job, String> {
    let job = open_job(target, scene)?;
    if job.indexed { Ok(job) } else { Err(format!("{} is not Indexed: its completions cannot be changed", job.key())) }
}

/// Suspends or resumes.
pub(super) fn suspend(target: Subject, is_wanted: bool, scene: Scene<'_>) -> Result<Deed, String> {
    let patch = json!({ "spec": { "suspend": is_wanted } });
    let differs = |key: &ObjectKey, is_so: bool| match (is_so, is_wanted) {
        (true, true) => Err(format!("{key} is suspended already")),
        (false, false) => Err(format!("{key} is not suspended")),
        _ => Ok(()),
    };
    match target.kind {
        Kind::Job => {
            let job = open_job(target, scene)?;
            let key = job.key();
            differs(&key, job.suspend)?;
            let running = running(job, scene.snapshot);
            let effect = if is_wanted { suspended_job(job, &key, running) } else { resumed_job(job, &key) };
            let other = job.managed_by.as_ref().filter(|by| *by != "kubernetes.io/job-controller");
            let warning = other.map(|by| format!("{key} is managed by {by}, which may set it back"));
            Ok(Deed::merge(key, patch, effect).dangerous(is_wanted && running > 0).warning(warning))
        }
        Kind::CronJob => {
            let cronjob = cronjob_of(target, scene)?;
            let key = cronjob.key();
            differs(&key, cronjob.suspend)?;
            let effect = match is_wanted {
                true => suspended_cronjob(cronjob, &key),
                false => resumed_cronjob(cronjob, &key, scene.now),
            };
            Ok(Deed::merge(key, patch, effect))
        }
        _ => Err("only Jobs and CronJobs can be suspended and resumed".into()),
    }
}

/// A count as the API takes it: an `int32` that is not negative.
fn count(text: &str) -> Result<i32, String> {
    text.parse().ok().filter(|number| *number >= 0).ok_or_else(|| format!("{text:?} is no number such as 3"))
}

/// Seconds of a duration, or none for `none`.
fn seconds(text: &str) -> Result<Option<i64>, String> {
    match text {
        "none" => Ok(None),
        _ => match text.parse().ok().or_else(|| parse_duration(text)) {
            Some(seconds) if seconds >= 0 => Ok(Some(seconds)),
            _ => Err(format!("{text:?} is no duration such as 90s, 30m, 2h, 7d; none takes it away")),
        },
    }
}

/// Sets `spec.parallelism`.
pub(super) fn parallelism(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let (job, wanted) = (open_job(target, scene)?, count(text)?);
    let (key, before) = (job.key(), job.parallelism.unwrap_or(1));
    if wanted == before {
        return Err(format!("{key} has a parallelism of {wanted} already"));
    }
    let deleted = running(job, scene.snapshot).saturating_sub(usize::try_from(wanted).unwrap_or(0));
    let fewer = if deleted > 0 { format!("; {deleted} of its pods are deleted") } else { String::new() };
    let effect = match wanted {
        0 => format!("{key} pauses: it starts no pods{fewer}"),
        _ => format!("{key} runs up to {wanted} pods at once instead of {before}{fewer}"),
    };
    let patch = json!({ "spec": { "parallelism": wanted } });
    Ok(Deed::merge(key, patch, effect).dangerous(deleted > 0))
}

/// Sets `spec.completions` of an Indexed Job, which must equal `spec.parallelism` in the same write (KEP-3715).
pub(super) fn completions(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let (job, wanted) = (indexed_job(target, scene)?, count(text)?);
    let key = job.key();
    let fewer = job.completions.is_some_and(|before| wanted < before);
    let lost = if fewer { "; indexes above it are deleted" } else { "" };
    let effect = format!("{key} has {wanted} indexes instead of {}, all at once{lost}", job.wanted());
    let patch = json!({ "spec": { "completions": wanted, "parallelism": wanted } });
    Ok(Deed::merge(key, patch, effect).dangerous(fewer))
}

/// Sets `spec.activeDeadlineSeconds`.
pub(super) fn deadline(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let (job, wanted) = (open_job(target, scene)?, seconds(text)?);
    let key = job.key();
    let run = job.started.map_or(0, |started| scene.now.seconds_since(started));
    let is_over = wanted.is_some_and(|wanted| !job.suspend && job.started.is_some() && run >= wanted);
    let effect = match wanted {
        None => format!("{key} may run for ever"),
        Some(seconds) if is_over => {
            let (limit, run) = (short_duration(seconds), short_duration(run));
            format!("{key} has run for {run}, so that a deadline of {limit} ends it AT ONCE, with its pods")
        }
        Some(seconds) => format!("{key} is ended {} after its start", short_duration(seconds)),
    };
    let patch = json!({ "spec": { "activeDeadlineSeconds": wanted } });
    Ok(Deed::merge(key, patch, effect).dangerous(is_over))
}

/// Sets `spec.backoffLimit`.
pub(super) fn backoff(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let (job, wanted) = (open_job(target, scene)?, count(text)?);
    let key = job.key();
    let is_over = job.failed > wanted;
    let effect = match is_over {
        true => format!("{key} has {} failures, so that a limit of {wanted} fails it AT ONCE", job.failed),
        false => format!("{key} fails at {} failures; it has {} by now", i64::from(wanted) + 1, job.failed),
    };
    Ok(Deed::merge(key, json!({ "spec": { "backoffLimit": wanted } }), effect).dangerous(is_over))
}

/// Sets `spec.ttlSecondsAfterFinished`.
pub(super) fn ttl(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let (job, wanted) = (job_of(target, scene)?, seconds(text)?);
    let key = job.key();
    let left = job.ended().zip(wanted).map(|(ended, ttl)| ttl - scene.now.seconds_since(ended));
    let effect = match (wanted, left) {
        (None, _) => format!("{key} stays until it is deleted"),
        (Some(_), Some(..=0)) => format!("{key} ended longer ago than that, and is deleted AT ONCE, with its pods"),
        (Some(_), Some(left)) => format!("{key} is deleted in {}, with its pods", short_duration(left)),
        (Some(ttl), None) => format!("{key} is deleted {} after its end, with its pods", short_duration(ttl)),
    };
    let patch = json!({ "spec": { "ttlSecondsAfterFinished": wanted } });
    Ok(Deed::merge(key, patch, effect).dangerous(left.is_some_and(|left| left <= 0)))
}

/// Sets `spec.schedule`.
pub(super) fn schedule(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let cronjob = cronjob_of(target, scene)?;
    let effect = next_runs(&cronjob.key(), text, cronjob.time_zone.as_deref(), scene.now)?;
    Ok(Deed::merge(cronjob.key(), json!({ "spec": { "schedule": text } }), effect).warning(paused(cronjob)))
}

/// Sets `spec.timeZone`.
pub(super) fn time_zone(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let cronjob = cronjob_of(target, scene)?;
    let zone = Some(text).filter(|text| *text != "none");
    let effect = next_runs(&cronjob.key(), &cronjob.schedule, zone, scene.now)?;
    Ok(Deed::merge(cronjob.key(), json!({ "spec": { "timeZone": zone } }), effect).warning(paused(cronjob)))
}

fn paused(cronjob: &CronJob) -> Option<String> {
    cronjob.suspend.then(|| format!("{} is suspended: nothing runs before it is resumed", cronjob.key()))
}

fn next_runs(key: &ObjectKey, schedule: &str, zone: Option<&str>, now: Time) -> Result<String, String> {
    Ok(format!("{key} runs {}", Outlook::of(schedule, zone, now.to_timestamp())?))
}

/// Sets `spec.successfulJobsHistoryLimit` and `spec.failedJobsHistoryLimit`.
pub(super) fn history(target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let cronjob = cronjob_of(target, scene)?;
    let numbers: Vec<&str> = text.split_whitespace().collect();
    let [succeeded, failed] = numbers[..] else {
        return Err(format!("{text:?} is not two numbers such as 3 1: successful runs, then failed ones"));
    };
    let (succeeded, failed) = (count(succeeded)?, count(failed)?);
    let key = cronjob.key();
    let of_it = scene.snapshot.jobs_of(cronjob.uid());
    let over = |limit: i32, is_wanted: fn(&Job) -> bool| {
        let count = of_it.iter().filter(|job| is_wanted(job)).count();
        count.saturating_sub(usize::try_from(limit).unwrap_or(0))
    };
    let deleted = over(succeeded, Job::is_complete) + over(failed, Job::is_failed);
    let more = if deleted > 0 { format!("; {deleted} older ones are deleted AT ONCE") } else { String::new() };
    let effect = format!("{key} keeps {succeeded} successful and {failed} failed runs{more}");
    let patch = json!({ "spec": { "successfulJobsHistoryLimit": succeeded, "failedJobsHistoryLimit": failed } });
    Ok(Deed::merge(key, patch, effect).dangerous(deleted > 0))
}

/// Starts a run now.
pub(super) fn trigger(target: Subject, scene: Scene<'_>) -> Result<Deed, String> {
    let cronjob = cronjob_of(target, scene)?;
    let (key, name) = (cronjob.key(), trigger_name(cronjob, scene));
    let effect = format!("{key} starts job/{name} now, whatever its schedule says");
    let warning = match (cronjob.concurrency, cronjob.active.len()) {
        (Concurrency::Forbid | Concurrency::Replace, 1..) => {
            Some(format!("a run of {key} is active, and its policy forbids two; a run by hand starts all the same"))
        }
        _ => None,
    };
    Ok(Deed::new(key, Change::Trigger { name: name.into(), patch: json!({}) }, effect).warning(warning))
}

/// The name of a run that is started by hand.
pub fn trigger_name(cronjob: &CronJob, scene: Scene<'_>) -> String {
    let taken = is_taken(&cronjob.meta.namespace, scene.snapshot);
    rerun::name_of_trigger(&cronjob.meta.name, scene.now.seconds(), taken)
}

/// Makes a Job like this one.
pub(super) fn rerun(target: Subject, scene: Scene<'_>) -> Result<Deed, String> {
    let job = job_of(target, scene)?;
    let (key, name) = (job.key(), free_name(&job.key().into(), scene));
    let effect = format!("job/{name} is made like {key}, and starts at once");
    let warning = (!job.is_finished()).then(|| format!("{key} has not ended: both run then"));
    Ok(Deed::new(key, Change::Rerun { name: name.into(), keeps_owner: false, patch: json!({}) }, effect)
        .warning(warning))
}

/// The name of a Job that is made like this one.
pub fn free_name(job: &Address, scene: Scene<'_>) -> String {
    rerun::name_of_rerun(&job.name, is_taken(&job.namespace, scene.snapshot))
}

fn is_taken<'a>(namespace: &'a str, snapshot: &'a Snapshot) -> impl Fn(&str) -> bool + 'a {
    move |name| snapshot.jobs.iter().any(|job| job.meta.name == name && job.meta.namespace == namespace)
}

/// Deletes a Job and makes it anew under its name.
pub(super) fn replace(target: Subject, scene: Scene<'_>) -> Result<Deed, String> {
    let job = job_of(target, scene)?;
    let key = job.key();
    let running = running(job, scene.snapshot);
    let effect = format!("{key} is deleted with {} and its log, and made anew", pods(running));
    Ok(Deed::new(key, Change::Replace { object: None, patch: json!({}) }, effect).dangerous(true))
}

/// A number of pods, in words.
pub(super) fn pods(count: usize) -> String {
    match count {
        0 => "its pods".to_owned(),
        1 => "its running pod".to_owned(),
        many => format!("its {many} running pods"),
    }
}

/// Pods that a suspension deletes: those that are there and have not ended; where pods are not known, what the status
/// says.
pub(super) fn running(job: &Job, snapshot: &Snapshot) -> usize {
    let known = snapshot.pods_of(job.uid()).filter(|pod| !pod.is_finished()).count();
    known.max(usize::try_from(job.active).unwrap_or(0))
}

fn suspended_job(job: &Job, key: &ObjectKey, running: usize) -> String {
    let kept = match job.succeeded {
        0 => String::new(),
        done => format!("; {done} of {} completions stay", job.wanted()),
    };
    match running {
        0 => format!("{key} has no pod that runs, and starts none{kept}"),
        1 => format!("{key}: its pod is deleted, and what it has not saved is lost{kept}"),
        many => format!("{key}: its {many} pods are deleted, and what they have not saved is lost{kept}"),
    }
}

fn resumed_job(job: &Job, key: &ObjectKey) -> String {
    let pods = match job.parallelism.unwrap_or(1) {
        1 => "1 pod".to_owned(),
        many => format!("up to {many} pods"),
    };
    let deadline =
        job.active_deadline_seconds.map(|seconds| format!("; its deadline of {} begins anew", short_duration(seconds)));
    format!("{key} starts {pods}{}", deadline.unwrap_or_default())
}

fn suspended_cronjob(cronjob: &CronJob, key: &ObjectKey) -> String {
    match cronjob.active.len() {
        0 => format!("{key} starts no more runs"),
        1 => format!("{key} starts no more runs; the one that is active goes on"),
        many => format!("{key} starts no more runs; the {many} that are active go on"),
    }
}

/// A run that was missed while suspended starts at once, the newest alone, unless it is later than its deadline.
fn resumed_cronjob(cronjob: &CronJob, key: &ObjectKey, now: Time) -> String {
    let base = cronjob.last_schedule.or(cronjob.meta.created).unwrap_or(now);
    let oldest = cronjob.starting_deadline_seconds.map_or(base, |seconds| base.max(now.plus_seconds(-seconds)));
    let missed = cronjob.plan.as_ref().ok();
    let missed = missed.and_then(|plan| plan.most_recent_missed(oldest.to_timestamp(), now.to_timestamp()).run());
    match missed.map(Time::from_timestamp) {
        Some(time) => {
            let ago = short_duration(now.seconds_since(time));
            format!("{key} runs by its schedule again, and the run that it missed {ago} ago starts AT ONCE")
        }
        None => format!("{key} runs by its schedule again"),
    }
}
