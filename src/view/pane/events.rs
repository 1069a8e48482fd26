//! The Events pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{App, Column as FieldName};
use crate::command::Pane;
use crate::model::event::Event;
use crate::model::meta::Object;
use crate::model::state::Level;
use crate::view::table::{Align, Cell, Column, Field, Width};
use crate::view::theme::Theme;

use super::{draw_list, text_cell};

const COLUMNS: [Column; 6] = [
    Column::text(FieldName::Age, Width::Fixed(4), Align::Right, 0),
    Column::SIGN,
    Column::text(FieldName::Reason, Width::Content(6, 24), Align::Left, 0),
    Column { title: "", ..Column::text(FieldName::Seen, Width::Content(2, 6), Align::Right, 40) },
    Column::text(FieldName::About, Width::Content(8, 36), Align::Name, 84),
    Column { title: "MESSAGE", ..Column::text(FieldName::Why, Width::Rest(18), Align::Left, 36) },
];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let calm = if app.subject().is_none() { "choose an object to see its events" } else { "no events" };
    draw_list(buffer, area, (Pane::Events, app, theme), &COLUMNS, calm, |uid, shown| {
        app.snapshot.events.get(uid).map(|event| cells(app, event, theme, shown))
    });
}

fn cells<'a>(app: &'a App, event: &'a Event, theme: &Theme, shown: &[Column]) -> Vec<Cell<'a>> {
    let style = if event.is_warning { theme.level(Level::Warning) } else { theme.text() };
    let sign = if event.is_warning { theme.sign(Level::Warning) } else { "" };
    let cell = |column: &Column| match column.field {
        Field::Sign => Cell::Text(sign.into(), style),
        Field::Text(FieldName::Age | FieldName::About) => {
            text_cell(app, Pane::Events, event.uid(), column, theme.dim())
        }
        Field::Text(FieldName::Why) => text_cell(app, Pane::Events, event.uid(), column, theme.text()),
        _ => text_cell(app, Pane::Events, event.uid(), column, style),
    };
    shown.iter().map(cell).collect()
}
