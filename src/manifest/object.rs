//! An object without what only the API server writes, and without what nobody may read. Called before an object is
//! edited, compared or shown.

use serde_json::{Map, Value};

/// Where `kubectl apply` keeps what it was given, as JSON: a copy of the object inside the object.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Fields of `metadata` that the API server alone writes.
pub(super) const WRITTEN_BY_SERVER: [&str; 6] =
    ["managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink"];

/// The object as a person edits and compares it: without its status, without what the API server alone writes into its
/// metadata, and without kubectl's copy of it. Labels, annotations, owners and finalizers stay.
pub fn tidy(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !WRITTEN_BY_SERVER.contains(&name.as_str()));
        remove_entries(metadata, "annotations", &[LAST_APPLIED]);
    }
    object
}

/// Takes entries out of a map such as `labels`, and the map itself where nothing is left of it.
pub(super) fn remove_entries(parent: &mut Map<String, Value>, map: &str, names: &[&str]) {
    let Some(entries) = parent.get_mut(map).and_then(Value::as_object_mut) else { return };
    let were_there = entries.len();
    entries.retain(|name, _| !names.contains(&name.as_str()));
    if entries.is_empty() && were_there > 0 {
        parent.remove(map);
    }
}

/// Takes the values out of a Secret, also those that kubectl keeps in an annotation: they are shown nowhere.
pub fn hide_secrets(object: &mut Value) {
    if object["kind"] == "Secret" {
        for field in ["data", "stringData"] {
            let values = object.get_mut(field).and_then(Value::as_object_mut);
            for value in values.into_iter().flat_map(|fields| fields.values_mut()) {
                *value = "(hidden)".into();
            }
        }
        if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
    }
    object.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten().for_each(hide_secrets);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_server_writes_is_no_part_of_what_is_edited() {
        let object = json!({
            "kind": "Job",
            "metadata": {
                "name": "j", "uid": "u", "resourceVersion": "1", "generation": 2, "creationTimestamp": "t",
                "selfLink": "/s", "managedFields": [{}], "annotations": { LAST_APPLIED: "{}" },
                "labels": { "a": "b" }, "finalizers": ["f"], "ownerReferences": [{ "uid": "o" }],
            },
            "spec": { "suspend": true },
            "status": { "active": 1 },
        });
        let wanted = json!({
            "kind": "Job",
            "metadata": {
                "name": "j", "labels": { "a": "b" }, "finalizers": ["f"], "ownerReferences": [{ "uid": "o" }],
            },
            "spec": { "suspend": true },
        });
        assert_eq!(tidy(&object), wanted);
        assert_eq!(tidy(&wanted), wanted);
    }

    #[test]
    fn an_object_without_secrets_is_shown_as_it_is() {
        let object = json!({ "kind": "Job", "metadata": { "name": "j" }, "spec": { "data": { "p": "q" } } });
        let mut same = object.clone();
        hide_secrets(&mut same);
        assert_eq!(same, object);
    }

    #[test]
    fn values_of_secrets_are_shown_nowhere() {
        let secret = json!({
            "kind": "Secret",
            "metadata": { "name": "s", "annotations": { LAST_APPLIED: "{\"data\":{\"p\":\"aGlkZGVu\"}}" } },
            "data": { "p": "aGlkZGVu" },
            "stringData": { "q": "aGlkZGVu" },
        });
        for mut object in [secret.clone(), json!({ "kind": "List", "items": [secret] })] {
            hide_secrets(&mut object);
            let shown = object.to_string();
            assert!(!shown.contains("aGlkZGVu") && shown.contains("(hidden)"), "{shown}");
        }
    }
}
