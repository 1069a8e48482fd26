//! What each command would do, in words and as data.

use serde_json::{Value, json};

use super::*;
use crate::model::cronjob::CronJob;
use crate::model::delta::{Cause, Row};
use crate::model::fixtures::{cronjob, delta, failed, job, now, pod, renamed, run_of, snapshot, time};
use crate::model::job::Job;
use crate::model::meta::Object;
use crate::model::mutation::Cascade;

fn planned(rows: &[Row], write: Write, kind: Kind, uids: &[Uid], argument: &str) -> Result<Plan, Refusal> {
    let snapshot = snapshot(rows);
    let scene = Scene { snapshot: &snapshot, now: now(), is_read_only: false };
    plan(write, &subjects(kind, uids.iter().copied()), argument, scene)
}

fn of_job(job: &Job, write: Write, argument: &str) -> Result<Plan, Refusal> {
    planned(&[Row::Job(job.clone())], write, Kind::Job, &[job.uid()], argument)
}

fn of_cronjob(cronjob: &CronJob, write: Write, argument: &str) -> Result<Plan, Refusal> {
    planned(&[Row::CronJob(cronjob.clone())], write, Kind::CronJob, &[cronjob.uid()], argument)
}

fn reason(plan: Result<Plan, Refusal>) -> String {
    plan.unwrap_err().0
}

/// The fields that a plan for one object sets.
fn patch(plan: &Plan) -> &Value {
    let [Mutation { change: Change::Merge { patch, version: None }, .. }] = &plan.mutations[..] else {
        panic!("{:?}", plan.mutations)
    };
    patch
}

#[test]
fn suspending_a_job_with_pods_is_dangerous_and_says_what_is_lost() {
    let rows = [Row::Job(job("job-indexed")), Row::Pod(pod("pod-running"))];
    let target = job("job-indexed");
    let plan = planned(&rows, Write::Suspend(true), Kind::Job, &[target.uid()], "").unwrap();
    assert!(plan.is_dangerous);
    assert_eq!(plan.targets, "job/shards");
    let effect = "job/shards: its 3 pods are deleted, and what they have not saved is lost; 1 of 5 completions stay";
    assert_eq!(plan.effects, [effect]);
    assert_eq!(patch(&plan), &json!({ "spec": { "suspend": true } }));
    assert_eq!((&plan.mutations[0].target, plan.mutations[0].uid), (&target.key().into(), Some(target.uid())));
}

#[test]
fn what_is_so_already_or_cannot_be_is_refused_with_the_reason() {
    let [done, paused, mut dying] = ["job-complete", "job-suspended", "job-quota"].map(job);
    dying.meta.deleted = Some(now());
    let cases = [
        (&done, true, "has finished"),
        (&done, false, "has finished"),
        (&paused, true, "is suspended already"),
        (&dying, true, "is being deleted"),
    ];
    for (job, is_wanted, why) in cases {
        let told = reason(of_job(job, Write::Suspend(is_wanted), ""));
        assert_eq!(told, format!("job/{} {why}", job.meta.name));
    }
    let running = job("job-quota");
    assert_eq!(reason(of_job(&running, Write::Suspend(false), "")), "job/settle is not suspended");
    assert!(reason(planned(&[], Write::Suspend(true), Kind::Job, &[done.uid()], "")).contains("gone"));
    assert!(
        reason(planned(&[], Write::Suspend(true), Kind::Pod, &[done.uid()], "")).contains("only Jobs and CronJobs")
    );
    assert!(reason(planned(&[], Write::Suspend(true), Kind::Job, &[], "")).contains("no Job"));
}

#[test]
fn read_only_refuses_everything() {
    let snapshot = snapshot(&[Row::Job(job("job-quota"))]);
    let scene = Scene { snapshot: &snapshot, now: now(), is_read_only: true };
    let targets = subjects(Kind::Job, [job("job-quota").uid()]);
    for write in [Write::Suspend(true), Write::Delete, Write::Rerun, Write::Clean] {
        assert!(reason(plan(write, &targets, "finished", scene)).contains("read-only"));
        assert!(may(write, &targets, scene).unwrap_err().0.contains("read-only"));
    }
}

#[test]
fn of_several_those_that_can_are_planned_and_the_others_told() {
    let rows = [Row::Job(job("job-quota")), Row::Job(job("job-complete"))];
    let uids = [job("job-quota").uid(), job("job-complete").uid()];
    let plan = planned(&rows, Write::Suspend(true), Kind::Job, &uids, "").unwrap();
    let told = &["left out: job/report has finished".to_owned()][..];
    assert_eq!((plan.mutations.len(), plan.warnings.as_slice()), (1, told));
}

#[test]
fn resuming_a_cronjob_tells_of_the_run_that_starts_at_once() {
    let mut paused = cronjob("cronjob");
    (paused.suspend, paused.last_schedule) = (true, Some(now().plus_seconds(-600)));
    let effect = |cronjob: &CronJob| of_cronjob(cronjob, Write::Suspend(false), "").unwrap().effects.remove(0);
    assert!(effect(&paused).contains("AT ONCE"), "{}", effect(&paused));
    paused.last_schedule = Some(now());
    assert!(!effect(&paused).contains("AT ONCE"), "{}", effect(&paused));
}

#[test]
fn suspending_a_cronjob_leaves_its_runs_alone() {
    let mut ticker = cronjob("cronjob");
    let run = run_of(&ticker, job("job-indexed"), "ticker-1", "2026-11-21T04:55:00Z");
    ticker.active = vec![run.uid()];
    let rows = [Row::CronJob(ticker.clone()), Row::Job(run)];
    let plan = planned(&rows, Write::Suspend(true), Kind::CronJob, &[ticker.uid()], "").unwrap();
    assert!(!plan.is_dangerous);
    assert!(plan.effects[0].ends_with("the one that is active goes on"), "{:?}", plan.effects);
}

#[test]
fn stale_knowledge_is_told() {
    let mut snapshot = snapshot(&[Row::Job(job("job-quota"))]);
    snapshot.apply(delta(Kind::Job, vec![failed(Cause::Unreachable)]), now());
    let scene = Scene { snapshot: &snapshot, now: now().plus_seconds(7), is_read_only: false };
    let plan = plan(Write::Suspend(true), &subjects(Kind::Job, [job("job-quota").uid()]), "", scene).unwrap();
    assert!(plan.warnings[0].contains("7s old"), "{:?}", plan.warnings);
}

#[test]
fn a_resumed_job_tells_its_pods_and_its_deadline() {
    let mut paused = job("job-suspended");
    (paused.parallelism, paused.active_deadline_seconds) = (Some(3), Some(3600));
    paused.meta = renamed(&paused.meta, "etl");
    paused.started = Some(time("2026-11-21T04:00:00Z"));
    let plan = of_job(&paused, Write::Suspend(false), "").unwrap();
    assert_eq!(plan.effects, ["job/etl starts up to 3 pods; its deadline of 60m begins anew"]);
}

#[test]
fn values_of_a_job_are_set_as_they_are_typed() {
    let mut job = job("job-quota");
    job.parallelism = Some(2);
    job.started = Some(now().plus_seconds(-600));
    let cases = [
        (Write::Parallelism, "3", json!({ "parallelism": 3 }), false),
        (Write::Parallelism, "0", json!({ "parallelism": 0 }), false),
        (Write::Deadline, "2h", json!({ "activeDeadlineSeconds": 7200 }), false),
        (Write::Deadline, "5m", json!({ "activeDeadlineSeconds": 300 }), true),
        (Write::Deadline, "none", json!({ "activeDeadlineSeconds": null }), false),
        (Write::Deadline, "900", json!({ "activeDeadlineSeconds": 900 }), false),
        (Write::Backoff, "0", json!({ "backoffLimit": 0 }), false),
        (Write::Ttl, "1d", json!({ "ttlSecondsAfterFinished": 86_400 }), false),
    ];
    for (write, text, spec, is_dangerous) in cases {
        let plan = of_job(&job, write, text).unwrap();
        assert_eq!((patch(&plan), plan.is_dangerous), (&json!({ "spec": spec }), is_dangerous), "{write:?} {text}");
    }
    for (write, text, why) in [
        (Write::Parallelism, "-1", "no number"),
        (Write::Parallelism, "2", "already"),
        (Write::Backoff, "many", "no number"),
        (Write::Deadline, "soon", "no duration"),
        (Write::Deadline, "-5", "no duration"),
        (Write::Completions, "3", "not Indexed"),
    ] {
        let told = reason(of_job(&job, write, text));
        assert!(told.contains(why), "{write:?} {text}: {told}");
    }
}

#[test]
fn completions_of_an_indexed_job_change_with_its_parallelism() {
    let plan = of_job(&job("job-indexed"), Write::Completions, "7").unwrap();
    assert_eq!(patch(&plan), &json!({ "spec": { "completions": 7, "parallelism": 7 } }));
    assert!(of_job(&job("job-indexed"), Write::Completions, "2").unwrap().is_dangerous, "indexes are lost");
}

#[test]
fn a_ttl_that_is_over_deletes_at_once() {
    let mut done = job("job-complete");
    done.completed = Some(now().plus_seconds(-600));
    let plan = of_job(&done, Write::Ttl, "5m").unwrap();
    assert!(plan.is_dangerous && plan.effects[0].contains("AT ONCE"), "{:?}", plan.effects);
    assert!(!of_job(&done, Write::Ttl, "1h").unwrap().is_dangerous);
}

#[test]
fn a_schedule_is_told_with_its_next_five_runs() {
    let cronjob = cronjob("cronjob");
    let plan = of_cronjob(&cronjob, Write::Schedule, "30 2 * * *").unwrap();
    assert_eq!(patch(&plan), &json!({ "spec": { "schedule": "30 2 * * *" } }));
    assert!(plan.effects[0].contains("at 02:30, every day") && plan.effects[0].matches("02:30").count() == 6);
    for (text, why) in [("30 2 * *", "field"), ("0 0 30 2 *", "never"), ("TZ=UTC 0 0 * * *", "")] {
        let told = of_cronjob(&cronjob, Write::Schedule, text);
        assert!(told.is_err() || why.is_empty(), "{text}");
        assert!(told.is_ok() || reason(told).contains(why), "{text}");
    }
    let zoned = of_cronjob(&cronjob, Write::TimeZone, "Europe/Berlin").unwrap();
    assert_eq!(patch(&zoned), &json!({ "spec": { "timeZone": "Europe/Berlin" } }));
    assert!(of_cronjob(&cronjob, Write::TimeZone, "Mars/Olympus").is_err());
    let none = of_cronjob(&cronjob, Write::TimeZone, "none").unwrap();
    assert_eq!(patch(&none), &json!({ "spec": { "timeZone": null } }));
}

#[test]
fn history_limits_take_two_numbers() {
    let plan = of_cronjob(&cronjob("cronjob"), Write::History, "3 1").unwrap();
    let spec = json!({ "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1 });
    assert_eq!(patch(&plan), &json!({ "spec": spec }));
    assert!(reason(of_cronjob(&cronjob("cronjob"), Write::History, "3")).contains("two numbers"));
}

#[test]
fn a_run_by_hand_has_a_name_that_is_free() {
    let plan = of_cronjob(&cronjob("cronjob"), Write::Trigger, "").unwrap();
    let [Mutation { change: Change::Trigger { name, .. }, .. }] = &plan.mutations[..] else { panic!("{plan:?}") };
    assert!(name.starts_with(cronjob("cronjob").meta.name.as_str()) && plan.effects[0].contains(name.as_str()));
}

#[test]
fn a_rerun_of_a_job_that_runs_warns() {
    assert!(of_job(&job("job-quota"), Write::Rerun, "").unwrap().warnings[0].contains("both run then"));
    let done = of_job(&job("job-complete"), Write::Rerun, "").unwrap();
    assert!(done.warnings.is_empty() && !done.is_dangerous);
    let [Mutation { change: Change::Rerun { name, keeps_owner: false, .. }, .. }] = &done.mutations[..] else {
        panic!("{done:?}")
    };
    assert_eq!(name, "report-rerun");
}

#[test]
fn a_deletion_says_what_goes_with_it_and_is_dangerous() {
    let ticker = cronjob("cronjob");
    let run = run_of(&ticker, job("job-indexed"), "ticker-1", "2026-11-21T04:55:00Z");
    let rows = [Row::CronJob(ticker.clone()), Row::Job(run)];
    let plan = planned(&rows, Write::Delete, Kind::CronJob, &[ticker.uid()], "").unwrap();
    assert!(plan.is_dangerous && plan.effects[0].ends_with("is deleted with its Job, its pods and their logs"));
    let job = of_job(&job("job-indexed"), Write::Delete, "").unwrap();
    assert!(job.effects[0].contains("its 3 running pods"), "{:?}", job.effects);
}

#[test]
fn labels_are_set_and_taken_away_by_words() {
    let plan = of_job(&job("job-quota"), Write::Label, "app=etl tier-").unwrap();
    assert_eq!(patch(&plan), &json!({ "metadata": { "labels": { "app": "etl", "tier": null } } }));
    let plan = of_job(&job("job-quota"), Write::Annotate, "note=a=b").unwrap();
    assert_eq!(patch(&plan), &json!({ "metadata": { "annotations": { "note": "a=b" } } }));
    for text in ["word", "=x", "-", ""] {
        assert!(of_job(&job("job-quota"), Write::Label, text).is_err(), "{text:?}");
    }
}

#[test]
fn clean_up_takes_ended_jobs_by_state_age_count_and_label() {
    let ended = |name: &str, ago: i64, base: &str| {
        let mut one = job(base);
        one.meta = renamed(&one.meta, name);
        one.completed = Some(now().plus_seconds(-ago));
        one.meta.labels = [("app".into(), name[..1].into())].into();
        Row::Job(one)
    };
    let rows = [
        ended("a1", 100, "job-complete"),
        ended("a2", 90_000, "job-complete"),
        ended("b1", 200_000, "job-failed"),
        Row::Job(job("job-quota")),
    ];
    let names = |words: &str| -> Vec<String> {
        let plan = planned(&rows, Write::Clean, Kind::Job, &[], words).unwrap();
        plan.mutations.iter().map(|one| one.target.name.to_string()).collect()
    };
    assert_eq!(names("finished"), ["b1", "a2", "a1"]);
    assert_eq!(names("complete"), ["a2", "a1"]);
    assert_eq!(names("failed"), ["b1"]);
    assert_eq!(names("finished older=1d"), ["b1", "a2"]);
    assert_eq!(names("finished keep=1"), ["b1", "a2"]);
    assert_eq!(names("finished app=a older=1d"), ["a2"]);
    for words in ["", "old", "finished older=soon", "finished keep=few", "failed app=a"] {
        assert!(planned(&rows, Write::Clean, Kind::Job, &[], words).is_err(), "{words:?}");
    }
}

#[test]
fn what_is_set_now_is_offered_for_typing() {
    let snapshot = snapshot(&[Row::Job(job("job-indexed")), Row::CronJob(cronjob("cronjob"))]);
    let scene = Scene { snapshot: &snapshot, now: now(), is_read_only: false };
    let job = Subject { kind: Kind::Job, uid: job("job-indexed").uid() };
    assert_eq!(present(Write::Completions, job, scene), "5");
    let ticker = Subject { kind: Kind::CronJob, uid: cronjob("cronjob").uid() };
    assert_eq!(present(Write::Schedule, ticker, scene), cronjob("cronjob").schedule);
    assert_eq!(present(Write::Label, job, scene), "");
}

#[test]
fn what_a_deletion_leaves_behind_is_told_as_it_is_chosen() {
    let (job, pod) = (job("job-indexed"), pod("pod-running"));
    let snapshot = snapshot(&[Row::Job(job.clone()), Row::Pod(pod)]);
    let scene = Scene { snapshot: &snapshot, now: now(), is_read_only: false };
    let mut plan = plan(Write::Delete, &subjects(Kind::Job, [job.uid()]), "", scene).unwrap();
    assert_eq!(plan.effects, ["job/shards is deleted with its 3 running pods and the logs"]);
    plan.choose(|change| *change = Change::Delete(Cascade::Orphan), scene);
    assert_eq!(plan.effects, ["job/shards is deleted WITHOUT its 3 running pods, which nobody owns then"]);
    plan.choose(|change| *change = Change::Delete(Cascade::Foreground), scene);
    assert_eq!(plan.effects, ["job/shards is deleted with its 3 running pods and the logs"]);
}
