//! Which lines are not as they were when the editor opened: a hint in the margin; the review knows exactly.

use std::collections::HashMap;
use std::ops::Range;

/// The text as it was, and which part of it may differ from the text as it is.
#[derive(Debug)]
pub(super) struct Original {
    lines: Vec<String>,
    /// Where each line's text stood.
    places: HashMap<String, Vec<usize>>,
    /// The lines between what is the same at the beginning and at the end, of the old text and the new.
    old: Range<usize>,
    new: Range<usize>,
}

impl Original {
    pub(super) fn new(lines: &[String]) -> Self {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            places.entry(line.clone()).or_default().push(at);
        }
        Self { lines: lines.to_vec(), places, old: 0..0, new: 0..0 }
    }

    /// Takes the text as it is now.
    pub(super) fn compare(&mut self, lines: &[String]) {
        let same = |pairs: &mut dyn Iterator<Item = (&String, &String)>| pairs.take_while(|(a, b)| a == b).count();
        let start = same(&mut self.lines.iter().zip(lines));
        let (old, new) = (&self.lines[start..], &lines[start..]);
        let end = same(&mut old.iter().rev().zip(new.iter().rev()));
        self.old = start..self.lines.len() - end;
        self.new = start..lines.len() - end;
    }

    /// Whether anything differs.
    pub(super) fn is_changed(&self) -> bool {
        !self.old.is_empty() || !self.new.is_empty()
    }

    /// Whether a line is new: it stands between the first and the last change, and nowhere there in the old text.
    pub(super) fn is_new(&self, at: usize, line: &str) -> bool {
        let was_there = || self.places.get(line).is_some_and(|places| places.iter().any(|at| self.old.contains(at)));
        self.new.contains(&at) && !was_there()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_lines_are_told_from_old_ones_between_them() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut original = Original::new(&lines("a b c d b"));
        let check = |original: &Original, text: &str| {
            let lines = lines(text);
            let new = lines.iter().enumerate().filter(|(at, line)| original.is_new(*at, line));
            new.map(|(_, line)| line.clone()).collect::<Vec<_>>().join(" ")
        };
        for (now, new) in [("a b c d b", ""), ("a x c d y b", "x y"), ("a b c c d b", "c"), ("a d b", ""), ("", "")] {
            original.compare(&lines(now));
            assert_eq!(check(&original, now), new, "{now}");
            assert_eq!(original.is_changed(), now != "a b c d b");
        }
    }
}
