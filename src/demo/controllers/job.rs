//! The Job controller: counts ended pods, decides whether the Job goes on, fails or is complete, and creates and deletes
//! pods for it. Order of the checks, texts and delays are those of `pkg/controller/job` in Kubernetes 1.36. Indexes are
//! in `index`, the failure policy in `policy`, the pods that it makes in `pods`.

mod index;
mod pods;
mod policy;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::event::From;
use super::object::{condition, holds, int, is_deleting, is_pod_ended, items, name, set_condition, stamp, text, time};
use super::{World, garbage, remove_finalizer};
use crate::model::clock::Time;

/// The finalizer of pods that were not counted yet.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";

/// The controller's own name in `spec.managedBy`.
const BUILT_IN: &str = "kubernetes.io/job-controller";

/// Who tells the events.
pub(super) const CONTROLLER: From<'static> = From::Controller("job-controller");

/// The reasons and texts of a Job's end.
type Verdict = (String, String);

/// A Job while it is looked at.
struct Look<'a, 'w> {
    world: &'a mut World<'w>,
    path: &'a str,
    job: Value,
    /// The pods that did not end yet, or were not counted yet.
    pods: Vec<Value>,
    /// The others.
    counted: Vec<Counted>,
    completed: BTreeSet<u32>,
    failed: BTreeSet<u32>,
    /// Set when a pod's failure fails the whole Job.
    verdict: Option<Verdict>,
    /// When to look again.
    again: Option<Time>,
}

/// A pod that ended and was counted.
#[derive(Debug, Clone, Copy)]
struct Counted {
    index: Option<u32>,
    end: Option<Time>,
    is_failed: bool,
}

impl Counted {
    fn new(pod: &Value) -> Self {
        Self { index: index::of(pod), end: pods::ended(pod), is_failed: pod["status"]["phase"] == "Failed" }
    }
}

/// Looks at a Job.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    let job = world.store.get(path)?.clone();
    let is_foreign = job["spec"]["managedBy"].as_str().is_some_and(|manager| manager != BUILT_IN);
    if is_foreign || is_deleting(&job) {
        return None;
    }
    if is_finished(&job) {
        return expire(world, &job);
    }
    let (counted, pods): (Vec<&Value>, Vec<&Value>) =
        world.pods_of(&job).partition(|pod| is_pod_ended(pod) && !is_uncounted(pod));
    let (counted, pods) = (counted.into_iter().map(Counted::new).collect(), pods.into_iter().cloned().collect());
    let completed = index::parse(text(&job["status"]["completedIndexes"]));
    let failed = index::parse(text(&job["status"]["failedIndexes"]));
    let mut look = Look { world, path, job, pods, counted, completed, failed, verdict: None, again: None };
    look.run();
    look.again
}

fn is_uncounted(pod: &Value) -> bool {
    items(&pod["metadata"]["finalizers"]).iter().any(|one| one == TRACKING)
}

/// Whether the Job came to its end.
pub(super) fn is_finished(job: &Value) -> bool {
    holds(job, "Complete") || holds(job, "Failed")
}

/// When the Job came to its end.
pub(super) fn ended(job: &Value) -> Option<Time> {
    let end = ["Complete", "Failed"].iter().find_map(|kind| condition(job, kind).filter(|one| one["status"] == "True"));
    time(&end?["lastTransitionTime"])
}

/// Deletes a finished Job when its time to live is over (the TTL controller: foreground, without an event).
fn expire(world: &mut World<'_>, job: &Value) -> Option<Time> {
    let end = ended(job)?.plus_seconds(job["spec"]["ttlSecondsAfterFinished"].as_i64()?);
    if end > world.now {
        return Some(end);
    }
    garbage::delete_in_foreground(world, job.clone());
    None
}

impl Look<'_, '_> {
    fn run(&mut self) {
        let is_suspended = self.job["spec"]["suspend"] == true;
        if !is_suspended && self.job["status"]["startTime"].is_null() {
            self.job["status"]["startTime"] = json!(stamp(self.world.now));
        }
        self.count_ended();
        if holds(&self.job, "FailureTarget") {
            self.finish_failed();
        } else if let Some((reason, message)) = self.verdict.take().or_else(|| self.failure()) {
            self.condition("FailureTarget", &reason, &message);
            let active: Vec<Value> = self.active().cloned().collect();
            self.count("failed", active.len() as i64);
            self.delete(active);
            self.finish_failed();
        } else if is_suspended {
            self.suspend();
        } else {
            self.resume();
            self.go_on();
        }
        self.store();
    }

    fn spec(&self, field: &str, default: i64) -> i64 {
        int(&self.job["spec"][field], default)
    }

    fn is_indexed(&self) -> bool {
        self.job["spec"]["completionMode"] == "Indexed"
    }

    fn is_per_index(&self) -> bool {
        !self.job["spec"]["backoffLimitPerIndex"].is_null()
    }

    fn succeeded(&self) -> i64 {
        if self.is_indexed() { self.completed.len() as i64 } else { int(&self.job["status"]["succeeded"], 0) }
    }

    /// Pods that run or will run.
    fn active(&self) -> impl Iterator<Item = &Value> {
        self.pods.iter().filter(|pod| !is_deleting(pod))
    }

    fn count(&mut self, field: &str, more: i64) {
        self.job["status"][field] = json!(int(&self.job["status"][field], 0) + more);
    }

    /// Counts the pods that ended since the last look, each once: their tracking finalizer goes with it.
    fn count_ended(&mut self) {
        let (ended, others): (Vec<Value>, Vec<Value>) = self.pods.drain(..).partition(is_pod_ended);
        self.pods = others;
        for mut pod in ended {
            if pod["status"]["phase"] == "Succeeded" {
                self.count("succeeded", 1);
                self.world.memory.tries.remove(&self.pause_key());
                self.completed.extend(index::of(&pod));
            } else {
                self.count_failure(&pod);
            }
            self.counted.push(Counted::new(&pod));
            remove_finalizer(&mut pod, TRACKING);
            self.world.update(&pods::path(&pod), pod);
        }
        if self.is_indexed() {
            self.job["status"]["succeeded"] = json!(self.completed.len());
        }
    }

    fn count_failure(&mut self, pod: &Value) {
        match policy::decide(&self.job, pod) {
            policy::Action::Ignore => return,
            policy::Action::FailJob(message) => {
                self.verdict = Some(("PodFailurePolicy".into(), message));
            }
            policy::Action::FailIndex => self.failed.extend(index::of(pod)),
            policy::Action::Count => {
                let is_last = index::failures(pod) >= self.spec("backoffLimitPerIndex", i64::MAX);
                if self.is_per_index() && is_last {
                    self.failed.extend(index::of(pod));
                }
            }
        }
        self.count("failed", 1);
        let key = self.pause_key();
        self.world.failed(&key, pods::FIRST_PAUSE, pods::LONGEST_PAUSE);
    }

    /// What the failures in a row are remembered by; they are forgotten with the first success.
    fn pause_key(&self) -> String {
        format!("{}#failures", self.path)
    }

    /// Why the Job fails now, in the controller's order.
    fn failure(&self) -> Option<Verdict> {
        let verdict = |reason: &str, message: &str| Some((reason.to_owned(), message.to_owned()));
        let limit = self.spec("backoffLimit", if self.is_per_index() { i64::from(i32::MAX) } else { 6 });
        if int(&self.job["status"]["failed"], 0) > limit || self.has_restarted_too_often(limit) {
            return verdict("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }
        if self.deadline().is_some_and(|deadline| deadline <= self.world.now) {
            return verdict("DeadlineExceeded", "Job was active longer than specified deadline");
        }
        if !self.failed.is_empty() {
            let failed = self.failed.len() as i64;
            if failed > self.spec("maxFailedIndexes", i64::MAX) {
                let message = "Job has exceeded the specified maximal number of failed indexes";
                return verdict("MaxFailedIndexesExceeded", message);
            }
            if failed + self.succeeded() >= self.spec("completions", 1) && self.active().next().is_none() {
                return verdict("FailedIndexes", "Job has failed indexes");
            }
        }
        None
    }

    /// With `OnFailure` the restarts of the pods that are there count, all together.
    fn has_restarted_too_often(&self, limit: i64) -> bool {
        if self.job["spec"]["template"]["spec"]["restartPolicy"] != "OnFailure" {
            return false;
        }
        let statuses = |pod: &Value| {
            let lists = ["containerStatuses", "initContainerStatuses"];
            let all = lists.into_iter().flat_map(|list| items(&pod["status"][list]));
            all.map(|one| int(&one["restartCount"], 0)).sum::<i64>()
        };
        let restarts: i64 = self.active().map(statuses).sum();
        restarts > 0 && restarts >= limit
    }

    fn deadline(&self) -> Option<Time> {
        let seconds = self.job["spec"]["activeDeadlineSeconds"].as_i64()?;
        let is_suspended = self.job["spec"]["suspend"] == true;
        let start = time(&self.job["status"]["startTime"]).filter(|_| !is_suspended)?;
        Some(start.plus_seconds(seconds))
    }

    /// The last step of a failed Job: only when no pod is left.
    fn finish_failed(&mut self) {
        if !self.pods.is_empty() {
            return;
        }
        let Some(target) = condition(&self.job, "FailureTarget").cloned() else { return };
        let (reason, message) = (text(&target["reason"]), text(&target["message"]));
        self.condition("Failed", reason, message);
        self.world.event(&self.job, CONTROLLER, "Warning", reason, message);
    }

    fn suspend(&mut self) {
        let active: Vec<Value> = self.active().cloned().collect();
        self.delete(active);
        if let Some(status) = self.job["status"].as_object_mut() {
            status.remove("startTime");
        }
        if !holds(&self.job, "Suspended") {
            self.condition("Suspended", "JobSuspended", "Job suspended");
            self.world.event(&self.job, CONTROLLER, "Normal", "Suspended", "Job suspended");
        }
    }

    fn resume(&mut self) {
        if holds(&self.job, "Suspended") {
            let now = stamp(self.world.now);
            let resumed = json!({
                "type": "Suspended", "status": "False", "reason": "JobResumed", "message": "Job resumed",
                "lastProbeTime": now,
            });
            set_condition(&mut self.job, resumed, self.world.now);
            self.job["status"]["startTime"] = json!(now);
            self.world.event(&self.job, CONTROLLER, "Normal", "Resumed", "Job resumed");
        }
    }

    /// Creates and deletes pods, or ends the Job when all is done.
    fn go_on(&mut self) {
        let wanted = self.job["spec"]["completions"].as_i64();
        let active = self.active().count() as i64;
        let is_done = match wanted {
            Some(wanted) => self.succeeded() >= wanted,
            None => self.succeeded() > 0 && active == 0,
        };
        if is_done {
            return self.complete();
        }
        let parallelism = self.spec("parallelism", 1);
        let room = match wanted {
            Some(wanted) => parallelism.min(wanted - self.succeeded()),
            None if self.succeeded() > 0 => active,
            None => parallelism,
        };
        let must_wait_for_ends = self.job["spec"]["podReplacementPolicy"] == "Failed";
        let ending = self.pods.iter().filter(|pod| is_deleting(pod)).count() as i64;
        let held = active + if must_wait_for_ends { ending } else { 0 };
        if active > room {
            let surplus = self.active().skip(room as usize).cloned().collect();
            self.delete(surplus);
        } else if held < room {
            self.create((room - held) as usize);
        }
        self.again = self.again.into_iter().chain(self.deadline()).min();
    }

    fn complete(&mut self) {
        const MET: [&str; 2] = ["CompletionsReached", "Reached expected number of succeeded pods"];
        if !holds(&self.job, "SuccessCriteriaMet") {
            self.condition("SuccessCriteriaMet", MET[0], MET[1]);
            let active: Vec<Value> = self.active().cloned().collect();
            self.delete(active);
        }
        if self.pods.is_empty() {
            self.condition("Complete", MET[0], MET[1]);
            self.job["status"]["completionTime"] = json!(stamp(self.world.now));
            self.world.event(&self.job, CONTROLLER, "Normal", "Completed", "Job completed");
        }
    }

    fn condition(&mut self, kind: &str, reason: &str, message: &str) {
        let wanted = json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastProbeTime": stamp(self.world.now),
        });
        set_condition(&mut self.job, wanted, self.world.now);
    }

    /// Deletes pods without counting them as failures.
    fn delete(&mut self, pods: Vec<Value>) {
        for pod in pods {
            let note = format!("Deleted pod: {}", name(&pod));
            self.world.delete_pod(pod, true);
            self.world.event(&self.job, CONTROLLER, "Normal", "SuccessfulDelete", &note);
        }
        self.pods = self.world.pods_of(&self.job).filter(|pod| !is_pod_ended(pod)).cloned().collect();
    }

    /// Writes the status, with the fields that are left out at nought.
    fn store(&mut self) {
        let is_ready = |pod: &&Value| holds(pod, "Ready");
        let numbers = [
            ("active", self.active().count(), false),
            ("ready", self.active().filter(is_ready).count(), true),
            ("terminating", self.pods.iter().filter(|pod| is_deleting(pod)).count(), true),
            ("succeeded", int(&self.job["status"]["succeeded"], 0) as usize, false),
            ("failed", int(&self.job["status"]["failed"], 0) as usize, false),
        ];
        let is_indexed = self.is_indexed();
        let (completed, failed) = (index::format(&self.completed), index::format(&self.failed));
        let is_per_index = self.is_per_index();
        let Some(status) = self.job["status"].as_object_mut() else { return };
        for (field, number, is_kept) in numbers {
            if number > 0 || is_kept {
                status.insert(field.into(), json!(number));
            } else {
                status.remove(field);
            }
        }
        if is_indexed && !completed.is_empty() {
            status.insert("completedIndexes".into(), json!(completed));
        }
        if is_per_index {
            status.insert("failedIndexes".into(), json!(failed));
        }
        status.insert("uncountedTerminatedPods".into(), json!({}));
        self.world.update(self.path, self.job.clone());
    }
}
