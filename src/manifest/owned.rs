//! What the server and the controllers write into an object, and nobody else: it has no place in a manifest.

/// Fields of `metadata` that the server fills in. From `ObjectMeta` of Kubernetes 1.36, where each is called read-only
/// or populated by the system.
pub(super) const METADATA: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// The annotation in which `kubectl apply` keeps what it sent last.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Labels that the Job controller puts on a Job and on its template (`pkg/registry/batch/job/strategy.go`).
pub(super) const JOB_LABELS: [&str; 4] =
    ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"];
