//! The log pane: whose logs are followed, and where in them one reads.

use compact_str::CompactString;

use crate::command::Motion;
use crate::model::log::{Follow, LogBuffer, LogChange, LogSource, LogStart};
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;

use super::list::moved;

/// Bytes of log text that are kept for a subject.
const BUDGET: usize = 16 << 20;

/// Streams at once. A Job of a thousand pods must not open a thousand connections; the newest pods are followed.
pub const STREAMS: usize = 12;

/// How far back a log is read at first, in lines.
const TAIL: u32 = 500;

/// The state of the log pane.
#[derive(Debug)]
pub struct LogView {
    /// Whose logs these are.
    pub subject: Option<Subject>,
    /// The one container of the subject that is followed; None follows all.
    pub container: Option<CompactString>,
    /// The lines.
    pub buffer: LogBuffer,
    /// The sources that are followed.
    pub followed: Vec<Follow>,
    /// Sources that would be followed too, were there not too many.
    pub left_out: usize,
    /// The first line on screen while one reads; None follows the newest.
    pub top: Option<usize>,
    /// The run before is shown, of containers that were started again.
    pub shows_previous: bool,
}

impl Default for LogView {
    fn default() -> Self {
        Self {
            subject: None,
            container: None,
            buffer: LogBuffer::new(BUDGET),
            followed: Vec::new(),
            left_out: 0,
            top: None,
            shows_previous: false,
        }
    }
}

impl LogView {
    /// Turns to the subject, or to one container of it, and what of it can be followed now. True where other streams are
    /// wanted than before. The lines of pods that are gone stay for as long as the subject does.
    pub fn turn_to(&mut self, subject: Option<Subject>, container: Option<CompactString>, snapshot: &Snapshot) -> bool {
        self.shows_previous &= self.subject == subject;
        let mut runs = subject.map(|subject| snapshot.log_runs(subject)).unwrap_or_default();
        runs.retain(|run| container.as_ref().is_none_or(|name| run.source.container == *name));
        let shown = self.shows_previous;
        let runs = runs.into_iter().filter(|run| run.is_previous == shown);
        let mut wanted: Vec<Follow> = runs
            .map(|run| Follow { source: run.source, is_previous: run.is_previous, start: LogStart::Tail(TAIL) })
            .collect();
        self.left_out = wanted.len().saturating_sub(STREAMS);
        wanted.truncate(STREAMS);
        let is_same = self.subject == subject && self.container == container;
        if is_same && self.followed == wanted {
            return false;
        }
        let is_in = |list: &[Follow], source: &LogSource| list.iter().any(|one| one.source == *source);
        // A stream that goes on tells nothing twice, and one that begins again tells everything.
        let followed = &self.followed;
        self.buffer.retain(|source| if is_in(&wanted, source) { is_in(followed, source) } else { is_same && !shown });
        if !is_same {
            (self.subject, self.container, self.top) = (subject, container, None);
        }
        let is_new = self.followed != wanted;
        self.followed = wanted;
        is_new
    }

    /// Takes in what a stream told; those that are no longer followed are late. Who reads stays on the same lines when
    /// the oldest are dropped.
    pub fn take(&mut self, source: &LogSource, change: LogChange) {
        if !self.followed.iter().any(|one| one.source == *source) {
            return;
        }
        let before = self.buffer.dropped();
        self.buffer.apply(source, change);
        let dropped = usize::try_from(self.buffer.dropped() - before).unwrap_or(usize::MAX);
        self.top = self.top.map(|top| top.saturating_sub(dropped));
    }

    /// Moves through the lines; the end follows again.
    pub fn go(&mut self, motion: Motion, page: usize) {
        let last_top = self.buffer.len().saturating_sub(page);
        let top = moved(self.top.unwrap_or(last_top), motion, page, self.buffer.len());
        self.top = (top < last_top).then_some(top);
    }

    /// The label that tells a source from the others: what differs among them.
    pub fn label(&self, source: &LogSource) -> String {
        let others = || self.buffer.sources.iter().map(|(other, _)| other);
        let many_pods = others().any(|other| other.pod != source.pod);
        let many_containers = others().any(|other| other.container != source.container);
        let pod = source.pod_name.rsplit('-').next().unwrap_or_default();
        match (many_pods, many_containers) {
            (false, false) => String::new(),
            (false, true) => source.container.to_string(),
            (true, false) => pod.to_owned(),
            (true, true) => format!("{pod} {}", source.container),
        }
    }
}
