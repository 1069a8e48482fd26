//! The parts of an events.k8s.io/v1 Event that are read.

use compact_str::{CompactString, format_compact};
use serde::Deserialize;

use super::{MetaWire, ReferenceWire};
use crate::model::clock::Time;
use crate::model::event::Event;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Meta;

/// events.k8s.io/v1 Event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventWire {
    pub(super) metadata: MetaWire,
    #[serde(default)]
    regarding: ReferenceWire,
    #[serde(default)]
    reason: CompactString,
    #[serde(default)]
    note: CompactString,
    #[serde(default, rename = "type")]
    kind: CompactString,
    event_time: Option<Time>,
    series: Option<SeriesWire>,
    deprecated_last_timestamp: Option<Time>,
    deprecated_count: Option<i32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SeriesWire {
    count: i32,
    last_observed_time: Option<Time>,
}

impl From<EventWire> for Event {
    fn from(wire: EventWire) -> Self {
        let series_last = wire.series.as_ref().and_then(|series| series.last_observed_time);
        let series_count = wire.series.as_ref().map(|series| series.count);
        let version = wire.metadata.resource_version.as_ref().and_then(|text| text.parse().ok()).unwrap_or(0);
        let meta = Meta::from(wire.metadata);
        Event {
            version,
            about: Uid::new(&wire.regarding.uid),
            about_kind: Kind::from_name(&wire.regarding.kind),
            about_name: format_compact!("{}/{}", wire.regarding.kind.to_lowercase(), wire.regarding.name),
            reason: wire.reason,
            note: wire.note,
            is_warning: wire.kind == "Warning",
            count: series_count.or(wire.deprecated_count).unwrap_or(1).max(1),
            last: series_last.or(wire.deprecated_last_timestamp).or(wire.event_time).or(meta.created),
            meta,
        }
    }
}
