//! LimitRanges: the slim row of a core/v1 LimitRange, which bounds single containers, pods and claims of a namespace and
//! fills in what they leave open.

use compact_str::CompactString;

use super::key::Kind;
use super::meta::{Meta, Object};
use super::resources::Amounts;

/// What is kept of a LimitRange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitRange {
    /// Identity.
    pub meta: Meta,
    /// `spec.limits`.
    pub limits: Box<[Limit]>,
}

/// An entry of `spec.limits`: bounds for one sort of thing, by resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// `type`: `Container`, `Pod`, `PersistentVolumeClaim`.
    pub kind: CompactString,
    /// `max`: no request or limit may be larger.
    pub max: Amounts,
    /// `min`: no request may be smaller.
    pub min: Amounts,
    /// `default`: the limit of a container that sets none.
    pub default_limit: Amounts,
    /// `defaultRequest`: the request of a container that sets none.
    pub default_request: Amounts,
    /// `maxLimitRequestRatio`: so many times its request may a limit be.
    pub max_ratio: Amounts,
}

impl Object for LimitRange {
    const KIND: Kind = Kind::LimitRange;
    fn meta(&self) -> &Meta {
        &self.meta
    }
}
