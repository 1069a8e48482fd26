//! What looks like a Job that somebody holds back.

use serde_json::{Value, json};

use super::super::look_alikes::Change::{Add, Merge, Set};
use super::super::look_alikes::{Fault, fault};
use super::super::scene::{self, ago, event, failed_pod, job, with};
use super::tests::{conditions, queued, running, spec, workload};

/// A Job has this condition, for so many seconds.
fn condition(kind: &str, seconds: i64) -> Value {
    scene::condition(kind, "X", &ago(seconds))
}

fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "deletionTimestamp": ago(240) } })
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    let label = json!({ "metadata": { "labels": { "kueue.x-k8s.io/queue-name": "team" } } });
    let owner =
        json!([{ "apiVersion": "jobset.x-k8s.io/v1", "kind": "JobSet", "name": "a", "uid": "a", "controller": true }]);
    let owned = json!({ "metadata": { "ownerReferences": owner } });
    let lacking = "insufficient unused quota for cpu in flavor default, 2 more needed";
    let reserved = |status, reason, message| workload(conditions(&[("QuotaReserved", status, reason, message)]));
    let evicted = |status| {
        conditions(&[("QuotaReserved", "False", "Pending", lacking), ("Evicted", status, "Preempted", "by another")])
    };
    let resumed = json!({ "spec": { "suspend": false } });
    let untouched = with(job(), json!({ "status": { "startTime": null } }));
    let succeeded = json!([{ "name": "main", "state": { "terminated": { "exitCode": 0, "finishedAt": ago(2) } } }]);
    let succeeded = json!({ "status": { "phase": "Succeeded", "containerStatuses": succeeded } });
    let place = "/status/containerStatuses/0/state/terminated/finishedAt";
    vec![
        fault(
            "T001",
            vec![with(spec(json!({ "suspend": true })), condition("Suspended", 3_000))],
            vec![
                ("a queue holds it", Merge(0, label), &["T003"]),
                ("it ended before", Merge(0, condition("Complete", 60)), &[]),
                ("it was resumed a moment ago", Merge(0, resumed.clone()), &[]),
                ("its namespace goes away", Add(namespace("batch")), &["T014"]),
            ],
        ),
        fault(
            "T002",
            vec![queued(json!({})), reserved("False", "Pending", lacking)],
            vec![
                (
                    "the Workload is another Job's",
                    Merge(1, json!({ "metadata": { "ownerReferences": [{ "kind": "Job", "uid": "other" }] } })),
                    &["T003"],
                ),
                ("Kueue has let it go", Merge(0, resumed.clone()), &[]),
            ],
        ),
        fault(
            "T003",
            vec![queued(json!({})), reserved("False", "Inadmissible", "ClusterQueue shared is inactive")],
            vec![(
                "room was reserved all the same",
                Merge(1, conditions(&[("QuotaReserved", "True", "QuotaReserved", "ClusterQueue shared is inactive")])),
                &["T002"],
            )],
        ),
        fault(
            "T003",
            vec![queued(json!({}))],
            vec![
                ("what it is a part of is queued as a whole", Merge(0, owned), &["T001"]),
                (
                    "Kueue has had a minute",
                    Merge(0, json!({ "metadata": { "creationTimestamp": ago(60) } })),
                    &["T002"],
                ),
            ],
        ),
        fault(
            "T004",
            vec![queued(json!({})), workload(evicted("True"))],
            vec![
                ("that was before, and it waits for its next turn", Merge(1, evicted("False")), &["T002"]),
                ("it runs again", Merge(0, resumed.clone()), &[]),
            ],
        ),
        fault(
            "T005",
            vec![with(untouched.clone(), json!({ "spec": { "managedBy": "example.com/runner" } }))],
            vec![
                (
                    "the built-in controller, by its name",
                    Merge(0, json!({ "spec": { "managedBy": "kubernetes.io/job-controller" } })),
                    &["T015"],
                ),
                ("it is done", Merge(0, condition("Complete", 60)), &[]),
            ],
        ),
        fault(
            "T014",
            vec![job(), namespace("batch")],
            vec![
                ("another namespace", Set(1, "/metadata/name", json!("batch-2")), &[]),
                ("it ended before", Merge(0, condition("Failed", 300)), &["T080"]),
            ],
        ),
        fault(
            "T015",
            vec![untouched],
            vec![
                ("the controller says why", Add(event("Job", "etl", "UnknownCompletionMode", "Skipped Job sync")), &[]),
                ("its status is not written yet", Add(running("etl-a")), &[]),
                ("it is a minute old", Merge(0, json!({ "metadata": { "creationTimestamp": ago(60) } })), &[]),
                ("it was resumed a moment ago", Merge(0, condition("Suspended", 3_000)), &[]),
            ],
        ),
        fault(
            "T016",
            vec![spec(json!({ "parallelism": 0 }))],
            vec![
                ("it is suspended, too", Merge(0, json!({ "spec": { "suspend": true } })), &["T001"]),
                ("it has done enough", Merge(0, condition("SuccessCriteriaMet", 5)), &[]),
                ("it ended before", Merge(0, condition("Complete", 60)), &[]),
            ],
        ),
        fault(
            "T017",
            vec![spec(json!({ "completions": 3 })), failed_pod("etl-a", 40), failed_pod("etl-b", 5)],
            vec![
                ("its time came this second", Set(2, place, json!(ago(20))), &["T060"]),
                ("the next one is there", Add(running("etl-c")), &["T060"]),
                ("one has succeeded since", Add(with(failed_pod("etl-c", 2), succeeded)), &["T060"]),
                ("no try is left", Merge(0, json!({ "spec": { "backoffLimit": 1 } })), &["T060"]),
                ("it is suspended", Merge(0, json!({ "spec": { "suspend": true } })), &["T060", "T001"]),
            ],
        ),
    ]
}
