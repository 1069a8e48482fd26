//! Placeholders of templates: `{{name}}`, or `{{name:default}}`.

use std::ops::Range;

use super::{Editor, Place};

/// A place of a template that a person fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placeholder {
    /// Where it stands in its line, in characters.
    pub(super) range: Range<usize>,
    /// What is to be filled in, in a word.
    pub(super) name: String,
    /// What stands there where nothing else is filled in.
    pub(super) default: Option<String>,
}

/// The placeholders of a line, in order.
pub(super) fn placeholders(line: &str) -> Vec<Placeholder> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((start, end)) = next(line, from) {
        let (name, default) = match line[start + 2..end].split_once(':') {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (&line[start + 2..end], None),
        };
        let is_name = |one: char| one.is_ascii_alphanumeric() || one == '-' || one == '_';
        from = end + 2;
        // Helm's and other languages' braces hold more than a name.
        if !name.is_empty() && name.chars().all(is_name) {
            let before = line[..start].chars().count();
            let range = before..before + line[start..from].chars().count();
            found.push(Placeholder { range, name: name.to_owned(), default });
        }
    }
    found
}

/// The next pair of double braces, in bytes.
fn next(line: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + line[from..].find("{{")?;
    let end = start + 2 + line[start + 2..].find("}}")?;
    Some((start, end))
}

impl Editor {
    /// Takes the default of the placeholder that is selected, and selects the next one; false where there is none.
    pub(super) fn next_placeholder(&mut self) -> bool {
        let selected = self.buffer.selection();
        let taken = selected.and_then(|(start, end)| Some((start, end, self.default_at(start, end)?)));
        if let Some((start, end, default)) = &taken {
            self.buffer.replace(*start, *end, default);
        }
        let (from, column) = self.buffer.cursor();
        let count = self.lines().len();
        let found = (0..=count).find_map(|step| {
            let line = (from + step) % count;
            let mut found = placeholders(self.buffer.line(line)).into_iter();
            let next = found.find(|one| step > 0 || one.range.start >= column)?;
            Some(((line, next.range.start), (line, next.range.end)))
        });
        if let Some((start, end)) = found {
            self.buffer.select(start, end);
        }
        found.is_some() || taken.is_some()
    }

    /// The default of the placeholder that stands exactly between these places.
    fn default_at(&self, start: Place, end: Place) -> Option<String> {
        let found = placeholders(self.buffer.line(start.0)).into_iter();
        let mut here = found.filter(|one| start.0 == end.0 && one.range == (start.1..end.1));
        here.next().and_then(|one| one.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_defaults_are_read() {
        let found = placeholders("näme: {{name}}-{{ttl:3600}} {{ .Values.x }} {{open");
        let read: Vec<_> =
            found.iter().map(|one| (one.range.clone(), one.name.as_str(), one.default.as_deref())).collect();
        assert_eq!(read, [(6..14, "name", None), (15..27, "ttl", Some("3600"))]);
        assert_eq!(placeholders("{{image:busybox:1.35}}")[0].default.as_deref(), Some("busybox:1.35"));
    }
}
