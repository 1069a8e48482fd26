//! Nodes that are ruled out by what runs on them: rules on which pods may be together, and ports of the node.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::finding::{Finding, Fix, Severity};
use super::super::mend::{Changes, POD, mend};
use super::super::outcome::many;
use super::Scene;
use super::message::{Reason, Topic};
use super::nodes::{is_control_plane, label};

/// T024: rules that keep pods apart, or want them together.
pub(super) fn apart(scene: Scene<'_, '_>, lead: &Reason<'_>) -> Finding {
    let spec = scene.case.pod_spec();
    let others = scene.others(Topic::Apart);
    let finding = scene.finding("T024", Severity::Warning);
    if lead.text.contains("missing required label") {
        let key = spread_key(spec);
        let named = key.map_or_else(|| "a label".to_owned(), |key| format!("label {key}"));
        return Finding {
            severity: Severity::Critical,
            verdict: format!(
                "The pod is to be spread over {named}, which is missing on {}.{others}",
                many(lead.count, "node")
            ),
            short: format!("{} without {named} to spread over", many(lead.count, "node")),
            fixes: mend(scene.case, "prefer the spread instead of requiring it, in a new Job", &spread_anyway(spec))
                .into_iter()
                .chain([Fix::outside(format!("give nodes {named}: the pod is placed by itself"))])
                .collect(),
            group: format!("T024/label/{named}"),
            ..finding
        };
    }
    if lead.text.contains("pod affinity rules") || lead.text.contains("pod affinity/") {
        return Finding {
            verdict: format!(
                "The pod is to run beside certain other pods (pod affinity), and no node with such pods takes it.{others}"
            ),
            short: "no node with the pods it is to be near".to_owned(),
            fixes: mend(
                scene.case,
                "prefer the nearness instead of requiring it, in a new Job",
                &preferred(spec, "podAffinity"),
            )
            .into_iter()
            .chain([Fix::outside("start the pods that it is to be near")])
            .collect(),
            group: "T024/affinity".to_owned(),
            ..finding
        };
    }
    let is_spread = lead.text.contains("spread");
    let key = if is_spread { spread_key(spec) } else { anti_affinity_key(spec) };
    let place = key.map_or_else(|| "node or zone".to_owned(), place);
    let domains = key.map(|key| domains(scene, key)).filter(|count| *count > 0);
    let running = scene.placed();
    let have = match running {
        0 => "None of the Job's pods has a node".to_owned(),
        1 => "1 of the Job's pods has a node".to_owned(),
        many => format!("{many} of the Job's pods have a node"),
    };
    let places = match domains {
        Some(1) => ", and there is 1 such place".to_owned(),
        Some(many) => format!(", and there are {many} such places"),
        None => String::new(),
    };
    let rule = match is_spread {
        true => {
            format!("The Job's pods are to be spread evenly over each {place}, and one more here would break that.")
        }
        false => {
            let labels = kept_apart_from(spec).map(|labels| format!(" labelled {labels}")).unwrap_or_default();
            format!("The pod must not share a {place} with pods{labels} that are there already (anti-affinity).")
        }
    };
    let fewer =
        domains.filter(|_| !is_spread && running > 0).and_then(|domains| scene.fewer(domains, "one for each place"));
    let mut fixes: Vec<Fix> = fewer.or_else(|| scene.fewer(running, "so many have a node")).into_iter().collect();
    let changes = if is_spread { spread_anyway(spec) } else { preferred(spec, "podAntiAffinity") };
    fixes.extend(mend(scene.case, "prefer to keep pods apart instead of requiring it, in a new Job", &changes));
    Finding {
        verdict: format!("{rule} {have}{places}.{others}"),
        short: format!("kept apart from other pods: {running} placed"),
        fixes,
        group: format!("T024/{}/{}", if is_spread { "spread" } else { "anti-affinity" }, key.unwrap_or_default()),
        ..finding
    }
}

/// Rules on nearness as wishes in place of demands.
fn preferred(spec: Option<&Value>, affinity: &str) -> Changes {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    let Some(rules) = spec.map(|spec| &spec["affinity"][affinity]) else { return Changes::NONE };
    let Some(required) = rules[REQUIRED].as_array() else { return Changes::NONE };
    let wishes = required.iter().map(|term| json!({ "weight": 100, "podAffinityTerm": term }));
    let before = rules[PREFERRED].as_array().into_iter().flatten().cloned();
    let path = format!("{POD}.affinity.{affinity}");
    Changes::remove(format!("{path}.{REQUIRED}"))
        .and_set(format!("{path}.{PREFERRED}"), before.chain(wishes).collect::<Vec<_>>())
}

/// The demands on an even spread as wishes.
fn spread_anyway(spec: Option<&Value>) -> Changes {
    let rules = spec.and_then(|spec| spec["topologySpreadConstraints"].as_array()).into_iter().flatten();
    let demands = rules.enumerate().filter(|(_, rule)| rule["whenUnsatisfiable"] != "ScheduleAnyway");
    demands.fold(Changes::NONE, |changes, (at, _)| {
        changes.and_set(format!("{POD}.topologySpreadConstraints[{at}].whenUnsatisfiable"), "ScheduleAnyway")
    })
}

/// What a person calls a place by this label.
fn place(key: &str) -> String {
    match key {
        "kubernetes.io/hostname" => "node".to_owned(),
        "topology.kubernetes.io/zone" => "zone".to_owned(),
        "topology.kubernetes.io/region" => "region".to_owned(),
        other => format!("place by label {other}"),
    }
}

fn first_key(list: &Value, is_meant: impl Fn(&Value) -> bool) -> Option<&str> {
    list.as_array()?.iter().find(|one| is_meant(one))?["topologyKey"].as_str()
}

fn spread_key(spec: Option<&Value>) -> Option<&str> {
    first_key(&spec?["topologySpreadConstraints"], |one| one["whenUnsatisfiable"] != "ScheduleAnyway")
}

fn anti_affinity_key(spec: Option<&Value>) -> Option<&str> {
    first_key(&spec?["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"], |_| true)
}

/// The labels of the pods that the first rule keeps the pod apart from, `app=cache`. None where it is not that simple.
fn kept_apart_from(spec: Option<&Value>) -> Option<String> {
    let rules = &spec?["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    let labels = rules[0]["labelSelector"]["matchLabels"].as_object()?;
    let words = labels.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    Some(words.collect::<Vec<_>>().join(", ")).filter(|words| !words.is_empty())
}

/// How many places nodes make by a label; control planes, which are kept free, are none.
fn domains(scene: Scene<'_, '_>, key: &str) -> usize {
    let nodes = scene.sight.nodes.iter().filter(|node| !is_control_plane(node));
    nodes.filter_map(|node| label(node, key)).collect::<BTreeSet<_>>().len()
}

/// The pod template without ports of the node.
fn without_ports(scene: Scene<'_, '_>) -> Changes {
    let containers = scene.case.pod_spec().and_then(|spec| spec["containers"].as_array()).into_iter().flatten();
    let mut changes = Changes::NONE;
    for container in containers {
        let name = container["name"].as_str().unwrap_or_default();
        let ports = container["ports"].as_array().into_iter().flatten().enumerate();
        for (at, _) in ports.filter(|(_, port)| !port["hostPort"].is_null()) {
            changes = changes.and_remove(format!("{POD}.containers[name={name}].ports[{at}].hostPort"));
        }
    }
    changes
}

/// T033: a port of the node itself, which one pod alone can have.
pub(super) fn ports(scene: Scene<'_, '_>) -> Finding {
    let containers = scene.case.pod_spec().and_then(|spec| spec["containers"].as_array()).into_iter().flatten();
    let ports = containers.filter_map(|container| container["ports"].as_array()).flatten();
    // With hostNetwork each port of a container is one of the node.
    let is_on_node = scene.case.pod_spec().is_some_and(|spec| spec["hostNetwork"] == true);
    let (field, by) = if is_on_node { ("containerPort", "hostNetwork") } else { ("hostPort", "hostPort") };
    let ports: Vec<String> = ports.filter_map(|port| port[field].as_i64()).map(|port| port.to_string()).collect();
    let port = match &ports[..] {
        [] => format!("The node's port that the pod wants ({by})"),
        [port] => format!("Port {port} of the node ({by})"),
        many => format!("A port of the node that the pod wants ({by}: {})", many.join(", ")),
    };
    let count = scene.message.count(Topic::Ports);
    let mut fixes: Vec<Fix> = scene.fewer(scene.placed(), "one for each node").into_iter().collect();
    let changes = match is_on_node {
        true => Changes::remove(format!("{POD}.hostNetwork")),
        false => without_ports(scene),
    };
    fixes.extend(mend(scene.case, format!("leave {by} out in a new Job: few Jobs need it"), &changes));
    Finding {
        verdict: format!(
            "{port} is taken on {}: only one pod of a node can have it.{}",
            many(count, "node"),
            scene.others(Topic::Ports)
        ),
        short: format!("{} is taken", [&[by.to_owned()], &ports[..]].concat().join(" ")),
        fixes,
        group: format!("T033/{}", ports.join(",")),
        ..scene.finding("T033", Severity::Error)
    }
}
