//! The way to the server, kept up for a session: the first connection, and a new one whenever the login runs out.
//!
//! A connection that fails is tried again for ever, with growing waits. A renewal reads the kubeconfig again, keeps to
//! the context and the server that the session began with, and changes nothing for those who hold the client.

use std::time::Duration;

use tokio::sync::mpsc;

use super::connect::{self, Connection, Place, Target};
use super::credential::Credential;
use super::login::Login;
use super::watch::watch_all;
use super::{Report, access};
use crate::model::clock::{Clock, SystemClock, Time};
use crate::model::delta::{Cause, Failure};
use crate::model::key::Session;

/// The first wait before a connection is tried again; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait: login helpers are programs, and servers behind them lock accounts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A login is renewed so many seconds before it runs out.
const EARLY: i64 = 60;

/// A login that lives for less than that is renewed so often, in seconds.
const SHORTEST_LIFE: i64 = 10;

/// What keeps a session connected.
pub(super) struct Link {
    pub(super) target: Target,
    pub(super) session: Session,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) login: Login,
    /// A person wants to log in now, perhaps with a credential that a helper gave on the terminal.
    pub(super) asked: mpsc::Receiver<Option<Credential>>,
    /// The server that the session began with; None before that.
    pub(super) server: Option<String>,
}

impl Link {
    /// Connects and watches until the task is dropped.
    pub(super) async fn run(mut self) {
        let session = self.session;
        let (names, chosen) = connect::contexts(&self.target);
        if let Some(context) = &chosen {
            self.keep_to(context);
        }
        if self.reports.send(Report::Contexts { session, names, chosen }).await.is_err() {
            return;
        }
        let mut connection = self.connect(None).await;
        self.login.replace(connection.client.clone());
        let client = self.login.client();
        connection.namespaces = access::workable(&client, &connection, &self.target).await;
        self.server = Some(connection.server.clone());
        self.keep_to(&connection.context);
        self.tell_connected(&connection).await;
        let (login, reports) = (self.login.clone(), self.reports.clone());
        let (namespaces, scope) = (connection.namespaces.clone(), self.target.scope.clone());
        tokio::join!(watch_all(&login, &namespaces, &scope, session, &reports), self.renew(connection));
    }

    /// Renews the login when it is refused, about to run out, or when a person wants it.
    async fn renew(mut self, mut connection: Connection) {
        let mut repeats = 0;
        loop {
            let since = SystemClock.now();
            let mut is_refused = false;
            let mut asked = tokio::select! {
                Some(asked) = self.asked.recv() => asked,
                () = self.login.refused() => {
                    is_refused = true;
                    let is_lasting = SystemClock.now().seconds_since(since) > LONGEST_WAIT.as_secs().cast_signed();
                    repeats = if is_lasting { 0 } else { repeats + 1 };
                    self.pause(wait(repeats)).await
                }
                () = near_end(connection.valid_until) => None,
            };
            let login = self.login.clone();
            let renewed = tokio::select! {
                renewed = self.connect(asked.take()) => Some(renewed),
                () = login.accepted_again(), if is_refused => None,
            };
            if let Some(renewed) = renewed {
                connection = Connection { namespaces: connection.namespaces, ..renewed };
                self.login.replace(connection.client.clone());
            }
            self.tell_connected(&connection).await;
        }
    }

    /// The kubeconfig's current context may change while we run; this session's must not.
    fn keep_to(&mut self, context: &str) {
        if let Place::Kubeconfig(choice) = &mut self.target.place {
            choice.context = Some(context.to_owned());
        }
    }

    /// Tries until there is a connection; each failure is told.
    async fn connect(&mut self, mut asked: Option<Credential>) -> Connection {
        let mut failures = 0;
        loop {
            let tried = connect::connect(&self.target, asked.take()).await;
            let failure = match tried.and_then(|connection| self.same_server(connection)) {
                Ok(connection) => return connection,
                Err(failure) => failure,
            };
            let delay = wait(failures);
            failures += 1;
            let retry_at = SystemClock.now().plus_seconds(delay.as_secs().cast_signed());
            drop(self.reports.send(Report::NotConnected { session: self.session, failure, retry_at }).await);
            asked = self.pause(delay).await;
        }
    }

    /// Waits; less where a person wants to log in meanwhile.
    async fn pause(&mut self, delay: Duration) -> Option<Credential> {
        tokio::select! {
            Some(asked) = self.asked.recv() => asked,
            () = tokio::time::sleep(delay) => None,
        }
    }

    /// Objects of another cluster must not be shown beside those of this one.
    fn same_server(&self, connection: Connection) -> Result<Connection, Failure> {
        match &self.server {
            Some(server) if *server != connection.server => Err(Failure {
                cause: Cause::Config,
                message: format!("context {} leads to another server now: {}", connection.context, connection.server),
                hint: format!("type :ctx {} to go there", connection.context),
            }),
            _ => Ok(connection),
        }
    }

    async fn tell_connected(&self, connection: &Connection) {
        let report = Report::Connected {
            session: self.session,
            context: connection.context.clone(),
            namespaces: connection.namespaces.clone(),
        };
        // Nobody listens any more: the task is about to be dropped.
        drop(self.reports.send(report).await);
    }
}

/// The wait after so many failures in a row.
fn wait(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << failures.min(8)).min(LONGEST_WAIT)
}

/// Waits until a login is about to run out, and without end where that is not known.
async fn near_end(valid_until: Option<Time>) {
    match valid_until {
        Some(end) => {
            let left = end.seconds_since(SystemClock.now()) - EARLY;
            tokio::time::sleep(Duration::from_secs(left.max(SHORTEST_LIFE).unsigned_abs())).await;
        }
        None => std::future::pending().await,
    }
}
