//! Patches: JSON patch, merge patch and strategic merge patch, from their text to a changed object. Server-side apply is
//! in `fields`.

use serde_json::{Map, Value, json};

use super::fields::{is_set, list_keys};
use super::refusal::Refusal;

/// Changes an object as a patch of this content type says.
///
/// # Errors
/// Where the type is unknown, the patch cannot be read or does not fit the object.
pub(super) fn apply(content_type: &str, object: &mut Value, body: &[u8]) -> Result<(), Refusal> {
    let unreadable = |error: serde_json::Error| Refusal::bad_request(format!("error decoding patch: {error}"));
    match content_type {
        "application/json-patch+json" => {
            let operations: json_patch::Patch = serde_json::from_slice(body).map_err(unreadable)?;
            let unfit = |error| Refusal::new(422, "Invalid", format!("the patch does not fit the object: {error}"));
            json_patch::patch(object, &operations).map_err(unfit)
        }
        "application/merge-patch+json" => {
            json_patch::merge(object, &serde_json::from_slice(body).map_err(unreadable)?);
            Ok(())
        }
        "application/strategic-merge-patch+json" => {
            strategic(object, &serde_json::from_slice(body).map_err(unreadable)?);
            Ok(())
        }
        _ => Err(Refusal::new(415, "UnsupportedMediaType", "415: Unsupported Media Type")),
    }
}

/// A merge patch that knows which elements of lists are the same. See
/// `staging/src/k8s.io/apimachinery/pkg/util/strategicpatch` in Kubernetes.
fn strategic(live: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        live.clone_from(patch);
        return;
    };
    if patch.get("$patch").is_some_and(|directive| directive == "replace") || !live.is_object() {
        *live = json!({});
    }
    let Value::Object(fields) = live else { return };
    if let Some(Value::Array(kept)) = patch.get("$retainKeys") {
        fields.retain(|name, _| kept.iter().any(|one| one == name));
    }
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Value::Array(elements)) = fields.get_mut(list) {
                elements.retain(|element| !value.as_array().is_some_and(|gone| gone.contains(element)));
            }
        } else if !name.starts_with('$') {
            strategic_field(fields, name, value);
        }
    }
}

fn strategic_field(fields: &mut Map<String, Value>, name: &str, value: &Value) {
    match value {
        Value::Null => drop(fields.remove(name)),
        Value::Object(patch) if patch.get("$patch").is_some_and(|directive| directive == "delete") => {
            fields.remove(name);
        }
        Value::Object(_) => strategic(fields.entry(name).or_insert(Value::Null), value),
        Value::Array(patch) => strategic_list(fields.entry(name).or_insert(json!([])), patch, name),
        value => drop(fields.insert(name.to_owned(), value.clone())),
    }
}

fn strategic_list(live: &mut Value, patch: &[Value], field: &str) {
    let has_directive = |element: &Value, wanted: &str| element["$patch"] == wanted;
    let key = list_keys(field).map(|keys| keys[0]);
    let is_replacing = patch.iter().any(|element| has_directive(element, "replace"));
    let Value::Array(elements) = live else {
        *live = json!(patch);
        return;
    };
    match key {
        Some(key) if !is_replacing => {
            for element in patch {
                let found = elements.iter().position(|one| one[key] == element[key]);
                match found {
                    Some(index) if has_directive(element, "delete") => drop(elements.remove(index)),
                    Some(index) => strategic(&mut elements[index], element),
                    None if has_directive(element, "delete") => {}
                    None => {
                        let mut new = json!({});
                        strategic(&mut new, element);
                        elements.push(new);
                    }
                }
            }
        }
        None if is_set(field) => {
            let new: Vec<Value> = patch.iter().filter(|one| !elements.contains(one)).cloned().collect();
            elements.extend(new);
        }
        _ => *elements = patch.iter().filter(|element| !has_directive(element, "replace")).cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(mut object: Value, patch: Value) -> Value {
        apply("application/strategic-merge-patch+json", &mut object, patch.to_string().as_bytes()).unwrap();
        object
    }

    #[test]
    fn strategic_merge_knows_elements_by_their_keys() {
        let pod = json!({ "containers": [
            { "name": "main", "image": "a:1", "env": [{ "name": "X", "value": "1" }], "command": ["a", "b"] },
            { "name": "side", "image": "b:1" },
        ] });
        let patch = json!({
            "$setElementOrder/containers": [{ "name": "main" }],
            "containers": [
                { "name": "main", "command": ["c"], "env": [{ "name": "Y", "value": "2" }] },
                { "name": "side", "$patch": "delete" },
            ],
        });
        let wanted = json!({ "containers": [{
            "name": "main", "image": "a:1", "command": ["c"],
            "env": [{ "name": "X", "value": "1" }, { "name": "Y", "value": "2" }],
        }] });
        assert_eq!(patched(pod, patch), wanted);
    }

    #[test]
    fn strategic_merge_removes_nulls_and_replaces_on_demand() {
        let object = json!({ "a": 1, "b": { "x": 1, "y": 2 }, "finalizers": ["one", "two"] });
        let patch = json!({
            "a": null, "b": { "$patch": "replace", "z": 3 },
            "$deleteFromPrimitiveList/finalizers": ["one"], "finalizers": ["three"],
        });
        assert_eq!(patched(object, patch), json!({ "b": { "z": 3 }, "finalizers": ["two", "three"] }));
    }

    #[test]
    fn patches_that_do_not_fit_are_refused() {
        let test = br#"[{"op":"test","path":"/a","value":2}]"#;
        assert_eq!(apply("application/json-patch+json", &mut json!({ "a": 1 }), test).unwrap_err().code, 422);
        assert_eq!(apply("text/plain", &mut json!({}), b"{}").unwrap_err().code, 415);
    }
}
