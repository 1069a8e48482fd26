//! Whether any node takes a pod that nobody has made yet: by its labels, its taints and its size when it is empty. What
//! passes by itself (cordons, trouble, other pods) does not count. The linter asks through `triage::no_node`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::trial::{asked, resources};
use super::nodes::{misses, offered, untolerated};
use super::selection::{taint_words, trouble};
use crate::model::key::Kind;
use crate::model::node::Node;
use crate::model::resources::Quantity;
use crate::triage::Known;

/// The scheduler that comes with Kubernetes, whose rules these are.
const SCHEDULER: &str = "default-scheduler";

/// Why no node takes a pod of this spec, in a sentence without its full stop. None where one does, and where that cannot
/// be told: not all nodes are known, the pod names its node, or another scheduler places it.
pub fn no_node(known: Known<'_>, spec: &Value) -> Option<String> {
    let is_other = spec["schedulerName"].as_str().is_some_and(|name| name != SCHEDULER);
    if is_other || !spec["nodeName"].is_null() || !known.is_whole(Kind::Node) {
        return None;
    }
    let nodes: Vec<&Node> = known.snapshot.nodes.iter().collect();
    let asks = asks(spec);
    let mut why: BTreeMap<String, usize> = BTreeMap::new();
    for node in &nodes {
        *why.entry(obstacle(node, spec, &asks, &nodes)?).or_default() += 1;
    }
    if nodes.is_empty() {
        return Some("there is no node in the cluster: the pods wait until one is added".to_owned());
    }
    let mut why: Vec<(String, usize)> = why.into_iter().collect();
    why.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let list: Vec<String> =
        why.into_iter().map(|(words, count)| format!("{count} of {} {words}", nodes.len())).collect();
    Some(format!("no node takes the pods: {}; they wait until a node is added or changed", list.join(", ")))
}

/// What the pod asks for of each resource.
fn asks(spec: &Value) -> Vec<(String, Quantity)> {
    let asks = resources(spec).into_iter().map(|name| {
        let amount = asked(spec, "requests", &name);
        (name, amount)
    });
    asks.filter(|(_, amount)| *amount > Quantity::default()).collect()
}

/// What keeps the pod from a node; None where nothing does. Of several obstacles the one that is hardest to change.
fn obstacle(node: &Node, spec: &Value, asks: &[(String, Quantity)], nodes: &[&Node]) -> Option<String> {
    let missed = misses(node, spec);
    if !missed.is_empty() {
        return Some(format!("without {}", missed.join(" and ")));
    }
    let size = |node: &Node, name: &str| offered(node, name).unwrap_or_default();
    if let Some((name, amount)) = asks.iter().find(|(name, amount)| size(node, name) < *amount) {
        let most = nodes.iter().map(|node| size(node, name)).max().unwrap_or_default();
        return Some(match most == Quantity::default() {
            true => format!("without any {name}"),
            false => format!("with less than {} {name} (the most is {})", amount.words(), most.words()),
        });
    }
    let taint = untolerated(node, Some(spec)).into_iter().find(|taint| trouble(taint).is_none())?;
    Some(format!("with taint {}, which they do not tolerate", taint_words(taint)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::scene::{node, with};
    use super::super::super::tests::snapshot_of;
    use super::*;
    use crate::model::fixtures::time;
    use crate::triage::Facts;

    fn told(nodes: &[Value], spec: Value) -> Option<String> {
        let (snapshot, facts) = (snapshot_of(nodes), Facts::default());
        no_node(Known { snapshot: &snapshot, facts: &facts, now: time("2026-05-04T12:00:00Z") }, &spec)
    }

    fn asking(cpu: &str) -> Value {
        json!({ "containers": [{ "name": "main", "resources": { "requests": { "cpu": cpu } } }] })
    }

    #[test]
    fn labels_taints_and_sizes_are_told_with_how_many_nodes_they_keep_away() {
        let nvme = with(node("b"), json!({ "metadata": { "labels": { "disk": "nvme" } } }));
        let gpu = json!({ "spec": { "taints": [{ "key": "gpu", "value": "a", "effect": "NoSchedule" }] } });
        let nodes = [node("a"), nvme, with(node("c"), gpu)];
        let spec = with(asking("64"), json!({ "nodeSelector": { "disk": "nvme" } }));
        let wanted = "no node takes the pods: 2 of 3 without disk=nvme, 1 of 3 with less than 64 cpu (the most is 8); they wait \
                      until a node is added or changed";
        assert_eq!(told(&nodes, spec).as_deref(), Some(wanted));
        let tainted = told(&nodes[2..], asking("1")).unwrap();
        assert!(tainted.contains("1 of 1 with taint gpu=a:NoSchedule, which they do not tolerate"), "{tainted}");
        let device = json!({ "containers": [{ "resources": { "limits": { "nvidia.com/gpu": 1 } } }] });
        assert!(told(&nodes, device).unwrap().contains("3 of 3 without any nvidia.com/gpu"));
        assert_eq!(told(&nodes, asking("8")), None, "one is enough");
    }

    #[test]
    fn what_passes_by_itself_is_no_obstacle() {
        let cordoned = with(node("a"), json!({ "spec": { "unschedulable": true } }));
        let taint = json!({ "key": "node.kubernetes.io/not-ready", "effect": "NoSchedule" });
        let troubled = with(node("a"), json!({ "spec": { "taints": [taint] } }));
        for one in [cordoned, troubled] {
            assert_eq!(told(std::slice::from_ref(&one), asking("1")), None, "{one}");
        }
    }

    #[test]
    fn nothing_is_said_where_it_cannot_be_told() {
        let spec = |more: Value| with(asking("64"), more);
        assert_eq!(told(&[node("a")], spec(json!({ "schedulerName": "volcano" }))), None);
        assert_eq!(told(&[node("a")], spec(json!({ "nodeName": "virtual" }))), None);
        assert!(told(&[node("a")], spec(json!({ "schedulerName": "default-scheduler" }))).is_some());
        assert!(told(&[], asking("1")).is_some_and(|words| words.starts_with("there is no node")));
    }

    #[test]
    fn nothing_is_said_where_nodes_may_not_be_listed() {
        let facts = Facts::default();
        let known = Known { snapshot: &Default::default(), facts: &facts, now: time("2026-05-04T12:00:00Z") };
        assert_eq!(no_node(known, &asking("64")), None);
    }
}
