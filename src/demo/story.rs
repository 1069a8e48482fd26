//! The story that the embedded cluster tells: a company's batch estate in five namespaces, healthy nightly work and some
//! dozen faults. It is written as manifests in `assets/demo`, each with the annotation `demo.kubatch.dev/at` (such as
//! `-2d`: applied two days before now) and maybe `demo.kubatch.dev/until` (deleted then). Nothing of the past is made
//! up: the controllers run through it in fast motion, so that what one sees is what they left. Called by the command
//! line, and by tests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Demo;
use super::controllers::{Controllers, apply, seconds};
use super::store::{Store, path_of};
use crate::model::clock::{Clock, Time};

/// The manifests, file by file.
const MANIFESTS: [&str; 6] = [
    include_str!("../../assets/demo/cluster.yaml"),
    include_str!("../../assets/demo/payments.yaml"),
    include_str!("../../assets/demo/data.yaml"),
    include_str!("../../assets/demo/ml.yaml"),
    include_str!("../../assets/demo/ops.yaml"),
    include_str!("../../assets/demo/media.yaml"),
];

/// When a manifest is applied, before now.
const AT: &str = "demo.kubatch.dev/at";

/// When its object is deleted, before now.
const UNTIL: &str = "demo.kubatch.dev/until";

/// The controllers look at the cluster this often.
const STEP: Duration = Duration::from_secs(1);

/// What everything uses is measured after so many seconds of the clock, as often as by a metrics server.
const SAMPLE: i64 = 15;

/// Something that happens in the past.
struct Happening {
    at: Time,
    /// What is applied.
    object: Value,
    /// Whether it is deleted instead.
    is_end: bool,
}

impl Demo {
    /// An embedded cluster with the story as of the clock's present moment, which goes on by that clock for as long as
    /// the async runtime runs. `seed` decides what is left to chance; with `size`, so many Jobs with their pods are
    /// there in place of the story. Must be called within the runtime.
    #[expect(clippy::disallowed_methods, reason = "the embedded cluster lives in the background")]
    pub fn living(clock: Arc<dyn Clock>, seed: u64, size: Option<usize>) -> Self {
        let demo = Self::new(Arc::clone(&clock));
        demo.leave_pods_to_the_kubelet();
        let now = clock.now();
        let mut controllers = match size {
            None => fill(&mut demo.store(), now, seed),
            Some(size) => super::size::fill(&mut demo.store(), size, now, seed),
        };
        let living = demo.clone();
        tokio::spawn(async move {
            let mut steps = tokio::time::interval(STEP);
            steps.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut measure_at = now;
            loop {
                steps.tick().await;
                living.change(|store| {
                    let now = clock.now();
                    controllers.step(store, now);
                    if now >= measure_at {
                        controllers.measure(store);
                        measure_at = now.plus_seconds(SAMPLE);
                    }
                });
            }
        });
        demo
    }
}

/// Fills an empty store with the story as of `now`; answers the controllers that go on with it.
pub(super) fn fill(store: &mut Store, now: Time, seed: u64) -> Controllers {
    let happenings = happenings(now);
    let mut controllers = Controllers::new(seed, happenings.first().map_or(now, |first| first.at));
    for happening in happenings {
        controllers.step(store, happening.at);
        if happening.is_end {
            store.delete(&path_of(&happening.object));
        } else {
            apply(store, happening.object, happening.at);
        }
        // At once, so that it is taken in at its own time and not at that of the next.
        controllers.step(store, happening.at);
        forget(store, &mut controllers);
    }
    controllers.step(store, now);
    forget(store, &mut controllers);
    controllers
}

/// What happened before the start is not told to watches: nobody can have seen it.
fn forget(store: &mut Store, controllers: &mut Controllers) {
    store.compact();
    controllers.has_seen(store);
}

/// What the manifests say, in the order in which it happens.
fn happenings(now: Time) -> Vec<Happening> {
    let mut found = Vec::new();
    for manifests in MANIFESTS {
        // The manifests are part of the program, and a test reads them all.
        let objects: Vec<Value> = serde_yaml::from_multiple(manifests).unwrap_or_default();
        for mut object in objects {
            let moment = |object: &mut Value, key: &str| {
                let annotations: &mut Map<String, Value> = object["metadata"]["annotations"].as_object_mut()?;
                let text = annotations.remove(key)?;
                Some(now.plus_seconds(-seconds(text.as_str()?.trim_start_matches('-'))?))
            };
            let at = moment(&mut object, AT).unwrap_or(now);
            let until = moment(&mut object, UNTIL);
            if object["metadata"]["annotations"] == json!({})
                && let Some(metadata) = object["metadata"].as_object_mut()
            {
                metadata.remove("annotations");
            }
            found.extend(until.map(|at| Happening { at, object: object.clone(), is_end: true }));
            found.push(Happening { at, object, is_end: false });
        }
    }
    found.sort_by_key(|happening| happening.at);
    found
}

#[cfg(test)]
mod tests;
