//! Carries fixes out in a text, one after the other, until none is left.

use serde_json::Value;

use super::{LintFinding, lint, objects};
use crate::manifest::parse::parse;
use crate::manifest::problem::edited;
use crate::manifest::schema::Catalogue;
use crate::model::clock::Time;

/// More fixes than any text needs: two rules that undo each other's are stopped.
const MOST: usize = 1_000;

/// A text after its fixes.
#[derive(Debug, PartialEq, Eq)]
pub struct Mended {
    /// The text; all that no fix is about is as it was.
    pub text: String,
    /// The fixes that were made, in their order: the rule, the object, and what was done.
    pub done: Vec<String>,
}

/// Makes the fixes of the findings that are meant, each in the text that the one before left. One that would change
/// anything but what it is for is left out.
pub fn mend(text: &str, catalogue: &Catalogue, now: Time, is_meant: impl Fn(&LintFinding) -> bool) -> Mended {
    let mut mended = Mended { text: text.to_owned(), done: Vec::new() };
    let mut tried: Vec<(&str, String, String)> = Vec::new();
    while tried.len() < MOST {
        let found = lint(&mended.text, catalogue, now).findings.into_iter().filter(|finding| is_meant(finding));
        let next = found.filter_map(|finding| {
            let key = (finding.lint.id, finding.object.clone(), finding.path.to_string());
            // The same again would come to no end.
            let fix = finding.fix.filter(|fix| !fix.edits.is_empty() && !tried.contains(&key))?;
            Some((key, fix))
        });
        let Some((key, fix)) = { next }.next() else { break };
        let new = edited(&mended.text, &fix.edits);
        if is_that_alone(&mended.text, &new, &fix.patch) {
            mended.text = new;
            mended.done.push(format!("{} {}: {}", key.0, key.1, fix.short));
        }
        tried.push(key);
    }
    mended
}

/// Whether two texts differ in one object, and there by this patch; or in none, where a fix only writes it otherwise.
fn is_that_alone(before: &str, after: &str, patch: &json_patch::Patch) -> bool {
    let read = |text: &str| -> Option<Vec<Value>> {
        let parsed = parse(text);
        let objects = parsed.documents.into_iter().flat_map(objects).map(|document| document.object);
        parsed.problems.is_empty().then(|| objects.collect())
    };
    let (Some(before), Some(after)) = (read(before), read(after)) else { return false };
    let mut changed = before.iter().zip(&after).filter(|(old, new)| old != new);
    let is_patched = changed.next().is_none_or(|(old, new)| {
        let mut fixed = old.clone();
        json_patch::patch(&mut fixed, patch).is_ok() && fixed == *new
    });
    before.len() == after.len() && is_patched && changed.next().is_none()
}
