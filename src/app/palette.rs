//! The palette: every command and everything that can be gone to, found by typing.
//!
//! Commands, contexts and namespaces are matched at once; objects, of which there may be a hundred thousand, a slice at
//! a time, so that no key waits for them. `act` opens it and carries out what is chosen.

use compact_str::CompactString;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::command::{Argument, CommandSpec, Motion, all};
use crate::model::key::Kind;
use crate::model::meta::{Meta, Object};
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;

use super::list::moved;
use super::prompt::Prompt;

/// The open palette.
#[derive(Debug, Default)]
pub struct Palette {
    /// What is typed.
    pub prompt: Prompt,
    /// What matches, best first; what does not apply stands below.
    pub entries: Vec<Entry>,
    /// The entry that Enter takes.
    pub at: usize,
    /// Enter was pressed while objects were still being matched: the best one is taken when they all are.
    pub(super) is_taken: bool,
    /// Commands, contexts and namespaces.
    fixed: Vec<Entry>,
    /// What was run last, newest first.
    recent: Vec<Entry>,
    contexts: Vec<CompactString>,
    /// CronJobs, Jobs and the pods of Jobs.
    objects: Vec<Subject>,
    /// How many of them are matched already.
    matched: usize,
    /// The best of those.
    found: Vec<(u32, Entry)>,
}

/// One line of the palette.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is, for a person.
    pub label: String,
    /// What more there is to say: a command's sentence, an object's namespace.
    pub about: String,
    /// What it does.
    pub choice: Choice,
    /// Why it does not apply; None where it does.
    pub why_not: Option<String>,
}

/// What taking an entry does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Runs the command with this id and argument.
    Run(&'static str, String),
    /// Goes to the object.
    Jump(Subject),
    /// Looks at the cluster of the context.
    Context(String),
    /// Looks at the namespace.
    Namespace(String),
    /// Opens the draft of this name in the editor.
    Draft(String),
    /// Keeps the draft of this name no more.
    DropDraft(String),
}

/// Entries kept at most; nobody reads further.
const LONGEST: usize = 100;

/// Objects matched in one go: about 2 ms in a release build, of the 16 ms that a key may take.
const SLICE: usize = 8_000;

/// A command as it stands when the palette opens.
pub(super) struct Judged {
    pub(super) spec: &'static CommandSpec,
    /// What it would be done to; empty where that is nothing.
    pub(super) target: String,
    /// Why it does not apply; None where it does.
    pub(super) why_not: Option<String>,
}

impl Palette {
    /// A palette of these commands, each with why it does not apply, and of what else there is to go to or to open.
    pub(super) fn new(
        commands: impl Iterator<Item = Judged>,
        drafts: Vec<Entry>,
        contexts: &[CompactString],
        snapshot: &Snapshot,
        recent: &[String],
    ) -> Self {
        let context = |name: &CompactString| {
            Entry::new(format!("context {name}"), "looks at its cluster", Choice::Context(name.to_string()))
        };
        let namespace = |one: &Meta| {
            let choice = Choice::Namespace(one.name.to_string());
            Entry::new(format!("namespace {}", one.name), "looks at it alone", choice)
        };
        let commands = commands.map(|Judged { spec, target, why_not }| {
            let label = format!("{} {target}", spec.title).trim_end().to_owned();
            Entry { label, why_not, ..command(spec, "") }
        });
        let places = contexts.iter().map(context).chain(snapshot.namespaces.iter().map(namespace));
        let fixed: Vec<Entry> = commands.chain(drafts).chain(places).collect();
        let subject = |kind| move |meta: &Meta| Subject { kind, uid: meta.uid };
        let is_of_batch = |meta: &&Meta| meta.owner.is_some_and(|owner| owner.kind == Some(Kind::Job));
        let cronjobs = snapshot.cronjobs.iter().map(Object::meta).map(subject(Kind::CronJob));
        let jobs = snapshot.jobs.iter().map(Object::meta).map(subject(Kind::Job));
        let pods = snapshot.pods.iter().map(Object::meta).filter(is_of_batch).map(subject(Kind::Pod));
        let objects = cronjobs.chain(jobs).chain(pods).collect();
        let recent = recent.iter().filter_map(|words| remembered(words, &fixed)).collect();
        let mut palette = Self { fixed, recent, contexts: contexts.to_vec(), objects, ..Self::default() };
        palette.refresh(snapshot);
        palette
    }

    /// Matches what is typed anew.
    pub fn refresh(&mut self, snapshot: &Snapshot) {
        (self.matched, self.is_taken) = (0, false);
        self.found.clear();
        self.go_on(snapshot);
        self.at = 0;
    }

    /// There are objects that are not matched yet.
    pub fn is_searching(&self) -> bool {
        !self.prompt.text().trim().is_empty() && self.matched < self.objects.len()
    }

    /// Matches the next objects.
    pub fn go_on(&mut self, snapshot: &Snapshot) {
        let typed = self.prompt.text().trim().to_owned();
        if !typed.is_empty() {
            let mut search = Search::new(&typed);
            let end = (self.matched + SLICE).min(self.objects.len());
            for subject in &self.objects[self.matched..end] {
                let scored = meta(snapshot, *subject).and_then(|meta| search.object(*subject, meta));
                self.found.extend(scored);
            }
            self.matched = end;
            self.found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
            self.found.truncate(LONGEST);
        }
        let chosen = self.entries.get(self.at).map(|entry| entry.choice.clone());
        self.entries = self.ordered(&typed);
        // Better matches that come later do not move the choice away from what it is on.
        let kept = chosen.and_then(|chosen| self.entries.iter().position(|entry| entry.choice == chosen));
        self.at = if self.at == 0 { 0 } else { kept.unwrap_or(0) };
    }

    /// The best entry cannot change any more, whatever objects are still to be matched.
    pub(super) fn is_certain(&self) -> bool {
        self.at > 0 || !self.is_searching() || named_command(self.prompt.text().trim()).is_some()
    }

    /// Moves the choice.
    pub fn go(&mut self, motion: Motion) {
        self.at = moved(self.at, motion, 10, self.entries.len());
    }

    fn ordered(&self, typed: &str) -> Vec<Entry> {
        let mut entries = Vec::new();
        if typed.is_empty() {
            let commands = self.fixed.iter().filter(|entry| matches!(entry.choice, Choice::Run(..)));
            entries.extend(self.recent.iter().chain(commands).cloned());
        } else {
            entries.extend(
                named_command(typed).filter(|entry| self.exists(entry)).map(|entry| judged(entry, &self.fixed)),
            );
            let mut search = Search::new(typed);
            let fixed = self.fixed.iter();
            let mut scored: Vec<(u32, Entry)> =
                fixed.filter_map(|entry| Some((search.entry(entry)?, entry.clone()))).collect();
            scored.extend(self.found.iter().cloned());
            scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
            entries.extend(scored.into_iter().map(|(_, entry)| entry));
            // Who is among the drafts does not want the command that leads to them.
            let is_draft = |entry: &Entry| matches!(entry.choice, Choice::Draft(_));
            if typed.split_whitespace().next() == Some("draft") && self.fixed.iter().any(is_draft) {
                entries.retain(|entry| !matches!(entry.choice, Choice::Run("draft.open", _)));
            }
        }
        let mut seen = std::collections::HashSet::new();
        entries.retain(|entry| seen.insert(entry.choice.clone()));
        // Stable: both parts keep their order.
        entries.sort_by_key(|entry| entry.why_not.is_some());
        entries.truncate(LONGEST);
        entries
    }

    /// A context that does not exist would only lead to a session that fails; those that do are found by their names.
    fn exists(&self, entry: &Entry) -> bool {
        match &entry.choice {
            Choice::Run("session.context", name) => {
                name.is_empty() || self.contexts.is_empty() || self.contexts.iter().any(|context| context == name)
            }
            _ => true,
        }
    }
}

impl Entry {
    fn new(label: String, about: &str, choice: Choice) -> Self {
        Self { label, about: about.to_owned(), choice, why_not: None }
    }
}

/// What is typed, to be matched with many texts.
struct Search {
    /// In lower case.
    typed: String,
    pattern: Pattern,
    matcher: Matcher,
    text: String,
    characters: Vec<char>,
}

impl Search {
    fn new(typed: &str) -> Self {
        let pattern = Pattern::parse(typed, CaseMatching::Ignore, Normalization::Smart);
        let typed = typed.to_lowercase();
        Self { typed, pattern, matcher: Matcher::new(Config::DEFAULT), text: String::new(), characters: Vec::new() }
    }

    fn entry(&mut self, entry: &Entry) -> Option<u32> {
        self.text.clear();
        match &entry.choice {
            // Not by its target: whoever types an object's name wants to go there.
            Choice::Run(id, _) => {
                let spec = all().find(|spec| spec.id == *id);
                for word in spec.iter().flat_map(|spec| [spec.title].into_iter().chain(spec.words.iter().copied())) {
                    self.text.push_str(word);
                    self.text.push(' ');
                }
            }
            _ => self.text.push_str(&entry.label),
        }
        // A command's sentence counts least, and only where it has the very words.
        let is_told = || self.typed.len() > 2 && entry.about.to_lowercase().contains(&self.typed);
        self.pattern
            .score(Utf32Str::new(&self.text, &mut self.characters), &mut self.matcher)
            .or_else(|| is_told().then_some(0))
    }

    fn object(&mut self, subject: Subject, meta: &Meta) -> Option<(u32, Entry)> {
        self.text.clear();
        for part in [subject.kind.singular(), "/", &meta.name, " ", &meta.namespace] {
            self.text.push_str(part);
        }
        let score = self.pattern.score(Utf32Str::new(&self.text, &mut self.characters), &mut self.matcher)?;
        let label = format!("{}/{}", subject.kind.singular(), meta.name);
        Some((score, Entry::new(label, &meta.namespace, Choice::Jump(subject))))
    }
}

fn meta(snapshot: &Snapshot, subject: Subject) -> Option<&Meta> {
    match subject.kind {
        Kind::CronJob => snapshot.cronjobs.get(subject.uid).map(Object::meta),
        Kind::Job => snapshot.jobs.get(subject.uid).map(Object::meta),
        Kind::Pod => snapshot.pods.get(subject.uid).map(Object::meta),
        _ => None,
    }
}

/// The command whose word is typed first, with the rest as its argument: `ns a,b`, `jobs payments`, `q`.
fn named_command(typed: &str) -> Option<Entry> {
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let spec = all().find(|spec| spec.words.contains(&word) || spec.id == word)?;
    Some(command(spec, rest.trim()))
}

/// The entry of a command that was run before, as [`super::App::recent`] keeps it; None where it is not known any more.
fn remembered(words: &str, fixed: &[Entry]) -> Option<Entry> {
    let (id, argument) = words.split_once(' ').unwrap_or((words, ""));
    let spec = all().find(|spec| spec.id == id)?;
    Some(judged(command(spec, argument), fixed))
}

/// The entry with why it does not apply, and with its target where it has no argument.
fn judged(entry: Entry, fixed: &[Entry]) -> Entry {
    let Choice::Run(id, argument) = &entry.choice else { return entry };
    let same = |one: &&Entry| matches!(&one.choice, Choice::Run(other, _) if other == id);
    match fixed.iter().find(same) {
        Some(same) if argument.is_empty() => same.clone(),
        Some(same) => Entry { why_not: same.why_not.clone(), ..entry },
        None => entry,
    }
}

fn command(spec: &'static CommandSpec, argument: &str) -> Entry {
    let argument = if spec.argument == Argument::None { "" } else { argument };
    let label = format!("{} {argument}", spec.title).trim_end().to_owned();
    Entry::new(label, spec.help, Choice::Run(spec.id, argument.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::{busy, snapshot};

    fn typed(palette: &mut Palette, text: &str, snapshot: &Snapshot) -> Vec<Choice> {
        palette.prompt = Prompt::new(text);
        palette.refresh(snapshot);
        palette.entries.iter().map(|entry| entry.choice.clone()).collect()
    }

    fn open(snapshot: &Snapshot, recent: &[String]) -> Palette {
        let why_not = |id| (id == "list.reverse").then(|| "not sorted".to_owned());
        let specs = all().filter(|spec| !spec.action.is_for_keys());
        let commands = specs.map(|spec| Judged { spec, target: String::new(), why_not: why_not(spec.id) });
        Palette::new(commands, Vec::new(), &["prod-eu".into()], snapshot, recent)
    }

    fn first(text: &str) -> Option<Choice> {
        let snapshot = Snapshot::default();
        typed(&mut open(&snapshot, &[]), text, &snapshot).into_iter().next()
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

    #[test]
    fn what_does_not_apply_stands_below_with_its_reason() {
        let snapshot = Snapshot::default();
        let mut palette = open(&snapshot, &[]);
        for text in ["", "reverse", "re"] {
            typed(&mut palette, text, &snapshot);
            let last = palette.entries.last().unwrap();
            assert_eq!(
                (last.choice.clone(), last.why_not.as_deref()),
                (Choice::Run("list.reverse", String::new()), Some("not sorted"))
            );
        }
    }

    #[test]
    fn recent_commands_come_first_where_nothing_is_typed() {
        let recent = ["session.namespaces a,b".to_owned(), "view.help".to_owned(), "no.such".to_owned()];
        let choices = typed(&mut open(&Snapshot::default(), &recent), "", &Snapshot::default());
        assert_eq!(choices[0], Choice::Run("session.namespaces", "a,b".into()));
        assert_eq!(choices[1], Choice::Run("view.help", String::new()));
        assert_eq!(choices.iter().filter(|choice| **choice == choices[1]).count(), 1);
    }

    #[test]
    fn cronjobs_jobs_and_their_pods_are_found_by_name_and_namespace() {
        let snapshot = snapshot(&busy());
        for (text, kind) in [("cronjob/ticker", Kind::CronJob), ("shards", Kind::Job), ("pod/shards", Kind::Pod)] {
            let choices = typed(&mut open(&snapshot, &[]), text, &snapshot);
            assert!(matches!(choices[0], Choice::Jump(subject) if subject.kind == kind), "{text}: {choices:?}");
        }
    }

    #[test]
    fn objects_are_matched_a_slice_at_a_time_and_none_is_left_out() {
        let mut rows = busy();
        let job = crate::model::fixtures::job("job-complete");
        rows.extend((0..SLICE * 2).map(|number| {
            let mut job = job.clone();
            job.meta = crate::model::fixtures::renamed(&job.meta, &format!("filler-{number}"));
            crate::model::delta::Row::Job(job)
        }));
        let snapshot = snapshot(&rows);
        let mut palette = open(&snapshot, &[]);
        typed(&mut palette, "filler-15999", &snapshot);
        assert!(palette.is_searching() && !palette.is_certain());
        let mut turns = 0;
        while palette.is_searching() {
            palette.go_on(&snapshot);
            turns += 1;
        }
        assert!(turns >= 2, "{turns}");
        assert_eq!(palette.entries[0].label, "job/filler-15999");
        typed(&mut palette, "", &snapshot);
        assert!(!palette.is_searching(), "nothing is looked for");
    }
}
