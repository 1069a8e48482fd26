//! Pods that name their node themselves (`spec.nodeName`) and so pass no scheduler: where no such node exists they are
//! made, run nowhere, and are collected; nothing says why.

use super::super::Case;
use super::super::case::of_field;
use super::super::container::blank;
use super::super::finding::{Confidence, Finding, Severity};
use super::super::grammar::near;
use super::super::mend::{Changes, POD, mend};
use super::super::outcome::many;
use crate::model::key::Kind;

/// T023: the pod template names a node that does not exist.
pub(in crate::triage) fn find(case: &Case<'_>) -> Vec<Finding> {
    no_such_node(case).into_iter().collect()
}

fn no_such_node(case: &Case<'_>) -> Option<Finding> {
    let job = case.whole_job().filter(|job| !job.suspend && !job.is_complete() && job.succeeded == 0)?;
    let nodes = &case.known.snapshot.nodes;
    let is_there = |name: &str| nodes.iter().any(|node| node.meta.name == name);
    let is_lost = |node: &str| !node.is_empty() && !is_there(node);
    // The template is asked for only where pods failed or hang without having had a node that is there.
    let has_trace = job.failed > 0 && case.pods.is_empty() || case.pods.iter().any(|pod| is_lost(&pod.node));
    if !has_trace || case.pods.iter().any(|pod| is_there(&pod.node)) || !case.known.is_whole(Kind::Node) {
        return None;
    }
    let node = case.pod_spec()?["nodeName"].as_str().filter(|node| is_lost(node))?;
    let path = format!("{POD}.nodeName");
    let mut fixes = Vec::new();
    fixes.extend(mend(case, "leave nodeName out in a new Job: the scheduler finds a node", &Changes::remove(&path)));
    if let Some(near) = near(node, nodes.iter().map(|node| node.meta.name.as_str())) {
        fixes.extend(mend(case, format!("name node {near} in a new Job"), &Changes::set(&path, near)));
    }
    Some(Finding {
        verdict: format!(
            "The pod template names node {node} (spec.nodeName), and there is no such node. Its pods are made, run nowhere, \
             and are deleted again as failures."
        ),
        short: format!("no node {node}, which the template names"),
        effect: match job.failed {
            0 => String::new(),
            failed => format!("{} so far", many(failed, "try")),
        },
        evidence: vec![of_field(job, path, node)],
        fixes,
        since: job.started,
        group: format!("T023/{node}"),
        ..blank(case, "T023", Severity::Critical, Confidence::Certain)
    })
}
