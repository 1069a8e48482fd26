//! Answers to what triage asks beyond what is watched: one object, the names of a kind, the last lines of a log. All of
//! it is plain reading. Of Secrets nothing but metadata is asked for, and the server sends nothing else.

use http::{Request, header};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use serde_json::Value;

use super::execute::{self, collection};
use crate::model::clock::Time;
use crate::model::delta::Cause;
use crate::model::fact::{Answer, Fact, LastLine, Need};
use crate::model::mutation::Address;
use crate::model::styled_line::plain_line;

/// Lines of a log that are read from its end: a stack trace fits, and what a program writes when it shuts down.
const LINES: i64 = 200;

/// So many are read where more of them are too long.
const FEW_LINES: [i64; 2] = [20, 1];

/// Bytes of a log that are read at most, whatever its lines are.
const BYTES: i64 = 64 << 10;

/// Objects of a list that are read at most.
const OBJECTS: u32 = 500;

/// Asks the server.
pub(super) async fn answer(client: &kube::Client, need: &Need) -> Answer {
    match need {
        Need::Object(address) => Answer::Object(object(client, address).await),
        Need::Tail { run, namespace, pod_name, is_previous } => {
            let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
            let mut text = String::new();
            for lines in [LINES].into_iter().chain(FEW_LINES) {
                let params = LogParams {
                    container: Some(run.container.clone()),
                    previous: *is_previous,
                    tail_lines: Some(lines),
                    limit_bytes: Some(BYTES),
                    ..LogParams::default()
                };
                text = execute::answer("read a log", pods.logs(pod_name, &params)).await.unwrap_or_default();
                // What is over the limit is cut at its end, which is what matters.
                if i64::try_from(text.len()).is_ok_and(|length| length < BYTES) {
                    break;
                }
            }
            Answer::Tail(text.lines().map(|line| plain_line(line).into_owned()).collect())
        }
        Need::LastLine { run, namespace, pod_name } => {
            let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
            let params = LogParams {
                container: Some(run.container.clone()),
                tail_lines: Some(1),
                limit_bytes: Some(BYTES),
                timestamps: true,
                ..LogParams::default()
            };
            let text = execute::answer("read a log", pods.logs(pod_name, &params)).await;
            Answer::LastLine(text.map_or(LastLine::Unknown, |text| last_line(&text)))
        }
    }
}

/// When the last line was written: with `timestamps` each begins with its time (RFC 3339).
fn last_line(text: &str) -> LastLine {
    match text.lines().next_back() {
        None => LastLine::Never,
        Some(line) => {
            let (at, text) = line.split_once(' ').unwrap_or((line, ""));
            Time::parse(at).map_or(LastLine::Unknown, |at| LastLine::At(at, plain_line(text).into_owned()))
        }
    }
}

async fn object(client: &kube::Client, address: &Address) -> Fact {
    let path = match collection(client, address).await {
        Ok(path) => path,
        Err(refused) => return unreadable(refused.failure),
    };
    let path = match address.name.as_str() {
        "" => format!("{path}?limit={OBJECTS}"),
        name => format!("{path}/{name}"),
    };
    let form = match (address.kind.as_str(), address.name.as_str()) {
        ("Secret", "") => "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        ("Secret", _) => "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        _ => "application/json",
    };
    let doing = format!("get {address}");
    let request = match Request::get(path).header(header::ACCEPT, form).body(Vec::new()) {
        Ok(request) => request,
        Err(error) => return Fact::Unreadable(format!("cannot {doing}: {error}")),
    };
    match execute::answer(&doing, client.request::<Value>(request)).await {
        // A list of metadata has null where there is nothing.
        Ok(mut list) if address.name.is_empty() => match list["items"].take() {
            Value::Null => Fact::Found(Value::Array(Vec::new())),
            items => Fact::Found(items),
        },
        Ok(object) => Fact::Found(object),
        Err(failure) => unreadable(failure),
    }
}

fn unreadable(failure: crate::model::delta::Failure) -> Fact {
    match failure.cause {
        Cause::NotFound => Fact::Missing,
        _ => Fact::Unreadable(failure.message),
    }
}

#[cfg(test)]
mod tests {
    use http::Response;
    use http_body_util::Full;
    use kube::client::Body;
    use tower::service_fn;

    use super::*;
    use crate::model::fact::Run;
    use crate::model::key::Uid;

    /// When a run said something last, where the server answers with this code and text.
    fn last_line(code: u16, log: &'static str) -> LastLine {
        let service = service_fn(move |request: Request<Body>| async move {
            let query = request.uri().query().unwrap_or_default();
            assert!(query.contains("timestamps=true") && query.contains("tailLines=1"), "{query}");
            let answer = Response::builder().status(code).body(Full::new(bytes::Bytes::from(log))).unwrap();
            Ok::<_, tower::BoxError>(answer)
        });
        let run = Run { pod: Uid::new("p"), container: "main".into(), number: 0 };
        let need = Need::LastLine { run, namespace: "data".into(), pod_name: "etl-a".into() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(async { answer(&kube::Client::new(service, "data"), &need).await });
        let Answer::LastLine(last) = answer else { panic!("{answer:?}") };
        last
    }

    #[test]
    fn the_time_of_the_last_line_is_read_from_the_log() {
        let at = Time::parse("2026-05-04T02:03:11.5Z").unwrap();
        assert_eq!(
            last_line(200, "2026-05-04T02:03:11.500000000Z waiting for lock\n"),
            LastLine::At(at, "waiting for lock".to_owned())
        );
        assert_eq!(
            last_line(200, "2026-05-04T02:03:11.5Z \n"),
            LastLine::At(at, String::new()),
            "an empty line is one too"
        );
        assert_eq!(last_line(200, ""), LastLine::Never);
        assert_eq!(last_line(200, "failed to try resolving symlinks"), LastLine::Unknown);
        assert_eq!(last_line(404, "{}"), LastLine::Unknown);
    }
}
