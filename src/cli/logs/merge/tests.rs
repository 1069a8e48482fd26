//! Which lines go out when, on a clock that stands still but for waits.

use super::*;
use crate::model::key::Uid;

/// A clock that goes with the runtime's, which stands still but for waits.
struct Paused(Instant);

/// What the clock shows at first, in seconds.
const NOW: i64 = 1_000;

impl Clock for Paused {
    fn now(&self) -> Time {
        let passed = i64::try_from(self.0.elapsed().as_nanos()).unwrap();
        Time::from_nanos(Time::from_seconds(NOW).nanos() + passed)
    }
}

fn source(name: &str) -> LogSource {
    LogSource { pod: Uid::new(name), namespace: "n".into(), pod_name: name.into(), container: "c".into(), restarts: 0 }
}

/// Lines at these milliseconds after the clock's first moment, each with its name and number for a text.
fn lines(at: &[i64]) -> LogPart {
    let mut lines = LogBatch::default();
    for millis in at {
        let time = Time::from_nanos(Time::from_seconds(NOW).nanos() + millis * 1_000_000);
        lines.push(time, LineClass::default(), millis.to_string().as_bytes());
    }
    LogPart::Lines(lines)
}

struct Lab {
    merge: Merge,
    began: Instant,
}

impl Lab {
    fn new() -> Self {
        let began = Instant::now();
        Self { merge: Merge::new(Duration::from_millis(300), Arc::new(Paused(began))), began }
    }

    fn add(&mut self, name: &str) -> mpsc::Sender<LogPart> {
        let (parts, reader) = mpsc::channel(8);
        self.merge.add(source(name), reader);
        parts
    }

    /// The next lines that go out, as pod and text, and after how many milliseconds; None where it is something else.
    async fn next(&mut self) -> Option<(Vec<String>, u128)> {
        let Merged::Ready(log, count) = self.merge.next().await else { return None };
        let mut texts = Vec::new();
        let write = |source: &LogSource, _, _, text: &[u8]| {
            texts.push(format!("{}{}", source.pod_name, String::from_utf8_lossy(text)));
            Ok::<_, ()>(())
        };
        self.merge.take((log, count), write).unwrap();
        Some((texts, self.began.elapsed().as_millis()))
    }

    /// All lines up to the end of all logs.
    async fn all(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while !self.merge.is_empty() {
            all.extend(self.next().await.map(|(texts, _)| texts).unwrap_or_default());
        }
        all
    }
}

#[tokio::test(start_paused = true)]
async fn ended_logs_are_merged_by_time_and_keep_their_own_order() {
    let mut lab = Lab::new();
    let (a, b) = (lab.add("a"), lab.add("b"));
    a.send(lines(&[-900, -600, -700])).await.unwrap();
    a.send(lines(&[-100])).await.unwrap();
    b.send(lines(&[-800, -650, -200])).await.unwrap();
    drop((a, b));
    assert_eq!(lab.all().await, ["a-900", "b-800", "b-650", "a-600", "a-700", "b-200", "a-100"]);
}

#[tokio::test(start_paused = true)]
async fn one_log_waits_for_nothing() {
    let mut lab = Lab::new();
    let a = lab.add("a");
    a.send(lines(&[0, 1])).await.unwrap();
    assert_eq!(lab.next().await, Some((vec!["a0".into(), "a1".into()], 0)));
}

#[tokio::test(start_paused = true)]
async fn fresh_line_waits_for_older_ones_of_other_logs_but_no_longer_than_the_window() {
    let mut lab = Lab::new();
    let (a, b) = (lab.add("a"), lab.add("b"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    a.send(lines(&[1_000])).await.unwrap();
    let late = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        b.send(lines(&[990])).await.unwrap();
    };
    let (first, ()) = tokio::join!(lab.next(), late);
    assert_eq!(first, Some((vec!["b990".into()], 1_200)));
    // What came of b says nothing of what follows: it has to be silent for the window again.
    assert_eq!(lab.next().await, Some((vec!["a1000".into()], 1_500)));
    drop(b);
}

#[tokio::test(start_paused = true)]
async fn old_lines_do_not_wait_for_a_silent_log() {
    let mut lab = Lab::new();
    let (a, _b) = (lab.add("a"), lab.add("b"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..3 {
        a.send(lines(&[-5_000, -4_000])).await.unwrap();
        assert_eq!(lab.next().await, Some((vec!["a-5000".into(), "a-4000".into()], 1_000)));
    }
}

#[tokio::test(start_paused = true)]
async fn line_of_a_node_whose_clock_is_ahead_waits_no_longer_than_the_window() {
    let mut lab = Lab::new();
    let (a, _b) = (lab.add("a"), lab.add("b"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    a.send(lines(&[90_000])).await.unwrap();
    assert_eq!(lab.next().await, Some((vec!["a90000".into()], 1_300)));
}

#[tokio::test(start_paused = true)]
async fn missing_lines_are_told_in_their_place() {
    let mut lab = Lab::new();
    let a = lab.add("a");
    let (from, to) = (Time::from_seconds(1), Time::from_seconds(2));
    for part in [lines(&[1]), LogPart::Gap(from, to), lines(&[2]), LogPart::Ended(Ok(()))] {
        a.send(part).await.unwrap();
    }
    assert_eq!(lab.next().await.unwrap().0, ["a1"]);
    assert_eq!(lab.merge.next().await, Merged::Gap(source("a"), from, to));
    assert_eq!(lab.next().await.unwrap().0, ["a2"]);
    assert_eq!(lab.merge.next().await, Merged::Ended(source("a"), Ok(())));
    assert!(lab.merge.is_empty());
}
