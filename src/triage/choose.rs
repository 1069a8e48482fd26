//! Which finding leads: tries that ended the same way are one finding, and causes stand before what came of them.

use std::collections::BTreeSet;

use super::Case;
use super::finding::{Finding, RuleId, Severity};

/// What some of the tries of a Job have in common.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tries {
    /// What is told of the newest of them.
    pub finding: Finding,
    /// How many there are.
    pub count: usize,
    /// The newest try of all is one of them.
    pub has_last: bool,
    /// The completion indexes that they were for, of an Indexed Job.
    pub indexes: BTreeSet<u32>,
}

/// Puts what was found of single tries, the oldest first, into groups of the same cause, the leading one first: that of
/// the last try where it covers at least half of all; else the one with the most tries, the newest among equals.
pub(super) fn group(tries: Vec<(Option<u32>, Option<Finding>)>) -> Vec<Tries> {
    let told = tries.iter().filter(|(_, finding)| finding.is_some()).count();
    let last = tries.len().wrapping_sub(1);
    let mut groups: Vec<Tries> = Vec::new();
    for (at, (index, finding)) in tries.into_iter().enumerate() {
        let Some(finding) = finding else { continue };
        let has_last = at == last;
        match groups.iter_mut().position(|one| one.finding.group == finding.group) {
            // The newest of a group goes behind the others, so that order tells how new a group is.
            Some(found) => {
                let Tries { count, mut indexes, .. } = groups.remove(found);
                indexes.extend(index);
                groups.push(Tries { finding, count: count + 1, has_last, indexes });
            }
            None => groups.push(Tries { finding, count: 1, has_last, indexes: index.into_iter().collect() }),
        }
    }
    groups.reverse();
    groups.sort_by_key(|one| (std::cmp::Reverse(one.has_last && 2 * one.count >= told), std::cmp::Reverse(one.count)));
    groups
}

/// Leaves out what another finding explains, and orders the rest: what stops everything first, then by severity; the
/// order of the families decides among equals.
pub(super) fn arrange(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.cronjob.is_some() {
        // `crons` has put what came of a cause before the cause: it is about several runs. That nothing has run yet is
        // news only where all else is well.
        findings.sort_by_key(|finding| finding.rule == FIRST_RUN);
        return;
    }
    // That pods are missing is what comes of what keeps others from their nodes.
    if findings.iter().any(|finding| finding.rule != PARTIAL && finding.severity.is_problem()) {
        findings.retain(|finding| finding.rule != PARTIAL);
    }
    unite(findings);
    tell_the_wait_with_its_cause(findings);
    let is_over = case.job.is_some_and(|job| job.is_finished());
    // Of a Job that is over, the cause of its end stands first however bad anything else is.
    findings.sort_by_key(|finding| match is_over {
        // Several have an effect: `outcome` has put them into their order.
        true if !finding.effect.is_empty() => (false, Severity::Critical),
        true => (true, finding.severity),
        false => (finding.severity == Severity::Info, finding.severity),
    });
}

/// The wait between two tries comes of what they end of, and to wait mends nothing: the cause leads, and tells of it.
fn tell_the_wait_with_its_cause(findings: &mut [Finding]) {
    let Some(wait) = findings.iter().find(|one| one.rule == DELAY).map(|one| one.short.clone()) else { return };
    if let Some(cause) = findings.iter_mut().find(|one| one.rule != DELAY && one.severity.is_problem()) {
        let effects = [std::mem::take(&mut cause.effect), wait];
        cause.effect = effects.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join("; ");
    }
}

/// Makes one of what is so in several pods.
fn unite(findings: &mut Vec<Finding>) {
    let mut united: Vec<(Finding, usize)> = Vec::new();
    for finding in findings.drain(..) {
        match united.iter_mut().find(|(one, _)| one.group == finding.group) {
            Some((_, count)) => *count += 1,
            None => united.push((finding, 1)),
        }
    }
    findings.extend(united.into_iter().map(|(finding, count)| match count {
        2.. if finding.effect.is_empty() => Finding { effect: format!("so in {count} pods"), ..finding },
        _ => finding,
    }));
}

/// Fewer pods run than are wanted.
const PARTIAL: RuleId = RuleId("T097");

/// A CronJob's first run is still to come.
const FIRST_RUN: RuleId = RuleId("T111");

/// The Job waits before its next try.
const DELAY: RuleId = RuleId("T017");
