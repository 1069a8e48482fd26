//! An unmodified kubectl on the embedded cluster, served over HTTP: what people type every day. Each test has a server of
//! its own. Skipped by name where there is no kubectl.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use kubatch::demo::{Demo, serve};
use kubatch::model::clock::{Clock, FastClock, SystemClock, Time};
use serde_json::{Value, json};

use crate::Local;
use crate::support::PATIENCE;
use crate::support::cluster::runtime;

pub const TESTS: &[Local] = &[
    Local { name: "kubectl::get_shows_lists_in_every_form", run: get_shows_lists_in_every_form },
    Local { name: "kubectl::get_watches", run: get_watches },
    Local { name: "kubectl::describe_tells_jobs_cronjobs_and_pods", run: describe_tells_jobs_cronjobs_and_pods },
    Local { name: "kubectl::logs_are_read_in_every_form", run: logs_are_read_in_every_form },
    Local { name: "kubectl::logs_are_followed_to_their_end", run: logs_are_followed_to_their_end },
    Local { name: "kubectl::create_job_runs_a_cronjob_now", run: create_job_runs_a_cronjob_now },
    Local { name: "kubectl::apply_works_from_the_client", run: apply_works_from_the_client },
    Local { name: "kubectl::apply_works_on_the_server", run: apply_works_on_the_server },
    Local { name: "kubectl::patch_suspends_and_scales", run: patch_suspends_and_scales },
    Local { name: "kubectl::delete_cascades_as_asked", run: delete_cascades_as_asked },
    Local { name: "kubectl::wait_ends_when_the_job_does", run: wait_ends_when_the_job_does },
    Local { name: "kubectl::top_shows_usage", run: top_shows_usage },
    Local { name: "kubectl::auth_lists_what_is_allowed", run: auth_lists_what_is_allowed },
    Local { name: "kubectl::events_are_those_of_an_object", run: events_are_those_of_an_object },
    Local { name: "kubectl::wrong_manifests_are_refused", run: wrong_manifests_are_refused },
    Local { name: "kubectl::story_is_told", run: story_is_told },
    Local { name: "kubectl::run_is_started_followed_and_awaited", run: run_is_started_followed_and_awaited },
    Local { name: "kubectl::deletions_wait_for_what_runs", run: deletions_wait_for_what_runs },
    Local { name: "kubectl::demo_command_prints_a_kubeconfig", run: demo_command_prints_a_kubeconfig },
];

/// The kubectl that the local cluster was built with, the newest of several, or that of the search path.
pub fn find() -> Option<PathBuf> {
    let home = std::env::home_dir().unwrap_or_default();
    let builds = std::fs::read_dir(home.join(".cache/kubatch/cluster/bin")).into_iter().flatten().flatten();
    let built = builds.map(|build| build.path().join("kubectl")).filter(|path| path.exists());
    let age = |path: &PathBuf| path.metadata().and_then(|found| found.modified()).ok();
    let search = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&search).map(|folder| folder.join("kubectl")).find(|path| path.exists());
    built.max_by_key(age).or(installed)
}

/// The embedded cluster with a kubectl for it.
struct Kubectl {
    demo: Demo,
    folder: PathBuf,
    server: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Kubectl {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A folder for the files of one kubectl: the kubeconfig, its cache, manifests.
fn folder() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("kubatch-kubectl-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A clock that runs from a moment on, so that the story is at the same place whenever it is told.
struct StoryClock {
    start: Time,
    since: Instant,
}

impl Clock for StoryClock {
    fn now(&self) -> Time {
        Time::from_nanos(self.start.nanos() + self.since.elapsed().as_nanos() as i64)
    }
}

impl Kubectl {
    /// Serves a cluster in which nothing happens by itself.
    fn new() -> Self {
        Self::serve(Demo::default())
    }

    /// Serves a cluster that lives ten times as fast: with the story, or with a node and nothing on it.
    fn living(has_story: bool) -> Self {
        let _in_runtime = runtime().enter();
        let size = (!has_story).then_some(0);
        let clock = StoryClock { start: Time::parse("2026-11-21T12:07:31Z").unwrap(), since: Instant::now() };
        Self::serve(Demo::living(Arc::new(FastClock::new(clock, 10)), 1, size))
    }

    /// Serves a cluster, with the namespace `data` in it.
    fn serve(demo: Demo) -> Self {
        demo.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "data" } }));
        let folder = folder();
        let listener = runtime().block_on(serve::listen(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
        let kubeconfig = serve::kubeconfig(listener.local_addr().unwrap());
        std::fs::write(folder.join("config"), kubeconfig).unwrap();
        let server = runtime().spawn(serve::serve(demo.clone(), listener));
        Self { demo, folder, server: Some(server) }
    }

    fn command(&self, line: &str) -> Command {
        kubectl(&self.folder, line)
    }

    /// What kubectl prints; fails where it fails. `FOLDER` in the line stands for the test's folder.
    #[track_caller]
    fn says(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "kubectl {line}: {out}{error}");
        out.into_owned()
    }

    /// What kubectl says of its failure.
    #[track_caller]
    fn fails(&self, line: &str) -> String {
        let output = self.command(line).output().unwrap();
        assert!(!output.status.success(), "kubectl {line}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    /// Makes a Job with a pod and its containers, as the controllers would have.
    fn running_job(&self, name: &str) {
        self.file("job.yaml", &job(name));
        self.says("create -f FOLDER/job.yaml");
        let made: Value = serde_json::from_str(&self.says(&format!("get job {name} -o json"))).unwrap();
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": made["spec"]["template"]["metadata"],
            "spec": made["spec"]["template"]["spec"],
            "status": { "phase": "Running", "containerStatuses": [{
                "name": "main", "ready": true, "restartCount": 1, "image": "busybox:1.35", "imageID": "",
                "state": { "running": {} }, "lastState": { "terminated": { "exitCode": 1, "reason": "Error" } },
            }] },
        });
        pod["metadata"]["namespace"] = json!("data");
        pod["metadata"]["name"] = json!(format!("{name}-abcde"));
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": made["metadata"]["uid"], "controller": true,
            "blockOwnerDeletion": true,
        }]);
        self.demo.put(pod);
        self.demo.put(json!({
            "apiVersion": "v1", "kind": "Event", "metadata": { "namespace": "data", "name": format!("{name}.1") },
            "involvedObject": {
                "apiVersion": "batch/v1", "kind": "Job", "namespace": "data", "name": name,
                "uid": made["metadata"]["uid"],
            },
            "reason": "SuccessfulCreate", "message": format!("Created pod: {name}-abcde"), "type": "Normal", "count": 1,
            "source": { "component": "job-controller" }, "firstTimestamp": made["metadata"]["creationTimestamp"],
            "lastTimestamp": made["metadata"]["creationTimestamp"],
        }));
    }

    /// Changes an object as a controller would.
    fn set(&self, resource: &str, change: impl FnOnce(&mut Value)) {
        let mut object: Value = serde_json::from_str(&self.says(&format!("get {resource} -o json"))).unwrap();
        change(&mut object);
        self.demo.put(object);
    }
}

fn kubectl(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(find().expect("there is a kubectl"));
    let words = line.split(' ').map(|word| word.replace("FOLDER", folder.to_str().unwrap()).replace('+', " "));
    command.args(words).env("KUBECONFIG", folder.join("config")).env("HOME", folder).stdin(Stdio::null());
    if !line.contains("-A") && !line.contains("-n ") {
        command.args(["-n", "data"]);
    }
    command
}

/// A kubectl that runs on; ended when it is dropped.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines }
    }

    /// Waits for a line with these words.
    #[track_caller]
    fn shows(&self, words: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if line.contains(words) {
                return line;
            }
            seen.push(line);
        }
        panic!("it never showed {words}, but {seen:?}");
    }

    /// Waits for its end; whether it went well.
    fn ends_well(mut self) -> bool {
        while self.lines.recv_timeout(PATIENCE).is_ok() {}
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn job(name: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: Job
metadata: {{ name: {name}, namespace: data, labels: {{ app: {name} }} }}
spec:
  backoffLimit: 2
  template:
    metadata: {{ labels: {{ app: {name} }} }}
    spec:
      restartPolicy: Never
      containers: [{{ name: main, image: 'busybox:1.35', command: ['true'] }}]
"
    )
}

fn cronjob(schedule: &str) -> String {
    format!(
        "apiVersion: batch/v1
kind: CronJob
metadata: {{ name: nightly, namespace: data }}
spec:
  schedule: '{schedule}'
  timeZone: Europe/Berlin
  jobTemplate:
    metadata: {{ labels: {{ team: data }} }}
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: main
            image: busybox:1.35
            env: [{{ name: MODE, value: full }}]
            resources: {{ requests: {{ cpu: 500m }} }}
          volumes: [{{ name: tmp, emptyDir: {{}} }}]
"
    )
}

/// The words of the row that begins with this one.
#[track_caller]
fn row<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let found = table.lines().find(|line| line.split_whitespace().next() == Some(name));
    found.unwrap_or_else(|| panic!("no {name} in {table}")).split_whitespace().collect()
}

fn get_shows_lists_in_every_form() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    kubectl.file("other.yaml", &job("other").replace("namespace: data", "namespace: default"));
    kubectl.demo.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "default" } }));
    kubectl.says("create -f FOLDER/other.yaml -n default");
    assert_eq!(row(&kubectl.says("get jobs"), "etl")[..3], ["etl", "Running", "0/1"]);
    let wide = kubectl.says("get jobs -o wide");
    assert!(wide.contains("CONTAINERS") && row(&wide, "etl").contains(&"busybox:1.35"), "{wide}");
    assert!(kubectl.says("get job etl -o yaml").contains("backoffLimit: 2"));
    assert_eq!(kubectl.says("get job etl -o jsonpath={.spec.completions}"), "1");
    let all = kubectl.says("get jobs -A");
    assert!(all.contains("default") && all.contains("data"), "{all}");
    assert!(kubectl.says("get jobs -A -l app=other").lines().count() == 2);
    assert!(kubectl.says("get jobs -A --field-selector metadata.namespace=data").contains("etl"));
    assert_eq!(row(&kubectl.says("get pods"), "etl-abcde")[1..4], ["1/1", "Running", "1"]);
    assert!(kubectl.says("get all").contains("job.batch/etl"));
    // In pages, as kubectl asks for long lists.
    assert!(kubectl.says("get jobs -A --chunk-size=1").contains("other"));
    assert!(kubectl.fails("get job nope").contains("jobs.batch \"nope\" not found"));
}

fn get_watches() {
    let kubectl = Kubectl::new();
    kubectl.running_job("first");
    let watch = Running::start(kubectl.command("get jobs -w"));
    watch.shows("first");
    kubectl.running_job("second");
    watch.shows("second");
    kubectl.set("job second", |job| {
        job["status"]["conditions"] = json!([{ "type": "Complete", "status": "True" }]);
        job["status"]["succeeded"] = json!(1);
    });
    let line = watch.shows("Complete");
    assert!(line.contains("second") && line.contains("1/1"), "{line}");
}

fn describe_tells_jobs_cronjobs_and_pods() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    kubectl.file("cronjob.yaml", &cronjob("0 2 * * *"));
    kubectl.says("create -f FOLDER/cronjob.yaml");
    let job = kubectl.says("describe job etl");
    for words in ["Backoff Limit:", "SuccessfulCreate", "Created pod: etl-abcde", "Image:      busybox:1.35"] {
        assert!(job.contains(words), "{words} in {job}");
    }
    let cronjob = kubectl.says("describe cronjob nightly");
    assert!(cronjob.contains("0 2 * * *") && cronjob.contains("Europe/Berlin"), "{cronjob}");
    let pod = kubectl.says("describe pod etl-abcde");
    assert!(pod.contains("Controlled By:  Job/etl") && pod.contains("Restart Count:  1"), "{pod}");
}

/// Writes lines into the log of a pod's main container, the last just now.
fn write_log(kubectl: &Kubectl, pod: &str, lines: &[(&str, &str)]) {
    for (time, text) in lines {
        kubectl.demo.write_log("data", pod, "main", &format!("{time} {text}"));
    }
}

fn logs_are_read_in_every_form() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    write_log(&kubectl, "etl-abcde", &[("2026-01-01T00:00:00Z", "of the first run")]);
    kubectl.demo.restart_log("data", "etl-abcde", "main");
    let now = SystemClock.now().to_string();
    let old = "2026-01-01T00:01:00.5Z";
    write_log(&kubectl, "etl-abcde", &[(old, "one"), (old, "two"), (&now, "three")]);
    assert_eq!(kubectl.says("logs etl-abcde"), "one\ntwo\nthree\n");
    assert_eq!(kubectl.says("logs job/etl"), "one\ntwo\nthree\n");
    assert_eq!(kubectl.says("logs -l app=etl --tail=-1"), "one\ntwo\nthree\n");
    assert_eq!(kubectl.says("logs etl-abcde --tail=1"), "three\n");
    assert_eq!(kubectl.says("logs etl-abcde --since=1h"), "three\n");
    assert_eq!(kubectl.says("logs etl-abcde --since-time=2026-01-01T00:01:00Z -c main"), "one\ntwo\nthree\n");
    assert_eq!(kubectl.says("logs etl-abcde --previous"), "of the first run\n");
    assert_eq!(kubectl.says("logs etl-abcde --timestamps --limit-bytes=27"), format!("{old} one\n"));
    assert!(kubectl.fails("logs etl-abcde -c nope").contains("container nope is not valid for pod etl-abcde"));
}

fn logs_are_followed_to_their_end() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    write_log(&kubectl, "etl-abcde", &[("2026-01-01T00:00:00Z", "one")]);
    let follow = Running::start(kubectl.command("logs -f etl-abcde"));
    follow.shows("one");
    write_log(&kubectl, "etl-abcde", &[("2026-01-01T00:00:01Z", "two")]);
    follow.shows("two");
    kubectl.set("pod etl-abcde", |pod| {
        pod["status"]["containerStatuses"][0]["state"] = json!({ "terminated": { "exitCode": 0 } });
    });
    assert!(follow.ends_well());
}

fn create_job_runs_a_cronjob_now() {
    let kubectl = Kubectl::new();
    kubectl.file("cronjob.yaml", &cronjob("0 2 * * *"));
    kubectl.says("create -f FOLDER/cronjob.yaml");
    kubectl.says("create job now --from=cronjob/nightly");
    let job: Value = serde_json::from_str(&kubectl.says("get job now -o json")).unwrap();
    assert_eq!(job["metadata"]["annotations"]["cronjob.kubernetes.io/instantiate"], "manual");
    assert_eq!(job["metadata"]["labels"]["team"], "data");
    assert_eq!(job["metadata"]["ownerReferences"][0]["name"], "nightly");
    // What kubectl sends as protobuf is what it would have sent as JSON.
    assert_eq!(job["spec"]["backoffLimit"], 0);
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["env"], json!([{ "name": "MODE", "value": "full" }]));
    assert_eq!(pod["containers"][0]["resources"], json!({ "requests": { "cpu": "500m" } }));
    assert_eq!(pod["volumes"], json!([{ "name": "tmp", "emptyDir": {} }]));
}

fn apply_works_from_the_client() {
    let kubectl = Kubectl::new();
    kubectl.file("cronjob.yaml", &cronjob("0 2 * * *"));
    assert_eq!(kubectl.says("apply -f FOLDER/cronjob.yaml"), "cronjob.batch/nightly created\n");
    assert_eq!(kubectl.says("apply -f FOLDER/cronjob.yaml"), "cronjob.batch/nightly unchanged\n");
    kubectl.file("cronjob.yaml", &cronjob("0 3 * * *").replace("MODE", "LEVEL"));
    assert_eq!(kubectl.says("apply -f FOLDER/cronjob.yaml"), "cronjob.batch/nightly configured\n");
    let spec = kubectl.says("get cronjob nightly -o yaml");
    assert!(spec.contains("schedule: 0 3 * * *") && spec.contains("LEVEL") && !spec.contains("- name: MODE"), "{spec}");
}

fn apply_works_on_the_server() {
    let kubectl = Kubectl::new();
    kubectl.file("cronjob.yaml", &cronjob("0 2 * * *"));
    kubectl.says("apply --server-side -f FOLDER/cronjob.yaml");
    kubectl.file("cronjob.yaml", &cronjob("0 4 * * *"));
    let refused = kubectl.fails("apply --server-side --field-manager=other -f FOLDER/cronjob.yaml");
    assert!(refused.contains("Apply failed with 1 conflict: conflict with \"kubectl\": .spec.schedule"), "{refused}");
    kubectl.says("apply --server-side --field-manager=other --force-conflicts -f FOLDER/cronjob.yaml");
    assert_eq!(kubectl.says("get cronjob nightly -o jsonpath={.spec.schedule}"), "0 4 * * *");
    let dry = kubectl.says("apply --server-side --dry-run=server -f FOLDER/cronjob.yaml --force-conflicts");
    assert!(dry.contains("(server dry run)"), "{dry}");
}

fn patch_suspends_and_scales() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    kubectl.says("patch job etl -p {\"spec\":{\"suspend\":true}}");
    kubectl.says("patch job etl --type=merge -p {\"spec\":{\"parallelism\":3}}");
    kubectl.says("patch job etl --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/backoffLimit\",\"value\":5}]");
    let wanted = "jsonpath={.spec.suspend}/{.spec.parallelism}/{.spec.backoffLimit}";
    assert_eq!(kubectl.says(&format!("get job etl -o {wanted}")), "true/3/5");
    let refused = kubectl.fails("patch job etl -p {\"spec\":{\"completions\":9}}");
    assert!(refused.contains("field is immutable"), "{refused}");
    kubectl.says("label job etl checked=yes");
    assert!(kubectl.says("get jobs -l checked=yes").contains("etl"));
}

fn delete_cascades_as_asked() {
    let kubectl = Kubectl::new();
    kubectl.running_job("kept");
    assert!(kubectl.says("delete job kept --cascade=orphan").contains("deleted"));
    assert_eq!(kubectl.says("get pod kept-abcde -o jsonpath={.metadata.ownerReferences}"), "");
    for cascade in ["foreground", "background"] {
        kubectl.running_job("gone");
        assert!(kubectl.says(&format!("delete job gone --cascade={cascade}")).contains("deleted"));
        assert!(kubectl.fails("get pod gone-abcde").contains("not found"), "{cascade}");
    }
    kubectl.running_job("a");
    kubectl.running_job("b");
    kubectl.says("delete jobs --all");
    assert_eq!(kubectl.says("get jobs -o name"), "");
}

fn wait_ends_when_the_job_does() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    let wait = Running::start(kubectl.command("wait --for=condition=complete job/etl --timeout=120s"));
    kubectl.set("job etl", |job| {
        job["status"]["conditions"] = json!([{ "type": "Complete", "status": "True" }]);
    });
    wait.shows("condition met");
    assert!(wait.ends_well());
}

fn top_shows_usage() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    kubectl.demo.put(json!({
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics",
        "metadata": { "namespace": "data", "name": "etl-abcde" }, "timestamp": "2026-01-01T00:00:00Z", "window": "15s",
        "containers": [{ "name": "main", "usage": { "cpu": "250m", "memory": "64Mi" } }],
    }));
    kubectl.demo.put(json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "node-1" },
        "status": { "allocatable": { "cpu": "4", "memory": "8Gi" } },
    }));
    kubectl.demo.put(json!({
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "NodeMetrics", "metadata": { "name": "node-1" },
        "timestamp": "2026-01-01T00:00:00Z", "window": "15s", "usage": { "cpu": "1", "memory": "2Gi" },
    }));
    assert_eq!(row(&kubectl.says("top pods"), "etl-abcde")[1..], ["250m", "64Mi"]);
    assert_eq!(row(&kubectl.says("top pods -l app=etl"), "etl-abcde")[1..], ["250m", "64Mi"]);
    assert_eq!(row(&kubectl.says("top nodes"), "node-1")[1..], ["1000m", "25%", "2048Mi", "25%"]);
}

fn auth_lists_what_is_allowed() {
    let kubectl = Kubectl::new();
    let list = kubectl.says("auth can-i --list");
    assert_eq!(row(&list, "*.*").last(), Some(&"[*]"));
    assert_eq!(kubectl.says("auth can-i delete jobs"), "yes\n");
    kubectl.demo.fail("/jobs", 403);
    assert!(kubectl.fails("get jobs").contains("Forbidden"));
    let output = kubectl.command("auth can-i list jobs").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("no"), "{output:?}");
}

fn events_are_those_of_an_object() {
    let kubectl = Kubectl::new();
    kubectl.running_job("etl");
    kubectl.running_job("other");
    let events = kubectl.says("events --for job/etl");
    assert!(events.contains("Created pod: etl-abcde") && !events.contains("other"), "{events}");
    let events = kubectl.says("get events --field-selector involvedObject.name=other");
    assert!(events.contains("SuccessfulCreate") && !events.contains("job/etl"), "{events}");
}

fn wrong_manifests_are_refused() {
    let kubectl = Kubectl::new();
    kubectl.file("typo.yaml", &job("etl").replace("backoffLimit", "backofLimit"));
    assert!(kubectl.fails("create -f FOLDER/typo.yaml").contains("unknown field \"spec.backofLimit\""));
    assert!(kubectl.fails("apply -f FOLDER/typo.yaml").contains("unknown field \"spec.backofLimit\""));
    kubectl.file("wrong.yaml", &job("etl").replace("Never", "Always"));
    let refused = kubectl.fails("create -f FOLDER/wrong.yaml");
    assert!(refused.contains("spec.template.spec.restartPolicy: Required value"), "{refused}");
    assert!(kubectl.says("explain job.spec.backoffLimit").contains("number of retries"));
}

/// What the story holds, as one looks at it by hand.
fn story_is_told() {
    let kubectl = Kubectl::living(true);
    assert_eq!(row(&kubectl.says("get namespaces"), "payments")[1], "Active");
    let all = kubectl.says("get cronjobs -A -o wide");
    assert_eq!(all.lines().count(), 14, "{all}");
    assert!(all.contains("registry.example/settle:5.4.0"), "{all}");
    let running =
        kubectl.says("get pods -A --field-selector status.phase=Running -o jsonpath={.items[*].status.phase}");
    assert!(running.split(' ').count() > 10 && running.split(' ').all(|phase| phase == "Running"), "{running}");
    let cronjob = kubectl.says("describe cronjob settle -n payments");
    for words in ["Suspend:                       False", "Last Schedule Time:", "Active Jobs:         settle-"] {
        assert!(cronjob.contains(words), "{words} in {cronjob}");
    }
    let job = kubectl.says("describe job reindex-shards");
    assert!(job.contains("Completed Indexes:  0-11,13-39,41-76,78-99"), "{job}");
    let killed = kubectl.says("describe pods -l job-name=etl-orders-0412");
    assert!(killed.contains("OOMKilled") && killed.contains("Exit Code:    137"), "{killed}");
    let refused = kubectl.says("get events -n payments --field-selector reason=FailedCreate");
    assert!(refused.contains("exceeded quota: payments-cpu"), "{refused}");
    let probe = kubectl.says("get pods -n ops -l job-name=dns-probe -o name");
    assert!(kubectl.says(&format!("logs {} -n ops --previous", probe.trim())).lines().count() > 1);
    assert!(kubectl.says("top pods -n payments").contains("settle-"));
    assert_eq!(kubectl.says("top nodes").lines().count(), 7);
    let quota = kubectl.says("describe quota -n payments");
    assert!(quota.contains("requests.cpu"), "{quota}");
    // A minute of the story passes in six seconds: something begins or ends.
    Running::start(kubectl.command("get pods -A -w --output-watch-events")).shows("MODIFIED");
}

const TICK: &str = "
apiVersion: batch/v1
kind: CronJob
metadata: { name: tick, namespace: data }
spec:
  schedule: '0 0 1 1 *'
  jobTemplate:
    spec:
      template:
        metadata: { annotations: { demo.kubatch.dev/behaviour: 'main: run 30s; log purge' } }
        spec: { restartPolicy: Never, containers: [{ name: main, image: 'busybox:1.35' }] }
";

fn run_is_started_followed_and_awaited() {
    let kubectl = Kubectl::living(false);
    kubectl.file("cronjob.yaml", TICK);
    kubectl.says("apply --server-side -f FOLDER/cronjob.yaml");
    kubectl.says("create job now --from=cronjob/tick");
    let log = include_str!("../../assets/demo/logs/purge.log");
    kubectl.says("wait --for=jsonpath={.status.ready}=1 job/now --timeout=60s");
    assert_eq!(kubectl.says("logs -f job/now"), log);
    kubectl.says("wait --for=condition=complete job/now --timeout=60s");
    assert_eq!(row(&kubectl.says("get jobs"), "now")[1..3], ["Complete", "1/1"]);
    let pods = kubectl.says("get pods -l job-name=now -o wide");
    assert!(pods.contains("0/1") && pods.contains("Completed") && pods.contains("node-1"), "{pods}");
    let pod = kubectl.says("describe pods -l job-name=now");
    for words in ["Node:             node-1", "Exit Code:    0", "Scheduled", "Pulled", "Created", "Started"] {
        assert!(pod.contains(words), "{words} in {pod}");
    }
    let events = kubectl.says("events --for job/now");
    assert!(events.contains("SuccessfulCreate") && events.contains("Completed"), "{events}");
}

fn deletions_wait_for_what_runs() {
    let kubectl = Kubectl::living(false);
    let forever = |name: &str| {
        let annotation = "metadata: { annotations: { demo.kubatch.dev/behaviour: 'main: run forever' }, labels";
        kubectl.file("job.yaml", &job(name).replace("    metadata: { labels", &format!("    {annotation}")));
        kubectl.says("create -f FOLDER/job.yaml");
        kubectl.says(&format!("wait --for=jsonpath={{.status.ready}}=1 job/{name} --timeout=60s"));
    };
    forever("foreground");
    assert!(kubectl.says("delete job foreground --cascade=foreground").contains("deleted"));
    assert_eq!(kubectl.says("get pods -o name"), "", "the Job went after its pods");
    forever("orphan");
    kubectl.says("delete job orphan --cascade=orphan");
    assert_eq!(kubectl.says("get jobs -o name"), "");
    assert_eq!(kubectl.says("get pods -l app=orphan -o jsonpath={.items[*].status.phase}"), "Running");
    forever("replaced");
    let before = kubectl.says("get pods -l app=replaced -o name");
    kubectl.says(&format!("delete {}", before.trim()));
    let after = Running::start(kubectl.command("get pods -l app=replaced -w --no-headers"));
    let line = after.shows("Running");
    assert!(!before.contains(line.split_whitespace().next().unwrap()), "{before} and {line}");
    kubectl.says("delete pods --all");
    kubectl.says("delete job replaced");
}

fn demo_command_prints_a_kubeconfig() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_kubatch"))
        .args(["demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut config = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // The user is the last entry.
    while !config.contains("user: {}") {
        assert!(output.read_line(&mut config).unwrap() > 0, "it ended: {config}");
    }
    std::fs::write(folder.join("config"), config).unwrap();
    let answer = kubectl(&folder, "get namespaces").output().unwrap();
    child.kill().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    let _ = std::fs::remove_dir_all(&folder);
    assert!(String::from_utf8_lossy(&answer.stdout).contains("default"), "{answer:?}");
    assert!(said.contains("the embedded cluster is at http://127.0.0.1:"), "{said}");
    let elsewhere =
        Command::new(env!("CARGO_BIN_EXE_kubatch")).args(["demo", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("only loopback addresses"), "{elsewhere:?}");
}
