//! What a cluster says to objects and to pods of their templates, for the rules that tell it: the server tries them
//! (`dryRun=All`), which changes nothing; quotas and nodes are read. What could not be asked is said, and is no finding.

mod one;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use compact_str::CompactString;
use serde::Deserialize;

use crate::cli::server::Server;
use crate::cli::write::is_immutable;
use crate::cluster::list::{Choice, Wanted};
use crate::cluster::slim::Early;
use crate::command::apply::{documents, fixed_fields};
use crate::manifest::lint::Seen;
use crate::manifest::{Path, Severity};
use crate::model::delta::{Cause, Change as Told, Delta, Source};
use crate::model::fact::{Answer, Fact, Need};
use crate::model::job::Job;
use crate::model::key::{Kind, Session};
use crate::model::mutation::{Address, Change, Mutation, Prepared, Reason, Refused, Verb};
use crate::model::snapshot::Freshness;
use crate::triage::{Facts, Known};
use one::Trial;

/// What is done to a pod of a template.
const TRY: Verb = Verb { plain: "try", doing: "trying", done: "tried" };

/// How often a pod is tried: without an account and without classes that are not there, too, since what else is wrong
/// with it is behind them.
const ROUNDS: usize = 3;

/// The rules that hear what the server says to a pod.
const OF_PODS: [&str; 4] = ["L202", "L203", "L204", "L208"];

/// What read-only leaves out. A trial writes nothing, but it is a request to write.
const READ_ONLY: &str = "kubatch runs read-only and has the server try nothing: of L202, L203, L204, L207 and L208 only \
                         what can be read is told";

/// Has the cluster say what rules want to hear of it. Live objects are not tried themselves: they are there.
pub(super) async fn ask(server: &mut Server, seen: &mut Seen, are_files: bool, is_read_only: bool) {
    let mut trials: Vec<Trial> =
        seen.questions().into_iter().enumerate().map(|(at, question)| Trial::new(at, question)).collect();
    read(server, seen, &trials).await;
    if is_read_only {
        let is_tried = |trial: &Trial| trial.wants(&OF_PODS) || trial.wants(&["L207"]);
        if trials.iter().any(is_tried) {
            seen.miss(READ_ONLY.to_owned());
        }
    } else {
        if are_files {
            try_objects(server, seen, &mut trials).await;
        }
        try_pods(server, seen, &mut trials).await;
    }
    let facts = Facts::default();
    let known = Known { snapshot: &server.snapshot, facts: &facts, now: server.clock.now() };
    for mut trial in trials {
        trial.look_around(known);
        if let Some(said) = trial.said.iter().find(|said| !trial.wants(&[said.lint])) {
            let (kind, name) = (&trial.question.object["kind"], &trial.job["metadata"]["name"]);
            let (kind, name) = (kind.as_str().unwrap_or_default().to_lowercase(), name.as_str().unwrap_or_default());
            seen.miss(format!(
                "the server refuses {kind}/{name} for what {} tells, which is left out: what else it would refuse is not known",
                said.lint
            ));
        }
        seen.tell(&trial.question.object, trial.said);
    }
}

/// Reads the quotas and LimitRanges of the namespaces, and the nodes, as far as rules look at them.
async fn read(server: &mut Server, seen: &mut Seen, trials: &[Trial]) {
    let mut wanted = Vec::new();
    for (lint, kind) in [("L202", Kind::ResourceQuota), ("L203", Kind::LimitRange), ("L205", Kind::Node)] {
        let asking = trials.iter().filter(|trial| trial.wants(&[lint]));
        let namespaces: BTreeSet<Option<CompactString>> = asking
            .map(|trial| Some(trial.question.namespace.as_str().into()).filter(|_| !kind.is_cluster_wide()))
            .collect();
        wanted.extend(namespaces.into_iter().map(|namespace| Wanted { kind, namespace, choice: Choice::All }));
    }
    server.read_lists(wanted).await;
    for (source, freshness) in server.snapshot.sources() {
        match (source.kind, freshness) {
            // A LimitRange is only named; and few may list nodes.
            (Kind::LimitRange, _) | (Kind::Node, Freshness::Denied(_)) => {}
            (_, Freshness::Failed { failure, .. } | Freshness::Denied(failure) | Freshness::Stale { failure, .. }) => {
                seen.miss(failure.message.clone());
            }
            _ => {}
        }
    }
    let jobs = trials.iter().filter_map(|trial| Early::<Job>::deserialize(&trial.job).ok());
    let changes = jobs.map(|job| Told::Upsert(job.into_row())).collect();
    let source = Source { kind: Kind::Job, namespace: None };
    server.snapshot.apply(Delta { session: Session::default(), source, changes }, server.clock.now());
}

/// Has the server try the objects.
async fn try_objects(server: &mut Server, seen: &mut Seen, trials: &mut [Trial]) {
    let (mut tried, mut mutations) = (Vec::new(), Vec::new());
    for (at, trial) in trials.iter_mut().enumerate().filter(|(_, trial)| trial.wants(&["L207", "L208"])) {
        match documents(vec![trial.question.object.clone()], &trial.question.namespace, true) {
            Ok(plan) => {
                tried.extend(plan.mutations.iter().map(|mutation| (at, mutation.target.clone())));
                mutations.extend(plan.mutations);
            }
            Err(why) => trial.say("L208", Severity::Error, Path::default(), why.0),
        }
    }
    for ((at, address), answer) in tried.into_iter().zip(answers(server, mutations).await) {
        let trial = &mut trials[at];
        let namespace = trial.question.namespace.clone();
        match answer {
            Ok(_) => {}
            Err(No::Untried(why)) => seen.miss(format!("cannot try objects in namespace {namespace}: {why}")),
            Err(No::Refused(refused, _)) if is_immutable(&refused) && address.kind == "Job" => {
                say_taken(server, trial, address, refused.fields).await;
            }
            Err(No::Refused(_, words)) if is_without(&namespace, &words) => say_without(seen, trial),
            Err(No::Refused(refused, words)) if refused.fields.is_empty() => {
                trial.say("L208", Severity::Error, Path::default(), format!("the server refuses it: {words}"));
            }
            Err(No::Refused(refused, _)) => {
                for (field, words) in refused.fields {
                    trial.say("L208", Severity::Error, Path::parse(&field), format!("the server refuses it: {words}"));
                }
            }
        }
    }
}

/// A Job of the name is there, and the server takes no such change of it. The server names the outermost field alone:
/// which ones differ is seen by the Job itself.
async fn say_taken(server: &Server, trial: &mut Trial, address: Address, fields: Vec<(String, String)>) {
    let mut differ: Vec<String> = fields.into_iter().map(|(field, _)| field).collect();
    let live = server.answers(vec![Need::Object(address.clone())]).await.pop();
    if let Some((_, Answer::Object(Fact::Found(live)))) = live {
        let fixed = fixed_fields(&trial.question.object, &live);
        if !fixed.is_empty() {
            differ = fixed.into_iter().map(|(field, _)| field).collect();
        }
    }
    let first = differ.first().cloned().unwrap_or_default();
    let more = match differ.len() {
        0 | 1 => String::new(),
        all => format!(" and {} more", all - 1),
    };
    let words = format!(
        "there is a Job of this name in namespace {} in which what differs cannot be changed ({first}{more}): delete it \
         first, as kubatch apply --replace does, or choose another name",
        address.namespace
    );
    trial.say("L207", Severity::Error, Path::parse(&first), words);
}

/// The namespace is not there. Where it comes with the files that is no mistake, and nothing can be tried in it yet.
fn say_without(seen: &mut Seen, trial: &mut Trial) {
    let namespace = &trial.question.namespace;
    if seen.brings("Namespace", "", namespace) {
        seen.miss(format!(
            "namespace {namespace} comes with the files and is not there yet: nothing can be tried in it"
        ));
    } else if !trial.has_said("L208") {
        let words = format!("there is no namespace `{namespace}` in this cluster");
        trial.say("L208", Severity::Error, Path::parse("metadata.namespace"), words);
    }
}

/// Has the server try a pod of each template. What itself is refused makes no pods.
async fn try_pods(server: &mut Server, seen: &mut Seen, trials: &mut [Trial]) {
    let mut open: BTreeSet<usize> = (0..trials.len())
        .filter(|at| trials[*at].has_template && trials[*at].wants(&OF_PODS) && !trials[*at].has_said("L208"))
        .collect();
    for _ in 0..ROUNDS {
        let pod = |at: &usize| {
            let Trial { pod, question, .. } = &trials[*at];
            let name = pod["metadata"]["generateName"].as_str().unwrap_or_default().into();
            let namespace = question.namespace.as_str().into();
            let target = Address { api_version: "v1".into(), kind: "Pod".into(), namespace, name };
            Mutation { verb: TRY, target, uid: None, change: Change::Create(pod.clone()) }
        };
        let answers = answers(server, open.iter().map(pod).collect()).await;
        for (at, answer) in std::mem::take(&mut open).into_iter().zip(answers) {
            let trial = &mut trials[at];
            let namespace = trial.question.namespace.clone();
            match answer {
                Ok(prepared) => trial.pod = prepared.after.unwrap_or_default(),
                Err(No::Untried(why)) => seen.miss(format!("cannot try pods in namespace {namespace}: {why}")),
                Err(No::Refused(_, words)) if is_without(&namespace, &words) => say_without(seen, trial),
                Err(No::Refused(refused, _)) if !refused.fields.is_empty() => trial.hear_fields(refused.fields),
                Err(No::Refused(_, words)) => {
                    let mut facts = Facts::default();
                    if let Some(address) = Address::of(&trial.job) {
                        facts.put(address, Fact::Found(trial.job.clone()));
                    }
                    let known = Known { snapshot: &server.snapshot, facts: &facts, now: server.clock.now() };
                    if trial.hear(known, &words) {
                        open.insert(at);
                    }
                }
            }
        }
    }
}

/// Why a trial did not end well.
enum No {
    /// The server did not try it; why.
    Untried(String),
    /// It says no, in these words.
    Refused(Box<Refused>, String),
}

/// Has the server try all this; what it says to each.
async fn answers(server: &mut Server, mutations: Vec<Mutation>) -> Vec<Result<Prepared, No>> {
    let doing: Vec<String> = mutations.iter().map(|mutation| format!("cannot {mutation}: ")).collect();
    let answers = server.prepare(mutations).await.into_iter().zip(doing);
    let answer = |(answer, doing): (Result<Box<Prepared>, Refused>, String)| match answer {
        Ok(prepared) => match prepared.untried {
            Some(why) => Err(No::Untried(why)),
            None => Ok(*prepared),
        },
        Err(refused) => Err(no(refused, &doing)),
    };
    answers.map(answer).collect()
}

/// Whether the server says no, or nothing: there is no right to ask it, or no answer.
fn no(mut refused: Refused, doing: &str) -> No {
    let message = &refused.failure.message;
    let words = message.strip_prefix(doing).unwrap_or(message);
    // Lists of what is wrong have a line for each.
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    // The one 403 that speaks of who asks and not of what is asked (apiserver `endpoints/handlers/responsewriters`).
    let right = words.split_once("is forbidden: User ").filter(|(_, rest)| rest.contains(" cannot "));
    let is_of_webhook = words.contains("denied the request") || words.contains("failed calling webhook");
    if is_of_webhook {
        // Who says no is told in the message alone.
        refused.fields.clear();
    }
    match (refused.failure.cause, right) {
        _ if refused.reason == Reason::Invalid => No::Refused(Box::new(refused), words),
        (Cause::Denied, Some((_, rest))) => No::Untried(format!("user {rest}")),
        (Cause::Unauthorized | Cause::Unreachable | Cause::Busy | Cause::Tls, _) if !is_of_webhook => {
            No::Untried(words)
        }
        _ if refused.reason == Reason::InDoubt => No::Untried(words),
        _ => No::Refused(Box::new(refused), words),
    }
}

/// Whether the server's words say that the namespace is not there.
fn is_without(namespace: &str, words: &str) -> bool {
    words.contains(&format!("namespaces \"{namespace}\" not found"))
}
