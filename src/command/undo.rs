//! The opposite of what was written last: the values before, or the object as it was.

use serde_json::{Value, json};

use super::plan::{Plan, Refusal, Scene, read_only};
use crate::manifest::object::tidy;
use crate::manifest::{merge, rerun};
use crate::model::journal::Entry;
use crate::model::key::{Kind, Uid};
use crate::model::mutation::{Cascade, Change, Mutation, Verb};
use crate::model::owner::Subject;

const VERB: Verb = Verb { plain: "undo", doing: "undoing", done: "undone:" };

/// Plans the opposite of the writes that were confirmed together last.
///
/// # Errors
/// Where nothing was written, in another context than this one, or what would have to come back was not kept.
pub fn undo(journal: &[Entry], context: &str, scene: Scene<'_>) -> Result<Plan, Refusal> {
    if scene.is_read_only {
        return Err(read_only());
    }
    let last = journal.last().ok_or_else(|| Refusal("nothing was changed since the program began".into()))?;
    if last.context != context {
        return Err(Refusal(format!("the last change was made in {}; :ctx goes there", last.context)));
    }
    let group: Vec<&Entry> = journal.iter().rev().take_while(|entry| entry.group == last.group).collect();
    let mut mutations = Vec::new();
    let mut effects = Vec::new();
    let mut is_dangerous = false;
    for entry in &group {
        let (mutation, effect, loses) = opposite(entry, scene)?;
        mutations.push(mutation);
        effects.push(effect);
        is_dangerous |= loses;
    }
    let targets = match group[..] {
        [one] => format!("what {} {}", one.done, one.target),
        _ => format!("what {} {} {}s", last.done, group.len(), last.target.kind),
    };
    let mut namespaces: Vec<String> = group.iter().map(|entry| entry.target.namespace.to_string()).collect();
    namespaces.sort();
    namespaces.dedup();
    Ok(Plan { verb: VERB, targets, namespaces, effects, warnings: Vec::new(), is_dangerous, mutations })
}

/// What takes a write back, what it does in words, and whether something is lost by it.
fn opposite(entry: &Entry, scene: Scene<'_>) -> Result<(Mutation, String, bool), Refusal> {
    let target = entry.target.clone();
    let is_secret = target.kind == "Secret" && target.api_version == "v1";
    if is_secret && entry.before.is_some() {
        return Err(Refusal(format!("the values of {target} were not kept: secrets are never written down")));
    }
    let uid_before = entry.before.as_ref().map(|before| &before["metadata"]["uid"]);
    let uid_after = entry.after.as_ref().map(|after| &after["metadata"]["uid"]);
    let (change, uid, effect, loses) = match (&entry.before, &entry.after) {
        (Some(before), Some(after)) if uid_before == uid_after => {
            let patch = merge::patch(&tidy(after), &tidy(before));
            let effect = format!("{target} gets the values back that it had before");
            (Change::Merge { patch, version: None }, entry.uid, effect, false)
        }
        (Some(before), Some(_)) => {
            let effect = format!("{target} is deleted and made anew as it was before{}", paused(&target.kind));
            let object = Some(restored(before, scene));
            (Change::Replace { object, patch: json!({}) }, entry.uid, effect, true)
        }
        (Some(before), None) => {
            let effect = format!("{target} is made anew as it was{}", paused(&target.kind));
            (Change::Create(restored(before, scene)), None, effect, false)
        }
        (None, _) => (Change::Delete(Cascade::default()), entry.uid, format!("{target} is deleted again"), true),
    };
    Ok((Mutation { verb: VERB, target, uid, change }, effect, loses))
}

/// The object as it is made again. An owner that is gone by now would take it along at once.
fn restored(before: &Value, scene: Scene<'_>) -> Value {
    let mut object = rerun::restored(before);
    let is_there = |owner: &Value| {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        let kind = Kind::from_api(text("apiVersion"), text("kind"));
        kind.is_some_and(|kind| scene.snapshot.meta_of(Subject { kind, uid: Uid::new(text("uid")) }).is_some())
    };
    if let Some(owners) = object["metadata"]["ownerReferences"].as_array_mut() {
        owners.retain(is_there);
    }
    object
}

/// A Job's work must not be done twice because of a key.
fn paused(kind: &str) -> &'static str {
    if kind == "Job" { ", SUSPENDED: s resumes it" } else { "" }
}
