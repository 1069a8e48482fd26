//! Pages over the dashboard: details of an object and help, and the keys that read them.

use serde_json::Value;

use crate::command::{Action, Key, Motion, Pane};
use crate::command::{Argument, PageAction, Scope, all, candidates};
use crate::manifest::lint::Lint;
use crate::manifest::object::hide_secrets;
use crate::manifest::to_yaml;
use crate::model::delta::Failure;
use crate::model::key::{Kind, ObjectKey, Uid};
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;
use crate::model::state::Level;

use super::describe::describe;
use super::inquiry::Inquiry;
use super::notes::notes;
use super::page::{Details, Form, Line, Page, Role};
use super::{App, Effect, Overlay};

/// Bytes that are copied at most. Terminals take the clipboard in base64, a third longer, and several drop more than
/// 100,000 characters of it without a word.
pub(super) const COPIED: usize = 74_000;

impl App {
    /// The object under the cursor of the focused list.
    pub(super) fn object_under_cursor(&self) -> Option<(ObjectKey, Uid)> {
        let uid = self.list(self.focus)?.cursor?;
        // A container is a part of its pod.
        let uid = self.opened_pod.filter(|_| self.focus == Pane::Pods).unwrap_or(uid);
        let kind = self.focus.kind()?;
        self.snapshot.key_of(Subject { kind, uid }).map(|key| (key, uid))
    }

    /// Opens a page of the object under the cursor, and asks for the object.
    pub(super) fn open_details(&mut self, form: Form) -> Vec<Effect> {
        let Some((key, uid)) = self.object_under_cursor() else { return Vec::new() };
        self.open_page_of(key, uid, form)
    }

    /// The same for any object.
    pub(super) fn open_page_of(&mut self, key: ObjectKey, uid: Uid, form: Form) -> Vec<Effect> {
        let details = Details { key: key.clone(), uid, form, has_managed_fields: false, fetched: None };
        let mut page = Page::empty(title(&details));
        page.object = Some(Box::new(details));
        self.overlay = Some(Overlay::Page(page));
        vec![Effect::Fetch(key)]
    }

    /// The object that was asked for is here. A page that was closed meanwhile stays closed.
    pub(super) fn take_object(&mut self, key: &ObjectKey, object: Result<Value, Failure>) {
        let now = self.now;
        let over = match &mut self.overlay {
            Some(Overlay::Page(page)) => Some(page),
            _ => None,
        };
        let is_of = |page: &&mut Page| page.object.as_ref().is_some_and(|details| details.key == *key);
        let Some(page) = over.into_iter().chain(&mut self.behind).find(is_of) else { return };
        let Some(details) = &mut page.object else { return };
        match object {
            Ok(mut object) => {
                hide_secrets(&mut object);
                details.fetched = Some((now, object));
                write(page, &self.snapshot, &self.inquiry, &self.lint_off);
            }
            // What was fetched before stays.
            Err(failure) if details.fetched.is_some() => self.notice = Some(sentence(&failure)),
            Err(failure) => {
                let line = |text: &str, role| Line::new(text, role);
                let lines = [(failure.message.as_str(), Role::State(Level::Broken)), (&failure.hint, Role::Plain)];
                page.is_wrapped = true;
                page.show(lines.map(|(text, role)| line(text, role)).into(), None);
            }
        }
    }

    /// Takes a key while a page is open.
    pub(super) fn page_key(&mut self, mut page: Page, key: &Key) -> Vec<Effect> {
        if let Some(mut prompt) = page.search.prompt.take() {
            match key.0.as_str() {
                "enter" => page.end_search(true),
                "esc" | "ctrl-c" => page.end_search(false),
                _ => {
                    let is_changed = prompt.key(key);
                    let wanted = prompt.text().to_owned();
                    page.search.prompt = Some(prompt);
                    if is_changed {
                        page.look_for(&wanted);
                    }
                }
            }
            self.overlay = Some(Overlay::Page(page));
            return Vec::new();
        }
        if let (Some(subject), Ok(number)) = (page.why, key.0.parse()) {
            self.behind.push(page);
            return self.fix(subject, number).unwrap_or_else(|| {
                self.notice = Some(format!("no fix that a key carries out has the number {number}"));
                Vec::new()
            });
        }
        let Some(spec) = candidates(key, page.scopes()).next() else {
            self.overlay = Some(Overlay::Page(page));
            return Vec::new();
        };
        match spec.action {
            Action::Move(motion) => page.go(motion),
            Action::Back if !page.search.wanted.is_empty() => page.clear_search(),
            Action::Back | Action::Page(PageAction::Close) => {
                self.outcomes.drain(..page.outcomes.min(self.outcomes.len()));
                return Vec::new();
            }
            Action::Page(action) => return self.read(page, action),
            Action::Inbox(action) => return self.sort_out(page, action),
            Action::Help | Action::Palette => {
                // Help over help would be the same page again.
                if page.object.is_some() || page.why.is_some() || page.is_inbox || spec.action == Action::Palette {
                    self.behind.push(page);
                    return self.run(spec, "");
                }
            }
            _ => {
                self.overlay = Some(Overlay::Page(page));
                return self.run(spec, "");
            }
        }
        self.overlay = Some(Overlay::Page(page));
        Vec::new()
    }

    fn read(&mut self, mut page: Page, action: PageAction) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.notice = page.why_not(action).map(str::to_owned);
        match action {
            _ if self.notice.is_some() => {}
            PageAction::Follow => {
                if let Some(target) = page.target().cloned() {
                    return self.go_to(Some(page), target);
                }
            }
            PageAction::Search => page.begin_search(),
            PageAction::NextMatch => page.next_hit(true),
            PageAction::PreviousMatch => page.next_hit(false),
            PageAction::Wrap => page.toggle_wrap(),
            PageAction::Left => page.go_sideways(false),
            PageAction::Right => page.go_sideways(true),
            PageAction::Copy => effects = self.copy(&page),
            PageAction::ManagedFields => {
                if let Some(details) = &mut page.object {
                    details.has_managed_fields = !details.has_managed_fields;
                    write(&mut page, &self.snapshot, &self.inquiry, &self.lint_off);
                }
            }
            PageAction::Describe | PageAction::Yaml => {
                if let Some(details) = &mut page.object {
                    details.form = if action == PageAction::Yaml { Form::Yaml } else { Form::Describe };
                    // Another text: the place in the one before means nothing in it.
                    page.top = 0;
                    write(&mut page, &self.snapshot, &self.inquiry, &self.lint_off);
                    page.go(Motion::First);
                }
            }
            PageAction::Refresh => {
                effects.extend(page.object.as_ref().map(|details| Effect::Fetch(details.key.clone())));
            }
            PageAction::Close => {}
        }
        self.overlay = Some(Overlay::Page(page));
        effects
    }

    fn copy(&mut self, page: &Page) -> Vec<Effect> {
        let lines = page.text.lines().count();
        if page.text.len() > COPIED {
            let size = page.text.len() / 1000;
            self.notice = Some(format!("not copied: {size} kB, and terminals take {} kB", COPIED / 1000));
            return Vec::new();
        }
        // The terminal gives no answer, so that nothing better can be said.
        self.notice =
            Some(format!("{lines} lines given to the terminal's clipboard; some terminals refuse it silently"));
        vec![Effect::Copy(page.text.clone())]
    }
}

/// A failure and its next step in one sentence.
pub(super) fn sentence(failure: &Failure) -> String {
    let parts = [failure.message.as_str(), failure.hint.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Writes the page anew from the object that was fetched.
fn write(page: &mut Page, snapshot: &Snapshot, inquiry: &Inquiry, lint_off: &[&'static Lint]) {
    let Some(details) = &page.object else { return };
    let title = title(details);
    let Some((at, object)) = &details.fetched else { return };
    let (lines, text) = match details.form {
        Form::Describe => {
            let subject = Subject { kind: details.key.kind, uid: details.uid };
            let mut lines = describe(object, subject, snapshot, inquiry, *at);
            lines.extend(notes(object, subject.kind, lint_off, *at));
            (lines, None)
        }
        Form::Yaml => {
            let text = yaml(object, details.has_managed_fields);
            let indent = |line: &str| line.len() - line.trim_start().len();
            (text.lines().map(|line| Line::plain(line).hanging(indent(line) + 4)).collect(), Some(text))
        }
    };
    page.title = title;
    page.show(lines, text);
}

fn title(details: &Details) -> String {
    let form = if details.form == Form::Yaml { "YAML of " } else { "" };
    let place = if details.key.namespace.is_empty() { String::new() } else { format!("  {}", details.key.namespace) };
    let Some((at, object)) = &details.fetched else { return format!("{form}{}{place}", details.key) };
    let clock = at.to_timestamp().strftime("%H:%M:%S");
    let is_other = object["metadata"]["uid"].as_str().is_some_and(|uid| Uid::new(uid) != details.uid);
    let other = if is_other { "  another one of this name, made since" } else { "" };
    format!("{form}{}{place}  as of {clock} UTC{other}", details.key)
}

/// The object as YAML.
fn yaml(object: &Value, has_managed_fields: bool) -> String {
    let mut object = object.clone();
    if !has_managed_fields && let Some(meta) = object["metadata"].as_object_mut() {
        meta.remove("managedFields");
    }
    to_yaml(&object)
}

/// Every key with what it does, from the registry, by the place where it works.
pub(super) fn help() -> Page {
    const KEYS: usize = 18;
    let mut lines = Vec::new();
    for scope in Scope::ALL {
        if !lines.is_empty() {
            lines.push(Line::plain(""));
        }
        lines.push(Line::new(scope.title(), Role::Heading));
        for spec in all().filter(|spec| spec.scope == scope) {
            let argument = match spec.argument {
                Argument::None => String::new(),
                Argument::Namespaces => " [NAMESPACES]".to_owned(),
                Argument::Context => " NAME".to_owned(),
                Argument::Text(name) => format!(" {name}"),
            };
            let words: Vec<String> = spec.words.iter().map(|word| format!(":{word}")).collect();
            let argument = if words.is_empty() { "" } else { &argument };
            let text = format!("  {:<KEYS$} {}  {}{argument}", spec.keys.join(" "), spec.help, words.join(" "));
            lines.push(Line::plain(text.trim_end()).hanging(KEYS + 3));
        }
    }
    Page::of("Keys and commands", lines)
}

/// Whether an object's kind has pods whose logs can be read.
pub(super) const fn has_pods(kind: Kind) -> bool {
    matches!(kind, Kind::CronJob | Kind::Job | Kind::Pod)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn managed_fields_are_left_out_unless_asked_for() {
        let object = json!({ "kind": "Job", "metadata": { "name": "j", "managedFields": [{ "manager": "m" }] } });
        assert!(!yaml(&object, false).contains("managedFields"));
        assert!(yaml(&object, true).contains("manager: m"));
    }

    #[test]
    fn help_has_every_command_and_every_key() {
        let page = help();
        for spec in all() {
            assert!(page.text.contains(spec.help), "{}", spec.id);
            assert!(spec.keys.iter().all(|key| page.text.contains(key)), "{}", spec.id);
        }
    }
}
