//! What looks like an end of a container, or of its pod.

use serde_json::{Value, json};

use super::tests::{disrupted, gone, looping, quick, restarted, running};
use crate::triage::look_alikes::Change::{self, Add, Merge, Set, Without};
use crate::triage::look_alikes::{Fault, LookAlike, fault};
use crate::triage::scene::condition;
use crate::triage::scene_of_pod::{Scene, end};

const STATE: &str = "/status/containerStatuses/0/state";

/// The container ended so instead.
fn ends(code: i32, reason: &str) -> Change {
    Set(1, STATE, end(code, reason, "11:50"))
}

/// The pod has other words of the kubelet.
fn says(reason: &str, message: &str) -> Change {
    Merge(1, json!({ "status": { "reason": reason, "message": message } }))
}

/// The Job has this condition, since this minute.
fn decided(kind: &str, reason: &str, at: &str) -> Change {
    Merge(0, condition(kind, reason, &format!("2026-05-04T11:{at}:00Z")))
}

fn event(about: (&str, &str), reason: &str, note: &str, at: &str) -> Value {
    Scene::waiting("", "").event(about, reason, note, at).objects.remove(2)
}

/// A container to debug with ended so, while the work goes on.
fn debugger(code: i32, reason: &str) -> LookAlike {
    let mut status = Scene::of_state("Running", running()).objects[1]["status"].clone();
    status["ephemeralContainerStatuses"] = json!([{ "name": "debugger", "state": end(code, reason, "11:50") }]);
    let spec = json!({ "ephemeralContainers": [{ "name": "debugger" }] });
    ("a container to debug with ended so", Merge(1, json!({ "spec": spec, "status": status })), &[])
}

/// Another try of the Job succeeded.
fn succeeded() -> LookAlike {
    ("another try succeeded", decided("Complete", "CompletionsReached", "58"), &[])
}

fn of_codes() -> Vec<Fault> {
    let limited = |mut scene: Scene| {
        scene.pod()["spec"]["containers"][0]["resources"] = json!({ "limits": { "memory": "512Mi" } });
        scene.objects
    };
    let child = json!({
        "phase": "Running", "containerStatuses": [{ "name": "worker", "state": end(0, "OOMKilled", "11:59") }],
    });
    let pod = ("Pod", "etl-a");
    vec![
        fault(
            "T060",
            Scene::ended(1, "Error").objects,
            vec![debugger(1, "Error"), ("the shell found no such command", ends(127, "Error"), &["T061"]), succeeded()],
        ),
        fault(
            "T061",
            Scene::ended(127, "Error").objects,
            vec![("the runtime found no such command", ends(127, "StartError"), &["T054"]), succeeded()],
        ),
        fault(
            "T062",
            limited(Scene::ended(137, "OOMKilled")),
            vec![
                (
                    "it has no limit, so that it was the node",
                    Merge(1, json!({ "spec": { "containers": [{ "name": "worker" }] } })),
                    &["T063"],
                ),
                ("a child was killed, and it ended well", Merge(1, json!({ "status": child })), &[]),
                ("the same signal by somebody", ends(137, "Error"), &["T066"]),
            ],
        ),
        fault(
            "T065",
            Scene::ended(139, "Error").objects,
            vec![
                ("the number of the signal as a code", ends(11, "Error"), &["T060"]),
                ("a signal from outside", ends(143, "Error"), &["T066"]),
                ("by a pipe that nobody reads", ends(141, "Error"), &["T060"]),
            ],
        ),
        fault(
            "T066",
            Scene::ended(143, "Error").objects,
            vec![
                ("the Job's time was over", decided("FailureTarget", "DeadlineExceeded", "49"), &["T082"]),
                (
                    "the Job wants fewer pods",
                    Add(event(("Job", "etl"), "SuccessfulDelete", "Deleted pod: etl-a", "11:49")),
                    &[],
                ),
                ("an eviction", Merge(1, disrupted("EvictionByEvictionAPI").objects[1].clone()), &["T076"]),
                (
                    "its probe",
                    Add(event(pod, "Killing", "Container worker failed liveness probe, will be restarted", "11:50")),
                    &["T067"],
                ),
                succeeded(),
            ],
        ),
        fault(
            "T070",
            restarted(looping(), 5, end(3, "Error", "11:57")).objects,
            vec![
                ("it runs again", Set(1, STATE, running()), &["T060"]),
                (
                    "there is no such command",
                    Set(1, "/status/containerStatuses/0/lastState", end(127, "Error", "11:57")),
                    &["T061"],
                ),
            ],
        ),
        fault(
            "T071",
            quick(2, 3).objects,
            vec![
                (
                    "a fifth of the usual time",
                    Merge(0, json!({ "status": { "completionTime": "2026-05-04T11:08:00Z" } })),
                    &[],
                ),
                ("a run of several parts", Merge(0, json!({ "spec": { "completions": 2 } })), &[]),
                ("two runs are too few to compare with", Without(4), &[]),
            ],
        ),
    ]
}

/// Kills by the kubelet, and what the log says.
fn of_words() -> Vec<Fault> {
    let pod = ("Pod", "etl-a");
    let killed =
        |note: &str| restarted(running(), 4, end(137, "Error", "11:57")).event(pod, "Killing", note, "11:57").objects;
    let note = |note: &str| Merge(2, json!({ "message": note }));
    let earlier = || Merge(2, json!({ "lastTimestamp": "2026-05-04T11:30:00Z" }));
    let (liveness, startup) = (
        "Container worker failed liveness probe, will be restarted",
        "Container worker failed startup probe, will be restarted",
    );
    let lines = |lines: Value| Merge(2, json!({ "lines": lines }));
    let said = |line: &str| Scene::ended(1, "Error").tail("etl-a", &["start", line]).objects;
    let rights = "User \"system:serviceaccount:batch:etl\" cannot list resource \"pods\" in API group \"\" in the namespace \"batch\"";
    let person = rights.replace("system:serviceaccount:batch:etl", "jane");
    let (heap, full) =
        ("java.lang.OutOfMemoryError: Java heap space", "dd: error writing '/out/a': No space left on device");
    let later = "ERROR schema is too old";
    vec![
        fault(
            "T067",
            killed(liveness),
            vec![
                ("it ended an earlier run", earlier(), &["T066"]),
                ("another container", note("Container other failed liveness probe, will be restarted"), &["T066"]),
                ("the pod was stopped", note("Stopping container worker"), &["T066"]),
                ("the other probe", note(startup), &["T068"]),
            ],
        ),
        fault(
            "T068",
            killed(startup),
            vec![("it ended an earlier run", earlier(), &["T066"]), ("the other probe", note(liveness), &["T067"])],
        ),
        fault(
            "T069",
            Scene::ended(137, "Error").event(pod, "FailedPostStartHook", "PostStartHook failed", "11:50").objects,
            vec![
                ("it ended an earlier run", earlier(), &["T066"]),
                (
                    "another container",
                    note("Exec lifecycle hook ([sh]) for Container \"other\" in Pod \"etl-a\" failed"),
                    &["T066"],
                ),
            ],
        ),
        fault(
            "T062",
            said(heap),
            vec![("it went on after that", lines(json!([format!("WARN retried after {heap}"), later])), &["T060"])],
        ),
        fault(
            "T064",
            said(full),
            vec![
                (
                    "a right that is missing",
                    lines(json!(["start", "dd: error writing '/out/a': Permission denied"])),
                    &["T060"],
                ),
                (
                    "watches of files",
                    lines(json!(["start", "Error: ENOSPC: System limit for number of file watchers reached"])),
                    &["T060"],
                ),
                (
                    "it made room",
                    lines(json!([full.replace("error ", ""), "INFO old files deleted", later])),
                    &["T060"],
                ),
            ],
        ),
        fault(
            "T046",
            said("sh: /app/run: Exec format error"),
            vec![("it did without", lines(json!(["WARN /app/fast: exec format error", later])), &["T060"])],
        ),
        fault(
            "T072",
            said(rights),
            vec![
                ("it did without", lines(json!(["start", format!("WARN no discovery: {rights}"), later])), &["T060"]),
                ("the right of a person", lines(json!(["start", person])), &["T060"]),
            ],
        ),
        fault(
            "T073",
            said("dial tcp db:5432: connect: connection refused"),
            vec![
                ("it got through later", lines(json!(["INFO waiting for db: connection refused", later])), &["T060"]),
                ("a file of its own", lines(json!(["start", "cp: /out/a: Permission denied"])), &["T060"]),
            ],
        ),
    ]
}

/// Pods that were taken away.
fn of_places() -> Vec<Fault> {
    let node = |ready: &str, taint: &str| {
        let ready = json!({ "type": "Ready", "status": ready, "lastTransitionTime": "2026-05-04T11:58:00Z" });
        json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "worker-1", "uid": "worker-1" },
            "spec": { "taints": [{ "key": taint, "effect": "NoExecute" }] },
            "status": { "conditions": [ready] } })
    };
    let is_ready = |status: &str| Set(2, "/status/conditions/0/status", json!(status));
    let own = "Container worker exceeded its local ephemeral storage limit \"2Gi\". ";
    let short = "The node was low on resource: ephemeral-storage. Container worker was using 7Gi, request is 0, has larger consumption of ephemeral-storage. ";
    let system = event(("Node", "worker-1"), "SystemOOM", "System OOM encountered, victim process: python", "11:50");
    let by = |reason: &str| Set(1, "/status/conditions/0/reason", json!(reason));
    // The controller takes such a word back where the pod was not deleted after all.
    let was_not =
        || ("it was to be, and was not", Set(1, "/status/conditions/0/status", json!("False")), &["T066"][..]);
    let other = json!({ "involvedObject": { "name": "worker-2", "uid": "worker-2" } });
    let (eviction, preemption) = ("EvictionByEvictionAPI", "PreemptionByScheduler");
    let shut_down = "Pod was terminated in response to imminent node shutdown.";
    let failed =
        json!({ "phase": "Failed", "containerStatuses": [{ "name": "worker", "state": end(1, "Error", "11:50") }] });
    vec![
        fault(
            "T063",
            gone(json!({ "reason": "Evicted", "message": short })).objects,
            vec![("the pod's own limit", says("Evicted", own), &["T064"])],
        ),
        fault(
            "T063",
            Scene::ended(137, "Error").with(system).objects,
            vec![
                ("long before", Merge(2, json!({ "lastTimestamp": "2026-05-04T11:20:00Z" })), &["T066"]),
                ("on another node", Merge(2, other), &["T066"]),
            ],
        ),
        fault(
            "T064",
            gone(json!({ "reason": "Evicted", "message": own })).objects,
            vec![("the node's disk", says("Evicted", short), &["T063"])],
        ),
        fault(
            "T074",
            Scene::ended(137, "ContainerStatusUnknown").objects,
            vec![debugger(137, "ContainerStatusUnknown")],
        ),
        fault(
            "T074",
            Scene::of_state("Running", running()).with(node("Unknown", "x")).objects,
            vec![
                ("its node is well", is_ready("True"), &[]),
                ("another node", Merge(2, json!({ "metadata": { "name": "worker-2" } })), &[]),
                ("the pod had failed before", Merge(1, json!({ "status": failed })), &["T060"]),
            ],
        ),
        fault("T075", disrupted(preemption).objects, vec![("an eviction", by(eviction), &["T076"]), was_not()]),
        fault("T076", disrupted(eviction).objects, vec![("a preemption", by(preemption), &["T075"]), was_not()]),
        fault(
            "T076",
            disrupted("DeletionByTaintManager").with(node("True", "maintenance")).objects,
            vec![("its node is lost", is_ready("Unknown"), &["T074"])],
        ),
        fault(
            "T077",
            gone(json!({ "reason": "Terminated", "message": shut_down })).objects,
            vec![
                ("its node is short of disk", says("Evicted", "The node had condition: [DiskPressure]. "), &["T063"]),
                ("the container alone", Merge(1, json!({ "status": { "reason": null, "message": null } })), &["T066"]),
            ],
        ),
    ]
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    [of_codes(), of_words(), of_places()].into_iter().flatten().collect()
}
