//! Containers that were told to stop: by their Job, by somebody, by nobody knows whom.

use super::super::Case;
use super::Run;
use super::killed::{Limit, after, memory_limit, more_memory, of_end, out_of_memory_untold};
use crate::model::clock::Time;
use crate::model::command_call::CommandCall;
use crate::model::event::Event;
use crate::model::pod::Pod;
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{blank, called, job_subject, remake, rerun, sentences};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::mend::mend_here;

/// So far the clocks of a node and of the Job controller may be apart.
const SKEW_SECONDS: i64 = 5;

/// The Job itself stopped the pod at that time: what came of it explains nothing.
pub(super) fn is_of_the_job(case: &Case<'_>, pod: &Pod, ended: Option<Time>, is_killed: bool) -> bool {
    let Some(job) = case.job else { return false };
    let decided = ["FailureTarget", "Failed", "SuccessCriteriaMet", "Complete"];
    let decided = decided.into_iter().find_map(|kind| job.condition(kind)?.since);
    // What was told to stop ended in the same second at the soonest; any other end that near may be what decided it, by
    // the clock of another machine.
    let slack = if is_killed { 0 } else { SKEW_SECONDS };
    // Whom it stops it deletes (`deleteActivePods` in `pkg/controller/job/job_controller.go`): what ended by itself in that
    // second stays.
    let is_deleted = pod.meta.deleted.is_some();
    let is_after = decided.zip(ended).is_some_and(|(decided, ended)| ended >= decided.plus_seconds(slack));
    (is_after && is_deleted) || deleted_by(case, pod).is_some() || (job.suspend && pod.meta.deleted.is_some())
}

/// The event by which the Job controller says that it deleted the pod.
fn deleted_by<'a>(case: &Case<'a>, pod: &Pod) -> Option<&'a Event> {
    let events = case.events(case.job?, "SuccessfulDelete");
    events.into_iter().find(|event| event.note.strip_prefix("Deleted pod: ") == Some(pod.meta.name.as_str()))
}

/// T066: it was stopped from outside; by whom, where that is known.
pub(super) fn stopped(case: &Case<'_>, run: &Run<'_>, signal: i32) -> Finding {
    let Run { pod, container, end, .. } = run;
    let who = who(case, run);
    let code = end.exit_code;
    let how = match signal {
        9 => format!("was killed (SIGKILL, exit code {code})"),
        15 => format!("was told to stop (SIGTERM, exit code {code})"),
        2 => format!("was interrupted (SIGINT, exit code {code})"),
        _ => format!("ended with exit code {code}"),
    };
    let verdict = format!("{} {how}{}", called(pod, container), after(run));
    let mut evidence = vec![of_end(run)];
    let system_oom = oom_on_node(case, run);
    if let Some(event) = system_oom {
        evidence.push(of_event(event));
        return Finding {
            verdict: format!("{verdict}, when node {} had no memory left.", pod.node),
            short: "node ran out of memory".to_owned(),
            evidence,
            fixes: rerun(case, "rerun with a memory request as large as its real use").into_iter().collect(),
            group: format!("T063/{}/memory", pod.node),
            ..blank(case, "T063", Severity::Warning, Confidence::Likely)
        };
    }
    let Some((who, more)) = who else {
        if signal == 9
            && let Some(found) = out_of_memory_untold(case, run, None)
        {
            return found;
        }
        evidence.extend(run.last_words(case));
        let (usual, larger) = match (signal, memory_limit(case, run)) {
            // The kubelet hears of such a kill beside the end of the container, and sometimes too late.
            (9, Limit::Some(limit)) => {
                let (more, changes) = more_memory(case, run, limit);
                let usual = format!(
                    "Its memory limit of {} may be the cause all the same, since nodes do not always tell; else a kill from \
                     within the container, or a lost connection to the node.",
                    limit.words()
                );
                (usual, mend_here(case, format!("if it was the memory: {more}"), &changes))
            }
            (9, _) => {
                let usual = "Usual causes: a node that ran out of memory, a kill from within the container, a lost \
                             connection to the node.";
                (usual.to_owned(), None)
            }
            _ => {
                let usual = "Usual causes: somebody deleted the pod, its node was shut down, a script in the container ended it.";
                (usual.to_owned(), None)
            }
        };
        let fixes = [
            Some(super::exit::read_log(run)),
            larger,
            Some(Fix::outside(format!("see what happened on node {} at that time", pod.node))),
            job_subject(case)
                .map(|job| Fix::by("rerun it", CommandCall::new("job.rerun", job)))
                .filter(|_| case.job.is_some_and(|job| job.is_finished())),
        ];
        return Finding {
            verdict: sentences([format!("{verdict}, and nothing says by whom."), usual]),
            short: format!("stopped from outside, exit {code}"),
            evidence,
            fixes: fixes.into_iter().flatten().collect(),
            group: format!("T066/{}/{code}", container.name),
            ..blank(case, "T066", Severity::Warning, Confidence::Guess)
        };
    };
    evidence.extend(more);
    let grace = "It did not end in its grace period, so it was killed.".to_owned();
    let mut fixes = vec![Fix::outside("no fault of the program: look at what stopped it")];
    fixes.extend(
        remake(
            case,
            "give it more time to end (terminationGracePeriodSeconds), or let it end on SIGTERM, in a new Job",
        )
        .filter(|_| signal == 9),
    );
    Finding {
        verdict: sentences([format!("{verdict}: {who}."), if signal == 9 { grace } else { String::new() }]),
        short: format!("stopped: {who}"),
        evidence,
        fixes,
        group: format!("T066/{}/{who}", container.name),
        ..blank(case, "T066", Severity::Info, Confidence::Likely)
    }
}

/// Who stopped a pod, in words, and what says so.
pub(super) fn who(case: &Case<'_>, run: &Run<'_>) -> Option<(String, Option<Evidence>)> {
    let pod = run.pod;
    let deleted = deleted_by(case, pod);
    if let Some(job) = case.job {
        let of_job = |path: &str, words: String| Some(of_field(job, path, words));
        let after = |condition: &&crate::model::job::Condition| run.end.finished >= condition.since;
        if let Some(one) = job.condition("FailureTarget").or_else(|| job.condition("Failed")).filter(after) {
            let words = match one.reason.as_str() {
                "DeadlineExceeded" => "the Job's deadline passed".to_owned(),
                reason => format!("the Job failed as a whole ({reason})"),
            };
            return Some((words, of_job("status.conditions[Failed].reason", one.reason.to_string())));
        }
        if let Some(one) = job.condition("SuccessCriteriaMet").filter(after) {
            let words = "the Job had as many successes as it wants".to_owned();
            return Some((words, of_job("status.conditions[SuccessCriteriaMet].reason", one.reason.to_string())));
        }
        // Tries are often stopped after the one that ended so.
        let is_suspended = pod.meta.deleted.is_some() || job.condition("Suspended").is_some_and(|one| after(&one));
        if job.suspend && is_suspended {
            return Some(("the Job was suspended".to_owned(), of_job("spec.suspend", "true".to_owned())));
        }
        if job.meta.deleted.is_some_and(|deleted| run.end.finished >= Some(deleted)) {
            return Some(("its Job is being deleted".to_owned(), None));
        }
        if let Some(event) = deleted {
            return Some(("the Job wants fewer pods at once".to_owned(), Some(of_event(event))));
        }
    }
    pod.meta.deleted.map(|_| ("the pod was deleted".to_owned(), None))
}

/// The node's kernel ran out of memory while the container was killed.
fn oom_on_node<'a>(case: &Case<'a>, run: &Run<'_>) -> Option<&'a Event> {
    /// The kubelet tells it that much later at most.
    const LATE_SECONDS: i64 = 60;
    let ended = run.end.finished?;
    let events = case.known.snapshot.events_about(Event::about_node(&run.pod.node));
    let is_near = |at: Time| at.seconds_since(ended).abs() <= LATE_SECONDS;
    let mut events = events.filter(|event| event.reason == "SystemOOM");
    events.find(|event| event.last.is_some_and(is_near)).filter(|_| run.end.exit_code == 137)
}
