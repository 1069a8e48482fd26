//! Container logs: whole or followed, from the end or from a time on, of this run or the one before. The lines are kept
//! with their times in front, as the kubelet keeps them.

use futures::stream::{self, StreamExt};
use serde_json::Value;

use super::Demo;
use super::answer::{Answer, Call, Route, piece, streamed};
use super::refusal::Refusal;
use crate::model::clock::Time;

/// What of a log is wanted.
struct Wanted {
    namespace: String,
    pod: String,
    container: String,
    is_previous: bool,
    has_times: bool,
    since: Option<Time>,
}

impl Wanted {
    /// A kept line as it is answered; None where it is too old.
    fn line(&self, line: &str) -> Option<String> {
        let (time, text) = line.split_once(' ').unwrap_or((line, ""));
        let Some(written) = Time::parse(time) else { return Some(format!("{line}\n")) };
        if self.since.is_some_and(|since| written < since) {
            return None;
        }
        Some(if self.has_times { format!("{line}\n") } else { format!("{text}\n") })
    }
}

/// Answers `GET …/pods/NAME/log`.
pub(super) fn log(demo: &Demo, call: &Call, route: &Route, pod: &str) -> Answer {
    let changed = demo.changed.subscribe();
    let store = demo.store();
    let object = store.get(&route.path(pod)).ok_or_else(|| Refusal::not_found(route.resource, pod))?;
    let container = container(object, call.text("container"), pod)?;
    let ago = call
        .number("sinceSeconds")?
        .map(|seconds| demo.clock.now().plus_seconds(0_i64.saturating_sub_unsigned(seconds)));
    let wanted = Wanted {
        namespace: route.namespace.clone().unwrap_or_default(),
        pod: pod.to_owned(),
        is_previous: call.is("previous"),
        has_times: call.is("timestamps"),
        // The API's times have no fraction of a second.
        since: call.text("sinceTime").and_then(Time::parse).map(|at| Time::from_seconds(at.seconds())).or(ago),
        container,
    };
    let state = &container_status(object, &wanted.container)["state"];
    let kept = store.log(&wanted.namespace, pod, &wanted.container);
    let kept = if wanted.is_previous {
        store.previous_log(&wanted.namespace, pod, &wanted.container).ok_or_else(|| {
            let name = &wanted.container;
            Refusal::bad_request(format!("previous terminated container \"{name}\" in pod \"{pod}\" not found"))
        })?
    } else if let (true, Some(reason)) = (kept.is_empty(), state["waiting"]["reason"].as_str()) {
        let name = &wanted.container;
        let message = format!("container \"{name}\" in pod \"{pod}\" is waiting to start: {reason}");
        return Err(Refusal::bad_request(message));
    } else {
        kept
    };
    let read_to = kept.len();
    let mut text: Vec<String> = kept.iter().filter_map(|line| wanted.line(line)).collect();
    if let Some(tail) = call.number("tailLines")? {
        text.drain(..text.len().saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX)));
    }
    let mut text = text.concat().into_bytes();
    let limit = call.number("limitBytes")?.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    text.truncate(limit);
    let left = limit - text.len();
    let first = (!text.is_empty()).then(|| piece(text));
    let is_followed = call.is("follow") && !wanted.is_previous;
    let generation = store.generation;
    let state = is_followed.then(|| (demo.clone(), wanted, changed, read_to, left));
    let later = stream::unfold(state, move |state| async move {
        let (demo, wanted, mut changed, read_to, left) = state?;
        // As much as was asked for ends the answer.
        if left == 0 {
            return None;
        }
        loop {
            changed.borrow_and_update();
            if demo.store().is_frozen(generation) {
                std::future::pending::<()>().await;
            }
            let (text, read_to, is_over) = more(&demo, &wanted, read_to, generation);
            if !text.is_empty() {
                let mut text = text.into_bytes();
                text.truncate(left);
                let left = left - text.len();
                return Some((piece(text), Some((demo, wanted, changed, read_to, left))));
            }
            if is_over {
                return None;
            }
            changed.changed().await.ok()?;
        }
    });
    Ok(streamed(200, "text/plain", stream::iter(first).chain(later).boxed()))
}

/// What was written since, how far that is, and whether no more can come: the container has ended or is gone.
fn more(demo: &Demo, wanted: &Wanted, read_to: usize, generation: u64) -> (String, usize, bool) {
    let store = demo.store();
    let kept = store.log(&wanted.namespace, &wanted.pod, &wanted.container);
    let text = kept.iter().skip(read_to).filter_map(|line| wanted.line(line)).collect();
    let pod = store.get(&format!("/api/v1/namespaces/{}/pods/{}", wanted.namespace, wanted.pod));
    let has_ended = pod.is_none_or(|pod| {
        let status = container_status(pod, &wanted.container);
        status["state"]["terminated"].is_object() || kept.len() < read_to
    });
    (text, kept.len(), has_ended || store.generation != generation)
}

fn container_names(pod: &Value) -> Vec<&str> {
    let lists = ["containers", "initContainers", "ephemeralContainers"];
    let all = lists.iter().filter_map(|list| pod["spec"][list].as_array()).flatten();
    all.filter_map(|container| container["name"].as_str()).collect()
}

fn container_status<'a>(pod: &'a Value, container: &str) -> &'a Value {
    let lists = ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let mut all = lists.iter().filter_map(|list| pod["status"][list].as_array()).flatten();
    all.find(|status| status["name"] == container).unwrap_or(&Value::Null)
}

/// The container that is meant: the one that is named, or the only one.
fn container(pod: &Value, named: Option<&str>, name: &str) -> Result<String, Refusal> {
    let known = container_names(pod);
    match (named, known.as_slice()) {
        (Some(named), _) if known.contains(&named) => Ok(named.to_owned()),
        (Some(named), _) => Err(Refusal::bad_request(format!("container {named} is not valid for pod {name}"))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => {
            let list = known.join(" ");
            let message = format!("a container name must be specified for pod {name}, choose one of: [{list}]");
            Err(Refusal::bad_request(message))
        }
    }
}
