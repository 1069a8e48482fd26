//! Rules that look at a cluster: queues, and what is said of objects as a whole.

use serde_json::json;

use super::*;

/// A Job that is sent to queue `gpu`.
fn queued(spec: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{ name: etl, namespace: data, labels: {{ kueue.x-k8s.io/queue-name: gpu \
         }} }}\nspec:\n  suspend: {spec}\n"
    )
}

/// What L206 says where the queues of the newer and of the older version are these.
fn told_of_queue(text: &str, seen: &mut Seen, newer: Fact, older: Fact) -> Vec<String> {
    lint_in(text, Catalogue::built_in(), now(), seen, |_| true);
    for need in seen.needs() {
        let Need::Object(address) = &need else { panic!("{need:?}") };
        let place = (address.kind.as_str(), address.namespace.as_str(), address.name.as_str());
        assert_eq!(place, ("LocalQueue", "data", ""));
        let fact = if address.api_version.ends_with("v1beta2") { newer.clone() } else { older.clone() };
        seen.take(need, Answer::Object(fact));
    }
    let found = lint_in(text, Catalogue::built_in(), now(), seen, |lint| lint.id == "L206").findings;
    found.iter().map(|one| format!("{} {}: {}", one.severity.word(), one.path, one.message)).collect()
}

fn queues(names: &[&str]) -> Fact {
    Fact::Found(names.iter().map(|name| json!({ "metadata": { "name": name } })).collect())
}

#[test]
fn queue_that_is_not_there_is_told_with_those_that_are() {
    let told = |newer, older| told_of_queue(&queued("true"), &mut Seen::new("other"), newer, older);
    let wanted = "error metadata.labels[kueue.x-k8s.io/queue-name]: there is no LocalQueue `gpu` in namespace data (there \
                  are: batch, gpus): Kueue lets the Job wait for ever";
    assert_eq!(told(queues(&["gpus", "batch"]), Fact::Missing), [wanted]);
    assert!(told(Fact::Missing, queues(&[]))[0].contains("(there is none)"));
    assert_eq!(told(queues(&["gpu"]), Fact::Missing), [""; 0]);
    assert_eq!(told(Fact::Missing, queues(&["gpu"])), [""; 0], "an older Kueue");
    assert_eq!(told(Fact::Unreadable("forbidden".into()), Fact::Missing), [""; 0]);
}

#[test]
fn queue_that_comes_with_the_manifests_is_there() {
    let queue = "---\napiVersion: kueue.x-k8s.io/v1beta1\nkind: LocalQueue\nmetadata: { name: gpu, namespace: data }\n";
    let text = queued("true") + queue;
    let mut seen = Seen::new("other");
    seen.add(&text);
    assert_eq!(told_of_queue(&text, &mut seen, queues(&[]), Fact::Missing), [""; 0]);
}

#[test]
fn cluster_without_kueue_is_told_with_what_becomes_of_the_job() {
    let told =
        |suspend| told_of_queue(&queued(suspend), &mut Seen::new("other"), Fact::Missing, Fact::Missing).concat();
    assert!(told("true").starts_with("error ") && told("true").contains("nobody resumes the Job"), "{}", told("true"));
    assert!(
        told("false").starts_with("warning ") && told("false").contains("the Job starts at once"),
        "{}",
        told("false")
    );
}

#[test]
fn live_job_that_needs_no_pods_is_not_asked_for() {
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: { name: etl, namespace: data, labels: { \
                kueue.x-k8s.io/queue-name: gpu } }\nspec: { template: { spec: { containers: [{ name: main }] } } }\n";
    let asked = |seen: &Seen| {
        lint_in(text, Catalogue::built_in(), now(), seen, |_| true);
        (seen.questions().len(), seen.needs().len())
    };
    let mut seen = Seen::default();
    assert_eq!(asked(&seen), (1, 2));
    let address = |kind: &str| crate::model::mutation::Address {
        api_version: "batch/v1".into(),
        kind: kind.into(),
        namespace: "data".into(),
        name: "etl".into(),
    };
    seen.settle(address("Job"));
    assert_eq!(asked(&seen), (0, 0));
}
