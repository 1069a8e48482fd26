//! Nodes that are ruled out by what runs on them: rules on which pods may be together, and ports of the node.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::Case;
use super::super::finding::{Finding, Fix, Severity};
use super::super::mend::{Changes, POD, mend};
use super::super::outcome::many;
use super::Scene;
use super::message::{Reason, Topic};
use super::nodes::{holds, is_control_plane, label, words};
use crate::model::pod::Pod;

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
        let wanted = spec.and_then(|spec| labels_of(&spec["affinity"]["podAffinity"][REQUIRED][0]));
        let pods = wanted.map_or_else(|| "certain other pods".to_owned(), |labels| format!("pods labelled {labels}"));
        return Finding {
            verdict: format!(
                "The pod is to run beside {pods} (pod affinity), and no node with such pods takes it.{others}"
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
    if lead.text.contains("existing pods anti-affinity") {
        return kept_away(scene, &others, finding);
    }
    let is_spread = lead.text.contains("spread");
    let key = if is_spread { spread_key(spec) } else { anti_affinity_key(spec) };
    let place = key.map_or_else(|| "node or zone".to_owned(), place);
    let domains = key.map(|key| domains(scene, key)).filter(|count| *count > 0);
    let running = scene.placed();
    if let Some(finding) = too_few_places(scene, &others, &finding).filter(|_| is_spread) {
        return finding;
    }
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

/// The pods of the namespace that have a node, are not over and are meant, by their specs: `pod database`, and whose they
/// are: `pod etl-x7k2p of job/etl`. None where they may not be looked at.
pub(super) fn placed(case: &Case<'_>, pod: &Pod, is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
    placed_in(case, pod, &pod.meta.namespace, |pod| is_meant(&pod["spec"]))
}

/// The same of another namespace, or of all (``), by all that is said of them.
fn placed_in(case: &Case<'_>, own: &Pod, namespace: &str, is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
    let pods = case.found("v1", "Pod", namespace, "").and_then(Value::as_array).into_iter().flatten();
    let is_open = |pod: &&Value| {
        let phase = pod["status"]["phase"].as_str().unwrap_or_default();
        let is_itself = pod["metadata"]["name"] == own.meta.name.as_str();
        pod["spec"]["nodeName"].is_string() && !is_itself && !matches!(phase, "Succeeded" | "Failed")
    };
    let named = |pod: &Value| {
        let name = pod["metadata"]["name"].as_str()?;
        let other = pod["metadata"]["namespace"].as_str().filter(|other| *other != own.meta.namespace.as_str());
        let place = other.map(|other| format!(" in namespace {other}")).unwrap_or_default();
        let mut owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        let owner = owners.find(|owner| owner["controller"] == true).and_then(|owner| {
            Some(format!(" of {}/{}", owner["kind"].as_str()?.to_lowercase(), owner["name"].as_str()?))
        });
        Some(format!("pod {name}{}{place}", owner.unwrap_or_default()))
    };
    pods.filter(is_open).filter(|pod| is_meant(pod)).filter_map(named).collect()
}

/// Up to three of them, and how many more there are.
fn some_of(pods: &[String]) -> String {
    match pods.len() {
        ..=3 => pods.join(", "),
        count => format!("{} and {} more", pods[..2].join(", "), count - 2),
    }
}

/// A label selector of the API takes an object with these labels.
fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector["matchLabels"].as_object().into_iter().flatten();
    let mut expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    selector.is_object()
        && wanted.into_iter().all(|(key, value)| labels[key.as_str()] == *value)
        && expressions.all(|one| holds(one, labels[one["key"].as_str().unwrap_or_default()].as_str()))
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// The demands of a pod to be kept from others.
fn kept_apart(spec: &Value) -> impl Iterator<Item = &Value> {
    spec["affinity"]["podAntiAffinity"][REQUIRED].as_array().into_iter().flatten()
}

/// T024: pods that are there keep this one away, which may ask for nothing of the kind.
fn kept_away(scene: Scene<'_, '_>, others: &str, finding: Finding) -> Finding {
    let own = scene.case.found("v1", "Pod", &scene.pod.meta.namespace, &scene.pod.meta.name);
    let labels = own.map_or(&Value::Null, |pod| &pod["metadata"]["labels"]);
    let who =
        placed(scene.case, scene.pod, |spec| kept_apart(spec).any(|rule| selects(&rule["labelSelector"], labels)));
    let list = some_of(&who);
    let (by, wait) = match who.is_empty() {
        true => ("A pod that runs already".to_owned(), "wait until the pods with that rule end".to_owned()),
        false => (format!("P{}", &list[1..]), format!("wait until {} ends, or delete it", who[0])),
    };
    Finding {
        verdict: format!(
            "{by} must not share its node or zone with pods like this one (its own anti-affinity), so the nodes there do not \
             take this pod.{others}"
        ),
        short: match who.is_empty() {
            true => "kept away by the anti-affinity of other pods".to_owned(),
            false => format!("kept away by the anti-affinity of {list}"),
        },
        fixes: vec![
            Fix::outside(wait),
            scene.case.rerun("give the pods other labels than that rule names, in a new Job"),
            Fix::outside("or have the owner of that rule narrow it, or add a node"),
        ],
        group: format!("T024/kept-away/{list}"),
        ..finding
    }
}

/// Rules on nearness as wishes in place of demands.
fn preferred(spec: Option<&Value>, affinity: &str) -> Changes {
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

/// T024: a spread over more places than there are.
fn too_few_places(scene: Scene<'_, '_>, others: &str, finding: &Finding) -> Option<Finding> {
    let rules = scene.sight.spec?["topologySpreadConstraints"].as_array()?.iter().enumerate();
    let (at, least, key, there) = rules.into_iter().find_map(|(at, rule)| {
        let (least, key) = (rule["minDomains"].as_u64()?, rule["topologyKey"].as_str()?);
        let there = domains(scene, key);
        (there > 0 && (there as u64) < least).then_some((at, least, key, there))
    })?;
    let place = place(key);
    let running = scene.placed();
    let changes = Changes::remove(format!("{POD}.topologySpreadConstraints[{at}].minDomains"));
    let fewer = scene.fewer(running, "so many have a place").into_iter();
    Some(Finding {
        severity: Severity::Critical,
        verdict: format!(
            "The Job's pods are to be spread over at least {least} of a kind of place (minDomains: {least}, by {place}), and \
             there is only {there}: until there are more, each takes no more pods than maxSkew says.{others}"
        ),
        short: format!("spread over {least} wanted (minDomains), {there} there"),
        fixes: mend(scene.case, "leave minDomains out in a new Job", &changes)
            .into_iter()
            .chain(fewer)
            .chain([Fix::outside(format!("add a {place}: the pods are placed by themselves"))])
            .collect(),
        group: format!("T024/minDomains/{key}"),
        ..finding.clone()
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
    first_key(&spec?["affinity"]["podAntiAffinity"][REQUIRED], |_| true)
}

/// The labels of the pods that the first rule keeps the pod apart from, `app=cache`. None where it is not that simple.
fn kept_apart_from(spec: Option<&Value>) -> Option<String> {
    labels_of(kept_apart(spec?).next()?)
}

/// The labels that a rule on nearness names, with the namespaces where they are not the pod's own.
fn labels_of(rule: &Value) -> Option<String> {
    let labels = rule["labelSelector"]["matchLabels"].as_object().into_iter().flatten();
    let expressions = rule["labelSelector"]["matchExpressions"].as_array().into_iter().flatten().map(words);
    let namespaces = rule["namespaces"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let namespaces = namespaces.collect::<Vec<_>>().join(" or ");
    let place = if namespaces.is_empty() { String::new() } else { format!(" in namespace {namespaces}") };
    let labels = labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    let all = labels.chain(expressions).collect::<Vec<_>>().join(", ");
    (!all.is_empty()).then(|| all + &place)
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

/// The ports of the node that a pod takes; the API server writes those of `hostNetwork` out as `hostPort`.
fn host_ports(spec: &Value) -> impl Iterator<Item = (i64, &str)> {
    let containers =
        ["containers", "initContainers"].into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten());
    let ports = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    ports.filter_map(|port| Some((port["hostPort"].as_i64()?, port["protocol"].as_str().unwrap_or("TCP"))))
}

/// The pods that have a port which this one wants: of its own namespace, else of any.
fn holders_of(scene: Scene<'_, '_>) -> Vec<String> {
    let Some(spec) = scene.sight.spec else { return Vec::new() };
    let wanted: Vec<(i64, &str)> = host_ports(spec).collect();
    let has = |pod: &Value| host_ports(&pod["spec"]).any(|port| wanted.contains(&port));
    let near = placed_in(scene.case, scene.pod, &scene.pod.meta.namespace, has);
    // Agents that run on each node (DaemonSets) mostly have a namespace of their own.
    if near.is_empty() { placed_in(scene.case, scene.pod, "", has) } else { near }
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
    let holders = holders_of(scene);
    let held = if holders.is_empty() { String::new() } else { format!(" It belongs to {}.", some_of(&holders)) };
    let mut fixes: Vec<Fix> = scene.fewer(scene.placed(), "one for each node").into_iter().collect();
    let changes = match is_on_node {
        true => Changes::remove(format!("{POD}.hostNetwork")),
        false => without_ports(scene),
    };
    fixes.extend(mend(scene.case, format!("leave {by} out in a new Job: few Jobs need it"), &changes));
    Finding {
        verdict: format!(
            "{port} is taken on {}: only one pod of a node can have it.{held}{}",
            many(count, "node"),
            scene.others(Topic::Ports)
        ),
        short: match holders.first() {
            Some(holder) => format!("{} is taken by {holder}", [&[by.to_owned()], &ports[..]].concat().join(" ")),
            None => format!("{} is taken", [&[by.to_owned()], &ports[..]].concat().join(" ")),
        },
        fixes,
        group: format!("T033/{}", ports.join(",")),
        ..scene.finding("T033", Severity::Error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::scene::{found, node, only, pod, with};
    use super::super::tests::{claim, mounting, wanting};

    /// Another Job's pod on a node, with this spec.
    fn other(spec: Value) -> Value {
        let owner = json!([{ "kind": "Job", "name": "import", "uid": "import", "controller": true }]);
        let more = json!({ "metadata": { "ownerReferences": owner }, "status": { "phase": "Running" } });
        with(with(pod("import-x", "", ""), more), json!({ "spec": with(spec, json!({ "nodeName": "a" })) }))
    }

    #[test]
    fn who_has_what_the_pod_wants_is_named() {
        let said = |objects: Vec<Value>| only(&objects).2;
        let port = json!({ "containers": [{ "name": "main", "ports": [{ "hostPort": 8080 }] }] });
        let text = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.";
        let taken = said([wanting(port.clone(), text), vec![node("a"), other(port.clone())]].concat());
        assert!(taken.contains("It belongs to pod import-x of job/import."), "{taken}");
        // Another protocol is another port, and who is over has none.
        let udp = json!({ "containers": [{ "name": "main", "ports": [{ "hostPort": 8080, "protocol": "UDP" }] }] });
        let over = with(other(port.clone()), json!({ "status": { "phase": "Succeeded" } }));
        for one in [other(udp), over] {
            let taken = said([wanting(port.clone(), text), vec![node("a"), one]].concat());
            assert!(!taken.contains("import-x"), "{taken}");
        }
        let text = "0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.";
        let single = claim("data", "Bound", json!({ "spec": { "accessModes": ["ReadWriteOncePod"] } }));
        let volumes = json!({ "volumes": [{ "name": "v", "persistentVolumeClaim": { "claimName": "data" } }] });
        let held = said([mounting("data", text), vec![single, other(volumes.clone())]].concat());
        assert!(held.contains("and pod import-x of job/import has it"), "{held}");
        let text = r#"0/1 nodes are available: persistentvolumeclaim "data" is being deleted. not found"#;
        let going = said([mounting("data", text), vec![other(volumes)]].concat());
        assert!(going.contains("It goes once pod import-x of job/import, which still uses it"), "{going}");
    }

    #[test]
    fn pods_that_keep_others_away_are_told_from_those_that_keep_away() {
        let text = "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.";
        let rule = |selector: Value| {
            let rule = json!([{ "topologyKey": "kubernetes.io/hostname", "labelSelector": selector }]);
            json!({ "affinity": { "podAntiAffinity": { super::REQUIRED: rule } } })
        };
        let objects = |selector: Value| [wanting(json!({}), text), vec![node("a"), other(rule(selector))]].concat();
        let found = found(&objects(json!({}))).remove(0);
        assert!(found.verdict.starts_with("Pod import-x of job/import must not share its node"), "{}", found.verdict);
        assert!(found.fixes[0].words.contains("wait until pod import-x of job/import ends"), "{:?}", found.fixes);
        let other = only(&objects(json!({ "matchLabels": { "app": "web" } }))).2;
        assert!(other.starts_with("A pod that runs already must not share"), "{other}");
    }

    #[test]
    fn a_spread_over_more_places_than_there_are_is_told_by_its_number() {
        let text = "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.";
        let spread = |least: Value| {
            json!({ "topologySpreadConstraints": [
                { "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule", "minDomains": least },
            ] })
        };
        let found = found(&[wanting(spread(json!(3)), text), vec![node("a")]].concat()).remove(0);
        assert!(
            found.verdict.contains("minDomains: 3, by node") && found.verdict.contains("only 1"),
            "{}",
            found.verdict
        );
        let call = found.fixes[0].call.clone().unwrap();
        assert_eq!(call.argument, "spec.template.spec.topologySpreadConstraints[0].minDomains-");
        let enough = only(&[wanting(spread(json!(1)), text), vec![node("a")]].concat()).2;
        assert!(enough.contains("spread evenly"), "{enough}");
    }
}
