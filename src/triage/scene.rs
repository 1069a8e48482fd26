//! Small objects for the tests of the families: a Job, its pods, the nodes, what was said of them. All that a test does
//! not name is as in a healthy cluster.

use serde_json::{Value, json};

use super::tests::{examine, snapshot_of};
use super::{Finding, Severity};
use crate::model::clock::Time;
use crate::model::fixtures::time;
use crate::model::key::{Kind, Uid};
use crate::model::owner::Subject;

/// The moment of every scene.
pub(super) fn now() -> Time {
    time("2026-05-04T12:00:00Z")
}

/// The moment so many seconds before [`now`], as the API writes it.
pub(super) fn ago(seconds: i64) -> String {
    now().plus_seconds(-seconds).to_string()
}

/// An object with what another one says put over it.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    json_patch::merge(&mut object, &more);
    object
}

/// Job `etl` in namespace `batch`, an hour old and begun.
pub(super) fn job() -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": "etl", "namespace": "batch", "uid": "etl", "creationTimestamp": ago(3_600) },
        "spec": {
            "parallelism": 1, "completions": 1, "backoffLimit": 6,
            "template": { "spec": { "containers": [{ "name": "main" }] } },
        },
        "status": { "startTime": ago(3_600) },
    })
}

/// A Job's status with one condition, since this time; of a Job that is complete it is its end.
pub(super) fn condition(kind: &str, reason: &str, since: &str) -> Value {
    let one = json!({ "type": kind, "status": "True", "reason": reason, "lastTransitionTime": since });
    let completed = if kind == "Complete" { json!(since) } else { Value::Null };
    json!({ "status": { "conditions": [one], "completionTime": completed } })
}

/// A pod of it that waits for a node for five minutes, with the words of its `PodScheduled` condition.
pub(super) fn pod(name: &str, reason: &str, message: &str) -> Value {
    let condition = json!({ "type": "PodScheduled", "status": "False", "reason": reason, "message": message });
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "batch", "uid": name, "creationTimestamp": ago(300),
            "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "etl", "controller": true,
            }],
        },
        "spec": { "containers": [{ "name": "main" }] },
        "status": { "phase": "Pending", "conditions": if reason.is_empty() { json!([]) } else { json!([condition]) } },
    })
}

/// A pod that waits with these words, and its Job.
pub(super) fn unplaced(message: &str) -> Vec<Value> {
    vec![job(), pod("etl-a", "Unschedulable", message)]
}

/// A pod of it on a node that failed so many seconds ago.
pub(super) fn failed_pod(name: &str, seconds: i64) -> Value {
    let end = json!({ "exitCode": 1, "reason": "Error", "finishedAt": ago(seconds) });
    with(
        pod(name, "", ""),
        json!({
            "spec": { "nodeName": "worker-1" },
            "status": { "phase": "Failed", "containerStatuses": [{ "name": "main", "state": { "terminated": end } }] },
        }),
    )
}

/// A node of 8 CPUs and 32Gi.
pub(super) fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": name, "uid": name, "labels": { "kubernetes.io/hostname": name } },
        "spec": {},
        "status": { "allocatable": { "cpu": "8", "memory": "32Gi", "pods": "110" } },
    })
}

/// An event of half a minute ago about an object of this kind.
pub(super) fn event(kind: &str, about: &str, reason: &str, note: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("{about}.{reason}"), "namespace": "batch", "creationTimestamp": ago(90) },
        "involvedObject": {
            "apiVersion": if kind == "Job" { "batch/v1" } else { "v1" },
            "kind": kind, "name": about, "uid": about, "namespace": "batch",
        },
        "reason": reason, "message": note, "type": "Warning", "count": 3, "lastTimestamp": ago(30),
    })
}

/// What is found on the Job of a scene.
pub(super) fn found(objects: &[Value]) -> Vec<Finding> {
    let subject = Subject { kind: Kind::Job, uid: Uid::new("etl") };
    examine(&snapshot_of(objects), objects, now(), subject)
}

/// The one finding of a scene: its rule, its severity and its verdict.
pub(super) fn only(objects: &[Value]) -> (&'static str, Severity, String) {
    let mut found = found(objects);
    assert_eq!(found.len(), 1, "{found:#?}");
    let finding = found.remove(0);
    assert!(!finding.short.is_empty() && finding.verdict.ends_with('.'), "{finding:#?}");
    assert!(finding.group.starts_with(finding.rule.0), "{finding:#?}");
    (finding.rule.0, finding.severity, finding.verdict)
}

/// Nothing is found on the Job of a scene.
pub(super) fn nothing(objects: &[Value]) {
    let found = found(objects);
    assert!(found.is_empty(), "{found:#?}");
}
