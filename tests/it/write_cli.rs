//! `kubatch suspend`, `apply`, `run` and what else changes things, as scripts use them: on the embedded cluster, served over
//! HTTP so that it outlives one command, and on the real one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kubatch::demo::{Demo, serve};
use kubatch::model::clock::{FastClock, SystemClock};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::cluster::job;
use crate::support::cluster::{Cluster, Need, runtime};
use crate::support::terminal::{BINARY, Terminal};
use crate::{EndToEnd, Local};

pub const TESTS: &[Local] = &[
    Local { name: "write_cli::dry_run_changes_nothing", run: dry_run_changes_nothing },
    Local { name: "write_cli::values_are_set_and_told", run: values_are_set_and_told },
    Local { name: "write_cli::runs_are_started_by_hand", run: runs_are_started_by_hand },
    Local { name: "write_cli::fixes_are_carried_out_by_their_number", run: fixes_are_carried_out_by_their_number },
    Local { name: "write_cli::deletions_say_what_goes", run: deletions_say_what_goes },
    Local { name: "write_cli::nothing_is_sent_that_nobody_confirmed", run: nothing_is_sent_that_nobody_confirmed },
    Local { name: "write_cli::question_is_asked_on_the_terminal", run: question_is_asked_on_the_terminal },
    Local { name: "write_cli::protected_context_wants_its_name", run: protected_context_wants_its_name },
    Local { name: "write_cli::what_cannot_be_meant_is_refused", run: what_cannot_be_meant_is_refused },
    Local { name: "write_cli::folders_are_applied_in_order", run: folders_are_applied_in_order },
    Local { name: "write_cli::one_refusal_stops_the_others", run: one_refusal_stops_the_others },
    Local { name: "write_cli::immutable_fields_are_named", run: immutable_fields_are_named },
    Local { name: "write_cli::manifests_that_cannot_be_used", run: manifests_that_cannot_be_used },
    Local { name: "write_cli::result_of_a_run_is_the_exit_code", run: result_of_a_run_is_the_exit_code },
    Local { name: "write_cli::journal_has_what_was_done", run: journal_has_what_was_done },
    Local { name: "write_cli::closed_pipe_leaves_nothing_half_done", run: closed_pipe_leaves_nothing_half_done },
];

pub const LIVE: &[EndToEnd] = &[
    EndToEnd { name: "write_cli::job_runs_like_a_program", need: Need::Node, run: job_runs_like_a_program },
    EndToEnd { name: "write_cli::owned_fields_are_taken_by_force_alone", need: Need::ControlPlane, run: owned_fields },
    EndToEnd {
        name: "write_cli::unknown_fields_are_refused",
        need: Need::ControlPlane,
        run: unknown_fields_are_refused,
    },
    EndToEnd {
        name: "write_cli::cronjob_is_triggered_and_suspended",
        need: Need::ControlPlane,
        run: cronjob_is_changed,
    },
    EndToEnd {
        name: "write_cli::job_is_replaced_where_it_cannot_be_changed",
        need: Need::ControlPlane,
        run: job_is_replaced,
    },
    EndToEnd { name: "write_cli::new_namespace_comes_first", need: Need::ControlPlane, run: new_namespace_comes_first },
    EndToEnd { name: "write_cli::missing_right_is_named", need: Need::ControlPlane, run: missing_right_is_named },
    EndToEnd {
        name: "write_cli::samples_are_tried_with_the_expected_verdict",
        need: Need::ControlPlane,
        run: samples_are_tried_with_the_expected_verdict,
    },
];

/// The embedded cluster on a socket, with a folder for a test's files.
struct Served {
    demo: Demo,
    folder: tempfile::TempDir,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Served {
    /// Tells the story.
    fn new() -> Self {
        Self::serve(None)
    }

    /// Has a node and a namespace `data`, and nothing else.
    fn empty() -> Self {
        let served = Self::serve(Some(0));
        served.demo.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "data" } }));
        served
    }

    /// Lives ten times as fast as the clock.
    fn serve(size: Option<usize>) -> Self {
        let _in_runtime = runtime().enter();
        let demo = Demo::living(Arc::new(FastClock::new(SystemClock, 10)), 1, size);
        let folder = tempfile::tempdir().unwrap();
        let listener = runtime().block_on(serve::listen(([127, 0, 0, 1], 0).into())).unwrap();
        let kubeconfig = serve::kubeconfig(listener.local_addr().unwrap());
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        let server = runtime().spawn(serve::serve(demo.clone(), listener));
        Self { demo, folder, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, arguments: &str) -> Command {
        command(&self.path("kubeconfig"), self.folder.path(), arguments)
    }

    /// Runs kubatch in the namespace `data`, unless the arguments say otherwise, in the folder; what came of it.
    fn runs(&self, arguments: &str) -> (i32, String, String) {
        runs(self.command(arguments))
    }

    fn get<K>(&self, name: &str) -> Option<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
        K: Clone + std::fmt::Debug + serde::de::DeserializeOwned,
    {
        runtime().block_on(async {
            let objects: Api<K> = Api::namespaced(Client::new(self.demo.clone(), "data"), "data");
            objects.get_opt(name).await.unwrap()
        })
    }

    fn is_suspended(&self, job: &str) -> Option<bool> {
        self.get::<Job>(job).unwrap().spec.unwrap().suspend
    }
}

fn command(kubeconfig: &Path, folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().env("KUBECONFIG", kubeconfig).env("XDG_STATE_HOME", folder.join("state")).current_dir(folder);
    command.stdin(Stdio::null()).args(arguments.split_whitespace());
    command
}

/// The exit code, stdout and stderr.
fn runs(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn dry_run_changes_nothing() {
    let served = Served::new();
    let (code, out, told) = served.runs("-n data suspend job/import-clicks --dry-run --diff");
    assert_eq!((code, out.as_str()), (0, "job/import-clicks would be suspended (dry run)\n"), "{told}");
    for line in
        ["context    kubatch-demo", "namespace  data", "dry run    accepted", "-   suspend: false", "+   suspend: true"]
    {
        assert!(told.lines().any(|one| one == line), "{line} in {told}");
    }
    assert!(told.contains("its pod is deleted"), "{told}");
    assert_eq!(served.is_suspended("import-clicks"), Some(false));
    served.file("job.yaml", &job("new", "true", "backoffLimit: 0", ""));
    let (code, out, told) = served.runs("-n data apply -f job.yaml --dry-run --diff");
    assert_eq!((code, out.as_str()), (0, "job/new would be created (dry run)\n"), "{told}");
    assert!(told.contains("+   name: new\n") && told.contains(".   suspend: false\n"), "{told}");
    assert!(served.get::<Job>("new").is_none());
}

/// The memory limit of a Job's first container.
fn memory_limit(job: &Job) -> String {
    let object = serde_json::to_value(job).unwrap();
    let limit = &object["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"];
    limit.as_str().unwrap().to_owned()
}

fn fixes_are_carried_out_by_their_number() {
    let served = Served::new();
    let name = "etl-orders-0412";
    let before = memory_limit(&served.get::<Job>(name).unwrap());
    let why = format!("-n data why job/{name}");
    let (code, out, told) = served.runs(&format!("{why} --fix 1 --dry-run"));
    assert_eq!(
        (code, out.as_str()),
        (0, "job/etl-orders-0412 would be rerun as job/etl-orders-0412-rerun (dry run)\n"),
        "{told}"
    );
    assert!(told.contains("fix 1: rerun with a memory limit of"), "{told}");
    assert!(served.get::<Job>("etl-orders-0412-rerun").is_none());
    let (code, _, told) = served.runs(&format!("{why} --fix 1"));
    assert_eq!(code, 2, "nobody can be asked, and nothing is sent: {told}");
    let (code, out, told) = served.runs(&format!("{why} --fix 1 --yes"));
    assert_eq!(code, 0, "{out}{told}");
    let after = memory_limit(&served.get::<Job>("etl-orders-0412-rerun").unwrap());
    assert_ne!(after, before, "{told}");
    let (code, _, told) = served.runs(&format!("{why} --fix 99 --yes"));
    assert!(code == 2 && told.contains("there is no fix 99"), "{told}");
    let set = "--set spec.backoffLimit=0 --set spec.template.spec.containers[name=none].image=a";
    let (code, _, told) = served.runs(&format!("-n data rerun job/{name} {set} --yes"));
    assert!(code == 2 && told.contains("has none whose name is none"), "{told}");
}

fn values_are_set_and_told() {
    let served = Served::new();
    let (code, out, told) = served.runs("-n data suspend job/import-clicks cronjob/vacuum-pg --yes");
    assert_eq!((code, out.as_str()), (0, "job/import-clicks suspended\ncronjob/vacuum-pg suspended\n"), "{told}");
    assert_eq!(served.is_suspended("import-clicks"), Some(true));
    assert_eq!(served.get::<CronJob>("vacuum-pg").unwrap().spec.suspend, Some(true));
    let (code, _, told) = served.runs("-n data suspend job/import-clicks --yes");
    assert_eq!((code, told.as_str()), (2, "kubatch: cannot suspend: job/import-clicks is suspended already\n"));
    let (code, out, told) = served.runs("-n data resume job/import-clicks job/etl-orders-0412 --yes -o json");
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &line["name"], &line["outcome"]), (1, &"import-clicks".into(), &"accepted".into()), "{told}");
    assert!(told.contains("left out: job/etl-orders-0412 has finished"), "{told}");
    let (code, _, told) = served.runs("-n data scale job/backfill-clicks 2 --yes");
    assert_eq!(code, 0, "{told}");
    assert_eq!(served.get::<Job>("backfill-clicks").unwrap().spec.unwrap().parallelism, Some(2));
    let (code, _, told) = served.runs("-n data scale job/backfill-clicks --completions 61 --yes");
    assert_eq!(code, 0, "{told}");
    let spec = served.get::<Job>("backfill-clicks").unwrap().spec.unwrap();
    assert_eq!((spec.parallelism, spec.completions), (Some(61), Some(61)));
}

fn runs_are_started_by_hand() {
    let served = Served::new();
    let (code, out, told) = served.runs("-n data trigger cj/vacuum-pg --yes");
    assert_eq!(code, 0, "{told}");
    let name = out.strip_prefix("cronjob/vacuum-pg triggered as job/").unwrap().split(';').next().unwrap();
    assert!(out.ends_with(&format!("; kubatch logs -n data -f job/{name} follows it\n")), "{out}");
    let made = served.get::<Job>(name).unwrap();
    assert_eq!(made.metadata.owner_references.unwrap()[0].name, "vacuum-pg");
    for (number, flag) in ["", "--keep-owner"].into_iter().enumerate() {
        let (code, out, told) = served.runs(&format!("-n data rerun job/{name} --yes -o json {flag}"));
        assert_eq!(code, 0, "{told}");
        let line: Value = serde_json::from_str(&out).unwrap();
        let rerun = line["made"].as_str().unwrap().strip_prefix("job/").unwrap();
        let owners = served.get::<Job>(rerun).unwrap().metadata.owner_references.unwrap_or_default();
        assert_eq!(owners.len(), number, "{rerun}");
    }
}

fn deletions_say_what_goes() {
    let served = Served::new();
    let (code, out, told) = served.runs("-n data delete job/etl-orders-0410 job/etl-orders-0411 --yes --diff");
    assert_eq!((code, out.as_str()), (0, "job/etl-orders-0410 deleted\njob/etl-orders-0411 deleted\n"), "{told}");
    assert!(told.contains("\ncascade    Background") && told.contains("-   name: etl-orders-0411\n"), "{told}");
    assert!(served.get::<Job>("etl-orders-0410").is_none_or(|job| job.metadata.deletion_timestamp.is_some()));
    let (code, _, told) = served.runs("-n data delete job/etl-orders-0412 --yes --cascade orphan");
    assert!(code == 0 && told.contains("what it owns STAYS"), "{told}");
}

fn nothing_is_sent_that_nobody_confirmed() {
    let served = Served::new();
    let (code, out, told) = served.runs("-n data suspend job/import-clicks");
    assert_eq!((code, out.as_str(), told.lines().count()), (2, "", 1));
    assert!(told.contains("no terminal to ask on; --yes"), "{told}");
    let (code, _, told) = served.runs("-n data suspend job/import-clicks --yes --readonly");
    assert!(code == 2 && told.contains("read-only; start it without --readonly"), "{told}");
    assert_eq!(served.is_suspended("import-clicks"), Some(false));
}

fn question_is_asked_on_the_terminal() {
    let served = Served::new();
    let arguments = ["-n", "data", "suspend", "job/import-clicks"];
    let mut terminal = Terminal::kubatch((100, 40), Some(&served.path("kubeconfig")), &arguments);
    let screen = terminal.shows("Suspend job/import-clicks in kubatch-demo? [y/N]");
    assert!(screen.contains("+   suspend: true"), "{screen}");
    terminal.press("n\r");
    terminal.shows("nothing was changed: it was not confirmed");
    assert_eq!((terminal.end(), served.is_suspended("import-clicks")), (2, Some(false)));
    let mut terminal = Terminal::kubatch((100, 40), Some(&served.path("kubeconfig")), &arguments);
    terminal.shows("[y/N]");
    terminal.press("y\r");
    terminal.shows("job/import-clicks suspended");
    assert_eq!((terminal.end(), served.is_suspended("import-clicks")), (0, Some(true)));
}

fn protected_context_wants_its_name() {
    let served = Served::new();
    served.file("config.yaml", "protected: ['*-demo']\n");
    let suspend = "--config config.yaml -n data suspend job/import-clicks --yes";
    let (code, _, told) = served.runs(suspend);
    assert!(code == 2 && told.contains("is protected; name it: --context kubatch-demo"), "{told}");
    assert_eq!(served.is_suspended("import-clicks"), Some(false));
    let (code, _, told) = served.runs(&format!("--context kubatch-demo {suspend}"));
    assert_eq!((code, served.is_suspended("import-clicks")), (0, Some(true)), "{told}");
    let config = served.path("config.yaml");
    let arguments = ["--config", config.to_str().unwrap(), "-n", "data", "resume", "job/import-clicks"];
    let mut terminal = Terminal::kubatch((100, 40), Some(&served.path("kubeconfig")), &arguments);
    terminal.shows("kubatch-demo is protected: its name confirms it:");
    terminal.press("yes\r");
    terminal.shows("it was not confirmed");
    assert_eq!((terminal.end(), served.is_suspended("import-clicks")), (2, Some(true)));
}

fn what_cannot_be_meant_is_refused() {
    let served = Served::new();
    let cases = [
        (
            "-n data suspend job/import-click --yes",
            "no job/import-click in namespace data; did you mean job/import-clicks?",
        ),
        ("-n data trigger job/import-clicks --yes", "cannot trigger: it works on CronJobs"),
        ("-n data scale job/etl-orders-0412 3 --yes", "job/etl-orders-0412 has finished"),
        ("-n data scale job/import-clicks --completions 3 --yes", "is not Indexed"),
        ("-n data scale job/import-clicks --yes", "no number to scale to"),
        ("-A delete job/import-clicks --yes", "one namespace"),
        ("-n data,ops delete job/import-clicks --yes", "one namespace"),
    ];
    for (arguments, expected) in cases {
        let (code, out, told) = served.runs(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments}: {told}");
        assert!(told.contains(expected), "{arguments}: {told}");
    }
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { level: info }\n";

fn folders_are_applied_in_order() {
    let served = Served::empty();
    served.file("all/1.yaml", &job("etl", "true", "suspend: true", ""));
    let secret = r#"{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "key" }, "stringData": { "key": "hunter2" } }"#;
    served.file("all/2.json", secret);
    served.file("all/3.yml", CONFIG);
    served.file("all/notes.txt", "nothing");
    let (code, out, told) = served.runs("-n data apply -f all --yes --diff");
    assert_eq!(
        (code, out.as_str()),
        (0, "secret/key created\nconfigmap/settings created\njob/etl created\n"),
        "{told}"
    );
    assert!(told.contains("job/etl is made, suspended") && !told.contains("hunter2"), "{told}");
    let (code, out, told) = served.runs("-n data apply -f all --yes");
    assert_eq!((code, out.lines().filter(|line| line.ends_with(" unchanged")).count()), (0, 3), "{out}");
    assert!(told.contains("accepted; NOTHING would change"), "{told}");
    let mut piped = served.command("-n data apply -f - --yes -o json");
    let mut piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut piped.stdin.take().unwrap(), CONFIG.replace("info", "debug").as_bytes()).unwrap();
    let line: Value = serde_json::from_slice(&piped.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!((&line["kind"], &line["result"]), (&"ConfigMap".into(), &"changed".into()));
    assert_eq!(served.get::<ConfigMap>("settings").unwrap().data.unwrap()["level"], "debug");
    assert_eq!(served.get::<Secret>("key").unwrap().data.unwrap()["key"].0, b"hunter2");
}

fn one_refusal_stops_the_others() {
    let served = Served::empty();
    served.file("a.yaml", CONFIG);
    served.file("b.yaml", &job("etl", "true", "parallelism: -1", ""));
    let (code, out, told) = served.runs("-n data apply -f a.yaml -f b.yaml --yes");
    assert_eq!((code, out.as_str()), (1, ""), "{told}");
    for expected in [
        "1 of 2 refused",
        "did not apply configmap/settings: another one was refused",
        "spec.parallelism",
        "0 accepted, 1 refused, 1 not tried",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
    assert!(served.get::<ConfigMap>("settings").is_none());
    let (code, out, told) = served.runs("-n data apply -f a.yaml -f b.yaml --yes --continue-on-error -o json");
    let outcomes: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let outcomes: Vec<&str> = outcomes.iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!((code, outcomes), (1, vec!["accepted", "refused"]), "{told}");
    assert!(served.get::<ConfigMap>("settings").is_some());
}

fn immutable_fields_are_named() {
    let served = Served::empty();
    served.file("job.yaml", &job("etl", "echo one", "suspend: true", ""));
    assert_eq!(served.runs("-n data apply -f job.yaml --yes").0, 0);
    let before = served.get::<Job>("etl").unwrap().metadata.uid;
    served.file("job.yaml", &job("etl", "echo one", "suspend: true", "").replace("Never", "OnFailure"));
    let (code, _, told) = served.runs("-n data apply -f job.yaml --yes");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("--replace deletes job/etl"), "{told}");
    assert!(told.contains("spec.template.spec.restartPolicy: "), "{told}");
    let (code, out, told) = served.runs("-n data apply -f job.yaml --yes --replace");
    assert_eq!((code, out.as_str()), (0, "job/etl replaced\n"), "{told}");
    assert!(told.contains("is deleted with its pods and their logs, and made anew"), "{told}");
    assert_ne!(served.get::<Job>("etl").unwrap().metadata.uid, before);
}

fn manifests_that_cannot_be_used() {
    let served = Served::empty();
    served.file("broken.yaml", "kind: Job\n  name: [\n");
    served.file("empty.yaml", "# nothing\n");
    served.file("nameless.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    served.file("other.yaml", &CONFIG.replace("name: settings", "name: settings, namespace: ops"));
    served.file("config.yaml", CONFIG);
    std::fs::create_dir(served.path("none")).unwrap();
    let cases = [
        ("apply -f missing.yaml --yes", "cannot read missing.yaml: no such file"),
        ("apply -f none --yes", "no manifest in none"),
        ("apply -f broken.yaml --yes", "broken.yaml:"),
        ("apply -f empty.yaml --yes", "there is no object in it"),
        ("apply -f nameless.yaml --yes", "the object (ConfigMap) has no name"),
        ("apply -f other.yaml --yes", "configmap/settings is for namespace ops, not for data"),
        ("run -f config.yaml --yes", "there is no Job to run"),
    ];
    for (arguments, expected) in cases {
        let (code, out, told) = served.runs(&format!("-n data {arguments}"));
        assert_eq!((code, out.as_str()), (2, ""), "{arguments}: {told}");
        assert!(told.contains(expected), "{arguments}: {told}");
    }
}

/// A Job whose container the embedded cluster ends with this code.
fn ending(name: &str, code: u8) -> String {
    let text = job(name, "true", "backoffLimit: 0", "");
    let behaviour = format!(
        "    metadata: {{ annotations: {{ demo.kubatch.dev/behaviour: 'main: run 1s; exit {code}' }} }}\n    spec:\n      restartPolicy"
    );
    text.replace("    spec:\n      restartPolicy", &behaviour)
}

fn result_of_a_run_is_the_exit_code() {
    let served = Served::empty();
    served.file("good.yaml", &ending("good", 0));
    served.file("bad.yaml", &ending("bad", 3));
    let (code, out, told) = served.runs("-n data run -f good.yaml --yes --rm");
    assert_eq!((code, out.as_str()), (0, ""), "{told}");
    assert!(told.contains("job/good created; kubatch logs -n data -f job/good follows it\n"), "{told}");
    assert!(told.ends_with("kubatch: job/good completed\nkubatch: job/good deleted\n"), "{told}");
    let (code, _, told) = served.runs("-n data run -f bad.yaml --yes");
    assert!(code == 1 && told.contains("job/bad failed: "), "{told}");
    let (code, _, told) = served.runs("-n data run -f bad.yaml --yes");
    assert!(code == 1 && told.contains("already exists; --replace deletes job/bad"), "{told}");
    let (code, _, told) = served.runs("-n data run -f bad.yaml --yes --replace --dry-run");
    assert!(code == 0 && told.contains("job/bad would be replaced"), "{told}");
    // What made the Job owns its fields; who replaces it does not ask for them.
    served.file("bad.yaml", &ending("bad", 4));
    let (code, out, told) = served.runs("-n data apply -f bad.yaml --yes --replace --dry-run");
    assert_eq!((code, out.as_str()), (0, "job/bad would be replaced (dry run)\n"), "{told}");
}

fn journal_has_what_was_done() {
    let served = Served::new();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: key }\nstringData: { key: hunter2 }\n";
    served.file("secret.yaml", secret);
    served.runs("-n data apply -f secret.yaml --dry-run");
    assert!(!served.path("state").exists());
    assert_eq!(served.runs("-n data apply -f secret.yaml --yes").0, 0);
    assert_eq!(served.runs("-n data suspend job/import-clicks --yes").0, 0);
    let journal = std::fs::read_to_string(served.path("state/kubatch/journal.jsonl")).unwrap();
    let lines: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(journal.contains("(hidden)") && !journal.contains("hunter2") && !journal.contains("aHVudGVyMg"));
    assert_eq!((&lines[1]["done"], &lines[1]["context"]), (&"suspended".into(), &"kubatch-demo".into()));
    assert_eq!(
        (&lines[1]["before"]["spec"]["suspend"], &lines[1]["after"]["spec"]["suspend"]),
        (&false.into(), &true.into())
    );
    let embedded = served.runs("--demo -n data suspend job/import-clicks --yes");
    assert_eq!(embedded.0, 0, "{}", embedded.2);
    let after = std::fs::read_to_string(served.path("state/kubatch/journal.jsonl")).unwrap();
    assert_eq!(after, journal, "of the embedded cluster there is no journal");
}

fn closed_pipe_leaves_nothing_half_done() {
    let served = Served::empty();
    for name in ["a", "b", "c"] {
        served.file(&format!("all/{name}.yaml"), &CONFIG.replace("settings", name));
    }
    let script = "\"$0\" -n data apply -f all --yes 2>errors | true; echo \"${PIPESTATUS[0]}\"";
    let mut shell = Command::new("bash");
    shell.args(["-c", script, BINARY]).current_dir(served.folder.path());
    shell.env("KUBECONFIG", served.path("kubeconfig")).env("XDG_STATE_HOME", served.path("state"));
    let (_, out, _) = runs(shell);
    assert_eq!(out, "0\n", "{}", std::fs::read_to_string(served.path("errors")).unwrap());
    assert!(["a", "b", "c"].iter().all(|name| served.get::<ConfigMap>(name).is_some()));
}

/// Runs kubatch on the real cluster in a namespace, with a file `job.yaml` of this text.
fn live(cluster: &Cluster, namespace: &str, text: &str, arguments: &str) -> (i32, String, String) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("write-cli-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("job.yaml"), text).unwrap();
    let ran = runs(command(&cluster.kubeconfig, &folder, &format!("-n {namespace} {arguments}")));
    let _ = std::fs::remove_dir_all(&folder);
    ran
}

fn job_runs_like_a_program(cluster: &Cluster) {
    let space = cluster.space("write-run");
    let namespace = &space.namespace;
    let good = job("good", "echo one; echo two", "backoffLimit: 0", "");
    let (code, out, told) = live(cluster, namespace, &good, "run -f job.yaml --yes --rm");
    assert_eq!((code, out.as_str()), (0, "one\ntwo\n"), "{told}");
    assert!(told.ends_with("kubatch: job/good completed\nkubatch: job/good deleted\n"), "{told}");
    let bad =
        job("bad-", "echo three; exit 3", "backoffLimit: 0", "").replace("{ name: bad- }", "{ generateName: bad- }");
    let (code, out, told) = live(cluster, namespace, &bad, "run -f job.yaml --yes");
    assert_eq!((code, out.as_str()), (1, "three\n"), "{told}");
    assert!(told.contains("exit code 3") && told.contains("failed: BackoffLimitExceeded"), "{told}");
    let endless = job("endless", "echo four; sleep 600", "backoffLimit: 0", "");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("job.yaml"), endless).unwrap();
    let run = format!("-n {namespace} run -f job.yaml --yes --rm");
    let mut run = command(&cluster.kubeconfig, folder.path(), &run);
    let mut run = run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(run.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "four\n");
    let interrupted = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(run.wait().unwrap().code(), Some(130), "as a program of this machine, and what it began is not left");
    let left = runtime().block_on(space.api::<Job>().list(&Default::default())).unwrap().items;
    let left: Vec<_> = left.into_iter().filter(|job| job.metadata.deletion_timestamp.is_none()).collect();
    assert!(left.len() == 1 && left[0].metadata.name.as_ref().unwrap().starts_with("bad-"), "{left:?}");
}

fn owned_fields(cluster: &Cluster) {
    let space = cluster.space("write-owned");
    space.apply(CONFIG);
    let wanted = CONFIG.replace("info", "debug");
    let (code, out, told) = live(cluster, &space.namespace, &wanted, "apply -f job.yaml --yes");
    assert_eq!((code, out.as_str()), (1, ""), "{told}");
    assert!(told.contains("kubatch-tests") && told.contains(".data.level") && told.contains("--force takes"), "{told}");
    let (code, out, told) = live(cluster, &space.namespace, &wanted, "apply -f job.yaml --yes --force");
    assert_eq!((code, out.as_str()), (0, "configmap/settings changed\n"), "{told}");
    assert!(told.contains("configmap/settings: kubatch-tests set data.level before"), "{told}");
}

fn unknown_fields_are_refused(cluster: &Cluster) {
    let space = cluster.space("write-strict");
    let wrong = job("wrong", "true", "backofLimit: 0", "");
    let (code, out, told) = live(cluster, &space.namespace, &wrong, "apply -f job.yaml --yes");
    assert_eq!((code, out.as_str()), (1, ""), "{told}");
    assert!(told.contains("backofLimit") && told.contains("correct the manifest"), "{told}");
    let (code, _, told) = live(
        cluster,
        &space.namespace,
        &job("right", "true", "backoffLimit: 0", ""),
        "apply -f job.yaml --dry-run --diff",
    );
    assert!(code == 0 && told.contains("+   backoffLimit: 0") && told.contains(".   completions: 1"), "{told}");
    let left = runtime().block_on(space.api::<Job>().list(&Default::default())).unwrap().items;
    assert!(left.is_empty(), "{left:?}");
}

fn cronjob_is_changed(cluster: &Cluster) {
    let space = cluster.space("write-cronjob");
    let template = job("x", "true", "backoffLimit: 0", "");
    let spec = template.split_once("spec:\n").unwrap().1.replace("\n  ", "\n      ");
    let cronjob = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: nightly }}\nspec:\n  schedule: 0 2 * * *\n  jobTemplate:\n    spec:\n      {}",
        spec.trim_start()
    );
    let (code, out, told) = live(cluster, &space.namespace, &cronjob, "apply -f job.yaml --yes");
    assert_eq!((code, out.as_str()), (0, "cronjob/nightly created\n"), "{told}");
    let (code, out, told) = live(cluster, &space.namespace, "", "trigger cronjob/nightly --yes -o json");
    assert_eq!(code, 0, "{told}");
    let line: Value = serde_json::from_str(&out).unwrap();
    let made = line["made"].as_str().unwrap().strip_prefix("job/").unwrap();
    let made = runtime().block_on(space.api::<Job>().get(made)).unwrap();
    assert_eq!(made.metadata.annotations.unwrap()["cronjob.kubernetes.io/instantiate"], "manual");
    let (code, out, told) = live(cluster, &space.namespace, "", "suspend cronjob/nightly --yes");
    assert_eq!((code, out.as_str()), (0, "cronjob/nightly suspended\n"), "{told}");
    space.wait("nightly", "suspended", |cronjob: &CronJob| cronjob.spec.suspend == Some(true));
}

fn job_is_replaced(cluster: &Cluster) {
    let space = cluster.space("write-replace");
    let text = job("etl", "sleep 3600", "backoffLimit: 0", "");
    assert_eq!(live(cluster, &space.namespace, &text, "apply -f job.yaml --yes").0, 0);
    let before = runtime().block_on(space.api::<Job>().get("etl")).unwrap().metadata.uid;
    let other = text.replace("sleep 3600", "sleep 7200");
    let (code, _, told) = live(cluster, &space.namespace, &other, "apply -f job.yaml --yes");
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("spec.template.spec.containers[0].command: "), "{told}");
    let (code, out, told) = live(cluster, &space.namespace, &other, "apply -f job.yaml --yes --replace");
    assert!(code == 0 && out.starts_with("job/etl replaced; kubatch logs"), "{out}{told}");
    assert_ne!(runtime().block_on(space.api::<Job>().get("etl")).unwrap().metadata.uid, before);
}

fn new_namespace_comes_first(cluster: &Cluster) {
    let space = cluster.space("write-new");
    let name = format!("{}-new", space.namespace);
    let config = CONFIG.replace("name: settings", &format!("name: settings, namespace: {name}"));
    let text = format!("{config}---\napiVersion: v1\nkind: Namespace\nmetadata: {{ name: {name} }}\n");
    // The namespace of the test is not meant: none is named on the command line.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("all.yaml"), text).unwrap();
    let (code, out, told) = runs(command(&cluster.kubeconfig, folder.path(), "apply -f all.yaml --yes"));
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(space.client.clone());
    let deleted = runtime().block_on(namespaces.delete(&name, &Default::default()));
    assert_eq!((code, out), (0, format!("namespace/{name} created\nconfigmap/settings created\n")), "{told}");
    assert!(told.contains("is tried and made when namespace/") && deleted.is_ok(), "{told}");
}

fn missing_right_is_named(cluster: &Cluster) {
    let space = cluster.space("write-denied");
    space.apply(&job("etl", "true", "suspend: true", ""));
    let reader = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader }
rules: [{ apiGroups: [batch], resources: [jobs], verbs: [get, list, watch] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: reader }]
";
    space.apply(reader);
    let resume = |user: &str| live(cluster, &space.namespace, "", &format!("--as {user} resume job/etl --yes"));
    let (code, out, told) = resume("reader");
    assert_eq!((code, out.as_str()), (1, ""), "{told}");
    assert!(told.contains("cannot patch resource \"jobs\"") && told.contains("ask for a role"), "{told}");
    let (code, out, told) = resume("nobody-at-all");
    assert_eq!((code, out.as_str()), (2, ""), "{told}");
    assert!(told.contains("cannot list resource \"jobs\"") && told.contains("ask for a role"), "{told}");
}

fn samples_are_tried_with_the_expected_verdict(cluster: &Cluster) {
    let space = cluster.space("write-samples");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/samples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    assert!(files.len() > 20);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let (code, out, told) = live(cluster, &space.namespace, &text, "apply -f job.yaml --dry-run");
        // It has types in place of values.
        let is_no_manifest = path.ends_with("job-api-specification-pseudo.yaml");
        assert_eq!(
            (code, out.contains(" would be created")),
            if is_no_manifest { (2, false) } else { (0, true) },
            "{told}"
        );
        assert_eq!(told.contains("it became `batch/v1`"), path.to_string_lossy().contains("v1beta1"), "{told}");
    }
}
