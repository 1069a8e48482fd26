//! One line of text that is being typed.

use tui_textarea::{Input, TextArea};

use crate::command::Key;

/// A line under edit.
#[derive(Debug, Clone, Default)]
pub struct Prompt(TextArea<'static>);

impl Prompt {
    /// A line that begins with this text, the cursor behind it.
    pub fn new(text: &str) -> Self {
        let mut prompt = Self::default();
        prompt.paste(text);
        prompt
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.lines().first().map_or("", String::as_str)
    }

    /// The cursor's place, in characters.
    pub fn cursor(&self) -> usize {
        self.0.cursor().1
    }

    /// Takes a key; true where the text changed.
    pub fn key(&mut self, key: &Key) -> bool {
        input(key).is_some_and(|input| self.0.input(input))
    }

    /// Puts text in at the cursor; line breaks become blanks.
    pub fn paste(&mut self, text: &str) {
        self.0.insert_str(text.replace(['\n', '\r'], " "));
    }
}

/// The key as the text widget wants it; None for keys that must not reach a single line.
fn input(key: &Key) -> Option<Input> {
    use tui_textarea::Key as Named;
    let (ctrl, rest) = key.0.strip_prefix("ctrl-").map_or((false, key.0.as_str()), |rest| (true, rest));
    let (alt, rest) = rest.strip_prefix("alt-").map_or((false, rest), |rest| (true, rest));
    let named = match rest {
        "space" => Named::Char(' '),
        "backspace" => Named::Backspace,
        "delete" => Named::Delete,
        "left" => Named::Left,
        "right" => Named::Right,
        "home" => Named::Home,
        "end" => Named::End,
        one => Named::Char(Key::from(one).typed()?),
    };
    // These make or join lines.
    let breaks_line = ctrl && matches!(named, Named::Char('m' | 'j' | 'n' | 'p'));
    (!breaks_line).then_some(Input { key: named, ctrl, alt, shift: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_edits_one_line_only() {
        let mut prompt = Prompt::new("jobs");
        for key in ["space", "a", "enter", "ctrl-m", "backspace", "b"] {
            prompt.key(&Key::from(key));
        }
        prompt.paste("c\nd");
        assert_eq!(prompt.text(), "jobs bc d");
        assert_eq!(prompt.cursor(), 9);
    }
}
