//! The lines around the panes: header, tabs, footer.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::app::{App, Link};
use crate::command::{CommandSpec, Pane};
use crate::model::key::Kind;
use crate::model::snapshot::Freshness;
use crate::model::state::Level;

use super::pane::{counted, name};
use super::table::{Align, fit};
use super::theme::Theme;

/// Where we are on the left; problems and the link on the right.
pub(super) fn header(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let read_only = if app.is_read_only { "read-only   " } else { "" };
    let read_only = Span::styled(read_only, theme.level(Level::Warning));
    let right = vec![problems(app, theme, area.width), Span::raw("   "), read_only, link(app, theme), Span::raw(" ")];
    let right = Line::from(right);
    let room = area.width.saturating_sub(right.width() as u16 + 1);
    let place = app.namespaces.as_ref().map(ToString::to_string).unwrap_or_default();
    let name = if area.width < 100 { "" } else { " kubatch " };
    let context = fit(&app.context, usize::from(room).saturating_sub(name.len() + 1), Align::Name, theme.cut());
    let used = name.len() + context.width() + 3;
    let place = fit(&place, usize::from(room).saturating_sub(used), Align::Left, theme.cut()).into_owned();
    let left = Line::from(vec![
        Span::styled(name, theme.dim()),
        Span::raw(" "),
        Span::styled(context, theme.strong()),
        Span::raw("  "),
        Span::raw(place),
    ]);
    left.render(Rect { width: room, ..area }, buffer);
    right.alignment(Alignment::Right).render(area, buffer);
}

fn problems(app: &App, theme: &Theme, width: u16) -> Span<'static> {
    let (all, new) = app.problems();
    let new = if new == 0 { String::new() } else { format!(", {new} new") };
    let said =
        |words: String| Span::styled(format!("{} {words}", theme.sign(Level::Broken)), theme.level(Level::Broken));
    match all {
        0 if is_calm(app) && width >= 60 => {
            Span::styled(format!("{} nothing is wrong", theme.sign(Level::Done)), theme.dim())
        }
        0 => Span::raw(""),
        // The context's name is worth more than the word.
        some if width < 60 => said(some.to_string()),
        1 => said(format!("1 problem{new}")),
        many => said(format!("{many} problems{new}")),
    }
}

/// There is batch work, all of it is known, and none is broken.
fn is_calm(app: &App) -> bool {
    let is_live = |kind| *app.snapshot.freshness(kind) == Freshness::Live;
    let has_work = !(app.snapshot.jobs.is_empty() && app.snapshot.cronjobs.is_empty());
    has_work
        && app.problems().0 == 0
        && !app.has_faults()
        && [Kind::CronJob, Kind::Job, Kind::Pod].into_iter().all(is_live)
}

fn link(app: &App, theme: &Theme) -> Span<'static> {
    let sign = |level| theme.sign(level);
    match app.link() {
        Link::Connecting => Span::styled(format!("{} connecting", sign(Level::Waiting)), theme.level(Level::Waiting)),
        Link::Loading => Span::styled(format!("{} loading", sign(Level::Waiting)), theme.level(Level::Waiting)),
        Link::Live => Span::styled(format!("{} live", sign(Level::Running)), theme.level(Level::Running)),
        Link::Retrying { at, .. } => {
            let wait = at.seconds_since(app.now);
            let when = if wait > 0 { format!("retrying in {wait}s") } else { "retrying".to_owned() };
            Span::styled(format!("{} {when}", sign(Level::Broken)), theme.level(Level::Broken))
        }
        Link::Denied(_) => Span::styled(format!("{} denied", sign(Level::Broken)), theme.level(Level::Broken)),
        Link::Down(_) => Span::styled(format!("{} not connected", sign(Level::Broken)), theme.level(Level::Broken)),
    }
}

/// The panes by number, where not all are shown; the focused one in brackets.
pub(super) fn tabs(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let mut spans = Vec::new();
    for pane in Pane::ALL {
        // The panes themselves tell their counts where there is no room here.
        let is_narrow = area.width < 60;
        let title = if is_narrow { short_title(pane) } else { name(pane, app) };
        let list = app.list(pane).filter(|_| !is_narrow);
        let count = list.and_then(|list| counted(app, pane, list)).map(|count| format!(" {count}")).unwrap_or_default();
        let text = format!("{} {title}{count}", pane.key());
        spans.push(if pane == app.focus {
            Span::styled(format!("[{text}]"), theme.accent())
        } else {
            Span::styled(if is_narrow { format!("{text} ") } else { format!(" {text} ") }, theme.text())
        });
    }
    Line::from(spans).render(area, buffer);
}

fn short_title(pane: Pane) -> &'static str {
    match pane {
        Pane::CronJobs => "Cron",
        Pane::Events => "Ev",
        Pane::Logs => "Log",
        other => other.title(),
    }
}

/// A notice where there is one; else why the link is broken, with the way to the keys; else what can be done here. What
/// is denied is told in the panes.
pub(super) fn footer(buffer: &mut Buffer, area: Rect, app: &App, theme: &Theme) {
    let room = area.width.saturating_sub(2);
    let said = |buffer: &mut Buffer, text: &str, room: u16, level| {
        let text = fit(text, room.into(), Align::Left, theme.cut());
        buffer.set_stringn(area.x + 1, area.y, text, room.into(), theme.level(level));
    };
    match (&app.notice, app.link()) {
        (Some(notice), _) => said(buffer, notice, room, Level::Warning),
        (None, Link::Retrying { failure, .. } | Link::Down(failure)) => {
            let help = Line::from(vec![Span::styled("? ", theme.accent()), Span::styled("help ", theme.text())]);
            let room = room.saturating_sub(help.width() as u16 + 1);
            said(buffer, &format!("{}; {}", failure.message, failure.hint), room, Level::Broken);
            help.right_aligned().render(area, buffer);
        }
        (None, Link::Connecting | Link::Loading | Link::Live | Link::Denied(_)) => {
            keys(buffer, area, &app.footer(), theme)
        }
    }
}

/// The keys of these commands, as far as there is room.
pub(super) fn keys(buffer: &mut Buffer, area: Rect, specs: &[&CommandSpec], theme: &Theme) {
    let mut line = Line::from(" ");
    for spec in specs {
        let key = spec.keys.first().copied().unwrap_or_default();
        let spans = [Span::styled(key, theme.accent()), Span::styled(format!(" {}  ", spec.title), theme.text())];
        let width: usize = spans.iter().map(Span::width).sum();
        // The two blanks behind the last one may fall off.
        if line.width() + width > usize::from(area.width) + 2 {
            break;
        }
        line.extend(spans);
    }
    line.render(area, buffer);
}
