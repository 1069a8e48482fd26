//! What is said beside the lines: how a run of a container ended, why nothing runs, what became of the object; and the
//! exit code that follows from it.

use crate::model::clock::Time;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::log::{LogRun, LogSource};
use crate::model::owner::Subject;
use crate::model::pod::{Pod, PodPhase, Role};
use crate::model::snapshot::Snapshot;
use crate::model::state::{Level, job_state, job_why, pod_state, pod_why};

/// What became of a Job or a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It did what it was to do.
    Completed,
    /// It did not; why.
    Failed(String),
}

/// How the reading ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything was read.
    Read,
    /// Not everything could be read; what is missing was said.
    Incomplete,
    /// It ended, and everything was read.
    Became(Outcome),
    /// It was deleted before it ended.
    Deleted,
    /// Nobody reads any more.
    Closed,
    /// It cannot be read; why, and the next step.
    Refused(String, String),
}

impl Ending {
    /// The exit code, as the README lists them. With `--until-done` a code of 0 says that it completed: where that is
    /// not known, the code is 2.
    pub(super) fn code(&self, is_until_done: bool) -> u8 {
        match self {
            Self::Became(Outcome::Completed) | Self::Read => 0,
            Self::Became(Outcome::Failed(_)) => 1,
            Self::Deleted | Self::Closed => {
                if is_until_done {
                    2
                } else {
                    0
                }
            }
            Self::Incomplete | Self::Refused(..) => 2,
        }
    }
}

/// What became of a Job; None while it is under way.
pub(super) fn job_outcome(job: &Job) -> Option<Outcome> {
    if job.condition("Complete").is_some() {
        return Some(Outcome::Completed);
    }
    let failed = job.condition("Failed")?;
    let words: Vec<&str> =
        [failed.reason.as_str(), failed.message.as_str()].into_iter().filter(|w| !w.is_empty()).collect();
    Some(Outcome::Failed(words.join(": ")))
}

/// What became of a pod; None while it is under way.
pub(super) fn pod_outcome(pod: &Pod) -> Option<Outcome> {
    match pod.phase {
        PodPhase::Succeeded => Some(Outcome::Completed),
        PodPhase::Failed => Some(Outcome::Failed(pod_why(pod))),
        _ => None,
    }
}

/// Why nothing of it runs, where that is known; empty otherwise.
pub(super) fn why_it_waits(snapshot: &Snapshot, subject: Subject, now: Time) -> String {
    let found = match subject.kind {
        Kind::CronJob => {
            snapshot.cronjobs.get(subject.uid).map(|cronjob| match (cronjob.suspend, cronjob.next_run(now)) {
                (true, _) => "it is suspended".to_owned(),
                (false, Some(next)) if cronjob.active.is_empty() => format!("its next run is due at {next}"),
                _ => String::new(),
            })
        }
        Kind::Job => snapshot.jobs.get(subject.uid).map(|job| {
            if job.suspend && !job.is_finished() {
                return "it is suspended".to_owned();
            }
            let is_at_work = job.is_finished() || job_state(snapshot, job).word == "Running";
            if is_at_work { String::new() } else { job_why(snapshot, job, now) }
        }),
        _ => snapshot.pods.get(subject.uid).map(|pod| match pod_state(pod).level {
            Level::Broken | Level::Warning | Level::Waiting if !pod.is_finished() => pod_why(pod),
            _ => String::new(),
        }),
    };
    found.unwrap_or_default()
}

/// A run of a container, as it is called: `etl-1/main`, and which start of it where there were several.
pub(super) fn name_of(source: &LogSource) -> String {
    let name = format!("{}/{}", source.pod_name, source.container);
    if source.restarts > 0 { format!("{name} (restart {})", source.restarts) } else { name }
}

/// How a run ended, and whether that is a failure; None while it runs. A sidecar is ended when the work is over.
pub(super) fn end_of(run: &LogRun) -> Option<(String, bool)> {
    let end = run.end.as_ref()?;
    let is_bad = run.role != Role::Sidecar && (end.exit_code != 0 || end.reason == "OOMKilled");
    let reason = if end.reason.is_empty() { String::new() } else { format!("{}, ", end.reason) };
    Some((format!("{} ended: {reason}exit code {}", name_of(&run.source), end.exit_code), is_bad))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::key::Uid;
    use crate::model::pod::End;

    #[test]
    fn exit_code_says_what_became_of_it_and_never_0_where_that_is_not_known() {
        let failed = Ending::Became(Outcome::Failed(String::new()));
        let refused = Ending::Refused(String::new(), String::new());
        let codes = [
            (Ending::Read, [0, 0]),
            (Ending::Became(Outcome::Completed), [0, 0]),
            (failed, [1, 1]),
            (Ending::Deleted, [0, 2]),
            (Ending::Closed, [0, 2]),
            (Ending::Incomplete, [2, 2]),
            (refused, [2, 2]),
        ];
        for (ending, wanted) in codes {
            assert_eq!([false, true].map(|is_until_done| ending.code(is_until_done)), wanted, "{ending:?}");
        }
    }

    #[test]
    fn outcome_of_a_job_is_its_condition() {
        let outcome = |name| job_outcome(&crate::model::fixtures::job(name));
        assert_eq!(outcome("job-complete"), Some(Outcome::Completed));
        let Some(Outcome::Failed(why)) = outcome("job-failed") else { panic!("it failed") };
        assert!(why.starts_with("BackoffLimitExceeded: "), "{why}");
        assert_eq!(outcome("job-suspended"), None);
    }

    #[test]
    fn outcome_of_a_pod_is_its_phase() {
        let outcome = |name| pod_outcome(&crate::model::fixtures::pod(name));
        assert_eq!(outcome("pod-running"), None);
        assert!(matches!(outcome("pod-failed"), Some(Outcome::Failed(why)) if why.contains("exit")));
    }

    #[test]
    fn end_of_a_run_has_its_reason_and_code_and_a_sidecar_does_not_fail() {
        let source = LogSource {
            pod: Uid::new("p"),
            namespace: "data".into(),
            pod_name: "etl-1".into(),
            container: "main".into(),
            restarts: 0,
        };
        let end = End {
            exit_code: 137,
            signal: 0,
            reason: "OOMKilled".into(),
            message: "".into(),
            started: None,
            finished: None,
        };
        let mut run = LogRun { source, is_previous: false, role: Role::Main, started: None, end: Some(end) };
        assert_eq!(end_of(&run), Some(("etl-1/main ended: OOMKilled, exit code 137".to_owned(), true)));
        (run.role, run.source.restarts) = (Role::Sidecar, 2);
        assert_eq!(end_of(&run), Some(("etl-1/main (restart 2) ended: OOMKilled, exit code 137".to_owned(), false)));
        run.end = None;
        assert_eq!(end_of(&run), None);
    }
}
