//! Looking back: lines that lie before those that were read.

use super::shelf::Shelf;
use super::{LogView, OLDER, OLDER_PIECE};
use crate::command::Motion;
use crate::model::clock::Time;
use crate::model::log::{LogChange, LogSource, LogStart, Older};

impl LogView {
    /// Puts older lines in their places, a piece at a time: an answer may be a whole log.
    pub(super) fn put_older(&mut self) {
        let Some((source, mut batch, is_start)) = self.older_lines.pop_front() else { return };
        let last = batch.take_last(OLDER_PIECE);
        let is_start = is_start && batch.is_empty();
        let has_lines = !last.is_empty();
        self.put(&source, LogChange::Older { batch: last, is_start });
        if !batch.is_empty() {
            self.older_lines.push_front((source, batch, is_start));
            return;
        }
        self.older.remove(&source);
        // An answer may hold no more than the end of what lies before.
        self.wants_older |= has_lines && !is_start && (self.goes_to_start || self.export.is_some());
        if self.goes_to_start && self.is_all_read() {
            self.goes_to_start = false;
            self.go(Motion::First, 0);
            self.wants_older = false;
        }
    }

    /// What a person must know, once.
    pub(in crate::app) fn take_said(&mut self) -> Option<String> {
        self.said.take()
    }

    /// Older lines that are to be read, where one has come to the first, or wants to see further back.
    pub(in crate::app) fn take_older(&mut self) -> Vec<Older> {
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
    pub(in crate::app) fn look_back(&mut self, since: Option<Time>) {
        (self.since, self.wants_older) = (since, since.is_some());
        self.follow_newest();
    }

    /// Reads from the first line on, and goes there.
    pub(in crate::app) fn read_from_start(&mut self) {
        self.since = None;
        self.go(Motion::First, 0);
        self.read_all();
        self.goes_to_start = !self.is_all_read();
    }
}
