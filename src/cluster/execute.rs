//! The one place where requests leave that are more than watching and reading logs. Writes pass here and nowhere else,
//! and here alone read-only is enforced.
//!
//! A write is first tried by the server ([`prepare()`]), then shown to a person, then sent as it was shown ([`send`]). It
//! names the object by its UID, so that it cannot hit another one of the same name, and says `kubatch` as its field
//! manager. What became of it is what the watch shows, not what is answered here.

mod ask;
mod prepare;

use std::time::Duration;

use compact_str::CompactString;
use http::{Method, Request, Uri};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::client::Body;
use serde_json::Value;

use super::error::explain;
use crate::manifest::Names;
use crate::model::delta::{Cause, Failure};
use crate::model::key::{Kind, ObjectKey, Uid};
use crate::model::mutation::{Mutation, Prepared, Reason, Refused, Send, Written};
use ask::{Ask, ask};
pub(super) use prepare::collection;
pub use prepare::prepare;

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

/// The names in a namespace that a manifest may want; those that may not be listed are left out. Of Secrets the server
/// sends nothing but their metadata.
pub(super) async fn wanted_names(client: &kube::Client, namespace: &str) -> Names {
    let list = async |kind: &str, plural: &str| {
        let resource = ApiResource {
            group: String::new(),
            version: "v1".into(),
            api_version: "v1".into(),
            kind: kind.into(),
            plural: plural.into(),
        };
        let objects: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let list = answer("list names", objects.list_metadata(&ListParams::default().limit(NAMES))).await;
        let names = list.map(|list| list.items.into_iter().filter_map(|one| one.metadata.name).collect());
        names.unwrap_or_default()
    };
    Names {
        config_maps: list("ConfigMap", "configmaps").await,
        secrets: list("Secret", "secrets").await,
        service_accounts: list("ServiceAccount", "serviceaccounts").await,
        claims: list("PersistentVolumeClaim", "persistentvolumeclaims").await,
        ..Names::default()
    }
}

/// How often it is asked whether an object is gone that must go before its successor can be made.
const GONE_ASKED: Duration = Duration::from_millis(250);

/// How long that may take: as long as pods may take to end with the grace periods that are common, and longer.
const GONE_WITHIN: Duration = Duration::from_secs(180);

/// Sends a write as it was tried and confirmed. That it was accepted does not mean that it is done: the watch shows that.
///
/// # Errors
/// Where the server refuses, with its words and the next step; where it does not answer, which leaves open what became
/// of the write; where the client is read-only and nothing was sent.
pub async fn send(client: &kube::Client, prepared: &Prepared) -> Result<Written, Refused> {
    let Prepared { mutation, before, requests, .. } = prepared;
    let doing = mutation.to_string();
    let mut stored = Written { before: before.clone(), after: None };
    let mut is_deleted = false;
    for request in requests {
        let answer = match &request.send {
            Send::AwaitGone(uid) => {
                await_gone(client, &doing, &request.path, *uid).await?;
                continue;
            }
            _ => ask(client, &doing, &Ask::of(request, false)).await,
        };
        let answer = answer.map_err(|refused| match refused.reason {
            Reason::InDoubt => in_doubt(refused, mutation),
            _ if is_deleted => half_done(refused, mutation),
            _ => refused,
        })?;
        match request.send {
            Send::Delete(_) | Send::Evict(_) => is_deleted = true,
            _ => stored.after = Some(answer.body),
        }
    }
    Ok(stored)
}

/// Waits until another object, or none, has the path.
async fn await_gone(client: &kube::Client, doing: &str, path: &str, uid: Uid) -> Result<(), Refused> {
    let gone = async {
        loop {
            match ask(client, doing, &Ask::get(path)).await {
                Ok(answer) if answer.body["metadata"]["uid"].as_str().map(Uid::new) == Some(uid) => {}
                Ok(_) => return,
                Err(refused) if refused.failure.cause == Cause::NotFound => return,
                // A connection that breaks meanwhile says nothing of the object.
                Err(_) => {}
            }
            tokio::time::sleep(GONE_ASKED).await;
        }
    };
    tokio::time::timeout(GONE_WITHIN, gone).await.map_err(|_| {
        let failure = Failure {
            cause: Cause::Other,
            message: format!("cannot {doing}: the one before is being deleted, and is not gone after 3 minutes"),
            hint: "look at its finalizers with y; the new one was not made".into(),
        };
        failure.into()
    })
}

/// The one before is deleted, and the new one is not there.
fn half_done(refused: Refused, mutation: &Mutation) -> Refused {
    let hint = format!("{} is deleted and was not made anew: u makes it again as it was", mutation.target);
    Refused { failure: Failure { hint, ..refused.failure }, ..refused }
}

/// There is no way to a server yet.
pub fn no_connection(doing: &str) -> Failure {
    Failure {
        cause: Cause::Unreachable,
        message: format!("cannot {doing}: there is no connection to the server"),
        hint: "try again when the link is live".into(),
    }
}

/// A write before it failed, and it is not wanted any more.
pub(super) fn not_sent(write: &Prepared) -> Failure {
    Failure {
        cause: Cause::Other,
        message: format!("did not {}: a write before it failed, and it was not sent", write.mutation),
        hint: String::new(),
    }
}

/// The object's address on the server.
fn path(key: &ObjectKey) -> String {
    let group = key.kind.group();
    let base = if group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{group}/v1") };
    let namespace = if key.namespace.is_empty() { String::new() } else { format!("/namespaces/{}", key.namespace) };
    format!("{base}{namespace}/{}/{}", key.kind.plural(), key.name)
}

/// Waits for an answer, but not for ever.
pub(super) async fn answer<T>(doing: &str, request: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(answer) => answer.map_err(|error| refused(doing, &error)),
        Err(_) => Err(no_answer(doing, PATIENCE)),
    }
}

/// The server was waited for as long as that.
pub(super) fn no_answer(doing: &str, patience: Duration) -> Failure {
    Failure {
        cause: Cause::Unreachable,
        message: format!("cannot {doing}: no answer in {} seconds", patience.as_secs()),
        hint: "check the network and the context's server".into(),
    }
}

/// Why a request was refused, with the next step for one that a person asked for: nothing is tried again by itself.
pub(super) fn refused(doing: &str, error: &kube::Error) -> Failure {
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
        kube::Error::Api(status) => match status.code {
            // The words of admission webhooks and of admission policies; they choose the code themselves.
            _ if status.message.contains("denied the request") || status.message.contains(" denied request: ") => {
                "a rule of this cluster forbids it, whoever asks: do what it says, or ask those who made it"
            }
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
fn in_doubt(refused: Refused, mutation: &Mutation) -> Refused {
    let hint = format!("it may have been done: look at {} before you try again", mutation.target);
    Refused { failure: Failure { hint, ..refused.failure }, ..refused }
}

/// What is to be asked cannot be written as a request.
pub(super) fn unaskable(doing: &str, error: &http::Error) -> Failure {
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
