//! The Why pane: the cause, the chain of objects that leads to it, and what fixes it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::App;
use crate::command::Pane;
use crate::view::page::draw_rows;
use crate::view::theme::Theme;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    draw_rows(buffer, area, &app.why.page, app.focus == Pane::Why, theme);
}

/// What its keys do.
pub(super) fn marks(app: &App, theme: &Theme, room: usize) -> Vec<(String, Style)> {
    let fits = |text: &&str| app.why.is_problem && text.len() + 2 <= room;
    let text = ["x all, fix by number", "x all"].into_iter().find(fits);
    text.map(|text| (text.to_owned(), theme.dim())).into_iter().collect()
}
