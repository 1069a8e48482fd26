//! A text under edit and what becomes of it: an object that is changed, the containers of a Job that is made, or
//! manifests to apply.
//!
//! The text is never lost: it is kept on disk as it is typed (`tui`), stays while it is reviewed and sent, and comes
//! back where the server does not take it.

mod advice;
mod desk;
mod opening;
mod saved;
mod sent;

pub use desk::Desk;
pub(super) use opening::Opening;
pub use saved::SavedDraft;
use sent::Sent;

use serde_json::Value;

use crate::command::{Key, Plan, Refusal, Write, apply, edited, made_with_form};
use crate::manifest::lint::Lint;
use crate::manifest::object::tidy;
use crate::manifest::{
    Catalogue, Names, Path, Problem, Severity, check, complete, help_at, immutable, merge, parse, rerun, timing_at,
    to_yaml,
};
use crate::model::clock::Time;
use crate::model::key::{ObjectKey, Uid};
use crate::model::mutation::{Reason, Refused};
use crate::model::owner::Subject;
use crate::model::schedule::Outlook;

use super::editor::{Editor, EditorOutcome, Mouse};
use super::{App, Effect, Overlay};

/// A text under edit.
#[derive(Debug)]
pub struct Draft {
    /// The text.
    pub editor: Editor,
    purpose: Purpose,
    /// Under which name it is kept.
    name: String,
    /// What becomes of the changes is being asked.
    is_leaving: bool,
    /// It is reviewed or sent.
    is_away: bool,
    /// What is sent of it.
    sent: Sent,
}

/// What a text is for.
#[derive(Debug, Clone, PartialEq)]
enum Purpose {
    /// To change this object: what differs from it is sent.
    Edit(Meant),
    /// To make a Job from this Job or CronJob with other values in its containers.
    Form(Write, Meant),
    /// To be applied.
    Apply,
}

/// The object that a text is of.
#[derive(Debug, Clone, PartialEq)]
struct Meant {
    key: ObjectKey,
    uid: Uid,
    /// As the server gave it.
    live: Value,
}

impl App {
    fn edit(&mut self, editor: Editor, purpose: Purpose) {
        self.desk.count += 1;
        let name = format!("{}-{}", self.now.nanos(), self.desk.count);
        self.show_draft(Draft::new(editor, purpose, name));
    }

    fn show_draft(&mut self, mut draft: Draft) {
        draft.editor.resize(self.size);
        (draft.is_leaving, draft.is_away, draft.sent) = (false, false, Sent::default());
        draft.check(self.catalogue(), self.now, &self.lint_off);
        draft.help(self.catalogue(), self.now);
        self.overlay = Some(Overlay::Editor(Box::new(draft)));
    }

    /// What is known of the fields of objects.
    fn catalogue(&self) -> &Catalogue {
        self.desk.schemas.as_ref().map_or_else(|| Catalogue::built_in(), |schemas| &schemas.0)
    }

    /// Takes a key while a text is edited.
    pub(super) fn draft_key(&mut self, mut draft: Box<Draft>, key: &Key) -> Vec<Effect> {
        if draft.is_leaving {
            return self.leave_draft(draft, key);
        }
        let outcome = draft.editor.key(key);
        self.after_edit(draft, outcome)
    }

    /// Time goes by: what runs next becomes what ran.
    pub(super) fn age_draft(&mut self) {
        if let Some(Overlay::Editor(draft)) = &mut self.overlay
            && draft.editor.outlook().is_some()
        {
            draft.look_ahead(self.now);
        }
    }

    /// Whether the mouse is wanted: in the editor alone, so that elsewhere the terminal's own selection works.
    pub fn takes_mouse(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Editor(_)))
    }

    /// Takes what the mouse does while a text is edited; not while a question about it is open.
    pub(super) fn mouse_draft(&mut self, mouse: Mouse) -> Vec<Effect> {
        let Some(Overlay::Editor(mut draft)) = self.overlay.take_if(|overlay| is_edited(overlay)) else {
            return Vec::new();
        };
        let outcome = draft.editor.mouse(mouse);
        self.after_edit(draft, outcome)
    }

    /// Takes what was pasted into the text.
    pub(super) fn paste_draft(&mut self, text: &str) -> Vec<Effect> {
        let Some(Overlay::Editor(mut draft)) = self.overlay.take() else { return Vec::new() };
        let outcome = draft.editor.paste(text);
        self.after_edit(draft, outcome)
    }

    fn after_edit(&mut self, mut draft: Box<Draft>, outcome: EditorOutcome) -> Vec<Effect> {
        let mut effects = Vec::new();
        match outcome {
            EditorOutcome::Nothing => {}
            EditorOutcome::Moved => draft.help(self.catalogue(), self.now),
            EditorOutcome::Edited => effects.extend(self.edited(&mut draft)),
            EditorOutcome::Copied(text) => effects.push(Effect::Copy(text)),
            EditorOutcome::Cut(text) => {
                effects.extend(self.edited(&mut draft));
                effects.push(Effect::Copy(text));
            }
            EditorOutcome::Complete => draft.complete(self.catalogue(), &self.desk.names),
            EditorOutcome::Review => return self.submit(draft),
            EditorOutcome::External => effects.push(Effect::EditOutside(draft.editor.text())),
            EditorOutcome::Leave if draft.editor.is_changed() => {
                draft.is_leaving = true;
                let told = "the text was changed: k keeps it as a draft, d discards it, esc goes on";
                draft.editor.notice = Some(told.to_owned());
            }
            EditorOutcome::Leave => {
                self.desk.away = None;
                return vec![Effect::DropDraft(draft.name)];
            }
        }
        self.overlay = Some(Overlay::Editor(draft));
        effects
    }

    fn edited(&self, draft: &mut Draft) -> Option<Effect> {
        draft.check(self.catalogue(), self.now, &self.lint_off);
        draft.help(self.catalogue(), self.now);
        if draft.editor.popup().is_some() {
            draft.complete(self.catalogue(), &self.desk.names);
        }
        draft.saved(&self.context)
    }

    fn leave_draft(&mut self, mut draft: Box<Draft>, key: &Key) -> Vec<Effect> {
        draft.editor.notice = None;
        match key.0.as_str() {
            "d" => {
                self.notice = Some("the draft was discarded".into());
                return vec![Effect::DropDraft(draft.name)];
            }
            "k" => {
                self.notice = Some(":drafts opens it again".into());
                self.desk.saved.extend(
                    draft.content(&self.context).map(|content| SavedDraft { name: draft.name.clone(), content }),
                );
                return draft.saved(&self.context).into_iter().collect();
            }
            _ => draft.is_leaving = false,
        }
        self.overlay = Some(Overlay::Editor(draft));
        Vec::new()
    }

    /// What came back from the user's own editor.
    pub(super) fn take_edited_outside(&mut self, text: Result<String, String>) -> Vec<Effect> {
        let Some(Overlay::Editor(mut draft)) = self.overlay.take() else { return Vec::new() };
        let mut effects = Vec::new();
        match text {
            Ok(text) => {
                draft.editor.replace_all(&text);
                effects.extend(self.edited(&mut draft));
            }
            Err(why) => draft.editor.notice = Some(why),
        }
        self.overlay = Some(Overlay::Editor(draft));
        effects
    }

    /// Plans what the text means, and shows it.
    fn submit(&mut self, mut draft: Box<Draft>) -> Vec<Effect> {
        match self.plan_of(&draft) {
            Ok(plan) => {
                (draft.is_away, draft.sent) = (true, Sent::of(&plan));
                let effects = self.review(plan);
                self.desk.away = Some(draft);
                effects
            }
            Err(Refusal(why)) => {
                draft.editor.notice = Some(why);
                self.overlay = Some(Overlay::Editor(draft));
                Vec::new()
            }
        }
    }

    fn plan_of(&self, draft: &Draft) -> Result<Plan, Refusal> {
        let text = draft.editor.text();
        if let Purpose::Form(write, meant) = &draft.purpose {
            let Meant { key, uid, live } = meant;
            let wanted = rerun::with_form(live, &text).map_err(|error| Refusal(error.to_string()))?;
            let patch = merge::patch(live, &wanted);
            return made_with_form(*write, Subject { kind: key.kind, uid: *uid }, patch, self.scene());
        }
        if let Some(line) = gap(&text) {
            return Err(Refusal(format!("line {}: a placeholder is left; tab goes there", line + 1)));
        }
        let parsed = parse(&text);
        if let Some(problem) = parsed.problems.iter().find(|problem| problem.severity == Severity::Error) {
            return Err(Refusal(format!("line {}: {}", problem.place.line + 1, problem.message)));
        }
        let objects: Vec<Value> = parsed.documents.into_iter().map(|document| document.object).collect();
        match &draft.purpose {
            Purpose::Edit(Meant { key, uid, live }) => edited(key, *uid, live, objects, self.scene()),
            _ if self.is_read_only => Err(Refusal("kubatch runs read-only (--readonly)".into())),
            _ => apply::documents(objects, &self.default_namespace(), false),
        }
    }

    /// The review was left without sending anything: the text is there again.
    pub(super) fn draft_comes_back(&mut self) {
        if let Some(draft) = self.desk.away.take_if(|draft| draft.is_away) {
            self.show_draft(*draft);
        }
    }

    /// The server refused in a dry run what the text means. Where the object has changed meanwhile, it is read anew.
    pub(super) fn draft_refused(&mut self, refused: &Refused) -> Vec<Effect> {
        let Some(draft) = &self.desk.away else { return Vec::new() };
        let Purpose::Edit(Meant { key, uid, .. }) = &draft.purpose else { return Vec::new() };
        if refused.reason != Reason::Changed {
            return Vec::new();
        }
        self.desk.opening = Some((key.clone(), *uid, Opening::Rebase));
        vec![Effect::Fetch(key.clone())]
    }

    /// The object has changed while it was edited: both changes are made one, and what the other side changed is told.
    fn rebase(&mut self, live: Value) -> Vec<Effect> {
        let Some(mut draft) = self.desk.away.take() else { return Vec::new() };
        let text = draft.editor.text();
        let mine = parse(&text).documents.into_iter().next().map(|document| document.object);
        let (Purpose::Edit(meant), Some(mine)) = (&mut draft.purpose, mine) else {
            self.show_draft(*draft);
            return Vec::new();
        };
        let rebased = merge::rebase(&tidy(&meant.live), &mine, &tidy(&live));
        meant.live = live;
        draft.editor.replace_all(&to_yaml(&rebased.object));
        let theirs = match &rebased.theirs[..] {
            [] => "it changed meanwhile, but nothing that is edited here".to_owned(),
            paths => format!("somebody changed {} meanwhile, and it is taken in", paths.join(", ")),
        };
        let both = match &rebased.both[..] {
            [] => String::new(),
            paths => format!("; BOTH changed {}: yours is kept", paths.join(", ")),
        };
        let changed = rebased.theirs.iter().chain(&rebased.both).cloned().collect::<Vec<_>>();
        let saved = draft.saved(&self.context);
        self.show_draft(*draft);
        if let Some(Overlay::Editor(draft)) = &mut self.overlay {
            draft.editor.notice = Some(theirs + &both);
            draft.point_at(&changed, "changed by somebody else meanwhile");
        }
        saved.into_iter().collect()
    }
}

/// A text is under edit, and nothing else is asked.
fn is_edited(overlay: &Overlay) -> bool {
    matches!(overlay, Overlay::Editor(draft) if !draft.is_leaving)
}

impl Draft {
    fn new(editor: Editor, purpose: Purpose, name: String) -> Self {
        Self { editor, purpose, name, is_leaving: false, is_away: false, sent: Sent::default() }
    }

    /// Finds what is wrong with the text, and which of its lines cannot be changed.
    fn check(&mut self, catalogue: &Catalogue, now: Time, off: &[&'static Lint]) {
        if let Purpose::Form(..) = self.purpose {
            self.editor.set_problems(Vec::new());
            return;
        }
        let text = self.editor.text();
        // A template with gaps is no YAML yet.
        if gap(&text).is_some() {
            self.editor.set_problems(Vec::new());
            return;
        }
        let mut problems = check(&text, catalogue);
        let mut frozen = Vec::new();
        if let Purpose::Edit(Meant { live, .. }) = &self.purpose
            && let Some(document) = parse(&text).documents.first()
        {
            for (path, why) in immutable::frozen_paths(live) {
                if let Some(found) = document.find(&Path::parse(&path)) {
                    let first = found.key.unwrap_or(found.value).line;
                    frozen.push((first..found.last_line + 1, why));
                }
            }
            let mut wanted = live.clone();
            json_patch::merge(&mut wanted, &merge::patch(&tidy(live), &document.object));
            for refused in immutable::refused(live, &wanted) {
                let place = document.find_nearest(&Path::parse(&refused.path)).value;
                let message = format!("{}: ctrl-s offers a new Job instead", refused.why);
                problems.push(Problem { place, severity: Severity::Warning, message, fix: None });
            }
        }
        self.editor.set_frozen(frozen);
        problems.extend(self.advice(&text, catalogue, now, off));
        self.editor.set_problems(problems);
    }

    fn help(&mut self, catalogue: &Catalogue, now: Time) {
        let (line, column) = self.editor.cursor();
        let help = help_at(self.editor.lines(), line, column, catalogue);
        self.editor.set_help(help);
        self.look_ahead(now);
    }

    /// Tells when the CronJob runs next, where the cursor is on its schedule.
    fn look_ahead(&mut self, now: Time) {
        let (line, column) = self.editor.cursor();
        let timing = timing_at(self.editor.lines(), line, column);
        let outlook = timing.map(|(schedule, zone)| Outlook::of(&schedule, zone.as_deref(), now.to_timestamp()));
        self.editor.set_outlook(outlook);
    }

    fn complete(&mut self, catalogue: &Catalogue, names: &Names) {
        let (line, column) = self.editor.cursor();
        let found = complete(self.editor.lines(), line, column, catalogue, names);
        self.editor.set_completions(found);
    }

    /// Points at fields of the text.
    fn point_at(&mut self, paths: &[String], words: &str) {
        let parsed = parse(&self.editor.text());
        let Some(document) = parsed.documents.first() else { return };
        let mut problems = self.editor.problems().to_vec();
        for path in paths {
            let place = document.find_nearest(&Path::parse(path)).value;
            problems.push(Problem { place, severity: Severity::Note, message: words.to_owned(), fix: None });
        }
        self.editor.set_problems(problems);
    }
}

/// The line of the first placeholder that is not filled in.
fn gap(text: &str) -> Option<usize> {
    text.lines().position(|line| line.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")))
}
