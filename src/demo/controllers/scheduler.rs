//! The scheduler: places pods on nodes, or says in the real words why none will have them. Filters in the real order, of
//! which a node tells the first that refuses: unschedulable, taints, node selector and affinity, resources.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::World;
use super::event::From;
use super::object::{
    amount, condition, core_folder, is_deleting, is_pod_ended, items, name, namespace, set_condition, stamp, text,
};
use super::quota::sum;
use crate::model::clock::Time;

/// A pod that no node could take is tried again after so many seconds, if nothing happened before
/// (`podMaxInUnschedulablePodsDuration`).
const RETRY_SECONDS: i64 = 300;

/// What a node that takes no pods for a cause that eviction cannot cure is counted as.
const NO_HELP: &str = "Preemption is not helpful for scheduling";

/// What a full node is counted as where there are no pods of lower priority.
const NO_VICTIMS: &str = "No preemption victims found for incoming pod";

/// Why a node refuses a pod: one or several reasons, and whether eviction could help.
struct Refusal {
    reasons: Vec<String>,
    is_curable: bool,
}

/// Looks at a pod that is on no node.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    let pod = world.store.get(path)?.clone();
    let is_gated = !items(&pod["spec"]["schedulingGates"]).is_empty();
    if is_deleting(&pod) {
        end_unplaced(world, path, pod);
        return None;
    }
    if is_pod_ended(&pod) || is_gated {
        world.memory.unplaced.remove(path);
        return None;
    }
    match place(world, &pod) {
        Ok(node) => {
            world.memory.unplaced.remove(path);
            bind(world, path, pod, &node);
            None
        }
        Err(why) => {
            world.memory.unplaced.insert(path.to_owned(), why.clone());
            refuse(world, path, pod, &why)
        }
    }
}

/// A pod that is deleted before it was placed fails where somebody still wants to know of it (the pod collector), and
/// goes.
fn end_unplaced(world: &mut World<'_>, path: &str, mut pod: Value) {
    world.memory.unplaced.remove(path);
    if items(&pod["metadata"]["finalizers"]).is_empty() {
        world.store.delete(path);
    } else {
        pod["status"]["phase"] = json!("Failed");
        world.update(path, pod);
    }
}

fn bind(world: &mut World<'_>, path: &str, mut pod: Value, node: &str) {
    pod["spec"]["nodeName"] = json!(node);
    let scheduled = json!({ "type": "PodScheduled", "status": "True", "lastProbeTime": null });
    set_condition(&mut pod, scheduled, world.now);
    let note = format!("Successfully assigned {}/{} to {node}", namespace(&pod), name(&pod));
    world.event(&pod, From::Scheduler { action: "Binding" }, "Normal", "Scheduled", &note);
    world.update(path, pod);
}

fn refuse(world: &mut World<'_>, path: &str, mut pod: Value, why: &str) -> Option<Time> {
    let known = condition(&pod, "PodScheduled").is_some_and(|one| one["message"] == why);
    let unplaced = json!({
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why, "lastProbeTime": null,
    });
    set_condition(&mut pod, unplaced, world.now);
    let key = format!("{path}#schedule");
    if known && let Some(tries) = world.waiting(&key) {
        return Some(tries.until);
    }
    world.memory.tries.remove(&key);
    world.event(&pod, From::Scheduler { action: "Scheduling" }, "Warning", "FailedScheduling", why);
    world.update(path, pod);
    Some(world.failed(&key, RETRY_SECONDS, RETRY_SECONDS))
}

/// The node that takes the pod with the most room left, or why none does.
fn place(world: &World<'_>, pod: &Value) -> Result<String, String> {
    let nodes: Vec<&Value> = world.store.under("/api/v1/nodes/").collect();
    if nodes.is_empty() {
        return Err("no nodes available to schedule pods".into());
    }
    if let Some(why) = volumes(world, pod) {
        return Err(format!("0/{} nodes are available: {why}. not found", nodes.len()));
    }
    let mut best: Option<(i64, &str)> = None;
    let (mut reasons, mut helps) = (BTreeMap::<String, usize>::new(), BTreeMap::<&str, usize>::new());
    for node in &nodes {
        let on_it = pods_on(world, name(node));
        match refusal(node, pod, &on_it) {
            None => {
                let cpu = amount(&node["status"]["allocatable"]["cpu"]);
                let left = cpu - on_it.iter().map(|one| sum(one, "requests", "cpu")).sum::<i64>();
                if best.is_none_or(|(most, _)| left > most) {
                    best = Some((left, name(node)));
                }
            }
            Some(refusal) => {
                refusal.reasons.into_iter().for_each(|reason| *reasons.entry(reason).or_default() += 1);
                *helps.entry(if refusal.is_curable { NO_VICTIMS } else { NO_HELP }).or_default() += 1;
            }
        }
    }
    best.map(|(_, node)| node.to_owned()).ok_or_else(|| {
        let head = format!("0/{} nodes are available: ", nodes.len());
        let (reasons, helps) = (histogram(reasons.iter()), histogram(helps.iter()));
        format!("{head}{reasons}. no new claims to deallocate, preemption: {head}{helps}.")
    })
}

/// `1 node(s) were unschedulable, 5 Insufficient cpu`, in the order of the words, as the scheduler sorts them.
fn histogram<'a, S: std::fmt::Display + 'a>(counts: impl Iterator<Item = (S, &'a usize)>) -> String {
    let mut words: Vec<String> = counts.map(|(reason, count)| format!("{count} {reason}")).collect();
    words.sort_unstable();
    words.join(", ")
}

/// The pods that hold something on a node.
fn pods_on<'a>(world: &'a World<'_>, node: &str) -> Vec<&'a Value> {
    let paths = world.memory.placed.get(node);
    paths.into_iter().flatten().filter_map(|path| world.store.get(path)).collect()
}

/// Why the pod's claims keep it from every node.
fn volumes(world: &World<'_>, pod: &Value) -> Option<String> {
    let claims = items(&pod["spec"]["volumes"]).iter();
    for claim in claims.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str()) {
        match world.store.get(&format!("{}{claim}", core_folder(namespace(pod), "persistentvolumeclaims"))) {
            None => return Some(format!("persistentvolumeclaim \"{claim}\" not found")),
            Some(found) if found["status"]["phase"] != "Bound" => {
                return Some("pod has unbound immediate PersistentVolumeClaims".into());
            }
            Some(_) => {}
        }
    }
    None
}

fn refusal(node: &Value, pod: &Value, on_it: &[&Value]) -> Option<Refusal> {
    let never = |reason: &str| Some(Refusal { reasons: vec![reason.to_owned()], is_curable: false });
    if node["spec"]["unschedulable"] == true {
        return never("node(s) were unschedulable");
    }
    if items(&node["spec"]["taints"]).iter().any(|taint| !is_tolerated(taint, pod)) {
        return never("node(s) had untolerated taint(s)");
    }
    if !is_selected(node, pod) {
        return never("node(s) didn't match Pod's node affinity/selector");
    }
    let (mut reasons, mut is_curable) = (Vec::new(), true);
    let allocatable = &node["status"]["allocatable"];
    if on_it.len() as i64 >= amount(&allocatable["pods"]) / 1000 {
        reasons.push("Too many pods".to_owned());
    }
    for resource in resources(pod) {
        let asked = sum(pod, "requests", &resource);
        let all = amount(&allocatable[&resource]);
        let held: i64 = on_it.iter().map(|one| sum(one, "requests", &resource)).sum();
        if asked > 0 && asked > all - held {
            reasons.push(format!("Insufficient {resource}"));
            is_curable &= asked <= all;
        }
    }
    (!reasons.is_empty()).then_some(Refusal { reasons, is_curable })
}

/// Whether a pod that goes frees what another lacks, which was refused in these words.
pub(super) fn frees(gone: &Value, why: &str) -> bool {
    why.contains("Too many pods") || resources(gone).iter().any(|one| why.contains(&format!("Insufficient {one}")))
}

/// The names of the resources that the pod asks for.
fn resources(pod: &Value) -> Vec<String> {
    let containers = items(&pod["spec"]["containers"]).iter().chain(items(&pod["spec"]["initContainers"]));
    let lists = containers.flat_map(|one| [&one["resources"]["requests"], &one["resources"]["limits"]]);
    let mut names: Vec<String> = lists.filter_map(Value::as_object).flat_map(|map| map.keys().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn is_tolerated(taint: &Value, pod: &Value) -> bool {
    let is_soft = taint["effect"] == "PreferNoSchedule";
    is_soft
        || items(&pod["spec"]["tolerations"]).iter().any(|one| {
            let fits_effect = one["effect"].is_null() || one["effect"] == taint["effect"];
            let fits_key = one["key"].is_null() || one["key"] == taint["key"];
            let fits_value = one["operator"] == "Exists" || text(&one["value"]) == text(&taint["value"]);
            fits_effect && fits_key && fits_value
        })
}

fn is_selected(node: &Value, pod: &Value) -> bool {
    let labels = &node["metadata"]["labels"];
    let selector = pod["spec"]["nodeSelector"].as_object();
    let fits_selector = selector.into_iter().flatten().all(|(key, value)| labels[key] == *value);
    let required = &pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = items(&required["nodeSelectorTerms"]);
    let fits = |term: &Value| items(&term["matchExpressions"]).iter().all(|one| matches(labels, one));
    fits_selector && (terms.is_empty() || terms.iter().any(fits))
}

fn matches(labels: &Value, expression: &Value) -> bool {
    let label = &labels[text(&expression["key"])];
    let is_listed = items(&expression["values"]).contains(label);
    match text(&expression["operator"]) {
        "In" => is_listed,
        "NotIn" => !is_listed,
        "Exists" => !label.is_null(),
        "DoesNotExist" => label.is_null(),
        _ => false,
    }
}

/// When the pod was placed.
pub(super) fn placed(pod: &Value) -> Option<String> {
    condition(pod, "PodScheduled").map(|one| text(&one["lastTransitionTime"]).to_owned())
}

/// The condition of a pod that was put on its node by its maker.
pub(super) fn ensure_placed(pod: &mut Value, now: Time) {
    if placed(pod).is_none() {
        let scheduled = json!({ "type": "PodScheduled", "status": "True", "lastProbeTime": null });
        set_condition(pod, scheduled, now);
    }
    if pod["status"]["startTime"].is_null() {
        pod["status"]["startTime"] = json!(stamp(now));
    }
}
