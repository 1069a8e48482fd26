//! What qualifies a log, at the right of its title.

use ratatui::style::Style;

use crate::app::{App, ExportTo, LogView, Shelf, Times};
use crate::model::clock::short_duration;
use crate::model::count::grouped;
use crate::model::log::SourceState;
use crate::model::safe_text::safe_line;
use crate::model::state::Level;
use crate::view::theme::Theme;

/// The marks of the Logs pane, the most important first.
pub(in crate::view::pane) fn marks(app: &App, theme: &Theme) -> Vec<(String, Style)> {
    let logs = &app.logs;
    let warns = theme.level(Level::Warning);
    let mut marks = Vec::new();
    if let Some((_, why)) = logs.failure() {
        marks.push((
            format!("{} stream broke: {}", theme.sign(Level::Broken), safe_line(why)),
            theme.level(Level::Broken),
        ));
    }
    if logs.is_at_risk() {
        marks.push((format!("{} log vanishes at the next failure", theme.sign(Level::Warning)), warns));
    }
    marks.extend(following(logs, theme));
    if !logs.filter.is_empty() {
        marks.push((format!("&{}  {}", safe_line(logs.filter.text()), filtered(logs)), warns));
    }
    if let Some(aside) = &logs.set_aside {
        marks.push((format!("&{} lifted, = filters again", safe_line(aside.text())), warns));
    }
    marks.extend(found(logs).map(|found| (format!("/{}  {found}", safe_line(logs.search.text())), warns)));
    if let Some(since) = logs.since {
        marks.push((format!("since {}", short_duration(app.now.seconds_since(since))), warns));
    }
    if let Some(export) = &logs.export {
        let what = if export.to == ExportTo::Pager { "to the pager" } else { "saving" };
        marks.push((format!("{what}, {} lines", grouped(export.lines)), theme.accent()));
    }
    if logs.is_reading_older() {
        marks.push(("reading older lines".into(), theme.dim()));
    }
    if let Some(shelf) = logs.shelf() {
        marks.extend(missing(logs, shelf).into_iter().map(|words| (words, warns)));
    }
    if logs.left > 0 {
        marks.push((format!("from column {}", logs.left + 1), theme.text()));
    }
    marks.extend(zone(app).map(|zone| (zone, theme.dim())));
    marks
}

/// Whether lines come, and whether one follows them.
fn following(logs: &LogView, theme: &Theme) -> Vec<(String, Style)> {
    let Some(shelf) = logs.shelf() else { return Vec::new() };
    if logs.is_paused() {
        let below = match logs.new_below() {
            0 => "paused".to_owned(),
            new => format!("paused, {} new below", grouped(new)),
        };
        return vec![(below, theme.accent()), ("G follows".into(), theme.text())];
    }
    let state = |state: &SourceState| {
        let followed = logs.followed.iter().filter_map(|follow| shelf.store.read(&follow.source));
        followed.into_iter().any(|read| read.state == *state)
    };
    let words = if state(&SourceState::Open) {
        "following"
    } else if logs.failure().is_none() && !logs.followed.is_empty() && !logs.has_ended() {
        "opening"
    } else if logs.has_ended() {
        "ended"
    } else {
        return Vec::new();
    };
    vec![(words.into(), theme.dim())]
}

/// How many lines pass the filter.
fn filtered(logs: &LogView) -> String {
    match logs.count() {
        (Some(shown), total) => format!("{} of {}", grouped(shown), grouped(total)),
        (None, total) => format!("looking through {}", grouped(total)),
    }
}

/// How many lines have a match.
fn found(logs: &LogView) -> Option<String> {
    let (count, is_complete) = logs.match_count()?;
    let so_far = if is_complete { "" } else { " so far" };
    Some(match (count, logs.match_number()) {
        (0, _) if is_complete => "no match".to_owned(),
        (count, Some(number)) => format!("match {} of {}{so_far}", grouped(number), grouped(count)),
        (1, None) => format!("1 line matches{so_far}"),
        (count, None) => format!("{} lines match{so_far}", grouped(count)),
    })
}

/// What is not here.
fn missing(logs: &LogView, shelf: &Shelf) -> Vec<String> {
    let mut words = Vec::new();
    if logs.left_out > 0 {
        let followed = logs.followed.len();
        words.push(format!("{} of {} logs", grouped(followed), grouped(followed + logs.left_out)));
    }
    if let Some((_, time)) = shelf.store.dropped() {
        words.push(format!("older lines dropped before {} UTC", time.to_timestamp().strftime("%H:%M")));
    }
    words
}

/// The zone of the times, with their day where that is not today.
fn zone(app: &App) -> Option<String> {
    let logs = &app.logs;
    let zone = match logs.times {
        Times::Off | Times::Ago => return None,
        Times::Local => logs.zone.clone(),
        Times::Utc => jiff::tz::TimeZone::UTC,
    };
    let now = app.now.to_timestamp().to_zoned(zone.clone());
    let first = logs.rows.first().and_then(|row| logs.shelf()?.store.line(row.line));
    let first = first.map(|line| line.time.to_timestamp().to_zoned(zone));
    let day = first.filter(|first| first.date() != now.date());
    let name = now.strftime("%Z");
    Some(day.map_or_else(|| name.to_string(), |day| format!("{} {name}", day.strftime("%-d %b"))))
}
