//! The garbage collector: what belongs to an owner that is gone goes too, and an owner that waits for its dependants
//! (foreground) goes when they went. Deletions themselves are asked for by others, by their finalizers.

use serde_json::{Value, json};

use super::object::{batch_folder, controller, core_folder, is_deleting, items, namespace, text, uid};
use super::{World, job, owner_path, remove_finalizer};
use crate::demo::store::{Store, path_of};

/// The finalizer of a foreground deletion.
const FOREGROUND: &str = "foregroundDeletion";

/// The finalizer of a deletion that leaves its dependants.
const ORPHAN: &str = "orphan";

/// The paths of what names the object as an owner: Jobs and Pods of its namespace.
pub(super) fn dependants(store: &Store, owner: &Value) -> Vec<String> {
    let wanted = uid(owner);
    let folders = match text(&owner["kind"]) {
        "CronJob" => vec![batch_folder(namespace(owner), "jobs")],
        "Job" => vec![core_folder(namespace(owner), "pods")],
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for folder in folders {
        let all = store.under(&folder);
        let owned = all.filter(|one| items(&one["metadata"]["ownerReferences"]).iter().any(|it| it["uid"] == wanted));
        found.extend(owned.map(path_of));
    }
    found
}

/// Collects the object, where it is garbage or waits to go. Answers whether there is nothing more to do for it.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> bool {
    let Some(found) = world.store.get(path) else {
        world.memory.unplaced.remove(path);
        world.memory.writing.remove(path);
        world.memory.tries.retain(|key, _| key.split('#').next() != Some(path));
        return true;
    };
    let is_lost = has_lost_its_owner(world.store, found);
    if is_deleting(found) && is_left_untracked(world.store, found) {
        let mut pod = found.clone();
        remove_finalizer(&mut pod, job::TRACKING);
        world.update(path, pod);
        return false;
    }
    if !is_deleting(found) && !is_lost {
        return false;
    }
    let object = found.clone();
    let has = |finalizer: &str| items(&object["metadata"]["finalizers"]).iter().any(|one| one == finalizer);
    if !is_deleting(&object) {
        delete(world, path, object);
        return true;
    }
    if is_deleting(&object) && has(ORPHAN) {
        for dependant in dependants(world.store, &object) {
            release(world, &dependant, uid(&object));
        }
        finish(world, path, object, ORPHAN);
        return true;
    }
    if is_deleting(&object) && has(FOREGROUND) {
        let left = dependants(world.store, &object);
        if left.is_empty() {
            finish(world, path, object, FOREGROUND);
            return true;
        }
        for dependant in left {
            let Some(one) = world.store.get(&dependant).filter(|one| !is_deleting(one)).cloned() else { continue };
            delete(world, &dependant, one);
        }
    }
    false
}

/// Deletes an object in the background, pods by way of the kubelet.
pub(super) fn delete(world: &mut World<'_>, path: &str, object: Value) {
    if object["kind"] == "Pod" {
        world.delete_pod(object, true);
    } else {
        world.store.delete(path);
    }
}

/// Marks an object as being deleted in the foreground: it goes after its dependants.
pub(super) fn delete_in_foreground(world: &mut World<'_>, mut object: Value) {
    object["metadata"]["deletionTimestamp"] = json!(super::object::stamp(world.now));
    object["metadata"]["deletionGracePeriodSeconds"] = json!(0);
    object["metadata"]["finalizers"] = json!([FOREGROUND]);
    world.store.put(object);
}

/// Whether a pod that goes is still marked as tracked while no Job counts it any more: its Job is gone, goes, or came to
/// its end. The Job controller takes the mark away then.
fn is_left_untracked(store: &Store, pod: &Value) -> bool {
    let is_tracked = items(&pod["metadata"]["finalizers"]).iter().any(|one| one == job::TRACKING);
    let owner = controller(pod).and_then(|owner| store.get(&owner_path(owner, namespace(pod))?));
    is_tracked && owner.is_none_or(|job| is_deleting(job) || job::is_finished(job))
}

/// Whether every owner that it names is gone; another object of the same name is not its owner.
fn has_lost_its_owner(store: &Store, object: &Value) -> bool {
    let owners = items(&object["metadata"]["ownerReferences"]);
    let is_there = |owner: &Value| {
        // An owner of a kind that is not known here is taken to be there.
        owner_path(owner, namespace(object))
            .is_none_or(|path| store.get(&path).is_some_and(|found| found["metadata"]["uid"] == owner["uid"]))
    };
    !owners.is_empty() && !owners.iter().any(is_there)
}

fn release(world: &mut World<'_>, path: &str, owner: &str) {
    let Some(mut object) = world.store.get(path).cloned() else { return };
    let owners = object["metadata"]["ownerReferences"].take();
    let rest: Vec<Value> = items(&owners).iter().filter(|one| one["uid"] != owner).cloned().collect();
    object["metadata"]["ownerReferences"] = rest.into();
    world.update(path, object);
}

fn finish(world: &mut World<'_>, path: &str, mut object: Value, finalizer: &str) {
    remove_finalizer(&mut object, finalizer);
    if items(&object["metadata"]["finalizers"]).is_empty() {
        world.store.delete(path);
    } else {
        world.update(path, object);
    }
}
