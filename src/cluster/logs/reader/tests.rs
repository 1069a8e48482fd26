//! What is read of servers that answer, break and refuse.

use std::sync::{Arc, Mutex};

use super::*;
use crate::model::delta::Cause;
use crate::model::key::Uid;
use crate::model::log::{LogSource, LogStart};

/// The texts of the lines that are read of a server that gives these answers one after the other, the last one for ever;
/// how it ended; and what it was asked. The server's pod has this container status. Waits take no time.
fn read_of(until: Until, status: &str, answers: Vec<(u16, &str)>) -> (Vec<String>, Result<(), Failure>, Vec<String>) {
    let source = LogSource {
        pod: Uid::new("p"),
        namespace: "data".into(),
        pod_name: "etl-1".into(),
        container: "main".into(),
        restarts: 0,
    };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = asked.clone();
    let answers: Vec<(u16, String)> = answers.into_iter().map(|(code, body)| (code, body.to_owned())).collect();
    let pod = format!(
        r#"{{"metadata":{{"name":"etl-1","uid":"p"}},"spec":{{"containers":[]}},"status":{{"containerStatuses":[
        {{"name":"main","image":"","imageID":"","ready":false,{status}}}]}}}}"#
    );
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let mut asked = notes.lock().unwrap();
        let mut answer = (200, pod.clone());
        if request.uri().path().ends_with("/log") {
            answer = answers[asked.len().min(answers.len() - 1)].clone();
            asked.push(request.uri().to_string());
        }
        let (code, body) = answer;
        let body = http_body_util::Full::new(bytes::Bytes::from(body));
        async move { Ok::<_, tower::BoxError>(http::Response::builder().status(code).body(body).unwrap()) }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (texts, ended) = runtime.block_on(async {
        let client = kube::Client::new(service, "default");
        let log = Follow { source, is_previous: false, start: LogStart::First, stream: 0 };
        let mut tasks = tokio::task::JoinSet::new();
        let mut parts = read(&client, log, until, Session::default(), &mut tasks);
        let mut texts = Vec::new();
        loop {
            match parts.recv().await.unwrap() {
                LogPart::Lines(lines) => {
                    texts.extend(lines.iter().map(|(.., text)| String::from_utf8_lossy(text).into_owned()));
                }
                LogPart::Ended(outcome) => return (texts, outcome),
                LogPart::Gap(..) | LogPart::Broken(_) => {}
            }
        }
    });
    let asked = asked.lock().unwrap().clone();
    (texts, ended, asked)
}

const RUNS: &str = r#""restartCount":0,"state":{"running":{}}"#;
const OVER: &str = r#""restartCount":0,"state":{"terminated":{"exitCode":0}}"#;
/// Its first run ended at 03:00:09.
const AGAIN: &str = r#""restartCount":1,"state":{"running":{}},
    "lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-11-21T03:00:09Z"}}"#;
const ONE: &str = "2026-11-21T03:00:00.5Z one\n2026-11-21T03:00:00.5Z two\n";
const ALL: &str = "2026-11-21T03:00:00.5Z one\n2026-11-21T03:00:00.5Z two\n2026-11-21T03:00:00.5Z three\n";
const FORBIDDEN: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"etl-1\" is forbidden: no","reason":"Forbidden","code":403}"#;
const BUSY: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"later","code":503}"#;

#[test]
fn what_is_there_now_is_read_once_and_not_followed() {
    let (texts, ended, asked) = read_of(Until::Now, RUNS, vec![(200, ONE)]);
    assert_eq!((texts, ended, asked.len()), (vec!["one".into(), "two".into()], Ok(()), 1));
    assert!(!asked[0].contains("follow=true"), "{asked:?}");
}

#[test]
fn end_of_a_run_is_believed_once_nothing_new_comes() {
    let (texts, ended, asked) = read_of(Until::Now, OVER, vec![(200, ONE), (200, ALL), (200, ALL)]);
    assert_eq!((texts, ended), (vec!["one".into(), "two".into(), "three".into()], Ok(())));
    assert_eq!(asked.len(), 3);
    assert!(asked[1].contains("sinceTime=2026-11-21T03%3A00%3A00Z"), "{asked:?}");
}

#[test]
fn log_goes_on_where_it_broke_and_is_given_up_after_some_tries() {
    let (texts, ended, _) = read_of(Until::Now, OVER, vec![(200, ONE), (503, BUSY), (200, ALL)]);
    assert_eq!((texts, ended), (vec!["one".into(), "two".into(), "three".into()], Ok(())));
    let (texts, ended, asked) = read_of(Until::Now, OVER, vec![(503, BUSY)]);
    assert_eq!((texts.len(), ended.map_err(|failure| failure.cause)), (0, Err(Cause::Busy)));
    assert_eq!(asked.len(), 5);
}

#[test]
fn refusal_is_told_with_the_servers_words_also_where_it_was_to_be_followed() {
    for until in [Until::Now, Until::ContainerEnds] {
        let (_, ended, _) = read_of(until, RUNS, vec![(403, FORBIDDEN)]);
        let failure = ended.unwrap_err();
        assert_eq!(failure.cause, Cause::Denied);
        assert!(failure.message.contains("pods \"etl-1\" is forbidden: no"), "{failure:?}");
    }
}

#[test]
fn run_that_was_followed_by_another_meanwhile_is_read_as_the_one_before() {
    let (texts, ended, asked) = read_of(Until::Now, AGAIN, vec![(200, "2026-11-21T03:00:20Z other\n"), (200, ONE)]);
    assert_eq!((texts, ended), (vec!["one".into(), "two".into()], Ok(())));
    assert!(!asked[0].contains("previous=true") && asked[1].contains("previous=true"), "{asked:?}");
}
