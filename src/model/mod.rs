//! The domain: what kubatch knows of a cluster, as plain data.
//!
//! Pure: no async runtime, no terminal, no Kubernetes client, no system time. `cluster` fills it, `triage` reasons over
//! it, `app` shows it. Nothing here imports another module of the crate.

pub mod claim;
pub mod clock;
pub mod columns;
pub mod command_call;
pub mod count;
pub mod cronjob;
pub mod delta;
pub mod event;
pub mod exec;
pub mod fact;
pub mod foreign;
pub mod job;
pub mod journal;
pub mod key;
pub mod limit_range;
pub mod log;
pub mod meta;
pub mod mutation;
pub mod node;
pub mod owner;
pub mod pod;
pub mod quota;
pub mod redact;
pub mod resources;
pub mod safe_text;
pub mod schedule;
pub mod snapshot;
pub mod state;
pub mod styled_line;
pub mod table;
pub mod usage;

/// Rows read from real objects, for the unit tests of every module.
#[cfg(test)]
#[path = "../../tests/fixtures/rows.rs"]
pub(crate) mod fixtures;
