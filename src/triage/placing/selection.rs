//! Nodes that are kept from the pod by what is written on them: taints, labels, cordons.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::case::of_field;
use super::super::finding::{Finding, Fix, Severity};
use super::super::grammar::near;
use super::super::mend::{self, Changes, POD, mend, mend_here};
use super::super::outcome::many;
use super::Scene;
use super::added;
use super::message::{Reason, Topic};
use super::nodes::{Sight, is_control_plane, label, misses, untolerated};
use crate::model::node::{Node, Taint};

/// Taints that the cluster itself puts on nodes in trouble, and what they mean.
const TROUBLES: [(&str, &str); 10] = [
    ("node.kubernetes.io/not-ready", "not ready"),
    ("node.kubernetes.io/unreachable", "unreachable"),
    ("node.kubernetes.io/disk-pressure", "short of disk"),
    ("node.kubernetes.io/memory-pressure", "short of memory"),
    ("node.kubernetes.io/pid-pressure", "short of process numbers"),
    ("node.kubernetes.io/network-unavailable", "without network"),
    ("node.kubernetes.io/out-of-service", "out of service"),
    ("node.cloudprovider.kubernetes.io/uninitialized", "still starting"),
    ("ToBeDeletedByClusterAutoscaler", "about to be removed"),
    ("karpenter.sh/disrupted", "about to be removed"),
];

/// What a taint that the cluster itself put on a node means. None for those that people put there.
pub(super) fn trouble(taint: &Taint) -> Option<&'static str> {
    TROUBLES.iter().find(|(key, _)| taint.key == *key).map(|(_, words)| *words)
}

/// ` of 5`; empty where it is not known.
fn of_all(scene: Scene<'_, '_>) -> String {
    scene.message.nodes.map(|all| format!(" of {all}")).unwrap_or_default()
}

/// Up to three names, and how many more there are.
fn names(nodes: &[&str]) -> String {
    match nodes.len() {
        ..=3 => nodes.join(", "),
        count => format!("{} and {} more", nodes[..2].join(", "), count - 2),
    }
}

/// T022: taints that the pod does not tolerate.
pub(super) fn tainted(scene: Scene<'_, '_>, lead: &Reason<'_>) -> Finding {
    let sight = scene.sight;
    let tainted = |is_meant: &dyn Fn(&Node) -> bool| {
        let mut taints: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut troubles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        // Without the pod's own tolerations no taint is blamed.
        let nodes = sight.nodes.iter().filter(|node| sight.spec.is_some() && is_meant(node));
        for node in nodes {
            for taint in untolerated(node, sight.spec) {
                match trouble(taint) {
                    Some(words) => troubles.entry(words).or_default().push(&node.meta.name),
                    None => taints.entry(taint_words(taint)).or_default().push(&node.meta.name),
                }
            }
        }
        (taints, troubles)
    };
    // Control planes are kept free on purpose: they are the point where there is nothing else.
    let (mut taints, mut troubles) = tainted(&|node| !is_control_plane(node));
    if taints.is_empty() && troubles.is_empty() {
        (taints, troubles) = tainted(&|_| true);
    }
    let others = scene.others(Topic::Taint);
    let count = scene.message.count(Topic::Taint);
    let of_all = of_all(scene);
    if taints.is_empty() && !troubles.is_empty() {
        let list: Vec<String> = troubles.iter().map(|(words, nodes)| format!("{words}: {}", names(nodes))).collect();
        let list = list.join("; ");
        return Finding {
            verdict: format!(
                "{count}{of_all} nodes are in trouble and take no new pods ({list}). The pod is placed when one is well \
                 again.{others}"
            ),
            short: format!("nodes {list}"),
            fixes: vec![Fix::outside(format!("look at these nodes: {list}"))],
            group: format!("T022/{}", troubles.keys().copied().collect::<Vec<_>>().join(",")),
            ..scene.finding("T022", Severity::Warning)
        };
    }
    if taints.is_empty() {
        // No node may be read: releases up to 1.34 name the taint.
        let told = scene.message.about(Topic::Taint).filter_map(|reason| old_taint(reason.text));
        taints = told.map(|taint| (taint, Vec::new())).collect();
    }
    let all = taints.keys().cloned().collect::<Vec<_>>().join(", ");
    let list: Vec<String> = taints
        .iter()
        .map(|(taint, nodes)| if nodes.is_empty() { taint.clone() } else { format!("{taint} ({})", names(nodes)) })
        .collect();
    let (what, short) = match list.is_empty() {
        true => (String::new(), format!("{} with taints it does not tolerate", many(lead.count, "node"))),
        false => (format!(": {}", list.join(", ")), format!("taint not tolerated: {all}")),
    };
    let first = taints.iter().next();
    let almost = almost_tolerated(sight, first.map(|(taint, _)| taint.as_str())).unwrap_or_default();
    let words = match first {
        Some((taint, _)) => format!("tolerate {taint} in a new Job, where it is meant to run there"),
        None => "tolerate the taint in a new Job, where it is meant to run there".to_owned(),
    };
    let remove = match first.and_then(|(taint, nodes)| Some((taint, *nodes.first()?))) {
        Some((taint, node)) => format!("take the taint off a node: kubectl taint nodes {node} {taint}-"),
        None => "take the taint off a node".to_owned(),
    };
    Finding {
        verdict: format!(
            "{count}{of_all} nodes carry taints that the pod does not tolerate{what}. They keep all pods away that do not \
             say otherwise.{almost}{others}"
        ),
        short,
        evidence: sight
            .nodes
            .iter()
            .filter(|node| first.is_some_and(|(_, names)| names.contains(&node.meta.name.as_str())))
            .take(2)
            .map(|node| {
                of_field(*node, "spec.taints", node.taints.iter().map(taint_words).collect::<Vec<_>>().join(", "))
            })
            .collect(),
        fixes: mend(scene.case, words, &tolerating(sight, first.map(|(taint, _)| taint.as_str())))
            .into_iter()
            .chain([Fix::outside(remove)])
            .collect(),
        group: format!("T022/{all}"),
        ..scene.finding("T022", Severity::Error)
    }
}

/// The taint of these words that a node carries.
fn taint_of<'a>(sight: &Sight<'a>, words: Option<&str>) -> Option<&'a Taint> {
    let taints = sight.nodes.iter().flat_map(|node| &node.taints);
    taints.into_iter().find(|taint| Some(taint_words(taint).as_str()) == words)
}

/// A toleration of the pod that was meant for this taint and misses it, as a sentence.
fn almost_tolerated(sight: &Sight<'_>, words: Option<&str>) -> Option<String> {
    let taint = taint_of(sight, words)?;
    let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
    let is_meant = |key: &str| key == taint.key || near(&taint.key, std::iter::once(key)).is_some();
    let mut tolerations = sight.spec?["tolerations"].as_array()?.iter();
    let meant = tolerations.find(|one| is_meant(&text(one, "key")))?;
    let (key, value, effect) = (text(meant, "key"), text(meant, "value"), text(meant, "effect"));
    let what = if key != taint.key {
        format!("key {key}")
    } else if !effect.is_empty() && effect != taint.effect {
        format!("{key} with effect {effect}")
    } else {
        format!("{key} with value {value:?}")
    };
    Some(format!(" The pod tolerates {what} alone."))
}

/// The toleration of a taint that a node carries.
fn tolerating(sight: &Sight<'_>, words: Option<&str>) -> Changes {
    let Some(taint) = taint_of(sight, words) else { return Changes::NONE };
    let toleration = match taint.value.as_str() {
        "" => json!({ "key": taint.key, "operator": "Exists", "effect": taint.effect }),
        value => json!({ "key": taint.key, "operator": "Equal", "value": value, "effect": taint.effect }),
    };
    Changes::set(format!("{POD}.tolerations[+]"), toleration)
}

/// A taint as `kubectl taint` takes it: `dedicated=gpu:NoSchedule`.
pub(super) fn taint_words(taint: &Taint) -> String {
    let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
    format!("{}{value}:{}", taint.key, taint.effect)
}

/// The taint in `had untolerated taint {dedicated: gpu}`.
fn old_taint(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('{')?;
    let (key, value) = rest.split_once('}')?.0.split_once(": ")?;
    Some(if value.is_empty() { key.to_owned() } else { format!("{key}={value}") })
}

/// T023: no node has the labels, or the name, that the pod asks for.
pub(super) fn unmatched(scene: Scene<'_, '_>, lead: &Reason<'_>) -> Finding {
    let sight = scene.sight;
    let finding = scene.finding("T023", Severity::Critical);
    let others = scene.others(Topic::Selector);
    let label_node =
        |what: &str| Fix::outside(format!("label a node that is meant with {what}: the pod is placed by itself"));
    let Some(spec) = sight.spec else {
        let of_all = of_all(scene);
        return Finding {
            verdict: format!(
                "{}{of_all} nodes do not have the labels that the pod's node selector or affinity asks for.{others}",
                lead.count
            ),
            short: "no node has the labels it asks for".to_owned(),
            fixes: vec![scene.case.rerun("change the node selector or affinity in a new Job"), label_node("them")],
            group: "T023".to_owned(),
            ..finding
        };
    };
    let missed: Vec<(&Node, Vec<String>)> = sight.nodes.iter().map(|node| (*node, misses(node, spec))).collect();
    let closest = missed.iter().min_by_key(|(node, missed)| (is_control_plane(node), missed.len()));
    let Some((node, lacking)) = closest else {
        return Finding { verdict: format!("No node matches the pod.{others}"), ..finding };
    };
    if lacking.is_empty() {
        return Finding {
            severity: Severity::Info,
            verdict: format!("No node had the labels that the pod asks for; node {} has them by now.", node.meta.name),
            short: format!("node {} has its labels by now", node.meta.name),
            ..finding
        };
    }
    // What no node has is the point; where each label is on some node, that they are on none together.
    let nowhere: Vec<&str> =
        lacking.iter().filter(|one| missed.iter().all(|(_, all)| all.contains(one))).map(String::as_str).collect();
    let is_nowhere = !nowhere.is_empty();
    let wanted = if is_nowhere { nowhere.join(" and ") } else { lacking.join(" and ") };
    let first = match is_nowhere {
        true => format!("No node has {wanted}, which the pod asks for."),
        false => "No node has all the labels that the pod asks for.".to_owned(),
    };
    let closest = closest_of(scene, node, lacking, is_nowhere && lacking.len() == nowhere.len());
    let added = added::labels(scene, node, lacking);
    let (added, mut fixes) = match added {
        Some(added) => (added.words, added.fixes),
        None => (String::new(), reselected(scene, spec, node, lacking)),
    };
    if fixes.is_empty() {
        fixes.push(scene.case.rerun("change the node selector or affinity in a new Job"));
    }
    // What the kubelet writes itself is no label to be put there by hand.
    let is_given = ["kubernetes.io/", "metadata.name"].iter().any(|given| wanted.starts_with(given));
    let there = match is_given {
        true => Fix::outside(format!("add a node with {wanted}: the pod is placed by itself")),
        false => label_node(&wanted),
    };
    Finding {
        verdict: format!("{first}{closest}{added}{others}"),
        short: format!("no node has {wanted}"),
        fixes: fixes.into_iter().chain([there]).collect(),
        group: format!("T023/{wanted}"),
        ..finding
    }
}

/// How close the closest node comes: what it lacks, where that was not said already, and what it has in its place.
fn closest_of(scene: Scene<'_, '_>, node: &Node, lacking: &[String], is_said: bool) -> String {
    let mut keys: Vec<&str> =
        lacking.iter().filter_map(|one| one.split([' ', '=']).find(|word| !WORDS.contains(word))).collect();
    keys.dedup();
    let has = keys.into_iter().map(|key| match label(node, key) {
        Some(value) => format!("it has {key}={value}"),
        None => match near(key, node.meta.labels.iter().map(|(key, _)| key.as_str())) {
            Some(near) => format!("it has no label {key}, but one {near}"),
            None => format!("it has no label {key}"),
        },
    });
    let has = has.collect::<Vec<_>>().join(", ");
    let (name, is_only) = (&node.meta.name, scene.sight.nodes.len() == 1);
    match (is_said, is_only) {
        (true, true) => format!(" The only node is {name}: {has}."),
        (true, false) => format!(" Closest is {name}: {has}."),
        (false, _) => format!(" Closest is {name}, which lacks {} ({has}).", lacking.join(" and ")),
    }
}

/// Words before the key of what a node lacks: `no label gpu`.
const WORDS: [&str; 2] = ["no", "label"];

/// A new Job whose pods may come to the closest node: with the value that the label has there, where it has another one;
/// without the labels that it lacks.
fn reselected(scene: Scene<'_, '_>, spec: &Value, node: &Node, lacking: &[String]) -> Vec<Fix> {
    let selector = spec["nodeSelector"].as_object().into_iter().flatten();
    let selected =
        selector.filter(|(key, value)| lacking.contains(&format!("{key}={}", value.as_str().unwrap_or_default())));
    let selected: Vec<&String> = selected.map(|(key, _)| key).collect();
    let path = |key: &str| format!("{POD}.nodeSelector{}", mend::key(key));
    let mut fixes = Vec::new();
    if let [key] = selected[..]
        && let Some(value) = label(node, key)
    {
        let words = format!("ask for {key}={value}, as {} has it, in a new Job", node.meta.name);
        fixes.extend(mend_here(scene.case, words, &Changes::set(path(key), value)));
    }
    let keys = || node.meta.labels.iter().map(|(key, _)| key.as_str());
    if let [wanted] = selected[..]
        && let Some(near) = near(wanted, keys())
        && let Some(value) = label(node, &near)
    {
        let words = format!("ask for {near}={value} instead of {wanted}, in a new Job");
        let changes = Changes::remove(path(wanted)).and_set(path(&near), value);
        fixes.extend(mend_here(scene.case, words, &changes));
    }
    let mut changes = selected.iter().fold(Changes::NONE, |changes, key| changes.and_remove(path(key)));
    if lacking.len() > selected.len() {
        let required = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
        changes = changes.and_remove(format!("{POD}.{required}"));
    }
    let words = format!("ask no more for {} in a new Job", lacking.join(" and "));
    fixes.extend(mend(scene.case, words, &changes));
    fixes
}

/// T029: nodes that take no new pods.
pub(super) fn cordoned(scene: Scene<'_, '_>, lead: &Reason<'_>) -> Finding {
    let nodes: Vec<&str> =
        scene.sight.nodes.iter().filter(|node| node.is_unschedulable).map(|node| node.meta.name.as_str()).collect();
    let (list, uncordon) = match nodes.first() {
        Some(first) => (format!(" ({})", names(&nodes)), format!("let it take pods again: kubectl uncordon {first}")),
        None => (String::new(), "let a node take pods again: kubectl uncordon NODE".to_owned()),
    };
    let of_all = of_all(scene);
    Finding {
        verdict: format!(
            "{}{of_all} nodes are cordoned{list}: someone is emptying them, so they take no new pods.{}",
            lead.count,
            scene.others(Topic::Cordon)
        ),
        short: format!("{}{of_all} nodes are cordoned", lead.count),
        fixes: vec![Fix::outside(uncordon), Fix::outside("wait until the work on the nodes is done")],
        group: "T029/cordoned".to_owned(),
        ..scene.finding("T029", Severity::Error)
    }
}

/// T029: there is no node.
pub(super) fn no_nodes(scene: Scene<'_, '_>) -> Finding {
    Finding {
        verdict: "The cluster has no node that could run the pod.".to_owned(),
        short: "the cluster has no nodes".to_owned(),
        fixes: vec![Fix::outside("add nodes to the cluster, or look at why they have gone")],
        group: "T029/none".to_owned(),
        ..scene.finding("T029", Severity::Error)
    }
}
