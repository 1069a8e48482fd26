//! Why: what triage says of the object under the cursor, as a page with its evidence and its fixes, and in a few words in
//! the rows of the lists.

use crate::command::{Action, EditAction, Refusal, all, plan};
use crate::model::clock::short_duration;
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::triage::{Finding, Fix, Source};

use super::draft::Opening;
use super::inquiry::level;
use super::page::{Line, Page, Role};
use super::{App, Effect, Overlay};

/// Columns before the evidence: its age.
const AGE: usize = 7;

impl App {
    /// Opens the page of why for the object under the cursor, and asks for what would tell more.
    pub(super) fn open_why(&mut self) -> Vec<Effect> {
        let Some((key, uid)) = self.object_under_cursor() else { return Vec::new() };
        let mut page = Page::empty(format!("Why  {key}  {}", key.namespace));
        page.is_wrapped = true;
        page.why = Some(Subject { kind: key.kind, uid });
        self.overlay = Some(Overlay::Page(page));
        self.write_why()
    }

    /// Writes the page of why as it is now, where it is open; asks for what would tell more, once.
    pub(super) fn write_why(&mut self) -> Vec<Effect> {
        let Some(Overlay::Page(Page { why: Some(subject), .. })) = &self.overlay else { return Vec::new() };
        let diagnosis = self.diagnosis(*subject);
        let lines = match diagnosis.findings.is_empty() {
            true => vec![Line::plain("Nothing is wrong that is known here.")],
            false => self.lines_of(&diagnosis.findings),
        };
        if let Some(Overlay::Page(page)) = &mut self.overlay {
            page.show(lines, None);
        }
        self.inquire(&diagnosis).into_iter().collect()
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
            Action::Edit(EditAction::Form(write)) => self.open_editor_of(key, call.target.uid, Opening::Form(write)),
            Action::Edit(EditAction::Object) => self.open_editor_of(key, call.target.uid, Opening::Edit),
            _ => {
                // What it shows lies below the page.
                self.overlay = None;
                self.attempt(spec, &call.argument)
            }
        })
    }
}
