//! The pod has a node and does not come to work there: its image, its configuration, its volumes, its network, its
//! first process. What the kubelet says of a container goes before what events say of the pod.

mod config;
mod image;
mod image_name;
mod node;
mod script;
mod start;
mod to_come;
mod trouble;

pub(super) use image::foreign_architecture;
pub(super) use node::newest_failure;
pub(super) use script::{Refusal, key_missing, not_there, refused, windows_script};
pub(super) use start::slip_of_unit;
pub(super) use to_come::to_come;

use std::fmt::Write;

use super::Case;
use super::container::{is_success, waiting};
use super::finding::{Finding, Fix};
#[cfg(test)]
use super::grammar::Pattern;
use crate::model::pod::{Container, Pod, Role};

/// What keeps a pod from its work that has a node.
pub(super) fn find(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    if is_success(case) {
        return None;
    }
    // Containers to debug with are none of its work.
    let own = || pod.containers.iter().filter(|one| one.role != Role::Ephemeral);
    let never_ran = || own().find_map(|one| start::failed(case, pod, one));
    if pod.is_finished() {
        return node::rejected(case, pod).or_else(never_ran);
    }
    if pod.node.is_empty() || pod.meta.deleted.is_some() {
        return None;
    }
    let said = |container: &Container| {
        let (reason, message) = waiting(container)?;
        let rules = [image::find, config::find, start::find];
        let found = rules.into_iter().find_map(|rule| rule(case, pod, container, reason, message))?;
        Some(not_of_the_template(case, container, found))
    };
    let found = own().find_map(said).or_else(never_ran);
    found.or_else(|| prepared(case, pod)).or_else(|| start::blocking(case, pod))
}

/// A container that the Job does not have was put into its pods by others: no new Job is rid of it.
fn not_of_the_template(case: &Case<'_>, container: &Container, mut found: Finding) -> Finding {
    if case.job.is_none() || case.pod_spec().is_none() || case.container_spec(&container.name).is_some() {
        return found;
    }
    let name = &container.name;
    let _ = write!(
        found.verdict,
        " The Job has no container {name}: a policy or webhook of the cluster puts it into its pods."
    );
    let is_of_a_new_job = |fix: &Fix| fix.call.as_ref().is_some_and(|call| call.id == "job.rerun-with-changes");
    found.fixes.retain(|fix| !is_of_a_new_job(fix));
    let ask = format!(
        "ask those who run the cluster what puts container {name} into pods: kubectl get \
         mutatingadmissionpolicies,mutatingwebhookconfigurations"
    );
    found.fixes.insert(0, Fix::outside(ask));
    found
}

/// What events say of a pod of which no container was started yet: volumes, network, a long pull.
fn prepared(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let is_first = |container: &Container| {
        let reason = waiting(container).map(|(reason, _)| reason);
        matches!(reason, Some("" | "ContainerCreating" | "PodInitializing"))
    };
    let is_waiting = pod.containers.iter().filter(|one| one.role != Role::Ephemeral).any(is_first);
    if !is_waiting {
        return None;
    }
    // What is there by now holds nothing up any more.
    let (missing, there) = match config::unmounted(case, pod) {
        Some(found) if !found.severity.is_problem() => (None, Some(found)),
        found => (found, None),
    };
    missing.or_else(|| node::unprepared(case, pod)).or(there).or_else(|| image::slow(case, pod))
}

#[cfg(test)]
pub(super) fn patterns() -> Vec<&'static Pattern> {
    [image::PATTERNS, config::PATTERNS, node::PATTERNS, start::PATTERNS].concat()
}

#[cfg(test)]
pub(super) mod look_alikes;
#[cfg(test)]
mod tests;
