//! The bytes that call a person: a bell, and a notification of the desktop where the terminal is known to show one.
//!
//! There are three sequences for it and no way to ask which of them a terminal knows; one that knows two of them shows
//! two notifications. So one is chosen, by the terminal's name.

use super::multiplexer::Multiplexer;
use crate::model::safe_text::safe_line;

/// How a person is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A bell, and the sequence that the terminal is known to have for notifications.
    Auto,
    /// A bell alone.
    Bell,
    /// A bell and `OSC 9`, as iTerm2 has it.
    Osc9,
    /// A bell and `OSC 99`, as kitty has it.
    Osc99,
    /// A bell and `OSC 777`, as urxvt has it.
    Osc777,
    /// Words on the screen alone.
    Silent,
}

/// The sequence that a terminal knows, by what the environment says of it.
fn known(variable: impl Fn(&str) -> Option<String>) -> Call {
    let value = |name: &str| variable(name).unwrap_or_default();
    let term = value("TERM");
    if term == "xterm-kitty" || !value("KITTY_WINDOW_ID").is_empty() {
        Call::Osc99
    } else if term.starts_with("foot") || term.starts_with("rxvt-unicode") {
        Call::Osc777
    } else if matches!(term.as_str(), "wezterm" | "xterm-ghostty")
        || matches!(value("TERM_PROGRAM").as_str(), "iTerm.app" | "WezTerm" | "ghostty")
        || value("LC_TERMINAL") == "iTerm2"
    {
        Call::Osc9
    } else {
        Call::Bell
    }
}

/// What is written to tell a person these words.
pub(super) fn notification(words: &str, chosen: Call) -> Vec<u8> {
    let chosen = match chosen {
        Call::Auto => known(|name| std::env::var(name).ok()),
        chosen => chosen,
    };
    sequence(words, chosen, Multiplexer::of_environment())
}

fn sequence(words: &str, chosen: Call, multiplexer: Multiplexer) -> Vec<u8> {
    let words = safe_line(words);
    let plain = match chosen {
        Call::Silent => return Vec::new(),
        Call::Auto | Call::Bell => return b"\x07".to_vec(),
        Call::Osc9 => format!("\x1b]9;{words}\x1b\\"),
        Call::Osc777 => format!("\x1b]777;notify;kubatch;{words}\x1b\\"),
        Call::Osc99 => format!("\x1b]99;;{words}\x1b\\"),
    };
    [b"\x07", &multiplexer.through(&plain)[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_gets_the_one_sequence_that_it_knows() {
        let cases: [(&[(&str, &str)], Call); 7] = [
            (&[("TERM", "xterm-kitty")], Call::Osc99),
            (&[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")], Call::Osc99),
            (&[("TERM", "foot-extra")], Call::Osc777),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "WezTerm")], Call::Osc9),
            (&[("TERM", "xterm-256color"), ("LC_TERMINAL", "iTerm2")], Call::Osc9),
            (&[("TERM", "xterm-256color")], Call::Bell),
            (&[], Call::Bell),
        ];
        for (variables, expected) in cases {
            let found =
                known(|name| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned()));
            assert_eq!(found, expected, "{variables:?}");
        }
    }

    #[test]
    fn words_hold_nothing_that_ends_the_sequence() {
        assert_eq!(sequence("job/a failed", Call::Osc9, Multiplexer::None), b"\x07\x1b]9;job/a failed\x1b\\");
        let hostile = sequence("a\x1b\\b\x07c", Call::Osc777, Multiplexer::None);
        let inner = &hostile[1..hostile.len() - 2];
        assert_eq!(inner.iter().filter(|byte| **byte == 0x1b).count(), 1, "{inner:?}");
        assert!(!inner.contains(&0x07));
        assert_eq!(sequence("a", Call::Osc99, Multiplexer::Tmux), b"\x07\x1bPtmux;\x1b\x1b]99;;a\x1b\x1b\\\x1b\\");
        assert_eq!(sequence("a", Call::Bell, Multiplexer::None), b"\x07");
        assert!(sequence("a", Call::Silent, Multiplexer::None).is_empty());
    }
}
