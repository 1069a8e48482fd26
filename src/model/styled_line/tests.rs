//! What becomes of colours, of everything else that a terminal would obey, and of lines that are no text.

use super::*;
use crate::model::safe_text::is_harmful;

fn colour(number: u8) -> Option<PaletteColour> {
    Some(PaletteColour(number))
}

/// The pieces of a line with room for all of it.
fn pieces(raw: &str) -> Vec<(String, TextStyle)> {
    let line = styled_line(raw.as_bytes(), usize::MAX);
    line.pieces.into_iter().map(|piece| (piece.text, piece.style)).collect()
}

fn text(raw: &[u8], columns: usize) -> String {
    styled_line(raw, columns).pieces.into_iter().map(|piece| piece.text).collect()
}

/// The style in which a letter behind this sequence is shown.
fn style(sequence: &str) -> TextStyle {
    let pieces = pieces(&format!("{sequence}x"));
    assert_eq!((pieces.len(), pieces[0].0.as_str()), (1, "x"), "{sequence:?}: {pieces:?}");
    pieces[0].1
}

#[test]
fn colours_are_kept_and_take_no_room() {
    let plain = TextStyle::default();
    let green = TextStyle { text: colour(2), ..plain };
    assert_eq!(pieces("\x1b[32mINFO\x1b[0m  ok"), [("INFO".into(), green), ("  ok".into(), plain)]);
    assert_eq!(pieces("\x1b[32ma\x1b[32mb"), [("ab".into(), green)], "one style is one piece");
    assert_eq!(text(b"\x1b[32mINFO\x1b[0m", 4), "INFO");
    assert!(!styled_line(b"\x1b[32mINFO\x1b[0m", 4).is_cut);
}

#[test]
fn every_parameter_means_what_terminals_take_it_for() {
    let plain = TextStyle::default();
    let text = |number| TextStyle { text: colour(number), ..plain };
    for (sequence, wanted) in [
        ("\x1b[1;2;4;7m", TextStyle { is_bold: true, is_dim: true, is_underlined: true, is_reversed: true, ..plain }),
        ("\x1b[1;2;4;7;22;24;27m", plain),
        ("\x1b[1;31m\x1b[m", plain),
        ("\x1b[1;31;;4m", TextStyle { is_underlined: true, ..plain }),
        ("\x1b[4:3m", TextStyle { is_underlined: true, ..plain }),
        ("\x1b[4;4:0m", plain),
        ("\x1b[91;102m", TextStyle { text: colour(9), ground: colour(10), ..plain }),
        ("\x1b[31;42;39;49m", plain),
        ("\x1b[38;5;9m", text(9)),
        ("\x1b[38;5;196m", text(9)),
        ("\x1b[38:5:46m", text(10)),
        ("\x1b[38;5;244m", text(8)),
        ("\x1b[38;2;200;10;10m", text(1)),
        ("\x1b[38:2::0:200:0m", text(2)),
        ("\x1b[38:2:0:200:0m", text(2)),
        ("\x1b[48;2;0;0;0;1m", TextStyle { ground: colour(0), is_bold: true, ..plain }),
        ("\x1b[58;5;1;32m", text(2)),
        ("\x1b[38;5;999m", plain),
        ("\x1b[8;5;99999999999m", plain),
    ] {
        assert_eq!(style(sequence), wanted, "{sequence:?}");
    }
}

#[test]
fn each_of_the_256_colours_is_one_of_16() {
    for number in 0..=255 {
        assert!(PaletteColour::of_256(number).number() < 16);
    }
    let cube = [(16, 0), (196, 9), (46, 10), (226, 11), (21, 4), (201, 13), (51, 14), (231, 15), (232, 0), (255, 7)];
    for (number, nearest) in cube {
        assert_eq!(PaletteColour::of_256(number), PaletteColour(nearest), "{number}");
    }
}

#[test]
fn all_other_sequences_become_visible() {
    for (raw, shown) in [
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\x1b]52;c;aGk=\x1b\\", "␛]52;c;aGk=␛\\"),
        ("\x1b[2J\x1b[H", "␛[2J␛[H"),
        ("\x1b[?1000h", "␛[?1000h"),
        ("\x1b[>4;2m", "␛[>4;2m"),
        ("\x1b[?4m", "␛[?4m"),
        ("\x1b[1 m", "␛[1 m"),
        ("\x1b[31", "␛[31"),
        ("\x1b", "␛"),
        ("\x1bc\x1bP1\x1b\\", "␛c␛P1␛\\"),
        ("\u{9b}31mred", "\\u{9b}31mred"),
        ("a\u{202e}b\0c\x7f", "a\\u{202e}b␀c␡"),
        ("a\tb\x0b", "a       b␋"),
    ] {
        assert_eq!(text(raw.as_bytes(), usize::MAX), shown, "{raw:?}");
    }
    let endless = format!("\x1b[{}m", "1;".repeat(LONGEST_SGR));
    assert!(text(endless.as_bytes(), usize::MAX).starts_with("␛[1;1"), "no colour is that long");
}

#[test]
fn bytes_that_are_no_text_are_shown_as_numbers() {
    assert_eq!(text(b"caf\xe9 \xf0\x9f ok \xff", usize::MAX), "caf\\xe9 \\xf0\\x9f ok \\xff");
    assert_eq!(text(b"\x1b[3\xff1m", usize::MAX), "␛[3\\xff1m");
}

#[test]
fn last_state_of_a_progress_bar_is_shown_with_a_sign() {
    assert_eq!(text(b" 10%\r 50%\r100% done", usize::MAX), "␍100% done");
    assert_eq!(text(b" 10%\r\x1b[32m 50%\r\r", usize::MAX), "␍ 50%");
    assert_eq!(text(b"a line from Windows\r", usize::MAX), "a line from Windows");
    assert_eq!(text(b"\r\r", usize::MAX), "");
    let mut bar = b"1234567890\r".repeat(1 << 16);
    bar.extend(b"done");
    assert_eq!(text(&bar, usize::MAX), "␍done");
}

#[test]
fn lines_are_cut_by_columns_and_not_by_bytes() {
    let raw = "\x1b[31m漢字\x1b[0mab".as_bytes();
    for (columns, wanted, is_cut) in
        [(6, "漢字ab", false), (5, "漢字a", true), (4, "漢字", true), (3, "漢", true), (1, "", true), (0, "", true)]
    {
        assert_eq!((text(raw, columns).as_str(), styled_line(raw, columns).is_cut), (wanted, is_cut), "{columns}");
    }
    assert!(!styled_line(b"", 0).is_cut);
    assert_eq!(text(b"a\x1b", 1), "a");
    assert_eq!(text(b"a\xff", 4), "a", "an escape is not cut in two");
}

#[test]
fn long_lines_are_read_no_further_than_they_are_shown() {
    for raw in ["x".repeat(10_000_000), "\x1b[31m".repeat(2_000_000), "e\u{301}\u{301}".repeat(2_000_000)] {
        let line = styled_line(raw.as_bytes(), usize::MAX);
        assert!(line.is_cut && line.pieces.iter().map(|piece| piece.text.len()).sum::<usize>() <= MOST_READ);
    }
    let wide = "漢".repeat(MOST_READ);
    assert!(text(wide.as_bytes(), usize::MAX).chars().all(|character| character == '漢'), "no half a character");
}

/// Numbers that look random and are the same in every run (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Parts of which hostile lines are made.
const PARTS: [&[u8]; 24] = [
    b"\x1b",
    b"[",
    b"]",
    b"0;",
    b"m",
    b"31",
    b":",
    b"\x07",
    b"\x1b[",
    b"\x1b[1m",
    b"\x1b[38;2;",
    b"\r",
    b"\n",
    b"\t",
    b"\0",
    b"\x7f",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\xe2\x81\xa6",
    b"\xff",
    b"\xe6\xbc",
    "漢".as_bytes(),
    b"plain ",
    b"\xf0\x9f\x91\xa9",
];

fn hostile(chance: &mut Chance) -> Vec<u8> {
    let mut raw = Vec::new();
    for _ in 0..chance.below(40) {
        match chance.below(3) {
            0 => raw.push(chance.below(256) as u8),
            1 => raw.extend(char::from_u32(chance.below(0x11_0000) as u32).unwrap_or('x').to_string().bytes()),
            _ => raw.extend(PARTS[chance.below(PARTS.len())]),
        }
    }
    raw
}

#[test]
fn nothing_that_a_terminal_obeys_is_left_of_any_line() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for _ in 0..10_000 {
        let raw = hostile(&mut chance);
        for columns in [usize::MAX, chance.below(30)] {
            let line = styled_line(&raw, columns);
            assert!(line.pieces.iter().all(|piece| !piece.text.is_empty()), "{raw:?}");
            assert!(line.pieces.windows(2).all(|two| two[0].style != two[1].style), "{raw:?}");
            let shown: String = line.pieces.into_iter().map(|piece| piece.text).collect();
            assert!(!shown.chars().any(is_harmful), "{raw:?}: {shown:?}");
            assert!(shown.chars().map(|one| one.width().unwrap_or(0)).sum::<usize>() <= columns, "{raw:?}: {shown:?}");
        }
    }
}

#[test]
fn harmless_lines_stay_as_they_are() {
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    for _ in 0..10_000 {
        let mut raw = String::from_utf8_lossy(&hostile(&mut chance)).into_owned();
        raw.retain(|character| !is_harmful(character));
        assert_eq!(text(raw.as_bytes(), usize::MAX), raw);
        assert_eq!(crate::model::safe_text::safe_line(&raw), raw);
    }
}

/// The property that both gates must have, told without their own classification.
#[test]
fn no_control_and_no_bidirectional_character_passes_either_gate() {
    let is_bad = |one: char| {
        one < ' '
            || ('\u{7f}'..='\u{9f}').contains(&one)
            || matches!(one, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    for character in (0..=0x10_ffff).filter_map(char::from_u32) {
        let raw = format!("a{character}b");
        let shown = text(raw.as_bytes(), usize::MAX);
        assert!(!shown.chars().any(is_bad), "{raw:?}: {shown:?}");
        assert!(!crate::model::safe_text::safe_line(&raw).chars().any(is_bad), "{raw:?}");
    }
}

#[test]
fn whole_line_is_harmless_and_asks_for_its_colours_anew() {
    for (raw, coloured, plain) in [
        (&b"plain"[..], "plain", "plain"),
        (b"\x1b[31mred\x1b[0m on", "\x1b[0;31mred\x1b[0m on", "red on"),
        (b"\x1b[1;92;44mx", "\x1b[0;1;92;44mx\x1b[0m", "x"),
        (b"\x1b[31m\x1b[0mnone\x1b[32m", "none", "none"),
        (b"\x1b[31ma\x1b[1mb", "\x1b[0;31ma\x1b[0;1;31mb\x1b[0m", "ab"),
        (b"\x1b]0;t\x07\x1b[2J\xff", "␛]0;t␇␛[2J\\xff", "␛]0;t␇␛[2J\\xff"),
        (b" 10%\r100%\r", "␍100%", "␍100%"),
        ("漢\tx".as_bytes(), "漢      x", "漢      x"),
    ] {
        assert_eq!((harmless_line(raw, true).as_str(), harmless_line(raw, false).as_str()), (coloured, plain));
    }
    assert_eq!(harmless_line(&vec![b'x'; 10_000_000], true).len(), 10_000_000);
}

/// Without its colours a line has nothing that a terminal obeys; with them, nothing but sequences of our own.
#[test]
fn nothing_but_our_own_colours_is_left_of_a_whole_line() {
    let mut chance = Chance(0x1234_5678_9abc_def1);
    for _ in 0..10_000 {
        let raw = hostile(&mut chance);
        let plain = harmless_line(&raw, false);
        assert!(!plain.chars().any(is_harmful), "{raw:?}: {plain:?}");
        let coloured = harmless_line(&raw, true);
        let mut parts = coloured.split("\x1b[0");
        let mut rest = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (codes, text) = part.split_once('m').expect("a whole sequence");
            assert!(codes.bytes().all(|byte| byte == b';' || byte.is_ascii_digit()), "{raw:?}: {coloured:?}");
            rest.push_str(text);
        }
        assert_eq!(rest, plain, "{raw:?}");
        let shown = styled_line(&raw, usize::MAX);
        let again = styled_line(coloured.as_bytes(), usize::MAX);
        assert_eq!(again.pieces, shown.pieces, "the colours mean what the line's own meant: {raw:?}");
    }
}
