//! End to end: log streams of the engine on the real cluster, line by line.

use k8s_openapi::api::core::v1::Pod;
use kubatch::cluster::connect::{Place, Target};
use kubatch::cluster::kubeconfig::KubeconfigChoice;
use kubatch::cluster::{Engine, REPORTS, Report};
use kubatch::model::key::{Namespaces, Session, Uid};
use kubatch::model::log::{Follow, LogBatch, LogChange, LogSource, LogStart, Older, ReadUpTo};
use tokio::sync::mpsc;

use crate::EndToEnd;
use crate::cluster::job;
use crate::support::PATIENCE;
use crate::support::cluster::{Cluster, Need, Space, runtime, script_says};

pub const TESTS: &[EndToEnd] = &[
    EndToEnd {
        name: "streams::api_server_restarts_and_no_line_is_lost",
        need: Need::Alone,
        run: api_server_restarts_and_no_line_is_lost,
    },
    EndToEnd {
        name: "streams::both_runs_of_a_restarted_container_are_read",
        need: Need::Node,
        run: both_runs_of_a_restarted_container_are_read,
    },
    EndToEnd {
        name: "streams::older_lines_meet_the_known_ones",
        need: Need::Node,
        run: older_lines_meet_the_known_ones,
    },
];

/// An engine, and what it tells of the logs of a namespace.
struct Streams<'s> {
    engine: Engine,
    reported: mpsc::Receiver<Report>,
    space: &'s Space,
    /// Lines told so far, and what else was told last: shown where nothing more comes.
    heard: (usize, Option<LogChange>),
}

impl<'s> Streams<'s> {
    fn open(cluster: &Cluster, space: &'s Space) -> Self {
        let _in_runtime = runtime().enter();
        let target = Target {
            place: Place::Kubeconfig(KubeconfigChoice {
                file: Some(cluster.kubeconfig.clone()),
                ..KubeconfigChoice::default()
            }),
            namespaces: Some(Namespaces::Some(vec![space.namespace.as_str().into()])),
            scope: kubatch::cluster::scope::Scope::Everything,
            remembered: std::collections::BTreeMap::new(),
            is_read_only: true,
        };
        let (reports, reported) = mpsc::channel(REPORTS);
        Self { engine: Engine::start(target, Session::default(), reports), reported, space, heard: (0, None) }
    }

    /// The next thing told of a log.
    fn next(&mut self) -> (LogSource, LogChange) {
        runtime().block_on(async {
            loop {
                match tokio::time::timeout(PATIENCE, self.reported.recv()).await {
                    Ok(Some(Report::Log { source, change, .. })) => {
                        match &change {
                            LogChange::Lines(batch) => self.heard.0 += batch.len(),
                            other => self.heard.1 = Some(other.clone()),
                        }
                        return (source, change);
                    }
                    Ok(Some(Report::NotConnected { failure, .. })) => println!("{}", failure.message),
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the engine has ended"),
                    // What the server says of the pods by now tells who was silent.
                    Err(_) => {
                        let pods = self.space.api::<Pod>().list(&Default::default()).await;
                        panic!("nothing more was told after {:?}: {pods:#?}", self.heard)
                    }
                }
            }
        })
    }

    /// Follows a log until it ends, or as far as is wanted; what was told of it.
    fn read(&mut self, log: Follow, mut is_enough: impl FnMut(&LogChange) -> bool) -> Vec<LogChange> {
        let source = log.source.clone();
        let _in_runtime = runtime().enter();
        self.engine.follow_logs(vec![log]);
        let mut told = Vec::new();
        loop {
            let (of, change) = self.next();
            if of != source {
                continue;
            }
            let is_over = change == LogChange::Ended || is_enough(&change);
            told.push(change);
            if is_over {
                return told;
            }
        }
    }
}

fn source(pod: &Pod, restarts: i32) -> LogSource {
    LogSource {
        pod: Uid::new(pod.metadata.uid.as_deref().unwrap()),
        namespace: pod.metadata.namespace.as_deref().unwrap().into(),
        pod_name: pod.metadata.name.as_deref().unwrap().into(),
        container: "main".into(),
        restarts,
    }
}

/// The pod of the only Job, once its container is as wanted.
fn pod(space: &Space, restarts: i32, is_running: bool) -> Pod {
    space.wait_any("with a container as wanted", |pod: &Pod| {
        let status = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref()?.first());
        status.is_some_and(|one| {
            let state = one.state.clone().unwrap_or_default();
            one.restart_count == restarts
                && if is_running { state.running.is_some() } else { state.terminated.is_some() }
        })
    })
}

/// The lines of batches as text.
fn texts<'a>(batches: impl IntoIterator<Item = &'a LogBatch>) -> Vec<String> {
    let lines = batches.into_iter().flat_map(|batch| batch.iter().map(|(.., text)| text));
    lines.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

fn batches(told: &[LogChange]) -> impl Iterator<Item = &LogBatch> {
    told.iter().filter_map(|change| match change {
        LogChange::Lines(batch) => Some(batch),
        _ => None,
    })
}

/// The lines are the numbers from the first to the last, each once, in their order.
#[track_caller]
fn assert_numbers(texts: &[String], first: usize, last: usize) {
    let wrong = texts.iter().zip(first..).find(|(text, number)| **text != number.to_string());
    assert_eq!((wrong, texts.len()), (None, last + 1 - first));
}

/// 60,000 lines in about six seconds.
const WRITER: &str =
    "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo $i; [ $((i % 1000)) -eq 0 ] && sleep 0.1; done; exit 0";

fn api_server_restarts_and_no_line_is_lost(cluster: &Cluster) {
    let space = cluster.space("cut");
    let mut streams = Streams::open(cluster, &space);
    space.apply(&job("writer", WRITER, "backoffLimit: 0", ""));
    let follow =
        Follow { source: source(&pod(&space, 0, true), 0), is_previous: false, start: LogStart::First, stream: 1 };
    let mut lines = 0;
    let mut restarts = 0;
    let told = streams.read(follow, |change| {
        if let LogChange::Lines(batch) = change {
            lines += batch.len();
        }
        if lines >= 5_000 * (restarts + 1) && restarts < 2 {
            restarts += 1;
            script_says(&["stop", "kube-apiserver"]).unwrap();
            script_says(&["start", "kube-apiserver"]).unwrap();
        }
        false
    });
    assert_eq!(restarts, 2);
    assert_numbers(&texts(batches(&told)), 1, 60_000);
    assert!(!told.iter().any(|change| matches!(change, LogChange::Gap { .. })), "nothing was rotated");
}

fn both_runs_of_a_restarted_container_are_read(cluster: &Cluster) {
    let space = cluster.space("runs");
    let mut streams = Streams::open(cluster, &space);
    let command =
        "if [ -e /kept/once ]; then echo second; else touch /kept/once; seq 1 3000; sleep 2; echo end; exit 3; fi";
    let manifest = job("again", command, "backoffLimit: 6", "volumeMounts: [{ name: kept, mountPath: /kept }]")
        .replace("restartPolicy: Never", "restartPolicy: OnFailure\n      volumes: [{ name: kept, emptyDir: {} }]");
    space.apply(&manifest);
    let first = source(&pod(&space, 0, true), 0);
    // It is followed while it runs, to its end.
    let live = Follow { source: first.clone(), is_previous: false, start: LogStart::First, stream: 1 };
    let told = texts(batches(&streams.read(live, |_| false)));
    assert_numbers(&told[..3000], 1, 3000);
    assert_eq!(told[3000..], ["end"]);
    // The second run, in a log of its own.
    let second =
        Follow { source: source(&pod(&space, 1, false), 1), is_previous: false, start: LogStart::First, stream: 1 };
    assert_eq!(texts(batches(&streams.read(second, |_| false))), ["second"]);
    // The first one is the run before now, and where it was read is found in it. A node may have thrown it away.
    let before = |start| Follow { source: first.clone(), is_previous: true, start, stream: 2 };
    let whole = streams.read(before(LogStart::First), |change| matches!(change, LogChange::Failed(_)));
    if let Some(LogChange::Failed(why)) = whole.last() {
        assert!(why.contains("unable to retrieve") || why.contains("not found"), "{why}");
        return;
    }
    assert_eq!(texts(batches(&whole)), told);
}

fn older_lines_meet_the_known_ones(cluster: &Cluster) {
    let space = cluster.space("older");
    let mut streams = Streams::open(cluster, &space);
    // A busy node may write the last lines down after it has said that the container ended: this one ends well after them.
    space.apply(&job("counter", "seq 1 20000; sleep 3", "backoffLimit: 0", ""));
    let source = source(&pod(&space, 0, false), 0);
    let tail = Follow { source: source.clone(), is_previous: false, start: LogStart::Tail(500), stream: 1 };
    let told = streams.read(tail, |_| false);
    let mut known: Vec<LogBatch> = batches(&told).cloned().collect();
    assert_numbers(&texts(&known), 19_501, 20_000);
    for (start, first, is_whole) in [(LogStart::Tail(5_500), 14_501, false), (LogStart::First, 1, true)] {
        let before = first_of(&known);
        let _in_runtime = runtime().enter();
        streams.engine.fetch_older(Older { source: source.clone(), is_previous: false, before, start, stream: 1 });
        let (_, LogChange::Older { batch, is_start }) = streams.next() else { panic!("no older lines") };
        known.insert(0, batch);
        assert_eq!(is_start, is_whole);
        assert_numbers(&texts(&known), first, 20_000);
    }
}

/// The first line of what is known, as a read backwards wants it.
fn first_of(known: &[LogBatch]) -> ReadUpTo {
    let mut times = known.iter().flat_map(LogBatch::iter).map(|(time, ..)| time).peekable();
    let time = *times.peek().expect("a line is known");
    ReadUpTo { time, repeated: times.take_while(|one| *one == time).count() as u32 }
}
