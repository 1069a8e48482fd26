//! Creating objects as the API server does: what was left out is filled in. Used for the story's manifests and for the
//! Jobs of CronJobs; pods are completed where a Job makes them.

use serde_json::{Value, json};

use super::job;
use super::object::{containers_mut, int, stamp};
use crate::demo::store::{Store, path_of};
use crate::model::clock::Time;

/// Creates an object as the API server does, completed and with its times, or replaces the spec and the metadata of the
/// one that there is. Answers its path.
pub(in crate::demo) fn apply(store: &mut Store, mut object: Value, now: Time) -> String {
    let path = path_of(&object);
    let known = store.get(&path).cloned();
    for (field, value) in [("creationTimestamp", json!(stamp(now))), ("generation", json!(1))] {
        let of_known = known.as_ref().map(|known| known["metadata"][field].clone());
        if object["metadata"][field].is_null() {
            object["metadata"][field] = of_known.unwrap_or(value);
        }
    }
    if let Some(known) = known {
        object["metadata"]["uid"] = known["metadata"]["uid"].clone();
        object["status"] = known["status"].clone();
        object["metadata"]["generation"] = json!(int(&known["metadata"]["generation"], 1) + 1);
    }
    if object["status"].is_null() {
        object["status"] = json!({});
    }
    store.put(object);
    // What names the object by its UID can only be written once it has one.
    if let Some(mut made) = store.get(&path).filter(|made| made["kind"] == "Job").cloned() {
        complete_job(&mut made);
        store.put(made);
    }
    path
}

/// Fills in what the API server fills in when a Job is created: the fields that were left out, the selector, and the
/// labels that tie its pods to it. The Job must have its UID.
fn complete_job(job: &mut Value) {
    let spec = &mut job["spec"];
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        spec["completions"] = json!(1);
    }
    let limit = if spec["backoffLimitPerIndex"].is_null() { 6 } else { i64::from(i32::MAX) };
    let replacement = if spec["podFailurePolicy"].is_null() { "TerminatingOrFailed" } else { "Failed" };
    let fields = [
        ("parallelism", json!(1)),
        ("backoffLimit", json!(limit)),
        ("completionMode", json!("NonIndexed")),
        ("suspend", json!(false)),
        ("manualSelector", json!(false)),
        ("podReplacementPolicy", json!(replacement)),
    ];
    fill(spec, &fields);
    let labels = job::labels(job);
    let uid = job["metadata"]["uid"].clone();
    job["spec"]["selector"] = json!({ "matchLabels": { "batch.kubernetes.io/controller-uid": uid } });
    for (label, value) in labels {
        job["spec"]["template"]["metadata"]["labels"][label] = value;
    }
    if job["metadata"]["labels"].is_null() {
        job["metadata"]["labels"] = job["spec"]["template"]["metadata"]["labels"].clone();
    }
    complete_pod_spec(&mut job["spec"]["template"]["spec"]);
}

/// Fills in what was left out of a pod's spec.
fn complete_pod_spec(spec: &mut Value) {
    let fields = [
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("securityContext", json!({})),
        ("terminationGracePeriodSeconds", json!(30)),
    ];
    fill(spec, &fields);
    for container in containers_mut(spec) {
        let fields = [
            ("imagePullPolicy", json!("IfNotPresent")),
            ("resources", json!({})),
            ("terminationMessagePath", json!("/dev/termination-log")),
            ("terminationMessagePolicy", json!("File")),
        ];
        fill(container, &fields);
    }
}

fn fill(object: &mut Value, fields: &[(&str, Value)]) {
    for (field, value) in fields {
        if object[*field].is_null() {
            object[*field] = value.clone();
        }
    }
}
