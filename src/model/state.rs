//! The state of a Job, a CronJob and a Pod in one word, and why: what the first columns of the lists say.
//!
//! Derived from conditions *and* pods, since a Job's own status says "Running" for a Job that has no pod at all.

use std::borrow::Cow;

use super::clock::{Time, short_duration};
use super::cronjob::{Concurrency, CronJob};
use super::event::Event;
use super::job::Job;
use super::key::Kind;
use super::meta::Object;
use super::pod::{Container, ContainerState, End, Pod, PodPhase, Role};
use super::snapshot::{Freshness, Snapshot};

/// How much something needs a person, most first: the default order of every list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It failed or cannot go on by itself.
    Broken,
    /// It goes on, but something went wrong on the way.
    Warning,
    /// It runs.
    Running,
    /// It waits for its turn.
    Waiting,
    /// Someone paused it.
    Suspended,
    /// It is being deleted.
    Ending,
    /// It is done, or rests until its next run.
    Done,
}

/// A level and the word for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// How much it needs a person.
    pub level: Level,
    /// The word of the STATUS column.
    pub word: Cow<'static, str>,
}

impl State {
    const fn new(level: Level, word: &'static str) -> Self {
        Self { level, word: Cow::Borrowed(word) }
    }
}

/// A new Job gets its first pod within this many seconds where nothing is wrong; only then is its absence told.
const POD_GRACE_SECONDS: i64 = 10;

/// Reasons of a waiting container that do not go away by waiting (the kubelet's and the runtime's words).
const BLOCKED: [&str; 9] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "CrashLoopBackOff",
    "RegistryUnavailable",
];

/// The state of a Job.
pub fn job_state(snapshot: &Snapshot, job: &Job) -> State {
    if job.condition("Complete").is_some() {
        return State::new(Level::Done, "Complete");
    }
    if job.condition("Failed").is_some() {
        return State::new(Level::Broken, "Failed");
    }
    if job.meta.deleted.is_some() {
        return State::new(Level::Ending, "Terminating");
    }
    if job.condition("FailureTarget").is_some() {
        return State::new(Level::Broken, "Failing");
    }
    if job.condition("SuccessCriteriaMet").is_some() {
        return State::new(Level::Running, "Completing");
    }
    if job.suspend {
        return State::new(Level::Suspended, "Suspended");
    }
    if matches!(snapshot.freshness(Kind::Pod), Freshness::Denied(_)) || job.managed_by.is_some() {
        return state_without_pods(job);
    }
    unfinished_state(snapshot, job)
}

/// From the Job's own counters, for a user who may not list pods and for Jobs of other controllers.
fn state_without_pods(job: &Job) -> State {
    match (job.ready, job.active) {
        (1.., _) => State::new(Level::Running, "Running"),
        (_, 1..) => State::new(Level::Running, "Active"),
        _ => State::new(Level::Waiting, "Waiting"),
    }
}

fn unfinished_state(snapshot: &Snapshot, job: &Job) -> State {
    let (ended, open): (Vec<&Pod>, Vec<&Pod>) = snapshot.pods_of(job.meta.uid).partition(|pod| pod.is_finished());
    let levels = || open.iter().map(|pod| pod_state(pod).level);
    let blocked = levels().any(|level| level == Level::Broken);
    let has_failed_pods = job.failed > 0 || ended.iter().any(|pod| pod.phase == PodPhase::Failed);
    let has_failures = has_failed_pods || levels().any(|level| level == Level::Warning);
    // A container that ended badly is started again after a delay, and so is a pod that is gone.
    let is_delayed = open.is_empty() || open.iter().flat_map(|pod| &pod.containers).any(|one| bad_end(one).is_some());
    match (open.iter().any(|pod| is_at_work(pod)), blocked, has_failures) {
        (true, false, false) => State::new(Level::Running, "Running"),
        (true, ..) => State::new(Level::Warning, "Running"),
        _ if refusal(snapshot, job).is_some() => State::new(Level::Broken, "Waiting"),
        (false, true, _) if is_delayed => State::new(Level::Broken, "Retrying"),
        (false, true, _) => State::new(Level::Broken, "Waiting"),
        (false, false, true) if is_delayed => State::new(Level::Warning, "Retrying"),
        (false, false, true) => State::new(Level::Warning, "Waiting"),
        (false, false, false) => State::new(Level::Waiting, "Waiting"),
    }
}

/// A main container runs; the phase alone stays Running between two tries.
fn is_at_work(pod: &Pod) -> bool {
    let runs = |container: &Container| matches!(container.state, ContainerState::Running(_));
    pod.meta.deleted.is_none() && pod.containers.iter().any(|one| one.role == Role::Main && runs(one))
}

/// The newest event by which the Job controller says that it could not create a pod, where none is left and none was
/// made since.
fn refusal<'a>(snapshot: &'a Snapshot, job: &Job) -> Option<&'a Event> {
    if snapshot.pods_of(job.meta.uid).any(|pod| !pod.is_finished()) {
        return None;
    }
    let newest_pod = snapshot.pods_of(job.meta.uid).filter_map(|pod| pod.meta.created).max();
    let refused = snapshot.events_about(job.meta.uid).filter(|event| event.reason == "FailedCreate");
    refused.max_by_key(|event| event.last).filter(|event| event.last >= newest_pod)
}

/// Why a Job is in its state: the reason that stands closest to the cause. Empty where there is nothing to say.
pub fn job_why(snapshot: &Snapshot, job: &Job, now: Time) -> String {
    if let Some(failed) = job.condition("Failed").or_else(|| job.condition("FailureTarget")) {
        let cause = worst_end(snapshot.pods_of(job.meta.uid)).map(|(container, end)| end_words(container, end));
        return match cause {
            Some(cause) => format!("{cause} ({})", failed.reason),
            None => format!("{}: {}", failed.reason, failed.message),
        };
    }
    if job.is_finished() || job.suspend {
        return String::new();
    }
    if let Some(refused) = refusal(snapshot, job) {
        return format!("{}: {}", refused.reason, short_refusal(&refused.note));
    }
    let open = || snapshot.pods_of(job.meta.uid).filter(|pod| !pod.is_finished());
    if let Some(why) = open().map(pod_why).find(|why| !why.is_empty()) {
        return why;
    }
    if let Some((container, end)) = worst_end(snapshot.pods_of(job.meta.uid)) {
        return format!("{}, {} failed so far", end_words(container, end), job.failed.max(1));
    }
    let age = job.started.or(job.meta.created).map_or(0, |since| now.seconds_since(since));
    if open().next().is_none() && age > POD_GRACE_SECONDS && snapshot.freshness(Kind::Pod) == &Freshness::Live {
        return match &job.managed_by {
            Some(manager) => format!("managed by {manager}, which has made no pod"),
            None if job.parallelism == Some(0) => "parallelism is 0: no pod is wanted".to_owned(),
            None if snapshot.pods_of(job.meta.uid).next().is_some() => {
                "its pods have ended, and the Job controller has not acted on that yet".to_owned()
            }
            None if job.succeeded + job.failed > 0 => {
                format!("no further pod was created: {} succeeded, {} failed so far", job.succeeded, job.failed)
            }
            None => "no pod has been created".to_owned(),
        };
    }
    String::new()
}

/// The part of `Error creating: pods "x" is forbidden: exceeded quota: …` that tells something.
fn short_refusal(note: &str) -> &str {
    note.split_once("is forbidden: ").map_or(note, |(_, cause)| cause)
}

/// The end that explains most: a kill for memory before any other, then the newest bad end of a main or init container.
/// Sidecars come last: they are ended when the work is over, which explains nothing.
fn worst_end<'a>(pods: impl Iterator<Item = &'a Pod>) -> Option<(&'a Container, &'a End)> {
    let ends =
        pods.flat_map(|pod| &pod.containers).filter_map(|container| bad_end(container).map(|end| (container, end)));
    let does_work = |container: &Container| matches!(container.role, Role::Main | Role::Init);
    ends.max_by_key(|(container, end)| (end.reason == "OOMKilled", does_work(container), end.finished))
}

/// The end of a container that explains trouble: that of its present run, else of the one before. None where neither was
/// bad.
pub fn bad_end(container: &Container) -> Option<&End> {
    let now = match &container.state {
        ContainerState::Ended(end) => Some(end),
        _ => None,
    };
    let is_bad = |end: &&End| end.exit_code != 0 || end.reason == "OOMKilled";
    now.filter(is_bad).or_else(|| container.last_end.as_deref().filter(is_bad))
}

/// `main: OOMKilled`, `main: exit 3`.
fn end_words(container: &Container, end: &End) -> String {
    match end.reason.as_str() {
        "Error" | "" => format!("{}: exit {}", container.name, end.exit_code),
        reason => format!("{}: {reason}, exit {}", container.name, end.exit_code),
    }
}

/// The state of a Pod; its word is the one that kubectl prints.
pub fn pod_state(pod: &Pod) -> State {
    let level = match pod.phase {
        _ if pod.meta.deleted.is_some() => Level::Ending,
        PodPhase::Succeeded => Level::Done,
        PodPhase::Failed => Level::Broken,
        PodPhase::Unknown => Level::Broken,
        _ if pod.containers.iter().any(is_blocked) => Level::Broken,
        PodPhase::Pending if pod.unscheduled == "Unschedulable" => Level::Broken,
        _ if pod.containers.iter().any(|container| bad_end(container).is_some()) => Level::Warning,
        PodPhase::Pending => Level::Waiting,
        PodPhase::Running => Level::Running,
    };
    State { level, word: Cow::Owned(pod.status_word().into_owned()) }
}

fn is_blocked(container: &Container) -> bool {
    matches!(&container.state, ContainerState::Waiting { reason, .. } if BLOCKED.contains(&reason.as_str()))
}

/// The state of one container; its word is the one that `kubectl describe` prints as its reason.
pub fn container_state(container: &Container) -> State {
    let level = match &container.state {
        ContainerState::Waiting { .. } if is_blocked(container) => Level::Broken,
        ContainerState::Waiting { .. } if bad_end(container).is_some() => Level::Warning,
        ContainerState::Waiting { .. } => Level::Waiting,
        ContainerState::Running(_) if bad_end(container).is_some() => Level::Warning,
        ContainerState::Running(_) => Level::Running,
        // A sidecar is ended when the work is over: its exit code tells nothing of the work.
        ContainerState::Ended(_) if container.role == Role::Sidecar => Level::Done,
        ContainerState::Ended(_) if bad_end(container).is_some() => Level::Broken,
        ContainerState::Ended(_) => Level::Done,
    };
    let word = match &container.state {
        ContainerState::Waiting { reason, .. } if reason.is_empty() => "Waiting".into(),
        ContainerState::Waiting { reason, .. } => reason.to_string(),
        ContainerState::Running(_) => "Running".into(),
        ContainerState::Ended(end) => end.word().into_owned(),
    };
    State { level, word: Cow::Owned(word) }
}

/// Why a container is in its state: the runtime's sentence, else how its run before this one ended.
pub fn container_why(container: &Container) -> String {
    let message = match &container.state {
        ContainerState::Waiting { message, .. } => message.as_str(),
        ContainerState::Ended(end) => end.message.as_str(),
        ContainerState::Running(_) => "",
    };
    let before = match (&container.state, &container.last_end) {
        (ContainerState::Ended(_), _) | (_, None) => String::new(),
        (_, Some(end)) if matches!(end.reason.as_str(), "Error" | "") => format!("before: exit {}", end.exit_code),
        (_, Some(end)) => format!("before: {}, exit {}", end.reason, end.exit_code),
    };
    match (before.is_empty(), message.is_empty()) {
        (false, false) => format!("{before}; {message}"),
        (false, true) => before,
        _ => message.to_owned(),
    }
}

/// Why a Pod is in its state. Empty where its word says it all.
pub fn pod_why(pod: &Pod) -> String {
    if pod.phase == PodPhase::Succeeded {
        return String::new();
    }
    let waiting = pod.containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, message } if is_blocked(container) => Some((container, reason, message)),
        _ => None,
    });
    if let Some((container, reason, message)) = waiting {
        if let Some(end) = bad_end(container).filter(|_| reason == "CrashLoopBackOff") {
            // The kubelet's message repeats names and tells nothing of the cause.
            return format!("{}, restarted {} times", end_words(container, end), container.restarts);
        }
        return if message.is_empty() {
            format!("{}: {reason}", container.name)
        } else {
            format!("{}: {reason}: {message}", container.name)
        };
    }
    if !pod.unscheduled.is_empty() {
        return format!("{}: {}", pod.unscheduled, pod.message);
    }
    if let Some((container, end)) = worst_end(std::iter::once(pod)) {
        return end_words(container, end);
    }
    match (pod.reason.as_str(), pod.message.as_str()) {
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

/// The state of a CronJob: whether it rests, runs, is paused, or its newest run failed.
pub fn cronjob_state(snapshot: &Snapshot, cronjob: &CronJob) -> State {
    let runs = snapshot.jobs_of(cronjob.uid());
    let newest = runs.iter().find(|job| job.is_finished());
    let failed = newest.is_some_and(|job| job.condition("Failed").is_some());
    match (cronjob.suspend, failed, cronjob.active.is_empty()) {
        _ if cronjob.meta.deleted.is_some() => State::new(Level::Ending, "Terminating"),
        _ if cronjob.plan.is_err() => State::new(Level::Broken, "Unreadable"),
        (true, ..) => State::new(Level::Suspended, "Suspended"),
        (_, true, _) => State::new(Level::Broken, "Failing"),
        _ if cronjob.active.len() > 1 => State::new(Level::Warning, "Overlaps"),
        (_, _, false) => State::new(Level::Running, "Running"),
        _ if newest.is_none() && cronjob.last_success.is_none() => State::new(Level::Waiting, "No run yet"),
        _ => State::new(Level::Done, "Idle"),
    }
}

/// Why a CronJob is in its state: what is wrong with its schedule, else what its newest finished run says.
pub fn cronjob_why(snapshot: &Snapshot, cronjob: &CronJob, now: Time) -> String {
    if let Err(why) = &cronjob.plan {
        return why.clone();
    }
    let runs = snapshot.jobs_of(cronjob.uid());
    let newest = runs.into_iter().find(|job| job.is_finished());
    let why = newest.map(|job| job_why(snapshot, job, now)).unwrap_or_default();
    match cronjob.active.len() {
        runs @ 2.. if why.is_empty() => format!("{runs} runs overlap"),
        runs @ 2.. => format!("{why}; {runs} runs overlap"),
        _ if why.is_empty() => late_run(snapshot, cronjob, now).unwrap_or_default(),
        _ => why,
    }
}

/// A run that was due so many seconds ago has been started, where nothing holds it up: the controller looks every ten.
const LATE_SECONDS: i64 = 90;

/// A run that is due and was not started. None where the CronJob is suspended, and where it is not known how it is now.
fn late_run(snapshot: &Snapshot, cronjob: &CronJob, now: Time) -> Option<String> {
    if cronjob.suspend || snapshot.freshness(Kind::CronJob) != &Freshness::Live {
        return None;
    }
    let late = now.seconds_since(cronjob.due_since(now)?);
    (late > LATE_SECONDS).then(|| {
        let due = short_duration(late);
        match (cronjob.concurrency, cronjob.active.is_empty()) {
            (Concurrency::Forbid, false) => format!("the run due {due} ago waits for the one that is active"),
            _ => format!("the run due {due} ago has not started"),
        }
    })
}

impl Role {
    /// The word before a container's name in lists; empty for main ones.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Init => "init",
            Role::Sidecar => "sidecar",
            Role::Main => "",
            Role::Ephemeral => "debug",
        }
    }
}

#[cfg(test)]
mod tests;
