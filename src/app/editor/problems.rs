//! What is known of the text from outside: what is wrong with it, which lines cannot be changed.

use std::cmp::Reverse;
use std::ops::Range;

use crate::manifest::{Edit, Place, Problem, Severity};

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

    /// The problem under the cursor; else the worst one of its line.
    pub fn problem_here(&self) -> Option<&Problem> {
        let (line, column) = self.cursor();
        let here = |problem: &&Problem| problem.place.line == line;
        let is_under = |problem: &Problem| (problem.place.column..=problem.place.end_column).contains(&column);
        self.problems.iter().filter(here).min_by_key(|problem| (!is_under(problem), Reverse(problem.severity)))
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
        let Some(fix) = self.problem_here().and_then(|problem| problem.fix.clone()) else {
            self.notice = Some("there is no problem here that mends itself".to_owned());
            return;
        };
        match fix.edit {
            Edit::Replace { place: Place { line, column, end_column }, text } => {
                self.buffer.replace((line, column), (line, end_column), &text);
            }
            Edit::RemoveLines { first, count } => self.remove_lines(first, count),
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
