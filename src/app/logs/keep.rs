//! Keeping every line that came: what does not fit into memory is written away, the longest unread first, and fetched
//! back when it is looked at. Only where there is no more room on disk either are the oldest lines dropped, and counted.

use super::LogView;
use crate::app::Effect;
use crate::model::log::{BlockId, Stored};
use crate::model::owner::Subject;

/// Blocks that are on their way out at once: a megabyte.
const IN_FLIGHT: usize = 16;

/// Blocks that are dropped at once where nothing can be written away: some megabytes.
const DROPPED: usize = 64;

/// Lines ahead of one that is examined or given away whose blocks are fetched with its own.
const AHEAD: usize = 8_000;

impl LogView {
    /// Memory that lines take, in bytes.
    pub fn memory(&self) -> usize {
        self.shelves.values().map(|shelf| shelf.store.memory()).sum()
    }

    /// What is to be written away, and what room on disk is free again.
    pub(in crate::app) fn keep(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut surplus = self.memory().saturating_sub(self.limits.memory);
        while surplus > 0 && self.writing < IN_FLIGHT {
            let order = self.least_used();
            if self.cannot_write {
                effects.extend(self.drop_blocks(&order, DROPPED));
                break;
            }
            let Some((root, id, bytes)) = order.iter().find_map(|root| {
                let (id, bytes) = self.shelves.get_mut(root)?.store.oldest_to_write()?;
                Some((*root, id, bytes))
            }) else {
                break;
            };
            let len = bytes.len() as u64;
            // The oldest lines of all make room for those that are younger.
            while self.written + len > self.limits.disk {
                let freed = self.drop_blocks(&order, 1);
                if freed.is_empty() {
                    break;
                }
                effects.extend(freed);
            }
            if self.written + len > self.limits.disk {
                // Nothing of it is there to give way.
                if let Some(shelf) = self.shelves.get_mut(&root) {
                    shelf.store.not_written(id);
                }
                effects.extend(self.drop_blocks(&order, DROPPED));
                break;
            }
            self.written += len;
            self.writing += 1;
            surplus = surplus.saturating_sub(bytes.len());
            effects.push(Effect::WriteLog { root, id, bytes });
        }
        effects
    }

    /// The shelves, the one that was left longest ago first.
    fn least_used(&self) -> Vec<Subject> {
        let mut roots: Vec<_> = self.shelves.iter().map(|(root, shelf)| (shelf.used, *root)).collect();
        roots.sort_by_key(|(used, _)| *used);
        roots.into_iter().map(|(_, root)| root).collect()
    }

    /// Drops blocks of the first shelf that can spare some; the room on disk that is free then.
    fn drop_blocks(&mut self, order: &[Subject], blocks: usize) -> Vec<Effect> {
        for root in order {
            let Some(shelf) = self.shelves.get_mut(root) else { continue };
            let (lines, freed) = shelf.drop_oldest(blocks);
            if lines == 0 {
                continue;
            }
            if Some(*root) == self.root
                && let Some(way) = &mut self.way
            {
                way.from = way.from.saturating_sub(lines);
            }
            if let Some(export) = self.export.as_mut().filter(|export| export.root == *root) {
                export.next = export.next.saturating_sub(lines);
            }
            self.written = self.written.saturating_sub(freed.iter().map(|stored| stored.len as u64).sum());
            return freed.into_iter().map(Effect::FreeLog).collect();
        }
        Vec::new()
    }

    /// What is needed for the rows on screen and what is being examined, and is neither at hand nor asked for.
    pub(in crate::app) fn fetch(&mut self) -> Vec<Effect> {
        let Some((root, shelf)) = self.root.and_then(|root| Some((root, self.shelves.get(&root)?))) else {
            return Vec::new();
        };
        let mut wanted = Vec::new();
        if let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) {
            wanted.extend(shelf.store.wanted(first.line..last.line + 1).into_iter().map(|part| (root, part)));
        }
        for line in &self.missing {
            wanted.extend(shelf.store.wanted(*line..line + AHEAD).into_iter().map(|part| (root, part)));
        }
        if let Some(export) = &self.export
            && let Some(shelf) = self.shelves.get(&export.root)
        {
            let parts = shelf.store.wanted(export.next..export.next + AHEAD);
            wanted.extend(parts.into_iter().map(|part| (export.root, part)));
        }
        wanted.retain(|(root, (id, _))| !self.unreadable.contains(&(*root, *id)));
        let new: Vec<_> = wanted.into_iter().filter(|(root, (id, _))| self.fetching.insert((*root, *id))).collect();
        new.into_iter().map(|(root, (id, stored))| Effect::FetchLog { root, id, stored }).collect()
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
                if !shelf.is_some_and(|shelf| shelf.store.written(id, stored)) {
                    self.written = self.written.saturating_sub(stored.len as u64);
                }
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
