//! Versions of the batch kinds that the server no longer has. From the deprecation guide of Kubernetes
//! (<https://kubernetes.io/docs/reference/using-api/deprecation-guide/>); the fields are the same in all of them.

/// What became of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Removed {
    /// When it went, as the end of a sentence that begins with its name.
    pub(super) since: &'static str,
    /// What to write today.
    pub(super) instead: &'static str,
}

/// What became of this version of a kind; None where it is not known to have gone.
pub(super) fn removed(api_version: &str, kind: &str) -> Option<Removed> {
    let since = match (api_version, kind) {
        ("batch/v1beta1", "CronJob") => "is gone since Kubernetes 1.25",
        ("batch/v2alpha1", "CronJob") => "is gone since Kubernetes 1.21",
        ("batch/v2alpha1" | "extensions/v1beta1", "Job") => "is long gone",
        _ => return None,
    };
    Some(Removed { since, instead: "batch/v1" })
}
