//! Events as the recorders of the real components write them (events.k8s.io/v1): repeated ones are counted, many alike
//! become one "combined from similar events", and each lives one hour. Called by every controller.

use serde_json::{Value, json};

use super::World;
use super::object::{lot, stamp, text, time};
use crate::model::clock::Time;

/// Events live for one hour after they were last told (`--event-ttl` of the API server).
const LIFE_SECONDS: i64 = 3_600;

/// So many different events alike but for their text within [`SIMILAR_SECONDS`]; the next are told as one (client-go's
/// event aggregator).
const SIMILAR: usize = 10;

/// See [`SIMILAR`].
const SIMILAR_SECONDS: i64 = 600;

/// Who tells an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum From<'a> {
    /// `job-controller` and the like.
    Controller(&'static str),
    /// The kubelet of a node, about a container (`spec.containers{main}`) or the pod.
    Kubelet { node: &'a str, field: &'a str },
    /// The scheduler, which uses the newer recorder.
    Scheduler { action: &'static str },
}

impl World<'_> {
    /// Tells of an event about an object, now. `kind` is `Normal` or `Warning`.
    pub(super) fn event(&mut self, about: &Value, from: From<'_>, kind: &str, reason: &str, note: &str) {
        self.event_at(self.now, about, from, kind, reason, note);
    }

    /// Tells of an event that happened at `at`. One that was told already for this moment or a later one is not told
    /// again, so that a controller may say the same as often as it looks.
    pub(super) fn event_at(&mut self, at: Time, about: &Value, from: From<'_>, kind: &str, reason: &str, note: &str) {
        let name = text(&about["metadata"]["name"]);
        let namespace = about["metadata"]["namespace"].as_str().unwrap_or("default");
        let folder = format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events/{name}.");
        let field = if let From::Kubelet { field, .. } = from { field } else { "" };
        let uid = text(&about["metadata"]["uid"]);
        let key = |words: &str| format!("{:016x}", lot(0, &[uid, reason, field, words]));
        let mut event_name = key(note);
        let mut note = note.to_owned();
        if self.store.get(&format!("{folder}{event_name}")).is_none() && self.similar(&folder, reason, at) >= SIMILAR {
            event_name = key("(combined)");
            note = format!("(combined from similar events): {note}");
        }
        let mut event = match self.store.get(&format!("{folder}{event_name}")) {
            Some(known) if last(known) >= Some(at) => return,
            Some(known) => again(known.clone(), at),
            None => first(about, namespace, &format!("{name}.{event_name}"), from, at),
        };
        event["note"] = json!(note);
        event["reason"] = json!(reason);
        event["type"] = json!(kind);
        self.store.put(event);
    }

    /// How many different events with this reason about the same object are fresh.
    fn similar(&self, folder: &str, reason: &str, at: Time) -> usize {
        let fresh = at.plus_seconds(-SIMILAR_SECONDS);
        self.store.under(folder).filter(|one| one["reason"] == reason && last(one) >= Some(fresh)).count()
    }
}

/// Removes an event that is too old; says when to look again.
pub(super) fn sync(world: &mut World<'_>, path: &str) -> Option<Time> {
    let end = last(world.store.get(path)?)?.plus_seconds(LIFE_SECONDS);
    if end > world.now {
        return Some(end);
    }
    world.store.delete(path);
    None
}

fn last(event: &Value) -> Option<Time> {
    time(&event["series"]["lastObservedTime"])
        .or_else(|| time(&event["deprecatedLastTimestamp"]))
        .or_else(|| time(&event["eventTime"]))
}

fn again(mut event: Value, at: Time) -> Value {
    if event["eventTime"].is_null() {
        event["deprecatedCount"] = json!(event["deprecatedCount"].as_i64().unwrap_or(1) + 1);
        event["deprecatedLastTimestamp"] = json!(stamp(at));
    } else {
        let count = event["series"]["count"].as_i64().unwrap_or(1) + 1;
        event["series"] = json!({ "count": count, "lastObservedTime": micro(at) });
    }
    event
}

fn first(about: &Value, namespace: &str, name: &str, from: From<'_>, at: Time) -> Value {
    let mut event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event",
        "metadata": { "name": name, "namespace": namespace, "creationTimestamp": stamp(at) },
        "regarding": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "name": about["metadata"]["name"],
            "namespace": namespace, "uid": about["metadata"]["uid"],
            "resourceVersion": about["metadata"]["resourceVersion"],
        },
    });
    let classic = |event: &mut Value| {
        event["eventTime"] = Value::Null;
        event["deprecatedCount"] = json!(1);
        event["deprecatedFirstTimestamp"] = json!(stamp(at));
        event["deprecatedLastTimestamp"] = json!(stamp(at));
    };
    match from {
        From::Controller(component) => {
            classic(&mut event);
            event["deprecatedSource"] = json!({ "component": component });
            event["reportingController"] = json!(component);
        }
        From::Kubelet { node, field } => {
            classic(&mut event);
            event["deprecatedSource"] = json!({ "component": "kubelet", "host": node });
            event["reportingController"] = json!("kubelet");
            event["reportingInstance"] = json!(node);
            if !field.is_empty() {
                event["regarding"]["fieldPath"] = json!(field);
            }
        }
        From::Scheduler { action } => {
            event["eventTime"] = json!(micro(at));
            event["reportingController"] = json!("default-scheduler");
            event["reportingInstance"] = json!("default-scheduler-node-1");
            event["action"] = json!(action);
        }
    }
    event
}

/// A moment as `MicroTime` is written.
fn micro(time: Time) -> String {
    format!("{:.6}", time.to_timestamp())
}
