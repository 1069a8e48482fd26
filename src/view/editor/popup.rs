//! The list of what can be typed at the cursor: below it, or above where there is more room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use crate::app::{Editor, Popup, column_of};
use crate::model::safe_text::safe_line;
use crate::view::table::{Align, fit};
use crate::view::theme::Theme;

/// Rows of the list at most.
const HIGHEST: usize = 8;

/// Columns of the list at most.
const WIDEST: usize = 60;

/// Draws the list within the editor's frame.
pub(super) fn draw(buffer: &mut Buffer, outer: Rect, text: Rect, editor: &Editor, popup: &Popup, theme: &Theme) {
    let (line, _) = editor.cursor();
    let y = text.y + u16::try_from(line.saturating_sub(editor.top)).unwrap_or(0).min(text.height.saturating_sub(1));
    let Some(area) = place(outer, text, y, editor, popup) else { return };
    Clear.render(area, buffer);
    let block = Block::bordered().border_set(theme.border()).border_style(theme.accent());
    let inner = block.inner(area);
    block.render(area, buffer);
    let rows = usize::from(inner.height);
    let top = (popup.at + 1).saturating_sub(rows);
    for ((index, one), y) in popup.shown().enumerate().skip(top).zip(inner.y..inner.bottom()) {
        let is_chosen = index == popup.at;
        let room = usize::from(inner.width).saturating_sub(1);
        let mark = if is_chosen { theme.cursor_mark() } else { " " };
        buffer.set_stringn(inner.x, y, mark, 1, theme.accent());
        let style = if is_chosen { theme.accent() } else { theme.text() };
        let label = fit(&one.label, room, Align::Left, theme.cut());
        buffer.set_stringn(inner.x + 1, y, &label, room, style);
        let used = label.width() + 2;
        let detail = fit(&one.detail, room.saturating_sub(used), Align::Left, theme.cut());
        buffer.set_stringn(inner.x + 1 + used as u16, y, &detail, room.saturating_sub(used), theme.dim());
    }
}

/// Where the list is; None where there is no room for one row of it. The text that is typed stays in sight.
fn place(outer: Rect, text: Rect, y: u16, editor: &Editor, popup: &Popup) -> Option<Rect> {
    let width = |one: &str| safe_line(one).width();
    let widest = popup.shown().map(|one| width(&one.label) + 2 + width(&one.detail)).max()?;
    let width = (widest.min(WIDEST) as u16 + 3).min(text.width);
    let (below, above) = (outer.bottom().saturating_sub(y + 1), y.saturating_sub(outer.y));
    let wanted = popup.shown().len().min(HIGHEST) as u16 + 2;
    let is_below = below >= wanted || below >= above;
    let height = wanted.min(if is_below { below } else { above });
    let line = editor.lines().get(editor.cursor().0)?;
    let column = column_of(line, popup.column()).saturating_sub(editor.left) as u16;
    // The labels stand under what they replace.
    let x = (text.x + column).saturating_sub(2).min(text.right() - width).max(outer.x);
    let y = if is_below { y + 1 } else { y - height };
    (height > 2 && width > 4).then_some(Rect { x, y, width, height })
}
