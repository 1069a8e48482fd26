//! A stretch of a merged log in compact form: its lines one behind the other in one piece of memory, which can be written
//! away whole and read back.

use super::line::LineClass;
use crate::model::clock::Time;

/// Bytes that a block holds; a longer line has one of its own. Large enough that what is kept for each block weighs
/// nothing, small enough that a line put into the middle of one moves little.
pub(super) const BLOCK: usize = 64 << 10;

/// What stands for a line whose own time is another than its place in the merged order.
const MOVED: u8 = 0b1000_0000;

/// One line as it is read from a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// The time that the kubelet wrote before it; lines without one take the time of the line before.
    pub time: Time,
    /// Its place among lines of other sources: its time, or that of the line of its source before it where that is
    /// later.
    pub(super) place: Time,
    /// The index of its source.
    pub source: u32,
    /// What it is.
    pub class: LineClass,
    /// The bytes as they came, without their line break. They need not be text and may hold what a terminal obeys: they
    /// pass [`crate::model::styled_line`] before they are drawn.
    pub text: &'a [u8],
}

/// The lines of a block. Each is a record of class, source, place and text, which ends where `ends` says; numbers take as
/// few bytes as they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Records {
    /// What places are counted from.
    base: Time,
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Records {
    /// Empty, for a line at `base` and what comes near it.
    pub(super) fn new(base: Time) -> Self {
        Self { base, bytes: Vec::new(), ends: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Memory that it holds, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// The line needs a block of its own, or this one is full.
    pub(super) fn is_full_for(&self, line: &LogLine<'_>) -> bool {
        !self.ends.is_empty() && self.bytes.len() + line.text.len() > BLOCK
    }

    /// Puts a line behind the others.
    pub(super) fn push(&mut self, line: &LogLine<'_>) {
        encode(&mut self.bytes, self.base, line);
        self.ends.push(self.bytes.len() as u32);
    }

    /// Puts a line before the one that has this number.
    pub(super) fn insert(&mut self, at: usize, line: &LogLine<'_>) {
        let mut record = Vec::with_capacity(line.text.len() + 32);
        encode(&mut record, self.base, line);
        let start = self.start(at);
        self.bytes.splice(start..start, record.iter().copied());
        self.ends.iter_mut().skip(at).for_each(|end| *end += record.len() as u32);
        self.ends.insert(at, (start + record.len()) as u32);
    }

    /// Takes the lines from this number on into a block of their own.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let start = self.start(at);
        let ends = self.ends.split_off(at).into_iter().map(|end| end - start as u32).collect();
        let other = Self { base: self.base, bytes: self.bytes.split_off(start), ends };
        self.fit();
        other
    }

    /// Gives back the room behind the lines, once no more are to come.
    pub(super) fn fit(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// A line; None behind the last one.
    pub(super) fn line(&self, at: usize) -> Option<LogLine<'_>> {
        let record = self.bytes.get(self.start(at)..*self.ends.get(at)? as usize)?;
        decode(record, self.base)
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize)
    }

    /// As one piece of bytes, to be written away.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(12 + self.ends.len() * 4 + self.bytes.len());
        all.extend(self.base.nanos().to_le_bytes());
        all.extend((self.ends.len() as u32).to_le_bytes());
        self.ends.iter().for_each(|end| all.extend(end.to_le_bytes()));
        all.extend(&self.bytes);
        all
    }

    /// What [`Records::to_bytes`] made; None where it is something else.
    pub(super) fn from_bytes(all: &[u8]) -> Option<Self> {
        let (base, rest) = all.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (ends, bytes) = rest.split_at_checked((u32::from_le_bytes(*count) as usize).checked_mul(4)?)?;
        let ends: Vec<u32> = ends.as_chunks().0.iter().map(|end| u32::from_le_bytes(*end)).collect();
        let is_whole = ends.is_sorted() && ends.last().is_none_or(|end| *end as usize == bytes.len());
        is_whole.then(|| Self { base: Time::from_nanos(i64::from_le_bytes(*base)), bytes: bytes.to_vec(), ends })
    }
}

fn encode(bytes: &mut Vec<u8>, base: Time, line: &LogLine<'_>) {
    let moved = line.place.nanos().wrapping_sub(line.time.nanos());
    bytes.push(line.class.byte() | if moved == 0 { 0 } else { MOVED });
    push_number(bytes, line.source.into());
    push_number(bytes, zigzag(line.place.nanos().wrapping_sub(base.nanos())));
    if moved != 0 {
        push_number(bytes, zigzag(moved));
    }
    bytes.extend_from_slice(line.text);
}

fn decode(record: &[u8], base: Time) -> Option<LogLine<'_>> {
    let (&class, mut rest) = record.split_first()?;
    let source = take_number(&mut rest)? as u32;
    let place = base.nanos().wrapping_add(unzigzag(take_number(&mut rest)?));
    let moved = if class & MOVED == 0 { 0 } else { unzigzag(take_number(&mut rest)?) };
    Some(LogLine {
        time: Time::from_nanos(place.wrapping_sub(moved)),
        place: Time::from_nanos(place),
        source,
        class: LineClass::from_byte(class & !MOVED),
        text: rest,
    })
}

/// Seven bits a byte, the lowest first; the high bit says that more follow (LEB128).
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Small numbers of both signs become small numbers without one.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::log::LogLevel;

    fn line(time: i64, place: i64, text: &[u8]) -> LogLine<'_> {
        let (time, place) = (Time::from_nanos(time), Time::from_nanos(place));
        LogLine { time, place, source: 300, class: LineClass::of(Some(LogLevel::Warn)), text }
    }

    #[test]
    fn lines_come_back_as_they_went_in_and_through_bytes() {
        let lines = [
            line(5, 5, b"one"),
            line(-7, 9, b""),
            line(i64::MAX, i64::MAX, b"\xff\n\0"),
            line(i64::MIN + 1, i64::MAX, b"x"),
        ];
        let mut records = Records::new(Time::from_nanos(5));
        lines.iter().for_each(|line| records.push(line));
        let read = Records::from_bytes(&records.to_bytes()).unwrap();
        for (at, wanted) in lines.iter().enumerate() {
            assert_eq!(records.line(at), Some(*wanted));
            assert_eq!(read.line(at), Some(*wanted));
        }
        assert_eq!(records.line(4), None);
    }

    #[test]
    fn lines_are_put_between_and_split_off() {
        let mut records = Records::new(Time::from_nanos(0));
        records.push(&line(1, 1, b"a"));
        records.push(&line(4, 4, b"dd"));
        records.insert(1, &line(2, 2, b"bbb"));
        records.insert(0, &line(0, 0, b""));
        let texts = |records: &Records| {
            (0..records.len()).map(|at| records.line(at).unwrap().text.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(texts(&records), [&b""[..], b"a", b"bbb", b"dd"]);
        let behind = records.split_off(2);
        assert_eq!(
            (texts(&records), texts(&behind)),
            (vec![b"".to_vec(), b"a".to_vec()], vec![b"bbb".to_vec(), b"dd".to_vec()])
        );
    }

    #[test]
    fn bytes_that_are_no_block_are_none() {
        let mut records = Records::new(Time::from_nanos(0));
        records.push(&line(1, 1, b"abc"));
        let bytes = records.to_bytes();
        for end in 0..bytes.len() {
            assert_eq!(Records::from_bytes(&bytes[..end]), None, "{end}");
        }
    }
}
