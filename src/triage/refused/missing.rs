//! Pods that name an account or a class that does not exist (`plugin/pkg/admission/{serviceaccount,priority,runtimeclass}`).

use super::super::Case;
use super::super::finding::{Finding, Fix, Severity};
use super::super::grammar::{Pattern, near};
use super::super::mend::{Changes, POD, mend};
use super::refusal;
use crate::model::event::Event;
use crate::model::job::Job;

/// `error looking up service account batch/runner: serviceaccount "runner" not found`.
pub(super) static SERVICE_ACCOUNT: Pattern =
    Pattern::new(r#"error looking up service account (?<namespace>[^/]+)/(?<account>[^:]+): .*not found"#);

/// T012: the pods would run as a service account that does not exist.
pub(super) fn service_account(case: &Case<'_>, _: &Job, event: &Event) -> Option<Finding> {
    let found = SERVICE_ACCOUNT.captures(&event.note)?;
    let (namespace, account) = (&found["namespace"], &found["account"]);
    let exists_now = case.found("v1", "ServiceAccount", namespace, account).is_some();
    let finding = Finding { group: format!("T012/{namespace}/{account}"), ..refusal(case, event, "T012") };
    if exists_now {
        return Some(there_by_now(finding, &format!("service account {account}")));
    }
    let accounts = case.names_of("v1", "ServiceAccount", namespace).unwrap_or_default();
    let (near, words) = match near(account, accounts.into_iter()) {
        Some(near) => (near.clone(), format!("run as {near}, which exists, in a new Job")),
        None => ("default".to_owned(), "run as account default in a new Job, where it needs no rights".to_owned()),
    };
    // Two fields have the name; the old one is read where the new one is empty.
    let changes = Changes::set(format!("{POD}.serviceAccountName"), near.as_str())
        .and_set(format!("{POD}.serviceAccount"), near.as_str());
    let mut fixes = vec![Fix::outside(format!(
        "create service account {account} in namespace {namespace}: the Job goes on by itself within a minute"
    ))];
    fixes.extend(mend(case, words, &changes));
    if near != "default" {
        fixes.rotate_left(1);
    }
    Some(Finding {
        verdict: format!(
            "Service account {account} does not exist in namespace {namespace}. Pods of the Job would run as it, so none \
             may be created."
        ),
        short: format!("no service account {account}"),
        fixes,
        ..finding
    })
}

/// `no PriorityClass with name batch-low was found`.
pub(super) static PRIORITY_CLASS: Pattern = Pattern::new(r"no PriorityClass with name (?<class>\S+) was found");

/// `pod rejected: RuntimeClass "gvisor" not found`.
pub(super) static RUNTIME_CLASS: Pattern = Pattern::new(r#"RuntimeClass "(?<class>[^"]+)" not found"#);

/// T013: the pods name a priority class or runtime class that does not exist.
pub(super) fn class(case: &Case<'_>, _: &Job, event: &Event) -> Option<Finding> {
    let (kind, found) = match PRIORITY_CLASS.captures(&event.note) {
        Some(found) => ("priority class", found),
        None => ("runtime class", RUNTIME_CLASS.captures(&event.note)?),
    };
    let class = &found["class"];
    let field = if kind == "priority class" { "priorityClassName" } else { "runtimeClassName" };
    let (api_version, api_kind) = match kind {
        "priority class" => ("scheduling.k8s.io/v1", "PriorityClass"),
        _ => ("node.k8s.io/v1", "RuntimeClass"),
    };
    let finding = Finding { group: format!("T013/{kind}/{class}"), ..refusal(case, event, "T013") };
    let classes = case.names_of(api_version, api_kind, "").unwrap_or_default();
    if classes.contains(&class) {
        return Some(there_by_now(finding, &format!("{kind} {class}")));
    }
    let path = format!("{POD}.{field}");
    let mut fixes = match near(class, classes.into_iter()) {
        Some(near) => mend(case, format!("name {kind} {near} in a new Job"), &Changes::set(path, near)),
        None => {
            let is_of_job = case.pod_spec().is_some_and(|spec| !spec[field].is_null());
            // Else something puts it into each pod.
            let changes = if is_of_job { Changes::remove(path) } else { Changes::NONE };
            mend(case, format!("name no {kind} in a new Job"), &changes)
        }
    };
    fixes.push(Fix::outside(format!("create {kind} {class}: the Job goes on by itself within a minute")));
    Some(Finding {
        verdict: format!(
            "The {kind} {class} does not exist in this cluster. The pod template names it ({field}), so no pod may be \
             created."
        ),
        short: format!("no {kind} {class}"),
        fixes,
        ..finding
    })
}

/// What was missing when the pod was refused is there.
fn there_by_now(finding: Finding, what: &str) -> Finding {
    Finding {
        severity: Severity::Info,
        verdict: format!(
            "The {what} was missing and exists by now. The Job controller tries again by itself within a minute."
        ),
        short: format!("{what} exists by now"),
        ..finding
    }
}
