//! What a change costs, and how that grows: taking in a whole cluster, one change, and a filter, at 10,000 and 100,000
//! Jobs with two pods each; and what triage costs. Run with `cargo bench`.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use kubatch::app::{App, Msg};
use kubatch::command::Key;
use kubatch::model::clock::Time;
use kubatch::model::delta::{Change, Delta, Row, Source};
use kubatch::model::job::{Condition, Job};
use kubatch::model::key::{Kind, Session, Uid};
use kubatch::model::meta::{Meta, Owner};
use kubatch::model::owner::Subject;
use kubatch::model::pod::{Container, ContainerState, End, Pod, PodPhase, Role};
use kubatch::model::resources::Resources;
use kubatch::model::snapshot::Snapshot;
use kubatch::triage::{Facts, Known, diagnose};

const SIZES: [usize; 2] = [10_000, 100_000];
const BATCH: usize = 512;

fn meta(kind: &str, number: usize, owner: Option<Uid>) -> Meta {
    Meta {
        uid: Uid::new(&format!("{kind}-{number}")),
        namespace: format!("team-{}", number % 20).into(),
        name: format!("nightly-report-of-the-team-{number}").into(),
        version: 1,
        created: Some(Time::from_seconds(1_700_000_000 + number as i64)),
        deleted: None,
        owner: owner.map(|uid| Owner { kind: Some(Kind::Job), uid }),
        labels: Box::default(),
    }
}

/// One in twenty failed, one in ten runs, the others are complete.
fn job(number: usize) -> Job {
    let kind = match number % 20 {
        0 => Some("Failed"),
        1 | 2 => None,
        _ => Some("Complete"),
    };
    let condition = |kind: &str| Condition {
        kind: kind.into(),
        reason: "BackoffLimitExceeded".into(),
        message: "Job has reached the specified backoff limit".into(),
        since: Some(Time::from_seconds(1_700_000_100)),
    };
    Job {
        meta: meta("job", number, None),
        parallelism: Some(1),
        completions: Some(1),
        backoff_limit: Some(6),
        backoff_limit_per_index: None,
        active_deadline_seconds: None,
        ttl_seconds_after_finished: None,
        indexed: false,
        suspend: false,
        managed_by: None,
        started: Some(Time::from_seconds(1_700_000_000)),
        completed: None,
        active: 1,
        ready: 1,
        succeeded: 0,
        failed: 0,
        terminating: 0,
        completed_indexes: "".into(),
        failed_indexes: "".into(),
        conditions: kind.map(condition).into_iter().collect(),
    }
}

fn pod(number: usize) -> Pod {
    Pod {
        meta: meta("pod", number, Some(Uid::new(&format!("job-{}", number / 2)))),
        phase: PodPhase::Running,
        reason: "".into(),
        message: "".into(),
        unscheduled: "".into(),
        is_initialized: true,
        is_ready: true,
        disruption: None,
        restarts_in_place: false,
        keeps_input: false,
        node: "node-1".into(),
        started: Some(Time::from_seconds(1_700_000_000)),
        index: None,
        default_container: "".into(),
        requests: Resources::default(),
        limits: Resources::default(),
        containers: vec![Container {
            name: "main".into(),
            role: Role::Main,
            ready: true,
            started: true,
            restarts: 0,
            state: ContainerState::Running(None),
            last_end: None,
        }],
    }
}

fn message(kind: Kind, changes: Vec<Change>) -> Msg {
    Msg::Changed(Delta { session: Session::default(), source: Source { kind, namespace: None }, changes })
}

/// The messages by which a cluster of this many Jobs arrives.
fn cluster(jobs: usize) -> Vec<Msg> {
    let numbers: Vec<usize> = (0..jobs).collect();
    let pods: Vec<usize> = (0..jobs * 2).collect();
    let mut messages: Vec<Msg> = numbers
        .chunks(BATCH)
        .map(|part| message(Kind::Job, part.iter().map(|n| Change::Upsert(Row::Job(job(*n)))).collect()))
        .collect();
    messages.push(message(Kind::Job, vec![Change::Synced]));
    let of_pods = |part: &[usize]| message(Kind::Pod, part.iter().map(|n| Change::Upsert(Row::Pod(pod(*n)))).collect());
    messages.extend(pods.chunks(BATCH).map(of_pods));
    messages.push(message(Kind::Pod, vec![Change::Synced]));
    messages
}

fn loaded(jobs: usize) -> App {
    let mut app = App::new(Time::from_seconds(1_700_001_000), (160, 48));
    for message in cluster(jobs) {
        app.update(message);
    }
    app.settle();
    app
}

fn benchmark(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("app");
    group.sample_size(10);
    for size in SIZES {
        group.bench_function(BenchmarkId::new("whole cluster, settled after each batch", size), |bencher| {
            bencher.iter_batched(
                || (App::new(Time::from_seconds(1_700_001_000), (160, 48)), cluster(size)),
                |(mut app, messages)| {
                    for message in messages {
                        app.update(message);
                        app.settle();
                    }
                    app
                },
                BatchSize::LargeInput,
            );
        });
        let mut app = loaded(size);
        let mut number = 0;
        group.bench_function(BenchmarkId::new("one Job changes, settled", size), |bencher| {
            bencher.iter(|| {
                number = (number + 7_919) % size;
                app.update(message(Kind::Job, vec![Change::Upsert(Row::Job(job(number)))]));
                app.settle()
            });
        });
        group.bench_function(BenchmarkId::new("a key moves the cursor, settled", size), |bencher| {
            bencher.iter(|| {
                app.update(Msg::Key(Key::from("j")));
                app.settle()
            });
        });
        // What a key waits for is one slice; how long until everything is matched is told beside it.
        group.bench_function(BenchmarkId::new("the palette opens", size), |bencher| {
            bencher.iter(|| {
                app.update(Msg::Key(Key::from(":")));
                app.settle();
                app.update(Msg::Key(Key::from("esc")))
            });
        });
        app.update(Msg::Key(Key::from(":")));
        for (name, is_whole) in
            [("a character in the palette", false), ("a character in the palette, until all is matched", true)]
        {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    app.update(Msg::Key(Key::from("t")));
                    while is_whole && app.is_searching() {
                        app.update(Msg::Continue);
                    }
                    app.settle();
                    app.update(Msg::Key(Key::from("backspace")))
                });
            });
        }
        app.update(Msg::Key(Key::from("esc")));
        for key in ["/", "t", "e", "a", "m"] {
            app.update(Msg::Key(Key::from(key)));
        }
        group.bench_function(BenchmarkId::new("a character of a filter, settled", size), |bencher| {
            bencher.iter(|| {
                app.update(Msg::Key(Key::from("x")));
                app.update(Msg::Key(Key::from("backspace")));
                app.settle()
            });
        });
    }
    group.finish();
}

/// A cluster in which the pods of each failed Job, one Job in twenty, ended out of memory.
fn failing(jobs: usize) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let now = Time::from_seconds(1_700_001_000);
    for message in cluster(jobs) {
        if let Msg::Changed(delta) = message {
            snapshot.apply(delta, now);
        }
    }
    let killed = |number: usize| {
        let mut pod = pod(number);
        pod.phase = PodPhase::Failed;
        pod.containers[0].state = ContainerState::Ended(End {
            exit_code: 137,
            signal: 0,
            reason: "OOMKilled".into(),
            message: "".into(),
            started: Some(Time::from_seconds(1_700_000_000)),
            finished: Some(Time::from_seconds(1_700_000_100)),
        });
        Change::Upsert(Row::Pod(pod))
    };
    let changes = (0..jobs).step_by(20).flat_map(|job| [killed(2 * job), killed(2 * job + 1)]).collect();
    let source = Source { kind: Kind::Pod, namespace: None };
    snapshot.apply(Delta { session: Session::default(), source, changes }, now);
    snapshot
}

/// What triage costs: all Jobs at the start, and one after an event about it.
fn triage(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("triage");
    group.sample_size(10);
    let snapshot = failing(10_000);
    let facts = Facts::default();
    let known = Known { snapshot: &snapshot, facts: &facts, now: Time::from_seconds(1_700_001_000) };
    let judged = |number: usize| {
        let uid = Uid::new(&format!("job-{number}"));
        diagnose(known, Subject { kind: Kind::Job, uid }).findings.len()
    };
    assert!(judged(0) > 0 && judged(1) == 0, "one is failed, the other runs");
    group.bench_function("10,000 Jobs, one in twenty failed", |bencher| {
        bencher.iter(|| (0..10_000).map(judged).sum::<usize>());
    });
    group.bench_function("a failed Job", |bencher| bencher.iter(|| judged(0)));
    group.bench_function("a Job that runs", |bencher| bencher.iter(|| judged(1)));
    group.finish();
}

criterion_group!(benches, benchmark, triage);
criterion_main!(benches);
