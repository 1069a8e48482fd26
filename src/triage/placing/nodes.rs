//! A pod held against the nodes: which taints it does not tolerate, which labels it misses, whether it is too large. What
//! the scheduler leaves out of its words since it stops at the first refusal of each node.

use serde_json::Value;

use super::super::Case;
use super::super::trial::{asked, resources};
use super::message::Topic;
use crate::model::key::Kind;
use crate::model::node::{Node, Taint};
use crate::model::pod::Pod;
use crate::model::resources::{Quantity, amount_of};

/// What is seen of the nodes.
pub(super) struct Sight<'a> {
    /// The pod's spec, with what was added to the template's; None before it is known.
    pub spec: Option<&'a Value>,
    /// All nodes by name; none where they may not be listed.
    pub nodes: Vec<&'a Node>,
    /// What the pod asks for, by resource: `pods` always.
    pub asks: Vec<(String, Quantity)>,
    /// What is left on each node of CPU and memory, in the order of `nodes`.
    free: Vec<[Quantity; 2]>,
}

/// Why a node is not for the pod.
enum Blocker {
    /// It may change by itself or by a word: a taint, a cordon, other pods.
    Soft(Topic<'static>),
    /// It does not change: labels, size.
    Hard,
}

impl<'a> Sight<'a> {
    pub(super) fn of(case: &Case<'a>, pod: &Pod) -> Self {
        let mut nodes: Vec<&Node> =
            if case.known.is_whole(Kind::Node) { case.known.snapshot.nodes.iter().collect() } else { Vec::new() };
        nodes.sort_by(|a, b| a.meta.name.cmp(&b.meta.name));
        let spec = if nodes.is_empty() { None } else { case.spec_of(pod) };
        let left = |node: &Node| {
            let load = case.load(&node.meta.name);
            let cpu = offered(node, "cpu").unwrap_or_default().minus(millis(load.cpu_millis));
            let memory = offered(node, "memory").unwrap_or_default().minus(bytes(load.memory_bytes));
            [cpu, memory]
        };
        let free = nodes.iter().map(|node| left(node)).collect();
        Self { spec, nodes, asks: asks(pod, spec), free }
    }

    /// What the pod asks for of a resource. None where that is not known.
    pub(super) fn asked(&self, resource: &str) -> Option<Quantity> {
        self.asks.iter().find(|(name, _)| name == resource).map(|(_, amount)| *amount)
    }

    /// What is left of CPU or memory on a node, as far as its pods are known. None for other resources.
    pub(super) fn left(&self, at: usize, resource: &str) -> Option<Quantity> {
        let [cpu, memory] = *self.free.get(at)?;
        match resource {
            "cpu" => Some(cpu),
            "memory" => Some(memory),
            _ => None,
        }
    }

    /// Nodes that would take the pod if only they had room, by their place in `nodes`. All, where the pod's own words are
    /// not known: nothing is said to be too small then that may be large enough.
    pub(super) fn eligible(&self) -> Vec<usize> {
        let is_open = |node: &Node, spec: &Value| {
            !node.is_unschedulable && untolerated(node, Some(spec)).is_empty() && misses(node, spec).is_empty()
        };
        (0..self.nodes.len()).filter(|at| self.spec.is_none_or(|spec| is_open(self.nodes[*at], spec))).collect()
    }

    /// What keeps the pod from nodes that a single thing which may change keeps it from. Control planes are kept free on
    /// purpose. Empty where that cannot be told: the pod's own words are not known, or nothing that is seen here keeps it
    /// from a node, since what does (pods that are not watched, devices in use) is not seen.
    pub(super) fn near(&self) -> Vec<Topic<'static>> {
        let Some(spec) = self.spec else { return Vec::new() };
        let mut near = Vec::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| !is_control_plane(node)) {
            match self.blockers(at, node, spec)[..] {
                [] => return Vec::new(),
                [Blocker::Soft(topic)] if !near.contains(&topic) => near.push(topic),
                _ => {}
            }
        }
        near
    }

    fn blockers(&self, at: usize, node: &Node, spec: &Value) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        if node.is_unschedulable {
            blockers.push(Blocker::Soft(Topic::Cordon));
        }
        if !untolerated(node, Some(spec)).is_empty() {
            blockers.push(Blocker::Soft(Topic::Taint));
        }
        if !misses(node, spec).is_empty() {
            blockers.push(Blocker::Hard);
        }
        let too_large = |(name, amount): &(String, Quantity)| offered(node, name).unwrap_or_default() < *amount;
        let lacks = |(name, amount): &(String, Quantity)| self.left(at, name).is_some_and(|left| left < *amount);
        if self.asks.iter().any(too_large) {
            blockers.push(Blocker::Hard);
        } else if self.asks.iter().any(lacks) {
            blockers.push(Blocker::Soft(Topic::Room("")));
        }
        blockers
    }
}

/// What a node has for pods of a resource. None where it does not offer it.
pub(super) fn offered(node: &Node, resource: &str) -> Option<Quantity> {
    amount_of(&node.allocatable, resource)
}

fn millis(amount: i64) -> Quantity {
    Quantity::parse(&format!("{amount}m")).unwrap_or_default()
}

fn bytes(amount: i64) -> Quantity {
    Quantity::parse(&amount.to_string()).unwrap_or_default()
}

/// What the pod asks for: CPU and memory from its row, everything else from its spec.
fn asks(pod: &Pod, spec: Option<&Value>) -> Vec<(String, Quantity)> {
    let mut asks = vec![("pods".to_owned(), bytes(1))];
    if pod.requests.cpu_millis > 0 {
        asks.push(("cpu".to_owned(), millis(pod.requests.cpu_millis)));
    }
    if pod.requests.memory_bytes > 0 {
        asks.push(("memory".to_owned(), bytes(pod.requests.memory_bytes)));
    }
    let others = spec.map(|spec| (spec, resources(spec))).into_iter();
    let others =
        others.flat_map(|(spec, names)| names.into_iter().map(move |name| (asked(spec, "requests", &name), name)));
    let is_other = |(amount, name): &(Quantity, String)| {
        *amount > Quantity::default() && !matches!(name.as_str(), "cpu" | "memory")
    };
    asks.extend(others.filter(is_other).map(|(amount, name)| (name, amount)));
    asks
}

const CONTROL_PLANE: [&str; 2] = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

/// Work is kept away from it on purpose.
pub(super) fn is_control_plane(node: &Node) -> bool {
    node.taints.iter().any(|taint| CONTROL_PLANE.contains(&taint.key.as_str()))
        || node.meta.labels.iter().any(|(key, _)| CONTROL_PLANE.contains(&key.as_str()))
}

/// The taints that keep the pod away. A cordon is not among them, which is a taint too.
pub(super) fn untolerated<'n>(node: &'n Node, spec: Option<&Value>) -> Vec<&'n Taint> {
    let tolerations = spec.and_then(|spec| spec["tolerations"].as_array()).map_or(&[][..], Vec::as_slice);
    let is_cordon = |taint: &Taint| taint.key == "node.kubernetes.io/unschedulable";
    let repels = |taint: &Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute");
    let is_kept_off = |taint: &&Taint| {
        repels(taint)
            && !is_cordon(taint)
            && !is_tolerated_by_all(taint)
            && !tolerations.iter().any(|one| tolerates(one, taint))
    };
    node.taints.iter().filter(is_kept_off).collect()
}

/// The API server makes each pod tolerate these (admission plugin DefaultTolerationSeconds).
fn is_tolerated_by_all(taint: &Taint) -> bool {
    taint.effect == "NoExecute"
        && matches!(taint.key.as_str(), "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable")
}

fn tolerates(toleration: &Value, taint: &Taint) -> bool {
    let text = |field: &str| toleration[field].as_str().unwrap_or_default();
    let is_key = text("key").is_empty() && text("operator") == "Exists" || text("key") == taint.key;
    let is_effect = text("effect").is_empty() || text("effect") == taint.effect;
    let numbers = || Some((taint.value.parse::<i64>().ok()?, text("value").parse::<i64>().ok()?));
    let is_value = match text("operator") {
        "Exists" => true,
        "Lt" => numbers().is_some_and(|(taint, own)| taint < own),
        "Gt" => numbers().is_some_and(|(taint, own)| taint > own),
        _ => text("value") == taint.value,
    };
    is_key && is_effect && is_value
}

/// What a node lacks of the pod's node selector and required node affinity, in words such as `disk=nvme`; of several
/// terms that would each do, the one that it comes closest to.
pub(in crate::triage) fn misses(node: &Node, spec: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    for (key, value) in spec["nodeSelector"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if label(node, key) != Some(value) {
            missing.push(format!("{key}={value}"));
        }
    }
    let required = &spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    missing.extend(misses_of_terms(node, required));
    missing
}

/// What a node lacks of `nodeSelectorTerms`, of which one must hold.
pub(super) fn misses_of_terms(node: &Node, selector: &Value) -> Vec<String> {
    let terms = selector["nodeSelectorTerms"].as_array().into_iter().flatten();
    terms.map(|term| misses_of_term(node, term)).min_by_key(Vec::len).unwrap_or_default()
}

fn misses_of_term(node: &Node, term: &Value) -> Vec<String> {
    let list = |field: &str| term[field].as_array().into_iter().flatten();
    let labels = list("matchExpressions")
        .filter(|one| !holds(one, label(node, one["key"].as_str().unwrap_or_default())))
        .map(words);
    let names = list("matchFields").filter(|one| !holds(one, Some(&node.meta.name))).map(words);
    labels.chain(names).collect()
}

/// The value of a node's label.
pub(super) fn label<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.meta.labels.iter().find(|(one, _)| one == key).map(|(_, value)| value.as_str())
}

fn values(requirement: &Value) -> Vec<&str> {
    requirement["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A requirement of node affinity or of a label selector takes this value of its key.
pub(super) fn holds(requirement: &Value, value: Option<&str>) -> bool {
    let among = || value.is_some_and(|value| values(requirement).contains(&value));
    let numbers = || Some((value?.parse::<i64>().ok()?, values(requirement).first()?.parse::<i64>().ok()?));
    match requirement["operator"].as_str().unwrap_or_default() {
        "In" => among(),
        "NotIn" => !among(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => numbers().is_some_and(|(own, bound)| own > bound),
        "Lt" => numbers().is_some_and(|(own, bound)| own < bound),
        _ => false,
    }
}

/// A requirement as a person writes it: `zone=a`, `zone=a or b`, `gpu`, `no spot`.
pub(super) fn words(requirement: &Value) -> String {
    let key = requirement["key"].as_str().unwrap_or_default();
    let values = values(requirement).join(" or ");
    match requirement["operator"].as_str().unwrap_or_default() {
        "In" => format!("{key}={values}"),
        "NotIn" => format!("{key} other than {values}"),
        "Exists" => format!("label {key}"),
        "DoesNotExist" => format!("no label {key}"),
        "Gt" => format!("{key} above {values}"),
        "Lt" => format!("{key} below {values}"),
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::scene::{node, with};
    use super::*;
    use crate::model::delta::Row;
    use crate::model::fixtures::row_of;

    fn tainted(taint: Value) -> Value {
        with(node("a"), json!({ "spec": { "taints": [taint] } }))
    }

    fn node_of(object: &Value) -> Node {
        let Some(Row::Node(node)) = row_of(object) else { panic!("no Node") };
        node
    }

    #[test]
    fn tolerations_are_those_of_the_api() {
        let dedicated = tainted(json!({ "key": "dedicated", "value": "gpu", "effect": "NoSchedule" }));
        let node = node_of(&dedicated);
        let cases = [
            (json!([]), false),
            (json!([{ "operator": "Exists" }]), true),
            (json!([{ "key": "dedicated", "operator": "Exists" }]), true),
            (json!([{ "key": "dedicated", "value": "gpu" }]), true),
            (json!([{ "key": "dedicated", "value": "cpu" }]), false),
            (json!([{ "key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoExecute" }]), false),
            (json!([{ "key": "other", "operator": "Exists" }]), false),
            (json!([{ "value": "gpu" }]), false),
        ];
        for (tolerations, is_tolerated) in cases {
            let spec = json!({ "tolerations": tolerations });
            assert_eq!(untolerated(&node, Some(&spec)).is_empty(), is_tolerated, "{spec}");
        }
        for (key, effect) in [("x", "PreferNoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")] {
            let node = node_of(&tainted(json!({ "key": key, "effect": effect })));
            assert!(untolerated(&node, None).is_empty(), "{key}");
        }
    }

    #[test]
    fn node_affinity_is_that_of_the_api() {
        let node = node_of(&with(node("a"), json!({ "metadata": { "labels": { "zone": "eu-1", "cores": "16" } } })));
        let affinity = |terms: Value| {
            let required = json!({ "nodeSelectorTerms": terms });
            json!({ "affinity": { "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": required } } })
        };
        let one = |key: &str, operator: &str, values: &[&str]| {
            affinity(json!([{ "matchExpressions": [{ "key": key, "operator": operator, "values": values }] }]))
        };
        let cases = [
            (one("zone", "In", &["eu-1", "eu-2"]), ""),
            (one("zone", "In", &["us-1", "us-2"]), "zone=us-1 or us-2"),
            (one("zone", "NotIn", &["eu-1"]), "zone other than eu-1"),
            (one("gpu", "NotIn", &["a"]), ""),
            (one("gpu", "Exists", &[]), "label gpu"),
            (one("zone", "DoesNotExist", &[]), "no label zone"),
            (one("cores", "Gt", &["8"]), ""),
            (one("cores", "Gt", &["16"]), "cores above 16"),
            (one("cores", "Lt", &["8"]), "cores below 8"),
            (
                affinity(json!([{ "matchFields": [{ "key": "metadata.name", "operator": "In", "values": ["b"] }] }])),
                "metadata.name=b",
            ),
            // One of the terms is enough.
            (
                affinity(json!([
                    { "matchExpressions": [{ "key": "gpu", "operator": "Exists" }] },
                    { "matchExpressions": [{ "key": "zone", "operator": "Exists" }] },
                ])),
                "",
            ),
            (json!({ "nodeSelector": { "zone": "eu-1", "disk": "ssd" } }), "disk=ssd"),
            (json!({}), ""),
        ];
        for (spec, missing) in cases {
            assert_eq!(misses(&node, &spec).join(", "), missing, "{spec}");
        }
    }
}
