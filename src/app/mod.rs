//! All state of the user interface. Synchronous: no I/O, no waiting, no terminal.
//!
//! Only the loop in `tui` changes an [`App`], by handing it messages; what it wants done outside comes back as effects.
//! `view` draws it and changes nothing.

mod act;
mod ask;
mod available;
mod awaited;
mod choose;
mod describe;
mod details;
mod draft;
mod editor;
mod effect;
mod fields;
mod filter;
mod inbox;
mod inquiry;
mod layout;
mod link;
mod list;
mod log_keys;
mod logs;
mod msg;
mod notes;
mod overlay;
mod page;
mod palette;
mod pod_actions;
mod prompt;
mod ranking;
mod review;
mod rows;
mod usage;
mod why;
mod widths;
mod write;

pub use ask::Ask;
pub use draft::{Desk, Draft, SavedDraft};
pub use editor::{
    Blocks, Class, Editor, EditorAsk, EditorLayout, EditorOutcome, EditorPrompt, Glyph, Mouse, MouseAction, Place,
    Popup, classes, column_of, glyphs,
};
pub use effect::Effect;
pub use fields::{Column, container_code};
pub use filter::Filter;
use inbox::Inbox;
use inquiry::Inquiry;
use layout::Room;
pub use layout::{Layout, SMALLEST, has_titles};
pub use link::Link;
pub use list::ListState;
pub use log_keys::{LogAsk, LogPrompt};
pub use logs::{
    Export, ExportOutcome, ExportTo, Fold, Goal, LogLimits, LogRow, LogView, Look, Shelf, ShownLine, Times,
};
pub use msg::{Msg, Schemas};
pub use overlay::Overlay;
pub use page::{Details, Form, Hit, Line, Page, Role, Row, Search};
pub use palette::{Choice, Entry, Palette};
use pod_actions::PodWork;
pub use prompt::Prompt;
use ranking::Ranking;
pub use review::Review;
pub use why::WhyPane;
pub use widths::Widths;
pub use write::capital;
use write::{Group, Pending};

use std::collections::{BTreeMap, HashMap, HashSet};

use compact_str::CompactString;

use crate::command::Pane;
use crate::manifest::lint::Lint;
use crate::model::clock::Time;
use crate::model::delta::{Cause, Failure, Source};
use crate::model::journal;
use crate::model::key::{Kind, Namespaces, Session, Uid};
use crate::model::owner::Subject;
use crate::model::resources::Resources;
use crate::model::snapshot::{Freshness, Snapshot, Touched};
use crate::model::usage::UsageScope;

/// Everything that the screen shows and the keys change.
#[derive(Debug)]
pub struct App {
    /// The session whose messages are taken.
    pub session: Session,
    /// The present moment, as the last tick told it.
    pub now: Time,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What is known of the cluster.
    pub snapshot: Snapshot,
    /// The context's name; empty before it is known.
    pub context: CompactString,
    /// The contexts that can be switched to.
    pub contexts: Vec<CompactString>,
    /// The namespaces that are watched; None before they are known.
    pub namespaces: Option<Namespaces>,
    /// Why there is no way to a server, or none any more.
    pub not_connected: Option<Failure>,
    /// When the way is looked for again, where there is none.
    pub connect_at: Time,
    /// The pane that keys go to.
    pub focus: Pane,
    /// The focused pane alone is shown.
    pub is_zoomed: bool,
    /// CronJobs.
    pub cronjobs: ListState,
    /// Jobs.
    pub jobs: ListState,
    /// Pods.
    pub pods: ListState,
    /// The containers of the pod that was opened.
    pub containers: ListState,
    /// Events.
    pub events: ListState,
    /// Logs.
    pub logs: LogView,
    /// The CronJob whose Jobs alone are listed, after it was opened.
    pub opened: Option<Subject>,
    /// The pod whose containers are listed in place of the pods, after it was opened.
    pub opened_pod: Option<Uid>,
    /// How far the border between the panes was moved by hand, in hundredths of the screen.
    pub share: i16,
    /// Nothing may be changed.
    pub is_read_only: bool,
    /// What the palette ran last, newest first: a command's id, with its argument behind a blank.
    pub recent: Vec<String>,
    /// What is marked, by UID, in all lists.
    pub marks: HashSet<Uid>,
    /// What lies over the dashboard.
    pub overlay: Option<Overlay>,
    /// The pages that lie under the overlay, the lowest first: each comes back when what was opened from it is closed.
    behind: Vec<Page>,
    /// Contexts in which a write needs the context's name typed; `*` stands for any characters.
    pub protected: Vec<String>,
    /// Rules of the linter that do not speak.
    pub lint_off: Vec<&'static Lint>,
    /// What was written since the program began, the newest last.
    pub journal: Vec<journal::Entry>,
    /// Texts under edit, and what is known for them.
    pub desk: Desk,
    /// The number of the last review.
    reviews: u32,
    /// Writes that the watch has not shown yet.
    pending: HashMap<Uid, Pending>,
    /// Writes that were confirmed together and are not all settled.
    groups: Vec<Group>,
    /// The number of the last of them.
    last_group: u32,
    /// What went wrong with writes and has not been read yet.
    outcomes: Vec<Vec<Line>>,
    /// Jobs whose end is waited for, and how each is called.
    awaited: BTreeMap<Uid, String>,
    /// What triage said of everything.
    inquiry: Inquiry,
    /// What is wrong by cause, and what a person has seen of it.
    inbox: Inbox,
    /// The Why pane.
    pub why: WhyPane,
    /// What is under way inside of pods.
    pod_work: PodWork,
    /// What the subject's containers use, by pod and container; empty where the server has no metrics.
    pub usage: HashMap<Uid, Vec<(CompactString, Resources)>>,
    /// Whose usage is being measured.
    measured: Option<UsageScope>,
    /// The last thing that a person must know.
    pub notice: Option<String>,
    /// The list that was focused last: CronJobs, Jobs or Pods. Its row is the subject.
    lead: Pane,
    /// CronJobs or Jobs, whichever was focused last: its row is the parent whose pods are listed.
    parent_lead: Pane,
    /// All CronJobs, in order.
    cronjob_ranking: Ranking,
    /// All Jobs, in order.
    job_ranking: Ranking,
    /// Whose place in the order may have changed since the rows were made.
    touched: Touched,
    /// Something that decides about rows has changed since they were made.
    is_dirty: bool,
    /// A person changed it.
    is_asked: bool,
    /// New rows wait, since someone reads.
    rows_held: bool,
    /// When the last key was pressed.
    last_key: Option<Time>,
    /// CronJobs and Jobs that appeared or got another level, and when.
    news: HashMap<Uid, Time>,
    /// All CronJobs, Jobs, Pods and Events were known when the rows were made last.
    was_known: bool,
    /// Further times that the event of a row was seen, under other UIDs.
    repeats: HashMap<Uid, i32>,
    /// The room that the panes' contents need, and what it was measured for.
    room: (RoomKey, Room),
    /// Something happened that may show, since [`App::take_news`] was asked.
    has_news: bool,
}

/// What decides when panes may change their sizes: the terminal's size and the subjects.
type RoomKey = Option<((u16, u16), Option<Subject>, Option<Subject>, Option<Uid>)>;

impl App {
    /// The state before anything is known, for a terminal of this size.
    pub fn new(now: Time, size: (u16, u16)) -> Self {
        Self {
            session: Session::default(),
            now,
            size,
            snapshot: Snapshot::default(),
            context: CompactString::default(),
            contexts: Vec::new(),
            namespaces: None,
            not_connected: None,
            connect_at: now,
            focus: Pane::Jobs,
            is_zoomed: false,
            cronjobs: ListState::default(),
            jobs: ListState::default(),
            pods: ListState::default(),
            containers: ListState::default(),
            events: ListState::default(),
            logs: LogView::default(),
            opened: None,
            opened_pod: None,
            share: 0,
            marks: HashSet::new(),
            overlay: None,
            behind: Vec::new(),
            is_read_only: false,
            recent: Vec::new(),
            protected: Vec::new(),
            lint_off: Vec::new(),
            journal: Vec::new(),
            desk: Desk::default(),
            reviews: 0,
            pending: HashMap::new(),
            groups: Vec::new(),
            last_group: 0,
            outcomes: Vec::new(),
            awaited: BTreeMap::new(),
            inquiry: Inquiry::default(),
            inbox: Inbox::default(),
            why: WhyPane::default(),
            pod_work: PodWork::default(),
            usage: HashMap::new(),
            measured: None,
            notice: None,
            lead: Pane::Jobs,
            parent_lead: Pane::Jobs,
            cronjob_ranking: Ranking::default(),
            job_ranking: Ranking::default(),
            touched: Touched::default(),
            is_dirty: true,
            is_asked: false,
            rows_held: false,
            last_key: None,
            news: HashMap::new(),
            was_known: false,
            repeats: HashMap::new(),
            room: (None, Room::default()),
            has_news: true,
        }
    }

    /// Takes in one message. Rows are made anew by [`App::settle`], once for all messages that came together.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        self.has_news |= !matches!(msg, Msg::Changed(_));
        match msg {
            Msg::Key(key) => {
                // First, so that the key acts on what was seen when it was pressed.
                self.last_key = Some(self.now);
                self.refresh_rows();
                return self.key(&key);
            }
            Msg::Paste(text) => return self.paste(&text),
            Msg::Mouse(mouse) => return self.mouse_draft(mouse),
            Msg::Resized(width, height) => self.size = (width, height),
            Msg::Tick(now) => {
                self.now = now;
                self.age_news();
                self.check_pending();
                self.age_draft();
                // Ages and durations decide about rows as time goes by.
                let is_chosen = |list: &ListState| !list.filter.is_empty() || list.sort.is_some();
                let has_held = |list: &ListState| list.held > 0 && !self.is_reading();
                let mut lists = Pane::ALL.into_iter().filter_map(|pane| self.list(pane));
                self.is_dirty |= lists.any(|list| is_chosen(list) || has_held(list));
                self.why.rested = self.subject();
                self.why.is_due = true;
                let due = self.due();
                self.touched.extend(due);
            }
            Msg::Connected { session, context, namespaces } if session == self.session => {
                self.expect(&namespaces);
                (self.context, self.namespaces, self.not_connected) = (context, Some(namespaces), None);
                self.is_dirty = true;
            }
            Msg::Contexts { session, names, chosen } if session == self.session => {
                self.contexts = names;
                // It stands in the header while the connection is not there yet, or cannot be had.
                self.context = chosen.unwrap_or_else(|| std::mem::take(&mut self.context));
            }
            Msg::NotConnected { session, failure, retry_at } if session == self.session => {
                (self.not_connected, self.connect_at) = (Some(failure), retry_at);
            }
            Msg::Changed(delta) if delta.session == self.session => {
                let touched = self.snapshot.apply(delta, self.now);
                self.is_dirty |= touched.is_shown;
                self.has_news |= touched.is_shown;
                if touched.is_shown {
                    self.logs.look_again();
                }
                self.see_risks(&touched);
                self.why.is_due |= touched.is_shown || touched.are_surroundings;
                // A later run settles an earlier one, of which nothing changed.
                self.inbox.has_changed |= touched.is_all || !touched.jobs.is_empty();
                self.touched.extend(touched);
                self.check_pending();
            }
            Msg::Prepared { session, review, at, outcome } if session == self.session => {
                return self.take_prepared(review, at, outcome);
            }
            Msg::EditedOutside(text) => return self.take_edited_outside(text),
            Msg::Schemas { session, schemas } if session == self.session => self.desk.schemas = Some(schemas),
            Msg::Names { session, names } if session == self.session => self.desk.names = names,
            Msg::ManifestsRead { title, text } => return self.take_manifests(title, text),
            Msg::EffectDone { session, mutation, outcome } => return self.take_outcome(session, &mutation, outcome),
            Msg::Continue => return self.go_on(),
            Msg::LogWritten { root, id, stored } => {
                let words = self.logs.wrote(root, id, stored);
                self.notice = words.or(self.notice.take());
            }
            Msg::LogFetched { root, id, bytes } => {
                let words = self.logs.fetched(root, id, bytes);
                self.notice = words.or(self.notice.take());
            }
            Msg::LogExported { outcome, is_last } => self.take_exported(outcome, is_last),
            Msg::Log { session, source, stream, change } if session == self.session => {
                self.logs.take(&source, stream, change);
                self.notice = self.logs.take_said().or(self.notice.take());
            }
            Msg::LoginFailed(failure) => self.notice = Some(format!("{}; {}", failure.message, failure.hint)),
            Msg::Usage { session, scope, pods } if session == self.session => self.take_usage(&scope, pods),
            Msg::Fetched { session, key, object } if session == self.session => {
                if let Some(effects) = self.take_edited(&key, &object) {
                    return effects;
                }
                self.take_object(&key, object);
            }
            Msg::JournalLost(why) => self.notice = Some(format!("it was done, but not written to the journal: {why}")),
            Msg::Joined { to, ended } => self.take_joined(&to, ended),
            Msg::CommandEnded { session, run, output } if session == self.session => {
                self.take_command_output(run, output);
            }
            Msg::Answered { session, need, answer } if session == self.session => {
                self.take_answer(&need, answer);
            }
            Msg::Copied(progress) => self.take_copied(progress),
            Msg::TaskPanicked(words) => self.notice = Some(format!("a background task died: {words}")),
            // Late messages of an earlier session.
            Msg::Connected { .. }
            | Msg::Contexts { .. }
            | Msg::NotConnected { .. }
            | Msg::Changed(_)
            | Msg::Log { .. }
            | Msg::CommandEnded { .. }
            | Msg::Fetched { .. }
            | Msg::Prepared { .. }
            | Msg::Schemas { .. }
            | Msg::Names { .. }
            | Msg::Answered { .. }
            | Msg::Usage { .. } => {}
        }
        Vec::new()
    }

    /// Something that came since the last time may show, so that a frame is worth its cost: changes to pods of others,
    /// the most that a busy cluster has, never do.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.has_news)
    }

    /// Brings everything that is derived up to date after messages: rows, subject, scroll positions, log streams, measurements.
    pub fn settle(&mut self) -> Vec<Effect> {
        self.refresh_rows();
        let mut effects = self.follow_why();
        self.lay_out_why();
        self.refresh_room();
        self.lay_out_why();
        effects.extend(self.refresh_inbox());
        effects.extend(self.explore());
        self.write_inbox();
        effects.extend(self.settle_logs());
        for pane in Pane::ALL {
            let page = self.page_of(pane);
            if let Some(list) = self.list_mut(pane) {
                list.scroll(page);
            }
        }
        effects.extend(self.follow_usage());
        effects.extend(self.join_debug_container());
        effects.extend(self.call_for_ended());
        self.show_outcomes();
        let (width, height) = (self.size.0.saturating_sub(4), self.size.1.saturating_sub(4));
        match &mut self.overlay {
            Some(Overlay::Page(page)) => page.lay_out(width.into(), height.into()),
            Some(Overlay::Review(review)) => review.lay_out(self.size),
            Some(Overlay::Editor(draft)) => draft.editor.resize(self.size),
            _ => {}
        }
        effects
    }

    /// The object that Pods, Events and Logs follow.
    pub fn subject(&self) -> Option<Subject> {
        match self.lead {
            Pane::Pods => self.pods.cursor.map(|uid| Subject { kind: Kind::Pod, uid }).or_else(|| self.parent()),
            _ => self.parent(),
        }
    }

    /// The CronJob or Job whose pods are listed.
    pub fn parent(&self) -> Option<Subject> {
        match self.parent_lead {
            Pane::CronJobs => self.cronjobs.cursor.map(|uid| Subject { kind: Kind::CronJob, uid }),
            _ => self.jobs.cursor.map(|uid| Subject { kind: Kind::Job, uid }),
        }
    }

    /// How a subject is named: `job/settle-2990`.
    pub fn name_of(&self, subject: Option<Subject>) -> String {
        subject.and_then(|subject| self.snapshot.key_of(subject)).map(|key| key.to_string()).unwrap_or_default()
    }

    /// How the link to the server is.
    pub fn link(&self) -> Link {
        match &self.not_connected {
            Some(failure) if failure.cause == Cause::Config => Link::Down(failure.clone()),
            Some(failure) => Link::Retrying { at: self.connect_at, failure: failure.clone() },
            None => {
                let shown = self.snapshot.sources().filter(|(source, _)| !source.kind.is_background());
                Link::of(shown.map(|(_, freshness)| freshness))
            }
        }
    }

    /// Rows come from more than one namespace, so that each says which.
    pub fn has_many_namespaces(&self) -> bool {
        !matches!(&self.namespaces, Some(Namespaces::Some(names)) if names.len() == 1)
    }

    /// The list of a pane; None for Logs.
    pub fn list(&self, pane: Pane) -> Option<&ListState> {
        match pane {
            Pane::CronJobs => Some(&self.cronjobs),
            Pane::Jobs => Some(&self.jobs),
            Pane::Pods if self.opened_pod.is_some() => Some(&self.containers),
            Pane::Pods => Some(&self.pods),
            Pane::Events => Some(&self.events),
            Pane::Why | Pane::Logs => None,
        }
    }

    fn list_mut(&mut self, pane: Pane) -> Option<&mut ListState> {
        match pane {
            Pane::CronJobs => Some(&mut self.cronjobs),
            Pane::Jobs => Some(&mut self.jobs),
            Pane::Pods if self.opened_pod.is_some() => Some(&mut self.containers),
            Pane::Pods => Some(&mut self.pods),
            Pane::Events => Some(&mut self.events),
            Pane::Why | Pane::Logs => None,
        }
    }

    fn page_of(&self, pane: Pane) -> usize {
        self.layout().map_or(0, |layout| layout.page(pane))
    }

    fn expect(&mut self, namespaces: &Namespaces) {
        for namespace in namespaces.scopes() {
            for kind in [Kind::CronJob, Kind::Job, Kind::Pod, Kind::Event] {
                self.snapshot.expect(Source { kind, namespace: namespace.map(Into::into) });
            }
        }
    }

    /// A source of this kind has not told all its objects yet.
    fn is_loading(&self, kind: Kind) -> bool {
        matches!(self.snapshot.freshness(kind), Freshness::Loading | Freshness::Failed { .. })
    }
}

#[cfg(test)]
mod tests;
