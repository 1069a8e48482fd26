//! `kubatch logs` as scripts use it: on the embedded cluster, and in shell pipelines on the real one.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use k8s_openapi::api::batch::v1::Job;
use kube::api::DeleteParams;

use crate::cluster::job;
use crate::support::cluster::{Cluster, Need, runtime};
use crate::support::terminal::{BINARY, Terminal};
use crate::{EndToEnd, Local};

pub const TESTS: &[Local] = &[
    Local { name: "logs_cli::outcome_is_the_exit_code", run: outcome_is_the_exit_code },
    Local { name: "logs_cli::objects_are_one_to_a_line", run: objects_are_one_to_a_line },
    Local { name: "logs_cli::closed_pipe_ends_quietly", run: closed_pipe_ends_quietly },
    Local {
        name: "logs_cli::what_is_not_there_is_told_with_near_names",
        run: what_is_not_there_is_told_with_near_names,
    },
    Local { name: "logs_cli::since_leaves_out_what_is_older", run: since_leaves_out_what_is_older },
    Local { name: "logs_cli::previous_is_the_run_before_alone", run: previous_is_the_run_before_alone },
    Local { name: "logs_cli::all_namespaces_are_refused", run: all_namespaces_are_refused },
];

pub const LIVE: &[EndToEnd] = &[
    EndToEnd { name: "logs_cli::retries_are_read_to_the_end", need: Need::Node, run: retries_are_read_to_the_end },
    EndToEnd {
        name: "logs_cli::container_restarted_in_place_is_read_run_by_run",
        need: Need::Node,
        run: container_restarted_in_place_is_read_run_by_run,
    },
    EndToEnd {
        name: "logs_cli::job_deleted_while_followed_is_no_success",
        need: Need::Node,
        run: job_deleted_while_followed_is_no_success,
    },
    EndToEnd {
        name: "logs_cli::escape_sequences_are_raw_in_a_pipe_and_harmless_on_a_terminal",
        need: Need::Node,
        run: escape_sequences_are_raw_in_a_pipe_and_harmless_on_a_terminal,
    },
];

/// Runs kubatch on the embedded cluster in its namespace `data`.
fn demo(arguments: &str) -> Output {
    demo_in("data", arguments)
}

fn demo_in(namespace: &str, arguments: &str) -> Output {
    let mut command = Command::new(BINARY);
    command.env_clear().args(["--demo", "-n", namespace, "logs"]).args(arguments.split_whitespace());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn outcome_is_the_exit_code() {
    let complete = demo("--until-done job/etl-orders-0410");
    assert_eq!(complete.status.code(), Some(0), "{}", text(&complete.stderr));
    assert!(text(&complete.stderr).ends_with("job/etl-orders-0410 completed\n"));
    assert!(!complete.stdout.is_empty());
    let failed = demo("--until-done job/etl-orders-0412");
    assert_eq!(failed.status.code(), Some(1), "{}", text(&failed.stderr));
    let told = text(&failed.stderr);
    assert!(told.contains("OOMKilled, exit code 137") && told.contains("failed: BackoffLimitExceeded"), "{told}");
    assert!(!text(&failed.stdout).contains("kubatch:"));
}

fn objects_are_one_to_a_line() {
    let output = demo("job/etl-orders-0410 -o json");
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let lines = text(&output.stdout);
    let objects: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().all(|one| one["namespace"] == "data" && one["text"].is_string()));
    let times: Vec<&str> = objects.iter().map(|one| one["time"].as_str().unwrap()).collect();
    assert!(times.len() > 1 && times.iter().all(|time| time.starts_with("20")), "{times:?}");
}

fn closed_pipe_ends_quietly() {
    let script = "set -o pipefail; \"$0\" --demo -n data logs job/reindex-shards | head -1; echo \"${PIPESTATUS[0]}\"";
    let output = Command::new("bash").args(["-c", script, BINARY]).output().unwrap();
    let lines = text(&output.stdout);
    assert_eq!((lines.lines().count(), lines.lines().last(), text(&output.stderr).as_str()), (2, Some("0"), ""));
}

fn what_is_not_there_is_told_with_near_names() {
    let output = demo("job/etl-orders-0413");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let told = text(&output.stderr);
    assert!(told.contains("no job/etl-orders-0413 in namespace data; did you mean job/etl-orders-041"), "{told}");
    let output = demo("job/etl-orders-0410 -c sidecar");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("has no container sidecar; there is "), "{}", text(&output.stderr));
}

fn since_leaves_out_what_is_older() {
    let output = demo("job/etl-orders-0410 --since 1s");
    assert_eq!((output.status.code(), text(&output.stdout), text(&output.stderr)), (Some(0), "".into(), "".into()));
    let all = demo("job/etl-orders-0410 --since 3000d");
    assert_eq!(text(&all.stdout), text(&demo("job/etl-orders-0410").stdout));
    assert!(!all.stdout.is_empty());
}

fn previous_is_the_run_before_alone() {
    let output = demo_in("ops", "job/dns-probe --previous -o json");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    let runs: Vec<_> = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect();
    assert!(!runs.is_empty() && runs.iter().all(|one| one["restarts"] == runs[0]["restarts"]), "{lines}");
    let output = demo("job/etl-orders-0412 --previous");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(text(&output.stderr).contains("no container of job/etl-orders-0412 was started again"));
}

fn all_namespaces_are_refused() {
    for flags in [&["-A"][..], &["-n", "a,b"]] {
        let output = Command::new(BINARY).args(["--demo", "logs", "job/x"]).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("one namespace"), "{}", text(&output.stderr));
    }
}

/// Runs a shell script in which `$0` is kubatch; what it prints.
fn shell(cluster: &Cluster, script: &str) -> String {
    let mut command = Command::new("bash");
    let output = command.env("KUBECONFIG", &cluster.kubeconfig).args(["-c", script, BINARY]).output().unwrap();
    text(&output.stdout)
}

fn retries_are_read_to_the_end(cluster: &Cluster) {
    let space = cluster.space("logs-cli");
    let namespace = &space.namespace;
    // An Indexed Job whose only index fails as often as its pod has failed before: twice.
    let tries = "echo attempt $FAILURES; [ $FAILURES -ge 2 ]";
    let environment = "env: [{ name: FAILURES, valueFrom: { fieldRef: { fieldPath: \"metadata.annotations[''batch.kubernetes.io/job-index-failure-count'']\" } } }]";
    let environment = environment.replace("''", "'");
    let spec = "completions: 1\n  completionMode: Indexed\n  backoffLimitPerIndex: 3";
    space.apply(&job("retried", tries, spec, &environment));
    space.apply(&job("broken", "echo broken; exit 3", "backoffLimit: 0", ""));
    let script = format!(
        "\"$0\" -n {namespace} logs --until-done job/retried 2>/dev/null | grep -c attempt; echo ${{PIPESTATUS[0]}}
        \"$0\" logs job/broken --until-done -n {namespace} 2>/dev/null; echo $?
        \"$0\" logs job/missing --until-done -n {namespace} 2>/dev/null; echo $?
        \"$0\" logs job/retried -n {namespace} | head -1 | grep -c attempt; echo ${{PIPESTATUS[0]}}"
    );
    assert_eq!(
        shell(cluster, &script).split_whitespace().collect::<Vec<_>>(),
        ["3", "0", "broken", "1", "2", "1", "0"]
    );
}

fn container_restarted_in_place_is_read_run_by_run(cluster: &Cluster) {
    let space = cluster.space("logs-in-place");
    let namespace = &space.namespace;
    // It fails twice; which run it is, it knows from the files that those before it left.
    let tries = "n=$(ls /state | wc -l); touch /state/$n; for i in 1 2 3; do echo run $n line $i; done; [ $n -ge 2 ]";
    let mounts = "volumeMounts: [{ name: state, mountPath: /state }]";
    let in_place = "restartPolicy: OnFailure\n      volumes: [{ name: state, emptyDir: {} }]";
    space.apply(&job("in-place", tries, "backoffLimit: 6", mounts).replace("restartPolicy: Never", in_place));
    let script = format!("\"$0\" -n {namespace} logs --until-done job/in-place -o json 2>/dev/null; echo $?");
    let printed = shell(cluster, &script);
    let (lines, code) = printed.trim_end().rsplit_once('\n').unwrap();
    let objects = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let read: Vec<(u64, String)> =
        objects.map(|one| (one["restarts"].as_u64().unwrap(), one["text"].as_str().unwrap().to_owned())).collect();
    let wanted: Vec<(u64, String)> =
        (0..3).flat_map(|run| (1..4).map(move |line| (run, format!("run {run} line {line}")))).collect();
    assert_eq!((read, code), (wanted, "0"));
}

fn job_deleted_while_followed_is_no_success(cluster: &Cluster) {
    let space = cluster.space("logs-deleted");
    space.apply(&job("endless", "echo here; sleep 3600", "backoffLimit: 0", ""));
    let mut command = Command::new(BINARY);
    command.env("KUBECONFIG", &cluster.kubeconfig).args([
        "-n",
        &space.namespace,
        "logs",
        "--until-done",
        "job/endless",
    ]);
    let mut reading = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(reading.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "here\n");
    runtime().block_on(space.api::<Job>().delete("endless", &DeleteParams::background())).unwrap();
    let ended = reading.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(text(&ended.stderr).ends_with("job/endless was deleted before it ended\n"), "{}", text(&ended.stderr));
}

fn escape_sequences_are_raw_in_a_pipe_and_harmless_on_a_terminal(cluster: &Cluster) {
    let space = cluster.space("logs-raw");
    space.apply(&job("hostile", r#"printf "\033]0;title\007end\n""#, "backoffLimit: 0", ""));
    let raw = shell(cluster, &format!("\"$0\" -n {} logs -f job/hostile", space.namespace));
    assert_eq!(raw, "\x1b]0;title\x07end\n");
    let arguments = ["-n", &space.namespace, "logs", "job/hostile"];
    let terminal = Terminal::kubatch((80, 24), Some(&cluster.kubeconfig), &arguments);
    terminal.shows("␛]0;title␇end");
    let written = terminal.written_since(0);
    assert!(!written.contains(&0x1b) && !written.contains(&0x07), "{:?}", text(&written));
    assert_eq!(terminal.end(), 0);
}
