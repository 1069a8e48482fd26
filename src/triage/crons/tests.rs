//! CronJobs: what fires a rule, and what must not.

use serde_json::{Value, json};

use super::super::Finding;
use super::super::tests::found;

const NOW: &str = "2026-05-04T12:00:00Z";

/// A CronJob named `report`, planned for two o'clock each night, that ran last this night and well.
pub(super) fn cronjob(patch: Value) -> Value {
    let mut cronjob = json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": { "name": "report", "namespace": "batch", "uid": "c-1", "creationTimestamp": "2026-01-01T00:00:00Z" },
        "spec": { "schedule": "0 2 * * *", "concurrencyPolicy": "Allow" },
        "status": { "lastScheduleTime": "2026-05-04T02:00:00Z", "lastSuccessfulTime": "2026-05-04T02:10:00Z" },
    });
    json_patch::merge(&mut cronjob, &patch);
    cronjob
}

/// A run that was made at this time; it is at work, or has ended so.
pub(super) fn run(name: &str, made: &str, end: Option<&str>) -> Value {
    let ended = "2026-05-04T02:05:00Z";
    let end = end.map(|kind| {
        json!([{ "type": kind, "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": ended }])
    });
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": name, "namespace": "batch", "uid": name, "creationTimestamp": made,
            "ownerReferences": [
                { "apiVersion": "batch/v1", "kind": "CronJob", "name": "report", "uid": "c-1", "controller": true },
            ],
        },
        "spec": { "parallelism": 1, "completions": 1, "activeDeadlineSeconds": 360_000 },
        "status": { "startTime": made, "failed": 1, "conditions": end.unwrap_or(json!([])) },
    })
}

pub(super) fn event(reason: &str, note: &str, at: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": { "name": format!("report.{reason}.{note}"), "namespace": "batch", "creationTimestamp": at },
        "involvedObject": {
            "apiVersion": "batch/v1", "kind": "CronJob", "name": "report", "uid": "c-1", "namespace": "batch",
        },
        "reason": reason, "message": note, "lastTimestamp": at, "count": 1, "type": "Normal",
    })
}

fn find(objects: &[Value]) -> Vec<Finding> {
    found(objects, "CronJob/report", NOW)
}

fn ids(objects: &[Value]) -> Vec<&'static str> {
    find(objects).into_iter().map(|finding| finding.rule.0).collect()
}

pub(super) fn spec(patch: Value) -> Value {
    cronjob(json!({ "spec": patch }))
}

#[test]
fn a_healthy_one_has_no_finding() {
    assert!(ids(&[cronjob(json!({}))]).is_empty());
    assert!(ids(&[cronjob(json!({})), run("report-29631000", "2026-05-04T02:00:00Z", Some("Complete"))]).is_empty());
    let due_now = cronjob(
        json!({ "spec": { "schedule": "0 12 * * *" }, "status": { "lastScheduleTime": "2026-05-03T12:00:00Z" } }),
    );
    assert!(ids(&[due_now]).is_empty(), "it is due this second");
}

#[test]
fn schedules_and_zones_that_mean_nothing_are_told_with_what_may_be_meant() {
    let cases = [
        (json!({ "schedule": "0 0 * * 7" }), "T115", "0 0 * * 0"),
        (json!({ "schedule": "0 0 * * 5-7" }), "T115", "0 0 * * 5-6,0"),
        (json!({ "schedule": "0 0 * * 1-7" }), "T115", "0 0 * * *"),
        (json!({ "schedule": "30 0 2 * * *" }), "T115", "0 2 * * *"),
        (json!({ "schedule": "60 * * * *" }), "T115", ""),
        (json!({ "schedule": "59 23 31 2 *" }), "T115", ""),
        (json!({ "timeZone": "Europe/Berln" }), "T116", "Europe/Berlin"),
        (json!({ "timeZone": "Atlantis/Capital", "suspend": true }), "T116", ""),
    ];
    for (patch, wanted, right) in cases {
        let findings = find(&[spec(patch.clone())]);
        let ids: Vec<&str> = findings.iter().map(|finding| finding.rule.0).collect();
        assert_eq!(ids, [wanted], "{patch}");
        assert_eq!(findings[0].fixes[0].call.as_ref().unwrap().argument, right, "{patch}");
    }
    let refused = event(
        "UnknownTimeZone",
        "invalid timeZone: \"Europe/Kyiv\": unknown time zone Europe/Kyiv",
        "2026-05-04T11:50:00Z",
    );
    assert_eq!(ids(&[spec(json!({ "timeZone": "Europe/Kyiv" })), refused.clone()]), ["T116"], "it lacks what we know");
    assert!(ids(&[spec(json!({ "timeZone": "Europe/Kiev" })), refused]).is_empty(), "it was corrected");
}

#[test]
fn an_interval_longer_than_the_starting_deadline_never_starts() {
    let every = |schedule: &str, deadline: i64| {
        find(&[spec(json!({ "schedule": schedule, "startingDeadlineSeconds": deadline }))])
    };
    let never = every("@every 1h", 60).remove(0);
    assert!(never.rule.0 == "T115" && never.verdict.contains("never starts a run"), "{}", never.verdict);
    assert_eq!(never.fixes[0].call.clone().unwrap().argument, "spec.startingDeadlineSeconds-");
    for (schedule, deadline) in [("@every 1h", 7_200), ("0 2 * * *", 60)] {
        assert!(every(schedule, deadline).iter().all(|one| one.rule.0 != "T115"), "{schedule}");
    }
}

#[test]
fn a_suspension_tells_what_resuming_it_starts() {
    let paused = |more: Value| {
        let mut one =
            cronjob(json!({ "spec": { "suspend": true }, "status": { "lastScheduleTime": "2026-05-01T02:00:00Z" } }));
        json_patch::merge(&mut one["spec"], &more);
        find(&[one]).remove(0)
    };
    let open = paused(json!({}));
    assert_eq!((open.rule.0, open.short.as_str()), ("T110", "suspended: 3 planned runs left out"));
    assert!(open.fixes[0].words.contains("2026-05-04 02:00 UTC then starts at once"), "{:?}", open.fixes);
    assert_eq!(paused(json!({ "startingDeadlineSeconds": 300 })).fixes.len(), 1, "it is too late for that run");
}

#[test]
fn runs_that_did_not_start_are_told_by_what_held_them_up() {
    let late = |patch: Value| {
        let mut one = cronjob(
            json!({ "spec": { "schedule": "0 * * * *" }, "status": { "lastScheduleTime": "2026-05-04T10:00:00Z" } }),
        );
        json_patch::merge(&mut one, &patch);
        one
    };
    let forbid =
        json!({ "spec": { "concurrencyPolicy": "Forbid" }, "status": { "active": [{ "uid": "report-29631480" }] } });
    let at_work = || run("report-29631480", "2026-05-04T10:00:00Z", None);
    let missed = |at: &str| {
        event("MissSchedule", &format!("Missed scheduled time to start a job: {at}"), "2026-05-04T11:00:10Z")
    };
    let quota = "Error creating job: jobs.batch \"report-29631540\" is forbidden: exceeded quota: objects, requested: \
                 count/jobs.batch=1, used: count/jobs.batch=20, limited: count/jobs.batch=20";
    let ran_well = late(json!({ "status": { "lastSuccessfulTime": "2026-05-04T11:05:00Z" } }));
    let cases = [
        ("silence", vec![late(json!({}))], vec!["T125"]),
        ("forbidden", vec![late(forbid.clone()), at_work()], vec!["T114"]),
        ("the run before has ended", vec![late(json!({ "spec": { "concurrencyPolicy": "Forbid" } }))], vec!["T125"]),
        (
            "too late",
            vec![late(json!({ "spec": { "startingDeadlineSeconds": 60 } })), missed("Mon, 04 May 2026 11:00:00 +0000")],
            vec!["T112"],
        ),
        ("refused", vec![late(json!({})), event("FailedCreate", quota, "2026-05-04T11:59:00Z")], vec!["T121"]),
        (
            "refused once",
            vec![
                cronjob(json!({})),
                run("report-29631000", "2026-05-04T02:00:00Z", Some("Complete")),
                event("FailedCreate", quota, "2026-05-04T01:59:00Z"),
            ],
            vec![],
        ),
        ("suspended", vec![late(json!({ "spec": { "suspend": true } }))], vec!["T110"]),
        (
            "many",
            vec![ran_well, event("TooManyMissedTimes", "too many missed start times", "2026-05-04T11:59:00Z")],
            vec!["T113"],
        ),
    ];
    for (name, objects, wanted) in cases {
        assert_eq!(ids(&objects), wanted, "{name}");
    }
    let told = find(&[late(json!({})), event("FailedCreate", quota, "2026-05-04T11:59:00Z")]).remove(0);
    assert!(told.verdict.contains("2026-05-04 11:00 UTC") && told.short.contains("20 of 20"), "{told:?}");
    let waits = find(&[late(forbid), at_work()]).remove(0);
    assert!(
        waits.verdict.contains("2 planned runs waited") && waits.verdict.contains("however late"),
        "{}",
        waits.verdict
    );
    let webhook = "Error creating job: Internal error occurred: failed calling webhook \"w\": no route to host";
    let told = find(&[late(json!({})), event("FailedCreate", webhook, "2026-05-04T11:59:00Z")]).remove(0);
    assert!(told.verdict.contains("failed calling webhook") && told.fixes[0].call.is_none(), "{told:?}");
    // The miss was long ago, and later runs have started.
    assert!(ids(&[cronjob(json!({})), missed("Fri, 01 May 2026 02:00:00 +0000")]).is_empty());
}

#[test]
fn a_deadline_that_leaves_no_time_is_a_risk() {
    assert_eq!(ids(&[spec(json!({ "startingDeadlineSeconds": 9 }))]), ["T112"]);
    assert!(ids(&[spec(json!({ "startingDeadlineSeconds": 10 }))]).is_empty());
}

#[test]
fn another_controller_that_is_down_makes_several_overdue() {
    let mut other =
        cronjob(json!({ "metadata": { "name": "other", "uid": "c-2" }, "spec": { "schedule": "*/5 * * * *" } }));
    let mine = cronjob(json!({ "spec": { "schedule": "*/5 * * * *" } }));
    let told = find(&[mine.clone(), other.clone()]).remove(0);
    assert!(told.verdict.contains("Another CronJob is overdue, too"), "{}", told.verdict);
    other["spec"]["suspend"] = json!(true);
    assert!(find(&[mine, other]).remove(0).verdict.contains("No other CronJob"));
}

#[test]
fn failing_runs_are_told_once_with_their_cause() {
    let old = || cronjob(json!({ "status": { "lastSuccessfulTime": "2026-05-01T02:10:00Z" } }));
    let fresh = || cronjob(json!({ "status": { "lastSuccessfulTime": "2026-05-03T02:10:00Z" } }));
    let failed = |name: &str, made: &str| run(name, made, Some("Failed"));
    let (last, before) =
        (failed("report-29631000", "2026-05-04T02:00:00Z"), failed("report-29629560", "2026-05-03T02:00:00Z"));
    let saw = event("SawCompletedJob", "Saw completed job: report-29629560, condition: Failed", "2026-05-03T02:05:00Z");
    let first = |objects: &[Value]| {
        let one = find(objects).into_iter().next().map(|one| (one.rule.0, one.short));
        one.unwrap_or_default()
    };
    assert_eq!(first(&[old(), last.clone()]), ("T117", "last success 3d ago".to_owned()));
    assert_eq!(first(&[old(), last.clone(), before]), ("T118", "the last 2 runs failed".to_owned()));
    assert_eq!(first(&[old(), last.clone(), saw]).0, "T118", "an event tells of one that is gone");
    // One failure is what it failed of.
    let one = find(&[fresh(), last.clone()]).remove(0);
    assert!(one.rule.0 < "T100" && one.effect.starts_with("run report-29631000: "), "{one:?}");
    let at_work = run("report-29631000", "2026-05-04T02:00:00Z", None);
    assert!(!ids(&[old(), at_work]).contains(&"T117"), "it may succeed yet");
    assert!(ids(&[old()]).contains(&"T117"), "nothing is left that tells");
    let weekdays = json!({
        "spec": { "schedule": "0 2 * * 1-5" },
        "status": { "lastScheduleTime": "2026-05-04T02:00:00Z", "lastSuccessfulTime": "2026-05-01T02:10:00Z" },
    });
    assert!(!ids(&[cronjob(weekdays), last]).contains(&"T117"), "there was no plan at the weekend");
}

#[test]
fn runs_that_overlap_or_end_each_other_are_told() {
    let active = |count: usize| {
        let uids: Vec<Value> = (0..count).map(|at| json!({ "uid": format!("report-{at}") })).collect();
        let runs = (0..count).map(|at| run(&format!("report-{at}"), "2026-05-04T11:00:00Z", None));
        let objects: Vec<Value> =
            std::iter::once(cronjob(json!({ "status": { "active": uids } }))).chain(runs).collect();
        find(&objects).into_iter().filter(|one| one.rule.0 == "T119").map(|one| one.severity.word()).collect::<Vec<_>>()
    };
    assert_eq!((active(1), active(2), active(3)), (vec![], vec!["warning"], vec!["error"]));

    let replace = || {
        cronjob(json!({
            "spec": { "concurrencyPolicy": "Replace", "schedule": "*/10 * * * *" },
            "status": { "lastScheduleTime": "2026-05-04T11:50:00Z", "lastSuccessfulTime": null },
        }))
    };
    let made = event("SuccessfulCreate", "Created job report-29631590", "2026-05-04T11:50:00Z");
    let deleted = |name: &str| event("SuccessfulDelete", &format!("Deleted job {name}"), "2026-05-04T11:50:00Z");
    assert_eq!(ids(&[replace(), made.clone(), deleted("report-29631580")])[0], "T120");
    let saw =
        event("SawCompletedJob", "Saw completed job: report-29631580, condition: Complete", "2026-05-04T11:45:00Z");
    assert!(!ids(&[replace(), made.clone(), deleted("report-29631580"), saw]).contains(&"T120"), "it had ended");
    assert!(!ids(&[replace(), made.clone(), deleted("report-29631560")]).contains(&"T120"), "the history is cut");
    let soon = event("SuccessfulDelete", "Deleted job report-29631580", "2026-05-04T11:40:05Z");
    assert!(
        !ids(&[replace(), made, soon]).contains(&"T120"),
        "a history limit of 0 deleted it before the next was due"
    );
}

#[test]
fn runs_that_are_gone_or_too_many_are_told() {
    let saw =
        || event("SawCompletedJob", "Saw completed job: report-29631000, condition: Failed", "2026-05-04T02:05:00Z");
    let failing =
        |spec: Value| cronjob(json!({ "spec": spec, "status": { "lastSuccessfulTime": "2026-05-03T02:10:00Z" } }));
    let told = find(&[failing(json!({ "failedJobsHistoryLimit": 0 })), saw()])
        .into_iter()
        .find(|one| one.rule.0 == "T102")
        .unwrap();
    assert!(told.verdict.contains("failedJobsHistoryLimit 0"), "{}", told.verdict);
    let other = run("report-29629560", "2026-05-03T02:00:00Z", Some("Failed"));
    assert!(!ids(&[failing(json!({})), saw(), other]).contains(&"T102"), "a failed run is kept to look at");
    assert!(!ids(&[cronjob(json!({})), saw()]).contains(&"T102"), "it has succeeded since");
    let many = (0..21).map(|at| run(&format!("report-{at}"), "2026-05-04T01:00:00Z", Some("Complete")));
    assert_eq!(ids(&std::iter::once(cronjob(json!({}))).chain(many).collect::<Vec<_>>()), ["T124"]);
}

#[test]
fn what_keeps_a_run_from_its_end_leads_over_what_waits_for_it() {
    let waits = |name: &str| {
        cronjob(json!({
            "spec": { "schedule": "0 * * * *", "concurrencyPolicy": "Forbid" },
            "status": { "lastScheduleTime": "2026-05-04T10:00:00Z", "active": [{ "uid": name }] },
        }))
    };
    let name = "report-29631480";
    let mut open = run(name, "2026-05-04T10:00:00Z", None);
    open["status"]["failed"] = json!(0);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{name}-x1y2z"), "namespace": "batch", "uid": "p-1", "creationTimestamp": "2026-05-04T10:00:00Z",
            "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": name, "controller": true }],
        },
        "spec": { "nodeName": "node-1", "containers": [{ "name": "main" }] },
        "status": { "phase": "Pending", "containerStatuses": [{
            "name": "main", "ready": false, "restartCount": 0,
            "state": { "waiting": { "reason": "CreateContainerConfigError", "message": "configmap \"settings\" not found" } },
        }] },
    });
    let told = find(&[waits(name), open.clone(), pod]);
    assert_eq!((told[0].rule.0, told[1].rule.0), ("T047", "T114"), "{told:?}");
    assert!(told[0].effect.contains("2 planned runs skipped"), "{}", told[0].effect);
    assert!(told[1].verdict.contains("was made 2h ago and is not over"), "it never ran: {}", told[1].verdict);
    open["spec"]["suspend"] = json!(true);
    let told = find(&[waits(name), open.clone()]);
    assert_eq!((told[0].rule.0, told[0].severity.word()), ("T001", "warning"), "{told:?}");
    let alone = find(&[cronjob(json!({ "status": { "active": [{ "uid": name }] } })), open]);
    assert!(alone.is_empty(), "nothing waits for a run that somebody suspended: {alone:?}");
}

#[test]
fn a_failed_run_that_a_history_limit_of_0_deleted_is_told_from_one_that_succeeded() {
    let at = "2026-05-04T02:05:00Z";
    let deleted = || event("SuccessfulDelete", "Deleted job report-29631000", at);
    let since = |success: &str| cronjob(json!({ "status": { "lastSuccessfulTime": success } }));
    let failed = find(&[since("2026-05-03T02:10:00Z"), deleted()]);
    assert_eq!(failed[0].rule.0, "T102", "{failed:?}");
    assert!(find(&[since("2026-05-04T02:04:00Z"), deleted()]).is_empty(), "it succeeded");
    let replace = json!({ "spec": { "concurrencyPolicy": "Replace" }, "status": { "lastSuccessfulTime": "2026-05-03T02:10:00Z" } });
    assert!(find(&[cronjob(replace), deleted()]).is_empty(), "the next one ended it");
}

#[test]
fn a_success_that_is_not_kept_ends_a_streak_of_failures() {
    let failed = || {
        [("report-29628120", "2026-05-02T02:00:00Z"), ("report-29629560", "2026-05-03T02:00:00Z")]
            .map(|(name, made)| {
                let mut one = run(name, made, Some("Failed"));
                one["status"]["conditions"][0]["lastTransitionTime"] = json!(made.replace("02:00", "02:05"));
                one
            })
            .to_vec()
    };
    let with =
        |success: &str| [vec![cronjob(json!({ "status": { "lastSuccessfulTime": success } }))], failed()].concat();
    assert!(ids(&with("2026-05-04T02:10:00Z")).is_empty(), "successfulJobsHistoryLimit 0 deleted it");
    assert_eq!(ids(&with("2026-05-01T02:10:00Z"))[0], "T118");
}

#[test]
fn runs_by_hand_are_told_from_those_that_the_controller_forgot() {
    let told = |name: &str| {
        let note = format!("Saw a job that the controller did not create or forgot: {name}");
        let event = event("UnexpectedJob", &note, "2026-05-04T11:59:00Z");
        find(&[cronjob(json!({})), run(name, "2026-05-04T11:59:00Z", None), event]).pop().unwrap().short
    };
    assert_eq!(told("report-manual"), "report-manual was started by hand");
    assert_eq!(told("report-29631599"), "the controller forgot report-29631599");
}

#[test]
fn a_change_of_the_clocks_is_told_where_it_touches_a_planned_time() {
    let told = |schedule: &str, zone: &str, now: &str| {
        let one = cronjob(json!({
            "spec": { "schedule": schedule, "timeZone": zone },
            "status": { "lastScheduleTime": now, "lastSuccessfulTime": now },
        }));
        let findings = found(&[one], "CronJob/report", now);
        findings.into_iter().find(|one| one.rule.0 == "T123").map(|one| one.short).unwrap_or_default()
    };
    let (before, after) = ("2026-03-27T12:00:00Z", "2026-03-29T12:00:00Z");
    assert_eq!(told("30 2 * * *", "Europe/Berlin", before), "no run on 2026-03-29: the clocks change");
    assert_eq!(told("30 2 * * *", "Europe/Berlin", after), "no run on 2026-03-29: the clocks changed");
    assert_eq!(
        told("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z"),
        "two runs on 2026-10-25: the clocks change"
    );
    assert_eq!(
        told("0 0 * * *", "America/Sao_Paulo", "2018-11-02T12:00:00Z"),
        "no run on 2018-11-04: the clocks change"
    );
    for (schedule, zone, now) in [
        ("30 4 * * *", "Europe/Berlin", before),
        ("30 2 * * *", "Europe/Berlin", "2026-03-15T12:00:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2026-04-01T12:00:00Z"),
        ("30 2 * * *", "Asia/Kolkata", before),
        ("*/30 * * * *", "Europe/Berlin", before),
        ("30 2 * * 1", "Europe/Berlin", before),
        ("@every 5h", "Europe/Berlin", before),
    ] {
        assert_eq!(told(schedule, zone, now), "", "{schedule} {zone} {now}");
    }
}
