//! New objects made from those that are or were there: a Job once more, a run of a CronJob now, what was deleted.

mod form;
mod name;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use super::object::{LAST_APPLIED, WRITTEN_BY_SERVER, remove_entries};

pub use form::{FormError, form, is_of_form, path_in_form, with_form};
pub use name::{name_of_rerun, name_of_trigger};

/// Labels that the API server gives a Job's pods, and a Job without labels of its own; they name the Job and its UID.
const OF_CONTROLLER: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];

/// Annotations that tell of one run of a Job.
const OF_RUN: [&str; 3] =
    [LAST_APPLIED, "batch.kubernetes.io/job-tracking", "batch.kubernetes.io/cronjob-scheduled-timestamp"];

/// Fields of `metadata` that belong to one life of an object, besides those that the server writes into any.
const OF_LIFE: [&str; 4] = ["deletionTimestamp", "deletionGracePeriodSeconds", "finalizers", "generateName"];

/// The label by which Kueue takes a Job into a queue; it then suspends and resumes it.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// A new Job of this name that runs what `job` ran: without its status, what the controllers and the API server wrote
/// into it, and its finalizers. A Job that was suspended runs, unless it waits in a queue of Kueue. With `keeps_owner`
/// the controller that owned it (a CronJob) owns the new one as well; other owners are never kept.
///
/// What cannot be told from the Job alone stays: node selectors and tolerations that Kueue put in.
pub fn clone(job: &Value, name: &str, keeps_owner: bool) -> Value {
    let mut clone = recreated(job, keeps_owner);
    let old_name = job["metadata"]["name"].as_str().unwrap_or_default();
    if let Some(metadata) = clone.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), name.into());
        remove_entries(metadata, "labels", &OF_CONTROLLER);
    }
    let is_queued = clone["metadata"]["labels"].get(QUEUE).is_some();
    if let Some(spec) = clone.get_mut("spec").and_then(Value::as_object_mut) {
        if spec.get("suspend") == Some(&Value::Bool(true)) && !is_queued {
            spec.remove("suspend");
        }
        let has_own_selector = spec.get("manualSelector") == Some(&Value::Bool(true));
        if !has_own_selector {
            spec.remove("selector");
            spec.remove("manualSelector");
        }
        if let Some(template) = spec.get_mut("template") {
            prepare_template(template, has_own_selector, old_name, name, job["metadata"]["uid"].as_str());
        }
    }
    clone
}

/// Takes out of a pod template what names the Job that it was of, and lets what it says of its own pods mean the new
/// Job's.
fn prepare_template(template: &mut Value, has_own_selector: bool, old: &str, new: &str, uid: Option<&str>) {
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        if !has_own_selector {
            remove_entries(metadata, "labels", &OF_CONTROLLER);
        }
        metadata.retain(|_, value| !value.is_null());
    }
    for rules in ["affinity", "topologySpreadConstraints"] {
        if let Some(rules) = template.pointer_mut(&format!("/spec/{rules}")) {
            rename_selectors(rules, old, new, uid);
        }
    }
}

/// Lets label selectors that choose the old Job's pods by its name or UID choose the new Job's, by its name.
fn rename_selectors(value: &mut Value, old: &str, new: &str, uid: Option<&str>) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| rename_selectors(element, old, new, uid)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("matchLabels", Value::Object(labels)) => rename_labels(labels, old, new, uid),
                    ("matchExpressions", Value::Array(expressions)) => {
                        expressions.iter_mut().for_each(|expression| rename_expression(expression, old, new, uid));
                    }
                    (_, value) => rename_selectors(value, old, new, uid),
                }
            }
        }
        _ => {}
    }
}

fn rename_labels(labels: &mut Map<String, Value>, old: &str, new: &str, uid: Option<&str>) {
    for key in OF_CONTROLLER {
        if labels.get(key).is_some_and(|value| is_of_job(key, value, old, uid)) {
            labels.remove(key);
            labels.insert(name_label(key).to_owned(), new.into());
        }
    }
}

fn rename_expression(expression: &mut Value, old: &str, new: &str, uid: Option<&str>) {
    let Some(key) = OF_CONTROLLER.into_iter().find(|key| expression["key"] == **key) else { return };
    let mut is_renamed = false;
    for value in expression.get_mut("values").and_then(Value::as_array_mut).into_iter().flatten() {
        if is_of_job(key, value, old, uid) {
            *value = new.into();
            is_renamed = true;
        }
    }
    if is_renamed {
        expression["key"] = name_label(key).into();
    }
}

/// Whether this value of one of the controller's labels means the Job.
fn is_of_job(key: &str, value: &Value, name: &str, uid: Option<&str>) -> bool {
    let text = value.as_str();
    if key.ends_with("uid") { text.is_some() && text == uid } else { text == Some(name) }
}

/// The label with the Job's name that stands for this one, as the UID of a new Job is not known.
fn name_label(key: &'static str) -> &'static str {
    match key {
        "batch.kubernetes.io/controller-uid" => "batch.kubernetes.io/job-name",
        "controller-uid" => "job-name",
        key => key,
    }
}

/// The Job that runs a CronJob's template now, field by field as `kubectl create job NAME --from=cronjob/…` makes it
/// (`createJobFromCronJob` in `staging/src/k8s.io/kubectl/pkg/cmd/create/create_job.go`): annotations of the template
/// win over the one that says "manual", and the owner reference is without `blockOwnerDeletion`, which needs a right
/// of its own on some clusters.
pub fn trigger(cronjob: &Value, name: &str) -> Value {
    let template = &cronjob["spec"]["jobTemplate"];
    let owner = &cronjob["metadata"];
    let mut annotations = json!({ "cronjob.kubernetes.io/instantiate": "manual" });
    json_patch::merge(&mut annotations, &json!(template["metadata"]["annotations"].as_object().unwrap_or(&Map::new())));
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "annotations": annotations,
            "ownerReferences": [{
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "name": owner["name"],
                "uid": owner["uid"],
                "controller": true,
            }],
        },
        "spec": template["spec"],
    });
    for (field, value) in [("namespace", &owner["namespace"]), ("labels", &template["metadata"]["labels"])] {
        if !value.is_null() {
            job["metadata"][field] = value.clone();
        }
    }
    job
}

/// The object to be created again under its name after it was deleted. A Job comes back suspended, so that its work is
/// not done twice unasked. Its owner is kept, if it is a controller: where that one is gone too, the garbage collector
/// takes the object at once, so that the caller has to look for it first.
pub fn restored(object: &Value) -> Value {
    if object["kind"] == "Job" {
        let mut job = clone(object, object["metadata"]["name"].as_str().unwrap_or_default(), true);
        if let Some(spec) = job.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("suspend".to_owned(), true.into());
        }
        return job;
    }
    let mut object = recreated(object, true);
    if object["kind"] == "Pod"
        && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
    {
        // The scheduler chooses a node again.
        spec.remove("nodeName");
    }
    object
}

/// An object without what belongs to its one life, for a new one of the same kind.
fn recreated(object: &Value, keeps_owner: bool) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !WRITTEN_BY_SERVER.contains(&name.as_str()) && !OF_LIFE.contains(&name.as_str()));
        remove_entries(metadata, "annotations", &OF_RUN);
        let owners = metadata.remove("ownerReferences");
        let owners = owners.iter().filter_map(Value::as_array).flatten();
        let controller: Vec<&Value> = owners.filter(|owner| keeps_owner && owner["controller"] == true).collect();
        if !controller.is_empty() {
            metadata.insert("ownerReferences".to_owned(), json!(controller));
        }
    }
    object
}
