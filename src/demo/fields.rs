//! Who holds which field: `metadata.managedFields`, conflicts of server-side apply, and which elements of lists are the
//! same. As the real server does it for the shapes that pods and batch kinds have; see
//! `structured-merge-diff` and `FieldsV1` in Kubernetes. Called by `write` and `patch`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::answer::{Call, Route};
use super::refusal::{Cause, Refusal};
use crate::model::clock::Time;

/// The way to a field: `f:name` for a field, `k:{…}` for an element of a list by its keys, `v:…` for one of a set by its
/// value, and `.` for the element itself.
type Path = Vec<String>;

type Paths = BTreeSet<Path>;

/// Who writes.
pub(super) struct Writer {
    manager: String,
    /// Server-side apply, not another write.
    pub(super) is_apply: bool,
    /// `status` is held apart from the rest.
    subresource: Option<String>,
    api_version: String,
}

impl Writer {
    /// The manager that a request names, or else its program by the user agent.
    pub(super) fn of(call: &Call, route: &Route) -> Self {
        let program = call.header(http::header::USER_AGENT).split('/').next().unwrap_or_default();
        let manager = call.text("fieldManager").unwrap_or(if program.is_empty() { "unknown" } else { program });
        Self {
            manager: manager.to_owned(),
            is_apply: call.header(http::header::CONTENT_TYPE).starts_with("application/apply-patch"),
            subresource: route.subresource.clone(),
            api_version: route.resource.group_version(),
        }
    }
}

/// What makes two elements of a list the same, by the list's name; None where a list is replaced as a whole.
pub(super) fn list_keys(field: &str) -> Option<&'static [&'static str]> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims"
        | "schedulingGates" => &["name"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "ports" => &["containerPort", "protocol"],
        "hostAliases" => &["ip"],
        "ownerReferences" => &["uid"],
        "conditions" => &["type"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        _ => return None,
    })
}

/// Lists whose elements are told apart by their values.
pub(super) fn is_set(field: &str) -> bool {
    field == "finalizers"
}

/// The element's keys as a path writes them. The one key with a default is the protocol of a port.
fn key_of(element: &Value, keys: &[&str]) -> Option<String> {
    let with_default = |name: &&str| match (&element[*name], *name) {
        (Value::Null, "protocol") => Some(((*name).to_owned(), json!("TCP"))),
        (Value::Null, _) => None,
        (value, _) => Some(((*name).to_owned(), value.clone())),
    };
    let key: Option<Map<String, Value>> = keys.iter().map(with_default).collect();
    Some(format!("k:{}", Value::Object(key?)))
}

/// The fields that an object has, but for those that only the server writes.
fn paths_of(object: &Value) -> Paths {
    let mut found = Paths::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        match name.as_str() {
            "apiVersion" | "kind" => {}
            "metadata" => {
                let writable = ["labels", "annotations", "finalizers", "ownerReferences", "generateName"];
                for field in writable {
                    collect(&value[field], field, &mut vec!["f:metadata".into(), format!("f:{field}")], &mut found);
                }
            }
            _ => collect(value, name, &mut vec![format!("f:{name}")], &mut found),
        }
    }
    found
}

fn collect(value: &Value, field: &str, path: &mut Path, found: &mut Paths) {
    match (value, list_keys(field)) {
        (Value::Null, _) => {}
        (Value::Object(fields), _) if !fields.is_empty() => {
            fields.iter().for_each(|(name, value)| collect_at(format!("f:{name}"), value, name, path, found));
        }
        (Value::Array(elements), Some(keys)) => {
            for element in elements {
                let Some(key) = key_of(element, keys) else { continue };
                found.insert([path.as_slice(), &[key.clone(), ".".to_owned()]].concat());
                collect_at(key, element, "", path, found);
            }
        }
        (Value::Array(elements), None) if is_set(field) => {
            elements.iter().for_each(|element| collect_at(format!("v:{element}"), &json!({}), "", path, found));
        }
        _ => drop(found.insert(path.clone())),
    }
}

fn collect_at(step: String, value: &Value, field: &str, path: &mut Path, found: &mut Paths) {
    path.push(step);
    collect(value, field, path, found);
    path.pop();
}

/// The index of the element that a step means.
fn index_of(elements: &[Value], step: &str) -> Option<usize> {
    if let Some(value) = step.strip_prefix("v:") {
        let wanted: Value = serde_json::from_str(value).ok()?;
        return elements.iter().position(|element| *element == wanted);
    }
    let wanted: Map<String, Value> = serde_json::from_str(step.strip_prefix("k:")?).ok()?;
    let keys: Vec<&str> = wanted.keys().map(String::as_str).collect();
    elements.iter().position(|element| key_of(element, &keys).is_some_and(|key| key == step))
}

/// What stands at a path.
fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    let Some((step, rest)) = path.split_first() else { return Some(value) };
    match (step.strip_prefix("f:"), value) {
        // That the element is there is all that this path holds.
        _ if step == "." => Some(&Value::Null),
        (Some(name), _) => at(value.get(name)?, rest),
        (None, Value::Array(elements)) if step.starts_with("v:") => index_of(elements, step).map(|_| &Value::Null),
        (None, Value::Array(elements)) => at(elements.get(index_of(elements, step)?)?, rest),
        _ => None,
    }
}

fn remove(value: &mut Value, path: &[String]) {
    let Some((step, rest)) = path.split_first() else { return };
    match (step.strip_prefix("f:"), value) {
        (Some(name), Value::Object(fields)) if rest.is_empty() => drop(fields.remove(name)),
        (Some(name), value) => {
            if let Some(value) = value.get_mut(name) {
                remove(value, rest);
            }
        }
        (None, Value::Array(elements)) => {
            let Some(index) = index_of(elements, step) else { return };
            if rest.is_empty() || rest[0] == "." {
                elements.remove(index);
            } else {
                remove(&mut elements[index], rest);
            }
        }
        _ => {}
    }
}

fn merge(live: &mut Value, config: &Value, field: &str) {
    match (live, config, list_keys(field)) {
        (Value::Object(live), Value::Object(config), _) => {
            for (name, value) in config {
                merge(live.entry(name.clone()).or_insert(Value::Null), value, name);
            }
        }
        (Value::Array(live), Value::Array(config), Some(keys)) => {
            for element in config {
                let key = key_of(element, keys);
                match live.iter_mut().find(|one| key.is_some() && key_of(one, keys) == key) {
                    Some(found) => merge(found, element, ""),
                    None => live.push(element.clone()),
                }
            }
        }
        (Value::Array(live), Value::Array(config), None) if is_set(field) => {
            let new: Vec<Value> = config.iter().filter(|one| !live.contains(one)).cloned().collect();
            live.extend(new);
        }
        (_, Value::Null, _) => {}
        (live, config, _) => live.clone_from(config),
    }
}

fn to_tree(paths: &Paths) -> Value {
    let mut tree = json!({});
    for path in paths {
        let mut at = &mut tree;
        for step in path {
            at = &mut at[step.as_str()];
            if at.is_null() {
                *at = json!({});
            }
        }
    }
    tree
}

fn from_tree(tree: &Value, path: &mut Path, found: &mut Paths) {
    match tree.as_object() {
        Some(fields) if !fields.is_empty() => {
            for (step, rest) in fields {
                path.push(step.clone());
                from_tree(rest, path, found);
                path.pop();
            }
        }
        _ => drop(found.insert(path.clone())),
    }
}

/// One manager with its fields.
struct Holding {
    entry: Value,
    paths: Paths,
}

impl Holding {
    fn all(object: &Value) -> Vec<Self> {
        let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
        let read = |entry: &Value| {
            let mut paths = Paths::new();
            from_tree(&entry["fieldsV1"], &mut Path::new(), &mut paths);
            Self { entry: entry.clone(), paths }
        };
        entries.map(read).collect()
    }

    fn is_of(&self, writer: &Writer) -> bool {
        let operation = if writer.is_apply { "Apply" } else { "Update" };
        self.entry["manager"] == writer.manager.as_str()
            && self.entry["operation"] == operation
            && self.entry["subresource"].as_str() == writer.subresource.as_deref()
    }

    fn new(writer: &Writer) -> Self {
        let operation = if writer.is_apply { "Apply" } else { "Update" };
        let mut entry = json!({
            "manager": writer.manager, "operation": operation, "apiVersion": writer.api_version,
            "fieldsType": "FieldsV1",
        });
        if let Some(subresource) = &writer.subresource {
            entry["subresource"] = json!(subresource);
        }
        Self { entry, paths: Paths::new() }
    }
}

/// Writes the managers into an object; those that hold nothing that is there are left out.
fn write_down(object: &mut Value, mut holdings: Vec<Holding>) {
    for holding in &mut holdings {
        holding.paths.retain(|path| at(object, path).is_some());
        holding.entry["fieldsV1"] = to_tree(&holding.paths);
    }
    holdings.retain(|holding| !holding.paths.is_empty());
    let entries: Vec<Value> = holdings.into_iter().map(|holding| holding.entry).collect();
    object["metadata"]["managedFields"] = json!(entries);
}

/// Gives the fields that changed to the writer and takes them from all others. `held` is what counts as written.
pub(super) fn track(old: Option<&Value>, held: &Value, new: &mut Value, writer: &Writer, now: Time) {
    let is_status = |path: &Path| path[0] == "f:status";
    let mut changed = paths_of(held);
    changed.retain(|path| {
        is_status(path) == writer.subresource.is_some() && old.is_none_or(|old| at(old, path) != at(held, path))
    });
    let mut holdings = old.map(Holding::all).unwrap_or_default();
    if !changed.is_empty() {
        for holding in holdings.iter_mut().filter(|one| !one.is_of(writer)) {
            // An element of a list stays shared: a changed field in it does not take the element away.
            holding.paths.retain(|path| !changed.contains(path) || path.last().is_some_and(|last| last == "."));
        }
        if !holdings.iter().any(|one| one.is_of(writer)) {
            holdings.push(Holding::new(writer));
        }
        for holding in holdings.iter_mut().filter(|one| one.is_of(writer)) {
            holding.entry["time"] = json!(Time::from_seconds(now.seconds()).to_string());
            holding.paths.append(&mut changed);
        }
    }
    write_down(new, holdings);
}

/// The part of what was given that the kind knows.
pub(super) fn pruned(given: &Value, admitted: &Value) -> Value {
    let mut pruned = given.clone();
    for path in paths_of(given) {
        if at(admitted, &path).is_none() {
            remove(&mut pruned, &path);
        }
    }
    pruned
}

/// Server-side apply onto an object that is there: the new object, with its managers.
///
/// # Errors
/// A conflict, where another manager holds a field with another value and `force` is off.
pub(super) fn apply(old: &Value, config: &Value, writer: &Writer, force: bool, now: Time) -> Result<Value, Refusal> {
    let wanted = paths_of(config);
    let mut holdings = Holding::all(old);
    let differs = |path: &Path| match (at(old, path), at(config, path)) {
        (Some(old), Some(new)) if new.as_object().is_some_and(Map::is_empty) => !old.is_object(),
        (old, new) => old.is_some() && old != new,
    };
    let mut causes = Vec::new();
    for holding in holdings.iter_mut().filter(|one| !one.is_of(writer)) {
        let conflicting: Vec<Path> =
            holding.paths.intersection(&wanted).filter(|path| differs(path)).cloned().collect();
        for path in conflicting {
            if force {
                holding.paths.remove(&path);
            } else {
                causes.push(conflict(&holding.entry, &path));
            }
        }
    }
    if !causes.is_empty() {
        return Err(Refusal::apply_conflict(&causes));
    }
    let mut new = old.clone();
    let mine = holdings.iter().position(|one| one.is_of(writer));
    if let Some(mine) = mine {
        let given_up: Vec<Path> = holdings[mine].paths.difference(&wanted).cloned().collect();
        // Elements last: a field in an element cannot be found once the element is gone.
        for path in given_up {
            let is_shared = holdings.iter().enumerate().any(|(at, one)| at != mine && one.paths.contains(&path));
            if !is_shared {
                remove(&mut new, &path);
            }
        }
    }
    let mut config = config.clone();
    for field in ["managedFields", "creationTimestamp", "generation"] {
        config["metadata"][field].take();
    }
    merge(&mut new, &config, "");
    let mine = mine.unwrap_or_else(|| {
        holdings.push(Holding::new(writer));
        holdings.len() - 1
    });
    if holdings[mine].paths != wanted || new != *old {
        holdings[mine].entry["time"] = json!(Time::from_seconds(now.seconds()).to_string());
    }
    holdings[mine].paths = wanted;
    write_down(&mut new, holdings);
    Ok(new)
}

fn conflict(entry: &Value, path: &[String]) -> Cause {
    let manager = entry["manager"].as_str().unwrap_or_default();
    let steps = path.iter().map(|step| match step.split_at_checked(2) {
        Some(("f:", name)) => format!(".{name}"),
        Some(("k:", key)) => {
            let key: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
            let pairs: Vec<String> = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("[{}]", pairs.join(","))
        }
        Some(("v:", value)) => format!("[={value}]"),
        _ => String::new(),
    });
    // Appliers are told apart by their names; other writers may write several versions under one.
    let version = match entry["operation"].as_str() {
        Some("Apply") => String::new(),
        _ => format!(" using {}", entry["apiVersion"].as_str().unwrap_or_default()),
    };
    Cause {
        reason: "FieldManagerConflict",
        field: steps.collect(),
        message: format!("conflict with \"{manager}\"{version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_fields_and_back() {
        let object = json!({
            "metadata": { "name": "a", "labels": { "app": "x" }, "finalizers": ["one"] },
            "spec": { "ports": [{ "containerPort": 80 }], "command": ["a", "b"], "empty": {} },
        });
        let paths = paths_of(&object);
        let tree = json!({
            "f:metadata": { "f:labels": { "f:app": {} }, "f:finalizers": { "v:\"one\"": {} } },
            "f:spec": {
                "f:ports": { "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": { ".": {}, "f:containerPort": {} } },
                "f:command": {}, "f:empty": {},
            },
        });
        assert_eq!(to_tree(&paths), tree);
        let mut read = Paths::new();
        from_tree(&tree, &mut Path::new(), &mut read);
        assert_eq!(read, paths);
        assert!(paths.iter().all(|path| at(&object, path).is_some()), "{paths:?}");
        let mut emptied = object.clone();
        paths.iter().for_each(|path| remove(&mut emptied, path));
        let left = json!({ "metadata": { "name": "a", "labels": {}, "finalizers": [] }, "spec": { "ports": [] } });
        assert_eq!(emptied, left);
    }
}
