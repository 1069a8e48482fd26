//! Who holds a Job back, told from each other and from Jobs that are well.

use serde_json::{Value, json};

use super::super::Severity;
use super::super::scene::{ago, event, failed_pod, found, job, nothing, now, only, pod, with};
use super::super::tests::snapshot_of;
use super::super::{Facts, Known, Need, diagnose};
use crate::model::key::{Kind, Uid};
use crate::model::owner::Subject;

pub(super) fn spec(more: Value) -> Value {
    with(job(), json!({ "spec": more }))
}

pub(super) fn queued(more: Value) -> Value {
    let labels = json!({ "kueue.x-k8s.io/queue-name": "team" });
    with(with(job(), json!({ "metadata": { "labels": labels }, "spec": { "suspend": true } })), more)
}

pub(super) fn workload(more: Value) -> Value {
    let own = json!({
        "apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "Workload",
        "metadata": {
            "name": "job-etl", "namespace": "batch", "creationTimestamp": ago(3_600),
            "ownerReferences": [{ "kind": "Job", "name": "etl", "uid": "etl" }],
        },
        "spec": { "active": true, "queueName": "team" },
    });
    with(own, more)
}

pub(super) fn conditions(all: &[(&str, &str, &str, &str)]) -> Value {
    let one = |(kind, status, reason, message): &(&str, &str, &str, &str)| json!({ "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": ago(600) });
    json!({ "status": { "conditions": all.iter().map(one).collect::<Vec<_>>() } })
}

#[test]
fn pauses_by_hand_are_told_from_those_of_owners_and_queues() {
    let (rule, severity, verdict) = only(&[spec(json!({ "suspend": true }))]);
    assert_eq!((rule, severity), ("T001", Severity::Info));
    assert!(verdict.contains("made suspended 60m ago"), "{verdict}");
    let fixes = &found(&[spec(json!({ "suspend": true }))])[0].fixes;
    assert_eq!(fixes[0].call.as_ref().map(|call| call.id), Some("batch.resume"));

    let owner = json!([{ "apiVersion": "jobset.x-k8s.io/v1", "kind": "JobSet", "name": "train", "uid": "t", "controller": true }]);
    let child = with(spec(json!({ "suspend": true })), json!({ "metadata": { "ownerReferences": owner } }));
    let (rule, _, verdict) = only(std::slice::from_ref(&child));
    assert!(rule == "T001" && verdict.contains("jobset/train"), "{verdict}");
    assert!(found(&[child])[0].fixes.iter().all(|fix| fix.call.is_none()));

    nothing(&[with(job(), json!({ "status": { "active": 1 } })), running("etl-a")]);
}

pub(super) fn running(name: &str) -> Value {
    with(pod(name, "", ""), json!({ "spec": { "nodeName": "n" }, "status": { "phase": "Running" } }))
}

#[test]
fn kueue_says_why_a_job_waits() {
    let reserved = |reason, message| workload(conditions(&[("QuotaReserved", "False", reason, message)]));
    let cases = [
        (
            reserved(
                "Pending",
                "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor a100, 2 more needed",
            ),
            ("T002", Severity::Info, "2 more nvidia.com/gpu in flavor a100"),
        ),
        (
            reserved(
                "Pending",
                "couldn't assign flavors to pod set main: insufficient quota for cpu in flavor default, previously considered podsets requests (0) + current podset request (200) > maximum capacity (128)",
            ),
            ("T002", Severity::Critical, "asks for 200 cpu, and flavor default holds 128 at most"),
        ),
        (
            reserved(
                "Pending",
                "couldn't assign flavors to pod set main: insufficient quota for cpu in flavor a, request > maximum capacity (200 > 128), insufficient unused quota for cpu in flavor b, 3 more needed",
            ),
            ("T002", Severity::Info, "3 more cpu in flavor b"),
        ),
        (
            reserved("Inadmissible", "LocalQueue team doesn't exist"),
            ("T003", Severity::Critical, "LocalQueue team doesn't exist"),
        ),
        (
            reserved("Inadmissible", "ClusterQueue shared is inactive"),
            ("T003", Severity::Critical, "shared is inactive"),
        ),
        (reserved("Pending", "something new"), ("T002", Severity::Info, "Kueue says: something new.")),
        (
            with(
                workload(conditions(&[
                    ("QuotaReserved", "False", "Pending", ""),
                    ("Evicted", "True", "Preempted", "Preempted"),
                    (
                        "Preempted",
                        "True",
                        "InClusterQueue",
                        "Preempted to accommodate a workload (UID: 1) due to prioritization in the ClusterQueue",
                    ),
                ])),
                json!({ "status": { "requeueState": { "requeueAt": "2026-05-04T12:01:30Z" } } }),
            ),
            ("T004", Severity::Warning, "prioritization in the ClusterQueue. It is queued again in 90s."),
        ),
        (
            with(
                workload(conditions(&[("Evicted", "True", "Deactivated", "by hand")])),
                json!({ "spec": { "active": false } }),
            ),
            ("T004", Severity::Critical, "out of its queue: by hand"),
        ),
        (
            with(
                workload(conditions(&[("QuotaReserved", "True", "QuotaReserved", "")])),
                json!({ "status": { "admissionChecks": [
                    { "name": "grow", "state": "Pending", "message": "waits for nodes" }, { "name": "ok", "state": "Ready" },
                ] } }),
            ),
            ("T002", Severity::Info, "waits for grow (waits for nodes)."),
        ),
    ];
    for (workload, (rule, severity, words)) in cases {
        let (id, how_bad, verdict) = only(&[queued(json!({})), workload.clone()]);
        assert_eq!((id, how_bad), (rule, severity), "{verdict}");
        assert!(verdict.contains(words), "{words:?} not in {verdict:?}");
        let fixes = &found(&[queued(json!({})), workload])[0].fixes;
        let resumes = fixes.iter().any(|fix| fix.call.as_ref().is_some_and(|call| call.id == "batch.resume"));
        assert!(!resumes, "Kueue would take it back: {verdict}");
    }
}

#[test]
fn the_queue_before_a_job_is_counted() {
    let lacking = conditions(&[("QuotaReserved", "False", "Pending", "no room")]);
    let other = |name: &str, more: Value| {
        let own = json!({ "metadata": { "name": name, "ownerReferences": [], "creationTimestamp": ago(60) } });
        with(with(workload(own), conditions(&[])), more)
    };
    let objects = [
        queued(json!({})),
        workload(lacking.clone()),
        other("urgent", json!({ "spec": { "priority": 10 } })),
        other("later", json!({})),
        other("runs", conditions(&[("QuotaReserved", "True", "", "")])),
        other("done", conditions(&[("QuotaReserved", "True", "", ""), ("Finished", "True", "", "")])),
        other("elsewhere", json!({ "spec": { "queueName": "b", "priority": 99 } })),
    ];
    let (_, _, verdict) = only(&objects);
    assert!(verdict.contains("1 are ahead of it in the queue and 1 have room."), "{verdict}");
}

#[test]
fn a_queue_without_a_workload_is_told_after_a_minute() {
    let (rule, severity, verdict) = only(&[queued(json!({}))]);
    assert!(rule == "T003" && severity == Severity::Critical && verdict.contains("no Workload"), "{verdict}");
    let young = json!({ "metadata": { "creationTimestamp": ago(20) } });
    assert_eq!(only(&[queued(young)]).1, Severity::Info);
    // Before anything is known of the queue the same is said with less.
    let snapshot = snapshot_of(&[queued(json!({}))]);
    let about = Subject { kind: Kind::Job, uid: Uid::new("etl") };
    let said = diagnose(Known { snapshot: &snapshot, facts: &Facts::default(), now: now() }, about);
    assert_eq!((said.findings[0].rule.0, said.findings[0].severity), ("T002", Severity::Info));
    assert!(matches!(&said.needs[..], [Need::Object(list)] if list.kind == "Workload" && list.name.is_empty()));
    // A Job that nobody queues asks for nothing.
    let snapshot = snapshot_of(&[spec(json!({ "suspend": true }))]);
    assert!(diagnose(Known { snapshot: &snapshot, facts: &Facts::default(), now: now() }, about).needs.is_empty());
}

#[test]
fn kueue_is_known_by_its_events_too() {
    let stopped = event("Job", "etl", "Stopped", "Not admitted by cluster queue");
    let lacking = conditions(&[("QuotaReserved", "False", "Pending", "no room")]);
    assert_eq!(only(&[spec(json!({ "suspend": true })), stopped, workload(lacking)]).0, "T002");
}

#[test]
fn jobs_of_other_controllers_are_theirs() {
    let untouched = json!({ "spec": { "managedBy": "example.com/runner" }, "status": { "startTime": null } });
    let (rule, severity, verdict) = only(&[with(job(), untouched.clone())]);
    assert_eq!((rule, severity), ("T005", Severity::Warning), "{verdict}");
    assert!(verdict.contains("example.com/runner") && verdict.contains("Nothing was done"), "{verdict}");
    let at_work = with(with(job(), untouched), json!({ "status": { "active": 2, "ready": 2 } }));
    assert_eq!(only(&[at_work]).1, Severity::Info);
    let multikueue = json!({ "spec": { "managedBy": "kueue.x-k8s.io/multikueue" } });
    let placed = workload(json!({ "status": { "clusterName": "far-1" } }));
    let (rule, severity, verdict) = only(&[queued(multikueue), placed]);
    assert_eq!((rule, severity), ("T005", Severity::Info));
    assert!(verdict.contains("cluster far-1"), "{verdict}");
    nothing(&[spec(json!({ "managedBy": "kubernetes.io/job-controller" }))]);
}

#[test]
fn a_namespace_that_goes_away_explains_everything() {
    let paused = spec(json!({ "suspend": true }));
    let namespace = |deleted| {
        let meta = json!({ "name": "batch", "deletionTimestamp": deleted });
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": meta })
    };
    assert_eq!(only(&[paused.clone(), namespace(Value::Null)]).0, "T001");
    let (rule, severity, verdict) = only(&[paused, namespace(json!(ago(240)))]);
    assert_eq!((rule, severity), ("T014", Severity::Info));
    assert!(verdict.contains("began 4m ago"), "{verdict}");
}

#[test]
fn silence_is_told_after_a_minute_and_never_of_a_job_that_was_touched() {
    let untouched = json!({ "status": { "startTime": null } });
    let (rule, _, verdict) = only(&[with(job(), untouched.clone())]);
    assert!(rule == "T015" && verdict.contains("for 60m"), "{verdict}");
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": { "name": "kube-controller-manager", "namespace": "kube-system" },
        "spec": { "renewTime": ago(1_200) },
    });
    let (_, _, verdict) = only(&[with(job(), untouched.clone()), lease]);
    assert!(verdict.contains("sign of life 20m ago"), "{verdict}");
    nothing(&[with(with(job(), untouched.clone()), json!({ "metadata": { "creationTimestamp": ago(30) } }))]);
    nothing(&[with(job(), untouched.clone()), event("Job", "etl", "UnknownCompletionMode", "Skipped Job sync")]);
    nothing(&[with(job(), untouched), running("etl-a")]);
    nothing(&[job()]);
}

#[test]
fn a_job_without_parallelism_rests() {
    let limited = spec(json!({ "parallelism": 0, "activeDeadlineSeconds": 4_500 }));
    let (rule, severity, verdict) = only(&[limited]);
    assert_eq!((rule, severity), ("T016", Severity::Info));
    assert!(verdict.contains("15m are left"), "{verdict}");
    assert_eq!(only(&[spec(json!({ "parallelism": 0, "suspend": true }))]).0, "T001");
}

#[test]
fn the_delay_doubles_with_each_failure_in_a_row() {
    assert_eq!([0, 1, 2, 5, 6, 7, 40].map(super::delay_after), [10, 10, 20, 160, 320, 600, 600]);
    let tries = [failed_pod("etl-a", 40), failed_pod("etl-b", 5)];
    let delayed = |objects: &[Value]| found(objects).into_iter().find(|finding| finding.rule.0 == "T017");
    let told = found(&[&[job()], &tries[..]].concat());
    assert_eq!(told[0].rule.0, "T060", "what the tries end of is what is to be mended");
    assert!(told[0].effect.ends_with("next try in 15s, retry 2 of 6"), "{}", told[0].effect);
    let verdict = &told[1].verdict;
    assert!(verdict.contains("in about 15s. It is retry 2 of 6."), "{verdict}");
    // The delay is over, the last retry is spent, or the next pod is there.
    assert_eq!(delayed(&[job(), failed_pod("etl-a", 60), failed_pod("etl-b", 25)]), None);
    assert_eq!(delayed(&[&[spec(json!({ "backoffLimit": 1 }))], &tries[..]].concat()), None);
    assert_eq!(delayed(&[&[job(), running("etl-c")], &tries[..]].concat()), None);
    // A work queue has several workers, and none comes after the first success.
    let queue = |done: i32| {
        let shape = json!({ "spec": { "completions": null, "parallelism": 2 }, "status": { "succeeded": done } });
        [&[with(job(), shape), running("etl-c")], &tries[..]].concat()
    };
    assert!(delayed(&queue(0)).is_some());
    assert_eq!(delayed(&queue(1)), None);
    // Each index counts for itself.
    let of_index = |pod: Value, index: &str| {
        with(pod, json!({ "metadata": { "annotations": { "batch.kubernetes.io/job-completion-index": index } } }))
    };
    let indexed =
        spec(json!({ "completionMode": "Indexed", "backoffLimitPerIndex": 2, "completions": 2, "parallelism": 2 }));
    let tries = [of_index(failed_pod("etl-a", 40), "0"), of_index(failed_pod("etl-b", 5), "1")];
    let verdict = delayed(&[&[indexed], &tries[..]].concat()).unwrap().verdict;
    assert!(
        verdict.contains("last try of index 1") && verdict.contains("in about 5s. It is retry 1 of 2."),
        "{verdict}"
    );
}
