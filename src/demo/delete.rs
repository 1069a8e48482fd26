//! Deleting: what becomes of the objects that others own, of finalizers, and of pods that still run. What the real
//! cluster's garbage collector does a moment later is done here at once.

use serde_json::{Value, json};

use super::Demo;
use super::answer::{Answer, Call, Route, whole, with_warnings};
use super::refusal::Refusal;
use super::resources::{self, Resource};
use super::select::Selector;
use super::store::{Store, path_of};
use crate::model::clock::Time;

/// What becomes of the objects that the deleted one owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// They stay, without an owner.
    Orphan,
    /// They follow.
    Background,
    /// They go first.
    Foreground,
}

/// How long a pod may take to end, in seconds, where it does not say.
const GRACE: i64 = 30;

/// The finalizer that keeps an owner until what it owns is gone.
const FOREGROUND: &str = "foregroundDeletion";

/// What a client says with a deletion.
struct Options {
    policy: Option<Policy>,
    grace: Option<i64>,
    preconditions: Value,
    is_dry_run: bool,
}

fn body(call: &Call) -> Result<Value, Refusal> {
    serde_json::from_slice(&call.body)
        .map_err(|error| Refusal::bad_request(format!("the delete options cannot be read: {error}")))
}

impl Options {
    /// From the body; where there is none, and only then, from the query (`DeleteResource` in the API server's handlers).
    fn parse(call: &Call) -> Result<Self, Refusal> {
        if !call.body.is_empty() {
            return Self::of(&body(call)?);
        }
        let mut options = json!({
            "propagationPolicy": call.text("propagationPolicy"),
            "gracePeriodSeconds": call.number("gracePeriodSeconds")?,
        });
        if call.is_dry_run() {
            options["dryRun"] = json!(["All"]);
        }
        Self::of(&options)
    }

    /// Those of an eviction stand inside it, and its query counts as any creation's.
    fn of_eviction(call: &Call) -> Result<Self, Refusal> {
        let options = Self::of(&body(call)?["deleteOptions"])?;
        Ok(Self { is_dry_run: options.is_dry_run || call.is_dry_run(), ..options })
    }

    fn of(body: &Value) -> Result<Self, Refusal> {
        let policy = match body["propagationPolicy"].as_str() {
            None => body["orphanDependents"].as_bool().map(|on| if on { Policy::Orphan } else { Policy::Background }),
            Some("Orphan") => Some(Policy::Orphan),
            Some("Background") => Some(Policy::Background),
            Some("Foreground") => Some(Policy::Foreground),
            Some(other) => {
                let message = format!(
                    "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: \"{other}\": \
                     supported values: \"Background\", \"Foreground\", \"Orphan\""
                );
                return Err(Refusal::new(422, "Invalid", message));
            }
        };
        Ok(Self {
            policy,
            grace: body["gracePeriodSeconds"].as_i64(),
            preconditions: body["preconditions"].clone(),
            is_dry_run: body["dryRun"].as_array().is_some_and(|all| all.contains(&json!("All"))),
        })
    }

    fn check(&self, resource: &Resource, name: &str, object: &Value) -> Result<(), Refusal> {
        let differs = |field: &str| {
            let wanted = self.preconditions[field].as_str()?;
            let found = object["metadata"][field].as_str().unwrap_or_default();
            (wanted != found).then(|| (wanted.to_owned(), found.to_owned()))
        };
        if let Some((wanted, found)) = differs("uid") {
            let why = format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({found}). The object might \
                 have been deleted and then recreated"
            );
            return Err(Refusal::conflict(resource, name, &why));
        }
        if let Some((wanted, found)) = differs("resourceVersion") {
            let why = format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in record \
                 ({found}). The object might have been modified"
            );
            return Err(Refusal::conflict(resource, name, &why));
        }
        Ok(())
    }
}

/// The policy where the client names none: Jobs keep their pods, as they did before there were policies.
fn default_policy(resource: &Resource) -> Policy {
    if resource.kind == "Job" { Policy::Orphan } else { Policy::Background }
}

/// Answers DELETE to an object.
pub(super) fn delete(demo: &Demo, call: &Call, route: &Route, name: &str) -> Answer {
    let options = Options::parse(call)?;
    let resource = route.resource;
    let path = route.path(name);
    demo.change(|store| {
        let object = store.get(&path).cloned().ok_or_else(|| Refusal::not_found(resource, name))?;
        options.check(resource, name, &object)?;
        let mut warnings = Vec::new();
        if options.policy.is_none() && resource.kind == "Job" {
            let text = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to \
                        remove them or set propagationPolicy=Orphan to suppress this warning";
            warnings.push(text.to_owned());
        }
        if !options.is_dry_run {
            let policy = options.policy.unwrap_or(default_policy(resource));
            remove(store, &object, policy, options.grace, demo.clock.now());
        }
        let answer = match store.get(&path) {
            Some(left) if left["metadata"]["deletionTimestamp"].is_string() => left.clone(),
            _ if resource.kind == "Pod" => object,
            _ => deleted(resource, name, &object),
        };
        Ok(with_warnings(whole(200, &answer), &warnings))
    })
}

fn deleted(resource: &Resource, name: &str, object: &Value) -> Value {
    let mut details = json!({ "name": name, "kind": resource.plural, "uid": object["metadata"]["uid"] });
    if !resource.group.is_empty() {
        details["group"] = json!(resource.group);
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

/// Answers DELETE to a collection.
pub(super) fn delete_collection(demo: &Demo, call: &Call, route: &Route) -> Answer {
    let options = Options::parse(call)?;
    let resource = route.resource;
    let selector = Selector::parse(resource, call.text("labelSelector"), call.text("fieldSelector"))?;
    demo.change(|store| {
        let all = store.list(&resource.collection(route.namespace.as_deref()));
        let chosen: Vec<Value> = all.into_iter().filter(|object| selector.matches(object)).cloned().collect();
        for object in chosen.iter().filter(|_| !options.is_dry_run) {
            let policy = options.policy.unwrap_or(default_policy(resource));
            remove(store, object, policy, options.grace, demo.clock.now());
        }
        let version = store.version().to_string();
        Ok(whole(
            200,
            &json!({
                "kind": format!("{}List", resource.kind), "apiVersion": resource.group_version(),
                "metadata": { "resourceVersion": version }, "items": chosen,
            }),
        ))
    })
}

/// Answers POST to a pod's eviction. There are no disruption budgets to ask.
pub(super) fn evict(demo: &Demo, call: &Call, route: &Route, pod: &str) -> Answer {
    let options = Options::of_eviction(call)?;
    demo.change(|store| {
        let object = store.get(&route.path(pod)).cloned().ok_or_else(|| Refusal::not_found(route.resource, pod))?;
        options.check(route.resource, pod, &object)?;
        if !options.is_dry_run {
            remove(store, &object, Policy::Background, options.grace, demo.clock.now());
        }
        Ok(whole(201, &json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" })))
    })
}

/// Whether a kubelet has to end the pod first.
fn runs_on_a_node(store: &Store, object: &Value) -> bool {
    let phase = object["status"]["phase"].as_str().unwrap_or_default();
    let is_placed = object["kind"] == "Pod" && object["spec"]["nodeName"].is_string();
    store.has_kubelet && is_placed && !matches!(phase, "Succeeded" | "Failed")
}

/// Takes an object away, or marks it as going where something has to be done first.
pub(super) fn remove(store: &mut Store, object: &Value, policy: Policy, grace: Option<i64>, now: Time) {
    let path = path_of(object);
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let dependents = store.dependents(&uid);
    if object["kind"] == "Namespace" {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        for inside in store.all_in(name) {
            store.delete(&path_of(&inside));
        }
    }
    if policy == Policy::Orphan {
        dependents.iter().for_each(|dependent| disown(store, dependent, &uid));
    }
    let mut object = object.clone();
    let is_waiting = policy == Policy::Foreground && !dependents.is_empty();
    if is_waiting && !finalizers(&object).any(|one| one == FOREGROUND) {
        let all: Vec<&str> = finalizers(&object).chain([FOREGROUND]).collect();
        object["metadata"]["finalizers"] = json!(all);
    }
    let runs = runs_on_a_node(store, &object) && grace != Some(0);
    if runs || finalizers(&object).next().is_some() {
        let wait =
            if runs { grace.or(object["spec"]["terminationGracePeriodSeconds"].as_i64()).unwrap_or(GRACE) } else { 0 };
        if object["metadata"]["deletionTimestamp"].is_null() {
            // As in the real API: the time at which the grace is over.
            object["metadata"]["deletionTimestamp"] =
                json!(Time::from_seconds(now.seconds()).plus_seconds(wait).to_string());
            object["metadata"]["deletionGracePeriodSeconds"] = json!(wait);
            if let Some(generation) = object["metadata"]["generation"].as_i64() {
                object["metadata"]["generation"] = json!(generation + 1);
            }
        }
        store.put(object);
    } else {
        take_away(store, &path);
    }
    if policy != Policy::Orphan {
        for dependent in dependents {
            collect(store, &dependent, &uid, now);
        }
    }
}

/// What a deleted owner means for an object: it goes too, unless another owner is left.
fn collect(store: &mut Store, dependent: &Value, uid: &str, now: Time) {
    let has_other = owners(dependent).any(|owner| owner["uid"] != uid);
    if has_other {
        disown(store, dependent, uid);
    } else if store.get(&path_of(dependent)).is_some() {
        remove(store, dependent, Policy::Background, None, now);
    }
}

fn disown(store: &mut Store, dependent: &Value, uid: &str) {
    let mut dependent = dependent.clone();
    let left: Vec<Value> = owners(&dependent).filter(|owner| owner["uid"] != uid).cloned().collect();
    if left.is_empty() {
        dependent["metadata"]["ownerReferences"].take();
    } else {
        dependent["metadata"]["ownerReferences"] = json!(left);
    }
    store.put(super::write::tidied(dependent));
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}

fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Takes an object away that nothing holds any more; an owner that waited for it may follow.
pub(super) fn take_away(store: &mut Store, path: &str) {
    let Some(object) = store.get(path).cloned() else { return };
    store.delete(path);
    for owner in owners(&object) {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let known = resources::RESOURCES.iter().find(|one| one.kind == kind && one.group_version() == api_version);
        let place = object["metadata"]["namespace"].as_str();
        let Some(resource) = known else { continue };
        let place =
            place.filter(|_| resource.is_namespaced).map_or(String::new(), |name| format!("/namespaces/{name}"));
        let path = format!("{}{place}/{}/{}", resource.base(), resource.plural, text("name"));
        let Some(owner) = store.get(&path).filter(|found| found["metadata"]["uid"] == text("uid")).cloned() else {
            continue;
        };
        finish(store, &owner);
    }
}

/// Takes an object away that is marked as going, once no finalizer holds it. Called after every change of an object.
pub(super) fn finish(store: &mut Store, object: &Value) {
    if object["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let mut object = object.clone();
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    if finalizers(&object).any(|one| one == FOREGROUND) && store.dependents(&uid).is_empty() {
        let left: Vec<&str> = finalizers(&object).filter(|one| *one != FOREGROUND).collect();
        object["metadata"]["finalizers"] = json!(left);
        store.put(object.clone());
    }
    if finalizers(&object).next().is_none() && !runs_on_a_node(store, &object) {
        take_away(store, &path_of(&object));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "/apis/batch/v1/namespaces/data/jobs/etl";
    const POD: &str = "/api/v1/namespaces/data/pods/etl-a";

    fn now() -> Time {
        Time::from_seconds(1_000)
    }

    /// A Job with a pod that runs on a node, where a kubelet has to end it.
    fn running() -> Store {
        let mut store = Store::default();
        store.has_kubelet = true;
        store.put(json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": { "namespace": "data", "name": "etl", "uid": "u" },
        }));
        store.put(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "namespace": "data", "name": "etl-a", "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "u",
            }] },
            "spec": { "nodeName": "node-1" }, "status": { "phase": "Running" },
        }));
        store
    }

    fn delete(store: &mut Store, path: &str, policy: Policy) {
        let object = store.get(path).cloned().unwrap();
        remove(store, &object, policy, None, now());
    }

    #[test]
    fn pod_that_runs_waits_for_its_kubelet() {
        let mut store = running();
        delete(&mut store, POD, Policy::Background);
        let going = store.get(POD).unwrap();
        assert_eq!(going["metadata"]["deletionTimestamp"], now().plus_seconds(GRACE).to_string());
        assert_eq!(going["metadata"]["deletionGracePeriodSeconds"], GRACE);
        take_away(&mut store, POD);
        assert_eq!(store.get(POD), None);
    }

    #[test]
    fn owner_goes_last_in_the_foreground_and_first_in_the_background() {
        let mut store = running();
        delete(&mut store, JOB, Policy::Foreground);
        assert_eq!(store.get(JOB).unwrap()["metadata"]["finalizers"], json!([FOREGROUND]));
        assert!(store.get(POD).unwrap()["metadata"]["deletionTimestamp"].is_string());
        take_away(&mut store, POD);
        assert_eq!(store.get(JOB), None, "nothing holds it any more");
        let mut store = running();
        delete(&mut store, JOB, Policy::Background);
        assert_eq!(store.get(JOB), None);
        assert!(store.get(POD).unwrap()["metadata"]["deletionTimestamp"].is_string());
    }

    #[test]
    fn orphans_lose_their_owner_alone() {
        let mut store = running();
        delete(&mut store, JOB, Policy::Orphan);
        assert_eq!(store.get(JOB), None);
        assert!(store.get(POD).unwrap()["metadata"]["ownerReferences"].is_null());
        assert!(store.get(POD).unwrap()["metadata"]["deletionTimestamp"].is_null());
    }

    #[test]
    fn object_with_another_owner_stays() {
        let mut store = running();
        let mut pod = store.get(POD).cloned().unwrap();
        let other = json!({ "apiVersion": "batch/v1", "kind": "Job", "name": "other", "uid": "o" });
        pod["metadata"]["ownerReferences"].as_array_mut().unwrap().push(other.clone());
        store.put(pod);
        delete(&mut store, JOB, Policy::Background);
        assert_eq!(store.get(POD).unwrap()["metadata"]["ownerReferences"], json!([other]));
    }
}
