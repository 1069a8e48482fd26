//! End to end: what is changed with the binary in a pseudo-terminal on the real cluster, from the key through the review
//! to the row that the watch changes, and the object as the server has it then.

pub mod refused;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::EndToEnd;
use crate::cluster::{has_condition, job};
use crate::live::row_says;
use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::support::terminal::Terminal;

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "writes::a_schedule_is_set_reviewed_and_taken_back",
        need: Need::ControlPlane,
        run: a_schedule_is_set_reviewed_and_taken_back,
    },
    EndToEnd {
        name: "writes::a_run_by_hand_is_what_kubectl_makes",
        need: Need::Node,
        run: a_run_by_hand_is_what_kubectl_makes,
    },
    EndToEnd { name: "writes::a_rerun_is_the_job_once_more", need: Need::Node, run: a_rerun_is_the_job_once_more },
    EndToEnd {
        name: "writes::an_orphaned_pod_stays_without_its_job",
        need: Need::Node,
        run: an_orphaned_pod_stays_without_its_job,
    },
    EndToEnd {
        name: "writes::a_running_job_is_replaced_under_its_name",
        need: Need::Node,
        run: a_running_job_is_replaced_under_its_name,
    },
    EndToEnd {
        name: "writes::a_person_is_called_when_a_job_ends",
        need: Need::Node,
        run: a_person_is_called_when_a_job_ends,
    },
    EndToEnd {
        name: "writes::a_deleted_job_comes_back_suspended",
        need: Need::Node,
        run: a_deleted_job_comes_back_suspended,
    },
    EndToEnd {
        name: "writes::a_protected_context_wants_its_name_typed",
        need: Need::Users,
        run: a_protected_context_wants_its_name_typed,
    },
];

// Keys as a terminal sends them.
const ENTER: &str = "\r";
const ESC: &str = "\x1b";
const CTRL_D: &str = "\x04";
/// To the beginning of the line, and all behind it away.
const CLEAR: &str = "\x01\x0b";

/// The binary on one namespace, once its lists are there.
fn open(cluster: &Cluster, namespace: &str, more: &[&str]) -> Terminal {
    let arguments = [&["-n", namespace], more].concat();
    let terminal = Terminal::kubatch((140, 48), Some(&cluster.kubeconfig), &arguments);
    terminal.shows("● live");
    terminal
}

fn alt(key: char) -> String {
    format!("{ESC}{key}")
}

fn get<K>(space: &Space, name: &str) -> K
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    K: Clone + std::fmt::Debug + DeserializeOwned,
{
    runtime().block_on(space.api::<K>().get(name)).unwrap()
}

fn pods_of(space: &Space, job: &str) -> Vec<Pod> {
    let chosen = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
    runtime().block_on(space.api::<Pod>().list(&chosen)).unwrap().items
}

/// A CronJob that does not run by itself, whose template says much of its Jobs.
fn yearly(name: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: CronJob
metadata: {{ name: {name}, labels: {{ of: cronjob }} }}
spec:
  schedule: '0 0 1 1 *'
  jobTemplate:
    metadata:
      labels: {{ team: data }}
      annotations: {{ example.com/owner: somebody }}
    spec:
      backoffLimit: 1
      activeDeadlineSeconds: 600
      ttlSecondsAfterFinished: 3600
      template:
        metadata: {{ labels: {{ app: yearly }} }}
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 0
          containers:
          - name: main
            image: busybox:1.35
            command: [sh, -c, 'true']
            env: [{{ name: MODE, value: full }}]
            resources: {{ requests: {{ cpu: 10m }} }}
            volumeMounts: [{{ name: scratch, mountPath: /scratch }}]
          volumes: [{{ name: scratch, emptyDir: {{}} }}]
"
    )
}

fn a_schedule_is_set_reviewed_and_taken_back(cluster: &Cluster) {
    let space = cluster.space("schedule");
    space.apply(&yearly("report"));
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.wait("the CronJob", |screen| row_says(screen, "report", "0 0 1 1 *"));
    terminal.press("1");
    terminal.press(&alt('s'));
    terminal.shows("Schedule: cronjob/report");
    terminal.press(&format!("{CLEAR}30 2 * * *"));
    terminal.shows("at 02:30");
    terminal.press(ENTER);
    terminal.shows("Set the schedule of cronjob/report?");
    let review = terminal.shows("+   schedule: 30 2 * * *");
    for part in ["dry run    accepted", "-   schedule: 0 0 1 1 *", "context    admin", &space.namespace] {
        assert!(review.contains(part), "{part} is missing:\n{review}");
    }
    // Nothing was changed by the trial.
    let schedule = || get::<CronJob>(&space, "report").spec.schedule;
    assert_eq!(schedule(), "0 0 1 1 *");
    terminal.press(ENTER);
    terminal.wait("the new schedule", |screen| row_says(screen, "report", "30 2 * * *"));
    terminal.shows("changed the schedule of cronjob/report");
    assert_eq!(schedule(), "30 2 * * *");

    terminal.press("u");
    terminal.shows("Undo what changed the schedule of cronjob/report?");
    let review = terminal.shows("+   schedule: 0 0 1 1 *");
    for part in ["dry run    accepted", "-   schedule: 30 2 * * *"] {
        assert!(review.contains(part), "{part} is missing:\n{review}");
    }
    terminal.press(ENTER);
    terminal.wait("the schedule of before", |screen| row_says(screen, "report", "0 0 1 1 *"));
    assert_eq!(schedule(), "0 0 1 1 *");
}

/// An object as the server has it, but for what differs between any two: times, counters, managers, and its own name and
/// UID wherever they stand.
fn comparable(job: &Job) -> Value {
    let mut object = serde_json::to_value(job).unwrap();
    object.as_object_mut().unwrap().remove("status");
    let metadata = object["metadata"].as_object_mut().unwrap();
    for field in ["creationTimestamp", "managedFields", "resourceVersion", "generation"] {
        metadata.remove(field);
    }
    let text = object.to_string();
    let text = text.replace(&job.uid().unwrap(), "UID").replace(&format!("\"{}\"", job.name_any()), "\"NAME\"");
    serde_json::from_str(&text).unwrap()
}

/// The Job beside these ones, once it is complete.
fn other_job(space: &Space, known: &[&str]) -> Job {
    space.wait_any::<Job>("another one that is complete", |job| {
        !known.contains(&job.name_any().as_str()) && has_condition(job, "Complete")
    })
}

fn a_run_by_hand_is_what_kubectl_makes(cluster: &Cluster) {
    let space = cluster.space("trigger");
    space.apply(&yearly("report"));
    let kubectl = crate::kubectl::find().expect("the cluster was built with its kubectl");
    let arguments = ["-n", &space.namespace, "create", "job", "by-kubectl", "--from=cronjob/report"];
    let mut command = std::process::Command::new(kubectl);
    command.args(arguments).env("KUBECONFIG", &cluster.kubeconfig).env("HOME", env!("CARGO_TARGET_TMPDIR"));
    let made = command.output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let theirs = space.wait::<Job>("by-kubectl", "complete", |job| has_condition(job, "Complete"));

    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.shows("report");
    terminal.press("1");
    terminal.press("t");
    terminal.shows("Trigger cronjob/report?");
    let review = terminal.shows("dry run    accepted");
    assert!(review.contains("starts job/report-manual-"), "{review}");
    terminal.press(ENTER);
    terminal.wait("the run", |screen| row_says(screen, "report-manual-", "Complete"));
    let ours = other_job(&space, &["by-kubectl"]);
    assert_eq!(comparable(&ours), comparable(&theirs));
    assert_eq!(ours.owner_references()[0].uid, get::<CronJob>(&space, "report").uid().unwrap());
}

fn a_rerun_is_the_job_once_more(cluster: &Cluster) {
    let space = cluster.space("rerun");
    let spec = "backoffLimit: 2\n  completionMode: Indexed\n  completions: 2\n  parallelism: 2";
    space.apply(&job("etl", "echo run", spec, "env: [{ name: MODE, value: full }]"));
    let before = space.wait::<Job>("etl", "complete", |job| has_condition(job, "Complete"));
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.wait("the Job", |screen| row_says(screen, "etl", "Complete"));
    terminal.press("R");
    terminal.shows("Rerun job/etl?");
    terminal.shows("dry run    accepted");
    terminal.press(ENTER);
    terminal.wait("the new one", |screen| row_says(screen, "etl-rerun", "Complete"));
    let new = other_job(&space, &["etl"]);
    assert_eq!(new.name_any(), "etl-rerun");
    assert_eq!(comparable(&new), comparable(&before));
    assert_eq!(get::<Job>(&space, "etl").uid(), before.uid(), "the one before stays");
}

/// A Job that runs for long, and one pod of it that runs.
fn running(space: &Space, name: &str) -> Pod {
    space.apply(&job(name, "sleep 600", "backoffLimit: 0", ""));
    space.wait_any::<Pod>("running", |pod| {
        pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
    })
}

fn an_orphaned_pod_stays_without_its_job(cluster: &Cluster) {
    let space = cluster.space("orphan");
    let pod = running(&space, "etl");
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.wait("the Job", |screen| row_says(screen, "etl", "Running"));
    terminal.press(CTRL_D);
    terminal.shows("Delete job/etl?");
    terminal.shows("cascade    Background (c)");
    terminal.press("c");
    terminal.shows("cascade    Foreground (c)");
    terminal.press("c");
    terminal.shows("cascade    Orphan (c)");
    terminal.shows("job/etl is deleted WITHOUT its running pod");
    terminal.shows("dry run    accepted");
    // What is lost is not confirmed by the key that is pressed without a thought.
    terminal.press(ENTER);
    terminal.shows("y sends it all the same");
    terminal.press("y");
    terminal.shows("no Jobs here");
    let left = space.wait::<Pod>(&pod.name_any(), "without an owner", |pod| pod.owner_references().is_empty());
    assert_eq!((left.uid(), left.metadata.deletion_timestamp), (pod.uid(), None));
}

fn a_running_job_is_replaced_under_its_name(cluster: &Cluster) {
    let space = cluster.space("replace");
    let settings = |go: &str| {
        let data = json!({ "go": go });
        space.apply(&format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: settings }}\ndata: {data}\n"));
    };
    settings("slowly");
    let env = "envFrom: [{ configMapRef: { name: settings } }]";
    space.apply(&job("etl", "[ $go = fast ] || sleep 600", "backoffLimit: 0", env));
    let before = space.wait::<Job>("etl", "running", |job| job.status.as_ref().is_some_and(|one| one.ready == Some(1)));
    // The pod has read them, so that the next one alone is fast.
    settings("fast");
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.wait("the Job", |screen| row_says(screen, "etl", "Running"));
    terminal.press(&alt('n'));
    terminal.shows("Replace job/etl?");
    terminal.shows("dry run    accepted");
    terminal.press("y");
    terminal.wait("the new Job", |screen| row_says(screen, "etl", "Complete"));
    let new = space.wait::<Job>("etl", "complete", |job| has_condition(job, "Complete"));
    assert_ne!(new.uid(), before.uid());
    assert_eq!(comparable(&new), comparable(&before));
    terminal.shows("replaced job/etl");
}

fn a_deleted_job_comes_back_suspended(cluster: &Cluster) {
    let space = cluster.space("undelete");
    space.apply(&job("etl", "true", "backoffLimit: 3", ""));
    let before = space.wait::<Job>("etl", "complete", |job| has_condition(job, "Complete"));
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.wait("the Job", |screen| row_says(screen, "etl", "Complete"));
    terminal.press(CTRL_D);
    terminal.shows("dry run    accepted");
    terminal.press("y");
    terminal.shows("no Jobs here");
    terminal.shows("deleted job/etl");
    terminal.press("u");
    terminal.shows("Undo what deleted job/etl?");
    let review = terminal.shows("dry run    accepted");
    assert!(review.contains("SUSPENDED"), "{review}");
    terminal.press(ENTER);
    terminal.wait("the Job again", |screen| row_says(screen, "etl", "Suspended"));
    let again = get::<Job>(&space, "etl");
    assert_ne!(again.uid(), before.uid());
    let spec = again.spec.unwrap();
    assert_eq!((spec.suspend, spec.backoff_limit), (Some(true), Some(3)));
    assert!(pods_of(&space, "etl").iter().all(|pod| pod.metadata.deletion_timestamp.is_some()), "nothing runs");
    terminal.press("s");
    terminal.shows("Resume job/etl?");
    terminal.shows("dry run    accepted");
    terminal.press(ENTER);
    terminal.wait("the end of its work", |screen| row_says(screen, "etl", "Complete"));
}

fn a_protected_context_wants_its_name_typed(cluster: &Cluster) {
    let space = cluster.space("protected");
    space.apply(&yearly("report"));
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    std::fs::write(&config, "protected: ['adm*']\n").unwrap();
    let mut terminal = open(cluster, &space.namespace, &["--config", config.to_str().unwrap()]);
    terminal.shows("report");
    terminal.press("1");
    terminal.press("s");
    terminal.shows("type the context's name:");
    terminal.shows("dry run    accepted");
    // What confirms elsewhere is a letter here.
    terminal.press("y");
    terminal.press(ENTER);
    terminal.shows("type the context's name, admin, to confirm");
    assert_eq!(get::<CronJob>(&space, "report").spec.suspend, Some(false));
    terminal.press(&format!("{CLEAR}admin"));
    terminal.press(ENTER);
    terminal.wait("the CronJob suspended", |screen| row_says(screen, "report", "Suspended"));
    assert_eq!(get::<CronJob>(&space, "report").spec.suspend, Some(true));
}

fn a_person_is_called_when_a_job_ends(cluster: &Cluster) {
    let space = cluster.space("await");
    let release = "until [ -e /tmp/go ]; do sleep 0.1; done";
    space.apply(&job("worker", release, "backoffLimit: 0", ""));
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.shows("● worker");
    terminal.press(&alt('w'));
    terminal.shows("you will be called when job/worker ends");
    let before = terminal.written();
    terminal.press("3");
    terminal.press(":run touch /tmp/go");
    terminal.press(ENTER);
    terminal.writes(before, b"\x07");
    terminal.shows("it wrote nothing");
    terminal.press(ESC);
    terminal.hides("it wrote nothing");
    terminal.press("2");
    terminal.wait("the row", |screen| row_says(screen, "worker", "Complete"));
}
