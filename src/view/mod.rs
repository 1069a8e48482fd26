//! Drawing: from `&App` to a frame. Changes nothing, asks nothing, keeps nothing.

mod chrome;
mod dialog;
mod editor;
mod overlay;
mod page;
mod pane;
mod table;
pub mod theme;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::app::{App, SMALLEST};
use theme::Theme;

/// Draws the whole screen.
pub fn draw(frame: &mut Frame<'_>, app: &App, theme: &Theme) {
    let area = frame.area();
    let Some(layout) = app.layout() else {
        too_small(frame, area);
        return;
    };
    // Between a resize and the message of it the frame is already of the new size.
    if layout.header.width != area.width || layout.footer.bottom() != area.height {
        return;
    }
    chrome::header(frame.buffer_mut(), layout.header, app, theme);
    if let Some(tabs) = layout.tabs {
        chrome::tabs(frame.buffer_mut(), tabs, app, theme);
    }
    for (pane, area) in &layout.panes {
        pane::draw(frame.buffer_mut(), *area, *pane, app, theme);
    }
    chrome::footer(frame.buffer_mut(), layout.footer, app, theme);
    if let Some(cursor) = overlay::draw(frame.buffer_mut(), area, layout.footer, app, theme) {
        frame.set_cursor_position(cursor);
    }
    if !theme.has_unicode() {
        keep_ascii(frame.buffer_mut());
    }
}

/// Leaves nothing on screen but ASCII, each cell as wide as it was. A terminal that reads single bytes takes those of
/// other characters for its own: `\x9b`, the second byte of `Û`, begins a control sequence there.
fn keep_ascii(buffer: &mut Buffer) {
    for cell in buffer.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
        let ascii = match cell.symbol().chars().next() {
            // `^[` is what terminals show for an escape; the picture of one stands for it here.
            Some('\u{2400}'..='\u{2424}') => "^",
            Some('…') => "~",
            Some('·') => ".",
            Some('–' | '—') => "-",
            Some('│' | '├') => "|",
            Some('└') => "`",
            Some('━') => "=",
            Some('→' | '▸') => ">",
            Some('‘' | '’') => "'",
            Some('×') => "x",
            _ => "?",
        };
        cell.set_symbol(ascii);
    }
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let (width, height) = SMALLEST;
    let line = Line::raw(format!("kubatch needs {width}x{height}"));
    line.render(Rect { height: area.height.min(1), ..area }, frame.buffer_mut());
}

#[cfg(test)]
mod tests;
