//! What containers ask for and may take.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Lint;
use super::subject::{Draft, Field, Subject};
use crate::manifest::problem::Severity;
use crate::model::resources::Quantity;

/// What a container asks for that says nothing.
const REQUESTS: [(&str, &str); 2] = [("cpu", "100m"), ("memory", "128Mi")];

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L014",
        name: "request-above-limit",
        severity: Severity::Error,
        help: "A container cannot ask for more than it may take.",
        check: |it, found| {
            for container in it.all_containers() {
                let limits = container.at("resources.limits");
                for (name, request) in container.at("resources.requests").entries() {
                    let limit = limits.key(name);
                    if let (Some(wanted), Some(most)) = (amount(&request), amount(&limit))
                        && wanted > most
                    {
                        let told = format!("the request of {name} exceeds its limit: the Job is refused");
                        found.push(request.told(told).mended([limit.set(request.value.clone())]));
                    }
                }
            }
        },
    },
    Lint {
        id: "L060",
        name: "no-requests",
        severity: Severity::Warning,
        help: "Containers need requests of cpu and memory, or pods are placed blindly.",
        check: |it, found| {
            for container in it.all_containers() {
                let (requests, limits) = (container.at("resources.requests"), container.at("resources.limits"));
                let missing =
                    REQUESTS.iter().filter(|(name, _)| requests.key(name).is_absent() && limits.key(name).is_absent());
                let missing: Vec<_> = missing.collect();
                if !missing.is_empty() {
                    let names = match missing[..] {
                        [(name, _)] => format!("no {name}"),
                        _ => "neither cpu nor memory".to_owned(),
                    };
                    let told = format!("it asks for {names}: nodes are packed blindly, and quotas refuse the pod");
                    let changes: Vec<_> =
                        missing.iter().map(|(name, amount)| requests.key(name).set(*amount)).collect();
                    found.push(requests.told(told).mended(changes));
                }
            }
        },
    },
    Lint {
        id: "L061",
        name: "no-memory-limit",
        severity: Severity::Warning,
        help: "Containers need a limit of memory, or one leak takes the node down.",
        check: |it, found| {
            let told = "without a limit of memory one leak can take the node down, and other pods with it";
            no_limit(it, found, REQUESTS[1], told);
        },
    },
    Lint {
        id: "L062",
        name: "no-cpu-limit",
        severity: Severity::Note,
        help: "Without a limit of cpu a container takes what is free, also from its neighbours.",
        check: |it, found| {
            no_limit(it, found, REQUESTS[0], "without a limit of cpu it may starve its neighbours on the node");
        },
    },
    Lint {
        id: "L063",
        name: "unbounded-scratch",
        severity: Severity::Note,
        help: "An emptyDir needs sizeLimit, or its data fills the node's disk until pods are evicted.",
        check: |it, found| {
            if it.all_containers().any(|one| !one.at("resources.limits.ephemeral-storage").is_absent()) {
                return;
            }
            for volume in it.pod().key("volumes").items() {
                let size = volume.at("emptyDir.sizeLimit");
                if !volume.key("emptyDir").is_absent() && size.is_absent() {
                    let told = "nothing limits this scratch space: what fills the node's disk gets pods evicted";
                    found.push(size.told(told).mended([size.set("1Gi")]));
                }
            }
        },
    },
    Lint {
        id: "L064",
        name: "extended-resource-shape",
        severity: Severity::Error,
        help: "Devices such as GPUs are whole numbers in limits, and requests are the same.",
        check: extended_resource_shape,
    },
    Lint {
        id: "L065",
        name: "gpu-without-toleration",
        severity: Severity::Note,
        help: "Nodes with GPUs are often tainted, so that only pods with a toleration are placed on them.",
        check: |it, found| {
            let tolerations = it.pod().key("tolerations");
            let limits = it.all_containers().flat_map(|one| one.at("resources.limits").entries());
            let gpu = limits
                .map(|(name, _)| name)
                .find(|name| name.split_once('/').is_some_and(|(_, device)| device.contains("gpu")));
            if let (Some(gpu), 0) = (gpu, tolerations.count()) {
                let told = format!("nodes with {gpu} are often tainted: without a toleration the pod waits for ever");
                let toleration = json!([{ "key": gpu, "operator": "Exists", "effect": "NoSchedule" }]);
                found.push(tolerations.told(told).mended([tolerations.set(toleration)]));
            }
        },
    },
];

/// The amount that a field says; None where it says none.
fn amount(field: &Field<'_>) -> Option<Quantity> {
    Quantity::deserialize(field.value).ok()
}

fn no_limit(it: &Subject<'_>, found: &mut Vec<Draft>, (name, default): (&str, &str), told: &str) {
    for container in it.all_containers() {
        let limit = container.at("resources.limits").key(name);
        if limit.is_absent() {
            let request = container.at("resources.requests").key(name);
            let doubled = doubled(request.text().unwrap_or(default)).map(|amount| limit.set(amount));
            found.push(limit.told(told).mended_if(doubled));
        }
    }
}

/// Twice an amount, in its own unit where it is a whole number of them.
fn doubled(amount: &str) -> Option<String> {
    let end = amount.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(amount.len());
    let (number, unit) = amount.split_at(end);
    match number.parse::<i64>() {
        Ok(number) if !unit.contains('.') => Some(format!("{}{unit}", number.checked_mul(2)?)),
        _ => Some(format!("{}m", Quantity::parse(amount)?.millis().checked_mul(2)?)),
    }
}

fn extended_resource_shape(it: &Subject<'_>, found: &mut Vec<Draft>) {
    for container in it.all_containers() {
        let (requests, limits) = (container.at("resources.requests"), container.at("resources.limits"));
        let mut names: Vec<&str> = requests.entries().chain(limits.entries()).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        // Kubernetes' own resources have no vendor, or one of its domains.
        for name in names
            .into_iter()
            .filter(|name| name.split_once('/').is_some_and(|(vendor, _)| !vendor.ends_with("kubernetes.io")))
        {
            let (request, limit) = (requests.key(name), limits.key(name));
            let is_whole = |field: &Field<'_>| amount(field).is_none_or(|one| one.millis() % 1_000 == 0);
            if !is_whole(&request) || !is_whole(&limit) {
                let field = if is_whole(&limit) { &request } else { &limit };
                found.push(field.told(format!("{name} is counted in whole numbers: the Job is refused")));
            } else if !request.is_absent() && amount(&request) != amount(&limit) {
                let told = format!("{name} has to be in limits, and requests the same: the Job is refused");
                found.push(limit.told(told).mended([limit.set(Value::clone(request.value))]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_doubled_in_their_unit() {
        let cases = [("128Mi", "256Mi"), ("1", "2"), ("100m", "200m"), ("0.5", "1000m"), ("1.5Gi", "3221225472000m")];
        for (amount, twice) in cases {
            assert_eq!(doubled(amount).as_deref(), Some(twice));
            let [once, twice] = [amount, twice].map(|text| Quantity::parse(text).unwrap().millis());
            assert_eq!(once * 2, twice);
        }
        assert_eq!(doubled("much"), None);
    }
}
