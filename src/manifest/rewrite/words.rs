//! Values as they are written into a text: in brackets, on a line, on lines of their own. `is_json` is for texts in which
//! all keys and words have quotes.

use serde_json::{Value, json};

use crate::manifest::parse::resolve;
use crate::manifest::to_yaml;

/// A value in brackets, on one line.
pub(super) fn flow(is_json: bool, value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(key, value)| format!("{}: {}", flow_key(is_json, key), flow(is_json, value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| flow(is_json, item)).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if !is_json && is_word(text) => text.clone(),
        _ => value.to_string(),
    }
}

/// A key in brackets.
pub(super) fn flow_key(is_json: bool, key: &str) -> String {
    if is_word(key) && !is_json { key.to_owned() } else { json!(key).to_string() }
}

/// Whether a text means itself wherever it stands without quotes.
fn is_word(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_./-".contains(letter);
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric() || "_/".contains(letter))
        && text.chars().all(is_letter)
        && resolve(text).is_string()
}

/// Whether it is a map or a list with something in it.
pub(super) fn is_filled(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// A value on one line, in the quotes that the one before had.
pub(super) fn plain(value: &Value, quote: Option<char>) -> String {
    match (value.as_str(), quote) {
        (Some(text), Some('\'')) if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
        (Some(_), Some(_)) => value.to_string(),
        _ => {
            let text = to_yaml(value);
            let text = text.trim_end();
            if text.contains('\n') { value.to_string() } else { text.to_owned() }
        }
    }
}

/// Lines with this many blanks before each.
pub(super) fn indented(text: &str, column: usize) -> String {
    let blanks = " ".repeat(column);
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{blanks}{line}\n") }).collect()
}
