//! Small clusters for the tests of the families: a Job `etl` in namespace `batch` with one pod on node `worker-1`, and
//! what the test puts around them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Finding;
use super::tests::{examine, snapshot_of};
use crate::model::fixtures::time;
use crate::model::key::{Kind, Uid};
use crate::model::owner::Subject;

/// The present moment of all scenes.
pub(super) const NOW: &str = "2026-05-04T12:00:00Z";

/// A cluster, and what its logs say.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// All objects, those that are not watched too.
    pub(super) objects: Vec<Value>,
}

impl Scene {
    /// A Job with one pod that has this status.
    pub(super) fn new(status: Value) -> Self {
        let containers = json!([{ "name": "worker", "image": "registry.example.com/team/etl:1.4" }]);
        let job = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": { "name": "etl", "namespace": "batch", "uid": "etl", "creationTimestamp": "2026-05-04T11:00:00Z" },
            "spec": {
                "parallelism": 1, "completions": 1, "backoffLimit": 6,
                "template": { "spec": { "restartPolicy": "Never", "containers": containers } },
            },
            "status": { "startTime": "2026-05-04T11:00:00Z", "active": 1 },
        });
        let mut scene = Self { objects: vec![job] };
        scene.add_pod("etl-a", "2026-05-04T11:40:00Z", status);
        scene
    }

    /// A pod whose one container has this state.
    pub(super) fn of_state(phase: &str, state: Value) -> Self {
        Self::new(json!({
            "phase": phase, "startTime": "2026-05-04T11:40:00Z",
            "conditions": [{ "type": "Initialized", "status": "True" }],
            "containerStatuses": [{ "name": "worker", "restartCount": 0, "state": state }],
        }))
    }

    /// A pod whose one container waits for this reason.
    pub(super) fn waiting(reason: &str, message: &str) -> Self {
        Self::of_state("Pending", json!({ "waiting": { "reason": reason, "message": message } }))
    }

    /// A pod whose one container ended so, after a minute.
    pub(super) fn ended(exit_code: i32, reason: &str) -> Self {
        Self::of_state(if exit_code == 0 { "Succeeded" } else { "Failed" }, end(exit_code, reason, "11:50"))
    }

    /// Another try.
    pub(super) fn add_pod(&mut self, name: &str, created: &str, status: Value) {
        let spec = self.objects[0]["spec"]["template"]["spec"].clone();
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": name, "namespace": "batch", "uid": name, "creationTimestamp": created,
                "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "etl", "controller": true }],
            },
            "spec": spec, "status": status,
        });
        pod["spec"]["nodeName"] = json!("worker-1");
        self.objects.push(pod);
    }

    /// The Job.
    pub(super) fn job(&mut self) -> &mut Value {
        &mut self.objects[0]
    }

    /// The first pod.
    pub(super) fn pod(&mut self) -> &mut Value {
        &mut self.objects[1]
    }

    /// With a value at this place of the first pod.
    pub(super) fn pod_with(mut self, pointer: &str, value: Value) -> Self {
        *self.pod().pointer_mut(pointer).unwrap() = value;
        self
    }

    /// With an object of any kind; without a UID its name is its UID.
    pub(super) fn with(mut self, object: Value) -> Self {
        self.objects.push(object);
        self
    }

    /// With an event, such as `("Pod", "etl-a", "Failed", "…")`, seen last at this minute.
    pub(super) fn event(self, about: (&str, &str), reason: &str, note: &str, at: &str) -> Self {
        let uid = format!("{reason}-{at}-{}", self.objects.len());
        let at = format!("2026-05-04T{at}:00Z");
        let (kind, name) = about;
        self.with(json!({
            "apiVersion": "v1", "kind": "Event", "type": "Warning",
            "metadata": { "name": uid, "namespace": "batch", "uid": uid, "creationTimestamp": at },
            "involvedObject": { "kind": kind, "name": name, "uid": name, "namespace": "batch" },
            "reason": reason, "message": note, "firstTimestamp": at, "lastTimestamp": at, "count": 1,
        }))
    }

    /// With the end of a pod's log.
    pub(super) fn tail(self, pod: &str, lines: &[&str]) -> Self {
        self.with(log(pod, lines))
    }

    /// What is found of the Job.
    pub(super) fn find(&self) -> Vec<Finding> {
        self.find_of(Kind::Job, "etl")
    }

    /// The same of the first pod.
    pub(super) fn find_of_pod(&self) -> Vec<Finding> {
        self.find_of(Kind::Pod, "etl-a")
    }

    fn find_of(&self, kind: Kind, uid: &str) -> Vec<Finding> {
        let subject = Subject { kind, uid: Uid::new(uid) };
        examine(&snapshot_of(&self.objects), &self.objects, time(NOW), subject)
    }

    /// The number of the first rule that finds something; empty where none does.
    pub(super) fn rule(&self) -> &'static str {
        self.find().first().map_or("", |finding| finding.rule.0)
    }
}

/// The state of a container that ended at this minute, a minute after its start.
pub(super) fn end(exit_code: i32, reason: &str, at: &str) -> Value {
    let finished = time(&format!("2026-05-04T{at}:00Z"));
    let write = |time: crate::model::clock::Time| json!(time.to_timestamp().to_string());
    json!({ "terminated": {
        "exitCode": exit_code, "reason": reason,
        "startedAt": write(finished.plus_seconds(-60)), "finishedAt": write(finished),
    } })
}

/// What the containers of a pod have said, for [`examine`].
pub(super) fn log(pod: &str, lines: &[&str]) -> Value {
    json!({ "apiVersion": "v1", "kind": "Log", "metadata": { "name": pod, "namespace": "batch" }, "lines": lines })
}

/// A message as it was recorded: where it stands, its text and the rule that reads it.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    /// `waiting ErrImagePull`, `FailedMount`, `pod.status`, `log`.
    #[serde(rename = "in")]
    pub(super) place: String,
    /// The text.
    pub(super) text: String,
    /// The rule; None where no rule has anything to say of it.
    pub(super) signature: Option<String>,
    /// The reason beside it, for a pod's status.
    #[serde(default)]
    pub(super) reason: String,
}

/// The recorded messages whose rules have numbers in this range.
pub(super) fn messages(from: &str, to: &str) -> Vec<Message> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/triage/messages.yaml");
    let all: Vec<Message> = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all.into_iter().filter(|one| one.signature.as_deref().is_some_and(|rule| (from..=to).contains(&rule))).collect()
}
