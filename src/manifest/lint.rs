//! What a person should know of a manifest of a Job or a CronJob before it runs: what the server will refuse, what can
//! never work, and what will hurt whoever is on call. Each rule is one entry of its family's `LINTS`: when it fires,
//! what it says and what would mend it. Rules look at the manifest alone; those of `cluster` also
//! at what a cluster said of what it names.

mod behaviour;
mod cluster;
mod cron;
mod fix;
mod image;
mod lifecycle;
mod mend;
mod policy;
mod resources;
mod security;
mod seen;
mod server;
mod shell;
mod subject;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::check::{Fault, faults};
use super::parse::{Document, Form, parse};
use super::path::Path;
use super::problem::{Place, Problem, Severity};
use super::schema::Catalogue;
use super::{rerun, to_yaml};
use crate::model::clock::Time;
use subject::{Draft, Subject};

pub use fix::{FieldChange, LintFix};
pub use mend::{Mended, mend};
pub use seen::{Question, Said, Seen};

/// A rule.
#[derive(Debug)]
pub struct Lint {
    /// Its number, which never means another rule: `L020`.
    pub id: &'static str,
    /// Its name, which may be written in place of the number: `no-active-deadline`.
    pub name: &'static str,
    /// How much it matters where it fires, unless the finding says otherwise.
    pub severity: Severity,
    /// What it looks for, in a sentence.
    pub help: &'static str,
    check: fn(&Subject<'_>, &mut Vec<Draft>),
}

impl PartialEq for Lint {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Lint {}

/// A rule that fired.
#[derive(Debug, Clone)]
pub struct LintFinding {
    /// The rule.
    pub lint: &'static Lint,
    /// How much it matters here.
    pub severity: Severity,
    /// The object as kubectl names it: `job/etl`.
    pub object: String,
    /// The field that it is about, which may be absent.
    pub path: Path,
    /// Where that field is in the text, or the nearest one around it.
    pub place: Place,
    /// What is wrong and what follows from it, in a sentence without its full stop.
    pub message: String,
    /// What would mend it; None where a person has to decide.
    pub fix: Option<LintFix>,
}

/// What was found in a text.
#[derive(Debug, Default)]
pub struct Linted {
    /// How many Jobs and CronJobs there are in it; other objects are not looked at.
    pub objects: usize,
    /// What the rules found, by place.
    pub findings: Vec<LintFinding>,
    /// Why parts of it cannot be read.
    pub problems: Vec<Problem>,
}

/// All rules, by family.
pub const LINTS: &[&[Lint]] = &[
    server::LINTS,
    policy::LINTS,
    lifecycle::LINTS,
    cron::LINTS,
    resources::LINTS,
    image::LINTS,
    security::LINTS,
    behaviour::LINTS,
    cluster::LINTS,
];

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Lint> {
    LINTS.iter().copied().flatten()
}

/// The rule of this number or name, in letters of any case.
pub fn named(word: &str) -> Option<&'static Lint> {
    all().find(|lint| lint.id.eq_ignore_ascii_case(word) || lint.name.eq_ignore_ascii_case(word))
}

/// A live object as a person would write it to have it again, which is what rules look at: without what the server and
/// the controllers wrote.
pub fn live_text(object: &Value) -> String {
    to_yaml(&rerun::clone(object, object["metadata"]["name"].as_str().unwrap_or_default(), false))
}

/// Whether a rule speaks of live objects. What the server wrote into one is no mistake there; a server knows its fields
/// better than the built-in schema, which may be older; and whether an image exists is seen, not guessed by its name.
pub fn is_for_live(lint: &Lint) -> bool {
    !["L009", "L012", "L071"].contains(&lint.id)
}

/// Whether a rule speaks only where a cluster is asked.
pub fn is_of_cluster(lint: &Lint) -> bool {
    cluster::LINTS.contains(lint)
}

/// The rules that still speak where a value has the wrong type: what others would say of such a manifest is guesswork.
const BEFORE_TYPES_ARE_RIGHT: [&str; 6] = ["L001", "L002", "L009", "L011", "L012", "L017"];

/// Looks through all Jobs and CronJobs of a text, also those in lists. Schedules are looked at from `now` on.
pub fn lint(text: &str, catalogue: &Catalogue, now: Time) -> Linted {
    run(text, catalogue, now, None, |_| true, |_, _| true)
}

/// The same by the rules that are on, with what a cluster has. What these want to know of it and is not known stands in
/// `seen` then, for another run with the answers.
pub fn lint_in(
    text: &str,
    catalogue: &Catalogue,
    now: Time,
    seen: &Seen,
    is_on: impl Fn(&'static Lint) -> bool,
) -> Linted {
    run(text, catalogue, now, Some(seen), is_on, |_, _| true)
}

/// The same with those findings alone that are wanted, by rule and severity: what would mend the others is not worked
/// out, which takes most of the time.
pub fn lint_for(
    text: &str,
    catalogue: &Catalogue,
    now: Time,
    is_wanted: impl Fn(&'static Lint, Severity) -> bool,
) -> Linted {
    run(text, catalogue, now, None, |_| true, is_wanted)
}

fn run(
    text: &str,
    catalogue: &Catalogue,
    now: Time,
    seen: Option<&Seen>,
    is_on: impl Fn(&'static Lint) -> bool,
    is_wanted: impl Fn(&'static Lint, Severity) -> bool,
) -> Linted {
    let parsed = parse(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut linted = Linted { problems: parsed.problems, ..Linted::default() };
    for document in parsed.documents.into_iter().flat_map(objects) {
        let faults = faults(&document, &lines, catalogue);
        let Some(subject) = Subject::new(&document, &lines, &faults, now, seen) else { continue };
        linted.objects += 1;
        linted.findings.extend(findings(&subject, &faults, &is_on, &is_wanted));
    }
    linted.findings.sort_by_key(|one| (one.place.line, one.place.column, one.lint.id));
    linted
}

/// The objects of a document: itself, or the items of a list.
fn objects(document: Document) -> Vec<Document> {
    let is_list = document.object["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
    match document.root.get("items").map(|node| &node.form) {
        Some(Form::List(items)) if is_list => items.iter().cloned().filter_map(Document::new).collect(),
        _ => vec![document],
    }
}

fn findings(
    subject: &Subject<'_>,
    faults: &[Fault],
    is_on: &impl Fn(&'static Lint) -> bool,
    is_wanted: &impl Fn(&'static Lint, Severity) -> bool,
) -> Vec<LintFinding> {
    let has_wrong_types = faults.iter().any(subject::is_wrong_type);
    let lints = all().filter(|lint| is_on(lint) && (!has_wrong_types || BEFORE_TYPES_ARE_RIGHT.contains(&lint.id)));
    let mut found = Vec::new();
    for lint in lints {
        let mut drafts = Vec::new();
        (lint.check)(subject, &mut drafts);
        drafts.retain(|draft| is_wanted(lint, draft.severity(lint)));
        found.extend(drafts.into_iter().map(|draft| subject.finding(lint, draft)));
    }
    // A rule that tells of a field says what mends it, and the server's refusal of the same field adds nothing.
    let is_told = |one: &LintFinding| one.lint.id != "L208" && one.severity == Severity::Error;
    let told: Vec<Path> = found.iter().filter(|one| is_told(one)).map(|one| one.path.clone()).collect();
    found.retain(|one| one.lint.id != "L208" || one.path.0.is_empty() || !told.contains(&one.path));
    found
}
