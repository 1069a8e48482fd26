//! Text to object and back: manifests as people write them, objects as the API has them, and what differs between two.
//!
//! Pure: it knows no server, no screen and no clock. `command` and `cluster` build writes with it, `app` checks with it
//! what is typed.
