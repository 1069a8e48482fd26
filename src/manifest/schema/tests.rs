//! What the built-in catalogue knows, and what other documents are read as.

use serde_json::json;

use super::*;

fn job(path: &str) -> Field {
    Catalogue::built_in().field("batch/v1", "Job", &Path::parse(path)).unwrap()
}

#[test]
fn fields_of_the_batch_kinds_are_known_without_a_server() {
    let field = job("spec.backoffLimit");
    assert_eq!((field.name.as_str(), field.type_name.as_str()), ("backoffLimit", "integer (int32)"));
    assert_eq!(field.default.as_deref(), Some("6"));
    assert!(field.description.starts_with("Specifies the number of retries"), "{}", field.description);
    assert!(!field.is_required);
    assert_eq!(job("spec.template").type_name, "PodTemplateSpec");
    assert!(job("spec.template").is_required);
    assert_eq!(job("spec.template.spec.containers").type_name, "list of Container");
    assert_eq!(job("spec.template.spec.containers[0].resources.limits.memory").type_name, "quantity");
    assert_eq!(job("metadata.labels").type_name, "map to string");
    let port = "spec.template.spec.containers[0].livenessProbe.httpGet.port";
    assert_eq!(job(port).type_name, "integer or string");
    assert_eq!(Catalogue::built_in().field("batch/v1", "Job", &Path::parse("spec.none")), None);
    assert_eq!(Catalogue::built_in().kinds().collect::<Vec<_>>(), [("batch/v1", "CronJob"), ("batch/v1", "Job")]);
}

#[test]
fn defaults_are_taken_from_words_where_the_schema_has_none() {
    let defaults = [
        ("spec.completionMode", Some("NonIndexed")),
        ("spec.template.spec.restartPolicy", Some("Always")),
        ("spec.template.spec.containers[0].imagePullPolicy", None),
        ("spec.template.spec.containers[0].ports[0].protocol", Some("TCP")),
        ("spec.template.spec.volumes[0].secret.defaultMode", Some("0644")),
        ("spec.template.spec.volumes[0].emptyDir.sizeLimit", None),
        ("spec.template.spec.containers[0].name", None),
        ("spec.ttlSecondsAfterFinished", None),
    ];
    for (path, default) in defaults {
        assert_eq!(job(path).default.as_deref(), default, "{path}");
    }
    let policy = Catalogue::built_in().field("batch/v1", "CronJob", &Path::parse("spec.concurrencyPolicy"));
    assert_eq!(policy.unwrap().default.as_deref(), Some("Allow"));
}

/// A server's document with one kind.
fn document(properties: Value) -> Vec<u8> {
    let kind = json!([{ "group": "batch", "version": "v1", "kind": "Job" }]);
    let job = json!({ "type": "object", "properties": properties, "x-kubernetes-group-version-kind": kind });
    json!({ "openapi": "3.0.0", "paths": {}, "components": { "schemas": { "io.k8s.api.batch.v1.Job": job } } })
        .to_string()
        .into_bytes()
}

#[test]
fn a_servers_schema_replaces_what_was_built_in() {
    let mut catalogue = Catalogue::built_in().clone();
    let new = json!({ "metadata": {}, "spec": { "type": "string", "description": "New." } });
    catalogue.add(&document(new)).unwrap();
    let field = catalogue.field("batch/v1", "Job", &Path::parse("spec")).unwrap();
    assert_eq!((field.type_name.as_str(), field.description.as_str()), ("string", "New."));
    assert!(catalogue.add(b"no JSON").is_err());
}

#[test]
fn custom_resources_say_what_is_open() {
    let properties = json!({
        "metadata": { "type": "object" },
        "a": { "type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": { "b": { "type": "string" } } },
        "c": { "type": "object", "additionalProperties": true },
        "d": { "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] },
        "e": { "type": "object", "properties": { "f": { "type": "number" } } },
    });
    let mut catalogue = Catalogue::default();
    catalogue.add(&document(properties)).unwrap();
    let at = |path: &str| catalogue.at("batch/v1", "Job", &Path::parse(path)).unwrap();
    assert!(at("a").is_open && at("c").is_open && !at("e").is_open);
    assert_eq!((at("d").type_, at("e.f").type_, at("a.b").type_), (Type::IntegerOrText, Type::Number, Type::Text));
}

#[test]
fn values_are_known_where_a_server_does_not_say_them() {
    let spec = json!({ "type": "object", "properties": { "restartPolicy": { "type": "string" } } });
    let document = json!({ "components": { "schemas": { "io.k8s.api.core.v1.PodSpec": spec } } }).to_string();
    let mut catalogue = Catalogue::built_in().clone();
    catalogue.add(document.as_bytes()).unwrap();
    let field = catalogue.field("batch/v1", "Job", &Path::parse("spec.template.spec.restartPolicy")).unwrap();
    assert_eq!(field.enum_values, ["Always", "Never", "OnFailure"]);
}
