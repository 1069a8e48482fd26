//! What differs between two states of an object, as a patch and as paths, and how the changes of two writers become one
//! object. Fields are compared by name; elements of lists by what tells them apart, where they have such a field.

mod path;
mod rebase;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub use path::{Path, Step};
pub use rebase::{Rebased, rebase};

/// Fields that tell the elements of a list apart, the first that all of them have: `mountPath` and `devicePath` stand
/// before `name`, as a volume may be mounted twice. They are the merge keys of the pod's lists in the API.
const KEYS: [&str; 3] = ["mountPath", "devicePath", "name"];

/// The JSON merge patch (RFC 7396) that makes `after` of `before`, both objects; `{}` where nothing differs. A null is
/// taken for an absent field, as the API server does and as such a patch cannot say anything else.
pub fn patch(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return after.clone() };
    let mut patch = Map::new();
    for (name, old) in before {
        if !old.is_null() && after.get(name).is_none_or(Value::is_null) {
            patch.insert(name.clone(), Value::Null);
        }
    }
    for (name, new) in after.iter().filter(|(_, new)| !new.is_null()) {
        let change = match before.get(name) {
            Some(old) if old == new => continue,
            Some(old) if old.is_object() && new.is_object() => self::patch(old, new),
            _ => new.clone(),
        };
        // Two objects may differ in nulls alone.
        let says_nothing = change == Value::Object(Map::new()) && before.get(name).is_some_and(Value::is_object);
        if !says_nothing {
            patch.insert(name.clone(), change);
        }
    }
    Value::Object(patch)
}

/// The paths that differ, down to the leaves. Lists of plain values, and lists whose elements cannot be told apart and
/// whose length differs, are leaves; so is an element that came or went. An element's index is the one in `before`
/// where it is there, else the one in `after`.
pub fn changed_paths(before: &Value, after: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    collect(Some(before), Some(after), &Path::default(), &mut found);
    found
}

fn collect(before: Option<&Value>, after: Option<&Value>, path: &Path, found: &mut Vec<Path>) {
    let before = before.filter(|value| !value.is_null());
    let after = after.filter(|value| !value.is_null());
    if before == after {
        return;
    }
    let nothing = Map::new();
    let is_whole = matches!(path.0.last(), Some(Step::Element { .. })) && (before.is_none() || after.is_none());
    match (before, after) {
        _ if is_whole => found.push(path.clone()),
        (Some(Value::Object(before)), Some(Value::Object(after))) => collect_fields(before, after, path, found),
        (Some(Value::Object(before)), None) if !before.is_empty() => collect_fields(before, &nothing, path, found),
        (None, Some(Value::Object(after))) if !after.is_empty() => collect_fields(&nothing, after, path, found),
        (Some(Value::Array(before)), Some(Value::Array(after))) => collect_elements(before, after, path, found),
        _ => found.push(path.clone()),
    }
}

fn collect_fields(before: &Map<String, Value>, after: &Map<String, Value>, path: &Path, found: &mut Vec<Path>) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        collect(before.get(name), after.get(name), &path.field(name), found);
    }
}

fn collect_elements(before: &[Value], after: &[Value], path: &Path, found: &mut Vec<Path>) {
    if let Some(key) = key_of(&[before, after]) {
        let named = |index, name: &str| path.element(index, Some((key, name.to_owned())));
        for (index, (name, old)) in by_key(before, key).enumerate() {
            collect(Some(old), find(after, key, name), &named(index, name), found);
        }
        for (index, (name, new)) in by_key(after, key).enumerate() {
            if find(before, key, name).is_none() {
                collect(None, Some(new), &named(index, name), found);
            }
        }
        if is_reordered(before, after, key) {
            found.push(path.clone());
        }
    } else if before.len() == after.len() && before.iter().chain(after).all(Value::is_object) {
        for (index, (old, new)) in before.iter().zip(after).enumerate() {
            collect(Some(old), Some(new), &path.element(index, None), found);
        }
    } else {
        found.push(path.clone());
    }
}

/// The field that tells the elements apart in each of these lists; None where there is none.
fn key_of(lists: &[&[Value]]) -> Option<&'static str> {
    let tells_apart = |list: &&[Value], key: &str| {
        let names: Option<BTreeSet<&str>> = list.iter().map(|element| element[key].as_str()).collect();
        names.is_some_and(|names| names.len() == list.len())
    };
    KEYS.into_iter().find(|key| lists.iter().all(|list| tells_apart(list, key)))
}

/// The elements with what each has in the field that tells them apart.
fn by_key<'a>(list: &'a [Value], key: &'static str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    list.iter().filter_map(move |element| Some((element[key].as_str()?, element)))
}

fn find<'a>(list: &'a [Value], key: &str, name: &str) -> Option<&'a Value> {
    list.iter().find(|element| element[key] == *name)
}

/// Whether the elements that are in both lists stand in another order.
fn is_reordered(before: &[Value], after: &[Value], key: &'static str) -> bool {
    let common =
        |list, other| by_key(list, key).map(|(name, _)| name).filter(move |name| find(other, key, name).is_some());
    !common(before, after).eq(common(after, before))
}
