//! What became of each object, in words or as JSON, and the exit code that follows from all of them.

use std::borrow::Cow;
use std::io::{IsTerminal, Write as _};

use compact_str::CompactString;
use serde::Serialize;
use serde_json::Value;

use super::Manner;
use crate::cli::{next_step, tell};
use crate::command::apply::{APPLY, Fate};
use crate::model::delta::Cause;
use crate::model::mutation::{Address, Change, Mutation, Prepared, Reason, Refused, Written};
use crate::model::safe_text::safe_line;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// In words.
    Text,
    /// One JSON object for each object.
    Json,
}

/// What became of one write.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The server took it.
    Accepted(Written),
    /// The server would take it.
    Tried(Box<Prepared>),
    /// It waits for another one that is not there yet, so that the server could not try it.
    Untried,
    /// The server does not take it.
    Refused(Refused),
    /// It was not sent, since another one was refused.
    NotSent,
}

/// What became of all writes of a plan.
#[derive(Debug, Default)]
pub(super) struct Account {
    accepted: usize,
    refused: usize,
    not_sent: usize,
    /// No answer came to one at least, so that it is not known what became of it, or the server was not reached.
    is_in_doubt: bool,
    /// The objects that were made, as the server stored them.
    pub(super) made: Vec<Value>,
}

impl Account {
    /// Notes what became of a write, and says it.
    pub(super) fn add(&mut self, mutation: &Mutation, outcome: Outcome, manner: &Manner) {
        match (manner.options.output, words(mutation, &outcome)) {
            (Format::Json, _) if !manner.is_log => print(&object(mutation, &outcome), std::io::stdout().is_terminal()),
            (_, Ok(words)) if !manner.is_log => print(&words, true),
            (_, Ok(words)) => tell(&words),
            (_, Err(lines)) => lines.iter().for_each(|line| tell(line)),
        }
        match outcome {
            Outcome::Accepted(Written { after, .. }) => {
                self.accepted += 1;
                self.made.extend(after);
            }
            Outcome::Tried(_) | Outcome::Untried => self.accepted += 1,
            Outcome::Refused(refused) => {
                self.refused += 1;
                self.is_in_doubt |= is_unanswered(&refused);
            }
            Outcome::NotSent => self.not_sent += 1,
        }
    }

    /// Says how many of several were done, where not all were.
    pub(super) fn sum_up(&self) {
        let Self { accepted, refused, not_sent, .. } = *self;
        if refused > 0 && accepted + refused + not_sent > 1 {
            tell(&format!("{accepted} accepted, {refused} refused, {not_sent} not tried"));
        }
    }

    /// The exit code, as the README lists them.
    pub(super) fn code(&self) -> u8 {
        match (self.is_in_doubt, self.refused > 0) {
            (true, _) => 2,
            (_, true) => 1,
            _ => 0,
        }
    }
}

/// Whether the server said nothing to it.
fn is_unanswered(refused: &Refused) -> bool {
    refused.reason == Reason::InDoubt
        || matches!(refused.failure.cause, Cause::Unreachable | Cause::Unauthorized | Cause::Tls | Cause::Config)
}

/// Whether the server refuses a change of fields that cannot be changed in an object that is there.
pub(in crate::cli) fn is_immutable(refused: &Refused) -> bool {
    let is_fixed = |words: &str| words.contains("immutable") || words.contains("may not change once set");
    refused.reason == Reason::Invalid
        && (is_fixed(&refused.failure.message) || refused.fields.iter().any(|(_, words)| is_fixed(words)))
}

/// Why the server does not take it. Whose fields are in the way is told field by field.
pub(super) fn message(refused: &Refused) -> Cow<'_, str> {
    let message = &refused.failure.message;
    match refused.reason {
        Reason::Owned => message.split(": conflict").next().unwrap_or_default().into(),
        _ => message.into(),
    }
}

/// The next step after a refusal.
pub(super) fn next(mutation: &Mutation, refused: &Refused) -> String {
    let Mutation { target, change, .. } = mutation;
    match (&refused.reason, change) {
        (Reason::Owned, _) => "--force takes these fields over, and who owned them may set them back".to_owned(),
        (Reason::Exists, Change::Create(_)) => {
            format!("--replace deletes {target} and makes it anew; generateName leaves the name to the server")
        }
        (Reason::Exists, _) => "try again: the name was taken at the same moment".to_owned(),
        (Reason::InDoubt, _) => format!("it may have been done: look at {target} before you try again"),
        (Reason::Changed, _) => "look at it and try again".to_owned(),
        (Reason::Invalid, Change::Apply { .. }) if is_immutable(refused) => {
            format!("kubatch apply --replace deletes {target} and makes it anew")
        }
        (Reason::Invalid, Change::Apply { .. } | Change::Create(_)) => "correct the manifest".to_owned(),
        (_, Change::Replace { .. }) => format!("look whether {target} is there still, and apply it again if not"),
        _ => match refused.failure.cause {
            Cause::Denied => "ask for a role that allows it".to_owned(),
            Cause::NotFound | Cause::Unauthorized | Cause::Unreachable | Cause::Busy => {
                next_step(&refused.failure).to_owned()
            }
            _ => format!("look at {target} with kubectl get -o yaml"),
        },
    }
}

/// Writes a line to stdout; made harmless where a terminal may read it, which JSON would not survive. Nobody may read it any
/// more: what is under way is not left half done for that.
fn print(line: &str, is_made_safe: bool) {
    let line = if is_made_safe { safe_line(line) } else { line.into() };
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What became of a write, in words; Err where it was not done.
fn words(mutation: &Mutation, outcome: &Outcome) -> Result<String, Vec<String>> {
    match outcome {
        Outcome::Refused(refused) => {
            let next = next(mutation, refused);
            let next = if next.is_empty() { next } else { format!("; {next}") };
            let mut lines = vec![format!("{}{next}", message(refused))];
            lines.extend(refused.fields.iter().map(|(field, words)| format!("  {field}: {words}")));
            Err(lines)
        }
        Outcome::NotSent => Err(vec![format!("did not {mutation}: another one was refused")]),
        Outcome::Untried => Ok(format!("{} would be tried once what it needs is there", mutation.target)),
        Outcome::Tried(prepared) => {
            let (object, result) = result(mutation, prepared.before.as_ref(), prepared.after.as_ref());
            Ok(format!("{object} would be {result} (dry run)"))
        }
        Outcome::Accepted(Written { before, after }) => {
            let (object, result) = result(mutation, before.as_ref(), after.as_ref());
            let follow = after.as_ref().filter(|_| begins(mutation, before.as_ref())).and_then(follow);
            Ok(format!("{object} {result}{}", follow.unwrap_or_default()))
        }
    }
}

/// What is done to what, in words: `job/etl`, `suspended`; `cronjob/etl`, `triggered as job/etl-manual-x`.
fn result(mutation: &Mutation, before: Option<&Value>, after: Option<&Value>) -> (String, String) {
    let Mutation { verb, target, change, .. } = mutation;
    let stored = after.or(before).and_then(Address::of);
    match change {
        Change::Trigger { name, .. } | Change::Rerun { name, .. } => {
            (target.to_string(), format!("{} as job/{name}", verb.done))
        }
        Change::Apply { .. } | Change::Create(_) | Change::Replace { .. } => {
            let fate = match Fate::of(before, after) {
                Fate::Made => "created",
                _ if matches!(change, Change::Replace { .. }) => "replaced",
                Fate::Replaced => "replaced",
                Fate::Unchanged => "unchanged",
                Fate::Changed => "changed",
                Fate::Deleted => verb.done,
            };
            (stored.unwrap_or_else(|| target.clone()).to_string(), fate.to_owned())
        }
        _ => (target.to_string(), verb.done.to_owned()),
    }
}

/// Whether a Job begins with this write.
fn begins(mutation: &Mutation, before: Option<&Value>) -> bool {
    match &mutation.change {
        Change::Trigger { .. } | Change::Rerun { .. } | Change::Create(_) | Change::Replace { .. } => true,
        Change::Apply { .. } => mutation.verb == APPLY && before.is_none(),
        _ => false,
    }
}

/// How the log of a Job is read that begins.
fn follow(object: &Value) -> Option<String> {
    let Address { kind, namespace, name, .. } = Address::of(object).filter(|one| one.kind == "Job")?;
    let is_waiting = object["spec"]["suspend"] == true;
    (!is_waiting).then(|| format!("; kubatch logs -n {namespace} -f {}/{name} follows it", kind.to_lowercase()))
}

/// What became of a write, as an object. The README says what its fields mean.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: CompactString,
    verb: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// The object that was made of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field<'a>>,
}

#[derive(Serialize)]
struct Field<'a> {
    field: &'a str,
    message: &'a str,
}

fn object(mutation: &Mutation, outcome: &Outcome) -> String {
    let Mutation { verb, target, .. } = mutation;
    let mut object = Object {
        kind: &target.kind,
        namespace: &target.namespace,
        name: target.name.clone(),
        verb: verb.plain,
        outcome: "accepted",
        result: None,
        made: None,
        message: None,
        next: None,
        fields: Vec::new(),
    };
    let stored = match outcome {
        Outcome::Accepted(Written { before, after }) => Some((before.as_ref(), after.as_ref())),
        Outcome::Tried(prepared) => Some((prepared.before.as_ref(), prepared.after.as_ref())),
        _ => None,
    };
    if let Some((before, after)) = stored {
        object.result = Some(result(mutation, before, after).1);
        match (&mutation.change, after.and_then(Address::of)) {
            (Change::Create(_), Some(made)) => object.name = made.name,
            (Change::Trigger { .. } | Change::Rerun { .. }, Some(made)) => object.made = Some(made.to_string()),
            _ => {}
        }
    }
    object.outcome = match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Tried(_) => "wouldBeAccepted",
        Outcome::Untried => "cannotBeTriedYet",
        Outcome::NotSent => "notTried",
        Outcome::Refused(refused) => {
            object.message = Some(&refused.failure.message);
            object.next = Some(next(mutation, refused)).filter(|next| !next.is_empty());
            let fields = refused.fields.iter();
            object.fields = fields.map(|(field, message)| Field { field, message }).collect();
            if refused.reason == Reason::InDoubt { "inDoubt" } else { "refused" }
        }
    };
    serde_json::to_string(&object).unwrap_or_default()
}

#[cfg(test)]
mod tests;
