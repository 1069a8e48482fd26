//! What the loop remembers beyond the program's end, written in the background.

use crate::model::delta::{Change, Delta};
use crate::model::key::Kind;
use crate::state_file::State;

/// The state file's contents, and the task that writes them.
pub(super) struct Memory {
    state: tokio::sync::watch::Sender<State>,
    writer: tokio::task::JoinHandle<()>,
}

impl Memory {
    /// Reads the file; of the embedded cluster nothing is read or written.
    pub(super) fn load(is_demo: bool) -> Self {
        let known = if is_demo { State::default() } else { State::load() };
        let (state, mut changed) = tokio::sync::watch::channel(known);
        // A slow home folder must not hold up the screen; only the newest state matters.
        let writer = tokio::spawn(async move {
            while changed.changed().await.is_ok() {
                let state = changed.borrow_and_update().clone();
                if is_demo {
                    continue;
                }
                // The state is a convenience: that it cannot be kept is no error.
                let _ = tokio::task::spawn_blocking(move || state.save()).await;
            }
        });
        Self { state, writer }
    }

    /// What is remembered.
    pub(super) fn state(&self) -> tokio::sync::watch::Ref<'_, State> {
        self.state.borrow()
    }

    /// Remembers a namespace whose Jobs could be listed.
    pub(super) fn see(&self, delta: &Delta, context: &str) {
        let is_listed = delta.source.kind == Kind::Job && delta.changes.contains(&Change::Synced);
        if let (true, Some(namespace)) = (is_listed, &delta.source.namespace) {
            self.state.send_if_modified(|state| state.saw_namespace(context, namespace));
        }
    }

    /// Remembers what the palette ran.
    pub(super) fn see_recent(&self, recent: &[String]) {
        self.state.send_if_modified(|state| {
            let is_news = state.recent != recent;
            if is_news {
                state.recent = recent.to_vec();
            }
            is_news
        });
    }

    /// Waits until what is remembered is written, but not for long.
    pub(super) async fn keep(self) {
        drop(self.state);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.writer).await;
    }
}
