//! The answer of `kubatch why` in words and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Answer;
use crate::cli::examine::NEEDED;
use crate::cli::findings::{
    command, evidence_words, finding_json, name, result, sign, state, subject_json, unread_json,
};
use crate::cli::server::Server;
use crate::model::clock::short_duration;
use crate::model::safe_text::safe_line;

/// In words: the verdict in the first line.
pub(super) fn text(server: &Server, answer: &Answer, has_unicode: bool) -> String {
    let mut text = String::new();
    let subject = name(server, answer.subject);
    let mut line = |words: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", safe_line(words).trim_end());
    };
    match answer.diagnosis.findings.first() {
        // What leads may be an explanation; the sign is that of the answer.
        Some(first) if answer.is_problem() => {
            let worst = answer.diagnosis.findings.iter().min_by_key(|finding| finding.severity).unwrap_or(first);
            line(&format!("{} {subject}: {}", sign(worst.severity, has_unicode), first.verdict));
        }
        first => {
            match answer.unread.iter().find(|(kind, _)| NEEDED.contains(kind)) {
                Some((_, why)) => line(&format!("{subject}: cannot be told: {why}")),
                None => line(&format!("nothing is wrong with {subject}: {}", state(server, answer.subject))),
            }
            first.into_iter().for_each(|first| line(&format!("  {}", first.verdict)));
        }
    }
    for (at, finding) in answer.diagnosis.findings.iter().enumerate() {
        if at > 0 {
            line("");
            let word = if at == 1 { "also:" } else { "     " };
            line(&format!("{word} {} {}", sign(finding.severity, has_unicode), finding.verdict));
        }
        if !finding.effect.is_empty() {
            line(&format!("  {}", finding.effect));
        }
        for evidence in &finding.evidence {
            let age = evidence.at.map(|at| short_duration(server.clock.now().seconds_since(at).max(0)));
            line(&format!(
                "  {:>5}  {}",
                age.unwrap_or_default(),
                evidence_words(evidence.words.as_str(), &evidence.source)
            ));
        }
        for (number, fix) in finding.fixes.iter().enumerate() {
            // --fix carries out those of the headline.
            let asked = (at == 0).then_some(answer.subject);
            let label = if at == 0 { (number + 1).to_string() } else { "-".to_owned() };
            line(&format!("  fix {label}  {}", fix.words));
            let command = fix.call.as_ref().and_then(|call| command(server, asked, number, call));
            command.into_iter().for_each(|command| line(&format!("         {command}")));
        }
    }
    for (kind, why) in &answer.unread {
        line(&format!("not looked at: {}: {why}", kind.plural()));
    }
    text
}

/// As JSON, version 1: README, "Why, in scripts".
pub(super) fn json(server: &Server, answer: &Answer) -> String {
    let findings = answer.diagnosis.findings.iter().enumerate();
    let findings: Vec<Value> =
        findings.map(|(at, finding)| finding_json(server, (at == 0).then_some(answer.subject), finding)).collect();
    let object = json!({
        "version": 1,
        "context": server.context,
        "subject": subject_json(server, answer.subject),
        "state": state(server, answer.subject),
        "result": result(answer.code()),
        "findings": findings,
        "notLookedAt": unread_json(&answer.unread),
    });
    format!("{object}\n")
}
