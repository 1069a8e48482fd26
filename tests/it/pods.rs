//! Reaching into pods. On the embedded cluster, which runs no containers, it is refused; on the real one the binary in a
//! pseudo-terminal opens shells, runs commands and copies files.

use k8s_openapi::api::core::v1::Pod;
use kubatch::demo::Demo;
use kube::api::DeleteParams;
use serde_json::json;

use crate::cluster::job;
use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::support::driver::Driver;
use crate::support::terminal::Terminal;
use crate::{EndToEnd, Local};

pub const TESTS: &[Local] = &[Local {
    name: "pods::embedded_cluster_says_that_it_runs_no_containers",
    run: embedded_cluster_says_that_it_runs_no_containers,
}];

pub const LIVE: &[EndToEnd] = &[
    EndToEnd {
        name: "pods::shell_has_the_terminals_size_and_leaves_the_screen_intact",
        need: Need::Node,
        run: shell_has_the_terminals_size_and_leaves_the_screen_intact,
    },
    EndToEnd {
        name: "pods::what_a_shell_leaves_behind_does_no_harm",
        need: Need::Node,
        run: what_a_shell_leaves_behind_does_no_harm,
    },
    EndToEnd {
        name: "pods::pod_deleted_in_mid_shell_brings_the_screen_back",
        need: Need::Node,
        run: pod_deleted_in_mid_shell_brings_the_screen_back,
    },
    EndToEnd {
        name: "pods::two_keys_leave_a_shell_that_says_nothing",
        need: Need::Node,
        run: two_keys_leave_a_shell_that_says_nothing,
    },
    EndToEnd { name: "pods::command_is_run_and_shown", need: Need::Node, run: command_is_run_and_shown },
    EndToEnd {
        name: "pods::files_and_folders_are_copied_out",
        need: Need::Node,
        run: files_and_folders_are_copied_out,
    },
    EndToEnd {
        name: "pods::debug_container_is_asked_for_and_its_shell_opens",
        need: Need::Node,
        run: debug_container_is_asked_for_and_its_shell_opens,
    },
    EndToEnd { name: "pods::viewer_is_told_which_verb_is_missing", need: Need::Users, run: viewer_is_told },
    EndToEnd { name: "pods::read_only_opens_no_shell", need: Need::Node, run: read_only_opens_no_shell },
];

/// A pod's life in a test: it runs until it is told to end.
const RESTS: &str = "trap exit TERM; while true; do sleep 0.2; done";

/// Starts a Job whose one pod rests; the pod's name.
fn resting(space: &Space) -> String {
    space.apply(&job("rest", RESTS, "", ""));
    let runs = |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running");
    space.wait_any::<Pod>("running", runs).metadata.name.unwrap()
}

/// kubatch with the cursor on the one pod of the namespace.
fn on_the_pod(cluster: &Cluster, space: &Space, more: &[&str]) -> Terminal {
    let arguments = [&["-n", &space.namespace], more].concat();
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &arguments);
    terminal.shows("Pods of job/rest  1");
    terminal.press("3");
    terminal.shows("Events of pod/rest-");
    terminal.shows("main ●");
    terminal
}

/// The dashboard is back as it was.
fn is_back(terminal: &Terminal, told: &str) {
    let screen = terminal.shows(told);
    assert!(terminal.is_full_screen());
    assert!(screen.lines().next().is_some_and(|header| header.ends_with("● live")), "{screen}");
    assert!(screen.contains("Pods") && screen.contains("rest-"), "{screen}");
}

fn shell_has_the_terminals_size_and_leaves_the_screen_intact(cluster: &Cluster) {
    let space = cluster.space("shell");
    let pod = resting(&space);
    let mut terminal = on_the_pod(cluster, &space, &[]);
    terminal.press("s");
    terminal.shows(&format!("a shell in pod/{pod}, container main; exit or ctrl-d ends it"));
    assert!(!terminal.is_full_screen());
    terminal.shows("/ #");
    terminal.press("stty size\r");
    terminal.shows("40 120");
    terminal.resize(90, 30);
    terminal.press("stty size\r");
    terminal.shows("30 90");
    // ctrl-c is the container's.
    terminal.press("echo waits $((40 + 1)); sleep 1000\r");
    terminal.shows("waits 41");
    terminal.press("\x03");
    terminal.shows("^C");
    terminal.press("echo still $((40 + 2))\r");
    terminal.shows("still 42");
    let before = terminal.written();
    terminal.press("exit 3\r");
    is_back(&terminal, "what ran there ended with exit code 3");
    let sent = String::from_utf8(terminal.written_since(before)).unwrap();
    let entered = sent.rfind("\x1b[?1049h").expect("the alternate screen is entered");
    let reset = sent.rfind("\x1b[!p").expect("what was left is reset");
    assert!(reset < entered, "{sent:?}");
    for mode in ["\x1b[?2004h", "\x1b[?25l"] {
        assert!(sent.rfind(mode).is_some_and(|at| at > entered), "{mode:?} is not set again: {sent:?}");
    }
    // The keys are ours again, and the size is the new one.
    terminal.press("?");
    terminal.shows("Keys and commands");
    terminal.press("q");
    terminal.hides("Keys and commands");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
}

fn what_a_shell_leaves_behind_does_no_harm(cluster: &Cluster) {
    let space = cluster.space("hostile");
    resting(&space);
    let mut terminal = on_the_pod(cluster, &space, &[]);
    let before = terminal.wait("a screen at rest", |screen| screen.contains("● live"));
    terminal.press("s");
    terminal.shows("a shell in pod/");
    terminal.shows("/ #");
    // The alternate screen, margins, origin mode, no wrapping, insert mode, lines for letters, a title that never ends.
    let left = r"printf '\033[?1049h\033[5;9r\033[?6h\033[?7l\033[4h\033(0\033[?25l\033[?1000h\033]2;evil'; exit";
    terminal.press(&format!("{left}\r"));
    is_back(&terminal, "left pod/");
    let after = terminal.wait("the whole screen", |screen| screen.lines().count() >= before.lines().count() - 1);
    let frame = |screen: &str| screen.lines().filter(|line| line.starts_with(['╭', '│', '╰', '┌', '└'])).count();
    assert_eq!(frame(&after), frame(&before), "{after}");
    terminal.press("?");
    terminal.shows("Keys and commands");
}

fn pod_deleted_in_mid_shell_brings_the_screen_back(cluster: &Cluster) {
    let space = cluster.space("deleted");
    let pod = resting(&space);
    let mut terminal = on_the_pod(cluster, &space, &[]);
    terminal.press("s");
    terminal.shows("a shell in pod/");
    terminal.shows("/ #");
    terminal.press("echo in $((1 + 1))\r");
    terminal.shows("in 2");
    let now = DeleteParams::default().grace_period(0);
    runtime().block_on(space.api::<Pod>().delete(&pod, &now)).unwrap();
    terminal.wait("the dashboard again", |screen| screen.contains("● live"));
    assert!(terminal.is_full_screen());
    terminal.wait("why", |screen| screen.contains(&format!("left pod/{pod}")) || screen.contains("connection ended"));
}

fn two_keys_leave_a_shell_that_says_nothing(cluster: &Cluster) {
    let space = cluster.space("leave");
    resting(&space);
    let mut terminal = on_the_pod(cluster, &space, &[]);
    terminal.press("s");
    terminal.shows("a shell in pod/");
    terminal.press("stty raw -echo; echo $((1 + 1)) in; cat >/dev/null\r");
    terminal.shows("2 in");
    terminal.press("\x1d");
    terminal.press("\x1d");
    is_back(&terminal, "left pod/");
}

fn command_is_run_and_shown(cluster: &Cluster) {
    let space = cluster.space("run");
    let pod = resting(&space);
    let mut terminal = on_the_pod(cluster, &space, &[]);
    terminal.press(":run sh -c 'echo one; echo two >&2; printf \"\\033[2J\"; exit 7'\r");
    let screen = terminal.shows("exit code 7");
    assert!(screen.contains(&format!("in pod/{pod}, container main")), "{screen}");
    assert!(screen.contains("one") && screen.contains("Standard error") && screen.contains("two"), "{screen}");
    terminal.press("\x1b");
    terminal.hides("exit code 7");
    terminal.press(":run no-such-program\r");
    terminal.shows("its image has no such program");
    terminal.press("\x1b");
    terminal.hides("its image has no such program");
    terminal.press(":run yes\r");
    terminal.shows("left: it wrote more than the 262,144 bytes that are kept");
}

fn files_and_folders_are_copied_out(cluster: &Cluster) {
    let space = cluster.space("copy");
    resting(&space);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut terminal = on_the_pod(cluster, &space, &[]);
    terminal.press(":run sh -c 'mkdir /tmp/d; head -c 3000000 /dev/urandom >/tmp/d/f; sha256sum /tmp/d/f'\r");
    let screen = terminal.shows("/tmp/d/f");
    let screen = if screen.contains("exit code 0") { screen } else { terminal.shows("exit code 0") };
    let sum = screen.split_whitespace().find(|word| word.len() == 64).expect("a sum").to_owned();
    terminal.press("\x1b");
    terminal.hides("exit code 0");
    let copy = |terminal: &mut Terminal, from: &str, to: &str, told: &str| {
        terminal.press(&format!(":copy {from} '{}'\r", path(to).display()));
        terminal.shows(told);
    };
    copy(&mut terminal, "/tmp/d/f", "file", "3,000,000 bytes saved");
    let output = std::process::Command::new("sha256sum").arg(path("file")).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(&sum));
    copy(&mut terminal, "/tmp/d", "folder.tar", "folder.tar");
    terminal.shows("bytes saved to");
    let output = std::process::Command::new("tar").arg("-xOf").arg(path("folder.tar")).arg("tmp/d/f").output().unwrap();
    assert_eq!(output.stdout, std::fs::read(path("file")).unwrap());
    copy(&mut terminal, "/etc/hostname", "file", "is there already");
    copy(&mut terminal, "/no/such", "other", "No such file or directory");
    assert!(!path("other").exists());
}

fn debug_container_is_asked_for_and_its_shell_opens(cluster: &Cluster) {
    let space = cluster.space("debug");
    let pod = resting(&space);
    let mut terminal = on_the_pod(cluster, &space, &[]);
    terminal.press(":debug busybox:1.35\r");
    let screen = terminal.shows("container debug-1 of image busybox:1.35 starts in the pod");
    assert!(screen.contains(&format!("Debug pod/{pod}?")), "{screen}");
    terminal.shows("accepted");
    terminal.press("y");
    terminal.shows(&format!("attached to pod/{pod}, container debug-1"));
    assert!(!terminal.is_full_screen());
    // What is typed before its shell reads may be thrown away by it; a prompt of before is not shown again unasked.
    terminal.press("\r");
    terminal.shows("/ #");
    // It sees the processes of the other container.
    terminal.press("ps | grep -q '[t]rap exit' && echo sees $((40 + 2))\r");
    terminal.shows("sees 42");
    terminal.press("exit\r");
    is_back(&terminal, "left pod/");
}

fn viewer_is_told(cluster: &Cluster) {
    // The viewer's own namespace, which is there for all tests.
    let team = Space::of(runtime().block_on(cluster.client("")), "team-a".into());
    let name = format!("rest-{}", std::process::id());
    team.apply(&job(&name, RESTS, "", ""));
    let runs = |pod: &Pod| {
        let is_running = pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running");
        is_running && pod.metadata.name.as_deref().is_some_and(|pod| pod.starts_with(&name))
    };
    team.wait_any::<Pod>("running", runs);
    let mut terminal = Terminal::kubatch((120, 40), Some(&cluster.kubeconfig), &["--context", "viewer"]);
    terminal.shows("● live");
    terminal.press(&format!(":pod/{name}\r"));
    terminal.shows(&format!("Events of pod/{name}"));
    terminal.press(":run ls\r");
    let screen = terminal.shows("create on pods/exec");
    assert!(screen.contains("forbidden"), "{screen}");
    terminal.press("\x1b");
    terminal.hides("forbidden");
    terminal.press("s");
    terminal.shows("create on pods/exec");
    assert!(terminal.is_full_screen());
    let gone = DeleteParams::background();
    runtime().block_on(team.api::<k8s_openapi::api::batch::v1::Job>().delete(&name, &gone)).unwrap();
    // The namespace is not the test's own.
    std::mem::forget(team);
}

fn read_only_opens_no_shell(cluster: &Cluster) {
    let space = cluster.space("readonly");
    resting(&space);
    let mut terminal = on_the_pod(cluster, &space, &["--readonly"]);
    terminal.press("s");
    terminal.shows("shell: kubatch runs read-only");
    assert!(terminal.is_full_screen());
}

fn embedded_cluster_says_that_it_runs_no_containers() {
    let demo = Demo::default();
    demo.put(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "namespace": "data", "name": "etl", "uid": "j", "creationTimestamp": "2026-11-21T03:00:00Z" },
        "spec": { "parallelism": 1, "completions": 1, "backoffLimit": 6 },
    }));
    let owner = json!({ "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "j", "controller": true });
    demo.put(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "namespace": "data", "name": "etl-x", "ownerReferences": [owner] },
        "spec": { "containers": [{ "name": "main", "image": "busybox" }] },
        "status": {
            "phase": "Running",
            "containerStatuses": [{ "name": "main", "state": { "running": { "startedAt": "2026-11-21T03:00:00Z" } } }],
        },
    }));
    let mut driver = Driver::open(&demo);
    driver.shows("etl-x");
    driver.press("3");
    driver.press(":");
    driver.type_in("run");
    driver.press("space");
    driver.type_in("ls");
    driver.press("enter");
    driver.shows("cannot run ls in pod/etl-x, container main: the embedded cluster runs no containers");
}
