//! Scenarios on the embedded cluster: the real client, watchers and log streams through the HTTP seam, with faults.

use kubatch::demo::Demo;
use kubatch::model::key::Kind;
use kubatch::model::resources::Resources;
use kubatch::model::snapshot::Freshness;
use serde_json::{Value, json};

use crate::Local;
use crate::support::driver::Driver;

pub const TESTS: &[Local] = &[
    Local { name: "scenarios::lists_then_follows_changes", run: lists_then_follows_changes },
    Local { name: "scenarios::long_lists_come_in_pages", run: long_lists_come_in_pages },
    Local { name: "scenarios::failed_list_is_told_and_tried_again", run: failed_list_is_told_and_tried_again },
    Local { name: "scenarios::forbidden_kind_leaves_the_rest_alone", run: forbidden_kind_leaves_the_rest_alone },
    Local { name: "scenarios::broken_watch_keeps_data_and_marks_it", run: broken_watch_keeps_data_and_marks_it },
    Local { name: "scenarios::compacted_history_is_no_failure", run: compacted_history_is_no_failure },
    Local {
        name: "scenarios::events_come_in_their_older_form_where_the_newer_is_refused",
        run: events_come_in_their_older_form_where_the_newer_is_refused,
    },
    Local {
        name: "scenarios::kinds_that_only_explain_may_be_forbidden",
        run: kinds_that_only_explain_may_be_forbidden,
    },
    Local { name: "scenarios::running_pods_tell_what_they_use", run: running_pods_tell_what_they_use },
    Local { name: "scenarios::log_resumes_without_loss_or_repetition", run: log_resumes_without_loss_or_repetition },
    Local { name: "scenarios::namespace_switch_starts_a_new_session", run: namespace_switch_starts_a_new_session },
    Local { name: "scenarios::hostile_text_is_made_harmless", run: hostile_text_is_made_harmless },
];

fn job(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "namespace": namespace, "name": name, "creationTimestamp": "2026-11-21T03:00:00Z" },
        "spec": { "parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": true },
    })
}

/// A Job with a pod that runs, and its UID as the owner.
fn running(demo: &Demo, name: &str) {
    let uid = format!("{name}-uid");
    let mut job = job("data", name);
    job["metadata"]["uid"] = json!(uid);
    job["spec"]["suspend"] = json!(false);
    job["status"] = json!({ "active": 1, "startTime": "2026-11-21T03:00:00Z" });
    demo.put(job);
    demo.put(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "namespace": "data", "name": format!("{name}-abcde"), "creationTimestamp": "2026-11-21T03:00:00Z",
            "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": true }],
        },
        "spec": { "containers": [{ "name": "main" }] },
        "status": {
            "phase": "Running",
            "containerStatuses": [{ "name": "main", "ready": true, "restartCount": 0, "state": { "running": {} } }],
        },
    }));
}

fn lists_then_follows_changes() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    let mut driver = Driver::open(&demo);
    driver.shows("first");
    driver.shows("● live");
    demo.put(job("data", "second"));
    driver.shows("second");
    demo.delete("/apis/batch/v1/namespaces/data/jobs/first");
    let screen = driver.hides("first");
    assert!(screen.contains("second"), "{screen}");
}

fn long_lists_come_in_pages() {
    let demo = Demo::default();
    for number in 0..1_234 {
        demo.put(job("data", &format!("job-{number:04}")));
    }
    let mut driver = Driver::open(&demo);
    driver.shows("[2] Jobs  1234");
}

fn failed_list_is_told_and_tried_again() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    demo.fail("/jobs", 500);
    let mut driver = Driver::open(&demo);
    let screen = driver.shows("cannot watch jobs in all namespaces");
    assert!(screen.contains("retrying"), "{screen}");
    demo.heal();
    driver.shows("first");
    driver.shows("● live");
}

fn forbidden_kind_leaves_the_rest_alone() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    demo.fail("/pods", 403);
    let mut driver = Driver::open(&demo);
    driver.shows("first");
    driver.shows("● live");
    driver.shows("cannot watch pods");
}

fn broken_watch_keeps_data_and_marks_it() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    let mut driver = Driver::open(&demo);
    driver.shows("first");
    driver.shows("● live");
    demo.fail("/", 503);
    let screen = driver.shows("stale for");
    assert!(screen.contains("first"), "{screen}");
    // Nothing changes on the server: that the watches stand again must be told all the same.
    demo.heal();
    driver.hides("stale for");
    driver.shows("● live");
}

fn compacted_history_is_no_failure() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    let mut driver = Driver::open(&demo);
    driver.shows("first");
    driver.shows("● live");
    demo.compact();
    demo.put(job("data", "second"));
    let screen = driver.wait("the new Job, and never a stale mark", |screen| {
        assert!(!screen.contains("stale"), "{screen}");
        screen.contains("second")
    });
    assert!(screen.contains("first"), "{screen}");
}

fn events_come_in_their_older_form_where_the_newer_is_refused() {
    for code in [403, 404] {
        let demo = Demo::default();
        running(&demo, "first");
        demo.put(json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": { "namespace": "data", "name": "first.1" },
            "involvedObject": { "apiVersion": "batch/v1", "kind": "Job", "name": "first", "uid": "first-uid" },
            "reason": "FailedCreate", "message": "told in the older form", "type": "Warning", "count": 3,
        }));
        demo.fail("/apis/events.k8s.io/", code);
        let mut driver = Driver::open(&demo);
        driver.shows("told in the older form");
        let screen = driver.shows("● live");
        assert!(!screen.contains("cannot watch"), "{screen}");
        demo.fail("/events", 503);
        driver.shows("stale for");
        demo.heal();
        driver.hides("stale for");
    }
}

fn kinds_that_only_explain_may_be_forbidden() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    for kind in ["/nodes", "/resourcequotas", "/limitranges", "/persistentvolumeclaims"] {
        demo.fail(kind, 403);
    }
    let mut driver = Driver::open(&demo);
    driver.shows("first");
    let screen = driver.wait("live, and every kind answered", |screen| {
        assert!(!screen.contains("cannot watch") && !screen.contains("denied"), "{screen}");
        screen.contains("● live")
    });
    assert!(!screen.contains("stale"), "{screen}");
    driver.wait_for("what is denied known as such", |app| {
        Kind::ALL
            .into_iter()
            .filter(|kind| kind.is_background())
            .all(|kind| matches!(app.snapshot.freshness(kind), Freshness::Denied(_)))
    });
    let screen = driver.screen();
    assert!(screen.contains("● live") && !screen.contains("cannot watch"), "{screen}");
}

fn running_pods_tell_what_they_use() {
    let demo = Demo::default();
    running(&demo, "first");
    demo.put(json!({
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "Pod",
        "metadata": { "namespace": "data", "name": "first-abcde" },
        "containers": [{ "name": "main", "usage": { "cpu": "120118989n", "memory": "2Mi" } }],
    }));
    let mut driver = Driver::open(&demo);
    let used = Resources { cpu_millis: 121, memory_bytes: 2 << 20 };
    driver.wait_for("what the pod uses", |app| {
        app.snapshot.pods.iter().any(|pod| app.usage_of(pod.meta.uid) == Some(used))
    });
}

fn log_resumes_without_loss_or_repetition() {
    let demo = Demo::default();
    running(&demo, "talker");
    let line = |second: u32, text: &str| {
        demo.write_log("data", "talker-abcde", "main", &format!("2026-11-21T03:00:{second:02}.000000001Z {text}"));
    };
    line(1, "one");
    line(1, "two");
    let mut driver = Driver::open(&demo);
    driver.shows("two");
    line(2, "three");
    driver.shows("three");
    demo.fail("/log", 500);
    driver.shows("cannot read the log");
    line(2, "four");
    demo.heal();
    let screen = driver.shows("four");
    let log: Vec<&str> =
        ["one", "two", "three", "four"].into_iter().filter(|text| screen.matches(text).count() == 1).collect();
    assert_eq!(log, ["one", "two", "three", "four"], "{screen}");
}

fn namespace_switch_starts_a_new_session() {
    let demo = Demo::default();
    demo.put(job("data", "in-data"));
    demo.put(job("ml", "in-ml"));
    let mut driver = Driver::open(&demo);
    driver.shows("in-data");
    driver.shows("in-ml");
    for key in [":", "n", "s", "space", "m", "l", "enter"] {
        driver.press(key);
    }
    driver.shows("in-ml");
    let screen = driver.shows("● live");
    assert!(!screen.contains("in-data"), "{screen}");
    driver.press("0");
    driver.shows("in-data");
}

fn hostile_text_is_made_harmless() {
    let demo = Demo::default();
    running(&demo, "rude");
    demo.write_log("data", "rude-abcde", "main", "2026-11-21T03:00:01Z \x1b]0;owned\x07\x1b[2Jplain");
    let mut driver = Driver::open(&demo);
    let screen = driver.shows("plain");
    assert!(screen.contains("␛]0;owned␇␛[2Jplain"), "{screen}");
}
