//! Ends that do not come: pods, Jobs and replacements that wait for something that does not let go.

use super::super::Case;
use super::super::case::of_field;
use super::super::finding::{Confidence, Evidence, Finding, Fix, Severity};
use super::super::known::Fact;
use super::super::outcome::many;
use super::{finding, names, of_pod};
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::meta::Meta;
use crate::model::mutation::Address;
use crate::model::node::Node;
use crate::model::pod::{ContainerState, Pod};

/// So long after its time an end may still be under way: controllers and kubelets look again within it.
const GRACE_SECONDS: i64 = 60;

/// A decided Job waits for its pods at least so long: the usual `terminationGracePeriodSeconds` and ten seconds more.
const STOPPING_SECONDS: i64 = 40;

/// The finalizer by which the Job controller holds a pod until it has counted it.
const TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// T092: nothing of the pod is left to run, and still it is there: a finalizer holds it.
pub(super) fn finalizer_stuck(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let deleted = overdue(case, &pod.meta)?;
    let ended = |state: &ContainerState| matches!(state, ContainerState::Ended(_));
    if !pod.is_finished() && (pod.containers.is_empty() || !pod.containers.iter().all(|one| ended(&one.state))) {
        return None;
    }
    let holders = finalizers(case, &pod.meta, "v1", "Pod");
    // Without any the kubelet has not let it go yet, or the node is gone.
    let holder = match &holders {
        Some(holders) => holders.first()?.clone(),
        None => TRACKING.to_owned(),
    };
    let jobs = case.known.is_whole(Kind::Job);
    let owner = match (holder.as_str(), case.job) {
        (TRACKING, Some(job)) if job.managed_by.is_some() => {
            "its Job belongs to another controller than the one that takes this finalizer away".to_owned()
        }
        (TRACKING, Some(job)) => {
            format!("Job {} has not counted it yet, so its controller is behind or down", job.meta.name)
        }
        (TRACKING, None) if jobs => "its Job is gone, so nobody takes it away".to_owned(),
        _ => "whoever put it there has to take it away".to_owned(),
    };
    let seems = if holders.is_some() { "" } else { ", as it seems" };
    let mut evidence = of_field(pod, "metadata.deletionTimestamp", deleted.to_string());
    evidence.at = Some(deleted);
    let mut evidence = vec![evidence];
    evidence.extend(holders.is_some().then(|| of_field(pod, "metadata.finalizers", holder.as_str())));
    let edit = format!(
        "take the entry {holder} out of metadata.finalizers; a Job that is not over would count this pod wrongly"
    );
    Some(Finding {
        confidence: if holders.is_some() { Confidence::Certain } else { Confidence::Likely },
        verdict: format!(
            "Pod {} was to be gone {} ago and all of its containers have ended, but finalizer {holder} holds it{seems}: \
             {owner}.",
            pod.meta.name,
            short_duration(case.known.ago(deleted)),
        ),
        short: format!("held by finalizer {}", holder.rsplit('/').next().unwrap_or(&holder)),
        fixes: vec![Fix::by(edit, CommandCall::new("object.edit", of_pod(pod)))],
        since: Some(deleted),
        group: format!("T092/{}/{holder}", pod.meta.namespace),
        ..finding(case, "T092", Severity::Error, evidence)
    })
}

/// T093: the outcome is decided, and pods do not stop.
pub(super) fn finishing_blocked(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let decided = job.condition("FailureTarget").or_else(|| job.condition("SuccessCriteriaMet"))?;
    let since = decided.since.filter(|since| case.known.ago(*since) > STOPPING_SECONDS)?;
    let open: Vec<&Pod> = case.pods.iter().filter(|pod| !pod.is_finished()).copied().collect();
    let count = open.len().max(usize::try_from(job.terminating).unwrap_or_default());
    if count == 0 {
        return None;
    }
    let outcome = if decided.kind == "FailureTarget" { "failed" } else { "succeeded" };
    let which = names(open.iter().map(|pod| pod.meta.name.as_str()));
    let which = if which.is_empty() { which } else { format!(" ({which})") };
    let silent = open.iter().find_map(|pod| silent_node(case, pod));
    let why = match silent {
        Some((node, _)) => {
            format!(" Node {} does not answer, so nobody can say that its pod has stopped.", node.meta.name)
        }
        None => match time_left(case, &open) {
            Some(left) => format!(" What still runs is killed in {left}, when its grace period is over."),
            None if open.is_empty() && !case.pods.is_empty() => {
                " They have ended by now; its status follows.".to_owned()
            }
            None => " The time they had to stop is over.".to_owned(),
        },
    };
    // What stops within its time is as it should be.
    let is_stopping = |pod: &&Pod| pod.meta.deleted.is_some_and(|by| case.known.now.seconds_since(by) < GRACE_SECONDS);
    // Of pods that have ended meanwhile the Job's status hears a little later.
    let mut leaving = case.pods.iter().filter(|pod| !pod.is_finished() || pod.meta.deleted.is_some());
    let is_known = !case.pods.is_empty() || case.known.is_whole(Kind::Pod);
    let is_in_time = silent.is_none() && is_known && leaving.all(is_stopping);
    let severity = if is_in_time { Severity::Info } else { Severity::Warning };
    let mut evidence = of_field(job, format!("status.conditions[{}]", decided.kind), decided.reason.as_str());
    evidence.at = decided.since;
    let terminating = of_field(job, "status.terminating", job.terminating.to_string());
    Some(Finding {
        verdict: format!(
            "The Job has {outcome} ({}), which was decided {} ago, but it is not over before {} stopped{which}.{why}",
            decided.reason,
            short_duration(case.known.ago(since)),
            match count {
                1 => "1 pod has".to_owned(),
                count => format!("{count} pods have"),
            },
        ),
        short: format!("{outcome}, waits for {} to stop", many(count, "pod")),
        fixes: open.first().map(|pod| delete_pod(pod, silent.is_some())).into_iter().collect(),
        since: Some(since),
        ..finding(case, "T093", severity, vec![evidence, terminating])
    })
}

/// T094: a pod is lost, and no other is made in its place before it is really gone.
pub(super) fn replacement_blocked(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let leaving = || case.pods.iter().filter(|pod| !pod.is_finished() && pod.meta.deleted.is_some()).copied();
    let pod = leaving().find(|pod| overdue(case, &pod.meta).is_some()).or_else(|| leaving().next())?;
    let open = case.pods.iter().filter(|pod| !pod.is_finished() && pod.meta.deleted.is_none()).count();
    if job.is_decided() || job.suspend || open >= case.wanted_pods(job) {
        return None;
    }
    let policy = match job_object(case, job) {
        Some(Fact::Found(object)) => Some(object["spec"]["podReplacementPolicy"].as_str()?.to_owned()),
        _ => None,
    };
    if policy.as_deref().is_some_and(|policy| policy != "Failed") {
        return None;
    }
    let deleted = pod.meta.deleted?;
    if overdue(case, &pod.meta).is_none() {
        return policy.and_then(|_| replacement_to_come(case, job, pod));
    }
    let silent = silent_node(case, pod);
    let node = match silent {
        Some((node, Some(since))) => {
            format!("Its node {} has not answered for {}.", node.meta.name, short_duration(case.known.ago(since)))
        }
        Some((node, None)) => format!("Its node {} does not answer.", node.meta.name),
        None => format!("It runs on node {} still, as far as is known.", pod.node),
    };
    let why = match policy {
        Some(_) => "its podReplacementPolicy Failed waits until the old one is really gone",
        None => "it waits until the old one is really gone, as it seems",
    };
    let mut evidence = of_field(pod, "metadata.deletionTimestamp", deleted.to_string());
    evidence.at = Some(deleted);
    let mut evidence = vec![evidence];
    evidence.extend(policy.as_ref().map(|policy| of_field(job, "spec.podReplacementPolicy", policy.as_str())));
    evidence.extend(silent.map(|(node, since)| Evidence {
        at: since,
        ..of_field(node, "status.conditions[Ready].status", "not True: the node does not answer")
    }));
    Some(Finding {
        confidence: if policy.is_some() { Confidence::Certain } else { Confidence::Likely },
        verdict: format!(
            "Pod {} is being deleted and should have been gone {} ago. The Job makes no other in its place: {why}. {node}",
            pod.meta.name,
            short_duration(case.known.ago(deleted)),
        ),
        short: format!("no new pod before {} is gone", pod.meta.name),
        fixes: vec![
            delete_pod(pod, silent.is_some()),
            Fix::outside(format!(
                "node {} is dead for good: delete it, or taint it node.kubernetes.io/out-of-service:NoExecute",
                pod.node
            )),
        ],
        since: Some(deleted),
        group: format!("T094/{}/{}", pod.node, job.meta.namespace),
        ..finding(case, "T094", Severity::Error, evidence)
    })
}

/// T094 as it should be: the old pod has time to stop, and the new one comes after it.
fn replacement_to_come(case: &Case<'_>, job: &Job, pod: &Pod) -> Option<Finding> {
    let left = time_left(case, &[pod])?;
    Some(Finding {
        verdict: format!(
            "Pod {} is being deleted and has {left} to stop. The Job makes another in its place when it is gone: its \
             podReplacementPolicy is Failed.",
            pod.meta.name,
        ),
        short: format!("new pod when {} is gone, in {left} at most", pod.meta.name),
        fixes: vec![delete_pod(pod, silent_node(case, pod).is_some())],
        ..finding(case, "T094", Severity::Info, vec![of_field(job, "spec.podReplacementPolicy", "Failed")])
    })
}

/// T095: the Job was deleted, and something keeps it.
pub(super) fn deletion_stuck(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let deleted = overdue(case, &job.meta)?;
    let holders = finalizers(case, &job.meta, "batch/v1", "Job");
    let pods = names(case.pods.iter().map(|pod| pod.meta.name.as_str()));
    let left = match case.pods.len() {
        0 => "no pod is left".to_owned(),
        count => format!("{} left ({pods})", many(count, "pod")),
    };
    let stopping = time_left(case, &case.pods);
    let is_in_time = stopping.is_some();
    let stopping = stopping.map(|left| format!(" What still runs has {left} to stop.")).unwrap_or_default();
    let holder = holders.as_ref().and_then(|holders| holders.first()).map(String::as_str);
    let why = match (holder, case.pods.is_empty()) {
        (Some("foregroundDeletion"), _) => format!("It was deleted so that its pods go first: {left}.{stopping}"),
        (Some("orphan"), _) => {
            "It was deleted so that its pods stay; the garbage collector has yet to let them go.".to_owned()
        }
        (Some(holder), _) => {
            format!("Finalizer {holder} holds it, and the controller that put it there must take it away.")
        }
        (None, true) => "Something holds it, and it is no pod.".to_owned(),
        (None, false) => format!("It goes after its pods, as it seems: {left}."),
    };
    let mut evidence = of_field(job, "metadata.deletionTimestamp", deleted.to_string());
    evidence.at = Some(deleted);
    let mut evidence = vec![evidence];
    evidence.extend(holders.as_ref().map(|holders| of_field(job, "metadata.finalizers", holders.join(", "))));
    let is_pods = matches!(holder, Some("foregroundDeletion") | None) && !case.pods.is_empty();
    let fix = match case.pods.first().filter(|_| is_pods) {
        // What a finalizer holds no deletion moves.
        Some(pod) => match finalizer_stuck(case, pod).and_then(|stuck| stuck.fixes.into_iter().next()) {
            Some(fix) => fix,
            None => delete_pod(pod, silent_node(case, pod).is_some()),
        },
        None => Fix::by(
            "take the finalizer out of metadata.finalizers, where its controller does not run any more",
            CommandCall::new("object.edit", case.subject),
        ),
    };
    Some(Finding {
        confidence: if holders.is_some() { Confidence::Certain } else { Confidence::Likely },
        verdict: format!(
            "The Job was deleted {} ago and is still there. {why}",
            short_duration(case.known.ago(deleted))
        ),
        short: match (is_pods, holder) {
            (true, _) => format!("deletion waits for {}", many(case.pods.len(), "pod")),
            (false, Some(holder)) => format!("deletion waits for {holder}"),
            (false, None) => "deletion does not end".to_owned(),
        },
        fixes: vec![fix],
        since: Some(deleted),
        ..finding(case, "T095", if is_pods && is_in_time { Severity::Info } else { Severity::Warning }, evidence)
    })
}

/// How long the last of these pods has to stop, where all of them are being deleted and that is still to come: a pod's
/// deletion time includes its grace period.
fn time_left(case: &Case<'_>, pods: &[&Pod]) -> Option<String> {
    let mut by = None;
    for pod in pods.iter().filter(|pod| !pod.is_finished()) {
        by = by.max(Some(pod.meta.deleted?));
    }
    let left = by?.seconds_since(case.known.now);
    (left > 0).then(|| short_duration(left))
}

/// When it was to be gone, where that is over long enough. The deletion time of a pod includes its grace period.
fn overdue(case: &Case<'_>, meta: &Meta) -> Option<Time> {
    meta.deleted.filter(|deleted| case.known.now.seconds_since(*deleted) > GRACE_SECONDS)
}

/// The pod's node where it does not answer, and since when.
fn silent_node<'a>(case: &Case<'a>, pod: &Pod) -> Option<(&'a Node, Option<Time>)> {
    let node = case.known.snapshot.nodes.iter().find(|node| node.meta.name == pod.node)?;
    let ready = node.conditions.iter().find(|one| one.kind == "Ready" && one.status != "True")?;
    Some((node, ready.since))
}

fn delete_pod(pod: &Pod, is_node_silent: bool) -> Fix {
    let risk = if is_node_silent { "; on a node that only lost its network it may run on" } else { "" };
    let (name, namespace) = (&pod.meta.name, &pod.meta.namespace);
    if pod.meta.deleted.is_some() {
        // It is on its way already: only a deletion that does not wait for its node changes that. A shorter grace period
        // does not: the runtime has been given the first one.
        return Fix::outside(format!(
            "let it go at once{risk}: kubectl delete pod {name} --grace-period=0 --force -n {namespace}"
        ));
    }
    Fix::by(format!("delete pod {name}{risk}"), CommandCall::new("object.delete", of_pod(pod)))
}

pub(super) fn job_object<'a>(case: &Case<'a>, job: &Job) -> Option<&'a Fact> {
    case.object(address(&job.meta, "batch/v1", "Job"))
}

fn address(meta: &Meta, api_version: &str, kind: &str) -> Address {
    let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
    Address { api_version: api_version.into(), kind: kind.into(), namespace, name }
}

/// An object's finalizers; None before they are known.
fn finalizers(case: &Case<'_>, meta: &Meta, api_version: &str, kind: &str) -> Option<Vec<String>> {
    let Fact::Found(object) = case.object(address(meta, api_version, kind))? else { return None };
    let names = object["metadata"]["finalizers"].as_array().into_iter().flatten();
    Some(names.filter_map(|name| name.as_str()).map(str::to_owned).collect())
}
