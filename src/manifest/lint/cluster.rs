//! What a manifest names in the cluster, and whether it is there. These rules speak only where a cluster was asked: they
//! say what they need to know, as triage does, and are run again with the answers.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value;

use super::Lint;
use super::subject::{Draft, Field, Subject};
use crate::manifest::parse::parse;
use crate::manifest::problem::Severity;
use crate::model::fact::{Answer, Fact, Need};
use crate::model::mutation::Address;

/// What is known of a cluster, and what rules asked of it beyond that.
#[derive(Debug, Default)]
pub struct Seen {
    /// The namespace of objects that name none.
    pub namespace: String,
    facts: HashMap<Address, Fact>,
    needs: RefCell<Vec<Need>>,
}

impl Seen {
    /// Nothing is known yet; objects that name no namespace are in this one.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..Self::default() }
    }

    /// The objects of a text come with its manifests, so that they are there when these run.
    pub fn add(&mut self, text: &str) {
        for document in parse(text).documents.into_iter().flat_map(super::objects) {
            if let Some(mut address) = Address::of(&document.object) {
                if address.namespace.is_empty() && !is_of_no_namespace(&address.kind) {
                    address.namespace = self.namespace.as_str().into();
                }
                self.facts.insert(address, Fact::Found(document.object));
            }
        }
    }

    /// Takes in an answer.
    pub fn take(&mut self, need: Need, answer: Answer) {
        if let (Need::Object(address), Answer::Object(fact)) = (need, answer) {
            self.facts.insert(address, fact);
        }
    }

    /// What rules asked for and was not known, each once.
    pub fn needs(&self) -> Vec<Need> {
        self.needs.take()
    }

    /// Why some of it could not be read, each reason once.
    pub fn unread(&self) -> Vec<&str> {
        let whys = self.facts.values().filter_map(|fact| match fact {
            Fact::Unreadable(why) => Some(why.as_str()),
            _ => None,
        });
        let mut whys: Vec<&str> = whys.collect();
        whys.sort_unstable();
        whys.dedup();
        whys
    }

    fn fact(&self, address: Address) -> Option<&Fact> {
        let found = self.facts.get(&address);
        let mut needs = self.needs.borrow_mut();
        let need = Need::Object(address);
        if found.is_none() && !needs.contains(&need) {
            needs.push(need);
        }
        found
    }
}

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L200",
        name: "service-account-missing",
        severity: Severity::Error,
        help: "The service account that pods run as has to be there; looked at in a cluster alone.",
        check: |it, found| {
            let account = it.pod().key("serviceAccountName");
            if is_missing(it, "v1", "ServiceAccount", &account) {
                let told = format!("there is no service account {}: no pod may be created", named(it, &account));
                found.push(account.told(told));
            }
        },
    },
    Lint {
        id: "L201",
        name: "reference-missing",
        severity: Severity::Error,
        help: "ConfigMaps, Secrets, claims and classes that pods name have to be there; looked at in a cluster alone.",
        check: |it, found| {
            let pod = it.pod();
            classes(it, &pod, found);
            for volume in pod.key("volumes").items() {
                let claim = volume.at("persistentVolumeClaim.claimName");
                if is_missing(it, "v1", "PersistentVolumeClaim", &claim) {
                    let told = format!("there is no claim {}: the pods find no node", named(it, &claim));
                    found.push(claim.told(told));
                }
                source(it, "ConfigMap", &volume.key("configMap"), "name", found);
                source(it, "Secret", &volume.key("secret"), "secretName", found);
                for part in volume.at("projected.sources").items() {
                    source(it, "ConfigMap", &part.key("configMap"), "name", found);
                    source(it, "Secret", &part.key("secret"), "name", found);
                }
            }
            for container in it.all_containers() {
                for variable in container.key("env").items().map(|one| one.key("valueFrom")) {
                    source(it, "ConfigMap", &variable.key("configMapKeyRef"), "name", found);
                    source(it, "Secret", &variable.key("secretKeyRef"), "name", found);
                }
                for all in container.key("envFrom").items() {
                    source(it, "ConfigMap", &all.key("configMapRef"), "name", found);
                    source(it, "Secret", &all.key("secretRef"), "name", found);
                }
            }
        },
    },
];

fn is_of_no_namespace(kind: &str) -> bool {
    matches!(kind, "PriorityClass" | "RuntimeClass" | "Namespace" | "PersistentVolume" | "StorageClass")
}

/// What the cluster says of the object that a field names; None where no cluster is asked, or nothing is known yet.
fn fact<'a>(it: &Subject<'a>, api_version: &str, kind: &str, name: &Field<'_>) -> Option<&'a Fact> {
    let seen = it.seen?;
    let name = name.text().filter(|name| !name.is_empty())?;
    let namespace = if is_of_no_namespace(kind) { "" } else { namespace(it) };
    let address =
        Address { api_version: api_version.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() };
    seen.fact(address)
}

fn namespace<'a>(it: &Subject<'a>) -> &'a str {
    let of_cluster = it.seen.map_or("", |seen| seen.namespace.as_str());
    it.at("metadata.namespace").text().filter(|name| !name.is_empty()).unwrap_or(of_cluster)
}

fn is_missing(it: &Subject<'_>, api_version: &str, kind: &str, name: &Field<'_>) -> bool {
    matches!(fact(it, api_version, kind, name), Some(Fact::Missing))
}

/// The name that a field has, with the namespace in which it was looked for.
fn named(it: &Subject<'_>, name: &Field<'_>) -> String {
    format!("`{}` in namespace {}", name.text().unwrap_or_default(), namespace(it))
}

fn classes(it: &Subject<'_>, pod: &Field<'_>, found: &mut Vec<Draft>) {
    let kinds = [
        ("priorityClassName", "scheduling.k8s.io/v1", "PriorityClass", "priority class"),
        ("runtimeClassName", "node.k8s.io/v1", "RuntimeClass", "runtime class"),
    ];
    for (field, api_version, kind, word) in kinds {
        let class = pod.key(field);
        // These are there by themselves in every cluster, and may not be read by everybody.
        let is_own = class.text().is_some_and(|name| name.starts_with("system-"));
        if !is_own && is_missing(it, api_version, kind, &class) {
            let name = class.text().unwrap_or_default();
            found.push(class.told(format!("there is no {word} `{name}`: no pod may be created")));
        }
    }
}

/// Tells of a ConfigMap or Secret that is not there, or lacks a key. One that is optional may be missing. Of Secrets
/// no keys are known, since nobody's are read.
fn source(it: &Subject<'_>, kind: &str, source: &Field<'_>, field: &str, found: &mut Vec<Draft>) {
    let name = source.key(field);
    if source.key("optional").is_true() {
        return;
    }
    match fact(it, "v1", kind, &name) {
        Some(Fact::Missing) => {
            let told = format!("there is no {kind} {}: the containers cannot start", named(it, &name));
            found.push(name.told(told));
        }
        Some(Fact::Found(object)) if kind == "ConfigMap" => {
            let items = source.key("items").items().map(|item| item.key("key"));
            for key in items.chain([source.key("key")]).filter(|key| !key.is_absent()) {
                let text = key.text().unwrap_or_default();
                if !has_key(object, text) {
                    let told =
                        format!("ConfigMap {} has no key `{text}`: the containers cannot start", named(it, &name));
                    found.push(key.told(told));
                }
            }
        }
        _ => {}
    }
}

fn has_key(object: &Value, key: &str) -> bool {
    ["data", "binaryData"].into_iter().any(|field| object[field].get(key).is_some())
}
