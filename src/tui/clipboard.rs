//! The bytes that give a text to the clipboard of the terminal that one sits at (OSC 52), through tmux and GNU screen.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

use super::multiplexer::Multiplexer;

/// What is written so that the terminal takes this text.
pub(super) fn clipboard_sequence(text: &str, multiplexer: Multiplexer) -> Vec<u8> {
    let mut plain = String::new();
    // Writing to a string cannot fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain);
    match multiplexer {
        // Plainly for tmux itself (`set-clipboard on`), which gives it to its terminal; and for the terminal alone.
        Multiplexer::Tmux => [plain.as_bytes(), &multiplexer.through(&plain)].concat(),
        _ => multiplexer.through(&plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::multiplexer::SCREEN_STRING;

    #[test]
    fn text_is_given_in_base64() {
        assert_eq!(clipboard_sequence("hello", Multiplexer::None), b"\x1b]52;c;aGVsbG8=\x1b\\");
    }

    #[test]
    fn tmux_gets_it_plainly_and_for_its_terminal() {
        let expected = b"\x1b]52;c;aGVsbG8=\x1b\\\x1bPtmux;\x1b\x1b]52;c;aGVsbG8=\x1b\x1b\\\x1b\\";
        assert_eq!(clipboard_sequence("hello", Multiplexer::Tmux), expected);
    }

    #[test]
    fn screen_gets_pieces_that_it_takes() {
        assert_eq!(clipboard_sequence("hello", Multiplexer::Screen), b"\x1bP\x1b]52;c;aGVsbG8=\x07\x1b\\");
        let long = String::from_utf8(clipboard_sequence(&"x".repeat(10_000), Multiplexer::Screen)).unwrap();
        let pieces: Vec<&str> = long.split_inclusive("\x1b\\").collect();
        assert!(pieces.iter().all(|piece| piece.len() <= SCREEN_STRING && piece.starts_with("\x1bP")));
        let joined: String = pieces.iter().map(|piece| &piece[2..piece.len() - 2]).collect();
        let plain = String::from_utf8(clipboard_sequence(&"x".repeat(10_000), Multiplexer::None)).unwrap();
        assert_eq!(joined, plain.replace("\x1b\\", "\x07"));
    }
}
