//! The parts of an Event that are read, under the names of events.k8s.io/v1 or those of core/v1.

use compact_str::{CompactString, format_compact};
use serde::Deserialize;

use super::{MetaWire, ReferenceWire};
use crate::model::clock::Time;
use crate::model::delta::Row;
use crate::model::event::Event;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Meta;

/// events.k8s.io/v1 Event; the aliases are the names of core/v1.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventWire {
    pub(super) metadata: MetaWire,
    #[serde(default, alias = "involvedObject")]
    regarding: ReferenceWire,
    #[serde(default)]
    reason: CompactString,
    #[serde(default, alias = "message")]
    note: CompactString,
    #[serde(default, rename = "type")]
    kind: CompactString,
    event_time: Option<Time>,
    series: Option<SeriesWire>,
    #[serde(alias = "lastTimestamp")]
    deprecated_last_timestamp: Option<Time>,
    #[serde(alias = "count")]
    deprecated_count: Option<i32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SeriesWire {
    count: i32,
    last_observed_time: Option<Time>,
}

/// Kinds whose events are kept.
const KEPT: [Kind; 6] =
    [Kind::CronJob, Kind::Job, Kind::Pod, Kind::Node, Kind::PersistentVolumeClaim, Kind::ResourceQuota];

impl EventWire {
    /// A row where it is about something that explains batch work; of any other nothing.
    pub(super) fn into_row(self) -> Row {
        let kind = Kind::from_api(&self.regarding.api_version, &self.regarding.kind);
        match kind.filter(|kind| KEPT.contains(kind)) {
            Some(kind) => Row::Event(self.about(kind)),
            None => Row::Unkept(Uid::new(&self.metadata.uid)),
        }
    }

    fn about(self, kind: Kind) -> Event {
        let wire = self;
        let series_last = wire.series.as_ref().and_then(|series| series.last_observed_time);
        let series_count = wire.series.as_ref().map(|series| series.count);
        let meta = Meta::from(wire.metadata);
        let name = wire.regarding.name;
        Event {
            about: if kind == Kind::Node { Event::about_node(&name) } else { Uid::new(&wire.regarding.uid) },
            about_kind: Some(kind),
            about_name: format_compact!("{}/{name}", kind.singular()),
            reason: wire.reason,
            note: wire.note,
            is_warning: wire.kind == "Warning",
            count: series_count.or(wire.deprecated_count).unwrap_or(1).max(1),
            last: series_last.or(wire.deprecated_last_timestamp).or(wire.event_time).or(meta.created),
            meta,
        }
    }
}
