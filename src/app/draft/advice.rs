//! What will hurt in a text under edit, as problems of its lines: advice that is worth a line beside the text, and no
//! more than that.

use super::{Draft, Purpose};
use crate::manifest::lint::{Lint, LintFinding, is_for_live, lint_for};
use crate::manifest::{Catalogue, Fix, Path, Problem, Severity};
use crate::model::clock::Time;
use crate::model::key::Kind;

/// Rules that say again what the check of the fields says.
const TOLD_ANYWAY: [&str; 3] = ["L002", "L011", "L012"];

impl Draft {
    /// What the rules find in the text, by place. Of a live Job only what can be changed in it.
    pub(super) fn advice(&self, text: &str, catalogue: &Catalogue, now: Time, off: &[&'static Lint]) -> Vec<Problem> {
        let live = match &self.purpose {
            Purpose::Edit(meant) => Some(meant.key.kind),
            Purpose::Apply => None,
            // It has no more of an object than its containers.
            Purpose::Form(..) => return Vec::new(),
        };
        let is_wanted = |lint: &'static Lint, severity: Severity| {
            severity > Severity::Note
                && !off.contains(&lint)
                && !TOLD_ANYWAY.contains(&lint.id)
                && (live.is_none() || is_for_live(lint))
        };
        let mut found = lint_for(text, catalogue, now, is_wanted).findings;
        found.retain(|finding| live != Some(Kind::Job) || !is_frozen(finding));
        found.into_iter().map(problem).collect()
    }
}

/// Whether it is about what stays as it is in a Job that is there: its pods' template, and what the fix would change.
fn is_frozen(finding: &LintFinding) -> bool {
    let is_of_template = || finding.path.0.starts_with(&Path::parse("spec.template").0);
    finding.fix.as_ref().map_or_else(is_of_template, |fix| fix.is_frozen)
}

fn problem(LintFinding { lint, severity, place, message, fix, .. }: LintFinding) -> Problem {
    let fix = fix.filter(|fix| !fix.edits.is_empty());
    let fix = fix.map(|fix| Fix { title: fix.short, edits: fix.edits });
    Problem { place, severity, message: format!("{} {message}", lint.id), fix }
}
