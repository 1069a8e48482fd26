//! What the server refuses: one of many, by a right that is missing, by a webhook, by a budget; in which words, and what
//! stays.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::{Value, json};

use super::{CTRL_D, ENTER, ESC, alt, get, open, running, yearly};
use crate::EndToEnd;
use crate::cluster::{has_condition, job};
use crate::live::row_says;
use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::support::webhook::Webhook;

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "writes::of_200_jobs_those_that_may_not_be_deleted_stay_and_are_told",
        need: Need::ControlPlane,
        run: of_200_jobs_those_that_may_not_be_deleted_stay,
    },
    EndToEnd {
        name: "writes::what_is_refused_after_the_trial_is_told_by_name",
        need: Need::ControlPlane,
        run: what_is_refused_after_the_trial_is_told_by_name,
    },
    EndToEnd {
        name: "writes::a_webhook_refuses_in_its_words",
        need: Need::ControlPlane,
        run: a_webhook_refuses_in_its_words,
    },
    EndToEnd {
        name: "writes::a_webhook_may_warn_and_refuse_what_it_let_be_tried",
        need: Need::ControlPlane,
        run: a_webhook_may_warn_and_refuse_what_it_let_be_tried,
    },
    EndToEnd {
        name: "writes::an_eviction_that_a_budget_forbids_is_told_as_such",
        need: Need::Node,
        run: an_eviction_that_a_budget_forbids_is_told,
    },
];

/// Makes Jobs that want nothing done, so that they complete without a pod, and waits until they have.
fn finished_jobs(space: &Space, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!("done-{number:03}")).collect();
    runtime().block_on(async {
        for name in &names {
            let mut object: Value = serde_yaml::from_str(&job(name, "true", "completions: 0", "")).unwrap();
            object["metadata"]["labels"] = json!({ "number": name });
            let object: Job = serde_json::from_value(object).unwrap();
            space.api::<Job>().create(&PostParams::default(), &object).await.unwrap();
        }
    });
    for name in &names {
        space.wait::<Job>(name, "complete", |job| has_condition(job, "Complete"));
    }
    names
}

/// Lets a user look at everything in the namespace, and delete these Jobs alone.
fn may_delete(space: &Space, user: &str, names: &[String]) {
    let subjects = format!("subjects: [{{ apiGroup: rbac.authorization.k8s.io, kind: User, name: {user} }}]");
    space.apply(&format!(
        "apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{ name: {user}-looks }}
roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }}
{subjects}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{ name: {user}-deletes }}
rules:
- {{ apiGroups: [batch], resources: [jobs], verbs: [delete], resourceNames: {} }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{ name: {user}-deletes }}
roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: Role, name: {user}-deletes }}
{subjects}
",
        json!(names)
    ));
}

fn jobs_left(space: &Space) -> Vec<String> {
    let jobs = runtime().block_on(space.api::<Job>().list(&ListParams::default())).unwrap();
    jobs.iter().map(ResourceExt::name_any).collect()
}

fn of_200_jobs_those_that_may_not_be_deleted_stay(cluster: &Cluster) {
    let space = cluster.space("bulk");
    let names = finished_jobs(&space, 200);
    // One more, which the filter hides.
    space.apply(&job("other", "true", "completions: 0", ""));
    let (kept, deleted): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| ["done-042", "done-137"].contains(&name.as_str()));
    may_delete(&space, "sweeper", &deleted);
    let mut terminal = open(cluster, &space.namespace, &["--as", "sweeper"]);
    terminal.shows("[2] Jobs  201");
    terminal.press("/");
    terminal.press("done-");
    terminal.press(ENTER);
    terminal.shows("[2] Jobs  200/201");
    terminal.press("*");
    terminal.shows("200 marked");
    terminal.press(CTRL_D);
    terminal.shows("Delete 200 Jobs?");
    terminal.shows("2 of 200 refused; they are left out");
    for name in &kept {
        let review = terminal.shows(&format!("jobs.batch \"{name}\" is forbidden"));
        assert!(review.contains("User \"sweeper\" cannot delete"), "the reason for {name} is missing:\n{review}");
    }
    assert_eq!(jobs_left(&space).len(), 201);
    terminal.press("y");
    terminal.shows("deleted 198 of 200; 2 failed or were left out");
    terminal.shows("[2] Jobs  2/3");
    let mut left = jobs_left(&space);
    left.sort();
    assert_eq!(left, [kept, vec!["other".to_owned()]].concat());
}

fn what_is_refused_after_the_trial_is_told_by_name(cluster: &Cluster) {
    let space = cluster.space("revoked");
    let names = finished_jobs(&space, 3);
    may_delete(&space, "sweeper", &names);
    let mut terminal = open(cluster, &space.namespace, &["--as", "sweeper"]);
    terminal.shows("[2] Jobs  3");
    terminal.press("*");
    terminal.press(CTRL_D);
    terminal.shows("Delete 3 Jobs?");
    terminal.shows("dry run    accepted");
    // The right to two of them is taken away while the question is open.
    may_delete(&space, "sweeper", &names[..1]);
    terminal.press("y");
    let screen = terminal.shows("2 writes were not done");
    for name in &names[1..] {
        assert!(screen.contains(&format!("Delete job/{name}")), "{name} is not told:\n{screen}");
        assert!(screen.contains(&format!("jobs.batch \"{name}\" is forbidden")), "no reason for {name}:\n{screen}");
    }
    assert!(screen.contains("ask for a role that allows it"), "{screen}");
    terminal.press(ESC);
    terminal.hides("writes were not done");
    terminal.wait("the two as they were", |screen| {
        screen.contains("[2] Jobs  2") && names[1..].iter().all(|name| row_says(screen, name, "Complete"))
    });
    assert_eq!(jobs_left(&space), names[1..]);
}

fn a_webhook_refuses_in_its_words(cluster: &Cluster) {
    let space = cluster.space("webhook");
    space.apply(&yearly("report"));
    let _webhook = Webhook::start(
        &space,
        "calendar",
        |_| json!({ "allowed": false, "status": { "code": 403, "message": "no changes on a Saturday; ask the data team" } }),
    );
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.shows("report");
    terminal.press("1");
    terminal.press("s");
    terminal.shows("Suspend cronjob/report?");
    terminal.shows("dry run    refused");
    terminal.shows("admission webhook \"calendar.kubatch.example\" denied the");
    terminal.shows("no changes on a Saturday");
    // A role would not help.
    terminal.shows("a rule of this cluster forbids it");
    terminal.press("y");
    terminal.shows("the server does not take it");
    terminal.press(ESC);
    terminal.hides("Suspend cronjob/report?");
}

fn a_webhook_may_warn_and_refuse_what_it_let_be_tried(cluster: &Cluster) {
    let space = cluster.space("verdicts");
    space.apply(&yearly("report"));
    let _webhook = Webhook::start(&space, "moody", |request| match request["dryRun"].as_bool() {
        Some(true) => json!({ "allowed": true, "warnings": ["reports are read by the auditors"] }),
        _ => json!({ "allowed": false, "status": { "message": "not while the auditors look" } }),
    });
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.shows("report");
    terminal.press("1");
    terminal.press("s");
    terminal.shows("dry run    accepted");
    terminal.shows("the server warns: reports are read by the auditors");
    terminal.press(ENTER);
    let screen = terminal.shows("A write was not done");
    assert!(screen.contains("not while the auditors look"), "{screen}");
    terminal.press(ESC);
    let screen = terminal.hides("A write was not done");
    assert!(!screen.contains("suspending"), "{screen}");
    terminal.press("u");
    terminal.shows("nothing was changed since the program began");
}

fn an_eviction_that_a_budget_forbids_is_told(cluster: &Cluster) {
    let space = cluster.space("evict");
    space.apply(
        "apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: keeps-one }
spec:
  minAvailable: 1
  selector: { matchLabels: { batch.kubernetes.io/job-name: etl } }
",
    );
    let pod = running(&space, "etl");
    space.wait::<PodDisruptionBudget>("keeps-one", "counted", |budget| {
        budget.status.as_ref().is_some_and(|status| status.current_healthy == Some(1))
    });
    let mut terminal = open(cluster, &space.namespace, &[]);
    terminal.wait("the pod", |screen| row_says(screen, "etl-", "Running"));
    terminal.press("3");
    terminal.press(&alt('v'));
    terminal.shows("Evict pod/etl-");
    terminal.shows("dry run    refused");
    terminal.shows("it would violate the pod's disruption budget");
    terminal.shows("keeps-one needs 1 healthy pods and has 1 currently");
    terminal.press("y");
    terminal.shows("the server does not take it");
    assert_eq!(get::<Pod>(&space, &pod.name_any()).metadata.deletion_timestamp, None);
    terminal.press(ESC);
    // Where nothing forbids it, it is done after a yes, and not before.
    runtime().block_on(space.api::<PodDisruptionBudget>().delete("keeps-one", &DeleteParams::default())).unwrap();
    terminal.press(&alt('v'));
    terminal.shows("dry run    accepted");
    assert_eq!(get::<Pod>(&space, &pod.name_any()).metadata.deletion_timestamp, None);
    terminal.press("y");
    terminal.shows("evicted pod/");
    terminal.shows("no pods");
}
