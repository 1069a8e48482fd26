//! The engine beside `kubectl logs`: a log that is followed while it is written, and one that is read whole.

use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use kubatch::cluster::connect::{Place, Target};
use kubatch::cluster::kubeconfig::KubeconfigChoice;
use kubatch::cluster::{Engine, REPORTS, Report};
use kubatch::model::key::{Namespaces, Session, Uid};
use kubatch::model::log::{Follow, LogChange, LogSource, LogStart};
use kube::Client;
use tokio::sync::mpsc;

use crate::writer::{NAMESPACE, Writer, line};
use crate::{kubectl, median};

/// Lines of the log.
const LINES: usize = 200_000;
/// Runs of which the median is told.
const RUNS: usize = 3;
/// Seconds from a Job's creation to its first line: who follows it is there by then.
const WAIT: u64 = 6;

/// When the last line was there, and when the end of the log was known.
type Times = (Duration, Duration);

pub async fn measure(client: &Client, kubeconfig: &Path) {
    let (mut live, mut whole) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for run in 0..RUNS {
        // One after the other, and not all of one kind first: other programs load the machine too.
        let writer = Writer::start(client, &format!("ours-{run}"), LINES, WAIT).await;
        live[0].push(ours(kubeconfig, &writer, Some(writer.begin)).await);
        let writer = Writer::start(client, &format!("theirs-{run}"), LINES, WAIT).await;
        live[1].push(theirs(kubeconfig, &writer, Some(writer.begin)));
        writer.end(client).await;
        whole[0].push(ours(kubeconfig, &writer, None).await);
        whole[1].push(theirs(kubeconfig, &writer, None));
        for job in ["ours", "theirs"] {
            Writer::remove(client, &format!("{job}-{run}")).await;
        }
    }
    for (what, [ours, theirs]) in [("followed while it is written", live), ("read whole", whole)] {
        let [ours, theirs] = [ours, theirs].map(|times: Vec<Times>| {
            let of = |of: fn(&Times) -> Duration| median(&times.iter().map(of).collect::<Vec<_>>()).as_secs_f64();
            (of(|times| times.0), of(|times| times.1))
        });
        println!(
            "{LINES} lines {what:30} last line {:6.2} s, kubectl {:6.2} s: {:4.2} times; end {:6.2} s, kubectl {:6.2} s",
            ours.0,
            theirs.0,
            ours.0 / theirs.0,
            ours.1,
            theirs.1
        );
    }
}

/// Waits for the moment from which the time counts.
async fn wait_for(begin: Option<SystemTime>) -> Instant {
    let wait = begin.and_then(|begin| begin.duration_since(SystemTime::now()).ok()).unwrap_or_default();
    tokio::time::sleep(wait).await;
    Instant::now()
}

async fn ours(kubeconfig: &Path, writer: &Writer, begin: Option<SystemTime>) -> Times {
    let choice = KubeconfigChoice { file: Some(kubeconfig.to_owned()), ..KubeconfigChoice::default() };
    let target = Target {
        place: Place::Kubeconfig(choice),
        namespaces: Some(Namespaces::Some(vec![NAMESPACE.into()])),
        scope: kubatch::cluster::scope::Scope::Everything,
        remembered: std::collections::BTreeMap::new(),
        is_read_only: true,
    };
    let (reports, mut reported) = mpsc::channel(REPORTS);
    let mut engine = Engine::start(target, Session::default(), reports);
    // What the watches tell at first is no part of the log.
    while tokio::time::timeout(Duration::from_secs(1), reported.recv()).await.is_ok() {}
    let source = LogSource {
        pod: Uid::new(writer.pod.metadata.uid.as_deref().unwrap()),
        namespace: NAMESPACE.into(),
        pod_name: writer.pod.metadata.name.as_deref().unwrap().into(),
        container: "main".into(),
        restarts: 0,
    };
    let mut started = Instant::now();
    engine.follow_logs(vec![Follow { source, is_previous: false, start: LogStart::First, stream: 1 }]);
    if begin.is_some() {
        started = wait_for(begin).await;
    }
    let (mut hash, mut lines, mut last, mut messages) = (DefaultHasher::new(), 0, Duration::ZERO, 0);
    while let Some(report) = reported.recv().await {
        match report {
            Report::Log { change: LogChange::Lines(batch), .. } => {
                messages += 1;
                lines += batch.len();
                batch.iter().for_each(|(.., text)| hash.write(text));
                last = started.elapsed();
            }
            Report::Log { change: LogChange::Ended, .. } => break,
            Report::Log { change, .. } => panic!("{change:?}"),
            _ => {}
        }
    }
    let end = started.elapsed();
    let mut wanted = DefaultHasher::new();
    (1..=LINES).for_each(|number| wanted.write(line(number).as_bytes()));
    assert_eq!((lines, hash.finish()), (LINES, wanted.finish()), "lines are missing, or not as they were written");
    println!("  ours   {:6.2} s {:6.2} s, {messages} messages", last.as_secs_f64(), end.as_secs_f64());
    (last, end)
}

fn theirs(kubeconfig: &Path, writer: &Writer, begin: Option<SystemTime>) -> Times {
    let mut command = Command::new(kubectl(kubeconfig));
    command
        .env("KUBECONFIG", kubeconfig)
        .env("KUBERC", "off")
        .args(["logs", writer.pod.metadata.name.as_deref().unwrap()]);
    if begin.is_some() {
        command.arg("-f");
    }
    let mut started = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
    if let Some(begin) = begin {
        std::thread::sleep(begin.duration_since(SystemTime::now()).unwrap());
        started = Instant::now();
    }
    let (mut output, mut bytes, mut last, mut lines) = (child.stdout.take().unwrap(), [0; 64 << 10], Duration::ZERO, 0);
    loop {
        let read = output.read(&mut bytes).unwrap();
        if read == 0 {
            break;
        }
        lines += memchr::memchr_iter(b'\n', &bytes[..read]).count();
        last = started.elapsed();
    }
    assert!(child.wait().unwrap().success());
    let end = started.elapsed();
    println!("  theirs {:6.2} s {:6.2} s, {lines} lines", last.as_secs_f64(), end.as_secs_f64());
    (last, end)
}
