//! The user's terminal, joined to a container. What the container writes reaches the terminal as it is, since that is
//! what a shell is; afterwards everything is undone that it may have set and that would harm us.

use std::fs::File;
use std::io::{Write, stdin, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};
use futures::stream::{Stream, unfold};
use rustix::fs::OFlags;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::Ends;
use super::log_file::plain;
use super::terminal::say;
use crate::cluster::Reached;
use crate::model::delta::{Cause, Failure};
use crate::model::exec::{ContainerKey, Join};
use crate::model::safe_text::safe_line;

/// The key that leaves when it is pressed twice: ctrl-], as telnet has it. Once, it reaches the container.
const LEAVE: u8 = 0x1d;

/// Keeps the terminal's title for [`RESET`] (xterm's stack of titles).
const KEEP_TITLE: &str = "\x1b[22;0t";

/// Undoes what a program may have left behind: ends a sequence that is not whole (CAN, ST), then one by one what DECSTR
/// resets, for terminals that do not know it, and what it does not: margins, origin, insert and reverse mode,
/// wrapping, character sets, colours, links, cursor and keypad keys, the mouse, reports of focus, bracketed paste,
/// progressive keys of kitty and xterm, held frames, the cursor and its shape, the title. The alternate screen is left
/// as it is: we enter it anyway, and leaving it moves the cursor.
const RESET: &str = concat!(
    "\x18\x1b\\\x1b[!p",
    "\x1b[?69l\x1b[r\x1b[?6l\x1b[4l\x1b[20l\x1b[?5l\x1b[?7h",
    "\x1b(B\x1b)B\x0f\x1b[0m\x1b]8;;\x1b\\",
    "\x1b[?1l\x1b>",
    "\x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l",
    "\x1b[?2004l\x1b[=0u\x1b[>4;0m\x1b[?2026l\x1b[?2031l\x1b[?2048l",
    "\x1b[?25h\x1b[0 q\x1b[23;0t",
);

/// How long the terminal must say nothing before it is ours again, and the longest time that is waited for it. What a
/// program asked of the terminal (its title, for one) comes back as if it were typed, and must not become our keys.
const QUIET: Duration = Duration::from_millis(60);
const LONGEST_TALK: Duration = Duration::from_millis(600);

/// Hands the terminal, which is not ours at the moment, to a container until what runs there ends. The exit code.
///
/// # Errors
/// Where the container cannot be reached, the connection ends, or it is left by hand.
pub(super) async fn hand_over(
    reaching: impl Future<Output = Result<Reached, Failure>>,
    to: &ContainerKey,
    join: Join,
) -> Result<i32, Failure> {
    let no_terminal =
        |why: std::io::Error| failure(format!("cannot {} {to}: no terminal: {}", join.verb(), plain(&why)));
    let mut ends = Ends::new().map_err(no_terminal)?;
    // Until the container answers the terminal is as usual, where ctrl-c is a signal.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_terminal)?;
    let sizes = sizes().map_err(no_terminal)?;
    say(&introduction(to, join)).map_err(no_terminal)?;
    let left = || failure(format!("left {to}"));
    let reached = tokio::select! {
        reached = reaching => reached?,
        _ = interrupt.recv() => return Err(left()),
        () = ends.next() => return Err(left()),
    };
    let (leave, is_left) = oneshot::channel();
    let raw = Raw::enter().map_err(no_terminal)?;
    let mut typed = Typed::open(leave).map_err(no_terminal)?;
    let ended = tokio::select! {
        ended = reached.talk(&mut typed, tokio::io::stdout(), sizes) => ended,
        _ = is_left => Err(Failure { hint: "what ran there may run on".into(), ..left() }),
        () = ends.next() => Err(left()),
    };
    raw.reset();
    let discarded = async { while let Ok(Ok(1..)) = tokio::time::timeout(QUIET, typed.read(&mut [0; 1024])).await {} };
    drop(tokio::time::timeout(LONGEST_TALK, discarded).await);
    ended
}

fn failure(message: String) -> Failure {
    Failure { cause: Cause::Other, message, hint: String::new() }
}

/// What runs, and how one comes back.
fn introduction(to: &ContainerKey, join: Join) -> String {
    let what = match join {
        Join::Shell => "a shell in",
        Join::Attach => "attached to",
    };
    let to = to.to_string();
    format!("kubatch: {what} {}; exit or ctrl-d ends it, ctrl-] twice leaves it at once", safe_line(&to))
}

/// The terminal's size, and each new one.
fn sizes() -> std::io::Result<impl Stream<Item = (u16, u16)>> {
    let changed = signal(SignalKind::window_change())?;
    Ok(unfold((changed, true), |(mut changed, is_first)| async move {
        if !is_first {
            changed.recv().await?;
        }
        Some((size().ok()?, (changed, false)))
    }))
}

/// The terminal gives every key as it is, until this is dropped.
struct Raw;

impl Raw {
    fn enter() -> std::io::Result<Self> {
        enable_raw_mode()?;
        let raw = Self;
        raw.write(KEEP_TITLE);
        Ok(raw)
    }

    fn reset(&self) {
        self.write(RESET);
    }

    fn write(&self, sequence: &str) {
        // Where the terminal is gone there is nobody to tell.
        let _ = stdout().write_all(sequence.as_bytes()).and_then(|()| stdout().flush());
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
    }
}

/// What is typed. It can be left at any time without a key being lost, which the standard library's input cannot: its
/// reads do not end.
struct Typed {
    terminal: Receiver,
    /// The last key was [`LEAVE`].
    is_leaving: bool,
    leave: Option<oneshot::Sender<()>>,
}

impl Typed {
    /// Opens the terminal anew: what is set for this file (not to wait) is not set for others who read it.
    fn open(leave: oneshot::Sender<()>) -> std::io::Result<Self> {
        // kqueue does not take /dev/tty, and a terminal of another mount namespace has no name here.
        let name = rustix::termios::ttyname(stdin(), Vec::new()).ok().and_then(|name| name.into_string().ok());
        let path = name.map_or_else(|| PathBuf::from("/dev/tty"), PathBuf::from);
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        // A terminal is read as a pipe is, and tokio has no type of its own for it.
        let terminal = Receiver::from_file_unchecked(File::options().read(true).custom_flags(flags).open(path)?)?;
        Ok(Self { terminal, is_leaving: false, leave: Some(leave) })
    }
}

impl AsyncRead for Typed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.terminal).poll_read(context, buffer))?;
        let is_left = leaves(&mut self.is_leaving, &buffer.filled()[before..]);
        if let Some(leave) = self.leave.take_if(|_| is_left) {
            // Who waits for it drops us.
            let _ = leave.send(());
        }
        Poll::Ready(Ok(()))
    }
}

/// Whether these keys, behind the ones before, have [`LEAVE`] twice in a row.
fn leaves(is_leaving: &mut bool, keys: &[u8]) -> bool {
    keys.iter().any(|key| {
        let was_leaving = std::mem::replace(is_leaving, *key == LEAVE);
        was_leaving && *is_leaving
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::key::{Kind, ObjectKey};

    #[test]
    fn only_two_in_a_row_leave() {
        let mut is_leaving = false;
        let pressed = ["a\x1d", "b", "\x1db\x1d", "\x1d"].map(|keys| leaves(&mut is_leaving, keys.as_bytes()));
        assert_eq!(pressed, [false, false, false, true]);
    }

    #[test]
    fn introduction_says_where_one_is_and_the_way_back() {
        let pod = ObjectKey { kind: Kind::Pod, namespace: "data".into(), name: "etl-x7k2p".into() };
        let to = ContainerKey { pod, container: "main".into() };
        let words =
            "kubatch: a shell in pod/etl-x7k2p, container main; exit or ctrl-d ends it, ctrl-] twice leaves it at once";
        assert_eq!(introduction(&to, Join::Shell), words);
    }
}
