//! The registry of rules: what each finds, in words for a person who meets its number.

use super::finding::{RuleId, Severity};

/// A rule as the documentation and `kubatch why -o json` name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub id: RuleId,
    /// Its name.
    pub name: &'static str,
    /// How bad what it finds is at most.
    pub severity: Severity,
    /// What it finds, in a sentence.
    pub about: &'static str,
}

const fn rule(id: &'static str, name: &'static str, severity: Severity, about: &'static str) -> Rule {
    Rule { id: RuleId(id), name, severity, about }
}

/// All rules, by number.
pub const RULES: &[Rule] = &[
    rule("T001", "job-suspended", Severity::Info, "Someone paused the Job."),
    rule("T002", "kueue-waiting-for-quota", Severity::Critical, "The Job waits in a queue of Kueue."),
    rule("T003", "kueue-queue-misconfigured", Severity::Critical, "The queue cannot take the Job."),
    rule("T004", "kueue-evicted", Severity::Critical, "Kueue stopped the Job and took its place away."),
    rule("T005", "managed-by-other-controller", Severity::Warning, "Another controller is to run the Job."),
    rule("T006", "quota-exceeded", Severity::Error, "A quota has no room for the Job's next pod."),
    rule(
        "T007",
        "quota-requires-resources",
        Severity::Critical,
        "A quota demands resources that the pod does not set.",
    ),
    rule("T008", "limit-range-violation", Severity::Critical, "A pod breaks the bounds of a LimitRange."),
    rule("T009", "pod-security-denied", Severity::Critical, "Pod Security forbids what the pod template asks for."),
    rule("T010", "admission-policy-denied", Severity::Critical, "A policy of the cluster refuses the pod."),
    rule("T011", "admission-webhook-down", Severity::Critical, "A webhook that must be asked does not answer."),
    rule("T012", "service-account-missing", Severity::Critical, "The pod's service account does not exist."),
    rule("T013", "class-missing", Severity::Critical, "The pod's priority class or runtime class does not exist."),
    rule("T014", "namespace-terminating", Severity::Info, "The namespace is being deleted."),
    rule("T015", "job-controller-silent", Severity::Critical, "Nobody has taken up the Job."),
    rule("T016", "parallelism-zero", Severity::Info, "The Job may run no pod at a time."),
    rule("T017", "waiting-retry-delay", Severity::Info, "The Job waits before its next try."),
    rule("T020", "insufficient-cpu-memory", Severity::Critical, "No node has room for the pod, now or ever."),
    rule("T021", "gpu-unavailable", Severity::Critical, "No node has a free device such as a GPU."),
    rule("T022", "taint-not-tolerated", Severity::Error, "Nodes carry taints that the pod does not tolerate."),
    rule("T023", "node-selector-no-match", Severity::Critical, "No node has the labels that the pod asks for."),
    rule("T024", "pod-affinity-or-spread", Severity::Critical, "Rules on which pods may be together leave no node."),
    rule("T025", "pvc-missing", Severity::Critical, "The claim that the pod mounts does not exist."),
    rule("T026", "pvc-unbound", Severity::Critical, "The claim that the pod mounts has no volume."),
    rule("T027", "volume-node-conflict", Severity::Error, "The pod's volume is tied to another place."),
    rule("T028", "volume-in-use-elsewhere", Severity::Error, "The pod's volume is in use by another pod."),
    rule("T029", "nodes-cordoned-or-none", Severity::Error, "Nodes are cordoned, or there are none."),
    rule("T030", "scheduling-gated", Severity::Warning, "A scheduling gate holds the pod."),
    rule("T031", "scheduler-missing", Severity::Critical, "No scheduler looks at the pod."),
    rule("T032", "gang-incomplete", Severity::Warning, "The pod starts with its group or not at all."),
    rule("T033", "host-port-conflict", Severity::Error, "A port of the node that the pod wants is taken."),
];
