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
use crate::model::log::{LogChange, LogSource};

/// How far back a stream begins, in lines.
const TAIL_LINES: i64 = 500;

/// A line is cut here, in bytes; a process that writes without line breaks must not fill the memory.
const LONGEST_LINE: u64 = 64 * 1024;

/// Lines told in one message at most.
const BATCH: usize = 256;

/// The cursor rests so long on a subject before its streams start, so that moving through a list starts none.
const SETTLE: Duration = Duration::from_millis(120);

/// The wait before a stream is asked for again.
const RETRY: Duration = Duration::from_secs(1);

/// The streams that run, by source. Dropping it ends them.
#[derive(Debug, Default)]
pub struct Streams(HashMap<LogSource, Stream>);

#[derive(Debug)]
struct Stream(AbortHandle);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Streams {
    /// Ends the streams that are not in `sources` and starts those that are new.
    pub(super) fn set(
        &mut self,
        sources: &[LogSource],
        session: Session,
        client: &kube::Client,
        reports: &mpsc::Sender<Report>,
    ) {
        self.0.retain(|source, _| sources.contains(source));
        for source in sources {
            self.0.entry(source.clone()).or_insert_with(|| {
                let follower =
                    Follower { source: source.clone(), session, reports: reports.clone(), last: None, repeated: 0 };
                Stream(tokio::spawn(follower.run(client.clone())).abort_handle())
            });
        }
    }
}

/// One stream.
struct Follower {
    source: LogSource,
    session: Session,
    reports: mpsc::Sender<Report>,
    /// The time of the last line that was told.
    last: Option<Time>,
    /// How many lines with exactly that time were told: they come again after a resume.
    repeated: usize,
}

impl Follower {
    async fn run(mut self, client: kube::Client) {
        tokio::time::sleep(SETTLE).await;
        let pods: Api<Pod> = Api::namespaced(client, &self.source.namespace);
        let mut ended_at = None;
        loop {
            match self.follow(&pods).await {
                Ok(()) if self.source.is_previous => {
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
            follow: !self.source.is_previous,
            previous: self.source.is_previous,
            timestamps: true,
            tail_lines: self.last.is_none().then_some(TAIL_LINES),
            // The server rounds to seconds: ask from the second before, and drop what was told.
            since_time: self.last.map(|last| last.plus_seconds(-1).to_timestamp()),
            ..LogParams::default()
        };
        let opened = pods.log_stream(&self.source.pod_name, &params).await;
        let mut stream = std::pin::pin!(opened.map_err(|error| self.refused(&error))?);
        let mut skip = Skip { until: self.last, repeated: self.repeated };
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        loop {
            let mut one_line = stream.as_mut().take(LONGEST_LINE);
            let read = one_line.read_until(b'\n', &mut buffer);
            let read = read.await.map_err(|error| Broken::Later(format!("the log stream broke: {error}")))?;
            if read > 0 {
                lines.extend(self.line(&buffer).filter(|(time, _)| !skip.is_old(*time)));
                buffer.clear();
            }
            // Tell what is there when no more is waiting, so that a burst is one message and a single line is at once.
            let more = lines.len() < BATCH
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

    /// The time and the text of a line. A line without a readable time takes the one of the line before.
    fn line(&self, bytes: &[u8]) -> impl Iterator<Item = (Time, Box<str>)> + use<> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let timed = text.split_once(' ').and_then(|(time, rest)| Some((Time::parse(time)?, rest)));
        let (time, rest) = timed.unwrap_or((self.last.unwrap_or(Time::from_seconds(0)), text));
        std::iter::once((time, rest.into()))
    }

    fn remember(&mut self, lines: &[(Time, Box<str>)]) {
        for (time, _) in lines {
            self.repeated = if self.last == Some(*time) { self.repeated + 1 } else { 1 };
            self.last = Some(*time);
        }
    }

    fn refused(&self, error: &kube::Error) -> Broken {
        let failure = explain(&format!("read the log of {}", self.source.pod_name), error);
        match failure.cause {
            Cause::NotFound => Broken::Gone("the pod is gone".into()),
            Cause::Denied => Broken::Gone(failure.message),
            // 400: the kubelet has thrown the log of the run before away.
            Cause::Other if self.source.is_previous => Broken::Gone(failure.message),
            _ => Broken::Later(failure.message),
        }
    }

    async fn tell(&self, change: LogChange) -> bool {
        let report = Report::Log { session: self.session, source: self.source.clone(), change };
        self.reports.send(report).await.is_ok()
    }
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

    /// The log of the run before is read once to its end, and neither followed nor looked at a second time.
    #[test]
    fn previous_log_is_read_once_to_its_end() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = asked.clone();
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            notes.lock().unwrap().push(request.uri().to_string());
            let body = http_body_util::Full::new(bytes::Bytes::from("2026-11-21T03:00:00Z it died\n"));
            async move { Ok::<_, tower::BoxError>(http::Response::new(body)) }
        });
        let source = LogSource {
            pod: Uid::new("p"),
            namespace: "data".into(),
            pod_name: "etl-1".into(),
            container: "main".into(),
            restarts: 0,
            is_previous: true,
        };
        let told = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (reports, mut reported) = mpsc::channel(8);
            let client = kube::Client::new(service, "default");
            let follower = Follower { source, session: Session::default(), reports, last: None, repeated: 0 };
            follower.run(client).await;
            let mut told = Vec::new();
            while let Some(Report::Log { change, .. }) = reported.recv().await {
                told.push(change);
            }
            told
        });
        assert!(
            matches!(&told[..], [LogChange::Lines(lines), LogChange::Ended] if &*lines[0].1 == "it died"),
            "{told:?}"
        );
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].contains("previous=true") && !asked[0].contains("follow=true"), "{asked:?}");
    }
}
