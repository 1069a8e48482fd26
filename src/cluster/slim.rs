//! Partial API types: only the fields that are shown or reasoned on are read, straight into rows.
//!
//! [`Early`] is what the watcher sees: a row, and the resourceVersion that the watch needs. Everything else of an
//! object (managed fields, the pod's spec) is skipped while it is read and never kept.

mod claim;
mod cronjob;
mod event;
mod job;
mod limit_range;
mod node;
mod pod;
mod quota;

use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;

use compact_str::CompactString;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::claim::Claim;
use crate::model::clock::Time;
use crate::model::cronjob::CronJob;
use crate::model::delta::Row;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, Uid};
use crate::model::limit_range::LimitRange;
use crate::model::meta::{Meta, Owner};
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::quota::ResourceQuota;
use crate::model::resources::{Amounts, Quantity, Resources};
use claim::ClaimWire;
use cronjob::CronJobWire;
use event::EventWire;
use job::JobWire;
use limit_range::LimitRangeWire;
use node::NodeWire;
use pod::PodWire;
use quota::QuotaWire;

/// A kind that is watched: how its JSON becomes its row.
pub trait Slim: Sized + Clone + Debug + Send + Sync + 'static {
    /// The JSON's shape, reduced to what is read.
    type Wire: DeserializeOwned + AsRef<MetaWire>;
    /// The kind.
    const KIND: Kind;
    /// The API group that it is asked of.
    const GROUP: &'static str = Self::KIND.group();
    /// The row of an object.
    fn row(wire: Self::Wire) -> Row;
}

/// An object as the watcher sees it: the row, built while the answer is read, and metadata that holds nothing but the
/// resourceVersion, which is all that a watch asks of it.
#[derive(Debug, Clone)]
pub struct Early<R> {
    version: ObjectMeta,
    row: Row,
    kind: PhantomData<R>,
}

impl<R: Slim> Early<R> {
    /// The row.
    pub fn into_row(self) -> Row {
        self.row
    }
}

impl<'de, R: Slim> Deserialize<'de> for Early<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = R::Wire::deserialize(deserializer)?;
        let resource_version = wire.as_ref().resource_version.clone();
        let version = ObjectMeta { resource_version, ..ObjectMeta::default() };
        Ok(Self { version, row: R::row(wire), kind: PhantomData })
    }
}

impl<R: Slim> kube::Resource for Early<R> {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;
    fn kind((): &()) -> Cow<'_, str> {
        R::KIND.name().into()
    }
    fn group((): &()) -> Cow<'_, str> {
        R::GROUP.into()
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

impl MetaWire {
    /// The label by which a Job's name is known that controlled it once and left it behind; now nobody does.
    fn left_behind(&self) -> Option<(CompactString, CompactString)> {
        let label = self.labels.iter().find(|(key, _)| key == JOB_NAME_LABEL);
        label.filter(|_| self.owner().is_none()).cloned()
    }

    fn owner(&self) -> Option<Owner> {
        let owner = self.owner_references.iter().find(|owner| owner.controller)?;
        Some(Owner { kind: Kind::from_api(&owner.api_version, &owner.kind), uid: Uid::new(&owner.uid) })
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct OwnerWire {
    api_version: CompactString,
    kind: CompactString,
    uid: CompactString,
    controller: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AnnotationsWire {
    #[serde(rename = "batch.kubernetes.io/job-completion-index")]
    index: Option<CompactString>,
    #[serde(rename = "kubectl.kubernetes.io/default-container")]
    default_container: CompactString,
}

/// Labels by which the Job controller repeats the Job's name and UID on each pod: the owner says the same in 16 bytes.
const REPEATED_LABELS: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];

/// The one of them that tells of a pod without an owner that a Job left it behind.
const JOB_NAME_LABEL: &str = "batch.kubernetes.io/job-name";

/// Reads labels into pairs, of the repeated ones the Job's name alone.
fn read_labels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(CompactString, CompactString)>, D::Error> {
    read_pairs(deserializer, |key| key == JOB_NAME_LABEL || !REPEATED_LABELS.contains(&key))
}

/// Reads amounts by resource.
fn read_amounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amounts, D::Error> {
    read_pairs(deserializer, |_| true).map(Vec::into_boxed_slice)
}

/// Reads an object into pairs of those keys that are wanted, in its order; null is an empty one.
fn read_pairs<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
    is_wanted: fn(&str) -> bool,
) -> Result<Vec<(CompactString, V)>, D::Error> {
    struct Pairs<V>(fn(&str) -> bool, PhantomData<V>);
    impl<'de, V: Deserialize<'de>> Visitor<'de> for Pairs<V> {
        type Value = Vec<(CompactString, V)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(key) = map.next_key::<CompactString>()? {
                let value = map.next_value()?;
                if (self.0)(&key) {
                    pairs.push((key, value));
                }
            }
            Ok(pairs)
        }
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(Pairs(is_wanted, PhantomData))
}

impl From<MetaWire> for Meta {
    fn from(mut wire: MetaWire) -> Self {
        let owner = wire.owner();
        wire.labels.retain(|(key, _)| key != JOB_NAME_LABEL);
        Meta {
            uid: Uid::new(&wire.uid),
            namespace: wire.namespace,
            name: wire.name,
            version: wire.resource_version.and_then(|text| text.parse().ok()).unwrap_or(0),
            created: wire.creation_timestamp,
            deleted: wire.deletion_timestamp,
            owner,
            labels: wire.labels.into_boxed_slice(),
        }
    }
}

/// An entry of `status.conditions`.
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

/// A reference to an object.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ReferenceWire {
    api_version: CompactString,
    kind: CompactString,
    name: CompactString,
    uid: CompactString,
}

/// CPU and memory of a list of amounts; the other resources are skipped.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct NumbersWire {
    cpu: Option<Quantity>,
    memory: Option<Quantity>,
}

impl NumbersWire {
    fn cpu_millis(&self) -> Option<i64> {
        self.cpu.map(Quantity::millis)
    }

    fn memory_bytes(&self) -> Option<i64> {
        self.memory.map(Quantity::whole)
    }
}

impl From<NumbersWire> for Resources {
    fn from(wire: NumbersWire) -> Self {
        Resources {
            cpu_millis: wire.cpu_millis().unwrap_or_default(),
            memory_bytes: wire.memory_bytes().unwrap_or_default(),
        }
    }
}

/// An object of which only the metadata is read.
#[derive(Deserialize)]
pub struct MetaOnlyWire {
    metadata: MetaWire,
}

/// How a kind becomes a row: its type, the shape of its JSON, and the row's variant, or what decides between several.
macro_rules! slim {
    ($row:ty, $wire:ty, $kind:expr, $into_row:expr) => {
        impl AsRef<MetaWire> for $wire {
            fn as_ref(&self) -> &MetaWire {
                &self.metadata
            }
        }
        impl Slim for $row {
            type Wire = $wire;
            const KIND: Kind = $kind;
            fn row(wire: $wire) -> Row {
                $into_row(wire.into())
            }
        }
    };
}

slim!(CronJob, CronJobWire, Kind::CronJob, Row::CronJob);
slim!(Job, JobWire, Kind::Job, Row::Job);
slim!(Pod, PodWire, Kind::Pod, PodWire::into_row);
slim!(Event, EventWire, Kind::Event, EventWire::into_row);
slim!(Meta, MetaOnlyWire, Kind::Namespace, Row::Namespace);
slim!(Node, NodeWire, Kind::Node, Row::Node);
slim!(ResourceQuota, QuotaWire, Kind::ResourceQuota, Row::ResourceQuota);
slim!(LimitRange, LimitRangeWire, Kind::LimitRange, Row::LimitRange);
slim!(Claim, ClaimWire, Kind::PersistentVolumeClaim, Row::Claim);

/// Events in their older form (core/v1): the same objects and facts under other names, for users and servers that have
/// not got the newer one.
#[derive(Debug, Clone)]
pub struct CoreEvent;

impl Slim for CoreEvent {
    type Wire = EventWire;
    const KIND: Kind = Kind::Event;
    const GROUP: &'static str = "";
    fn row(wire: EventWire) -> Row {
        wire.into_row()
    }
}

/// Pods whoever owns them, each a row: for who looks at one of them by its name.
#[derive(Debug, Clone)]
pub struct AnyPod;

impl Slim for AnyPod {
    type Wire = PodWire;
    const KIND: Kind = Kind::Pod;
    fn row(wire: PodWire) -> Row {
        Row::Pod(wire.into())
    }
}

impl From<MetaOnlyWire> for Meta {
    fn from(wire: MetaOnlyWire) -> Self {
        wire.metadata.into()
    }
}

#[cfg(test)]
mod tests;
