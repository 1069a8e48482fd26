//! Nodes that have too little of something: too little at all, or too little now.

use super::super::finding::{Finding, Fix, Severity};
use super::super::grammar::Pattern;
use super::super::mend::{self, Changes};
use super::super::outcome::many;
use super::message::Topic;
use super::nodes::offered;
use super::{Scene, added};
use crate::model::node::Node;
use crate::model::resources::Quantity;

/// T020, T021: no node has enough of a resource.
pub(super) fn short(scene: Scene<'_, '_>, resource: &str) -> Finding {
    if resource.contains('/') {
        return device(scene, resource);
    }
    if resource == "pods" {
        return too_many_pods(scene);
    }
    let sight = scene.sight;
    let eligible = sight.eligible();
    // Of several that are short, the one that no node has enough of says most.
    let fits = |at: usize, name: &str| sight.asked(name) <= offered(sight.nodes[at], name);
    let never =
        |name: &str| !eligible.is_empty() && sight.asked(name).is_some() && !eligible.iter().any(|at| fits(*at, name));
    let short = scene.message.about(Topic::Room("")).filter_map(|reason| match reason.topic {
        Topic::Room(name) => Some(name),
        _ => None,
    });
    let never_had: Vec<&str> = short.into_iter().filter(|name| never(name)).collect();
    let resource = never_had.first().copied().unwrap_or(resource);
    let Some(asked) = sight.asked(resource) else { return unknown(scene, resource, None) };
    let fits_all = |at: &usize| sight.asks.iter().all(|(name, _)| fits(*at, name));
    if eligible.is_empty() {
        unknown(scene, resource, Some(asked))
    } else if never(resource) {
        match never_had[..] {
            [_, _, ..] => never_fits_in_several(scene, &never_had, &eligible),
            _ => never_fits(scene, resource, asked, &eligible),
        }
    } else if !eligible.iter().any(fits_all) {
        nowhere_together(scene)
    } else {
        full_now(scene, resource, asked, &eligible)
    }
}

fn group(scene: Scene<'_, '_>, resource: &str, how: &str) -> String {
    let asked = scene.sight.asked(resource).map(Quantity::words).unwrap_or_default();
    format!("T020/{how}/{resource}/{asked}")
}

/// Without the nodes, what the scheduler says.
fn unknown(scene: Scene<'_, '_>, resource: &str, asked: Option<Quantity>) -> Finding {
    let wants = asked.map(|asked| format!(", which asks for {}", asked.words())).unwrap_or_default();
    let count = scene.message.count(Topic::Room(resource));
    let all = scene.message.nodes.map_or_else(String::new, |all| format!(" of {all}"));
    Finding {
        verdict: format!(
            "On {count}{all} nodes too little {resource} is left for the pod{wants}.{}",
            scene.others(Topic::Room(resource))
        ),
        short: format!("no node has {} {resource} free", asked.map_or("enough".to_owned(), Quantity::words)),
        fixes: fixes(scene, resource, None),
        group: group(scene, resource, "short"),
        ..scene.finding("T020", Severity::Warning)
    }
}

/// The pod is larger than any node that would take it.
fn never_fits(scene: Scene<'_, '_>, resource: &str, asked: Quantity, eligible: &[usize]) -> Finding {
    let (node, most) = largest(scene, resource, eligible);
    let (asked, most) = (asked.words(), most.about());
    let (added, who) = added::amount(scene, resource).map_or_else(Default::default, |added| (added.words, added.fixes));
    Finding {
        verdict: format!(
            "The pod never fits: it asks for {asked} {resource}, and the largest node that would take it, {node}, offers \
             {most}.{added} {}{}",
            scene.patience(),
            scene.others(Topic::Room(resource))
        ),
        short: format!("never fits: {asked} {resource}, largest node {most}"),
        fixes: ask_for(scene, resource, scene.most_left(resource, eligible))
            .or_else(|| (most == "0").then(|| without(scene, resource)))
            .unwrap_or_else(|| match who.is_empty() {
                true => vec![scene.case.rerun(format!("ask for {most} {resource} at most in a new Job"))],
                false => Vec::new(),
            })
            .into_iter()
            .chain(who)
            .chain([Fix::outside(format!("add a node with more than {asked} {resource}: the pod is placed by itself"))])
            .collect(),
        group: group(scene, resource, "never"),
        ..scene.finding("T020", Severity::Critical)
    }
}

/// The same of several resources, each of which no node has enough of.
fn never_fits_in_several(scene: Scene<'_, '_>, resources: &[&str], eligible: &[usize]) -> Finding {
    let one = |name: &&str| {
        let asked = scene.sight.asked(name).map(Quantity::words).unwrap_or_default();
        (format!("{asked} {name}"), largest(scene, name, eligible).1.about())
    };
    let all: Vec<(String, String)> = resources.iter().map(one).collect();
    let asked = all.iter().map(|(asked, _)| asked.as_str()).collect::<Vec<_>>().join(", ");
    let each = all.iter().map(|(asked, most)| format!("{asked} (at most {most} on a node)"));
    let each = each.collect::<Vec<_>>().join(", ");
    let changes = || {
        let (path, container) = mend::only_container(scene.case)?;
        let mut changes = Changes::NONE;
        for name in resources {
            let most = scene.most_left(name, eligible).filter(|most| *most > Quantity::default())?;
            changes = changes.and(mend::resource(&path, container, "requests", name, most));
        }
        Some(changes)
    };
    let smaller = "ask for no more than a node has, in a new Job";
    let fixes = match changes() {
        Some(changes) => mend::mend(scene.case, smaller, &changes),
        None => vec![scene.case.rerun(smaller)],
    };
    Finding {
        verdict: format!(
            "The pod never fits: no node that would take it has what it asks for of {each}. {}{}",
            scene.patience(),
            scene.others(Topic::Room(resources[0]))
        ),
        short: format!("never fits: {asked}"),
        fixes: fixes
            .into_iter()
            .chain([Fix::outside(format!("add a node with {asked}: the pod is placed by itself"))])
            .collect(),
        group: format!("T020/never/{asked}"),
        ..scene.finding("T020", Severity::Critical)
    }
}

/// A new Job that asks for no more than this; None where the amount is not known, or several containers share it.
fn ask_for(scene: Scene<'_, '_>, resource: &str, most: Option<Quantity>) -> Option<Vec<Fix>> {
    let most = most.filter(|most| *most > Quantity::default())?;
    let words = format!("ask for {} {resource} in a new Job", most.words());
    let changes = if resource.contains('/') { None } else { mend::at_most(scene.case, "requests", resource, most) };
    if let Some(changes) = changes {
        return Some(mend::mend(scene.case, words, &changes));
    }
    let (path, container) = mend::only_container(scene.case)?;
    // A device has its request and its limit in one.
    let side = if resource.contains('/') { "limits" } else { "requests" };
    let mut changes = mend::resource(&path, container, side, resource, most);
    if resource.contains('/') && mend::amount(container, "requests", resource).is_some() {
        changes = Changes::set(format!("{path}.resources.requests{}", mend::key(resource)), most.words()).and(changes);
    }
    Some(mend::mend(scene.case, words, &changes))
}

fn largest<'s>(scene: Scene<'s, '_>, resource: &str, eligible: &[usize]) -> (&'s str, Quantity) {
    let nodes = eligible.iter().map(|at| scene.sight.nodes[*at]);
    let sizes = nodes.map(|node: &Node| (node.meta.name.as_str(), offered(node, resource).unwrap_or_default()));
    sizes.max_by_key(|(_, size)| *size).unwrap_or_default()
}

/// Each amount is to be had, but not all of them on one node.
fn nowhere_together(scene: Scene<'_, '_>) -> Finding {
    let asks = scene.sight.asks.iter().filter(|(name, _)| name != "pods");
    let asks: Vec<String> = asks.map(|(name, amount)| format!("{} {name}", amount.words())).collect();
    let asks = asks.join(" and ");
    Finding {
        verdict: format!(
            "The pod never fits: it asks for {asks}, and no single node that would take it offers all of it. {}",
            scene.patience()
        ),
        short: format!("never fits: {asks} on one node"),
        fixes: vec![
            scene.case.rerun("ask for less in a new Job"),
            Fix::outside(format!("add a node with {asks}: the pod is placed by itself")),
        ],
        group: format!("T020/never/{asks}"),
        ..scene.finding("T020", Severity::Critical)
    }
}

/// The pod would fit on an empty node.
fn full_now(scene: Scene<'_, '_>, resource: &str, asked: Quantity, eligible: &[usize]) -> Finding {
    let sight = scene.sight;
    let large = eligible.iter().filter(|at| offered(sight.nodes[**at], resource).is_some_and(|size| size >= asked));
    let free = large.filter_map(|at| Some((*at, sight.left(*at, resource)?))).max_by_key(|(_, left)| *left);
    // Where more seems to be free, there are pods that are not watched.
    let most = free.filter(|(_, left)| *left < asked).map(|(at, left)| {
        let node = sight.nodes[at];
        let size = offered(node, resource).unwrap_or_default().about();
        (node.meta.name.as_str(), left.max(Quantity::default()).about(), size)
    });
    let held =
        most.as_ref().map(|(node, ..)| scene.case.most(|pod| pod.node == *node, |pod| pod.requests.amount(resource)));
    let held = match held.as_deref() {
        None | Some([]) => String::new(),
        Some(some) => format!(" Most of it is held by {}.", some.join(" and ")),
    };
    let (left, short) = match &most {
        Some((node, left, size)) => (
            format!("{node} has the most room of those that are large enough, {left} of {size}"),
            format!(", {left} free at most"),
        ),
        None => ("nodes that are large enough are taken by other pods".to_owned(), String::new()),
    };
    let asked = asked.words();
    Finding {
        verdict: format!(
            "The nodes are full now: the pod asks for {asked} {resource}, and {left}. It is placed as soon as there is \
             room.{held}{}",
            scene.others(Topic::Room(resource))
        ),
        short: format!("full now: needs {asked} {resource}{short}"),
        fixes: fixes(scene, resource, Some(&asked)),
        group: group(scene, resource, "full"),
        ..scene.finding("T020", Severity::Warning)
    }
}

fn fixes(scene: Scene<'_, '_>, resource: &str, asked: Option<&str>) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = scene.fewer(scene.placed(), "so many have a node").into_iter().collect();
    fixes.push(scene.case.rerun(match asked {
        Some(asked) => format!("ask for less than {asked} {resource} in a new Job"),
        None => format!("ask for less {resource} in a new Job"),
    }));
    fixes.push(Fix::outside("wait for other work to end, or add a node"));
    fixes
}

/// Nodes have room for a limited number of pods, whatever these ask for.
fn too_many_pods(scene: Scene<'_, '_>) -> Finding {
    let count =
        scene.message.about(Topic::Room("")).find(|one| one.topic == Topic::Room("pods")).map_or(0, |one| one.count);
    Finding {
        verdict: format!(
            "{} may run no more pods, however small these are. The pod is placed when one of theirs ends.{}",
            many(count, "node"),
            scene.others(Topic::Room("pods"))
        ),
        short: format!("{} may run no more pods", many(count, "node")),
        fixes: vec![Fix::outside("delete ended or idle pods on these nodes, or add a node")],
        group: "T020/pods".to_owned(),
        ..scene.finding("T020", Severity::Warning)
    }
}

/// T021: a device that nodes offer, such as a GPU.
fn device(scene: Scene<'_, '_>, resource: &str) -> Finding {
    let sight = scene.sight;
    let asked = sight.asked(resource);
    let wants = asked.map_or_else(|| resource.to_owned(), |asked| format!("{} {resource}", asked.words()));
    let offers: Vec<(&str, Quantity)> = sight
        .nodes
        .iter()
        .filter_map(|node| {
            let amount = offered(node, resource).filter(|amount| *amount > Quantity::default())?;
            Some((node.meta.name.as_str(), amount))
        })
        .collect();
    let finding = Finding { group: format!("T021/{resource}"), ..scene.finding("T021", Severity::Error) };
    let others = scene.others(Topic::Room(resource));
    if sight.nodes.is_empty() {
        return Finding {
            verdict: format!("No node has {wants} free for the pod.{others}"),
            short: format!("no {resource} free"),
            fixes: vec![Fix::outside("wait for other work to end, or add a node that offers it")],
            ..finding
        };
    }
    let Some((node, most)) = offers.iter().max_by_key(|(_, amount)| *amount) else {
        return not_offered(scene, resource, finding);
    };
    if asked.is_some_and(|asked| asked > *most) {
        let most = most.words();
        return Finding {
            severity: Severity::Critical,
            verdict: format!(
                "The pod never fits: it asks for {wants}, and the node with most of them, {node}, has {most}. {}{others}",
                scene.patience()
            ),
            short: format!("never fits: {wants}, {most} on a node"),
            fixes: ask_for(scene, resource, Quantity::parse(&most))
                .unwrap_or_else(|| vec![scene.case.rerun(format!("ask for {most} {resource} at most in a new Job"))]),
            group: format!("T021/{resource}/never"),
            ..finding
        };
    }
    let total: i64 = offers.iter().map(|(_, amount)| amount.whole()).sum();
    let on = match &offers[..] {
        [(node, _)] => format!("node {node}"),
        many => format!("{} nodes", many.len()),
    };
    let mut fixes: Vec<Fix> = scene.fewer(scene.placed(), "so many have a device").into_iter().collect();
    fixes.push(Fix::outside("wait until other work on these nodes ends, or add a node that offers it"));
    Finding {
        severity: Severity::Warning,
        verdict: format!(
            "No {resource} is free now: the cluster has {total} on {on}, others use them, and the pod asks for {wants}. It \
             is placed as soon as enough are free on one node.{others}"
        ),
        short: format!("full now: needs {wants}, {total} exist"),
        fixes,
        group: format!("T021/{resource}/full"),
        ..finding
    }
}

fn not_offered(scene: Scene<'_, '_>, resource: &str, finding: Finding) -> Finding {
    let mut devices: Vec<&str> = scene
        .sight
        .nodes
        .iter()
        .flat_map(|node| &node.allocatable)
        .filter(|(name, amount)| name.contains('/') && *amount > Quantity::default())
        .map(|(name, _)| name.as_str())
        .collect();
    devices.sort_unstable();
    devices.dedup();
    let known = match devices.is_empty() {
        true => String::new(),
        false => format!(" Nodes offer {}.", devices.join(", ")),
    };
    Finding {
        severity: Severity::Critical,
        verdict: format!(
            "No node offers {resource}: its driver or device plugin is missing or broken, or the name is wrong.{known} The \
             pod waits until a node offers it."
        ),
        short: format!("no node offers {resource}"),
        fixes: std::iter::once(Fix::outside(format!(
            "look at the device plugin of {resource} and its pods on the nodes"
        )))
        .chain(without(scene, resource))
        .collect(),
        group: format!("T021/{resource}/none"),
        ..finding
    }
}

/// A new Job that does without a resource that nobody offers.
fn without(scene: Scene<'_, '_>, resource: &str) -> Vec<Fix> {
    let containers = scene.case.pod_spec().and_then(|spec| spec["containers"].as_array()).into_iter().flatten();
    let mut changes = Changes::NONE;
    for container in containers {
        for side in ["requests", "limits"].into_iter().filter(|side| mend::amount(container, side, resource).is_some())
        {
            let name = container["name"].as_str().unwrap_or_default();
            let path = format!("{}.containers[name={name}].resources.{side}{}", mend::POD, mend::key(resource));
            changes = changes.and_remove(path);
        }
    }
    mend::mend(scene.case, format!("leave {resource} out in a new Job, where it can do without"), &changes)
}

/// `request gpu: device class gpu.example.com does not exist`.
pub(super) static DEVICE_CLASS: Pattern = Pattern::new(r"device class (?<class>\S+) does not exist");

/// T021: the pod claims a device of a class that does not exist.
pub(super) fn device_class(scene: Scene<'_, '_>) -> Option<Finding> {
    let found = DEVICE_CLASS.captures(scene.message.stable)?;
    let class = &found["class"];
    Some(Finding {
        verdict: format!("The pod claims a device of class {class}, which does not exist in this cluster."),
        short: format!("no device class {class}"),
        fixes: vec![
            Fix::outside(format!("create device class {class}, or install the driver that brings it")),
            scene.case.rerun("claim another device in a new Job"),
        ],
        group: format!("T021/class/{class}"),
        ..scene.finding("T021", Severity::Critical)
    })
}

/// What the pod claims, `gpu of class gpu.example.com`; of claims that cannot be looked at the name alone.
fn claimed(scene: Scene<'_, '_>) -> Vec<String> {
    let (case, namespace) = (scene.case, scene.case.key.namespace.as_str());
    let claims = case.pod_spec().and_then(|spec| spec["resourceClaims"].as_array()).into_iter().flatten();
    let words = claims.filter_map(|claim| {
        let name = claim["name"].as_str()?;
        let (kind, object, requests) = match claim["resourceClaimName"].as_str() {
            Some(object) => ("ResourceClaim", object, "/spec/devices/requests"),
            None => {
                ("ResourceClaimTemplate", claim["resourceClaimTemplateName"].as_str()?, "/spec/spec/devices/requests")
            }
        };
        let object = case.found("resource.k8s.io/v1", kind, namespace, object);
        let requests = object.and_then(|object| object.pointer(requests)?.as_array()).into_iter().flatten();
        let classes: Vec<&str> = requests.filter_map(|one| one["exactly"]["deviceClassName"].as_str()).collect();
        let of = if classes.is_empty() { String::new() } else { format!(" of class {}", classes.join(", ")) };
        Some(format!("{name}{of}"))
    });
    words.collect()
}

/// T021: claimed devices cannot be had.
pub(super) fn claims_short(scene: Scene<'_, '_>) -> Finding {
    let claims = claimed(scene);
    let named = if claims.is_empty() { String::new() } else { format!(" ({})", claims.join(", ")) };
    let slices = scene.case.found("resource.k8s.io/v1", "ResourceSlice", "", "").and_then(|all| all.as_array());
    if slices.is_some_and(|all| all.is_empty()) {
        return Finding {
            verdict: format!(
                "The pod claims devices{named}, and no node offers any: the cluster has no ResourceSlice, which a device's \
                 driver makes. The pod waits until one does."
            ),
            short: format!("no node offers any device for its claims{named}"),
            fixes: vec![Fix::outside("install the driver of the device, or look why its pods do not run on the nodes")],
            group: "T021/claims".to_owned(),
            ..scene.finding("T021", Severity::Critical)
        };
    }
    Finding {
        verdict: format!(
            "{} cannot give the pod all the devices that it claims{named}: none such, or others use them.{}",
            many(scene.message.count(Topic::Devices), "node"),
            scene.others(Topic::Devices)
        ),
        short: format!("no free device for its claims{named}"),
        fixes: vec![Fix::outside(
            "compare its ResourceClaims with the ResourceSlices of the nodes; wait, or add a node",
        )],
        group: "T021/claims".to_owned(),
        ..scene.finding("T021", Severity::Error)
    }
}
