//! Policies for pods that fail and indexes that succeed: rules that the API server checks by themselves.

use serde_json::Value;

use super::Lint;
use super::subject::{Draft, Field, Subject};
use crate::manifest::problem::Severity;

/// The most rules that either policy may have.
const MOST_RULES: usize = 20;

/// The most exit codes that a rule may name.
const MOST_CODES: usize = 255;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L008",
        name: "pod-failure-policy-invalid",
        severity: Severity::Error,
        help: "The rules for pods that fail have to be such that the server takes them.",
        check: pod_failure_policy,
    },
    Lint {
        id: "L015",
        name: "success-policy-invalid",
        severity: Severity::Error,
        help: "The rules for when enough indexes have succeeded have to be such that the server takes them.",
        check: success_policy,
    },
];

fn pod_failure_policy(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let policy = it.job().key("podFailurePolicy");
    if policy.is_absent() {
        return;
    }
    if it.pod().key("restartPolicy").text() == Some("OnFailure") {
        let never = it.pod().key("restartPolicy").set("Never");
        found.push(policy.told("a pod failure policy needs restartPolicy Never: the Job is refused").mended([never]));
    }
    let replacement = it.job().key("podReplacementPolicy");
    if replacement.text() == Some("TerminatingOrFailed") {
        let told = "beside a pod failure policy this has to be `Failed`: the Job is refused";
        found.push(replacement.told(told).mended([replacement.set("Failed")]));
    }
    let rules = policy.key("rules");
    if rules.count() > MOST_RULES {
        found.push(rules.told(format!("there are {} rules, and {MOST_RULES} are the most", rules.count())));
    }
    let names: Vec<&Value> = it.all_containers().map(|one| one.key("name").value).collect();
    for (number, rule) in (1..).zip(rules.items()) {
        let mut tell = |field: &Field<'_>, why: String| {
            found.push(field.told(format!("pod failure policy, rule {number}: {why}; the Job is refused")));
        };
        let (codes, conditions) = (rule.key("onExitCodes"), rule.key("onPodConditions"));
        match (codes.is_absent(), conditions.count() == 0) {
            (true, true) => tell(&rule, "it needs `onExitCodes` or `onPodConditions`".to_owned()),
            (false, false) => tell(&rule, "it can have `onExitCodes` or `onPodConditions`, not both".to_owned()),
            _ => {}
        }
        if rule.key("action").text() == Some("FailIndex") && it.job().key("backoffLimitPerIndex").is_absent() {
            tell(&rule.key("action"), "`FailIndex` needs backoffLimitPerIndex".to_owned());
        }
        let name = codes.key("containerName");
        if !name.is_absent() && !names.contains(&name.value) {
            tell(&name, format!("there is no container `{}`", name.text().unwrap_or_default()));
        }
        if !codes.is_absent() {
            found.extend(exit_codes(number, &codes));
        }
    }
}

/// What is wrong with the exit codes of a rule.
fn exit_codes(number: usize, codes: &Field<'_>) -> Option<Draft> {
    let values = codes.key("values");
    let given: Vec<i64> = values.items().filter_map(|one| one.int()).collect();
    let told = |why: &str| values.told(format!("pod failure policy, rule {number}: {why}; the Job is refused"));
    let mut sorted = given.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if given.is_empty() {
        Some(told("it names no exit code"))
    } else if given.contains(&0) && codes.key("operator").text() == Some("In") {
        Some(told("exit code 0 is no failure"))
    } else if sorted.len() > MOST_CODES {
        Some(told("it names more than 255 exit codes"))
    } else {
        let is_odd = sorted != given;
        is_odd.then(|| told("exit codes have to rise, each once").mended([values.set(sorted)]))
    }
}

fn success_policy(it: &Subject<'_>, found: &mut Vec<Draft>) {
    let rules = it.job().at("successPolicy.rules");
    if it.job().key("successPolicy").is_absent() {
        return;
    }
    if !(1..=MOST_RULES).contains(&rules.count()) {
        let told = format!("a success policy has 1 to {MOST_RULES} rules, not {}: the Job is refused", rules.count());
        found.push(rules.told(told));
    }
    for (number, rule) in (1..).zip(rules.items()) {
        let mut tell = |field: &Field<'_>, why: String| {
            found.push(field.told(format!("success policy, rule {number}: {why}; the Job is refused")));
        };
        let (indexes, count) = (rule.key("succeededIndexes"), rule.key("succeededCount"));
        let listed = indexes.text().map(|text| (text, listed(text)));
        let most = it.completions().unwrap_or(i64::MAX);
        match listed {
            None if count.is_absent() => tell(&rule, "it needs `succeededIndexes` or `succeededCount`".to_owned()),
            Some((text, None)) => tell(&indexes, format!("`{text}` is no list of indexes such as `0,2-5`")),
            Some((_, Some((last, _)))) if last >= most => {
                tell(&indexes, format!("there is no index {last}: the last one is {}", most - 1));
            }
            _ => {}
        }
        let of_them = listed.and_then(|(_, listed)| listed).map_or(most, |(_, number)| number);
        match count.int() {
            Some(wanted) if wanted > of_them.min(most) => {
                tell(&count, format!("it wants {wanted} of {} indexes to succeed", of_them.min(most)));
            }
            _ => {}
        }
    }
}

/// The last of the indexes that a text such as `0,2-5` lists, and how many it lists. None where it is no list.
fn listed(text: &str) -> Option<(i64, i64)> {
    text.split(',').try_fold((-1, 0_i64), |(last, count), part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to): (i64, i64) = (from.parse().ok()?, to.parse().ok()?);
        let is_rising = from > last && to >= from;
        is_rising.then(|| (to, count.saturating_add(to - from + 1)))
    })
}
