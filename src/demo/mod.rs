//! The embedded cluster: a [`tower::Service`] that answers the Kubernetes HTTP API from memory.
//!
//! It stands in for a server where there is none, at the seam where a client would open a connection, so that the real
//! client, watchers, log streams, writes and errors are exercised; [`serve`] offers the same over HTTP to any other
//! client. It knows nothing of the rest of the crate but time and schedules.
//!
//! # Where it differs from a real server
//!
//! It is held to a real one by `tests/it/contract.rs`. What stays different, and why:
//!
//! - A schedule that is refused is told in our words ([`crate::model::schedule::ScheduleError`]), not in those of the
//!   Go library; so is a value of the wrong type, which the Go decoder names by its Go types.
//! - Messages about immutable templates quote the field's JSON, not Go's dump of it.
//! - Dependents of a deleted object are collected at once, not a moment later; so are the objects of a namespace.
//! - One user may do everything; of the admission plug-ins there is the one for quotas on pods alone.
//! - `exec`, `attach` and `port-forward` are not spoken. Protobuf is read, but never answered: clients that prefer it
//!   take JSON too.
//! - Schemas are told of the batch kinds alone.
//! - The log of a container's run before is kept for as long as its pod; a node may throw it away when the pod has ended.
//! - Pages of a list that is too old end; there is no token to go on with them as of now.

mod admit;
mod answer;
mod batch;
mod columns;
mod controllers;
mod delete;
mod discovery;
mod events;
mod fields;
mod log;
mod patch;
mod pod;
mod protobuf;
mod read;
mod refusal;
mod resources;
mod review;
mod select;
pub mod serve;
mod size;
mod store;
mod story;
mod table;
mod write;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::model::clock::{Clock, SystemClock, Time};
pub use answer::Body;
use answer::Call;
use store::Store;

/// A handle on one embedded cluster; clones share it.
#[derive(Clone)]
pub struct Demo {
    store: Arc<Mutex<Store>>,
    clock: Arc<dyn Clock>,
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
        Self::new(Arc::new(SystemClock))
    }
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is a refusal with this status code.
    Status(u16),
    /// It is a 429 that asks for so many seconds without another try.
    Busy(u32),
    /// It never begins.
    Silence,
    /// It begins and never ends.
    Stall,
    /// It begins and the connection breaks.
    Cut,
    /// It is no JSON.
    Garbage,
    /// It is right, and comes so much later.
    Delay(Duration),
}

impl Demo {
    /// An empty cluster whose time is told by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { store: Arc::default(), clock, changed: tokio::sync::watch::Sender::new(0) }
    }

    /// Creates the object, or replaces the one of its kind, namespace and name; its namespace too, where it is not
    /// there. It needs `apiVersion`, `kind` and `metadata.name`; a UID and the time of its making are added where they are
    /// missing. Nothing else is checked or filled in: that is for what comes by HTTP.
    pub fn put(&self, mut object: Value) {
        let now = Time::from_seconds(self.clock.now().seconds()).to_string();
        if object["metadata"]["creationTimestamp"].is_null() {
            object["metadata"]["creationTimestamp"] = json!(now);
        }
        self.change(|store| {
            if let Some(namespace) = object["metadata"]["namespace"].as_str()
                && store.get(&format!("/api/v1/namespaces/{namespace}")).is_none()
            {
                store.put(json!({
                    "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "creationTimestamp": now }, "status": { "phase": "Active" },
                }));
            }
            store.put(object);
        });
    }

    /// Deletes an object by its path, such as `/apis/batch/v1/namespaces/data/jobs/etl`. What it owns stays.
    pub fn delete(&self, path: &str) {
        self.change(|store| store.delete(path));
    }

    /// Appends a line, with the time in front as the kubelet writes it, to a container's log.
    pub fn write_log(&self, namespace: &str, pod: &str, container: &str, line: &str) {
        self.change(|store| store.write_log(namespace, pod, container, line));
    }

    /// Begins a new log, as when a container is started again: what was written so far is the previous log.
    pub fn restart_log(&self, namespace: &str, pod: &str, container: &str) {
        self.change(|store| store.restart_log(namespace, pod, container));
    }

    /// From now on a pod that runs is only marked when it is deleted, and stays until whoever plays the kubelet takes
    /// it away.
    pub fn leave_pods_to_the_kubelet(&self) {
        self.change(|store| store.has_kubelet = true);
    }

    /// From now on answers every request whose method and path contain `path` with this status code, until
    /// [`Demo::heal`]: `/jobs`, or `PATCH /apis/batch` for one verb alone. Watches that run are ended, so that they meet
    /// it. A server that restarts is `fail_with("/", Fault::Cut)` and [`Demo::heal`].
    pub fn fail(&self, path: &str, code: u16) {
        self.fail_with(path, Fault::Status(code));
    }

    /// As [`Demo::fail`], with another fault than a status. `path` may be part of the query too: `watch=true`.
    pub fn fail_with(&self, path: &str, fault: Fault) {
        self.change(|store| store.fail(path, fault));
    }

    /// From now on nothing comes through the connections that are open, and none of them ends, as when a firewall drops
    /// them. New requests are answered.
    pub fn freeze(&self) {
        self.change(Store::freeze);
    }

    /// Ends the watches and followed logs that run; new ones are answered.
    pub fn end_streams(&self) {
        self.change(Store::end_streams);
    }

    /// Ends what [`Demo::fail`] and [`Demo::fail_with`] began.
    pub fn heal(&self) {
        self.change(Store::heal);
    }

    /// Forgets the history of changes, as a server does after a while: watches that want to go on get 410.
    pub fn compact(&self) {
        self.change(Store::compact);
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let outcome = change(&mut self.store());
        self.changed.send_modify(|version| *version += 1);
        outcome
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic while it was locked can only come from a test's own closure; the data is whole.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> tower::Service<Request<B>> for Demo
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let demo = self.clone();
        async move {
            let (head, body) = request.into_parts();
            // A request that breaks off in its body has nobody left to answer to.
            let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            Ok(answer::answer(&demo, &Call::new(head, body)).await)
        }
        .boxed()
    }
}
