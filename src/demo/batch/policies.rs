//! The policies of a Job: which failures count (`podFailurePolicy`), when enough is done (`successPolicy`) and when a pod
//! is replaced. What the real server refuses in them, in its order and its words.

use k8s_openapi::api::batch::v1::{JobSpec, PodFailurePolicyRule, SuccessPolicyRule};

use super::is_indexed;
use crate::demo::admit::Problems;

/// How many rules a policy may have.
const MOST_RULES: usize = 20;

/// Finds what the server refuses in the policies of a Job's spec at a path.
pub(super) fn check(spec: &JobSpec, path: &str, problems: &mut Problems) {
    if let Some(policy) = &spec.pod_failure_policy {
        if policy.rules.len() > MOST_RULES {
            let why = format!("must have at most {MOST_RULES} items");
            problems.invalid(format!("{path}.podFailurePolicy.rules"), policy.rules.len(), &why);
        }
        for (index, rule) in policy.rules.iter().enumerate() {
            check_failure_rule(spec, rule, &format!("{path}.podFailurePolicy.rules[{index}]"), problems);
        }
    }
    if let Some(policy) = &spec.success_policy {
        if !is_indexed(spec) {
            problems.invalid(format!("{path}.successPolicy"), policy, "requires indexed completion mode");
        } else if policy.rules.is_empty() {
            let why = "at least one rules must be specified when the successPolicy is specified";
            problems.required(format!("{path}.successPolicy.rules"), why);
        } else {
            for (index, rule) in policy.rules.iter().enumerate() {
                check_success_rule(spec, rule, &format!("{path}.successPolicy.rules[{index}]"), problems);
            }
        }
    }
    let known: &[&str] =
        if spec.pod_failure_policy.is_some() { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    if let Some(policy) = spec.pod_replacement_policy.as_deref().filter(|policy| !known.contains(policy)) {
        problems.unsupported(format!("{path}.podReplacementPolicy"), policy, known);
    }
}

fn check_failure_rule(spec: &JobSpec, rule: &PodFailurePolicyRule, path: &str, problems: &mut Problems) {
    let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    if rule.action == "FailIndex" && spec.backoff_limit_per_index.is_none() {
        let why = "requires the backoffLimitPerIndex to be set";
        problems.invalid(format!("{path}.action"), &rule.action, why);
    } else if !actions.contains(&rule.action.as_str()) {
        problems.unsupported(format!("{path}.action"), &rule.action, &actions);
    }
    let conditions = rule.on_pod_conditions.as_ref().filter(|conditions| !conditions.is_empty());
    match (&rule.on_exit_codes, conditions) {
        (Some(_), Some(_)) => {
            let why = "specifying both OnExitCodes and OnPodConditions is not supported";
            problems.invalid(path, "", why);
        }
        (None, None) => problems.invalid(path, "", "specifying one of OnExitCodes and OnPodConditions is required"),
        (None, Some(_)) => {}
        (Some(codes), None) => {
            let path = format!("{path}.onExitCodes");
            let template = spec.template.spec.as_ref();
            let containers = template.into_iter().flat_map(|template| {
                template.containers.iter().chain(template.init_containers.iter().flatten()).map(|one| &one.name)
            });
            if let Some(name) = &codes.container_name
                && !containers.into_iter().any(|one| one == name)
            {
                let why = "must be one of the container or initContainer names in the pod template";
                problems.invalid(format!("{path}.containerName"), name, why);
            }
            if !["In", "NotIn"].contains(&codes.operator.as_str()) {
                problems.unsupported(format!("{path}.operator"), &codes.operator, &["In", "NotIn"]);
            }
            check_exit_codes(&codes.values, codes.operator == "In", &path, problems);
        }
    }
}

fn check_exit_codes(values: &[i32], is_in: bool, path: &str, problems: &mut Problems) {
    for (index, value) in values.iter().enumerate() {
        let field = format!("{path}.values[{index}]");
        if *value == 0 && is_in {
            problems.invalid(field, value, "must not be 0 for the In operator");
        } else if values[..index].contains(value) {
            problems.duplicate(field, &value.to_string());
        }
    }
    if values.is_empty() {
        problems.invalid(format!("{path}.values"), values, "at least one value is required");
    } else if values.len() > 255 {
        problems.invalid(format!("{path}.values"), values.len(), "must have at most 255 items");
    }
    if !values.is_sorted() {
        problems.invalid(format!("{path}.values"), values, "must be ordered");
    }
}

fn check_success_rule(spec: &JobSpec, rule: &SuccessPolicyRule, path: &str, problems: &mut Problems) {
    let completions = spec.completions.unwrap_or(0);
    if rule.succeeded_count.is_none() && rule.succeeded_indexes.is_none() {
        problems.required(path, "at least one of succeededCount or succeededIndexes must be specified");
    }
    let mut listed = None;
    if let Some(text) = &rule.succeeded_indexes {
        match count_indexes(text, completions) {
            Ok(count) => listed = Some(count),
            Err(why) => {
                let why = format!("error parsing succeededIndexes: {why}");
                problems.invalid(format!("{path}.succeededIndexes"), text, &why);
                listed = Some(0);
            }
        }
    }
    if let Some(count) = rule.succeeded_count {
        let field = format!("{path}.succeededCount");
        problems.not_negative(field.clone(), Some(count));
        if count > completions {
            let why = format!("must be less than or equal to {completions} (the number of specified completions)");
            problems.invalid(field.clone(), count, &why);
        }
        if let Some(listed) = listed.filter(|listed| count > *listed) {
            let why = format!(
                "must be less than or equal to {listed} (the number of indexes in the specified succeededIndexes field)"
            );
            problems.invalid(field, count, &why);
        }
    }
}

/// How many indexes a text such as `1,3-5` lists.
fn count_indexes(text: &str, completions: i32) -> Result<i32, String> {
    let number = |text: &str| text.parse::<i32>().map_err(|_| format!("cannot convert string to integer: {text:?}"));
    let mut count = 0;
    let mut last = -1;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (first, end) = (number(from)?, number(to)?);
        if first >= completions || end >= completions {
            return Err(format!("too large index: {:?}", if end >= completions { to } else { from }));
        }
        if first <= last || end < first {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        count += end - first + 1;
        last = end;
    }
    Ok(count)
}
