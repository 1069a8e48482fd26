//! No pod exists because none is wanted now: the Job is paused, waits for its turn, or nobody works on it. What is as
//! someone wanted it is told as an explanation, not as a problem.

mod kueue;

use super::Case;
use super::case::of_field;
use super::container::{blank, status_path};
use super::finding::{Confidence, Finding, Fix, Severity};
#[cfg(test)]
use super::grammar::Pattern;
use super::outcome;
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::pod::{Container, ContainerState, Pod, PodPhase};

/// Why no pod of a Job is wanted, or nobody makes one.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let is_open = |job: &&Job| !job.is_decided() && job.meta.deleted.is_none();
    let Some(job) = case.whole_job().filter(is_open) else { return Vec::new() };
    let rules =
        [namespace_terminating, managed_elsewhere, kueue::queued, suspended, no_parallelism, retry_delay, silence];
    rules.into_iter().find_map(|rule| rule(case, job)).into_iter().collect()
}

/// What explanations have in common; the rule puts in the rest.
fn explanation(case: &Case<'_>, rule: &'static str) -> Finding {
    blank(case, rule, Severity::Info, Confidence::Certain)
}

/// ` 20m ago`; empty where the time is not known.
fn when(case: &Case<'_>, since: Option<Time>) -> String {
    since.map(|since| format!(" {} ago", short_duration(case.known.ago(since)))).unwrap_or_default()
}

/// T014: nothing new can start in a namespace that is being deleted; the controllers say nothing of it.
fn namespace_terminating(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let name = &job.meta.namespace;
    let namespace = case.known.snapshot.namespaces.iter().find(|one| one.name == *name)?;
    let since = namespace.deleted?;
    Some(Finding {
        verdict: format!(
            "Namespace {name} is being deleted, which began{}. Nothing new can start there, and the Job goes with it.",
            when(case, Some(since))
        ),
        short: format!("namespace {name} is being deleted"),
        evidence: vec![of_field(namespace, "metadata.deletionTimestamp", since.to_string())],
        fixes: vec![
            Fix::outside("make the Job in another namespace"),
            Fix::outside(format!(
                "where the deletion hangs, look at the conditions and finalizers of namespace {name}"
            )),
        ],
        since: Some(since),
        group: format!("T014/{name}"),
        ..explanation(case, "T014")
    })
}

/// A Job is taken up within so many seconds; only then is silence told.
const TAKEN_UP_SECONDS: i64 = 60;

fn age(case: &Case<'_>, job: &Job) -> i64 {
    job.meta.created.map_or(0, |created| case.known.ago(created))
}

/// T005: the built-in controller leaves this Job alone.
fn managed_elsewhere(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let manager = job.managed_by.as_ref()?;
    let is_silent = job.started.is_none() && job.active + job.succeeded + job.failed == 0;
    let is_late = is_silent && !job.suspend && age(case, job) > TAKEN_UP_SECONDS;
    let placed = kueue::cluster_of(case, job);
    let (place, short) = match (placed, manager == "kueue.x-k8s.io/multikueue") {
        (Some(cluster), _) => (
            format!("Its pods run in cluster {cluster}; the counters here are copied from there."),
            format!("runs in cluster {cluster}"),
        ),
        (None, true) => (
            "Kueue picks another cluster for it, and its pods run there.".to_owned(),
            "runs in another cluster (MultiKueue)".to_owned(),
        ),
        (None, false) if is_silent => (
            format!(
                "Nothing was done so far: there is no pod, and the Job's status is empty{}.",
                if job.suspend { " (it is suspended)" } else { "" }
            ),
            format!("left to {manager}"),
        ),
        (None, false) => ("It reports what it does in the Job's status.".to_owned(), format!("left to {manager}")),
    };
    Some(Finding {
        severity: if is_late { Severity::Warning } else { Severity::Info },
        verdict: format!(
            "The built-in Job controller leaves this Job alone: spec.managedBy gives it to {manager}. {place}"
        ),
        short,
        evidence: vec![of_field(job, "spec.managedBy", manager.as_str())],
        fixes: if is_late {
            vec![
                Fix::outside(format!("look whether {manager} runs, and what it says of this Job")),
                case.rerun("run it here: make a new Job without spec.managedBy"),
            ]
        } else {
            Vec::new()
        },
        since: job.meta.created,
        group: format!("T005/{manager}"),
        ..explanation(case, "T005")
    })
}

/// T001: someone paused the Job.
fn suspended(case: &Case<'_>, job: &Job) -> Option<Finding> {
    if !job.suspend {
        return None;
    }
    let condition = job.condition("Suspended");
    let since = condition.and_then(|condition| condition.since).or(job.meta.created);
    // The condition may come before the Job has run at all: then it was made so.
    let began = match job.meta.created.zip(since) {
        Some((created, since)) if since.seconds_since(created) <= 2 => "was made suspended",
        _ => "was suspended",
    };
    let owner = job.meta.owner.filter(|owner| owner.kind.is_none()).and_then(|_| owner_words(case));
    let is_owned = job.meta.owner.is_some_and(|owner| owner.kind.is_none());
    let deadline = match job.active_deadline_seconds {
        Some(seconds) => format!(" Its time limit of {} starts anew then.", short_duration(seconds)),
        None => String::new(),
    };
    let who = owner.unwrap_or_else(|| "its owner".to_owned());
    let (verdict, fixes) = if is_owned {
        (
            format!("The Job {began}{}. It belongs to {who}, which decides when it starts.", when(case, since)),
            vec![Fix::outside(format!("resume {who}: what is set on the Job alone may be taken back"))],
        )
    } else {
        (
            format!("The Job {began}{}. It starts no pod until someone resumes it.{deadline}", when(case, since)),
            vec![Fix::by("resume the Job", CommandCall::new("batch.resume", case.subject))],
        )
    };
    let mut evidence = vec![of_field(job, "spec.suspend", "true")];
    evidence.extend(condition.map(|one| of_field(job, "status.conditions[Suspended].reason", one.reason.as_str())));
    Some(Finding {
        verdict,
        short: if is_owned { format!("paused by {who}") } else { "paused by hand".to_owned() },
        evidence,
        fixes,
        since,
        ..explanation(case, "T001")
    })
}

/// The Job's owner as a person calls it: `jobset/train`.
fn owner_words(case: &Case<'_>) -> Option<String> {
    let owners = case.manifest()?["metadata"]["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    Some(format!("{}/{}", owner["kind"].as_str()?.to_lowercase(), owner["name"].as_str()?))
}

/// T016: the other way to pause a Job.
fn no_parallelism(case: &Case<'_>, job: &Job) -> Option<Finding> {
    if job.parallelism != Some(0) || job.suspend {
        return None;
    }
    let deadline = match job.stops_in(case.known.now) {
        Some(left) => format!(" Its time limit keeps counting: {} are left.", short_duration(left)),
        None => String::new(),
    };
    Some(Finding {
        verdict: format!(
            "Parallelism is 0, so the Job may run no pod: it rests that way until someone raises it.{deadline}"
        ),
        short: "parallelism is 0: no pod is wanted".to_owned(),
        evidence: vec![of_field(job, "spec.parallelism", "0")],
        fixes: vec![Fix::by("let one pod run at a time", CommandCall::with("job.parallelism", case.subject, "1"))],
        ..explanation(case, "T016")
    })
}

/// The delay after so many failures in a row: 10 s, doubled for each further one, at most ten minutes
/// (`pkg/controller/job/backoff_utils.go`).
fn delay_after(failures: usize) -> i64 {
    let doubled = u32::try_from(failures.saturating_sub(1)).ok().and_then(|times| 10_i64.checked_shl(times.min(16)));
    doubled.unwrap_or(600).min(600)
}

/// T017: the time between two tries.
fn retry_delay(case: &Case<'_>, job: &Job) -> Option<Finding> {
    if job.suspend || !case.lacks_pods(job) {
        return None;
    }
    let of = |phase: PodPhase| case.pods.iter().copied().filter(move |pod| pod.phase == phase);
    let (last, ended) = of(PodPhase::Failed).filter_map(|pod| Some((pod, pod.ended()?))).max_by_key(|(_, end)| *end)?;
    // With a limit for each index every index waits by itself.
    let is_counted = |pod: &&Pod| job.backoff_limit_per_index.is_none() || pod.index == last.index;
    let success = of(PodPhase::Succeeded).filter(is_counted).filter_map(Pod::ended).max();
    let failures = of(PodPhase::Failed).filter(is_counted).filter(|pod| pod.ended() > success).count();
    let remaining = delay_after(failures) - case.known.ago(ended);
    if failures == 0 || remaining <= 0 {
        return None;
    }
    let limit = job.backoff_limit_per_index.or(job.backoff_limit);
    let (which, failed_so_far) = match (job.backoff_limit_per_index, last.index) {
        (Some(_), Some(index)) => (format!(" of index {index}"), of(PodPhase::Failed).filter(is_counted).count()),
        _ => (String::new(), of(PodPhase::Failed).count().max(usize::try_from(job.failed).unwrap_or_default())),
    };
    let (words, retry) = match limit.and_then(|limit| usize::try_from(limit).ok()) {
        // More failures than are allowed: the controller is about to end the Job.
        Some(limit) if failed_so_far > limit => return None,
        Some(_) if outcome::uncounted(case, job).is_some() => {
            let words = " Such an end is not counted, so it is tried for ever: a rule of the Job's podFailurePolicy ignores it.";
            (words.to_owned(), String::new())
        }
        Some(limit) if limit < 10_000 => {
            (format!(" It is retry {failed_so_far} of {limit}."), format!(", retry {failed_so_far} of {limit}"))
        }
        _ => (String::new(), String::new()),
    };
    let mut fixes = Vec::new();
    if remaining > 60 {
        fixes.push(Fix::by(
            "start over at once: delete the Job and make it anew",
            CommandCall::new("job.rerun", case.subject),
        ));
    }
    let remaining = short_duration(remaining);
    let is_last = |one: &&Container| matches!(&one.state, ContainerState::Ended(end) if end.finished == Some(ended));
    let container = last.containers.iter().find(is_last);
    let path = container.map_or_else(|| "status".to_owned(), |one| status_path(one, "state.terminated.finishedAt"));
    Some(Finding {
        confidence: Confidence::Likely,
        verdict: format!(
            "The last try{which} failed{}. The Job waits longer after each failure; its next pod comes in about \
             {remaining}.{words}",
            when(case, Some(ended))
        ),
        short: format!("next try in {remaining}{retry}{which}"),
        evidence: vec![of_field(last, path, ended.to_string())],
        fixes,
        since: Some(ended),
        ..explanation(case, "T017")
    })
}

/// T015: nobody has taken up the Job.
fn silence(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let known = case.known;
    let is_untouched = job.started.is_none() && !job.suspend && job.managed_by.is_none() && case.pods.is_empty();
    let is_known = known.is_whole(Kind::Pod) && known.is_whole(Kind::Event);
    let age = age(case, job);
    if !is_untouched
        || !is_known
        || age <= TAKEN_UP_SECONDS
        || known.snapshot.events_about(job.meta.uid).next().is_some()
    {
        return None;
    }
    let silent = manager_silent_for(case);
    // It was suspended until a moment ago, and nothing tells how long ago that was.
    let is_resumed = job.condition("Suspended").is_some();
    if is_resumed && silent.is_none_or(|silent| silent <= TAKEN_UP_SECONDS) {
        return None;
    }
    let waiting = if is_resumed { "since it was resumed".to_owned() } else { format!("for {}", short_duration(age)) };
    let (lease, is_alive) = match silent {
        Some(silent) if silent > TAKEN_UP_SECONDS => {
            (format!(" kube-controller-manager last gave a sign of life {} ago.", short_duration(silent)), false)
        }
        Some(_) => {
            (" kube-controller-manager is alive, so its Job controller is stopped or far behind.".to_owned(), true)
        }
        None => (String::new(), true),
    };
    Some(Finding {
        severity: Severity::Critical,
        confidence: if is_alive { Confidence::Guess } else { Confidence::Likely },
        verdict: format!(
            "Nobody has taken up this Job {waiting}: it has no start time, no pod and no event. The cluster's Job \
             controller seems to be down or far behind.{lease}"
        ),
        short: format!("no controller took it up {waiting}"),
        evidence: vec![of_field(job, "status.startTime", "not set")],
        fixes: vec![Fix::outside("look at kube-controller-manager in the cluster's control plane")],
        since: job.meta.created,
        ..explanation(case, "T015")
    })
}

/// Seconds since the controller manager renewed its lease. None where that is not known.
fn manager_silent_for(case: &Case<'_>) -> Option<i64> {
    let lease = case.found("coordination.k8s.io/v1", "Lease", "kube-system", "kube-controller-manager")?;
    Some(case.known.ago(Time::parse(lease["spec"]["renewTime"].as_str()?)?))
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&kueue::SHORTAGE, &kueue::TOO_LARGE];

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
