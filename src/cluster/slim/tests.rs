//! Real objects become rows, and what is not read does not disturb.

use serde_json::{Value, json};

use super::*;
use crate::model::clock::Time;
use crate::model::cronjob::Concurrency;
use crate::model::fixtures::{cronjob, event, job, pod, text, time};
use crate::model::foreign::ForeignPod;
use crate::model::node::Taint;
use crate::model::pod::{Container, ContainerState, Disruption, End, PodPhase, Role};
use crate::model::quota::Scope;
use crate::model::resources::{Quantity, Resources};

/// The amount of this resource; None where it is not named.
fn amount_of(amounts: &[(CompactString, Quantity)], resource: &str) -> Option<Quantity> {
    amounts.iter().find(|(name, _)| name == resource).map(|(_, amount)| *amount)
}

fn parse<R: Slim>(value: Value) -> Result<Early<R>, serde_json::Error> {
    serde_json::from_value(value)
}

fn at(text: &str) -> Option<Time> {
    Some(time(text))
}

#[test]
fn pod_tells_who_takes_it_away() {
    let disruption = |status: &str, reason: &str| {
        let mut object: Value = serde_json::from_str(&text("pod-running")).unwrap();
        let condition = json!({ "type": "DisruptionTarget", "status": status, "reason": reason });
        object["status"]["conditions"].as_array_mut().unwrap().push(condition);
        let Row::Pod(pod) = parse::<crate::model::pod::Pod>(object).unwrap().into_row() else { panic!() };
        pod.disruption
    };
    for (reason, wanted) in [
        ("PreemptionByScheduler", Disruption::Preemption),
        ("DeletionByTaintManager", Disruption::Taint),
        ("EvictionByEvictionAPI", Disruption::Eviction),
        ("DeletionByPodGC", Disruption::NodeGone),
        ("TerminationByKubelet", Disruption::Kubelet),
        ("DeletionByDeviceTaintManager", Disruption::Other),
    ] {
        assert_eq!(disruption("True", reason), Some(wanted));
    }
    assert_eq!(disruption("False", "PreemptionByScheduler"), None);
    assert_eq!(pod("pod-running").disruption, None);
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
    let object = json!({ "metadata": { "creationTimestamp": "2026-11-21T04:00:00Z" }, "regarding": { "kind": "Job" }, "series": null });
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
fn pods_that_a_job_left_behind_are_rows_and_those_of_others_are_not() {
    let is_row = |labels: serde_json::Value, owners: serde_json::Value| {
        let metadata = json!({ "name": "p", "uid": "p", "labels": labels, "ownerReferences": owners });
        match serde_json::from_value::<Early<Pod>>(json!({ "metadata": metadata })).unwrap().into_row() {
            Row::Pod(pod) => pod.meta.labels.iter().any(|(_, job)| job == "etl"),
            _ => false,
        }
    };
    let label = || json!({ "batch.kubernetes.io/job-name": "etl" });
    let owner = json!([{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "r", "controller": true }]);
    assert!(is_row(label(), json!([])));
    assert!(!is_row(label(), owner));
    assert!(!is_row(json!({}), json!([])));
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
    let Row::Job(job) = parse::<Job>(object).unwrap().into_row() else { panic!("no Job") };
    assert_eq!(job.meta.owner, Some(Owner { kind: None, uid: Uid::new("b") }));
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

fn of_a_job() -> Value {
    json!({ "uid": "p", "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "uid": "j", "controller": true }] })
}

/// Requests and limits of a pod with this spec: thousandths of a CPU and bytes.
fn amounts(spec: Value) -> [(i64, i64); 2] {
    let Row::Pod(pod) = parse::<Pod>(json!({ "metadata": of_a_job(), "spec": spec })).unwrap().into_row() else {
        panic!("no Pod")
    };
    [pod.requests, pod.limits].map(|sum| (sum.cpu_millis, sum.memory_bytes))
}

fn asking(cpu: &str) -> Value {
    json!({ "requests": { "cpu": cpu, "memory": "1Ki", "nvidia.com/gpu": "1" }, "limits": { "cpu": cpu } })
}

#[test]
fn pod_asks_for_its_main_containers_together() {
    let spec = json!({ "containers": [{ "resources": asking("500m") }, { "resources": asking("1") }, {}] });
    assert_eq!(amounts(spec), [(1_500, 2_048), (0, 0)], "one has no limit, and so the pod has none");
    let spec = json!({ "containers": [{ "resources": asking("500m") }, { "resources": asking("1") }] });
    assert_eq!(amounts(spec), [(1_500, 2_048), (1_500, 0)]);
    assert_eq!(amounts(json!({ "containers": [{ "resources": {} }, {}] })), [(0, 0), (0, 0)]);
}

#[test]
fn init_containers_count_where_one_alone_needs_more() {
    let init = |cpu: &str| json!([{ "resources": asking(cpu) }, { "resources": asking("1m") }]);
    let spec = |cpu: &str| json!({ "initContainers": init(cpu), "containers": [{ "resources": asking("500m") }] });
    assert_eq!(amounts(spec("2")), [(2_000, 1_024), (2_000, 0)]);
    assert_eq!(amounts(spec("100m")), [(500, 1_024), (500, 0)]);
}

#[test]
fn sidecars_count_with_the_main_ones_and_with_the_init_containers_behind_them() {
    let sidecar = json!({ "restartPolicy": "Always", "resources": asking("100m") });
    let init = json!({ "resources": asking("1") });
    let spec =
        |inits: Value, main: &str| json!({ "initContainers": inits, "containers": [{ "resources": asking(main) }] });
    assert_eq!(amounts(spec(json!([sidecar, init]), "500m"))[0], (1_100, 2_048));
    assert_eq!(amounts(spec(json!([init, sidecar]), "500m"))[0], (1_000, 2_048));
    assert_eq!(amounts(spec(json!([init, sidecar]), "2")), [(2_100, 2_048), (2_100, 0)]);
    let unlimited = json!([{ "restartPolicy": "Always", "resources": {} }]);
    assert_eq!(amounts(spec(unlimited, "2")), [(2_000, 1_024), (0, 0)]);
    assert_eq!(amounts(spec(json!([{}]), "2")), [(2_000, 1_024), (2_000, 0)], "one that ends first does not count");
}

#[test]
fn what_the_pod_says_as_a_whole_wins_and_overhead_is_added() {
    let whole = json!({ "requests": { "cpu": "200m" }, "limits": { "memory": "1Mi" } });
    let spec = json!({
        "containers": [{ "resources": asking("500m") }],
        "resources": whole,
        "overhead": { "cpu": "10m", "memory": "1Ki" },
    });
    assert_eq!(amounts(spec), [(210, 2_048), (510, 1_049_600)]);
}

#[test]
fn of_a_pod_without_a_job_only_the_requests_are_kept() {
    let read = |metadata: Value, phase: &str| {
        let spec = json!({ "nodeName": "n", "containers": [{ "resources": asking("500m") }] });
        parse::<Pod>(json!({ "metadata": metadata, "spec": spec, "status": { "phase": phase } })).unwrap().into_row()
    };
    let foreign = |requests| {
        Row::ForeignPod(ForeignPod { uid: Uid::new("p"), namespace: "data".into(), node: "n".into(), requests })
    };
    let owned = |api_version: &str, kind: &str| {
        let owner = json!({ "apiVersion": api_version, "kind": kind, "uid": "o", "controller": true });
        json!({ "uid": "p", "namespace": "data", "ownerReferences": [owner] })
    };
    let asked = Resources { cpu_millis: 500, memory_bytes: 1_024 };
    assert_eq!(read(json!({ "uid": "p", "namespace": "data" }), "Running"), foreign(asked));
    assert_eq!(read(owned("apps/v1", "ReplicaSet"), "Pending"), foreign(asked));
    assert_eq!(read(owned("batch.volcano.sh/v1alpha1", "Job"), "Running"), foreign(asked));
    assert_eq!(read(owned("apps/v1", "ReplicaSet"), "Failed"), foreign(Resources::default()));
    assert_eq!(read(owned("apps/v1", "ReplicaSet"), "Succeeded"), foreign(Resources::default()));
    assert!(matches!(read(owned("batch/v1", "Job"), "Running"), Row::Pod(_)));
}

#[test]
fn events_are_kept_where_they_can_explain_batch_work() {
    let read = |api_version: &str, kind: &str| {
        let regarding = json!({ "apiVersion": api_version, "kind": kind, "name": "x", "uid": "o" });
        parse::<Event>(json!({ "metadata": { "uid": "e" }, "regarding": regarding })).unwrap().into_row()
    };
    let kept = [
        ("batch/v1", "CronJob"),
        ("batch/v1", "Job"),
        ("v1", "Pod"),
        ("", "Pod"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "ResourceQuota"),
    ];
    for (api_version, kind) in kept {
        let Row::Event(event) = read(api_version, kind) else { panic!("{kind} is kept") };
        let wanted = (Kind::from_api("", kind), format!("{}/x", kind.to_lowercase()), Uid::new("o"));
        assert_eq!((event.about_kind, event.about_name.to_string(), event.about), wanted);
    }
    let dropped = [("apps/v1", "ReplicaSet"), ("v1", "Namespace"), ("batch.volcano.sh/v1alpha1", "Job"), ("", "")];
    for (api_version, kind) in dropped {
        assert_eq!(read(api_version, kind), Row::Unkept(Uid::new("e")), "{kind}");
    }
}

#[test]
fn events_of_a_node_are_found_by_its_name() {
    for uid in ["node-1", "6568915f-eaec-49e9-bff1-c31f3e01218f"] {
        let regarding = json!({ "kind": "Node", "name": "node-1", "uid": uid });
        let object = json!({ "metadata": {}, "regarding": regarding });
        let Row::Event(event) = parse::<Event>(object).unwrap().into_row() else { panic!("no Event") };
        assert_eq!(event.about, Event::about_node("node-1"));
    }
}

#[test]
fn event_of_core_v1_is_the_same_row() {
    let metadata = json!({ "uid": "e", "namespace": "data", "resourceVersion": "7" });
    let about = json!({ "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "o" });
    let time = "2026-11-21T04:00:00Z";
    let core = json!({
        "metadata": metadata, "involvedObject": about, "reason": "FailedCreate", "message": "exceeded quota",
        "type": "Warning", "lastTimestamp": time, "count": 3, "eventTime": null,
    });
    let newer = json!({
        "metadata": metadata, "regarding": about, "reason": "FailedCreate", "note": "exceeded quota",
        "type": "Warning", "deprecatedLastTimestamp": time, "deprecatedCount": 3, "eventTime": null,
    });
    let row = parse::<CoreEvent>(core).unwrap().into_row();
    let Row::Event(event) = &row else { panic!("no Event") };
    assert_eq!((event.count, event.last, event.note.as_str()), (3, at(time), "exceeded quota"));
    assert_eq!(row, parse::<Event>(newer).unwrap().into_row());
    use kube::Resource;
    let paths = [Early::<CoreEvent>::url_path(&(), Some("data")), Early::<Event>::url_path(&(), None)];
    assert_eq!(paths, ["/api/v1/namespaces/data/events", "/apis/events.k8s.io/v1/events"]);
}

#[test]
fn node_tells_what_keeps_pods_away() {
    let object = json!({
        "metadata": { "name": "gpu-1", "labels": { "zone": "a" } },
        "spec": { "unschedulable": true, "taints": [{ "key": "gpu", "value": "yes", "effect": "NoSchedule" }] },
        "status": {
            "capacity": { "cpu": "4" },
            "allocatable": { "cpu": "3920m", "nvidia.com/gpu": "2" },
            "conditions": [{ "type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown" }],
            "images": [{ "names": ["a"], "sizeBytes": 1 }],
        },
    });
    let Row::Node(node) = parse::<Node>(object).unwrap().into_row() else { panic!("no Node") };
    assert!(node.is_unschedulable);
    assert_eq!(node.taints[0], Taint { key: "gpu".into(), value: "yes".into(), effect: "NoSchedule".into() });
    assert_eq!(amount_of(&node.allocatable, "nvidia.com/gpu").map(Quantity::whole), Some(2));
    assert_eq!(amount_of(&node.allocatable, "cpu").map(Quantity::millis), Some(3_920));
    assert_eq!(amount_of(&node.allocatable, "pods"), None);
    let ready = &node.conditions[0];
    assert_eq!((ready.kind.as_str(), ready.status.as_str(), ready.since), ("Ready", "Unknown", None));
    assert_eq!(node.meta.labels.len(), 1);
}

#[test]
fn quota_tells_its_limits_its_use_and_what_it_counts() {
    let selector =
        json!({ "matchExpressions": [{ "scopeName": "PriorityClass", "operator": "In", "values": ["high"] }] });
    let spec = json!({ "hard": { "pods": "4" }, "scopes": ["NotTerminating"], "scopeSelector": selector });
    let read = |status: Value| {
        let object = json!({ "metadata": {}, "spec": spec, "status": status });
        let Row::ResourceQuota(quota) = parse::<ResourceQuota>(object).unwrap().into_row() else { panic!("no quota") };
        let pods = |amounts| amount_of(amounts, "pods").map(Quantity::whole);
        assert_eq!(
            quota.scopes[0],
            Scope { name: "NotTerminating".into(), operator: "Exists".into(), values: [].into() }
        );
        assert_eq!((quota.scopes[1].operator.as_str(), &quota.scopes[1].values[..]), ("In", &["high".into()][..]));
        (pods(&quota.hard), pods(&quota.used))
    };
    assert_eq!(read(json!({})), (Some(4), None), "nobody has counted yet");
    assert_eq!(read(json!({ "hard": { "pods": "3" }, "used": { "pods": "2" } })), (Some(3), Some(2)));
}

#[test]
fn claim_without_a_class_is_another_than_one_with_an_empty_class() {
    let read = |spec: Value| {
        let object = json!({ "metadata": {}, "spec": spec, "status": { "phase": "Pending" } });
        let Row::Claim(claim) = parse::<Claim>(object).unwrap().into_row() else { panic!("no claim") };
        claim
    };
    let claim = read(json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Ki" } } }));
    assert_eq!((claim.phase.as_str(), &claim.class, claim.requested.whole()), ("Pending", &None, 1_024));
    assert_eq!(&claim.access_modes[..], ["ReadWriteOnce"]);
    assert_eq!(read(json!({ "storageClassName": "" })).class.as_deref(), Some(""));
}
