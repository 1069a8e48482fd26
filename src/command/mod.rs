//! The registry: everything that can be done, once, independent of any screen.
//!
//! The keymap, the footer, the help page, the palette and the README's tables are all built from [`all`]. A command
//! names what it does as data ([`Action`]); `app` carries it out.
//!
//! Long because every place, argument and action that a command can have stands here, each a line and its meaning.

pub mod apply;
pub mod batch;
mod clean;
mod edit;
mod editor;
mod inbox;
mod keymap;
mod log;
mod manifest;
mod navigate;
mod object;
mod page;
mod plan;
pub mod pod;
mod protect;
mod review;
mod session;
mod undo;
mod write;

pub use edit::{changed, edited, made_with_form};
pub use editor::EditorAction;
pub use keymap::{Key, candidates};
pub use plan::{Plan, Refusal, Scene, may, plan, present, subjects};
pub use protect::is_protected;
pub use undo::undo;
pub use write::Write;

use crate::model::key::Kind;

/// One command.
#[derive(Debug)]
pub struct CommandSpec {
    /// `noun.verb`, the same in configuration, palette and documentation.
    pub id: &'static str,
    /// What it does in two or three words, for palette and footer.
    pub title: &'static str,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// The keys that run it, the first shown first.
    pub keys: &'static [&'static str],
    /// Further words that the palette takes for it: those of kubectl and k9s.
    pub words: &'static [&'static str],
    /// Where its keys work.
    pub scope: Scope,
    /// What the palette may give it.
    pub argument: Argument,
    /// What it does.
    pub action: Action,
    /// Its place in the footer, smallest first; None keeps it out.
    pub footer: Option<u8>,
}

/// Where a command's keys work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere but in text fields and questions.
    Everywhere,
    /// Wherever one reads: in the panes of the dashboard and in pages of text.
    Reading,
    /// In the dashboard, whichever pane has the focus.
    Dashboard,
    /// In the dashboard, but not while a log fills the screen alone.
    Panes,
    /// In the lists of the dashboard.
    Lists,
    /// In the Logs pane.
    Log,
    /// In the Logs pane while it fills the screen alone.
    FullLog,
    /// In pages of text: details of an object, help.
    Page,
    /// In pages of text and in the inbox of problems.
    Text,
    /// In the inbox of problems.
    Inbox,
    /// While a write is shown before it is sent.
    Review,
    /// In the editor.
    Editor,
}

impl Scope {
    /// Every scope, in the order in which help shows them.
    pub const ALL: [Scope; 12] = [
        Scope::Dashboard,
        Scope::Panes,
        Scope::Lists,
        Scope::Log,
        Scope::FullLog,
        Scope::Reading,
        Scope::Text,
        Scope::Page,
        Scope::Inbox,
        Scope::Review,
        Scope::Editor,
        Scope::Everywhere,
    ];

    /// Where that is, as a title.
    pub const fn title(self) -> &'static str {
        match self {
            Scope::Everywhere => "Everywhere",
            Scope::Reading => "Moving, in panes and pages",
            Scope::Dashboard => "Dashboard",
            Scope::Panes => "Dashboard, but for a log alone on the screen",
            Scope::Lists => "Lists",
            Scope::Log => "Logs",
            Scope::FullLog => "A log alone on the screen",
            Scope::Page => "Pages: details, YAML, help",
            Scope::Text => "Pages and problems",
            Scope::Inbox => "Problems",
            Scope::Review => "A change before it is sent",
            Scope::Editor => "Editor",
        }
    }
}

/// The scopes that apply together, one entry for each context that the program can be in. In each a key has one meaning.
pub const CONTEXTS: [&[Scope]; 7] = [LISTS, LOGS, FULL_LOG, PAGE, INBOX, REVIEW, EDITOR];

/// A list of the dashboard has the focus.
pub const LISTS: &[Scope] = &[Scope::Everywhere, Scope::Reading, Scope::Dashboard, Scope::Panes, Scope::Lists];
/// The Logs pane has the focus.
pub const LOGS: &[Scope] = &[Scope::Everywhere, Scope::Reading, Scope::Dashboard, Scope::Panes, Scope::Log];
/// The Logs pane fills the screen alone.
pub const FULL_LOG: &[Scope] = &[Scope::Everywhere, Scope::Reading, Scope::Dashboard, Scope::Log, Scope::FullLog];
/// A page lies over the dashboard.
pub const PAGE: &[Scope] = &[Scope::Everywhere, Scope::Reading, Scope::Text, Scope::Page];
/// The inbox of problems lies over the dashboard.
pub const INBOX: &[Scope] = &[Scope::Everywhere, Scope::Reading, Scope::Text, Scope::Inbox];
/// The editor is open: plain keys are text, so that no other scope applies.
pub const EDITOR: &[Scope] = &[Scope::Editor];

/// A write is shown before it is sent: nothing but its own keys does anything.
pub const REVIEW: &[Scope] = &[Scope::Review];

/// What a command takes from the palette behind its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing.
    None,
    /// Namespaces, separated by commas or blanks; none at all is allowed.
    Namespaces,
    /// The name of a context.
    Context,
    /// Words, described so. Where they are missing, they are asked for.
    Text(&'static str),
}

/// The panes of the dashboard. Left is what there is, right is what is known of the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// CronJobs.
    CronJobs,
    /// Jobs.
    Jobs,
    /// Pods of the subject.
    Pods,
    /// Why the subject does not start, fails or is stuck.
    Why,
    /// Events of the subject and everything below it.
    Events,
    /// Logs of the subject's pods.
    Logs,
}

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Moves the cursor, or scrolls where there is none.
    Move(Motion),
    /// Gives a pane the focus; with an argument, looks at those namespaces.
    Focus(Pane),
    /// Gives the next pane the focus.
    NextPane,
    /// Gives the pane before the focus.
    PreviousPane,
    /// Tells why the object under the cursor does not start, fails or is stuck.
    Why,
    /// Shows everything that is wrong, by cause.
    Problems,
    /// Does something in the inbox of problems.
    Inbox(InboxAction),
    /// Waits for the ends of Jobs, to call the person then; or no more.
    Await(bool),
    /// Goes to what the object under the cursor owns.
    Open,
    /// Goes back to where Open came from; closes what is open.
    Back,
    /// Shows the focused pane alone, or all again.
    Zoom,
    /// Shows the log of the object under the cursor alone.
    Logs,
    /// Starts typing a filter.
    Filter,
    /// Shows only what is broken or warns, or everything again.
    Faults,
    /// Takes the changes of the rows that wait until nobody reads.
    TakeHeld,
    /// Sorts by the next column; after the last one, by what is wrong again.
    Sort,
    /// Turns the order of the sorted column round.
    Reverse,
    /// Shows the log of the run before, of containers that were started again; or the present one again.
    PreviousLog,
    /// Gives the left panes a larger share of the screen; a smaller one where it is negative. In percent.
    Share(i16),
    /// Marks the object under the cursor, or takes its mark away.
    Mark,
    /// Shows the object in words.
    Describe,
    /// Shows the object as YAML.
    Yaml,
    /// Marks every object that the list shows, or takes all marks away.
    MarkAll,
    /// Writes to the marked objects, or the one under the cursor, after it was tried and shown.
    Write(Write),
    /// Plans the opposite of the last write.
    Undo,
    /// Opens a text in the editor.
    Edit(EditAction),
    /// Does something with the write that is shown.
    Review(ReviewAction),
    /// Reaches into the pod or container under the cursor.
    Pod(PodAction),
    /// Does something with the page that is open.
    Page(PageAction),
    /// Does something with the log of the subject.
    Log(LogAction),
    /// Does something in the editor that is open.
    Editor(EditorAction),
    /// Opens the palette.
    Palette,
    /// Shows the keys.
    Help,
    /// Looks at these namespaces; at all without an argument.
    Namespaces,
    /// Looks at another context.
    Context,
    /// Logs in again.
    LogIn,
    /// Ends the program.
    Quit,
    /// Goes to the shell, as ctrl-z does in other programs.
    Suspend,
}

impl Action {
    /// Whether it is for keys alone, and no entry of the palette: moving, and what is done within pages and the editor.
    pub const fn is_for_keys(self) -> bool {
        matches!(self, Action::Move(_) | Action::Page(_) | Action::Review(_) | Action::Editor(_) | Action::Palette)
    }
}

/// What a command opens in the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditAction {
    /// The object under the cursor.
    Object,
    /// The same, in the user's own editor.
    Outside,
    /// The containers of a Job that is made from the one under the cursor.
    Form(Write),
    /// An empty Job.
    New,
    /// A template.
    Template,
    /// Manifests of a file or a folder.
    Apply,
    /// A text that was kept.
    Drafts,
}

/// What a command does inside a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodAction {
    /// Opens a shell in the user's terminal.
    Shell,
    /// Runs one command and shows what it wrote.
    Run,
    /// Copies a file or folder out of it.
    Copy,
    /// Puts a container beside it to look around.
    Debug,
}

impl PodAction {
    /// What it is, as in the palette.
    pub fn title(self) -> &'static str {
        all().find(|spec| spec.action == Action::Pod(self)).map(|spec| spec.title).unwrap_or_default()
    }
}

/// What a command does in the inbox of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboxAction {
    /// Shows what suffers from the cause.
    Open,
    /// Tells why the newest of it fails.
    Why,
    /// Takes the cause out of the count for as long as it is there, or puts it back.
    Acknowledge,
    /// The same for an hour.
    Snooze,
    /// Calls the person for each new cause, or no more.
    Call,
}

/// What a command does with a page of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAction {
    /// Goes to what the line under the cursor tells of.
    Follow,
    /// Starts typing what is looked for.
    Search,
    /// Goes to the next match.
    NextMatch,
    /// Goes to the match before.
    PreviousMatch,
    /// Wraps long lines, or cuts them.
    Wrap,
    /// Scrolls to the left.
    Left,
    /// Scrolls to the right.
    Right,
    /// Copies the whole text to the terminal's clipboard.
    Copy,
    /// Shows the managed fields too, or hides them again.
    ManagedFields,
    /// Fetches the object again.
    Refresh,
    /// Shows the object in words.
    Describe,
    /// Shows the object as YAML.
    Yaml,
    /// Closes the page.
    Close,
}

/// What a command does with a write that is shown before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewAction {
    /// Sends it, where nothing is lost by it.
    Confirm,
    /// Sends it.
    Yes,
    /// Sends nothing.
    No,
    /// Another choice of what becomes of what is owned by a deleted object.
    Cascade,
    /// A rerun belongs to the same CronJob as the Job before, or to nobody.
    Owner,
    /// Takes over fields that other managers own.
    Force,
    /// Deletes the object and makes it anew, where it cannot be changed.
    Replace,
    /// Makes a Job of another name with the change, where the one that is there cannot be changed.
    AsNew,
    /// Stops at the first error, or goes on with the others.
    Stop,
    /// Scrolls.
    Move(Motion),
}

/// What a command does with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogAction {
    /// Starts typing what is looked for.
    Search,
    /// Goes to the next match below.
    NextMatch,
    /// Goes to the next match above.
    PreviousMatch,
    /// Starts typing which lines are shown.
    Filter,
    /// Shows the lines around one that the filter hides, or hides them again.
    Context,
    /// Goes to the next error below.
    NextError,
    /// Goes to the next error above.
    PreviousError,
    /// Shows a line whole.
    Line,
    /// Shows other times before lines, or none.
    Times,
    /// Wraps long lines, or cuts them.
    Wrap,
    /// Shows structured lines as they came, or taken apart.
    Raw,
    /// Folds stack traces, or unfolds them.
    Fold,
    /// Scrolls to the left.
    Left,
    /// Scrolls to the right.
    Right,
    /// Goes to the run of the CronJob before.
    OlderRun,
    /// Goes to the run of the CronJob behind.
    NewerRun,
    /// Marks a line, or takes its mark away.
    Mark,
    /// Marks the lines from the last marked one to the cursor.
    MarkTo,
    /// Copies marked lines to the terminal's clipboard.
    Copy,
    /// Saves lines to a file.
    Save,
    /// Opens lines in the user's pager.
    Pager,
    /// Shows lines of the last so many seconds; 0 follows the newest, however old.
    Since(i64),
    /// Starts typing from when on lines are shown.
    SinceTyped,
    /// Reads the log from its first line.
    Head,
}

/// Where the cursor goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// To the first row.
    First,
    /// To the last row; in the log, follows again.
    Last,
}

impl Pane {
    /// All panes, in the order of their numbers.
    pub const ALL: [Pane; 6] = [Pane::CronJobs, Pane::Jobs, Pane::Pods, Pane::Why, Pane::Events, Pane::Logs];

    /// The pane's title.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::CronJobs => "CronJobs",
            Pane::Jobs => "Jobs",
            Pane::Pods => "Pods",
            Pane::Why => "Why",
            Pane::Events => "Events",
            Pane::Logs => "Logs",
        }
    }

    /// The kind that it lists; Why and Logs list none.
    pub const fn kind(self) -> Option<Kind> {
        match self {
            Pane::CronJobs => Some(Kind::CronJob),
            Pane::Jobs => Some(Kind::Job),
            Pane::Pods => Some(Kind::Pod),
            Pane::Events => Some(Kind::Event),
            Pane::Why | Pane::Logs => None,
        }
    }

    /// The key that goes there.
    pub fn key(self) -> &'static str {
        let goes_here = |spec: &&CommandSpec| spec.action == Action::Focus(self);
        all().find(goes_here).and_then(|spec| spec.keys.first()).copied().unwrap_or_default()
    }
}

/// Every command.
pub fn all() -> impl Iterator<Item = &'static CommandSpec> {
    let parts = [
        navigate::COMMANDS,
        batch::COMMANDS,
        object::COMMANDS,
        manifest::COMMANDS,
        pod::COMMANDS,
        log::COMMANDS,
        page::COMMANDS,
        inbox::COMMANDS,
        editor::COMMANDS,
        review::COMMANDS,
        session::COMMANDS,
    ];
    parts.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_noun_verb() {
        let mut seen = HashSet::new();
        for spec in all() {
            assert!(seen.insert(spec.id), "{} twice", spec.id);
            assert!(spec.id.split('.').count() == 2, "{} is no noun.verb", spec.id);
        }
    }

    #[test]
    fn no_key_has_two_meanings_in_any_context() {
        for scopes in CONTEXTS {
            let mut seen = HashSet::new();
            let here = all().filter(|spec| scopes.contains(&spec.scope));
            for (spec, key) in here.flat_map(|spec| spec.keys.iter().map(move |key| (spec, key))) {
                // Opposites, and commands for other kinds of row, share a key: the one that applies is meant.
                let shares = [Action::Write(Write::Suspend(false)), Action::Pod(PodAction::Shell)];
                let is_opposite = shares.contains(&spec.action) && *key == "s" || spec.action == Action::Await(false);
                assert!(seen.insert(key) || is_opposite, "{key} of {} is taken in {scopes:?}", spec.id);
            }
        }
    }

    #[test]
    fn every_scope_belongs_to_a_context_and_is_in_the_help() {
        for spec in all() {
            assert!(CONTEXTS.iter().any(|scopes| scopes.contains(&spec.scope)), "{}", spec.id);
            assert!(Scope::ALL.contains(&spec.scope), "{}", spec.id);
        }
    }

    #[test]
    fn places_in_the_footer_are_not_shared() {
        for scopes in CONTEXTS {
            let mut seen = HashSet::new();
            for spec in all().filter(|spec| scopes.contains(&spec.scope)) {
                assert!(spec.footer.is_none_or(|place| seen.insert(place)), "{}", spec.id);
                assert!(spec.footer.is_none() || !spec.keys.is_empty(), "{} has no key to show", spec.id);
            }
        }
    }

    #[test]
    fn no_palette_word_has_two_meanings() {
        let mut seen = HashSet::new();
        for (spec, word) in all().flat_map(|spec| spec.words.iter().map(move |word| (spec, word))) {
            assert!(seen.insert(word), "{word} of {} is taken", spec.id);
        }
    }

    #[test]
    fn help_is_a_sentence() {
        for spec in all() {
            let is_sentence = spec.help.ends_with('.') && spec.help.starts_with(char::is_uppercase);
            assert!(is_sentence, "{}: {}", spec.id, spec.help);
        }
    }

    #[test]
    fn every_pane_has_a_number() {
        for pane in Pane::ALL {
            assert!(pane.key().parse::<u8>().is_ok(), "{pane:?}");
        }
    }
}
