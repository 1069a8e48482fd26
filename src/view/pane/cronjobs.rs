//! The CronJobs pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::command::Pane;
use crate::model::clock::short_duration;
use crate::model::cronjob::CronJob;
use crate::model::meta::Object;
use crate::model::state::{Level, cronjob_state, cronjob_why, job_state};
use crate::view::table::{Align, Cell, Column, Width};
use crate::view::theme::Theme;

use super::{age, draw_list};

/// Runs that the strip shows, oldest left.
const RUNS: usize = 10;

const fn column(title: &'static str, width: Width, align: Align, from: u16) -> Column {
    Column { title, width, align, from }
}

const SIGN: Column = column("", Width::Fixed(1), Align::Left, 0);
const NAME: Column = column("NAME", Width::Share(3, 14), Align::Name, 0);
const NAMESPACE: Column = column("NAMESPACE", Width::Share(2, 10), Align::Name, 86);
const REST: [Column; 7] = [
    column("STATUS", Width::Fixed(11), Align::Left, 0),
    column("SCHEDULE", Width::Share(2, 16), Align::Left, 52),
    column("NEXT", Width::Fixed(4), Align::Right, 0),
    column("LAST RUNS", Width::Fixed(RUNS as u16), Align::Left, 56),
    column("ACTIVE", Width::Fixed(6), Align::Right, 95),
    column("SUCCESS", Width::Fixed(7), Align::Right, 92),
    column("WHY", Width::Share(3, 6), Align::Left, 72),
];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let many = app.has_many_namespaces();
    let mut columns = vec![SIGN, NAME];
    columns.extend(many.then_some(NAMESPACE));
    columns.extend(REST);
    let calm = "no CronJobs here; they appear by themselves";
    draw_list(buffer, area, (Pane::CronJobs, app, theme), &columns, calm, |uid| {
        app.snapshot.cronjobs.get(uid).map(|cronjob| cells(app, cronjob, theme, many))
    });
}

fn cells<'a>(app: &'a App, cronjob: &'a CronJob, theme: &Theme, many: bool) -> Vec<Cell<'a>> {
    let state = cronjob_state(&app.snapshot, cronjob);
    let style = theme.level(state.level);
    let text = if state.level == Level::Ending { theme.dim() } else { theme.text() };
    let mut cells = vec![Cell(theme.sign(state.level).into(), style), Cell(cronjob.meta.name.as_str().into(), text)];
    if many {
        cells.push(Cell(cronjob.meta.namespace.as_str().into(), text));
    }
    let schedule = match &cronjob.time_zone {
        None => cronjob.schedule.to_string(),
        Some(zone) => format!("{} {}", cronjob.schedule, zone.rsplit('/').next().unwrap_or(zone)),
    };
    let next = cronjob.next_run(app.now).map(|next| short_duration(next.seconds_since(app.now)));
    let runs = app.snapshot.jobs_of(cronjob.uid());
    let strip: String =
        runs.iter().take(RUNS).rev().map(|job| theme.sign(job_state(&app.snapshot, job).level)).collect();
    cells.extend([
        super::state_cell(app, cronjob.uid(), state, theme),
        Cell(schedule.into(), text),
        Cell(next.unwrap_or_default().into(), text),
        Cell(strip.into(), style),
        Cell(cronjob.active.len().to_string().into(), text),
        Cell(age(app, cronjob.last_success).into(), text),
        Cell(cronjob_why(&app.snapshot, cronjob, app.now).into(), text),
    ]);
    cells
}
