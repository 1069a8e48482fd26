//! A container ran and failed, or its pod was taken away. Who took a pod away explains its end better than how its
//! processes ended of it; a kill from outside explains more than the exit code that came of it.

mod exit;
mod files;
mod killed;
mod log;
mod lost;
mod mounts;
mod name;
mod slip;
mod stopped;
mod suspicious;
mod taken;
mod unreached;
mod variable;

pub(super) use unreached::waits_for;

use super::Case;
use super::container::{called, is_success};
use super::finding::{Evidence, Finding};
#[cfg(test)]
use super::grammar::Pattern;
use super::last_words::LastWords;
use super::restarts;
use crate::model::pod::{Container, ContainerState, End, Pod, PodPhase, Role};

/// What ended a pod, or ends its containers again and again.
pub(super) fn find(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    if pod.phase == PodPhase::Succeeded {
        return suspicious::find(case, pod);
    }
    if is_success(case) {
        return None;
    }
    taken::find(case, pod).or_else(|| {
        let Some(run) = Run::worst(pod) else { return exit::looping(case, pod) };
        let found = killed::find(case, &run).or_else(|| exit::find(case, &run))?;
        Some(restarts::counted(case, pod, run.container, with_others(&run, found)))
    })
}

/// Adds the other containers of the pod that failed by themselves: each may need a cure of its own.
fn with_others(run: &Run<'_>, mut finding: Finding) -> Finding {
    let is_other = |other: &Run<'_>| {
        // What was told to stop came of the end that is told.
        other.container.name != run.container.name
            && !matches!(other.end.exit_code, 137 | 143) | is_out_of_memory(other)
    };
    let others: Vec<Run<'_>> = Run::all(run.pod).filter(is_other).collect();
    for other in &others {
        let how = match is_out_of_memory(other) {
            true => "hit its memory limit".to_owned(),
            false => format!("ended with exit code {}", other.end.exit_code),
        };
        let order = if other.end.finished > run.end.finished { " after it" } else { " too" };
        finding.verdict.push_str(&format!(" {} failed{order}: it {how}.", called(other.pod, other.container)));
        finding.evidence.push(killed::of_end(other));
    }
    finding
}

fn is_out_of_memory(run: &Run<'_>) -> bool {
    run.end.reason == "OOMKilled"
}

/// The Job itself stopped this pod: it is no try that failed.
pub(super) fn is_stopped_by_job(case: &Case<'_>, pod: &Pod) -> bool {
    let run = Run::worst(pod);
    let is_killed = run.is_some_and(|run| matches!(run.end.exit_code, 137 | 143));
    is_killed && stopped::is_of_the_job(case, pod, pod.ended(), true)
}

/// A run of a container that ended badly.
#[derive(Debug, Clone, Copy)]
struct Run<'a> {
    pod: &'a Pod,
    container: &'a Container,
    end: &'a End,
    /// Where in the status it stands.
    field: &'static str,
}

impl<'a> Run<'a> {
    /// The bad end of a container: of its present run, else of the one before. A program that ended well although a child
    /// of it was killed for memory has dealt with that, unless the pod failed.
    fn of(pod: &'a Pod, container: &'a Container) -> Option<Self> {
        let has_failed = pod.phase == PodPhase::Failed;
        let is_bad = |end: &&End| end.exit_code != 0 || (end.reason == "OOMKilled" && has_failed);
        if let ContainerState::Ended(end) = &container.state {
            return is_bad(&end).then_some(Run { pod, container, end, field: "state.terminated" });
        }
        let end = container.last_end.as_deref().filter(is_bad)?;
        Some(Run { pod, container, end, field: "lastState.terminated" })
    }

    /// The end that explains most of a pod: one for want of memory; then the first of several, since the others may have
    /// come of it; of containers that are started again the newest.
    fn worst(pod: &'a Pod) -> Option<Self> {
        let runs: Vec<Self> = Run::all(pod).collect();
        let rank = |run: &&Self| (is_out_of_memory(run), run.container.role != Role::Sidecar);
        let best = runs.iter().map(|run| rank(&run)).max()?;
        let runs = runs.iter().filter(|run| rank(run) == best);
        match pod.restarts_in_place {
            true => runs.max_by_key(|run| run.end.finished).copied(),
            false => runs.min_by_key(|run| run.end.finished).copied(),
        }
    }

    /// All bad ends of a pod, one of each container. Sidecars are ended when the work is over, which explains nothing.
    fn all(pod: &'a Pod) -> impl Iterator<Item = Self> {
        let is_working =
            pod.containers.iter().any(|one| one.role == Role::Main && !matches!(one.state, ContainerState::Ended(_)));
        let counts = move |container: &&Container| match container.role {
            Role::Main | Role::Init => true,
            Role::Sidecar => is_working && pod.meta.deleted.is_none(),
            Role::Ephemeral => false,
        };
        pod.containers.iter().filter(counts).filter_map(|container| Run::of(pod, container))
    }

    /// Seconds that it took; None where the runtime does not tell.
    fn seconds(&self) -> Option<i64> {
        Some(self.end.finished?.seconds_since(self.end.started?).max(0))
    }

    /// The newest try that ended the same way: it speaks for all of them, so that one log is read and not one for each.
    fn spokesman(self, case: &Case<'a>) -> Self {
        let is_same =
            |other: &Run<'_>| other.container.name == self.container.name && other.end.exit_code == self.end.exit_code;
        let of = |pod: &&'a Pod| Run::worst(pod).filter(is_same);
        case.pods.iter().rev().find_map(of).unwrap_or(self)
    }

    /// The end of the log of that try, and which it is.
    fn words(self, case: &Case<'a>) -> (Self, LastWords<'a>) {
        let one = self.spokesman(case);
        (one, LastWords::of(case, one.pod, one.container, one.end))
    }

    /// The last words of that try as evidence.
    fn last_words(self, case: &Case<'a>) -> Vec<Evidence> {
        let (one, words) = self.words(case);
        words.evidence(one.pod, one.container)
    }
}

#[cfg(test)]
pub(super) fn patterns() -> Vec<&'static Pattern> {
    [
        taken::PATTERNS,
        killed::PATTERNS,
        log::PATTERNS,
        slip::PATTERNS,
        files::PATTERNS,
        variable::PATTERNS,
        super::last_words::PATTERNS,
    ]
    .concat()
    .into_iter()
    .chain(unreached::patterns())
    .collect()
}

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
