//! Scenarios on the embedded cluster: the real client, watchers and log streams through the HTTP seam, with faults.

use kubatch::demo::{Demo, Fault};
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
    Local { name: "scenarios::list_without_an_answer_is_given_up", run: list_without_an_answer_is_given_up },
    Local { name: "scenarios::list_that_stops_or_breaks_is_told", run: list_that_stops_or_breaks_is_told },
    Local {
        name: "scenarios::watch_that_breaks_keeps_data_and_goes_on",
        run: watch_that_breaks_keeps_data_and_goes_on,
    },
    Local { name: "scenarios::watch_that_falls_silent_is_begun_anew", run: watch_that_falls_silent_is_begun_anew },
    Local { name: "scenarios::busy_server_is_left_alone_as_it_asks", run: busy_server_is_left_alone_as_it_asks },
    Local { name: "scenarios::late_answers_are_waited_for", run: late_answers_are_waited_for },
    Local { name: "scenarios::ended_watch_goes_on", run: ended_watch_goes_on },
    Local { name: "scenarios::server_that_restarts_is_live_again", run: server_that_restarts_is_live_again },
    Local { name: "scenarios::refused_login_is_renewed_by_itself", run: refused_login_is_renewed_by_itself },
    Local { name: "scenarios::namespaces_that_work_are_found", run: namespaces_that_work_are_found },
    Local { name: "scenarios::remembered_namespaces_are_tried", run: remembered_namespaces_are_tried },
    Local { name: "scenarios::without_any_namespace_it_is_told_what_is_missing", run: without_any_namespace },
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
pub fn running(demo: &Demo, name: &str) {
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
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
        "metadata": { "namespace": "data", "name": "first-abcde", "labels": { "job-name": "first" } },
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

fn late_answers_are_waited_for() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    demo.fail_with("GET /apis/batch/v1/jobs", Fault::Delay(std::time::Duration::from_secs(9)));
    let mut driver = Driver::open_hurried(&demo);
    driver.shows("loading jobs");
    driver.shows("first");
}

fn ended_watch_goes_on() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    let mut driver = Driver::open(&demo);
    driver.shows("first");
    driver.shows("● live");
    demo.end_streams();
    demo.put(job("data", "second"));
    driver.shows("second");
}

fn server_that_restarts_is_live_again() {
    let demo = Demo::default();
    demo.put(job("data", "before"));
    let mut driver = Driver::open(&demo);
    driver.shows("before");
    driver.shows("● live");
    demo.fail_with("/", Fault::Cut);
    let screen = driver.shows("stale for");
    assert!(screen.contains("before"), "{screen}");
    demo.heal();
    demo.put(job("data", "after"));
    driver.shows("after");
    driver.hides("stale for");
    driver.shows("● live");
}

fn hostile_text_is_made_harmless() {
    let demo = Demo::default();
    running(&demo, "rude");
    for text in ["\x1b]0;owned\x07\x1b[2Jplain", "\x1b[32mINFO\x1b[0m in colour", " 10%\r 50%\r100% loaded"] {
        demo.write_log("data", "rude-abcde", "main", &format!("2026-11-21T03:00:01Z {text}"));
    }
    let mut driver = Driver::open(&demo);
    let screen = driver.shows("loaded");
    assert!(screen.contains("␛]0;owned␇␛[2Jplain"), "{screen}");
    assert!(screen.contains(" INFO in colour ") && screen.contains(" ␍100% loaded "), "{screen}");
}

fn list_without_an_answer_is_given_up() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    demo.fail_with("/jobs", Fault::Silence);
    let mut driver = Driver::open_hurried(&demo);
    driver.shows("cannot watch jobs in all namespaces");
    driver.shows("gave no answer");
    demo.heal();
    driver.shows("first");
    driver.shows("● live");
}

fn list_that_stops_or_breaks_is_told() {
    let faults = [(Fault::Stall, "stopped in the middle"), (Fault::Cut, "reset"), (Fault::Garbage, "no Kubernetes")];
    for (fault, told) in faults {
        let demo = Demo::default();
        demo.put(job("data", "first"));
        demo.fail_with("/jobs", fault);
        let mut driver = Driver::open_hurried(&demo);
        driver.shows("cannot watch jobs in all namespaces");
        driver.shows(told);
        demo.heal();
        driver.shows("first");
        driver.shows("● live");
    }
}

fn watch_that_breaks_keeps_data_and_goes_on() {
    for fault in [Fault::Cut, Fault::Garbage, Fault::Silence] {
        let demo = Demo::default();
        demo.put(job("data", "first"));
        let mut driver = Driver::open_hurried(&demo);
        driver.shows("first");
        driver.shows("● live");
        demo.fail_with("jobs?&watch=true", fault);
        let screen = driver.shows("stale for");
        assert!(screen.contains("first"), "{screen}");
        demo.heal();
        demo.put(job("data", "second"));
        driver.shows("second");
        driver.hides("stale for");
    }
}

fn watch_that_falls_silent_is_begun_anew() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    let mut driver = Driver::open_hurried(&demo);
    driver.shows("first");
    driver.shows("● live");
    demo.freeze();
    demo.put(job("data", "second"));
    driver.shows("second");
}

fn busy_server_is_left_alone_as_it_asks() {
    let demo = Demo::default();
    demo.fail_with("/", Fault::Busy(40));
    let mut driver = Driver::open_hurried(&demo);
    // Our own longest wait is shorter than 20 s.
    driver.wait("the wait", |screen| (30..=40).any(|seconds| screen.contains(&format!("retrying in {seconds}s"))));
    demo.heal();
    driver.shows("● live");
}

fn refused_login_is_renewed_by_itself() {
    let demo = Demo::default();
    demo.put(job("data", "first"));
    let mut driver = Driver::open_hurried(&demo);
    driver.shows("first");
    driver.shows("● live");
    demo.fail("/", 401);
    let screen = driver.shows("press L to log in");
    assert!(screen.contains("first"), "{screen}");
    demo.heal();
    driver.shows("● live");
    driver.hides("press L");
}

/// An embedded cluster with two namespaces and one Job in each, where nothing may be listed in all namespaces, and
/// nothing at all in `ml`.
fn walled() -> Demo {
    let demo = Demo::default();
    for name in ["data", "ml"] {
        demo.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }));
        demo.put(job(name, &format!("in-{name}")));
    }
    for path in ["v1/jobs", "v1/cronjobs", "v1/pods", "v1/events", "/namespaces/ml/"] {
        demo.fail(path, 403);
    }
    demo
}

fn namespaces_that_work_are_found() {
    let mut driver = Driver::open(&walled());
    driver.shows("demo  data ");
    driver.shows("in-data");
    let screen = driver.shows("● live");
    assert!(!screen.contains("cannot"), "{screen}");
    driver.press("0");
    let screen = driver.shows("in-data");
    assert!(!screen.contains("cannot"), "all namespaces are those that work:\n{screen}");
}

fn remembered_namespaces_are_tried() {
    let demo = walled();
    demo.fail("v1/namespaces?", 403);
    let mut driver = Driver::open_remembering(&demo, &["ml", "data"]);
    driver.shows("demo  data ");
    driver.shows("in-data");
    driver.shows("● live");
}

fn without_any_namespace() {
    let demo = walled();
    demo.fail("v1/namespaces?", 403);
    let mut driver = Driver::open(&demo);
    driver.shows("denied");
    let screen = driver.shows("cannot watch jobs in all namespaces");
    assert!(screen.contains(":ns NAME"), "{screen}");
}
