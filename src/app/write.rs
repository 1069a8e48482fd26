//! Writes from a command to what became of them: the question, what is sent, and what the watch shows of it.
//!
//! Nothing is shown as done because it was sent: the row says that it is under way until the watch shows it.

use crate::command::Key;
use crate::command::batch::{Plan, Refusal, Scene, plan, subjects};
use crate::model::clock::Time;
use crate::model::delta::Failure;
use crate::model::key::{Session, Uid};
use crate::model::mutation::{Mutation, Set};
use crate::model::state::Level;

use super::page::{Line, Page, Role};
use super::{App, Effect, Overlay};

/// Seconds within which the watch must show an accepted write; after that it is told as not confirmed. A watch tells a
/// change within a second where all is well, and a broken one stands again within half a minute.
const CONFIRMED_WITHIN: i64 = 30;

/// A question before something is written.
#[derive(Debug)]
pub struct Confirm {
    /// What would be done.
    pub plan: Plan,
    /// Where.
    pub context: String,
}

/// A write that the watch has not shown yet.
#[derive(Debug)]
pub(super) struct Pending {
    mutation: Mutation,
    since: Time,
}

impl App {
    /// The plan for a value on the marked objects, else on the one under the cursor.
    pub(super) fn plan(&self, set: Set) -> Result<Plan, Refusal> {
        let Some(kind) = self.focus.kind() else { return Err(Refusal("the Logs pane has no cursor".into())) };
        let mut uids: Vec<Uid> = self.marked().collect();
        uids.sort_unstable();
        if uids.is_empty() {
            uids.extend(self.object_under_cursor().map(|(_, uid)| uid));
        }
        if let Some(pending) = uids.iter().find_map(|uid| self.pending.get(uid)) {
            let (verb, target) = (pending.mutation.change.under_way(), &pending.mutation.target);
            return Err(Refusal(format!("{verb} {target} is under way")));
        }
        let scene = Scene { snapshot: &self.snapshot, now: self.now, is_read_only: self.is_read_only };
        plan(set, &subjects(kind, uids), scene)
    }

    /// Asks before it writes.
    pub(super) fn ask(&mut self, set: Set) {
        match self.plan(set) {
            Ok(plan) => self.overlay = Some(Overlay::Confirm(Confirm { plan, context: self.context.to_string() })),
            Err(Refusal(why)) => self.notice = Some(format!("cannot {}: {why}", set.verb())),
        }
    }

    /// Takes the answer to the question. Enter is no answer where something would be lost.
    pub(super) fn confirm_key(&mut self, confirm: Confirm, key: &Key) -> Vec<Effect> {
        match key.0.as_str() {
            "y" => self.send(confirm.plan.mutations),
            "enter" if !confirm.plan.is_dangerous => self.send(confirm.plan.mutations),
            "enter" | "esc" | "n" | "q" | "ctrl-c" => {
                self.notice = Some(format!("nothing was changed: {} was not confirmed", confirm.plan.verb));
                Vec::new()
            }
            _ => {
                self.overlay = Some(Overlay::Confirm(confirm));
                Vec::new()
            }
        }
    }

    fn send(&mut self, mutations: Vec<Mutation>) -> Vec<Effect> {
        for mutation in &mutations {
            self.marks.remove(&mutation.uid);
            self.pending.insert(mutation.uid, Pending { mutation: mutation.clone(), since: self.now });
        }
        // The rows say so from now on.
        self.mark_dirty();
        vec![Effect::Execute { session: self.session, mutations }]
    }

    /// What the row of this object says while a write of it is under way: `suspending`.
    pub fn under_way(&self, uid: Uid) -> Option<&'static str> {
        self.pending.get(&uid).map(|pending| pending.mutation.change.under_way())
    }

    /// The server answered a write.
    pub(super) fn take_outcome(&mut self, session: Session, mutation: &Mutation, outcome: Result<(), Failure>) {
        let Err(failure) = outcome else { return };
        if session == self.session {
            self.pending.remove(&mutation.uid);
        }
        let mut lines = vec![
            Line::new(format!("{} {}", capital(mutation.change.verb()), mutation.target), Role::Heading),
            Line::plain(format!("  namespace {}", mutation.target.namespace)).hanging(2),
            Line::new(format!("  {}", failure.message), Role::State(Level::Broken)).hanging(2),
        ];
        if !failure.hint.is_empty() {
            lines.push(Line::plain(format!("  Next: {}.", failure.hint)).hanging(2));
        }
        self.outcomes.push(lines);
    }

    /// Forgets the writes that the watch shows by now, and tells of those that it does not show in time.
    pub(super) fn check_pending(&mut self) {
        let (snapshot, now) = (&self.snapshot, self.now);
        let mut told = Vec::new();
        self.pending.retain(|_, pending| match pending.mutation.is_seen(snapshot) {
            Some(true) => false,
            None => {
                told.push(format!("  {} is gone: it was deleted meanwhile.", pending.mutation.target));
                false
            }
            Some(false) if now.seconds_since(pending.since) >= CONFIRMED_WITHIN => {
                let (verb, target) = (pending.mutation.change.verb(), &pending.mutation.target);
                told.push(format!(
                    "  {verb} {target} was sent {CONFIRMED_WITHIN} seconds ago, and the watch does not show it: something \
                     set it back, or the watch is behind. Next: look at it with y."
                ));
                false
            }
            Some(false) => true,
        });
        for text in told {
            let heading = Line::new("Not confirmed", Role::Heading);
            self.outcomes.push(vec![heading, Line::new(text, Role::State(Level::Warning)).hanging(2)]);
        }
    }

    /// Another session begins: what is not confirmed will not be seen any more.
    pub(super) fn forget_pending(&mut self) {
        let context = &self.context;
        for (_, Pending { mutation, .. }) in self.pending.drain() {
            let text =
                format!("  {mutation} in {context} was sent; whether it was done was not seen before the switch.");
            let heading = Line::new("Not confirmed", Role::Heading);
            self.outcomes.push(vec![heading, Line::new(text, Role::State(Level::Warning)).hanging(2)]);
        }
    }

    /// Opens the page of what went wrong with writes, as soon as nothing else is open.
    pub(super) fn show_outcomes(&mut self) {
        let is_free = match &self.overlay {
            None => true,
            Some(Overlay::Page(page)) => page.outcomes > 0,
            Some(_) => false,
        };
        let shown = match &self.overlay {
            Some(Overlay::Page(page)) => page.outcomes,
            _ => 0,
        };
        if !is_free || self.outcomes.len() == shown {
            return;
        }
        let mut lines = Vec::new();
        for outcome in &self.outcomes {
            lines.extend((!lines.is_empty()).then(|| Line::plain("")));
            lines.extend(outcome.iter().cloned());
        }
        let title = match self.outcomes.len() {
            1 => "A write was not done".to_owned(),
            count => format!("{count} writes were not done"),
        };
        let mut page = Page::of(title, lines);
        page.outcomes = self.outcomes.len();
        self.overlay = Some(Overlay::Page(page));
    }
}

/// The word with a capital letter.
pub fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
