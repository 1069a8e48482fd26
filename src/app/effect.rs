//! What the app wants done outside: plain data that `tui` carries out.

use crate::model::key::{Namespaces, ObjectKey, Session};
use crate::model::log::Follow;
use crate::model::mutation::Mutation;
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
