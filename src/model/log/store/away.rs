//! Blocks that are written away and fetched back, and those that are dropped.

use super::{AT_HAND, Block, BlockId, Content, LogStore, Stored};
use crate::model::log::block::Records;

impl LogStore {
    /// Memory that the lines take, in bytes.
    pub fn memory(&self) -> usize {
        let of_blocks = self.blocks.iter().map(|block| match &block.content {
            Content::Here { records, .. } => records.memory(),
            Content::Away(_) => 0,
        });
        of_blocks.sum::<usize>() + self.blocks.capacity() * size_of::<Block>()
    }

    /// The oldest block that is in memory, complete and not on its way out yet, to be written away; it stays readable
    /// until [`LogStore::written`] says where it is.
    pub fn oldest_to_write(&mut self) -> Option<(BlockId, Vec<u8>)> {
        let complete = self.blocks.len().saturating_sub(1);
        self.blocks[..complete].iter_mut().find_map(|block| match &mut block.content {
            Content::Here { records, is_leaving } if !*is_leaving => {
                *is_leaving = true;
                Some((block.id, records.to_bytes()))
            }
            _ => None,
        })
    }

    /// A block was written away. One that changed meanwhile stays, and false is returned.
    pub fn written(&mut self, id: BlockId, stored: Stored) -> bool {
        let block = self.blocks.iter_mut().find(|block| block.id == id);
        block.map(|block| block.content = Content::Away(stored)).is_some()
    }

    /// A block could not be written away; it stays for now.
    pub fn not_written(&mut self, id: BlockId) {
        if let Some(Block { content: Content::Here { is_leaving, .. }, .. }) =
            self.blocks.iter_mut().find(|block| block.id == id)
        {
            *is_leaving = false;
        }
    }

    /// Where the blocks lie that are needed for these lines and not at hand.
    pub fn wanted(&self, lines: std::ops::Range<usize>) -> Vec<(BlockId, Stored)> {
        let start = self.block_of(lines.start).unwrap_or(self.blocks.len());
        let touched = self.blocks[start..].iter().take_while(|block| block.first < lines.end);
        touched
            .filter_map(|block| match block.content {
                Content::Away(stored) if self.records(block).is_none() => Some((block.id, stored)),
                _ => None,
            })
            .collect()
    }

    /// A block was fetched back. Those that were used longest ago go.
    pub fn fetched(&mut self, id: BlockId, bytes: &[u8]) {
        if let Some(records) = Records::from_bytes(bytes) {
            self.at_hand.retain(|(other, _)| *other != id);
            self.at_hand.push((id, records));
            let surplus = self.at_hand.len().saturating_sub(AT_HAND);
            self.at_hand.drain(..surplus);
        }
    }

    /// Drops so many of the oldest blocks for want of room, but never the last one. Returns how many lines that were, by
    /// which all others move up, and the places where blocks of them lay that were written away.
    pub fn drop_oldest(&mut self, blocks: usize) -> (usize, Vec<Stored>) {
        let blocks = blocks.min(self.blocks.len().saturating_sub(1));
        let (mut lines, mut freed) = (self.dropped.map_or(0, |(lines, _)| lines), Vec::new());
        let before = lines;
        for block in self.blocks.drain(..blocks) {
            lines += block.len;
            self.dropped = Some((lines, block.span.1));
            if let Content::Away(stored) = block.content {
                freed.push(stored);
            }
        }
        self.number_from(0);
        (lines - before, freed)
    }
}
