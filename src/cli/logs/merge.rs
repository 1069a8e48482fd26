//! Several logs merged by time in little memory: of each log one piece is held, and no more is asked for before it is used
//! up. Lines of one log never change their order.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::cluster::logs::LogPart;
use crate::model::clock::{Clock, Time};
use crate::model::delta::Failure;
use crate::model::log::{LineClass, LogBatch, LogSource};

/// Logs that are merged into one.
pub(super) struct Merge {
    logs: Vec<Log>,
    window: Duration,
    clock: Arc<dyn Clock>,
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Merged {
    /// So many lines of this log may go out: see [`Merge::take`].
    Ready(usize, usize),
    /// Lines are missing between these times.
    Gap(LogSource, Time, Time),
    /// The log broke and is asked for again.
    Broken(LogSource, String),
    /// Nothing more comes of this log.
    Ended(LogSource, Result<(), Failure>),
}

struct Log {
    source: LogSource,
    parts: mpsc::Receiver<LogPart>,
    /// The lines that came and have not gone out, from `next` on.
    lines: LogBatch,
    next: usize,
    /// The time of the line that goes out next.
    head: Option<Time>,
    /// When something came last; at first, when it was opened.
    came: Instant,
}

impl Log {
    fn go_to(&mut self, next: usize) {
        self.next = next;
        self.head = self.lines.iter().nth(next).map(|(time, ..)| time);
        if self.head.is_none() {
            (self.lines, self.next) = (LogBatch::default(), 0);
        }
    }
}

/// Whether lines may go out.
enum Due {
    Ready(usize, usize),
    At(Instant),
    /// Not before something comes.
    Later,
}

impl Merge {
    /// Merges nothing yet. A line waits for logs of which nothing is here until they have been silent for a `window`, and
    /// itself is that old, since they may still bring an older one.
    pub(super) fn new(window: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { logs: Vec::new(), window, clock }
    }

    /// Adds a log.
    pub(super) fn add(&mut self, source: LogSource, parts: mpsc::Receiver<LogPart>) {
        self.logs.push(Log { source, parts, lines: LogBatch::default(), next: 0, head: None, came: Instant::now() });
    }

    /// How many logs have not ended.
    pub(super) fn len(&self) -> usize {
        self.logs.len()
    }

    /// All logs have ended.
    pub(super) fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// Whose log this is.
    pub(super) fn source(&self, log: usize) -> Option<&LogSource> {
        self.logs.get(log).map(|log| &log.source)
    }

    /// Waits for what comes next; without end where there is no log. Nothing is lost where it is not waited for.
    pub(super) async fn next(&mut self) -> Merged {
        loop {
            // What is here has to be known before it is decided which line is the oldest.
            while let Some(event) = std::future::poll_fn(|context| self.poll(context)).now_or_never() {
                if let Some(event) = event {
                    return event;
                }
            }
            let due = self.due();
            let came = std::future::poll_fn(|context| self.poll(context));
            let event = match due {
                Due::Ready(log, count) => return Merged::Ready(log, count),
                Due::At(at) => tokio::time::timeout_at(at, came).await.ok().flatten(),
                Due::Later => came.await,
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// Gives out lines that are ready.
    pub(super) fn take<E>(
        &mut self,
        (log, count): (usize, usize),
        mut write: impl FnMut(&LogSource, Time, LineClass, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(log) = self.logs.get_mut(log) else { return Ok(()) };
        for (time, class, text) in log.lines.iter().skip(log.next).take(count) {
            write(&log.source, time, class, text)?;
        }
        log.go_to(log.next + count);
        if log.head.is_none() {
            log.came = Instant::now();
        }
        Ok(())
    }

    /// Takes in one piece of a log of which nothing is here; what has to be told of it at once.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Merged>> {
        for at in 0..self.logs.len() {
            let log = &mut self.logs[at];
            if log.head.is_some() {
                continue;
            }
            let Poll::Ready(part) = log.parts.poll_recv(context) else { continue };
            log.came = Instant::now();
            return Poll::Ready(match part {
                Some(LogPart::Lines(lines)) => {
                    log.lines = lines;
                    log.go_to(0);
                    None
                }
                Some(LogPart::Gap(from, to)) => Some(Merged::Gap(log.source.clone(), from, to)),
                Some(LogPart::Broken(why)) => Some(Merged::Broken(log.source.clone(), why)),
                Some(LogPart::Ended(outcome)) => Some(Merged::Ended(self.logs.remove(at).source, outcome)),
                None => Some(Merged::Ended(self.logs.remove(at).source, Ok(()))),
            });
        }
        Poll::Pending
    }

    /// The oldest line goes out, with those behind it that are older than any other log's. While nothing is here of some
    /// log, only lines that have waited long enough do.
    fn due(&self) -> Due {
        let heads = || self.logs.iter().enumerate().filter_map(|(at, log)| Some((log.head?, at)));
        let Some((oldest, first)) = heads().min() else { return Due::Later };
        let bound = heads().filter(|(_, at)| *at != first).map(|(time, _)| time).min();
        let silent = self.logs.iter().filter(|log| log.head.is_none()).map(|log| log.came).max();
        let log = &self.logs[first];
        let lines = || log.lines.iter().skip(log.next).map(|(time, ..)| time);
        let count = |is_due: &dyn Fn(Time) -> bool| {
            lines().take_while(|time| bound.is_none_or(|bound| *time <= bound) && is_due(*time)).count().max(1)
        };
        let Some(silent_since) = silent else { return Due::Ready(first, count(&|_| true)) };
        let now = Instant::now();
        let age = |time: Time| Duration::from_nanos((self.clock.now().nanos() - time.nanos()).max(0).unsigned_abs());
        // By our clock, which may be behind the node's: from its coming on a line waits no longer than the window.
        let is_late = now >= log.came + self.window;
        let is_due = |time: Time| is_late || age(time) >= self.window;
        if now >= silent_since + self.window && is_due(oldest) {
            return Due::Ready(first, count(&is_due));
        }
        let at_age = now + self.window.saturating_sub(age(oldest));
        Due::At((silent_since + self.window).max(at_age.min(log.came + self.window)))
    }
}

#[cfg(test)]
mod tests;
