//! The file that takes parts of logs which do not fit into memory. It has no name, so that nothing is left behind
//! whatever ends the program, and is made when it is first needed. [`crate::app::LogLimits`] bounds it.

use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::log::Stored;
use crate::model::safe_text::safe_line;

/// The file. Clones are the same one.
#[derive(Clone)]
pub(super) struct LogFile {
    folder: PathBuf,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    file: Option<Arc<File>>,
    /// Where the next part goes.
    end: u64,
    /// Places that are free again.
    free: Vec<Stored>,
}

impl LogFile {
    /// A file that will be in this folder.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, open: Arc::default() }
    }

    /// Writes a part behind the others. It waits for the disk.
    ///
    /// # Errors
    /// Where the file cannot be made or written: why, in words.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Stored, String> {
        let (file, at) = self.reserve(bytes.len()).map_err(|why| self.told("written", &why))?;
        file.write_all_at(bytes, at).map_err(|why| self.told("written", &why))?;
        Ok(Stored { at, len: bytes.len() })
    }

    /// Reads a part. It waits for the disk.
    ///
    /// # Errors
    /// Where it cannot be read: why, in words.
    pub(super) fn read(&self, stored: Stored) -> Result<Vec<u8>, String> {
        let file = self.open.lock().unwrap_or_else(PoisonError::into_inner).file.clone();
        let mut bytes = vec![0; stored.len];
        let read =
            file.map_or(Err(std::io::ErrorKind::NotFound.into()), |file| file.read_exact_at(&mut bytes, stored.at));
        read.map(|()| bytes).map_err(|why| self.told("read", &why))
    }

    /// The file, and the place in it that belongs to so many bytes from now on: parts may be written at the same time.
    fn reserve(&self, len: usize) -> std::io::Result<(Arc<File>, u64)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &open.file {
            Some(file) => file.clone(),
            None => open.file.insert(Arc::new(nameless_file(&self.folder)?)).clone(),
        };
        if let Some(free) = open.free.iter().position(|free| free.len >= len) {
            let Stored { at, len: room } = open.free.swap_remove(free);
            if room > len {
                open.free.push(Stored { at: at + len as u64, len: room - len });
            }
            return Ok((file, at));
        }
        let at = open.end;
        open.end += len as u64;
        Ok((file, at))
    }

    /// A part is wanted no more: others may take its place. Nobody reads it any more.
    pub(super) fn free(&self, stored: Stored) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).free.push(stored);
    }

    /// Nothing of it is wanted any more: the next part begins a new file.
    pub(super) fn clear(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Open::default();
    }

    fn told(&self, what: &str, why: &std::io::Error) -> String {
        let folder = self.folder.to_string_lossy();
        format!("what logs have beyond memory cannot be {what} in {}: {}", safe_line(&folder), plain(why))
    }
}

/// A file for its owner alone in this folder, which is made where there is none. It goes with its last handle.
///
/// # Errors
/// Where the folder cannot be made or written.
pub(super) fn nameless_file(folder: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let file = tempfile::tempfile_in(folder)?;
    // Where the system makes it without a name from the start, the mode is the usual one.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// The system's words without its number.
pub(super) fn plain(why: &std::io::Error) -> String {
    let text = why.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn parts_are_read_as_they_were_written_and_no_name_is_left() {
        let folder = folder();
        let inner = folder.path().join("state/kubatch");
        let file = LogFile::new(inner.clone());
        assert!(!inner.exists(), "it is made when it is needed");
        let parts: Vec<Vec<u8>> = (0..20_u8).map(|part| vec![part; 1_000 + usize::from(part)]).collect();
        let stored: Vec<Stored> = std::thread::scope(|scope| {
            let written: Vec<_> = parts.iter().map(|part| scope.spawn(|| file.write(part))).collect();
            written.into_iter().map(|one| one.join().unwrap().unwrap()).collect()
        });
        for (part, stored) in parts.iter().zip(stored) {
            assert_eq!(file.read(stored).as_ref(), Ok(part));
        }
        assert_eq!(inner.read_dir().unwrap().count(), 0);
        let mode = file.open.lock().unwrap().file.as_ref().unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_cannot_be_written_or_read_is_told_in_words() {
        let folder = folder();
        let path = folder.path().join("plain");
        std::fs::write(&path, "").unwrap();
        let words = LogFile::new(path.clone()).write(b"part").unwrap_err();
        assert!(words.contains(path.to_str().unwrap()) && !words.contains("os error"), "{words}");
        let file = LogFile::new(folder.path().to_owned());
        let stored = file.write(b"part").unwrap();
        let words = file.read(Stored { len: 5, ..stored }).unwrap_err();
        assert!(words.contains("cannot be read"), "{words}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn full_disk_is_told_in_words() {
        let file = LogFile::new(PathBuf::from("/dev"));
        let full = File::options().write(true).open("/dev/full").unwrap();
        file.open.lock().unwrap().file = Some(Arc::new(full));
        let words = file.write(b"part").unwrap_err();
        assert!(words.contains("no space left on device"), "{words}");
    }
}
