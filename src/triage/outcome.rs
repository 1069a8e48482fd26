//! How a Job ended as a whole, told as the effect of its cause.

use super::Case;
use super::choose::Tries;
use super::finding::{Finding, RuleId};

/// Tells of the causes what came of them: for a Job that is over or decided, how it ended; for one that runs, how many
/// of its tries ended so.
pub(super) fn tell(case: &Case<'_>, tries: Vec<Tries>) -> Vec<Finding> {
    let of = case.pods.iter().filter(|pod| pod.is_finished()).count();
    let failed = case.job.and_then(|job| job.condition("Failed").or_else(|| job.condition("FailureTarget")));
    let findings = tries.into_iter().enumerate().map(|(at, Tries { finding, count, .. })| {
        let tries = match of {
            0 | 1 => String::new(),
            // Pods without a node wait still.
            _ if finding.rule < RuleId("T040") => String::new(),
            of => format!("{count} of {of} tries ended so"),
        };
        let effect = match failed.filter(|_| at == 0) {
            Some(failed) if tries.is_empty() => format!("the Job failed: {}", failed.reason),
            Some(failed) => format!("{tries}; the Job failed: {}", failed.reason),
            None => tries,
        };
        Finding { effect, ..finding }
    });
    findings.collect()
}
