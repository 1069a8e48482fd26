//! What the embedded cluster holds: objects by kind, namespace and name, the history of their changes, logs, and the
//! faults asked for. It knows no HTTP and checks nothing: what may be written is decided in `write`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Fault, events, resources};

/// Changes that are remembered. A watch that wants to go on from before them is told that they are gone, as a server
/// does that compacts its history every five minutes.
const HISTORY: usize = 20_000;

/// Objects, history, logs and faults.
#[derive(Default)]
pub(super) struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    history: VecDeque<Change>,
    /// The version of the newest change.
    version: u64,
    /// Watches that want to go on from before this version are told that it is gone.
    oldest: u64,
    /// Raised to end every running stream.
    pub(super) generation: u64,
    /// A kubelet steps the pods: a pod that runs is only marked when it is deleted, and the kubelet takes it away.
    pub(super) has_kubelet: bool,
    logs: BTreeMap<String, Log>,
    /// Streams of this generation and of those before it are silent.
    frozen: Option<u64>,
    faults: Vec<(String, Fault)>,
}

/// A container's log, and that of its run before.
#[derive(Default)]
struct Log {
    lines: Vec<String>,
    previous: Option<Vec<String>>,
}

/// The place of an object; its order is the order of lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// `/apis/batch/v1/jobs`.
    collection: String,
    /// Empty for what lives in no namespace.
    pub(super) namespace: String,
    pub(super) name: String,
}

/// One change: what the object was before and is after it.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) version: u64,
    key: Key,
    /// None where it was made.
    pub(super) before: Option<Arc<Value>>,
    /// None where it was removed.
    pub(super) after: Option<Arc<Value>>,
}

impl Key {
    /// The key of a path such as `/apis/batch/v1/namespaces/data/jobs/etl`.
    fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let (base, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => (format!("/api/{version}"), rest),
            ["apis", group, version, rest @ ..] => (format!("/apis/{group}/{version}"), rest),
            _ => return None,
        };
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural, name] => (*namespace, *plural, *name),
            [plural, name] => ("", *plural, *name),
            _ => return None,
        };
        let collection = match format!("{base}/{plural}") {
            core if core == events::CORE_COLLECTION => events::COLLECTION.to_owned(),
            other => other,
        };
        Some(Self { collection, namespace: namespace.into(), name: name.into() })
    }

    /// The key of an object by what it says of itself.
    fn of(object: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let api_version = text(&object["apiVersion"]);
        let root = if api_version.contains('/') { "apis" } else { "api" };
        let plural = resources::plural(&api_version, &text(&object["kind"]));
        let (namespace, name) = (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"]));
        Self { collection: format!("/{root}/{api_version}/{plural}"), namespace, name }
    }
}

impl Store {
    /// Creates the object or replaces the one in its place, under a new version.
    pub(super) fn put(&mut self, object: Value) -> Arc<Value> {
        let mut object = events::stored(object);
        let key = Key::of(&object);
        if object["kind"] == "PodMetrics" && object["metadata"]["labels"].is_null() {
            // By which whole Jobs are measured: metrics-server tells the pods' labels too.
            let pod = self.get(&format!("/api/v1/namespaces/{}/pods/{}", key.namespace, key.name));
            object["metadata"]["labels"] = pod.map_or(json!({}), |pod| pod["metadata"]["labels"].clone());
        }
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(self.next_uid());
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        let object = Arc::new(object);
        let before = self.objects.insert(key.clone(), object.clone());
        self.remember(Change { version: self.version, key, before, after: Some(object.clone()) });
        object
    }

    /// Removes an object, and with a pod its logs.
    pub(super) fn delete(&mut self, path: &str) {
        let Some(key) = Key::parse(path) else { return };
        let Some(before) = self.objects.remove(&key) else { return };
        if before["kind"] == "Pod" {
            let of_pod = format!("{}/{}/", key.namespace, key.name);
            self.logs.retain(|container, _| !container.starts_with(&of_pod));
            self.delete(&format!("/apis/metrics.k8s.io/v1beta1/namespaces/{}/pods/{}", key.namespace, key.name));
        }
        self.version += 1;
        self.remember(Change { version: self.version, key, before: Some(before), after: None });
    }

    fn remember(&mut self, change: Change) {
        if self.history.len() == HISTORY
            && let Some(forgotten) = self.history.pop_front()
        {
            self.oldest = forgotten.version;
        }
        self.history.push_back(change);
    }

    /// The UID of the object that is made next. It follows from the version, so that a run can be repeated.
    pub(super) fn next_uid(&self) -> String {
        format!("{:08x}-0000-4000-8000-000000000000", self.version + 1)
    }

    pub(super) fn write_log(&mut self, namespace: &str, pod: &str, container: &str, line: &str) {
        self.logs.entry(format!("{namespace}/{pod}/{container}")).or_default().lines.push(line.to_owned());
    }

    /// Begins a new log: the container was started again. What was written so far is the previous log.
    pub(super) fn restart_log(&mut self, namespace: &str, pod: &str, container: &str) {
        let log = self.logs.entry(format!("{namespace}/{pod}/{container}")).or_default();
        log.previous = Some(std::mem::take(&mut log.lines));
    }

    pub(super) fn log(&self, namespace: &str, pod: &str, container: &str) -> &[String] {
        self.logs.get(&format!("{namespace}/{pod}/{container}")).map_or(&[], |log| log.lines.as_slice())
    }

    /// The log of the container's run before; None where it was never started again.
    pub(super) fn previous_log(&self, namespace: &str, pod: &str, container: &str) -> Option<&[String]> {
        self.logs.get(&format!("{namespace}/{pod}/{container}"))?.previous.as_deref()
    }

    pub(super) fn fail(&mut self, path: &str, fault: Fault) {
        self.faults.push((path.to_owned(), fault));
        self.generation += 1;
    }

    pub(super) fn end_streams(&mut self) {
        self.generation += 1;
    }

    pub(super) fn freeze(&mut self) {
        self.frozen = Some(self.generation);
        self.generation += 1;
    }

    /// A stream of this generation tells nothing any more.
    pub(super) fn is_frozen(&self, generation: u64) -> bool {
        self.frozen.is_some_and(|frozen| generation <= frozen)
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

    /// What is wrong with answers to a path and query.
    pub(super) fn fault(&self, path: &str) -> Option<Fault> {
        self.faults.iter().find(|(part, _)| path.contains(part.as_str())).map(|(_, fault)| *fault)
    }

    pub(super) fn get(&self, path: &str) -> Option<&Value> {
        self.objects.get(&Key::parse(path)?).map(AsRef::as_ref)
    }

    /// The objects of a collection, in the order of namespace and name.
    pub(super) fn list(&self, collection: &Collection) -> Vec<&Value> {
        self.entries(collection).map(|(_, object)| object.as_ref()).collect()
    }

    fn entries(&self, collection: &Collection) -> impl Iterator<Item = (&Key, &Arc<Value>)> + use<'_> {
        let (prefix, namespace) = (collection.prefix(), collection.namespace.clone());
        let first =
            Key { collection: prefix.clone(), namespace: namespace.clone().unwrap_or_default(), name: String::new() };
        let is_in =
            move |key: &Key| key.collection == prefix && namespace.as_ref().is_none_or(|one| *one == key.namespace);
        self.objects.range(first..).take_while(move |(key, _)| is_in(key))
    }

    /// The objects of a collection as they were at a version; None where that is no longer known.
    pub(super) fn list_at(&self, collection: &Collection, version: u64) -> Option<BTreeMap<Key, Arc<Value>>> {
        let later = self.changes_since(collection, version)?;
        let mut then: BTreeMap<Key, Arc<Value>> =
            self.entries(collection).map(|(key, object)| (key.clone(), object.clone())).collect();
        for change in later.into_iter().rev() {
            match change.before {
                Some(before) => then.insert(change.key, before),
                None => then.remove(&change.key),
            };
        }
        Some(then)
    }

    /// Changes in a collection after `version`; None where that version is no longer known.
    pub(super) fn changes_since(&self, collection: &Collection, version: u64) -> Option<Vec<Change>> {
        if version < self.oldest {
            return None;
        }
        let first = self.history.partition_point(|change| change.version <= version);
        let prefix = collection.prefix();
        let is_in = |key: &Key| {
            key.collection == prefix && collection.namespace.as_ref().is_none_or(|name| *name == key.namespace)
        };
        Some(self.history.range(first..).filter(|change| is_in(&change.key)).cloned().collect())
    }

    /// The objects that name this UID among their owners.
    pub(super) fn dependents(&self, uid: &str) -> Vec<Arc<Value>> {
        let has_owner = |object: &Value| {
            let owners = object["metadata"]["ownerReferences"].as_array();
            owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
        };
        self.objects.values().filter(|object| has_owner(object)).cloned().collect()
    }

    /// Every object of a namespace.
    pub(super) fn all_in(&self, namespace: &str) -> Vec<Arc<Value>> {
        let inside = self.objects.iter().filter(|(key, _)| key.namespace == namespace);
        inside.map(|(_, object)| object.clone()).collect()
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The objects whose paths begin with `prefix`, in the order of their names: of a kind in a namespace
    /// (`/api/v1/namespaces/data/pods/`, with the beginning of a name after it or not), of a kind without namespaces, or
    /// all (`/`).
    pub(super) fn under<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let first = Key::parse(prefix);
        let from = match first.clone() {
            Some(first) => self.objects.range(first..),
            None => self.objects.range::<Key, _>(..),
        };
        let is_under = move |key: &Key| {
            first.as_ref().is_none_or(|first| {
                let is_in = key.collection == first.collection && key.namespace == first.namespace;
                is_in && key.name.starts_with(&first.name)
            })
        };
        from.take_while(move |(key, _)| is_under(key)).map(|(_, object)| object.as_ref())
    }

    /// Every object that changed after `version`, in the order of the changes, and whether it was removed; None where
    /// that version is no longer known.
    pub(super) fn changed_since(&self, version: u64) -> Option<impl Iterator<Item = (bool, &Value)>> {
        let first = self.history.partition_point(|change| change.version <= version);
        let changes = self.history.range(first..).filter_map(|change| {
            let object = change.after.as_ref().or(change.before.as_ref())?;
            Some((change.after.is_none(), object.as_ref()))
        });
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
    fn prefix(&self) -> String {
        format!("{}/{}", self.base, self.plural)
    }
}

/// The path of an object by what it says of itself.
pub(super) fn path_of(object: &Value) -> String {
    let key = Key::of(object);
    let (base, plural) = key.collection.rsplit_once('/').unwrap_or_default();
    match key.namespace.as_str() {
        "" => format!("{base}/{plural}/{}", key.name),
        namespace => format!("{base}/namespaces/{namespace}/{plural}/{}", key.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configmaps() -> Collection {
        Collection { base: "/api/v1".into(), namespace: Some("data".into()), plural: "configmaps".into() }
    }

    fn put(store: &mut Store, name: &str, text: &str) {
        store.put(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "namespace": "data", "name": name },
            "data": { "text": text },
        }));
    }

    fn texts_at(store: &Store, version: u64) -> Option<Vec<String>> {
        let then = store.list_at(&configmaps(), version)?;
        Some(then.iter().map(|(key, object)| format!("{}={}", key.name, object["data"]["text"])).collect())
    }

    #[test]
    fn lists_can_be_made_as_of_an_earlier_version() {
        let mut store = Store::default();
        put(&mut store, "a", "1");
        put(&mut store, "b", "1");
        let then = store.version();
        put(&mut store, "a", "2");
        put(&mut store, "c", "1");
        store.delete("/api/v1/namespaces/data/configmaps/b");
        assert_eq!(texts_at(&store, then).unwrap(), ["a=\"1\"", "b=\"1\""]);
        assert_eq!(texts_at(&store, store.version()).unwrap(), ["a=\"2\"", "c=\"1\""]);
    }

    #[test]
    fn forgotten_history_is_told_as_gone() {
        let mut store = Store::default();
        put(&mut store, "a", "1");
        let then = store.version();
        store.compact();
        assert_eq!(texts_at(&store, then), None);
        assert_eq!(texts_at(&store, store.version()).unwrap(), ["a=\"1\""]);
        let then = store.version();
        (0..=HISTORY).for_each(|number| put(&mut store, "a", &number.to_string()));
        assert!(store.changes_since(&configmaps(), then).is_none(), "the oldest change is forgotten");
        assert_eq!(store.changes_since(&configmaps(), then + 1).unwrap().len(), HISTORY);
    }

    #[test]
    fn paths_and_changes_can_be_gone_through() {
        let mut store = Store::default();
        put(&mut store, "a-1", "1");
        put(&mut store, "a-2", "1");
        let then = store.version();
        put(&mut store, "b", "1");
        store.delete("/api/v1/namespaces/data/configmaps/a-1");
        let count = |prefix: &str| store.under(prefix).count();
        let folder = "/api/v1/namespaces/data/configmaps/";
        assert_eq!((count("/"), count(folder), count(&format!("{folder}a-")), count("/api/v1/nodes/")), (2, 2, 1, 0));
        let changes: Vec<_> = store.changed_since(then).unwrap().map(|(gone, one)| (gone, path_of(one))).collect();
        assert_eq!(changes, [(false, format!("{folder}b")), (true, format!("{folder}a-1"))]);
    }

    #[test]
    fn collections_are_apart() {
        let mut store = Store::default();
        put(&mut store, "a", "1");
        for (namespace, plural, count) in [("data", "configmaps", 1), ("dat", "configmaps", 0), ("data", "config", 0)] {
            let collection = Collection { namespace: Some(namespace.into()), plural: plural.into(), ..configmaps() };
            assert_eq!(store.list(&collection).len(), count, "{namespace} {plural}");
        }
    }
}
