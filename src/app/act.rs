//! Keys to commands, and commands carried out.

use crate::command::{Action, Argument, CommandSpec, Key, Motion, Pane, Scope, all, find};
use crate::model::delta::Failure;
use crate::model::key::{Kind, Namespaces, Uid};
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;

use super::list::moved;
use super::ranking::Ranking;
use super::{App, Choice, Column, Effect, Filter, ListState, LogView, Overlay, Page, Palette, Prompt};

impl App {
    /// Takes a key: an open overlay first, then the commands that apply.
    pub(super) fn key(&mut self, key: &Key) -> Vec<Effect> {
        self.notice = None;
        match self.overlay.take() {
            Some(Overlay::Palette(palette)) => self.palette_key(palette, key),
            Some(Overlay::Filter { prompt, before }) => self.filter_key(prompt, before, key),
            Some(Overlay::Page(page)) => self.page_key(page, key),
            None => match find(key, self.scopes()) {
                Some(spec) => self.run(spec, ""),
                None => Vec::new(),
            },
        }
    }

    /// The scopes whose keys work on the dashboard now.
    pub fn scopes(&self) -> &'static [Scope] {
        match self.focus {
            Pane::Logs => &[Scope::Everywhere, Scope::Dashboard],
            _ => &[Scope::Everywhere, Scope::Dashboard, Scope::Lists],
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.overlay {
            Some(Overlay::Palette(palette)) => {
                palette.prompt.paste(text);
                palette.refresh(&self.snapshot, &self.contexts);
            }
            Some(Overlay::Filter { prompt, .. }) => {
                prompt.paste(text);
                let filter = Filter::new(prompt.text());
                self.set_filter(filter);
            }
            Some(Overlay::Page(_)) | None => {}
        }
    }

    fn palette_key(&mut self, mut palette: Palette, key: &Key) -> Vec<Effect> {
        match key.0.as_str() {
            "esc" | "ctrl-c" => return Vec::new(),
            "enter" => {
                let chosen = palette.entries.get(palette.at).map(|entry| entry.choice.clone());
                return chosen.map(|choice| self.choose(choice)).unwrap_or_default();
            }
            "up" | "ctrl-p" | "shift-tab" => palette.go(Motion::Up),
            "down" | "ctrl-n" | "tab" => palette.go(Motion::Down),
            _ => {
                if palette.prompt.key(key) {
                    palette.at = 0;
                    palette.refresh(&self.snapshot, &self.contexts);
                }
            }
        }
        self.overlay = Some(Overlay::Palette(palette));
        Vec::new()
    }

    fn choose(&mut self, choice: Choice) -> Vec<Effect> {
        match choice {
            Choice::Run(id, argument) => match all().find(|spec| spec.id == id) {
                Some(spec) if self.scopes().contains(&spec.scope) => self.run(spec, &argument),
                Some(spec) => {
                    self.notice = Some(format!("{} works in lists alone", spec.title));
                    Vec::new()
                }
                None => Vec::new(),
            },
            Choice::Namespace(name) => self.look_at(Some(Namespaces::Some(vec![name.into()]))),
            Choice::Context(name) => self.connect(Some(name), None),
            Choice::Jump(kind, uid) => {
                self.jump(kind, uid);
                Vec::new()
            }
        }
    }

    /// Goes to an object's row; a filter that hides it is cleared.
    fn jump(&mut self, kind: Kind, uid: Uid) {
        let pane = if kind == Kind::CronJob { Pane::CronJobs } else { Pane::Jobs };
        self.opened = None;
        if let Some(list) = self.list_mut(pane) {
            (list.filter, list.faults_only) = (Filter::default(), false);
        }
        self.mark_dirty();
        self.refresh_rows();
        self.focus(pane);
        if let Some(list) = self.list_mut(pane) {
            list.select(uid);
        }
    }

    fn filter_key(&mut self, mut prompt: Prompt, before: Filter, key: &Key) -> Vec<Effect> {
        match key.0.as_str() {
            "esc" | "ctrl-c" => self.set_filter(before),
            "enter" => {}
            _ => {
                if prompt.key(key) {
                    self.set_filter(Filter::new(prompt.text()));
                }
                self.overlay = Some(Overlay::Filter { prompt, before });
            }
        }
        Vec::new()
    }

    fn set_filter(&mut self, filter: Filter) {
        if let Some(list) = self.list_mut(self.focus) {
            list.filter = filter;
        }
        self.mark_dirty();
    }

    fn page_key(&mut self, mut page: Page, key: &Key) -> Vec<Effect> {
        let action = find(key, &[Scope::Everywhere, Scope::Dashboard]).map(|spec| spec.action);
        match action {
            Some(Action::Quit) => return vec![Effect::Quit],
            Some(Action::Suspend) => {
                self.overlay = Some(Overlay::Page(page));
                return vec![Effect::Suspend];
            }
            Some(Action::Back) => return Vec::new(),
            Some(Action::Move(motion)) => {
                let height = usize::from(self.size.1).saturating_sub(4);
                let last_top = page.lines.as_ref().map_or(0, Vec::len).saturating_sub(height);
                page.top = moved(page.top, motion, height, last_top + 1);
            }
            _ if key.0 == "q" => return Vec::new(),
            _ => {}
        }
        self.overlay = Some(Overlay::Page(page));
        Vec::new()
    }

    /// Carries out a command.
    fn run(&mut self, spec: &CommandSpec, argument: &str) -> Vec<Effect> {
        match spec.action {
            Action::Move(motion) => self.go(motion),
            Action::Focus(pane) => {
                self.focus(pane);
                if !argument.is_empty() {
                    return self.look_at(namespaces(argument));
                }
            }
            Action::NextPane => self.cycle(1),
            Action::PreviousPane => self.cycle(Pane::ALL.len() - 1),
            Action::Open => self.open(),
            Action::Back => self.back(),
            Action::Zoom => self.is_zoomed = !self.is_zoomed,
            Action::Logs => {
                self.focus(Pane::Logs);
                self.is_zoomed = true;
            }
            Action::Filter => {
                let before = self.list(self.focus).map(|list| list.filter.clone()).unwrap_or_default();
                self.overlay = Some(Overlay::Filter { prompt: Prompt::new(before.text()), before });
            }
            Action::Faults => {
                if let Some(list) = self.list_mut(self.focus) {
                    list.faults_only = !list.faults_only;
                }
                self.mark_dirty();
            }
            Action::TakeHeld => self.mark_dirty(),
            Action::Sort => self.sort_by_next_column(),
            Action::Reverse => self.reverse(),
            Action::Yaml => return self.ask_for_manifest(),
            Action::Palette => {
                let mut palette = Palette::default();
                palette.refresh(&self.snapshot, &self.contexts);
                self.overlay = Some(Overlay::Palette(palette));
            }
            Action::Help => self.overlay = Some(Overlay::Page(help())),
            Action::Namespaces => return self.look_at(namespaces(argument)),
            Action::Context if argument.is_empty() => {
                self.notice = Some("type the context's name: ctx NAME".into());
            }
            Action::Context => return self.connect(Some(argument.to_owned()), None),
            Action::LogIn => return vec![Effect::LogIn],
            Action::Quit => return vec![Effect::Quit],
            Action::Suspend => return vec![Effect::Suspend],
        }
        Vec::new()
    }

    fn go(&mut self, motion: Motion) {
        let page = self.page_of(self.focus);
        match self.list_mut(self.focus) {
            Some(list) => list.go(motion, page),
            None => self.logs.go(motion, page),
        }
    }

    fn sort_by_next_column(&mut self) {
        let columns = Column::of(self.focus);
        if let Some(list) = self.list_mut(self.focus) {
            let next = list.sort.and_then(|sorted| columns.iter().position(|column| *column == sorted));
            list.sort = columns.get(next.map_or(0, |at| at + 1)).copied();
            list.is_reversed = false;
        }
        self.mark_dirty();
    }

    fn reverse(&mut self) {
        let list = self.list_mut(self.focus);
        let is_sorted = list.is_some_and(|list| {
            list.is_reversed = list.sort.is_some() && !list.is_reversed;
            list.sort.is_some()
        });
        if !is_sorted {
            self.notice = Some("not sorted by a column; o sorts by the next one".into());
        }
        self.mark_dirty();
    }

    fn focus(&mut self, pane: Pane) {
        self.focus = pane;
        if matches!(pane, Pane::CronJobs | Pane::Jobs | Pane::Pods) {
            self.lead = pane;
        }
        if matches!(pane, Pane::CronJobs | Pane::Jobs) {
            self.parent_lead = pane;
        }
    }

    fn cycle(&mut self, steps: usize) {
        let at = Pane::ALL.iter().position(|pane| *pane == self.focus).unwrap_or(0);
        self.focus(Pane::ALL[(at + steps) % Pane::ALL.len()]);
    }

    /// Down along ownership: a CronJob's Jobs, a Job's Pods, a Pod's containers, their logs, the log alone.
    fn open(&mut self) {
        match self.focus {
            Pane::CronJobs => match self.cronjobs.cursor {
                Some(uid) => {
                    self.opened = Some(Subject { kind: Kind::CronJob, uid });
                    self.mark_dirty();
                    self.focus(Pane::Jobs);
                }
                None => self.notice = Some("there is no CronJob under the cursor".into()),
            },
            Pane::Jobs if self.jobs.cursor.is_some() => self.focus(Pane::Pods),
            Pane::Pods if self.opened_pod.is_some() => self.focus(Pane::Logs),
            Pane::Pods if self.pods.cursor.is_some() => self.open_pod(),
            Pane::Logs | Pane::Events => self.is_zoomed = true,
            Pane::Jobs => self.notice = Some("there is no Job under the cursor".into()),
            Pane::Pods => self.notice = Some("there is no pod to open yet".into()),
        }
    }

    /// One step back: out of the zoom, the filter, then up along ownership.
    fn back(&mut self) {
        if self.is_zoomed {
            self.is_zoomed = false;
            return;
        }
        if let Some(list) = self.list_mut(self.focus)
            && (!list.filter.is_empty() || list.faults_only)
        {
            (list.filter, list.faults_only) = (Filter::default(), false);
            self.mark_dirty();
            return;
        }
        match self.focus {
            Pane::Logs | Pane::Events => self.focus(self.lead),
            Pane::Pods if self.opened_pod.take().is_some() => self.mark_dirty(),
            Pane::Pods => self.focus(self.parent_lead),
            Pane::Jobs => {
                if let Some(opened) = self.opened.take() {
                    self.mark_dirty();
                    self.focus(Pane::CronJobs);
                    self.cronjobs.select(opened.uid);
                }
            }
            Pane::CronJobs => {}
        }
    }

    fn ask_for_manifest(&mut self) -> Vec<Effect> {
        let uid = self.list(self.focus).and_then(|list| list.cursor);
        // A container is a part of its pod's manifest.
        let uid = self.opened_pod.filter(|_| self.focus == Pane::Pods).or(uid);
        let key = match (self.focus, uid) {
            (Pane::Events, Some(uid)) => self.snapshot.events.get(uid).map(crate::model::meta::Object::key),
            (pane, Some(uid)) => pane.kind().and_then(|kind| self.snapshot.key_of(Subject { kind, uid })),
            _ => None,
        };
        let Some(key) = key else {
            self.notice = Some("there is no object under the cursor".into());
            return Vec::new();
        };
        self.overlay = Some(Overlay::Page(Page { title: format!("YAML of {key}"), lines: None, top: 0 }));
        vec![Effect::FetchManifest(key)]
    }

    pub(super) fn show_manifest(&mut self, text: Result<String, Failure>) {
        // A page that was closed meanwhile stays closed.
        if let Some(Overlay::Page(page)) = &mut self.overlay
            && page.lines.is_none()
        {
            page.lines = Some(match text {
                Ok(text) => text.lines().map(str::to_owned).collect(),
                Err(failure) => vec![failure.message, failure.hint],
            });
        }
    }

    fn look_at(&mut self, namespaces: Option<Namespaces>) -> Vec<Effect> {
        self.connect(None, Some(namespaces.unwrap_or(Namespaces::All)))
    }

    /// Starts a new session: what was known belongs to the old one.
    fn connect(&mut self, context: Option<String>, namespaces: Option<Namespaces>) -> Vec<Effect> {
        self.session = self.session.next();
        if let Some(name) = &context {
            (self.context, self.namespaces) = (name.into(), None);
        }
        if namespaces.is_some() {
            self.namespaces.clone_from(&namespaces);
        }
        self.snapshot = Snapshot::default();
        (self.cronjob_ranking, self.job_ranking) = (Ranking::default(), Ranking::default());
        self.not_connected = None;
        self.opened = None;
        (self.opened_pod, self.containers) = (None, ListState::default());
        for pane in Pane::ALL {
            if let Some(list) = self.list_mut(pane) {
                *list = ListState::default();
            }
        }
        self.logs = LogView::default();
        self.measured = None;
        self.usage.clear();
        self.mark_dirty();
        vec![Effect::Connect { session: self.session, context, namespaces }]
    }
}

/// Namespaces as typed: separated by commas or blanks. None for no name at all, `all` and `*`.
fn namespaces(argument: &str) -> Option<Namespaces> {
    let names = argument.split([',', ' ']).filter(|name| !name.is_empty());
    let names: Vec<_> = names.map(Into::into).collect();
    let is_all = names.is_empty() || names.iter().any(|name| name == "all" || name == "*");
    (!is_all).then_some(Namespaces::Some(names))
}

/// Every key with what it does, from the registry.
fn help() -> Page {
    let lines = all().map(|spec| {
        let word = spec.words.first().map(|word| format!(":{word}")).unwrap_or_default();
        let argument = match spec.argument {
            Argument::None => "",
            Argument::Namespaces => " [NAMESPACES]",
            Argument::Context => " NAME",
        };
        format!("{:<16} {}  {}", spec.keys.join(" "), spec.help, word + argument).trim_end().to_owned()
    });
    Page { title: "Keys and commands".into(), lines: Some(lines.collect()), top: 0 }
}
