//! Ends that the Job's own policies brought about: `podFailurePolicy` and `successPolicy`.

use super::super::Case;
use super::super::case::of_field;
use super::super::choose::Tries;
use super::super::finding::{Confidence, Finding, RuleId, Severity};
use super::super::grammar::Pattern;
use super::super::mend::Changes;
use super::{End, last_words, many};
use crate::model::job::Job;

/// `Container worker for pod batch/etl-7h2kq failed with exit code 42 matching FailJob rule at index 0`
/// (`pkg/controller/job/pod_failure_policy.go`).
static BY_EXIT_CODE: Pattern = Pattern::new(
    r"^Container (?<container>\S+) for pod (?<pod>\S+) failed with exit code (?<code>-?\d+) matching FailJob rule at index (?<rule>\d+)",
);

/// `Pod batch/etl-7h2kq has condition ConfigIssue matching FailJob rule at index 1` (the same file).
static BY_CONDITION: Pattern =
    Pattern::new(r"^Pod (?<pod>\S+) has condition (?<condition>\S+) matching FailJob rule at index (?<rule>\d+)");

#[cfg(test)]
pub(in crate::triage) static PATTERNS: &[&Pattern] = &[&BY_EXIT_CODE, &BY_CONDITION];

/// T083: a rule of `podFailurePolicy` made the failure final. It leads over the exit code, which the rule is about.
pub(super) fn failed_by_rule(end: &End<'_, '_>, tries: Vec<Tries>) -> Vec<Finding> {
    let mut finding = end.finding("T083");
    let message = end.failed.message.as_str();
    let bare = |pod: &str| pod.rsplit('/').next().unwrap_or_default().to_owned();
    let (rule, what, pod, short) = if let Some(found) = BY_EXIT_CODE.captures(message) {
        let (container, code) = (&found["container"], &found["code"]);
        let what = format!("exit code {code} of container {container}");
        (found["rule"].to_owned(), what, bare(&found["pod"]), format!("{container}: exit {code} is final"))
    } else if let Some(found) = BY_CONDITION.captures(message).filter(|found| &found["condition"] == DISRUPTION) {
        return super::with_causes(disrupted(end, bare(&found["pod"]).as_str(), &found["rule"]), Vec::new());
    } else if let Some(found) = BY_CONDITION.captures(message) {
        let condition = &found["condition"];
        let what = format!("the pod condition {condition}");
        (found["rule"].to_owned(), what, bare(&found["pod"]), format!("condition {condition} is final"))
    } else {
        finding.verdict = format!("A rule of the Job's podFailurePolicy ended it: {message}");
        finding.short = "ended by podFailurePolicy".to_owned();
        finding.effect = end.words();
        return super::with_causes(finding, tries.into_iter().map(|one| one.finding).collect());
    };
    let left = tries_left(end);
    finding.verdict = format!(
        "Rule {rule} of the Job's podFailurePolicy says that {what} is final, and pod {pod} ended with it. {left} That is \
         what the rule is for; the cause stands in the log of {pod}."
    );
    finding.short = short;
    finding.effect = "failed at once by its podFailurePolicy".to_owned();
    finding.fixes = vec![end.rerun(format!("look for the cause in the log of {pod}, cure it, and run it again"))];
    finding.fixes.extend(end.rerun_with(
        format!("run it again without rule {rule} of podFailurePolicy, so that such an end is tried again"),
        &Changes::remove(format!("spec.podFailurePolicy.rules[{rule}]")),
    ));
    finding.group = format!("T083/{}/{what}", end.job.meta.namespace);
    // Of a plain exit code the rule has said everything, but for the last words of the program. A cause that is known more
    // exactly leads, with what the rule made of it.
    let is_plain = |cause: &Finding| matches!(cause.rule.0, "T052" | "T060");
    let (plain, causes): (Vec<Finding>, Vec<Finding>) = tries.into_iter().map(|one| one.finding).partition(is_plain);
    finding.verdict.push_str(&plain.first().map(last_words).unwrap_or_default());
    finding.evidence.extend(plain.into_iter().flat_map(|cause| cause.evidence).take(4));
    let mut causes = causes.into_iter();
    match causes.next() {
        Some(cause) => {
            let effect = format!("{}: rule {rule} of its podFailurePolicy makes {what} final", finding.effect);
            let lead = Finding { effect, ..cause };
            super::with_causes(lead, causes.chain([finding]).collect())
        }
        None => vec![finding],
    }
}

/// What somebody else ends has this condition: an eviction, a preemption, a drained or lost node.
const DISRUPTION: &str = "DisruptionTarget";

/// That no try follows, and how many were left.
fn tries_left(end: &End<'_, '_>) -> String {
    let left = end.job.backoff_limit.map(|limit| i64::from(limit) + 1 - end.failures().max(1) as i64);
    match left.filter(|left| *left > 0 && end.job.backoff_limit_per_index.is_none()) {
        Some(left) => format!("It is not tried again, though {} would have been left.", many(left, "try")),
        None => "It is not tried again.".to_owned(),
    }
}

/// T083 where the program did nothing wrong: its pod was taken away, and a rule makes that final.
fn disrupted(end: &End<'_, '_>, pod: &str, rule: &str) -> Finding {
    let mut finding = end.finding("T083");
    let gone = match end.case.pods.iter().any(|one| one.meta.name == pod) {
        true => "",
        false => " The pod is gone, with its log.",
    };
    finding.verdict = format!(
        "Pod {pod} did not fail by itself: it was taken away (condition {DISRUPTION}), by an eviction, a drain or loss of \
         its node, or a preemption. Rule {rule} of the Job's podFailurePolicy makes that final. {}{gone}",
        tries_left(end),
    );
    finding.short = format!("pod taken away ({DISRUPTION}), final by rule {rule}");
    finding.effect = "failed at once by its podFailurePolicy".to_owned();
    finding.fixes = end.rerun_with(
        format!("run it again with rule {rule} set to Ignore: such an end is then tried again and not counted"),
        &Changes::set(format!("spec.podFailurePolicy.rules[{rule}].action"), "Ignore"),
    );
    finding.fixes.push(end.rerun("run it again as it is"));
    finding.group = format!("T083/{}/{DISRUPTION}", end.job.meta.namespace);
    finding
}

/// T087: a rule of `successPolicy` was met before all was done.
pub(super) fn cut_by_success(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let met = job.condition("Complete").or_else(|| job.condition("SuccessCriteriaMet"))?;
    if met.reason != "SuccessPolicy" || job.succeeded >= job.wanted() {
        return None;
    }
    let rule = met.message.strip_prefix("Matched rules at index ").unwrap_or("?");
    let done = format!("{}/{}", job.succeeded, job.wanted());
    let mut evidence =
        of_field(job, format!("status.conditions[{}].reason", met.kind), format!("SuccessPolicy: {}", met.message));
    evidence.at = met.since;
    let indexes = match job.completed_indexes.as_str() {
        "" => String::new(),
        indexes => format!(" (indexes {indexes})"),
    };
    Some(Finding {
        rule: RuleId("T087"),
        severity: Severity::Info,
        confidence: Confidence::Certain,
        subject: case.subject,
        verdict: format!(
            "The Job ended early and well: rule {rule} of its successPolicy takes {done} completions{indexes} for enough. \
             The pods that still ran were stopped."
        ),
        short: format!("{done} were enough (successPolicy)"),
        effect: String::new(),
        evidence: vec![evidence],
        fixes: Vec::new(),
        since: met.since,
        group: format!("T087/{}/{}", job.meta.namespace, job.meta.name),
    })
}
