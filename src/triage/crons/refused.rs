//! The API server refuses the Job of a run.

use super::super::case::of_event;
use super::super::finding::{Confidence, Finding, Fix, Severity};
use super::super::grammar::amounts;
use super::super::outcome::brief;
use super::super::refused::{EXCEEDED, POLICY_DENIED};
use super::{Cron, planned_in};
use crate::model::command_call::CommandCall;

/// T121: the newest run could not be created, and none was since.
pub(super) fn create_failed(cron: &Cron<'_, '_>) -> Option<Finding> {
    let event = cron.event("FailedCreate")?;
    let newest_run = cron.case.runs.iter().filter_map(|run| run.meta.created).max();
    if event.last < newest_run || event.last < cron.row.last_schedule {
        return None;
    }
    let note = event.note.strip_prefix("Error creating job: ").unwrap_or(&event.note);
    let job = note.split('"').nth(1).filter(|_| note.contains(" is forbidden: ") || note.contains(" is invalid: "));
    let run = match job.and_then(|name| planned_in(name, cron.row)) {
        Some(planned) => format!("the run of {}", cron.moment(planned)),
        None => "a run".to_owned(),
    };
    let text = note.split_once(" is forbidden: ").map_or(note, |(_, text)| text);
    let finding = Finding {
        confidence: Confidence::Likely,
        since: event.meta.created,
        ..cron.finding("T121", Severity::Critical, vec![of_event(event)])
    };
    if let Some(found) = EXCEEDED.captures(note) {
        let quota = &found["quota"];
        let (resource, _) = *amounts(&found["requested"]).first()?;
        let of = |text: &str| {
            amounts(text).into_iter().find(|(one, _)| *one == resource).map(|(_, amount)| amount.to_owned())
        };
        let (used, hard) = (of(&found["used"])?, of(&found["hard"])?);
        return Some(Finding {
            verdict: format!(
                "The Job for {run} could not be created: quota {quota} of namespace {} allows {hard} {resource}, and {used} are \
                 there. It is tried again until it fits.",
                cron.row.meta.namespace,
            ),
            short: format!("quota {quota}: {used} of {hard} {resource}"),
            fixes: vec![
                Fix::by(
                    "keep fewer finished runs, which makes room where it is Jobs that are counted",
                    CommandCall::with("cronjob.history", cron.case.subject, "1 1"),
                ),
                Fix::outside(format!(
                    "delete finished Jobs of the namespace, or raise {resource} of resourcequota/{quota}"
                )),
            ],
            group: format!("T121/{}/{quota}/{resource}", cron.row.meta.namespace),
            ..finding
        });
    }
    // Whose policy it is stands in the evidence: what it says comes first.
    let said = POLICY_DENIED.captures(text).map_or(text, |found| found.name("text").map_or(text, |said| said.as_str()));
    let is_webhook = text.contains("failed calling webhook") || text.contains("admission webhook");
    let cure = match is_webhook {
        true => Fix::outside("the webhook's owner must say why it refuses, or make it answer again"),
        false => cron.edit("correct spec.jobTemplate: it may be changed, and the next try uses it", ""),
    };
    Some(Finding {
        verdict: format!("The Job for {run} could not be created: {}", brief(text, 300)),
        short: format!("no Job: {}", brief(said, 60)),
        fixes: vec![cure],
        group: format!("T121/{}/{}", cron.row.meta.namespace, brief(text, 60)),
        ..finding
    })
}
