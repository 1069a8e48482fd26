//! Deltas in, rows, relations and freshness out.

use std::collections::HashMap;

use super::super::fixtures::{delta, event, failed, failure, job, now, pod, renamed, snapshot, source};
use super::super::foreign::ForeignPod;
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

fn foreign(name: &str, namespace: &str, node: &str, cpu_millis: i64) -> Row {
    let requests = Resources { cpu_millis, memory_bytes: cpu_millis * 10 };
    Row::ForeignPod(ForeignPod { uid: Uid::new(name), namespace: namespace.into(), node: node.into(), requests })
}

fn asking(name: &str, node: &str, cpu_millis: i64) -> Pod {
    let mut pod = pod("pod-bare");
    pod.meta = renamed(&pod.meta, name);
    pod.meta.namespace = "x".into();
    pod.node = node.into();
    pod.requests = Resources { cpu_millis, memory_bytes: cpu_millis * 10 };
    pod
}

#[test]
fn requests_are_summed_over_all_pods_that_have_not_ended() {
    let ended = Pod { phase: super::super::pod::PodPhase::Succeeded, ..asking("ended", "n1", 1_000) };
    let pods = vec![asking("a", "n1", 1), asking("b", "", 2), ended].into_iter().map(Row::Pod);
    let others = [foreign("c", "x", "n1", 10), foreign("d", "x", "n2", 20), foreign("e", "y", "n1", 40)];
    let mut known = snapshot(&pods.chain(others).collect::<Vec<_>>());
    let cpu = |known: &Snapshot| {
        let on = ["n1", "n2", "n3"].map(|node| known.requested_on(node).cpu_millis);
        let at_once = known.requested_by_node();
        assert_eq!(on, ["n1", "n2", "n3"].map(|node| at_once.get(node).map_or(0, |sum| sum.cpu_millis)));
        (on, ["x", "y", "z"].map(|namespace| known.requested_in(namespace).cpu_millis))
    };
    assert_eq!(cpu(&known), ([51, 20, 0], [33, 40, 0]));
    assert_eq!(known.requested_on("n1").memory_bytes, 510);
    known.apply(delta(Kind::Pod, vec![Change::Upsert(foreign("c", "x", "n1", 0))]), now());
    known.apply(delta(Kind::Pod, vec![Change::Remove(Uid::new("e"))]), now());
    assert_eq!(cpu(&known), ([1, 20, 0], [23, 0, 0]));
}

#[test]
fn reset_forgets_foreign_pods_of_its_own_namespace_only() {
    let mut known = snapshot(&[foreign("a", "x", "n", 1), foreign("b", "y", "n", 2)]);
    let source = Source { kind: Kind::Pod, namespace: Some("x".into()) };
    let changes = vec![Change::Reset(vec![foreign("c", "x", "n", 4)])];
    known.apply(Delta { session: Session::default(), source, changes }, now());
    assert_eq!((known.foreign_pods.len(), known.requested_on("n").cpu_millis), (2, 6));
    known.apply(delta(Kind::Pod, vec![Change::Reset(Vec::new())]), now());
    assert!(known.foreign_pods.is_empty());
}

#[test]
fn a_pod_is_either_of_a_job_or_foreign() {
    let ours = asking("pod", "n", 1);
    let owner = ours.meta.owner.unwrap().uid;
    let mut known = snapshot(&[Row::Pod(ours.clone())]);
    let touched = known.apply(delta(Kind::Pod, vec![Change::Upsert(foreign("pod", "x", "n", 2))]), now());
    assert_eq!((known.pods.len(), known.relations.pods.of(owner).len(), known.foreign_pods.len()), (0, 0, 1));
    assert_eq!((touched.jobs, touched.is_shown), (vec![owner], true));
    known.apply(delta(Kind::Pod, vec![Change::Upsert(Row::Pod(ours))]), now());
    assert_eq!((known.pods.len(), known.pods_of(owner).count(), known.foreign_pods.len()), (1, 1, 0));
}

#[test]
fn changes_to_what_no_screen_shows_do_not_count_as_shown() {
    let mut known = snapshot(&[foreign("pod", "x", "n", 2)]);
    let shown = |known: &mut Snapshot, kind, change| known.apply(delta(kind, vec![change]), now()).is_shown;
    let about_it = Row::Event(about("e", "pod", "x"));
    assert!(!shown(&mut known, Kind::Pod, Change::Upsert(foreign("pod", "x", "n", 3))));
    assert!(!shown(&mut known, Kind::Event, Change::Upsert(about_it)));
    assert!(!shown(&mut known, Kind::Event, Change::Remove(Uid::new("e"))));
    assert!(!shown(&mut known, Kind::Event, Change::Upsert(Row::Unkept(Uid::new("f")))));
    assert!(!shown(&mut known, Kind::Pod, Change::Remove(Uid::new("pod"))));
    assert!(shown(&mut known, Kind::Pod, Change::Upsert(Row::Pod(pod("pod-bare")))));
    assert!(shown(&mut known, Kind::Pod, Change::Synced));
    assert!(shown(&mut known, Kind::Pod, failed(Cause::Unreachable)));
}

/// An event about the pod of this name, which is its UID too.
fn about(name: &str, pod: &str, namespace: &str) -> Event {
    let mut event = event("event-series");
    event.meta = renamed(&event.meta, name);
    event.meta.namespace = namespace.into();
    (event.about, event.about_name) = (Uid::new(pod), format!("pod/{pod}").into());
    event
}

fn events(known: &Snapshot) -> Vec<&str> {
    let mut names: Vec<&str> = known.events.iter().map(|event| event.meta.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// Lets so many seconds pass, and something else happen then.
fn after(known: &mut Snapshot, seconds: i64) {
    known.apply(delta(Kind::Namespace, vec![Change::Synced]), now().plus_seconds(seconds));
}

#[test]
fn events_of_pods_that_turn_out_foreign_are_dropped() {
    let mut known = Snapshot::default();
    let two = ["e", "f"].map(|name| Change::Upsert(Row::Event(about(name, "web-1", "x")))).into();
    known.apply(delta(Kind::Event, two), now());
    assert_eq!(events(&known), ["e", "f"], "the pod may be ours");
    known.apply(delta(Kind::Pod, vec![Change::Upsert(foreign("web-1", "x", "n", 1))]), now());
    known.apply(delta(Kind::Event, vec![Change::Upsert(Row::Event(about("g", "web-1", "x")))]), now());
    assert_eq!((events(&known), known.relations.events.of(Uid::new("web-1"))), (vec![], &[][..]));
}

#[test]
fn events_of_unknown_pods_stay_where_the_name_is_that_of_a_jobs_pod() {
    let long = format!("{}-29920612", "n".repeat(52));
    let indexed = format!("{}-2147483647-abcde", &long[..46]);
    let jobs = ["report", "report-2", long.as_str()].map(|name| Row::Job(named(name, "x")));
    let mut known = snapshot(&jobs);
    let cut = format!("{}abcde", &long[..58]);
    let gone = ["report-abcde", "report-2-0-abcde", &cut, &indexed];
    let others = ["reports-abcde", "web-abcde", "report", "repo-rt-abcde"];
    let rows = gone.iter().chain(&others).map(|pod| Row::Event(about(pod, pod, "x")));
    let elsewhere = Row::Event(about("elsewhere", "report-abcde", "y"));
    known.apply(delta(Kind::Event, rows.chain([elsewhere]).map(Change::Upsert).collect()), now());
    after(&mut known, 19);
    assert_eq!(known.events.len(), 9, "their pods may still come");
    after(&mut known, 20);
    let mut kept = gone.to_vec();
    kept.sort_unstable();
    assert_eq!(events(&known), kept);
}

#[test]
fn nothing_is_dropped_before_pods_and_jobs_are_there() {
    for missing in [Kind::Pod, Kind::Job] {
        let mut known = snapshot(&[]);
        known.freshness.remove(&source(missing));
        known.expect(source(missing));
        known.apply(delta(Kind::Event, vec![Change::Upsert(Row::Event(about("e", "web-1", "x")))]), now());
        after(&mut known, 1_000);
        assert_eq!(events(&known), ["e"], "{missing:?} are not there");
        known.apply(delta(missing, vec![Change::Synced]), now().plus_seconds(1_001));
        after(&mut known, 2_000);
        assert_eq!(events(&known), [""; 0], "{missing:?} are there");
    }
}

#[test]
fn where_pods_are_denied_the_name_alone_decides() {
    let mut known = Snapshot::default();
    known.apply(delta(Kind::Pod, vec![failed(Cause::Denied)]), now());
    known.apply(delta(Kind::Job, vec![Change::Upsert(Row::Job(named("report", "x"))), Change::Synced]), now());
    let both = ["report-abcde", "web-abcde"].map(|pod| Change::Upsert(Row::Event(about(pod, pod, "x"))));
    known.apply(delta(Kind::Event, both.into()), now());
    after(&mut known, 20);
    assert_eq!(events(&known), ["report-abcde"]);
}

#[test]
fn an_event_whose_pod_comes_after_it_stays_when_the_pod_is_gone() {
    let mut known = snapshot(&[]);
    known.apply(delta(Kind::Event, vec![Change::Upsert(Row::Event(about("e", "odd", "x")))]), now());
    known.apply(delta(Kind::Pod, vec![Change::Upsert(Row::Pod(asking("odd", "n", 1)))]), now());
    after(&mut known, 20);
    known.apply(delta(Kind::Pod, vec![Change::Remove(Uid::new("odd"))]), now().plus_seconds(21));
    after(&mut known, 100);
    assert_eq!(events(&known), ["e"]);
}

#[test]
fn other_kinds_have_their_tables() {
    let meta = renamed(&job("job-complete").meta, "one");
    let quota = ResourceQuota { meta: meta.clone(), hard: [].into(), used: [].into(), scopes: [].into() };
    let limits = LimitRange { meta: meta.clone(), limits: [].into() };
    let node = Node {
        meta: meta.clone(),
        is_unschedulable: false,
        taints: [].into(),
        allocatable: [].into(),
        conditions: [].into(),
    };
    let claim = Claim {
        meta: meta.clone(),
        phase: "Bound".into(),
        class: None,
        volume: "".into(),
        requested: Default::default(),
        access_modes: [].into(),
    };
    let rows = [
        (Kind::Node, Row::Node(node)),
        (Kind::ResourceQuota, Row::ResourceQuota(quota)),
        (Kind::LimitRange, Row::LimitRange(limits)),
        (Kind::PersistentVolumeClaim, Row::Claim(claim)),
    ];
    let mut known = snapshot(&rows.clone().map(|(_, row)| row));
    let sizes =
        |known: &Snapshot| [known.nodes.len(), known.quotas.len(), known.limit_ranges.len(), known.claims.len()];
    assert_eq!(sizes(&known), [1; 4]);
    for (kind, row) in rows {
        assert_eq!(row.uid(), meta.uid);
        known.apply(delta(kind, vec![Change::Remove(row.uid())]), now());
        known.apply(delta(kind, vec![Change::Upsert(row)]), now());
        known.apply(delta(kind, vec![Change::Reset(Vec::new())]), now());
    }
    assert_eq!(sizes(&known), [0; 4]);
}

#[test]
fn rows_stay_small() {
    let sizes = [size_of::<Job>(), size_of::<Pod>(), size_of::<Event>(), size_of::<super::super::pod::Container>()];
    // Ten thousand Jobs with two pods each are to fit into a few megabytes. Larger needs a reason.
    let limits = [328, 328, 232, 112];
    assert!(sizes.iter().zip(limits).all(|(size, limit)| *size <= limit), "{sizes:?}");
}
