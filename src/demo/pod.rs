//! Pods and pod templates: their defaults (`pkg/apis/core/v1/defaults.go` in Kubernetes) and the commonest of what the
//! real server refuses (`pkg/apis/core/validation`). Called by `admit` and `batch`.

use std::collections::{BTreeMap, HashSet};

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::admit::{Problems, Writable, is_label, json_of};

impl Writable for Pod {
    fn set_defaults(&mut self) {
        let spec = self.spec.get_or_insert_default();
        spec.restart_policy.get_or_insert_with(|| "Always".into());
        set_defaults(spec);
        spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()).for_each(request_what_is_limited);
        spec.enable_service_links.get_or_insert(true);
        spec.service_account_name.get_or_insert_with(|| "default".into());
        spec.service_account.clone_from(&spec.service_account_name);
        self.status.get_or_insert_default().phase.get_or_insert_with(|| "Pending".into());
    }

    fn check(&self, old: Option<&Self>, problems: &mut Problems) {
        let empty = PodSpec::default();
        let spec = self.spec.as_ref().unwrap_or(&empty);
        check(spec, "spec", problems);
        if let Some(old) = old.and_then(|old| old.spec.as_ref())
            && fixed(old) != fixed(spec)
        {
            let why = "pod updates may not change fields other than `spec.containers[*].image`,\
                       `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                       `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative),\
                       `spec.tolerations` (only additions to existing tolerations)";
            problems.forbidden("spec", why);
        }
    }
}

/// What is limited and not requested is requested; in pods alone, not in templates.
fn request_what_is_limited(container: &mut Container) {
    let resources = container.resources.get_or_insert_default();
    for (name, quantity) in resources.limits.iter().flatten() {
        resources.requests.get_or_insert_default().entry(name.clone()).or_insert_with(|| quantity.clone());
    }
}

/// The part of a pod that no update may change.
fn fixed(spec: &PodSpec) -> PodSpec {
    let mut spec = spec.clone();
    spec.active_deadline_seconds = None;
    spec.termination_grace_period_seconds = None;
    spec.tolerations = None;
    spec.scheduling_gates = None;
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        container.image = None;
    }
    spec
}

/// Fills in what the server fills in for pods and templates alike; the restart policy is left to the caller.
pub(super) fn set_defaults(spec: &mut PodSpec) {
    spec.dns_policy.get_or_insert_with(|| "ClusterFirst".into());
    spec.scheduler_name.get_or_insert_with(|| "default-scheduler".into());
    spec.security_context.get_or_insert_default();
    spec.termination_grace_period_seconds.get_or_insert(30);
    if spec.service_account_name.is_none() {
        spec.service_account_name.clone_from(&spec.service_account);
    }
    if spec.service_account.is_none() {
        spec.service_account.clone_from(&spec.service_account_name);
    }
    for container in spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten()) {
        set_container_defaults(container);
    }
    for volume in spec.volumes.iter_mut().flatten() {
        // 420 is 0644.
        let modes = [
            volume.secret.as_mut().map(|source| &mut source.default_mode),
            volume.config_map.as_mut().map(|source| &mut source.default_mode),
            volume.projected.as_mut().map(|source| &mut source.default_mode),
            volume.downward_api.as_mut().map(|source| &mut source.default_mode),
        ];
        for mode in modes.into_iter().flatten() {
            mode.get_or_insert(420);
        }
    }
}

fn set_container_defaults(container: &mut Container) {
    container.termination_message_path.get_or_insert_with(|| "/dev/termination-log".into());
    container.termination_message_policy.get_or_insert_with(|| "File".into());
    let image = container.image.clone().unwrap_or_default();
    container.image_pull_policy.get_or_insert_with(|| {
        let tag = image.rsplit('/').next().unwrap_or_default().split_once(':').map(|(_, tag)| tag);
        let is_pinned = image.contains('@') || tag.is_some_and(|tag| tag != "latest");
        if is_pinned { "IfNotPresent".into() } else { "Always".into() }
    });
    container.resources.get_or_insert_default();
    for port in container.ports.iter_mut().flatten() {
        port.protocol.get_or_insert_with(|| "TCP".into());
    }
    for reference in container.env.iter_mut().flatten().filter_map(|one| one.value_from.as_mut()) {
        if let Some(field) = &mut reference.field_ref {
            field.api_version.get_or_insert_with(|| "v1".into());
        }
    }
}

/// Finds what the server refuses in a pod's spec at a path.
pub(super) fn check(spec: &PodSpec, path: &str, problems: &mut Problems) {
    let mut volumes = HashSet::new();
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        check_label(&volume.name, &format!("{path}.volumes[{index}].name"), problems);
        if !volumes.insert(volume.name.as_str()) {
            problems.duplicate(format!("{path}.volumes[{index}].name"), &volume.name);
        }
    }
    if spec.containers.is_empty() {
        problems.required(format!("{path}.containers"), "");
    }
    let mut names = HashSet::new();
    let init = spec.init_containers.iter().flatten().enumerate();
    let init = init.map(|(index, container)| (format!("{path}.initContainers[{index}]"), container));
    let main = spec.containers.iter().enumerate();
    let main = main.map(|(index, container)| (format!("{path}.containers[{index}]"), container));
    for (path, container) in main.chain(init) {
        check_label(&container.name, &format!("{path}.name"), problems);
        if !container.name.is_empty() && !names.insert(container.name.as_str()) {
            problems.duplicate(format!("{path}.name"), &container.name);
        }
        check_container(container, &path, &volumes, problems);
    }
    let grace = spec.termination_grace_period_seconds;
    problems.not_negative(format!("{path}.terminationGracePeriodSeconds"), grace);
    let policies = ["Always", "OnFailure", "Never"];
    if let Some(policy) = spec.restart_policy.as_deref().filter(|policy| !policies.contains(policy)) {
        problems.unsupported(format!("{path}.restartPolicy"), policy, &policies);
    }
}

fn check_container(container: &Container, path: &str, volumes: &HashSet<&str>, problems: &mut Problems) {
    if container.image.as_deref().unwrap_or_default().is_empty() {
        problems.required(format!("{path}.image"), "");
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    if let Some(policy) = container.image_pull_policy.as_deref().filter(|policy| !policies.contains(policy)) {
        problems.unsupported(format!("{path}.imagePullPolicy"), policy, &policies);
    }
    for (index, variable) in container.env.iter().flatten().enumerate() {
        if variable.name.is_empty() {
            problems.required(format!("{path}.env[{index}].name"), "");
        }
    }
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        if !volumes.contains(mount.name.as_str()) {
            problems.not_found(format!("{path}.volumeMounts[{index}].name"), &mount.name);
        }
        if mount.mount_path.is_empty() {
            problems.required(format!("{path}.volumeMounts[{index}].mountPath"), "");
        }
    }
    if let Some(resources) = &container.resources {
        let empty = BTreeMap::new();
        let limits = resources.limits.as_ref().unwrap_or(&empty);
        for (name, request) in resources.requests.iter().flatten() {
            let Some(limit) = limits.get(name) else { continue };
            if amount(request) > amount(limit) {
                let why = format!("must be less than or equal to {name} limit of {}", limit.0);
                problems.invalid(format!("{path}.resources.requests"), json_of(request), &why);
            }
        }
    }
}

fn check_label(name: &str, path: &str, problems: &mut Problems) {
    if name.is_empty() {
        problems.required(path, "");
    } else if !is_label(name) {
        let why = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                   and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                   '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
        problems.invalid(path, name, why);
    }
}

/// A quantity such as `500m` or `1Gi` in its base unit; NaN where it cannot be read, which compares as neither more nor
/// less.
pub(super) fn amount(quantity: &Quantity) -> f64 {
    let text = quantity.0.trim();
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        _ => return text.parse().unwrap_or(f64::NAN),
    };
    digits.parse::<f64>().map_or(f64::NAN, |number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_by_what_they_mean() {
        let amount = |text: &str| amount(&Quantity(text.into()));
        assert!(amount("500m") < amount("1"));
        assert!(amount("1Gi") > amount("1G"));
        assert!((amount("1e3") - amount("1k")).abs() < f64::EPSILON);
        assert!(amount("many").is_nan());
    }
}
