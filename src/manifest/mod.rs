//! Text to object and back: manifests as people write them, objects as the API has them, and what differs between two.
//!
//! Pure: it knows no server, no screen and no clock. `command` and `cluster` build writes with it, `app` checks with it
//! what is typed. What people write comes in by `import`; `parse` reads it with the place of everything, `schema` knows
//! the fields, `check` tells what is wrong, `lint` what will hurt, and `complete` helps where the text is no YAML yet.
//! What two states of an object differ in is found by `merge` and shown by `diff`.

mod assign;
mod check;
mod complete;
pub mod diff;
pub mod immutable;
mod import;
pub mod lint;
pub mod managers;
pub mod merge;
pub mod object;
mod outline;
mod owned;
mod parse;
mod path;
mod problem;
pub mod rerun;
mod rewrite;
#[cfg(test)]
mod samples;
mod schema;
mod template;
mod versions;
mod without;
mod yaml;

pub use assign::{Assigned, assign};
pub use check::check;
pub use complete::{Completion, Names, Part, Spot, complete, help_at, place_at, timing_at};
pub use import::{Imported, import};
pub use parse::{Document, Found, Parsed, parse};
pub use path::{Path, Step};
pub use problem::{Edit, Fix, Place, Problem, Severity, edited};
pub use schema::{Catalogue, Field};
pub use template::{Template, templates};
pub use without::without;
pub use yaml::to_yaml;
