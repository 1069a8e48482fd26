//! Findings in words and as JSON, as all commands tell them that answer why.

use serde_json::{Value, json};

use super::server::Server;
use crate::command::{Action, EditAction, all};
use crate::model::command_call::CommandCall;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::state::{cronjob_state, job_state, pod_state};
use crate::triage::{Finding, Fix, RULES, RuleId, Severity, Source};

/// How an object is called: `job/etl`.
pub(super) fn name(server: &Server, subject: Subject) -> String {
    server.snapshot.key_of(subject).map(|key| key.to_string()).unwrap_or_default()
}

/// The word of the STATUS column.
pub(super) fn state(server: &Server, subject: Subject) -> String {
    let (snapshot, uid) = (&server.snapshot, subject.uid);
    let state = match subject.kind {
        Kind::CronJob => snapshot.cronjobs.get(uid).map(|cronjob| cronjob_state(snapshot, cronjob)),
        Kind::Job => snapshot.jobs.get(uid).map(|job| job_state(snapshot, job)),
        _ => snapshot.pods.get(uid).map(pod_state),
    };
    state.map(|state| state.word.to_lowercase()).unwrap_or_default()
}

/// The sign before what was found.
pub(super) const fn sign(severity: Severity, has_unicode: bool) -> &'static str {
    match (severity.is_problem(), has_unicode) {
        (true, true) => "✗",
        (true, false) => "x",
        (false, true) => "·",
        (false, false) => "-",
    }
}

/// What was read, and where, unless the words say that themselves.
pub(super) fn evidence_words(words: &str, source: &Source) -> String {
    match source {
        Source::Field { object, path } => format!("{object} {path}: {words}"),
        Source::Event { about, .. } => format!("{about} {words}"),
        Source::Log { pod, container } => format!("{pod} {container}: {words}"),
    }
}

/// The command line that does what a fix says, the one of this number from 0 of what leads where `asked` is examined;
/// None where it is done on screen alone.
pub(super) fn command(server: &Server, asked: Option<Subject>, number: usize, call: &CommandCall) -> Option<String> {
    let verb = match call.id {
        "batch.suspend" => "suspend",
        "batch.resume" => "resume",
        "job.rerun" => "rerun",
        "job.rerun-with-changes" if !call.argument.is_empty() => {
            return Some(line(server, "rerun", call.target, &format!("--set {}", quoted(&call.argument))));
        }
        "job.parallelism" => "scale",
        "cronjob.trigger" => "trigger",
        "object.delete" => "delete",
        _ => return by_number(server, asked?, number, call),
    };
    Some(line(server, verb, call.target, &call.argument))
}

/// Fixes of what leads can be carried out by their number, where all that they need is known.
fn by_number(server: &Server, asked: Subject, number: usize, call: &CommandCall) -> Option<String> {
    let is_complete = match all().find(|spec| spec.id == call.id)?.action {
        Action::Write(write) => !call.argument.is_empty() || write.argument().is_none(),
        Action::Edit(EditAction::Form(_) | EditAction::Object) => !call.argument.is_empty(),
        _ => false,
    };
    is_complete.then(|| line(server, "why", asked, &format!("--fix {}", number + 1)))
}

/// A word as shells take it to the letter.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A command line about an object: `kubatch why job/etl -n data`.
pub(super) fn line(server: &Server, verb: &str, subject: Subject, argument: &str) -> String {
    let namespace = server.snapshot.meta_of(subject).map_or(&server.namespace, |meta| &meta.namespace);
    let words = ["kubatch", verb, &name(server, subject), argument, "-n", namespace];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The word for an exit code in JSON.
pub(super) const fn result(code: u8) -> &'static str {
    match code {
        0 => "healthy",
        1 => "problem",
        _ => "unknown",
    }
}

/// Kinds that could not be read, as JSON.
pub(super) fn unread_json(unread: &[(Kind, String)]) -> Vec<Value> {
    unread.iter().map(|(kind, why)| json!({ "resource": kind.plural(), "why": why })).collect()
}

/// An object as JSON; null where it is gone.
pub(super) fn subject_json(server: &Server, subject: Subject) -> Value {
    let key = server.snapshot.key_of(subject);
    json!(key.map(|key| json!({
        "kind": key.kind.name(), "namespace": key.namespace, "name": key.name, "uid": subject.uid.to_string(),
    })))
}

/// The name of a rule.
fn rule_name(id: RuleId) -> Option<&'static str> {
    RULES.iter().find(|rule| rule.id == id).map(|rule| rule.name)
}

/// A finding as JSON, version 1: README, "Why, in scripts".
/// `asked` is who was examined, where it leads.
pub(super) fn finding_json(server: &Server, asked: Option<Subject>, finding: &Finding) -> Value {
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
            "command": fix.call.as_ref().and_then(|call| command(server, asked, number, call)),
            "action": fix.call.as_ref().map(|call| json!({
                "id": call.id, "object": name(server, call.target), "argument": call.argument,
            })),
        })
    };
    json!({
        "rule": finding.rule.0,
        "name": rule_name(finding.rule),
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
