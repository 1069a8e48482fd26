//! Partial API types: only the fields that are shown or reasoned on are read, straight into rows.
//!
//! [`Early`] is what the watcher sees: a row, and the resourceVersion that the watch needs. Everything else of an
//! object (managed fields, the pod's spec) is skipped while it is read and never kept.

use std::borrow::Cow;
use std::fmt::Debug;

use compact_str::{CompactString, format_compact};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::clock::Time;
use crate::model::cronjob::{Concurrency, CronJob};
use crate::model::delta::Row;
use crate::model::event::Event;
use crate::model::job::{Condition, Job};
use crate::model::key::{Kind, Uid};
use crate::model::meta::{Meta, Owner};
use crate::model::pod::{Container, ContainerState, End, Pod, PodPhase, Role};
use crate::model::schedule::Schedule;

/// A kind that is watched: how its JSON becomes its row.
pub trait Slim: Sized + Clone + Debug + Send + Sync + 'static {
    /// The JSON's shape, reduced to what is read.
    type Wire: DeserializeOwned + Into<Self> + AsRef<MetaWire>;
    /// The kind.
    const KIND: Kind;
    /// The row as a row of any kind.
    fn into_row(self) -> Row;
}

/// An object as the watcher sees it: the row, built while the answer is read, and metadata that holds nothing but the
/// resourceVersion, which is all that a watch asks of it.
#[derive(Debug, Clone)]
pub struct Early<R> {
    version: ObjectMeta,
    row: R,
}

impl<R: Slim> Early<R> {
    /// The row.
    pub fn into_row(self) -> Row {
        self.row.into_row()
    }
}

impl<'de, R: Slim> Deserialize<'de> for Early<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = R::Wire::deserialize(deserializer)?;
        let resource_version = wire.as_ref().resource_version.clone();
        Ok(Self { version: ObjectMeta { resource_version, ..ObjectMeta::default() }, row: wire.into() })
    }
}

impl<R: Slim> kube::Resource for Early<R> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;
    fn kind((): &()) -> Cow<'_, str> {
        R::KIND.name().into()
    }
    fn group((): &()) -> Cow<'_, str> {
        R::KIND.group().into()
    }
    fn version((): &()) -> Cow<'_, str> {
        "v1".into()
    }
    fn plural((): &()) -> Cow<'_, str> {
        R::KIND.plural().into()
    }
    fn meta(&self) -> &ObjectMeta {
        &self.version
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.version
    }
}

/// `metadata`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct MetaWire {
    uid: CompactString,
    namespace: CompactString,
    name: CompactString,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    owner_references: Vec<OwnerWire>,
    #[serde(deserialize_with = "read_labels")]
    labels: Vec<(CompactString, CompactString)>,
    annotations: AnnotationsWire,
    resource_version: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OwnerWire {
    kind: CompactString,
    uid: CompactString,
    controller: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AnnotationsWire {
    #[serde(rename = "batch.kubernetes.io/job-completion-index")]
    index: Option<CompactString>,
}

/// Labels by which the Job controller repeats the Job's name and UID on each pod: the owner says the same in 16 bytes.
const REPEATED_LABELS: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];

/// Reads labels into pairs, without the repeated ones.
fn read_labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(CompactString, CompactString)>, D::Error> {
    struct Labels;
    impl<'de> Visitor<'de> for Labels {
        type Value = Vec<(CompactString, CompactString)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("labels")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut labels = Vec::new();
            while let Some((key, value)) = map.next_entry::<CompactString, CompactString>()? {
                if !REPEATED_LABELS.contains(&key.as_str()) {
                    labels.push((key, value));
                }
            }
            Ok(labels)
        }
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(Labels)
}

impl From<MetaWire> for Meta {
    fn from(wire: MetaWire) -> Self {
        let owner = wire.owner_references.into_iter().find(|owner| owner.controller);
        Meta {
            uid: Uid::new(&wire.uid),
            namespace: wire.namespace,
            name: wire.name,
            created: wire.creation_timestamp,
            deleted: wire.deletion_timestamp,
            owner: owner.map(|owner| Owner { kind: Kind::from_name(&owner.kind), uid: Uid::new(&owner.uid) }),
            labels: wire.labels.into_boxed_slice(),
        }
    }
}

/// An object of which only the metadata is read.
#[derive(Deserialize)]
pub struct MetaOnlyWire {
    metadata: MetaWire,
}

/// batch/v1 Job.
#[derive(Deserialize)]
pub struct JobWire {
    metadata: MetaWire,
    #[serde(default)]
    spec: JobSpecWire,
    #[serde(default)]
    status: JobStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct JobSpecWire {
    parallelism: Option<i32>,
    completions: Option<i32>,
    backoff_limit: Option<i32>,
    backoff_limit_per_index: Option<i32>,
    active_deadline_seconds: Option<i64>,
    ttl_seconds_after_finished: Option<i64>,
    completion_mode: Option<CompactString>,
    suspend: Option<bool>,
    managed_by: Option<CompactString>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct JobStatusWire {
    start_time: Option<Time>,
    completion_time: Option<Time>,
    active: i32,
    ready: Option<i32>,
    succeeded: i32,
    failed: i32,
    terminating: Option<i32>,
    completed_indexes: CompactString,
    failed_indexes: Option<CompactString>,
    conditions: Vec<ConditionWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ConditionWire {
    #[serde(rename = "type")]
    kind: CompactString,
    status: CompactString,
    reason: CompactString,
    message: CompactString,
    last_transition_time: Option<Time>,
}

/// The built-in Job controller's own name in `spec.managedBy`.
const BUILT_IN: &str = "kubernetes.io/job-controller";

impl From<JobWire> for Job {
    fn from(wire: JobWire) -> Self {
        let JobWire { metadata, spec, status } = wire;
        let held = status.conditions.into_iter().filter(|condition| condition.status == "True");
        Job {
            meta: metadata.into(),
            parallelism: spec.parallelism,
            completions: spec.completions,
            backoff_limit: spec.backoff_limit,
            backoff_limit_per_index: spec.backoff_limit_per_index,
            active_deadline_seconds: spec.active_deadline_seconds,
            ttl_seconds_after_finished: spec.ttl_seconds_after_finished,
            indexed: spec.completion_mode.is_some_and(|mode| mode == "Indexed"),
            suspend: spec.suspend.unwrap_or_default(),
            managed_by: spec.managed_by.filter(|manager| manager != BUILT_IN),
            started: status.start_time,
            completed: status.completion_time,
            active: status.active,
            ready: status.ready.unwrap_or_default(),
            succeeded: status.succeeded,
            failed: status.failed,
            terminating: status.terminating.unwrap_or_default(),
            completed_indexes: status.completed_indexes,
            failed_indexes: status.failed_indexes.unwrap_or_default(),
            conditions: held
                .map(|one| Condition {
                    kind: one.kind,
                    reason: one.reason,
                    message: one.message,
                    since: one.last_transition_time,
                })
                .collect(),
        }
    }
}

/// batch/v1 CronJob.
#[derive(Deserialize)]
pub struct CronJobWire {
    metadata: MetaWire,
    #[serde(default)]
    spec: CronJobSpecWire,
    #[serde(default)]
    status: CronJobStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CronJobSpecWire {
    schedule: CompactString,
    time_zone: Option<CompactString>,
    suspend: Option<bool>,
    concurrency_policy: CompactString,
    starting_deadline_seconds: Option<i64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct CronJobStatusWire {
    active: Vec<ReferenceWire>,
    last_schedule_time: Option<Time>,
    last_successful_time: Option<Time>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ReferenceWire {
    kind: CompactString,
    name: CompactString,
    uid: CompactString,
}

impl From<CronJobWire> for CronJob {
    fn from(wire: CronJobWire) -> Self {
        let CronJobWire { metadata, spec, status } = wire;
        CronJob {
            meta: metadata.into(),
            plan: Schedule::parse(&spec.schedule, spec.time_zone.as_deref()).map_err(|error| error.to_string()),
            schedule: spec.schedule,
            time_zone: spec.time_zone,
            suspend: spec.suspend.unwrap_or_default(),
            concurrency: match spec.concurrency_policy.as_str() {
                "Forbid" => Concurrency::Forbid,
                "Replace" => Concurrency::Replace,
                _ => Concurrency::Allow,
            },
            starting_deadline_seconds: spec.starting_deadline_seconds,
            active: status.active.iter().map(|reference| Uid::new(&reference.uid)).collect(),
            last_schedule: status.last_schedule_time,
            last_success: status.last_successful_time,
        }
    }
}

/// events.k8s.io/v1 Event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventWire {
    metadata: MetaWire,
    #[serde(default)]
    regarding: ReferenceWire,
    #[serde(default)]
    reason: CompactString,
    #[serde(default)]
    note: CompactString,
    #[serde(default, rename = "type")]
    kind: CompactString,
    event_time: Option<Time>,
    series: Option<SeriesWire>,
    deprecated_last_timestamp: Option<Time>,
    deprecated_count: Option<i32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SeriesWire {
    count: i32,
    last_observed_time: Option<Time>,
}

impl From<EventWire> for Event {
    fn from(wire: EventWire) -> Self {
        let series_last = wire.series.as_ref().and_then(|series| series.last_observed_time);
        let series_count = wire.series.as_ref().map(|series| series.count);
        let meta = Meta::from(wire.metadata);
        Event {
            about: Uid::new(&wire.regarding.uid),
            about_kind: Kind::from_name(&wire.regarding.kind),
            about_name: format_compact!("{}/{}", wire.regarding.kind.to_lowercase(), wire.regarding.name),
            reason: wire.reason,
            note: wire.note,
            is_warning: wire.kind == "Warning",
            count: series_count.or(wire.deprecated_count).unwrap_or(1).max(1),
            last: series_last.or(wire.deprecated_last_timestamp).or(wire.event_time).or(meta.created),
            meta,
        }
    }
}

/// core/v1 Pod.
#[derive(Deserialize)]
pub struct PodWire {
    metadata: MetaWire,
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
        restarts: status.restart_count,
        state: status.state.into(),
        last_end: status.last_state.terminated.map(Into::into),
    }
}

macro_rules! slim {
    ($row:ty, $wire:ty, $kind:expr, $variant:path) => {
        impl AsRef<MetaWire> for $wire {
            fn as_ref(&self) -> &MetaWire {
                &self.metadata
            }
        }
        impl Slim for $row {
            type Wire = $wire;
            const KIND: Kind = $kind;
            fn into_row(self) -> Row {
                $variant(self)
            }
        }
    };
}

slim!(CronJob, CronJobWire, Kind::CronJob, Row::CronJob);
slim!(Job, JobWire, Kind::Job, Row::Job);
slim!(Pod, PodWire, Kind::Pod, Row::Pod);
slim!(Event, EventWire, Kind::Event, Row::Event);
slim!(Meta, MetaOnlyWire, Kind::Namespace, Row::Namespace);

impl From<MetaOnlyWire> for Meta {
    fn from(wire: MetaOnlyWire) -> Self {
        wire.metadata.into()
    }
}

#[cfg(test)]
mod tests;
