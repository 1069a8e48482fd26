//! The way from an object to one of its values, as the server names it in its refusals:
//! `spec.template.spec.containers[0].image`.

use std::fmt;

use serde_json::Value;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into a map, by key.
    Key(String),
    /// Into a list, by position from 0.
    Index(usize),
}

/// The way from an object to one of its values; empty for the object itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// Reads what a server writes: `spec.template.metadata.labels[app.kubernetes.io/name]`. What stands in brackets is
    /// a position where it is a number, and a key elsewhere; an open bracket goes on to the end.
    pub fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            rest = if let Some(inner) = rest.strip_prefix('[') {
                let (name, after) = inner.split_once(']').unwrap_or((inner, ""));
                steps.push(name.parse().map_or_else(|_| Step::Key(name.to_owned()), Step::Index));
                after
            } else {
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                if end > 0 {
                    steps.push(Step::Key(rest[..end].to_owned()));
                }
                &rest[end..]
            };
        }
        Self(steps)
    }

    /// The path with one more step into a map.
    pub(super) fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Self(steps)
    }

    /// The path with one more step into a list.
    pub(super) fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }

    /// The last so many keys of it, with the positions behind them.
    pub(super) fn end(&self, keys: usize) -> Self {
        let is_key = |at: &usize| matches!(self.0[*at], Step::Key(_));
        let start = (0..self.0.len()).rev().filter(is_key).nth(keys.saturating_sub(1)).unwrap_or(0);
        Self(self.0[start..].to_vec())
    }

    /// The value that it leads to in this one.
    pub(super) fn value_in<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    /// Its keys from the last to the first; positions are left out.
    pub(super) fn keys_from_end(&self) -> impl Iterator<Item = &str> {
        self.0.iter().rev().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(out, "[{index}]")?,
                // Keys of labels and annotations have points of their own.
                Step::Key(key) if key.contains(['.', '/', '[']) => write!(out, "[{key}]")?,
                Step::Key(key) if at == 0 => out.write_str(key)?,
                Step::Key(key) => write!(out, ".{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_the_server_writes_them_and_read_back() {
        for text in [
            "",
            "spec",
            "spec.template.spec.containers[0].image",
            "metadata.labels[app.kubernetes.io/name]",
            "spec.template.spec.containers[10].env[2].valueFrom",
        ] {
            assert_eq!(Path::parse(text).to_string(), text);
        }
        assert_eq!(Path::parse("a.b[0].c[1]").end(2).to_string(), "b[0].c[1]");
        assert_eq!(Path::parse("a[1]").end(2).to_string(), "a[1]");
        assert_eq!(Path::parse("a[1]").0, [Step::Key("a".into()), Step::Index(1)]);
    }

    #[test]
    fn what_is_no_path_is_read_without_a_fault() {
        for text in ["..", "a..b", "[", "a[", "]", "a[b].", "[]"] {
            Path::parse(text);
        }
    }
}
