//! Jobs that wait in a queue of Kueue. A Job's `Workload` says how far it is: `QuotaReserved`, `Admitted`, `Evicted`.
//! The texts are those of kueue's `pkg/scheduler/flavorassigner` and `pkg/controller/core/workload_controller.go`.

use serde_json::Value;

use super::super::Case;
use super::super::case::{of_event, of_field};
use super::super::finding::{Evidence, Finding, Fix, Severity};
use super::super::grammar::Pattern;
use super::super::known::Fact;
use super::{TAKEN_UP_SECONDS, age, explanation, when};
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::job::Job;
use crate::model::key::Uid;
use crate::model::mutation::Address;

/// The label that sends a Job to a queue.
const QUEUE_LABEL: &str = "kueue.x-k8s.io/queue-name";

/// Events that Kueue writes about Jobs which it handles, queues by default included.
const EVENTS: [&str; 2] = ["CreatedWorkload", "Stopped"];

/// `insufficient unused quota for nvidia.com/gpu in flavor a100, 2 more needed`: others use it now.
pub(super) static SHORTAGE: Pattern = Pattern::new(
    r"insufficient unused quota for (?<resource>\S+) in flavor (?<flavor>[^,\s]+), (?<more>\S+) more needed",
);

/// `insufficient quota for cpu in flavor default, … + current podset request (200) > maximum capacity (128)`: it never
/// fits. Older ones say `request > maximum capacity (200 > 128)`.
pub(super) static TOO_LARGE: Pattern = Pattern::new(
    r"insufficient quota for (?<resource>\S+) in flavor (?<flavor>[^,\s]+), .*?(?:request \((?<asked>[^)\s]+)\) > maximum capacity \((?<most>[^)]+)\)|maximum capacity \((?<old_asked>\S+) > (?<old_most>[^)]+)\))",
);

/// Words of a `QuotaReserved` condition that no waiting helps.
const MISFITS: [&str; 9] = [
    "doesn't exist",
    "is stopped",
    "is inactive",
    "unavailable in ClusterQueue",
    "doesn't match node affinity",
    "untolerated taint",
    "didn't match ClusterQueue selector",
    "is not active",
    "resources didn't satisfy",
];

fn queue(job: &Job) -> Option<&str> {
    job.meta.labels.iter().find(|(key, _)| key == QUEUE_LABEL).map(|(_, queue)| queue.as_str())
}

/// T002, T003, T004: the Job is suspended by Kueue, or for it.
pub(super) fn queued(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let is_handled = || EVENTS.iter().any(|reason| !case.events(job, reason).is_empty());
    if !job.suspend || (queue(job).is_none() && !is_handled()) {
        return None;
    }
    let mut finding = match workloads(case, job) {
        // With less detail, until it is known.
        None | Some(Fact::Unreadable(_)) => waiting(case, job, None, ""),
        Some(Fact::Missing) => no_workload(case, job, true)?,
        Some(Fact::Found(all)) => match own(all, job) {
            Some(workload) => of_workload(case, job, workload, all),
            None => no_workload(case, job, false)?,
        },
    };
    finding.evidence.extend(case.event(job, "Stopped", "").map(of_event));
    finding.evidence.extend(queue(job).map(|queue| of_field(job, format!("metadata.labels[{QUEUE_LABEL}]"), queue)));
    Some(finding)
}

/// The cluster to which MultiKueue sent the Job.
pub(super) fn cluster_of(case: &Case<'_>, job: &Job) -> Option<String> {
    queue(job)?;
    let Some(Fact::Found(all)) = workloads(case, job) else { return None };
    own(all, job)?["status"]["clusterName"].as_str().map(str::to_owned)
}

/// All Workloads of the namespace. None before they are known. An older Kueue serves the older version alone.
fn workloads<'a>(case: &Case<'a>, job: &Job) -> Option<&'a Fact> {
    let list = |version: &str| {
        case.object(Address {
            api_version: compact_str::format_compact!("kueue.x-k8s.io/{version}"),
            kind: "Workload".into(),
            namespace: job.meta.namespace.clone(),
            name: "".into(),
        })
    };
    match list("v1beta2")? {
        Fact::Missing => list("v1beta1"),
        fact => Some(fact),
    }
}

fn own<'a>(all: &'a Value, job: &Job) -> Option<&'a Value> {
    let is_ours = |owner: &Value| owner["uid"].as_str().is_some_and(|uid| Uid::new(uid) == job.meta.uid);
    let owns = |workload: &&Value| {
        workload["metadata"]["ownerReferences"].as_array().is_some_and(|all| all.iter().any(is_ours))
    };
    all.as_array()?.iter().find(owns)
}

/// A condition of a Workload.
struct Condition<'a> {
    holds: bool,
    reason: &'a str,
    message: &'a str,
    since: Option<Time>,
}

fn condition<'a>(workload: &'a Value, kind: &str) -> Option<Condition<'a>> {
    let one = workload["status"]["conditions"].as_array()?.iter().find(|one| one["type"] == kind)?;
    Some(Condition {
        holds: one["status"] == "True",
        reason: one["reason"].as_str().unwrap_or_default(),
        message: one["message"].as_str().unwrap_or_default().trim_end_matches('.'),
        since: one["lastTransitionTime"].as_str().and_then(Time::parse),
    })
}

fn holds(workload: &Value, kind: &str) -> bool {
    condition(workload, kind).is_some_and(|condition| condition.holds)
}

fn of_workload(case: &Case<'_>, job: &Job, workload: &Value, all: &Value) -> Finding {
    let evicted = condition(workload, "Evicted").filter(|evicted| evicted.holds);
    let reserved = condition(workload, "QuotaReserved");
    if workload["spec"]["active"] == false {
        return deactivated(case, workload, evicted);
    }
    if let Some(evicted) = evicted {
        return taken_back(case, job, workload, &evicted);
    }
    if holds(workload, "Admitted") {
        return Finding {
            verdict: "Kueue has admitted the Job and resumes it at any moment.".to_owned(),
            short: "admitted, about to start".to_owned(),
            ..waiting(case, job, None, "")
        };
    }
    if let Some(reserved) = reserved.as_ref().filter(|reserved| reserved.holds) {
        return checking(case, job, workload, reserved);
    }
    let Some(reserved) = reserved else { return waiting(case, job, None, &ahead(workload, all)) };
    let finding = refused(case, job, &reserved, &ahead(workload, all));
    Finding {
        evidence: vec![of_workload_field(case, workload, "QuotaReserved", &reserved)],
        since: reserved.since,
        ..finding
    }
}

/// What a Workload says of itself, told as evidence on the Job: Workloads are not among the kinds that are watched.
fn of_workload_field(case: &Case<'_>, workload: &Value, kind: &str, condition: &Condition<'_>) -> Evidence {
    let name = workload["metadata"]["name"].as_str().unwrap_or_default();
    let source = super::super::finding::Source::Field {
        object: case.key.clone(),
        path: format!("workload/{name} status.conditions[{kind}]"),
    };
    Evidence { source, words: format!("{}: {}", condition.reason, condition.message), at: condition.since }
}

/// The queue does not reserve room for the Job: it is full, too small, or not usable.
fn refused(case: &Case<'_>, job: &Job, reserved: &Condition<'_>, ahead: &str) -> Finding {
    let message = reserved.message;
    let name = queue(job).unwrap_or("its queue");
    if let Some(found) = SHORTAGE.captures(message) {
        let what = format!("{} more {} in flavor {}", &found["more"], &found["resource"], &found["flavor"]);
        return waiting(case, job, Some(&what), ahead);
    }
    let rerun = case.rerun("ask for less in a new Job");
    if let Some(found) = TOO_LARGE.captures(message) {
        let either =
            |new: &str, old: &str| found.name(new).or_else(|| found.name(old)).map_or("?", |text| text.as_str());
        let (asked, most) = (either("asked", "old_asked"), either("most", "old_most"));
        let (resource, flavor) = (&found["resource"], &found["flavor"]);
        return Finding {
            severity: Severity::Critical,
            verdict: format!(
                "The Job never fits into queue {name}: it asks for {asked} {resource}, and flavor {flavor} holds {most} at \
                 most. It waits for ever as it is."
            ),
            short: format!("never fits: {asked} {resource}, {most} at most"),
            fixes: vec![
                rerun,
                Fix::outside(format!("raise the quota of {resource} in flavor {flavor} of its ClusterQueue")),
            ],
            group: format!("T002/{}/{name}/{resource}/never", job.meta.namespace),
            ..explanation(case, "T002")
        };
    }
    if MISFITS.iter().any(|words| message.contains(words))
        || matches!(reserved.reason, "Inadmissible" | "Misconfigured")
    {
        return Finding {
            severity: Severity::Critical,
            verdict: format!("Queue {name} cannot take this Job: {message}. Waiting does not help."),
            short: format!("queue {name}: {message}"),
            fixes: vec![
                Fix::by(
                    format!("name another queue in label {QUEUE_LABEL}: a suspended Job may be moved"),
                    CommandCall::new("object.label", case.subject),
                ),
                Fix::outside("create or resume the LocalQueue and its ClusterQueue (spec.stopPolicy: None)"),
            ],
            group: format!("T003/{}/{name}", job.meta.namespace),
            ..explanation(case, "T003")
        };
    }
    let finding = waiting(case, job, None, ahead);
    let said = if message.is_empty() { String::new() } else { format!(" Kueue says: {message}.") };
    Finding { verdict: format!("{}{said}", finding.verdict), ..finding }
}

/// T002: the Job waits for its turn.
fn waiting(case: &Case<'_>, job: &Job, lacking: Option<&str>, ahead: &str) -> Finding {
    let name = queue(job);
    let place = name.map_or_else(|| "a queue of Kueue".to_owned(), |name| format!("queue {name}"));
    let since = job.condition("Suspended").and_then(|condition| condition.since).or(job.meta.created);
    let lack = lacking.map(|what| format!(": {what} must become free")).unwrap_or_default();
    Finding {
        verdict: format!(
            "The Job waits in {place} for its turn{lack}. Kueue starts it when there is room, and pauses it again where \
             someone resumes it by hand.{ahead}"
        ),
        short: match lacking {
            Some(what) => format!("queued: {what}"),
            None => format!("waits in {place}"),
        },
        fixes: vec![
            Fix::outside(
                "give it a higher priority: label kueue.x-k8s.io/priority-class may be changed while it waits",
            ),
            case.rerun("ask for less in a new Job"),
        ],
        since,
        group: format!("T002/{}/{}", job.meta.namespace, name.unwrap_or_default()),
        ..explanation(case, "T002")
    }
}

/// ` 2 Jobs of this namespace are before it in the queue, 3 run.`
fn ahead(workload: &Value, all: &Value) -> String {
    let Some(all) = all.as_array() else { return String::new() };
    let queue = &workload["spec"]["queueName"];
    let rank = |one: &Value| {
        let created = one["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
        (std::cmp::Reverse(one["spec"]["priority"].as_i64().unwrap_or_default()), created)
    };
    let others = || all.iter().filter(|one| one["spec"]["queueName"] == *queue && !holds(one, "Finished"));
    let running = others().filter(|one| holds(one, "QuotaReserved")).count();
    let is_before =
        |one: &&Value| !holds(one, "QuotaReserved") && one["spec"]["active"] != false && rank(one) < rank(workload);
    let before = others().filter(is_before).count();
    match (before, running) {
        (0, 0) => String::new(),
        (before, running) => {
            format!(" In this namespace {before} are ahead of it in the queue and {running} have room.")
        }
    }
}

/// Room is reserved, and admission checks (a node pool that grows, another cluster) are under way.
fn checking(case: &Case<'_>, job: &Job, workload: &Value, reserved: &Condition<'_>) -> Finding {
    let checks = workload["status"]["admissionChecks"].as_array();
    let open = checks.into_iter().flatten().filter(|check| check["state"] != "Ready");
    let open: Vec<String> = open
        .map(|check| {
            let name = check["name"].as_str().unwrap_or_default();
            match check["message"].as_str().unwrap_or_default() {
                "" => name.to_owned(),
                message => format!("{name} ({message})"),
            }
        })
        .collect();
    let names = if open.is_empty() { "an admission check".to_owned() } else { open.join(", ") };
    Finding {
        verdict: format!("Kueue has reserved room for the Job{} and waits for {names}.", when(case, reserved.since)),
        short: format!("queued: waits for {names}"),
        evidence: vec![of_workload_field(case, workload, "QuotaReserved", reserved)],
        fixes: Vec::new(),
        since: reserved.since,
        ..waiting(case, job, None, "")
    }
}

/// T004: Kueue stopped a Job that ran, and starts it again later.
fn taken_back(case: &Case<'_>, job: &Job, workload: &Value, evicted: &Condition<'_>) -> Finding {
    let preempted = condition(workload, "Preempted").filter(|one| one.holds && evicted.reason == "Preempted");
    let message = preempted.as_ref().map_or(evicted.message, |one| one.message);
    let state = &workload["status"]["requeueState"];
    let again = state["requeueAt"].as_str().and_then(Time::parse).filter(|at| *at > case.known.now);
    let again = match again {
        Some(at) => format!("It is queued again in {}.", short_duration(at.seconds_since(case.known.now))),
        None => "It is in the queue again and starts when there is room.".to_owned(),
    };
    Finding {
        severity: Severity::Warning,
        verdict: format!(
            "Kueue stopped the Job{} ({}): {message}. {again} What its pods had done is lost where the program does not \
             save it.",
            when(case, evicted.since),
            evicted.reason,
        ),
        short: format!("taken back by Kueue: {}", evicted.reason),
        evidence: vec![of_workload_field(case, workload, "Evicted", evicted)],
        fixes: vec![Fix::outside("give it a higher priority: label kueue.x-k8s.io/priority-class")],
        since: evicted.since,
        group: format!("T004/{}/{}", job.meta.namespace, evicted.reason),
        ..explanation(case, "T004")
    }
}

/// T004: Kueue, or someone, took the Workload out of the queue for good.
fn deactivated(case: &Case<'_>, workload: &Value, evicted: Option<Condition<'_>>) -> Finding {
    let name = workload["metadata"]["name"].as_str().unwrap_or_default();
    let cause = condition(workload, "DeactivationTarget").or(evicted);
    let why = match cause.as_ref().map(|cause| (cause.reason, cause.message)) {
        Some((reason, "")) => format!(": {reason}"),
        Some((_, message)) => format!(": {message}"),
        None => String::new(),
    };
    Finding {
        severity: Severity::Critical,
        verdict: format!(
            "The Job is out of its queue{why}. Its Workload {name} is not active, so Kueue does not start it again by \
             itself."
        ),
        short: format!("out of the queue{why}"),
        evidence: cause.iter().map(|cause| of_workload_field(case, workload, "DeactivationTarget", cause)).collect(),
        fixes: vec![Fix::outside(format!("remove the cause, then set spec.active: true in workload {name}"))],
        since: cause.as_ref().and_then(|cause| cause.since),
        group: "T004/inactive".to_owned(),
        ..explanation(case, "T004")
    }
}

/// T003: nothing of Kueue looks after the Job. Where Kueue does not exist at all, resuming by hand helps.
fn no_workload(case: &Case<'_>, job: &Job, is_absent: bool) -> Option<Finding> {
    // A child of something that is queued as a whole has no Workload of its own.
    let is_child = job.meta.owner.is_some_and(|owner| owner.kind.is_none());
    if is_child || age(case, job) <= TAKEN_UP_SECONDS {
        return (!is_child).then(|| waiting(case, job, None, ""));
    }
    let name = queue(job).unwrap_or("its queue");
    let (why, fixes) = match is_absent {
        true => (
            "this cluster has no Kueue that could start it".to_owned(),
            vec![Fix::by("resume the Job by hand", CommandCall::new("batch.resume", case.subject))],
        ),
        false => (
            format!("Kueue has made no Workload for it in {}", short_duration(age(case, job))),
            vec![Fix::outside(format!(
                "look whether Kueue runs, and whether it manages Jobs and namespace {}",
                job.meta.namespace
            ))],
        ),
    };
    Some(Finding {
        severity: Severity::Critical,
        verdict: format!("The Job is to wait in queue {name}, but {why}. It stays paused."),
        short: format!("queue {name}: Kueue does not take it up"),
        fixes,
        since: job.meta.created,
        group: format!("T003/{}/no-workload", job.meta.namespace),
        ..explanation(case, "T003")
    })
}
