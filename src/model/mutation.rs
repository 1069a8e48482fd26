//! Writes as data: what is to become of which object. `command` plans them, `cluster::execute` works out the requests and
//! has the server try them, `app` asks a person, and what was confirmed is sent exactly as it was shown.

use compact_str::CompactString;
use serde_json::Value;

use super::delta::Failure;
use super::exec::DebugContainer;
use super::key::{Kind, ObjectKey, Uid};
use super::owner::Subject;
use super::snapshot::Snapshot;

/// Where an object of any kind is, those included that kubatch does not watch: what manifests say of themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// `apiVersion`: `batch/v1`.
    pub api_version: CompactString,
    /// `kind`: `Job`.
    pub kind: CompactString,
    /// `metadata.namespace`; empty for kinds that live in none, and where a manifest leaves it open.
    pub namespace: CompactString,
    /// `metadata.name`.
    pub name: CompactString,
}

impl Address {
    /// What an object says of itself; None where it lacks its `apiVersion` or its `kind`.
    pub fn of(object: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().into();
        let (api_version, kind) = (object["apiVersion"].as_str()?.into(), object["kind"].as_str()?.into());
        let meta = &object["metadata"];
        Some(Self { api_version, kind, namespace: text(&meta["namespace"]), name: text(&meta["name"]) })
    }

    /// The kind, where it is one that kubatch watches.
    pub fn known(&self) -> Option<Kind> {
        Kind::from_api(&self.api_version, &self.kind).filter(|_| self.api_version.ends_with("v1"))
    }
}

impl From<ObjectKey> for Address {
    fn from(key: ObjectKey) -> Self {
        let group = key.kind.group();
        let api_version = if group.is_empty() { "v1".into() } else { compact_str::format_compact!("{group}/v1") };
        Self { api_version, kind: key.kind.name().into(), namespace: key.namespace, name: key.name }
    }
}

impl std::fmt::Display for Address {
    /// `job/settle-2990`, the form that kubectl takes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.to_lowercase(), self.name)
    }
}

/// One write to one object, as it is meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutation {
    /// What is done, in words.
    pub verb: Verb,
    /// To what; for a creation, what is created.
    pub target: Address,
    /// The object that is meant: the server refuses where another one has its name by now. None where it does not exist
    /// yet, and where whichever has the name is meant.
    pub uid: Option<Uid>,
    /// What is to become of it.
    pub change: Change,
}

/// What is done, in three forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    /// For "cannot …" and for questions: `suspend`.
    pub plain: &'static str,
    /// What the row says until the watch shows it: `suspending`.
    pub doing: &'static str,
    /// What was done: `suspended`.
    pub done: &'static str,
}

/// What is to become of an object. Never "the other one": what a person saw and confirmed is what is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Sets fields: a JSON merge patch (RFC 7396).
    Merge {
        /// The fields.
        patch: Value,
        /// The `resourceVersion` that it was made on: the server refuses where the object has changed since. None sets
        /// the values whatever else has changed.
        version: Option<String>,
    },
    /// Server-side apply of a whole manifest, under kubatch's own field manager.
    Apply {
        /// The manifest.
        object: Value,
        /// Takes over the fields that other managers own.
        is_forced: bool,
    },
    /// Makes it.
    Create(Value),
    /// Deletes it, waits until it is gone, and makes another one in its place: what is immutable cannot be changed
    /// otherwise.
    Replace {
        /// The new one; None is one like it.
        object: Option<Value>,
        /// What differs in the new one: a JSON merge patch.
        patch: Value,
    },
    /// Makes a Job from the CronJob's template.
    Trigger {
        /// The Job's name.
        name: CompactString,
        /// What differs in it from the template: a JSON merge patch.
        patch: Value,
    },
    /// Makes a Job like this one.
    Rerun {
        /// The new Job's name.
        name: CompactString,
        /// It belongs to the same CronJob as the one before.
        keeps_owner: bool,
        /// What differs in it: a JSON merge patch.
        patch: Value,
    },
    /// Deletes it.
    Delete(Cascade),
    /// Deletes the Pod where its disruption budgets allow it.
    Evict,
    /// Puts a container into a running Pod to look around in it.
    Debug(Box<DebugContainer>),
}

/// What becomes of what an object owns when it is deleted (`propagationPolicy`). A Job that is deleted without saying
/// leaves its pods behind, so that it is always said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cascade {
    /// The object goes at once, what it owns follows.
    #[default]
    Background,
    /// What it owns goes first.
    Foreground,
    /// What it owns stays, without an owner.
    Orphan,
}

impl Cascade {
    /// Every choice.
    pub const ALL: [Cascade; 3] = [Cascade::Background, Cascade::Foreground, Cascade::Orphan];

    /// The API's word.
    pub const fn policy(self) -> &'static str {
        match self {
            Cascade::Background => "Background",
            Cascade::Foreground => "Foreground",
            Cascade::Orphan => "Orphan",
        }
    }
}

impl std::fmt::Display for Mutation {
    /// `suspend job/settle-2990`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb.plain, self.target)
    }
}

/// A write that the server has tried (`dryRun=All`): what is sent once it is confirmed, to the letter, and what comes of
/// it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// What was meant.
    pub mutation: Mutation,
    /// The object as it is; None where there is none yet.
    pub before: Option<Value>,
    /// The object as it was asked for, without what the server adds; None for a deletion.
    pub sent: Option<Value>,
    /// The object as the server would store it; None for a deletion.
    pub after: Option<Value>,
    /// Why the server could not try it beforehand, in its words: `after` is then what was asked for. None where it has
    /// tried it.
    pub untried: Option<String>,
    /// What the server warns of (`Warning` headers): deprecations, words of admission webhooks.
    pub warnings: Vec<String>,
    /// What is sent, in this order.
    pub requests: Vec<Request>,
}

/// One request of a write.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The path on the server: of the object, or of its collection where it is created.
    pub path: String,
    /// What is sent there.
    pub send: Send,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Send {
    /// PATCH with a JSON merge patch.
    Merge(Value),
    /// PATCH with a strategic merge patch, which adds to lists that have keys.
    Extend(Value),
    /// PATCH with a manifest, for server-side apply; forced where it is true.
    Apply(Value, bool),
    /// POST of an object.
    Create(Value),
    /// DELETE with these options (`meta/v1 DeleteOptions`).
    Delete(Value),
    /// Nothing: waits until the object with this UID is gone from the path.
    AwaitGone(Uid),
    /// POST of a `policy/v1 Eviction`.
    Evict(Value),
}

/// What the server stored, or that it deletes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Written {
    /// The object as it was before; None where there was none.
    pub before: Option<Value>,
    /// The object as it is now; None where it was deleted.
    pub after: Option<Value>,
}

/// Why the server does not take a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// In words, with the next step.
    pub failure: Failure,
    /// What can be done about it.
    pub reason: Reason,
    /// The fields that the server names, each with its words.
    pub fields: Vec<(String, String)>,
}

/// What kind of refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The object has changed since it was read (409).
    Changed,
    /// Other managers own these fields (409 of server-side apply).
    Owned,
    /// An object of this name exists already (409).
    Exists,
    /// The server finds the object invalid (422, or 400 for fields that it does not know).
    Invalid,
    /// An answer did not come: it may have been done.
    InDoubt,
    /// Something on the server does not take part in dry runs: an admission webhook with side effects (400).
    Untriable,
    /// Anything else.
    Other,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, reason: Reason::Other, fields: Vec::new() }
    }
}

/// What the watch must show before a write counts as done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// The object of this kind.
    Made(Kind, Uid),
    /// The object of this kind at this `resourceVersion` or a later one.
    At(Kind, Uid, u64),
    /// The object of this kind is gone, or on its way.
    Going(Kind, Uid),
}

impl Sign {
    /// The sign of a write that the server accepted; None where the object is of a kind that is not watched, so that the
    /// server's answer has to do.
    pub fn of(stored: &Written) -> Option<Self> {
        let object = stored.after.as_ref().or(stored.before.as_ref())?;
        let kind = Address::of(object)?.known()?;
        let uid = Uid::new(object["metadata"]["uid"].as_str()?);
        let is_another = |before: &Value| before["metadata"]["uid"] != object["metadata"]["uid"];
        match &stored.after {
            // A replacement too: that the watch does not know it yet does not mean that it is gone again.
            Some(_) if stored.before.as_ref().is_none_or(is_another) => Some(Sign::Made(kind, uid)),
            Some(after) => {
                let version = after["metadata"]["resourceVersion"].as_str()?.parse().ok()?;
                Some(Sign::At(kind, uid, version))
            }
            None => Some(Sign::Going(kind, uid)),
        }
    }

    /// Whether the snapshot shows it; None where the object was deleted meanwhile, so that it never will.
    pub fn is_seen(&self, snapshot: &Snapshot) -> Option<bool> {
        let meta = |kind, uid| snapshot.meta_of(Subject { kind, uid });
        match *self {
            Sign::Made(kind, uid) => Some(meta(kind, uid).is_some()),
            Sign::At(kind, uid, version) => meta(kind, uid).map(|meta| meta.version >= version),
            Sign::Going(kind, uid) => Some(meta(kind, uid).is_none_or(|meta| meta.deleted.is_some())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_replacement_is_a_new_object_and_not_a_change_of_the_one_before() {
        let object = |uid: &str, version: &str| {
            let metadata = json!({ "name": "etl", "namespace": "data", "uid": uid, "resourceVersion": version });
            Some(json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata }))
        };
        let sign = |before, after| Sign::of(&Written { before, after });
        let (one, two) = (Uid::new("1"), Uid::new("2"));
        assert_eq!(sign(object("1", "7"), object("1", "8")), Some(Sign::At(Kind::Job, one, 8)));
        assert_eq!(sign(object("1", "7"), object("2", "9")), Some(Sign::Made(Kind::Job, two)));
        assert_eq!(sign(None, object("2", "9")), Some(Sign::Made(Kind::Job, two)));
        assert_eq!(sign(object("1", "7"), None), Some(Sign::Going(Kind::Job, one)));
        let replaced = Sign::Made(Kind::Job, two);
        assert_eq!(replaced.is_seen(&Snapshot::default()), Some(false), "it is waited for");
    }
}
