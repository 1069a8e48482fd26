//! Pods that were taken away: by a node that is short of something or shuts down, by the scheduler, by an eviction.

use super::super::Case;
use super::lost::{lost, node_of, unready, written_off};
use crate::model::pod::{Disruption, Pod};
use crate::model::resources::Quantity;
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{blank, remake, rerun, sentences};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::mend::{Changes, POD, for_next_runs, half_more, mend_here, only_container};

/// `The node was low on resource: memory. Threshold quantity: …` (kubelet `eviction/helpers.go`).
static SHORT: Pattern = Pattern::new(r"low on resource: (?<resource>[\w-]+)");

/// `Container worker was using 7Gi, request is 1Gi, has larger consumption of memory.`
static OFFENDER: Pattern = Pattern::new(
    r"Container (?<container>\S+) was using (?<used>\S+), request is (?<request>[^,]+), has larger consumption",
);

/// `Container worker exceeded its local ephemeral storage limit "2Gi".`, `Usage of EmptyDir volume "x" exceeds the limit "10Gi".`,
/// `Pod ephemeral local storage usage exceeds the total limit of containers 4Gi.`
static OWN_LIMIT: Pattern = Pattern::new(concat!(
    r#"Container (?<container>\S+) exceeded its local ephemeral storage limit "(?<one>[^"]+)""#,
    r#"|EmptyDir volume "(?<volume>[^"]+)" exceeds the limit "(?<two>[^"]+)""#,
    r"|storage usage exceeds the total limit of containers (?<three>[^\s]+?)\.?(?:\s|$)",
));

/// `The node had condition: [MemoryPressure].`
static PRESSURE: Pattern = Pattern::new(r"The node had condition: \[(?<condition>[^\]]+)\]");

/// `Preempted by pod 6d0f2d5c-93f3-41a7-9a44-3cb4e02e9001 on node worker-1`.
static PREEMPTED: Pattern = Pattern::new(r"Preempted by (?:pod )?(?<by>\S+) on node (?<node>\S+)");

/// What took a pod away.
pub(super) fn find(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let found = match (pod.reason.as_str(), pod.disruption) {
        ("Evicted", _) => evicted(case, pod),
        ("Terminated" | "NodeShutdown", _) => shut_down(case, pod),
        ("DeadlineExceeded", _) => too_long(case, pod),
        ("Preempting", _) | (_, Some(Disruption::Preemption)) => preempted(case, pod),
        (_, Some(Disruption::Eviction)) => drained(case, pod),
        (_, Some(Disruption::Taint)) => tainted(case, pod),
        (_, Some(Disruption::NodeGone)) | ("NodeLost", _) => lost(case, pod)?,
        _ => lost(case, pod)?,
    };
    Some(Finding { since: found.since.or(pod.meta.deleted).or(pod.ended()), ..found })
}

/// What a pod's own status says of it.
fn of_status(pod: &Pod) -> Evidence {
    of_field(pod, "status.reason", format!("{}: {}", pod.reason, pod.message))
}

/// The condition that says who takes the pod away, as evidence.
pub(super) fn of_disruption(pod: &Pod) -> Option<Evidence> {
    let reason = match pod.disruption? {
        Disruption::Preemption => "PreemptionByScheduler",
        Disruption::Taint => "DeletionByTaintManager",
        Disruption::Eviction => "EvictionByEvictionAPI",
        Disruption::NodeGone => "DeletionByPodGC",
        Disruption::Kubelet => "TerminationByKubelet",
        Disruption::Other => return None,
    };
    Some(of_field(pod, "status.conditions[DisruptionTarget].reason", reason))
}

/// Such an end counts as a failed try, unless the Job says otherwise, which only a new one can.
pub(super) fn not_counted(case: &Case<'_>) -> Option<Fix> {
    remake(case, "let such ends not count: a podFailurePolicy that ignores DisruptionTarget, in a new Job")
}

/// T063: its node was short of something. T064: it wrote more than it may.
fn evicted(case: &Case<'_>, pod: &Pod) -> Finding {
    if let Some(found) = OWN_LIMIT.captures(&pod.message) {
        let limit =
            ["one", "two", "three"].into_iter().find_map(|name| found.name(name)).map_or("", |one| one.as_str());
        let (who, where_to) = match (found.name("container"), found.name("volume")) {
            (Some(container), _) => (format!("Container {}", container.as_str()), "to its own disk".to_owned()),
            (_, Some(volume)) => ("The pod".to_owned(), format!("into volume {}", volume.as_str())),
            _ => ("The pod".to_owned(), "to its own disk".to_owned()),
        };
        let larger = Quantity::parse(limit).map(half_more);
        let field = match (found.name("volume"), found.name("container")) {
            (Some(volume), _) => Some(format!("{POD}.volumes[name={}].emptyDir.sizeLimit", volume.as_str())),
            (None, Some(container)) => {
                Some(format!("{POD}.containers[name={}].resources.limits.ephemeral-storage", container.as_str()))
            }
            (None, None) => only_container(case).map(|(path, _)| format!("{path}.resources.limits.ephemeral-storage")),
        };
        let changes = field.zip(larger).map(|(field, larger)| Changes::set(field, larger.words())).unwrap_or_default();
        let what =
            if found.name("volume").is_some() { "sizeLimit of the volume" } else { "limit of ephemeral-storage" };
        let more = larger.map_or_else(|| "more".to_owned(), Quantity::words);
        let fixes = [
            mend_here(case, format!("rerun with {more} as {what}"), &changes),
            Some(Fix::outside("write less, or onto a volume: the container's own log counts too")),
            for_next_runs(case, &changes),
        ];
        return Finding {
            verdict: format!(
                "{who} wrote more than the {limit} that it may write {where_to}, and node {} ended the pod.",
                pod.node
            ),
            short: format!("wrote more than {limit} {where_to}"),
            evidence: vec![of_status(pod)],
            fixes: fixes.into_iter().flatten().collect(),
            group: format!("T064/{who}/{where_to}"),
            ..blank(case, "T064", Severity::Error, Confidence::Certain)
        };
    }
    let resource = SHORT.captures(&pod.message).map(|found| found["resource"].to_owned());
    let pressure = PRESSURE.captures(&pod.message).map(|found| found["condition"].to_owned());
    let offender = OFFENDER.captures(&pod.message).map(|found| {
        let (name, used, request) = (&found["container"], &found["used"], &found["request"]);
        format!("Container {name} used {used} and had asked for {request}.")
    });
    let node = &pod.node;
    let what = resource.as_deref().or(pressure.as_deref()).unwrap_or("something").to_owned();
    let verdict = match (&resource, &pressure) {
        (None, Some(pressure)) => format!("Node {node} did not take the pod: it is short of resources ({pressure})."),
        _ => format!("Node {node} ran short of {what} and ended the pod."),
    };
    let fixes = [
        rerun(
            case,
            format!("rerun with a request of {what} as large as its real use, so that it is not the first to go"),
        ),
        not_counted(case),
        Some(Fix::outside(format!("see what else uses {what} on node {node}"))),
        for_next_runs(case, &Changes::NONE),
    ];
    Finding {
        verdict: sentences([verdict, offender.unwrap_or_default()]),
        short: format!("evicted: node short of {what}"),
        evidence: [Some(of_status(pod)), of_disruption(pod)].into_iter().flatten().collect(),
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T063/{node}/{what}"),
        ..blank(case, "T063", Severity::Warning, Confidence::Certain)
    }
}

/// T077: its node shut down.
fn shut_down(case: &Case<'_>, pod: &Pod) -> Finding {
    let node = &pod.node;
    let verdict = match pod.reason.as_str() {
        "NodeShutdown" => format!("Node {node} shuts down and did not take the pod."),
        _ => format!("Node {node} shut down and ended the pod: an upgrade, or a machine that was taken back."),
    };
    Finding {
        verdict: sentences([verdict, goes_on(case, pod)]),
        short: "its node shut down".to_owned(),
        evidence: [Some(of_status(pod)), of_disruption(pod)].into_iter().flatten().collect(),
        fixes: not_counted(case).into_iter().collect(),
        group: format!("T077/{node}"),
        ..blank(case, "T077", Severity::Info, Confidence::Certain)
    }
}

/// T066: the template gives each pod so much time and no more, which is not the deadline of the Job.
fn too_long(case: &Case<'_>, pod: &Pod) -> Finding {
    let unlimited = Changes::remove(format!("{POD}.activeDeadlineSeconds"));
    let fixes = [
        mend_here(
            case,
            "remove activeDeadlineSeconds of the pod template in a new Job, and limit the Job instead where it needs it",
            &unlimited,
        ),
        for_next_runs(case, &unlimited),
    ];
    Finding {
        verdict: format!(
            "The pod ran longer than its template allows one pod (activeDeadlineSeconds of the template, not of the Job), \
             and node {} ended it.",
            pod.node
        ),
        short: "the pod's own deadline passed".to_owned(),
        evidence: vec![of_status(pod)],
        fixes: fixes.into_iter().flatten().collect(),
        group: "T066/deadline".to_owned(),
        ..blank(case, "T066", Severity::Warning, Confidence::Certain)
    }
}

/// Whether the work goes on in another pod, as a sentence.
pub(super) fn goes_on(case: &Case<'_>, pod: &Pod) -> String {
    let Some(job) = case.job else { return String::new() };
    let siblings = case.known.snapshot.pods_of(job.meta.uid);
    let newer = siblings.filter(|one| one.meta.created > pod.meta.created && one.index == pod.index);
    match newer.max_by_key(|one| one.meta.created) {
        Some(next) => format!("The work was begun again in pod {}.", next.meta.name),
        None if job.is_finished() => String::new(),
        None if !pod.is_finished() => "No other pod has begun its work again yet.".to_owned(),
        None => "The Job makes another pod for the work.".to_owned(),
    }
}

/// T075: something of higher priority needed its place.
fn preempted(case: &Case<'_>, pod: &Pod) -> Finding {
    let event = case.events(pod, "Preempted").into_iter().chain(case.events(pod, "Preempting")).next();
    let node = match event.and_then(|event| Some(PREEMPTED.captures(&event.note)?["node"].to_owned())) {
        Some(node) => node,
        None => pod.node.to_string(),
    };
    let evidence = [of_disruption(pod), event.map(of_event), Some(of_status(pod)).filter(|_| !pod.reason.is_empty())];
    let fixes = [
        remake(case, "give it a higher priority (priorityClassName) in a new Job"),
        not_counted(case),
        for_next_runs(case, &Changes::NONE),
    ];
    Finding {
        verdict: sentences([format!("A pod of higher priority took its place on node {node}."), goes_on(case, pod)]),
        short: "made room for higher priority".to_owned(),
        evidence: evidence.into_iter().flatten().collect(),
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T075/{node}"),
        ..blank(case, "T075", Severity::Warning, Confidence::Certain)
    }
}

/// T076: a drain, an autoscaler or somebody by hand.
fn drained(case: &Case<'_>, pod: &Pod) -> Finding {
    let node = &pod.node;
    let is_cordoned = node_of(case, pod).is_some_and(|node| node.is_unschedulable);
    let verdict = match is_cordoned {
        true => format!("Node {node} was drained, and the pod was evicted from it."),
        false => format!("The pod was evicted from node {node}: by a drain, an autoscaler, or somebody by hand."),
    };
    let fixes = [
        remake(
            case,
            "keep autoscalers away: annotate the template cluster-autoscaler.kubernetes.io/safe-to-evict: \"false\" or \
             karpenter.sh/do-not-disrupt: \"true\" in a new Job",
        ),
        not_counted(case),
        for_next_runs(case, &Changes::NONE),
    ];
    Finding {
        verdict: sentences([verdict, goes_on(case, pod)]),
        short: if is_cordoned { format!("node {node} was drained") } else { "evicted from its node".to_owned() },
        evidence: of_disruption(pod).into_iter().collect(),
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T076/{node}"),
        ..blank(case, "T076", Severity::Info, Confidence::Certain)
    }
}

/// A taint that the pod does not tolerate: T074 where the node is lost, which taints it; else T076, somebody's will.
fn tainted(case: &Case<'_>, pod: &Pod) -> Finding {
    let node = node_of(case, pod);
    let is_well = node.is_some_and(|node| unready(node).is_none());
    let meant = node.and_then(|node| {
        let by_hand = |taint: &&crate::model::node::Taint| {
            taint.effect == "NoExecute" && !taint.key.starts_with("node.kubernetes.io/")
        };
        node.taints.iter().find(by_hand)
    });
    match meant.filter(|_| is_well) {
        Some(taint) => Finding {
            verdict: sentences([
                format!(
                    "Node {} got the taint {}, which the pod does not tolerate, so it had to leave.",
                    pod.node, taint.key
                ),
                goes_on(case, pod),
            ]),
            short: format!("node tainted: {}", taint.key),
            ..drained(case, pod)
        },
        None => written_off(case, pod, None),
    }
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&SHORT, &OFFENDER, &OWN_LIMIT, &PRESSURE, &PREEMPTED];
