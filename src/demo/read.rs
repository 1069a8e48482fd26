//! Reading: one object, lists in pages, and watches. Lists are cut out of the state at one version, so that the pages
//! of one list belong together whatever changes meanwhile.

use std::borrow::Cow;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use http::header;
use serde_json::{Value, json};

use super::answer::{Answer, Call, Piece, Route, piece, streamed, whole};
use super::refusal::Refusal;
use super::resources::Resource;
use super::select::Selector;
use super::store::{Change, Collection, Store};
use super::table::Shape;
use super::{Demo, events};

/// A watch that is silent for so long is told the present version, so that its client can go on from there later. The
/// real server does so about once a minute.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// The longest that a watch lasts. The real server chooses between 30 and 60 minutes where its client does not say.
const WATCH_LASTS: Duration = Duration::from_secs(45 * 60);

/// The kinds of objects and the fields by which a request selects.
struct Wanted {
    resource: &'static Resource,
    collection: Collection,
    selector: Selector,
    shape: Shape,
}

impl Wanted {
    fn new(demo: &Demo, call: &Call, route: &Route) -> Result<Self, Refusal> {
        Ok(Self {
            resource: route.resource,
            collection: route.resource.collection(route.namespace.as_deref()),
            selector: Selector::parse(route.resource, call.text("labelSelector"), call.text("fieldSelector"))?,
            shape: Shape::wanted(call.header(header::ACCEPT), call.text("includeObject"), demo.clock.now()),
        })
    }

    /// The object as the request wants to see it, if it selects it.
    fn view<'a>(&self, object: &'a Value) -> Option<Cow<'a, Value>> {
        let object = viewed(self.resource, object);
        self.selector.matches(&object).then_some(object)
    }
}

/// The object in the version that a resource stands for.
pub(super) fn viewed<'a>(resource: &Resource, object: &'a Value) -> Cow<'a, Value> {
    if resource.is_core_event() { Cow::Owned(events::in_core_version(object)) } else { Cow::Borrowed(object) }
}

/// One object.
pub(super) fn get(demo: &Demo, call: &Call, route: &Route, name: &str) -> Answer {
    let wanted = Wanted::new(demo, call, route)?;
    let store = demo.store();
    let object = store.get(&route.path(name)).ok_or_else(|| Refusal::not_found(route.resource, name))?;
    let object = viewed(route.resource, object);
    Ok(whole(200, &wanted.shape.one(route.resource, &object)))
}

/// A page of a list.
pub(super) fn list(demo: &Demo, call: &Call, route: &Route) -> Answer {
    let wanted = Wanted::new(demo, call, route)?;
    let store = demo.store();
    let (version, after) = match call.text("continue") {
        Some(token) => read_token(token)?,
        None => (store.version(), None),
    };
    let asked = call.number("resourceVersion")?.unwrap_or_default();
    if asked > store.version() {
        return Err(Refusal::too_large_version(asked, store.version()));
    }
    let version = if call.text("resourceVersionMatch") == Some("Exact") { asked } else { version };
    let then = store.list_at(&wanted.collection, version);
    let then = then.ok_or_else(|| Refusal::expired_list(after.is_some()))?;
    let limit = call.number("limit")?.filter(|limit| *limit > 0).map_or(usize::MAX, |limit| limit as usize);
    let mut items = Vec::new();
    let mut last = None;
    let mut left = 0_u64;
    for (key, object) in &then {
        let place = (key.namespace.as_str(), key.name.as_str());
        if after.as_ref().is_some_and(|(namespace, name)| place <= (namespace.as_str(), name.as_str())) {
            continue;
        }
        let Some(object) = wanted.view(object) else { continue };
        if items.len() < limit {
            items.push(object.into_owned());
            last = Some(place);
        } else {
            left += 1;
        }
    }
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    if let (1.., Some((namespace, name))) = (left, last) {
        metadata["continue"] = json!(format!("{version}/{namespace}/{name}"));
        metadata["remainingItemCount"] = json!(left);
    }
    Ok(whole(200, &wanted.shape.list(route.resource, &items, &metadata)))
}

/// The version of the list, and the place of the last object that was told.
type Token = (u64, Option<(String, String)>);

fn read_token(token: &str) -> Result<Token, Refusal> {
    let mut parts = token.splitn(3, '/');
    let version = parts.next().and_then(|text| text.parse().ok());
    match (version, parts.next(), parts.next()) {
        (Some(version), Some(namespace), Some(name)) => Ok((version, Some((namespace.into(), name.into())))),
        _ => Err(Refusal::bad_request("invalid continue token: continue key is not valid")),
    }
}

/// A watch that runs.
struct Watching {
    demo: Demo,
    wanted: Wanted,
    changed: tokio::sync::watch::Receiver<u64>,
    /// What came until this version was told.
    told: u64,
    generation: u64,
    has_bookmarks: bool,
    deadline: tokio::time::Instant,
    is_over: bool,
}

/// A watch: what is there, where no version is given or the client asks for it, and then every change.
pub(super) fn watch(demo: &Demo, call: &Call, route: &Route) -> Answer {
    let wanted = Wanted::new(demo, call, route)?;
    let changed = demo.changed.subscribe();
    let store = demo.store();
    let from = call.number("resourceVersion")?.unwrap_or_default();
    let is_streaming_list = call.is("sendInitialEvents");
    if is_streaming_list && call.text("resourceVersionMatch") != Some("NotOlderThan") {
        let why = "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to \
                   NotOlderThan";
        return Err(Refusal::new(422, "Invalid", format!("ListOptions.meta.k8s.io \"\" is invalid: {why}")));
    }
    let has_bookmarks = call.is("allowWatchBookmarks");
    let (mut first, told) = match from {
        0 => (initial_events(&store, &wanted), store.version()),
        _ if is_streaming_list => (initial_events(&store, &wanted), store.version()),
        from => (String::new(), from),
    };
    if is_streaming_list && has_bookmarks {
        first += &bookmark(&wanted, store.version(), true);
    }
    let lasts = call.number("timeoutSeconds")?.map_or(WATCH_LASTS, Duration::from_secs).min(WATCH_LASTS);
    let watching = Watching {
        demo: demo.clone(),
        wanted,
        changed,
        told,
        generation: store.generation,
        has_bookmarks,
        deadline: tokio::time::Instant::now() + lasts,
        is_over: false,
    };
    let first = (!first.is_empty()).then(|| piece(first));
    let later = stream::unfold(watching, |mut watching| async move {
        let text = watching.next().await?;
        Some((text, watching))
    });
    Ok(streamed(200, "application/json", stream::iter(first).chain(later).boxed()))
}

fn initial_events(store: &Store, wanted: &Wanted) -> String {
    let objects = store.list(&wanted.collection);
    let chosen = objects.into_iter().filter_map(|object| wanted.view(object));
    chosen.map(|object| line(wanted, "ADDED", &object)).collect()
}

fn bookmark(wanted: &Wanted, version: u64, is_end_of_list: bool) -> String {
    let mut object = json!({
        "kind": wanted.resource.kind, "apiVersion": wanted.resource.group_version(),
        "metadata": { "resourceVersion": version.to_string() },
    });
    if is_end_of_list {
        object["metadata"]["annotations"] = json!({ "k8s.io/initial-events-end": "true" });
    }
    line(wanted, "BOOKMARK", &object)
}

fn line(wanted: &Wanted, kind: &str, object: &Value) -> String {
    format!("{}\n", json!({ "type": kind, "object": wanted.shape.one(wanted.resource, object) }))
}

impl Watching {
    /// The next piece of the stream; None where it ends.
    async fn next(&mut self) -> Option<Piece> {
        let mut bookmark_at = tokio::time::Instant::now() + BOOKMARK_EVERY;
        loop {
            if self.is_over {
                return None;
            }
            self.changed.borrow_and_update();
            if self.demo.store().is_frozen(self.generation) {
                std::future::pending::<()>().await;
            }
            let (changes, version, is_cut) = {
                let store = self.demo.store();
                let changes = store.changes_since(&self.wanted.collection, self.told);
                (changes, store.version(), store.generation != self.generation)
            };
            let Some(changes) = changes else {
                self.is_over = true;
                let gone = Refusal::expired(self.told, version).to_json();
                return Some(piece(format!("{}\n", json!({ "type": "ERROR", "object": gone }))));
            };
            self.told = self.told.max(version);
            let text: String = changes.iter().filter_map(|change| self.tell(change)).collect();
            if !text.is_empty() {
                return Some(piece(text));
            }
            if is_cut {
                return None;
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                () = tokio::time::sleep_until(self.deadline) => {
                    self.is_over = true;
                    return self.has_bookmarks.then(|| piece(bookmark(&self.wanted, self.told, false)));
                }
                () = tokio::time::sleep_until(bookmark_at), if self.has_bookmarks => {
                    bookmark_at += BOOKMARK_EVERY;
                    return Some(piece(bookmark(&self.wanted, self.told, false)));
                }
            }
        }
    }

    /// What a change means for those who see only what they select: an object that is no longer selected is gone.
    fn tell(&self, change: &Change) -> Option<String> {
        let before = change.before.as_deref().and_then(|object| self.wanted.view(object));
        let after = change.after.as_deref().and_then(|object| self.wanted.view(object));
        let (kind, object) = match (before, after) {
            (None, None) => return None,
            (None, Some(after)) => ("ADDED", after),
            (Some(_), Some(after)) => ("MODIFIED", after),
            (Some(mut before), None) => {
                before.to_mut()["metadata"]["resourceVersion"] = json!(change.version.to_string());
                ("DELETED", before)
            }
        };
        Some(line(&self.wanted, kind, &object))
    }
}
