//! The answer of `kubatch problems` in words and as JSON.

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::Answer;
use crate::cli::examine::NEEDED;
use crate::cli::findings::{finding_json, line, name, result, subject_json, unread_json};
use crate::cli::server::Server;
use crate::model::clock::{Time, short_duration};
use crate::model::key::{Kind, Namespaces};
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::triage::{Problem, Severity};

/// A cell that is wider than so many columns does not make its column wider: what follows it in its line moves.
const WIDEST: usize = 76;

/// In words: a line for each problem, then what to ask next.
pub(super) fn text(server: &Server, answer: &Answer, has_unicode: bool) -> String {
    let mut lines: Vec<String> = Vec::new();
    match answer.problems.first() {
        Some(worst) => {
            let rows = answer.problems.iter().map(|problem| row(server, problem, has_unicode));
            let head = ["", "CAUSE", "OBJECTS", "WHERE", "SINCE", "LAST", "NEWEST"].map(str::to_owned);
            lines.extend(aligned(std::iter::once(head).chain(rows).collect()));
            lines.push(format!("next: {}", ask(server, worst)));
        }
        None => match answer.unread.iter().find(|(kind, _)| NEEDED.contains(kind)) {
            Some((_, why)) => lines.push(format!("cannot be told: {why}")),
            None => {
                let what = match answer.is_all {
                    true => format!("nothing is wrong in {}", server.namespaces),
                    false => format!("nothing has gone wrong in {} since then", server.namespaces),
                };
                lines.push(format!("{what}: {} objects examined", answer.examined));
            }
        },
    }
    if answer.unasked > 0 {
        lines.push(format!(
            "{} more questions to the server were left: some causes may be told less exactly than by kubatch why",
            answer.unasked
        ));
    }
    lines.extend(answer.unread.iter().map(|(kind, why)| format!("not looked at: {}: {why}", kind.plural())));
    lines.iter().map(|line| format!("{}\n", safe_line(line).trim_end())).collect()
}

/// Sign, cause, how many, where, since when, when the last time, who then.
fn row(server: &Server, problem: &Problem, has_unicode: bool) -> [String; 7] {
    let sign = match (problem.severity, has_unicode) {
        (Severity::Warning, _) => "!",
        (_, true) => "✗",
        (_, false) => "x",
    };
    let now = server.clock.now();
    let age = |at: Option<Time>| at.map(|at| short_duration(now.seconds_since(at).max(0))).unwrap_or_default();
    let cells = [
        sign.to_owned(),
        problem.finding.short.clone(),
        count(problem),
        place(server, problem),
        age(problem.since),
        age(problem.newest),
        newest(problem).map(|one| called(server, problem, one)).unwrap_or_default(),
    ];
    cells.map(|cell| safe_line(&cell).into_owned())
}

fn newest(problem: &Problem) -> Option<Subject> {
    problem.members.first().copied()
}

/// `job/thumbs-771 -n media`, the namespace only where it may be one of several.
fn called(server: &Server, problem: &Problem, subject: Subject) -> String {
    let name = name(server, subject);
    match (problem.namespaces.len(), server.snapshot.meta_of(subject)) {
        (2.., Some(meta)) => format!("{name} -n {}", meta.namespace),
        _ => name,
    }
}

/// `3 jobs`, `1 cronjob`, `2 jobs, 1 pod`.
fn count(problem: &Problem) -> String {
    let of = |kind: Kind| {
        let count = problem.members.iter().filter(|one| one.kind == kind).count();
        let ending = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {}{ending}", kind.singular()))
    };
    [Kind::Job, Kind::CronJob, Kind::Pod].into_iter().filter_map(of).collect::<Vec<_>>().join(", ")
}

/// The namespaces, and the CronJob where there is one: `data cronjob/nightly`, `data, media`.
fn place(server: &Server, problem: &Problem) -> String {
    let namespaces = problem.namespaces.join(", ");
    match problem.cronjobs.as_slice() {
        [] => namespaces,
        [cronjob] => format!("{namespaces} {}", name(server, *cronjob)),
        several => format!("{namespaces} {} cronjobs", several.len()),
    }
}

/// What tells more of the newest.
fn ask(server: &Server, problem: &Problem) -> String {
    newest(problem).map(|one| line(server, "why", one, "")).unwrap_or_default()
}

/// The cells of all rows, each column as wide as its widest cell; nothing is cut.
fn aligned(rows: Vec<[String; 7]>) -> Vec<String> {
    let widths: [usize; 7] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].width()).filter(|width| *width <= WIDEST).max().unwrap_or_default()
    });
    let pad = |cell: &String, width: usize| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())));
    let join = |row: [String; 7]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| pad(cell, width)).collect();
        cells.join("  ")
    };
    rows.into_iter().map(join).collect()
}

/// As JSON, version 1: README, "Why, in scripts".
pub(super) fn json(server: &Server, answer: &Answer) -> String {
    let problems: Vec<Value> = answer.problems.iter().map(|problem| problem_json(server, problem)).collect();
    let object = json!({
        "version": 1,
        "context": server.context,
        "namespaces": match &server.namespaces {
            Namespaces::All => Value::Null,
            Namespaces::Some(names) => json!(names),
        },
        "result": result(answer.code()),
        "examined": answer.examined,
        "problems": problems,
        "notAsked": answer.unasked,
        "notLookedAt": unread_json(&answer.unread),
    });
    format!("{object}\n")
}

fn problem_json(server: &Server, problem: &Problem) -> Value {
    let all = |subjects: &[Subject]| subjects.iter().map(|one| subject_json(server, *one)).collect::<Vec<_>>();
    json!({
        "cause": problem.finding.short,
        "group": problem.group,
        "severity": problem.severity.word(),
        "count": problem.members.len(),
        "members": all(&problem.members),
        "namespaces": problem.namespaces,
        "cronjobs": all(&problem.cronjobs),
        "since": problem.since.map(|since| since.to_string()),
        "newest": problem.newest.map(|newest| newest.to_string()),
        "next": ask(server, problem),
        "finding": finding_json(server, problem.members.first().copied(), &problem.finding),
    })
}
