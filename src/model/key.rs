//! Names for things: kinds, object keys, UIDs and sessions, as types of their own so that none is mistaken for another.

use compact_str::CompactString;

/// The kinds of object that kubatch watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// batch/v1 CronJob.
    CronJob,
    /// batch/v1 Job.
    Job,
    /// core/v1 Pod.
    Pod,
    /// events.k8s.io/v1 Event.
    Event,
    /// core/v1 Namespace.
    Namespace,
    /// core/v1 Node.
    Node,
    /// core/v1 ResourceQuota.
    ResourceQuota,
    /// core/v1 LimitRange.
    LimitRange,
    /// core/v1 PersistentVolumeClaim.
    PersistentVolumeClaim,
}

impl Kind {
    /// Every kind, those first that have a pane, in the order of the panes.
    pub const ALL: [Kind; 9] = [
        Kind::CronJob,
        Kind::Job,
        Kind::Pod,
        Kind::Event,
        Kind::Namespace,
        Kind::Node,
        Kind::ResourceQuota,
        Kind::LimitRange,
        Kind::PersistentVolumeClaim,
    ];

    /// It is watched for explanations alone. They say "not known" where it is not; nothing else suffers for it, the
    /// link included.
    pub const fn is_background(self) -> bool {
        matches!(self, Kind::Node | Kind::ResourceQuota | Kind::LimitRange | Kind::PersistentVolumeClaim)
    }

    /// Its objects live in no namespace.
    pub const fn is_cluster_wide(self) -> bool {
        matches!(self, Kind::Namespace | Kind::Node)
    }

    /// The API's plural resource name, as in `kubectl get jobs` and in RBAC rules.
    pub const fn plural(self) -> &'static str {
        match self {
            Kind::CronJob => "cronjobs",
            Kind::Job => "jobs",
            Kind::Pod => "pods",
            Kind::Event => "events",
            Kind::Namespace => "namespaces",
            Kind::Node => "nodes",
            Kind::ResourceQuota => "resourcequotas",
            Kind::LimitRange => "limitranges",
            Kind::PersistentVolumeClaim => "persistentvolumeclaims",
        }
    }

    /// The API group, empty for the core group.
    pub const fn group(self) -> &'static str {
        match self {
            Kind::CronJob | Kind::Job => "batch",
            Kind::Event => "events.k8s.io",
            Kind::Pod
            | Kind::Namespace
            | Kind::Node
            | Kind::ResourceQuota
            | Kind::LimitRange
            | Kind::PersistentVolumeClaim => "",
        }
    }

    /// The word before the slash in `job/settle-2990`.
    pub const fn singular(self) -> &'static str {
        match self {
            Kind::CronJob => "cronjob",
            Kind::Job => "job",
            Kind::Pod => "pod",
            Kind::Event => "event",
            Kind::Namespace => "namespace",
            Kind::Node => "node",
            Kind::ResourceQuota => "resourcequota",
            Kind::LimitRange => "limitrange",
            Kind::PersistentVolumeClaim => "persistentvolumeclaim",
        }
    }

    /// The kind's name in the API, as manifests and owner references write it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::CronJob => "CronJob",
            Kind::Job => "Job",
            Kind::Pod => "Pod",
            Kind::Event => "Event",
            Kind::Namespace => "Namespace",
            Kind::Node => "Node",
            Kind::ResourceQuota => "ResourceQuota",
            Kind::LimitRange => "LimitRange",
            Kind::PersistentVolumeClaim => "PersistentVolumeClaim",
        }
    }

    /// The kind with this `apiVersion` and this name in the API; None where kubatch does not watch it. Other groups have
    /// kinds of the same name, such as `batch.volcano.sh/v1alpha1 Job`. No version at all, which authors of events often
    /// leave out, fits every group.
    pub fn from_api(api_version: &str, name: &str) -> Option<Self> {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let fits = |kind: &Kind| kind.name() == name && (api_version.is_empty() || kind.group() == group);
        Self::ALL.into_iter().find(fits)
    }
}

/// An object's UID (`metadata.uid`): the only identity that survives a delete and re-create under the same name.
///
/// The API writes a UUID in text; its 16 bytes are kept. A text that is no UUID (the API allows any) becomes its
/// 128-bit FNV-1a hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid([u8; 16]);

impl Uid {
    /// The UID that this text writes.
    pub fn new(text: &str) -> Self {
        let mut value: u128 = 0;
        let mut digits = 0;
        for byte in text.bytes().filter(|b| *b != b'-') {
            match char::from(byte).to_digit(16) {
                Some(digit) if digits < 32 => value = value << 4 | u128::from(digit),
                _ => return Self::hashed(text),
            }
            digits += 1;
        }
        if digits == 32 { Self(value.to_be_bytes()) } else { Self::hashed(text) }
    }

    fn hashed(text: &str) -> Self {
        const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
        let hash = text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
        Self(hash.to_be_bytes())
    }
}

impl std::fmt::Display for Uid {
    /// The UUID as the API writes it, in lower case. Of a text that was no UUID it is the hash, which no server has: a
    /// request that names it is refused.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = format!("{self:?}");
        write!(f, "{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
    }
}

impl std::fmt::Debug for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// Kind, namespace and name: how a person names an object and how a request addresses it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// What it is.
    pub kind: Kind,
    /// Where it is; empty for kinds that live in no namespace.
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
}

impl std::fmt::Display for ObjectKey {
    /// `job/settle-2990`, the form that kubectl takes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.singular(), self.name)
    }
}

/// One connection to one cluster with one choice of namespaces. Every message from the background carries the session
/// it was made in, so that what arrives late from an earlier one is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Session(pub u32);

impl Session {
    /// The session that follows this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// Which namespaces a session looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Namespaces {
    /// Every namespace of the cluster.
    #[default]
    All,
    /// These only; never empty.
    Some(Vec<CompactString>),
}

impl Namespaces {
    /// What is watched, one by one: a namespace, or None for the whole cluster at once.
    pub fn scopes(&self) -> Vec<Option<&str>> {
        match self {
            Namespaces::All => vec![None],
            Namespaces::Some(names) => names.iter().map(|name| Some(name.as_str())).collect(),
        }
    }
}

impl std::fmt::Display for Namespaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Namespaces::All => f.write_str("all namespaces"),
            Namespaces::Some(names) => f.write_str(&names.join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_keeps_a_uuid_and_hashes_anything_else() {
        let uid = Uid::new("0a1b2c3d-0000-4000-8000-00000000000f");
        assert_eq!(format!("{uid:?}"), "0a1b2c3d00004000800000000000000f");
        assert_eq!(uid.to_string(), "0a1b2c3d-0000-4000-8000-00000000000f");
        assert_ne!(Uid::new("one"), Uid::new("two"));
        assert_ne!(Uid::new(""), Uid::new("0"));
        assert_eq!(Uid::new("é"), Uid::new("é"));
    }

    #[test]
    fn kinds_are_found_by_their_group_and_name() {
        for kind in Kind::ALL {
            let api_version = format!("{}/v1", kind.group());
            assert_eq!(Kind::from_api(api_version.trim_start_matches('/'), kind.name()), Some(kind));
            assert_eq!(Kind::from_api("", kind.name()), Some(kind));
        }
        assert_eq!(Kind::from_api("apps/v1", "Deployment"), None);
        assert_eq!(Kind::from_api("batch.volcano.sh/v1alpha1", "Job"), None);
    }
}
