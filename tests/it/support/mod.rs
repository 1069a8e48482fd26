//! What tests share: a real cluster, a pseudo-terminal, a driver for the app on the embedded cluster,
//! pictures of its screen.

pub mod cluster;
pub mod driver;
pub mod noting;
pub mod server;
pub mod svg;
pub mod terminal;
pub mod webhook;

use std::time::Duration;

/// How long a test waits for a condition before it fails and says what it saw instead. Long, since the machine may be
/// slow; a test that passes never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(120);
