//! Who belongs to whom: CronJob, its Jobs, their Pods, and the Events about any of them, by UID and never by name.

use std::collections::HashMap;

use super::event::Event;
use super::job::Job;
use super::key::{Kind, ObjectKey, Uid};
use super::meta::{Meta, Object};
use super::pod::Pod;
use super::snapshot::Snapshot;

/// The object that the detail panes follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// CronJob, Job or Pod.
    pub kind: Kind,
    /// Its UID.
    pub uid: Uid,
}

/// Links from owner to owned.
#[derive(Debug, Default)]
pub struct Relations {
    /// CronJob to Jobs.
    pub jobs: Links,
    /// Job (or any controller) to Pods.
    pub pods: Links,
    /// Any object to the Events about it.
    pub events: Links,
}

/// Links of one sort: from one UID to several.
#[derive(Debug, Default)]
pub struct Links(HashMap<Uid, Vec<Uid>>);

/// Up to so many UIDs a list grows one by one: nearly all are that short, and there is one for each Job.
const FEW: usize = 4;

impl Links {
    /// Those that belong to `owner`, in no order.
    pub fn of(&self, owner: Uid) -> &[Uid] {
        self.0.get(&owner).map_or(&[], Vec::as_slice)
    }

    /// `uid` belonged to `before` and belongs to `after` now.
    pub(super) fn moved(&mut self, uid: Uid, before: Option<Uid>, after: Option<Uid>) {
        if before == after {
            return;
        }
        if let Some(owner) = before
            && let Some(owned) = self.0.get_mut(&owner)
        {
            owned.retain(|one| *one != uid);
            if owned.is_empty() {
                self.0.remove(&owner);
            }
        }
        if let Some(owner) = after {
            let owned = self.0.entry(owner).or_default();
            if owned.len() < FEW {
                owned.reserve_exact(1);
            }
            owned.push(uid);
        }
    }
}

impl Snapshot {
    /// Jobs that this CronJob made, newest first.
    pub fn jobs_of(&self, cronjob: Uid) -> Vec<&Job> {
        let mut jobs: Vec<&Job> =
            self.relations.jobs.of(cronjob).iter().filter_map(|uid| self.jobs.get(*uid)).collect();
        jobs.sort_by(|a, b| b.meta.created.cmp(&a.meta.created).then_with(|| b.meta.name.cmp(&a.meta.name)));
        jobs
    }

    /// Pods of a Job, in no order.
    pub fn pods_of(&self, job: Uid) -> impl Iterator<Item = &Pod> {
        self.relations.pods.of(job).iter().filter_map(|uid| self.pods.get(*uid))
    }

    /// Events about exactly this object, in no order.
    pub fn events_about(&self, uid: Uid) -> impl Iterator<Item = &Event> {
        self.relations.events.of(uid).iter().filter_map(|uid| self.events.get(*uid))
    }

    /// The object itself and everything below it: a CronJob's Jobs, a Job's Pods.
    pub fn tree(&self, subject: Subject) -> Vec<Uid> {
        let mut tree = vec![subject.uid];
        if subject.kind == Kind::CronJob {
            tree.extend_from_slice(self.relations.jobs.of(subject.uid));
        }
        if subject.kind != Kind::Pod {
            for owner in 0..tree.len() {
                let pods = self.relations.pods.of(tree[owner]);
                tree.extend_from_slice(pods);
            }
        }
        tree
    }

    /// The subject's pods: a Job's own, those of all Jobs of a CronJob, or the pod itself. Newest first.
    pub fn pods_of_subject(&self, subject: Subject) -> Vec<&Pod> {
        let mut pods: Vec<&Pod> = self.tree(subject).into_iter().filter_map(|uid| self.pods.get(uid)).collect();
        pods.sort_by(|a, b| b.meta.created.cmp(&a.meta.created).then_with(|| a.meta.name.cmp(&b.meta.name)));
        pods
    }

    /// Events about the subject and everything below it.
    pub fn events_of_subject(&self, subject: Subject) -> Vec<&Event> {
        self.tree(subject).into_iter().flat_map(|uid| self.events_about(uid)).collect()
    }

    /// The object of this key; None where none is known.
    pub fn find(&self, key: &ObjectKey) -> Option<Subject> {
        let is_it = |meta: &&Meta| meta.name == key.name && meta.namespace == key.namespace;
        let found = match key.kind {
            Kind::CronJob => self.cronjobs.iter().map(Object::meta).find(is_it),
            Kind::Job => self.jobs.iter().map(Object::meta).find(is_it),
            Kind::Pod => self.pods.iter().map(Object::meta).find(is_it),
            Kind::Event => self.events.iter().map(Object::meta).find(is_it),
            Kind::Namespace => self.namespaces.iter().find(is_it),
            Kind::Node => self.nodes.iter().map(Object::meta).find(is_it),
            Kind::ResourceQuota => self.quotas.iter().map(Object::meta).find(is_it),
            Kind::LimitRange => self.limit_ranges.iter().map(Object::meta).find(is_it),
            Kind::PersistentVolumeClaim => self.claims.iter().map(Object::meta).find(is_it),
        };
        found.map(|meta| Subject { kind: key.kind, uid: meta.uid })
    }

    /// The subject's key; None where it is gone.
    pub fn key_of(&self, subject: Subject) -> Option<ObjectKey> {
        let meta = self.meta_of(subject)?;
        Some(ObjectKey { kind: subject.kind, namespace: meta.namespace.clone(), name: meta.name.clone() })
    }

    /// The subject's metadata; None where it is gone, or nothing is kept of it.
    pub fn meta_of(&self, Subject { kind, uid }: Subject) -> Option<&Meta> {
        match kind {
            Kind::CronJob => self.cronjobs.get(uid).map(Object::meta),
            Kind::Job => self.jobs.get(uid).map(Object::meta),
            Kind::Pod => self.pods.get(uid).map(Object::meta),
            Kind::Event => self.events.get(uid).map(Object::meta),
            Kind::Namespace => self.namespaces.get(uid),
            Kind::Node => self.nodes.get(uid).map(Object::meta),
            Kind::ResourceQuota => self.quotas.get(uid).map(Object::meta),
            Kind::LimitRange => self.limit_ranges.get(uid).map(Object::meta),
            Kind::PersistentVolumeClaim => self.claims.get(uid).map(Object::meta),
        }
    }
}
