//! Which run of a container the server's answers are about.
//!
//! A request names a container, not one of its runs: it is answered with the log of whichever runs now, or of the one
//! before that. A pod's status, asked for once an answer has begun, says which that is.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

use crate::model::clock::Time;
use crate::model::key::Uid;
use crate::model::log::LogSource;

/// What has become of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunState {
    /// It is the container's present run.
    Present { is_over: bool },
    /// The container was started again since.
    Previous,
    /// The container was started again more than once since: no request gives this run's log any more.
    Forgotten,
    /// Another pod has the name of this run's pod.
    OtherPod,
    /// The pod is gone.
    NoPod,
    /// The pod does not say, or may not be asked.
    Unknown,
}

impl RunState {
    /// What a pod says of a run; the pod is None where there is none of that name.
    pub(super) fn of(source: &LogSource, pod: Option<&Pod>) -> Self {
        let Some(pod) = pod else { return Self::NoPod };
        if pod.metadata.uid.as_deref().is_some_and(|uid| Uid::new(uid) != source.pod) {
            return Self::OtherPod;
        }
        let Some(status) = status_of(pod, &source.container) else { return Self::Unknown };
        let state = status.state.clone().unwrap_or_default();
        // While a container waits for its next start, its last run is still the present one.
        let is_waiting = state.running.is_none() && state.terminated.is_none();
        let has_ended = status.last_state.as_ref().is_some_and(|last| last.terminated.is_some());
        match status.restart_count - source.restarts {
            0 => Self::Present { is_over: state.terminated.is_some() || (is_waiting && has_ended) },
            1 if !is_waiting => Self::Previous,
            1.. => Self::Forgotten,
            _ => Self::Unknown,
        }
    }
}

/// When a run ended; None while it runs, and where nobody saw its end.
pub(super) fn end_of(source: &LogSource, pod: Option<&Pod>) -> Option<Time> {
    let status = status_of(pod?, &source.container)?;
    let ended = |state: &Option<ContainerState>| state.as_ref()?.terminated.as_ref()?.finished_at.clone();
    let is_present = status.restart_count == source.restarts;
    let end = ended(&status.state).filter(|_| is_present).or_else(|| ended(&status.last_state))?;
    // A run whose end nobody saw has the epoch there.
    Some(Time::from_timestamp(end.0)).filter(|end| end.seconds() > 0)
}

fn status_of<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let lists = [&status.container_statuses, &status.init_container_statuses, &status.ephemeral_container_statuses];
    lists.into_iter().flatten().flatten().find(|status| status.name == container)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(restarts: i32, status: serde_json::Value) -> RunState {
        let source = LogSource {
            pod: Uid::new("p"),
            namespace: "data".into(),
            pod_name: "etl-1".into(),
            container: "main".into(),
            restarts,
        };
        let mut status = status;
        for (key, value) in
            [("name", json!("main")), ("image", json!("")), ("imageID", json!("")), ("ready", json!(false))]
        {
            status[key] = value;
        }
        let pod = json!({ "metadata": { "uid": "p" }, "spec": { "containers": [] },
            "status": { "containerStatuses": [status] } });
        RunState::of(&source, Some(&serde_json::from_value(pod).unwrap()))
    }

    #[test]
    fn state_of_a_run_is_what_the_kubelet_would_answer_with() {
        let ended = json!({ "terminated": { "exitCode": 3, "finishedAt": "2026-11-21T03:00:00Z" } });
        let waiting = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
        let running = json!({ "running": {} });
        let once = |state: &serde_json::Value, last: &serde_json::Value, restarts: i32| json!({ "restartCount": restarts, "state": state, "lastState": last });
        let none = json!({});
        assert_eq!(state(0, once(&running, &none, 0)), RunState::Present { is_over: false });
        assert_eq!(state(0, once(&ended, &none, 0)), RunState::Present { is_over: true });
        assert_eq!(state(0, once(&waiting, &ended, 0)), RunState::Present { is_over: true });
        assert_eq!(state(0, once(&waiting, &none, 0)), RunState::Present { is_over: false });
        assert_eq!(state(0, once(&running, &ended, 1)), RunState::Previous);
        assert_eq!(state(0, once(&ended, &ended, 1)), RunState::Previous);
        // The run that just ended is what the kubelet calls the previous one here.
        assert_eq!(state(0, once(&waiting, &ended, 1)), RunState::Forgotten);
        assert_eq!(state(0, once(&running, &ended, 2)), RunState::Forgotten);
        assert_eq!(state(3, once(&running, &ended, 2)), RunState::Unknown);
    }

    #[test]
    fn other_pod_of_the_same_name_is_not_the_runs() {
        let source = LogSource {
            pod: Uid::new("p"),
            namespace: "data".into(),
            pod_name: "etl-1".into(),
            container: "main".into(),
            restarts: 0,
        };
        let other = serde_json::from_value::<Pod>(json!({ "metadata": { "uid": "q" } })).unwrap();
        assert_eq!(RunState::of(&source, Some(&other)), RunState::OtherPod);
        assert_eq!(RunState::of(&source, None), RunState::NoPod);
    }
}
