//! Terminal events to messages: keys by name.

use compact_str::{CompactString, format_compact};
use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::StreamExt;

use crate::app::Msg;
use crate::command::Key;

/// The terminal's events. They can be left to others for a while.
pub(super) struct Keys(Option<EventStream>);

impl Keys {
    pub(super) fn new() -> Self {
        Self(Some(EventStream::new()))
    }

    /// The next event; None where there will be none any more.
    pub(super) async fn next(&mut self) -> Option<std::io::Result<Event>> {
        self.0.as_mut()?.next().await
    }

    /// Reads nothing any more: the stream's reader thread would take the keys of others.
    pub(super) fn leave(&mut self) {
        self.0 = None;
    }

    /// Reads again. A new stream waits without end for one that still reads, so that one must have been left.
    pub(super) fn read_again(&mut self) {
        self.leave();
        self.0 = Some(EventStream::new());
    }
}

/// What a terminal event means; None where it means nothing to us.
pub(super) fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => name(key).map(|name| Msg::Key(Key(name))),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resized(width, height)),
        _ => None,
    }
}

fn name(key: KeyEvent) -> Option<CompactString> {
    let base = match key.code {
        KeyCode::Char(' ') => "space".into(),
        KeyCode::Char(character) => CompactString::from_iter([character]),
        KeyCode::Enter => "enter".into(),
        KeyCode::Esc => "esc".into(),
        KeyCode::Tab => "tab".into(),
        KeyCode::BackTab => return Some("shift-tab".into()),
        KeyCode::Backspace => "backspace".into(),
        KeyCode::Delete => "delete".into(),
        KeyCode::Up => "up".into(),
        KeyCode::Down => "down".into(),
        KeyCode::Left => "left".into(),
        KeyCode::Right => "right".into(),
        KeyCode::Home => "home".into(),
        KeyCode::End => "end".into(),
        KeyCode::PageUp => "pageup".into(),
        KeyCode::PageDown => "pagedown".into(),
        KeyCode::F(number) => format_compact!("f{number}"),
        _ => return None,
    };
    let ctrl = if key.modifiers.contains(KeyModifiers::CONTROL) { "ctrl-" } else { "" };
    let alt = if key.modifiers.contains(KeyModifiers::ALT) { "alt-" } else { "" };
    Some(format_compact!("{ctrl}{alt}{base}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_get_the_names_that_the_registry_uses() {
        let cases = [
            (KeyCode::Char('j'), KeyModifiers::NONE, "j"),
            (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Char('f'), KeyModifiers::CONTROL, "ctrl-f"),
            (KeyCode::Char('r'), KeyModifiers::ALT, "alt-r"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
            (KeyCode::Char(' '), KeyModifiers::NONE, "space"),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(name(KeyEvent::new(code, modifiers)).as_deref(), Some(expected));
        }
    }
}
