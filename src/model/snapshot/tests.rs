//! Deltas in, rows, relations and freshness out.

use super::super::fixtures::{delta, event, failed, failure, job, now, pod, renamed, snapshot};
use super::super::key::Session;
use super::super::meta::Owner;
use super::super::owner::Subject;
use super::*;

fn inside(namespace: &str, changes: Vec<Change>) -> Delta {
    let source = Source { kind: Kind::Job, namespace: Some(namespace.into()) };
    Delta { session: Session::default(), source, changes }
}

fn named(name: &str, namespace: &str) -> Job {
    let mut job = job("job-complete");
    job.meta = renamed(&job.meta, name);
    job.meta.namespace = namespace.into();
    job
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    let mut names: Vec<&str> = snapshot.jobs.iter().map(|job| job.meta.name.as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn reset_replaces_only_the_rows_of_its_own_namespace() {
    let mut known = Snapshot::default();
    known.apply(inside("x", vec![Change::Reset(vec![Row::Job(named("a", "x")), Row::Job(named("b", "x"))])]), now());
    known.apply(inside("y", vec![Change::Reset(vec![Row::Job(named("c", "y"))])]), now());
    known.apply(inside("x", vec![Change::Reset(vec![Row::Job(named("b", "x")), Row::Job(named("d", "x"))])]), now());
    assert_eq!(names(&known), ["b", "c", "d"]);
    known.apply(delta(Kind::Job, vec![Change::Reset(Vec::new())]), now());
    assert!(known.jobs.is_empty());
}

#[test]
fn reset_links_what_it_brings_and_unlinks_what_it_drops() {
    let running = pod("pod-running");
    let owner = running.meta.owner.unwrap().uid;
    let mut known = snapshot(&[Row::Pod(running.clone())]);
    known.apply(delta(Kind::Pod, vec![Change::Reset(vec![Row::Pod(running)])]), now());
    assert_eq!(known.pods_of(owner).count(), 1);
    known.apply(delta(Kind::Pod, vec![Change::Reset(Vec::new())]), now());
    assert_eq!(known.relations.pods.of(owner), []);
}

#[test]
fn upsert_moves_a_pod_to_its_new_owner() {
    let mut running = pod("pod-running");
    let before = running.meta.owner.unwrap().uid;
    let mut known = snapshot(&[Row::Pod(running.clone())]);
    let after = Uid::new("adopted");
    running.meta.owner = Some(Owner { kind: Some(Kind::Job), uid: after });
    known.apply(delta(Kind::Pod, vec![Change::Upsert(Row::Pod(running.clone()))]), now());
    assert_eq!((known.pods_of(before).count(), known.pods_of(after).count()), (0, 1));
    running.meta.owner = None;
    known.apply(delta(Kind::Pod, vec![Change::Upsert(Row::Pod(running))]), now());
    assert_eq!((known.pods_of(after).count(), known.pods.len()), (0, 1));
}

#[test]
fn remove_unlinks_and_forgets() {
    let (quota, refused) = (job("job-quota"), event("event-quota"));
    let mut known = snapshot(&[Row::Job(quota.clone()), Row::Event(refused.clone())]);
    assert_eq!(known.events_about(quota.meta.uid).count(), 1);
    known.apply(delta(Kind::Event, vec![Change::Remove(refused.meta.uid)]), now());
    assert!(known.events.is_empty() && known.relations.events.of(quota.meta.uid).is_empty());
    let twice = vec![Change::Remove(quota.meta.uid), Change::Remove(quota.meta.uid)];
    known.apply(delta(Kind::Job, twice), now());
    assert!(known.jobs.is_empty());
}

#[test]
fn events_of_an_object_that_is_not_known_yet_find_it_later() {
    let mut known = snapshot(&[Row::Event(event("event-series"))]);
    let waiting = pod("pod-unschedulable");
    let subject = Subject { kind: Kind::Pod, uid: waiting.meta.uid };
    known.apply(delta(Kind::Pod, vec![Change::Upsert(Row::Pod(waiting))]), now());
    assert_eq!(known.events_of_subject(subject).len(), 1);
}

#[test]
fn tree_goes_from_a_cronjob_to_the_pods_of_its_jobs() {
    let cronjob = super::super::fixtures::cronjob("cronjob");
    let mut indexed = job("job-indexed");
    indexed.meta.owner = Some(Owner { kind: Some(Kind::CronJob), uid: cronjob.meta.uid });
    let running = pod("pod-running");
    let rows = [Row::CronJob(cronjob.clone()), Row::Job(indexed.clone()), Row::Pod(running.clone())];
    let known = snapshot(&rows);
    let tree = known.tree(Subject { kind: Kind::CronJob, uid: cronjob.meta.uid });
    assert_eq!(tree, [cronjob.meta.uid, indexed.meta.uid, running.meta.uid]);
}

/// The freshness of pods after these changes, the last one `later` seconds after the others.
fn pods_after(changes: Vec<Change>, later: i64) -> Freshness {
    let mut known = Snapshot::default();
    let last = changes.len() - 1;
    for (at, change) in changes.into_iter().enumerate() {
        let moment = if at == last { now().plus_seconds(later) } else { now() };
        known.apply(delta(Kind::Pod, vec![change]), moment);
    }
    known.freshness(Kind::Pod).clone()
}

#[test]
fn live_becomes_stale_since_its_first_failure_and_live_again() {
    let stale = |failure| Freshness::Stale { since: now(), failure, retry_at: now().plus_seconds(10) };
    let broken = || failed(Cause::Unreachable);
    assert_eq!(pods_after(vec![Change::Synced, broken()], 0), stale(failure(Cause::Unreachable)));
    assert_eq!(pods_after(vec![Change::Synced, broken(), broken()], 60), stale(failure(Cause::Unreachable)));
    assert_eq!(pods_after(vec![Change::Synced, broken(), failed(Cause::Denied)], 60), stale(failure(Cause::Denied)));
    assert_eq!(pods_after(vec![Change::Synced, broken(), Change::Synced], 60), Freshness::Live);
}

#[test]
fn first_list_that_fails_is_failed_or_denied_and_never_stale() {
    let fails = Freshness::Failed { failure: failure(Cause::Busy), retry_at: now().plus_seconds(10) };
    assert_eq!(pods_after(vec![failed(Cause::Busy)], 0), fails);
    let denied = Freshness::Denied(failure(Cause::Denied));
    assert_eq!(pods_after(vec![failed(Cause::Denied)], 0), denied);
    assert_eq!(pods_after(vec![failed(Cause::Busy), failed(Cause::Denied)], 0), denied);
    assert_eq!(pods_after(vec![failed(Cause::Denied), failed(Cause::Busy)], 0), fails);
    assert_eq!(pods_after(vec![failed(Cause::Denied), Change::Synced], 0), Freshness::Live);
}

#[test]
fn failure_forgets_no_row() {
    let mut known = snapshot(&[Row::Job(job("job-complete"))]);
    known.apply(delta(Kind::Job, vec![failed(Cause::Unreachable)]), now());
    assert_eq!(known.jobs.len(), 1);
}

#[test]
fn kind_is_as_fresh_as_its_worst_source() {
    let mut known = Snapshot::default();
    assert_eq!(known.freshness(Kind::Job), &Freshness::Loading);
    for namespace in ["x", "y"] {
        known.expect(Source { kind: Kind::Job, namespace: Some(namespace.into()) });
    }
    known.apply(inside("x", vec![Change::Synced]), now());
    assert_eq!(known.freshness(Kind::Job), &Freshness::Loading);
    known.apply(inside("y", vec![Change::Synced]), now());
    assert_eq!(known.freshness(Kind::Job), &Freshness::Live);
    known.apply(inside("x", vec![failed(Cause::Busy)]), now());
    assert!(matches!(known.freshness(Kind::Job), Freshness::Stale { .. }));
    known.expect(Source { kind: Kind::Job, namespace: Some("y".into()) });
    assert_eq!(known.sources().filter(|(_, freshness)| **freshness == Freshness::Live).count(), 1);
}

/// Knuth's MMIX generator: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What the tables and links must say, kept in the plainest way.
#[derive(Default)]
struct Plain(HashMap<Uid, Pod>);

impl Plain {
    fn agrees(&self, known: &Snapshot, owners: &[Uid]) {
        assert_eq!(known.pods.len(), self.0.len());
        assert!(self.0.iter().all(|(uid, pod)| known.pods.get(*uid) == Some(pod)));
        assert!(known.pods.iter().all(|pod| self.0.contains_key(&pod.meta.uid)));
        for owner in owners {
            let mut linked = known.relations.pods.of(*owner).to_vec();
            let belongs = |pod: &&Pod| pod.meta.owner.is_some_and(|one| one.uid == *owner);
            let mut expected: Vec<Uid> = self.0.values().filter(belongs).map(|pod| pod.meta.uid).collect();
            linked.sort_unstable();
            expected.sort_unstable();
            assert_eq!(linked, expected);
        }
    }
}

#[test]
fn tables_and_links_agree_with_a_plain_map_after_any_changes() {
    let mut numbers = Numbers(1);
    let names: Vec<String> = (0..40).map(|number| format!("pod-{number}")).collect();
    let owners = ["a", "b", "c"].map(Uid::new);
    let template = pod("pod-bare");
    let made = |numbers: &mut Numbers| {
        let mut pod = template.clone();
        pod.meta = renamed(&pod.meta, &names[numbers.below(40) as usize]);
        pod.meta.owner = owners.get(numbers.below(4) as usize).map(|uid| Owner { kind: Some(Kind::Job), uid: *uid });
        pod.index = Some(numbers.below(1_000) as u32);
        pod
    };
    let (mut known, mut plain) = (Snapshot::default(), Plain::default());
    for _ in 0..4_000 {
        let change = match numbers.below(100) {
            0 => {
                let pods: HashMap<Uid, Pod> =
                    (0..numbers.below(30)).map(|_| made(&mut numbers)).map(|pod| (pod.meta.uid, pod)).collect();
                plain.0.clone_from(&pods);
                Change::Reset(pods.into_values().map(Row::Pod).collect())
            }
            1..50 => {
                let uid = made(&mut numbers).meta.uid;
                plain.0.remove(&uid);
                Change::Remove(uid)
            }
            _ => {
                let pod = made(&mut numbers);
                plain.0.insert(pod.meta.uid, pod.clone());
                Change::Upsert(Row::Pod(pod))
            }
        };
        known.apply(delta(Kind::Pod, vec![change]), now());
        plain.agrees(&known, &owners);
    }
}
