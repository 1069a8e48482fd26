//! No pod exists because the API server refuses it: quotas, limits, policies, missing accounts and classes. All of it
//! stands in the `FailedCreate` events of the Job, whose texts come from the admission plugins named at each rule.

mod limits;
mod missing;
mod policy;

pub(super) use limits::BOUND;
pub(super) use policy::POLICY_DENIED;

use super::Case;
use super::case::{of_event, of_field};
use super::container::blank;
use super::finding::{Confidence, Finding, Fix, Severity};
use super::grammar::{Pattern, amounts};
use super::mend::{self, Changes};
use super::outcome::brief;
use super::trial::{Share, shares};
use crate::model::command_call::CommandCall;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::pod::Pod;
use crate::model::quota::{ResourceQuota, Scope};
use crate::model::resources::{Quantity, amount_of};

/// What the API server says to pods that a Job wants and cannot have.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let wants_pods =
        |job: &&Job| !job.is_decided() && !job.suspend && job.meta.deleted.is_none() && case.lacks_pods(job);
    let Some(job) = case.whole_job().filter(wants_pods) else { return Vec::new() };
    let Some(event) = standing_refusal(case, job) else { return Vec::new() };
    let Some(mut found) = read(case, job, event) else { return Vec::new() };
    // Quotas are asked last, so that who mends anything else meets them next.
    if !matches!(found.rule.0, "T006" | "T007") {
        found.verdict.push_str(&exceeded_next(case, job, "", ""));
    }
    vec![found]
}

/// What one refusal means.
pub(super) fn read(case: &Case<'_>, job: &Job, event: &Event) -> Option<Finding> {
    // Who says it comes before what is said: policies speak in the words of quotas and of Pod Security, too.
    let rules = [
        policy::denied,
        policy::webhook_down,
        quota_exceeded,
        quota_requires,
        limits::out_of_bounds,
        limits::above_limit,
        policy::pod_security,
        missing::service_account,
        missing::class,
        unknown,
    ];
    rules.into_iter().find_map(|rule| rule(case, job, event))
}

/// The newest refusal, where no pod was made since: an older one was overcome.
fn standing_refusal<'a>(case: &Case<'a>, job: &Job) -> Option<&'a Event> {
    refusals(case, job).next()
}

/// Refusals since the last pod was made, the newest first: until the server puts them together each refused pod has one.
fn refusals<'a>(case: &Case<'a>, job: &Job) -> impl Iterator<Item = &'a Event> + use<'a> {
    let newest_pod = case.pods.iter().filter_map(|pod| pod.meta.created).max();
    case.events(job, "FailedCreate").into_iter().take_while(move |event| event.last >= newest_pod)
}

/// What all refusals have in common; the rule puts in the rest.
fn refusal(case: &Case<'_>, event: &Event, rule: &'static str) -> Finding {
    let all = case.job.into_iter().flat_map(|job| refusals(case, job)).chain([event]);
    Finding {
        evidence: vec![of_event(event)],
        since: all.filter_map(|event| event.meta.created).min(),
        ..blank(case, rule, Severity::Critical, Confidence::Likely)
    }
}

/// `exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4`
/// (apiserver `pkg/admission/plugin/resourcequota/controller.go`).
pub(super) static EXCEEDED: Pattern = Pattern::new(
    r"exceeded quota: (?<quota>[^,]+), requested: (?<requested>.+), used: (?<used>.+), limited: (?<hard>.+)$",
);

/// T006: the namespace's quota has no room for another pod.
fn quota_exceeded(case: &Case<'_>, job: &Job, event: &Event) -> Option<Finding> {
    let found = EXCEEDED.captures(&event.note)?;
    let name = &found["quota"];
    // The plugin names the resources that do not fit, in one order in all three places; the first is the one to tell.
    let (resource, requested) = *amounts(&found["requested"]).first()?;
    let of =
        |text: &str| amounts(text).into_iter().find(|(one, _)| *one == resource).map(|(_, amount)| amount.to_owned());
    let wants = Quantity::parse(requested)?;
    let told = (Quantity::parse(&of(&found["hard"])?)?, Quantity::parse(&of(&found["used"])?)?);
    // The event may be old: the quota itself says how it is now.
    let mut quotas = case.known.snapshot.quotas.iter().filter(|quota| quota.meta.namespace == job.meta.namespace);
    let quota = quotas.find(|quota| quota.meta.name == name);
    let now = quota.and_then(|quota| Some((amount_of(&quota.hard, resource)?, amount_of(&quota.used, resource)?)));
    let has_room = |(hard, used): (Quantity, Quantity)| hard.minus(used) >= wants;
    let freed = now.filter(|now| has_room(*now));
    let (hard, used) = now.filter(|now| !has_room(*now)).unwrap_or(told);
    let freed = match freed {
        Some((hard, used)) => format!(" By now {} is left: the next try may succeed.", hard.minus(used).words()),
        None => String::new(),
    };
    let (bounds, left) = ((hard, used), hard.minus(used).words());
    let is_too_small = wants > hard;
    let (hard, used) = (hard.words(), used.words());
    let (wanted, namespace) = (job.parallelism.unwrap_or(1), &job.meta.namespace);
    let open = case.pods.iter().filter(|pod| !pod.is_finished()).count();
    let mut fixes = Vec::new();
    if open > 0 {
        let words = format!("run {open} pods at once instead of {wanted}: so many fit");
        fixes.push(Fix::by(words, CommandCall::with("job.parallelism", case.subject, open.to_string())));
    }
    fixes.extend(less(case, resource, Some(bounds)));
    let never = is_too_small || bounds.0 == Quantity::default();
    fixes.extend(quota.filter(|_| never).map(|quota| out_of_scope(case, quota)).unwrap_or_default());
    let ended = if resource == "count/pods" { " Pods that have ended count too, until they are deleted." } else { "" };
    if !ended.is_empty() {
        fixes.push(Fix::outside(format!(
            "delete Jobs of namespace {namespace} that have ended: their pods go with them"
        )));
    }
    fixes.push(Fix::outside(format!(
        "raise {resource} of resourcequota/{name}: the Job goes on by itself within a minute"
    )));
    let mut finding = refusal(case, event, "T006");
    let holders = quota.filter(|_| !never).map(|quota| holders(case, job, quota, resource)).unwrap_or_default();
    let held = match &holders[..] {
        [] => String::new(),
        some => format!(" Most of it is held by {}.", some.join(" and ")),
    };
    let wait =
        |holder: &String| format!("wait until {} ends, or suspend it", holder.split(' ').next().unwrap_or_default());
    let wait = holders.first().filter(|holder| holder.starts_with("job/")).map(wait).map(Fix::outside);
    fixes.splice(fixes.len() - 1..fixes.len() - 1, wait);
    let next =
        held + ended + &freed + &quota.map(counted).unwrap_or_default() + &exceeded_next(case, job, name, resource);
    finding.evidence.extend(quota.zip(now).map(|(quota, (hard, used))| {
        let words = format!("{} of {} {resource} are used now", used.words(), hard.words());
        of_field(quota, format!("status.used[{resource}]"), words)
    }));
    // Of a Job that is only tried no pod can exist.
    let exist = job.meta.created.map(|_| format!(" {open} of {wanted} pods exist.")).unwrap_or_default();
    Some(Finding {
        severity: if freed.is_empty() { Severity::Error } else { Severity::Warning },
        verdict: match resource {
            "pods" | "count/pods" if bounds.0 == Quantity::default() => {
                format!("Quota {name} in {namespace} allows no pods at all.{exist}{next}")
            }
            // Of these each pod is one.
            "pods" | "count/pods" => {
                format!(
                    "Quota {name} in {namespace} is full: it allows {hard} {resource}, and {used} are there.{exist}{next}"
                )
            }
            // No waiting helps.
            _ if is_too_small => {
                format!(
                    "Quota {name} in {namespace} is too small: each pod asks for {requested} {resource}, and it allows \
                     {hard} in all.{exist}{next}"
                )
            }
            _ => format!(
                "Quota {name} in {namespace} is full: each pod asks for {requested} {resource}, {left} of {hard} is \
                 left.{exist}{next}"
            ),
        },
        short: match resource {
            "pods" | "count/pods" => format!("quota {name}: {used} of {hard} {resource}"),
            _ => {
                let resource = resource.strip_prefix("requests.").unwrap_or(resource);
                format!("quota {name}: {resource} needs {requested}, {left} left")
            }
        },
        fixes,
        group: format!("T006/{}/{name}/{resource}", job.meta.namespace),
        ..finding
    })
}

/// Who else has most of what a quota counts: `job/nightly-7 (80Mi)`, at most two of them. Nobody is named where the quota
/// does not count all pods, or counts something else.
fn holders(case: &Case<'_>, job: &Job, quota: &ResourceQuota, resource: &str) -> Vec<String> {
    let amount = |pod: &Pod| match resource {
        "pods" => Quantity::parse("1"),
        _ => match resource.strip_prefix("limits.") {
            Some(limited) => pod.limits.amount(limited),
            None => pod.requests.amount(resource.trim_start_matches("requests.")),
        },
    };
    let is_other = |pod: &Pod| {
        pod.meta.namespace == job.meta.namespace
            && pod.meta.owner_uid() != Some(job.meta.uid)
            && quota.scopes.is_empty()
    };
    case.most(is_other, amount)
}

/// What a quota with scopes counts, as a sentence; empty for one that counts all pods.
fn counted(quota: &ResourceQuota) -> String {
    if quota.scopes.is_empty() {
        return String::new();
    }
    let words = |scope: &Scope| match scope.name.as_str() {
        "BestEffort" => "that set neither requests nor limits".to_owned(),
        "NotBestEffort" => "that set requests or limits".to_owned(),
        "Terminating" => "with a deadline (activeDeadlineSeconds)".to_owned(),
        "NotTerminating" => "without a deadline (activeDeadlineSeconds)".to_owned(),
        "PriorityClass" if scope.values.is_empty() => "with a priority class".to_owned(),
        "PriorityClass" if scope.operator == "NotIn" => {
            format!("of other priority classes than {}", scope.values.join(", "))
        }
        "PriorityClass" => format!("of priority class {}", scope.values.join(" or ")),
        other => format!("of scope {other}"),
    };
    format!(" It counts only pods {}.", quota.scopes.iter().map(words).collect::<Vec<_>>().join(" and "))
}

/// The deadline of pods that have none, in seconds: to be adapted.
const HOUR: i64 = 3_600;

/// To be a pod that the quota does not count, where its scopes leave a way.
fn out_of_scope(case: &Case<'_>, quota: &ResourceQuota) -> Vec<Fix> {
    let Some(spec) = case.pod_spec() else { return Vec::new() };
    let path = |field: &str| format!("{}.{field}", mend::POD);
    let has = |name: &str| quota.scopes.iter().any(|scope| scope.name == name);
    if has("Terminating") && spec["activeDeadlineSeconds"].is_number() {
        // A deadline of the Job does what one of the pod is for, and no quota asks for it.
        let changes = Changes::remove(path("activeDeadlineSeconds"))
            .and_set("spec.activeDeadlineSeconds", spec["activeDeadlineSeconds"].clone());
        return mend::mend(case, "give the Job the deadline in place of its pods, in a new Job", &changes);
    }
    if has("PriorityClass") && spec["priorityClassName"].is_string() {
        let changes = Changes::remove(path("priorityClassName"));
        return mend::mend(case, "name no priority class in a new Job", &changes);
    }
    if has("NotTerminating") {
        // The deadline of the Job is not one of its pods, and does not count here.
        let deadline = case.job.and_then(|job| job.active_deadline_seconds).unwrap_or(HOUR);
        let changes = Changes::set(path("activeDeadlineSeconds"), deadline);
        let words = format!("give its pods a deadline of their own ({deadline}s, to be adapted) in a new Job");
        return mend::mend(case, words, &changes);
    }
    if has("BestEffort") {
        let containers = spec["containers"].as_array().into_iter().flatten();
        let names = containers.filter_map(|container| container["name"].as_str());
        let changes = names.fold(Changes::NONE, |changes, name| {
            let at = |resource: &str| path(&format!("containers[name={name}].resources.requests.{resource}"));
            changes.and_set(at("cpu"), SMALL[0].1).and_set(at("memory"), SMALL[1].1)
        });
        return mend::mend(
            case,
            "say what its containers ask for (small values, to be adapted) in a new Job",
            &changes,
        );
    }
    Vec::new()
}

/// What would refuse the pod next, as a sentence: the server names the first quota alone, and those who raise it meet the
/// next.
fn exceeded_next(case: &Case<'_>, job: &Job, first: &str, told: &str) -> String {
    let Some(spec) = case.pod_spec() else { return String::new() };
    let full = shares(case.known.snapshot, &job.meta.namespace, spec).filter(|one| one.asked > one.left);
    let others = full.filter(|one| (one.quota, one.resource) != (first, told));
    let words = |Share { quota, resource, asked, left, .. }: Share<'_>| {
        format!("quota {quota} ({} {resource} asked, {} left)", asked.words(), left.words())
    };
    let next: Vec<String> = others.map(words).collect();
    if next.is_empty() { String::new() } else { format!(" It would be refused next by {}.", next.join(", then by ")) }
}

/// To ask for what a quota has left, where that is known and enough for a pod at all; else for less.
fn less(case: &Case<'_>, resource: &str, amounts: Option<(Quantity, Quantity)>) -> Vec<Fix> {
    let left = amounts.map(|(hard, used)| hard.minus(used)).filter(|left| *left > Quantity::default());
    let (side, what) = resource.split_once('.').unwrap_or(("requests", resource));
    let changes = left.and_then(|left| mend::at_most(case, side, what, left));
    match changes.zip(left) {
        Some((changes, left)) => {
            mend::mend(case, format!("ask for {} {resource} in a new Job: so much is left", left.words()), &changes)
        }
        // Of pods and other objects there is no part.
        None if !matches!(side, "requests" | "limits") || matches!(what, "pods" | "count/pods" | "storage") => {
            Vec::new()
        }
        None => vec![case.rerun("ask for less in a new Job")],
    }
}

/// `spec.containers[0].image: Invalid value: "busybox:1.35 ": must not have leading or trailing whitespace`
/// (`pkg/apis/core/validation`). Of a Job's template nobody looks at it before.
static UNTRIMMED: Pattern = Pattern::new(
    r#"^spec\.(?<list>containers|initContainers)\[(?<at>\d+)\]\.image: Invalid value: "(?<image>[^"]*)": must not have leading or trailing whitespace"#,
);

/// T044: the image's name begins or ends with a blank.
fn untrimmed(case: &Case<'_>, event: &Event, list: &str, at: &str, image: &str) -> Finding {
    let name = case.pod_spec().and_then(|spec| spec[list][at.parse::<usize>().ok()?]["name"].as_str());
    let (name, right) = (name.unwrap_or_default(), image.trim());
    let changes = Changes::set(format!("{}.{list}[name={name}].image", mend::POD), right);
    Finding {
        verdict: format!(
            "The image of container {name}, {image:?}, begins or ends with a blank or a line break, and the API server takes \
             no pod with that. No pod of this Job may be created."
        ),
        short: format!("blank around image {right}"),
        fixes: mend::mend(case, format!("rerun with image {right}, without the blank"), &changes),
        group: format!("T044/{image}"),
        ..refusal(case, event, "T044")
    }
}

/// Words of a server that is busy or cannot be reached, which passes.
const PASSING: [&str; 6] =
    ["timeout", "timed out", "connection", "too many requests", "Internal error", "object has been modified"];

/// T010: a refusal in words that no other rule knows, of an admission plugin or of the validation: the server's own are
/// told.
fn unknown(case: &Case<'_>, _: &Job, event: &Event) -> Option<Finding> {
    let text = event.note.strip_prefix("Error creating: ").unwrap_or(&event.note).trim_end_matches('.');
    // Which of the pods it was says nothing: each has another name.
    let said =
        text.split_once(" is forbidden: ").or_else(|| text.split_once(" is invalid: ")).map_or(text, |(_, said)| said);
    if let Some(found) = UNTRIMMED.captures(said) {
        return Some(untrimmed(case, event, &found["list"], &found["at"], &found["image"]));
    }
    let is_passing = PASSING.iter().any(|words| text.contains(words));
    let mut fixes = vec![Fix::outside(match is_passing {
        true => "wait: the Job controller tries again by itself, at least every 10 minutes",
        // What is invalid in the template no one mends from outside.
        false if text.contains(" is invalid: ") => "ask those who run the cluster what adds it, where the Job does not",
        false => "do what the server says, or ask those who run the cluster: the Job goes on by itself then",
    })];
    if !is_passing {
        fixes.push(case.rerun("make a new Job that the server takes"));
    }
    Some(Finding {
        severity: if is_passing { Severity::Warning } else { Severity::Critical },
        verdict: format!("The API server takes no pod of this Job. It says: {}.", brief(said, 400)),
        short: brief(said, 80),
        fixes,
        group: format!("T010/{}", brief(said, 80)),
        ..refusal(case, event, "T010")
    })
}

/// `failed quota: compute: must specify limits.cpu for: worker; limits.memory for: worker`
/// (apiserver `pkg/quota/v1/evaluator/core/pods.go`).
static MUST_SPECIFY: Pattern = Pattern::new(r"failed quota: (?<quota>[^:]+): must specify (?<what>.+)$");

/// T007: the namespace's quota demands that each pod says what it asks for.
fn quota_requires(case: &Case<'_>, job: &Job, event: &Event) -> Option<Finding> {
    let found = MUST_SPECIFY.captures(&event.note)?;
    let (name, what) = (&found["quota"], &found["what"]);
    Some(Finding {
        verdict: format!(
            "Quota {name} in {namespace} counts what pods ask for and demands {what}. The Job does not say it, so no pod \
             may be created.",
            namespace = job.meta.namespace,
        ),
        short: format!("quota {name} demands {what}"),
        fixes: mend::mend(case, format!("make a new Job that sets {what}"), &demanded(case, job, name, what))
            .into_iter()
            .chain([Fix::outside(format!(
                "give namespace {} a LimitRange with defaults: the Job goes on by itself within a minute",
                job.meta.namespace
            ))])
            .collect(),
        group: format!("T007/{}/{name}", job.meta.namespace),
        ..refusal(case, event, "T007")
    })
}

/// What a container is given of CPU, of memory and of all else where nothing says how much it needs: small, to be changed.
const SMALL: [(&str, &str); 3] = [("cpu", "100m"), ("memory", "128Mi"), ("", "1")];

/// Values for what a quota demands: `limits.cpu for: a,b; requests.memory for: a`. No more than it has left.
fn demanded(case: &Case<'_>, job: &Job, quota: &str, what: &str) -> Changes {
    let Some(spec) = case.pod_spec() else { return Changes::NONE };
    let quotas = case.known.snapshot.quotas.iter();
    let quota = quotas.into_iter().find(|one| one.meta.namespace == job.meta.namespace && one.meta.name == quota);
    let mut changes = Changes::NONE;
    for (name, containers) in what.split(';').filter_map(|one| one.trim().split_once(" for: ")) {
        let (side, resource) = name.split_once('.').unwrap_or(("requests", name));
        let left = quota.and_then(|quota| {
            Some(amount_of(&quota.hard, name)?.minus(amount_of(&quota.used, name).unwrap_or_default()))
        });
        let small = SMALL.iter().find(|(one, _)| *one == resource).unwrap_or(&SMALL[2]).1;
        for container in containers.split(',').map(str::trim) {
            let has =
                |list: &&str| spec[*list].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == container));
            // A container that a webhook puts in is none of the template's.
            let Some(list) = ["containers", "initContainers"].into_iter().find(has) else { continue };
            let value = match left.filter(|left| *left > Quantity::default()) {
                Some(left) => Quantity::parse(small).map_or(left, |small| small.min(left)).words(),
                None => small.to_owned(),
            };
            let path = format!("{}.{list}[name={container}].resources.{side}{}", mend::POD, mend::key(resource));
            changes = changes.and_set(path, value);
        }
    }
    changes
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[
    &EXCEEDED,
    &UNTRIMMED,
    &MUST_SPECIFY,
    &BOUND,
    &limits::RATIO,
    &limits::ABOVE_LIMIT,
    &policy::POD_SECURITY,
    &policy::WEBHOOK_DENIED,
    &policy::POLICY_DENIED,
    &policy::NO_KEY,
    &policy::WEBHOOK_DOWN,
    &missing::SERVICE_ACCOUNT,
    &missing::PRIORITY_CLASS,
    &missing::RUNTIME_CLASS,
];

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
