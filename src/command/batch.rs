//! What can be done to Jobs and CronJobs: the commands, and the planners that turn one, with explicit targets, into a
//! plan to confirm or a refusal with its reason.
//!
//! Pure. A planner sends nothing: `app` shows the plan and asks, `cluster::execute` sends what was confirmed.

use super::{Action, Argument, CommandSpec, Scope};
use crate::model::clock::Time;
use crate::model::clock::short_duration;
use crate::model::cronjob::CronJob;
use crate::model::job::Job;
use crate::model::key::{Kind, ObjectKey, Uid};
use crate::model::meta::Object;
use crate::model::mutation::{Mutation, Set};
use crate::model::owner::Subject;
use crate::model::snapshot::{Freshness, Snapshot};

/// Commands for Jobs and CronJobs.
pub(super) const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        id: "batch.suspend",
        title: "suspend",
        help: "Suspends Jobs, which deletes their running pods, or CronJobs, whose runs go on.",
        keys: &["s"],
        words: &["suspend"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Set::Suspend(true)),
        footer: Some(30),
    },
    CommandSpec {
        id: "batch.resume",
        title: "resume",
        help: "Resumes suspended Jobs or CronJobs.",
        keys: &["s"],
        words: &["resume"],
        scope: Scope::Lists,
        argument: Argument::None,
        action: Action::Write(Set::Suspend(false)),
        footer: Some(31),
    },
];

/// What a planner looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What is known of the cluster.
    pub snapshot: &'a Snapshot,
    /// The present moment.
    pub now: Time,
    /// Nothing may be changed.
    pub is_read_only: bool,
}

/// What will be done, to be confirmed by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is done, for the button and the title: `suspend`.
    pub verb: &'static str,
    /// To what: `job/settle-2990`, or `3 Jobs`.
    pub targets: String,
    /// The namespaces of the targets, each once.
    pub namespaces: Vec<String>,
    /// What it does, one sentence for each target.
    pub effects: Vec<String>,
    /// What speaks against it, or must be known.
    pub warnings: Vec<String>,
    /// Something is lost that does not come back: Enter alone does not confirm it.
    pub is_dangerous: bool,
    /// What is sent.
    pub mutations: Vec<Mutation>,
}

/// Why something cannot be done, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

/// Plans to set a value on these objects. Those that have it already, or cannot take it, are left out and told of.
///
/// # Errors
/// Where nothing can be done: read-only, no target, or none that can take it.
pub fn plan(set: Set, targets: &[Subject], scene: Scene<'_>) -> Result<Plan, Refusal> {
    let Set::Suspend(is_wanted) = set;
    if scene.is_read_only {
        return Err(Refusal("kubatch runs read-only (--readonly)".into()));
    }
    if targets.is_empty() {
        return Err(Refusal("there is no Job or CronJob under the cursor".into()));
    }
    let mut plan = Plan {
        verb: set.verb(),
        targets: String::new(),
        namespaces: Vec::new(),
        effects: Vec::new(),
        warnings: Vec::new(),
        is_dangerous: false,
        mutations: Vec::new(),
    };
    let mut left_out = Vec::new();
    for target in targets {
        match suspend(*target, is_wanted, scene, &mut plan) {
            Ok(key) => plan.mutations.push(Mutation { target: key, uid: target.uid, change: set }),
            Err(why) => left_out.push(why),
        }
    }
    let Some(first) = plan.mutations.first() else {
        let more = if left_out.len() > 1 { format!(", and {} more", left_out.len() - 1) } else { String::new() };
        return Err(Refusal(left_out.swap_remove(0) + &more));
    };
    plan.targets = match plan.mutations.len() {
        1 => first.target.to_string(),
        count => format!("{count} {}s", first.target.kind.name()),
    };
    plan.warnings.extend(left_out.into_iter().map(|why| format!("left out: {why}")));
    plan.warnings.extend(stale(first.target.kind, scene));
    plan.namespaces = plan.mutations.iter().map(|one| one.target.namespace.to_string()).collect();
    plan.namespaces.sort();
    plan.namespaces.dedup();
    Ok(plan)
}

/// Adds to the plan what suspending or resuming the object does; why it cannot be otherwise.
fn suspend(target: Subject, is_wanted: bool, scene: Scene<'_>, plan: &mut Plan) -> Result<ObjectKey, String> {
    match target.kind {
        Kind::Job => {
            let job = scene.snapshot.jobs.get(target.uid).ok_or("the Job is gone")?;
            let key = job.key();
            if job.is_finished() {
                return Err(format!("{key} has finished"));
            }
            can_change(&key, job.meta.deleted, job.suspend == is_wanted, is_wanted)?;
            let running = running(job, scene.snapshot);
            plan.is_dangerous |= is_wanted && running > 0;
            plan.effects.push(if is_wanted { suspended_job(job, &key, running) } else { resumed_job(job, &key) });
            let other = job.managed_by.as_ref().filter(|by| *by != "kubernetes.io/job-controller");
            plan.warnings.extend(other.map(|by| format!("{key} is managed by {by}, which may set it back")));
            Ok(key)
        }
        Kind::CronJob => {
            let cronjob = scene.snapshot.cronjobs.get(target.uid).ok_or("the CronJob is gone")?;
            let key = cronjob.key();
            can_change(&key, cronjob.meta.deleted, cronjob.suspend == is_wanted, is_wanted)?;
            plan.effects.push(if is_wanted {
                suspended_cronjob(cronjob, &key)
            } else {
                resumed_cronjob(cronjob, &key, scene.now)
            });
            Ok(key)
        }
        _ => Err("only Jobs and CronJobs can be suspended and resumed".into()),
    }
}

fn can_change(key: &ObjectKey, deleted: Option<Time>, is_so: bool, is_wanted: bool) -> Result<(), String> {
    match (deleted.is_some(), is_so, is_wanted) {
        (true, ..) => Err(format!("{key} is being deleted")),
        (_, true, true) => Err(format!("{key} is suspended already")),
        (_, true, false) => Err(format!("{key} is not suspended")),
        (_, false, _) => Ok(()),
    }
}

/// Pods that a suspension deletes: those that are there and have not ended; where pods are not known, what the status
/// says.
fn running(job: &Job, snapshot: &Snapshot) -> usize {
    let known = snapshot.pods_of(job.uid()).filter(|pod| !pod.is_finished()).count();
    known.max(usize::try_from(job.active).unwrap_or(0))
}

fn suspended_job(job: &Job, key: &ObjectKey, running: usize) -> String {
    let kept = match job.succeeded {
        0 => String::new(),
        done => format!("; {done} of {} completions stay", job.wanted()),
    };
    match running {
        0 => format!("{key} has no pod that runs, and starts none{kept}"),
        1 => format!("{key}: its pod is deleted, and what it has not saved is lost{kept}"),
        many => format!("{key}: its {many} pods are deleted, and what they have not saved is lost{kept}"),
    }
}

fn resumed_job(job: &Job, key: &ObjectKey) -> String {
    let pods = match job.parallelism.unwrap_or(1) {
        1 => "1 pod".to_owned(),
        many => format!("up to {many} pods"),
    };
    let deadline =
        job.active_deadline_seconds.map(|seconds| format!("; its deadline of {} begins anew", short_duration(seconds)));
    format!("{key} starts {pods}{}", deadline.unwrap_or_default())
}

fn suspended_cronjob(cronjob: &CronJob, key: &ObjectKey) -> String {
    match cronjob.active.len() {
        0 => format!("{key} starts no more runs"),
        1 => format!("{key} starts no more runs; the one that is active goes on"),
        many => format!("{key} starts no more runs; the {many} that are active go on"),
    }
}

/// A run that was missed while suspended starts at once, the newest alone, unless it is later than its deadline.
fn resumed_cronjob(cronjob: &CronJob, key: &ObjectKey, now: Time) -> String {
    let base = cronjob.last_schedule.or(cronjob.meta.created).unwrap_or(now);
    let oldest = cronjob.starting_deadline_seconds.map_or(base, |seconds| base.max(now.plus_seconds(-seconds)));
    let missed = cronjob.plan.as_ref().ok();
    let missed = missed.and_then(|plan| plan.most_recent_missed(oldest.to_timestamp(), now.to_timestamp()).run());
    match missed.map(Time::from_timestamp) {
        Some(time) => {
            let ago = short_duration(now.seconds_since(time));
            format!("{key} runs by its schedule again, and the run that it missed {ago} ago starts AT ONCE")
        }
        None => format!("{key} runs by its schedule again"),
    }
}

fn stale(kind: Kind, scene: Scene<'_>) -> Option<String> {
    match scene.snapshot.freshness(kind) {
        Freshness::Stale { since, .. } => {
            let age = short_duration(scene.now.seconds_since(*since));
            Some(format!("what is known here is {age} old: it may look different by now"))
        }
        _ => None,
    }
}

/// The targets of a kind by their UIDs.
pub fn subjects(kind: Kind, uids: impl IntoIterator<Item = Uid>) -> Vec<Subject> {
    uids.into_iter().map(|uid| Subject { kind, uid }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::delta::{Cause, Row};
    use crate::model::fixtures::{cronjob, delta, failed, job, now, pod, renamed, run_of, snapshot, time};

    fn planned(rows: &[Row], kind: Kind, uids: &[Uid], is_wanted: bool) -> Result<Plan, Refusal> {
        let snapshot = snapshot(rows);
        let scene = Scene { snapshot: &snapshot, now: now(), is_read_only: false };
        plan(Set::Suspend(is_wanted), &subjects(kind, uids.iter().copied()), scene)
    }

    fn reason(plan: Result<Plan, Refusal>) -> String {
        plan.unwrap_err().0
    }

    #[test]
    fn suspending_a_job_with_pods_is_dangerous_and_says_what_is_lost() {
        let rows = [Row::Job(job("job-indexed")), Row::Pod(pod("pod-running"))];
        let plan = planned(&rows, Kind::Job, &[job("job-indexed").uid()], true).unwrap();
        assert!(plan.is_dangerous);
        assert_eq!(plan.targets, "job/shards");
        let effect =
            "job/shards: its 3 pods are deleted, and what they have not saved is lost; 1 of 5 completions stay";
        assert_eq!(plan.effects, [effect]);
        let target = job("job-indexed").key();
        let change = Set::Suspend(true);
        assert_eq!(plan.mutations, [Mutation { target, uid: job("job-indexed").uid(), change }]);
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
            let told = reason(planned(&[Row::Job(job.clone())], Kind::Job, &[job.uid()], is_wanted));
            assert_eq!(told, format!("job/{} {why}", job.meta.name));
        }
        let running = job("job-quota");
        let told = reason(planned(&[Row::Job(running.clone())], Kind::Job, &[running.uid()], false));
        assert_eq!(told, "job/settle is not suspended");
        assert!(reason(planned(&[], Kind::Job, &[done.uid()], true)).contains("gone"));
        assert!(reason(planned(&[], Kind::Pod, &[done.uid()], true)).contains("only Jobs and CronJobs"));
        assert!(reason(planned(&[], Kind::Job, &[], true)).contains("no Job"));
    }

    #[test]
    fn read_only_refuses_everything() {
        let snapshot = snapshot(&[Row::Job(job("job-quota"))]);
        let scene = Scene { snapshot: &snapshot, now: now(), is_read_only: true };
        let targets = subjects(Kind::Job, [job("job-quota").uid()]);
        assert!(reason(plan(Set::Suspend(true), &targets, scene)).contains("read-only"));
    }

    #[test]
    fn of_several_those_that_can_are_planned_and_the_others_told() {
        let rows = [Row::Job(job("job-quota")), Row::Job(job("job-complete"))];
        let plan = planned(&rows, Kind::Job, &[job("job-quota").uid(), job("job-complete").uid()], true).unwrap();
        assert_eq!(
            (plan.mutations.len(), plan.warnings.as_slice()),
            (1, &["left out: job/report has finished".to_owned()][..])
        );
    }

    #[test]
    fn resuming_a_cronjob_tells_of_the_run_that_starts_at_once() {
        let mut paused = cronjob("cronjob");
        (paused.suspend, paused.last_schedule) = (true, Some(now().plus_seconds(-600)));
        let effect = |cronjob: &CronJob| {
            planned(&[Row::CronJob(cronjob.clone())], Kind::CronJob, &[cronjob.uid()], false).unwrap().effects.remove(0)
        };
        assert!(effect(&paused).contains("AT ONCE"), "{}", effect(&paused));
        paused.last_schedule = Some(now());
        assert!(!effect(&paused).contains("AT ONCE"), "{}", effect(&paused));
    }

    #[test]
    fn suspending_a_cronjob_leaves_its_runs_alone() {
        let mut ticker = cronjob("cronjob");
        let run = run_of(&ticker, job("job-indexed"), "ticker-1", "2026-11-21T04:55:00Z");
        ticker.active = vec![run.uid()];
        let plan =
            planned(&[Row::CronJob(ticker.clone()), Row::Job(run)], Kind::CronJob, &[ticker.uid()], true).unwrap();
        assert!(!plan.is_dangerous);
        assert!(plan.effects[0].ends_with("the one that is active goes on"), "{:?}", plan.effects);
    }

    #[test]
    fn stale_knowledge_is_told() {
        let mut snapshot = snapshot(&[Row::Job(job("job-quota"))]);
        snapshot.apply(delta(Kind::Job, vec![failed(Cause::Unreachable)]), now());
        let scene = Scene { snapshot: &snapshot, now: now().plus_seconds(7), is_read_only: false };
        let plan = plan(Set::Suspend(true), &subjects(Kind::Job, [job("job-quota").uid()]), scene).unwrap();
        assert!(plan.warnings[0].contains("7s old"), "{:?}", plan.warnings);
    }

    #[test]
    fn a_resumed_job_tells_its_pods_and_its_deadline() {
        let mut paused = job("job-suspended");
        (paused.parallelism, paused.active_deadline_seconds) = (Some(3), Some(3600));
        paused.meta = renamed(&paused.meta, "etl");
        paused.started = Some(time("2026-11-21T04:00:00Z"));
        let plan = planned(&[Row::Job(paused.clone())], Kind::Job, &[paused.uid()], false).unwrap();
        assert_eq!(plan.effects, ["job/etl starts up to 3 pods; its deadline of 60m begins anew"]);
    }
}
