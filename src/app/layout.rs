//! Where the panes are: pure geometry from the terminal's size and what has the focus.
//!
//! It belongs to the app and not to the view, since scrolling and paging depend on it.

use ratatui::layout::{Constraint, Layout as Split, Rect};

use super::App;
use crate::command::Pane;
use crate::model::snapshot::Freshness;

/// The smallest terminal that anything is drawn on.
pub const SMALLEST: (u16, u16) = (40, 10);

/// From this size on all panes are shown at once.
const WIDE: (u16, u16) = (110, 28);

/// Below this height the list takes the whole room and no detail pane is shown under it.
const SPLIT_HEIGHT: u16 = 16;

/// Rows that the reason for a missing list takes: two sentences on a narrow screen.
const SENTENCES: u16 = 4;

/// The places of everything on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// One line: program, context, namespaces, link.
    pub header: Rect,
    /// One line of tabs where not all panes are shown.
    pub tabs: Option<Rect>,
    /// The panes that are shown.
    pub panes: Vec<(Pane, Rect)>,
    /// One line: what can be done, or a notice.
    pub footer: Rect,
}

/// How far the border between the panes can be moved by hand, in hundredths of the screen to either side.
pub(super) const MOST_SHARE: i16 = 24;

/// What is to be placed on the screen.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    /// The pane that keys go to.
    pub focus: Pane,
    /// The list pane that was focused last.
    pub list: Pane,
    /// The pane that suits the subject.
    pub detail: Pane,
    /// The focused pane alone is shown.
    pub is_zoomed: bool,
    /// What the panes' contents need.
    pub room: Room,
    /// How far the border was moved by hand, in hundredths of the screen; larger gives the lists more.
    pub share: i16,
}

/// How many rows each pane has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// CronJobs.
    pub cronjobs: u16,
    /// Jobs.
    pub jobs: u16,
    /// Pods, or containers.
    pub pods: u16,
    /// Lines of the Why pane, as they are broken for it.
    pub why: u16,
    /// Events.
    pub events: u16,
}

impl Room {
    /// The larger of both for each pane.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            cronjobs: self.cronjobs.max(other.cronjobs),
            jobs: self.jobs.max(other.jobs),
            pods: self.pods.max(other.pods),
            why: self.why.max(other.why),
            events: self.events.max(other.events),
        }
    }
}

/// Lines that a list of so many rows wants: border, titles, rows. In steps of four rows, so that panes keep their sizes
/// from one subject to the next like it. An empty list says why in one line.
const fn lines(rows: u16) -> u16 {
    if rows == 0 { 3 } else { rows.div_ceil(4).saturating_mul(4).saturating_add(3) }
}

impl Layout {
    /// The layout for a terminal of this size; None where it is too small.
    pub fn new(size: (u16, u16), shown: Shown) -> Option<Self> {
        let (width, height) = size;
        if width < SMALLEST.0 || height < SMALLEST.1 {
            return None;
        }
        let all = Rect::new(0, 0, width, height);
        let is_wide = width >= WIDE.0 && height >= WIDE.1;
        let has_tabs = shown.is_zoomed || !is_wide;
        let [header, tabs, body, footer] = Split::vertical([
            Constraint::Length(1),
            Constraint::Length(has_tabs.into()),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(all);
        let panes = if shown.is_zoomed || (!is_wide && height < SPLIT_HEIGHT) {
            vec![(shown.focus, body)]
        } else if is_wide {
            wide(body, shown.room, shown.share)
        } else {
            narrow(body, shown)
        };
        Some(Self { header, tabs: has_tabs.then_some(tabs), panes, footer })
    }

    /// How many rows of a pane are shown: without borders and the line of column titles.
    pub fn page(&self, pane: Pane) -> usize {
        let place = self.panes.iter().find(|(one, _)| *one == pane);
        let inside = place.map_or(0, |(_, area)| area.height.saturating_sub(2));
        let titles = if matches!(pane, Pane::Why | Pane::Logs) { 0 } else { u16::from(has_titles(inside)) };
        inside.saturating_sub(titles).into()
    }
}

/// A list of so many lines has one for the titles of its columns; a single line is for a row.
pub const fn has_titles(lines: u16) -> bool {
    lines > 1
}

/// A part of a length in hundredths, moved by the share; neither side gets less than a fifth.
fn part(length: u16, hundredths: i16, share: i16) -> u16 {
    let hundredths = u32::try_from((hundredths + share).clamp(20, 80)).unwrap_or(20);
    u16::try_from(u32::from(length) * hundredths / 100).unwrap_or(length)
}

/// Left what there is, along ownership; right what is known of the subject. CronJobs, Pods and Events take what they
/// need, up to a part of the height; Jobs and Logs have the rest.
fn wide(body: Rect, room: Room, share: i16) -> Vec<(Pane, Rect)> {
    let [left, right] =
        Split::horizontal([Constraint::Length(part(body.width, 62, share)), Constraint::Fill(1)]).areas(body);
    let fair = body.height * 28 / 100;
    let cronjobs = lines(room.cronjobs).min(fair);
    // Where the Jobs are few the pods may have their room.
    let spare = body.height.saturating_sub(cronjobs.saturating_add(lines(room.jobs)));
    let pods = lines(room.pods).min(fair.max(spare));
    let [cronjobs, jobs, pods] =
        Split::vertical([Constraint::Length(cronjobs), Constraint::Fill(1), Constraint::Length(pods)]).areas(left);
    let why = room.why.max(1).saturating_add(2).min(body.height * 45 / 100);
    let events = lines(room.events).min((body.height - why) * 40 / 100).max(3);
    let [why, events, logs] =
        Split::vertical([Constraint::Length(why), Constraint::Length(events), Constraint::Fill(1)]).areas(right);
    vec![
        (Pane::CronJobs, cronjobs),
        (Pane::Jobs, jobs),
        (Pane::Pods, pods),
        (Pane::Why, why),
        (Pane::Events, events),
        (Pane::Logs, logs),
    ]
}

/// The list above, and under it the pane that has the focus or that suits the subject.
fn narrow(body: Rect, shown: Shown) -> Vec<(Pane, Rect)> {
    let under = if shown.focus == shown.list { shown.detail } else { shown.focus };
    let rows = match shown.list {
        Pane::CronJobs => shown.room.cronjobs,
        Pane::Pods => shown.room.pods,
        _ => shown.room.jobs,
    };
    let least = 5;
    let most = part(body.height, 55, shown.share).clamp(least, body.height.saturating_sub(least).max(least));
    // What was moved by hand stays, whatever the content.
    let upper = if shown.share == 0 { lines(rows).min(most).max(least) } else { most };
    let [upper, lower] = Split::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(body);
    vec![(shown.list, upper), (under, lower)]
}

impl App {
    /// Where everything is on the screen; None where the terminal is too small.
    pub fn layout(&self) -> Option<Layout> {
        let (focus, list, detail) = (self.focus, self.lead, self.detail_pane());
        let (room, share) = (self.room.1, self.share);
        Layout::new(self.size, Shown { focus, list, detail, is_zoomed: self.is_zoomed, room, share })
    }

    /// Moves the border between the panes by hundredths of the screen; it stays where it was put.
    pub fn move_share(&mut self, by: i16) {
        self.share = self.share.saturating_add(by).clamp(-MOST_SHARE, MOST_SHARE);
    }

    /// Measures the room that the panes' contents need: for another subject or terminal anew, otherwise only more, and
    /// only while nobody reads.
    pub(super) fn refresh_room(&mut self) {
        let key = Some((self.size, self.parent(), self.subject(), self.opened_pod));
        // All rows, so that a filter moves no border.
        let rows = |pane: Pane| {
            let rows = self.list(pane).map_or(0, |list| u16::try_from(list.total).unwrap_or(u16::MAX));
            let is_told = pane.kind().is_some_and(|kind| *self.snapshot.freshness(kind) == Freshness::Live);
            // Why a list cannot be had takes a few lines, and what is still to come takes some too.
            if is_told { rows } else { rows.max(SENTENCES) }
        };
        let [cronjobs, jobs, pods, events] = [Pane::CronJobs, Pane::Jobs, Pane::Pods, Pane::Events].map(rows);
        let needed = Room { cronjobs, jobs, pods, why: self.why.rows(), events };
        if self.room.0 != key {
            self.room = (key, needed);
        } else if !self.is_reading() {
            self.room.1 = self.room.1.max(needed);
        }
    }

    /// The pane that suits the subject where there is room for one: what is wrong with it, else its log where it has one,
    /// its events otherwise.
    fn detail_pane(&self) -> Pane {
        match (self.why.is_problem, self.logs.is_empty()) {
            (true, _) => Pane::Why,
            (false, false) => Pane::Logs,
            (false, true) => Pane::Events,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(is_zoomed: bool, room: Room, share: i16) -> Shown {
        Shown { focus: Pane::Jobs, list: Pane::Jobs, detail: Pane::Logs, is_zoomed, room, share }
    }

    fn height(layout: &Layout, pane: Pane) -> u16 {
        layout.panes.iter().find(|(one, _)| *one == pane).unwrap().1.height
    }

    /// Every size, from nothing to a large screen, every content and share: panes lie inside, and none overlaps another.
    #[test]
    fn nothing_overlaps_at_any_size() {
        let rooms =
            [0, 1, 5, u16::MAX].map(|rows| Room { cronjobs: rows, jobs: rows, pods: rows, why: rows, events: rows });
        for width in (0..220).step_by(7) {
            for height in 0..70 {
                for (is_zoomed, share) in [(false, 0), (true, 0), (false, MOST_SHARE), (false, -MOST_SHARE)] {
                    for room in rooms {
                        let Some(layout) = Layout::new((width, height), shown(is_zoomed, room, share)) else {
                            assert!(width < SMALLEST.0 || height < SMALLEST.1);
                            continue;
                        };
                        let mut areas: Vec<Rect> = layout.panes.iter().map(|(_, area)| *area).collect();
                        assert!(areas.iter().all(|area| area.height >= 3 && area.width >= 20), "{width}x{height}");
                        areas.extend([layout.header, layout.footer]);
                        areas.extend(layout.tabs);
                        let total: u32 = areas.iter().map(|area| area.area()).sum();
                        assert_eq!(total, u32::from(width) * u32::from(height), "{width}x{height}");
                        for (index, one) in areas.iter().enumerate() {
                            assert!(areas[index + 1..].iter().all(|other| !one.intersects(*other)), "{width}x{height}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn panes_take_the_room_that_their_content_needs() {
        let layout = |pods, jobs| {
            let room = Room { cronjobs: 2, jobs, pods, why: 0, events: 0 };
            Layout::new((120, 50), shown(false, room, 0)).unwrap()
        };
        assert_eq!(height(&layout(0, 500), Pane::Pods), 3, "no pods, one line");
        assert_eq!(
            height(&layout(1, 500), Pane::Pods),
            height(&layout(4, 500), Pane::Pods),
            "small steps move nothing"
        );
        assert_eq!(height(&layout(500, 500), Pane::Pods), 13, "Jobs keep the most");
        assert_eq!(height(&layout(500, 4), Pane::Pods), 48 - 7 - 7, "few Jobs leave their room to the pods");
        assert_eq!(height(&layout(0, 500), Pane::Events), 3);
    }

    #[test]
    fn share_moves_the_border() {
        let width = |share| {
            let layout = Layout::new((200, 60), shown(false, Room::default(), share)).unwrap();
            layout.panes[0].1.width
        };
        assert_eq!((width(-10), width(0), width(10)), (104, 124, 144));
        let upper = |share| {
            let room = Room { jobs: 50, ..Room::default() };
            height(&Layout::new((80, 24), shown(false, room, share)).unwrap(), Pane::Jobs)
        };
        assert!(upper(-10) < upper(0) && upper(0) < upper(10));
    }
}
