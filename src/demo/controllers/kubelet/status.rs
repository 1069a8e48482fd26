//! Sums up a pod: phase, conditions, addresses, and which containers are ready.

use serde_json::{Value, json};

use super::{Role, SANDBOX_SECONDS, Unit};
use crate::demo::controllers::object::{is_deleting, is_pod_ended, lot, set_condition, text, time, uid};
use crate::model::clock::Time;

/// Brings the status of a pod in line with its containers.
pub(super) fn sum_up(pod: &mut Value, units: &[Unit], now: Time) {
    let phase = phase(pod, units);
    pod["status"]["phase"] = json!(phase);
    let is_up = time(&pod["status"]["startTime"]).is_some_and(|start| start.plus_seconds(SANDBOX_SECONDS) <= now);
    let is_mounted = units.iter().any(|unit| text(&unit.status["state"]["waiting"]["reason"]) != "ContainerCreating");
    if pod["status"]["podIP"].is_null() && is_up && is_mounted {
        let number = lot(0, &[uid(pod)]);
        let address = format!("10.42.{}.{}", number % 6, number / 6 % 250 + 2);
        pod["status"]["podIP"] = json!(address);
        pod["status"]["podIPs"] = json!([{ "ip": address }]);
    }
    conditions(pod, units, phase, is_up && is_mounted, now);
}

fn phase(pod: &Value, units: &[Unit]) -> &'static str {
    let restarts = pod["spec"]["restartPolicy"] == "OnFailure" && !is_deleting(pod);
    let failed = |unit: &&Unit| unit.role != Role::Sidecar && unit.exit_code().is_some_and(|code| code != 0);
    let has_failed = units.iter().any(|unit| failed(&unit));
    let runs = units.iter().any(|unit| unit.running_since().is_some());
    if is_deleting(pod) && !runs {
        return if !has_failed && units.iter().all(|unit| unit.exit_code() == Some(0)) {
            "Succeeded"
        } else {
            "Failed"
        };
    }
    let has_failed_init = units.iter().any(|unit| unit.role == Role::Init && failed(&unit));
    let mut mains = units.iter().filter(|unit| unit.role == Role::Main);
    if mains.clone().all(|unit| unit.end().is_some()) && !runs && !(restarts && has_failed) {
        return if has_failed { "Failed" } else { "Succeeded" };
    }
    if has_failed_init && !restarts && !runs {
        return "Failed";
    }
    let has_run = |unit: &Unit| unit.running_since().is_some() || unit.end().is_some() || unit.restarts() > 0;
    if mains.any(has_run) { "Running" } else { "Pending" }
}

/// Whether a container is ready: runs, or has done what comes first.
pub(super) fn is_ready(unit: &Unit) -> bool {
    match unit.role {
        Role::Init => unit.exit_code() == Some(0),
        _ => unit.running_since().is_some(),
    }
}

fn conditions(pod: &mut Value, units: &[Unit], phase: &str, is_up: bool, now: Time) {
    let is_over = is_pod_ended(pod);
    let names =
        |which: &dyn Fn(&&Unit) -> bool| units.iter().filter(which).map(Unit::name).collect::<Vec<_>>().join(" ");
    let uninitialized = names(&|unit| match unit.role {
        Role::Init => unit.exit_code() != Some(0),
        Role::Sidecar => unit.running_since().is_none() && unit.end().is_none(),
        Role::Main => false,
    });
    let unready = names(&|unit| unit.role != Role::Init && !is_ready(unit));
    let yes = |kind: &str| json!({ "type": kind, "status": "True", "lastProbeTime": null });
    let no = |kind: &str, reason: &str, message: String| {
        let mut one = json!({ "type": kind, "status": "False", "lastProbeTime": null });
        if !reason.is_empty() {
            one["reason"] = json!(reason);
        }
        if !message.is_empty() {
            one["message"] = json!(message);
        }
        one
    };
    let mut all = vec![if is_up && !is_over {
        yes("PodReadyToStartContainers")
    } else {
        no("PodReadyToStartContainers", "", String::new())
    }];
    all.push(if uninitialized.is_empty() {
        yes("Initialized")
    } else {
        no("Initialized", "ContainersNotInitialized", format!("containers with incomplete status: [{uninitialized}]"))
    });
    for kind in ["Ready", "ContainersReady"] {
        all.push(match phase {
            "Succeeded" => no(kind, "PodCompleted", String::new()),
            "Failed" => no(kind, "PodFailed", String::new()),
            _ if unready.is_empty() => yes(kind),
            _ => no(kind, "ContainersNotReady", format!("containers with unready status: [{unready}]")),
        });
    }
    for one in all {
        set_condition(pod, one, now);
    }
}
