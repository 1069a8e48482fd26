//! Which lines of a store a question holds for, found out piece by piece, so that a million lines stop no frame.
//!
//! What was found stays valid while lines come behind; where lines are put into a stretch, that stretch alone is
//! examined again.

use std::collections::HashMap;

use super::block::LogLine;
use super::store::{BlockId, LogStore, Stretch};

/// What is known about one stretch.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Found {
    /// How many of its lines were examined.
    seen: usize,
    /// Those for which it holds. A stretch has at most as many lines as it has bytes, fewer than 2^17.
    lines: Vec<u32>,
}

/// The answers to one question. See the module.
#[derive(Debug, Default, Clone)]
pub struct Scan {
    found: HashMap<BlockId, Found>,
    is_done: bool,
}

/// The next line that one looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// This one.
    Line(usize),
    /// There is none.
    Nowhere,
    /// That is not known before this line's stretch is examined.
    Unknown(usize),
}

impl Scan {
    /// Everything that the store holds was examined, when [`Scan::go_on`] looked last.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Examines stretches, those near a line first, until about so many bytes were read. The first line of a stretch
    /// that it needs and that is not at hand, if there is one.
    pub fn go_on(
        &mut self,
        store: &LogStore,
        near: usize,
        bytes: usize,
        holds: impl Fn(&LogLine<'_>) -> bool,
    ) -> Option<usize> {
        let stretches: Vec<Stretch> = store.stretches().collect();
        if self.found.len() > 2 * stretches.len() + 16 {
            let known: std::collections::HashSet<BlockId> = stretches.iter().map(|stretch| stretch.id).collect();
            self.found.retain(|id, _| known.contains(id));
        }
        let middle = stretches.partition_point(|stretch| stretch.first <= near).saturating_sub(1);
        let around = (0..stretches.len()).flat_map(|step| [middle.checked_sub(step), middle.checked_add(step + 1)]);
        let (mut read, mut missing) = (0, None);
        self.is_done = true;
        for stretch in around.flatten().filter_map(|at| stretches.get(at)) {
            let found = self.found.entry(stretch.id).or_default();
            if found.seen >= stretch.len {
                continue;
            }
            self.is_done = false;
            if read >= bytes {
                return missing;
            }
            if !stretch.is_here {
                missing = missing.or(Some(stretch.first));
                continue;
            }
            for (at, line) in (found.seen..).zip(store.lines_of(*stretch, found.seen)) {
                // A line costs something though it is empty.
                read += line.text.len() + 16;
                if holds(&line) {
                    found.lines.push(at as u32);
                }
            }
            found.seen = stretch.len;
        }
        // All that is here was examined in this turn.
        self.is_done = missing.is_none();
        missing
    }

    /// The nearest line behind `from`, or before it, for which it holds; `from` itself is not meant.
    pub fn next(&self, store: &LogStore, from: usize, is_forward: bool) -> Next {
        let mut stretch = match (is_forward, store.stretch_of(from)) {
            (_, Some(stretch)) => Some(stretch),
            (true, None) => None,
            (false, None) => store.len().checked_sub(1).and_then(|last| store.stretch_of(last)),
        };
        while let Some(Stretch { id, first, len, .. }) = stretch {
            let inside = from.saturating_sub(first);
            let Some(found) = self.found.get(&id).filter(|found| found.seen >= len) else {
                return Next::Unknown(first);
            };
            let hit = if is_forward {
                let at = if from >= first { found.lines.partition_point(|line| *line as usize <= inside) } else { 0 };
                found.lines.get(at)
            } else {
                let before = found.lines.partition_point(|line| first + (*line as usize) < from);
                before.checked_sub(1).and_then(|at| found.lines.get(at))
            };
            if let Some(line) = hit {
                return Next::Line(first + *line as usize);
            }
            stretch = if is_forward {
                store.stretch_of(first + len)
            } else {
                first.checked_sub(1).and_then(|before| store.stretch_of(before))
            };
        }
        Next::Nowhere
    }

    /// It holds for this line; None where that was not examined yet.
    pub fn holds(&self, store: &LogStore, line: usize) -> Option<bool> {
        let stretch = store.stretch_of(line)?;
        let inside = line - stretch.first;
        let found = self.found.get(&stretch.id).filter(|found| found.seen > inside)?;
        Some(found.lines.binary_search(&(inside as u32)).is_ok())
    }

    /// Which of the lines for which it holds this one is, from 1, of those that were examined; None where it is none.
    pub fn number(&self, store: &LogStore, line: usize) -> Option<usize> {
        let own = store.stretch_of(line)?;
        let at = self.found.get(&own.id)?.lines.binary_search(&((line - own.first) as u32)).ok()?;
        let before = store.stretches().take_while(|stretch| stretch.first < own.first);
        let before: usize =
            before.filter_map(|stretch| self.found.get(&stretch.id)).map(|found| found.lines.len()).sum();
        Some(before + at + 1)
    }

    /// For how many lines it holds, of those that were examined.
    pub fn count(&self, store: &LogStore) -> usize {
        store.stretches().filter_map(|stretch| self.found.get(&stretch.id)).map(|found| found.lines.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::Time;
    use crate::model::key::Uid;
    use crate::model::log::{LineClass, LogChange, LogSource};

    fn source(name: &str) -> LogSource {
        let pod = Uid::new(name);
        LogSource { pod, namespace: "n".into(), pod_name: name.into(), container: "c".into(), restarts: 0 }
    }

    fn write(store: &mut LogStore, name: &str, seconds: impl Iterator<Item = i64>) {
        let texts: Vec<(i64, String)> = seconds.map(|at| (at, format!("line of second {at}"))).collect();
        let lines = texts.iter().map(|(at, text)| (Time::from_seconds(*at), LineClass::default(), text.as_bytes()));
        store.apply(&source(name), LogChange::Lines(lines.collect()));
    }

    fn ends_in_seven(line: &LogLine<'_>) -> bool {
        line.text.ends_with(b"7")
    }

    /// All hits, by walking forward; and the same backward.
    fn hits(scan: &Scan, store: &LogStore) -> Vec<usize> {
        let walk = |start: usize, is_forward: bool| {
            let mut from = start;
            std::iter::from_fn(move || match scan.next(store, from, is_forward) {
                Next::Line(line) => {
                    from = line;
                    Some(line)
                }
                _ => None,
            })
            .collect::<Vec<_>>()
        };
        let mut forward = walk(0, true);
        if scan.holds(store, 0) == Some(true) {
            forward.insert(0, 0);
        }
        let mut backward = walk(store.len(), false);
        backward.reverse();
        assert_eq!(forward, backward);
        forward
    }

    #[test]
    fn what_is_found_piece_by_piece_is_what_is_there() {
        let mut store = LogStore::default();
        write(&mut store, "a", (0..60_000).step_by(2));
        let mut scan = Scan::default();
        let mut turns = 0;
        while !scan.is_done() {
            assert_eq!(scan.go_on(&store, 20_000, 100_000, ends_in_seven), None);
            turns += 1;
            if turns == 3 {
                // Lines that come between, and behind.
                write(&mut store, "b", (1_001..3_000).step_by(2));
                write(&mut store, "a", 60_000..60_100);
            }
        }
        assert!(turns > 5, "{turns}");
        let wanted: Vec<usize> =
            (0..store.len()).filter(|at| store.line(*at).is_some_and(|line| ends_in_seven(&line))).collect();
        assert_eq!(hits(&scan, &store), wanted);
        assert_eq!(scan.count(&store), wanted.len());
        write(&mut store, "a", 60_100..60_200);
        assert!(matches!(scan.next(&store, store.len() - 150, true), Next::Line(_)));
        scan.go_on(&store, 0, usize::MAX, ends_in_seven);
        assert_eq!(hits(&scan, &store).len(), wanted.len() + 10);
    }

    #[test]
    fn stretch_that_was_not_examined_is_not_passed_over() {
        let mut store = LogStore::default();
        write(&mut store, "a", 0..30_000);
        let mut scan = Scan::default();
        scan.go_on(&store, 29_999, 1, ends_in_seven);
        let last = store.stretch_of(29_999).unwrap();
        assert_eq!(
            scan.next(&store, last.first, true),
            Next::Line((last.first + 1..).find(|at| at % 10 == 7).unwrap())
        );
        assert!(matches!(scan.next(&store, 0, true), Next::Unknown(0)));
        assert_eq!(scan.holds(&store, 0), None);
    }
}
