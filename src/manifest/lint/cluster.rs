//! What a manifest names in the cluster, and whether it is there; what the cluster says to the object and its pods. These
//! rules speak only where a cluster was asked: they say what they need to know, as triage does, and are run again with the
//! answers.

use serde_json::Value;

use super::Lint;
use super::seen::{Said, is_of_no_namespace};
use super::subject::{Draft, Field, Subject};
use crate::manifest::problem::Severity;
use crate::model::fact::Fact;
use crate::model::mutation::Address;

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
    Lint {
        id: "L202",
        name: "quota-will-refuse",
        severity: Severity::Error,
        help: "The namespace's quotas have to have room for the pods; looked at in a cluster alone.",
        check: |it, found| said_of_pods(it, "L202", found),
    },
    Lint {
        id: "L203",
        name: "limit-range-will-refuse",
        severity: Severity::Error,
        help: "The pods have to keep to the bounds of the namespace's LimitRanges; looked at in a cluster alone.",
        check: |it, found| said_of_pods(it, "L203", found),
    },
    Lint {
        id: "L204",
        name: "pod-security-will-refuse",
        severity: Severity::Error,
        help: "The pods have to pass the namespace's level of Pod Security; looked at in a cluster alone.",
        check: |it, found| said_of_pods(it, "L204", found),
    },
    Lint {
        id: "L205",
        name: "no-node-fits",
        severity: Severity::Warning,
        help: "Some node has to have the labels, the size and the taints that suit the pods; looked at in a cluster alone.",
        check: |it, found| said_of_pods(it, "L205", found),
    },
    Lint {
        id: "L206",
        name: "queue-missing",
        severity: Severity::Error,
        help: "The queue of Kueue that the Job's label names has to be there; looked at in a cluster alone.",
        check: |it, found| found.extend(queue(it)),
    },
    Lint {
        id: "L207",
        name: "name-taken",
        severity: Severity::Error,
        help: "No Job of this name may be there that cannot be changed into this one; looked at in a cluster alone.",
        check: |it, found| {
            if !it.is_cronjob {
                said(it, "L207", found);
            }
        },
    },
    Lint {
        id: "L208",
        name: "dry-run",
        severity: Severity::Error,
        help: "The server has to take the object and its pods, which it only tries; looked at in a cluster alone.",
        check: |it, found| said(it, "L208", found),
    },
];

/// What the cluster said of the object as a whole, for this rule to tell.
fn said(it: &Subject<'_>, lint: &'static str, found: &mut Vec<Draft>) {
    let Some(seen) = it.seen else { return };
    let told = seen.said(&it.document.object, namespace(it), lint);
    let draft =
        |one: &Said| it.field(&one.path).told(&one.message).with_severity(one.severity).mended(one.changes.clone());
    found.extend(told.map(draft));
}

/// The same where there is a template that pods could be made from.
fn said_of_pods(it: &Subject<'_>, lint: &'static str, found: &mut Vec<Draft>) {
    if it.containers().next().is_some() {
        said(it, lint, found);
    }
}

/// The label by which Kueue takes a Job into a queue of its namespace.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// Versions in which Kueue serves queues, the newest first: an older Kueue has the older one alone.
const QUEUE_VERSIONS: [&str; 2] = ["kueue.x-k8s.io/v1beta2", "kueue.x-k8s.io/v1beta1"];

fn queue(it: &Subject<'_>) -> Option<Draft> {
    let (seen, label) = (it.seen?, it.job_labels().key(QUEUE));
    let (name, namespace) = (label.text().filter(|name| !name.is_empty())?, namespace(it));
    if seen.is_settled(&it.document.object) || seen.brings("LocalQueue", namespace, name) {
        return None;
    }
    let queues = |version: &str| {
        let (namespace, name) = (namespace.into(), "".into());
        seen.fact(Address { api_version: version.into(), kind: "LocalQueue".into(), namespace, name })
    };
    let [newer, older] = QUEUE_VERSIONS.map(queues);
    let fact = match (newer?, older?) {
        (Fact::Missing, older) => older,
        (newer, _) => newer,
    };
    match fact {
        Fact::Found(all) => {
            let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
            let mut names: Vec<&str> = all.iter().filter_map(|one| one["metadata"]["name"].as_str()).collect();
            names.sort_unstable();
            let there = match names.is_empty() {
                true => "there is none".to_owned(),
                false => format!("there are: {}", names.join(", ")),
            };
            let told =
                format!("there is no LocalQueue {} ({there}): Kueue lets the Job wait for ever", named(it, &label));
            (!names.contains(&name)).then(|| label.told(told))
        }
        Fact::Missing => {
            let is_suspended = it.job().key("suspend").is_true();
            let (follows, severity) = match is_suspended {
                true => ("nobody resumes the Job, which is suspended", Severity::Error),
                false => ("nobody looks at the label, and the Job starts at once", Severity::Warning),
            };
            Some(label.told(format!("Kueue is not installed in this cluster: {follows}")).with_severity(severity))
        }
        Fact::Unreadable(_) => None,
    }
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
