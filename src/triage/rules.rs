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
    rule("T040", "image-not-found", Severity::Critical, "The registry has no such image."),
    rule("T041", "image-auth", Severity::Critical, "The registry, or a policy of the node, refuses the image."),
    rule("T042", "image-rate-limited", Severity::Warning, "The registry limits how often images are pulled."),
    rule(
        "T043",
        "image-network",
        Severity::Error,
        "A node cannot fetch the image: network, certificates, the registry, its disk.",
    ),
    rule("T044", "image-name-invalid", Severity::Critical, "The image has no valid name."),
    rule("T045", "image-never-pull", Severity::Critical, "The node does not have the image and may not pull it."),
    rule("T046", "image-wrong-architecture", Severity::Critical, "The image has no build for the node's architecture."),
    rule(
        "T047",
        "config-object-missing",
        Severity::Critical,
        "A ConfigMap or Secret for variables is missing, or a key of it.",
    ),
    rule(
        "T048",
        "run-as-root-refused",
        Severity::Critical,
        "The container would run as root, which its template forbids.",
    ),
    rule(
        "T049",
        "mount-object-missing",
        Severity::Critical,
        "A ConfigMap or Secret for a volume is missing, or a key of it.",
    ),
    rule("T050", "volume-attach-or-mount-failing", Severity::Error, "A volume cannot be attached or mounted."),
    rule("T051", "sandbox-failing", Severity::Error, "The node cannot make the pod's sandbox or network."),
    rule(
        "T052",
        "init-container-blocking",
        Severity::Error,
        "An init container or a sidecar keeps the main containers from starting.",
    ),
    rule("T053", "slow-image-pull", Severity::Info, "The image has been on its way for long."),
    rule("T054", "start-error", Severity::Critical, "The container's first process cannot be started."),
    rule("T055", "rejected-by-node", Severity::Warning, "The node refused the pod after it had been placed there."),
    rule("T060", "application-exit-code", Severity::Error, "The program ended with an exit code that says it failed."),
    rule("T061", "command-not-found", Severity::Critical, "A command is not in the image or may not be executed."),
    rule("T062", "oom-killed", Severity::Error, "The container hit its memory limit."),
    rule("T063", "evicted-node-pressure", Severity::Warning, "The node ran short of memory, disk or processes."),
    rule("T064", "ephemeral-storage-limit", Severity::Error, "The pod wrote more than it may."),
    rule("T065", "crash-signal", Severity::Error, "The program crashed."),
    rule("T066", "terminated-from-outside", Severity::Warning, "The container was stopped from outside."),
    rule("T067", "liveness-kill", Severity::Error, "The liveness probe failed, and the container was killed."),
    rule("T068", "startup-probe-kill", Severity::Error, "The startup probe failed, and the container was killed."),
    rule("T069", "hook-failed", Severity::Error, "The postStart hook failed, and the container was killed."),
    rule("T070", "crash-loop", Severity::Error, "The container fails again and again."),
    rule("T071", "exit-zero-but-wrong", Severity::Warning, "The Job reports success and probably did not do its work."),
    rule("T072", "rbac-denied-in-log", Severity::Error, "The program's service account lacks a right."),
    rule("T073", "dependency-unreachable-in-log", Severity::Warning, "The program did not reach another service."),
    rule("T074", "node-lost", Severity::Warning, "The pod's node is lost or gone."),
    rule("T075", "preempted", Severity::Warning, "A pod of higher priority took the pod's place."),
    rule("T076", "evicted-by-api", Severity::Info, "The pod was evicted by a drain, an autoscaler or by hand."),
    rule("T077", "node-shutdown", Severity::Info, "The pod's node shut down."),
];
