//! The CronJobs pane.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{App, Column as FieldName};
use crate::command::Pane;
use crate::model::clock::short_duration;
use crate::model::cronjob::CronJob;
use crate::model::meta::Object;
use crate::model::state::{Level, job_state};
use crate::view::table::{Align, Cell, Column, Field, Width};
use crate::view::theme::Theme;

use super::{draw_list, text_cell};

/// Runs that the strip shows, oldest left.
const RUNS: usize = 10;

const COLUMNS: [Column; 11] = [
    Column::SIGN,
    Column::text(FieldName::Name, Width::Content(24, 52), Align::Name, 0),
    Column::text(FieldName::Namespace, Width::Content(14, 30), Align::Name, 86),
    Column::text(FieldName::Status, Width::Content(9, 11), Align::Left, 0),
    Column::text(FieldName::Schedule, Width::Content(16, 30), Align::Left, 52),
    Column::text(FieldName::RunsAt, Width::Content(18, 44), Align::Left, 130),
    Column::text(FieldName::Next, Width::Fixed(4), Align::Right, 0),
    Column { title: "LAST RUNS", field: Field::Runs, width: Width::Fixed(RUNS as u16), align: Align::Left, from: 56 },
    Column::text(FieldName::Active, Width::Fixed(6), Align::Right, 106),
    Column::text(FieldName::Success, Width::Fixed(7), Align::Right, 100),
    Column::text(FieldName::Why, Width::Rest(8), Align::Left, 72),
];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let many = app.has_many_namespaces();
    let columns: Vec<Column> =
        COLUMNS.into_iter().filter(|one| many || one.field != Field::Text(FieldName::Namespace)).collect();
    let calm = "no CronJobs here; they appear by themselves";
    draw_list(buffer, area, (Pane::CronJobs, app, theme), &columns, calm, |uid, shown| {
        app.snapshot.cronjobs.get(uid).map(|cronjob| cells(app, cronjob, theme, shown))
    });
}

fn cells<'a>(app: &'a App, cronjob: &'a CronJob, theme: &Theme, shown: &[Column]) -> Vec<Cell<'a>> {
    let state = app.cronjob_state(cronjob);
    let style = theme.level(state.level);
    let text = if state.level == Level::Ending { theme.dim() } else { theme.text() };
    let has_words = shown.iter().any(|column| column.field == Field::Text(FieldName::RunsAt));
    let cell = |column: &Column| match column.field {
        Field::Sign => Cell::Text(theme.sign(state.level).into(), style),
        Field::Runs => Cell::Parts(runs(app, cronjob, theme)),
        Field::Text(FieldName::Status) => super::state_cell(app, cronjob.uid(), &state, theme),
        Field::Text(FieldName::Why) => match app.text(Pane::CronJobs, cronjob.uid(), FieldName::Why) {
            // The API does not tell since when it is suspended; its last run is what is known.
            why if why.is_empty() && cronjob.suspend => Cell::Text(last_run(app, cronjob).into(), theme.dim()),
            why if why.is_empty() && !has_words => {
                Cell::Text(app.text(Pane::CronJobs, cronjob.uid(), FieldName::RunsAt), theme.dim())
            }
            why => Cell::Text(why, text),
        },
        _ => text_cell(app, Pane::CronJobs, cronjob.uid(), column, text),
    };
    shown.iter().map(cell).collect()
}

/// The signs of the last runs, each in the style of its state.
fn runs<'a>(app: &App, cronjob: &CronJob, theme: &Theme) -> Vec<(Cow<'a, str>, Style)> {
    let runs = app.snapshot.jobs_of(cronjob.uid());
    let levels = runs.iter().take(RUNS).rev().map(|job| job_state(&app.snapshot, job).level);
    levels.map(|level| (theme.sign(level).into(), theme.level(level))).collect()
}

fn last_run(app: &App, cronjob: &CronJob) -> String {
    match cronjob.last_schedule {
        Some(last) => format!("last run {} ago", short_duration(app.now.seconds_since(last))),
        None => "no run yet".to_owned(),
    }
}
