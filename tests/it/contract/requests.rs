//! The contract of what kubatch itself sends: its watchers' lists and watches, its single objects, its writes, its
//! questions about what is allowed. Logs and usage are in `runs`. Where it can be, the request is made by the code that sends it.

use kubatch::cluster::execute::fetch;
use kubatch::cluster::openapi;
use kubatch::cluster::wire;
use kubatch::manifest::{Catalogue, Path};
use kubatch::model::delta::Cause;
use kubatch::model::key::{Kind, ObjectKey};

use super::*;

suite![Server::demo, ControlPlane:
    every_kind_is_listed_and_watched,
    lists_for_watchers_come_in_pages,
    silent_watches_are_told_the_version,
    forgotten_versions_are_told_as_gone,
    objects_are_fetched_whole,
    questions_about_lists_are_answered,
    namespaces_are_named_alone,
    schemas_tell_the_fields_of_the_batch_kinds,
];

impl Server {
    /// What a watcher gets: asked for in its form, protobuf turned into JSON where the server prefers that.
    fn watched(&self, path: &str) -> Answer {
        let mut request = Request::get(path.replace("{ns}", &self.namespace)).body(Body::empty()).unwrap();
        wire::ask(&mut request);
        runtime().block_on(async {
            let (head, body) = wire::answer(self.client.send(request).await.unwrap()).into_parts();
            let form = head.headers[header::CONTENT_TYPE].to_str().unwrap();
            assert!(form.starts_with(JSON), "{form} is neither JSON nor protobuf");
            let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let body = serde_json::from_str(&text).unwrap_or_default();
            Answer { code: head.status.as_u16(), body, text, warnings: Vec::new() }
        })
    }

    pub(super) fn key(&self, kind: Kind, name: &str) -> ObjectKey {
        let namespace = if kind.is_cluster_wide() { "" } else { &self.namespace };
        ObjectKey { kind, namespace: namespace.into(), name: name.into() }
    }
}

/// Where the objects of a kind are, in the test's namespace.
pub(super) fn place(kind: Kind) -> String {
    let base = if kind.group().is_empty() { "/api/v1".into() } else { format!("/apis/{}/v1", kind.group()) };
    let namespace = if kind.is_cluster_wide() { "" } else { "/namespaces/{ns}" };
    format!("{base}{namespace}/{}", kind.plural())
}

/// An object of each kind that lives in a namespace, in the order in which nothing hinders the next.
fn objects(server: &Server) -> Vec<(Kind, Value)> {
    let of_core = |kind: &str, spec: Value| json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": "a" }, "spec": spec });
    let pod = json!({ "schedulerName": "nobody", "containers": [{ "name": "main", "image": "busybox:1.35" }] });
    let claim = json!({
        "storageClassName": "none", "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } },
    });
    let event = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": { "name": "a" },
        "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "contract", "reportingInstance": "contract-1",
        "action": "Test", "reason": "Because", "note": "it is so", "type": "Normal",
        "regarding": { "apiVersion": "batch/v1", "kind": "Job", "name": "a", "namespace": server.namespace },
    });
    vec![
        (Kind::CronJob, cronjob("a", json!({ "suspend": true }))),
        (Kind::Job, job("a")),
        (Kind::Pod, of_core("Pod", pod)),
        (Kind::Event, event),
        (Kind::ResourceQuota, of_core("ResourceQuota", json!({ "hard": { "count/secrets": "50" } }))),
        (Kind::LimitRange, of_core("LimitRange", json!({ "limits": [{ "type": "Pod", "max": { "cpu": "9" } }] }))),
        (Kind::PersistentVolumeClaim, of_core("PersistentVolumeClaim", claim)),
    ]
}

fn every_kind_is_listed_and_watched(server: &Server) {
    let mut forms: Vec<(String, Value)> =
        objects(server).into_iter().map(|(kind, object)| (place(kind), object)).collect();
    // Where events.k8s.io is refused.
    let core_event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": { "name": "b" }, "reason": "Because", "type": "Normal",
        "involvedObject": { "apiVersion": "batch/v1", "kind": "Job", "name": "a", "namespace": server.namespace },
    });
    forms.push((EVENTS.into(), core_event));
    for (place, object) in forms {
        let name = object["metadata"]["name"].as_str().unwrap();
        let list = server.watched(&format!("{place}?&limit=1000")).expect(200);
        assert!(!list.names().contains(&name), "{place}: {}", list.text);
        let version = list.body["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
        server.post(&place, &object).expect(201);
        let from = format!("timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={version}");
        let watched = server.watched(&format!("{place}?&watch=true&{from}")).expect(200);
        assert!(watched.told().contains(&("ADDED".into(), name.into())), "{place}: {}", watched.text);
        assert!(server.watched(&format!("{place}?&limit=1000")).expect(200).names().contains(&name), "{place}");
    }
    for kind in [Kind::Namespace, Kind::Node] {
        let list = server.watched(&format!("{}?&limit=1000", place(kind))).expect(200);
        let version = list.body["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
        assert_eq!(list.names().contains(&server.namespace.as_str()), kind == Kind::Namespace, "{}", list.text);
        let watch = format!("{}?&watch=true&timeoutSeconds=1&allowWatchBookmarks=true", place(kind));
        server.watched(&format!("{watch}&resourceVersion={version}")).expect(200);
    }
}

fn lists_for_watchers_come_in_pages(server: &Server) {
    for name in ["a", "b", "c"] {
        server.job(name);
    }
    let first = server.watched(&format!("{JOBS}?&limit=2")).expect(200);
    assert_eq!(first.names(), ["a", "b"]);
    let token = first.body["metadata"]["continue"].as_str().unwrap();
    let last = server.watched(&format!("{JOBS}?&limit=2&continue={token}")).expect(200);
    assert_eq!(last.names(), ["c"]);
    assert!(last.body["metadata"]["continue"].as_str().unwrap_or_default().is_empty(), "{}", last.text);
    assert_eq!(last.body["metadata"]["resourceVersion"], first.body["metadata"]["resourceVersion"]);
}

fn silent_watches_are_told_the_version(server: &Server) {
    let list = server.watched(&format!("{JOBS}?&limit=1000")).expect(200);
    let version = list.body["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    // Changes elsewhere move the version on.
    server.post(CONFIGMAPS, &configmap("a", json!({}))).expect(201);
    let watch = format!("{JOBS}?&watch=true&timeoutSeconds=10&allowWatchBookmarks=true&resourceVersion={version}");
    // A list makes a real server ask its store how far it is; without one it may have nothing newer to tell.
    server.watched(&format!("{JOBS}?&limit=1000")).expect(200);
    let watched = server.watched(&watch).expect(200);
    let last: Value = serde_json::from_str(watched.text.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "BOOKMARK", "{}", watched.text);
    let told: u64 = last["object"]["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!(told >= version.parse().unwrap(), "{}", watched.text);
}

fn forgotten_versions_are_told_as_gone(server: &Server) {
    // A real server forgets what its store compacts every five minutes: one that has just started has all of it still,
    // and only its watches cannot go back to before its start.
    if let Some(demo) = &server.demo {
        for name in ["a", "b"] {
            server.job(name);
        }
        let page = server.get(&format!("{JOBS}?limit=1")).expect(200);
        demo.compact();
        let next = format!("{JOBS}?limit=1&continue={}", page.body["metadata"]["continue"].as_str().unwrap());
        server.get(&next).refuses(410, "Expired", "The provided continue parameter is too old");
        let exact = server.get(&format!("{JOBS}?resourceVersion=1&resourceVersionMatch=Exact"));
        exact.refuses(410, "Expired", "The resourceVersion for the provided list is too old");
    }
    let watched = server.watched(&format!("{JOBS}?&watch=true&timeoutSeconds=1&resourceVersion=1"));
    if server.demo.is_none() && watched.code == 200 && watched.text.is_empty() {
        // It began with an empty store, at the very version that is asked for: nothing is forgotten yet.
        return;
    }
    let told: Value = serde_json::from_str(watched.text.lines().next().unwrap()).unwrap();
    let status = if watched.code == 200 { &told["object"] } else { &told };
    assert_eq!((&status["code"], &status["reason"]), (&json!(410), &json!("Expired")), "{}", watched.text);
}

fn objects_are_fetched_whole(server: &Server) {
    for (kind, object) in objects(server) {
        let made = server.post(&place(kind), &object).expect(201).body;
        let fetched = runtime().block_on(fetch(&server.client, &server.key(kind, "a"))).unwrap();
        for field in ["apiVersion", "kind"] {
            assert_eq!(fetched[field], object[field], "{kind:?}");
        }
        assert_eq!(fetched["metadata"]["uid"], made["metadata"]["uid"], "{kind:?}");
        assert!(fetched["metadata"]["managedFields"].is_array(), "{kind:?}");
        let missing = runtime().block_on(fetch(&server.client, &server.key(kind, "nope"))).unwrap_err();
        assert_eq!(missing.cause, Cause::NotFound, "{kind:?}: {missing:?}");
    }
    let namespace = server.key(Kind::Namespace, &server.namespace);
    assert_eq!(runtime().block_on(fetch(&server.client, &namespace)).unwrap()["kind"], "Namespace");
}

fn questions_about_lists_are_answered(server: &Server) {
    for namespace in [None, Some(&server.namespace)] {
        let mut attributes = json!({ "verb": "list", "group": "batch", "resource": "jobs" });
        if let Some(namespace) = namespace {
            attributes["namespace"] = json!(namespace);
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {},
            "spec": { "resourceAttributes": attributes },
        });
        server
            .post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?", &review)
            .expect(201)
            .has("/kind", json!("SelfSubjectAccessReview"))
            .has("/spec/resourceAttributes", attributes)
            .has("/status/allowed", json!(true));
    }
}

fn namespaces_are_named_alone(server: &Server) {
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let list = server.send(&Method::GET, "/api/v1/namespaces?&limit=200", accept, JSON, String::new()).expect(200);
    assert!(list.names().contains(&server.namespace.as_str()), "{}", list.text);
    let list = list.has("/kind", json!("PartialObjectMetadataList")).has("/apiVersion", json!("meta.k8s.io/v1"));
    list.lacks("/items/0/spec").lacks("/items/0/status");
}

fn schemas_tell_the_fields_of_the_batch_kinds(server: &Server) {
    runtime().block_on(async {
        let addresses = openapi::addresses(&server.client).await.unwrap();
        let address = addresses.iter().find(|one| one.api_version == "batch/v1").unwrap();
        let mut catalogue = Catalogue::default();
        catalogue.add(&openapi::document(&server.client, address).await.unwrap()).unwrap();
        for kind in ["Job", "CronJob"] {
            assert!(catalogue.has_kind("batch/v1", kind), "{kind}");
        }
        let path = Path::parse("spec.template.spec.restartPolicy");
        let field = catalogue.field("batch/v1", "Job", &path).unwrap();
        assert_eq!(field.enum_values, ["Always", "Never", "OnFailure"]);
        assert!(addresses.iter().any(|one| one.api_version == "v1"));
    });
}
