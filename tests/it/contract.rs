//! The contract: requests and the answers that matter, one suite for the embedded cluster and for a real one. Where
//! they differ, the embedded cluster is mended, or the difference stands with its reason in `src/demo/mod.rs`.
//!
//! Left out by name: exec, attach and port-forward, which the embedded cluster does not speak.

use std::sync::Arc;

use http::{Method, Request, header};
use http_body_util::BodyExt;
use kubatch::demo::Demo;
use kubatch::model::clock::{FastClock, SystemClock};
use kube::Client;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use crate::support::cluster::{Cluster, Need, Space, runtime};
use crate::{EndToEnd, Local};

/// Makes both lists of tests out of one list of functions: for this embedded cluster, and for a real one that has what
/// is needed.
macro_rules! suite {
    ($demo:path, $need:ident: $($name:ident),* $(,)?) => {
        pub const DEMO: &[Local] = &[$(Local {
            name: concat!("contract::demo::", stringify!($name)),
            run: || $name(&$demo()),
        }),*];
        pub const REAL: &[EndToEnd] = &[$(EndToEnd {
            name: concat!("contract::real::", stringify!($name)),
            need: Need::$need,
            run: |cluster| $name(&Server::real(cluster, stringify!($name))),
        }),*];
    };
}

pub mod requests;
pub mod runs;
pub mod writes;

suite![Server::demo, ControlPlane:
    create_fills_in_defaults,
    create_refuses_what_is_there_or_has_no_place,
    generated_names_begin_as_asked,
    unknown_fields_are_told_or_refused,
    wrong_types_are_refused,
    wrong_jobs_are_refused_field_by_field,
    wrong_policies_are_refused_field_by_field,
    copied_selectors_are_refused,
    wrong_cronjobs_are_refused_field_by_field,
    immutable_fields_stay,
    suspended_jobs_can_be_placed_anew,
    stale_writes_are_conflicts,
    patches_change_what_they_name,
    patches_that_do_not_fit_are_refused,
    dry_runs_change_nothing,
    apply_shares_fields_between_managers,
    apply_removes_what_it_no_longer_names,
    deletions_follow_their_policy,
    preconditions_are_checked,
    finalizers_hold_an_object,
    lists_come_in_pages_of_one_state,
    selectors_choose,
    watches_tell_changes,
    watches_begin_with_what_is_there,
    watches_of_a_selection_tell_who_leaves_it,
    old_versions_are_gone_and_future_ones_not_there_yet,
    status_is_written_apart,
    tables_have_kubectls_columns,
    metadata_can_be_asked_for_alone,
    events_have_two_versions,
    reviews_are_answered,
    discovery_names_the_kinds,
    unknown_things_are_not_found,
    pods_logs_are_refused_where_there_are_none,
];

/// A server with a namespace for the test.
struct Server {
    client: Client,
    namespace: String,
    /// The embedded cluster; None for a real one.
    demo: Option<Demo>,
    _space: Option<Space>,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    code: u16,
    body: Value,
    text: String,
    warnings: Vec<String>,
}

const JSON: &str = "application/json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const PATCH: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

impl Server {
    fn demo() -> Self {
        Self::embedded(Demo::default())
    }

    /// An embedded cluster with controllers and a node, whose time runs ten times as fast.
    fn living() -> Self {
        let _in_runtime = runtime().enter();
        Self::embedded(Demo::living(Arc::new(FastClock::new(SystemClock, 10)), 1, Some(0)))
    }

    fn embedded(demo: Demo) -> Self {
        demo.put(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "contract" } }));
        let _in_runtime = runtime().enter();
        let client = Client::new(demo.clone(), "contract");
        Self { client, namespace: "contract".into(), demo: Some(demo), _space: None }
    }

    fn real(cluster: &Cluster, name: &str) -> Self {
        let short: String = name.chars().filter(char::is_ascii_alphanumeric).take(30).collect();
        let space = cluster.space(&short);
        let client = runtime().block_on(async {
            let kubeconfig = Kubeconfig::read_from(&cluster.kubeconfig).unwrap();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
            let mut config = config.unwrap();
            // A refusal is what some of these tests want to see.
            config.default_retry = false;
            Client::try_from(config).unwrap()
        });
        Self { client, namespace: space.namespace.clone(), demo: None, _space: Some(space) }
    }

    /// Sends a request; `{ns}` in its path stands for the test's namespace.
    fn send(&self, method: &Method, path: &str, accept: &str, content: &str, body: String) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path.replace("{ns}", &self.namespace))
            .header(header::ACCEPT, accept)
            .header(header::CONTENT_TYPE, content)
            .header(header::USER_AGENT, "contract/1")
            .body(Body::from(body.into_bytes()))
            .unwrap();
        runtime().block_on(async {
            let answer = self.client.send(request).await.unwrap();
            let (head, body) = answer.into_parts();
            let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let warnings = head.headers.get_all(header::WARNING).iter();
            Answer {
                code: head.status.as_u16(),
                body: serde_json::from_str(&text).unwrap_or(Value::Null),
                text,
                warnings: warnings.map(|warning| warning.to_str().unwrap().to_owned()).collect(),
            }
        })
    }

    fn get(&self, path: &str) -> Answer {
        self.send(&Method::GET, path, JSON, JSON, String::new())
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(&Method::POST, path, JSON, JSON, body.to_string())
    }

    fn patch(&self, path: &str, kind: &str, body: &Value) -> Answer {
        self.send(&Method::PATCH, path, JSON, kind, body.to_string())
    }

    /// Without options there is no body.
    fn delete(&self, path: &str, options: &Value) -> Answer {
        let body = if options.is_null() { String::new() } else { options.to_string() };
        self.send(&Method::DELETE, path, JSON, JSON, body)
    }

    /// Makes a suspended Job, so that no controller starts anything.
    fn job(&self, name: &str) -> Value {
        self.post(JOBS, &job(name)).expect(201).body
    }
}

impl Answer {
    #[track_caller]
    fn expect(self, code: u16) -> Self {
        assert_eq!(self.code, code, "{}", self.text);
        self
    }

    /// What stands at a JSON pointer.
    #[track_caller]
    fn has(self, pointer: &str, wanted: Value) -> Self {
        assert_eq!(self.body.pointer(pointer), Some(&wanted), "{pointer} in {}", self.text);
        self
    }

    /// Nothing stands at a JSON pointer.
    #[track_caller]
    fn lacks(self, pointer: &str) -> Self {
        assert_eq!(self.body.pointer(pointer), None, "{pointer} in {}", self.text);
        self
    }

    /// A `Status` with this reason, whose message contains the words.
    #[track_caller]
    fn refuses(self, code: u16, reason: &str, words: &str) -> Self {
        let answer = self.expect(code).has("/kind", json!("Status")).has("/reason", json!(reason));
        let message = answer.body["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        answer
    }

    /// The fields that are refused, with the reasons, in their order.
    #[track_caller]
    fn blames(self, wanted: &[(&str, &str)]) -> Self {
        let answer = self.refuses(422, "Invalid", "is invalid");
        let causes = answer.body["details"]["causes"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let found: Vec<_> = causes.iter().map(|cause| (text(&cause["field"]), text(&cause["reason"]))).collect();
        let wanted: Vec<_> =
            wanted.iter().map(|(field, reason)| ((*field).into(), format!("FieldValue{reason}"))).collect();
        assert_eq!(found, wanted, "{}", answer.text);
        answer
    }

    /// The objects of a list by their names.
    fn names(&self) -> Vec<&str> {
        self.body["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect()
    }

    /// The events of a watch, bookmarks left out: type and name.
    fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let events = self.text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let events = events.filter(|event| event["type"] != "BOOKMARK");
        events.map(|event| (text(&event["type"]), text(&event["object"]["metadata"]["name"]))).collect()
    }
}

const JOBS: &str = "/apis/batch/v1/namespaces/{ns}/jobs";
const CRONJOBS: &str = "/apis/batch/v1/namespaces/{ns}/cronjobs";
const PODS: &str = "/api/v1/namespaces/{ns}/pods";
const CONFIGMAPS: &str = "/api/v1/namespaces/{ns}/configmaps";
const EVENTS: &str = "/api/v1/namespaces/{ns}/events";

fn template() -> Value {
    json!({ "spec": {
        "restartPolicy": "Never", "containers": [{ "name": "main", "image": "busybox:1.35", "command": ["true"] }],
    } })
}

fn job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name },
        "spec": { "suspend": true, "template": template() },
    })
}

fn job_with(name: &str, fields: Value) -> Value {
    let mut job = job(name);
    for (field, value) in fields.as_object().unwrap() {
        job["spec"][field] = value.clone();
    }
    job
}

fn cronjob(name: &str, fields: Value) -> Value {
    let mut cronjob = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": name },
        "spec": { "schedule": "0 0 1 1 *", "jobTemplate": { "spec": { "template": template() } } },
    });
    for (field, value) in fields.as_object().unwrap() {
        cronjob["spec"][field] = value.clone();
    }
    cronjob
}

fn configmap(name: &str, labels: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "labels": labels }, "data": { "a": "1" },
    })
}

fn create_fills_in_defaults(server: &Server) {
    let job = server.post(JOBS, &job("a")).expect(201);
    let uid = job.body["metadata"]["uid"].clone();
    let labels = json!({
        "batch.kubernetes.io/controller-uid": uid, "controller-uid": uid,
        "batch.kubernetes.io/job-name": "a", "job-name": "a",
    });
    let job = job
        .has("/metadata/generation", json!(1))
        .has("/metadata/namespace", json!(server.namespace))
        .has("/metadata/labels", labels.clone())
        .has("/spec/template/metadata/labels", labels)
        .has("/spec/selector/matchLabels", json!({ "batch.kubernetes.io/controller-uid": uid }))
        .has("/metadata/managedFields/0/manager", json!("contract"))
        .has("/metadata/managedFields/0/operation", json!("Update"))
        .has("/status", json!({}));
    let mut spec = job.body["spec"].clone();
    spec["selector"].take();
    spec["template"]["metadata"].take();
    let wanted = json!({
        "parallelism": 1, "completions": 1, "backoffLimit": 6, "manualSelector": false, "completionMode": "NonIndexed",
        "suspend": true, "podReplacementPolicy": "TerminatingOrFailed", "selector": null,
        "template": { "metadata": null, "spec": {
            "containers": [{
                "name": "main", "image": "busybox:1.35", "command": ["true"], "resources": {},
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "imagePullPolicy": "IfNotPresent",
            }],
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "securityContext": {}, "schedulerName": "default-scheduler",
        } },
    });
    assert_eq!(spec, wanted);
    server
        .post(CRONJOBS, &cronjob("c", json!({})))
        .expect(201)
        .has("/spec/concurrencyPolicy", json!("Allow"))
        .has("/spec/suspend", json!(false))
        .has("/spec/successfulJobsHistoryLimit", json!(3))
        .has("/spec/failedJobsHistoryLimit", json!(1))
        .has("/spec/jobTemplate/spec/template/spec/dnsPolicy", json!("ClusterFirst"))
        .lacks("/spec/jobTemplate/spec/backoffLimit");
    let indexed = job_with("i", json!({ "completions": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1 }));
    server.post(JOBS, &indexed).expect(201).has("/spec/backoffLimit", json!(i32::MAX));
    let queue = server.post(JOBS, &job_with("q", json!({ "parallelism": 2 }))).expect(201);
    queue.lacks("/spec/completions");
}

fn create_refuses_what_is_there_or_has_no_place(server: &Server) {
    server.job("a");
    server
        .post(JOBS, &job("a"))
        .refuses(409, "AlreadyExists", "jobs.batch \"a\" already exists")
        .has("/details/name", json!("a"))
        .has("/details/group", json!("batch"))
        .has("/details/kind", json!("jobs"));
    let nowhere = "/apis/batch/v1/namespaces/no-such-namespace/jobs";
    server.post(nowhere, &job("a")).refuses(404, "NotFound", "namespaces \"no-such-namespace\" not found");
    let mut elsewhere = job("b");
    elsewhere["metadata"]["namespace"] = json!("default");
    server.post(JOBS, &elsewhere).refuses(400, "BadRequest", "the namespace of the provided object does not match");
    server.post(JOBS, &cronjob("b", json!({}))).refuses(400, "BadRequest", "cannot be handled as a Job");
}

fn generated_names_begin_as_asked(server: &Server) {
    let mut run = job("a");
    run["metadata"] = json!({ "generateName": "run-" });
    let name = server.post(JOBS, &run).expect(201).body["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name.len() == 9 && name.starts_with("run-"), "{name}");
    let other = server.post(JOBS, &run).expect(201);
    assert_ne!(other.body["metadata"]["name"], name.as_str());
    run["metadata"] = json!({});
    server.post(JOBS, &run).blames(&[("metadata.name", "Required")]);
}

fn unknown_fields_are_told_or_refused(server: &Server) {
    let typo = job_with("a", json!({ "backofLimit": 1 }));
    server.post(&format!("{JOBS}?fieldValidation=Strict"), &typo).refuses(
        400,
        "BadRequest",
        "strict decoding error: unknown field \"spec.backofLimit\"",
    );
    let told = server.post(JOBS, &typo).expect(201).lacks("/spec/backofLimit");
    assert!(told.warnings[0].contains("unknown field \\\"spec.backofLimit\\\""), "{:?}", told.warnings);
    let quiet = job_with("b", json!({ "backofLimit": 1 }));
    assert!(server.post(&format!("{JOBS}?fieldValidation=Ignore"), &quiet).expect(201).warnings.is_empty());
    let patch = json!({ "spec": { "backofLimit": 2 } });
    let path = format!("{JOBS}/a?fieldValidation=Strict");
    server.patch(&path, MERGE, &patch).refuses(422, "Invalid", "unknown field \"spec.backofLimit\"");
    server.patch(&path, STRATEGIC, &patch).expect(422);
    let applied = json!({ "apiVersion": "batch/v1", "kind": "Job", "spec": { "backofLimit": 2 } });
    let refused = server.patch(&format!("{JOBS}/a?fieldManager=x"), APPLY, &applied).expect(500);
    assert!(refused.text.contains(".spec.backofLimit: field not declared in schema"), "{}", refused.text);
}

fn wrong_types_are_refused(server: &Server) {
    let wrong = job_with("a", json!({ "parallelism": "3" }));
    server.post(JOBS, &wrong).refuses(400, "BadRequest", "Job in version \"v1\" cannot be handled as a Job: json:");
    server.send(&Method::POST, JOBS, JSON, JSON, "nonsense".into()).refuses(400, "BadRequest", "must be of type Job");
    // A quantity may be a number.
    let mut job = job("b");
    job["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({ "limits": { "cpu": 1 } });
    let resources = "/spec/template/spec/containers/0/resources";
    server
        .post(JOBS, &job)
        .expect(201)
        .has(&format!("{resources}/limits"), json!({ "cpu": "1" }))
        .lacks(&format!("{resources}/requests"));
}

fn wrong_jobs_are_refused_field_by_field(server: &Server) {
    let mut wrong = job_with("B_x", json!({ "parallelism": -1, "completionMode": "Indexed", "backoffLimit": -2 }));
    wrong["spec"]["template"] = json!({ "spec": { "containers": [
        { "name": "main" }, { "image": "x", "volumeMounts": [{ "name": "v", "mountPath": "/v" }] },
    ] } });
    server.post(JOBS, &wrong).blames(&[
        ("metadata.name", "Invalid"),
        ("spec.parallelism", "Invalid"),
        ("spec.backoffLimit", "Invalid"),
        ("spec.completions", "Required"),
        ("spec.template.spec.containers[0].image", "Required"),
        ("spec.template.spec.containers[1].name", "Required"),
        ("spec.template.spec.containers[1].volumeMounts[0].name", "NotFound"),
        ("spec.template.spec.restartPolicy", "Required"),
    ]);
    let empty = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "c" } });
    server
        .post(JOBS, &empty)
        .blames(&[("spec.template.spec.containers", "Required"), ("spec.template.spec.restartPolicy", "Required")]);
    let mut always = job("d");
    always["spec"]["template"]["spec"]["restartPolicy"] = json!("Always");
    server.post(JOBS, &always).blames(&[("spec.template.spec.restartPolicy", "Required")]);
    let mut greedy = job("e");
    greedy["spec"]["template"]["spec"]["containers"][0]["resources"] =
        json!({ "requests": { "cpu": "2" }, "limits": { "cpu": "1" } });
    server.post(JOBS, &greedy).blames(&[("spec.template.spec.containers[0].resources.requests", "Invalid")]).refuses(
        422,
        "Invalid",
        "must be less than or equal to cpu limit of 1",
    );
    let long = "x".repeat(64);
    server.post(JOBS, &job(&long)).refuses(422, "Invalid", "must be no more than 63");
    let mut indexed = job_with(&"x".repeat(62), json!({ "completions": 10, "completionMode": "Indexed" }));
    server.post(JOBS, &indexed).refuses(422, "Invalid", "metadata.name");
    indexed["metadata"]["name"] = json!("x".repeat(61));
    server.post(JOBS, &indexed).expect(201);
}

fn wrong_policies_are_refused_field_by_field(server: &Server) {
    let mut wrong = job_with(
        "a",
        json!({
            "backoffLimitPerIndex": 1, "maxFailedIndexes": 1, "successPolicy": { "rules": [] },
            "podReplacementPolicy": "TerminatingOrFailed",
            "podFailurePolicy": { "rules": [
                { "action": "FailIndex", "onExitCodes": { "operator": "In", "values": [0, 3, 2] } },
                { "action": "Ignore" },
                { "action": "Count", "onExitCodes": { "containerName": "zz", "operator": "NotIn", "values": [] } },
            ] },
        }),
    );
    wrong["spec"]["template"]["spec"]["restartPolicy"] = json!("OnFailure");
    server.post(JOBS, &wrong).blames(&[
        ("spec.backoffLimitPerIndex", "Invalid"),
        ("spec.maxFailedIndexes", "Invalid"),
        ("spec.podFailurePolicy.rules[0].onExitCodes.values[0]", "Invalid"),
        ("spec.podFailurePolicy.rules[0].onExitCodes.values", "Invalid"),
        ("spec.podFailurePolicy.rules[1]", "Invalid"),
        ("spec.podFailurePolicy.rules[2].onExitCodes.containerName", "Invalid"),
        ("spec.podFailurePolicy.rules[2].onExitCodes.values", "Invalid"),
        ("spec.successPolicy", "Invalid"),
        ("spec.podReplacementPolicy", "NotSupported"),
        ("spec.template.spec.restartPolicy", "Invalid"),
    ]);
    let wrong = job_with(
        "b",
        json!({
            "completions": 2, "completionMode": "Indexed", "maxFailedIndexes": 1, "managedBy": "foo",
            "successPolicy": { "rules": [{ "succeededIndexes": "0-5", "succeededCount": 9 }] },
        }),
    );
    server.post(JOBS, &wrong).blames(&[
        ("spec.backoffLimitPerIndex", "Required"),
        ("spec.managedBy", "Invalid"),
        ("spec.successPolicy.rules[0].succeededIndexes", "Invalid"),
        ("spec.successPolicy.rules[0].succeededCount", "Invalid"),
        ("spec.successPolicy.rules[0].succeededCount", "Invalid"),
    ]);
    let fine = json!({
        "podFailurePolicy": { "rules": [{ "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget" }] }] },
    });
    server
        .post(JOBS, &job_with("c", fine))
        .expect(201)
        .has("/spec/podFailurePolicy/rules/0/onPodConditions/0/status", json!("True"))
        .has("/spec/podReplacementPolicy", json!("Failed"));
}

fn copied_selectors_are_refused(server: &Server) {
    let mut copy = server.job("a");
    copy["metadata"] = json!({ "name": "b" });
    copy["status"].take();
    server.post(JOBS, &copy).blames(&[
        ("spec.template.metadata.labels[controller-uid]", "Invalid"),
        ("spec.template.metadata.labels[job-name]", "Invalid"),
        ("spec.template.metadata.labels[batch.kubernetes.io/controller-uid]", "Invalid"),
        ("spec.template.metadata.labels[batch.kubernetes.io/job-name]", "Invalid"),
        ("spec.selector", "Invalid"),
    ]);
}

fn wrong_cronjobs_are_refused_field_by_field(server: &Server) {
    let mut wrong = cronjob(
        "c",
        json!({
            "schedule": "0 0 * * 7", "timeZone": "Nope/X", "concurrencyPolicy": "No", "startingDeadlineSeconds": -1,
            "successfulJobsHistoryLimit": -1,
        }),
    );
    wrong["spec"]["jobTemplate"]["spec"]["manualSelector"] = json!(true);
    wrong["spec"]["jobTemplate"]["spec"]["selector"] = json!({ "matchLabels": { "a": "b" } });
    server.post(CRONJOBS, &wrong).blames(&[
        ("spec.schedule", "Invalid"),
        ("spec.startingDeadlineSeconds", "Invalid"),
        ("spec.timeZone", "Invalid"),
        ("spec.concurrencyPolicy", "NotSupported"),
        ("spec.jobTemplate.spec.selector", "Invalid"),
        ("spec.jobTemplate.spec.manualSelector", "NotSupported"),
        ("spec.successfulJobsHistoryLimit", "Invalid"),
    ]);
    let zoned = cronjob("c", json!({ "schedule": "TZ=UTC 0 0 * * 1" }));
    server.post(CRONJOBS, &zoned).refuses(422, "Invalid", "cannot use TZ or CRON_TZ in schedule");
    let long = cronjob(&"x".repeat(53), json!({}));
    server.post(CRONJOBS, &long).refuses(422, "Invalid", "must be no more than 52 characters");
    server.post(CRONJOBS, &cronjob("c", json!({ "schedule": "" }))).blames(&[("spec.schedule", "Required")]);
}

fn immutable_fields_stay(server: &Server) {
    server.job("a");
    let path = format!("{JOBS}/a");
    let image = json!({ "spec": { "template": { "spec": { "containers": [{ "name": "main", "image": "x:1" }] } } } });
    server.patch(&path, STRATEGIC, &image).blames(&[("spec.template.spec", "Invalid")]).refuses(
        422,
        "Invalid",
        "field is immutable",
    );
    server.patch(&path, MERGE, &json!({ "spec": { "completions": 4 } })).blames(&[("spec.completions", "Invalid")]);
    let mode = json!({ "spec": { "completionMode": "Indexed" } });
    server.patch(&path, MERGE, &mode).blames(&[("spec.completionMode", "Invalid")]);
    let may = json!({ "spec": { "parallelism": 3, "activeDeadlineSeconds": 60, "ttlSecondsAfterFinished": 5,
        "backoffLimit": 2 } });
    server
        .patch(&path, MERGE, &may)
        .expect(200)
        .has("/spec/parallelism", json!(3))
        .has("/metadata/generation", json!(2));
    let elastic = job_with("i", json!({ "completions": 2, "parallelism": 2, "completionMode": "Indexed" }));
    server.post(JOBS, &elastic).expect(201);
    let path = format!("{JOBS}/i");
    let alone = json!({ "spec": { "completions": 3 } });
    server.patch(&path, MERGE, &alone).refuses(422, "Invalid", "can only be modified in tandem with spec.parallelism");
    server.patch(&path, MERGE, &json!({ "spec": { "completions": 3, "parallelism": 3 } })).expect(200);
}

fn suspended_jobs_can_be_placed_anew(server: &Server) {
    server.job("a");
    let place = json!({ "spec": { "template": { "spec": {
        "nodeSelector": { "disk": "ssd" }, "tolerations": [{ "key": "gpu", "operator": "Exists" }],
    } } } });
    server.patch(&format!("{JOBS}/a"), STRATEGIC, &place).expect(200);
}

fn stale_writes_are_conflicts(server: &Server) {
    let first = server.post(CONFIGMAPS, &configmap("a", json!({}))).expect(201).body;
    let path = format!("{CONFIGMAPS}/a");
    server.patch(&path, MERGE, &json!({ "data": { "a": "2" } })).expect(200);
    let mut stale = first.clone();
    stale["data"]["a"] = json!("3");
    let put = |object: &Value| server.send(&Method::PUT, &path, JSON, JSON, object.to_string());
    put(&stale).refuses(409, "Conflict", "the object has been modified; please apply your changes");
    let patch =
        json!({ "metadata": { "resourceVersion": first["metadata"]["resourceVersion"] }, "data": { "a": "3" } });
    server.patch(&path, MERGE, &patch).refuses(409, "Conflict", "Operation cannot be fulfilled on configmaps \"a\"");
    stale["metadata"]["resourceVersion"].take();
    put(&stale).expect(200).has("/data/a", json!("3"));
    // Another object of the same name: a patch calls it invalid, a replacement a conflict.
    let uid = json!({ "metadata": { "uid": "another" }, "data": { "a": "4" } });
    server.patch(&path, MERGE, &uid).refuses(
        422,
        "Invalid",
        "metadata.uid: Invalid value: \"another\": field is immutable",
    );
    let mut another = stale.clone();
    another["metadata"]["uid"] = json!("another");
    put(&another).refuses(409, "Conflict", "Precondition failed: UID in precondition: another");
    server.get(&path).expect(200).has("/data/a", json!("3"));
    let mut other = stale.clone();
    other["metadata"]["name"] = json!("b");
    put(&other).refuses(400, "BadRequest", "the name of the object");
}

fn patches_change_what_they_name(server: &Server) {
    server.job("a");
    let path = format!("{JOBS}/a");
    server.patch(&path, MERGE, &json!({ "spec": { "suspend": true, "parallelism": 2 } })).expect(200);
    let operations = json!([
        { "op": "test", "path": "/spec/parallelism", "value": 2 },
        { "op": "replace", "path": "/spec/parallelism", "value": 4 },
        { "op": "add", "path": "/metadata/annotations", "value": { "note": "x" } },
    ]);
    server.patch(&path, PATCH, &operations).expect(200).has("/spec/parallelism", json!(4));
    let gone = json!({ "metadata": { "annotations": { "note": null } } });
    server.patch(&path, STRATEGIC, &gone).expect(200).lacks("/metadata/annotations");
    // What changes nothing makes no new version.
    let made = server.post(CONFIGMAPS, &configmap("same", json!({}))).expect(201).body;
    server
        .patch(&format!("{CONFIGMAPS}/same"), MERGE, &json!({ "data": { "a": "1" } }))
        .expect(200)
        .has("/metadata/resourceVersion", made["metadata"]["resourceVersion"].clone());
    server.post(CRONJOBS, &cronjob("c", json!({}))).expect(201);
    let variable = json!({ "spec": { "jobTemplate": { "spec": { "template": { "spec": { "containers": [
        { "name": "main", "env": [{ "name": "A", "value": "1" }] },
        { "name": "side", "image": "busybox:1.35" },
    ] } } } } } });
    let pod = "/spec/jobTemplate/spec/template/spec";
    let patched = server.patch(&format!("{CRONJOBS}/c"), STRATEGIC, &variable).expect(200);
    let names: Vec<&Value> = patched
        .body
        .pointer(&format!("{pod}/containers"))
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert!(names.contains(&&json!("main")) && names.contains(&&json!("side")) && names.len() == 2, "{names:?}");
    let without = json!({ "spec": { "jobTemplate": { "spec": { "template": { "spec": { "containers": [
        { "name": "side", "$patch": "delete" },
    ] } } } } } });
    server
        .patch(&format!("{CRONJOBS}/c"), STRATEGIC, &without)
        .expect(200)
        .has(&format!("{pod}/containers/0/env"), json!([{ "name": "A", "value": "1" }]))
        .has(&format!("{pod}/containers/0/image"), json!("busybox:1.35"))
        .lacks(&format!("{pod}/containers/1"));
}

fn patches_that_do_not_fit_are_refused(server: &Server) {
    server.job("a");
    let path = format!("{JOBS}/a");
    let test = json!([{ "op": "test", "path": "/spec/suspend", "value": false }]);
    server.patch(&path, PATCH, &test).expect(422).has("/reason", json!("Invalid"));
    server.patch(&path, PATCH, &json!([{ "op": "remove", "path": "/spec/nope" }])).expect(422);
    for nonsense in
        [json!([{ "op": "replace", "path": "/metadata", "value": "x" }]), json!([{ "op": "remove", "path": "" }])]
    {
        let answer = server.patch(&path, PATCH, &nonsense);
        assert!((400..500).contains(&answer.code), "{answer:?}");
    }
    let answer = server.patch(&path, MERGE, &json!("text"));
    assert!((400..500).contains(&answer.code), "{answer:?}");
    server.patch(&path, "text/plain", &json!({})).expect(415).has("/reason", json!("UnsupportedMediaType"));
    server.patch(&format!("{JOBS}/nope"), MERGE, &json!({})).refuses(404, "NotFound", "jobs.batch \"nope\" not found");
    let applied = json!({ "apiVersion": "batch/v1", "kind": "Job", "spec": { "suspend": true } });
    server.patch(&path, APPLY, &applied).refuses(422, "Invalid", "fieldManager: Required value");
}

fn dry_runs_change_nothing(server: &Server) {
    server.post(&format!("{JOBS}?dryRun=All"), &job("a")).expect(201).has("/spec/backoffLimit", json!(6));
    server.get(&format!("{JOBS}/a")).expect(404);
    let before = server.job("a");
    let patch = json!({ "metadata": { "annotations": { "x": "y" } } });
    server.patch(&format!("{JOBS}/a?dryRun=All"), MERGE, &patch).expect(200).has("/metadata/annotations/x", json!("y"));
    let wrong = json!({ "spec": { "parallelism": -1 } });
    server.patch(&format!("{JOBS}/a?dryRun=All"), MERGE, &wrong).expect(422);
    let options = json!({ "dryRun": ["All"], "propagationPolicy": "Background" });
    server.delete(&format!("{JOBS}/a"), &options).expect(200);
    server.delete(&format!("{JOBS}/a?dryRun=All&propagationPolicy=Background"), &Value::Null).expect(200);
    server
        .get(&format!("{JOBS}/a"))
        .expect(200)
        .has("/metadata/uid", before["metadata"]["uid"].clone())
        .lacks("/metadata/annotations");
    // Options in a body make those of the query count for nothing.
    server.delete(&format!("{JOBS}/a?dryRun=All"), &json!({ "propagationPolicy": "Background" })).expect(200);
    gone(server, &format!("{JOBS}/a"));
}

fn apply_shares_fields_between_managers(server: &Server) {
    let path = |manager: &str, force: &str| format!("{CONFIGMAPS}/a?fieldManager={manager}{force}");
    let config =
        |data: Value| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": data });
    server
        .patch(&path("one", ""), APPLY, &config(json!({ "x": "1" })))
        .expect(201)
        .has("/metadata/managedFields/0/manager", json!("one"))
        .has("/metadata/managedFields/0/operation", json!("Apply"))
        .has("/metadata/managedFields/0/fieldsV1", json!({ "f:data": { "f:x": {} } }));
    server
        .patch(&path("two", ""), APPLY, &config(json!({ "x": "2" })))
        .refuses(409, "Conflict", "Apply failed with 1 conflict: conflict with \"one\": .data.x")
        .has("/details/causes/0/reason", json!("FieldManagerConflict"))
        .has("/details/causes/0/field", json!(".data.x"));
    // The same value is no conflict: both hold it.
    server.patch(&path("two", ""), APPLY, &config(json!({ "x": "1", "y": "1" }))).expect(200);
    let forced = server.patch(&path("two", "&force=true"), APPLY, &config(json!({ "x": "2" }))).expect(200);
    let forced = forced.has("/data", json!({ "x": "2" }));
    let managers = forced.body["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(managers.len(), 1, "{managers:?}");
    assert_eq!(managers[0]["manager"], "two");
    // Another kind of write takes a field without asking.
    server.patch(&format!("{CONFIGMAPS}/a?fieldManager=three"), MERGE, &json!({ "data": { "x": "3" } })).expect(200);
    server.patch(&path("two", ""), APPLY, &config(json!({ "x": "2" }))).refuses(
        409,
        "Conflict",
        "conflict with \"three\" using v1: .data.x",
    );
}

fn apply_removes_what_it_no_longer_names(server: &Server) {
    let applied = |env: Value| {
        let mut cronjob = cronjob("c", json!({}));
        cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"] = env;
        server.patch(&format!("{CRONJOBS}/c?fieldManager=one"), APPLY, &cronjob)
    };
    let env = "/spec/jobTemplate/spec/template/spec/containers/0/env";
    applied(json!([{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }])).expect(201);
    applied(json!([{ "name": "B", "value": "3" }])).expect(200).has(env, json!([{ "name": "B", "value": "3" }]));
    let same = applied(json!([{ "name": "B", "value": "3" }])).expect(200);
    let version = same.body["metadata"]["resourceVersion"].clone();
    applied(json!([{ "name": "B", "value": "3" }])).expect(200).has("/metadata/resourceVersion", version);
    // Values are compared as they are written: a quantity as a number is not the one that was kept as text.
    let mut counted = cronjob("c", json!({}));
    let container = &mut counted["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    container["resources"] = json!({ "limits": { "cpu": 1 } });
    server.patch(&format!("{CRONJOBS}/c?fieldManager=one"), APPLY, &counted).expect(200);
    server.patch(&format!("{CRONJOBS}/c?fieldManager=two"), APPLY, &counted).refuses(
        409,
        "Conflict",
        "containers[name=\"main\"].resources.limits.cpu",
    );
}

/// A ConfigMap that belongs to another.
fn owned(name: &str, owner: &Value, blocks: bool) -> Value {
    let mut object = configmap(name, json!({}));
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": blocks,
    }]);
    object
}

/// Waits until a path is gone: the real garbage collector takes a moment.
#[track_caller]
fn gone(server: &Server, path: &str) {
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while server.get(path).code != 404 {
        assert!(std::time::Instant::now() < deadline, "{path} is still there");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn deletions_follow_their_policy(server: &Server) {
    for policy in ["Background", "Foreground", "Orphan"] {
        let owner = server.post(CONFIGMAPS, &configmap("owner", json!({}))).expect(201).body;
        server.post(CONFIGMAPS, &owned("child", &owner, true)).expect(201);
        server.delete(&format!("{CONFIGMAPS}/owner"), &json!({ "propagationPolicy": policy })).expect(200);
        gone(server, &format!("{CONFIGMAPS}/owner"));
        if policy == "Orphan" {
            server.get(&format!("{CONFIGMAPS}/child")).expect(200).lacks("/metadata/ownerReferences");
        } else {
            gone(server, &format!("{CONFIGMAPS}/child"));
        }
    }
    // Jobs keep their pods unless told otherwise, and say so.
    server.job("a");
    let deleted = server.delete(&format!("{JOBS}/a"), &json!({})).expect(200);
    assert!(deleted.warnings[0].contains("child pods are preserved by default"), "{:?}", deleted.warnings);
    server.job("b");
    server
        .delete(&format!("{JOBS}/b"), &json!({ "propagationPolicy": "Background" }))
        .expect(200)
        .has("/kind", json!("Status"))
        .has("/status", json!("Success"))
        .has("/details/name", json!("b"))
        .has("/details/kind", json!("jobs"));
    server.delete(&format!("{JOBS}/b"), &json!({})).refuses(404, "NotFound", "jobs.batch \"b\" not found");
    server.post(CONFIGMAPS, &configmap("x", json!({ "set": "1" }))).expect(201);
    server.send(&Method::DELETE, &format!("{CONFIGMAPS}?labelSelector=set%3D1"), JSON, JSON, String::new()).expect(200);
    server.get(&format!("{CONFIGMAPS}/x")).expect(404);
    server.get(&format!("{CONFIGMAPS}/child")).expect(200);
}

fn preconditions_are_checked(server: &Server) {
    let made = server.post(CONFIGMAPS, &configmap("a", json!({}))).expect(201).body;
    let path = format!("{CONFIGMAPS}/a");
    server.delete(&path, &json!({ "preconditions": { "uid": "x" } })).refuses(
        409,
        "Conflict",
        "the UID in the precondition (x) does not match the UID in record",
    );
    server.delete(&path, &json!({ "preconditions": { "resourceVersion": "1" } })).expect(409);
    server.delete(&path, &json!({ "preconditions": { "uid": made["metadata"]["uid"] } })).expect(200);
}

fn finalizers_hold_an_object(server: &Server) {
    let mut held = configmap("a", json!({}));
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    server.post(CONFIGMAPS, &held).expect(201);
    let path = format!("{CONFIGMAPS}/a");
    server.delete(&path, &json!({})).expect(200);
    let going = server.get(&path).expect(200).has("/metadata/finalizers", json!(["example.com/hold"]));
    assert!(going.body["metadata"]["deletionTimestamp"].is_string(), "{}", going.text);
    server.patch(&path, MERGE, &json!({ "metadata": { "finalizers": null } })).expect(200);
    server.get(&path).expect(404);
}

fn lists_come_in_pages_of_one_state(server: &Server) {
    for name in ["a", "b", "c", "d"] {
        server.post(CONFIGMAPS, &configmap(name, json!({ "set": "pages" }))).expect(201);
    }
    let query = format!("{CONFIGMAPS}?labelSelector=set%3Dpages&limit=2");
    let first = server.get(&query).expect(200).has("/kind", json!("ConfigMapList")).has("/apiVersion", json!("v1"));
    assert_eq!(first.names(), ["a", "b"]);
    server.delete(&format!("{CONFIGMAPS}/c"), &json!({})).expect(200);
    let token = first.body["metadata"]["continue"].as_str().unwrap();
    let second = server.get(&format!("{query}&continue={token}")).expect(200);
    assert_eq!(second.names(), ["c", "d"], "the list is that of its first page");
    assert_eq!(first.body["metadata"]["resourceVersion"], second.body["metadata"]["resourceVersion"]);
    let now = server.get(&format!("{CONFIGMAPS}?labelSelector=set%3Dpages")).expect(200);
    assert_eq!(now.names(), ["a", "b", "d"]);
    server.get(&format!("{CONFIGMAPS}?limit=1&continue=abc")).refuses(400, "BadRequest", "continue");
}

fn selectors_choose(server: &Server) {
    server.post(CONFIGMAPS, &configmap("a", json!({ "app": "x", "tier": "1" }))).expect(201);
    server.post(CONFIGMAPS, &configmap("b", json!({ "app": "y" }))).expect(201);
    for (query, wanted) in [
        ("labelSelector=app%3Dx", vec!["a"]),
        ("labelSelector=app+in+%28x%2Cy%29%2C%21tier", vec!["b"]),
        ("labelSelector=app+notin+%28x%29%2Capp", vec!["b"]),
        ("labelSelector=app%21%3Dy%2Ctier", vec!["a"]),
        ("fieldSelector=metadata.name%3Db", vec!["b"]),
        ("fieldSelector=metadata.name%21%3Db&labelSelector=app", vec!["a"]),
    ] {
        assert_eq!(server.get(&format!("{CONFIGMAPS}?{query}")).expect(200).names(), wanted, "{query}");
    }
    server.get(&format!("{CONFIGMAPS}?labelSelector=a%3D%3D%3Db")).refuses(
        400,
        "BadRequest",
        "unable to parse requirement",
    );
    server.get(&format!("{JOBS}?fieldSelector=spec.foo%3Db")).refuses(
        400,
        "BadRequest",
        "field label \"spec.foo\" not supported for Job",
    );
    server.job("j");
    assert_eq!(server.get(&format!("{JOBS}?fieldSelector=status.successful%3D0")).expect(200).names(), ["j"]);
}

/// The names of a test's own: a real namespace holds a ConfigMap of the cluster too.
const OWN: &str = "labelSelector=own%3Dyes";

fn own(name: &str) -> Value {
    configmap(name, json!({ "own": "yes" }))
}

fn told(events: &[(&str, &str)]) -> Vec<(String, String)> {
    events.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect()
}

fn watches_tell_changes(server: &Server) {
    let list = server.get(&format!("{CONFIGMAPS}?{OWN}")).expect(200);
    let from = list.body["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    server.post(CONFIGMAPS, &own("a")).expect(201);
    server.patch(&format!("{CONFIGMAPS}/a"), MERGE, &json!({ "data": { "b": "2" } })).expect(200);
    server.delete(&format!("{CONFIGMAPS}/a"), &json!({})).expect(200);
    let watch =
        format!("{CONFIGMAPS}?watch=true&{OWN}&resourceVersion={from}&timeoutSeconds=1&allowWatchBookmarks=true");
    let watched = server.get(&watch).expect(200);
    assert_eq!(watched.told(), told(&[("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]), "{}", watched.text);
    let last: Value = serde_json::from_str(watched.text.lines().nth(2).unwrap()).unwrap();
    let version: u64 = last["object"]["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!(version > from.parse().unwrap(), "a deletion has a version of its own");
}

fn watches_begin_with_what_is_there(server: &Server) {
    server.post(CONFIGMAPS, &own("a")).expect(201);
    let plain = server.get(&format!("{CONFIGMAPS}?watch=true&{OWN}&timeoutSeconds=1")).expect(200);
    assert_eq!(plain.told(), told(&[("ADDED", "a")]));
    let streaming = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan";
    let streamed = server.get(&format!("{CONFIGMAPS}?{streaming}&{OWN}&timeoutSeconds=1")).expect(200);
    let events: Vec<Value> = streamed.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["type"], "ADDED");
    assert_eq!(events[1]["type"], "BOOKMARK");
    assert_eq!(events[1]["object"]["kind"], "ConfigMap");
    assert_eq!(events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    let without = format!("{CONFIGMAPS}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=1");
    server.get(&without).refuses(422, "Invalid", "sendInitialEvents");
}

fn watches_of_a_selection_tell_who_leaves_it(server: &Server) {
    let list = server.get(&format!("{CONFIGMAPS}?{OWN}")).expect(200);
    let from = list.body["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    server.post(CONFIGMAPS, &configmap("a", json!({}))).expect(201);
    let path = format!("{CONFIGMAPS}/a");
    server.patch(&path, MERGE, &json!({ "metadata": { "labels": { "own": "yes" } } })).expect(200);
    server.patch(&path, MERGE, &json!({ "metadata": { "labels": { "own": "no" } } })).expect(200);
    let watch = format!("{CONFIGMAPS}?watch=true&{OWN}&resourceVersion={from}&timeoutSeconds=1");
    assert_eq!(server.get(&watch).expect(200).told(), told(&[("ADDED", "a"), ("DELETED", "a")]));
}

fn old_versions_are_gone_and_future_ones_not_there_yet(server: &Server) {
    server.get(&format!("{JOBS}?resourceVersion=999999999")).refuses(504, "Timeout", "Too large resource version");
}

fn status_is_written_apart(server: &Server) {
    server.job("a");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
        "spec": { "nodeName": "no-such-node", "containers": [{ "name": "main", "image": "busybox:1.35" }] },
    });
    server.post(PODS, &pod).expect(201).has("/status/phase", json!("Pending"));
    let status = json!({ "status": { "phase": "Failed", "reason": "Evicted" } });
    let patched = server.patch(&format!("{PODS}/p"), MERGE, &status).expect(200);
    assert_ne!(patched.body["status"]["phase"], "Failed", "only /status writes the status");
    server
        .patch(&format!("{PODS}/p/status"), MERGE, &status)
        .expect(200)
        .has("/status/reason", json!("Evicted"))
        .has("/metadata/generation", json!(1));
    let spec = json!({ "spec": { "suspend": false } });
    server.patch(&format!("{JOBS}/a/status"), MERGE, &spec).expect(200).has("/spec/suspend", json!(true));
    let other = json!({ "spec": { "nodeName": "other" } });
    server.patch(&format!("{PODS}/p"), MERGE, &other).blames(&[("spec", "Forbidden")]).refuses(
        422,
        "Invalid",
        "pod updates may not change fields other than",
    );
}

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

fn tables_have_kubectls_columns(server: &Server) {
    server.job("a");
    server.post(CRONJOBS, &cronjob("c", json!({ "suspend": true }))).expect(201);
    let table = |path: &str| server.send(&Method::GET, path, TABLE, JSON, String::new()).expect(200);
    let columns = |table: &Answer| -> Vec<(String, i64)> {
        let columns = table.body["columnDefinitions"].as_array().unwrap().iter();
        columns.map(|one| (one["name"].as_str().unwrap().into(), one["priority"].as_i64().unwrap())).collect()
    };
    let wanted = |list: &[(&str, i64)]| list.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect::<Vec<_>>();
    let jobs = table(JOBS).has("/kind", json!("Table")).has("/rows/0/object/kind", json!("PartialObjectMetadata"));
    let job_columns = [
        ("Name", 0),
        ("Status", 0),
        ("Completions", 0),
        ("Duration", 0),
        ("Age", 0),
        ("Containers", 1),
        ("Images", 1),
        ("Selector", 1),
    ];
    assert_eq!(columns(&jobs), wanted(&job_columns));
    assert_eq!(jobs.body["rows"][0]["cells"][2], "0/1");
    assert_eq!(jobs.body["rows"][0]["cells"][5], "main");
    let cronjobs = table(&format!("{CRONJOBS}/c"));
    let cronjob_columns = [
        ("Name", 0),
        ("Schedule", 0),
        ("Timezone", 0),
        ("Suspend", 0),
        ("Active", 0),
        ("Last Schedule", 0),
        ("Age", 0),
        ("Containers", 1),
        ("Images", 1),
        ("Selector", 1),
    ];
    assert_eq!(columns(&cronjobs), wanted(&cronjob_columns));
    let cells = &cronjobs.body["rows"][0]["cells"];
    assert_eq!(
        cells.as_array().unwrap()[..6],
        [json!("c"), json!("0 0 1 1 *"), json!("<none>"), json!("True"), json!(0), json!("<none>")]
    );
    for (path, wanted_columns) in [
        (PODS, vec!["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"]),
        (
            EVENTS,
            vec![
                "Last Seen",
                "Type",
                "Reason",
                "Object",
                "Subobject",
                "Source",
                "Message",
                "First Seen",
                "Count",
                "Name",
            ],
        ),
        ("/api/v1/namespaces", vec!["Name", "Status", "Age"]),
        (CONFIGMAPS, vec!["Name", "Data", "Age"]),
    ] {
        let names: Vec<String> = columns(&table(path)).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, wanted_columns, "{path}");
    }
}

fn metadata_can_be_asked_for_alone(server: &Server) {
    server.job("a");
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    server
        .send(&Method::GET, JOBS, accept, JSON, String::new())
        .expect(200)
        .has("/kind", json!("PartialObjectMetadataList"))
        .has("/items/0/metadata/name", json!("a"))
        .lacks("/items/0/spec");
}

fn events_have_two_versions(server: &Server) {
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": "a.1" }, "reason": "Because", "message": "it is so",
        "type": "Normal", "count": 2, "source": { "component": "contract" },
        "involvedObject": { "apiVersion": "batch/v1", "kind": "Job", "name": "a", "namespace": server.namespace },
    });
    server.post(EVENTS, &event).expect(201);
    server
        .get("/apis/events.k8s.io/v1/namespaces/{ns}/events/a.1")
        .expect(200)
        .has("/apiVersion", json!("events.k8s.io/v1"))
        .has("/note", json!("it is so"))
        .has("/regarding/name", json!("a"))
        .has("/deprecatedCount", json!(2))
        .has("/deprecatedSource/component", json!("contract"));
    let chosen = server.get(&format!("{EVENTS}?fieldSelector=involvedObject.name%3Da%2CinvolvedObject.kind%3DJob"));
    assert_eq!(chosen.expect(200).names(), ["a.1"]);
    let other = server.get(&format!("{EVENTS}?fieldSelector=involvedObject.name%3Db"));
    assert!(other.expect(200).names().is_empty());
    let new = "/apis/events.k8s.io/v1/namespaces/{ns}/events?fieldSelector=regarding.name%3Da";
    assert_eq!(server.get(new).expect(200).names(), ["a.1"]);
}

fn reviews_are_answered(server: &Server) {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": { "namespace": server.namespace, "verb": "delete", "group": "batch", "resource": "jobs" } },
    });
    let answer = server.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).expect(201);
    answer.has("/status/allowed", json!(true));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": { "namespace": server.namespace },
    });
    let answer = server.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", &review).expect(201);
    let nonsense = server.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", &json!(["x"]));
    assert_eq!(nonsense.code, 400, "{nonsense:?}");
    let answer = answer.has("/status/incomplete", json!(false));
    let rules = answer.body["status"]["resourceRules"].as_array().unwrap();
    assert!(rules.contains(&json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] })), "{}", answer.text);
}

fn discovery_names_the_kinds(server: &Server) {
    let version = server.get("/version").expect(200);
    assert_eq!(version.body["major"], "1");
    let list = server.get("/apis/batch/v1").expect(200).has("/groupVersion", json!("batch/v1"));
    let jobs = list.body["resources"].as_array().unwrap().iter().find(|one| one["name"] == "jobs").unwrap();
    assert_eq!(
        (&jobs["kind"], &jobs["namespaced"], &jobs["categories"]),
        (&json!("Job"), &json!(true), &json!(["all"]))
    );
    assert!(jobs["verbs"].as_array().unwrap().contains(&json!("deletecollection")));
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let all = server.send(&Method::GET, "/apis", accept, JSON, String::new()).expect(200);
    let batch = all.body["items"].as_array().unwrap().iter().find(|one| one["metadata"]["name"] == "batch").unwrap();
    let jobs =
        batch["versions"][0]["resources"].as_array().unwrap().iter().find(|one| one["resource"] == "jobs").unwrap();
    assert_eq!((&jobs["scope"], &jobs["subresources"][0]["subresource"]), (&json!("Namespaced"), &json!("status")));
    let index = server.get("/openapi/v3").expect(200);
    let url = index.body["paths"]["apis/batch/v1"]["serverRelativeURL"].as_str().unwrap().to_owned();
    let document = server.get(&url).expect(200);
    let spec = &document.body["components"]["schemas"]["io.k8s.api.batch.v1.JobSpec"]["properties"];
    assert_eq!(spec["suspend"]["type"], "boolean");
    let patch = &document.body["paths"]["/apis/batch/v1/namespaces/{namespace}/jobs/{name}"]["patch"];
    assert!(patch["parameters"].as_array().unwrap().iter().any(|one| one["name"] == "fieldValidation"));
    assert_eq!(server.get("/healthz").expect(200).text, "ok");
}

fn unknown_things_are_not_found(server: &Server) {
    server
        .get(&format!("{JOBS}/nope"))
        .refuses(404, "NotFound", "jobs.batch \"nope\" not found")
        .has("/details", json!({ "name": "nope", "group": "batch", "kind": "jobs" }));
    server.get("/apis/nope/v1/foos").expect(404);
    server.get(&format!("{PODS}/nope")).refuses(404, "NotFound", "pods \"nope\" not found");
    assert!(server.get("/apis/batch/v1/namespaces/no-such-namespace/jobs").expect(200).names().is_empty());
}

fn pods_logs_are_refused_where_there_are_none(server: &Server) {
    server.get(&format!("{PODS}/nope/log")).refuses(404, "NotFound", "pods \"nope\" not found");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
        "spec": { "containers": [{ "name": "a", "image": "busybox:1.35" }, { "name": "b", "image": "busybox:1.35" }],
            "schedulerName": "nobody" },
    });
    server.post(PODS, &pod).expect(201);
    server.get(&format!("{PODS}/p/log")).refuses(
        400,
        "BadRequest",
        "a container name must be specified for pod p, choose one of: [a b]",
    );
    server.get(&format!("{PODS}/p/log?container=c")).refuses(400, "BadRequest", "container c is not valid for pod p");
}
