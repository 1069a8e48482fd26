//! Manifests from files, folders and stdin, as text. `cli` and `tui` read with it.

use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest manifest that is read, in bytes: an API server takes objects up to about 1.5 MB each.
const LARGEST: u64 = 64 << 20;

/// The endings of manifests in a folder; other files there are left alone.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// A text, with the name under which it is told of.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, or `stdin`.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Why manifests cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {hint}")]
pub struct Unreadable {
    /// What cannot be read, and why.
    pub message: String,
    /// The next step.
    pub hint: &'static str,
}

impl Unreadable {
    fn new(message: impl Into<String>, hint: &'static str) -> Self {
        Self { message: message.into(), hint }
    }
}

/// Reads what these paths name, in their order; of a folder its manifests in the order of their names, of `-` stdin.
///
/// # Errors
/// Where one cannot be read, a folder has no manifest, or stdin is named twice.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Source>, Unreadable> {
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Unreadable::new("stdin can be read once only", "name - once"));
    }
    let mut sources = Vec::new();
    for path in paths {
        if is_stdin(path) {
            sources.push(source("stdin".to_owned(), std::io::stdin().lock())?);
        } else if path.is_dir() {
            for file in manifests(path)? {
                sources.push(open(&file)?);
            }
        } else {
            sources.push(open(path)?);
        }
    }
    Ok(sources)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn manifests(folder: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(&folder.display().to_string(), &error))?;
    let has_ending = |path: &PathBuf| path.extension().is_some_and(|ending| ENDINGS.iter().any(|one| ending == *one));
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = paths.filter(|path| has_ending(path) && path.is_file()).collect();
    files.sort();
    match files.is_empty() {
        true => Err(Unreadable::new(
            format!("there is no manifest in {}", folder.display()),
            "manifests end in .yaml, .yml or .json; folders in it are not looked at",
        )),
        false => Ok(files),
    }
}

fn open(path: &Path) -> Result<Source, Unreadable> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| unreadable(&name, &error))?;
    source(name, file)
}

fn source(name: String, from: impl Read) -> Result<Source, Unreadable> {
    let mut text = String::new();
    let read = from.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| unreadable(&name, &error))?;
    if read as u64 > LARGEST {
        return Err(Unreadable::new(format!("{name} is larger than {} MiB", LARGEST >> 20), "divide it"));
    }
    Ok(Source { name, text })
}

fn unreadable(name: &str, error: &std::io::Error) -> Unreadable {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or_default().to_lowercase();
    Unreadable::new(format!("cannot read {name}: {words}"), "check the name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_in_the_order_of_their_names_and_manifests_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.yml", "a.yaml", "c.json", "README.md", "a.yaml.orig"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("d.yaml")).unwrap();
        let one = folder.path().join("README.md");
        let read = read(&[folder.path().to_owned(), one]).unwrap();
        let texts: Vec<&str> = read.iter().map(|source| source.text.as_str()).collect();
        assert_eq!(texts, ["a.yaml", "b.yml", "c.json", "README.md"]);
        assert!(read[0].name.ends_with("/a.yaml"));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |paths: &[PathBuf]| read(paths).unwrap_err().message;
        assert!(refused(&[folder.path().join("x.yaml")]).ends_with("x.yaml: no such file or directory"));
        assert!(refused(&[folder.path().to_owned()]).starts_with("there is no manifest in "));
        std::fs::write(folder.path().join("x"), [0xff]).unwrap();
        assert!(refused(&[folder.path().join("x")]).contains("utf-8"));
        assert!(refused(&["-".into(), "-".into()]).contains("once"));
    }
}
