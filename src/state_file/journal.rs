//! The journal on disk: `$XDG_STATE_HOME/kubatch/journal.jsonl`, a line of JSON for each write that a server accepted.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// The size at which the file becomes `journal.1.jsonl`, in place of the one before, and a new one begins: some
/// thousand writes with their objects.
const LARGEST: u64 = 8 << 20;

/// Adds a line to the journal in this folder, for its owner's eyes alone.
///
/// # Errors
/// Where the folder or the file cannot be written.
pub fn append(folder: &Path, line: &str) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join("journal.jsonl");
    if path.metadata().is_ok_and(|about| about.len() >= LARGEST) {
        std::fs::rename(&path, folder.join("journal.1.jsonl"))?;
    }
    // A line goes in one piece, so that two programs can write at the same time.
    let mut file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// The lines of the journal in this folder, oldest first; none where there is none or it cannot be read.
pub fn read(folder: &Path) -> Vec<String> {
    let files = ["journal.1.jsonl", "journal.jsonl"].map(|name| folder.join(name));
    let text = files.into_iter().filter(|path| path.is_file()).filter_map(|path| std::fs::read(path).ok());
    text.flat_map(|text| String::from_utf8_lossy(&text).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn lines_are_added_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("kubatch");
        append(&folder, "{1}").unwrap();
        append(&folder, "{2}").unwrap();
        let path = folder.join("journal.jsonl");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{1}\n{2}\n");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_full_journal_begins_anew_and_keeps_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), &"x".repeat(LARGEST as usize)).unwrap();
        append(folder.path(), "{3}").unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("journal.jsonl")).unwrap(), "{3}\n");
        let lines = read(folder.path());
        assert_eq!((lines.len(), lines[1].as_str()), (2, "{3}"), "both are read, the older first");
        assert!(folder.path().join("journal.1.jsonl").metadata().unwrap().len() > LARGEST);
    }
}
