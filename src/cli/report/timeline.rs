//! What happened when: each try of a Job, each run of a CronJob, and what controllers, scheduler and kubelet said.

use std::fmt::Write;

use super::markdown::{code, prose};
use crate::cli::server::Server;
use crate::model::clock::{Time, short_duration};
use crate::model::event::Event;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::state::{Level, job_state, job_why};
use crate::triage::{Attempt, Facts, Known, attempts};

/// Rows of a table, the newest of them.
const ROWS: usize = 20;

/// Events, the newest of them.
const EVENTS: usize = 30;

/// The tables of runs and tries, and the events, each oldest first; empty where there is none of them.
pub(super) fn of(server: &Server, subject: Subject) -> String {
    let sections = [runs(server, subject), tries(server, subject), events(server, subject)];
    let told: String =
        sections.into_iter().filter(|section| !section.is_empty()).map(|one| format!("\n{one}")).collect();
    if told.is_empty() { told } else { format!("\n## Timeline\n{told}") }
}

/// A moment; empty where it is not known.
fn moment(time: Option<Time>) -> String {
    time.map(|time| Time::from_seconds(time.seconds()).to_string()).unwrap_or_default()
}

/// The rows of a table, the oldest first, with a word on those that are left out.
fn table(head: &str, rows: Vec<String>, noun: &str) -> String {
    let left = rows.len().saturating_sub(ROWS);
    let mut text = String::new();
    if left > 0 {
        let _ = writeln!(text, "{left} earlier {noun} are left out.\n");
    }
    let rule = "|---".repeat(head.matches('|').count() - 1);
    let _ = writeln!(text, "{head}\n{rule}|");
    for row in &rows[left..] {
        let _ = writeln!(text, "{row}");
    }
    text
}

/// The runs of a CronJob.
fn runs(server: &Server, subject: Subject) -> String {
    let snapshot = &server.snapshot;
    let mut runs = if subject.kind == Kind::CronJob { snapshot.jobs_of(subject.uid) } else { Vec::new() };
    runs.reverse();
    let row = |job: &&crate::model::job::Job| {
        let state = job_state(snapshot, job).word;
        let why = job_why(snapshot, job, server.clock.now());
        let words = if why.is_empty() { state.to_string() } else { format!("{state}: {why}") };
        format!(
            "| {} | {} | {} | {} |",
            code(&job.meta.name),
            moment(job.started.or(job.meta.created)),
            moment(job.ended()),
            prose(&words)
        )
    };
    match runs.is_empty() {
        true => String::new(),
        false => table("| run | start | end | outcome |", runs.iter().map(row).collect(), "runs"),
    }
}

/// The tries of the Jobs that belong to the subject: their pods.
fn tries(server: &Server, subject: Subject) -> String {
    let known = Known { snapshot: &server.snapshot, facts: &Facts::default(), now: server.clock.now() };
    // The end of the log stands in a section of its own.
    let (attempts, _) = attempts(known, subject, 0);
    let mut text = match attempts.is_empty() {
        true => String::new(),
        false => {
            let rows = attempts.iter().map(try_row).collect();
            table("| try | pod | node | start | end | outcome |", rows, "tries")
        }
    };
    let failed = server.snapshot.jobs.get(subject.uid).map_or(0, |job| usize::try_from(job.failed).unwrap_or_default());
    let seen = attempts.iter().filter(|one| one.level == Level::Broken).count();
    if failed > seen {
        let _ = writeln!(text, "\nThe Job counts {failed} failed pods; {} of them are gone.", failed - seen);
    }
    text
}

fn try_row(one: &Attempt) -> String {
    let index = one.index.map(|index| format!(" (index {index})")).unwrap_or_default();
    format!(
        "| {}{index} | {} | {} | {} | {} | {} |",
        one.number,
        code(&one.pod.name),
        code(&one.node),
        moment(one.started),
        moment(one.ended),
        prose(&one.outcome)
    )
}

/// What was said of the subject and of all below it, in the order in which it was said last.
fn events(server: &Server, subject: Subject) -> String {
    let mut events = server.snapshot.events_of_subject(subject);
    // Most times are whole seconds, within which the server's own order tells which came first; but the scheduler sends its
    // events late, and no pod starts before it was made and placed.
    let second = |event: &Event| event.last.map(|last| last.to_timestamp().as_second());
    let rank = |reason: &str| match reason {
        "SuccessfulCreate" => 0,
        "Scheduled" => 1,
        _ => 2,
    };
    events.sort_by_key(|event| (second(event), rank(&event.reason), event.meta.version));
    let left = events.len().saturating_sub(EVENTS);
    let mut text = String::new();
    if left > 0 {
        let _ = writeln!(text, "{left} earlier events are left out.\n");
    }
    for event in &events[left..] {
        let times = match event.meta.created.zip(event.last).filter(|_| event.count > 1) {
            Some((first, last)) => {
                format!(" ×{} in {}", event.count, short_duration(last.seconds_since(first).max(0)))
            }
            None if event.count > 1 => format!(" ×{}", event.count),
            None => String::new(),
        };
        let sign = if event.is_warning { "! " } else { "" };
        let words = format!("{} {}{times}: {}", event.about_name, event.reason, event.note);
        let _ = writeln!(text, "- {} {sign}{}", moment(event.last), prose(&words));
    }
    text
}
