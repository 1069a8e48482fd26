//! The rules against recorded cases: `tests/fixtures/triage/cases.yaml` has objects, what must be found, and words that
//! must be in the verdict.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::scene_of_pod::{Scene, messages};
use super::*;
use crate::model::clock::Time;
use crate::model::fixtures::{row_of, snapshot, time};
use crate::model::key::{Kind, Uid};
use crate::model::mutation::Address;
use crate::model::redact::redact;
use crate::model::snapshot::Snapshot;

#[derive(Deserialize)]
struct Cases {
    now: String,
    cases: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    name: String,
    /// `Job/settle`.
    subject: String,
    expect: Expected,
    objects: Vec<Value>,
}

#[derive(Deserialize)]
struct Expected {
    primary: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    verdict_contains: Vec<String>,
}

fn cases() -> Cases {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/triage/cases.yaml");
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Examines a subject, and answers what is asked from these objects: what is not among them is not there. What a pod's
/// containers have said is an object of the kind `Log` with its name.
pub(super) fn examine(snapshot: &Snapshot, objects: &[Value], now: Time, subject: Subject) -> Vec<Finding> {
    let mut facts = Facts::default();
    for _ in 0..5 {
        let diagnosis = diagnose(Known { snapshot, facts: &facts, now }, subject);
        if diagnosis.needs.is_empty() {
            // Reports hide what may be a secret. None may be told, and no word of ours may look like one.
            for one in &diagnosis.findings {
                for words in one.fixes.iter().map(|fix| &fix.words).chain([&one.verdict, &one.short, &one.effect]) {
                    assert_eq!(redact(words), words.as_str(), "{}", one.rule.0);
                }
            }
            return diagnosis.findings;
        }
        for need in diagnosis.needs {
            match need {
                Need::Object(address) => {
                    let is_meant = |one: &Address| {
                        one.kind == address.kind
                            && (one.namespace == address.namespace || one.namespace.is_empty())
                            && (address.name.is_empty() || one.name == address.name)
                    };
                    let mut found =
                        objects.iter().filter(|object| Address::of(object).is_some_and(|one| is_meant(&one))).cloned();
                    let fact = match address.name.is_empty() {
                        true => Fact::Found(Value::Array(found.collect())),
                        false => found.next().map_or(Fact::Missing, Fact::Found),
                    };
                    facts.put(address.clone(), fact);
                }
                Need::Tail { run, pod_name, .. } => {
                    let lines = log(objects, &pod_name).map(|log| log["lines"].as_array().into_iter().flatten());
                    let lines = lines.into_iter().flatten().filter_map(Value::as_str);
                    facts.put_tail(run, lines.map(str::to_owned).collect());
                }
                Need::LastLine { ref pod_name, .. } => {
                    let log = log(objects, pod_name);
                    let last = log.and_then(|log| Time::parse(log["last"].as_str()?));
                    let text = log.and_then(|log| log["lines"].as_array()?.last()?.as_str()).unwrap_or_default();
                    let last = last.map_or(LastLine::Unknown, |last| LastLine::At(last, text.to_owned()));
                    facts.take(need, Answer::LastLine(last));
                }
            }
        }
    }
    panic!("rules of {subject:?} ask without end");
}

fn log<'v>(objects: &'v [Value], pod: &str) -> Option<&'v Value> {
    objects.iter().find(|one| one["kind"] == "Log" && one["metadata"]["name"] == pod)
}

fn subject(text: &str, objects: &[Value]) -> Subject {
    let (kind, name) = text.split_once('/').unwrap();
    let object = objects.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name).unwrap();
    let kind = Kind::ALL.into_iter().find(|one| one.name() == kind).unwrap();
    Subject { kind, uid: Uid::new(object["metadata"]["uid"].as_str().unwrap()) }
}

pub(super) fn snapshot_of(objects: &[Value]) -> Snapshot {
    let rows = objects.iter().filter_map(|object| {
        let mut object = object.clone();
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = object["metadata"]["name"].clone();
        }
        row_of(&object)
    });
    snapshot(&rows.collect::<Vec<_>>())
}

/// A recorded case or message with what is found of it, for tests of what is done with findings.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) objects: Vec<Value>,
    pub(crate) snapshot: Snapshot,
    pub(crate) now: Time,
    pub(crate) findings: Vec<Finding>,
}

/// All that is recorded, with what is found of it.
pub(crate) fn told() -> Vec<Told> {
    let Cases { now, cases } = cases();
    let told = |name: String, objects: Vec<Value>, about: &str| {
        let (snapshot, now) = (snapshot_of(&objects), time(&now));
        let findings = examine(&snapshot, &objects, now, subject(about, &objects));
        Told { name, objects, snapshot, now, findings }
    };
    let recorded = cases.into_iter().map(|one| told(one.name, one.objects, &one.subject));
    let messages = messages("T000", "T999").into_iter().filter_map(|message| {
        let text = message.text.as_str();
        let objects = match message.place.split_once(' ') {
            Some(("waiting", reason)) => {
                let mut objects = Scene::waiting(reason, text).objects;
                if let Some(image) = text.split('"').nth(1).filter(|_| reason.contains("Image")) {
                    objects[0]["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
                    objects[1]["spec"]["containers"][0]["image"] = image.into();
                }
                objects
            }
            _ => match message.place.as_str() {
                "Failed" => {
                    Scene::waiting("ImagePullBackOff", "").event(("Pod", "etl-a"), "Failed", text, "11:58").objects
                }
                "FailedCreate" => vec![scene::job(), scene::event("Job", "etl", "FailedCreate", text)],
                "PodScheduled.message" => [scene::unplaced(text), vec![scene::node("worker-1")]].concat(),
                _ => return None,
            },
        };
        Some(told(format!("{}: {text}", message.place), objects, "Job/etl"))
    });
    recorded.chain(messages).collect()
}

/// What is found of `Job/settle` among these objects at this time.
pub(super) fn found(objects: &[Value], about: &str, now: &str) -> Vec<Finding> {
    examine(&snapshot_of(objects), objects, time(now), subject(about, objects))
}

#[test]
fn recorded_cases_are_found_with_their_cause_first() {
    let known: HashSet<&str> = RULES.iter().map(|rule| rule.id.0).collect();
    let Cases { now, cases } = cases();
    let mut wrong = Vec::new();
    for Recorded { name, subject: about, expect, objects } in cases {
        // Rules are added family by family; their cases count from then on.
        if !known.contains(expect.primary.as_str()) {
            continue;
        }
        let about = subject(&about, &objects);
        let findings = examine(&snapshot_of(&objects), &objects, time(&now), about);
        let ids: Vec<&str> = findings.iter().map(|finding| finding.rule.0).collect();
        let Some(first) = findings.first().filter(|first| first.rule.0 == expect.primary) else {
            wrong.push(format!("{name}: {} wanted, found {ids:?}", expect.primary));
            continue;
        };
        let told = format!("{} {} {}", first.verdict, first.effect, first.short).to_lowercase();
        let missing: Vec<_> =
            expect.verdict_contains.iter().filter(|one| !told.contains(&one.to_lowercase())).collect();
        if !missing.is_empty() {
            wrong.push(format!("{name}: {missing:?} not in {told:?}"));
        }
        let more = ids.iter().skip(1).filter(|id| !expect.also.iter().any(|one| one == *id));
        let more: Vec<_> = more.collect();
        // Where the rule of a cause is still missing, something else stands in its place.
        let is_cause_missing = expect.also.iter().any(|id| !known.contains(id.as_str()));
        if !is_cause_missing && !more.is_empty() {
            wrong.push(format!("{name}: {more:?} beside {}", expect.primary));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_are_numbered_in_order_and_say_what_they_find() {
    assert!(RULES.is_sorted_by(|a, b| a.id < b.id), "by number, each once");
    for rule in RULES {
        assert!(rule.about.ends_with('.') && !rule.name.contains(' '), "{rule:?}");
    }
}

#[test]
fn patterns_can_be_compiled() {
    let (starting, ending) = (starting::patterns(), ending::patterns());
    let families = [held::PATTERNS, placing::PATTERNS, refused::PATTERNS, outcome::PATTERNS, &starting, &ending];
    for pattern in families.concat() {
        assert!(pattern.is_sound(), "{pattern:?}");
    }
}
