//! What a pod asks for although its template does not: RuntimeClasses, LimitRanges, policies and webhooks add to pods when
//! they are made. Whoever looks at the Job alone never finds it.

use super::super::finding::Fix;
use super::super::mend::{self, Changes, POD};
use super::super::trial::asked;
use super::Scene;
use super::nodes::misses;
use crate::model::limit_range::LimitRange;
use crate::model::node::Node;
use crate::model::resources::{Quantity, amount_of};

/// Who added it, as a sentence that follows another one, and what takes it away.
pub(super) struct Added {
    pub words: String,
    pub fixes: Vec<Fix>,
}

/// Who added what a node lacks of the labels that the pod asks for. None where the template itself asks for any of them.
pub(super) fn labels(scene: Scene<'_, '_>, node: &Node, lacking: &[String]) -> Option<Added> {
    let own = misses(node, scene.case.pod_spec()?);
    if lacking.iter().any(|one| own.contains(one)) {
        return None;
    }
    let what = lacking.join(" and ");
    let class = class_of(scene).filter(|class| {
        let class = scene.case.found("node.k8s.io/v1", "RuntimeClass", "", class);
        let selector = class.and_then(|class| class["scheduling"]["nodeSelector"].as_object());
        let mut selected = selector.into_iter().flatten().map(|(key, value)| (key, value.as_str().unwrap_or_default()));
        selected.any(|(key, value)| lacking.contains(&format!("{key}={value}")))
    });
    Some(match class {
        Some(class) => Added {
            words: format!(
                " The Job does not ask for {what} itself: RuntimeClass {class}, which it names, adds that to its pods."
            ),
            fixes: without_class(scene, class),
        },
        None => somebody(&what),
    })
}

/// Who added what the pod asks for of a resource. None where the template asks for all of it.
pub(super) fn amount(scene: Scene<'_, '_>, resource: &str) -> Option<Added> {
    let (spec, template) = (scene.sight.spec?, scene.case.pod_spec()?);
    let overhead = overhead(scene, resource);
    if let Some(class) = class_of(scene).filter(|_| overhead > Quantity::default()) {
        return Some(Added {
            words: format!(
                " {} of it is what RuntimeClass {class}, which the Job names, adds to each pod (overhead).",
                overhead.words()
            ),
            fixes: without_class(scene, class),
        });
    }
    let (own, all) = (asked(template, "requests", resource), asked(spec, "requests", resource));
    if own >= all {
        return None;
    }
    let fills_in = |range: &&LimitRange| {
        let given = |limit: &crate::model::limit_range::Limit| {
            amount_of(&limit.default_request, resource).or_else(|| amount_of(&limit.default_limit, resource)).is_some()
        };
        range.meta.namespace == scene.pod.meta.namespace && range.limits.iter().any(given)
    };
    let mut ranges = scene.case.known.snapshot.limit_ranges.iter();
    let what = if own == Quantity::default() { "it" } else { "all of it" };
    Some(match ranges.find(fills_in) {
        Some(range) => Added {
            words: format!(
                " The Job does not ask for {what} itself: LimitRange {} in namespace {} fills it in.",
                range.meta.name, range.meta.namespace
            ),
            fixes: vec![Fix::outside(format!("change the default of {resource} in limitrange/{}", range.meta.name))],
        },
        None => somebody(what),
    })
}

/// What the pod's runtime class adds of a resource.
pub(super) fn overhead(scene: Scene<'_, '_>, resource: &str) -> Quantity {
    let overhead = scene.sight.spec.and_then(|spec| spec["overhead"][resource].as_str());
    overhead.and_then(Quantity::parse).unwrap_or_default()
}

fn class_of<'a>(scene: Scene<'_, 'a>) -> Option<&'a str> {
    scene.sight.spec?["runtimeClassName"].as_str()
}

fn without_class(scene: Scene<'_, '_>, class: &str) -> Vec<Fix> {
    let is_own = scene.case.pod_spec().is_some_and(|spec| spec["runtimeClassName"] == class);
    let mut fixes = match is_own {
        true => mend::mend(
            scene.case,
            "leave runtimeClassName out in a new Job, where it can do without",
            &Changes::remove(format!("{POD}.runtimeClassName")),
        ),
        false => Vec::new(),
    };
    fixes.push(Fix::outside(format!("ask those who run the cluster about runtimeclass/{class}")));
    fixes
}

/// Nobody knows who added it.
pub(super) fn somebody(what: &str) -> Added {
    Added {
        words: format!(
            " The Job does not ask for {what} itself: a policy or webhook of the cluster added that to the pod."
        ),
        fixes: vec![Fix::outside(
            "ask those who run the cluster what adds it: kubectl get mutatingadmissionpolicies,mutatingwebhookconfigurations",
        )],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::Finding;
    use super::super::super::scene::{found, job, node, pod, with};

    /// The Job with this pod template, its pod with more in its spec, and what the scheduler says.
    fn told(template: Value, own: Value, message: &str, others: &[Value]) -> Finding {
        let job = with(job(), json!({ "spec": { "template": { "spec": template } } }));
        let pod =
            with(with(pod("etl-a", "Unschedulable", message), json!({ "spec": template })), json!({ "spec": own }));
        found(&[&[job, pod, node("a")], others].concat()).remove(0)
    }

    #[test]
    fn what_a_runtime_class_adds_is_told_with_its_name() {
        let class = json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": { "name": "vm" },
            "scheduling": { "nodeSelector": { "sandbox": "vm" } },
        });
        let unmatched = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
        let own = json!({ "nodeSelector": { "sandbox": "vm" } });
        let finding = told(json!({ "runtimeClassName": "vm" }), own.clone(), unmatched, &[class]);
        assert!(finding.verdict.contains("RuntimeClass vm, which it names, adds that"), "{}", finding.verdict);
        let call = finding.fixes[0].call.clone().unwrap();
        assert_eq!(call.argument, "spec.template.spec.runtimeClassName-");
        let finding = told(json!({}), own, unmatched, &[]);
        assert!(finding.verdict.contains("No node has sandbox=vm"), "{}", finding.verdict);
        assert!(finding.verdict.contains("a policy or webhook of the cluster added that"), "{}", finding.verdict);
        assert!(finding.fixes.iter().all(|fix| fix.call.is_none()), "no new Job is rid of it: {:?}", finding.fixes);
        // What the Job asks for itself is its own.
        let finding = told(json!({ "nodeSelector": { "sandbox": "vm" } }), json!({}), unmatched, &[]);
        assert!(!finding.verdict.contains("itself"), "{}", finding.verdict);
    }

    #[test]
    fn amounts_that_others_add_are_told_with_who_does() {
        let full = "0/1 nodes are available: 1 Insufficient memory.";
        let asks = json!([{ "name": "main", "resources": { "requests": { "memory": "100Mi" } } }]);
        let overhead = json!({ "overhead": { "memory": "64Gi" } });
        let template = json!({ "containers": asks, "runtimeClassName": "vm" });
        let finding = told(template, overhead, full, &[]);
        assert!(finding.verdict.contains("64Gi of it is what RuntimeClass vm"), "{}", finding.verdict);
        assert_eq!(finding.fixes[0].call.clone().unwrap().argument, "spec.template.spec.runtimeClassName-");
        let range = json!({
            "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "scratch", "namespace": "batch" },
            "spec": { "limits": [{ "type": "Container", "defaultRequest": { "ephemeral-storage": "900Gi" } }] },
        });
        let own = json!({ "containers": [
            { "name": "main", "resources": { "requests": { "ephemeral-storage": "900Gi" } } },
        ] });
        let disk = json!({ "status": { "allocatable": { "ephemeral-storage": "250Gi" } } });
        let full = "0/1 nodes are available: 1 Insufficient ephemeral-storage.";
        let template = json!({ "containers": [{ "name": "main" }] });
        let finding = told(template, own, full, &[range, with(node("a"), disk)]);
        assert!(finding.verdict.contains("LimitRange scratch in namespace batch fills it in"), "{}", finding.verdict);
        let call = finding.fixes[0].call.clone().unwrap();
        assert!(
            call.argument.ends_with("containers[name=main].resources.requests.ephemeral-storage=192Gi"),
            "{call:?}"
        );
    }

    #[test]
    fn an_init_container_that_is_too_large_is_the_one_to_ask_for_less() {
        let load = json!({ "name": "load", "resources": { "requests": { "memory": "64Gi" } } });
        let template = json!({ "initContainers": [load], "containers": [{ "name": "main" }] });
        let finding = told(template, json!({}), "0/1 nodes are available: 1 Insufficient memory.", &[]);
        let call = finding.fixes[0].call.clone().unwrap();
        assert_eq!(call.argument, "spec.template.spec.initContainers[name=load].resources.requests.memory=32Gi");
        // Of a pod that asks as a whole its containers are not the ones.
        let whole = json!({ "resources": { "requests": { "memory": "64Gi" } }, "containers": [{ "name": "main" }] });
        let finding = told(whole, json!({}), "0/1 nodes are available: 1 Insufficient memory.", &[]);
        let call = finding.fixes[0].call.clone().unwrap();
        assert_eq!(call.argument, "spec.template.spec.resources.requests.memory=32Gi");
    }
}
