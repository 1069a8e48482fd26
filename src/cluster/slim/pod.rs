//! The parts of a core/v1 Pod that are read: of its spec the node, and the names and amounts of its containers.

use compact_str::CompactString;
use serde::Deserialize;

use super::{ConditionWire, MetaWire, NumbersWire};
use crate::model::clock::Time;
use crate::model::delta::Row;
use crate::model::foreign::ForeignPod;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Meta;
use crate::model::pod::{Container, ContainerState, Disruption, End, Pod, PodPhase, Role};
use crate::model::resources::Resources;

/// core/v1 Pod.
#[derive(Deserialize)]
pub struct PodWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    spec: PodSpecWire,
    #[serde(default)]
    status: PodStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodSpecWire {
    node_name: CompactString,
    restart_policy: CompactString,
    init_containers: Vec<ContainerWire>,
    containers: Vec<ContainerWire>,
    ephemeral_containers: Vec<ContainerWire>,
    resources: ResourcesWire,
    overhead: NumbersWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerWire {
    name: CompactString,
    restart_policy: Option<CompactString>,
    resources: ResourcesWire,
    stdin: bool,
}

/// What a container, or a whole pod, asks for and may use.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ResourcesWire {
    requests: NumbersWire,
    limits: NumbersWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PodStatusWire {
    phase: CompactString,
    reason: CompactString,
    message: CompactString,
    start_time: Option<Time>,
    conditions: Vec<ConditionWire>,
    init_container_statuses: Vec<ContainerStatusWire>,
    container_statuses: Vec<ContainerStatusWire>,
    ephemeral_container_statuses: Vec<ContainerStatusWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerStatusWire {
    name: CompactString,
    ready: bool,
    started: Option<bool>,
    restart_count: i32,
    state: ContainerStateWire,
    last_state: ContainerStateWire,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ContainerStateWire {
    waiting: Option<WaitingWire>,
    running: Option<RunningWire>,
    terminated: Option<EndWire>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct WaitingWire {
    reason: CompactString,
    message: CompactString,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RunningWire {
    started_at: Option<Time>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct EndWire {
    exit_code: i32,
    signal: i32,
    reason: CompactString,
    message: CompactString,
    started_at: Option<Time>,
    finished_at: Option<Time>,
}

impl From<EndWire> for End {
    fn from(wire: EndWire) -> Self {
        End {
            exit_code: wire.exit_code,
            signal: wire.signal,
            reason: wire.reason,
            message: wire.message,
            started: wire.started_at,
            finished: wire.finished_at,
        }
    }
}

impl From<ContainerStateWire> for ContainerState {
    fn from(wire: ContainerStateWire) -> Self {
        match (wire.terminated, wire.running, wire.waiting) {
            (Some(end), ..) => ContainerState::Ended(end.into()),
            (_, Some(running), _) => ContainerState::Running(running.started_at),
            (_, _, waiting) => {
                let WaitingWire { reason, message } = waiting.unwrap_or_default();
                ContainerState::Waiting { reason, message }
            }
        }
    }
}

/// One resource of an amount: CPU or memory.
type Pick = fn(&NumbersWire) -> Option<i64>;

impl PodSpecWire {
    fn requests(&self) -> Resources {
        let total = |pick: Pick| self.total(|resources| pick(&resources.requests), pick);
        Resources { cpu_millis: total(NumbersWire::cpu_millis), memory_bytes: total(NumbersWire::memory_bytes) }
    }

    /// As the requests; but a pod of which a container that runs beside the others has no limit has none either.
    fn limits(&self) -> Resources {
        let total = |pick: Pick| {
            let limit = |resources: &ResourcesWire| pick(&resources.limits).filter(|limit| *limit != 0);
            let sidecars = self.init_containers.iter().filter(|one| one.init_role() == Role::Sidecar);
            let mut together = self.containers.iter().chain(sidecars);
            let is_bounded = limit(&self.resources).is_some() || together.all(|one| limit(&one.resources).is_some());
            if is_bounded { self.total(limit, pick) } else { 0 }
        };
        Resources { cpu_millis: total(NumbersWire::cpu_millis), memory_bytes: total(NumbersWire::memory_bytes) }
    }

    /// What the pod needs of one resource, as the scheduler counts it (`AggregateContainerRequests` and `PodRequests` in
    /// `k8s.io/component-helpers/resource/helpers.go`): all that runs together, or the largest moment before, when an
    /// init container runs beside the sidecars that were started until then; what the pod says as a whole instead of
    /// both; and what running a pod at all costs, where its runtime class says so.
    fn total(&self, of: impl Fn(&ResourcesWire) -> Option<i64>, pick: Pick) -> i64 {
        let own = of(&self.resources).unwrap_or_else(|| {
            let (mut sidecars, mut peak) = (0_i64, 0);
            for one in &self.init_containers {
                let amount = of(&one.resources).unwrap_or_default();
                let with_it = sidecars.saturating_add(amount);
                if one.init_role() == Role::Sidecar {
                    sidecars = with_it;
                }
                peak = with_it.max(peak);
            }
            let mains = self.containers.iter().filter_map(|one| of(&one.resources));
            mains.fold(sidecars, i64::saturating_add).max(peak)
        });
        own.saturating_add(pick(&self.overhead).unwrap_or_default())
    }
}

impl ContainerWire {
    /// The role of one that stands among the init containers.
    fn init_role(&self) -> Role {
        if self.restart_policy.as_deref() == Some("Always") { Role::Sidecar } else { Role::Init }
    }
}

impl PodWire {
    /// A row for a Job's pod, also one that the Job left behind; of any other only what it asks for.
    pub(super) fn into_row(self) -> Row {
        let owner = self.metadata.owner();
        if owner.is_some_and(|owner| owner.kind == Some(Kind::Job)) || self.metadata.left_behind().is_some() {
            return Row::Pod(self.into());
        }
        let has_ended = matches!(self.status.phase.as_str(), "Succeeded" | "Failed");
        Row::ForeignPod(ForeignPod {
            uid: Uid::new(&self.metadata.uid),
            requests: if has_ended { Resources::default() } else { self.spec.requests() },
            namespace: self.metadata.namespace,
            node: self.spec.node_name,
        })
    }
}

impl From<PodWire> for Pod {
    fn from(wire: PodWire) -> Self {
        let PodWire { mut metadata, spec, status } = wire;
        let left_behind = metadata.left_behind();
        let default_container = std::mem::take(&mut metadata.annotations.default_container);
        let index = metadata.annotations.index.as_ref().and_then(|text| text.parse().ok());
        let true_one = |kind: &str| status.conditions.iter().find(|one| one.kind == kind && one.status == "True");
        let (is_initialized, is_ready) = (true_one("Initialized").is_some(), true_one("Ready").is_some());
        let disruption = true_one("DisruptionTarget").map(|one| Disruption::of(&one.reason));
        let unplaced = status.conditions.into_iter().find(|one| one.kind == "PodScheduled" && one.status == "False");
        let (unscheduled, why) = unplaced.map(|one| (one.reason, one.message)).unwrap_or_default();
        let mut statuses = status.init_container_statuses;
        statuses.extend(status.container_statuses);
        statuses.extend(status.ephemeral_container_statuses);
        let (requests, limits) = (spec.requests(), spec.limits());
        let keeps_input = spec.containers.iter().any(|one| one.stdin);
        let inits = spec.init_containers.into_iter().map(|one| (one.init_role(), one.name));
        let mains = spec.containers.into_iter().map(|one| (Role::Main, one.name));
        let others = spec.ephemeral_containers.into_iter().map(|one| (Role::Ephemeral, one.name));
        let mut meta = Meta::from(metadata);
        if let Some(label) = left_behind {
            meta.labels = meta.labels.into_iter().chain([label]).collect();
        }
        Pod {
            meta,
            phase: match status.phase.as_str() {
                "Running" => PodPhase::Running,
                "Succeeded" => PodPhase::Succeeded,
                "Failed" => PodPhase::Failed,
                "Unknown" => PodPhase::Unknown,
                _ => PodPhase::Pending,
            },
            reason: status.reason,
            message: if status.message.is_empty() { why } else { status.message },
            unscheduled,
            is_initialized,
            is_ready,
            disruption,
            restarts_in_place: matches!(spec.restart_policy.as_str(), "OnFailure" | "Always"),
            keeps_input,
            node: spec.node_name,
            started: status.start_time,
            index,
            default_container,
            requests,
            limits,
            containers: inits
                .chain(mains)
                .chain(others)
                .map(|(role, name)| container(role, name, &mut statuses))
                .collect(),
        }
    }
}

/// A container of the spec with its status, which is taken out of the list; the kubelet has none at first.
fn container(role: Role, name: CompactString, statuses: &mut Vec<ContainerStatusWire>) -> Container {
    let at = statuses.iter().position(|status| status.name == name);
    let status = at.map(|at| statuses.swap_remove(at)).unwrap_or_default();
    Container {
        name,
        role,
        ready: status.ready,
        started: status.started.unwrap_or_default(),
        restarts: status.restart_count,
        state: status.state.into(),
        last_end: status.last_state.terminated.map(|end| Box::new(end.into())),
    }
}
