//! Why: what triage says of the object under the cursor, as a page with its evidence and its fixes, and in a few words in
//! the rows of the lists.

use std::collections::HashSet;

use crate::command::{Action, EditAction, Refusal, all, plan};
use crate::model::clock::short_duration;
use crate::model::fact::{Answer, Need};
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::model::state::Level;
use crate::triage::{Diagnosis, Facts, Finding, Fix, Known, Severity, Source, diagnose};

use super::draft::Opening;
use super::page::{Line, Page, Role};
use super::{App, Effect, Overlay};

/// Columns before the evidence: its age.
const AGE: usize = 7;

/// What triage was told beyond the snapshot, and what was asked for it.
#[derive(Debug, Default)]
pub(super) struct Inquiry {
    facts: Facts,
    asked: HashSet<Need>,
}

impl App {
    /// What triage says of an object.
    fn diagnosis(&self, subject: Subject) -> Diagnosis {
        diagnose(Known { snapshot: &self.snapshot, facts: &self.inquiry.facts, now: self.now }, subject)
    }

    /// The cause of an object's trouble in a few words; None where triage has nothing to say of it.
    pub(super) fn verdict(&self, subject: Subject) -> Option<String> {
        let first = self.diagnosis(subject).findings.into_iter().next()?;
        Some(match first.effect.is_empty() {
            true => first.short,
            false => format!("{}; {}", first.short, first.effect),
        })
    }

    /// Opens the page of why for the object under the cursor, and asks for what would tell more.
    pub(super) fn open_why(&mut self) -> Vec<Effect> {
        let Some((key, uid)) = self.object_under_cursor() else { return Vec::new() };
        let mut page = Page::empty(format!("Why  {key}  {}", key.namespace));
        page.is_wrapped = true;
        page.why = Some(Subject { kind: key.kind, uid });
        self.overlay = Some(Overlay::Page(page));
        self.write_why()
    }

    /// Takes in an answer to what triage asked.
    pub(super) fn take_answer(&mut self, need: Need, answer: Answer) -> Vec<Effect> {
        self.inquiry.facts.take(need, answer);
        self.mark_dirty();
        self.write_why()
    }

    /// Another session begins: what was told belongs to the one before.
    pub(super) fn forget_inquiry(&mut self) {
        self.inquiry = Inquiry::default();
    }

    /// Writes the page of why as it is now, where it is open; asks for what would tell more, once.
    pub(super) fn write_why(&mut self) -> Vec<Effect> {
        let Some(Overlay::Page(Page { why: Some(subject), .. })) = &self.overlay else { return Vec::new() };
        let Diagnosis { findings, needs } = self.diagnosis(*subject);
        let lines = match findings.is_empty() {
            true => vec![Line::plain("Nothing is wrong that is known here.")],
            false => self.lines_of(&findings),
        };
        if let Some(Overlay::Page(page)) = &mut self.overlay {
            page.show(lines, None);
        }
        let asked = &mut self.inquiry.asked;
        let new: Vec<Need> = needs.into_iter().filter(|need| asked.insert(need.clone())).collect();
        (!new.is_empty()).then_some(Effect::Ask(new)).into_iter().collect()
    }

    fn lines_of(&self, findings: &[Finding]) -> Vec<Line> {
        let mut lines = Vec::new();
        for (at, finding) in findings.iter().enumerate() {
            if at > 0 {
                lines.push(Line::plain(""));
                lines.extend((at == 1).then(|| Line::new("Also seen", Role::Heading)));
            }
            lines.push(Line::new(safe_line(&finding.verdict), Role::State(level(finding.severity))).hanging(2));
            if !finding.effect.is_empty() {
                lines.push(Line::plain(format!("  {}", safe_line(&finding.effect))).hanging(2));
            }
            for (number, fix) in finding.fixes.iter().enumerate() {
                // The keys carry out those of the headline.
                let key = if at == 0 && fix.call.is_some() { (number + 1).to_string() } else { "-".to_owned() };
                lines.push(Line::plain(format!("  {key}  {}", safe_line(&fix.words))).hanging(5));
            }
            for evidence in &finding.evidence {
                let age = evidence.at.map(|at| short_duration(self.now.seconds_since(at).max(0))).unwrap_or_default();
                let place = match &evidence.source {
                    Source::Field { object, path } => format!("{object} {path}: "),
                    Source::Event { about, .. } => format!("{about} "),
                    Source::Log { pod, container } => format!("{pod} {container}: "),
                };
                let words = safe_line(&format!("{place}{}", evidence.words)).into_owned();
                lines.push(Line::new(format!("{age:>AGE$}  {words}"), Role::Dim).hanging(AGE + 2));
            }
        }
        lines
    }

    /// Carries out a fix of the headline by its number, from 1: a command is planned and shown like any other. None where
    /// there is no such fix.
    pub(super) fn fix(&mut self, subject: Subject, number: usize) -> Option<Vec<Effect>> {
        let first = self.diagnosis(subject).findings.into_iter().next()?;
        let Fix { call, .. } = first.fixes.into_iter().nth(number.checked_sub(1)?)?;
        let call = call?;
        let spec = all().find(|spec| spec.id == call.id)?;
        let key = self.snapshot.key_of(call.target)?;
        Some(match spec.action {
            Action::Write(write) if call.argument.is_empty() && write.argument().is_some() => {
                self.notice =
                    Some(format!("{} of {key} wants to be told more: go there and press its key", spec.title));
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
                // What it shows lies below the page.
                self.overlay = None;
                self.attempt(spec, &call.argument)
            }
        })
    }
}

/// How a severity looks.
const fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::Error => Level::Broken,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Waiting,
    }
}
