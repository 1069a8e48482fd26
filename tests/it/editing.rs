//! End to end: objects edited as text with the binary in a pseudo-terminal on the real cluster.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::api::{Patch, PatchParams};
use portable_pty::CommandBuilder;
use serde_json::json;

use crate::EndToEnd;
use crate::cluster::has_condition;
use crate::live::row_says;
use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::support::terminal::{BINARY, Terminal};

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "editing::what_was_edited_is_reviewed_and_the_row_follows",
        need: Need::ControlPlane,
        run: what_was_edited_is_reviewed_and_the_row_follows,
    },
    EndToEnd {
        name: "editing::a_change_by_another_client_is_taken_in",
        need: Need::ControlPlane,
        run: a_change_by_another_client_is_taken_in,
    },
    EndToEnd {
        name: "editing::what_is_immutable_is_made_as_a_new_job",
        need: Need::Node,
        run: what_is_immutable_is_made_as_a_new_job,
    },
    EndToEnd {
        name: "editing::a_killed_programs_text_is_offered_again",
        need: Need::ControlPlane,
        run: a_killed_programs_text_is_offered_again,
    },
    EndToEnd {
        name: "editing::a_field_of_kubectls_is_taken_by_force_alone",
        need: Need::ControlPlane,
        run: a_field_of_kubectls_is_taken_by_force_alone,
    },
    EndToEnd {
        name: "editing::every_sample_is_opened_and_tried",
        need: Need::ControlPlane,
        run: every_sample_is_opened_and_tried,
    },
];

// Keys as a terminal sends them.
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const END: &str = "\x1b[F";
const BACKSPACE: &str = "\x7f";
const FIND: &str = "\x06";
const REVIEW: &str = "\x13";

const SIZE: (u16, u16) = (140, 48);

/// A CronJob that does not run by itself.
fn yearly(space: &Space, name: &str) {
    space.apply(&yearly_text(name));
}

fn yearly_text(name: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: CronJob
metadata: {{ name: {name} }}
spec:
  schedule: '0 0 1 1 *'
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{{ name: main, image: 'busybox:1.35', command: ['true'] }}]
"
    )
}

fn cronjob(space: &Space, name: &str) -> CronJob {
    runtime().block_on(space.api::<CronJob>().get(name)).unwrap()
}

/// Opens the editor on the object under the cursor, and goes to the end of the line with these words.
fn edit(terminal: &mut Terminal, title: &str, words: &str) {
    terminal.press("e");
    terminal.shows(title);
    terminal.press(FIND);
    terminal.press(words);
    terminal.shows(&format!("find {words}"));
    terminal.press(ESC);
    terminal.hides(&format!("find {words}"));
    terminal.press(END);
}

fn on_cronjobs(terminal: &mut Terminal) {
    terminal.shows("● live");
    terminal.press("1");
    terminal.shows("▌‖ books");
}

fn what_was_edited_is_reviewed_and_the_row_follows(cluster: &Cluster) {
    let space = cluster.space("edit");
    yearly(&space, "books");
    let mut terminal = Terminal::kubatch(SIZE, Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    on_cronjobs(&mut terminal);
    edit(&mut terminal, "Edit cronjob/books", "schedule:");
    terminal.press(BACKSPACE);
    terminal.press("3");
    terminal.press(REVIEW);
    let review = terminal.shows("accepted");
    for line in ["-   schedule: 0 0 1 1 *", "+   schedule: 0 0 1 1 3", &space.namespace] {
        assert!(review.contains(line), "{line} in {review}");
    }
    terminal.press(ENTER);
    terminal.wait("the new schedule in its row", |screen| row_says(screen, "books", "0 0 1 1 3"));
    assert_eq!(cronjob(&space, "books").spec.schedule, "0 0 1 1 3");
}

fn a_change_by_another_client_is_taken_in(cluster: &Cluster) {
    let space = cluster.space("edit-conflict");
    yearly(&space, "books");
    let mut terminal = Terminal::kubatch(SIZE, Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    on_cronjobs(&mut terminal);
    edit(&mut terminal, "Edit cronjob/books", "schedule:");
    terminal.press(BACKSPACE);
    terminal.press("3");
    terminal.shows("0 0 1 1 3");
    let other = Patch::Merge(json!({ "spec": { "failedJobsHistoryLimit": 7 } }));
    runtime().block_on(space.api::<CronJob>().patch("books", &PatchParams::default(), &other)).unwrap();
    terminal.press(REVIEW);
    terminal.shows("somebody changed spec.failedJobsHistoryLimit meanwhile");
    let screen = terminal.shows("failedJobsHistoryLimit: 7");
    assert!(screen.contains("0 0 1 1 3"), "what was typed is kept: {screen}");
    terminal.press(REVIEW);
    terminal.shows("accepted");
    terminal.press(ENTER);
    terminal.wait("the new schedule in its row", |screen| row_says(screen, "books", "0 0 1 1 3"));
    let stored = cronjob(&space, "books").spec;
    assert_eq!((stored.schedule.as_str(), stored.failed_jobs_history_limit), ("0 0 1 1 3", Some(7)));
}

fn what_is_immutable_is_made_as_a_new_job(cluster: &Cluster) {
    let space = cluster.space("edit-immutable");
    let wrong = crate::cluster::job("worker", "true", "backoffLimit: 0", "").replace("busybox:1.35", "busybox:1.3");
    space.apply(&wrong);
    let mut terminal = Terminal::kubatch(SIZE, Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    terminal.wait("the image that cannot be pulled", |screen| row_says(screen, "worker", "image not found"));
    edit(&mut terminal, "Edit job/worker", "image:");
    terminal.shows("fixed for the life of a Job");
    terminal.press("5");
    terminal.press(REVIEW);
    terminal.shows("refused");
    terminal.shows("R makes a new Job beside it");
    terminal.press("R");
    terminal.shows("job/worker-rerun is made with the change");
    terminal.shows("accepted");
    terminal.press(ENTER);
    terminal.wait("the new Job's end", |screen| row_says(screen, "worker-rerun", "Complete"));
    let made = runtime().block_on(space.api::<Job>().get("worker-rerun")).unwrap();
    assert!(has_condition(&made, "Complete"), "{made:?}");
    let before = runtime().block_on(space.api::<Job>().get("worker")).unwrap();
    assert!(!has_condition(&before, "Complete"), "the one before runs on");
}

fn a_killed_programs_text_is_offered_again(cluster: &Cluster) {
    let space = cluster.space("edit-killed");
    yearly(&space, "books");
    let state = tempfile::tempdir().unwrap();
    let open = || {
        let mut command = CommandBuilder::new("sh");
        let line = "XDG_STATE_HOME=\"$0\" exec \"$@\"";
        command.args(["-c", line, state.path().to_str().unwrap(), BINARY, "-n", &space.namespace]);
        Terminal::start(SIZE, command, Some(&cluster.kubeconfig))
    };
    let mut terminal = open();
    on_cronjobs(&mut terminal);
    edit(&mut terminal, "Edit cronjob/books", "schedule:");
    terminal.press(BACKSPACE);
    terminal.press("3");
    terminal.shows("0 0 1 1 3");
    let drafts = state.path().join("kubatch/drafts");
    let is_kept = || {
        let files = std::fs::read_dir(&drafts).into_iter().flatten().filter_map(Result::ok);
        files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).any(|text| text.contains("0 0 1 1 3"))
    };
    terminal.wait("the text on disk", |_| is_kept());
    let killed = std::process::Command::new("kill").arg("-9").arg(terminal.process().to_string()).status();
    assert!(killed.unwrap().success());
    terminal.end();
    let mut terminal = open();
    terminal.shows("a text was kept: Edit cronjob/books");
    on_cronjobs(&mut terminal);
    terminal.press(":drafts");
    terminal.press(ENTER);
    terminal.shows("Edit cronjob/books");
    terminal.shows("schedule: 0 0 1 1 3");
    terminal.press(REVIEW);
    terminal.shows("accepted");
    terminal.press(ENTER);
    terminal.wait("the new schedule in its row", |screen| row_says(screen, "books", "0 0 1 1 3"));
    terminal.wait("no text on disk", |_| !is_kept());
}

fn a_field_of_kubectls_is_taken_by_force_alone(cluster: &Cluster) {
    let space = cluster.space("edit-owned");
    let manifest = |schedule: &str| -> serde_json::Value {
        let mut object = serde_yaml::from_str::<serde_json::Value>(&yearly_text("books")).unwrap();
        object["spec"]["schedule"] = json!(schedule);
        object
    };
    // As `kubectl apply --server-side` does it.
    let theirs = Patch::Apply(manifest("0 0 1 1 *"));
    runtime().block_on(space.api::<CronJob>().patch("books", &PatchParams::apply("kubectl"), &theirs)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.json");
    std::fs::write(&file, manifest("0 0 1 1 3").to_string()).unwrap();
    let mut terminal = Terminal::kubatch(SIZE, Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    on_cronjobs(&mut terminal);
    terminal.press(&format!(":apply {}", file.display()));
    terminal.press(ENTER);
    terminal.shows("books.json ─");
    terminal.press(REVIEW);
    terminal.shows("kubectl");
    let refused = terminal.shows("refused");
    assert!(refused.contains("spec.schedule"), "{refused}");
    terminal.press(ENTER);
    assert_eq!(cronjob(&space, "books").spec.schedule, "0 0 1 1 *", "force is never assumed");
    terminal.press("f");
    terminal.shows("fields of other managers are taken over");
    terminal.shows("accepted");
    terminal.press(ENTER);
    terminal.wait("the new schedule in its row", |screen| row_says(screen, "books", "0 0 1 1 3"));
}

fn every_sample_is_opened_and_tried(cluster: &Cluster) {
    let space = cluster.space("edit-samples");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/samples");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    assert!(files.len() > 20);
    let mut terminal = Terminal::kubatch(SIZE, Some(&cluster.kubeconfig), &["-n", &space.namespace]);
    terminal.shows("● live");
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        terminal.press(&format!(":apply {}", path.display()));
        terminal.press(ENTER);
        let opened = terminal.shows(&format!("{name} ─"));
        if name == "job-api-specification-pseudo.yaml" {
            // It has types in place of values.
            assert!(opened.contains("error"), "{opened}");
            terminal.press(ESC);
        } else {
            assert_eq!(name.contains("v1beta1"), opened.contains("batch/v1beta1"), "what was mended is told: {opened}");
            terminal.press(REVIEW);
            terminal.shows("accepted");
            terminal.press(ESC);
            terminal.hides("accepted");
            terminal.press(ESC);
        }
        terminal.hides(name);
    }
}
