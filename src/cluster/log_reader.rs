//! One log with a channel of its own, read no faster than its reader takes it: for who merges many logs of any length in
//! little memory. A log that grows is followed by [`super::logs`]; one that has ended, or is wanted as it is now, is read
//! here to its end.

use std::time::Duration;

use futures::{AsyncBufReadExt, AsyncReadExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use tokio::sync::mpsc;

use super::Report;
use super::error::explain;
use super::logs::Streams;
use crate::model::clock::Time;
use crate::model::delta::{Cause, Failure};
use crate::model::key::Session;
use crate::model::log::{Classifier, Follow, LogBatch, LogChange, LogStart, ReadUpTo};

/// Bytes of text after which a part takes no more lines: a hundred logs side by side hold some twenty megabytes.
const PART_BYTES: usize = 64 << 10;

/// Parts that wait for the reader.
const PARTS: usize = 2;

/// A line that is longer goes on in a line of its own, as in [`super::logs`]. Bytes, with the time in front.
const LONGEST_LINE: u64 = 10 << 20;

/// A log that cannot be read is asked for so many times.
const TRIES: u32 = 5;

/// The wait before it is asked for again.
const RETRY: Duration = Duration::from_secs(1);

/// How far a log is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// What is there now; the container may go on to write.
    Now,
    /// The end of a log that grows no more.
    End,
    /// The end of one that grows.
    ContainerEnds,
}

/// A piece of a log, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogPart {
    /// Lines.
    Lines(LogBatch),
    /// Between these times lines are missing, or may be.
    Gap(Time, Time),
    /// It broke, for the reason that is told, and is asked for again.
    Broken(String),
    /// Nothing more will come: everything was read, or the rest cannot be.
    Ended(Result<(), Failure>),
}

/// Reads a log into a channel that holds little; the task ends with it.
pub(super) fn read(
    client: &kube::Client,
    log: Follow,
    until: Until,
    session: Session,
    tasks: &mut tokio::task::JoinSet<()>,
) -> mpsc::Receiver<LogPart> {
    let (parts, reader) = mpsc::channel(PARTS);
    let read_up_to = match log.start {
        LogStart::After(read_up_to) => Some(read_up_to),
        _ => None,
    };
    let client = client.clone();
    tasks.spawn(async move {
        let mut reading = Reading { log, until, parts, read_up_to, classifier: Default::default() };
        // Nobody reads any more, or everything was told.
        let _ = reading.run(&client, session).await;
    });
    reader
}

/// Nobody reads any more.
struct Closed;

struct Reading {
    log: Follow,
    until: Until,
    parts: mpsc::Sender<LogPart>,
    /// The last line that was told.
    read_up_to: Option<ReadUpTo>,
    classifier: Classifier,
}

impl Reading {
    async fn run(&mut self, client: &kube::Client, session: Session) -> Result<(), Closed> {
        if self.until == Until::ContainerEnds && self.follow(client, session).await? {
            return self.tell(LogPart::Ended(Ok(()))).await;
        }
        let outcome = self.read_to_end(&Api::namespaced(client.clone(), &self.log.source.namespace)).await?;
        self.tell(LogPart::Ended(outcome)).await
    }

    /// Follows the log; true where it was read to its end. Where the stream gives up it does not say why in a form that
    /// the program understands: what is left is then asked for here.
    async fn follow(&mut self, client: &kube::Client, session: Session) -> Result<bool, Closed> {
        let (reports, mut reported) = mpsc::channel(1);
        let mut streams = Streams::default();
        streams.set(std::slice::from_ref(&self.log), session, client, &reports);
        drop(reports);
        // A break is told when the stream goes on; where it does not, what is asked for next has the better words.
        let mut broken = None;
        while let Some(report) = reported.recv().await {
            let Report::Log { change, .. } = report else { continue };
            if let Some(why) = broken.take() {
                self.tell(LogPart::Broken(why)).await?;
            }
            match change {
                LogChange::Lines(lines) => {
                    lines.iter().for_each(|(time, ..)| self.remember(time));
                    self.tell(LogPart::Lines(lines)).await?;
                }
                LogChange::Gap { from, to } => self.tell(LogPart::Gap(from, to)).await?,
                LogChange::Failed(why) => broken = Some(why),
                LogChange::Ended => return Ok(true),
                LogChange::Older { .. } | LogChange::NoOlder(_) => {}
            }
        }
        Ok(false)
    }

    /// Reads to the end, again and again where it breaks. A server that shuts down ends an answer as politely as a log
    /// that ends, so that only an answer that brings nothing new is believed.
    async fn read_to_end(&mut self, pods: &Api<Pod>) -> Result<Result<(), Failure>, Closed> {
        let mut failures = 0;
        loop {
            let before = self.read_up_to;
            match self.read_once(pods).await? {
                Ok(()) if self.until == Until::Now || self.read_up_to == before => return Ok(Ok(())),
                Ok(()) => {}
                Err(failure) => {
                    let is_for_good = matches!(failure.cause, Cause::Denied | Cause::NotFound | Cause::Other);
                    failures = if self.read_up_to == before { failures + 1 } else { 1 };
                    if is_for_good || failures >= TRIES {
                        return Ok(Err(failure));
                    }
                    self.tell(LogPart::Broken(failure.message)).await?;
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Reads one answer to its end, without the lines that were told before.
    async fn read_once(&mut self, pods: &Api<Pod>) -> Result<Result<(), Failure>, Closed> {
        let doing = format!("read the log of {}", self.log.source.pod_name);
        let opened = pods.log_stream(&self.log.source.pod_name, &self.params()).await;
        let mut stream = match opened {
            Ok(stream) => std::pin::pin!(stream),
            Err(error) => return Ok(Err(explain(&doing, &error))),
        };
        let mut known = Known(self.read_up_to);
        let (mut bytes, mut lines, mut begun) = (Vec::new(), LogBatch::default(), None);
        loop {
            bytes.clear();
            let read = stream.as_mut().take(LONGEST_LINE).read_until(b'\n', &mut bytes).await;
            if let Ok(1..) = read {
                let before = lines.last_time().or(self.read_up_to.map(|last| last.time));
                let (time, text) = timed(&bytes, begun, before);
                begun = (!bytes.ends_with(b"\n")).then_some(time);
                if !known.has(time) {
                    lines.push(time, self.classifier.class(text), text);
                    self.remember(time);
                }
            }
            let is_over = !matches!(read, Ok(1..));
            if (is_over && !lines.is_empty()) || lines.bytes() >= PART_BYTES || lines.len() >= PART_BYTES / 64 {
                self.tell(LogPart::Lines(std::mem::take(&mut lines))).await?;
            }
            match read {
                Ok(0) => return Ok(Ok(())),
                Ok(_) => {}
                Err(error) => {
                    let message = format!("cannot {doing} to its end: {error}");
                    return Ok(Err(Failure { cause: Cause::Unreachable, message, hint: String::new() }));
                }
            }
        }
    }

    fn params(&self) -> LogParams {
        let (mut tail_lines, mut since_time) = (None, None);
        match (self.read_up_to, self.log.start) {
            // The server knows whole seconds alone.
            (Some(last), _) => since_time = Some(last.time.plus_seconds(-1).to_timestamp()),
            (None, LogStart::Tail(lines)) => tail_lines = Some(lines.into()),
            (None, LogStart::Since(time)) => since_time = Some(time.to_timestamp()),
            (None, LogStart::First | LogStart::After(_)) => {}
        }
        let container = Some(self.log.source.container.to_string());
        let previous = self.log.is_previous;
        LogParams { container, previous, timestamps: true, tail_lines, since_time, ..LogParams::default() }
    }

    fn remember(&mut self, time: Time) {
        let repeated = self.read_up_to.filter(|last| last.time == time).map_or(0, |last| last.repeated);
        self.read_up_to = Some(ReadUpTo { time, repeated: repeated + 1 });
    }

    async fn tell(&self, part: LogPart) -> Result<(), Closed> {
        self.parts.send(part).await.map_err(|_| Closed)
    }
}

/// The lines at the start of an answer that were told before: those up to a line that is not.
struct Known(Option<ReadUpTo>);

impl Known {
    fn has(&mut self, time: Time) -> bool {
        match &mut self.0 {
            Some(last) if time < last.time => true,
            Some(last) if time == last.time && last.repeated > 0 => {
                last.repeated -= 1;
                true
            }
            _ => {
                self.0 = None;
                false
            }
        }
    }
}

/// A line's time and its bytes: the time with which a line `begun` that was too long, else the one that stands in front
/// of it, else that of the line `before`.
fn timed(bytes: &[u8], begun: Option<Time>, before: Option<Time>) -> (Time, &[u8]) {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if let Some(time) = begun {
        return (time, text);
    }
    let mut parts = text.splitn(2, |byte| *byte == b' ');
    let time = parts.next().and_then(|time| Time::parse(std::str::from_utf8(time).ok()?));
    match (time, parts.next()) {
        (Some(time), rest) => (time, rest.unwrap_or_default()),
        (None, _) => (before.unwrap_or(Time::from_seconds(0)), text),
    }
}

#[cfg(test)]
mod tests;
