//! Why the Logs pane has no line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::model::count::grouped;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::snapshot::Freshness;
use crate::model::state::Level;
use crate::view::pane::wrap;
use crate::view::theme::Theme;

/// Says why there is no line.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let (words, level) = why(app);
    let width = area.width.saturating_sub(2);
    for (y, line) in (area.y..area.bottom()).zip(wrap(&words, width.into())) {
        buffer.set_stringn(area.x + 1, y, line, width.into(), theme.level(level));
    }
}

/// The reason, and how bad it is.
fn why(app: &App) -> (String, Level) {
    let logs = &app.logs;
    if let Some((source, why)) = logs.failure() {
        return (format!("{}: {why}", source.pod_name), Level::Broken);
    }
    let known = logs.shelf().map_or(0, |shelf| shelf.store.len());
    let calm = |words: &str| (words.to_owned(), Level::Done);
    let hides = |what: &str| (format!("{} lines hidden by {what}; esc clears it", grouped(known)), Level::Warning);
    match logs.subject {
        None => calm("choose an object to see its log"),
        Some(_) if known > 0 && logs.is_searching() => calm("looking"),
        Some(_) if known > 0 && !logs.filter.is_empty() => hides("the filter"),
        Some(_) if known > 0 && logs.since.is_some() => hides("their age"),
        Some(_) if known > 0 && logs.shows_previous => calm("no container here was started again"),
        Some(subject) if logs.followed.is_empty() && !logs.has_ended() => calm(no_source(app, subject)),
        Some(_) if logs.has_ended() => calm("it ended without a line"),
        Some(_) => calm("no line yet"),
    }
}

/// Why no container of the subject has a log.
fn no_source(app: &App, subject: Subject) -> &'static str {
    match app.snapshot.freshness(Kind::Pod) {
        Freshness::Loading => "loading pods",
        Freshness::Denied(_) => "no log without the right to list pods",
        Freshness::Failed { .. } => "the pods are not known",
        _ if app.snapshot.pods_of_subject(subject).is_empty() => {
            let job = app.snapshot.jobs.get(subject.uid);
            let is_over = job.is_some_and(|job| job.is_finished());
            if is_over { "its pods are gone, and their logs with them" } else { "no pod, so no log" }
        }
        _ => "no container has started yet",
    }
}
