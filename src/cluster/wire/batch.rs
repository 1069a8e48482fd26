//! Messages of batch/v1. Field numbers: `k8s.io/api/batch/v1/generated.proto`.

use prost::Message;
use serde::Serialize;

use super::meta::{Condition, ObjectMeta, ObjectReference, Timestamp};

/// Job.
#[derive(Message, Serialize)]
pub(super) struct Job {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: JobSpec,
    #[prost(message, required, tag = "3")]
    status: JobStatus,
}

/// JobSpec.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobSpec {
    #[prost(int32, optional, tag = "1")]
    parallelism: Option<i32>,
    #[prost(int32, optional, tag = "2")]
    completions: Option<i32>,
    #[prost(int64, optional, tag = "3")]
    active_deadline_seconds: Option<i64>,
    #[prost(int32, optional, tag = "7")]
    backoff_limit: Option<i32>,
    #[prost(int32, optional, tag = "8")]
    ttl_seconds_after_finished: Option<i32>,
    #[prost(string, optional, tag = "9")]
    completion_mode: Option<String>,
    #[prost(bool, optional, tag = "10")]
    suspend: Option<bool>,
    #[prost(int32, optional, tag = "12")]
    backoff_limit_per_index: Option<i32>,
    #[prost(string, optional, tag = "15")]
    managed_by: Option<String>,
}

/// JobStatus.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct JobStatus {
    #[prost(message, repeated, tag = "1")]
    conditions: Vec<Condition>,
    #[prost(message, optional, tag = "2")]
    start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    completion_time: Option<Timestamp>,
    #[prost(int32, tag = "4")]
    active: i32,
    #[prost(int32, tag = "5")]
    succeeded: i32,
    #[prost(int32, tag = "6")]
    failed: i32,
    #[prost(string, tag = "7")]
    completed_indexes: String,
    #[prost(int32, optional, tag = "9")]
    ready: Option<i32>,
    #[prost(string, optional, tag = "10")]
    failed_indexes: Option<String>,
    #[prost(int32, optional, tag = "11")]
    terminating: Option<i32>,
}

/// CronJob.
#[derive(Message, Serialize)]
pub(super) struct CronJob {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: CronJobSpec,
    #[prost(message, required, tag = "3")]
    status: CronJobStatus,
}

/// CronJobSpec.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct CronJobSpec {
    #[prost(string, tag = "1")]
    schedule: String,
    #[prost(int64, optional, tag = "2")]
    starting_deadline_seconds: Option<i64>,
    #[prost(string, tag = "3")]
    concurrency_policy: String,
    #[prost(bool, optional, tag = "4")]
    suspend: Option<bool>,
    #[prost(string, optional, tag = "8")]
    time_zone: Option<String>,
}

/// CronJobStatus.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct CronJobStatus {
    #[prost(message, repeated, tag = "1")]
    active: Vec<ObjectReference>,
    #[prost(message, optional, tag = "4")]
    last_schedule_time: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    last_successful_time: Option<Timestamp>,
}
