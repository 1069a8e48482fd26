//! What looks like a pod that the API server refuses.

use serde_json::{Value, json};

use super::super::look_alikes::Change::{Add, Merge};
use super::super::look_alikes::{Change, Fault, LookAlike, fault};
use super::super::scene::{ago, event, job, pod, with};

const EXCEEDED: &str = r#"pods "etl-7h2kq" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=15, limited: limits.cpu=16"#;
const MUST_SAY: &str = r#"pods "etl-" is forbidden: failed quota: compute: must specify limits.cpu for: main"#;
const TOO_LARGE: &str = r#"pods "etl-" is forbidden: maximum memory usage per Container is 2Gi, but limit is 4Gi"#;
const SECURITY: &str = r#"pods "etl-" is forbidden: violates PodSecurity "baseline:latest": privileged (container "main" must not set securityContext.privileged=true)"#;
const DENIED: &str = r#"admission webhook "policy.example.com" denied the request: image tag latest is not allowed"#;
const DOWN: &str = r#"Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: Post "https://policy.ops.svc:443/": context deadline exceeded"#;
const ACCOUNT: &str =
    r#"pods "etl-" is forbidden: error looking up service account batch/runner: serviceaccount "runner" not found"#;
const CLASS: &str = r#"pods "etl-" is forbidden: no PriorityClass with name batch-low was found"#;

/// The server says something else.
fn says(words: &str) -> Change {
    Merge(1, json!({ "message": format!("Error creating: {words}") }))
}

/// A policy says it, in the words of another refusal.
fn policy_says(words: &str) -> Change {
    says(&format!(r#"admission webhook "policy.example.com" denied the request: {words}"#))
}

fn pod_since() -> Value {
    let own = json!({ "metadata": { "creationTimestamp": ago(10) }, "spec": { "nodeName": "n" } });
    with(pod("etl-a", "", ""), own)
}

/// A refusal of a Job that wants two pods and has one; what looks like any refusal is among what looks like it.
fn refusal(rule: &'static str, words: &str, more: Vec<LookAlike>) -> Fault {
    let running = json!({ "spec": { "nodeName": "n" }, "status": { "phase": "Running" } });
    let objects = vec![
        with(job(), json!({ "spec": { "parallelism": 2, "completions": 2 } })),
        event("Job", "etl", "FailedCreate", &format!("Error creating: {words}")),
        with(pod("etl-b", "", ""), running),
    ];
    let enough =
        json!([{ "type": "SuccessCriteriaMet", "status": "True", "reason": "X", "lastTransitionTime": ago(5) }]);
    let any: Vec<LookAlike> = vec![
        ("a pod was made since", Add(pod_since()), &[]),
        ("no more pods are wanted by now", Merge(0, json!({ "spec": { "parallelism": 1 } })), &[]),
        (
            "nor by a queue that had a success",
            Merge(0, json!({ "spec": { "completions": null }, "status": { "succeeded": 1 } })),
            &["T096"],
        ),
        ("it has done enough", Merge(0, json!({ "status": { "conditions": enough } })), &[]),
        ("it is suspended", Merge(0, json!({ "spec": { "suspend": true } })), &["T001"]),
        ("it is another Job's", Merge(1, json!({ "involvedObject": { "name": "other", "uid": "other" } })), &["T097"]),
    ];
    fault(rule, objects, any.into_iter().chain(more).collect())
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    let exceeded = EXCEEDED.split_once(": ").map_or("", |(_, words)| words);
    let security = SECURITY.split_once(": ").map_or("", |(_, words)| words);
    vec![
        refusal(
            "T006",
            EXCEEDED,
            vec![("a policy", policy_says(exceeded), &["T010"]), ("its demand", says(MUST_SAY), &["T007"])],
        ),
        refusal("T007", MUST_SAY, vec![("its bound", says(EXCEEDED), &["T006"])]),
        refusal("T008", TOO_LARGE, vec![("a policy", policy_says(TOO_LARGE), &["T010"])]),
        refusal(
            "T009",
            SECURITY,
            vec![("a policy", policy_says(&format!("Validation rule 'baseline' failed. It {security}")), &["T010"])],
        ),
        refusal("T010", DENIED, vec![("a webhook that does not answer", says(DOWN), &["T011"])]),
        refusal(
            "T011",
            DOWN,
            vec![
                ("a webhook that answers", says(DENIED), &["T010"]),
                ("the server itself", says("Internal error occurred: context deadline exceeded"), &["T010"]),
            ],
        ),
        refusal(
            "T012",
            ACCOUNT,
            vec![(
                "nobody could look",
                says(
                    r#"pods "etl-" is forbidden: error looking up service account batch/runner: etcdserver: request timed out"#,
                ),
                &["T010"],
            )],
        ),
        refusal(
            "T013",
            CLASS,
            vec![(
                "the class is there, and the number is another",
                says(
                    r#"pods "etl-" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name"#,
                ),
                &["T010"],
            )],
        ),
    ]
}
