//! Which commands apply now, and why the others do not: the footer shows the first, the palette says the reason of the
//! others, and so does a key that is pressed in vain.

use std::borrow::Cow;

use crate::command::{Action, CommandSpec, EDITOR, EditAction, FULL_LOG, LISTS, LOGS, Pane, Scope, all, undo};
use crate::model::pod::Pod;

use super::details::has_pods;
use super::{App, Overlay};

impl App {
    /// The scopes whose keys work now: those of an open page, else those of the pane in focus. None while text is typed
    /// or a question is open.
    pub fn scopes(&self) -> &'static [Scope] {
        match &self.overlay {
            Some(Overlay::Editor(_)) => EDITOR,
            Some(Overlay::Page(page)) if page.search.prompt.is_some() => &[],
            Some(Overlay::Page(page)) => page.scopes(),
            Some(_) => &[],
            None => self.pane_scopes(),
        }
    }

    /// The scopes of the pane in focus.
    pub(super) fn pane_scopes(&self) -> &'static [Scope] {
        match self.focus {
            Pane::Logs if self.is_zoomed => FULL_LOG,
            Pane::Logs => LOGS,
            _ => LISTS,
        }
    }

    /// Whether a command applies now, in the dashboard below what is open.
    ///
    /// # Errors
    /// Why it does not, in words for a person.
    pub fn applies(&self, spec: &CommandSpec) -> Result<(), Cow<'static, str>> {
        let needs = |is_met: bool, why: &'static str| if is_met { Ok(()) } else { Err(Cow::Borrowed(why)) };
        if spec.scope == Scope::Lists && matches!(self.focus, Pane::Why | Pane::Logs) {
            return Err(format!("it works in lists, and the {} pane has the focus", self.focus.title()).into());
        }
        if matches!(spec.scope, Scope::Log | Scope::FullLog) && self.focus != Pane::Logs {
            return Err("it works in the Logs pane; l opens it".into());
        }
        let is_somewhere = || self.list(self.focus).is_some_and(|list| list.cursor.is_some());
        match spec.action {
            Action::Open if self.focus == Pane::Why => needs(self.subject().is_some(), self.nothing_here()),
            Action::Open => {
                needs(is_somewhere() || matches!(self.focus, Pane::Logs | Pane::Events), self.nothing_here())
            }
            Action::Why => needs(self.subject().is_some(), self.nothing_here()),
            Action::Describe | Action::Yaml | Action::Mark => {
                needs(self.object_under_cursor().is_some(), self.nothing_here())
            }
            Action::Logs if self.focus == Pane::Logs && self.is_zoomed => {
                Err("the log fills the screen already".into())
            }
            Action::Logs => needs(self.subject().is_some(), "there is no object whose log could be shown"),
            Action::PreviousLog => {
                let is_any = self.logs.shows_previous || self.subject_pods().any(|pod| pod.restarts() > 0);
                needs(is_any, "no container here was started again, so that there is no log before this one")
            }
            Action::Log(action) => self.log_applies(action),
            Action::Share(_) => {
                needs(self.layout().is_some_and(|layout| layout.panes.len() > 1), "one pane has all the room")
            }
            Action::Reverse => {
                let is_sorted = self.list(self.focus).is_some_and(|list| list.sort.is_some());
                needs(is_sorted, "not sorted by a column; o sorts by the next one")
            }
            Action::Write(write) => self.may_write(write).map_err(|refusal| refusal.0.into()),
            Action::Await(is_wanted) => self.may_await(is_wanted),
            Action::Undo => {
                undo(&self.journal, &self.context, self.scene()).map(drop).map_err(|refusal| refusal.0.into())
            }
            Action::Edit(EditAction::Object | EditAction::Outside) => {
                needs(self.object_under_cursor().is_some(), self.nothing_here())
            }
            Action::Edit(EditAction::Form(write)) => self.may_write(write).map_err(|refusal| refusal.0.into()),
            Action::Edit(EditAction::Drafts) => needs(!self.desk.saved.is_empty(), "no text was kept"),
            Action::MarkAll => needs(is_somewhere(), self.nothing_here()),
            Action::Pod(action) => self.pod_applies(action).map_err(|refusal| refusal.0.into()),
            Action::Back => needs(self.can_go_back(), "there is nothing to go back to"),
            _ => Ok(()),
        }
    }

    /// The commands that the footer shows, most useful first: those that apply here and now.
    pub fn footer(&self) -> Vec<&'static CommandSpec> {
        let scopes = self.scopes();
        let applies = |spec: &&CommandSpec| match (&self.overlay, spec.action) {
            (Some(Overlay::Page(page)), Action::Page(action)) => page.why_not(action).is_none(),
            (Some(_), _) => true,
            (None, _) => self.applies(spec).is_ok(),
        };
        let mut shown: Vec<_> =
            all().filter(|spec| spec.footer.is_some() && scopes.contains(&spec.scope)).filter(applies).collect();
        shown.sort_by_key(|spec| spec.footer);
        shown
    }

    fn nothing_here(&self) -> &'static str {
        match self.focus {
            Pane::CronJobs => "there is no CronJob under the cursor",
            Pane::Jobs => "there is no Job under the cursor",
            Pane::Pods => "there is no pod under the cursor",
            Pane::Why => "there is no object that could be wrong",
            Pane::Events => "there is no event under the cursor",
            Pane::Logs => "the Logs pane has no cursor",
        }
    }

    fn subject_pods(&self) -> impl Iterator<Item = &Pod> {
        let subject = self.subject().filter(|subject| has_pods(subject.kind));
        subject.map(|subject| self.snapshot.pods_of_subject(subject)).unwrap_or_default().into_iter()
    }

    fn can_go_back(&self) -> bool {
        let list = self.list(self.focus);
        let is_narrowed = list.is_some_and(super::ListState::is_narrowed);
        let is_below = match self.focus {
            Pane::CronJobs => false,
            Pane::Jobs => self.opened.is_some(),
            Pane::Pods | Pane::Why | Pane::Events | Pane::Logs => true,
        };
        self.is_zoomed || is_narrowed || is_below || self.marked().next().is_some()
    }
}
