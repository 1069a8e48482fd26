//! The bytes that give a text to the clipboard of the terminal that one sits at (OSC 52), through tmux and GNU screen.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;

/// Bytes that GNU screen takes in one string, its begin and end included (`MAXSTR` in its `ansi.h`).
const SCREEN_STRING: usize = 768;

/// What stands between us and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Multiplexer {
    /// Nothing that we know of.
    None,
    Tmux,
    Screen,
}

impl Multiplexer {
    /// What the environment tells.
    pub(super) fn of_environment() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        // tmux calls its terminal `screen` too, in its older versions.
        if is_set("TMUX") {
            Multiplexer::Tmux
        } else if is_set("STY") || variable("TERM").is_some_and(|name| name.starts_with("screen")) {
            Multiplexer::Screen
        } else {
            Multiplexer::None
        }
    }
}

/// What is written so that the terminal takes this text.
pub(super) fn clipboard_sequence(text: &str, multiplexer: Multiplexer) -> Vec<u8> {
    let mut plain = String::new();
    // Writing to a string cannot fail.
    let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut plain);
    match multiplexer {
        Multiplexer::None => plain.into_bytes(),
        // Plainly for tmux itself (`set-clipboard on`), which gives it to its terminal; and wrapped for the terminal alone
        // (`allow-passthrough on`). In the wrapping every escape is doubled.
        Multiplexer::Tmux => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes(),
        Multiplexer::Screen => {
            // The string ends with a bell, since ESC \ would end the wrapping.
            let inner = plain.replace("\x1b\\", "\x07");
            let pieces = inner.as_bytes().chunks(SCREEN_STRING - 4);
            pieces.flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"]).flatten().copied().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn environment_tells_what_is_between() {
        let cases: [(&[(&str, &str)], Multiplexer); 5] = [
            (&[("TERM", "xterm-256color")], Multiplexer::None),
            (&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux-0/default,1,0")], Multiplexer::Tmux),
            (&[("TERM", "screen.xterm-256color")], Multiplexer::Screen),
            (&[("TERM", "xterm"), ("STY", "1.pts-0.host")], Multiplexer::Screen),
            (&[("TERM", "xterm"), ("TMUX", ""), ("STY", "")], Multiplexer::None),
        ];
        for (variables, expected) in cases {
            let found = Multiplexer::of(|name| {
                variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, expected, "{variables:?}");
        }
    }
}
