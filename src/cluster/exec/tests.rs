//! What is asked of the server, to the letter, and what is told of its refusals and of how processes end.

use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::Full;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{StatusCause, StatusDetails};
use kube::client::Body;
use serde_json::json;
use tower::service_fn;

use super::*;
use crate::cluster::execute::read_only;
use crate::model::key::{Kind, ObjectKey};

/// A client whose server notes the requests and refuses each with this code and these words.
fn refusing(code: u16, words: &str) -> (kube::Client, Arc<Mutex<Vec<String>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let (notes, words) = (sent.clone(), words.to_owned());
    let service = service_fn(move |request: Request<Body>| {
        let upgrade = request.headers().get("upgrade").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        notes.lock().unwrap().push(format!("{} {} {upgrade}", request.method(), request.uri()));
        let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": "R", "message": words });
        let body = Full::new(Bytes::from(status.to_string()));
        async move { Ok::<_, tower::BoxError>(Response::builder().status(code).body(body).unwrap()) }
    });
    (kube::Client::new(service, "default"), sent)
}

fn to() -> ContainerKey {
    let pod = ObjectKey { kind: Kind::Pod, namespace: "data".into(), name: "etl-x".into() };
    ContainerKey { pod, container: "main".into() }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn command(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn requests_are_upgrades_that_name_the_container_and_what_is_wanted_of_it() {
    let sent = block_on(async {
        let (client, sent) = refusing(404, "gone");
        assert!(join(client.clone(), &to(), Join::Shell).await.is_err());
        assert!(join(client.clone(), &to(), Join::Attach).await.is_err());
        assert!(run(client, &to(), &command(&["ls", "-l", "a b"])).await.is_err());
        sent.lock().unwrap().clone()
    });
    let pod = "GET /api/v1/namespaces/data/pods/etl-x";
    let shell =
        "command=sh&command=-c&command=command+-v+bash+%3E%2Fdev%2Fnull+2%3E%261+%26%26+exec+bash+%7C%7C+exec+sh";
    let wanted = [
        format!("{pod}/exec?&stdin=true&stdout=true&tty=true&container=main&{shell} websocket"),
        format!("{pod}/attach?&stdin=true&stdout=true&tty=true&container=main websocket"),
        format!("{pod}/exec?&stdout=true&stderr=true&container=main&command=ls&command=-l&command=a+b websocket"),
    ];
    assert_eq!(sent, wanted);
}

#[test]
fn who_may_not_is_told_which_verb_is_missing() {
    let failed = |how| block_on(async { join(refusing(403, "pods is forbidden").0, &to(), how).await.err().unwrap() });
    for (how, subresource) in [(Join::Shell, "pods/exec"), (Join::Attach, "pods/attach")] {
        let failure = failed(how);
        assert_eq!(failure.cause, Cause::Denied);
        assert_eq!(failure.message, format!("cannot {} pod/etl-x, container main: pods is forbidden", how.verb()));
        assert!(failure.hint.contains(&format!("create on {subresource}")), "{}", failure.hint);
    }
}

#[test]
fn a_proxy_that_takes_no_websocket_is_told() {
    let failure = block_on(async { join(refusing(200, "").0, &to(), Join::Shell).await.err().unwrap() });
    assert!(failure.message.contains("takes no WebSocket"), "{}", failure.message);
    assert!(failure.hint.contains("proxy"), "{}", failure.hint);
}

#[test]
fn read_only_sends_no_upgrade_and_says_so() {
    let (failures, sent) = block_on(async {
        let (client, sent) = refusing(500, "");
        let client = read_only(client);
        let pods: Api<Pod> = Api::namespaced(client.clone(), "data");
        assert!(pods.portforward("etl-x", &[80]).await.is_err());
        let failures = [
            join(client.clone(), &to(), Join::Shell).await.err().unwrap(),
            join(client.clone(), &to(), Join::Attach).await.err().unwrap(),
            run(client, &to(), &command(&["ls"])).await.err().unwrap(),
        ];
        let sent = sent.lock().unwrap().len();
        (failures, sent)
    });
    for failure in failures {
        assert!(failure.message.ends_with("kubatch runs read-only, and nothing was sent"), "{}", failure.message);
    }
    assert_eq!(sent, 0);
}

#[test]
fn exit_codes_are_those_of_the_status() {
    let status = |word: &str, causes: Option<Vec<StatusCause>>, message: &str| Status {
        status: Some(word.into()),
        message: Some(message.into()),
        details: Some(StatusDetails { causes, ..StatusDetails::default() }),
        ..Status::default()
    };
    let code = |code: &str| {
        let (reason, message) = (Some("ExitCode".into()), Some(code.into()));
        Some(vec![StatusCause { reason, message, ..StatusCause::default() }])
    };
    assert_eq!(code_of("run ls", NO_PROGRAM, &status("Success", None, "")), Ok(0));
    assert_eq!(code_of("run ls", NO_PROGRAM, &status("Failure", code("3"), "terminated with 3")), Ok(3));
    let told = "exec: \"sh\": executable file not found in $PATH: unknown";
    let failure = code_of("open a shell in it", NO_SHELL, &status("Failure", None, told)).unwrap_err();
    assert_eq!(failure.message, "cannot open a shell in it: its image has neither bash nor sh");
    assert!(failure.hint.contains(":debug IMAGE"), "{}", failure.hint);
    let failure = code_of("run ls", NO_PROGRAM, &status("Failure", None, "no \x1b[2J task")).unwrap_err();
    assert!(!failure.message.contains('\x1b') && failure.message.contains("task"), "{}", failure.message);
}

#[test]
fn what_is_kept_of_an_output_has_an_end() {
    let mut kept = Vec::new();
    assert!(keep(&mut kept, &vec![0; KEPT - 1]));
    assert!(!keep(&mut kept, &[0; 2]));
    assert_eq!(kept.len(), KEPT);
}
