//! The panes: border and title alike for all, rows by the file of each.

mod cronjobs;
mod events;
mod jobs;
mod logs;
mod pods;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Widget};

use crate::app::{App, ListState};
use crate::command::Pane;
use crate::model::clock::short_duration;
use crate::model::key::Uid;
use crate::model::safe_text::safe_line;
use crate::model::snapshot::Freshness;
use crate::model::state::{Level, State};

use super::table::{self, Align, Cell, Column, fit};
use super::theme::Theme;

/// Draws one pane.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, pane: Pane, app: &App, theme: &Theme) {
    let is_focused = app.focus == pane;
    let style = if is_focused { theme.accent() } else { theme.dim() };
    let mut block = Block::bordered().border_set(theme.border()).border_style(style);
    let left = title(pane, app);
    let mark = mark(pane, app, theme);
    let room = usize::from(area.width).saturating_sub(4 + mark.as_ref().map_or(0, Line::width));
    let left = fit(&left, room, Align::Left, theme.cut());
    block = block.title(Line::styled(format!(" {left} "), if is_focused { theme.strong() } else { theme.text() }));
    if let Some(mark) = mark {
        block = block.title(mark.right_aligned());
    }
    let inner = block.inner(area);
    block.render(area, buffer);
    match pane {
        Pane::CronJobs => cronjobs::draw(buffer, inner, app, theme),
        Pane::Jobs => jobs::draw(buffer, inner, app, theme),
        Pane::Pods => pods::draw(buffer, inner, app, theme),
        Pane::Events => events::draw(buffer, inner, app, theme),
        Pane::Logs => logs::draw(buffer, inner, app, theme),
    }
}

/// `[3] Pods of job/settle-2990  2`.
fn title(pane: Pane, app: &App) -> String {
    let whose = match app.whose(pane) {
        Some(name) if !name.is_empty() => format!(" of {}", safe_line(&name)),
        _ => String::new(),
    };
    let count = app.list(pane).map(|list| format!("  {}", counted(list))).unwrap_or_default();
    let marked = app.marked_in(pane).count();
    let marked = if marked == 0 { String::new() } else { format!(", {marked} marked") };
    let previous = if pane == Pane::Logs && app.logs.shows_previous { ", the run before" } else { "" };
    format!("[{}] {}{whose}{count}{marked}{previous}", pane.key(), pane.title())
}

/// How many rows are shown, and of how many where a filter hides some.
pub(super) fn counted(list: &ListState) -> String {
    if list.rows.len() == list.total { list.total.to_string() } else { format!("{}/{}", list.rows.len(), list.total) }
}

/// What qualifies a pane's rows, at the right of its title: stale, loading, filtered.
fn mark<'a>(pane: Pane, app: &App, theme: &Theme) -> Option<Line<'a>> {
    let list = app.list(pane)?;
    match app.snapshot.freshness(pane.kind()?) {
        Freshness::Stale { since, .. } => {
            let age = short_duration(app.now.seconds_since(*since));
            Some(Line::styled(format!(" stale for {age} "), theme.level(Level::Broken)))
        }
        Freshness::Loading if list.total > 0 => Some(Line::styled(" loading ", theme.dim())),
        Freshness::Denied(_) if list.total > 0 => Some(Line::styled(" denied ", theme.level(Level::Broken))),
        _ if !list.filter.is_empty() => {
            Some(Line::styled(format!(" /{} ", safe_line(list.filter.text())), theme.level(Level::Warning)))
        }
        _ if list.sort.is_some() && !list.faults_only => {
            let column = list.sort.map(|column| column.title().to_lowercase()).unwrap_or_default();
            Some(Line::styled(format!(" by {column} {} ", theme.direction(list.is_reversed)), theme.text()))
        }
        _ if list.faults_only => Some(Line::styled(" faults only ", theme.level(Level::Warning))),
        _ => None,
    }
}

/// Draws a list: the titles of its columns, then the rows on screen, each by `cells`. Says what is the matter where
/// there is no row; `calm` is what to say where all is well.
fn draw_list<'a>(
    buffer: &mut Buffer,
    area: Rect,
    (pane, app, theme): (Pane, &'a App, &Theme),
    columns: &[Column],
    calm: &str,
    cells: impl Fn(Uid) -> Option<Vec<Cell<'a>>>,
) {
    let Some(list) = app.list(pane) else { return };
    if list.rows.is_empty() {
        return empty(buffer, area, pane, app, theme, calm);
    }
    let table = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let places = table::places(columns, table);
    let titles: Vec<Cell<'_>> = columns.iter().map(|column| title_cell(column, list, theme)).collect();
    if area.height == 0 {
        return;
    }
    table::line(buffer, &places, area.y, columns, &titles, theme);
    for (y, uid) in (area.y + 1..area.bottom()).zip(list.rows.iter().skip(list.top)) {
        let Some(cells) = cells(*uid) else { continue };
        table::line(buffer, &places, y, columns, &cells, theme);
        let (is_cursor, is_marked) = (list.cursor == Some(*uid), app.marks.contains(uid));
        if is_marked {
            buffer.set_stringn(area.x, y, theme.mark(is_cursor), 1, theme.accent());
            buffer.set_style(Rect { y, height: 1, ..table }, theme.cursor(true));
        }
        if is_cursor {
            let is_focused = app.focus == pane;
            let mark = if is_focused { theme.accent() } else { theme.dim() };
            let sign = if is_marked { theme.mark(true) } else { theme.cursor_mark() };
            buffer.set_stringn(area.x, y, sign, 1, mark);
            buffer.set_style(Rect { y, height: 1, ..table }, theme.cursor(is_focused));
        }
    }
}

/// The word of an object's state; while a write of it is under way, that.
fn state_cell<'a>(app: &App, uid: Uid, state: State, theme: &Theme) -> Cell<'a> {
    match app.under_way(uid) {
        Some(words) => Cell(format!("{words}{}", theme.cut()).into(), theme.level(Level::Waiting)),
        None => Cell(state.word, theme.level(state.level)),
    }
}

/// A column's title; the sorted one stands out and is marked with the direction.
fn title_cell<'a>(column: &Column, list: &ListState, theme: &Theme) -> Cell<'a> {
    let is_sorted = list.sort.is_some_and(|sorted| sorted.title() == column.title);
    match (is_sorted, column.align) {
        (false, _) => Cell(column.title.into(), theme.dim()),
        (true, Align::Right) => Cell(column.title.into(), theme.accent()),
        (true, _) => Cell(format!("{} {}", column.title, theme.direction(list.is_reversed)).into(), theme.accent()),
    }
}

/// Why a list has no row. An empty list and one that could not be read look different.
fn empty(buffer: &mut Buffer, area: Rect, pane: Pane, app: &App, theme: &Theme, calm: &str) {
    let Some((list, kind)) = app.list(pane).zip(pane.kind()) else { return };
    let lines: Vec<(String, _)> = match (&app.not_connected, app.snapshot.freshness(kind)) {
        (Some(failure), _) => {
            vec![(failure.message.clone(), theme.level(Level::Broken)), (failure.hint.clone(), theme.text())]
        }
        (None, Freshness::Denied(failure)) => {
            vec![(failure.message.clone(), theme.level(Level::Broken)), (failure.hint.clone(), theme.text())]
        }
        (None, Freshness::Failed { failure, .. }) => {
            vec![(failure.message.clone(), theme.level(Level::Broken)), (failure.hint.clone(), theme.text())]
        }
        (None, Freshness::Loading) => vec![(format!("loading {}", kind.plural()), theme.dim())],
        (None, _) if list.total > 0 => {
            let what = if list.filter.is_empty() { "faults only" } else { "the filter" };
            vec![(format!("{} hidden by {what}; esc clears it", list.total), theme.level(Level::Warning))]
        }
        (None, _) => vec![(calm.to_owned(), theme.dim())],
    };
    let width = area.width.saturating_sub(2);
    let wrapped =
        lines.iter().flat_map(|(text, style)| wrap(text, width.into()).into_iter().map(move |line| (line, style)));
    for (y, (line, style)) in (area.y..area.bottom()).zip(wrapped) {
        buffer.set_stringn(area.x + 1, y, line, width.into(), *style);
    }
}

/// Breaks a text into lines at blanks; a word that is too long is cut by the pane.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    use unicode_width::UnicodeWidthStr;
    let mut lines = vec![String::new()];
    for word in safe_line(text).split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The age of something, or a blank where it is not known.
fn age(app: &App, since: Option<crate::model::clock::Time>) -> String {
    since.map(|since| short_duration(app.now.seconds_since(since))).unwrap_or_default()
}
