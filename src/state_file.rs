//! What the program remembers from one run to the next: `$XDG_STATE_HOME/kubatch/state.yaml`.
//!
//! It holds nothing that could not be lost: a file that cannot be read counts as empty, and one that cannot be written
//! is no error. `tui` reads it at the start and writes it when something in it has changed.

pub mod journal;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// The largest state file that is read, in bytes; ours stays far below it.
const LARGEST: u64 = 1024 * 1024;

/// Namespaces remembered for one context at most; the newest stay.
const NAMESPACES: usize = 16;

/// What is remembered. Fields that another version wrote are dropped, those that it lacks are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct State {
    /// Namespaces that were watched with success, by context, the newest first.
    pub namespaces: BTreeMap<String, Vec<CompactString>>,
    /// What the palette ran last, the newest first: a command's id, with its argument behind a blank.
    pub recent: Vec<String>,
}

impl State {
    /// What stands in the file; nothing where there is none or it cannot be read.
    pub fn load() -> Self {
        path().map(|path| read(&path)).unwrap_or_default()
    }

    /// Writes the file, for its owner alone. A reader sees the old one or the new one, whole.
    ///
    /// # Errors
    /// Where the folder or the file cannot be written; nothing depends on it.
    pub fn save(&self) -> std::io::Result<()> {
        path().map_or(Ok(()), |path| write(&path, self))
    }

    /// Notes that a namespace could be watched. True where that is news.
    pub fn saw_namespace(&mut self, context: &str, namespace: &str) -> bool {
        let known = self.namespaces.entry(context.to_owned()).or_default();
        if known.iter().any(|name| name == namespace) {
            return false;
        }
        known.insert(0, namespace.into());
        known.truncate(NAMESPACES);
        true
    }
}

/// The folder for what outlives no more than it must, as the XDG base directory specification has it; None where there is
/// no home either. It need not exist.
pub fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = given.or_else(|| std::env::home_dir().map(|home| home.join(".local/state")))?;
    Some(folder.join("kubatch"))
}

fn path() -> Option<PathBuf> {
    folder().map(|folder| folder.join("state.yaml"))
}

fn read(path: &Path) -> State {
    // A pipe in the file's place would be waited for without end.
    if !path.metadata().is_ok_and(|about| about.is_file()) {
        return State::default();
    }
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    read.ok().and_then(|_| serde_yaml::from_str(&text).ok()).unwrap_or_default()
}

fn write(path: &Path, state: &State) -> std::io::Result<()> {
    let text = serde_yaml::to_string(state).map_err(std::io::Error::other)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let new = folder.join(format!("state.yaml.{}", std::process::id()));
    // What another process of the same number left behind, with whatever mode it has.
    let _ = std::fs::remove_file(&new);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes()).and_then(|()| std::fs::rename(&new, path)).inspect_err(|_| {
        let _ = std::fs::remove_file(&new);
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A path in a folder that does not exist yet.
    fn new_path(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("kubatch-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder.join("kubatch/state.yaml")
    }

    #[test]
    fn what_was_seen_is_read_again_and_belongs_to_its_owner_alone() {
        let path = new_path("state-again");
        let mut state = State::default();
        assert!(state.saw_namespace("prod: eu", "team-a"));
        assert!(!state.saw_namespace("prod: eu", "team-a"), "it is no news");
        assert!(state.saw_namespace("prod: eu", "team-b"));
        write(&path, &state).unwrap();
        assert_eq!(read(&path), state);
        state.recent.push("session.context prod: eu".into());
        write(&path, &state).unwrap();
        assert_eq!(read(&path), state);
        assert_eq!(read(&path).namespaces["prod: eu"], ["team-b", "team-a"]);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(path.parent().unwrap().read_dir().unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn files_that_are_no_state_count_as_empty() {
        let path = new_path("state-bad");
        assert_eq!(read(&path), State::default());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        for text in ["", "- a list", "{{{", "namespaces: 3", "recent: {a: 1}", "future: {a: 1}"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path), State::default(), "{text}");
        }
    }

    #[test]
    fn the_newest_namespaces_stay() {
        let mut state = State::default();
        for number in 0..NAMESPACES + 5 {
            state.saw_namespace("c", &format!("n{number}"));
        }
        assert_eq!(state.namespaces["c"].len(), NAMESPACES);
        assert_eq!(state.namespaces["c"][0], format!("n{}", NAMESPACES + 4));
    }
}
