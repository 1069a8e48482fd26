//! The Logs pane: the rows that the app has laid out, or why there are none.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::app::{App, LogRow, Shelf, shown_line};
use crate::model::key::Kind;
use crate::model::log::LogLine;
use crate::model::owner::Subject;
use crate::model::snapshot::Freshness;
use crate::model::state::Level;
use crate::view::table::{Align, fit};
use crate::view::theme::Theme;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let logs = &app.logs;
    let shelf = logs.shelf();
    for (y, row) in (area.y..area.bottom()).zip(&logs.rows) {
        let area = Rect { y, height: 1, ..area };
        match shelf.and_then(|shelf| shelf.store.line(row.line).map(|line| (shelf, line))) {
            Some((shelf, line)) => draw_row(buffer, area, app, (shelf, *row, &line), theme),
            None => {
                buffer.set_stringn(area.x + 1, y, theme.cut(), 1, theme.dim());
            }
        }
    }
    if logs.rows.is_empty() && area.height > 0 {
        let text = fit(&why_empty(app), area.width.saturating_sub(2).into(), Align::Left, theme.cut()).into_owned();
        buffer.set_stringn(area.x + 1, area.y, text, area.width.into(), theme.dim());
    }
}

fn draw_row(buffer: &mut Buffer, area: Rect, app: &App, what: (&Shelf, LogRow, &LogLine<'_>), theme: &Theme) {
    let (shelf, row, line) = what;
    let mut spans = vec![Span::raw(" ")];
    let width = app.logs.label_width();
    if width > 0 {
        let label = shelf.labels.get(line.source as usize).map(|label| label.as_str()).unwrap_or_default();
        let label = fit(label, width, Align::Name, theme.cut()).into_owned();
        spans.push(Span::styled(format!("{label:width$} {} ", theme.separator()), theme.source(line.source)));
    }
    let room = app.logs.text_width();
    let plain = if line.class.is_error() { theme.level(Level::Warning) } else { theme.text() };
    let _ = row;
    let text = shown_line(&app.logs, line, room);
    spans.extend(text.pieces.into_iter().map(|piece| Span::styled(piece.text, theme.of_log(piece.style, plain))));
    Line::from(spans).render(area, buffer);
}

/// Why there is no line.
fn why_empty(app: &App) -> String {
    let logs = &app.logs;
    if let Some((source, why)) = logs.failure() {
        return format!("{}: {why}", source.pod_name);
    }
    match logs.subject {
        None => "choose an object to see its log".to_owned(),
        Some(_) if logs.shelf().is_some_and(|shelf| !shelf.store.is_empty()) => "no line is shown".to_owned(),
        Some(subject) if logs.followed.is_empty() && !logs.has_ended() => no_source(app, subject).to_owned(),
        Some(_) if logs.has_ended() => "it ended without a line".to_owned(),
        Some(_) => "no line yet".to_owned(),
    }
}

/// Why no container of the subject has a log.
fn no_source(app: &App, subject: Subject) -> &'static str {
    match app.snapshot.freshness(Kind::Pod) {
        Freshness::Loading => "loading pods",
        Freshness::Denied(_) => "no log without the right to list pods",
        Freshness::Failed { .. } => "the pods are not known",
        _ if app.snapshot.pods_of_subject(subject).is_empty() => "no pod, so no log",
        _ => "no container has started yet",
    }
}
