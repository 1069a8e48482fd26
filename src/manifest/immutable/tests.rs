//! The tables of what may be changed, as a real API server answered.

use serde_json::{Value, json};

use super::*;

/// Jobs in the states that make a difference: running, suspended from the start, paused, Indexed, finished.
fn jobs() -> [Value; 5] {
    let job = |spec: Value, status: Value| {
        let mut job = json!({
            "kind": "Job",
            "metadata": { "name": "j" },
            "spec": {
                "parallelism": 1, "completions": 1, "completionMode": "NonIndexed", "backoffLimit": 6, "suspend": false,
                "manualSelector": false, "podReplacementPolicy": "TerminatingOrFailed",
                "selector": { "matchLabels": { "batch.kubernetes.io/controller-uid": "u" } },
                "template": {
                    "metadata": { "labels": { "job-name": "j", "app": "a" } },
                    "spec": {
                        "restartPolicy": "Never", "terminationGracePeriodSeconds": 30,
                        "containers": [{ "name": "main", "image": "busybox:1.35", "resources": {} }],
                    },
                },
            },
            "status": status,
        });
        json_patch::merge(&mut job, &json!({ "spec": spec }));
        job
    };
    let condition = |name: &str| json!([{ "type": name, "status": "True" }]);
    [
        job(json!({}), json!({ "startTime": "t", "active": 1 })),
        job(json!({ "suspend": true }), json!({ "conditions": condition("Suspended") })),
        job(json!({ "suspend": true }), json!({ "startTime": "t", "conditions": condition("Suspended") })),
        job(
            json!({ "completionMode": "Indexed", "parallelism": 2, "completions": 2 }),
            json!({ "startTime": "t", "active": 2 }),
        ),
        job(json!({}), json!({ "startTime": "t", "succeeded": 1, "conditions": condition("Complete") })),
    ]
}

/// What the API server of Kubernetes 1.36.3 said to dry runs of merge patches, for each of [`jobs`]: `y` accepted, `n`
/// immutable, `-` accepted without effect, as the Job has finished.
#[test]
fn jobs_change_as_the_server_lets_them() {
    let container = |field: &str, value: Value| {
        let mut container = json!({ "name": "main", "image": "busybox:1.35", "resources": {} });
        container[field] = value;
        json!({ "template": { "spec": { "containers": [container] } } })
    };
    let pod = |field: &str, value: Value| json!({ "template": { "spec": { field: value } } });
    let node_affinity = json!({ "nodeAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": {} } });
    let pod_affinity = json!({ "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [{}] } });
    let table = [
        (json!({ "parallelism": 0 }), "yyyy-"),
        (json!({ "activeDeadlineSeconds": 9 }), "yyyy-"),
        (json!({ "backoffLimit": 9 }), "yyyy-"),
        (json!({ "ttlSecondsAfterFinished": 9 }), "yyyyy"),
        (json!({ "podReplacementPolicy": "Failed" }), "yyyy-"),
        (json!({ "completions": 5 }), "nnnnn"),
        (json!({ "completions": 3, "parallelism": 3 }), "nnnyn"),
        (json!({ "completionMode": "Other" }), "nnnnn"),
        (json!({ "podFailurePolicy": { "rules": [] } }), "nnnnn"),
        (json!({ "successPolicy": { "rules": [{ "succeededCount": 1 }] } }), "nnnnn"),
        (json!({ "backoffLimitPerIndex": 3 }), "nnnnn"),
        (json!({ "managedBy": "example.com/x" }), "nnnnn"),
        (json!({ "selector": { "matchLabels": { "a": "b" } } }), "nnnnn"),
        (json!({ "template": { "metadata": { "labels": { "a": "b" } } } }), "nyynn"),
        (json!({ "template": { "metadata": { "annotations": { "a": "b" } } } }), "nyynn"),
        (json!({ "template": { "metadata": { "name": "x" } } }), "nyynn"),
        (json!({ "template": { "metadata": { "labels": { "job-name": "x" } } } }), "nnnnn"),
        (pod("nodeSelector", json!({ "a": "b" })), "nyynn"),
        (pod("tolerations", json!([{ "operator": "Exists" }])), "nyynn"),
        (pod("schedulingGates", json!([{ "name": "example.com/a" }])), "nyynn"),
        (pod("affinity", node_affinity), "nyynn"),
        (pod("affinity", pod_affinity), "nnnnn"),
        (pod("terminationGracePeriodSeconds", json!(3)), "nnnnn"),
        (pod("priorityClassName", json!("x")), "nnnnn"),
        (pod("topologySpreadConstraints", json!([{}])), "nnnnn"),
        (container("resources", json!({ "limits": { "memory": "64Mi" } })), "nyynn"),
        (container("image", json!("x")), "nnnnn"),
        (container("env", json!([{ "name": "A" }])), "nnnnn"),
        // Whether it is suspended is asked of the Job as it is.
        (json!({ "suspend": true, "template": { "spec": { "nodeSelector": { "a": "b" } } } }), "nyynn"),
    ];
    for (spec, verdicts) in table {
        for (job, verdict) in jobs().iter().zip(verdicts.chars()) {
            let mut wanted = job.clone();
            json_patch::merge(&mut wanted, &json!({ "spec": spec }));
            let refused = refused(job, &wanted);
            assert_eq!(refused.is_empty(), verdict == 'y', "{spec} of {job}: {refused:?}");
            let is_finished = refused.iter().any(|one| one.why.contains("has finished"));
            assert!(verdict != '-' || is_finished, "{spec} of {job}: {refused:?}");
        }
    }
}

#[test]
fn metadata_and_other_kinds_are_free() {
    for mut live in jobs().into_iter().chain([json!({ "kind": "CronJob", "spec": { "schedule": "a" } })]) {
        let mut wanted = live.clone();
        wanted["metadata"]["labels"] = json!({ "a": "b" });
        assert_eq!(refused(&live, &wanted), []);
        live["kind"] = json!("CronJob");
        wanted["kind"] = json!("CronJob");
        wanted["spec"] = json!({});
        assert_eq!((refused(&live, &wanted), frozen_paths(&live)), (Vec::new(), Vec::new()));
    }
}

#[test]
fn pods_that_are_left_hold_a_paused_job_fast() {
    let [_, _, mut paused, ..] = jobs();
    let mut wanted = paused.clone();
    wanted["spec"]["template"]["spec"]["nodeSelector"] = json!({ "a": "b" });
    paused["status"]["active"] = json!(1);
    let refused = refused(&paused, &wanted);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].path, "spec.template.spec.nodeSelector.a");
    assert_eq!(refused[0].why, "only once the Job is suspended and none of its pods is left");
}

fn frozen(live: &Value) -> Vec<String> {
    frozen_paths(live).into_iter().map(|(path, _)| path).collect()
}

#[test]
fn fields_that_are_frozen_are_known_before_a_change() {
    let [running, fresh, _, indexed, done] = jobs();
    let of_container = ["spec.template.spec.containers[0].image", "spec.template.spec.containers[0].name"];
    let fresh_frozen = frozen(&fresh);
    assert!(of_container.iter().all(|path| fresh_frozen.iter().any(|frozen| frozen == path)), "{fresh_frozen:?}");
    assert!(!fresh_frozen.iter().any(|path| path.ends_with("resources") || path.ends_with("labels")));
    assert!(fresh_frozen.contains(&"spec.template.metadata.labels[job-name]".to_owned()));
    let running_frozen = frozen(&running);
    assert!(running_frozen.contains(&"spec.template.spec.containers[0].resources".to_owned()), "{running_frozen:?}");
    assert!(running_frozen.contains(&"spec.completions".to_owned()));
    assert!(!frozen(&indexed).contains(&"spec.completions".to_owned()));
    assert!(frozen(&done).contains(&"spec.parallelism".to_owned()));
    let mut bare = fresh;
    bare["spec"]["template"]["metadata"] = json!({ "labels": { "job-name": "j" } });
    bare["spec"]["template"]["spec"]["affinity"] = json!({ "podAffinity": {} });
    let bare_frozen = frozen(&bare);
    let parts = ["spec.template.metadata.labels[job-name]", "spec.template.spec.affinity.podAffinity"];
    assert!(parts.iter().all(|path| bare_frozen.iter().any(|frozen| frozen == path)), "{bare_frozen:?}");
    for live in jobs() {
        assert!(!frozen(&live).iter().any(|path| path == "spec" || path.starts_with("metadata")));
    }
}

/// As Kubernetes 1.36.3 answered dry runs: a bare Pod, one with gates, one with a deadline and an init container.
#[test]
fn pods_change_as_the_server_lets_them() {
    let pod = |spec: Value| {
        let mut pod = json!({ "kind": "Pod", "metadata": { "name": "p" }, "spec": {
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30,
            "containers": [{ "name": "main", "image": "busybox:1.35", "resources": {} }],
            "tolerations": [{ "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300 },
                { "key": "own", "operator": "Exists" }],
        } });
        json_patch::merge(&mut pod, &json!({ "spec": spec }));
        pod
    };
    let pods = [
        pod(json!({})),
        pod(json!({ "schedulingGates": [{ "name": "a" }, { "name": "b" }] })),
        pod(json!({ "activeDeadlineSeconds": 5000 })),
    ];
    let own = json!({ "key": "own", "operator": "Exists" });
    let table = [
        (json!({ "activeDeadlineSeconds": 100 }), "yyy"),
        (json!({ "activeDeadlineSeconds": 9000 }), "yyn"),
        (json!({ "activeDeadlineSeconds": null }), "yyn"),
        (json!({ "terminationGracePeriodSeconds": 1 }), "nnn"),
        (json!({ "nodeSelector": { "a": "b" } }), "nyn"),
        (json!({ "schedulingGates": null }), "yyy"),
        (json!({ "schedulingGates": [{ "name": "a" }] }), "nyn"),
        (json!({ "schedulingGates": [{ "name": "a" }, { "name": "b" }, { "name": "c" }] }), "nnn"),
        (json!({ "restartPolicy": "Never" }), "nnn"),
        (json!({ "containers": [{ "name": "main", "image": "x", "resources": {} }] }), "yyy"),
        (
            json!({ "containers": [{ "name": "main", "image": "busybox:1.35", "resources": { "limits": { "cpu": 1 } } }] }),
            "nnn",
        ),
        (json!({ "ephemeralContainers": [{ "name": "d" }] }), "nnn"),
        (json!({ "tolerations": [own] }), "yyy"),
        (json!({ "tolerations": [{ "key": "own", "operator": "Exists", "tolerationSeconds": 5 }] }), "yyy"),
        (json!({ "tolerations": [own, { "key": "x", "operator": "Exists" }] }), "yyy"),
        (json!({ "tolerations": [{ "key": "x", "operator": "Exists" }] }), "nnn"),
    ];
    for (spec, verdicts) in table {
        for (pod, verdict) in pods.iter().zip(verdicts.chars()) {
            let mut wanted = pod.clone();
            json_patch::merge(&mut wanted, &json!({ "spec": spec }));
            let refused = refused(pod, &wanted);
            assert_eq!(refused.is_empty(), verdict == 'y', "{spec} of {pod}: {refused:?}");
        }
    }
}
