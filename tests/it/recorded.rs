//! End to end: the objects that rules are tested on (`tests/fixtures/triage/cases.yaml`, `tests/fixtures/objects`) are
//! such as a real API server takes and stores: strictly validated, with their status, which is written as controllers
//! write it. Then `kubatch why` is asked of each case: from the server's bytes to the verdict, for faults too that one
//! node cannot produce.
//!
//! The controllers and the scheduler stand still meanwhile, so that nobody changes what is recorded.

use std::time::{Duration, Instant};

use http::Request;
use http::header::CONTENT_TYPE;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind, TypeMeta};
use kube::runtime::wait::{await_condition, conditions::is_crd_established};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::EndToEnd;
use crate::faults::kubatch_says;
use crate::support::PATIENCE;
use crate::support::cluster::{Cluster, Need, Space, runtime, script_says};

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "recorded::cases_are_accepted_and_told_with_their_cause",
        need: Need::Alone,
        run: cases_are_accepted_and_told,
    },
    EndToEnd { name: "recorded::objects_are_accepted", need: Need::Alone, run: objects_are_accepted },
];

#[derive(Deserialize)]
struct Cases {
    now: Timestamp,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// `Job/settle`.
    subject: String,
    expect: Expected,
    objects: Vec<Value>,
}

#[derive(Deserialize)]
struct Expected {
    primary: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    verdict_contains: Vec<String>,
}

impl Case {
    /// What is wrong with the answer; None where it is as it should be.
    fn judge(&self, answer: &Value) -> Option<String> {
        let findings = answer["findings"].as_array().cloned().unwrap_or_default();
        let rules: Vec<&str> = findings.iter().filter_map(|finding| finding["rule"].as_str()).collect();
        let Some((first, more)) = rules.split_first().filter(|(first, _)| **first == self.expect.primary) else {
            return Some(format!("{} wanted, told {answer}", self.expect.primary));
        };
        let more: Vec<_> = more.iter().filter(|rule| !self.expect.also.iter().any(|one| one == *rule)).collect();
        let told =
            format!("{} {} {}", findings[0]["verdict"], findings[0]["effect"], findings[0]["short"]).to_lowercase();
        // Days are those of the case, not today's.
        let words = self.expect.verdict_contains.iter().filter(|words| words.parse::<Date>().is_err());
        let missing: Vec<_> = words.filter(|words| !told.contains(&words.to_lowercase())).collect();
        let is_right = more.is_empty() && missing.is_empty();
        (!is_right).then(|| format!("{more:?} beside {first}, {missing:?} not in {told}"))
    }
}

/// Cases that a server takes, but whose answer cannot be the recorded one, with the reason.
const LEFT_OUT: [(&str, &str); 4] = [
    ("quota-exceeded", "a refusal is overcome by pods that were made after it, as those are that the server makes now"),
    ("deadline-before-run", "what was said before the Job was made, which it is now, was said of another one"),
    ("replacement-blocked", "a pod stops too slowly a minute after its grace period, which begins now"),
    ("finalizer-stuck", "a deletion is stuck a minute after the grace period, which begins now"),
];

/// Files of `tests/fixtures/objects` that are not made, with the reason.
const NOT_MADE: [(&str, &str); 2] = [
    ("event-quota.json", "an event of the old form as the new API shows it, by which none can be made"),
    ("pod-bare.json", "no pod of a server, but as little of one as can be read"),
];

/// The namespace of all that is recorded in cases.
const NAMESPACE: &str = "batch";

/// Fields of the metadata that a server gives, whatever it is told.
const OF_SERVER: [&str; 7] = [
    "uid",
    "creationTimestamp",
    "resourceVersion",
    "generation",
    "managedFields",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// Labels that a server gives the template of a Job, and a Job without labels; two of them have its uid.
const OF_JOBS: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];

/// Those who would change objects. They work again when it is dropped.
struct Stillness;

impl Stillness {
    const PARTS: [&str; 2] = ["kube-scheduler", "kube-controller-manager"];

    fn begin() -> Self {
        let begun = Self;
        for part in Self::PARTS {
            script_says(&["stop", part]).unwrap();
        }
        begun
    }
}

impl Drop for Stillness {
    fn drop(&mut self) {
        for part in Self::PARTS {
            if let Err(why) = script_says(&["start", part]) {
                println!("{part} was not started again: {why}");
            }
        }
    }
}

/// Objects on the server, in a namespace of their own. They go when it is dropped.
struct Made {
    space: Space,
    /// Where each is, in the order in which they were made.
    paths: Vec<String>,
    /// Each uid that is recorded, with the one that the server gave instead.
    uids: Vec<(String, String)>,
}

impl Drop for Made {
    fn drop(&mut self) {
        self.remove(0);
    }
}

impl Made {
    /// A namespace where nothing is made yet. No pod is made before it has its account, which a controller would make.
    fn nothing(cluster: &Cluster, name: &str) -> Self {
        let space = cluster.space(name);
        let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default" } });
        space.apply(&account.to_string());
        Self { space, paths: Vec::new(), uids: Vec::new() }
    }

    /// Removes what was made, but for the first so many.
    fn remove(&mut self, but: usize) {
        for path in self.paths.split_off(but).iter().rev() {
            // Without a finalizer it is gone with that, if it was deleted before.
            let _ = self.send("PATCH", path, &json!({ "metadata": { "finalizers": null } }));
            let now = format!("{path}?gracePeriodSeconds=0&propagationPolicy=Background");
            let _ = self.send("DELETE", &now, &Value::Null);
            // A definition goes once the server has put it out of use.
            let deadline = Instant::now() + PATIENCE;
            while self.send("GET", path, &Value::Null).is_ok() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// Sends a request; without an object it has no body.
    fn send(&self, method: &str, path: &str, object: &Value) -> Result<Value, String> {
        let content = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let body = if object.is_null() { String::new() } else { object.to_string() };
        let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, content);
        let answer = self.space.client.request(request.body(body.into_bytes()).unwrap());
        runtime().block_on(answer).map_err(|error| match error {
            kube::Error::Api(status) => format!("{method} {path}: {}", status.message),
            error => format!("{method} {path}: {error}"),
        })
    }

    /// The object with the uids that the server gave.
    fn with_uids(&self, object: &Value) -> Value {
        let mut object = object.clone();
        each_text(&mut object, &|text| {
            self.uids.iter().fold(text.to_owned(), |text, (recorded, given)| text.replace(recorded, given))
        });
        object
    }

    /// Makes an object, without its status; where it is.
    fn create(&mut self, object: &Value) -> Result<String, String> {
        let mut wanted = self.with_uids(object);
        without(&mut wanted, "", &["status"]);
        without(&mut wanted, "/metadata", &OF_SERVER);
        if wanted["kind"] == "Job" {
            without(&mut wanted, "/spec", &["selector"]);
            without(&mut wanted, "/metadata/labels", &OF_JOBS);
            without(&mut wanted, "/spec/template/metadata/labels", &OF_JOBS);
        }
        let place = self.place(&wanted);
        let path = format!("{place}/{}", text(&wanted["metadata"]["name"]));
        self.paths.push(path.clone());
        if wanted["metadata"]["namespace"].is_null() {
            // A run that was killed may have left its own.
            self.remove(self.paths.len() - 1);
            self.paths.push(path.clone());
        }
        let made = self.send("POST", &format!("{place}?fieldValidation=Strict"), &wanted)?;
        if let Some(uid) = object["metadata"]["uid"].as_str() {
            self.uids.push((uid.to_owned(), text(&made["metadata"]["uid"])));
        }
        if wanted["kind"] == "Node" {
            // Each new node has a taint until a controller has seen that it is ready.
            self.send("PATCH", &path, &json!({ "spec": { "taints": wanted["spec"]["taints"] } }))?;
        }
        if wanted["kind"] == "CustomResourceDefinition" {
            let definitions: Api<CustomResourceDefinition> = Api::all(self.space.client.clone());
            let name = text(&wanted["metadata"]["name"]);
            let established = await_condition(definitions, &name, is_crd_established());
            runtime().block_on(async { tokio::time::timeout(PATIENCE, established).await }).unwrap().unwrap();
        }
        if let Some(patience) = object["metadata"]["deletionGracePeriodSeconds"].as_i64() {
            self.send("DELETE", &format!("{path}?gracePeriodSeconds={patience}"), &Value::Null)?;
        }
        Ok(path)
    }

    /// Writes the status of an object; what the server has of it then.
    fn put_status(&self, object: &Value, path: &str) -> Result<Value, String> {
        match &object["status"] {
            Value::Null => self.send("GET", path, &Value::Null),
            status => {
                let status = json!({ "status": self.with_uids(status) });
                self.send("PATCH", &format!("{path}/status?fieldValidation=Strict"), &status)
            }
        }
    }

    /// Where objects of its kind are.
    fn place(&self, object: &Value) -> String {
        let types = TypeMeta { api_version: text(&object["apiVersion"]), kind: text(&object["kind"]) };
        let resource = ApiResource::from_gvk(&GroupVersionKind::try_from(types).unwrap());
        let (client, namespace) = (self.space.client.clone(), &self.space.namespace);
        match object["metadata"]["namespace"] {
            Value::Null => Api::<DynamicObject>::all_with(client, &resource),
            _ => Api::namespaced_with(client, namespace, &resource),
        }
        .resource_url()
        .to_owned()
    }

    /// Makes all of these and writes what they are in; what the server does not take, or stores otherwise.
    fn make(&mut self, objects: &[Value]) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut made = Vec::new();
        for object in objects {
            match self.create(object) {
                Ok(path) => made.push((object, path)),
                Err(why) => wrong.push(why),
            }
        }
        // A status may name objects that were made after its own.
        for (object, path) in made {
            match self.put_status(object, &path) {
                Ok(stored) => {
                    let mut recorded = self.with_uids(object);
                    without(&mut recorded, "/metadata", &OF_SERVER[..6]);
                    let is_leaving = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
                    if is_leaving(object) != is_leaving(&stored) {
                        wrong.push(format!("{path}: deletionTimestamp is {}", stored["metadata"]["deletionTimestamp"]));
                    }
                    differs(&recorded, &stored, &path, &mut wrong);
                }
                Err(why) => wrong.push(why),
            }
        }
        wrong
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Takes fields out of a map in an object, and the map itself where nothing is left in it.
fn without(object: &mut Value, place: &str, fields: &[&str]) {
    let Some(map) = object.pointer_mut(place).and_then(Value::as_object_mut) else { return };
    map.retain(|name, _| !fields.contains(&name.as_str()));
    if let (true, Some((above, name))) = (map.is_empty(), place.rsplit_once('/')) {
        without(object, above, &[name]);
    }
}

/// Changes each text in a value.
fn each_text(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| each_text(value, change)),
        Value::Object(map) => map.values_mut().for_each(|value| each_text(value, change)),
        _ => {}
    }
}

/// Tells what is recorded and not stored so. The server may store more: defaults, and what admission adds to lists, at
/// their end.
fn differs(recorded: &Value, stored: &Value, path: &str, wrong: &mut Vec<String>) {
    match recorded {
        Value::Object(map) => {
            map.iter().for_each(|(name, value)| differs(value, &stored[name], &format!("{path} {name}"), wrong));
        }
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                differs(value, &stored[at], &format!("{path} {at}"), wrong);
            }
        }
        _ if recorded == stored => {}
        _ => wrong.push(format!("{path}: recorded as {recorded}, stored as {stored}")),
    }
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The objects of a case as they would be now, in this namespace, with the definition of a kind that no server has by
/// itself.
fn as_of_now(case: &Case, now: Timestamp, space: &Space) -> Vec<Value> {
    let later = (Timestamp::now().as_second() - now.as_second()).seconds();
    let mut objects = case.objects.clone();
    if objects.iter().any(|object| object["kind"] == "Workload") {
        objects.insert(0, serde_yaml::from_str(&fixture("crds/kueue-workload.yaml")).unwrap());
    }
    for object in &mut objects {
        each_text(object, &|text| match text.parse::<Timestamp>() {
            // Times of events have six digits or none.
            Ok(time) if text.contains('.') => (time + later).strftime("%FT%T%.6fZ").to_string(),
            Ok(time) => (time + later).to_string(),
            Err(_) if text == NAMESPACE => space.namespace.clone(),
            Err(_) => text.to_owned(),
        });
    }
    objects
}

/// A case on the server.
struct Staged<'a> {
    case: &'a Case,
    made: Made,
    /// Nodes have no namespace: they are there only while the case is asked of.
    nodes: Vec<Value>,
}

impl<'a> Staged<'a> {
    /// Makes the objects of a case; what the server does not take of them.
    fn new(cluster: &Cluster, case: &'a Case, now: Timestamp) -> (Self, Vec<String>) {
        let mut made = Made::nothing(cluster, &format!("recorded-{}", case.name));
        let (nodes, others): (Vec<Value>, _) =
            as_of_now(case, now, &made.space).into_iter().partition(|object| object["kind"] == "Node");
        let wrong = made.make(&others);
        (Self { case, made, nodes }, wrong)
    }

    /// Asks why; what is wrong with the answer, or with the nodes.
    fn ask(&mut self, cluster: &Cluster) -> Vec<String> {
        let others = self.made.paths.len();
        let mut wrong = self.made.make(&self.nodes);
        let (_, answer) = kubatch_says(cluster, &self.made.space, &["why", &self.case.subject.to_lowercase()]);
        self.made.remove(others);
        wrong.extend(self.case.judge(&answer).filter(|_| !LEFT_OUT.iter().any(|(name, _)| *name == self.case.name)));
        wrong
    }
}

fn cases_are_accepted_and_told(cluster: &Cluster) {
    let _stillness = Stillness::begin();
    let chosen = std::env::var("KUBATCH_CASE").unwrap_or_default();
    let Cases { now, cases }: Cases = serde_yaml::from_str(&fixture("triage/cases.yaml")).unwrap();
    let is_case = |(name, _): &(&str, &str)| cases.iter().any(|case| case.name == *name);
    assert!(LEFT_OUT.iter().all(is_case), "a case that is left out is not there");
    let (mut wrong, mut open) = (Vec::new(), Vec::new());
    for case in cases.iter().filter(|case| case.name.contains(&chosen)) {
        let (mut staged, refused) = Staged::new(cluster, case, now);
        wrong.extend(refused.into_iter().map(|why| format!("{}: {why}", case.name)));
        if !staged.ask(cluster).is_empty() {
            open.push(staged);
        }
    }
    // Nothing is told of a pod that has waited for a few seconds only.
    let deadline = Instant::now() + PATIENCE;
    while !open.is_empty() {
        let is_over = Instant::now() > deadline;
        open.retain_mut(|staged| {
            let still = staged.ask(cluster);
            if is_over {
                wrong.extend(still.iter().map(|why| format!("{}: {why}", staged.case.name)));
            }
            !still.is_empty() && !is_over
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn objects_are_accepted(cluster: &Cluster) {
    let _stillness = Stillness::begin();
    let mut made = Made::nothing(cluster, "recorded");
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/objects")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let taken = names.filter(|name| !NOT_MADE.iter().any(|(other, _)| other == name));
    let mut objects: Vec<Value> = taken.map(|name| object_of(&name, &made.space)).collect();
    // Those that name others come after them.
    objects.sort_by_key(|object| (object["kind"] == "Event", object["kind"] != "Job"));
    let wrong = made.make(&objects);
    drop(made);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An object that was taken from a cluster, on a node that is not this cluster's own, which would run it.
fn object_of(name: &str, space: &Space) -> Value {
    let mut object: Value = serde_json::from_str(&fixture(&format!("objects/{name}"))).unwrap();
    let recorded = text(&object["metadata"]["namespace"]);
    each_text(&mut object, &|text| match text {
        "node-1" => "worker-1".to_owned(),
        text if text == recorded => space.namespace.clone(),
        text => text.to_owned(),
    });
    object
}
