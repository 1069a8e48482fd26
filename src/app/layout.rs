//! Where the panes are: pure geometry from the terminal's size and what has the focus.
//!
//! It belongs to the app and not to the view, since scrolling and paging depend on it.

use ratatui::layout::{Constraint, Layout as Split, Rect};

use crate::command::Pane;

/// The smallest terminal that anything is drawn on.
pub const SMALLEST: (u16, u16) = (40, 10);

/// From this size on all panes are shown at once.
const WIDE: (u16, u16) = (110, 28);

/// Below this height the list takes the whole room and no detail pane is shown under it.
const SPLIT_HEIGHT: u16 = 16;

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

impl Layout {
    /// The layout for a terminal of this size; None where it is too small. `list` is the list pane that was focused
    /// last, `detail` the pane that suits the subject.
    pub fn new(size: (u16, u16), focus: Pane, list: Pane, detail: Pane, is_zoomed: bool, share: i16) -> Option<Self> {
        let (width, height) = size;
        if width < SMALLEST.0 || height < SMALLEST.1 {
            return None;
        }
        let all = Rect::new(0, 0, width, height);
        let is_wide = width >= WIDE.0 && height >= WIDE.1;
        let has_tabs = is_zoomed || !is_wide;
        let [header, tabs, body, footer] = Split::vertical([
            Constraint::Length(1),
            Constraint::Length(has_tabs.into()),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(all);
        let panes = if is_zoomed {
            vec![(focus, body)]
        } else if is_wide {
            wide(body, share)
        } else if height < SPLIT_HEIGHT {
            vec![(focus, body)]
        } else {
            let under = if focus == list { detail } else { focus };
            let [upper, lower] =
                Split::vertical([Constraint::Percentage(55u16.saturating_add_signed(share)), Constraint::Fill(1)])
                    .areas(body);
            vec![(list, upper), (under, lower)]
        };
        Some(Self { header, tabs: has_tabs.then_some(tabs), panes, footer })
    }

    /// How many rows of a pane are shown: without borders and the line of column titles.
    pub fn page(&self, pane: Pane) -> usize {
        let titles = if pane == Pane::Logs { 0 } else { 1 };
        let place = self.panes.iter().find(|(one, _)| *one == pane);
        place.map_or(0, |(_, area)| area.height.saturating_sub(2 + titles).into())
    }
}

/// Left what there is, along ownership; right what is known of the subject.
fn wide(body: Rect, share: i16) -> Vec<(Pane, Rect)> {
    let [left, right] =
        Split::horizontal([Constraint::Percentage(62u16.saturating_add_signed(share)), Constraint::Fill(1)])
            .areas(body);
    let [cronjobs, jobs, pods] =
        Split::vertical([Constraint::Percentage(28), Constraint::Fill(1), Constraint::Percentage(28)]).areas(left);
    let [events, logs] = Split::vertical([Constraint::Percentage(40), Constraint::Fill(1)]).areas(right);
    vec![(Pane::CronJobs, cronjobs), (Pane::Jobs, jobs), (Pane::Pods, pods), (Pane::Events, events), (Pane::Logs, logs)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every size, from nothing to a large screen: panes lie inside, and none overlaps another.
    #[test]
    fn nothing_overlaps_at_any_size() {
        for width in (0..220).step_by(7) {
            for height in 0..70 {
                for is_zoomed in [false, true] {
                    let Some(layout) = Layout::new((width, height), Pane::Jobs, Pane::Jobs, Pane::Logs, is_zoomed, 0)
                    else {
                        assert!(width < SMALLEST.0 || height < SMALLEST.1);
                        continue;
                    };
                    let mut areas: Vec<Rect> = layout.panes.iter().map(|(_, area)| *area).collect();
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
