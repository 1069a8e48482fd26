//! Reading a log: where one is, what of it is shown, and the way to the next match.
//!
//! Nothing here walks all lines at once: what must look at each of them goes on piece by piece ([`Scan`]), and the screen
//! is made from the lines that stand on it.

use std::collections::VecDeque;

use super::LogView;
use super::shelf::Shelf;
use crate::command::Motion;
use crate::model::log::{LineFilter, Next, Scan, Search};

/// Bytes that are examined in one turn: a few milliseconds.
const TURN: usize = 4 << 20;

/// What one goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// A line that the search finds.
    Match,
    /// A line that tells of an error.
    Error,
}

/// On the way to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    goal: Goal,
    is_forward: bool,
    /// The line from which it goes on.
    pub(super) from: usize,
    /// Where none lies below, one above will do.
    may_turn: bool,
}

/// A row of the screen: a line, or a piece of one that is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRow {
    /// The line's number.
    pub line: usize,
    /// Which piece of it, from 0.
    pub piece: usize,
}

/// The lines that are shown, in order, of a shelf's.
pub(super) struct Visible<'a> {
    pub(super) shelf: &'a Shelf,
    /// None where all are.
    pub(super) scan: Option<&'a Scan>,
    /// Those before are too old.
    pub(super) start: usize,
}

impl Visible<'_> {
    /// The next one behind a line, or before it.
    pub(super) fn next(&self, from: usize, is_forward: bool) -> Next {
        let store = &self.shelf.store;
        let next = match (self.scan, is_forward) {
            (Some(scan), _) => scan.next(store, from, is_forward),
            (None, true) if from + 1 < store.len() => Next::Line(from + 1),
            (None, false) if from > 0 => Next::Line(from - 1),
            (None, _) => Next::Nowhere,
        };
        match next {
            Next::Line(line) if line < self.start && is_forward => self.at_or_behind(self.start),
            Next::Line(line) if line < self.start => Next::Nowhere,
            next => next,
        }
    }

    /// The line itself where it is shown, or else the next one behind it.
    pub(super) fn at_or_behind(&self, line: usize) -> Next {
        let line = line.max(self.start);
        match self.is_shown(line) {
            Some(true) => Next::Line(line),
            Some(false) => self.next(line, true),
            None if line < self.shelf.store.len() => Next::Unknown(line),
            None => Next::Nowhere,
        }
    }

    /// The last one before this line.
    fn before(&self, line: usize) -> Next {
        self.next(line.min(self.shelf.store.len()), false)
    }

    /// The line is shown; None where that is not known, or there is no such line.
    fn is_shown(&self, line: usize) -> Option<bool> {
        if line >= self.shelf.store.len() {
            return None;
        }
        self.scan
            .map_or(Some(true), |scan| scan.holds(&self.shelf.store, line))
            .map(|holds| holds && line >= self.start)
    }
}

impl LogView {
    /// What is shown of the subject's log.
    pub(super) fn visible(&self) -> Option<Visible<'_>> {
        let shelf = self.shelf()?;
        let start = self.since.map_or(0, |since| shelf.store.first_since(since));
        Some(Visible { shelf, scan: self.shown_lines.as_ref(), start })
    }

    /// Moves through the lines; the end follows again. At the first line, older ones are wanted.
    pub fn go(&mut self, motion: Motion, page: usize) {
        self.goes_to_start = false;
        let Some(visible) = self.visible() else { return };
        let len = visible.shelf.store.len();
        let (steps, is_forward) = match motion {
            Motion::Down => (1, true),
            Motion::Up => (1, false),
            Motion::PageDown => (page.max(1), true),
            Motion::PageUp => (page.max(1), false),
            Motion::First => (0, false),
            Motion::Last => (0, true),
        };
        let cursor = visible.shelf.cursor;
        let mut at = match (motion, cursor) {
            (Motion::First, _) => visible.at_or_behind(0),
            (_, Some(cursor)) => Next::Line(cursor),
            (_, None) => visible.before(len),
        };
        let mut has_ended = motion == Motion::Last || (cursor.is_none() && is_forward);
        let mut is_at_start = motion == Motion::First;
        for _ in 0..steps {
            let Next::Line(line) = at else { break };
            match visible.next(line, is_forward) {
                Next::Line(next) => at = Next::Line(next),
                _ => {
                    has_ended |= is_forward;
                    is_at_start |= !is_forward;
                    break;
                }
            }
        }
        // A page moves the view, and not only the cursor in it.
        let mut top = visible.shelf.top;
        if matches!(motion, Motion::PageDown | Motion::PageUp) {
            for _ in 0..steps {
                let Next::Line(next) = visible.next(top, is_forward) else { break };
                top = next;
            }
        }
        self.wants_older |= is_at_start;
        let Next::Line(line) = at else { return };
        if has_ended {
            self.follow_newest();
            return;
        }
        self.pause_at(line);
        if let Some(shelf) = self.shelf_mut() {
            shelf.top = top;
        }
    }

    /// Follows the newest lines.
    pub fn follow_newest(&mut self) {
        if let Some(shelf) = self.shelf_mut() {
            shelf.cursor = None;
        }
    }

    /// Reads at this line.
    pub(super) fn pause_at(&mut self, line: usize) {
        if let Some(shelf) = self.shelf_mut() {
            if shelf.cursor.is_none() {
                shelf.seen = shelf.store.len();
            }
            shelf.cursor = Some(line);
        }
    }

    /// Starts on the way to the next line of this sort.
    pub(in crate::app) fn seek(&mut self, goal: Goal, is_forward: bool) {
        let Some(shelf) = self.shelf() else { return };
        let from = shelf.cursor.unwrap_or(shelf.store.len());
        self.way = Some(Way { goal, is_forward, from, may_turn: false });
    }

    /// Remembers where one is, before a search is typed.
    pub(in crate::app) fn note_origin(&mut self) {
        if let Some(shelf) = self.shelf_mut() {
            shelf.origin = shelf.cursor;
        }
    }

    /// Back to where one was before the search was typed.
    pub(in crate::app) fn go_to_origin(&mut self) {
        self.way = None;
        match self.shelf().and_then(|shelf| shelf.origin) {
            Some(line) => self.pause_at(line),
            None => self.follow_newest(),
        }
    }

    /// Goes to the first match from where the typing began: downward, or else up, or up from the newest line where those
    /// were followed. Back to there where nothing is looked for.
    pub(in crate::app) fn look_from_origin(&mut self) {
        self.go_to_origin();
        if self.search.is_empty() {
            return;
        }
        self.seek(Goal::Match, self.is_paused());
        // The line itself counts too.
        if let Some(way) = self.way.as_mut().filter(|way| way.is_forward) {
            (way.from, way.may_turn) = (way.from.saturating_sub(1), true);
        }
    }

    /// Goes on examining lines, and on the way to one. Something to say where the way ends in nothing.
    pub(in crate::app) fn work(&mut self) -> Option<&'static str> {
        self.missing.clear();
        self.put_older();
        let shelf = self.shelves.get(&self.subject.and(self.root)?)?;
        let near = shelf.cursor.unwrap_or(shelf.store.len());
        let store = &shelf.store;
        if let Some(scan) = &mut self.shown_lines {
            let (filter, mask, folds) = (&self.filter, &self.mask, self.folds);
            let missing = scan.go_on(store, near, TURN, |line| {
                mask.get(line.source as usize).copied().unwrap_or(true)
                    && !(folds && line.class.continues())
                    && filter.matches(line.class, line.text)
            });
            self.missing.extend(missing);
        }
        if !self.search.is_empty() {
            let search = &self.search;
            let missing = self.matches.go_on(store, near, TURN, |line| search.matches(line.text));
            self.missing.extend(missing);
        }
        if self.way.is_some_and(|way| way.goal == Goal::Error) {
            let missing = self.errors.go_on(store, near, TURN, |line| line.class.is_error());
            self.missing.extend(missing);
        }
        self.walk()
    }

    /// Goes on to the line that is looked for, as far as lines were examined.
    fn walk(&mut self) -> Option<&'static str> {
        let mut way = self.way?;
        let visible = self.visible()?;
        let scan = if way.goal == Goal::Match { &self.matches } else { &self.errors };
        let found = loop {
            match scan.next(&visible.shelf.store, way.from, way.is_forward) {
                Next::Line(line) => match visible.is_shown(line) {
                    Some(true) => break Next::Line(line),
                    Some(false) => way.from = line,
                    None => break Next::Unknown(line),
                },
                other => break other,
            }
        };
        match found {
            Next::Line(line) => {
                self.way = None;
                self.is_aimed = !self.rows.iter().any(|row| row.line == line);
                self.pause_at(line);
                None
            }
            Next::Unknown(_) => {
                self.way = Some(way);
                None
            }
            Next::Nowhere if way.may_turn => {
                self.seek(way.goal, false);
                self.walk()
            }
            Next::Nowhere => {
                self.way = None;
                Some(match (way.goal, way.is_forward) {
                    (Goal::Match, true) => "no match below; N looks above",
                    (Goal::Match, false) => "no match above; n looks below",
                    (Goal::Error, true) => "no error below; E looks above",
                    (Goal::Error, false) => "no error above; e looks below",
                })
            }
        }
    }

    /// There are lines to be examined that are at hand.
    pub fn is_searching(&self) -> bool {
        if self.shelf().is_none_or(|shelf| shelf.store.is_empty()) {
            return false;
        }
        if self.wants_older || !self.older_lines.is_empty() {
            return true;
        }
        let is_open = |scan: &Scan| !scan.is_done() && self.missing.is_empty();
        self.shown_lines.as_ref().is_some_and(is_open)
            || (!self.search.is_empty() && is_open(&self.matches))
            || self.way.is_some_and(|way| way.goal == Goal::Error && is_open(&self.errors))
    }

    /// Makes the rows for a screen of this size.
    pub(in crate::app) fn lay_out(&mut self, width: usize, height: usize) {
        self.size = (width, height);
        let (rows, top) = self.visible().map_or_else(Default::default, |visible| self.rows_of(&visible, height));
        (self.rows, self.is_aimed) = (rows, false);
        let cursor = self.rows_cursor();
        if let Some(shelf) = self.shelf_mut() {
            shelf.top = top;
            shelf.cursor = cursor;
        }
    }

    /// The cursor, on a line that is shown: where its own is hidden, on the nearest.
    fn rows_cursor(&self) -> Option<usize> {
        let visible = self.visible()?;
        let cursor = visible.shelf.cursor?;
        match visible.at_or_behind(cursor) {
            Next::Line(line) => Some(line),
            Next::Unknown(_) => Some(cursor),
            Next::Nowhere => match visible.before(cursor) {
                Next::Line(line) => Some(line),
                _ => Some(cursor),
            },
        }
    }

    fn rows_of(&self, visible: &Visible<'_>, height: usize) -> (Vec<LogRow>, usize) {
        let len = visible.shelf.store.len();
        let Some(cursor) = self.rows_cursor() else {
            let rows = self.rows_before(visible, len, height);
            let top = rows.first().map_or(0, |row| row.line);
            return (rows, top);
        };
        let above = if self.is_aimed { self.rows_before(visible, cursor, height / 3) } else { Vec::new() };
        let top = above.first().map_or(visible.shelf.top.min(cursor), |row| row.line);
        let mut rows = self.rows_from(visible, top, height);
        if rows.last().is_none_or(|last| last.line < cursor) || rows.len() < height {
            // The cursor lies below, or the log ends above the end of the screen.
            let end = if rows.last().is_none_or(|last| last.line < cursor) { cursor + 1 } else { len };
            let above = self.rows_before(visible, end, height);
            if above.len() > rows.len() || end != len {
                rows = above;
            }
        }
        let top = rows.first().map_or(0, |row| row.line);
        (rows, top)
    }

    /// Rows from a line on downward.
    fn rows_from(&self, visible: &Visible<'_>, line: usize, height: usize) -> Vec<LogRow> {
        let mut rows = Vec::with_capacity(height);
        let mut next = visible.at_or_behind(line);
        while let Next::Line(line) = next {
            rows.extend(self.pieces(line).take(height - rows.len()));
            if rows.len() >= height {
                break;
            }
            next = visible.next(line, true);
        }
        rows
    }

    /// The rows that end before a line.
    fn rows_before(&self, visible: &Visible<'_>, line: usize, height: usize) -> Vec<LogRow> {
        let mut rows = VecDeque::with_capacity(height);
        let mut next = visible.before(line);
        while let Next::Line(line) = next {
            for row in self.pieces(line).rev() {
                if rows.len() < height {
                    rows.push_front(row);
                }
            }
            if rows.len() >= height {
                break;
            }
            next = visible.next(line, false);
        }
        rows.into()
    }

    /// The rows that a line takes: one, or as many as it needs where it is wrapped.
    fn pieces(&self, line: usize) -> impl DoubleEndedIterator<Item = LogRow> + use<> {
        (0..self.row_count(line)).map(move |piece| LogRow { line, piece })
    }

    /// Columns that are left for a line's text.
    pub fn text_width(&self) -> usize {
        self.size.0.saturating_sub(self.prefix_width())
    }
}

impl LogView {
    /// The line under the cursor: while the newest are followed, the last one.
    fn line_here(&self) -> Option<usize> {
        self.cursor().or_else(|| self.rows.last().map(|row| row.line))
    }

    /// Marks the line under the cursor, or takes its mark away.
    pub(in crate::app) fn toggle_mark(&mut self) {
        let Some(line) = self.line_here() else { return };
        self.pause_at(line);
        if let Some(shelf) = self.shelf_mut()
            && !shelf.marked.remove(&line)
        {
            shelf.marked.insert(line);
        }
    }

    /// Marks what is shown between the nearest marked line and the cursor.
    pub(in crate::app) fn mark_to_cursor(&mut self) {
        let Some((line, visible)) = self.line_here().zip(self.visible()) else { return };
        let marked = &visible.shelf.marked;
        let above = marked.range(..=line).next_back().copied();
        let Some(other) = above.or_else(|| marked.range(line..).next().copied()) else { return };
        let (first, last) = (line.min(other), line.max(other));
        let mut between = Vec::new();
        let mut at = visible.at_or_behind(first);
        while let Next::Line(number) = at
            && number <= last
        {
            between.push(number);
            at = visible.next(number, true);
        }
        if let Some(shelf) = self.shelf_mut() {
            shelf.marked.extend(between);
        }
    }

    /// Lines were marked by hand.
    pub fn has_marks(&self) -> bool {
        self.shelf().is_some_and(|shelf| !shelf.marked.is_empty())
    }

    /// One step back: the marks, what is looked for, what is hidden. False where there is none of them.
    pub(in crate::app) fn step_back(&mut self) -> bool {
        if self.shelf_mut().is_some_and(|shelf| !std::mem::take(&mut shelf.marked).is_empty()) {
            return true;
        }
        if !self.search.is_empty() {
            self.set_search(Search::default());
            return true;
        }
        if !self.filter.is_empty() || self.set_aside.take().is_some() {
            self.set_filter(LineFilter::default());
            return true;
        }
        self.since.take().is_some()
    }

    /// The marked lines, or the one under the cursor, as they came; None where not all are at hand.
    pub(in crate::app) fn text_to_copy(&self) -> Option<String> {
        let shelf = self.shelf()?;
        let here = self.line_here().filter(|_| shelf.marked.is_empty());
        let lines = shelf.marked.iter().copied().chain(here).map(|line| shelf.store.line(line));
        lines.map(|line| Some(String::from_utf8_lossy(line?.text).into_owned() + "\n")).collect()
    }

    /// The line under the cursor with the lines that go on with it, and words on where it comes from.
    pub(in crate::app) fn whole_line(&self) -> Option<(String, Vec<Vec<u8>>)> {
        /// Lines behind the first one that are looked at: those of other sources stand between.
        const FURTHER: usize = 2_000;
        let shelf = self.shelf()?;
        let at = self.line_here()?;
        let line = shelf.store.line(at)?;
        let read = shelf.store.sources().get(line.source as usize)?;
        let mut texts = vec![line.text.to_vec()];
        for further in at + 1..at + FURTHER {
            match shelf.store.line(further) {
                Some(other) if other.source != line.source => {}
                Some(other) if other.class.continues() => texts.push(other.text.to_vec()),
                _ => break,
            }
        }
        let source = &read.source;
        Some((format!("{}  {}/{}  {}", line.time, source.namespace, source.pod_name, source.container), texts))
    }

    /// How many lines of a trace are folded under this line, and the last of them where it tells what happened; None where
    /// none are.
    pub(in crate::app) fn folded(&self, at: usize) -> Option<(usize, &[u8])> {
        let shelf = self.shelf().filter(|shelf| self.folds && shelf.store.has_traces())?;
        shelf.frames(at)
    }

    /// Shows the lines around the cursor that the filter hides, or hides them again.
    pub(in crate::app) fn toggle_context(&mut self) {
        if let Some(line) = self.line_here() {
            self.pause_at(line);
            self.is_aimed = true;
        }
        match self.set_aside.take() {
            Some(filter) => self.set_filter(filter),
            None => {
                self.set_aside = Some(std::mem::take(&mut self.filter));
                self.show_anew();
            }
        }
    }
}
