//! Messages of the two forms of an Event, whose numbers and names differ. Field numbers:
//! `k8s.io/api/{events,core}/v1/generated.proto`.

use bytes::Bytes;
use prost::Message;
use serde::Serialize;

use super::meta::{ObjectMeta, ObjectReference, Timestamp, text};

/// events.k8s.io/v1 Event.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, optional, tag = "2")]
    event_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    series: Option<Series>,
    #[prost(bytes = "bytes", tag = "7")]
    #[serde(serialize_with = "text")]
    reason: Bytes,
    #[prost(message, required, tag = "8")]
    regarding: ObjectReference,
    #[prost(bytes = "bytes", tag = "10")]
    #[serde(serialize_with = "text")]
    note: Bytes,
    #[prost(bytes = "bytes", tag = "11")]
    #[serde(serialize_with = "text")]
    r#type: Bytes,
    #[prost(message, optional, tag = "14")]
    deprecated_last_timestamp: Option<Timestamp>,
    #[prost(int32, tag = "15")]
    deprecated_count: i32,
}

/// core/v1 Event.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CoreEvent {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    involved_object: ObjectReference,
    #[prost(bytes = "bytes", tag = "3")]
    #[serde(serialize_with = "text")]
    reason: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    #[serde(serialize_with = "text")]
    message: Bytes,
    #[prost(message, optional, tag = "7")]
    last_timestamp: Option<Timestamp>,
    #[prost(int32, tag = "8")]
    count: i32,
    #[prost(bytes = "bytes", tag = "9")]
    #[serde(serialize_with = "text")]
    r#type: Bytes,
    #[prost(message, optional, tag = "10")]
    event_time: Option<Timestamp>,
    #[prost(message, optional, tag = "11")]
    series: Option<Series>,
}

/// EventSeries, the same in both.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[prost(int32, tag = "1")]
    count: i32,
    #[prost(message, optional, tag = "2")]
    last_observed_time: Option<Timestamp>,
}
