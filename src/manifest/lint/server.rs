//! What the API server refuses, or what can never work: versions, names, types, leavings, fields that need each other.

use super::Lint;
use super::subject::{Draft, Field, Subject, is_of_status, is_wrong_type};
use crate::manifest::check::Fault;
use crate::manifest::owned::{JOB_LABELS, METADATA};
use crate::manifest::parse::parse;
use crate::manifest::path::Path;
use crate::manifest::problem::{Edit, Severity};
use crate::manifest::versions;

/// What a label's value may have, and with it the name of a Job and of an indexed pod's host.
const LONGEST_LABEL: usize = 63;

/// The longest name of a CronJob: its Jobs have eleven characters more.
const LONGEST_CRONJOB: usize = 52;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L001",
        name: "restart-policy",
        severity: Severity::Error,
        help: "A Job's pods need restartPolicy Never or OnFailure; without one they would get Always.",
        check: |it, found| {
            let policy = it.pod().key("restartPolicy");
            if !matches!(policy.text(), Some("Never" | "OnFailure")) {
                let told =
                    "a Job needs restartPolicy `Never` or `OnFailure`: with `Always`, the default, it is refused";
                found.push(policy.told(told).mended([policy.set("Never")]));
            }
        },
    },
    Lint {
        id: "L002",
        name: "removed-api-version",
        severity: Severity::Error,
        help: "Servers of today no longer have this version of the kind.",
        check: |it, found| {
            let version = it.at("apiVersion");
            let text = version.text().unwrap_or_default();
            if let Some(removed) = versions::removed(text, it.at("kind").text().unwrap_or_default()) {
                let told = format!("`{text}` {}, so that no server of today takes it", removed.since);
                found.push(version.told(told).mended([version.set(removed.instead)]));
            }
        },
    },
    Lint {
        id: "L006",
        name: "indexed-without-completions",
        severity: Severity::Error,
        help: "An Indexed Job needs to know how many indexes it has.",
        check: |it, found| {
            let completions = it.job().key("completions");
            if it.is_indexed() && completions.is_absent() {
                let told = "an Indexed Job needs `completions`, the number of its indexes: it is refused without";
                found.push(completions.told(told).mended([completions.set(it.parallelism())]));
            }
        },
    },
    Lint {
        id: "L007",
        name: "indexed-only-field",
        severity: Severity::Error,
        help: "Limits for single indexes and success policies work only in Indexed Jobs, and need each other.",
        check: indexed_only_field,
    },
    Lint {
        id: "L009",
        name: "clone-residue",
        severity: Severity::Error,
        help: "What the server and the controllers wrote into a live object has no place in a manifest.",
        check: clone_residue,
    },
    Lint {
        id: "L010",
        name: "name-too-long",
        severity: Severity::Error,
        help: "Names of Jobs and pods are made from this one and have to fit into a label.",
        check: name_too_long,
    },
    Lint {
        id: "L011",
        name: "type-mismatch",
        severity: Severity::Error,
        help: "The value has another type than the field, or is none of the words that it takes.",
        check: |it, found| {
            let faults = it.faults.iter().filter(|fault| is_wrong_type(fault));
            found.extend(faults.map(|fault| {
                let field = it.field(&fault.path);
                let right = replacement(fault).and_then(|text| parse(text).documents.into_iter().next());
                field.told(&fault.problem.message).mended_if(right.map(|right| field.set(right.object)))
            }));
        },
    },
    Lint {
        id: "L012",
        name: "unknown-field",
        severity: Severity::Error,
        help: "The kind has no such field: the server refuses it, or drops it without a word.",
        check: |it, found| {
            let faults = it.faults.iter().filter(|fault| fault.is_unknown && !is_of_status(fault));
            found.extend(faults.map(|fault| {
                let wrong = it.field(&fault.path);
                let draft = wrong.told(&fault.problem.message);
                match (replacement(fault), fault.path.0.split_last()) {
                    (Some(name), Some((_, above))) => {
                        let right = Field { path: Path(above.to_vec()).key(name), value: wrong.value };
                        draft.mended([wrong.remove(), right.set(wrong.value.clone())])
                    }
                    _ => draft,
                }
            }));
        },
    },
    Lint {
        id: "L013",
        name: "mount-without-volume",
        severity: Severity::Error,
        help: "A container mounts a volume that the pod does not have.",
        check: |it, found| {
            let volumes: Vec<Field<'_>> = it.pod().key("volumes").items().collect();
            for name in it.all_containers().flat_map(|one| one.key("volumeMounts").items()).map(|one| one.key("name")) {
                if !volumes.iter().any(|volume| volume.value["name"] == *name.value) {
                    let volume = name.text().unwrap_or_default();
                    found.push(name.told(format!("there is no volume `{volume}` in the pod: the Job is refused")));
                }
            }
        },
    },
    Lint {
        id: "L017",
        name: "no-containers",
        severity: Severity::Error,
        help: "A pod needs a container that does the work.",
        check: |it, found| {
            let containers = it.pod().key("containers");
            if containers.count() == 0 {
                found.push(containers.told("the pods have no container: the Job is refused"));
            }
        },
    },
];

/// What the checker would write in place of what is wrong.
fn replacement(fault: &Fault) -> Option<&str> {
    match &fault.problem.fix.as_ref()?.edits[..] {
        [Edit { text, .. }] => Some(text),
        _ => None,
    }
}

fn indexed_only_field(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let job = it.job();
    let per_index = job.key("backoffLimitPerIndex");
    let most = job.key("maxFailedIndexes");
    for field in [&per_index, &most, &job.key("successPolicy")] {
        if !it.is_indexed() && !field.is_absent() {
            let told = "this works only with completionMode Indexed: the Job is refused";
            let indexed = job.key("completionMode").set("Indexed");
            found.push(field.told(told).mended_if(may_be_indexed(it).then_some(indexed)));
        }
    }
    if !most.is_absent() && per_index.is_absent() {
        found.push(most.told("maxFailedIndexes needs backoffLimitPerIndex: without it the Job is refused"));
    }
    if let (Some(most_failed), Some(completions)) = (most.int(), it.completions())
        && most_failed > completions
    {
        let told = format!("there are only {completions} indexes that could fail: more are refused");
        found.push(most.told(told).mended([most.set(completions)]));
    }
}

/// Whether the Job could be Indexed: its indexes are counted, and its pods' names fit.
pub(super) fn may_be_indexed(it: &Subject<'_>) -> bool {
    it.completions().is_some_and(|completions| it.is_cronjob || why_no_pod_name(it.name(), completions).is_none())
}

/// Why the hosts of an Indexed Job cannot be named after it.
fn why_no_pod_name(name: &str, completions: i64) -> Option<String> {
    let last = format!("{name}-{}", (completions - 1).max(0));
    if last.len() > LONGEST_LABEL {
        let most = LONGEST_LABEL - (last.len() - name.len());
        return Some(format!(
            "the last index's host `{last}` has more than {LONGEST_LABEL} characters; `{}` would fit",
            shortened(name, most)
        ));
    }
    let dotless = name.replace('.', "-");
    name.contains('.')
        .then(|| format!("the hosts of an Indexed Job cannot have points in their names; `{dotless}` could be one"))
}

fn name_too_long(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let name = it.at("metadata.name");
    let text = it.name();
    let most = if it.is_cronjob { LONGEST_CRONJOB } else { LONGEST_LABEL };
    if text.len() > most {
        let (length, short) = (text.len(), shortened(text, most));
        let why = if it.is_cronjob { "its Jobs' names are longer by eleven" } else { "it becomes a label of its pods" };
        found.push(name.told(format!(
            "the name has {length} characters, and {most} are the most since {why}; `{short}` would fit"
        )));
    } else if let (false, true, Some(completions)) = (it.is_cronjob, it.is_indexed(), it.completions())
        && let Some(why) = why_no_pod_name(text, completions)
    {
        found.push(name.told(why));
    }
}

/// The beginning of a name, which may not end in a dash or a point.
fn shortened(name: &str, most: usize) -> &str {
    name.get(..most).unwrap_or(name).trim_end_matches(['-', '.'])
}

fn clone_residue(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let metadata = it.at("metadata");
    let mut residue: Vec<Field<'_>> = METADATA.iter().map(|field| metadata.key(field)).collect();
    residue.extend([it.at("status"), metadata.key("ownerReferences")]);
    // Otherwise a person chose the selector, and the labels with it.
    if !it.job().key("manualSelector").is_true() {
        let mut labels = vec![metadata.key("labels"), it.template().at("metadata.labels")];
        // A CronJob's Jobs can have no selector at all, which is told by a rule of its own.
        if it.is_cronjob {
            labels.push(it.job_labels());
        } else {
            residue.push(it.job().key("selector"));
        }
        residue.extend(labels.iter().flat_map(|labels| JOB_LABELS.iter().map(|label| labels.key(label))));
    }
    let told = "this is left over from a live object: the server fills it in, and refuses or ignores another one's";
    let left = residue.into_iter().filter(|field| !field.is_absent());
    found.extend(left.map(|field| field.told(told).mended([field.remove()])));
}
