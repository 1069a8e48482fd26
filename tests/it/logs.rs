//! End to end: the Logs pane in a pseudo-terminal on the real cluster.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;

use crate::EndToEnd;
use crate::cluster::{has_condition, job};
use crate::support::cluster::{Cluster, Need, Space, runtime, script_says};
use crate::support::terminal::Terminal;

pub const TESTS: &[EndToEnd] = &[
    EndToEnd { name: "logs::tries_join_by_themselves_with_marks", need: Need::Node, run: tries_join_with_marks },
    EndToEnd { name: "logs::restarted_container_shows_both_runs", need: Need::Node, run: restart_shows_both_runs },
    EndToEnd { name: "logs::lines_stay_when_the_pod_is_deleted", need: Need::Node, run: lines_stay },
    EndToEnd {
        name: "logs::log_that_goes_with_its_pod_is_read_unasked",
        need: Need::Node,
        run: log_that_goes_is_read_unasked,
    },
    EndToEnd { name: "logs::runs_of_a_cronjob_are_walked", need: Need::Node, run: runs_of_a_cronjob_are_walked },
    EndToEnd { name: "logs::server_restart_loses_and_repeats_nothing", need: Need::Alone, run: server_restart },
    EndToEnd { name: "logs::fifty_pods_merge_in_order", need: Need::Node, run: fifty_pods_merge_in_order },
    EndToEnd { name: "logs::hostile_lines_leave_the_terminal_alone", need: Need::Node, run: hostile_lines },
];

/// A large terminal on one namespace.
fn open(cluster: &Cluster, space: &Space) -> Terminal {
    Terminal::kubatch((160, 48), Some(&cluster.kubeconfig), &["-n", &space.namespace])
}

/// These texts stand on the screen in this order.
fn has_in_order(screen: &str, texts: &[&str]) -> bool {
    let mut rest = screen;
    texts.iter().all(|text| match rest.find(text) {
        Some(at) => {
            rest = &rest[at + text.len()..];
            true
        }
        None => false,
    })
}

/// Two tries fail and the third ends well: all in one log, without a key. Each try leaves its mark in a folder of the
/// node.
fn tries_join_with_marks(cluster: &Cluster) {
    let space = cluster.space("tries");
    let terminal = open(cluster, &space);
    terminal.shows("● live");
    let command = "n=$(ls /tries | wc -l); touch /tries/$n; echo try number $n says hello; [ $n -ge 2 ]";
    let folder = format!("/tmp/{}-tries", space.namespace);
    space.apply(&format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{ name: retried }}
spec:
  backoffLimit: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: 'busybox:1.35'
        command: [sh, -c, '{command}']
        volumeMounts: [{{ name: tries, mountPath: /tries }}]
      volumes: [{{ name: tries, hostPath: {{ path: '{folder}', type: DirectoryOrCreate }} }}]
"
    ));
    space.wait::<Job>("retried", "complete", |job| has_condition(job, "Complete"));
    terminal.wait("all tries with their marks", |screen| {
        has_in_order(
            screen,
            &[
                "try number 0 says hello",
                "ended: Error",
                "exit code 1",
                "began on node-1",
                "try number 1 says hello",
                "ended: Error",
                "began on node-1",
                "try number 2 says hello",
                "ended: Completed",
            ],
        )
    });
}

/// A container that fails and is started again in its pod.
fn restart_shows_both_runs(cluster: &Cluster) {
    let space = cluster.space("rerun");
    let command = "if [ -e /run/once ]; then echo second run; while true; do sleep 1; done; \
                   else echo first run; touch /run/once; exit 3; fi";
    space.apply(&format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{ name: restarted }}
spec:
  backoffLimit: 6
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: main
        image: 'busybox:1.35'
        command: [sh, -c, '{command}']
        volumeMounts: [{{ name: run, mountPath: /run }}]
      volumes: [{{ name: run, emptyDir: {{}} }}]
"
    ));
    space.wait_any::<Pod>("started again", |pod| {
        let status = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref()?.first());
        status.is_some_and(|one| {
            one.restart_count == 1 && one.state.as_ref().is_some_and(|state| state.running.is_some())
        })
    });
    // Opened only now: the run before is fetched by itself.
    let mut terminal = open(cluster, &space);
    let both = ["first run", "ended: Error", "exit code 3", "began on node-1", "second run"];
    terminal.wait("both runs", |screen| has_in_order(screen, &both));
    terminal.press("p");
    terminal.wait("the run before alone", |screen| screen.contains("first run") && !screen.contains("second run"));
    terminal.press("p");
    terminal.wait("both runs again", |screen| has_in_order(screen, &both));
}

fn lines_stay(cluster: &Cluster) {
    let space = cluster.space("stay");
    space.apply(&job("short", "echo last words", "", ""));
    let terminal = open(cluster, &space);
    terminal.shows("last words");
    space.wait::<Job>("short", "complete", |job| has_condition(job, "Complete"));
    terminal.shows("ended: Completed");
    let pod = space.wait_any::<Pod>("there", |_| true).metadata.name.unwrap();
    runtime().block_on(space.api::<Pod>().delete(&pod, &DeleteParams::default())).unwrap();
    terminal.shows("pod gone, 1 line kept");
    terminal.shows("last words");
}

/// The Job controller deletes the pod of a Job that restarts in place when its limit is reached. Its log is read before,
/// though the cursor was on another Job all the time.
fn log_that_goes_is_read_unasked(cluster: &Cluster) {
    let space = cluster.space("unasked");
    space.apply(&job("aaa-looked-at", "sleep 600", "", ""));
    let mut terminal = open(cluster, &space);
    terminal.shows("Pods of job/aaa-looked-at  1");
    // The cursor is put there by hand, so that it stays.
    terminal.press("g");
    space.apply(
        "apiVersion: batch/v1
kind: Job
metadata: { name: vanishing }
spec:
  backoffLimit: 1
  template:
    spec:
      restartPolicy: OnFailure
      containers:
      - name: main
        image: 'busybox:1.35'
        command: [sh, -c, 'echo the reason why; sleep 3; exit 7']
",
    );
    space.wait::<Job>("vanishing", "failed", |job| has_condition(job, "Failed"));
    terminal.shows("[2] Jobs  2");
    let gone =
        || runtime().block_on(space.api::<Pod>().list(&kube::api::ListParams::default().labels("job-name=vanishing")));
    while !gone().unwrap().items.is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    terminal.press("/vanishing\r");
    terminal.shows("Logs of job/vanishing");
    terminal.wait("what it wrote", |screen| has_in_order(screen, &["the reason why", "pod gone"]));
}

fn runs_of_a_cronjob_are_walked(cluster: &Cluster) {
    let space = cluster.space("runs");
    space.apply(
        "apiVersion: batch/v1
kind: CronJob
metadata: { name: walked }
spec:
  schedule: '0 0 1 1 *'
  jobTemplate: { spec: { template: { spec: { restartPolicy: Never, containers: [{ name: main, image: 'busybox:1.35' }] } } } }
",
    );
    let owner = space.wait::<CronJob>("walked", "there", |_| true).metadata.uid.unwrap();
    let run = |number: usize| {
        let meta = format!(
            "ownerReferences: [{{ apiVersion: batch/v1, kind: CronJob, name: walked, uid: {owner}, controller: true }}]"
        );
        let name = format!("walked-{number}");
        let command = format!("echo this is run {number}");
        space.apply(&job(&name, &command, "", "").replace("metadata: {", &format!("metadata: {{ {meta}, ")));
        space.wait::<Job>(&name, "complete", |job| has_condition(job, "Complete"));
    };
    run(1);
    run(2);
    let mut terminal = open(cluster, &space);
    terminal.press("1");
    terminal.shows("Logs of cronjob/walked");
    terminal.press("l");
    terminal.shows("this is run 2");
    terminal.hides("this is run 1");
    terminal.press("[");
    terminal.shows("this is run 1");
    terminal.hides("this is run 2");
    terminal.press("[");
    terminal.shows("no older run");
    terminal.press("]");
    terminal.shows("this is run 2");
    run(3);
    let screen = terminal.shows("this is run 3");
    assert!(screen.contains("this is run 2"), "a run that joins takes nothing away:\n{screen}");
}

/// Numbered lines, the API server stopped and started twice in their midst, saved and counted.
fn server_restart(cluster: &Cluster) {
    let space = cluster.space("midst");
    let writer =
        "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo number $i; [ $((i % 500)) -eq 0 ] && sleep 0.2; done; exit 0";
    let mut terminal = open(cluster, &space);
    terminal.shows("● live");
    space.apply(&job("writer", writer, "backoffLimit: 0", ""));
    let last_number = |screen: &str| {
        let numbers = screen.match_indices("number ").filter_map(|(at, word)| {
            screen[at + word.len()..].split(|one: char| !one.is_ascii_digit()).next()?.parse::<usize>().ok()
        });
        numbers.max().unwrap_or(0)
    };
    for least in [2_000, 6_000] {
        terminal.wait("lines", |screen| last_number(screen) > least);
        script_says(&["stop", "kube-apiserver"]).unwrap();
        script_says(&["start", "kube-apiserver"]).unwrap();
    }
    terminal.wait("the last line", |screen| last_number(screen) == 20_000);
    terminal.shows("ended: Completed");
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("server-restart.log");
    let _ = std::fs::remove_file(&file);
    terminal.press("6S");
    terminal.shows("save to");
    terminal.press(&"\u{7f}".repeat(60));
    terminal.press(&format!("{}\r", file.display()));
    terminal.shows("saved to");
    let saved = std::fs::read_to_string(&file).unwrap();
    let wrong = saved.lines().zip(1..).find(|(line, number)| *line != format!("number {number}"));
    assert_eq!((wrong, saved.lines().count()), (None, 20_000));
}

fn fifty_pods_merge_in_order(cluster: &Cluster) {
    let space = cluster.space("fifty");
    let shape = "parallelism: 50
  completions: 50
  completionMode: Indexed";
    let command = "for i in 1 2 3 4 5 6; do read up rest </proc/uptime; echo at $up; sleep 0.5; done";
    space.apply(&job("fifty", command, shape, ""));
    let mut terminal = open(cluster, &space);
    space.wait::<Job>("fifty", "complete", |job| has_condition(job, "Complete"));
    terminal.press("l");
    terminal.wait("all of them read", |screen| screen.contains("ended: Completed"));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("fifty.log");
    let _ = std::fs::remove_file(&file);
    let mut saved = String::new();
    while saved.lines().count() < 300 {
        let _ = std::fs::remove_file(&file);
        terminal.press("S");
        terminal.shows("save to");
        terminal.press(&"\u{7f}".repeat(60));
        terminal.press(&format!("{}\r", file.display()));
        terminal.shows("saved to");
        saved = std::fs::read_to_string(&file).unwrap();
    }
    let times: Vec<f64> = saved.lines().map(|line| line.trim_start_matches("at ").parse().unwrap()).collect();
    assert_eq!(times.len(), 300);
    // The clock of the machine has hundredths, and a line is given its time a moment after it was written.
    let worst = times.windows(2).map(|two| two[0] - two[1]).fold(0.0, f64::max);
    assert!(worst < 0.5, "a line stands {worst} s too late");
}

/// What a terminal would obey, as printf writes it: title, clipboard, cursor, mouse, alternate screen, C1, bidirectional.
const HOSTILE: &[(&str, &str)] = &[
    (r"\033]0;owned\007", "\x1b]0;owned"),
    (r"\033]52;c;b3duZWQ=\007", "\x1b]52;"),
    (r"\033[2J\033[1;1H", "\x1b[2J"),
    (r"\033[?1000h\033[?1006h", "\x1b[?1000h"),
    (r"\033[?1049l", "\x1b[?1049l"),
    (r"\033P+q544e\033\\", "\x1bP+q"),
    (r"\302\233[31m", "\u{9b}"),
    (r"\342\200\256", "\u{202e}"),
];

fn hostile_lines(cluster: &Cluster) {
    let space = cluster.space("hostile");
    let terminal = open(cluster, &space);
    terminal.shows("● live");
    let before = terminal.written();
    let said: Vec<String> = HOSTILE.iter().map(|(octal, _)| format!("printf 'before {octal} behind\\n'")).collect();
    let mut object: serde_json::Value = serde_json::json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "hostile" },
        "spec": { "template": { "spec": {
            "restartPolicy": "Never",
            "containers": [{ "name": "main", "image": "busybox:1.35", "command": ["sh", "-c"] }],
        } } },
    });
    object["spec"]["template"]["spec"]["containers"][0]["args"] = serde_json::json!([said.join("; ")]);
    space.apply(&object.to_string());
    space.wait::<Job>("hostile", "complete", |job| has_condition(job, "Complete"));
    let screen = terminal.shows("ended: Completed");
    assert_eq!(screen.matches("behind").count(), HOSTILE.len(), "{screen}");
    assert!(terminal.is_full_screen());
    let written = String::from_utf8_lossy(&terminal.written_since(before)).into_owned();
    for (octal, harm) in HOSTILE {
        assert!(!written.contains(harm), "{octal} reached the terminal");
    }
}
