//! ConfigMaps and Secrets that a pod will miss as soon as it is no longer held up by something else. The pod template is
//! compared with what is there; of Secrets nothing is looked at but their names. [`crate::triage::diagnose`] asks last.

use serde_json::Value;

use super::super::Case;
use super::config::{Source, absent, list};
use crate::triage::case::of_field;
use crate::triage::finding::Finding;

/// T047 and T049: what a pod that is held up by something else will miss once that is mended. The server, the scheduler
/// and the kubelet each tell the first thing alone that stops them, so that who mends one meets the next.
pub(in crate::triage) fn to_come(case: &Case<'_>, found: &[Finding]) -> Vec<Finding> {
    // Rules up to here are about what has not started.
    let is_held = found.first().is_some_and(|lead| lead.severity.is_problem() && lead.rule.0 < "T060");
    let is_over = case.job.is_some_and(|job| job.is_finished() || job.suspend);
    let has_run = case.pods.iter().any(|pod| pod.is_finished() || pod.containers.iter().any(|one| one.started));
    if !is_held || is_over || has_run {
        return Vec::new();
    }
    let Some(spec) = case.pod_spec() else { return Vec::new() };
    let namespace = case.key.namespace.as_str();
    let mut missing: Vec<Finding> = Vec::new();
    for kind in ["ConfigMap", "Secret"] {
        for (name, is_volume) in wanted(spec, kind) {
            let is_missing = || Some(!case.names_of("v1", kind, namespace)?.contains(&name));
            if is_missing() != Some(true) {
                continue;
            }
            let (rule, use_of_it) = match is_volume {
                true => ("T049", "A volume is made of it."),
                false => ("T047", "Variables are taken from it."),
            };
            missing.push(absent(case, rule, &Source { kind, namespace, name }, use_of_it.to_owned()));
        }
    }
    let is_told = |finding: &Finding| found.iter().any(|one| one.group == finding.group);
    let evidence = match case.job {
        Some(job) => of_field(job, "spec.template.spec", "names it"),
        None => return Vec::new(),
    };
    let later = |finding: Finding| Finding {
        effect: "the pod comes to this once what stands above is mended".to_owned(),
        evidence: vec![evidence.clone()],
        ..finding
    };
    missing.into_iter().filter(|finding| !is_told(finding)).map(later).collect()
}

/// The ConfigMaps or Secrets that a pod cannot do without, each once, and whether a volume is made of it.
fn wanted<'v>(spec: &'v Value, kind: &str) -> Vec<(&'v str, bool)> {
    let is_secret = kind == "Secret";
    let (of_key, of_all, of_volume, of_name) = match is_secret {
        true => ("secretKeyRef", "secretRef", "secret", "secretName"),
        false => ("configMapKeyRef", "configMapRef", "configMap", "name"),
    };
    let containers = ["initContainers", "containers"].into_iter().flat_map(|field| list(&spec[field]));
    let of_variables = containers.flat_map(|container| {
        let keys = list(&container["env"]).map(|one| &one["valueFrom"][of_key]);
        keys.chain(list(&container["envFrom"]).map(|one| &one[of_all]))
    });
    let of_volumes = list(&spec["volumes"]).flat_map(|volume| {
        let projected = list(&volume["projected"]["sources"]).map(|one| (&one[of_volume], "name"));
        std::iter::once((&volume[of_volume], of_name)).chain(projected)
    });
    let all = of_variables.map(|one| (one, "name", false)).chain(of_volumes.map(|(one, name)| (one, name, true)));
    let mut wanted: Vec<(&str, bool)> = Vec::new();
    for (reference, field, is_volume) in all.filter(|(reference, ..)| reference["optional"] != true) {
        if let Some(name) = reference[field].as_str()
            && !wanted.iter().any(|(one, _)| *one == name)
        {
            wanted.push((name, is_volume));
        }
    }
    wanted
}
