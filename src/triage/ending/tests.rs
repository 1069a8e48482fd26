//! What ended a pod: what fires each rule, and what looks like it.

use serde_json::{Value, json};

use crate::triage::scene_of_pod::{Scene, end, messages};
use crate::triage::{Confidence, Severity};

/// A pod that failed as a whole, with these fields of its status.
pub(super) fn gone(status: Value) -> Scene {
    let mut scene = Scene::ended(137, "Error");
    let all = scene.pod()["status"].as_object_mut().unwrap();
    all.extend(status.as_object().unwrap().clone());
    scene
}

/// A pod that was taken away for this reason.
pub(super) fn disrupted(reason: &str) -> Scene {
    gone(json!({ "conditions": [{ "type": "DisruptionTarget", "status": "True", "reason": reason }] }))
}

/// A pod whose container is started again in place: its state now, how often it was, how it ended before.
pub(super) fn restarted(state: Value, restarts: i32, last: Value) -> Scene {
    let mut scene = Scene::of_state("Running", state);
    scene.pod()["spec"]["restartPolicy"] = json!("OnFailure");
    scene.pod()["status"]["containerStatuses"][0]["restartCount"] = json!(restarts);
    scene.pod()["status"]["containerStatuses"][0]["lastState"] = last;
    scene
}

pub(super) fn running() -> Value {
    json!({ "running": { "startedAt": "2026-05-04T11:58:00Z" } })
}

pub(super) fn looping() -> Value {
    json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 2m40s restarting failed container=worker" } })
}

#[test]
fn recorded_messages_are_read_where_they_stand() {
    let mut count = 0;
    for message in messages("T060", "T077") {
        let text = message.text.as_str();
        let killed = || restarted(running(), 2, end(137, "Error", "11:57"));
        let killing = "Container worker failed liveness probe, will be restarted";
        let scene = match message.place.as_str() {
            "pod.status" => gone(json!({ "reason": message.reason, "message": text })),
            "Killing" => killed().event(("Pod", "etl-a"), "Killing", text, "11:57"),
            "Unhealthy" => killed().event(("Pod", "etl-a"), "Killing", killing, "11:57").event(
                ("Pod", "etl-a"),
                "Unhealthy",
                text,
                "11:57",
            ),
            "log" => Scene::ended(1, "Error").tail("etl-a", &["start", text]),
            "waiting CrashLoopBackOff" => restarted(looping(), 3, end(1, "Error", "11:57")),
            place => panic!("no place {place}"),
        };
        assert_eq!(scene.rule(), message.signature.as_deref().unwrap(), "{message:?}");
        count += 1;
    }
    assert!(count >= 9, "{count}");
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    for (code, reason, rule, words) in [
        (1, "Error", "T060", "ended with exit code 1 after 60s"),
        (2, "Error", "T060", "arguments are wrong"),
        (255, "Error", "T060", "out of range"),
        (124, "Error", "T060", "timeout(1)"),
        (126, "Error", "T061", "may not be executed"),
        (127, "Error", "T061", "does not have"),
        (132, "Error", "T065", "SIGILL"),
        (134, "Error", "T065", "SIGABRT"),
        (135, "Error", "T065", "SIGBUS"),
        (136, "Error", "T065", "SIGFPE"),
        (139, "Error", "T065", "SIGSEGV"),
        (159, "Error", "T065", "SIGSYS"),
        (141, "Error", "T060", "SIGPIPE"),
        (130, "Error", "T066", "SIGINT"),
        (137, "Error", "T066", "nothing says by whom"),
        (143, "Error", "T066", "SIGTERM"),
        (255, "Error", "T060", "out of range"),
        (137, "OOMKilled", "T062", "hit its memory limit"),
        (1, "OOMKilled", "T062", "hit its memory limit"),
        (137, "ContainerStatusUnknown", "T074", "worker-1"),
        (128, "StartError", "T054", "cannot start"),
        (255, "Unknown", "T074", "worker-1"),
        (129, "Error", "T060", "SIGHUP"),
    ] {
        let mut scene = Scene::ended(code, reason);
        if reason == "OOMKilled" {
            scene.pod()["spec"]["containers"][0]["resources"] = json!({ "limits": { "memory": "512Mi" } });
        }
        let found = scene.find();
        assert_eq!((found.len(), found[0].rule.0), (1, rule), "{code} {reason}");
        assert!(found[0].verdict.contains(words), "{code}: {}", found[0].verdict);
    }
    assert_eq!(Scene::ended(0, "Completed").rule(), "");
    assert_eq!(Scene::of_state("Running", running()).rule(), "");
}

#[test]
fn signal_counts_where_the_code_says_nothing() {
    let mut scene = Scene::ended(1, "Error");
    scene.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["signal"] = json!(11);
    assert_eq!(scene.rule(), "T065");
}

#[test]
fn memory_limit_is_named_with_what_to_try() {
    let limit = |mut scene: Scene, amount: &str| {
        let resources = json!({ "limits": { "memory": amount } });
        scene.job()["spec"]["template"]["spec"]["containers"][0]["resources"] = resources.clone();
        scene.pod()["spec"]["containers"][0]["resources"] = resources;
        scene.find().remove(0)
    };
    // Nodes do not always tell, and a kill for memory is the same kill.
    let untold = limit(Scene::ended(137, "Error"), "512Mi");
    assert!(
        untold.rule.0 == "T066" && untold.verdict.contains("Its memory limit of 512Mi may be"),
        "{}",
        untold.verdict
    );
    let found = limit(Scene::ended(137, "OOMKilled"), "512Mi");
    assert!(found.verdict.starts_with("Container worker hit its memory limit of 512Mi after 60s and was killed."));
    assert!(found.fixes[0].words.contains("768Mi"), "{:?}", found.fixes);
    assert!(limit(Scene::ended(137, "OOMKilled"), "1Gi").fixes[0].words.contains("1536Mi"));
    // A LimitRange gave the pod a limit that the template does not have.
    let mut defaulted = Scene::ended(137, "OOMKilled");
    defaulted.pod()["spec"]["containers"][0]["resources"] = json!({ "limits": { "memory": "256Mi" } });
    assert!(defaulted.find()[0].verdict.contains("256Mi"));
    // No limit at all: the node had no memory left.
    let found = Scene::ended(137, "OOMKilled").find().remove(0);
    assert_eq!((found.rule.0, found.severity), ("T063", Severity::Warning));
    assert!(found.verdict.contains("Node worker-1 had no memory left"), "{}", found.verdict);
}

/// What a node says of a kill for memory comes beside the end of the container, and not at all where the container had
/// just been started: of 100 tries on the real cluster 10 were told as `Error`, 90 as `OOMKilled`.
#[test]
fn memory_is_the_likely_cause_of_a_kill_where_another_try_or_the_shell_says_so() {
    let limited = |code: i32, command: &str, amount: &str| {
        let mut scene = Scene::ended(code, "Error");
        let container = json!({
            "name": "worker", "image": "etl:1", "command": ["sh", "-c", command],
            "resources": { "limits": { "memory": amount } },
        });
        scene.job()["spec"]["template"]["spec"]["containers"] = json!([container]);
        scene.pod()["spec"]["containers"] = json!([container]);
        scene
    };
    let mut tries = limited(137, "./etl", "512Mi");
    let mut other = tries.pod().clone();
    other["metadata"]["name"] = json!("etl-b");
    other["metadata"]["uid"] = json!("etl-b");
    other["status"]["containerStatuses"][0]["state"] = end(137, "OOMKilled", "11:40");
    let alone = tries.find().remove(0);
    assert_eq!(alone.rule.0, "T066");
    assert!(alone.fixes.iter().any(|fix| fix.words.ends_with("memory limit of 768Mi")), "{:?}", alone.fixes);
    let told = tries.with(other).find_of_pod().remove(0);
    assert_eq!((told.rule.0, told.confidence), ("T062", Confidence::Likely));
    assert!(
        told.verdict.contains("most likely at its memory limit of 512Mi, as another try of it was."),
        "{}",
        told.verdict
    );
    let says = |command: &str, line: &str| {
        let scene = limited(1, command, "512Mi").tail("etl-a", &["loading chunk 3", line]);
        scene.find().remove(0)
    };
    for line in ["Killed", "/run.sh: line 3:    12 Killed                  python etl.py"] {
        let found = says("./etl", line);
        assert_eq!((found.rule.0, found.confidence), ("T062", Confidence::Likely), "{}", found.verdict);
        assert!(
            found.verdict.starts_with("Container worker ended with exit code 1 after 60s, since a program that it")
        );
        assert!(found.fixes[0].words.contains("768Mi"), "{:?}", found.fixes);
    }
    assert_eq!(says("./etl", "Killed 3 rows").rule.0, "T060");
    assert_eq!(says("sleep 9 & kill -9 $!; wait $! || exit 1", "Killed").rule.0, "T060", "by its own command");
    let unlimited = Scene::ended(1, "Error").tail("etl-a", &["Killed"]);
    assert_eq!(unlimited.rule(), "T060", "no limit that it could have hit");
}

#[test]
fn crash_loop_tells_its_cause_and_when_the_logs_are_lost() {
    let scene = restarted(looping(), 5, end(3, "Error", "11:57")).tail("etl-a", &["ERROR no tenant"]);
    let found = scene.find().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T070", "exit 3: ERROR no tenant, restart 5 of 6"));
    assert!(found.verdict.contains("5 of 6 restarts are used up") && found.verdict.contains("deleted with its logs"));
    let call = found.fixes[1].call.as_ref().unwrap();
    assert_eq!((call.id, call.argument.as_str()), ("job.backoff", "12"));
    let ids: Vec<&str> = found.fixes.iter().filter_map(|fix| Some(fix.call.as_ref()?.id)).collect();
    assert_eq!(ids.iter().filter(|id| **id == "view.previous-log").count(), 1);
    assert!(!ids.contains(&"batch.suspend"), "it would take the pod with its log");
    // A special cause stays what it is.
    let found = restarted(looping(), 5, end(127, "Error", "11:57")).find().remove(0);
    assert_eq!(found.rule.0, "T061");
    assert!(found.verdict.contains("5 of 6"), "{}", found.verdict);
    // How it ended may be forgotten.
    let found = restarted(looping(), 5, json!({})).find().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T070", "ends again and again, restart 5 of 6"));
    // Restarts of other pods of the Job count too.
    let mut shared = restarted(looping(), 2, end(3, "Error", "11:57"));
    let other = shared.pod()["status"].clone();
    shared.job()["spec"]["template"]["spec"]["restartPolicy"] = json!("OnFailure");
    shared.add_pod("etl-b", "2026-05-04T11:30:00Z", other);
    assert!(shared.find()[0].short.ends_with("restart 4 of 6"), "{}", shared.find()[0].short);
}

#[test]
fn probes_explain_what_looks_like_a_kill() {
    let killing = |probe: &str| format!("Container worker failed {probe} probe, will be restarted");
    let killed = || restarted(running(), 4, end(137, "Error", "11:57"));
    let with = |note: &str, at: &str| killed().event(("Pod", "etl-a"), "Killing", note, at);
    let mut scene = with(&killing("liveness"), "11:57").event(
        ("Pod", "etl-a"),
        "Unhealthy",
        "Liveness probe failed: worker busy",
        "11:57",
    );
    scene.job()["spec"]["template"]["spec"]["containers"][0]["livenessProbe"] = json!({ "periodSeconds": 20 });
    let found = scene.find().remove(0);
    assert_eq!(found.rule.0, "T067");
    assert!(
        found.verdict.contains("failed 3 times in a row, 20s apart") && found.verdict.contains("worker busy"),
        "{}",
        found.verdict
    );
    assert_eq!(with(&killing("startup"), "11:57").rule(), "T068");
    assert_eq!(with(&killing("liveness"), "11:30").rule(), "T066", "it ended an earlier run");
    assert_eq!(with("Stopping container worker", "11:57").rule(), "T066");
    assert_eq!(with("Container other failed liveness probe, will be restarted", "11:57").rule(), "T066");
    let hook =
        Scene::ended(137, "Error").event(("Pod", "etl-a"), "FailedPostStartHook", "PostStartHook failed", "11:50");
    assert_eq!(hook.rule(), "T069");
}

#[test]
fn kills_by_a_startup_probe_are_known_by_an_earlier_one_of_which_the_kubelet_told() {
    let scene = |probe: Value| {
        let mut scene = restarted(running(), 9, end(137, "Error", "11:57")).event(
            ("Pod", "etl-a"),
            "Killing",
            "Init container worker failed startup probe",
            "11:30",
        );
        scene.job()["spec"]["template"]["spec"]["containers"][0]["startupProbe"] = probe;
        scene
    };
    // Each run of the scene takes a minute.
    let found = scene(json!({ "periodSeconds": 10, "failureThreshold": 6 })).find().remove(0);
    assert_eq!(found.rule.0, "T068", "{}", found.verdict);
    assert_eq!(scene(json!({ "periodSeconds": 10, "failureThreshold": 60 })).rule(), "T066", "it was not time yet");
}

#[test]
fn who_took_a_pod_away_explains_its_end() {
    let node = |ready: &str, taint: &str| {
        json!({ "apiVersion": "v1", "kind": "Node", "metadata": { "name": "worker-1" },
            "spec": { "unschedulable": true, "taints": [{ "key": taint, "effect": "NoExecute" }] },
            "status": { "conditions": [{ "type": "Ready", "status": ready, "lastTransitionTime": "2026-05-04T11:58:00Z" }] } })
    };
    for (scene, rule, words) in [
        (disrupted("PreemptionByScheduler"), "T075", "higher priority"),
        (
            gone(json!({ "reason": "Preempting", "message": "Preempted in order to admit critical pod" })),
            "T075",
            "priority",
        ),
        (disrupted("EvictionByEvictionAPI"), "T076", "by a drain, an autoscaler"),
        (disrupted("EvictionByEvictionAPI").with(node("True", "x")), "T076", "Node worker-1 was drained"),
        (disrupted("DeletionByTaintManager"), "T074", "worker-1"),
        (
            disrupted("DeletionByTaintManager").with(node("Unknown", "node.kubernetes.io/unreachable")),
            "T074",
            "stopped reporting",
        ),
        (disrupted("DeletionByTaintManager").with(node("True", "maintenance")), "T076", "taint maintenance"),
        (disrupted("DeletionByPodGC"), "T074", "is no more"),
        (
            gone(
                json!({ "reason": "Terminated", "message": "Pod was terminated in response to imminent node shutdown." }),
            ),
            "T077",
            "shut down",
        ),
        (
            gone(
                json!({ "reason": "Evicted", "message": "The node was low on resource: memory. Container worker was using 7Gi, request is 1Gi, has larger consumption of memory. " }),
            ),
            "T063",
            "used 7Gi and had asked for 1Gi",
        ),
        (
            gone(json!({ "reason": "Evicted", "message": "The node had condition: [DiskPressure]. " })),
            "T063",
            "DiskPressure",
        ),
        (
            gone(
                json!({ "reason": "Evicted", "message": "Container worker exceeded its local ephemeral storage limit \"2Gi\". " }),
            ),
            "T064",
            "2Gi",
        ),
        (
            gone(
                json!({ "reason": "Evicted", "message": "Pod ephemeral local storage usage exceeds the total limit of containers 4Gi. " }),
            ),
            "T064",
            "the 4Gi",
        ),
        (
            gone(
                json!({ "reason": "Evicted", "message": "Usage of EmptyDir volume \"tmp\" exceeds the limit \"10Gi\". " }),
            ),
            "T064",
            "into volume tmp",
        ),
        (
            gone(
                json!({ "reason": "DeadlineExceeded", "message": "Pod was active on the node longer than the specified deadline" }),
            ),
            "T066",
            "longer than its template allows",
        ),
        (Scene::of_state("Running", running()).with(node("Unknown", "x")), "T074", "written off in about"),
    ] {
        let found = scene.find();
        assert_eq!((found.len(), found.first().map_or("", |one| one.rule.0)), (1, rule), "{words}");
        assert!(found[0].verdict.contains(words), "{words}: {}", found[0].verdict);
    }
    let well = Scene::of_state("Running", running()).with(node("True", "x"));
    assert_eq!(well.rule(), "");
}

#[test]
fn kernel_event_of_the_node_explains_a_kill() {
    let about = ("Node", "worker-1");
    let near =
        Scene::ended(137, "Error").event(about, "SystemOOM", "System OOM encountered, victim process: python", "11:50");
    assert_eq!(near.rule(), "T063");
    let earlier = Scene::ended(137, "Error").event(about, "SystemOOM", "System OOM encountered", "11:20");
    assert_eq!(earlier.rule(), "T066");
}

#[test]
fn what_the_job_stops_itself_is_no_cause_of_it() {
    let mut scene = Scene::ended(1, "Error");
    scene.job()["status"]["conditions"] = json!([{ "type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": "2026-05-04T11:52:00Z" }]);
    let mut other = scene.pod()["status"].clone();
    other["containerStatuses"][0]["state"] = end(143, "Error", "11:53");
    scene.add_pod("etl-b", "2026-05-04T11:45:00Z", other);
    let rules = |scene: &Scene| scene.find().iter().map(|one| one.rule.0).collect::<Vec<_>>();
    assert_eq!(rules(&scene), ["T060", "T066"], "nobody deleted it, so that it was not the Job");
    let last = scene.objects.iter_mut().rfind(|one| one["kind"] == "Pod").unwrap();
    last["metadata"]["deletionTimestamp"] = json!("2026-05-04T11:52:30Z");
    assert_eq!(rules(&scene), ["T060"]);

    let mut deadline = Scene::ended(143, "Error");
    deadline.job()["status"]["conditions"] = json!([{ "type": "FailureTarget", "status": "True", "reason": "DeadlineExceeded", "lastTransitionTime": "2026-05-04T11:49:00Z" }]);
    assert_eq!(deadline.rule(), "T082", "how the Job ended is what there is to say");
    let found = deadline.find_of_pod().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T066", "stopped: the Job's deadline passed"));
    assert_eq!(found.severity, Severity::Info);

    let scaled = Scene::ended(143, "Error").event(("Job", "etl"), "SuccessfulDelete", "Deleted pod: etl-a", "11:49");
    assert_eq!(scaled.rule(), "");
    assert!(scaled.find_of_pod()[0].verdict.contains("wants fewer pods at once"));
    let other = Scene::ended(143, "Error").event(("Job", "etl"), "SuccessfulDelete", "Deleted pod: etl-b", "11:49");
    assert_eq!(other.rule(), "T066");
}

#[test]
fn a_pod_that_was_killed_before_the_job_was_suspended_was_not_killed_by_that() {
    let short = |scene: Scene| scene.find().into_iter().find(|one| one.rule.0 == "T066").unwrap().short;
    let suspended = |at: &str| {
        let mut scene = Scene::ended(137, "Error");
        scene.job()["spec"]["suspend"] = json!(true);
        scene.job()["status"]["conditions"] =
            json!([{ "type": "Suspended", "status": "True", "reason": "JobSuspended", "lastTransitionTime": at }]);
        short(scene)
    };
    assert_eq!(suspended("2026-05-04T11:49:30Z"), "stopped: the Job was suspended");
    assert_eq!(suspended("2026-05-04T11:51:00Z"), "stopped from outside, exit 137");
    let mut deleted = Scene::ended(137, "Error");
    deleted.job()["metadata"]["deletionTimestamp"] = json!("2026-05-04T11:51:00Z");
    assert_eq!(short(deleted), "stopped from outside, exit 137");
}

#[test]
fn failed_tries_of_a_job_that_succeeded_are_no_trouble() {
    let mut scene = Scene::ended(1, "Error");
    scene.job()["status"]["conditions"] = json!([{ "type": "Complete", "status": "True", "reason": "CompletionsReached", "lastTransitionTime": "2026-05-04T11:58:00Z" }]);
    assert_eq!(scene.rule(), "");
    assert_eq!(scene.find_of_pod()[0].rule.0, "T060");
    scene.pod()["status"] = json!({ "phase": "Failed", "reason": "OutOfcpu", "message": "Pod was rejected: no room" });
    assert_eq!(scene.rule(), "");
    assert_eq!(scene.find_of_pod()[0].rule.0, "T055");
}

#[test]
fn sidecars_that_end_with_the_work_explain_nothing() {
    let scene = |phase: &str, main: Value| {
        let mut scene = Scene::new(json!({
            "phase": phase,
            "initContainerStatuses": [{ "name": "proxy", "state": end(137, "Error", "11:51") }],
            "containerStatuses": [{ "name": "worker", "state": main }],
        }));
        scene.pod()["spec"]["initContainers"] = json!([{ "name": "proxy", "restartPolicy": "Always" }]);
        scene
    };
    assert_eq!(scene("Running", end(0, "Completed", "11:50")).rule(), "");
    let found = scene("Failed", end(4, "Error", "11:50")).find().remove(0);
    assert!(found.verdict.starts_with("Container worker ended with exit code 4"), "{}", found.verdict);
}

#[test]
fn failing_init_container_says_that_the_others_wait() {
    let mut scene = Scene::new(json!({
        "phase": "Failed",
        "initContainerStatuses": [{ "name": "fetch", "state": end(5, "Error", "11:51") }],
        "containerStatuses": [{ "name": "worker", "state": { "waiting": { "reason": "PodInitializing" } } }],
    }));
    scene.pod()["spec"]["initContainers"] = json!([{ "name": "fetch" }]);
    let found = scene.find().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T052", "init fetch: exit code 5"));
    assert!(found.verdict.starts_with("Init container fetch (1 of 1) ended with exit code 5"), "{}", found.verdict);
}

#[test]
fn log_gives_away_the_cause() {
    for (code, line, rule, short) in [
        (
            1,
            "Error from server (Forbidden): User \"system:serviceaccount:batch:etl\" cannot create resource \"jobs\" in API group \"batch\" in the namespace \"prod\"",
            "T072",
            "etl may not create jobs.batch",
        ),
        (
            1,
            "User \\\"system:serviceaccount:batch:etl\\\" cannot list resource \\\"nodes\\\" in API group \\\"\\\" at the cluster scope",
            "T072",
            "etl may not list nodes",
        ),
        (1, "dial tcp 10.0.0.5:5432: connect: connection refused", "T073", "cannot reach 10.0.0.5:5432"),
        (1, "app/client.go:55 dial tcp db.prod:5432: i/o timeout", "T073", "cannot reach db.prod:5432"),
        (1, "lookup db.prod on 10.96.0.10:53: no such host", "T073", "cannot reach db.prod"),
        (1, "curl: (6) Could not resolve host: api.example.com", "T073", "cannot reach api.example.com"),
        (1, "Error: connect ECONNREFUSED 127.0.0.1:6379", "T073", "cannot reach 127.0.0.1:6379"),
        (
            1,
            "psycopg2.OperationalError: could not connect to server: Connection refused",
            "T073",
            "cannot reach another service",
        ),
        (1, "FATAL: sorry, too many clients already", "T073", "cannot reach another service"),
        // Not Node's ENOTFOUND.
        (
            1,
            "ModuleNotFoundError: No module named 'pandas'",
            "T060",
            "exit 1: ModuleNotFoundError: No module named 'pandas'",
        ),
        (1, "x509: certificate has expired or is not yet valid", "T073", "cannot reach another service"),
        (
            2,
            "psql: error: connection to server at \"db\" (10.0.0.5), port 5432 failed: FATAL:  password authentication failed",
            "T073",
            "db: it refuses the login",
        ),
        (
            1,
            "401 Client Error: Unauthorized for url: https://api.example.com/v2",
            "T073",
            "api.example.com: it refuses the login",
        ),
        (1, "An error occurred (AccessDenied) when calling PutObject", "T073", "another service: it denies access"),
        // A file of its own, and no service.
        (1, "cp: /out/a: Permission denied", "T060", "exit 1: cp: /out/a: Permission denied"),
        (
            1,
            "dd: error writing '/dev/shm/a': No space left on device",
            "T064",
            "no space left: the container's shared memory (/dev/shm, 64Mi unless a volume is mounted there) is full",
        ),
        (
            1,
            "java.lang.OutOfMemoryError: Java heap space",
            "T062",
            "out of its own memory: java.lang.OutOfMemoryError: Java heap space",
        ),
        (
            134,
            "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
            "T062",
            "out of its own memory: FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memor…",
        ),
        (1, "ERROR the file is empty", "T060", "exit 1: ERROR the file is empty"),
        (1, "bye", "T060", "exit code 1"),
        (127, "/bin/sh: 1: aws: not found", "T061", "aws is not in the image"),
        (127, "/run.sh: line 3: aws: command not found", "T061", "aws is not in the image"),
        (
            127,
            "/app/etl: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory",
            "T061",
            "library libpq.so.5 is not in the image",
        ),
        (
            127,
            "Error loading shared library libpq.so.5: No such file or directory (needed by /app/etl)",
            "T061",
            "library libpq.so.5 is not in the image",
        ),
        (126, "/bin/sh: ./run.sh: Permission denied", "T061", "./run.sh may not be executed"),
        (126, "exec /app/run: exec format error", "T046", "image is for another architecture"),
    ] {
        let found = Scene::ended(code, "Error").tail("etl-a", &["start", line]).find().remove(0);
        assert_eq!((found.rule.0, found.short.as_str()), (rule, short), "{line}");
        assert!(found.evidence.iter().any(|one| one.words == line), "{line}: {:?}", found.evidence);
    }
}

#[test]
fn runtime_that_cannot_execute_a_file_is_told_by_what_the_file_is() {
    for (line, rule, short) in [
        ("exec /app/run.sh: exec format error", "T054", "/app/run.sh has no #! line"),
        ("exec /app/run: exec format error", "T046", "image is for another architecture"),
        ("exec /app/run: no such file or directory", "T054", "/app/run lacks its interpreter"),
    ] {
        let found = Scene::ended(1, "Error").tail("etl-a", &[line]).find().remove(0);
        assert_eq!((found.rule.0, found.short.as_str()), (rule, short), "{line}");
    }
}

#[test]
fn connection_that_was_made_after_all_is_no_cause() {
    let earlier = "INFO waiting for db: connection refused";
    let retried = Scene::ended(1, "Error").tail("etl-a", &[earlier, "ERROR schema is too old"]).find().remove(0);
    assert_eq!((retried.rule.0, retried.short.as_str()), ("T060", "exit 1: ERROR schema is too old"));
    let far = Scene::ended(1, "Error").tail("etl-a", &[earlier, "a", "b", "c", "d", "e"]);
    assert_eq!(far.rule(), "T060");
    let below =
        ["could not connect to server: Connection refused", "\tIs the server running on host \"db\" (10.0.0.5)"];
    assert_eq!(Scene::ended(1, "Error").tail("etl-a", &below).find()[0].short, "cannot reach db");
}

#[test]
fn try_that_decided_the_job_is_its_cause_though_clocks_differ() {
    let mut scene = Scene::ended(1, "Error");
    let decided = |at: &str| json!([{ "type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": at }]);
    scene.job()["status"]["conditions"] = decided("2026-05-04T11:49:57Z");
    assert_eq!(scene.rule(), "T060");
    scene.job()["status"]["conditions"] = decided("2026-05-04T11:49:40Z");
    assert_eq!(scene.rule(), "T060", "what the Job stops it deletes");
    scene.pod()["metadata"]["deletionTimestamp"] = json!("2026-05-04T11:49:41Z");
    assert_eq!(scene.rule(), "T080", "no try is known that decided it");
}

#[test]
fn last_try_that_ran_out_of_memory_in_the_second_of_the_decision_is_a_try() {
    let mut scene = Scene::ended(137, "OOMKilled");
    scene.job()["status"]["conditions"] = json!([{ "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": "2026-05-04T11:50:00Z" }]);
    scene.job()["status"]["failed"] = json!(1);
    let found = scene.find().remove(0);
    assert!(found.effect.starts_with("gave up after 1 try") && !found.effect.contains("stopped"), "{}", found.effect);
}

#[test]
fn container_that_got_over_its_end_is_no_problem_and_a_slow_leak_is() {
    let of = |from: &str, to: &str, since: &str| {
        let at = |minute: &str| format!("2026-05-04T11:{minute}:00Z");
        let last =
            json!({ "terminated": { "exitCode": 3, "reason": "Error", "startedAt": at(from), "finishedAt": at(to) } });
        restarted(json!({ "running": { "startedAt": at(since) } }), 1, last).find().remove(0)
    };
    let over = of("00", "05", "06");
    assert_eq!((over.rule.0, over.severity), ("T060", Severity::Info));
    let words = "It has been started again once and has been running for 54m since";
    assert!(over.verdict.contains(words), "{}", over.verdict);
    assert_eq!(of("00", "01", "51").severity, Severity::Error, "nine minutes");
    assert_eq!(of("00", "30", "31").severity, Severity::Error, "it may end as the run before it did");
}

#[test]
fn one_log_speaks_for_all_tries_that_ended_the_same_way() {
    let mut scene = Scene::ended(1, "Error");
    let status = scene.pod()["status"].clone();
    for (name, created) in [("etl-b", "2026-05-04T11:45:00Z"), ("etl-c", "2026-05-04T11:50:00Z")] {
        scene.add_pod(name, created, status.clone());
    }
    let found = scene.tail("etl-c", &["dial tcp db:5432: connect: connection refused"]).find();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].rule.0, found[0].effect.as_str()), ("T073", "3 of 3 tries ended so"));
}

#[test]
fn termination_message_stands_for_the_log() {
    let mut scene = Scene::ended(1, "Error").tail("etl-a", &["never asked for"]);
    scene.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["message"] =
        json!("ERROR tenant is missing\n");
    let found = scene.find().remove(0);
    assert!(found.verdict.ends_with("Its last words: \"ERROR tenant is missing\"."), "{}", found.verdict);
}

/// A run of a CronJob that took so many minutes, and so many others that took forty.
pub(super) fn quick(minutes: i64, others: usize) -> Scene {
    let run = |name: &str, minutes: i64, hour: u8| {
        let start = crate::model::fixtures::time(&format!("2026-05-04T{hour:02}:00:00Z"));
        let done = start.plus_seconds(minutes * 60).to_timestamp().to_string();
        json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": { "name": name, "namespace": "batch", "uid": name, "creationTimestamp": start.to_timestamp().to_string(),
                "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "uid": "nightly", "controller": true }] },
            "spec": { "completions": 1 },
            "status": { "startTime": start.to_timestamp().to_string(), "completionTime": done,
                "conditions": [{ "type": "Complete", "status": "True", "lastTransitionTime": done }] },
        })
    };
    let mut scene = Scene::ended(0, "Completed").tail("etl-a", &["ERROR no input, nothing to do"]);
    let mut job = run("etl", minutes, 11);
    job["spec"]["template"] = scene.job()["spec"]["template"].clone();
    *scene.job() = job;
    let cronjob = json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "nightly", "namespace": "batch", "uid": "nightly" },
        "spec": { "schedule": "0 * * * *", "jobTemplate": { "spec": {} } } });
    (0..others).fold(scene.with(cronjob), |scene, at| scene.with(run(&format!("old-{at}"), 40, 7)))
}

#[test]
fn success_far_too_fast_is_doubted() {
    let found = quick(2, 3).find().remove(0);
    assert_eq!((found.rule.0, found.short.as_str()), ("T071", "done in 2m, usually 40m"));
    assert!(found.verdict.contains("nothing to do"), "{}", found.verdict);
    assert_eq!(quick(30, 3).rule(), "", "quick, but not that quick");
    assert_eq!(quick(2, 2).rule(), "", "too few to compare with");
}

#[test]
fn a_probe_that_ends_a_container_for_good_is_blamed_for_it() {
    let mut scene = Scene::ended(137, "Error");
    let probed = |scene: Scene, at: &str| scene.event(("Pod", "etl-a"), "Unhealthy", "Startup probe failed: ", at);
    assert_ne!(probed(scene.clone(), "11:50").rule(), "T068", "it has no such probe");
    scene.job()["spec"]["template"]["spec"]["containers"][0]["startupProbe"] = json!({ "exec": {} });
    let found = probed(scene.clone(), "11:50").find().remove(0);
    assert_eq!(found.rule.0, "T068");
    assert!(!found.verdict.contains("answered"), "{}", found.verdict);
    let call = found.fixes[0].call.clone().unwrap();
    assert_eq!(call.argument, "spec.template.spec.containers[name=worker].startupProbe.failureThreshold=30");
    assert_ne!(probed(scene, "11:40").rule(), "T068", "it was another run");
}

#[test]
fn a_program_that_does_not_know_an_option_is_quoted_with_that_and_not_with_its_usage() {
    let lines = ["ls: unrecognized option: bogus", "Usage: ls [-1AaCxd]", "  -r  Reverse sort order"];
    let found = Scene::ended(1, "Error").tail("etl-a", &lines).find().remove(0);
    assert!(found.verdict.contains("unrecognized option: bogus"), "{}", found.verdict);
}

#[test]
fn between_two_tries_what_they_end_of_leads_and_the_wait_comes_of_it() {
    let mut scene = Scene::ended(3, "Error");
    scene.pod()["status"]["containerStatuses"][0]["state"] = end(3, "Error", "12:00");
    scene.job()["status"] = json!({ "startTime": "2026-05-04T11:00:00Z", "failed": 1 });
    let findings = scene.find();
    assert_eq!(findings.iter().map(|one| one.rule.0).collect::<Vec<_>>(), ["T060", "T017"]);
    let first = &findings[0];
    assert!(first.verdict.starts_with("Container worker ended with exit code 3"), "{}", first.verdict);
    assert!(first.effect.contains("next try in") && first.effect.contains("retry 1 of 6"), "{}", first.effect);
}

#[test]
fn child_that_was_killed_for_memory_is_no_trouble_where_the_program_ended_well() {
    // The kubelet has told the container's end and not yet the pod's.
    let ending = Scene::of_state("Running", end(0, "OOMKilled", "11:59"));
    assert_eq!(ending.rule(), "");
    // There is no limit in this scene, so that it was the node.
    assert_eq!(Scene::ended(137, "OOMKilled").rule(), "T063");
}

#[test]
fn of_several_containers_that_failed_the_first_leads_and_the_others_are_named() {
    let mut scene = Scene::ended(3, "Error");
    let statuses = scene.pod()["status"]["containerStatuses"].as_array_mut().unwrap();
    statuses.push(json!({ "name": "ship", "restartCount": 0, "state": end(4, "Error", "11:52") }));
    scene.pod()["spec"]["containers"].as_array_mut().unwrap().push(json!({ "name": "ship" }));
    let found = scene.find().remove(0);
    assert!(found.verdict.starts_with("Container worker ended with exit code 3"), "{}", found.verdict);
    assert!(found.verdict.contains("Container ship failed after it: it ended with exit code 4."), "{}", found.verdict);
}

#[test]
fn whom_a_program_did_not_reach_is_found_in_what_it_says() {
    for (line, words) in [
        ("wget: bad address 'ledger'", "could not use ledger: the name is not known"),
        ("nc: can't connect to remote host (10.255.0.1): Network is unreachable", "10.255.0.1: no route leads there"),
        ("db.prod: connection timed out", "could not use db.prod: no answer comes in time"),
        ("error: You must be logged in to the server (Unauthorized)", "it refuses the login"),
    ] {
        let told = Scene::ended(1, "Error").tail("etl-a", &[line]).find().remove(0);
        assert!(told.rule.0 == "T073" && told.verdict.contains(words), "{}", told.verdict);
    }
    let told = Scene::ended(1, "Error").tail("etl-a", &["dd: out of memory"]).find().remove(0);
    assert_eq!(told.rule.0, "T062");
}

#[test]
fn memory_that_a_pod_or_its_volumes_share_is_told() {
    let mut scene = Scene::ended(137, "OOMKilled");
    let spec = &mut scene.job()["spec"]["template"]["spec"];
    spec["resources"] = json!({ "limits": { "memory": "16Mi" } });
    spec["volumes"] = json!([{ "name": "m", "emptyDir": { "medium": "Memory" } }]);
    spec["containers"][0]["volumeMounts"] = json!([{ "name": "m", "mountPath": "/m" }]);
    let told = scene.find().remove(0);
    assert!(told.verdict.contains("memory limit of 16Mi that all containers of its pod share"), "{}", told.verdict);
    assert!(told.verdict.contains("into volume m lies in memory"), "{}", told.verdict);
    let call = told.fixes[0].call.clone().unwrap();
    assert_eq!(call.argument, "spec.template.spec.resources.limits.memory=24Mi");
}
