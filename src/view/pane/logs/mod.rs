//! The Logs pane: the rows that the app has laid out, or why there are none.

mod empty;
mod row;
mod title;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{App, ShownLine};
use crate::command::Pane;
use crate::view::theme::Theme;

pub(super) use title::marks;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let logs = &app.logs;
    let Some(shelf) = logs.shelf().filter(|_| !logs.rows.is_empty()) else {
        return empty::draw(buffer, area, app, theme);
    };
    // A line that fills several rows is made once.
    let mut last: Option<(usize, ShownLine)> = None;
    for (y, row) in (area.y..area.bottom()).zip(&logs.rows) {
        let area = Rect { y, height: 1, ..area };
        match shelf.store.line(row.line) {
            Some(line) if line.class.is_mark() => row::draw_mark(buffer, area, app, (shelf, row.line, &line), theme),
            Some(line) => {
                let made = last.take().filter(|(number, _)| *number == row.line).map(|(_, shown)| shown);
                if let Some(shown) = made.or_else(|| logs.shown(row.line)) {
                    row::draw_line(buffer, area, app, (shelf, *row, &line), &shown, theme);
                    last = Some((row.line, shown));
                }
            }
            // It was written away and is being fetched.
            None => drop(buffer.set_stringn(area.x + 1, y, theme.cut(), 1, theme.dim())),
        }
        mark_row(buffer, area, app, row.line, theme);
    }
}

/// What stands before a row that is under the cursor or was marked by hand.
fn mark_row(buffer: &mut Buffer, area: Rect, app: &App, line: usize, theme: &Theme) {
    let (is_cursor, is_marked) = (app.logs.cursor() == Some(line), app.logs.is_marked(line));
    let is_focused = app.focus == Pane::Logs;
    let sign = match (is_cursor, is_marked) {
        (false, false) => return,
        (true, false) => theme.cursor_mark(),
        (_, true) => theme.mark(is_cursor),
    };
    buffer.set_stringn(area.x, area.y, sign, area.width.into(), if is_focused { theme.accent() } else { theme.dim() });
    buffer.set_style(area, theme.cursor(is_focused));
}
