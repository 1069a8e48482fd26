//! The story is told whole: its faults are there as the real components would leave them, and it is the same each time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::*;
use crate::demo::controllers::Controllers;

const NOW: &str = "2026-11-21T12:07:31Z";

fn filled(seed: u64) -> (Store, Controllers, Time) {
    let now = Time::parse(NOW).unwrap();
    let mut store = Store::default();
    let controllers = fill(&mut store, now, seed);
    (store, controllers, now)
}

/// The story of seed 1, for tests that only look.
static STORY: LazyLock<Store> = LazyLock::new(|| filled(1).0);

fn all(store: &Store) -> Vec<String> {
    store.under("/").map(ToString::to_string).collect()
}

fn job<'a>(store: &'a Store, path: &str) -> &'a Value {
    let (namespace, name) = path.split_once('/').unwrap();
    store.get(&format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}")).unwrap_or_else(|| panic!("no {path}"))
}

/// The reason of the Job's `Failed` condition.
fn failure(job: &Value) -> &str {
    let conditions = job["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    conditions.iter().find(|one| one["type"] == "Failed").map_or("", |one| one["reason"].as_str().unwrap())
}

/// The pods of a Job.
fn pods<'a>(store: &'a Store, path: &str) -> Vec<&'a Value> {
    let (namespace, name) = path.split_once('/').unwrap();
    let all = store.under(&format!("/api/v1/namespaces/{namespace}/pods/"));
    all.filter(|pod| pod["metadata"]["labels"]["job-name"] == name).collect()
}

fn waiting<'a>(store: &'a Store, path: &str) -> &'a str {
    pods(store, path)[0]["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str().unwrap_or_default()
}

#[test]
fn same_seed_and_clock_give_the_same_cluster() {
    let ((mut one, mut controllers, now), (mut other, mut others, _)) = (filled(7), filled(7));
    assert_eq!(all(&one), all(&other));
    // And it stays the same, at whatever rhythm it is stepped.
    for second in 1..=120 {
        controllers.step(&mut one, now.plus_seconds(second));
    }
    others.step(&mut other, now.plus_seconds(120));
    assert_eq!(all(&one), all(&other));
    assert_ne!(all(&one), all(&filled(8).0), "another seed tells it otherwise");
}

#[test]
fn every_manifest_is_read_and_none_is_of_the_future() {
    let now = Time::parse(NOW).unwrap();
    let documents: usize = MANIFESTS.iter().map(|text| text.matches("\nkind: ").count()).sum();
    let happenings = happenings(now);
    assert_eq!(happenings.iter().filter(|one| !one.is_end).count(), documents);
    assert!(happenings.iter().all(|one| one.at < now), "each says when it was applied");
}

#[test]
fn every_fault_of_the_story_shows() {
    faults_show(&STORY);
}

#[test]
fn faults_show_at_any_hour_and_with_any_seed() {
    for (moment, seed) in [("2026-11-21T23:59:30Z", 2), ("2027-02-28T05:31:10Z", 3)] {
        let mut store = Store::default();
        fill(&mut store, Time::parse(moment).unwrap(), seed);
        faults_show(&store);
    }
}

fn faults_show(store: &Store) {
    assert_eq!(job(store, "payments/settle-2990")["status"].get("active"), None);
    assert!(pods(store, "payments/settle-2990").is_empty(), "the quota leaves no room");
    assert_eq!(job(store, "payments/settle-2989")["status"]["succeeded"], 4);
    let end = &pods(store, "data/etl-orders-0412")[0]["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!((end["reason"].as_str(), end["exitCode"].as_i64()), (Some("OOMKilled"), Some(137)));
    assert_eq!(failure(job(store, "data/etl-orders-0412")), "BackoffLimitExceeded");
    let shards = job(store, "data/reindex-shards");
    assert_eq!(shards["status"]["failedIndexes"], "12,40,77");
    assert_eq!((&shards["status"]["failed"], &shards["status"]["succeeded"]), (&json!(12), &json!(97)));
    assert_eq!(failure(job(store, "ops/verify-restore")), "DeadlineExceeded");
    let gpu = pods(store, "ml/train-resnet-12")[0]["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(
        gpu.starts_with("0/6 nodes are available: 1 node(s) had untolerated taint(s), 5 Insufficient nvidia.com/gpu.")
    );
    let claim = pods(store, "data/import-clicks")[0]["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(claim.contains("unbound immediate PersistentVolumeClaims"), "{claim}");
    assert_eq!(waiting(store, "media/thumbs-771"), "ImagePullBackOff");
    assert_eq!(waiting(store, "ops/dns-probe"), "CrashLoopBackOff");
    assert_eq!(job(store, "media/export-partners")["status"]["succeeded"], 4);
    assert_eq!(job(store, "ops/migrate-v12")["spec"]["suspend"], true);
    let rotate = store.under("/apis/batch/v1/namespaces/ops/jobs/rotate-certs-").last().unwrap();
    let rotate = format!("ops/{}", rotate["metadata"]["name"].as_str().unwrap());
    assert_eq!(waiting(store, &rotate), "CreateContainerConfigError");
}

/// Where an object says null, but for the fields in which the API does.
fn nulls(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null if !path.ends_with("/lastProbeTime") && !path.ends_with("/eventTime") => {
            found.push(path.to_owned())
        }
        Value::Object(fields) => fields.iter().for_each(|(key, one)| nulls(one, &format!("{path}/{key}"), found)),
        Value::Array(items) => items.iter().for_each(|one| nulls(one, path, found)),
        _ => {}
    }
}

#[test]
fn objects_are_what_the_api_says_they_are() {
    use k8s_openapi::api::{batch::v1 as batch, core::v1 as core, events::v1 as events};
    use serde::de::DeserializeOwned;
    fn read<T: DeserializeOwned>(object: &Value) -> Result<(), serde_json::Error> {
        T::deserialize(object).map(|_| ())
    }
    let (mut store, mut controllers, now) = filled(1);
    controllers.step(&mut store, now.plus_seconds(600));
    for object in store.under("/") {
        let path = &path_of(object);
        let outcome = match object["kind"].as_str().unwrap_or_default() {
            "Job" => read::<batch::Job>(object),
            "CronJob" => read::<batch::CronJob>(object),
            "Pod" => read::<core::Pod>(object),
            "Node" => read::<core::Node>(object),
            "Event" => read::<events::Event>(object),
            "PersistentVolumeClaim" => read::<core::PersistentVolumeClaim>(object),
            "ResourceQuota" => read::<core::ResourceQuota>(object),
            "Namespace" | "Secret" | "ConfigMap" | "ServiceAccount" => Ok(()),
            other => panic!("{path} is a {other}"),
        };
        outcome.unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut found = Vec::new();
        nulls(object, path, &mut found);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn cronjobs_have_the_history_that_their_limits_leave() {
    let (store, now) = (&*STORY, Time::parse(NOW).unwrap());
    let cronjob = |path: &str| {
        let (namespace, name) = path.split_once('/').unwrap();
        store.get(&format!("/apis/batch/v1/namespaces/{namespace}/cronjobs/{name}")).unwrap()
    };
    let runs = |path: &str| {
        let (namespace, name) = path.split_once('/').unwrap();
        let all = store.under(&format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}-"));
        let ends = all.map(|job| if failure(job).is_empty() { '+' } else { 'x' });
        ends.collect::<String>()
    };
    assert_eq!(runs("data/nightly-report"), "++++++++xx");
    let last = Time::parse(cronjob("data/nightly-report")["status"]["lastSuccessfulTime"].as_str().unwrap()).unwrap();
    assert!(now.seconds_since(last) > 2 * 86_400, "no success for two days");
    assert_eq!(runs("media/media-gc"), "++++++");
    assert!(cronjob("payments/rates-pull")["status"]["active"].as_array().unwrap().len() >= 2, "runs overlap");
}

#[test]
fn cluster_lives_on() {
    let (mut store, mut controllers, now) = filled(1);
    let jobs = |store: &Store| {
        let jobs = store.under("/").filter(|one| one["kind"] == "Job");
        jobs.map(|job| (path_of(job), job["status"]["completionTime"].is_string())).collect::<BTreeMap<_, _>>()
    };
    let before = jobs(&store);
    controllers.step(&mut store, now.plus_seconds(180));
    let after = jobs(&store);
    // Within three minutes a Job begins, another ends, and an old one goes.
    assert!(after.keys().any(|path| !before.contains_key(path)));
    assert!(before.iter().any(|(path, is_complete)| !is_complete && after.get(path) == Some(&true)));
    assert!(before.keys().any(|path| !after.contains_key(path)));
}

#[test]
fn logs_are_written_while_containers_run() {
    let (mut store, mut controllers, now) = filled(1);
    let pod = pods(&store, "payments/ledger-recon")[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let before = store.log("payments", &pod, "recon").len();
    controllers.step(&mut store, now.plus_seconds(60));
    let log = store.log("payments", &pod, "recon");
    assert_eq!(log.len() - before, 4, "a line every 15 seconds");
    let times: Vec<&str> = log.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().all(|time| time.len() == "2026-11-21T12:00:00.000000000Z".len()));
    assert!(log.last().unwrap().contains(r#""lvl":"#), "{log:?}");
}

#[test]
fn what_runs_is_measured_and_what_ended_is_not() {
    let (mut store, mut controllers, now) = filled(1);
    controllers.measure(&mut store);
    let samples = |store: &Store| {
        let all = store.under("/").filter(|one| one["kind"] == "PodMetrics");
        let named = all.map(|one| (one["metadata"]["name"].as_str().unwrap().to_owned(), one["containers"].clone()));
        named.collect::<BTreeMap<_, _>>()
    };
    let first = samples(&store);
    let (recon, used) = first.iter().find(|(name, _)| name.starts_with("ledger-recon-")).unwrap();
    let number =
        |field: &str, unit: char| used[0]["usage"][field].as_str().unwrap().split(unit).next().unwrap().parse::<i64>();
    let (cpu, memory) = (number("cpu", 'n').unwrap() / 1_000_000, number("memory", 'K').unwrap() >> 10);
    assert!((150..=300).contains(&cpu) && (64..=256).contains(&memory), "{used}");
    let pods = store.under("/").filter(|one| one["kind"] == "Pod" && one["status"]["phase"] == "Running");
    let running: Vec<&str> = pods.map(|pod| pod["metadata"]["name"].as_str().unwrap()).collect();
    assert!(first.keys().all(|name| running.contains(&name.as_str())));
    controllers.step(&mut store, now.plus_seconds(6 * 3_600));
    controllers.measure(&mut store);
    assert!(!samples(&store).contains_key(recon), "it ended");
}
