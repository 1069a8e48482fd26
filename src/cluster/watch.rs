//! Watches: one background watcher for each kind and namespace, from the API's stream to batches of changes.
//!
//! The first list is told page by page, so that rows are on screen at once; every later list is held back and told as
//! one [`Change::Reset`], so that no row vanishes for a moment. A failed watch is told and tried again for ever.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use compact_str::CompactString;
use futures::{FutureExt, StreamExt};
use kube::Api;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::Report;
use super::error::explain_watch;
use super::login::Login;
use super::scope::Scope;
use super::slim::{AnyPod, CoreEvent, Early, Slim};
use super::wire;
use crate::model::claim::Claim;
use crate::model::clock::{Clock, SystemClock};
use crate::model::cronjob::CronJob;
use crate::model::delta::{Cause, Change, Delta, Row, Source};
use crate::model::event::Event as ClusterEvent;
use crate::model::job::Job;
use crate::model::key::{Kind, Namespaces, Session};
use crate::model::limit_range::LimitRange;
use crate::model::meta::Meta;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::quota::ResourceQuota;

/// Changes told in one message at most.
pub const BATCH: usize = 512;

/// Objects in one page of a list. A page costs the server some ten milliseconds besides its objects, so that pages of 500
/// take a quarter longer; pages of 2,000 take twelve megabytes more.
const PAGE: u32 = 1000;

/// The server ends a watch after so many seconds; one that is silent for longer is taken for dead. Short enough that a
/// half-open connection is noticed within about a minute.
const WATCH_SECONDS: u32 = 60;

/// The first wait after a failure; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest wait after failures of the network or the server.
const LONGEST_RETRY: Duration = Duration::from_secs(15);

/// The longest wait that a server may ask for with `Retry-After`.
const LONGEST_BUSY: Duration = Duration::from_secs(60);

/// The wait after a refusal: roles change rarely, but they do.
const DENIED_RETRY: Duration = Duration::from_secs(60);

/// Watches every kind of the scope until the task is dropped. Each watch is a task of its own, so that the lists of a large cluster
/// are read side by side.
pub(super) async fn watch_all(
    login: &Login,
    namespaces: &Namespaces,
    scope: &Scope,
    session: Session,
    reports: &mpsc::Sender<Report>,
) {
    let client = login.client();
    let watch = |namespace: Option<&str>| Watch {
        client: client.clone(),
        login: login.clone(),
        namespace: namespace.map(Into::into),
        scope: scope.clone(),
        session,
        reports: reports.clone(),
    };
    let mut watches = JoinSet::new();
    for namespace in namespaces.scopes() {
        let watch = watch(namespace);
        watches.spawn(watch.clone().run::<CronJob>());
        watches.spawn(watch.clone().run::<Job>());
        match scope {
            Scope::Pod(_) | Scope::Kinds(_) => watches.spawn(watch.clone().run::<AnyPod>()),
            _ => watches.spawn(watch.clone().run::<Pod>()),
        };
        watches.spawn(watch.clone().run_events());
        watches.spawn(watch.clone().run::<ResourceQuota>());
        watches.spawn(watch.clone().run::<LimitRange>());
        watches.spawn(watch.run::<Claim>());
    }
    watches.spawn(watch(None).run::<Meta>());
    watches.spawn(watch(None).run::<Node>());
    while watches.join_next().await.is_some() {}
}

/// What a watcher needs to know.
#[derive(Clone)]
struct Watch {
    client: kube::Client,
    login: Login,
    namespace: Option<CompactString>,
    scope: Scope,
    session: Session,
    reports: mpsc::Sender<Report>,
}

impl Watch {
    /// Watches events in their newer form, and in the older one where that is refused or missing: roles often allow
    /// one of the two alone.
    async fn run_events(self) {
        self.clone().run::<ClusterEvent>().await;
        self.run::<CoreEvent>().await;
    }

    /// Watches one kind, if it is in the scope. Ends only when nobody listens any more; the newer form of events also
    /// where it is not to be had from the start.
    async fn run<R: Slim>(self) {
        let Some(choice) = self.scope.choice(R::KIND, R::GROUP) else { return };
        let resumed = Arc::new(Notify::new());
        let busy = Arc::new(AtomicU64::new(0));
        // In the slim form pods of others have no status but their phase: who looks at one of them wants all of it.
        let is_slim = !matches!(self.scope, Scope::Pod(_));
        let client = announcing(self.client.clone(), resumed.clone(), busy.clone(), is_slim);
        let api: Api<Early<R>> = match &self.namespace {
            None => Api::all(client),
            Some(namespace) => Api::namespaced(client, namespace),
        };
        let mut stream = watcher(api, choice.page_size(PAGE).timeout(WATCH_SECONDS)).boxed();
        let mut renewals = self.login.renewals();
        let mut listing = Listing::default();
        let mut failures = 0;
        loop {
            let first = tokio::select! {
                event = stream.next() => event,
                () = resumed.notified() => {
                    // The stream itself says nothing when a broken watch stands again without a change.
                    let is_news = std::mem::take(&mut failures) > 0 && listing.has_synced;
                    if is_news && !self.tell::<R>(vec![Change::Synced]).await {
                        return;
                    }
                    continue;
                }
            };
            let mut next = first;
            let mut changes = Vec::new();
            let mut wait = None;
            while let Some(event) = next {
                match event {
                    Ok(event) => changes.extend(listing.take(event)),
                    Err(error) if is_expired(&error) => wait = Some(FIRST_RETRY),
                    Err(error) if R::GROUP == Kind::Event.group() && !listing.has_synced && is_refused(&error) => {
                        return;
                    }
                    Err(error) => {
                        let least = Duration::from_secs(busy.swap(0, Ordering::Relaxed)).min(LONGEST_BUSY);
                        let (failed, delay) = self.failed(R::KIND, &error, failures, least);
                        failures += 1;
                        wait = Some(delay);
                        changes.push(failed);
                    }
                }
                // Asking the stream again after an error would start the next attempt before the wait.
                let is_full = wait.is_some() || changes.len() >= BATCH;
                next = if is_full { None } else { stream.next().now_or_never().flatten() };
            }
            if !changes.is_empty() && !self.tell::<R>(changes).await {
                return;
            }
            if let Some(delay) = wait {
                tokio::select! {
                    () = tokio::time::sleep(delay) => {}
                    () = renewals.next() => {}
                }
            }
        }
    }

    /// Tells changes; false where nobody listens any more.
    async fn tell<R: Slim>(&self, changes: Vec<Change>) -> bool {
        let source = Source { kind: R::KIND, namespace: self.namespace.clone() };
        self.reports.send(Report::Changed(Delta { session: self.session, source, changes })).await.is_ok()
    }

    /// The failure to tell, and the wait: the usual one, or longer where the server asked for that.
    fn failed(&self, kind: Kind, error: &watcher::Error, failures: u32, least: Duration) -> (Change, Duration) {
        let place =
            self.namespace.as_ref().map_or("in all namespaces".to_owned(), |name| format!("in namespace {name}"));
        let place = if kind.is_cluster_wide() { String::new() } else { format!(" {place}") };
        let failure = explain_watch(&format!("watch {}{place}", kind.plural()), error);
        let delay = match failure.cause {
            Cause::Denied => DENIED_RETRY,
            _ => scattered(FIRST_RETRY.saturating_mul(1 << failures.min(8)).min(LONGEST_RETRY)).max(least),
        };
        let retry_at = SystemClock.now().plus_seconds(delay.as_secs().cast_signed());
        (Change::Failed { failure, retry_at }, delay)
    }
}

/// 410: the server no longer has the history that a list or watch wanted to go on from. No failure: the watcher lists
/// anew by itself.
fn is_expired(error: &watcher::Error) -> bool {
    use watcher::Error::{InitialListFailed, WatchError, WatchStartFailed};
    match error {
        WatchError(status) => status.code == 410,
        InitialListFailed(kube::Error::Api(status)) | WatchStartFailed(kube::Error::Api(status)) => status.code == 410,
        _ => false,
    }
}

/// 403 or 404: this user may not list the kind, or the server lacks it.
fn is_refused(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::InitialListFailed(kube::Error::Api(status)) if matches!(status.code, 403 | 404))
}

/// A wait made up to a quarter shorter or longer by chance, so that many who failed together do not come back together.
pub(super) fn scattered(wait: Duration) -> Duration {
    let chance = RandomState::new().build_hasher().finish() % 512;
    wait.mul_f64(0.75 + chance as f64 / 1024.0)
}

/// A client for watching alone: it tells when the server has accepted a watch, and for how many seconds one that is too
/// busy wants to be left alone; one that is slim reads protobuf (see [`wire`]).
pub(super) fn announcing(
    client: kube::Client,
    accepted: Arc<Notify>,
    busy: Arc<AtomicU64>,
    is_slim: bool,
) -> kube::Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |mut request: http::Request<kube::client::Body>| {
        if is_slim {
            wire::ask(&mut request);
        }
        let (client, accepted, busy) = (client.clone(), accepted.clone(), busy.clone());
        async move {
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let response = client.send(request).await?;
            let retry_after = response.headers().get(http::header::RETRY_AFTER);
            if let Some(seconds) = retry_after.and_then(|value| value.to_str().ok()?.parse().ok()) {
                busy.store(seconds, Ordering::Relaxed);
            }
            if is_watch && response.status().is_success() {
                accepted.notify_one();
            }
            Ok::<_, kube::Error>(wire::answer(response))
        }
    });
    kube::Client::new(service, namespace)
}

/// Tells a first list as it comes and holds back later ones until they are whole.
#[derive(Debug, Default)]
struct Listing {
    has_synced: bool,
    has_begun: bool,
    held: Option<Vec<Row>>,
}

impl Listing {
    fn take<R: Slim>(&mut self, event: Event<Early<R>>) -> Vec<Change> {
        match event {
            Event::Init => {
                // A first list that broke in its middle has shown rows that may be gone: hold back its repetition.
                self.held = (self.has_synced || self.has_begun).then(Vec::new);
                self.has_begun = true;
                Vec::new()
            }
            Event::InitApply(object) => match &mut self.held {
                Some(held) => {
                    held.push(object.into_row());
                    Vec::new()
                }
                None => vec![Change::Upsert(object.into_row())],
            },
            Event::InitDone => {
                self.has_synced = true;
                self.held.take().map(Change::Reset).into_iter().chain([Change::Synced]).collect()
            }
            Event::Apply(object) => vec![Change::Upsert(object.into_row())],
            Event::Delete(object) => vec![Change::Remove(object.into_row().uid())],
        }
    }
}
