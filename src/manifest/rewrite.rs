//! Edits of a text that give one of its objects another value and leave all else as it was written: comments, order,
//! indentation, quotes.
//!
//! They are made from the places of the parsed document, never by looking for words. Where a change would touch more
//! than is meant (names behind an &, keys that stand twice) or lose a comment, there are none.

mod words;

use serde_json::{Map, Value, json};

use super::parse::{Document, Entry, Form, Layout, Node};
use super::path::Path;
use super::problem::{Edit, end_of};
use super::to_yaml;

use words::{flow, flow_key, indented, is_filled, plain};

/// A place between two characters: line and column from 0.
type Spot = (usize, usize);

/// The edits that give an object this value, from the beginning of the text to its end; None where there are none that
/// are safe. What stands at the `touched` paths is written anew, also where its value stays: `0400` as `256`.
pub(super) fn rewrite<'a>(
    document: &Document,
    lines: &[&str],
    wanted: &Value,
    touched: impl Iterator<Item = &'a Path>,
) -> Option<Vec<Edit>> {
    let is_json = document.root.layout == Layout::Flow
        && document
            .root
            .entries()
            .first()
            .is_some_and(|entry| letter_at(lines, entry.key_place.line, entry.key_place.column) == Some('"'));
    let mut writer = Writer { lines, is_json, edits: Vec::new() };
    writer.value(&document.root, &document.object, wanted, Slot::default())?;
    for path in touched {
        if let Some(node) = document.node(path).filter(|node| node.layout != Layout::Shared)
            && let Form::Scalar { value, is_plain: true } = &node.form
            && path.value_in(wanted) == Some(value)
            && node.place.line == node.last_line
            && path.value_in(&document.object) == Some(value)
        {
            writer.edits.push(Edit::at(node.place, plain(value, None)));
        }
    }
    writer.edits.sort();
    Some(writer.edits)
}

/// Where a value hangs: how the line that it stands on goes.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Behind its key's last character; None for an item and for a document.
    key: Option<Spot>,
    /// The column of the key.
    column: usize,
    /// It stands in brackets.
    is_flow: bool,
}

struct Writer<'a> {
    lines: &'a [&'a str],
    /// The text is JSON, in which all keys and words have quotes.
    is_json: bool,
    edits: Vec<Edit>,
}

impl Writer<'_> {
    fn value(&mut self, node: &Node, old: &Value, wanted: &Value, slot: Slot) -> Option<()> {
        if old == wanted {
            return Some(());
        }
        match (&node.form, wanted) {
            _ if node.layout == Layout::Shared => None,
            (Form::Map(entries), Value::Object(fields)) => self.map(node, entries, old, fields, slot),
            (Form::List(items), Value::Array(wanted)) => self.list(node, items, old.as_array()?, wanted, slot),
            (Form::Scalar { .. }, _) => self.scalar(node, old, wanted, slot),
            _ => None,
        }
    }

    fn scalar(&mut self, node: &Node, old: &Value, wanted: &Value, slot: Slot) -> Option<()> {
        let (start, end) = ((node.place.line, node.place.column), (node.place.line, node.place.end_column));
        let is_collection = is_filled(wanted);
        if old.is_null() && (start == end || is_collection) {
            let colon = self.behind_colon(slot.key?)?;
            let end = if start == end { colon } else { end };
            let text = match is_collection && !slot.is_flow {
                true => format!("\n{}", indented(&to_yaml(wanted), slot.column + 2).trim_end_matches('\n')),
                false => format!(" {}", flow(self.is_json, wanted)),
            };
            self.edits.push(Edit { start: colon, end, text });
            return Some(());
        }
        if node.last_line > node.place.line || matches!(node.layout, Layout::Literal | Layout::Folded) {
            return self.longer(node, old.as_str()?, wanted.as_str()?);
        }
        let quote = letter_at(self.lines, start.0, start.1).filter(|one| "\"'".contains(*one) && wanted.is_string());
        let is_short = is_collection || slot.is_flow && quote.is_none();
        self.edits.push(Edit {
            start,
            end,
            text: if is_short { flow(self.is_json, wanted) } else { plain(wanted, quote) },
        });
        Some(())
    }

    /// Puts lines at the beginning of a text behind `|`. Nothing else is done to longer texts.
    fn longer(&mut self, node: &Node, old: &str, wanted: &str) -> Option<()> {
        let first = wanted.strip_suffix(old)?.strip_suffix('\n')?;
        if node.layout != Layout::Literal {
            return None;
        }
        let line = (node.place.line..=node.last_line).find(|line| !self.lines[*line].trim().is_empty())?;
        let column = self.lines[line].chars().take_while(|one| *one == ' ').count();
        self.edits.push(Edit::with_lines(self.lines, line, &indented(&format!("{first}\n"), column)));
        Some(())
    }

    fn map(
        &mut self,
        node: &Node,
        entries: &[Entry],
        old: &Value,
        fields: &Map<String, Value>,
        slot: Slot,
    ) -> Option<()> {
        let is_twice = |at: usize| entries[..at].iter().any(|one| one.key == entries[at].key);
        if (0..entries.len()).any(is_twice) {
            return None;
        }
        let is_flow = node.layout == Layout::Flow;
        let mut new: Vec<(&String, &Value)> = fields.iter().filter(|(key, _)| old.get(key).is_none()).collect();
        let mut gone = vec![false; entries.len()];
        for (entry, gone) in entries.iter().zip(&mut gone) {
            let was = &old[&entry.key];
            match (fields.get(&entry.key), new.iter().position(|(_, value)| *value == was)) {
                (Some(wanted), _) => {
                    let key = Some((entry.key_place.line, entry.key_place.end_column));
                    self.value(&entry.node, was, wanted, Slot { key, column: entry.key_place.column, is_flow })?;
                }
                // The same value under another name: its place and its comments stay.
                (None, Some(at)) => self.rename(entry, new.remove(at).0),
                (None, None) if entry.node.layout == Layout::Shared => return None,
                (None, None) => *gone = true,
            }
        }
        let extents: Vec<(Spot, Spot)> = entries
            .iter()
            .map(|entry| ((entry.key_place.line, entry.key_place.column), self.end(&entry.node)))
            .collect();
        self.without(node, &extents, &gone, fields.is_empty(), slot)?;
        for (key, value) in new {
            if is_flow {
                let item = format!("{}: {}", flow_key(self.is_json, key), flow(self.is_json, value));
                self.flow_item(node, &extents, item);
            } else {
                let line = self.line_of_new(node, entries, &gone, value, slot);
                let text = indented(&to_yaml(&json!({ (key): value })), node.place.column);
                self.edits.push(Edit::with_lines(self.lines, line, &text));
            }
        }
        Some(())
    }

    /// The line before which a new key comes: a single value behind the others or at the beginning, so that it does not
    /// vanish behind a long list, which is where a map or a list goes.
    fn line_of_new(&self, node: &Node, entries: &[Entry], gone: &[bool], value: &Value, slot: Slot) -> usize {
        let is_single = |entry: &Entry| matches!(entry.node.form, Form::Scalar { .. });
        let mut singles = entries.iter().zip(gone).filter(|(entry, is_gone)| !**is_gone && is_single(entry));
        match (is_filled(value), singles.next_back(), slot.key) {
            (false, Some((last, _)), _) => last.node.last_line + 1,
            (false, None, Some((line, _))) if line < node.place.line => line + 1,
            _ => node.last_line + 1,
        }
    }

    fn rename(&mut self, entry: &Entry, name: &str) {
        let is_quoted = letter_at(self.lines, entry.key_place.line, entry.key_place.column) == Some('"');
        let text = if is_quoted { json!(name).to_string() } else { flow_key(self.is_json, name) };
        self.edits.push(Edit::at(entry.key_place, text));
    }

    fn list(&mut self, node: &Node, items: &[Node], old: &[Value], wanted: &[Value], slot: Slot) -> Option<()> {
        let is_flow = node.layout == Layout::Flow;
        let same = old.iter().zip(wanted).take_while(|(old, new)| old == new).count();
        let (old_rest, new_rest) = (&old[same..], &wanted[same..]);
        let same_end = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
        let (was, comes) = (&old_rest[..old_rest.len() - same_end], &new_rest[..new_rest.len() - same_end]);
        let extents: Vec<(Spot, Spot)> = items.iter().map(|item| (item.extent.0, self.end(item))).collect();
        let nodes = items.get(same..same + was.len())?;
        if was.len() == comes.len() {
            for ((item, was), comes) in nodes.iter().zip(was).zip(comes) {
                self.value(item, was, comes, Slot { key: None, column: item.place.column, is_flow })?;
            }
            return Some(());
        }
        if comes.is_empty() {
            let gone: Vec<bool> = (0..items.len()).map(|at| (same..same + was.len()).contains(&at)).collect();
            return self.without(node, &extents, &gone, wanted.is_empty(), slot);
        }
        if was.is_empty() && same == items.len() {
            for item in comes {
                if is_flow {
                    self.flow_item(node, &extents, flow(self.is_json, item));
                } else {
                    let dash = self.dash(items.last()?)?.1;
                    let text = indented(&to_yaml(&json!([item])), dash);
                    self.edits.push(Edit::with_lines(self.lines, node.last_line + 1, &text));
                }
            }
            return Some(());
        }
        let are_single = old.iter().chain(wanted).all(|one| !is_filled(one));
        if is_flow && are_single && self.is_bare(node.extent) {
            let text = flow(self.is_json, &Value::from(wanted));
            self.edits.push(Edit { start: node.extent.0, end: node.extent.1, text });
            return Some(());
        }
        None
    }

    /// Takes entries or items away.
    fn without(
        &mut self,
        node: &Node,
        extents: &[(Spot, Spot)],
        gone: &[bool],
        is_all: bool,
        slot: Slot,
    ) -> Option<()> {
        let is_flow = node.layout == Layout::Flow;
        if is_all {
            let empty = if matches!(node.form, Form::Map(_)) { "{}" } else { "[]" };
            let (start, end, text) = match is_flow {
                true => (node.extent.0, node.extent.1, empty.to_owned()),
                false => (self.behind_colon(slot.key?)?, end_of(self.lines, node.last_line), format!(" {empty}")),
            };
            // A comment behind the key belongs to the key.
            if !self.is_bare((start, end)) {
                return None;
            }
            self.edits.push(Edit { start, end, text });
            return Some(());
        }
        for at in (0..gone.len()).filter(|at| gone[*at]) {
            let (start, end) = match is_flow {
                true => self.in_brackets(extents, gone, at)?,
                false => match self.on_lines(node, extents, at)? {
                    Ok(whole) => {
                        self.edits.push(whole);
                        continue;
                    }
                    Err(part) => part,
                },
            };
            if !self.is_bare((start, end)) {
                return None;
            }
            self.edits.push(Edit { start, end, text: String::new() });
        }
        Some(())
    }

    /// What goes with an item in brackets: it and the comma before it, or behind it where it is one of the first.
    fn in_brackets(&self, extents: &[(Spot, Spot)], gone: &[bool], at: usize) -> Option<(Spot, Spot)> {
        let is_one_of_first = gone[..at].iter().all(|one| *one);
        Some(match is_one_of_first {
            true => (extents[at].0, extents.get(at + 1)?.0),
            false => (extents[at - 1].1, extents[at].1),
        })
    }

    /// What goes with an entry or an item of lines: whole lines, or up to the next where it stands behind a dash.
    fn on_lines(&self, node: &Node, extents: &[(Spot, Spot)], at: usize) -> Option<Result<Edit, (Spot, Spot)>> {
        let last = match &node.form {
            Form::Map(entries) => entries[at].node.last_line,
            Form::List(items) => items[at].last_line,
            Form::Scalar { .. } => return None,
        };
        let ((line, column), _) = extents[at];
        let (line, column) = match &node.form {
            Form::List(items) => self.dash(&items[at])?,
            _ => (line, column),
        };
        let is_alone = self.lines.get(line)?.chars().take(column).all(|one| one == ' ');
        Some(match is_alone {
            true => Ok(Edit::without_lines(self.lines, line, last)),
            false => Err(((line, column), extents.get(at + 1)?.0)),
        })
    }

    /// Where the dash of an item stands; None where it is not the first on the item's line.
    fn dash(&self, item: &Node) -> Option<Spot> {
        let line = item.extent.0.0.min(item.place.line);
        let before: String = self.lines.get(line)?.chars().take(item.extent.0.1.min(item.place.column)).collect();
        let dash = before.find('-')?;
        (before.trim() == "-").then_some((line, dash))
    }

    /// Puts an entry or an item behind the last one in brackets, in the way of those before.
    fn flow_item(&mut self, node: &Node, extents: &[(Spot, Spot)], item: String) {
        let Some((first, last)) = extents.last() else {
            let (start, end) = node.extent;
            let is_map = matches!(node.form, Form::Map(_));
            let pending = self.edits.iter_mut().find(|edit| (edit.start, edit.end) == (start, end));
            match pending {
                // The second one for the same brackets.
                Some(edit) => {
                    edit.text.pop();
                    edit.text = format!("{}, {item}{}", edit.text, if is_map { '}' } else { ']' });
                }
                None => {
                    let text = if is_map { format!("{{{item}}}") } else { format!("[{item}]") };
                    self.edits.push(Edit { start, end, text });
                }
            }
            return;
        };
        let text = match first.0 > node.extent.0.0 {
            true => format!(",\n{}{item}", " ".repeat(first.1)),
            false => format!(", {item}"),
        };
        self.edits.push(Edit { start: *last, end: *last, text });
    }

    /// Where a value ends; one without a text ends where it would begin.
    fn end(&self, node: &Node) -> Spot {
        match node.layout {
            Layout::Flow => node.extent.1,
            _ if matches!(node.form, Form::Scalar { .. }) => node.extent.1.max(node.extent.0),
            _ => end_of(self.lines, node.last_line),
        }
    }

    /// The place behind the colon of a key that ends here.
    fn behind_colon(&self, (line, column): Spot) -> Option<Spot> {
        let mut letters = self.lines.get(line)?.chars().enumerate().skip(column);
        let (at, letter) = letters.find(|(_, letter)| !letter.is_whitespace())?;
        (letter == ':').then_some((line, at + 1))
    }

    /// Whether no comment stands between two places.
    fn is_bare(&self, ((first, from), (last, to)): (Spot, Spot)) -> bool {
        (first..=last.min(self.lines.len().saturating_sub(1))).all(|line| {
            let until = if line == last { to } else { usize::MAX };
            let skipped = if line == first { from } else { 0 };
            !self.lines[line].chars().take(until).skip(skipped).any(|one| one == '#')
        })
    }
}

fn letter_at(lines: &[&str], line: usize, column: usize) -> Option<char> {
    lines.get(line)?.chars().nth(column)
}

#[cfg(test)]
mod tests;
