//! What the app wants done outside: plain data that `tui` carries out.

use crate::model::key::{Namespaces, ObjectKey, Session};
use crate::model::log::LogSource;
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
    FollowLogs(Vec<LogSource>),
    /// Measure what these pods use, until told otherwise; None stops it.
    MeasureUsage(Option<UsageScope>),
    /// Fetch this object as YAML.
    FetchManifest(ObjectKey),
    /// Log in again, with the terminal where the login asks something.
    LogIn,
    /// Go to the shell.
    Suspend,
    /// End the program.
    Quit,
}
