//! What looks like a pod that finds no node.

use serde_json::{Value, json};

use super::super::look_alikes::Change::{self, Add, Merge};
use super::super::look_alikes::{Fault, fault};
use super::super::scene::{ago, event, job, node, pod, unplaced, with};
use super::tests::{asking, claim, labelled, mounting, tainted, wanting};

const NO_CPU: &str = "0/2 nodes are available: 2 Insufficient cpu.";

/// The scheduler says something else.
fn says(words: &str) -> Change {
    let one = json!({ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": words });
    Merge(1, json!({ "status": { "conditions": [one] } }))
}

/// An event about the pod, so many seconds ago.
fn earlier(reason: &str, note: &str, seconds: i64) -> Value {
    with(event("Pod", "etl-a", reason, note), json!({ "lastTimestamp": ago(seconds) }))
}

/// Rules about nodes: their room and what is written on them.
fn of_nodes() -> Vec<Fault> {
    let mixed = "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 Insufficient nvidia.com/gpu.";
    let large = "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 Insufficient cpu.";
    let labels = "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) didn't match Pod's node affinity/selector.";
    let cordoned =
        "0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) didn't match Pod's node affinity/selector.";
    let disk = json!({ "nodeSelector": { "disk": "nvme" } });
    let big = with(tainted("big", "team", "ml"), json!({ "status": { "allocatable": { "cpu": "32" } } }));
    let control_plane = json!([{ "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" }]);
    let template = json!({ "template": { "spec": { "nodeName": "worker-9", "containers": [{ "name": "main" }] } } });
    let named = vec![with(job(), json!({ "spec": template, "status": { "failed": 2 } })), node("worker-1")];
    vec![
        fault(
            "T020",
            [asking("cpu", "9", NO_CPU), vec![node("a"), node("b")]].concat(),
            vec![
                ("it has a node by now", Merge(1, json!({ "spec": { "nodeName": "a" } })), &[]),
                ("it was made just now", Merge(1, json!({ "metadata": { "creationTimestamp": ago(10) } })), &[]),
                ("it is on its way out", Merge(1, json!({ "metadata": { "deletionTimestamp": ago(1) } })), &[]),
                ("the Job is suspended", Merge(0, json!({ "spec": { "suspend": true } })), &["T001"]),
            ],
        ),
        fault(
            "T021",
            [asking("nvidia.com/gpu", "1", mixed), vec![tainted("gpu", "team", "ml"), node("a")]].concat(),
            vec![
                (
                    "a taint alone keeps it from the node that has some",
                    Merge(2, json!({ "status": { "allocatable": { "nvidia.com/gpu": "4" } } })),
                    &["T022"],
                ),
                ("what lacks is no device", says("0/2 nodes are available: 2 Insufficient hugepages-2Mi."), &["T020"]),
            ],
        ),
        fault(
            "T021",
            vec![
                job(),
                pod("etl-a", "", ""),
                event(
                    "Pod",
                    "etl-a",
                    "FailedResourceClaimCreation",
                    "PodResourceClaim gpu: template \"big\": not found",
                ),
            ],
            vec![("the claim was made since", says(NO_CPU), &["T020"])],
        ),
        fault(
            "T022",
            [asking("cpu", "9", large), vec![big.clone(), node("a")]].concat(),
            vec![
                (
                    "the tainted node is too small, too",
                    Merge(2, json!({ "status": { "allocatable": { "cpu": "8" } } })),
                    &["T020"],
                ),
                ("it is a control plane", Merge(2, json!({ "spec": { "taints": control_plane } })), &["T020"]),
            ],
        ),
        fault(
            "T023",
            [wanting(disk.clone(), labels), vec![big, node("a")]].concat(),
            vec![(
                "a taint alone keeps it from the node that has the label",
                Merge(2, json!({ "metadata": { "labels": { "disk": "nvme" } } })),
                &["T022"],
            )],
        ),
        fault(
            "T023",
            named,
            vec![
                ("the node that is named is there", Merge(1, json!({ "metadata": { "name": "worker-9" } })), &[]),
                ("a try came through", Merge(0, json!({ "status": { "succeeded": 1 } })), &[]),
            ],
        ),
        fault(
            "T029",
            [
                wanting(disk, cordoned),
                vec![with(labelled("big", "disk", "nvme"), json!({ "spec": { "unschedulable": true } })), node("a")],
            ]
            .concat(),
            vec![(
                "the cordoned node would not do either",
                Merge(2, json!({ "metadata": { "labels": { "disk": null } } })),
                &["T023"],
            )],
        ),
    ]
}

/// Rules about volumes and about other pods.
fn of_neighbours() -> Vec<Fault> {
    let (nowhere, far, selector) = (
        "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
        "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    );
    let missing = r#"0/2 nodes are available: persistentvolumeclaim "data" not found. not found"#;
    let lost = r#"0/2 nodes are available: persistentvolumeclaim "data" bound to non-existent persistentvolume "pv-1". not found"#;
    let refused = "ephemeral volume v: create PVC etl-a-v: persistentvolumeclaims \"etl-a-v\" is forbidden: exceeded quota: disks";
    let creating = json!([{ "name": "main", "state": { "waiting": { "reason": "ContainerCreating" } } }]);
    let placed = json!({ "spec": { "nodeName": "worker-1" }, "status": { "containerStatuses": creating } });
    let held = r#"Multi-Attach error for volume "pvc-6b1f" Volume is already used by pod(s) backup-k2m4x"#;
    let attached = r#"AttachVolume.Attach succeeded for volume "pvc-6b1f""#;
    vec![
        fault(
            "T024",
            unplaced("0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."),
            vec![("labels of nodes", says(selector), &["T023"]), ("the place of a volume", says(far), &["T027"])],
        ),
        fault("T025", mounting("data", missing), vec![("its volume is gone", says(lost), &["T026"])]),
        fault(
            "T026",
            [mounting("data", nowhere), vec![claim("data", "Pending", json!({}))]].concat(),
            vec![("it is bound once its pod has a node", says(NO_CPU), &["T020"])],
        ),
        fault(
            "T026",
            vec![job(), pod("etl-a", "", ""), event("Pod", "etl-a", "FailedBinding", refused)],
            vec![("the claim was made since", says(NO_CPU), &["T020"])],
        ),
        fault("T027", mounting("data", far), vec![("labels that the pod asks for itself", says(selector), &["T023"])]),
        fault(
            "T028",
            vec![job(), with(pod("etl-a", "", ""), placed), earlier("FailedAttachVolume", held, 200)],
            vec![
                ("it was let go since", Add(earlier("SuccessfulAttachVolume", attached, 100)), &[]),
                ("its image is on the way", Add(earlier("Pulling", "Pulling image \"a\"", 30)), &[]),
                (
                    "the storage failed",
                    Merge(2, json!({ "message": "AttachVolume.Attach failed for volume \"pvc-6b1f\" : timeout" })),
                    &["T050"],
                ),
            ],
        ),
        fault(
            "T032",
            vec![
                job(),
                pod("etl-a", "", ""),
                event("Pod", "etl-a", "FailedScheduling", "2/3 tasks in gang unschedulable: pod group is not ready"),
            ],
            vec![("the group is complete by now, and has no room", says(NO_CPU), &["T020"])],
        ),
        fault(
            "T033",
            unplaced("0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."),
            vec![(
                "where the port is free there is no room",
                says(
                    "0/2 nodes are available: 1 node(s) didn't have free ports for the requested pod ports, 1 Insufficient cpu.",
                ),
                &["T020"],
            )],
        ),
    ]
}

/// Rules about pods that no scheduler has judged.
fn of_schedulers() -> Vec<Fault> {
    let condition = |reason: &str| {
        let one = json!({ "type": "PodScheduled", "status": "False", "reason": reason, "message": "…" });
        Merge(1, json!({ "status": { "conditions": [one] } }))
    };
    vec![
        fault(
            "T030",
            vec![job(), pod("etl-a", "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates")],
            vec![
                ("the gate is gone", says(NO_CPU), &["T020"]),
                ("the Job is suspended", Merge(0, json!({ "spec": { "suspend": true } })), &["T001"]),
            ],
        ),
        fault(
            "T031",
            vec![job(), pod("etl-a", "", "")],
            vec![
                (
                    "it has a place in view",
                    Add(event("Pod", "etl-a", "Nominated", "Pod should schedule on: node/x")),
                    &[],
                ),
                ("a scheduler failed at it", condition("SchedulerError"), &[]),
                ("no scheduler is to look", condition("SchedulingGated"), &["T030"]),
                ("half a minute", Merge(1, json!({ "metadata": { "creationTimestamp": ago(30) } })), &[]),
            ],
        ),
    ]
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    [of_nodes(), of_neighbours(), of_schedulers()].into_iter().flatten().collect()
}
