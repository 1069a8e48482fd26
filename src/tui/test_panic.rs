//! Panics on keys, so that tests can see what a panic leaves behind. Built with the feature `test-panic` alone, which
//! nothing but this crate's own tests turns on.
#![expect(clippy::panic, reason = "it is what this is for")]

use crate::app::Msg;

/// F12 panics on the thread that draws, F11 in a background task.
pub(super) fn raise(msg: &Msg) {
    match msg {
        Msg::Key(key) if key.0 == "f12" => panic!("asked to panic"),
        Msg::Key(key) if key.0 == "f11" => drop(tokio::spawn(async { panic!("a task asked to panic") })),
        _ => {}
    }
}
