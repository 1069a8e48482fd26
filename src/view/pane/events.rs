//! The Events pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::command::Pane;
use crate::model::event::Event;
use crate::model::state::Level;
use crate::view::table::{Align, Cell, Column, Width};
use crate::view::theme::Theme;

use super::{age, draw_list};

const fn column(title: &'static str, width: Width, align: Align, from: u16) -> Column {
    Column { title, width, align, from }
}

const COLUMNS: [Column; 6] = [
    column("AGE", Width::Fixed(4), Align::Right, 0),
    column("", Width::Fixed(1), Align::Left, 0),
    column("REASON", Width::Fixed(20), Align::Left, 0),
    column("", Width::Fixed(4), Align::Right, 40),
    column("ABOUT", Width::Share(1, 12), Align::Name, 84),
    column("MESSAGE", Width::Share(3, 6), Align::Left, 36),
];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let calm = if app.subject().is_none() { "choose an object to see its events" } else { "no events" };
    draw_list(buffer, area, (Pane::Events, app, theme), &COLUMNS, calm, |uid| {
        app.snapshot.events.get(uid).map(|event| cells(app, event, theme))
    });
}

fn cells<'a>(app: &'a App, event: &'a Event, theme: &Theme) -> Vec<Cell<'a>> {
    let style = if event.is_warning { theme.level(Level::Warning) } else { theme.text() };
    let sign = if event.is_warning { theme.sign(Level::Warning) } else { "" };
    let count = if event.count > 1 { format!("x{}", event.count) } else { String::new() };
    vec![
        Cell(age(app, event.last).into(), theme.dim()),
        Cell(sign.into(), style),
        Cell(event.reason.as_str().into(), style),
        Cell(count.into(), style),
        Cell(event.about_name.as_str().into(), theme.dim()),
        Cell(event.note.as_str().into(), theme.text()),
    ]
}
