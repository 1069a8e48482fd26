//! Why: what triage says of an object, as a pane beside the lists and as a page with all its evidence and its fixes.
//!
//! `inquiry` knows what was found; here it is written in lines, and a fix is carried out.

use crate::command::{Action, EditAction, Pane, Refusal, all, plan};
use crate::model::clock::{Time, short_duration};
use crate::model::key::{Kind, Uid};
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::model::state::Level;
use crate::triage::{Attempt, Evidence, Finding, Link, Source, attempts, chain};

use super::draft::Opening;
use super::inquiry::level;
use super::page::{Form, Goto, Line, Page, Role, Text};
use super::{App, Effect, Overlay, capital};

/// Columns before the evidence: its age.
const AGE: usize = 7;

/// Columns that the objects of a chain take at most before their words begin.
const LINKS: usize = 44;

/// Tries that are shown, the newest of them.
const TRIES: usize = 8;

/// Columns of the timeline of tries.
const BAR: i64 = 20;

/// The Why pane.
#[derive(Debug, Default)]
pub struct WhyPane {
    /// What it says, laid out for the pane.
    pub page: Page,
    /// Whose trouble that is.
    pub(super) subject: Option<Subject>,
    /// The subject that was there at the last tick: the cursor rests on it, so that it is worth asking more about.
    pub(super) rested: Option<Subject>,
    /// Something is wrong with it.
    pub is_problem: bool,
    /// Something may have changed since the pane and the page of why were written.
    pub(super) is_due: bool,
}

impl WhyPane {
    /// Rows that it would like to have.
    pub(super) fn rows(&self) -> u16 {
        u16::try_from(self.page.rows().len()).unwrap_or(u16::MAX)
    }
}

impl App {
    /// Breaks the pane's lines for its place on the screen.
    pub(super) fn lay_out_why(&mut self) {
        let place = self.layout().and_then(|layout| layout.panes.into_iter().find(|(pane, _)| *pane == Pane::Why));
        if let Some((_, area)) = place {
            let (width, height) = (area.width.saturating_sub(4), area.height.saturating_sub(2));
            self.why.page.lay_out(width.into(), height.into());
        }
    }

    /// Opens the page of why for the object under the cursor, and asks for what would tell more.
    pub(super) fn open_why(&mut self) -> Vec<Effect> {
        let subject = match self.object_under_cursor() {
            Some((key, uid)) => Some(Subject { kind: key.kind, uid }),
            None => self.subject(),
        };
        subject.map(|subject| self.open_why_of(subject)).unwrap_or_default()
    }

    /// The same for any object.
    pub(super) fn open_why_of(&mut self, subject: Subject) -> Vec<Effect> {
        let Some(key) = self.snapshot.key_of(subject) else { return Vec::new() };
        let mut page = Page::empty(format!("Why  {key}  {}", key.namespace));
        page.why = Some(subject);
        self.overlay = Some(Overlay::Page(page));
        self.follow_why()
    }

    /// Writes the pane and the page of why where something changed that may show there; asks for what would tell more.
    pub(super) fn follow_why(&mut self) -> Vec<Effect> {
        let subject = self.subject();
        if self.why.subject != subject {
            self.why.subject = subject;
            self.why.page = Page::empty("");
        }
        let is_due = std::mem::take(&mut self.why.is_due);
        let mut effects = Vec::new();
        if is_due || self.why.page.lines().is_none() {
            effects.extend(self.write_why_pane(subject));
        }
        let page = match &self.overlay {
            Some(Overlay::Page(page)) if is_due || page.lines().is_none() => page.why,
            _ => None,
        };
        effects.extend(page.and_then(|subject| self.write_why_page(subject)));
        effects
    }

    fn write_why_pane(&mut self, subject: Option<Subject>) -> Option<Effect> {
        let diagnosis = subject.map(|subject| self.diagnosis(subject)).unwrap_or_default();
        self.why.is_problem = diagnosis.problem().is_some();
        let rested = subject.filter(|_| self.why.rested == subject);
        let asked = rested.and_then(|subject| self.inquire(subject, &diagnosis));
        let text = self.brief(subject, &diagnosis.findings);
        self.why.page.take(text);
        asked
    }

    fn write_why_page(&mut self, subject: Subject) -> Option<Effect> {
        let mut diagnosis = self.diagnosis(subject);
        let (tries, needs) = attempts(self.known(), subject, TRIES);
        diagnosis.needs.extend(needs);
        let asked = self.inquire(subject, &diagnosis);
        let text = self.full(subject, &diagnosis.findings, &tries);
        if let Some(Overlay::Page(page)) = &mut self.overlay {
            page.take(text);
        }
        asked
    }

    /// What the pane says: the verdict, the chain, the fixes, and what else there is in a line each.
    fn brief(&self, subject: Option<Subject>, findings: &[Finding]) -> Text {
        let mut text = Text::default();
        let Some((subject, first)) = subject.zip(findings.first()) else {
            text.line(Line::new(
                match subject {
                    Some(subject) => self.without_cause(subject),
                    None => "choose an object to see what is wrong with it",
                },
                Role::Dim,
            ));
            return text;
        };
        text.verdict(first);
        text.fixes(first, true);
        text.chain(&chain(self.known(), subject, first));
        for finding in &findings[1..] {
            text.line(Line::new(format!("also: {}", finding.short), Role::Dim).hanging(6));
        }
        text
    }

    /// What the page says: everything.
    fn full(&self, subject: Subject, findings: &[Finding], tries: &[Attempt]) -> Text {
        let mut text = Text::default();
        if findings.is_empty() {
            text.line(Line::plain(self.without_cause(subject)));
        }
        for (at, finding) in findings.iter().enumerate() {
            if at > 0 {
                text.line(Line::plain(""));
            }
            if at == 1 {
                text.line(Line::new("Also seen", Role::Heading));
            }
            text.verdict(finding);
            text.fixes(finding, at == 0);
            if at == 0 {
                text.chain(&chain(self.known(), subject, finding));
                text.tries(tries, self.now);
            }
            text.proofs(finding, self.now);
        }
        text
    }

    /// What is said where no rule found anything.
    fn without_cause(&self, subject: Subject) -> &'static str {
        let Subject { kind, uid } = subject;
        let state = match kind {
            Kind::CronJob => self.snapshot.cronjobs.get(uid).map(|one| self.cronjob_state(one)),
            Kind::Job => self.snapshot.jobs.get(uid).map(|one| self.job_state(one)),
            _ => self.snapshot.pods.get(uid).map(|one| self.pod_state(one)),
        };
        match state.map(|state| state.level) {
            None => "it is gone",
            _ if !self.is_known() => "not everything is listed yet",
            Some(Level::Broken) => "it is broken, and no cause is known: its events and its log may tell one",
            Some(Level::Warning) => "it goes on after something failed; its pods, events and log tell what",
            Some(Level::Done) => "nothing is wrong",
            Some(_) => "nothing is wrong that is known here",
        }
    }

    /// Goes to what the line under the cursor of the pane stands on; where none leads anywhere, to all that is known.
    pub(super) fn open_in_why_pane(&mut self) -> Vec<Effect> {
        match self.why.page.target().cloned() {
            Some(target) => self.go_to(None, target),
            None => self.open_why(),
        }
    }

    /// Goes to what a line stands on, an object's page or a container's log, from a page or from the pane.
    pub(super) fn go_to(&mut self, page: Option<Page>, target: Goto) -> Vec<Effect> {
        let (pod, container) = match target {
            Goto::Object(key) => {
                // Of one that is not watched, or gone, nothing but its name is known.
                let uid = self.snapshot.find(&key).map_or_else(|| Uid::new(""), |subject| subject.uid);
                self.behind.extend(page);
                return self.open_page_of(key, uid, Form::Describe);
            }
            // The inbox has keys of its own.
            Goto::Problem(_) | Goto::Gone(_) => {
                self.overlay = page.map(Overlay::Page);
                return Vec::new();
            }
            Goto::Event(uid) => {
                if let Some(key) = self.snapshot.key_of(Subject { kind: Kind::Event, uid }) {
                    return self.go_to(page, Goto::Object(key));
                }
                self.overlay = page.map(Overlay::Page);
                self.notice = Some("the event is gone; its words are kept here".to_owned());
                return Vec::new();
            }
            Goto::Log(pod, container) => (pod, container),
        };
        let Some(subject) = self.snapshot.find(&pod) else {
            self.overlay = page.map(Overlay::Page);
            self.notice = Some(format!("{pod} is gone, and its log with it; its last words are kept here"));
            return Vec::new();
        };
        self.behind.clear();
        self.jump(subject);
        self.open_pod();
        let row = self.containers.rows.iter().copied();
        let wanted = row.filter(|row| self.container(*row).is_some_and(|(_, one)| one.name == container)).last();
        wanted.into_iter().for_each(|row| self.containers.select(row));
        self.focus(Pane::Logs);
        self.is_zoomed = true;
        Vec::new()
    }

    /// Carries out a fix of the headline by its number, from 1: a command is planned and shown like any other. None where
    /// there is no such fix.
    pub(super) fn fix(&mut self, subject: Subject, number: usize) -> Option<Vec<Effect>> {
        let first = self.diagnosis(subject).findings.into_iter().next()?;
        let call = first.fixes.into_iter().nth(number.checked_sub(1)?)?.call?;
        let spec = all().find(|spec| spec.id == call.id)?;
        let key = self.snapshot.key_of(call.target)?;
        Some(match spec.action {
            Action::Write(write) if call.argument.is_empty() && write.argument().is_some() => {
                self.ask_for_words(spec, write, Some(call.target));
                Vec::new()
            }
            Action::Write(write) => match plan(write, &[call.target], &call.argument, self.scene()) {
                Ok(plan) => self.review(plan),
                Err(Refusal(why)) => {
                    self.notice = Some(format!("cannot {}: {why}", write.verb().plain));
                    Vec::new()
                }
            },
            Action::Edit(EditAction::Form(write)) => {
                self.open_editor_of(key, call.target.uid, Opening::Form(write, call.argument))
            }
            Action::Edit(EditAction::Object) => self.open_editor_of(key, call.target.uid, Opening::Edit(call.argument)),
            _ => {
                // What it shows lies below the page, and is of the object under the cursor.
                self.behind.clear();
                self.jump(call.target);
                self.attempt(spec, &call.argument)
            }
        })
    }
}

impl Text {
    /// A finding about what is gone.
    pub(super) fn kept(&mut self, finding: &Finding, now: Time) {
        self.verdict(finding);
        self.fixes(finding, false);
        self.proofs(finding, now);
    }

    /// The tries, the newest last, each as a row and as a bar on the time between the first and the last of them.
    fn tries(&mut self, tries: &[Attempt], now: Time) {
        let tries = &tries[tries.len().saturating_sub(TRIES)..];
        let from = tries.iter().filter_map(|one| one.started).min();
        let to = tries.iter().filter_map(|one| one.until(now).or(one.started)).max();
        let Some((from, to)) = from.zip(to) else { return };
        let whole = to.seconds_since(from).max(1);
        let column = |time: Time| {
            let share = time.seconds_since(from).clamp(0, whole) * (BAR - 1) / whole;
            usize::try_from(share).unwrap_or_default()
        };
        self.line(Line::plain(""));
        let head =
            format!("  {:>3} {:5} {:5} {:bar$}  HOW IT ENDED", "TRY", "BEGAN", "TOOK", "TIMELINE", bar = BAR as usize);
        self.line(Line::new(head, Role::Dim).cut());
        for one in tries {
            let Some(started) = one.started else { continue };
            let until = one.until(now);
            let (first, last) = (column(started), column(until.unwrap_or(started)));
            let bar = " ".repeat(first) + &"━".repeat(last.saturating_sub(first) + 1);
            let began = short_duration(now.seconds_since(started).max(0));
            let took = until.map_or("?".to_owned(), |until| short_duration(until.seconds_since(started).max(0)));
            let place = if one.node.is_empty() { String::new() } else { format!(" on {}", one.node) };
            let said = if one.last_words.is_empty() { String::new() } else { format!(": {}", one.last_words) };
            let index = one.index.map(|index| format!("index {index}, ")).unwrap_or_default();
            let words = safe_line(&format!("{index}{}{place}{said}", one.outcome)).into_owned();
            let number = one.number;
            let row = format!("  {number:>3} {began:>5} {took:>5} {bar:width$}  {words}", width = BAR as usize);
            self.link(Line::new(row, Role::Signed(one.level)).cut(), Goto::Object(one.pod.clone()));
        }
    }

    /// What a finding stands on.
    fn proofs(&mut self, finding: &Finding, now: Time) {
        if !finding.evidence.is_empty() {
            self.line(Line::plain(""));
        }
        for evidence in &finding.evidence {
            let age = evidence.at.map(|at| short_duration(now.seconds_since(at).max(0)));
            self.evidence(&age.unwrap_or_default(), evidence);
        }
    }

    /// The cause in full sentences, and what came of it.
    fn verdict(&mut self, finding: &Finding) {
        let verdict = safe_line(&finding.verdict).into_owned();
        self.line(Line::new(format!("  {verdict}"), Role::Verdict(level(finding.severity))).hanging(2));
        if !finding.effect.is_empty() {
            self.line(Line::plain(format!("  {}", capital(&safe_line(&finding.effect)))).hanging(2));
        }
    }

    /// The objects from owner to cause, each below the one before it. One alone is no chain.
    fn chain(&mut self, links: &[Link]) {
        if links.len() < 2 {
            return;
        }
        self.line(Line::plain(""));
        let names: Vec<String> =
            links.iter().enumerate().map(|(at, link)| format!("{}{}", branches(links, at), link.object)).collect();
        let wide = names.iter().map(|name| name.chars().count()).max().unwrap_or_default().min(LINKS);
        for (name, link) in names.iter().zip(links) {
            let words = safe_line(&link.words);
            let mut line = Line::plain(format!("  {name:wide$}  {words}")).cut();
            line.parts.push((name.len() + 2..line.text.len(), Role::Dim));
            self.link(line, Goto::Object(link.object.clone()));
        }
    }

    /// The fixes, with the number of the key that carries each out: those of the headline have keys, where a command
    /// does them.
    fn fixes(&mut self, finding: &Finding, has_keys: bool) {
        for (number, fix) in finding.fixes.iter().enumerate() {
            let key = if has_keys && fix.call.is_some() { (number + 1).to_string() } else { "-".to_owned() };
            let mut line = Line::plain(format!("  {key}  {}", safe_line(&fix.words))).hanging(5);
            line.parts.push((2..2 + key.len(), Role::Key));
            self.line(line);
        }
    }

    /// What was read, and where.
    fn evidence(&mut self, age: &str, evidence: &Evidence) {
        let (place, to) = match &evidence.source {
            Source::Field { object, path } => (format!("{object} {path}: "), Goto::Object(object.clone())),
            Source::Event { about, uid, .. } => (format!("{about} "), Goto::Event(*uid)),
            Source::Log { pod, container } => {
                (format!("{pod} {container}: "), Goto::Log(pod.clone(), container.clone()))
            }
        };
        let words = safe_line(&format!("{place}{}", evidence.words)).into_owned();
        self.link(Line::new(format!("{age:>AGE$}  {words}"), Role::Dim).hanging(AGE + 2), to);
    }
}

/// The lines that lead from the objects above to this one.
fn branches(links: &[Link], at: usize) -> String {
    let goes_on = |depth: usize| {
        let below = links[at + 1..].iter().find(|link| link.depth <= depth);
        below.is_some_and(|link| link.depth == depth)
    };
    let depth = links[at].depth;
    let above = (1..depth).map(|depth| if goes_on(depth) { "│ " } else { "  " });
    let own = match (depth, goes_on(depth)) {
        (0, _) => "",
        (_, true) => "├ ",
        (_, false) => "└ ",
    };
    above.chain([own]).collect()
}
