//! The controllers of the embedded cluster: what turns objects into a living cluster as time goes on.
//!
//! Like the real ones they hang on a work queue: a change to an object queues it and its owner, and a controller that
//! has looked at an object says when it wants to look again. Time comes with [`Controllers::step`] and stands still in
//! between, so that the same objects, seed and times always give the same cluster, however often it is stepped.
//! Called by [`super::story`] (and by a task each second); it never asks the clock.

mod behaviour;
mod claim;
mod create;
mod cronjob;
mod event;
mod garbage;
mod job;
mod kubelet;
mod object;
pub(super) mod quota;
mod scheduler;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::store::{Store, path_of};
use crate::model::clock::Time;
pub(super) use behaviour::seconds;
pub(super) use create::apply;
use object::{controller, is_deleting, is_pod_ended, items, name, namespace, text};
pub(super) use object::{lot, stamp};

/// The work queue and what the controllers remember between two looks.
#[derive(Debug)]
pub(super) struct Controllers {
    /// What is to be looked at, and when; each path once.
    queue: BTreeSet<(Time, String)>,
    due: BTreeMap<String, Time>,
    memory: Memory,
    /// The version of the newest change that was taken in.
    seen: u64,
    /// The moment that the controllers have come to.
    at: Time,
    /// Decides what is drawn by lot: names, durations.
    seed: u64,
}

/// What the real components keep in their memory and lose at a restart.
#[derive(Debug, Default)]
struct Memory {
    /// Failed tries of something (creating pods, pulling an image), by what was tried.
    tries: BTreeMap<String, Tries>,
    /// Pods that no node could take, and why: they are tried again when something happened that may help.
    unplaced: BTreeMap<String, String>,
    /// Pods that hold something on each node.
    placed: BTreeMap<String, BTreeSet<String>>,
    /// Pods whose containers write logs.
    writing: BTreeSet<String>,
}

/// A row of failed tries.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tries {
    count: u32,
    /// When the last one failed.
    failed: Time,
    /// Not to be tried again before.
    until: Time,
}

/// One look of a controller at the cluster.
struct World<'a> {
    store: &'a mut Store,
    memory: &'a mut Memory,
    now: Time,
    seed: u64,
}

impl Controllers {
    /// Controllers that have seen nothing yet.
    pub(super) fn new(seed: u64, start: Time) -> Self {
        Self { queue: BTreeSet::new(), due: BTreeMap::new(), memory: Memory::default(), seen: 0, at: start, seed }
    }

    /// Does everything that is due until `now`, each at its own time.
    pub(super) fn step(&mut self, store: &mut Store, now: Time) {
        // What others changed since the last step happened by now.
        self.take_in(store, now);
        while self.queue.first().is_some_and(|(due, _)| *due <= now) {
            let Some((due, path)) = self.queue.pop_first() else { break };
            self.due.remove(&path);
            self.at = self.at.max(due);
            let at = self.at;
            let mut world = World { store, memory: &mut self.memory, now: at, seed: self.seed };
            let again = sync(&mut world, &path);
            if let Some(again) = again {
                // Never at once again without a change: a controller that errs must not spin.
                self.enqueue(path, again.max(at.plus_seconds(1)));
            }
            self.take_in(store, at);
        }
        self.at = self.at.max(now);
        let mut world = World { store, memory: &mut self.memory, now, seed: self.seed };
        for path in world.memory.writing.clone() {
            kubelet::write_logs(&mut world, &path);
        }
    }

    /// Measures what everything uses now, for the metrics API.
    pub(super) fn measure(&mut self, store: &mut Store) {
        kubelet::measure(&mut World { store, memory: &mut self.memory, now: self.at, seed: self.seed });
    }

    /// Takes all that is in the store for seen, since the history of how it came there is about to be forgotten.
    pub(super) fn has_seen(&mut self, store: &Store) {
        self.seen = store.version();
    }

    /// Queues what has changed, its owner, and what may have waited for it.
    fn take_in(&mut self, store: &Store, at: Time) {
        let seen = std::mem::replace(&mut self.seen, store.version());
        let Some(changes) = store.changed_since(seen) else {
            // Forgotten changes: look at everything, as after a relist.
            self.memory.placed.clear();
            for object in store.under("/") {
                let path = path_of(object);
                self.memory.note_place(&path, object, false);
                self.enqueue(path, at);
            }
            return;
        };
        for (is_gone, object) in changes {
            let path = path_of(object);
            self.memory.note_place(&path, object, is_gone);
            self.enqueue(path, at);
            if let Some(owner) = controller(object).and_then(|owner| owner_path(owner, namespace(object))) {
                self.enqueue(owner, at);
            }
            if is_gone || is_deleting(object) {
                let dependants = garbage::dependants(store, object);
                dependants.into_iter().for_each(|path| self.enqueue(path, at));
            }
            self.wake(store, is_gone, object, at);
        }
    }

    /// A pod that ended or went frees room and quota; a node or a claim may be what a pod waits for.
    fn wake(&mut self, store: &Store, is_gone: bool, object: &Value, at: Time) {
        let kind = text(&object["kind"]);
        let is_freeing = kind == "Pod" && (is_gone || is_pod_ended(object));
        if kind == "Pod" {
            let quotas = store.under(&object::core_folder(namespace(object), "resourcequotas"));
            let quotas: Vec<String> = quotas.map(path_of).collect();
            quotas.into_iter().for_each(|path| self.enqueue(path, at));
        }
        let may_help = |why: &String| match kind {
            "Pod" => is_freeing && scheduler::frees(object, why),
            _ => matches!(kind, "Node" | "PersistentVolumeClaim"),
        };
        let unplaced = self.memory.unplaced.iter().filter(|(_, why)| may_help(why)).map(|(path, _)| path.clone());
        unplaced.collect::<Vec<_>>().into_iter().for_each(|path| self.enqueue(path, at));
    }

    fn enqueue(&mut self, path: String, at: Time) {
        match self.due.get(&path) {
            Some(due) if *due <= at => return,
            Some(due) => {
                self.queue.remove(&(*due, path.clone()));
            }
            None => {}
        }
        self.due.insert(path.clone(), at);
        self.queue.insert((at, path));
    }
}

impl Memory {
    /// Keeps the list of pods on each node.
    fn note_place(&mut self, path: &str, object: &Value, is_gone: bool) {
        let Some(node) = object["spec"]["nodeName"].as_str().filter(|_| object["kind"] == "Pod") else { return };
        let on_it = self.placed.entry(node.to_owned()).or_default();
        if is_gone || is_pod_ended(object) {
            on_it.remove(path);
        } else {
            on_it.insert(path.to_owned());
        }
    }
}

/// Lets the controllers of an object look at it; answers when they want to look again.
fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    if garbage::sync(world, path) {
        return None;
    }
    let object = world.store.get(path)?;
    match text(&object["kind"]) {
        "Job" => job::sync(world, path),
        "CronJob" => cronjob::sync(world, path),
        "Pod" if object["spec"]["nodeName"].is_null() => scheduler::sync(world, path),
        "Pod" => kubelet::sync(world, path),
        "Event" => event::sync(world, path),
        "ResourceQuota" => quota::sync(world, path),
        "PersistentVolumeClaim" => claim::sync(world, path),
        _ => None,
    }
}

/// Where an owner lies, of the kinds that control something here.
fn owner_path(owner: &Value, namespace: &str) -> Option<String> {
    let plural = match text(&owner["kind"]) {
        "Job" => "jobs",
        "CronJob" => "cronjobs",
        _ => return None,
    };
    Some(format!("{}{}", object::batch_folder(namespace, plural), text(&owner["name"])))
}

impl World<'_> {
    /// Stores the object where it differs from what is known.
    fn update(&mut self, path: &str, object: Value) {
        if self.store.get(path) != Some(&object) {
            self.store.put(object);
        }
    }

    /// The pods that a Job controls, in the order of their names.
    fn pods_of(&self, job: &Value) -> impl Iterator<Item = &Value> {
        let owner = object::uid(job).to_owned();
        let all = self.store.under(&object::core_folder(namespace(job), "pods"));
        all.filter(move |pod| object::is_controlled_by(pod, &owner))
    }

    /// Marks a pod as being deleted, for the kubelet to end it; one that is on no node goes at once. A `spared` pod is
    /// no longer tracked: it is not counted as a failure.
    fn delete_pod(&mut self, mut pod: Value, is_spared: bool) {
        if is_spared {
            remove_finalizer(&mut pod, job::TRACKING);
        }
        let path = format!("{}{}", object::core_folder(namespace(&pod), "pods"), name(&pod));
        if !is_deleting(&pod) {
            let grace = object::int(&pod["spec"]["terminationGracePeriodSeconds"], 30);
            pod["metadata"]["deletionTimestamp"] = object::stamp(self.now.plus_seconds(grace)).into();
            pod["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        }
        let is_idle = pod["spec"]["nodeName"].is_null() || is_pod_ended(&pod);
        if is_idle && items(&pod["metadata"]["finalizers"]).is_empty() {
            self.store.delete(&path);
        } else {
            self.update(&path, pod);
        }
    }

    /// Notes that a try failed: the next waits `first` seconds, doubled with each failure in a row, at most `most`.
    /// Answers when that is.
    fn failed(&mut self, key: &str, first: i64, most: i64) -> Time {
        let count = self.memory.tries.get(key).map_or(0, |tries| tries.count);
        let delay = first.saturating_mul(1 << count.min(16)).min(most);
        let until = self.now.plus_seconds(delay);
        self.memory.tries.insert(key.to_owned(), Tries { count: count + 1, failed: self.now, until });
        until
    }

    /// The row of failed tries, where the next one must still wait.
    fn waiting(&self, key: &str) -> Option<Tries> {
        self.memory.tries.get(key).copied().filter(|tries| tries.until > self.now)
    }
}

/// Removes a finalizer, and the list with the last one.
fn remove_finalizer(object: &mut Value, finalizer: &str) {
    let rest: Vec<Value> =
        items(&object["metadata"]["finalizers"]).iter().filter(|one| *one != finalizer).cloned().collect();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("finalizers");
        if !rest.is_empty() {
            metadata.insert("finalizers".into(), rest.into());
        }
    }
}
