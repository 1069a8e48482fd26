//! What keeps a Job from its end, and what only looks so.

use serde_json::{Value, json};

use super::super::tests::{found, snapshot_of};
use super::super::{Answer, Fact, Facts, Finding, Known, LastLine, Need, Severity, diagnose};
use crate::model::fixtures::time;
use crate::model::key::{Kind, Uid};
use crate::model::owner::Subject;

const NOW: &str = "2026-05-04T12:00:00Z";

pub(super) fn job(patch: Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": "etl", "namespace": "batch", "uid": "j-1", "creationTimestamp": "2026-05-04T11:00:00Z" },
        "spec": { "parallelism": 1, "completions": 1, "backoffLimit": 6 },
        "status": { "startTime": "2026-05-04T11:00:00Z", "active": 1 },
    });
    json_patch::merge(&mut job, &patch);
    job
}

/// A pod of `etl` that runs since eleven.
pub(super) fn pod(name: &str, patch: Value) -> Value {
    let mut pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "batch", "uid": name, "creationTimestamp": "2026-05-04T11:00:00Z",
            "ownerReferences": [
                { "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "j-1", "controller": true },
            ],
        },
        "spec": { "restartPolicy": "Never", "nodeName": "worker-1", "containers": [{ "name": "main" }] },
        "status": {
            "phase": "Running", "startTime": "2026-05-04T11:00:00Z",
            "containerStatuses": [running("main")],
        },
    });
    json_patch::merge(&mut pod, &patch);
    pod
}

pub(super) fn running(name: &str) -> Value {
    json!({ "name": name, "ready": true, "restartCount": 0, "state": { "running": { "startedAt": "2026-05-04T11:00:00Z" } } })
}

pub(super) fn ended(name: &str, code: i32, at: &str) -> Value {
    let end = json!({ "exitCode": code, "reason": "Completed", "startedAt": "2026-05-04T11:00:00Z", "finishedAt": at });
    json!({ "name": name, "ready": false, "restartCount": 0, "state": { "terminated": end } })
}

pub(super) fn node(status: &str) -> Value {
    let ready = json!({ "type": "Ready", "status": status, "lastTransitionTime": "2026-05-04T11:30:00Z" });
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "worker-1", "uid": "worker-1" },
        "status": { "conditions": [ready] },
    })
}

pub(super) fn deleted(at: &str) -> Value {
    json!({ "metadata": { "deletionTimestamp": at, "finalizers": ["batch.kubernetes.io/job-tracking"] } })
}

fn ids(objects: &[Value], about: &str) -> Vec<&'static str> {
    found(objects, about, NOW)
        .into_iter()
        .map(|finding| finding.rule.0)
        .filter(|id| ("T090".."T100").contains(id))
        .collect()
}

fn first(objects: &[Value]) -> Finding {
    found(objects, "Job/etl", NOW).into_iter().next().unwrap()
}

#[test]
fn a_container_that_outlives_the_work_is_told_from_one_that_works() {
    let two = |a: Value, b: Value| {
        let names = [&a, &b].map(|status| json!({ "name": status["name"] }));
        json!({ "spec": { "containers": names }, "status": { "containerStatuses": [a, b] } })
    };
    let long_ago = "2026-05-04T11:20:00Z";
    let cases = [
        ("a proxy", two(ended("main", 0, long_ago), running("istio-proxy")), vec!["T091"]),
        ("a proxy, just now", two(ended("main", 0, "2026-05-04T11:59:30Z"), running("istio-proxy")), vec![]),
        ("work that failed", two(ended("main", 1, long_ago), running("istio-proxy")), vec!["T091"]),
        ("who knows", two(ended("main", 0, long_ago), running("second")), vec!["T091"]),
        ("who knows, not long", two(ended("main", 0, "2026-05-04T11:55:00Z"), running("second")), vec![]),
        ("the proxy ended", two(ended("envoy", 0, long_ago), running("main")), vec![]),
    ];
    for (name, patch, wanted) in cases {
        assert_eq!(ids(&[job(json!({})), pod("etl-1", patch)], "Job/etl"), wanted, "{name}");
    }
    let mut annotated = two(ended("setup", 0, long_ago), running("worker"));
    annotated["metadata"] = json!({ "annotations": { "kubectl.kubernetes.io/default-container": "worker" } });
    assert!(ids(&[job(json!({})), pod("etl-1", annotated)], "Job/etl").is_empty(), "the one that is meant works");
    let native = json!({
        "spec": { "initContainers": [{ "name": "istio-proxy", "restartPolicy": "Always" }] },
        "status": {
            "containerStatuses": [ended("main", 0, long_ago)],
            "initContainerStatuses": [running("istio-proxy")],
        },
    });
    assert!(ids(&[job(json!({})), pod("etl-1", native)], "Job/etl").is_empty(), "the kubelet ends it");
    let failed = [job(json!({})), pod("etl-1", two(ended("main", 1, long_ago), running("istio-proxy")))];
    let told = found(&failed, "Job/etl", NOW);
    assert_eq!(told[0].rule.0, "T060", "what it failed of leads: {told:?}");
    let kept = told.iter().find(|one| one.rule.0 == "T091").unwrap();
    assert!(kept.verdict.contains("neither counts that failure nor tries again"), "{}", kept.verdict);
    let known = first(&[job(json!({})), pod("etl-1", two(ended("main", 0, long_ago), running("istio-proxy")))]);
    assert_eq!(known.fixes[0].call.as_ref().unwrap().argument, "pilot-agent request POST quitquitquit");
}

#[test]
fn a_pod_that_only_a_finalizer_holds_is_told_from_one_on_a_lost_node() {
    let over =
        json!({ "status": { "phase": "Succeeded", "containerStatuses": [ended("main", 0, "2026-05-04T11:20:00Z")] } });
    let with = |at, more: &Value| {
        let mut patch = deleted(at);
        json_patch::merge(&mut patch, more);
        pod("etl-1", patch)
    };
    let hour_ago = "2026-05-04T11:00:00Z";
    assert_eq!(ids(&[with(hour_ago, &over)], "Pod/etl-1"), ["T092"]);
    assert_eq!(ids(&[job(json!({})), with(hour_ago, &over)], "Job/etl"), ["T092"]);
    assert!(ids(&[with("2026-05-04T11:59:30Z", &over)], "Pod/etl-1").is_empty(), "under way");
    assert!(ids(&[with(hour_ago, &json!({})), node("Unknown")], "Pod/etl-1").is_empty(), "its container may run");
    let mut free = with(hour_ago, &over);
    free["metadata"]["finalizers"] = json!([]);
    assert!(ids(&[free], "Pod/etl-1").is_empty(), "no finalizer holds it");
    let mut other = with(hour_ago, &over);
    other["metadata"]["finalizers"] = json!(["workflows.argoproj.io/status"]);
    assert!(found(&[other], "Pod/etl-1", NOW)[0].verdict.contains("workflows.argoproj.io/status"));
}

#[test]
fn a_lost_pod_is_replaced_at_once_or_when_it_is_gone() {
    let with =
        |policy: &str| job(json!({ "spec": { "podReplacementPolicy": policy }, "status": { "terminating": 1 } }));
    let lost = || pod("etl-1", deleted("2026-05-04T11:40:00Z"));
    assert_eq!(ids(&[with("Failed"), lost(), node("Unknown")], "Job/etl"), ["T094"]);
    let told = first(&[with("Failed"), lost(), node("Unknown")]);
    assert!(told.verdict.contains("worker-1 has not answered for 30m"), "{}", told.verdict);
    assert!(!ids(&[with("TerminatingOrFailed"), lost(), node("Unknown")], "Job/etl").contains(&"T094"));
    assert!(ids(&[with("Failed"), lost(), pod("etl-2", json!({}))], "Job/etl").is_empty(), "there is another");
    let stopping = || pod("etl-1", deleted("2026-05-04T12:08:00Z"));
    let told = first(&[with("Failed"), stopping()]);
    assert!(!told.severity.is_problem() && told.verdict.contains("has 8m to stop"), "{told:?}");
    assert!(ids(&[with("TerminatingOrFailed"), stopping()], "Job/etl").is_empty(), "another is made at once");
}

#[test]
fn a_decided_job_waits_for_its_pods() {
    let decided = |kind: &str, at: &str| {
        let condition =
            json!({ "type": kind, "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at });
        job(json!({ "status": { "terminating": 1, "conditions": [condition] } }))
    };
    let stopping = || pod("etl-1", deleted("2026-05-04T11:45:00Z"));
    let long_ago = "2026-05-04T11:40:00Z";
    assert!(ids(&[decided("FailureTarget", long_ago), stopping()], "Job/etl").contains(&"T093"));
    let patient =
        found(&[decided("FailureTarget", long_ago), pod("etl-1", deleted("2026-05-04T12:09:00Z"))], "Job/etl", NOW);
    let patient = patient.iter().find(|one| one.verdict.contains("What still runs is killed in 9m")).unwrap();
    assert_eq!(patient.severity, Severity::Info, "it has that time");
    let mut ended = pod("etl-1", deleted("2026-05-04T11:59:50Z"));
    ended["status"]["phase"] = json!("Failed");
    let lagging = found(&[decided("SuccessCriteriaMet", long_ago), ended], "Job/etl", NOW);
    let lagging = lagging.iter().find(|one| one.rule.0 == "T093").unwrap();
    assert!(lagging.severity == Severity::Info && lagging.verdict.contains("ended by now"), "{lagging:?}");
    let late = found(&[decided("FailureTarget", long_ago), stopping()], "Job/etl", NOW);
    assert!(late.iter().any(|one| one.rule.0 == "T093" && one.severity == Severity::Warning), "{late:?}");
    assert!(ids(&[decided("SuccessCriteriaMet", long_ago), stopping()], "Job/etl").contains(&"T093"));
    assert!(!ids(&[decided("FailureTarget", "2026-05-04T11:59:40Z"), stopping()], "Job/etl").contains(&"T093"));
    assert!(!ids(&[decided("Failed", long_ago), stopping()], "Job/etl").contains(&"T093"), "it is over");
}

#[test]
fn a_deletion_that_does_not_end_names_what_it_waits_for() {
    let going =
        |finalizer: &str, at: &str| job(json!({ "metadata": { "deletionTimestamp": at, "finalizers": [finalizer] } }));
    let long_ago = "2026-05-04T11:40:00Z";
    let told = first(&[going("foregroundDeletion", long_ago), pod("etl-1", json!({}))]);
    assert_eq!((told.rule.0, told.short.as_str()), ("T095", "deletion waits for 1 pod"));
    let told = first(&[going("example.com/keep", long_ago)]);
    assert_eq!(told.short, "deletion waits for example.com/keep");
    assert!(ids(&[going("foregroundDeletion", "2026-05-04T11:59:50Z")], "Job/etl").is_empty());
    let told = first(&[going("foregroundDeletion", long_ago), pod("etl-1", deleted("2026-05-04T12:05:00Z"))]);
    assert!(!told.severity.is_problem() && told.verdict.contains("has 5m to stop"), "it takes its time: {told:?}");
}

#[test]
fn a_deletion_that_waits_for_a_pod_with_a_finalizer_is_not_to_be_forced() {
    let at = "2026-05-04T11:40:00Z";
    let going = job(json!({ "metadata": { "deletionTimestamp": at, "finalizers": ["foregroundDeletion"] } }));
    let mut held = pod("etl-1", deleted(at));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    held["status"] = json!({ "phase": "Succeeded", "containerStatuses": [ended("main", 0, at)] });
    let told = found(&[going, held], "Job/etl", NOW);
    assert_eq!(told.iter().map(|one| one.rule.0).collect::<Vec<_>>(), ["T092", "T095"]);
    assert!(told.iter().all(|one| one.fixes[0].words.contains("example.com/hold")), "{told:?}");
}

#[test]
fn a_long_run_is_measured_by_those_before_it() {
    let cronjob = json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": { "name": "c", "namespace": "batch", "uid": "c-1", "creationTimestamp": "2026-05-01T00:00:00Z" },
        "spec": { "schedule": "0 0 * * *" },
    });
    let owner = json!([{ "apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "c-1", "controller": true }]);
    let before = |minutes: u32| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": { "name": format!("c-{minutes}"), "namespace": "batch", "uid": format!("r-{minutes}"), "ownerReferences": owner },
            "status": {
                "startTime": "2026-05-03T00:00:00Z", "completionTime": format!("2026-05-03T00:{minutes}:00Z"),
                "conditions": [{ "type": "Complete", "status": "True" }],
            },
        })
    };
    let run = |patch: Value| {
        let mut run = job(json!({ "metadata": { "ownerReferences": owner } }));
        json_patch::merge(&mut run, &patch);
        run
    };
    let case = |runs: Vec<Value>, patch| {
        let objects: Vec<Value> =
            runs.into_iter().chain([cronjob.clone(), run(patch), pod("etl-1", json!({}))]).collect();
        ids(&objects, "Job/etl")
    };
    assert_eq!(case(vec![before(10), before(11)], json!({})), ["T090"]);
    let measured = |cpu: &str| {
        json!({
            "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
            "metadata": { "name": "etl-1", "namespace": "batch" }, "containers": [{ "name": "main", "usage": { "cpu": cpu } }],
        })
    };
    assert!(case(vec![before(10), measured("900m")], json!({})).is_empty(), "it is silent and at work");
    assert_eq!(case(vec![before(10), measured("2m")], json!({})), ["T090"]);
    let limited = json!([{ "name": "main", "resources": { "limits": { "cpu": "100m" } } }]);
    let starved = [
        before(10),
        measured("98m"),
        cronjob.clone(),
        run(json!({})),
        pod("etl-1", json!({ "spec": { "containers": limited } })),
    ];
    let starved = found(&starved, "Job/etl", NOW).remove(0);
    assert!(starved.verdict.contains("slow for want of CPU: it uses 98m of the 100m"), "{}", starved.verdict);
    assert!(case(vec![before(25)], json!({})).is_empty(), "an hour is not three times as long");
    assert!(case(vec![], json!({})).is_empty(), "an hour is nothing where no run tells");
    assert!(
        case(vec![before(10)], json!({ "spec": { "activeDeadlineSeconds": 7200 } })).is_empty(),
        "it will be ended"
    );
}

/// What leads where each container that runs said something last then.
fn told(objects: &[Value], last: LastLine) -> Option<String> {
    let snapshot = snapshot_of(objects);
    let subject = Subject { kind: Kind::Job, uid: Uid::new("j-1") };
    let mut facts = Facts::default();
    for _ in 0..3 {
        let known = Known { snapshot: &snapshot, facts: &facts, now: time(NOW) };
        for need in diagnose(known, subject).needs {
            let answer = match &need {
                Need::LastLine { .. } => Answer::LastLine(last.clone()),
                Need::Object(_) => Answer::Object(Fact::Found(objects[0].clone())),
                Need::Tail { .. } => Answer::Tail(Vec::new()),
            };
            facts.take(need, answer);
        }
    }
    let known = Known { snapshot: &snapshot, facts: &facts, now: time(NOW) };
    diagnose(known, subject).findings.first().map(|first| first.verdict.clone())
}

#[test]
fn who_waits_for_input_that_nobody_writes_is_told_once_it_is_silent() {
    let spec = json!({ "restartPolicy": "Never", "containers": [{ "name": "main", "stdin": true }] });
    let objects = [job(json!({ "spec": { "template": { "spec": spec } } })), pod("etl-1", json!({ "spec": spec }))];
    let silent = told(&objects, LastLine::Never).unwrap();
    assert!(silent.contains("keeps its input open (stdin: true)"), "{silent}");
    assert_eq!(
        told(&objects, LastLine::At(time("2026-05-04T11:59:30Z"), String::new())),
        None,
        "it has something to say"
    );
    let plain = [job(json!({})), pod("etl-1", json!({}))];
    assert_eq!(told(&plain, LastLine::Never), None);
}

#[test]
fn who_still_says_something_does_not_hang() {
    let objects = [
        job(
            json!({ "metadata": { "creationTimestamp": "2026-05-04T02:00:00Z" }, "status": { "startTime": "2026-05-04T02:00:00Z" } }),
        ),
        pod(
            "etl-1",
            json!({
                "metadata": { "creationTimestamp": "2026-05-04T02:00:00Z" }, "status": { "startTime": "2026-05-04T02:00:00Z" },
            }),
        ),
    ];
    let told = |last: LastLine| told(&objects, last);
    assert_eq!(told(LastLine::At(time("2026-05-04T11:51:00Z"), String::new())), None);
    let silent = told(LastLine::At(time("2026-05-04T02:03:11Z"), String::new())).unwrap();
    assert!(silent.contains("running for 10h, and its log is silent for 9h"), "{silent}");
    assert!(told(LastLine::Never).unwrap().contains("its log is empty"), "{:?}", told(LastLine::Never));
    assert!(told(LastLine::Unknown).unwrap().contains("its log and its use of CPU tell"));
}

#[test]
fn counters_that_lag_and_pods_that_are_missing_are_told() {
    let over = |name: &str| {
        let statuses = json!([ended("main", 0, "2026-05-04T11:20:00Z")]);
        pod(name, json!({ "status": { "phase": "Succeeded", "containerStatuses": statuses } }))
    };
    let wide = |patch: Value| {
        let mut job = job(json!({ "spec": { "parallelism": 3, "completions": 6 } }));
        json_patch::merge(&mut job, &patch);
        job
    };
    let run = || pod("etl-2", json!({}));
    let full = || vec![run(), pod("etl-3", json!({})), pod("etl-4", json!({}))];
    let with = |first: Value, rest: Vec<Value>| ids(&std::iter::once(first).chain(rest).collect::<Vec<_>>(), "Job/etl");
    let listed = json!({ "status": { "uncountedTerminatedPods": { "succeeded": ["etl-1"] } } });
    assert_eq!(with(wide(listed), [vec![over("etl-1")], full()].concat()), ["T098"]);
    let ready = json!({ "status": { "conditions": [{ "type": "Ready", "status": "True" }] } });
    let busy = || [vec![over("etl-1"), pod("etl-5", ready.clone())], full()].concat();
    assert_eq!(with(wide(json!({})), busy()), ["T098"], "the server refuses the status");
    assert!(with(wide(json!({ "spec": { "podFailurePolicy": {} } })), busy()).is_empty(), "it may be ignored");
    assert!(with(wide(json!({})), [vec![over("etl-1")], full()].concat()).is_empty());
    assert!(with(wide(json!({ "status": { "succeeded": 1 } })), [vec![over("etl-1")], full()].concat()).is_empty());
    assert_eq!(with(wide(json!({})), vec![run()]), ["T097"]);
    assert!(with(wide(json!({ "status": { "failed": 1 } })), vec![run()]).is_empty(), "a retry waits");
    let queue = |succeeded: i32| wide(json!({ "spec": { "completions": null }, "status": { "succeeded": succeeded } }));
    assert_eq!(with(queue(1), vec![over("etl-1"), run()]), ["T096"]);
    assert!(with(queue(0), full()).is_empty());
}
