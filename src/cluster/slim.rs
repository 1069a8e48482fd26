//! Partial API types: only the fields that are shown or reasoned on are read, straight into rows.
//!
//! [`Early`] is what the watcher sees: a row, and the resourceVersion that the watch needs. Everything else of an
//! object (managed fields, the pod's spec) is skipped while it is read and never kept.

mod cronjob;
mod event;
mod job;
mod pod;

use std::borrow::Cow;
use std::fmt::Debug;

use compact_str::CompactString;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::model::clock::Time;
use crate::model::cronjob::CronJob;
use crate::model::delta::Row;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, Uid};
use crate::model::meta::{Meta, Owner};
use crate::model::pod::Pod;
use cronjob::CronJobWire;
use event::EventWire;
use job::JobWire;
use pod::PodWire;

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
    kind: CompactString,
    name: CompactString,
    uid: CompactString,
}

/// An object of which only the metadata is read.
#[derive(Deserialize)]
pub struct MetaOnlyWire {
    metadata: MetaWire,
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
