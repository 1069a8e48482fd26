//! A CronJob, a Job or a Pod under examination, with everything that belongs to it, in the order in which rules want it.

use std::cell::RefCell;

use serde_json::Value;

use super::finding::{Evidence, Source};
use super::known::{Fact, Known, Need, Run};
use crate::model::cronjob::CronJob;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, ObjectKey};
use crate::model::meta::Object;
use crate::model::mutation::Address;
use crate::model::owner::Subject;
use crate::model::pod::{Container, ContainerState, Pod};

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
        Some(Self { known, subject, key, job, pods, cronjob, runs, needs: RefCell::default() })
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
        if found.is_none() {
            self.need(Need::Object(address));
        }
        found
    }

    /// The pod template's spec: of the Job, else the Pod's own. None before it is known.
    pub fn pod_spec(&self) -> Option<&'a Value> {
        let (api_version, kind, namespace, name) = match self.job {
            Some(job) => ("batch/v1", "Job", &job.meta.namespace, &job.meta.name),
            None => ("v1", "Pod", &self.key.namespace, &self.key.name),
        };
        let address = Address {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: namespace.clone(),
            name: name.clone(),
        };
        match self.object(address)? {
            Fact::Found(object) if self.job.is_some() => Some(&object["spec"]["template"]["spec"]),
            Fact::Found(object) => Some(&object["spec"]),
            _ => None,
        }
    }

    /// A container of the pod template by its name, init containers among them. None before it is known.
    pub fn container_spec(&self, name: &str) -> Option<&'a Value> {
        let spec = self.pod_spec()?;
        let all = ["containers", "initContainers"].into_iter().filter_map(|field| spec[field].as_array()).flatten();
        all.into_iter().find(|container| container["name"] == name)
    }

    /// The last lines of the run of a container that ended last, oldest first. Asked for where they are not known.
    pub fn tail(&self, pod: &Pod, container: &Container) -> Option<&'a [String]> {
        let is_previous = !matches!(container.state, ContainerState::Ended(_));
        let run = Run {
            pod: pod.meta.uid,
            container: container.name.to_string(),
            number: container.restarts - i32::from(is_previous),
        };
        let found = self.known.facts.tail(&run);
        if found.is_none() {
            let (namespace, pod_name) = (pod.meta.namespace.to_string(), pod.meta.name.to_string());
            self.need(Need::Tail { run, namespace, pod_name, is_previous });
        }
        found
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

    /// What rules asked for and was not known.
    pub fn into_needs(self) -> Vec<Need> {
        self.needs.into_inner()
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
