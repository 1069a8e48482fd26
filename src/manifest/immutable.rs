//! What the API server does not let change in an object that is there, so that it is said before anything is sent. The
//! rules were tried field by field on Kubernetes 1.36; the server has the last word.

mod job;
mod pod;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::merge::{Path, changed_paths};

/// A change that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Immutable {
    /// The field: `spec.template.spec.containers[0].image`.
    pub path: String,
    /// Why not, and when it could be: `only while the Job is suspended`.
    pub why: &'static str,
}

/// The parts of a change from `live` to `wanted` that the server would refuse now, or that would have no effect. `live`
/// has to have its status, and `wanted` to be the whole object: what a file leaves out to its default would seem removed.
/// Only Jobs and Pods have such rules here; empty for all other kinds.
pub fn refused(live: &Value, wanted: &Value) -> Vec<Immutable> {
    let Some(why_not) = rules(live) else { return Vec::new() };
    let changed = changed_paths(live, wanted).into_iter();
    changed.filter_map(|path| why_not(live, Some(wanted), &path).map(|why| immutable(&path, why))).collect()
}

/// The paths of an object that cannot be changed now, whatever to, each with the reason: the uppermost ones, of which
/// nothing can be changed. To be marked in an editor before anything is changed.
pub fn frozen_paths(live: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(why_not) = rules(live) {
        let spec = Path::default().field("spec");
        let is_frozen = |path: &Path| why_not(live, None, path);
        if let Some(why) = frozen(&live["spec"], &spec, &is_frozen, &mut found) {
            found.push(immutable(&spec, why));
        }
    }
    found.into_iter().map(|one| (one.path, one.why.to_owned())).collect()
}

/// Why a path of a live object cannot be changed to what is wanted, or to anything where that is None.
type Rules = fn(live: &Value, wanted: Option<&Value>, path: &Path) -> Option<&'static str>;

fn rules(live: &Value) -> Option<Rules> {
    match live["kind"].as_str()? {
        "Job" => Some(job::why_not),
        "Pod" => Some(pod::why_not),
        _ => None,
    }
}

fn immutable(path: &Path, why: &'static str) -> Immutable {
    Immutable { path: path.to_string(), why }
}

/// Why nothing in this value can be changed; None where something can, and then the parts that cannot are in `found`.
fn frozen(
    value: &Value,
    path: &Path,
    why_not: &impl Fn(&Path) -> Option<&'static str>,
    found: &mut Vec<Immutable>,
) -> Option<&'static str> {
    let inner: Vec<(Path, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (path.field(name), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(at, value)| (path.element(at, None), value)).collect(),
        _ => Vec::new(),
    };
    if inner.is_empty() {
        return why_not(path);
    }
    let verdicts: Vec<Option<&'static str>> =
        inner.iter().map(|(path, value)| frozen(value, path, why_not, found)).collect();
    // Where something may be added, the whole is not frozen.
    let why = why_not(path);
    if why.is_some() && verdicts.iter().all(|verdict| *verdict == why) {
        return why;
    }
    found.extend(inner.iter().zip(verdicts).filter_map(|((path, _), why)| Some(immutable(path, why?))));
    None
}
