//! One stream: from its first line, over broken connections and restarts of its container, to the run's end.
//!
//! What the kubelet does (1.36, seen and read there), since everything here follows from it:
//! - It ends an answer when the container has ended. But a kubelet or an API server that stops, or that loses the other,
//!   ends it just as politely, in mid-line too. So an end is believed only where a second look, from the last line on,
//!   brings nothing new and the pod says that the run is over.
//! - `sinceTime` is cut to seconds, and of a line that began before it the rest may come without its time.
//! - When a log file reaches containerLogMaxSize (looked for every containerLogMonitorInterval, 10 s) it is renamed and a
//!   new one is begun. Who follows is led into the new file and misses nothing, over nine rotations too. Who asks anew
//!   gets the present file alone, whatever `tailLines` or `sinceTime` say: of 120,000 lines the last 6,000. So a resume
//!   across a rotation finds its last line gone, which is told as a gap. A reader that is slower than two rotations is
//!   led past a whole file without any sign (read in its code, not seen), which no client can know.
//! - When it fails after it began to answer, its words are the end of the answer: without a time and a line break.

use std::time::Duration;

use futures::{AsyncBufRead, AsyncBufReadExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Until;
use super::run::{RunState, end_of};
use super::seek::{Seek, Step};
use super::split::{Line, Splitter};
use super::stop::{QUIET, Stop, cut, failure, forgotten, in_time};
use crate::cluster::Report;
use crate::cluster::error::explain;
use crate::cluster::watch::scattered;
use crate::model::clock::{Clock, SystemClock, Time};
use crate::model::delta::{Cause, Failure};
use crate::model::key::Session;
use crate::model::log::{Classifier, Follow, LogBatch, LogChange, LogSource, LogStart, ReadUpTo};
use crate::model::safe_text::safe_line;

/// A message takes so many lines at most for each byte of text it may hold: what is kept of a line beside its text.
const LINES_PER_BYTE: usize = 64;

/// So long after a message the next one waits for more lines: a third of what a screen needs to show one, and a
/// hundred messages a second from each stream at most, beside the full ones.
const GATHER: Duration = Duration::from_millis(10);

/// The first wait after a failure; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest wait after failures of the network or the server.
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// The longest wait that a server may ask for.
const LONGEST_BUSY: u32 = 60;

/// The first wait for a pod's status to say what the end of its log said already; it doubles with each further one.
const STATUS_LAG: Duration = Duration::from_millis(250);

/// An answer that stood for so long was a good one: the next failure counts as the first.
const STEADY: Duration = Duration::from_secs(10);

/// What is wanted as it is now is asked for so many times where nothing comes of it.
const TRIES: u32 = 5;

/// The last line that was read comes at once, if it is there. When so long nothing comes it is looked whether the
/// container was started again.
const IDLE: Duration = Duration::from_secs(2);

/// The ends of runs are told in whole seconds, and what a process wrote last is given its time when the runtime reads it,
/// on a busy node seconds later. A kubelet waits longer before it starts a container for the second time.
const END_SLACK: i64 = 10;

/// One stream.
pub(super) struct Follower {
    source: LogSource,
    is_previous: bool,
    start: LogStart,
    until: Until,
    /// Bytes of text after which a message takes no more lines.
    batch_bytes: usize,
    stream: u64,
    classifier: Classifier,
    session: Session,
    reports: mpsc::Sender<Report>,
    /// How far the log was told.
    last: Option<ReadUpTo>,
    /// The last answer ended in this line, before its line break.
    unfinished: Option<(Option<Time>, Vec<u8>)>,
    /// A failure was the last that was told.
    has_failed: bool,
    /// The line that was read last was not in the last answer, which ended without a later one.
    is_lost: bool,
    /// When the run ended, as the pod told last.
    ended: Option<Time>,
}

/// How an answer ended.
struct End {
    /// It brought something that was not there before.
    is_news: bool,
    run: RunState,
}

/// An answer that is being read.
struct Answer {
    splitter: Splitter,
    seek: Seek,
    /// Lines later than this are of another run.
    until: Option<Time>,
    /// Lines that are not told yet.
    lines: LogBatch,
    /// Lines came that have no time.
    has_untimed: bool,
}

/// What came of waiting for the next piece of an answer.
enum Taken {
    /// All of it was read.
    All,
    /// There are enough lines for a message.
    Full,
    /// The line that was read last is not in the answer.
    Lost,
    /// Nothing came in time.
    Nothing,
    /// The answer ended.
    End,
}

impl Follower {
    pub(super) fn new(
        follow: Follow,
        until: Until,
        batch_bytes: usize,
        session: Session,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        let Follow { source, is_previous, start, stream } = follow;
        let last = match start {
            LogStart::After(last) => Some(last),
            _ => None,
        };
        let (classifier, unfinished, ended) = (Default::default(), None, None);
        let (has_failed, is_lost) = (false, false);
        Self {
            source,
            is_previous,
            start,
            until,
            batch_bytes,
            stream,
            classifier,
            session,
            reports,
            last,
            unfinished,
            has_failed,
            is_lost,
            ended,
        }
    }

    /// Tells what comes, as far as it is wanted.
    ///
    /// # Errors
    /// Where the rest is not to be had; the words are told as well.
    pub(super) async fn run(mut self, client: kube::Client) -> Result<(), Failure> {
        let pods: Api<Pod> = Api::namespaced(client, &self.source.namespace);
        let mut failures = 0;
        let failure = loop {
            let (began, before) = (Instant::now(), self.last);
            let looked = self.look(&pods).await;
            let is_steady = self.until == Until::ContainerEnds && began.elapsed() > STEADY;
            if self.last != before || is_steady {
                failures = 0;
            }
            let wait = match looked {
                Ok(End { run, .. }) if self.is_last_look(run) => return self.ended().await,
                Ok(End { is_news: true, .. }) | Err(Stop::Restarted | Stop::Quiet) => Duration::ZERO,
                Ok(End { run: RunState::Present { is_over: false }, .. }) => {
                    STATUS_LAG.saturating_mul(1 << failures.min(8)).min(LONGEST_RETRY)
                }
                Ok(_) => return self.ended().await,
                Err(Stop::Gone(failure)) => break failure,
                Err(Stop::Cut(failure) | Stop::Later(failure, _))
                    if self.until == Until::Now && failures + 1 >= TRIES =>
                {
                    break failure;
                }
                // What stood until now is asked for again at once, and nobody needs to know.
                Err(Stop::Cut(_)) if failures == 0 => Duration::ZERO,
                Err(Stop::Cut(failure)) => self.failed(failure.message, 0, failures).await,
                Err(Stop::Later(failure, seconds)) => self.failed(failure.message, seconds, failures).await,
                Err(Stop::Closed) => return Ok(()),
            };
            failures += 1;
            if self.reports.is_closed() {
                return Ok(());
            }
            tokio::time::sleep(wait).await;
        };
        self.tell(LogChange::Failed(failure.message.clone())).await;
        Err(failure)
    }

    /// Tells the end. What was written behind the last line may have been thrown away before it was read.
    async fn ended(&self) -> Result<(), Failure> {
        if let (true, Some(last)) = (self.is_lost, self.last) {
            let to = self.ended.unwrap_or_else(|| SystemClock.now()).max(last.time);
            self.tell(LogChange::Gap { from: last.time, to }).await;
        }
        self.tell(LogChange::Ended).await;
        Ok(())
    }

    /// What is wanted as it is now, of a run that may go on, is had with one answer.
    fn is_last_look(&self, run: RunState) -> bool {
        self.until == Until::Now && matches!(run, RunState::Present { is_over: false } | RunState::Unknown)
    }

    /// Tells a failure; the wait until the next attempt.
    async fn failed(&mut self, why: String, least: u32, failures: u32) -> Duration {
        self.tell(LogChange::Failed(why)).await;
        self.has_failed = true;
        let usual = scattered(FIRST_RETRY.saturating_mul(1 << failures.min(8)).min(LONGEST_RETRY));
        usual.max(Duration::from_secs(least.min(LONGEST_BUSY).into()))
    }

    /// Asks for what was not read yet, and reads until the answer ends.
    async fn look(&mut self, pods: &Api<Pod>) -> Result<End, Stop> {
        let params = self.params();
        let opened = in_time(pods.log_stream(&self.source.pod_name, &params)).await?;
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => return Err(self.refused(pods, &error).await),
        };
        let mut stream = std::pin::pin!(opened);
        // Asked for now that the answer has begun: a run that is the wanted one still was so when it began.
        let run = self.check(pods).await?;
        if std::mem::take(&mut self.has_failed) {
            self.send(LogBatch::default()).await?;
        }
        let seek = match (self.last, self.start) {
            (Some(last), _) => Seek::after(last),
            (None, LogStart::Since(time)) => Seek::Since(time),
            _ => Seek::Found,
        };
        let until = match run {
            RunState::Previous => self.ended.map(|ended| ended.plus_seconds(END_SLACK)),
            _ => None,
        };
        // What comes now was written since: should the connection break, all of it is wanted.
        if matches!(self.start, LogStart::Tail(_)) && self.last.is_none() {
            self.start = LogStart::First;
        }
        let before = self.last;
        let mut answer =
            Answer { splitter: Splitter::default(), seek, until, lines: LogBatch::default(), has_untimed: false };
        self.read(pods, &mut answer, stream.as_mut()).await?;
        let is_unfinished = self.end(&mut answer, run).await?;
        self.is_lost = answer.seek.is_searching();
        let is_timeless = answer.has_untimed && self.last.is_none();
        // What has no times cannot be looked at a second time: nothing says what of it is new.
        let run = if is_timeless { RunState::Unknown } else { run };
        Ok(End { is_news: (is_unfinished || self.last != before) && !is_timeless, run })
    }

    /// Reads an answer to its end.
    async fn read(
        &mut self,
        pods: &Api<Pod>,
        answer: &mut Answer,
        mut stream: impl AsyncBufRead + Unpin,
    ) -> Result<(), Stop> {
        let (mut idle, mut silence) = (IDLE, Duration::ZERO);
        // A server sends each line by itself. The first one after a pause is told at once, since somebody may wait for
        // it; what comes soon behind a message goes into the next one together.
        let mut due = Instant::now();
        loop {
            let patience = match answer.lines.is_empty() {
                false => due.saturating_duration_since(Instant::now()),
                // Lines without times would all be told again.
                true if answer.has_untimed => Duration::MAX,
                true if answer.seek.is_searching() => idle.min(QUIET.saturating_sub(silence)),
                true => QUIET.saturating_sub(silence),
            };
            let taken = match tokio::time::timeout(patience, stream.fill_buf()).await {
                Ok(Ok([])) => Ok(Taken::End),
                Ok(Ok(piece)) => {
                    silence = Duration::ZERO;
                    let mut rest = piece;
                    let taken = self.take(answer, &mut rest);
                    let used = piece.len() - rest.len();
                    stream.consume_unpin(used);
                    taken
                }
                Ok(Err(error)) => Err(cut(&error)),
                Err(_) => {
                    // Only what was waited counts, not how long the lines before took to be told.
                    silence = silence.saturating_add(patience);
                    Ok(Taken::Nothing)
                }
            };
            if !answer.lines.is_empty() && (!matches!(taken, Ok(Taken::All)) || Instant::now() >= due) {
                self.send(std::mem::take(&mut answer.lines)).await?;
                due = Instant::now() + GATHER;
            }
            match taken? {
                Taken::All | Taken::Full => {}
                Taken::End => return Ok(()),
                Taken::Lost => {
                    self.check(pods).await?;
                    self.lost(answer).await?;
                }
                Taken::Nothing if silence >= QUIET => return Err(Stop::Quiet),
                Taken::Nothing => {
                    if answer.seek.is_searching() {
                        idle *= 2;
                        self.check(pods).await?;
                    }
                    if answer.seek.is_holding() {
                        self.lost(answer).await?;
                    }
                }
            }
        }
    }

    /// Takes lines from the front of a piece.
    fn take(&mut self, answer: &mut Answer, rest: &mut &[u8]) -> Result<Taken, Stop> {
        while let Some(line) = answer.splitter.next(rest) {
            match answer.seek.step(line) {
                Step::Drop => {}
                Step::Lost => return Ok(Taken::Lost),
                Step::Tell if answer.until.is_some_and(|until| line.time > Some(until)) => return Err(forgotten()),
                Step::Tell => {
                    answer.has_untimed |= line.time.is_none();
                    self.keep(line, &mut answer.lines);
                }
            }
            if answer.lines.len() >= self.batch_bytes / LINES_PER_BYTE || answer.lines.bytes() >= self.batch_bytes {
                return Ok(Taken::Full);
            }
        }
        Ok(Taken::All)
    }

    /// Puts a line into the next message.
    fn keep(&mut self, Line { time, text }: Line<'_>, lines: &mut LogBatch) {
        let class = self.classifier.class(text);
        let Some(time) = time else {
            let before = lines.last_time().or(self.last.map(|last| last.time));
            lines.push(before.unwrap_or(Time::from_seconds(0)), class, text);
            return;
        };
        lines.push(time, class, text);
        let repeated = self.last.filter(|last| last.time == time).map_or(1, |last| last.repeated.saturating_add(1));
        self.last = Some(ReadUpTo { time, repeated });
    }

    /// The line that was read last is no longer to be had: tells the gap and what lies behind it.
    async fn lost(&mut self, answer: &mut Answer) -> Result<(), Stop> {
        let lost = answer.seek.lost();
        let mut lines = LogBatch::default();
        for (time, _, text) in lost.held.iter() {
            self.keep(Line { time: Some(time), text }, &mut lines);
        }
        let first = lines.iter().next().map(|(time, ..)| time);
        if let (Some(from), Some(to)) = (lost.gap_from, first)
            && !self.tell(LogChange::Gap { from, to }).await
        {
            return Err(Stop::Closed);
        }
        if lines.is_empty() { Ok(()) } else { self.send(lines).await }
    }

    /// The answer ended: what is left of it. True where it ended in a line that is to be looked at again.
    ///
    /// Such a line may be all there is, as some runtimes keep what a process wrote last without a line break; or the
    /// server ended in it. So only what comes twice is believed.
    async fn end(&mut self, answer: &mut Answer, run: RunState) -> Result<bool, Stop> {
        if answer.seek.is_holding() {
            self.lost(answer).await?;
        }
        let Some(line) = answer.splitter.unfinished() else { return Ok(false) };
        let is_own_words = line.time.is_none() && !line.text.first().is_some_and(u8::is_ascii_digit);
        if is_own_words && !answer.has_untimed {
            let words = String::from_utf8_lossy(&line.text[..line.text.len().min(500)]);
            let why = format!("cannot read the log of {}: {}", self.source.pod_name, safe_line(&words));
            let why = failure(Cause::Other, why);
            let is_final = matches!(run, RunState::Present { is_over: true } | RunState::Previous);
            return Err(if is_final { Stop::Gone(why) } else { Stop::Later(why, 0) });
        }
        if answer.seek.step(line) != Step::Tell {
            return Ok(false);
        }
        let unfinished = Some((line.time, line.text.to_vec()));
        if self.unfinished != unfinished && !self.is_last_look(run) {
            self.unfinished = unfinished;
            return Ok(true);
        }
        let mut lines = LogBatch::default();
        self.keep(line, &mut lines);
        self.send(lines).await?;
        Ok(false)
    }

    fn params(&self) -> LogParams {
        let since = match (self.last, self.start) {
            (Some(ReadUpTo { time, .. }), _) | (None, LogStart::Since(time)) => Some(time),
            _ => None,
        };
        LogParams {
            container: Some(self.source.container.to_string()),
            follow: self.until == Until::ContainerEnds && !self.is_previous,
            previous: self.is_previous,
            timestamps: true,
            tail_lines: match (self.last, self.start) {
                (None, LogStart::Tail(lines)) => Some(lines.into()),
                _ => None,
            },
            // The client rounds to the nearest second, which may be the next one.
            since_time: since.map(|time| Time::from_seconds(time.seconds()).to_timestamp()),
            ..LogParams::default()
        }
    }

    /// Which run the server's answers are about. What remains: the status that the API server has is a little older than
    /// the kubelet's, so that lines of a run that began within that moment are taken for those of the run before it, if
    /// none of this run's were read; and a previous run's, only if they also lie within [`END_SLACK`] of its end.
    async fn check(&mut self, pods: &Api<Pod>) -> Result<RunState, Stop> {
        let pod = match in_time(pods.get_opt(&self.source.pod_name)).await? {
            Ok(pod) => pod,
            // Who may read logs but not pods goes without.
            Err(kube::Error::Api(status)) if status.code == 403 => return Ok(RunState::Unknown),
            Err(error) => return Err(self.later(&error)),
        };
        self.ended = end_of(&self.source, pod.as_ref());
        match RunState::of(&self.source, pod.as_ref()) {
            RunState::OtherPod => {
                let why = "the pod is gone, and another one has its name";
                Err(Stop::Gone(failure(Cause::NotFound, why.to_owned())))
            }
            RunState::Forgotten => Err(forgotten()),
            RunState::Previous if !self.is_previous => {
                self.is_previous = true;
                Err(Stop::Restarted)
            }
            run => Ok(run),
        }
    }

    async fn refused(&mut self, pods: &Api<Pod>, error: &kube::Error) -> Stop {
        let failure = explain(&format!("read the log of {}", self.source.pod_name), error);
        match failure.cause {
            // It may be the kubelet that says so: one that has just started does not know its pods yet.
            Cause::NotFound => match self.check(pods).await {
                Ok(RunState::NoPod) => Stop::Gone(Failure { message: "the pod is gone".to_owned(), ..failure }),
                Ok(_) => self.later(error),
                Err(stop) => stop,
            },
            Cause::Denied => Stop::Gone(failure),
            // 400: the kubelet has thrown the log of the run before away.
            Cause::Other if self.is_previous || self.until == Until::Now => Stop::Gone(failure),
            _ => self.later(error),
        }
    }

    fn later(&self, error: &kube::Error) -> Stop {
        let failure = explain(&format!("read the log of {}", self.source.pod_name), error);
        let least = match error {
            kube::Error::Api(status) => status.details.as_ref().map_or(0, |details| details.retry_after_seconds),
            _ => 0,
        };
        Stop::Later(failure, least)
    }

    async fn send(&self, lines: LogBatch) -> Result<(), Stop> {
        if self.tell(LogChange::Lines(lines)).await { Ok(()) } else { Err(Stop::Closed) }
    }

    async fn tell(&self, change: LogChange) -> bool {
        let (session, source, stream) = (self.session, self.source.clone(), self.stream);
        let report = Report::Log { session, source, stream, change };
        self.reports.send(report).await.is_ok()
    }
}
