//! Where in an answer the lines begin that were not read before.
//!
//! A line's time alone does not say whether it was read: two writers of one container (its output and its errors) are
//! given their times one beside the other, so that a log's times may go back by a little. The place of the line that was
//! read last does: what stands before it was read, what stands behind it was not, whatever the times.

use super::split::Line;
use crate::model::clock::Time;
use crate::model::log::{LineClass, LogBatch, ReadUpTo};

/// How far a log's times may go back: a line that is later by more than this stands behind the one that is searched. Ample
/// for two threads of a busy node.
const DISORDER_SECONDS: i64 = 1;

/// Bytes that are held back at most while the last line is searched.
const HELD: usize = 4 << 20;

/// What is to be done with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is new.
    Tell,
    /// It was read before, or it is kept until that is known.
    Drop,
    /// The line that was read last is not in this answer: ask [`Seek::lost`].
    Lost,
}

/// The state of the search.
#[derive(Debug)]
pub(super) enum Seek {
    /// Everything from here on is new.
    Found,
    /// The first line that is not before this moment is the first that is wanted: the server rounds to seconds.
    Since(Time),
    /// The line that was read last has not come yet.
    Last {
        last: ReadUpTo,
        /// How many lines of its time have come.
        seen: u32,
        /// Later lines, which are new if it does not come.
        held: LogBatch,
    },
}

/// What is known where the last line is not to be had any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost {
    /// Lines may be missing behind this time; None where the place was found nevertheless.
    pub(super) gap_from: Option<Time>,
    /// The lines that were held back.
    pub(super) held: LogBatch,
}

impl Seek {
    /// Searches behind what was read.
    pub(super) fn after(last: ReadUpTo) -> Self {
        match last.repeated {
            0 => Self::Since(last.time),
            _ => Self::Last { last, seen: 0, held: LogBatch::default() },
        }
    }

    /// The last line is still searched.
    pub(super) const fn is_searching(&self) -> bool {
        matches!(self, Self::Last { .. })
    }

    /// Lines are held back.
    pub(super) fn is_holding(&self) -> bool {
        matches!(self, Self::Last { held, .. } if !held.is_empty())
    }

    /// Takes in the next line of the answer.
    pub(super) fn step(&mut self, line: Line<'_>) -> Step {
        match (&mut *self, line.time) {
            (Self::Found, _) => Step::Tell,
            // The rest of a line that began before the second that was asked for comes without its time.
            (_, None) => Step::Drop,
            (Self::Since(since), Some(time)) if time < *since => Step::Drop,
            (Self::Since(_), _) => {
                *self = Self::Found;
                Step::Tell
            }
            (Self::Last { last, seen, held }, Some(time)) => {
                if time == last.time {
                    *seen += 1;
                    *held = LogBatch::default();
                    if *seen == last.repeated {
                        *self = Self::Found;
                    }
                } else if time > last.time {
                    held.push(time, LineClass::default(), line.text);
                    if time > last.time.plus_seconds(DISORDER_SECONDS) || held.bytes() > HELD {
                        return Step::Lost;
                    }
                }
                Step::Drop
            }
        }
    }

    /// Ends the search for a line that does not come.
    pub(super) fn lost(&mut self) -> Lost {
        match std::mem::replace(self, Self::Found) {
            // Of several lines of one time some came: the place is behind them.
            Self::Last { last, seen, held } => Lost { gap_from: (seen == 0).then_some(last.time), held },
            _ => Lost { gap_from: None, held: LogBatch::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times, in tenths of a second, of the lines that are told of an answer behind a last line; and what is told of
    /// the end of the search, should it have been given up.
    fn told(last: (i64, u32), answer: &[i64]) -> (Vec<i64>, Option<Lost>) {
        let tenths = |tenths: i64| Time::from_nanos(tenths * 100_000_000);
        let mut seek = Seek::after(ReadUpTo { time: tenths(last.0), repeated: last.1 });
        let (mut told, mut lost) = (Vec::new(), None);
        for at in answer {
            match seek.step(Line { time: Some(tenths(*at)), text: b"" }) {
                Step::Tell => told.push(*at),
                Step::Drop => {}
                Step::Lost => lost = Some(seek.lost()),
            }
        }
        (told, lost)
    }

    #[test]
    fn new_is_what_stands_behind_the_last_line() {
        assert_eq!(told((5, 1), &[1, 3, 5, 6, 9]), (vec![6, 9], None));
        assert_eq!(told((5, 2), &[5, 5, 5, 6]), (vec![5, 6], None));
        assert_eq!(told((5, 1), &[5]), (vec![], None));
        assert_eq!(told((5, 0), &[4, 5, 6]), (vec![5, 6], None));
    }

    #[test]
    fn times_that_go_back_lose_nothing_and_repeat_nothing() {
        assert_eq!(told((5, 1), &[4, 6, 5, 3, 7]), (vec![3, 7], None));
    }

    #[test]
    fn last_line_that_is_gone_leaves_a_gap() {
        let (then, lost) = told((5, 1), &[6, 7, 16, 17]);
        let lost = lost.unwrap();
        assert_eq!((then, lost.gap_from, lost.held.len()), (vec![17], Some(Time::from_nanos(500_000_000)), 3));
        let (then, lost) = told((5, 3), &[5, 5, 7, 16]);
        let lost = lost.unwrap();
        assert_eq!((then, lost.gap_from, lost.held.len()), (vec![], None, 2));
    }
}
