//! The editor: its frame, the text, help and problems, what can be chosen, what is asked.

mod aside;
mod popup;
mod text;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use crate::app::{Editor, EditorAsk};
use crate::manifest::Severity;
use crate::model::safe_text::safe_line;
use crate::model::state::Level;

use super::overlay::draw_prompt;
use super::table::{Align, fit};
use super::theme::Theme;

/// Draws the editor between header and footer; returns where the terminal's cursor stands.
pub(super) fn draw(
    buffer: &mut Buffer,
    screen: Rect,
    footer: Rect,
    editor: &Editor,
    theme: &Theme,
) -> Option<Position> {
    let layout = editor.layout();
    // Between a resize and the message of it the frame is already of the new size.
    if layout.outer.is_empty() || layout.outer.intersection(screen) != layout.outer {
        return None;
    }
    Clear.render(layout.outer, buffer);
    frame(buffer, layout.outer, editor, theme);
    if !layout.rule.is_empty() {
        rule(buffer, layout.rule, layout.is_wide, theme);
    }
    let cursor = text::draw(buffer, layout.gutter, layout.text, editor, theme);
    aside::draw(buffer, layout.aside, layout.is_wide, editor, theme);
    if let Some(list) = editor.popup() {
        popup::draw(buffer, layout.outer, layout.text, editor, list, theme);
    }
    below(buffer, footer, editor, theme).or(cursor)
}

/// Border and titles: what is edited, whether it was changed, what is wrong with it, where the cursor is.
fn frame(buffer: &mut Buffer, area: Rect, editor: &Editor, theme: &Theme) {
    let right = counts(editor, theme);
    let room = usize::from(area.width).saturating_sub(right.width() + 6);
    let title = fit(&editor.title, room, Align::Left, theme.cut());
    let (line, column) = editor.cursor();
    let place = format!(" {}:{} ", line + 1, column + 1);
    Block::bordered()
        .border_set(theme.border())
        .border_style(theme.accent())
        .title(Line::styled(format!(" {title} "), theme.strong()))
        .title(right.right_aligned())
        .title_bottom(Line::styled(place, theme.text()).right_aligned())
        .render(area, buffer);
}

/// How many problems there are of each severity.
fn counts(editor: &Editor, theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for (severity, word) in [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")] {
        let count = editor.problems().iter().filter(|problem| problem.severity == severity).count();
        if count > 0 {
            let ending = if count == 1 { "" } else { "s" };
            let comma = if spans.is_empty() { "" } else { ", " };
            spans.push(Span::styled(comma, theme.text()));
            spans.push(Span::styled(format!("{count} {word}{ending}"), theme.level(level(severity))));
        }
    }
    if spans.is_empty() && editor.is_changed() {
        spans.push(Span::styled("changed", theme.text()));
    }
    if !spans.is_empty() {
        spans.insert(0, Span::raw(" "));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

const fn level(severity: Severity) -> Level {
    match severity {
        Severity::Error => Level::Broken,
        Severity::Warning => Level::Warning,
        Severity::Note => Level::Waiting,
    }
}

/// The sign of a severity; one column.
const fn sign(severity: Severity, theme: &Theme) -> &'static str {
    match severity {
        Severity::Error | Severity::Warning => theme.sign(level(severity)),
        Severity::Note if theme.has_unicode() => "·",
        Severity::Note => ".",
    }
}

fn rule(buffer: &mut Buffer, area: Rect, is_wide: bool, theme: &Theme) {
    let border = theme.border();
    let symbol = if is_wide { border.vertical_left } else { border.horizontal_top };
    for position in area.positions() {
        buffer[position].set_symbol(symbol).set_style(theme.dim());
    }
}

/// What is asked, or told of the last key, in place of the keys; returns where the cursor stands in it.
fn below(buffer: &mut Buffer, area: Rect, editor: &Editor, theme: &Theme) -> Option<Position> {
    let told = editor.notice.as_deref().map(|notice| (safe_line(notice), theme.level(Level::Warning)));
    let Some(asking) = editor.asking() else {
        let (words, style) = told?;
        Clear.render(area, buffer);
        let room = area.width.saturating_sub(2);
        buffer.set_stringn(area.x + 1, area.y, fit(&words, room.into(), Align::Left, theme.cut()), room.into(), style);
        return None;
    };
    Clear.render(area, buffer);
    let (words, style) = told.unwrap_or((asking.ask.hint().into(), theme.dim()));
    let cursor = draw_prompt(buffer, area, asking.ask.sign(), &asking.prompt, theme);
    let room = usize::from(area.right().saturating_sub(cursor.x)).saturating_sub(2);
    let words = fit(&words, room, Align::Left, theme.cut());
    buffer.set_stringn(area.right() - words.width() as u16 - 1, area.y, &words, room, style);
    (asking.ask != EditorAsk::EachMatch).then_some(cursor)
}
