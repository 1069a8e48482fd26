//! Nodes that stop reporting, and what becomes of the pods on them.

use serde_json::Value;

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

/// For how many seconds the pod tolerates that its node is in this condition; `Some(None)` without end. None where its
/// tolerations are not known. The shortest counts (`pkg/controller/tainteviction`).
fn patience(case: &Case<'_>, pod: &Pod, condition: &NodeCondition) -> Option<Option<i64>> {
    let taint =
        if condition.status == "False" { "node.kubernetes.io/not-ready" } else { "node.kubernetes.io/unreachable" };
    let is_meant = |one: &&Value| {
        let text = |field: &str| one[field].as_str().unwrap_or_default();
        matches!(text("key"), "" if text("operator") == "Exists") || text("key") == taint
    };
    let is_of_effect = |one: &&Value| matches!(one["effect"].as_str(), None | Some("" | "NoExecute"));
    let tolerations = case.spec_of(pod)?["tolerations"].as_array()?.iter();
    let mut meant = tolerations.filter(is_meant).filter(is_of_effect).peekable();
    meant.peek()?;
    Some(meant.filter_map(|one| one["tolerationSeconds"].as_i64()).min())
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
    let patience = condition.and_then(|one| patience(case, pod, one));
    let left = since.zip(patience.unwrap_or(Some(WRITTEN_OFF_SECONDS)));
    let left = left.map(|(since, patience)| patience - case.known.ago(since)).filter(|left| *left > 0);
    let next = match (is_still_there, left) {
        (true, _) if patience == Some(None) => "The pod on it tolerates that without end (its tolerations), so it is never \
                                                written off: nothing takes its place before the node comes back or the pod \
                                                is deleted."
            .to_owned(),
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
    let is_going = pod.meta.deleted.is_some() || patience == Some(None);
    let is_stuck = is_going && !pod.is_finished() && !is_gone;
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::triage::scene_of_pod::Scene;

    /// What is said of a pod with these tolerations, whose node stopped reporting two minutes ago.
    fn told(tolerations: Value) -> String {
        let condition = json!({ "type": "Ready", "status": "Unknown", "lastTransitionTime": "2026-05-04T11:58:00Z" });
        let mut scene = Scene::of_state("Running", json!({ "running": {} })).with(json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": "worker-1" }, "status": { "conditions": [condition] },
        }));
        scene.pod()["spec"]["tolerations"] = tolerations;
        let found = scene.find().remove(0);
        assert_eq!(found.rule.0, "T074");
        found.verdict
    }

    #[test]
    fn a_pod_that_tolerates_a_lost_node_without_end_is_never_written_off() {
        let unreachable = "node.kubernetes.io/unreachable";
        let endless = told(json!([{ "operator": "Exists" }]));
        assert!(endless.contains("tolerates that without end") && endless.contains("never written off"), "{endless}");
        let hour = told(
            json!([{ "key": unreachable, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 3_600 }]),
        );
        assert!(hour.contains("written off in about 58m"), "{hour}");
        let other = told(json!([{ "key": "gpu", "operator": "Exists" }]));
        assert!(other.contains("written off in about 3m"), "{other}");
    }
}
