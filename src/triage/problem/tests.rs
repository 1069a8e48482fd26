//! What is one problem and what is two, and what is history.

use serde_json::{Value, json};

use super::super::scene::{ago, with};
use super::super::tests::{examine, snapshot_of};
use super::*;
use crate::model::fixtures::time;

const NOW: &str = "2026-05-04T12:00:00Z";

/// A Job with one pod that has this status; its UID is its namespace and name.
fn job(namespace: &str, name: &str, seconds: i64, status: Value, pod: Value) -> Vec<Value> {
    let uid = format!("{namespace}/{name}");
    let owner = json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": true }]);
    let containers = json!([{ "name": "main", "image": "registry.example.com/etl:1.4" }]);
    vec![
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": { "name": name, "namespace": namespace, "uid": uid, "creationTimestamp": ago(seconds) },
            "spec": {
                "parallelism": 1, "completions": 1, "backoffLimit": 0, "template": { "spec": { "containers": containers } },
            },
            "status": with(json!({ "startTime": ago(seconds) }), status),
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": format!("{name}-x1y2z"), "namespace": namespace, "uid": format!("{uid}-pod"),
                "creationTimestamp": ago(seconds), "ownerReferences": owner,
            },
            "spec": { "nodeName": "worker-1", "containers": containers },
            "status": pod,
        }),
    ]
}

/// A Job that failed ten seconds after it was made, with this exit code.
fn failed(namespace: &str, name: &str, seconds: i64, exit_code: i32) -> Vec<Value> {
    let end =
        json!({ "exitCode": exit_code, "reason": "Error", "startedAt": ago(seconds), "finishedAt": ago(seconds - 10) });
    let condition = json!({
        "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit", "lastTransitionTime": ago(seconds - 10),
    });
    let pod = json!({
        "phase": "Failed", "startTime": ago(seconds), "containerStatuses": [{ "name": "main", "state": { "terminated": end } }],
    });
    job(namespace, name, seconds, json!({ "failed": 1, "conditions": [condition] }), pod)
}

/// A Job whose image is not there.
fn without_image(namespace: &str, name: &str, seconds: i64) -> Vec<Value> {
    let image = "registry.example.com/etl:1.4";
    let waiting = json!({
        "reason": "ImagePullBackOff",
        "message": format!("Back-off pulling image \"{image}\": ErrImagePull: failed to resolve reference: {image}: not found"),
    });
    let containers = json!([{ "name": "main", "image": image, "state": { "waiting": waiting } }]);
    let pod = json!({ "phase": "Pending", "startTime": ago(seconds), "containerStatuses": containers });
    job(namespace, name, seconds, json!({ "active": 1 }), pod)
}

/// A Job that ended well.
fn complete(namespace: &str, name: &str, seconds: i64) -> Vec<Value> {
    let condition = json!({ "type": "Complete", "status": "True", "lastTransitionTime": ago(seconds - 60) });
    let status = json!({ "succeeded": 1, "conditions": [condition], "completionTime": ago(seconds - 60) });
    job(namespace, name, seconds, status, json!({ "phase": "Succeeded" }))
}

/// A CronJob that runs each hour, with these runs.
fn cronjob(name: &str, last_success: i64, runs: Vec<Vec<Value>>) -> Vec<Value> {
    let owner = json!([{ "apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": name, "controller": true }]);
    let mut objects = vec![json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": { "name": name, "namespace": "data", "uid": name, "creationTimestamp": ago(864_000) },
        "spec": { "schedule": "0 * * * *", "concurrencyPolicy": "Forbid" },
        "status": { "lastScheduleTime": ago(600), "lastSuccessfulTime": ago(last_success) },
    })];
    for mut run in runs {
        run[0]["metadata"]["ownerReferences"] = owner.clone();
        objects.extend(run);
    }
    objects
}

/// What was found first of each, the logs unknown; pods that a Job stands for are not asked about by [`subjects`], so
/// they are added.
fn found(objects: &[Value]) -> (Snapshot, Vec<Problem>) {
    let snapshot = snapshot_of(objects);
    let mut asked = subjects(&snapshot);
    asked.extend(snapshot.pods.iter().map(|pod| Subject { kind: Kind::Pod, uid: pod.uid() }));
    let headline = |subject| Some((subject, examine(&snapshot, objects, time(NOW), subject).into_iter().next()?));
    let headlines: Vec<_> = asked.into_iter().filter_map(headline).collect();
    let problems = problems(headlines, &snapshot);
    (snapshot, problems)
}

/// Each problem as its rule and the names of its members.
fn told(objects: &[Value]) -> Vec<(&'static str, Vec<String>)> {
    let (snapshot, problems) = found(objects);
    let names = |one: &Problem| one.members.iter().map(|one| snapshot.key_of(*one).unwrap().to_string()).collect();
    problems.iter().map(|one| (one.finding.rule.0, names(one))).collect()
}

/// `("T060", &["job/a"])` as [`told`] has it.
fn line(rule: &'static str, names: &[&str]) -> (&'static str, Vec<String>) {
    (rule, names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn job_stands_for_its_pods() {
    assert_eq!(told(&failed("data", "etl", 600, 3)), [line("T060", &["job/etl"])]);
}

#[test]
fn healthy_objects_are_no_problem() {
    assert!(told(&complete("data", "etl", 600)).is_empty());
}

#[test]
fn missing_image_is_one_problem_in_all_namespaces() {
    let objects = [without_image("data", "etl-1", 7_200), without_image("media", "thumbs", 600)].concat();
    assert_eq!(told(&objects), [line("T040", &["job/thumbs", "job/etl-1"])]);
    let (_, problems) = found(&objects);
    assert_eq!(problems[0].namespaces, ["data", "media"]);
    assert_eq!(problems[0].since.unwrap().to_string(), ago(7_200));
    assert_eq!(problems[0].newest.unwrap().to_string(), ago(600));
}

#[test]
fn programs_are_told_apart_and_runs_of_one_are_together() {
    let objects = [
        failed("data", "etl-orders-0412", 900, 3),
        failed("data", "etl-orders-0413", 600, 3),
        failed("data", "reindex", 700, 3),
        failed("media", "etl-orders-0414", 300, 3),
    ];
    let wanted = [
        line("T060", &["job/etl-orders-0414"]),
        line("T060", &["job/etl-orders-0413", "job/etl-orders-0412"]),
        line("T060", &["job/reindex"]),
    ];
    assert_eq!(told(&objects.concat()), wanted);
}

#[test]
fn quota_of_the_same_name_in_two_namespaces_is_two_problems() {
    let refused = |namespace: &str| {
        let mut objects = job(namespace, "etl", 600, json!({}), json!({ "phase": "Pending" }));
        objects.pop();
        let uid = format!("{namespace}/etl");
        let note = "Error creating: pods \"etl-x1y2z\" is forbidden: exceeded quota: compute, requested: cpu=500m, used: \
                    cpu=1900m, limited: cpu=2";
        objects.push(json!({
            "apiVersion": "v1", "kind": "Event", "type": "Warning",
            "metadata": { "name": uid, "namespace": namespace, "uid": format!("{uid}-event"), "creationTimestamp": ago(300) },
            "involvedObject": { "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": uid, "namespace": namespace },
            "reason": "FailedCreate", "message": note, "count": 3, "lastTimestamp": ago(30),
        }));
        objects
    };
    let objects = [refused("data"), refused("media")].concat();
    assert_eq!(told(&objects), [line("T006", &["job/etl"]), line("T006", &["job/etl"])]);
}

#[test]
fn failing_cronjob_is_told_as_what_its_runs_fail_of() {
    let runs = vec![failed("data", "nightly-1", 7_800, 3), failed("data", "nightly-2", 4_200, 3)];
    let objects = cronjob("nightly", 86_400, runs);
    assert_eq!(told(&objects), [line("T060", &["job/nightly-2", "job/nightly-1"])]);
    let (_, problems) = found(&objects);
    assert_eq!(problems[0].cronjobs, [Subject { kind: Kind::CronJob, uid: Uid::new("nightly") }]);
}

#[test]
fn cronjob_whose_failed_runs_are_gone_is_told_itself() {
    let seen = json!({
        "apiVersion": "v1", "kind": "Event", "type": "Normal",
        "metadata": { "name": "seen", "namespace": "data", "uid": "seen", "creationTimestamp": ago(500) },
        "involvedObject": { "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "nightly", "namespace": "data" },
        "reason": "SawCompletedJob", "message": "Saw completed job: nightly-29631540, condition: Failed",
        "count": 1, "lastTimestamp": ago(500),
    });
    let objects = [cronjob("nightly", 4_200, Vec::new()), vec![seen]].concat();
    assert_eq!(told(&objects), [line("T102", &["cronjob/nightly"])]);
}

#[test]
fn streak_of_which_no_run_is_left_is_told_of_the_cronjob() {
    let seen = |number: usize| {
        json!({
            "apiVersion": "v1", "kind": "Event", "type": "Normal",
            "metadata": {
                "name": format!("seen-{number}"), "namespace": "data", "uid": format!("seen-{number}"),
                "creationTimestamp": ago(3_600 * number as i64),
            },
            "involvedObject": {
                "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "nightly", "namespace": "data",
            },
            "reason": "SawCompletedJob", "message": format!("Saw completed job: nightly-{number}, condition: Failed"),
            "count": 1, "lastTimestamp": ago(3_600 * number as i64),
        })
    };
    let objects = [cronjob("nightly", 86_400, Vec::new()), (1..5).map(seen).collect()].concat();
    let problems = told(&objects);
    assert!(matches!(&problems[..], [(_, names)] if *names == ["cronjob/nightly"]), "{problems:?}");
}

#[test]
fn failed_run_is_history_once_a_later_one_has_succeeded() {
    let old = || failed("data", "nightly-1", 7_800, 3);
    assert!(told(&cronjob("nightly", 4_000, vec![old(), complete("data", "nightly-2", 4_200)])).is_empty());
    assert!(told(&cronjob("nightly", 4_000, vec![old()])).is_empty(), "the one that succeeded is gone");
    let earlier = vec![complete("data", "nightly-0", 11_400), old()];
    assert_eq!(told(&cronjob("nightly", 11_300, earlier)), [line("T060", &["job/nightly-1"])]);
    let (snapshot, _) = found(&cronjob("nightly", 4_000, vec![old()]));
    assert_eq!(
        subjects(&snapshot),
        [Subject { kind: Kind::CronJob, uid: Uid::new("nightly") }],
        "nor is it asked about"
    );
}

#[test]
fn failed_job_of_nobody_stays_a_problem() {
    assert_eq!(told(&failed("data", "import", 864_000, 3)), [line("T060", &["job/import"])]);
}

#[test]
fn what_fails_comes_before_what_warns_and_the_newest_first() {
    let condition = json!({
        "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    });
    let mut gated =
        job("data", "gated", 3_600, json!({ "active": 1 }), json!({ "phase": "Pending", "conditions": [condition] }));
    gated[1]["spec"] = json!({ "schedulingGates": [{ "name": "example.com/gate" }], "containers": [] });
    let failed = [failed("data", "a", 7_000, 3), failed("data", "b", 9_000, 4)].concat();
    let objects = [without_image("media", "thumbs", 10_000), failed, gated].concat();
    let named: Vec<String> = told(&objects).into_iter().flat_map(|(_, members)| members).collect();
    assert_eq!(named, ["job/a", "job/b", "job/thumbs", "job/gated"]);
}

#[test]
fn names_of_a_series_differ_in_numbers_and_random_ends() {
    let cases = [
        ("etl-orders-0412", "etl-orders"),
        ("report-2026-05-04", "report"),
        ("import-x7k2p", "import"),
        ("import-bcdfg", "import"),
        ("reindex-shards", "reindex-shards"),
        ("29384", "29384"),
        ("etl", "etl"),
    ];
    for (name, wanted) in cases {
        assert_eq!(series(name), wanted);
    }
    assert_eq!(without_numbers("row 17 of run-a3 failed"), "row # of # failed");
}

#[test]
fn jobs_that_say_the_same_last_words_are_one_problem() {
    let objects = [failed("data", "a", 300, 3), failed("data", "b", 600, 3), failed("data", "c", 900, 3)].concat();
    let snapshot = snapshot_of(&objects);
    let words = |subject: Subject, line: &str| {
        let mut finding = examine(&snapshot, &objects, time(NOW), subject).remove(0);
        let pod = snapshot.key_of(subject).unwrap();
        let source = Source::Log { pod, container: "main".to_owned() };
        finding.evidence.push(super::super::Evidence { source, words: line.to_owned(), at: None });
        (subject, finding)
    };
    let of = |name: &str| Subject { kind: Kind::Job, uid: Uid::new(&format!("data/{name}")) };
    let found = [
        words(of("a"), "no table orders after 12 ms"),
        words(of("b"), "no table orders after 9 ms"),
        words(of("c"), "disk full"),
    ];
    let members: Vec<Vec<Subject>> = problems(found, &snapshot).into_iter().map(|one| one.members).collect();
    assert_eq!(members, [vec![of("a"), of("b")], vec![of("c")]]);
}

#[test]
fn each_rule_says_what_makes_it_one_cause() {
    let objects: Vec<Value> =
        [failed("a", "load", 60, 3), failed("a", "ship", 60, 3), failed("b", "load", 60, 3)].concat();
    let snapshot = snapshot_of(&objects);
    let base = examine(&snapshot, &objects, time(NOW), subjects(&snapshot)[0]).remove(0);
    let line = Source::Log { pod: snapshot.key_of(base.subject).unwrap(), container: "main".to_owned() };
    let words = crate::triage::Evidence { source: line, words: "no such table".to_owned(), at: None };
    for rule in crate::triage::RULES {
        let finding = Finding {
            rule: rule.id,
            severity: Severity::Error,
            group: format!("{}/main", rule.id.0),
            evidence: vec![words.clone()],
            ..base.clone()
        };
        let found = subjects(&snapshot).into_iter().map(|subject| (subject, Finding { subject, ..finding.clone() }));
        let lines = problems(found, &snapshot).len();
        let wanted = match rule.cause {
            Cause::Shared | Cause::Controller => 1,
            // By namespace; of programs also by what they are.
            Cause::Named | Cause::Crowd | Cause::Runs | Cause::LastWords => 2,
            Cause::Program => 3,
        };
        assert_eq!(lines, wanted, "{rule:?}");
    }
}

#[test]
fn run_that_may_hang_is_told_once_with_the_crowd_that_it_is_part_of() {
    let run = |name: &str, seconds: i64| {
        let pod = json!({
            "phase": "Running", "startTime": ago(seconds),
            "containerStatuses": [{ "name": "main", "state": { "running": { "startedAt": ago(seconds) } } }],
        });
        job("data", name, seconds, json!({ "active": 1 }), pod)
    };
    let mut objects = cronjob("sync", 864_000, vec![run("sync-1", 90_000), run("sync-2", 86_000)]);
    objects[0]["spec"]["concurrencyPolicy"] = json!("Allow");
    objects[0]["status"]["active"] =
        json!([{ "name": "sync-1", "uid": "data/sync-1" }, { "name": "sync-2", "uid": "data/sync-2" }]);
    let snapshot = snapshot_of(&objects);
    let first = |subject| Some((subject, examine(&snapshot, &objects, time(NOW), subject).into_iter().next()?));
    let found: Vec<_> = subjects(&snapshot).into_iter().filter_map(first).collect();
    let rules: Vec<_> = found.iter().map(|(_, finding)| finding.rule.0).collect();
    assert_eq!(rules, ["T119", "T090", "T090"]);
    let told: Vec<_> = problems(found.clone(), &snapshot).iter().map(|one| one.finding.rule.0).collect();
    assert_eq!(told, ["T119"]);
    let runs = problems(found.into_iter().skip(1), &snapshot);
    assert_eq!(runs.iter().map(|one| one.members.len()).sum::<usize>(), 2, "without it they are told");
}
