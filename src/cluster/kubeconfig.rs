//! The kubeconfig: which files, how they are merged, and which of its names are meant, as kubectl has it.
//!
//! It reads and never writes. What is no kubeconfig is refused in a sentence, before the screen is taken ([`check`], for
//! `cli`) and at each connection ([`read`] and [`choose`], for `connect`). It sends no request and runs no helper.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kube::config::{Kubeconfig, KubeconfigError};

use super::error::one_line;
use crate::model::delta::{Cause, Failure};
use crate::model::safe_text::safe_line;

/// The largest kubeconfig that is read, in bytes. Those of thousands of clusters, certificates included, are smaller.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Names told at most where one is unknown.
const NAMES_TOLD: usize = 10;

/// What stands for the context's name in a pod that has no kubeconfig.
pub const IN_CLUSTER: &str = "in-cluster";

/// The choices that kubectl's flags of the same names make.
#[derive(Debug, Clone, Default)]
pub struct KubeconfigChoice {
    /// `--kubeconfig`: this file alone, instead of `KUBECONFIG` or `~/.kube/config`.
    pub file: Option<PathBuf>,
    /// What stood in files that are pipes, which can be read only once; [`check`] puts it here.
    pub piped: BTreeMap<PathBuf, Arc<str>>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--as`: the user to act as, where the logged-in one may impersonate.
    pub impersonate: Option<String>,
    /// `--as-group`: the groups to act as.
    pub impersonate_groups: Vec<String>,
}

/// What a choice means in a kubeconfig: names that exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The context's name.
    pub context: String,
    /// The namespace that the context names.
    pub namespace: Option<String>,
    /// The cluster has a proxy of its own, which the environment does not change.
    pub has_proxy: bool,
}

/// Reads what is chosen and says what is wrong with it, before anything is drawn. A pipe's text is kept in the choice.
/// That there is no kubeconfig at all is no error.
///
/// # Errors
/// Where a file cannot be read or is no kubeconfig, or names a context, cluster or user that does not exist.
pub fn check(choice: &mut KubeconfigChoice) -> Result<(), Failure> {
    for file in files(choice) {
        if !look_at(&file)?.is_file() {
            let text = read_text(&file)?.into();
            choice.piped.insert(file, text);
        }
    }
    match read(choice)? {
        Some(kubeconfig) => choose(&kubeconfig, choice).map(drop),
        None => match (&choice.context, &choice.cluster, &choice.user) {
            (None, None, None) => Ok(()),
            _ => Err(missing()),
        },
    }
}

/// There is no kubeconfig, and this is no pod.
pub fn missing() -> Failure {
    unusable(
        "there is no kubeconfig: KUBECONFIG names no file that exists, and there is no ~/.kube/config",
        "give one with --kubeconfig FILE or in KUBECONFIG",
    )
}

/// Reads and merges the files as kubectl does: `--kubeconfig` alone, else those of `KUBECONFIG` that exist, else
/// `~/.kube/config`. None where there is none.
///
/// # Errors
/// Where a file cannot be read or is no kubeconfig.
pub fn read(choice: &KubeconfigChoice) -> Result<Option<Kubeconfig>, Failure> {
    let mut merged: Option<Kubeconfig> = None;
    for file in files(choice) {
        let next = read_file(&file, choice.piped.get(&file))?;
        merged = Some(match merged {
            None => next,
            Some(before) => before.merge(next).map_err(|error| not_a_kubeconfig(&file, &error))?,
        });
    }
    Ok(merged)
}

/// The names that are meant: those of the flags, else of the current context.
///
/// # Errors
/// Where there is no such context, cluster or user; the error names those there are.
pub fn choose(kubeconfig: &Kubeconfig, choice: &KubeconfigChoice) -> Result<Chosen, Failure> {
    let contexts = || kubeconfig.contexts.iter().map(|one| one.name.as_str());
    if kubeconfig.contexts.is_empty() {
        let files = files(choice);
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        let message = format!("the kubeconfig has no context: {} is empty or no kubeconfig", files.join(", "));
        return Err(unusable(&message, "check it with kubectl config view"));
    }
    let current = kubeconfig.current_context.as_deref().filter(|name| !name.is_empty());
    let Some(context) = choice.context.as_deref().or(current) else {
        let message = format!("the kubeconfig has no current context; there are {}", told(contexts()));
        return Err(unusable(&message, "choose one with --context NAME"));
    };
    let found = kubeconfig.contexts.iter().find(|one| one.name == context).and_then(|one| one.context.as_ref());
    let found = found.ok_or_else(|| unknown("context", context, contexts()))?;
    let cluster = choice.cluster.as_deref().unwrap_or(&found.cluster);
    let clusters = || kubeconfig.clusters.iter().map(|one| one.name.as_str());
    let cluster_found = kubeconfig.clusters.iter().find(|one| one.name == cluster).and_then(|one| one.cluster.as_ref());
    let cluster_found = cluster_found.ok_or_else(|| unknown("cluster", cluster, clusters()))?;
    let user = choice.user.as_deref().or(found.user.as_deref()).filter(|name| !name.is_empty());
    let users = || kubeconfig.auth_infos.iter().map(|one| one.name.as_str());
    if let Some(user) = user.filter(|user| !users().any(|name| name == *user)) {
        return Err(unknown("user", user, users()));
    }
    Ok(Chosen {
        context: context.to_owned(),
        namespace: found.namespace.clone().filter(|name| !name.is_empty()),
        has_proxy: cluster_found.proxy_url.as_ref().is_some_and(|url| !url.is_empty()),
    })
}

/// The files that are meant, whether they can be read or not; those of the environment only where something is there.
fn files(choice: &KubeconfigChoice) -> Vec<PathBuf> {
    if let Some(file) = &choice.file {
        return vec![file.clone()];
    }
    let named = match std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        Some(list) => std::env::split_paths(&list).filter(|file| !file.as_os_str().is_empty()).collect(),
        None => vec![std::env::home_dir().unwrap_or_default().join(".kube/config")],
    };
    let is_there = |file: &PathBuf| !matches!(file.metadata(), Err(error) if error.kind() == ErrorKind::NotFound);
    named.into_iter().filter(is_there).collect()
}

fn read_file(file: &Path, piped: Option<&Arc<str>>) -> Result<Kubeconfig, Failure> {
    let about = look_at(file)?;
    let read = match piped {
        Some(text) => Kubeconfig::from_yaml(text),
        // The client resolves paths inside it against the file's folder, and knows UTF-16.
        None if about.is_file() && about.len() <= LARGEST => Kubeconfig::read_from(file),
        None => Kubeconfig::from_yaml(&read_text(file)?),
    };
    read.map_err(|error| not_a_kubeconfig(file, &error))
}

/// What a path leads to, folders refused.
fn look_at(file: &Path) -> Result<Metadata, Failure> {
    let about = file.metadata().map_err(|error| unreadable(file, &error))?;
    if about.is_dir() {
        let message = format!("cannot use {} as a kubeconfig: it is a folder", file.display());
        return Err(unusable(&message, "name the file inside it, with --kubeconfig FILE or in KUBECONFIG"));
    }
    Ok(about)
}

/// The text of a file of any kind, up to [`LARGEST`]: a device or a pipe may have no end.
fn read_text(file: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
    opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| unreadable(file, &error))?;
    if bytes.len() as u64 > LARGEST {
        let message =
            format!("cannot use {} as a kubeconfig: it is larger than {} MiB", file.display(), LARGEST / 1024 / 1024);
        return Err(unusable(&message, "check the path"));
    }
    let no_text = |_| {
        let message = format!("cannot use {} as a kubeconfig: it is no text", file.display());
        unusable(&message, "check the path")
    };
    String::from_utf8(bytes).map_err(no_text)
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    let message = format!("cannot read the kubeconfig {}: {}", file.display(), plain(error));
    unusable(&message, "check the path behind --kubeconfig or in KUBECONFIG, and who may read it")
}

/// The system's words without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

fn not_a_kubeconfig(file: &Path, error: &KubeconfigError) -> Failure {
    let told = match error {
        KubeconfigError::ReadConfig(error, _) => return unreadable(file, error),
        // What follows the first line repeats the file's text, secrets perhaps included.
        KubeconfigError::Parse(error) => {
            error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
        other => one_line(other),
    };
    let message = format!("cannot use {} as a kubeconfig: {told}", file.display());
    unusable(&message, "check it with kubectl config view")
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let message = format!("the kubeconfig has no {what} {name}; there are {}", told(known));
    let hint = match what {
        "context" => "choose one with --context NAME, or :ctx NAME in the program",
        "cluster" => "choose one with --cluster NAME, or correct the context",
        _ => "choose one with --user NAME, or correct the context",
    };
    unusable(&message, hint)
}

/// The first few names, and how many more there are.
fn told<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    match names.len() {
        0 => "none".to_owned(),
        count if count <= NAMES_TOLD => names.join(", "),
        count => format!("{} and {} more", names[..NAMES_TOLD].join(", "), count - NAMES_TOLD),
    }
}

fn unusable(message: &str, hint: &str) -> Failure {
    Failure { cause: Cause::Config, message: safe_line(message).into_owned(), hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
contexts:
- {name: prod, context: {cluster: eu, user: admin, namespace: pay}}
- {name: lost, context: {cluster: gone, user: admin}}
- {name: open, context: {cluster: eu, user: ''}}
clusters: [{name: eu, cluster: {server: 'https://eu:6443', proxy-url: 'http://proxy:3128'}}]
users: [{name: admin, user: {token: t}}]
current-context: prod
";

    fn chosen(choice: &KubeconfigChoice) -> Result<Chosen, String> {
        choose(&Kubeconfig::from_yaml(TWO).unwrap(), choice).map_err(|failure| failure.message)
    }

    #[test]
    fn current_context_is_meant_where_no_flag_says_otherwise() {
        let prod = chosen(&KubeconfigChoice::default()).unwrap();
        assert_eq!((prod.context.as_str(), prod.namespace.as_deref(), prod.has_proxy), ("prod", Some("pay"), true));
    }

    #[test]
    fn unknown_names_are_told_with_those_there_are() {
        let name = |name: &str| Some(name.to_owned());
        let cases = [
            (KubeconfigChoice { context: name("x"), ..Default::default() }, "no context x; there are prod, lost, open"),
            (KubeconfigChoice { cluster: name("x"), ..Default::default() }, "no cluster x; there are eu"),
            (KubeconfigChoice { user: name("x"), ..Default::default() }, "no user x; there are admin"),
            (KubeconfigChoice { context: name("lost"), ..Default::default() }, "no cluster gone; there are eu"),
        ];
        for (choice, told) in cases {
            let message = chosen(&choice).unwrap_err();
            assert!(message.contains(told), "{message}");
        }
    }

    #[test]
    fn flags_mend_what_a_context_lacks() {
        let choice = KubeconfigChoice {
            context: Some("lost".into()),
            cluster: Some("eu".into()),
            ..KubeconfigChoice::default()
        };
        assert_eq!(chosen(&choice).unwrap().context, "lost");
        let without_user = KubeconfigChoice { context: Some("open".into()), ..KubeconfigChoice::default() };
        assert!(chosen(&without_user).is_ok(), "a context may name no user, as for kubectl");
    }

    #[test]
    fn without_a_current_context_the_contexts_are_named() {
        let kubeconfig = Kubeconfig::from_yaml(&TWO.replace("current-context: prod", "")).unwrap();
        let failure = choose(&kubeconfig, &KubeconfigChoice::default()).unwrap_err();
        assert!(failure.message.contains("there are prod, lost, open"), "{}", failure.message);
    }

    #[test]
    fn long_lists_of_names_are_cut_with_their_count() {
        let names: Vec<String> = (0..12).map(|number| format!("c{number}")).collect();
        assert!(told(names.iter().map(String::as_str)).ends_with("c9 and 2 more"));
    }
}
