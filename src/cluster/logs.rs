//! Log streams: one task for each followed container, from the kubelet's bytes to lines with their times.
//!
//! A stream that breaks goes on from the time of its last line, without repeating it; one that the server refuses
//! because the container has not started is asked for again.

use std::collections::HashMap;
use std::time::Duration;

use futures::{AsyncBufReadExt, AsyncReadExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::Report;
use super::error::explain;
use crate::model::clock::Time;
use crate::model::delta::Cause;
use crate::model::key::Session;
use crate::model::log::{Classifier, Follow, LogBatch, LogChange, LogSource, LogStart, ReadUpTo};

/// A line of ten megabytes is kept whole; what is longer goes on in a line of its own, since a process that writes without
/// line breaks must not fill the memory. Bytes, with the time in front.
const LONGEST_LINE: usize = 10 << 20;

/// Lines told in one message at most.
const BATCH: usize = 256;

/// Bytes of text after which a message takes no more lines.
const BATCH_BYTES: usize = 1 << 20;

/// Room that a stream keeps for its next line.
const ROOM: usize = 64 << 10;

/// The cursor rests so long on a subject before its streams start, so that moving through a list starts none.
const SETTLE: Duration = Duration::from_millis(120);

/// The wait before a stream is asked for again.
const RETRY: Duration = Duration::from_secs(1);

/// The streams that run, by source. Dropping it ends them.
#[derive(Debug, Default)]
pub struct Streams(HashMap<(LogSource, bool), Stream>);

#[derive(Debug)]
struct Stream(AbortHandle);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Streams {
    /// Ends the streams that are not in `logs` and starts those that are new.
    pub(super) fn set(
        &mut self,
        logs: &[Follow],
        session: Session,
        client: &kube::Client,
        reports: &mpsc::Sender<Report>,
    ) {
        let key = |follow: &Follow| (follow.source.clone(), follow.is_previous);
        self.0.retain(|running, _| logs.iter().any(|follow| key(follow) == *running));
        for follow in logs {
            self.0.entry(key(follow)).or_insert_with(|| {
                let follower = Follower::new(follow.clone(), session, reports.clone());
                Stream(tokio::spawn(follower.run(client.clone())).abort_handle())
            });
        }
    }
}

/// One stream.
struct Follower {
    source: LogSource,
    is_previous: bool,
    start: LogStart,
    classifier: Classifier,
    session: Session,
    reports: mpsc::Sender<Report>,
    /// The time of the last line that was told.
    last: Option<Time>,
    /// How many lines with exactly that time were told: they come again after a resume.
    repeated: usize,
    /// The stream ended in this line, before its line break.
    unfinished: Vec<u8>,
}

impl Follower {
    fn new(Follow { source, is_previous, start }: Follow, session: Session, reports: mpsc::Sender<Report>) -> Self {
        let (last, repeated) = match start {
            LogStart::After(ReadUpTo { time, repeated }) => (Some(time), repeated as usize),
            _ => (None, 0),
        };
        let (classifier, unfinished) = (Classifier::default(), Vec::new());
        Self { source, is_previous, start, classifier, session, reports, last, repeated, unfinished }
    }

    async fn run(mut self, client: kube::Client) {
        tokio::time::sleep(SETTLE).await;
        let pods: Api<Pod> = Api::namespaced(client, &self.source.namespace);
        let mut ended_at = None;
        loop {
            match self.follow(&pods).await {
                Ok(()) if self.is_previous => {
                    self.tell(LogChange::Ended).await;
                    return;
                }
                // A server that shuts down ends a stream as politely as a container that ended. Only a second look
                // that finds nothing new tells them apart: for a running container it would not end.
                Ok(()) if ended_at == Some(self.last) => {
                    self.tell(LogChange::Ended).await;
                    return;
                }
                Ok(()) => ended_at = Some(self.last),
                Err(Broken::Closed) => return,
                Err(Broken::Gone(why)) => {
                    self.tell(LogChange::Failed(why)).await;
                    return;
                }
                Err(Broken::Later(why)) => {
                    if !self.tell(LogChange::Failed(why)).await {
                        return;
                    }
                }
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Reads until the stream ends. The kubelet ends it when the container has ended.
    async fn follow(&mut self, pods: &Api<Pod>) -> Result<(), Broken> {
        let params = LogParams {
            container: Some(self.source.container.to_string()),
            follow: !self.is_previous,
            previous: self.is_previous,
            timestamps: true,
            tail_lines: match (self.last, self.start) {
                (None, LogStart::Tail(lines)) => Some(lines.into()),
                _ => None,
            },
            since_time: match (self.last, self.start) {
                // The server rounds to seconds: ask from the second before, and drop what was told.
                (Some(last), _) => Some(last.plus_seconds(-1).to_timestamp()),
                (None, LogStart::Since(time)) => Some(time.to_timestamp()),
                _ => None,
            },
            ..LogParams::default()
        };
        let opened = pods.log_stream(&self.source.pod_name, &params).await;
        let mut stream = std::pin::pin!(opened.map_err(|error| self.refused(&error))?);
        let mut skip = Skip { until: self.last, repeated: self.repeated };
        let mut buffer = Vec::new();
        let (mut lines, mut begun) = (LogBatch::default(), None);
        loop {
            let mut one_line = stream.as_mut().take(LONGEST_LINE as u64);
            let read = one_line.read_until(b'\n', &mut buffer);
            let read = read.await.map_err(|error| Broken::Later(format!("the log stream broke: {error}")))?;
            let is_whole = buffer.ends_with(b"\n") || buffer.len() >= LONGEST_LINE;
            if read > 0 && (is_whole || self.is_all(&buffer)) {
                let before = lines.last_time().or(self.last);
                let (time, text) = line(&buffer, begun, before);
                begun = (!buffer.ends_with(b"\n")).then_some(time);
                if !skip.is_old(time) {
                    lines.push(time, self.classifier.class(text), text);
                }
            }
            buffer.clear();
            buffer.shrink_to(ROOM);
            // Tell what is there when no more is waiting, so that a burst is one message and a single line is at once.
            let more = lines.len() < BATCH
                && lines.bytes() < BATCH_BYTES
                && read > 0
                && futures::FutureExt::now_or_never(stream.fill_buf())
                    .is_some_and(|ready| ready.is_ok_and(|b| !b.is_empty()));
            if !more && !lines.is_empty() {
                self.remember(&lines);
                if !self.tell(LogChange::Lines(std::mem::take(&mut lines))).await {
                    return Err(Broken::Closed);
                }
            }
            if read == 0 {
                return Ok(());
            }
        }
    }

    /// Whether a line without a line break, in which the stream ended, is all there is: the container ended in it. Where
    /// it was the server that ended, the line goes on when it is asked for again; so only what comes twice is believed.
    fn is_all(&mut self, line: &[u8]) -> bool {
        let is_all = self.is_previous || self.unfinished == line;
        if !is_all {
            self.unfinished = line.to_vec();
        }
        is_all
    }

    fn remember(&mut self, lines: &LogBatch) {
        for (time, ..) in lines.iter() {
            self.repeated = if self.last == Some(time) { self.repeated + 1 } else { 1 };
            self.last = Some(time);
        }
    }

    fn refused(&self, error: &kube::Error) -> Broken {
        let failure = explain(&format!("read the log of {}", self.source.pod_name), error);
        match failure.cause {
            Cause::NotFound => Broken::Gone("the pod is gone".into()),
            Cause::Denied => Broken::Gone(failure.message),
            // 400: the kubelet has thrown the log of the run before away.
            Cause::Other if self.is_previous => Broken::Gone(failure.message),
            _ => Broken::Later(failure.message),
        }
    }

    async fn tell(&self, change: LogChange) -> bool {
        let report = Report::Log { session: self.session, source: self.source.clone(), change };
        self.reports.send(report).await.is_ok()
    }
}

/// The time and the bytes of a line. The rest of a line that was too long has the time with which it `begun`; a line
/// without a readable time takes the one `before`.
fn line(bytes: &[u8], begun: Option<Time>, before: Option<Time>) -> (Time, &[u8]) {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if let Some(time) = begun {
        return (time, bytes);
    }
    let timed = bytes.iter().position(|byte| *byte == b' ').and_then(|blank| {
        let time = std::str::from_utf8(&bytes[..blank]).ok().and_then(Time::parse)?;
        Some((time, &bytes[blank + 1..]))
    });
    timed.unwrap_or_else(|| (before.unwrap_or(Time::from_seconds(0)), bytes))
}

/// Why a stream stopped.
enum Broken {
    /// Nobody listens any more.
    Closed,
    /// There is nothing to come back to.
    Gone(String),
    /// It may work later.
    Later(String),
}

/// Drops the lines that were told before a resume.
struct Skip {
    until: Option<Time>,
    repeated: usize,
}

impl Skip {
    fn is_old(&mut self, time: Time) -> bool {
        match self.until {
            Some(last) if time < last => true,
            Some(last) if time == last && self.repeated > 0 => {
                self.repeated -= 1;
                true
            }
            _ => {
                self.until = None;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::model::key::Uid;

    fn follow(is_previous: bool) -> Follow {
        let source = LogSource {
            pod: Uid::new("p"),
            namespace: "data".into(),
            pod_name: "etl-1".into(),
            container: "main".into(),
            restarts: 0,
        };
        Follow { source, is_previous, start: LogStart::Tail(500) }
    }

    /// What a stream tells of a server that gives these answers one after the other, the last one for ever, and the
    /// requests that it was asked. Waits take no time.
    fn told(log: Follow, answers: Vec<Vec<u8>>) -> (Vec<LogChange>, Vec<String>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = asked.clone();
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let mut asked = notes.lock().unwrap();
            let answer = answers[asked.len().min(answers.len() - 1)].clone();
            asked.push(request.uri().to_string());
            let body = http_body_util::Full::new(bytes::Bytes::from(answer));
            async move { Ok::<_, tower::BoxError>(http::Response::new(body)) }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let told = runtime.block_on(async {
            let (reports, mut reported) = mpsc::channel(64);
            let client = kube::Client::new(service, "default");
            let session = Session::default();
            let follower = Follower::new(log, session, reports);
            follower.run(client).await;
            let mut told = Vec::new();
            while let Some(Report::Log { change, .. }) = reported.recv().await {
                told.push(change);
            }
            told
        });
        let asked = asked.lock().unwrap().clone();
        (told, asked)
    }

    /// The lines among what was told.
    fn lines(told: &[LogChange]) -> Vec<(Time, &[u8])> {
        let lines = told.iter().filter_map(|change| match change {
            LogChange::Lines(lines) => Some(lines),
            _ => None,
        });
        lines.flat_map(LogBatch::iter).map(|(time, _, text)| (time, text)).collect()
    }

    /// The log of the run before is read once to its end, and neither followed nor looked at a second time.
    #[test]
    fn previous_log_is_read_once_to_its_end() {
        let (told, asked) = told(follow(true), vec![b"2026-11-21T03:00:00Z it died".to_vec()]);
        assert!(
            matches!(&told[..], [LogChange::Lines(one), LogChange::Ended] if lines(&told)[0].1 == b"it died" && one.len() == 1),
            "{told:?}"
        );
        assert_eq!(asked.len(), 1);
        assert!(asked[0].contains("previous=true") && !asked[0].contains("follow=true"), "{asked:?}");
    }

    #[test]
    fn lines_are_kept_byte_for_byte() {
        let raw: &[u8] = b"\x1b[31mcaf\xe9\0 10%\r 20%\t\r";
        let (told, _) = told(follow(true), vec![[b"2026-11-21T03:00:00Z ", raw, b"\n"].concat()]);
        assert_eq!(lines(&told), [(Time::parse("2026-11-21T03:00:00Z").unwrap(), raw)]);
    }

    #[test]
    fn line_of_ten_megabytes_is_whole_and_a_longer_one_goes_on_at_the_same_time() {
        let long = vec![b'x'; 10_000_000];
        // What looks like a time in the middle of a line is none.
        let longer = [vec![b'y'; LONGEST_LINE - 21], b"1999-01-01T00:00:00Z z".to_vec()].concat();
        let mut log = Vec::new();
        for text in [&long, &longer, &b"short".to_vec()] {
            log.extend([b"2026-11-21T03:00:00Z ", text.as_slice(), b"\n"].concat());
        }
        let time = Time::parse("2026-11-21T03:00:00Z").unwrap();
        let (told, _) = told(follow(true), vec![log]);
        let lines = lines(&told);
        assert!(lines.iter().all(|(at, _)| *at == time));
        let (first, rest) = longer.split_at(LONGEST_LINE - 21);
        let wanted: [&[u8]; 4] = [&long, first, rest, b"short"];
        assert!(lines.iter().map(|(_, text)| *text).eq(wanted), "{:?}", lines.iter().map(|one| one.1.len()));
    }

    #[test]
    fn line_in_which_the_server_ended_comes_whole_and_once() {
        let cut = b"2026-11-21T03:00:00Z one\n2026-11-21T03:00:01Z tw".to_vec();
        let whole = b"2026-11-21T03:00:00Z one\n2026-11-21T03:00:01Z two\n2026-11-21T03:00:02Z end".to_vec();
        let (told, _) = told(follow(false), vec![cut, whole]);
        let texts: Vec<&[u8]> = lines(&told).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, [&b"one"[..], b"two", b"end"]);
        assert_eq!(told.last(), Some(&LogChange::Ended));
    }
}
