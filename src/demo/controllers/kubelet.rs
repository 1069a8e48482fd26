//! The kubelet of every node: walks placed pods through their lives. Init containers run one after the other, sidecars
//! beside the rest; containers start when they can (`start`), do what their [`Plan`] says, write logs (`log`), end, and
//! are started again where the pod's policy says so. Texts and delays are the real ones; `status` sums a pod up.

mod log;
mod start;
mod status;
mod usage;

use serde_json::{Value, json};

use super::World;
use super::behaviour::{self, ANNOTATION, Case, Plan};
use super::event::From;
use super::object::{int, is_deleting, is_pod_ended, items, lot, name, namespace, stamp, take_items, text, time, uid};
use super::scheduler::ensure_placed;
use crate::model::clock::Time;

pub(super) use log::write_logs;
pub(super) use usage::measure;

/// Seconds that a pod's sandbox takes.
const SANDBOX_SECONDS: i64 = 1;

/// Seconds that a container takes to end when it is told to.
const STOP_SECONDS: i64 = 2;

/// Exit code of a process that ended because it was told to (SIGTERM).
const TOLD_TO_END: i64 = 143;

/// What a container is in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Runs to its end before the next one starts.
    Init,
    /// Starts before the rest and runs as long as they do.
    Sidecar,
    Main,
}

/// A container with its status while its pod is looked at.
#[derive(Debug, Clone)]
struct Unit {
    role: Role,
    /// From the pod's spec.
    spec: Value,
    /// From the pod's status.
    status: Value,
}

/// A pod while it is looked at.
struct Look<'a, 'w> {
    world: &'a mut World<'w>,
    path: &'a str,
    pod: Value,
    units: Vec<Unit>,
    /// When to look again.
    again: Option<Time>,
}

/// Looks at a pod that is on a node.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    let known = world.store.get(path)?;
    if is_pod_ended(known) {
        if is_deleting(known) && items(&known["metadata"]["finalizers"]).is_empty() {
            world.store.delete(path);
        }
        return None;
    }
    let mut pod = known.clone();
    ensure_placed(&mut pod, world.now);
    if pod["status"]["hostIP"].is_null()
        && let Some(node) = world.store.get(&format!("/api/v1/nodes/{}", text(&pod["spec"]["nodeName"])))
        && let Some(address) = items(&node["status"]["addresses"]).iter().find(|one| one["type"] == "InternalIP")
    {
        pod["status"]["hostIP"] = address["address"].clone();
        pod["status"]["hostIPs"] = json!([{ "ip": address["address"] }]);
    }
    let units = units(&mut pod);
    let mut look = Look { world, path, pod, units, again: None };
    look.run();
    let again = look.again;
    look.store();
    again
}

/// The pod's containers, their statuses taken out of it, with new ones for those that have none.
fn units(pod: &mut Value) -> Vec<Unit> {
    let inits = items(&pod["spec"]["initContainers"]).to_vec();
    let mains = items(&pod["spec"]["containers"]).to_vec();
    let mut known = take_items(&mut pod["status"]["initContainerStatuses"]);
    known.extend(take_items(&mut pod["status"]["containerStatuses"]));
    let reason = if inits.is_empty() { "ContainerCreating" } else { "PodInitializing" };
    let role = |init: &Value| if init["restartPolicy"] == "Always" { Role::Sidecar } else { Role::Init };
    let inits = inits.into_iter().map(|spec| (role(&spec), spec));
    let mains = mains.into_iter().map(|spec| (Role::Main, spec));
    let with_status = |(role, spec): (Role, Value)| {
        let at = known.iter().position(|status| status["name"] == spec["name"]);
        let status = at.map(|at| known.swap_remove(at)).unwrap_or_else(|| {
            json!({
                "name": spec["name"], "image": spec["image"], "imageID": "", "ready": false, "started": false,
                "restartCount": 0, "lastState": {}, "state": { "waiting": { "reason": reason } },
            })
        });
        Unit { role, spec, status }
    };
    inits.chain(mains).map(with_status).collect()
}

impl Unit {
    fn name(&self) -> &str {
        text(&self.spec["name"])
    }

    /// When the container started, where it runs.
    fn running_since(&self) -> Option<Time> {
        time(&self.status["state"]["running"]["startedAt"])
    }

    /// How it ended, where it has.
    fn end(&self) -> Option<&Value> {
        Some(&self.status["state"]["terminated"]).filter(|end| end.is_object())
    }

    fn exit_code(&self) -> Option<i64> {
        self.end().map(|end| int(&end["exitCode"], 0))
    }

    fn restarts(&self) -> i64 {
        int(&self.status["restartCount"], 0)
    }

    /// The path of the container in its pod, as events name it.
    fn field(&self) -> String {
        let list = if self.role == Role::Main { "containers" } else { "initContainers" };
        format!("spec.{list}{{{}}}", self.name())
    }

    fn terminate(&mut self, at: Time, exit: i64, reason: &str, message: Option<&str>) {
        let mut end = json!({
            "exitCode": exit, "reason": reason, "startedAt": self.status["state"]["running"]["startedAt"],
            "finishedAt": stamp(at), "containerID": self.status["containerID"],
        });
        if let Some(message) = message {
            end["message"] = json!(message);
        }
        self.status["state"] = json!({ "terminated": end });
        self.status["started"] = json!(false);
    }
}

impl Look<'_, '_> {
    fn run(&mut self) {
        if is_deleting(&self.pod) {
            return self.stop_all();
        }
        let Some(base) = time(&self.pod["status"]["startTime"]).map(|start| start.plus_seconds(SANDBOX_SECONDS)) else {
            return;
        };
        if !self.is_mounted() {
            return;
        }
        if base > self.world.now {
            return self.look_again(base);
        }
        self.end_due();
        if !self.has_failed_init() {
            self.start_due(base);
        }
        self.end_sidecars();
    }

    fn look_again(&mut self, at: Time) {
        self.again = self.again.into_iter().chain([at]).min();
    }

    fn restarts_on_failure(&self) -> bool {
        self.pod["spec"]["restartPolicy"] == "OnFailure"
    }

    /// What this run of a container does.
    fn plan(&self, at: usize) -> Plan {
        plan(self.world, &self.pod, &self.units[at])
    }

    /// Ends the containers whose time is over.
    fn end_due(&mut self) {
        for at in 0..self.units.len() {
            let Some(since) = self.units[at].running_since() else { continue };
            let plan = self.plan(at);
            let Some(end) = plan.run.map(|seconds| since.plus_seconds(seconds)) else { continue };
            if end > self.world.now {
                self.look_again(end);
                continue;
            }
            let usual = if plan.exit == 0 { "Completed" } else { "Error" };
            let reason = plan.reason.as_deref().unwrap_or(usual);
            log::write(self.world, &self.pod, &self.units[at], &plan, since, end);
            self.units[at].terminate(end, plan.exit, reason, plan.message.as_deref());
        }
    }

    /// Whether an init container failed in a pod that restarts nothing: nothing more starts.
    fn has_failed_init(&self) -> bool {
        let failed = |unit: &Unit| unit.role == Role::Init && unit.exit_code().is_some_and(|code| code != 0);
        !self.restarts_on_failure() && self.units.iter().any(failed)
    }

    /// Sidecars are told to end when all others have.
    fn end_sidecars(&mut self) {
        let mains = self.units.iter().filter(|unit| unit.role == Role::Main);
        let ends: Option<Vec<Time>> = mains.map(|unit| time(&unit.end()?["finishedAt"])).collect();
        let is_final = !self.restarts_on_failure() || self.units.iter().all(|unit| unit.exit_code().unwrap_or(0) == 0);
        let Some(last) = ends.and_then(|ends| ends.into_iter().max()).filter(|_| is_final) else { return };
        self.stop(last, 0, |unit| unit.role == Role::Sidecar);
    }

    /// Ends what runs in a pod that is being deleted.
    fn stop_all(&mut self) {
        let grace = int(&self.pod["metadata"]["deletionGracePeriodSeconds"], 0);
        let told = time(&self.pod["metadata"]["deletionTimestamp"]).map(|end| end.plus_seconds(-grace));
        let told = told.unwrap_or(self.world.now);
        self.stop(told, TOLD_TO_END, |_| true);
    }

    /// Tells running containers to end; they do a little later.
    fn stop(&mut self, told: Time, exit: i64, which: impl Fn(&Unit) -> bool) {
        let end = told.plus_seconds(STOP_SECONDS);
        for at in 0..self.units.len() {
            let Some(since) = self.units[at].running_since().filter(|_| which(&self.units[at])) else { continue };
            let note = format!("Stopping container {}", self.units[at].name());
            self.tell_at(told, at, "Normal", "Killing", &note);
            if end > self.world.now {
                self.look_again(end);
                continue;
            }
            let plan = self.plan(at);
            log::write(self.world, &self.pod, &self.units[at], &plan, since, end);
            self.units[at].terminate(end, exit, if exit == 0 { "Completed" } else { "Error" }, None);
        }
    }

    /// Tells an event about a container, now.
    fn tell(&mut self, at: usize, kind: &str, reason: &str, note: &str) {
        self.tell_at(self.world.now, at, kind, reason, note);
    }

    fn tell_at(&mut self, moment: Time, at: usize, kind: &str, reason: &str, note: &str) {
        let node = text(&self.pod["spec"]["nodeName"]).to_owned();
        let from = From::Kubelet { node: &node, field: &self.units[at].field() };
        self.world.event_at(moment, &self.pod, from, kind, reason, note);
    }

    /// Puts the statuses back, sums them up and stores the pod.
    fn store(mut self) {
        for unit in &mut self.units {
            unit.status["ready"] = json!(status::is_ready(unit));
        }
        status::sum_up(&mut self.pod, &self.units, self.world.now);
        let runs = self.units.iter().any(|unit| unit.running_since().is_some());
        let (inits, mains): (Vec<Unit>, Vec<Unit>) = self.units.into_iter().partition(|unit| unit.role != Role::Main);
        let statuses = |units: Vec<Unit>| units.into_iter().map(|unit| unit.status).collect::<Vec<_>>();
        if let Some(status) = self.pod["status"].as_object_mut() {
            status.remove("initContainerStatuses");
            if !inits.is_empty() {
                status.insert("initContainerStatuses".into(), statuses(inits).into());
            }
            status.insert("containerStatuses".into(), statuses(mains).into());
        }
        if runs {
            self.world.memory.writing.insert(self.path.to_owned());
        } else {
            self.world.memory.writing.remove(self.path);
        }
        self.world.update(self.path, self.pod);
    }
}

/// What the run of a container that is next or under way does.
fn plan(world: &World<'_>, pod: &Value, unit: &Unit) -> Plan {
    let text_of_it = text(&pod["metadata"]["annotations"][ANNOTATION]);
    let attempt = unit.restarts() + if text_of_it.contains("[try") { earlier(world, pod) } else { 0 } + 1;
    let index = text(&pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]).parse().ok();
    let chance = lot(world.seed, &[name(pod), unit.name(), &attempt.to_string()]);
    behaviour::plan(text_of_it, Case { container: unit.name(), attempt, index, chance })
}

/// How many pods of the same Job, and index where there are indexes, failed and are older.
fn earlier(world: &World<'_>, pod: &Value) -> i64 {
    let owner = super::object::controller(pod).map_or("", |owner| text(&owner["uid"]));
    let folder = super::object::core_folder(namespace(pod), "pods");
    let index = |pod: &Value| pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"].clone();
    let created = |pod: &Value| time(&pod["metadata"]["creationTimestamp"]);
    let is_earlier = |one: &Value| {
        super::object::is_controlled_by(one, owner)
            && uid(one) != uid(pod)
            && one["status"]["phase"] == "Failed"
            && index(one) == index(pod)
            && created(one) <= created(pod)
    };
    world.store.under(&folder).filter(|one| is_earlier(one)).count() as i64
}
