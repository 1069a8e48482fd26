//! Creating objects as the API server does: what was left out is filled in. Used for the story's manifests and for the
//! Jobs of CronJobs; pods are completed where a Job makes them.

use serde_json::{Value, json};

use super::object::{int, stamp};
use crate::demo::admit;
use crate::demo::store::{Store, path_of};
use crate::model::clock::Time;

/// Creates an object as the API server does, completed and with its times, or replaces the spec and the metadata of the
/// one that there is. Nothing is refused: the manifests are the program's own. Answers the object's path.
pub(in crate::demo) fn apply(store: &mut Store, mut object: Value, now: Time) -> String {
    let path = path_of(&object);
    let known = store.get(&path);
    let of_known = |part: &str, field: &str| known.map_or(Value::Null, |known| known[part][field].clone());
    let generation = int(&of_known("metadata", "generation"), 0) + 1;
    let made = [("creationTimestamp", json!(stamp(now))), ("uid", json!(store.next_uid()))];
    for (field, value) in made {
        if object["metadata"][field].is_null() {
            object["metadata"][field] = Some(of_known("metadata", field)).filter(|of| !of.is_null()).unwrap_or(value);
        }
    }
    object["metadata"]["generation"] = json!(generation);
    if let Some(known) = known {
        object["status"] = known["status"].clone();
    }
    if object["status"].is_null() {
        object["status"] = json!({});
    }
    store.put(admit::completed(object));
    path
}
