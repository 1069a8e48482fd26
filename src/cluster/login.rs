//! The session's client: one for everybody, whose inside is renewed when a login runs out.
//!
//! Watches, log streams and requests hold the client of [`Login::client`] and never learn of a renewal: the client that
//! is current is looked up for every request. It also bounds how long an answer may take, and notices refused logins.
//! `cluster::Engine` renews.

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use kube::client::Body;
use tokio::sync::watch;

use super::error::explain;
use crate::model::delta::Cause;

/// How long a server may take to begin its answer, and a list to go on with it. An API server gives up a request after
/// a minute at the latest, and answers a page of a list within seconds.
const ANSWER: Duration = Duration::from_secs(30);

/// The client that is current, and whether a request of it was refused. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Login {
    current: watch::Sender<Option<Current>>,
    /// The newest generation whose last request was refused; 0 is none.
    refused: watch::Sender<u64>,
}

#[derive(Clone)]
struct Current {
    client: kube::Client,
    /// Counts the logins, from 1.
    generation: u64,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "login {}", self.generation)
    }
}

impl Default for Login {
    fn default() -> Self {
        Self { current: watch::Sender::new(None), refused: watch::Sender::new(0) }
    }
}

impl Login {
    /// The client for the whole session. Before the first login its requests wait for it. To be called in a runtime.
    pub(super) fn client(&self) -> kube::Client {
        let login = self.clone();
        let service = tower::service_fn(move |request| login.clone().send(request));
        kube::Client::new(service, "default")
    }

    /// From now on this client is used.
    pub(super) fn replace(&self, client: kube::Client) {
        self.current.send_modify(|current| {
            let generation = current.as_ref().map_or(1, |old| old.generation + 1);
            *current = Some(Current { client, generation });
        });
    }

    /// Waits until a request of the client that is current was refused for its login.
    pub(super) async fn refused(&self) {
        let generation = self.current.borrow().as_ref().map_or(0, |current| current.generation);
        // It is never closed: we hold the sender.
        drop(self.refused.subscribe().wait_for(|refused| *refused >= generation).await);
    }

    /// Waits until a request of the client that is current was answered after one was refused: a server may refuse a
    /// good login while it starts.
    pub(super) async fn accepted_again(&self) {
        let generation = self.current.borrow().as_ref().map_or(0, |current| current.generation);
        drop(self.refused.subscribe().wait_for(|refused| *refused < generation).await);
    }

    /// Tells when the client is replaced from now on, so that what failed for its login need not wait any longer.
    pub(super) fn renewals(&self) -> Renewals {
        let mut renewals = self.current.subscribe();
        renewals.mark_unchanged();
        Renewals(renewals)
    }

    async fn send(self, request: Request<Body>) -> Result<Response<Answer>, kube::Error> {
        let mut known = self.current.subscribe();
        let current = known.wait_for(Option::is_some).await.ok().and_then(|current| current.clone());
        let Some(Current { client, generation }) = current else { return Err(gave_up("the session has ended")) };
        let is_stream = is_stream(&request);
        let answer = match tokio::time::timeout(ANSWER, client.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(gave_up("the server accepted the request and gave no answer")),
        };
        let is_refused = match &answer {
            Ok(response) => response.status() == StatusCode::UNAUTHORIZED,
            Err(error) => matches!(explain("connect", error).cause, Cause::Unauthorized | Cause::Tls),
        };
        self.refused.send_if_modified(|refused| {
            let newest = if is_refused { generation.max(*refused) } else { *refused };
            // An answer of any kind but a refusal says that the login is good after all.
            let newest = if answer.is_ok() && !is_refused { newest.min(generation - 1) } else { newest };
            std::mem::replace(refused, newest) != newest
        });
        answer.map(|response| response.map(|body| if is_stream { body.boxed_unsync() } else { bounded(body) }))
    }
}

type Answer = UnsyncBoxBody<Bytes, kube::Error>;

/// See [`Login::renewals`].
pub(super) struct Renewals(watch::Receiver<Option<Current>>);

impl Renewals {
    pub(super) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The session has ended; its tasks are being dropped.
            std::future::pending().await
        }
    }
}

/// Answers that may rest for as long as they like: watches, which the watcher bounds itself, followed logs, and
/// connections that become something else.
fn is_stream(request: &Request<Body>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let is_endless = query.contains("watch=true") || query.contains("follow=true");
    is_endless || request.method() != Method::GET || request.headers().contains_key(http::header::UPGRADE)
}

/// The body, which ends with an error where it stops coming.
fn bounded(body: Body) -> Answer {
    let frames = stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        match tokio::time::timeout(ANSWER, body.frame()).await {
            Ok(None) => None,
            Ok(Some(frame)) => Some((frame, Some(body))),
            Err(_) => Some((Err(gave_up("the server stopped in the middle of its answer")), None)),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

fn gave_up(words: &str) -> kube::Error {
    kube::Error::Service(Box::new(std::io::Error::new(std::io::ErrorKind::TimedOut, words)))
}
