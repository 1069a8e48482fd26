//! The Pods pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::command::Pane;
use crate::model::clock::short_duration;
use crate::model::pod::Pod;
use crate::model::state::{Level, pod_state, pod_why};
use crate::view::table::{Align, Cell, Column, Width};
use crate::view::theme::Theme;

use super::{age, draw_list};

const fn column(title: &'static str, width: Width, align: Align, from: u16) -> Column {
    Column { title, width, align, from }
}

const COLUMNS: [Column; 10] = [
    column("", Width::Fixed(1), Align::Left, 0),
    column("NAME", Width::Share(3, 14), Align::Name, 0),
    column("INDEX", Width::Fixed(5), Align::Right, 76),
    column("STATUS", Width::Fixed(17), Align::Left, 0),
    column("READY", Width::Fixed(5), Align::Right, 50),
    column("RESTARTS", Width::Fixed(8), Align::Right, 58),
    column("TIME", Width::Fixed(4), Align::Right, 44),
    column("AGE", Width::Fixed(4), Align::Right, 80),
    column("NODE", Width::Fixed(10), Align::Name, 108),
    column("WHY", Width::Share(3, 6), Align::Left, 84),
];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let calm = if app.parent().is_none() { "choose a Job to see its pods" } else { "no pods" };
    draw_list(buffer, area, (Pane::Pods, app, theme), &COLUMNS, calm, |uid| {
        app.snapshot.pods.get(uid).map(|pod| cells(app, pod, theme))
    });
}

fn cells<'a>(app: &'a App, pod: &'a Pod, theme: &Theme) -> Vec<Cell<'a>> {
    let state = pod_state(pod);
    let style = theme.level(state.level);
    let text = if state.level >= Level::Ending { theme.dim() } else { theme.text() };
    let (ready, total) = pod.ready();
    let end = pod.ended().unwrap_or(app.now);
    let time = pod.started.map(|started| short_duration(end.seconds_since(started)));
    vec![
        Cell(theme.sign(state.level).into(), style),
        Cell(pod.meta.name.as_str().into(), text),
        Cell(pod.index.map(|index| index.to_string()).unwrap_or_default().into(), text),
        Cell(state.word, style),
        Cell(format!("{ready}/{total}").into(), text),
        Cell(pod.restarts().to_string().into(), text),
        Cell(time.unwrap_or_default().into(), text),
        Cell(age(app, pod.meta.created).into(), text),
        Cell(pod.node.as_str().into(), text),
        Cell(pod_why(pod).into(), text),
    ]
}
