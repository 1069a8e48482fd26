//! What a cluster says to objects and to pods of their templates, for the rules that tell it: the server tries them
//! (`dryRun=All`), which changes nothing; quotas and nodes are read. What could not be asked is said, and is no finding.

mod one;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use compact_str::CompactString;
use serde::Deserialize;

use crate::cli::server::Server;
use crate::cluster::list::{Choice, Wanted};
use crate::cluster::slim::Early;
use crate::command::apply::{documents, fixed_fields};
use crate::manifest::lint::{Question, Seen};
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

/// Has the cluster say what rules want to hear of it. Live objects are not tried themselves: they are there.
pub(super) async fn ask(server: &mut Server, seen: &mut Seen, are_files: bool, is_read_only: bool) {
    let mut trials: Vec<Trial> =
        seen.questions().into_iter().enumerate().map(|(at, question)| Trial::new(at, question)).collect();
    read(server, seen, &trials).await;
    if are_files {
        find_taken_names(server, seen, &mut trials).await;
    }
    let is_tried = |trial: &Trial| trial.wants(&OF_PODS);
    if is_read_only && trials.iter().any(is_tried) {
        seen.miss(
            "kubatch runs read-only and has the server try nothing, so that L202, L203, L204 and L208 are not complete"
                .to_owned(),
        );
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

/// Finds Jobs that have the name and differ in what cannot be changed.
async fn find_taken_names(server: &Server, seen: &mut Seen, trials: &mut [Trial]) {
    let of_job = |trial: &Trial| {
        let Question { object, namespace, .. } = &trial.question;
        let address = Address { namespace: namespace.as_str().into(), ..Address::of(object)? };
        (trial.wants(&["L207"]) && !address.name.is_empty()).then_some(Need::Object(address))
    };
    let needs = trials.iter().filter_map(of_job).collect();
    for (need, answer) in server.answers(needs).await {
        let live = match answer {
            Answer::Object(Fact::Found(live)) => live,
            Answer::Object(Fact::Unreadable(why)) => {
                seen.miss(why);
                continue;
            }
            _ => continue,
        };
        for trial in trials.iter_mut().filter(|trial| of_job(trial).as_ref() == Some(&need)) {
            let fixed = fixed_fields(&trial.question.object, &live);
            let Some((first, _)) = fixed.first() else { continue };
            let (path, more) = (Path::parse(first), fixed.len() - 1);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let words = format!(
                "there is another Job of this name in namespace {}, in which cannot be changed what differs ({first}{more}): \
                 delete it first, or choose another name",
                trial.question.namespace
            );
            trial.say("L207", Severity::Error, path, words);
        }
    }
}

/// Has the server try the objects.
async fn try_objects(server: &mut Server, seen: &mut Seen, trials: &mut [Trial]) {
    let is_tried = |trial: &&mut Trial| trial.wants(&["L208"]) && !trial.has_said("L207");
    let (mut tried, mut mutations) = (Vec::new(), Vec::new());
    for trial in trials.iter_mut().filter(is_tried) {
        match documents(vec![trial.question.object.clone()], &trial.question.namespace, true) {
            Ok(plan) => {
                tried.extend(plan.mutations.iter().map(|_| trial.uid));
                mutations.extend(plan.mutations);
            }
            Err(why) => trial.say("L208", Severity::Error, Path::default(), why.0),
        }
    }
    for (uid, answer) in tried.into_iter().zip(answers(server, mutations).await) {
        let Some(trial) = trials.iter_mut().find(|trial| trial.uid == uid) else { continue };
        let namespace = trial.question.namespace.clone();
        match answer {
            Ok(_) => {}
            Err(No::Untried(why)) => seen.miss(format!("cannot try objects in namespace {namespace}: {why}")),
            Err(No::Refused(words, _)) if comes_later(seen, &namespace, &words) => seen.miss(later(&namespace)),
            Err(No::Refused(words, fields)) if fields.is_empty() => {
                trial.say("L208", Severity::Error, Path::default(), format!("the server refuses it: {words}"));
            }
            Err(No::Refused(_, fields)) => {
                for (field, words) in fields {
                    trial.say("L208", Severity::Error, Path::parse(&field), format!("the server refuses it: {words}"));
                }
            }
        }
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
                Err(No::Refused(words, _)) if comes_later(seen, &namespace, &words) => seen.miss(later(&namespace)),
                Err(No::Refused(words, _)) => {
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
    /// The server's words, and the fields that it names with its words on each.
    Refused(String, Vec<(String, String)>),
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
fn no(refused: Refused, doing: &str) -> No {
    let message = &refused.failure.message;
    let words = message.strip_prefix(doing).unwrap_or(message).to_owned();
    // The one 403 that speaks of who asks and not of what is asked (apiserver `endpoints/handlers/responsewriters`).
    let right = words.split_once("is forbidden: User ").filter(|(_, rest)| rest.contains(" cannot "));
    let is_of_webhook = words.contains("denied the request") || words.contains("failed calling webhook");
    match (refused.failure.cause, right) {
        _ if refused.reason == Reason::Invalid => No::Refused(words, refused.fields),
        (Cause::Denied, Some((_, rest))) => No::Untried(format!("user {rest}")),
        (Cause::Unauthorized | Cause::Unreachable | Cause::Busy | Cause::Tls, _) if !is_of_webhook => {
            No::Untried(words)
        }
        _ if refused.reason == Reason::InDoubt => No::Untried(words),
        _ => No::Refused(words, refused.fields),
    }
}

/// The namespace is not there, and comes with the files.
fn comes_later(seen: &Seen, namespace: &str, words: &str) -> bool {
    words.contains(&format!("namespaces \"{namespace}\" not found")) && seen.brings("Namespace", "", namespace)
}

fn later(namespace: &str) -> String {
    format!("namespace {namespace} comes with the files and is not there yet, so that nothing can be tried in it")
}
