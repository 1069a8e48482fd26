//! The palette: every command and everything that can be gone to, found by typing.

use compact_str::CompactString;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::command::{Argument, CommandSpec, Motion, all};
use crate::model::key::{Kind, Uid};
use crate::model::meta::Object;
use crate::model::snapshot::Snapshot;

use super::list::moved;
use super::prompt::Prompt;

/// The open palette.
#[derive(Debug, Default)]
pub struct Palette {
    /// What is typed.
    pub prompt: Prompt,
    /// What matches, best first.
    pub entries: Vec<Entry>,
    /// The entry that Enter takes.
    pub at: usize,
}

/// One line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is, for a person.
    pub label: String,
    /// What it does.
    pub choice: Choice,
}

/// What taking an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Runs the command with this id and argument.
    Run(&'static str, String),
    /// Goes to the object.
    Jump(Kind, Uid),
    /// Looks at the cluster of the context.
    Context(String),
    /// Looks at the namespace.
    Namespace(String),
}

/// Entries kept at most; nobody reads further.
const LONGEST: usize = 100;

impl Palette {
    /// Matches what is typed anew.
    pub fn refresh(&mut self, snapshot: &Snapshot, contexts: &[CompactString]) {
        let typed = self.prompt.text().trim().to_owned();
        // A context that does not exist would only lead to a session that fails; those that do are found below.
        let exists = |entry: &Entry| match &entry.choice {
            Choice::Run("session.context", name) => {
                name.is_empty() || contexts.is_empty() || contexts.iter().any(|context| context == name)
            }
            _ => true,
        };
        let mut entries: Vec<Entry> = named_command(&typed).into_iter().filter(exists).collect();
        let pattern = Pattern::parse(&typed, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let candidates =
            commands().chain(contexts.iter().map(context).chain(places(snapshot)).filter(|_| !typed.is_empty()));
        let mut scored: Vec<(u32, Entry)> = candidates
            .filter_map(|entry| {
                let score = pattern.score(Utf32Str::new(&entry.label, &mut buffer), &mut matcher)?;
                Some((score, entry))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.truncate(LONGEST);
        for (_, entry) in scored {
            if !entries.iter().any(|known| known.choice == entry.choice) {
                entries.push(entry);
            }
        }
        self.entries = entries;
        self.at = self.at.min(self.entries.len().saturating_sub(1));
    }

    /// Moves the choice.
    pub fn go(&mut self, motion: Motion) {
        self.at = moved(self.at, motion, 10, self.entries.len());
    }
}

/// The command whose word is typed first, with the rest as its argument: `ns a,b`, `jobs payments`, `q`.
fn named_command(typed: &str) -> Option<Entry> {
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let spec = all().find(|spec| spec.words.contains(&word) || spec.id == word)?;
    let takes = spec.argument != Argument::None;
    let label = if rest.is_empty() || !takes { label(spec) } else { format!("{} {}", spec.title, rest.trim()) };
    let argument = if takes { rest.trim().to_owned() } else { String::new() };
    Some(Entry { label, choice: Choice::Run(spec.id, argument) })
}

fn commands() -> impl Iterator<Item = Entry> {
    let shown = all().filter(|spec| !spec.id.starts_with("move."));
    shown.map(|spec| Entry { label: label(spec), choice: Choice::Run(spec.id, String::new()) })
}

fn label(spec: &CommandSpec) -> String {
    format!("{}: {}", spec.title, spec.help)
}

fn context(name: &CompactString) -> Entry {
    Entry { label: format!("context {name}"), choice: Choice::Context(name.to_string()) }
}

fn places(snapshot: &Snapshot) -> impl Iterator<Item = Entry> {
    let jump = |key: crate::model::key::ObjectKey, uid| Entry {
        label: format!("{key} in {}", key.namespace),
        choice: Choice::Jump(key.kind, uid),
    };
    let cronjobs = snapshot.cronjobs.iter().map(move |one| jump(one.key(), one.uid()));
    let jobs = snapshot.jobs.iter().map(move |one| jump(one.key(), one.uid()));
    let namespaces = snapshot
        .namespaces
        .iter()
        .map(|one| Entry { label: format!("namespace {}", one.name), choice: Choice::Namespace(one.name.to_string()) });
    namespaces.chain(cronjobs).chain(jobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(typed: &str) -> Option<Choice> {
        let mut palette = Palette { prompt: Prompt::new(typed), ..Palette::default() };
        palette.refresh(&Snapshot::default(), &["prod-eu".into()]);
        palette.entries.first().map(|entry| entry.choice.clone())
    }

    #[test]
    fn words_of_kubectl_and_k9s_come_first_with_their_argument() {
        assert_eq!(first("q"), Some(Choice::Run("app.quit", String::new())));
        assert_eq!(first("cj"), Some(Choice::Run("pane.cronjobs", String::new())));
        assert_eq!(first("ns a,b"), Some(Choice::Run("session.namespaces", "a,b".into())));
        assert_eq!(first("jobs payments"), Some(Choice::Run("pane.jobs", "payments".into())));
    }

    #[test]
    fn commands_are_found_by_parts_of_their_title() {
        assert_eq!(first("zoo"), Some(Choice::Run("pane.zoom", String::new())));
        assert_eq!(first("prodeu"), Some(Choice::Context("prod-eu".into())));
        assert_eq!(first("ctx prod"), Some(Choice::Context("prod-eu".into())));
        assert_eq!(first("ctx prod-eu"), Some(Choice::Run("session.context", "prod-eu".into())));
        assert_eq!(first("xyzxyz"), None);
    }
}
