//! What triage may look at: the snapshot, and facts beyond it that were asked for.

use std::collections::HashMap;

use serde_json::Value;

use crate::model::clock::Time;
use crate::model::key::{Kind, Uid};
use crate::model::mutation::Address;
use crate::model::snapshot::{Freshness, Snapshot};

/// What triage may look at.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What is watched.
    pub snapshot: &'a Snapshot,
    /// What was asked for beyond it.
    pub facts: &'a Facts,
    /// The present moment, by the server's clock where it is known.
    pub now: Time,
}

impl Known<'_> {
    /// All objects of a kind that are looked at are known as they are now, so that what is not among them is not there.
    pub fn is_whole(&self, kind: Kind) -> bool {
        *self.snapshot.freshness(kind) == Freshness::Live
    }

    /// Seconds since a moment; 0 for one that is still to come.
    pub fn ago(&self, time: Time) -> i64 {
        self.now.seconds_since(time).max(0)
    }
}

/// Answers to what rules asked for, by what they asked. Nothing is forgotten while the session runs: evidence that was
/// seen once stays.
#[derive(Debug, Default)]
pub struct Facts {
    objects: HashMap<Address, Fact>,
    tails: HashMap<Run, Vec<String>>,
}

/// What became of a question for an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// It is there.
    Found(Value),
    /// It is not there.
    Missing,
    /// It could not be read: why, in words.
    Unreadable(String),
}

/// One run of a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// The pod.
    pub pod: Uid,
    /// The container's name.
    pub container: String,
    /// How many runs in this pod came before it.
    pub number: i32,
}

/// What a rule needs to say more. Who asked for it answers in [`Facts`] and asks triage again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Need {
    /// A whole object; with an empty name all of its kind in the namespace, as [`Fact::Found`] with an array.
    Object(Address),
    /// The last lines of a container's run.
    Tail {
        /// Which run.
        run: Run,
        /// The pod's namespace.
        namespace: String,
        /// The pod's name.
        pod_name: String,
        /// It is the run before the present one, which the kubelet keeps as `previous`.
        is_previous: bool,
    },
}

impl Facts {
    /// Takes in an object, or that it is not there.
    pub fn put(&mut self, address: Address, fact: Fact) {
        self.objects.insert(address, fact);
    }

    /// Takes in the last lines of a run, oldest first.
    pub fn put_tail(&mut self, run: Run, lines: Vec<String>) {
        self.tails.insert(run, lines);
    }

    /// What is known of an object; None before it was asked for.
    pub fn get(&self, address: &Address) -> Option<&Fact> {
        self.objects.get(address)
    }

    /// The last lines of a run; None before they were asked for.
    pub fn tail(&self, run: &Run) -> Option<&[String]> {
        self.tails.get(run).map(Vec::as_slice)
    }
}
