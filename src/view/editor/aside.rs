//! What is known of the cursor's place, and what is wrong with the text: beside the text, or below it in a few rows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use crate::app::Editor;
use crate::command::{Action, CommandSpec, EditorAction, all};
use crate::manifest::{Field, Problem, Severity};
use crate::model::safe_text::safe_line;
use crate::model::schedule::Outlook;
use crate::model::state::Level;
use crate::view::table::{Align, fit};
use crate::view::theme::Theme;

use super::{level, sign};

/// Draws help, then what is wrong, worst first where the cursor is; in a few rows what is wrong at the cursor comes first.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, is_wide: bool, editor: &Editor, theme: &Theme) {
    let (line, _) = editor.cursor();
    let here = editor.problems_here();
    let mended = here.iter().position(|problem| problem.fix.is_some());
    let mut wrong = Vec::new();
    if let Some(why) = editor.frozen(line) {
        wrong.push(Line::styled(format!("= {}", safe_line(why)), theme.text()));
    }
    // In two rows there is one for the words and one for the key that mends it.
    let room = if area.height < 3 { usize::from(area.width) } else { usize::MAX };
    for (at, problem) in here.iter().enumerate() {
        wrong.extend(at_cursor(problem, mended == Some(at), room, theme));
    }
    let mut help = editor.help().map(|help| lines_of(help, is_wide, theme)).unwrap_or_default();
    let outlook = editor.outlook().map(|outlook| outlook_lines(outlook, is_wide, theme)).unwrap_or_default();
    // In a few rows the runs are worth more than what the field is for.
    let at = if is_wide { help.len() } else { help.len().min(1) };
    help.splice(at..at, outlook);
    let others = editor.problems().iter().filter(|problem| !here.contains(problem)).map(|one| elsewhere(one, theme));
    let sections = if is_wide { [help, wrong, others.collect()] } else { [wrong, help, others.collect()] };
    let mut text = Text::default();
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        if is_wide && !text.lines.is_empty() {
            text.push_line("");
        }
        text.extend(section);
    }
    // No more lines than there are rows can be seen.
    text.lines.truncate(area.height.into());
    Paragraph::new(text).wrap(Wrap { trim: false }).render(area, buffer);
}

/// The field's name and type, what it is for, what it may hold, its default.
fn lines_of(help: &Field, is_wide: bool, theme: &Theme) -> Vec<Line<'static>> {
    let mut title = vec![
        Span::styled(safe_line(&help.name).into_owned(), theme.strong()),
        Span::styled(format!("  {}", safe_line(&help.type_name)), theme.dim()),
    ];
    let mut facts = Vec::new();
    if help.is_required {
        facts.push("required".to_owned());
    }
    if !help.enum_values.is_empty() {
        facts.push(safe_line(&help.enum_values.join(", ")).into_owned());
    }
    if let Some(default) = &help.default {
        facts.push(format!("default {}", safe_line(default)));
    }
    if !is_wide {
        title.extend(facts.drain(..).map(|fact| Span::styled(format!("  {fact}"), theme.dim())));
    }
    let description = help.description.lines().map(|line| Line::styled(safe_line(line).into_owned(), theme.text()));
    let mut lines: Vec<_> = std::iter::once(Line::from(title)).chain(description).collect();
    lines.extend(facts.into_iter().map(|fact| Line::styled(fact, theme.dim())));
    lines
}

/// What the schedule at the cursor comes to: beside the text a line for each run, below it in as few as there are.
fn outlook_lines(outlook: &Result<Outlook, String>, is_wide: bool, theme: &Theme) -> Vec<Line<'static>> {
    let blank = is_wide.then(|| Line::raw(""));
    let told = match outlook {
        Err(why) => {
            let sign = Span::styled(format!("{} ", sign(Severity::Error, theme)), theme.level(Level::Broken));
            vec![Line::from_iter([sign, Span::styled(safe_line(why).into_owned(), theme.text())])]
        }
        Ok(outlook) if !is_wide => vec![Line::styled(safe_line(&outlook.to_string()).into_owned(), theme.text())],
        Ok(outlook) => {
            let runs = outlook.next.iter().enumerate().map(|(at, run)| {
                let word = if at == 0 { "next runs  " } else { "           " };
                Line::from_iter([Span::styled(word, theme.dim()), Span::styled(run.clone(), theme.text())])
            });
            let words = Line::styled(safe_line(&outlook.words).into_owned(), theme.text());
            std::iter::once(words).chain(runs).collect()
        }
    };
    blank.into_iter().chain(told).collect()
}

/// A problem of the cursor's line, with the key where that mends it first.
fn at_cursor(problem: &Problem, is_next: bool, room: usize, theme: &Theme) -> Vec<Line<'static>> {
    let style = theme.level(level(problem.severity));
    let message = fit(&problem.message, room.saturating_sub(2), Align::Left, theme.cut());
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{} ", sign(problem.severity, theme)), style),
        Span::styled(message.into_owned(), theme.text()),
    ])];
    let is_fix = |spec: &&CommandSpec| spec.action == Action::Editor(EditorAction::Fix);
    let key = all().find(is_fix).and_then(|spec| spec.keys.first()).copied().unwrap_or_default();
    if let (true, Some(fix)) = (is_next, &problem.fix) {
        lines.push(Line::from(vec![
            Span::styled(format!("  {key}"), theme.accent()),
            Span::styled(format!(" {}", safe_line(&fix.title)), theme.text()),
        ]));
    }
    lines
}

/// A problem of another place, with its line.
fn elsewhere(problem: &Problem, theme: &Theme) -> Line<'static> {
    let style = theme.level(level(problem.severity));
    Line::from(vec![
        Span::styled(format!("{} ", sign(problem.severity, theme)), style),
        Span::styled(format!("line {}: ", problem.place.line + 1), theme.dim()),
        Span::styled(safe_line(&problem.message).into_owned(), theme.text()),
    ])
}
