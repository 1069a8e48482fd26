//! Messages of a core/v1 Pod. Field numbers: `k8s.io/api/core/v1/generated.proto`.

use bytes::Bytes;
use prost::Message;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::meta::{Amount, Condition, ObjectMeta, Timestamp, cpu_and_memory, text};

/// Pod.
#[derive(Message)]
pub(super) struct Pod {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: PodSpec,
    #[prost(message, required, tag = "3")]
    status: PodStatus,
}

impl Serialize for Pod {
    /// Writes the whole of a Job's pod; of any other, which are the most, no more of its status than the phase.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Phase<'a> {
            #[serde(serialize_with = "text")]
            phase: &'a Bytes,
        }
        let mut pod = serializer.serialize_struct("Pod", 3)?;
        pod.serialize_field("metadata", &self.metadata)?;
        pod.serialize_field("spec", &self.spec)?;
        if self.metadata.is_of_a_job() {
            pod.serialize_field("status", &self.status)?;
        } else {
            pod.serialize_field("status", &Phase { phase: &self.status.phase })?;
        }
        pod.end()
    }
}

/// PodSpec.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodSpec {
    #[prost(message, repeated, tag = "2")]
    containers: Vec<Container>,
    #[prost(string, tag = "3")]
    restart_policy: String,
    #[prost(string, tag = "10")]
    node_name: String,
    #[prost(message, repeated, tag = "20")]
    init_containers: Vec<Container>,
    #[prost(message, repeated, tag = "32")]
    #[serde(serialize_with = "cpu_and_memory")]
    overhead: Vec<Amount>,
    #[prost(message, repeated, tag = "34")]
    ephemeral_containers: Vec<EphemeralContainer>,
    #[prost(message, required, tag = "40")]
    resources: Resources,
}

/// ResourceRequirements.
#[derive(Message, Serialize)]
struct Resources {
    #[prost(message, repeated, tag = "1")]
    #[serde(serialize_with = "cpu_and_memory")]
    limits: Vec<Amount>,
    #[prost(message, repeated, tag = "2")]
    #[serde(serialize_with = "cpu_and_memory")]
    requests: Vec<Amount>,
}

/// Container, and EphemeralContainerCommon, whose numbers are the same.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, required, tag = "8")]
    resources: Resources,
    #[prost(bool, tag = "16")]
    stdin: bool,
    #[prost(string, optional, tag = "24")]
    restart_policy: Option<String>,
}

/// EphemeralContainer, whose common part stands in it without a name of its own in JSON.
#[derive(Message, Serialize)]
struct EphemeralContainer {
    #[prost(message, required, tag = "1")]
    #[serde(flatten)]
    common: Container,
}

/// PodStatus.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct PodStatus {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(serialize_with = "text")]
    phase: Bytes,
    #[prost(message, repeated, tag = "2")]
    conditions: Vec<Condition>,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(serialize_with = "text")]
    message: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    #[serde(serialize_with = "text")]
    reason: Bytes,
    #[prost(message, optional, tag = "7")]
    start_time: Option<Timestamp>,
    #[prost(message, repeated, tag = "8")]
    container_statuses: Vec<ContainerStatus>,
    #[prost(message, repeated, tag = "10")]
    init_container_statuses: Vec<ContainerStatus>,
    #[prost(message, repeated, tag = "13")]
    ephemeral_container_statuses: Vec<ContainerStatus>,
}

/// ContainerStatus.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(serialize_with = "text")]
    name: Bytes,
    #[prost(message, required, tag = "2")]
    state: ContainerState,
    #[prost(message, required, tag = "3")]
    last_state: ContainerState,
    #[prost(bool, tag = "4")]
    ready: bool,
    #[prost(int32, tag = "5")]
    restart_count: i32,
    #[prost(bool, optional, tag = "9")]
    started: Option<bool>,
}

/// ContainerState.
#[derive(Message, Serialize)]
struct ContainerState {
    #[prost(message, optional, tag = "1")]
    waiting: Option<Waiting>,
    #[prost(message, optional, tag = "2")]
    running: Option<Running>,
    #[prost(message, optional, tag = "3")]
    terminated: Option<Terminated>,
}

/// ContainerStateWaiting.
#[derive(Message, Serialize)]
struct Waiting {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(serialize_with = "text")]
    reason: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(serialize_with = "text")]
    message: Bytes,
}

/// ContainerStateRunning.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    #[prost(message, optional, tag = "1")]
    started_at: Option<Timestamp>,
}

/// ContainerStateTerminated.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Terminated {
    #[prost(int32, tag = "1")]
    exit_code: i32,
    #[prost(int32, tag = "2")]
    signal: i32,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(serialize_with = "text")]
    reason: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    #[serde(serialize_with = "text")]
    message: Bytes,
    #[prost(message, optional, tag = "5")]
    started_at: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    finished_at: Option<Timestamp>,
}
