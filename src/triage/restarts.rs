//! Containers that are started again in their pod: how often, how many times are left before the Job fails, and what is
//! lost then.

use super::Case;
use super::container::{job_subject, pod_subject, waiting};
use super::finding::{Finding, Fix, RuleId, Severity};
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::pod::{Container, ContainerState, Pod};

/// Adds to the cause of a container's end how often it has been started again since. A general cause of a container that
/// waits for its next start is told as a crash loop (T070); a special one stays what it is.
pub(super) fn counted(case: &Case<'_>, pod: &Pod, container: &Container, finding: Finding) -> Finding {
    let restarts = container.restarts;
    let is_looping = waiting(container).is_some_and(|(reason, _)| reason == "CrashLoopBackOff");
    if pod.is_finished() || (restarts == 0 && !is_looping) {
        return finding;
    }
    let is_general = matches!(finding.rule.0, "T052" | "T060" | "T066");
    let (rule, group) = match is_looping && is_general {
        true => (RuleId("T070"), finding.group.replacen(finding.rule.0, "T070", 1)),
        false => (finding.rule, finding.group),
    };
    let well = runs_well_for(case, container);
    let severity = if well.is_some() { Severity::Info } else { finding.severity };
    let (mut again, in_short) = match restarts {
        0 => ("It has not been started again yet".to_owned(), "to be restarted".to_owned()),
        1 => ("It has been started again once".to_owned(), "restarted once".to_owned()),
        many => (format!("It has been started again {many} times"), format!("restarted {many} times")),
    };
    if let Some(seconds) = well {
        again.push_str(&format!(" and has been running for {} since", short_duration(seconds)));
    }
    let mut verdict = format!("{} {again}", finding.verdict);
    let mut fixes = Vec::new();
    let read = format!("read the log of {}", container.name);
    let read = Fix::by(read, CommandCall::new("view.previous-log", pod_subject(pod)));
    let short = match limit(case).filter(|_| pod.restarts_in_place) {
        Some((so_far, limit)) if so_far < limit => {
            verdict.push_str(&format!(
                ", {so_far} of {limit} restarts are used up: at the last one the Job fails, and the pod is deleted with \
                 its logs."
            ));
            fixes.push(Fix { words: "read and save its log now: it goes with the pod".to_owned(), ..read });
            fixes.extend(job_subject(case).map(|job| {
                let more = limit.saturating_mul(2);
                let words = format!("allow {more} failures, so that the pod stays while you look");
                Fix::by(words, CommandCall::with("job.backoff", job, more.to_string()))
            }));
            format!("{}, restart {so_far} of {limit}", finding.short)
        }
        _ => {
            verdict.push('.');
            fixes.push(read);
            format!("{}, {in_short}", finding.short)
        }
    };
    // What is said above already; and a suspension would take the pod with its log.
    const SAID: [&str; 3] = ["view.previous-log", "view.logs", "batch.suspend"];
    let is_other = |fix: &Fix| fix.call.as_ref().is_none_or(|call| !SAID.contains(&call.id));
    fixes.extend(finding.fixes.into_iter().filter(is_other));
    Finding { rule, severity, verdict, short, fixes, group, ..finding }
}

/// After so long the kubelet, too, takes a container that was started again for one that is well: it forgets the wait
/// before its next start.
const WELL_SECONDS: i64 = 600;

/// For how long a container has been running since it failed, where that is so long that it has got over what ended it:
/// twice as long as the run that failed, since a leak takes its time in each.
fn runs_well_for(case: &Case<'_>, container: &Container) -> Option<i64> {
    let ContainerState::Running(Some(since)) = &container.state else { return None };
    let end = container.last_end.as_deref()?;
    let took = end.finished?.seconds_since(end.started?);
    let running = case.known.ago(*since);
    (running > WELL_SECONDS.max(took.saturating_mul(2))).then_some(running)
}

/// Restarts of all open pods of the Job together, and at how many of them it fails. None where nothing is counted: the
/// Job is gone or over, or has a limit for each index instead.
fn limit(case: &Case<'_>) -> Option<(i32, i32)> {
    let job = case.job.filter(|job| !job.is_finished() && job.backoff_limit_per_index.is_none())?;
    let limit = job.backoff_limit?.max(1);
    let open = case.known.snapshot.pods_of(job.meta.uid).filter(|pod| !pod.is_finished());
    Some((open.map(Pod::restarts).sum(), limit))
}
