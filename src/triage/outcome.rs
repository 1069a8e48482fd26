//! How a Job ended as a whole, told as the effect of its cause: a Job that gave up after four tries is told as what the
//! tries ended of. Where the end itself is what a person must know (a deadline before anything ran, indexes that failed,
//! a rule that made a crash final) it leads, and where no cause is known it is the finding.
//!
//! The reasons and their messages are those of `pkg/controller/job/job_controller.go`.

mod deadline;
mod indexes;
mod lost;
mod policy;

use std::collections::BTreeSet;

use super::Case;
use super::case::of_field;
use super::choose::Tries;
use super::ending;
use super::finding::{Confidence, Finding, Fix, RuleId, Severity};
use super::mend::{Changes, mend};
use crate::model::command_call::CommandCall;
use crate::model::job::{Condition, Job};
use crate::model::key::Kind;
use crate::model::pod::{Container, ContainerState, Pod, PodPhase};

/// Tells of the causes what came of them: for a Job that is over or decided, how it ended; for one that runs, how many
/// of its tries ended so.
pub(super) fn tell(case: &Case<'_>, tries: Vec<Tries>) -> Vec<Finding> {
    let Some(job) = case.job.filter(|_| case.subject.kind == Kind::Job) else {
        return tries.into_iter().map(|one| one.finding).collect();
    };
    if let Some(failed) = job.condition("Failed").or_else(|| job.condition("FailureTarget")) {
        let end = End { case, job, failed };
        return match failed.reason.as_str() {
            "DeadlineExceeded" => deadline::tell(&end, tries),
            "PodFailurePolicy" => policy::failed_by_rule(&end, tries),
            "FailedIndexes" | "MaxFailedIndexesExceeded" => indexes::tell(&end, tries),
            _ => gave_up(&end, tries),
        };
    }
    let mut findings: Vec<Finding> = tries.into_iter().map(|one| so_far(case, job, one)).collect();
    findings.extend(policy::cut_by_success(case, job));
    findings
}

/// What came so far of a cause in a Job that goes on.
fn so_far(case: &Case<'_>, job: &Job, Tries { finding, count, indexes, .. }: Tries) -> Finding {
    let ended = case.pods.iter().filter(|pod| pod.is_finished()).count();
    let waits = |one: &Container| matches!(&one.state, ContainerState::Waiting { reason, .. } if !reason.is_empty());
    let is_at_work = |pod: &&&Pod| pod.containers.is_empty() || !pod.containers.iter().all(waits);
    let running = case.pods.iter().filter(|pod| pod.phase == PodPhase::Running).filter(is_at_work).count();
    if let Some(rule) = uncounted(case, job) {
        let effect =
            format!("rule {rule} of podFailurePolicy ignores such an end: it is not counted, and tried for ever");
        return Finding { effect, ..finding };
    }
    // Up to here rules are about pods that do not start; what the others do is the effect then (T097).
    let effect = match finding.rule.0 < "T060" {
        true if running > 0 => format!("{running} of {} pods run", job.parallelism.unwrap_or(1)),
        true if count > 1 && ended < case.pods.len() => format!("{count} pods wait for this"),
        true if ended > 1 => format!("{count} of {ended} tries ended so"),
        false if ended.max(count) > 1 => format!("{count} of {} tries ended so", ended.max(count)),
        _ => String::new(),
    };
    let effect = of_indexes(job, &indexes, effect);
    // With a limit for each index the others go on, and the Job fails when they are done.
    let effect = match job.failed_indexes.as_str() {
        "" => effect,
        failed => {
            format!("{effect}; failed for good so far: index {failed}, and so will the Job when the others have ended")
        }
    };
    Finding { effect: effect.trim_start_matches("; ").to_owned(), ..finding }
}

/// So many indexes are named.
const FEW_INDEXES: usize = 6;

/// An effect with the indexes that it is about, where it is not about all.
fn of_indexes(job: &Job, indexes: &BTreeSet<u32>, effect: String) -> String {
    if indexes.is_empty() || indexes.len() > FEW_INDEXES || i64::try_from(indexes.len()) == Ok(job.wanted().into()) {
        return effect;
    }
    let names = indexes.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    let which = if indexes.len() == 1 { format!("index {names}") } else { format!("indexes {names}") };
    if effect.is_empty() { which } else { format!("{which}: {effect}") }
}

/// The rule of the Job's podFailurePolicy by which failures are not counted, where several were not.
pub(super) fn uncounted(case: &Case<'_>, job: &Job) -> Option<usize> {
    let failed = case.pods.iter().filter(|pod| pod.phase == PodPhase::Failed).count();
    if failed < 2 || job.failed > 0 {
        return None;
    }
    let rules = case.manifest()?["spec"]["podFailurePolicy"]["rules"].as_array()?;
    rules.iter().position(|rule| rule["action"] == "Ignore")
}

/// How a Job failed, or is about to.
struct End<'c, 'a> {
    case: &'c Case<'a>,
    job: &'a Job,
    failed: &'a Condition,
}

impl End<'_, '_> {
    /// A finding that stands on the condition; the rule puts in the rest.
    fn finding(&self, rule: &'static str) -> Finding {
        let path = format!("status.conditions[{}].reason", self.failed.kind);
        let mut evidence = of_field(self.job, path, format!("{}: {}", self.failed.reason, self.failed.message));
        evidence.at = self.failed.since;
        Finding {
            rule: RuleId(rule),
            severity: Severity::Error,
            confidence: Confidence::Certain,
            subject: self.case.subject,
            verdict: String::new(),
            short: String::new(),
            effect: String::new(),
            evidence: vec![evidence],
            fixes: Vec::new(),
            since: self.failed.since,
            group: format!("{rule}/{}/{}", self.job.meta.namespace, self.job.meta.name),
        }
    }

    /// How many pods failed, by the Job's count and by those that are still there: either may lag behind the other. What
    /// the Job stopped when it failed is counted as failed, and was no try that did.
    fn failures(&self) -> usize {
        let seen = self.case.pods.iter().filter(|pod| pod.phase == PodPhase::Failed).count();
        seen.max(usize::try_from(self.job.failed).unwrap_or_default()).saturating_sub(self.stopped())
    }

    /// Pods that ran when the Job failed, and were stopped for it: those that are still there, and those that it deleted.
    fn stopped(&self) -> usize {
        let failed = self.case.pods.iter().filter(|pod| pod.phase == PodPhase::Failed);
        let there = failed.filter(|pod| ending::is_stopped_by_job(self.case, pod)).count();
        let since = self.job.condition("FailureTarget").unwrap_or(self.failed).since;
        let is_gone = |name: &str| self.case.pods.iter().all(|pod| pod.meta.name != name);
        let deleted = self.case.events(self.job, "SuccessfulDelete").into_iter().filter(|event| event.last >= since);
        there
            + deleted.filter_map(|event| event.note.strip_prefix("Deleted pod: ")).filter(|name| is_gone(name)).count()
    }

    /// `gave up after 4 tries (limit 3)`, where the limit is one of failures; the controller's own words for the rest.
    fn words(&self) -> String {
        if self.failed.reason != "BackoffLimitExceeded" {
            return format!("the Job failed: {}", self.failed.reason);
        }
        // With restarts in place it is the restarts of all containers that are counted, and the pod is one failure.
        let restarts: i32 = self.case.pods.iter().filter(|pod| pod.restarts_in_place).map(|pod| pod.restarts()).sum();
        let limit = self.job.backoff_limit.map(|limit| format!(" (limit {limit})")).unwrap_or_default();
        match (restarts, self.failures()) {
            (1.., _) => format!("gave up after {}{limit}", many(restarts, "restart")),
            (_, 0) => format!("gave up{limit}"),
            (_, failures) => {
                let stopped = match self.stopped() {
                    0 => String::new(),
                    stopped => format!("; {} stopped with it", many_were(stopped, "other pod")),
                };
                format!("gave up after {}{limit}{stopped}", many(failures, "try"))
            }
        }
    }

    fn rerun(&self, words: impl Into<String>) -> Fix {
        Fix::by(words, CommandCall::new("job.rerun", self.case.subject))
    }

    /// A new Job with these changes, and the same for the next runs of its CronJob.
    fn rerun_with(&self, words: impl Into<String>, changes: &Changes) -> Vec<Fix> {
        mend(self.case, words, changes)
    }
}

/// The Job failed as often as it may: its causes with this as their effect. Where none is known this is the finding.
fn gave_up(end: &End<'_, '_>, tries: Vec<Tries>) -> Vec<Finding> {
    if tries.is_empty() {
        return lost::without_cause(end).into_iter().chain(indexes::shared_backoff(end)).collect();
    }
    let (total, words) = (end.failures(), end.words());
    let mut findings: Vec<Finding> = tries
        .into_iter()
        .enumerate()
        .map(|(at, Tries { finding, count, indexes, .. })| {
            let effect = match (at, total) {
                (0, 0 | 1) => words.clone(),
                (0, _) => format!("{words}: {}", share(count, total)),
                _ => format!("also seen: {}", share(count, total)),
            };
            Finding { effect: of_indexes(end.job, &indexes, effect), ..finding }
        })
        .collect();
    findings.extend(indexes::shared_backoff(end));
    findings
}

/// Puts causes behind the finding that leads: they are what it is about.
fn with_causes(lead: Finding, causes: Vec<Finding>) -> Vec<Finding> {
    std::iter::once(lead).chain(causes.into_iter().map(|cause| Finding { effect: String::new(), ..cause })).collect()
}

/// The sentence of a cause that quotes the program, with a blank before it; empty where it has none.
fn last_words(cause: &Finding) -> String {
    const HEAD: &str = " Its last words: \"";
    let Some((_, words)) = cause.verdict.split_once(HEAD) else { return String::new() };
    let words = words.rsplit_once("\".").map_or(words, |(words, _)| words);
    format!("{HEAD}{words}\".")
}

/// `all ended so`, `3 of 4 ended so`.
fn share(count: usize, of: usize) -> String {
    match count >= of {
        true => "all ended so".to_owned(),
        false => format!("{count} of {of} ended so"),
    }
}

/// `1 try`, `4 tries`, `2 pods`.
pub(super) fn many(count: impl TryInto<i64>, noun: &str) -> String {
    match (count.try_into().unwrap_or(i64::MAX), noun) {
        (1, noun) => format!("1 {noun}"),
        (count, "try") => format!("{count} tries"),
        (count, "index") => format!("{count} indexes"),
        (count, noun) => format!("{count} {noun}s"),
    }
}

/// `1 other was`, `2 others were`.
pub(super) fn many_were(count: usize, noun: &str) -> String {
    format!("{} {}", many(i64::try_from(count).unwrap_or(i64::MAX), noun), if count == 1 { "was" } else { "were" })
}

/// The first of a text's characters, for a text that is only quoted.
pub(super) fn brief(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

pub(super) use deadline::usual_seconds;

#[cfg(test)]
pub(super) use policy::PATTERNS;

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
