//! Requests to answers: what a path and a method mean, and which part of the embedded cluster answers it. Also the
//! shapes that all answers share. Called by the service in `mod`.

use std::collections::HashMap;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http::{HeaderMap, HeaderValue, Method, Response, header};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::Value;

use super::refusal::Refusal;
use super::resources::{self, Resource};
use super::{Demo, Fault, delete, discovery, log, protobuf, read, review, write};

/// The body of every answer: a stream, since watches and followed logs are.
pub type Body = StreamBody<BoxStream<'static, Result<Frame<Bytes>, std::io::Error>>>;

/// An answer, or why there is none.
pub(super) type Answer = Result<Response<Body>, Refusal>;

/// A request, read whole.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    /// Method, path and query as they were sent, by which faults are chosen: `GET /api/v1/pods?limit=500`.
    address: String,
    query: HashMap<String, String>,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What a path below a group and version means.
pub(super) struct Route {
    pub(super) resource: &'static Resource,
    /// None for all namespaces, and for what lives in none.
    pub(super) namespace: Option<String>,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
}

impl Call {
    /// A request without its body.
    pub(super) fn new(head: http::request::Parts, body: Bytes) -> Self {
        // Whatever reads the body need not know that some of it came as protobuf.
        let body = match protobuf::is_protobuf(&body) {
            true => protobuf::decode(&body).map_or(body, |object| object.to_string().into()),
            false => body,
        };
        let query = head.uri.query().unwrap_or_default();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let path = head.uri.path().to_owned();
        let address = format!("{} {}", head.method, head.uri.path_and_query().map_or("/", |whole| whole.as_str()));
        Self { method: head.method, path, address, query, headers: head.headers, body }
    }

    /// A parameter of the query; an empty one counts as none, as in the real server.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether a parameter is given and true.
    pub(super) fn is(&self, name: &str) -> bool {
        matches!(self.text(name), Some("true" | "1"))
    }

    /// A parameter as a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let parse = |text: &str| text.parse().map_err(|_| Refusal::bad_request(format!("{name}: {text} is no number")));
        self.text(name).map(parse).transpose()
    }

    /// A header's text, or an empty one.
    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Nothing is to be kept of what this request does.
    pub(super) fn is_dry_run(&self) -> bool {
        self.text("dryRun") == Some("All")
    }
}

impl Route {
    /// What a path means; None where it means nothing here.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let known = |plural: &str| resources::find(group, version, plural);
        let (namespace, rest) = match rest {
            // `/namespaces/data/status` is about the namespace, `/namespaces/data/pods` about what is in it.
            ["namespaces", namespace, plural, rest @ ..] if known(plural).is_some_and(|one| one.is_namespaced) => {
                (Some((*namespace).to_owned()), [&[*plural], rest].concat())
            }
            _ => (None, rest.to_vec()),
        };
        let (plural, name, subresource) = match rest.as_slice() {
            [plural] => (*plural, None, None),
            [plural, name] => (*plural, Some(*name), None),
            [plural, name, subresource] => (*plural, Some(*name), Some(*subresource)),
            _ => return None,
        };
        let resource = known(plural)?;
        if name.is_some() && resource.is_namespaced && namespace.is_none() {
            return None;
        }
        Some(Self { resource, namespace, name: name.map(Into::into), subresource: subresource.map(Into::into) })
    }

    /// The path of the object that is meant, as the store has it.
    pub(super) fn path(&self, name: &str) -> String {
        let place = self.resource.collection(None);
        match &self.namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}/{name}", place.base, place.plural),
            None => format!("{}/{}/{name}", place.base, place.plural),
        }
    }
}

/// Answers one request.
pub(super) async fn answer(demo: &Demo, call: &Call) -> Response<Body> {
    let fault = demo.store().fault(&call.address);
    match fault {
        Some(Fault::Delay(wait)) => tokio::time::sleep(wait).await,
        Some(fault) => return wrong(fault).await,
        None => {}
    }
    dispatch(demo, call).unwrap_or_else(|refusal| refused(&refusal))
}

fn refused(refusal: &Refusal) -> Response<Body> {
    whole(refusal.code, &refusal.to_json())
}

/// The answer that a fault makes.
async fn wrong(fault: Fault) -> Response<Body> {
    let begun = stream::iter([piece("{\"kind\": \"Li")]);
    match fault {
        Fault::Status(code) => refused(&Refusal::of_code(code)),
        Fault::Busy(seconds) => {
            let mut response = refused(&Refusal::of_code(429));
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Fault::Silence | Fault::Delay(_) => std::future::pending().await,
        Fault::Stall => streamed(200, "application/json", begun.chain(stream::pending()).boxed()),
        Fault::Cut => {
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            streamed(200, "application/json", begun.chain(stream::iter([Err(broken)])).boxed())
        }
        Fault::Garbage => bytes(200, "text/html", "<html>\n"),
    }
}

fn dispatch(demo: &Demo, call: &Call) -> Answer {
    if let Some(answer) = discovery::answer(call).or_else(|| review::answer(demo, call)) {
        return answer;
    }
    let route = Route::parse(&call.path).ok_or_else(Refusal::unknown_path)?;
    if route.resource.group == "metrics.k8s.io" && call.method != Method::GET {
        return Err(Refusal::method_not_allowed());
    }
    match (&call.method, route.name.as_deref(), route.subresource.as_deref()) {
        (&Method::GET, None, _) if call.is("watch") => read::watch(demo, call, &route),
        (&Method::GET, None, _) => read::list(demo, call, &route),
        (&Method::GET, Some(name), None | Some("status")) => read::get(demo, call, &route, name),
        (&Method::GET, Some(pod), Some("log")) => log::log(demo, call, &route, pod),
        (&Method::GET | &Method::POST, Some(_), Some("exec" | "attach" | "portforward")) => {
            Err(Refusal::no_containers())
        }
        (&Method::POST, None, _) => write::create(demo, call, &route),
        (&Method::POST, Some(pod), Some("eviction")) => delete::evict(demo, call, &route, pod),
        (&Method::PUT, Some(name), None | Some("status")) => write::replace(demo, call, &route, name),
        (&Method::PATCH, Some(name), None | Some("status")) => write::patch(demo, call, &route, name),
        (&Method::DELETE, Some(name), None) => delete::delete(demo, call, &route, name),
        (&Method::DELETE, None, _) => delete::delete_collection(demo, call, &route),
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// A piece of a streamed answer.
pub(super) type Piece = Result<Frame<Bytes>, std::io::Error>;

/// A piece of text.
pub(super) fn piece(text: impl Into<Bytes>) -> Piece {
    Ok(Frame::data(text.into()))
}

/// An answer of one JSON document.
pub(super) fn whole(code: u16, value: &Value) -> Response<Body> {
    bytes(code, "application/json", value.to_string())
}

/// An answer that is known whole.
pub(super) fn bytes(code: u16, content_type: &'static str, data: impl Into<Bytes>) -> Response<Body> {
    streamed(code, content_type, stream::iter([piece(data)]).boxed())
}

/// An answer that comes piece by piece.
pub(super) fn streamed(code: u16, content_type: &'static str, pieces: BoxStream<'static, Piece>) -> Response<Body> {
    let mut response = Response::new(StreamBody::new(pieces));
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Adds `Warning` headers, which clients show to the user (RFC 7234, code 299).
pub(super) fn with_warnings(mut response: Response<Body>, warnings: &[String]) -> Response<Body> {
    for warning in warnings {
        let text = format!("299 - \"{}\"", warning.replace('\\', "\\\\").replace('"', "\\\""));
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_a_kind_a_place_and_a_part() {
        let route = |path: &str| {
            let route = Route::parse(path)?;
            Some((route.resource.kind, route.namespace, route.name, route.subresource))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(route("/api/v1/pods"), Some(("Pod", None, None, None)));
        assert_eq!(route("/api/v1/namespaces/data"), Some(("Namespace", None, some("data"), None)));
        assert_eq!(route("/api/v1/namespaces/data/status"), Some(("Namespace", None, some("data"), some("status"))));
        assert_eq!(route("/api/v1/namespaces/data/pods/a/log"), Some(("Pod", some("data"), some("a"), some("log"))));
        assert_eq!(route("/apis/batch/v1/namespaces/data/jobs"), Some(("Job", some("data"), None, None)));
        assert_eq!(route("/apis/batch/v1/jobs/a"), None, "a Job without a namespace");
        assert_eq!(route("/apis/nope/v1/foos"), None);
    }
}
