//! Objects that were read from a cluster, without what the server and the controllers wrote; and versions of today.

use serde_json::Value;

use super::joined;
use crate::manifest::owned::{JOB_LABELS, LAST_APPLIED, METADATA};
use crate::manifest::parse::{Document, Form, Node, parse};
use crate::manifest::path::Path;
use crate::manifest::versions;
use crate::manifest::yaml::to_yaml;

/// The text with its documents cleaned; where nothing is to be cleaned, as it is.
pub(super) fn clean(text: &str, notes: &mut Vec<String>) -> String {
    let parsed = parse(text);
    let mut lines: Vec<Option<String>> = text.lines().map(|line| Some(line.to_owned())).collect();
    let mut is_shared = false;
    let mut is_changed = false;
    for document in &parsed.documents {
        is_changed |= upgrade(document, &mut lines, notes);
        let residue = residue(document);
        if residue.is_empty() {
            continue;
        }
        is_changed = true;
        let names: Vec<String> = residue.iter().map(|path| format!("`{path}`")).collect();
        notes.push(format!("{}: what the server wrote was left out: {}", named(document), names.join(", ")));
        is_shared |= !residue.iter().all(|path| remove_lines(document, path, &mut lines));
    }
    if !is_changed {
        return text.to_owned();
    }
    if is_shared && parsed.problems.is_empty() {
        notes.push("comments could not be kept".to_owned());
        return joined(parsed.documents.iter().map(|document| to_yaml(&cleaned(document))));
    }
    lines.into_iter().flatten().map(|line| line + "\n").collect()
}

/// Writes the version of today over one that is gone.
fn upgrade(document: &Document, lines: &mut [Option<String>], notes: &mut Vec<String>) -> bool {
    let object = &document.object;
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    let found = document.find(&Path::parse("apiVersion"));
    let (Some(removed), Some(found)) = (versions::removed(version, kind), found) else { return false };
    let Some(Some(line)) = lines.get_mut(found.value.line) else { return false };
    *line = line.replacen(version, removed.instead, 1);
    notes.push(format!("{}: `{version}` {}, it became `{}`", named(document), removed.since, removed.instead));
    true
}

/// The object's kind and name.
fn named(document: &Document) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = word(&document.object["metadata"]["name"]);
    format!("{} {name}", word(&document.object["kind"])).trim_end().to_owned()
}

/// The ways to everything that is not a person's.
fn residue(document: &Document) -> Vec<Path> {
    let object = &document.object;
    let mut found: Vec<Path> = Vec::new();
    let mut add = |parts: &[&str]| {
        let path = parts.iter().fold(Path::default(), |path, part| path.key(part));
        found.extend(document.find(&path).map(|_| path));
    };
    add(&["status"]);
    METADATA.iter().for_each(|field| add(&["metadata", field]));
    add(&["metadata", "annotations", LAST_APPLIED]);
    let inner: &[&[&str]] = match object["kind"].as_str() {
        Some("Job") => &[&["spec", "template"]],
        Some("CronJob") => &[&["spec", "jobTemplate"], &["spec", "jobTemplate", "spec", "template"]],
        _ => &[],
    };
    for place in inner {
        add(&[*place, &["metadata", "creationTimestamp"]].concat());
    }
    let is_generated = object["spec"]["selector"]["matchLabels"]
        .as_object()
        .is_some_and(|labels| labels.keys().any(|label| label.ends_with("controller-uid")));
    if object["kind"] == "Job" && object["spec"]["manualSelector"] != true {
        if is_generated {
            add(&["spec", "selector"]);
        }
        for label in JOB_LABELS {
            add(&["metadata", "labels", label]);
            add(&["spec", "template", "metadata", "labels", label]);
        }
    }
    whole_maps(object, found)
}

/// A map of which nothing is left goes as a whole.
fn whole_maps(object: &Value, mut paths: Vec<Path>) -> Vec<Path> {
    let mut at = 0;
    while at < paths.len() {
        let outer = Path(paths[at].0[..paths[at].0.len() - 1].to_vec());
        let size = pointed(object, &outer).and_then(Value::as_object).map_or(0, serde_json::Map::len);
        let is_inner = |path: &Path| path.0.len() == outer.0.len() + 1 && path.0.starts_with(&outer.0);
        if outer.0.len() > 1 && paths.iter().filter(|path| is_inner(path)).count() == size {
            paths.retain(|path| !is_inner(path));
            paths.push(outer);
            at = 0;
        } else {
            at += 1;
        }
    }
    paths
}

fn pointed<'a>(object: &'a Value, path: &Path) -> Option<&'a Value> {
    path.keys_from_end().collect::<Vec<_>>().into_iter().rev().try_fold(object, |value, key| value.get(key))
}

/// Takes out the lines of a field; false where it shares them with others.
fn remove_lines(document: &Document, path: &Path, lines: &mut [Option<String>]) -> bool {
    let Some(found) = document.find(path) else { return false };
    let Some(key) = found.key else { return false };
    let is_alone = |line: &Option<String>| {
        line.as_ref().is_some_and(|text| text.chars().take(key.column).all(|letter| letter == ' '))
    };
    if !lines.get(key.line).is_some_and(is_alone) {
        return false;
    }
    let end = lines.len().min(found.last_line + 1);
    lines[key.line..end].iter_mut().for_each(|line| *line = None);
    true
}

/// The object without its residue, and in today's version.
fn cleaned(document: &Document) -> Value {
    let mut object = document.object.clone();
    for path in residue(document) {
        let keys: Vec<&str> = path.keys_from_end().collect();
        let Some((last, outer)) = keys.split_first() else { continue };
        let map = outer.iter().rev().try_fold(&mut object, |value, key| value.get_mut(key));
        if let Some(map) = map.and_then(Value::as_object_mut) {
            map.remove(*last);
        }
    }
    let removed = versions::removed(object["apiVersion"].as_str().unwrap_or(""), object["kind"].as_str().unwrap_or(""));
    if let Some(removed) = removed {
        object["apiVersion"] = removed.instead.into();
    }
    object
}

/// The items of a list in the lines that they have, without their dashes; None where they do not stand one below the
/// other.
pub(super) fn items(lines: &[&str], document: &Document) -> Option<Vec<String>> {
    let Form::List(items) = &document.root.get("items")?.form else { return None };
    items.iter().map(|item| item_lines(lines, item)).collect()
}

fn item_lines(lines: &[&str], item: &Node) -> Option<String> {
    let column = item.place.column;
    let first = lines.get(item.place.line)?;
    let before = first.get(..column)?;
    if before.trim() != "-" {
        return None;
    }
    let rest = lines.get(item.place.line + 1..=item.last_line)?.iter().map(|line| match line.get(..column) {
        Some(indentation) if indentation.trim().is_empty() => Some(&line[column..]),
        // Comments may stand further to the left, and empty lines have no blanks.
        _ if line.trim().is_empty() || line.trim_start().starts_with('#') => Some(line.trim_start()),
        _ => None,
    });
    let all: Option<Vec<&str>> = std::iter::once(first.get(column..)).chain(rest).collect();
    Some(all?.join("\n") + "\n")
}
