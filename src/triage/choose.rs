//! Which finding leads: tries that ended the same way are one finding, and causes stand before what came of them.

use super::Case;
use super::finding::{Finding, Severity};

/// What some of the tries of a Job have in common.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tries {
    /// What is told of the newest of them.
    pub finding: Finding,
    /// How many there are.
    pub count: usize,
    /// The newest try of all is one of them.
    pub has_last: bool,
}

/// Puts what was found of single tries, the oldest first, into groups of the same cause, the leading one first: that of
/// the last try where it covers at least half of all; else the one with the most tries, the newest among equals.
pub(super) fn group(tries: Vec<Option<Finding>>) -> Vec<Tries> {
    let told = tries.iter().flatten().count();
    let last = tries.len().wrapping_sub(1);
    let mut groups: Vec<Tries> = Vec::new();
    for (at, finding) in tries.into_iter().enumerate() {
        let Some(finding) = finding else { continue };
        let has_last = at == last;
        match groups.iter_mut().position(|one| one.finding.group == finding.group) {
            // The newest of a group goes behind the others, so that order tells how new a group is.
            Some(found) => {
                let before = groups.remove(found);
                groups.push(Tries { finding, count: before.count + 1, has_last });
            }
            None => groups.push(Tries { finding, count: 1, has_last }),
        }
    }
    groups.reverse();
    groups.sort_by_key(|one| (std::cmp::Reverse(one.has_last && 2 * one.count >= told), std::cmp::Reverse(one.count)));
    groups
}

/// Orders findings: what stops everything first, then by severity; the order of the families decides among equals.
pub(super) fn order(case: &Case<'_>, findings: &mut [Finding]) {
    if case.cronjob.is_some() {
        // `crons` has put what came of a cause before the cause: it is about several runs.
        return;
    }
    let is_over = case.job.is_some_and(|job| job.is_finished());
    // Of a Job that is over, the cause of its end stands first however bad anything else is.
    findings.sort_by_key(|finding| match is_over {
        // Several have an effect: `outcome` has put them into their order.
        true if !finding.effect.is_empty() => (false, Severity::Critical),
        true => (true, finding.severity),
        false => (finding.severity == Severity::Info, finding.severity),
    });
}
