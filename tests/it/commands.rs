//! Commands on the embedded cluster: from a key through the real client to the server and back by the watch.

use kubatch::demo::Demo;
use serde_json::{Value, json};

use crate::Local;
use crate::support::driver::Driver;

pub const TESTS: &[Local] = &[
    Local { name: "commands::suspend_reaches_the_server_and_the_watch_shows_it", run: suspend_reaches_the_server },
    Local { name: "commands::several_marked_jobs_are_resumed_together", run: several_marked_jobs_are_resumed_together },
    Local { name: "commands::a_refused_write_says_so_and_the_row_stays", run: a_refused_write_says_so },
    Local { name: "commands::another_job_of_the_same_name_is_not_hit", run: another_job_of_the_same_name_is_not_hit },
    Local { name: "commands::read_only_changes_nothing", run: read_only_changes_nothing },
    Local { name: "commands::describe_and_yaml_show_the_fetched_object", run: describe_and_yaml_show_the_object },
    Local { name: "commands::palette_goes_to_a_job", run: palette_goes_to_a_job },
];

fn job(name: &str, is_suspended: bool) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "namespace": "data", "name": name, "creationTimestamp": "2026-11-21T03:00:00Z" },
        "spec": { "parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": is_suspended },
    })
}

fn type_text(driver: &mut Driver, text: &str) {
    for one in text.chars() {
        driver.press(if one == ' ' { "space".into() } else { one.to_string() }.as_str());
    }
}

fn suspend_reaches_the_server() {
    let demo = Demo::default();
    demo.put(job("etl", false));
    let mut driver = Driver::open(&demo);
    driver.shows("etl");
    driver.shows("● live");
    driver.press("s");
    let question = driver.shows("Suspend job/etl?");
    assert!(question.contains("demo") && question.contains("data"), "{question}");
    driver.press("y");
    driver.shows("Suspended");
    driver.hides("suspending…");
    driver.press("s");
    driver.shows("Resume job/etl?");
    driver.press("enter");
    driver.hides("Suspended");
    driver.hides("resuming…");
}

fn several_marked_jobs_are_resumed_together() {
    let demo = Demo::default();
    ["one", "two", "three"].into_iter().for_each(|name| demo.put(job(name, true)));
    let mut driver = Driver::open(&demo);
    driver.shows("three");
    driver.shows("● live");
    for key in ["g", "space", "j", "space"] {
        driver.press(key);
    }
    driver.shows("2 marked");
    driver.press("s");
    driver.shows("Resume 2 Jobs?");
    driver.press("enter");
    driver.wait("one suspended Job alone", |screen| screen.matches("Suspended").count() == 1);
}

fn a_refused_write_says_so() {
    let demo = Demo::default();
    demo.put(job("etl", false));
    let mut driver = Driver::open(&demo);
    driver.shows("etl");
    driver.shows("● live");
    driver.press("s");
    driver.shows("Suspend job/etl?");
    demo.fail("/jobs/etl", 403);
    driver.press("y");
    let screen = driver.shows("cannot suspend job/etl: asked to fail");
    assert!(screen.contains("ask for a role"), "{screen}");
    driver.press("esc");
    let screen = driver.hides("asked to fail");
    assert!(!screen.contains("suspending"), "{screen}");
}

fn another_job_of_the_same_name_is_not_hit() {
    let demo = Demo::default();
    demo.put(job("etl", false));
    let mut driver = Driver::open(&demo);
    driver.shows("etl");
    driver.shows("● live");
    driver.press("s");
    driver.shows("Suspend job/etl?");
    // Made anew while the question is open: it has a UID of its own.
    demo.delete("/apis/batch/v1/namespaces/data/jobs/etl");
    demo.put(job("etl", false));
    driver.press("y");
    let screen = driver.shows("UID in precondition");
    assert!(screen.contains("another object by now"), "{screen}");
    driver.press("esc");
    let screen = driver.hides("UID in precondition");
    assert!(!screen.contains("Suspended"), "{screen}");
}

fn read_only_changes_nothing() {
    let demo = Demo::default();
    demo.put(job("etl", false));
    let mut driver = Driver::open_read_only(&demo);
    driver.shows("etl");
    let screen = driver.shows("● live");
    assert!(screen.contains("read-only"), "{screen}");
    driver.press("s");
    driver.shows("kubatch runs read-only");
    // Reading goes on as ever.
    driver.press("y");
    driver.shows("kind: Job");
}

fn describe_and_yaml_show_the_object() {
    let demo = Demo::default();
    let mut object = job("etl", true);
    object["metadata"]["managedFields"] = json!([{ "manager": "somebody" }]);
    demo.put(object);
    let mut driver = Driver::open(&demo);
    driver.shows("etl");
    driver.press("d");
    let screen = driver.shows("Backoff limit");
    assert!(screen.contains("Suspended"), "{screen}");
    driver.press("esc");
    driver.press("y");
    let screen = driver.shows("backoffLimit: 6");
    assert!(!screen.contains("managedFields"), "{screen}");
    driver.press("m");
    driver.shows("manager: somebody");
    driver.press("/");
    type_text(&mut driver, "backoff");
    driver.shows("match 1 of 1");
    driver.press("enter");
    demo.fail("/jobs/etl", 503);
    driver.press("r");
    let screen = driver.shows("cannot get job/etl");
    assert!(screen.contains("backoffLimit: 6"), "what was read stays: {screen}");
}

fn palette_goes_to_a_job() {
    let demo = Demo::default();
    ["one", "two", "three"].into_iter().for_each(|name| demo.put(job(name, true)));
    let mut driver = Driver::open(&demo);
    driver.shows("three");
    driver.press(":");
    type_text(&mut driver, "job/two");
    let screen = driver.shows("go to");
    assert!(screen.contains("‖ Suspended"), "{screen}");
    driver.press("enter");
    driver.shows("Pods of job/two");
}
