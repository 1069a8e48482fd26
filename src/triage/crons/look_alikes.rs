//! What looks like a CronJob that starts no runs, or whose runs are in trouble.

use serde_json::{Value, json};

use super::super::look_alikes::Change::{self, Add, Merge, Without};
use super::super::look_alikes::{Fault, LookAlike, fault};
use super::super::scene::{condition, with};
use super::tests::{cronjob, event, run, spec};

fn of(rule: &'static str, objects: Vec<Value>, look_alikes: Vec<LookAlike>) -> Fault {
    Fault { about: "CronJob/report", ..fault(rule, objects, look_alikes) }
}

/// The CronJob has other fields.
fn cron(spec: Value, status: Value) -> Change {
    Merge(0, json!({ "spec": spec, "status": status }))
}

/// An event was seen last at this time.
fn at(time: &str) -> Change {
    Merge(1, json!({ "lastTimestamp": time }))
}

/// One that is planned for each hour, and started none at eleven.
fn late(patch: Value) -> Value {
    let times = json!({ "lastScheduleTime": "2026-05-04T10:00:00Z", "lastSuccessfulTime": "2026-05-04T10:05:00Z" });
    with(cronjob(json!({ "spec": { "schedule": "0 * * * *" }, "status": times })), patch)
}

/// A run ended so, at this time.
fn ended(kind: &str, at: &str) -> Value {
    condition(kind, "X", at)
}

/// Runs that do not start.
fn of_starts() -> Vec<Fault> {
    let none = || json!({});
    let quota = "Error creating job: jobs.batch \"report-29631540\" is forbidden: exceeded quota: objects, requested: \
                 count/jobs.batch=1, used: count/jobs.batch=20, limited: count/jobs.batch=20";
    let missed = |at: &str| {
        event("MissSchedule", &format!("Missed scheduled time to start a job: {at}"), "2026-05-04T11:00:10Z")
    };
    let many = event("TooManyMissedTimes", "too many missed start times", "2026-05-04T11:59:00Z");
    let open = || run("report-29631480", "2026-05-04T10:00:00Z", None);
    let forbid =
        json!({ "spec": { "concurrencyPolicy": "Forbid" }, "status": { "active": [{ "uid": "report-29631480" }] } });
    let new = json!({
        "metadata": { "creationTimestamp": "2026-05-04T11:00:00Z" },
        "status": { "lastScheduleTime": null, "lastSuccessfulTime": null },
    });
    let unknown = "invalid timeZone: \"Europe/Kyiv\": unknown time zone Europe/Kyiv";
    let (before, stays) = ("2026-03-27T12:00:00Z", json!({ "schedule": "30 4 * * *" }));
    let changed = cronjob(json!({
        "spec": { "schedule": "30 2 * * *", "timeZone": "Europe/Berlin" },
        "status": { "lastScheduleTime": before, "lastSuccessfulTime": before },
    }));
    let clocks = vec![
        ("no clock changes at that hour", cron(stays, none()), &[][..]),
        ("one run of many", cron(json!({ "schedule": "*/30 * * * *" }), none()), &[]),
        ("a zone whose clocks stay", cron(json!({ "timeZone": "Asia/Kolkata" }), none()), &[]),
        ("it is suspended", cron(json!({ "suspend": true }), none()), &["T110"]),
    ];
    vec![
        of(
            "T110",
            vec![spec(json!({ "suspend": true }))],
            vec![
                ("it could not start anyway", cron(json!({ "timeZone": "Atlantis/Capital" }), none()), &["T116"]),
                (
                    "it is on its way out",
                    Merge(0, json!({ "metadata": { "deletionTimestamp": "2026-05-04T11:59:00Z" } })),
                    &[],
                ),
            ],
        ),
        of(
            "T111",
            vec![cronjob(new)],
            vec![
                (
                    "it was started by hand",
                    Add(with(run("report-x", "2026-05-04T11:30:00Z", None), ended("Complete", "2026-05-04T11:40:00Z"))),
                    &[],
                ),
                (
                    "its first time has passed",
                    Merge(0, json!({ "metadata": { "creationTimestamp": "2026-05-04T01:00:00Z" } })),
                    &["T125"],
                ),
                ("it is suspended", cron(json!({ "suspend": true }), none()), &["T110"]),
            ],
        ),
        of(
            "T112",
            vec![late(json!({ "spec": { "startingDeadlineSeconds": 60 } })), missed("Mon, 04 May 2026 11:00:00 +0000")],
            vec![(
                "it was long ago, and later ones have started",
                Merge(1, missed("Sun, 03 May 2026 09:00:00 +0000")),
                &[],
            )],
        ),
        of(
            "T112",
            vec![spec(json!({ "startingDeadlineSeconds": 9 }))],
            vec![
                ("ten seconds", cron(json!({ "startingDeadlineSeconds": 10 }), none()), &[]),
                ("it is suspended", cron(json!({ "suspend": true }), none()), &["T110"]),
            ],
        ),
        of(
            "T113",
            vec![cronjob(none()), many],
            vec![
                ("it was two days ago", at("2026-05-02T11:00:00Z"), &[]),
                ("a later run was started", cron(none(), json!({ "lastScheduleTime": "2026-05-04T12:00:00Z" })), &[]),
            ],
        ),
        of(
            "T114",
            vec![late(forbid), open()],
            vec![
                ("none is due", cron(none(), json!({ "lastScheduleTime": "2026-05-04T12:00:00Z" })), &[]),
                ("it has just ended, and the next one comes", Merge(1, ended("Complete", "2026-05-04T11:58:00Z")), &[]),
                ("nobody says that it ended", Merge(1, ended("Complete", "2026-05-04T11:57:59Z")), &["T125"]),
                ("it may start beside it", cron(json!({ "concurrencyPolicy": "Allow" }), none()), &["T125"]),
            ],
        ),
        of(
            "T115",
            vec![spec(json!({ "schedule": "59 23 31 2 *" }))],
            vec![
                ("it comes in leap years", cron(json!({ "schedule": "0 0 29 2 *" }), none()), &[]),
                ("it comes in some months", cron(json!({ "schedule": "59 23 31 5 *" }), none()), &[]),
            ],
        ),
        of(
            "T116",
            vec![spec(json!({ "timeZone": "Europe/Kyiv" })), event("UnknownTimeZone", unknown, "2026-05-04T11:50:00Z")],
            vec![
                ("it was corrected", cron(json!({ "timeZone": "Europe/Kiev" }), none()), &[]),
                ("it was long ago", at("2026-05-04T11:00:00Z"), &[]),
                ("a run was started since", cron(none(), json!({ "lastScheduleTime": "2026-05-04T11:55:00Z" })), &[]),
            ],
        ),
        of(
            "T121",
            vec![late(none()), event("FailedCreate", quota, "2026-05-04T11:50:00Z")],
            vec![
                ("a run was made since", cron(none(), json!({ "lastScheduleTime": "2026-05-04T11:55:00Z" })), &[]),
                (
                    "the run is there, and the status lags",
                    Add(with(
                        run("report-29631540", "2026-05-04T11:51:00Z", None),
                        json!({ "status": { "failed": 0 } }),
                    )),
                    &[],
                ),
                ("it is suspended", cron(json!({ "suspend": true }), none()), &["T110"]),
            ],
        ),
        Fault { now: before, ..of("T123", vec![changed], clocks) },
        of(
            "T125",
            vec![late(none())],
            vec![
                ("its controller said something", Add(event("JobAlreadyActive", "…", "2026-05-04T11:30:00Z")), &[]),
                (
                    "the run is there, and the status lags",
                    Add(with(
                        run("report-29631540", "2026-05-04T11:00:01Z", None),
                        json!({ "status": { "failed": 0 } }),
                    )),
                    &[],
                ),
                (
                    "two minutes",
                    cron(json!({ "schedule": "58 11 * * *" }), json!({ "lastScheduleTime": "2026-05-03T11:58:00Z" })),
                    &[],
                ),
                ("it was dropped for being late", cron(json!({ "startingDeadlineSeconds": 600 }), none()), &[]),
            ],
        ),
    ]
}

/// Runs that start, and what becomes of them.
fn of_runs() -> Vec<Fault> {
    let since = |success: &str| json!({ "status": { "lastSuccessfulTime": success } });
    let failed = |name: &str, day: &str| {
        with(
            run(name, &format!("2026-05-{day}T02:00:00Z"), Some("Failed")),
            ended("Failed", &format!("2026-05-{day}T02:05:00Z")),
        )
    };
    let (last, before) = (failed("report-29631000", "04"), failed("report-29629560", "03"));
    let replace = json!({
        "spec": { "concurrencyPolicy": "Replace", "schedule": "*/10 * * * *" },
        "status": { "lastScheduleTime": "2026-05-04T11:50:00Z", "lastSuccessfulTime": "2026-05-04T11:35:00Z" },
    });
    let made = event("SuccessfulCreate", "Created job report-29631590", "2026-05-04T11:50:00Z");
    let deleted = event("SuccessfulDelete", "Deleted job report-29631580", "2026-05-04T11:50:00Z");
    let well =
        event("SawCompletedJob", "Saw completed job: report-29631580, condition: Complete", "2026-05-04T11:45:00Z");
    let by_hand = with(run("report-x", "2026-05-04T11:59:00Z", None), json!({ "status": { "failed": 0 } }));
    let note = "Saw a job that the controller did not create or forgot: report-x";
    let (a, b) = (run("report-a", "2026-05-04T11:00:00Z", None), run("report-b", "2026-05-04T11:30:00Z", None));
    let both = json!({ "status": { "active": [{ "uid": "report-a" }, { "uid": "report-b" }] } });
    let many = (0..21).map(|at| run(&format!("report-{at}"), "2026-05-04T01:00:00Z", Some("Complete")));
    let saw = event("SawCompletedJob", "Saw completed job: report-29631000, condition: Failed", "2026-05-04T02:05:00Z");
    vec![
        of(
            "T102",
            vec![cronjob(since("2026-05-02T02:10:00Z")), saw.clone()],
            vec![("a failed one is kept", Add(before.clone()), &["T118", "T080"])],
        ),
        of(
            "T102",
            vec![cronjob(since("2026-05-03T02:10:00Z")), saw],
            vec![
                ("it succeeded since", Merge(0, since("2026-05-04T02:10:00Z")), &[]),
                (
                    "it succeeded",
                    Merge(1, json!({ "message": "Saw completed job: report-29631000, condition: Complete" })),
                    &[],
                ),
            ],
        ),
        of(
            "T117",
            vec![cronjob(since("2026-05-01T02:10:00Z")), last.clone()],
            vec![
                ("none was planned since", cron(json!({ "schedule": "0 2 * * 1-5" }), json!({})), &["T080"]),
                ("it may succeed yet", Merge(1, json!({ "status": { "conditions": [], "failed": 0 } })), &[]),
            ],
        ),
        of(
            "T118",
            vec![cronjob(since("2026-05-01T02:10:00Z")), last, before],
            vec![
                ("one succeeded since, and is not kept", Merge(0, since("2026-05-04T02:10:00Z")), &[]),
                ("one alone failed since the last success", Without(2), &["T117", "T080"]),
            ],
        ),
        of(
            "T119",
            vec![cronjob(both), a, b],
            vec![
                ("one has ended, and the status lags", Merge(1, ended("Complete", "2026-05-04T11:59:50Z")), &[]),
                ("the next one waits", cron(json!({ "concurrencyPolicy": "Forbid" }), json!({})), &[]),
                ("one alone", cron(json!({}), json!({ "active": [{ "uid": "report-a" }] })), &[]),
            ],
        ),
        of(
            "T120",
            vec![cronjob(replace), made, deleted],
            vec![
                ("it had ended before", Add(well), &[]),
                (
                    "an older one, by the history limit",
                    Merge(2, json!({ "message": "Deleted job report-29631560" })),
                    &[],
                ),
                (
                    "it was deleted before the next was due",
                    Merge(2, json!({ "lastTimestamp": "2026-05-04T11:40:05Z" })),
                    &[],
                ),
            ],
        ),
        of(
            "T122",
            vec![cronjob(json!({})), by_hand, event("UnexpectedJob", note, "2026-05-04T11:59:00Z")],
            vec![("that run is gone", Without(1), &[])],
        ),
        of(
            "T124",
            std::iter::once(cronjob(json!({}))).chain(many).collect(),
            vec![("twenty are few enough", Without(1), &[])],
        ),
    ]
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    [of_starts(), of_runs()].into_iter().flatten().collect()
}
