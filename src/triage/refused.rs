//! No pod exists because the API server refuses it: quotas, limits, policies, missing accounts and classes. All of it
//! stands in the `FailedCreate` events of the Job, whose texts come from the admission plugins named at each rule.

mod limits;
mod missing;
mod policy;

use super::Case;
use super::case::{of_event, of_field};
use super::container::blank;
use super::finding::{Confidence, Evidence, Finding, Fix, Severity};
use super::grammar::{Pattern, amounts};
use crate::model::command_call::CommandCall;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::resources::Quantity;

/// What the API server says to pods that a Job wants and cannot have.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let wants_pods = |job: &&Job| !job.is_finished() && !job.suspend && job.meta.deleted.is_none();
    let Some(job) = case.whole_job().filter(wants_pods) else { return Vec::new() };
    let Some(event) = standing_refusal(case, job) else { return Vec::new() };
    let rules = [
        quota_exceeded,
        quota_requires,
        limits::out_of_bounds,
        policy::pod_security,
        policy::denied,
        policy::webhook_down,
        missing::service_account,
        missing::class,
    ];
    rules.into_iter().find_map(|rule| rule(case, job, event)).into_iter().collect()
}

/// The newest refusal, where no pod was made since: an older one was overcome.
fn standing_refusal<'a>(case: &Case<'a>, job: &Job) -> Option<&'a Event> {
    let newest_pod = case.pods.iter().filter_map(|pod| pod.meta.created).max();
    case.events(job, "FailedCreate").into_iter().next().filter(|event| event.last >= newest_pod)
}

/// What all refusals have in common; the rule puts in the rest.
fn refusal(case: &Case<'_>, event: &Event, rule: &'static str) -> Finding {
    Finding {
        evidence: vec![of_event(event)],
        since: event.meta.created,
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
    let (used, hard) = (of(&found["used"])?, of(&found["hard"])?);
    let left = Quantity::parse(&hard).zip(Quantity::parse(&used)).map(|(hard, used)| hard.minus(used).words());
    let left = left.unwrap_or_else(|| "nothing".to_owned());
    let wanted = job.parallelism.unwrap_or(1);
    let open = case.pods.iter().filter(|pod| !pod.is_finished()).count();
    let mut fixes = Vec::new();
    if open > 0 {
        let words = format!("run {open} pods at once instead of {wanted}: so many fit");
        fixes.push(Fix::by(words, CommandCall::with("job.parallelism", case.subject, open.to_string())));
    }
    fixes.push(case.rerun("ask for less in a new Job"));
    fixes.push(Fix::outside(format!(
        "raise {resource} of resourcequota/{name}: the Job goes on by itself within a minute"
    )));
    let mut finding = refusal(case, event, "T006");
    // The event may be old: the quota itself says how it is now.
    let quota = case
        .known
        .snapshot
        .quotas
        .iter()
        .find(|quota| quota.meta.namespace == job.meta.namespace && quota.meta.name == name);
    finding.evidence.extend(quota.and_then(|quota| -> Option<Evidence> {
        let amount = |amounts: &[(_, Quantity)]| {
            let amounts: &[(compact_str::CompactString, Quantity)] = amounts;
            amounts.iter().find(|(one, _)| one == resource).map(|(_, amount)| amount.words())
        };
        let words = format!("{} of {} {resource} are used now", amount(&quota.used)?, amount(&quota.hard)?);
        Some(of_field(quota, format!("status.used[{resource}]"), words))
    }));
    Some(Finding {
        severity: Severity::Error,
        verdict: format!(
            "Quota {name} in {namespace} is full: each pod asks for {requested} {resource}, {left} of {hard} is left. \
             {open} of {wanted} pods exist.",
            namespace = job.meta.namespace,
        ),
        short: format!("quota {name}: {resource} needs {requested}, {left} left"),
        fixes,
        group: format!("T006/{}/{name}/{resource}", job.meta.namespace),
        ..finding
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
        fixes: vec![
            case.rerun(format!("make a new Job that sets {what}")),
            Fix::outside(format!(
                "give namespace {} a LimitRange with defaults: the Job goes on by itself within a minute",
                job.meta.namespace
            )),
        ],
        group: format!("T007/{}/{name}", job.meta.namespace),
        ..refusal(case, event, "T007")
    })
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[
    &EXCEEDED,
    &MUST_SPECIFY,
    &limits::BOUND,
    &limits::RATIO,
    &policy::POD_SECURITY,
    &policy::WEBHOOK_DENIED,
    &policy::POLICY_DENIED,
    &policy::WEBHOOK_DOWN,
    &missing::SERVICE_ACCOUNT,
    &missing::PRIORITY_CLASS,
    &missing::RUNTIME_CLASS,
];

#[cfg(test)]
mod tests;
