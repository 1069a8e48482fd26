//! Answers to what triage asks beyond what is watched: one object, the names of a kind, the last lines of a log. All of
//! it is plain reading. Of Secrets nothing but metadata is asked for, and the server sends nothing else.

use http::{Request, header};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use serde_json::Value;

use super::execute::{self, collection};
use crate::model::delta::Cause;
use crate::model::fact::{Answer, Fact, Need};
use crate::model::mutation::Address;

/// Lines of a log that are read from its end: a stack trace fits.
const LINES: i64 = 40;

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
            let params = LogParams {
                container: Some(run.container.clone()),
                previous: *is_previous,
                tail_lines: Some(LINES),
                limit_bytes: Some(BYTES),
                ..LogParams::default()
            };
            let text = execute::answer("read a log", pods.logs(pod_name, &params)).await.unwrap_or_default();
            Answer::Tail(text.lines().map(str::to_owned).collect())
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
