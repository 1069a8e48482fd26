//! What a Job's end is told as, and what it is not mistaken for.

use serde_json::{Value, json};

use super::super::Finding;
use super::super::tests::found;

const NOW: &str = "2026-05-04T12:00:00Z";

/// A Job named `etl` that failed for this reason half an hour ago.
pub(super) fn failed(reason: &str, message: &str, spec: Value, status: Value) -> Value {
    let condition = json!({
        "type": "Failed", "status": "True", "reason": reason, "message": message,
        "lastTransitionTime": "2026-05-04T11:30:00Z",
    });
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": "etl", "namespace": "batch", "uid": "j-1", "creationTimestamp": "2026-05-04T11:00:00Z" },
        "spec": { "parallelism": 1, "completions": 1, "backoffLimit": 6 },
        "status": { "startTime": "2026-05-04T11:00:00Z", "conditions": [condition] },
    });
    json_patch::merge(&mut job["spec"], &spec);
    json_patch::merge(&mut job["status"], &status);
    job
}

/// A pod of `etl` that failed; nothing but its index tells of the cause, so that no rule for pods knows it.
pub(super) fn pod(name: &str, index: Option<u32>) -> Value {
    let annotations = index.map(|index| json!({ "batch.kubernetes.io/job-completion-index": index.to_string() }));
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "batch", "uid": name, "creationTimestamp": "2026-05-04T11:10:00Z",
            "annotations": annotations.unwrap_or(json!({})),
            "ownerReferences": [
                { "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "j-1", "controller": true },
            ],
        },
        "spec": { "restartPolicy": "Never" },
        "status": { "phase": "Failed" },
    })
}

pub(super) fn event(about: (&str, &str, &str), reason: &str, note: &str, at: &str) -> Value {
    let (kind, name, uid) = about;
    let api_version = if kind == "Job" { "batch/v1" } else { "v1" };
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("{name}.{reason}"), "namespace": "batch", "creationTimestamp": at },
        "involvedObject": { "apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "namespace": "batch" },
        "reason": reason, "message": note, "lastTimestamp": at, "count": 1,
        "type": if matches!(reason, "Started" | "SuccessfulDelete") { "Normal" } else { "Warning" },
    })
}

fn ids(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.0).collect()
}

pub(super) const JOB: (&str, &str, &str) = ("Job", "etl", "j-1");
pub(super) const GONE: (&str, &str, &str) = ("Pod", "etl-x1y2z", "gone");
pub(super) const AT: &str = "2026-05-04T11:29:00Z";

#[test]
fn a_deadline_is_told_by_what_ran_before_it() {
    let late = |status| {
        failed(
            "DeadlineExceeded",
            "Job was active longer than specified deadline",
            json!({ "activeDeadlineSeconds": 1800 }),
            status,
        )
    };
    let plain = || late(json!({ "failed": 1 }));
    let cases = [
        ("nothing is left", vec![plain()], "T082", "Nothing is left"),
        (
            "refused",
            vec![plain(), event(JOB, "FailedCreate", "Error creating: quota", AT)],
            "T081",
            "No pod could be created",
        ),
        (
            "unscheduled",
            vec![plain(), event(GONE, "FailedScheduling", "0/2 nodes are available", AT)],
            "T081",
            "0/2 nodes",
        ),
        ("started", vec![plain(), event(GONE, "Started", "Started container worker", AT)], "T082", "hung"),
        (
            "a mount that was mended",
            vec![plain(), event(GONE, "FailedMount", "MountVolume failed", AT), event(GONE, "Started", "Started", AT)],
            "T082",
            "hung",
        ),
        ("half done", vec![late(json!({ "succeeded": 1, "failed": 1 }))], "T082", "1/1"),
    ];
    for (name, objects, wanted, words) in cases {
        let findings = found(&objects, "Job/etl", NOW);
        assert_eq!(ids(&findings).first(), Some(&wanted), "{name}");
        assert!(findings[0].verdict.contains(words), "{name}: {}", findings[0].verdict);
        assert!(findings[0].effect.contains("30m"), "{name}: {}", findings[0].effect);
    }
    // A pod of another Job, and one of a Job of the same name before this one.
    let other = event(("Pod", "etl-daily-x1y2z", "gone"), "FailedScheduling", "0/2 nodes", AT);
    let older = event(GONE, "FailedScheduling", "0/2 nodes", "2026-05-04T10:00:00Z");
    assert_eq!(ids(&found(&[plain(), other, older], "Job/etl", NOW))[0], "T082");
}

#[test]
fn a_steady_pace_tells_how_long_all_takes() {
    let spec = json!({ "activeDeadlineSeconds": 1800, "completions": 24, "parallelism": 4 });
    let job =
        failed("DeadlineExceeded", "Job was active longer than specified deadline", spec, json!({ "succeeded": 12 }));
    let findings = found(&[job], "Job/etl", NOW);
    assert!(findings[0].verdict.contains("12/24") && findings[0].verdict.contains("60m"), "{}", findings[0].verdict);
    assert!(findings[0].fixes[0].words.contains("4500"), "{:?}", findings[0].fixes);
}

#[test]
fn without_a_cause_it_is_told_why_none_is_known() {
    let gave_up = || {
        failed("BackoffLimitExceeded", "Job has reached the specified backoff limit", json!({}), json!({ "failed": 7 }))
    };
    let with = |policy: &str| {
        let mut job = gave_up();
        job["spec"]["template"] = json!({ "spec": { "restartPolicy": policy } });
        job
    };
    let deleted = || event(JOB, "SuccessfulDelete", "Deleted pod: etl-x1y2z", AT);
    let cases = [
        ("pods are there", vec![with("Never"), pod("etl-aaaaa", None)], vec!["T080"]),
        ("deleted by hand", vec![with("Never"), deleted()], vec!["T080", "T104"]),
        ("in place", vec![with("OnFailure"), deleted()], vec!["T088"]),
        ("in place, long ago", vec![with("OnFailure")], vec!["T088"]),
    ];
    for (name, objects, wanted) in cases {
        let findings = found(&objects, "Job/etl", NOW);
        assert_eq!(ids(&findings), wanted, "{name}");
        let what = if wanted[0] == "T088" { "6 restarts" } else { "7 tries" };
        assert_eq!(findings[0].effect, format!("gave up after {what} (limit 6)"), "{name}");
    }
    let later = found(&[with("OnFailure")], "Job/etl", "2026-05-04T13:00:00Z");
    assert_eq!(ids(&later), ["T088", "T103"], "events are kept for an hour");
}

#[test]
fn a_rule_of_the_job_that_makes_a_failure_final_is_told_as_one() {
    let cases = [
        (
            "Container worker for pod batch/etl-7h2kq failed with exit code 42 matching FailJob rule at index 3",
            "exit code 42 of container worker",
            "Rule 3",
        ),
        (
            "Pod batch/etl-7h2kq has condition ConfigIssue matching FailJob rule at index 1",
            "condition ConfigIssue",
            "Rule 1",
        ),
        ("something new", "something new", "podFailurePolicy"),
    ];
    for (message, what, rule) in cases {
        let findings = found(&[failed("PodFailurePolicy", message, json!({}), json!({ "failed": 1 }))], "Job/etl", NOW);
        assert_eq!(ids(&findings), ["T083"]);
        assert!(findings[0].verdict.contains(what) && findings[0].verdict.contains(rule), "{}", findings[0].verdict);
    }
}

#[test]
fn indexes_that_failed_are_counted() {
    let spec = || json!({ "completions": 10, "completionMode": "Indexed", "backoffLimitPerIndex": 1 });
    let status = || json!({ "succeeded": 5, "failedIndexes": "1,3-5", "completedIndexes": "0,2,6-8" });
    let some = found(&[failed("FailedIndexes", "Job has failed indexes", spec(), status())], "Job/etl", NOW);
    assert_eq!((ids(&some), some[0].short.as_str()), (vec!["T084"], "4 of 10 indexes failed: 1,3-5"));
    let cut = found(&[failed("MaxFailedIndexesExceeded", "Job has exceeded", spec(), status())], "Job/etl", NOW);
    assert_eq!(ids(&cut), ["T085"]);
    assert!(cut[0].verdict.contains("1 index never came to an end"), "{}", cut[0].verdict);
}

#[test]
fn one_index_that_uses_up_all_retries_is_named() {
    let spec = |more| {
        let mut spec = json!({ "completions": 50, "completionMode": "Indexed", "backoffLimit": 3 });
        json_patch::merge(&mut spec, &more);
        failed(
            "BackoffLimitExceeded",
            "Job has reached the specified backoff limit",
            spec,
            json!({ "failed": 4, "succeeded": 20 }),
        )
    };
    let pods = |indexes: [u32; 4]| (0..4).map(move |at| pod(&format!("etl-{at}"), Some(indexes[at])));
    let case = |more, indexes| {
        let objects: Vec<Value> = std::iter::once(spec(more)).chain(pods(indexes)).collect();
        let findings = found(&objects, "Job/etl", NOW);
        findings.iter().any(|finding| finding.rule.0 == "T086" && finding.verdict.contains("Index 7 alone"))
    };
    assert!(case(json!({}), [7, 7, 1, 7]));
    assert!(!case(json!({}), [7, 2, 1, 4]), "a common cause");
    assert!(!case(json!({ "backoffLimitPerIndex": 1 }), [7, 7, 1, 7]), "each has its own");
}

#[test]
fn a_success_rule_is_told_where_it_left_something_undone() {
    let done = |succeeded: i32| {
        let mut job = failed(
            "SuccessPolicy",
            "Matched rules at index 2",
            json!({ "completions": 5 }),
            json!({ "succeeded": succeeded }),
        );
        job["status"]["conditions"][0]["type"] = json!("Complete");
        let findings = found(&[job], "Job/etl", NOW);
        findings.iter().map(|finding| finding.short.clone()).collect::<Vec<_>>()
    };
    assert_eq!(done(1), ["1/5 were enough (successPolicy)"]);
    assert!(done(5).is_empty());
}

#[test]
fn a_pod_that_others_deleted_is_told_where_the_job_deleted_none() {
    let job = failed("BackoffLimitExceeded", "…", json!({ "backoffLimit": 0 }), json!({ "failed": 1 }));
    let event = |kind: &str, about: &str, reason: &str, note: &str| {
        json!({
            "apiVersion": "v1", "kind": "Event", "type": "Normal",
            "metadata": { "name": reason, "namespace": "batch", "creationTimestamp": "2026-05-04T11:29:00Z" },
            "involvedObject": { "kind": kind, "name": about, "uid": if kind == "Job" { "j-1" } else { about }, "namespace": "batch" },
            "reason": reason, "message": note, "lastTimestamp": "2026-05-04T11:29:00Z", "count": 1,
        })
    };
    let stopped = event("Pod", "etl-x2k4m", "Killing", "Stopping container main");
    let told = found(&[job.clone(), stopped.clone()], "Job/etl", NOW).remove(0);
    assert!(told.verdict.contains("Its pod etl-x2k4m was deleted while it ran"), "{}", told.verdict);
    assert_eq!(told.short, "its pod was deleted by others while it ran");
    let tainted = event("Pod", "etl-x2k4m", "TaintManagerEviction", "Marking for deletion Pod batch/etl-x2k4m");
    let told = found(&[job.clone(), stopped.clone(), tainted], "Job/etl", NOW).remove(0);
    assert!(told.verdict.contains("its node got a taint of effect NoExecute"), "{}", told.verdict);
    let by_job = event("Job", "etl", "SuccessfulDelete", "Deleted pod: etl-x2k4m");
    let told = found(&[job, stopped, by_job], "Job/etl", NOW).remove(0);
    assert!(!told.verdict.contains("not by the Job"), "{}", told.verdict);
}

#[test]
fn a_pod_that_another_one_drove_off_is_told_so() {
    let job = failed(
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
        json!({ "backoffLimit": 0 }),
        json!({ "failed": 1 }),
    );
    let stop = event(GONE, "Killing", "Stopping container main", AT);
    let taken = event(GONE, "Preempted", "Preempted by pod 0e62203e-4892-419b-807b-a57635fbc57d on node worker-1", AT);
    let told = found(&[job.clone(), stop.clone(), taken.clone()], "Job/etl", NOW).remove(0);
    assert!(told.verdict.contains("a pod of higher priority took its place"), "{}", told.verdict);
    assert_eq!(ids(&found(&[job.clone(), stop.clone(), taken], "Job/etl", NOW)), ["T080"], "who took it is known");
    let told = found(&[job, stop], "Job/etl", NOW).remove(0);
    assert!(told.verdict.contains("not by the Job"), "{}", told.verdict);
}

#[test]
fn a_container_that_outlived_the_others_until_the_deadline_is_named() {
    let containers = json!([{ "name": "main" }, { "name": "proxy", "image": "envoy" }]);
    let job = failed(
        "DeadlineExceeded",
        "Job was active longer than specified deadline",
        json!({ "activeDeadlineSeconds": 1800, "template": { "spec": { "containers": containers } } }),
        json!({ "failed": 1 }),
    );
    let mut started = event(GONE, "Started", "Container started", AT);
    started["count"] = json!(2);
    let stop = |name: &str| event(GONE, "Killing", &format!("Stopping container {name}"), AT);
    let told = found(&[job.clone(), started.clone(), stop("proxy")], "Job/etl", NOW).remove(0);
    assert!(told.verdict.contains("proxy alone still ran"), "{}", told.verdict);
    assert!(told.fixes[0].words.contains("init container with restartPolicy Always"), "{:?}", told.fixes);
    let mut both = [job, started, stop("proxy"), stop("main")];
    both[2]["metadata"]["name"] = json!("other");
    let told = found(&both, "Job/etl", NOW).remove(0);
    assert!(told.verdict.contains("slow or hung"), "{}", told.verdict);
}

#[test]
fn what_kept_pods_from_being_made_or_placed_is_told_when_the_time_is_over() {
    let template =
        json!({ "template": { "spec": { "containers": [{ "name": "main" }], "nodeSelector": { "disk": "nvme" } } } });
    let mut job =
        failed("DeadlineExceeded", "Job was active longer than specified deadline", template, json!({ "failed": 1 }));
    job["spec"]["activeDeadlineSeconds"] = json!(1800);
    let note = r#"Error creating: pods "etl-x" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4"#;
    let told = found(&[job.clone(), event(JOB, "FailedCreate", note, AT)], "Job/etl", NOW).remove(0);
    assert!(told.rule.0 == "T081" && told.verdict.contains("Quota compute in batch is full"), "{}", told.verdict);
    assert!(told.fixes.iter().any(|fix| fix.words.contains("resourcequota/compute")), "{:?}", told.fixes);
    let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "worker-1" } });
    let unplaced = event(GONE, "FailedScheduling", "0/1 nodes are available: 1 node(s) didn't match", AT);
    let told = found(&[job, node, unplaced], "Job/etl", NOW).remove(0);
    assert!(told.verdict.contains("without disk=nvme"), "{}", told.verdict);
}

#[test]
fn a_cause_that_is_known_leads_over_the_rule_that_made_it_final() {
    let message = "Container main for pod batch/etl-a failed with exit code 137 matching FailJob rule at index 0";
    let job = failed("PodFailurePolicy", message, json!({}), json!({ "failed": 1 }));
    let with = |reason: &str| {
        let mut pod = pod("etl-a", None);
        pod["spec"] = json!({ "containers": [{ "name": "main", "resources": { "limits": { "memory": "16Mi" } } }] });
        let end = json!({ "exitCode": 137, "reason": reason, "finishedAt": "2026-05-04T11:29:00Z" });
        pod["status"]["containerStatuses"] =
            json!([{ "name": "main", "restartCount": 0, "state": { "terminated": end } }]);
        let mut job = job.clone();
        job["spec"]["template"] = json!({ "spec": pod["spec"] });
        found(&[job, pod], "Job/etl", NOW)
    };
    let told = with("OOMKilled");
    assert_eq!(ids(&told)[..2], ["T062", "T083"]);
    assert!(told[0].effect.contains("rule 0 of its podFailurePolicy makes exit code 137"), "{}", told[0].effect);
}

#[test]
fn an_index_that_failed_for_good_is_told_while_the_others_go_on() {
    let mut bad = pod("etl-2", Some(2));
    bad["spec"] = json!({ "containers": [{ "name": "main" }] });
    let end = json!({ "exitCode": 8, "reason": "Error", "finishedAt": "2026-05-04T11:29:00Z" });
    bad["status"]["containerStatuses"] = json!([{ "name": "main", "restartCount": 0, "state": { "terminated": end } }]);
    let mut good = pod("etl-0", Some(0));
    good["status"] = json!({ "phase": "Running" });
    let mut job =
        failed("X", "", json!({ "completionMode": "Indexed", "completions": 4, "parallelism": 4 }), json!({}));
    job["spec"]["backoffLimitPerIndex"] = json!(0);
    job["status"]["conditions"] = json!([]);
    job["status"]["failedIndexes"] = json!("2");
    let told = found(&[job.clone(), bad.clone(), good.clone()], "Job/etl", NOW).remove(0);
    assert!(told.effect.contains("failed for good so far: index 2"), "{}", told.effect);
    job["status"]["failedIndexes"] = json!("");
    let told = found(&[job, bad, good], "Job/etl", NOW).remove(0);
    assert!(!told.effect.contains("for good"), "{}", told.effect);
}
