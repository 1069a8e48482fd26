//! Refusals: the `Status` objects that an API server answers with, in its words
//! (`staging/src/k8s.io/apimachinery/pkg/api/errors` in Kubernetes). Made by every part that answers requests.

use serde_json::{Value, json};

use super::resources::Resource;

/// Why a request is not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    /// The HTTP status code.
    pub(super) code: u16,
    reason: &'static str,
    message: String,
    details: Value,
}

/// One thing that is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// `FieldValueInvalid` and the like.
    pub(super) reason: &'static str,
    /// The path of the field, such as `spec.template.spec.containers[0].image`.
    pub(super) field: String,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details = json!({ "name": name, "kind": resource.plural });
        if !resource.group.is_empty() {
            self.details["group"] = json!(resource.group);
        }
        self
    }

    /// A fault that was asked for.
    pub(super) fn of_code(code: u16) -> Self {
        let reason = match code {
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            410 => "Expired",
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "InternalError",
        };
        Self::new(code, reason, "asked to fail")
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// The path means nothing here.
    pub(super) fn unknown_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    }

    /// Pods are told of here, and nothing runs in them.
    pub(super) fn no_containers() -> Self {
        let message = "the embedded cluster runs no containers: there is nothing to reach into";
        Self::new(405, "MethodNotAllowed", message)
    }

    pub(super) fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", resource.qualified())).about(resource, name)
    }

    /// An admission plug-in says no; the message is whole.
    pub(super) fn forbidden(resource: &Resource, name: &str, message: String) -> Self {
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    pub(super) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    pub(super) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", resource.qualified());
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// The object was changed since the version that the client read.
    pub(super) fn stale(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// Fields that another manager holds: server-side apply without `force`.
    pub(super) fn apply_conflict(causes: &[Cause]) -> Self {
        let many = if causes.len() == 1 { "conflict" } else { "conflicts" };
        let list: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.message, cause.field)).collect();
        let message = format!("Apply failed with {} {many}: {}", causes.len(), list.join("\n"));
        let mut refusal = Self::new(409, "Conflict", message);
        refusal.details = json!({ "causes": causes.iter().map(Cause::to_json).collect::<Vec<_>>() });
        refusal
    }

    /// A list as of a version that is no longer known, or the next page of one. The real server adds a token with which
    /// the pages can go on all the same, as of now; here the list begins anew.
    pub(super) fn expired_list(is_continued: bool) -> Self {
        let message = match is_continued {
            true => "The provided continue parameter is too old to display a consistent list result.",
            false => "The resourceVersion for the provided list is too old.",
        };
        Self::new(410, "Expired", message)
    }

    /// The history from that version on is no longer known to a watch.
    pub(super) fn expired(from: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {from} ({oldest})"))
    }

    /// The version lies in the future.
    pub(super) fn too_large_version(wanted: u64, current: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        let mut refusal = Self::new(504, "Timeout", message);
        refusal.details = json!({
            "causes": [{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }],
            "retryAfterSeconds": 1,
        });
        refusal
    }

    /// An object with wrong fields.
    pub(super) fn invalid(resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let list: Vec<String> = causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
        let list = if list.len() == 1 { list.concat() } else { format!("[{}]", list.join(", ")) };
        let message = format!("{} \"{name}\" is invalid: {list}", resource.qualified_kind());
        let mut refusal = Self::new(422, "Invalid", message).about(resource, name);
        refusal.details["kind"] = json!(resource.kind);
        refusal.details["causes"] = causes.iter().map(Cause::to_json).collect();
        refusal
    }

    /// The refusal as the API writes it.
    pub(super) fn to_json(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

impl Cause {
    fn to_json(&self) -> Value {
        json!({ "reason": self.reason, "message": self.message, "field": self.field })
    }
}
