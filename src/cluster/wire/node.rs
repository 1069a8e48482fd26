//! Messages of a core/v1 Node. Field numbers: `k8s.io/api/core/v1/generated.proto`.

use prost::Message;
use serde::Serialize;

use super::meta::{Amount, Condition, ObjectMeta, amounts};

/// Node.
#[derive(Message, Serialize)]
pub(super) struct Node {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: NodeSpec,
    #[prost(message, required, tag = "3")]
    status: NodeStatus,
}

/// NodeSpec.
#[derive(Message, Serialize)]
struct NodeSpec {
    #[prost(bool, tag = "4")]
    unschedulable: bool,
    #[prost(message, repeated, tag = "5")]
    taints: Vec<Taint>,
}

/// Taint.
#[derive(Message, Serialize)]
struct Taint {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
    #[prost(string, tag = "3")]
    effect: String,
}

/// NodeStatus.
#[derive(Message, Serialize)]
struct NodeStatus {
    #[prost(message, repeated, tag = "2")]
    #[serde(serialize_with = "amounts")]
    allocatable: Vec<Amount>,
    #[prost(message, repeated, tag = "4")]
    conditions: Vec<Condition>,
}
