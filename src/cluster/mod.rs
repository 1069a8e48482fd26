//! The engine: the only module that talks to an API server.
//!
//! It owns connecting, watching, log streams and requests, and tells what it learns as [`Report`]s through one bounded
//! channel. It knows nothing of screens. `tui` and `cli` start it; the embedded cluster is reached through [`connect`].
#![expect(clippy::disallowed_methods, reason = "background tasks begin here")]

pub mod connect;
pub mod error;
pub mod execute;
pub mod logs;
pub mod slim;
pub mod watch;
pub mod wire;

use compact_str::CompactString;
use tokio::sync::mpsc;

use crate::model::delta::{Delta, Failure};
use crate::model::key::{Namespaces, ObjectKey, Session};
use crate::model::log::{LogChange, LogSource};
use crate::model::mutation::Mutation;

/// What the engine tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The way to the server is known; watches start.
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
    },
    /// There is no way to a server: nothing is watched, and nothing will be before something changes outside.
    NotConnected {
        /// The session that failed.
        session: Session,
        /// Why.
        failure: Failure,
    },
    /// Objects changed, or a watch failed.
    Changed(Delta),
    /// A log stream told something.
    Log {
        /// The session of the stream.
        session: Session,
        /// Which stream.
        source: LogSource,
        /// What it told.
        change: LogChange,
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
    client: tokio::sync::watch::Receiver<Option<kube::Client>>,
    tasks: tokio::task::JoinSet<()>,
    streams: logs::Streams,
}

impl Engine {
    /// Connects in the background and watches every kind. Returns at once; what happens is told in `reports`.
    pub fn start(target: connect::Target, session: Session, reports: mpsc::Sender<Report>) -> Self {
        let (client_known, client) = tokio::sync::watch::channel(None);
        let mut tasks = tokio::task::JoinSet::new();
        let out = reports.clone();
        tasks.spawn(async move {
            let names = connect::contexts(&target);
            if out.send(Report::Contexts { session, names }).await.is_err() {
                return;
            }
            match connect::connect(&target).await {
                Ok(connection) => {
                    client_known.send_replace(Some(connection.client.clone()));
                    let connected = Report::Connected {
                        session,
                        context: connection.context.clone(),
                        namespaces: connection.namespaces.clone(),
                    };
                    if out.send(connected).await.is_ok() {
                        watch::watch_all(&connection, session, &out).await;
                    }
                }
                Err(failure) => drop(out.send(Report::NotConnected { session, failure }).await),
            }
        });
        Self { session, reports, client, tasks, streams: logs::Streams::default() }
    }

    /// Follows exactly these containers' logs: streams that are not in `sources` end, new ones start.
    pub fn follow_logs(&mut self, sources: Vec<LogSource>) {
        self.streams.set(&sources, self.session, &self.client, &self.reports);
    }

    /// Fetches an object whole; the answer is a [`Report::Fetched`].
    pub fn fetch(&mut self, key: ObjectKey) {
        let (client, reports, session) = (self.client.clone(), self.reports.clone(), self.session);
        self.tasks.spawn(async move {
            let current = client.borrow().clone();
            let object = match current {
                Some(client) => execute::fetch(&client, &key).await,
                None => Err(execute::no_connection(&format!("get {key}"))),
            };
            drop(reports.send(Report::Fetched { session, key, object }).await);
        });
    }

    /// Sends these writes, one after the other; each is answered with a [`Report::Done`]. Those that were planned in
    /// another session are not sent: they mean another cluster. Once begun they outlive the session, since a switch of
    /// context must not cut a write in its middle.
    pub fn execute(&self, session: Session, mutations: Vec<Mutation>) {
        let client = self.client.borrow().clone().filter(|_| session == self.session);
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
