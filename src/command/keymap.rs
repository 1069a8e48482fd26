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

/// The commands that a key may run where these scopes apply: one, or opposites such as suspend and resume, of which the
/// first that applies is meant.
pub fn candidates<'a>(key: &'a Key, scopes: &'a [Scope]) -> impl Iterator<Item = &'static CommandSpec> + use<'a> {
    all().filter(|spec| scopes.contains(&spec.scope) && spec.keys.contains(&key.0.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_only_where_its_scope_applies() {
        let key = Key::from("j");
        let ids = |scopes| candidates(&key, scopes).map(|spec| spec.id).collect::<Vec<_>>();
        assert_eq!(ids(&[Scope::Reading]), ["move.down"]);
        assert!(ids(&[Scope::Everywhere]).is_empty());
    }

    #[test]
    fn only_plain_characters_are_typed() {
        assert_eq!(Key::from("G").typed(), Some('G'));
        assert_eq!(Key::from("space").typed(), Some(' '));
        assert_eq!(Key::from("enter").typed(), None);
        assert_eq!(Key::from("ctrl-c").typed(), None);
    }
}
