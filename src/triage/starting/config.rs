//! What a container is configured with and does not get: ConfigMaps and Secrets for its variables and volumes, a user
//! that may run it. Of Secrets nothing is looked at but their names.

use serde_json::Value;

use super::super::Case;
use super::node::{is_settling, newest_failure};
use crate::model::mutation::Address;
use crate::model::pod::{Container, Pod};
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{blank, called, remake, rerun, sentences, status_path, waits};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::grammar::{Pattern, near};
use crate::triage::known::Fact;
use crate::triage::mend::{Changes, POD, for_next_runs, mend, mend_here, of_container};

/// `secret "db-secret" not found` (kubelet `makeEnvironmentVariables`; volumes have the same words).
static MISSING: Pattern = Pattern::new(r#"(?<kind>configmap|secret) "(?<name>[^"]+)" not found"#);

/// `couldn't find key url in Secret batch/db-secret`.
static NO_KEY: Pattern =
    Pattern::new(r"couldn't find key (?<key>.+) in (?<kind>ConfigMap|Secret) (?<namespace>[^/\s]+)/(?<name>\S+)");

/// `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root`.
static USER: Pattern = Pattern::new(r"non-numeric user \((?<user>[^)]*)\)");

/// `container nope not found`, of a `resourceFieldRef`.
static NO_CONTAINER: Pattern = Pattern::new(r"^container (?<name>\S+) not found$");

/// `failed to sync configmap cache: timed out waiting for the condition` (kubelet `util/manager/watch_based_manager.go`).
static UNREAD: Pattern = Pattern::new(r"^failed to sync (?<kind>configmap|secret) cache");

/// `MountVolume.SetUp failed for volume "migrations" : configmap "migration-scripts" not found`.
static MOUNT: Pattern = Pattern::new(r#"MountVolume\.SetUp failed for volume "(?<volume>[^"]+)" : (?<rest>(?s:.*))$"#);

/// `references non-existent secret key: tls.key`, `configmap references non-existent config key: app.yaml`.
static NO_FILE: Pattern = Pattern::new(r"references non-existent (?<kind>secret|config) key: (?<key>.+)$");

/// A ConfigMap or a Secret.
pub(super) struct Source<'t> {
    /// `ConfigMap` or `Secret`.
    pub(super) kind: &'static str,
    pub(super) namespace: &'t str,
    pub(super) name: &'t str,
}

impl Source<'_> {
    /// `secret/db-secret`.
    fn words(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }

    fn address(&self, name: &str) -> Address {
        Address {
            api_version: "v1".into(),
            kind: self.kind.into(),
            namespace: self.namespace.into(),
            name: name.into(),
        }
    }

    /// One of the same kind in the namespace with nearly the same name.
    fn namesake(&self, case: &Case<'_>) -> Option<String> {
        near(self.name, case.names_of("v1", self.kind, self.namespace)?.into_iter())
    }

    /// With another value of this field wherever the pod template names the object.
    fn with(&self, case: &Case<'_>, field: &str, value: impl Into<Value>) -> Changes {
        let value = value.into();
        let places = case.pod_spec().map(|spec| places(spec, self)).unwrap_or_default();
        places.into_iter().fold(Changes::NONE, |changes, Place { path, name, .. }| {
            let field = if field == "name" { name } else { field };
            changes.and_set(format!("{POD}.{path}.{field}"), value.clone())
        })
    }

    /// The keys of a ConfigMap. What a Secret holds is not read.
    fn keys<'a>(&self, case: &Case<'a>) -> Vec<&'a str> {
        let address = (self.kind == "ConfigMap").then(|| self.address(self.name));
        let Some(Fact::Found(object)) = address.and_then(|address| case.object(address)) else { return Vec::new() };
        let keys = ["data", "binaryData"].into_iter().filter_map(|field| object[field].as_object());
        keys.flat_map(|keys| keys.keys()).map(String::as_str).collect()
    }
}

/// Where a pod template names a ConfigMap or Secret.
struct Place<'v> {
    /// In the pod's spec.
    path: String,
    /// The field that has the name.
    name: &'static str,
    /// What stands there.
    reference: &'v Value,
}

/// All places where a pod template names a ConfigMap or Secret.
fn places<'v>(spec: &'v Value, source: &Source<'_>) -> Vec<Place<'v>> {
    let is_secret = source.kind == "Secret";
    let (of_key, of_all, of_volume) = match is_secret {
        true => ("secretKeyRef", "secretRef", "secret"),
        false => ("configMapKeyRef", "configMapRef", "configMap"),
    };
    let name_in_volume = if is_secret { "secretName" } else { "name" };
    let mut found = Vec::new();
    let mut look = |path: String, name: &'static str, reference: &'v Value| {
        if reference[name] == source.name {
            found.push(Place { path, name, reference });
        }
    };
    for containers in ["containers", "initContainers"] {
        for container in list(&spec[containers]) {
            let path = format!("{containers}[name={}]", container["name"].as_str().unwrap_or_default());
            for (at, one) in list(&container["env"]).enumerate() {
                look(format!("{path}.env[{at}].valueFrom.{of_key}"), "name", &one["valueFrom"][of_key]);
            }
            for (at, one) in list(&container["envFrom"]).enumerate() {
                look(format!("{path}.envFrom[{at}].{of_all}"), "name", &one[of_all]);
            }
        }
    }
    for volume in list(&spec["volumes"]) {
        let path = format!("volumes[name={}]", volume["name"].as_str().unwrap_or_default());
        look(format!("{path}.{of_volume}"), name_in_volume, &volume[of_volume]);
        for (at, one) in list(&volume["projected"]["sources"]).enumerate() {
            look(format!("{path}.projected.sources[{at}].{of_volume}"), "name", &one[of_volume]);
        }
    }
    found
}

pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

const fn kind_of(word: &str) -> &'static str {
    match word.as_bytes() {
        [b's' | b'S', ..] => "Secret",
        _ => "ConfigMap",
    }
}

/// What a waiting container says of its configuration.
pub(super) fn find(case: &Case<'_>, pod: &Pod, container: &Container, reason: &str, message: &str) -> Option<Finding> {
    if reason != "CreateContainerConfigError" {
        return None;
    }
    let evidence = of_field(pod, status_path(container, "state.waiting"), format!("{reason}: {message}"));
    // Names come first: they may hold words that mean something.
    let found = missing_object(case, pod, container, message)
        .or_else(|| missing_key(case, pod, container, message))
        .or_else(|| as_root(case, pod, container, message))
        .or_else(|| unread(case, pod, container, message))
        .unwrap_or_else(|| unknown(case, pod, container, message));
    let since = pod.started.or(pod.meta.created);
    Some(Finding { confidence: Confidence::Certain, evidence: vec![evidence], since, ..found })
}

/// T047: variables come from an object that is not there.
fn missing_object(case: &Case<'_>, pod: &Pod, container: &Container, message: &str) -> Option<Finding> {
    let found = MISSING.captures(message)?;
    let source = Source { kind: kind_of(&found["kind"]), namespace: &pod.meta.namespace, name: &found["name"] };
    let use_of_it = format!("{} takes variables from it.", called(pod, container));
    Some(absent(case, "T047", &source, use_of_it))
}

/// What is told of an object that is not there.
pub(super) fn absent(case: &Case<'_>, rule: &'static str, source: &Source<'_>, use_of_it: String) -> Finding {
    let Source { kind, namespace, name } = source;
    if case.names_of("v1", kind, namespace).is_some_and(|names| names.contains(name)) {
        let group = format!("{rule}/{namespace}/{}", source.words());
        return Finding { group, ..there_by_now(case, rule, format!("{kind} {name}"), namespace) };
    }
    let namesake = source.namesake(case);
    let near = namesake.as_ref().map(|near| format!("There is a {kind} {near}."));
    let create = Fix::outside(format!("create {} in namespace {namespace}: the pod goes on by itself", source.words()));
    // Where another one was meant, that is the cure; else that it is to be made.
    let fixes = match namesake {
        Some(near) => {
            let mut fixes =
                mend(case, format!("rerun with {near} instead of {name}"), &source.with(case, "name", near.as_str()));
            fixes.push(create);
            fixes
        }
        None => {
            let optional = source.with(case, "optional", true);
            let without = mend_here(case, "or rerun without it (optional: true), where it can do without", &optional);
            [Some(create), without, for_next_runs(case, &optional)].into_iter().flatten().collect()
        }
    };
    Finding {
        verdict: sentences([
            format!("{kind} {name} does not exist in namespace {namespace}."),
            use_of_it,
            near.unwrap_or_default(),
            waits(case),
        ]),
        short: format!("no {}", source.words()),
        fixes,
        group: format!("{rule}/{namespace}/{}", source.words()),
        ..blank(case, rule, Severity::Critical, Confidence::Likely)
    }
}

/// What the node missed is there: it tries again by itself, at least every two minutes.
fn there_by_now(case: &Case<'_>, rule: &'static str, what: String, namespace: &str) -> Finding {
    Finding {
        verdict: format!(
            "{what} was missing in namespace {namespace} and exists by now. The node tries again by itself."
        ),
        short: format!("{what} exists by now"),
        ..blank(case, rule, Severity::Info, Confidence::Likely)
    }
}

/// T047: the object is there, the key is not.
fn missing_key(case: &Case<'_>, pod: &Pod, container: &Container, message: &str) -> Option<Finding> {
    let found = NO_KEY.captures(message)?;
    let source = Source { kind: kind_of(&found["kind"]), namespace: &found["namespace"], name: &found["name"] };
    let use_of_it = format!("{} takes a variable from it.", called(pod, container));
    Some(without_key(case, "T047", &source, &found["key"], use_of_it))
}

/// What is told of an object that lacks a key.
fn without_key(case: &Case<'_>, rule: &'static str, source: &Source<'_>, key: &str, use_of_it: String) -> Finding {
    let Source { kind, namespace, name } = source;
    let group = format!("{rule}/{namespace}/{}/{key}", source.words());
    let keys = source.keys(case);
    if keys.contains(&key) {
        return Finding { group, ..there_by_now(case, rule, format!("Key {key} of {kind} {name}"), namespace) };
    }
    let near = near(key, keys.into_iter());
    let has = near.as_ref().map(|near| format!("It has a key {near}."));
    let put = Fix::outside(format!(
        "put the key {key} into {} in namespace {namespace}: the pod goes on by itself",
        source.words()
    ));
    let fixes = match near {
        Some(near) => {
            let changes = other_key(case, source, key, &near);
            let mut fixes = mend(case, format!("rerun with the key {near} instead of {key}"), &changes);
            fixes.push(put);
            fixes
        }
        None => {
            let optional = source.with(case, "optional", true);
            let without = mend_here(case, "or rerun without it (optional: true), where it can do without", &optional);
            [Some(put), without, for_next_runs(case, &optional)].into_iter().flatten().collect()
        }
    };
    Finding {
        verdict: sentences([
            format!("{kind} {name} in namespace {namespace} has no key {key}."),
            use_of_it,
            has.unwrap_or_default(),
            waits(case),
        ]),
        short: format!("no key {key} in {}", source.words()),
        fixes,
        group,
        ..blank(case, rule, Severity::Critical, Confidence::Likely)
    }
}

/// Another key wherever the pod template takes this one from the object.
fn other_key(case: &Case<'_>, source: &Source<'_>, key: &str, near: &str) -> Changes {
    let Some(spec) = case.pod_spec() else { return Changes::NONE };
    places(spec, source).into_iter().fold(Changes::NONE, |changes, Place { path, reference, .. }| {
        let items = reference["items"].as_array().into_iter().flatten();
        let item = items.enumerate().find(|(_, item)| item["key"] == key).map(|(at, _)| format!("items[{at}].key"));
        let field = if reference["key"] == key { Some("key".to_owned()) } else { item };
        match field {
            Some(field) => changes.and_set(format!("{POD}.{path}.{field}"), near),
            None => changes,
        }
    })
}

/// The user that stands for nobody on Linux: one that owns no files.
const NOBODY: i64 = 65_534;

/// T048: the template wants a user that is not root, and the image does not promise one.
fn as_root(case: &Case<'_>, pod: &Pod, container: &Container, message: &str) -> Option<Finding> {
    let is_about = ["runAsNonRoot", "non-root"].iter().any(|words| message.contains(words));
    if !is_about {
        return None;
    }
    let name = &container.name;
    let user = USER.captures(message).map(|found| found["user"].to_owned());
    let (why, short) = match user {
        Some(user) => (
            format!("the image runs as user {user}, and of a name the kubelet cannot tell that it is not root"),
            format!("user {user} may be root, which is not allowed"),
        ),
        None if message.contains("breaks non-root policy") => (
            "the template sets runAsUser: 0, which is root".to_owned(),
            "runs as root, which is not allowed".to_owned(),
        ),
        None => ("the image runs as root".to_owned(), "image runs as root, which is not allowed".to_owned()),
    };
    let other_user = Changes::set(of_container(container, "securityContext.runAsUser"), NOBODY);
    let fixes = [
        mend_here(case, format!("run {name} as user {NOBODY} (securityContext.runAsUser) in a new Job"), &other_user),
        rerun(case, "or rerun with an image whose USER is a number above 0"),
        for_next_runs(case, &other_user),
    ];
    Some(Finding {
        verdict: sentences([
            format!("{} may not run as root (runAsNonRoot), but {why}.", called(pod, container)),
            waits(case),
        ]),
        short,
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T048/{name}"),
        ..blank(case, "T048", Severity::Critical, Confidence::Certain)
    })
}

/// T047, though the object may be there: the node did not get it in time. It mostly passes.
fn unread(case: &Case<'_>, pod: &Pod, container: &Container, message: &str) -> Option<Finding> {
    let (node, kind) = (&pod.node, kind_of(&UNREAD.captures(message)?["kind"]));
    Some(Finding {
        verdict: format!(
            "{} takes variables from a {kind} that node {node} did not get from the API server in time. The node tries again \
             by itself.",
            called(pod, container)
        ),
        short: format!("node {node} has not got its {kind} yet"),
        fixes: vec![Fix::outside(format!("wait; where it stays so, look whether node {node} reaches the API server"))],
        group: format!("T047/{node}/{kind}"),
        ..blank(case, "T047", Severity::Warning, Confidence::Likely)
    })
}

/// T047 in words that are not known.
fn unknown(case: &Case<'_>, pod: &Pod, container: &Container, message: &str) -> Finding {
    let fixes = [remake(case, "correct the template in a new Job"), for_next_runs(case, &Changes::NONE)];
    let why = match (message.strip_prefix("missing value for "), NO_CONTAINER.captures(message)) {
        (Some(name), _) => format!("subPathExpr names the variable {name}, which the container does not set"),
        (_, Some(found)) => {
            format!(
                "a variable is taken from the resources of container {}, which the pod does not have",
                &found["name"]
            )
        }
        _ => message.to_owned(),
    };
    Finding {
        verdict: sentences([format!("{} cannot be configured: {why}.", called(pod, container)), waits(case)]),
        short: format!("no configuration: {why}"),
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T047/{}/{message}", container.name),
        ..blank(case, "T047", Severity::Critical, Confidence::Likely)
    }
}

/// What a volume is made of is missing, by the words of the kubelet.
pub(super) fn is_unmade(note: &str) -> bool {
    MOUNT.captures(note).is_some_and(|found| {
        let rest = &found["rest"];
        MISSING.captures(rest).is_some() || NO_FILE.captures(rest).is_some()
    })
}

/// T049: a volume is made of an object that is not there.
pub(super) fn unmounted(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    if is_settling(case, pod) {
        return None;
    }
    let event = newest_failure(case, pod, "FailedMount", is_unmade)?;
    let found = MOUNT.captures(&event.note)?;
    let (volume, rest) = (&found["volume"], &found["rest"]);
    let use_of_it = format!("Volume {volume} is made of it, and no container starts before.");
    let namespace = &pod.meta.namespace;
    let mut evidence: Vec<Evidence> = vec![of_event(event)];
    let told = if let Some(found) = MISSING.captures(rest) {
        absent(case, "T049", &Source { kind: kind_of(&found["kind"]), namespace, name: &found["name"] }, use_of_it)
    } else {
        let found = NO_FILE.captures(rest)?;
        let kind = kind_of(&found["kind"]);
        let name = volume_source(case, volume, kind);
        if let Some(name) = &name {
            evidence.push(of_field(pod, format!("spec.volumes[{volume}]"), format!("{kind} {name}")));
        }
        match name {
            Some(name) => without_key(case, "T049", &Source { kind, namespace, name: &name }, &found["key"], use_of_it),
            None => {
                let key = &found["key"];
                Finding {
                    verdict: sentences([
                        format!("Volume {volume} wants the key {key} of a {kind} that does not have it."),
                        waits(case),
                    ]),
                    short: format!("volume {volume}: no key {key}"),
                    fixes: vec![Fix::outside(format!("put the key {key} into the {kind}: the pod goes on by itself"))],
                    group: format!("T049/{namespace}/{volume}/{key}"),
                    ..blank(case, "T049", Severity::Critical, Confidence::Likely)
                }
            }
        }
    };
    Some(Finding { evidence, since: event.meta.created, ..told })
}

/// The name of the ConfigMap or Secret that a volume of the template is made of; the first where it is made of several.
fn volume_source(case: &Case<'_>, volume: &str, kind: &str) -> Option<String> {
    let volumes = case.pod_spec()?["volumes"].as_array()?;
    let volume = volumes.iter().find(|one| one["name"] == volume)?;
    let (field, name) = if kind == "Secret" { ("secret", "secretName") } else { ("configMap", "name") };
    let projected = || volume["projected"]["sources"].as_array()?.iter().find_map(|one| one[field]["name"].as_str());
    volume[field][name].as_str().or_else(projected).map(str::to_owned)
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&MISSING, &NO_KEY, &USER, &NO_CONTAINER, &UNREAD, &MOUNT, &NO_FILE];
