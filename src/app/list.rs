//! A list with a cursor: the rows that are shown, in order, and the place in them, which is kept by UID.

use std::collections::{HashMap, HashSet};

use crate::command::Motion;
use crate::model::key::Uid;
use crate::model::owner::Subject;

use super::fields::Column;
use super::filter::Filter;
use super::widths::Widths;

/// The state of one list.
#[derive(Debug, Default)]
pub struct ListState {
    /// The rows that are shown, in order.
    pub rows: Vec<Uid>,
    /// How many there would be without filter and fault switch.
    pub total: usize,
    /// The row under the cursor; always one of `rows`, and None only where there is none.
    pub cursor: Option<Uid>,
    /// What the rows must match.
    pub filter: Filter,
    /// The column by which the rows are sorted; None is the order by what is wrong, of events that by time.
    pub sort: Option<Column>,
    /// The sorted column runs from the last to the first.
    pub is_reversed: bool,
    /// Only what is broken or warns is shown.
    pub faults_only: bool,
    /// Only these are shown: what suffers from one cause, and that in words.
    pub only: Option<(String, HashSet<Uid>)>,
    /// The first row on screen.
    pub top: usize,
    /// How wide the texts of each column are. They only grow while the list is of one subject, so that no column moves
    /// under the eyes of who reads.
    pub widths: Widths,
    /// Changes of the rows that wait until nobody reads: rows that are new, gone or at another place.
    pub held: usize,
    /// The cursor's place in `rows`, to stay near it when its row goes.
    at: usize,
    /// A person has moved the cursor, or the list was settled once: from then on it stays on its object.
    is_placed: bool,
    /// What the rows belong to, for lists that follow a subject.
    subject: Option<Subject>,
}

impl ListState {
    /// Takes new rows, or holds them back while someone reads a list that was whole once. The cursor stays on its
    /// object; where that is gone, on the row that took its place. Until `is_settled` was true once or a person has
    /// moved it, it stays on the first row, which is the worst.
    pub fn set_rows(&mut self, rows: Vec<Uid>, total: usize, is_settled: bool, is_read: bool) {
        if is_read && self.is_placed && !self.rows.is_empty() {
            self.held = changes(&self.rows, &rows);
            return;
        }
        self.held = 0;
        self.rows = rows;
        self.total = total;
        let known = self.cursor.filter(|_| self.is_placed);
        let found = known.and_then(|uid| self.rows.iter().position(|one| *one == uid));
        let fallback = if self.is_placed { self.at } else { 0 };
        self.place(found.unwrap_or(fallback));
        self.is_placed |= is_settled && !self.rows.is_empty();
    }

    /// All rows are shown in the list's own order.
    pub fn is_plain(&self) -> bool {
        self.sort.is_none() && !self.is_narrowed()
    }

    /// Rows may be hidden.
    pub fn is_narrowed(&self) -> bool {
        !self.filter.is_empty() || self.faults_only || self.only.is_some()
    }

    /// Shows all rows again.
    pub fn widen(&mut self) {
        (self.filter, self.faults_only, self.only) = (Filter::default(), false, None);
    }

    /// The rows belong to this subject.
    pub fn is_of(&self, subject: Option<Subject>) -> bool {
        self.subject == subject
    }

    /// The list is of this subject from now on; where that is another one, the cursor begins anew on the first row.
    pub fn turn_to(&mut self, subject: Option<Subject>) {
        if self.subject != subject {
            (self.subject, self.at, self.top, self.is_placed) = (subject, 0, 0, false);
            self.widths = Widths::default();
        }
    }

    /// Moves the cursor; `page` is the number of rows on screen.
    pub fn go(&mut self, motion: Motion, page: usize) {
        self.is_placed = true;
        self.place(moved(self.at, motion, page, self.rows.len()));
    }

    /// Puts the cursor on an object where it is shown.
    pub fn select(&mut self, uid: Uid) {
        if let Some(at) = self.rows.iter().position(|one| *one == uid) {
            self.is_placed = true;
            self.place(at);
        }
    }

    /// Scrolls as little as needed to show the cursor in `page` rows.
    pub fn scroll(&mut self, page: usize) {
        let last_top = self.rows.len().saturating_sub(page);
        let lowest = (self.at + 1).saturating_sub(page.max(1));
        self.top = self.top.clamp(lowest, self.at.max(lowest)).min(last_top.max(lowest));
    }

    fn place(&mut self, at: usize) {
        self.at = at.min(self.rows.len().saturating_sub(1));
        self.cursor = self.rows.get(self.at).copied();
    }
}

/// How many rows are new, gone or at another place: the fewest that explain the difference.
fn changes(before: &[Uid], after: &[Uid]) -> usize {
    let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[same..], &after[same..]);
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[..before.len() - same], &after[..after.len() - same]);
    let places: HashMap<Uid, usize> = before.iter().enumerate().map(|(at, uid)| (*uid, at)).collect();
    let kept: Vec<usize> = after.iter().filter_map(|uid| places.get(uid).copied()).collect();
    // What keeps its order is the longest rising run of old places; `ends` has the smallest end for each length.
    let mut ends: Vec<usize> = Vec::new();
    for &place in &kept {
        let at = ends.partition_point(|end| *end < place);
        if at == ends.len() { ends.push(place) } else { ends[at] = place }
    }
    let moved = kept.len() - ends.len();
    (before.len() - kept.len()) + (after.len() - kept.len()) + moved
}

/// Where a motion leads from `at` among `len` rows.
pub(super) fn moved(at: usize, motion: Motion, page: usize, len: usize) -> usize {
    let last = len.saturating_sub(1);
    match motion {
        Motion::Down => (at + 1).min(last),
        Motion::Up => at.saturating_sub(1),
        Motion::PageDown => (at + page.max(1)).min(last),
        Motion::PageUp => at.saturating_sub(page.max(1)),
        Motion::First => 0,
        Motion::Last => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids(names: &[&str]) -> Vec<Uid> {
        names.iter().map(|name| Uid::new(name)).collect()
    }

    fn list(names: &[&str]) -> ListState {
        let mut list = ListState::default();
        list.set_rows(uids(names), names.len(), true, false);
        list
    }

    #[test]
    fn relist_keeps_cursor_on_same_uid() {
        let mut list = list(&["a", "b", "c"]);
        list.go(Motion::Down, 10);
        list.set_rows(uids(&["x", "c", "b"]), 3, true, false);
        assert_eq!(list.cursor, Some(Uid::new("b")));
    }

    #[test]
    fn cursor_takes_the_place_of_a_row_that_went() {
        let mut list = list(&["a", "b", "c"]);
        list.go(Motion::Down, 10);
        list.set_rows(uids(&["a", "c"]), 2, true, false);
        assert_eq!(list.cursor, Some(Uid::new("c")));
        list.set_rows(uids(&["a"]), 1, true, false);
        assert_eq!(list.cursor, Some(Uid::new("a")));
        list.set_rows(Vec::new(), 0, true, false);
        assert_eq!(list.cursor, None);
    }

    #[test]
    fn cursor_stays_on_the_worst_while_the_first_list_loads() {
        let mut list = ListState::default();
        list.set_rows(uids(&["b"]), 1, false, false);
        list.set_rows(uids(&["a", "b"]), 2, false, false);
        assert_eq!(list.cursor, Some(Uid::new("a")));
    }

    #[test]
    fn rows_keep_their_place_while_one_reads_and_settle_after() {
        let mut list = list(&["a", "b", "c"]);
        list.go(Motion::Down, 10);
        list.set_rows(uids(&["c", "a", "new"]), 4, true, true);
        assert_eq!((list.rows.clone(), list.total, list.held), (uids(&["a", "b", "c"]), 3, 3));
        list.set_rows(uids(&["c", "a", "new"]), 4, true, false);
        assert_eq!((list.rows.clone(), list.total, list.held), (uids(&["c", "a", "new"]), 4, 0));
    }

    #[test]
    fn the_fewest_changes_are_counted() {
        let count = |before: &[&str], after: &[&str]| changes(&uids(before), &uids(after));
        assert_eq!(count(&["a", "b", "c", "d"], &["a", "b", "c", "d"]), 0);
        assert_eq!(count(&["a", "b", "c", "d"], &["d", "a", "b", "c"]), 1, "one row went up");
        assert_eq!(count(&["a", "b", "c", "d"], &["b", "c", "d", "a"]), 1, "one row went down");
        assert_eq!(count(&["a", "b", "c"], &["a", "x", "c"]), 2, "one is gone, one is new");
        assert_eq!(count(&[], &["a", "b"]), 2);
        assert_eq!(count(&["a", "b"], &[]), 2);
    }

    #[test]
    fn another_subject_begins_on_the_first_row() {
        let mut list = list(&["a", "b"]);
        list.go(Motion::Last, 10);
        list.turn_to(Some(Subject { kind: crate::model::key::Kind::Job, uid: Uid::new("j") }));
        list.set_rows(uids(&["a", "b"]), 2, true, false);
        assert_eq!(list.cursor, Some(Uid::new("a")));
    }

    #[test]
    fn scrolling_shows_the_cursor_and_moves_no_more_than_needed() {
        let mut list = list(&["a", "b", "c", "d", "e"]);
        list.scroll(3);
        assert_eq!(list.top, 0);
        list.go(Motion::Last, 3);
        list.scroll(3);
        assert_eq!(list.top, 2);
        list.go(Motion::Up, 3);
        list.scroll(3);
        assert_eq!(list.top, 2);
        list.go(Motion::First, 3);
        list.scroll(3);
        assert_eq!(list.top, 0);
        list.scroll(0);
        assert_eq!(list.top, 0);
    }
}
