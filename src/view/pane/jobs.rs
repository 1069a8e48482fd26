//! The Jobs pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::command::Pane;
use crate::model::clock::short_duration;
use crate::model::job::Job;
use crate::model::meta::Object;
use crate::model::state::{Level, job_state, job_why};
use crate::view::table::{Align, Cell, Column, Width};
use crate::view::theme::Theme;

use super::{age, draw_list};

/// Columns of the bar that shows how many completions are there.
const BAR: usize = 8;

const fn column(title: &'static str, width: Width, align: Align, from: u16) -> Column {
    Column { title, width, align, from }
}

const SIGN: Column = column("", Width::Fixed(1), Align::Left, 0);
const NAME: Column = column("NAME", Width::Share(3, 14), Align::Name, 0);
const NAMESPACE: Column = column("NAMESPACE", Width::Share(2, 10), Align::Name, 86);
const REST: [Column; 7] = [
    column("STATUS", Width::Fixed(11), Align::Left, 0),
    column("", Width::Fixed(BAR as u16), Align::Left, 108),
    column("DONE", Width::Fixed(6), Align::Right, 0),
    column("FAILS", Width::Fixed(5), Align::Right, 60),
    column("TIME", Width::Fixed(4), Align::Right, 46),
    column("AGE", Width::Fixed(4), Align::Right, 92),
    column("WHY", Width::Share(4, 6), Align::Left, 60),
];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let many = app.has_many_namespaces();
    let mut columns = vec![SIGN, NAME];
    columns.extend(many.then_some(NAMESPACE));
    columns.extend(REST);
    let calm = "no Jobs here; they appear by themselves";
    draw_list(buffer, area, (Pane::Jobs, app, theme), &columns, calm, |uid| {
        app.snapshot.jobs.get(uid).map(|job| cells(app, job, theme, many))
    });
}

fn cells<'a>(app: &'a App, job: &'a Job, theme: &Theme, many: bool) -> Vec<Cell<'a>> {
    let state = job_state(&app.snapshot, job);
    let style = theme.level(state.level);
    let is_running = state.level == Level::Running;
    let text = if state.level >= Level::Ending { theme.dim() } else { theme.text() };
    let mut cells = vec![Cell(theme.sign(state.level).into(), style), Cell(job.meta.name.as_str().into(), text)];
    if many {
        cells.push(Cell(job.meta.namespace.as_str().into(), text));
    }
    let wanted = job.wanted();
    let limit = match (job.backoff_limit_per_index, job.backoff_limit) {
        (None, Some(limit)) => limit.to_string(),
        _ if theme.sign(Level::Done) == "+" => "-".to_owned(),
        _ => "–".to_owned(),
    };
    cells.extend([
        super::state_cell(app, job.uid(), state, theme),
        // Only progress is worth a colour here: a broken Job's sign and word are bright enough.
        Cell(theme.bar(job.succeeded, wanted, BAR).into(), if is_running { style } else { text }),
        Cell(format!("{}/{wanted}", job.succeeded).into(), text),
        Cell(format!("{}/{limit}", job.failed).into(), text),
        Cell(job.duration(app.now).map(short_duration).unwrap_or_default().into(), text),
        Cell(age(app, job.meta.created).into(), text),
        Cell(job_why(&app.snapshot, job, app.now).into(), text),
    ]);
    cells
}
