//! Messages of core/v1 ResourceQuota, LimitRange and PersistentVolumeClaim: what a namespace may have. Field numbers:
//! `k8s.io/api/core/v1/generated.proto`.

use prost::Message;
use serde::Serialize;

use super::meta::{Amount, ObjectMeta, amounts};

/// ResourceQuota.
#[derive(Message, Serialize)]
pub(super) struct ResourceQuota {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: QuotaSpec,
    #[prost(message, required, tag = "3")]
    status: QuotaStatus,
}

/// ResourceQuotaSpec.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct QuotaSpec {
    #[prost(message, repeated, tag = "1")]
    #[serde(serialize_with = "amounts")]
    hard: Vec<Amount>,
    #[prost(string, repeated, tag = "2")]
    scopes: Vec<String>,
    #[prost(message, optional, tag = "3")]
    scope_selector: Option<ScopeSelector>,
}

/// ScopeSelector.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ScopeSelector {
    #[prost(message, repeated, tag = "1")]
    match_expressions: Vec<Scope>,
}

/// ScopedResourceSelectorRequirement.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Scope {
    #[prost(string, tag = "1")]
    scope_name: String,
    #[prost(string, tag = "2")]
    operator: String,
    #[prost(string, repeated, tag = "3")]
    values: Vec<String>,
}

/// ResourceQuotaStatus.
#[derive(Message, Serialize)]
struct QuotaStatus {
    #[prost(message, repeated, tag = "1")]
    #[serde(serialize_with = "amounts")]
    hard: Vec<Amount>,
    #[prost(message, repeated, tag = "2")]
    #[serde(serialize_with = "amounts")]
    used: Vec<Amount>,
}

/// LimitRange.
#[derive(Message, Serialize)]
pub(super) struct LimitRange {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: LimitRangeSpec,
}

/// LimitRangeSpec.
#[derive(Message, Serialize)]
struct LimitRangeSpec {
    #[prost(message, repeated, tag = "1")]
    limits: Vec<Limit>,
}

/// LimitRangeItem.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Limit {
    #[prost(string, tag = "1")]
    r#type: String,
    #[prost(message, repeated, tag = "2")]
    #[serde(serialize_with = "amounts")]
    max: Vec<Amount>,
    #[prost(message, repeated, tag = "3")]
    #[serde(serialize_with = "amounts")]
    min: Vec<Amount>,
    #[prost(message, repeated, tag = "4")]
    #[serde(serialize_with = "amounts")]
    default: Vec<Amount>,
    #[prost(message, repeated, tag = "5")]
    #[serde(serialize_with = "amounts")]
    default_request: Vec<Amount>,
    #[prost(message, repeated, tag = "6")]
    #[serde(serialize_with = "amounts")]
    max_limit_request_ratio: Vec<Amount>,
}

/// PersistentVolumeClaim.
#[derive(Message, Serialize)]
pub(super) struct Claim {
    #[prost(message, required, tag = "1")]
    metadata: ObjectMeta,
    #[prost(message, required, tag = "2")]
    spec: ClaimSpec,
    #[prost(message, required, tag = "3")]
    status: ClaimStatus,
}

/// PersistentVolumeClaimSpec.
#[derive(Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClaimSpec {
    #[prost(string, repeated, tag = "1")]
    access_modes: Vec<String>,
    #[prost(message, required, tag = "2")]
    resources: Storage,
    #[prost(string, tag = "3")]
    volume_name: String,
    #[prost(string, optional, tag = "5")]
    storage_class_name: Option<String>,
}

/// VolumeResourceRequirements.
#[derive(Message, Serialize)]
struct Storage {
    #[prost(message, repeated, tag = "2")]
    #[serde(serialize_with = "amounts")]
    requests: Vec<Amount>,
}

/// PersistentVolumeClaimStatus.
#[derive(Message, Serialize)]
struct ClaimStatus {
    #[prost(string, tag = "1")]
    phase: String,
}
