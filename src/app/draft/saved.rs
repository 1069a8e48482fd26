//! Texts under edit as they are kept on disk, and back.

use serde_json::{Value, json};

use super::{Draft, Meant, Purpose};
use crate::app::Effect;
use crate::command::Write;
use crate::model::key::{Kind, ObjectKey, Uid};

/// A draft as it is kept on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedDraft {
    /// Its name there.
    pub name: String,
    /// What it holds.
    pub content: Value,
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
