//! The lines of a subject's logs, merged by time, in compact blocks of which the older ones may be kept elsewhere.
//!
//! Lines of one source never change their order. Among sources they are ordered by time: a line that comes late is put
//! where it belongs, and who reads is told how far the lines behind it moved ([`Shift`]). Nothing is ever taken out but
//! by [`LogStore::drop_oldest`].

use std::collections::HashMap;

use super::block::{BLOCK, LogLine, Records};
use super::line::{LineClass, LogBatch, LogLevel};
use super::source::{LogChange, LogSource, ReadUpTo, SourceState};
use crate::model::clock::Time;

/// Lines in a row that are worth a block of their own where they are put between others.
const RUN: usize = 64;

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

/// Where lines are put.
#[derive(Debug, Clone, Copy)]
struct Spot {
    /// The number that the first of them gets.
    number: usize,
    /// The place that it gets.
    place: Time,
    /// Up to which place those that follow may stand together with it; None for all.
    next: Option<Time>,
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

    /// Lines behind those that are known of the source.
    fn append(&mut self, source: u32, batch: &LogBatch) -> Vec<Shift> {
        let read = &mut self.sources[source as usize];
        let mut last = read.places.map(|(_, last)| last).or(read.begin);
        let mut lines = Vec::with_capacity(batch.len());
        for (time, class, text) in batch.iter() {
            let place = last.map_or(time, |last| last.max(time));
            last = Some(place);
            lines.push(LogLine { time, place, source, class, text });
            read.lines += 1;
            read.bytes += text.len() as u64;
            let first = read.from.get_or_insert(ReadUpTo { time, repeated: 0 });
            read.is_one_time &= first.time == time;
            first.repeated += u32::from(read.is_one_time);
            let before = read.up_to.filter(|up_to| up_to.time == time).map_or(0, |up_to| up_to.repeated);
            read.up_to = Some(ReadUpTo { time, repeated: before + 1 });
        }
        let shifts = self.insert(&mut lines, None);
        if let (Some(first), Some(last)) = (lines.first(), lines.last()) {
            let read = &mut self.sources[source as usize];
            read.places = Some((read.places.map_or(first.place, |(first, _)| first), last.place));
        }
        shifts
    }

    /// Lines before those that are known of the source.
    fn prepend(&mut self, source: u32, batch: &LogBatch) -> Vec<Shift> {
        let read = &mut self.sources[source as usize];
        let Some((known_first, known_last)) = read.places else { return self.append(source, batch) };
        let mut last = read.begin;
        let mut lines: Vec<_> = batch
            .iter()
            .map(|(time, class, text)| {
                let place = last.map_or(time, |last| last.max(time)).min(known_first);
                last = Some(place);
                LogLine { time, place, source, class, text }
            })
            .collect();
        let Some(first) = lines.first() else { return Vec::new() };
        let repeated = lines.iter().take_while(|line| line.time == first.time).count() as u32;
        let known = read.from.filter(|from| from.time == first.time).map_or(0, |from| from.repeated);
        read.is_one_time &= repeated as usize == lines.len() && known > 0;
        read.from = Some(ReadUpTo { time: first.time, repeated: repeated + known });
        read.lines += lines.len() as u64;
        read.bytes += batch.bytes() as u64;
        let own_first = self.first_of(source, known_first);
        let shifts = self.insert(&mut lines, Some(own_first));
        if let Some(first) = lines.first() {
            self.sources[source as usize].places = Some((first.place, known_last));
        }
        shifts
    }

    /// The number of the first line of a source, which has this place.
    fn first_of(&self, source: u32, place: Time) -> usize {
        let mut number = self.first_since(place);
        while self.line(number).is_some_and(|line| line.source != source || line.class.is_mark()) {
            number += 1;
        }
        number
    }

    /// Says in a line of its own where a run begins, before all its lines. Not twice.
    pub fn mark_begin(&mut self, source: &LogSource, time: Time, text: &str) -> Vec<Shift> {
        let index = self.source_index(source);
        let read = &mut self.sources[index as usize];
        if read.begin.is_some() {
            return Vec::new();
        }
        let place = read.places.map_or(time, |(first, _)| first.min(time));
        let own_first = read.places.map(|(first, _)| self.first_of(index, first));
        let mut mark = [mark(index, time, place, None, text)];
        let shifts = self.insert(&mut mark, own_first);
        self.sources[index as usize].begin = Some(mark[0].place);
        shifts
    }

    /// Says something in a line of its own behind all lines of the source that were read. A level says how bad it is.
    pub fn mark_behind(&mut self, source: &LogSource, time: Time, level: Option<LogLevel>, text: &str) -> Vec<Shift> {
        let index = self.source_index(source);
        self.mark(index, time, level, text)
    }

    fn mark(&mut self, source: u32, time: Time, level: Option<LogLevel>, text: &str) -> Vec<Shift> {
        let read = &mut self.sources[source as usize];
        let place = read.places.map(|(_, last)| last).or(read.begin).map_or(time, |last| last.max(time));
        let first = read.places.map(|(first, _)| first);
        let mut mark = [mark(source, time, place, level, text)];
        let shifts = self.insert(&mut mark, None);
        let place = mark[0].place;
        self.sources[source as usize].places = Some((first.unwrap_or(place), place));
        shifts
    }

    fn mark_gap(&mut self, source: u32, from: Time, to: Time) -> Vec<Shift> {
        let clock = |time: Time| time.to_timestamp().strftime("%H:%M:%S%.3f").to_string();
        let text =
            format!("lines between {} and {} UTC may be missing: the server has them no more", clock(from), clock(to));
        self.mark(source, from, Some(LogLevel::Warn), &text)
    }

    /// Puts lines of one source, in the order of their places, where they belong; none behind the line `limit`. The
    /// places become those that they got.
    fn insert(&mut self, lines: &mut [LogLine<'_>], mut limit: Option<usize>) -> Vec<Shift> {
        self.has_traces |= lines.iter().any(|line| line.class.continues());
        let mut shifts = Vec::new();
        let mut rest = lines;
        let mut last = None;
        while let Some(first) = rest.first_mut() {
            first.place = last.map_or(first.place, |last| first.place.max(last));
            let Spot { number, place, next } = self.spot(first.place, limit);
            if number == self.len() {
                for line in rest {
                    line.place = line.place.max(place);
                    self.push(line);
                }
                break;
            }
            first.place = place;
            // Those that come before the next line of another source stay together.
            let run = rest.iter().take_while(|line| next.is_none_or(|next| line.place < next)).count().max(1);
            let (together, others) = rest.split_at_mut(run);
            together.iter_mut().for_each(|line| line.place = line.place.max(place));
            self.put(number, together);
            last = together.last().map(|line| line.place);
            shifts.push(Shift { at: number, by: run });
            limit = limit.map(|limit| limit + run);
            rest = others;
        }
        shifts
    }

    /// Where a line with this place goes, not behind the line `limit`. What was written away is not changed: a line that
    /// belongs into it goes before it where it is older than all known of its source, and behind it otherwise.
    fn spot(&self, place: Time, limit: Option<usize>) -> Spot {
        let nearest = self.blocks.partition_point(|block| block.span.0 <= place);
        let inside = nearest.checked_sub(1).map(|before| &self.blocks[before]).filter(|block| block.span.1 > place);
        let (number, place) = match inside {
            None => (self.blocks.get(nearest).map_or(self.len(), |block| block.first), place),
            Some(Block { content: Content::Here { records, .. }, first, .. }) => {
                (first + place_in(records, |other| other <= place), place)
            }
            Some(block) if limit.is_some() => (block.first, place.min(block.span.0)),
            Some(block) => (block.first + block.len, place.max(block.span.1)),
        };
        match limit.filter(|limit| *limit <= number) {
            None => Spot { number, place, next: self.line(number).map_or(Some(place), |line| Some(line.place)) },
            Some(limit) => match self.block_of(limit).map(|at| &self.blocks[at]) {
                Some(Block { content: Content::Away(_), first, span, .. }) => {
                    Spot { number: *first, place: place.min(span.0), next: Some(place) }
                }
                _ => Spot { number: limit, place, next: None },
            },
        }
    }

    /// Puts a line behind all others.
    fn push(&mut self, line: &LogLine<'_>) {
        let is_open = self.blocks.last().is_some_and(|block| match &block.content {
            Content::Here { records, is_leaving } => !is_leaving && !records.is_full_for(line),
            Content::Away(_) => false,
        });
        if !is_open {
            if let Some(Block { content: Content::Here { records, .. }, .. }) = self.blocks.last_mut() {
                records.fit();
            }
            let block = self.new_block(Records::new(line.place), self.len());
            self.blocks.push(block);
        }
        let Some(block) = self.blocks.last_mut() else { return };
        if let Content::Here { records, .. } = &mut block.content {
            records.push(line);
        }
        block.span = if block.len == 0 { (line.place, line.place) } else { (block.span.0, line.place) };
        block.len += 1;
        block.has_traces |= line.class.continues();
    }

    /// Puts lines that stand together before the line with this number.
    fn put(&mut self, at: usize, lines: &[LogLine<'_>]) {
        let Some(block) = self.block_of(at) else { return };
        let inside = at - self.blocks[block].first;
        if let Content::Here { records, is_leaving: false } = &mut self.blocks[block].content
            && lines.len() < RUN
        {
            (inside..).zip(lines).for_each(|(at, line)| records.insert(at, line));
            self.next += 1;
            self.blocks[block].id = BlockId(self.next);
            self.measure(block);
            self.split_if_large(block);
        } else {
            let behind = self.split(block, inside);
            let mut made: Vec<Block> = Vec::new();
            for line in lines {
                let is_full = made.last().is_none_or(|block| match &block.content {
                    Content::Here { records, .. } => records.is_full_for(line),
                    Content::Away(_) => true,
                });
                if is_full {
                    made.push(self.new_block(Records::new(line.place), 0));
                }
                if let Some(Block { content: Content::Here { records, .. }, .. }) = made.last_mut() {
                    records.push(line);
                }
            }
            let count = made.len();
            self.blocks.splice(behind..behind, made);
            for block in behind..behind + count {
                if let Content::Here { records, .. } = &mut self.blocks[block].content {
                    records.fit();
                }
                self.measure(block);
            }
        }
        self.number_from(block);
    }

    /// Splits a block before its line `inside`; the index of the block that begins there.
    fn split(&mut self, block: usize, inside: usize) -> usize {
        if inside == 0 {
            return block;
        }
        let Content::Here { records, is_leaving } = &mut self.blocks[block].content else { return block + 1 };
        // Whatever is written away now is no longer this block.
        *is_leaving = false;
        let behind = records.split_off(inside);
        self.next += 1;
        self.blocks[block].id = BlockId(self.next);
        let made = self.new_block(behind, 0);
        self.blocks.insert(block + 1, made);
        self.measure(block);
        self.measure(block + 1);
        block + 1
    }

    fn split_if_large(&mut self, block: usize) {
        let half = self.blocks[block].len / 2;
        if let Content::Here { records, .. } = &self.blocks[block].content
            && records.memory() > 2 * BLOCK
            && half > 0
        {
            self.split(block, half);
        }
    }

    fn new_block(&mut self, records: Records, first: usize) -> Block {
        self.next += 1;
        let at = Time::from_seconds(0);
        let content = Content::Here { records, is_leaving: false };
        Block { id: BlockId(self.next), first, len: 0, span: (at, at), has_traces: false, content }
    }

    /// Brings what is known of a block up to date after its lines changed.
    fn measure(&mut self, at: usize) {
        let block = &mut self.blocks[at];
        let Content::Here { records, .. } = &block.content else { return };
        block.len = records.len();
        let place = |at: usize| records.line(at).map(|line| line.place);
        if let (Some(first), Some(last)) = (place(0), place(records.len().saturating_sub(1))) {
            block.span = (first, last);
        }
        block.has_traces = (0..records.len()).any(|at| records.line(at).is_some_and(|line| line.class.continues()));
    }

    /// Numbers the lines anew from this block on.
    fn number_from(&mut self, block: usize) {
        let mut first = block.checked_sub(1).map_or(0, |before| self.blocks[before].first + self.blocks[before].len);
        for block in &mut self.blocks[block..] {
            block.first = first;
            first += block.len;
        }
    }

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

    /// A block was written away. One that changed meanwhile stays.
    pub fn written(&mut self, id: BlockId, stored: Stored) {
        if let Some(block) = self.blocks.iter_mut().find(|block| block.id == id) {
            block.content = Content::Away(stored);
        }
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

    /// Drops the oldest block for want of room, and says how many lines that were: all others move up by so many.
    pub fn drop_oldest(&mut self) -> usize {
        if self.blocks.len() < 2 {
            return 0;
        }
        let block = self.blocks.remove(0);
        let before = self.dropped.map_or(0, |(lines, _)| lines);
        self.dropped = Some((before + block.len, block.span.1));
        self.number_from(0);
        block.len
    }
}

fn mark(source: u32, time: Time, place: Time, level: Option<LogLevel>, text: &str) -> LogLine<'_> {
    LogLine { time, place, source, class: LineClass::mark(level), text: text.as_bytes() }
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
