//! It runs or ends, but does not come to its end: a sidecar that keeps a pod alive, a pod that nothing lets go, a
//! replacement that is not made, a run that takes far longer than those before it.

mod ending;
mod running;

pub(super) use running::as_sidecars;

use super::Case;
use super::container::blank;
use super::finding::{Confidence, Evidence, Finding, Severity};
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::pod::Pod;

/// What keeps a Job, or a Pod alone, from its end.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    // Of a pod that is looked at by its name any controller may be the owner.
    let is_of_job = |pod: &&&Pod| pod.meta.owner.is_some_and(|owner| owner.kind == Some(Kind::Job));
    let of_pods = case.pods.iter().filter(is_of_job);
    let of_pods = of_pods.filter_map(|pod| ending::finalizer_stuck(case, pod).or_else(|| running::sidecar(case, pod)));
    let mut findings: Vec<Finding> = of_pods.collect();
    let Some(job) = case.job.filter(|_| case.subject.kind == Kind::Job) else { return findings };
    if job.meta.deleted.is_some() {
        findings.extend(ending::deletion_stuck(case, job));
        return findings;
    }
    if job.is_finished() {
        return findings;
    }
    findings.extend(ending::finishing_blocked(case, job));
    findings.extend(ending::replacement_blocked(case, job));
    if findings.is_empty() && !job.suspend {
        findings.extend(running::waits_for_input(case, job).or_else(|| running::hung(case, job)));
        findings.extend(running::work_queue(case, job).or_else(|| running::partial(case, job)));
        findings.extend(running::lagging(case, job));
    }
    findings
}

/// What all of them have in common; the rule puts in the rest.
fn finding(case: &Case<'_>, rule: &'static str, severity: Severity, evidence: Vec<Evidence>) -> Finding {
    Finding {
        evidence,
        group: format!("{rule}/{}/{}", case.key.namespace, case.key.name),
        ..blank(case, rule, severity, Confidence::Certain)
    }
}

fn of_pod(pod: &Pod) -> Subject {
    Subject { kind: Kind::Pod, uid: pod.meta.uid }
}

/// The names of these, the first three of them.
fn names<'p>(names: impl Iterator<Item = &'p str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.len() {
        0..=3 => names.join(", "),
        all => format!("{} and {} more", names[..2].join(", "), all - 2),
    }
}

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
