//! The parts of a core/v1 ResourceQuota that are read.

use compact_str::CompactString;
use serde::Deserialize;

use super::{MetaWire, read_amounts};
use crate::model::quota::{ResourceQuota, Scope};
use crate::model::resources::Amounts;

/// core/v1 ResourceQuota.
#[derive(Deserialize)]
pub struct QuotaWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    spec: QuotaSpecWire,
    #[serde(default)]
    status: QuotaStatusWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct QuotaSpecWire {
    #[serde(deserialize_with = "read_amounts")]
    hard: Amounts,
    scopes: Vec<CompactString>,
    scope_selector: Option<ScopeSelectorWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ScopeSelectorWire {
    match_expressions: Vec<ScopeWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ScopeWire {
    scope_name: CompactString,
    operator: CompactString,
    values: Vec<CompactString>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct QuotaStatusWire {
    #[serde(deserialize_with = "read_amounts")]
    hard: Amounts,
    #[serde(deserialize_with = "read_amounts")]
    used: Amounts,
}

impl From<QuotaWire> for ResourceQuota {
    fn from(wire: QuotaWire) -> Self {
        let QuotaWire { metadata, spec, status } = wire;
        let plain = |name| Scope { name, operator: "Exists".into(), values: Box::default() };
        let selected =
            |one: ScopeWire| Scope { name: one.scope_name, operator: one.operator, values: one.values.into() };
        let selector = spec.scope_selector.unwrap_or_default().match_expressions;
        ResourceQuota {
            meta: metadata.into(),
            hard: if status.hard.is_empty() { spec.hard } else { status.hard },
            used: status.used,
            scopes: spec.scopes.into_iter().map(plain).chain(selector.into_iter().map(selected)).collect(),
        }
    }
}
