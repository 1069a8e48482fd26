//! The log pane: whose logs are followed, what of them is shown, and where in them one reads.
//!
//! What was read of a subject stays on its [`Shelf`] when the cursor goes elsewhere, so that it is neither read twice nor
//! lost when pods go. A pod's lines are on the shelf of its Job. What does not fit into memory is written away by `tui`
//! and fetched back ([`keep`]).

mod export;
mod keep;
mod reading;
mod shelf;
mod shown;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use compact_str::CompactString;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use crate::model::clock::Time;
use crate::model::key::{Kind, Uid};
use crate::model::log::{
    BlockId, Follow, LineFilter, LogBatch, LogChange, LogSource, LogStart, Older, Scan, Search, SourceState,
};
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::model::snapshot::Snapshot;

pub(in crate::app) use export::ExportEnd;
pub use export::{Export, ExportOutcome, ExportTo};
pub use reading::{Goal, LogRow};
pub use shelf::Shelf;
pub use shown::{Fold, Look, ShownLine};

/// How far back a log is read at first, in lines.
const TAIL: u32 = 500;

/// Older lines that are read at once.
const OLDER: u64 = 5_000;

/// Bytes of older lines that are put in their places at once: a few milliseconds.
const OLDER_PIECE: usize = 2 << 20;

/// Columns that a source's label takes at most.
const LABEL: usize = 20;

/// What logs may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Bytes of memory for lines; what is more is written away.
    pub memory: usize,
    /// Bytes of the file that takes what does not fit into memory; what is more is dropped, oldest first.
    pub disk: u64,
    /// Logs that are followed at once. A Job of a thousand pods must not open a thousand connections; the newest pods
    /// are followed.
    pub streams: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { memory: 256 << 20, disk: 2 << 30, streams: 64 }
    }
}

/// What stands before a line as its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    /// Nothing.
    #[default]
    Off,
    /// How long ago.
    Ago,
    /// The clock of this machine.
    Local,
    /// UTC.
    Utc,
}

impl Times {
    /// The next way to show times.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Times::Off => Times::Ago,
            Times::Ago => Times::Local,
            Times::Local => Times::Utc,
            Times::Utc => Times::Off,
        }
    }

    /// Columns that it takes, the blank behind included.
    pub const fn width(self) -> usize {
        match self {
            Times::Off => 0,
            // `23h12m`
            Times::Ago => 7,
            // `13:41:07.123`
            Times::Local | Times::Utc => 13,
        }
    }
}

/// The state of the log pane.
#[derive(Debug)]
pub struct LogView {
    /// Whose logs these are.
    pub subject: Option<Subject>,
    /// The one container of the subject that is shown; None shows all.
    pub container: Option<CompactString>,
    /// The run of a CronJob that was gone to; None is the newest.
    pub run: Option<Uid>,
    /// What is followed.
    pub followed: Vec<Follow>,
    /// Logs that would be followed too, were there not too many.
    pub left_out: usize,
    /// The rows on screen.
    pub rows: Vec<LogRow>,
    /// What is looked for.
    pub search: Search,
    /// Which lines are shown.
    pub filter: LineFilter,
    /// The filter that waits while the lines around are shown.
    pub set_aside: Option<LineFilter>,
    /// Only lines from this time on are shown.
    pub since: Option<Time>,
    /// What stands before lines.
    pub times: Times,
    /// The zone of [`Times::Local`].
    pub zone: TimeZone,
    /// Long lines go on in the next row.
    pub wraps: bool,
    /// Lines are shown as they came.
    pub is_raw: bool,
    /// Stack traces are folded under their first line.
    pub folds: bool,
    /// Columns that are scrolled out at the left where lines are not wrapped.
    pub left: usize,
    /// Only the runs before the present ones are shown.
    pub shows_previous: bool,
    /// What logs may take.
    pub limits: LogLimits,
    /// The lines that are being saved or given to a pager.
    pub export: Option<Export>,
    /// The shelf that is looked at.
    root: Option<Subject>,
    shelves: HashMap<Subject, Shelf>,
    /// On whose shelf the lines of a followed source go.
    shelf_of: HashMap<LogSource, Subject>,
    /// Jobs whose pods, and their logs with them, go at the next failure.
    at_risk: BTreeMap<Uid, Vec<Uid>>,
    looks: u64,
    /// Which sources are shown, by index.
    mask: Vec<bool>,
    /// The lines that are shown; None where all are.
    shown_lines: Option<Scan>,
    matches: Scan,
    errors: Scan,
    way: Option<reading::Way>,
    /// Lines of stretches that are needed and not at hand.
    missing: Vec<usize>,
    /// Blocks that are being fetched, or written away, and bytes that were.
    fetching: HashSet<(Subject, BlockId)>,
    /// Those that could not be fetched; they are not asked for again.
    unreadable: HashSet<(Subject, BlockId)>,
    writing: usize,
    written: u64,
    cannot_write: bool,
    wants_older: bool,
    /// One has come to the cursor from afar: lines are to be seen above it.
    is_aimed: bool,
    older: HashSet<LogSource>,
    /// Older lines that came and are not in their places yet; whether their log begins with them.
    older_lines: VecDeque<(LogSource, LogBatch, bool)>,
    /// One waits for the first line of the log.
    goes_to_start: bool,
    /// Something may have changed in what is to be followed.
    is_stale: bool,
    /// The name of the subject, also when it is gone.
    name: String,
    streams: u64,
    start: LogStart,
    size: (usize, usize),
}

impl Default for LogView {
    fn default() -> Self {
        Self {
            subject: None,
            container: None,
            run: None,
            followed: Vec::new(),
            left_out: 0,
            rows: Vec::new(),
            search: Search::default(),
            filter: LineFilter::default(),
            set_aside: None,
            since: None,
            times: Times::Off,
            zone: TimeZone::UTC,
            wraps: false,
            is_raw: false,
            folds: true,
            left: 0,
            shows_previous: false,
            limits: LogLimits::default(),
            export: None,
            root: None,
            shelves: HashMap::new(),
            shelf_of: HashMap::new(),
            at_risk: BTreeMap::new(),
            looks: 0,
            mask: Vec::new(),
            shown_lines: None,
            matches: Scan::default(),
            errors: Scan::default(),
            way: None,
            missing: Vec::new(),
            fetching: HashSet::new(),
            unreadable: HashSet::new(),
            writing: 0,
            written: 0,
            cannot_write: false,
            wants_older: false,
            is_aimed: false,
            older: HashSet::new(),
            older_lines: VecDeque::new(),
            goes_to_start: false,
            is_stale: true,
            name: String::new(),
            streams: 0,
            start: LogStart::Tail(TAIL),
            size: (0, 0),
        }
    }
}

impl LogView {
    /// What was read of the subject.
    pub fn shelf(&self) -> Option<&Shelf> {
        self.shelves.get(&self.root?)
    }

    fn shelf_mut(&mut self) -> Option<&mut Shelf> {
        self.shelves.get_mut(&self.root?)
    }

    /// Forgets all lines, and keeps how they are shown: another cluster is looked at.
    pub(super) fn forget(&mut self) {
        *self = Self {
            times: self.times,
            zone: self.zone.clone(),
            wraps: self.wraps,
            is_raw: self.is_raw,
            folds: self.folds,
            limits: self.limits,
            streams: self.streams,
            written: self.written,
            cannot_write: self.cannot_write,
            ..Self::default()
        };
    }

    /// Shows the runs before the present ones alone, or all again.
    pub(super) fn toggle_previous(&mut self) {
        self.shows_previous = !self.shows_previous;
        self.show_anew();
        self.follow_newest();
    }

    /// A person went away from the newest lines.
    pub fn is_paused(&self) -> bool {
        self.shelf().is_some_and(|shelf| shelf.cursor.is_some())
    }

    /// The line that one reads; None while the newest are followed.
    pub fn cursor(&self) -> Option<usize> {
        self.shelf()?.cursor
    }

    /// A line was marked by hand.
    pub fn is_marked(&self, line: usize) -> bool {
        self.shelf().is_some_and(|shelf| shelf.marked.contains(&line))
    }

    /// Lines that came since following stopped.
    pub fn new_below(&self) -> usize {
        self.shelf().filter(|shelf| shelf.cursor.is_some()).map_or(0, |shelf| shelf.store.len() - shelf.seen)
    }

    /// Lines that are shown, of how many; None for the first where it is not known yet.
    pub fn count(&self) -> (Option<usize>, usize) {
        let Some(shelf) = self.shelf() else { return (None, 0) };
        let total = shelf.store.len();
        match &self.shown_lines {
            None => (Some(total), total),
            Some(scan) => (scan.is_done().then(|| scan.count(&shelf.store)), total),
        }
    }

    /// Lines with a match, of those that were examined, and whether that is all of them.
    pub fn match_count(&self) -> Option<(usize, bool)> {
        let shelf = self.shelf().filter(|_| !self.search.is_empty())?;
        Some((self.matches.count(&shelf.store), self.matches.is_done()))
    }

    /// Which of the lines with a match the cursor is on, from 1; None where it is on none.
    pub fn match_number(&self) -> Option<usize> {
        let shelf = self.shelf().filter(|_| !self.search.is_empty())?;
        self.matches.number(&shelf.store, shelf.cursor?)
    }

    /// No line of the subject was read, and none is known of.
    pub fn is_empty(&self) -> bool {
        self.followed.is_empty() && self.shelf().is_none_or(|shelf| shelf.store.is_empty())
    }

    /// Columns before a line's text: the cursor's mark, the time, and the label with its border.
    pub fn prefix_width(&self) -> usize {
        let label = self.label_width();
        1 + self.times.width() + if label == 0 { 0 } else { label + 3 }
    }

    /// Columns of the longest label, at most a third of the pane; 0 where sources have none.
    pub fn label_width(&self) -> usize {
        let labels = self.shelf().into_iter().flat_map(|shelf| &shelf.labels);
        let longest = labels.map(|label| safe_line(label).width()).max().unwrap_or(0);
        longest.min(LABEL).min(self.size.0 / 3)
    }

    /// Turns to the subject, or to one container of it, and what of it can be followed now. True where other streams
    /// are wanted than before.
    pub(super) fn turn_to(
        &mut self,
        subject: Option<Subject>,
        container: Option<CompactString>,
        snapshot: &Snapshot,
        now: Time,
    ) -> bool {
        let is_same = self.subject == subject && self.container == container;
        if is_same && !std::mem::take(&mut self.is_stale) {
            self.refresh_mask();
            return false;
        }
        self.is_stale = false;
        if let Some(key) = subject.and_then(|subject| snapshot.key_of(subject)) {
            self.name = key.to_string();
        }
        let root = subject.map(|subject| self.run_of(subject)).map(|subject| root_of(subject, snapshot));
        if self.root != root {
            // What was looked for in one log means nothing in another.
            (self.search, self.filter, self.set_aside) = Default::default();
            (self.since, self.way, self.left, self.shows_previous) = (None, None, 0, false);
            (self.matches, self.errors, self.start) = (Scan::default(), Scan::default(), LogStart::Tail(TAIL));
            self.looks += 1;
        }
        let is_same = is_same && self.root == root;
        if self.subject != subject {
            self.run = self.run.filter(|_| self.root == root);
        }
        (self.root, self.subject, self.container) = (root, subject, container);
        if !is_same {
            self.show_anew();
        }
        let looks = self.looks;
        let mut wanted = Vec::new();
        if let (Some(root), Some(subject)) = (root, subject) {
            let subject = self.run_of(subject);
            let runs = snapshot.log_runs(root);
            let shelf = self.shelves.entry(root).or_default();
            shelf.used = looks;
            shelf.see(root, &runs, snapshot, now);
            let is_meant = |source: &LogSource| {
                (subject.kind != Kind::Pod || source.pod == subject.uid)
                    && self.container.as_ref().is_none_or(|name| source.container == *name)
            };
            let meant = runs.iter().filter(|run| is_meant(&run.source));
            wanted.extend(meant.filter_map(|run| shelf.follow(run, self.start)).map(|follow| (root, follow)));
        }
        self.left_out = wanted.len().saturating_sub(self.limits.streams);
        wanted.truncate(self.limits.streams);
        self.watch_risks(snapshot, now, &mut wanted);
        self.refresh_mask();
        self.follow(wanted)
    }

    /// Something may have changed in what is to be followed.
    pub(super) fn look_again(&mut self) {
        self.is_stale = true;
    }

    /// The subject was deleted while one reads its log: the log stays, and nothing else takes its place.
    pub(super) fn stay(&mut self, snapshot: &Snapshot, now: Time) -> bool {
        if let Some(shelf) = self.shelf_mut() {
            shelf.see_gone(snapshot, now);
        }
        self.follow(Vec::new())
    }

    /// How the subject is called, also when it was deleted.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is meant by a CronJob while a run of it was gone to.
    fn run_of(&self, subject: Subject) -> Subject {
        match self.run {
            Some(uid) if subject.kind == Kind::CronJob => Subject { kind: Kind::Job, uid },
            _ => subject,
        }
    }

    fn follow(&mut self, wanted: Vec<(Subject, Follow)>) -> bool {
        let key = |follow: &Follow| (follow.source.clone(), follow.is_previous);
        let is_same = self.followed.len() == wanted.len()
            && self.followed.iter().zip(&wanted).all(|(one, (_, other))| key(one) == key(other));
        if is_same {
            return false;
        }
        let numbered = wanted.into_iter().map(|(root, mut follow)| {
            // A stream that runs goes on under its number, also where its container was started again.
            let running = self.followed.iter().find(|running| running.source == follow.source);
            follow.stream = running.map_or_else(
                || {
                    self.streams += 1;
                    self.streams
                },
                |running| running.stream,
            );
            (root, follow)
        });
        let wanted: Vec<(Subject, Follow)> = numbered.collect();
        self.shelf_of.extend(wanted.iter().map(|(root, follow)| (follow.source.clone(), *root)));
        self.followed = wanted.into_iter().map(|(_, follow)| follow).collect();
        true
    }

    /// Jobs whose pods restart in place lose them, and their logs with them, at the backoff limit
    /// (`restartPolicy: OnFailure`): their logs are read before anyone asks.
    fn watch_risks(&mut self, snapshot: &Snapshot, now: Time, wanted: &mut Vec<(Subject, Follow)>) {
        for (job, pods) in &self.at_risk {
            let root = Subject { kind: Kind::Job, uid: *job };
            if Some(root) == self.root {
                continue;
            }
            let mut runs = snapshot.log_runs(root);
            runs.retain(|run| pods.contains(&run.source.pod));
            let shelf = self.shelves.entry(root).or_default();
            shelf.see(root, &runs, snapshot, now);
            let followed = runs.iter().filter_map(|run| shelf.follow(run, LogStart::Tail(TAIL)));
            wanted.extend(followed.map(|follow| (root, follow)));
        }
        wanted.truncate(2 * self.limits.streams);
    }

    /// Takes note of a Job that may have come near its backoff limit, or left it.
    pub(super) fn see_job(&mut self, job: Uid, snapshot: &Snapshot) {
        let pods = snapshot.pods_at_risk(job);
        if pods.is_empty() {
            self.at_risk.remove(&job);
        } else {
            self.at_risk.insert(job, pods);
        }
    }

    /// The next failure of the subject's Job deletes its pod, and the log with it.
    pub fn is_at_risk(&self) -> bool {
        self.root.is_some_and(|root| self.at_risk.contains_key(&root.uid))
    }

    /// Takes in what a stream told; those that nobody follows any more are late.
    pub fn take(&mut self, source: &LogSource, stream: u64, change: LogChange) {
        let is_followed = self.followed.iter().any(|follow| follow.source == *source && follow.stream == stream);
        match change {
            LogChange::Older { batch, is_start } if self.older.contains(source) => {
                self.older_lines.push_back((source.clone(), batch, is_start));
            }
            LogChange::NoOlder(_) if self.older.remove(source) => self.put(source, change),
            LogChange::Older { .. } | LogChange::NoOlder(_) => {}
            change if is_followed => {
                self.is_stale |= matches!(change, LogChange::Ended | LogChange::Failed(_));
                self.put(source, change);
            }
            _ => {}
        }
    }

    /// Puts what was told on its shelf.
    fn put(&mut self, source: &LogSource, change: LogChange) {
        let Some(root) = self.shelf_of.get(source) else { return };
        let Some(shelf) = self.shelves.get_mut(root) else { return };
        let shifts = shelf.take(source, change);
        if Some(*root) == self.root
            && let Some(export) = &mut self.export
        {
            shifts.iter().for_each(|shift| shift.apply(&mut export.next));
        }
    }

    /// Puts older lines in their places, a piece at a time: an answer may be a whole log.
    fn put_older(&mut self) {
        let Some((source, mut batch, is_start)) = self.older_lines.pop_front() else { return };
        let last = batch.take_last(OLDER_PIECE);
        let is_start = is_start && batch.is_empty();
        self.put(&source, LogChange::Older { batch: last, is_start });
        if !batch.is_empty() {
            self.older_lines.push_front((source, batch, is_start));
            return;
        }
        self.older.remove(&source);
        // An answer may hold no more than the end of what lies before.
        self.wants_older |= !is_start && (self.goes_to_start || self.export.is_some());
        if self.goes_to_start && self.is_all_read() {
            self.goes_to_start = false;
            self.go(crate::command::Motion::First, 0);
            self.wants_older = false;
        }
    }

    /// What is shown has changed its meaning: it is examined anew.
    pub(super) fn show_anew(&mut self) {
        self.shown_lines = None;
        self.mask.clear();
    }

    /// Which sources are shown, for those that are new too.
    fn refresh_mask(&mut self) {
        let Some(shelf) = self.shelf() else { return };
        let sources = shelf.store.sources();
        let is_all_shown = self.mask.iter().all(|is_shown| *is_shown);
        let new: Vec<bool> = (self.mask.len()..sources.len()).map(|at| self.is_source_shown(shelf, at)).collect();
        let has_more = !self.filter.is_empty() || (self.folds && shelf.store.has_traces());
        let is_needed = has_more || !is_all_shown || new.contains(&false);
        self.mask.extend(new);
        if is_needed && self.shown_lines.is_none() {
            self.shown_lines = Some(Scan::default());
        }
    }

    fn is_source_shown(&self, shelf: &Shelf, at: usize) -> bool {
        let Some(read) = shelf.store.sources().get(at) else { return true };
        let source = &read.source;
        let subject = self.subject.map(|subject| self.run_of(subject));
        let is_last = |source: &LogSource| {
            let others = shelf.store.sources().iter().map(|read| &read.source);
            let mut later = others.filter(|other| other.pod == source.pod && other.container == source.container);
            !later.any(|other| other.restarts > source.restarts)
        };
        subject.is_none_or(|subject| subject.kind != Kind::Pod || source.pod == subject.uid)
            && self.container.as_ref().is_none_or(|name| source.container == *name)
            && !(self.shows_previous && is_last(source))
            && self.filter.source_terms().all(|(field, wanted, is_negated)| {
                let (index, number) = shelf.number(source);
                let is_number = |number: Option<String>| number.is_some_and(|number| number == wanted);
                let found = match field {
                    "pod" => source.pod_name.contains(wanted),
                    "container" => source.container.contains(wanted),
                    "index" => is_number(index.map(|index| index.to_string())),
                    "try" => is_number(number.map(|number| number.to_string())),
                    _ => shelf.labels.get(at).is_some_and(|label| label.contains(wanted)),
                };
                found != is_negated
            })
    }

    /// Shows only lines that pass this filter.
    pub(super) fn set_filter(&mut self, filter: LineFilter) {
        if self.filter != filter {
            self.filter = filter;
            self.show_anew();
        }
    }

    /// Looks for this text.
    pub(super) fn set_search(&mut self, search: Search) {
        if self.search != search {
            (self.search, self.matches, self.way) = (search, Scan::default(), None);
        }
    }

    /// Older lines that are to be read, where one has come to the first, or wants to see further back.
    pub(super) fn take_older(&mut self) -> Vec<Older> {
        if !std::mem::take(&mut self.wants_older) {
            return Vec::new();
        }
        let wanted = self.unread();
        self.older.extend(wanted.iter().map(|older| older.source.clone()));
        wanted
    }

    /// What lies before the lines that are known, of the sources that are shown, and is not being read already.
    fn unread(&self) -> Vec<Older> {
        let Some(shelf) = self.shelf().filter(|shelf| shelf.store.dropped().is_none()) else { return Vec::new() };
        let sources = shelf.store.sources().iter().zip(&self.mask).filter(|(_, is_shown)| **is_shown);
        sources
            .map(|(read, _)| read)
            .filter(|read| !read.has_start && !self.older.contains(&read.source) && !shelf.is_gone(read.source.pod))
            .filter_map(|read| {
                let is_previous = self.is_previous(shelf, &read.source);
                let start = match (self.start, self.since) {
                    (_, Some(since)) => LogStart::Since(since),
                    (LogStart::First, None) => LogStart::First,
                    _ => LogStart::Tail(u32::try_from(read.lines + OLDER).unwrap_or(u32::MAX)),
                };
                let before = read.from.filter(|from| self.since.is_none_or(|since| since < from.time))?;
                Some(Older { source: read.source.clone(), is_previous, before, start, stream: 0 })
            })
            .collect()
    }

    /// Wants all lines from the first on.
    pub(in crate::app) fn read_all(&mut self) {
        (self.start, self.wants_older) = (LogStart::First, true);
    }

    /// Nothing older can be read of what is shown.
    pub(in crate::app) fn is_all_read(&self) -> bool {
        self.older.is_empty() && self.unread().is_empty()
    }

    /// The container was started again after this run.
    fn is_previous(&self, shelf: &Shelf, source: &LogSource) -> bool {
        shelf.store.sources().iter().any(|read| {
            let other = &read.source;
            other.pod == source.pod && other.container == source.container && other.restarts > source.restarts
        })
    }

    /// Older lines are being read.
    pub fn is_reading_older(&self) -> bool {
        !self.older.is_empty()
    }

    /// Shows lines from a time on; None shows all that were read.
    pub(super) fn look_back(&mut self, since: Option<Time>) {
        (self.since, self.wants_older) = (since, since.is_some());
        self.follow_newest();
    }

    /// Reads from the first line on, and goes there.
    pub(super) fn read_from_start(&mut self) {
        self.since = None;
        self.go(crate::command::Motion::First, 0);
        self.read_all();
        self.goes_to_start = !self.is_all_read();
    }

    /// What failed: whose log, and why.
    pub fn failure(&self) -> Option<(&LogSource, &str)> {
        self.shelf()?.store.sources().iter().find_map(|read| match &read.state {
            SourceState::Failed(why) if self.followed.iter().any(|follow| follow.source == read.source) => {
                Some((&read.source, why.as_str()))
            }
            _ => None,
        })
    }

    /// Every source that was followed has ended.
    pub fn has_ended(&self) -> bool {
        self.shelf().is_some_and(|shelf| {
            let sources = shelf.store.sources();
            !sources.is_empty() && sources.iter().all(|read| read.state == SourceState::Ended)
        })
    }
}

/// On whose shelf a subject's lines are: a pod's are on its Job's.
fn root_of(subject: Subject, snapshot: &Snapshot) -> Subject {
    let owner = match subject.kind {
        Kind::Pod => snapshot.pods.get(subject.uid).and_then(|pod| pod.meta.owner.as_ref()),
        _ => None,
    };
    owner
        .filter(|owner| snapshot.jobs.get(owner.uid).is_some())
        .map_or(subject, |owner| Subject { kind: Kind::Job, uid: owner.uid })
}
