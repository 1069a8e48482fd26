//! A write before it is sent: what was planned, what the server says to it in a dry run, what would change, and the
//! answer of a person.
//!
//! Nothing is sent but what was tried and shown. `write` sends it and follows what becomes of it.

mod sides;
mod words;

use std::borrow::Cow;

use serde_json::json;

use crate::command::batch::free_name;
use crate::command::{Action, Key, Plan, REVIEW, ReviewAction, Write, candidates, is_protected};
use crate::manifest::diff;
use crate::manifest::object::tidy;
use crate::manifest::{managers, merge};
use crate::model::mutation::{Cascade, Change, Mutation, Prepared, Reason, Refused};
use crate::model::state::Level;

use super::page::{Line, Page, Role};
use super::{App, Effect, Overlay, Prompt};
use words::{line, refusal, row};

/// The widest box, in columns; longer lines are hard to read.
const WIDEST: u16 = 100;

/// The widest box where before and after stand side by side.
const WIDEST_SIDES: u16 = 2 * WIDEST;

/// Effects told at most before the count has to do; who wants all of them reads on below.
const EFFECTS: usize = 200;

/// A write that is shown before it is sent.
#[derive(Debug)]
pub struct Review {
    /// Tells the answers to this one from those to another.
    pub(super) number: u32,
    /// What was planned.
    pub plan: Plan,
    /// Where.
    context: String,
    /// What the server says to each mutation of the plan.
    tried: Vec<Tried>,
    /// The others are not sent after one that fails.
    stops: bool,
    /// Typing the context's name, where it is protected.
    pub prompt: Option<Prompt>,
    /// What is shown.
    pub page: Page,
    /// Columns that it was written for.
    columns: u16,
}

/// What the server says to a write.
#[derive(Debug)]
enum Tried {
    /// Nothing yet.
    Asked,
    /// It would take it.
    Ready(Box<Prepared>),
    /// It does not take it.
    Refused(Refused),
}

impl Review {
    /// The writes that the server would take; empty while one of them is being tried.
    fn ready(&self) -> Vec<&Prepared> {
        let mut ready = Vec::new();
        for tried in &self.tried {
            match tried {
                Tried::Asked => return Vec::new(),
                Tried::Ready(prepared) => ready.push(&**prepared),
                Tried::Refused(_) => {}
            }
        }
        ready
    }

    fn is_asking(&self) -> bool {
        self.tried.iter().any(|tried| matches!(tried, Tried::Asked))
    }

    /// The server could not try one of them beforehand.
    fn is_untried(&self) -> bool {
        self.tried.iter().filter_map(ready).any(|prepared| prepared.untried.is_some())
    }

    fn refusals(&self) -> impl Iterator<Item = &Refused> {
        self.tried.iter().filter_map(|tried| match tried {
            Tried::Refused(refused) => Some(refused),
            _ => None,
        })
    }

    /// Why something cannot be done with this review now; None where it can.
    pub fn why_not(&self, action: ReviewAction) -> Option<&'static str> {
        let any = |fits: fn(&Change) -> bool| self.plan.mutations.iter().any(|one| fits(&one.change));
        let has = |reason: Reason| self.refusals().any(|refused| refused.reason == reason);
        let (can, why) = match action {
            ReviewAction::Confirm | ReviewAction::Yes if self.is_asking() => {
                (false, "the server is still being asked what it would do")
            }
            ReviewAction::Confirm | ReviewAction::Yes if self.ready().is_empty() => {
                (false, "the server does not take it")
            }
            ReviewAction::Confirm if self.is_untried() => {
                (false, "the server has not tried it: y sends it all the same")
            }
            ReviewAction::Confirm => (!self.plan.is_dangerous, "something is lost by it: y sends it all the same"),
            ReviewAction::Cascade => (any(|change| matches!(change, Change::Delete(_))), "nothing is deleted"),
            ReviewAction::Owner => (any(|change| matches!(change, Change::Rerun { .. })), "nothing is rerun"),
            ReviewAction::Force => (has(Reason::Owned), "no other manager owns a field of it"),
            ReviewAction::AsNew if !self.plan.mutations.iter().any(|one| one.target.kind == "Job") => {
                (false, "it is no Job")
            }
            ReviewAction::Replace | ReviewAction::AsNew => {
                let is_change = any(|change| matches!(change, Change::Merge { .. } | Change::Apply { .. }));
                (is_change && has(Reason::Invalid), "it can be changed as it is")
            }
            ReviewAction::Stop => (self.tried.len() > 1, "there is one change only"),
            ReviewAction::Yes | ReviewAction::No | ReviewAction::Move(_) => (true, ""),
        };
        (!can).then_some(why)
    }

    /// The title: what is done to what.
    pub fn title(&self) -> String {
        let verb = super::capital(self.plan.verb.plain);
        format!("{verb} {}?", self.plan.targets)
    }

    /// How wide its box is on a screen of so many columns.
    pub fn width(&self, screen: u16) -> u16 {
        let room = screen.saturating_sub(4);
        // By what is planned: the box does not jump when the server has answered.
        let is_change = |one: &Mutation| matches!(one.change, Change::Merge { .. } | Change::Apply { .. });
        let has_sides = room >= sides::NARROWEST + 4 && self.plan.mutations.iter().any(is_change);
        room.min(if has_sides { WIDEST_SIDES } else { WIDEST })
    }

    /// Breaks what is shown into rows for a screen of this size.
    pub(super) fn lay_out(&mut self, (width, height): (u16, u16)) {
        let columns = self.width(width).saturating_sub(4);
        if self.columns != columns {
            self.columns = columns;
            self.write();
        }
        let chrome = 4 + u16::from(self.prompt.is_some());
        self.page.lay_out(columns.into(), height.saturating_sub(chrome).into());
    }

    /// Writes the page anew from what is known by now.
    fn write(&mut self) {
        let lines = self.lines();
        self.page.is_wrapped = true;
        self.page.show(lines, None);
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![row("context", &self.context, Role::Heading)];
        let namespaces = self.plan.namespaces.join(", ");
        if !namespaces.is_empty() {
            lines.push(row("namespace", &namespaces, Role::Heading));
        }
        let (choices, verdict) = (self.choices(), [self.notes(), vec![self.verdict()]].concat());
        let warnings = self.plan.warnings.iter().map(|text| row("note", text, Role::State(Level::Warning)));
        if self.tried.len() == 1 {
            lines.extend(self.effects().into_iter().chain(choices).chain(warnings).chain(verdict));
        } else {
            // Of many, what each becomes takes screens: what must be known before one says yes stands above.
            lines.extend(choices.into_iter().chain(warnings).chain(verdict));
            lines.extend(self.told(|tried| matches!(tried, Tried::Refused(_))));
            lines.push(Line::plain(""));
            lines.extend(self.effects());
        }
        lines.extend(self.told(|tried| self.tried.len() == 1 || !matches!(tried, Tried::Refused(_))));
        lines
    }

    /// What it does, one line for each object; of several, those that are refused are left out.
    fn effects(&self) -> Vec<Line> {
        let role = if self.plan.is_dangerous { Role::State(Level::Warning) } else { Role::Plain };
        let is_left_out = |at: usize| self.tried.len() > 1 && matches!(self.tried.get(at), Some(Tried::Refused(_)));
        let effects =
            self.plan.effects.iter().enumerate().filter(|(at, _)| !is_left_out(*at)).map(|(_, effect)| effect);
        let effects: Vec<&String> = effects.collect();
        let shown = effects.iter().take(EFFECTS).enumerate();
        let mut lines: Vec<Line> =
            shown.map(|(at, effect)| row(if at == 0 { "effect" } else { "" }, effect, role)).collect();
        if effects.len() > EFFECTS {
            lines.push(row("", &format!("and {} more like these", effects.len() - EFFECTS), role));
        }
        lines
    }

    /// A command's key as it is pressed now: with alt while the context's name is typed.
    pub fn key(&self, key: &'static str) -> Cow<'static, str> {
        match &self.prompt {
            Some(_) if key.len() == 1 => format!("alt-{key}").into(),
            _ => key.into(),
        }
    }

    /// What else can be chosen, as it is now.
    fn choices(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let first = self.plan.mutations.first().map(|one| &one.change);
        match first {
            Some(Change::Delete(cascade)) => {
                let text = match cascade {
                    Cascade::Background => "it goes at once, what it owns follows",
                    Cascade::Foreground => "what it owns goes first",
                    Cascade::Orphan => "what it owns STAYS, and belongs to nobody",
                };
                lines.push(row("cascade", &format!("{} ({}): {text}", cascade.policy(), self.key("c")), Role::Plain));
            }
            Some(Change::Rerun { keeps_owner, .. }) => {
                let text = if *keeps_owner { "that of the one before" } else { "none" };
                lines.push(row("owner", &format!("{text} ({})", self.key("o")), Role::Plain));
            }
            Some(Change::Apply { is_forced: true, .. }) => {
                let text = format!("fields of other managers are taken over ({})", self.key("f"));
                lines.push(row("forced", &text, Role::State(Level::Warning)));
            }
            _ => {}
        }
        if self.tried.len() > 1 {
            let text = if self.stops { "stop at the first" } else { "go on with the others" };
            lines.push(row("on errors", &format!("{text} ({})", self.key("x")), Role::Plain));
        }
        lines
    }

    /// What the server warns of, and whose fields would be overridden.
    fn notes(&self) -> Vec<Line> {
        let mut told: Vec<String> = Vec::new();
        for prepared in self.tried.iter().filter_map(ready) {
            let changed = match (&prepared.before, &prepared.after) {
                (Some(before), Some(after)) => merge::changed_paths(&tidy(before), &tidy(after)),
                _ => Vec::new(),
            };
            let before = prepared.before.as_ref().unwrap_or(&serde_json::Value::Null);
            let overridden = managers::overridden(before, &changed, "kubatch");
            let words =
                overridden.into_iter().map(|(manager, paths)| format!("{manager} set {} before", paths.join(", ")));
            let untried = prepared.untried.iter().map(|why| format!("the server cannot try it beforehand: {why}"));
            let warnings = prepared.warnings.iter().map(|text| format!("the server warns: {text}"));
            let texts = untried.chain(warnings).chain(words);
            for text in texts {
                if !told.contains(&text) {
                    told.push(text);
                }
            }
        }
        told.iter().map(|text| row("note", text, Role::State(Level::Warning))).collect()
    }

    /// What the server says to it.
    fn verdict(&self) -> Line {
        let total = self.tried.len();
        let refused = self.refusals().count();
        let answered = self.tried.iter().filter(|tried| !matches!(tried, Tried::Asked)).count();
        match (answered < total, refused) {
            (true, _) if total > 1 => row("dry run", &format!("asking the server: {answered} of {total}"), Role::Dim),
            (true, _) => row("dry run", "asking the server", Role::Dim),
            (false, 0) if self.is_untried() => row("dry run", "not possible", Role::State(Level::Warning)),
            (false, 0) => {
                let text = if self.is_without_effect() { "accepted; NOTHING would change" } else { "accepted" };
                row("dry run", text, Role::Plain)
            }
            (false, count) if total > 1 => {
                row("dry run", &format!("{count} of {total} refused; they are left out"), Role::State(Level::Broken))
            }
            _ => row("dry run", "refused", Role::State(Level::Broken)),
        }
    }

    fn is_without_effect(&self) -> bool {
        let mut all = self.tried.iter().filter_map(ready);
        all.all(|one| matches!((&one.before, &one.after), (Some(before), Some(after)) if merge::changed_paths(&tidy(before), &tidy(after)).is_empty()))
    }

    /// What would change, object by object, and why one is refused; of those that are wanted.
    fn told(&self, is_wanted: impl Fn(&Tried) -> bool) -> Vec<Line> {
        let mut lines = Vec::new();
        for (mutation, tried) in self.plan.mutations.iter().zip(&self.tried).filter(|(_, tried)| is_wanted(tried)) {
            let mut shown = match tried {
                Tried::Asked => Vec::new(),
                Tried::Refused(refused) => refusal(refused, mutation),
                Tried::Ready(prepared) if prepared.after.is_none() => Vec::new(),
                Tried::Ready(prepared) => {
                    let Prepared { before, sent, after, .. } = &**prepared;
                    // The new one is compared with nothing: all of it is new.
                    let before = before.as_ref().filter(|_| !matches!(mutation.change, Change::Replace { .. }));
                    let diff = diff::diff(before, sent.as_ref(), after.as_ref());
                    match before {
                        Some(_) if self.columns >= sides::NARROWEST => sides::lines(&diff, self.columns.into()),
                        _ => diff.iter().map(line).collect(),
                    }
                }
            };
            if shown.is_empty() {
                continue;
            }
            lines.push(Line::plain(""));
            if self.tried.len() > 1 {
                lines.push(Line::new(mutation.target.to_string(), Role::Heading));
            }
            lines.append(&mut shown);
        }
        lines
    }
}

fn ready(tried: &Tried) -> Option<&Prepared> {
    match tried {
        Tried::Ready(prepared) => Some(prepared),
        _ => None,
    }
}

impl App {
    /// Shows a plan, and has the server try it.
    pub(super) fn review(&mut self, plan: Plan) -> Vec<Effect> {
        let number = self.next_review();
        let tried = plan.mutations.iter().map(|_| Tried::Asked).collect();
        let mutations = plan.mutations.clone();
        let context = self.context.to_string();
        let prompt = self.is_protected().then(Prompt::default);
        let page = Page::default();
        let mut review = Review { number, plan, context, tried, stops: false, prompt, page, columns: 0 };
        review.lay_out(self.size);
        self.overlay = Some(Overlay::Review(Box::new(review)));
        vec![Effect::Prepare { review: number, mutations }]
    }

    fn next_review(&mut self) -> u32 {
        self.reviews += 1;
        self.reviews
    }

    /// The server has tried a write.
    pub(super) fn take_prepared(
        &mut self,
        number: u32,
        at: usize,
        outcome: Result<Box<Prepared>, Refused>,
    ) -> Vec<Effect> {
        let Some(Overlay::Review(review)) = &mut self.overlay else { return Vec::new() };
        if review.number != number {
            return Vec::new();
        }
        if let Err(refused) = &outcome {
            let effects = self.draft_refused(refused);
            if !effects.is_empty() {
                self.overlay = None;
                return effects;
            }
        }
        let Some(Overlay::Review(review)) = &mut self.overlay else { return Vec::new() };
        if let Some(tried) = review.tried.get_mut(at) {
            *tried = match outcome {
                Ok(prepared) => Tried::Ready(prepared),
                Err(refused) => Tried::Refused(refused),
            };
        }
        // Of hundreds the count alone is news until all are known.
        review.write();
        Vec::new()
    }

    /// Takes the answer to the question.
    pub(super) fn review_key(&mut self, mut review: Box<Review>, key: &Key) -> Vec<Effect> {
        let mut key = key.clone();
        if let Some(prompt) = &mut review.prompt {
            if let Some(bare) = key.0.strip_prefix("alt-") {
                key = Key::from(bare);
            } else if !matches!(key.0.as_str(), "esc" | "ctrl-c" | "enter" | "up" | "down" | "pageup" | "pagedown") {
                prompt.key(&key);
                self.overlay = Some(Overlay::Review(review));
                return Vec::new();
            }
        }
        let spec = candidates(&key, REVIEW).next();
        let Some(Action::Review(action)) = spec.map(|spec| spec.action) else {
            self.overlay = Some(Overlay::Review(review));
            return Vec::new();
        };
        // Enter confirms what was typed for it.
        let action = match (action, &review.prompt) {
            (ReviewAction::Confirm, Some(prompt)) if prompt.text().trim() == review.context => ReviewAction::Yes,
            (ReviewAction::Confirm | ReviewAction::Yes, Some(_)) => {
                self.notice = Some(format!("type the context's name, {}, to confirm", review.context));
                self.overlay = Some(Overlay::Review(review));
                return Vec::new();
            }
            (action, _) => action,
        };
        if let Some(why) = review.why_not(action) {
            self.notice = Some(why.to_owned());
            self.overlay = Some(Overlay::Review(review));
            return Vec::new();
        }
        match action {
            ReviewAction::Confirm | ReviewAction::Yes => return self.send(*review),
            ReviewAction::No => {
                self.notice = Some(format!("nothing was changed: {} was not confirmed", review.plan.verb.plain));
                self.draft_comes_back();
                return Vec::new();
            }
            ReviewAction::Move(motion) => review.page.go(motion),
            ReviewAction::Stop => {
                review.stops = !review.stops;
                review.write();
            }
            ReviewAction::Cascade | ReviewAction::Owner | ReviewAction::Force => {
                let mut plan = review.plan;
                plan.choose(|change| choose(change, action), self.scene());
                return self.review(plan);
            }
            ReviewAction::Replace | ReviewAction::AsNew => return self.review(self.instead(review.plan, action)),
        }
        self.overlay = Some(Overlay::Review(review));
        Vec::new()
    }

    /// The same change to what cannot be changed: in place of it, or beside it under another name.
    fn instead(&self, mut plan: Plan, action: ReviewAction) -> Plan {
        let scene = self.scene();
        (plan.is_dangerous, plan.verb) = match action {
            ReviewAction::Replace => (true, Write::Replace.verb()),
            _ => (false, Write::Rerun.verb()),
        };
        plan.effects.clear();
        for mutation in &mut plan.mutations {
            mutation.verb = plan.verb;
            let (object, patch) = match &mutation.change {
                Change::Apply { object, .. } => (Some(object.clone()), json!({})),
                Change::Merge { patch, .. } => (None, patch.clone()),
                _ => continue,
            };
            let target = mutation.target.clone();
            if action == ReviewAction::Replace {
                plan.effects.push(format!("{target} is deleted with its pods and their logs, and made anew"));
                mutation.change = Change::Replace { object, patch };
                continue;
            }
            let name = free_name(&target, scene);
            plan.effects.push(format!("job/{name} is made with the change, {target} stays as it is"));
            mutation.change = match object {
                None => Change::Rerun { name: name.into(), keeps_owner: false, patch },
                Some(mut object) => {
                    object["metadata"]["name"] = json!(name);
                    mutation.target.name = name.into();
                    Change::Create(object)
                }
            };
        }
        plan
    }

    fn send(&mut self, review: Review) -> Vec<Effect> {
        let writes: Vec<Prepared> = review.ready().into_iter().cloned().collect();
        let left_out = review.refusals().count();
        let place = |(at, tried): (usize, &Tried)| Some((at, ready(tried)?.mutation.clone()));
        let sent = review.tried.iter().enumerate().filter_map(place).collect();
        self.draft_is_sent(sent, left_out > 0);
        self.begin_writes(review.plan.verb, &writes, left_out);
        vec![Effect::Execute { session: self.session, writes, stops: review.stops }]
    }

    /// Whether writes in this context need its name typed.
    fn is_protected(&self) -> bool {
        is_protected(&self.protected, &self.context)
    }

    /// The session that the review was made in ends: nothing of it can be sent any more.
    pub(super) fn forget_review(&mut self) {
        if matches!(self.overlay, Some(Overlay::Review(_))) {
            self.overlay = None;
        }
    }
}

/// Makes a change as it was chosen.
fn choose(change: &mut Change, action: ReviewAction) {
    match (change, action) {
        (Change::Delete(cascade), ReviewAction::Cascade) => {
            let at = Cascade::ALL.iter().position(|one| one == cascade).map_or(0, |at| at + 1);
            *cascade = Cascade::ALL[at % Cascade::ALL.len()];
        }
        (Change::Rerun { keeps_owner, .. }, ReviewAction::Owner) => *keeps_owner = !*keeps_owner,
        (Change::Apply { is_forced, .. }, ReviewAction::Force) => *is_forced = true,
        _ => {}
    }
}
