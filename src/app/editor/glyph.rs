//! A line of text as columns on screen: what stands where, made harmless, while the text stays as it is.

use compact_str::CompactString;
use unicode_width::UnicodeWidthStr;

use crate::model::safe_text::safe_character;

/// Characters that are drawn as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glyph {
    /// The index of its first character in the line.
    pub at: usize,
    /// The column that it begins in.
    pub column: usize,
    /// Columns that it takes.
    pub width: usize,
    /// What is drawn.
    pub text: CompactString,
}

/// Characters that are drawn in one place at most: a hostile text stacks hundreds.
const TALLEST: usize = 8;

/// The glyphs of a line that begin in these columns, and those before that reach into them. Accents and joined emoji
/// go with the character before them.
pub fn glyphs(line: &str, start: usize, end: usize) -> Vec<Glyph> {
    if is_plain(line) {
        let shown = line.get(start..end.min(line.len())).unwrap_or_default();
        let glyph = |(at, one): (usize, char)| Glyph {
            at: start + at,
            column: start + at,
            width: 1,
            text: CompactString::from_iter([one]),
        };
        return shown.char_indices().map(glyph).collect();
    }
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut column = 0;
    for (at, character) in line.chars().enumerate() {
        let text = safe_character(column, character);
        let is_joined = |last: &Glyph| text.width() == 0 || last.text.ends_with('\u{200d}');
        if let Some(last) = glyphs.last_mut().filter(|last| is_joined(last)) {
            if last.text.chars().count() < TALLEST {
                last.text.push_str(&text);
                last.width = last.width.max(last.text.width());
                column = last.column + last.width;
            }
            continue;
        }
        // The one before the first is kept: an accent may follow.
        glyphs.retain(|glyph| glyph.column + glyph.width > start || at == glyph.at + 1);
        if column >= end {
            break;
        }
        let width = text.width();
        glyphs.push(Glyph { at, column, width, text: text.into() });
        column += width;
    }
    glyphs.retain(|glyph| glyph.column + glyph.width > start);
    glyphs
}

/// The column that the character of this index begins in; that behind the last one where there is none.
pub fn column_of(line: &str, index: usize) -> usize {
    if is_plain(line) {
        return index.min(line.len());
    }
    let before: String = line.chars().take(index).collect();
    let end_of = |text: &str| glyphs(text, 0, usize::MAX).last().map_or(0, |last| last.column + last.width);
    match line.chars().nth(index) {
        // An accent is where its letter is.
        Some(one) if safe_character(0, one).width() == 0 => column_of(&before, index.saturating_sub(1)),
        _ => end_of(&before),
    }
}

/// Every character takes one column.
fn is_plain(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &str) -> Vec<(usize, usize, String)> {
        let all = glyphs(line, 0, usize::MAX).into_iter();
        all.map(|glyph| (glyph.at, glyph.column, glyph.text.to_string())).collect()
    }

    #[test]
    fn each_character_has_its_columns() {
        let expected = [(0, 0, "a"), (1, 1, "漢"), (2, 3, "e\u{301}"), (4, 4, "b")];
        assert_eq!(drawn("a漢e\u{301}b"), expected.map(|(at, column, text)| (at, column, text.to_owned())));
        assert_eq!(column_of("a漢e\u{301}b", 3), 3, "an accent is where its letter is");
        assert_eq!((column_of("a漢", 2), column_of("a漢", 99), column_of("", 0)), (3, 3, 0));
    }

    #[test]
    fn what_harms_is_shown_and_takes_its_columns() {
        let text: String = drawn("\x1b\u{202e}\tx").into_iter().map(|(_, _, text)| text).collect();
        assert_eq!(text, "␛\\u{202e}       x");
        assert_eq!(column_of("a\tb", 2), 8);
        assert_eq!(column_of("\u{feff}a", 1), 8);
    }

    #[test]
    fn joined_emoji_are_one_and_stacks_end() {
        assert_eq!(drawn("👩\u{200d}💻x").len(), 2);
        let stack = format!("e{}x", "\u{301}".repeat(500));
        let glyphs = glyphs(&stack, 0, usize::MAX);
        assert_eq!((glyphs.len(), glyphs[0].text.chars().count()), (2, TALLEST));
    }

    #[test]
    fn only_what_is_on_screen_is_kept() {
        for line in ["x".repeat(100_000), "é".repeat(100_000)] {
            let glyphs = glyphs(&line, 50, 60);
            assert_eq!((glyphs.len(), glyphs[0].at, glyphs[0].column), (10, 50, 50));
        }
        let wide = glyphs("漢漢漢", 1, 3);
        assert_eq!(wide.iter().map(|glyph| glyph.column).collect::<Vec<_>>(), [0, 2]);
    }
}
