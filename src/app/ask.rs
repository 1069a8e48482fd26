//! Words that a command needs, typed in a line of their own; what they would do is told as they are typed.

use crate::command::{CommandSpec, Key, Plan, Refusal, Write, plan, present};
use crate::model::owner::Subject;

use super::{App, Effect, Overlay, Prompt, capital};

/// The words that a command needs, as they are typed.
#[derive(Debug)]
pub struct Ask {
    /// Whose they are.
    pub spec: &'static CommandSpec,
    write: Write,
    /// To what it is done; None for what is marked or under the cursor.
    target: Option<Subject>,
    /// The line.
    pub prompt: Prompt,
    /// What is asked: what the command does, and to what.
    pub title: String,
    /// What they would do, or why they cannot be meant.
    pub told: Result<Vec<String>, String>,
}

impl App {
    /// Begins to type what a command needs, from what is so at present: for this object, or for those that are marked or
    /// under the cursor where it is None.
    pub(super) fn ask_for_words(&mut self, spec: &'static CommandSpec, write: Write, target: Option<Subject>) {
        let marked = if target.is_some() { 0 } else { self.marked().count() };
        // Of several marked ones each may have another value.
        let under_cursor = || self.object_under_cursor().map(|(key, uid)| Subject { kind: key.kind, uid });
        let subject = target.or_else(under_cursor).filter(|_| marked == 0);
        let text = subject.map(|subject| present(write, subject, self.scene())).unwrap_or_default();
        let whom = match (write, marked, subject) {
            (Write::Clean, ..) => "Jobs".to_owned(),
            (_, 0, Some(subject)) => self.name_of(Some(subject)),
            (_, 0, None) => "nothing".to_owned(),
            (_, count, _) => format!("{count} marked"),
        };
        let title = format!("{}: {whom}", capital(spec.title));
        let ask = Ask { spec, write, target, prompt: Prompt::new(&text), title, told: Ok(Vec::new()) };
        self.overlay = Some(Overlay::Ask(ask));
        self.judge_words();
    }

    /// Takes a key while words are typed.
    pub(super) fn ask_key(&mut self, mut ask: Ask, key: &Key) -> Vec<Effect> {
        match key.0.as_str() {
            "esc" | "ctrl-c" => return Vec::new(),
            "enter" => {
                let text = ask.prompt.text().trim().to_owned();
                match self.plan_words(ask.write, ask.target, &text) {
                    Ok(plan) if !text.is_empty() => return self.review(plan),
                    Ok(_) => {}
                    Err(Refusal(why)) => ask.told = Err(why),
                }
                self.overlay = Some(Overlay::Ask(ask));
            }
            _ => {
                let is_changed = ask.prompt.key(key);
                self.overlay = Some(Overlay::Ask(ask));
                if is_changed {
                    self.judge_words();
                }
            }
        }
        Vec::new()
    }

    fn plan_words(&self, write: Write, target: Option<Subject>, text: &str) -> Result<Plan, Refusal> {
        match target {
            Some(target) => plan(write, &[target], text, self.scene()),
            None => self.plan(write, text),
        }
    }

    /// Tells what the words would do.
    pub(super) fn judge_words(&mut self) {
        let Some(Overlay::Ask(ask)) = &self.overlay else { return };
        let (text, write, target) = (ask.prompt.text().trim().to_owned(), ask.write, ask.target);
        let told = match text.is_empty() {
            true => Ok(vec![format!("write {}", write.argument().unwrap_or_default())]),
            false => self
                .plan_words(write, target, &text)
                .map(|plan| [plan.effects, plan.warnings].concat())
                .map_err(|why| why.0),
        };
        if let Some(Overlay::Ask(ask)) = &mut self.overlay {
            ask.told = told;
        }
    }
}
