//! What is sent, to the letter, and what is told of each answer.

use std::sync::{Arc, Mutex};

use http::Response;
use http_body_util::{BodyExt, Full};
use tower::service_fn;

use super::*;
use crate::model::key::{Kind, Uid};

/// A request as it was sent: method, URI, content type, body.
type Sent = (String, String, String, String);

/// A client whose server notes what it is sent and answers each request with this code and body.
fn server(code: u16, body: Value) -> (kube::Client, Arc<Mutex<Vec<Sent>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let notes = sent.clone();
    let service = service_fn(move |request: Request<Body>| {
        let (notes, body) = (notes.clone(), body.to_string());
        async move {
            let (head, sent) = request.into_parts();
            let sent = String::from_utf8(sent.collect().await?.to_bytes().to_vec()).unwrap();
            let form = head.headers.get("content-type").map(|form| form.to_str().unwrap().to_owned());
            notes.lock().unwrap().push((head.method.to_string(), head.uri.to_string(), form.unwrap_or_default(), sent));
            let answer = Response::builder().status(code).body(Full::new(bytes::Bytes::from(body))).unwrap();
            Ok::<_, tower::BoxError>(answer)
        }
    });
    (kube::Client::new(service, "default"), sent)
}

fn status(code: u16, message: &str) -> Value {
    json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": "R", "message": message })
}

fn mutation(kind: Kind, is_wanted: bool) -> Mutation {
    Mutation {
        target: ObjectKey { kind, namespace: "data".into(), name: "etl".into() },
        uid: Uid::new("0a1b2c3d-0000-4000-8000-00000000000f"),
        change: Set::Suspend(is_wanted),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn failed(code: u16, message: &str) -> Failure {
    block_on(async {
        let (client, _) = server(code, status(code, message));
        execute(&client, &mutation(Kind::Job, true)).await.unwrap_err()
    })
}

#[test]
fn suspend_and_resume_are_merge_patches_that_name_the_uid() {
    for (kind, plural, is_wanted) in [(Kind::Job, "jobs", true), (Kind::CronJob, "cronjobs", false)] {
        let sent = block_on(async {
            let (client, sent) = server(200, json!({}));
            execute(&client, &mutation(kind, is_wanted)).await.unwrap();
            std::mem::take(&mut *sent.lock().unwrap())
        });
        let expected = (
            "PATCH".to_owned(),
            format!("/apis/batch/v1/namespaces/data/{plural}/etl?fieldManager=kubatch"),
            "application/merge-patch+json".to_owned(),
            format!(
                r#"{{"metadata":{{"uid":"0a1b2c3d-0000-4000-8000-00000000000f"}},"spec":{{"suspend":{is_wanted}}}}}"#
            ),
        );
        assert_eq!(sent, [expected]);
    }
}

#[test]
fn refusals_are_told_in_the_servers_words_with_the_next_step() {
    let cases = [
        (403, "jobs.batch \"etl\" is forbidden", Cause::Denied, "role"),
        (404, "jobs.batch \"etl\" not found", Cause::NotFound, "gone"),
        (409, "the object has been modified", Cause::Other, "at the same moment"),
        (422, "spec.suspend: Invalid value", Cause::Other, "does not take it"),
        (500, "etcd is away", Cause::Busy, "in a moment"),
    ];
    for (code, words, cause, next) in cases {
        let failure = failed(code, words);
        assert_eq!((failure.cause, failure.message), (cause, format!("cannot suspend job/etl: {words}")));
        assert!(failure.hint.contains(next), "{code}: {}", failure.hint);
    }
}

/// What a Kubernetes 1.36 answers where the Job was deleted and made anew under its name.
#[test]
fn another_object_of_the_name_is_told_in_plain_words() {
    let failure = failed(422, "Job \"etl\" is invalid: metadata.uid: Invalid value: \"0a\": field is immutable");
    assert_eq!(failure.message, "cannot suspend job/etl: another object has this name by now, with another UID");
}

#[test]
fn a_write_without_an_answer_may_have_been_done() {
    let failure = block_on(async {
        let broken = service_fn(|_: Request<Body>| async {
            Err::<Response<Full<bytes::Bytes>>, tower::BoxError>("connection reset by peer".into())
        });
        execute(&kube::Client::new(broken, "default"), &mutation(Kind::Job, true)).await.unwrap_err()
    });
    assert!(failure.message.contains("connection reset by peer"), "{}", failure.message);
    assert!(failure.hint.starts_with("it may have been done"), "{}", failure.hint);
}

#[test]
fn fetch_asks_for_exactly_the_object() {
    let keys = [
        (Kind::Pod, "data", "/api/v1/namespaces/data/pods/etl"),
        (Kind::Event, "data", "/apis/events.k8s.io/v1/namespaces/data/events/etl"),
        (Kind::Namespace, "", "/api/v1/namespaces/etl"),
    ];
    for (kind, namespace, uri) in keys {
        let key = ObjectKey { kind, namespace: namespace.into(), name: "etl".into() };
        let (sent, object) = block_on(async {
            let (client, sent) = server(200, json!({ "kind": "It" }));
            let object = fetch(&client, &key).await.unwrap();
            let sent = sent.lock().unwrap().clone();
            (sent, object)
        });
        assert_eq!((sent[0].0.as_str(), sent[0].1.as_str(), object), ("GET", uri, json!({ "kind": "It" })));
    }
}

#[test]
fn read_only_sends_no_write_and_says_so() {
    let (failure, fetched, sent) = block_on(async {
        let (client, sent) = server(200, json!({}));
        let client = read_only(client);
        let failure = execute(&client, &mutation(Kind::Job, true)).await.unwrap_err();
        let fetched = fetch(&client, &mutation(Kind::Job, true).target).await;
        let sent = sent.lock().unwrap().len();
        (failure, fetched, sent)
    });
    assert_eq!(failure.message, "cannot suspend job/etl: kubatch runs read-only, and nothing was sent");
    assert!(fetched.is_ok());
    assert_eq!(sent, 1, "the GET alone");
}

#[test]
fn only_what_reads_passes_read_only() {
    let passes = |method: &Method, uri: &str| only_reads(method, &uri.parse().unwrap());
    for uri in [
        "/apis/batch/v1/jobs?watch=true",
        "/api/v1/namespaces/a/pods/p/log?follow=true",
        "/api/v1/namespaces/a/pods/exec",
        "/api/v1/namespaces/proxy/pods/attach/log",
        "/version",
    ] {
        assert!(passes(&Method::GET, uri), "{uri}");
    }
    for uri in [
        "/api/v1/namespaces/a/pods/p/exec?command=sh",
        "/api/v1/namespaces/a/pods/p/attach",
        "/api/v1/namespaces/a/pods/p/portforward",
        "/api/v1/namespaces/a/services/s/proxy/admin",
        "/api/v1/nodes/n/proxy/run",
    ] {
        assert!(!passes(&Method::GET, uri), "{uri}");
    }
    assert!(passes(&Method::POST, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"));
    assert!(!passes(&Method::POST, "/apis/batch/v1/namespaces/a/jobs"));
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD] {
        assert!(!passes(&method, "/apis/batch/v1/namespaces/a/jobs/j"), "{method}");
    }
}
