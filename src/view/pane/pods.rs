//! The Pods pane: the subject's pods, or the containers of the one that was opened.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::{App, Column as FieldName, container_code};
use crate::command::Pane;
use crate::model::key::Uid;
use crate::model::meta::Object;
use crate::model::pod::{Container, Pod};
use crate::model::state::{Level, container_state};
use crate::view::table::{Align, Cell, Column, Field, Width};
use crate::view::theme::Theme;

use super::{draw_list, text_cell};

const PODS: [Column; 12] = [
    Column::SIGN,
    Column::text(FieldName::Name, Width::Content(24, 63), Align::Name, 0),
    Column::text(FieldName::Index, Width::Content(5, 7), Align::Right, 60),
    Column::text(FieldName::Status, Width::Content(16, 26), Align::Left, 0),
    Column::text(FieldName::Containers, Width::Content(10, 44), Align::Left, 58),
    Column::text(FieldName::Restarts, Width::Fixed(8), Align::Right, 66),
    Column::text(FieldName::Time, Width::Fixed(4), Align::Right, 44),
    Column::text(FieldName::Age, Width::Fixed(4), Align::Right, 90),
    Column::text(FieldName::Cpu, Width::Content(7, 16), Align::Right, 100),
    Column::text(FieldName::Memory, Width::Content(7, 20), Align::Right, 100),
    Column::text(FieldName::Node, Width::Content(6, 30), Align::Name, 108),
    Column::text(FieldName::Why, Width::Rest(12), Align::Left, 84),
];

const CONTAINERS: [Column; 10] = [
    Column::SIGN,
    Column::text(FieldName::Name, Width::Content(10, 63), Align::Name, 0),
    Column::text(FieldName::Role, Width::Content(4, 7), Align::Left, 50),
    Column::text(FieldName::Status, Width::Content(16, 26), Align::Left, 0),
    Column::text(FieldName::Exit, Width::Content(4, 4), Align::Right, 0),
    Column::text(FieldName::Restarts, Width::Fixed(8), Align::Right, 56),
    Column::text(FieldName::Time, Width::Fixed(4), Align::Right, 40),
    Column::text(FieldName::Cpu, Width::Content(4, 8), Align::Right, 60),
    Column::text(FieldName::Memory, Width::Content(6, 8), Align::Right, 60),
    Column::text(FieldName::Why, Width::Rest(12), Align::Left, 60),
];

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let place = (Pane::Pods, app, theme);
    if let Some(pod) = app.opened_pod.and_then(|uid| app.snapshot.pods.get(uid)) {
        let cells = |uid, shown: &[Column]| {
            let container = app.container(uid).map(|(_, container)| container)?;
            Some(container_cells(app, uid, container, theme, shown))
        };
        let calm = if pod.node.is_empty() { "no node has taken the pod yet" } else { "no container is known yet" };
        return draw_list(buffer, area, place, &CONTAINERS, calm, cells);
    }
    let calm = if app.parent().is_none() { "choose a Job to see its pods" } else { "no pods" };
    draw_list(buffer, area, place, &PODS, calm, |uid, shown| {
        app.snapshot.pods.get(uid).map(|pod| cells(app, pod, theme, shown))
    });
}

fn cells<'a>(app: &'a App, pod: &'a Pod, theme: &Theme, shown: &[Column]) -> Vec<Cell<'a>> {
    let state = app.pod_state(pod);
    let style = theme.level(state.level);
    let text = if state.level >= Level::Ending { theme.dim() } else { theme.text() };
    let cell = |column: &Column| match column.field {
        Field::Sign => Cell::Text(theme.sign(state.level).into(), style),
        Field::Text(FieldName::Status) => Cell::Text(state.word.clone(), style),
        Field::Text(FieldName::Containers) => Cell::Parts(containers(pod, theme, text)),
        _ => text_cell(app, Pane::Pods, pod.uid(), column, text),
    };
    shown.iter().map(cell).collect()
}

/// The containers one by one, each with its sign and the exit code of one that failed.
fn containers<'a>(pod: &'a Pod, theme: &Theme, text: Style) -> Vec<(Cow<'a, str>, Style)> {
    let mut parts = Vec::with_capacity(pod.containers.len() * 3);
    for container in &pod.containers {
        let gap = if parts.is_empty() { "" } else { " " };
        let level = container_state(container).level;
        parts.push((format!("{gap}{} ", container.name).into(), text));
        parts.push((theme.sign(level).into(), theme.level(level)));
        parts.push((container_code(container).into(), theme.level(level)));
    }
    parts
}

fn container_cells<'a>(
    app: &'a App,
    uid: Uid,
    container: &'a Container,
    theme: &Theme,
    shown: &[Column],
) -> Vec<Cell<'a>> {
    let state = container_state(container);
    let style = theme.level(state.level);
    let text = if state.level >= Level::Ending { theme.dim() } else { theme.text() };
    let cell = |column: &Column| match column.field {
        Field::Sign => Cell::Text(theme.sign(state.level).into(), style),
        Field::Text(FieldName::Status) => Cell::Text(state.word.clone(), style),
        _ => text_cell(app, Pane::Pods, uid, column, text),
    };
    shown.iter().map(cell).collect()
}
