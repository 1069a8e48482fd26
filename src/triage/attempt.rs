//! The tries of a Job, one for each pod that is known: when it ran, where, how it ended and in which words.

use super::known::Known;
use crate::model::clock::Time;
use crate::model::fact::Run;
use crate::model::key::ObjectKey;
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::pod::{Container, Pod, Role};
use crate::model::state::{Level, pod_state, pod_why};

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
    /// The last line of its failed container's log that says something, where it was fetched.
    pub last_line: String,
}

/// The tries of a subject, the oldest first. Pods that are gone are not among them.
pub fn attempts(known: Known<'_>, subject: Subject) -> Vec<Attempt> {
    let mut pods = known.snapshot.pods_of_subject(subject);
    pods.reverse();
    pods.into_iter().enumerate().map(|(at, pod)| attempt(known, at + 1, pod)).collect()
}

fn attempt(known: Known<'_>, number: usize, pod: &Pod) -> Attempt {
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
        last_line: last_line(known, pod).unwrap_or_default(),
    }
}

/// The last line that is not blank of the container that failed.
fn last_line(known: Known<'_>, pod: &Pod) -> Option<String> {
    let has_failed =
        |one: &&Container| one.role != Role::Sidecar && one.exit_code().is_some_and(|exit_code| exit_code != 0);
    let failed = pod.containers.iter().find(has_failed)?;
    let tails = (0..=failed.restarts)
        .rev()
        .filter_map(|number| known.facts.tail(&Run { pod: pod.uid(), container: failed.name.to_string(), number }));
    tails.into_iter().find_map(|lines| lines.iter().rev().find(|line| !line.trim().is_empty()).cloned())
}
