//! The pods that a Job makes: which are due, when a failed one may be replaced, what they look like.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{CONTROLLER, Counted, Look, TRACKING, index};
use crate::demo::controllers::object::{
    containers_mut, controller_reference, core_folder, items, lot, name, namespace, stamp, suffix, take_items, time,
};
use crate::demo::controllers::quota;
use crate::model::clock::Time;

/// The first pause before a failed pod is replaced, in seconds; it doubles with each failure in a row.
pub(super) const FIRST_PAUSE: i64 = 10;

/// The longest such pause, in seconds.
pub(super) const LONGEST_PAUSE: i64 = 600;

/// The longest pause after the server refused a pod, in seconds; the first is one second.
const LONGEST_REFUSED_PAUSE: i64 = 60;

/// The path of a pod.
pub(super) fn path(pod: &Value) -> String {
    format!("{}{}", core_folder(namespace(pod), "pods"), name(pod))
}

/// When the pod's last container ended; for one without, when it was made.
pub(super) fn ended(pod: &Value) -> Option<Time> {
    let ends = items(&pod["status"]["containerStatuses"]).iter();
    let ends = ends.filter_map(|one| time(&one["state"]["terminated"]["finishedAt"]));
    ends.max().or_else(|| time(&pod["metadata"]["creationTimestamp"]))
}

/// Until when the pods of an index hold back the next one, where each index has its own limit.
fn pause<'a>(counted: impl Iterator<Item = &'a Counted>) -> Option<Time> {
    let mut ends: Vec<(Time, bool)> = counted.filter_map(|one| Some((one.end?, one.is_failed))).collect();
    ends.sort_unstable();
    let in_row = ends.iter().rev().take_while(|(_, is_failed)| *is_failed).count();
    let (last, _) = ends.last().filter(|_| in_row > 0)?;
    let doubled = FIRST_PAUSE.saturating_mul(1 << (in_row - 1).min(10));
    Some(last.plus_seconds(doubled.min(LONGEST_PAUSE)))
}

impl Look<'_, '_> {
    /// Creates up to `room` pods, in batches that double and stop with the first one that was refused.
    pub(super) fn create(&mut self, room: usize) {
        if let Some(tries) = self.world.waiting(self.path) {
            self.again = Some(tries.until);
            return;
        }
        let mut due = self.due(room);
        let mut batch = 1;
        while !due.is_empty() {
            let rest = due.split_off(batch.min(due.len()));
            let mut is_refused = false;
            for pod in due {
                is_refused |= !self.create_one(pod);
            }
            if is_refused {
                self.again = Some(self.world.failed(self.path, 1, LONGEST_REFUSED_PAUSE));
                return;
            }
            self.world.memory.tries.remove(self.path);
            (due, batch) = (rest, batch * 2);
        }
    }

    fn create_one(&mut self, pod: Value) -> bool {
        match quota::refusal(self.world.store, &pod) {
            None => {
                let note = format!("Created pod: {}", name(&pod));
                self.world.store.put(pod.clone());
                self.pods.push(pod);
                self.world.event(&self.job, CONTROLLER, "Normal", "SuccessfulCreate", &note);
                true
            }
            Some(refusal) => {
                let note = format!("Error creating: {refusal}");
                self.world.event(&self.job, CONTROLLER, "Warning", "FailedCreate", &note);
                false
            }
        }
    }

    /// The pods that may be created now, at most `room`; notes when the next may.
    fn due(&mut self, room: usize) -> Vec<Value> {
        let now = self.world.now;
        if !self.is_per_index()
            && let Some(tries) = self.world.waiting(&self.pause_key())
        {
            self.again = Some(tries.until);
            return Vec::new();
        }
        if !self.is_indexed() {
            return (0..room).map(|number| self.pod(number, None)).collect();
        }
        let taken: BTreeSet<u32> = self.active().filter_map(index::of).collect();
        let mut of_index: BTreeMap<u32, Vec<&Counted>> = BTreeMap::new();
        for pod in &self.counted {
            if let Some(index) = pod.index {
                of_index.entry(index).or_default().push(pod);
            }
        }
        let (mut found, mut again) = (Vec::new(), None);
        let completions = u32::try_from(self.spec("completions", 1)).unwrap_or_default();
        let open = (0..completions)
            .filter(|index| !(taken.contains(index) || self.completed.contains(index) || self.failed.contains(index)));
        for index in open {
            let before = of_index.get(&index).map_or(&[][..], Vec::as_slice);
            let until = if self.is_per_index() { pause(before.iter().copied()) } else { None };
            match until.filter(|until| *until > now) {
                Some(until) => again = again.into_iter().chain([until]).min(),
                None if found.len() < room => found.push((index, before.len())),
                None => break,
            }
        }
        self.again = again;
        found.into_iter().enumerate().map(|(number, index)| self.pod(number, Some(index))).collect()
    }

    /// A pod from the template; `index` comes with how often it had failed before.
    fn pod(&self, number: usize, index: Option<(u32, usize)>) -> Value {
        let job_name = name(&self.job);
        let stem = index.map_or_else(|| format!("{job_name}-"), |(index, _)| format!("{job_name}-{index}-"));
        let made = self.world.store.version().to_string();
        let chance = lot(self.world.seed, &[super::super::object::uid(&self.job), &made, &number.to_string()]);
        let template = &self.job["spec"]["template"];
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": template["metadata"], "spec": template["spec"],
            "status": { "phase": "Pending" },
        });
        if pod["metadata"].is_null() {
            pod["metadata"] = json!({});
        }
        let metadata = &mut pod["metadata"];
        metadata["name"] = json!(format!("{stem}{}", suffix(chance)));
        metadata["generateName"] = json!(stem);
        metadata["namespace"] = self.job["metadata"]["namespace"].clone();
        metadata["creationTimestamp"] = json!(stamp(self.world.now));
        metadata["generation"] = json!(1);
        metadata["finalizers"] = json!([TRACKING]);
        metadata["ownerReferences"] = json!([controller_reference(&self.job)]);
        for (label, value) in labels(&self.job) {
            metadata["labels"][label] = value;
        }
        if let Some((index, failures)) = index {
            let word = json!(index.to_string());
            metadata["annotations"][index::INDEX] = word.clone();
            metadata["labels"][index::INDEX] = word;
            if self.is_per_index() {
                metadata["annotations"][index::FAILURES] = json!(failures.to_string());
            }
            pod["spec"]["hostname"] = json!(format!("{job_name}-{index}"));
        }
        complete(&mut pod, index.is_some());
        pod
    }
}

/// The labels that tie pods to their Job.
fn labels(job: &Value) -> [(&'static str, Value); 4] {
    let (job_name, uid) = (&job["metadata"]["name"], &job["metadata"]["uid"]);
    [
        ("batch.kubernetes.io/job-name", job_name.clone()),
        ("job-name", job_name.clone()),
        ("batch.kubernetes.io/controller-uid", uid.clone()),
        ("controller-uid", uid.clone()),
    ]
}

/// Fills in what the Job controller and the API server add to a pod: the index in the environment, requests where there
/// are limits alone, the service account and the tolerations that every pod has.
fn complete(pod: &mut Value, has_index: bool) {
    let (mut has_resources, mut is_guaranteed) = (false, true);
    for container in containers_mut(&mut pod["spec"]) {
        if has_index {
            let path = format!("metadata.labels['{}']", index::INDEX);
            let mut env = take_items(&mut container["env"]);
            if !env.iter().any(|one| one["name"] == "JOB_COMPLETION_INDEX") {
                let field = json!({ "fieldRef": { "apiVersion": "v1", "fieldPath": path } });
                env.push(json!({ "name": "JOB_COMPLETION_INDEX", "valueFrom": field }));
            }
            container["env"] = env.into();
        }
        for (resource, limit) in container["resources"]["limits"].as_object().cloned().unwrap_or_default() {
            let requests = &mut container["resources"]["requests"];
            if requests[&resource].is_null() {
                requests[&resource] = limit;
            }
        }
        let resources = &container["resources"];
        has_resources |= resources["requests"].is_object();
        is_guaranteed &= ["cpu", "memory"].iter().all(|one| {
            let limit = &resources["limits"][*one];
            !limit.is_null() && resources["requests"][*one] == *limit
        });
    }
    pod["status"]["qosClass"] = json!(match (is_guaranteed, has_resources) {
        (true, _) => "Guaranteed",
        (_, true) => "Burstable",
        _ => "BestEffort",
    });
    let spec = &mut pod["spec"];
    if spec["serviceAccountName"].is_null() {
        spec["serviceAccountName"] = json!("default");
    }
    spec["serviceAccount"] = spec["serviceAccountName"].clone();
    spec["priority"] = json!(0);
    spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    spec["enableServiceLinks"] = json!(true);
    let mut tolerations = take_items(&mut spec["tolerations"]);
    tolerations.extend(["not-ready", "unreachable"].map(|state| {
        json!({
            "key": format!("node.kubernetes.io/{state}"), "operator": "Exists", "effect": "NoExecute",
            "tolerationSeconds": 300,
        })
    }));
    spec["tolerations"] = tolerations.into();
}
