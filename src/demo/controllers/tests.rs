//! The controllers against what a real cluster was seen to do: each test states a rule and holds it on a small cluster.

use serde_json::{Value, json};

use super::object::{condition, holds, int, items, name, text, time};
use super::*;

/// A cluster of two nodes, stepped by hand from 12:00.
struct Lab {
    store: Store,
    controllers: Controllers,
    now: Time,
}

const START: &str = "2026-11-21T12:00:00Z";

const NODES: &str = r#"
apiVersion: v1
kind: Node
metadata: { name: node-1 }
spec: { taints: [{ key: node-role.kubernetes.io/control-plane, effect: NoSchedule }] }
status: { allocatable: { cpu: "4", memory: 8Gi, pods: "110" } }
---
apiVersion: v1
kind: Node
metadata: { name: node-2 }
status: { allocatable: { cpu: "4", memory: 8Gi, pods: "110" } }
"#;

impl Lab {
    fn new(manifests: &str) -> Self {
        let now = Time::parse(START).unwrap();
        let mut lab = Self { store: Store::default(), controllers: Controllers::new(7, now), now };
        lab.apply(NODES);
        lab.apply(manifests);
        lab.controllers.step(&mut lab.store, now);
        lab
    }

    fn apply(&mut self, manifests: &str) {
        let objects: Vec<Value> = serde_yaml::from_multiple(manifests).expect("the manifests are YAML");
        for mut object in objects {
            if object["kind"] != "Node" {
                object["metadata"]["namespace"] = json!("lab");
            }
            apply(&mut self.store, object, self.now);
        }
    }

    fn run(&mut self, seconds: i64) -> &mut Self {
        self.now = self.now.plus_seconds(seconds);
        self.controllers.step(&mut self.store, self.now);
        self
    }

    fn job(&self, name: &str) -> &Value {
        self.store.get(&format!("/apis/batch/v1/namespaces/lab/jobs/{name}")).expect("the Job is there")
    }

    fn edit_job(&mut self, name: &str, edit: impl Fn(&mut Value)) -> &mut Self {
        let mut job = self.job(name).clone();
        edit(&mut job);
        self.store.put(job);
        self.run(0)
    }

    fn jobs(&self) -> Vec<&str> {
        self.store.under("/apis/batch/v1/namespaces/lab/jobs/").map(name).collect()
    }

    fn pods(&self) -> Vec<&Value> {
        self.store.under("/api/v1/namespaces/lab/pods/").collect()
    }

    fn pod(&self) -> &Value {
        let pods = self.pods();
        assert_eq!(pods.len(), 1, "{pods:#?}");
        pods[0]
    }

    /// The events about an object whose name begins so, as `reason xCOUNT note`, oldest first.
    fn events(&self, about: &str) -> Vec<String> {
        let all = self.store.under("/apis/events.k8s.io/v1/namespaces/lab/events/");
        let mut all: Vec<&Value> = all.filter(|one| text(&one["regarding"]["name"]).starts_with(about)).collect();
        all.sort_by_key(|one| text(&one["metadata"]["resourceVersion"]).parse::<u64>().unwrap());
        let words = all.iter().map(|one| {
            let count = one["series"]["count"].as_i64().unwrap_or(int(&one["deprecatedCount"], 1));
            format!("{} x{count} {}", text(&one["reason"]), text(&one["note"]))
        });
        words.collect()
    }

    fn reasons(&self, about: &str) -> Vec<String> {
        self.events(about).iter().map(|one| one.split(' ').next().unwrap().to_owned()).collect()
    }
}

/// A Job of one container `main`; `spec` and `behaviour` are what matters.
fn job(name: &str, spec: &str, behaviour: &str) -> String {
    format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{ name: {name} }}\nspec:\n  {spec}\n  template:\n    metadata: \
         {{ annotations: {{ demo.kubatch.dev/behaviour: '{behaviour}' }} }}\n    spec: {{ restartPolicy: Never, \
         containers: [{{ name: main, image: \"registry.example/tool:1\" }}] }}\n"
    )
}

fn onfailure(manifest: &str) -> String {
    manifest.replace("restartPolicy: Never", "restartPolicy: OnFailure")
}

fn reason(job: &Value, kind: &str) -> String {
    condition(job, kind).map(|one| text(&one["reason"]).to_owned()).unwrap_or_default()
}

fn started(pods: &[&Value]) -> Vec<i64> {
    let start = Time::parse(START).unwrap();
    let mut made: Vec<i64> =
        pods.iter().map(|pod| time(&pod["metadata"]["creationTimestamp"]).unwrap().seconds_since(start)).collect();
    made.sort_unstable();
    made
}

#[test]
fn job_completes_with_its_conditions_and_events() {
    let mut lab = Lab::new(&job("report", "completions: 1", "main: run 20s"));
    lab.run(10);
    let running = lab.job("report");
    assert_eq!((int(&running["status"]["active"], 0), int(&running["status"]["ready"], 0)), (1, 1));
    assert_eq!(lab.pod()["status"]["phase"], "Running");
    lab.run(60);
    let done = lab.job("report");
    assert_eq!((reason(done, "SuccessCriteriaMet"), reason(done, "Complete")), {
        ("CompletionsReached".into(), "CompletionsReached".into())
    });
    assert_eq!(int(&done["status"]["succeeded"], 0), 1);
    assert_eq!(done["status"].get("active"), None);
    assert_eq!(done["status"]["completionTime"], "2026-11-21T12:00:23Z");
    assert_eq!(
        lab.reasons("report"),
        ["SuccessfulCreate", "Scheduled", "Pulling", "Pulled", "Created", "Started", "Completed"]
    );
    assert!(items(&lab.pod()["metadata"]["finalizers"]).is_empty());
    assert_eq!(lab.pod()["metadata"]["labels"]["batch.kubernetes.io/job-name"], "report");
}

#[test]
fn failed_pods_are_replaced_after_doubling_pauses_until_the_limit() {
    let mut lab = Lab::new(&job("flaky", "backoffLimit: 2", "main: run 1s; pull 1s; exit 3"));
    lab.run(300);
    // Made at 0, ended at 3, 10 s pause; a node that has the image starts a second earlier.
    assert_eq!(started(&lab.pods()), [0, 13, 35]);
    let failed = lab.job("flaky");
    assert_eq!(int(&failed["status"]["failed"], 0), 3);
    assert_eq!((reason(failed, "FailureTarget"), reason(failed, "Failed")), {
        ("BackoffLimitExceeded".into(), "BackoffLimitExceeded".into())
    });
    assert_eq!(
        lab.events("flaky").last().unwrap(),
        "BackoffLimitExceeded x1 Job has reached the specified backoff limit"
    );
}

#[test]
fn restarts_in_place_back_off_and_the_pod_goes_with_the_limit() {
    let mut lab = Lab::new(&onfailure(&job("loop", "backoffLimit: 3", "main: run 1s; pull 1s; exit 1")));
    lab.run(12);
    let status = &lab.pod()["status"]["containerStatuses"][0];
    assert_eq!(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert!(text(&status["state"]["waiting"]["message"]).starts_with("back-off 10s restarting failed container=main"));
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1);
    assert_eq!((int(&status["restartCount"], 0), lab.pod()["status"]["phase"].clone()), (1, json!("Running")));
    lab.run(300);
    assert_eq!(reason(lab.job("loop"), "Failed"), "BackoffLimitExceeded");
    assert_eq!((int(&lab.job("loop")["status"]["failed"], 0), lab.pods().len()), (1, 0));
    assert!(lab.reasons("loop").contains(&"SuccessfulDelete".to_owned()));
}

#[test]
fn indexed_job_fails_for_the_indexes_that_failed_too_often() {
    let spec = "completionMode: Indexed\n  completions: 5\n  parallelism: 2\n  backoffLimitPerIndex: 1";
    let mut lab = Lab::new(
        &job("shards", spec, "main [index 1,3]: run 2s; exit 2\nmain: run 4s")
            .replace('\'', "\"")
            .replace("2s; exit 2\n", "2s; exit 2\\n"),
    );
    lab.run(300);
    let done = lab.job("shards");
    assert_eq!(done["status"]["completedIndexes"], "0,2,4");
    assert_eq!(done["status"]["failedIndexes"], "1,3");
    assert_eq!((int(&done["status"]["failed"], 0), reason(done, "Failed")), (4, "FailedIndexes".into()));
    let second = lab.pods().into_iter().filter(|pod| name(pod).starts_with("shards-1-"));
    let counts: Vec<&str> = second
        .map(|pod| text(&pod["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"]))
        .collect();
    assert_eq!(counts.len(), 2);
    assert!(counts.contains(&"0") && counts.contains(&"1"));
}

#[test]
fn pod_of_an_indexed_job_carries_its_index_as_the_real_one_does() {
    let limits = "containers: [{ resources: { limits: { cpu: 100m } }, ";
    let manifest = job("parts", "completionMode: Indexed\n  completions: 1", "").replace("containers: [{ ", limits);
    let lab = Lab::new(&manifest);
    let (pod, key) = (lab.pod(), "batch.kubernetes.io/job-completion-index");
    assert!(name(pod).starts_with("parts-0-") && pod["spec"]["hostname"] == "parts-0");
    assert_eq!((&pod["metadata"]["annotations"][key], &pod["metadata"]["labels"][key]), (&json!("0"), &json!("0")));
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["env"][0]["valueFrom"]["fieldRef"]["fieldPath"], format!("metadata.labels['{key}']"));
    assert_eq!(
        (&container["resources"]["requests"]["cpu"], &pod["status"]["qosClass"]),
        (&json!("100m"), &json!("Burstable"))
    );
}

#[test]
fn init_container_that_fails_ends_a_pod_that_restarts_nothing() {
    let inits = "initContainers: [{ name: fetch, image: a }], containers: [{ ";
    let manifest = job("start", "backoffLimit: 0", "fetch: run 1s; exit 4").replace("containers: [{ ", inits);
    let mut lab = Lab::new(&manifest);
    lab.run(30);
    let status = &lab.pod()["status"];
    assert_eq!((status["phase"].as_str(), holds(lab.pod(), "Initialized")), (Some("Failed"), false));
    assert_eq!(status["containerStatuses"][0]["state"]["waiting"]["reason"], "PodInitializing");
    assert_eq!(reason(lab.job("start"), "Failed"), "BackoffLimitExceeded");
}

#[test]
fn failure_policy_decides_what_an_exit_code_means() {
    let rules = "backoffLimit: 0\n  podFailurePolicy: { rules: [{ action: Ignore, onExitCodes: { operator: In, values: \
                 [7] } }, { action: FailJob, onExitCodes: { operator: In, values: [42] } }] }";
    let mut lab =
        Lab::new(&job("strict", rules, "main [try 1]: run 1s; exit 7\\nmain: run 1s; exit 42").replace('\'', "\""));
    lab.run(120);
    let failed = lab.job("strict");
    assert_eq!((int(&failed["status"]["failed"], 0), reason(failed, "Failed")), (1, "PodFailurePolicy".into()));
    let message = text(&condition(failed, "Failed").unwrap()["message"]);
    assert!(message.ends_with("failed with exit code 42 matching FailJob rule at index 1"), "{message}");
}

#[test]
fn deadline_ends_the_job_when_its_pods_are_gone() {
    let mut lab = Lab::new(&job("slow", "activeDeadlineSeconds: 20", "main: run forever"));
    lab.run(20);
    let failing = lab.job("slow");
    assert_eq!(
        (reason(failing, "FailureTarget"), reason(failing, "Failed")),
        ("DeadlineExceeded".into(), String::new())
    );
    assert_eq!(int(&failing["status"]["terminating"], 0), 1);
    lab.run(10);
    assert_eq!(reason(lab.job("slow"), "Failed"), "DeadlineExceeded");
    assert!(lab.pods().is_empty());
}

#[test]
fn suspended_job_loses_its_pods_and_resumes() {
    let mut lab = Lab::new(&job("pause", "parallelism: 2\n  completions: 2", "main: run 1h"));
    lab.run(10).edit_job("pause", |job| job["spec"]["suspend"] = json!(true)).run(10);
    let paused = lab.job("pause");
    assert!(holds(paused, "Suspended") && lab.pods().is_empty());
    assert_eq!((int(&paused["status"]["failed"], 0), paused["status"].get("startTime")), (0, None));
    lab.edit_job("pause", |job| job["spec"]["suspend"] = json!(false));
    assert_eq!((holds(lab.job("pause"), "Suspended"), lab.pods().len()), (false, 2));
    let reasons = lab.reasons("pause");
    assert!(reasons.contains(&"Suspended".to_owned()) && reasons.contains(&"Resumed".to_owned()), "{reasons:?}");
}

#[test]
fn finished_job_goes_with_its_pods_when_its_time_to_live_is_over() {
    let mut lab = Lab::new(&job("brief", "ttlSecondsAfterFinished: 60", "main: run 5s"));
    lab.run(60);
    assert_eq!((lab.jobs(), lab.pods().len()), (vec!["brief"], 1));
    lab.run(10);
    assert_eq!((lab.jobs(), lab.pods().len()), (Vec::new(), 0));
}

#[test]
fn quota_refuses_pods_in_the_real_words_and_tries_are_spaced() {
    let quota =
        "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: cpu }\nspec: { hard: { requests.cpu: 1 } }\n";
    let asks = "containers: [{ resources: { requests: { cpu: 700m } }, ";
    let big = job("settle", "parallelism: 4\n  completions: 4", "main: run 1h").replace("containers: [{ ", asks);
    let mut lab = Lab::new(&format!("{quota}{big}"));
    lab.run(540);
    assert_eq!(lab.pods().len(), 1);
    let events = lab.events("settle");
    let refused: Vec<&String> = events.iter().filter(|one| one.starts_with("FailedCreate")).collect();
    let text = "is forbidden: exceeded quota: cpu, requested: requests.cpu=700m, used: requests.cpu=700m, limited: requests.cpu=1";
    assert!(refused.iter().all(|one| one.ends_with(text)), "{refused:#?}");
    // Two in the second batch of the first look, then one look after 1, 2, 4 … 60 seconds: what repeats is combined.
    assert!(refused.last().unwrap().contains("(combined from similar events): Error creating: pods \"settle-"));
    let quota = lab.store.get("/api/v1/namespaces/lab/resourcequotas/cpu").unwrap();
    assert_eq!(quota["status"]["used"]["requests.cpu"], "700m");
}

#[test]
fn pod_that_fits_no_node_tells_why_in_the_real_words() {
    let gpu = "containers: [{ resources: { limits: { nvidia.com/gpu: 1 } }, ";
    let mut lab = Lab::new(&job("train", "completions: 1", "").replace("containers: [{ ", gpu));
    let why = "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated taint(s). no new claims \
               to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
    assert_eq!(lab.events("train-"), [format!("FailedScheduling x1 {why}")]);
    let unplaced = condition(lab.pod(), "PodScheduled").unwrap();
    assert_eq!((text(&unplaced["reason"]), text(&unplaced["message"])), ("Unschedulable", why));
    lab.run(301);
    assert_eq!(lab.events("train-"), [format!("FailedScheduling x2 {why}")]);
    // A node with one cures it.
    lab.apply("{ apiVersion: v1, kind: Node, metadata: { name: node-3 }, status: { allocatable: { cpu: 1, memory: 1Gi, pods: 9, nvidia.com/gpu: 1 } } }");
    lab.run(10);
    assert_eq!(lab.pod()["spec"]["nodeName"], "node-3");
}

#[test]
fn full_node_takes_the_next_pod_when_one_has_ended() {
    let asks = "containers: [{ resources: { requests: { cpu: 3 } }, ";
    let mut lab =
        Lab::new(&job("queue", "parallelism: 2\n  completions: 2", "main: run 60s").replace("containers: [{ ", asks));
    lab.run(30);
    let phases = |lab: &Lab| lab.pods().iter().map(|pod| text(&pod["status"]["phase"]).to_owned()).collect::<Vec<_>>();
    let mut now = phases(&lab);
    now.sort();
    assert_eq!(now, ["Pending", "Running"]);
    assert!(
        lab.events("queue-")[1].contains("1 Insufficient cpu")
            && lab.events("queue-")[1].contains("1 No preemption victims")
    );
    lab.run(60);
    assert!(lab.pods().iter().all(|pod| !pod["spec"]["nodeName"].is_null()));
}

#[test]
fn claim_without_a_class_keeps_its_pod_from_every_node() {
    let claim = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: { name: data }\nspec: { storageClassName: fast }\n";
    let volume = "volumes: [{ name: v, persistentVolumeClaim: { claimName: data } }], containers: [{ ";
    let lab = Lab::new(&format!("{claim}{}", job("load", "completions: 1", "").replace("containers: [{ ", volume)));
    let why = "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found";
    assert_eq!(lab.events("load-"), [format!("FailedScheduling x1 {why}")]);
    assert_eq!(lab.events("data"), ["ProvisioningFailed x1 storageclass.storage.k8s.io \"fast\" not found"]);
}

#[test]
fn missing_image_is_tried_again_with_growing_pauses() {
    let mut lab = Lab::new(&job("thumbs", "completions: 1", "main: image missing"));
    lab.run(2);
    let waiting = |lab: &Lab| lab.pod()["status"]["containerStatuses"][0]["state"]["waiting"].clone();
    assert_eq!(waiting(&lab)["reason"], "ErrImagePull");
    lab.run(5);
    assert_eq!(waiting(&lab)["reason"], "ImagePullBackOff");
    assert!(
        text(&waiting(&lab)["message"])
            .starts_with("Back-off pulling image \"registry.example/tool:1\": ErrImagePull: rpc")
    );
    lab.run(60);
    let pulls = lab.events("thumbs-").into_iter().find(|one| one.starts_with("Pulling")).unwrap();
    assert_eq!(pulls, "Pulling x3 Pulling image \"registry.example/tool:1\"");
    assert_eq!(int(&lab.job("thumbs")["status"]["active"], 0), 1);
}

#[test]
fn missing_secret_holds_the_container_until_it_is_there() {
    let env = "containers: [{ envFrom: [{ secretRef: { name: token } }], ";
    let mut lab = Lab::new(&job("sync", "completions: 1", "main: run 1h").replace("containers: [{ ", env));
    lab.run(30);
    let waiting = &lab.pod()["status"]["containerStatuses"][0]["state"]["waiting"];
    assert_eq!(
        (text(&waiting["reason"]), text(&waiting["message"])),
        ("CreateContainerConfigError", "secret \"token\" not found")
    );
    assert!(
        lab.events("sync-").contains(&"Failed x3 Error: secret \"token\" not found".to_owned()),
        "{:#?}",
        lab.events("sync-")
    );
    lab.apply("{ apiVersion: v1, kind: Secret, metadata: { name: token } }");
    lab.run(15);
    assert_eq!(lab.pod()["status"]["phase"], "Running");
}

#[test]
fn missing_secret_of_a_volume_keeps_the_pod_from_starting() {
    let volume = "volumes: [{ name: keys, secret: { secretName: gone } }], containers: [{ ";
    let mut lab = Lab::new(&job("mount", "completions: 1", "").replace("containers: [{ ", volume));
    lab.run(5);
    let note = "FailedMount x3 MountVolume.SetUp failed for volume \"keys\" : secret \"gone\" not found";
    assert_eq!(lab.events("mount-").last().unwrap(), note);
    assert_eq!(lab.pod()["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ContainerCreating");
}

#[test]
fn init_containers_run_in_order_and_sidecars_end_last() {
    let inits = "initContainers: [{ name: fetch, image: a }, { name: proxy, image: b, restartPolicy: Always }], containers: [{ ";
    let behaviour = "fetch: run 5s\\nproxy: run forever\\nmain: run 10s";
    let manifest = job("pipe", "completions: 1", behaviour).replace('\'', "\"").replace("containers: [{ ", inits);
    let mut lab = Lab::new(&manifest);
    lab.run(5);
    assert_eq!((holds(lab.pod(), "Initialized"), lab.pod()["status"]["phase"].clone()), (false, json!("Pending")));
    lab.run(10);
    assert!(holds(lab.pod(), "Ready"), "{:#}", lab.pod()["status"]);
    lab.run(30);
    let proxy = &lab.pod()["status"]["initContainerStatuses"][1]["state"]["terminated"];
    assert_eq!((lab.pod()["status"]["phase"].clone(), proxy["exitCode"].clone()), (json!("Succeeded"), json!(0)));
    assert!(lab.events("pipe-").contains(&"Killing x1 Stopping container proxy".to_owned()));
    assert!(holds(lab.job("pipe"), "Complete"));
}

#[test]
fn ordinary_container_beside_a_finished_one_keeps_the_pod_running() {
    let two = "containers: [{ name: proxy, image: b }, { ";
    let manifest = job("export", "completions: 1", "proxy: run forever\\nmain: run 10s").replace('\'', "\"");
    let mut lab = Lab::new(&manifest.replace("containers: [{ ", two));
    lab.run(3_600);
    assert_eq!(
        (lab.pod()["status"]["phase"].clone(), int(&lab.job("export")["status"]["active"], 0)),
        (json!("Running"), 1)
    );
    assert!(!holds(lab.pod(), "Ready"));
    let ready = |at: usize| lab.pod()["status"]["containerStatuses"][at]["ready"].clone();
    assert_eq!((ready(0), ready(1)), (json!(true), json!(false)));
}

fn cronjob(spec: &str, behaviour: &str) -> String {
    let template = format!(
        "jobTemplate: {{ spec: {{ template: {{ metadata: {{ annotations: {{ demo.kubatch.dev/behaviour: '{behaviour}' }} \
         }}, spec: {{ restartPolicy: Never, containers: [{{ name: main, image: tool }}] }} }} }} }}"
    );
    format!("---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: tick }}\nspec:\n  {spec}\n  {template}\n")
}

/// Minutes since 1970 of 12:00 at the start.
fn minutes(at: i64) -> String {
    format!("tick-{}", Time::parse(START).unwrap().seconds() / 60 + at)
}

#[test]
fn cronjob_starts_jobs_on_plan_and_keeps_its_history() {
    let mut lab = Lab::new(&cronjob("schedule: '*/10 * * * *'", "main: run 20s"));
    lab.run(3_700);
    assert_eq!(lab.jobs(), [minutes(40), minutes(50), minutes(60)]);
    let found = lab.store.get("/apis/batch/v1/namespaces/lab/cronjobs/tick").unwrap();
    assert_eq!(found["status"]["lastScheduleTime"], "2026-11-21T13:00:00Z");
    assert_eq!(found["status"]["lastSuccessfulTime"], "2026-11-21T13:00:21Z");
    assert_eq!(found["status"].get("active"), None);
    let planned = &lab.job(&minutes(60))["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"];
    assert_eq!(planned, "2026-11-21T13:00:00Z");
    let seen = format!("SawCompletedJob x1 Saw completed job: {}, condition: Complete", minutes(60));
    assert!(lab.events("tick").contains(&seen), "{:#?}", lab.events("tick"));
}

#[test]
fn forbidden_overlap_starts_when_the_run_before_it_ends() {
    let mut lab = Lab::new(&cronjob("schedule: '*/10 * * * *'\n  concurrencyPolicy: Forbid", "main: run 14m"));
    lab.run(24 * 60);
    assert_eq!(lab.jobs(), [minutes(10)]);
    assert!(lab.reasons("tick").contains(&"JobAlreadyActive".to_owned()));
    lab.run(120);
    assert_eq!(lab.jobs(), [minutes(10), minutes(20)]);
}

#[test]
fn allowed_runs_overlap_and_replaced_ones_do_not() {
    let mut lab = Lab::new(&cronjob("schedule: '*/10 * * * *'", "main: run 25m"));
    lab.run(1_900);
    assert_eq!(lab.jobs(), [minutes(10), minutes(20), minutes(30)]);
    let mut lab = Lab::new(&cronjob("schedule: '*/10 * * * *'\n  concurrencyPolicy: Replace", "main: run 25m"));
    lab.run(1_900);
    assert_eq!((lab.jobs(), lab.pods().len()), (vec![minutes(30).as_str()], 1));
}

#[test]
fn suspended_cronjob_starts_the_last_missed_run_when_resumed_in_time() {
    let spec = "schedule: '*/10 * * * *'\n  suspend: true\n  startingDeadlineSeconds: 200";
    let mut lab = Lab::new(&cronjob(spec, "main: run 1h"));
    lab.run(1_300);
    assert!(lab.jobs().is_empty());
    lab.apply(&cronjob(&spec.replace("true", "false"), "main: run 1h"));
    lab.run(0);
    assert_eq!(lab.jobs(), [minutes(20)]);
}

#[test]
fn failed_history_is_kept_apart() {
    let mut lab = Lab::new(
        &cronjob("schedule: '*/10 * * * *'", "main: run 5s; exit 1")
            .replace("spec: { template", "spec: { backoffLimit: 0, template"),
    );
    lab.run(3_500);
    assert_eq!(lab.jobs(), [minutes(50)]);
    assert_eq!(reason(lab.job(&minutes(50)), "Failed"), "BackoffLimitExceeded");
}

#[test]
fn deleted_job_takes_its_pods_along() {
    let mut lab = Lab::new(&job("gone", "completions: 1", "main: run 1h"));
    lab.run(10);
    lab.store.delete("/apis/batch/v1/namespaces/lab/jobs/gone");
    lab.run(0);
    assert!(is_deleting(lab.pod()));
    lab.run(5);
    assert!(lab.pods().is_empty());
}

#[test]
fn events_live_one_hour() {
    let mut lab = Lab::new(&job("old", "completions: 1", "main: run 5s"));
    lab.run(3_000);
    assert!(!lab.events("old").is_empty());
    lab.run(700);
    assert!(lab.events("old").is_empty());
}

#[test]
fn rhythm_of_steps_does_not_change_what_happens() {
    let manifests = format!(
        "{}{}",
        cronjob("schedule: '*/2 * * * *'", "main: run 10s..50s; exit 1"),
        job("j", "backoffLimit: 2", "main: run 3s; exit 1")
    );
    let (mut fine, mut coarse) = (Lab::new(&manifests), Lab::new(&manifests));
    for _ in 0..600 {
        fine.run(1);
    }
    coarse.run(600);
    let all = |lab: &Lab| lab.store.under("/").map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(all(&fine), all(&coarse));
}

#[test]
fn what_is_remembered_of_an_object_goes_with_it_and_with_no_namesake() {
    let failing = |name: &str| job(name, "completions: 1", "main: run 1s; exit 1");
    let mut lab = Lab::new(&format!("{}{}", failing("a"), failing("ab")));
    lab.run(8);
    let pause = |lab: &Lab, name: &str| {
        lab.controllers.memory.tries.contains_key(&format!("/apis/batch/v1/namespaces/lab/jobs/{name}#failures"))
    };
    assert!(pause(&lab, "a") && pause(&lab, "ab"));
    lab.store.delete("/apis/batch/v1/namespaces/lab/jobs/a");
    lab.run(0);
    assert!(!pause(&lab, "a") && pause(&lab, "ab"));
}

#[test]
fn work_queue_is_complete_when_its_pods_have_ended_after_a_success() {
    let behaviour = "main: run 20s..60s";
    let mut lab = Lab::new(&job("queue", "parallelism: 3", behaviour));
    lab.run(3_600);
    let done = lab.job("queue");
    assert_eq!((reason(done, "Complete"), int(&done["status"]["succeeded"], 0)), ("CompletionsReached".into(), 3));
    assert_eq!(lab.pods().len(), 3, "none is started after the first success");
}

#[test]
fn fewer_pods_are_wanted_fewer_stay() {
    let mut lab = Lab::new(&job("shrink", "parallelism: 3\n  completions: 9", "main: run 1h"));
    lab.run(10).edit_job("shrink", |job| job["spec"]["parallelism"] = json!(1)).run(10);
    let status = &lab.job("shrink")["status"];
    assert_eq!((int(&status["active"], 0), lab.pods().len(), status.get("failed")), (1, 1, None));
}

#[test]
fn too_many_failed_indexes_end_the_job_at_once() {
    let spec =
        "completionMode: Indexed\n  completions: 9\n  parallelism: 9\n  backoffLimitPerIndex: 0\n  maxFailedIndexes: 1";
    let behaviour = "main [index 0,1]: run 5s; exit 1\\nmain: run 1h";
    let mut lab = Lab::new(&job("many", spec, behaviour).replace('\'', "\""));
    lab.run(60);
    let failed = lab.job("many");
    assert_eq!(reason(failed, "Failed"), "MaxFailedIndexesExceeded");
    assert_eq!((failed["status"]["failedIndexes"].clone(), lab.pods().len()), (json!("0,1"), 2));
    assert_eq!(int(&failed["status"]["failed"], 0), 9, "those that were ended are counted too");
}

#[test]
fn pod_that_is_deleted_before_its_end_counts_as_failed() {
    let delete = |lab: &mut Lab| {
        let mut pod = lab.pod().clone();
        pod["metadata"]["deletionTimestamp"] = json!(object::stamp(lab.now.plus_seconds(30)));
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
        lab.store.put(pod);
    };
    let mut lab = Lab::new(&job("evict", "completions: 1", "main: run 1h"));
    lab.run(10);
    delete(&mut lab);
    lab.run(5);
    assert_eq!((int(&lab.job("evict")["status"]["failed"], 0), lab.pods().len()), (1, 0));
    let gpu = "containers: [{ resources: { limits: { nvidia.com/gpu: 1 } }, ";
    let mut lab = Lab::new(&job("unplaced", "completions: 1", "").replace("containers: [{ ", gpu));
    delete(&mut lab);
    lab.run(5);
    assert_eq!((int(&lab.job("unplaced")["status"]["failed"], 0), lab.pods().len()), (1, 0));
}

#[test]
fn deletion_in_the_foreground_waits_for_the_pods_and_orphans_stay() {
    let end = |lab: &mut Lab, finalizer: &str| {
        let now = object::stamp(lab.now);
        lab.edit_job("parent", |job| {
            job["metadata"]["deletionTimestamp"] = json!(now);
            job["metadata"]["finalizers"] = json!([finalizer]);
        });
    };
    let manifest = job("parent", "completions: 1", "main: run 1h");
    let mut lab = Lab::new(&manifest);
    lab.run(10);
    end(&mut lab, "foregroundDeletion");
    assert_eq!((lab.jobs(), lab.pods().len()), (vec!["parent"], 1));
    lab.run(5);
    assert_eq!((lab.jobs().len(), lab.pods().len()), (0, 0));
    let mut lab = Lab::new(&manifest);
    lab.run(10);
    end(&mut lab, "orphan");
    assert_eq!((lab.jobs().len(), items(&lab.pod()["metadata"]["ownerReferences"]).len()), (0, 0));
}

#[test]
fn tracked_pods_of_an_owner_that_goes_are_let_go() {
    for finalizer in [None, Some("foregroundDeletion")] {
        let mut lab = Lab::new(&job("parent", "completions: 1", "main: run 1h"));
        lab.run(10);
        // As the API server leaves it: the pod is marked, and still tracked.
        let mut pod = lab.pod().clone();
        pod["metadata"]["deletionTimestamp"] = json!(object::stamp(lab.now.plus_seconds(30)));
        pod["metadata"]["deletionGracePeriodSeconds"] = json!(30);
        lab.store.put(pod);
        match finalizer {
            None => lab.store.delete("/apis/batch/v1/namespaces/lab/jobs/parent"),
            Some(finalizer) => {
                let mut job = lab.job("parent").clone();
                job["metadata"]["deletionTimestamp"] = json!(object::stamp(lab.now));
                job["metadata"]["finalizers"] = json!([finalizer]);
                lab.store.put(job);
            }
        }
        lab.run(5);
        assert_eq!((lab.jobs().len(), lab.pods().len()), (0, 0), "{finalizer:?}");
    }
}

#[test]
fn run_later_than_its_deadline_is_not_started() {
    let spec = "schedule: '0 * * * *'\n  suspend: true\n  startingDeadlineSeconds: 4000";
    let mut lab = Lab::new(&cronjob(spec, "main: run 1h"));
    lab.run(3_700);
    let late = spec.replace("true", "false").replace("4000", "90");
    lab.apply(&cronjob(&late, "main: run 1h"));
    lab.run(0);
    assert!(lab.jobs().is_empty(), "13:00 is 100 seconds ago");
}

#[test]
fn job_made_by_hand_is_unexpected_and_does_not_hold_back_the_next_run() {
    let mut lab = Lab::new(&cronjob("schedule: '*/10 * * * *'\n  concurrencyPolicy: Forbid", "main: run 1m"));
    let owner = lab.store.get("/apis/batch/v1/namespaces/lab/cronjobs/tick").unwrap().clone();
    let mut manual: Value =
        serde_yaml::from_str(job("by-hand", "completions: 1", "main: run 1h").trim_start_matches("---\n")).unwrap();
    manual["metadata"]["namespace"] = json!("lab");
    manual["metadata"]["ownerReferences"] = json!([object::controller_reference(&owner)]);
    apply(&mut lab.store, manual, lab.now);
    lab.run(700);
    assert!(lab.events("tick").iter().any(|one| {
        one.starts_with("UnexpectedJob")
            && one.ends_with("Saw a job that the controller did not create or forgot: by-hand")
    }));
    assert_eq!(lab.jobs(), ["by-hand".to_owned(), minutes(10)]);
}

#[test]
fn quota_on_cpu_wants_every_container_to_say_what_it_needs() {
    let quota =
        "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: { name: cpu }\nspec: { hard: { requests.cpu: 1 } }\n";
    let lab = Lab::new(&format!("{quota}{}", job("vague", "completions: 1", "")));
    let refused = lab.events("vague").pop().unwrap();
    assert!(refused.ends_with("is forbidden: failed quota: cpu: must specify requests.cpu for: main"), "{refused}");
}

#[test]
fn what_manifests_leave_out_is_filled_in() {
    let mut lab = Lab::new(&cronjob("schedule: '*/10 * * * *'", "main: run 1m"));
    lab.run(700);
    let cronjob = lab.store.get("/apis/batch/v1/namespaces/lab/cronjobs/tick").unwrap();
    let spec = &cronjob["spec"];
    assert_eq!((&spec["suspend"], &spec["failedJobsHistoryLimit"]), (&json!(false), &json!(1)));
    let run = lab.job(&minutes(10));
    let uid = &run["metadata"]["uid"];
    assert_eq!((&run["spec"]["backoffLimit"], &run["spec"]["completionMode"]), (&json!(6), &json!("NonIndexed")));
    assert_eq!(run["spec"]["selector"]["matchLabels"], json!({ "batch.kubernetes.io/controller-uid": uid }));
    assert_eq!(run["metadata"]["labels"]["batch.kubernetes.io/job-name"], run["metadata"]["name"]);
    assert_eq!(run["spec"]["template"]["spec"]["dnsPolicy"], "ClusterFirst");
}
