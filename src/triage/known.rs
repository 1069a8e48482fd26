//! What triage may look at: the snapshot, and facts beyond it that were asked for.

use std::collections::HashMap;

use crate::model::clock::Time;
pub use crate::model::fact::{Answer, Fact, LastLine, Need, Run};
use crate::model::key::Kind;
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
    last_lines: HashMap<Run, LastLine>,
}

impl Facts {
    /// Takes in an answer.
    pub fn take(&mut self, need: Need, answer: Answer) {
        match (need, answer) {
            (Need::Object(address), Answer::Object(fact)) => self.put(address, fact),
            (Need::Tail { run, .. }, Answer::Tail(lines)) => self.put_tail(run, lines),
            (Need::LastLine { run, .. }, Answer::LastLine(last)) => drop(self.last_lines.insert(run, last)),
            // An answer to another question.
            _ => {}
        }
    }

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

    /// When a run that goes on said something last; None before it was asked for.
    pub fn last_line(&self, run: &Run) -> Option<LastLine> {
        self.last_lines.get(run).cloned()
    }

    /// The last lines of a run; None before they were asked for.
    pub fn tail(&self, run: &Run) -> Option<&[String]> {
        self.tails.get(run).map(Vec::as_slice)
    }
}
