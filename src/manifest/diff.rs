//! What a change does to an object, as lines of YAML: what goes, what comes, what the server adds by itself, and enough
//! around it to see where it lies.

mod outline;
mod secret;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde_json::Value;
use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices};

use super::to_yaml;
use outline::{Outline, content_start, key_of};

/// Unchanged lines that are shown before and behind each change.
const CONTEXT: usize = 3;

/// Share of its words that two lines without a common key must have in common for their words to be compared.
const ALIKE: f32 = 0.5;

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// It is before and after.
    Same,
    /// It is new, and was asked for.
    Added,
    /// It is new, and nobody asked for it: a default, or the work of an admission webhook.
    AddedByServer,
    /// It is gone.
    Removed,
    /// So many unchanged lines are left out.
    Skipped(usize),
}

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What became of it.
    pub kind: LineKind,
    /// The line of YAML without its end; empty for lines that are left out.
    pub text: String,
    /// Bytes of the words that differ, where a removed and an added line are a pair.
    pub marks: Vec<Range<usize>>,
    /// Of lines that are left out, what they are in: `spec.template.spec.containers[0]`; else empty.
    pub path: String,
}

impl DiffLine {
    fn new(kind: LineKind, text: &str) -> Self {
        Self { kind, text: text.to_owned(), marks: Vec::new(), path: String::new() }
    }

    /// Whether it is a line of the object before.
    fn is_before(&self) -> bool {
        matches!(self.kind, LineKind::Same | LineKind::Removed)
    }

    fn is_change(&self) -> bool {
        matches!(self.kind, LineKind::Added | LineKind::AddedByServer | LineKind::Removed)
    }
}

/// The lines in which two states of an object differ, without what only the server writes and without the values of
/// Secrets. No `before` is a creation, no `after` a deletion. `sent` is the object as it was asked for: lines that it
/// lacks were added by the server. Empty where nothing differs.
pub fn diff(before: Option<&Value>, sent: Option<&Value>, after: Option<&Value>) -> Vec<DiffLine> {
    let [before, sent, after] = secret::hidden(before, sent, after).map(|object| object.as_ref().map(to_yaml));
    let lines_of = |text: &Option<String>| -> Vec<String> {
        text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
    };
    let (old, new) = (lines_of(&before), lines_of(&after));
    let is_asked_for = asked_for(sent.is_some().then(|| lines_of(&sent)).as_deref(), &new);
    let mut lines = Vec::new();
    for op in capture_diff_slices(Algorithm::Patience, &old, &new) {
        if let DiffOp::Equal { old_index, len, .. } = op {
            lines.extend(old[old_index..old_index + len].iter().map(|line| DiffLine::new(LineKind::Same, line)));
        } else {
            lines.extend(old[op.old_range()].iter().map(|line| DiffLine::new(LineKind::Removed, line)));
            lines.extend(op.new_range().map(|at| {
                let kind = if is_asked_for[at] { LineKind::Added } else { LineKind::AddedByServer };
                DiffLine::new(kind, &new[at])
            }));
        }
    }
    mark(&mut lines);
    leave_out(lines)
}

/// For each line of the new object, whether it was asked for.
fn asked_for(sent: Option<&[String]>, new: &[String]) -> Vec<bool> {
    let mut is_asked_for = vec![sent.is_none(); new.len()];
    for op in sent.iter().flat_map(|sent| capture_diff_slices(Algorithm::Patience, sent, new)) {
        if matches!(op, DiffOp::Equal { .. }) {
            is_asked_for[op.new_range()].fill(true);
        }
    }
    is_asked_for
}

/// Rows for a view of before and after side by side: the places of their lines in `lines`. Lines that are the same or
/// left out stand on both sides; a removed and an added line of the same key stand in one row.
pub fn pairs(lines: &[DiffLine]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut rows = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let block = at + lines[at..].iter().take_while(|line| line.is_change()).count();
        if block == at {
            rows.push((Some(at), Some(at)));
            at += 1;
        } else {
            rows.extend(pair_up(lines, at..block));
            at = block;
        }
    }
    rows
}

/// The rows of lines that changed together.
fn pair_up(lines: &[DiffLine], block: Range<usize>) -> Vec<(Option<usize>, Option<usize>)> {
    let (removed, added): (Vec<usize>, Vec<usize>) = block.partition(|at| lines[*at].is_before());
    let keys = |side: &[usize]| -> Vec<&str> { side.iter().map(|at| key_of(&lines[*at].text)).collect() };
    let mut rows = Vec::new();
    for op in capture_diff_slices(Algorithm::Patience, &keys(&removed), &keys(&added)) {
        let (old, new) = (&removed[op.old_range()], &added[op.new_range()]);
        let longer = old.len().max(new.len());
        rows.extend((0..longer).map(|at| (old.get(at).copied(), new.get(at).copied())));
    }
    rows
}

/// Marks the words that differ in removed and added lines that are pairs.
fn mark(lines: &mut [DiffLine]) {
    for row in pairs(lines) {
        if let (Some(old), Some(new)) = row
            && old != new
        {
            (lines[old].marks, lines[new].marks) = differing_words(&lines[old].text, &lines[new].text);
        }
    }
}

/// The bytes of the words that differ in two lines; none where the lines have little in common.
fn differing_words(old: &str, new: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (old_start, new_start) = (content_start(old), content_start(new));
    let words = TextDiff::from_unicode_words(&old[old_start..], &new[new_start..]);
    let is_same_key = !key_of(old).is_empty() && key_of(old) == key_of(new);
    let (mut old_marks, mut new_marks) = (Vec::new(), Vec::new());
    if !is_same_key && words.ratio() < ALIKE {
        return (old_marks, new_marks);
    }
    let (mut old_at, mut new_at) = (old_start, new_start);
    for change in words.iter_all_changes() {
        let length = change.value().len();
        if change.tag() != ChangeTag::Insert {
            extend(&mut old_marks, old_at..old_at + length, change.tag() == ChangeTag::Delete);
            old_at += length;
        }
        if change.tag() != ChangeTag::Delete {
            extend(&mut new_marks, new_at..new_at + length, change.tag() == ChangeTag::Insert);
            new_at += length;
        }
    }
    (old_marks, new_marks)
}

/// Adds a word to the marks, to the last of them where it follows it at once.
fn extend(marks: &mut Vec<Range<usize>>, word: Range<usize>, is_marked: bool) {
    match marks.last_mut() {
        _ if !is_marked => {}
        Some(last) if last.end == word.start => last.end = word.end,
        _ => marks.push(word),
    }
}

/// Replaces lines far from every change by a line that counts them. What a change lies in stays: the keys above it, and
/// the name of the element of a list.
fn leave_out(lines: Vec<DiffLine>) -> Vec<DiffLine> {
    let outline = Outline::of(&lines);
    let mut is_shown = vec![false; lines.len()];
    for at in (0..lines.len()).filter(|at| lines[*at].is_change()) {
        is_shown[at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len())].fill(true);
    }
    for at in (0..lines.len()).filter(|at| lines[*at].is_change()) {
        outline.show_what_holds(at, &mut is_shown);
    }
    if !is_shown.contains(&true) {
        return Vec::new();
    }
    let mut shown = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let gap = is_shown[at..].iter().take_while(|is_shown| !**is_shown).count();
        // A line that says that one line is left out would take its place.
        if gap > 1 {
            let path = outline.path_around(at..at + gap);
            shown.push(DiffLine { path, ..DiffLine::new(LineKind::Skipped(gap), "") });
            at += gap;
        } else {
            shown.push(lines[at].clone());
            at += 1;
        }
    }
    shown
}
