//! The journal: what was written, when and where, with the object before and after, so that it can be told and taken back.

use compact_str::CompactString;
use serde_json::{Value, json};

use super::clock::Time;
use super::key::Uid;
use super::mutation::{Address, Mutation, Written};

/// One write that the server accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When its answer came.
    pub time: Time,
    /// The context.
    pub context: CompactString,
    /// Those that were confirmed together have the same number.
    pub group: u32,
    /// What was done, as a word: `suspended`.
    pub done: &'static str,
    /// To what: the object that was made, changed or deleted.
    pub target: Address,
    /// Its UID after it, or before it where it was deleted.
    pub uid: Option<Uid>,
    /// The object before, without the values of Secrets; None where there was none.
    pub before: Option<Value>,
    /// The object after; None where it was deleted.
    pub after: Option<Value>,
}

impl Entry {
    /// What was written. The caller has taken the values of Secrets out of `stored`.
    pub fn new(time: Time, context: &CompactString, group: u32, mutation: &Mutation, stored: Written) -> Self {
        let Written { before, after } = stored;
        let object = after.as_ref().or(before.as_ref());
        let uid = object.and_then(|object| object["metadata"]["uid"].as_str()).map(Uid::new);
        let target = object.and_then(Address::of).unwrap_or_else(|| mutation.target.clone());
        Self { time, context: context.clone(), group, done: mutation.verb.done, target, uid, before, after }
    }

    /// One line of JSON.
    pub fn line(&self) -> String {
        let Address { api_version, kind, namespace, name } = &self.target;
        json!({
            "time": self.time.to_timestamp().to_string(),
            "context": self.context,
            "done": self.done,
            "apiVersion": api_version,
            "kind": kind,
            "namespace": namespace,
            "name": name,
            "before": self.before,
            "after": self.after,
        })
        .to_string()
    }
}
