//! What is sent, to the letter, and what is told of each answer.

use std::sync::{Arc, Mutex};

use http::{Request as HttpRequest, Response};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::service_fn;

use super::*;
use crate::model::exec::{ContainerKey, DebugContainer};
use crate::model::key::{Kind, Uid};
use crate::model::mutation::{Address, Cascade, Change, Verb};

/// A request as it was sent: method, URI, content type, body.
type Sent = (String, String, String, String);

/// A client whose server notes what it is sent and answers each request with this code and body.
fn server(code: u16, body: Value) -> (kube::Client, Arc<Mutex<Vec<Sent>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let notes = sent.clone();
    let service = service_fn(move |request: HttpRequest<Body>| {
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

fn mutation(kind: Kind, change: Change) -> Mutation {
    Mutation {
        verb: Verb { plain: "suspend", doing: "suspending", done: "suspended" },
        target: ObjectKey { kind, namespace: "data".into(), name: "etl".into() }.into(),
        uid: Some(Uid::new(UID)),
        change,
    }
}

const UID: &str = "0a1b2c3d-0000-4000-8000-00000000000f";

fn suspension(kind: Kind) -> Mutation {
    mutation(kind, Change::Merge { patch: json!({ "spec": { "suspend": true } }), version: None })
}

/// The object that a server holds.
fn held() -> Value {
    json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "etl", "namespace": "data", "uid": UID } })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Has it tried and sent; what reached the server.
fn sent(mutation: Mutation) -> Vec<Sent> {
    block_on(async {
        let (client, sent) = server(200, held());
        let prepared = prepare(&client, mutation).await.unwrap();
        let tried = sent.lock().unwrap().len();
        assert!(sent.lock().unwrap()[..tried].iter().all(|one| one.0 == "GET" || is_trial(one)), "{sent:?}");
        send(&client, &prepared).await.unwrap();
        std::mem::take(&mut *sent.lock().unwrap())
    })
}

fn is_trial((_, uri, _, body): &Sent) -> bool {
    uri.contains("dryRun=All") || body.contains(r#""dryRun":["All"]"#)
}

/// Why it is refused by a server that has the object and then answers so.
fn refused(code: u16, answer: Value) -> Refused {
    block_on(async {
        let service = service_fn(move |request: HttpRequest<Body>| {
            let (code, body) = match *request.method() {
                Method::GET => (200, held().to_string()),
                _ => (code, answer.to_string()),
            };
            let answer = Response::builder().status(code).body(Full::new(bytes::Bytes::from(body))).unwrap();
            async move { Ok::<_, tower::BoxError>(answer) }
        });
        prepare(&kube::Client::new(service, "default"), suspension(Kind::Job)).await.unwrap_err()
    })
}

fn failed(code: u16, message: &str) -> Failure {
    refused(code, status(code, message)).failure
}

/// A request in one line: method, URI and body.
fn line((method, uri, _, body): &Sent) -> String {
    format!("{method} {uri} {body}").trim_end().to_owned()
}

const WRITE: &str = "fieldManager=kubatch&fieldValidation=Strict";

#[test]
fn fields_are_set_by_merge_patches_that_name_the_uid() {
    for (kind, plural) in [(Kind::Job, "jobs"), (Kind::CronJob, "cronjobs")] {
        let path = format!("/apis/batch/v1/namespaces/data/{plural}/etl");
        let body = format!(r#"{{"metadata":{{"uid":"{UID}"}},"spec":{{"suspend":true}}}}"#);
        let sent = sent(suspension(kind));
        let expected = [
            format!("GET {path}"),
            format!("PATCH {path}?{WRITE}&dryRun=All {body}"),
            format!("PATCH {path}?{WRITE} {body}"),
        ];
        assert_eq!(sent.iter().map(line).collect::<Vec<_>>(), expected);
        assert_eq!(sent[2].2, "application/merge-patch+json");
    }
}

#[test]
fn an_edit_names_the_version_that_it_was_made_on() {
    let patch = json!({ "spec": { "backoffLimit": 1 } });
    let sent = sent(mutation(Kind::Job, Change::Merge { patch, version: Some("7".into()) }));
    let body = format!(r#"{{"metadata":{{"resourceVersion":"7","uid":"{UID}"}},"spec":{{"backoffLimit":1}}}}"#);
    assert_eq!(sent[2].3, body);
}

#[test]
fn deletions_name_the_uid_and_what_becomes_of_what_is_owned() {
    for cascade in Cascade::ALL {
        let sent = sent(mutation(Kind::Job, Change::Delete(cascade)));
        let options = |trial: &str| {
            let policy = cascade.policy();
            format!(
                r#"{{"apiVersion":"v1",{trial}"kind":"DeleteOptions","preconditions":{{"uid":"{UID}"}},"propagationPolicy":"{policy}"}}"#
            )
        };
        let path = "/apis/batch/v1/namespaces/data/jobs/etl";
        let expected = [
            format!("GET {path}"),
            format!("DELETE {path} {}", options(r#""dryRun":["All"],"#)),
            format!("DELETE {path} {}", options("")),
        ];
        assert_eq!(sent.iter().map(line).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_pod_is_evicted_through_its_subresource() {
    let sent = sent(mutation(Kind::Pod, Change::Evict));
    let body = format!(
        r#"{{"apiVersion":"policy/v1","deleteOptions":{{"preconditions":{{"uid":"{UID}"}}}},"kind":"Eviction","metadata":{{"name":"etl","namespace":"data"}}}}"#
    );
    assert_eq!(line(&sent[2]), format!("POST /api/v1/namespaces/data/pods/etl/eviction {body}"));
    assert!(is_trial(&sent[1]));
}

#[test]
fn a_manifest_is_applied_under_our_manager_and_by_force_only_where_it_is_said() {
    let object = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "etl", "namespace": "data" } });
    for (is_forced, force) in [(false, ""), (true, "&force=true")] {
        let change = Change::Apply { object: object.clone(), is_forced };
        let sent = sent(Mutation { uid: None, ..mutation(Kind::Pod, change) });
        let expected = format!("PATCH /api/v1/namespaces/data/pods/etl?{WRITE}{force} {object}");
        assert_eq!((line(&sent[2]), sent[2].2.as_str()), (expected, "application/apply-patch+yaml"));
    }
}

#[test]
fn a_replacement_is_tried_under_another_name_before_anything_is_deleted() {
    let object = Some(json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "etl" }, "spec": {} }));
    let change = Change::Replace { object, patch: json!({ "spec": { "suspend": true } }) };
    let (prepared, lines) = block_on(async {
        let (client, sent) = server(200, held());
        let prepared = prepare(&client, mutation(Kind::Job, change)).await.unwrap();
        let lines: Vec<String> = sent.lock().unwrap().iter().map(line).collect();
        (prepared, lines)
    });
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with("DELETE") && lines[1].contains(r#""dryRun":["All"]"#), "{}", lines[1]);
    let body = r#"{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"et0"},"spec":{"suspend":true}}"#;
    assert_eq!(lines[2], format!("POST /apis/batch/v1/namespaces/data/jobs?{WRITE}&dryRun=All {body}"));
    let created = prepared.requests.last().map(|request| request.send.clone());
    let Some(Send::Create(created)) = created else { panic!("{created:?}") };
    assert_eq!(created["metadata"]["name"], "etl");
    assert_eq!(prepared.after.unwrap()["metadata"]["name"], "etl", "it is shown under its own name");
}

#[test]
fn a_run_by_hand_is_made_in_the_cronjobs_namespace() {
    let change = Change::Trigger { name: "etl-manual-1".into(), patch: json!({}) };
    let sent = sent(mutation(Kind::CronJob, change));
    assert!(line(&sent[2]).starts_with(&format!("POST /apis/batch/v1/namespaces/data/jobs?{WRITE} ")));
    let made: Value = serde_json::from_str(&sent[2].3).unwrap();
    assert_eq!((&made["kind"], &made["metadata"]["name"]), (&json!("Job"), &json!("etl-manual-1")));
}

#[test]
fn kinds_that_are_not_known_are_looked_up() {
    let change = Change::Delete(Cascade::Background);
    let target = Address {
        api_version: "kueue.x-k8s.io/v1beta1".into(),
        kind: "LocalQueue".into(),
        namespace: "data".into(),
        name: "main".into(),
    };
    let asked = |resources: Value| {
        block_on(async {
            let (client, sent) = server(200, json!({ "resources": resources, "metadata": { "uid": UID } }));
            let outcome =
                prepare(&client, Mutation { target: target.clone(), ..mutation(Kind::Job, change.clone()) }).await;
            let uris: Vec<String> = sent.lock().unwrap().iter().map(|one| one.1.clone()).collect();
            (outcome, uris)
        })
    };
    let (outcome, uris) = asked(json!([
        { "name": "localqueues/status", "kind": "LocalQueue", "namespaced": true },
        { "name": "localqueues", "kind": "LocalQueue", "namespaced": true },
    ]));
    outcome.unwrap();
    let path = "/apis/kueue.x-k8s.io/v1beta1/namespaces/data/localqueues/main";
    assert_eq!(uris, ["/apis/kueue.x-k8s.io/v1beta1", path, path]);
    let refused = asked(json!([])).0.unwrap_err();
    assert_eq!(refused.failure.message, "the server knows no kind LocalQueue in kueue.x-k8s.io/v1beta1");
}

#[test]
fn another_object_of_the_name_is_found_before_anything_is_tried() {
    let other = Mutation { uid: Some(Uid::new("11111111-2222-4333-8444-555555555555")), ..suspension(Kind::Job) };
    let (refused, count) = block_on(async {
        let (client, sent) = server(200, held());
        let refused = prepare(&client, other).await.unwrap_err();
        let count = sent.lock().unwrap().len();
        (refused, count)
    });
    assert!(refused.failure.message.contains("another object has this name"), "{refused:?}");
    assert_eq!(count, 1);
}

#[test]
fn refusals_are_told_in_the_servers_words_with_the_next_step() {
    let cases = [
        (403, "jobs.batch \"etl\" is forbidden", Cause::Denied, "role"),
        (403, "admission webhook \"x\" denied the request: no", Cause::Denied, "a rule of this cluster"),
        (
            422,
            "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: no",
            Cause::Other,
            "a rule of this cluster",
        ),
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

#[test]
fn what_can_be_done_about_a_refusal_is_told_apart() {
    let with = |code: u16, reason: &str, causes: Value| {
        let mut status = status(code, "words");
        status["reason"] = json!(reason);
        status["details"] = json!({ "causes": causes });
        refused(code, status)
    };
    let owned =
        json!([{ "reason": "FieldManagerConflict", "field": ".spec.suspend", "message": "conflict with \"x\"" }]);
    let refused = with(409, "Conflict", owned);
    assert_eq!(refused.reason, Reason::Owned);
    assert_eq!(refused.fields, [(".spec.suspend".to_owned(), "conflict with \"x\"".to_owned())]);
    assert_eq!(with(409, "Conflict", json!([])).reason, Reason::Changed);
    assert_eq!(with(409, "AlreadyExists", json!([])).reason, Reason::Exists);
    assert_eq!(with(422, "Invalid", json!([])).reason, Reason::Invalid);
    assert_eq!(with(403, "Forbidden", json!([])).reason, Reason::Other);
}

#[test]
fn what_cannot_be_tried_beforehand_can_be_sent_all_the_same() {
    let tried = |change: Change| {
        block_on(async {
            let service = service_fn(move |request: HttpRequest<Body>| {
                let words = "admission webhook \"audit.example\" does not support dry run";
                let (code, body) = match *request.method() {
                    Method::GET => (200, held()),
                    _ => (400, status(400, words)),
                };
                let answer = Response::builder().status(code).body(Full::new(bytes::Bytes::from(body.to_string())));
                async move { Ok::<_, tower::BoxError>(answer.unwrap()) }
            });
            prepare(&kube::Client::new(service, "default"), mutation(Kind::Job, change)).await.unwrap()
        })
    };
    let set = tried(Change::Merge { patch: json!({ "spec": { "suspend": true } }), version: None });
    assert_eq!(set.untried.unwrap(), "admission webhook \"audit.example\" does not support dry run");
    let after = set.after.unwrap();
    assert_eq!((&after["spec"]["suspend"], &after["metadata"]["uid"]), (&json!(true), &json!(UID)));
    let replaced = tried(Change::Replace { object: None, patch: json!({}) });
    assert!(replaced.untried.is_some() && replaced.requests.len() == 3);
    assert_eq!(replaced.after.unwrap()["metadata"]["name"], "etl");
    let manifest = json!({ "apiVersion": "batch/v1", "kind": "Job", "spec": { "parallelism": 2 } });
    let applied = tried(Change::Apply { object: manifest, is_forced: false }).after.unwrap();
    assert_eq!((&applied["spec"]["parallelism"], &applied["metadata"]["uid"]), (&json!(2), &json!(UID)));
    assert_eq!(tried(Change::Delete(Cascade::Background)).after, None);
}

#[test]
fn the_budget_that_forbids_an_eviction_is_named() {
    let mut answer = status(429, "Cannot evict pod as it would violate the pod's disruption budget.");
    let words = "The disruption budget keeps-one needs 1 healthy pods and has 1 currently";
    answer["details"] = json!({ "causes": [{ "reason": "DisruptionBudget", "message": words }] });
    let failure = refused(429, answer).failure;
    assert!(failure.message.ends_with(&format!("violate the pod's disruption budget: {words}")), "{failure:?}");
    assert!(failure.hint.contains("delete the pod"), "{failure:?}");
}

#[test]
fn each_field_of_a_refusal_is_told_with_its_own_reason() {
    let mut body = status(
        422,
        "Job.batch \"etl\" is invalid: [spec.a: Invalid value: 5: too many, spec.b: Required value: say it]",
    );
    let cause = |field: &str, words: &str| json!({ "reason": "FieldValueInvalid", "field": field, "message": words });
    let causes = [cause("spec.a", "Invalid value: 5: too many"), cause("spec.b", "Required value: say it")];
    body["details"] = json!({ "causes": causes });
    let message = refused(422, body).failure.message;
    let wanted = "Job.batch \"etl\" is invalid: spec.a: Invalid value: 5: too many; spec.b: Required value: say it";
    assert!(message.ends_with(wanted), "{message}");
}

#[test]
fn dumps_of_values_are_left_out_of_refusals() {
    let dump = format!("core.PodTemplateSpec{{{}}}", "Volumes:[]core.Volume(nil), Containers:[]: x, ".repeat(50));
    let words = format!("Job.batch \"etl\" is invalid: spec.template: Invalid value: {dump}: field is immutable");
    let told = failed(422, &words).message;
    assert_eq!(told, "cannot suspend job/etl: Job.batch \"etl\" is invalid: spec.template: field is immutable");
    assert!(failed(422, "spec.suspend: Invalid value: 3: no").message.ends_with("Invalid value: 3: no"));
}

#[test]
fn warnings_of_the_server_are_kept_and_made_safe() {
    let prepared = block_on(async {
        let service = service_fn(|_: HttpRequest<Body>| async {
            let answer = Response::builder()
                .header("Warning", r#"299 - "batch/v1beta1 is \"old\"""#)
                .header("Warning", "299 - \"a\tb\"")
                .body(Full::new(bytes::Bytes::from(held().to_string())))
                .unwrap();
            Ok::<_, tower::BoxError>(answer)
        });
        prepare(&kube::Client::new(service, "default"), suspension(Kind::Job)).await.unwrap()
    });
    assert_eq!(prepared.warnings[0], r#"batch/v1beta1 is "old""#);
    assert!(!prepared.warnings[1].contains('\t'), "{:?}", prepared.warnings);
}

/// What a Kubernetes 1.36 answers where the Job was deleted and made anew under its name.
#[test]
fn another_object_of_the_name_is_told_in_plain_words() {
    let failure = failed(422, "Job \"etl\" is invalid: metadata.uid: Invalid value: \"0a\": field is immutable");
    assert_eq!(failure.message, "cannot suspend job/etl: another object has this name by now, with another UID");
}

#[test]
fn a_write_without_an_answer_may_have_been_done() {
    let refused = block_on(async {
        let (client, _) = server(200, held());
        let prepared = prepare(&client, suspension(Kind::Job)).await.unwrap();
        let broken = service_fn(|_: HttpRequest<Body>| async {
            Err::<Response<Full<bytes::Bytes>>, tower::BoxError>("connection reset by peer".into())
        });
        send(&kube::Client::new(broken, "default"), &prepared).await.unwrap_err()
    });
    assert_eq!(refused.reason, Reason::InDoubt);
    assert!(refused.failure.message.contains("connection reset by peer"), "{refused:?}");
    assert!(refused.failure.hint.starts_with("it may have been done"), "{refused:?}");
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
        let (client, sent) = server(200, held());
        let client = read_only(client);
        let failure = prepare(&client, suspension(Kind::Job)).await.unwrap_err().failure;
        let key = ObjectKey { kind: Kind::Job, namespace: "data".into(), name: "etl".into() };
        let fetched = fetch(&client, &key).await;
        let sent = sent.lock().unwrap().len();
        (failure, fetched, sent)
    });
    assert_eq!(failure.message, "cannot suspend job/etl: kubatch runs read-only, and nothing was sent");
    assert!(fetched.is_ok());
    assert_eq!(sent, 2, "the GETs alone");
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

#[test]
fn a_debug_container_is_a_strategic_merge_patch_that_names_the_uid() {
    let pod = ObjectKey { kind: Kind::Pod, namespace: "data".into(), name: "etl".into() };
    let target = ContainerKey { pod, container: "main".into() };
    let debug = DebugContainer { target, uid: Uid::new(UID), name: "debug-1".into(), image: "busybox:1.35".into() };
    let sent = sent(mutation(Kind::Pod, Change::Debug(Box::new(debug))));
    let (method, uri, form, body) = &sent[2];
    let expected = format!("/api/v1/namespaces/data/pods/etl/ephemeralcontainers?{WRITE}");
    assert_eq!((method.as_str(), uri), ("PATCH", &expected));
    assert_eq!(form, "application/strategic-merge-patch+json");
    let wanted = json!({
        "metadata": { "uid": UID },
        "spec": { "ephemeralContainers": [{
            "name": "debug-1", "image": "busybox:1.35", "targetContainerName": "main",
            "stdin": true, "tty": true, "terminationMessagePolicy": "File",
        }] },
    });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), wanted);
}
