//! The parts of a core/v1 Node that are read. Its list of images, the longest part, is skipped.

use compact_str::CompactString;
use serde::Deserialize;

use super::{ConditionWire, MetaWire, read_amounts};
use crate::model::node::{Node, NodeCondition, Taint};
use crate::model::resources::Amounts;

/// core/v1 Node.
#[derive(Deserialize)]
pub struct NodeWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    spec: NodeSpecWire,
    #[serde(default)]
    status: NodeStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NodeSpecWire {
    unschedulable: bool,
    taints: Vec<TaintWire>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TaintWire {
    key: CompactString,
    value: CompactString,
    effect: CompactString,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct NodeStatusWire {
    #[serde(deserialize_with = "read_amounts")]
    allocatable: Amounts,
    conditions: Vec<ConditionWire>,
}

impl From<NodeWire> for Node {
    fn from(wire: NodeWire) -> Self {
        let NodeWire { metadata, spec, status } = wire;
        let taint = |one: TaintWire| Taint { key: one.key, value: one.value, effect: one.effect };
        let condition = |one: ConditionWire| NodeCondition {
            kind: one.kind,
            status: one.status,
            reason: one.reason,
            message: one.message,
            since: one.last_transition_time,
        };
        Node {
            meta: metadata.into(),
            is_unschedulable: spec.unschedulable,
            taints: spec.taints.into_iter().map(taint).collect(),
            allocatable: status.allocatable,
            conditions: status.conditions.into_iter().map(condition).collect(),
        }
    }
}
