//! What keeps a pod from its work: what fires each rule, and what looks like it.

use serde_json::{Value, json};

use crate::triage::Severity;
use crate::triage::scene_of_pod::{Scene, end, log, messages};

/// A pod of which no container was started, with an event about it.
pub(super) fn creating(reason: &str, note: &str) -> Scene {
    Scene::waiting("ContainerCreating", "").event(("Pod", "etl-a"), reason, note, "11:58")
}

#[test]
fn recorded_messages_are_read_where_they_stand() {
    let mut count = 0;
    for message in messages("T040", "T055") {
        let text = message.text.as_str();
        let scene = match message.place.split_once(' ') {
            Some(("waiting", reason)) => Scene::waiting(reason, text),
            Some(("terminated", _)) => {
                let mut scene = Scene::ended(128, "StartError");
                scene.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = json!(text);
                scene
            }
            _ => match message.place.as_str() {
                // The state alone tells no cause in older kubelets.
                "Failed" => Scene::waiting("ImagePullBackOff", "").event(("Pod", "etl-a"), "Failed", text, "11:58"),
                "FailedToRetrieveImagePullSecret" => Scene::waiting("ErrImagePull", "pull access denied").event(
                    ("Pod", "etl-a"),
                    &message.place,
                    text,
                    "11:58",
                ),
                "pod.status" => Scene::new(json!({ "phase": "Failed", "reason": message.reason, "message": text })),
                // A pull that ended is no trouble.
                "Pulled" => {
                    assert_eq!(creating("Pulled", text).rule(), "", "{message:?}");
                    continue;
                }
                place => creating(place, text),
            },
        };
        assert_eq!(scene.rule(), message.signature.as_deref().unwrap(), "{message:?}");
        count += 1;
    }
    assert!(count > 25, "{count}");
}

#[test]
fn image_troubles_are_told_apart() {
    let text = |tail: &str| {
        format!("failed to pull and unpack image \"r.io/a:1\": failed to resolve reference \"r.io/a:1\": {tail}")
    };
    for (tail, rule, words) in [
        ("r.io/a:1: not found", "T040", "no such tag, or no such repository"),
        ("name unknown: repository name not known to registry", "T040", "no such repository"),
        ("reading manifest 1 in r.io/a: manifest unknown", "T040", "no such tag in this repository"),
        (
            "unexpected status from HEAD request to https://r.io/v2/a/manifests/1: 403 Forbidden",
            "T041",
            "r.io refuses it",
        ),
        ("pull access denied, repository does not exist or may require authorization", "T041", "r.io refuses it"),
        ("429 Too Many Requests", "T042", "no more pulls"),
        ("no match for platform in manifest: not found", "T046", "has no build"),
        ("dial tcp: lookup r.io on 10.0.0.2:53: no such host", "T043", "cannot be resolved"),
        ("dial tcp 10.0.0.9:443: i/o timeout", "T043", "the connection fails"),
        ("tls: failed to verify certificate: x509: certificate has expired", "T043", "certificate"),
        ("unexpected status code: 503 Service Unavailable", "T043", "error of its own"),
        ("write /var/lib/containerd/x: no space left on device", "T043", "disk of the node is full"),
        ("something quite new", "T043", "words of the runtime"),
    ] {
        let found = Scene::waiting("ErrImagePull", &text(tail)).find();
        assert_eq!((found.len(), found[0].rule.0), (1, rule), "{tail}");
        assert!(found[0].verdict.contains(words), "{tail}: {}", found[0].verdict);
        assert!(found[0].verdict.contains("r.io/a:1"), "{}", found[0].verdict);
    }
    let named = "failed to pull and unpack image \"r.io/denied:1\": dial tcp: lookup r.io on 10.0.0.2:53: no such host";
    assert_eq!(Scene::waiting("ErrImagePull", named).rule(), "T043", "the image is called so");
    for healthy in ["ContainerCreating", "PodInitializing", ""] {
        assert_eq!(Scene::waiting(healthy, "").rule(), "", "{healthy}");
    }
}

#[test]
fn verdict_tells_how_long_a_job_waits() {
    let mut scene =
        Scene::waiting("InvalidImageName", "couldn't parse image name \"Team/${TAG}\": invalid reference format");
    let verdict = |scene: &Scene| scene.find().remove(0).verdict;
    assert!(verdict(&scene).contains("a variable in it was not replaced"), "{}", verdict(&scene));
    assert!(verdict(&scene).contains("for ever"), "{}", verdict(&scene));
    scene.job()["spec"]["activeDeadlineSeconds"] = json!(7200);
    assert!(verdict(&scene).contains("until its deadline in 60m"), "{}", verdict(&scene));
}

#[test]
fn refused_pull_names_the_credentials() {
    let denied = "pull access denied, repository does not exist";
    let account = |secrets: Value| {
        json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "default", "namespace": "batch" },
            "imagePullSecrets": secrets })
    };
    let verdict = |scene: &Scene| scene.find().remove(0).verdict;
    let scene = Scene::waiting("ErrImagePull", denied);
    assert!(verdict(&scene).contains("are not accepted"), "without the account nothing is claimed");
    assert!(
        verdict(&scene.clone().with(account(json!([])))).contains("neither the template nor serviceaccount/default")
    );
    assert!(verdict(&scene.clone().with(account(json!([{ "name": "regcred" }])))).contains("pull secret regcred"));
}

#[test]
fn architecture_is_read_from_the_node() {
    let node = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "worker-1", "labels": { "kubernetes.io/arch": "arm64" } } });
    let mut scene = Scene::ended(128, "StartError").with(node);
    scene.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["message"] =
        json!("runc create failed: unable to start container process: exec /app: exec format error");
    let found = scene.find().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T046", "image has no build for arm64"));
    assert!(found.verdict.contains("team/etl:1.4"), "{}", found.verdict);
}

#[test]
fn missing_objects_are_named_with_what_was_meant() {
    let object = |kind: &str, name: &str, data: Value| json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name, "namespace": "batch" }, "data": data });
    let missing = Scene::waiting("CreateContainerConfigError", "secret \"db-secret\" not found")
        .with(object("Secret", "db-secrets", json!({ "url": "c2VjcmV0" })))
        .with(object("ConfigMap", "db-secret", json!({})));
    let found = missing.find().remove(0);
    assert!(found.verdict.starts_with("Secret db-secret does not exist in namespace batch."), "{}", found.verdict);
    assert!(found.verdict.contains("There is a Secret db-secrets."), "{}", found.verdict);
    assert_eq!(found.short, "no secret/db-secret");

    let key =
        Scene::waiting("CreateContainerConfigError", "couldn't find key LOG_LEVEL in ConfigMap batch/etl-settings")
            .with(object("ConfigMap", "etl-settings", json!({ "loglevel": "debug" })));
    let found = key.find().remove(0);
    assert!(found.verdict.contains("has no key LOG_LEVEL") && found.verdict.contains("It has a key loglevel."));

    // What a Secret holds is not read, its keys included.
    let key = Scene::waiting("CreateContainerConfigError", "couldn't find key url in Secret batch/db-secret")
        .with(object("Secret", "db-secret", json!({ "urls": "c2VjcmV0" })));
    let found = format!("{:?}", key.find());
    assert!(found.contains("no key url") && !found.contains("urls") && !found.contains("c2VjcmV0"), "{found}");
}

#[test]
fn an_object_that_the_node_has_not_got_yet_is_not_said_to_be_missing() {
    let message = "failed to sync secret cache: timed out waiting for the condition";
    let found = Scene::waiting("CreateContainerConfigError", message).find().remove(0);
    assert_eq!((found.rule.0, found.severity), ("T047", Severity::Warning));
    assert!(found.verdict.contains("node worker-1 did not get from the API server in time"), "{}", found.verdict);
}

#[test]
fn what_was_missing_and_is_there_by_now_is_no_problem() {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings", "namespace": "batch" }, "data": { "a": "b" },
    });
    let told = |scene: Scene| {
        let found = scene.with(map.clone()).find().remove(0);
        assert!(!found.severity.is_problem() && found.short.ends_with("exists by now"), "{found:?}");
        found.rule.0
    };
    let config = |message: &str| Scene::waiting("CreateContainerConfigError", message);
    assert_eq!(told(config("configmap \"settings\" not found")), "T047");
    assert_eq!(told(config("couldn't find key a in ConfigMap batch/settings")), "T047");
    let mount = "MountVolume.SetUp failed for volume \"v\" : configmap \"settings\" not found";
    assert_eq!(told(creating("FailedMount", mount)), "T049");
}

#[test]
fn volumes_name_what_they_are_made_of() {
    let volumes = json!([{ "name": "tls", "secret": { "secretName": "etl-tls" } },
        { "name": "data", "persistentVolumeClaim": { "claimName": "etl-data" } }]);
    let with_volumes = |mut scene: Scene| {
        scene.job()["spec"]["template"]["spec"]["volumes"] = volumes.clone();
        scene.find().remove(0)
    };
    let found = with_volumes(creating(
        "FailedMount",
        "MountVolume.SetUp failed for volume \"tls\" : references non-existent secret key: tls.key",
    ));
    assert_eq!(found.rule.0, "T049");
    assert!(found.verdict.starts_with("Secret etl-tls in namespace batch has no key tls.key."), "{}", found.verdict);
    let found = with_volumes(creating(
        "FailedMount",
        "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process \
         volumes=[]: timed out waiting for the condition",
    ));
    assert_eq!(found.rule.0, "T050");
    assert!(found.verdict.contains("claim etl-data: timed out waiting"), "{}", found.verdict);
}

#[test]
fn what_was_overcome_or_is_new_is_not_told() {
    let note = "MountVolume.SetUp failed for volume \"m\" : configmap \"scripts\" not found";
    assert_eq!(creating("FailedMount", note).rule(), "T049");
    let overcome = creating("FailedMount", note).event(("Pod", "etl-a"), "Pulled", "Successfully pulled", "11:59");
    assert_eq!(overcome.rule(), "", "the pod got further since");
    let sandbox = "Failed to create pod sandbox: rpc error: code = Unknown desc = no available IP addresses";
    assert!(creating("FailedCreatePodSandBox", sandbox).find()[0].verdict.contains("no IP address is left"));
    let young =
        creating("FailedCreatePodSandBox", sandbox).pod_with("/status/startTime", json!("2026-05-04T11:59:45Z"));
    assert_eq!(young.rule(), "", "the first half minute");
    let running = Scene::of_state("Running", json!({ "running": { "startedAt": "2026-05-04T11:59:00Z" } }));
    assert_eq!(running.event(("Pod", "etl-a"), "FailedMount", note, "11:58").rule(), "");
}

#[test]
fn long_pull_is_an_explanation() {
    let pulling = |at| {
        Scene::waiting("ContainerCreating", "").event(("Pod", "etl-a"), "Pulling", "Pulling image \"r.io/a:1\"", at)
    };
    let found = pulling("11:55").find().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T053", "pulling its image for 5m"));
    assert!(!found.severity.is_problem() && found.verdict.contains("r.io/a:1"));
    assert_eq!(pulling("12:00").rule(), "");
    assert_eq!(pulling("11:55").event(("Pod", "etl-a"), "Pulled", "Successfully pulled image", "11:59").rule(), "");
}

#[test]
fn start_errors_say_what_is_wrong() {
    for (text, words) in [
        ("exec: \"aws\": executable file not found in $PATH", "no program aws"),
        ("executable file `aws` not found in $PATH: No such file or directory", "no program aws"),
        ("exec: \"./run.sh\": stat ./run.sh: no such file or directory", "no file ./run.sh"),
        ("exec: \"/app\": permission denied", "/app may not be executed"),
        ("exec: \"/\": is a directory", "/ is a directory"),
        ("container init was OOM-killed (memory limit too low?)", "memory limit is too low"),
        ("error mounting \"/var/lib/x\" to rootfs at \"/data\": not a directory", "cannot be mounted at /data"),
        ("chdir to cwd (\"/srv\") set in config.json failed: no such file or directory", "directory /srv"),
        ("runc create failed: a new thing", "a new thing"),
        ("runc create failed: a new thing: unknown", "a new thing."),
        ("cannot load seccomp profile \"/var/x.json\": open /var/x.json: no such file or directory", "seccomp profile"),
        ("container init: mkdir /etc/passwd: not a directory: unknown", "working directory /etc/passwd"),
    ] {
        let found = Scene::waiting("RunContainerError", text).find().remove(0);
        assert_eq!(found.rule.0, "T054");
        assert!(found.verdict.contains(words), "{text}: {}", found.verdict);
    }
}

#[test]
fn start_error_in_a_crash_loop_is_counted() {
    let mut scene =
        Scene::of_state("Running", json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } }));
    scene.pod()["spec"]["restartPolicy"] = json!("OnFailure");
    let status = &mut scene.pod()["status"]["containerStatuses"][0];
    status["restartCount"] = json!(4);
    status["lastState"] = end(128, "StartError", "11:50");
    status["lastState"]["terminated"]["message"] = json!("exec: \"aws\": executable file not found in $PATH");
    let found = scene.find().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T054", "no program aws in the image, restart 4 of 6"));
    assert!(!found.verdict.contains("for ever"), "it is counted: {}", found.verdict);
    assert_eq!(found.effect, "", "no pod is at work");
}

#[test]
fn rejected_pod_says_what_the_node_lacks() {
    let rejected =
        |reason: &str, message: &str| Scene::new(json!({ "phase": "Failed", "reason": reason, "message": message }));
    let found = rejected(
        "OutOfcpu",
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 4000, used: 7200, capacity: 8000",
    );
    let found = found.find().remove(0);
    assert_eq!(found.rule.0, "T055");
    assert!(found.verdict.contains("4 cpu are wanted, 800m of 8 are left"), "{}", found.verdict);
    assert_eq!(rejected("UnexpectedAdmissionError", "Allocate failed").rule(), "T055");
    assert_eq!(rejected("NodeShutdown", "Pod was rejected: the node is shutting down").rule(), "T077");
    assert_eq!(rejected("Evicted", "The node was low on resource: memory. ").rule(), "T063");
}

#[test]
fn init_container_that_runs_on_is_told_with_its_place() {
    let scene = |started: &str, is_sidecar: bool| {
        let mut scene = Scene::new(json!({
            "phase": "Pending", "startTime": "2026-05-04T11:40:00Z",
            "initContainerStatuses": [
                { "name": "fetch", "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } },
                { "name": "wait-db", "started": false, "state": { "running": { "startedAt": started } } },
            ],
            "containerStatuses": [{ "name": "worker", "state": { "waiting": { "reason": "PodInitializing" } } }],
        }));
        let policy = if is_sidecar { json!("Always") } else { Value::Null };
        scene.pod()["spec"]["initContainers"] =
            json!([{ "name": "fetch" }, { "name": "wait-db", "restartPolicy": policy }]);
        scene
    };
    let found = scene("2026-05-04T11:41:00Z", false).find().remove(0);
    assert_eq!(found.rule.0, "T052");
    assert!(found.verdict.starts_with("Init container wait-db (2 of 2) has been running for 19m"), "{}", found.verdict);
    let found = scene("2026-05-04T11:58:00Z", false).find().remove(0);
    assert_eq!(
        (found.rule.0, found.severity),
        ("T052", Severity::Info),
        "it takes a while: that is told, and no problem"
    );
    assert_eq!(scene("2026-05-04T11:59:50Z", false).rule(), "");
    let found = scene("2026-05-04T11:57:00Z", true).find().remove(0);
    assert!(found.verdict.starts_with("Sidecar wait-db has not passed its startup probe"), "{}", found.verdict);
    // What it said last, and whom it waits for, tell more.
    let lines = ["nc: bad address 'ledger-db'", "waiting for ledger-db:5432"];
    let mut said = log("etl-a", &lines);
    said["last"] = json!("2026-05-04T11:59:59Z");
    let service = |name: &str| json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": "batch" } });
    let waiting = scene("2026-05-04T11:58:00Z", false).with(said).with(service("ledger-dbs"));
    let found = waiting.find().remove(0);
    assert!(found.verdict.contains("It said last: \"waiting for ledger-db:5432\""), "{}", found.verdict);
    assert!(found.verdict.contains("no Service ledger-db in namespace batch. There is a Service ledger-dbs"));
    assert_eq!(found.severity, Severity::Warning, "nobody is there to wait for");
    let there = waiting.with(service("ledger-db")).find().remove(0);
    assert_eq!(there.severity, Severity::Info, "it may be about to answer");
    let mut silent = scene("2026-05-04T11:58:00Z", false);
    let command = json!(["sh", "-c", "until nc -z -w 1 ledger-db 5432; do sleep 1; done"]);
    silent.job()["spec"]["template"]["spec"]["initContainers"] = json!([{ "name": "wait-db", "command": command }]);
    assert!(silent.find()[0].verdict.contains("It seems to wait for ledger-db."), "{}", silent.find()[0].verdict);
}

#[test]
fn pods_without_a_node_or_on_their_way_out_are_others_matter() {
    let stuck = || Scene::waiting("ImagePullBackOff", "manifest unknown");
    assert_eq!(stuck().rule(), "T040");
    assert_eq!(stuck().pod_with("/spec/nodeName", json!("")).rule(), "T031");
    let mut deleted = stuck();
    deleted.pod()["metadata"]["deletionTimestamp"] = json!("2026-05-04T11:59:00Z");
    assert_eq!(deleted.rule(), "");
}

#[test]
fn run_of_a_cronjob_is_mended_in_its_template_too() {
    let mut scene = Scene::waiting("ImagePullBackOff", "manifest unknown").with(json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": { "name": "nightly", "namespace": "batch", "uid": "nightly" },
        "spec": { "schedule": "0 2 * * *", "jobTemplate": { "spec": {} } },
    }));
    let fixes =
        |scene: &Scene| scene.find().remove(0).fixes.into_iter().filter(|fix| fix.words.contains("cronjob/")).count();
    assert_eq!(fixes(&scene), 0);
    scene.job()["metadata"]["ownerReferences"] = json!([{ "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "nightly", "controller": true }]);
    assert_eq!(fixes(&scene), 1);
}

#[test]
fn a_refusal_by_the_node_that_lasts_is_told_so_and_mended() {
    let scene = |reason: &str, message: &str| {
        let mut scene = Scene::new(json!({ "phase": "Failed", "reason": reason, "message": message }));
        scene.job()["spec"]["template"]["spec"]["os"] = json!({ "name": "windows" });
        scene.find().remove(0)
    };
    let found =
        scene("PodOSNotSupported", "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS");
    assert_eq!((found.rule.0, found.severity), ("T055", Severity::Critical));
    assert_eq!(found.fixes[0].call.clone().unwrap().argument, "spec.template.spec.os-");
    let found = scene("OutOfcpu", "Pod was rejected: Node didn't have enough resource: cpu");
    assert_eq!(found.severity, Severity::Warning, "{}", found.verdict);
    assert!(found.fixes[0].call.is_none(), "the next try may come through");
}

#[test]
fn script_of_a_config_map_is_told_by_its_first_line() {
    let script = |text: &str, log: &str| {
        let mut scene = Scene::ended(1, "Error").tail("etl-a", &[log]);
        scene.job()["spec"]["template"]["spec"] = json!({
            "containers": [{
                "name": "worker", "command": ["/s/run.sh", "-v"], "volumeMounts": [{ "name": "v", "mountPath": "/s/" }],
            }],
            "volumes": [{ "name": "v", "configMap": { "name": "scripts" } }],
        });
        scene
            .with(json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": { "name": "scripts", "namespace": "batch" }, "data": { "run.sh": text },
            }))
            .find()
            .remove(0)
    };
    let (missing, format) = ("exec /s/run.sh: no such file or directory", "exec /s/run.sh: exec format error");
    for (text, log, short) in [
        ("#!/bin/sh\r\ntrue\r\n", missing, "/s/run.sh has Windows line ends"),
        ("#!/usr/bin/python3\n", missing, "no /usr/bin/python3 for /s/run.sh"),
        ("true\n", format, "/s/run.sh has no #! line"),
        ("#!/bin/sh\n", "exec /s/run.sh: permission denied", "/s/run.sh may not be executed"),
    ] {
        let found = script(text, log);
        assert_eq!((found.rule.0, found.short.as_str()), ("T054", short), "{text:?}");
        assert!(found.verdict.contains("key run.sh of ConfigMap scripts"), "{}", found.verdict);
    }
    let through = script("true\n", format).fixes;
    let command = r#"spec.template.spec.containers[name=worker].command=["sh","/s/run.sh","-v"]"#;
    assert!(through.iter().any(|fix| fix.call.as_ref().is_some_and(|call| call.argument == command)), "{through:?}");
}

#[test]
fn whole_line_as_a_command_is_taken_apart() {
    for (line, words) in [
        ("python3 /app/run.py --all", r#"["python3","/app/run.py","--all"]"#),
        ("cat a | sort", r#"["sh","-c","cat a | sort"]"#),
    ] {
        let mut scene = Scene::ended(128, "StartError");
        scene.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["message"] =
            json!(format!("exec: \"{line}\": stat {line}: no such file or directory: unknown"));
        scene.job()["spec"]["template"]["spec"]["containers"] = json!([{ "name": "worker", "command": [line] }]);
        let found = scene.find().remove(0);
        assert!(found.verdict.contains("name of one program"), "{}", found.verdict);
        assert!(found.fixes[0].call.as_ref().unwrap().argument.ends_with(words), "{:?}", found.fixes);
    }
}

#[test]
fn what_a_pod_that_is_held_up_will_miss_next_is_told_too() {
    let spec = json!({
        "containers": [{
            "name": "worker",
            "envFrom": [{ "secretRef": { "name": "db" } }, { "configMapRef": { "name": "extra", "optional": true } }],
            "env": [{ "name": "A", "valueFrom": { "configMapKeyRef": { "name": "there", "key": "a" } } }],
        }],
        "volumes": [{ "name": "v", "configMap": { "name": "settings" } }],
    });
    let there =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "there", "namespace": "batch" } });
    let mut scene =
        creating("FailedMount", "MountVolume.SetUp failed for volume \"v\" : configmap \"settings\" not found");
    scene.job()["spec"]["template"]["spec"] = spec;
    let found = scene.with(there).find();
    let told: Vec<_> = found.iter().map(|one| (one.rule.0, one.short.as_str())).collect();
    assert_eq!(told, [("T049", "no configmap/settings"), ("T047", "no secret/db")]);
    assert!(found[1].effect.contains("once what stands above is mended"), "{}", found[1].effect);
}

/// A container that cannot start since this program is not found, with these fields of its template.
fn not_found(program: &str, container: &Value, volumes: &Value) -> Scene {
    let mut scene = Scene::ended(128, "StartError");
    let text = format!(
        "runc create failed: unable to start container process: exec: \"{program}\": stat {program}: no such file or directory: unknown"
    );
    scene.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = json!(text);
    let spec = &mut scene.job()["spec"]["template"]["spec"];
    json_patch::merge(&mut spec["containers"][0], container);
    spec["volumes"] = volumes.clone();
    let scripts = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "scripts", "namespace": "batch" },
        "data": { "run.sh": "#!/bin/sh" },
    });
    scene.with(scripts)
}

#[test]
fn program_that_a_volume_hides_or_lacks_is_told_with_the_volume() {
    let mounted = |at: &str| json!([{ "name": "v", "mountPath": at }]);
    let empty = json!([{ "name": "v", "emptyDir": {} }]);
    let told = |scene: Scene| scene.find().remove(0);
    for (program, at) in [("sh", "/usr/local/bin"), ("/app/run", "/app"), ("./run", "/work")] {
        let container = json!({ "command": [program], "workingDir": "/work", "volumeMounts": mounted(at) });
        let told = told(not_found(program, &container, &empty));
        assert!(told.verdict.contains(&format!("volume v is mounted at {at} and hides")), "{}", told.verdict);
    }
    let of_map = json!([{ "name": "v", "configMap": { "name": "scripts" } }]);
    let container = json!({ "command": ["/s/runn.sh", "--all"], "volumeMounts": mounted("/s") });
    let lacking = told(not_found("/s/runn.sh", &container, &of_map));
    assert!(lacking.verdict.contains("has no key runn.sh (it has run.sh)"), "{}", lacking.verdict);
    let call = lacking.fixes[0].call.clone().unwrap();
    assert_eq!(call.argument, "spec.template.spec.containers[name=worker].command[0]=/s/run.sh");
    // Another folder has nothing to do with it.
    let container = json!({ "command": ["/app/run"], "volumeMounts": mounted("/data") });
    let other = told(not_found("/app/run", &container, &empty));
    assert!(other.verdict.contains("its image has no file /app/run"), "{}", other.verdict);
}

#[test]
fn bash_may_be_replaced_by_the_shell_of_small_images() {
    let container = json!({ "command": ["/bin/bash", "-c", "echo hi"] });
    let told = not_found("/bin/bash", &container, &json!([])).find().remove(0);
    let call = told.fixes[1].call.clone().unwrap();
    assert_eq!(call.argument, r#"spec.template.spec.containers[name=worker].command=["sh","-c","echo hi"]"#);
}

#[test]
fn file_and_folder_that_are_mounted_over_each_other_are_told() {
    let of = |mount: Value| {
        let mut scene = not_found(
            "x",
            &json!({ "volumeMounts": [mount] }),
            &json!([{ "name": "v", "configMap": { "name": "scripts" } }]),
        );
        let at = scene.job()["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][0]["mountPath"].clone();
        let text =
            format!("error mounting \"/var/lib/kubelet/x\" to rootfs at {at}: mount x: not a directory: unknown");
        scene.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = json!(text);
        let told = scene.find().remove(0);
        (told.verdict.clone(), told.fixes[0].call.clone().unwrap().argument)
    };
    let mount = "spec.template.spec.containers[name=worker].volumeMounts";
    let (verdict, change) = of(json!({ "name": "v", "mountPath": "/etc", "subPath": "run.sh" }));
    assert!(verdict.contains("subPath run.sh of volume v (ConfigMap scripts) is a single file"), "{verdict}");
    assert_eq!(change, format!("{mount}[mountPath=/etc].mountPath=/etc/run.sh"));
    let (verdict, change) = of(json!({ "name": "v", "mountPath": "/opt/run.sh" }));
    assert!(verdict.contains("is a folder, and /opt/run.sh in its image is a file"), "{verdict}");
    assert_eq!(change, format!("{mount}[mountPath=/opt/run.sh].subPath=run.sh"));
}

#[test]
fn too_little_memory_is_told_in_place_of_what_the_runtime_makes_of_it() {
    let of = |limit: &str| {
        let note =
            "Failed to create pod sandbox: rpc error: code = Unknown desc = cannot start a stopped process: unknown";
        let mut scene = creating("FailedCreatePodSandBox", note);
        let resources = json!({ "limits": { "memory": limit } });
        scene.job()["spec"]["template"]["spec"]["containers"][0]["resources"] = resources.clone();
        scene.pod()["spec"]["containers"][0]["resources"] = resources;
        scene.find().remove(0)
    };
    let told = of("3Mi");
    assert!(
        told.rule.0 == "T054" && told.verdict.contains("3Mi of memory in all, which is too little"),
        "{}",
        told.verdict
    );
    let call = told.fixes[0].call.clone().unwrap();
    assert_eq!(call.argument, "spec.template.spec.containers[name=worker].resources.limits.memory=64Mi");
    assert_eq!(of("64Mi").rule.0, "T051");
}

#[test]
fn what_a_node_can_never_do_for_a_pod_is_taken_out_of_the_template() {
    let change = |scene: &Scene| scene.find().remove(0).fixes[0].call.clone().map(|call| call.argument);
    let with = |mut scene: Scene, field: &str, value: Value| {
        scene.job()["spec"]["template"]["spec"][field] = value;
        scene
    };
    let users = creating(
        "FailedCreatePodSandBox",
        "can't set `spec.hostUsers: false`, runtime does not support user namespaces",
    );
    let users = with(users, "hostUsers", json!(false));
    assert_eq!(change(&users).as_deref(), Some("spec.template.spec.hostUsers-"));
    let kata = creating("FailedCreatePodSandBox", "rpc error: desc = no runtime for \"kata\" is configured");
    let kata = with(kata, "runtimeClassName", json!("vm"));
    assert!(kata.find()[0].verdict.contains("RuntimeClass vm names handler kata"), "{}", kata.find()[0].verdict);
    assert_eq!(change(&kata).as_deref(), Some("spec.template.spec.runtimeClassName-"));
    let full = Scene::new(json!({
        "phase": "Failed", "reason": "OutOfcpu",
        "message": "Pod was rejected: Node didn't have enough resource: cpu, requested: 4000, used: 7200, capacity: 8000",
    }));
    assert_eq!(change(&full), None, "the scheduler chose it");
    let named = with(full.clone(), "nodeName", json!("worker-1"));
    assert_eq!(change(&named).as_deref(), Some("spec.template.spec.nodeName-"));
    // Where a scheduler would find no node either, it is no cure to leave the choice to it.
    let small = json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "worker-1" }, "status": { "allocatable": { "cpu": "8" } } });
    let mut nowhere = with(full, "nodeName", json!("worker-1")).with(small);
    nowhere.pod()["status"]["reason"] = json!("NodeAffinity");
    nowhere.pod()["status"]["message"] = json!("Pod was rejected: Predicate NodeAffinity failed");
    for at in [0, 1] {
        let spec = if at == 0 { "/spec/template/spec/nodeSelector" } else { "/spec/nodeSelector" };
        let (parent, _) = spec.rsplit_once('/').unwrap();
        nowhere.objects[at].pointer_mut(parent).unwrap()["nodeSelector"] = json!({ "disk": "nvme" });
    }
    let told = nowhere.find().remove(0);
    assert!(
        told.verdict.contains("it lacks disk=nvme") && told.verdict.contains("Without nodeName"),
        "{}",
        told.verdict
    );
    assert_eq!(change(&nowhere), Some(String::new()));
}

#[test]
fn a_volume_that_is_mounted_as_it_cannot_be_is_no_trouble_of_the_storage() {
    for (text, words) in [
        ("container other not found", "name a container of the pod (worker) in place of other"),
        ("git-repo volume plugin has been disabled; if necessary, …", "clone the repository in an init container"),
        ("volume v has volumeMode Filesystem, but is specified in volumeDevices", "name it in volumeMounts"),
    ] {
        let told =
            creating("FailedMount", &format!("MountVolume.SetUp failed for volume \"v\" : {text}")).find().remove(0);
        assert_eq!((told.rule.0, told.severity, told.fixes.len()), ("T050", Severity::Critical, 1), "{text}");
        assert!(told.fixes[0].words.contains(words), "{:?}", told.fixes);
    }
    for (text, words) in [
        ("path \"/mnt/ssd\" does not exist", "make folder /mnt/ssd on node worker-1"),
        ("mount failed: exit status 32\nOutput: mount: /x: unknown filesystem type 'nfs'.", "nfs-common or nfs-utils"),
    ] {
        let told =
            creating("FailedMount", &format!("MountVolume.SetUp failed for volume \"v\" : {text}")).find().remove(0);
        assert!(told.fixes[0].words.contains(words), "{:?}", told.fixes);
    }
}

#[test]
fn a_container_that_others_put_into_the_pod_is_told_as_theirs() {
    let image = "failed to resolve reference \"r.io/proxy:2\": r.io/proxy:2: not found";
    let mut scene = Scene::waiting("ErrImagePull", image);
    assert!(!scene.find()[0].verdict.contains("policy or webhook"), "its own");
    scene.pod()["status"]["containerStatuses"][0]["name"] = json!("proxy");
    scene.pod()["spec"]["containers"][0]["name"] = json!("proxy");
    let told = scene.find().remove(0);
    assert!(told.verdict.contains("The Job has no container proxy: a policy or webhook"), "{}", told.verdict);
    assert!(told.fixes[0].words.starts_with("ask those who run the cluster"), "{:?}", told.fixes);
}

#[test]
fn path_of_the_node_that_is_something_else_is_no_trouble_of_the_storage() {
    let note = "MountVolume.SetUp failed for volume \"h\" : hostPath type check failed: /srv/x is not a directory";
    let mut scene = creating("FailedMount", note);
    let host = json!([{ "name": "h", "hostPath": { "path": "/srv/x", "type": "Directory" } }]);
    scene.job()["spec"]["template"]["spec"]["volumes"] = host;
    let told = scene.find().remove(0);
    assert!(told.rule.0 == "T050" && told.verdict.contains("(type Directory)"), "{}", told.verdict);
    let call = told.fixes[0].call.clone().unwrap();
    assert_eq!(call.argument, "spec.template.spec.volumes[name=h].hostPath.type=DirectoryOrCreate");
}
