//! The one place where requests leave that are more than watching and reading logs. Writes pass here and nowhere else,
//! and here alone read-only is enforced.
//!
//! A write names the object by its UID, so that it cannot hit another one of the same name, and says `kubatch` as its
//! field manager. What became of it is what the watch shows, not what is answered here.

use std::time::Duration;

use compact_str::CompactString;
use http::{Method, Request, Uri};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::client::Body;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::error::explain;
use crate::model::delta::{Cause, Failure};
use crate::model::key::{Kind, ObjectKey};
use crate::model::mutation::{Mutation, Set};

/// How long the server may take to answer. Longer than a slow admission webhook may (30 s, the largest limit that
/// Kubernetes allows it), since giving up on a write leaves one in doubt of what became of it.
const PATIENCE: Duration = Duration::from_secs(35);

/// The name under which the server keeps what we set (`managedFields`).
const FIELD_MANAGER: &str = "kubatch";

/// Fetches an object whole.
///
/// # Errors
/// Where the server refuses, does not answer, or answers with no object.
pub async fn fetch(client: &kube::Client, key: &ObjectKey) -> Result<Value, Failure> {
    let doing = format!("get {key}");
    let request = Request::get(path(key)).body(Vec::new()).map_err(|error| unaskable(&doing, &error))?;
    answer(&doing, client.request(request)).await
}

/// How many names are asked for: enough to find a near one, and one small page.
const NAMES: u32 = 500;

/// The names of the objects of a kind in a namespace, the first [`NAMES`].
///
/// # Errors
/// Where the server refuses, does not answer, or answers with no list.
pub(super) async fn names(client: &kube::Client, kind: Kind, namespace: &str) -> Result<Vec<CompactString>, Failure> {
    let doing = format!("list {} in namespace {namespace}", kind.plural());
    let resource = ApiResource {
        group: kind.group().into(),
        version: "v1".into(),
        api_version: if kind.group().is_empty() { "v1".into() } else { format!("{}/v1", kind.group()) },
        kind: kind.name().into(),
        plural: kind.plural().into(),
    };
    let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let list = answer(&doing, objects.list_metadata(&ListParams::default().limit(NAMES))).await?;
    Ok(list.items.into_iter().filter_map(|one| one.metadata.name).map(Into::into).collect())
}

/// Sends a write. That it was accepted does not mean that it is done: the watch shows that.
///
/// # Errors
/// Where the server refuses, with its words and the next step; where it does not answer, which leaves open what became
/// of the write; where the client is read-only and nothing was sent.
pub async fn execute(client: &kube::Client, mutation: &Mutation) -> Result<(), Failure> {
    let doing = mutation.to_string();
    let body = match mutation.change {
        Set::Suspend(is_wanted) => {
            json!({ "metadata": { "uid": mutation.uid.to_string() }, "spec": { "suspend": is_wanted } })
        }
    };
    let request = Request::patch(format!("{}?fieldManager={FIELD_MANAGER}", path(&mutation.target)))
        .header(http::header::CONTENT_TYPE, "application/merge-patch+json")
        .body(body.to_string().into_bytes())
        .map_err(|error| unaskable(&doing, &error))?;
    answer::<IgnoredAny>(&doing, client.request(request)).await.map(drop).map_err(|failure| in_doubt(failure, mutation))
}

/// There is no way to a server yet.
pub fn no_connection(doing: &str) -> Failure {
    Failure {
        cause: Cause::Unreachable,
        message: format!("cannot {doing}: there is no connection to the server"),
        hint: "try again when the link is live".into(),
    }
}

/// The object's address on the server.
fn path(key: &ObjectKey) -> String {
    let group = key.kind.group();
    let base = if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}/v1") };
    let namespace = if key.namespace.is_empty() { String::new() } else { format!("/namespaces/{}", key.namespace) };
    format!("{base}{namespace}/{}/{}", key.kind.plural(), key.name)
}

async fn answer<T: DeserializeOwned>(
    doing: &str,
    request: impl Future<Output = kube::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(|error| refused(doing, &error)),
        Err(_) => Err(Failure {
            cause: Cause::Unreachable,
            message: format!("cannot {doing}: no answer in {} seconds", PATIENCE.as_secs()),
            hint: "check the network and the context's server".into(),
        }),
    }
}

/// Why a request was refused, with the next step for one that a person asked for: nothing is tried again by itself.
fn refused(doing: &str, error: &kube::Error) -> Failure {
    let failure = explain(doing, error);
    let hint = match error {
        kube::Error::Service(inner) if inner.is::<ReadOnly>() => {
            let message = format!("cannot {doing}: {ReadOnly}");
            return Failure {
                cause: Cause::Denied,
                message,
                hint: "start it without --readonly to change things".into(),
            };
        }
        // The server says so in many words: the UID and everything that is derived from it is immutable.
        kube::Error::Api(status) if status.code == 422 && status.message.contains("metadata.uid: ") => {
            let message = format!("cannot {doing}: another object has this name by now, with another UID");
            let hint = "it was deleted and made anew: look at it and try again".into();
            return Failure { cause: Cause::Other, message, hint };
        }
        kube::Error::Api(status) => match status.code {
            403 => "ask for a role that allows it",
            404 => "it is gone: look whether it was made anew",
            409 => "it changed at the same moment: look at it and try again",
            422 => "the server does not take it: look at the object as it is now",
            429 | 500..=599 => "try again in a moment",
            _ => return failure,
        },
        _ => return failure,
    };
    Failure { hint: hint.into(), ..failure }
}

/// A write to which no answer came may have been done all the same.
fn in_doubt(failure: Failure, mutation: &Mutation) -> Failure {
    if failure.cause != Cause::Unreachable {
        return failure;
    }
    Failure { hint: format!("it may have been done: look at {} before you try again", mutation.target), ..failure }
}

fn unaskable(doing: &str, error: &http::Error) -> Failure {
    Failure { cause: Cause::Other, message: format!("cannot {doing}: {error}"), hint: String::new() }
}

/// Nothing but reading was allowed.
#[derive(Debug, thiserror::Error)]
#[error("kubatch runs read-only, and nothing was sent")]
struct ReadOnly;

/// The client, but it refuses every request that does more than read. All that is sent through it or its clones
/// (watches, logs, single objects, writes) passes this layer.
pub fn read_only(client: kube::Client) -> kube::Client {
    let (namespace, until) = (client.default_namespace().to_owned(), *client.valid_until());
    let service = tower::service_fn(move |request: Request<Body>| {
        let client = client.clone();
        async move {
            if !only_reads(request.method(), request.uri()) {
                return Err(tower::BoxError::from(ReadOnly));
            }
            client.send(request).await.map_err(tower::BoxError::from)
        }
    });
    kube::Client::new(service, namespace).with_valid_until(until)
}

/// Whether a request reads and nothing more: plain GET, and questions about what one may do. `exec`, `attach`,
/// `port-forward` and `proxy` are GET too, but reach into pods.
fn only_reads(method: &Method, uri: &Uri) -> bool {
    const REACHES_IN: [&str; 4] = ["exec", "attach", "portforward", "proxy"];
    const QUESTIONS: [&str; 2] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    let path = uri.path();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match *method {
        Method::GET => {
            // An object may be called by one of these words: what counts is the part behind its name.
            let parts: Vec<&str> = parts.collect();
            let kind = if parts.first() == Some(&"api") { 2 } else { 3 };
            let is_namespaced = parts.get(kind) == Some(&"namespaces") && parts.len() > kind + 2;
            let behind_name = if is_namespaced { kind + 4 } else { kind + 2 };
            !parts.iter().skip(behind_name).any(|part| REACHES_IN.contains(part))
        }
        Method::POST => {
            path.starts_with("/apis/authorization.k8s.io/")
                && parts.next_back().is_some_and(|last| QUESTIONS.contains(&last))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
