//! The embedded cluster: a [`tower::Service`] that answers the Kubernetes HTTP API from memory.
//!
//! It stands in for a server where there is none, at the seam where a client would open a connection, so that the real
//! client, watchers, log streams and errors are exercised. It knows nothing of the rest of the crate but the clock.
//! So far it lists, watches, gets and streams logs of what it was given, and fails on demand.

mod answer;
mod controllers;
mod size;
mod store;
mod story;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{Request, Response};
use serde_json::Value;

pub use answer::Body;
use store::Store;

/// A handle on one embedded cluster; clones share it.
#[derive(Clone)]
pub struct Demo {
    store: Arc<Mutex<Store>>,
    /// Bumped at each change, so that watches and followed logs look again.
    changed: tokio::sync::watch::Sender<u64>,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Demo")
    }
}

impl Default for Demo {
    fn default() -> Self {
        Self { store: Arc::default(), changed: tokio::sync::watch::Sender::new(0) }
    }
}

impl Demo {
    /// Creates the object, or replaces the one of its kind, namespace and name. It needs `apiVersion`, `kind` and
    /// `metadata.name`; a UID is made where it has none.
    pub fn put(&self, object: Value) {
        self.change(|store| store.put(object));
    }

    /// Deletes an object by its path, such as `/apis/batch/v1/namespaces/data/jobs/etl`.
    pub fn delete(&self, path: &str) {
        self.change(|store| store.delete(path));
    }

    /// Appends a line, with the time in front as the kubelet writes it, to a container's log.
    pub fn write_log(&self, namespace: &str, pod: &str, container: &str, line: &str) {
        self.change(|store| store.write_log(namespace, pod, container, line));
    }

    /// From now on answers every request whose path contains `path` with this status code, until [`Demo::heal`].
    /// Watches that run are ended, so that they meet it.
    pub fn fail(&self, path: &str, code: u16) {
        self.change(|store| store.fail(path, code));
    }

    /// Ends what [`Demo::fail`] began.
    pub fn heal(&self) {
        self.change(Store::heal);
    }

    /// Forgets the history of changes, as a server does after a while: watches that want to go on get 410.
    pub fn compact(&self) {
        self.change(Store::compact);
    }

    fn change(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.store());
        self.changed.send_modify(|version| *version += 1);
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic while it was locked can only come from a test's own closure; the data is whole.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> tower::Service<Request<B>> for Demo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(answer::answer(self, request.method(), request.uri())))
    }
}
