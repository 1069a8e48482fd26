//! What the app wants done outside: plain data that `tui` carries out.

use super::ExportTo;
use crate::model::key::{Namespaces, ObjectKey, Session};
use crate::model::log::{BlockId, Follow, Older, Stored};
use crate::model::mutation::Mutation;
use crate::model::owner::Subject;
use crate::model::usage::UsageScope;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// End the session that runs and start this one.
    Connect {
        /// The new session.
        session: Session,
        /// The context; None keeps it.
        context: Option<String>,
        /// The namespaces; None leaves the choice to the context.
        namespaces: Option<Namespaces>,
    },
    /// Follow exactly these logs.
    FollowLogs(Vec<Follow>),
    /// Read lines before those that are known.
    ReadOlder(Older),
    /// Write this part of a log to where it takes no memory.
    WriteLog {
        /// On whose shelf it is.
        root: Subject,
        /// Which part.
        id: BlockId,
        /// The part.
        bytes: Vec<u8>,
    },
    /// What lies here of a log is wanted no more: the room is free.
    FreeLog(Stored),
    /// Bring back a part of a log that was written away.
    FetchLog {
        /// On whose shelf it is.
        root: Subject,
        /// Which part.
        id: BlockId,
        /// Where it is.
        stored: Stored,
    },
    /// Give lines of a log away: to a file or to the pager.
    ExportLog {
        /// Where they go.
        to: ExportTo,
        /// The lines, each with its line break.
        bytes: Vec<u8>,
        /// It is the first piece: a file begins.
        is_first: bool,
        /// It is the last piece: the file is whole, and the pager starts.
        is_last: bool,
    },
    /// Measure what these pods use, until told otherwise; None stops it.
    MeasureUsage(Option<UsageScope>),
    /// Log in again, with the terminal where the login asks something.
    LogIn,
    /// Fetch this object whole.
    Fetch(ObjectKey),
    /// Send these writes, which a person has confirmed.
    Execute {
        /// The session in which they were planned; in another one nothing is sent.
        session: Session,
        /// What is sent, in this order.
        mutations: Vec<Mutation>,
    },
    /// Give this text to the terminal's clipboard.
    Copy(String),
    /// Go to the shell.
    Suspend,
    /// End the program.
    Quit,
}
