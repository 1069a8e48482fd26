//! Files and folders out of containers, with what their images have: `cat` for a file, else `tar` for a folder. (kubectl
//! takes `tar` for both.)

use bytes::Bytes;
use tokio::sync::mpsc;

use super::exec::{Piece, start};
use crate::model::delta::{Cause, Failure};
use crate::model::exec::ContainerKey;
use crate::model::safe_text::safe_line;

/// Pieces that wait for the disk before the reading pauses; with 64 KiB each, a megabyte.
pub(super) const PARTS: usize = 16;

/// Bytes of a program's complaints that are kept: a few lines of them.
const COMPLAINTS: usize = 2_000;

/// The next part of what is copied.
#[derive(Debug)]
pub enum CopyPart {
    /// It is there, and begins: a file as it is, or a folder as a tar archive.
    Begun {
        /// It is a folder.
        is_folder: bool,
    },
    /// What comes next of it.
    Bytes(Bytes),
    /// It is whole. What its program complained of all the same; empty for nothing.
    Whole(String),
    /// It cannot be had, or not to its end.
    Failed(Failure),
}

/// Why a program gave nothing.
enum Nothing {
    /// The image does not have it.
    NoProgram,
    /// It complained, in these words.
    Complaint(String),
    /// It was not even tried, or what it gave is not whole.
    Failed(Failure),
}

/// Reads a file or folder of a container into a channel, up to [`CopyPart::Whole`] or [`CopyPart::Failed`].
pub(super) async fn copy(client: kube::Client, from: ContainerKey, path: String, parts: mpsc::Sender<CopyPart>) {
    let doing = format!("copy {} from {from}", safe_line(&path));
    let cat = read(&client, &from, &["cat", "--", &path], false, &parts).await;
    let is_folder = matches!(&cat, Err(Nothing::Complaint(words)) if words.to_lowercase().contains("is a directory"));
    let read = match cat {
        Err(Nothing::NoProgram) => read(&client, &from, &["tar", "-cf", "-", "--", &path], true, &parts).await,
        Err(_) if is_folder => read(&client, &from, &["tar", "-cf", "-", "--", &path], true, &parts).await,
        cat => cat,
    };
    let last = match read {
        Ok(complaints) => CopyPart::Whole(complaints),
        Err(Nothing::Failed(failure)) => CopyPart::Failed(failure),
        Err(Nothing::Complaint(words)) => CopyPart::Failed(Failure {
            cause: Cause::Other,
            message: format!("cannot {doing}: {words}"),
            hint: "look around in it with s".into(),
        }),
        Err(Nothing::NoProgram) => CopyPart::Failed(Failure {
            cause: Cause::NotFound,
            message: match is_folder {
                true => format!("cannot {doing}: it is a folder, and the image has no tar to pack it"),
                false => format!("cannot {doing}: its image has neither cat nor tar"),
            },
            hint: "put a container beside it that has them with :debug IMAGE, and copy /proc/1/root/PATH from there"
                .into(),
        }),
    };
    // Nobody listens any more where the copy was stopped.
    drop(parts.send(last).await);
}

/// Runs a program and passes on what it gives. What it complained of though it gave everything.
async fn read(
    client: &kube::Client,
    from: &ContainerKey,
    command: &[&str],
    is_folder: bool,
    parts: &mpsc::Sender<CopyPart>,
) -> Result<String, Nothing> {
    let command: Vec<String> = command.iter().map(|&part| part.to_owned()).collect();
    let mut reached = start(client.clone(), from, &command).await.map_err(Nothing::Failed)?;
    let (mut complaints, mut has_begun) = (Vec::new(), false);
    let status = loop {
        match reached.next().await {
            Piece::Out(bytes) => {
                if !std::mem::replace(&mut has_begun, true) {
                    pass(parts, CopyPart::Begun { is_folder }).await?;
                }
                pass(parts, CopyPart::Bytes(bytes)).await?;
            }
            Piece::Err(bytes) => {
                let room = COMPLAINTS - complaints.len();
                complaints.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Piece::Ended(status) => break status,
        }
    };
    let complaints = String::from_utf8_lossy(&complaints);
    let complaints = safe_line(complaints.trim()).into_owned();
    match reached.exit_code(status).await {
        Ok(0) if !has_begun => pass(parts, CopyPart::Begun { is_folder }).await.map(|()| complaints),
        Ok(0) => Ok(complaints),
        // tar: a file changed while it was read, or could not be read; the archive has the others.
        Ok(1) if has_begun && is_folder => Ok(complaints),
        Ok(code) if complaints.is_empty() => Err(Nothing::Complaint(format!("exit code {code}"))),
        Ok(_) => Err(Nothing::Complaint(complaints)),
        Err(failure) if failure.cause == Cause::NotFound && !has_begun => Err(Nothing::NoProgram),
        Err(failure) => Err(Nothing::Failed(failure)),
    }
}

async fn pass(parts: &mpsc::Sender<CopyPart>, part: CopyPart) -> Result<(), Nothing> {
    parts.send(part).await.map_err(|_| Nothing::Complaint("it was stopped".to_owned()))
}
