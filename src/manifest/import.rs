//! Manifests of old or odd form made into what one edits: YAML of today, without what the server wrote. Where nothing is
//! to be done, nothing is done, and what can be done on lines keeps their comments.

mod clean;
mod mend;

use serde_json::Value;

use super::parse::{Document, parse};
use super::yaml::to_yaml;

/// A text as it is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// YAML of one or several documents; byte for byte what was given where nothing had to be done.
    pub text: String,
    /// What was done, a sentence each without its full stop; empty where nothing was.
    pub notes: Vec<String>,
}

/// Takes a manifest in: JSON is turned into YAML, a list into documents; what the server and the controllers wrote is
/// taken out of objects that were read from a cluster; versions that are gone become those of today; line ends, tabs
/// and marks are mended. What cannot be read is only mended.
pub fn import(text: &str) -> Imported {
    let mut notes = Vec::new();
    let mut text = mend::mend(text, &mut notes);
    if let Some(objects) = json(&text) {
        notes.push("JSON was turned into YAML".to_owned());
        text = joined(objects.iter().map(to_yaml));
    }
    // A list within a list is rare, one within that is no manifest.
    for _ in 0..2 {
        text = opened(&text, &mut notes).unwrap_or(text);
    }
    let text = clean::clean(&text, &mut notes);
    Imported { text, notes }
}

/// The objects of a text that is JSON: one, or several behind each other.
fn json(text: &str) -> Option<Vec<Value>> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let values: Vec<Value> = serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().ok()?;
    let objects = values.into_iter().flat_map(|value| match value {
        Value::Array(items) => items,
        one => vec![one],
    });
    Some(objects.collect())
}

pub(super) fn joined(documents: impl Iterator<Item = String>) -> String {
    documents.collect::<Vec<_>>().join("---\n")
}

/// The text with the items of its lists as documents; None where it has no lists.
fn opened(text: &str, notes: &mut Vec<String>) -> Option<String> {
    let parsed = parse(text);
    if !parsed.problems.is_empty() || !parsed.documents.iter().any(|one| items(&one.object).is_some()) {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut documents = Vec::new();
    for (at, document) in parsed.documents.iter().enumerate() {
        let next = parsed.documents.get(at + 1).map(|next| next.first_line);
        match items(&document.object) {
            Some(items) => {
                notes.push(format!("a list of {} became documents", items.len()));
                documents.extend(clean::items(&lines, document).unwrap_or_else(|| items.iter().map(to_yaml).collect()));
            }
            None => documents.push(own_lines(&lines, document, next)),
        }
    }
    Some(joined(documents.into_iter()))
}

/// The objects of a list, which is what `kubectl get` makes of several.
pub(super) fn items(object: &Value) -> Option<&Vec<Value>> {
    let is_list = object["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    object["items"].as_array().filter(|_| is_list)
}

/// The lines of one document among several, with the comments above it.
pub(super) fn own_lines(lines: &[&str], document: &Document, next: Option<usize>) -> String {
    let is_mark = |line: &&str| line.starts_with("---");
    let first = lines[..document.first_line].iter().rposition(is_mark).map_or(0, |at| at + 1);
    let last = next.unwrap_or(lines.len());
    let end = lines[document.first_line..last].iter().position(is_mark).map_or(last, |at| document.first_line + at);
    lines[first..end].iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests;
