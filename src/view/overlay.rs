//! What lies over the dashboard: palette, filter line, pages of text.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use crate::app::{App, Overlay, Page, Palette, Prompt};
use crate::command::all;
use crate::model::safe_text::safe_line;
use crate::model::state::Level;

use super::table::{Align, fit, last_columns};
use super::theme::Theme;

/// Draws the overlay, if there is one; returns where the terminal's cursor stands while text is typed.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, footer: Rect, app: &App, theme: &Theme) -> Option<Position> {
    match app.overlay.as_ref()? {
        Overlay::Palette(palette) => Some(draw_palette(buffer, area, palette, theme)),
        Overlay::Filter { prompt, .. } => {
            Clear.render(footer, buffer);
            let cursor = draw_prompt(buffer, footer, "/", prompt, theme);
            let problem = app.list(app.focus).and_then(|list| list.filter.problem());
            if let Some(problem) =
                problem.filter(|problem| problem.width() + 2 < usize::from(footer.right() - cursor.x))
            {
                let x = footer.right() - problem.width() as u16 - 1;
                buffer.set_stringn(x, footer.y, problem, problem.width(), theme.level(Level::Warning));
            }
            Some(cursor)
        }
        Overlay::Page(page) => {
            draw_page(buffer, area, page, theme);
            None
        }
    }
}

/// A line under edit behind its sign; a long one is shown by its end.
fn draw_prompt(buffer: &mut Buffer, area: Rect, sign: &str, prompt: &Prompt, theme: &Theme) -> Position {
    let room = usize::from(area.width).saturating_sub(sign.width() + 3);
    let at = prompt.text().char_indices().nth(prompt.cursor()).map_or(prompt.text().len(), |(at, _)| at);
    let (before, after) = prompt.text().split_at(at);
    let (before, after) = (safe_line(before), safe_line(after));
    let before = last_columns(&before, room);
    let sign = Span::styled(format!(" {sign} "), theme.accent());
    let cursor = area.x + (sign.width() + before.width()) as u16;
    let line = Line::from(vec![sign, Span::raw(before), Span::raw(after)]);
    line.render(Rect { height: 1, ..area }, buffer);
    Position::new(cursor.min(area.right().saturating_sub(1)), area.y)
}

fn draw_palette(buffer: &mut Buffer, screen: Rect, palette: &Palette, theme: &Theme) -> Position {
    let width = screen.width.saturating_sub(4).min(100);
    let height = screen.height.saturating_sub(2).min(18);
    let area = Rect::new(screen.x + (screen.width - width) / 2, screen.y + 1, width, height);
    Clear.render(area, buffer);
    let block = Block::bordered().border_set(theme.border()).border_style(theme.accent());
    let inner = block.inner(area);
    block.render(area, buffer);
    let cursor = draw_prompt(buffer, inner, ":", &palette.prompt, theme);
    let rows = usize::from(inner.height.saturating_sub(2));
    let top = (palette.at + 1).saturating_sub(rows);
    for (index, entry) in palette.entries.iter().enumerate().skip(top).take(rows) {
        let y = inner.y + 2 + (index - top) as u16;
        let is_chosen = index == palette.at;
        let mark = if is_chosen { theme.cursor_mark() } else { " " };
        let style = if is_chosen { theme.accent() } else { theme.text() };
        let key = key_of(&entry.choice);
        let room = usize::from(inner.width).saturating_sub(key.width() + 4);
        let text = fit(&entry.label, room, Align::Left, theme.cut());
        buffer.set_stringn(inner.x, y, mark, 1, theme.accent());
        buffer.set_stringn(inner.x + 1, y, text, inner.width.saturating_sub(1).into(), style);
        let x = inner.right().saturating_sub(key.width() as u16 + 1);
        buffer.set_stringn(x, y, key, key.width(), theme.dim());
    }
    if palette.entries.is_empty() && inner.height > 2 {
        buffer.set_stringn(inner.x + 1, inner.y + 2, "nothing is called so", inner.width.into(), theme.dim());
    }
    cursor
}

fn key_of(choice: &crate::app::Choice) -> &'static str {
    match choice {
        crate::app::Choice::Run(id, _) => {
            all().find(|spec| spec.id == *id).and_then(|spec| spec.keys.first()).copied().unwrap_or_default()
        }
        crate::app::Choice::Jump(..) => "go to",
        crate::app::Choice::Context(_) | crate::app::Choice::Namespace(_) => "switch",
    }
}

fn draw_page(buffer: &mut Buffer, screen: Rect, page: &Page, theme: &Theme) {
    let area = screen.inner(Margin::new(0, 1));
    Clear.render(area, buffer);
    let title =
        Line::from(format!(" {} ", fit(&page.title, screen.width.saturating_sub(24).into(), Align::Left, theme.cut())));
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.accent())
        .title(title.style(theme.strong()))
        .title(Line::styled(" esc close ", theme.dim()).right_aligned());
    let inner = block.inner(area);
    block.render(area, buffer);
    let Some(lines) = &page.lines else {
        buffer.set_stringn(inner.x + 1, inner.y, "fetching", inner.width.into(), theme.dim());
        return;
    };
    for (y, line) in (inner.y..inner.bottom()).zip(lines.iter().skip(page.top)) {
        let text = fit(line, inner.width.saturating_sub(2).into(), Align::Left, theme.cut());
        buffer.set_stringn(inner.x + 1, y, text, inner.width.into(), theme.text());
    }
}
