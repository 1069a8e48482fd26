//! Pods that wait for a volume: the claim does not exist, is not bound, or its volume is in another place or in use.

use serde_json::Value;

use super::super::Case;
use super::super::case::{of_event, of_field};
use super::super::finding::{Confidence, Evidence, Finding, Fix, RuleId, Severity};
use super::super::grammar::{Pattern, near};
use super::super::mend::{Changes, POD, mend};
use super::super::outcome::many;
use super::super::starting::newest_failure;
use super::message::{Message, Topic};
use super::nodes::{Sight, misses_of_terms, words};
use super::{Scene, neighbours, unfit};
use crate::model::claim::Claim;
use crate::model::event::Event;
use crate::model::key::Kind;
use crate::model::pod::Pod;

/// `persistentvolumeclaim "data" not found`, `… is being deleted`
/// (`pkg/scheduler/framework/plugins/volumebinding/volume_binding.go`).
pub(super) static MISSING: Pattern =
    Pattern::new(r#"persistentvolumeclaim "(?<claim>[^"]+)" (?<how>not found|is being deleted)"#);

/// `persistentvolumeclaim "data" bound to non-existent persistentvolume "pv-1"`.
pub(super) static LOST: Pattern = Pattern::new(
    r#"persistentvolumeclaim "(?<claim>[^"]+)" bound to non-existent persistentvolume "(?<volume>[^"]+)""#,
);

fn claim<'a>(case: &Case<'a>, pod: &Pod, name: &str) -> Option<&'a Claim> {
    let claims = &case.known.snapshot.claims;
    claims.iter().find(|claim| claim.meta.namespace == pod.meta.namespace && claim.meta.name == name)
}

/// The claims that the pod uses, by name. None before its spec is known.
fn names_of(case: &Case<'_>, pod: &Pod) -> Option<Vec<String>> {
    let volumes = case.pod_spec()?["volumes"].as_array().map_or(&[][..], Vec::as_slice);
    let name = |volume: &Value| match volume["persistentVolumeClaim"]["claimName"].as_str() {
        Some(name) => Some(name.to_owned()),
        None if volume["ephemeral"].is_object() => Some(format!("{}-{}", pod.meta.name, volume["name"].as_str()?)),
        None => None,
    };
    Some(volumes.iter().filter_map(name).collect())
}

fn claims_of<'a>(case: &Case<'a>, pod: &Pod) -> Option<Vec<&'a Claim>> {
    Some(names_of(case, pod)?.iter().filter_map(|name| claim(case, pod, name)).collect())
}

/// T025: the claim that the pod names is not there.
pub(super) fn missing(scene: Scene<'_, '_>) -> Option<Finding> {
    let found = MISSING.captures(scene.message.whole)?;
    let name = &found["claim"];
    let namespace = &scene.pod.meta.namespace;
    let there = claim(scene.case, scene.pod, name);
    let finding = Finding {
        group: format!("T025/{namespace}/{name}"),
        evidence: there.into_iter().map(|claim| of_field(claim, "status.phase", claim.phase.as_str())).collect(),
        ..scene.finding("T025", Severity::Critical)
    };
    if &found["how"] == "is being deleted" || there.is_some_and(|claim| claim.meta.deleted.is_some()) {
        let holders = neighbours::placed(scene.case, scene.pod, |spec| mounts(spec, name));
        let held = match holders.first() {
            Some(holder) => format!(" It goes once {holder}, which still uses it, has ended."),
            None => String::new(),
        };
        return Some(Finding {
            verdict: format!("Claim {name} in namespace {namespace} is being deleted, so no new pod may use it.{held}"),
            short: format!("claim {name} is being deleted"),
            fixes: vec![
                Fix::outside(format!(
                    "let the deletion of claim {name} end, then create it anew: the pod is placed by itself"
                )),
                scene.case.rerun("use another claim in a new Job"),
            ],
            ..finding
        });
    }
    if there.is_some() {
        return Some(Finding {
            severity: Severity::Info,
            verdict: format!("Claim {name} was missing and exists by now. The scheduler tries again by itself."),
            short: format!("claim {name} exists by now"),
            ..finding
        });
    }
    let claims = scene.case.known.snapshot.claims.iter().filter(|claim| claim.meta.namespace == *namespace);
    let mut others: Vec<&str> = claims.map(|claim| claim.meta.name.as_str()).collect();
    others.sort_unstable();
    let names = others.clone();
    let create = Fix::outside(format!(
        "create PersistentVolumeClaim {name} in namespace {namespace}: the pod is placed by itself"
    ));
    let others = match others.len() {
        0 => String::new(),
        1..=4 => format!(" The claims there are {}.", others.join(", ")),
        count => format!(" There are {count} other claims."),
    };
    Some(Finding {
        verdict: format!(
            "Claim {name} does not exist in namespace {namespace}. The pod mounts it, so it cannot be placed.{others}"
        ),
        short: format!("no claim {name}"),
        fixes: match near(name, names.into_iter()) {
            Some(near) => {
                let words = format!("mount claim {near} in a new Job");
                let mut fixes = mend(scene.case, words, &mounting(scene, name, &near));
                fixes.push(create);
                fixes
            }
            None => vec![create, scene.case.rerun("name an existing claim in a new Job")],
        },
        ..finding
    })
}

/// Another claim wherever the pod template mounts this one.
fn mounting(scene: Scene<'_, '_>, claim: &str, near: &str) -> Changes {
    let volumes = scene.case.pod_spec().and_then(|spec| spec["volumes"].as_array()).into_iter().flatten();
    let meant = volumes.filter(|volume| volume["persistentVolumeClaim"]["claimName"] == claim);
    meant.filter_map(|volume| volume["name"].as_str()).fold(Changes::NONE, |changes, volume| {
        changes.and_set(format!("{POD}.volumes[name={volume}].persistentVolumeClaim.claimName"), near)
    })
}

/// Words for claims that are not bound, not yet made, or were not bound in the time that the scheduler gives.
const UNBOUND: [&str; 3] = [
    "unbound immediate PersistentVolumeClaims",
    "waiting for ephemeral volume controller to create",
    "binding volumes: ",
];

/// T026: the claim is there and has no volume.
pub(super) fn unbound(scene: Scene<'_, '_>) -> Option<Finding> {
    let text = scene.message.whole;
    if let Some(found) = LOST.captures(text) {
        let (name, volume) = (&found["claim"], &found["volume"]);
        return Some(Finding {
            verdict: format!(
                "Claim {name} is bound to volume {volume}, which does not exist any more. Its data is gone with it."
            ),
            short: format!("claim {name} lost volume {volume}"),
            fixes: vec![Fix::outside(format!("restore volume {volume}, or delete claim {name} and create it anew"))],
            group: format!("T026/{}/{name}", scene.pod.meta.namespace),
            ..scene.finding("T026", Severity::Critical)
        });
    }
    UNBOUND.iter().any(|words| text.contains(words)).then(|| not_bound(scene))
}

/// T026: for the nodes that are left no volume can be had.
pub(super) fn without_volume(scene: Scene<'_, '_>) -> Finding {
    not_bound(scene)
}

/// T026: a claim of the pod has its node, and the volume is to be made there.
pub(super) fn to_be_made(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    claims_of(case, pod)?.into_iter().find(|claim| claim.phase == "Pending")?;
    let (message, sight) = (Message::read(""), Sight::of(case, pod));
    Some(not_bound(Scene { case, pod, message: &message, sight: &sight }))
}

/// What is normal: such a claim is bound once its pod has a node.
const NORMAL: [&str; 2] = ["WaitForFirstConsumer", "WaitForPodScheduled"];

fn not_bound(scene: Scene<'_, '_>) -> Finding {
    let case = scene.case;
    let claims = claims_of(case, scene.pod).unwrap_or_default().into_iter().filter(|claim| claim.phase != "Bound");
    let told = claims.map(|claim| (claim, last_word(case, claim)));
    // The one that something is wrong with comes first, and one that waits for the pod as it should last.
    let is_wrong = |event: &Event| event.is_warning || event.reason == "FailedBinding";
    let waits_for_pod = |claim: &Claim| {
        case.known.snapshot.events_about(claim.meta.uid).any(|event| NORMAL.contains(&event.reason.as_str()))
    };
    let Some((claim, event)) = told.max_by_key(|(claim, event)| (event.is_some_and(is_wrong), !waits_for_pod(claim)))
    else {
        return some_claim(scene);
    };
    let name = &claim.meta.name;
    let size = claim.requested.words();
    let (class, asks) = match claim.class.as_deref() {
        Some("") => ("its volume".to_owned(), format!("{size} of a volume that is there already, of no storage class")),
        Some(class) => (format!("storage class {class}"), format!("{size} of storage class {class}")),
        None => ("the default storage class".to_owned(), format!("{size} and names no storage class")),
    };
    let unfit = unfit::why(case, claim, event);
    let (why, fix) = match (event, scene.message.leading()) {
        // What a provisioner says of it is beside the point where volumes are made by hand.
        _ if unfit.is_some() => unfit.unwrap_or_default(),
        (Some(event), _) => reason(claim, event, &class),
        (None, Some(lead)) => {
            (format!("the scheduler says of {} {:?}", many(lead.count, "node"), lead.text), format!("look at {class}"))
        }
        (None, None) => {
            ("nobody has made one, and nothing says why".to_owned(), format!("look at {class} and its provisioner"))
        }
    };
    let phase = if claim.phase == "Lost" { "has lost its volume" } else { "is not bound to a volume" };
    let mut evidence: Vec<Evidence> = event.into_iter().map(of_event).collect();
    evidence.push(of_field(claim, "status.phase", claim.phase.as_str()));
    Finding {
        verdict: format!("Claim {name} {phase}: {why}. It asks for {asks}."),
        short: format!("claim {name}: {why}"),
        evidence,
        fixes: vec![Fix::outside(fix)],
        group: format!("T026/{}/{name}", claim.meta.namespace),
        ..scene.finding("T026", Severity::Error)
    }
}

/// Which claim it is, is not known: what the scheduler says.
fn some_claim(scene: Scene<'_, '_>) -> Finding {
    let why = scene.message.leading().map_or(scene.message.whole, |reason| reason.text);
    let is_whole = scene.case.known.is_whole(Kind::PersistentVolumeClaim);
    let but = if is_whole { "" } else { " (claims cannot be read here)" };
    Finding {
        verdict: format!("A claim of the pod has no volume yet: {why}{but}."),
        short: "a claim has no volume".to_owned(),
        fixes: vec![Fix::outside("look at the claims of the pod, their storage class and its provisioner")],
        group: "T026".to_owned(),
        ..scene.finding("T026", Severity::Error)
    }
}

/// The newest event about a claim that is not the normal course of things.
fn last_word<'a>(case: &Case<'a>, claim: &Claim) -> Option<&'a Event> {
    let events = case.known.snapshot.events_about(claim.meta.uid);
    events.filter(|event| !NORMAL.contains(&event.reason.as_str())).max_by_key(|event| event.last)
}

/// Who is asked in `Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually by
/// the system administrator. …` (`pkg/controller/volume/persistentvolume/pv_controller.go`).
fn provisioner(note: &str) -> Option<&str> {
    note.split_once("external provisioner ")?.1.split(['\'', '"']).nth(1)
}

/// Why a claim is not bound, and what helps.
fn reason(claim: &Claim, event: &Event, class: &str) -> (String, String) {
    let name = &claim.meta.name;
    let note = event.note.trim_end_matches('.');
    match event.reason.as_str() {
        "FailedBinding" if note.contains("no storage class is set") => (
            "no volume fits, and without a storage class none is made".to_owned(),
            format!("create claim {name} anew with a storage class, or make a volume that fits"),
        ),
        "ExternalProvisioning" => match provisioner(note) {
            Some(name) => (
                format!("provisioner {name} was asked for one and has not answered: it may not run in this cluster"),
                format!("look whether {name} runs (kubectl get csidrivers), and at its log"),
            ),
            None => (
                "its provisioner was asked for one and has not answered".to_owned(),
                format!("look at the provisioner of {class}: {note}"),
            ),
        },
        "Provisioning" => {
            ("its provisioner is making one".to_owned(), format!("wait, or look at the provisioner of {class}"))
        }
        // The controller's word for a class that does not exist, where the classes themselves may not be read.
        _ if note.starts_with("storageclass.storage.k8s.io") && note.ends_with("not found") => (
            format!("{class} does not exist"),
            format!("create claim {name} anew with a storage class that there is, or create {class}"),
        ),
        _ => (note.to_owned(), format!("look at {class} and its provisioner")),
    }
}

/// T027: the volume is tied to a place where the pod cannot run.
pub(super) fn elsewhere(scene: Scene<'_, '_>) -> Finding {
    let others = scene.others(Topic::VolumePlace);
    let fixes = vec![
        Fix::outside("make room on a node in the place of the volume"),
        scene.case.rerun("drop node selectors that point elsewhere, in a new Job"),
    ];
    let finding = Finding { fixes, group: "T027".to_owned(), ..scene.finding("T027", Severity::Error) };
    let Some((claim, place, selector)) = tied(scene) else {
        return Finding {
            verdict: format!(
                "A volume of the pod is tied to a zone or node: {} cannot use it.{others}",
                many(scene.message.count(Topic::VolumePlace), "other node")
            ),
            short: "its volume is in another place".to_owned(),
            ..finding
        };
    };
    let there: Vec<&str> = scene
        .sight
        .nodes
        .iter()
        .filter(|node| misses_of_terms(node, selector).is_empty())
        .map(|node| node.meta.name.as_str())
        .collect();
    let nodes = match (scene.sight.nodes.is_empty(), &there[..]) {
        (true, _) => String::new(),
        (_, []) => " No node of the cluster has that label: it is gone, or has another name now.".to_owned(),
        (_, some) => format!(" The nodes there ({}) do not take the pod.", some.join(", ")),
    };
    let (volume, name) = (&claim.volume, &claim.meta.name);
    Finding {
        verdict: format!("Volume {volume} of claim {name} is tied to {place}.{nodes}{others}"),
        short: format!("volume of claim {name} is tied to {place}"),
        group: format!("T027/{}/{name}", claim.meta.namespace),
        ..finding
    }
}

/// The first claim of the pod whose volume is tied to a place, which one, and the volume's words for it.
fn tied<'a>(scene: Scene<'_, 'a>) -> Option<(&'a Claim, String, &'a Value)> {
    let bound = claims_of(scene.case, scene.pod)?.into_iter().filter(|claim| !claim.volume.is_empty());
    bound.into_iter().find_map(|claim| {
        let volume = scene.case.found("v1", "PersistentVolume", "", &claim.volume)?;
        let selector = &volume["spec"]["nodeAffinity"]["required"];
        let terms = selector["nodeSelectorTerms"].as_array()?.iter();
        let term = |term: &Value| {
            let all =
                ["matchExpressions", "matchFields"].into_iter().filter_map(|field| term[field].as_array()).flatten();
            all.map(words).collect::<Vec<_>>().join(" and ")
        };
        let place = terms.map(term).collect::<Vec<_>>().join(" or ");
        (!place.is_empty()).then_some((claim, place, selector))
    })
}

/// A pod of this spec uses the claim.
fn mounts(spec: &Value, claim: &str) -> bool {
    let mut volumes = spec["volumes"].as_array().into_iter().flatten();
    volumes.any(|one| one["persistentVolumeClaim"]["claimName"] == claim)
}

/// T028: a volume that one pod alone may use.
pub(super) fn in_use(scene: Scene<'_, '_>) -> Finding {
    let claims = claims_of(scene.case, scene.pod).unwrap_or_default();
    let claim = claims.into_iter().find(|claim| claim.access_modes.iter().any(|mode| mode == "ReadWriteOncePod"));
    let holders = claim.map(|claim| neighbours::placed(scene.case, scene.pod, |spec| mounts(spec, &claim.meta.name)));
    let holders = holders.unwrap_or_default();
    let sibling = scene.case.pods.iter().find(|pod| !pod.node.is_empty() && !pod.is_finished());
    let name = claim.map_or_else(|| "A claim of the pod".to_owned(), |claim| format!("Claim {}", claim.meta.name));
    let holder = match sibling.filter(|_| claim.is_some()) {
        Some(pod) => format!("pod {} of this Job has it", pod.meta.name),
        None => match holders.first() {
            Some(holder) => format!("{holder} has it"),
            None => "another pod has it".to_owned(),
        },
    };
    let mut fixes: Vec<Fix> = scene.fewer(scene.placed(), "one pod at a time can use the volume").into_iter().collect();
    fixes.push(Fix::outside(match holders.first() {
        Some(holder) if sibling.is_none() => format!("wait until {holder} ends, or delete it"),
        _ => "wait until the other pod ends, or delete it".to_owned(),
    }));
    fixes.push(scene.case.rerun("use storage that several pods can share (ReadWriteMany) in a new Job"));
    Finding {
        verdict: format!(
            "{name} may be used by one pod at a time (ReadWriteOncePod), and {holder}. The pod waits until that one ends.{}",
            scene.others(Topic::VolumeInUse)
        ),
        short: format!("{} is in use", claim.map_or("its claim", |claim| claim.meta.name.as_str())),
        fixes,
        group: format!("T028/{}/{}", scene.pod.meta.namespace, claim.map_or("", |claim| claim.meta.name.as_str())),
        ..scene.finding("T028", Severity::Error)
    }
}

/// `Multi-Attach error for volume "pv-1" Volume is already used by pod(s) backup-k2m4x`
/// (`pkg/controller/volume/attachdetach/reconciler/reconciler.go`).
pub(super) static MULTI_ATTACH: Pattern = Pattern::new(
    r#"Multi-Attach error for volume "(?<volume>[^"]+)" (?:Volume is already used by pod\(s\) (?<pods>.+)|Volume is already .*)"#,
);

/// T028: the pod has a node, and its volume hangs on another one.
pub(super) fn attached_elsewhere(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let event = newest_failure(case, pod, "FailedAttachVolume", |note| note.contains("Multi-Attach error"))?;
    let found = MULTI_ATTACH.captures(&event.note)?;
    let volume = &found["volume"];
    let claims = case.known.snapshot.claims.iter();
    let claim = claims.into_iter().find(|claim| claim.volume == volume && claim.meta.namespace == pod.meta.namespace);
    let what = match claim {
        Some(claim) => format!("Volume {volume} of claim {}", claim.meta.name),
        None => format!("Volume {volume}"),
    };
    let holder = match found.name("pods") {
        Some(pods) => format!("pod {} has it elsewhere", pods.as_str().trim_end_matches('.')),
        // Of pods that it may not name the controller says no more than that there is one.
        None => {
            let has_it = |spec: &Value| {
                claim.is_some_and(|claim| mounts(spec, &claim.meta.name)) && spec["nodeName"] != pod.node.as_str()
            };
            match neighbours::placed(case, pod, has_it).first() {
                Some(holder) => format!("{holder} has it elsewhere"),
                None => "another node has it".to_owned(),
            }
        }
    };
    Some(Finding {
        rule: RuleId("T028"),
        severity: Severity::Error,
        confidence: Confidence::Likely,
        subject: case.subject,
        verdict: format!(
            "{what} can be used on one node at a time, and {holder}. The pod starts when that one lets go."
        ),
        short: format!("volume in use: {holder}"),
        effect: String::new(),
        evidence: vec![of_event(event)],
        fixes: vec![
            Fix::outside(
                "wait until the other pod ends, or delete it; after the loss of a node it takes about 6 minutes",
            ),
            Fix::outside("let runs not overlap, or use storage that several nodes can share (ReadWriteMany)"),
        ],
        since: event.meta.created,
        group: format!("T028/{}/{volume}", pod.meta.namespace),
    })
}
