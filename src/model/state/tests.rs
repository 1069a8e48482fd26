//! The state of real objects, and of look-alikes that differ in the one thing that counts.

use super::super::delta::{Cause, Change, Row};
use super::super::fixtures::{cronjob, delta, event, failed, job, job_of, now, pod, renamed, run_of, snapshot, time};
use super::super::job::Condition;
use super::super::meta::Owner;
use super::*;

/// A state as level and word.
fn words(state: &State) -> (Level, &str) {
    (state.level, &state.word)
}

/// The state of a Job, and why, among these rows.
fn told(job: &Job, rows: &[Row]) -> (Level, String, String) {
    let known = snapshot(rows);
    let state = job_state(&known, job);
    (state.level, state.word.into_owned(), job_why(&known, job, now()))
}

fn pods(pods: &[&Pod]) -> Vec<Row> {
    pods.iter().map(|pod| Row::Pod((*pod).clone())).collect()
}

fn condition(kind: &str) -> Condition {
    Condition { kind: kind.into(), reason: "R".into(), message: "m".into(), since: None }
}

/// The pod of `name` made one of the Job's.
fn pod_of(job: &Job, name: &str) -> Pod {
    let mut pod = pod(name);
    pod.meta.owner = Some(Owner { kind: Some(Kind::Job), uid: job.meta.uid });
    pod
}

fn is(level: Level, word: &str, why: &str) -> (Level, String, String) {
    (level, word.to_owned(), why.to_owned())
}

#[test]
fn finished_jobs_are_done_or_broken() {
    assert_eq!(told(&job("job-complete"), &[]), is(Level::Done, "Complete", ""));
    let reached = "BackoffLimitExceeded: Job has reached the specified backoff limit";
    assert_eq!(told(&job("job-failed"), &[]), is(Level::Broken, "Failed", reached));
    let with_pod = told(&job("job-failed"), &pods(&[&pod("pod-failed")]));
    assert_eq!(with_pod, is(Level::Broken, "Failed", "main: exit 3 (BackoffLimitExceeded)"));
}

#[test]
fn complete_job_with_one_failed_try_is_done() {
    let mut job = job("job-complete");
    job.failed = 1;
    let tried = pod_of(&job, "pod-failed");
    assert_eq!(told(&job, &pods(&[&tried])), is(Level::Done, "Complete", ""));
}

#[test]
fn decisions_are_no_ends() {
    let mut job = job("job-quota");
    job.conditions = vec![condition("FailureTarget")];
    assert_eq!(words(&job_state(&snapshot(&[]), &job)), (Level::Broken, "Failing"));
    job.conditions = vec![condition("SuccessCriteriaMet")];
    assert_eq!(words(&job_state(&snapshot(&[]), &job)), (Level::Running, "Completing"));
    job.meta.deleted = Some(now());
    assert_eq!(words(&job_state(&snapshot(&[]), &job)), (Level::Ending, "Terminating"));
}

#[test]
fn suspended_job_says_nothing_more() {
    assert_eq!(told(&job("job-suspended"), &[]), is(Level::Suspended, "Suspended", ""));
}

#[test]
fn indexed_job_with_failures_runs_with_a_warning() {
    let (job, running) = (job("job-indexed"), pod("pod-running"));
    assert_eq!(told(&job, &pods(&[&running])), is(Level::Warning, "Running", ""));
    let failed = pod_of(&job, "pod-failed");
    assert_eq!(told(&job, &pods(&[&running, &failed])).2, "main: exit 3, 2 failed so far");
    let mut calm = job;
    calm.failed = 0;
    assert_eq!(told(&calm, &pods(&[&running])), is(Level::Running, "Running", ""));
}

#[test]
fn job_without_a_pod_never_runs() {
    let mut job = job("job-indexed");
    (job.active, job.ready, job.succeeded, job.failed) = (3, 3, 0, 0);
    assert_eq!(told(&job, &[]), is(Level::Waiting, "Waiting", "no pod has been created"));
    job.started = Some(now().plus_seconds(-5));
    assert_eq!(told(&job, &[]).2, "", "its pods may still come");
    job.started = None;
    job.parallelism = Some(0);
    assert_eq!(told(&job, &[]).2, "parallelism is 0: no pod is wanted");
}

/// The controller is behind, or away, when the last pod ends: seen on a real cluster after its API server's restart.
#[test]
fn pods_that_ended_were_created() {
    let mut job = job("job-indexed");
    (job.active, job.failed) = (0, 0);
    let mut ended = pod_of(&job, "pod-bare");
    ended.phase = PodPhase::Succeeded;
    assert_eq!(told(&job, &pods(&[&ended])).2, "its pods have ended, and the Job controller has not acted on that yet");
    (job.succeeded, job.failed) = (1, 2);
    assert_eq!(told(&job, &[]).2, "no further pod was created: 1 succeeded, 2 failed so far");
}

#[test]
fn job_refused_by_quota_is_broken_and_names_the_quota() {
    let (mut job, refused) = (job("job-quota"), event("event-quota"));
    let rows = [Row::Event(refused.clone())];
    let why = "FailedCreate: exceeded quota: compute, requested: requests.cpu=500m, used: requests.cpu=0, \
               limited: requests.cpu=100m";
    assert_eq!(told(&job, &rows), is(Level::Broken, "Waiting", why));
    job.failed = 1;
    assert_eq!(told(&job, &rows).0, Level::Broken, "also after a failed try");
    let mut other = refused;
    other.reason = "SuccessfulCreate".into();
    job.failed = 0;
    assert_eq!(told(&job, &[Row::Event(other)]).0, Level::Waiting);
}

#[test]
fn refusal_is_forgotten_once_a_pod_was_made() {
    let mut job = job("job-quota");
    job.failed = 1;
    let mut later = pod_of(&job, "pod-failed");
    later.meta.created = Some(time("2026-11-21T04:55:30Z"));
    let rows = [Row::Event(event("event-quota")), Row::Pod(later)];
    assert_eq!(told(&job, &rows), is(Level::Warning, "Retrying", "main: exit 3, 1 failed so far"));
}

#[test]
fn retry_delay_is_retrying() {
    let mut job = job("job-quota");
    (job.active, job.failed) = (0, 1);
    assert_eq!(told(&job, &[]).1, "Retrying");
    let tried = pod_of(&job, "pod-failed");
    let told_with_pod = told(&job, &pods(&[&tried]));
    assert_eq!(told_with_pod, is(Level::Warning, "Retrying", "main: exit 3, 1 failed so far"));
    let next = pod_of(&job, "pod-bare");
    assert_eq!(words(&job_state(&snapshot(&pods(&[&tried, &next])), &job)), (Level::Warning, "Waiting"));
}

#[test]
fn job_whose_container_is_started_again_and_again_is_retrying() {
    let restarting = pod("pod-restarting");
    let job = job_of(&restarting);
    let rows = pods(&[&restarting]);
    assert_eq!(told(&job, &rows), is(Level::Broken, "Retrying", "main: exit 1, restarted 4 times"));
    let init = pod("pod-init");
    assert_eq!(told(&job_of(&init), &pods(&[&init])), is(Level::Warning, "Retrying", "prepare: exit 7"));
}

#[test]
fn job_with_a_blocked_pod_is_broken_and_says_why() {
    let image = pod("pod-image");
    let (level, word, why) = told(&job_of(&image), &pods(&[&image]));
    assert_eq!((level, word.as_str()), (Level::Broken, "Waiting"));
    assert!(why.starts_with("main: ImagePullBackOff: "), "{why}");
    let unplaced = pod("pod-unschedulable");
    let (level, word, why) = told(&job_of(&unplaced), &pods(&[&unplaced]));
    assert_eq!((level, word.as_str()), (Level::Broken, "Waiting"));
    assert!(why.starts_with("Unschedulable: 0/1 nodes are available: 1 Insufficient cpu"), "{why}");
}

#[test]
fn job_with_a_new_pod_waits_and_one_with_a_sidecar_runs() {
    let mut pending = pod("pod-bare");
    pending.meta.owner = pod("pod-running").meta.owner;
    let mut job = job_of(&pending);
    assert_eq!(told(&job, &pods(&[&pending])), is(Level::Waiting, "Waiting", ""));
    let sidecar = pod("pod-sidecar");
    job = job_of(&sidecar);
    assert_eq!(told(&job, &pods(&[&sidecar])), is(Level::Running, "Running", ""));
    let mut ending = sidecar;
    ending.meta.deleted = Some(now());
    assert_eq!(told(&job, &pods(&[&ending])).1, "Waiting");
}

#[test]
fn without_pods_the_counters_tell() {
    let mut known = Snapshot::default();
    known.apply(delta(Kind::Pod, vec![failed(Cause::Denied)]), now());
    let mut job = job("job-indexed");
    assert_eq!(words(&job_state(&known, &job)), (Level::Running, "Running"));
    job.ready = 0;
    assert_eq!(words(&job_state(&known, &job)), (Level::Running, "Active"));
    job.active = 0;
    assert_eq!(words(&job_state(&known, &job)), (Level::Waiting, "Waiting"));
    assert_eq!(job_why(&known, &job, now()), "", "nothing is known of its pods");
    known.apply(delta(Kind::Pod, vec![Change::Synced]), now());
    assert_eq!(words(&job_state(&known, &job)), (Level::Warning, "Retrying"));
}

#[test]
fn job_of_another_controller_is_told_by_its_counters() {
    let mut job = job("job-quota");
    (job.managed_by, job.active) = (Some("kueue".into()), 0);
    assert_eq!(told(&job, &[]), is(Level::Waiting, "Waiting", "managed by kueue, which has made no pod"));
    job.ready = 1;
    assert_eq!(told(&job, &[]).1, "Running");
}

/// The words are those of `kubectl get pods`, version 1.36, at the moment at which the fixture was taken.
#[test]
fn pods_have_the_word_of_kubectl() {
    let cases = [
        ("pod-running", "Running", Level::Running, ""),
        ("pod-sidecar", "Running", Level::Running, ""),
        ("pod-failed", "Error", Level::Broken, "main: exit 3"),
        ("pod-oom", "OOMKilled", Level::Broken, "main: OOMKilled, exit 137"),
        ("pod-init", "Init:Error", Level::Warning, "prepare: exit 7"),
        ("pod-restarting", "CrashLoopBackOff", Level::Broken, "main: exit 1, restarted 4 times"),
        ("pod-bare", "Pending", Level::Waiting, ""),
    ];
    for (name, word, level, why) in cases {
        let pod = pod(name);
        assert_eq!(words(&pod_state(&pod)), (level, word), "{name}");
        assert_eq!(pod_why(&pod), why, "{name}");
    }
    for (name, word) in [("pod-image", "ImagePullBackOff"), ("pod-unschedulable", "Pending")] {
        assert_eq!(words(&pod_state(&pod(name))), (Level::Broken, word), "{name}");
    }
}

#[test]
fn deleted_pods_are_terminating_until_they_end() {
    let mut deleted = pod("pod-running");
    deleted.meta.deleted = Some(now());
    assert_eq!(words(&pod_state(&deleted)), (Level::Ending, "Terminating"));
    deleted.reason = "NodeLost".into();
    assert_eq!(deleted.status_word(), "Unknown");
    let mut kept = pod("pod-failed");
    kept.meta.deleted = Some(now());
    assert_eq!(kept.status_word(), "Error", "a finalizer holds it");
}

/// A pod with the container of `first` before that of `second`.
fn pair(first: &str, second: &str) -> Pod {
    let mut pair = pod(first);
    pair.containers.extend(pod(second).containers.into_iter().filter(|one| one.role == Role::Main));
    pair
}

#[test]
fn pods_of_several_containers_have_the_word_of_kubectl() {
    let mut half = pair("pod-failed", "pod-running");
    half.phase = PodPhase::Running;
    let ContainerState::Ended(end) = &mut half.containers[0].state else { panic!("it ended") };
    (end.exit_code, end.reason) = (0, "Completed".into());
    assert_eq!(half.status_word(), "NotReady");
    half.is_ready = true;
    assert_eq!(half.status_word(), "Running");
    half.is_ready = false;
    half.containers.push(pod("pod-failed").containers.remove(0));
    assert_eq!(half.status_word(), "Error");
    half.reason = "Evicted".into();
    half.containers.clear();
    assert_eq!(half.status_word(), "Evicted");
}

#[test]
fn sidecars_that_have_not_started_block() {
    let delayed = pod("pod-restarting").containers[0].state.clone();
    let mut pod = pod("pod-sidecar");
    pod.is_initialized = false;
    pod.containers[1].started = false;
    assert_eq!(pod.status_word(), "Init:1/2");
    pod.containers[1].started = true;
    assert_eq!(pod.status_word(), "Running");
    pod.is_initialized = true;
    (pod.containers[1].started, pod.containers[1].state) = (false, delayed);
    assert_eq!(pod.status_word(), "Init:CrashLoopBackOff");
}

#[test]
fn gated_pods_say_so() {
    let mut pod = pod("pod-unschedulable");
    (pod.unscheduled, pod.message) = ("SchedulingGated".into(), "Scheduling is blocked".into());
    assert_eq!(words(&pod_state(&pod)), (Level::Waiting, "SchedulingGated"));
    assert_eq!(pod_why(&pod), "SchedulingGated: Scheduling is blocked");
}

#[test]
fn ended_sidecars_explain_nothing_where_a_main_container_failed() {
    let mut pod = pod("pod-failed");
    let mut proxy = pod.containers[0].clone();
    (proxy.name, proxy.role) = ("proxy".into(), Role::Sidecar);
    if let ContainerState::Ended(end) = &mut proxy.state {
        (end.exit_code, end.finished) = (143, Some(now()));
    }
    pod.containers.insert(0, proxy);
    assert_eq!(pod_why(&pod), "main: exit 3");
    pod.phase = PodPhase::Succeeded;
    assert_eq!(pod_why(&pod), "");
}

#[test]
fn cronjobs_rest_run_pause_or_fail() {
    let cronjob = cronjob("cronjob");
    let told = |cronjob: &CronJob| {
        let state = cronjob_state(&snapshot(&[]), cronjob);
        (state.level, state.word)
    };
    assert_eq!(told(&cronjob), (Level::Done, "Idle".into()));
    let mut other = cronjob.clone();
    other.last_success = None;
    assert_eq!(told(&other), (Level::Waiting, "No run yet".into()));
    other.active = vec![cronjob.meta.uid];
    assert_eq!(told(&other), (Level::Running, "Running".into()));
    other.suspend = true;
    assert_eq!(told(&other), (Level::Suspended, "Suspended".into()));
    other.plan = Err("no such zone: Mars/Olympus".into());
    assert_eq!(told(&other), (Level::Broken, "Unreadable".into()));
    assert_eq!(cronjob_why(&snapshot(&[]), &other, now()), "no such zone: Mars/Olympus");
    other.meta.deleted = Some(now());
    assert_eq!(told(&other).0, Level::Ending);
}

#[test]
fn newest_finished_run_decides_whether_a_cronjob_fails() {
    let cronjob = cronjob("cronjob");
    let run = |name: &str, created: &str| run_of(&cronjob, job(name), created, created);
    let failed = run("job-failed", "2026-11-21T04:52:00Z");
    let rows = |jobs: &[&Job]| jobs.iter().map(|job| Row::Job((*job).clone())).collect::<Vec<_>>();
    let known = snapshot(&rows(&[&failed]));
    assert_eq!(words(&cronjob_state(&known, &cronjob)), (Level::Broken, "Failing"));
    assert!(cronjob_why(&known, &cronjob, now()).starts_with("BackoffLimitExceeded"));
    let unfinished = run("job-quota", "2026-11-21T04:53:00Z");
    let known = snapshot(&rows(&[&failed, &unfinished]));
    assert_eq!(words(&cronjob_state(&known, &cronjob)), (Level::Broken, "Failing"));
    let good = run("job-complete", "2026-11-21T04:54:00Z");
    let known = snapshot(&rows(&[&good, &failed, &unfinished]));
    assert_eq!(words(&cronjob_state(&known, &cronjob)), (Level::Done, "Idle"));
    let mut foreign = failed;
    foreign.meta = renamed(&foreign.meta, "foreign");
    foreign.meta.owner = None;
    assert_eq!(words(&cronjob_state(&snapshot(&rows(&[&foreign])), &cronjob)), (Level::Done, "Idle"));
}

#[test]
fn containers_have_a_state_of_their_own() {
    let states = |name: &str| -> Vec<(Level, String)> {
        pod(name).containers.iter().map(container_state).map(|state| (state.level, state.word.into_owned())).collect()
    };
    let is = |level, word: &str| (level, word.to_owned());
    let running = [is(Level::Done, "Completed"), is(Level::Running, "Running"), is(Level::Running, "Running")];
    assert_eq!(states("pod-sidecar"), running);
    assert_eq!(states("pod-init"), [is(Level::Broken, "Error"), is(Level::Waiting, "PodInitializing")]);
    assert_eq!(states("pod-restarting"), [is(Level::Broken, "CrashLoopBackOff")]);
    let mut ended = pod("pod-failed").containers[0].clone();
    assert_eq!(container_state(&ended).level, Level::Broken);
    ended.role = Role::Sidecar;
    assert_eq!(container_state(&ended).level, Level::Done, "a sidecar is ended when the work is over");
}

#[test]
fn waiting_container_tells_how_it_ended_before() {
    let why = container_why(&pod("pod-restarting").containers[0]);
    assert!(why.starts_with("before: exit 1; back-off"), "{why}");
    assert_eq!(container_why(&pod("pod-sidecar").containers[1]), "");
}

#[test]
fn overlapping_runs_warn() {
    let mut cronjob = cronjob("cronjob");
    cronjob.active = vec![super::super::key::Uid::new("a"), super::super::key::Uid::new("b")];
    let known = snapshot(&[Row::CronJob(cronjob.clone())]);
    assert_eq!(words(&cronjob_state(&known, &cronjob)), (Level::Warning, "Overlaps"));
    assert_eq!(cronjob_why(&known, &cronjob, now()), "2 runs overlap");
}

#[test]
fn ends_are_counted_from_the_end_and_from_the_start() {
    let mut done = job("job-complete");
    done.ttl_seconds_after_finished = Some(100);
    let end = done.ended().unwrap();
    assert_eq!((done.gone_in(end.plus_seconds(40)), done.gone_in(end.plus_seconds(400))), (Some(60), Some(0)));
    done.active_deadline_seconds = Some(1);
    assert_eq!(done.stops_in(end), None, "it is over");
    let mut running = job("job-indexed");
    (running.active_deadline_seconds, running.ttl_seconds_after_finished) = (Some(900), Some(5));
    let started = running.started.unwrap();
    assert_eq!((running.stops_in(started.plus_seconds(60)), running.gone_in(started)), (Some(840), None));
    running.suspend = true;
    assert_eq!(running.stops_in(started), None, "a suspended Job's clock stands still");
}

#[test]
fn run_that_is_due_and_has_not_started_is_told_where_it_is_known() {
    let mut cronjob = cronjob("cronjob");
    (cronjob.active, cronjob.starting_deadline_seconds) = (Vec::new(), None);
    let planned = cronjob.last_schedule.unwrap();
    let known = snapshot(&[Row::CronJob(cronjob.clone())]);
    let why = |cronjob: &CronJob, seconds| cronjob_why(&known, cronjob, planned.plus_seconds(seconds));
    assert_eq!(why(&cronjob, 100), "", "each minute, and the controller needs a moment");
    let told = "the run due 9m ago";
    assert_eq!(why(&cronjob, 600), format!("{told} has not started"));
    (cronjob.concurrency, cronjob.active) = (Concurrency::Forbid, vec![super::super::key::Uid::new("a")]);
    assert_eq!(why(&cronjob, 600), format!("{told} waits for the one that is active"));
    cronjob.suspend = true;
    assert_eq!(why(&cronjob, 600), "");
    cronjob.suspend = false;
    let mut stale = snapshot(&[Row::CronJob(cronjob.clone())]);
    stale.apply(delta(Kind::CronJob, vec![failed(Cause::Unreachable)]), now());
    assert_eq!(cronjob_why(&stale, &cronjob, planned.plus_seconds(600)), "", "how it is now is not known");
    cronjob.starting_deadline_seconds = Some(30);
    assert_eq!(why(&cronjob, 600), "", "what is later than the deadline is not started any more");
}
