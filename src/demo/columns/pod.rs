//! The cells of a pod, and the one word that kubectl has for its state.

use serde_json::{Value, json};

use super::{age, each, has_condition, human, or, text};
use crate::model::clock::Time;

fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

/// The cells of a pod.
pub(super) fn cells(object: &Value, now: Time) -> Vec<Value> {
    let (spec, status) = (&object["spec"], &object["status"]);
    let sidecars: Vec<&str> =
        each(&spec["initContainers"]).filter(|one| is_sidecar(one)).map(|one| text(&one["name"])).collect();
    let restartable = each(&status["initContainerStatuses"]).filter(|one| sidecars.contains(&text(&one["name"])));
    let counted: Vec<&Value> = each(&status["containerStatuses"]).chain(restartable).collect();
    let ready = counted.iter().filter(|one| one["ready"] == true).count();
    let total = each(&spec["containers"]).count() + sidecars.len();
    let restarts: i64 = counted.iter().filter_map(|one| one["restartCount"].as_i64()).sum();
    let ended = counted.iter().filter_map(|one| one["lastState"]["terminated"]["finishedAt"].as_str());
    let restarts = match ended.filter_map(Time::parse).max() {
        Some(last) if restarts > 0 => format!("{restarts} ({} ago)", human(now.seconds_since(last))),
        _ => restarts.to_string(),
    };
    vec![
        json!(object["metadata"]["name"]),
        json!(format!("{ready}/{total}")),
        json!(pod_status(object)),
        json!(restarts),
        json!(age(object, now)),
        json!(or(&status["podIP"], "<none>")),
        json!(or(&spec["nodeName"], "<none>")),
        json!(or(&status["nominatedNodeName"], "<none>")),
        json!("<none>"),
    ]
}

/// The word for a pod's state: the first that applies of a long chain.
fn pod_status(object: &Value) -> String {
    let (spec, status) = (&object["spec"], &object["status"]);
    let mut word = or(&status["reason"], or(&status["phase"], "Unknown")).to_owned();
    if each(&status["conditions"]).any(|one| one["type"] == "PodScheduled" && one["reason"] == "SchedulingGated") {
        word = "SchedulingGated".to_owned();
    }
    let initialising = initialising(spec, status);
    if let Some(initialising) = &initialising {
        word.clone_from(initialising);
    } else {
        let mut has_running = false;
        for container in each(&status["containerStatuses"]).collect::<Vec<_>>().into_iter().rev() {
            let state = &container["state"];
            let waiting = text(&state["waiting"]["reason"]);
            if !waiting.is_empty() {
                word = waiting.to_owned();
            } else if state["terminated"].is_object() {
                word = ended(&state["terminated"]);
            } else if container["ready"] == true && state["running"].is_object() {
                has_running = true;
            }
        }
        if word == "Completed" && has_running {
            word = if has_condition(object, "Ready") { "Running" } else { "NotReady" }.to_owned();
        }
    }
    match object["metadata"]["deletionTimestamp"].is_string() {
        true if status["reason"] == "NodeLost" => "Unknown".to_owned(),
        true if !matches!(text(&status["phase"]), "Succeeded" | "Failed") => "Terminating".to_owned(),
        _ => word,
    }
}

fn ended(terminated: &Value) -> String {
    match (text(&terminated["reason"]), terminated["signal"].as_i64().unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", terminated["exitCode"]),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// `Init:…` where an init container is not done yet.
fn initialising(spec: &Value, status: &Value) -> Option<String> {
    let total = each(&spec["initContainers"]).count();
    for (index, container) in each(&status["initContainerStatuses"]).enumerate() {
        let state = &container["state"];
        let is_sidecar = each(&spec["initContainers"]).any(|one| one["name"] == container["name"] && is_sidecar(one));
        if state["terminated"]["exitCode"] == 0 || (is_sidecar && container["started"] == true) {
            continue;
        }
        let waiting = text(&state["waiting"]["reason"]);
        return Some(if state["terminated"].is_object() {
            format!("Init:{}", ended(&state["terminated"]))
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format!("Init:{waiting}")
        } else {
            format!("Init:{index}/{total}")
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pod_status_names_what_holds_the_pod() {
        let status = |pod: Value| pod_status(&pod);
        let waiting = json!({ "status": { "phase": "Pending", "containerStatuses":
            [{ "name": "a", "state": { "waiting": { "reason": "ImagePullBackOff" } } }] } });
        assert_eq!(status(waiting), "ImagePullBackOff");
        let init = json!({
            "spec": { "initContainers": [{ "name": "a" }, { "name": "b" }] },
            "status": { "phase": "Pending", "initContainerStatuses": [
                { "name": "a", "state": { "terminated": { "exitCode": 0 } } },
                { "name": "b", "state": { "waiting": { "reason": "PodInitializing" } } },
            ] },
        });
        assert_eq!(status(init), "Init:1/2");
        let ended = json!({ "status": { "phase": "Succeeded", "containerStatuses":
            [{ "name": "a", "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } }] } });
        assert_eq!(status(ended), "Completed");
        let going =
            json!({ "metadata": { "deletionTimestamp": "2026-11-21T03:00:00Z" }, "status": { "phase": "Running" } });
        assert_eq!(status(going), "Terminating");
    }
}
