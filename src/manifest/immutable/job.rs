//! Jobs: `ValidateJobUpdate` in `pkg/apis/batch/validation/validation.go` and the strategy in
//! `pkg/registry/batch/job/strategy.go` of Kubernetes.

use serde_json::Value;

use crate::manifest::merge::Path;

const NEVER: &str = "fixed for the life of a Job; a new Job can have another";
const FINISHED: &str = "the Job has finished, and only ttlSecondsAfterFinished still has an effect";
const NOT_SUSPENDED: &str = "only while the Job is suspended";
const HAS_PODS: &str = "only once the Job is suspended and none of its pods is left";
const IN_TANDEM: &str = "only together with parallelism, both to the same number";
const NAMES_THE_JOB: &str = "it names this Job, and the server sees to it";

/// Why a path of a Job cannot be changed.
pub(super) fn why_not(live: &Value, wanted: Option<&Value>, path: &Path) -> Option<&'static str> {
    match path.names().as_slice() {
        ["spec", "completions", ..] if live["spec"]["completionMode"] == "Indexed" => {
            finished(live).or_else(|| wanted.and_then(in_tandem))
        }
        [
            "spec",
            "selector"
            | "completionMode"
            | "completions"
            | "podFailurePolicy"
            | "successPolicy"
            | "backoffLimitPerIndex"
            | "managedBy",
            ..,
        ] => Some(NEVER),
        ["spec", "template", inner @ ..] => template(live, inner),
        ["spec", "ttlSecondsAfterFinished", ..] => None,
        ["spec", ..] => finished(live),
        _ => None,
    }
}

/// Why a path in the pod template cannot be changed.
fn template(live: &Value, path: &[&str]) -> Option<&'static str> {
    match path {
        ["metadata", "labels", name] if is_of_controller(live, name) => Some(NAMES_THE_JOB),
        ["metadata", ..]
        | ["spec", "nodeSelector" | "tolerations" | "schedulingGates", ..]
        | ["spec", "affinity"]
        | ["spec", "affinity", "nodeAffinity", ..]
        | ["spec", "containers" | "initContainers", "[]", "resources", ..] => {
            finished(live).or_else(|| scheduled(live))
        }
        _ => Some(NEVER),
    }
}

/// Whether this label of the template tells the Job's pods from others.
fn is_of_controller(live: &Value, label: &str) -> bool {
    let is_generated = live["spec"]["manualSelector"] != true
        && matches!(
            label,
            "controller-uid" | "job-name" | "batch.kubernetes.io/controller-uid" | "batch.kubernetes.io/job-name"
        );
    is_generated || live["spec"]["selector"]["matchLabels"].get(label).is_some()
}

/// Why what decides on the nodes of the pods cannot be changed. Before 1.36 a Job that ever ran is refused as well, and
/// so are resources; that the server says.
fn scheduled(live: &Value) -> Option<&'static str> {
    if live["spec"]["suspend"] != true {
        return Some(NOT_SUSPENDED);
    }
    let status = &live["status"];
    let is_without_pods = has_condition(live, "Suspended") && status["active"].as_i64().unwrap_or(0) == 0;
    (!status["startTime"].is_null() && !is_without_pods).then_some(HAS_PODS)
}

fn in_tandem(wanted: &Value) -> Option<&'static str> {
    let (completions, parallelism) = (&wanted["spec"]["completions"], &wanted["spec"]["parallelism"]);
    (completions.is_null() || completions != parallelism).then_some(IN_TANDEM)
}

fn finished(live: &Value) -> Option<&'static str> {
    (has_condition(live, "Complete") || has_condition(live, "Failed")).then_some(FINISHED)
}

fn has_condition(live: &Value, name: &str) -> bool {
    let conditions = live["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == name && condition["status"] == "True")
}
