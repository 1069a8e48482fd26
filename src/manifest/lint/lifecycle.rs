//! How a Job ends, how often it is tried, and what is left of it.

use std::sync::LazyLock;

use regex::Regex;

use super::Lint;
use super::server::may_be_indexed;
use super::subject::{Draft, Subject};
use crate::manifest::problem::Severity;
use crate::model::clock::short_duration;

/// Retries where a manifest does not say how many.
const DEFAULT_RETRIES: i64 = 6;

/// Retries before the delay would pass its limit.
const GROWING: i64 = 6;

/// The limit of the delay before a retry, in seconds.
const LONGEST_DELAY: i64 = 600;

/// Work that is done twice when it is tried twice, by the words that people use for it.
static NOT_TWICE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // inotify watches files.
    const WORDS: &str =
        r"migrat|schema|flyway|liquibase|alembic|restore|payment|billing|invoice|email|(?:\b|[^i\W])notify";
    Regex::new(&format!(r"(?i)[\w-]*(?:{WORDS})[\w-]*")).ok()
});

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L020",
        name: "no-active-deadline",
        severity: Severity::Warning,
        help: "A Job needs activeDeadlineSeconds, or nothing ends one that hangs or never starts.",
        check: |it, found| {
            let deadline = it.job().key("activeDeadlineSeconds");
            if deadline.is_absent() {
                let told = "nothing ends this Job if it hangs or can never start (bad image, missing Secret, no node)";
                let seconds = it.interval().map_or(3_600, |interval| (interval * 9 / 10).clamp(1, 3_600));
                found.push(deadline.told(told).mended([deadline.set(seconds)]));
            }
        },
    },
    Lint {
        id: "L021",
        name: "no-ttl",
        severity: Severity::Warning,
        help: "A Job needs ttlSecondsAfterFinished, or it and its pods stay for ever once it has finished.",
        check: |it, found| {
            let ttl = it.job().key("ttlSecondsAfterFinished");
            if !it.is_cronjob && ttl.is_absent() {
                let told = "the finished Job and its pods stay for ever, until somebody deletes them by hand";
                found.push(ttl.told(told).mended([ttl.set(86_400)]));
            }
        },
    },
    Lint {
        id: "L022",
        name: "ttl-too-short",
        severity: Severity::Warning,
        help: "With a TTL below five minutes what happened cannot be looked at any more.",
        check: |it, found| {
            let ttl = it.job().key("ttlSecondsAfterFinished");
            if let Some(seconds @ ..300) = ttl.int() {
                let told = format!(
                    "the Job, its pods and their logs are gone {seconds} s after the end, before anybody looks"
                );
                found.push(ttl.told(told).mended([ttl.set(3_600)]));
            }
        },
    },
    Lint {
        id: "L023",
        name: "backoff-implicit",
        severity: Severity::Note,
        help: "How often a Job is tried again should be chosen, not left to the default of 6.",
        check: |it, found| {
            let limit = it.job().key("backoffLimit");
            if limit.is_absent() && it.job().key("backoffLimitPerIndex").is_absent() {
                let told = "6 retries by default, with more than 10 minutes of delays between them";
                found.push(limit.told(told).mended([limit.set(3)]));
            }
        },
    },
    Lint {
        id: "L024",
        name: "backoff-high",
        severity: Severity::Warning,
        help: "Ten retries and more only delay the news of an error that comes again each time.",
        check: |it, found| {
            let limit = it.job().key("backoffLimit");
            if let Some(retries @ 10..) = limit.int() {
                let took = short_duration(delays(retries));
                let told = format!(
                    "{retries} retries take more than {took}, and an error that comes each time burns them all"
                );
                found.push(limit.told(told).mended([limit.set(4)]));
            }
        },
    },
    Lint {
        id: "L025",
        name: "retries-on-non-idempotent",
        severity: Severity::Warning,
        help: "Work that must not run twice, such as a migration, needs backoffLimit 0.",
        check: retries_on_non_idempotent,
    },
    Lint {
        id: "L026",
        name: "on-failure-drops-evidence",
        severity: Severity::Note,
        help: "With restartPolicy OnFailure the pod and its logs are deleted when the last retry fails.",
        check: |it, found| {
            let policy = it.pod().key("restartPolicy");
            if policy.text() == Some("OnFailure") {
                let told =
                    "when the last retry fails the pod is deleted with its logs; each restart of a container counts";
                found.push(policy.told(told).mended([policy.set("Never")]));
            }
        },
    },
    Lint {
        id: "L027",
        name: "per-index-with-on-failure",
        severity: Severity::Warning,
        help: "Retries of single indexes are counted only with restartPolicy Never.",
        check: |it, found| {
            let policy = it.pod().key("restartPolicy");
            if policy.text() == Some("OnFailure") && !it.job().key("backoffLimitPerIndex").is_absent() {
                let told =
                    "with OnFailure an index never fails, and backoffLimit is then 2147483647: restarts without end";
                found.push(policy.told(told).mended([policy.set("Never")]));
            }
        },
    },
    Lint {
        id: "L028",
        name: "indexed-shared-backoff",
        severity: Severity::Warning,
        help: "An Indexed Job of ten and more indexes needs backoffLimitPerIndex, or one bad index fails them all.",
        check: indexed_shared_backoff,
    },
    Lint {
        id: "L029",
        name: "backoff-exceeds-deadline",
        severity: Severity::Note,
        help: "The deadline should leave time for the retries that are allowed.",
        check: |it, found| {
            let limit = it.job().key("backoffLimit");
            if let (Some(retries), Some(deadline)) = (limit.int(), it.job().key("activeDeadlineSeconds").int())
                && delays(retries) > deadline
            {
                let told = format!(
                    "the deadline of {deadline} s comes before the retries are used: their delays alone take {} s",
                    delays(retries)
                );
                found.push(limit.told(told).mended([limit.set(fitting(deadline))]));
            }
        },
    },
    Lint {
        id: "L030",
        name: "parallelism-above-completions",
        severity: Severity::Note,
        help: "More pods at once than have to succeed are never started.",
        check: |it, found| {
            let parallelism = it.job().key("parallelism");
            if let (Some(at_once), Some(completions)) = (parallelism.int(), it.completions())
                && at_once > completions
            {
                let told = format!("only {completions} can run at once, since no more have to succeed");
                found.push(parallelism.told(told).mended([parallelism.set(completions)]));
            }
        },
    },
    Lint {
        id: "L031",
        name: "work-queue-shape",
        severity: Severity::Note,
        help: "Without completions several pods share a queue, and the first success says that it is empty.",
        check: |it, found| {
            if it.completions().is_none() && it.parallelism() > 1 && !it.is_indexed() {
                let told =
                    "this is a work queue: a pod may end with 0 only when it is empty, as no new ones start then";
                found.push(it.job().key("completions").told(told));
            }
        },
    },
    Lint {
        id: "L032",
        name: "non-indexed-fan-out",
        severity: Severity::Note,
        help: "Several pods that are not Indexed all get the same input.",
        check: |it, found| {
            let mode = it.job().key("completionMode");
            if !it.is_indexed() && it.completions().is_some_and(|completions| completions > 1) {
                let told = "all pods get the same input: Indexed gives each a part of its own, a queue does as well";
                found.push(mode.told(told).mended_if(may_be_indexed(it).then(|| mode.set("Indexed"))));
            }
        },
    },
    Lint {
        id: "L033",
        name: "suspend-committed",
        severity: Severity::Note,
        help: "A Job that is suspended in its manifest waits until somebody resumes it.",
        check: |it, found| {
            const QUEUE: &str = "kueue.x-k8s.io/queue-name";
            let suspend = it.job().key("suspend");
            let is_queued = !it.at("metadata.labels").key(QUEUE).is_absent() || !it.job_labels().key(QUEUE).is_absent();
            if suspend.is_true() && !is_queued {
                found.push(suspend.told("the Job does not start until somebody resumes it").mended([suspend.remove()]));
            }
        },
    },
];

/// The seconds that so many retries wait together: 10, 20, 40 and so on, at most ten minutes each.
fn delays(retries: i64) -> i64 {
    let growing: i64 = (0..retries.clamp(0, GROWING)).map(|retry| 10 << retry).sum();
    growing.saturating_add((retries - GROWING).max(0).saturating_mul(LONGEST_DELAY))
}

/// The most retries whose delays fit into so many seconds.
fn fitting(seconds: i64) -> i64 {
    let growing = (0..=GROWING).rev().find(|retries| delays(*retries) <= seconds).unwrap_or(0);
    growing + if growing == GROWING { (seconds - delays(GROWING)) / LONGEST_DELAY } else { 0 }
}

fn retries_on_non_idempotent(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let limit = it.job().key("backoffLimit");
    let is_retried =
        limit.int().unwrap_or(DEFAULT_RETRIES) > 0 && it.job().key("backoffLimitPerIndex").int() != Some(0);
    let mut words = vec![it.name()];
    for container in it.all_containers() {
        words.extend(["name", "image"].into_iter().filter_map(|key| container.key(key).text()));
        words.extend(
            ["command", "args"].into_iter().flat_map(|key| container.key(key).items()).filter_map(|one| one.text()),
        );
    }
    let word = NOT_TWICE.as_ref().and_then(|pattern| words.iter().find_map(|words| pattern.find(words)));
    if let (true, Some(word)) = (is_retried, word) {
        let told = format!(
            "`{}` looks like work that must not run twice: only backoffLimit 0 prevents retries, not Never",
            word.as_str()
        );
        found.push(limit.told(told).mended([limit.set(0)]));
    }
}

fn indexed_shared_backoff(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let job = it.job();
    let per_index = job.key("backoffLimitPerIndex");
    let Some(indexes @ 10..) = it.completions().filter(|_| it.is_indexed() && per_index.is_absent()) else { return };
    let told = format!(
        "one bad index can fail all {indexes}, since they share their retries; the field cannot be added later"
    );
    let mut changes = vec![per_index.set(2), job.key("maxFailedIndexes").set((indexes / 10).max(1))];
    // It counts the failures of all indexes, also beside a limit for each.
    if !job.key("backoffLimit").is_absent() {
        changes.push(job.key("backoffLimit").remove());
    }
    if it.pod().key("restartPolicy").text() != Some("Never") {
        changes.push(it.pod().key("restartPolicy").set("Never"));
    }
    found.push(per_index.told(told).mended(changes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_ten_minutes() {
        let waits = [(-1, 0), (0, 0), (1, 10), (2, 30), (6, 630), (7, 1_230), (10, 3_030), (i64::MAX, i64::MAX)];
        for (retries, seconds) in waits {
            assert_eq!(delays(retries), seconds, "{retries}");
        }
        for (seconds, retries) in [(0, 0), (9, 0), (10, 1), (629, 5), (630, 6), (1_229, 6), (1_230, 7), (3_029, 9)] {
            assert_eq!(fitting(seconds), retries, "{seconds}");
        }
    }
}
