//! What the app wants done outside: plain data that `tui` carries out.

use std::path::PathBuf;

use super::ExportTo;
use crate::model::exec::{ContainerKey, Join};
use crate::model::fact::Need;
use crate::model::key::{Namespaces, ObjectKey, Session};
use crate::model::log::{BlockId, Follow, Older, Stored};
use crate::model::mutation::{Mutation, Prepared};
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
    /// Have the server try these writes, which changes nothing.
    Prepare {
        /// Tells the answers from those to another question.
        review: u32,
        /// What is meant.
        mutations: Vec<Mutation>,
    },
    /// Send these writes, which a person has confirmed.
    Execute {
        /// The session in which they were tried; in another one nothing is sent.
        session: Session,
        /// What is sent, in this order.
        writes: Vec<Prepared>,
        /// Nothing more is sent behind one that fails.
        stops: bool,
    },
    /// Write this line to the journal.
    Journal(String),
    /// Keep this text on disk, in place of what is kept under its name.
    SaveDraft {
        /// Its name.
        name: String,
        /// What is kept, as JSON.
        content: String,
    },
    /// Keep the text of this name no more.
    DropDraft(String),
    /// Give this text to the user's own editor.
    EditOutside(String),
    /// Ask the server what the fields of objects are.
    ReadSchemas,
    /// Ask for the names in this namespace that a text may want.
    ReadNames(String),
    /// Read manifests from this file or folder.
    ReadManifests(PathBuf),
    /// Join the terminal to a container, until what runs there ends or is left.
    Join {
        /// The session in which the container was chosen; in another one nothing is sent.
        session: Session,
        /// Which container.
        to: ContainerKey,
        /// To what of it.
        join: Join,
    },
    /// Run a command in a container, and tell what it wrote when it has ended.
    RunCommand {
        /// The session in which the container was chosen; in another one nothing is sent.
        session: Session,
        /// Its number, by which the page is found that shows it.
        run: u64,
        /// Which container.
        to: ContainerKey,
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// Copy a file or folder out of a container into a new file.
    CopyOut {
        /// The session in which the container was chosen; in another one nothing is sent.
        session: Session,
        /// Which container.
        from: ContainerKey,
        /// The path there.
        path: String,
        /// The file here; one of the same name in the working directory where None.
        to: Option<PathBuf>,
    },
    /// Stop the copy that is under way; nothing is left of it.
    StopCopy,
    /// Give this text to the terminal's clipboard.
    Copy(String),
    /// Ask the server what triage needs.
    Ask(Vec<Need>),
    /// Call the person: these words, to where they are seen without looking at the screen.
    Notify(String),
    /// Go to the shell.
    Suspend,
    /// End the program.
    Quit,
}
