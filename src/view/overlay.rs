//! What lies over the dashboard: the palette and the filter line; pages and questions have files of their own.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};
use unicode_width::UnicodeWidthStr;

use crate::app::{App, Choice, Entry, LogAsk, Overlay, Palette, Prompt};
use crate::command::all;
use crate::model::columns::last_columns;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::safe_text::safe_line;
use crate::model::state::{Level, State};

use super::table::{Align, fit};
use super::theme::Theme;
use super::{dialog, editor, page};

/// Draws the overlay, if there is one; returns where the terminal's cursor stands while text is typed.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, footer: Rect, app: &App, theme: &Theme) -> Option<Position> {
    match app.overlay.as_ref()? {
        Overlay::Palette(palette) => Some(draw_palette(buffer, area, app, palette, theme)),
        Overlay::Filter { prompt, .. } => {
            Clear.render(footer, buffer);
            let cursor = draw_prompt(buffer, footer, "/", prompt, theme);
            let problem = app.list(app.focus).and_then(|list| list.filter.problem());
            if let Some(problem) = problem {
                at_right(buffer, footer, cursor, problem, theme.level(Level::Warning));
            }
            Some(cursor)
        }
        Overlay::LogPrompt(asked) => {
            Clear.render(footer, buffer);
            let cursor = draw_prompt(buffer, footer, asked.ask.sign(), &asked.prompt, theme);
            match log_problem(app, asked.ask) {
                Some(problem) => at_right(buffer, footer, cursor, problem, theme.level(Level::Warning)),
                None => at_right(buffer, footer, cursor, log_hint(asked.ask), theme.dim()),
            }
            Some(cursor)
        }
        Overlay::Page(page) => page::draw(buffer, area, footer, page, theme),
        Overlay::Review(review) => dialog::draw_review(buffer, area, review, theme),
        Overlay::Opening(_) => None,
        Overlay::Editor(draft) => editor::draw(buffer, area, footer, &draft.editor, theme),
        Overlay::Ask(ask) => Some(dialog::draw_ask(buffer, area, ask, theme)),
    }
}

/// What is wrong with what is typed for the log.
fn log_problem(app: &App, ask: LogAsk) -> Option<&str> {
    match ask {
        LogAsk::Search => app.logs.search.error.as_deref(),
        LogAsk::Filter => app.logs.filter.error.as_deref(),
        LogAsk::Since | LogAsk::Save | LogAsk::Replace => app.notice.as_deref(),
    }
}

/// What can be typed.
const fn log_hint(ask: LogAsk) -> &'static str {
    match ask {
        LogAsk::Search => "text or /regex/",
        LogAsk::Filter => "text  !text  /regex/  level:warn  pod:  container:  index:  try:",
        LogAsk::Since => "10m  2h  02:15  all UTC",
        LogAsk::Save | LogAsk::Replace => "",
    }
}

/// Words at the right of a line that is typed, where there is room for them.
fn at_right(buffer: &mut Buffer, area: Rect, cursor: Position, words: &str, style: Style) {
    let words = safe_line(words);
    let width = words.width();
    if width + 2 < usize::from(area.right().saturating_sub(cursor.x)) {
        buffer.set_stringn(area.right() - width as u16 - 1, area.y, words, width, style);
    }
}

/// A line under edit behind its sign; a long one is shown by its end.
pub(super) fn draw_prompt(buffer: &mut Buffer, area: Rect, sign: &str, prompt: &Prompt, theme: &Theme) -> Position {
    let room = usize::from(area.width).saturating_sub(sign.width() + 3);
    let at = prompt.text().char_indices().nth(prompt.cursor()).map_or(prompt.text().len(), |(at, _)| at);
    let (before, after) = prompt.text().split_at(at);
    let (before, after) = (safe_line(before), safe_line(after));
    let before = last_columns(&before, room);
    let sign = Span::styled(format!(" {sign} "), theme.accent());
    let cursor = area.x + (sign.width() + before.width()) as u16;
    let line = Line::from(vec![sign, Span::raw(before), Span::raw(after)]);
    line.render(Rect { height: 1, ..area }, buffer);
    Position::new(cursor.min(area.right().saturating_sub(1)), area.y)
}

fn draw_palette(buffer: &mut Buffer, screen: Rect, app: &App, palette: &Palette, theme: &Theme) -> Position {
    let width = screen.width.saturating_sub(4).min(120);
    let height = screen.height.saturating_sub(2).min(20);
    let area = Rect::new(screen.x + (screen.width - width) / 2, screen.y + 1, width, height);
    Clear.render(area, buffer);
    let hint = if palette.is_searching() { " looking " } else { " enter take  esc close " };
    let block = Block::bordered()
        .border_set(theme.border())
        .border_style(theme.accent())
        .title(Line::styled(hint, theme.dim()).right_aligned());
    let inner = block.inner(area);
    block.render(area, buffer);
    let cursor = draw_prompt(buffer, inner, ":", &palette.prompt, theme);
    let rows = usize::from(inner.height.saturating_sub(2));
    let top = (palette.at + 1).saturating_sub(rows);
    for (index, entry) in palette.entries.iter().enumerate().skip(top).take(rows) {
        let row = Rect { y: inner.y + 2 + (index - top) as u16, height: 1, ..inner };
        draw_entry(buffer, row, app, entry, index == palette.at, theme);
    }
    if palette.entries.is_empty() && inner.height > 2 {
        let words = if palette.is_searching() { "looking" } else { "nothing is called so" };
        buffer.set_stringn(inner.x + 1, inner.y + 2, words, inner.width.into(), theme.dim());
    }
    cursor
}

/// One line: the label, the key, and what there is to say of it; the state of an object, the reason of what does not
/// apply.
fn draw_entry(buffer: &mut Buffer, row: Rect, app: &App, entry: &Entry, is_chosen: bool, theme: &Theme) {
    const KEY: u16 = 10;
    // Labels take a third of a wide palette, and what they need of a narrow one; what a draft is of takes more.
    let share =
        if matches!(entry.choice, Choice::Draft(_) | Choice::DropDraft(_)) { row.width / 2 } else { row.width / 3 };
    let label = share.max(26).min(row.width.saturating_sub(KEY + 2));
    let style = match (is_chosen, entry.why_not.is_some()) {
        (_, true) => theme.dim(),
        (true, false) => theme.accent(),
        (false, false) => theme.text(),
    };
    let mark = if is_chosen { theme.cursor_mark() } else { " " };
    buffer.set_stringn(row.x, row.y, mark, 1, theme.accent());
    let align = if matches!(entry.choice, Choice::Jump(_)) { Align::Name } else { Align::Left };
    buffer.set_stringn(row.x + 1, row.y, fit(&entry.label, label.into(), align, theme.cut()), label.into(), style);
    // What does not apply has no use for its key, and its reason needs the room.
    let (key, key_width) = if entry.why_not.is_some() { ("", 0) } else { (key_of(&entry.choice), KEY) };
    let x = row.x + label + 2;
    buffer.set_stringn(x, row.y, key, key_width.into(), theme.accent());
    let x = x + key_width;
    let mut room = usize::from(row.right().saturating_sub(x + 1));
    if let Choice::Jump(subject) = entry.choice
        && let Some(state) = state_of(app, subject)
    {
        let words = format!("{} {}", theme.sign(state.level), state.word);
        let words = fit(&words, room, Align::Left, theme.cut()).into_owned();
        let at = row.right().saturating_sub(words.width() as u16 + 1);
        buffer.set_stringn(at, row.y, &words, room, theme.level(state.level));
        room = room.saturating_sub(words.width() + 1);
    }
    let about = match &entry.why_not {
        Some(why) => format!("why not: {why}"),
        None => entry.about.clone(),
    };
    buffer.set_stringn(x, row.y, fit(&about, room, Align::Left, theme.cut()), room, theme.dim());
}

fn state_of(app: &App, subject: Subject) -> Option<State> {
    let snapshot = &app.snapshot;
    match subject.kind {
        Kind::CronJob => snapshot.cronjobs.get(subject.uid).map(|one| app.cronjob_state(one)),
        Kind::Job => snapshot.jobs.get(subject.uid).map(|one| app.job_state(one)),
        Kind::Pod => snapshot.pods.get(subject.uid).map(|one| app.pod_state(one)),
        _ => None,
    }
}

fn key_of(choice: &Choice) -> &'static str {
    match choice {
        Choice::Run(id, _) => {
            all().find(|spec| spec.id == *id).and_then(|spec| spec.keys.first()).copied().unwrap_or_default()
        }
        Choice::Jump(_) => "go to",
        Choice::Context(_) | Choice::Namespace(_) => "switch",
        Choice::Draft(_) => "open",
        Choice::DropDraft(_) => "discard",
    }
}
