//! The parts of a core/v1 LimitRange that are read.

use compact_str::CompactString;
use serde::Deserialize;

use super::{MetaWire, read_amounts};
use crate::model::limit_range::{Limit, LimitRange};
use crate::model::resources::Amounts;

/// core/v1 LimitRange.
#[derive(Deserialize)]
pub struct LimitRangeWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    spec: LimitRangeSpecWire,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LimitRangeSpecWire {
    limits: Vec<LimitWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LimitWire {
    r#type: CompactString,
    #[serde(deserialize_with = "read_amounts")]
    max: Amounts,
    #[serde(deserialize_with = "read_amounts")]
    min: Amounts,
    #[serde(deserialize_with = "read_amounts")]
    default: Amounts,
    #[serde(deserialize_with = "read_amounts")]
    default_request: Amounts,
    #[serde(deserialize_with = "read_amounts")]
    max_limit_request_ratio: Amounts,
}

impl From<LimitRangeWire> for LimitRange {
    fn from(wire: LimitRangeWire) -> Self {
        let limit = |one: LimitWire| Limit {
            kind: one.r#type,
            max: one.max,
            min: one.min,
            default_limit: one.default,
            default_request: one.default_request,
            max_ratio: one.max_limit_request_ratio,
        };
        LimitRange { meta: wire.metadata.into(), limits: wire.spec.limits.into_iter().map(limit).collect() }
    }
}
