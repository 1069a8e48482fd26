//! The log pane: whose logs are followed, what of them is shown, and where in them one reads.
//!
//! What was read of a subject stays on its [`Shelf`] when the cursor goes elsewhere, so that it is neither read twice nor
//! lost when pods go. A pod's lines are on the shelf of its Job. What does not fit into memory is written away by `tui`
//! and fetched back ([`keep`]).

mod export;
mod follow;
mod keep;
mod older;
mod reading;
mod shelf;
mod shown;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use compact_str::CompactString;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use crate::model::clock::Time;
use crate::model::key::{Kind, Uid};
use crate::model::log::{BlockId, Follow, LineFilter, LogBatch, LogSource, LogStart, Scan, Search};
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;

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
    /// Shelves that were made, in all sessions.
    shelf_count: u64,
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
            shelf_count: 0,
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
            shelf_count: self.shelf_count,
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

    /// How the subject is called, also when it was deleted.
    pub fn name(&self) -> &str {
        &self.name
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
}
