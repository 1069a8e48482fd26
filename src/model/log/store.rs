//! The lines of a subject's logs, merged by time, in compact blocks of which the older ones may be kept elsewhere.
//!
//! Lines of one source never change their order. Among sources they are ordered by time: a line that comes late is put
//! where it belongs, and who reads is told how far the lines behind it moved ([`Shift`]). Nothing is ever taken out but
//! by [`LogStore::drop_oldest`].

mod away;
mod insert;

use std::collections::HashMap;

use super::block::{LogLine, Records};
use super::source::{LogChange, LogSource, ReadUpTo, SourceState};
use crate::model::clock::Time;

/// Blocks that were fetched back and stay at hand.
const AT_HAND: usize = 64;

/// A source and what was read of it.
#[derive(Debug, Clone)]
pub struct ReadSource {
    /// Which.
    pub source: LogSource,
    /// Whether it still brings lines.
    pub state: SourceState,
    /// The first line that was read; None before any was.
    pub from: Option<ReadUpTo>,
    /// The last line that was read; None before any was.
    pub up_to: Option<ReadUpTo>,
    /// Lines that were read.
    pub lines: u64,
    /// Bytes of their text.
    pub bytes: u64,
    /// The log begins with the first line that was read.
    pub has_start: bool,
    /// Why older lines could not be read, the last time that they were asked for.
    pub no_older: Option<String>,
    /// All lines that were read so far have the time of the first.
    is_one_time: bool,
    /// Places of its first and last line and of the mark before them in the merged order.
    places: Option<(Time, Time)>,
    begin: Option<Time>,
}

impl ReadSource {
    /// The mark where it begins is there.
    pub fn has_begun(&self) -> bool {
        self.begin.is_some()
    }
}

/// Lines were put before the one that had this number: it and all behind it have moved by so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// The first number that moved.
    pub at: usize,
    /// By how many.
    pub by: usize,
}

impl Shift {
    /// Moves the number of a line as the line moved.
    pub fn apply(self, line: &mut usize) {
        if *line >= self.at {
            *line += self.by;
        }
    }
}

/// Names a block for as long as what is in it stays the same, but for lines that are put behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(u64);

/// Where a block lies that was written away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Bytes before it.
    pub at: u64,
    /// Its bytes.
    pub len: usize,
}

/// A stretch of the log, as one sees it from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its name.
    pub id: BlockId,
    /// The number of its first line.
    pub first: usize,
    /// How many lines it has.
    pub len: usize,
    /// Its lines can be read now.
    pub is_here: bool,
}

#[derive(Debug)]
struct Block {
    id: BlockId,
    first: usize,
    len: usize,
    /// Places of its first and last line.
    span: (Time, Time),
    has_traces: bool,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// In memory; it may be on its way out.
    Here { records: Records, is_leaving: bool },
    /// Written away.
    Away(Stored),
}

/// See the module.
#[derive(Debug, Default)]
pub struct LogStore {
    sources: Vec<ReadSource>,
    indexes: HashMap<LogSource, u32>,
    blocks: Vec<Block>,
    /// Blocks that were written away and fetched back, the last used at the end.
    at_hand: Vec<(BlockId, Records)>,
    next: u64,
    dropped: Option<(usize, Time)>,
    has_traces: bool,
}

impl LogStore {
    /// An empty store whose blocks have other names than those of all stores of other numbers: what is told of a block
    /// may come when its store is gone.
    pub fn numbered(number: u64) -> Self {
        Self { next: number << 40, ..Self::default() }
    }

    /// Every source seen, in the order in which they came; their indexes stay.
    pub fn sources(&self) -> &[ReadSource] {
        &self.sources
    }

    /// What was read of a source.
    pub fn read(&self, source: &LogSource) -> Option<&ReadSource> {
        self.sources.get(*self.indexes.get(source)? as usize)
    }

    /// How many lines are kept, marks included.
    pub fn len(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.first + block.len)
    }

    /// No line is kept.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Lines that were dropped at the front for want of room, and the time of the last of them.
    pub fn dropped(&self) -> Option<(usize, Time)> {
        self.dropped
    }

    /// There are lines that go on with others, so that there is something to fold.
    pub fn has_traces(&self) -> bool {
        self.has_traces
    }

    /// A line; None behind the last one, and where it was written away and is not at hand.
    pub fn line(&self, number: usize) -> Option<LogLine<'_>> {
        let block = &self.blocks[self.block_of(number)?];
        self.records(block)?.line(number - block.first)
    }

    /// The stretches, in order.
    pub fn stretches(&self) -> impl DoubleEndedIterator<Item = Stretch> + ExactSizeIterator {
        self.blocks.iter().map(|block| self.stretch(block))
    }

    /// The stretch with this line.
    pub fn stretch_of(&self, number: usize) -> Option<Stretch> {
        self.block_of(number).map(|at| self.stretch(&self.blocks[at]))
    }

    /// The lines of a stretch from the one with this number in it on; none where it is not at hand.
    pub fn lines_of(&self, stretch: Stretch, from: usize) -> impl DoubleEndedIterator<Item = LogLine<'_>> {
        let block = self.block_of(stretch.first).map(|at| &self.blocks[at]);
        let records = block.filter(|block| block.id == stretch.id).and_then(|block| self.records(block));
        records.into_iter().flat_map(move |records| (from..records.len()).filter_map(|at| records.line(at)))
    }

    /// The number of the first line at this time or later.
    pub fn first_since(&self, time: Time) -> usize {
        let at = self.blocks.partition_point(|block| block.span.1 < time);
        let Some(block) = self.blocks.get(at) else { return self.len() };
        match self.records(block) {
            Some(records) => block.first + place_in(records, |place| place < time),
            None => block.first,
        }
    }

    fn stretch(&self, block: &Block) -> Stretch {
        Stretch { id: block.id, first: block.first, len: block.len, is_here: self.records(block).is_some() }
    }

    fn block_of(&self, number: usize) -> Option<usize> {
        let at = self.blocks.partition_point(|block| block.first <= number).checked_sub(1)?;
        (number < self.blocks[at].first + self.blocks[at].len).then_some(at)
    }

    fn records<'a>(&'a self, block: &'a Block) -> Option<&'a Records> {
        match &block.content {
            Content::Here { records, .. } => Some(records),
            Content::Away(_) => self.at_hand.iter().find(|(id, _)| *id == block.id).map(|(_, records)| records),
        }
    }

    /// The index of a source, which is added where it is new.
    pub fn source_index(&mut self, source: &LogSource) -> u32 {
        if let Some(index) = self.indexes.get(source) {
            return *index;
        }
        let index = self.sources.len() as u32;
        self.indexes.insert(source.clone(), index);
        self.sources.push(ReadSource {
            source: source.clone(),
            state: SourceState::Opening,
            from: None,
            up_to: None,
            lines: 0,
            bytes: 0,
            has_start: false,
            no_older: None,
            is_one_time: true,
            places: None,
            begin: None,
        });
        index
    }

    /// Takes in what a stream told.
    pub fn apply(&mut self, source: &LogSource, change: LogChange) -> Vec<Shift> {
        let index = self.source_index(source);
        let read = &mut self.sources[index as usize];
        match change {
            LogChange::Lines(batch) => {
                read.state = SourceState::Open;
                self.append(index, &batch)
            }
            LogChange::Older { batch, is_start } => {
                (read.has_start, read.no_older) = (is_start, None);
                self.prepend(index, &batch)
            }
            LogChange::NoOlder(why) => {
                read.no_older = Some(why);
                Vec::new()
            }
            LogChange::Gap { from, to } => self.mark_gap(index, from, to),
            LogChange::Ended => {
                read.state = SourceState::Ended;
                Vec::new()
            }
            LogChange::Failed(why) => {
                read.state = SourceState::Failed(why);
                Vec::new()
            }
        }
    }
}

/// How many lines from the first on have a place for which this holds.
fn place_in(records: &Records, is_before: impl Fn(Time) -> bool) -> usize {
    let (mut low, mut high) = (0, records.len());
    while low < high {
        let middle = (low + high) / 2;
        if records.line(middle).is_some_and(|line| is_before(line.place)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests;
