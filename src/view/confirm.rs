//! The question before something is written: where, to what, with which effect.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use crate::app::{Confirm, capital};
use crate::model::state::Level;

use super::pane::wrap;
use super::table::{Align, fit};
use super::theme::Theme;

/// Columns of the words at the left.
const NAMES: usize = 11;

/// Effects shown at most; a person reads no more, and the count is in the title.
const EFFECTS: usize = 8;

/// Draws the question in the middle of the screen.
pub(super) fn draw(buffer: &mut Buffer, screen: Rect, confirm: &Confirm, theme: &Theme) {
    let plan = &confirm.plan;
    let width = screen.width.saturating_sub(4).min(76);
    let room = usize::from(width).saturating_sub(NAMES + 4);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut row = |name: &str, text: &str, style| {
        for (at, part) in wrap(text, room).into_iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            let part = fit(&part, room, Align::Left, theme.cut()).into_owned();
            lines.push(Line::from(vec![
                Span::styled(format!(" {name:NAMES$}"), theme.dim()),
                Span::styled(part, style),
            ]));
        }
    };
    row("context", &confirm.context, theme.strong());
    row("namespace", &plan.namespaces.join(", "), theme.strong());
    let style = if plan.is_dangerous { theme.level(Level::Warning) } else { theme.text() };
    for (at, effect) in plan.effects.iter().take(EFFECTS).enumerate() {
        row(if at == 0 { "effect" } else { "" }, effect, style);
    }
    if plan.effects.len() > EFFECTS {
        row("", &format!("and {} more like these", plan.effects.len() - EFFECTS), style);
    }
    for warning in plan.warnings.iter().take(EFFECTS) {
        row("note", warning, theme.level(Level::Warning));
    }
    // Borders, answers, and a blank above and below where there is room.
    let blanks = if lines.len() + 5 <= usize::from(screen.height) { 1 } else { 0 };
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(3 + 2 * blanks).min(screen.height);
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 3, width, height);
    Clear.render(area, buffer);
    let title = format!("{} {}?", capital(plan.verb), plan.targets);
    let title = fit(&title, room, Align::Left, theme.cut());
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(if plan.is_dangerous { theme.level(Level::Warning) } else { theme.accent() })
        .title(Line::styled(format!(" {title} "), theme.strong()));
    let inner = block.inner(area);
    block.render(area, buffer);
    // The answers stand in the last row, whatever else has to go for want of room, and what went leaves a sign.
    let rows = usize::from(inner.height.saturating_sub(1 + 2 * blanks));
    if lines.len() > rows && rows > 0 {
        lines.truncate(rows - 1);
        lines.push(Line::styled(format!(" {} there is more than fits here", theme.cut()), theme.level(Level::Warning)));
    }
    for (y, line) in (inner.y + blanks..inner.bottom()).zip(&lines) {
        line.render(Rect { y, height: 1, ..inner }, buffer);
    }
    let answers = answers(plan.verb, plan.is_dangerous, theme);
    answers.render(Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner }, buffer);
}

fn answers(verb: &str, is_dangerous: bool, theme: &Theme) -> Line<'static> {
    let (yes, no) = if is_dangerous { ("y", "enter esc n") } else { ("enter y", "esc n") };
    let span = |key: &str, words: String| {
        [Span::styled(format!(" {key}"), theme.accent()), Span::styled(format!(" {words}  "), theme.text())]
    };
    Line::from_iter(span(yes, verb.to_owned()).into_iter().chain(span(no, "cancel".to_owned())))
}
