//! Events have two versions, `v1` and `events.k8s.io/v1`, with other names for the same fields. They are kept as `v1`;
//! here is the way there and back (`pkg/apis/events/v1/conversion.go` in Kubernetes). Called by the store and by reads.

use serde_json::{Map, Value, json};

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

/// The object as it is kept: events of the newer version become those of the core version.
pub(super) fn stored(object: Value) -> Value {
    if object["apiVersion"] != "events.k8s.io/v1" {
        return object;
    }
    renamed(object, "v1", |name| NAMES.iter().find(|(_, new)| *new == name).map(|(core, _)| *core))
}

/// An event of the core version in the newer one.
pub(super) fn in_new_version(object: &Value) -> Value {
    let to_new = |name: &str| NAMES.iter().find(|(core, _)| *core == name).map(|(_, new)| *new);
    renamed(object.clone(), "events.k8s.io/v1", to_new)
}

fn renamed(object: Value, api_version: &str, rename: impl Fn(&str) -> Option<&'static str>) -> Value {
    let Value::Object(fields) = object else { return object };
    let named = fields.into_iter().map(|(name, value)| (rename(&name).map_or(name, Into::into), value));
    let mut object = Value::Object(named.collect::<Map<String, Value>>());
    object["apiVersion"] = json!(api_version);
    object
}
