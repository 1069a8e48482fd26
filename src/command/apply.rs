//! Manifests to a plan: which objects they mean, in which order they are applied, and what comes of each.

use serde_json::{Value, json};

use super::Write;
use super::plan::{Plan, Refusal, namespaces, targets};
use crate::manifest::immutable::refused;
use crate::manifest::merge::{changed_paths, rebase};
use crate::manifest::object::tidy;
use crate::model::mutation::{Address, Change, Mutation, Prepared, Verb};
use crate::model::resources::Quantity;

/// What is done to manifests.
pub const APPLY: Verb = Verb { plain: "apply", doing: "applying", done: "applied" };

/// Kinds that others need, in the order in which they are applied: what is needed stands first. Kinds that are not here
/// come behind them, [`LAST`] at the end. After the order in which Helm installs (`pkg/release/v1/util/kind_sorter.go`).
const FIRST: [&str; 20] = [
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "Endpoints",
];

/// Kinds that begin to work as soon as they are there.
const LAST: [&str; 3] = ["Pod", "CronJob", "Job"];

/// Kinds of the API server that live in no namespace. Of others the server says so itself.
const CLUSTER_WIDE: [&str; 13] = [
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingWebhookConfiguration",
];

/// Plans to apply these manifests: each by server-side apply, but a Job that leaves its name to the server
/// (`generateName`) is created. Lists are taken apart. An object that names no namespace goes to `default_namespace`.
/// With `is_forced` fields are taken over that other managers own.
///
/// # Errors
/// Where there is no object, one has no kind or no name, or one stands there twice.
pub fn documents(objects: Vec<Value>, default_namespace: &str, is_forced: bool) -> Result<Plan, Refusal> {
    let objects: Vec<Value> = objects.into_iter().flat_map(taken_apart).collect();
    let total = objects.len();
    let mut mutations: Vec<Mutation> = Vec::new();
    for (at, object) in objects.into_iter().enumerate() {
        let place = if total > 1 { format!("object {} of {total}", at + 1) } else { "the object".to_owned() };
        let mutation =
            mutation(object, default_namespace, is_forced).map_err(|why| Refusal(format!("{place} {why}")))?;
        let is_named = matches!(mutation.change, Change::Apply { .. });
        if is_named && mutations.iter().any(|other| other.target == mutation.target) {
            return Err(Refusal(format!("{} stands there twice", mutation.target)));
        }
        mutations.push(mutation);
    }
    if mutations.is_empty() {
        return Err(Refusal("there is no object in it".into()));
    }
    mutations.sort_by_key(|mutation| rank(&mutation.target.kind));
    let effects = mutations.iter().map(planned).collect();
    let (targets, namespaces) = (targets(&mutations), namespaces(&mutations));
    Ok(Plan { verb: APPLY, targets, namespaces, effects, warnings: Vec::new(), is_dangerous: false, mutations })
}

/// The objects of a `List`, or the object itself.
fn taken_apart(mut object: Value) -> Vec<Value> {
    let is_list = object["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match object.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => items.into_iter().flat_map(taken_apart).collect(),
        Some(items) => {
            object["items"] = items;
            vec![object]
        }
        None => vec![object],
    }
}

fn mutation(object: Value, default_namespace: &str, is_forced: bool) -> Result<Mutation, String> {
    let mut target = Address::of(&object).ok_or("has no apiVersion or no kind")?;
    if target.namespace.is_empty() && !CLUSTER_WIDE.contains(&target.kind.as_str()) {
        target.namespace = default_namespace.into();
    }
    let prefix = object["metadata"]["generateName"].as_str().unwrap_or_default();
    let change = match (target.name.is_empty(), prefix.is_empty()) {
        (false, _) => Change::Apply { object, is_forced },
        (true, false) => {
            target.name = prefix.into();
            Change::Create(object)
        }
        (true, true) => return Err(format!("({}) has no name", target.kind)),
    };
    Ok(Mutation { verb: APPLY, target, uid: None, change })
}

fn rank(kind: &str) -> usize {
    let first = FIRST.iter().position(|one| *one == kind);
    let last = LAST.iter().position(|one| *one == kind).map(|at| FIRST.len() + 1 + at);
    first.or(last).unwrap_or(FIRST.len())
}

/// What is known of an effect before the server has tried it.
fn planned(mutation: &Mutation) -> String {
    let target = &mutation.target;
    match mutation.change {
        Change::Create(_) => format!("{target}… is made, the server completes its name"),
        _ => format!("{target} is made or changed"),
    }
}

/// The same manifests, but where they would change what is there, it is deleted and made anew.
#[must_use]
pub fn replacing(mutation: &Mutation) -> Mutation {
    match &mutation.change {
        Change::Apply { object, .. } | Change::Create(object) => Mutation {
            verb: Write::Replace.verb(),
            change: Change::Replace { object: Some(object.clone()), patch: json!({}) },
            ..mutation.clone()
        },
        _ => mutation.clone(),
    }
}

/// The fields in which a manifest differs from the object that is there and which cannot be changed in it, each with the
/// reason. The server names no more than the outermost: `spec.template`.
pub fn fixed_fields(manifest: &Value, live: &Value) -> Vec<(String, String)> {
    // What the manifest leaves open stays as it is.
    let mut wanted = rebase(&json!({}), manifest, live).object;
    keep_amounts(&mut wanted, live, false);
    refused(live, &wanted).into_iter().map(|one| (one.path, one.why.to_owned())).collect()
}

/// Gives amounts of resources the form that they have in the live object where they mean the same: the server keeps `"2"`
/// of `2`, and `500m` of `0.5`.
fn keep_amounts(wanted: &mut Value, live: &Value, are_amounts: bool) {
    let amount = |value: &Value| Quantity::parse(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            for (key, wanted) in wanted {
                let Some(live) = live.get(key) else { continue };
                if are_amounts && amount(wanted).is_some() && amount(wanted) == amount(live) {
                    wanted.clone_from(live);
                }
                keep_amounts(wanted, live, matches!(key.as_str(), "requests" | "limits"));
            }
        }
        (Value::Array(wanted), Value::Array(live)) => {
            wanted.iter_mut().zip(live).for_each(|(wanted, live)| keep_amounts(wanted, live, false));
        }
        _ => {}
    }
}

/// Which of these writes has to be done before the one at this place can be tried at all: the one that makes its
/// namespace, or its kind.
pub fn needs(mutations: &[Mutation], at: usize) -> Option<usize> {
    let target = &mutations[at].target;
    let group = target.api_version.split_once('/').map_or("", |(group, _)| group);
    mutations[..at].iter().position(|other| match (&other.change, other.target.kind.as_str()) {
        (_, "Namespace") => other.target.name == target.namespace,
        (Change::Apply { object, .. }, "CustomResourceDefinition") => {
            object["spec"]["group"] == group && object["spec"]["names"]["kind"] == target.kind.as_str()
        }
        _ => false,
    })
}

/// What becomes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// There was none.
    Made,
    /// It is another one than before.
    Replaced,
    /// It differs from before.
    Changed,
    /// Nothing of it differs.
    Unchanged,
    /// It is deleted.
    Deleted,
}

impl Fate {
    /// What becomes of an object that was so before and is so after.
    pub fn of(before: Option<&Value>, after: Option<&Value>) -> Self {
        match (before, after) {
            (_, None) => Fate::Deleted,
            (None, Some(_)) => Fate::Made,
            (Some(before), Some(after)) if before["metadata"]["uid"] != after["metadata"]["uid"] => Fate::Replaced,
            (Some(before), Some(after)) if changed_paths(&tidy(before), &tidy(after)).is_empty() => Fate::Unchanged,
            _ => Fate::Changed,
        }
    }
}

/// What an applied manifest does, in a sentence, once the server has tried it.
pub fn effect(prepared: &Prepared) -> String {
    let Prepared { mutation: Mutation { target, change, .. }, before, after, .. } = prepared;
    let is_job = target.kind == "Job" && target.api_version == "batch/v1";
    let start = match after {
        Some(job) if is_job && job["spec"]["suspend"] == true => ", suspended",
        Some(_) if is_job => ", and starts at once",
        _ => "",
    };
    match (change, Fate::of(before.as_ref(), after.as_ref())) {
        (Change::Replace { .. }, _) => {
            format!("{target} is deleted with its pods and their logs, and made anew{start}")
        }
        (Change::Create(object), _) if object["metadata"]["name"].is_null() => {
            format!("{target}… is made{start}; the server completes its name")
        }
        (_, Fate::Made) => format!("{target} is made{start}"),
        (_, Fate::Unchanged) => format!("{target} stays as it is"),
        _ => format!("{target} is changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str, name: &str) -> Value {
        let api_version = if matches!(kind, "Job" | "CronJob") { "batch/v1" } else { "v1" };
        json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name } })
    }

    fn told(objects: Vec<Value>) -> Vec<String> {
        let plan = documents(objects, "data", false).unwrap();
        plan.mutations.iter().map(|one| format!("{} in {:?}", one.target, one.target.namespace.as_str())).collect()
    }

    #[test]
    fn what_others_need_is_applied_first_and_what_works_last() {
        let kinds = ["Job", "Widget", "CronJob", "ConfigMap", "Namespace", "Deployment"];
        let objects = kinds.map(|kind| object(kind, "x")).to_vec();
        let order = ["namespace/x", "configmap/x", "widget/x", "deployment/x", "cronjob/x", "job/x"];
        let plan = documents(objects, "data", false).unwrap();
        assert_eq!(plan.mutations.iter().map(|one| one.target.to_string()).collect::<Vec<_>>(), order);
        assert_eq!((plan.targets.as_str(), plan.namespaces), ("6 objects", vec!["data".to_owned()]));
    }

    #[test]
    fn namespace_of_the_context_is_for_objects_that_name_none_and_may_have_one() {
        let mut other = object("ConfigMap", "b");
        other["metadata"]["namespace"] = json!("own");
        let told = told(vec![object("Namespace", "n"), object("ConfigMap", "a"), other]);
        assert_eq!(told, ["namespace/n in \"\"", "configmap/a in \"data\"", "configmap/b in \"own\""]);
    }

    #[test]
    fn lists_are_taken_apart() {
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": [object("Job", "b"), object("Secret", "a")] });
        assert_eq!(told(vec![list]), ["secret/a in \"data\"", "job/b in \"data\""]);
        let no_list = json!({ "apiVersion": "x/v1", "kind": "Box", "metadata": { "name": "b" }, "items": [1] });
        assert_eq!(told(vec![no_list]), ["box/b in \"data\""]);
    }

    #[test]
    fn job_that_leaves_its_name_to_the_server_is_created() {
        let job = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "generateName": "etl-" } });
        let plan = documents(vec![job.clone(), job.clone()], "data", false).unwrap();
        assert!(plan.mutations.iter().all(|one| one.change == Change::Create(job.clone())));
        assert_eq!(plan.mutations[0].target.to_string(), "job/etl-");
    }

    #[test]
    fn what_names_no_object_is_refused_with_its_place() {
        let refused = |objects| documents(objects, "data", false).unwrap_err().0;
        assert_eq!(refused(vec![]), "there is no object in it");
        assert_eq!(refused(vec![json!({ "kind": "Job" })]), "the object has no apiVersion or no kind");
        let nameless = json!({ "apiVersion": "batch/v1", "kind": "Job" });
        assert_eq!(refused(vec![object("Job", "a"), nameless]), "object 2 of 2 (Job) has no name");
        assert_eq!(refused(vec![object("Job", "a"), object("Job", "a")]), "job/a stands there twice");
    }

    #[test]
    fn objects_in_a_new_namespace_or_of_a_new_kind_wait_for_it() {
        let crd = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": "boxes.x.io" }, "spec": { "group": "x.io", "names": { "kind": "Box" } },
        });
        let custom = json!({ "apiVersion": "x.io/v1", "kind": "Box", "metadata": { "name": "b" } });
        let mut job = object("Job", "j");
        job["metadata"]["namespace"] = json!("new");
        let objects = vec![object("Namespace", "new"), crd, object("ConfigMap", "c"), custom, job];
        let plan = documents(objects, "data", false).unwrap();
        let waits: Vec<_> = (0..5).map(|at| needs(&plan.mutations, at)).collect();
        assert_eq!(waits, [None, None, None, Some(1), Some(0)]);
    }

    #[test]
    fn fields_that_cannot_be_changed_are_named_one_by_one() {
        let container = |image: &str| json!([{ "name": "main", "image": image }]);
        let mut manifest = object("Job", "j");
        manifest["spec"] = json!({ "parallelism": 2, "template": { "spec": { "containers": container("a:2") } } });
        let mut live = manifest.clone();
        live["spec"]["parallelism"] = json!(1);
        live["spec"]["template"]["spec"] =
            json!({ "dnsPolicy": "ClusterFirst", "containers": [{ "name": "main", "image": "a:1", "resources": {} }] });
        let fields: Vec<String> = fixed_fields(&manifest, &live).into_iter().map(|(path, _)| path).collect();
        assert_eq!(fields, ["spec.template.spec.containers[0].image"]);
    }

    #[test]
    fn effect_says_what_becomes_of_it() {
        let (mut before, job) = (object("Job", "j"), object("Job", "j"));
        before["metadata"]["resourceVersion"] = json!("7");
        let effect_of = |before: Option<Value>, after: &Value| {
            let mutation = documents(vec![job.clone()], "data", false).unwrap().mutations.remove(0);
            let after = Some(after.clone());
            let (warnings, requests) = (Vec::new(), Vec::new());
            effect(&Prepared { mutation, before, sent: None, after, untried: None, warnings, requests })
        };
        assert_eq!(effect_of(None, &job), "job/j is made, and starts at once");
        assert_eq!(effect_of(Some(before.clone()), &job), "job/j stays as it is");
        let mut suspended = job.clone();
        suspended["spec"] = json!({ "suspend": true });
        assert_eq!(effect_of(None, &suspended), "job/j is made, suspended");
        assert_eq!(effect_of(Some(before), &suspended), "job/j is changed");
    }
}
