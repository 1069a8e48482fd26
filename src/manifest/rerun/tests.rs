//! New objects, compared with what kubectl makes and with what the API server takes.

use serde_json::{Value, json};

use super::*;

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).expect("a fixture is JSON")
}

#[test]
fn a_triggered_job_is_the_one_that_kubectl_makes() {
    let report = include_str!("../../../tests/fixtures/trigger/report.cronjob.json");
    let report_job = include_str!("../../../tests/fixtures/trigger/report.job.json");
    let plain = include_str!("../../../tests/fixtures/trigger/plain.cronjob.json");
    let plain_job = include_str!("../../../tests/fixtures/trigger/plain.job.json");
    for (name, cronjob, job) in [("report-manual", report, report_job), ("plain-manual", plain, plain_job)] {
        let mut wanted = fixture(job);
        // Go writes the empty structure.
        assert_eq!(wanted.as_object_mut().and_then(|job| job.remove("status")), Some(json!({})));
        assert_eq!(trigger(&fixture(cronjob), name), wanted);
    }
}

/// A Job as the API server has it.
fn job() -> Value {
    let labels = json!({
        "batch.kubernetes.io/controller-uid": "u-1", "batch.kubernetes.io/job-name": "etl",
        "controller-uid": "u-1", "job-name": "etl",
    });
    let mut template_labels = labels.clone();
    template_labels["app"] = json!("etl");
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": "etl", "namespace": "data", "uid": "u-1", "resourceVersion": "7", "generation": 1,
            "creationTimestamp": "2026-11-01T00:00:00Z", "deletionTimestamp": "2026-11-01T00:00:00Z",
            "deletionGracePeriodSeconds": 0, "managedFields": [{}], "selfLink": "/x", "generateName": "etl-",
            "labels": labels, "finalizers": ["foregroundDeletion"],
            "annotations": {
                LAST_APPLIED: "{}", "batch.kubernetes.io/job-tracking": "",
                "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-11-01T00:00:00Z", "example.com/owner": "data",
            },
            "ownerReferences": [
                { "kind": "CronJob", "name": "c", "uid": "c-1", "controller": true },
                { "kind": "Other", "name": "o", "uid": "o-1" },
            ],
        },
        "spec": {
            "suspend": true, "manualSelector": false, "backoffLimit": 2,
            "selector": { "matchLabels": { "batch.kubernetes.io/controller-uid": "u-1" } },
            "template": { "metadata": { "creationTimestamp": null, "labels": template_labels }, "spec": {
                "containers": [{ "name": "main", "image": "busybox:1.35", "args": ["a"], "resources": {} }],
                "affinity": { "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [
                    { "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": { "job-name": "etl", "app": "etl" } } },
                    { "topologyKey": "zone", "labelSelector": { "matchExpressions": [
                        { "key": "batch.kubernetes.io/controller-uid", "operator": "In", "values": ["u-1"] },
                        { "key": "job-name", "operator": "NotIn", "values": ["other"] },
                        { "key": "job-name", "operator": "Exists" },
                    ] } },
                ] } },
            } },
        },
        "status": { "active": 1 },
    })
}

#[test]
fn a_clone_is_without_what_controllers_and_server_wrote() {
    let wanted = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": { "name": "etl-rerun", "namespace": "data", "annotations": { "example.com/owner": "data" } },
        "spec": {
            "backoffLimit": 2,
            "template": { "metadata": { "labels": { "app": "etl" } }, "spec": {
                "containers": [{ "name": "main", "image": "busybox:1.35", "args": ["a"], "resources": {} }],
                "affinity": { "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [
                    { "topologyKey": "kubernetes.io/hostname", "labelSelector": { "matchLabels": { "job-name": "etl-rerun", "app": "etl" } } },
                    { "topologyKey": "zone", "labelSelector": { "matchExpressions": [
                        { "key": "batch.kubernetes.io/job-name", "operator": "In", "values": ["etl-rerun"] },
                        { "key": "job-name", "operator": "NotIn", "values": ["other"] },
                        { "key": "job-name", "operator": "Exists" },
                    ] } },
                ] } },
            } },
        },
    });
    assert_eq!(clone(&job(), "etl-rerun", false), wanted);
    let kept = clone(&job(), "etl-rerun", true);
    let owners = json!([{ "kind": "CronJob", "name": "c", "uid": "c-1", "controller": true }]);
    assert_eq!(kept["metadata"]["ownerReferences"], owners);
}

#[test]
fn a_job_of_a_queue_stays_suspended() {
    let mut queued = job();
    queued["metadata"]["labels"][QUEUE] = json!("batch");
    let clone = clone(&queued, "x", false);
    assert_eq!(clone["spec"]["suspend"], true);
    assert_eq!(clone["metadata"]["labels"], json!({ QUEUE: "batch" }));
}

#[test]
fn a_selector_of_ones_own_is_kept_with_the_labels_that_it_chooses() {
    let mut own = job();
    own["spec"]["manualSelector"] = json!(true);
    let clone = clone(&own, "x", false);
    for field in ["selector", "manualSelector"] {
        assert_eq!(clone["spec"][field], own["spec"][field]);
    }
    assert_eq!(clone["spec"]["template"]["metadata"]["labels"], own["spec"]["template"]["metadata"]["labels"]);
}

#[test]
fn a_deleted_job_comes_back_suspended() {
    let restored = restored(&job());
    assert_eq!((&restored["metadata"]["name"], &restored["spec"]["suspend"]), (&json!("etl"), &json!(true)));
    assert_eq!(restored["spec"].get("selector"), None);
}

#[test]
fn another_deleted_object_comes_back_as_it_was() {
    let cronjob = fixture(include_str!("../../../tests/fixtures/trigger/report.cronjob.json"));
    let restored = restored(&cronjob);
    assert_eq!(restored["spec"], cronjob["spec"]);
    let names: Vec<&String> = restored["metadata"].as_object().expect("metadata").keys().collect();
    assert_eq!(names, ["annotations", "labels", "name", "namespace"]);
    let pod = json!({ "kind": "Pod", "metadata": { "name": "p" }, "spec": { "nodeName": "n", "containers": [] } });
    assert_eq!(super::restored(&pod)["spec"], json!({ "containers": [] }));
}

#[test]
fn a_rerun_is_named_after_its_original_and_counted() {
    let taken = ["etl-rerun", "etl-rerun-2", "x-rerun"];
    let name = |name: &str| name_of_rerun(name, |name| taken.contains(&name));
    for (original, wanted) in [
        ("orders", "orders-rerun"),
        ("etl", "etl-rerun-3"),
        ("etl-rerun", "etl-rerun-3"),
        ("etl-rerun-2", "etl-rerun-3"),
        ("etl-rerun-7", "etl-rerun-8"),
        ("x", "x-rerun-2"),
        ("a.b", "a-b-rerun"),
        ("etl-rerun-x", "etl-rerun-x-rerun"),
        ("etl-rerunner", "etl-rerunner-rerun"),
    ] {
        assert_eq!(name(original), wanted);
    }
}

#[test]
fn names_are_cut_to_fit_and_never_end_in_a_dash() {
    for length in 1..=63 {
        for pattern in ["a", "ab-", "a-"] {
            let original: String = pattern.repeat(63)[..length].to_owned();
            let first = name_of_rerun(&original, |_| false);
            let tenth = name_of_rerun(&original, |name| !name.ends_with("-10"));
            let now = name_of_trigger(&original, 1_795_250_000, |_| false);
            for name in [first, tenth, now] {
                let is_label = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                assert!(name.len() <= LONGEST_WITH_INDEX && is_label && !name.contains("--"), "{name}");
                assert!(!name.starts_with('-') && !name.ends_with('-'), "{name}");
            }
        }
    }
}

/// 63, less a dash and the ten digits of the greatest index.
const LONGEST_WITH_INDEX: usize = 63 - 1 - 10;

#[test]
fn a_triggered_run_is_named_after_its_minute() {
    let now = 29_631_480 * 60 + 59;
    assert_eq!(name_of_trigger("report", now, |_| false), "report-manual-29631480");
    let taken = |name: &str| name == "report-manual-29631480";
    assert_eq!(name_of_trigger("report", now, taken), "report-manual-29631480-2");
}

#[test]
fn a_form_holds_what_containers_run_and_nothing_else() {
    let cronjob = fixture(include_str!("../../../tests/fixtures/trigger/report.cronjob.json"));
    let wanted = "\
# What the containers run. A field that is taken out here is taken out of the run; all else stays.
initContainers:
- name: fetch
  image: busybox:1.35
  command:
  - sh
  - -c
  - echo fetch
  resources: {}
containers:
- name: main
  image: busybox:1.35
  command:
  - sh
  - -c
  - echo report; sleep 1
  env:
  - name: DAY
    value: today
  resources:
    limits:
      cpu: 100m
      memory: 32Mi
";
    assert_eq!(form(&cronjob), wanted);
}

#[test]
fn a_form_that_nobody_changed_changes_nothing() {
    let cronjob = fixture(include_str!("../../../tests/fixtures/trigger/report.cronjob.json"));
    for object in [job(), cronjob, json!({ "kind": "Job" })] {
        assert_eq!(with_form(&object, &form(&object)), Ok(object));
    }
}

#[test]
fn fields_of_a_form_are_set_and_removed() {
    let changed =
        with_form(&job(), "containers:\n- name: main\n  image: busybox:1.36\n  env: [{name: A, value: '1'}]\n");
    let mut wanted = job();
    wanted["spec"]["template"]["spec"]["containers"] =
        json!([{ "name": "main", "image": "busybox:1.36", "env": [{ "name": "A", "value": "1" }] }]);
    assert_eq!(changed, Ok(wanted));
}

#[test]
fn a_form_that_does_not_fit_is_refused() {
    let no_container = with_form(&job(), "containers: [{name: other, image: x}]");
    assert_eq!(no_container, Err(FormError::NoSuchContainer("other".to_owned())));
    let twice = with_form(&job(), "containers: [{name: main}, {name: main}]");
    assert_eq!(twice, Err(FormError::Twice("main".to_owned())));
    for text in ["containers: [{name: main, imgae: x}]", "containers: {", "- a", "containers: [{image: x}]"] {
        assert!(matches!(with_form(&job(), text), Err(FormError::Unreadable(_))), "{text}");
    }
}
