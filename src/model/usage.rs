//! Usage: whose is measured, and what was. `app` says whose, `cluster` measures where the server has metrics.

use compact_str::CompactString;

use super::resources::Resources;

/// The pods whose usage is wanted: those of these Jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageScope {
    /// The namespace that the Jobs are in.
    pub namespace: CompactString,
    /// The Jobs' names, sorted; never empty.
    pub jobs: Vec<CompactString>,
}

/// What a pod's containers use, by name: an average over the server's last window, some 15 seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodUsage {
    /// The pod's name; metrics know no UID.
    pub pod: CompactString,
    /// Its running containers.
    pub containers: Vec<(CompactString, Resources)>,
}
