//! Pods: the slim row of a core/v1 Pod, container by container.

use std::borrow::Cow;

use compact_str::CompactString;

use super::clock::Time;
use super::key::Kind;
use super::meta::{Meta, Object};
use super::resources::Resources;

/// What is kept of a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Identity, owner, labels.
    pub meta: Meta,
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.reason`, such as `Evicted` or `NodeLost`.
    pub reason: CompactString,
    /// `status.message`, and where that is empty the message of a false `PodScheduled` condition.
    pub message: CompactString,
    /// The reason of a false `PodScheduled` condition: `Unschedulable`, `SchedulingGated`.
    pub unscheduled: CompactString,
    /// Condition `Initialized` is True: init containers are through.
    pub is_initialized: bool,
    /// Condition `Ready` is True.
    pub is_ready: bool,
    /// Who takes it away or took it away, where that is no fault of its own: a true `DisruptionTarget` condition.
    pub disruption: Option<Disruption>,
    /// `spec.restartPolicy` is `OnFailure` or `Always`: containers that fail are started again in the same pod.
    pub restarts_in_place: bool,
    /// A main container keeps its input open (`stdin: true`), to which a Job has nobody write.
    pub keeps_input: bool,
    /// `spec.nodeName`; empty before it is placed.
    pub node: CompactString,
    /// `status.startTime`: when the kubelet took it.
    pub started: Option<Time>,
    /// The completion index of an Indexed Job's pod.
    pub index: Option<u32>,
    /// The container that is meant where none is named (annotation `kubectl.kubernetes.io/default-container`); empty
    /// where nobody said.
    pub default_container: CompactString,
    /// What its containers ask for together, as the scheduler counts it.
    pub requests: Resources,
    /// What its containers may use together.
    pub limits: Resources,
    /// Init containers and sidecars first, in the order of the spec, then the main ones, then debug containers.
    pub containers: Vec<Container>,
}

/// `status.phase` of a Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PodPhase {
    /// Accepted; not all containers have started.
    #[default]
    Pending,
    /// At least one container runs or restarts.
    Running,
    /// Every container ended with exit code 0.
    Succeeded,
    /// Every container ended and one failed.
    Failed,
    /// The node cannot be asked.
    Unknown,
}

/// Who takes a pod away: the reason of a true `DisruptionTarget` condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disruption {
    /// `PreemptionByScheduler`: a pod of higher priority gets its place.
    Preemption,
    /// `DeletionByTaintManager`: its node got a taint that it does not tolerate, mostly since the node is lost.
    Taint,
    /// `EvictionByEvictionAPI`: a drain, an autoscaler, or somebody by hand.
    Eviction,
    /// `DeletionByPodGC`: its node is no more.
    NodeGone,
    /// `TerminationByKubelet`: its node is short of something or shuts down.
    Kubelet,
    /// Another one.
    Other,
}

/// A container and what the kubelet last said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: CompactString,
    /// Where in the pod's life it belongs.
    pub role: Role,
    /// It passes its readiness probe.
    pub ready: bool,
    /// It runs and has passed its startup probe: what a sidecar must do before the next container starts.
    pub started: bool,
    /// How often it was started again.
    pub restarts: i32,
    /// What it does now.
    pub state: ContainerState,
    /// How its previous run ended (`lastState.terminated`); in a box, since most containers have run once.
    pub last_end: Option<Box<End>>,
}

/// Where in the pod's life a container belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Runs to its end before the main ones start.
    Init,
    /// An init container with `restartPolicy: Always`: runs beside the main ones.
    Sidecar,
    /// Does the work.
    Main,
    /// Put in by hand to look around.
    Ephemeral,
}

/// What a container does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerState {
    /// Not running yet; reason and message say why.
    Waiting {
        /// One word such as `ImagePullBackOff`.
        reason: CompactString,
        /// The runtime's sentence.
        message: CompactString,
    },
    /// Running since.
    Running(Option<Time>),
    /// Ended.
    Ended(End),
}

/// How a container's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The process's exit code; above 128 it is 128 + the signal.
    pub exit_code: i32,
    /// The signal, where the runtime tells it; 0 otherwise.
    pub signal: i32,
    /// One word: `Completed`, `Error`, `OOMKilled`, `StartError`.
    pub reason: CompactString,
    /// The termination message.
    pub message: CompactString,
    /// When this run started.
    pub started: Option<Time>,
    /// When it ended.
    pub finished: Option<Time>,
}

impl Object for Pod {
    const KIND: Kind = Kind::Pod;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Disruption {
    /// What this reason means.
    pub fn of(reason: &str) -> Self {
        match reason {
            "PreemptionByScheduler" => Disruption::Preemption,
            "DeletionByTaintManager" => Disruption::Taint,
            "EvictionByEvictionAPI" => Disruption::Eviction,
            "DeletionByPodGC" => Disruption::NodeGone,
            "TerminationByKubelet" => Disruption::Kubelet,
            _ => Disruption::Other,
        }
    }
}

impl Container {
    /// Seconds that its present or last run took, up to `now` where it still runs. None before it started, and where the
    /// runtime does not tell.
    pub fn duration(&self, now: Time) -> Option<i64> {
        let (started, ended) = match &self.state {
            ContainerState::Running(started) => ((*started)?, now),
            ContainerState::Ended(end) => (end.started?, end.finished?),
            ContainerState::Waiting { .. } => return None,
        };
        Some(ended.seconds_since(started).max(0))
    }

    /// The exit code of the run that ended last; None where none has.
    pub fn exit_code(&self) -> Option<i32> {
        match (&self.state, &self.last_end) {
            (ContainerState::Ended(end), _) => Some(end.exit_code),
            (_, Some(end)) => Some(end.exit_code),
            _ => None,
        }
    }
}

impl End {
    /// The word kubectl prints for it: the reason, else `Signal:9` or `ExitCode:3`.
    pub fn word(&self) -> Cow<'_, str> {
        match (self.reason.as_str(), self.signal) {
            ("", 0) => Cow::Owned(format!("ExitCode:{}", self.exit_code)),
            ("", signal) => Cow::Owned(format!("Signal:{signal}")),
            (reason, _) => Cow::Borrowed(reason),
        }
    }
}

impl Pod {
    /// It ended, one way or the other.
    pub fn is_finished(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }

    /// Restarts of all containers together.
    pub fn restarts(&self) -> i32 {
        self.containers.iter().map(|container| container.restarts).sum()
    }

    /// Ready containers and how many there are, as kubectl's READY column counts: main ones and sidecars.
    pub fn ready(&self) -> (usize, usize) {
        let counted = || self.containers.iter().filter(|c| matches!(c.role, Role::Main | Role::Sidecar));
        (counted().filter(|c| c.ready).count(), counted().count())
    }

    /// When it ended: with its last container; where nothing of it ran, as its node refused it, when that took it. None
    /// before it has ended, and where nobody saw the end, as on a lost node.
    pub fn ended(&self) -> Option<Time> {
        let states = || self.containers.iter().map(|container| &container.state);
        if !self.is_finished() || states().any(|state| matches!(state, ContainerState::Running(_))) {
            return None;
        }
        let end =
            |state: &ContainerState| if let ContainerState::Ended(end) = state { Some(end.finished) } else { None };
        match states().filter_map(end).max() {
            Some(finished) => finished,
            None => self.started,
        }
    }

    /// Seconds from when a node took it until it ended, or until now. None before a node has, and where its end is not
    /// known.
    pub fn duration(&self, now: Time) -> Option<i64> {
        let until = if self.is_finished() { self.ended()? } else { now };
        Some(until.seconds_since(self.started?).max(0))
    }

    /// The word of kubectl's STATUS column (`printPod` in `pkg/printers/internalversion/printers.go`): the pod's own
    /// reason, then what blocks its init containers, then what its containers do, then its deletion.
    pub fn status_word(&self) -> Cow<'_, str> {
        if self.meta.deleted.is_some() && self.reason == "NodeLost" {
            return "Unknown".into();
        }
        if self.meta.deleted.is_some() && !self.is_finished() {
            return "Terminating".into();
        }
        let word = match self.init_word() {
            Some(word) if !self.is_initialized => return word,
            Some(word) => word,
            None => self.phase_word(),
        };
        self.main_word(word)
    }

    /// The pod's own reason, else its phase.
    fn phase_word(&self) -> Cow<'_, str> {
        match (self.reason.as_str(), self.phase) {
            ("", _) if self.unscheduled == "SchedulingGated" => "SchedulingGated".into(),
            ("", phase) => phase.word().into(),
            (reason, _) => reason.into(),
        }
    }

    /// What the main containers do, the first one last; `word` where they say nothing.
    fn main_word<'a>(&'a self, mut word: Cow<'a, str>) -> Cow<'a, str> {
        let mut has_running = false;
        let mut failed = None;
        for container in self.containers.iter().rev().filter(|c| c.role == Role::Main) {
            match &container.state {
                ContainerState::Waiting { reason, .. } if !reason.is_empty() => word = reason.as_str().into(),
                ContainerState::Ended(end) => {
                    word = end.word();
                    if end.exit_code != 0 {
                        failed = Some(end.word());
                    }
                }
                ContainerState::Running(_) if container.ready => has_running = true,
                _ => {}
            }
        }
        match failed {
            _ if word != "Completed" => word,
            _ if has_running && self.is_ready => "Running".into(),
            Some(failed) => failed,
            None if has_running => "NotReady".into(),
            None => word,
        }
    }

    /// `Init:…` for the first init container that has neither ended well nor, as a sidecar, started. None where all
    /// have, or where the kubelet has said nothing yet.
    fn init_word(&self) -> Option<Cow<'_, str>> {
        let inits = || self.containers.iter().filter(|c| matches!(c.role, Role::Init | Role::Sidecar));
        let total = inits().count();
        inits().enumerate().find_map(|(done, container)| match &container.state {
            ContainerState::Ended(end) if end.exit_code == 0 => None,
            ContainerState::Ended(end) => Some(format!("Init:{}", end.word()).into()),
            ContainerState::Running(_) if container.role == Role::Sidecar && container.started => None,
            ContainerState::Waiting { reason, .. } if reason.is_empty() => None,
            ContainerState::Waiting { reason, .. } if reason != "PodInitializing" => {
                Some(format!("Init:{reason}").into())
            }
            _ => Some(format!("Init:{done}/{total}").into()),
        })
    }
}

impl PodPhase {
    /// The API's word.
    pub const fn word(self) -> &'static str {
        match self {
            PodPhase::Pending => "Pending",
            PodPhase::Running => "Running",
            PodPhase::Succeeded => "Succeeded",
            PodPhase::Failed => "Failed",
            PodPhase::Unknown => "Unknown",
        }
    }
}
