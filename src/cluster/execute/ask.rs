//! One request and its answer, with what plain clients drop: the server's warnings, and which fields a refusal names.

use http::header::{CONTENT_TYPE, WARNING};
use http::{Method, Request as HttpRequest};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::core::Status;
use kube::core::response::StatusCause;
use serde_json::Value;

use super::prepare::another;
use super::{FIELD_MANAGER, PATIENCE, no_answer, refused, unaskable};
use crate::cluster::error::explain;
use crate::model::delta::{Cause, Failure};
use crate::model::mutation::{Reason, Refused, Request, Send};
use crate::model::safe_text::safe_line;

/// A request, ready to be sent.
pub(super) struct Ask {
    method: Method,
    uri: String,
    form: &'static str,
    body: Vec<u8>,
    /// Something may have been done where no answer comes.
    is_write: bool,
}

const JSON: &str = "application/json";

impl Ask {
    /// Reads what is at this path.
    pub(super) fn get(path: &str) -> Self {
        Self { method: Method::GET, uri: path.to_owned(), form: JSON, body: Vec::new(), is_write: false }
    }

    /// A request of a write; a trial of it changes nothing, and is strict about fields that the server does not know.
    pub(super) fn of(request: &Request, is_trial: bool) -> Self {
        let mut query = format!("fieldManager={FIELD_MANAGER}&fieldValidation=Strict");
        if is_trial {
            query += "&dryRun=All";
        }
        let (method, form, body) = match &request.send {
            Send::Merge(patch) => (Method::PATCH, "application/merge-patch+json", patch.clone()),
            Send::Extend(patch) => (Method::PATCH, "application/strategic-merge-patch+json", patch.clone()),
            Send::Apply(object, is_forced) => {
                if *is_forced {
                    query += "&force=true";
                }
                // JSON is YAML.
                (Method::PATCH, "application/apply-patch+yaml", object.clone())
            }
            Send::Create(object) => (Method::POST, JSON, object.clone()),
            Send::Delete(options) => {
                query.clear();
                (Method::DELETE, JSON, tried(options, is_trial))
            }
            Send::Evict(eviction) => {
                query.clear();
                let mut eviction = eviction.clone();
                eviction["deleteOptions"] = tried(&eviction["deleteOptions"], is_trial);
                (Method::POST, JSON, eviction)
            }
            Send::AwaitGone(_) => (Method::GET, JSON, Value::Null),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Self { method, uri: format!("{}{mark}{query}", request.path), form, body, is_write: !is_trial }
    }

    /// No answer came: a write may have been done all the same.
    fn lost(&self, failure: Failure) -> Refused {
        let is_in_doubt = self.is_write && failure.cause == Cause::Unreachable;
        Refused { failure, reason: if is_in_doubt { Reason::InDoubt } else { Reason::Other }, fields: Vec::new() }
    }
}

/// The options of a deletion, as they are or for a trial.
fn tried(options: &Value, is_trial: bool) -> Value {
    let mut options = options.clone();
    if is_trial {
        options["dryRun"] = serde_json::json!(["All"]);
    }
    options
}

/// An answer that is no refusal.
pub(super) struct Answer {
    /// The object.
    pub(super) body: Value,
    /// What the server warns of, made safe.
    pub(super) warnings: Vec<String>,
}

/// Sends a request.
///
/// # Errors
/// Where the server refuses, does not answer in time, or answers with no JSON.
pub(super) async fn ask(client: &kube::Client, doing: &str, ask: &Ask) -> Result<Answer, Refused> {
    let request = HttpRequest::builder()
        .method(ask.method.clone())
        .uri(&ask.uri)
        .header(CONTENT_TYPE, ask.form)
        .body(Body::from(ask.body.clone()))
        .map_err(|error| unaskable(doing, &error))?;
    let answer = async {
        let response = client.send(request).await?;
        let (head, body) = response.into_parts();
        Ok::<_, kube::Error>((head, body.collect().await?.to_bytes()))
    };
    let (head, body) = match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer.map_err(|error| ask.lost(refused(doing, &error)))?,
        Err(_) => return Err(ask.lost(no_answer(doing, PATIENCE))),
    };
    if !head.status.is_success() {
        let status = serde_json::from_slice(&body).unwrap_or_else(|_| Status {
            code: head.status.as_u16(),
            message: String::from_utf8_lossy(&body).trim().to_owned(),
            ..Status::default()
        });
        return Err(refusal(doing, status));
    }
    let warnings = head.headers.get_all(WARNING).iter().filter_map(|value| warning(value.to_str().ok()?)).collect();
    let body = serde_json::from_slice(&body).map_err(|error| explain(doing, &kube::Error::SerdeError(error)))?;
    Ok(Answer { body, warnings })
}

/// The text of a `Warning` header: `299 - "text"` (RFC 7234, 5.5).
fn warning(header: &str) -> Option<String> {
    let text = header.splitn(3, ' ').nth(2)?.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    Some(safe_line(&text.replace("\\\"", "\"").replace("\\\\", "\\")).into_owned())
}

/// What a `Status` says, in words, with what can be done about it.
fn refusal(doing: &str, status: Status) -> Refused {
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    let fields = fields(causes);
    let is_owned = causes.iter().any(|cause| cause.reason == "FieldManagerConflict");
    let reason = match (status.code, status.reason.as_str()) {
        _ if is_owned => Reason::Owned,
        (409, "AlreadyExists") => Reason::Exists,
        (409, _) => Reason::Changed,
        (422, _) => Reason::Invalid,
        (400, _) if status.message.contains("does not support dry run") => Reason::Untriable,
        // Server-side apply answers so to fields that it does not know.
        (500, _) if status.message.contains("field not declared in schema") => Reason::Invalid,
        (400, _) if status.message.contains("strict decoding error") || !fields.is_empty() => Reason::Invalid,
        _ => Reason::Other,
    };
    let is_misspelt = status.code == 500 && reason == Reason::Invalid;
    let is_another = status.code == 422 && status.message.contains("metadata.uid: ");
    let budget = causes
        .iter()
        .find(|cause| cause.reason == "DisruptionBudget")
        .map(|cause| safe_line(&cause.message).into_owned());
    let mut failure = match is_another {
        true => another(doing),
        false => {
            let told = refused(doing, &kube::Error::Api(Box::new(status)));
            // The message strings the fields together, each with its value; here they are told one by one.
            let message = match told.message.split_once(" is invalid: ") {
                Some((object, _)) if !fields.is_empty() => format!("{object} is invalid: {}", listed(&fields)),
                _ => short(&told.message),
            };
            Failure { message, ..told }
        }
    };
    if is_misspelt {
        failure.hint = "the server does not take it: look at the fields that it names".into();
    }
    if let Some(budget) = budget {
        // Which one it is, and what it lacks, is not in the message.
        failure.message = format!("{}: {budget}", failure.message.trim_end_matches('.'));
        failure.hint =
            "wait until more of the pods that it counts are healthy, or delete the pod: that asks no budget".into();
    }
    Refused { failure, reason, fields }
}

/// `spec.completions: field is immutable; spec.template: field is immutable`.
fn listed(fields: &[(String, String)]) -> String {
    fields.iter().map(|(field, words)| format!("{field}: {words}")).collect::<Vec<_>>().join("; ")
}

/// The fields that a refusal names, each with the server's words.
fn fields(causes: &[StatusCause]) -> Vec<(String, String)> {
    let named = causes.iter().filter(|cause| !cause.field.is_empty());
    named.map(|cause| (cause.field.clone(), short(&safe_line(&cause.message)))).collect()
}

/// The longest value that is repeated from a refusal, in bytes. The server puts whole pod templates there, in the form in
/// which Go prints them.
const VALUE: usize = 60;

/// A refusal without the dump of a value that is longer than a person reads: what stands behind `Invalid value:` up to
/// the reason that follows it.
fn short(message: &str) -> String {
    const MARK: &str = "Invalid value: ";
    let Some(at) = message.find(MARK) else { return message.to_owned() };
    let (head, rest) = message.split_at(at);
    let value = &rest[MARK.len()..];
    match value.rfind(": ") {
        Some(end) if end > VALUE => format!("{head}{}", value[end + 2..].trim_start()),
        _ => message.to_owned(),
    }
}
