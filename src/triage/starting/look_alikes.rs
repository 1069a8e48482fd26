//! What looks like a pod that has a node and does not come to work there.

use serde_json::{Value, json};

use super::tests::creating;
use crate::triage::look_alikes::Change::{self, Add, Merge, Set};
use crate::triage::look_alikes::{Fault, LookAlike, fault};
use crate::triage::scene_of_pod::{Scene, end};

/// The first container of the pod is in this state instead.
fn state(state: Value) -> Change {
    Set(1, "/status/containerStatuses/0/state", state)
}

/// It waits for this instead.
fn waits(reason: &str, message: &str) -> Change {
    state(json!({ "waiting": { "reason": reason, "message": message } }))
}

/// The same state is that of a container which somebody debugs with, while the work goes on.
fn debugged(scene: &Scene) -> LookAlike {
    let mut status = scene.objects[1]["status"].clone();
    let mut debugger = status["containerStatuses"][0].clone();
    debugger["name"] = json!("debugger");
    status["phase"] = json!("Running");
    status["ephemeralContainerStatuses"] = json!([debugger]);
    status["containerStatuses"][0]["state"] = json!({ "running": { "startedAt": "2026-05-04T11:45:00Z" } });
    let spec = json!({ "ephemeralContainers": [{ "name": "debugger" }] });
    ("a container to debug with", Merge(1, json!({ "spec": spec, "status": status })), &[])
}

/// The container came to run.
fn runs() -> LookAlike {
    ("it runs by now", state(json!({ "running": { "startedAt": "2026-05-04T11:59:00Z" } })), &[])
}

fn event(reason: &str, note: &str) -> Change {
    Add(Scene::waiting("", "").event(("Pod", "etl-a"), reason, note, "11:59").objects.remove(2))
}

fn pulled() -> LookAlike {
    ("the pod got further since", event("Pulled", "Successfully pulled image \"r.io/a:1\""), &[])
}

/// It is in its first half minute.
fn young() -> LookAlike {
    ("it is new", Set(1, "/status/startTime", json!("2026-05-04T11:59:31Z")), &[])
}

fn of_images() -> Vec<Fault> {
    let text =
        |tail: &str| format!("failed to pull and unpack image \"r.io/a:1\": failed to resolve reference: {tail}");
    let failed = |tail: &str| waits("ErrImagePull", &text(tail));
    let missing = Scene::waiting("ErrImagePull", &text("r.io/a:1: not found"));
    let denied = Scene::waiting("ErrImagePull", &text("pull access denied, repository does not exist"));
    let secret = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.";
    let never = "Container image \"r.io/a:1\" is not present with pull policy of Never";
    let starts = |path: &str| {
        let mut state = end(128, "StartError", "11:50");
        state["terminated"]["message"] =
            json!(format!("unable to start container process: exec {path}: exec format error"));
        state
    };
    vec![
        fault(
            "T040",
            missing.objects.clone(),
            vec![
                ("for another machine", failed("no match for platform in manifest: not found"), &["T046"]),
                ("nobody found the registry", failed("dial tcp: lookup r.io on 10.0.0.2:53: no such host"), &["T043"]),
                debugged(&missing),
                runs(),
            ],
        ),
        fault(
            "T041",
            denied.clone().event(("Pod", "etl-a"), "FailedToRetrieveImagePullSecret", secret, "11:58").objects,
            vec![
                (
                    "a limit, which tells to log in",
                    failed(
                        "429 Too Many Requests: toomanyrequests: You have reached your unauthenticated pull rate limit",
                    ),
                    &["T042"],
                ),
                ("a secret that the image does not need", runs().1, &[]),
            ],
        ),
        fault(
            "T042",
            Scene::waiting("ErrImagePull", &text("429 Too Many Requests")).objects,
            vec![
                ("a registry that is down", failed("unexpected status code: 503 Service Unavailable"), &["T043"]),
                ("a tag with that number", failed("r.io/a:429: not found"), &["T040"]),
            ],
        ),
        fault(
            "T043",
            Scene::waiting("ErrImagePull", &text("failed to fetch anonymous token: i/o timeout")).objects,
            vec![(
                "who gives tokens answers, and gives none",
                failed("failed to fetch anonymous token: unexpected status: 401 Unauthorized"),
                &["T041"],
            )],
        ),
        fault(
            "T044",
            Scene::waiting("InvalidImageName", "couldn't parse image name \"r.io/A:1\": must be lowercase").objects,
            vec![("capital letters in the tag", failed("r.io/a:RC1: not found"), &["T040"])],
        ),
        fault(
            "T045",
            Scene::waiting("ErrImageNeverPull", never)
                .event(("Pod", "etl-a"), "ErrImageNeverPull", never, "11:58")
                .objects,
            vec![("somebody has loaded it", waits("ContainerCreating", ""), &[]), runs()],
        ),
        fault(
            "T046",
            Scene::of_state("Failed", starts("/app/run")).objects,
            vec![("a script that names no interpreter", state(starts("/app/run.sh")), &["T054"])],
        ),
        fault(
            "T053",
            Scene::waiting("ContainerCreating", "")
                .event(("Pod", "etl-a"), "Pulling", "Pulling image \"r.io/a:1\"", "11:55")
                .objects,
            vec![("a minute is not long", Merge(2, json!({ "lastTimestamp": "2026-05-04T11:59:01Z" })), &[]), pulled()],
        ),
    ]
}

fn of_what_is_around() -> Vec<Fault> {
    let config = |message: &str| Scene::waiting("CreateContainerConfigError", message);
    let other = |message: &str| waits("CreateContainerConfigError", message);
    let root = "container has runAsNonRoot and image will run as root";
    let mount = "MountVolume.SetUp failed for volume \"m\" : configmap \"scripts\" not found";
    let storage = "MountVolume.SetUp failed for volume \"m\" : rpc error: code = Internal desc = no such disk";
    let attach = "AttachVolume.Attach failed for volume \"pvc-6b1f\" : timeout";
    let held = "Multi-Attach error for volume \"pvc-6b1f\" Volume is already used by pod(s) b";
    let sandbox = "Failed to create pod sandbox: rpc error: code = Unknown desc = plugin type=\"calico\" failed (add)";
    let note = |reason: &str, note: &str| Merge(2, json!({ "reason": reason, "message": note }));
    let missing = config("configmap \"settings\" not found");
    let limited = |amount: &str| {
        let limits = json!({ "limits": { "memory": amount } });
        json!({ "spec": { "containers": [{ "name": "worker", "resources": limits }] } })
    };
    let scripts =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "scripts", "namespace": "batch" } });
    let mut tiny = creating("FailedCreatePodSandBox", sandbox);
    json_patch::merge(tiny.pod(), &limited("512m"));
    vec![
        fault("T047", missing.objects.clone(), vec![("its user", other(root), &["T048"]), debugged(&missing), runs()]),
        fault(
            "T048",
            config(root).objects,
            vec![("a Secret with such a name", other("secret \"non-root-login\" not found"), &["T047"]), runs()],
        ),
        fault(
            "T049",
            creating("FailedMount", mount).objects,
            vec![("the storage fails", note("FailedMount", storage), &["T050"]), pulled(), young()],
        ),
        fault(
            "T049",
            creating("FailedMount", mount).event(("Pod", "etl-a"), "FailedMount", storage, "11:59").objects,
            vec![("it was made since, and the storage fails", Add(scripts), &["T050"])],
        ),
        fault(
            "T050",
            creating("FailedMount", storage).objects,
            vec![("what it is made of is missing", note("FailedMount", mount), &["T049"]), pulled(), young()],
        ),
        fault(
            "T050",
            creating("FailedAttachVolume", attach).objects,
            vec![
                (
                    "it was attached since",
                    event("SuccessfulAttachVolume", "AttachVolume.Attach succeeded for volume \"pvc-6b1f\""),
                    &[],
                ),
                ("it hangs on another node", note("FailedAttachVolume", held), &["T028"]),
            ],
        ),
        fault(
            "T051",
            creating("FailedCreatePodSandBox", sandbox).objects,
            vec![
                ("it is made anew", note("SandboxChanged", "Pod sandbox changed, it will be re-created."), &[]),
                ("it has half a byte of memory", Merge(1, limited("512m")), &["T054"]),
                pulled(),
                young(),
            ],
        ),
        fault("T054", tiny.objects, vec![("its memory is little, but some", Merge(1, limited("64Mi")), &["T051"])]),
    ]
}

fn of_processes() -> Vec<Fault> {
    let mut init = Scene::new(json!({
        "phase": "Pending", "startTime": "2026-05-04T11:40:00Z",
        "initContainerStatuses": [
            { "name": "wait", "started": true, "state": { "running": { "startedAt": "2026-05-04T11:41:00Z" } } },
        ],
        "containerStatuses": [{ "name": "worker", "state": { "waiting": { "reason": "PodInitializing" } } }],
    }));
    init.pod()["spec"]["initContainers"] = json!([{ "name": "wait" }]);
    let mut failed = init.clone();
    failed.pod()["status"]["phase"] = json!("Failed");
    failed.pod()["status"]["initContainerStatuses"][0]["state"] = end(5, "Error", "11:50");
    let main = json!({
        "initContainerStatuses": [{ "name": "wait", "state": end(0, "Completed", "11:49") }],
        "containerStatuses": [{ "name": "worker", "state": end(5, "Error", "11:50") }],
    });
    let unstarted = Scene::ended(128, "StartError");
    let rejected = |reason: &str, words: &str| {
        let words = format!("Pod was rejected: {words}");
        json!({ "status": { "phase": "Failed", "reason": reason, "message": words } })
    };
    let full = rejected("OutOfcpu", "Node didn't have enough resource: cpu");
    let complete = json!({ "conditions": [{ "type": "Complete", "status": "True" }], "succeeded": 1 });
    vec![
        fault(
            "T052",
            init.objects,
            vec![
                (
                    "a sidecar that is up",
                    Merge(1, json!({ "spec": { "initContainers": [{ "name": "wait", "restartPolicy": "Always" }] } })),
                    &[],
                ),
                (
                    "it has begun just now",
                    Set(1, "/status/initContainerStatuses/0/state/running/startedAt", json!("2026-05-04T11:59:46Z")),
                    &[],
                ),
            ],
        ),
        fault(
            "T052",
            failed.objects,
            vec![("the main container ended so", Merge(1, json!({ "status": main })), &["T060"])],
        ),
        fault(
            "T054",
            unstarted.objects.clone(),
            vec![("it ended so by itself", state(end(128, "Error", "11:50")), &["T060"]), debugged(&unstarted)],
        ),
        fault(
            "T055",
            Scene::new(full["status"].clone()).objects,
            vec![
                (
                    "its node is short of disk",
                    Merge(1, rejected("Evicted", "The node had condition: [DiskPressure]. ")),
                    &["T063"],
                ),
                ("its node shuts down", Merge(1, rejected("NodeShutdown", "the node is shutting down")), &["T077"]),
                ("another try succeeded", Merge(0, json!({ "status": complete })), &[]),
            ],
        ),
    ]
}

pub(in crate::triage) fn faults() -> Vec<Fault> {
    [of_images(), of_what_is_around(), of_processes()].into_iter().flatten().collect()
}
