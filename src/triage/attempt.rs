//! The tries of a Job, one for each pod that is known: when it ran, where, how it ended and in which words.

use super::Case;
use super::known::{Known, Need};
use super::last_words::LastWords;
use crate::model::clock::Time;
use crate::model::key::ObjectKey;
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::pod::{Pod, Role};
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
    /// When its last container ended.
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
        ended: pod.ended(),
        node: pod.node.to_string(),
        level: state.level,
        outcome,
        last_words,
    }
}

/// The line that tells most of the end of the container that failed.
fn last_words<'a>(case: &Case<'a>, pod: &'a Pod) -> Option<String> {
    let failed = pod.containers.iter().filter(|one| one.role != Role::Sidecar);
    let (container, end) = failed.filter_map(|one| Some((one, bad_end(one)?))).next()?;
    LastWords::of(case, pod, container, end).telling.last().map(|line| (*line).to_owned())
}
