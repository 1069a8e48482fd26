//! What leaves the program before a person has said yes, and with read-only at all: every command of the registry is run by
//! its keys and by its words, on an object of each kind, and every request that reaches the server is looked at.

use std::collections::BTreeSet;

use kubatch::app::Overlay;
use kubatch::command::{Action, Argument, CommandSpec, ReviewAction, Scope, all};
use kubatch::demo::Demo;
use serde_json::{Value, json};

use crate::Local;
use crate::support::driver::Driver;
use crate::support::noting::Noting;

pub const TESTS: &[Local] = &[
    Local { name: "safety::read_only_asks_for_nothing_but_to_read", run: read_only_asks_for_nothing_but_to_read },
    Local { name: "safety::a_read_only_engine_sends_what_reads_alone", run: a_read_only_engine_sends_what_reads_alone },
    Local { name: "safety::before_a_yes_the_server_is_only_asked_to_try", run: before_a_yes_the_server_only_tries },
];

/// What the commands are run on: what the palette goes to, and the pane that has the focus then.
const TARGETS: [(&str, &str); 8] = [
    ("job/running", ""),
    ("cronjob/nightly", ""),
    ("pod/running-0", ""),
    // The events of that Job.
    ("job/running", "5"),
    // Its log.
    ("job/running", "6"),
    ("job/waiting", ""),
    ("job/finished", ""),
    ("cronjob/paused", ""),
];

/// So many of the targets are of different kinds; of the others it depends whether a write applies.
const KINDS: usize = 5;

/// What becomes of a write that is shown before it is sent.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    /// None may be shown.
    None,
    /// It is confirmed.
    Yes,
    /// Everything is chosen but that.
    No,
}

fn read_only_asks_for_nothing_but_to_read() {
    let noting = Noting::serve(&cluster());
    // The engine would let everything pass.
    let mut run = Run::new(Driver::open_at(&noting.kubeconfig(), true, false), Answer::None);
    run.registry();
    let sent = noting.writes();
    assert!(sent.is_empty(), "read-only sent {sent:#?}");
}

fn a_read_only_engine_sends_what_reads_alone() {
    let noting = Noting::serve(&cluster());
    // The app would ask for everything.
    let mut run = Run::new(Driver::open_at(&noting.kubeconfig(), false, true), Answer::Yes);
    run.registry();
    let sent = noting.writes();
    assert!(sent.is_empty(), "read-only sent {sent:#?}");
    assert!(!run.reviewed.is_empty());
}

fn before_a_yes_the_server_only_tries() {
    let noting = Noting::serve(&cluster());
    let mut run = Run::new(Driver::open_at(&noting.kubeconfig(), false, false), Answer::No);
    run.registry();
    // A command that was typed to be run in a container is run: that was the yes.
    let (ran, rest): (Vec<_>, Vec<_>) = noting.writes().into_iter().partition(|one| one.uri.contains("/exec?"));
    let (tried, sent): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| one.is_trial());
    assert!(ran.iter().all(|one| one.uri.contains("command=true")), "{ran:#?}");
    assert!(sent.is_empty(), "sent before a yes: {sent:#?}");
    assert!(!tried.is_empty());
    let writes = all().filter(|spec| matches!(spec.action, Action::Write(_))).map(|spec| spec.id);
    let writes = writes.chain(["object.edit", "pod.debug"]);
    let missed: Vec<&str> = writes.filter(|id| !run.reviewed.contains(id)).collect();
    assert!(missed.is_empty(), "no object and no words here suit {missed:?}");
}

/// A cluster in which nothing happens by itself, with an object for each write.
fn cluster() -> Demo {
    let demo = Demo::default();
    let metadata = |name: &str| json!({ "namespace": "data", "name": name, "uid": format!("uid-{name}") });
    let template = json!({
        "metadata": { "labels": { "app": "etl" } },
        "spec": { "restartPolicy": "Never", "containers": [{ "name": "main", "image": "busybox:1.35" }] },
    });
    let job = |name: &str, suspend: bool, status: Value| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(name), "status": status,
            "spec": {
                "parallelism": 3, "completions": 3, "completionMode": "Indexed", "backoffLimit": 6, "suspend": suspend,
                "selector": { "matchLabels": { "app": "etl" } }, "template": template,
            },
        })
    };
    demo.put(job("running", false, json!({ "active": 1, "startTime": "2026-11-21T03:00:00Z" })));
    demo.put(job("waiting", true, json!({})));
    let complete = json!([{ "type": "Complete", "status": "True", "lastTransitionTime": "2026-11-21T03:10:00Z" }]);
    demo.put(job("finished", false, json!({ "succeeded": 3, "conditions": complete })));
    for (name, suspend) in [("nightly", false), ("paused", true)] {
        let job_template = json!({ "spec": { "backoffLimit": 1, "template": template } });
        demo.put(json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata(name),
            "spec": { "schedule": "0 2 * * *", "suspend": suspend, "jobTemplate": job_template },
        }));
    }
    let mut pod = metadata("running-0");
    pod["ownerReferences"] = json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": "running", "uid": "uid-running", "controller": true }]);
    demo.put(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": template["spec"],
        "status": {
            "phase": "Running",
            "containerStatuses": [{
                "name": "main", "image": "busybox:1.35", "imageID": "", "ready": true, "restartCount": 0,
                "state": { "running": { "startedAt": "2026-11-21T03:00:00Z" } },
            }],
        },
    }));
    demo.put(json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": metadata("running.1"), "type": "Normal",
        "reason": "SuccessfulCreate", "note": "Created pod: running-0", "eventTime": "2026-11-21T03:00:00.000000Z",
        "regarding": { "apiVersion": "batch/v1", "kind": "Job", "namespace": "data", "name": "running", "uid": "uid-running" },
    }));
    demo
}

/// A run through the registry.
struct Run {
    driver: Driver,
    answer: Answer,
    /// The commands that came as far as to be shown before they are sent.
    reviewed: BTreeSet<&'static str>,
}

impl Run {
    fn new(driver: Driver, answer: Answer) -> Self {
        Self { driver, answer, reviewed: BTreeSet::new() }
    }

    /// Runs every command on every target, by each of its keys and by its words.
    fn registry(&mut self) {
        for spec in all() {
            let is_write = matches!(spec.action, Action::Write(_));
            let targets = if is_write { &TARGETS[..] } else { &TARGETS[..KINDS] };
            for target in targets {
                for key in spec.keys {
                    self.prepare(spec, *target);
                    self.driver.press(key);
                    self.follow_up(spec);
                }
                if spec.scope != Scope::Review {
                    self.prepare(spec, *target);
                    self.driver.press(":");
                    let word = spec.words.first().unwrap_or(&spec.id);
                    self.driver.type_in(&format!("{word} {}", words(spec)));
                    self.driver.press("enter");
                    self.follow_up(spec);
                }
            }
        }
        // Whatever was asked for has been sent when this comes back.
        self.prepare(all().next().unwrap(), TARGETS[0]);
        self.driver.press("y");
        self.driver.shows("kind: Job");
    }

    /// Goes to the target, and where the command's keys work.
    fn prepare(&mut self, spec: &CommandSpec, (name, pane): (&str, &str)) {
        self.close();
        self.driver.wait_for("all objects", |app| {
            let known = &app.snapshot;
            [known.cronjobs.len(), known.jobs.len(), known.pods.len(), known.events.len()] == [2, 3, 1, 1]
        });
        self.driver.press(":");
        self.driver.type_in(name);
        self.driver.press("enter");
        let app = &self.driver.app;
        assert_eq!(app.name_of(app.subject()), name, "before {}:\n{}", spec.id, self.driver.screen());
        match (spec.scope, pane) {
            (Scope::Page | Scope::Text, "") => self.driver.press("y"),
            (Scope::FullLog, "6") => self.driver.press("l"),
            (Scope::Editor, "") => {
                self.driver.press("e");
                self.fetched();
            }
            (_, "") => {}
            (_, pane) => self.driver.press(pane),
        }
    }

    /// Back to the dashboard, without filters and marks.
    fn close(&mut self) {
        for _ in 0..8 {
            self.driver.press("esc");
            if self.is_editing() {
                // It asks what becomes of the text.
                self.driver.press("d");
            }
        }
        assert!(self.driver.app.overlay.is_none(), "esc does not close {:?}", self.driver.app.overlay);
    }

    /// Types what is asked for, and answers a question as far as it may be answered.
    fn follow_up(&mut self, spec: &'static CommandSpec) {
        self.fetched();
        if self.is_editing() && spec.scope != Scope::Editor {
            ["down", "down", "end", "enter"].into_iter().for_each(|key| self.driver.press(key));
            self.driver.type_in("annotations: {a: b}");
            self.driver.press("ctrl-s");
        }
        if matches!(self.driver.app.overlay, Some(Overlay::Ask(_))) {
            self.driver.press("ctrl-a");
            self.driver.press("ctrl-k");
            self.driver.type_in(words(spec));
            self.driver.press("enter");
        }
        if !self.is_asked() {
            return;
        }
        self.reviewed.insert(spec.id);
        match self.answer {
            Answer::None => panic!("{} asks for a yes with read-only:\n{}", spec.id, self.driver.screen()),
            Answer::Yes => {
                self.tried();
                self.driver.press("enter");
                self.driver.press("y");
            }
            Answer::No => self.choose_everything(),
        }
    }

    /// Presses every key that changes what is asked, but those that confirm it.
    fn choose_everything(&mut self) {
        self.tried();
        let is_other = |spec: &&CommandSpec| match spec.action {
            Action::Review(action) => !matches!(action, ReviewAction::Confirm | ReviewAction::Yes | ReviewAction::No),
            _ => false,
        };
        for key in all().filter(is_other).flat_map(|spec| spec.keys) {
            // One of them goes back to the text.
            if self.is_asked() {
                self.driver.press(key);
                self.tried();
            }
        }
    }

    /// Waits for an object that was asked for to be edited.
    fn fetched(&mut self) {
        self.driver
            .wait_for("the object", |app| !app.notice.as_deref().is_some_and(|notice| notice.starts_with("fetching")));
    }

    fn is_editing(&self) -> bool {
        matches!(self.driver.app.overlay, Some(Overlay::Editor(_)))
    }

    fn is_asked(&self) -> bool {
        matches!(self.driver.app.overlay, Some(Overlay::Review(_)))
    }

    /// Waits until the server has said what it would do.
    fn tried(&mut self) {
        self.driver.wait_for("the server's answer", |app| {
            !matches!(&app.overlay, Some(Overlay::Review(review)) if review.page.text.contains("asking the server"))
        });
    }
}

/// What may stand behind a command's word.
fn words(spec: &CommandSpec) -> &'static str {
    match spec.argument {
        Argument::None => "",
        Argument::Namespaces => "data",
        Argument::Context => "kubatch-demo",
        Argument::Text(form) => match form {
            "NUMBER" => "2",
            "DURATION|none" => "90s",
            "SCHEDULE" => "30 4 * * *",
            "ZONE|none" => "Europe/Berlin",
            "SUCCESSFUL FAILED" => "2 2",
            "KEY=VALUE… KEY-…" => "a=b",
            "FIELD=VALUE… FIELD-…" => "metadata.labels.night=yes",
            "COMMAND…" => "true",
            "PATH [TO]" => "/etc/hostname",
            "[IMAGE]" => "busybox:1.35",
            "NAME" => "one-shot",
            "FILE|FOLDER|-" => "/dev/null",
            form if form.starts_with("finished|") => "finished",
            form => panic!("{} takes {form}: say here what a person might type", spec.id),
        },
    }
}
