//! The engine: the only module that talks to an API server.
//!
//! It owns connecting, watching, log streams and requests, and tells what it learns as [`Report`]s through one bounded
//! channel. It knows nothing of screens. `tui` and `cli` start it; the embedded cluster is reached through [`connect`].
#![expect(clippy::disallowed_methods, reason = "background tasks begin here")]

mod access;
pub mod connect;
pub mod credential;
pub mod error;
pub mod execute;
pub mod kubeconfig;
mod link;
mod login;
pub mod logs;
pub mod scope;
pub mod slim;
pub mod usage;
pub mod watch;
pub mod wire;

use compact_str::CompactString;
use tokio::sync::mpsc;

use crate::model::clock::Time;
use crate::model::delta::{Delta, Failure};
use crate::model::key::{Kind, Namespaces, ObjectKey, Session};
use crate::model::log::{Follow, LogChange, LogSource, Older};
use crate::model::mutation::Mutation;
use crate::model::usage::{PodUsage, UsageScope};

/// What the engine tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The way to the server is known and watches start, or the login was renewed and they go on.
    Connected {
        /// The session that is connected.
        session: Session,
        /// The context's name, or what stands for it.
        context: CompactString,
        /// The namespaces that are watched.
        namespaces: Namespaces,
    },
    /// The contexts that the kubeconfig has, in its order.
    Contexts {
        /// The session that read it.
        session: Session,
        /// Their names.
        names: Vec<CompactString>,
        /// The one that is meant; None where that is not known.
        chosen: Option<CompactString>,
    },
    /// There is no way to a server, or none any more. It is tried again.
    NotConnected {
        /// The session that failed.
        session: Session,
        /// Why.
        failure: Failure,
        /// When the next attempt starts.
        retry_at: Time,
    },
    /// Objects changed, or a watch failed.
    Changed(Delta),
    /// A log stream told something.
    Log {
        /// The session of the stream.
        session: Session,
        /// Which stream.
        source: LogSource,
        /// Which of its streams: [`Follow::stream`].
        stream: u64,
        /// What it told.
        change: LogChange,
    },
    /// What the pods that were asked for use.
    Usage {
        /// The session it was asked in.
        session: Session,
        /// Whose it is.
        scope: UsageScope,
        /// What was measured; none where the server has no metrics.
        pods: Vec<PodUsage>,
    },
    /// The object that was asked for.
    Fetched {
        /// The session it was asked in.
        session: Session,
        /// Which object.
        key: ObjectKey,
        /// The object, or why it cannot be had.
        object: Result<serde_json::Value, Failure>,
    },
    /// The server's answer to a write.
    Done {
        /// The session it was sent in.
        session: Session,
        /// What was sent.
        mutation: Mutation,
        /// Accepted, or why not.
        outcome: Result<(), Failure>,
    },
}

/// How many reports wait for the screen before the watchers pause. A report holds up to
/// [`watch::BATCH`] changes, so that this bounds what is in flight at a few megabytes.
pub const REPORTS: usize = 64;

/// A running session: its tasks end when it is dropped.
pub struct Engine {
    session: Session,
    reports: mpsc::Sender<Report>,
    client: kube::Client,
    logins: mpsc::Sender<Option<credential::Credential>>,
    tasks: tokio::task::JoinSet<()>,
    streams: logs::Streams,
    /// Whose usage is measured, once that was asked for the first time.
    usage: Option<tokio::sync::watch::Sender<Option<UsageScope>>>,
}

impl Engine {
    /// Connects in the background and watches every kind. Returns at once; what happens is told in `reports`.
    pub fn start(target: connect::Target, session: Session, reports: mpsc::Sender<Report>) -> Self {
        let login = login::Login::default();
        let client = login.client();
        // One is enough: a second wish to log in, made before the first is seen, says nothing new.
        let (logins, asked) = mpsc::channel(1);
        let link = link::Link { target, session, reports: reports.clone(), login, asked, server: None };
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(link.run());
        Self { session, reports, client, logins, tasks, streams: logs::Streams::default(), usage: None }
    }

    /// Renews the login at once: with what a helper gave on the terminal, or from the kubeconfig as it is now.
    pub fn log_in(&self, credential: Option<credential::Credential>) {
        // A full channel holds the same wish.
        let _ = self.logins.try_send(credential);
    }

    /// Follows exactly these logs: streams that are not among them end, new ones start.
    pub fn follow_logs(&mut self, logs: Vec<Follow>) {
        self.streams.set(&logs, self.session, &self.client, &self.reports);
    }

    /// Reads lines that lie before those that are known; the answer is a [`Report::Log`] with [`LogChange::Older`] or
    /// [`LogChange::NoOlder`].
    pub fn fetch_older(&mut self, older: Older) {
        self.tasks.spawn(self.streams.older(older, self.session, self.client.clone(), self.reports.clone()));
    }

    /// Reads one log apart from those that are followed, into a channel of its own, as fast as it is taken from there.
    pub fn read_log(&mut self, log: Follow, until: logs::Until) -> mpsc::Receiver<logs::LogPart> {
        logs::read(&self.client, log, until, self.session, &mut self.tasks)
    }

    /// The names of a kind's objects in a namespace, the first five hundred: for who asked for one that is not there.
    ///
    /// # Errors
    /// Where the server refuses or does not answer.
    pub async fn names(&self, kind: Kind, namespace: &str) -> Result<Vec<CompactString>, Failure> {
        execute::names(&self.client, kind, namespace).await
    }

    /// Measures what the pods of this scope use, again and again, until another one is given; the answers are
    /// [`Report::Usage`].
    pub fn measure_usage(&mut self, scope: Option<UsageScope>) {
        if let Some(wanted) = &self.usage {
            wanted.send_replace(scope);
            return;
        }
        let (wanted, scopes) = tokio::sync::watch::channel(scope);
        self.tasks.spawn(usage::measure(self.client.clone(), self.session, scopes, self.reports.clone()));
        self.usage = Some(wanted);
    }

    /// Fetches an object whole; the answer is a [`Report::Fetched`].
    pub fn fetch(&mut self, key: ObjectKey) {
        let (client, reports, session) = (self.client.clone(), self.reports.clone(), self.session);
        self.tasks.spawn(async move {
            let object = execute::fetch(&client, &key).await;
            drop(reports.send(Report::Fetched { session, key, object }).await);
        });
    }

    /// Sends these writes, one after the other; each is answered with a [`Report::Done`]. Those that were planned in
    /// another session are not sent: they mean another cluster. Once begun they outlive the session, since a switch of
    /// context must not cut a write in its middle.
    pub fn execute(&self, session: Session, mutations: Vec<Mutation>) {
        let client = (session == self.session).then(|| self.client.clone());
        let reports = self.reports.clone();
        tokio::spawn(async move {
            for mutation in mutations {
                let outcome = match &client {
                    Some(client) => execute::execute(client, &mutation).await,
                    None => Err(execute::no_connection(&mutation.to_string())),
                };
                drop(reports.send(Report::Done { session, mutation, outcome }).await);
            }
        });
    }
}
