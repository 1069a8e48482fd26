//! One read backwards: the lines that lie before those that are known.

use std::collections::VecDeque;

use futures::{AsyncBufReadExt, AsyncReadExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;

use super::split::{Line, Splitter};
use crate::cluster::error::explain;
use crate::model::clock::Time;
use crate::model::log::{Classifier, LineClass, LogBatch, LogChange, LogStart, Older};

/// Bytes of older lines that are told at most: those next to the known ones. Who wants what lies before them asks again,
/// from the start of what came, with [`LogStart::First`].
const MOST: usize = 64 << 20;

/// The lines are kept in pieces of so many bytes, of which the oldest goes where they are too many.
const PIECE: usize = 1 << 20;

/// Known lines are read on for so long behind the first one, as a log's times may go back by a little, and to count
/// those of the same time. Seconds.
const DISORDER_SECONDS: i64 = 1;

/// Bytes that are asked for to see where the log begins.
const PEEK: i64 = 4096;

/// What was read of a log, up to the first line that is known.
#[derive(Debug)]
enum Found {
    Lines {
        batch: LogBatch,
        is_cut: bool,
    },
    /// The first known line did not come; how many lines came.
    Not,
}

/// Reads the lines; the answer is [`LogChange::Older`] or [`LogChange::NoOlder`].
pub(super) async fn read(client: &kube::Client, older: &Older) -> LogChange {
    let pods: Api<Pod> = Api::namespaced(client.clone(), &older.source.namespace);
    let doing = format!("read older lines of {}", older.source.pod_name);
    match search(&pods, older).await {
        Ok(change) => change,
        Err(Broken::Refused(error)) => LogChange::NoOlder(explain(&doing, &error).message),
        Err(Broken::Cut(error)) => LogChange::NoOlder(format!("cannot {doing}: the connection broke ({error})")),
    }
}

enum Broken {
    Refused(kube::Error),
    Cut(std::io::Error),
}

async fn search(pods: &Api<Pod>, older: &Older) -> Result<LogChange, Broken> {
    let mut start = older.start;
    loop {
        let (found, first) = read_from(pods, older, start).await?;
        match (found, start) {
            (Found::Lines { batch, is_cut }, _) => {
                let is_start =
                    !is_cut && (start == LogStart::First || begins_with(pods, older, first.as_ref()).await?);
                // All that came is known, but there is more: the log has grown by as much as was asked for.
                match start {
                    LogStart::Tail(lines) if batch.is_empty() && !is_start => start = more(lines),
                    _ => return Ok(LogChange::Older { batch, is_start }),
                }
            }
            // The log has grown so much that the first known line lies before all that came.
            (Found::Not, LogStart::Tail(lines)) if !begins_with(pods, older, first.as_ref()).await? => {
                start = more(lines);
            }
            (Found::Not, _) => {
                let words = "the server no longer has the lines before these: its log begins behind them";
                return Ok(LogChange::NoOlder(words.into()));
            }
        }
    }
}

/// Twice as many lines from the end, or all of them.
fn more(lines: u32) -> LogStart {
    lines.checked_mul(2).filter(|lines| *lines > 0).map_or(LogStart::First, LogStart::Tail)
}

/// Reads from a place on to the first known line. Beside it: the first line of the answer.
async fn read_from(
    pods: &Api<Pod>,
    older: &Older,
    start: LogStart,
) -> Result<(Found, Option<(Option<Time>, Vec<u8>)>), Broken> {
    let params = LogParams {
        tail_lines: match start {
            LogStart::Tail(lines) => Some(lines.into()),
            _ => None,
        },
        since_time: match start {
            LogStart::Since(time) => Some(Time::from_seconds(time.seconds()).to_timestamp()),
            _ => None,
        },
        ..params(older)
    };
    let since = match start {
        LogStart::Since(time) => Some(time),
        _ => None,
    };
    let opened = pods.log_stream(&older.source.pod_name, &params).await;
    let mut stream = std::pin::pin!(opened.map_err(Broken::Refused)?);
    let (mut splitter, mut collected, mut first) = (Splitter::default(), Collected::default(), None);
    'answer: loop {
        let piece = stream.fill_buf().await.map_err(Broken::Cut)?;
        if piece.is_empty() {
            splitter.unfinished().into_iter().for_each(|line| collected.push(line, older.before.time));
            break;
        }
        let mut rest = piece;
        while let Some(line) = splitter.next(&mut rest) {
            if since.is_some_and(|since| collected.is_empty() && line.time < Some(since)) {
                continue;
            }
            first.get_or_insert_with(|| (line.time, line.text.to_vec()));
            if line.time > Some(older.before.time.plus_seconds(DISORDER_SECONDS)) {
                break 'answer;
            }
            collected.push(line, older.before.time);
        }
        let used = piece.len();
        stream.consume_unpin(used);
    }
    Ok((collected.before(older.before.repeated), first))
}

/// Whether the log, as the server has it now, begins with this line.
async fn begins_with(pods: &Api<Pod>, older: &Older, first: Option<&(Option<Time>, Vec<u8>)>) -> Result<bool, Broken> {
    let Some((time, text)) = first else { return Ok(true) };
    let params = LogParams { limit_bytes: Some(PEEK), ..params(older) };
    let mut front = Vec::new();
    let opened = pods.log_stream(&older.source.pod_name, &params).await.map_err(Broken::Refused)?;
    std::pin::pin!(opened).read_to_end(&mut front).await.map_err(Broken::Cut)?;
    let (mut splitter, mut rest) = (Splitter::default(), front.as_slice());
    let whole = splitter.next(&mut rest).map(|line| line.time == *time && line.text == text.as_slice());
    Ok(match whole {
        Some(is_same) => is_same,
        None => splitter.unfinished().is_some_and(|line| line.time == *time && text.starts_with(line.text)),
    })
}

fn params(older: &Older) -> LogParams {
    LogParams {
        container: Some(older.source.container.to_string()),
        previous: older.is_previous,
        timestamps: true,
        ..LogParams::default()
    }
}

/// Lines in pieces, the newest at the back.
#[derive(Debug, Default)]
struct Collected {
    pieces: VecDeque<LogBatch>,
    bytes: usize,
    /// Lines that were dropped at the front.
    dropped: u64,
    /// Lines that came.
    lines: u64,
    /// The numbers of the lines that have the time of the first known one.
    same: Vec<u64>,
    classifier: Classifier,
}

impl Collected {
    fn is_empty(&self) -> bool {
        self.lines == 0
    }

    fn push(&mut self, line: Line<'_>, known: Time) {
        if line.time == Some(known) {
            self.same.push(self.lines);
        }
        self.lines += 1;
        let before = self.pieces.back().and_then(LogBatch::last_time);
        let time = line.time.or(before).unwrap_or(Time::from_seconds(0));
        if self.pieces.back().is_none_or(|piece| piece.bytes() >= PIECE) {
            self.pieces.push_back(LogBatch::default());
        }
        let class = self.classifier.class(line.text);
        if let Some(piece) = self.pieces.back_mut() {
            piece.push(time, class, line.text);
        }
        self.bytes += line.text.len() + size_of::<(Time, LineClass, usize)>();
        while self.bytes > MOST && self.pieces.len() > 1 {
            let Some(oldest) = self.pieces.pop_front() else { break };
            self.bytes -= oldest.bytes() + oldest.len() * size_of::<(Time, LineClass, usize)>();
            self.dropped += oldest.len() as u64;
        }
    }

    /// The lines before the first known one: of those of its time the last `repeated` are known.
    fn before(mut self, repeated: u32) -> Found {
        let first_known = self.same.len().checked_sub((repeated as usize).max(1)).or(self.same.first().map(|_| 0));
        let Some(end) = first_known.and_then(|place| self.same.get(place)).copied() else {
            return Found::Not;
        };
        let mut batch = LogBatch::default();
        let mut number = self.dropped;
        while let Some(piece) = self.pieces.pop_front() {
            let wanted = usize::try_from(end.saturating_sub(number)).unwrap_or(usize::MAX);
            piece.iter().take(wanted).for_each(|(time, class, text)| batch.push(time, class, text));
            number += piece.len() as u64;
        }
        Found::Lines { batch, is_cut: self.dropped > 0 }
    }
}
