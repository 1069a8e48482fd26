//! The engine: the only module that talks to an API server.
//!
//! It owns connecting, watching, log streams and requests, and tells what it learns as [`Report`]s through one bounded
//! channel. It knows nothing of screens. `tui` and `cli` start it; the embedded cluster is reached through [`connect`].
#![expect(clippy::disallowed_methods, reason = "background tasks begin here")]

mod access;
mod answer;
pub mod connect;
mod copy;
pub mod credential;
pub mod error;
mod exec;
pub mod execute;
pub mod kubeconfig;
mod link;
pub mod list;
mod login;
pub mod logs;
pub mod openapi;
pub mod scope;
pub mod slim;
pub mod usage;
pub mod watch;
pub mod wire;

pub use copy::CopyPart;
pub use exec::Reached;

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use compact_str::CompactString;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::manifest::{Catalogue, Names};
use crate::model::clock::Time;
use crate::model::delta::{Delta, Failure};
use crate::model::exec::{CommandOutput, ContainerKey, Join};
use crate::model::fact::{Answer, Need};
use crate::model::key::{Kind, Namespaces, ObjectKey, Session};
use crate::model::log::{Follow, LogChange, LogSource, Older};
use crate::model::mutation::{Mutation, Prepared, Refused, Written};
use crate::model::usage::{PodUsage, UsageScope};

/// What the engine tells.
#[derive(Debug, Clone)]
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
    /// What the fields of objects are.
    Schemas {
        /// The session it was asked in.
        session: Session,
        /// What they are.
        catalogue: Arc<Catalogue>,
    },
    /// Names that a manifest may want.
    Names {
        /// The session it was asked in.
        session: Session,
        /// The names.
        names: Names,
    },
    /// What the server says to a write that it tried.
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
    /// A command that was run in a container has ended, or was left.
    CommandEnded {
        /// The session it was run in.
        session: Session,
        /// Its number: [`Engine::run_command`].
        run: u64,
        /// What it told, or why it was not run.
        output: Result<CommandOutput, Failure>,
    },
    /// The server's answer to a question of triage's.
    Answered {
        /// The session it was asked in.
        session: Session,
        /// What was asked.
        need: Need,
        /// What became of it.
        answer: Answer,
    },
    /// The server's answer to a write.
    Done {
        /// The session it was sent in.
        session: Session,
        /// What was sent.
        mutation: Mutation,
        /// What was accepted, or why not.
        outcome: Result<Written, Refused>,
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
    /// The task that has writes tried.
    preparing: Option<tokio::task::AbortHandle>,
}

/// Writes that are under way at once: enough for hundreds of them on a slow line, and few for a server.
const AT_ONCE: usize = 8;

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
        Self {
            session,
            reports,
            client,
            logins,
            tasks,
            streams: logs::Streams::default(),
            usage: None,
            preparing: None,
        }
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

    /// Asks the server what triage needs; the answers are [`Report::Answered`], one for each question.
    pub fn ask(&mut self, needs: Vec<Need>) {
        for need in needs {
            let (answer, reports, session) = (self.answer(need), self.reports.clone(), self.session);
            self.tasks.spawn(async move {
                let (need, answer) = answer.await;
                drop(reports.send(Report::Answered { session, need, answer }).await);
            });
        }
    }

    /// Reads a list once.
    pub fn list(&self, wanted: list::Wanted) -> impl Future<Output = Delta> + use<> {
        let (client, session) = (self.client.clone(), self.session);
        async move { list::list(&client, session, wanted).await }
    }

    /// Asks the server one question of triage's.
    pub fn answer(&self, need: Need) -> impl Future<Output = (Need, Answer)> + use<> {
        let client = self.client.clone();
        async move {
            let answer = answer::answer(&client, &need).await;
            (need, answer)
        }
    }

    /// Joins a terminal to a container of this session's cluster; see [`Reached::talk`].
    ///
    /// # Errors
    /// Where the server refuses, nothing runs there, or the client is read-only and nothing was sent.
    pub fn join(
        &self,
        session: Session,
        to: ContainerKey,
        join: Join,
    ) -> impl Future<Output = Result<Reached, Failure>> + use<> {
        let client = self.client_of(session);
        async move {
            match client {
                Some(client) => exec::join(client, &to, join).await,
                None => Err(execute::no_connection(&format!("{} {to}", join.verb()))),
            }
        }
    }

    /// Runs a command in a container; the answer is a [`Report::CommandEnded`] with this number.
    pub fn run_command(&mut self, session: Session, run: u64, to: ContainerKey, command: Vec<String>) {
        let (client, reports) = (self.client_of(session), self.reports.clone());
        self.tasks.spawn(async move {
            let output = match client {
                Some(client) => exec::run(client, &to, &command).await,
                None => Err(execute::no_connection(&format!("run a command in {to}"))),
            };
            drop(reports.send(Report::CommandEnded { session, run, output }).await);
        });
    }

    /// Reads a file or folder of a container into a channel; it is cut off where the channel ends without
    /// [`CopyPart::Whole`] or [`CopyPart::Failed`]. The handle stops it.
    pub fn copy_out(
        &mut self,
        session: Session,
        from: ContainerKey,
        path: String,
    ) -> (mpsc::Receiver<CopyPart>, AbortHandle) {
        let (parts, told) = mpsc::channel(copy::PARTS);
        let client = self.client_of(session);
        let task = self.tasks.spawn(async move {
            match client {
                Some(client) => copy::copy(client, from, path, parts).await,
                None => {
                    let failure = execute::no_connection(&format!("copy from {from}"));
                    drop(parts.send(CopyPart::Failed(failure)).await);
                }
            }
        });
        (told, task)
    }

    /// The client; none for another session, which means another cluster.
    fn client_of(&self, session: Session) -> Option<kube::Client> {
        (session == self.session).then(|| self.client.clone())
    }

    /// Asks what the fields of the batch kinds and the core kinds are; the answer is a [`Report::Schemas`]. What the
    /// server has not changed since is read from the cache, a folder, where there is one.
    pub fn read_schemas(&mut self, cache: Option<PathBuf>) {
        let (client, reports, session) = (self.client.clone(), self.reports.clone(), self.session);
        self.tasks.spawn(async move {
            // Where the server tells nothing, what is built in has to do.
            if let Ok(catalogue) = openapi::catalogue(&client, cache).await {
                drop(reports.send(Report::Schemas { session, catalogue: Arc::new(catalogue) }).await);
            }
        });
    }

    /// Asks for the names in a namespace that a manifest may want; the answer is a [`Report::Names`].
    pub fn read_names(&mut self, namespace: String) {
        let (client, reports, session) = (self.client.clone(), self.reports.clone(), self.session);
        self.tasks.spawn(async move {
            let names = execute::wanted_names(&client, &namespace).await;
            drop(reports.send(Report::Names { session, names }).await);
        });
    }

    /// Has the server try these writes; each is answered with a [`Report::Prepared`]. Those that are still being tried
    /// for an earlier review are given up.
    pub fn prepare(&mut self, review: u32, mutations: Vec<Mutation>) {
        let (client, reports, session) = (self.client.clone(), self.reports.clone(), self.session);
        if let Some(before) = self.preparing.take() {
            before.abort();
        }
        self.preparing = Some(self.tasks.spawn(async move {
            let try_out = |(at, mutation)| {
                let client = client.clone();
                async move { (at, execute::prepare(&client, mutation).await.map(Box::new)) }
            };
            let mut tried = stream::iter(mutations.into_iter().enumerate()).map(try_out).buffer_unordered(AT_ONCE);
            while let Some((at, outcome)) = tried.next().await {
                drop(reports.send(Report::Prepared { session, review, at, outcome }).await);
            }
        }));
    }

    /// Sends these writes; each is answered with a [`Report::Done`]. Where they stop at the first error, they go one
    /// after the other, and those behind it are answered as not sent. Those that were tried in another session are not
    /// sent: they mean another cluster. Once begun they outlive the session, since a switch of context must not cut a
    /// write in its middle.
    pub fn execute(&self, session: Session, writes: Vec<Prepared>, stops: bool) {
        let client = self.client_of(session);
        let reports = self.reports.clone();
        tokio::spawn(async move {
            let has_failed = AtomicBool::new(false);
            let send = |write: Prepared| {
                let (client, has_failed) = (client.as_ref(), &has_failed);
                async move {
                    let outcome = match client {
                        Some(_) if stops && has_failed.load(Ordering::Relaxed) => Err(execute::not_sent(&write).into()),
                        Some(client) => execute::send(client, &write).await,
                        None => Err(execute::no_connection(&write.mutation.to_string()).into()),
                    };
                    has_failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                    (write.mutation, outcome)
                }
            };
            let at_once = if stops { 1 } else { AT_ONCE };
            let mut sent = pin!(stream::iter(writes).map(send).buffer_unordered(at_once));
            while let Some((mutation, outcome)) = sent.next().await {
                drop(reports.send(Report::Done { session, mutation, outcome }).await);
            }
        });
    }
}
