//! Pods that belong to no Job: nothing is kept of them but what they ask for, and where. A cluster has far more of them
//! than of ours, and later explanations need no more than the sums, by node and by namespace. [`super::snapshot`] owns
//! the table.

use std::collections::HashMap;

use compact_str::CompactString;

use super::delta::Source;
use super::key::Uid;
use super::resources::Resources;

/// A pod whose controller is no Job, as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignPod {
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.namespace`.
    pub namespace: CompactString,
    /// `spec.nodeName`; empty before it is placed.
    pub node: CompactString,
    /// What it asks for, as the scheduler counts it; nothing once it has ended.
    pub requests: Resources,
}

/// All foreign pods: 41 bytes each and what the hash map leaves free.
#[derive(Debug, Default)]
pub struct ForeignPods {
    pods: HashMap<Uid, Record>,
    /// A number for each name of a node or a namespace. Names that are no longer used stay, since they are few.
    names: HashMap<CompactString, u32>,
}

/// A foreign pod, with numbers for names.
#[derive(Debug)]
struct Record {
    namespace: u32,
    node: u32,
    requests: Resources,
}

impl ForeignPods {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// This pod is known and belongs to no Job.
    pub fn contains(&self, uid: Uid) -> bool {
        self.pods.contains_key(&uid)
    }

    /// What those on this node ask for together.
    pub(super) fn requested_on(&self, node: &str) -> Resources {
        self.requested(node, |record| record.node)
    }

    /// What those in this namespace ask for together, the ones that wait for a node included.
    pub(super) fn requested_in(&self, namespace: &str) -> Resources {
        self.requested(namespace, |record| record.namespace)
    }

    fn requested(&self, name: &str, place: impl Fn(&Record) -> u32) -> Resources {
        let number = self.names.get(name);
        self.pods.values().filter(|record| Some(&place(record)) == number).map(|record| record.requests).sum()
    }

    /// What those on each node ask for together, in one pass.
    pub(super) fn requested_by_node(&self) -> impl Iterator<Item = (&str, Resources)> {
        let mut sums = vec![Resources::default(); self.names.len()];
        for record in self.pods.values() {
            if let Some(sum) = sums.get_mut(record.node as usize) {
                *sum = [*sum, record.requests].into_iter().sum();
            }
        }
        self.names.iter().filter_map(move |(name, number)| Some((name.as_str(), *sums.get(*number as usize)?)))
    }

    pub(super) fn uids_in(&self, source: &Source) -> Vec<Uid> {
        let number = source.namespace.as_ref().map(|name| self.names.get(name));
        let inside = |record: &Record| number.is_none_or(|number| number == Some(&record.namespace));
        self.pods.iter().filter(|(_, record)| inside(record)).map(|(uid, _)| *uid).collect()
    }

    /// Takes it in; true where it was not known.
    pub(super) fn upsert(&mut self, pod: ForeignPod) -> bool {
        let (namespace, node) = (self.number(pod.namespace), self.number(pod.node));
        self.pods.insert(pod.uid, Record { namespace, node, requests: pod.requests }).is_none()
    }

    /// Forgets it; true where it was known.
    pub(super) fn remove(&mut self, uid: Uid) -> bool {
        self.pods.remove(&uid).is_some()
    }

    fn number(&mut self, name: CompactString) -> u32 {
        // Four billion names do not fit into memory, so the cast cannot cut.
        let next = self.names.len() as u32;
        *self.names.entry(name).or_insert(next)
    }
}
