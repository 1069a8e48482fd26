//! A page of text: its rows, the matches of a search, where in it one reads.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use crate::app::{Page, Role, Row};

use super::overlay::draw_prompt;
use super::table::{Align, fit};
use super::theme::Theme;

/// Draws the page between header and footer; returns where the terminal's cursor stands while a search is typed.
pub(super) fn draw(buffer: &mut Buffer, screen: Rect, footer: Rect, page: &Page, theme: &Theme) -> Option<Position> {
    let area = screen.inner(Margin::new(0, 1));
    Clear.render(area, buffer);
    let place = place(page);
    let room = usize::from(area.width).saturating_sub(place.width() + 6);
    let title = fit(&page.title, room, Align::Left, theme.cut());
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.accent())
        .title(Line::styled(format!(" {title} "), theme.strong()))
        .title(Line::styled(place, theme.text()).right_aligned());
    let inner = block.inner(area);
    block.render(area, buffer);
    let text = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    if page.lines().is_none() {
        buffer.set_stringn(text.x, text.y, "fetching", text.width.into(), theme.dim());
    }
    draw_rows(buffer, text, page, true, theme);
    let prompt = page.search.prompt.as_ref()?;
    Clear.render(footer, buffer);
    Some(draw_prompt(buffer, footer, "/", prompt, theme))
}

/// Matches where something is looked for, else how far down one reads.
fn place(page: &Page) -> String {
    let search = &page.search;
    if !search.wanted.is_empty() {
        return match search.hits.len() {
            0 => " no match ".to_owned(),
            count => format!(" match {} of {count} ", search.at + 1),
        };
    }
    let lines = page.lines().map_or(0, <[_]>::len);
    if page.left > 0 {
        return format!(" from column {} ", page.left + 1);
    }
    let line = page.rows().get(page.top).map_or(0, |row| row.line + 1);
    if page.top == 0 { String::new() } else { format!(" line {line} of {lines} ") }
}

/// Draws the rows on screen; of lines that lead somewhere the one under the cursor is marked where the keys go there.
pub(super) fn draw_rows(buffer: &mut Buffer, area: Rect, page: &Page, is_focused: bool, theme: &Theme) {
    let cursor = page.cursor().filter(|_| is_focused);
    for (y, row) in (area.y..area.bottom()).zip(page.rows().iter().skip(page.top)) {
        let place = Rect { y, height: 1, ..area };
        draw_row(buffer, place, page, row, theme);
        if cursor == Some(row.line) {
            // The column before the text is free for it.
            buffer.set_stringn(area.x.saturating_sub(1), y, theme.cursor_mark(), 1, theme.accent());
            buffer.set_style(place, theme.cursor(true));
        }
    }
}

/// Draws a row of a page.
pub(super) fn draw_row(buffer: &mut Buffer, area: Rect, page: &Page, row: &Row, theme: &Theme) {
    let Some(line) = page.lines().and_then(|lines| lines.get(row.line)) else { return };
    let (left, style) = (page.left, style(line.role, theme));
    let whole = &line.text[row.start..row.end];
    // What is scrolled out at the left is not drawn; a wide character that is cut in half becomes a blank.
    let mut gone = 0;
    let start = whole.char_indices().find(|(at, _)| {
        gone = whole[..*at].width();
        gone >= left
    });
    let start = start.map_or(if left == 0 { 0 } else { whole.len() }, |(at, _)| at);
    let x = area.x.saturating_add((row.indent + gone.saturating_sub(left)) as u16);
    let room = area.right().saturating_sub(x);
    buffer.set_stringn(x, area.y, fit(&whole[start..], room.into(), Align::Left, theme.cut()), room.into(), style);
    if let (Role::Verdict(level) | Role::Signed(level), 0, 0) = (line.role, row.start, left) {
        buffer.set_stringn(area.x, area.y, theme.sign(level), 1, theme.level(level));
    }
    let shade = |buffer: &mut Buffer, from: usize, to: usize, style: Style| {
        let (from, to) = (from.max(row.start), to.min(row.end));
        if from >= to || !line.text.is_char_boundary(from) || !line.text.is_char_boundary(to) {
            return;
        }
        let column = |byte: usize| {
            u16::try_from((row.indent + whole[..byte - row.start].width()).saturating_sub(left)).unwrap_or(u16::MAX)
        };
        let place =
            Rect { x: area.x.saturating_add(column(from)), width: column(to).saturating_sub(column(from)), ..area };
        buffer.set_style(place.intersection(area), style);
    };
    for (part, role) in &line.parts {
        shade(buffer, part.start, part.end, self::style(*role, theme));
    }
    for (at, hit) in page.search.hits.iter().enumerate().filter(|(_, hit)| hit.line == row.line) {
        shade(buffer, hit.start, hit.end, theme.hit(at == page.search.at));
    }
}

fn style(role: Role, theme: &Theme) -> Style {
    match role {
        Role::Plain | Role::Signed(_) => theme.text(),
        Role::Heading => theme.strong(),
        Role::Dim => theme.dim(),
        Role::State(level) | Role::Verdict(level) => theme.level(level),
        Role::Key => theme.accent(),
        Role::Added => theme.added(),
        Role::Removed => theme.removed(),
        Role::Differs => theme.differs(),
    }
}
