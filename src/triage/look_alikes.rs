//! For every rule a fault that it finds, and what resembles that fault and is none of it. A look-alike is the fault
//! with one object changed, come or gone, so that nothing else tells the two apart. The tables stand with the families.

use std::collections::BTreeSet;

use serde_json::Value;

use super::tests::found;
use super::{RULES, crons, ending, held, leftover, outcome, placing, refused, starting, stuck};

/// A fault, and what looks like it.
pub(super) struct Fault {
    /// The rule that finds it, and must not find what looks like it.
    pub(super) rule: &'static str,
    /// What is examined: `Job/etl`.
    pub(super) about: &'static str,
    /// The moment.
    pub(super) now: &'static str,
    pub(super) objects: Vec<Value>,
    pub(super) look_alikes: Vec<LookAlike>,
}

/// What it is, how it differs from the fault, and all that is found of it instead.
pub(super) type LookAlike = (&'static str, Change, &'static [&'static str]);

/// The one difference, by the number of the object.
pub(super) enum Change {
    /// An object has other fields, as a merge patch.
    Merge(usize, Value),
    /// An object has another value at this place, which it has already.
    Set(usize, &'static str, Value),
    /// There is one more.
    Add(Value),
    /// There is one less.
    Without(usize),
}

impl Change {
    fn of(self, objects: &[Value]) -> Vec<Value> {
        let mut objects = objects.to_vec();
        match self {
            Self::Merge(at, patch) => json_patch::merge(&mut objects[at], &patch),
            Self::Set(at, place, value) => *objects[at].pointer_mut(place).unwrap() = value,
            Self::Add(object) => objects.push(object),
            Self::Without(at) => drop(objects.remove(at)),
        }
        objects
    }
}

/// A fault of `Job/etl` at noon, as most scenes have it.
pub(super) fn fault(rule: &'static str, objects: Vec<Value>, look_alikes: Vec<LookAlike>) -> Fault {
    Fault { rule, about: "Job/etl", now: "2026-05-04T12:00:00Z", objects, look_alikes }
}

fn all() -> Vec<Fault> {
    let families = [
        held::look_alikes::faults(),
        refused::look_alikes::faults(),
        placing::look_alikes::faults(),
        starting::look_alikes::faults(),
        ending::look_alikes::faults(),
        outcome::look_alikes::faults(),
        stuck::look_alikes::faults(),
        leftover::look_alikes::faults(),
        crons::look_alikes::faults(),
    ];
    families.into_iter().flatten().collect()
}

#[test]
fn what_looks_like_a_fault_is_not_taken_for_it() {
    let mut wrong = Vec::new();
    for Fault { rule, about, now, objects, look_alikes } in all() {
        let ids = |objects: &[Value]| found(objects, about, now).iter().map(|one| one.rule.0).collect::<Vec<_>>();
        let of_fault = ids(&objects);
        if !of_fault.contains(&rule) {
            wrong.push(format!("{rule}: the fault is told as {of_fault:?}"));
        }
        for (name, change, instead) in look_alikes {
            let told = ids(&change.of(&objects));
            if told != instead || told.contains(&rule) {
                wrong.push(format!("{rule}, {name}: {told:?} instead of {instead:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_fault_and_what_looks_like_it() {
    let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.id.0).collect();
    let faults = all().into_iter().filter(|fault| !fault.look_alikes.is_empty());
    assert_eq!(faults.map(|fault| fault.rule).collect::<BTreeSet<_>>(), rules);
}
