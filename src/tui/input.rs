//! Terminal events to messages: keys by name.

use compact_str::{CompactString, format_compact};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::app::Msg;
use crate::command::Key;

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
