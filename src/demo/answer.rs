//! Requests to answers: which objects a path means, lists and watches over them, logs, and refusals.

use std::collections::HashMap;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http::{Method, Response, Uri};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::{Value, json};

use super::store::{Collection, HistoryEntry};
use super::{Demo, Fault};

/// The body of every answer: a stream, since watches and followed logs are.
pub type Body = StreamBody<BoxStream<'static, Result<Frame<Bytes>, std::io::Error>>>;

type Query = HashMap<String, String>;

/// What a path asks for.
#[derive(Debug, PartialEq)]
enum Wanted {
    Collection(Collection),
    Object(String),
    Log { namespace: String, pod: String },
    Unknown,
}

/// Answers one request.
pub(super) async fn answer(demo: &Demo, method: &Method, uri: &Uri, body: &[u8]) -> Response<Body> {
    let fault = demo.store().fault(&uri.to_string());
    if let Some(fault) = fault {
        return wrong(fault).await;
    }
    if (method, uri.path()) == (&Method::POST, REVIEWS) {
        return review(demo, body);
    }
    match (method, wanted(uri.path())) {
        (&Method::GET, _) => {}
        (&Method::PATCH, Wanted::Object(path)) => return patch(demo, &path, body),
        _ => return refusal(405, "the embedded cluster cannot do this yet"),
    }
    let query: Query = uri.query().map(parse_query).unwrap_or_default();
    match wanted(uri.path()) {
        Wanted::Collection(collection) if query.get("watch").is_some_and(|on| on == "true") => {
            watch(demo, collection, &query)
        }
        Wanted::Collection(collection) => list(demo, &collection, &query),
        Wanted::Object(path) => match demo.store().get(&path) {
            Some(object) => whole(200, object),
            None => refusal(404, &format!("{path} not found")),
        },
        Wanted::Log { namespace, pod } => log(demo, namespace, pod, &query),
        Wanted::Unknown => refusal(404, "the server could not find the requested resource"),
    }
}

/// The answer that a fault makes.
async fn wrong(fault: Fault) -> Response<Body> {
    let begun = stream::iter([Ok(Frame::data("{\"kind\": \"Li".into()))]);
    match fault {
        Fault::Status(code) => refusal(code, "asked to fail"),
        Fault::Busy(seconds) => {
            let mut response = refusal(429, "too many requests");
            response.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
            response
        }
        Fault::Silence => std::future::pending().await,
        Fault::Stall => response(200, begun.chain(stream::pending()).boxed()),
        Fault::Cut => {
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            response(200, begun.chain(stream::iter([Err(broken)])).boxed())
        }
        Fault::Garbage => response(200, stream::iter([Ok(Frame::data("<html>\n".into()))]).boxed()),
    }
}

/// Where what one may do is asked.
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Whether a list would be answered: everything is allowed but what is asked to fail with 403.
fn review(demo: &Demo, body: &[u8]) -> Response<Body> {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let about = &asked["spec"]["resourceAttributes"];
    let text = |key: &str| about[key].as_str().unwrap_or_default();
    let base = if text("group").is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}/v1", text("group")) };
    let place = about["namespace"].as_str().map(|name| format!("/namespaces/{name}")).unwrap_or_default();
    let list = format!("{base}{place}/{}", text("resource"));
    let is_allowed = demo.store().fault(&list) != Some(Fault::Status(403));
    whole(201, &json!({ "metadata": {}, "spec": asked["spec"], "status": { "allowed": is_allowed } }))
}

/// A JSON merge patch (RFC 7386). As on a server, one that names another UID hits nothing.
fn patch(demo: &Demo, path: &str, body: &[u8]) -> Response<Body> {
    let Ok(patch) = serde_json::from_slice::<Value>(body) else {
        return refusal(400, "the body is no JSON");
    };
    let Some(mut object) = demo.store().get(path).cloned() else {
        return refusal(404, &format!("{path} not found"));
    };
    if !patch["metadata"]["uid"].is_null() && patch["metadata"]["uid"] != object["metadata"]["uid"] {
        return refusal(422, "it is invalid: metadata.uid: Invalid value: field is immutable");
    }
    merge(&mut object, &patch);
    demo.put(object.clone());
    whole(200, &object)
}

fn merge(into: &mut Value, patch: &Value) {
    let Some(fields) = patch.as_object() else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (name, value) in fields {
        if value.is_null() {
            into.as_object_mut().map(|fields| fields.remove(name));
        } else {
            merge(&mut into[name.as_str()], value);
        }
    }
}

fn parse_query(text: &str) -> Query {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    // Values that the client escapes (times) hold %3A only.
    pairs.map(|(key, value)| (key.to_owned(), value.replace("%3A", ":"))).collect()
}

fn wanted(path: &str) -> Wanted {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let (base, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => (format!("/api/{version}"), rest),
        ["apis", group, version, rest @ ..] => (format!("/apis/{group}/{version}"), rest),
        _ => return Wanted::Unknown,
    };
    let collection = |namespace: Option<&str>, plural: &str| {
        Wanted::Collection(Collection {
            base: base.clone(),
            namespace: namespace.map(Into::into),
            plural: plural.into(),
        })
    };
    match rest {
        ["namespaces", namespace, plural] => collection(Some(namespace), plural),
        ["namespaces", namespace, "pods", pod, "log"] => {
            Wanted::Log { namespace: (*namespace).into(), pod: (*pod).into() }
        }
        ["namespaces", _, _, _] | ["namespaces", _] => Wanted::Object(path.to_owned()),
        [plural] => collection(None, plural),
        _ => Wanted::Unknown,
    }
}

/// A page of a list. The continue token is the position of the next object: good enough for a store that a test holds
/// still while it lists.
fn list(demo: &Demo, collection: &Collection, query: &Query) -> Response<Body> {
    let number = |key: &str| query.get(key).and_then(|text| text.parse::<usize>().ok());
    let store = demo.store();
    let all = store.list(collection);
    let from = number("continue").unwrap_or(0).min(all.len());
    let to = number("limit").map_or(all.len(), |limit| (from + limit).min(all.len()));
    let next = if to < all.len() { json!(to.to_string()) } else { Value::Null };
    whole(
        200,
        &json!({
            "kind": "List", "apiVersion": "v1",
            "metadata": { "resourceVersion": store.version().to_string(), "continue": next },
            "items": &all[from..to],
        }),
    )
}

fn watch(demo: &Demo, collection: Collection, query: &Query) -> Response<Body> {
    let from = query.get("resourceVersion").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let changed = demo.changed.subscribe();
    let generation = demo.store().generation;
    let state = (demo.clone(), collection, changed, from);
    let events = stream::unfold(state, move |(demo, collection, mut changed, from)| async move {
        loop {
            changed.borrow_and_update();
            if demo.store().is_frozen(generation) {
                std::future::pending::<()>().await;
            }
            let changes = {
                let store = demo.store();
                if store.generation != generation && from >= store.version() {
                    return None;
                }
                store.changes_since(&collection, from)
            };
            match changes {
                None => {
                    let gone = json!({ "type": "ERROR", "object": status(410, "too old resource version") });
                    return Some((frame(&gone), (demo, collection, changed, u64::MAX)));
                }
                Some(changes) if !changes.is_empty() => {
                    let newest = changes.iter().map(|entry| entry.version).max().unwrap_or(from);
                    let text: String = changes.iter().map(event_line).collect();
                    return Some((Ok(Frame::data(text.into())), (demo, collection, changed, newest)));
                }
                Some(_) if demo.store().generation != generation => return None,
                Some(_) => changed.changed().await.ok()?,
            }
        }
    });
    response(200, events.boxed())
}

fn event_line(entry: &HistoryEntry) -> String {
    format!("{}\n", json!({ "type": entry.kind, "object": entry.object }))
}

/// A container's log, followed where asked, with the parameters that matter to a resume.
fn log(demo: &Demo, namespace: String, pod: String, query: &Query) -> Response<Body> {
    let container = query.get("container").cloned().unwrap_or_default();
    let is_following = query.get("follow").is_some_and(|on| on == "true");
    let total = demo.store().log(&namespace, &pod, &container).len();
    let tail = query.get("tailLines").and_then(|text| text.parse::<usize>().ok());
    let since = query.get("sinceTime").cloned().unwrap_or_default();
    let first = tail.map_or(0, |tail| total.saturating_sub(tail));
    let changed = demo.changed.subscribe();
    let generation = demo.store().generation;
    let state = (demo.clone(), changed, first);
    let lines = stream::unfold(state, move |(demo, mut changed, from)| {
        let (namespace, pod, container, since) = (namespace.clone(), pod.clone(), container.clone(), since.clone());
        async move {
            loop {
                changed.borrow_and_update();
                if demo.store().is_frozen(generation) {
                    std::future::pending::<()>().await;
                }
                let (text, next, is_cut) = {
                    let store = demo.store();
                    let all = store.log(&namespace, &pod, &container);
                    let fresh = all.iter().skip(from).filter(|line| line.as_str() >= since.as_str());
                    let text: String = fresh.map(|line| format!("{line}\n")).collect();
                    (text, all.len(), store.generation != generation)
                };
                if !text.is_empty() {
                    return Some((Ok(Frame::data(text.into())), (demo, changed, next)));
                }
                if !is_following || is_cut {
                    return None;
                }
                changed.changed().await.ok()?;
            }
        }
    });
    response(200, lines.boxed())
}

fn status(code: u16, message: &str) -> Value {
    let reason = match code {
        403 => "Forbidden",
        404 => "NotFound",
        401 => "Unauthorized",
        422 => "Invalid",
        410 => "Expired",
        429 => "TooManyRequests",
        _ => "InternalError",
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    })
}

fn refusal(code: u16, message: &str) -> Response<Body> {
    whole(code, &status(code, message))
}

fn frame(value: &Value) -> Result<Frame<Bytes>, std::io::Error> {
    Ok(Frame::data(format!("{value}\n").into()))
}

fn whole(code: u16, value: &Value) -> Response<Body> {
    let data = Ok(Frame::data(value.to_string().into()));
    response(code, stream::iter([data]).boxed())
}

fn response(code: u16, body: BoxStream<'static, Result<Frame<Bytes>, std::io::Error>>) -> Response<Body> {
    let mut response = Response::new(StreamBody::new(body));
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
