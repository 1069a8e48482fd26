//! Changes: what a background watcher tells of one kind, and why it failed where it did.

use super::claim::Claim;
use super::clock::Time;
use super::cronjob::CronJob;
use super::event::Event;
use super::foreign::ForeignPod;
use super::job::Job;
use super::key::{Kind, Session, Uid};
use super::limit_range::LimitRange;
use super::meta::Meta;
use super::node::Node;
use super::pod::Pod;
use super::quota::ResourceQuota;
use compact_str::CompactString;

/// A batch of changes from one watcher.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// The session the watcher belongs to.
    pub session: Session,
    /// What it watches.
    pub source: Source,
    /// In the order in which they happened.
    pub changes: Vec<Change>,
}

/// What one watcher watches.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    /// The kind.
    pub kind: Kind,
    /// The namespace; None is all of them.
    pub namespace: Option<CompactString>,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are upserts; a box would cost an allocation for each object")]
pub enum Change {
    /// These are all the objects there are: the answer to a list. Replaces what was known from the same source.
    Reset(Vec<Row>),
    /// The object is new or looks different now.
    Upsert(Row),
    /// The object with this UID is gone.
    Remove(Uid),
    /// Everything that exists has been told; from here on only changes follow.
    Synced,
    /// The watch broke. Nothing is forgotten; it is tried again at `retry_at`.
    Failed {
        /// Why.
        failure: Failure,
        /// When the next attempt starts.
        retry_at: Time,
    },
}

/// The row of an object of any watched kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A CronJob.
    CronJob(CronJob),
    /// A Job.
    Job(Job),
    /// A Pod of a Job.
    Pod(Pod),
    /// Any other Pod.
    ForeignPod(ForeignPod),
    /// An Event.
    Event(Event),
    /// A Namespace: nothing but its metadata.
    Namespace(Meta),
    /// A Node.
    Node(Node),
    /// A ResourceQuota.
    ResourceQuota(ResourceQuota),
    /// A LimitRange.
    LimitRange(LimitRange),
    /// A PersistentVolumeClaim.
    Claim(Claim),
    /// An object of which nothing is kept, such as an Event about a Service.
    Unkept(Uid),
}

/// Why a request failed, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure, for the program.
    pub cause: Cause,
    /// One sentence: what failed, with the thing it failed on.
    pub message: String,
    /// The next step for the person; empty where there is none.
    pub hint: String,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// 403: this user may not.
    Denied,
    /// 401 or a login that cannot be had: the server does not know who asks.
    Unauthorized,
    /// No answer: refused, unresolved, timed out, cut.
    Unreachable,
    /// TLS: the server's certificate is not trusted, or ours is not.
    Tls,
    /// An answer that says the server cannot now (429, 5xx).
    Busy,
    /// The object is not there (404), or the server lacks the API.
    NotFound,
    /// The configuration cannot be used: kubeconfig, context, flags.
    Config,
    /// Anything else, an answer that makes no sense included.
    Other,
}
