//! Streams and reads backwards at the HTTP seam: a server that answers as the kubelet does, breaks off, refuses or
//! talks nonsense.

use std::sync::Mutex;

use futures::StreamExt;
use serde_json::{Value, json};

use super::*;
use crate::model::clock::Time;
use crate::model::key::Uid;
use crate::model::log::{LogBatch, LogChange, LogStart, ReadUpTo};

fn source() -> LogSource {
    LogSource {
        pod: Uid::new("p"),
        namespace: "data".into(),
        pod_name: "etl-1".into(),
        container: "main".into(),
        restarts: 0,
    }
}

fn follow(is_previous: bool, start: LogStart) -> Follow {
    Follow { source: source(), is_previous, start, stream: 1 }
}

fn follower(log: Follow, reports: mpsc::Sender<Report>) -> follow::Follower {
    follow::Follower::new(log, Until::ContainerEnds, BATCH_BYTES, Session::default(), reports)
}

/// An answer to a request for a log.
#[derive(Clone)]
enum Answer {
    /// It ends politely.
    Whole(Vec<u8>),
    /// The connection breaks behind this.
    Cut(Vec<u8>),
    /// The pieces come so many milliseconds one after the other, and no end.
    Paced(Vec<(u64, String)>),
    /// A refusal.
    Status(u16, &'static str),
    /// Not even a head.
    Never,
}

/// The pod, with a container that was started again so often.
fn pod(restarts: i32, state: &Value, last: &Value) -> Value {
    json!({ "metadata": { "name": "etl-1", "uid": "p" }, "spec": { "containers": [] }, "status": { "containerStatuses": [{
        "name": "main", "image": "", "imageID": "", "ready": false,
        "restartCount": restarts, "state": state, "lastState": last,
    }] } })
}

fn over() -> Value {
    pod(0, &json!({ "terminated": { "exitCode": 0 } }), &json!({}))
}

/// The pod while its container runs.
fn running() -> Value {
    pod(0, &json!({ "running": {} }), &json!({}))
}

/// The pod while its container runs a second time; its first run ended at 03:00:09.
fn restarted() -> Value {
    pod(1, &json!({ "running": {} }), &json!({ "terminated": { "exitCode": 1, "finishedAt": "2026-11-21T03:00:09Z" } }))
}

/// A server: what it is asked for logs it answers as `answer` says, from the query and the number of the request before.
/// The queries are noted. A pod that is null is gone.
fn server(
    pod: Value,
    answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
) -> (kube::Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (notes, answer) = (asked.clone(), Arc::new(answer));
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let answer = if request.uri().path().ends_with("/log") {
            let mut asked = notes.lock().unwrap();
            asked.push(query.clone());
            answer(&query, asked.len() - 1)
        } else if pod.is_null() {
            Answer::Status(404, "pods \"etl-1\" not found")
        } else {
            Answer::Whole(pod.to_string().into_bytes())
        };
        let is_answered = !matches!(answer, Answer::Never);
        // In small pieces, as a network brings them.
        let small = |text: Vec<u8>| text.chunks(8 << 10).map(|piece| (0, Ok(piece.to_vec()))).collect::<Vec<_>>();
        let (code, pieces, is_endless) = match answer {
            Answer::Whole(text) => (200, small(text), false),
            Answer::Cut(text) => {
                let broken = (0, Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)));
                (200, small(text).into_iter().chain([broken]).collect(), false)
            }
            Answer::Paced(pieces) => {
                (200, pieces.into_iter().map(|(wait, text)| (wait, Ok(text.into_bytes()))).collect(), true)
            }
            Answer::Status(code, words) => {
                let reason = if code == 404 { "NotFound" } else { "" };
                let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": words,
                    "reason": reason, "code": code });
                (code, small(status.to_string().into_bytes()), false)
            }
            Answer::Never => (200, Vec::new(), true),
        };
        let frames = futures::stream::iter(pieces).then(|(wait, piece)| async move {
            if wait > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            }
            piece.map(|piece| http_body::Frame::data(bytes::Bytes::from(piece)))
        });
        let never = futures::stream::iter(is_endless.then_some(())).then(|()| std::future::pending());
        let body = http_body_util::StreamBody::new(frames.chain(never));
        async move {
            if !is_answered {
                std::future::pending::<()>().await;
            }
            Ok::<_, tower::BoxError>(http::Response::builder().status(code).body(body).unwrap())
        }
    });
    (kube::Client::new(service, "default"), asked)
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

/// What a stream tells until it ends or so much was told, and what was asked. Waits take no time.
fn told(
    log: Follow,
    pod: Value,
    answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
) -> (Vec<LogChange>, Vec<String>) {
    let runtime = paused();
    let _inside = runtime.enter();
    let (client, asked) = server(pod, answer);
    let told = runtime.block_on(async {
        let (reports, mut reported) = mpsc::channel(64);
        let follower = tokio::spawn(follower(log, reports).run(client));
        let mut told = Vec::new();
        while let Some(Report::Log { change, .. }) = reported.recv().await {
            told.push(change);
            if told.len() > 200 {
                break;
            }
        }
        follower.abort();
        told
    });
    let asked = asked.lock().unwrap().clone();
    (told, asked)
}

/// What a stream of a container that runs tells within so many seconds, and what was asked.
fn told_within(
    seconds: u64,
    answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static,
) -> (Vec<LogChange>, Vec<String>) {
    let runtime = paused();
    let _inside = runtime.enter();
    let (client, asked) = server(running(), answer);
    let told = runtime.block_on(async {
        let (reports, mut reported) = mpsc::channel(64);
        let follower = follow::Follower::new(
            follow(false, LogStart::Tail(500)),
            reader::Until::ContainerEnds,
            1 << 18,
            Session::default(),
            reports,
        );
        let follower = tokio::spawn(follower.run(client));
        tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
        follower.abort();
        let mut told = Vec::new();
        while let Ok(Report::Log { change, .. }) = reported.try_recv() {
            told.push(change);
        }
        told
    });
    let asked = asked.lock().unwrap().clone();
    (told, asked)
}

/// The answers one after the other, the last one for ever.
fn each(answers: Vec<Answer>) -> impl Fn(&str, usize) -> Answer + Send + Sync + 'static {
    move |_, number| answers[number.min(answers.len() - 1)].clone()
}

fn whole(text: &str) -> Answer {
    Answer::Whole(text.as_bytes().to_vec())
}

/// The lines among what was told.
fn lines(told: &[LogChange]) -> Vec<(Time, &[u8])> {
    let lines = told.iter().filter_map(|change| match change {
        LogChange::Lines(lines) => Some(lines),
        _ => None,
    });
    lines.flat_map(LogBatch::iter).map(|(time, _, text)| (time, text)).collect()
}

fn texts(told: &[LogChange]) -> Vec<String> {
    lines(told).into_iter().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect()
}

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// A log as the kubelet keeps it: a file, of which it serves what is asked for.
fn kubelet(log: &'static str) -> impl Fn(&str) -> String + Send + Sync + 'static {
    move |query| {
        let parameter = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        let mut lines: Vec<&str> = log.split_inclusive('\n').collect();
        if let Some((_, since)) = parameter("sinceTime") {
            let since = time(&since);
            lines.retain(|line| time(line.split(' ').next().unwrap()) >= since);
        }
        if let Some((_, tail)) = parameter("tailLines") {
            lines.drain(..lines.len().saturating_sub(tail.parse().unwrap()));
        }
        let mut text = lines.concat();
        if let Some((_, limit)) = parameter("limitBytes") {
            text.truncate(limit.parse().unwrap());
        }
        text
    }
}

/// Lines of one nanosecond, times that go back, an empty line, one of blanks.
const LOG: &str = "2026-11-21T03:00:00.000000001Z one\n\
                   2026-11-21T03:00:00.000000001Z two\n\
                   2026-11-21T03:00:00.900000000Z three\n\
                   2026-11-21T03:00:00.800000000Z before three\n\
                   2026-11-21T03:00:02.000000000Z \n\
                   2026-11-21T03:00:02.000000000Z  \n\
                   2026-11-21T03:00:02.000000000Z \n\
                   2026-11-21T03:00:03.5Z end\n";

const LOG_TEXTS: [&str; 8] = ["one", "two", "three", "before three", "", " ", "", "end"];

/// The log of the run before is read to its end and not followed.
#[test]
fn previous_log_is_read_to_its_end() {
    let (told, asked) = told(follow(true, LogStart::Tail(500)), restarted(), move |query, _| {
        Answer::Whole(kubelet("2026-11-21T03:00:00Z it died\n")(query).into_bytes())
    });
    assert_eq!((texts(&told), told.len()), (vec!["it died".to_owned()], 2));
    assert_eq!(told.last(), Some(&LogChange::Ended));
    assert!(asked.iter().all(|one| one.contains("previous=true") && !one.contains("follow=true")), "{asked:?}");
}

#[test]
fn lines_are_kept_byte_for_byte() {
    let raw: &[u8] = b"\x1b[31mcaf\xe9\0 10%\r 20%\t\r";
    let log = [b"2026-11-21T03:00:00Z ", raw, b"\n"].concat();
    let (told, _) = told(follow(false, LogStart::First), over(), each(vec![Answer::Whole(log)]));
    assert_eq!(lines(&told), [(time("2026-11-21T03:00:00Z"), raw)]);
}

#[test]
fn line_of_ten_megabytes_is_whole_and_a_longer_one_goes_on_at_the_same_time() {
    let long = vec![b'x'; 10_000_000];
    // What looks like a time in the middle of a line is none.
    let longer = [vec![b'y'; split::LONGEST_LINE - 21], b"1999-01-01T00:00:00Z z".to_vec()].concat();
    let mut log = Vec::new();
    for text in [&long, &longer, &b"short".to_vec()] {
        log.extend([b"2026-11-21T03:00:00Z ", text.as_slice(), b"\n"].concat());
    }
    let at = time("2026-11-21T03:00:00Z");
    let (told, _) = told(follow(true, LogStart::First), restarted(), each(vec![Answer::Whole(log)]));
    let lines = lines(&told);
    assert!(lines.iter().all(|(time, _)| *time == at));
    let (first, rest) = longer.split_at(split::LONGEST_LINE - 21);
    let wanted: [&[u8]; 4] = [&long, first, rest, b"short"];
    assert!(lines.iter().map(|(_, text)| *text).eq(wanted), "{:?}", lines.iter().map(|one| one.1.len()));
}

/// Wherever a connection breaks, or a server ends as politely as if all were told, the lines are complete and none comes
/// twice.
#[test]
fn log_cut_at_any_byte_is_complete_and_nothing_comes_twice() {
    for is_polite in [false, true] {
        for at in 0..=LOG.len() {
            let serve = kubelet(LOG);
            let (told, _) = told(follow(false, LogStart::Tail(500)), over(), move |query, number| {
                let mut text = serve(query).into_bytes();
                if number > 0 {
                    return Answer::Whole(text);
                }
                text.truncate(at);
                if is_polite { Answer::Whole(text) } else { Answer::Cut(text) }
            });
            // An end before the first byte, of a run that is over, is that of an empty log.
            let wanted: &[&str] = if is_polite && at == 0 { &[] } else { &LOG_TEXTS };
            assert_eq!(texts(&told), wanted, "cut at {at}, politely: {is_polite}");
            assert_eq!(told.last(), Some(&LogChange::Ended));
            assert!(told.iter().all(|one| matches!(one, LogChange::Lines(_) | LogChange::Ended)), "{told:?}");
        }
    }
}

/// The same, cut again and again.
#[test]
fn connection_that_always_breaks_brings_the_log_in_the_end() {
    let serve = kubelet(LOG);
    let (told, _) = told(follow(false, LogStart::First), over(), move |query, number| {
        let mut text = serve(query).into_bytes();
        text.truncate(number * 7);
        if number < 40 { Answer::Cut(text) } else { Answer::Whole(serve(query).into_bytes()) }
    });
    assert_eq!(texts(&told), LOG_TEXTS);
}

#[test]
fn reading_begins_where_it_was_asked_to() {
    let begin = |start| {
        let serve = kubelet(LOG);
        told(follow(false, start), over(), move |query, _| Answer::Whole(serve(query).into_bytes()))
    };
    let after = |text, repeated| LogStart::After(ReadUpTo { time: time(text), repeated });
    for (start, first, query) in [
        (LogStart::First, 0, "container=main"),
        (LogStart::Tail(3), 5, "tailLines=3"),
        (LogStart::Since(time("2026-11-21T03:00:00.7Z")), 2, "sinceTime=2026-11-21T03%3A00%3A00Z"),
        (after("2026-11-21T03:00:00.000000001Z", 1), 1, "sinceTime=2026-11-21T03%3A00%3A00Z"),
        (after("2026-11-21T03:00:00.9Z", 1), 3, "sinceTime=2026-11-21T03%3A00%3A00Z"),
        (after("2026-11-21T03:00:02Z", 2), 6, "sinceTime=2026-11-21T03%3A00%3A02Z"),
        // A part of a second is not rounded up to the next one.
        (after("2026-11-21T03:00:03.5Z", 1), 8, "sinceTime=2026-11-21T03%3A00%3A03Z"),
    ] {
        let (told, asked) = begin(start);
        assert_eq!(texts(&told), LOG_TEXTS[first..], "{start:?}");
        assert!(asked[0].contains(query), "{asked:?}");
        assert!(start != LogStart::First || !asked[0].contains("tailLines"));
    }
}

/// As a kubelet answers that rotated a log just before its container ended: with nothing.
#[test]
fn end_that_the_server_threw_away_is_a_gap_too() {
    let (told, _) = told(follow(false, LogStart::First), over(), |_, number| match number {
        0 => Answer::Cut(b"2026-11-21T03:00:01Z two\n".to_vec()),
        _ => Answer::Whole(Vec::new()),
    });
    let [.., LogChange::Gap { from, to }, LogChange::Ended] = &told[..] else { panic!("{told:?}") };
    assert!(*from == time("2026-11-21T03:00:01Z") && to > from, "{told:?}");
}

#[test]
fn lines_that_the_server_threw_away_leave_a_gap_that_is_told() {
    let rotated = kubelet("2026-11-21T03:00:07Z eight\n2026-11-21T03:00:09Z ten\n");
    let (told, _) = told(follow(false, LogStart::First), over(), move |query, number| match number {
        0 => Answer::Cut(b"2026-11-21T03:00:01Z two\n".to_vec()),
        _ => Answer::Whole(rotated(query).into_bytes()),
    });
    assert_eq!(texts(&told), ["two", "eight", "ten"]);
    let gap = LogChange::Gap { from: time("2026-11-21T03:00:01Z"), to: time("2026-11-21T03:00:07Z") };
    assert_eq!(told.iter().position(|one| *one == gap), Some(1), "{told:?}");
}

/// The log that is open now is that of the next run: the rest of this one is that of the run before.
#[test]
fn run_that_was_replaced_while_it_was_read_is_read_on_as_the_one_before() {
    let serve = kubelet(LOG);
    let (told, asked) = told(follow(false, LogStart::First), restarted(), move |query, _| {
        if query.contains("previous=true") {
            Answer::Whole(serve(query).into_bytes())
        } else {
            whole("2026-11-21T03:00:20Z of the next run\n")
        }
    });
    assert_eq!((texts(&told), told.last()), (LOG_TEXTS.map(str::to_owned).to_vec(), Some(&LogChange::Ended)));
    assert!(asked.len() >= 2);
}

#[test]
fn lines_of_another_run_are_never_told() {
    let twice = pod(2, &json!({ "running": {} }), &json!({ "terminated": { "exitCode": 1 } }));
    let answer = || each(vec![whole("2026-11-21T03:00:20Z of a later run\n")]);
    // The server's status is not behind, or it is, and the times tell it.
    for pod in [twice, restarted()] {
        let (told, _) = told(follow(true, LogStart::First), pod, answer());
        assert!(matches!(&told[..], [LogChange::Failed(why)] if why.contains("started again")), "{told:?}");
    }
    let mut other = over();
    other["metadata"]["uid"] = json!("q");
    let (told, _) = told(follow(false, LogStart::First), other, answer());
    assert!(matches!(&told[..], [LogChange::Failed(why)] if why.contains("another one has its name")), "{told:?}");
}

#[test]
fn failures_are_tried_again_and_refusals_are_final() {
    let good = || whole("2026-11-21T03:00:00Z x\n");
    for code in [400, 401, 404, 429, 500, 503] {
        let answers = each(vec![Answer::Status(code, "not now"), good()]);
        let (told, _) = told(follow(false, LogStart::First), over(), answers);
        assert!(matches!(&told[0], LogChange::Failed(why) if why.contains("not now")), "{told:?}");
        assert!(matches!(&told[1], LogChange::Lines(none) if none.is_empty()), "it stands again: {told:?}");
        assert_eq!((texts(&told), told.last()), (vec!["x".to_owned()], Some(&LogChange::Ended)));
    }
    for (code, pod) in [(403, over()), (404, Value::Null)] {
        let (told, asked) = told(follow(false, LogStart::First), pod, each(vec![Answer::Status(code, "no"), good()]));
        assert!(matches!(&told[..], [LogChange::Failed(_)]) && asked.len() == 1, "{told:?}");
    }
    let gone = each(vec![Answer::Status(400, "previous terminated container \"main\" in pod \"etl-1\" not found")]);
    let (told, asked) = told(follow(true, LogStart::First), restarted(), gone);
    assert!(matches!(&told[..], [LogChange::Failed(_)]) && asked.len() == 1, "{told:?}");
}

/// A kubelet that has just started does not know its pods yet; the API server does.
#[test]
fn log_that_is_not_found_is_gone_only_with_its_pod() {
    let missing = || Answer::Status(404, "pod does not exist");
    let answers = each(vec![Answer::Cut(b"2026-11-21T03:00:00.9Z three\n".to_vec()), missing(), missing(), whole(LOG)]);
    let (later, asked) = told(follow(false, LogStart::Since(time("2026-11-21T03:00:00.9Z"))), over(), answers);
    assert_eq!(
        (texts(&later), later.last()),
        (LOG_TEXTS[2..].iter().map(|text| (*text).to_owned()).collect(), Some(&LogChange::Ended))
    );
    assert_eq!(later.iter().filter(|one| matches!(one, LogChange::Failed(_))).count(), 2, "{later:?}");
    assert!(asked.len() >= 4, "{asked:?}");
    let mut other = over();
    other["metadata"]["uid"] = json!("q");
    for (pod, words) in [(Value::Null, "the pod is gone"), (other, "another one has its name")] {
        let (gone, asked) = told(follow(false, LogStart::First), pod, each(vec![missing(), whole(LOG)]));
        assert!(matches!(&gone[..], [LogChange::Failed(why)] if why.contains(words)), "{gone:?}");
        assert_eq!(asked.len(), 1);
    }
}

#[test]
fn nonsense_is_told_as_it_came_and_once() {
    let html = "<html>\n<h1>502</h1>\n</html>";
    let (one, asked) = told(follow(false, LogStart::First), over(), each(vec![whole(html)]));
    assert_eq!(
        (texts(&one), one.last()),
        (vec!["<html>".to_owned(), "<h1>502</h1>".to_owned()], Some(&LogChange::Ended))
    );
    assert_eq!(asked.len(), 1);
    let (one, _) = told(follow(false, LogStart::First), over(), each(vec![whole("")]));
    assert_eq!(one, [LogChange::Ended]);
    let words = "unable to retrieve container logs for containerd://f00";
    let (one, _) = told(follow(true, LogStart::First), restarted(), each(vec![whole(words)]));
    assert!(matches!(&one[..], [LogChange::Failed(why)] if why.contains(words)), "{one:?}");
}

/// Only an end that comes twice and that the pod confirms is one.
#[test]
fn polite_end_of_a_container_that_runs_is_not_believed() {
    let serve = kubelet(LOG);
    let runtime = paused();
    let _inside = runtime.enter();
    let (client, asked) = server(running(), move |query, _| Answer::Whole(serve(query).into_bytes()));
    runtime.block_on(async {
        let (reports, mut reported) = mpsc::channel(64);
        let follower = follower(follow(false, LogStart::First), reports);
        let follower = tokio::spawn(follower.run(client));
        assert!(matches!(reported.recv().await, Some(Report::Log { change: LogChange::Lines(_), .. })));
        let more = tokio::time::timeout(std::time::Duration::from_secs(60), reported.recv()).await;
        assert!(more.is_err(), "{more:?}");
        follower.abort();
    });
    assert!((5..20).contains(&asked.lock().unwrap().len()), "it is asked again, but less and less often");
}

/// A connection that died brings nothing and no end either.
#[test]
fn connection_that_died_without_a_word_is_replaced_silently() {
    let one = (0, "2026-11-21T03:00:00Z one\n2026-11-21T03:00:01Z tw".to_owned());
    let rest = (0, "2026-11-21T03:00:01Z two\n".to_owned());
    let later = (30_000, "2026-11-21T03:00:40Z three\n".to_owned());
    let (told, asked) = told_within(
        160,
        each(vec![
            Answer::Paced(vec![one.clone()]),
            Answer::Never,
            Answer::Paced(vec![(0, "2026-11-21T03:00:00Z one\n".to_owned()), rest, later]),
        ]),
    );
    assert_eq!((texts(&told), asked.len()), (["one", "two", "three"].map(str::to_owned).to_vec(), 3), "{asked:?}");
    assert!(told.iter().all(|one| matches!(one, LogChange::Lines(_))), "{told:?}");
    assert!(asked[1..].iter().all(|one| one.contains("sinceTime=2026-11-21T03%3A00%3A00Z")), "{asked:?}");
}

#[test]
fn quiet_container_is_asked_for_once_a_minute_and_nothing_is_told_of_it() {
    let one = Answer::Paced(vec![(0, "2026-11-21T03:00:00Z one\n".to_owned())]);
    // It wrote a line; it wrote nothing; its line was rotated away since; its server gives lines no times.
    let nothing = || Answer::Paced(Vec::new());
    let timeless = Answer::Paced(vec![(0, "one\n".to_owned())]);
    for (answers, lines, requests) in [
        (vec![one.clone()], 1, 10..=11),
        (vec![nothing()], 0, 10..=11),
        (vec![one, nothing()], 1, 10..=11),
        (vec![timeless], 1, 1..=1),
    ] {
        let (told, asked) = told_within(605, each(answers));
        assert!(told.len() == lines && texts(&told).len() == lines, "{told:?}");
        assert!(requests.contains(&asked.len()), "{asked:?}");
    }
}

#[test]
fn lines_that_come_one_by_one_are_told_together_and_the_first_after_a_pause_at_once() {
    let line = |number: u64| format!("2026-11-21T03:00:00Z {number}\n");
    // A line each millisecond, a pause, and three lines more.
    let pieces = (0..100).map(|number| (1, line(number))).chain([(500, line(100)), (4, line(101)), (4, line(102))]);
    let runtime = paused();
    let _inside = runtime.enter();
    let (client, _) = server(running(), each(vec![Answer::Paced(pieces.collect())]));
    let told = runtime.block_on(async {
        let (reports, mut reported) = mpsc::channel(64);
        let follower = follower(follow(false, LogStart::First), reports);
        let follower = tokio::spawn(follower.run(client));
        let (mut told, mut began, mut lines) = (Vec::new(), None, 0);
        while lines < 103 {
            let Some(Report::Log { change: LogChange::Lines(batch), .. }) = reported.recv().await else { panic!() };
            let began = began.get_or_insert_with(tokio::time::Instant::now);
            lines += batch.len();
            told.push((began.elapsed().as_millis(), batch.len()));
        }
        follower.abort();
        told
    });
    assert_eq!(told[0], (0, 1));
    assert!((10..14).contains(&(told.len() - 3)) && told.iter().all(|(_, lines)| *lines <= 12), "{told:?}");
    // The line behind the pause at once, the two behind that 10 ms later.
    let [.., (pause, 1), (last, 2)] = told[..] else { panic!("{told:?}") };
    assert!((599..602).contains(&pause) && (10..13).contains(&(last - pause)), "{told:?}");
}

/// What a read backwards answers.
fn older(before: (&str, u32), start: LogStart, log: &'static str) -> (LogChange, usize) {
    let serve = kubelet(log);
    let runtime = paused();
    let _inside = runtime.enter();
    let (client, asked) = server(over(), move |query, _| Answer::Whole(serve(query).into_bytes()));
    let before = ReadUpTo { time: time(before.0), repeated: before.1 };
    let older = Older { source: source(), is_previous: false, before, start, stream: 1 };
    let change = runtime.block_on(older::read(&client, &older));
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|one| !one.contains("follow=true")), "{asked:?}");
    (change, asked.len())
}

#[track_caller]
fn assert_older((change, _): (LogChange, usize), wanted: &[&str], wanted_start: bool) {
    let LogChange::Older { batch, is_start } = change else { panic!("{change:?}") };
    assert!(batch.iter().map(|(.., text)| text).eq(wanted.iter().map(|text| text.as_bytes())), "{batch:?}");
    assert_eq!(is_start, wanted_start);
}

#[test]
fn older_lines_end_at_the_first_that_is_known() {
    let end = ("2026-11-21T03:00:03.5Z", 1);
    assert_older(older(end, LogStart::Tail(3), LOG), &LOG_TEXTS[5..7], false);
    assert_older(older(end, LogStart::First, LOG), &LOG_TEXTS[..7], true);
    assert_older(older(end, LogStart::Tail(8), LOG), &LOG_TEXTS[..7], true);
    assert_older(older(end, LogStart::Tail(800), LOG), &LOG_TEXTS[..7], true);
    assert_older(older(end, LogStart::Since(time("2026-11-21T03:00:00.9Z")), LOG), &LOG_TEXTS[2..7], false);
    // Of three lines of one time the last two are known.
    assert_older(older(("2026-11-21T03:00:02Z", 2), LogStart::Tail(5), LOG), &LOG_TEXTS[3..5], false);
    assert_older(older(("2026-11-21T03:00:02Z", 3), LogStart::First, LOG), &LOG_TEXTS[..4], true);
    // A later line stands before the first known one.
    assert_older(older(("2026-11-21T03:00:00.8Z", 1), LogStart::First, LOG), &LOG_TEXTS[..3], true);
    assert_older(older(("2026-11-21T03:00:00.000000001Z", 2), LogStart::First, LOG), &[], true);
}

#[test]
fn older_lines_are_found_in_a_log_that_has_grown() {
    // The last line was the only one known, and the only one that there was behind "before three".
    assert_older(older(("2026-11-21T03:00:00.8Z", 1), LogStart::Tail(2), LOG), &LOG_TEXTS[..3], true);
    assert_older(older(("2026-11-21T03:00:02Z", 3), LogStart::Tail(4), LOG), &LOG_TEXTS[..4], true);
}

#[test]
fn older_lines_that_the_server_threw_away_are_no_older_lines() {
    for start in [LogStart::First, LogStart::Tail(100), LogStart::Tail(2)] {
        let (change, asked) = older(("2026-11-21T02:00:00Z", 1), start, LOG);
        assert!(matches!(&change, LogChange::NoOlder(why) if why.contains("no longer has")), "{change:?}");
        assert!(asked <= 6, "{asked}");
    }
}

#[test]
fn streams_go_on_when_their_container_was_started_again() {
    let runtime = paused();
    let _inside = runtime.enter();
    let (client, asked) = server(over(), |_, _| Answer::Status(503, "later"));
    runtime.block_on(async {
        let (reports, _reported) = mpsc::channel(64);
        let mut streams = Streams::default();
        let set = |streams: &mut Streams, logs: &[Follow]| streams.set(logs, Session::default(), &client, &reports);
        set(&mut streams, &[follow(false, LogStart::First)]);
        let first = streams.streams[&(source(), 1)].0.id();
        set(&mut streams, &[follow(true, LogStart::First)]);
        assert_eq!((streams.streams[&(source(), 1)].0.id(), streams.streams.len()), (first, 1));
        set(&mut streams, &[]);
        assert!(streams.streams.is_empty());
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    });
    assert!(asked.lock().unwrap().is_empty(), "what was ended before it began asks nothing");
}

#[test]
fn stream_of_another_number_takes_the_place_of_its_sources() {
    let runtime = paused();
    let _inside = runtime.enter();
    let pieces = (0..100).map(|number| (100, format!("2026-11-21T03:00:00.{number:02}Z x\n"))).collect();
    let (client, asked) = server(running(), each(vec![Answer::Paced(pieces)]));
    runtime.block_on(async {
        let (reports, mut reported) = mpsc::channel(1);
        let mut streams = Streams::default();
        let mut told = Vec::new();
        for (stream, start) in [(1, LogStart::First), (2, LogStart::Tail(3)), (2, LogStart::First)] {
            streams.set(&[Follow { stream, ..follow(false, start) }], Session::default(), &client, &reports);
            for _ in 0..5 {
                let Some(Report::Log { stream, .. }) = reported.recv().await else { panic!() };
                told.push(stream);
            }
        }
        assert!(told.is_sorted() && told[8..] == [2; 7], "what the first told may still be on its way: {told:?}");
    });
    let asked = asked.lock().unwrap();
    assert!(asked.len() == 2 && !asked[0].contains("tailLines") && asked[1].contains("tailLines=3"), "{asked:?}");
}
