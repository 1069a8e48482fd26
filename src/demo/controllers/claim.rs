//! Claims: the volume controller binds those of the one storage class that the embedded cluster has, and says of others
//! that their class does not exist.

use serde_json::json;

use super::World;
use super::event::From;
use super::object::{text, uid};
use crate::model::clock::Time;

/// The storage class that there is.
const CLASS: &str = "standard";

/// A provisioner tries again after so many seconds.
const RETRY_SECONDS: i64 = 15;

/// Looks at a claim.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    let mut claim = world.store.get(path)?.clone();
    if claim["status"]["phase"] == "Bound" {
        return None;
    }
    let class = claim["spec"]["storageClassName"].as_str().unwrap_or(CLASS).to_owned();
    if class == CLASS {
        claim["spec"]["volumeName"] = json!(format!("pvc-{}", uid(&claim)));
        let storage = claim["spec"]["resources"]["requests"]["storage"].clone();
        let modes = claim["spec"]["accessModes"].clone();
        claim["status"] = json!({ "phase": "Bound", "accessModes": modes, "capacity": { "storage": storage } });
        world.update(path, claim);
        return None;
    }
    claim["status"]["phase"] = json!("Pending");
    world.update(path, claim.clone());
    let note = format!("storageclass.storage.k8s.io \"{}\" not found", text(&json!(class)));
    world.event(&claim, From::Controller("persistentvolume-controller"), "Warning", "ProvisioningFailed", &note);
    Some(world.now.plus_seconds(RETRY_SECONDS))
}
