//! ResourceQuotas: refuse pods in the words of the admission plugin, and tell in their status what is used.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::World;
use super::object::{amount, amount_text, core_folder, is_pod_ended, items, name, namespace, text};
use crate::demo::store::Store;
use crate::model::clock::Time;

/// Why the server refuses to create this pod; None where it takes it.
pub(in crate::demo) fn refusal(store: &Store, pod: &Value) -> Option<String> {
    let quotas = store.under(&core_folder(namespace(pod), "resourcequotas"));
    let refused = |words: String| Some(format!("pods \"{}\" is forbidden: {words}", name(pod)));
    for quota in quotas {
        let Some(hard) = quota["spec"]["hard"].as_object() else { continue };
        let used = usage(store, quota);
        let asked: BTreeMap<&str, i64> = hard.keys().map(|key| (key.as_str(), asks(pod, key))).collect();
        let missing: Vec<String> = asked.iter().filter_map(|(key, asked)| unsaid(pod, key, *asked)).collect();
        if !missing.is_empty() {
            return refused(format!("failed quota: {}: must specify {}", name(quota), missing.join("; ")));
        }
        let used_of = |key: &str| used.get(key).copied().unwrap_or(0);
        let over = asked.iter().filter(|(key, asked)| **asked > 0 && used_of(key) + **asked > amount(&hard[**key]));
        let over: Vec<&str> = over.map(|(key, _)| *key).collect();
        if over.is_empty() {
            continue;
        }
        let list = |of: &dyn Fn(&str) -> i64| {
            let words = over.iter().map(|key| format!("{key}={}", amount_text(of(key), key)));
            words.collect::<Vec<_>>().join(",")
        };
        return refused(format!(
            "exceeded quota: {}, requested: {}, used: {}, limited: {}",
            name(quota),
            list(&|key| asked[key]),
            list(&used_of),
            list(&|key| amount(&hard[key])),
        ));
    }
    None
}

/// Brings a quota's status up to date.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    let mut quota = world.store.get(path)?.clone();
    let used: BTreeMap<String, String> =
        usage(world.store, &quota).into_iter().map(|(key, used)| (key.clone(), amount_text(used, &key))).collect();
    quota["status"] = json!({ "hard": quota["spec"]["hard"], "used": used });
    world.update(path, quota);
    None
}

/// What is used of each resource that the quota limits.
fn usage(store: &Store, quota: &Value) -> BTreeMap<String, i64> {
    let pods: Vec<&Value> =
        store.under(&core_folder(namespace(quota), "pods")).filter(|pod| !is_pod_ended(pod)).collect();
    let jobs = || store.under(&super::object::batch_folder(namespace(quota), "jobs")).count();
    let hard = quota["spec"]["hard"].as_object();
    let used = |key: &String| match key.as_str() {
        "count/jobs.batch" => jobs() as i64 * 1000,
        _ => pods.iter().map(|pod| asks(pod, key)).sum(),
    };
    hard.into_iter().flatten().map(|(key, _)| (key.clone(), used(key))).collect()
}

/// How much of a quota's resource a pod takes.
fn asks(pod: &Value, resource: &str) -> i64 {
    match resource {
        "pods" | "count/pods" => 1000,
        "cpu" | "memory" => sum(pod, "requests", resource),
        _ => resource.split_once('.').map_or(0, |(list, resource)| match list {
            "requests" | "limits" => sum(pod, list, resource),
            _ => 0,
        }),
    }
}

/// What the pod asks for at once: its containers and sidecars together, or a single init container where that is more.
pub(super) fn sum(pod: &Value, list: &str, resource: &str) -> i64 {
    let of = |container: &Value| {
        let resources = &container["resources"];
        let own = &resources[list][resource];
        // A limit without a request is a request too.
        amount(if own.is_null() && list == "requests" { &resources["limits"][resource] } else { own })
    };
    let inits = items(&pod["spec"]["initContainers"]);
    let (sidecars, inits): (Vec<&Value>, Vec<&Value>) = inits.iter().partition(|one| one["restartPolicy"] == "Always");
    let together = items(&pod["spec"]["containers"]).iter().chain(sidecars).map(of).sum::<i64>();
    inits.into_iter().map(of).max().unwrap_or(0).max(together)
}

/// A quota on CPU or memory wants every container to say what it needs.
fn unsaid(pod: &Value, resource: &str, asked: i64) -> Option<String> {
    let is_computed = resource.ends_with("cpu") || resource.ends_with("memory");
    let containers = items(&pod["spec"]["containers"]).iter().map(|one| text(&one["name"])).collect::<Vec<_>>();
    (is_computed && asked == 0).then(|| format!("{resource} for: {}", containers.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_init_container_may_ask_for_more_than_all_others() {
        let pod = json!({ "spec": {
            "initContainers": [{ "resources": { "requests": { "cpu": "2" } } }],
            "containers": [{ "resources": { "limits": { "cpu": "500m" } } }],
        }});
        assert_eq!(sum(&pod, "requests", "cpu"), 2000);
        assert_eq!(sum(&pod, "limits", "cpu"), 500);
    }
}
