//! From the kubelet's bytes to lines with their times.

use crate::model::clock::Time;

/// A line of ten megabytes is kept whole; what is longer goes on in a line of its own, since a process that writes without
/// line breaks must not fill the memory. Bytes, with the time in front.
pub(super) const LONGEST_LINE: usize = 10 << 20;

/// Room that is kept for the start of a line whose rest has not come yet.
const ROOM: usize = 64 << 10;

/// A line as the server sent it, without its line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The time in front; None where there is none.
    pub(super) time: Option<Time>,
    /// What stands behind the time, byte for byte.
    pub(super) text: &'a [u8],
}

/// Cuts pieces of an answer, in their order, into lines.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// The start of a line whose end has not come.
    begun: Vec<u8>,
    /// What `begun` holds was given out as a line.
    is_given: bool,
    /// The line goes on that was cut because it was too long; its time.
    cut: Option<Option<Time>>,
}

impl Splitter {
    /// The next whole line of a piece, whose front is taken away as far as it was read; None where the piece is used up.
    pub(super) fn next<'a, 'p: 'a>(&'a mut self, piece: &mut &'p [u8]) -> Option<Line<'a>> {
        if std::mem::take(&mut self.is_given) {
            self.begun.clear();
            self.begun.shrink_to(ROOM);
        }
        let room = LONGEST_LINE - self.begun.len();
        let window = &piece[..piece.len().min(room)];
        let end = memchr::memchr(b'\n', window);
        let taken = end.map_or(window.len(), |end| end + 1);
        let (front, rest) = piece.split_at(taken);
        *piece = rest;
        if end.is_none() && taken < room {
            self.begun.extend_from_slice(front);
            return None;
        }
        let front = if self.begun.is_empty() {
            front
        } else {
            self.begun.extend_from_slice(front);
            self.is_given = true;
            &self.begun
        };
        let line = timed(front.strip_suffix(b"\n").unwrap_or(front), self.cut.take());
        self.cut = end.is_none().then_some(line.time);
        Some(line)
    }

    /// The line in which the answer ended, before its line break.
    pub(super) fn unfinished(&self) -> Option<Line<'_>> {
        let is_there = !self.is_given && !self.begun.is_empty();
        is_there.then(|| timed(&self.begun, self.cut))
    }
}

/// A line with its time; the rest of one that was too long has that of its start.
fn timed(bytes: &[u8], cut: Option<Option<Time>>) -> Line<'_> {
    if let Some(time) = cut {
        return Line { time, text: bytes };
    }
    if let Some(time) = bytes.first_chunk().and_then(kubelet_time) {
        return Line { time: Some(time), text: &bytes[KUBELET_TIME..] };
    }
    let blank = memchr::memchr(b' ', &bytes[..bytes.len().min(LONGEST_TIME)]);
    let timed = blank.and_then(|blank| {
        let time = std::str::from_utf8(&bytes[..blank]).ok().and_then(Time::parse)?;
        Some(Line { time: Some(time), text: &bytes[blank + 1..] })
    });
    timed.unwrap_or(Line { time: None, text: bytes })
}

/// Bytes of a time and the blank behind it, as the kubelet of a node in UTC writes them: always nine digits.
const KUBELET_TIME: usize = "2026-11-21T03:00:00.000000000Z ".len();

/// Bytes in which the blank behind any other time is searched.
const LONGEST_TIME: usize = 64;

/// Reads the kubelet's form of a time in nanoseconds: [`Time::parse`] understands it too, but takes ten times as long,
/// which a log of many short lines feels. None where it is in any other form.
fn kubelet_time(bytes: &[u8; KUBELET_TIME]) -> Option<Time> {
    let signs = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (29, b'Z'), (30, b' ')];
    if signs.iter().any(|(at, sign)| bytes[*at] != *sign) {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to]
            .iter()
            .try_fold(0_i64, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let nanos = number(20, 29)?;
    // Days that not every month has, leap seconds and years that do not fit are for the thorough reader.
    if !(1971..2262).contains(&year) || !(1..=12).contains(&month) || !(1..=28).contains(&day) {
        let day_is_sure = (1971..2262).contains(&year) && (1..=12).contains(&month) && (29..=30).contains(&day);
        if !(day_is_sure && month != 2) {
            return None;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since the epoch of the proleptic Gregorian calendar, with years that begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(Time::from_nanos(seconds * 1_000_000_000 + nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Option<Time> {
        kubelet_time(format!("{text} ").as_bytes().first_chunk()?)
    }

    #[test]
    fn kubelets_times_are_read_as_all_times_are() {
        for year in [1971, 1999, 2000, 2026, 2028, 2100, 2261] {
            for (month, day) in (1..=12).flat_map(|month| (1..=30).map(move |day| (month, day))) {
                let text = format!("{year}-{month:02}-{day:02}T23:59:07.000000019Z");
                let is_sure = day <= 28 || month != 2;
                assert_eq!(time(&text), Time::parse(&text).filter(|_| is_sure), "{text}");
            }
        }
        for text in ["2026-11-21T00:00:00.000000000Z", "2026-11-21T03:04:05.123456789Z"] {
            assert_eq!((time(text), time(text).is_some()), (Time::parse(text), true), "{text}");
        }
    }

    #[test]
    fn what_is_not_the_kubelets_form_is_left_to_the_thorough_reader() {
        for text in [
            "2026-02-29T00:00:00.000000000Z",
            "2026-13-01T00:00:00.000000000Z",
            "2026-11-00T00:00:00.000000000Z",
            "2026-11-21T24:00:00.000000000Z",
            "2026-11-21T00:60:00.000000000Z",
            "2026-11-21T00:00:60.000000000Z",
            "2026-11-21T00:00:00.00000000xZ",
            "2026-11-21 00:00:00.000000000Z",
            "1600-11-21T00:00:00.000000000Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
        let line = timed(b"2026-11-21T04:00:00.5+01:00 x y", None);
        assert_eq!(line, Line { time: Time::parse("2026-11-21T03:00:00.5Z"), text: b"x y" });
    }

    #[test]
    fn lines_are_the_same_however_the_answer_is_cut() {
        let log =
            b"2026-11-21T03:00:00.000000001Z one\n\n2026-11-21T03:00:00Z \nno time\n2026-11-21T03:00:01Z a\xff\0b\r";
        let whole = all(&[log]);
        assert_eq!(whole.len(), 5);
        assert_eq!(whole[4], (Time::parse("2026-11-21T03:00:01Z"), b"a\xff\0b\r".to_vec()));
        for at in 0..=log.len() {
            let (front, back) = log.split_at(at);
            assert_eq!(all(&[front, back]), whole, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = log.chunks(1).collect();
        assert_eq!(all(&bytes), whole);
    }

    /// The lines of an answer that comes in these pieces, the unfinished one too.
    fn all(pieces: &[&[u8]]) -> Vec<(Option<Time>, Vec<u8>)> {
        let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
        for mut piece in pieces.iter().copied() {
            while let Some(line) = splitter.next(&mut piece) {
                lines.push((line.time, line.text.to_vec()));
            }
        }
        lines.extend(splitter.unfinished().map(|line| (line.time, line.text.to_vec())));
        lines
    }
}
