//! End to end: what the real cluster does with batch work. These facts are what everything else stands on.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{AttachParams, ListParams, LogParams};
use tokio::io::AsyncReadExt;

use crate::EndToEnd;
use crate::support::cluster::{Cluster, Need, Space, runtime};

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "cluster::job_completes_and_its_log_is_read",
        need: Need::Node,
        run: job_completes_and_its_log_is_read,
    },
    EndToEnd { name: "cluster::job_that_exits_3_twice_fails", need: Need::Node, run: job_that_exits_3_twice_fails },
    EndToEnd { name: "cluster::job_is_killed_for_memory", need: Need::Node, run: job_is_killed_for_memory },
    EndToEnd { name: "cluster::image_cannot_be_pulled", need: Need::Node, run: image_cannot_be_pulled },
    EndToEnd { name: "cluster::quota_refuses_the_pods", need: Need::ControlPlane, run: quota_refuses_the_pods },
    EndToEnd { name: "cluster::cronjob_fires", need: Need::Node, run: cronjob_fires },
    EndToEnd { name: "cluster::exec_runs_in_a_container", need: Need::Node, run: exec_runs_in_a_container },
    EndToEnd {
        name: "cluster::viewer_sees_its_namespace_only",
        need: Need::Users,
        run: viewer_sees_its_namespace_only,
    },
];

/// A Job of one busybox container, with this much added to its spec and to its container.
pub fn job(name: &str, command: &str, spec: &str, container: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{ name: {name} }}
spec:
  {spec}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: busybox:1.35
        command: [sh, -c, '{command}']
        {container}
"
    )
}

/// The Job has this condition.
pub fn has_condition(job: &Job, kind: &str) -> bool {
    condition_reason(job, kind).is_some()
}

fn condition_reason(job: &Job, kind: &str) -> Option<String> {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref())?;
    let held = conditions.iter().find(|one| one.type_ == kind && one.status == "True")?;
    Some(held.reason.clone().unwrap_or_default())
}

fn pods_of(space: &Space, job: &str) -> Vec<Pod> {
    let chosen = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
    runtime().block_on(space.api::<Pod>().list(&chosen)).unwrap().items
}

fn waiting_reason(pod: &Pod) -> Option<&str> {
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    containers.first()?.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
}

fn job_completes_and_its_log_is_read(cluster: &Cluster) {
    let space = cluster.space("completes");
    space.apply(&job("hello", "echo first; echo second", "backoffLimit: 0", ""));
    space.wait::<Job>("hello", "complete", |job| has_condition(job, "Complete"));
    let pods = pods_of(&space, "hello");
    let name = pods[0].metadata.name.as_deref().unwrap();
    let log = runtime().block_on(space.api::<Pod>().logs(name, &LogParams::default())).unwrap();
    assert_eq!(log, "first\nsecond\n");
}

fn job_that_exits_3_twice_fails(cluster: &Cluster) {
    let space = cluster.space("fails");
    space.apply(&job("broken", "exit 3", "backoffLimit: 1", ""));
    let failed = space.wait::<Job>("broken", "failed", |job| has_condition(job, "Failed"));
    assert_eq!(condition_reason(&failed, "Failed").as_deref(), Some("BackoffLimitExceeded"));
    assert_eq!(failed.status.unwrap().failed, Some(2));
    let codes: Vec<i32> = pods_of(&space, "broken").iter().map(exit_code).collect();
    assert_eq!(codes, [3, 3]);
}

fn exit_code(pod: &Pod) -> i32 {
    let status = pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].clone();
    status.state.unwrap().terminated.unwrap().exit_code
}

fn job_is_killed_for_memory(cluster: &Cluster) {
    let space = cluster.space("memory");
    let limit = "resources: { limits: { memory: 32Mi } }";
    // A kill that comes before the node has begun to watch for it is told as `Error`.
    space.apply(&job("hungry", "sleep 1; tail /dev/zero", "backoffLimit: 0", limit));
    space.wait::<Job>("hungry", "failed", |job| has_condition(job, "Failed"));
    let pod = pods_of(&space, "hungry").remove(0);
    let ended = pod.status.unwrap().container_statuses.unwrap()[0].state.clone().unwrap().terminated.unwrap();
    assert_eq!((ended.reason.as_deref(), ended.exit_code), (Some("OOMKilled"), 137));
}

fn image_cannot_be_pulled(cluster: &Cluster) {
    let space = cluster.space("image");
    let manifest = job("unknown", "true", "", "").replace("busybox:1.35", "registry.example/nothing:v1");
    space.apply(&manifest);
    space.wait_any::<Pod>("waiting for its image", |pod| {
        matches!(waiting_reason(pod), Some("ErrImagePull" | "ImagePullBackOff"))
    });
}

fn quota_refuses_the_pods(cluster: &Cluster) {
    let space = cluster.space("quota");
    space.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: little}, spec: {hard: {requests.cpu: 100m}}}");
    space.wait("little", "counted", |quota: &k8s_openapi::api::core::v1::ResourceQuota| {
        quota.status.as_ref().is_some_and(|status| status.used.is_some())
    });
    space.apply(&job("refused", "true", "", "resources: { requests: { cpu: 500m } }"));
    let event = space.wait_any::<Event>("a refusal", |event| event.reason.as_deref() == Some("FailedCreate"));
    let note = event.note.unwrap();
    assert!(note.contains("exceeded quota: little, requested: requests.cpu=500m"), "{note}");
    let status = runtime().block_on(space.api::<Job>().get("refused")).unwrap().status.unwrap_or_default();
    assert_eq!(status.active.unwrap_or_default(), 0);
}

fn cronjob_fires(cluster: &Cluster) {
    let space = cluster.space("cron");
    space.apply(
        "apiVersion: batch/v1
kind: CronJob
metadata: { name: minutely }
spec:
  schedule: '* * * * *'
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{ name: main, image: 'busybox:1.35', command: ['true'] }]
",
    );
    let run = space.wait_any::<Job>("a complete run", |job| has_condition(job, "Complete"));
    assert!(run.metadata.name.unwrap().starts_with("minutely-"));
}

fn exec_runs_in_a_container(cluster: &Cluster) {
    let space = cluster.space("exec");
    space.apply(&job("sleeper", "sleep 600", "", ""));
    let pod = space.wait_any::<Pod>("running", |pod| {
        pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
    });
    let answer = runtime().block_on(async {
        let name = pod.metadata.name.unwrap();
        let attached = AttachParams::default().stderr(false);
        let mut process = space.api::<Pod>().exec(&name, ["echo", "from inside"], &attached).await.unwrap();
        let mut answer = String::new();
        process.stdout().unwrap().read_to_string(&mut answer).await.unwrap();
        process.join().await.unwrap();
        answer
    });
    assert_eq!(answer, "from inside\n");
}

fn viewer_sees_its_namespace_only(cluster: &Cluster) {
    runtime().block_on(async {
        let client = cluster.client("viewer").await;
        let everywhere: Api<Job> = Api::all(client.clone());
        let refused = everywhere.list(&ListParams::default()).await.unwrap_err();
        assert!(matches!(&refused, kube::Error::Api(status) if status.is_forbidden()), "{refused:?}");
        let inside: Api<Job> = Api::default_namespaced(client);
        inside.list(&ListParams::default()).await.unwrap();
    });
}
