//! A CronJob, a Job or a Pod under examination, with everything that belongs to it, in the order in which rules want it.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use serde_json::Value;

use super::finding::{Evidence, Finding, Fix, Source};
use super::known::{Fact, Known, LastLine, Need, Run};
use crate::model::command_call::CommandCall;
use crate::model::cronjob::CronJob;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, ObjectKey};
use crate::model::meta::Object;
use crate::model::mutation::Address;
use crate::model::owner::Subject;
use crate::model::pod::{Container, ContainerState, Pod, PodPhase};
use crate::model::resources::{Quantity, Resources};

/// A CronJob with its runs, a Job with its pods, or a Pod alone.
#[derive(Debug)]
pub struct Case<'a> {
    /// What is known.
    pub known: Known<'a>,
    /// What is examined.
    pub subject: Subject,
    /// How it is called.
    pub key: ObjectKey,
    /// The Job; None for a Pod that has none.
    pub job: Option<&'a Job>,
    /// The Job's pods, oldest first: its tries. Those that are gone are not among them.
    pub pods: Vec<&'a Pod>,
    /// The CronJob, where it is one that is examined.
    pub cronjob: Option<&'a CronJob>,
    /// The Jobs of the CronJob, newest first: its runs. Those that are gone are not among them.
    pub runs: Vec<&'a Job>,
    /// What rules asked for and was not known.
    needs: RefCell<Vec<Need>>,
    /// What rules asked for and was known.
    uses: RefCell<Vec<Need>>,
    /// What was said already of pods that are alike, by what makes them alike.
    said: RefCell<HashMap<String, Option<Finding>>>,
    /// What the pods on each node ask for together; summed up where a rule wants it.
    loads: OnceCell<HashMap<CompactString, Resources>>,
}

impl<'a> Case<'a> {
    /// The case of a CronJob, of a Job, or of a Pod with the Job that it belongs to; None where it is not known (any more).
    pub fn of(known: Known<'a>, subject: Subject) -> Option<Self> {
        let snapshot = known.snapshot;
        let key = snapshot.key_of(subject)?;
        let (job, mut pods): (_, Vec<&Pod>) = match subject.kind {
            Kind::Job => (snapshot.jobs.get(subject.uid), snapshot.pods_of(subject.uid).collect()),
            Kind::Pod => {
                let pod = snapshot.pods.get(subject.uid)?;
                (pod.meta.owner_uid().and_then(|owner| snapshot.jobs.get(owner)), vec![pod])
            }
            Kind::CronJob => (None, Vec::new()),
            _ => return None,
        };
        let cronjob = snapshot.cronjobs.get(subject.uid).filter(|_| subject.kind == Kind::CronJob);
        let runs = cronjob.map_or_else(Vec::new, |cronjob| snapshot.jobs_of(cronjob.meta.uid));
        pods.sort_by(|a, b| a.meta.created.cmp(&b.meta.created).then_with(|| a.meta.name.cmp(&b.meta.name)));
        let (needs, uses, said, loads) = (RefCell::default(), RefCell::default(), RefCell::default(), OnceCell::new());
        Some(Self { known, subject, key, job, pods, cronjob, runs, needs, uses, said, loads })
    }

    /// The Job, where it is itself what is examined, so that all its pods are known to the case.
    pub fn whole_job(&self) -> Option<&'a Job> {
        self.job.filter(|_| self.subject.kind == Kind::Job)
    }

    /// How many pods the Job wants at once now, as its controller reckons it (`manageJob` in
    /// `pkg/controller/job/job_controller.go`): a work queue gets none any more after its first success. Successes that
    /// are not counted yet count.
    pub(super) fn wanted_pods(&self, job: &Job) -> usize {
        let seen = self.pods.iter().filter(|pod| pod.phase == PodPhase::Succeeded).count();
        let left = match (job.completions, job.succeeded.max(i32::try_from(seen).unwrap_or(i32::MAX))) {
            (Some(completions), succeeded) => completions - succeeded,
            (None, 1..) => 0,
            (None, _) => i32::MAX,
        };
        usize::try_from(job.parallelism.unwrap_or(1).min(left)).unwrap_or_default()
    }

    /// Fewer pods are open than the Job wants. Those that are being deleted are to be replaced.
    pub(super) fn lacks_pods(&self, job: &Job) -> bool {
        let open = self.pods.iter().filter(|pod| !pod.is_finished() && pod.meta.deleted.is_none());
        open.count() < self.wanted_pods(job)
    }

    /// Makes a new Job with changes: the cure for what cannot be changed in one that exists.
    pub(super) fn rerun(&self, words: impl Into<String>) -> Fix {
        match self.job {
            Some(job) => {
                Fix::by(words, CommandCall::new("job.rerun-with-changes", Subject { kind: Kind::Job, uid: job.uid() }))
            }
            None => Fix::outside(words),
        }
    }

    /// Events about an object with this reason, the newest first.
    pub fn events(&self, about: &impl Object, reason: &str) -> Vec<&'a Event> {
        let mut events: Vec<&Event> =
            self.known.snapshot.events_about(about.uid()).filter(|event| event.reason == reason).collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.last));
        events
    }

    /// The newest event about an object with this reason whose note has this text.
    pub fn event(&self, about: &impl Object, reason: &str, text: &str) -> Option<&'a Event> {
        self.events(about, reason).into_iter().find(|event| event.note.contains(text))
    }

    /// An object beyond what is watched. Where it is not known it is asked for, and the rule says what it can without.
    pub fn object(&self, address: Address) -> Option<&'a Fact> {
        let found = self.known.facts.get(&address);
        self.asked(Need::Object(address), found.is_some());
        found
    }

    /// Notes what a rule stands on: it is used where it is known, else needed.
    fn asked(&self, need: Need, is_known: bool) {
        match is_known {
            false => self.need(need),
            true if self.uses.borrow().contains(&need) => {}
            true => self.uses.borrow_mut().push(need),
        }
    }

    /// When a container that runs said something last. None before it is known.
    pub fn last_line(&self, pod: &Pod, container: &Container) -> Option<LastLine> {
        let run = Run { pod: pod.meta.uid, container: container.name.to_string(), number: container.restarts };
        let found = self.known.facts.last_line(&run);
        let (namespace, pod_name) = (pod.meta.namespace.to_string(), pod.meta.name.to_string());
        self.asked(Need::LastLine { run, namespace, pod_name }, found.is_some());
        found
    }

    /// The Job as the server has it, or the Pod that has none. None before it is known.
    pub fn manifest(&self) -> Option<&'a Value> {
        let (api_version, kind, namespace, name) = match self.job {
            Some(job) => ("batch/v1", "Job", &job.meta.namespace, &job.meta.name),
            None => ("v1", "Pod", &self.key.namespace, &self.key.name),
        };
        self.found(api_version, kind, namespace, name)
    }

    /// An object beyond what is watched, where it was found. None before it is known too.
    pub fn found(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<&'a Value> {
        let address = Address {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        match self.object(address)? {
            Fact::Found(object) => Some(object),
            _ => None,
        }
    }

    /// The names of all objects of a kind in a namespace, where they may be listed. None before they are known.
    pub fn names_of(&self, api_version: &str, kind: &str, namespace: &str) -> Option<Vec<&'a str>> {
        let all = self.found(api_version, kind, namespace, "")?.as_array()?;
        Some(all.iter().filter_map(|one| one["metadata"]["name"].as_str()).collect())
    }

    /// The pod template's spec: of the Job, else the Pod's own. None before it is known.
    pub fn pod_spec(&self) -> Option<&'a Value> {
        let object = self.manifest()?;
        Some(if self.job.is_some() { &object["spec"]["template"]["spec"] } else { &object["spec"] })
    }

    /// A pod's spec as the server has it: with all that was added to the template's when the pod was made. The template's
    /// where it cannot be had. None before either is known.
    pub fn spec_of(&self, pod: &Pod) -> Option<&'a Value> {
        let own = self.found("v1", "Pod", &pod.meta.namespace, &pod.meta.name).map(|pod| &pod["spec"]);
        own.or_else(|| self.pod_spec())
    }

    /// A container of the pod template by its name, init containers among them. None before it is known.
    pub fn container_spec(&self, name: &str) -> Option<&'a Value> {
        let spec = self.pod_spec()?;
        let all = ["containers", "initContainers"].into_iter().filter_map(|field| spec[field].as_array()).flatten();
        all.into_iter().find(|container| container["name"] == name)
    }

    /// The mount of a container in which a path lies, and the volume that is mounted there, as the pod template has them.
    /// None before it is known, and for what lies in no volume.
    pub fn volume_at(&self, container: &str, path: &str) -> Option<(&'a Value, &'a Value)> {
        let mounts = self.container_spec(container)?["volumeMounts"].as_array()?;
        let is_below =
            |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let length = |mount: &Value| mount["mountPath"].as_str().map(str::len);
        let around = mounts
            .iter()
            .filter(|mount| mount["mountPath"].as_str().is_some_and(|folder| is_below(folder.trim_end_matches('/'))));
        let mount = around.max_by_key(|mount| length(mount))?;
        let volume = self.pod_spec()?["volumes"].as_array()?.iter().find(|volume| volume["name"] == mount["name"])?;
        Some((mount, volume))
    }

    /// The last lines of the run of a container that ended last, oldest first. Asked for where they are not known.
    pub fn tail(&self, pod: &Pod, container: &Container) -> Option<&'a [String]> {
        let is_previous = !matches!(container.state, ContainerState::Ended(_));
        // A container that waits to be started again still has the number of the run that ended.
        let is_next = matches!(container.state, ContainerState::Running(_));
        let run = Run {
            pod: pod.meta.uid,
            container: container.name.to_string(),
            number: container.restarts - i32::from(is_next),
        };
        let found = self.known.facts.tail(&run);
        if found.is_none() {
            let (namespace, pod_name) = (pod.meta.namespace.to_string(), pod.meta.name.to_string());
            self.need(Need::Tail { run, namespace, pod_name, is_previous });
        }
        found
    }

    /// What a rule says of a pod, worked out once for all pods of the case that are alike in what it looks at: a Job may
    /// have hundreds that wait for the same reason.
    pub(super) fn once(&self, alike: &str, say: impl FnOnce() -> Option<Finding>) -> Option<Finding> {
        if let Some(said) = self.said.borrow().get(alike) {
            return said.clone();
        }
        let finding = say();
        self.said.borrow_mut().insert(alike.to_owned(), finding.clone());
        finding
    }

    /// What the pods on this node ask for together, as [`crate::model::snapshot::Snapshot::requested_on`] counts it.
    pub(super) fn load(&self, node: &str) -> Resources {
        let loads = self.loads.get_or_init(|| {
            let loads = self.known.snapshot.requested_by_node();
            loads.into_iter().map(|(node, sum)| (node.into(), sum)).collect()
        });
        loads.get(node).copied().unwrap_or_default()
    }

    /// Which of these pods that are not over have most of something, by their Jobs: `job/nightly-7 (80Mi)`, at most two.
    pub(super) fn most(
        &self,
        is_meant: impl Fn(&Pod) -> bool,
        amount: impl Fn(&Pod) -> Option<Quantity>,
    ) -> Vec<String> {
        let snapshot = self.known.snapshot;
        let mut held: BTreeMap<String, Quantity> = BTreeMap::new();
        for pod in snapshot.pods.iter().filter(|pod| !pod.is_finished() && is_meant(pod)) {
            let owner = pod.meta.owner_uid().and_then(|owner| snapshot.jobs.get(owner));
            let name = owner.map_or_else(|| format!("pod/{}", pod.meta.name), |job| format!("job/{}", job.meta.name));
            let name = match pod.meta.namespace == self.key.namespace {
                true => name,
                false => format!("{name} in namespace {}", pod.meta.namespace),
            };
            let sum = held.entry(name).or_default();
            *sum = sum.plus(amount(pod).unwrap_or_default());
        }
        let mut held: Vec<(String, Quantity)> =
            held.into_iter().filter(|(_, sum)| *sum > Quantity::default()).collect();
        held.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
        held.into_iter().take(2).map(|(name, sum)| format!("{name} ({})", sum.words())).collect()
    }

    /// Takes over what the examination of another subject asked for.
    pub(super) fn need_all(&self, needs: Vec<Need>) {
        needs.into_iter().for_each(|need| self.need(need));
    }

    fn need(&self, need: Need) {
        let mut needs = self.needs.borrow_mut();
        if !needs.contains(&need) {
            needs.push(need);
        }
    }

    /// What rules asked for: what was not known, and what was.
    pub fn into_needs(self) -> (Vec<Need>, Vec<Need>) {
        (self.needs.into_inner(), self.uses.into_inner())
    }
}

/// Evidence from an event: its words as they came, and how often.
pub(super) fn of_event(event: &Event) -> Evidence {
    let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
    Evidence {
        source: Source::Event {
            uid: event.meta.uid,
            about: event.about_name.to_string(),
            reason: event.reason.to_string(),
        },
        words: format!("{}{times}: {}", event.reason, event.note),
        at: event.last,
    }
}

/// Evidence from a field: what it says.
pub(super) fn of_field(object: &impl Object, path: impl Into<String>, words: impl Into<String>) -> Evidence {
    Evidence { source: Source::Field { object: object.key(), path: path.into() }, words: words.into(), at: None }
}
