//! Real objects become rows, and what is not read does not disturb.

use serde_json::{Value, json};

use super::*;
use crate::model::clock::Time;
use crate::model::cronjob::Concurrency;
use crate::model::fixtures::{cronjob, event, job, pod, text, time};
use crate::model::pod::{Container, ContainerState, End, PodPhase, Role};

fn parse<R: Slim>(value: Value) -> Result<Early<R>, serde_json::Error> {
    serde_json::from_value(value)
}

fn at(text: &str) -> Option<Time> {
    Some(time(text))
}

#[test]
fn complete_job_has_its_times_and_conditions() {
    let job = job("job-complete");
    assert_eq!((job.meta.namespace.as_str(), job.meta.name.as_str()), ("unit-fixtures", "report"));
    assert_eq!(job.meta.owner, None);
    assert_eq!((job.parallelism, job.completions, job.backoff_limit), (Some(1), Some(1), Some(6)));
    assert_eq!((job.ttl_seconds_after_finished, job.active_deadline_seconds), (Some(86_400), None));
    assert_eq!((job.active, job.ready, job.succeeded, job.failed, job.terminating), (0, 0, 1, 0, 0));
    let kinds: Vec<&str> = job.conditions.iter().map(|condition| condition.kind.as_str()).collect();
    assert_eq!(kinds, ["SuccessCriteriaMet", "Complete"]);
    assert_eq!(job.ended(), job.completed);
    assert_eq!(job.duration(time("2027-01-01T00:00:00Z")), Some(4));
    assert!(job.is_finished() && !job.indexed && !job.suspend && job.managed_by.is_none());
}

#[test]
fn failed_job_ends_at_its_condition() {
    let job = job("job-failed");
    assert_eq!((job.completed, job.ended()), (None, at("2026-11-21T04:53:41Z")));
    let failed = job.condition("Failed").unwrap();
    assert_eq!((failed.reason.as_str(), failed.since), ("BackoffLimitExceeded", at("2026-11-21T04:53:41Z")));
    assert_eq!((job.failed, job.backoff_limit), (2, Some(1)));
}

#[test]
fn suspended_job_has_not_started() {
    let job = job("job-suspended");
    assert!(job.suspend && job.condition("Suspended").is_some());
    assert_eq!((job.completions, job.wanted()), (Some(3), 3));
    assert!(!job.is_finished());
}

#[test]
fn indexed_job_tells_its_indexes() {
    let job = job("job-indexed");
    assert!(job.indexed);
    assert_eq!((job.completed_indexes.as_str(), job.failed_indexes.as_str()), ("0", "1"));
    assert_eq!((job.backoff_limit_per_index, job.active, job.ready, job.failed), (Some(1), 3, 3, 2));
}

#[test]
fn false_conditions_are_dropped() {
    let conditions = json!([{ "type": "Suspended", "status": "False" }, { "type": "Failed", "status": "Unknown" }]);
    let object = json!({ "metadata": { "uid": "u" }, "status": { "conditions": conditions } });
    let Row::Job(job) = parse::<Job>(object).unwrap().into_row() else { panic!("no Job") };
    assert!(job.conditions.is_empty());
}

#[test]
fn only_foreign_managers_are_kept() {
    let managed = |name: &str| {
        let object = json!({ "metadata": {}, "spec": { "managedBy": name } });
        let Row::Job(job) = parse::<Job>(object).unwrap().into_row() else { panic!("no Job") };
        job.managed_by
    };
    assert_eq!(managed("kubernetes.io/job-controller"), None);
    assert_eq!(managed("kueue.x-k8s.io/multikueue").as_deref(), Some("kueue.x-k8s.io/multikueue"));
}

#[test]
fn cronjob_keeps_schedule_zone_and_last_times() {
    let cronjob = cronjob("cronjob");
    assert_eq!((cronjob.schedule.as_str(), cronjob.time_zone.as_deref()), ("* * * * *", Some("Europe/Berlin")));
    assert_eq!((cronjob.concurrency, cronjob.starting_deadline_seconds), (Concurrency::Forbid, Some(200)));
    assert_eq!(cronjob.last_schedule, at("2026-11-21T04:54:00Z"));
    assert_eq!(cronjob.last_success, at("2026-11-21T04:54:23Z"));
    assert!(cronjob.plan.is_ok() && cronjob.active.is_empty() && !cronjob.suspend);
    assert_eq!(cronjob.next_run(time("2026-11-21T04:55:30Z")), at("2026-11-21T04:56:00Z"));
}

#[test]
fn cronjob_with_an_unreadable_schedule_is_a_row_that_says_why() {
    let object = json!({ "metadata": {}, "spec": { "schedule": "often", "timeZone": "Mars/Olympus" } });
    let Row::CronJob(cronjob) = parse::<CronJob>(object).unwrap().into_row() else { panic!("no CronJob") };
    assert!(cronjob.plan.is_err() && cronjob.next_run(time("2026-11-21T04:55:30Z")).is_none());
}

#[test]
fn event_of_a_series_tells_its_count_and_last_time() {
    let event = event("event-series");
    assert_eq!((event.count, event.last), (2, at("2026-11-21T04:48:02.285209Z")));
    assert_eq!(event.about, pod("pod-unschedulable").meta.uid);
    assert_eq!((event.about_kind, event.about_name.as_str()), (Some(Kind::Pod), "pod/huge-gs8mc"));
    assert!(event.is_warning && event.note.starts_with("0/1 nodes are available"));
}

#[test]
fn event_of_the_old_form_tells_its_count_and_last_time() {
    let event = event("event-quota");
    assert_eq!((event.count, event.last), (4, at("2026-11-21T04:53:56Z")));
    assert_eq!(event.about, job("job-quota").meta.uid);
}

#[test]
fn event_without_times_has_the_time_it_was_made() {
    let object =
        json!({ "metadata": { "creationTimestamp": "2026-11-21T04:00:00Z" }, "regarding": {}, "series": null });
    let Row::Event(event) = parse::<Event>(object).unwrap().into_row() else { panic!("no Event") };
    assert_eq!((event.count, event.last), (1, at("2026-11-21T04:00:00Z")));
}

#[test]
fn pod_has_its_containers_in_the_order_of_the_spec() {
    let sidecar = pod("pod-sidecar");
    let roles: Vec<(&str, Role)> = sidecar.containers.iter().map(|one| (one.name.as_str(), one.role)).collect();
    assert_eq!(roles, [("setup", Role::Init), ("proxy", Role::Sidecar), ("main", Role::Main)]);
    assert_eq!(sidecar.ready(), (2, 2));
    let started = at("2026-11-21T04:53:29Z");
    let proxy = Container {
        name: "proxy".into(),
        role: Role::Sidecar,
        ready: true,
        started: true,
        restarts: 0,
        state: ContainerState::Running(started),
        last_end: None,
    };
    assert_eq!(sidecar.containers[1], proxy);
    assert_eq!((sidecar.node.as_str(), sidecar.phase), ("node-1", PodPhase::Running));
    assert!(sidecar.is_initialized && sidecar.is_ready && sidecar.index.is_none());
}

#[test]
fn pod_of_an_indexed_job_has_its_index_and_owner() {
    let pod = pod("pod-running");
    assert_eq!(pod.index, Some(2));
    assert_eq!(pod.meta.owner, Some(Owner { kind: Some(Kind::Job), uid: job("job-indexed").meta.uid }));
}

#[test]
fn ends_keep_exit_code_reason_and_times() {
    let failed = pod("pod-failed");
    let ContainerState::Ended(end) = &failed.containers[0].state else { panic!("it ended") };
    assert_eq!((end.exit_code, end.signal, end.reason.as_str()), (3, 0, "Error"));
    assert_eq!(failed.ended(), end.finished);
    let oom = pod("pod-oom");
    let ContainerState::Ended(End { exit_code: 137, reason, .. }) = &oom.containers[0].state else { panic!("killed") };
    assert_eq!(reason, "OOMKilled");
    let restarting = pod("pod-restarting");
    let main = &restarting.containers[0];
    assert_eq!((main.restarts, main.last_end.as_ref().map(|end| end.exit_code)), (4, Some(1)));
}

#[test]
fn unscheduled_pod_says_why() {
    let pod = pod("pod-unschedulable");
    assert_eq!((pod.unscheduled.as_str(), pod.node.as_str(), pod.started), ("Unschedulable", "", None));
    assert!(pod.message.starts_with("0/1 nodes are available: 1 Insufficient cpu."), "{}", pod.message);
}

#[test]
fn blocked_containers_say_why() {
    let image = pod("pod-image");
    let ContainerState::Waiting { reason, message } = &image.containers[0].state else { panic!("it waits") };
    assert_eq!(reason, "ImagePullBackOff");
    assert!(message.contains("registry.invalid/nothing/here:1"));
    assert!(!pod("pod-init").is_initialized);
}

#[test]
fn bare_pod_is_pending_and_has_no_age() {
    let bare = pod("pod-bare");
    assert_eq!((bare.phase, bare.meta.created, bare.meta.labels.len()), (PodPhase::Pending, None, 0));
    assert_eq!(bare.meta.uid, Uid::new("static-pod-of-an-old-kubelet"));
    assert_eq!((bare.containers.len(), bare.restarts(), bare.ready()), (1, 0, (0, 1)));
}

#[test]
fn repeated_labels_are_left_out_and_others_kept() {
    let labels = |meta: &Meta| meta.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
    assert_eq!(labels(&job("job-complete").meta), ["app=report", "team=data"]);
    assert_eq!(labels(&pod("pod-failed").meta), [""; 0]);
    assert_eq!(labels(&pod("pod-running").meta), ["batch.kubernetes.io/job-completion-index=2"]);
}

#[test]
fn managed_and_unknown_fields_are_skipped() {
    let with: Value = serde_json::from_str(&text("job-indexed")).unwrap();
    assert!(with["metadata"]["managedFields"].as_array().is_some_and(|fields| !fields.is_empty()));
    let mut without = with.clone();
    without["metadata"].as_object_mut().unwrap().remove("managedFields");
    without["spec"]["inventedLater"] = json!({ "a": [1, null] });
    without["status"]["inventedLater"] = json!("x");
    without["inventedLater"] = json!(1);
    assert_eq!(parse::<Job>(with).unwrap().into_row(), parse::<Job>(without).unwrap().into_row());
}

#[test]
fn resource_version_is_kept_for_the_watcher() {
    use kube::ResourceExt;
    let early: Early<Job> = serde_json::from_str(&text("job-indexed")).unwrap();
    assert_eq!(early.resource_version().as_deref(), Some("2855"));
    let bare: Early<Pod> = serde_json::from_str(&text("pod-bare")).unwrap();
    assert_eq!(bare.resource_version(), None);
}

#[test]
fn namespace_is_nothing_but_its_metadata() {
    let object = json!({ "metadata": { "name": "data", "uid": "u" }, "spec": { "finalizers": ["kubernetes"] } });
    let Row::Namespace(meta) = parse::<Meta>(object).unwrap().into_row() else { panic!("no Namespace") };
    assert_eq!((meta.name.as_str(), meta.namespace.as_str()), ("data", ""));
}

#[test]
fn only_the_controlling_owner_counts() {
    let owners = json!([{ "kind": "Job", "uid": "a" }, { "kind": "Workflow", "uid": "b", "controller": true }]);
    let object = json!({ "metadata": { "ownerReferences": owners } });
    let Row::Pod(pod) = parse::<Pod>(object).unwrap().into_row() else { panic!("no Pod") };
    assert_eq!(pod.meta.owner, Some(Owner { kind: None, uid: Uid::new("b") }));
}

#[test]
fn broken_objects_give_an_error() {
    assert!(parse::<Job>(json!({})).is_err(), "no metadata");
    assert!(parse::<Job>(json!([])).is_err());
    assert!(parse::<Job>(json!({ "metadata": {}, "status": { "active": "many" } })).is_err());
    assert!(parse::<Pod>(json!({ "metadata": { "creationTimestamp": "yesterday" } })).is_err());
    assert!(parse::<Pod>(json!({ "metadata": { "labels": { "a": 1 } } })).is_err());
    assert!(parse::<Event>(json!({ "metadata": {}, "series": { "count": 1.5 } })).is_err());
    assert!(serde_json::from_str::<Early<Pod>>(&text("pod-sidecar")[..900]).is_err());
}
