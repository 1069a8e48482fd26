//! Indexed Jobs: indexes that failed for good, and one bad index that used up the tries of all.

use std::collections::HashMap;

use super::super::case::of_field;
use super::super::choose::Tries;
use super::super::finding::{Confidence, Finding, Fix, Severity};
use super::super::mend::Changes;
use super::{End, last_words, many, with_causes};
use crate::model::pod::PodPhase;

/// T084 and T085: indexes failed as often as each of them may.
pub(super) fn tell(end: &End<'_, '_>, tries: Vec<Tries>) -> Vec<Finding> {
    let job = end.job;
    let is_cut = end.failed.reason == "MaxFailedIndexesExceeded";
    let failed = count(&job.failed_indexes);
    let all = i64::from(job.wanted());
    let which = job.failed_indexes.as_str();
    let mut finding = end.finding(if is_cut { "T085" } else { "T084" });
    let words = tries.first().map(|first| last_words(&first.finding));
    // What is short of an error has its words already.
    let words = words.filter(|_| tries.first().is_some_and(|first| first.finding.short.starts_with("exit code ")));
    let mut cause = match tries.first() {
        Some(first) if first.count > 1 => format!(" Most of their tries ended the same way: {}.", first.finding.short),
        Some(first) => format!(" What a try of them ended of: {}.", first.finding.short),
        None => String::new(),
    };
    cause.push_str(&words.unwrap_or_default());
    let done = i64::from(job.succeeded);
    if is_cut {
        let never = (all - done - failed).max(0);
        finding.verdict = format!(
            "{} of {all} failed ({which}), more than the Job's maxFailedIndexes allows, so it was stopped: {done} are \
             done, {} never came to an end.{cause}",
            many(failed, "index"),
            many(never, "index"),
        );
        finding.effect = "stopped by maxFailedIndexes".to_owned();
    } else {
        finding.verdict =
            format!("{} of {all} failed for good: {which}. {done} of {all} are done.{cause}", many(failed, "index"));
        finding.effect = format!("{done} of {all} are done");
    }
    // What most of them ended of says more than their numbers.
    let main_cause = tries.first().filter(|first| first.count > 1 || failed == 1).map(|first| &first.finding);
    finding.short = format!("{failed} of {all} indexes failed: {}", main_cause.map_or(which, |cause| &cause.short));
    finding.evidence.push(of_field(job, "status.failedIndexes", which));
    finding.evidence.push(of_field(job, "status.completedIndexes", job.completed_indexes.as_str()));
    let rest = if is_cut {
        "for those that are not done".to_owned()
    } else {
        match failed {
            1 => format!("for index {which} alone"),
            _ => format!("for indexes {which} alone"),
        }
    };
    // Unless what they ended of is mended, a new Job ends so too.
    let changes = |fix: &&Fix| fix.call.as_ref().is_some_and(|call| !call.argument.is_empty());
    let cures = main_cause.into_iter().flat_map(|cause| cause.fixes.iter().filter(changes)).cloned();
    finding.fixes.extend(cures);
    finding.fixes.extend(end.rerun_with(
        format!("make a new Job {rest}: it counts from 0, so the program must be told which they are"),
        &Changes::NONE,
    ));
    finding.fixes.push(end.rerun("run all of it again, where the program skips what is done"));
    with_causes(finding, tries.into_iter().map(|one| one.finding).collect())
}

/// T086: one index used up the tries that all of them share.
pub(super) fn shared_backoff(end: &End<'_, '_>) -> Option<Finding> {
    let job = end.job;
    let limit = job.backoff_limit.filter(|_| job.indexed && job.backoff_limit_per_index.is_none())?;
    let mut by_index: HashMap<u32, usize> = HashMap::new();
    let failed = end.case.pods.iter().filter(|pod| pod.phase == PodPhase::Failed);
    failed.filter_map(|pod| pod.index).for_each(|index| *by_index.entry(index).or_default() += 1);
    let (index, count) = by_index.iter().max_by_key(|(_, count)| **count).map(|(index, count)| (*index, *count))?;
    let total: usize = by_index.values().sum();
    if end.failed.reason != "BackoffLimitExceeded" || count < 2 || 2 * count <= total || job.wanted() < 2 {
        return None;
    }
    let left = job.wanted() - job.succeeded;
    Some(Finding {
        severity: Severity::Warning,
        confidence: Confidence::Certain,
        verdict: format!(
            "Index {index} alone failed {count} times and used up {} that all {} share: {left} are not done because \
             of it.",
            if limit == 1 { "the one retry".to_owned() } else { format!("the {limit} retries") },
            many(job.wanted(), "index"),
        ),
        short: format!("index {index} used up all retries (limit {limit})"),
        evidence: vec![
            of_field(job, "spec.backoffLimit", limit.to_string()),
            of_field(job, "spec.backoffLimitPerIndex", "not set"),
        ],
        fixes: end.rerun_with(
            format!("make a new Job with backoffLimitPerIndex {limit}, so that each index has retries of its own"),
            &Changes::set("spec.backoffLimitPerIndex", limit).and_remove("spec.backoffLimit"),
        ),
        ..end.finding("T086")
    })
}

/// How many indexes `1,3-5,7` names.
fn count(indexes: &str) -> i64 {
    let span = |part: &str| match part.split_once('-') {
        Some((first, last)) => Some(last.parse::<i64>().ok()? - first.parse::<i64>().ok()? + 1),
        None => part.parse::<i64>().ok().map(|_| 1),
    };
    indexes.split(',').filter_map(span).sum()
}
