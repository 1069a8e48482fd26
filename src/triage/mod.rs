//! Why a Job, CronJob or Pod does not start, fails or is stuck, and what fixes it: pure rules over what is known.
//!
//! [`diagnose`] builds a [`Case`] and asks each family of rules; a family looks at one stage in the life of a Job and
//! says what it finds there. Causes lead: what ended a Job (`BackoffLimitExceeded`) is told as the effect of what its
//! tries ended of. A rule that needs what is not watched (a whole spec, a Secret's name, the last lines of a log) asks
//! for it ([`Need`]) and says what it can without; whoever called answers in [`Facts`] and asks again.
//!
//! Nothing here asks the server, the clock or the screen.

mod attempt;
mod case;
mod chain;
mod choose;
mod container;
mod crons;
mod ending;
mod finding;
mod grammar;
mod held;
mod known;
mod last_words;
mod leftover;
#[cfg(test)]
mod look_alikes;
mod mend;
mod outcome;
mod placing;
mod problem;
mod refused;
mod restarts;
mod rules;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod scene_of_pod;
mod starting;
mod stuck;
mod trial;

pub use attempt::{Attempt, attempts};
pub use case::Case;
pub use chain::{Link, chain};
pub use finding::{Confidence, Evidence, Finding, Fix, RuleId, Severity, Source};
pub use known::{Answer, Fact, Facts, Known, LastLine, Need, Run};
pub use placing::no_node;
pub use problem::{Problem, counts, problems, subjects};
pub use rules::{Cause, RULES, Rule};
pub use trial::{Crowd, crowd, refusal};

use crate::model::owner::Subject;
use crate::model::pod::Pod;

/// What triage says of a subject.
#[derive(Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// What was found, the headline first; empty where nothing is wrong.
    pub findings: Vec<Finding>,
    /// What it would take to say more.
    pub needs: Vec<Need>,
    /// What it stands on beyond the snapshot, so that who shows it for long asks for it anew.
    pub uses: Vec<Need>,
}

impl Diagnosis {
    /// The problem that leads. Before it may stand what explains what goes on meanwhile: that a Job waits for its next
    /// try. None where nothing is wrong.
    pub fn problem(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity.is_problem())
    }
}

/// A family of rules that looks at a case as a whole.
type Family = fn(&Case<'_>) -> Vec<Finding>;

/// A family of rules that looks at one pod, which is one try of a Job.
type PodFamily = fn(&Case<'_>, &Pod) -> Option<Finding>;

/// The families that look at a case as a whole, those of earlier stages first.
const FAMILIES: &[Family] =
    &[held::find, refused::find, placing::named::find, stuck::find, crons::find, leftover::find];

/// The families that look at one pod, those of earlier stages first: the first that finds something is believed.
const POD_FAMILIES: &[PodFamily] = &[placing::find, starting::find, ending::find];

/// Examines a CronJob, a Job or a Pod.
pub fn diagnose(known: Known<'_>, subject: Subject) -> Diagnosis {
    let Some(case) = Case::of(known, subject) else { return Diagnosis::default() };
    let told = |pod: &Pod| {
        let found = POD_FAMILIES.iter().find_map(|family| family(&case, pod))?;
        Some(starting::slip_of_unit(&case, pod, &found).unwrap_or(found))
    };
    let tries = case.pods.iter().map(|pod| (pod.index, told(pod))).collect();
    let mut findings: Vec<Finding> = FAMILIES.iter().flat_map(|family| family(&case)).collect();
    findings.extend(outcome::tell(&case, choose::group(tries)));
    choose::arrange(&case, &mut findings);
    let to_come = starting::to_come(&case, &findings);
    findings.extend(to_come);
    let (needs, uses) = case.into_needs();
    Diagnosis { findings, needs, uses }
}

#[cfg(test)]
pub(crate) mod tests;
