//! Why a claim has none of the volumes that are there already: each volume of its class with what is wrong with it, as the
//! controller looks at them (`pkg/volume/util`, `FindMatchingVolume`). [`super::volumes`] asks; where volumes may not be
//! listed nothing is said.

use serde_json::Value;

use super::super::Case;
use crate::model::claim::Claim;
use crate::model::event::Event;
use crate::model::resources::Quantity;
use crate::triage::grammar::near;

/// So many volumes are named.
const NAMED: usize = 3;

/// Why none of the volumes that are there is the claim's, as a clause, and what helps; `said` is the newest word about the
/// claim. None where there is none of its class and a provisioner is to make one, and where one fits.
pub(super) fn why(case: &Case<'_>, claim: &Claim, said: Option<&Event>) -> Option<(String, String)> {
    let (name, namespace) = (claim.meta.name.as_str(), claim.meta.namespace.as_str());
    // All that may be looked at is asked for at once.
    let volumes = case.found("v1", "PersistentVolume", "", "");
    let object = case.found("v1", "PersistentVolumeClaim", namespace, name);
    let classes = case.found("storage.k8s.io/v1", "StorageClass", "", "");
    let (volumes, spec) = (volumes?.as_array()?, &object?["spec"]);
    let name_of = |volume: &Value| volume["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if let Some(wanted) = spec["volumeName"].as_str().filter(|wanted| !wanted.is_empty()) {
        let Some(volume) = volumes.iter().find(|volume| volume["metadata"]["name"] == wanted) else {
            let why = format!("it names volume {wanted} (volumeName), which does not exist");
            return Some((why, format!("create persistentvolume/{wanted}, or claim {name} anew without volumeName")));
        };
        let why = format!("it names volume {wanted} (volumeName), which {}", obstacle(volume, claim, spec)?);
        if let Some(free) = freed(volume, claim, spec) {
            return Some((why, free));
        }
        return Some((why, format!("make volume {wanted} fit, or claim {name} anew without volumeName")));
    }
    let class = claim.class.as_deref().unwrap_or_default();
    let of_class =
        || volumes.iter().filter(|one| one["spec"]["storageClassName"].as_str().unwrap_or_default() == class);
    let told: Option<Vec<String>> =
        of_class().map(|one| Some(format!("{} {}", name_of(one), obstacle(one, claim, spec)?))).collect();
    let told = told?;
    if told.is_empty() {
        return nobody_makes_one(claim, class, said, classes?.as_array()?);
    }
    let more = told.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let of = if class.is_empty() { "without a class".to_owned() } else { format!("of class {class}") };
    let why = format!("no volume {of} fits it: {}{more}", told[..told.len().min(NAMED)].join("; "));
    let free = of_class().find_map(|volume| freed(volume, claim, spec));
    Some((
        why,
        free.unwrap_or_else(|| format!("make a volume that fits, or claim {name} anew so that one of these does")),
    ))
}

/// What a class names where its volumes are made by hand.
const BY_HAND: &str = "kubernetes.io/no-provisioner";

/// There is no volume of the class, and none is made: the class does not exist, or leaves it to people.
fn nobody_makes_one(claim: &Claim, class: &str, said: Option<&Event>, classes: &[Value]) -> Option<(String, String)> {
    let name = claim.meta.name.as_str();
    if class.is_empty() {
        return None;
    }
    if let Some(there) = classes.iter().find(|one| one["metadata"]["name"] == class) {
        let why = format!("there is no volume of class {class}, and its provisioner {BY_HAND} makes none");
        return (there["provisioner"] == BY_HAND).then(|| (why, format!("make a volume of class {class} that fits")));
    }
    // The controller says so of such a claim again and again.
    said.filter(|event| event.note.contains("not found"))?;
    let mut names: Vec<&str> = classes.iter().filter_map(|one| one["metadata"]["name"].as_str()).collect();
    names.sort_unstable();
    let has = match names.is_empty() {
        true => "the cluster has none".to_owned(),
        false => format!("there are {}", names.join(", ")),
    };
    let cure = match near(class, names.into_iter()) {
        Some(near) => format!("delete claim {name} and create it anew with storage class {near}"),
        None => format!("create claim {name} anew with a storage class that there is, or create storage class {class}"),
    };
    Some((format!("storage class {class} does not exist ({has})"), cure))
}

/// What helps where a volume is kept from the claim by one alone that is gone.
fn freed(volume: &Value, claim: &Claim, wanted: &Value) -> Option<String> {
    if volume["status"]["phase"] != "Released" || unfit(volume, claim, wanted).is_some() {
        return None;
    }
    let name = volume["metadata"]["name"].as_str()?;
    Some(format!(
        "free volume {name}, where its data may be used again: kubectl patch persistentvolume {name} -p \
         '{{\"spec\":{{\"claimRef\":null}}}}'"
    ))
}

/// What keeps a volume from a claim; None where nothing does.
fn obstacle(volume: &Value, claim: &Claim, wanted: &Value) -> Option<String> {
    held(volume, claim).or_else(|| unfit(volume, claim, wanted))
}

/// The other claim that has the volume.
fn held(volume: &Value, claim: &Claim) -> Option<String> {
    let holder = &volume["spec"]["claimRef"];
    let (other, namespace) = (holder["name"].as_str()?, holder["namespace"].as_str().unwrap_or_default());
    let left = if volume["status"]["phase"] == "Released" { ", which is gone (Released)" } else { "" };
    if *namespace != *claim.meta.namespace || *other != *claim.meta.name {
        return Some(format!("belongs to claim {other} in namespace {namespace}{left}"));
    }
    // A claim that is made anew by the same name is another one.
    (!left.is_empty()).then(|| format!("still belongs to an earlier claim {other}{left}"))
}

/// What of a volume does not fit a claim, whoever has it; None where nothing does.
fn unfit(volume: &Value, claim: &Claim, wanted: &Value) -> Option<String> {
    let spec = &volume["spec"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if !volume["metadata"]["deletionTimestamp"].is_null() {
        return Some("is being deleted".to_owned());
    }
    let size = spec["capacity"]["storage"].as_str().and_then(Quantity::parse)?;
    if size < claim.requested {
        return Some(format!("has {}, and it asks for {}", size.words(), claim.requested.words()));
    }
    let modes: Vec<&str> = spec["accessModes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(mode) = claim.access_modes.iter().find(|mode| !modes.contains(&mode.as_str())) {
        return Some(format!("allows {}, and it asks for {mode}", modes.join(", ")));
    }
    let mode = |spec: &Value| text(&spec["volumeMode"]).unwrap_or_else(|| "Filesystem".to_owned());
    if mode(spec) != mode(wanted) {
        return Some(format!("has volumeMode {}, and it asks for {}", mode(spec), mode(wanted)));
    }
    let labels = wanted["selector"]["matchLabels"].as_object().into_iter().flatten();
    let missing = labels.into_iter().find(|(key, value)| volume["metadata"]["labels"][key.as_str()] != **value);
    missing.map(|(key, value)| {
        format!("lacks label {key}={}, which the claim selects", value.as_str().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::scene::{event, found, unplaced, with};

    fn told(volumes: &[Value], claim: Value) -> String {
        let mut objects =
            unplaced("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found");
        let volume = json!([{ "name": "v", "persistentVolumeClaim": { "claimName": "data" } }]);
        objects[0]["spec"]["template"]["spec"]["volumes"] = volume.clone();
        objects[1]["spec"]["volumes"] = volume;
        objects.push(with(
            json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "data", "namespace": "batch" },
                "spec": {
                    "storageClassName": "nfs", "accessModes": ["ReadWriteOnce"],
                    "resources": { "requests": { "storage": "5Gi" } },
                },
                "status": { "phase": "Pending" },
            }),
            claim,
        ));
        objects.extend_from_slice(volumes);
        found(&objects).remove(0).verdict
    }

    fn volume(name: &str, more: Value) -> Value {
        with(
            json!({
                "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": name },
                "spec": { "storageClassName": "nfs", "accessModes": ["ReadWriteOnce"], "capacity": { "storage": "10Gi" } },
            }),
            more,
        )
    }

    #[test]
    fn each_volume_that_is_there_is_told_with_why_it_does_not_fit() {
        let of = |more: Value, claim: Value| told(&[volume("pv-1", more)], claim);
        for (more, claim, words) in [
            (json!({ "spec": { "capacity": { "storage": "1Gi" } } }), json!({}), "pv-1 has 1Gi, and it asks for 5Gi"),
            (
                json!({}),
                json!({ "spec": { "accessModes": ["ReadWriteMany"] } }),
                "pv-1 allows ReadWriteOnce, and it asks for ReadWriteMany",
            ),
            (
                json!({ "spec": { "claimRef": { "namespace": "x", "name": "old" } }, "status": { "phase": "Released" } }),
                json!({}),
                "pv-1 belongs to claim old in namespace x, which is gone (Released)",
            ),
            (
                json!({
                    "spec": { "claimRef": { "namespace": "batch", "name": "data", "uid": "old" } },
                    "status": { "phase": "Released" },
                }),
                json!({}),
                "pv-1 still belongs to an earlier claim data, which is gone (Released)",
            ),
            (
                json!({}),
                json!({ "spec": { "selector": { "matchLabels": { "tier": "gold" } } } }),
                "pv-1 lacks label tier=gold",
            ),
            (
                json!({}),
                json!({ "spec": { "volumeName": "pv-9" } }),
                "names volume pv-9 (volumeName), which does not exist",
            ),
            (json!({}), json!({ "spec": { "volumeMode": "Block" } }), "pv-1 has volumeMode Filesystem"),
        ] {
            let verdict = of(more, claim);
            assert!(verdict.contains(words), "{verdict}");
        }
        let verdict = of(json!({ "spec": { "storageClassName": "other" } }), json!({}));
        assert!(!verdict.contains("pv-1"), "{verdict}");
        let note = "storageclass.storage.k8s.io \"nfs\" not found";
        let verdict = told(&[event("PersistentVolumeClaim", "data", "ProvisioningFailed", note)], json!({}));
        assert!(verdict.contains("storage class nfs does not exist (the cluster has none)"), "{verdict}");
        let class = |provisioner: &str| {
            json!({
                "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "nfs" },
                "provisioner": provisioner,
            })
        };
        let verdict = told(&[class("kubernetes.io/no-provisioner")], json!({}));
        assert!(verdict.contains("there is no volume of class nfs, and its provisioner"), "{verdict}");
        let verdict = told(&[class("nfs.csi.k8s.io")], json!({}));
        assert!(verdict.contains("nobody has made one"), "{verdict}");
        let verdict = of(json!({}), json!({}));
        assert!(!verdict.contains("pv-1"), "it fits, and will be the claim's: {verdict}");
    }
}
