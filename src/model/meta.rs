//! What every object has: identity, owner, birth and death, labels.

use compact_str::CompactString;

use super::clock::Time;
use super::key::{Kind, ObjectKey, Uid};

/// The part of `metadata` that is shown or reasoned on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.namespace`; empty for kinds that live in no namespace.
    pub namespace: CompactString,
    /// `metadata.name`.
    pub name: CompactString,
    /// `metadata.resourceVersion` as a number, which Kubernetes' own servers make it: later states have larger ones
    /// (comparable by KEP-5504). 0 where it is none.
    pub version: u64,
    /// `metadata.creationTimestamp`.
    pub created: Option<Time>,
    /// `metadata.deletionTimestamp`: deletion was asked for, and something (a finalizer, running pods) delays it.
    pub deleted: Option<Time>,
    /// The owner reference with `controller: true`.
    pub owner: Option<Owner>,
    /// `metadata.labels`, without the four by which the Job controller repeats the Job's name and UID; the name's is kept
    /// on pods that their Job left behind, which have no owner.
    pub labels: Box<[(CompactString, CompactString)]>,
}

impl Meta {
    /// The UID of the owner.
    pub fn owner_uid(&self) -> Option<Uid> {
        self.owner.map(|owner| owner.uid)
    }
}

/// Who made an object and answers for it: the owner reference with `controller: true`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The owner's kind; None where kubatch does not watch that kind.
    pub kind: Option<Kind>,
    /// The owner's UID.
    pub uid: Uid,
}

/// Anything that has a UID and a name and is kept in a [`super::table::Table`].
pub trait Object {
    /// What it is.
    const KIND: Kind;

    /// Its metadata.
    fn meta(&self) -> &Meta;

    /// Its UID.
    fn uid(&self) -> Uid {
        self.meta().uid
    }

    /// Kind, namespace and name.
    fn key(&self) -> ObjectKey {
        let meta = self.meta();
        ObjectKey { kind: Self::KIND, namespace: meta.namespace.clone(), name: meta.name.clone() }
    }
}
