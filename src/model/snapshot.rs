//! Everything known of the cluster, by UID, with its freshness. [`Snapshot::apply`] is the only way to change it.

use std::collections::{BTreeMap, HashMap};

use super::clock::Time;
use super::cronjob::CronJob;
use super::delta::{Cause, Change, Delta, Failure, Row, Source};
use super::event::Event;
use super::job::Job;
use super::key::{Kind, Uid};
use super::meta::{Meta, Object};
use super::owner::Relations;
use super::pod::Pod;

/// What is known of the cluster.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// CronJobs.
    pub cronjobs: Table<CronJob>,
    /// Jobs.
    pub jobs: Table<Job>,
    /// Pods.
    pub pods: Table<Pod>,
    /// Events.
    pub events: Table<Event>,
    /// Namespaces.
    pub namespaces: Table<Meta>,
    /// Who belongs to whom.
    pub relations: Relations,
    freshness: BTreeMap<Source, Freshness>,
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
        let mut touched = Touched::default();
        let were_pods_denied = self.are_pods_denied();
        for change in delta.changes {
            match change {
                Change::Reset(rows) => self.reset(&delta.source, rows, &mut touched),
                Change::Upsert(row) => self.upsert(row, &mut touched),
                Change::Remove(uid) => self.remove(delta.source.kind, uid, &mut touched),
                Change::Synced => {
                    self.freshness.insert(delta.source.clone(), Freshness::Live);
                }
                Change::Failed { failure, retry_at } => {
                    let before = self.freshness.remove(&delta.source).unwrap_or(Freshness::Loading);
                    self.freshness.insert(delta.source.clone(), before.after_failure(failure, retry_at, now));
                }
            }
        }
        touched.is_all = were_pods_denied != self.are_pods_denied();
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

    fn reset(&mut self, source: &Source, rows: Vec<Row>, touched: &mut Touched) {
        let gone = match source.kind {
            Kind::CronJob => self.cronjobs.uids_in(source),
            Kind::Job => self.jobs.uids_in(source),
            Kind::Pod => self.pods.uids_in(source),
            Kind::Event => self.events.uids_in(source),
            Kind::Namespace => self.namespaces.uids_in(source),
        };
        let kept: std::collections::HashSet<Uid> = rows.iter().map(Row::uid).collect();
        for uid in gone.into_iter().filter(|uid| !kept.contains(uid)) {
            self.remove(source.kind, uid, touched);
        }
        rows.into_iter().for_each(|row| self.upsert(row, touched));
    }

    fn upsert(&mut self, row: Row, touched: &mut Touched) {
        let uid = row.uid();
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
                let owner = row.meta.owner_uid();
                let before = self.pods.upsert(row).and_then(|old| old.meta.owner_uid());
                self.relations.pods.moved(uid, before, owner);
                touched.jobs.extend(before.filter(|_| before != owner).into_iter().chain(owner));
            }
            Row::Event(row) => {
                let about = row.about;
                let before = self.events.upsert(row).map(|old| old.about);
                self.relations.events.moved(uid, before, Some(about));
                touched.jobs.push(about);
            }
            Row::Namespace(row) => drop(self.namespaces.upsert(row)),
        }
    }

    fn remove(&mut self, kind: Kind, uid: Uid, touched: &mut Touched) {
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
                touched.jobs.extend(owner);
            }
            Kind::Event => {
                let about = self.events.remove(uid).map(|old| old.about);
                self.relations.events.moved(uid, about, None);
                touched.jobs.extend(about);
            }
            Kind::Namespace => drop(self.namespaces.remove(uid)),
        }
    }
}

/// CronJobs and Jobs whose state may be another one after a delta; some more than once, some gone, and UIDs of other
/// objects among them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Touched {
    /// CronJobs.
    pub cronjobs: Vec<Uid>,
    /// Jobs.
    pub jobs: Vec<Uid>,
    /// The state of every object may be another one.
    pub is_all: bool,
}

impl Touched {
    /// Adds what another delta touched.
    pub fn extend(&mut self, other: Touched) {
        self.cronjobs.extend(other.cronjobs);
        self.jobs.extend(other.jobs);
        self.is_all |= other.is_all;
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
        }
    }
}

impl Object for Meta {
    const KIND: Kind = Kind::Namespace;
    fn meta(&self) -> &Meta {
        self
    }
}

/// Rows of one kind, found by UID. A vector with an index beside it: a hash map of rows would waste its empty slots at
/// the size of a row.
#[derive(Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    index: HashMap<Uid, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Object> Table<T> {
    /// The row of this UID.
    pub fn get(&self, uid: Uid) -> Option<&T> {
        self.index.get(&uid).and_then(|at| self.rows.get(*at as usize))
    }

    /// All rows, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.iter()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// There is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn uids_in(&self, source: &Source) -> Vec<Uid> {
        let inside = |row: &&T| source.namespace.as_ref().is_none_or(|namespace| row.meta().namespace == *namespace);
        self.rows.iter().filter(inside).map(Object::uid).collect()
    }

    fn upsert(&mut self, row: T) -> Option<T> {
        match self.index.get(&row.uid()).and_then(|at| self.rows.get_mut(*at as usize)) {
            Some(place) => Some(std::mem::replace(place, row)),
            None => {
                // Four billion rows do not fit into memory, so the cast cannot cut.
                self.index.insert(row.uid(), self.rows.len() as u32);
                self.rows.push(row);
                None
            }
        }
    }

    fn remove(&mut self, uid: Uid) -> Option<T> {
        let at = self.index.remove(&uid)?;
        let row = self.rows.swap_remove(at as usize);
        if let Some(moved) = self.rows.get(at as usize) {
            self.index.insert(moved.uid(), at);
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests;
