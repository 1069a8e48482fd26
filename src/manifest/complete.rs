//! Help while typing: where the cursor is, what the field there means, and what can be typed. All of it works on lines,
//! since a text is hardly ever YAML while somebody types.

mod keys;
mod timing;
mod values;

pub use timing::timing_at;

use super::outline::{Entry, Levels, Row, comment, rows};
use super::path::{Path, Step};
use super::schema::{Catalogue, Field};
use super::versions;

/// What the cursor stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// A key, or where one can be begun.
    Key,
    /// A value behind a key.
    Value,
    /// The item of a list that may be a value, or the first key of a map.
    Item,
    /// A comment, longer text, or blanks before what the line says: nothing to be completed.
    #[default]
    Other,
}

/// Where a cursor is in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spot {
    /// `apiVersion` of its document; empty where none is written.
    pub api_version: String,
    /// `kind` of its document; empty where none is written.
    pub kind: String,
    /// On a key the way to the map that it is in, elsewhere the way to the value or item itself.
    pub path: Path,
    /// What it stands on.
    pub part: Part,
    /// The whole key of the line; empty where it has none.
    pub key: String,
    /// What is typed of the word before the cursor.
    pub prefix: String,
    /// The column where that word begins.
    pub start: usize,
    /// The column where it ends, which may lie behind the cursor.
    pub end: usize,
    /// The column at which the keys of the map stand that the cursor is in.
    pub indentation: usize,
}

/// Names that exist in a cluster, offered where a field wants one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// `ConfigMaps`.
    pub config_maps: Vec<String>,
    /// Secrets: their names and nothing else.
    pub secrets: Vec<String>,
    /// `ServiceAccounts`.
    pub service_accounts: Vec<String>,
    /// `PersistentVolumeClaims`.
    pub claims: Vec<String>,
    /// Images that pods of the cluster use.
    pub images: Vec<String>,
    /// Queues of Kueue.
    pub queues: Vec<String>,
}

/// Something that can be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Its name in the list.
    pub label: String,
    /// What is inserted, with line breaks and the indentation that belongs to them.
    pub insert: String,
    /// A few words on it: the type of a field.
    pub detail: String,
    /// The first column of what it replaces, on the cursor's line.
    pub start: usize,
    /// The column behind what it replaces.
    pub end: usize,
}

/// Where the cursor is. Lines and columns count from 0, columns in characters; those beyond the text are taken back.
pub fn place_at<L: AsRef<str>>(lines: &[L], line: usize, column: usize) -> Spot {
    spot(lines, &rows(lines), line, column)
}

/// What is known of the field under the cursor, or of the nearest one around it.
pub fn help_at<L: AsRef<str>>(lines: &[L], line: usize, column: usize, catalogue: &Catalogue) -> Option<Field> {
    let spot = place_at(lines, line, column);
    let mut path = spot.path.clone();
    if matches!(spot.part, Part::Key | Part::Other) && !spot.key.is_empty() {
        path.0.push(Step::Key(spot.key.clone()));
    }
    let version = spot.version(catalogue);
    loop {
        if let Some(field) = catalogue.field(version, &spot.kind, &path) {
            return Some(field);
        }
        path.0.pop()?;
    }
}

/// What can be typed at the cursor, the most likely first.
pub fn complete<L: AsRef<str>>(
    lines: &[L],
    line: usize,
    column: usize,
    catalogue: &Catalogue,
    names: &Names,
) -> Vec<Completion> {
    let rows = rows(lines);
    let spot = spot(lines, &rows, line, column);
    let text = lines.get(line).map_or("", AsRef::as_ref);
    let before = spot.start.checked_sub(1).and_then(|at| text.chars().nth(at));
    let mut found = match spot.part {
        Part::Other => return Vec::new(),
        Part::Value => values::values(&spot, catalogue, names),
        Part::Key => keys::keys(&spot, &rows, line, catalogue, names),
        Part::Item if spot.is_map_item(catalogue) => keys::keys(&spot, &rows, line, catalogue, names),
        Part::Item => values::values(&spot, catalogue, names),
    };
    // A colon and a dash need a blank behind them.
    if matches!(before, Some(':' | '-')) {
        found.iter_mut().for_each(|one| one.insert.insert(0, ' '));
    }
    let prefix = spot.prefix.trim_start_matches(['"', '\'']).to_lowercase();
    found.retain(|one| one.label.to_lowercase().contains(&prefix));
    // The order among equals stays.
    found.sort_by_key(|one| !one.label.to_lowercase().starts_with(&prefix));
    found
}

impl Spot {
    /// The version whose fields are meant: the one that followed where this one is gone.
    fn version<'a>(&'a self, catalogue: &Catalogue) -> &'a str {
        match versions::removed(&self.api_version, &self.kind) {
            Some(removed) if !catalogue.has_kind(&self.api_version, &self.kind) => removed.instead,
            _ => &self.api_version,
        }
    }

    /// Whether the item that the cursor is in is a map, as far as is known.
    fn is_map_item(&self, catalogue: &Catalogue) -> bool {
        let schema = catalogue.at(self.version(catalogue), &self.kind, &self.path);
        schema.is_some_and(|schema| catalogue.resolve(schema).type_ == super::schema::Type::Object)
    }
}

fn spot<L: AsRef<str>>(lines: &[L], rows: &[Row], line: usize, column: usize) -> Spot {
    let mut spot = Spot::default();
    let is_mark = |row: &Row| *row == Row::Mark;
    let line = line.min(lines.len().saturating_sub(1));
    let first = rows.iter().take(line).rposition(is_mark).map_or(0, |at| at + 1);
    let end = rows.iter().skip(line).position(is_mark).map_or(rows.len(), |at| line + at);
    let mut levels = Levels::default();
    for (at, row) in rows.iter().enumerate().take(end).skip(first) {
        let Row::Entry(entry) = row else { continue };
        if at < line {
            levels.enter(entry);
        }
        let Some(key) = entry.key.as_ref().filter(|key| key.column == 0) else { continue };
        match key.name.as_str() {
            "apiVersion" => spot.api_version = entry.text.trim_matches(['"', '\'']).to_owned(),
            "kind" => spot.kind = entry.text.trim_matches(['"', '\'']).to_owned(),
            _ => {}
        }
    }
    let letters: Vec<char> = lines.get(line).map_or("", AsRef::as_ref).chars().collect();
    let column = column.min(letters.len());
    let is_empty = letters.iter().all(|letter| letter.is_whitespace());
    // Longer text ends where the cursor is set back to the column of its key.
    let is_text = rows.get(line) == Some(&Row::Text) && levels.deepest().is_some_and(|key| column > key);
    match rows.get(line) {
        Some(Row::Entry(entry)) => on_entry(&mut spot, levels, entry, &letters, column),
        _ if is_empty && !is_text => {
            levels.leave_to(column);
            spot.path = levels.path();
            spot.part = Part::Key;
            (spot.start, spot.end, spot.indentation) = (column, column, column);
        }
        _ => spot.path = levels.path(),
    }
    spot
}

/// The cursor on a line that says something.
fn on_entry(spot: &mut Spot, mut levels: Levels, entry: &Entry, letters: &[char], column: usize) {
    if entry.dashes.is_empty() {
        levels.leave_to(entry.content());
    }
    levels.enter_items(&entry.dashes);
    // Blanks at the end of a line are none of its value, but the cursor may stand behind them.
    let value = if entry.text.is_empty() { entry.value.max(column) } else { entry.value };
    let written = value + entry.text.chars().count();
    let (part, start, end) = match &entry.key {
        Some(key) if column <= key.end => (Part::Key, key.column, key.end),
        Some(_) => (Part::Value, value.min(column), written.max(column)),
        None if entry.dashes.is_empty() => (Part::Key, value, written),
        None => (Part::Item, value, written.max(column)),
    };
    spot.path = levels.path();
    spot.key = entry.key.as_ref().map(|key| key.name.clone()).unwrap_or_default();
    let behind_dash = entry.dashes.last().map_or(0, |dash| dash + 2);
    spot.indentation = entry.key.as_ref().map_or(value.max(behind_dash), |key| key.column);
    let is_in_comment = comment(letters, entry.value).is_some_and(|at| column > at);
    if column < entry.content() || is_in_comment {
        return;
    }
    if part == Part::Value {
        spot.path = spot.path.key(&spot.key);
    }
    (spot.part, spot.start, spot.end) = (part, start, end);
    spot.prefix = letters.get(start..column).unwrap_or_default().iter().collect();
}

#[cfg(test)]
mod tests;
