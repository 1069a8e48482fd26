//! The answer of `kubatch why` in words and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Answer, NEEDED, name};
use crate::cli::server::Server;
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::key::Kind;
use crate::model::safe_text::safe_line;
use crate::model::state::{cronjob_state, job_state, pod_state};
use crate::triage::{Finding, Fix, RULES, Source};

/// In words: the verdict in the first line.
pub(super) fn text(server: &Server, answer: &Answer, has_unicode: bool) -> String {
    let mut text = String::new();
    let subject = name(server, answer.subject);
    let sign = |finding: &Finding| match (finding.severity.is_problem(), has_unicode) {
        (true, true) => "✗",
        (true, false) => "x",
        (false, true) => "·",
        (false, false) => "-",
    };
    let mut line = |words: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", safe_line(words).trim_end());
    };
    match answer.diagnosis.findings.first() {
        Some(first) if answer.is_problem() => line(&format!("{} {subject}: {}", sign(first), first.verdict)),
        first => {
            match answer.unread.iter().find(|(kind, _)| NEEDED.contains(kind)) {
                Some((_, why)) => line(&format!("{subject}: cannot be told: {why}")),
                None => line(&format!("nothing is wrong with {subject}: {}", state(server, answer))),
            }
            first.into_iter().for_each(|first| line(&format!("  {}", first.verdict)));
        }
    }
    for (at, finding) in answer.diagnosis.findings.iter().enumerate() {
        if at > 0 {
            line("");
            line(&format!("{} {} {}", if at == 1 { "also:" } else { "     " }, sign(finding), finding.verdict));
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
            let command = fix.call.as_ref().and_then(|call| command(server, call));
            let command = command.map(|command| format!("   {command}")).unwrap_or_default();
            line(&format!("  fix {}  {}{command}", number + 1, fix.words));
        }
    }
    for (kind, why) in &answer.unread {
        line(&format!("not looked at: {}: {why}", kind.plural()));
    }
    text
}

/// What was read, and where, unless the words say that themselves.
fn evidence_words(words: &str, source: &Source) -> String {
    match source {
        Source::Field { object, path } => format!("{object} {path}: {words}"),
        Source::Event { about, .. } => format!("{about} {words}"),
        Source::Log { pod, container } => format!("{pod} {container}: {words}"),
    }
}

/// The word of the STATUS column.
fn state(server: &Server, answer: &Answer) -> String {
    let (snapshot, uid) = (&server.snapshot, answer.subject.uid);
    let state = match answer.subject.kind {
        Kind::CronJob => snapshot.cronjobs.get(uid).map(|cronjob| cronjob_state(snapshot, cronjob)),
        Kind::Job => snapshot.jobs.get(uid).map(|job| job_state(snapshot, job)),
        _ => snapshot.pods.get(uid).map(pod_state),
    };
    state.map(|state| state.word.to_lowercase()).unwrap_or_default()
}

/// The command line that does the same; None where it is done on screen alone.
fn command(server: &Server, call: &CommandCall) -> Option<String> {
    let verb = match call.id {
        "batch.suspend" => "suspend",
        "batch.resume" => "resume",
        "job.rerun" => "rerun",
        "job.parallelism" => "scale",
        "cronjob.trigger" => "trigger",
        "object.delete" => "delete",
        _ => return None,
    };
    let words = ["kubatch", verb, &name(server, call.target), &call.argument, "-n", &server.namespace];
    Some(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

/// As JSON, version 1: README, "Why, as JSON".
pub(super) fn json(server: &Server, answer: &Answer) -> String {
    let findings: Vec<Value> = answer.diagnosis.findings.iter().map(|finding| found(server, finding)).collect();
    let unread: Vec<Value> =
        answer.unread.iter().map(|(kind, why)| json!({ "resource": kind.plural(), "why": why })).collect();
    let key = server.snapshot.key_of(answer.subject);
    let result = match answer.code() {
        0 => "healthy",
        1 => "problem",
        _ => "unknown",
    };
    let object = json!({
        "version": 1,
        "context": server.context,
        "subject": key.map(|key| json!({
            "kind": key.kind.name(), "namespace": key.namespace, "name": key.name, "uid": answer.subject.uid.to_string(),
        })),
        "state": state(server, answer),
        "result": result,
        "findings": findings,
        "notLookedAt": unread,
    });
    format!("{object}\n")
}

fn found(server: &Server, finding: &Finding) -> Value {
    let rule = RULES.iter().find(|rule| rule.id == finding.rule);
    let evidence: Vec<Value> = finding
        .evidence
        .iter()
        .map(|evidence| {
            let source = match &evidence.source {
                Source::Field { object, path } => json!({ "object": object.to_string(), "field": path }),
                Source::Event { about, reason, .. } => json!({ "object": about, "event": reason }),
                Source::Log { pod, container } => json!({ "object": pod.to_string(), "container": container }),
            };
            json!({ "source": source, "words": evidence.words, "at": evidence.at.map(|at| at.to_string()) })
        })
        .collect();
    let fix = |fix: &Fix| {
        json!({
            "words": fix.words,
            "command": fix.call.as_ref().and_then(|call| command(server, call)),
            "action": fix.call.as_ref().map(|call| json!({
                "id": call.id, "object": name(server, call.target), "argument": call.argument,
            })),
        })
    };
    json!({
        "rule": finding.rule.0,
        "name": rule.map(|rule| rule.name),
        "severity": finding.severity.word(),
        "confidence": finding.confidence.word(),
        "verdict": finding.verdict,
        "short": finding.short,
        "effect": finding.effect,
        "since": finding.since.map(|since| since.to_string()),
        "group": finding.group,
        "evidence": evidence,
        "fixes": finding.fixes.iter().map(fix).collect::<Vec<_>>(),
    })
}
