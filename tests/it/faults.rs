//! End to end: faults that are made on the real cluster, and what `kubatch why` says to them; healthy look-alikes, to
//! which it must say nothing. Each fix that writes is tried, and some are carried out, which must mend the fault. What is applied and expected stands in
//! `tests/fixtures/faults*.yaml`.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod, ResourceQuota, ServiceAccount};
use kube::Api;
use kube::api::{DeleteParams, EvictParams, ListParams, Patch, PatchParams};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::EndToEnd;
use crate::support::PATIENCE;
use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::support::terminal::BINARY;

pub const TESTS: &[EndToEnd] = &[EndToEnd {
    name: "faults::each_is_told_with_its_cause_and_healthy_ones_are_left_alone",
    need: Need::Node,
    run: each_is_told_with_its_cause,
}];

/// Faults that are looked at beside each other.
const AT_ONCE: usize = 6;

#[derive(Deserialize)]
struct Fault {
    name: String,
    /// `job/worker`.
    subject: String,
    /// The rule that must lead; `-` for none.
    rule: String,
    #[serde(default)]
    words: Vec<String>,
    /// The exit code: 1 for a fault, 0 for a healthy one, unless it says otherwise.
    exit: Option<i32>,
    /// The state in which a healthy one is left alone.
    until: Option<String>,
    /// Until then it may be told of as failing.
    #[serde(default)]
    fails_first: bool,
    /// Which of the fixes that are offered mends it: it is carried out, and a Job of the namespace must complete then.
    heals_by: Option<usize>,
    /// Labels of its namespace.
    #[serde(default)]
    namespace: BTreeMap<String, String>,
    objects: Vec<Value>,
    /// What is changed in the Job once all its pods run, or it is suspended.
    later: Option<Value>,
    /// What becomes of its pods then.
    pods: Option<Taken>,
}

/// How pods are taken from a Job.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Taken {
    Deleted,
    Evicted,
}

/// What `kubatch` answers to a question about a namespace, with the exit code.
pub fn kubatch_says(cluster: &Cluster, space: &Space, question: &[&str]) -> (i32, Value) {
    let output = Command::new(BINARY)
        .env("KUBECONFIG", &cluster.kubeconfig)
        .args(["-n", &space.namespace])
        .args(question)
        .args(["-o", "json"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), serde_json::from_str(&text).unwrap_or_else(|_| json!(format!("{text}{said}"))))
}

impl Fault {
    /// Makes it.
    fn apply(&self, cluster: &Cluster) -> Space {
        let space = cluster.space(&format!("fault-{}", self.name));
        if !self.namespace.is_empty() {
            let namespaces: Api<Namespace> = Api::all(space.client.clone());
            let labels = Patch::Merge(json!({ "metadata": { "labels": self.namespace } }));
            runtime().block_on(namespaces.patch(&space.namespace, &PatchParams::default(), &labels)).unwrap();
        }
        // No pod is made before its namespace has this account.
        space.wait_any::<ServiceAccount>("there", |_| true);
        for object in &self.objects {
            space.apply(&object.to_string().replace("NAMESPACE", &space.namespace));
            if object["kind"] == "ResourceQuota" {
                // A quota that is not counted yet refuses nothing.
                let is_counted =
                    |quota: &ResourceQuota| quota.status.as_ref().is_some_and(|status| status.hard.is_some());
                space.wait::<ResourceQuota>(object["metadata"]["name"].as_str().unwrap(), "counted", is_counted);
            }
            let kind = object["kind"].as_str().unwrap_or_default();
            if kind.ends_with("AdmissionPolicyBinding") || kind == "ValidatingWebhookConfiguration" {
                space.wait_for_refusal();
            }
        }
        self.go_on(&space);
        space
    }

    /// Does to the Job and its pods what comes later.
    fn go_on(&self, space: &Space) {
        if self.later.is_none() && self.pods.is_none() {
            return;
        }
        let is_under_way = |job: &Job| {
            let (spec, status) = (job.spec.as_ref(), job.status.as_ref());
            let wanted = spec.and_then(|spec| spec.parallelism);
            spec.is_some_and(|spec| spec.suspend == Some(true)) || status.and_then(|status| status.ready) == wanted
        };
        let job = space.wait_any::<Job>("under way", is_under_way).metadata.name.unwrap();
        runtime().block_on(async {
            if let Some(patch) = &self.later {
                let patch = Patch::Merge(patch);
                space.api::<Job>().patch(&job, &PatchParams::default(), &patch).await.unwrap();
            }
            let Some(taken) = &self.pods else { return };
            let pods = space.api::<Pod>();
            for pod in pods.list(&ListParams::default()).await.unwrap() {
                let name = pod.metadata.name.unwrap();
                match taken {
                    Taken::Deleted => drop(pods.delete(&name, &DeleteParams::default()).await.unwrap()),
                    Taken::Evicted => drop(pods.evict(&name, &EvictParams::default()).await.unwrap()),
                }
            }
        });
    }

    /// Asks why, with the exit code.
    fn ask(&self, cluster: &Cluster, space: &Space) -> (i32, Value) {
        kubatch_says(cluster, space, &["why", &self.subject])
    }

    /// What is wrong with the answer; None where it is as it should be.
    fn judge(&self, code: i32, answer: &Value, namespace: &str) -> Option<String> {
        let first = &answer["findings"][0];
        let told = format!("{} {} {}", first["verdict"], first["effect"], first["short"]).to_lowercase();
        let is_missing = |words: &&String| !told.contains(&words.replace("NAMESPACE", namespace).to_lowercase());
        let missing: Vec<_> = self.words.iter().filter(is_missing).collect();
        match first["rule"].as_str() {
            Some(rule) if rule == self.rule && missing.is_empty() && code == self.exit.unwrap_or(1) => None,
            Some(rule) if rule == self.rule => Some(format!("exit {code}, {missing:?} not in {told}")),
            _ => Some(format!("exit {code}, not {} but {}", self.rule, answer["findings"])),
        }
    }

    /// `kubatch why` reads little, `kubatch problems` all: they must tell the same of a Job. None where they do.
    fn differs(&self, cluster: &Cluster, space: &Space, answer: &Value) -> Option<String> {
        let (kind, name) = self.subject.split_once('/')?;
        let is_problem = |finding: &&Value| finding["severity"] != "info";
        let told = answer["findings"].as_array()?.iter().find(is_problem)?;
        if kind != "job" {
            return None;
        }
        let (_, listed) = kubatch_says(cluster, space, &["problems"]);
        let is_it = |member: &Value| member["kind"] == "Job" && member["name"] == name;
        let mut problems = listed["problems"].as_array().into_iter().flatten();
        let here = problems.find(|one| one["members"].as_array().is_some_and(|all| all.iter().any(is_it)));
        let rule = here.map_or(&Value::Null, |one| &one["finding"]["rule"]);
        (*rule != told["rule"]).then(|| format!("problems tells {rule} where why tells {}", told["rule"]))
    }

    /// Waits until the answer is right; for a healthy one, until its state is reached without a problem told before.
    fn check(&self, cluster: &Cluster) -> Result<(), String> {
        let space = self.apply(cluster);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (code, answer) = self.ask(cluster, &space);
            let wrong = match &self.until {
                None => self.judge(code, &answer, &space.namespace).or_else(|| self.differs(cluster, &space, &answer)),
                Some(state)
                    if answer["result"] == "problem" && (!self.fails_first || answer["state"] == json!(state)) =>
                {
                    return Err(format!("{}: told of {answer}", self.name));
                }
                Some(state) => (answer["state"] != json!(state)).then(|| format!("it is {}", answer["state"])),
            };
            match wrong {
                None => return self.mend(cluster, &space),
                Some(wrong) if Instant::now() > deadline => return Err(format!("{}: {wrong}", self.name)),
                Some(_) => std::thread::sleep(Duration::from_millis(500)),
            }
        }
    }
}

impl Fault {
    /// Carries out a fix as a person would, or only tries it.
    fn fix(&self, cluster: &Cluster, space: &Space, number: usize, manner: &str) -> Result<(), String> {
        let output = Command::new(BINARY)
            .env("KUBECONFIG", &cluster.kubeconfig)
            .args(["-n", &space.namespace, "why", &self.subject, "--fix", &number.to_string(), manner])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(format!("{}: fix {number} {manner}: {said}", self.name)) }
    }

    /// The fixes of what leads.
    fn fixes(&self, cluster: &Cluster, space: &Space) -> Vec<Value> {
        self.ask(cluster, space).1["findings"][0]["fixes"].as_array().cloned().unwrap_or_default()
    }

    /// Such a fix as can be tried has a command line. What opens a log or leaves the value to a person has none.
    fn try_all(&self, cluster: &Cluster, space: &Space, fixes: &[Value]) -> Result<(), String> {
        let writes = fixes.iter().enumerate().filter(|(_, fix)| fix["command"].is_string());
        writes.into_iter().try_for_each(|(at, _)| self.fix(cluster, space, at + 1, "--dry-run"))
    }

    /// Has the server try each fix that writes; the one that is to mend it is carried out, and must.
    fn mend(&self, cluster: &Cluster, space: &Space) -> Result<(), String> {
        let mut fixes = self.fixes(cluster, space);
        while let Err(why) = self.try_all(cluster, space, &fixes) {
            // A Job that ended meanwhile has other fixes.
            let now = self.fixes(cluster, space);
            if now == fixes {
                return Err(why);
            }
            fixes = now;
        }
        let Some(number) = self.heals_by else { return Ok(()) };
        self.fix(cluster, space, number, "--yes")?;
        let is_complete = |job: &Job| {
            let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
            conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Complete" && one.status == "True"))
        };
        space.wait_any::<Job>(&format!("mended ({})", self.name), is_complete);
        Ok(())
    }
}

fn each_is_told_with_its_cause(cluster: &Cluster) {
    let read = |name: &str| -> Vec<Fault> {
        let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let faults: Vec<Fault> =
        ["faults.yaml", "faults-stuck.yaml", "faults-odd.yaml", "faults-wide.yaml", "faults-slips.yaml"]
            .into_iter()
            .flat_map(read)
            .collect();
    let chosen = std::env::var("KUBATCH_FAULT").unwrap_or_default();
    let left = Mutex::new(faults.iter().filter(|fault| fault.name.contains(&chosen)));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = left.lock().unwrap().next();
                    let Some(fault) = next else { return };
                    if let Err(why) = fault.check(cluster) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), faults.len(), wrong.join("\n"));
}
