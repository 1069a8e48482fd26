//! Events about pods that are not known: the pod may come in a moment, may be gone, or may be nobody's business here.
//!
//! The watches of pods and events run side by side, so that an event can be here before its pod. It is kept for a
//! while; then it must be of a pod of ours, or, since evidence that was seen once is not thrown away, have the name that
//! a pod of one of our Jobs would have. [`Snapshot::apply`] alone calls this.

use std::collections::HashSet;

use super::super::clock::Time;
use super::super::key::{Kind, Uid};
use super::{Freshness, Snapshot, Touched};

/// So old must a doubt be before it is settled: longer than one watch can lag behind another. Settling looks at every
/// Job's name once, and is done for all that came in as many seconds together.
const DOUBT_SECONDS: i64 = 10;

/// Pods are named after their Job: `NAME-xxxxx`, with an index `NAME-12-xxxxx`. The controller cuts a long name so that
/// the rest has room in 63 characters, but never below so many (`podGenerateNameWithIndex` in
/// `pkg/controller/job/indexed_job_utils.go`, with an index of ten digits).
const SURELY_KEPT: usize = 45;

impl Snapshot {
    /// A pod turned out to belong to no Job: it is no row, and its events are none of ours.
    pub(super) fn disown(&mut self, pod: Uid, touched: &mut Touched) {
        if let Some(old) = self.pods.remove(pod) {
            let owner = old.meta.owner_uid();
            self.relations.pods.moved(pod, owner, None);
            touched.jobs.extend(owner);
            touched.pods.push(pod);
            touched.is_shown = true;
        }
        for event in self.relations.events.of(pod).to_vec() {
            self.remove(Kind::Event, event, touched);
        }
    }

    /// Drops events about unknown pods that cannot have been of a Job of ours, as soon as that can be told.
    pub(super) fn settle_doubts(&mut self, now: Time, touched: &mut Touched) {
        let age = |(since, _): &(Time, Uid)| now.seconds_since(*since);
        if self.doubtful.front().is_none_or(|oldest| age(oldest) < 2 * DOUBT_SECONDS) {
            return;
        }
        let due = self.doubtful.iter().take_while(|doubt| age(doubt) >= DOUBT_SECONDS).count();
        let due: Vec<Uid> = self.doubtful.drain(..due).map(|(_, event)| event).collect();
        let names: HashSet<(&str, &str)> =
            self.jobs.iter().map(|job| (job.meta.namespace.as_str(), cut(&job.meta.name))).collect();
        let (mut foreign, mut later) = (Vec::new(), Vec::new());
        for uid in due {
            let Some(event) = self.events.get(uid) else { continue };
            let namespace = event.meta.namespace.as_str();
            if self.pods.get(event.about).is_some() {
                continue;
            }
            let pod = event.about_name.split_once('/').map_or("", |(_, name)| name);
            if !self.is_told(Kind::Pod, namespace) || !self.is_told(Kind::Job, namespace) {
                later.push(uid);
            } else if !names_of_owner(pod).any(|name| names.contains(&(namespace, name))) {
                foreign.push(uid);
            }
        }
        self.doubtful.extend(later.into_iter().map(|uid| (now, uid)));
        for uid in foreign {
            self.remove(Kind::Event, uid, touched);
        }
    }

    /// What can be known of this kind in this namespace is known: its list came once, or is denied.
    fn is_told(&self, kind: Kind, namespace: &str) -> bool {
        let covers = |place: &Option<_>| place.as_ref().is_none_or(|place| place == namespace);
        let sources = self.freshness.iter().filter(|(source, _)| source.kind == kind && covers(&source.namespace));
        let told = sources.map(|(_, freshness)| !matches!(freshness, Freshness::Loading | Freshness::Failed { .. }));
        told.reduce(|all, one| all && one).unwrap_or_default()
    }
}

/// The names that a Job may have, as far as they are surely kept, if this pod is one of its own.
fn names_of_owner(pod: &str) -> impl Iterator<Item = &str> {
    let dashes = pod.match_indices('-').map(|(at, _)| &pod[..at]);
    dashes.take_while(|name| name.len() < SURELY_KEPT).chain((pod.len() > SURELY_KEPT).then(|| cut(pod)))
}

/// A name as far as it is surely kept in those of pods. Names are ASCII; whatever is not stays whole.
fn cut(name: &str) -> &str {
    name.get(..SURELY_KEPT).unwrap_or(name)
}
