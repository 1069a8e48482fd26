//! Commands on the embedded cluster: from a key through the real client to the server and back by the watch.

use kubatch::demo::Demo;
use serde_json::{Value, json};

use crate::cluster::job as manifest;
use crate::support::cluster::{Cluster, Need};
use crate::support::driver::Driver;
use crate::support::terminal::Terminal;
use crate::{EndToEnd, Local};

pub const TESTS: &[Local] = &[
    Local { name: "commands::suspend_reaches_the_server_and_the_watch_shows_it", run: suspend_reaches_the_server },
    Local { name: "commands::several_marked_jobs_are_resumed_together", run: several_marked_jobs_are_resumed_together },
    Local { name: "commands::a_refused_write_says_so_and_the_row_stays", run: a_refused_write_says_so },
    Local { name: "commands::another_job_of_the_same_name_is_not_hit", run: another_job_of_the_same_name_is_not_hit },
    Local { name: "commands::read_only_changes_nothing", run: read_only_changes_nothing },
    Local { name: "commands::describe_and_yaml_show_the_fetched_object", run: describe_and_yaml_show_the_object },
    Local { name: "commands::palette_goes_to_a_job", run: palette_goes_to_a_job },
];

pub const LIVE: &[EndToEnd] = &[
    EndToEnd { name: "commands::a_real_job_is_suspended_and_resumed", need: Need::Node, run: a_real_job_is_suspended },
    EndToEnd {
        name: "commands::a_real_server_refuses_in_its_words",
        need: Need::ControlPlane,
        run: a_real_server_refuses,
    },
    EndToEnd {
        name: "commands::a_real_pod_has_a_log_of_the_run_before",
        need: Need::Node,
        run: a_log_of_the_run_before,
    },
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

/// Opens the embedded cluster with one Job in it that runs.
fn open(demo: &Demo) -> Driver {
    demo.put(job("etl", false));
    let mut driver = Driver::open(demo);
    driver.shows("etl");
    driver.shows("● live");
    driver
}

fn suspend_reaches_the_server() {
    let demo = Demo::default();
    let mut driver = open(&demo);
    driver.press("s");
    let question = driver.shows("accepted");
    assert!(question.contains("Suspend job/etl?"), "{question}");
    assert!(question.contains("demo") && question.contains("data"), "{question}");
    driver.press("y");
    driver.shows("Suspended");
    driver.hides("suspending");
    driver.press("s");
    driver.shows("Resume job/etl?");
    driver.shows("accepted");
    driver.press("enter");
    driver.hides("Suspended");
    driver.hides("resuming");
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
    driver.shows("accepted");
    driver.press("enter");
    driver.wait("one suspended Job alone", |screen| screen.matches("Suspended").count() == 1);
}

fn a_refused_write_says_so() {
    let demo = Demo::default();
    let mut driver = open(&demo);
    driver.press("s");
    driver.shows("accepted");
    demo.fail("PATCH /apis/batch/v1/namespaces/data/jobs/etl", 403);
    driver.press("y");
    let screen = driver.shows("cannot suspend job/etl: asked to fail");
    assert!(screen.contains("ask for a role"), "{screen}");
    driver.press("esc");
    let screen = driver.hides("asked to fail");
    assert!(!screen.contains("suspending"), "{screen}");
    // What is refused when it is tried is never sent.
    driver.press("s");
    driver.shows("refused");
    driver.shows("cannot suspend job/etl: asked to fail");
    driver.press("y");
    driver.shows("the server does not take it");
}

fn another_job_of_the_same_name_is_not_hit() {
    let demo = Demo::default();
    let mut driver = open(&demo);
    driver.press("s");
    driver.shows("accepted");
    // Made anew while the question is open: it has a UID of its own.
    demo.delete("/apis/batch/v1/namespaces/data/jobs/etl");
    demo.put(job("etl", false));
    driver.press("y");
    let screen = driver.shows("another object has this name by now");
    assert!(screen.contains("made anew"), "{screen}");
    driver.press("esc");
    let screen = driver.hides("another object has");
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

fn a_real_job_is_suspended(cluster: &Cluster) {
    let space = cluster.space("suspend");
    space.apply(&manifest("worker", "sleep 600", "backoffLimit: 0", ""));
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    terminal.shows("● worker");
    terminal.press("s");
    let question = terminal.shows("accepted");
    assert!(question.contains(&space.namespace) && question.contains("is deleted"), "{question}");
    terminal.press("y");
    terminal.shows("‖ worker");
    terminal.press("s");
    terminal.shows("Resume job/worker?");
    terminal.shows("accepted");
    terminal.press("\r");
    terminal.shows("● worker");
}

fn a_real_server_refuses(cluster: &Cluster) {
    let space = cluster.space("refuse");
    space.apply(&manifest("kept", "true", "suspend: true", ""));
    // Somebody who may look at everything in the namespace and change nothing.
    space.apply(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: looks }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody }]
",
    );
    let arguments = ["-n", &space.namespace, "--as", "somebody"];
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &arguments);
    terminal.shows("‖ kept");
    terminal.press("s");
    // The server refuses when it is asked to try: nothing can be sent.
    terminal.shows("Resume job/kept?");
    terminal.shows("cannot patch resource");
    terminal.press("y");
    terminal.shows("the server does not take it");
    let screen = terminal.shows("ask for a role that allows it");
    assert!(screen.contains("User \"somebody\""), "{screen}");
    terminal.press("\x1b");
    terminal.hides("cannot patch resource");
    terminal.shows("‖ kept");
}

fn a_log_of_the_run_before(cluster: &Cluster) {
    let space = cluster.space("previous");
    space.apply(
        "apiVersion: batch/v1
kind: Job
metadata: { name: twice }
spec:
  template:
    spec:
      restartPolicy: OnFailure
      terminationGracePeriodSeconds: 0
      volumes: [{ name: data, emptyDir: {} }]
      containers:
      - name: main
        image: busybox:1.35
        volumeMounts: [{ name: data, mountPath: /data }]
        command:
        - sh
        - -c
        - if [ -e /data/again ]; then echo second run; sleep 600; fi; touch /data/again; echo first run; exit 3
",
    );
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    terminal.shows("second run");
    terminal.press("p");
    terminal.shows("runs b");
    let screen = terminal.shows("first run");
    assert!(!screen.contains("second run"), "{screen}");
}
