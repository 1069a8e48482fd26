//! What running containers use, as the metrics API tells it: CPU about what was asked for, memory that grows with the
//! run, up to the limit where the run ends for lack of it. Measured for [`super::super::Controllers::measure`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Unit, plan, units};
use crate::demo::controllers::World;
use crate::demo::controllers::object::{amount, lot, name, namespace, stamp, text};
use crate::demo::store::path_of;

/// Seconds from one sample to the next, and that a container must have run (metrics-server).
const WINDOW: i64 = 15;

/// CPU in thousandths and memory in bytes of a container that does not say what it needs.
const UNSAID: (i64, i64) = (50, 64 << 20);

/// Puts the samples of all running pods and their nodes in the place of the ones before.
pub(in crate::demo::controllers) fn measure(world: &mut World<'_>) {
    let running = world.memory.writing.clone();
    let mut found = Vec::new();
    let mut nodes: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for pod in running.iter().filter_map(|path| world.store.get(path).cloned()) {
        let Some((metrics, used)) = sample(world, pod.clone()) else { continue };
        let of_node = nodes.entry(text(&pod["spec"]["nodeName"]).to_owned()).or_default();
        *of_node = (of_node.0 + used.0, of_node.1 + used.1);
        found.push(metrics);
    }
    for node in world.store.under("/api/v1/nodes/").map(name) {
        // What the node itself needs, besides its pods.
        let own = lot(world.seed, &[node]) % 200;
        let (cpu, memory) = nodes.get(node).copied().unwrap_or_default();
        let used = usage(cpu + 150 + own as i64, memory + ((900 + own as i64) << 20));
        let metadata = json!({ "name": node, "creationTimestamp": stamp(world.now) });
        found.push(json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": metadata,
            "timestamp": stamp(world.now), "window": "15s", "usage": used,
        }));
    }
    let old = world.store.under("/").filter(|one| one["kind"] == "PodMetrics").map(path_of);
    let old: Vec<String> = old.filter(|path| !found.iter().any(|one| path_of(one) == *path)).collect();
    old.iter().for_each(|path| world.store.delete(path));
    for one in found {
        world.store.put(one);
    }
}

/// A pod's sample, and its sum; None where nothing has run long enough.
fn sample(world: &World<'_>, mut pod: Value) -> Option<(Value, (i64, i64))> {
    let units = units(&mut pod);
    let used: Vec<(&Unit, (i64, i64))> =
        units.iter().filter_map(|unit| Some((unit, unit_usage(world, &pod, unit)?))).collect();
    if used.is_empty() {
        return None;
    }
    let containers = used.iter().map(|(unit, used)| json!({ "name": unit.name(), "usage": usage(used.0, used.1) }));
    let metrics = json!({
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
        "metadata": {
            "name": name(&pod), "namespace": namespace(&pod), "labels": pod["metadata"]["labels"],
            "creationTimestamp": stamp(world.now),
        },
        "timestamp": stamp(world.now), "window": "15s", "containers": containers.collect::<Vec<_>>(),
    });
    Some((metrics, used.iter().fold((0, 0), |sum, (_, one)| (sum.0 + one.0, sum.1 + one.1))))
}

/// CPU in thousandths and memory in bytes.
fn unit_usage(world: &World<'_>, pod: &Value, unit: &Unit) -> Option<(i64, i64)> {
    let ran = world.now.seconds_since(unit.running_since()?);
    if ran < WINDOW {
        return None;
    }
    let plan = plan(world, pod, unit);
    let resources = &unit.spec["resources"];
    let asked = |value: &Value, unsaid: i64| if value.is_null() { unsaid } else { amount(value) };
    let cpu = asked(&resources["requests"]["cpu"], UNSAID.0);
    let limit = asked(&resources["limits"]["memory"], UNSAID.1 * 1000) / 1000;
    let tick = (world.now.seconds() / WINDOW).to_string();
    let percent = |most: u64, word: &str| (lot(world.seed, &[name(pod), unit.name(), word, &tick]) % most) as i64;
    // How much of the run is over, in percent; what runs for ever has long settled.
    let over = plan.run.map_or(100, |run| (ran * 100 / run.max(1)).min(100));
    let share = if plan.reason.as_deref() == Some("OOMKilled") { 15 + over * 83 / 100 } else { 30 + over * 35 / 100 };
    Some((cpu * (60 + percent(36, "cpu")) / 100, limit * (share + percent(3, "memory")) / 100))
}

/// As the metrics API writes it.
fn usage(cpu: i64, memory: i64) -> Value {
    json!({ "cpu": format!("{}n", cpu * 1_000_000), "memory": format!("{}Ki", memory / 1024) })
}
