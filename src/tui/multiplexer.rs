//! tmux or GNU screen between us and the terminal, and how a sequence gets through them.

/// Bytes that GNU screen takes in one string, its begin and end included (`MAXSTR` in its `ansi.h`).
pub(super) const SCREEN_STRING: usize = 768;

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

    /// A sequence that is meant for the terminal, as it is written so that it gets there.
    pub(super) fn through(self, plain: &str) -> Vec<u8> {
        match self {
            Multiplexer::None => plain.as_bytes().to_vec(),
            // It is let through where `allow-passthrough` is on. In the wrapping every escape is doubled.
            Multiplexer::Tmux => format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes(),
            Multiplexer::Screen => {
                // The string ends with a bell, since ESC \ would end the wrapping.
                let inner = plain.replace("\x1b\\", "\x07");
                let pieces = inner.as_bytes().chunks(SCREEN_STRING - 4);
                pieces.flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"]).flatten().copied().collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
