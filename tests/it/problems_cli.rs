//! `kubatch problems` and `kubatch report` as scripts use them, on the embedded cluster.

use std::process::{Command, Output};

use serde_json::Value;

use crate::Local;
use crate::support::terminal::BINARY;

pub const TESTS: &[Local] = &[
    Local { name: "problems_cli::each_cause_is_one_line_the_worst_first", run: each_cause_is_one_line },
    Local { name: "problems_cli::since_leaves_out_what_began_before", run: since_leaves_out_what_began_before },
    Local { name: "problems_cli::json_names_every_member", run: json_names_every_member },
    Local { name: "problems_cli::several_namespaces_are_all_waited_for", run: several_namespaces_are_all_waited_for },
    Local { name: "problems_cli::silent_server_is_no_all_clear", run: silent_server_is_no_all_clear },
    Local { name: "problems_cli::report_has_the_whole_incident", run: report_has_the_whole_incident },
    Local { name: "problems_cli::report_of_a_cronjob_has_its_runs", run: report_of_a_cronjob_has_its_runs },
    Local { name: "problems_cli::report_of_what_is_not_there_is_refused", run: report_of_what_is_not_there_is_refused },
    Local { name: "problems_cli::what_is_named_in_another_way_is_found", run: what_is_named_in_another_way_is_found },
];

/// Runs kubatch on the embedded cluster.
fn demo(arguments: &str) -> Output {
    let mut command = Command::new(BINARY);
    command.env_clear().arg("--demo").args(arguments.split_whitespace());
    command.output().unwrap()
}

/// Exit code and stdout of a run that has nothing to say beside them.
fn told(arguments: &str) -> (i32, String) {
    let output = demo(arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments}");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn each_cause_is_one_line() {
    let (code, text) = told("problems -A");
    assert_eq!(code, 1);
    let line = |words: &str| {
        let found: Vec<&str> = text.lines().filter(|line| line.contains(words)).collect();
        assert_eq!(found.len(), 1, "{words}: {text}");
        found[0].split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // Several Jobs wait for the same device; a missing image is the same in two namespaces; runs stand for their CronJob.
    assert!(line("nvidia.com/gpu").starts_with("✗ no node offers nvidia.com/gpu 4 jobs ml "), "{text}");
    assert!(line("image not found").starts_with("✗ image not found: etl:v1.9 2 jobs data, media "), "{text}");
    assert!(line("image not found").ends_with(" job/thumbs-771 -n media"), "{text}");
    assert!(line("KeyError").contains(" 2 jobs data cronjob/nightly-report "), "{text}");
    // Two or three, by the minute.
    assert!(line(" runs at once").contains(" 1 cronjob payments cronjob/rates-pull "), "{text}");
    let next = text.lines().last().unwrap().strip_prefix("next: kubatch ").unwrap();
    assert!(next.starts_with("why job/"), "{text}");
    assert_eq!(told(next).0, 1, "what is to be asked next names a problem");
    let (code, text) = told("-n default problems");
    assert_eq!((code, text.as_str()), (0, "nothing is wrong in default: 0 objects examined\n"));
}

fn since_leaves_out_what_began_before() {
    let (code, text) = told("problems -A --since 20m");
    assert_eq!(code, 1);
    assert!(text.contains("quota payments-cpu") && !text.contains("KeyError"), "{text}");
    // No run of a CronJob fails here, at whatever minute this is.
    let (code, text) = told("-n media problems --since 1m");
    assert_eq!(code, 0);
    assert!(text.starts_with("nothing has gone wrong in media since then"), "{text}");
}

fn json_names_every_member() {
    let (code, text) = told("problems -A -o json");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &answer["version"], &answer["result"]), (1, &1.into(), &"problem".into()));
    assert_eq!((&answer["namespaces"], &answer["notAsked"]), (&Value::Null, &0.into()));
    let problems = answer["problems"].as_array().unwrap();
    let image = problems.iter().find(|one| one["finding"]["rule"] == "T040").unwrap();
    let members: Vec<&str> =
        image["members"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!((&image["count"], members), (&2.into(), vec!["thumbs-771", "etl-returns-0412"]));
    assert_eq!(image["namespaces"], serde_json::json!(["data", "media"]));
    assert_eq!(image["next"], "kubatch why job/thumbs-771 -n media");
    let nightly = problems.iter().find(|one| one["cronjobs"][0]["name"] == "nightly-report").unwrap();
    assert_eq!((&nightly["cause"], &nightly["count"]), (&"exit 1: KeyError: 'net_eur'".into(), &2.into()));
    assert!(nightly["since"].as_str() < nightly["newest"].as_str(), "{nightly}");
}

fn several_namespaces_are_all_waited_for() {
    let (code, text) = told("-n default,media,data problems");
    assert_eq!(code, 1);
    assert!(text.contains("image not found: etl:v1.9") && text.contains("proxy runs on") && text.contains("KeyError"));
    assert!(!text.contains("payments"), "{text}");
}

fn silent_server_is_no_all_clear() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let nowhere =
        "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],
        clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: a, user: {token: t}}]}";
    std::fs::write(&path, nowhere).unwrap();
    let mut command = Command::new(BINARY);
    let output = command.env_clear().env("KUBECONFIG", &path).args(["problems", "-o", "json"]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["result"]), (Some(2), &"unknown".into()), "{answer}");
}

/// A section of a report, without its heading; empty where there is none.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let found = text.split("\n## ").find(|one| one.starts_with(heading));
    found.map_or("", |one| one.split_once('\n').map_or("", |(_, rest)| rest))
}

fn report_has_the_whole_incident() {
    let (code, text) = told("-n data report job/etl-orders-0412");
    assert_eq!(code, 1);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("# ✗ out of memory at 512Mi: job/etl-orders-0412"), "{text}");
    assert!(lines.contains(&"- State: failed") && lines.contains(&"- Context `demo`, namespace `data`"), "{text}");
    let timeline = section(&text, "Timeline");
    assert!(
        timeline.contains("| try | pod | node | start | end | outcome |\n|---|---|---|---|---|---|\n| 1 | `etl-orders"),
        "{text}"
    );
    assert_eq!(timeline.matches("OOMKilled").count(), 3, "each try has its end: {text}");
    assert!(section(&text, "Evidence").starts_with("\n- 20"), "{text}");
    assert!(section(&text, "Last lines of the log of `etl-orders-0412-").contains("```text\n"), "{text}");
    assert!(section(&text, "What fixes it").starts_with("\n1. "), "{text}");
    let (code, text) = told("-n data report job/etl-orders-0410");
    assert_eq!((code, text.lines().next()), (0, Some("# Nothing is wrong with job/etl-orders-0410")));
}

fn report_of_a_cronjob_has_its_runs() {
    let (code, text) = told("-n data report cronjob/nightly-report");
    assert_eq!(code, 1);
    assert!(text.starts_with("# ✗ the last "), "{text}");
    assert!(section(&text, "Timeline").contains("| run | start | end | outcome |"), "{text}");
    assert!(section(&text, "Also found").contains("KeyError"), "{text}");
}

fn report_of_what_is_not_there_is_refused() {
    let output = demo("-n data report job/nothing");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

fn what_is_named_in_another_way_is_found() {
    assert_eq!(told("-n data why job import-clicks").0, 1, "kind and name may be two words, as with kubectl");
    assert_eq!(told("-n data report cj nightly-report").0, 1);
    let refused = |arguments: &str| {
        let output = demo(arguments);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("-n data why import-clicks").ends_with("did you mean job/import-clicks?\n"));
    assert!(refused("-n data why nightly-report").ends_with("did you mean cronjob/nightly-report?\n"));
    for arguments in ["-n daat problems", "-n daat why job/import-clicks", "-n daat report import-clicks"] {
        assert!(refused(arguments).contains("there is no namespace daat in this cluster; "), "{arguments}");
    }
}
