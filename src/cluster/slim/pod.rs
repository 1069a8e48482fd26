//! The parts of a core/v1 Pod that are read: of its spec the node and the names of its containers.

use compact_str::CompactString;
use serde::Deserialize;

use super::{ConditionWire, MetaWire};
use crate::model::clock::Time;
use crate::model::pod::{Container, ContainerState, End, Pod, PodPhase, Role};
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
    init_containers: Vec<ContainerWire>,
    containers: Vec<ContainerWire>,
    ephemeral_containers: Vec<ContainerWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ContainerWire {
    name: CompactString,
    restart_policy: Option<CompactString>,
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

impl From<PodWire> for Pod {
    fn from(wire: PodWire) -> Self {
        let PodWire { metadata, spec, status } = wire;
        let index = metadata.annotations.index.as_ref().and_then(|text| text.parse().ok());
        let holds = |kind: &str| status.conditions.iter().any(|one| one.kind == kind && one.status == "True");
        let (is_initialized, is_ready) = (holds("Initialized"), holds("Ready"));
        let unplaced = status.conditions.into_iter().find(|one| one.kind == "PodScheduled" && one.status == "False");
        let (unscheduled, why) = unplaced.map(|one| (one.reason, one.message)).unwrap_or_default();
        let mut statuses = status.init_container_statuses;
        statuses.extend(status.container_statuses);
        statuses.extend(status.ephemeral_container_statuses);
        let init_role = |container: &ContainerWire| match container.restart_policy.as_deref() {
            Some("Always") => Role::Sidecar,
            _ => Role::Init,
        };
        let inits = spec.init_containers.into_iter().map(|one| (init_role(&one), one.name));
        let mains = spec.containers.into_iter().map(|one| (Role::Main, one.name));
        let others = spec.ephemeral_containers.into_iter().map(|one| (Role::Ephemeral, one.name));
        Pod {
            meta: metadata.into(),
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
            node: spec.node_name,
            started: status.start_time,
            index,
            requests: Resources::default(),
            limits: Resources::default(),
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
        last_end: status.last_state.terminated.map(Into::into),
    }
}
