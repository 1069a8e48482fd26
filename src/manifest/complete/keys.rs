//! Names of fields that can be typed, with what stands behind them.

use std::collections::HashSet;

use super::{Completion, Names, Spot};
use crate::manifest::outline::{Entry, Row};
use crate::manifest::owned;
use crate::manifest::path::Step;
use crate::manifest::schema::{Catalogue, Schema, Type};

/// What every manifest begins with, for when its kind is not written yet.
const BEGINNING: [(&str, &str); 4] =
    [("apiVersion", "string"), ("kind", "string"), ("metadata", "ObjectMeta"), ("spec", "object")];

/// The resources that every node has.
const RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// The label that names a queue of Kueue.
pub(super) const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// The fields that the map at the cursor does not have yet: those that it needs first.
pub(super) fn keys(spot: &Spot, rows: &[Row], line: usize, catalogue: &Catalogue, names: &Names) -> Vec<Completion> {
    let present = present(rows, line, spot.indentation);
    let is_line_of_key = !spot.key.is_empty();
    let offer = |name: &str, detail: String, behind: String| Completion {
        label: name.to_owned(),
        // Where a key stands already, what is behind it stays.
        insert: if is_line_of_key { name.to_owned() } else { format!("{name}:{behind}") },
        detail,
        start: spot.start,
        end: spot.end,
    };
    let Some(schema) = catalogue.at(spot.version(catalogue), &spot.kind, &spot.path) else {
        let begin = BEGINNING.iter().filter(|(name, _)| spot.path.0.is_empty() && !present.contains(name));
        return begin.map(|(name, type_)| offer(name, (*type_).to_owned(), " ".to_owned())).collect();
    };
    let schema = catalogue.resolve(schema);
    if schema.type_ == Type::List {
        return items(spot, schema, catalogue);
    }
    let free = free_keys(spot, names).into_iter().filter(|name| !present.contains(name));
    let mut found: Vec<Completion> = free.map(|name| offer(name, "string".to_owned(), " ".to_owned())).collect();
    let wanted = schema.properties.iter().filter(|(name, _)| !present.contains(&**name) && !is_owned(spot, name));
    let (required, optional): (Vec<_>, Vec<_>) = wanted.partition(|(name, _)| schema.required.contains(name));
    for ((name, one), mark) in
        required.into_iter().map(|it| (it, "required ")).chain(optional.into_iter().map(|it| (it, "")))
    {
        let detail = format!("{mark}{}", catalogue.type_name(one));
        found.push(offer(name, detail, behind(catalogue, one, spot.indentation)));
    }
    found
}

/// What follows a key and its colon: a blank, or the next line with its indentation.
fn behind(catalogue: &Catalogue, schema: &Schema, indentation: usize) -> String {
    let next = |dash: &str| format!("\n{}{dash}", " ".repeat(indentation + 2));
    match catalogue.resolve(schema).type_ {
        Type::Object => next(""),
        Type::List => next("- "),
        _ => " ".to_owned(),
    }
}

/// The fields of an item that is begun by its dash.
fn items(spot: &Spot, list: &Schema, catalogue: &Catalogue) -> Vec<Completion> {
    let Some(item) = catalogue.item(list).map(|item| catalogue.resolve(item)) else { return Vec::new() };
    let required = item.properties.iter().filter(|(name, _)| item.required.contains(name));
    let all = item.properties.iter().filter(|(name, _)| !item.required.contains(name));
    let offer = |(name, one): &(Box<str>, Schema)| Completion {
        label: name.to_string(),
        insert: format!("- {name}:{}", behind(catalogue, one, spot.indentation + 2)),
        detail: catalogue.type_name(one),
        start: spot.start,
        end: spot.end,
    };
    required.chain(all).map(offer).collect()
}

/// Keys that people use where any key may stand.
fn free_keys(spot: &Spot, names: &Names) -> Vec<&'static str> {
    match spot.path.0.last() {
        Some(Step::Key(key)) if key == "limits" || key == "requests" => RESOURCES.to_vec(),
        Some(Step::Key(key)) if key == "labels" && !names.queues.is_empty() => vec![QUEUE],
        _ => Vec::new(),
    }
}

/// Whether a field is the server's to write.
fn is_owned(spot: &Spot, name: &str) -> bool {
    match spot.path.0.as_slice() {
        [] => name == "status",
        [.., Step::Key(last)] if last == "metadata" => owned::METADATA.contains(&name),
        _ => false,
    }
}

/// The keys that the map has whose keys stand at a column, without the one on the line itself.
fn present(rows: &[Row], line: usize, column: usize) -> HashSet<&str> {
    let mut found = HashSet::new();
    let is_first = |row: Option<&Row>| matches!(row, Some(Row::Entry(entry)) if entry.first_column() < column);
    if !is_first(rows.get(line)) {
        for row in rows.iter().take(line).rev() {
            if !visit(row, column, &mut found, true) {
                break;
            }
        }
    }
    for row in rows.iter().skip(line + 1) {
        if !visit(row, column, &mut found, false) {
            break;
        }
    }
    found
}

/// Takes the key of a line where it is one of the map; false where the map does not reach beyond the line.
fn visit<'a>(row: &'a Row, column: usize, found: &mut HashSet<&'a str>, is_above: bool) -> bool {
    let entry: &Entry = match row {
        Row::Entry(entry) => entry,
        Row::Mark => return false,
        Row::Blank | Row::Text => return true,
    };
    let is_at_its_begin = entry.first_column() < column;
    // The first key of an item stands behind its dash.
    if is_at_its_begin && !is_above {
        return false;
    }
    if let Some(key) = entry.key.as_ref().filter(|key| key.column == column) {
        found.insert(key.name.as_str());
    }
    !is_at_its_begin
}
