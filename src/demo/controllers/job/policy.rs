//! `spec.podFailurePolicy`: what the failure of a pod means for its Job. The first rule that fits decides.

use serde_json::Value;

use crate::demo::controllers::object::{int, items, name, namespace, text};

/// What a failed pod means.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    /// It counts as a failure.
    Count,
    /// It does not count.
    Ignore,
    /// Its index has failed for good.
    FailIndex,
    /// The Job has failed, with this message.
    FailJob(String),
}

/// Decides about a failed pod.
pub(super) fn decide(job: &Value, pod: &Value) -> Action {
    for (at, rule) in items(&job["spec"]["podFailurePolicy"]["rules"]).iter().enumerate() {
        let Some(cause) = exit_code(rule, pod).or_else(|| pod_condition(rule, pod)) else { continue };
        return match text(&rule["action"]) {
            "Ignore" => Action::Ignore,
            "FailIndex" => Action::FailIndex,
            "FailJob" => Action::FailJob(format!("{cause} matching FailJob rule at index {at}")),
            _ => Action::Count,
        };
    }
    Action::Count
}

/// The container whose exit code fits: those of the application first, ended ones with a code other than 0.
fn exit_code(rule: &Value, pod: &Value) -> Option<String> {
    let wanted = rule["onExitCodes"].as_object()?;
    let lists = ["containerStatuses", "initContainerStatuses"];
    let statuses = lists.iter().flat_map(|list| items(&pod["status"][*list]));
    for status in statuses {
        let code = int(&status["state"]["terminated"]["exitCode"], 0);
        let is_named = wanted.get("containerName").is_none_or(|one| one.is_null() || *one == status["name"]);
        let is_listed = wanted.get("values").is_some_and(|values| items(values).iter().any(|one| *one == code));
        let is_in = wanted.get("operator").is_some_and(|operator| operator == "In");
        if code != 0 && is_named && is_listed == is_in {
            let (container, pod_name) = (text(&status["name"]), format!("{}/{}", namespace(pod), name(pod)));
            return Some(format!("Container {container} for pod {pod_name} failed with exit code {code}"));
        }
    }
    None
}

fn pod_condition(rule: &Value, pod: &Value) -> Option<String> {
    let patterns = items(&rule["onPodConditions"]).iter();
    let holds = |pattern: &&Value| {
        let status = pattern["status"].as_str().unwrap_or("True");
        items(&pod["status"]["conditions"]).iter().any(|one| one["type"] == pattern["type"] && one["status"] == status)
    };
    let found = patterns.into_iter().find(holds)?;
    Some(format!("Pod {}/{} has condition {}", namespace(pod), name(pod), text(&found["type"])))
}
