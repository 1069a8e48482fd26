//! Texts under edit on disk: kept as they are typed, offered again at the next start; and the way to the user's own
//! editor.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

use super::log_file::plain;
use crate::app::{Msg, SavedDraft};
use crate::manifest::Template;
use crate::manifest_file;
use crate::model::safe_text::safe_line;

/// Drafts that are kept at most; the oldest go.
const KEPT: usize = 20;

/// What is still to be written: the newest text of each draft, None where it is kept no more.
type Waiting = Arc<(Mutex<BTreeMap<String, Option<String>>>, Notify)>;

/// Writes drafts behind the loop's back, the newest text of each only.
pub(super) struct Drafts {
    folder: Option<PathBuf>,
    waiting: Waiting,
}

impl Drafts {
    /// Keeps drafts in this folder; without one they are in memory alone.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        let waiting = Waiting::default();
        if let Some(folder) = folder.clone() {
            let waiting = Arc::clone(&waiting);
            tokio::spawn(async move {
                loop {
                    waiting.1.notified().await;
                    let (folder, waiting) = (folder.clone(), Arc::clone(&waiting));
                    let _ = tokio::task::spawn_blocking(move || write(&folder, &waiting)).await;
                }
            });
        }
        Self { folder, waiting }
    }

    /// Keeps a text under a name, or keeps it no more.
    pub(super) fn keep(&self, name: String, content: Option<String>) {
        self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, content);
        self.waiting.1.notify_one();
    }

    /// Writes what is still to be written, before the program ends.
    pub(super) fn finish(&self) {
        if let Some(folder) = &self.folder {
            write(folder, &self.waiting);
        }
    }
}

/// Held while drafts are written, so that an older text never comes after a newer one; the loop never waits for it.
static WRITING: Mutex<()> = Mutex::new(());

fn write(folder: &Path, waiting: &Waiting) {
    let _one = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = std::mem::take(&mut *waiting.0.lock().unwrap_or_else(PoisonError::into_inner));
    for (name, content) in taken {
        let path = folder.join(format!("{name}.json"));
        // A draft that cannot be kept is still on the screen.
        let _ = match content {
            Some(content) => replace(folder, &path, &content),
            None => std::fs::remove_file(&path),
        };
    }
}

/// Writes a file for its owner alone; a reader sees the old one or the new one, whole.
fn replace(folder: &Path, path: &Path, content: &str) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(content.as_bytes())?;
    std::fs::rename(&beside, path)
}

/// The folder of drafts.
pub(super) fn folder() -> Option<PathBuf> {
    Some(crate::state_file::folder()?.join("drafts"))
}

/// The folder of what servers tell of their kinds.
pub(super) fn cache() -> Option<PathBuf> {
    Some(crate::state_file::folder()?.join("schemas"))
}

/// The drafts of this folder, the newest last; more than are kept are removed.
pub(super) fn load(folder: &Path) -> Vec<SavedDraft> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| has_ending(path, "json")).collect();
    files.sort();
    for path in files.drain(..files.len().saturating_sub(KEPT)) {
        let _ = std::fs::remove_file(path);
    }
    let read = |path: PathBuf| {
        let content: Value = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        Some(SavedDraft { name: path.file_stem()?.to_str()?.to_owned(), content })
    };
    files.into_iter().filter_map(read).collect()
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|one| one == ending)
}

/// The user's own templates: `$XDG_CONFIG_HOME/kubatch/templates/NAME.yaml`.
pub(super) fn own_templates() -> Vec<Template> {
    let given = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = given.or_else(|| std::env::home_dir().map(|home| home.join(".config")));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder.join("kubatch/templates")).ok());
    let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let read = |path: PathBuf| {
        let name = path.file_stem()?.to_str()?.to_owned();
        Some(Template { name, text: std::fs::read_to_string(&path).ok()? })
    };
    let mut templates: Vec<Template> = paths.filter(|path| has_ending(path, "yaml")).filter_map(read).collect();
    templates.sort_by(|a, b| a.name.cmp(&b.name));
    templates
}

/// Reads manifests from a file or a folder.
pub(super) fn read(path: &Path) -> Msg {
    let path = match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    };
    let joined = |sources: Vec<manifest_file::Source>| {
        sources.into_iter().map(|source| source.text).collect::<Vec<_>>().join("\n---\n")
    };
    let text = match path.as_os_str() == "-" {
        true => Err("stdin is the terminal here; kubatch apply -f - reads it".to_owned()),
        false => manifest_file::read(std::slice::from_ref(&path)).map(joined).map_err(|why| why.to_string()),
    };
    Msg::ManifestsRead { title: safe_line(&path.display().to_string()).into_owned(), text }
}

/// Editors that are tried where the user names none.
const EDITORS: [&str; 3] = ["vi", "vim", "nano"];

/// Has the user's own editor (`KUBE_EDITOR`, `EDITOR`) change a text, in a file for its owner alone that is removed
/// behind it.
///
/// # Errors
/// Where there is no editor, or it says that it failed: in words.
pub(super) fn edit_outside(text: &str) -> Result<String, String> {
    let told = |why: &std::io::Error| format!("the text cannot be given to an editor: {}", plain(why));
    let mut file = tempfile::Builder::new().prefix("kubatch-").suffix(".yaml").tempfile().map_err(|why| told(&why))?;
    let owner = std::fs::Permissions::from_mode(0o600);
    file.as_file().set_permissions(owner).and_then(|()| file.write_all(text.as_bytes())).map_err(|why| told(&why))?;
    let set = |name| std::env::var(name).ok().filter(|line: &String| !line.trim().is_empty());
    let named = ["KUBE_EDITOR", "EDITOR"].into_iter().find_map(set);
    let ended = match &named {
        // The line may hold arguments, as kubectl takes it.
        Some(line) => Command::new("sh").arg("-c").arg(format!("{line} \"$1\"")).arg("sh").arg(file.path()).status(),
        None => first_of(&EDITORS, file.path()),
    };
    let name = named.as_deref().unwrap_or("the editor");
    match ended {
        Ok(status) if status.success() => std::fs::read_to_string(file.path()).map_err(|why| told(&why)),
        Ok(_) => Err(format!("{} ended with a failure: the text stays as it was", safe_line(name))),
        Err(why) => Err(format!("{} cannot be run: {}; EDITOR may name one", safe_line(name), plain(&why))),
    }
}

fn first_of(editors: &[&str], path: &Path) -> std::io::Result<std::process::ExitStatus> {
    let mut failed = std::io::Error::from(std::io::ErrorKind::NotFound);
    for editor in editors {
        match Command::new(editor).arg(path).status() {
            Ok(status) => return Ok(status),
            Err(why) => failed = why,
        }
    }
    Err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_are_read_back_newest_last_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let waiting = Waiting::default();
        for number in 10..40 {
            let content = format!("{{\"text\":\"{number}\"}}");
            waiting.0.lock().unwrap().insert(number.to_string(), Some(content));
        }
        waiting.0.lock().unwrap().insert("39".into(), None);
        write(folder.path(), &waiting);
        let mode = folder.path().join("10.json").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let drafts = load(folder.path());
        assert_eq!((drafts.len(), drafts.last().unwrap().name.as_str()), (KEPT, "38"));
        assert!(!folder.path().join("10.json").exists());
    }

    #[test]
    fn folder_that_is_not_there_has_no_drafts() {
        assert_eq!(load(Path::new("/nowhere/at/all")), []);
    }
}
