//! What is copied out of a container on its way to a file: a new one, for its owner alone, that is removed again unless
//! it becomes whole.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempPath;
use tokio::sync::mpsc;

use super::export::{absolute, create, reason, shown};
use crate::app::{ExportOutcome, Msg};
use crate::cluster::CopyPart;
use crate::model::exec::CopyProgress;

/// How often it is told how much has come.
const PROGRESS: Duration = Duration::from_secs(1);

/// A file that is being written.
struct Open {
    file: File,
    written: TempPath,
    path: PathBuf,
}

/// Writes what comes to a file, and tells how much came. It waits for the disk and for what comes. `path` is where it
/// is in the container; it gives the file its name where none is given in `to`.
pub(super) fn save(
    mut parts: mpsc::Receiver<CopyPart>,
    path: &str,
    to: Option<&Path>,
    tell: &mpsc::Sender<Msg>,
) -> CopyProgress {
    let mut open = None;
    let (mut bytes, mut told) = (0, Instant::now());
    while let Some(part) = parts.blocking_recv() {
        match (part, &mut open) {
            (CopyPart::Begun { is_folder }, _) => match begin(path, to, is_folder) {
                Ok(begun) => open = Some(begun),
                Err(why) => return CopyProgress::Failed(why),
            },
            (CopyPart::Bytes(piece), Some(Open { file, path, .. })) => {
                if let Err(why) = file.write_all(&piece) {
                    return CopyProgress::Failed(format!("not saved to {}: {}", shown(path), reason(&why)));
                }
                bytes += piece.len() as u64;
                if told.elapsed() >= PROGRESS {
                    told = Instant::now();
                    // Where the loop is behind, the next one will do.
                    let _ = tell.try_send(Msg::Copied(CopyProgress::Bytes(bytes)));
                }
            }
            (CopyPart::Whole(complaints), Some(_)) => return keep(open, bytes, complaints),
            (CopyPart::Failed(failure), _) => {
                return CopyProgress::Failed(format!("{}; {}", failure.message, failure.hint));
            }
            (CopyPart::Bytes(_) | CopyPart::Whole(_), None) => break,
        }
    }
    CopyProgress::Failed("not saved: the copy was stopped before its end".to_owned())
}

fn keep(open: Option<Open>, bytes: u64, complaints: String) -> CopyProgress {
    let Some(Open { written, path, .. }) = open else {
        return CopyProgress::Failed("not saved: its beginning is lost".to_owned());
    };
    match written.keep() {
        Ok(_) => CopyProgress::Saved { path, bytes, complaints },
        Err(why) => CopyProgress::Failed(format!("not saved to {}: {}", shown(&path), reason(&why.error))),
    }
}

/// Makes the file. One that is there is never replaced.
fn begin(from: &str, to: Option<&Path>, is_folder: bool) -> Result<Open, String> {
    // `/` and `..` have no name of their own.
    let name = Path::new(from).file_name().map_or("root".into(), |name| name.to_string_lossy());
    let name = if is_folder { format!("{name}.tar") } else { name.into_owned() };
    let wanted = to.unwrap_or(Path::new("."));
    let path = absolute(wanted).map_err(|why| format!("not saved to {}: {why}", shown(wanted)))?;
    let path = if path.is_dir() { path.join(name) } else { path };
    match create(&path) {
        Ok((file, written)) => Ok(Open { file, written, path }),
        Err(ExportOutcome::Failed(why)) => Err(why),
        Err(_) => Err(format!("not saved: {} is there already; :copy PATH TO names another file", shown(&path))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::model::delta::{Cause, Failure};

    /// What becomes of these parts of `/var/log` where they are saved to this path below a new folder.
    fn saved(parts: Vec<CopyPart>, to: &str, prepare: impl Fn(&Path)) -> (tempfile::TempDir, CopyProgress) {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let (send, receive) = mpsc::channel(parts.len().max(1));
        parts.into_iter().for_each(|part| send.try_send(part).unwrap());
        drop(send);
        let (tell, _told) = mpsc::channel(1);
        let progress = save(receive, "/var/log", Some(&folder.path().join(to)), &tell);
        (folder, progress)
    }

    fn whole(is_folder: bool) -> Vec<CopyPart> {
        let bytes = CopyPart::Bytes(b"text"[..].into());
        vec![CopyPart::Begun { is_folder }, bytes, CopyPart::Whole(String::new())]
    }

    #[test]
    fn what_is_whole_becomes_a_file_for_its_owner_alone() {
        let (folder, progress) = saved(whole(false), "here", |_| {});
        let path = folder.path().join("here");
        assert_eq!(progress, CopyProgress::Saved { path: path.clone(), bytes: 4, complaints: String::new() });
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_folder_to_copy_to_gets_the_name_and_archives_an_ending() {
        for (is_folder, name) in [(false, "log"), (true, "log.tar")] {
            let (folder, progress) = saved(whole(is_folder), "", |_| {});
            let CopyProgress::Saved { path, .. } = progress else { panic!("{progress:?}") };
            assert_eq!(path, folder.path().join(name));
        }
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let (folder, progress) =
            saved(whole(false), "here", |folder| std::fs::write(folder.join("here"), "old").unwrap());
        assert!(matches!(&progress, CopyProgress::Failed(why) if why.contains("is there already")), "{progress:?}");
        assert_eq!(std::fs::read(folder.path().join("here")).unwrap(), b"old");
    }

    #[test]
    fn what_is_cut_off_or_fails_leaves_nothing_behind() {
        let failed = || {
            let (message, hint) = ("cannot copy: the connection ended".to_owned(), "try again".to_owned());
            CopyPart::Failed(Failure { cause: Cause::Unreachable, message, hint })
        };
        for last in [None, Some(failed())] {
            let mut parts = whole(false);
            parts.pop();
            parts.extend(last);
            let (folder, progress) = saved(parts, "here", |_| {});
            assert!(matches!(progress, CopyProgress::Failed(_)), "{progress:?}");
            assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        }
    }
}
