//! What looks like the end of a Job.

use serde_json::{Value, json};

use super::super::look_alikes::Change::{self, Add, Merge};
use super::super::look_alikes::{Fault, fault};
use super::super::scene;
use super::tests::{AT, GONE, JOB, event, failed, pod};

/// A Job that gave up, whose pods are started like this.
fn gave_up(policy: &str) -> Value {
    let spec = json!({ "template": { "spec": { "restartPolicy": policy } } });
    failed("BackoffLimitExceeded", "Job has reached the specified backoff limit", spec, json!({ "failed": 7 }))
}

/// The Job failed for another reason, or at another time.
fn condition(reason: &str, at: &str) -> Change {
    Merge(0, scene::condition("Failed", reason, at))
}

fn restarts(policy: &str) -> Change {
    Merge(0, json!({ "spec": { "template": { "spec": { "restartPolicy": policy } } } }))
}

/// A pod's status, of which the cause is known.
fn ended() -> Value {
    let (started, finished) = ("2026-05-04T11:15:00Z", "2026-05-04T11:20:00Z");
    let end = json!({ "exitCode": 3, "reason": "Error", "startedAt": started, "finishedAt": finished });
    let status = json!({ "containerStatuses": [{ "name": "worker", "state": { "terminated": end } }] });
    json!({ "spec": { "containers": [{ "name": "worker" }] }, "status": status })
}

const HALF_PAST: &str = "2026-05-04T11:30:00Z";

/// Ends of which the cause is not known, and deadlines.
fn of_ends() -> Vec<Fault> {
    let late = || {
        let spec = json!({ "activeDeadlineSeconds": 1800 });
        failed("DeadlineExceeded", "Job was active longer than specified deadline", spec, json!({ "failed": 1 }))
    };
    let mut known = pod("etl-bbbbb", None);
    json_patch::merge(&mut known, &ended());
    let deleted = || event(JOB, "SuccessfulDelete", "Deleted pod: etl-x1y2z", AT);
    let unplaced = event(GONE, "FailedScheduling", "0/2 nodes are available", AT);
    let started = event(GONE, "Started", "Started container worker", AT);
    let mut old = gave_up("OnFailure");
    old["metadata"]["creationTimestamp"] = json!("2026-05-04T10:00:00Z");
    old["status"]["conditions"][0]["lastTransitionTime"] = json!("2026-05-04T10:30:00Z");
    vec![
        fault(
            "T080",
            vec![gave_up("Never"), pod("etl-aaaaa", None)],
            vec![("a try tells what it ended of", Merge(1, ended()), &["T060"])],
        ),
        fault(
            "T081",
            vec![late(), unplaced.clone()],
            vec![
                ("it started then", Add(started.clone()), &["T082"]),
                ("an older Job had the name", Merge(1, json!({ "lastTimestamp": "2026-05-04T10:00:00Z" })), &["T082"]),
                (
                    "a pod of a Job with a longer name",
                    Merge(1, json!({ "involvedObject": { "name": "etl-daily-x1y2z" } })),
                    &["T082"],
                ),
            ],
        ),
        fault(
            "T082",
            vec![late(), started],
            vec![
                (
                    "nothing had started",
                    Merge(1, json!({ "reason": "FailedScheduling", "type": "Warning" })),
                    &["T081"],
                ),
                ("it had failed before, again and again", Add(known), &["T060"]),
            ],
        ),
        fault(
            "T088",
            vec![gave_up("OnFailure"), deleted()],
            vec![
                ("its pods are made anew after each failure", restarts("Never"), &["T080", "T104"]),
                ("its time was over", condition("DeadlineExceeded", HALF_PAST), &["T082"]),
                ("the pod is there", Add(pod("etl-aaaaa", None)), &["T080"]),
            ],
        ),
        fault(
            "T103",
            vec![old],
            vec![
                ("an hour is not over", condition("BackoffLimitExceeded", "2026-05-04T11:00:00Z"), &["T088"]),
                ("an event is left", Add(event(JOB, "BackoffLimitExceeded", "Job has reached", AT)), &["T088"]),
            ],
        ),
        fault(
            "T104",
            vec![gave_up("Never"), deleted()],
            vec![
                ("one is there", Add(pod("etl-aaaaa", None)), &["T080"]),
                ("the Job deletes them itself", restarts("OnFailure"), &["T088"]),
                ("none had failed", Merge(0, json!({ "status": { "failed": 0 } })), &["T080"]),
            ],
        ),
    ]
}

/// Ends that the Job's policies and indexes bring about.
fn of_policies() -> Vec<Fault> {
    let backoff = || condition("BackoffLimitExceeded", HALF_PAST);
    let rule = "Container worker for pod batch/etl-7h2kq failed with exit code 42 matching FailJob rule at index 0";
    let ruled = failed("PodFailurePolicy", rule, json!({}), json!({ "failed": 1 }));
    let indexed = |reason: &str| {
        let spec = json!({ "completions": 10, "completionMode": "Indexed", "backoffLimitPerIndex": 1 });
        let status = json!({ "succeeded": 5, "failed": 5, "failedIndexes": "1,3-5", "completedIndexes": "0,2,6-8" });
        vec![failed(reason, "Job has failed indexes", spec, status)]
    };
    let shared = json!({ "completions": 50, "completionMode": "Indexed", "backoffLimit": 3 });
    let shared = failed("BackoffLimitExceeded", "…", shared, json!({ "failed": 4, "succeeded": 20 }));
    let tries = [7, 7, 1, 7].into_iter().enumerate().map(|(at, index)| pod(&format!("etl-{at}"), Some(index)));
    let mut enough =
        failed("SuccessPolicy", "Matched rules at index 2", json!({ "completions": 5 }), json!({ "succeeded": 1 }));
    enough["status"]["conditions"][0]["type"] = json!("Complete");
    let index =
        |index: &str| json!({ "metadata": { "annotations": { "batch.kubernetes.io/job-completion-index": index } } });
    vec![
        fault("T083", vec![ruled], vec![("it failed as often as it may", backoff(), &["T080", "T104"])]),
        fault(
            "T084",
            indexed("FailedIndexes"),
            vec![
                ("more than it allows", condition("MaxFailedIndexesExceeded", HALF_PAST), &["T085"]),
                ("all tries together were too many", backoff(), &["T080", "T104"]),
            ],
        ),
        fault(
            "T085",
            indexed("MaxFailedIndexesExceeded"),
            vec![("each had its tries", condition("FailedIndexes", HALF_PAST), &["T084"])],
        ),
        fault(
            "T086",
            std::iter::once(shared).chain(tries).collect(),
            vec![
                ("half of the failures are no majority", Merge(4, index("2")), &["T080"]),
                ("each has tries of its own", Merge(0, json!({ "spec": { "backoffLimitPerIndex": 1 } })), &["T080"]),
                ("its time was over", condition("DeadlineExceeded", HALF_PAST), &["T082"]),
            ],
        ),
        fault(
            "T087",
            vec![enough],
            vec![
                ("all are done", Merge(0, json!({ "status": { "succeeded": 5 } })), &[]),
                ("it failed by then", condition("FailedIndexes", HALF_PAST), &["T084"]),
            ],
        ),
    ]
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    [of_ends(), of_policies()].into_iter().flatten().collect()
}
