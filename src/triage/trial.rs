//! Pods that nobody has made yet: what the words mean with which a server refuses one that it only tries, and whether
//! quotas have room for all that run at once. The linter asks; nothing here tries anything.

use compact_str::CompactString;
use serde_json::Value;

use super::case::Case;
use super::finding::Finding;
use super::known::Known;
use super::{mend, refused};
use crate::model::event::Event;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Meta;
use crate::model::owner::Subject;
use crate::model::quota::{ResourceQuota, Scope};
use crate::model::resources::{Quantity, amount_of};
use crate::model::snapshot::Snapshot;

/// What it means that a server refuses a pod of this Job with these words, as if its controller had been told so. None
/// where the Job is not known.
pub fn refusal(known: Known<'_>, job: Subject, words: &str) -> Option<Finding> {
    let case = Case::of(known, job)?;
    let job = case.whole_job()?;
    let event = Event {
        meta: Meta {
            uid: Uid::new(""),
            namespace: job.meta.namespace.clone(),
            name: CompactString::default(),
            version: 0,
            created: None,
            deleted: None,
            owner: None,
            labels: Box::default(),
        },
        about: job.meta.uid,
        about_kind: Some(Kind::Job),
        about_name: case.key.to_string().into(),
        reason: "FailedCreate".into(),
        note: words.into(),
        is_warning: true,
        count: 1,
        last: None,
    };
    refused::read(&case, job, &event)
}

/// A quota that has no room for as many pods as are to run at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// How many pods it has room for now; 0 where it takes none.
    pub fits: i64,
    /// What is so and what follows, in a sentence without its full stop.
    pub words: String,
}

/// The quota of a namespace that has room for the fewest pods like this one, where that is fewer than are wanted. What
/// the pod asks for is read from the object, so that what admission fills in counts where the server has filled it in.
pub fn crowd(snapshot: &Snapshot, namespace: &str, pod: &Value, wanted: i64) -> Option<Crowd> {
    let rooms =
        shares(snapshot, namespace, &pod["spec"]).filter_map(|one| Some((one.left.divided_by(one.asked)?, one)));
    let (fits, Share { quota: name, resource, asked, left, hard }) =
        rooms.min_by(|a, b| (a.0, a.1.quota, a.1.resource).cmp(&(b.0, b.1.quota, b.1.resource)))?;
    if fits >= wanted {
        return None;
    }
    let (left, hard) = (left.words(), hard.words());
    let pods = if wanted == 1 { "the pod".to_owned() } else { format!("{fits} of the {wanted} pods that run at once") };
    let asks = match resource {
        "pods" | "count/pods" => format!("it allows {hard} {resource}, and {left} more may be made"),
        _ => format!("each asks for {} {resource}, and {left} of {hard} is left", asked.words()),
    };
    let follows = if fits == 0 { "none may be created" } else { "the others wait until those have ended" };
    let room = if fits == 0 { "no room now for" } else { "room now for" };
    Some(Crowd { fits, words: format!("quota {name} in {namespace} has {room} {pods}: {asks}; {follows}") })
}

/// What a pod takes of a quota that counts it.
pub(super) struct Share<'a> {
    /// The quota's name.
    pub(super) quota: &'a str,
    /// As the quota names it.
    pub(super) resource: &'a str,
    /// What the pod takes; 0 where it asks for none.
    pub(super) asked: Quantity,
    /// What is left, at least 0.
    pub(super) left: Quantity,
    /// What the quota allows in all.
    pub(super) hard: Quantity,
}

/// What a pod of this spec takes of each quota of a namespace that counts it.
pub(super) fn shares<'a>(
    snapshot: &'a Snapshot,
    namespace: &'a str,
    spec: &'a Value,
) -> impl Iterator<Item = Share<'a>> {
    let quotas = snapshot.quotas.iter().filter(move |quota| quota.meta.namespace == namespace && counts(quota, spec));
    quotas.flat_map(move |quota| {
        quota.hard.iter().filter_map(move |(resource, hard)| {
            let asked = asked_of(quota_resource(resource)?, spec);
            let used = amount_of(&quota.used, resource).unwrap_or_default();
            let left = hard.minus(used).max(Quantity::default());
            Some(Share { quota: &quota.meta.name, resource, asked, left, hard: *hard })
        })
    })
}

/// What a quota's resource counts in a pod.
enum Counted<'a> {
    /// The pod itself.
    Pods,
    /// Of `requests` or `limits` this resource.
    Amount(&'a str, &'a str),
}

/// None for what pods have no part in: claims, numbers of other objects.
fn quota_resource(name: &str) -> Option<Counted<'_>> {
    match name {
        "pods" | "count/pods" => Some(Counted::Pods),
        "cpu" | "memory" | "ephemeral-storage" => Some(Counted::Amount("requests", name)),
        "requests.storage" => None,
        _ => name
            .split_once('.')
            .filter(|(side, _)| matches!(*side, "requests" | "limits"))
            .map(|(side, name)| Counted::Amount(side, name)),
    }
}

fn asked_of(counted: Counted<'_>, spec: &Value) -> Quantity {
    match counted {
        Counted::Pods => Quantity::parse("1").unwrap_or_default(),
        Counted::Amount(side, resource) => asked(spec, side, resource),
    }
}

/// Whether a quota counts pods of this spec (apiserver `pkg/quota/v1/evaluator/core/pods.go`, `podMatchesScopeFunc`).
fn counts(quota: &ResourceQuota, spec: &Value) -> bool {
    let has_deadline = spec["activeDeadlineSeconds"].is_number();
    let asks_for_nothing = ["cpu", "memory"]
        .iter()
        .all(|resource| ["requests", "limits"].iter().all(|side| asked(spec, side, resource) == Quantity::default()));
    let class = spec["priorityClassName"].as_str().unwrap_or_default();
    let holds = |scope: &Scope| match scope.name.as_str() {
        "Terminating" => has_deadline,
        "NotTerminating" => !has_deadline,
        "BestEffort" => asks_for_nothing,
        "NotBestEffort" => !asks_for_nothing,
        "PriorityClass" => match scope.operator.as_str() {
            "In" => scope.values.iter().any(|value| value == class),
            "NotIn" => !scope.values.iter().any(|value| value == class),
            "Exists" => !class.is_empty(),
            _ => class.is_empty(),
        },
        // Affinity across namespaces is rare: nothing is said of it rather than something wrong.
        _ => false,
    };
    quota.scopes.iter().all(holds)
}

/// The names of what the containers of a pod ask for, or are limited in.
pub(super) fn resources(spec: &Value) -> Vec<String> {
    let mut names: Vec<String> = containers(spec, "containers")
        .chain(containers(spec, "initContainers"))
        .chain([spec])
        .flat_map(|one| ["requests", "limits"].into_iter().filter_map(|side| one["resources"][side].as_object()))
        .flat_map(|amounts| amounts.keys().cloned())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What a pod asks for of a resource, or is limited to: its containers and sidecars together, or an init container with
/// the sidecars before it where that is more; where the pod as a whole says it, that; with the overhead of its runtime
/// class (`k8s.io/component-helpers/resource`, `PodRequests` and `PodLimits`).
pub(super) fn asked(spec: &Value, side: &str, resource: &str) -> Quantity {
    // A limit without a request is a request too.
    let own = |one: &Value| {
        let limit = || mend::amount(one, "limits", resource).filter(|_| side == "requests");
        mend::amount(one, side, resource).or_else(limit)
    };
    let of = |one: &Value| own(one).unwrap_or_default();
    let (mut sidecars, mut peak) = (Quantity::default(), Quantity::default());
    for init in containers(spec, "initContainers") {
        let together = sidecars.plus(of(init));
        if init["restartPolicy"] == "Always" {
            sidecars = together;
        }
        peak = peak.max(together);
    }
    let all =
        own(spec).unwrap_or_else(|| containers(spec, "containers").map(of).fold(sidecars, Quantity::plus).max(peak));
    let overhead = &spec["overhead"][resource];
    let overhead =
        overhead.as_str().and_then(Quantity::parse).filter(|_| side == "requests" || all > Quantity::default());
    all.plus(overhead.unwrap_or_default())
}

fn containers<'a>(spec: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    spec[list].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scene::{job, with};
    use super::super::tests::snapshot_of;
    use super::*;
    use crate::model::fixtures::time;
    use crate::triage::Facts;

    fn quota(name: &str, hard: Value, used: Value, spec: Value) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": name, "namespace": "batch", "uid": name },
            "spec": spec, "status": { "hard": hard, "used": used },
        })
    }

    fn pod(cpu: &str) -> Value {
        json!({ "spec": { "containers": [{ "name": "main", "resources": { "requests": { "cpu": cpu } } }] } })
    }

    fn crowded(quotas: &[Value], pod: &Value, wanted: i64) -> Option<(i64, String)> {
        crowd(&snapshot_of(quotas), "batch", pod, wanted).map(|crowd| (crowd.fits, crowd.words))
    }

    #[test]
    fn quota_with_room_for_some_of_the_pods_is_told_with_how_many() {
        let cpu = quota("cpu", json!({ "requests.cpu": "4", "pods": "50" }), json!({ "requests.cpu": "2" }), json!({}));
        let told = crowded(std::slice::from_ref(&cpu), &pod("500m"), 6).unwrap();
        let wanted = "quota cpu in batch has room now for 4 of the 6 pods that run at once: each asks for 500m \
                      requests.cpu, and 2 of 4 is left; the others wait until those have ended";
        assert_eq!(told, (4, wanted.to_owned()));
        assert_eq!(crowded(std::slice::from_ref(&cpu), &pod("500m"), 4), None);
        let (fits, words) = crowded(std::slice::from_ref(&cpu), &pod("3"), 1).unwrap();
        assert!(fits == 0 && words.contains("has no room now for the pod: each asks for 3 requests.cpu"), "{words}");
        let pods = quota("few", json!({ "pods": "3" }), json!({ "pods": "2" }), json!({}));
        let (fits, words) = crowded(&[cpu, pods], &pod("500m"), 2).unwrap();
        assert!(fits == 1 && words.contains("quota few") && words.contains("allows 3 pods, and 1 more"), "{words}");
    }

    #[test]
    fn quota_that_does_not_count_the_pod_says_nothing() {
        let full = |spec: Value| [quota("q", json!({ "pods": "0" }), json!({}), spec)];
        let scoped = |scope: &str| full(json!({ "scopes": [scope] }));
        let mut brief = pod("1");
        brief["spec"]["activeDeadlineSeconds"] = json!(60);
        for (scope, pod, counts) in [
            ("Terminating", &pod("1"), false),
            ("Terminating", &brief, true),
            ("NotTerminating", &pod("1"), true),
            ("BestEffort", &pod("1"), false),
            ("NotBestEffort", &pod("1"), true),
        ] {
            assert_eq!(crowded(&scoped(scope), pod, 1).is_some(), counts, "{scope}");
        }
        let classes = |operator: &str| {
            let one = json!({ "scopeName": "PriorityClass", "operator": operator, "values": ["high"] });
            full(json!({ "scopeSelector": { "matchExpressions": [one] } }))
        };
        let mut high = pod("1");
        high["spec"]["priorityClassName"] = json!("high");
        assert!(crowded(&classes("In"), &high, 1).is_some() && crowded(&classes("In"), &pod("1"), 1).is_none());
        let claims = quota("q", json!({ "requests.storage": "0", "count/jobs.batch": "0" }), json!({}), json!({}));
        assert_eq!(crowded(&[claims], &pod("1"), 1), None);
    }

    #[test]
    fn pod_asks_for_its_containers_together_or_for_its_largest_start() {
        let of = |cpu: &str| json!({ "resources": { "requests": { "cpu": cpu } } });
        let sidecar = with(of("1"), json!({ "restartPolicy": "Always" }));
        let spec = |inits: Value| json!({ "containers": [of("1"), of("2")], "initContainers": inits });
        let cpu = |spec: &Value| asked(spec, "requests", "cpu").words();
        assert_eq!(cpu(&spec(json!([of("2")]))), "3");
        assert_eq!(cpu(&spec(json!([of("5")]))), "5");
        assert_eq!(cpu(&spec(json!([sidecar, of("5")]))), "6");
        assert_eq!(cpu(&spec(json!([sidecar]))), "4");
        assert_eq!(cpu(&with(spec(json!([])), json!({ "overhead": { "cpu": "250m" } }))), "3250m");
        assert_eq!(cpu(&json!({ "containers": [{ "resources": { "limits": { "cpu": "2" } } }] })), "2");
        assert_eq!(cpu(&with(spec(json!([])), json!({ "resources": { "requests": { "cpu": "7" } } }))), "7");
    }

    #[test]
    fn words_of_a_trial_mean_what_they_mean_in_an_event_and_no_pods_are_counted() {
        let mut tried = job();
        tried["metadata"]["creationTimestamp"].take();
        let (snapshot, facts) = (snapshot_of(&[tried]), Facts::default());
        let known = Known { snapshot: &snapshot, facts: &facts, now: time("2026-05-04T12:00:00Z") };
        let job = Subject { kind: Kind::Job, uid: Uid::new("etl") };
        let words = r#"pods "etl-x" is forbidden: exceeded quota: compute, requested: limits.cpu=2, used: limits.cpu=3, limited: limits.cpu=4"#;
        let finding = refusal(known, job, words).unwrap();
        let wanted = "Quota compute in batch is full: each pod asks for 2 limits.cpu, 1 of 4 is left.";
        assert_eq!((finding.rule.0, finding.verdict.as_str()), ("T006", wanted));
        assert_eq!(refusal(known, job, "admission webhook \"w\" denied the request: no").unwrap().rule.0, "T010");
    }
}
