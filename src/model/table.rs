//! Tables: the rows of one kind, by UID. Only [`super::snapshot`] changes them; everyone reads them.

use std::collections::HashMap;

use super::delta::Source;
use super::key::Uid;
use super::meta::Object;

/// Rows of one kind, found by UID. A vector with an index beside it: a hash map of rows would waste its empty slots at
/// the size of a row.
#[derive(Debug)]
pub struct Table<T> {
    rows: Vec<T>,
    index: HashMap<Uid, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Object> Table<T> {
    /// The row of this UID.
    pub fn get(&self, uid: Uid) -> Option<&T> {
        self.index.get(&uid).and_then(|at| self.rows.get(*at as usize))
    }

    /// All rows, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.iter()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// There is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn uids_in(&self, source: &Source) -> Vec<Uid> {
        let inside = |row: &&T| source.namespace.as_ref().is_none_or(|namespace| row.meta().namespace == *namespace);
        self.rows.iter().filter(inside).map(Object::uid).collect()
    }

    pub(super) fn upsert(&mut self, row: T) -> Option<T> {
        match self.index.get(&row.uid()).and_then(|at| self.rows.get_mut(*at as usize)) {
            Some(place) => Some(std::mem::replace(place, row)),
            None => {
                // Four billion rows do not fit into memory, so the cast cannot cut.
                self.index.insert(row.uid(), self.rows.len() as u32);
                self.rows.push(row);
                None
            }
        }
    }

    pub(super) fn remove(&mut self, uid: Uid) -> Option<T> {
        let at = self.index.remove(&uid)?;
        let row = self.rows.swap_remove(at as usize);
        if let Some(moved) = self.rows.get(at as usize) {
            self.index.insert(moved.uid(), at);
        }
        Some(row)
    }
}
