//! Problems: what is wrong in all that is looked at, by cause, so that forty Jobs that wait for one quota are one line.
//!
//! [`subjects`] says whose examination counts, [`problems`] groups what came of it. A Job stands for its pods, and its runs
//! stand for a CronJob wherever it is they that fail. What a later success has settled is history and no problem.

use std::collections::{BTreeSet, HashMap, HashSet};

use compact_str::CompactString;

use super::finding::{Confidence, Finding, Severity, Source};
use super::rules::{self, Cause};
use crate::model::clock::Time;
use crate::model::job::Job;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;

/// One cause with all that suffers from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What makes it the same cause: the group of its findings, with the namespace where the cause has one, and with
    /// the program where a container's name alone says too little.
    pub group: String,
    /// The worst of its members'.
    pub severity: Severity,
    /// What was found of the newest member; its `short` is the problem in a few words.
    pub finding: Finding,
    /// Jobs, CronJobs that start none or get their runs into each other's way, and pods without a Job: newest first.
    pub members: Vec<Subject>,
    /// Their namespaces, by name.
    pub namespaces: Vec<CompactString>,
    /// The CronJobs that are members, or whose runs are, newest run first.
    pub cronjobs: Vec<Subject>,
    /// When the first of them began to suffer, where that is known.
    pub since: Option<Time>,
    /// When the last of them did.
    pub newest: Option<Time>,
}

/// What is to be examined: every CronJob, every Job but those that are history, and pods whose Job is not known.
pub fn subjects(snapshot: &Snapshot) -> Vec<Subject> {
    let cronjobs = snapshot.cronjobs.iter().map(|one| Subject { kind: Kind::CronJob, uid: one.uid() });
    let jobs = snapshot.jobs.iter().map(|one| Subject { kind: Kind::Job, uid: one.uid() });
    let pods = snapshot.pods.iter().map(|one| Subject { kind: Kind::Pod, uid: one.uid() });
    cronjobs.chain(jobs).chain(pods).filter(|subject| counts(snapshot, *subject)).collect()
}

/// Groups by cause what was found first of each subject; what fails before what warns, the newest first. Explanations of what is as it
/// should be are left out, and so is what [`subjects`] does not name.
pub fn problems(found: impl IntoIterator<Item = (Subject, Finding)>, snapshot: &Snapshot) -> Vec<Problem> {
    let mut found: Vec<(Subject, Finding)> = found
        .into_iter()
        .filter(|(subject, finding)| finding.severity.is_problem() && counts(snapshot, *subject))
        .collect();
    // Where none of the runs is left, the CronJob is all that tells of them.
    let runs = found.iter().filter(|(subject, _)| subject.kind == Kind::Job);
    let troubled: HashSet<Uid> = runs.filter_map(|(subject, _)| owner(snapshot, *subject)).collect();
    found.retain(|(subject, finding)| !(is_of_runs(*subject, finding) && troubled.contains(&subject.uid)));
    let crowds = found.iter().filter(|(_, finding)| rules::cause(finding.rule) == Cause::Crowd);
    let crowded: HashSet<Uid> = crowds.map(|(subject, _)| subject.uid).collect();
    found.retain(|(subject, finding)| !is_of_a_crowd(snapshot, *subject, finding, &crowded));
    let age = |subject| snapshot.meta_of(subject).map(|meta| (meta.created, meta.name.clone()));
    found.sort_by_cached_key(|(subject, _)| std::cmp::Reverse(age(*subject)));
    let mut groups: HashMap<String, Vec<(Subject, Finding)>> = HashMap::new();
    for (subject, finding) in found {
        groups.entry(cause(snapshot, subject, &finding)).or_default().push((subject, finding));
    }
    let mut problems: Vec<Problem> =
        groups.into_iter().filter_map(|(group, members)| unite(snapshot, group, members)).collect();
    let is_mild = |one: &Problem| one.severity == Severity::Warning;
    problems.sort_by(|a, b| {
        let by_time = b.newest.cmp(&a.newest);
        is_mild(a).cmp(&is_mild(b)).then(by_time).then_with(|| a.group.cmp(&b.group))
    });
    problems
}

/// Makes one problem of members, the newest first. None where there are none.
fn unite(snapshot: &Snapshot, group: String, members: Vec<(Subject, Finding)>) -> Option<Problem> {
    let began: Vec<Time> = members.iter().filter_map(|(one, finding)| began(snapshot, *one, finding)).collect();
    let severity = members.iter().map(|(_, finding)| finding.severity).min()?;
    let subjects: Vec<Subject> = members.iter().map(|(subject, _)| *subject).collect();
    let namespaces: BTreeSet<CompactString> =
        subjects.iter().filter_map(|one| Some(snapshot.meta_of(*one)?.namespace.clone())).collect();
    let mut cronjobs: Vec<Subject> = Vec::new();
    for uid in subjects.iter().filter_map(|one| owner(snapshot, *one)) {
        let cronjob = Subject { kind: Kind::CronJob, uid };
        if !cronjobs.contains(&cronjob) {
            cronjobs.push(cronjob);
        }
    }
    Some(Problem {
        group,
        severity,
        finding: members.into_iter().next()?.1,
        members: subjects,
        namespaces: namespaces.into_iter().collect(),
        cronjobs,
        since: began.iter().min().copied(),
        newest: began.iter().max().copied(),
    })
}

/// Whether what is found of this subject counts: a pod of a known Job is told with the Job, and an ended run of a CronJob
/// is history once a later one has succeeded. A failed Job of nobody's stays until somebody deletes it: nothing says that
/// its work was done since.
pub fn counts(snapshot: &Snapshot, subject: Subject) -> bool {
    let job = match subject.kind {
        Kind::Pod => {
            let owner = snapshot.pods.get(subject.uid).map(|pod| pod.meta.owner_uid());
            return owner.is_some_and(|owner| owner.is_none_or(|job| snapshot.jobs.get(job).is_none()));
        }
        Kind::Job => snapshot.jobs.get(subject.uid),
        _ => return true,
    };
    job.is_some_and(|job| !job.is_finished() || !is_settled(snapshot, job))
}

/// A later run of its CronJob has succeeded. Of one that is gone the CronJob's status tells.
fn is_settled(snapshot: &Snapshot, job: &Job) -> bool {
    let Some(owner) = job.meta.owner.filter(|owner| owner.kind == Some(Kind::CronJob)).map(|owner| owner.uid) else {
        return false;
    };
    let runs = snapshot.relations.jobs.of(owner).iter().filter_map(|uid| snapshot.jobs.get(*uid));
    let mut later = runs.filter(|run| run.meta.created > job.meta.created);
    let last_success = snapshot.cronjobs.get(owner).and_then(|cronjob| cronjob.last_success);
    later.any(Job::is_complete) || (job.ended().is_some() && last_success > job.ended())
}

/// The CronJob that this is, or whose run this is.
fn owner(snapshot: &Snapshot, subject: Subject) -> Option<Uid> {
    match subject.kind {
        Kind::CronJob => Some(subject.uid),
        Kind::Job => {
            snapshot.jobs.get(subject.uid)?.meta.owner_uid().filter(|uid| snapshot.cronjobs.get(*uid).is_some())
        }
        _ => None,
    }
}

/// What is found of a CronJob is what its runs suffer from, or comes of it.
fn is_of_runs(subject: Subject, finding: &Finding) -> bool {
    subject.kind == Kind::CronJob && (finding.subject != subject || rules::cause(finding.rule) == Cause::Runs)
}

/// A run goes on for so long that it may hang, and its CronJob is told for its runs that pile up.
fn is_of_a_crowd(snapshot: &Snapshot, subject: Subject, finding: &Finding, crowded: &HashSet<Uid>) -> bool {
    let is_run = subject.kind == Kind::Job && owner(snapshot, subject).is_some_and(|uid| crowded.contains(&uid));
    let is_over = snapshot.jobs.get(subject.uid).is_none_or(Job::is_finished);
    is_run && !is_over && finding.confidence == Confidence::Guess
}

/// When a subject began to suffer: as the finding says, else when the Job or pod ended, else when it started.
fn began(snapshot: &Snapshot, subject: Subject, finding: &Finding) -> Option<Time> {
    let created = snapshot.meta_of(subject)?.created;
    let own = match subject.kind {
        Kind::Job => snapshot.jobs.get(subject.uid).and_then(|job| job.ended().or(job.started)),
        Kind::Pod => snapshot.pods.get(subject.uid).and_then(|pod| pod.ended().or(pod.started)),
        _ => None,
    };
    finding.since.or(own).or(created)
}

/// What makes a finding the same cause for all subjects.
fn cause(snapshot: &Snapshot, subject: Subject, finding: &Finding) -> String {
    let (namespace, name) =
        snapshot.meta_of(subject).map_or(("", ""), |meta| (meta.namespace.as_str(), meta.name.as_str()));
    let kind = rules::cause(finding.rule);
    match kind {
        Cause::Controller => return finding.rule.0.to_owned(),
        Cause::Shared => return finding.group.clone(),
        Cause::Named | Cause::Crowd | Cause::Runs => return format!("{namespace}/{}", finding.group),
        Cause::Program | Cause::LastWords => {}
    }
    // What each of many Jobs says in the same words is one trouble; else each program has its own.
    let words = finding.evidence.iter().find(|one| matches!(one.source, Source::Log { .. }));
    let program = match words.filter(|_| kind == Cause::LastWords) {
        Some(words) => without_numbers(&words.words),
        None => match owner(snapshot, subject).and_then(|uid| snapshot.cronjobs.get(uid)) {
            Some(cronjob) => cronjob.key().to_string(),
            None => series(name).to_owned(),
        },
    };
    format!("{namespace}/{}/{program}", finding.group)
}

/// A line with `#` for each word that has a digit: `row 17 of run-a3` is `row # of #`.
fn without_numbers(line: &str) -> String {
    let plain = |word| if str::contains(word, |one: char| one.is_ascii_digit()) { "#" } else { word };
    line.split_whitespace().map(plain).collect::<Vec<_>>().join(" ")
}

/// What Jobs that are made one after the other have in common: the name without numbers, dates and the five random
/// characters of `generateName` at its end.
fn series(name: &str) -> &str {
    /// Of these the API server makes names (`k8s.io/apimachinery/pkg/util/rand`).
    const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";
    let is_number = |end: &str| end.chars().any(|one| one.is_ascii_digit());
    let is_random = |end: &str| end.len() == 5 && end.chars().all(|one| RANDOM.contains(one));
    match name.rsplit_once('-') {
        Some((start, end)) if !start.is_empty() && (is_number(end) || is_random(end)) => series(start),
        _ => name,
    }
}

#[cfg(test)]
mod tests;
