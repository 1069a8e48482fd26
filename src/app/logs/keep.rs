//! Keeping every line that came: what does not fit into memory is written away, the longest unread first, and fetched
//! back when it is looked at. Only where there is no more room on disk either are the oldest lines dropped, and counted.

use super::LogView;
use crate::app::Effect;
use crate::model::log::{BlockId, Stored};
use crate::model::owner::Subject;

/// Blocks that are on their way out at once: a megabyte.
const IN_FLIGHT: usize = 16;

impl LogView {
    /// Memory that lines take, in bytes.
    pub fn memory(&self) -> usize {
        self.shelves.values().map(|shelf| shelf.store.memory()).sum()
    }

    /// What is to be written away, and what is to be fetched for the screen and the search.
    pub(in crate::app) fn keep(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut surplus = self.memory().saturating_sub(self.limits.memory);
        while surplus > 0 {
            let is_full = self.cannot_write || self.written >= self.limits.disk;
            if !is_full && self.writing >= IN_FLIGHT {
                break;
            }
            let Some((freed, effect)) = self.make_room(is_full) else { break };
            effects.extend(effect);
            surplus = surplus.saturating_sub(freed);
        }
        effects.extend(self.fetch());
        effects
    }

    /// Takes the oldest block of the shelf that was left longest ago: away, or for good where there is no room elsewhere.
    fn make_room(&mut self, is_full: bool) -> Option<(usize, Option<Effect>)> {
        let mut shelves: Vec<_> = self.shelves.iter_mut().collect();
        shelves.sort_by_key(|(_, shelf)| shelf.used);
        for (root, shelf) in shelves {
            if is_full {
                let before = shelf.store.memory();
                let dropped = shelf.drop_oldest();
                if dropped > 0 {
                    return Some((before.saturating_sub(shelf.store.memory()).max(1), None));
                }
            } else if let Some((id, bytes)) = shelf.store.oldest_to_write() {
                self.writing += 1;
                return Some((bytes.len(), Some(Effect::WriteLog { root: *root, id, bytes })));
            }
        }
        None
    }

    /// What is needed for the rows on screen and what is being examined, and is neither at hand nor asked for.
    fn fetch(&mut self) -> Vec<Effect> {
        let Some((root, shelf)) = self.root.and_then(|root| Some((root, self.shelves.get(&root)?))) else {
            return Vec::new();
        };
        let mut wanted = Vec::new();
        if let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) {
            wanted.extend(shelf.store.wanted(first.line..last.line + 1));
        }
        for line in self.missing.iter().copied().chain(self.export.as_ref().map(|export| export.next)) {
            wanted.extend(shelf.store.wanted(line..line + 1));
        }
        wanted.retain(|(id, _)| !self.unreadable.contains(&(root, *id)));
        let new: Vec<_> = wanted.into_iter().filter(|(id, _)| self.fetching.insert((root, *id))).collect();
        new.into_iter().map(|(id, stored)| Effect::FetchLog { root, id, stored }).collect()
    }

    /// A block was written away, or could not be. What a person must know, the first time.
    pub(in crate::app) fn wrote(
        &mut self,
        root: Subject,
        id: BlockId,
        stored: Result<Stored, String>,
    ) -> Option<String> {
        self.writing = self.writing.saturating_sub(1);
        let shelf = self.shelves.get_mut(&root);
        match stored {
            Ok(stored) => {
                self.written = self.written.max(stored.at + stored.len as u64);
                shelf?.store.written(id, stored);
                None
            }
            Err(why) => {
                if let Some(shelf) = shelf {
                    shelf.store.not_written(id);
                }
                let is_news = !std::mem::replace(&mut self.cannot_write, true);
                is_news.then(|| format!("{why}; from now on the oldest lines of logs are dropped"))
            }
        }
    }

    /// A block is here again, or cannot be had. What a person must know of that.
    pub(in crate::app) fn fetched(
        &mut self,
        root: Subject,
        id: BlockId,
        bytes: Result<Vec<u8>, String>,
    ) -> Option<String> {
        self.fetching.remove(&(root, id));
        match bytes {
            Ok(bytes) => {
                self.shelves.get_mut(&root)?.store.fetched(id, &bytes);
                None
            }
            Err(why) => {
                // What waits for it would wait without end.
                (self.export, self.way) = (None, None);
                self.unreadable.insert((root, id)).then_some(why)
            }
        }
    }
}
