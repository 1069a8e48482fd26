//! The contract of what nodes and controllers do: logs in every form that kubatch asks for, how runs end and what is
//! told of them, usage. A real cluster does what the command says, the embedded one what the annotation says.

use std::time::{Duration, Instant};

use kubatch::model::clock::Time;

use super::*;
use crate::support::PATIENCE;

suite![Server::living, Node:
    logs_are_answered_as_kubatch_asks,
    logs_are_followed_to_the_containers_end,
    complete_jobs_say_so,
    failed_jobs_say_why,
    running_pods_are_measured,
];

/// What the container prints: for the embedded cluster by its name, for a real one in a variable.
const PURGE: &str = include_str!("../../../assets/demo/logs/purge.log");
const ROTATE: &str = include_str!("../../../assets/demo/logs/rotate.log");

/// A Job of one container that does what the command and the behaviour say.
fn running_job(name: &str, policy: &str, command: &str, behaviour: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name },
        "spec": { "backoffLimit": 0, "template": {
            "metadata": { "annotations": { "demo.kubatch.dev/behaviour": behaviour } },
            "spec": {
                "restartPolicy": policy, "terminationGracePeriodSeconds": 0,
                "volumes": [{ "name": "kept", "emptyDir": {} }],
                "containers": [{
                    "name": "main", "image": "busybox:1.35", "command": ["sh", "-c", command],
                    "env": [{ "name": "PURGE", "value": PURGE }, { "name": "ROTATE", "value": ROTATE }],
                    "volumeMounts": [{ "name": "kept", "mountPath": "/kept" }],
                }],
            },
        } },
    })
}

impl Server {
    /// Asks again and again until the answer is as wanted.
    #[track_caller]
    fn wait(&self, path: &str, what: &str, is_met: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).expect(200);
            if is_met(&answer.body) {
                return answer.body;
            }
            assert!(Instant::now() < deadline, "{path} never was {what}: {}", answer.text);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for a Job's pod whose container is as wanted.
    #[track_caller]
    fn wait_for_pod(&self, job: &str, what: &str, is_met: impl Fn(&Value) -> bool) -> Value {
        let chosen = format!("{PODS}?labelSelector=batch.kubernetes.io%2Fjob-name%3D{job}");
        let pods = self.wait(&chosen, what, |pods| is_met(&pods["items"][0]["status"]["containerStatuses"][0]));
        pods["items"][0].clone()
    }

    /// Waits for a Job's end.
    #[track_caller]
    fn wait_for_end(&self, job: &str) -> Value {
        self.wait(&format!("{JOBS}/{job}"), "ended", |job| {
            let conditions = job["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
            conditions.iter().any(|one| one["type"] == "Complete" || one["type"] == "Failed")
        })
    }

    /// The reasons and notes of the events about an object, sorted.
    fn told_of(&self, kind: &str, name: &str) -> Vec<(String, String)> {
        let query = format!("regarding.kind%3D{kind}%2Cregarding.name%3D{name}");
        let events = self.get(&format!("/apis/events.k8s.io/v1/namespaces/{{ns}}/events?fieldSelector={query}"));
        let events = events.expect(200);
        let events = events.body["items"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut told: Vec<_> = events.map(|one| (text(&one["reason"]), text(&one["note"]))).collect();
        told.sort();
        told
    }
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

/// The types, reasons and messages of an object's conditions.
fn conditions(object: &Value) -> Vec<(&str, &str, &str)> {
    let all = object["status"]["conditions"].as_array().unwrap().iter();
    all.map(|one| ["type", "reason", "message"].map(|name| one[name].as_str().unwrap_or_default()).into()).collect()
}

/// Lines with times in front, as times and texts.
#[track_caller]
fn timed(log: &str) -> Vec<(&str, &str)> {
    let lines: Vec<_> = log.lines().map(|line| line.split_once(' ').unwrap()).collect();
    for (time, _) in &lines {
        assert!(Time::parse(time).is_some(), "{time} is no time");
    }
    lines
}

/// The texts of lines with times in front.
#[track_caller]
fn texts(log: &str) -> String {
    timed(log).iter().map(|(_, text)| format!("{text}\n")).collect()
}

fn logs_are_answered_as_kubatch_asks(server: &Server) {
    let command = "if [ -e /kept/once ]; then sleep 4; printf %s \"$ROTATE\"; \
                   else touch /kept/once; printf %s \"$PURGE\"; exit 3; fi";
    let behaviour = "main [try 1]: run 20s; log purge; exit 3\nmain: run 40s; log rotate";
    let mut job = running_job("a", "OnFailure", command, behaviour);
    job["spec"]["backoffLimit"] = json!(6);
    server.post(JOBS, &job).expect(201);
    let is_second = |main: &Value| main["restartCount"] == 1;
    let pod = server.wait_for_pod("a", "restarted", |main| is_second(main) && main["state"]["running"].is_object());
    let base = format!("{PODS}/{}/log?&container=main", name_of(&pod));
    let log = |more: &str| server.get(&format!("{base}{more}")).expect(200).text;
    // A node may throw the log of the run before away when the pod has ended.
    assert_eq!(log("&previous=true"), PURGE);
    let before = log("&previous=true&tailLines=500&timestamps=true");
    assert_eq!(texts(&before), PURGE);
    // As it is looked where a log begins.
    assert_eq!(log("&previous=true&timestamps=true&limitBytes=100"), before[..100]);
    server.wait_for_pod("a", "ended", |main| main["state"]["terminated"]["exitCode"] == 0);
    assert_eq!(log(""), ROTATE);
    // As a stream begins: the end of the log, which ends with the container.
    let whole = log("&follow=true&tailLines=500&timestamps=true");
    assert_eq!(texts(&whole), ROTATE);
    let whole = timed(&whole);
    assert_eq!(timed(&log("&follow=true&tailLines=2&timestamps=true")), whole[whole.len() - 2..]);
    // As a stream goes on: from a full second.
    let second = &whole.last().unwrap().0[..19];
    let later = log(&format!("&follow=true&sinceTime={}Z&timestamps=true", second.replace(':', "%3A")));
    let wanted: Vec<_> = whole.iter().copied().filter(|(time, _)| &time[..19] >= second).collect();
    assert_eq!(timed(&later), wanted);
    assert_eq!(log("&sinceTime=2999-01-01T00%3A00%3A00Z"), "");
    // A limit ends the answer, in the middle of a line and of a log that is followed.
    assert_eq!(log("&limitBytes=10"), ROTATE[..10]);
    assert_eq!(log("&follow=true&limitBytes=10"), ROTATE[..10]);
    assert_eq!(log("&tailLines=0"), "");
}

fn logs_are_followed_to_the_containers_end(server: &Server) {
    let command = "printf %s \"$PURGE\" | while read line; do echo \"$line\"; sleep 0.5; done";
    server.post(JOBS, &running_job("a", "Never", command, "main: run 30s; log purge")).expect(201);
    let pod = server.wait_for_pod("a", "running", |main| main["state"]["running"].is_object());
    let path = format!("{PODS}/{}/log?&container=main&follow=true&tailLines=500&timestamps=true", name_of(&pod));
    let followed = server.get(&path).expect(200).text;
    assert_eq!(texts(&followed), PURGE);
    let path = format!("{PODS}/{}/log?container=main&previous=true", name_of(&pod));
    server.get(&path).refuses(400, "BadRequest", "previous terminated container \"main\" in pod");
}

fn complete_jobs_say_so(server: &Server) {
    server.post(JOBS, &running_job("a", "Never", "true", "main: run 10s")).expect(201);
    let job = server.wait_for_end("a");
    let message = "Reached expected number of succeeded pods";
    assert_eq!(
        conditions(&job),
        [("SuccessCriteriaMet", "CompletionsReached", message), ("Complete", "CompletionsReached", message)]
    );
    let status = job["status"].as_object().unwrap();
    let mut fields: Vec<_> = status.keys().map(String::as_str).collect();
    fields.sort_unstable();
    let wanted =
        ["completionTime", "conditions", "ready", "startTime", "succeeded", "terminating", "uncountedTerminatedPods"];
    assert_eq!(fields, wanted);
    assert_eq!((&status["succeeded"], &status["ready"], &status["terminating"]), (&json!(1), &json!(0), &json!(0)));
    let pod = server.wait_for_pod("a", "ended", |main| main["state"]["terminated"].is_object());
    assert_eq!(pod["status"]["phase"], "Succeeded");
    let terminated = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!((&terminated["exitCode"], &terminated["reason"]), (&json!(0), &json!("Completed")));
    assert!(pod["metadata"].get("finalizers").is_none(), "{pod}");
    let name = name_of(&pod);
    let told = server.told_of("Job", "a");
    assert_eq!(told, pairs([("Completed", "Job completed"), ("SuccessfulCreate", &format!("Created pod: {name}"))]));
    let told = server.told_of("Pod", name);
    let node = pod["spec"]["nodeName"].as_str().unwrap();
    let placed = format!("Successfully assigned {}/{name} to {node}", server.namespace);
    let wanted = [("Created", "Container created"), ("Scheduled", &placed), ("Started", "Container started")];
    for wanted in pairs(wanted) {
        assert!(told.contains(&wanted), "{wanted:?} in {told:?}");
    }
    // Whether the image was there already is the node's own affair.
    assert!(told.iter().any(|(reason, note)| reason == "Pulled" && note.contains("\"busybox:1.35\"")), "{told:?}");
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> [(String, String); N] {
    pairs.map(|(reason, note)| (reason.to_owned(), note.to_owned()))
}

fn failed_jobs_say_why(server: &Server) {
    server.post(JOBS, &running_job("a", "Never", "exit 3", "main: run 10s; exit 3")).expect(201);
    let job = server.wait_for_end("a");
    let message = "Job has reached the specified backoff limit";
    assert_eq!(
        conditions(&job),
        [("FailureTarget", "BackoffLimitExceeded", message), ("Failed", "BackoffLimitExceeded", message)]
    );
    assert_eq!((&job["status"]["failed"], &job["status"]["completionTime"]), (&json!(1), &Value::Null));
    let pod = server.wait_for_pod("a", "ended", |main| main["state"]["terminated"].is_object());
    let terminated = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!((&terminated["exitCode"], &terminated["reason"]), (&json!(3), &json!("Error")));
    assert_eq!(pod["status"]["phase"], "Failed");
    let made = format!("Created pod: {}", name_of(&pod));
    let told = server.told_of("Job", "a");
    assert_eq!(told, pairs([("BackoffLimitExceeded", message), ("SuccessfulCreate", &made)]));
}

fn running_pods_are_measured(server: &Server) {
    if server.demo.is_none() && server.get("/apis/metrics.k8s.io/v1beta1").code == 404 {
        return; // an addition to a real server, which this one has not
    }
    server.post(JOBS, &running_job("a", "Never", "sleep 600", "main: run forever")).expect(201);
    let usage = "/apis/metrics.k8s.io/v1beta1/namespaces/{ns}/pods?&labelSelector=job-name+in+%28a%2Cb%29";
    let list = server.wait(usage, "measured", |list| !list["items"].as_array().unwrap().is_empty());
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("PodMetricsList"), &json!("metrics.k8s.io/v1beta1")));
    let measured = &list["items"][0];
    assert_eq!(measured["metadata"]["labels"]["job-name"], "a");
    assert_eq!(measured["containers"][0]["name"], "main");
    for resource in ["cpu", "memory"] {
        assert!(measured["containers"][0]["usage"][resource].is_string(), "{measured}");
    }
    assert!(measured["timestamp"].is_string() && measured["window"].is_string(), "{measured}");
}
