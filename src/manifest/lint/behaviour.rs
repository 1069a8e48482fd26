//! What runs beside the work, where pods are placed, and what only looks as if it had an effect.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::shell::{Hiding, script};
use super::subject::{Draft, Field, NAME_LABEL, Subject};
use super::{FieldChange, Lint, image};
use crate::manifest::parse::{Form, Node, resolve};
use crate::manifest::path::Path;
use crate::manifest::problem::Severity;

/// Labels with the name of the Job, which its controller sets.
const JOB_NAMES: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// Labels of the Job controller from before they had a domain.
const PLAIN: [&str; 2] = ["job-name", "controller-uid"];

/// Programs that run beside others and never end by themselves, by the names of containers and images.
static HELPER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    const NAMES: &str = "istio-proxy|envoy|linkerd(?:2?-proxy)?|cloud-?sql-proxy|vault-agent|fluent(?:-?bit|d)?|\
                         filebeat|vector|otel|opentelemetry-collector|telegraf|datadog[-/]agent";
    Regex::new(&format!("(?i)(?:^|[^a-z0-9])(?:{NAMES})(?:[^a-z0-9]|$)|sidecar")).ok()
});

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L100",
        name: "hard-coded-job-name-selector",
        severity: Severity::Warning,
        help: "Rules for placing pods should choose them by a label of one's own, not by the Job's name.",
        check: hard_coded_job_name,
    },
    Lint {
        id: "L101",
        name: "parallel-without-spread",
        severity: Severity::Note,
        help: "Three pods at once and more should be spread over nodes.",
        check: |it, found| {
            let spread = it.pod().key("topologySpreadConstraints");
            let is_free = it.pod().at("affinity.podAntiAffinity").is_absent() && spread.count() == 0;
            if it.parallelism() >= 3 && is_free {
                let told = format!("all {} pods may land on one node, and fail with it", it.parallelism());
                let changes = it.own_label().map(|(name, label)| {
                    let constraint = json!([{
                        "maxSkew": 1,
                        "topologyKey": "kubernetes.io/hostname",
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": { "matchLabels": { NAME_LABEL: name } },
                    }]);
                    label.into_iter().chain([spread.set(constraint)]).collect::<Vec<_>>()
                });
                found.push(spread.told(told).mended(changes.unwrap_or_default()));
            }
        },
    },
    Lint {
        id: "L102",
        name: "liveness-probe",
        severity: Severity::Warning,
        help: "A liveness probe kills work that takes long, and each kill costs a retry.",
        check: |it, found| {
            for probe in it.containers().map(|one| one.key("livenessProbe")).filter(|one| !one.is_absent()) {
                let told = "a step that takes long is killed, and each kill costs a retry: a deadline ends what hangs";
                found.push(probe.told(told).mended([probe.remove()]));
            }
        },
    },
    Lint {
        id: "L103",
        name: "readiness-probe",
        severity: Severity::Note,
        help: "Nobody sends traffic to a Job's pods, so that there is nothing to be ready for.",
        check: |it, found| {
            for probe in it.containers().map(|one| one.key("readinessProbe")).filter(|one| !one.is_absent()) {
                let told = "this only counts status.ready: there is no traffic to hold back";
                found.push(probe.told(told).mended([probe.remove()]));
            }
        },
    },
    Lint {
        id: "L104",
        name: "sidecar-blocks-completion",
        severity: Severity::Error,
        help: "A helper beside the work has to be an init container with restartPolicy Always, or the pod never ends.",
        check: sidecar_blocks_completion,
    },
    Lint {
        id: "L105",
        name: "scrape-annotations-on-job",
        severity: Severity::Warning,
        help: "Prometheus looks for its annotations on pods.",
        check: |it, found| {
            let of_object = it.at("metadata.annotations");
            let of_job = it.at("spec.jobTemplate.metadata.annotations");
            for annotations in [of_object, of_job] {
                let scrape: Vec<_> =
                    annotations.entries().filter(|(key, _)| key.starts_with("prometheus.io/")).collect();
                if !scrape.is_empty() {
                    let told = "Prometheus looks at pods, and never sees this: it belongs into the pod template";
                    let of_pods = it.template().at("metadata.annotations");
                    let moved = scrape
                        .iter()
                        .flat_map(|(key, field)| [field.remove(), of_pods.key(key).set(field.value.clone())]);
                    found.push(annotations.told(told).mended(moved.collect::<Vec<_>>()));
                }
            }
        },
    },
    Lint {
        id: "L106",
        name: "template-name-ignored",
        severity: Severity::Note,
        help: "Names of pods are generated from the Job's.",
        check: |it, found| {
            let name = it.template().at("metadata.name");
            if !name.is_absent() {
                let told = "this name is ignored: pods are named after the Job";
                found.push(name.told(told).mended([name.remove()]));
            }
        },
    },
    Lint {
        id: "L107",
        name: "redundant-index-env",
        severity: Severity::Note,
        help: "Containers of an Indexed Job get JOB_COMPLETION_INDEX by themselves.",
        check: |it, found| {
            let variables = it.all_containers().flat_map(|one| one.key("env").items());
            let redundant = variables.filter(|one| one.value["name"] == "JOB_COMPLETION_INDEX" && it.is_indexed());
            found.extend(redundant.map(|one| {
                one.told("the controller sets JOB_COMPLETION_INDEX by itself in every container").mended([one.remove()])
            }));
        },
    },
    Lint {
        id: "L108",
        name: "legacy-job-labels",
        severity: Severity::Note,
        help: "Labels of the Job controller have had the domain batch.kubernetes.io since Kubernetes 1.27.",
        check: legacy_job_labels,
    },
    Lint {
        id: "L109",
        name: "shell-hides-errors",
        severity: Severity::Warning,
        help: "A script needs `set -e`, and pipefail with pipes, or a failure in its middle ends as success.",
        check: |it, found| {
            for container in it.all_containers() {
                let Some(script) = script(&container) else { continue };
                let Some(hiding) = script.hiding() else { continue };
                let told = match hiding {
                    Hiding::GoesOn => {
                        "the script goes on when one of its lines fails, and may end as a success without `set -e`"
                    }
                    Hiding::Pipe => {
                        "of a pipe only the last command counts: a failure before it is no failure without `pipefail`"
                    }
                    Hiding::Forced => "`|| true` at the end makes every failure a success",
                };
                let command = container.key("command");
                let words = if command.is_absent() { container.key("args") } else { command };
                let stopped = script.stopped().map(|text| script.field.set(text));
                found.push(words.told(told).mended_if(stopped).shown_at(script.field.path));
            }
        },
    },
    Lint {
        id: "L110",
        name: "octal-mode",
        severity: Severity::Warning,
        help: "File modes with a leading zero are octal for some readers of YAML and decimal for others.",
        check: octal_mode,
    },
    Lint {
        id: "L111",
        name: "shared-pvc-parallel",
        severity: Severity::Warning,
        help: "Pods that run at once and share a claim are tied to one node, and write over each other.",
        check: |it, found| {
            let claims = it.pod().key("volumes").items().map(|volume| volume.key("persistentVolumeClaim"));
            for claim in claims.filter(|claim| !claim.is_absent() && it.parallelism() > 1) {
                let told = format!(
                    "{} pods at once share this claim: ReadWriteOnce ties them to one node, and they may collide",
                    it.parallelism()
                );
                found.push(claim.told(told));
            }
        },
    },
    Lint {
        id: "L112",
        name: "no-recommended-labels",
        severity: Severity::Note,
        help: "Pods should have labels of app.kubernetes.io, by which they are found, alerted on and paid for.",
        check: |it, found| {
            let labels = it.template().at("metadata.labels");
            if !labels.entries().any(|(key, _)| key.starts_with("app.kubernetes.io/")) {
                let told =
                    "the pods have no label that says what they belong to: hard to find, to alert on, to pay for";
                found.push(labels.told(told).mended_if(it.own_label().and_then(|(_, label)| label)));
            }
        },
    },
];

/// The label selectors by which pods are placed.
fn selectors<'a>(it: &Subject<'a>) -> Vec<Field<'a>> {
    let mut terms: Vec<Field<'a>> = it.pod().key("topologySpreadConstraints").items().collect();
    for kind in ["podAffinity", "podAntiAffinity"] {
        let rules = it.pod().key("affinity").key(kind);
        terms.extend(rules.key("requiredDuringSchedulingIgnoredDuringExecution").items());
        let preferred = rules.key("preferredDuringSchedulingIgnoredDuringExecution").items();
        terms.extend(preferred.map(|one| one.key("podAffinityTerm")));
    }
    terms.iter().map(|term| term.key("labelSelector")).collect()
}

/// The values that a selector wants one of these labels to have.
fn wanted<'a>(selector: &Field<'a>, labels: &[&str]) -> Vec<&'a str> {
    let exact = selector.key("matchLabels").entries().filter(|(key, _)| labels.contains(key)).map(|(_, value)| value);
    let expressions = selector.key("matchExpressions").items();
    let named = expressions.filter(|one| one.key("key").text().is_some_and(|key| labels.contains(&key)));
    exact.chain(named.flat_map(|one| one.key("values").items())).filter_map(|value| value.text()).collect()
}

fn hard_coded_job_name(it: &Subject<'_>, found: &mut Vec<Draft>) {
    for selector in selectors(it) {
        let names = wanted(&selector, &JOB_NAMES);
        if names.is_empty() {
            continue;
        }
        let is_own = names.iter().all(|name| *name == it.name());
        let told = if it.is_cronjob {
            "the names of a CronJob's Jobs are generated, so that this never chooses a pod"
        } else {
            "this chooses pods by the name of one Job, and no longer those of a copy of it"
        };
        let severity = if is_own && !it.is_cronjob { Severity::Note } else { Severity::Warning };
        let mended = it.own_label().filter(|_| is_own).map(|(value, label)| {
            let changed = selector.set(by_own_label(selector.value, value));
            label.into_iter().chain([changed]).collect::<Vec<_>>()
        });
        found.push(selector.told(told).with_severity(severity).mended(mended.unwrap_or_default()));
    }
}

/// A selector that wants the pods' own label in place of the Job's name.
fn by_own_label(selector: &Value, name: &str) -> Value {
    let mut selector = selector.clone();
    let is_name = |key: &Value| JOB_NAMES.iter().any(|name| key == name);
    if let Some(expressions) = selector["matchExpressions"].as_array_mut() {
        expressions.retain(|one| !is_name(&one["key"]));
    }
    if let Some(fields) = selector.as_object_mut() {
        fields.retain(|_, value| !value.is_null() && *value != json!([]));
    }
    if let Some(labels) = selector["matchLabels"].as_object_mut() {
        labels.retain(|key, _| !JOB_NAMES.contains(&key.as_str()));
    }
    selector["matchLabels"][NAME_LABEL] = name.into();
    selector
}

fn sidecar_blocks_completion(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let is_helper = |container: &Field<'_>| {
        let name = container.key("name").text().unwrap_or_default();
        let (repository, _, _) = image::parts(container.key("image").text().unwrap_or_default());
        HELPER.as_ref().is_some_and(|pattern| pattern.is_match(name) || pattern.is_match(repository))
    };
    let (helpers, workers): (Vec<_>, Vec<_>) = it.containers().partition(is_helper);
    if workers.is_empty() {
        return;
    }
    for helper in helpers {
        let told = "this helper never ends by itself, and the pod not before it: the Job never completes";
        let mut container = helper.value.clone();
        container["restartPolicy"] = "Always".into();
        let moved = [helper.remove(), it.pod().key("initContainers").append(container)];
        found.push(helper.told(told).mended(moved));
    }
}

fn legacy_job_labels(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let told =
        "the plain label is kept only for old clients: since 1.27 there is one with the domain batch.kubernetes.io";
    let of_volumes = it.pod().key("volumes").items().flat_map(|volume| {
        let sources = volume.at("projected.sources").items().map(|source| source.at("downwardAPI.items"));
        sources.chain([volume.at("downwardAPI.items")]).flat_map(|items| items.items()).collect::<Vec<_>>()
    });
    let of_env = it.all_containers().flat_map(|one| one.key("env").items());
    let references = of_env.map(|one| (one.at("valueFrom.fieldRef.fieldPath"), one));
    for (path, shown) in references.chain(of_volumes.map(|one| (one.at("fieldRef.fieldPath"), one))) {
        let plain = PLAIN.iter().find(|label| path.text() == Some(&format!("metadata.labels['{label}']")));
        if let Some(label) = plain {
            let prefixed = format!("metadata.labels['batch.kubernetes.io/{label}']");
            found.push(shown.told(told).mended([path.set(prefixed)]));
        }
    }
    for selector in selectors(it) {
        let changes = prefixed(&selector);
        if !changes.is_empty() {
            found.push(selector.told(told).mended(changes));
        }
    }
}

/// What gives the plain labels of a selector their domain.
fn prefixed(selector: &Field<'_>) -> Vec<FieldChange> {
    let labels = selector.key("matchLabels");
    let plain = labels.entries().filter(|(key, _)| PLAIN.contains(key));
    let mut changes: Vec<FieldChange> = plain
        .flat_map(|(key, field)| {
            [field.remove(), labels.key(&format!("batch.kubernetes.io/{key}")).set(field.value.clone())]
        })
        .collect();
    let keys = selector.key("matchExpressions").items().map(|one| one.key("key"));
    let plain = keys.filter(|key| key.text().is_some_and(|key| PLAIN.contains(&key)));
    changes.extend(plain.map(|key| key.set(format!("batch.kubernetes.io/{}", key.text().unwrap_or_default()))));
    changes
}

/// The places of modes in a part of the text that are written with a leading zero.
fn octal_modes(it: &Subject<'_>, node: &Node, path: &Path, found: &mut Vec<(Path, i64)>) {
    match &node.form {
        Form::List(items) => {
            items.iter().enumerate().for_each(|(index, item)| octal_modes(it, item, &path.index(index), found));
        }
        Form::Map(entries) => {
            for entry in entries {
                let path = path.key(&entry.key);
                let source = it.source(entry.node.place);
                let is_octal = source.len() > 1 && source.starts_with('0') && !source.starts_with("0o");
                match resolve(source).as_i64() {
                    Some(mode) if is_octal && matches!(entry.key.as_str(), "defaultMode" | "mode") => {
                        found.push((path, mode));
                    }
                    _ => octal_modes(it, &entry.node, &path, found),
                }
            }
        }
        Form::Scalar { .. } => {}
    }
}

fn octal_mode(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let volumes = it.pod().key("volumes");
    let Some(node) = it.document.node(&volumes.path) else { return };
    let mut modes = Vec::new();
    octal_modes(it, node, &volumes.path, &mut modes);
    if let Some((first, mode)) = modes.first() {
        let source = it.document.find(first).map_or("", |place| it.source(place.value));
        let told =
            format!("`{source}` is octal ({mode}) for kubectl, and decimal for readers of YAML 1.2: write {mode}");
        let changes: Vec<_> =
            modes.iter().map(|(path, mode)| FieldChange { path: path.clone(), value: Some((*mode).into()) }).collect();
        found.push(volumes.told(told).mended(changes).shown_at(first.clone()));
    }
}
