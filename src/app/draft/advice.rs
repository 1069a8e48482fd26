//! What will hurt in a text under edit, as problems of its lines: advice that is worth a line beside the text, and no
//! more than that.

use super::{Draft, Purpose};
use crate::manifest::lint::{Lint, LintFinding, lint};
use crate::manifest::{Catalogue, Fix, Problem, Severity};
use crate::model::clock::Time;
use crate::model::key::Kind;

/// Rules that say again what the check of the fields says.
const TOLD_ANYWAY: [&str; 3] = ["L002", "L011", "L012"];

/// What the server wrote into a live object is no mistake there.
const RESIDUE: &str = "L009";

impl Draft {
    /// What the rules find in the text, by place. Of a live Job only what can be changed in it.
    pub(super) fn advice(&self, text: &str, catalogue: &Catalogue, now: Time, off: &[&'static Lint]) -> Vec<Problem> {
        let live = match &self.purpose {
            Purpose::Edit(meant) => Some(meant.key.kind),
            Purpose::Apply => None,
            // It has no more of an object than its containers.
            Purpose::Form(..) => return Vec::new(),
        };
        let is_told = |finding: &LintFinding| {
            let is_off = off.contains(&finding.lint);
            let is_frozen = live == Some(Kind::Job)
                && (self.editor.frozen(finding.place.line).is_some()
                    || finding.fix.as_ref().is_some_and(|fix| fix.is_frozen));
            finding.severity > Severity::Note
                && !(is_off || is_frozen)
                && !TOLD_ANYWAY.contains(&finding.lint.id)
                && !(live.is_some() && finding.lint.id == RESIDUE)
        };
        lint(text, catalogue, now).findings.into_iter().filter(is_told).map(problem).collect()
    }
}

fn problem(LintFinding { lint, severity, place, message, fix, .. }: LintFinding) -> Problem {
    let fix = fix.filter(|fix| !fix.edits.is_empty());
    let fix = fix.map(|fix| Fix { title: fix.title, edits: fix.edits });
    Problem { place, severity, message: format!("{} {message}", lint.id), fix }
}
