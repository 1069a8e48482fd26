//! Pods that no scheduler has judged yet: gates hold them, their scheduler is not there, or they wait for each other.

use super::super::Case;
use super::super::case::{of_event, of_field};
use super::super::container::pod_subject;
use super::super::finding::{Confidence, Finding, Fix, RuleId, Severity};
use super::super::grammar::{Pattern, amounts};
use super::super::known::Fact;
use super::super::mend::{Changes, POD, mend};
use super::super::refused::{BOUND, EXCEEDED};
use super::message::Message;
use super::{Scene, added, volumes};
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::key::Kind;
use crate::model::mutation::Address;
use crate::model::pod::Pod;

/// Who releases gates with these beginnings.
const OWNERS: [(&str, &str); 2] = [("kueue.x-k8s.io/", "Kueue"), ("scheduling.volcano.sh/", "Volcano")];

fn finding(case: &Case<'_>, pod: &Pod, rule: &'static str, severity: Severity) -> Finding {
    Finding {
        rule: RuleId(rule),
        severity,
        confidence: Confidence::Certain,
        subject: case.subject,
        verdict: String::new(),
        short: String::new(),
        effect: String::new(),
        evidence: Vec::new(),
        fixes: Vec::new(),
        since: pod.meta.created,
        group: rule.to_owned(),
    }
}

/// T030: the pod is not to be placed before its gates are taken away.
pub(super) fn gated(case: &Case<'_>, pod: &Pod) -> Finding {
    // Webhooks put gates on pods, so that the template does not have them. One pod stands for all.
    let object = case.found("v1", "Pod", &pod.meta.namespace, &pod.meta.name);
    let gates = object.and_then(|pod| pod["spec"]["schedulingGates"].as_array()).into_iter().flatten();
    let gates: Vec<&str> = gates.filter_map(|gate| gate["name"].as_str()).collect();
    let owner =
        OWNERS.iter().find(|(prefix, _)| gates.iter().any(|gate| gate.starts_with(prefix))).map(|(_, owner)| *owner);
    let names = gates.join(", ");
    let what = match gates.len() {
        0 => "a scheduling gate".to_owned(),
        1 => format!("scheduling gate {names}"),
        _ => format!("scheduling gates {names}"),
    };
    let base = finding(case, pod, "T030", if owner.is_some() { Severity::Info } else { Severity::Warning });
    Finding {
        verdict: match owner {
            Some(owner) => format!("The pod waits for its turn: {what} holds it until {owner} lets it go."),
            None => {
                format!("The pod is held by {what}. No scheduler looks at it until whoever set the gate takes it away.")
            }
        },
        short: if gates.is_empty() { "held by a scheduling gate".to_owned() } else { format!("held by {what}") },
        evidence: vec![of_field(pod, "status.conditions[PodScheduled].reason", pod.unscheduled.as_str())],
        fixes: match owner {
            Some(owner) => vec![Fix::outside(format!(
                "look at what {owner} says of it: taking the gate away by hand goes round the queue"
            ))],
            None => vec![
                Fix::outside("ask whoever set the gate why it is still there"),
                Fix::by(
                    format!("or take {what} away from pod {} by hand: it is placed then", pod.meta.name),
                    CommandCall::with("object.edit", pod_subject(pod), "spec.schedulingGates-"),
                ),
            ],
        },
        group: format!("T030/{names}"),
        ..base
    }
}

/// `ephemeral volume v: create PVC worker-2kmns-v: persistentvolumeclaims "worker-2kmns-v" is forbidden: …`
/// (`pkg/controller/volume/ephemeral`), `PodResourceClaim gpu: resource claim template "big": … not found`
/// (`pkg/controller/resourceclaim`).
pub(super) static CLAIM: Pattern = Pattern::new(
    r"^(?:ephemeral volume (?<volume>\S+): create PVC \S+: |PodResourceClaim (?<device>\S+): )(?<why>(?s:.*))$",
);

/// T026 and T021: a controller is to make a claim for the pod and cannot. No scheduler looks at the pod before.
pub(super) fn claim_not_made(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    // The scheduler comes to speak of nodes only where the claims are there.
    if !Message::read(&pod.message).reasons.is_empty() {
        return None;
    }
    let events =
        ["FailedBinding", "FailedResourceClaimCreation"].into_iter().flat_map(|reason| case.events(pod, reason));
    let event = events.max_by_key(|event| event.last)?;
    let found = CLAIM.captures(&event.note)?;
    let why = found["why"].rsplit(" is forbidden: ").next().unwrap_or_default().trim_end_matches('.').to_owned();
    let (rule, what, cure) = match found.name("volume") {
        Some(volume) => (
            "T026",
            format!("claim for its volume {}", volume.as_str()),
            "or have the namespace allow it: the claim is tried again by itself",
        ),
        None => (
            "T021",
            format!("device claim {}", &found["device"]),
            "or make what is missing: the claim is tried again by itself",
        ),
    };
    let (why, cure) = match EXCEEDED.captures(&why) {
        Some(found) => {
            let (quota, resource) = (&found["quota"], found["requested"].split('=').next().unwrap_or_default());
            let of = |text: &str| {
                let found = amounts(text).into_iter().find(|(one, _)| *one == resource);
                found.map_or_else(|| text.to_owned(), |(_, amount)| amount.to_owned())
            };
            let (wants, used, hard) = (of(&found["requested"]), of(&found["used"]), of(&found["hard"]));
            (
                format!("quota {quota} allows {hard} {resource}, {used} are used, and it asks for {wants}"),
                format!("or raise {resource} of resourcequota/{quota}: the claim is tried again by itself"),
            )
        }
        None => (why, cure.to_owned()),
    };
    // A LimitRange says how much such a claim may ask for.
    let bounded = found.name("volume").and_then(|volume| Some((volume.as_str(), BOUND.captures(&why)?)));
    let mut fixes = bounded.map_or_else(Vec::new, |(volume, bound)| {
        let path =
            format!("{POD}.volumes[name={volume}].ephemeral.volumeClaimTemplate.spec.resources.requests.storage");
        let value = &bound["value"];
        mend(case, format!("claim {value} in a new Job"), &Changes::set(path, value))
    });
    if fixes.is_empty() {
        fixes.push(case.rerun("change what the pod claims, in a new Job"));
    }
    fixes.push(Fix::outside(cure));
    Some(Finding {
        verdict: format!("The pod's {what} cannot be made: {why}. No scheduler looks at the pod before it is there."),
        short: format!("no {what}: {why}"),
        evidence: vec![of_event(event)],
        fixes,
        group: format!("{rule}/{}/{what}", pod.meta.namespace),
        ..finding(case, pod, rule, Severity::Critical)
    })
}

/// A scheduler says something of a pod within so many seconds.
const JUDGED_SECONDS: i64 = 30;

/// A provisioner makes a volume within so many seconds.
const MADE_SECONDS: i64 = 90;

/// T031: no scheduler has said anything of the pod.
pub(super) fn unseen(case: &Case<'_>, pod: &Pod, age: i64) -> Option<Finding> {
    let snapshot = case.known.snapshot;
    let is_silent = pod.unscheduled.is_empty() && snapshot.events_about(pod.meta.uid).next().is_none();
    if age <= JUDGED_SECONDS || !is_silent || !case.known.is_whole(Kind::Event) {
        return None;
    }
    // The scheduler has a node for the pod and waits for the volume; it says nothing meanwhile.
    if let Some(waits) = volumes::to_be_made(case, pod) {
        return (age > MADE_SECONDS).then(|| case.once("unmade", || Some(waits)))?;
    }
    case.once("unseen", || Some(device_claim_missing(case, pod).unwrap_or_else(|| silent(case, pod, age))))
}

/// T021: the pod names a device claim that is not there. The scheduler leaves such pods alone and says nothing
/// (`pkg/scheduler/framework/plugins/dynamicresources`, `PreEnqueue`).
fn device_claim_missing(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let (namespace, spec) = (pod.meta.namespace.as_str(), case.pod_spec()?);
    let names = spec["resourceClaims"].as_array()?.iter().filter_map(|one| one["resourceClaimName"].as_str());
    let is_missing = |name: &&str| {
        let address = Address {
            api_version: "resource.k8s.io/v1".into(),
            kind: "ResourceClaim".into(),
            namespace: namespace.into(),
            name: (*name).into(),
        };
        matches!(case.object(address), Some(Fact::Missing))
    };
    let name = names.into_iter().find(is_missing)?;
    Some(Finding {
        verdict: format!(
            "Device claim {name} (ResourceClaim) does not exist in namespace {namespace}. The pod names it, and no scheduler \
             looks at the pod before it is there."
        ),
        short: format!("no device claim {name}"),
        evidence: vec![of_field(pod, "spec.resourceClaims", name)],
        fixes: vec![
            Fix::outside(format!("create resourceclaim/{name} in namespace {namespace}: the pod is placed by itself")),
            case.rerun("name another claim, or a template of claims, in a new Job"),
        ],
        group: format!("T021/{namespace}/{name}"),
        ..finding(case, pod, "T021", Severity::Critical)
    })
}

fn silent(case: &Case<'_>, pod: &Pod, age: i64) -> Finding {
    let scheduler = case.spec_of(pod).and_then(|spec| spec["schedulerName"].as_str());
    let own = case.pod_spec().and_then(|spec| spec["schedulerName"].as_str());
    let added = (own != scheduler).then(|| added::somebody("it"));
    let other = scheduler.filter(|name| *name != "default-scheduler" && !name.is_empty());
    let waiting = short_duration(age);
    let base = Finding { confidence: Confidence::Likely, ..finding(case, pod, "T031", Severity::Critical) };
    let evidence = vec![of_field(pod, "status.conditions[PodScheduled]", "not set, and no event about the pod")];
    match other {
        Some(name) => Finding {
            verdict: format!(
                "The pod asks for scheduler {name}, which has said nothing for {waiting}. It waits for ever where no such \
                 scheduler runs.{}",
                added.as_ref().map_or("", |added| &added.words)
            ),
            short: format!("scheduler {name} is silent"),
            evidence,
            fixes: vec![Fix::outside(format!("look whether scheduler {name} runs in the cluster"))]
                .into_iter()
                .chain(match added {
                    None => mend(
                        case,
                        "leave schedulerName out in a new Job: the cluster's own scheduler places it",
                        &Changes::remove(format!("{POD}.schedulerName")),
                    ),
                    Some(added) => added.fixes,
                })
                .collect(),
            group: format!("T031/{name}"),
            ..base
        },
        None => Finding {
            verdict: format!(
                "No scheduler has looked at the pod for {waiting}: it has no node, no condition and no event. The \
                 cluster's scheduler seems to be down or far behind."
            ),
            short: format!("no scheduler looked at it for {waiting}"),
            evidence,
            fixes: vec![Fix::outside("look at kube-scheduler in the cluster's control plane")],
            ..base
        },
    }
}

/// `2/3 tasks in gang unschedulable: pod group is not ready, …` (volcano `pkg/scheduler/plugins/gang/gang.go`).
pub(super) static VOLCANO: Pattern =
    Pattern::new(r"(?<waiting>\d+)/(?<all>\d+) tasks in gang unschedulable(?:: (?<why>.*))?");

/// Kubernetes' own groups (`pkg/scheduler/framework/plugins/gangscheduling`).
pub(super) static POD_GROUP: Pattern = Pattern::new(
    r#"waiting for minCount pods from a gang|pod group "(?<group>[^"]+)" to appear|pod group is unschedulable"#,
);

/// T032: pods that start together or not at all.
pub(super) fn gang(scene: Scene<'_, '_>) -> Option<Finding> {
    let text = scene.message.stable;
    let base = scene.finding("T032", Severity::Warning);
    let fixes = vec![
        Fix::outside("make room for the whole group, or give its queue a larger share"),
        scene.case.rerun("let fewer pods start together (minAvailable, parallelism) in a new Job"),
    ];
    if let Some(found) = VOLCANO.captures(text) {
        let (waiting, all) = (&found["waiting"], &found["all"]);
        let why = found
            .name("why")
            .map(|why| format!(" Volcano says: {}.", why.as_str().trim_end_matches(['.', ' '])))
            .unwrap_or_default();
        return Some(Finding {
            verdict: format!(
                "The pods of this group start together or not at all, and {waiting} of {all} find no place.{why}"
            ),
            short: format!("group incomplete: {waiting} of {all} find no place"),
            fixes,
            group: "T032/volcano".to_owned(),
            ..base
        });
    }
    let found = POD_GROUP.captures(text)?;
    let group = found.name("group").map(|group| format!(" {}", group.as_str())).unwrap_or_default();
    let wanted = scene.case.whole_job().and_then(|job| job.parallelism);
    let exist = scene.case.pods.iter().filter(|pod| !pod.is_finished()).count();
    let count = wanted.map(|wanted| format!(" {exist} of {wanted} exist.")).unwrap_or_default();
    Some(Finding {
        verdict: format!(
            "The pods of group{group} start together or not at all, and not all of them can start now.{count}"
        ),
        short: "waits for the rest of its group".to_owned(),
        evidence: scene
            .case
            .job
            .into_iter()
            .flat_map(|job| scene.case.events(job, "FailedCreate"))
            .take(1)
            .map(of_event)
            .collect(),
        fixes,
        group: format!("T032{}", group.replace(' ', "/")),
        ..base
    })
}
