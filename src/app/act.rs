//! Keys to commands, and commands carried out.

use std::collections::HashSet;

use crate::command::{Action, CommandSpec, Key, Motion, Pane, candidates};
use crate::model::key::{Kind, Namespaces, Uid};
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;

use super::details::help;
use super::page::Form;
use super::ranking::Ranking;
use super::{App, Column, Effect, Filter, ListState, Msg, Overlay, Prompt};

impl App {
    /// Takes a key: an open overlay first, then the commands that apply.
    pub(super) fn key(&mut self, key: &Key) -> Vec<Effect> {
        self.notice = None;
        let effects = match self.overlay.take() {
            Some(Overlay::Palette(palette)) => self.palette_key(palette, key),
            Some(Overlay::Filter { prompt, before }) => self.filter_key(prompt, before, key),
            Some(Overlay::LogPrompt(prompt)) => self.log_prompt_key(prompt, key),
            Some(Overlay::Page(page)) => self.page_key(page, key),
            Some(Overlay::Review(review)) => self.review_key(review, key),
            Some(Overlay::Ask(ask)) => self.ask_key(ask, key),
            Some(Overlay::Opening(typed)) => self.opening_key(typed, key),
            Some(Overlay::Editor(draft)) => self.draft_key(draft, key),
            None => {
                let specs: Vec<_> = candidates(key, self.pane_scopes()).collect();
                let is_about_this = |spec: &&&CommandSpec| match spec.action {
                    Action::Pod(_) => self.focus == Pane::Pods,
                    Action::Write(_) => self.focus != Pane::Pods,
                    _ => true,
                };
                let applies = specs.iter().find(|spec| self.applies(spec).is_ok());
                let meant = applies.or_else(|| specs.iter().find(is_about_this)).or(specs.first());
                meant.map(|spec| self.attempt(spec, "")).unwrap_or_default()
            }
        };
        if self.overlay.is_none() {
            self.overlay = self.behind.pop().map(Overlay::Page);
        }
        effects
    }

    /// Carries out a command where it applies, and says why where it does not.
    pub(super) fn attempt(&mut self, spec: &'static CommandSpec, argument: &str) -> Vec<Effect> {
        match self.applies(spec) {
            Ok(()) => self.run(spec, argument),
            // Esc where there is nothing to go back to is no mistake that one must hear of.
            Err(_) if spec.action == Action::Back => Vec::new(),
            Err(why) => {
                self.notice = Some(format!("{}: {why}", spec.title));
                Vec::new()
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Palette(palette)) => {
                palette.prompt.paste(text);
                palette.refresh(&self.snapshot);
            }
            Some(Overlay::Filter { prompt, .. }) => {
                prompt.paste(text);
                let filter = Filter::new(prompt.text());
                self.set_filter(filter);
            }
            Some(Overlay::LogPrompt(asked)) => {
                asked.prompt.paste(text);
                let asked = asked.clone();
                self.take_typed(&asked);
            }
            Some(Overlay::Page(page)) => {
                if let Some(prompt) = &mut page.search.prompt {
                    prompt.paste(text);
                    let wanted = prompt.text().to_owned();
                    page.look_for(&wanted);
                }
            }
            Some(Overlay::Ask(ask)) => {
                ask.prompt.paste(text);
                self.judge_words();
            }
            Some(Overlay::Review(review)) => {
                if let Some(prompt) = &mut review.prompt {
                    prompt.paste(text);
                }
            }
            Some(Overlay::Opening(typed)) => typed.push(Msg::Paste(text.to_owned())),
            Some(Overlay::Editor(_)) => return self.paste_draft(text),
            None => {}
        }
        Vec::new()
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

    /// Carries out a command that applies.
    pub(super) fn run(&mut self, spec: &'static CommandSpec, argument: &str) -> Vec<Effect> {
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
            Action::Open => return self.open(),
            Action::Back => self.back(),
            Action::Zoom => self.is_zoomed = !self.is_zoomed,
            Action::Logs => {
                self.focus(Pane::Logs);
                self.is_zoomed = true;
            }
            Action::PreviousLog => {
                self.logs.toggle_previous();
                self.focus(Pane::Logs);
            }
            Action::Share(by) => self.move_share(by),
            Action::Mark => self.toggle_mark(),
            Action::MarkAll => self.toggle_all_marks(),
            Action::Write(write) => return self.ask(spec, write, argument),
            Action::Await(is_wanted) => self.await_end(is_wanted),
            Action::Undo => return self.ask_undo(),
            Action::Edit(action) => return self.open_text(action, argument),
            Action::Pod(action) => return self.reach(action, argument),
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
            Action::Why => return self.open_why(),
            Action::Problems => self.open_inbox(),
            Action::Describe => return self.open_details(Form::Describe),
            Action::Yaml => return self.open_details(Form::Yaml),
            // Those are carried out by what is open.
            Action::Page(_) | Action::Inbox(_) | Action::Review(_) | Action::Editor(_) => {}
            Action::Log(action) => return self.log_action(action),
            Action::Palette => self.open_palette(),
            Action::Help => self.overlay = Some(Overlay::Page(help())),
            Action::Namespaces => return self.look_at(namespaces(argument)),
            Action::Context if argument.is_empty() => {
                // Those that there are, to choose from.
                self.open_palette();
                drop(self.paste("context "));
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
        match (self.focus, self.list_mut(self.focus)) {
            (_, Some(list)) => list.go(motion, page),
            (Pane::Why, None) => self.why.page.go(motion),
            (_, None) => self.logs.go(motion, page),
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
        if let Some(list) = list {
            list.is_reversed = !list.is_reversed;
        }
        self.mark_dirty();
    }

    pub(super) fn focus(&mut self, pane: Pane) {
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
    fn open(&mut self) -> Vec<Effect> {
        match self.focus {
            Pane::CronJobs => {
                self.opened = self.cronjobs.cursor.map(|uid| Subject { kind: Kind::CronJob, uid });
                self.mark_dirty();
                self.focus(Pane::Jobs);
            }
            Pane::Jobs => self.focus(Pane::Pods),
            Pane::Pods if self.opened_pod.is_some() => self.focus(Pane::Logs),
            Pane::Pods => self.open_pod(),
            Pane::Why => return self.open_in_why_pane(),
            Pane::Logs | Pane::Events => self.is_zoomed = true,
        }
        Vec::new()
    }

    /// Marks the object under the cursor, or takes its mark away.
    fn toggle_mark(&mut self) {
        if let Some((_, uid)) = self.object_under_cursor()
            && !self.marks.remove(&uid)
        {
            self.marks.insert(uid);
        }
    }

    /// Marks all that the list shows, or takes all marks away where they all have one.
    fn toggle_all_marks(&mut self) {
        let rows = self.list(self.focus).map(|list| list.rows.clone()).unwrap_or_default();
        if rows.iter().all(|uid| self.marks.contains(uid)) {
            self.marks.retain(|uid| !rows.contains(uid));
        } else {
            self.marks.extend(rows);
        }
    }

    /// The marked objects of the focused list's kind that are there still, those that a filter hides included.
    pub(super) fn marked(&self) -> impl Iterator<Item = Uid> {
        self.marked_in(self.focus)
    }

    /// The same for another pane.
    pub fn marked_in(&self, pane: Pane) -> impl Iterator<Item = Uid> {
        let is_there = move |uid: &Uid| match pane {
            Pane::CronJobs => self.snapshot.cronjobs.get(*uid).is_some(),
            Pane::Jobs => self.snapshot.jobs.get(*uid).is_some(),
            Pane::Pods => self.snapshot.pods.get(*uid).is_some(),
            Pane::Events => self.snapshot.events.get(*uid).is_some(),
            Pane::Why | Pane::Logs => false,
        };
        self.marks.iter().copied().filter(is_there)
    }

    /// One step back: out of the zoom, the marks, the filter, then up along ownership.
    fn back(&mut self) {
        if self.focus == Pane::Logs && self.logs.step_back() {
            return;
        }
        if self.is_zoomed {
            self.is_zoomed = false;
            return;
        }
        let marked: HashSet<Uid> = self.marked().collect();
        if !marked.is_empty() {
            self.marks.retain(|uid| !marked.contains(uid));
            return;
        }
        if let Some(list) = self.list_mut(self.focus)
            && list.is_narrowed()
        {
            list.widen();
            self.mark_dirty();
            return;
        }
        match self.focus {
            Pane::Why | Pane::Logs | Pane::Events => self.focus(self.lead),
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

    pub(super) fn look_at(&mut self, namespaces: Option<Namespaces>) -> Vec<Effect> {
        self.connect(None, Some(namespaces.unwrap_or(Namespaces::All)))
    }

    /// Starts a new session: what was known belongs to the old one.
    pub(super) fn connect(&mut self, context: Option<String>, namespaces: Option<Namespaces>) -> Vec<Effect> {
        self.forget_pending();
        self.forget_awaited();
        self.forget_inquiry();
        self.forget_review();
        self.pod_work.forget_debug();
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
        self.logs.forget();
        self.measured = None;
        self.usage.clear();
        self.marks.clear();
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
