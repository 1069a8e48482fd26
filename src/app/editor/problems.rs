//! What is known of the text from outside: what is wrong with it, which lines cannot be changed.

use std::cmp::Reverse;
use std::ops::Range;

use crate::manifest::{Edit, Problem, Severity};

use super::Editor;

impl Editor {
    /// Tells what is wrong with the text as it is now.
    pub fn set_problems(&mut self, mut problems: Vec<Problem>) {
        problems.sort_by_key(|problem| (problem.place.line, problem.place.column));
        self.problems = problems;
    }

    /// What is wrong with the text, from its beginning to its end.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems of the cursor's line: first those under the cursor, the worst ones first.
    pub fn problems_here(&self) -> Vec<&Problem> {
        let (line, column) = self.cursor();
        let mut here: Vec<_> = self.problems.iter().filter(|problem| problem.place.line == line).collect();
        let is_under = |problem: &Problem| (problem.place.column..=problem.place.end_column).contains(&column);
        here.sort_by_key(|problem| (!is_under(problem), Reverse(problem.severity)));
        here
    }

    /// How bad the worst problem of a line is.
    pub fn severity(&self, line: usize) -> Option<Severity> {
        self.problems.iter().filter(|problem| problem.place.line == line).map(|problem| problem.severity).max()
    }

    /// Tells which lines cannot be changed, and why.
    pub fn set_frozen(&mut self, frozen: Vec<(Range<usize>, String)>) {
        self.frozen = frozen;
    }

    /// Why a line cannot be changed; None where it can.
    pub fn frozen(&self, line: usize) -> Option<&str> {
        self.frozen.iter().find(|(lines, _)| lines.contains(&line)).map(|(_, why)| why.as_str())
    }

    /// Makes the change that mends the problem under the cursor.
    pub(super) fn fix(&mut self) {
        let Some(fix) = self.problems_here().into_iter().find_map(|problem| problem.fix.clone()) else {
            self.notice = Some("there is no problem here that mends itself".to_owned());
            return;
        };
        let cursor = self.buffer.cursor();
        // From the end, so that the places before stay where they are.
        for Edit { start, end, text } in fix.edits.iter().rev() {
            self.buffer.replace(*start, *end, text);
        }
        let is_of_line = |edit: &Edit| edit.start.0 == cursor.0 && edit.end.0 == cursor.0 && !edit.text.contains('\n');
        if !fix.edits.iter().all(is_of_line) {
            let line = line_after(cursor.0, &fix.edits).min(self.buffer.end().0);
            self.buffer.go_to((line, cursor.1.min(self.buffer.length(line))), false);
            self.notice = Some(format!("{}; ctrl-z takes it back", fix.title));
        }
    }

    /// Goes to the next problem, or the one before; round at the end.
    pub(super) fn go_to_problem(&mut self, is_forward: bool) {
        let places = || self.problems.iter().map(|problem| (problem.place.line, problem.place.column));
        let here = self.buffer.cursor();
        let found = if is_forward {
            places().find(|place| *place > here).or_else(|| places().next())
        } else {
            places().rev().find(|place| *place < here).or_else(|| places().next_back())
        };
        match found {
            Some(place) => self.buffer.go_to(place, false),
            None => self.notice = Some("no problem is known".to_owned()),
        }
    }
}

/// Where a line is after these edits.
fn line_after(line: usize, edits: &[Edit]) -> usize {
    edits.iter().fold(line, |after, edit| {
        let is_before = edit.end <= (line, 0);
        let gone = edit.end.0.min(line) - edit.start.0.min(line);
        let new = if is_before { edit.text.matches('\n').count() } else { 0 };
        (after + new).saturating_sub(gone)
    })
}
