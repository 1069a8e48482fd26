//! Everything known of the cluster, by UID, with its freshness. [`Snapshot::apply`] is the only way to change it.

mod doubt;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::claim::Claim;
use super::clock::Time;
use super::cronjob::CronJob;
use super::delta::{Cause, Change, Delta, Failure, Row, Source};
use super::event::Event;
use super::foreign::ForeignPods;
use super::job::Job;
use super::key::{Kind, Uid};
use super::limit_range::LimitRange;
use super::meta::{Meta, Object};
use super::node::Node;
use super::owner::Relations;
use super::pod::Pod;
use super::quota::ResourceQuota;
use super::resources::Resources;
use super::table::Table;

/// What is known of the cluster.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// CronJobs.
    pub cronjobs: Table<CronJob>,
    /// Jobs.
    pub jobs: Table<Job>,
    /// Pods of Jobs.
    pub pods: Table<Pod>,
    /// All other pods.
    pub foreign_pods: ForeignPods,
    /// Events about anything that is watched, those of foreign pods excepted.
    pub events: Table<Event>,
    /// Namespaces.
    pub namespaces: Table<Meta>,
    /// Nodes.
    pub nodes: Table<Node>,
    /// ResourceQuotas.
    pub quotas: Table<ResourceQuota>,
    /// LimitRanges.
    pub limit_ranges: Table<LimitRange>,
    /// PersistentVolumeClaims.
    pub claims: Table<Claim>,
    /// Who belongs to whom.
    pub relations: Relations,
    freshness: BTreeMap<Source, Freshness>,
    /// Events about pods that were not known when they came, in the order in which they came, with that time.
    doubtful: VecDeque<(Time, Uid)>,
}

/// How far what is known of a source can be believed.
#[derive(Debug, Clone, PartialEq)]
pub enum Freshness {
    /// The first list is under way; rows are shown as they come.
    Loading,
    /// The first list failed; nothing is known.
    Failed {
        /// Why.
        failure: Failure,
        /// When it is tried again.
        retry_at: Time,
    },
    /// As the server has it.
    Live,
    /// Known once, not confirmed since: the watch is broken.
    Stale {
        /// When it was last right.
        since: Time,
        /// Why the watch broke.
        failure: Failure,
        /// When it is tried again.
        retry_at: Time,
    },
    /// This user may not list it.
    Denied(Failure),
}

impl Snapshot {
    /// Takes in a batch of changes and tells whose state they touch. The caller has dropped those of other sessions.
    pub fn apply(&mut self, delta: Delta, now: Time) -> Touched {
        let mut touched = Touched { are_surroundings: delta.source.kind.is_background(), ..Touched::default() };
        let were_pods_denied = self.are_pods_denied();
        for change in delta.changes {
            match change {
                Change::Reset(rows) => self.reset(&delta.source, rows, now, &mut touched),
                Change::Upsert(row) => self.upsert(row, now, &mut touched),
                Change::Remove(uid) => self.remove(delta.source.kind, uid, &mut touched),
                Change::Synced => {
                    touched.is_shown = true;
                    self.freshness.insert(delta.source.clone(), Freshness::Live);
                }
                Change::Failed { failure, retry_at } => {
                    touched.is_shown = true;
                    let before = self.freshness.remove(&delta.source).unwrap_or(Freshness::Loading);
                    self.freshness.insert(delta.source.clone(), before.after_failure(failure, retry_at, now));
                }
            }
        }
        self.settle_doubts(now, &mut touched);
        touched.is_all = were_pods_denied != self.are_pods_denied();
        // What happened to a pod is known by its UID alone.
        let owners = touched.pods.iter().filter_map(|uid| self.pods.get(*uid)?.meta.owner);
        touched.jobs.extend(owners.map(|owner| owner.uid));
        let owners = touched.jobs.iter().filter_map(|uid| self.jobs.get(*uid)?.meta.owner);
        touched.cronjobs.extend(owners.map(|owner| owner.uid));
        touched
    }

    /// Jobs are judged by their own counters then, and not by their pods.
    fn are_pods_denied(&self) -> bool {
        matches!(self.freshness(Kind::Pod), Freshness::Denied(_))
    }

    /// Says that a source is being watched from now on, so that it counts as loading before its first answer.
    pub fn expect(&mut self, source: Source) {
        self.freshness.entry(source).or_insert(Freshness::Loading);
    }

    /// Every source that is watched, with its freshness.
    pub fn sources(&self) -> impl Iterator<Item = (&Source, &Freshness)> {
        self.freshness.iter()
    }

    /// The freshness of a kind: the worst of its sources, so that a pane never looks better than its weakest part.
    pub fn freshness(&self, kind: Kind) -> &Freshness {
        let of_kind = self.freshness.iter().filter(|(source, _)| source.kind == kind).map(|(_, freshness)| freshness);
        of_kind.max_by_key(|freshness| freshness.rank()).unwrap_or(&Freshness::Loading)
    }

    /// What the pods on this node ask for together, those of Jobs and all others, as the scheduler counts it. Only
    /// pods of namespaces that are watched are known: where these are not all, a node holds more than this.
    pub fn requested_on(&self, node: &str) -> Resources {
        let ours = self.pods.iter().filter(|pod| pod.node == node && !pod.is_finished()).map(|pod| pod.requests);
        ours.chain([self.foreign_pods.requested_on(node)]).sum()
    }

    /// [`Snapshot::requested_on`] of every node at once: whoever compares many nodes goes over the pods once.
    pub fn requested_by_node(&self) -> HashMap<&str, Resources> {
        let mut sums: HashMap<&str, Resources> = self.foreign_pods.requested_by_node().collect();
        for pod in self.pods.iter().filter(|pod| !pod.node.is_empty() && !pod.is_finished()) {
            let sum = sums.entry(pod.node.as_str()).or_default();
            *sum = [*sum, pod.requests].into_iter().sum();
        }
        sums
    }

    /// What the pods in this namespace ask for together, as a quota counts it: waiting ones too, ended ones not.
    pub fn requested_in(&self, namespace: &str) -> Resources {
        let is_inside = |pod: &&Pod| pod.meta.namespace == namespace && !pod.is_finished();
        let ours = self.pods.iter().filter(is_inside).map(|pod| pod.requests);
        ours.chain([self.foreign_pods.requested_in(namespace)]).sum()
    }

    fn reset(&mut self, source: &Source, rows: Vec<Row>, now: Time, touched: &mut Touched) {
        let gone = match source.kind {
            Kind::CronJob => self.cronjobs.uids_in(source),
            Kind::Job => self.jobs.uids_in(source),
            Kind::Pod => [self.pods.uids_in(source), self.foreign_pods.uids_in(source)].concat(),
            Kind::Event => self.events.uids_in(source),
            Kind::Namespace => self.namespaces.uids_in(source),
            Kind::Node => self.nodes.uids_in(source),
            Kind::ResourceQuota => self.quotas.uids_in(source),
            Kind::LimitRange => self.limit_ranges.uids_in(source),
            Kind::PersistentVolumeClaim => self.claims.uids_in(source),
        };
        let kept: HashSet<Uid> = rows.iter().map(Row::uid).collect();
        for uid in gone.into_iter().filter(|uid| !kept.contains(uid)) {
            self.remove(source.kind, uid, touched);
        }
        rows.into_iter().for_each(|row| self.upsert(row, now, touched));
    }

    fn upsert(&mut self, row: Row, now: Time, touched: &mut Touched) {
        let uid = row.uid();
        touched.is_shown |= match &row {
            Row::ForeignPod(_) | Row::Unkept(_) => false,
            Row::Event(event) => !self.foreign_pods.contains(event.about),
            _ => true,
        };
        match row {
            Row::CronJob(row) => {
                touched.cronjobs.push(uid);
                self.cronjobs.upsert(row);
            }
            Row::Job(row) => {
                let owner = row.meta.owner_uid();
                let before = self.jobs.upsert(row).and_then(|old| old.meta.owner_uid());
                self.relations.jobs.moved(uid, before, owner);
                touched.jobs.push(uid);
                touched.cronjobs.extend(before);
            }
            Row::Pod(row) => {
                self.foreign_pods.remove(uid);
                let owner = row.meta.owner_uid();
                let before = self.pods.upsert(row).and_then(|old| old.meta.owner_uid());
                self.relations.pods.moved(uid, before, owner);
                touched.pods.push(uid);
                touched.jobs.extend(before.filter(|_| before != owner));
            }
            Row::ForeignPod(row) => {
                if self.foreign_pods.upsert(row) {
                    self.disown(uid, touched);
                }
            }
            Row::Event(row) if self.foreign_pods.contains(row.about) => self.remove(Kind::Event, uid, touched),
            Row::Event(row) => {
                let (about, about_kind) = (row.about, row.about_kind);
                let is_doubtful = row.about_kind == Some(Kind::Pod) && self.pods.get(about).is_none();
                let before = self.events.upsert(row).map(|old| old.about);
                self.relations.events.moved(uid, before, Some(about));
                if is_doubtful && before.is_none() {
                    self.doubtful.push_back((now, uid));
                }
                touched.happened_to(about_kind, about);
            }
            Row::Namespace(row) => drop(self.namespaces.upsert(row)),
            Row::Node(row) => drop(self.nodes.upsert(row)),
            Row::ResourceQuota(row) => drop(self.quotas.upsert(row)),
            Row::LimitRange(row) => drop(self.limit_ranges.upsert(row)),
            Row::Claim(row) => drop(self.claims.upsert(row)),
            Row::Unkept(_) => {}
        }
    }

    fn remove(&mut self, kind: Kind, uid: Uid, touched: &mut Touched) {
        if kind == Kind::Pod && self.foreign_pods.remove(uid) {
            return;
        }
        touched.is_shown |= kind != Kind::Event || self.events.get(uid).is_some();
        match kind {
            Kind::CronJob => {
                touched.cronjobs.push(uid);
                self.cronjobs.remove(uid);
            }
            Kind::Job => {
                let owner = self.jobs.remove(uid).and_then(|old| old.meta.owner_uid());
                self.relations.jobs.moved(uid, owner, None);
                touched.jobs.push(uid);
                touched.cronjobs.extend(owner);
            }
            Kind::Pod => {
                let owner = self.pods.remove(uid).and_then(|old| old.meta.owner_uid());
                self.relations.pods.moved(uid, owner, None);
                touched.pods.push(uid);
                touched.jobs.extend(owner);
            }
            Kind::Event => {
                let old = self.events.remove(uid);
                self.relations.events.moved(uid, old.as_ref().map(|old| old.about), None);
                old.into_iter().for_each(|old| touched.happened_to(old.about_kind, old.about));
            }
            Kind::Namespace => drop(self.namespaces.remove(uid)),
            Kind::Node => drop(self.nodes.remove(uid)),
            Kind::ResourceQuota => drop(self.quotas.remove(uid)),
            Kind::LimitRange => drop(self.limit_ranges.remove(uid)),
            Kind::PersistentVolumeClaim => drop(self.claims.remove(uid)),
        }
    }
}

/// CronJobs, Jobs and Pods whose state may be another one after a delta; some more than once, some gone.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Touched {
    /// CronJobs.
    pub cronjobs: Vec<Uid>,
    /// Jobs.
    pub jobs: Vec<Uid>,
    /// Pods of Jobs.
    pub pods: Vec<Uid>,
    /// Nodes, quotas, limit ranges or claims, which decide about objects that do not name them.
    pub are_surroundings: bool,
    /// The state of every object may be another one.
    pub is_all: bool,
    /// Something that a list or the link shows may look different. Foreign pods are on no screen, and a busy cluster
    /// has hundreds of changes to them each second.
    pub is_shown: bool,
}

impl Touched {
    /// An event tells of this object.
    fn happened_to(&mut self, kind: Option<Kind>, about: Uid) {
        match kind {
            Some(Kind::CronJob) => self.cronjobs.push(about),
            Some(Kind::Job) => self.jobs.push(about),
            Some(Kind::Pod) => self.pods.push(about),
            _ => {}
        }
    }

    /// Adds what another delta touched.
    pub fn extend(&mut self, other: Touched) {
        self.cronjobs.extend(other.cronjobs);
        self.jobs.extend(other.jobs);
        self.pods.extend(other.pods);
        self.are_surroundings |= other.are_surroundings;
        self.is_all |= other.is_all;
        self.is_shown |= other.is_shown;
    }
}

impl Freshness {
    fn after_failure(self, failure: Failure, retry_at: Time, now: Time) -> Self {
        match self {
            Freshness::Live => Freshness::Stale { since: now, failure, retry_at },
            Freshness::Stale { since, .. } => Freshness::Stale { since, failure, retry_at },
            _ if failure.cause == Cause::Denied => Freshness::Denied(failure),
            _ => Freshness::Failed { failure, retry_at },
        }
    }

    /// Worse is larger.
    fn rank(&self) -> u8 {
        match self {
            Freshness::Live => 0,
            Freshness::Loading => 1,
            Freshness::Denied(_) => 2,
            Freshness::Stale { .. } => 3,
            Freshness::Failed { .. } => 4,
        }
    }
}

impl Row {
    /// The UID of the object.
    pub fn uid(&self) -> Uid {
        match self {
            Row::CronJob(row) => row.meta.uid,
            Row::Job(row) => row.meta.uid,
            Row::Pod(row) => row.meta.uid,
            Row::Event(row) => row.meta.uid,
            Row::Namespace(row) => row.uid,
            Row::ForeignPod(row) => row.uid,
            Row::Node(row) => row.meta.uid,
            Row::ResourceQuota(row) => row.meta.uid,
            Row::LimitRange(row) => row.meta.uid,
            Row::Claim(row) => row.meta.uid,
            Row::Unkept(uid) => *uid,
        }
    }
}

impl Object for Meta {
    const KIND: Kind = Kind::Namespace;
    fn meta(&self) -> &Meta {
        self
    }
}

#[cfg(test)]
mod tests;
