//! The chain of causes: from the CronJob over the Job and its pod down to what a finding stands on, and who holds what
//! is missing there.
//!
//! Whoever shows a finding draws it; every link is an object that one can go to.

use std::collections::BTreeMap;

use super::finding::{Finding, Source};
use super::known::Known;
use crate::model::clock::short_duration;
use crate::model::job::Job;
use crate::model::key::{Kind, ObjectKey, Uid};
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::pod::Pod;
use crate::model::resources::Resources;
use crate::model::state::{cronjob_state, job_state, pod_state};

/// Who holds most is told of so many.
const HOLDERS: usize = 3;

/// One object of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// How far below the first.
    pub depth: usize,
    /// The object.
    pub object: ObjectKey,
    /// Its part in the trouble, in a few words.
    pub words: String,
}

/// The chain of a finding about a subject, from owner to cause. Empty where the subject is gone.
pub fn chain(known: Known<'_>, subject: Subject, finding: &Finding) -> Vec<Link> {
    let mut chain = Chain { known, links: Vec::new() };
    chain.owners(subject);
    // Rules that look at runs or pods speak of them.
    if finding.subject != subject {
        chain.subject(finding.subject);
    }
    let own = chain.links.len();
    for evidence in &finding.evidence {
        let object = match &evidence.source {
            Source::Field { object, .. } => object,
            Source::Log { pod, .. } => pod,
            Source::Event { .. } => continue,
        };
        let words = match &evidence.source {
            Source::Field { path, .. } if object.kind != Kind::Pod => place(path, &evidence.words),
            _ => String::new(),
        };
        chain.cause(own, object, words);
    }
    chain.links
}

/// A chain that is being made.
struct Chain<'a> {
    known: Known<'a>,
    links: Vec<Link>,
}

impl Chain<'_> {
    /// The subject below those that own it.
    fn owners(&mut self, subject: Subject) {
        let snapshot = self.known.snapshot;
        let owner = match subject.kind {
            Kind::Job => snapshot.jobs.get(subject.uid).and_then(|job| job.meta.owner),
            Kind::Pod => snapshot.pods.get(subject.uid).and_then(|pod| pod.meta.owner),
            _ => None,
        };
        if let Some(owner) = owner
            && let Some(kind @ (Kind::CronJob | Kind::Job)) = owner.kind
        {
            self.owners(Subject { kind, uid: owner.uid });
        }
        self.subject(subject);
    }

    /// A CronJob, a Job or a Pod with its state, below the last link.
    fn subject(&mut self, subject: Subject) {
        let snapshot = self.known.snapshot;
        let Some(object) = snapshot.key_of(subject) else { return };
        if self.links.iter().any(|link| link.object == object) {
            return;
        }
        let words = match subject.kind {
            Kind::CronJob => {
                snapshot.cronjobs.get(subject.uid).map(|one| cronjob_state(snapshot, one).word.to_string())
            }
            Kind::Job => snapshot.jobs.get(subject.uid).map(|one| self.of_job(one)),
            _ => snapshot.pods.get(subject.uid).map(of_pod),
        };
        let depth = self.links.len();
        self.links.push(Link { depth, object, words: words.unwrap_or_default() });
    }

    fn of_job(&self, job: &Job) -> String {
        let word = job_state(self.known.snapshot, job).word;
        format!("{word}  {} of {} done", job.succeeded, job.wanted())
    }

    /// What a finding stands on: a pod below its Job, anything else below what is there already.
    fn cause(&mut self, own: usize, object: &ObjectKey, words: String) {
        if let Some(known) = self.links.iter_mut().find(|link| link.object == *object) {
            // What stands first says most.
            if known.words.is_empty() {
                known.words = words;
            }
            return;
        }
        let snapshot = self.known.snapshot;
        let pod = snapshot.pods.iter().find(|pod| object.kind == Kind::Pod && pod.key() == *object);
        let depth = match object.kind {
            Kind::Pod | Kind::Job | Kind::CronJob => own,
            // Below the pod whose trouble it is.
            _ => own + usize::from(self.links.get(own).is_some_and(|link| link.object.kind == Kind::Pod)),
        };
        let words = pod.map(of_pod).unwrap_or(words);
        self.links.push(Link { depth, object: object.clone(), words });
        if object.kind == Kind::ResourceQuota {
            self.holders(depth + 1, object);
        }
    }

    /// The Jobs whose pods ask for most in the namespace of a quota: what would have to end to make room.
    fn holders(&mut self, depth: usize, quota: &ObjectKey) {
        let snapshot = self.known.snapshot;
        let mut sums: BTreeMap<Uid, Vec<Resources>> = BTreeMap::new();
        let is_counted = |pod: &&Pod| pod.meta.namespace == quota.namespace && !pod.is_finished();
        for pod in snapshot.pods.iter().filter(is_counted) {
            if let Some(owner) = pod.meta.owner_uid() {
                sums.entry(owner).or_default().push(pod.requests);
            }
        }
        let held = |(uid, asked): (Uid, Vec<Resources>)| {
            let job = snapshot.jobs.get(uid)?;
            let is_told = self.links.iter().any(|link| link.object == job.key());
            (!is_told).then(|| (asked.iter().copied().sum::<Resources>(), asked.len(), job))
        };
        let mut holders: Vec<(Resources, usize, &Job)> = sums.into_iter().filter_map(held).collect();
        holders.sort_by_key(|(sum, pods, _)| std::cmp::Reverse((sum.cpu_millis, sum.memory_bytes, *pods)));
        for (sum, pods, job) in holders.into_iter().take(HOLDERS) {
            let mut words = vec![match pods {
                1 => "1 pod".to_owned(),
                many => format!("{many} pods"),
            }];
            words.extend(Some(sum.cpu_words()).filter(|cpu| !cpu.is_empty()).map(|cpu| format!("cpu {cpu}")));
            words.extend(Some(sum.memory_words()).filter(|memory| !memory.is_empty()));
            words.extend(job.started.map(|since| format!("running {}", short_duration(self.known.ago(since)))));
            words.extend(job.active_deadline_seconds.is_none().then(|| "no deadline".to_owned()));
            self.links.push(Link { depth, object: job.key(), words: words.join("  ") });
        }
    }
}

fn of_pod(pod: &Pod) -> String {
    let node = if pod.node.is_empty() { String::new() } else { format!("  on {}", pod.node) };
    format!("{}{node}", pod_state(pod).word)
}

/// A field's last name where the words do not say what they are of.
fn place(path: &str, words: &str) -> String {
    let name = path.rsplit('.').next().unwrap_or(path);
    if words.contains(' ') { words.to_owned() } else { format!("{name} {words}") }
}
