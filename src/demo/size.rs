//! The size mode: so many Jobs with their pods, for figures without a real server. They are placed as they would be
//! found, most of them finished, some running; the controllers go on with those. Called by [`super::story`].
//!
//! A Job with its two pods takes some 50 kB: they are kept as JSON trees, whose maps have room for eleven fields each,
//! however few they have. It is a mode for figures of the screen, so that this was left simple.

use serde_json::{Value, json};

use super::controllers::{Controllers, apply, lot, stamp};
use super::store::Store;
use crate::model::clock::Time;

/// Jobs are spread over so many namespaces.
const NAMESPACES: usize = 40;

/// The Jobs began within so many seconds before now.
const SPREAD_SECONDS: u64 = 6 * 3_600;

/// Of each hundred Jobs so many run; so many more failed; the rest is complete.
const RUNNING: u64 = 3;
const FAILED: u64 = 4;

/// Fills an empty store with `size` Jobs of two pods each; answers the controllers that go on with it.
pub(super) fn fill(store: &mut Store, size: usize, now: Time, seed: u64) -> Controllers {
    for number in 0..NAMESPACES.min(size) {
        store.put(json!({
            "apiVersion": "v1", "kind": "Namespace", "status": { "phase": "Active" },
            "metadata": { "name": namespace(number), "creationTimestamp": stamp(now.plus_seconds(-86_400)) },
        }));
    }
    // Room for all that runs.
    let cpus = (size / 5).max(8).to_string();
    apply(
        store,
        json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": "node-1" },
            "status": { "allocatable": { "cpu": cpus, "memory": "1Ti", "pods": "100000" } },
        }),
        now,
    );
    for number in 0..size {
        let chance = lot(seed, &[&number.to_string()]);
        let started = now.plus_seconds(-((chance % SPREAD_SECONDS) as i64));
        put_job(store, number, chance / SPREAD_SECONDS % 100, started, now);
        store.compact(); // nobody watches yet, and the history would take more room than the objects
    }
    let mut controllers = Controllers::new(seed, now);
    controllers.step(store, now);
    controllers
}

fn namespace(number: usize) -> String {
    format!("team-{:02}", number % NAMESPACES)
}

/// A Job that began at `started`; `fate` of a hundred decides what became of it.
fn put_job(store: &mut Store, number: usize, fate: u64, started: Time, now: Time) {
    let (runs, fails) = (fate < RUNNING, (RUNNING..RUNNING + FAILED).contains(&fate));
    let made = if runs { now } else { started };
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": format!("batch-{number:06}"), "namespace": namespace(number) },
        "spec": {
            "completions": 2, "parallelism": 2, "backoffLimit": 1,
            "template": {
                "metadata": { "annotations": { "demo.kubatch.dev/behaviour": "work: run 5m..2h; log shard every 10s" } },
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{
                        "name": "work", "image": "registry.example/work:1",
                        "resources": { "requests": { "cpu": "100m", "memory": "64Mi" } },
                    }],
                },
            },
        },
    });
    let path = apply(store, job, made);
    if runs {
        return;
    }
    let Some(mut job) = store.get(&path).cloned() else { return };
    let ended = started.plus_seconds(40 + (number % 500) as i64).min(now);
    for pod in 0..2 {
        store.put(ended_pod(&job, pod, fails, started, ended));
    }
    job["status"] = ended_status(fails, started, ended);
    store.put(job);
}

fn ended_status(fails: bool, started: Time, ended: Time) -> Value {
    let conditions = if fails {
        let message = "Job has reached the specified backoff limit";
        [("FailureTarget", "BackoffLimitExceeded", message), ("Failed", "BackoffLimitExceeded", message)]
    } else {
        let message = "Reached expected number of succeeded pods";
        [("SuccessCriteriaMet", "CompletionsReached", message), ("Complete", "CompletionsReached", message)]
    };
    let condition = |(kind, reason, message)| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastProbeTime": stamp(ended), "lastTransitionTime": stamp(ended),
        })
    };
    let mut status = json!({
        "startTime": stamp(started), "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
        "conditions": conditions.map(condition),
    });
    if fails {
        status["failed"] = json!(2);
    } else {
        status["succeeded"] = json!(2);
        status["completionTime"] = json!(stamp(ended));
    }
    status
}

fn ended_pod(job: &Value, number: usize, fails: bool, started: Time, ended: Time) -> Value {
    let (exit, reason) = if fails { (1, "Error") } else { (0, "Completed") };
    let name = format!("{}-{number}", job["metadata"]["name"].as_str().unwrap_or_default());
    let template = &job["spec"]["template"];
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"],
        "status": {
            "phase": if fails { "Failed" } else { "Succeeded" }, "startTime": stamp(started),
            "containerStatuses": [{
                "name": "work", "image": "registry.example/work:1", "imageID": "", "ready": false, "started": false,
                "restartCount": 0, "lastState": {},
                "state": { "terminated": {
                    "exitCode": exit, "reason": reason, "startedAt": stamp(started), "finishedAt": stamp(ended),
                }},
            }],
        },
    });
    pod["spec"]["nodeName"] = json!("node-1");
    let metadata = &mut pod["metadata"];
    metadata["name"] = json!(name);
    metadata["namespace"] = job["metadata"]["namespace"].clone();
    metadata["creationTimestamp"] = json!(stamp(started));
    metadata["ownerReferences"] = json!([{
        "apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    }]);
    pod
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_mode_holds_so_many_jobs_and_some_of_them_run() {
        let mut store = Store::default();
        fill(&mut store, 400, Time::parse("2026-11-21T12:00:00Z").unwrap(), 1);
        let of = |kind: &str| store.under("/").filter(|one| one["kind"] == kind).collect::<Vec<_>>();
        assert_eq!((of("Job").len(), of("Pod").len()), (400, 800));
        let phases = |phase: &str| of("Pod").iter().filter(|pod| pod["status"]["phase"] == phase).count();
        assert!(phases("Succeeded") > 600 && phases("Failed") > 8 && phases("Pending") > 4);
    }
}
