//! A plan in words.

use serde_json::json;

use super::*;
use crate::command::apply::documents;
use crate::model::delta::{Cause, Failure};
use crate::model::mutation::Reason;

fn config_map(value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c", "namespace": "data" }, "data": { "key": value },
    })
}

fn plan() -> Plan {
    documents(vec![config_map("new")], "data", false).unwrap()
}

fn ready(before: Option<Value>, after: Value) -> Verdict {
    let mutation = plan().mutations.remove(0);
    let (sent, warnings) = (Some(config_map("new")), vec!["it is old".to_owned()]);
    Verdict::Ready(Box::new(Prepared {
        mutation,
        before,
        sent,
        after: Some(after),
        untried: None,
        warnings,
        requests: Vec::new(),
    }))
}

fn texts(lines: Vec<Line>) -> Vec<String> {
    lines.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn head_says_where_what_and_what_the_server_says() {
    let mut before = config_map("old");
    before["metadata"]["managedFields"] =
        json!([{ "manager": "kubectl", "operation": "Update", "fieldsV1": { "f:data": { "f:key": {} } } }]);
    let told = texts(head(&plan(), &[ready(Some(before.clone()), config_map("new"))], "prod"));
    assert_eq!(
        told,
        [
            "context    prod",
            "namespace  data",
            "effect     configmap/c is made or changed",
            "note       the server warns: it is old",
            "note       configmap/c: kubectl set data.key before",
            "dry run    accepted",
        ]
    );
    let told = texts(head(&plan(), &[ready(Some(before.clone()), before)], "prod"));
    assert_eq!(told.last().unwrap(), "dry run    accepted; NOTHING would change");
}

#[test]
fn what_the_server_adds_has_a_sign_of_its_own() {
    let mut after = config_map("new");
    after["immutable"] = json!(false);
    let told = texts(differences(&plan(), &[ready(Some(config_map("old")), after)]));
    for line in ["-   key: old", "+   key: new", ". immutable: false", "  apiVersion: v1"] {
        assert!(told.iter().any(|one| one == line), "{line} in {told:?}");
    }
}

#[test]
fn what_cannot_be_tried_yet_is_shown_as_it_was_written() {
    let told = texts(differences(&plan(), &[Verdict::Waits(0)]));
    assert!(told.contains(&"+ data:".to_owned()), "{told:?}");
    let told = texts(head(&plan(), &[Verdict::Waits(0)], "prod"));
    assert_eq!(told.last().unwrap(), "dry run    accepted, but for 1 that cannot be tried yet");
}

#[test]
fn refusals_have_their_fields_and_the_next_step() {
    let failure = Failure { cause: Cause::Other, message: "cannot apply configmap/c: no".into(), hint: "".into() };
    let fields = vec![("data".to_owned(), "wrong".to_owned())];
    let verdicts = [Verdict::Refused(Refused { failure, reason: Reason::Invalid, fields })];
    let told = texts(refusals(&plan(), &verdicts));
    assert_eq!(
        told.iter().map(|line| line.trim()).collect::<Vec<_>>(),
        ["cannot apply configmap/c: no", "data: wrong", "Next: correct the manifest.",]
    );
    assert_eq!(texts(head(&plan(), &verdicts, "prod")).last().unwrap(), "dry run    refused");
}
