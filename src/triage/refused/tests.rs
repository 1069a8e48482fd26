//! Which words of the API server mean what.

use serde_json::{Value, json};

use super::super::Severity;
use super::super::scene::{event, found, job, nothing, only, pod, with};

fn refused(note: &str) -> Vec<Value> {
    vec![job(), event("Job", "etl", "FailedCreate", &format!("Error creating: {note}"))]
}

/// What the API server says, the rule, and words of the verdict.
const CASES: [(&str, &str, &[&str]); 18] = [
    (
        r#"pods "etl-7h2kq" is forbidden: exceeded quota: compute, requested: limits.cpu=2,requests.memory=4Gi, used: limits.cpu=15,requests.memory=60Gi, limited: limits.cpu=16,requests.memory=62Gi"#,
        "T006",
        &["2 limits.cpu", "1 of 16"],
    ),
    (
        r#"pods "etl-" is forbidden: failed quota: compute: must specify limits.cpu for: worker; limits.memory for: init,worker"#,
        "T007",
        &["limits.memory for: init,worker"],
    ),
    (
        r#"pods "etl-" is forbidden: maximum memory usage per Container is 2Gi, but limit is 4Gi"#,
        "T008",
        &["at most 2Gi memory for each container", "limit here is 4Gi"],
    ),
    (
        r#"pods "etl-" is forbidden: [maximum cpu usage per Pod is 2, but limit is 3, cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000]"#,
        "T008",
        &["at most 2 cpu for each pod", "limit here is 3", "1 more"],
    ),
    (
        r#"pods "etl-" is forbidden: minimum cpu usage per Container is 100m.  No request is specified"#,
        "T008",
        &["at least 100m cpu", "sets no request"],
    ),
    (
        r#"pods "etl-" is forbidden: cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000"#,
        "T008",
        &["at most 4 times", "has 10 times"],
    ),
    (
        r#"pods "etl-" is forbidden: memory max limit to request ratio per Container is 2, but no limit is specified or limit is 0"#,
        "T008",
        &["sets no limit"],
    ),
    (
        r#"pods "etl-q8zt4" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "worker" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (pod or container "worker" must set it)"#,
        "T009",
        &[
            "level restricted",
            "breaks it: allowPrivilegeEscalation != false, unrestricted capabilities, seccompProfile.",
        ],
    ),
    (
        r#"pods "etl-" is forbidden: unable to validate against any security context constraint: [provider restricted-v2: .spec.hostNetwork: not allowed]"#,
        "T009",
        &["security context constraint"],
    ),
    (
        r#"admission webhook "validate.policy.example.com" denied the request: image tag latest is not allowed"#,
        "T010",
        &["validate.policy.example.com", "image tag latest is not allowed"],
    ),
    (
        r#"admission webhook "validate.policy.example.com" denied the request without explanation"#,
        "T010",
        &["does not say why"],
    ),
    (
        "pods \"etl-\" is forbidden: ValidatingAdmissionPolicy 'no-host' with binding 'all' denied request: hostNetwork is not allowed",
        "T010",
        &["admission policy no-host", "hostNetwork"],
    ),
    (
        r#"Internal error occurred: failed calling webhook "inject.mesh.example.com": failed to call webhook: Post "https://injector.mesh.svc:443/inject?timeout=10s": dial tcp 10.96.14.2:443: connect: connection refused"#,
        "T011",
        &["inject.mesh.example.com refuses the connection"],
    ),
    (
        r#"Internal error occurred: failed calling webhook "x.example.com": expected webhook response of admission.k8s.io/v1, got Kind=Status"#,
        "T011",
        &["cannot be asked: expected webhook response"],
    ),
    (
        r#"pods "etl-" is forbidden: error looking up service account batch/runner: serviceaccount "runner" not found"#,
        "T012",
        &["Service account runner does not exist in namespace batch"],
    ),
    (
        r#"pods "etl-" is forbidden: no PriorityClass with name batch-low was found"#,
        "T013",
        &["priority class batch-low"],
    ),
    (r#"pods "etl-" is forbidden: pod rejected: RuntimeClass "gvisor" not found"#, "T013", &["runtime class gvisor"]),
    (
        r#"pods "etl-" is forbidden: exceeded quota: compute, requested: limits.cpu=20, used: limits.cpu=0, limited: limits.cpu=16"#,
        "T006",
        &["is too small: each pod asks for 20 limits.cpu, and it allows 16 in all. 0 of"],
    ),
];

#[test]
fn each_refusal_is_told_from_the_others() {
    for (note, rule, words) in CASES {
        let (id, severity, verdict) = only(&refused(note));
        assert_eq!(id, rule, "{note}");
        assert!(severity.is_problem(), "{note}");
        for word in words {
            assert!(verdict.contains(word), "{word:?} not in {verdict:?}");
        }
    }
}

#[test]
fn a_refusal_that_was_overcome_or_is_not_wanted_any_more_is_none() {
    let refusal = refused(CASES[0].0);
    let later = with(
        pod("etl-a", "", ""),
        json!({ "metadata": { "creationTimestamp": "2026-05-04T11:59:50Z" }, "spec": { "nodeName": "n" } }),
    );
    nothing(&[refusal.clone(), vec![later]].concat());
    let failed = json!([{ "type": "Failed", "status": "True", "reason": "DeadlineExceeded" }]);
    let ended = found(&[with(job(), json!({ "status": { "conditions": failed } })), refusal[1].clone()]);
    assert!(ended.iter().all(|finding| finding.rule.0 == "T081"), "{ended:#?}");
    nothing(&[with(job(), json!({ "metadata": { "deletionTimestamp": "2026-05-04T11:59:59Z" } })), refusal[1].clone()]);
}

#[test]
fn a_refusal_in_words_that_nobody_knows_leads_with_them() {
    let (rule, severity, verdict) = only(&refused(r#"pods "etl-" is forbidden: something new"#));
    assert_eq!((rule, severity), ("T010", Severity::Critical));
    assert!(verdict.ends_with("It says: something new."), "{verdict}");
    let (_, severity, verdict) = only(&refused("etcdserver: request timed out"));
    assert_eq!(severity, Severity::Warning, "it passes: {verdict}");
}

#[test]
fn a_quota_says_itself_how_much_is_left_by_now() {
    let told = |used: &str| {
        let note = r#"pods "etl-7h2kq" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=15, limited: limits.cpu=16"#;
        let quota = json!({
            "apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": { "name": "compute", "namespace": "batch", "uid": "quota" },
            "status": { "hard": { "limits.cpu": "16" }, "used": { "limits.cpu": used } },
        });
        found(&[refused(note), vec![quota]].concat()).remove(0).verdict
    };
    assert!(told("15500m").contains("asks for 2 limits.cpu, 500m of 16 is left."), "{}", told("15500m"));
    let freed = told("10");
    assert!(freed.contains("1 of 16 is left.") && freed.contains("By now 6 is left: the next try"), "{freed}");
}

#[test]
fn a_limit_range_is_named_and_blamed_for_its_own_defaults() {
    let note = r#"pods "etl-" is forbidden: maximum memory usage per Container is 2Gi, but limit is 4Gi"#;
    let limit = json!({ "type": "Container", "max": { "memory": "2048Mi" }, "default": { "memory": "4Gi" } });
    let range = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "small", "namespace": "batch" },
        "spec": { "limits": [{ "type": "Pod", "max": { "memory": "9Gi" } }, limit] },
    });
    let (_, _, verdict) = only(&[refused(note), vec![range.clone()]].concat());
    assert!(verdict.contains("LimitRange small in batch") && verdict.contains("fills it in"), "{verdict}");
    let own = json!({ "spec": { "template": { "spec": {
        "containers": [{ "name": "main", "resources": { "limits": { "memory": "4Gi" } } }],
    } } } });
    let (_, _, verdict) = only(&[with(job(), own), refused(note)[1].clone(), range]);
    assert!(!verdict.contains("fills it in"), "{verdict}");
}

#[test]
fn a_service_account_that_came_since_is_no_problem() {
    let note =
        r#"pods "etl-" is forbidden: error looking up service account batch/runner: serviceaccount "runner" not found"#;
    let account =
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "runner", "namespace": "batch" } });
    let (_, severity, verdict) = only(&[refused(note), vec![account]].concat());
    assert_eq!(severity, Severity::Info);
    assert!(verdict.contains("exists by now"), "{verdict}");
}

#[test]
fn a_class_that_came_since_is_no_problem() {
    let note = r#"pods "etl-" is forbidden: no PriorityClass with name batch-low was found"#;
    let class =
        json!({ "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": { "name": "batch-low" } });
    let (_, severity, verdict) = only(&[refused(note), vec![class]].concat());
    assert_eq!(severity, Severity::Info);
    assert!(verdict.contains("priority class batch-low was missing and exists by now"), "{verdict}");
}

#[test]
fn fixes_say_what_to_set_and_what_to_repair() {
    let words =
        |note: &str| -> Vec<String> { found(&refused(note))[0].fixes.iter().map(|fix| fix.words.clone()).collect() };
    let security = words(CASES[7].0);
    assert_eq!(
        security[0],
        "set allowPrivilegeEscalation: false, capabilities.drop: [ALL], seccompProfile.type: RuntimeDefault in a new Job"
    );
    assert!(words(CASES[12].0)[0].starts_with("repair service injector in namespace mesh"));
}

#[test]
fn what_the_quota_counts_says_who_has_to_ask_for_less() {
    let exceeded = |used: &str, hard: &str| {
        let mut objects = refused(&format!(
            r#"pods "etl-" is forbidden: exceeded quota: q, requested: requests.cpu=2, used: requests.cpu={used}, limited: requests.cpu={hard}"#
        ));
        objects[0]["spec"]["template"]["spec"] = json!({
            "containers": [{ "name": "main", "resources": { "requests": { "cpu": "100m" } } }],
            "initContainers": [{ "name": "unpack", "resources": { "requests": { "cpu": "2" } } }],
        });
        found(&objects).remove(0)
    };
    let told = exceeded("0", "500m");
    let call = told.fixes[0].call.clone().unwrap();
    assert_eq!(call.argument, "spec.template.spec.initContainers[name=unpack].resources.requests.cpu=500m");
    let note = r#"pods "etl-" is forbidden: exceeded quota: q, requested: count/pods=1, used: count/pods=2, limited: count/pods=2"#;
    let told = found(&refused(note)).remove(0);
    assert!(told.verdict.contains("Pods that have ended count too"), "{}", told.verdict);
    assert!(told.fixes[0].words.contains("delete Jobs of namespace batch that have ended"), "{:?}", told.fixes);
}

#[test]
fn a_pod_that_a_quota_shuts_out_altogether_is_told_how_not_to_be_one() {
    let note = r#"pods "etl-" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0"#;
    let of = |scope: Value, pod: Value| {
        let mut objects = refused(note);
        objects[0]["spec"]["template"]["spec"] = with(json!({ "containers": [{ "name": "main" }] }), pod);
        objects.push(json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "q", "namespace": "batch" },
            "spec": scope, "status": { "hard": { "pods": "0" }, "used": { "pods": "0" } },
        }));
        let told = found(&objects).remove(0);
        assert!(told.verdict.contains("allows no pods at all"), "{}", told.verdict);
        told.fixes[0].call.clone().unwrap().argument
    };
    let terminating = of(json!({ "scopes": ["Terminating"] }), json!({ "activeDeadlineSeconds": 60 }));
    assert_eq!(terminating, "spec.template.spec.activeDeadlineSeconds- spec.activeDeadlineSeconds=60");
    let endless = of(json!({ "scopes": ["NotTerminating"] }), json!({}));
    assert_eq!(endless, "spec.template.spec.activeDeadlineSeconds=3600");
    let best_effort = of(json!({ "scopes": ["BestEffort"] }), json!({}));
    assert!(best_effort.contains("containers[name=main].resources.requests.cpu=100m"), "{best_effort}");
    let class = json!([{ "scopeName": "PriorityClass", "operator": "In", "values": ["high"] }]);
    let priority =
        of(json!({ "scopeSelector": { "matchExpressions": class } }), json!({ "priorityClassName": "high" }));
    assert_eq!(priority, "spec.template.spec.priorityClassName-");
}

#[test]
fn who_holds_a_quota_is_named_and_what_would_refuse_next() {
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "compute", "namespace": "batch" },
        "status": { "hard": { "requests.memory": "100Mi" }, "used": { "requests.memory": "80Mi" } },
    });
    let asks = json!({ "containers": [{ "name": "main", "resources": { "requests": { "memory": "80Mi" } } }] });
    let other = json!({
        "metadata": { "ownerReferences": [] }, "spec": with(asks.clone(), json!({ "nodeName": "a" })), "status": { "phase": "Running" },
    });
    let told = |note: &str, pod: Value| {
        let mut objects = refused(note);
        objects[0]["spec"]["template"]["spec"] = asks.clone();
        objects.extend([quota.clone(), pod]);
        found(&objects).remove(0).verdict
    };
    let full = r#"pods "etl-" is forbidden: exceeded quota: compute, requested: requests.memory=80Mi, used: requests.memory=80Mi, limited: requests.memory=100Mi"#;
    let running = with(pod("import-x", "", ""), other);
    let held = told(full, running.clone());
    assert!(held.contains("Most of it is held by pod/import-x (80Mi)."), "{held}");
    let over = told(full, with(running.clone(), json!({ "status": { "phase": "Failed" } })));
    assert!(!over.contains("import-x"), "{over}");
    let account =
        r#"pods "etl-" is forbidden: error looking up service account batch/runner: serviceaccount "runner" not found"#;
    let next = told(account, running);
    assert!(next.contains("refused next by quota compute (80Mi requests.memory asked, 20Mi left)"), "{next}");
}

#[test]
fn a_policy_that_cannot_judge_is_told_from_one_that_says_no() {
    let note = |text: &str| {
        format!("pods \"etl-\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: {text}")
    };
    let told = |text: &str, others: &[Value]| found(&[refused(&note(text)), others.to_vec()].concat()).remove(0);
    let unset = told(
        "expression 'object.spec.securityContext.runAsNonRoot == true' resulted in error: no such key: runAsNonRoot",
        &[],
    );
    assert!(
        unset.verdict.contains("it reads spec.securityContext.runAsNonRoot, which the pod does not set"),
        "{}",
        unset.verdict
    );
    let of = |kind: &str, name: &str, spec: Value| json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": { "name": name }, "spec": spec });
    let policy =
        of("ValidatingAdmissionPolicy", "p", json!({ "paramKind": { "apiVersion": "v1", "kind": "ConfigMap" } }));
    let binding = of("ValidatingAdmissionPolicyBinding", "b", json!({ "paramRef": { "name": "settings" } }));
    let missing = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
    let missing = told(missing, &[policy, binding]);
    assert!(missing.verdict.contains("configmap/settings in namespace batch"), "{}", missing.verdict);
    assert!(missing.fixes[0].words.starts_with("create configmap/settings"), "{:?}", missing.fixes);
    let broken =
        refused("policy 'm' with binding 'm' denied request: error applying patch: invalid ApplyConfiguration: x");
    let broken = found(&broken).remove(0);
    assert!(
        broken.rule.0 == "T010" && broken.verdict.contains("policy m says no: it is itself at fault"),
        "{}",
        broken.verdict
    );
    let no = told("images come from registry.corp alone", &[]);
    assert!(no.verdict.contains("p says no: images come from registry.corp alone."), "{}", no.verdict);
}

#[test]
fn a_blank_around_an_image_is_taken_away() {
    let note = r#"Pod "etl-8lx6v" is invalid: spec.containers[0].image: Invalid value: "r.io/etl:1 ": must not have leading or trailing whitespace"#;
    let told = found(&refused(note)).remove(0);
    assert!(told.rule.0 == "T044" && told.verdict.contains("image of container main"), "{}", told.verdict);
    assert_eq!(
        told.fixes[0].call.clone().unwrap().argument,
        "spec.template.spec.containers[name=main].image=r.io/etl:1"
    );
}

#[test]
fn a_default_limit_below_what_is_asked_for_is_blamed() {
    let note = r#"Pod "etl-8lx6v" is invalid: spec.containers[0].resources.requests: Invalid value: "128Mi": must be less than or equal to memory limit of 64Mi"#;
    let mut objects = refused(note);
    let asks = json!({ "name": "main", "resources": { "requests": { "memory": "128Mi" } } });
    objects[0]["spec"]["template"]["spec"]["containers"] = json!([asks]);
    let range = |max: Value| {
        json!({
            "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "small", "namespace": "batch" },
            "spec": { "limits": [{ "type": "Container", "default": { "memory": "64Mi" }, "max": max }] },
        })
    };
    let of = |max: Value| {
        let told = found(&[objects.clone(), vec![range(max)]].concat()).remove(0);
        assert_eq!(told.rule.0, "T008");
        assert!(told.verdict.contains("LimitRange small in batch fills in one of 64Mi"), "{}", told.verdict);
        told.fixes[0].call.clone().unwrap().argument
    };
    let path = "spec.template.spec.containers[name=main].resources";
    assert_eq!(of(json!({})), format!("{path}.limits.memory=128Mi"));
    assert_eq!(of(json!({ "memory": "64Mi" })), format!("{path}.requests.memory=64Mi"));
}
