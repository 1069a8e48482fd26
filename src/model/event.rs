//! Events: what controllers, scheduler and kubelet said about an object.

use compact_str::CompactString;

use super::clock::Time;
use super::key::{Kind, Uid};
use super::meta::{Meta, Object};

/// What is kept of an Event (events.k8s.io/v1; core/v1 has the same facts under other names).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Identity of the event itself.
    pub meta: Meta,
    /// `regarding.uid`: whom it is about. For Nodes [`Event::about_node`], since the kubelet writes the name as UID.
    pub about: Uid,
    /// `regarding.kind`. Events about what kubatch does not watch are not kept.
    pub about_kind: Option<Kind>,
    /// `regarding.kind` and name, such as `job/settle-2990`, for events whose object is gone or not watched.
    pub about_name: CompactString,
    /// `reason`, one word such as `FailedCreate`.
    pub reason: CompactString,
    /// `note`, the message.
    pub note: CompactString,
    /// `type` is `Warning`.
    pub is_warning: bool,
    /// How often it was seen: `series.count`, `deprecatedCount`, at least 1.
    pub count: i32,
    /// When it was seen last.
    pub last: Option<Time>,
}

impl Object for Event {
    const KIND: Kind = Kind::Event;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Event {
    /// What stands for the UID of this node in events about it: some authors write its UID there, others its name.
    pub fn about_node(name: &str) -> Uid {
        Uid::new(&format!("node/{name}"))
    }
}
