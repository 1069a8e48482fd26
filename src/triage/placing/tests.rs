//! The scheduler's words and the nodes, and what comes of them; which look-alikes are told from each other.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::scene::{ago, event, found, job, node, nothing, now, only, pod, unplaced, with};
use super::super::tests::snapshot_of;
use super::super::{Facts, Known, Severity, diagnose};
use super::message::{Message, Topic};
use crate::model::key::{Kind, Uid};
use crate::model::owner::Subject;

#[derive(Deserialize)]
struct Sample {
    #[serde(rename = "in")]
    place: String,
    text: String,
    signature: Option<String>,
    reason: Option<String>,
    nodes: Option<u32>,
    reasons: Option<std::collections::BTreeMap<String, u32>>,
}

fn samples() -> Vec<Sample> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/triage/messages.yaml");
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn recorded_words_of_the_scheduler_are_told_by_their_rule() {
    let mut tried = 0;
    for sample in samples() {
        let objects = match sample.place.as_str() {
            "PodScheduled.message" => {
                vec![job(), pod("etl-a", sample.reason.as_deref().unwrap_or("Unschedulable"), &sample.text)]
            }
            "FailedScheduling" => {
                vec![job(), pod("etl-a", "", ""), event("Pod", "etl-a", "FailedScheduling", &sample.text)]
            }
            _ => continue,
        };
        tried += 1;
        match &sample.signature {
            Some(signature) => assert_eq!(only(&objects).0, signature, "{}", sample.text),
            None => nothing(&objects),
        }
        let message = Message::read(&sample.text);
        assert!(sample.nodes.is_none() || sample.nodes == message.nodes, "{}", sample.text);
        if let Some(reasons) = sample.reasons {
            let read = message.reasons.iter().map(|reason| (reason.text.to_owned(), reason.count)).collect();
            assert_eq!(reasons, read);
        }
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn reasons_are_split_where_a_count_follows() {
    let read = |text| {
        let message = Message::read(text);
        message.reasons.iter().map(|reason| (reason.count, reason.topic)).collect::<Vec<_>>()
    };
    let old = "0/12 nodes are available: 1 node(s) had taint {a: b, c}, that the pod didn't tolerate, 10 Insufficient nvidia.com/gpu, 3 Insufficient memory, 1 a new thing.";
    assert_eq!(
        read(old),
        [(1, Topic::Taint), (10, Topic::Room("nvidia.com/gpu")), (3, Topic::Room("memory")), (1, Topic::Other)]
    );
    let nothing_new =
        Message::read("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found");
    assert_eq!((nothing_new.whole, nothing_new.nodes), ("pod has unbound immediate PersistentVolumeClaims", Some(3)));
    for text in [
        "",
        "0/",
        "0/x nodes are available: 3",
        "0/1 nodes are available: 99999999999 Insufficient cpu",
        ": , 1 ",
        "é, 2 ü",
    ] {
        assert!(read(text).is_empty(), "{text}");
    }
}

pub(super) fn labelled(name: &str, key: &str, value: &str) -> Value {
    with(node(name), json!({ "metadata": { "labels": { key: value } } }))
}

pub(super) fn tainted(name: &str, key: &str, value: &str) -> Value {
    with(node(name), json!({ "spec": { "taints": [{ "key": key, "value": value, "effect": "NoSchedule" }] } }))
}

fn control_plane() -> Value {
    tainted("cp-1", "node-role.kubernetes.io/control-plane", "")
}

/// The Job and its pod with this spec, and what the scheduler says.
pub(super) fn wanting(spec: Value, message: &str) -> Vec<Value> {
    let pod = with(pod("etl-a", "Unschedulable", message), json!({ "spec": spec }));
    vec![with(job(), json!({ "spec": { "template": { "spec": spec } } })), pod]
}

pub(super) fn asking(resource: &str, amount: &str, message: &str) -> Vec<Value> {
    let container = json!({ "name": "main", "resources": { "requests": { resource: amount } } });
    wanting(json!({ "containers": [container] }), message)
}

#[track_caller]
fn told(objects: &[Value], rule: &str, severity: Severity, words: &[&str]) {
    let (id, how_bad, verdict) = only(objects);
    assert_eq!((id, how_bad), (rule, severity), "{verdict}");
    for word in words {
        assert!(verdict.contains(word), "{word:?} not in {verdict:?}");
    }
}

#[test]
fn never_is_told_from_not_now() {
    let full = "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 Insufficient cpu.";
    let nodes = [control_plane(), node("worker-1")];
    told(
        &[asking("cpu", "9", full), nodes.to_vec()].concat(),
        "T020",
        Severity::Critical,
        &["never fits: it asks for 9 cpu", "worker-1, offers 8", "The other nodes: 1 with taints"],
    );
    let mut limited = asking("cpu", "9", full);
    limited[0] = with(limited[0].clone(), json!({ "spec": { "activeDeadlineSeconds": 4_200 } }));
    told(
        &[limited, nodes.to_vec()].concat(),
        "T020",
        Severity::Critical,
        &["until the Job's time limit ends it in 10m."],
    );
    let other = with(
        pod("other", "", ""),
        json!({
            "metadata": { "ownerReferences": null },
            "spec": { "nodeName": "worker-1", "containers": [{ "name": "a", "resources": { "requests": { "cpu": "5500m" } } }] },
            "status": { "phase": "Running" },
        }),
    );
    told(
        &[asking("cpu", "6", full), nodes.to_vec(), vec![other]].concat(),
        "T020",
        Severity::Warning,
        &["full now", "asks for 6 cpu", "worker-1 has the most room of those that are large enough, 2500m of 8"],
    );
    // Pods that are not watched hold the rest: no number is told that the scheduler would not see.
    told(
        &[asking("cpu", "6", full), nodes.to_vec()].concat(),
        "T020",
        Severity::Warning,
        &["full now: the pod asks for 6 cpu, and nodes that are large enough are taken by other pods."],
    );
    // Of two that are short the one that never fits.
    let both = "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.";
    told(
        &[asking("memory", "64Gi", both), vec![node("worker-1")]].concat(),
        "T020",
        Severity::Critical,
        &["64Gi memory", "offers 32Gi"],
    );
    let split = |name: &str, cpu: &str, memory: &str| {
        with(node(name), json!({ "status": { "allocatable": { "cpu": cpu, "memory": memory } } }))
    };
    let container = json!({ "name": "main", "resources": { "requests": { "cpu": "6", "memory": "48Gi" } } });
    let apart = "0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.";
    told(
        &[wanting(json!({ "containers": [container] }), apart), vec![split("a", "8", "8Gi"), split("b", "2", "64Gi")]]
            .concat(),
        "T020",
        Severity::Critical,
        &["6 cpu and 48Gi memory, and no single node"],
    );
}

#[test]
fn who_fills_the_node_is_named() {
    let full = "0/1 nodes are available: 1 Insufficient memory.";
    let asks = json!({ "containers": [{ "name": "main", "resources": { "requests": { "memory": "20Gi" } } }] });
    let other = json!({
        "metadata": { "namespace": "other", "ownerReferences": [] },
        "spec": with(asks, json!({ "nodeName": "a" })), "status": { "phase": "Running" },
    });
    let objects = [asking("memory", "16Gi", full), vec![node("a"), with(pod("big", "", ""), other)]].concat();
    told(&objects, "T020", Severity::Warning, &["Most of it is held by pod/big in namespace other (20Gi)."]);
}

#[test]
fn room_that_this_job_takes_itself_can_be_given_back() {
    let mut objects = asking("cpu", "6", "0/1 nodes are available: 1 Insufficient cpu.");
    objects[0] = with(objects[0].clone(), json!({ "spec": { "parallelism": 3, "completions": 3 } }));
    let running = |name: &str| {
        let own = json!({ "spec": { "nodeName": "worker-1" }, "status": { "phase": "Running", "conditions": [] } });
        with(with(objects[1].clone(), json!({ "metadata": { "name": name, "uid": name } })), own)
    };
    let findings = found(&[objects.clone(), vec![running("etl-b"), node("worker-1")]].concat());
    let call = findings[0].fixes[0].call.as_ref().unwrap();
    assert_eq!((call.id, call.argument.as_str()), ("job.parallelism", "1"));
    assert_eq!(findings[0].effect, "1 of 3 pods run");
}

#[test]
fn devices_are_missing_too_few_or_in_use() {
    let short = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.";
    let gpus =
        |name: &str, count: &str| with(node(name), json!({ "status": { "allocatable": { "nvidia.com/gpu": count } } }));
    let other = with(node("worker-2"), json!({ "status": { "allocatable": { "amd.com/gpu": "4" } } }));
    told(
        &[asking("nvidia.com/gpu", "1", short), vec![gpus("worker-1", "0"), other]].concat(),
        "T021",
        Severity::Critical,
        &["No node offers nvidia.com/gpu", "Nodes offer amd.com/gpu."],
    );
    told(
        &[asking("nvidia.com/gpu", "8", short), vec![gpus("a", "4"), gpus("b", "2")]].concat(),
        "T021",
        Severity::Critical,
        &["8 nvidia.com/gpu", "a, has 4"],
    );
    told(
        &[asking("nvidia.com/gpu", "1", short), vec![gpus("a", "4"), gpus("b", "2")]].concat(),
        "T021",
        Severity::Warning,
        &["6 on 2 nodes"],
    );
    // Where taints alone keep it from the nodes that have GPUs, they are the cause.
    let some = "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient nvidia.com/gpu.";
    let gpu_node = with(tainted("gpu-1", "nvidia.com/gpu", ""), gpus("gpu-1", "4"));
    told(
        &[asking("nvidia.com/gpu", "1", some), vec![gpu_node, node("a"), node("b")]].concat(),
        "T022",
        Severity::Error,
        &["nvidia.com/gpu:NoSchedule (gpu-1)", "The other nodes: 2 short of nvidia.com/gpu."],
    );
    told(
        &unplaced("0/1 nodes are available: request gpu: device class big.example.com does not exist."),
        "T021",
        Severity::Critical,
        &["class big.example.com"],
    );
}

#[test]
fn the_one_thing_that_keeps_a_matching_node_away_leads() {
    let selector = json!({ "nodeSelector": { "disk": "nvme" } });
    let mixed = "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector.";
    let matching = with(tainted("big", "team", "ml"), labelled("big", "disk", "nvme"));
    told(
        &[wanting(selector.clone(), mixed), vec![matching, node("a"), node("b")]].concat(),
        "T022",
        Severity::Error,
        &["team=ml:NoSchedule (big)", "2 without the labels"],
    );
    told(
        &[wanting(selector.clone(), mixed), vec![control_plane(), labelled("a", "disk", "ssd"), node("b")]].concat(),
        "T023",
        Severity::Critical,
        &["No node has disk=nvme", "Closest is a: it has disk=ssd."],
    );
    let cordoned =
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector.";
    let matching = with(labelled("big", "disk", "nvme"), json!({ "spec": { "unschedulable": true } }));
    told(
        &[wanting(selector, cordoned), vec![matching, node("a"), node("b")]].concat(),
        "T029",
        Severity::Error,
        &["1 of 3 nodes are cordoned (big)"],
    );
}

#[test]
fn what_is_not_known_is_not_guessed() {
    // Before the pod's tolerations are known, a tainted node may be the one that is large enough.
    let full = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).";
    let large = with(tainted("big", "team", "ml"), json!({ "status": { "allocatable": { "cpu": "32" } } }));
    let objects = [asking("cpu", "9", full), vec![large, node("a")]].concat();
    let snapshot = snapshot_of(&objects);
    let about = Subject { kind: Kind::Job, uid: Uid::new("etl") };
    let said = diagnose(Known { snapshot: &snapshot, facts: &Facts::default(), now: now() }, about);
    assert_eq!((said.findings[0].rule.0, said.findings[0].severity), ("T020", Severity::Warning));
    assert_eq!(said.needs.len(), 2, "the Job and its pod alone: {:?}", said.needs);
    // With them it is the taint that keeps the pod from the only node that is.
    told(&objects, "T022", Severity::Error, &["team=ml:NoSchedule (big)"]);
    // Pods that are not watched fill the other node: that a taint can be seen does not make it the cause.
    let objects = [asking("cpu", "6", full), vec![tainted("big", "team", "ml"), node("a")]].concat();
    told(&objects, "T020", Severity::Warning, &["full now"]);
}

#[test]
fn nodes_in_trouble_are_told_from_nodes_for_others() {
    let all = "0/2 nodes are available: 2 node(s) had untolerated taint(s).";
    let sick = tainted("worker-1", "node.kubernetes.io/not-ready", "");
    told(
        &[unplaced(all), vec![sick, control_plane()]].concat(),
        "T022",
        Severity::Warning,
        &["in trouble", "not ready: worker-1"],
    );
    let old = "0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: gpu}.";
    told(&unplaced(old), "T022", Severity::Error, &["does not tolerate: dedicated=gpu."]);
    told(&unplaced(all), "T022", Severity::Error, &["2 of 2 nodes carry taints that the pod does not tolerate."]);
}

pub(super) fn mounting(claim: &str, message: &str) -> Vec<Value> {
    wanting(json!({ "volumes": [{ "name": "v", "persistentVolumeClaim": { "claimName": claim } }] }), message)
}

pub(super) fn claim(name: &str, phase: &str, more: Value) -> Value {
    with(
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": { "name": name, "namespace": "batch", "uid": name },
            "spec": { "resources": { "requests": { "storage": "50Gi" } } },
            "status": { "phase": phase },
        }),
        more,
    )
}

#[test]
fn claims_are_missing_going_or_there_by_now() {
    let missing = mounting("data", r#"0/2 nodes are available: persistentvolumeclaim "data" not found. not found"#);
    told(
        &[missing.clone(), vec![claim("date", "Bound", json!({}))]].concat(),
        "T025",
        Severity::Critical,
        &["Claim data does not exist in namespace batch", "The claims there are date."],
    );
    told(&[missing, vec![claim("data", "Bound", json!({}))]].concat(), "T025", Severity::Info, &["exists by now"]);
    // Nodes are looked at once the claim is there: what they will say is told with it.
    let pair = json!({
        "nodeSelector": { "disk": "nvme" },
        "volumes": [{ "name": "v", "persistentVolumeClaim": { "claimName": "data" } }],
    });
    let both = wanting(pair, r#"0/1 nodes are available: persistentvolumeclaim "data" not found. not found"#);
    told(&[both, vec![node("a")]].concat(), "T025", Severity::Critical, &["That is not all", "without disk=nvme"]);
    let going =
        mounting("data", r#"0/2 nodes are available: persistentvolumeclaim "data" is being deleted. not found"#);
    told(&going, "T025", Severity::Critical, &["is being deleted"]);
    let lost = r#"0/2 nodes are available: persistentvolumeclaim "data" bound to non-existent persistentvolume "pv-1". not found"#;
    told(&mounting("data", lost), "T026", Severity::Critical, &["volume pv-1, which does not exist"]);
}

#[test]
fn unbound_claims_say_why_in_the_words_of_their_events() {
    let unbound =
        mounting("data", "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found");
    let slow = json!({ "spec": { "storageClassName": "slow" } });
    let say = |reason: &str, note: &str| {
        let events = event("PersistentVolumeClaim", "data", reason, note);
        [unbound.clone(), vec![claim("data", "Pending", slow.clone()), claim("other", "Pending", json!({})), events]]
            .concat()
    };
    let words = ["Claim data is not bound to a volume", "50Gi of storage class slow"];
    let failed = say("ProvisioningFailed", "storageclass.storage.k8s.io \"slow\" not found");
    told(&failed, "T026", Severity::Error, &[words[0], words[1], "storage class slow does not exist"]);
    told(&say("ExternalProvisioning", "Waiting for a volume"), "T026", Severity::Error, &["has not answered"]);
    told(&say("WaitForFirstConsumer", "waiting for first consumer"), "T026", Severity::Error, &["nothing says why"]);
    let nowhere =
        mounting("data", "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.");
    let normal = event("PersistentVolumeClaim", "data", "WaitForFirstConsumer", "waiting for first consumer");
    told(
        &[nowhere, vec![claim("data", "Pending", slow.clone()), normal]].concat(),
        "T026",
        Severity::Error,
        &["2 nodes \"node(s) didn't find available persistent volumes to bind\""],
    );
    // A scheduler that has found the node and waits for the volume says nothing, or that it gave up waiting.
    let note = "Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually by \
                the system administrator.";
    let asked = event("PersistentVolumeClaim", "data", "ExternalProvisioning", note);
    let mut waiting = [unbound.clone(), vec![claim("data", "Pending", slow.clone()), asked]].concat();
    let silent = with(pod("etl-a", "", ""), json!({ "spec": unbound[1]["spec"] }));
    let late = with(
        pod(
            "etl-a",
            "SchedulerError",
            "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded",
        ),
        json!({ "spec": unbound[1]["spec"] }),
    );
    let late = [
        late,
        event("Pod", "etl-a", "FailedScheduling", "running PreBind plugin \"VolumeBinding\": binding volumes: timeout"),
    ];
    for pods in [vec![silent.clone()], late.to_vec()] {
        waiting[1] = pods[0].clone();
        let objects = [waiting.clone(), pods[1..].to_vec()].concat();
        told(&objects, "T026", Severity::Error, &["provisioner ebs.csi.aws.com was asked for one"]);
    }
    waiting[1] = with(silent, json!({ "metadata": { "creationTimestamp": ago(60) } }));
    nothing(&waiting);
    // Without the claim itself it is told with less.
    told(&unbound, "T026", Severity::Error, &["A claim of the pod has no volume yet"]);
}

#[test]
fn volumes_are_tied_to_places_and_held_by_pods() {
    let far = "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.";
    let bound = claim("data", "Bound", json!({ "spec": { "volumeName": "pv-1" } }));
    let terms = json!([{ "matchExpressions": [{ "key": "zone", "operator": "In", "values": ["eu-1"] }] }]);
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "pv-1" },
        "spec": { "nodeAffinity": { "required": { "nodeSelectorTerms": terms } } },
    });
    let objects = [mounting("data", far), vec![bound, volume, labelled("a", "zone", "eu-2"), node("b")]].concat();
    told(
        &objects,
        "T027",
        Severity::Error,
        &["Volume pv-1 of claim data is tied to zone=eu-1. No node of the cluster has that label"],
    );
    told(&mounting("data", far), "T027", Severity::Error, &["2 other nodes cannot use it"]);

    let held = "0/2 nodes are available: 2 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.";
    let single = claim("data", "Bound", json!({ "spec": { "accessModes": ["ReadWriteOncePod"] } }));
    told(
        &[mounting("data", held), vec![single]].concat(),
        "T028",
        Severity::Error,
        &["Claim data may be used by one pod"],
    );

    let placed = with(pod("etl-a", "", ""), json!({ "spec": { "nodeName": "worker-1" } }));
    let note = r#"Multi-Attach error for volume "pvc-6b1f" Volume is already used by pod(s) backup-k2m4x"#;
    let objects = [job(), placed.clone(), event("Pod", "etl-a", "FailedAttachVolume", note)];
    told(&objects, "T028", Severity::Error, &["Volume pvc-6b1f", "pod backup-k2m4x has it elsewhere"]);
    // Where nobody is named, whoever uses the claim on another node has it.
    let note = r#"Multi-Attach error for volume "pvc-6b1f" Volume is already exclusively attached to one node and can't be attached to another"#;
    let uses = json!({ "volumes": [{ "name": "v", "persistentVolumeClaim": { "claimName": "data" } }] });
    let other = json!({ "metadata": { "ownerReferences": [] }, "spec": with(uses, json!({ "nodeName": "worker-2" })) });
    let objects = [
        job(),
        placed.clone(),
        event("Pod", "etl-a", "FailedAttachVolume", note),
        claim("data", "Bound", json!({ "spec": { "volumeName": "pvc-6b1f" } })),
        with(pod("backup", "", ""), other),
    ];
    told(&objects, "T028", Severity::Error, &["of claim data can be used on one node", "pod backup has it elsewhere"]);
    nothing(&[job(), placed, event("Pod", "etl-a", "FailedAttachVolume", "AttachVolume.Attach failed: timeout")]);
}

#[test]
fn gates_are_named_with_those_who_release_them() {
    let gated = |gate: &str| {
        let words = "Scheduling is blocked due to non-empty scheduling gates";
        let spec = json!({ "spec": { "schedulingGates": [{ "name": gate }] } });
        vec![job(), with(pod("etl-a", "SchedulingGated", words), spec)]
    };
    told(&gated("example.com/data"), "T030", Severity::Warning, &["gate example.com/data"]);
    told(&gated("kueue.x-k8s.io/topology"), "T030", Severity::Info, &["until Kueue lets it go"]);
}

#[test]
fn a_silent_scheduler_is_named_after_half_a_minute() {
    let silent = with(pod("etl-a", "", ""), json!({ "spec": { "schedulerName": "volcano" } }));
    let own = with(job(), json!({ "spec": { "template": { "spec": { "schedulerName": "volcano" } } } }));
    told(
        &[own.clone(), silent.clone()],
        "T031",
        Severity::Critical,
        &["scheduler volcano, which has said nothing for 5m"],
    );
    told(&[job(), pod("etl-a", "", "")], "T031", Severity::Critical, &["No scheduler has looked at the pod for 5m"]);
    nothing(&[own.clone(), with(silent.clone(), json!({ "metadata": { "creationTimestamp": ago(20) } }))]);
    nothing(&[own, silent, event("Pod", "etl-a", "Nominated", "Pod should schedule on: node/x")]);
}

#[test]
fn groups_wait_for_all_their_pods() {
    let text = "2/3 tasks in gang unschedulable: pod group is not ready, 3 minAvailable, 3 Pending";
    told(&unplaced(text), "T032", Severity::Warning, &["2 of 3 find no place", "Volcano says: pod group is not ready"]);
    let text = "0/3 nodes are available: waiting for minCount pods from a gang to appear in scheduling queue.";
    told(&unplaced(text), "T032", Severity::Warning, &["1 of 1 exist"]);
}

#[test]
fn pods_that_must_be_apart_can_be_fewer() {
    let text =
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod anti-affinity rules.";
    let labels = json!({ "matchLabels": { "app": "etl" } });
    let rule = json!([{ "topologyKey": "kubernetes.io/hostname", "labelSelector": labels }]);
    let spec = json!({ "affinity": { "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": rule } } });
    let mut objects = wanting(spec, text);
    objects[0] = with(objects[0].clone(), json!({ "spec": { "parallelism": 5, "completions": 5 } }));
    let running = with(pod("etl-b", "", ""), json!({ "spec": { "nodeName": "a" }, "status": { "phase": "Running" } }));
    objects.extend([control_plane(), node("a"), node("b"), running]);
    told(
        &objects,
        "T024",
        Severity::Warning,
        &["share a node with pods labelled app=etl", "there are 2 such places", "1 with taints"],
    );
    let call = found(&objects)[0].fixes[0].call.clone().unwrap();
    assert_eq!((call.id, call.argument.as_str()), ("job.parallelism", "2"));
    let near = "0/2 nodes are available: 2 node(s) didn't match pod affinity rules.";
    told(&unplaced(near), "T024", Severity::Warning, &["beside certain other pods"]);
}

#[test]
fn host_ports_are_named() {
    let spec = json!({ "containers": [{ "name": "main", "ports": [{ "hostPort": 8080 }, { "containerPort": 1 }] }] });
    let text = "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.";
    told(&wanting(spec, text), "T033", Severity::Error, &["Port 8080 of the node (hostPort) is taken on 2 nodes"]);
    let spec = json!({
        "hostNetwork": true, "containers": [{ "name": "main", "ports": [{ "containerPort": 8080 }] }],
    });
    let objects = wanting(spec, text);
    told(&objects, "T033", Severity::Error, &["Port 8080 of the node (hostNetwork)"]);
    let call = found(&objects)[0].fixes[0].call.clone().unwrap();
    assert_eq!(call.argument, "spec.template.spec.hostNetwork-");
}

#[test]
fn autoscalers_are_listened_to() {
    let objects = [asking("cpu", "1", "0/1 nodes are available: 1 Insufficient cpu."), vec![node("a")]].concat();
    let say = |reason: &str, note: &str| [objects.clone(), vec![event("Pod", "etl-a", reason, note)]].concat();
    told(
        &say("TriggeredScaleUp", "pod triggered scale-up"),
        "T020",
        Severity::Warning,
        &["autoscaler is adding a node"],
    );
    let refused = say("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached");
    told(&refused, "T020", Severity::Warning, &["adds no node for it: 1 max node group size reached."]);
    assert_eq!(found(&refused)[0].evidence.len(), 2);
}

#[test]
fn pods_that_are_placed_new_or_going_are_let_be() {
    let text = "0/1 nodes are available: 1 Insufficient cpu.";
    let waiting = unplaced(text);
    for more in [
        json!({ "metadata": { "creationTimestamp": ago(5) } }),
        json!({ "metadata": { "deletionTimestamp": ago(1) } }),
        json!({ "spec": { "nodeName": "worker-1" } }),
        json!({ "status": { "phase": "Running" }, "spec": { "nodeName": "worker-1" } }),
    ] {
        nothing(&[waiting[0].clone(), with(waiting[1].clone(), more)]);
    }
    let paused = with(job(), json!({ "spec": { "suspend": true } }));
    assert_eq!(only(&[paused, waiting[1].clone()]).0, "T001");
    nothing(&unplaced("0/1 nodes are available: 1 a reason of tomorrow."));
}

#[test]
fn pods_that_wait_alike_are_one_finding() {
    let text = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available";
    let other = pod("etl-b", "Unschedulable", &format!("{text}: 1 No preemption victims found for incoming pod."));
    let findings = found(&[job(), pod("etl-a", "Unschedulable", text), other, node("a")]);
    assert_eq!(findings.len(), 1, "{findings:#?}");
}

#[test]
fn a_node_that_the_template_names_and_nobody_has_is_named() {
    let objects = |name: &str| {
        let template = json!({ "template": { "spec": { "nodeName": name, "containers": [{ "name": "main" }] } } });
        vec![with(job(), json!({ "spec": template, "status": { "failed": 2 } })), node("worker-1")]
    };
    let (rule, severity, verdict) = only(&objects("worker-9"));
    assert_eq!((rule, severity), ("T023", Severity::Critical));
    assert!(verdict.contains("names node worker-9"), "{verdict}");
    let fixes = found(&objects("worker-9")).remove(0).fixes;
    let arguments: Vec<_> = fixes.into_iter().filter_map(|fix| fix.call).map(|call| call.argument).collect();
    assert_eq!(arguments, ["spec.template.spec.nodeName-", "spec.template.spec.nodeName=worker-1"]);
    nothing(&objects("worker-1"));
}

#[test]
fn device_claim_that_is_not_there_is_told_and_no_scheduler_blamed() {
    let mut objects = vec![job(), pod("etl-a", "", "")];
    let claims = json!([{ "name": "gpu", "resourceClaimName": "shared" }]);
    objects[0]["spec"]["template"]["spec"]["resourceClaims"] = claims.clone();
    objects[1]["spec"]["resourceClaims"] = claims;
    told(&objects, "T021", Severity::Critical, &["Device claim shared", "does not exist in namespace batch"]);
    let there = json!({
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": { "name": "shared", "namespace": "batch" },
    });
    told(&[objects, vec![there]].concat(), "T031", Severity::Critical, &["No scheduler has looked"]);
}

#[test]
fn toleration_that_misses_its_taint_is_named() {
    let message = "0/1 nodes are available: 1 node(s) had untolerated taint(s).";
    let of = |toleration: Value, words: &str| {
        let mut objects = wanting(json!({ "tolerations": [toleration] }), message);
        objects.push(tainted("worker-1", "dedicated", "batch"));
        told(&objects, "T022", Severity::Error, &["dedicated=batch:NoSchedule", words]);
    };
    of(json!({ "key": "dedicated", "value": "batch", "effect": "NoExecute" }), "with effect NoExecute alone");
    of(json!({ "key": "dedicated", "value": "web", "effect": "NoSchedule" }), "with value \"web\" alone");
    of(json!({ "key": "dedicate", "value": "batch" }), "tolerates key dedicate alone");
}
