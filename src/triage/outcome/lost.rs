//! A Job that failed and whose cause is not known: what is left of it, why so little, and where to look.

use serde_json::json;

use super::super::Case;
use super::super::case::{of_event, of_field};
use super::super::finding::{Confidence, Finding, Fix, Severity};
use super::super::mend::{Changes, POD};
use super::{End, brief, many};
use crate::model::clock::short_duration;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Object;

/// So long the API server keeps events where nobody told it otherwise (`--event-ttl`).
const EVENTS_KEPT_SECONDS: i64 = 3_600;

/// T080 and T088, with what explains that no more is known.
pub(super) fn without_cause(end: &End<'_, '_>) -> Vec<Finding> {
    let said = last_said(end.case, end.job);
    let policy = if end.case.pods.is_empty() { restart_policy(end) } else { None };
    let were_deleted = !end.case.events(end.job, "SuccessfulDelete").is_empty();
    let is_lost = end.failed.reason == "BackoffLimitExceeded"
        && end.case.pods.is_empty()
        && end.case.known.is_whole(Kind::Pod)
        && match policy {
            Some(policy) => policy == "OnFailure",
            // With Never the failed pods would still be there, and only others are deleted.
            None => were_deleted,
        };
    let mut findings = match is_lost {
        true => vec![lost_with_pod(end, said, policy.is_some())],
        false => vec![gave_up(end, said)],
    };
    // Who is known to have taken them away is told already.
    let is_taken = stopped_by_others(end).is_some_and(|stop| preempted(end, stop).is_some() || is_tainted(end, stop));
    if !is_lost && !is_taken && end.case.pods.is_empty() && end.case.known.is_whole(Kind::Pod) && end.job.failed > 0 {
        findings.push(pods_gone(end));
    }
    findings.extend(events_gone(end, said.is_some()));
    findings
}

/// The word of the kubelet that it stops a container of a pod that is gone by now, where the Job itself deleted none.
fn stopped_by_others<'a>(end: &End<'_, 'a>) -> Option<&'a Event> {
    let is_stop = |event: &&Event| event.reason == "Killing" && event.note.starts_with("Stopping container ");
    let stops = warnings_of_gone_pods(end.case, end.job).into_iter().filter(is_stop);
    stops.max_by_key(|event| event.last).filter(|_| end.case.events(end.job, "SuccessfulDelete").is_empty())
}

/// The taint controller deletes a pod (`pkg/controller/tainteviction/taint_eviction.go`).
const TAINTED: &str = "TaintManagerEviction";

/// A taint of its node drove off the pod that this event is about.
fn is_tainted(end: &End<'_, '_>, stop: &Event) -> bool {
    let gone = warnings_of_gone_pods(end.case, end.job);
    gone.iter().any(|event| {
        event.reason == TAINTED && event.about == stop.about && event.note.starts_with("Marking for deletion")
    })
}

/// The scheduler deletes a pod for one of higher priority (`pkg/scheduler/framework/preemption`).
const PREEMPTED: &str = "Preempted";

/// The pod that took the place of the one that this event is about, and the event that says so.
fn preempted<'a>(end: &End<'_, 'a>, stop: &Event) -> Option<(String, &'a Event)> {
    let gone = warnings_of_gone_pods(end.case, end.job);
    let event = gone.into_iter().find(|event| event.reason == PREEMPTED && event.about == stop.about)?;
    // The event names the pod by its UID.
    let uid = event.note.strip_prefix("Preempted by pod ")?.split_whitespace().next()?;
    let pod = end.case.known.snapshot.pods.get(Uid::new(uid));
    Some((pod.map_or_else(|| "a pod".to_owned(), |pod| format!("pod {}", pod.meta.name)), event))
}

fn restart_policy<'a>(end: &End<'_, 'a>) -> Option<&'a str> {
    end.case.pod_spec()?["restartPolicy"].as_str()
}

/// T080: gave up, and why its tries failed is not known.
fn gave_up(end: &End<'_, '_>, said: Option<&Event>) -> Finding {
    let mut finding = end.finding("T080");
    let words = end.words();
    let stopped = stopped_by_others(end);
    let preemption = stopped.and_then(|stop| preempted(end, stop));
    let (where_to_look, fix) = match (end.case.pods.last(), stopped) {
        (None, Some(stop)) if is_tainted(end, stop) => (
            format!(
                "Its {} was deleted while it ran: its node got a taint of effect NoExecute that the pod does not tolerate. \
                 A pod that is deleted so counts as a failure.",
                pod_words(stop)
            ),
            Fix::outside("look who put the taint on the node, and when the node is to be used again"),
        ),
        (None, Some(stop)) if preemption.is_some() => (
            format!(
                "Its {} was stopped while it ran: {} of higher priority took its place. A pod that is stopped so counts as \
                 a failure.",
                pod_words(stop),
                preemption.as_ref().map_or("a pod", |(by, _)| by),
            ),
            Fix::outside("give the Job a higher priority (priorityClassName), or wait until there is room for both"),
        ),
        (None, Some(stop)) => (
            format!(
                "Its {} was deleted while it ran, and not by the Job: a pod that is deleted so counts as a failure.",
                pod_words(stop)
            ),
            Fix::outside("ask who or what deletes pods here: people, autoscalers, clean-up scripts"),
        ),
        (Some(pod), _) => (
            format!("Why its tries failed is not known; the log of pod {} may tell.", pod.meta.name),
            Fix::outside(format!("look at the log of {} and at its events", pod.meta.name)),
        ),
        (None, None) => (
            "Its pods are gone, and with them what they said.".to_owned(),
            Fix::outside("look for its log where the cluster collects logs"),
        ),
    };
    finding.verdict = match end.failed.reason.as_str() {
        // How often it tried stands below, as the effect.
        "BackoffLimitExceeded" => format!("The Job failed as often as it may. {where_to_look}"),
        reason => format!("The Job failed: {reason}: {}. {where_to_look}", end.failed.message),
    };
    finding.verdict.push_str(&said_words(said));
    finding.short = match stopped {
        Some(_) if preemption.is_some() => "its pod was preempted by one of higher priority".to_owned(),
        Some(stop) if is_tainted(end, stop) => "its pod was driven off by a taint of its node".to_owned(),
        Some(_) => "its pod was deleted by others while it ran".to_owned(),
        None => format!("{}, cause not known", words.strip_prefix("the Job ").unwrap_or(&words)),
    };
    finding.evidence.extend(preemption.as_ref().map(|(_, event)| of_event(event)));
    finding.evidence.extend(stopped.map(of_event));
    finding.effect = words;
    finding.evidence.extend(said.map(of_event));
    finding.fixes = vec![fix, end.rerun("run it again, and follow its log")];
    if preemption.is_some() && restart_policy(end) == Some("Never") {
        let rule = json!({ "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget" }] });
        let words = "run it again with a podFailurePolicy by which such ends do not count as failures";
        // With such a policy pods are replaced only once they have ended: the server takes no other word beside it.
        let changes =
            Changes::set("spec.podFailurePolicy.rules[+]", rule).and_set("spec.podReplacementPolicy", "Failed");
        finding.fixes.splice(0..0, end.rerun_with(words, &changes));
    }
    finding
}

/// T088: with `restartPolicy: OnFailure` the pod is deleted when the limit is reached.
fn lost_with_pod(end: &End<'_, '_>, said: Option<&Event>, is_policy_known: bool) -> Finding {
    let mut finding = end.finding("T088");
    // What is counted are restarts in the pod, and the pod itself is one failure.
    let words = match end.job.backoff_limit {
        Some(limit) => format!("gave up after {} (limit {limit})", many(limit.max(1), "restart")),
        None => end.words(),
    };
    finding.severity = Severity::Warning;
    finding.confidence = if is_policy_known { Confidence::Certain } else { Confidence::Likely };
    let policy = if is_policy_known { "restartPolicy OnFailure" } else { "restartPolicy OnFailure, as it seems" };
    finding.verdict = format!(
        "The Job {words}, and with {policy} its pod was deleted at that moment, together with its logs: what it failed of \
         is not known any more.{}",
        said_words(said)
    );
    finding.short = "logs were deleted with the pod".to_owned();
    finding.effect = words;
    finding.evidence.extend(end.case.events(end.job, "SuccessfulDelete").into_iter().take(1).map(of_event));
    finding.evidence.extend(said.map(of_event));
    if is_policy_known {
        finding.evidence.push(of_field(end.job, "spec.template.spec.restartPolicy", "OnFailure"));
    }
    finding.fixes = end.rerun_with(
        "run it again with restartPolicy Never: failed pods then stay, with their logs",
        &Changes::set(format!("{POD}.restartPolicy"), "Never"),
    );
    finding.fixes.push(end.rerun("run it again, and follow its log"));
    finding
}

fn said_words(said: Option<&Event>) -> String {
    said.map(|event| format!(" The last that was said of {}: {}.", pod_words(event), brief(event.note.trim_end(), 200)))
        .unwrap_or_default()
}

/// T104: pods that failed stay with their Job; here they do not.
fn pods_gone(end: &End<'_, '_>) -> Finding {
    Finding {
        severity: Severity::Info,
        confidence: Confidence::Likely,
        verdict: "Its failed pods would have stayed with the Job, but none is there: somebody deleted them, their node was \
                  removed, or the cluster had so many ended pods that it collected the oldest. Their logs are gone with \
                  them."
            .to_owned(),
        short: "its pods were removed".to_owned(),
        evidence: vec![of_field(end.job, "status.failed", end.job.failed.to_string())],
        fixes: vec![Fix::outside("collect logs outside the pods, and clean up more often")],
        ..end.finding("T104")
    }
}

/// T103: events that would tell more are kept for an hour.
fn events_gone(end: &End<'_, '_>, has_said: bool) -> Option<Finding> {
    let known = end.case.known;
    let age = known.ago(end.job.ended().or(end.failed.since)?);
    let has_events = known.snapshot.events_about(end.job.uid()).next().is_some();
    let is_gone = age > EVENTS_KEPT_SECONDS && !has_events && !has_said && known.is_whole(Kind::Event);
    is_gone.then(|| Finding {
        severity: Severity::Info,
        confidence: Confidence::Likely,
        verdict: format!(
            "The Job ended {} ago, and events are kept for about an hour: this judges by conditions and container states \
             alone.",
            short_duration(age)
        ),
        short: "its events have expired".to_owned(),
        evidence: Vec::new(),
        fixes: vec![end.rerun("run it again to see its events as they come")],
        ..end.finding("T103")
    })
}

/// The newest warning about one of the Job's pods that are gone.
fn last_said<'a>(case: &Case<'a>, job: &Job) -> Option<&'a Event> {
    let said = warnings_of_gone_pods(case, job).into_iter().filter(|event| event.is_warning);
    // That a container was to be started again says least.
    said.max_by_key(|event| (!event.note.starts_with("Back-off restarting"), event.last))
}

/// Events about pods that the Job had and that are gone: warnings, that a container started or was stopped, and that a
/// taint or a pod of higher priority drove the pod off. Pods are known by what the Job controller said when it made them,
/// else by their names (`NAME-xxxxx`, with an index `NAME-12-xxxxx`).
pub(super) fn warnings_of_gone_pods<'a>(case: &Case<'a>, job: &Job) -> Vec<&'a Event> {
    let snapshot = case.known.snapshot;
    let made = case.events(job, "SuccessfulCreate");
    let is_of_job = |pod: &str| {
        made.iter().any(|event| event.note.strip_prefix("Created pod: ") == Some(pod))
            || pod.strip_prefix(job.meta.name.as_str()).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_suffix)
    };
    // An older Job of the same name had pods of such names, too.
    let began = job.meta.created;
    let is_meant = |event: &&Event| {
        event.about_kind == Some(Kind::Pod)
            && event.meta.namespace == job.meta.namespace
            && (event.is_warning || matches!(event.reason.as_str(), "Started" | "Killing" | TAINTED | PREEMPTED))
            && event.last >= began
            && snapshot.pods.get(event.about).is_none()
            && event.about_name.strip_prefix("pod/").is_some_and(is_of_job)
    };
    snapshot.events.iter().filter(is_meant).collect()
}

/// What stands behind a Job's name in the names of its pods.
fn is_suffix(text: &str) -> bool {
    let random = match text.split_once('-') {
        Some((index, random)) if index.bytes().all(|byte| byte.is_ascii_digit()) => random,
        Some(_) => return false,
        None => text,
    };
    random.len() == 5 && random.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// `pod never-ran-d0`, from an event about it.
pub(super) fn pod_words(event: &Event) -> String {
    event.about_name.replacen('/', " ", 1)
}
