//! Names that are not known to the cluster's DNS: whether there is such a Service, and whether the pod asks that DNS at all.
//! [`super::log`] asks.

use super::super::Case;
use crate::model::mutation::Address;
use crate::model::pod::Pod;
use crate::triage::finding::Fix;
use crate::triage::grammar::near;
use crate::triage::known::Fact;
use crate::triage::mend::{Changes, POD, mend};

/// What is known of a name beyond that nobody knows it.
pub(super) struct Unnamed {
    /// As a sentence.
    pub(super) words: String,
    /// What mends it.
    pub(super) fixes: Vec<Fix>,
}

/// What the cluster tells of a name that a run did not find.
pub(super) fn find(case: &Case<'_>, pod: &Pod, target: &str) -> Option<Unnamed> {
    let name = target.split(':').next().unwrap_or_default();
    let (service, namespace) = service(name, &pod.meta.namespace)?;
    let address = |name: &str| Address {
        api_version: "v1".into(),
        kind: "Service".into(),
        namespace: namespace.into(),
        name: name.into(),
    };
    match case.object(address(service))? {
        Fact::Missing => {
            let near = near(service, case.names_of("v1", "Service", namespace).unwrap_or_default().into_iter());
            let near = near.map(|near| format!(" There is a Service {near}.")).unwrap_or_default();
            let words = format!("There is no Service {service} in namespace {namespace}.{near}");
            let make =
                format!("create service/{service} in namespace {namespace}, or use the name of one that is there");
            Some(Unnamed { words, fixes: vec![Fix::outside(make)] })
        }
        Fact::Found(_) => without_cluster_dns(case, service, namespace),
        _ => None,
    }
}

/// The Service that a name stands for, and its namespace: `kafka`, `db.payments.svc`, `worker-0.peers.batch.svc.cluster.local`
/// (a pod of the headless Service peers). None for names that may as well be those of the world outside.
fn service<'n>(name: &'n str, own: &'n str) -> Option<(&'n str, &'n str)> {
    let labels: Vec<&str> = name.split('.').collect();
    match labels.iter().position(|label| *label == "svc") {
        Some(at) => Some((labels.get(at.checked_sub(2)?)?, labels[at - 1])),
        None if labels.len() == 1 && is_label(name) && name != "localhost" => Some((name, own)),
        None => None,
    }
}

/// It may be the name of a Service (RFC 1035).
fn is_label(name: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.chars().all(is_part)
}

/// The Service is there, and the pod asks the node's DNS, which does not know it (`dnsPolicy`; with `hostNetwork` the usual
/// one means that, too: kubelet `network/dns`).
fn without_cluster_dns(case: &Case<'_>, service: &str, namespace: &str) -> Option<Unnamed> {
    let spec = case.pod_spec()?;
    let policy = spec["dnsPolicy"].as_str().unwrap_or("ClusterFirst");
    let is_on_node = spec["hostNetwork"] == true;
    let why = match policy {
        "Default" => "dnsPolicy Default",
        "ClusterFirst" if is_on_node => "hostNetwork and no dnsPolicy ClusterFirstWithHostNet",
        _ => return None,
    };
    let right = if is_on_node { "ClusterFirstWithHostNet" } else { "ClusterFirst" };
    Some(Unnamed {
        words: format!(
            "Service {service} is there in namespace {namespace}, but with {why} the pod asks the DNS of its node, which does \
             not know Services."
        ),
        fixes: mend(case, format!("rerun with dnsPolicy {right}"), &Changes::set(format!("{POD}.dnsPolicy"), right)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::service;
    use crate::triage::scene_of_pod::Scene;

    #[test]
    fn names_of_services_are_told_from_those_of_the_world() {
        for (name, wanted) in [
            ("kafka", Some(("kafka", "batch"))),
            ("db.payments.svc", Some(("db", "payments"))),
            ("worker-0.peers.jobs.svc.cluster.local", Some(("peers", "jobs"))),
            ("db.prod", None),
            ("api.example.com", None),
            ("svc", None),
            ("another service", None),
            ("localhost", None),
        ] {
            assert_eq!(service(name, "batch"), wanted, "{name}");
        }
    }

    #[test]
    fn service_that_is_not_there_is_told_and_so_is_a_pod_that_asks_another_dns() {
        let line = "dial tcp: lookup ledger.batch.svc: no such host";
        let service = |name: &str| json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": "batch" } });
        let scene = Scene::ended(1, "Error").tail("etl-a", &[line]);
        let told = scene.clone().with(service("ledgers")).find().remove(0);
        let wanted = "There is no Service ledger in namespace batch. There is a Service ledgers.";
        assert!(told.rule.0 == "T073" && told.verdict.contains(wanted), "{}", told.verdict);
        let mut scene = scene.with(service("ledger"));
        assert!(!scene.find()[0].verdict.contains("Service"), "{}", scene.find()[0].verdict);
        scene.job()["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
        let told = scene.find().remove(0);
        assert!(told.verdict.contains("asks the DNS of its node"), "{}", told.verdict);
        let call = told.fixes[0].call.clone().unwrap();
        assert_eq!(call.argument, "spec.template.spec.dnsPolicy=ClusterFirstWithHostNet");
    }
}
