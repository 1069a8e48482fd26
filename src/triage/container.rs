//! What the families that look at pods have in common: how containers are called, where their state stands, and what
//! mends a Job whose template is wrong.

use super::Case;
use super::finding::{Confidence, Finding, Fix, RuleId, Severity};
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::key::Kind;
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::pod::{Container, ContainerState, Pod, Role};

/// A finding that says nothing yet; the rule puts in the rest.
pub(super) fn blank(case: &Case<'_>, rule: &'static str, severity: Severity, confidence: Confidence) -> Finding {
    Finding {
        rule: RuleId(rule),
        severity,
        confidence,
        subject: case.subject,
        verdict: String::new(),
        short: String::new(),
        effect: String::new(),
        evidence: Vec::new(),
        fixes: Vec::new(),
        since: None,
        group: rule.to_owned(),
    }
}

/// How a container is called where a sentence begins: `Container etl`, `Init container wait-db (1 of 2)`.
pub(super) fn called(pod: &Pod, container: &Container) -> String {
    let name = &container.name;
    match container.role {
        Role::Main | Role::Ephemeral => format!("Container {name}"),
        Role::Sidecar => format!("Sidecar {name}"),
        Role::Init => {
            let inits = || pod.containers.iter().filter(|one| matches!(one.role, Role::Init | Role::Sidecar));
            let at = inits().position(|one| one.name == *name).unwrap_or_default() + 1;
            format!("Init container {name} ({at} of {})", inits().count())
        }
    }
}

/// The path of a container's status, `status.containerStatuses[etl].state.waiting`.
pub(super) fn status_path(container: &Container, field: &str) -> String {
    let list = match container.role {
        Role::Main => "containerStatuses",
        Role::Init | Role::Sidecar => "initContainerStatuses",
        Role::Ephemeral => "ephemeralContainerStatuses",
    };
    format!("status.{list}[{}].{field}", container.name)
}

/// Why a container waits: the reason and the message.
pub(super) fn waiting(container: &Container) -> Option<(&str, &str)> {
    match &container.state {
        ContainerState::Waiting { reason, message } => Some((reason, message)),
        _ => None,
    }
}

/// A pod as the target of a command.
pub(super) fn pod_subject(pod: &Pod) -> Subject {
    Subject { kind: Kind::Pod, uid: pod.meta.uid }
}

/// The Job of a case as the target of a command; None for a pod whose Job is gone.
pub(super) fn job_subject(case: &Case<'_>) -> Option<Subject> {
    case.job.map(|job| Subject { kind: Kind::Job, uid: job.uid() })
}

/// Makes a new Job with another image, command, variable or resource.
pub(super) fn rerun(case: &Case<'_>, words: impl Into<String>) -> Option<Fix> {
    Some(Fix::by(words, CommandCall::new("job.rerun-with-changes", job_subject(case)?)))
}

/// Edits the Job where a field must be another one that no Job may change: the review offers a new Job then.
pub(super) fn remake(case: &Case<'_>, words: impl Into<String>) -> Option<Fix> {
    Some(Fix::by(words, CommandCall::new("object.edit", job_subject(case)?)))
}

/// A Job that succeeded after all is asked about: its failed tries are no trouble then. Who asks for one of them is told.
pub(super) fn is_success(case: &Case<'_>) -> bool {
    case.subject.kind == Kind::Job && case.job.is_some_and(|job| job.is_complete())
}

/// How long a pod that cannot start goes on waiting, as a sentence; empty where its Job is over.
pub(super) fn waits(case: &Case<'_>) -> String {
    let Some(job) = case.job else { return "The pod waits for ever.".to_owned() };
    match job.stops_in(case.known.now) {
        _ if job.is_finished() => String::new(),
        Some(left) => format!("The Job waits for it until its deadline in {}.", short_duration(left)),
        None => "The Job waits for ever: a pod that has not started counts as no failure.".to_owned(),
    }
}

/// Sentences with blanks between them; empty ones are left out.
pub(super) fn sentences<const N: usize>(all: [String; N]) -> String {
    all.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(" ")
}

/// At most so many letters of a text, with a mark where more follow.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
