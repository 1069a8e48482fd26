//! What can be done to any object, and to Pods.

use serde_json::{Map, Value, json};

use super::plan::{Deed, Scene};
use super::{Action, Argument, CommandSpec, Scope, Write, batch};
use crate::model::key::{Kind, ObjectKey};
use crate::model::meta::Meta;
use crate::model::mutation::{Cascade, Change, Mutation};
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;

/// Commands for any object.
pub(super) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        id: "object.delete",
        title: "delete",
        help: "Deletes the marked objects, or the one under the cursor, with what they own.",
        keys: &["ctrl-d"],
        words: &["delete", "rm"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Write::Delete),
        footer: Some(88),
    },
    CommandSpec {
        id: "object.undo",
        title: "undo",
        help: "Plans the opposite of the last change: the value before, or the object as it was, a Job suspended.",
        keys: &["u"],
        words: &["undo"],
        scope: Scope::Panes,
        argument: Argument::None,
        action: Action::Undo,
        footer: None,
    },
    CommandSpec {
        id: "pod.evict",
        title: "evict",
        help: "Deletes Pods where their disruption budgets allow it.",
        keys: &["alt-v"],
        words: &["evict"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Write::Evict),
        footer: None,
    },
    CommandSpec {
        id: "object.label",
        title: "label",
        help: "Sets labels: KEY=VALUE, and KEY- takes one away.",
        keys: &["alt-l"],
        words: &["label"],
        scope: Scope::Lists,
        argument: Argument::Text("KEY=VALUE… KEY-…"),
        action: Action::Write(Write::Label),
        footer: None,
    },
    CommandSpec {
        id: "object.annotate",
        title: "annotate",
        help: "Sets annotations: KEY=VALUE, and KEY- takes one away.",
        keys: &["alt-a"],
        words: &["annotate"],
        scope: Scope::Lists,
        argument: Argument::Text("KEY=VALUE… KEY-…"),
        action: Action::Write(Write::Annotate),
        footer: None,
    },
    CommandSpec {
        id: "job.clean",
        title: "clean up",
        help: "Deletes ended Jobs: finished, failed or complete ones, older than a time, all but the newest, by label.",
        keys: &["alt-k"],
        words: &["clean"],
        scope: Scope::Lists,
        argument: Argument::Text("finished|failed|complete [older=7d] [keep=3] [KEY=VALUE]"),
        action: Action::Write(Write::Clean),
        footer: None,
    },
];

/// An object's name and metadata.
pub(super) fn meta_of<'a>(target: Subject, scene: Scene<'a>) -> Result<(ObjectKey, &'a Meta), String> {
    let meta = scene.snapshot.meta_of(target).ok_or("the object is gone")?;
    Ok((ObjectKey { kind: target.kind, namespace: meta.namespace.clone(), name: meta.name.clone() }, meta))
}

/// An object that is not being deleted.
pub(super) fn undeleted<'a>(target: Subject, scene: Scene<'a>) -> Result<(ObjectKey, &'a Meta), String> {
    let (key, meta) = meta_of(target, scene)?;
    if meta.deleted.is_some() { Err(format!("{key} is being deleted already")) } else { Ok((key, meta)) }
}

/// A Pod that is not being deleted.
pub(super) fn pod_of(target: Subject, scene: Scene<'_>) -> Result<ObjectKey, String> {
    match target.kind {
        Kind::Pod => undeleted(target, scene).map(|(key, _)| key),
        _ => Err("it works on Pods".into()),
    }
}

/// Deletes, with what it owns.
pub(super) fn delete(target: Subject, scene: Scene<'_>) -> Result<Deed, String> {
    let (key, _) = undeleted(target, scene)?;
    let cascade = Cascade::default();
    let effect = deletion(target, &key, cascade, scene.snapshot);
    Ok(Deed::new(key, Change::Delete(cascade), effect).dangerous(true))
}

/// What a deletion does to an object that is known and to what it owns, in a sentence; None for other writes, and where
/// the object is not known.
pub(super) fn effect_of_deletion(mutation: &Mutation, scene: Scene<'_>) -> Option<String> {
    let Change::Delete(cascade) = mutation.change else { return None };
    let target = Subject { kind: mutation.target.known()?, uid: mutation.uid? };
    let (key, _) = meta_of(target, scene).ok()?;
    Some(deletion(target, &key, cascade, scene.snapshot))
}

fn deletion(target: Subject, key: &ObjectKey, cascade: Cascade, snapshot: &Snapshot) -> String {
    let is_orphaning = cascade == Cascade::Orphan;
    match target.kind {
        Kind::Job => {
            let running = snapshot.jobs.get(target.uid).map_or(0, |job| batch::running(job, snapshot));
            let pods = batch::pods(running);
            match is_orphaning {
                true => format!("{key} is deleted WITHOUT {pods}, which nobody owns then"),
                false => format!("{key} is deleted with {pods} and the logs"),
            }
        }
        Kind::CronJob => match (snapshot.jobs_of(target.uid).len(), is_orphaning) {
            (0, _) => format!("{key} is deleted; it has no Jobs"),
            (1, true) => format!("{key} is deleted WITHOUT its Job, which nobody owns then"),
            (many, true) => format!("{key} is deleted WITHOUT its {many} Jobs, which nobody owns then"),
            (1, false) => format!("{key} is deleted with its Job, its pods and their logs"),
            (many, false) => format!("{key} is deleted with its {many} Jobs, their pods and logs"),
        },
        Kind::Pod => {
            let is_running = snapshot.pods.get(target.uid).is_some_and(|pod| !pod.is_finished());
            match is_running {
                true => format!("{key} is deleted with its log; its Job starts another one where it still may"),
                false => format!("{key} is deleted with its log"),
            }
        }
        _ => format!("{key} is deleted"),
    }
}

/// Evicts a Pod.
pub(super) fn evict(target: Subject, scene: Scene<'_>) -> Result<Deed, String> {
    let key = pod_of(target, scene)?;
    let effect = format!("{key} is deleted with its log, if its disruption budgets allow it");
    Ok(Deed::new(key, Change::Evict, effect).dangerous(true))
}

/// Sets labels or annotations.
pub(super) fn label(field: &'static str, target: Subject, text: &str, scene: Scene<'_>) -> Result<Deed, String> {
    let (key, _) = meta_of(target, scene)?;
    let mut values = Map::new();
    for word in text.split_whitespace() {
        let (name, value) = match (word.split_once('='), word.strip_suffix('-')) {
            (Some((name, value)), _) => (name, json!(value)),
            (None, Some(name)) => (name, Value::Null),
            (None, None) => return Err(format!("{word:?} is neither KEY=VALUE nor KEY-")),
        };
        if name.is_empty() {
            return Err(format!("{word:?} has no key"));
        }
        values.insert(name.to_owned(), value);
    }
    if values.is_empty() {
        return Err("write KEY=VALUE, or KEY- to take one away".into());
    }
    let told: Vec<String> = values
        .iter()
        .map(|(name, value)| match value.as_str() {
            Some(value) => format!("{name}={value}"),
            None => format!("{name} taken away"),
        })
        .collect();
    let effect = format!("{key}: {field} {}", told.join(", "));
    Ok(Deed::merge(key, json!({ "metadata": { field: values } }), effect))
}
