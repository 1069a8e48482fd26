//! Success that is hard to believe: a run that was far quicker than the ones before it.

use super::super::Case;
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::job::Job;
use crate::model::pod::{Container, ContainerState, End, Pod, Role};
use crate::triage::case::of_field;
use crate::triage::container::{blank, pod_subject, remake, sentences};
use crate::triage::finding::{Confidence, Finding, Fix, Severity};
use crate::triage::last_words::LastWords;

/// So many earlier successes say how long a run takes.
const LEAST_RUNS: usize = 3;

/// A run that takes less than this part of the usual time is hard to believe.
const PART: i64 = 5;

/// What takes so long at most varies too much.
const LEAST_SECONDS: i64 = 60;

/// T071: exit code 0, and yet probably not done.
pub(super) fn find(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let job = case.job.filter(|job| job.is_complete() && job.wanted() == 1)?;
    let seconds = seconds_of(job)?;
    let usual = usual_seconds(case, job)?;
    if seconds * PART >= usual {
        return None;
    }
    let (container, end) = work(pod)?;
    let words = LastWords::of(case, pod, container, end);
    let is_loose = case.container_spec(&container.name).is_some_and(is_loose_script);
    let hint = if words.are_errors {
        words.sentence()
    } else if is_loose {
        "Its shell script goes on after a command that fails, since it does not set -e.".to_owned()
    } else {
        String::new()
    };
    let mut evidence =
        vec![of_field(job, "status.completionTime", format!("{} after its start", short_duration(seconds)))];
    if words.are_errors {
        evidence.extend(words.evidence(pod, container));
    }
    let read = CommandCall::new("view.logs", pod_subject(pod));
    let fixes = [
        Some(Fix::by("check the result, and what its log says", read)),
        remake(case, "let the script end at the first error: set -euo pipefail").filter(|_| is_loose),
    ];
    Some(Finding {
        verdict: sentences([
            format!(
                "The Job reports success after {}, where its last runs took about {}: it may not have done its work.",
                short_duration(seconds),
                short_duration(usual)
            ),
            hint,
        ]),
        short: format!("done in {}, usually {}", short_duration(seconds), short_duration(usual)),
        evidence,
        fixes: fixes.into_iter().flatten().collect(),
        since: job.ended(),
        group: "T071".to_owned(),
        ..blank(case, "T071", Severity::Warning, Confidence::Guess)
    })
}

/// The container that did the work, and how it ended.
fn work(pod: &Pod) -> Option<(&Container, &End)> {
    pod.containers.iter().filter(|one| one.role == Role::Main).find_map(|one| match &one.state {
        ContainerState::Ended(end) => Some((one, end)),
        _ => None,
    })
}

fn seconds_of(job: &Job) -> Option<i64> {
    Some(job.completed?.seconds_since(job.started?).max(0))
}

/// The median of what the other successful runs of the same CronJob took; None where there are too few, or all are quick.
fn usual_seconds(case: &Case<'_>, job: &Job) -> Option<i64> {
    let cronjob = job.meta.owner_uid()?;
    let others = case.known.snapshot.jobs_of(cronjob).into_iter().filter(|one| one.meta.uid != job.meta.uid);
    let mut times: Vec<i64> = others.filter(|one| one.is_complete()).filter_map(seconds_of).collect();
    times.sort_unstable();
    let median = *times.get(times.len() / 2)?;
    (times.len() >= LEAST_RUNS && median >= LEAST_SECONDS).then_some(median)
}

/// `sh -c` with several lines that does not stop at the first error.
fn is_loose_script(spec: &serde_json::Value) -> bool {
    let words = ["command", "args"].into_iter().filter_map(|field| spec[field].as_array()).flatten();
    let words: Vec<&str> = words.filter_map(serde_json::Value::as_str).collect();
    let Some(at) = words.iter().position(|word| *word == "-c") else { return false };
    let script = words.get(at + 1).copied().unwrap_or_default();
    let has_several = script.contains('\n') || script.contains(';') || script.contains('|');
    has_several && !script.contains("set -e") && !script.contains("pipefail") && !script.contains("errexit")
}
