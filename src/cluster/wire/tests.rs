//! Recorded answers in protobuf give what the JSON of the same moment gives, however they are cut into pieces.
//!
//! `tests/fixtures/wire/NAME.pb` and `NAME.json` are two answers of a Kubernetes 1.36 to one request at one
//! resourceVersion. The event `raw-bytes` was sent to it as protobuf, the other objects were made as usual.

use http::header::ACCEPT;
use kube::core::{ObjectList, Status, WatchEvent};
use serde_json::Value;

use super::*;
use crate::cluster::slim::{CoreEvent, Early, Slim};
use crate::model::claim::Claim;
use crate::model::cronjob::CronJob;
use crate::model::delta::Row;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::limit_range::LimitRange;
use crate::model::meta::Meta;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::quota::ResourceQuota;

fn recorded(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/wire/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn is_watch(name: &str) -> bool {
    name.starts_with("watch-")
}

fn transcoder(name: &str) -> Transcoder {
    Transcoder { buffer: BytesMut::new(), at: if is_watch(name) { At::Frame } else { At::Magic } }
}

/// The slim JSON of an answer that comes in pieces of this size.
fn in_pieces(name: &str, protobuf: &[u8], size: usize) -> String {
    let mut transcoder = transcoder(name);
    let pieces = protobuf.chunks(size).map(|piece| transcoder.take(piece).unwrap());
    let json = pieces.collect::<Vec<_>>().concat();
    transcoder.end().unwrap();
    String::from_utf8(json).unwrap()
}

fn whole(name: &str) -> String {
    in_pieces(name, &recorded(&format!("{name}.pb")), usize::MAX)
}

/// The rows of a list and its metadata, read as kube's watcher reads them.
fn rows<R: Slim>(json: &str) -> (Vec<Row>, String) {
    let list: ObjectList<Early<R>> = serde_json::from_str(json).unwrap();
    let versions: Vec<_> = list.items.iter().map(|item| kube::Resource::meta(item).resource_version.clone()).collect();
    let about = format!("{:?} {versions:?}", list.metadata);
    (list.items.into_iter().map(Early::into_row).collect(), about)
}

fn assert_same_rows<R: Slim>(name: &str, at_least: usize) {
    let server = String::from_utf8(recorded(&format!("{name}.json"))).unwrap();
    let (wanted, about) = rows::<R>(&server);
    assert!(wanted.len() >= at_least, "{name} has {} items", wanted.len());
    assert_eq!(rows::<R>(&whole(name)), (wanted, about), "{name}");
}

#[test]
fn lists_give_the_rows_of_their_json() {
    assert_same_rows::<Job>("jobs", 14);
    assert_same_rows::<CronJob>("cronjobs", 2);
    assert_same_rows::<Pod>("pods", 20);
    assert_same_rows::<Pod>("pods-with-resources", 3);
    assert_same_rows::<Event>("events", 16);
    assert_same_rows::<CoreEvent>("core-events", 2);
    assert_same_rows::<Meta>("namespaces", 4);
    assert_same_rows::<Node>("nodes", 1);
    assert_same_rows::<ResourceQuota>("quotas", 2);
    assert_same_rows::<LimitRange>("limit-ranges", 1);
    assert_same_rows::<Claim>("claims", 2);
    assert_same_rows::<Job>("empty", 0);
}

/// What a line of a watch tells.
fn told<R: Slim>(line: &str) -> String {
    match serde_json::from_str::<WatchEvent<Early<R>>>(line).unwrap() {
        WatchEvent::Added(object) => format!("added {:?}", object.into_row()),
        WatchEvent::Modified(object) => format!("modified {:?}", object.into_row()),
        WatchEvent::Deleted(object) => format!("deleted {:?}", object.into_row()),
        WatchEvent::Bookmark(mark) => {
            format!("bookmark {:?} {} {:?}", mark.types, mark.metadata.resource_version, mark.metadata.annotations)
        }
        WatchEvent::Error(status) => format!("error {status:?}"),
    }
}

fn assert_same_watch<R: Slim>(name: &str, words: &[&str]) {
    let server = String::from_utf8(recorded(&format!("{name}.json"))).unwrap();
    let wanted: Vec<String> = server.lines().map(told::<R>).collect();
    let slim: Vec<String> = whole(name).lines().map(told::<R>).collect();
    assert_eq!(slim, wanted, "{name}");
    let first_words: Vec<&str> = slim.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(first_words, words, "{name}");
}

#[test]
fn watches_tell_what_their_json_tells() {
    assert_same_watch::<Job>("watch-jobs", &["added", "modified", "modified", "modified", "modified", "deleted"]);
    assert_same_watch::<CronJob>("watch-initial", &["added", "added", "bookmark"]);
    assert_same_watch::<Pod>("watch-expired", &["error"]);
}

#[test]
fn bookmark_says_that_a_streaming_list_is_whole() {
    let last = whole("watch-initial").lines().last().map(told::<CronJob>).unwrap();
    assert!(last.contains(r#""k8s.io/initial-events-end": "true""#), "{last}");
}

#[test]
fn errors_are_the_status_of_their_json() {
    let server = serde_json::from_slice::<Status>(&recorded("missing.json")).unwrap();
    let slim: Status = serde_json::from_str(&whole("missing")).unwrap();
    assert_eq!((slim.code, slim.reason.as_str()), (404, "NotFound"));
    assert_eq!(slim, server);
}

/// Whether each value that was written is the server's, or a zero where Go leaves the field out of JSON.
fn agrees(slim: &Value, server: Option<&Value>) -> bool {
    let is_zero = match slim {
        Value::Null => true,
        Value::Bool(is_true) => !is_true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(|field| agrees(field, None)),
    };
    match (slim, server) {
        (_, None | Some(Value::Null)) => is_zero,
        (Value::Object(slim), Some(Value::Object(server))) => {
            slim.iter().all(|(name, value)| agrees(value, server.get(name)))
        }
        (Value::Array(slim), Some(Value::Array(server))) => {
            slim.len() == server.len() && slim.iter().zip(server).all(|(slim, server)| agrees(slim, Some(server)))
        }
        (Value::String(slim), Some(Value::String(server))) if slim != server => {
            let time = |text| crate::model::clock::Time::parse(text);
            time(slim).is_some() && time(slim) == time(server)
        }
        (slim, Some(server)) => slim == server,
    }
}

#[test]
fn every_written_value_is_the_servers() {
    for name in ALL.into_iter().filter(|name| !is_watch(name)) {
        let slim: Value = serde_json::from_str(&whole(name)).unwrap();
        let server: Value = serde_json::from_slice(&recorded(&format!("{name}.json"))).unwrap();
        let items = |list: &Value| list["items"].as_array().cloned().unwrap_or_default();
        for (slim, server) in items(&slim).iter().zip(items(&server)) {
            assert!(agrees(slim, Some(&server)), "{name}\n{slim}\n{server}");
        }
        assert!(agrees(&slim, Some(&server)), "{name}");
    }
}

#[test]
fn core_events_have_the_names_of_the_old_form() {
    let list: Value = serde_json::from_str(&whole("core-events")).unwrap();
    let event = &list["items"][0];
    assert!(event["involvedObject"]["uid"].is_string() && event["message"].is_string(), "{event}");
    assert_eq!(list["kind"], "EventList");
}

#[test]
fn bytes_that_are_no_utf8_become_what_gos_json_makes_of_them() {
    let recorded = recorded("events.pb");
    assert!(recorded.windows(3).any(|bytes| bytes == b"b\xff\xfe"), "the recording has such an event");
    let (rows, _) = rows::<Event>(&whole("events"));
    let notes: Vec<&str> =
        rows.iter().filter_map(|row| if let Row::Event(one) = row { Some(&*one.note) } else { None }).collect();
    assert!(notes.contains(&"b\u{fffd}\u{fffd}d \u{fffd}\u{fffd} \u{fffd}\u{fffd}\u{fffd} cut\u{fffd}"), "{notes:?}");
}

#[test]
fn zero_times_are_null_and_1970_is_a_time() {
    let write = |bytes: &'static [u8]| {
        serde_json::to_string(&meta::Timestamp::decode(Bytes::from_static(bytes)).unwrap()).unwrap()
    };
    assert_eq!(write(b""), "null");
    assert_eq!(write(&[8, 0, 16, 0]), r#""1970-01-01T00:00:00Z""#);
    assert_eq!(write(&[8, 0x80, 0xe8, 0x92, 0xd2, 6, 16, 0xe8, 7]), r#""2026-07-01T06:30:24.000001Z""#);
}

const ALL: [&str; 16] = [
    "jobs",
    "cronjobs",
    "pods",
    "pods-with-resources",
    "events",
    "core-events",
    "namespaces",
    "nodes",
    "quotas",
    "limit-ranges",
    "claims",
    "empty",
    "missing",
    "watch-jobs",
    "watch-initial",
    "watch-expired",
];

#[test]
fn pieces_of_any_size_give_the_same() {
    for name in ALL {
        let protobuf = recorded(&format!("{name}.pb"));
        let wanted = whole(name);
        // Every size in short answers; in long ones all up to 32, then about one in ten.
        let is_short = protobuf.len() < 4_000;
        let mut size = 1;
        while size <= protobuf.len() {
            assert_eq!(in_pieces(name, &protobuf, size), wanted, "{name} in pieces of {size}");
            size += if is_short || size < 32 { 1 } else { size / 10 };
        }
    }
}

#[test]
fn an_end_in_the_middle_is_an_error_that_names_what_ended() {
    for name in ALL {
        let protobuf = recorded(&format!("{name}.pb"));
        let frames = if is_watch(name) { ends_of_frames(&protobuf) } else { Vec::new() };
        // Behind the object come two empty fields of the envelope, which nobody misses: four bytes.
        let needed = if is_watch(name) { protobuf.len() } else { protobuf.len() - 4 };
        let mut transcoder = transcoder(name);
        for at in 0..needed {
            if at == 0 || frames.contains(&at) {
                assert_eq!(transcoder.end().is_ok(), is_watch(name), "{name} cut at {at}");
            } else {
                let error = transcoder.end().expect_err("it is not whole");
                assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{name} cut at {at}");
                assert!(error.to_string().starts_with("the server's answer ends in the middle of "), "{error}");
            }
            transcoder.take(&protobuf[at..=at]).unwrap();
        }
        assert!(transcoder.end().is_ok(), "{name} is whole");
    }
}

fn ends_of_frames(watch: &[u8]) -> Vec<usize> {
    let mut ends = vec![0];
    while let Some((length, _)) = watch[ends[ends.len() - 1]..].split_first_chunk() {
        ends.push(ends[ends.len() - 1] + 4 + u32::from_be_bytes(*length) as usize);
    }
    ends
}

#[test]
fn broken_answers_are_errors_that_name_what_is_broken() {
    let jobs = recorded("jobs.pb");
    let broken = |name: &str, bytes: &[u8]| transcoder(name).take(bytes).expect_err(name).to_string();
    assert_eq!(broken("jobs", b"{\"kind\""), "the server's answer does not begin as Kubernetes' protobuf does");
    let secrets = b"k8s\0\x0a\x10\x0a\x02v1\x12\x0aSecretList\x12\x00";
    assert_eq!(broken("jobs", secrets), "the server answered with SecretList (v1), which was not asked for");
    assert!(broken("jobs", b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").contains("answer's envelope"));
    let start = jobs.windows(7).position(|bytes| bytes == b"JobList").unwrap() + 7;
    let mut long = jobs.clone();
    // The first byte of the list's own length is lowered, so that its last item reaches over its end.
    long[start + 1] -= 1;
    assert_eq!(broken("jobs", &long), "the server's item in JobList (batch/v1) is longer than what holds it");
    let mut group = jobs[..start + 4].to_vec();
    group.extend([0x0b; 20]);
    assert!(broken("jobs", &group).contains("JobList (batch/v1)"));
    let mut item = b"k8s\0\x0a\x13\x0a\x08batch/v1\x12\x07JobList\x12\x05\x12\x03".to_vec();
    item.extend(b"\x0a\x05x");
    assert_eq!(broken("jobs", &item), "the server's JobList (batch/v1) is no protobuf that can be read");
    assert!(broken("watch-jobs", b"\0\0\0\x0d\x0a\x05ADDED\x12\x04\x0a\x02{}").contains("type \"ADDED\""));
    assert!(broken("watch-jobs", b"\0\0\0\x02\x0a\x05").contains("watch event"));
}

/// An answer whose body comes in pieces.
fn response(content_type: &'static str, pieces: Vec<&'static [u8]>) -> http::Response<UnsyncBoxBody<Bytes, BoxError>> {
    let frames = pieces.into_iter().map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from_static(piece))));
    let body = StreamBody::new(futures::stream::iter(frames));
    let builder = http::Response::builder().status(404).header(CONTENT_TYPE, content_type).header(CONTENT_LENGTH, 5);
    answer(builder.body(body).unwrap())
}

const MISSING: &[u8] = include_bytes!("../../../tests/fixtures/wire/missing.pb");

#[tokio::test]
async fn a_protobuf_answer_is_json_without_a_length() {
    let answered = response("application/vnd.kubernetes.protobuf", vec![&MISSING[..9], &MISSING[9..]]);
    assert_eq!((answered.status().as_u16(), answered.headers().get(CONTENT_LENGTH)), (404, None));
    assert_eq!(answered.headers()[CONTENT_TYPE], "application/json");
    let body = answered.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, whole("missing"));
}

#[tokio::test]
async fn a_cut_answer_is_an_error_and_then_ends() {
    let answered = response("application/vnd.kubernetes.protobuf", vec![&MISSING[..50]]);
    let mut body = answered.into_body();
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the server's answer ends in the middle of Status (v1)");
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn other_answers_pass_untouched() {
    for content_type in ["application/json", "text/plain; charset=utf-8", "application/vnd.kubernetes.protobuf2"] {
        let answered = response(content_type, vec![b"404 p", b"age"]);
        assert_eq!(
            (&answered.headers()[CONTENT_TYPE], &answered.headers()[CONTENT_LENGTH]),
            (&content_type.parse().unwrap(), &HeaderValue::from(5))
        );
        assert_eq!(answered.into_body().collect().await.unwrap().to_bytes(), "404 page");
    }
}

#[test]
fn a_watch_is_known_by_its_parameter() {
    let at = |content_type: &'static str| {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Transcoder::of(&headers).map(|transcoder| matches!(transcoder.at, At::Frame))
    };
    assert_eq!(at("application/vnd.kubernetes.protobuf;stream=watch"), Some(true));
    assert_eq!(at("Application/Vnd.Kubernetes.Protobuf; stream=watch"), Some(true));
    assert_eq!(at("application/vnd.kubernetes.protobuf"), Some(false));
    assert_eq!(at("application/json;stream=watch"), None);
}

#[test]
fn only_reads_ask_for_protobuf_and_a_chosen_form_is_kept() {
    let accept = |mut request: http::Request<()>| {
        ask(&mut request);
        request.headers().get(ACCEPT).map(|value| value.to_str().unwrap().to_owned())
    };
    let get = http::Request::get("/api/v1/pods");
    assert_eq!(accept(get.body(()).unwrap()).as_deref(), Some("application/vnd.kubernetes.protobuf,application/json"));
    assert_eq!(accept(http::Request::post("/api/v1/pods").body(()).unwrap()), None);
    let table = http::Request::get("/api/v1/pods").header(ACCEPT, "text/html");
    assert_eq!(accept(table.body(()).unwrap()).as_deref(), Some("text/html"));
}
