//! What rules tell of files, against the embedded cluster at the HTTP seam.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::live;
use super::*;
use crate::cluster::connect::{Place, Target};
use crate::cluster::scope::Scope;
use crate::demo::Demo;
use crate::manifest::Catalogue;
use crate::manifest::lint::{Lint, Question, all, lint_in};
use crate::model::clock::{Clock, SystemClock};
use crate::model::key::Namespaces;
use crate::model::snapshot::Snapshot;

/// A Job in namespace `data` that asks for a CPU, with this in its spec.
fn job(spec: &str) -> String {
    format!(
        "
apiVersion: batch/v1
kind: Job
metadata: {{ name: etl, namespace: data }}
spec:
  {spec}
  template:
    spec:
      restartPolicy: Never
      containers:
      - {{ name: main, image: 'busybox:1.36', resources: {{ requests: {{ cpu: 1 }} }} }}
"
    )
}

/// A cluster with a node of 8 CPUs, and in namespace `data` a quota of these.
fn cluster(hard: Value) -> Demo {
    let demo = Demo::default();
    demo.put(json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "a" },
        "status": { "allocatable": { "cpu": "8", "memory": "32Gi", "pods": "110" } },
    }));
    let status = json!({ "hard": hard, "used": {} });
    demo.put(json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "compute", "namespace": "data" },
        "spec": { "hard": hard }, "status": status,
    }));
    demo
}

/// What rules from L202 on tell of a text, and what could not be asked.
async fn told(demo: &Demo, text: &str, is_read_only: bool) -> (Vec<String>, Vec<String>) {
    told_without(&[], demo, text, is_read_only).await
}

/// The same where these rules are off.
async fn told_without(off: &[&str], demo: &Demo, text: &str, is_read_only: bool) -> (Vec<String>, Vec<String>) {
    let is_on = |lint: &'static Lint| !off.contains(&lint.id);
    let target = Target {
        place: Place::Demo(demo.clone()),
        namespaces: Some(Namespaces::Some(vec!["data".into()])),
        scope: Scope::Kinds(&[]),
        remembered: BTreeMap::new(),
        is_read_only,
    };
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let (mut server, namespace) = live::connect(target, clock).await.unwrap();
    let mut seen = Seen::new(namespace);
    seen.add(text);
    let texts = [("a.yaml".to_owned(), text.to_owned())];
    live::ask(&server, &texts, &mut seen, now, is_on).await;
    ask(&mut server, &mut seen, true, is_read_only).await;
    let found = lint_in(text, Catalogue::built_in(), now, &seen, is_on).findings;
    assert!(seen.questions().is_empty(), "all is answered");
    let told = found.iter().filter(|one| one.lint.id >= "L202");
    let told = told.map(|one| format!("{} {} {}: {}", one.severity.word(), one.lint.id, one.path, one.message));
    (told.collect(), seen.unread().into_iter().map(str::to_owned).collect())
}

#[tokio::test]
async fn pod_that_a_quota_refuses_is_told_with_the_quota_and_what_is_left() {
    let (found, unread) = told(&cluster(json!({ "requests.cpu": "500m" })), &job("parallelism: 3"), false).await;
    let wanted = "error L202 spec.template.spec.containers[0].resources: Quota compute in data is too small: each pod asks \
                  for 1 requests.cpu, and it allows 500m in all";
    assert_eq!((found, unread), (vec![wanted.to_owned()], vec![]));
    let (found, _) = told(&cluster(json!({ "limits.cpu": "8" })), &job("parallelism: 1"), false).await;
    assert!(
        found.len() == 1 && found[0].contains(" L202 ") && found[0].contains("demands limits.cpu for: main"),
        "{found:?}"
    );
}

#[tokio::test]
async fn quota_that_has_room_for_some_of_the_pods_is_a_warning() {
    let demo = cluster(json!({ "requests.cpu": "2" }));
    let (found, _) = told(&demo, &job("parallelism: 3"), false).await;
    assert!(found.len() == 1 && found[0].starts_with("warning L202 "), "{found:?}");
    assert!(found[0].contains("room now for 2 of the 3 pods"), "{found:?}");
    let all_at_once = job("parallelism: 3\n  completions: 2");
    assert_eq!(told(&demo, &all_at_once, false).await, (vec![], vec![]), "no more than two run");
}

#[tokio::test]
async fn cronjob_is_asked_for_the_pods_of_its_runs() {
    let spec = job("parallelism: 1").replace('\n', "\n    ");
    let spec = spec.split_once("spec:").unwrap().1;
    let text = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: etl, namespace: data }}\nspec:\n  schedule: 5 4 * * *\n  \
         jobTemplate:\n    spec:{spec}"
    );
    let (found, unread) = told(&cluster(json!({ "requests.cpu": "500m" })), &text, false).await;
    assert_eq!((found.len(), unread), (1, vec![]), "{found:?}");
    assert!(
        found[0].starts_with("error L202 spec.jobTemplate.spec.template.spec.containers[0].resources: "),
        "{found:?}"
    );
}

#[tokio::test]
async fn no_node_is_a_warning_and_is_silent_where_nodes_may_not_be_listed() {
    let demo = cluster(json!({}));
    let text = job("parallelism: 1").replace("cpu: 1 ", "cpu: 64 ");
    let (found, _) = told(&demo, &text, false).await;
    let wanted = "warning L205 spec.template.spec: no node takes the pods: 1 of 1 with less than 64 cpu (the most is 8); \
                  they wait until a node is added or changed";
    assert_eq!(found, [wanted]);
    demo.fail("/nodes", 403);
    assert_eq!(told(&demo, &text, false).await, (vec![], vec![]));
}

#[tokio::test]
async fn name_is_taken_where_what_differs_cannot_be_changed() {
    let demo = cluster(json!({}));
    let mut live: Value = serde_yaml::from_str(&job("parallelism: 1").replace("cpu: 1 ", "cpu: '1' ")).unwrap();
    demo.put(live.clone());
    assert_eq!(told(&demo, &job("parallelism: 2"), false).await, (vec![], vec![]), "parallelism may be changed");
    live["spec"]["template"]["spec"]["containers"][0]["image"] = json!("busybox:1.35");
    demo.put(live);
    let (found, _) = told(&demo, &job("parallelism: 1"), false).await;
    let wanted = "error L207 spec.template.spec.containers[0].image: there is a Job of this name in namespace data in \
                  which what differs cannot be changed (spec.template.spec.containers[0].image): delete it first, as \
                  kubatch apply --replace does, or choose another name";
    assert_eq!(found, [wanted]);
}

#[tokio::test]
async fn what_the_server_refuses_is_told_in_its_words_unless_a_rule_of_our_own_tells_it() {
    let demo = cluster(json!({}));
    let text = job("backoffLimit: -1");
    let (found, _) = told(&demo, &text, false).await;
    let wanted =
        "error L208 spec.backoffLimit: the server refuses it: Invalid value: -1: must be greater than or equal to 0";
    assert_eq!(found, [wanted]);
    let text = text.replace("restartPolicy: Never", "restartPolicy: Always");
    let (found, _) = told(&demo, &text, false).await;
    assert_eq!(found, [wanted], "L001 tells of the restart policy");
    let (found, _) = told_without(&["L001"], &demo, &text, false).await;
    assert!(found.len() == 2 && found.iter().any(|one| one.contains("template.spec.restartPolicy: ")), "{found:?}");
    let (found, _) = told(&demo, &job("suspend: false").replace("namespace: data", "namespace: none"), false).await;
    assert_eq!(found, ["error L208 metadata.namespace: there is no namespace `none` in this cluster"]);
    let text = format!("{}---\napiVersion: v1\nkind: Namespace\nmetadata: {{ name: none }}\n", job("suspend: false"));
    let (found, unread) = told(&demo, &text.replace("namespace: data", "namespace: none"), false).await;
    assert!(found.is_empty() && unread.len() == 1, "{found:?} {unread:?}");
    assert!(unread[0].starts_with("namespace none comes with the files and is not there yet"), "{unread:?}");
}

#[tokio::test]
async fn what_cannot_be_tried_is_said_and_what_can_be_read_is_told_all_the_same() {
    let demo = cluster(json!({ "requests.cpu": "500m" }));
    let text = job("parallelism: 1");
    let (found, unread) = told(&demo, &text, true).await;
    let wanted = "error L202 spec.template.spec.containers[0].resources: quota compute in data has no room now for the pod: \
                  each asks for 1 requests.cpu, and 500m of 500m is left; none may be created";
    assert_eq!(found, [wanted]);
    assert!(unread.len() == 1 && unread[0].contains("runs read-only"), "{unread:?}");
    demo.fail("POST /api/v1/namespaces/data/pods", 503);
    let (found, unread) = told(&demo, &text, false).await;
    assert_eq!(
        (found, unread),
        (vec![wanted.to_owned()], vec!["cannot try pods in namespace data: asked to fail".to_owned()])
    );
}

#[tokio::test]
async fn refusal_that_a_rule_which_is_off_would_tell_is_said_to_hide_others() {
    let demo = cluster(json!({ "limits.cpu": "8" }));
    let (found, unread) = told_without(&["L202"], &demo, &job("parallelism: 1"), false).await;
    assert_eq!((found, unread.len()), (vec![], 1), "{unread:?}");
    assert!(unread[0].starts_with("the server refuses job/etl for what L202 tells, which is left out"), "{unread:?}");
}

#[tokio::test]
async fn nothing_is_asked_where_there_is_no_template_and_of_rules_that_are_off() {
    let (demo, now) = (cluster(json!({})), SystemClock.now());
    let bare = "apiVersion: batch/v1\nkind: Job\nmetadata: { name: etl, namespace: data }\nspec: {}\n";
    let asked = |text: &str, off: &[&str]| {
        let seen = Seen::new("data");
        lint_in(text, Catalogue::built_in(), now, &seen, |lint| !off.contains(&lint.id));
        seen.questions().first().map(|one| one.rules.clone()).unwrap_or_default()
    };
    assert_eq!(asked(bare, &[]), ["L207", "L208"]);
    assert_eq!(asked(&job("suspend: false"), &["L202", "L207", "L208"]), ["L203", "L204", "L205"]);
    let off: Vec<&str> = all().map(|lint| lint.id).collect();
    assert_eq!(asked(&job("suspend: false"), &off), [""; 0]);
    drop(demo);
}

/// The trial of an object to whose pod the server says this, and whether it is tried again.
fn after(object: Value, words: &str) -> (Trial, bool) {
    let question = Question { object, namespace: "data".into(), rules: OF_PODS.to_vec() };
    let mut trial = Trial::new(0, question);
    let mut snapshot = Snapshot::default();
    let changes = vec![Told::Upsert(Early::<Job>::deserialize(&trial.job).unwrap().into_row())];
    let source = Source { kind: Kind::Job, namespace: None };
    snapshot.apply(Delta { session: Session::default(), source, changes }, SystemClock.now());
    let mut facts = Facts::default();
    facts.put(Address::of(&trial.job).unwrap(), Fact::Found(trial.job.clone()));
    let again = trial.hear(Known { snapshot: &snapshot, facts: &facts, now: SystemClock.now() }, words);
    (trial, again)
}

/// What is told where the server says this to a pod, and what is tried then.
fn heard(spec: &str, words: &str) -> (Vec<String>, Option<Value>) {
    let (trial, again) = after(serde_yaml::from_str(&job(spec)).unwrap(), words);
    let said = trial.said.iter().map(|said| format!("{} {}: {}", said.lint, said.path, said.message)).collect();
    (said, again.then(|| trial.pod["spec"].clone()))
}

#[test]
fn pod_of_a_job_without_a_name_has_valid_labels() {
    let object: Value =
        serde_yaml::from_str(&job("suspend: false").replace("name: etl", "generateName: etl-")).unwrap();
    let (trial, _) = after(object, "");
    assert_eq!(trial.pod["metadata"]["labels"]["job-name"], "etl-trial");
    assert_eq!(trial.pod["metadata"]["generateName"], "etl-trial-");
}

#[test]
fn invalid_fields_of_a_pod_are_told_where_the_template_has_them() {
    let object: Value = serde_yaml::from_str(&job("suspend: false")).unwrap();
    let mut trial = Trial::new(0, Question { object, namespace: "data".into(), rules: OF_PODS.to_vec() });
    let field = "spec.containers[0].resources.requests";
    trial.hear_fields(vec![(
        field.to_owned(),
        "Invalid value: \"1\": must be less than or equal to cpu limit".to_owned(),
    )]);
    assert_eq!(trial.said[0].path.to_string(), "spec.template.spec.containers[0].resources.requests");
    let wanted = "the server takes no pod of it: spec.containers[0].resources.requests: Invalid value: \"1\": must be less \
                  than or equal to cpu limit";
    assert_eq!(trial.said[0].message, wanted);
}

#[test]
fn what_mends_a_refused_pod_is_set_in_the_template() {
    let object: Value = serde_yaml::from_str(&job("suspend: false")).unwrap();
    let spec = &object["spec"];
    let cron = json!({ "kind": "CronJob", "metadata": { "name": "etl" }, "spec": { "jobTemplate": { "spec": spec } } });
    let words = r#"pods "x" is forbidden: maximum cpu usage per Container is 500m, but request is 1"#;
    for (object, wanted) in [(object.clone(), "spec"), (cron, "spec.jobTemplate.spec")] {
        let (trial, _) = after(object, words);
        let change = &trial.said[0].changes[0];
        let path = format!("{wanted}.template.spec.containers[0].resources.requests.cpu");
        assert_eq!((change.path.to_string(), &change.value), (path, &Some(json!("500m"))));
    }
}

#[test]
fn refusals_of_pods_are_told_by_the_rule_that_they_belong_to() {
    let cases = [
        (
            r#"pods "etl-x" is forbidden: maximum memory usage per Container is 2Gi, but limit is 4Gi"#,
            "L203 spec.template.spec.containers[0].resources: A LimitRange in data allows at most 2Gi memory for each \
             container; the limit here is 4Gi. No pod may be created",
        ),
        (
            r#"pods "etl-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true)"#,
            "L204 spec.template.spec.securityContext: Namespace data enforces the Pod Security level restricted, and the pod \
             template breaks it: runAsNonRoot != true. No pod may be created",
        ),
        (
            r#"admission webhook "tags.example.com" denied the request: tag latest is not allowed"#,
            "L208 spec.template.spec: The admission webhook tags.example.com says no: tag latest is not allowed. No pod of \
             this Job may be created until the Job or the policy changes",
        ),
    ];
    for (words, wanted) in cases {
        assert_eq!(heard("suspend: false", words), (vec![wanted.to_owned()], None));
    }
}

#[test]
fn what_other_rules_look_for_is_left_out_and_the_pod_tried_again() {
    let words =
        r#"pods "etl-x" is forbidden: error looking up service account data/etl: serviceaccount "etl" not found"#;
    let (said, pod) = heard("suspend: false", words);
    assert!(said.is_empty() && pod.unwrap()["serviceAccountName"] == "default");
    let (said, pod) = heard("suspend: false", r#"pods "x" is forbidden: no PriorityClass with name low was found"#);
    assert!(pod.is_none() && said[0].starts_with("L208 "), "no class was left out: {said:?}");
}

#[test]
fn lack_of_a_right_is_no_refusal() {
    let refused = |cause: Cause, words: &str| {
        let failure =
            crate::model::delta::Failure { cause, message: format!("cannot try pod/x: {words}"), hint: String::new() };
        match no(failure.into(), "cannot try pod/x: ") {
            No::Untried(why) => (false, why),
            No::Refused(_, words) => (true, words),
        }
    };
    let right =
        r#"pods is forbidden: User "dev" cannot create resource "pods" in API group "" in the namespace "data""#;
    let told = r#"user "dev" cannot create resource "pods" in API group "" in the namespace "data""#;
    assert_eq!(refused(Cause::Denied, right), (false, told.to_owned()));
    assert!(refused(Cause::Denied, r#"pods "x" is forbidden: exceeded quota: a"#).0);
    assert!(!refused(Cause::Busy, "the server is currently unable to handle the request").0);
    assert!(refused(Cause::Busy, r#"Internal error occurred: failed calling webhook "w": connection refused"#).0);
    assert!(!refused(Cause::Unreachable, "no answer in 35 seconds").0);
}
