//! One reading of a log from its start to its end: what is watched becomes the runs that have a log, these are opened,
//! merged and written, and what became of the object says when it is over.

mod runs;
mod say;

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::merge::{Merge, Merged};
use super::outcome::{Ending, Outcome, job_outcome, name_of, pod_outcome, why_it_waits};
use super::print::Printer;
use crate::cli::next_step;
use crate::cli::reference::{Reference, instead};
use crate::cluster::{Engine, Report};
use crate::model::clock::{Clock, Time};
use crate::model::delta::{Cause, Change, Delta, Failure, Row};
use crate::model::key::{Kind, Namespaces, Uid};
use crate::model::log::LogSource;
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::snapshot::{Freshness, Snapshot};

/// Logs that are read side by side at most; of a Job with more pods the later ones are read as the first ones end.
const LOGS: usize = 100;

/// A log that is read and not followed is waited for so long before lines of others go out: its end will come.
const READ_WINDOW: Duration = Duration::from_secs(10);

/// The same while logs are followed, some of which may be silent for hours: enough for a line to come from the node.
const FOLLOW_WINDOW: Duration = Duration::from_millis(300);

/// The watch of pods may lag so far behind that of Jobs: a Job that ended has pods that are not known yet.
const POD_LAG: Duration = Duration::from_secs(2);

/// A stream that brings nothing for so long after the end of everything that could write is given up.
const LAST_LINES: Duration = Duration::from_secs(30);

/// A reason to wait that holds for so long is said; others come and go between two tries.
const WAIT: Duration = Duration::from_secs(3);

/// Some reasons to wait appear by the passing of time alone; they are looked for this often.
const LOOK: Duration = Duration::from_secs(1);

/// What is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) reference: Reference,
    /// This container alone.
    pub(super) container: Option<CompactString>,
    /// New lines and new pods, too.
    pub(super) is_followed: bool,
    /// Until the Job or pod ends, whose outcome is the exit code.
    pub(super) is_until_done: bool,
    /// Only runs before the present one.
    pub(super) is_previous: bool,
    /// So many lines before the end of each log.
    pub(super) tail: Option<u32>,
    /// No lines before this moment.
    pub(super) since: Option<Time>,
}

/// How far a run's log is.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    has_begun: bool,
    is_read: bool,
    /// Its end was said, or need not be.
    is_told: bool,
}

/// A reading under way.
pub(super) struct Session<W> {
    wanted: Wanted,
    engine: Engine,
    reports: mpsc::Receiver<Report>,
    clock: Arc<dyn Clock>,
    printer: Printer<W>,
    merge: Merge,
    snapshot: Snapshot,
    namespace: CompactString,
    /// What is read: the object that is wanted, or of a CronJob the run whose end is waited for.
    subject: Option<Subject>,
    /// How it is called.
    name: String,
    runs: HashMap<LogSource, Progress>,
    /// Runs that wait for others to end.
    unopened: usize,
    /// Pods that have ended, those that are gone included.
    ended_pods: HashSet<Uid>,
    outcome: Option<Outcome>,
    /// Pods that had ended, as the Job counted when it did.
    counted_pods: usize,
    /// Since when nothing new can begin: it ended or is gone.
    over_since: Option<Instant>,
    last_news: Instant,
    is_incomplete: bool,
    /// Why it waits, since when, and whether that was said.
    why: (String, Instant, bool),
    /// What was said last of the link to the server.
    told_link: String,
}

impl<W: Write> Session<W> {
    pub(super) fn new(
        wanted: Wanted,
        (engine, reports): (Engine, mpsc::Receiver<Report>),
        clock: Arc<dyn Clock>,
        printer: Printer<W>,
    ) -> Self {
        let window = if wanted.is_followed { FOLLOW_WINDOW } else { READ_WINDOW };
        let merge = Merge::new(window, Arc::clone(&clock));
        Self {
            name: wanted.reference.to_string(),
            wanted,
            engine,
            reports,
            clock,
            printer,
            merge,
            snapshot: Snapshot::default(),
            namespace: CompactString::default(),
            subject: None,
            runs: HashMap::new(),
            unopened: 0,
            ended_pods: HashSet::new(),
            outcome: None,
            counted_pods: 0,
            over_since: None,
            last_news: Instant::now(),
            is_incomplete: false,
            why: (String::new(), Instant::now(), false),
            told_link: String::new(),
        }
    }

    /// Reads to the end, and says on stderr how that came.
    pub(super) async fn run(mut self) -> Ending {
        let ending = match self.read().await {
            Ok(ending) | Err(ending) => ending,
        };
        let ending = match self.printer.flush() {
            Ok(()) => ending,
            Err(error) => unwritten(&error),
        };
        match &ending {
            Ending::Became(Outcome::Completed) if self.wanted.is_until_done => self.say_unflushed("completed"),
            Ending::Became(Outcome::Failed(why)) if self.wanted.is_until_done => {
                self.say_unflushed(&format!("failed: {why}"));
            }
            Ending::Deleted => self.say_unflushed("was deleted before it ended"),
            _ => {}
        }
        ending
    }

    async fn read(&mut self) -> Result<Ending, Ending> {
        self.learn().await?;
        self.find().await?;
        let mut is_news = true;
        loop {
            if is_news && let Some(ending) = self.settle()? {
                return Ok(ending);
            }
            is_news = self.step().await?;
        }
    }

    /// Waits until everything is known that is needed to begin.
    async fn learn(&mut self) -> Result<(), Ending> {
        let needs = self.wanted.reference.scope().needs();
        loop {
            let Some(report) = self.reports.recv().await else { return Err(Ending::Incomplete) };
            if let Report::NotConnected { failure, .. } = &report {
                return Err(refusal(failure));
            }
            self.take(report)?;
            let mut is_known = true;
            for kind in needs {
                match self.snapshot.freshness(*kind) {
                    Freshness::Live => {}
                    Freshness::Loading => is_known = false,
                    Freshness::Failed { failure, .. }
                    | Freshness::Denied(failure)
                    | Freshness::Stale { failure, .. } => {
                        return Err(refusal(failure));
                    }
                }
            }
            if is_known {
                return Ok(());
            }
        }
    }

    /// Finds the object.
    async fn find(&mut self) -> Result<(), Ending> {
        let Reference { kind, name } = &self.wanted.reference;
        let is_it = |meta: &crate::model::meta::Meta| meta.name == *name;
        let uid = match kind {
            Kind::CronJob => {
                self.snapshot.cronjobs.iter().map(Object::meta).find(|meta| is_it(meta)).map(|meta| meta.uid)
            }
            Kind::Job => self.snapshot.jobs.iter().map(Object::meta).find(|meta| is_it(meta)).map(|meta| meta.uid),
            _ => self.snapshot.pods.iter().map(Object::meta).find(|meta| is_it(meta)).map(|meta| meta.uid),
        };
        if let Some(uid) = uid {
            self.subject = Some(Subject { kind: *kind, uid });
            return Ok(());
        }
        let next = match self.engine.names(*kind, &self.namespace).await {
            Ok(names) => instead(&self.wanted.reference, names.iter().map(CompactString::as_str)),
            // What there is may be looked at by its name alone.
            Err(_) => "check the name, and the namespace that -n chooses".to_owned(),
        };
        Err(Ending::Refused(format!("there is no {} in namespace {}", self.name, self.namespace), next))
    }

    /// Takes the next thing that happens; true where it may be time for something new. Lines are passed on to who reads
    /// them as soon as no more are waiting.
    async fn step(&mut self) -> Result<bool, Ending> {
        if let Ok(report) = self.reports.try_recv() {
            self.take(report)?;
            return Ok(true);
        }
        if let Some(merged) = self.merge.next().now_or_never() {
            return self.write(merged);
        }
        self.printer.flush().map_err(|error| unwritten(&error))?;
        tokio::select! {
            Some(report) = self.reports.recv() => self.take(report).map(|()| true),
            merged = self.merge.next() => self.write(merged),
            () = tokio::time::sleep(LOOK) => Ok(true),
        }
    }

    /// Takes in what the engine told.
    fn take(&mut self, report: Report) -> Result<(), Ending> {
        match report {
            Report::Connected { namespaces: Namespaces::Some(names), .. } => {
                self.namespace = names.into_iter().next().unwrap_or_default();
            }
            Report::NotConnected { failure, .. } => self.say_of_link(&failure.message)?,
            Report::Changed(delta) => {
                self.remember_ends(&delta);
                self.snapshot.apply(delta, self.clock.now());
                self.look_at_link()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// An object may end and be gone in the same moment: its end is taken from the changes themselves.
    fn remember_ends(&mut self, delta: &Delta) {
        for change in &delta.changes {
            match change {
                Change::Upsert(row) => self.remember_end(row),
                Change::Reset(rows) => rows.iter().for_each(|row| self.remember_end(row)),
                _ => {}
            }
        }
    }

    fn remember_end(&mut self, row: &Row) {
        let is_subject = |uid: Uid| self.subject.is_some_and(|subject| subject.uid == uid);
        match row {
            Row::Job(job) if is_subject(job.meta.uid) => self.end_of_job(job),
            Row::Pod(pod) => {
                if pod.is_finished() {
                    self.ended_pods.insert(pod.meta.uid);
                }
                if is_subject(pod.meta.uid) {
                    self.outcome = pod_outcome(pod);
                }
            }
            _ => {}
        }
    }

    fn end_of_job(&mut self, job: &crate::model::job::Job) {
        self.outcome = job_outcome(job);
        self.counted_pods = usize::try_from(job.succeeded + job.failed).unwrap_or_default();
    }

    /// Writes what comes next; true where a log ended.
    fn write(&mut self, merged: Merged) -> Result<bool, Ending> {
        self.last_news = Instant::now();
        match merged {
            Merged::Ready(log, count) => {
                self.say_begin(log)?;
                let (since, printer) = (self.wanted.since, &mut self.printer);
                let written = self.merge.take((log, count), |source, time, class, text| {
                    // The server knows whole seconds alone, and gives so many lines before the end whatever their age.
                    if since.is_none_or(|since| time >= since) {
                        printer.line(source, time, class, text)
                    } else {
                        Ok(())
                    }
                });
                written.map_err(|error| unwritten(&error))?;
                return Ok(false);
            }
            Merged::Gap(source, from, to) => {
                self.say(&format!("{}: lines between {from} and {to} are missing", name_of(&source)))?;
            }
            Merged::Broken(source, why) => self.say(&format!("{}: {why}; it is tried again", name_of(&source)))?,
            Merged::Ended(source, outcome) => {
                if let Some(progress) = self.runs.get_mut(&source) {
                    progress.is_read = true;
                }
                if let Err(failure) = outcome {
                    self.unread(&source, &failure)?;
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A log could not be read to its end.
    fn unread(&mut self, source: &LogSource, failure: &Failure) -> Result<(), Ending> {
        match failure.cause {
            Cause::Denied => Err(refusal(failure)),
            Cause::NotFound => {
                self.say(&format!("{}: the pod is gone, and what it wrote last with it", name_of(source)))
            }
            _ => {
                self.is_incomplete = true;
                self.say(&format!("{}: {}", name_of(source), failure.message))
            }
        }
    }

    /// Opens what is new, says what is to be said, and tells whether it is over.
    fn settle(&mut self) -> Result<Option<Ending>, Ending> {
        self.choose_run();
        let Some(subject) = self.subject else { return Ok(None) };
        let runs = self.wanted_runs(subject)?;
        self.open(&runs);
        if !self.wanted.is_followed {
            return self.settle_read(subject);
        }
        self.say_ends(&runs)?;
        let is_gone = self.snapshot.key_of(subject).is_none();
        if self.over_since.is_none() && (is_gone || self.outcome.is_some()) {
            self.over_since = Some(Instant::now());
        }
        let Some(over_since) = self.over_since else {
            self.say_why(subject)?;
            return Ok(None);
        };
        if self.is_all_read(over_since)? {
            let ending = match self.outcome.take() {
                Some(outcome) if self.wanted.is_until_done => Ending::Became(outcome),
                Some(_) if self.is_incomplete => Ending::Incomplete,
                Some(_) => Ending::Read,
                None => Ending::Deleted,
            };
            return Ok(Some(ending));
        }
        Ok(None)
    }

    /// Of a CronJob whose run is waited for, that is the newest there is or the next to come.
    fn choose_run(&mut self) {
        if let Some(Subject { kind, uid }) = self.subject {
            let is_to_choose = self.wanted.is_until_done && kind == Kind::CronJob;
            let newest = is_to_choose.then(|| self.snapshot.jobs_of(uid).into_iter().next().cloned()).flatten();
            if let Some(job) = newest {
                self.subject = Some(Subject { kind: Kind::Job, uid: job.meta.uid });
                self.name = format!("job/{}", job.meta.name);
            }
        }
        let Some(Subject { kind, uid }) = self.subject else { return };
        // What had ended before it was known to be the one.
        match kind {
            Kind::Job if self.outcome.is_none() => {
                if let Some(job) = self.snapshot.jobs.get(uid).cloned() {
                    self.end_of_job(&job);
                }
            }
            Kind::Pod if self.outcome.is_none() => self.outcome = self.snapshot.pods.get(uid).and_then(pod_outcome),
            _ => {}
        }
    }

    /// Without following: it is over when what is there was read.
    fn settle_read(&self, subject: Subject) -> Result<Option<Ending>, Ending> {
        if !self.merge.is_empty() || self.unopened > 0 {
            return Ok(None);
        }
        if !self.runs.is_empty() {
            return Ok(Some(if self.is_incomplete { Ending::Incomplete } else { Ending::Read }));
        }
        if self.wanted.is_previous {
            let message = format!("no container of {} was started again", self.name);
            return Err(Ending::Refused(message, "leave --previous out".to_owned()));
        }
        if self.outcome.is_some() {
            let message = format!("{} has no log: it ended, and no pod of it is left that ran", self.name);
            return Err(Ending::Refused(message, "look where logs are collected".to_owned()));
        }
        let why = why_it_waits(&self.snapshot, subject, self.clock.now());
        let why = if why.is_empty() { why } else { format!(" ({why})") };
        Err(Ending::Refused(format!("{} has no log yet{why}", self.name), "-f waits for it".to_owned()))
    }

    /// Nothing can begin any more: whether everything that was written has been read.
    fn is_all_read(&mut self, over_since: Instant) -> Result<bool, Ending> {
        let is_open = !self.merge.is_empty() || self.unopened > 0;
        if is_open && self.last_news.max(over_since).elapsed() > LAST_LINES {
            self.is_incomplete = true;
            self.say("the rest of the log does not come: the last lines may be missing")?;
            return Ok(true);
        }
        let are_pods_known = self.ended_pods.len() >= self.counted_pods || over_since.elapsed() > POD_LAG;
        Ok(!is_open && are_pods_known)
    }
}

/// Why lines could not be written: nobody reads them any more, which is no error, or something worse.
fn unwritten(error: &io::Error) -> Ending {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ending::Closed;
    }
    Ending::Refused(format!("the lines cannot be written: {error}"), "check where stdout leads to".to_owned())
}

/// A failure for who has no screen on which it is tried again.
fn refusal(failure: &Failure) -> Ending {
    Ending::Refused(failure.message.clone(), next_step(failure).to_owned())
}
