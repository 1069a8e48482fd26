//! Nodes that stop reporting, and what becomes of the pods on them.

use super::super::Case;
use super::taken::{goes_on, not_counted, of_disruption};
use crate::model::clock::short_duration;
use crate::model::key::Kind;
use crate::model::node::{Node, NodeCondition};
use crate::model::pod::{Container, ContainerState, Disruption, Pod, PodPhase, Role};
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{blank, sentences, status_path};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};

/// So long after its node stopped reporting a pod is written off: the toleration that every pod gets by default.
const WRITTEN_OFF_SECONDS: i64 = 300;

pub(super) fn node_of<'a>(case: &Case<'a>, pod: &Pod) -> Option<&'a Node> {
    case.known.snapshot.nodes.iter().find(|node| node.meta.name == pod.node)
}

/// The condition by which a node is not ready.
pub(super) fn unready(node: &Node) -> Option<&NodeCondition> {
    node.conditions.iter().find(|one| one.kind == "Ready" && one.status != "True")
}

/// Reasons of containers that a node found ended, or did not find, when it came back.
const UNKNOWN: [&str; 2] = ["ContainerStatusUnknown", "Unknown"];

/// T074: its node is lost or gone.
pub(super) fn lost(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let is_unknown =
        |one: &&Container| matches!(&one.state, ContainerState::Ended(end) if UNKNOWN.contains(&end.reason.as_str()));
    let unknown = pod.containers.iter().filter(|one| one.role != Role::Ephemeral).find(is_unknown);
    let is_told = pod.disruption == Some(Disruption::NodeGone) || pod.reason == "NodeLost" || unknown.is_some();
    if is_told {
        let unknown = unknown.map(|one| of_field(pod, status_path(one, "state.terminated"), "ContainerStatusUnknown"));
        return Some(written_off(case, pod, unknown));
    }
    if pod.is_finished() || pod.node.is_empty() {
        return None;
    }
    let event = || case.events(pod, "NodeNotReady").into_iter().next().filter(|_| !pod.is_ready);
    match node_of(case, pod) {
        Some(node) => unready(node).map(|_| written_off(case, pod, None)),
        None if pod.phase == PodPhase::Running && pod.meta.deleted.is_some() => {
            event().map(|event| written_off(case, pod, Some(of_event(event))))
        }
        None => None,
    }
}

pub(super) fn written_off(case: &Case<'_>, pod: &Pod, more: Option<Evidence>) -> Finding {
    let name = &pod.node;
    let node = node_of(case, pod);
    let condition = node.and_then(unready);
    let event = case.events(pod, "NodeNotReady").into_iter().next();
    let since = condition.and_then(|one| one.since).or_else(|| event.and_then(|event| event.meta.created));
    let ago = since.map(|since| format!(" {} ago", short_duration(case.known.ago(since)))).unwrap_or_default();
    let is_gone = pod.disruption == Some(Disruption::NodeGone) || (node.is_none() && case.known.is_whole(Kind::Node));
    let verdict = match (is_gone, condition) {
        (true, _) => format!("Node {name} is no more, and the pod on it is lost with it."),
        (_, Some(one)) if one.status == "False" => {
            format!("Node {name} is not ready{ago}: {}.", one.message.trim_end_matches('.'))
        }
        (_, Some(_)) => format!("Node {name} stopped reporting{ago}."),
        _ => format!("Node {name} was lost or restarted{ago}, and nobody knows how the pod on it ended."),
    };
    let is_still_there = !pod.is_finished() && pod.meta.deleted.is_none();
    let left = since.map(|since| WRITTEN_OFF_SECONDS - case.known.ago(since)).filter(|left| *left > 0);
    let next = match (is_still_there, left) {
        (true, Some(left)) => {
            format!("Unless it comes back, the pod on it is written off in about {}.", short_duration(left))
        }
        _ => goes_on(case, pod),
    };
    let mut evidence: Vec<Evidence> = of_disruption(pod).into_iter().collect();
    evidence.extend(node.zip(condition).map(|(node, one)| Evidence {
        at: one.since,
        ..of_field(
            node,
            "status.conditions[Ready].status",
            format!("{} {}", one.status, one.reason).trim_end().to_owned(),
        )
    }));
    evidence.extend(more);
    evidence.extend(event.map(of_event));
    evidence.dedup();
    let is_stuck = pod.meta.deleted.is_some() && !pod.is_finished() && !is_gone;
    let fixes = [
        (!is_gone).then(|| Fix::outside(format!("see what is wrong with node {name}"))),
        is_stuck.then(|| {
            Fix::outside(format!(
                "where it will not come back: delete node {name}, or taint it node.kubernetes.io/out-of-service: the pod \
                 goes then"
            ))
        }),
        not_counted(case),
    ];
    Finding {
        verdict: sentences([verdict, next]),
        short: if is_gone { format!("node {name} is no more") } else { format!("node {name} is lost") },
        evidence,
        fixes: fixes.into_iter().flatten().collect(),
        since,
        group: format!("T074/{name}"),
        ..blank(
            case,
            "T074",
            Severity::Warning,
            if condition.is_some() { Confidence::Certain } else { Confidence::Likely },
        )
    }
}
