//! One row of a log: its time, its source, its text; or a rule that says where a source begins or ends.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::app::{App, Fold, LogRow, Look, Shelf, ShownLine, Times};
use crate::model::clock::Time;
use crate::model::log::{LogLevel, LogLine};
use crate::model::safe_text::safe_line;
use crate::model::state::Level;
use crate::view::table::{Align, fit};
use crate::view::theme::Theme;

/// Bytes of a line in which a match is looked for that is not on screen.
const SEARCHED: usize = 64 << 10;

/// Columns of the rule before the words of a mark.
const RULE: usize = 4;

/// A row with text.
pub(super) fn draw_line(
    buffer: &mut Buffer,
    area: Rect,
    app: &App,
    (shelf, row, line): (&Shelf, LogRow, &LogLine<'_>),
    shown: &ShownLine,
    theme: &Theme,
) {
    let Some(part) = shown.rows.get(row.piece).cloned() else { return };
    let mut spans = prefix(app, (shelf, row, line), theme);
    if row.piece == 0 {
        spans.push(Span::raw(" ".repeat(shown.gap)));
    }
    let is_here = app.logs.cursor() == Some(row.line);
    let hits = app.logs.search.spans(&shown.text);
    let look = |look| style(look, line.class.level(), theme);
    spans.extend(text((&shown.text, &shown.parts), part.clone(), &hits, theme.hit(is_here), look));
    let is_cut = shown.is_cut && row.piece + 1 == shown.rows.len();
    let used: usize = spans.iter().map(Span::width).sum();
    let fold = shown.fold.as_ref().map_or(0, |fold| fold.width().min(app.logs.text_width() / 2));
    Line::from(spans).render(area, buffer);
    let end = usize::from(area.width).saturating_sub(fold);
    if is_cut && end > 0 {
        let at = (area.x as usize + used.min(end - 1)) as u16;
        let is_seen = hits.iter().any(|hit| hit.start < part.end && hit.end > part.start);
        let is_hidden = !is_seen && app.logs.search.matches(&line.text[..line.text.len().min(SEARCHED)]);
        let style = if is_hidden { theme.hit(is_here) } else { theme.dim() };
        cut_before(buffer, at, area, theme.cut(), style);
    }
    if let Some(fold) = &shown.fold {
        let at = used.min(end) as u16;
        draw_fold(buffer, Rect { x: area.x + at, width: area.width.saturating_sub(at), ..area }, fold, theme);
    }
}

/// What is folded under a line, behind it: what happened is as bright as the line itself.
fn draw_fold(buffer: &mut Buffer, area: Rect, fold: &Fold, theme: &Theme) {
    let room = usize::from(area.width).saturating_sub(2 + fold.count.width());
    let end = fit(&fold.end, room.saturating_sub(2), Align::Left, theme.cut());
    let count = Span::styled(format!("  {}  ", fold.count), style(Look::Fold, None, theme));
    Line::from(vec![count, Span::styled(end, theme.text())]).render(area, buffer);
}

/// Writes the sign of text that was cut in this column; half of a wide character before it becomes a blank.
fn cut_before(buffer: &mut Buffer, x: u16, area: Rect, sign: &str, style: Style) {
    let x = x.min(area.right().saturating_sub(1));
    if x > area.x
        && let Some(before) = buffer.cell_mut((x - 1, area.y))
        && before.symbol().width() > 1
    {
        before.set_symbol(" ");
    }
    buffer.set_stringn(x, area.y, sign, 1, Style::reset().patch(style));
}

/// The columns before the text. In the further rows of a line the source alone goes on.
fn prefix<'a>(app: &App, (shelf, row, line): (&Shelf, LogRow, &LogLine<'_>), theme: &Theme) -> Vec<Span<'a>> {
    let is_first = row.piece == 0;
    let mut spans = vec![Span::raw(" ")];
    let columns = app.logs.times.width();
    let time = if is_first { time_words(app, line.time) } else { String::new() };
    spans.push(Span::styled(format!("{time:columns$}"), theme.dim()));
    let width = app.logs.label_width();
    if width > 0 {
        let label = if is_first { label(shelf, line) } else { "" };
        let label = fit(label, width, Align::Name, theme.cut());
        let blank = " ".repeat(width.saturating_sub(label.width()));
        spans.push(Span::styled(format!("{label}{blank} {} ", theme.separator()), theme.source(line.source)));
    }
    spans
}

fn label<'a>(shelf: &'a Shelf, line: &LogLine<'_>) -> &'a str {
    shelf.labels.get(line.source as usize).map(|label| label.as_str()).unwrap_or_default()
}

/// A time as wide as [`Times::width`] says, a blank behind it.
fn time_words(app: &App, time: Time) -> String {
    let clock = |zone: &jiff::tz::TimeZone| {
        let zoned = time.to_timestamp().to_zoned(zone.clone());
        // Kubernetes tells whole seconds of containers: no more is claimed of marks.
        zoned.strftime(if time.nanos() % 1_000_000_000 == 0 { "%H:%M:%S" } else { "%H:%M:%S%.3f " }).to_string()
    };
    match app.logs.times {
        Times::Off => String::new(),
        Times::Ago => format!("{:>6} ", ago(app.now.seconds_since(time))),
        Times::Local => clock(&app.logs.zone),
        Times::Utc => clock(&jiff::tz::TimeZone::UTC),
    }
}

/// `12s`, `4m07s`, `3h12m`, `12d03h`: finer than ages in lists, since lines follow closely. At most six columns for 99 days.
fn ago(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ ..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        seconds @ 3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        seconds @ 86_400..8_640_000 => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// A part of the text, its own styles in it, and every match in it marked.
fn text<'a>(
    (whole, parts): (&'a str, &[(usize, Look)]),
    part: Range<usize>,
    hits: &[Range<usize>],
    hit: Style,
    look: impl Fn(Look) -> Style,
) -> Vec<Span<'a>> {
    let hits: Vec<&Range<usize>> = hits.iter().filter(|hit| hit.start < part.end && hit.end > part.start).collect();
    let mut ends: Vec<usize> = parts.iter().map(|(end, _)| *end).collect();
    ends.extend(hits.iter().flat_map(|hit| [hit.start, hit.end]));
    ends.push(part.end);
    ends.retain(|end| *end > part.start && *end <= part.end);
    ends.sort_unstable();
    ends.dedup();
    let mut start = part.start;
    let (mut parts, mut hits) = (parts.iter().peekable(), hits.into_iter().peekable());
    let piece = |end: usize| {
        while parts.next_if(|(end, _)| *end <= start).is_some() {}
        while hits.next_if(|hit| hit.end <= start).is_some() {}
        let own = parts.peek().map_or(Style::new(), |(_, of)| look(*of));
        let style = if hits.peek().is_some_and(|hit| hit.start <= start) { own.patch(hit) } else { own };
        let piece = Span::styled(&whole[start..end], style);
        start = end;
        piece
    };
    ends.into_iter().map(piece).collect()
}

/// How a part is drawn, in a line of this level.
fn style(look: Look, level: Option<LogLevel>, theme: &Theme) -> Style {
    let is_fine = level.is_some_and(|level| level < LogLevel::Info);
    let plain = if is_fine { theme.dim() } else { theme.text() };
    match look {
        Look::Own(own) => theme.of_log(own, plain),
        Look::Level(level) => level_style(level, theme),
        Look::Aside | Look::Fold => theme.dim(),
    }
}

/// What goes well steps back.
fn level_style(level: LogLevel, theme: &Theme) -> Style {
    match level {
        LogLevel::Trace | LogLevel::Debug | LogLevel::Info => theme.dim(),
        LogLevel::Warn => theme.level(Level::Warning),
        LogLevel::Error | LogLevel::Fatal => theme.level(Level::Broken),
    }
}

/// A rule across the pane with what happened to a source: `──── try 2  ended: OOMKilled ────`. What went wrong has the
/// sign and the colour of that.
pub(super) fn draw_mark(
    buffer: &mut Buffer,
    area: Rect,
    app: &App,
    (shelf, number, line): (&Shelf, usize, &LogLine<'_>),
    theme: &Theme,
) {
    let level = match line.class.level() {
        Some(LogLevel::Error | LogLevel::Fatal) => Some(Level::Broken),
        Some(LogLevel::Warn) => Some(Level::Warning),
        _ => None,
    };
    let rule = theme.border().horizontal_top;
    let columns = app.logs.times.width();
    let time = format!(" {:columns$}", time_words(app, line.time));
    let mut spans = vec![Span::styled(time, theme.dim()), Span::styled(rule.repeat(RULE), theme.dim()), Span::raw(" ")];
    let name = safe_line(label(shelf, line)).into_owned();
    if !name.is_empty() {
        spans.push(Span::styled(name, theme.source(line.source)));
        spans.push(Span::raw("  "));
    }
    let style = level.map_or(theme.dim(), |level| theme.level(level));
    if let Some(level) = level {
        spans.push(Span::styled(format!("{} ", theme.sign(level)), style));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let words = String::from_utf8_lossy(line.text);
    let words = fit(&words, usize::from(area.width).saturating_sub(used + 1), Align::Left, theme.cut());
    let hits = app.logs.search.spans(&words);
    let hit = theme.hit(app.logs.cursor() == Some(number));
    spans.extend(text((&words, &[(words.len(), Look::Aside)]), 0..words.len(), &hits, hit, |_| style));
    spans.push(Span::raw(" "));
    let used: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::styled(rule.repeat(usize::from(area.width).saturating_sub(used + 1)), theme.dim()));
    Line::from(spans).render(area, buffer);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_ago_fit_their_columns() {
        let cases =
            [(-3, "0s"), (59, "59s"), (247, "4m07s"), (11_520, "3h12m"), (86_399, "23h59m"), (1_047_600, "12d03h")];
        for (seconds, words) in cases {
            assert_eq!(ago(seconds), words);
            assert!(words.len() < Times::Ago.width());
        }
    }
}
