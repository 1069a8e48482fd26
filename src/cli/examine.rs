//! Examines objects for a command: asks the rules, has the server answer what they ask, and asks them again. It changes
//! nothing. `why`, `problems` and `report` tell what came of it.

use std::collections::{HashMap, HashSet};

use super::server::Server;
use crate::model::fact::Need;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::snapshot::Freshness;
use crate::triage::{Diagnosis, Facts, Finding, Known, diagnose, problems};

/// What is looked at. Pods of others are among it, since they hold what a node or a quota has.
pub(super) const KINDS: &[Kind] = &[
    Kind::CronJob,
    Kind::Job,
    Kind::Pod,
    Kind::Event,
    Kind::Node,
    Kind::ResourceQuota,
    Kind::LimitRange,
    Kind::PersistentVolumeClaim,
];

/// Without these there is no answer; without one of the others it is told with less.
pub(super) const NEEDED: [Kind; 2] = [Kind::Job, Kind::Pod];

/// How often rules may ask for more: an answer can lead to another question, and no rule needs more than two in a row.
const ROUNDS: usize = 4;

/// Questions that are asked of the server at most: what a busy one answers within a few seconds.
const QUESTIONS: usize = 300;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// In words.
    Text,
    /// One JSON object.
    Json,
}

/// What was found.
pub(super) struct Examined {
    /// Of each subject, in the order in which they were given.
    pub(super) diagnoses: Vec<(Subject, Diagnosis)>,
    /// Questions that were left, since there were too many.
    pub(super) unasked: usize,
}

impl Examined {
    /// What was found first of each subject of which something was.
    pub(super) fn headlines(&self) -> impl Iterator<Item = (Subject, Finding)> {
        self.diagnoses.iter().filter_map(|(subject, diagnosis)| Some((*subject, diagnosis.problem()?.clone())))
    }
}

/// Examines these.
pub(super) async fn examine(server: &Server, subjects: Vec<Subject>) -> Examined {
    let mut facts = Facts::default();
    let ask = |facts: &Facts, subject: Subject| {
        diagnose(Known { snapshot: &server.snapshot, facts, now: server.clock.now() }, subject)
    };
    let diagnoses = subjects.into_iter().map(|subject| (subject, ask(&facts, subject))).collect();
    let mut examined = Examined { diagnoses, unasked: 0 };
    let mut asked: HashSet<Need> = HashSet::new();
    for _ in 0..ROUNDS {
        let mut questions = questions(server, &examined, &asked);
        questions.truncate(QUESTIONS - asked.len());
        if questions.is_empty() {
            break;
        }
        asked.extend(questions.iter().cloned());
        for (need, answer) in server.answers(questions).await {
            facts.take(need, answer);
        }
        for (subject, diagnosis) in examined.diagnoses.iter_mut().filter(|(_, diagnosis)| !diagnosis.needs.is_empty()) {
            *diagnosis = ask(&facts, *subject);
        }
    }
    examined.unasked = questions(server, &examined, &asked).len();
    examined
}

/// What rules ask and nobody has asked yet: first for the newest of each problem, then for the second, and for what is
/// no problem so far at the end, so that each problem is looked into where not all can be asked.
fn questions(server: &Server, examined: &Examined, asked: &HashSet<Need>) -> Vec<Need> {
    let known = problems(examined.headlines(), &server.snapshot);
    let ranks: HashMap<Subject, usize> =
        known.iter().flat_map(|one| one.members.iter().enumerate().map(|(rank, subject)| (*subject, rank))).collect();
    let mut asking: Vec<&(Subject, Diagnosis)> = examined.diagnoses.iter().collect();
    asking.sort_by_key(|(subject, _)| ranks.get(subject).copied().unwrap_or(usize::MAX));
    let mut seen = HashSet::new();
    let needs = asking.into_iter().flat_map(|(_, diagnosis)| &diagnosis.needs);
    needs.filter(|need| !asked.contains(need) && seen.insert((*need).clone())).cloned().collect()
}

/// Kinds that could not be read, with the reason of the first.
pub(super) fn unread(server: &Server) -> Vec<(Kind, String)> {
    let why = |kind: &Kind| match server.snapshot.freshness(*kind) {
        Freshness::Denied(failure) | Freshness::Failed { failure, .. } | Freshness::Stale { failure, .. } => {
            Some((*kind, failure.message.clone()))
        }
        _ => None,
    };
    KINDS.iter().filter_map(why).collect()
}

/// The exit code: 0 nothing is wrong, 1 a problem, 2 it cannot be told.
pub(super) fn code(is_problem: bool, unread: &[(Kind, String)]) -> u8 {
    match (is_problem, unread.iter().any(|(kind, _)| NEEDED.contains(kind))) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    }
}
