//! The panes: border and title alike for all, rows by the file of each.

mod cronjobs;
mod events;
mod jobs;
mod logs;
mod pods;
mod why;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};
use unicode_width::UnicodeWidthStr;

use crate::app::{App, ListState, has_titles};
use crate::command::Pane;
use crate::model::clock::short_duration;
use crate::model::key::{Kind, Uid};
use crate::model::safe_text::safe_line;
use crate::model::snapshot::Freshness;
use crate::model::state::{Level, State};

use super::table::{self, Align, Cell, Column, Field, fit};
use super::theme::Theme;

/// Draws one pane.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, pane: Pane, app: &App, theme: &Theme) {
    let is_focused = app.focus == pane;
    let style = if is_focused { theme.accent() } else { theme.dim() };
    let mut block = Block::bordered().border_set(theme.border()).border_style(style);
    let room = usize::from(area.width).saturating_sub(4);
    let whole = title(pane, app);
    // What the marks of Why say the help says too: they come behind its title.
    let least = if pane == Pane::Why { usize::MAX } else { LEAST_TITLE };
    let marks = marks(pane, app, theme, room.saturating_sub(whole.width().min(least) + 1));
    let room = room.saturating_sub(marks.width() + 1);
    let place =
        app.where_it_is().filter(|_| pane == Pane::Why).map(|place| format!("{whole} in {}", safe_line(&place)));
    let whole = place.filter(|title| title.width() <= room).unwrap_or(whole);
    let left = fit(&whole, room, Align::Left, theme.cut());
    block = block.title(Line::styled(format!(" {left} "), if is_focused { theme.strong() } else { theme.text() }));
    if marks.width() > 0 {
        block = block.title(marks.right_aligned());
    }
    let inner = block.inner(area);
    block.render(area, buffer);
    match pane {
        Pane::CronJobs => cronjobs::draw(buffer, inner, app, theme),
        Pane::Jobs => jobs::draw(buffer, inner, app, theme),
        Pane::Pods => pods::draw(buffer, inner, app, theme),
        Pane::Why => why::draw(buffer, inner, app, theme),
        Pane::Events => events::draw(buffer, inner, app, theme),
        Pane::Logs => logs::draw(buffer, inner, app, theme),
    }
}

/// So much of a title is shown beside its marks: the pane's number and name.
const LEAST_TITLE: usize = 14;

/// `[3] Pods of job/settle-2990  2`.
fn title(pane: Pane, app: &App) -> String {
    let whose = match app.whose(pane) {
        Some(name) if !name.is_empty() => format!(" of {}", safe_line(&name)),
        _ => String::new(),
    };
    let name = name(pane, app);
    let count = app.list(pane).and_then(|list| counted(app, pane, list));
    let count = count.map(|count| format!("  {count}")).unwrap_or_default();
    let marked = app.marked_in(pane).count();
    let marked = if marked == 0 { String::new() } else { format!(", {marked} marked") };
    let previous = if pane == Pane::Logs && app.logs.shows_previous { ", runs before alone" } else { "" };
    format!("[{}] {name}{whose}{count}{marked}{previous}", pane.key())
}

/// What the pane shows now: the Pods pane shows the containers of a pod that was opened.
pub(super) fn name(pane: Pane, app: &App) -> &'static str {
    if pane == Pane::Pods && app.opened_pod.is_some() { "Containers" } else { pane.title() }
}

/// How many rows are shown, and of how many where a filter hides some. None where no row is there and it is not known
/// that there is none.
pub(super) fn counted(app: &App, pane: Pane, list: &ListState) -> Option<String> {
    let is_known = matches!(app.snapshot.freshness(pane.kind()?), Freshness::Live | Freshness::Stale { .. });
    match (list.rows.len(), list.total) {
        (_, 0) if !is_known => None,
        (shown, total) if shown == total => Some(total.to_string()),
        (shown, total) => Some(format!("{shown}/{total}")),
    }
}

/// What qualifies a pane's rows, at the right of its title, in `room` columns: the most important first, and the last
/// ones left out where they do not fit.
fn marks<'a>(pane: Pane, app: &App, theme: &Theme, room: usize) -> Line<'a> {
    let marks = match app.list(pane).zip(pane.kind()) {
        Some((list, kind)) => list_marks(list, kind, app, theme),
        None if pane == Pane::Why => why::marks(app, theme, room),
        None => logs::marks(app, theme),
    };
    let mut line = Line::default();
    for (text, style) in marks {
        let left = room.saturating_sub(line.width() + 2);
        // The first one is cut rather than left out.
        let text = if line.width() == 0 { fit(&text, left, Align::Left, theme.cut()).into_owned() } else { text };
        if text.is_empty() || text.width() > left {
            break;
        }
        line.push_span(Span::styled(format!(" {text} "), style));
    }
    line
}

/// The marks of a list.
fn list_marks(list: &ListState, kind: Kind, app: &App, theme: &Theme) -> Vec<(String, Style)> {
    let mut marks = Vec::new();
    match app.snapshot.freshness(kind) {
        Freshness::Stale { since, .. } => {
            let age = short_duration(app.now.seconds_since(*since));
            marks.push((format!("stale for {age}"), theme.level(Level::Broken)));
        }
        Freshness::Loading if list.total > 0 => marks.push(("loading".into(), theme.dim())),
        Freshness::Denied(_) if list.total > 0 => marks.push(("denied".into(), theme.level(Level::Broken))),
        _ => {}
    }
    if kind == Kind::Job && app.awaited() > 0 {
        marks.push((format!("calls you at the end of {}", app.awaited()), theme.accent()));
    }
    match list.held {
        0 => {}
        1 => marks.push(("1 change held, . takes it".into(), theme.accent())),
        many => marks.push((format!("{many} changes held, . takes them"), theme.accent())),
    }
    if !list.filter.is_empty() {
        marks.push((format!("/{}", safe_line(list.filter.text())), theme.level(Level::Warning)));
    }
    if let Some((words, _)) = &list.only {
        marks.push((format!("only: {}", safe_line(words)), theme.level(Level::Warning)));
    }
    if list.faults_only {
        marks.push(("faults only".into(), theme.level(Level::Warning)));
    }
    if let Some(column) = list.sort {
        marks.push((
            format!("by {} {}", column.title().to_lowercase(), theme.direction(list.is_reversed)),
            theme.text(),
        ));
    }
    marks
}

/// The cells of a row, one for each column that is shown.
type RowCells<'a> = Vec<Cell<'a>>;

/// Draws a list: the titles of its columns, then the rows on screen, each by `cells`, which is given the columns. Says
/// what is the matter where there is no row; `calm` is what to say where all is well.
fn draw_list<'a>(
    buffer: &mut Buffer,
    area: Rect,
    (pane, app, theme): (Pane, &'a App, &Theme),
    columns: &[Column],
    calm: &str,
    cells: impl Fn(Uid, &[Column]) -> Option<RowCells<'a>>,
) {
    let Some(list) = app.list(pane) else { return };
    if list.rows.is_empty() {
        return empty(buffer, area, pane, app, theme, calm);
    }
    let table = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let places = table::places(columns, &list.widths, table);
    let shown: Vec<Column> = places.iter().map(|(at, _)| columns[*at]).collect();
    let write = |buffer: &mut Buffer, y: u16, cells: RowCells<'_>| {
        for (((_, place), column), cell) in places.iter().zip(&shown).zip(cells) {
            table::write(buffer, *place, y, column.align, cell, theme.cut());
        }
    };
    let mut top = area.y;
    if has_titles(area.height) {
        write(buffer, top, shown.iter().map(|column| title_cell(column, list, theme)).collect());
        top += 1;
    }
    for (y, uid) in (top..area.bottom()).zip(list.rows.iter().skip(list.top)) {
        match cells(*uid, &shown) {
            Some(cells) => write(buffer, y, cells),
            // Its row stays until the list may move.
            None => drop(buffer.set_stringn(table.x + 2, y, "(gone)", table.width.into(), theme.dim())),
        }
        if app.is_news(*uid) {
            buffer.set_style(Rect { y, height: 1, ..table }, theme.news());
        }
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

/// A cell of what the app says in a column.
fn text_cell<'a>(app: &'a App, pane: Pane, uid: Uid, column: &Column, style: Style) -> Cell<'a> {
    match column.field {
        Field::Text(field) => Cell::Text(app.text(pane, uid, field), style),
        Field::Sign | Field::Bar | Field::Runs => Cell::Text("".into(), style),
    }
}

/// The word of an object's state; while a write of it is under way, that.
fn state_cell<'a>(app: &App, uid: Uid, state: &State, theme: &Theme) -> Cell<'a> {
    match app.under_way(uid) {
        Some(words) => Cell::Text(words.into(), theme.level(Level::Waiting)),
        None => Cell::Text(state.word.clone(), theme.level(state.level)),
    }
}

/// A column's title; the sorted one stands out and is marked with the direction where there is room.
fn title_cell<'a>(column: &Column, list: &ListState, theme: &Theme) -> Cell<'a> {
    let is_sorted = list.sort.is_some_and(|sorted| column.field == Field::Text(sorted));
    match (is_sorted, column.align) {
        (false, _) => Cell::Text(column.title.into(), theme.dim()),
        (true, Align::Right) => Cell::Text(column.title.into(), theme.accent()),
        (true, _) => {
            Cell::Text(format!("{} {}", column.title, theme.direction(list.is_reversed)).into(), theme.accent())
        }
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
            let what = match (list.filter.is_empty(), &list.only) {
                (false, _) => "the filter",
                (true, Some(_)) => "what is shown alone",
                (true, None) => "faults only",
            };
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
