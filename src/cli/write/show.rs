//! A plan in words, as it stands before the question: where, what it does, what the server says to it, what differs. The
//! same as on screen, line by line on stderr.

use std::io::Write;

use serde_json::Value;

use super::outcome::{message, next};
use crate::command::Plan;
use crate::manifest::diff::{DiffLine, LineKind, diff};
use crate::manifest::managers::overridden;
use crate::manifest::merge::changed_paths;
use crate::manifest::object::tidy;
use crate::model::mutation::{Cascade, Change, Prepared, Refused};
use crate::model::safe_text::safe_line;

/// Columns of the words at the left.
const NAMES: usize = 11;

/// Effects told at most before the count has to do.
const EFFECTS: usize = 50;

/// What the server says to a write.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It would take it.
    Ready(Box<Prepared>),
    /// It does not take it.
    Refused(Refused),
    /// It cannot say before another write of the same plan is done: the place of that one.
    Waits(usize),
}

/// What of a plan is shown, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// Why the server refuses some of it; elsewhere that follows as what became of it.
    pub(super) has_refusals: bool,
    /// What differs, line by line.
    pub(super) has_difference: bool,
    /// In colour.
    pub(super) has_colour: bool,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    Warning,
    Added,
    Removed,
    Dim,
}

/// A line before it is written.
type Line = (Tone, String);

/// Writes the plan to stderr.
pub(super) fn show(plan: &Plan, verdicts: &[Verdict], context: &str, shown: Shown) {
    let Shown { has_refusals, has_difference, has_colour } = shown;
    let mut lines = head(plan, verdicts, context);
    if has_refusals {
        lines.extend(refusals(plan, verdicts));
    }
    if has_difference {
        lines.extend(differences(plan, verdicts));
    }
    let mut out = std::io::stderr().lock();
    for (tone, text) in lines {
        let text = safe_line(&text);
        let colour = match tone {
            _ if !has_colour => "",
            Tone::Plain => "",
            Tone::Warning => "33",
            Tone::Added => "32",
            Tone::Removed => "31",
            Tone::Dim => "2",
        };
        let _ = match colour {
            "" => writeln!(out, "{text}"),
            colour => writeln!(out, "\x1b[{colour}m{text}\x1b[0m"),
        };
    }
}

fn row(name: &str, text: &str, tone: Tone) -> Line {
    (tone, format!("{name:NAMES$}{text}"))
}

fn head(plan: &Plan, verdicts: &[Verdict], context: &str) -> Vec<Line> {
    let mut lines = vec![row("context", context, Tone::Plain)];
    if !plan.namespaces.is_empty() {
        lines.push(row("namespace", &plan.namespaces.join(", "), Tone::Plain));
    }
    let tone = if plan.is_dangerous { Tone::Warning } else { Tone::Plain };
    for (at, effect) in plan.effects.iter().take(EFFECTS).enumerate() {
        lines.push(row(if at == 0 { "effect" } else { "" }, effect, tone));
    }
    if plan.effects.len() > EFFECTS {
        lines.push(row("", &format!("and {} more like these", plan.effects.len() - EFFECTS), tone));
    }
    lines.extend(choice(plan));
    lines.extend(plan.warnings.iter().map(|text| row("note", text, Tone::Warning)));
    lines.extend(notes(verdicts));
    lines.push(verdict(plan, verdicts));
    lines
}

/// What was chosen beside the deed itself.
fn choice(plan: &Plan) -> Option<Line> {
    let line = match plan.mutations.first().map(|one| &one.change)? {
        Change::Delete(Cascade::Background) => {
            row("cascade", "Background: it goes at once, what it owns follows", Tone::Plain)
        }
        Change::Delete(Cascade::Foreground) => row("cascade", "Foreground: what it owns goes first", Tone::Plain),
        Change::Delete(Cascade::Orphan) => {
            row("cascade", "Orphan: what it owns STAYS, and belongs to nobody", Tone::Warning)
        }
        Change::Rerun { keeps_owner: true, .. } => row("owner", "that of the one before", Tone::Plain),
        Change::Rerun { .. } => row("owner", "none", Tone::Plain),
        Change::Apply { is_forced: true, .. } => {
            row("forced", "fields of other managers are taken over", Tone::Warning)
        }
        _ => return None,
    };
    Some(line)
}

/// What the server warns of, and whose fields would be overridden.
fn notes(verdicts: &[Verdict]) -> Vec<Line> {
    let mut told: Vec<String> = Vec::new();
    for prepared in verdicts.iter().filter_map(ready) {
        let managers = match (&prepared.before, &prepared.after) {
            (Some(before), Some(after)) if is_same_object(before, after) => {
                overridden(before, &changed_paths(&tidy(before), &tidy(after)), "kubatch")
            }
            _ => Vec::new(),
        };
        let target = &prepared.mutation.target;
        let words =
            managers.into_iter().map(|(manager, paths)| format!("{target}: {manager} set {} before", paths.join(", ")));
        let untried = prepared.untried.iter().map(|why| format!("the server cannot try it beforehand: {why}"));
        let warnings = prepared.warnings.iter().map(|text| format!("the server warns: {text}"));
        for text in untried.chain(warnings).chain(words) {
            if !told.contains(&text) {
                told.push(text);
            }
        }
    }
    told.iter().map(|text| row("note", text, Tone::Warning)).collect()
}

fn is_same_object(before: &Value, after: &Value) -> bool {
    before["metadata"]["uid"] == after["metadata"]["uid"]
}

fn ready(verdict: &Verdict) -> Option<&Prepared> {
    match verdict {
        Verdict::Ready(prepared) => Some(prepared),
        _ => None,
    }
}

/// What the server says to all of it.
fn verdict(plan: &Plan, verdicts: &[Verdict]) -> Line {
    let total = verdicts.len();
    let count = |is: fn(&Verdict) -> bool| verdicts.iter().filter(|one| is(one)).count();
    let refused = count(|one| matches!(one, Verdict::Refused(_)));
    let waiting = count(|one| matches!(one, Verdict::Waits(_)));
    let is_without_effect = verdicts.iter().zip(&plan.mutations).all(|(verdict, mutation)| match verdict {
        Verdict::Ready(one) if !matches!(mutation.change, Change::Delete(_) | Change::Evict) => {
            matches!((&one.before, &one.after), (Some(before), Some(after))
                if is_same_object(before, after) && changed_paths(&tidy(before), &tidy(after)).is_empty())
        }
        _ => false,
    });
    let is_untried = verdicts.iter().filter_map(ready).any(|prepared| prepared.untried.is_some());
    match (refused, waiting) {
        (0, _) if is_untried => row("dry run", "not possible", Tone::Warning),
        (0, 0) if is_without_effect => row("dry run", "accepted; NOTHING would change", Tone::Plain),
        (0, 0) => row("dry run", "accepted", Tone::Plain),
        (0, waiting) => row("dry run", &format!("accepted, but for {waiting} that cannot be tried yet"), Tone::Warning),
        (refused, _) if total > 1 => row("dry run", &format!("{refused} of {total} refused"), Tone::Warning),
        _ => row("dry run", "refused", Tone::Warning),
    }
}

/// Why the server refuses some of it.
fn refusals(plan: &Plan, verdicts: &[Verdict]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (mutation, verdict) in plan.mutations.iter().zip(verdicts) {
        let Verdict::Refused(refused) = verdict else { continue };
        lines.push(row("", &message(refused), Tone::Warning));
        lines.extend(refused.fields.iter().map(|(field, words)| row("", &format!("{field}: {words}"), Tone::Plain)));
        let next = next(mutation, refused);
        if !next.is_empty() {
            lines.push(row("", &format!("Next: {next}."), Tone::Plain));
        }
    }
    lines
}

/// What would change, object by object.
fn differences(plan: &Plan, verdicts: &[Verdict]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (mutation, verdict) in plan.mutations.iter().zip(verdicts) {
        let shown = match (verdict, &mutation.change) {
            (Verdict::Ready(one), Change::Replace { .. }) => diff(None, one.sent.as_ref(), one.after.as_ref()),
            (Verdict::Ready(one), _) => diff(one.before.as_ref(), one.sent.as_ref(), one.after.as_ref()),
            (Verdict::Waits(_), Change::Apply { object, .. } | Change::Create(object)) => {
                diff(None, None, Some(object))
            }
            _ => Vec::new(),
        };
        if shown.is_empty() {
            continue;
        }
        lines.push((Tone::Plain, String::new()));
        if plan.mutations.len() > 1 {
            lines.push((Tone::Plain, mutation.target.to_string()));
        }
        lines.extend(shown.iter().map(line));
    }
    lines
}

/// A line of a difference, with its sign: `.` is what the server adds by itself.
fn line(one: &DiffLine) -> Line {
    let (sign, tone) = match one.kind {
        LineKind::Same => (' ', Tone::Plain),
        LineKind::Added => ('+', Tone::Added),
        LineKind::AddedByServer => ('.', Tone::Dim),
        LineKind::Removed => ('-', Tone::Removed),
        LineKind::Skipped(count) => {
            let lines = if count == 1 { "line" } else { "lines" };
            let place = if one.path.is_empty() { String::new() } else { format!(" of {}", one.path) };
            return (Tone::Dim, format!("  {count} {lines}{place}"));
        }
    };
    (tone, format!("{sign} {}", one.text))
}

#[cfg(test)]
mod tests;
