//! Events have two versions, `v1` and `events.k8s.io/v1`, with other names for the same fields. They are kept in the
//! newer one; here is the way there and back (`pkg/apis/events/v1/conversion.go` in Kubernetes). Called by the store and
//! by reads.

use serde_json::{Map, Value, json};

/// Where events are kept, and the other place where they are looked for.
pub(super) const COLLECTION: &str = "/apis/events.k8s.io/v1/events";
pub(super) const CORE_COLLECTION: &str = "/api/v1/events";

/// The fields that have another name: in `v1`, in `events.k8s.io/v1`.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// The object as it is kept: events of the core version become those of the newer one.
pub(super) fn stored(object: Value) -> Value {
    if object["apiVersion"] != "v1" || object["kind"] != "Event" {
        return object;
    }
    let to_new = |name: &str| NAMES.iter().find(|(core, _)| *core == name).map(|(_, new)| *new);
    renamed(object, "events.k8s.io/v1", to_new)
}

/// A kept event in the core version.
pub(super) fn in_core_version(object: &Value) -> Value {
    renamed(object.clone(), "v1", |name| NAMES.iter().find(|(_, new)| *new == name).map(|(core, _)| *core))
}

fn renamed(object: Value, api_version: &str, rename: impl Fn(&str) -> Option<&'static str>) -> Value {
    let Value::Object(fields) = object else { return object };
    let named = fields.into_iter().map(|(name, value)| (rename(&name).map_or(name, Into::into), value));
    let mut object = Value::Object(named.collect::<Map<String, Value>>());
    object["apiVersion"] = json!(api_version);
    object
}
