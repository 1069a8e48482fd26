//! Writes from a command to what became of them: what is planned, what is sent, and what the watch shows of it.
//!
//! Nothing is shown as done because it was sent: the row says that it is under way until the watch shows it.

use crate::command::{CommandSpec, Plan, Refusal, Scene, Write, may, plan, subjects, undo};
use crate::manifest::object::hide_secrets;
use crate::model::clock::Time;
use crate::model::journal::Entry;
use crate::model::key::{Session, Uid};
use crate::model::mutation::{Change, Mutation, Prepared, Refused, Sign, Verb, Written};
use crate::model::owner::Subject;
use crate::model::state::Level;

use super::page::{Line, Page, Role};
use super::{App, Effect, Overlay};

/// Seconds within which the watch must show an accepted write; after that it is told as not confirmed. A watch tells a
/// change within a second where all is well, and a broken one stands again within half a minute.
const CONFIRMED_WITHIN: i64 = 30;

/// Writes that can be taken back, the newest last.
const REMEMBERED: usize = 500;

/// A write that the watch has not shown yet.
#[derive(Debug)]
pub(super) struct Pending {
    mutation: Mutation,
    /// When it was sent, or answered.
    since: Time,
    /// What the watch must show; None while the server has not answered.
    sign: Option<Sign>,
    group: u32,
}

/// Writes that were confirmed together.
#[derive(Debug)]
pub(super) struct Group {
    number: u32,
    verb: Verb,
    /// The only one's name, or how many there are.
    targets: String,
    total: usize,
    done: usize,
    failed: usize,
}

impl App {
    /// What planners look at.
    pub(super) fn scene(&self) -> Scene<'_> {
        Scene { snapshot: &self.snapshot, now: self.now, is_read_only: self.is_read_only }
    }

    /// The plan for the marked objects, else for the one under the cursor.
    pub(super) fn plan(&self, write: Write, argument: &str) -> Result<Plan, Refusal> {
        plan(write, &self.targets()?, argument, self.scene())
    }

    /// The marked objects, else the one under the cursor; none of them may be under way to something else.
    fn targets(&self) -> Result<Vec<Subject>, Refusal> {
        let Some(kind) = self.focus.kind() else { return Err(Refusal("the Logs pane has no cursor".into())) };
        let mut uids: Vec<Uid> = self.marked().collect();
        uids.sort_by_cached_key(|uid| self.snapshot.key_of(Subject { kind, uid: *uid }));
        if uids.is_empty() {
            uids.extend(self.object_under_cursor().map(|(_, uid)| uid));
        }
        if let Some(pending) = uids.iter().find_map(|uid| self.pending.get(uid)) {
            let (verb, target) = (pending.mutation.verb.doing, &pending.mutation.target);
            return Err(Refusal(format!("{verb} {target} is under way")));
        }
        Ok(subjects(kind, uids))
    }

    /// Whether a command that writes can be meant now.
    pub(super) fn may_write(&self, write: Write) -> Result<(), Refusal> {
        may(write, &self.targets()?, self.scene())
    }

    /// What a command that writes would be done to, in words; empty where it cannot be meant.
    pub(super) fn targets_of(&self, write: Write) -> String {
        if write == Write::Clean || self.may_write(write).is_err() {
            return String::new();
        }
        match self.targets().unwrap_or_default()[..] {
            [one] => self.name_of(Some(one)),
            ref many => format!("{} {}s", many.len(), many.first().map_or("object", |one| one.kind.name())),
        }
    }

    /// Plans a write, and shows it. What it needs and was not typed is asked for.
    pub(super) fn ask(&mut self, spec: &'static CommandSpec, write: Write, argument: &str) -> Vec<Effect> {
        if argument.is_empty() && write.argument().is_some() {
            self.ask_for_words(spec, write, None);
            return Vec::new();
        }
        match self.plan(write, argument) {
            Ok(plan) => self.review(plan),
            Err(Refusal(why)) => {
                self.notice = Some(format!("cannot {}: {why}", write.verb().plain));
                Vec::new()
            }
        }
    }

    /// Plans the opposite of the last write, and shows it.
    pub(super) fn ask_undo(&mut self) -> Vec<Effect> {
        match undo(&self.journal, &self.context, self.scene()) {
            Ok(plan) => self.review(plan),
            Err(Refusal(why)) => {
                self.notice = Some(format!("cannot undo: {why}"));
                Vec::new()
            }
        }
    }

    /// These were confirmed and are sent.
    pub(super) fn begin_writes(&mut self, verb: Verb, writes: &[Prepared], left_out: usize) {
        self.last_group += 1;
        let number = self.last_group;
        for Prepared { mutation, .. } in writes {
            let key = pending_key(mutation);
            self.marks.remove(&key);
            let pending = Pending { mutation: mutation.clone(), since: self.now, sign: None, group: number };
            self.pending.insert(key, pending);
        }
        let targets = match writes {
            [one] => one.mutation.target.to_string(),
            many => format!("{} {}s", many.len(), many.first().map_or("object", |one| &one.mutation.target.kind)),
        };
        self.groups.push(Group { number, verb, targets, total: writes.len(), done: 0, failed: left_out });
        // The rows say so from now on.
        self.mark_dirty();
    }

    /// What the row of this object says while a write of it is under way: `suspending`.
    pub fn under_way(&self, uid: Uid) -> Option<&'static str> {
        self.pending.get(&uid).map(|pending| pending.mutation.verb.doing)
    }

    /// The server answered a write.
    pub(super) fn take_outcome(
        &mut self,
        session: Session,
        mutation: &Mutation,
        outcome: Result<Written, Refused>,
    ) -> Vec<Effect> {
        let key = pending_key(mutation);
        match outcome {
            Ok(mut stored) => {
                if let Change::Debug(debug) = &mutation.change {
                    self.debug_was_added((**debug).clone());
                }
                let sign = Sign::of(&stored);
                [&mut stored.before, &mut stored.after].into_iter().flatten().for_each(hide_secrets);
                let group = self.pending.get(&key).map_or(0, |pending| pending.group);
                let entry = Entry::new(self.now, &self.context, group, mutation, stored);
                let line = entry.line();
                self.journal.push(entry);
                self.journal.drain(..self.journal.len().saturating_sub(REMEMBERED));
                if session == self.session {
                    match sign {
                        Some(sign) => {
                            if let Some(pending) = self.pending.get_mut(&key) {
                                (pending.sign, pending.since) = (Some(sign), self.now);
                            }
                            self.check_pending();
                        }
                        // Of a kind that is not watched: the server's answer is all there is.
                        None => self.settle_pending(key, true),
                    }
                }
                let mut effects = vec![Effect::Journal(line)];
                effects.extend(self.draft_answered(mutation, None));
                effects
            }
            Err(refused) => {
                if session == self.session {
                    self.settle_pending(key, false);
                }
                self.tell_refusal(mutation, &refused);
                self.draft_answered(mutation, Some(&refused))
            }
        }
    }

    fn tell_refusal(&mut self, mutation: &Mutation, Refused { failure, fields, .. }: &Refused) {
        let heading = format!("{} {}", capital(mutation.verb.plain), mutation.target);
        let mut lines = vec![
            Line::new(heading, Role::Heading),
            Line::plain(format!("  namespace {}", mutation.target.namespace)).hanging(2),
            Line::new(format!("  {}", failure.message), Role::State(Level::Broken)).hanging(2),
        ];
        lines.extend(fields.iter().map(|(field, words)| Line::plain(format!("  {field}: {words}")).hanging(2)));
        if !failure.hint.is_empty() {
            lines.push(Line::plain(format!("  Next: {}.", failure.hint)).hanging(2));
        }
        self.outcomes.push(lines);
    }

    /// A write is settled: the watch shows it, or the server refused it.
    fn settle_pending(&mut self, key: Uid, is_done: bool) {
        let Some(pending) = self.pending.remove(&key) else { return };
        self.mark_dirty();
        let Some(at) = self.groups.iter().position(|group| group.number == pending.group) else { return };
        let group = &mut self.groups[at];
        if is_done {
            group.done += 1;
        } else {
            group.failed += 1;
        }
        if self.pending.values().any(|other| other.group == pending.group) {
            let (so_far, total) = (group.done + group.failed, group.total);
            self.notice = Some(format!("{} {}: {so_far} of {total} so far", group.verb.doing, group.targets));
            return;
        }
        let Group { verb, targets, total, done, failed, .. } = self.groups.swap_remove(at);
        self.notice = match (done, failed) {
            (0, _) => return,
            (_, 0) => Some(format!("{} {targets}", verb.done)),
            (_, failed) => {
                Some(format!("{} {done} of {}; {failed} failed or were left out", verb.done, total.max(done + failed)))
            }
        };
    }

    /// Forgets the writes that the watch shows by now, and tells of those that it does not show in time.
    pub(super) fn check_pending(&mut self) {
        let mut settled = Vec::new();
        let mut told = Vec::new();
        for (key, Pending { mutation, since, sign, .. }) in &self.pending {
            // The answer is still to come, and has a time limit of its own.
            let Some(sign) = sign else { continue };
            match sign.is_seen(&self.snapshot) {
                Some(true) => settled.push((*key, true)),
                None => {
                    settled.push((*key, false));
                    told.push(format!("  {} is gone: it was deleted meanwhile.", mutation.target));
                }
                Some(false) if self.now.seconds_since(*since) >= CONFIRMED_WITHIN => {
                    settled.push((*key, false));
                    told.push(format!(
                        "  {mutation} was accepted {CONFIRMED_WITHIN} seconds ago, and the watch does not show it: it is \
                         behind. Next: look at it with y."
                    ));
                }
                Some(false) => {}
            }
        }
        for (key, is_done) in settled {
            self.settle_pending(key, is_done);
        }
        for text in told {
            self.tell_unconfirmed(text);
        }
    }

    fn tell_unconfirmed(&mut self, text: String) {
        let heading = Line::new("Not confirmed", Role::Heading);
        self.outcomes.push(vec![heading, Line::new(text, Role::State(Level::Warning)).hanging(2)]);
    }

    /// Another session begins: what is not confirmed will not be seen any more.
    pub(super) fn forget_pending(&mut self) {
        self.groups.clear();
        let texts: Vec<String> = self
            .pending
            .drain()
            .map(|(_, Pending { mutation, .. })| {
                let context = &self.context;
                format!("  {mutation} in {context} was sent; whether it was done was not seen before the switch.")
            })
            .collect();
        for text in texts {
            self.tell_unconfirmed(text);
        }
    }

    /// Opens the page of what went wrong with writes, as soon as nothing else is open.
    pub(super) fn show_outcomes(&mut self) {
        let is_free = match &self.overlay {
            None => true,
            // A fix is confirmed over the page of why.
            Some(Overlay::Page(page)) => page.outcomes > 0 || page.why.is_some(),
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
        if let Some(Overlay::Page(below)) = self.overlay.replace(Overlay::Page(page))
            && below.outcomes == 0
        {
            self.behind.push(below);
        }
    }
}

/// Under which a write is followed: the object's UID, so that its row can say so, or what stands for it where there is
/// no object yet.
fn pending_key(mutation: &Mutation) -> Uid {
    let target = &mutation.target;
    mutation.uid.unwrap_or_else(|| Uid::new(&format!("{}/{}/{target}", target.api_version, target.namespace)))
}

/// The word with a capital letter.
pub fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
