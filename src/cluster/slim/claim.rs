//! The parts of a core/v1 PersistentVolumeClaim that are read.

use compact_str::CompactString;
use serde::Deserialize;

use super::MetaWire;
use crate::model::claim::Claim;
use crate::model::resources::Quantity;

/// core/v1 PersistentVolumeClaim.
#[derive(Deserialize)]
pub struct ClaimWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    spec: ClaimSpecWire,
    #[serde(default)]
    status: ClaimStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ClaimSpecWire {
    storage_class_name: Option<CompactString>,
    volume_name: CompactString,
    access_modes: Vec<CompactString>,
    resources: StorageWire,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StorageWire {
    requests: RequestsWire,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RequestsWire {
    storage: Quantity,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ClaimStatusWire {
    phase: CompactString,
}

impl From<ClaimWire> for Claim {
    fn from(wire: ClaimWire) -> Self {
        let ClaimWire { metadata, spec, status } = wire;
        Claim {
            meta: metadata.into(),
            phase: status.phase,
            class: spec.storage_class_name,
            volume: spec.volume_name,
            requested: spec.resources.requests.storage,
            access_modes: spec.access_modes.into(),
        }
    }
}
