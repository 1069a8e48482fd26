//! What reaches the app from outside: keys, the clock, the size of the terminal, and what the background tells.

use std::sync::Arc;

use compact_str::CompactString;

use super::{ExportOutcome, Mouse};
use crate::command::Key;
use crate::manifest::{Catalogue, Names};
use crate::model::clock::Time;
use crate::model::delta::{Delta, Failure};
use crate::model::exec::{CommandOutput, ContainerKey, CopyProgress};
use crate::model::fact::{Answer, Need};
use crate::model::key::{Namespaces, ObjectKey, Session};
use crate::model::log::{BlockId, LogChange, LogSource, Stored};
use crate::model::mutation::{Mutation, Prepared, Refused, Written};
use crate::model::owner::Subject;
use crate::model::usage::{PodUsage, UsageScope};

/// What is known of the fields of objects, shared: it is large.
#[derive(Debug, Clone)]
pub struct Schemas(pub Arc<Catalogue>);

impl PartialEq for Schemas {
    /// The very same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// One thing that happened. Messages of the background carry their session; those of others are dropped.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// The mouse was used, where the terminal is asked to tell: [`super::App::takes_mouse`].
    Mouse(Mouse),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resized(u16, u16),
    /// The time, at least once a second.
    Tick(Time),
    /// The way to the server is known.
    Connected {
        /// The session.
        session: Session,
        /// The context's name.
        context: CompactString,
        /// The namespaces that are watched.
        namespaces: Namespaces,
    },
    /// The contexts that can be switched to.
    Contexts {
        /// The session.
        session: Session,
        /// Their names.
        names: Vec<CompactString>,
        /// The one that is meant; None where that is not known.
        chosen: Option<CompactString>,
    },
    /// There is no way to a server, or none any more.
    NotConnected {
        /// The session.
        session: Session,
        /// Why.
        failure: Failure,
        /// When it is tried again.
        retry_at: Time,
    },
    /// Objects changed, or a watch failed.
    Changed(Delta),
    /// A log stream told something.
    Log {
        /// The session.
        session: Session,
        /// Which stream.
        source: LogSource,
        /// Which of its streams: [`crate::model::log::Follow::stream`].
        stream: u64,
        /// What it told.
        change: LogChange,
    },
    /// The object that was asked for.
    Fetched {
        /// The session.
        session: Session,
        /// Which object.
        key: ObjectKey,
        /// The object, or why it cannot be had.
        object: Result<serde_json::Value, Failure>,
    },
    /// A login that a key asked for did not succeed.
    LoginFailed(Failure),
    /// What the pods on screen use was measured.
    Usage {
        /// The session.
        session: Session,
        /// Whose it is.
        scope: UsageScope,
        /// What was measured; none where the server has no metrics.
        pods: Vec<PodUsage>,
    },
    /// The server has tried a write.
    Prepared {
        /// The session it was asked in.
        session: Session,
        /// The number that was given with the question.
        review: u32,
        /// Which of the writes.
        at: usize,
        /// What would come of it, or why the server does not take it.
        outcome: Result<Box<Prepared>, Refused>,
    },
    /// The server's answer to a write. It is told even where the session is another one by now.
    EffectDone {
        /// The session it was sent in.
        session: Session,
        /// What was sent.
        mutation: Mutation,
        /// What was accepted, which is not done yet; or why not.
        outcome: Result<Written, Refused>,
    },
    /// The terminal is ours again that was joined to a container.
    Joined {
        /// Which container.
        to: ContainerKey,
        /// The exit code of what ran there, or why it was left or never reached.
        ended: Result<i32, Failure>,
    },
    /// A command that was run in a container has ended, or was left.
    CommandEnded {
        /// The session it was run in.
        session: Session,
        /// Its number.
        run: u64,
        /// What it told, or why it was not run.
        output: Result<CommandOutput, Failure>,
    },
    /// What is copied out of a container goes on, or has ended.
    Copied(CopyProgress),
    /// A part of a log was written away, or could not be; the words say why.
    LogWritten {
        /// On whose shelf it is.
        root: Subject,
        /// Which part.
        id: BlockId,
        /// Where it is now.
        stored: Result<Stored, String>,
    },
    /// A part of a log is back, or could not be read; the words say why.
    LogFetched {
        /// On whose shelf it is.
        root: Subject,
        /// Which part.
        id: BlockId,
        /// The part.
        bytes: Result<Vec<u8>, String>,
    },
    /// Lines of a log were given away, or could not be.
    LogExported {
        /// What became of them.
        outcome: ExportOutcome,
        /// They were the last.
        is_last: bool,
    },
    /// What came back from the user's own editor, or why nothing did.
    EditedOutside(Result<String, String>),
    /// What the fields of objects are, from the server.
    Schemas {
        /// The session it was asked in.
        session: Session,
        /// What they are.
        schemas: Schemas,
    },
    /// Names that exist in the namespace of what is edited.
    Names {
        /// The session it was asked in.
        session: Session,
        /// The names.
        names: Names,
    },
    /// Manifests were read from files.
    ManifestsRead {
        /// What they are, for the editor's title.
        title: String,
        /// The text, or why it cannot be read.
        text: Result<String, String>,
    },
    /// A line could not be written to the journal; the words say why.
    JournalLost(String),
    /// There is time to go on with what [`super::App::is_searching`] tells of.
    Continue,
    /// An answer to what triage asked.
    Answered {
        /// The session it was asked in.
        session: Session,
        /// What was asked.
        need: Need,
        /// What became of it.
        answer: Answer,
    },
    /// A background task died; its panic's words. The session goes on without it.
    TaskPanicked(String),
}
