//! What is sent of a text, and what remains of it where the server does not take all.

use serde_json::Value;

use super::{Purpose, SavedDraft};
use crate::app::{App, Effect};
use crate::command::Plan;
use crate::manifest::without;
use crate::model::mutation::{Change, Mutation, Refused};

/// What is sent of a text, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The objects that it means, in the order of the plan; null for what is no manifest.
    objects: Vec<Value>,
    /// Writes that the server has not answered, each with its place in the plan.
    waiting: Vec<(usize, Mutation)>,
    /// The objects that the server took.
    done: Vec<Value>,
    /// A write failed, or was left out.
    has_failed: bool,
    /// Why the first one failed.
    why: Option<String>,
}

impl Sent {
    /// What a plan will send. Whatever is chosen in its review, its writes keep their places.
    pub(super) fn of(plan: &Plan) -> Self {
        let object = |mutation: &Mutation| match &mutation.change {
            Change::Apply { object, .. } | Change::Create(object) => object.clone(),
            _ => Value::Null,
        };
        Self { objects: plan.mutations.iter().map(object).collect(), ..Self::default() }
    }

    /// Takes an answer; true where it is the last one that was waited for.
    fn take(&mut self, mutation: &Mutation, refused: Option<&Refused>) -> bool {
        let Some(at) = self.waiting.iter().position(|(_, one)| one == mutation) else { return false };
        let (place, _) = self.waiting.remove(at);
        match refused {
            None => self.done.extend(self.objects.get(place).cloned()),
            Some(refused) => {
                self.has_failed = true;
                self.why.get_or_insert_with(|| refused.failure.message.clone());
            }
        }
        self.waiting.is_empty()
    }

    /// What became of it, for a person.
    fn told(&self) -> String {
        let count = match self.done.len() {
            0 => "nothing was applied".to_owned(),
            done => format!("{done} of {} were applied; these remain", self.objects.len()),
        };
        [Some(count), self.why.clone()].into_iter().flatten().collect::<Vec<_>>().join(": ")
    }
}

impl App {
    /// These writes of the text are sent, each with its place in the plan; others were left out where that is so.
    pub(in crate::app) fn draft_is_sent(&mut self, writes: Vec<(usize, Mutation)>, is_part: bool) {
        if let Some(draft) = &mut self.desk.away {
            (draft.sent.waiting, draft.sent.has_failed) = (writes, is_part);
        }
    }

    /// The server answered a write. Once all of a text's are answered, it is done with, or what was not applied of it
    /// comes back.
    pub(in crate::app) fn draft_answered(&mut self, mutation: &Mutation, refused: Option<&Refused>) -> Vec<Effect> {
        let is_last = |draft: &mut Box<super::Draft>| draft.sent.take(mutation, refused);
        let Some(mut draft) = self.desk.away.take_if(is_last) else { return Vec::new() };
        if !draft.sent.has_failed {
            return vec![Effect::DropDraft(draft.name)];
        }
        let mut effects = Vec::new();
        if draft.purpose == Purpose::Apply && !draft.sent.done.is_empty() {
            let left = without(&draft.editor.text(), &draft.sent.done);
            draft.editor.replace_all(&left);
            effects.extend(draft.saved(&self.context));
        }
        if self.overlay.is_none() {
            draft.editor.notice = Some(draft.sent.told());
            self.show_draft(*draft);
            return effects;
        }
        let kept = draft.content(&self.context).map(|content| SavedDraft { name: draft.name.clone(), content });
        self.desk.saved.extend(kept);
        effects
    }
}
