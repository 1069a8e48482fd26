//! Texts under edit as they are kept on disk, and back.

use serde_json::{Value, json};

use super::{Draft, Meant, Purpose};
use crate::app::editor::Editor;
use crate::app::{App, Choice, Effect, Entry, Overlay};
use crate::command::Write;
use crate::model::clock::{Time, short_duration};
use crate::model::key::{Kind, ObjectKey, Uid};

/// A draft as it is kept on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedDraft {
    /// Its name there.
    pub name: String,
    /// What it holds.
    pub content: Value,
}

impl SavedDraft {
    fn text(&self, field: &str) -> &str {
        self.content[field].as_str().unwrap_or_default()
    }

    /// When it was begun and where, for a person. The time stands in its name.
    fn about(&self, now: Time) -> String {
        let begun = self.name.split('-').next().and_then(|nanos| nanos.parse().ok()).map(Time::from_nanos);
        let age = begun.map(|begun| format!("begun {} ago", short_duration(now.seconds_since(begun))));
        let place = Some(self.text("context")).filter(|context| !context.is_empty());
        [age, place.map(|context| format!("in {context}"))].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl App {
    /// Opens the only draft that is kept; of several, shows them to choose from.
    pub(super) fn open_drafts(&mut self) -> Vec<Effect> {
        match &self.desk.saved[..] {
            [only] => {
                let name = only.name.clone();
                self.open_saved_draft(&name)
            }
            _ => {
                self.open_palette();
                self.paste("draft ")
            }
        }
    }

    /// What the palette offers of the drafts that are kept, the newest first: to open one, and behind those to discard
    /// one. Nothing of a single draft, which its command opens at once.
    pub(in crate::app) fn draft_entries(&self) -> Vec<Entry> {
        let entries = |verb: &str, choice: fn(String) -> Choice| {
            let entry = |draft: &SavedDraft| {
                let label = format!("{verb} {}", draft.text("title"));
                Entry { label, about: draft.about(self.now), choice: choice(draft.name.clone()), why_not: None }
            };
            self.desk.saved.iter().rev().map(entry).collect::<Vec<_>>()
        };
        if self.desk.saved.len() < 2 {
            return Vec::new();
        }
        [entries("draft", Choice::Draft), entries("discard draft", Choice::DropDraft)].concat()
    }

    /// Opens a draft that is kept.
    pub(in crate::app) fn open_saved_draft(&mut self, name: &str) -> Vec<Effect> {
        let Some(saved) = self.take_saved_draft(name) else { return Vec::new() };
        let context = saved.text("context");
        let told = (context != self.context).then(|| format!("this draft was made in {context}"));
        let title = Some(saved.text("title")).filter(|title| !title.is_empty()).unwrap_or("Draft");
        let mut draft = Draft::new(Editor::new(title, ""), Purpose::read(&saved.content), saved.name.clone());
        draft.editor.replace_all(saved.text("text"));
        self.show_draft(draft);
        if let Some(Overlay::Editor(draft)) = &mut self.overlay {
            draft.editor.notice = told;
        }
        self.ask_for_schemas()
    }

    /// Keeps a draft no more.
    pub(in crate::app) fn drop_saved_draft(&mut self, name: &str) -> Vec<Effect> {
        let Some(SavedDraft { name, .. }) = self.take_saved_draft(name) else { return Vec::new() };
        self.notice = Some("the draft was discarded".into());
        vec![Effect::DropDraft(name)]
    }

    fn take_saved_draft(&mut self, name: &str) -> Option<SavedDraft> {
        let at = self.desk.saved.iter().position(|draft| draft.name == name)?;
        Some(self.desk.saved.remove(at))
    }
}

impl Purpose {
    /// What a text that was kept is for.
    pub(super) fn read(content: &Value) -> Self {
        let meant = || {
            let kind = Kind::from_api("", content["kind"].as_str()?)?;
            let text = |field: &str| content[field].as_str().unwrap_or_default();
            let key = ObjectKey { kind, namespace: text("namespace").into(), name: text("name").into() };
            Some(Meant { key, uid: Uid::new(text("uid")), live: content["live"].clone() })
        };
        match (content["purpose"].as_str(), meant()) {
            (Some("edit"), Some(meant)) => Purpose::Edit(meant),
            (Some("rerun"), Some(meant)) => Purpose::Form(Write::Rerun, meant),
            (Some("trigger"), Some(meant)) => Purpose::Form(Write::Trigger, meant),
            _ => Purpose::Apply,
        }
    }
}

impl Draft {
    /// How it is kept on disk; nothing that may hold a Secret is.
    pub(super) fn saved(&self, context: &str) -> Option<Effect> {
        let content = self.content(context)?;
        Some(Effect::SaveDraft { name: self.name.clone(), content: content.to_string() })
    }

    /// What is kept of it.
    pub(super) fn content(&self, context: &str) -> Option<Value> {
        let text = self.editor.text();
        if text.lines().any(|line| line.trim_start_matches(['-', ' ']).starts_with("kind:") && line.contains("Secret"))
        {
            return None;
        }
        let mut content = json!({ "context": context, "title": self.editor.title, "text": text, "purpose": "apply" });
        let (purpose, meant) = match &self.purpose {
            Purpose::Edit(meant) => ("edit", meant),
            Purpose::Form(Write::Trigger, meant) => ("trigger", meant),
            Purpose::Form(_, meant) => ("rerun", meant),
            Purpose::Apply => return Some(content),
        };
        content["purpose"] = json!(purpose);
        content["kind"] = json!(meant.key.kind.name());
        content["namespace"] = json!(meant.key.namespace);
        content["name"] = json!(meant.key.name);
        content["uid"] = json!(meant.uid.to_string());
        content["live"] = meant.live.clone();
        Some(content)
    }
}
