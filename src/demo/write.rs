//! Writing: create, replace and patch, each through the same gate: what the kind allows (`admit`), who holds which field
//! (`fields`), and whether the client wrote to the version that it read. Deleting is in `delete`.

use http::header;
use serde_json::{Value, json};

use super::admit::{self, Admitted};
use super::answer::{Answer, Call, Route, whole, with_warnings};
use super::controllers::quota;
use super::fields::{self, Writer};
use super::read::viewed;
use super::refusal::{Cause, Refusal};
use super::store::Store;
use super::{Demo, delete, events, patch, resources};
use crate::model::clock::Time;

/// The letters of generated names: none that make words, none that look alike
/// (`staging/src/k8s.io/apimachinery/pkg/util/rand` in Kubernetes).
const NAME_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Answers POST to a collection.
pub(super) fn create(demo: &Demo, call: &Call, route: &Route) -> Answer {
    let object = read_object(call, route)?;
    let writer = Writer::of(call, route);
    demo.change(|store| insert(store, call, route, object, &writer, demo.clock.now()))
}

/// Answers PUT to an object or its status.
pub(super) fn replace(demo: &Demo, call: &Call, route: &Route, name: &str) -> Answer {
    let object = read_object(call, route)?;
    let writer = Writer::of(call, route);
    demo.change(|store| {
        let path = route.path(name);
        let old = store.get(&path).cloned().ok_or_else(|| Refusal::not_found(route.resource, name))?;
        update(store, call, route, &old, object, &writer, demo.clock.now())
    })
}

/// Answers PATCH to an object or its status.
pub(super) fn patch(demo: &Demo, call: &Call, route: &Route, name: &str) -> Answer {
    let kind = call.header(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_owned();
    let writer = Writer::of(call, route);
    if kind == "application/apply-patch+yaml" {
        return apply(demo, call, route, name, &writer);
    }
    demo.change(|store| {
        let path = route.path(name);
        let old = store.get(&path).cloned().ok_or_else(|| Refusal::not_found(route.resource, name))?;
        // What the patch is made for is the view; the version is checked only if the patch names one.
        let mut new = viewed(route.resource, &old).into_owned();
        new["metadata"]["resourceVersion"].take();
        patch::apply(&kind, &mut new, &call.body)?;
        if !new["metadata"].is_object() {
            let kind = route.resource.kind;
            return Err(Refusal::bad_request(format!("what the patch makes is no {kind}: it has no metadata")));
        }
        update(store, call, route, &old, new, &writer, demo.clock.now())
    })
}

/// Server-side apply: makes the object where there is none.
fn apply(demo: &Demo, call: &Call, route: &Route, name: &str, writer: &Writer) -> Answer {
    if call.text("fieldManager").is_none() {
        let cause = "fieldManager: Required value: is required for apply patch";
        return Err(Refusal::new(422, "Invalid", format!("PatchOptions.meta.k8s.io \"\" is invalid: {cause}")));
    }
    let config = read_object(call, route)?;
    let now = demo.clock.now();
    demo.change(|store| {
        let old = store.get(&route.path(name)).cloned();
        let Some(old) = old else {
            let mut object = config;
            if object["metadata"]["name"].is_null() {
                object["metadata"]["name"] = json!(name);
            }
            return insert(store, call, route, object, writer, now);
        };
        let new = fields::apply(&old, &config, writer, call.is("force"), now)?;
        update(store, call, route, &old, new, writer, now)
    })
}

/// The object in a request's body, of the right kind and for the right place.
fn read_object(call: &Call, route: &Route) -> Result<Value, Refusal> {
    let resource = route.resource;
    let parsed = serde_json::from_slice::<Value>(&call.body).map_err(|error| error.to_string());
    let is_yaml = call.header(header::CONTENT_TYPE).contains("yaml");
    let parsed = if parsed.is_err() && is_yaml {
        serde_yaml::from_str::<Value>(&String::from_utf8_lossy(&call.body)).map_err(|error| error.to_string())
    } else {
        parsed
    };
    let unrecognized = |why: &str| {
        let kind = resource.kind;
        Refusal::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why}"))
    };
    let mut object = parsed.map_err(|error| unrecognized(&error))?;
    if !object.is_object() {
        return Err(unrecognized("it is no object"));
    }
    let says = |name: &str, expected: String| object[name].as_str().is_none_or(|found| found == expected);
    if !says("kind", resource.kind.into()) || !says("apiVersion", resource.group_version()) {
        let (kind, version) = (object["kind"].as_str().unwrap_or_default(), resource.version);
        let message = format!("{kind} in version \"{version}\" cannot be handled as a {}", resource.kind);
        return Err(Refusal::bad_request(message));
    }
    object["kind"] = json!(resource.kind);
    object["apiVersion"] = json!(resource.group_version());
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    if let Some(namespace) = &route.namespace {
        if object["metadata"]["namespace"].as_str().is_some_and(|found| found != namespace) {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::bad_request(why));
        }
        object["metadata"]["namespace"] = json!(namespace);
    }
    if let (Some(name), Some(found)) = (&route.name, object["metadata"]["name"].as_str())
        && name != found
    {
        let why = format!("the name of the object ({found}) does not match the name on the URL ({name})");
        return Err(Refusal::bad_request(why));
    }
    Ok(events::stored(object))
}

/// Makes an object.
fn insert(store: &mut Store, call: &Call, route: &Route, mut object: Value, writer: &Writer, now: Time) -> Answer {
    let resource = route.resource;
    if resource.is_namespaced {
        let Some(namespace) = &route.namespace else { return Err(Refusal::method_not_allowed()) };
        if store.get(&format!("/api/v1/namespaces/{namespace}")).is_none() {
            let namespaces = resources::find("", "v1", "namespaces").ok_or_else(Refusal::unknown_path)?;
            return Err(Refusal::not_found(namespaces, namespace));
        }
    }
    let metadata = &mut object["metadata"];
    let uid = store.next_uid();
    if let (true, Some(start)) = (metadata["name"].is_null(), metadata["generateName"].as_str()) {
        metadata["name"] = json!(format!("{start}{}", random_letters(store.version())));
    }
    metadata["uid"] = json!(uid);
    metadata["creationTimestamp"] = json!(Time::from_seconds(now.seconds()).to_string());
    for unwritable in ["resourceVersion", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        metadata[unwritable].take();
    }
    if object["spec"].is_object() || resource.has_status {
        object["metadata"]["generation"] = json!(1);
    }
    if resource.has_status {
        object["status"] = json!({});
    }
    let given = object.clone();
    let Admitted { mut object, unknown } = admit::admit(resource, tidied(object), None)?;
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let warnings = unknown_fields(call, route, &name, unknown)?;
    if let Some(message) = quota::refusal(store, &object).filter(|_| resource.kind == "Pod") {
        return Err(Refusal::forbidden(resource, &name, message));
    }
    if store.get(&route.path(&name)).is_some() {
        return Err(Refusal::already_exists(resource, &name));
    }
    // An applied object belongs to its manager as it was given; otherwise what the server filled in counts too.
    let held = if writer.is_apply { fields::pruned(&given, &object) } else { object.clone() };
    fields::track(None, &held, &mut object, writer, now);
    if !call.is_dry_run() {
        object = (*store.put(object)).clone();
    }
    Ok(with_warnings(whole(201, &viewed(resource, &object)), &warnings))
}

/// Brings an object to a new state.
fn update(
    store: &mut Store,
    call: &Call,
    route: &Route,
    old: &Value,
    new: Value,
    writer: &Writer,
    now: Time,
) -> Answer {
    let resource = route.resource;
    let name = old["metadata"]["name"].as_str().unwrap_or_default();
    let mut new = tidied(events::stored(new));
    if new["metadata"]["resourceVersion"]
        .as_str()
        .is_some_and(|v| !v.is_empty() && old["metadata"]["resourceVersion"] != v)
    {
        return Err(Refusal::stale(resource, name));
    }
    if let Some(uid) = new["metadata"]["uid"].as_str().filter(|uid| old["metadata"]["uid"] != *uid) {
        if call.method == http::Method::PATCH {
            let message = format!("Invalid value: \"{uid}\": field is immutable");
            let cause = Cause { reason: "FieldValueInvalid", field: "metadata.uid".into(), message };
            return Err(Refusal::invalid(resource, name, &[cause]));
        }
        let found = old["metadata"]["uid"].as_str().unwrap_or_default();
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {found}");
        return Err(Refusal::conflict(resource, name, &why));
    }
    if route.subresource.is_some() {
        let status = new["status"].take();
        let managed = new["metadata"]["managedFields"].take();
        new = old.clone();
        new["status"] = status;
        new["metadata"]["managedFields"] = managed;
    } else if resource.has_status {
        new["status"] = old["status"].clone();
    }
    let kept = ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "name"];
    for field in kept.into_iter().chain(["namespace", "resourceVersion"]) {
        new["metadata"][field] = old["metadata"][field].clone();
    }
    let Admitted { object: mut new, unknown } = admit::admit(resource, tidied(new), Some(old))?;
    let warnings = unknown_fields(call, route, name, unknown)?;
    if !writer.is_apply {
        let held = new.clone();
        fields::track(Some(old), &held, &mut new, writer, now);
    }
    if new["spec"] != old["spec"] && old["metadata"]["generation"].is_number() {
        new["metadata"]["generation"] = json!(old["metadata"]["generation"].as_i64().unwrap_or(0) + 1);
    }
    let is_change = new != *old;
    if is_change && !call.is_dry_run() {
        new = (*store.put(new)).clone();
        delete::finish(store, &new);
    }
    Ok(with_warnings(whole(200, &viewed(resource, &new)), &warnings))
}

/// What unknown fields lead to: a refusal, warnings or nothing, as `fieldValidation` says.
fn unknown_fields(call: &Call, route: &Route, name: &str, unknown: Vec<String>) -> Result<Vec<String>, Refusal> {
    let resource = route.resource;
    if call.header(header::CONTENT_TYPE).contains("apply-patch")
        && let Some(field) = unknown.first()
    {
        let (place, version) = (route.namespace.as_deref().unwrap_or_default(), resource.group_version());
        let object = format!("({place}/{name}; {version}, Kind={})", resource.kind);
        let message = format!("failed to create typed patch object {object}: .{field}: field not declared in schema");
        return Err(Refusal::new(500, "", message));
    }
    let warnings: Vec<String> = unknown.iter().map(|field| format!("unknown field \"{field}\"")).collect();
    match call.text("fieldValidation") {
        Some("Strict") if !unknown.is_empty() => {
            let error = format!("strict decoding error: {}", warnings.join(", "));
            Err(if call.method == http::Method::PATCH {
                Refusal::invalid(
                    resource,
                    name,
                    &[Cause { reason: "FieldValueInvalid", field: "patch".into(), message: error }],
                )
            } else {
                let (kind, version) = (resource.kind, resource.version);
                Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}"))
            })
        }
        Some("Ignore") => Ok(Vec::new()),
        _ => Ok(warnings),
    }
}

/// Drops what says nothing. Absent and null mean the same to the API, and so do absent and empty lists and maps of the
/// metadata; kept objects have neither.
pub(super) fn tidied(object: Value) -> Value {
    let mut object = without_nulls(object);
    if let Some(metadata) = object["metadata"].as_object_mut() {
        let is_empty = |value: &Value| *value == json!({}) || *value == json!([]);
        metadata.retain(|_, value| !is_empty(value));
    }
    object
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Five letters that follow from a number, so that a run can be repeated.
fn random_letters(seed: u64) -> String {
    // The multiplier of Knuth's linear congruential generator spreads neighbouring numbers.
    let mut state = seed.wrapping_add(1).wrapping_mul(6_364_136_223_846_793_005);
    let mut letters = String::new();
    for _ in 0..5 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = (state >> 33) as usize % NAME_LETTERS.len();
        letters.push(char::from(NAME_LETTERS[index]));
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_that_was_put_unchecked_can_be_changed() {
        let demo = Demo::default();
        demo.put(json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": { "namespace": "data", "name": "bare" },
            "spec": { "suspend": false },
        }));
        let patched = |body: &str| {
            let request = http::Request::patch("/apis/batch/v1/namespaces/data/jobs/bare")
                .header(header::CONTENT_TYPE, "application/merge-patch+json");
            let (head, body) = request.body(bytes::Bytes::copy_from_slice(body.as_bytes())).unwrap().into_parts();
            let route = Route::parse(head.uri.path()).unwrap();
            patch(&demo, &Call::new(head, body), &route, "bare").map(|answer| answer.status().as_u16())
        };
        assert_eq!(patched(r#"{ "spec": { "suspend": true } }"#), Ok(200));
        let refused = patched(r#"{ "spec": { "parallelism": -1 } }"#).unwrap_err();
        assert_eq!(refused.code, 422);
    }

    #[test]
    fn pod_that_a_quota_has_no_room_for_is_refused_as_a_real_server_does_also_when_it_is_only_tried() {
        let demo = Demo::default();
        demo.put(json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "namespace": "data", "name": "cpu" },
            "spec": { "hard": { "requests.cpu": "1" } },
        }));
        let tried = |cpu: &str| {
            let container =
                json!({ "name": "main", "image": "busybox:1.36", "resources": { "requests": { "cpu": cpu } } });
            let pod = json!({ "metadata": { "name": "etl" }, "spec": { "containers": [container] } }).to_string();
            let request = http::Request::post("/api/v1/namespaces/data/pods?dryRun=All");
            let (head, body) = request.body(bytes::Bytes::from(pod)).unwrap().into_parts();
            let route = Route::parse(head.uri.path()).unwrap();
            create(&demo, &Call::new(head, body), &route).map(|answer| answer.status().as_u16())
        };
        assert_eq!((tried("1"), tried("1")), (Ok(201), Ok(201)), "nothing is kept");
        let refused = tried("1500m").unwrap_err();
        assert_eq!(
            (refused.code, refused.to_json()["message"].as_str().unwrap()),
            (
                403,
                "pods \"etl\" is forbidden: exceeded quota: cpu, requested: requests.cpu=1500m, used: requests.cpu=0, limited: requests.cpu=1"
            )
        );
    }
}
