//! What looks like a Job that does not come to its end.

use serde_json::{Value, json};

use super::super::look_alikes::Change::{Add, Merge};
use super::super::look_alikes::{Fault, fault};
use super::super::scene::{self, with};
use super::tests::{deleted, ended, job, node, pod, running};

const LONG_AGO: &str = "2026-05-04T11:20:00Z";

/// A pod with these two containers.
fn two(a: Value, b: Value) -> Value {
    let names = [&a, &b].map(|status| json!({ "name": status["name"] }));
    json!({ "spec": { "containers": names }, "status": { "containerStatuses": [a, b] } })
}

/// A pod that succeeded at this time.
fn over(name: &str, at: &str) -> Value {
    pod(name, json!({ "status": { "phase": "Succeeded", "containerStatuses": [ended("main", 0, at)] } }))
}

fn condition(kind: &str, at: &str) -> Value {
    scene::condition(kind, "BackoffLimitExceeded", at)
}

/// Runs that go on.
fn of_running() -> Vec<Fault> {
    let since = |hour: &str| {
        let at = format!("2026-05-04T{hour}:00Z");
        json!({ "metadata": { "creationTimestamp": at }, "status": { "startTime": at } })
    };
    let wide = |patch| with(job(json!({ "spec": { "parallelism": 3, "completions": 6 } })), patch);
    let all = || ["etl-2", "etl-3", "etl-4"].map(|name| pod(name, json!({})));
    let spoken = json!({ "kind": "Log", "metadata": { "name": "etl-1" }, "last": "2026-05-04T11:50:01Z" });
    let sidecar = json!({
        "spec": {
            "containers": [{ "name": "main" }],
            "initContainers": [{ "name": "istio-proxy", "restartPolicy": "Always" }],
        },
        "status": {
            "containerStatuses": [ended("main", 0, LONG_AGO)], "initContainerStatuses": [running("istio-proxy")],
            "conditions": [{ "type": "Initialized", "status": "True" }],
        },
    });
    let annotation = json!({ "kubectl.kubernetes.io/default-container": "istio-proxy" });
    let listed = json!({ "status": { "uncountedTerminatedPods": { "succeeded": ["etl-1"] } } });
    let missing = || vec![job(json!({ "spec": { "parallelism": 2, "completions": 2 } })), pod("etl-1", json!({}))];
    vec![
        fault(
            "T090",
            vec![with(job(json!({})), since("02:00")), with(pod("etl-1", json!({})), since("02:00"))],
            vec![
                ("it has said something within ten minutes", Add(spoken), &[]),
                ("something will end it", Merge(0, json!({ "spec": { "activeDeadlineSeconds": 90_000 } })), &[]),
                ("six hours are not that long", Merge(1, since("06:00")), &[]),
                ("another part of it has ended", Add(over("etl-2", LONG_AGO)), &[]),
            ],
        ),
        fault(
            "T091",
            vec![job(json!({})), pod("etl-1", two(ended("main", 0, "2026-05-04T11:55:00Z"), running("istio-proxy")))],
            vec![
                (
                    "it may end yet",
                    Merge(1, two(ended("main", 0, "2026-05-04T11:59:01Z"), running("istio-proxy"))),
                    &[],
                ),
                ("the kubelet ends it", Merge(1, sidecar), &[]),
                ("the helper has ended", Merge(1, two(ended("istio-proxy", 0, LONG_AGO), running("main"))), &[]),
                (
                    "work that is only called so",
                    Merge(1, two(ended("fetch", 0, "2026-05-04T11:55:00Z"), running("vectorize"))),
                    &[],
                ),
                ("work by its annotation", Merge(1, json!({ "metadata": { "annotations": annotation } })), &[]),
            ],
        ),
        fault(
            "T096",
            vec![
                wide(json!({ "spec": { "completions": null }, "status": { "succeeded": 1 } })),
                over("etl-1", LONG_AGO),
                pod("etl-2", json!({})),
            ],
            vec![
                ("it says how many are to succeed", Merge(0, json!({ "spec": { "completions": 6 } })), &["T097"]),
                ("all its workers are there", Merge(0, json!({ "spec": { "parallelism": 1 } })), &[]),
            ],
        ),
        fault(
            "T097",
            missing(),
            vec![
                ("it waits before its next try", Merge(0, json!({ "status": { "failed": 1 } })), &[]),
                ("one is left to do", Merge(0, json!({ "status": { "succeeded": 1 } })), &[]),
                ("it has succeeded, and is not counted yet", Add(over("etl-2", LONG_AGO)), &[]),
                (
                    "another controller makes them",
                    Merge(0, json!({ "spec": { "managedBy": "example.com/runner" } })),
                    &["T005"],
                ),
                (
                    "they are being made",
                    Merge(1, json!({ "metadata": { "creationTimestamp": "2026-05-04T11:59:01Z" } })),
                    &[],
                ),
            ],
        ),
        fault(
            "T098",
            [vec![wide(listed), over("etl-1", LONG_AGO)], all().to_vec()].concat(),
            vec![
                ("it was counted", Merge(0, json!({ "status": { "succeeded": 1 } })), &[]),
                ("it has just ended", Merge(1, over("etl-1", "2026-05-04T11:59:00Z")), &[]),
            ],
        ),
    ]
}

/// Ends that do not come.
fn of_ending() -> Vec<Fault> {
    let gone = |at: &str| with(over("etl-1", LONG_AGO), deleted(at));
    let lost = || pod("etl-1", deleted("2026-05-04T11:40:00Z"));
    let policy = |policy: &str| json!({ "spec": { "podReplacementPolicy": policy }, "status": { "terminating": 1 } });
    let going =
        json!({ "metadata": { "deletionTimestamp": "2026-05-04T11:40:00Z", "finalizers": ["example.com/keep"] } });
    let works = json!({ "phase": "Running", "containerStatuses": [running("main")] });
    let (minute_ago, now) = ("2026-05-04T11:59:00Z", json!("2026-05-04T11:59:00Z"));
    vec![
        fault(
            "T092",
            vec![job(json!({})), gone("2026-05-04T11:00:00Z")],
            vec![
                ("a minute is not long", Merge(1, deleted(minute_ago)), &[]),
                ("nothing holds it any more", Merge(1, json!({ "metadata": { "finalizers": [] } })), &[]),
                ("its container is not known to have ended", Merge(1, json!({ "status": works })), &[]),
            ],
        ),
        fault(
            "T093",
            vec![with(job(condition("FailureTarget", "2026-05-04T11:40:00Z")), policy("Failed")), lost()],
            vec![
                (
                    "pods get their time to stop",
                    Merge(0, condition("FailureTarget", "2026-05-04T11:59:20Z")),
                    &["T080"],
                ),
                ("it is over", Merge(0, condition("Failed", "2026-05-04T11:40:00Z")), &["T080"]),
            ],
        ),
        fault(
            "T094",
            vec![job(policy("Failed")), lost(), node("Unknown")],
            vec![
                ("another is made at once", Merge(0, policy("TerminatingOrFailed")), &["T074"]),
                (
                    "another is there",
                    Add(with(pod("etl-2", json!({})), json!({ "spec": { "nodeName": "worker-2" } }))),
                    &["T074"],
                ),
                ("no more is wanted", Merge(0, json!({ "spec": { "suspend": true } })), &["T074", "T001"]),
            ],
        ),
        fault(
            "T095",
            vec![job(going)],
            vec![
                ("a minute is not long", Merge(0, json!({ "metadata": { "deletionTimestamp": now } })), &[]),
                (
                    "its finalizer alone keeps nothing",
                    Merge(0, json!({ "metadata": { "deletionTimestamp": null } })),
                    &[],
                ),
            ],
        ),
    ]
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    [of_running(), of_ending()].into_iter().flatten().collect()
}
