//! Claims: the slim row of a core/v1 PersistentVolumeClaim, for which a pod waits before it can be placed.

use compact_str::CompactString;

use super::key::Kind;
use super::meta::{Meta, Object};
use super::resources::Quantity;

/// What is kept of a PersistentVolumeClaim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Identity.
    pub meta: Meta,
    /// `status.phase`: `Pending`, `Bound`, `Lost`.
    pub phase: CompactString,
    /// `spec.storageClassName`. An empty one asks for a volume that is there already; None for the cluster's default.
    pub class: Option<CompactString>,
    /// `spec.volumeName`; empty before it is bound, unless it asks for that volume.
    pub volume: CompactString,
    /// `spec.resources.requests.storage`.
    pub requested: Quantity,
    /// `spec.accessModes`: `ReadWriteOnce`, `ReadOnlyMany`, `ReadWriteMany`, `ReadWriteOncePod`.
    pub access_modes: Box<[CompactString]>,
}

impl Object for Claim {
    const KIND: Kind = Kind::PersistentVolumeClaim;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}
