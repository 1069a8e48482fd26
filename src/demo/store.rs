//! What the embedded cluster holds: objects by path, the history of their changes, logs, and the faults asked for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Objects, history, logs and faults.
#[derive(Default)]
pub(super) struct Store {
    objects: BTreeMap<String, Value>,
    history: Vec<HistoryEntry>,
    /// The version of the newest change.
    version: u64,
    /// Watches that want to go on from before this version are told that it is gone.
    oldest: u64,
    /// Raised to end every running stream.
    pub(super) generation: u64,
    logs: BTreeMap<String, Vec<String>>,
    faults: Vec<(String, u16)>,
}

/// One change, as a watch tells it.
#[derive(Clone)]
pub(super) struct HistoryEntry {
    pub(super) version: u64,
    pub(super) path: String,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(super) kind: &'static str,
    pub(super) object: Value,
}

/// The plural of a kind and whether it lives in a namespace.
fn plural(kind: &str) -> String {
    format!("{}s", kind.to_lowercase())
}

impl Store {
    pub(super) fn put(&mut self, mut object: Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let path = object_path(
            &text(&object["apiVersion"]),
            object["metadata"]["namespace"].as_str(),
            &plural(&text(&object["kind"])),
            &text(&object["metadata"]["name"]),
        );
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("{:08x}-0000-4000-8000-000000000000", self.version));
        }
        let known = self.objects.insert(path.clone(), object.clone());
        let kind = if known.is_some() { "MODIFIED" } else { "ADDED" };
        self.history.push(HistoryEntry { version: self.version, path, kind, object });
    }

    pub(super) fn delete(&mut self, path: &str) {
        if let Some(mut object) = self.objects.remove(path) {
            self.version += 1;
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
            self.history.push(HistoryEntry { version: self.version, path: path.to_owned(), kind: "DELETED", object });
        }
    }

    pub(super) fn write_log(&mut self, namespace: &str, pod: &str, container: &str, line: &str) {
        self.logs.entry(format!("{namespace}/{pod}/{container}")).or_default().push(line.to_owned());
    }

    pub(super) fn log(&self, namespace: &str, pod: &str, container: &str) -> &[String] {
        self.logs.get(&format!("{namespace}/{pod}/{container}")).map_or(&[], Vec::as_slice)
    }

    pub(super) fn fail(&mut self, path: &str, code: u16) {
        self.faults.push((path.to_owned(), code));
        self.generation += 1;
    }

    pub(super) fn heal(&mut self) {
        self.faults.clear();
    }

    pub(super) fn compact(&mut self) {
        self.history.clear();
        self.version += 1;
        self.oldest = self.version;
        self.generation += 1;
    }

    pub(super) fn fault(&self, path: &str) -> Option<u16> {
        self.faults.iter().find(|(part, _)| path.contains(part.as_str())).map(|(_, code)| *code)
    }

    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        self.objects.get(path)
    }

    /// The objects of a collection, in the order of their paths.
    pub(super) fn list(&self, collection: &Collection) -> Vec<&Value> {
        self.objects.iter().filter(|(path, _)| collection.has(path)).map(|(_, object)| object).collect()
    }

    /// Changes in a collection after `version`; None where that version is no longer known.
    pub(super) fn changes_since(&self, collection: &Collection, version: u64) -> Option<Vec<HistoryEntry>> {
        let after = self.history.iter().filter(|entry| entry.version > version && collection.has(&entry.path));
        (version >= self.oldest).then(|| after.cloned().collect())
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The objects whose paths begin with `prefix`, in the order of their paths.
    pub(super) fn under<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let prefix = prefix.to_owned();
        let from = self.objects.range(prefix.clone()..);
        from.take_while(move |(path, _)| path.starts_with(&prefix)).map(|(_, object)| object)
    }

    /// Every object that changed after `version`, in the order of the changes, and whether it was removed; None where
    /// that version is no longer known.
    pub(super) fn changed_since(&self, version: u64) -> Option<impl Iterator<Item = (bool, &Value)>> {
        let first = self.history.partition_point(|entry| entry.version <= version);
        let changes = self.history[first..].iter().map(|entry| (entry.kind == "DELETED", &entry.object));
        (version >= self.oldest).then_some(changes)
    }
}

/// The objects of one resource, in one namespace or in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collection {
    /// `/apis/batch/v1`.
    pub(super) base: String,
    pub(super) namespace: Option<String>,
    /// `jobs`.
    pub(super) plural: String,
}

impl Collection {
    fn has(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(&self.base) else { return false };
        let parts: Vec<&str> = rest.split('/').skip(1).collect();
        match (parts.as_slice(), &self.namespace) {
            (["namespaces", namespace, plural, _], Some(wanted)) => namespace == wanted && *plural == self.plural,
            (["namespaces", _, plural, _], None) | ([plural, _], None) => *plural == self.plural,
            _ => false,
        }
    }
}

fn object_path(api_version: &str, namespace: Option<&str>, plural: &str, name: &str) -> String {
    let base = if api_version.contains('/') { format!("/apis/{api_version}") } else { format!("/api/{api_version}") };
    match namespace {
        Some(namespace) => format!("{base}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("{base}/{plural}/{name}"),
    }
}

/// The path of an object by what it says of itself.
pub(super) fn path_of(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    object_path(
        &text(&object["apiVersion"]),
        object["metadata"]["namespace"].as_str(),
        &plural(&text(&object["kind"])),
        &text(&object["metadata"]["name"]),
    )
}
