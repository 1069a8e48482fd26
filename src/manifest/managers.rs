//! Who else wrote the fields that a change is about to set: the field managers of `metadata.managedFields`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::merge::{Path, Step};

/// The managers besides `me` that hold some of these paths of `before`, by name, with the paths that each holds. Who
/// holds only the status does not count, as it is written apart from the rest.
pub fn overridden(before: &Value, changed: &[Path], me: &str) -> Vec<(String, Vec<String>)> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in before["metadata"]["managedFields"].as_array().into_iter().flatten() {
        let manager = entry["manager"].as_str().unwrap_or_default();
        let fields = entry["fieldsV1"].as_object().filter(|_| manager != me && entry["subresource"] != "status");
        for path in fields.iter().flat_map(|fields| changed.iter().filter(|path| holds(fields, path, before))) {
            let path = path.to_string();
            // A manager has an entry for each way in which it writes.
            let paths = found.entry(manager).or_default();
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    found.into_iter().map(|(manager, paths)| (manager.to_owned(), paths)).collect()
}

/// Whether these fields hold a path or something in it. In the form of `FieldsV1` they are named `f:name`, elements of
/// lists `k:{"name":"main"}` by what tells them apart, and `{}` is a value that is held as a whole.
fn holds(fields: &Map<String, Value>, path: &Path, object: &Value) -> bool {
    let mut fields = fields;
    let mut value = object;
    for step in &path.0 {
        if fields.is_empty() {
            // An empty map that somebody wrote holds nothing that comes into it later; a list that is one value does.
            return value.as_array().is_some_and(|list| !list.is_empty())
                || value.as_object().is_some_and(|map| !map.is_empty());
        }
        // What is not there yet is nobody's.
        let Some(inner) = step.of(value) else { return false };
        let held = match step {
            Step::Field(name) => fields.get(&format!("f:{name}")),
            Step::Element { .. } => fields.iter().find(|(key, _)| is_key_of(key, inner)).map(|(_, held)| held),
        };
        let Some(held) = held.and_then(Value::as_object) else { return false };
        (fields, value) = (held, inner);
    }
    true
}

/// Whether `k:{…}` means this element of a list.
fn is_key_of(key: &str, element: &Value) -> bool {
    let wanted = key.strip_prefix("k:").and_then(|key| serde_json::from_str::<Map<String, Value>>(key).ok());
    wanted.is_some_and(|wanted| wanted.iter().all(|(name, value)| element[name] == *value))
}

#[cfg(test)]
mod tests {
    use super::super::merge::changed_paths;
    use super::*;
    use serde_json::json;

    fn before() -> Value {
        let entry = |manager: &str, fields: Value| json!({ "manager": manager, "fieldsV1": fields });
        let mut status = entry("controller", json!({ "f:spec": { "f:suspend": {} } }));
        status["subresource"] = json!("status");
        json!({
            "metadata": { "labels": { "a": "1" }, "finalizers": ["x/y"], "managedFields": [
                entry("kubectl", json!({
                    "f:metadata": { "f:labels": { ".": {}, "f:a": {} }, "f:finalizers": { ".": {}, "v:\"x/y\"": {} } },
                    "f:spec": { "f:suspend": {}, "f:containers": { "k:{\"name\":\"main\"}": {
                        ".": {}, "f:name": {}, "f:command": {}, "f:resources": {}, "f:image": {},
                        "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:name": {} } },
                    } } },
                })),
                entry("kubectl", json!({ "f:spec": { "f:suspend": {}, "f:tolerations": {} } })),
                entry("me", json!({ "f:spec": { "f:suspend": {} } })),
                status,
            ] },
            "spec": {
                "suspend": false,
                "tolerations": [{ "key": "x", "value": "1" }],
                "containers": [{ "name": "main", "image": "a", "command": ["x"], "resources": {},
                    "ports": [{ "containerPort": 80, "protocol": "TCP", "name": "http" }] }],
            },
        })
    }

    /// What `kubectl` loses by a change.
    fn lost(change: impl Fn(&mut Value)) -> Vec<String> {
        let mut after = before();
        change(&mut after);
        let mut managers = overridden(&before(), &changed_paths(&before(), &after), "me");
        assert!(managers.len() <= 1 && managers.iter().all(|(name, _)| name == "kubectl"), "{managers:?}");
        managers.pop().map(|(_, paths)| paths).unwrap_or_default()
    }

    #[test]
    fn fields_of_another_manager_are_overridden() {
        assert_eq!(lost(|object| object["spec"]["suspend"] = json!(true)), ["spec.suspend"]);
        assert_eq!(lost(|object| object["metadata"]["labels"]["a"] = json!("2")), ["metadata.labels.a"]);
        assert_eq!(lost(|object| object["metadata"]["finalizers"] = json!([])), ["metadata.finalizers"]);
        assert_eq!(
            lost(|object| object["spec"]["tolerations"][0]["value"] = json!("2")),
            ["spec.tolerations[0].value"]
        );
    }

    #[test]
    fn elements_are_found_by_their_keys() {
        let container = "spec.containers[0]";
        assert_eq!(
            lost(|object| {
                let sidecar = json!({ "name": "sidecar", "image": "s" });
                object["spec"]["containers"][0]["image"] = json!("b");
                object["spec"]["containers"].as_array_mut().expect("a list").insert(0, sidecar);
            }),
            [format!("{container}.image")]
        );
        let port = |object: &mut Value| object["spec"]["containers"][0]["ports"][0]["name"] = json!("web");
        assert_eq!(lost(port), [format!("{container}.ports[0]")], "a port of another name is another element");
        assert_eq!(lost(|object| object["spec"]["containers"] = json!([])), [container]);
    }

    /// The conflicts that Kubernetes 1.36.3 named when this change was applied server-side by another manager.
    #[test]
    fn the_paths_are_those_that_the_server_names_in_a_conflict() {
        let before: Value = serde_json::from_str(include_str!("../../tests/fixtures/trigger/report.cronjob.json"))
            .expect("a fixture is JSON");
        let mut after = before.clone();
        after["metadata"]["labels"]["app"] = json!("other");
        after["metadata"]["labels"]["new"] = json!("x");
        after["spec"]["schedule"] = json!("1 2 * * *");
        let container = &mut after["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
        container["image"] = json!("busybox:1.36");
        container["env"] = json!([{ "name": "DAY", "value": "tomorrow" }, { "name": "NEW", "value": "x" }]);
        container["command"] = json!(["sh"]);
        container["resources"]["limits"]["cpu"] = json!("200m");
        let of_container = "spec.jobTemplate.spec.template.spec.containers[0]";
        let paths =
            ["command", "env[0].value", "image", "resources.limits.cpu"].map(|field| format!("{of_container}.{field}"));
        let mut wanted = vec!["metadata.labels.app".to_owned()];
        wanted.extend(paths);
        wanted.push("spec.schedule".to_owned());
        let changed = changed_paths(&before, &after);
        assert_eq!(overridden(&before, &changed, "kubatch"), [("kubectl-client-side-apply".to_owned(), wanted)]);
    }

    #[test]
    fn what_was_not_there_is_nobodys() {
        assert_eq!(lost(|object| object["metadata"]["labels"]["b"] = json!("2")), [""; 0]);
        assert_eq!(
            lost(|object| object["spec"]["containers"][0]["resources"]["limits"] = json!({ "cpu": 1 })),
            [""; 0]
        );
        assert_eq!(lost(|object| object["spec"]["containers"][0]["args"] = json!(["x"])), [""; 0]);
    }
}
