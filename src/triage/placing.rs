//! A pod exists and has no node. The scheduler's words say how many nodes refuse it and why; key, label and amount are
//! found by comparing pod and nodes, since each node is told by the first filter alone that refuses it.

mod added;
mod gates;
mod message;
pub(super) mod named;
mod neighbours;
mod nodes;
mod nowhere;
mod room;
mod selection;
mod unfit;
mod volumes;

use std::fmt::Write;

use super::Case;
use super::case::{of_event, of_field};
use super::finding::{Confidence, Evidence, Finding, Fix, RuleId, Severity};
#[cfg(test)]
use super::grammar::Pattern;
use super::mend;
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::pod::{Pod, PodPhase};
use crate::model::resources::Quantity;
use message::{Message, Reason, Topic};
use nodes::Sight;
pub(super) use nodes::misses;
pub use nowhere::no_node;

/// A pod is placed within so many seconds where a node has room; only then is its waiting told.
const PLACED_SECONDS: i64 = 10;

/// Why a pod has no node.
pub(super) fn find(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let is_over = case.job.is_some_and(|job| job.is_finished() || job.suspend);
    if pod.phase != PodPhase::Pending || pod.meta.deleted.is_some() || is_over {
        return None;
    }
    if !pod.node.is_empty() {
        return volumes::attached_elsewhere(case, pod);
    }
    let age = pod.meta.created.map_or(0, |created| case.known.ago(created));
    if age <= PLACED_SECONDS {
        return None;
    }
    if pod.unscheduled == "SchedulingGated" {
        return case.once("gated", || Some(gates::gated(case, pod)));
    }
    if let Some(found) = gates::claim_not_made(case, pod) {
        return Some(found);
    }
    let Some(text) = text_of(case, pod) else { return gates::unseen(case, pod, age) };
    let message = Message::read(text);
    case.once(message.stable, || refused(case, pod, text, &message))
}

/// What the scheduler says: in full in the pod's condition, cut at some length in its events.
fn text_of<'p, 'a: 'p>(case: &Case<'a>, pod: &'p Pod) -> Option<&'p str> {
    if pod.unscheduled == "Unschedulable" && !pod.message.is_empty() {
        return Some(&pod.message);
    }
    let event = case.events(pod, "FailedScheduling").into_iter().next()?;
    Some(event.note.as_str()).filter(|note| !note.starts_with("skip schedule deleting pod"))
}

/// Which rule tells what the message says.
fn refused(case: &Case<'_>, pod: &Pod, text: &str, message: &Message<'_>) -> Option<Finding> {
    let mut evidence = vec![of_field(pod, "status.conditions[PodScheduled].message", text)];
    let help = autoscaler(case, pod, &mut evidence);
    let sight = Sight::of(case, pod);
    let scene = Scene { case, pod, message, sight: &sight };
    let mut finding = scene.judge()?;
    if !help.is_empty() && matches!(finding.rule.0, "T020" | "T021" | "T022" | "T023") {
        let _ = write!(finding.verdict, " {help}");
    }
    evidence.append(&mut finding.evidence);
    Some(Finding { evidence, ..finding })
}

/// A pod, what the scheduler said of it, and the nodes.
#[derive(Clone, Copy)]
struct Scene<'s, 'a> {
    case: &'s Case<'a>,
    pod: &'s Pod,
    message: &'s Message<'s>,
    sight: &'s Sight<'a>,
}

impl<'s> Scene<'s, '_> {
    /// What concerns the pod as a whole comes before what single nodes say.
    fn judge(self) -> Option<Finding> {
        if self.message.is_without_nodes {
            return Some(selection::no_nodes(self));
        }
        let whole = [volumes::missing, volumes::unbound, gates::gang, room::device_class];
        if let Some(mut finding) = whole.into_iter().find_map(|rule| rule(self)) {
            // Nodes are looked at only once all claims are there: what they would say comes to light too late.
            let next = self.sight.spec.filter(|_| finding.severity.is_problem());
            if let Some(next) = next.and_then(|spec| no_node(self.case.known, spec)) {
                let _ = write!(finding.verdict, " That is not all: {next}.");
            }
            return Some(finding);
        }
        let lead = self.lead()?;
        match lead.topic {
            Topic::Room(resource) => Some(room::short(self, resource)),
            Topic::Devices => Some(room::claims_short(self)),
            Topic::Taint => Some(selection::tainted(self, lead)),
            Topic::Selector => Some(selection::unmatched(self, lead)),
            Topic::Cordon => Some(selection::cordoned(self, lead)),
            Topic::Ports => Some(neighbours::ports(self)),
            Topic::Apart => Some(neighbours::apart(self, lead)),
            Topic::VolumeInUse => Some(volumes::in_use(self)),
            Topic::VolumeBinding => Some(volumes::without_volume(self)),
            Topic::VolumePlace => Some(volumes::elsewhere(self)),
            Topic::Other => None,
        }
    }

    /// The reason to tell: of the filters the last, since the nodes that it refuses pass all others. Where that is one
    /// that no waiting helps (labels, size), and a node is kept from the pod by a single thing that may change, it is
    /// this thing.
    fn lead(self) -> Option<&'s Reason<'s>> {
        let lead = self.message.leading()?;
        if !matches!(lead.topic, Topic::Room(_) | Topic::Selector | Topic::Taint | Topic::Cordon) {
            return Some(lead);
        }
        let near = self.sight.near();
        let is_near = |reason: &Reason<'_>| near.iter().any(|topic| topic.is_like(reason.topic));
        if near.is_empty() || is_near(lead) {
            return Some(lead);
        }
        let others = self.message.reasons.iter().filter(|reason| is_near(reason));
        Some(others.max_by_key(|reason| reason.rank()).unwrap_or(lead))
    }

    /// What all findings here have in common.
    fn finding(self, rule: &'static str, severity: Severity) -> Finding {
        Finding {
            rule: RuleId(rule),
            severity,
            confidence: Confidence::Likely,
            subject: self.case.subject,
            verdict: String::new(),
            short: String::new(),
            effect: String::new(),
            evidence: Vec::new(),
            fixes: Vec::new(),
            since: self.pod.meta.created,
            group: rule.to_owned(),
        }
    }

    /// ` The other nodes: 1 tainted, 2 cordoned.`
    fn others(self, lead: Topic<'_>) -> String {
        let others = self.message.reasons.iter().filter(|reason| !reason.topic.is_like(lead));
        let words: Vec<String> = others.map(Reason::words).collect();
        if words.is_empty() { String::new() } else { format!(" The other nodes: {}.", words.join(", ")) }
    }

    /// How long a pod waits that no waiting helps: pods without a node never fail by themselves.
    fn patience(self) -> String {
        match self.case.job.and_then(|job| job.stops_in(self.case.known.now)) {
            Some(left) => format!("It waits until the Job's time limit ends it in {}.", short_duration(left)),
            None => "It waits for ever as it is.".to_owned(),
        }
    }

    /// To run so many pods at once instead of all; None where the Job wants no more than that.
    fn fewer(self, at_once: usize, why: &str) -> Option<Fix> {
        let job = self.case.whole_job()?;
        let wanted = usize::try_from(job.parallelism.unwrap_or(1)).unwrap_or_default();
        if at_once == 0 || at_once >= wanted {
            return None;
        }
        let words = format!("run {at_once} at once instead of {wanted}: {why}");
        Some(Fix::by(words, CommandCall::with("job.parallelism", self.case.subject, at_once.to_string())))
    }

    /// The most that one of these nodes has left of CPU or memory for a pod, or offers of disk, in sizes that people choose.
    /// None for other resources.
    fn most_left(self, resource: &str, nodes: &[usize]) -> Option<Quantity> {
        let left = |at: &usize| {
            let all = || nodes::offered(self.sight.nodes[*at], resource).filter(|_| resource == "ephemeral-storage");
            self.sight.left(*at, resource).or_else(all)
        };
        let left = nodes.iter().filter_map(left).max()?;
        Some(mend::rounded_down(left.minus(added::overhead(self, resource)), resource))
    }

    /// How many pods of the Job have a node.
    fn placed(self) -> usize {
        self.case.pods.iter().filter(|pod| !pod.is_finished() && !pod.node.is_empty()).count()
    }
}

/// What an autoscaler says of the pod, in a sentence.
fn autoscaler(case: &Case<'_>, pod: &Pod, evidence: &mut Vec<Evidence>) -> String {
    const HELPS: [&str; 2] = ["TriggeredScaleUp", "Nominated"];
    let newest = |reasons: &[&str]| {
        let all = reasons.iter().filter_map(|reason| case.events(pod, reason).into_iter().next());
        all.max_by_key(|event| event.last)
    };
    let Some(event) = newest(&[HELPS[0], HELPS[1], "NotTriggerScaleUp"]) else { return String::new() };
    evidence.push(of_event(event));
    if HELPS.contains(&event.reason.as_str()) {
        return "The autoscaler is adding a node for it.".to_owned();
    }
    let why = event.note.split_once("scale-up: ").map_or(event.note.as_str(), |(_, why)| why);
    format!("The autoscaler adds no node for it: {}.", why.trim_end_matches('.'))
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[
    &volumes::MISSING,
    &volumes::LOST,
    &volumes::MULTI_ATTACH,
    &gates::CLAIM,
    &gates::VOLCANO,
    &gates::POD_GROUP,
    &room::DEVICE_CLASS,
];

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
