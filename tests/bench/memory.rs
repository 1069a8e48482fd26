//! Bytes that an object costs as long as it is known: its row, its index entry, its links, its place in the lists. Rows
//! are read from JSON as the watchers read them. Run with `cargo bench --bench memory`; Linux only.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use kubatch::app::{App, Msg};
use kubatch::cluster::slim::{Early, Slim};
use kubatch::model::clock::Time;
use kubatch::model::delta::{Change, Delta, Source};
use kubatch::model::event::Event;
use kubatch::model::job::Job;
use kubatch::model::key::Session;
use kubatch::model::pod::Pod;
use serde_json::{Value, json};

/// Objects of each kind: enough that pages and the slack of tables are small beside them.
const COUNT: usize = 50_000;

/// Changes in one message, as the watchers send them.
const BATCH: usize = 512;

fn main() {
    let mut app = App::new(Time::from_seconds(1_790_000_000), (160, 48));
    load::<Job>(&mut app, "Job", job);
    load::<Pod>(&mut app, "Pod of a Job", |number| pod(2, number, ("batch/v1", "Job")));
    load::<Event>(&mut app, "Event", event);
    load::<Pod>(&mut app, "other Pod", |number| pod(4, number, ("apps/v1", "ReplicaSet")));
    let known = &app.snapshot;
    let counts = [known.jobs.len(), known.pods.len(), known.events.len(), known.foreign_pods.len()];
    assert_eq!(counts, [COUNT; 4], "every object is known");
}

/// Takes in all objects of a kind and prints by how much the process grew.
fn load<R: Slim>(app: &mut App, what: &str, object: impl Fn(usize) -> Value) {
    app.settle();
    let before = resident();
    let read = |number: &usize| serde_json::from_str::<Early<R>>(&object(*number).to_string()).unwrap().into_row();
    for part in (0..COUNT).collect::<Vec<_>>().chunks(BATCH) {
        let changes = part.iter().map(read).map(Change::Upsert).collect();
        let source = Source { kind: R::KIND, namespace: None };
        app.update(Msg::Changed(Delta { session: Session::default(), source, changes }));
        app.settle();
    }
    println!("{what:14} {:5} bytes", resident().saturating_sub(before) / COUNT);
}

/// Bytes of memory that the process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1_024
}

fn uid(kind: usize, number: usize) -> String {
    format!("{:08x}-{kind:04x}-4000-8000-{number:012x}", number * 7_919)
}

fn metadata(kind: usize, number: usize, name: &str) -> Value {
    json!({
        "name": name, "namespace": format!("team-{}", number % 20), "uid": uid(kind, number),
        "resourceVersion": "123456", "creationTimestamp": "2026-11-21T03:00:00Z",
    })
}

fn job(number: usize) -> Value {
    let mut metadata = metadata(1, number, &format!("nightly-report-{number}"));
    metadata["labels"] = json!({ "app": "etl", "team": metadata["namespace"] });
    let condition = |kind: &str| {
        json!({
            "type": kind, "status": "True", "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods", "lastTransitionTime": "2026-11-21T03:01:00Z",
        })
    };
    json!({
        "metadata": metadata,
        "spec": { "parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed" },
        "status": {
            "startTime": "2026-11-21T03:00:00Z", "completionTime": "2026-11-21T03:01:00Z", "succeeded": 1,
            "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
        },
    })
}

fn pod(kind: usize, number: usize, (api_version, owner): (&str, &str)) -> Value {
    let mut metadata = metadata(kind, number, &format!("nightly-report-{number}-x7k2p"));
    metadata["labels"] = json!({ "app": "etl" });
    metadata["ownerReferences"] =
        json!([{ "apiVersion": api_version, "kind": owner, "uid": uid(1, number), "controller": true }]);
    let ended = json!({
        "exitCode": 0, "reason": "Completed", "startedAt": "2026-11-21T03:00:02Z", "finishedAt": "2026-11-21T03:00:50Z",
    });
    json!({
        "metadata": metadata,
        "spec": {
            "nodeName": format!("node-{}", number % 100),
            "containers": [{ "name": "main", "resources": { "requests": { "cpu": "100m", "memory": "64Mi" } } }],
        },
        "status": {
            "phase": "Succeeded", "startTime": "2026-11-21T03:00:00Z",
            "conditions": [{ "type": "Initialized", "status": "True" }],
            "containerStatuses": [{ "name": "main", "restartCount": 0, "state": { "terminated": ended } }],
        },
    })
}

fn event(number: usize) -> Value {
    let job = format!("nightly-report-{number}");
    json!({
        "metadata": metadata(3, number, &format!("{job}.{number:016x}")),
        "regarding": { "apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": uid(1, number) },
        "reason": "SuccessfulCreate", "note": format!("Created pod: {job}-x7k2p"), "type": "Normal",
        "deprecatedCount": 1, "deprecatedLastTimestamp": "2026-11-21T03:00:00Z",
    })
}
