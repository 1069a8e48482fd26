//! The answer of `kubatch why` in words and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Answer, NEEDED, name};
use crate::cli::server::Server;
use crate::command::{Action, EditAction, all};
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
        // What leads may be an explanation; the sign is that of the answer.
        Some(first) if answer.is_problem() => {
            let worst = answer.diagnosis.findings.iter().min_by_key(|finding| finding.severity).unwrap_or(first);
            line(&format!("{} {subject}: {}", sign(worst), first.verdict));
        }
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
            // --fix carries out those of the headline.
            let label = if at == 0 { (number + 1).to_string() } else { "-".to_owned() };
            line(&format!("  fix {label}  {}", fix.words));
            if let Some(command) = command(server, answer, finding, number) {
                line(&format!("         {command}"));
            }
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

/// The command line that does the same as a fix, by its number from 0; None where it is done on screen alone.
fn command(server: &Server, answer: &Answer, finding: &Finding, number: usize) -> Option<String> {
    let call = finding.fixes.get(number)?.call.as_ref()?;
    let verb = match call.id {
        "batch.suspend" => "suspend",
        "batch.resume" => "resume",
        "job.rerun" => "rerun",
        "job.rerun-with-changes" if !call.argument.is_empty() => "rerun",
        "job.parallelism" => "scale",
        "cronjob.trigger" => "trigger",
        "object.delete" => "delete",
        _ => return by_number(server, answer, finding, number, call),
    };
    let argument = match call.id {
        "job.rerun-with-changes" => format!("--set {}", quoted(&call.argument)),
        _ => call.argument.clone(),
    };
    let words = ["kubatch", verb, &name(server, call.target), &argument, "-n", &server.namespace];
    Some(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Fixes of the headline can be carried out by their number, where all that they need is known.
fn by_number(server: &Server, answer: &Answer, finding: &Finding, number: usize, call: &CommandCall) -> Option<String> {
    let is_headline = answer.diagnosis.findings.first() == Some(finding);
    let is_complete = match all().find(|spec| spec.id == call.id)?.action {
        Action::Write(write) => !call.argument.is_empty() || write.argument().is_none(),
        Action::Edit(EditAction::Form(_) | EditAction::Object) => !call.argument.is_empty(),
        _ => false,
    };
    let (subject, namespace) = (name(server, answer.subject), &server.namespace);
    (is_headline && is_complete).then(|| format!("kubatch why {subject} --fix {} -n {namespace}", number + 1))
}

/// A word as shells take it to the letter.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// As JSON, version 1: README, "Why, as JSON".
pub(super) fn json(server: &Server, answer: &Answer) -> String {
    let findings: Vec<Value> = answer.diagnosis.findings.iter().map(|finding| found(server, answer, finding)).collect();
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

fn found(server: &Server, answer: &Answer, finding: &Finding) -> Value {
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
    let fix = |(number, fix): (usize, &Fix)| {
        json!({
            "words": fix.words,
            "command": command(server, answer, finding, number),
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
        "fixes": finding.fixes.iter().enumerate().map(fix).collect::<Vec<_>>(),
    })
}
