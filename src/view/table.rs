//! Tables: columns that line up, words that are cut last, only the rows on screen.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::app::{Column as FieldName, Widths};
use crate::model::columns;
use crate::model::safe_text::safe_line;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) field: Field,
    pub(super) width: Width,
    pub(super) align: Align,
    /// The smallest table in which it is shown, in columns.
    pub(super) from: u16,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The sign of the row's level.
    Sign,
    /// A bar of what is done.
    Bar,
    /// The signs of the last runs.
    Runs,
    /// What the app says in this column.
    Text(FieldName),
}

/// How wide a column is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Width {
    Fixed(u16),
    /// As wide as what stands in it, between these; not shown where nothing does.
    Content(u16, u16),
    /// What the others leave, but not less than this, nor than a third of the table where it has so much to say; not
    /// shown where no row says anything.
    Rest(u16),
}

impl Column {
    /// A column of one sign.
    pub(super) const SIGN: Column =
        Column { title: "", field: Field::Sign, width: Width::Fixed(1), align: Align::Left, from: 0 };

    /// A column of what the app says, under the app's title.
    pub(super) const fn text(field: FieldName, width: Width, align: Align, from: u16) -> Self {
        Self { title: field.title(), field: Field::Text(field), width, align, from }
    }

    /// The width of its widest text.
    fn content(&self, widths: &Widths) -> u16 {
        match self.field {
            // Where nothing is wrong there is room for when a Job ends by itself, or when a CronJob runs.
            Field::Text(FieldName::Why) => {
                widths.of(FieldName::Why).max(widths.of(FieldName::Ends)).max(widths.of(FieldName::RunsAt))
            }
            Field::Text(field) => widths.of(field),
            Field::Sign | Field::Bar | Field::Runs => 1,
        }
    }

    /// The width that it wants, and the least to which it may be cut.
    fn wanted(&self, widths: &Widths, table: u16) -> (u16, u16) {
        match self.width {
            Width::Fixed(width) => (width, width),
            Width::Content(least, most) => {
                // Words that change keep their room; names do not change.
                let kept = if self.align == Align::Name { 0 } else { least };
                let wanted = self.content(widths).max(self.title.width() as u16).max(kept).min(most);
                // On a narrow screen even names leave room for what is said of them.
                let least = if self.align == Align::Name { least.min(table * 2 / 5) } else { least };
                (wanted, least.min(wanted))
            }
            Width::Rest(least) => {
                let least = self.content(widths).clamp(least, least.max(table / 3));
                (least, least)
            }
        }
    }
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

/// What stands in a cell.
pub(super) enum Cell<'a> {
    /// One text in one style.
    Text(Cow<'a, str>, Style),
    /// Several, one after the other.
    Parts(Vec<(Cow<'a, str>, Style)>),
}

/// The columns that a table of this width shows, with the place of each. Where there is not room for all, words are cut
/// first and names last, the widest first.
pub(super) fn places(columns: &[Column], widths: &Widths, area: Rect) -> Vec<(usize, Rect)> {
    let is_shown = |column: &Column| {
        area.width >= column.from && (matches!(column.width, Width::Fixed(_)) || column.content(widths) > 0)
    };
    let mut shown: Vec<(usize, u16, u16)> = Vec::with_capacity(columns.len());
    for (at, column) in columns.iter().enumerate().filter(|(_, column)| is_shown(column)) {
        let (wanted, least) = column.wanted(widths, area.width);
        shown.push((at, wanted, least));
    }
    let used: usize = shown.iter().map(|(_, width, _)| usize::from(*width) + 1).sum();
    let room = usize::from(area.width) + 1;
    for align in [Align::Left, Align::Name] {
        let over = used.saturating_sub(room);
        let gained = used - shown.iter().map(|(_, width, _)| usize::from(*width) + 1).sum::<usize>();
        for _ in gained..over {
            let cuttable = shown.iter_mut().filter(|(at, width, least)| columns[*at].align == align && width > least);
            let Some((_, width, _)) = cuttable.max_by_key(|(_, width, _)| *width) else { break };
            *width -= 1;
        }
    }
    let left_over = room.saturating_sub(used) as u16;
    let mut left = area.x;
    let mut places = Vec::with_capacity(shown.len());
    for (at, width, _) in shown {
        let width = if matches!(columns[at].width, Width::Rest(_)) { width + left_over } else { width };
        let width = width.min(area.right().saturating_sub(left));
        places.push((at, Rect { x: left, width, ..area }));
        left = left.saturating_add(width + 1).min(area.right());
    }
    places
}

/// Writes a cell into its place on line `y`.
pub(super) fn write(buffer: &mut Buffer, place: Rect, y: u16, align: Align, cell: Cell<'_>, cut: &str) {
    match cell {
        Cell::Text(text, style) => {
            let text = fit(&text, place.width.into(), align, cut);
            let width = text.width() as u16;
            let x = if align == Align::Right { place.right().saturating_sub(width) } else { place.x };
            buffer.set_stringn(x, y, text, place.width.into(), style);
        }
        Cell::Parts(parts) => {
            let mut x = place.x;
            for (text, style) in parts {
                let text = safe_line(&text);
                let room = place.right().saturating_sub(x);
                if text.width() > room.into() {
                    // The sign of the cut needs a column; where there is none left it takes the last one.
                    let text = fit(&text, room.into(), Align::Left, cut);
                    buffer.set_stringn(x, y, text, room.into(), style);
                    buffer.set_stringn(place.right().saturating_sub(1), y, cut, 1, style);
                    return;
                }
                x = buffer.set_stringn(x, y, text, room.into(), style).0;
            }
        }
    }
}

/// The text made safe and cut to `width` columns, with a sign where it was cut.
pub(super) fn fit<'a>(text: &'a str, width: usize, align: Align, cut: &str) -> Cow<'a, str> {
    let tail = if align == Align::Name { width.saturating_sub(1) * 2 / 3 } else { 0 };
    columns::cut(safe_line(text), width, tail, cut)
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

    const COLUMNS: [Column; 5] = [
        Column::SIGN,
        Column::text(FieldName::Name, Width::Content(8, 40), Align::Name, 0),
        Column::text(FieldName::Status, Width::Content(4, 12), Align::Left, 0),
        Column::text(FieldName::Done, Width::Content(4, 9), Align::Right, 30),
        Column::text(FieldName::Why, Width::Rest(6), Align::Left, 0),
    ];

    fn widths(name: u16, status: u16, done: u16, why: u16) -> Widths {
        let mut widths = Widths::default();
        for (column, width) in
            [(FieldName::Name, name), (FieldName::Status, status), (FieldName::Done, done), (FieldName::Why, why)]
        {
            widths.widen(column, width);
        }
        widths
    }

    fn sizes(widths: &Widths, width: u16) -> Vec<u16> {
        places(&COLUMNS, widths, Rect::new(3, 0, width, 1)).into_iter().map(|(_, place)| place.width).collect()
    }

    #[test]
    fn columns_stay_inside_at_every_width() {
        for widths in [widths(0, 0, 0, 0), widths(12, 9, 3, 40), widths(u16::MAX, 200, 200, 200)] {
            for width in 0..140 {
                let area = Rect::new(3, 0, width, 1);
                let mut last = area.x;
                for (_, place) in places(&COLUMNS, &widths, area) {
                    assert!(place.x >= last && place.right() <= area.right(), "{width}: {place:?}");
                    last = place.right();
                }
            }
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_content_and_the_reason_takes_the_rest() {
        assert_eq!(sizes(&widths(20, 9, 5, 50), 80), [1, 20, 9, 5, 41]);
        assert_eq!(sizes(&widths(20, 9, 0, 50), 80), [1, 20, 9, 47], "a column that says nothing is not there");
        assert_eq!(sizes(&widths(20, 9, 5, 0), 80), [1, 20, 9, 5]);
        assert_eq!(sizes(&widths(3, 9, 5, 9), 80), [1, 4, 9, 5, 57]);
    }

    #[test]
    fn names_are_cut_after_words() {
        assert_eq!(sizes(&widths(30, 9, 5, 6), 54), [1, 30, 8, 5, 6]);
        assert_eq!(sizes(&widths(30, 9, 5, 6), 47), [1, 27, 4, 5, 6]);
        assert_eq!(sizes(&widths(30, 9, 5, 50), 60), [1, 26, 4, 5, 20], "a third for the reason");
    }

    #[test]
    fn parts_that_do_not_fit_are_cut_with_a_sign() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        let parts = ["init ", "x", " main ", "x"].map(|text| (text.into(), Style::new()));
        write(&mut buffer, Rect::new(0, 0, 7, 1), 0, Align::Left, Cell::Parts(parts.to_vec()), "~");
        assert_eq!(buffer, Buffer::with_lines(["init x~ "]));
    }
}
