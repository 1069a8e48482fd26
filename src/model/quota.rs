//! ResourceQuotas: the slim row of a core/v1 ResourceQuota, which limits what a namespace's objects ask for together.

use compact_str::CompactString;

use super::key::Kind;
use super::meta::{Meta, Object};
use super::resources::Amounts;

/// What is kept of a ResourceQuota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceQuota {
    /// Identity.
    pub meta: Meta,
    /// `status.hard`, which is enforced; `spec.hard` before the controller has seen it.
    pub hard: Amounts,
    /// `status.used`; empty before the controller has counted.
    pub used: Amounts,
    /// Which pods it counts; all where there is none, otherwise those that match every one.
    pub scopes: Box<[Scope]>,
}

/// A condition on the pods that a quota counts: an entry of `spec.scopes` or `spec.scopeSelector`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `Terminating`, `NotTerminating`, `BestEffort`, `NotBestEffort`, `PriorityClass`, …
    pub name: CompactString,
    /// `Exists`, `DoesNotExist`, `In`, `NotIn`. An entry of `spec.scopes` means `Exists`.
    pub operator: CompactString,
    /// With `In` and `NotIn`: names of priority classes.
    pub values: Box<[CompactString]>,
}

impl Object for ResourceQuota {
    const KIND: Kind = Kind::ResourceQuota;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}
