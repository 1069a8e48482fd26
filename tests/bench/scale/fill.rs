//! Fills a control plane whose controllers are off with Jobs in every state, their Pods, Events and CronJobs.

use std::time::Instant;

use futures::StreamExt;
use http::Request;
use kube::Client;
use serde_json::{Value, json};

use crate::Size;

/// Requests under way at once; etcd is the limit, not the round trip.
const AT_ONCE: usize = 24;

/// Fills it, unless it holds as many Jobs already.
pub async fn fill(client: &Client, size: Size) {
    let started = Instant::now();
    let list: Value = get(client, "/apis/batch/v1/jobs?limit=1").await;
    let there = list["items"].as_array().map_or(0, Vec::len) as u64;
    let rest = list["metadata"]["remainingItemCount"].as_u64().unwrap_or(0);
    if there + rest == size.jobs as u64 {
        return;
    }
    assert_eq!(
        there, 0,
        "the cluster is half filled: end it with KUBATCH_CLUSTER_NAME=bench tests/cluster/cluster down"
    );
    for number in 0..size.namespaces {
        let name = namespace(number, size);
        post(client, "/api/v1/namespaces", json!({ "metadata": { "name": name } })).await;
        // The controller that makes it is off.
        let account = json!({ "metadata": { "name": "default" } });
        post(client, &format!("/api/v1/namespaces/{name}/serviceaccounts"), account).await;
    }
    let jobs = futures::stream::iter(0..size.jobs).map(|number| job(client, number, size));
    let uids: Vec<String> = jobs.buffered(AT_ONCE).collect().await;
    let pods = futures::stream::iter(0..size.pods).map(|number| pod(client, number, size, &uids));
    pods.buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
    let events = futures::stream::iter(0..size.events).map(|number| event(client, number, size, &uids));
    events.buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
    let cronjobs = futures::stream::iter(0..size.cronjobs).map(|number| cronjob(client, number, size));
    cronjobs.buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
    println!("filled in {:.0?}", started.elapsed());
}

/// The namespace of the object with this number.
pub fn namespace(number: usize, size: Size) -> String {
    format!("team-{}", number % size.namespaces)
}

/// The name of the Job with this number.
pub fn job_name(number: usize) -> String {
    format!("nightly-report-{number}")
}

pub async fn get(client: &Client, path: &str) -> Value {
    client.request(Request::get(path).body(Vec::new()).unwrap()).await.unwrap()
}

pub async fn send(client: &Client, method: &str, content: &str, path: &str, body: &Value) -> Value {
    let request = Request::builder().method(method).uri(path).header("content-type", content);
    client.request(request.body(body.to_string().into_bytes()).unwrap()).await.unwrap()
}

async fn post(client: &Client, path: &str, body: Value) -> Value {
    send(client, "POST", "application/json", path, &body).await
}

async fn set_status(client: &Client, path: &str, mut object: Value, status: Value) {
    object["status"] = status;
    send(client, "PUT", "application/json", &format!("{path}/status"), &object).await;
}

fn template() -> Value {
    json!({ "spec": { "restartPolicy": "Never", "containers": [container()] } })
}

fn container() -> Value {
    json!({
        "name": "main", "image": "registry.example/etl:v1.9", "command": ["/bin/etl", "--chunk", "10000"],
        "env": [{ "name": "REGION", "value": "eu-central-1" }],
        "resources": { "requests": { "cpu": "100m", "memory": "64Mi" }, "limits": { "memory": "512Mi" } },
    })
}

fn condition(kind: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": kind, "status": "True", "reason": reason, "message": message,
        "lastProbeTime": "2026-11-21T03:01:00Z", "lastTransitionTime": "2026-11-21T03:01:00Z",
    })
}

/// Of twenty Jobs one failed, one is suspended, one runs, the others are complete.
async fn job(client: &Client, number: usize, size: Size) -> String {
    let (namespace, name) = (namespace(number, size), job_name(number));
    let collection = format!("/apis/batch/v1/namespaces/{namespace}/jobs");
    let spec = json!({ "suspend": number % 20 == 1, "template": template() });
    let labels = json!({ "app": "etl", "team": namespace });
    let body = json!({ "metadata": { "name": name, "labels": labels }, "spec": spec });
    let made = post(client, &collection, body).await;
    let uid = made["metadata"]["uid"].as_str().unwrap().to_owned();
    let mut status = json!({ "startTime": "2026-11-21T03:00:00Z", "uncountedTerminatedPods": {} });
    match number % 20 {
        0 => {
            let why = ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
            status["failed"] = 1.into();
            status["conditions"] = json!([condition("FailureTarget", why.0, why.1), condition("Failed", why.0, why.1)]);
        }
        1 => return uid,
        2 => (status["active"], status["ready"]) = (1.into(), 1.into()),
        _ => {
            let why = ("CompletionsReached", "Reached expected number of succeeded pods");
            status["succeeded"] = 1.into();
            status["completionTime"] = "2026-11-21T03:01:00Z".into();
            let ends = ["SuccessCriteriaMet", "Complete"].map(|kind| condition(kind, why.0, why.1));
            status["conditions"] = json!(ends);
        }
    }
    set_status(client, &format!("{collection}/{name}"), made, status).await;
    uid
}

async fn pod(client: &Client, number: usize, size: Size, jobs: &[String]) {
    let owner = number % size.jobs;
    let (namespace, job, uid) = (namespace(owner, size), job_name(owner), &jobs[owner]);
    let name = format!("{job}-{:05}", number / size.jobs);
    let collection = format!("/api/v1/namespaces/{namespace}/pods");
    let labels = json!({
        "app": "etl", "job-name": job, "batch.kubernetes.io/job-name": job,
        "controller-uid": uid, "batch.kubernetes.io/controller-uid": uid,
    });
    let owner_reference = json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": uid,
        "controller": true, "blockOwnerDeletion": true,
    });
    let made = post(
        client,
        &collection,
        json!({
            "metadata": { "name": name, "labels": labels, "ownerReferences": [owner_reference] },
            "spec": {
                "restartPolicy": "Never", "automountServiceAccountToken": false,
                "nodeName": format!("node-{}", number % 100), "containers": [container()],
            },
        }),
    );
    let made = made.await;
    let (phase, end) = match owner % 20 {
        0 => ("Failed", json!({ "exitCode": 1, "reason": "Error" })),
        2 => ("Running", Value::Null),
        _ => ("Succeeded", json!({ "exitCode": 0, "reason": "Completed" })),
    };
    let state = match end {
        Value::Null => json!({ "running": { "startedAt": "2026-11-21T03:00:02Z" } }),
        mut end => {
            end["startedAt"] = "2026-11-21T03:00:02Z".into();
            end["finishedAt"] = "2026-11-21T03:00:50Z".into();
            end["containerID"] = format!("containerd://{}", "a".repeat(64)).into();
            json!({ "terminated": end })
        }
    };
    let condition =
        |kind: &str| json!({ "type": kind, "status": "True", "lastTransitionTime": "2026-11-21T03:00:00Z" });
    let status = json!({
        "phase": phase, "startTime": "2026-11-21T03:00:00Z", "hostIP": "10.0.0.1", "podIP": "10.1.2.3",
        "conditions": [condition("Initialized"), condition("PodScheduled")],
        "containerStatuses": [{
            "name": "main", "image": "registry.example/etl:v1.9", "imageID": format!("sha256:{}", "b".repeat(64)),
            "ready": false, "restartCount": 0, "started": false, "state": state,
        }],
    });
    set_status(client, &format!("{collection}/{name}"), made, status).await;
}

async fn event(client: &Client, number: usize, size: Size, jobs: &[String]) {
    let about = number % size.jobs;
    let (namespace, job) = (namespace(about, size), job_name(about));
    let body = json!({
        "metadata": { "name": format!("{job}.{number:016x}"), "namespace": namespace },
        "involvedObject": {
            "apiVersion": "batch/v1", "kind": "Job", "name": job, "namespace": namespace, "uid": jobs[about],
        },
        "reason": "SuccessfulCreate", "message": format!("Created pod: {job}-00000"), "type": "Normal", "count": 1,
        "firstTimestamp": "2026-11-21T03:00:00Z", "lastTimestamp": "2026-11-21T03:00:00Z",
        "source": { "component": "job-controller" },
    });
    post(client, &format!("/api/v1/namespaces/{namespace}/events"), body).await;
}

async fn cronjob(client: &Client, number: usize, size: Size) {
    let namespace = namespace(number, size);
    let body = json!({
        "metadata": { "name": format!("nightly-{number}") },
        "spec": { "schedule": "0 2 * * *", "timeZone": "Europe/Berlin", "jobTemplate": { "spec": { "template": template() } } },
    });
    post(client, &format!("/apis/batch/v1/namespaces/{namespace}/cronjobs"), body).await;
}
