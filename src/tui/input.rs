//! Terminal events to messages: keys by name, the mouse.

use std::time::Duration;

use compact_str::{CompactString, format_compact};
use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind, poll,
    read,
};
use futures::StreamExt;

use crate::app::{Mouse, MouseAction, Msg};
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

    /// Reads again. A new stream waits without end for one that still reads, so that one must have been left. Keys that
    /// came along with the one that led to others were meant for them, and are not ours.
    pub(super) fn read_again(&mut self) {
        self.leave();
        while matches!(poll(Duration::ZERO), Ok(true)) && read().is_ok() {}
        self.0 = Some(EventStream::new());
    }
}

/// What a terminal event means; None where it means nothing to us.
pub(super) fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => name(key).map(|name| Msg::Key(Key(name))),
        Event::Mouse(event) => mouse(event).map(Msg::Mouse),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resized(width, height)),
        _ => None,
    }
}

/// The left button and the wheel; what else a mouse has means nothing to us.
fn mouse(event: MouseEvent) -> Option<Mouse> {
    let action = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => MouseAction::Press,
        MouseEventKind::Drag(MouseButton::Left) => MouseAction::Drag,
        MouseEventKind::ScrollUp => MouseAction::WheelUp,
        MouseEventKind::ScrollDown => MouseAction::WheelDown,
        _ => return None,
    };
    Some(Mouse { action, column: event.column, row: event.row })
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
    let has = |modifier| key.modifiers.contains(modifier);
    // One byte is all that most terminals send for any of these three.
    let base = if has(KeyModifiers::CONTROL) && (base == "7" || base == "_") { "/".into() } else { base };
    let ctrl = if has(KeyModifiers::CONTROL) { "ctrl-" } else { "" };
    let alt = if has(KeyModifiers::ALT) { "alt-" } else { "" };
    let is_named = base.chars().nth(1).is_some() && base != "space";
    let shift = if has(KeyModifiers::SHIFT) && is_named { "shift-" } else { "" };
    Some(format_compact!("{ctrl}{alt}{shift}{base}"))
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
            (KeyCode::Char(' '), KeyModifiers::SHIFT, "space"),
            (KeyCode::Char(' '), KeyModifiers::CONTROL, "ctrl-space"),
            (KeyCode::Char('7'), KeyModifiers::CONTROL, "ctrl-/"),
            (KeyCode::Char('.'), KeyModifiers::ALT, "alt-."),
            (KeyCode::Left, KeyModifiers::SHIFT, "shift-left"),
            (KeyCode::Left, KeyModifiers::SHIFT.union(KeyModifiers::CONTROL), "ctrl-shift-left"),
            (KeyCode::Home, KeyModifiers::CONTROL, "ctrl-home"),
            (KeyCode::F(8), KeyModifiers::SHIFT, "shift-f8"),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(name(KeyEvent::new(code, modifiers)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn left_button_and_wheel_are_told_with_their_place() {
        let event =
            |kind| message(Event::Mouse(MouseEvent { kind, column: 19, row: 4, modifiers: KeyModifiers::NONE }));
        let told = |action| Some(Msg::Mouse(Mouse { action, column: 19, row: 4 }));
        assert_eq!(event(MouseEventKind::Down(MouseButton::Left)), told(MouseAction::Press));
        assert_eq!(event(MouseEventKind::Drag(MouseButton::Left)), told(MouseAction::Drag));
        assert_eq!(event(MouseEventKind::ScrollUp), told(MouseAction::WheelUp));
        assert_eq!(event(MouseEventKind::ScrollDown), told(MouseAction::WheelDown));
        let others = [MouseEventKind::Up(MouseButton::Left), MouseEventKind::Moved, MouseEventKind::ScrollLeft];
        assert!(others.into_iter().all(|kind| event(kind).is_none()));
        assert_eq!(event(MouseEventKind::Down(MouseButton::Right)), None);
    }
}
