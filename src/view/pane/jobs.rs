//! The Jobs pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{App, Column as FieldName};
use crate::command::Pane;
use crate::model::job::Job;
use crate::model::meta::Object;
use crate::model::state::Level;
use crate::view::table::{Align, Cell, Column, Field, Width};
use crate::view::theme::Theme;

use super::{draw_list, text_cell};

/// From this width on the bar is long enough to read eighths of it from afar.
const LONG_BAR_FROM: u16 = 110;

/// From this width on what ends by itself, and when, has a column of its own.
const ENDS_FROM: u16 = 150;

/// The columns; `bar` is the width of the bar that shows how many completions are there.
const fn columns(bar: u16) -> [Column; 11] {
    [
        Column::SIGN,
        Column::text(FieldName::Name, Width::Content(24, 63), Align::Name, 0),
        Column::text(FieldName::Namespace, Width::Content(14, 30), Align::Name, 86),
        Column::text(FieldName::Status, Width::Content(9, 11), Align::Left, 0),
        Column { title: "", field: Field::Bar, width: Width::Fixed(bar), align: Align::Left, from: 60 },
        Column::text(FieldName::Done, Width::Content(4, 11), Align::Right, 0),
        Column::text(FieldName::Fails, Width::Content(5, 9), Align::Right, 84),
        Column::text(FieldName::Time, Width::Fixed(4), Align::Right, 46),
        Column::text(FieldName::Age, Width::Fixed(4), Align::Right, 92),
        Column::text(FieldName::Ends, Width::Content(4, 14), Align::Left, ENDS_FROM),
        Column::text(FieldName::Why, Width::Rest(16), Align::Left, 60),
    ]
}

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let bar = if area.width < LONG_BAR_FROM { 4 } else { 8 };
    let columns = columns(bar);
    let many = app.has_many_namespaces();
    let columns: Vec<Column> =
        columns.into_iter().filter(|one| many || one.field != Field::Text(FieldName::Namespace)).collect();
    let calm = "no Jobs here; they appear by themselves";
    draw_list(buffer, area, (Pane::Jobs, app, theme), &columns, calm, |uid, shown| {
        app.snapshot.jobs.get(uid).map(|job| cells(app, job, theme, shown))
    });
}

fn cells<'a>(app: &'a App, job: &'a Job, theme: &Theme, shown: &[Column]) -> Vec<Cell<'a>> {
    let state = app.job_state(job);
    let style = theme.level(state.level);
    let is_running = state.level == Level::Running;
    let text = if state.level >= Level::Ending { theme.dim() } else { theme.text() };
    let has_ends = shown.iter().any(|column| column.field == Field::Text(FieldName::Ends));
    let told = |column: &Column| text_cell(app, Pane::Jobs, job.uid(), column, text);
    let cell = |column: &Column| match column.field {
        Field::Sign => Cell::Text(theme.sign(state.level).into(), style),
        // Only progress is worth a colour here: a broken Job's sign and word are bright enough.
        Field::Bar => {
            let width = if let Width::Fixed(width) = column.width { width.into() } else { 0 };
            Cell::Text(theme.bar(job.succeeded, job.wanted(), width).into(), if is_running { style } else { text })
        }
        Field::Text(FieldName::Status) => super::state_cell(app, job.uid(), &state, theme),
        Field::Text(FieldName::Ends) => Cell::Text(app.text(Pane::Jobs, job.uid(), FieldName::Ends), theme.dim()),
        Field::Text(FieldName::Why) => match app.text(Pane::Jobs, job.uid(), FieldName::Why) {
            why if why.is_empty() && !has_ends => {
                Cell::Text(app.text(Pane::Jobs, job.uid(), FieldName::Ends), theme.dim())
            }
            why => Cell::Text(why, text),
        },
        _ => told(column),
    };
    shown.iter().map(cell).collect()
}
