//! Pods: `ValidatePodUpdate` in `pkg/apis/core/validation/validation.go` of Kubernetes.

use serde_json::Value;

use crate::manifest::merge::Path;

const NEVER: &str = "fixed for the life of a Pod";
const ONLY_LESS: &str = "it can be set and lowered, not raised or removed";
const ONLY_MORE: &str = "tolerations can be added, and none but their seconds changed";
const ONLY_REMOVED: &str = "gates can be removed, not added";
const BY_RESIZE: &str = "only by a resize, which is a request of its own";
const BY_DEBUG: &str = "only by a debug container's own request";

/// Tolerations that every Pod has, as admission puts them back: to remove them is without effect.
const PUT_BACK: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Why a path of a Pod cannot be changed.
pub(super) fn why_not(live: &Value, wanted: Option<&Value>, path: &Path) -> Option<&'static str> {
    let is_gated = live["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty());
    match path.names().as_slice() {
        ["spec", "containers" | "initContainers", "[]", "image"] => None,
        ["spec", "containers" | "initContainers", "[]", "resources", ..] => Some(BY_RESIZE),
        ["spec", "ephemeralContainers", ..] => Some(BY_DEBUG),
        ["spec", "activeDeadlineSeconds"] => wanted.and_then(|wanted| deadline(live, wanted)),
        ["spec", "tolerations", ..] => wanted.and_then(|wanted| tolerations(live, wanted)),
        ["spec", "schedulingGates", ..] => wanted.and_then(|wanted| gates(live, wanted)),
        ["spec", "nodeSelector", ..] | ["spec", "affinity", "nodeAffinity", ..] if is_gated => None,
        // A negative one, from before there were rules, may be set to 1.
        ["spec", "terminationGracePeriodSeconds"]
            if live["spec"]["terminationGracePeriodSeconds"].as_i64() < Some(0) =>
        {
            None
        }
        ["spec", ..] => Some(NEVER),
        _ => None,
    }
}

fn deadline(live: &Value, wanted: &Value) -> Option<&'static str> {
    let [old, new] = [live, wanted].map(|pod| pod["spec"]["activeDeadlineSeconds"].as_i64());
    old.is_some_and(|old| new.is_none_or(|new| new > old)).then_some(ONLY_LESS)
}

fn tolerations(live: &Value, wanted: &Value) -> Option<&'static str> {
    let without_seconds = |pod: &Value| -> Vec<Value> {
        let mut tolerations = pod["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
        tolerations.iter_mut().filter_map(Value::as_object_mut).for_each(|one| drop(one.remove("tolerationSeconds")));
        tolerations
    };
    let kept = without_seconds(wanted);
    let is_put_back = |one: &Value| PUT_BACK.iter().any(|key| one["key"] == **key);
    let is_lost = |one: &Value| !is_put_back(one) && !kept.contains(one);
    without_seconds(live).iter().any(is_lost).then_some(ONLY_MORE)
}

fn gates(live: &Value, wanted: &Value) -> Option<&'static str> {
    let [old, new] = [live, wanted].map(|pod| pod["spec"]["schedulingGates"].as_array());
    let is_new = |gate: &Value| !old.is_some_and(|old| old.contains(gate));
    new.into_iter().flatten().any(is_new).then_some(ONLY_REMOVED)
}
