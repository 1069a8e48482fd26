//! Reaching into containers: a terminal that is joined to one, a command that is run in one. The requests are GET
//! upgrades to WebSockets and pass the same layer as everything else, so that `execute::read_only` refuses them before
//! anything is sent.
//!
//! A container's end of the line is raw: what is shown of it anywhere but in a shell passes [`crate::model::safe_text`].

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::{BoxFuture, Fuse};
use futures::{FutureExt, Sink, Stream, StreamExt};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::{AttachParams, AttachedProcess, TerminalSize};
use kube::client::UpgradeConnectionError;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, SimplexStream};

use super::error::one_line;
use super::execute::{no_answer, refused};
use crate::model::delta::{Cause, Failure};
use crate::model::exec::{CommandEnd, CommandOutput, ContainerKey, Join};
use crate::model::safe_text::safe_line;

/// How long the server and the node may take to begin. A kubelet answers within seconds; a request that passes a proxy
/// in front of the server is given up there after a minute at the latest.
const PATIENCE: Duration = Duration::from_secs(35);

/// Bytes of each of a command's two outputs that are kept: more than anyone reads on a page.
const KEPT: usize = 1 << 18;

/// How long a command may run whose output is shown when it has ended. What takes longer wants a shell.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// Bytes that wait between the connection and whoever reads them. The client's own choice of 1 KiB makes a copy slow.
const BUFFER: usize = 1 << 18;

/// Bytes that are taken from an output at once.
const PIECE: usize = 1 << 16;

/// Bash where there is one, else sh, in one request.
const SHELL: [&str; 3] = ["sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash || exec sh"];

/// What is told where the image lacks the program that was to be started, and the next step.
type Missing = (&'static str, &'static str);

const NO_SHELL: Missing = ("its image has neither bash nor sh", "put a container beside it that has one: :debug IMAGE");
const NO_PROGRAM: Missing = ("its image has no such program", "look around in it with s, or type :debug IMAGE");

/// Joins a terminal to a container. Nothing is read or written yet: [`Reached::talk`] does that.
///
/// # Errors
/// Where the server refuses, nothing runs there, or the client is read-only and nothing was sent.
pub(super) async fn join(client: kube::Client, to: &ContainerKey, join: Join) -> Result<Reached, Failure> {
    let doing = format!("{} {to}", join.verb());
    let pods = pods(client, to);
    let how = AttachParams::interactive_tty().container(to.container.as_str()).max_stdout_buf_size(BUFFER);
    match join {
        Join::Shell => begin(&doing, "pods/exec", NO_SHELL, pods.exec(&to.pod.name, SHELL, &how)).await,
        Join::Attach => begin(&doing, "pods/attach", NO_PROGRAM, pods.attach(&to.pod.name, &how)).await,
    }
}

/// Runs a command without a terminal and without input.
///
/// # Errors
/// As [`join`].
pub(super) async fn start(client: kube::Client, to: &ContainerKey, command: &[String]) -> Result<Reached, Failure> {
    let doing = format!("run {} in {to}", safe_line(command.first().map_or("", String::as_str)));
    let how = AttachParams::default().container(to.container.as_str());
    let how = how.stdout(true).stderr(true).max_stdout_buf_size(BUFFER).max_stderr_buf_size(BUFFER);
    begin(&doing, "pods/exec", NO_PROGRAM, pods(client, to).exec(&to.pod.name, command, &how)).await
}

/// Runs a command and keeps what it writes, up to a limit of bytes and of time.
///
/// # Errors
/// As [`join`], and where the connection ends before the command.
pub(super) async fn run(client: kube::Client, to: &ContainerKey, command: &[String]) -> Result<CommandOutput, Failure> {
    let mut reached = start(client, to, command).await?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let ended = tokio::time::timeout(LONGEST_RUN, async {
        loop {
            let is_all_kept = match reached.next().await {
                Piece::Out(bytes) => keep(&mut stdout, &bytes),
                Piece::Err(bytes) => keep(&mut stderr, &bytes),
                Piece::Ended(status) => return Some(status),
            };
            if !is_all_kept {
                return None;
            }
        }
    });
    let end = match ended.await {
        Ok(Some(status)) => CommandEnd::Exit(reached.exit_code(status).await?),
        Ok(None) => CommandEnd::TooLong(KEPT),
        Err(_) => CommandEnd::TooLate(LONGEST_RUN.as_secs()),
    };
    Ok(CommandOutput { stdout, stderr, end })
}

/// Adds what still fits; false where something does not.
fn keep(kept: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let room = KEPT - kept.len();
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    bytes.len() <= room
}

fn pods(client: kube::Client, of: &ContainerKey) -> Api<Pod> {
    Api::namespaced(client, &of.pod.namespace)
}

async fn begin(
    doing: &str,
    subresource: &str,
    if_missing: Missing,
    request: impl Future<Output = kube::Result<AttachedProcess>>,
) -> Result<Reached, Failure> {
    match tokio::time::timeout(PATIENCE, request).await {
        Ok(Ok(process)) => Ok(Reached::new(doing, if_missing, process)),
        Ok(Err(error)) => Err(not_begun(doing, subresource, &error)),
        Err(_) => Err(no_answer(doing, PATIENCE)),
    }
}

/// Why a connection was not opened, with the next step.
fn not_begun(doing: &str, subresource: &str, error: &kube::Error) -> Failure {
    let failure = refused(doing, error);
    match error {
        // What changed in 1.35 is the feature gate `AuthorizePodWebsocketUpgradeCreatePermission`.
        kube::Error::Api(status) if status.code == 403 => Failure {
            hint: format!(
                "ask for a role with the verb create on {subresource}: since Kubernetes 1.35 get is not enough for it"
            ),
            ..failure
        },
        kube::Error::Api(status) if status.code == 400 => {
            Failure { hint: "it must run: look at its state with d".into(), ..failure }
        }
        kube::Error::UpgradeConnection(why) if !matches!(why, UpgradeConnectionError::GetPendingUpgrade(_)) => {
            Failure {
                cause: Cause::Other,
                message: format!("cannot {doing}: the way to the server takes no WebSocket ({})", one_line(why)),
                hint: "a proxy or gateway in front of the server must let WebSockets through".into(),
            }
        }
        _ => failure,
    }
}

/// A process in a container, connected to us. Dropping it drops the connection.
pub struct Reached {
    /// What it is there for, for "cannot …".
    doing: String,
    if_missing: Missing,
    stdout: Option<Output>,
    stderr: Option<Output>,
    /// How the process ended: told once, after all that it wrote; None where the connection ended without a word of it.
    status: Fuse<BoxFuture<'static, Option<Status>>>,
    ended: Option<Option<Box<Status>>>,
    process: AttachedProcess,
}

/// One of the two outputs of a process.
struct Output {
    reader: ReadHalf<SimplexStream>,
    buffer: BytesMut,
}

/// The next thing that a process told.
pub(super) enum Piece {
    /// On standard output, or on its terminal.
    Out(Bytes),
    /// On standard error.
    Err(Bytes),
    /// It ended; without a status where the connection ended before it.
    Ended(Option<Box<Status>>),
}

impl Reached {
    fn new(doing: &str, if_missing: Missing, mut process: AttachedProcess) -> Self {
        let output = |reader| Output { reader, buffer: BytesMut::new() };
        let (stdout, stderr) = (process.stdout().map(output), process.stderr().map(output));
        let status = process.take_status().map_or(futures::future::ready(None).boxed(), FutureExt::boxed).fuse();
        Self { doing: doing.to_owned(), if_missing, stdout, stderr, status, ended: None, process }
    }

    /// Waits for the next thing that the process tells.
    pub(super) async fn next(&mut self) -> Piece {
        loop {
            // A connection that broke does not end the outputs: what came before is all that there is.
            let is_broken = self.ended == Some(None);
            tokio::select! {
                biased;
                bytes = next_bytes(&mut self.stdout) => if !bytes.is_empty() { return Piece::Out(bytes) },
                bytes = next_bytes(&mut self.stderr) => if !bytes.is_empty() { return Piece::Err(bytes) },
                () = std::future::ready(()), if is_broken => return Piece::Ended(None),
                status = &mut self.status => self.ended = Some(status.map(Box::new)),
            }
            if let (None, None, Some(status)) = (&self.stdout, &self.stderr, &self.ended) {
                return Piece::Ended(status.clone());
            }
        }
    }

    /// Lets a terminal and the process talk until the process ends: what is typed goes there, what it writes comes back
    /// as it is, and each size of the terminal (columns, rows) is told. The exit code.
    ///
    /// # Errors
    /// Where the connection ends before the process, where no process could be started, and where the terminal cannot be
    /// written.
    pub async fn talk(
        mut self,
        typed: impl AsyncRead,
        shown: impl AsyncWrite,
        sizes: impl Stream<Item = (u16, u16)>,
    ) -> Result<i32, Failure> {
        let type_in = type_in(self.process.stdin(), typed);
        let tell_sizes = tell_sizes(self.process.terminal_size(), sizes);
        let status = tokio::select! {
            status = self.show(shown) => status?,
            never = type_in => match never {},
            never = tell_sizes => match never {},
        };
        self.exit_code(status).await
    }

    /// Shows what the process writes until it ends.
    async fn show(&mut self, shown: impl AsyncWrite) -> Result<Option<Box<Status>>, Failure> {
        let mut shown = pin!(shown);
        loop {
            let bytes = match self.next().await {
                Piece::Out(bytes) | Piece::Err(bytes) => bytes,
                Piece::Ended(status) => return Ok(status),
            };
            let written = async {
                shown.write_all(&bytes).await?;
                shown.flush().await
            };
            written.await.map_err(|why| Failure {
                cause: Cause::Other,
                message: format!("cannot {}: the terminal cannot be written: {why}", self.doing),
                hint: String::new(),
            })?;
        }
    }

    /// The exit code that a status tells.
    ///
    /// # Errors
    /// Where there is none: the connection ended before the process, or no process was started.
    pub(super) async fn exit_code(self, status: Option<Box<Status>>) -> Result<i32, Failure> {
        let Some(status) = status else {
            let why = self.process.join().await.err().map(|why| format!(": {}", one_line(&why))).unwrap_or_default();
            return Err(Failure {
                cause: Cause::Unreachable,
                message: format!("cannot {} any more: the connection ended{why}", self.doing),
                hint: "look whether the pod and its node are still there, and try again".into(),
            });
        };
        code_of(&self.doing, self.if_missing, &status)
    }
}

/// The exit code that a status tells.
fn code_of(doing: &str, if_missing: Missing, status: &Status) -> Result<i32, Failure> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let causes = status.details.iter().flat_map(|details| details.causes.iter().flatten());
    let mut codes = causes.filter(|cause| cause.reason.as_deref() == Some("ExitCode"));
    let code = codes.find_map(|cause| cause.message.as_deref()?.parse().ok());
    code.ok_or_else(|| not_started(doing, if_missing, status.message.as_deref().unwrap_or_default()))
}

/// What came on an output since it was asked last; empty at its end, which is told once.
async fn next_bytes(output: &mut Option<Output>) -> Bytes {
    let Some(Output { reader, buffer }) = output else { return std::future::pending().await };
    buffer.reserve(PIECE);
    // A pipe in memory does not fail.
    if matches!(reader.read_buf(buffer).await, Ok(0) | Err(_)) {
        *output = None;
        return Bytes::new();
    }
    buffer.split().freeze()
}

/// Where the typing ends, what was typed is still worked on: the process itself says when it has ended.
async fn type_in(input: Option<impl AsyncWrite + Unpin>, typed: impl AsyncRead) -> Infallible {
    if let Some(mut input) = input {
        drop(tokio::io::copy(&mut pin!(typed), &mut input).await);
    }
    std::future::pending().await
}

async fn tell_sizes(
    told: Option<impl Sink<TerminalSize> + Unpin>,
    sizes: impl Stream<Item = (u16, u16)>,
) -> Infallible {
    if let Some(told) = told {
        let sizes = sizes.map(|(width, height)| Ok(TerminalSize { width, height }));
        drop(sizes.forward(told).await);
    }
    std::future::pending().await
}

/// What the node's runtime says where it could not start the process, in one sentence. Runtimes say it in many words,
/// and agree on these (containerd and CRI-O with runc and crun).
fn not_started(doing: &str, if_missing: Missing, told: &str) -> Failure {
    let is_missing = ["executable file not found", "no such file or directory"].iter().any(|one| told.contains(one));
    let (cause, message, hint) = match is_missing {
        true => (Cause::NotFound, if_missing.0.into(), if_missing.1),
        false => (Cause::Other, safe_line(told), "look at the pod's state with d"),
    };
    Failure { cause, message: format!("cannot {doing}: {message}"), hint: hint.into() }
}

#[cfg(test)]
mod tests;
