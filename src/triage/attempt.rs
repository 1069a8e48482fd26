//! The tries of a Job, one for each pod that is known: when it ran, where, how it ended and in which words.

use super::Case;
use super::known::{Known, Need};
use super::last_words::LastWords;
use crate::model::clock::Time;
use crate::model::key::ObjectKey;
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::pod::{Pod, Role};
use crate::model::redact::redact;
use crate::model::state::{Level, bad_end, pod_state, pod_why};

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its number from 1, of those that are known.
    pub number: usize,
    /// The pod.
    pub pod: ObjectKey,
    /// The completion index, of an Indexed Job.
    pub index: Option<u32>,
    /// When the node took it; when it was made where none has.
    pub started: Option<Time>,
    /// It is over.
    pub is_over: bool,
    /// When it ended; None where it is over and nobody saw its end.
    pub ended: Option<Time>,
    /// The node; empty before it has one.
    pub node: String,
    /// How it went.
    pub level: Level,
    /// The same in words: exit code, reason, restarts.
    pub outcome: String,
    /// The line that tells most at the end of its failed container's log, where it was fetched; else empty.
    pub last_words: String,
}

/// The tries of a subject, the oldest first, and what it would take to know the last words of the last `told` of them.
/// Pods that are gone are not among them.
pub fn attempts(known: Known<'_>, subject: Subject, told: usize) -> (Vec<Attempt>, Vec<Need>) {
    let Some(case) = Case::of(known, subject) else { return Default::default() };
    let mut pods = known.snapshot.pods_of_subject(subject);
    pods.reverse();
    let silent = pods.len().saturating_sub(told);
    let attempts = pods.into_iter().enumerate().map(|(at, pod)| {
        let words = if at < silent { String::new() } else { last_words(&case, pod).unwrap_or_default() };
        attempt(at + 1, pod, words)
    });
    let attempts = attempts.collect();
    (attempts, case.into_needs().0)
}

fn attempt(number: usize, pod: &Pod, last_words: String) -> Attempt {
    let (state, why) = (pod_state(pod), pod_why(pod));
    let outcome = match why.as_str() {
        "" => state.word.into_owned(),
        why if state.word == "Error" || why.contains(&*state.word) => why.to_owned(),
        why => format!("{}: {why}", state.word),
    };
    Attempt {
        number,
        pod: pod.key(),
        index: pod.index,
        started: pod.started.or(pod.meta.created),
        is_over: pod.is_finished(),
        ended: pod.ended(),
        node: pod.node.to_string(),
        level: state.level,
        outcome,
        last_words,
    }
}

impl Attempt {
    /// When it ended, and of one that is not over the present; None where the end is not known.
    pub fn until(&self, now: Time) -> Option<Time> {
        if self.is_over { self.ended } else { Some(now) }
    }
}

/// The line that tells most of the end of the container that failed.
fn last_words<'a>(case: &Case<'a>, pod: &'a Pod) -> Option<String> {
    let failed = pod.containers.iter().filter(|one| one.role != Role::Sidecar);
    let (container, end) = failed.filter_map(|one| Some((one, bad_end(one)?))).next()?;
    LastWords::of(case, pod, container, end).telling.last().map(|line| redact(line).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scene::{ago, failed_pod, job, now, with};
    use super::super::tests::snapshot_of;
    use super::*;
    use crate::model::key::{Kind, Uid};
    use crate::triage::Facts;

    #[test]
    fn time_of_a_try_is_told_where_its_end_is_known() {
        let status = |name: &str, status| with(failed_pod(name, 300), json!({ "status": status }));
        let running = json!([{ "name": "main", "state": { "running": { "startedAt": ago(290) } } }]);
        let refused = json!({ "phase": "Failed", "startTime": ago(200), "containerStatuses": null });
        let lost = json!({ "phase": "Failed", "startTime": ago(200), "containerStatuses": running });
        let at_work = json!({ "phase": "Running", "startTime": ago(200), "containerStatuses": running });
        let (snapshot, facts) = (
            snapshot_of(&[job(), status("refused", refused), status("lost", lost), status("at-work", at_work)]),
            Facts::default(),
        );
        let known = Known { snapshot: &snapshot, facts: &facts, now: now() };
        let subject = Subject { kind: Kind::Job, uid: Uid::new("etl") };
        let (tries, _) = attempts(known, subject, 0);
        let until = |name: &str| tries.iter().find(|one| one.pod.name == name).unwrap().until(now());
        assert_eq!(until("refused"), Some(now().plus_seconds(-200)), "nothing of it ran");
        assert_eq!(until("lost"), None, "nobody saw it end");
        assert_eq!(until("at-work"), Some(now()));
    }
}
