//! The Logs pane: the newest lines, or the ones that a person went back to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::app::{App, STREAMS};
use crate::model::key::Kind;
use crate::model::log::{LogLine, SourceState};
use crate::model::owner::Subject;
use crate::model::snapshot::Freshness;
use crate::model::state::Level;
use crate::model::styled_line::styled_line;
use crate::view::table::{Align, fit};
use crate::view::theme::Theme;

pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let logs = &app.logs;
    let status = status(app);
    let has_status = !status.is_empty() && area.height > 1;
    let rows = usize::from(area.height).saturating_sub(has_status.into());
    let total = logs.buffer.len();
    let top = logs.top.unwrap_or(total.saturating_sub(rows)).min(total);
    let label = logs.buffer.sources.iter().map(|(source, _)| logs.label(source)).collect::<Vec<_>>();
    let label_width = label.iter().map(|label| label.width()).max().unwrap_or(0).min(20);
    for (y, line) in (area.y..).zip(logs.buffer.lines().skip(top).take(rows)) {
        draw_line(buffer, Rect { y, height: 1, ..area }, line, (&label, label_width), theme);
    }
    if has_status {
        let y = area.y + (total - top).min(rows) as u16;
        let text = fit(&status, area.width.saturating_sub(2).into(), Align::Left, theme.cut());
        buffer.set_stringn(area.x + 1, y, text, area.width.into(), theme.dim());
    }
}

fn draw_line(buffer: &mut Buffer, area: Rect, line: &LogLine, (labels, width): (&[String], usize), theme: &Theme) {
    let mut spans = vec![Span::raw(" ")];
    if width > 0 {
        let label = labels.get(line.source as usize).map(String::as_str).unwrap_or_default();
        let label = fit(label, width, Align::Name, theme.cut()).into_owned();
        spans.push(Span::styled(format!("{label:width$} {} ", theme.separator()), theme.source(line.source)));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let room = usize::from(area.width).saturating_sub(used);
    let plain = if line.class.is_error() { theme.level(Level::Warning) } else { theme.text() };
    let mut text = styled_line(&line.text, room);
    let is_cut = text.is_cut && room > 0;
    if is_cut {
        text = styled_line(&line.text, room - 1);
    }
    spans.extend(text.pieces.into_iter().map(|piece| Span::styled(piece.text, theme.of_log(piece.style, plain))));
    if is_cut {
        spans.push(Span::styled(theme.cut(), plain));
    }
    Line::from(spans).render(area, buffer);
}

/// What is to say beside the lines: why there is none, or what is missing.
fn status(app: &App) -> String {
    let logs = &app.logs;
    let failed = logs.buffer.sources.iter().find_map(|(source, state)| match state {
        SourceState::Failed(why) => Some(format!("{}: {why}", source.pod_name)),
        _ => None,
    });
    if let Some(why) = failed {
        return why;
    }
    if let Some(top) = logs.top {
        let below = logs.buffer.len().saturating_sub(top);
        return format!("paused, {below} lines from here on; G follows");
    }
    if logs.left_out > 0 {
        return format!("the newest {STREAMS} of {} containers are followed", STREAMS + logs.left_out);
    }
    let has_ended = |(_, state): &(_, SourceState)| *state == SourceState::Ended;
    if logs.buffer.is_empty() && !logs.buffer.sources.is_empty() && logs.buffer.sources.iter().all(has_ended) {
        return "it ended without a line".to_owned();
    }
    match (logs.subject, logs.followed.is_empty(), logs.buffer.is_empty()) {
        (None, ..) => "choose an object to see its log".to_owned(),
        (Some(subject), true, true) => no_source(app, subject).to_owned(),
        (_, false, true) => "no line yet".to_owned(),
        _ => String::new(),
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
