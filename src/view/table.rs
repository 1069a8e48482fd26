//! Tables: columns that line up, words that are cut last, only the rows on screen.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::safe_text::safe_line;

use super::theme::Theme;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) width: Width,
    pub(super) align: Align,
    /// The smallest table in which it is shown, in columns.
    pub(super) from: u16,
}

/// How wide a column is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Width {
    Fixed(u16),
    /// A share of what the fixed ones leave, but not less than this.
    Share(u16, u16),
}

/// Where the text stands in a column, and which end is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Words: the end is cut.
    Left,
    /// Names: the middle is cut, since ends tell names apart.
    Name,
    /// Numbers: right-aligned.
    Right,
}

/// The text of a cell and its style.
pub(super) struct Cell<'a>(pub(super) Cow<'a, str>, pub(super) Style);

/// The columns that a table of this width shows, with the place of each.
pub(super) fn places(columns: &[Column], area: Rect) -> Vec<(usize, Rect)> {
    let shown: Vec<usize> = (0..columns.len()).filter(|at| area.width >= columns[*at].from).collect();
    let gaps = shown.len().saturating_sub(1) as u16;
    let fixed: u16 = shown.iter().map(|at| if let Width::Fixed(width) = columns[*at].width { width } else { 0 }).sum();
    let shares: u16 =
        shown.iter().map(|at| if let Width::Share(share, _) = columns[*at].width { share } else { 0 }).sum();
    let room = area.width.saturating_sub(fixed + gaps);
    let mut left = area.x;
    let mut places = Vec::with_capacity(shown.len());
    for &at in &shown {
        let width = match columns[at].width {
            Width::Fixed(width) => width,
            // The last one takes what rounding left.
            Width::Share(..) if shown.last() == Some(&at) => area.right().saturating_sub(left),
            Width::Share(share, least) => {
                (u32::from(room) * u32::from(share) / u32::from(shares.max(1))).max(least.into()) as u16
            }
        };
        let width = width.min(area.right().saturating_sub(left));
        places.push((at, Rect { x: left, width, ..area }));
        left = left.saturating_add(width + 1).min(area.right());
    }
    places
}

/// Writes one line of cells. `cells` has one for each column, shown or not.
pub(super) fn line(
    buffer: &mut Buffer,
    places: &[(usize, Rect)],
    y: u16,
    columns: &[Column],
    cells: &[Cell<'_>],
    theme: &Theme,
) {
    for (at, place) in places {
        let Some(Cell(text, style)) = cells.get(*at) else { continue };
        let text = fit(text, place.width.into(), columns[*at].align, theme.cut());
        let width = text.width() as u16;
        let x = if columns[*at].align == Align::Right { place.right().saturating_sub(width) } else { place.x };
        buffer.set_stringn(x, y, text, place.width.into(), *style);
    }
}

/// The text made safe and cut to `width` columns, with a sign where it was cut.
pub(super) fn fit<'a>(text: &'a str, width: usize, align: Align, cut: &str) -> Cow<'a, str> {
    let text = safe_line(text);
    if text.width() <= width {
        return text;
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    let tail = if align == Align::Name { (width - 1) * 2 / 3 } else { 0 };
    let head = width - 1 - tail;
    Cow::Owned(format!("{}{cut}{}", first_columns(&text, head), last_columns(&text, tail)))
}

/// The start of a text, at most so many columns wide.
fn first_columns(text: &str, width: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > width
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// The end of a text, at most so many columns wide.
pub(super) fn last_columns(text: &str, width: usize) -> &str {
    let mut used = 0;
    let start = text.char_indices().rev().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > width
    });
    start.map_or(text, |(at, character)| &text[at + character.len_utf8()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_their_end_and_names_their_middle() {
        assert_eq!(fit("nightly-report-29384", 20, Align::Name, "…"), "nightly-report-29384");
        assert_eq!(fit("nightly-report-29384", 12, Align::Name, "…"), "nigh…t-29384");
        assert_eq!(fit("exceeded quota", 9, Align::Left, "…"), "exceeded…");
        assert_eq!(fit("漢字漢字", 5, Align::Left, "…"), "漢字…");
        assert_eq!(fit("漢字漢字", 4, Align::Left, "…"), "漢…");
        assert_eq!(fit("abc", 0, Align::Left, "…"), "");
        assert_eq!(fit("a\x1b[31mb", 20, Align::Left, "…"), "a␛[31mb");
    }

    #[test]
    fn columns_stay_inside_at_every_width() {
        let column = |width, from| Column { title: "T", width, align: Align::Left, from };
        let columns = [
            column(Width::Fixed(8), 0),
            column(Width::Share(2, 5), 0),
            column(Width::Fixed(6), 30),
            column(Width::Share(1, 5), 0),
        ];
        for width in 0..100 {
            let area = Rect::new(3, 0, width, 1);
            let mut last = area.x;
            for (_, place) in places(&columns, area) {
                assert!(place.x >= last && place.right() <= area.right(), "{width}: {place:?}");
                last = place.right();
            }
        }
    }
}
