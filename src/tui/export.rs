//! Lines of a log on their way to a file or to the pager, piece by piece. What was begun and is not ended leaves nothing
//! behind.

use std::fs::File;
use std::io::{ErrorKind, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempPath;

use super::log_file::{nameless_file, plain};
use crate::app::{ExportOutcome, ExportTo};
use crate::model::safe_text::safe_line;

/// Pagers that are tried where the user names none.
const PAGERS: [&str; 2] = ["less", "more"];

/// Where lines are on their way to; one way at a time. Clones are the same one.
#[derive(Clone)]
pub(super) struct Exporter {
    /// For what waits for the pager.
    folder: PathBuf,
    open: Arc<Mutex<Option<Open>>>,
}

enum Open {
    /// A file that is removed again unless it becomes whole.
    File {
        file: File,
        /// Where it is written: beside the one that it replaces, else in its place.
        written: TempPath,
        /// Where it belongs.
        path: PathBuf,
    },
    /// A file without a name.
    Pager(File),
}

impl Exporter {
    /// Nothing is on its way; what waits for the pager will wait in this folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, open: Arc::default() }
    }

    /// Takes a piece. It waits for the disk.
    pub(super) fn take(&self, to: &ExportTo, bytes: &[u8], is_first: bool, is_last: bool) -> ExportOutcome {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if is_first {
            *open = None;
            match self.begin(to) {
                Ok(begun) => *open = Some(begun),
                Err(outcome) => return outcome,
            }
        }
        let outcome = match open.as_mut() {
            Some(begun) => begun.take(bytes),
            None => ExportOutcome::Failed("not saved: its beginning is lost".to_owned()),
        };
        if matches!(outcome, ExportOutcome::Failed(_)) {
            *open = None;
            return outcome;
        }
        match open.take() {
            Some(Open::File { written, path, .. }) if is_last => match written.persist(&path) {
                Ok(()) => ExportOutcome::Taken(Some(path)),
                Err(why) => not_saved(&path, &reason(&why.error)),
            },
            begun => {
                *open = begun;
                outcome
            }
        }
    }

    /// What waits for the pager, from its beginning on.
    pub(super) fn for_pager(&self) -> Option<File> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        match open {
            Some(Open::Pager(mut file)) => file.rewind().is_ok().then_some(file),
            _ => None,
        }
    }

    fn begin(&self, to: &ExportTo) -> Result<Open, ExportOutcome> {
        match to {
            ExportTo::Pager => nameless_file(&self.folder).map(Open::Pager).map_err(|why| {
                ExportOutcome::Failed(format!("no pager: cannot write in {}: {}", shown(&self.folder), plain(&why)))
            }),
            ExportTo::File { path, replaces } => {
                let path = absolute(path).map_err(|why| not_saved(path, &why))?;
                let is_there = is_there(&path).map_err(|why| not_saved(&path, &why))?;
                if is_there && !replaces {
                    return Err(ExportOutcome::IsThere);
                }
                let (file, written) = match (is_there, path.parent()) {
                    // Whoever reads it sees the old one or the new one, whole.
                    (true, Some(folder)) => tempfile::NamedTempFile::new_in(folder)
                        .map(tempfile::NamedTempFile::into_parts)
                        .map_err(|why| not_saved(&path, &reason(&why)))?,
                    _ => create(&path)?,
                };
                Ok(Open::File { file, written, path })
            }
        }
    }
}

impl Open {
    fn take(&mut self, bytes: &[u8]) -> ExportOutcome {
        match self {
            Open::File { file, path, .. } => match file.write_all(bytes) {
                Ok(()) => ExportOutcome::Taken(Some(path.clone())),
                Err(why) => not_saved(path, &reason(&why)),
            },
            Open::Pager(file) => match file.write_all(bytes) {
                Ok(()) => ExportOutcome::Taken(None),
                Err(why) => {
                    ExportOutcome::Failed(format!("no pager: what it shows cannot be written: {}", plain(&why)))
                }
            },
        }
    }
}

/// The path as it is meant where one types it: from the home folder on, or from the working directory.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, String> {
    let named = match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        (Ok(_), None) => return Err("there is no home folder".to_owned()),
        (Err(_), _) => path.to_owned(),
    };
    std::path::absolute(named).map_err(|why| reason(&why))
}

/// Whether there is a file that could be replaced, or a link: a link is replaced by a file of its own, what it points to
/// stays as it is. Folders, devices and pipes are refused.
fn is_there(path: &Path) -> Result<bool, String> {
    let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
    match path.metadata() {
        Ok(about) if about.is_dir() => Err("it is a folder".to_owned()),
        Ok(about) if !about.is_file() => Err("it is a device or a pipe, and no file".to_owned()),
        Ok(_) => Ok(true),
        Err(_) if is_folder => Err("it names a folder, and no file in it".to_owned()),
        // A link whose end is missing is there all the same.
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(path.symlink_metadata().is_ok()),
        Err(why) => Err(reason(&why)),
    }
}

/// A new file for its owner alone, never one that is there.
pub(super) fn create(path: &Path) -> Result<(File, TempPath), ExportOutcome> {
    let created = File::options().write(true).create_new(true).mode(0o600).open(path);
    match created.and_then(|file| Ok((file, TempPath::try_from_path(path)?))) {
        Ok(created) => Ok(created),
        // It came since we looked.
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Err(ExportOutcome::IsThere),
        Err(why) => Err(not_saved(path, &reason(&why))),
    }
}

fn not_saved(path: &Path, why: &str) -> ExportOutcome {
    ExportOutcome::Failed(format!("not saved to {}: {why}", shown(path)))
}

pub(super) fn shown(path: &Path) -> String {
    safe_line(&path.to_string_lossy()).into_owned()
}

pub(super) fn reason(why: &std::io::Error) -> String {
    // What is missing where a file is made can only be its folder.
    if why.kind() == ErrorKind::NotFound { "no such folder".to_owned() } else { plain(why) }
}

/// Shows what stands in the file with the user's pager, which has the terminal meanwhile, and waits for its end.
///
/// # Errors
/// Where no pager could be run: why, in words.
pub(super) fn page(text: &File) -> Result<(), String> {
    if let Some(line) = std::env::var("PAGER").ok().filter(|line| !line.trim().is_empty()) {
        let ended = run(Command::new("sh").arg("-c").arg(&line), text);
        return match ended.map(|status| status.code()) {
            // What a shell says of a command that it cannot run. All other codes are the pager's own business.
            Ok(Some(126 | 127)) => Err(format!("the pager in PAGER cannot be run: {}", safe_line(&line))),
            Ok(_) => Ok(()),
            Err(why) => Err(format!("the pager in PAGER cannot be run: {}", plain(&why))),
        };
    }
    for pager in PAGERS {
        match run(&mut Command::new(pager), text) {
            Ok(_) => return Ok(()),
            Err(why) if why.kind() == ErrorKind::NotFound => {}
            Err(why) => return Err(format!("{pager} cannot be run: {}", plain(&why))),
        }
    }
    Err("there is no pager: neither less nor more is found; PAGER may name one".to_owned())
}

fn run(command: &mut Command, text: &File) -> std::io::Result<ExitStatus> {
    command.stdin(text.try_clone()?).status()
}

#[cfg(test)]
mod tests;
