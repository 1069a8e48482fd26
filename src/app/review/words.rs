//! The lines of a review.

use crate::app::page::{Line, Role};
use crate::manifest::diff::{DiffLine, LineKind};
use crate::model::mutation::{Change, Mutation, Reason, Refused};
use crate::model::state::Level;

/// Columns of the words at the left.
const NAMES: usize = 11;

/// A line with a word at the left.
pub(super) fn row(name: &str, text: &str, role: Role) -> Line {
    let mut line = Line::new(format!("{name:NAMES$}{text}"), role).hanging(NAMES);
    line.parts.push((0..NAMES, Role::Dim));
    line
}

/// Why a write is refused, and the next step.
pub(super) fn refusal(refused: &Refused, mutation: &Mutation) -> Vec<Line> {
    let told = |text: &str, role| Line::new(format!("  {text}"), role).hanging(2);
    let mut lines = vec![told(&refused.failure.message, Role::State(Level::Broken))];
    let is_new = |field: &&(String, String)| !refused.failure.message.contains(&field.1);
    for (field, words) in refused.fields.iter().filter(is_new) {
        lines.push(told(&format!("{field}: {words}"), Role::Plain));
    }
    let next = match (&refused.reason, &mutation.change) {
        (Reason::Owned, _) => "f takes these fields over, and their manager may set them back".to_owned(),
        (Reason::Exists, _) => "choose another name".to_owned(),
        (Reason::Invalid, Change::Merge { .. } | Change::Apply { .. }) if is_fixed(refused) => {
            let beside = if mutation.target.kind == "Job" { ", R makes a new Job beside it" } else { "" };
            format!("r deletes {} and makes it anew with the change{beside}", mutation.target)
        }
        _ => refused.failure.hint.clone(),
    };
    if !next.is_empty() {
        lines.push(told(&format!("Next: {next}."), Role::Plain));
    }
    lines
}

/// Whether it is refused because what is there cannot be changed so, and not because the wanted value is wrong.
fn is_fixed(refused: &Refused) -> bool {
    let words = refused.fields.iter().map(|(_, words)| words).chain([&refused.failure.message]);
    words.into_iter().any(|words| {
        ["immutable", "may not change", "only be modified", "updates to"].iter().any(|word| words.contains(word))
    })
}

/// A line of a difference, with its sign.
pub(super) fn line(one: &DiffLine) -> Line {
    let (sign, role) = match one.kind {
        LineKind::Same => (" ", Role::Plain),
        LineKind::Added => ("+", Role::Added),
        // The server's defaults step back: nobody asked for them.
        LineKind::AddedByServer => (".", Role::Dim),
        LineKind::Removed => ("-", Role::Removed),
        LineKind::Skipped(count) => {
            let lines = if count == 1 { "line" } else { "lines" };
            let place = if one.path.is_empty() { String::new() } else { format!(" of {}", one.path) };
            return Line::new(format!("  {count} {lines}{place}"), Role::Dim);
        }
    };
    let indent = one.text.len() - one.text.trim_start().len();
    let mut line = Line::new(format!("{sign} {}", one.text), role).hanging(indent + 4);
    // What was made safe has other places.
    if line.text.len() == one.text.len() + 2 {
        line.parts = one.marks.iter().map(|mark| (mark.start + 2..mark.end + 2, Role::Differs)).collect();
    }
    line
}
