//! Keys by name, and which command a key runs.

use compact_str::CompactString;

use super::{CommandSpec, Scope, all};

/// A key by its name: a character as it is (`j`, `G`, `/`), a named one (`enter`, `esc`, `pagedown`), with `ctrl-` or
/// `alt-` in front. Shift is in the character; named keys take `shift-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(pub CompactString);

impl Key {
    /// The character that it types; None for named keys and those with ctrl or alt.
    pub fn typed(&self) -> Option<char> {
        let mut characters = self.0.chars();
        let first = characters.next()?;
        if characters.next().is_none() {
            return Some(first);
        }
        (self.0 == "space").then_some(' ')
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

/// The command that a key runs where these scopes apply.
pub fn find(key: &Key, scopes: &[Scope]) -> Option<&'static CommandSpec> {
    all().find(|spec| scopes.contains(&spec.scope) && spec.keys.contains(&key.0.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_only_where_its_scope_applies() {
        let key = Key::from("j");
        assert_eq!(find(&key, &[Scope::Dashboard]).map(|spec| spec.id), Some("move.down"));
        assert!(find(&key, &[Scope::Everywhere]).is_none());
    }

    #[test]
    fn only_plain_characters_are_typed() {
        assert_eq!(Key::from("G").typed(), Some('G'));
        assert_eq!(Key::from("space").typed(), Some(' '));
        assert_eq!(Key::from("enter").typed(), None);
        assert_eq!(Key::from("ctrl-c").typed(), None);
    }
}
