//! What the node cannot do for a pod: refuse it, attach and mount its volumes, make its sandbox.

use super::super::Case;
use super::config::is_unmade;
use crate::model::command_call::CommandCall;
use crate::model::event::Event;
use crate::model::pod::{Pod, PodPhase};
use crate::model::resources::Quantity;
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{blank, cut, pod_subject, remake, sentences};
use crate::triage::finding::{Confidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::mend::{Changes, POD, mend};
use crate::triage::placing::{misses, no_node};

/// So long a pod may take until its volumes and its network are there: what fails before is tried again and mostly
/// succeeds.
const SETTLING_SECONDS: i64 = 30;

/// The kubelet took the pod so recently that a failure says nothing.
pub(super) fn is_settling(case: &Case<'_>, pod: &Pod) -> bool {
    pod.started.or(pod.meta.created).is_none_or(|since| case.known.ago(since) < SETTLING_SECONDS)
}

/// The newest event of a failure whose note is meant, where the pod has not got further since.
pub(in crate::triage) fn newest_failure<'a>(
    case: &Case<'a>,
    pod: &Pod,
    reason: &str,
    is_meant: impl Fn(&str) -> bool,
) -> Option<&'a Event> {
    const FURTHER: [&str; 4] = ["Pulling", "Pulled", "Created", "Started"];
    let further = FURTHER.iter().filter_map(|reason| case.events(pod, reason).first()?.last).max();
    let mut failures = case.events(pod, reason).into_iter().filter(|event| !is_attached_since(case, pod, event));
    let newest = failures.find(|event| is_meant(&event.note))?;
    (newest.last >= further).then_some(newest)
}

/// The volume that could not be attached was attached since: `AttachVolume.Attach succeeded for volume "pvc-6b1f"`.
fn is_attached_since(case: &Case<'_>, pod: &Pod, failure: &Event) -> bool {
    let volume = VOLUME.captures(&failure.note).filter(|_| failure.reason == "FailedAttachVolume");
    volume.is_some_and(|found| {
        let attached = case.event(pod, "SuccessfulAttachVolume", &format!("\"{}\"", &found["volume"]));
        attached.is_some_and(|attached| attached.last >= failure.last)
    })
}

/// `MountVolume.MountDevice failed for volume "pvc-6b1f" : rpc error: …`, `AttachVolume.Attach failed for volume "x" : …`,
/// `Multi-Attach error for volume "pvc-6b1f" Volume is already used by pod(s) x`.
static VOLUME: Pattern = Pattern::new(r#"volume "(?<volume>[^"]+)"(?: :)? (?<text>(?s:.*))$"#);

/// `Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], …: timed out waiting for the condition`.
static SUMMARY: Pattern = Pattern::new(r"unmounted volumes=\[(?<volumes>[^\]]*)\].*?: (?<text>[^:]+)$");

/// `Pod was rejected: Node didn't have enough resource: cpu, requested: 4000, used: 7200, capacity: 8000`.
static SHORT_OF: Pattern = Pattern::new(
    r"enough resource: (?<resource>[^,]+), requested: (?<requested>\d+), used: (?<used>\d+), capacity: (?<capacity>\d+)",
);

/// T050, T051: no volumes, no sandbox.
pub(super) fn unprepared(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    if is_settling(case, pod) {
        return None;
    }
    storage(case, pod).or_else(|| sandbox(case, pod))
}

/// T050: a volume cannot be attached or mounted.
fn storage(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let of = |reason| newest_failure(case, pod, reason, |note| VOLUME.captures(note).is_some() && !is_unmade(note));
    let summary = || newest_failure(case, pod, "FailedMount", |note| SUMMARY.captures(note).is_some());
    let event = of("FailedAttachVolume").or_else(|| of("FailedMount")).or_else(|| of("FailedMapVolume"));
    let event = event.or_else(summary)?;
    let (volume, text) = match VOLUME.captures(&event.note) {
        Some(found) => (found["volume"].to_owned(), found["text"].to_owned()),
        None => {
            let found = SUMMARY.captures(&event.note)?;
            (found["volumes"].to_owned(), found["text"].to_owned())
        }
    };
    let claim = claim_of(case, pod, &volume);
    let thing = claim.as_ref().map_or_else(|| format!("volume {volume}"), |claim| format!("claim {claim}"));
    let node = &pod.node;
    let reason = said(&text);
    let is_permission = text.to_lowercase().contains("permission denied");
    if let Some(found) = wrong_type(case, pod, &volume, &text) {
        return Some(Finding { evidence: vec![of_event(event)], since: event.meta.created, ..found });
    }
    let mismounted = MISMOUNTED.iter().find(|(words, _)| text.contains(words)).map(|(_, cure)| (*cure).to_owned());
    // Of the downward API: `container other not found`.
    let stranger = text.strip_prefix("container ").and_then(|rest| rest.strip_suffix(" not found"));
    let stranger = stranger.map(|name| {
        let own: Vec<&str> = pod.containers.iter().map(|one| one.name.as_str()).collect();
        let own = own.join(", ");
        format!("name a container of the pod ({own}) in place of {name} in resourceFieldRef of volume {volume}, in a new Job")
    });
    if let Some(cure) = mismounted.or(stranger) {
        return Some(Finding {
            verdict: format!(
                "The pod template mounts {thing} in a way that does not work: {reason}. No container starts, and waiting does \
                 not help."
            ),
            short: format!("{thing} not mounted: {reason}"),
            evidence: vec![of_event(event)],
            fixes: vec![case.rerun(cure)],
            since: event.meta.created,
            group: format!("T050/{}/{thing}", pod.meta.namespace),
            ..blank(case, "T050", Severity::Critical, Confidence::Likely)
        });
    }
    let there = ON_NODE.iter().find(|(words, _)| text.contains(words));
    let missing = NO_PATH.captures(&text).map(|found| found["path"].to_owned());
    // No other node has what a local volume is made of.
    let is_tied = missing.is_some();
    let mut fixes = vec![
        Fix::outside(match (is_permission, there, missing) {
            (_, _, Some(path)) => {
                format!("make folder {path} on node {node}, or mount what belongs there: the pod goes on by itself")
            }
            (true, ..) => format!("check who may read and write {thing}"),
            (_, Some((_, cure)), _) => format!("{cure} (node {node})"),
            _ => format!("check the storage: its driver on node {node}, and its backend"),
        }),
        Fix::by(
            "delete the pod, so that the next one may come to another node; it counts as a failure",
            CommandCall::new("object.delete", pod_subject(pod)),
        ),
    ];
    if is_tied {
        fixes.truncate(1);
    }
    Some(Finding {
        verdict: format!(
            "Node {node} cannot give the pod its {thing}: {reason}. No container starts before; the node tries again at \
             least every 2 minutes."
        ),
        short: format!("{thing} not mounted: {reason}"),
        evidence: vec![of_event(event)],
        fixes,
        since: event.meta.created,
        group: format!("T050/{}/{thing}", pod.meta.namespace),
        ..blank(case, "T050", Severity::Error, Confidence::Likely)
    })
}

/// What a `local` volume is made of: `path "/mnt/disks/ssd1" does not exist` (`pkg/volume/local`).
static NO_PATH: Pattern = Pattern::new(r#"^path "(?<path>[^"]+)" does not exist"#);

/// Words of a mount that fails for what the node lacks, and what helps.
const ON_NODE: [(&str, &str); 7] = [
    (
        "unknown filesystem type",
        "install what mounts this kind of file system: for nfs that is nfs-common or nfs-utils",
    ),
    ("helper program", "install what mounts this kind of file system: for nfs that is nfs-common or nfs-utils"),
    ("Connection timed out", "check that the node reaches the server of the volume: its address, firewalls, routes"),
    ("Connection refused", "check that the server of the volume runs, and that the node may reach it"),
    ("No route to host", "check that the node reaches the server of the volume: its address, firewalls, routes"),
    ("access denied by server", "have the server of the volume export it to this node"),
    (
        "not found in the list of registered CSI drivers",
        "install the CSI driver, or look why its pod does not run there",
    ),
];

/// Words about volumes that the pod template mounts as they cannot be, and what helps.
const MISMOUNTED: [(&str, &str); 3] = [
    (
        "volumeMode Block",
        "name it in volumeDevices in place of volumeMounts in a new Job, or claim a volume of volumeMode Filesystem",
    ),
    (
        "specified in volumeDevices",
        "name it in volumeMounts in place of volumeDevices in a new Job, or claim a volume of volumeMode Block",
    ),
    (
        "git-repo volume plugin has been disabled",
        "use an emptyDir in its place in a new Job, and clone the repository in an init container",
    ),
];

/// `hostPath type check failed: /etc is not a file` (kubelet `pkg/volume/hostpath`).
static TYPE: Pattern = Pattern::new(r"hostPath type check failed: (?<why>.+)$");

/// T050: what the node has at the path of a `hostPath` volume is not what its type says.
fn wrong_type(case: &Case<'_>, pod: &Pod, volume: &str, text: &str) -> Option<Finding> {
    let found = TYPE.captures(text)?;
    let (node, why) = (&pod.node, found["why"].trim_end_matches('.'));
    let field = format!("volumes[name={volume}].hostPath");
    let volumes = case.pod_spec().and_then(|spec| spec["volumes"].as_array()).into_iter().flatten();
    let wanted = volumes.filter(|one| one["name"] == volume).find_map(|one| one["hostPath"]["type"].as_str());
    let is = wanted.map(|wanted| format!(" (type {wanted})")).unwrap_or_default();
    // A folder is made where the type says so; files and sockets belong to programs on the node.
    let fixes = match wanted {
        Some("Directory") => mend(
            case,
            "rerun with type DirectoryOrCreate, which makes the folder",
            &Changes::set(format!("{POD}.{field}.type"), "DirectoryOrCreate"),
        ),
        _ => remake(case, "correct the path or the type of the volume in a new Job").into_iter().collect(),
    };
    let put = Fix::outside(format!("or put it on node {node}, as the volume wants it: the pod goes on by itself"));
    Some(Finding {
        verdict: format!(
            "Volume {volume} is a path of the node{is}, and on node {node} {why}. No container starts before it is; the node \
             looks again at least every 2 minutes."
        ),
        short: format!("volume {volume} not mounted: {why}"),
        fixes: fixes.into_iter().chain([put]).collect(),
        group: format!("T050/{}/{volume}/{why}", pod.meta.namespace),
        ..blank(case, "T050", Severity::Error, Confidence::Certain)
    })
}

/// The claim behind a volume of the pod, named as the template names it or as the PersistentVolume is called.
fn claim_of(case: &Case<'_>, pod: &Pod, volume: &str) -> Option<String> {
    let in_namespace = |claim: &&crate::model::claim::Claim| claim.meta.namespace == pod.meta.namespace;
    let mut claims = case.known.snapshot.claims.iter().filter(in_namespace);
    if let Some(claim) = claims.find(|claim| claim.volume == volume) {
        return Some(claim.meta.name.to_string());
    }
    let volumes = case.pod_spec()?["volumes"].as_array()?;
    let found = volumes.iter().find(|one| one["name"] == volume)?;
    found["persistentVolumeClaim"]["claimName"].as_str().map(str::to_owned)
}

/// `Output: mount: /var/lib/kubelet/pods/…/v: unknown filesystem type 'nfs'.` (`k8s.io/mount-utils`).
static MOUNT_OUTPUT: Pattern = Pattern::new(r"\nOutput: (?:mount(?:\.\w+)?: )?(?:/\S+: )?(?<said>[^\n]+)");

/// The part of a runtime's or driver's sentence that tells: without the codes that the libraries around it add.
fn said(text: &str) -> String {
    // Of a mount command that failed, its own words tell, and not how it was called.
    let text = match MOUNT_OUTPUT.captures(text) {
        Some(found) => found.name("said").map_or(text, |said| said.as_str()),
        None => text,
    };
    let text = text.rsplit_once("desc = ").map_or(text, |(_, said)| said);
    cut(text.trim().trim_end_matches('.'), 200)
}

/// T051: no sandbox, which is the pod's network and what the runtime needs.
fn sandbox(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let any = |_: &str| true;
    let event = newest_failure(case, pod, "FailedCreatePodSandBox", any)
        .or_else(|| newest_failure(case, pod, "NetworkNotReady", any))?;
    let text = event.note.to_lowercase();
    let node = &pod.node;
    let is_exhausted =
        ["failed to assign an ip address", "no available ip", "no ip addresses available", "no more ips"]
            .iter()
            .any(|words| text.contains(words));
    let has_network = ["cni", "network", "plugin type="].iter().any(|words| text.contains(words));
    let (why, short, cure) = if is_exhausted {
        (
            "no IP address is left for it",
            "no IP address left for the pod",
            "give the network more addresses, or run fewer pods",
        )
    } else if has_network {
        ("the network plugin fails", "pod gets no network", "check the network plugin on the node")
    } else {
        ("the container runtime fails", "runtime cannot make the pod", "check the container runtime on the node")
    };
    let others = same_trouble(case, pod);
    if let Some(found) = unsupported(case, pod, &event.note) {
        return Some(Finding { evidence: vec![of_event(event)], since: event.meta.created, ..found });
    }
    let fixes = [
        Fix::outside(format!("{cure}: the node tries again by itself")),
        Fix::by(
            "delete the pod, so that the next one may come to another node; it counts as a failure",
            CommandCall::new("object.delete", pod_subject(pod)),
        ),
    ];
    Some(Finding {
        verdict: sentences([format!("Node {node} cannot prepare the pod: {why} ({}).", said(&event.note)), others]),
        short: short.to_owned(),
        evidence: vec![of_event(event)],
        fixes: fixes.into(),
        since: event.meta.created,
        group: format!("T051/{node}"),
        ..blank(case, "T051", Severity::Error, Confidence::Likely)
    })
}

/// `no runtime for "kata" is configured` (containerd).
static HANDLER: Pattern = Pattern::new(r#"no runtime for "(?<handler>[^"]+)" is configured"#);

/// T051 where waiting does not help: the template asks for what the runtime of the node cannot do.
fn unsupported(case: &Case<'_>, pod: &Pod, note: &str) -> Option<Finding> {
    let node = &pod.node;
    let (why, short, words, field) = if let Some(found) = HANDLER.captures(note) {
        let handler = found["handler"].to_owned();
        let class = case.pod_spec().and_then(|spec| spec["runtimeClassName"].as_str()).unwrap_or_default();
        (
            format!("RuntimeClass {class} names handler {handler}, which its container runtime does not have"),
            format!("node has no runtime {handler}"),
            "leave runtimeClassName out in a new Job, or choose nodes that have this runtime",
            "runtimeClassName",
        )
    } else if note.contains("user namespaces") {
        (
            "the template sets hostUsers: false, and its container runtime has no user namespaces".to_owned(),
            "node has no user namespaces (hostUsers: false)".to_owned(),
            "leave hostUsers out in a new Job, or choose nodes that can do it",
            "hostUsers",
        )
    } else {
        return None;
    };
    Some(Finding {
        verdict: format!("Node {node} cannot prepare the pod: {why}. Waiting does not help."),
        short,
        fixes: mend(case, words, &without(case, field)),
        group: format!("T051/{node}/{field}"),
        ..blank(case, "T051", Severity::Critical, Confidence::Certain)
    })
}

/// Where else pods have no sandbox, as a sentence: it tells a broken node from a broken network.
fn same_trouble(case: &Case<'_>, pod: &Pod) -> String {
    let snapshot = case.known.snapshot;
    let is_same = |event: &&Event| event.reason == "FailedCreatePodSandBox" && event.about != pod.meta.uid;
    let nodes = snapshot.events.iter().filter(is_same).filter_map(|event| Some(&snapshot.pods.get(event.about)?.node));
    let (here, elsewhere): (Vec<_>, Vec<_>) = nodes.partition(|node| **node == pod.node);
    match (here.len(), elsewhere.len()) {
        (0, 0) => String::new(),
        (here, 0) => format!("It is the same for {here} more of its pods, and for none on other nodes."),
        (_, elsewhere) => format!("It is the same for {elsewhere} pods on other nodes."),
    }
}

/// Reasons of pods that a node refuses after they were placed on it (kubelet `lifecycle/predicate.go`, `cm/admission`).
const REJECTIONS: [&str; 11] = [
    "UnexpectedAdmissionError",
    "TopologyAffinityError",
    "NodeAffinity",
    "TaintToleration",
    "NodePorts",
    "AppArmor",
    "PodFeatureUnsupported",
    "VolumeAttachmentLimitExceeded",
    "InvalidNodeInfo",
    "PodOSNotSupported",
    "PodOSSelectorNodeLabelDoesNotMatch",
];

/// Refusals that no waiting helps: what the template asks for this node does not do. The field, and what helps.
const LASTING: [(&str, &str, &str); 4] = [
    ("SysctlForbidden", "securityContext.sysctls", "leave the sysctls out in a new Job, or have the node allow them"),
    ("PodOSNotSupported", "os", "leave spec.os out in a new Job, or choose nodes of this operating system"),
    ("PodOSSelectorNodeLabelDoesNotMatch", "os", "leave spec.os out in a new Job, or choose nodes that fit"),
    ("AppArmor", "securityContext.appArmorProfile", "use no AppArmor profile in a new Job, or load it on the node"),
];

/// How newer kubelets begin what they say of it, whatever the reason.
const REJECTED: &str = "Pod was rejected: ";

/// T055: the node refused the pod that the scheduler had given it.
pub(super) fn rejected(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let reason = pod.reason.as_str();
    let resource = reason.strip_prefix("OutOf");
    let is_told = resource.is_some() || REJECTIONS.contains(&reason) || pod.message.starts_with(REJECTED);
    // A node that shuts down, or is short of something, refuses pods too: these are other rules'.
    if pod.phase != PodPhase::Failed || !is_told || matches!(reason, "NodeShutdown" | "Evicted") {
        return None;
    }
    let node = &pod.node;
    let message = pod.message.trim_start_matches(REJECTED).trim_end_matches([' ', '.']);
    let is_device = message.contains("devices unavailable");
    let lacking = lacking(case, pod).filter(|_| reason == "NodeAffinity");
    let why = match (SHORT_OF.captures(message), resource) {
        (Some(found), _) => {
            let number = |name: &str| found[name].parse::<i64>().unwrap_or_default();
            let left = (number("capacity") - number("used")).max(0);
            let (resource, requested) = (&found["resource"], &found["requested"]);
            // CPU is told in thousandths.
            let words = |amount: &str| match resource {
                "cpu" => Quantity::parse(&format!("{amount}m")).map_or_else(|| amount.to_owned(), Quantity::words),
                _ => amount.to_owned(),
            };
            let (wanted, left, all) = (words(requested), words(&left.to_string()), words(&found["capacity"]));
            format!("{wanted} {resource} are wanted, {left} of {all} are left")
        }
        (None, Some(resource)) => format!("no {resource} is left there"),
        _ if lacking.is_some() => format!("it lacks {}, which the pod asks for", lacking.unwrap_or_default()),
        _ if message.is_empty() => reason.to_owned(),
        _ => message.to_owned(),
    };
    let lasting = LASTING.iter().find(|(one, _, _)| *one == reason);
    // Whoever names the node asks no scheduler, who would have had the pod wait for one that fits.
    let named = case.job.and(case.pod_spec()).and_then(|spec| spec["nodeName"].as_str()).filter(|_| lasting.is_none());
    let nowhere = named.and_then(|_| elsewhere(case, pod));
    let mut fixes = match (lasting, named) {
        (Some((_, field, words)), _) => mend(case, *words, &without(case, field)),
        // A scheduler would find none either.
        (None, Some(_)) if nowhere.is_some() => {
            vec![case.rerun("change what the pod asks of its node, or the node that it names, in a new Job")]
        }
        (None, Some(_)) => {
            let words = "leave nodeName out in a new Job, so that the scheduler finds a node that fits";
            mend(case, words, &without(case, "nodeName"))
        }
        (None, None) => {
            vec![Fix::outside("wait for the next try: what the scheduler knows of the node is up to date then")]
        }
    };
    fixes.extend(is_device.then(|| Fix::outside(format!("check the device plugin and the devices of node {node}"))));
    let mut again = if lasting.is_some() { " Every try comes to the same end.".to_owned() } else { String::new() };
    if let Some(nowhere) = nowhere {
        again = format!(" Without nodeName it would wait instead: {nowhere}.");
    }
    let placed = match named {
        Some(_) => ", which its template names (nodeName) without asking the scheduler",
        None => " after it had been placed there",
    };
    Some(Finding {
        verdict: format!(
            "Node {node} refused the pod{placed} ({reason}): {why}. No container ran; it counts as a failure.{again}"
        ),
        short: format!("refused by its node: {reason}"),
        evidence: vec![of_field(pod, "status.reason", format!("{reason}: {}", pod.message))],
        fixes,
        since: pod.started.or(pod.meta.created),
        group: format!("T055/{reason}"),
        ..blank(
            case,
            "T055",
            if lasting.is_some() || named.is_some() { Severity::Critical } else { Severity::Warning },
            Confidence::Certain,
        )
    })
}

/// What the node of a pod lacks of what the pod asks for, in words.
fn lacking(case: &Case<'_>, pod: &Pod) -> Option<String> {
    let mut nodes = case.known.snapshot.nodes.iter();
    let lacking = misses(nodes.find(|node| node.meta.name == pod.node)?, case.spec_of(pod)?);
    (!lacking.is_empty()).then(|| lacking.join(" and "))
}

/// Why a scheduler would find no node for a pod that names its node. None where it would.
fn elsewhere(case: &Case<'_>, pod: &Pod) -> Option<String> {
    let mut spec = case.spec_of(pod)?.clone();
    spec.as_object_mut()?.remove("nodeName");
    no_node(case.known, &spec)
}

/// The pod template without a field of its spec; nothing where it does not have it.
fn without(case: &Case<'_>, field: &str) -> Changes {
    let pointer = format!("/{}", field.replace('.', "/"));
    let has = case.pod_spec().is_some_and(|spec| spec.pointer(&pointer).is_some());
    if has { Changes::remove(format!("{POD}.{field}")) } else { Changes::NONE }
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&VOLUME, &NO_PATH, &SUMMARY, &SHORT_OF, &MOUNT_OUTPUT, &TYPE, &HANDLER];
