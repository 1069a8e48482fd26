//! Every gate on any bytes: whatever a cluster says, nothing that a terminal obeys is left. The rule is told here in full
//! and not taken from the gates, so that a hole in their own classification is found too.
#![no_main]

use kubatch::model::safe_text::safe_line;
use kubatch::model::styled_line::{harmless_line, styled_line};
use libfuzzer_sys::fuzz_target;

fn is_bad(one: char) -> bool {
    one.is_control()
        || matches!(one, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fuzz_target!(|raw: &[u8]| {
    for columns in [usize::MAX, 80, raw.len() % 7] {
        for piece in styled_line(raw, columns).pieces {
            assert!(!piece.text.chars().any(is_bad), "{:?}", piece.text);
        }
    }
    let plain = harmless_line(raw, false);
    assert!(!plain.chars().any(is_bad), "{plain:?}");
    // With colours nothing is added but sequences of our own, each of which ends with the first `m`.
    let coloured = harmless_line(raw, true);
    let mut parts = coloured.split("\x1b[0");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| {
        let (codes, text) = part.split_once('m').expect("a whole sequence");
        assert!(codes.bytes().all(|byte| byte == b';' || byte.is_ascii_digit()), "{coloured:?}");
        text
    });
    assert_eq!(first + &rest.collect::<String>(), plain);
    if let Ok(text) = std::str::from_utf8(raw) {
        assert!(!safe_line(text).chars().any(is_bad), "{text:?}");
        if !text.contains(|one: char| is_bad(one)) && text.len() < 16 * 1024 {
            let shown: String = styled_line(raw, usize::MAX).pieces.into_iter().map(|piece| piece.text).collect();
            assert_eq!(shown, safe_line(text));
        }
    }
});
