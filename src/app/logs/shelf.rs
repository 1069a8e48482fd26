//! What was read of one subject's logs, and where in it a person reads. It stays when the subject is left.

use std::collections::{BTreeSet, HashMap, HashSet};

use compact_str::{CompactString, format_compact};
use unicode_width::UnicodeWidthStr;

use crate::model::clock::{Time, short_duration};
use crate::model::count::grouped;
use crate::model::key::{Kind, Uid};
use crate::model::log::{
    Follow, LogChange, LogLevel, LogRun, LogSource, LogStart, LogStore, ReadSource, Shift, SourceState, Stored,
};
use crate::model::owner::Subject;
use crate::model::pod::End;
use crate::model::safe_text::safe_line;
use crate::model::snapshot::{Freshness, Snapshot};

/// See the module.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The lines.
    pub store: LogStore,
    /// How each source is called among the others, by its index; empty where there is but one.
    pub labels: Vec<CompactString>,
    /// Where one reads; None follows the newest lines.
    pub(super) cursor: Option<usize>,
    /// The first line on screen while one reads.
    pub(super) top: usize,
    /// How many lines there were when following stopped.
    pub(super) seen: usize,
    /// Lines that were marked by hand.
    pub(super) marked: BTreeSet<usize>,
    /// When it was looked at last, counted in looks.
    pub(super) used: u64,
    pods: HashMap<Uid, PodNote>,
    told_ends: HashSet<LogSource>,
    told_gone: HashSet<LogSource>,
    /// Columns of the longest label.
    pub(super) label_columns: usize,
    /// Where one was when the typing of a search began; it moves as the lines do.
    pub(super) origin: Option<usize>,
}

/// What is remembered of a pod, also when it is gone.
#[derive(Debug)]
struct PodNote {
    /// Which try it is, of its Job or its index, from 1.
    number: usize,
    index: Option<u32>,
    /// Its Job runs several pods at once, so that tries have no numbers.
    is_one_of_many: bool,
    is_gone: bool,
}

impl Shelf {
    /// An empty one; each has a number of its own.
    pub(super) fn numbered(number: u64) -> Self {
        Self { store: LogStore::numbered(number), ..Self::default() }
    }

    /// Takes in what a stream told.
    pub(super) fn take(&mut self, source: &LogSource, change: LogChange) -> Vec<Shift> {
        let shifts = self.store.apply(source, change);
        self.shift(&shifts);
        shifts
    }

    /// Who reads stays on the same lines.
    fn shift(&mut self, shifts: &[Shift]) {
        for shift in shifts {
            // Lines that come above the cursor, on screen or not, leave it in its row.
            if self.cursor.is_none_or(|line| shift.at <= line) {
                self.top += shift.by;
            }
            // What comes below is new to who reads, also where it is not the last.
            self.seen += if self.cursor.is_some_and(|cursor| cursor < shift.at) { 0 } else { shift.by };
            self.cursor.iter_mut().chain(&mut self.origin).for_each(|line| shift.apply(line));
            if self.marked.last().is_some_and(|last| *last >= shift.at) {
                let moved = self.marked.split_off(&shift.at);
                self.marked.extend(moved.into_iter().map(|line| line + shift.by));
            }
        }
    }

    /// Lines were dropped at the front.
    pub(super) fn drop_oldest(&mut self, blocks: usize) -> (usize, Vec<Stored>) {
        let (dropped, freed) = self.store.drop_oldest(blocks);
        self.cursor = self.cursor.map(|line| line.saturating_sub(dropped));
        self.origin = self.origin.map(|line| line.saturating_sub(dropped));
        self.top = self.top.saturating_sub(dropped);
        self.seen = self.seen.saturating_sub(dropped);
        self.marked = self.marked.iter().filter_map(|line| line.checked_sub(dropped)).collect();
        (dropped, freed)
    }

    /// Notes the runs that there are now, and writes marks where one begins or ends, or where its pod is gone.
    pub(super) fn see(&mut self, root: Subject, runs: &[LogRun], snapshot: &Snapshot, now: Time) {
        self.note_pods(root, runs, snapshot);
        let known = self.store.sources().len();
        for runs in runs.chunk_by(|one, other| one.source.pod == other.source.pod) {
            self.see_begins(runs, snapshot);
        }
        for run in runs {
            let read = self.store.read(&run.source);
            // Not before all of it was read: lines that are still to come would stand behind its end.
            let is_read = read.is_some_and(|read| read.state == SourceState::Ended);
            if let Some(end) = run.end.as_ref().filter(|_| is_read && !self.told_ends.contains(&run.source)) {
                self.told_ends.insert(run.source.clone());
                let level = (end.exit_code != 0).then_some(LogLevel::Error);
                let finished = end.finished.unwrap_or(now);
                let shifts = self.store.mark_behind(&run.source, finished, level, &words(end));
                self.shift(&shifts);
            }
        }
        if self.store.sources().len() != known || self.labels.len() != known {
            self.name_sources();
        }
    }

    /// Marks where the runs of a pod begin.
    fn see_begins(&mut self, runs: &[LogRun], snapshot: &Snapshot) {
        for run in runs {
            let Some(started) = run.started else { continue };
            if self.store.read(&run.source).is_some_and(ReadSource::has_begun) {
                continue;
            }
            let is_before = |other: &&LogRun| {
                let finished = other.end.as_ref().and_then(|end| end.finished);
                other.source != run.source && finished.is_some_and(|finished| finished <= started)
            };
            let before: Vec<_> = runs.iter().filter(is_before).map(|other| &other.source).collect();
            let node = snapshot.pods.get(run.source.pod).map(|pod| pod.node.as_str()).unwrap_or_default();
            let place = if node.is_empty() { String::new() } else { format!(" on {node}") };
            let shifts = self.store.mark_begin(&run.source, started, &before, &format!("began{place}"));
            self.shift(&shifts);
        }
    }

    fn note_pods(&mut self, root: Subject, runs: &[LogRun], snapshot: &Snapshot) {
        let is_new = |run: &&LogRun| !self.pods.contains_key(&run.source.pod);
        let mut pods: Vec<_> = runs.iter().filter(is_new).filter_map(|run| snapshot.pods.get(run.source.pod)).collect();
        pods.sort_by_key(|pod| (pod.meta.created, pod.meta.uid));
        pods.dedup_by_key(|pod| pod.meta.uid);
        let job = snapshot.jobs.get(root.uid).filter(|_| root.kind == Kind::Job);
        let is_one_of_many = job.is_none_or(|job| !job.indexed && job.parallelism.unwrap_or(1) > 1);
        for pod in pods {
            let number = 1 + self.pods.values().filter(|other| other.index == pod.index).count();
            let note = PodNote { number, index: pod.index, is_one_of_many, is_gone: false };
            self.pods.insert(pod.meta.uid, note);
        }
    }

    /// Says of pods that were deleted that their lines stay.
    pub(super) fn see_gone(&mut self, followed: &[Follow], snapshot: &Snapshot, now: Time) {
        if *snapshot.freshness(Kind::Pod) != Freshness::Live {
            return;
        }
        for (uid, note) in &mut self.pods {
            note.is_gone |= snapshot.pods.get(*uid).is_none();
        }
        // Not before all that it wrote is here.
        let is_read = |source: &LogSource| !followed.iter().any(|follow| follow.source == *source);
        let read = self.store.sources().iter().filter(|read| read.state.is_over() || is_read(&read.source));
        let gone = read
            .filter(|read| read.lines > 0 && self.is_gone(read.source.pod) && !self.told_gone.contains(&read.source));
        let told: Vec<_> = gone.map(|read| (read.source.clone(), read.lines)).collect();
        for (source, lines) in told {
            let lines = if lines == 1 { "1 line".to_owned() } else { format!("{} lines", grouped(lines)) };
            self.told_gone.insert(source.clone());
            let shifts = self.store.mark_behind(&source, now, None, &format!("pod gone, {lines} kept"));
            self.shift(&shifts);
        }
    }

    /// The pod was deleted; what was read of it stays.
    pub fn is_gone(&self, pod: Uid) -> bool {
        self.pods.get(&pod).is_some_and(|note| note.is_gone)
    }

    /// The completion index of a source's pod, and which try it is.
    pub fn number(&self, source: &LogSource) -> (Option<u32>, Option<usize>) {
        match self.pods.get(&source.pod) {
            Some(note) if note.is_one_of_many => (note.index, None),
            Some(note) => (note.index, Some(note.number)),
            None => (None, None),
        }
    }

    /// Names the sources by what differs among them.
    fn name_sources(&mut self) {
        let sources = self.store.sources();
        let differ = |by: &dyn Fn(&LogSource) -> CompactString| {
            let mut all = sources.iter().map(|read| by(&read.source));
            let first = all.next();
            all.any(|one| Some(one) != first)
        };
        let many_pods = differ(&|source| source.pod_name.clone());
        let many_containers = differ(&|source| source.container.clone());
        let label = |source: &LogSource| {
            let has_other_run = sources.iter().any(|read| {
                let other = &read.source;
                other.pod == source.pod && other.container == source.container && other.restarts != source.restarts
            });
            let mut parts: Vec<CompactString> = Vec::new();
            if many_pods {
                parts.push(self.name_of_pod(source));
            }
            if many_containers {
                parts.push(source.container.clone());
            }
            if has_other_run {
                parts.push(format_compact!("run {}", source.restarts + 1));
            }
            parts.join(" ").into()
        };
        self.labels = sources.iter().map(|read| label(&read.source)).collect();
        self.label_columns = self.labels.iter().map(|label| safe_line(label).width()).max().unwrap_or(0);
    }

    /// `try 2`, `#3`, `#3 try 2`, or the end of the pod's name.
    fn name_of_pod(&self, source: &LogSource) -> CompactString {
        let suffix = || source.pod_name.rsplit('-').next().unwrap_or_default().into();
        match self.pods.get(&source.pod) {
            Some(PodNote { index: Some(index), number: 1, .. }) => format_compact!("#{index}"),
            Some(PodNote { index: Some(index), number, .. }) => format_compact!("#{index} try {number}"),
            Some(PodNote { is_one_of_many: false, number, .. }) => format_compact!("try {number}"),
            _ => suffix(),
        }
    }

    /// Its pod is gone, and its stream has not ended yet.
    pub(super) fn is_unread_though_gone(&self, source: &LogSource) -> bool {
        self.is_gone(source.pod) && self.store.read(source).is_some_and(|read| !read.state.is_over())
    }

    /// How many lines go on with this one, the frames of its stack trace, and the last of them where it is none: at the
    /// end of a Python traceback stands the exception.
    pub(super) fn frames(&self, at: usize) -> Option<(usize, &[u8])> {
        /// Lines that are looked at: a trace is shorter, and it is counted for each row of a frame.
        const FURTHER: usize = 500;
        let first = self.store.line(at)?;
        let further = (at + 1..at + FURTHER).map_while(|further| self.store.line(further));
        let own = further.filter(|line| line.source == first.source);
        let frames = own.take_while(|line| line.class.continues());
        let (count, last) = frames.fold((0, &b""[..]), |(count, _), line| (count + 1, line.text));
        let is_told = last.first().is_some_and(|byte| byte.is_ascii_alphabetic());
        (count > 0).then_some((count, if is_told { last } else { b"" }))
    }

    /// How a run is followed from where it was read; None where all of it was read.
    pub(super) fn follow(&self, run: &LogRun, start: LogStart) -> Option<Follow> {
        let read = self.store.read(&run.source);
        if read.is_some_and(|read| read.state == SourceState::Ended) {
            return None;
        }
        let start = read.and_then(|read| read.up_to).map_or(start, LogStart::After);
        // The view numbers its streams.
        Some(Follow { source: run.source.clone(), is_previous: run.is_previous, start, stream: 0 })
    }
}

/// How a run ended.
fn words(end: &End) -> String {
    let took = match (end.started, end.finished) {
        (Some(started), Some(finished)) => {
            format!(" after {}", short_duration(finished.seconds_since(started).max(0)))
        }
        _ => String::new(),
    };
    match end.exit_code {
        0 => format!("ended: {}{took}", end.word()),
        code => format!("ended: {}{took}, exit code {code}", end.word()),
    }
}
