//! What the embedded cluster says of itself: its version, its kinds (in both forms of discovery) and the schema index.
//! All of it follows from the table in `resources`, but for the schemas of the batch kinds, which are those of a
//! Kubernetes 1.36: `assets/openapi/batch-v1-components.json.gz` holds the `components` of
//! `kubectl get --raw /openapi/v3/apis/batch/v1`, packed with `gzip -9n`.

use std::io::Read;

use http::{Method, header};
use serde_json::{Value, json};

use super::answer::{Answer, Call, bytes, whole};
use super::refusal::Refusal;
use super::resources::{RESOURCES, Resource};

/// The version that clients are told. What follows the plus says that this is no real one.
const VERSION: &str = "v1.36.0+kubatch-demo";

const BATCH_COMPONENTS: &[u8] = include_bytes!("../../assets/openapi/batch-v1-components.json.gz");

/// Answers what is asked about the server itself; None where the path is about objects.
pub(super) fn answer(call: &Call) -> Option<Answer> {
    let is_aggregated = call.header(header::ACCEPT).contains("as=APIGroupDiscoveryList");
    let parts: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    let answer = match parts.as_slice() {
        ["version"] => version(),
        ["healthz" | "livez" | "readyz", ..] => return Some(Ok(bytes(200, "text/plain", "ok"))),
        ["api"] if is_aggregated => return Some(Ok(aggregated(true))),
        ["apis"] if is_aggregated => return Some(Ok(aggregated(false))),
        ["api"] => json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }),
        ["apis"] => {
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups().map(group).collect::<Vec<_>>() })
        }
        ["apis", name] if groups().any(|one| one == *name) => {
            let mut found = group(name);
            found["kind"] = json!("APIGroup");
            found["apiVersion"] = json!("v1");
            found
        }
        ["api", version] => resource_list("", version)?,
        ["apis", group, version] => resource_list(group, version)?,
        ["openapi", "v3"] => openapi_index(),
        ["openapi", "v3", "api", version] => openapi("", version)?,
        ["openapi", "v3", "apis", group, version] => openapi(group, version)?,
        _ => return None,
    };
    Some(if call.method == Method::GET { Ok(whole(200, &answer)) } else { Err(Refusal::method_not_allowed()) })
}

fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

/// The groups that are served beside the core one, each with its one version, in the table's order.
fn groups() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<&str> = RESOURCES.iter().map(|one| one.group).filter(|group| !group.is_empty()).collect();
    names.dedup();
    names.extend(["authorization.k8s.io", "authentication.k8s.io"]);
    names.into_iter()
}

fn version_of(group: &str) -> &'static str {
    RESOURCES.iter().find(|one| one.group == group).map_or("v1", |one| one.version)
}

fn group(name: &str) -> Value {
    let version = version_of(name);
    let version = json!({ "groupVersion": format!("{name}/{version}"), "version": version });
    json!({ "name": name, "versions": [version], "preferredVersion": version })
}

fn of_group<'a>(group: &'a str) -> impl Iterator<Item = &'static Resource> + 'a {
    RESOURCES.iter().filter(move |one| one.group == group)
}

/// Further parts of a kind's objects, with their kinds and verbs.
fn subresources(resource: &Resource) -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let mut parts: Vec<(&str, &str, &[&str])> = Vec::new();
    if resource.has_status {
        parts.push(("status", resource.kind, &["get", "patch", "update"]));
    }
    if resource.kind == "Pod" {
        parts.push(("log", "Pod", &["get"]));
        parts.push(("eviction", "Eviction", &["create"]));
    }
    parts
}

/// The kinds of reviews, which can only be created.
fn reviews(group: &str) -> &'static [(&'static str, &'static str)] {
    match group {
        "authorization.k8s.io" => &[
            ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ],
        "authentication.k8s.io" => &[("selfsubjectreviews", "SelfSubjectReview")],
        _ => &[],
    }
}

fn categories(resource: &Resource) -> &'static [&'static str] {
    if resource.is_in_all { &["all"] } else { &[] }
}

fn resource_list(group: &str, version: &str) -> Option<Value> {
    let mut list = Vec::new();
    for resource in of_group(group) {
        list.push(json!({
            "name": resource.plural, "singularName": resource.singular, "namespaced": resource.is_namespaced,
            "kind": resource.kind, "verbs": resource.verbs(), "shortNames": resource.short_names,
            "categories": categories(resource),
        }));
        for (part, kind, verbs) in subresources(resource) {
            list.push(json!({
                "name": format!("{}/{part}", resource.plural), "singularName": "",
                "namespaced": resource.is_namespaced, "kind": kind, "verbs": verbs,
            }));
        }
    }
    for (plural, kind) in reviews(group) {
        let verbs = ["create"];
        list.push(json!({ "name": plural, "singularName": "", "namespaced": false, "kind": kind, "verbs": verbs }));
    }
    let is_known = version_of(group) == version && !list.is_empty();
    let name = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    is_known.then(|| json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": list }))
}

/// Everything in one document, as newer clients ask for it.
fn aggregated(is_core: bool) -> http::Response<super::Body> {
    let names: Vec<&str> = if is_core { vec![""] } else { groups().collect() };
    let items = names.into_iter().map(|name| {
        let resources = of_group(name).map(|one| {
            let kind = |kind: &str| json!({ "group": one.group, "version": one.version, "kind": kind });
            let parts = subresources(one).into_iter().map(|(part, part_kind, verbs)| {
                json!({ "subresource": part, "responseKind": kind(part_kind), "verbs": verbs })
            });
            json!({
                "resource": one.plural, "responseKind": kind(one.kind), "verbs": one.verbs(),
                "scope": if one.is_namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": one.singular, "shortNames": one.short_names, "categories": categories(one),
                "subresources": parts.collect::<Vec<_>>(),
            })
        });
        let reviews = reviews(name).iter().map(|(plural, kind)| {
            json!({
                "resource": plural, "responseKind": { "group": name, "version": "v1", "kind": kind },
                "scope": "Cluster", "singularResource": kind.to_lowercase(), "verbs": ["create"],
            })
        });
        let resources: Vec<Value> = resources.chain(reviews).collect();
        let version = json!({ "version": version_of(name), "resources": resources, "freshness": "Current" });
        json!({ "metadata": { "name": name }, "versions": [version] })
    });
    let list = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": items.collect::<Vec<_>>(),
    });
    bytes(200, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", list.to_string())
}

fn openapi_index() -> Value {
    let link = |name: String| (name.clone(), json!({ "serverRelativeURL": format!("/openapi/v3/{name}") }));
    let core = std::iter::once("api/v1".to_owned());
    let named = groups().map(|name| format!("apis/{name}/{}", version_of(name)));
    json!({ "paths": core.chain(named).map(link).collect::<serde_json::Map<_, _>>() })
}

/// The schema document of a group: which parameters its writes take (kubectl looks there whether the server checks
/// fields), and for the batch kinds the schemas.
fn openapi(group: &str, version: &str) -> Option<Value> {
    let parameter = |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string" } });
    let names = ["dryRun", "fieldManager", "fieldValidation", "force", "pretty"];
    let parameters: Vec<Value> = names.into_iter().map(parameter).collect();
    let mut paths = serde_json::Map::new();
    for one in of_group(group).filter(|one| one.version == version) {
        let place = if one.is_namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("{}{place}/{}/{{name}}", one.base(), one.plural);
        let about = json!({ "group": one.group, "version": one.version, "kind": one.kind });
        let method = |action: &str| {
            json!({
                "parameters": parameters, "responses": {}, "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": about,
            })
        };
        paths.insert(path, json!({ "get": method("get"), "put": method("put"), "patch": method("patch") }));
    }
    let mut document = json!({
        "openapi": "3.0.0", "info": { "title": "Kubernetes", "version": VERSION }, "paths": paths, "components": {},
    });
    if group == "batch" {
        let mut text = String::new();
        flate2::read::GzDecoder::new(BATCH_COMPONENTS).read_to_string(&mut text).ok()?;
        document["components"] = serde_json::from_str(&text).ok()?;
    }
    resource_list(group, version).map(|_| document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_of_the_batch_kinds_are_those_of_kubernetes() {
        let document = openapi("batch", "v1").unwrap();
        let spec = &document["components"]["schemas"]["io.k8s.api.batch.v1.JobSpec"];
        assert_eq!(spec["properties"]["backoffLimit"]["type"], "integer");
        assert!(document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"].is_object());
    }

    #[test]
    fn every_kind_is_discovered() {
        for one in RESOURCES {
            let list = resource_list(one.group, one.version).unwrap();
            assert!(list["resources"].as_array().unwrap().iter().any(|found| found["name"] == one.plural));
        }
    }
}
