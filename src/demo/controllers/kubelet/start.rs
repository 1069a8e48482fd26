//! Starting containers: volumes, images, configuration, and the pauses before a failed one is started again.

use serde_json::{Value, json};

use super::{Look, Role, Unit};
use crate::demo::controllers::event::From;
use crate::demo::controllers::object::{core_folder, items, lot, name, namespace, stamp, text, time, uid};
use crate::model::clock::Time;

/// The longest pause before a failed mount is tried again, in seconds; the first is one second.
const LONGEST_MOUNT_PAUSE: i64 = 122;

/// The first and the longest pause of image pulls and container restarts, in seconds.
const PAUSE: (i64, i64) = (10, 300);

/// The kubelet looks at a container that lacks its configuration again after so many seconds.
const CONFIG_SECONDS: i64 = 12;

/// Seconds after which a failed pull is told as a pause.
const PULL_TOLD_SECONDS: i64 = 3;

impl Look<'_, '_> {
    /// Whether the volumes that need a Secret or a ConfigMap have it.
    pub(super) fn is_mounted(&mut self) -> bool {
        let key = format!("{}#mount", self.path);
        let volumes = items(&self.pod["spec"]["volumes"]).to_vec();
        let missing = volumes.iter().find_map(|volume| {
            let secret = (&volume["secret"], &volume["secret"]["secretName"], "secret");
            let config = (&volume["configMap"], &volume["configMap"]["name"], "configmap");
            let found = [secret, config].into_iter().find(|(source, ..)| source.is_object());
            let (_, wanted, kind) = found.filter(|(source, ..)| source["optional"] != true)?;
            self.object(kind, text(wanted)).is_none().then(|| {
                let volume = text(&volume["name"]);
                format!("MountVolume.SetUp failed for volume \"{volume}\" : {kind} \"{}\" not found", text(wanted))
            })
        });
        let Some(note) = missing else { return true };
        if let Some(tries) = self.world.waiting(&key) {
            self.look_again(tries.until);
            return false;
        }
        let node = text(&self.pod["spec"]["nodeName"]).to_owned();
        let from = From::Kubelet { node: &node, field: "" };
        self.world.event(&self.pod, from, "Warning", "FailedMount", &note);
        let until = self.world.failed(&key, 1, LONGEST_MOUNT_PAUSE);
        self.look_again(until);
        false
    }

    fn object(&self, kind: &str, name: &str) -> Option<&Value> {
        self.world.store.get(&format!("{}{name}", core_folder(namespace(&self.pod), &format!("{kind}s"))))
    }

    /// Starts what is due, in the order of the containers; `base` is when the sandbox was ready.
    pub(super) fn start_due(&mut self, base: Time) {
        let mut base = base;
        for at in 0..self.units.len() {
            let unit = &self.units[at];
            if let Some(since) = unit.running_since() {
                base = if unit.role == Role::Sidecar { base.max(since) } else { base };
                if unit.role == Role::Init {
                    return;
                }
            } else if unit.exit_code() == Some(0) && unit.role != Role::Sidecar {
                let ended = unit.end().and_then(|end| time(&end["finishedAt"]));
                base = if unit.role == Role::Init { ended.map_or(base, |end| base.max(end)) } else { base };
            } else if unit.end().is_some() || unit.status["state"]["waiting"]["reason"] == "CrashLoopBackOff" {
                self.restart(at);
                if self.units[at].role == Role::Init {
                    return;
                }
            } else {
                let is_started = self.start(at, base);
                if self.units[at].role != Role::Main {
                    if is_started {
                        self.look_again(self.world.now);
                    }
                    return;
                }
            }
        }
    }

    /// Starts a container that failed, after its pause: none at first, then 10 s doubled with each restart.
    fn restart(&mut self, at: usize) {
        let unit = &self.units[at];
        let are_mains_over = unit.role == Role::Sidecar
            && self.units.iter().filter(|one| one.role == Role::Main).all(|one| one.exit_code() == Some(0));
        if are_mains_over || !(self.restarts_on_failure() || unit.role == Role::Sidecar) {
            return;
        }
        let end = unit.end().unwrap_or(&unit.status["lastState"]["terminated"]).clone();
        let count = unit.restarts();
        let pause = if count == 0 { 1 } else { (PAUSE.0 << (count - 1).min(10)).min(PAUSE.1) };
        let due = time(&end["finishedAt"]).unwrap_or(self.world.now).plus_seconds(pause);
        if due <= self.world.now {
            self.units[at].status["restartCount"] = json!(count + 1);
            self.units[at].status["lastState"] = json!({ "terminated": end });
            self.world.store.restart_log(namespace(&self.pod), name(&self.pod), self.units[at].name());
            return self.run_container(at);
        }
        self.look_again(due);
        if count > 0 && self.units[at].end().is_some() {
            let (container, pod) = (self.units[at].name().to_owned(), name(&self.pod).to_owned());
            let place = format!("{pod}_{}({})", namespace(&self.pod), uid(&self.pod));
            let message = format!("back-off {} restarting failed container={container} pod={place}", go_seconds(pause));
            let waiting = json!({ "reason": "CrashLoopBackOff", "message": message });
            self.units[at].status["state"] = json!({ "waiting": waiting });
            self.units[at].status["lastState"] = json!({ "terminated": end });
            let note = format!("Back-off restarting failed container {container} in pod {place}");
            self.tell(at, "Warning", "BackOff", &note);
        }
    }

    /// Starts a container for the first time, where its image and its configuration allow; answers whether it did.
    fn start(&mut self, at: usize, base: Time) -> bool {
        let key = format!("{}#{}", self.path, self.units[at].name());
        if let Some(tries) = self.world.waiting(&key) {
            self.look_again(tries.until);
            if self.units[at].status["state"]["waiting"]["reason"] == "ErrImagePull" {
                self.tell_pause(at, tries.failed.plus_seconds(PULL_TOLD_SECONDS));
            }
            return false;
        }
        if !self.has_image(at, base, &key) {
            return false;
        }
        if let Some(message) = self.lacks(at) {
            self.tell(at, "Warning", "Failed", &format!("Error: {message}"));
            self.wait(at, "CreateContainerConfigError", &message);
            let until = self.world.failed(&key, CONFIG_SECONDS, CONFIG_SECONDS);
            self.look_again(until);
            return false;
        }
        self.world.memory.tries.remove(&key);
        self.run_container(at);
        true
    }

    fn run_container(&mut self, at: usize) {
        if self.units[at].restarts() > 0 {
            self.tell_present(at);
        }
        self.tell(at, "Normal", "Created", "Container created");
        self.tell(at, "Normal", "Started", "Container started");
        let unit = &mut self.units[at];
        let id = [uid(&self.pod), unit.name(), &unit.restarts().to_string()].join("/");
        let hex = |part: &str| format!("{:016x}", lot(0, &[&id, part]));
        unit.status["containerID"] = json!(format!("containerd://{}{}{}{}", hex("a"), hex("b"), hex("c"), hex("d")));
        unit.status["imageID"] = json!(image_id(text(&unit.spec["image"])));
        unit.status["state"] = json!({ "running": { "startedAt": stamp(self.world.now) } });
        unit.status["started"] = json!(true);
        let plan = self.plan(at);
        if let Some(end) = plan.run.map(|seconds| self.world.now.plus_seconds(seconds)) {
            self.look_again(end);
        }
    }

    fn wait(&mut self, at: usize, reason: &str, message: &str) {
        self.units[at].status["state"] = json!({ "waiting": { "reason": reason, "message": message } });
    }

    fn tell_present(&mut self, at: usize) {
        let image = text(&self.units[at].spec["image"]);
        let note = format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
        self.tell(at, "Normal", "Pulled", &note);
    }

    /// Whether the image is on the node; pulls it where it is not.
    fn has_image(&mut self, at: usize, base: Time, key: &str) -> bool {
        let (plan, image) = (self.plan(at), text(&self.units[at].spec["image"]).to_owned());
        let pulling = format!("Pulling image \"{image}\"");
        if plan.is_image_missing {
            self.tell(at, "Normal", "Pulling", &pulling);
            let cause = format!(
                "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve \
                 reference \"{image}\": {image}: not found"
            );
            self.tell(at, "Warning", "Failed", &format!("Failed to pull image \"{image}\": {cause}"));
            self.tell(at, "Warning", "Failed", "Error: ErrImagePull");
            self.wait(at, "ErrImagePull", &cause);
            self.world.failed(key, PAUSE.0, PAUSE.1);
            self.look_again(self.world.now.plus_seconds(PULL_TOLD_SECONDS));
            return false;
        }
        let path = format!("/api/v1/nodes/{}", text(&self.pod["spec"]["nodeName"]));
        let Some(node) = self.world.store.get(&path) else { return true };
        let has_it = |one: &Value| items(&one["names"]).iter().any(|name| *name == image);
        if items(&node["status"]["images"]).iter().any(has_it) {
            self.tell_present(at);
            return true;
        }
        self.tell_at(base, at, "Normal", "Pulling", &pulling);
        let done = base.plus_seconds(plan.pull);
        if done > self.world.now {
            self.look_again(done);
            return false;
        }
        let size = 20_000_000 + lot(0, &[&image]) % 180_000_000;
        let took = format!("{}.{:03}s", plan.pull, lot(0, &[key]) % 1000);
        let note = format!(
            "Successfully pulled image \"{image}\" in {took} ({took} including waiting). Image size: {size} bytes."
        );
        self.tell(at, "Normal", "Pulled", &note);
        let Some(mut node) = self.world.store.get(&path).cloned() else { return true };
        let mut images = crate::demo::controllers::object::take_items(&mut node["status"]["images"]);
        images.push(json!({ "names": [image], "sizeBytes": size }));
        node["status"]["images"] = images.into();
        self.world.update(&path, node);
        true
    }

    /// Tells that a failed pull is waited for.
    fn tell_pause(&mut self, at: usize, due: Time) {
        if due > self.world.now {
            return self.look_again(due);
        }
        let image = text(&self.units[at].spec["image"]).to_owned();
        let cause = text(&self.units[at].status["state"]["waiting"]["message"]).to_owned();
        let note = format!("Back-off pulling image \"{image}\"");
        self.tell(at, "Normal", "BackOff", &note);
        self.tell(at, "Warning", "Failed", "Error: ImagePullBackOff");
        self.wait(at, "ImagePullBackOff", &format!("{note}: ErrImagePull: {cause}"));
    }

    /// What of its environment a container lacks.
    fn lacks(&self, at: usize) -> Option<String> {
        let unit: &Unit = &self.units[at];
        let from = items(&unit.spec["envFrom"]).iter();
        let from = from.flat_map(|one| [(&one["secretRef"], "secret"), (&one["configMapRef"], "configmap")]);
        let env = items(&unit.spec["env"]).iter().map(|one| &one["valueFrom"]);
        let env = env.flat_map(|one| [(&one["secretKeyRef"], "secret"), (&one["configMapKeyRef"], "configmap")]);
        from.chain(env).filter(|(reference, _)| reference.is_object() && reference["optional"] != true).find_map(
            |(reference, kind)| {
                let wanted = text(&reference["name"]);
                let Some(object) = self.object(kind, wanted) else {
                    return Some(format!("{kind} \"{wanted}\" not found"));
                };
                let key = reference["key"].as_str()?;
                let has = ["data", "stringData", "binaryData"].iter().any(|data| !object[*data][key].is_null());
                let word = if kind == "secret" { "Secret" } else { "ConfigMap" };
                (!has).then(|| format!("couldn't find key {key} in {word} {}/{wanted}", namespace(&self.pod)))
            },
        )
    }
}

/// The name with the digest of an image, as a node reports it.
fn image_id(image: &str) -> String {
    let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
    let hex = |part: &str| format!("{:016x}", lot(0, &[image, part]));
    format!("{repository}@sha256:{}{}{}{}", hex("a"), hex("b"), hex("c"), hex("d"))
}

/// Seconds as Go writes a duration: `40s`, `2m40s`, `5m0s`.
fn go_seconds(seconds: i64) -> String {
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}
