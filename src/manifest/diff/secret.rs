//! What is shown of Secrets in a difference: which values changed, never a value.

use serde_json::{Value, json};

use crate::manifest::object::{hide_secrets, tidy};

/// The objects before, as sent, and after, tidy and without the values of Secrets. In their place stands how long they
/// are, and that they changed.
pub(super) fn hidden(before: Option<&Value>, sent: Option<&Value>, after: Option<&Value>) -> [Option<Value>; 3] {
    let is_secret = [before, sent, after].into_iter().flatten().any(|object| object["kind"] == "Secret");
    let mut shown = [before, sent, after].map(|object| {
        let mut object = tidy(object?);
        hide_secrets(&mut object);
        Some(object)
    });
    if is_secret {
        for (shown, object) in shown.iter_mut().zip([before, sent, after]) {
            if let (Some(shown), Some(object)) = (shown, object) {
                describe(shown, object, before);
            }
        }
        let [_, sent, after] = &mut shown;
        if let (Some(sent), Some(after)) = (sent, after) {
            take_texts_as_data(sent, after);
        }
    }
    shown
}

/// Puts in place of each value what may be known of it.
fn describe(shown: &mut Value, object: &Value, before: Option<&Value>) {
    for field in ["data", "stringData"] {
        for (name, value) in object[field].as_object().into_iter().flatten() {
            let is_changed = before.and_then(|before| before[field].get(name)).is_some_and(|old| old != value);
            let text = value.as_str().unwrap_or_default();
            let bytes = if field == "data" { decoded_length(text) } else { text.len() };
            let plural = if bytes == 1 { "" } else { "s" };
            let changed = if is_changed { "changed, " } else { "" };
            shown[field][name] = json!(format!("(hidden, {changed}{bytes} byte{plural})"));
        }
    }
}

/// Bytes that a base64 text stands for.
fn decoded_length(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace() && *c != '=').count() * 3 / 4
}

/// The server stores `stringData` as `data`: who sends the one has asked for the other.
fn take_texts_as_data(sent: &mut Value, after: &Value) {
    let Some(fields) = sent.as_object_mut() else { return };
    let texts = fields.remove("stringData");
    let Some(data) = fields.entry("data").or_insert_with(|| json!({})).as_object_mut() else { return };
    for name in texts.iter().filter_map(Value::as_object).flat_map(|texts| texts.keys()) {
        if let Some(stored) = after["data"].get(name) {
            data.insert(name.clone(), stored.clone());
        }
    }
}
