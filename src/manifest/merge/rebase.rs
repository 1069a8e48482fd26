//! My changes on top of theirs: the three-way merge after a conflict.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Path, by_key, collect, find, is_reordered, key_of};

/// An object with the changes of two writers.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebased {
    /// Their state with my changes.
    pub object: Value,
    /// Paths that they changed and that are now in the object. What both changed to the same value is in neither list.
    pub theirs: Vec<String>,
    /// Paths that both changed, to different values; mine is kept.
    pub both: Vec<String>,
}

/// Puts the changes from `base` to `mine` on top of `theirs`. Elements of lists are matched by the field that tells them
/// apart (containers, environment and volumes by name); other lists are one value. New elements of theirs keep their
/// place behind their neighbour.
pub fn rebase(base: &Value, mine: &Value, theirs: &Value) -> Rebased {
    let mut merge = Merge::default();
    let object = merge.value(Some(base), Some(mine), Some(theirs), &Path::default()).unwrap_or_default();
    Rebased { object, theirs: texts(&merge.theirs), both: texts(&merge.both) }
}

fn texts(paths: &[Path]) -> Vec<String> {
    paths.iter().map(Path::to_string).collect()
}

#[derive(Default)]
struct Merge {
    theirs: Vec<Path>,
    both: Vec<Path>,
}

impl Merge {
    /// The merged value; None where it is gone.
    fn value(
        &mut self,
        base: Option<&Value>,
        mine: Option<&Value>,
        theirs: Option<&Value>,
        path: &Path,
    ) -> Option<Value> {
        if mine == theirs || base == theirs {
            return mine.cloned();
        }
        if base == mine {
            collect(base, theirs, path, &mut self.theirs);
            return theirs.cloned();
        }
        match (mine, theirs) {
            (Some(Value::Object(mine)), Some(Value::Object(theirs))) => {
                Some(Value::Object(self.fields(base, mine, theirs, path)))
            }
            (Some(Value::Array(mine)), Some(Value::Array(theirs))) => {
                let base = base.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                match key_of(&[base, mine, theirs]) {
                    Some(key) => Some(Value::Array(self.elements(base, mine, theirs, key, path))),
                    None => self.conflict(Some(&Value::Array(mine.clone())), path),
                }
            }
            _ => self.conflict(mine, path),
        }
    }

    fn conflict(&mut self, mine: Option<&Value>, path: &Path) -> Option<Value> {
        self.both.push(path.clone());
        mine.cloned()
    }

    fn fields(
        &mut self,
        base: Option<&Value>,
        mine: &Map<String, Value>,
        theirs: &Map<String, Value>,
        path: &Path,
    ) -> Map<String, Value> {
        let names: BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
        let mut merged = Map::new();
        for name in names {
            let base = base.and_then(|base| base.get(name));
            if let Some(value) = self.value(base, mine.get(name), theirs.get(name), &path.field(name)) {
                merged.insert(name.clone(), value);
            }
        }
        merged
    }

    fn elements(
        &mut self,
        base: &[Value],
        mine: &[Value],
        theirs: &[Value],
        key: &'static str,
        path: &Path,
    ) -> Vec<Value> {
        let mut merged = Vec::new();
        for (index, (name, element)) in by_key(mine, key).enumerate() {
            let path = path.element(index, Some((key, name.to_owned())));
            merged.extend(self.value(find(base, key, name), Some(element), find(theirs, key, name), &path));
        }
        let mut before: Option<&str> = None;
        for (index, (name, element)) in by_key(theirs, key).enumerate() {
            if find(mine, key, name).is_none() {
                let path = path.element(index, Some((key, name.to_owned())));
                if let Some(element) = self.value(find(base, key, name), None, Some(element), &path) {
                    let neighbour = merged.iter().position(|one| before.is_some_and(|before| one[key] == *before));
                    let place = neighbour.map_or(if index == 0 { 0 } else { merged.len() }, |at| at + 1);
                    merged.insert(place, element);
                }
            }
            before = Some(name);
        }
        if is_reordered(base, theirs, key) && is_reordered(&merged, theirs, key) {
            self.both.push(path.clone());
        }
        merged
    }
}
