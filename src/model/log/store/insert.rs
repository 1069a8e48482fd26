//! Putting lines in their places.

use super::{Block, BlockId, Content, LogStore, Shift, place_in};
use crate::model::clock::Time;
use crate::model::log::block::{BLOCK, LogLine, Records};
use crate::model::log::line::{LineClass, LogBatch, LogLevel};
use crate::model::log::source::{LogSource, ReadUpTo};

/// Lines in a row that are worth a block of their own where they are put between others.
const RUN: usize = 64;

/// Where lines are put.
#[derive(Debug, Clone, Copy)]
struct Spot {
    /// The number that the first of them gets.
    number: usize,
    /// The place that it gets.
    place: Time,
    /// Up to which place those that follow may stand together with it; None for all.
    next: Option<Time>,
    /// The largest place that those that stand together get.
    most: Time,
}

impl LogStore {
    /// Lines behind those that are known of the source.
    pub(super) fn append(&mut self, source: u32, batch: &LogBatch) -> Vec<Shift> {
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
    pub(super) fn prepend(&mut self, source: u32, batch: &LogBatch) -> Vec<Shift> {
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

    /// Says in a line of its own where a run begins, before all its lines and behind what the runs before it wrote. Not
    /// twice, and not before it is known where that is.
    ///
    /// Starts are told in whole seconds (`startedAt`): within that second the lines themselves say what came first.
    pub fn mark_begin(&mut self, source: &LogSource, time: Time, before: &[&LogSource], text: &str) -> Vec<Shift> {
        let index = self.source_index(source);
        let read = &self.sources[index as usize];
        let first = read.places.map(|(first, _)| first);
        let is_read = |source: &&LogSource| self.read(source).is_some_and(|read| read.state.is_over());
        if read.begin.is_some() || (first.is_none() && !before.iter().all(is_read)) {
            return Vec::new();
        }
        let last = before.iter().filter_map(|source| self.read(source)?.places).map(|(_, last)| last).max();
        let behind = last.map_or(time, |last| last.max(time));
        let place = first.map_or(behind, |first| if first < time.plus_seconds(1) { first } else { first.min(behind) });
        let own_first = first.map(|first| self.first_of(index, first));
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

    pub(super) fn mark_gap(&mut self, source: u32, from: Time, to: Time) -> Vec<Shift> {
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
            let Spot { number, place, next, most } = self.spot(first.place, limit);
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
            together.iter_mut().for_each(|line| line.place = line.place.clamp(place, most.max(place)));
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
        let free = Time::from_nanos(i64::MAX);
        let (number, place, most, next) = match inside {
            None => {
                let next = self.blocks.get(nearest);
                (next.map_or(self.len(), |block| block.first), place, free, next.map(|block| block.span.0))
            }
            Some(Block { content: Content::Here { records, .. }, first, .. }) => {
                let at = place_in(records, |other| other <= place);
                (first + at, place, free, records.line(at).map(|line| line.place))
            }
            Some(block) if limit.is_some() => (block.first, place.min(block.span.0), block.span.0, Some(block.span.1)),
            Some(block) => {
                let behind = block.first + block.len;
                let next = self.blocks.get(nearest).map(|block| block.span.0);
                (behind, place.max(block.span.1), free, next)
            }
        };
        match limit.filter(|limit| *limit <= number) {
            None => Spot { number, place, next, most },
            Some(limit) => match self.block_of(limit).map(|at| &self.blocks[at]) {
                Some(Block { content: Content::Away(_), first, span, .. }) => {
                    Spot { number: *first, place: place.min(span.0), next: None, most: span.0 }
                }
                _ => Spot { number: limit, place, next: None, most: free },
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
    pub(super) fn number_from(&mut self, block: usize) {
        let mut first = block.checked_sub(1).map_or(0, |before| self.blocks[before].first + self.blocks[before].len);
        for block in &mut self.blocks[block..] {
            block.first = first;
            first += block.len;
        }
    }
}

fn mark(source: u32, time: Time, place: Time, level: Option<LogLevel>, text: &str) -> LogLine<'_> {
    LogLine { time, place, source, class: LineClass::mark(level), text: text.as_bytes() }
}
