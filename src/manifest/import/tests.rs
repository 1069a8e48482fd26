//! What becomes of texts that are taken in.

use serde_json::json;

use super::*;
use crate::manifest::samples::{SAMPLES, for_mutilated};

fn objects(text: &str) -> Vec<Value> {
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.documents.into_iter().map(|one| one.object).collect()
}

const LIVE: &str = "apiVersion: batch/v1
kind: Job
metadata:
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {\"a\":1}
  creationTimestamp: \"2026-11-21T10:00:00Z\"
  generation: 1
  labels:
    batch.kubernetes.io/controller-uid: u
    batch.kubernetes.io/job-name: j
    controller-uid: u
    job-name: j
    team: data # mine
  managedFields:
  - apiVersion: batch/v1
    manager: kubectl
  name: j # the name
  resourceVersion: \"1\"
  uid: u
spec:
  selector:
    matchLabels:
      batch.kubernetes.io/controller-uid: u
  suspend: false
  template:
    metadata:
      creationTimestamp: null
      labels:
        batch.kubernetes.io/controller-uid: u
        job-name: j
    spec:
      containers: []
status:
  active: 1
";

#[test]
fn a_text_that_needs_nothing_comes_back_as_it_was() {
    for (name, text) in SAMPLES.iter().filter(|(name, _)| !name.contains("v1beta1") && !name.contains("pseudo")) {
        assert_eq!(import(text), Imported { text: (*text).to_owned(), notes: Vec::new() }, "{name}");
    }
    for text in ["", "a: 1", "a: [\n", "# only\n\n", "a: |\n  \tb\n", "{{ .Values }}\n"] {
        assert_eq!(import(text), Imported { text: text.to_owned(), notes: Vec::new() });
    }
}

#[test]
fn what_the_server_wrote_is_left_out_and_comments_stay() {
    let imported = import(LIVE);
    let expected = "apiVersion: batch/v1
kind: Job
metadata:
  labels:
    team: data # mine
  name: j # the name
spec:
  suspend: false
  template:
    spec:
      containers: []
";
    assert_eq!(imported.text, expected, "{:?}", imported.notes);
    assert_eq!(imported.notes.len(), 1);
    assert!(imported.notes[0].contains("`spec.selector`"), "{:?}", imported.notes);
    assert_eq!(import(expected).notes, Vec::<String>::new());
}

#[test]
fn a_selector_that_a_person_chose_stays() {
    let text = "kind: Job\nspec:\n  manualSelector: true\n  selector:\n    matchLabels:\n      controller-uid: mine\n";
    assert_eq!(import(text).text, text);
    let text = "kind: Job\nspec:\n  selector:\n    matchLabels:\n      app: mine\n";
    assert_eq!(import(text).text, text);
}

#[test]
fn json_becomes_yaml() {
    let imported = import("{\"kind\":\"Job\",\"metadata\":{\"name\":\"j\",\"uid\":\"u\"}}\n{\"kind\":\"Pod\"}");
    assert_eq!(imported.text, "kind: Job\nmetadata:\n  name: j\n---\nkind: Pod\n");
    assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
    let list = json!({ "kind": "List", "apiVersion": "v1", "items": [{ "kind": "Job" }, { "kind": "CronJob" }] });
    assert_eq!(import(&list.to_string()).text, "kind: Job\n---\nkind: CronJob\n");
}

#[test]
fn a_list_becomes_documents_with_their_comments() {
    let text = "apiVersion: v1\nitems:\n# one\n- kind: Job # a\n  metadata:\n    name: a\n\n    uid: u\n- kind: Pod\n  spec: |\n    x\n      y\nkind: List\n---\n# other\nkind: Job\n";
    let imported = import(text);
    assert_eq!(
        imported.text,
        "kind: Job # a\nmetadata:\n  name: a\n\n---\nkind: Pod\nspec: |\n  x\n    y\n---\n# other\nkind: Job\n"
    );
    let text = "kind: List\nitems: [{kind: Job, metadata: {name: a, uid: u}}, {kind: Pod}]\n";
    assert_eq!(import(text).text, "kind: Job\nmetadata:\n  name: a\n---\nkind: Pod\n");
}

#[test]
fn versions_that_are_gone_become_those_of_today() {
    let (_, text) = SAMPLES.iter().find(|(name, _)| name.contains("v1beta1")).unwrap();
    let imported = import(text);
    assert_eq!(imported.text, text.replace("batch/v1beta1", "batch/v1"));
    assert!(imported.notes[0].contains("gone since Kubernetes 1.25"), "{:?}", imported.notes);
    let text = "apiVersion: 'extensions/v1beta1' # old\nkind: Job\n";
    assert_eq!(import(text).text, "apiVersion: 'batch/v1' # old\nkind: Job\n");
}

#[test]
fn leavings_of_other_systems_are_mended() {
    let imported = import("\u{feff}a:\r\n\tb: |\r\n\t\t- x\r\n  c: d\r\n");
    assert_eq!(imported.notes.len(), 3, "{:?}", imported.notes);
    assert_eq!(objects(&imported.text), [json!({ "a": { "b": "- x\n", "c": "d" } })]);
    assert_eq!(import("a:\n\u{a0}\u{a0}b: 1\n").text, "a:\n  b: 1\n");
}

#[test]
fn what_is_taken_in_twice_changes_no_more() {
    for_mutilated(|text| {
        let once = import(text);
        assert_eq!(import(&once.text).text, once.text, "{text}");
    });
    import(&LIVE.replace("metadata:", "metadata: {"));
}
