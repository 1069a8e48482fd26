//! What the last lines of a log give away beyond words: rights that are missing, services that do not answer, programs
//! that are not there.

use super::super::Case;
use super::Run;
use super::killed::{after, of_end};
use crate::triage::container::{blank, called, cut, remake, rerun, sentences};
use crate::triage::finding::{Confidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::last_words::{LastWords, of_line};
use crate::triage::mend::{Changes, for_next_runs};
use crate::triage::starting::foreign_architecture;

/// `User "system:serviceaccount:batch:default" cannot list resource "pods" in API group "" in the namespace "batch"`
/// (apiserver, authorization).
static DENIED: Pattern = Pattern::new(concat!(
    r#"User \\?"system:serviceaccount:(?<namespace>[^:"\\]+):(?<account>[^"\\]+)\\?" cannot (?<verb>\w+) "#,
    r#"resource \\?"(?<resource>[^"\\]+)\\?"(?: in API group \\?"(?<group>[^"\\]*)\\?")?"#,
    r#"(?: in the namespace \\?"(?<where>[^"\\]+)\\?")?"#,
));

/// How programs say that they do not reach another one.
static UNREACHED: Pattern = Pattern::new(concat!(
    r"(?i)(?<refused>connection refused|econnrefused|could not connect to server)",
    r"|(?<name>no such host|name or service not known|temporary failure in name resolution|enotfound|bad address|could not resolve host)",
    r"|(?<timeout>i/o timeout|connection timed out|etimedout|connect timeout)",
    r"|(?<full>too many connections|too many clients already)",
    r"|(?<trust>certificate verify failed|certificate signed by unknown authority|certificate has expired)",
));

/// Whom: `dial tcp 10.0.0.5:5432:`, `lookup db.batch.svc on`, `to server at "db" … port 5432`, `host:port` anywhere.
static WHOM: Pattern = Pattern::new(concat!(
    r"(?i)lookup (?<name>[\w.-]+)",
    r"|https?://(?<url>[\w.-]+(?::\d+)?)",
    r#"|(?:host|server at) \\?"(?<host>[\w.-]+)\\?""#,
    r"|resolve host:? '?(?<curl>[\w.-]+)",
    r"|\b(?<pair>(?:[a-z][\w-]*(?:\.[\w-]+)*|\d{1,3}(?:\.\d{1,3}){3}):\d{2,5})\b",
    r"|enotfound (?<node>[\w.-]+)",
    // BusyBox.
    r"|bad address '(?<busy>[\w.-]+)'",
));

/// The command in `sh: 1: aws: not found`, `/run.sh: line 3: aws: command not found`, `./run.sh: Permission denied`.
static COMMAND: Pattern =
    Pattern::new(r"(?:^|: )(?<command>[^\s:]+): (?:command not found|not found|Permission denied|cannot execute[^:]*)");

/// A cause that the log names. It is a guess or nearly so, but for the API server's own words.
pub(super) fn find(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    architecture(case, run, words).or_else(|| denied(case, run, words)).or_else(|| unreached(case, run, words))
}

/// T046: the kernel cannot run the program; shells say so in the log.
fn architecture(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let line = words.lines.iter().rev().find(|line| line.to_lowercase().contains("exec format error"))?;
    let image = case.container_spec(&run.container.name).and_then(|spec| spec["image"].as_str());
    let evidence = vec![of_line(run.pod, run.container, line), of_end(run)];
    Some(foreign_architecture(case, run.pod, image.unwrap_or(&run.container.name), evidence))
}

/// T072: the service account may not do what the program does.
fn denied(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let (line, found) = words.lines.iter().rev().find_map(|line| Some((line, DENIED.captures(line)?)))?;
    let (namespace, account) = (&found["namespace"], &found["account"]);
    let (verb, resource) = (&found["verb"], &found["resource"]);
    let group = found.name("group").map(|group| group.as_str()).filter(|group| !group.is_empty());
    let thing = group.map_or_else(|| resource.to_owned(), |group| format!("{resource}.{group}"));
    let (place, role) = match found.name("where") {
        Some(place) => (format!(" in namespace {}", place.as_str()), format!("a Role in namespace {}", place.as_str())),
        None => (" in the whole cluster".to_owned(), "a ClusterRole".to_owned()),
    };
    let fixes = [
        Some(Fix::outside(format!(
            "let it: {role} with {verb} on {thing}, bound to serviceaccount/{account}; then rerun"
        ))),
        remake(case, "or set a serviceAccountName that may, in a new Job"),
        for_next_runs(case, &Changes::NONE),
    ];
    Some(Finding {
        verdict: format!(
            "Service account {account} of namespace {namespace} may not {verb} {thing}{place}. {} ended with exit code \
             {}{}.",
            called(run.pod, run.container),
            run.end.exit_code,
            after(run)
        ),
        short: format!("{account} may not {verb} {thing}"),
        evidence: vec![of_line(run.pod, run.container, line), of_end(run)],
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T072/{namespace}/{account}/{verb}/{thing}"),
        ..blank(case, "T072", Severity::Error, Confidence::Likely)
    })
}

/// So near to its end a line tells what a program ended of.
const LAST_LINES: usize = 5;

/// T073: another service did not answer.
fn unreached(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    // Where errors are told, one of them must say it: programs that got through later tell of failed attempts too.
    let lines = if words.are_errors { &words.telling } else { &words.lines };
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    let (line, found) = last.iter().rev().find_map(|line| Some((*line, UNREACHED.captures(line)?)))?;
    let (why, check) = if found.name("refused").is_some() {
        ("the connection is refused", "nothing listens there: check that the service runs and that the port is right")
    } else if found.name("name").is_some() {
        ("the name is not known", "check the name and its namespace, and the cluster's DNS")
    } else if found.name("timeout").is_some() {
        ("no answer comes in time", "check the service, and network policies between the two")
    } else if found.name("full").is_some() {
        ("it takes no more connections", "run fewer pods at once, or let the service take more connections")
    } else {
        ("its certificate is not trusted", "check the certificate, and the authorities in the image")
    };
    // Some say whom in the line below.
    let below = words.lines.iter().skip_while(|one| **one != line).nth(1);
    let target = [Some(&line), below].into_iter().flatten().find_map(|line| whom(line)).unwrap_or("another service");
    let fixes = [
        Some(Fix::outside(check)),
        Some(Fix::outside("rerun when it answers again; waiting for it with a time limit saves tries")),
        rerun(case, "rerun with another address, where it is wrong"),
    ];
    Some(Finding {
        verdict: sentences([
            format!("{} could not use {target}: {why}.", called(run.pod, run.container)),
            format!("It ended with exit code {}{}.", run.end.exit_code, after(run)),
        ]),
        short: format!("cannot reach {target}"),
        evidence: vec![of_line(run.pod, run.container, line), of_end(run)],
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T073/{target}"),
        ..blank(case, "T073", Severity::Warning, Confidence::Guess)
    })
}

/// Whom a line names.
fn whom(mut line: &str) -> Option<&str> {
    /// Loggers name the place in the source before the message, which looks like a host and a port.
    const SOURCES: [&str; 9] = [".go", ".py", ".java", ".js", ".ts", ".rs", ".rb", ".cc", ".cpp"];
    while let Some(found) = WHOM.captures(line) {
        let one = ["name", "url", "host", "curl", "pair", "node"].into_iter().find_map(|name| found.name(name))?;
        let name = one.as_str().split(':').next().unwrap_or_default();
        if !SOURCES.iter().any(|end| name.ends_with(end)) {
            return Some(one.as_str());
        }
        line = &line[one.end()..];
    }
    None
}

/// The command that a shell did not find or may not run, and the line that says so.
pub(super) fn command<'w>(words: &LastWords<'w>) -> Option<(String, &'w str)> {
    words.lines.iter().rev().find_map(|line| Some((cut(&COMMAND.captures(line)?["command"], 80), *line)))
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&DENIED, &UNREACHED, &WHOM, &COMMAND];
