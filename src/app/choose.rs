//! The palette's keys, and what is done with the entry that is taken.

use std::borrow::Cow;

use crate::command::{Action, Argument, CommandSpec, Key, Motion, Pane, all};
use crate::model::key::{Kind, Namespaces};
use crate::model::owner::Subject;

use super::palette::Judged;
use super::{App, Choice, Effect, Overlay, Palette};

/// Commands that the palette remembers.
const REMEMBERED: usize = 10;

impl App {
    pub(super) fn palette_key(&mut self, mut palette: Palette, key: &Key) -> Vec<Effect> {
        match key.0.as_str() {
            "esc" | "ctrl-c" => return Vec::new(),
            "enter" if palette.is_certain() => return self.take_choice(&palette),
            "enter" => palette.is_taken = true,
            "up" | "ctrl-p" | "shift-tab" => palette.go(Motion::Up),
            "down" | "ctrl-n" | "tab" => palette.go(Motion::Down),
            _ => {
                if palette.prompt.key(key) {
                    palette.refresh(&self.snapshot);
                }
            }
        }
        self.overlay = Some(Overlay::Palette(palette));
        Vec::new()
    }

    /// The palette matches objects still, and wants to go on with [`super::Msg::Continue`].
    pub fn is_searching(&self) -> bool {
        let is_matching = matches!(&self.overlay, Some(Overlay::Palette(palette)) if palette.is_searching());
        is_matching || self.logs.is_searching() || self.logs.is_exporting()
    }

    /// Goes on matching; takes the best entry where Enter waits for it.
    pub(super) fn go_on(&mut self) -> Vec<Effect> {
        match self.overlay.take() {
            Some(Overlay::Palette(mut palette)) => {
                palette.go_on(&self.snapshot);
                if palette.is_taken && !palette.is_searching() {
                    return self.take_choice(&palette);
                }
                self.overlay = Some(Overlay::Palette(palette));
            }
            other => self.overlay = other,
        }
        self.go_on_with_logs()
    }

    /// Carries out the entry that the palette is on.
    fn take_choice(&mut self, palette: &Palette) -> Vec<Effect> {
        self.behind.clear();
        let Some(entry) = palette.entries.get(palette.at) else { return Vec::new() };
        match entry.choice.clone() {
            Choice::Run(id, argument) => {
                let Some(spec) = all().find(|spec| spec.id == id) else { return Vec::new() };
                self.remember(id, &argument);
                self.attempt(spec, &argument)
            }
            Choice::Namespace(name) => {
                self.remember("session.namespaces", &name);
                self.look_at(Some(Namespaces::Some(vec![name.into()])))
            }
            Choice::Context(name) => {
                self.remember("session.context", &name);
                self.connect(Some(name), None)
            }
            Choice::Draft(name) => self.open_saved_draft(&name),
            Choice::DropDraft(name) => self.drop_saved_draft(&name),
            Choice::Jump(subject) => {
                self.jump(subject);
                Vec::new()
            }
        }
    }

    /// Keeps what was run, newest first; without texts of one's own, in which passwords may stand.
    fn remember(&mut self, id: &str, argument: &str) {
        let is_text = |spec: &CommandSpec| spec.id == id && matches!(spec.argument, Argument::Text(_));
        let argument = if all().any(is_text) { "" } else { argument };
        let words = format!("{id} {argument}").trim_end().to_owned();
        self.recent.retain(|known| *known != words);
        self.recent.insert(0, words);
        self.recent.truncate(REMEMBERED);
    }

    pub(super) fn open_palette(&mut self) {
        let judged = |spec: &'static CommandSpec| {
            let target = match spec.action {
                Action::Write(write) => Some(self.targets_of(write)),
                Action::Pod(_) => self.meant_container().ok().map(|container| container.to_string()),
                Action::Describe | Action::Yaml => self.object_under_cursor().map(|(key, _)| key.to_string()),
                _ => None,
            };
            Judged { spec, target: target.unwrap_or_default(), why_not: self.applies(spec).err().map(Cow::into_owned) }
        };
        let mut shown: Vec<_> = all().filter(|spec| !spec.action.is_for_keys()).collect();
        // As in the footer: the most useful first.
        shown.sort_by_key(|spec| spec.footer.unwrap_or(u8::MAX));
        let commands = shown.into_iter().map(judged);
        let palette = Palette::new(commands, self.draft_entries(), &self.contexts, &self.snapshot, &self.recent);
        self.overlay = Some(Overlay::Palette(palette));
    }

    /// Goes to an object's row; a filter that hides it is cleared. Of a pod, to that of its Job first.
    pub(super) fn jump(&mut self, subject: Subject) {
        let Subject { kind, uid } = subject;
        let owner = self.snapshot.pods.get(uid).and_then(|pod| pod.meta.owner_uid());
        if let (Kind::Pod, Some(uid)) = (kind, owner) {
            self.jump(Subject { kind: Kind::Job, uid });
            self.refresh_rows();
        }
        let pane = match kind {
            Kind::CronJob => Pane::CronJobs,
            Kind::Pod => Pane::Pods,
            _ => Pane::Jobs,
        };
        (self.opened, self.opened_pod) = (None, None);
        if let Some(list) = self.list_mut(pane) {
            list.widen();
        }
        self.mark_dirty();
        self.refresh_rows();
        self.focus(pane);
        if let Some(list) = self.list_mut(pane) {
            list.select(uid);
        }
    }
}
