//! `kubatch report`: a Job, CronJob or Pod as Markdown for the incident channel: the verdict, what happened when, what
//! it stands on, the end of the log, who changed it, and what fixes it.
//!
//! It reads what `kubatch why` reads, the object itself, the end of one log, and the journal of what kubatch changed. It
//! changes nothing, and secrets are hidden ([`crate::model::redact`]).

mod changes;
mod markdown;
mod timeline;

use std::fmt::Write;
use std::process::ExitCode;

use super::findings::{command, evidence_words, name, sign, state};
use super::reference::Named;
use super::server::Server;
use super::why::{Answer, answer};
use super::{Program, print_out};
use crate::model::clock::Time;
use crate::model::fact::{self, Need, Run};
use crate::model::owner::Subject;
use crate::model::pod::{Container, ContainerState, Pod, Role};
use crate::triage::{Finding, Source};
use markdown::{block, code, prose};

/// What `kubatch report` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    object: Named,
}

/// Lines of the log that are shown: a stack trace fits.
const LINES: usize = 30;

/// Writes the report. The exit codes are those of `kubatch why`.
pub(super) fn run(arguments: &Arguments, program: Program) -> ExitCode {
    answer(&arguments.object, program, async |server, answer| {
        let changes = changes::of(server, answer.subject).await;
        let log = last_lines(server, answer).await;
        print_out(&write(server, answer, &changes, log.as_ref()));
        Ok(answer.code())
    })
}

/// The end of a container's log.
struct Tail {
    pod: String,
    container: String,
    lines: Vec<String>,
}

fn write(server: &Server, answer: &Answer, changes: &str, log: Option<&Tail>) -> String {
    let mut text = head(server, answer);
    let first = answer.diagnosis.findings.first();
    if let Some(first) = first {
        let effect = if first.effect.is_empty() { String::new() } else { format!(" {}.", sentence(&first.effect)) };
        let _ = writeln!(text, "\n{}{}", prose(&first.verdict), prose_after(&effect));
    }
    text.push_str(&timeline::of(server, answer.subject));
    if let Some(first) = first.filter(|first| !first.evidence.is_empty()) {
        text.push_str("\n## Evidence\n\n");
        for evidence in &first.evidence {
            let at = evidence.at.map(|at| format!("{at} ")).unwrap_or_default();
            let _ = writeln!(text, "- {at}{}", prose(&evidence_words(&evidence.words, &evidence.source)));
        }
    }
    if let Some(Tail { pod, container, lines }) = log.filter(|log| !log.lines.is_empty()) {
        let _ = writeln!(text, "\n## Last lines of the log of {}, container {}\n", code(pod), code(container));
        let from = lines.len().saturating_sub(LINES);
        text.push_str(&block(lines[from..].iter().map(String::as_str)));
    }
    if !changes.is_empty() {
        let _ = write!(text, "\n## What was changed\n\n{changes}");
    }
    if let Some(first) = first.filter(|first| !first.fixes.is_empty()) {
        text.push_str("\n## What fixes it\n\n");
        text.push_str(&fixes(server, answer.subject, first));
    }
    let others = answer.diagnosis.findings.get(1..).unwrap_or_default();
    if !others.is_empty() {
        text.push_str("\n## Also found\n\n");
        for finding in others {
            let _ = writeln!(text, "- {} {}", sign(finding.severity, true), prose(&finding.verdict));
        }
    }
    if !answer.unread.is_empty() {
        text.push_str("\n## Not looked at\n\n");
        for (kind, why) in &answer.unread {
            let _ = writeln!(text, "- {}: {}", kind.plural(), prose(why));
        }
    }
    text
}

/// The title, with the cause first, and where and when this is.
fn head(server: &Server, answer: &Answer) -> String {
    let subject = name(server, answer.subject);
    let title = match (answer.diagnosis.findings.first(), answer.code()) {
        (Some(first), 1) => format!("{} {}: {subject}", sign(first.severity, true), first.short),
        (_, 2) => format!("It cannot be told what is wrong with {subject}"),
        _ => format!("Nothing is wrong with {subject}"),
    };
    let since = answer.diagnosis.findings.first().and_then(|first| first.since);
    let mut text = format!("# {}\n\n", prose(&title));
    let _ = writeln!(text, "- State: {}", prose(&state(server, answer.subject)));
    let _ = writeln!(text, "- Context {}, namespace {}", code(&server.context), code(&server.namespace));
    if let Some(since) = since {
        let _ = writeln!(text, "- Since: {since}");
    }
    let now = Time::from_seconds(server.clock.now().seconds());
    let _ = writeln!(text, "- As of: {now}, by kubatch {}", env!("CARGO_PKG_VERSION"));
    text
}

/// A text that goes on behind another one in its line.
fn prose_after(text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        text => format!(" {}", prose(text)),
    }
}

/// With a capital letter and without a full stop.
fn sentence(words: &str) -> String {
    let words = words.trim_end_matches('.');
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Each fix by number, with the command that carries it out; last where to do those that have none.
fn fixes(server: &Server, asked: Subject, finding: &Finding) -> String {
    let mut text = String::new();
    let mut is_on_screen = false;
    for (at, fix) in finding.fixes.iter().enumerate() {
        let command = fix.call.as_ref().and_then(|call| command(server, Some(asked), at, call));
        is_on_screen |= fix.call.is_some() && command.is_none();
        let command = command.map(|command| format!(": {}", code(&command))).unwrap_or_default();
        let _ = writeln!(text, "{}. {}{command}", at + 1, prose(&fix.words));
    }
    if is_on_screen {
        let screen = format!("kubatch -n {}", server.namespace);
        let _ = writeln!(text, "\nOn screen: {}, `x` on the object, then the number of the fix.", code(&screen));
    }
    text
}

/// The end of the log that tells most: the one that the first finding stands on, else that of the newest pod in which a
/// container ended badly. None where no container has.
async fn last_lines(server: &Server, answer: &Answer) -> Option<Tail> {
    let (pod, container) = failing(server, answer)?;
    let is_previous = !matches!(container.state, ContainerState::Ended(_));
    let run = Run { pod: pod.meta.uid, container: container.name.to_string(), number: 0 };
    let (namespace, pod_name) = (pod.meta.namespace.to_string(), pod.meta.name.to_string());
    let need = Need::Tail { run, namespace, pod_name: pod_name.clone(), is_previous };
    let answers = server.answers(vec![need]).await;
    let (_, fact::Answer::Tail(lines)) = answers.into_iter().next()? else { return None };
    Some(Tail { pod: pod_name, container: container.name.to_string(), lines })
}

fn failing<'s>(server: &'s Server, answer: &Answer) -> Option<(&'s Pod, &'s Container)> {
    let pods = server.snapshot.pods_of_subject(answer.subject);
    let sources = answer.diagnosis.findings.iter().take(1).flat_map(|first| &first.evidence).map(|one| &one.source);
    let named = sources.into_iter().find_map(|source| match source {
        Source::Log { pod, container } => {
            let pod = pods.iter().find(|one| one.meta.name == pod.name)?;
            Some((*pod, pod.containers.iter().find(|one| one.name == *container)?))
        }
        _ => None,
    });
    let is_bad =
        |container: &&Container| container.role != Role::Sidecar && container.exit_code().is_some_and(|code| code != 0);
    named.or_else(|| pods.iter().find_map(|pod| Some((*pod, pod.containers.iter().find(is_bad)?))))
}

/// The CronJob or Job that an object belongs to, with itself.
fn with_owner(server: &Server, subject: Subject) -> Vec<Subject> {
    let owner = server.snapshot.meta_of(subject).and_then(|meta| meta.owner);
    let owner = owner.and_then(|owner| Some(Subject { kind: owner.kind?, uid: owner.uid }));
    std::iter::once(subject).chain(owner).collect()
}
