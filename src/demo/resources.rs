//! The kinds that the embedded cluster serves: one table, from which routes, discovery and the schema index are made.

use super::store::Collection;

/// One kind, in one version of its group.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// Empty for the core group.
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    /// `jobs`.
    pub(super) plural: &'static str,
    /// `job`.
    pub(super) singular: &'static str,
    /// `Job`.
    pub(super) kind: &'static str,
    pub(super) is_namespaced: bool,
    /// What kubectl also understands, such as `cj`.
    pub(super) short_names: &'static [&'static str],
    /// Part of kubectl's `all`.
    pub(super) is_in_all: bool,
    /// Has `/status`, which is written apart from the rest.
    pub(super) has_status: bool,
    /// Field selectors beside `metadata.name` and `metadata.namespace`.
    pub(super) selectable: &'static [&'static str],
}

/// What can be selected of events by their fields; the values are paths in the core version.
const EVENT_FIELDS: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

/// The same in the newer version, which names the object differently.
const NEW_EVENT_FIELDS: &[&str] = &[
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
];

const POD_FIELDS: &[&str] =
    &["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase"];

const CORE: Resource = Resource {
    group: "",
    version: "v1",
    plural: "",
    singular: "",
    kind: "",
    is_namespaced: true,
    short_names: &[],
    is_in_all: false,
    has_status: false,
    selectable: &[],
};

const BATCH: Resource = Resource { group: "batch", is_in_all: true, has_status: true, ..CORE };

const METRICS: Resource = Resource { group: "metrics.k8s.io", version: "v1beta1", ..CORE };

/// Every kind that is served.
pub(super) const RESOURCES: &[Resource] = &[
    Resource { plural: "configmaps", singular: "configmap", kind: "ConfigMap", short_names: &["cm"], ..CORE },
    Resource {
        plural: "events",
        singular: "event",
        kind: "Event",
        short_names: &["ev"],
        selectable: EVENT_FIELDS,
        ..CORE
    },
    Resource { plural: "limitranges", singular: "limitrange", kind: "LimitRange", short_names: &["limits"], ..CORE },
    Resource {
        plural: "namespaces",
        singular: "namespace",
        kind: "Namespace",
        is_namespaced: false,
        short_names: &["ns"],
        has_status: true,
        selectable: &["status.phase"],
        ..CORE
    },
    Resource {
        plural: "nodes",
        singular: "node",
        kind: "Node",
        is_namespaced: false,
        short_names: &["no"],
        has_status: true,
        selectable: &["spec.unschedulable"],
        ..CORE
    },
    Resource {
        plural: "persistentvolumeclaims",
        singular: "persistentvolumeclaim",
        kind: "PersistentVolumeClaim",
        short_names: &["pvc"],
        has_status: true,
        ..CORE
    },
    Resource {
        plural: "pods",
        singular: "pod",
        kind: "Pod",
        short_names: &["po"],
        is_in_all: true,
        has_status: true,
        selectable: POD_FIELDS,
        ..CORE
    },
    Resource {
        plural: "resourcequotas",
        singular: "resourcequota",
        kind: "ResourceQuota",
        short_names: &["quota"],
        has_status: true,
        ..CORE
    },
    Resource { plural: "secrets", singular: "secret", kind: "Secret", selectable: &["type"], ..CORE },
    Resource {
        plural: "serviceaccounts",
        singular: "serviceaccount",
        kind: "ServiceAccount",
        short_names: &["sa"],
        ..CORE
    },
    Resource { plural: "cronjobs", singular: "cronjob", kind: "CronJob", short_names: &["cj"], ..BATCH },
    Resource { plural: "jobs", singular: "job", kind: "Job", selectable: &["status.successful"], ..BATCH },
    Resource {
        group: "events.k8s.io",
        plural: "events",
        singular: "event",
        kind: "Event",
        short_names: &["ev"],
        selectable: NEW_EVENT_FIELDS,
        ..CORE
    },
    Resource { plural: "nodes", kind: "NodeMetrics", is_namespaced: false, ..METRICS },
    Resource { plural: "pods", kind: "PodMetrics", ..METRICS },
];

impl Resource {
    /// `batch/v1`, or `v1` for the core group.
    pub(super) fn group_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `/apis/batch/v1`.
    pub(super) fn base(&self) -> String {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        format!("/{root}/{}", self.group_version())
    }

    /// Where its objects are kept. Events have two versions and are kept in one.
    pub(super) fn collection(&self, namespace: Option<&str>) -> Collection {
        let base = if self.is_new_event() { "/api/v1".to_owned() } else { self.base() };
        Collection { base, namespace: namespace.map(Into::into), plural: self.plural.into() }
    }

    /// The events of `events.k8s.io`, which are another view of those of the core group.
    pub(super) fn is_new_event(&self) -> bool {
        self.group == "events.k8s.io"
    }

    /// What may be done with it. Metrics are measured, not written.
    pub(super) fn verbs(&self) -> &'static [&'static str] {
        match self.group {
            "metrics.k8s.io" => &["get", "list"],
            _ => &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        }
    }

    /// `jobs.batch`, as messages name it.
    pub(super) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// `Job.batch`, as messages about invalid objects name it.
    pub(super) fn qualified_kind(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }
}

/// The kind behind a part of a path.
pub(super) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|one| one.group == group && one.version == version && one.plural == plural)
}

/// The plural of a kind.
pub(super) fn plural(api_version: &str, kind: &str) -> String {
    let known = RESOURCES.iter().find(|one| one.kind == kind && one.group_version() == api_version);
    known.map_or_else(|| format!("{}s", kind.to_lowercase()), |one| one.plural.to_owned())
}
