//! Findings in words, as compilers write them, and as JSON.

use serde::Serialize;

use super::Looked;
use crate::manifest::lint::LintFinding;
use crate::manifest::{Edit, Severity};
use crate::model::safe_text::safe_line;

/// One line for each finding, one for what would mend it, and at the end how many there are.
pub(super) fn text(looked: &[Looked], has_advice: bool) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // A name in a message may have a line break.
        text.push_str(&safe_line(&words));
        text.push('\n');
    };
    for one in looked {
        let shown = one.linted.findings.iter().filter(|finding| has_advice || finding.severity > Severity::Note);
        for finding in shown {
            let LintFinding { lint, severity, path, message, fix, .. } = finding;
            // What is about the object as a whole has no path.
            let field = if path.0.is_empty() { String::new() } else { format!(" [{path}]") };
            line(format!("{}: {} {} {message}{field}", place(one, finding), severity.word(), lint.id));
            if let Some(fix) = fix {
                line(format!("  fix: {}{}", fix.title, if fix.is_frozen { " (in a new Job)" } else { "" }));
            }
        }
    }
    line(sum(looked, has_advice));
    text
}

fn place(one: &Looked, finding: &LintFinding) -> String {
    match one.is_file {
        true => format!("{}:{}:{}", one.name, finding.place.line + 1, finding.place.column + 1),
        false => one.name.clone(),
    }
}

fn sum(looked: &[Looked], has_advice: bool) -> String {
    let number = |severity: Severity| {
        looked.iter().flat_map(|one| &one.linted.findings).filter(|finding| finding.severity == severity).count()
    };
    let objects: usize = looked.iter().map(|one| one.linted.objects).sum();
    let hidden = match number(Severity::Note) {
        0 => String::new(),
        _ if has_advice => String::new(),
        _ => " (--all shows it)".to_owned(),
    };
    format!(
        "{}: {}, {}, {} info{hidden}",
        counted(objects, "object"),
        counted(number(Severity::Error), "error"),
        counted(number(Severity::Warning), "warning"),
        number(Severity::Note),
    )
}

/// A number with its noun.
fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A finding as an object; the README says what its fields mean.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    object: &'a str,
    id: &'a str,
    name: &'a str,
    severity: &'a str,
    path: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<Fix<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fix<'a> {
    title: &'a str,
    /// It needs a new Job: one that is there keeps what it changes.
    needs_new_job: bool,
    patch: &'a [json_patch::PatchOperation],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edits: Vec<TextEdit<'a>>,
}

/// Other text for a part of the file. Lines and columns count from 1, columns in characters; the end is behind the part.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextEdit<'a> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

impl<'a> TextEdit<'a> {
    fn of(Edit { start, end, text }: &'a Edit) -> Self {
        Self { line: start.0 + 1, column: start.1 + 1, end_line: end.0 + 1, end_column: end.1 + 1, text }
    }
}

/// One object a line for each finding, advice too.
pub(super) fn json(looked: &[Looked]) -> String {
    let findings = looked.iter().flat_map(|one| one.linted.findings.iter().map(move |finding| (one, finding)));
    let lines = findings.map(|(one, finding)| {
        let fix = finding.fix.as_ref();
        let line = Line {
            file: one.is_file.then_some(one.name.as_str()),
            line: one.is_file.then_some(finding.place.line + 1),
            column: one.is_file.then_some(finding.place.column + 1),
            object: if one.is_file { &finding.object } else { &one.name },
            id: finding.lint.id,
            name: finding.lint.name,
            severity: finding.severity.word(),
            path: finding.path.to_string(),
            message: &finding.message,
            fix: fix.map(|fix| Fix {
                title: &fix.title,
                needs_new_job: fix.is_frozen,
                patch: &fix.patch,
                // An object of the cluster has no text whose places mean anything.
                edits: fix.edits.iter().filter(|_| one.is_file).map(TextEdit::of).collect(),
            }),
        };
        serde_json::to_string(&line).unwrap_or_default() + "\n"
    });
    lines.collect()
}
