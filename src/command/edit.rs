//! An object that was edited as text, and a Job that is made with other values: what of it is sent.

use serde_json::Value;

use super::Write;
use super::plan::{Plan, Refusal, Scene, plan, read_only};
use crate::manifest::object::tidy;
use crate::manifest::{assign, immutable, merge};
use crate::model::key::{ObjectKey, Uid};
use crate::model::mutation::{Address, Change, Mutation, Verb};
use crate::model::owner::Subject;

/// What is done to an object that was edited.
const EDIT: Verb = Verb { plain: "change", doing: "changing", done: "changed" };

/// Plans to send what differs between an object and its edited text, on the version that was edited.
///
/// # Errors
/// Where the text is not one object, another one, or the same as before; read-only.
pub fn edited(key: &ObjectKey, uid: Uid, live: &Value, objects: Vec<Value>, scene: Scene<'_>) -> Result<Plan, Refusal> {
    if scene.is_read_only {
        return Err(read_only());
    }
    let mut objects = objects.into_iter();
    let (Some(wanted), None) = (objects.next(), objects.next()) else {
        return Err(Refusal(format!("the text must be {key} and nothing else; :new applies several objects")));
    };
    let (before, target) = (tidy(live), Address::from(key.clone()));
    if Address::of(&wanted).as_ref() != Some(&target) {
        return Err(Refusal(format!(
            "it is not {key} any more: kind, name and namespace cannot be changed by an edit"
        )));
    }
    let patch = merge::patch(&before, &wanted);
    let paths = merge::changed_paths(&before, &wanted);
    if paths.is_empty() {
        return Err(Refusal("nothing was changed".into()));
    }
    let mut whole = live.clone();
    json_patch::merge(&mut whole, &patch);
    let frozen = immutable::refused(live, &whole);
    let warnings = frozen.into_iter().map(|one| format!("{}: {}", one.path, one.why)).collect();
    let version = live["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    let mut named: Vec<String> = paths.iter().map(ToString::to_string).take(4).collect();
    if paths.len() > named.len() {
        named.push(format!("{} more fields", paths.len() - named.len()));
    }
    Ok(Plan {
        verb: EDIT,
        targets: target.to_string(),
        namespaces: vec![key.namespace.to_string()],
        effects: vec![format!("{key} gets other values: {}", named.join(", "))],
        warnings,
        is_dangerous: false,
        mutations: vec![Mutation { verb: EDIT, target, uid: Some(uid), change: Change::Merge { patch, version } }],
    })
}

/// Plans changes in a line of text ([`assign`]): of the Job that a command makes from an object, else of the object itself.
///
/// # Errors
/// Where the text cannot be read or does not fit, and as [`edited`] and [`made_with_form`].
pub fn changed(
    write: Option<Write>,
    (key, uid): (&ObjectKey, Uid),
    live: &Value,
    changes: &str,
    scene: Scene<'_>,
) -> Result<Plan, Refusal> {
    let wanted = assign(live, changes).map_err(Refusal)?.object;
    match write {
        Some(write) => made_with_form(write, Subject { kind: key.kind, uid }, merge::patch(live, &wanted), scene),
        None => edited(key, uid, live, vec![tidy(&wanted)], scene),
    }
}

/// Plans a Job that is made from a Job or a CronJob with other values: `patch` is what differs in the object that it is
/// made from.
///
/// # Errors
/// Where it cannot be made.
pub fn made_with_form(write: Write, target: Subject, patch: Value, scene: Scene<'_>) -> Result<Plan, Refusal> {
    let mut plan = plan(write, &[target], "", scene)?;
    for mutation in &mut plan.mutations {
        match &mut mutation.change {
            Change::Rerun { patch: differs, .. } => *differs = patch.clone(),
            // The Job is what the CronJob has as its template.
            Change::Trigger { patch: differs, .. } => *differs = patch["spec"]["jobTemplate"].clone(),
            _ => {}
        }
    }
    for effect in &mut plan.effects {
        effect.push_str(", with the changes below");
    }
    Ok(plan)
}
