//! Boxes over the dashboard: a write before it is sent, and the words that a command needs.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use crate::app::{Ask, Review};
use crate::command::{Action, CommandSpec, REVIEW, ReviewAction, all};
use crate::model::state::Level;

use super::overlay::draw_prompt;
use super::page::draw_row;
use super::pane::wrap;
use super::table::{Align, fit};
use super::theme::Theme;

/// The widest line in which words are typed, in columns.
const WIDEST: u16 = 100;

/// Draws a write before it is sent; returns where the terminal's cursor stands while a name is typed.
pub(super) fn draw_review(buffer: &mut Buffer, screen: Rect, review: &Review, theme: &Theme) -> Option<Position> {
    let has_prompt = u16::from(review.prompt.is_some());
    let rows = u16::try_from(review.page.rows().len()).unwrap_or(u16::MAX);
    let area = place(screen, review.width(screen.width), rows.saturating_add(4 + has_prompt));
    let style = if review.plan.is_dangerous { theme.level(Level::Warning) } else { theme.accent() };
    let inner = frame(buffer, area, &review.title(), style, theme);
    let shown = usize::from(inner.height.saturating_sub(2 + has_prompt));
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    for (y, row) in (text.y..).zip(review.page.rows().iter().skip(review.page.top).take(shown)) {
        draw_row(buffer, Rect { y, height: 1, ..text }, &review.page, row, theme);
    }
    let below = review.page.rows().len().saturating_sub(review.page.top + shown);
    if below > 0 {
        let lines = if below == 1 { "line" } else { "lines" };
        let words = format!(" {below} more {lines}, j ");
        let x = area.right().saturating_sub(words.len() as u16 + 2);
        buffer.set_stringn(x, area.bottom().saturating_sub(1), words, area.width.into(), theme.strong());
    }
    let last = inner.bottom().saturating_sub(1);
    answers(review, theme, text.width).render(Rect { y: last, height: 1, ..inner }, buffer);
    let prompt = review.prompt.as_ref()?;
    let line = Rect { y: last.saturating_sub(1), height: 1, ..inner };
    Some(draw_prompt(buffer, line, "type the context's name:", prompt, theme))
}

/// The keys that do something now, as many as there is room for.
fn answers(review: &Review, theme: &Theme, room: u16) -> Line<'static> {
    let action = |spec: &CommandSpec| match spec.action {
        Action::Review(action) => Some(action),
        _ => None,
    };
    let mut specs: Vec<_> = all().filter(|spec| REVIEW.contains(&spec.scope) && spec.footer.is_some()).collect();
    specs.sort_by_key(|spec| spec.footer);
    let mut line = Line::default();
    for spec in specs {
        let Some(action) = action(spec).filter(|action| review.why_not(*action).is_none()) else { continue };
        // Enter and y do the same: one of them is told.
        let is_told = action == ReviewAction::Yes && review.why_not(ReviewAction::Confirm).is_none();
        if is_told || (review.prompt.is_some() && action == ReviewAction::Yes) {
            continue;
        }
        let words = match action {
            ReviewAction::Confirm | ReviewAction::Yes => review.plan.verb.plain,
            _ => spec.title,
        };
        let spans = [
            Span::styled(format!(" {}", review.key(spec.keys.first().copied().unwrap_or_default())), theme.accent()),
            Span::styled(format!(" {words} "), theme.text()),
        ];
        if line.width() + spans.iter().map(Span::width).sum::<usize>() > usize::from(room) {
            break;
        }
        line.extend(spans);
    }
    line
}

/// Draws the line in which words are typed, and what they would do; returns where the terminal's cursor stands.
pub(super) fn draw_ask(buffer: &mut Buffer, screen: Rect, ask: &Ask, theme: &Theme) -> Position {
    let width = screen.width.saturating_sub(4).min(WIDEST);
    let room = usize::from(width).saturating_sub(4);
    let (told, style) = match &ask.told {
        Ok(effects) => (effects.as_slice(), theme.text()),
        Err(why) => (std::slice::from_ref(why), theme.level(Level::Warning)),
    };
    let rows: Vec<String> = told.iter().take(20).flat_map(|text| wrap(text, room)).collect();
    // Room for a longer sentence, so that the box does not jump with each key.
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).max(4).saturating_add(5);
    let area = place(screen, width, height);
    let inner = frame(buffer, area, &ask.title, theme.accent(), theme);
    for (y, text) in (inner.y + 2..inner.bottom().saturating_sub(1)).zip(&rows) {
        buffer.set_stringn(inner.x + 1, y, fit(text, room, Align::Left, theme.cut()), room, style);
    }
    let keys = Line::from_iter([
        Span::styled(" enter", theme.accent()),
        Span::styled(" look at it ", theme.text()),
        Span::styled(" esc", theme.accent()),
        Span::styled(" cancel", theme.text()),
    ]);
    keys.render(Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner }, buffer);
    draw_prompt(buffer, Rect { height: 1, ..inner }, ">", &ask.prompt, theme)
}

/// A box of this size in the upper middle of the screen, smaller where the screen is.
fn place(screen: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    Rect::new((screen.width - width) / 2, (screen.height - height) / 3, width, height)
}

/// Draws the frame of a box; returns what is inside it.
fn frame(buffer: &mut Buffer, area: Rect, title: &str, style: Style, theme: &Theme) -> Rect {
    Clear.render(area, buffer);
    let room = usize::from(area.width).saturating_sub(6);
    let title = fit(title, room, Align::Left, theme.cut());
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(style)
        .title(Line::styled(format!(" {title} "), theme.strong()));
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}
