//! Messages that every kind shares: the envelope, metadata, times, text, and Status. Field numbers:
//! `k8s.io/apimachinery/pkg/{runtime,apis/meta/v1}/generated.proto`.

use bytes::Bytes;
use prost::Message;
use serde::{Serialize, Serializer};

use crate::model::clock::Time;

/// `runtime.Unknown`: what stands behind the magic number of every answer and of every object in a watch.
#[derive(Message)]
pub(super) struct Unknown {
    #[prost(message, required, tag = "1")]
    pub(super) type_meta: TypeMeta,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) raw: Bytes,
}

/// `runtime.TypeMeta`.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TypeMeta {
    #[prost(string, tag = "1")]
    pub(super) api_version: String,
    #[prost(string, tag = "2")]
    pub(super) kind: String,
}

/// `WatchEvent`: a frame of a watch.
#[derive(Message)]
pub(super) struct WatchEvent {
    #[prost(string, tag = "1")]
    pub(super) kind: String,
    #[prost(message, required, tag = "2")]
    pub(super) object: RawExtension,
}

/// `runtime.RawExtension`: an object with its own magic number and envelope.
#[derive(Message)]
pub(super) struct RawExtension {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) raw: Bytes,
}

/// `ListMeta`. A version or a token that is empty is left out, since kube's reader tells that from none.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListMeta {
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    resource_version: String,
    #[prost(string, tag = "3")]
    #[serde(skip_serializing_if = "String::is_empty")]
    r#continue: String,
    #[prost(int64, optional, tag = "4")]
    remaining_item_count: Option<i64>,
}

/// `ObjectMeta`.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectMeta {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "3")]
    namespace: String,
    #[prost(string, tag = "5")]
    uid: String,
    #[prost(string, tag = "6")]
    resource_version: String,
    #[prost(message, optional, tag = "8")]
    creation_timestamp: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    deletion_timestamp: Option<Timestamp>,
    #[prost(message, repeated, tag = "11")]
    #[serde(serialize_with = "pairs")]
    labels: Vec<Pair>,
    #[prost(message, repeated, tag = "12")]
    #[serde(serialize_with = "wanted_pairs")]
    annotations: Vec<Pair>,
    #[prost(message, repeated, tag = "13")]
    owner_references: Vec<OwnerReference>,
}

impl ObjectMeta {
    /// A batch/v1 Job controls it, or did before it left it behind: what decides in `slim` whether a pod becomes a row.
    pub(super) fn is_of_a_job(&self) -> bool {
        match self.owner_references.iter().find(|one| one.controller) {
            Some(owner) => owner.kind == "Job" && owner.api_version.starts_with("batch/"),
            None => self.labels.iter().any(|pair| pair.key == JOB_NAME_LABEL),
        }
    }
}

/// The Job controller writes the Job's name there, and it stays where the Job is deleted without its pods.
const JOB_NAME_LABEL: &str = "batch.kubernetes.io/job-name";

/// The annotations that are read: a pod's index in its Job and the container that is meant by `slim`, and the mark that
/// a bookmark ends a streaming list by kube's watcher. The others can be as long as an object.
const WANTED_ANNOTATIONS: [&str; 3] = [
    "batch.kubernetes.io/job-completion-index",
    "k8s.io/initial-events-end",
    "kubectl.kubernetes.io/default-container",
];

/// `OwnerReference`. Its `controller` may be missing, which means false.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnerReference {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(serialize_with = "text")]
    kind: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    #[serde(serialize_with = "text")]
    uid: Bytes,
    #[prost(string, tag = "5")]
    api_version: String,
    #[prost(bool, tag = "6")]
    controller: bool,
}

/// An entry of a map of strings. A list of them keeps the server's order, which is the order of its JSON.
#[derive(Message)]
struct Pair {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

fn pairs<S: Serializer>(pairs: &[Pair], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|pair| (Text(&pair.key), Text(&pair.value))))
}

fn wanted_pairs<S: Serializer>(pairs: &[Pair], serializer: S) -> Result<S::Ok, S::Error> {
    let wanted = pairs.iter().filter(|pair| WANTED_ANNOTATIONS.iter().any(|key| key.as_bytes() == pair.key));
    serializer.collect_map(wanted.map(|pair| (Text(&pair.key), Text(&pair.value))))
}

/// An entry of a map of `resource.Quantity`, which is a message of one text.
#[derive(Message)]
pub(super) struct Amount {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(message, required, tag = "2")]
    value: Quantity,
}

#[derive(Message)]
struct Quantity {
    #[prost(bytes = "bytes", tag = "1")]
    string: Bytes,
}

/// Writes amounts of every resource.
pub(super) fn amounts<S: Serializer>(amounts: &[Amount], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(amounts.iter().map(|one| (Text(&one.key), Text(&one.value.string))))
}

/// Writes the amounts of CPU and memory alone.
pub(super) fn cpu_and_memory<S: Serializer>(amounts: &[Amount], serializer: S) -> Result<S::Ok, S::Error> {
    let wanted = amounts.iter().filter(|one| one.key == "cpu" || one.key == "memory");
    serializer.collect_map(wanted.map(|one| (Text(&one.key), Text(&one.value.string))))
}

/// `Time` and `MicroTime`. Go writes its zero time, which is null in JSON, as an empty message, and both fields of any
/// other (`time_proto.go`), so that a missing `seconds` tells it from 1970.
#[derive(Message)]
pub(super) struct Timestamp {
    #[prost(int64, optional, tag = "1")]
    seconds: Option<i64>,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.seconds {
            None => serializer.serialize_none(),
            Some(seconds) => {
                let whole = Time::from_seconds(seconds).nanos();
                serializer.collect_str(&Time::from_nanos(whole.saturating_add(self.nanos.into())))
            }
        }
    }
}

/// Text that may be no UTF-8: Go's strings are bytes, and a server (1.36) takes and gives an event with any bytes in its
/// note where its author sends protobuf. Such an object must not break the list that it is in. As in Go's JSON, U+FFFD
/// stands for each byte that is none. The messages have a `String` only where the server's validation allows nothing
/// but UTF-8, such as in names.
struct Text<'a>(&'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = str::from_utf8(self.0) {
            return serializer.serialize_str(text);
        }
        let mut text = String::with_capacity(self.0.len());
        for chunk in self.0.utf8_chunks() {
            text += chunk.valid();
            text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
        }
        serializer.serialize_str(&text)
    }
}

/// Writes a field whose text the server does not check.
pub(super) fn text<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    Text(bytes).serialize(serializer)
}

/// An entry of `status.conditions` of a Job, a Pod or a Node: the numbers that are read are the same.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Condition {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(serialize_with = "text")]
    r#type: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(serialize_with = "text")]
    status: Bytes,
    #[prost(message, optional, tag = "4")]
    last_transition_time: Option<Timestamp>,
    #[prost(bytes = "bytes", tag = "5")]
    #[serde(serialize_with = "text")]
    reason: Bytes,
    #[prost(bytes = "bytes", tag = "6")]
    #[serde(serialize_with = "text")]
    message: Bytes,
}

/// core/v1 ObjectReference.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ObjectReference {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(serialize_with = "text")]
    kind: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(serialize_with = "text")]
    name: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    #[serde(serialize_with = "text")]
    uid: Bytes,
    #[prost(bytes = "bytes", tag = "5")]
    #[serde(serialize_with = "text")]
    api_version: Bytes,
}

/// An object of which only the metadata is read, such as a core/v1 Namespace.
#[derive(Message, Serialize)]
pub(super) struct MetaOnly {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
}

/// `Status`: why a request failed, or why a watch ends.
#[derive(Message, Serialize)]
pub(super) struct Status {
    #[prost(message, required, tag = "1")]
    metadata: ListMeta,
    #[prost(string, tag = "2")]
    status: String,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(serialize_with = "text")]
    message: Bytes,
    #[prost(string, tag = "4")]
    reason: String,
    #[prost(message, optional, tag = "5")]
    details: Option<StatusDetails>,
    #[prost(int32, tag = "6")]
    code: i32,
}

/// `StatusDetails`.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusDetails {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    group: String,
    #[prost(string, tag = "3")]
    kind: String,
    #[prost(message, repeated, tag = "4")]
    causes: Vec<StatusCause>,
    #[prost(int32, tag = "5")]
    retry_after_seconds: i32,
    #[prost(string, tag = "6")]
    uid: String,
}

/// `StatusCause`.
#[derive(Message, Serialize)]
struct StatusCause {
    #[prost(bytes = "bytes", tag = "1")]
    #[serde(serialize_with = "text")]
    reason: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    #[serde(serialize_with = "text")]
    message: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(serialize_with = "text")]
    field: Bytes,
}
