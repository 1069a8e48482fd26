//! One log with a channel of its own, read no faster than its reader takes it: for who merges many logs of any length in
//! little memory.

use kube::Client;
use tokio::sync::mpsc;

use super::follow::Follower;
use crate::cluster::Report;
use crate::model::clock::Time;
use crate::model::delta::Failure;
use crate::model::key::Session;
use crate::model::log::{Follow, LogBatch, LogChange};

/// Bytes of text after which a part takes no more lines: a hundred logs side by side hold some thirty megabytes.
const PART_BYTES: usize = 64 << 10;

/// Parts that wait for the reader, beside the one that is passed on and the one that is being filled.
const PARTS: usize = 2;

/// How far a log is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// What is there now; the container may go on to write.
    Now,
    /// The end of the container's run.
    ContainerEnds,
}

/// A piece of a log, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogPart {
    /// Lines.
    Lines(LogBatch),
    /// Between these times lines are missing, or may be.
    Gap(Time, Time),
    /// It broke, for the reason that is told, and is asked for again.
    Broken(String),
    /// Nothing more will come: everything was read, or the rest cannot be.
    Ended(Result<(), Failure>),
}

/// Reads a log into a channel that holds little; the task ends with it, and with who reads it.
pub(in crate::cluster) fn read(
    client: &Client,
    log: Follow,
    until: Until,
    session: Session,
    tasks: &mut tokio::task::JoinSet<()>,
) -> mpsc::Receiver<LogPart> {
    let (parts, reader) = mpsc::channel(PARTS);
    let (reports, mut reported) = mpsc::channel(1);
    let follower = Follower::new(log, until, PART_BYTES, session, reports).run(client.clone());
    tasks.spawn(async move {
        let reading = async {
            let (outcome, ()) = tokio::join!(follower, pass_on(&mut reported, &parts));
            tell(&parts, LogPart::Ended(outcome)).await;
        };
        tokio::select! {
            () = reading => {}
            () = parts.closed() => {}
        }
    });
    reader
}

/// Passes on what a stream tells until it ends.
async fn pass_on(reported: &mut mpsc::Receiver<Report>, parts: &mpsc::Sender<LogPart>) {
    // A break is told when the stream goes on; the one with which it is given up is the outcome.
    let mut broken = None;
    while let Some(report) = reported.recv().await {
        let Report::Log { change, .. } = report else { continue };
        if let Some(why) = broken.take() {
            tell(parts, LogPart::Broken(why)).await;
        }
        match change {
            LogChange::Lines(lines) if !lines.is_empty() => tell(parts, LogPart::Lines(lines)).await,
            LogChange::Gap { from, to } => tell(parts, LogPart::Gap(from, to)).await,
            LogChange::Failed(why) => broken = Some(why),
            LogChange::Lines(_) | LogChange::Ended | LogChange::Older { .. } | LogChange::NoOlder(_) => {}
        }
    }
}

async fn tell(parts: &mpsc::Sender<LogPart>, part: LogPart) {
    // Where nobody reads any more, the whole task is about to end.
    let _ = parts.send(part).await;
}

#[cfg(test)]
mod tests;
