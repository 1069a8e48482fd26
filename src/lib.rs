//! kubatch: a terminal program for Kubernetes batch work.
//!
//! # Map
//!
//! | module | owns | may import |
//! |---|---|---|
//! | [`config`] | what a person chose once for all, from the configuration file | nothing of ours |
//! | [`state_file`] | what is remembered from one run to the next | nothing of ours |
//! | [`model`] | what is known, as plain data: rows, relations, states, schedules | nothing of ours |
//! | [`manifest_file`] | manifests from files, folders and stdin, as text | nothing of ours |
//! | [`manifest`] | text to object and back: what people write, what the API has, what differs, what will hurt | model |
//! | [`triage`] | why something does not start, fails or is stuck: pure rules over what is known | model |
//! | [`demo`] | the embedded cluster: an API server that answers from memory, its controllers, a story | model (time and schedules) |
//! | [`cluster`] | the engine: connect, watch, logs, requests | manifest, model; `connect` alone: demo |
//! | [`command`] | the registry: what can be done | manifest, model |
//! | [`app`] | all state of the user interface; messages in, effects out | command, manifest, model, triage |
//! | [`view`] | drawing, from `&App` | app, command, manifest, model, triage |
//! | [`tui`] | the loop, the terminal, effects as tasks | app, view, cluster, command, manifest, manifest_file, model, state_file |
//! | [`cli`] | arguments, exit codes | everything but view |
//!
//! `tests/it/tidy.rs` holds the third column.
//!
//! # Data flow
//!
//! *In.* API server → one watcher for each kind and namespace ([`cluster::watch`]), which keeps slim rows only
//! ([`cluster::slim`], fed from protobuf by [`cluster::wire`]) → batches tagged with their session → one bounded channel → the loop ([`tui`]) drains it into
//! [`app::App::update`] → [`model::snapshot::Snapshot::apply`] → [`app::App::settle`] makes rows, subject and log
//! streams anew → one frame ([`view::draw`]), none where nothing changed.
//!
//! *Why.* What a delta touched → [`triage::diagnose`] of just that, and of a part of what is under way at each tick → the
//! headline that rows, the inbox and the order of the lists show. What its rules ask for beyond the snapshot is asked of
//! the server for the object under the cursor alone, once it rests there, and again while it is looked at.
//!
//! *Out.* key → [`command::candidates`] → the one that applies ([`app::App::applies`]), or why none does →
//! [`command::Action`] → [`app::Effect`] → a task → a message back. A write has a planner ([`command::batch`]) and a
//! question before its effect; what became of it is what the watch shows.
//!
//! *From scripts.* arguments → the same engine, which watches no more than the command needs → the same planners
//! ([`command::plan()`], [`command::apply`]) → the same dry run and requests → one line for each object, an exit code ([`cli`]).
//!
//! # Invariants
//!
//! - Only the loop changes `App`; `update` never waits; `view` changes nothing.
//! - Text on screen is never read back for its meaning.
//! - Every message of the background carries its [`model::key::Session`]; those of an earlier one are dropped.
//! - Every channel is bounded. There is no global state that changes.
//! - A failed watch clears nothing: what was known is marked stale, with its age.
//! - Every string from the cluster passes [`model::safe_text`] before it is drawn or printed; log lines, which keep their
//!   colours, pass [`model::styled_line`].
//! - Every request but watching, listing, access reviews and reading logs passes [`cluster::execute`].
//!   With `--readonly` all requests pass its layer, which lets nothing through that does more than read.
//! - The client is looked up for every request, so that a renewed login changes nothing else; nothing but a new session
//!   changes the context, the server or the namespaces.
//! - What a person reads does not move: new rows wait while keys are pressed, and the widths of columns and the sizes of
//!   panes only grow while they show the same subject.
//! - Time is asked of [`model::clock`] alone.

pub mod app;
pub mod cli;
pub mod cluster;
pub mod command;
pub mod config;
pub mod demo;
pub mod manifest;
pub mod manifest_file;
pub mod model;
pub mod state_file;
pub mod triage;
pub mod tui;
pub mod view;
