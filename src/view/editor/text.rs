//! The text with its margin: signs, numbers, colours, what is selected, found or wrong.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use crate::app::{Blocks, Class, Editor, Glyph, classes, column_of, glyphs};
use crate::model::state::Level;
use crate::view::theme::Theme;

use super::{level, sign};

/// Draws the lines that are on screen; returns where the cursor stands.
pub(super) fn draw(buffer: &mut Buffer, gutter: Rect, text: Rect, editor: &Editor, theme: &Theme) -> Option<Position> {
    let mut blocks = Blocks::before(editor.lines(), editor.top);
    let lines = editor.lines().iter().enumerate().skip(editor.top);
    for ((number, line), y) in lines.zip(text.y..text.bottom()) {
        let is_block = blocks.next(line);
        margin(buffer, Rect { y, height: 1, ..gutter }, number, editor, theme);
        if editor.left > 0 && !line.is_empty() {
            buffer.set_stringn(gutter.right().saturating_sub(1), y, theme.cut(), 1, theme.dim());
        }
        row(buffer, Rect { y, height: 1, ..text }, number, is_block, editor, theme);
    }
    let (line, column) = editor.cursor();
    let column = column_of(editor.lines().get(line)?, column).checked_sub(editor.left)?;
    let (x, y) = (u16::try_from(column).ok()?, u16::try_from(line.checked_sub(editor.top)?).ok()?);
    let position = Position::new(text.x.saturating_add(x), text.y.saturating_add(y));
    text.contains(position).then_some(position)
}

/// The sign of a line, worst first, and its number.
fn margin(buffer: &mut Buffer, area: Rect, line: usize, editor: &Editor, theme: &Theme) {
    let (symbol, style) = if let Some(severity) = editor.severity(line) {
        (sign(severity, theme), theme.level(level(severity)))
    } else if editor.frozen(line).is_some() {
        ("=", theme.dim())
    } else if editor.is_new(line) {
        (theme.new_line(), theme.level(Level::Running))
    } else {
        (" ", theme.text())
    };
    let width = usize::from(area.width);
    buffer.set_stringn(area.x, area.y, symbol, width, style);
    let style = if line == editor.cursor().0 { theme.strong() } else { theme.dim() };
    let number = format!("{:>digits$}", line + 1, digits = width.saturating_sub(3));
    buffer.set_stringn(area.x.saturating_add(1), area.y, number, width.saturating_sub(1), style);
}

fn row(buffer: &mut Buffer, area: Rect, number: usize, is_block: bool, editor: &Editor, theme: &Theme) {
    let line = editor.lines()[number].as_str();
    let (left, right) = (editor.left, editor.left + usize::from(area.width));
    // One more than there is room for: it tells that the line goes on.
    let shown = glyphs(line, left, right + 1);
    let end_of = |glyph: &Glyph| glyph.column + glyph.width;
    let last = shown.last().map_or(left, end_of);
    let is_cut = last > right;
    if area.is_empty() {
        return;
    }
    let text = if is_cut { up_to(line, shown.last().map_or(0, |last| last.at + 1)) } else { line };
    let parts = classes(text, is_block);
    for glyph in &shown {
        draw_glyph(buffer, area, left, glyph, style(glyph, &parts, theme));
    }
    for (marked, style) in marks(text, number, editor, theme) {
        for glyph in shown.iter().filter(|glyph| marked.contains(&glyph.at)) {
            let start = glyph.column.saturating_sub(left);
            let width = end_of(glyph).saturating_sub(left + start);
            let place = Rect { x: area.x + start as u16, width: width as u16, ..area };
            buffer.set_style(place.intersection(area), style);
        }
    }
    if is_cut {
        // The cursor never stands there.
        buffer.set_stringn(area.right() - 1, area.y, theme.cut(), 1, theme.dim());
    } else if editor.selection().is_some_and(|(start, end)| (start.0..end.0).contains(&number)) {
        // A selected line break is a selected blank.
        let place = Rect { x: area.x + last.saturating_sub(left) as u16, width: 1, ..area };
        buffer.set_style(place.intersection(area), theme.hit(true));
    }
}

/// The first characters of a line.
fn up_to(line: &str, characters: usize) -> &str {
    line.char_indices().nth(characters).map_or(line, |(at, _)| &line[..at])
}

/// What stands out in a line, in characters: what is wrong, what is found, what is selected.
fn marks(text: &str, number: usize, editor: &Editor, theme: &Theme) -> Vec<(Range<usize>, Style)> {
    let wrong = editor.problems().iter().filter(|problem| problem.place.line == number).map(|problem| {
        let style = theme.level(level(problem.severity)).add_modifier(Modifier::UNDERLINED);
        (problem.place.column..problem.place.end_column, style)
    });
    let column = |byte: usize| text[..byte].chars().count();
    let hits = editor.hits(text).into_iter().map(|hit| (column(hit.start)..column(hit.end), theme.hit(false)));
    let selected = editor.selection().filter(|(start, end)| (start.0..=end.0).contains(&number));
    let selected = selected.map(|(start, end)| {
        let from = if start.0 == number { start.1 } else { 0 };
        let to = if end.0 == number { end.1 } else { usize::MAX };
        (from..to, theme.hit(true))
    });
    wrong.chain(hits).chain(selected).collect()
}

/// The style of a character of the text.
fn style(glyph: &Glyph, parts: &[(Range<usize>, Class)], theme: &Theme) -> Style {
    let part = parts.iter().find(|(range, _)| range.contains(&glyph.at));
    part.map_or(theme.text(), |(_, class)| theme.syntax(*class))
}

/// One glyph; of one that the edge of the area cuts, blanks.
fn draw_glyph(buffer: &mut Buffer, area: Rect, left: usize, glyph: &Glyph, style: Style) {
    let room = usize::from(area.width);
    let (start, end) = (glyph.column.saturating_sub(left), (glyph.column + glyph.width).saturating_sub(left));
    let x = area.x + start.min(room) as u16;
    if glyph.column >= left && end <= room {
        buffer.set_stringn(x, area.y, &glyph.text, end - start, style);
    } else {
        buffer.set_stringn(x, area.y, " ".repeat(end - start), room - start.min(room), style);
    }
}
