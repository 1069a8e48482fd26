//! Nodes: the slim row of a core/v1 Node, with what decides whether a pod can run there.

use compact_str::CompactString;

use super::clock::Time;
use super::key::Kind;
use super::meta::{Meta, Object};
use super::resources::Amounts;

/// What is kept of a Node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Identity, and the labels that node selectors name.
    pub meta: Meta,
    /// `spec.unschedulable`: cordoned.
    pub is_unschedulable: bool,
    /// `spec.taints`.
    pub taints: Box<[Taint]>,
    /// `status.allocatable`: what pods may ask for together, devices and the number of pods included.
    pub allocatable: Amounts,
    /// `status.conditions`: `Ready`, and the pressures.
    pub conditions: Box<[NodeCondition]>,
}

/// What keeps pods away that do not tolerate it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    /// `key`, such as `node.kubernetes.io/not-ready`.
    pub key: CompactString,
    /// `value`; often empty.
    pub value: CompactString,
    /// `effect`: `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
    pub effect: CompactString,
}

/// An entry of `status.conditions`, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCondition {
    /// `type`: `Ready`, `MemoryPressure`, `DiskPressure`, `PIDPressure`, `NetworkUnavailable`.
    pub kind: CompactString,
    /// `status`: `True`, `False`, or `Unknown` where the node has stopped reporting.
    pub status: CompactString,
    /// `reason`, one word.
    pub reason: CompactString,
    /// `message`, a sentence.
    pub message: CompactString,
    /// `lastTransitionTime`.
    pub since: Option<Time>,
}

impl Object for Node {
    const KIND: Kind = Kind::Node;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}
