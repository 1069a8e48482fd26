//! Findings as SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), which code review
//! services read.

use serde_json::{Value, json};

use super::Looked;
use crate::manifest::Severity;
use crate::manifest::lint::{LintFinding, all};
use crate::manifest::{Edit, Place, Problem};

/// The one document of a run, advice included.
pub(super) fn document(looked: &[Looked]) -> String {
    let rules: Vec<Value> = all()
        .map(|lint| {
            json!({
                "id": lint.id,
                "name": lint.name,
                "shortDescription": { "text": lint.help },
                "defaultConfiguration": { "level": level(lint.severity) },
            })
        })
        .collect();
    let results: Vec<Value> =
        looked.iter().flat_map(|one| one.linted.findings.iter().map(|it| result(one, it))).collect();
    let problems = looked.iter().flat_map(|one| one.linted.problems.iter().map(|it| notification(one, it)));
    let problems: Vec<Value> = problems.collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "kubatch", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": problems.is_empty(), "toolExecutionNotifications": problems }],
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(one: &Looked, finding: &LintFinding) -> Value {
    let fix = finding.fix.as_ref().map(|fix| format!(" (fix: {})", fix.title)).unwrap_or_default();
    let mut location = location(one, finding.place);
    location["logicalLocations"] = json!([{ "fullyQualifiedName": format!("{}: {}", finding.object, finding.path) }]);
    let mut result = json!({
        "ruleId": finding.lint.id,
        "ruleIndex": all().position(|lint| lint.id == finding.lint.id),
        "level": level(finding.severity),
        "message": { "text": format!("{}{fix}", finding.message) },
        "locations": [location],
    });
    if let Some(fix) = finding.fix.as_ref().filter(|fix| one.is_file && !fix.edits.is_empty()) {
        let replacements: Vec<Value> = fix.edits.iter().map(replacement).collect();
        result["fixes"] = json!([{
            "description": { "text": fix.title },
            "artifactChanges": [{ "artifactLocation": { "uri": uri(&one.name) }, "replacements": replacements }],
        }]);
    }
    result
}

fn replacement(Edit { start, end, text }: &Edit) -> Value {
    json!({
        "deletedRegion": {
            "startLine": start.0 + 1,
            "startColumn": start.1 + 1,
            "endLine": end.0 + 1,
            "endColumn": end.1 + 1,
        },
        "insertedContent": { "text": text },
    })
}

fn notification(one: &Looked, problem: &Problem) -> Value {
    json!({
        "level": "error",
        "message": { "text": problem.message },
        "locations": [location(one, problem.place)],
    })
}

fn location(one: &Looked, place: Place) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(&one.name) } });
    if one.is_file {
        physical["region"] = json!({
            "startLine": place.line + 1,
            "startColumn": place.column + 1,
            "endColumn": place.end_column + 1,
        });
    }
    json!({ "physicalLocation": physical })
}

/// A path as a reference to it: what has a meaning in a URI, or is none of its letters, is escaped.
fn uri(path: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    path.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("jobs/a b#ä.yaml"), "jobs/a%20b%23%C3%A4.yaml");
        assert_eq!(uri("/x/y_1-2~.yml"), "/x/y_1-2~.yml");
    }
}
