//! The one gate through which text from a cluster passes before it is drawn or printed to a terminal.
//!
//! A log line, an event or an annotation can hold escape sequences that move the cursor, set the clipboard or retitle
//! the window, and characters that reorder what a person reads. Here they become visible or vanish. The raw text stays
//! where it is kept, for saving, editing and comparing. Log lines, whose colours are kept, pass
//! [`super::styled_line`], which knows the same harmful characters.

use std::borrow::Cow;

/// Columns between tab stops.
const TAB: usize = 8;

/// The text as one harmless line: control characters (C0, DEL, C1) as Unicode's control pictures or `\u{9b}`-like
/// escapes, bidirectional and invisible formatting characters as escapes, tabs as spaces, line breaks as `␤`.
/// Borrowed where nothing had to change.
pub fn safe_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    let mut column = 0;
    for character in text.chars() {
        let start = line.len();
        push_harmless(&mut line, column, character);
        column += line[start..].chars().count();
    }
    Cow::Owned(line)
}

/// A character that stands in this column: itself, or what makes it visible and harmless.
pub fn safe_character(column: usize, character: char) -> String {
    let mut text = String::new();
    push_harmless(&mut text, column, character);
    text
}

/// Writes a character that stands in this column behind `line`: itself, or what makes it visible and harmless.
pub(super) fn push_harmless(line: &mut String, column: usize, character: char) {
    match character {
        '\t' => line.extend(std::iter::repeat_n(' ', TAB - column % TAB)),
        '\n' => line.push('\u{2424}'),
        '\0'..='\u{1f}' => line.extend(char::from_u32(0x2400 + u32::from(character))),
        '\u{7f}' => line.push('\u{2421}'),
        harmful if is_harmful(harmful) => line.push_str(&format!("\\u{{{:x}}}", u32::from(harmful))),
        harmless => line.push(harmless),
    }
}

/// Control characters and those that Unicode uses to reorder or hide text: bidirectional marks, embeddings, overrides
/// and isolates, zero-width characters, the soft hyphen, line and paragraph separators, the byte order mark, interlinear
/// annotation, musical formatting and tags. U+200D and variation selectors stay: emoji need them.
pub(super) fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_borrowed() {
        for text in ["", "plain", "naïve — 漢字 👩\u{200d}💻"] {
            assert!(matches!(safe_line(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn escapes_become_visible() {
        assert_eq!(safe_line("\x1b]0;title\x07"), "␛]0;title␇");
        assert_eq!(safe_line("a\u{9b}2Jb"), "a\\u{9b}2Jb");
        assert_eq!(safe_line("left\u{202e}right"), "left\\u{202e}right");
        assert_eq!(safe_line("one\r\ntwo\0"), "one␍␤two␀");
    }

    #[test]
    fn tabs_reach_the_next_stop() {
        assert_eq!(safe_line("a\tb"), "a       b");
        assert_eq!(safe_line("12345678\tb"), "12345678        b");
    }

    #[test]
    fn nothing_harmful_is_left_in_any_output() {
        let all: String = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        assert!(!safe_line(&all).chars().any(is_harmful));
    }
}
