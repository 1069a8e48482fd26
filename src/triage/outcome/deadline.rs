//! `DeadlineExceeded`: whether anything ran before the time was over decides what helps.

use serde_json::Value;

use super::super::Case;
use super::super::case::{of_event, of_field};
use super::super::choose::Tries;
use super::super::finding::{Confidence, Evidence, Finding, Fix, RuleId};
use super::super::mend::Changes;
use super::super::stuck::as_sidecars;
use super::lost::{pod_words, warnings_of_gone_pods};
use super::{End, brief, many, with_causes};
use crate::model::clock::short_duration;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::pod::{ContainerState, Pod};
use crate::triage::placing::no_node;
use crate::triage::refused;

/// So many characters of an event's note are quoted in a verdict.
const QUOTED: usize = 200;

pub(super) fn tell(end: &End<'_, '_>, tries: Vec<Tries>) -> Vec<Finding> {
    let has_failures = tries.iter().any(|one| one.finding.rule.0 >= "T054" && one.finding.rule.0 != "T066");
    // Containers that are ended because of the deadline say nothing of their own.
    let causes: Vec<Finding> =
        tries.into_iter().map(|one| one.finding).filter(|cause| cause.rule.0 != "T066").collect();
    match has_run(end.case, end.job) {
        Some(true) | None if has_failures && end.job.succeeded == 0 => after_failures(end, causes),
        Some(false) => with_causes(before_first_run(end, causes.first()), causes),
        ran => with_causes(while_working(end, ran.is_some()), causes),
    }
}

/// A container of the Job ran at least once. None where its pods are gone and nothing is left that tells.
fn has_run(case: &Case<'_>, job: &Job) -> Option<bool> {
    if job.succeeded > 0 || case.pods.iter().any(|pod| has_started(pod)) {
        return Some(true);
    }
    if case.pods.iter().any(|pod| !pod.is_finished()) {
        return Some(false);
    }
    let gone = warnings_of_gone_pods(case, job);
    // The kubelet's `Started`, and its delay before a container that ended is started again.
    let is_start = |event: &&Event| event.reason == "Started" || event.note.starts_with("Back-off restarting");
    match gone.iter().any(is_start) {
        true => Some(true),
        false => blocker(case, job).map(|_| false),
    }
}

fn has_started(pod: &Pod) -> bool {
    let has_run = |state: &ContainerState| match state {
        ContainerState::Running(_) => true,
        ContainerState::Ended(end) => end.started.is_some() && end.reason != "StartError",
        ContainerState::Waiting { .. } => false,
    };
    pod.containers.iter().any(|one| has_run(&one.state) || one.last_end.is_some())
}

/// What was said last of why nothing started: of the Job's pods that are gone, else of pods that could not be created.
fn blocker<'a>(case: &Case<'a>, job: &Job) -> Option<&'a Event> {
    // `Error: ImagePullBackOff` repeats in a word what the event before it says in a sentence.
    let tells = |event: &&Event| event.is_warning && event.reason != "BackOff" && !event.note.starts_with("Error: ");
    let of_pods = warnings_of_gone_pods(case, job).into_iter().filter(tells).max_by_key(|event| event.last);
    of_pods.or_else(|| case.events(job, "FailedCreate").into_iter().next())
}

/// A refusal in words that no rule knows.
const UNKNOWN: RuleId = RuleId("T010");

/// T081: the time was over before any container ran.
fn before_first_run(end: &End<'_, '_>, cause: Option<&Finding>) -> Finding {
    let mut finding = end.finding("T081");
    let deadline = end.job.active_deadline_seconds.unwrap_or_default();
    let event = blocker(end.case, end.job);
    // What kept its pods from being made, or placed, may be as it was: then that is the cause.
    let refused = event.filter(|event| cause.is_none() && event.reason == "FailedCreate");
    let refused =
        refused.and_then(|event| refused::read(end.case, end.job, event)).filter(|refused| refused.rule != UNKNOWN);
    let cause = cause.or(refused.as_ref());
    let unplaced = event.filter(|event| event.reason == "FailedScheduling");
    let has_nodes = end.case.known.snapshot.nodes.iter().next().is_some();
    let unplaced = unplaced.filter(|_| has_nodes).and_then(|_| no_node(end.case.known, end.case.pod_spec()?));
    let (reason, short) = match (cause, event) {
        (None, Some(event)) if unplaced.is_some() => {
            let why = unplaced.unwrap_or_default();
            (format!("The scheduler found no place for {}: as things are, {why}.", pod_words(event)), why)
        }
        (Some(cause), _) => (cause.verdict.clone(), cause.short.clone()),
        (None, Some(event)) if event.reason == "FailedCreate" => {
            (format!("No pod could be created: {}", brief(&event.note, QUOTED)), brief(&event.note, 60))
        }
        (None, Some(event)) => {
            let words = format!("The last that was said of {}: {}", pod_words(event), brief(&event.note, QUOTED));
            (words, brief(&event.note, 60))
        }
        (None, None) => ("Its pods are not ready to start yet.".to_owned(), "nothing ran".to_owned()),
    };
    if cause.is_none() {
        finding.confidence = Confidence::Likely;
    }
    finding.verdict = format!(
        "The Job's time of {deadline} s was over before any of its containers ran; waiting counts, too. {reason}"
    );
    finding.short = format!("never ran: {short}");
    finding.effect = format!("stopped at its deadline of {}, nothing had run", short_duration(deadline));
    finding.evidence.extend(event.map(of_event));
    finding.evidence.push(deadline_field(end.job));
    finding.group = cause.map_or_else(|| finding.group.clone(), |cause| format!("T081/{}", cause.group));
    // What cures the cause does so for the next run alone: this Job is over.
    finding.fixes = cause.map(|cause| cause.fixes.clone()).unwrap_or_default();
    finding.fixes.push(end.rerun("run it again once the cause is gone"));
    let longer = deadline.saturating_mul(2);
    finding.fixes.extend(end.rerun_with(
        format!("run it again with a deadline of {}, where it only waited its turn", short_duration(longer)),
        &lasting(longer),
    ));
    finding
}

/// T082: the time was over while pods ran; or, where nothing is left of them, maybe so.
fn while_working(end: &End<'_, '_>, is_known: bool) -> Finding {
    let (job, mut finding) = (end.job, end.finding("T082"));
    let deadline = job.active_deadline_seconds.unwrap_or_default();
    let span = short_duration(deadline);
    let wanted = job.wanted();
    let usual = usual_seconds(end.case, job).filter(|usual| *usual < deadline);
    let pace = (job.succeeded > 0).then(|| deadline * i64::from(wanted) / i64::from(job.succeeded));
    let waited = waited_for(end.case, job);
    let outlived = outlived(end.case, job);
    let judgement = match (pace, usual) {
        _ if !outlived.is_empty() => {
            let (has, runs) = if outlived.len() == 1 { ("it", "runs") } else { ("they", "run") };
            format!(
                "In its last pod {} alone still ran then; the other containers had ended, and the Job cannot complete \
                 while {has} {runs}.",
                outlived.join(", ")
            )
        }
        _ if waited.is_some() => format!(
            "Of its last pod only init container {} had started: the main containers never ran.",
            waited.unwrap_or_default()
        ),
        (Some(pace), _) if wanted > job.succeeded => {
            format!("It went on steadily: at this pace all {wanted} take about {}.", short_duration(pace))
        }
        (_, Some(usual)) => {
            format!("Runs before it took {}, so it likely hung or waited for something.", short_duration(usual))
        }
        _ if !is_known => "Nothing is left that tells whether a container ran.".to_owned(),
        _ => "Whether it was slow or hung, only its log could tell.".to_owned(),
    };
    if !is_known {
        finding.confidence = Confidence::Guess;
    }
    let logs = match end.case.pods.iter().find(|pod| !pod.is_finished()) {
        Some(pod) => format!("Pod {} is still stopping: its log can be read until it is gone.", pod.meta.name),
        None => "The pods that ran at that moment were removed together with their logs.".to_owned(),
    };
    finding.verdict = format!(
        "The Job was stopped after {span}, its deadline of {deadline} s, with {}/{wanted} done. {judgement} {logs}",
        job.succeeded,
    );
    finding.short = format!("deadline {span}: {}/{wanted} done", job.succeeded);
    finding.effect = format!("stopped at its deadline of {span}");
    finding.evidence.push(deadline_field(job));
    finding.evidence.extend(end.case.events(job, "SuccessfulDelete").into_iter().take(2).map(of_event));
    if !outlived.is_empty() {
        let words = format!(
            "make a new Job that has {} as an init container with restartPolicy Always, which ends with the others",
            outlived.join(", ")
        );
        finding.fixes.extend(end.rerun_with(words, &as_sidecars(end.case, &outlived)));
        finding.short = format!("deadline {span}: only {} still ran", outlived.join(", "));
    }
    match (pace, usual) {
        (Some(pace), _) => {
            let longer = pace + pace / 4;
            let words =
                format!("run it again with a deadline of {longer} s, a quarter more than it needs at this pace");
            finding.fixes.extend(end.rerun_with(words, &lasting(longer)));
        }
        (None, Some(_)) => {
            finding.fixes.push(end.rerun("run it again and watch its log for where it stops"));
        }
        (None, None) => {
            let longer = deadline.saturating_mul(2);
            let words = format!("run it again with twice the time: a deadline of {}", short_duration(longer));
            finding.fixes.extend(end.rerun_with(words, &lasting(longer)));
        }
    }
    finding.fixes.push(Fix::outside("a running Job's deadline can be raised at once, before it is reached"));
    finding
}

fn lasting(seconds: i64) -> Changes {
    Changes::set("spec.activeDeadlineSeconds", seconds)
}

/// The init container that was stopped at the deadline, where it was the only one of its pod: `Stopping container x`.
fn waited_for(case: &Case<'_>, job: &Job) -> Option<String> {
    let gone = warnings_of_gone_pods(case, job);
    let stopped = gone.iter().filter_map(|event| event.note.strip_prefix("Stopping container "));
    let mut stopped: Vec<&str> = stopped.collect();
    stopped.sort_unstable();
    stopped.dedup();
    let [only] = stopped[..] else { return None };
    let is_it = |container: &Value| container["name"] == only && container["restartPolicy"] != "Always";
    let inits = case.pod_spec()?["initContainers"].as_array()?;
    inits.iter().any(is_it).then(|| only.to_owned())
}

/// The containers of the Job's last pod that were stopped at its deadline, where others beside them had ended by then:
/// those have no `Stopping container x`. Empty where all were stopped, or none was.
fn outlived(case: &Case<'_>, job: &Job) -> Vec<String> {
    let gone = warnings_of_gone_pods(case, job);
    let stops = gone.iter().filter(|event| event.reason == "Killing");
    let Some(last) = stops.clone().max_by_key(|event| event.last).map(|event| event.about) else { return Vec::new() };
    let stopped = stops.filter(|event| event.about == last);
    let stopped: Vec<&str> = stopped.filter_map(|event| event.note.strip_prefix("Stopping container ")).collect();
    let mains = case.pod_spec().and_then(|spec| spec["containers"].as_array()).into_iter().flatten();
    let (kept, ended): (Vec<&str>, Vec<&str>) =
        mains.filter_map(|one| one["name"].as_str()).partition(|name| stopped.contains(name));
    // All of them have been started: else those that were not stopped may have waited.
    let started = gone.iter().filter(|event| event.about == last && event.reason == "Started").map(|event| event.count);
    let have_started = started.sum::<i32>() >= i32::try_from(kept.len() + ended.len()).unwrap_or(i32::MAX);
    match ended.is_empty() || !have_started {
        true => Vec::new(),
        false => kept.into_iter().map(str::to_owned).collect(),
    }
}

/// Tries failed, none succeeded, and the next ones ran out of time: what they failed of is the cause.
fn after_failures(end: &End<'_, '_>, mut causes: Vec<Finding>) -> Vec<Finding> {
    let span = short_duration(end.job.active_deadline_seconds.unwrap_or_default());
    let tries = many(end.failures().max(1), "try");
    for (at, cause) in causes.iter_mut().enumerate() {
        cause.effect = match at {
            0 => format!("stopped at its deadline of {span} after {tries}"),
            _ => String::new(),
        };
    }
    causes
}

fn deadline_field(job: &Job) -> Evidence {
    let words = job.active_deadline_seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
    of_field(job, "spec.activeDeadlineSeconds", words)
}

/// What half of the successful runs of the same CronJob took at most, in seconds.
pub(in crate::triage) fn usual_seconds(case: &Case<'_>, job: &Job) -> Option<i64> {
    let runs = case.known.snapshot.jobs_of(job.meta.owner_uid()?);
    let mut spans: Vec<i64> =
        runs.into_iter().filter(|run| run.is_complete()).filter_map(|run| run.duration(case.known.now)).collect();
    spans.sort_unstable();
    spans.get(spans.len() / 2).copied()
}
