//! Parts of a text by the columns that it takes on a terminal: the only place where text is measured to be cut.
//!
//! Pure; wide characters count two, and none is cut in half. `view` cuts cells with it, `app` the rows of pages.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The start of a text, at most so many columns wide.
pub fn first_columns(text: &str, width: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > width
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// The end of a text, at most so many columns wide.
pub fn last_columns(text: &str, width: usize) -> &str {
    let mut used = 0;
    let start = text.char_indices().rev().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > width
    });
    start.map_or(text, |(at, character)| &text[at + character.len_utf8()..])
}

/// The text cut to so many columns, `tail` of them for its end, with this sign of one column where it was cut.
pub fn cut<'a>(text: impl Into<Cow<'a, str>>, width: usize, tail: usize, sign: &str) -> Cow<'a, str> {
    let text = text.into();
    match width {
        _ if text.width() <= width => text,
        0 => Cow::Borrowed(""),
        _ => {
            let tail = tail.min(width - 1);
            let (head, tail) = (first_columns(&text, width - 1 - tail), last_columns(&text, tail));
            Cow::Owned(format!("{head}{sign}{tail}"))
        }
    }
}

/// The text cut to so many columns, with blanks up to them.
pub fn cell(text: &str, width: usize) -> String {
    let mut text = cut(text, width, 0, "…").into_owned();
    text.extend(std::iter::repeat_n(' ', width.saturating_sub(text.width())));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_is_cut_in_half() {
        assert_eq!(cut("漢字漢字", 5, 0, "…"), "漢字…");
        assert_eq!(cut("漢字漢字", 4, 0, "…"), "漢…");
        assert_eq!(cut("漢字漢字", 5, 2, "…"), "漢…字");
        assert_eq!(cut("abc", 0, 0, "…"), "");
        assert_eq!(cut("abc", 2, 9, "…"), "…c");
    }

    #[test]
    fn a_cell_is_as_wide_as_its_column() {
        assert_eq!(cell("ab", 4), "ab  ");
        assert_eq!(cell("漢字漢字", 4), "漢… ");
        assert_eq!(cell("ab", 0), "");
    }
}
