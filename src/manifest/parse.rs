//! Text to documents: values as kubectl would send them, and the place of each in the text.
//!
//! It builds on the events of the YAML engine that is used everywhere here (`serde_yaml`, which is serde-saphyr), since
//! objects read through serde no longer know what was quoted, nor what stood there twice. One document that cannot be
//! read does not hide the others.

mod scalar;
mod tree;
mod words;

use granit_parser::{Event, Parser, ScanError, options};
use serde_json::Value;

use super::path::{Path, Step};
use super::problem::{Place, Problem};
pub(super) use scalar::resolve;
use tree::Builder;
pub(super) use tree::{Entry, Form, Layout, Node};

/// What a text holds.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// The documents that can be read, in their order; empty ones are left out.
    pub documents: Vec<Document>,
    /// Why others cannot be, and keys that stand twice.
    pub problems: Vec<Problem>,
}

/// One document of a text.
#[derive(Debug, Clone)]
pub struct Document {
    /// The line of its first key, from 0.
    pub first_line: usize,
    /// What it says, as kubectl would send it. Of a key that stands twice the last value counts.
    pub object: Value,
    pub(super) root: Node,
}

/// Where a value stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its key; None for the item of a list and for the document itself.
    pub key: Option<Place>,
    /// The value itself: its first line, for a map its first key.
    pub value: Place,
    /// The last line that belongs to it.
    pub last_line: usize,
}

impl Document {
    /// The document of a tree; None for an empty one.
    pub(super) fn new(root: Node) -> Option<Self> {
        let object = root.to_value();
        (!object.is_null()).then_some(Self { first_line: root.place.line, object, root })
    }

    /// Where the value at the end of this path stands; None where there is none.
    pub fn find(&self, path: &Path) -> Option<Found> {
        let root = Found { key: None, value: self.root.place, last_line: self.root.last_line };
        path.0.iter().try_fold((root, &self.root), |(_, node), step| step_into(node, step)).map(|(found, _)| found)
    }

    /// The value at the end of this path with its parts; None where there is none.
    pub(super) fn node(&self, path: &Path) -> Option<&Node> {
        path.0.iter().try_fold(&self.root, |node, step| step_into(node, step).map(|(_, inner)| inner))
    }

    /// As [`Self::find`], but of the nearest value above where there is none: a refusal may name a field that is missing.
    pub fn find_nearest(&self, path: &Path) -> Found {
        let mut found = Found { key: None, value: self.root.place, last_line: self.root.last_line };
        let mut node = &self.root;
        for step in &path.0 {
            let Some((place, inner)) = step_into(node, step) else { break };
            (found, node) = (place, inner);
        }
        found
    }
}

fn step_into<'a>(node: &'a Node, step: &Step) -> Option<(Found, &'a Node)> {
    let (key, inner) = match (step, &node.form) {
        (Step::Key(key), Form::Map(entries)) => {
            // The last one of those that stand twice is the one that counts.
            let entry = entries.iter().rev().find(|entry| entry.key == *key)?;
            (Some(entry.key_place), &entry.node)
        }
        (Step::Index(index), Form::List(items)) => (None, items.get(*index)?),
        _ => return None,
    };
    Some((Found { key, value: inner.place, last_line: inner.last_line }, inner))
}

/// The mark that some editors of Windows put before a text. It counts as a character of the first line.
pub(super) const BOM: char = '\u{feff}';

/// Blanks that YAML takes for letters, from texts that were copied out of a page.
pub(super) const FALSE_BLANKS: [char; 5] = ['\u{a0}', '\u{2007}', '\u{202f}', '\u{3000}', '\u{200b}'];

/// How deep maps and lists may lie in each other. Kubernetes' deepest are below 30.
const DEEPEST: usize = 64;

/// Reads a text of any number of documents.
pub fn parse(text: &str) -> Parsed {
    let options = options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut parser = Parser::new_from_str_with_options(text.strip_prefix(BOM).unwrap_or(text), options);
    let mut parsed = Parsed::default();
    let mut builder = Builder::new(text);
    loop {
        let trouble = match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => break,
            Some(Ok((Event::DocumentEnd, _))) => {
                parsed.documents.extend(builder.take_root().and_then(Document::new));
                None
            }
            Some(Ok((event, span))) => {
                builder.take(event, span).err().map(|defect| Problem::error(defect.at, defect.message))
            }
            Some(Err(error)) => Some(unreadable(&builder, &error)),
        };
        if let Some(problem) = trouble {
            parsed.problems.push(problem);
            builder.restart();
            if !matches!(parser.proceed_next_document(), Ok(true)) {
                break;
            }
        }
    }
    parsed.problems.extend(builder.problems);
    parsed.problems.sort_by_key(|problem| problem.place.line);
    parsed
}

fn unreadable(builder: &Builder<'_>, error: &ScanError) -> Problem {
    let mark = error.marker();
    // What is missing is told where the text ends: the last line that says something is nearer to it.
    let (line, column) = match mark.line().saturating_sub(1) {
        line if line >= builder.lines.len() => (builder.lines.len().saturating_sub(1), 0),
        line => (line, mark.col()),
    };
    let told = words::plain(error.kind()).map_or_else(|| format!("this is no YAML: {}", error.info()), str::to_owned);
    let indentation = builder.lines.get(line).map_or("", |text| &text[..text.len() - text.trim_start().len()]);
    if !indentation.contains('\t') || words::plain(error.kind()) != Some(words::TABS) {
        return Problem::error(builder.place(line, column, usize::MAX), told);
    }
    let place = builder.place(line, 0, indentation.chars().count());
    Problem::error(place, told).mended_by("replace tabs by blanks", indentation.replace('\t', "  "))
}

#[cfg(test)]
mod tests;
