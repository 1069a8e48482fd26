//! Protobuf answers become slim JSON: a layer under the watchers' client.
//!
//! A list in protobuf costs the server half the work of one in JSON, and the wire two thirds of the bytes. kube reads
//! JSON only, so [`ask`] lets the server choose the form, and [`answer`] turns protobuf, while it comes in, into JSON of
//! just the fields that [`super::slim`] reads. Whatever else is answered (JSON, a proxy's HTML) passes untouched.
//! [`super::watch`] alone calls it: a client with this layer loses every other field of what it gets, and must not be
//! used for anything but watching the kinds of `writer`.
//!
//! The form: an answer is the magic number `k8s\0` and an `Unknown` (`k8s.io/apimachinery/pkg/runtime/generated.proto`)
//! that holds the type and the object. A watch is a sequence of frames, each of which is a length of four bytes, the
//! highest first, and a `WatchEvent` (`serializer/protobuf/protobuf.go` and `framer.go` there). The messages below this
//! module know only what is read; protobuf skips the rest. In them, a scalar without `optional` is no pointer in Go,
//! which always writes it, and a `required` message that is missing counts as an empty one.

mod batch;
mod event;
mod field;
mod meta;
mod node;
mod pod;
mod quota;

use bytes::{Buf, Bytes, BytesMut};
use futures::TryStreamExt;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use prost::Message;
use serde::Serialize;
use tower::BoxError;

use field::{Field, Malformed};
use meta::{ListMeta, TypeMeta, Unknown, WatchEvent};

/// What we understand, the best first. A server that has no protobuf for a kind answers JSON.
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/vnd.kubernetes.protobuf,application/json");

/// The media type of protobuf answers; a watch's has the parameter `stream=watch`.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What every answer, and every object in a watch, begins with.
const MAGIC: [u8; 4] = *b"k8s\0";

/// Asks for protobuf, where a request reads and does not already say which form it wants.
pub fn ask<B>(request: &mut http::Request<B>) {
    if request.method() == http::Method::GET {
        request.headers_mut().entry(ACCEPT).or_insert(ACCEPTED);
    }
}

/// Turns a protobuf answer, an error's too, into slim JSON while it is read; leaves every other as it is.
pub fn answer<B>(response: http::Response<B>) -> http::Response<UnsyncBoxBody<Bytes, BoxError>>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let (mut parts, body) = response.into_parts();
    let body = body.map_err(Into::into);
    let Some(transcoder) = Transcoder::of(&parts.headers) else {
        return http::Response::from_parts(parts, body.boxed_unsync());
    };
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let state = (body.into_data_stream(), Some(transcoder));
    let json = futures::stream::try_unfold(state, |(mut chunks, transcoder)| async move {
        let Some(mut transcoder) = transcoder else { return Ok(None) };
        while let Some(chunk) = chunks.try_next().await? {
            let json = transcoder.take(&chunk)?;
            if !json.is_empty() {
                return Ok(Some((Frame::data(json.into()), (chunks, Some(transcoder)))));
            }
        }
        transcoder.end()?;
        Ok::<_, BoxError>(None)
    });
    http::Response::from_parts(parts, StreamBody::new(json).boxed_unsync())
}

/// Why an answer cannot be read.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the server's {what} does not begin as Kubernetes' protobuf does")]
    NoMagic { what: String },
    #[error("the server's {what} is no protobuf that can be read")]
    Message { what: String, source: prost::DecodeError },
    #[error("the server's {what} is no protobuf that can be read: a field's head is wrong")]
    Field { what: String },
    #[error("the server's {what} is longer than what holds it")]
    Overrun { what: String },
    #[error("the server answered with {what}, which was not asked for")]
    Kind { what: String },
    #[error("the server's {what} cannot be written as JSON")]
    Json { what: String, source: serde_json::Error },
}

/// Writes one object as JSON; the type is written into it where it stands alone, and left out in a list.
type Writer = fn(Bytes, &TypeMeta, bool, &mut Vec<u8>) -> Result<(), Fault>;

/// The kinds that are known. Both groups have a kind Event, with different numbers.
fn writer(api_version: &str, kind: &str) -> Option<Writer> {
    Some(match (api_version, kind) {
        ("batch/v1", "Job") => write::<batch::Job>,
        ("batch/v1", "CronJob") => write::<batch::CronJob>,
        ("v1", "Pod") => write::<pod::Pod>,
        ("v1", "Namespace") => write::<meta::MetaOnly>,
        ("v1", "Node") => write::<node::Node>,
        ("v1", "ResourceQuota") => write::<quota::ResourceQuota>,
        ("v1", "LimitRange") => write::<quota::LimitRange>,
        ("v1", "PersistentVolumeClaim") => write::<quota::Claim>,
        ("events.k8s.io/v1", "Event") => write::<event::Event>,
        ("v1", "Event") => write::<event::CoreEvent>,
        ("v1", "Status") => write::<meta::Status>,
        _ => return None,
    })
}

fn write<M: Message + Default + Serialize>(
    raw: Bytes,
    types: &TypeMeta,
    is_alone: bool,
    json: &mut Vec<u8>,
) -> Result<(), Fault> {
    #[derive(Serialize)]
    struct Alone<'a, M> {
        #[serde(flatten)]
        types: &'a TypeMeta,
        #[serde(flatten)]
        object: M,
    }
    let object: M = decode(raw, || types.to_string())?;
    if is_alone { put(json, &Alone { types, object }, types) } else { put(json, &object, types) }
}

fn decode<M: Message + Default>(raw: Bytes, what: impl FnOnce() -> String) -> Result<M, Fault> {
    M::decode(raw).map_err(|source| Fault::Message { what: what(), source })
}

fn put(json: &mut Vec<u8>, value: &impl Serialize, what: &impl ToString) -> Result<(), Fault> {
    serde_json::to_writer(json, value).map_err(|source| Fault::Json { what: what.to_string(), source })
}

/// Writes a frame of a watch as a line. `type` comes first: kube's reader can then read the object as it comes.
fn write_event(frame: Bytes, json: &mut Vec<u8>) -> Result<(), Fault> {
    let event: WatchEvent = decode(frame, || "watch event".to_owned())?;
    let WatchEvent { kind, object } = event;
    let mut raw = object.raw;
    if !raw.starts_with(&MAGIC) {
        return Err(Fault::NoMagic { what: format!("object in a watch event of type {kind:?}") });
    }
    raw.advance(MAGIC.len());
    let Unknown { type_meta: types, raw } = decode(raw, || format!("object in a watch event of type {kind:?}"))?;
    let Some(write) = writer(&types.api_version, &types.kind) else {
        return Err(Fault::Kind { what: types.to_string() });
    };
    json.extend_from_slice(b"{\"type\":");
    put(json, &kind, &"watch event's type")?;
    json.extend_from_slice(b",\"object\":");
    write(raw, &types, true, json)?;
    json.extend_from_slice(b"}\n");
    Ok(())
}

/// Reads an answer piece by piece. Holds what is read and not yet whole: a frame, an item, or a Status.
#[derive(Debug)]
struct Transcoder {
    buffer: BytesMut,
    at: At,
}

/// What comes next in an answer.
#[derive(Debug)]
enum At {
    /// A watch's next frame.
    Frame,
    /// The magic number.
    Magic,
    /// A field of the `Unknown`; its type came before or is this.
    Envelope(TypeMeta),
    /// A field of a list, of which so many bytes are left.
    List { types: TypeMeta, write: Writer, left: usize, items: usize, metadata: ListMeta },
    /// An object of so many bytes that is no list: a Status.
    Single { types: TypeMeta, write: Writer, left: usize },
    /// Nothing that is read.
    Tail,
}

impl Transcoder {
    /// One for an answer with these headers; None where it is no protobuf.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parts = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').map(str::trim);
        let is_protobuf = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(PROTOBUF));
        let is_watch = parts.any(|parameter| parameter.eq_ignore_ascii_case("stream=watch"));
        is_protobuf.then(|| Self { buffer: BytesMut::new(), at: if is_watch { At::Frame } else { At::Magic } })
    }

    /// Takes the next piece; gives the JSON of what is whole with it.
    fn take(&mut self, chunk: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut json = Vec::new();
        self.buffer.extend_from_slice(chunk);
        while self.step(&mut json)? {}
        Ok(json)
    }

    /// Checks that the answer may end here. An end in the middle is no end: half a list would remove rows. kube starts
    /// a watch that ends so anew where it was, since the error is an [`std::io::ErrorKind::UnexpectedEof`].
    fn end(&self) -> Result<(), std::io::Error> {
        let what = match &self.at {
            At::Tail => return Ok(()),
            At::Frame if self.buffer.is_empty() => return Ok(()),
            At::Frame => "a watch event".to_owned(),
            At::Magic | At::Envelope(_) => "its head".to_owned(),
            At::List { types, .. } | At::Single { types, .. } => types.to_string(),
        };
        let text = format!("the server's answer ends in the middle of {what}");
        Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text))
    }

    /// Goes one part further; false where that part is not whole yet.
    fn step(&mut self, json: &mut Vec<u8>) -> Result<bool, Fault> {
        match &mut self.at {
            At::Frame => {
                let Some((length, rest)) = self.buffer.split_first_chunk() else { return Ok(false) };
                let length = u32::from_be_bytes(*length) as usize;
                if rest.len() < length {
                    return Ok(false);
                }
                self.buffer.advance(size_of::<u32>());
                write_event(self.buffer.split_to(length).freeze(), json)?;
            }
            At::Magic => {
                let Some(magic) = self.buffer.first_chunk() else { return Ok(false) };
                if *magic != MAGIC {
                    return Err(Fault::NoMagic { what: "answer".to_owned() });
                }
                self.buffer.advance(MAGIC.len());
                self.at = At::Envelope(TypeMeta::default());
            }
            At::Envelope(types) => {
                let field = Field::read(&self.buffer);
                let field = field.map_err(|Malformed| Fault::Field { what: "answer's envelope".to_owned() })?;
                let Some(field) = field else { return Ok(false) };
                if field.number == 2 {
                    self.buffer.advance(field.head);
                    self.at = At::object(std::mem::take(types), field.payload, json)?;
                    return Ok(true);
                }
                let Some(payload) = field.take(&mut self.buffer) else { return Ok(false) };
                if field.number == 1 {
                    *types = decode(payload, || "answer's type".to_owned())?;
                }
            }
            At::List { types, left: 0, metadata, .. } => {
                json.extend_from_slice(b"],\"metadata\":");
                put(json, metadata, types)?;
                json.push(b'}');
                self.at = At::Tail;
            }
            At::List { types, write, left, items, metadata } => {
                let held = &self.buffer[..self.buffer.len().min(*left)];
                let field = Field::read(held).map_err(|Malformed| Fault::Field { what: types.to_string() })?;
                let is_too_long = match &field {
                    Some(field) => field.payload > *left - field.head,
                    None => held.len() == *left,
                };
                if is_too_long {
                    return Err(Fault::Overrun { what: format!("item in {types}") });
                }
                let Some(field) = field else { return Ok(false) };
                let Some(payload) = field.take(&mut self.buffer) else { return Ok(false) };
                *left -= field.head + field.payload;
                match field.number {
                    1 => *metadata = decode(payload, || format!("metadata of {types}"))?,
                    2 => {
                        json.extend_from_slice(if *items == 0 { b"" } else { b"," });
                        *items += 1;
                        write(payload, types, false, json)?;
                    }
                    _ => {}
                }
            }
            At::Single { types, write, left } => {
                if self.buffer.len() < *left {
                    return Ok(false);
                }
                write(self.buffer.split_to(*left).freeze(), types, true, json)?;
                self.at = At::Tail;
            }
            At::Tail => {
                self.buffer.clear();
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl At {
    /// The state in which an object of this type and size is read, and the JSON that it begins with.
    fn object(types: TypeMeta, left: usize, json: &mut Vec<u8>) -> Result<Self, Fault> {
        let of_items = types.kind.strip_suffix("List").and_then(|kind| writer(&types.api_version, kind));
        if let Some(write) = of_items {
            put(json, &types, &types)?;
            json.pop(); // the brace, since the type and the items are one object
            json.extend_from_slice(b",\"items\":[");
            return Ok(Self::List { types, write, left, items: 0, metadata: ListMeta::default() });
        }
        match writer(&types.api_version, &types.kind) {
            Some(write) => Ok(Self::Single { types, write, left }),
            None => Err(Fault::Kind { what: types.to_string() }),
        }
    }
}

impl std::fmt::Display for TypeMeta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.kind, self.api_version)
    }
}

#[cfg(test)]
mod tests;
