//! Log streams: one task for each followed container, from the kubelet's bytes to lines with their times; and reads of
//! lines that lie before those that are known.
//!
//! | file | what it holds |
//! |---|---|
//! | `split` | bytes to lines |
//! | `stop` | why a stream stops |
//! | `seek` | where in an answer the lines begin that were not read before |
//! | `run` | which run of a container an answer is about |
//! | `follow` | one stream, from its first line over broken connections to its end |
//! | `reader` | one stream with a channel of its own |
//! | `older` | one read backwards |

mod follow;
mod older;
mod reader;
mod run;
mod seek;
mod split;
mod stop;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::AbortHandle;

use super::Report;
use crate::model::key::Session;
use crate::model::log::{Follow, LogSource, Older};
pub(super) use reader::read;
pub use reader::{LogPart, Until};

/// The cursor rests so long on a subject before its streams start, so that moving through a list starts none.
const SETTLE: Duration = Duration::from_millis(120);

/// Bytes of text after which a message takes no more lines. With [`super::REPORTS`] messages it bounds what is on its
/// way at 16 MiB, and one line for each stream.
const BATCH_BYTES: usize = 256 << 10;

/// Reads of older lines at once: each may be as large as a log.
const READS: usize = 4;

/// The streams that run, by source and number ([`Follow::stream`]). Dropping it ends them.
#[derive(Debug)]
pub struct Streams {
    streams: HashMap<(LogSource, u64), Stream>,
    reads: Arc<Semaphore>,
}

#[derive(Debug)]
struct Stream(AbortHandle);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self { streams: HashMap::new(), reads: Arc::new(Semaphore::new(READS)) }
    }
}

impl Streams {
    /// Ends the streams that are not in `logs` and starts those that are new, which a known source is too where it has
    /// another number: what the old stream tells is no longer taken. A stream whose container was started again goes on:
    /// it finds by itself where the rest of its run is to be had, and nothing that is still on its way to the screen is
    /// asked for a second time.
    pub(super) fn set(
        &mut self,
        logs: &[Follow],
        session: Session,
        client: &kube::Client,
        reports: &mpsc::Sender<Report>,
    ) {
        let mut before = std::mem::take(&mut self.streams);
        for follow in logs {
            let key = (follow.source.clone(), follow.stream);
            let running = before.remove(&key);
            self.streams.entry(key).or_insert_with(|| {
                running.unwrap_or_else(|| {
                    let (log, reports) = (follow.clone(), reports.clone());
                    let follower = follow::Follower::new(log, Until::ContainerEnds, BATCH_BYTES, session, reports);
                    let client = client.clone();
                    let stream = tokio::spawn(async move {
                        tokio::time::sleep(SETTLE).await;
                        // What it could not read it has told.
                        let _ = follower.run(client).await;
                    });
                    Stream(stream.abort_handle())
                })
            });
        }
    }

    /// Reads lines that lie before those that are known, when there is room for one more read.
    pub(super) fn older(
        &self,
        older: Older,
        session: Session,
        client: kube::Client,
        reports: mpsc::Sender<Report>,
    ) -> impl Future<Output = ()> + Send + 'static {
        let reads = self.reads.clone();
        async move {
            // Only a closed semaphore has no permit to give, and this one is never closed.
            let Ok(_room) = reads.acquire_owned().await else { return };
            let change = older::read(&client, &older).await;
            drop(reports.send(Report::Log { session, source: older.source, stream: older.stream, change }).await);
        }
    }
}

#[cfg(test)]
mod tests;
