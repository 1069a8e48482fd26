//! Tests of the store: order, places, marks, what is written away.

use std::collections::HashMap;

use super::*;
use crate::model::key::Uid;
use crate::model::log::block::BLOCK;
use crate::model::log::{LineClass, LogBatch};

fn source(name: &str) -> LogSource {
    let pod = Uid::new(name);
    LogSource { pod, namespace: "n".into(), pod_name: name.into(), container: "c".into(), restarts: 0 }
}

fn batch(lines: &[(i64, &str)]) -> LogBatch {
    lines.iter().map(|(at, text)| (Time::from_seconds(*at), LineClass::default(), text.as_bytes())).collect()
}

fn lines(at: &[i64]) -> LogChange {
    let texts: Vec<String> = at.iter().map(ToString::to_string).collect();
    LogChange::Lines(batch(&at.iter().copied().zip(texts.iter().map(String::as_str)).collect::<Vec<_>>()))
}

fn older(at: &[i64]) -> LogChange {
    let LogChange::Lines(batch) = lines(at) else { unreachable!() };
    LogChange::Older { batch, is_start: false }
}

fn text(store: &LogStore, number: usize) -> String {
    String::from_utf8(store.line(number).unwrap().text.to_vec()).unwrap()
}

fn texts(store: &LogStore) -> Vec<String> {
    (0..store.len()).map(|number| text(store, number)).collect()
}

#[test]
fn lines_of_several_sources_are_ordered_by_time() {
    let mut store = LogStore::default();
    assert_eq!(store.apply(&source("a"), lines(&[1, 4, 6])), []);
    let shifts = store.apply(&source("b"), lines(&[2, 3, 5, 7]));
    assert_eq!(texts(&store), ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(shifts, [Shift { at: 1, by: 2 }, Shift { at: 4, by: 1 }]);
}

#[test]
fn order_within_a_source_never_changes_and_times_stay_what_they_were() {
    let mut store = LogStore::default();
    store.apply(&source("a"), lines(&[5, 3, 4]));
    store.apply(&source("b"), lines(&[4]));
    assert_eq!(texts(&store), ["4", "5", "3", "4"]);
    assert_eq!(store.line(2).unwrap().time, Time::from_seconds(3));
}

#[test]
fn older_lines_come_before_the_known_ones_of_their_source() {
    let mut store = LogStore::default();
    store.apply(&source("a"), lines(&[10, 10, 12]));
    store.apply(&source("b"), lines(&[5, 11]));
    store.apply(&source("a"), older(&[4, 9, 10, 10]));
    assert_eq!(texts(&store), ["4", "5", "9", "10", "10", "10", "10", "11", "12"]);
    let read = store.read(&source("a")).unwrap();
    assert_eq!((read.from, read.lines), (Some(ReadUpTo { time: Time::from_seconds(4), repeated: 1 }), 7));
    store.apply(&source("a"), LogChange::Older { batch: LogBatch::default(), is_start: true });
    assert!(store.read(&source("a")).unwrap().has_start);
}

#[test]
fn what_was_read_is_told_by_time_and_by_how_often_it_stands_there() {
    let mut store = LogStore::default();
    store.apply(&source("a"), lines(&[3, 3]));
    store.apply(&source("a"), lines(&[3, 5]));
    store.apply(&source("a"), lines(&[5, 5]));
    let read = store.read(&source("a")).unwrap();
    let at = |seconds, repeated| Some(ReadUpTo { time: Time::from_seconds(seconds), repeated });
    assert_eq!((read.from, read.up_to), (at(3, 3), at(5, 3)));
    store.apply(&source("a"), older(&[3]));
    assert_eq!(store.read(&source("a")).unwrap().from, at(3, 4));
}

#[test]
fn marks_stand_where_a_run_begins_and_behind_all_that_it_wrote() {
    let mut store = LogStore::default();
    store.apply(&source("a"), lines(&[10, 11]));
    store.apply(&source("b"), lines(&[9, 13]));
    store.mark_begin(&source("a"), Time::from_seconds(10), &[], "began");
    store.mark_begin(&source("a"), Time::from_seconds(10), &[], "began");
    store.mark_behind(&source("a"), Time::from_seconds(11), None, "ended");
    store.apply(&source("a"), older(&[9, 10]));
    assert_eq!(texts(&store), ["9", "began", "9", "10", "10", "11", "ended", "13"]);
    assert_eq!(store.read(&source("a")).unwrap().lines, 4, "marks are no lines of the source");
}

/// A container that is started again within the second of its end: both are told as that second.
#[test]
fn run_begins_behind_the_end_of_the_run_before() {
    let (before, after) = (source("a"), LogSource { restarts: 1, ..source("a") });
    let second = Time::from_seconds(10);
    let nanos = |nanos: i64, text: &str| {
        let mut batch = LogBatch::default();
        batch.push(Time::from_nanos(10_000_000_000 + nanos), LineClass::default(), text.as_bytes());
        LogChange::Lines(batch)
    };
    let end = |store: &mut LogStore| {
        store.apply(&before, LogChange::Ended);
        store.mark_behind(&before, second, None, "ended");
    };
    let begin = |store: &mut LogStore| store.mark_begin(&after, second, &[&before], "began");
    let mut store = LogStore::default();
    store.apply(&before, nanos(500, "first"));
    begin(&mut store);
    assert_eq!(texts(&store), ["first"], "what comes before it is not all here");
    end(&mut store);
    begin(&mut store);
    assert_eq!(texts(&store), ["first", "ended", "began"]);
    store.apply(&after, nanos(900, "second"));
    assert_eq!(texts(&store), ["first", "ended", "began", "second"]);
    // The lines of the later run come first.
    let mut store = LogStore::default();
    store.apply(&after, nanos(900, "second"));
    begin(&mut store);
    store.apply(&before, nanos(500, "first"));
    end(&mut store);
    assert_eq!(texts(&store), ["first", "ended", "began", "second"]);
}

#[test]
fn gap_is_a_line_between_those_that_are_known() {
    let mut store = LogStore::default();
    store.apply(&source("a"), lines(&[10]));
    store.apply(&source("a"), LogChange::Gap { from: Time::from_seconds(10), to: Time::from_seconds(19) });
    store.apply(&source("a"), lines(&[19]));
    assert!(store.line(1).unwrap().class.is_mark());
    assert!(text(&store, 1).contains("between 00:00:10.000 and 00:00:19.000"), "{}", text(&store, 1));
}

#[test]
fn a_failed_source_keeps_its_lines() {
    let mut store = LogStore::default();
    store.apply(&source("a"), lines(&[1]));
    store.apply(&source("a"), LogChange::Failed("cut".into()));
    assert_eq!((store.len(), &store.sources()[0].state), (1, &SourceState::Failed("cut".into())));
}

#[test]
fn oldest_block_goes_and_its_lines_are_counted() {
    let mut store = LogStore::default();
    let long = "x".repeat(BLOCK / 2);
    let many: Vec<(i64, &str)> = (0..6).map(|at| (at, long.as_str())).collect();
    store.apply(&source("a"), LogChange::Lines(batch(&many)));
    let before = store.len();
    let (dropped, freed) = store.drop_oldest(1);
    assert_eq!(freed, []);
    assert!(dropped > 0 && store.len() == before - dropped);
    assert_eq!(store.dropped(), Some((dropped, Time::from_seconds(dropped as i64 - 1))));
    assert_eq!(store.line(0).unwrap().time, Time::from_seconds(dropped as i64));
}

/// A short row of numbers that looks random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Blocks that were written away.
#[derive(Default)]
struct Disk(Vec<u8>);

impl Disk {
    fn write(&mut self, store: &mut LogStore) {
        if let Some((id, bytes)) = store.oldest_to_write() {
            let stored = Stored { at: self.0.len() as u64, len: bytes.len() };
            self.0.extend(bytes);
            store.written(id, stored);
        }
    }

    fn fetch(&self, store: &mut LogStore, lines: std::ops::Range<usize>) {
        for (id, stored) in store.wanted(lines) {
            let at = stored.at as usize;
            store.fetched(id, &self.0[at..at + stored.len]);
        }
    }
}

/// Several sources, batches of any size, live and older, blocks that are written away meanwhile: nothing is lost, nothing
/// changes its order, and the shifts lead to where each line is.
#[test]
fn whatever_comes_in_whatever_order_nothing_is_lost() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut store = LogStore::default();
        let mut disk = Disk::default();
        let pad = "x".repeat([0, 50, 2_000, 40_000][seed as usize % 4]);
        // Of each source, the numbers of its first and last line so far, and the time of both.
        let mut ends: HashMap<u64, (i64, i64, i64, i64)> = HashMap::new();
        let mut anchors: Vec<(usize, String)> = Vec::new();
        for _ in 0..80 {
            let which = dice.roll(4);
            let most = [3, 30, 200][dice.roll(3) as usize];
            let count = 1 + dice.roll(most) as i64;
            let (first, last, begin, end) = ends.entry(which).or_insert((0, -1, 500, 500));
            let is_older = dice.roll(3) == 0 && *last >= 0;
            let mut numbered = Vec::new();
            if is_older {
                for _ in 0..count {
                    *first -= 1;
                    *begin -= dice.roll(3) as i64;
                    numbered.push((*begin, *first));
                }
                numbered.reverse();
            } else {
                for _ in 0..count {
                    *last += 1;
                    *end += dice.roll(3) as i64;
                    // Now and then a clock goes back.
                    let back = if dice.roll(20) == 0 { 5 } else { 0 };
                    numbered.push((*end - back, *last));
                }
            }
            let texts: Vec<(i64, String)> =
                numbered.iter().map(|(time, number)| (*time, format!("{which} {number} {pad}"))).collect();
            let batch = batch(&texts.iter().map(|(time, text)| (*time, text.as_str())).collect::<Vec<_>>());
            let change = if is_older { LogChange::Older { batch, is_start: false } } else { LogChange::Lines(batch) };
            let shifts = store.apply(&source(&which.to_string()), change);
            for (number, _) in &mut anchors {
                shifts.iter().for_each(|shift| shift.apply(number));
            }
            if dice.roll(2) == 0 {
                disk.write(&mut store);
            }
            let number = dice.roll(store.len() as u64) as usize;
            disk.fetch(&mut store, number..number + 1);
            anchors.push((number, text(&store, number)));
        }
        for (number, wanted) in anchors {
            disk.fetch(&mut store, number..number + 1);
            assert_eq!(text(&store, number), wanted, "seed {seed}: line {number}");
        }
        let mut next: HashMap<u64, i64> = ends.iter().map(|(which, ends)| (*which, ends.0)).collect();
        let mut place = Time::from_nanos(i64::MIN);
        for number in 0..store.len() {
            disk.fetch(&mut store, number..number + 1);
            let words = text(&store, number);
            let mut words = words.split(' ').map(|word| word.parse::<i64>().unwrap_or(0));
            let (which, found) = (words.next().unwrap() as u64, words.next().unwrap());
            let wanted = next.get_mut(&which).unwrap();
            assert_eq!(found, *wanted, "seed {seed}: source {which} at line {number}");
            *wanted += 1;
            let line = store.line(number).unwrap();
            assert!(line.place >= place, "seed {seed}: line {number} is out of order");
            place = line.place;
        }
        assert!(next.iter().all(|(which, next)| *next == ends[which].1 + 1), "seed {seed}: lines are missing");
        let blocks: Vec<Stretch> = store.stretches().collect();
        assert!(blocks.windows(2).all(|two| two[0].first + two[0].len == two[1].first), "seed {seed}");
    }
}

#[test]
fn lines_of_one_stretch_are_those_of_its_numbers() {
    let mut store = LogStore::default();
    store.apply(&source("a"), lines(&(0..50_000).collect::<Vec<_>>()));
    assert!(store.stretches().len() > 3);
    for stretch in store.stretches() {
        assert!(
            store
                .lines_of(stretch, 0)
                .eq((stretch.first..stretch.first + stretch.len).map(|at| store.line(at).unwrap()))
        );
    }
    assert_eq!(store.first_since(Time::from_seconds(40_000)), 40_000);
    assert_eq!(store.first_since(Time::from_seconds(90_000)), 50_000);
    assert_eq!(store.line(50_000), None);
}
