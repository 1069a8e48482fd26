//! End to end: what `kubatch lint --online` and `--live` say of manifests that a real server would refuse, and that they
//! write nothing.

use std::io::Write;
use std::process::{Command, Stdio};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod, ResourceQuota, ServiceAccount};
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::EndToEnd;
use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::support::terminal::BINARY;

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "lint_online::what_the_server_would_refuse_is_told_by_its_rule_and_nothing_is_written",
        need: Need::Node,
        run: what_the_server_would_refuse,
    },
    EndToEnd {
        name: "lint_online::what_may_not_be_asked_is_said",
        need: Need::Users,
        run: what_may_not_be_asked_is_said,
    },
    EndToEnd {
        name: "lint_online::live_objects_are_asked_for_where_they_still_need_pods",
        need: Need::Node,
        run: live_objects_are_asked_for,
    },
];

/// A Job that any cluster takes, and runs.
const JOB: &str = "
apiVersion: batch/v1
kind: Job
metadata: { name: etl }
spec:
  parallelism: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.35
        command: [sleep, 1h]
        resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { cpu: 40m, memory: 32Mi } }
";

const QUOTA: &str = "{ apiVersion: v1, kind: ResourceQuota, metadata: { name: compute }, spec: { hard: HARD } }";

const RANGE: &str = "{ apiVersion: v1, kind: LimitRange, metadata: { name: bounds }, spec: { limits: [{ type: Container, max: { memory: 1Gi } }] } }";

/// A mistake, and how it is told.
struct Case {
    name: &'static str,
    /// What is in the namespace.
    objects: String,
    /// Parts of the Job, and what stands in their place.
    changes: &'static [(&'static str, &'static str)],
    /// The rules from L202 on that tell of it, each with its severity and words of its message.
    told: &'static [(&'static str, &'static str, &'static str)],
}

fn cases() -> Vec<Case> {
    let quota = |hard: &str| QUOTA.replace("HARD", hard);
    let case = |name, objects, changes, told| Case { name, objects, changes, told };
    vec![
        case("fine", quota("{ requests.cpu: 1 }"), &[], &[]),
        case("generated", quota("{ requests.cpu: 1 }"), &[("name: etl }", "generateName: etl- }")], &[]),
        case(
            "filled",
            "{ apiVersion: v1, kind: LimitRange, metadata: { name: defaults }, spec: { limits: [{ type: Container, default: { cpu: 5m } }] } }".to_owned(),
            &[("limits: { cpu: 40m, memory: 32Mi }", "limits: {}")],
            &[("L208", "error", "must be less than or equal to cpu limit of 5m")],
        ),
        case(
            "small",
            quota("{ requests.cpu: 5m }"),
            &[],
            &[(
                "L202",
                "error",
                "Quota compute in NS is too small: each pod asks for 10m requests.cpu, and it allows 5m",
            )],
        ),
        case(
            "some",
            quota("{ requests.cpu: 25m }"),
            &[],
            &[("L202", "warning", "room now for 2 of the 3 pods that run at once: each asks for 10m requests.cpu")],
        ),
        case(
            "vague",
            quota("{ limits.memory: 1Gi }"),
            &[("memory: 32Mi", "ephemeral-storage: 1Gi")],
            &[("L202", "error", "demands limits.memory for: main")],
        ),
        case(
            "bounds",
            RANGE.to_owned(),
            &[("memory: 32Mi", "memory: 4Gi")],
            &[(
                "L203",
                "error",
                "LimitRange bounds in NS allows at most 1Gi memory for each container; the limit here is 4Gi",
            )],
        ),
        case(
            "behind",
            RANGE.to_owned(),
            &[("memory: 32Mi", "memory: 4Gi"), ("restartPolicy", "serviceAccountName: nobody\n      restartPolicy")],
            &[("L203", "error", "at most 1Gi memory")],
        ),
        case(
            "restricted",
            String::new(),
            &[],
            &[(
                "L204",
                "error",
                "Namespace NS enforces the Pod Security level restricted, and the pod template breaks it",
            )],
        ),
        case(
            "nodes",
            String::new(),
            &[("restartPolicy", "nodeSelector: { disk: nvme }\n      restartPolicy")],
            &[("L205", "warning", "1 of 1 without disk=nvme")],
        ),
        case(
            "queue",
            String::new(),
            &[("name: etl }", "name: etl, labels: { kueue.x-k8s.io/queue-name: gpu } }")],
            &[("L206", "warning", "Kueue is not installed in this cluster")],
        ),
        case(
            "taken",
            JOB.replace("busybox:1.35", "busybox:1.34").replace("parallelism: 3", "suspend: true"),
            &[],
            &[("L207", "error", "cannot be changed (spec.template.spec.containers[0].image)")],
        ),
        case(
            "refused",
            String::new(),
            &[("parallelism: 3", "parallelism: -1")],
            &[("L208", "error", "must be greater than or equal to 0")],
        ),
        case(
            "priority",
            String::new(),
            &[("restartPolicy", "preemptionPolicy: Never\n      restartPolicy")],
            &[("L208", "error", "(Never) must not be provided in pod spec")],
        ),
    ]
}

/// Makes a namespace with these objects in which pods may be made.
fn made(cluster: &Cluster, name: &str, objects: &str) -> Space {
    let space = cluster.space(&format!("lint-{name}"));
    space.wait_any::<ServiceAccount>("there", |_| true);
    if name == "restricted" {
        let namespaces: Api<Namespace> = Api::all(space.client.clone());
        let labels = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
        let patch = namespaces.patch(&space.namespace, &PatchParams::default(), &Patch::Merge(labels)).await_now();
        patch.unwrap();
    }
    if !objects.is_empty() {
        space.apply(objects);
    }
    if objects.contains("ResourceQuota") {
        let is_counted = |quota: &ResourceQuota| quota.status.as_ref().is_some_and(|status| status.used.is_some());
        space.wait::<ResourceQuota>("compute", "counted", is_counted);
    }
    space
}

/// A future that is waited for here.
trait AwaitNow: Future + Sized {
    fn await_now(self) -> Self::Output {
        runtime().block_on(self)
    }
}

impl<F: Future> AwaitNow for F {}

/// What rules from L202 on say of a Job, the exit code, and what is told on stderr.
fn lint(cluster: &Cluster, arguments: &[&str], text: &str) -> (i32, Vec<Value>, String) {
    let mut command = Command::new(BINARY);
    command.env("KUBECONFIG", &cluster.kubeconfig).args(arguments).args(["-o", "json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let found = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = found.filter(|one| one["id"].as_str().unwrap() >= "L202").collect();
    (output.status.code().unwrap(), found, String::from_utf8(output.stderr).unwrap())
}

fn what_the_server_would_refuse(cluster: &Cluster) {
    for Case { name, objects, changes, told } in cases() {
        let space = made(cluster, name, &objects);
        let text = changes.iter().fold(JOB.to_owned(), |text, (part, other)| text.replace(part, other));
        let (_, found, unread) = lint(cluster, &["-n", &space.namespace, "lint", "--online", "-"], &text);
        assert_eq!(unread, "", "{name}");
        assert_eq!(found.len(), told.len(), "{name}: {found:#?}");
        for ((rule, severity, words), one) in told.iter().zip(&found) {
            let (words, message) = (words.replace("NS", &space.namespace), one["message"].as_str().unwrap());
            assert_eq!((one["id"].as_str(), one["severity"].as_str()), (Some(*rule), Some(*severity)), "{name}: {one}");
            assert!(message.contains(&words), "{name}: {words:?} is not in {message:?}");
        }
        let pods = space.api::<Pod>().list(&ListParams::default()).await_now().unwrap();
        let jobs = space.api::<Job>().list(&ListParams::default()).await_now().unwrap();
        assert_eq!(
            (pods.items.len(), jobs.items.len()),
            (0, usize::from(name == "taken")),
            "{name}: nothing is written"
        );
    }
}

fn what_may_not_be_asked_is_said(cluster: &Cluster) {
    let (_, found, unread) = lint(cluster, &["--context", "viewer", "-n", "team-a", "lint", "--online", "-"], JOB);
    assert!(found.is_empty(), "{found:?}");
    for what in ["cannot try objects in namespace team-a: ", "cannot try pods in namespace team-a: "] {
        let lines: Vec<&str> = unread.lines().filter(|line| line.contains(what)).collect();
        assert!(lines.len() == 1 && lines[0].contains("user \"viewer\" cannot "), "{what}: {unread}");
    }
    let space = made(cluster, "readonly", &QUOTA.replace("HARD", "{ requests.cpu: 5m }"));
    let (_, found, unread) = lint(cluster, &["--readonly", "-n", &space.namespace, "lint", "--online", "-"], JOB);
    assert!(found.len() == 1 && found[0]["id"] == "L202", "what is read is told all the same: {found:?}");
    assert!(unread.contains("not looked at: kubatch runs read-only and has the server try nothing"), "{unread}");
}

fn live_objects_are_asked_for(cluster: &Cluster) {
    let space =
        made(cluster, "live", &JOB.replace("name: etl", "name: runs").replace("parallelism: 3", "parallelism: 1"));
    let has_its_pods = |job: &Job| job.status.as_ref().is_some_and(|status| status.active == Some(1));
    space.wait::<Job>("runs", "with its pods", has_its_pods);
    let spec = JOB.split_once("spec:").unwrap().1.replace('\n', "\n    ");
    space.apply(&format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: cron }}\nspec:\n  schedule: 5 4 1 1 *\n  \
         jobTemplate:\n    spec:{spec}"
    ));
    space.apply(&JOB.replace("name: etl", "name: held").replace("parallelism: 3", "suspend: true"));
    space.apply(&QUOTA.replace("HARD", "{ requests.cpu: 5m }"));
    let is_counted = |quota: &ResourceQuota| quota.status.as_ref().is_some_and(|status| status.used.is_some());
    space.wait::<ResourceQuota>("compute", "counted", is_counted);
    let (code, found, unread) = lint(cluster, &["-n", &space.namespace, "lint", "--live"], "");
    let told: Vec<_> = found.iter().map(|one| format!("{} {}", one["id"], one["object"]).replace('"', "")).collect();
    let named = |kind: &str| format!("L202 {}/{kind}", space.namespace);
    assert_eq!((code, told, unread.as_str()), (1, vec![named("cronjob/cron"), named("job/held")], ""));
}
