//! The logs that a subject has, as the snapshot knows them: one for each run of each container of its pods.

use super::source::LogSource;
use crate::model::clock::Time;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::pod::{Container, ContainerState, End, Pod, Role};
use crate::model::snapshot::Snapshot;

/// One run of a container, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRun {
    /// Whose log it is.
    pub source: LogSource,
    /// The container was started again since: this is the run before the present one.
    pub is_previous: bool,
    /// Where in the pod's life the container belongs.
    pub role: Role,
    /// When it started; None where the kubelet does not say.
    pub started: Option<Time>,
    /// How it ended; None while it runs.
    pub end: Option<End>,
}

impl Snapshot {
    /// The runs that have a log: those that run or ran, of the newest pods first; in a pod in the order of its containers,
    /// the run before ahead of the present one. Of a CronJob, those of its newest run that has pods.
    pub fn log_runs(&self, subject: Subject) -> Vec<LogRun> {
        let pods = match subject.kind {
            Kind::CronJob => {
                self.cronjob_run_with_pods(subject.uid).map(|job| self.pods_of_subject(job)).unwrap_or_default()
            }
            _ => self.pods_of_subject(subject),
        };
        pods.into_iter().flat_map(runs_of_pod).collect()
    }

    /// The pods that the Job controller deletes, and their logs with them, when a container fails once more: those of a
    /// Job whose pods restart in place (`restartPolicy: OnFailure`), where the restarts come up to `backoffLimit`
    /// (`pastBackoffLimitOnFailure` in `pkg/controller/job/job_controller.go`).
    pub fn pods_at_risk(&self, job: Uid) -> Vec<Uid> {
        let Some(limit) = self.jobs.get(job).filter(|job| !job.is_finished()).and_then(|job| job.backoff_limit) else {
            return Vec::new();
        };
        let pods: Vec<&Pod> = self.pods_of(job).filter(|pod| pod.restarts_in_place && !pod.is_finished()).collect();
        let restarts: i32 = pods.iter().map(|pod| pod.restarts()).sum();
        if restarts + 1 < limit { Vec::new() } else { pods.iter().map(|pod| pod.meta.uid).collect() }
    }

    /// The newest Job of a CronJob that has pods.
    pub fn cronjob_run_with_pods(&self, cronjob: Uid) -> Option<Subject> {
        let jobs = self.jobs_of(cronjob).into_iter().map(|job| Subject { kind: Kind::Job, uid: job.meta.uid });
        jobs.into_iter().find(|job| self.pods_of(job.uid).next().is_some())
    }
}

/// The runs of a pod's containers that have a log.
fn runs_of_pod(pod: &Pod) -> impl Iterator<Item = LogRun> {
    pod.containers.iter().flat_map(|container| [before(pod, container), present(pod, container)]).flatten()
}

/// The run before. The kubelet keeps one.
fn before(pod: &Pod, container: &Container) -> Option<LogRun> {
    let end = container.last_end.as_deref()?;
    let restarts = (container.restarts - 1).max(0);
    // While it waits for its next start it counts as many restarts as before it ended, and its last run is present.
    let is_waiting = matches!(container.state, ContainerState::Waiting { .. });
    (!is_waiting && container.restarts > 0).then(|| LogRun {
        source: source(pod, container, restarts),
        is_previous: true,
        role: container.role,
        started: end.started,
        end: Some(end.clone()),
    })
}

fn present(pod: &Pod, container: &Container) -> Option<LogRun> {
    let (started, end) = match (&container.state, &container.last_end) {
        (ContainerState::Running(started), _) => (*started, None),
        (ContainerState::Ended(end), _) => (end.started, Some(end.clone())),
        (ContainerState::Waiting { .. }, Some(end)) => (end.started, Some((**end).clone())),
        (ContainerState::Waiting { .. }, None) => return None,
    };
    let source = source(pod, container, container.restarts);
    Some(LogRun { source, is_previous: false, role: container.role, started, end })
}

fn source(pod: &Pod, container: &Container, restarts: i32) -> LogSource {
    LogSource {
        pod: pod.meta().uid,
        namespace: pod.meta.namespace.clone(),
        pod_name: pod.meta.name.clone(),
        container: container.name.clone(),
        restarts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(finished: i64) -> End {
        End {
            exit_code: 3,
            signal: 0,
            reason: "Error".into(),
            message: "".into(),
            started: Some(Time::from_seconds(finished - 1)),
            finished: Some(Time::from_seconds(finished)),
        }
    }

    /// Restarts, whether it is the run before, when it started and when it ended, of the runs of one container.
    fn runs(restarts: i32, state: ContainerState, last_end: Option<End>) -> Vec<(i32, bool, Option<i64>, Option<i64>)> {
        let mut pod = crate::model::fixtures::pod("pod-running");
        pod.containers[0].restarts = restarts;
        pod.containers[0].state = state;
        pod.containers[0].last_end = last_end.map(Box::new);
        pod.containers.truncate(1);
        let seconds = |time: Option<Time>| time.map(Time::seconds);
        runs_of_pod(&pod)
            .map(|run| {
                let finished = run.end.and_then(|end| end.finished);
                (run.source.restarts, run.is_previous, seconds(run.started), seconds(finished))
            })
            .collect()
    }

    /// The states as a real kubelet showed them for a container that ends with code 3 again and again.
    #[test]
    fn runs_of_a_container_that_fails_again_and_again() {
        let waiting = |reason: &str| ContainerState::Waiting { reason: reason.into(), message: "".into() };
        let running = ContainerState::Running(Some(Time::from_seconds(20)));
        assert_eq!(runs(0, waiting("ContainerCreating"), None), []);
        assert_eq!(runs(0, ContainerState::Ended(end(9)), None), [(0, false, Some(8), Some(9))]);
        assert_eq!(runs(1, running, Some(end(9))), [(0, true, Some(8), Some(9)), (1, false, Some(20), None)]);
        let both = [(0, true, Some(8), Some(9)), (1, false, Some(29), Some(30))];
        assert_eq!(runs(1, ContainerState::Ended(end(30)), Some(end(9))), both);
        assert_eq!(runs(1, waiting("CrashLoopBackOff"), Some(end(30))), [(1, false, Some(29), Some(30))]);
    }
}
