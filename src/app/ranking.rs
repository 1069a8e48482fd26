//! The order of a list, kept up to date object by object: what is wrong first, the newest first within each level.

use std::cmp::Reverse;
use std::collections::HashMap;

use compact_str::CompactString;

use crate::model::clock::Time;
use crate::model::key::Uid;
use crate::model::state::Level;

/// From so many changed objects on the order is sorted anew: cheaper than moving its tail for each.
const MANY: usize = 64;

/// What decides an object's place. The name orders what was made in the same second; the UID makes it total.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) level: Level,
    pub(super) newest: Reverse<Option<Time>>,
    pub(super) name: CompactString,
    pub(super) uid: Uid,
}

/// The part of a rank that is remembered for each object, to find its place again.
type Place = (Level, Reverse<Option<Time>>);

/// All objects of a kind in order.
#[derive(Debug, Default)]
pub(super) struct Ranking {
    order: Vec<Rank>,
    places: HashMap<Uid, Place>,
    problems: usize,
}

impl Ranking {
    /// Takes the new ranks of objects that changed; None for those that are gone. Returns those that are new or of
    /// another level now; none of many at once, which are a list and no news.
    pub(super) fn update(&mut self, changes: impl ExactSizeIterator<Item = (Uid, Option<Rank>)>) -> Vec<Uid> {
        if changes.len() < MANY {
            return changes.filter_map(|(uid, rank)| self.set(uid, rank).then_some(uid)).collect();
        }
        let mut changed: HashMap<Uid, Option<Rank>> = changes.collect();
        let known = changed.keys().filter(|uid| self.places.remove(uid).is_some()).count();
        // The first list is all new.
        if known > 0 {
            self.order.retain(|rank| !changed.contains_key(&rank.uid));
        }
        for rank in changed.drain().filter_map(|(_, rank)| rank) {
            self.places.insert(rank.uid, (rank.level, rank.newest));
            self.order.push(rank);
        }
        // The stable sort makes use of what is in order already.
        self.order.sort();
        self.problems = self.order.partition_point(|rank| rank.level <= Level::Warning);
        Vec::new()
    }

    /// The objects in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Rank> {
        self.order.iter()
    }

    /// Those that are broken.
    pub(super) fn broken(&self) -> impl Iterator<Item = Uid> {
        self.order.iter().take_while(|rank| rank.level == Level::Broken).map(|rank| rank.uid)
    }

    /// How many are broken or warn.
    pub(super) fn problems(&self) -> usize {
        self.problems
    }

    /// True where the object is new or of another level.
    fn set(&mut self, uid: Uid, rank: Option<Rank>) -> bool {
        let place = rank.as_ref().map(|rank| (rank.level, rank.newest));
        let before = self.places.get(&uid).copied();
        let is_news = place.is_some_and(|(level, _)| before.is_none_or(|(before, _)| before != level));
        if let Some(old) = before {
            if place == before {
                return false;
            }
            let first = self.order.partition_point(|rank| (rank.level, rank.newest) < old);
            if let Some(at) = self.order.iter().skip(first).position(|rank| rank.uid == uid) {
                self.order.remove(first + at);
                self.problems -= usize::from(old.0 <= Level::Warning);
            }
            self.places.remove(&uid);
        }
        if let (Some(rank), Some(place)) = (rank, place) {
            let at = self.order.partition_point(|other| *other < rank);
            self.problems += usize::from(rank.level <= Level::Warning);
            self.order.insert(at, rank);
            self.places.insert(uid, place);
        }
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(uid: &str, level: Level, seconds: i64) -> Rank {
        let newest = Reverse(Some(Time::from_seconds(seconds)));
        Rank { level, newest, name: uid.into(), uid: Uid::new(uid) }
    }

    /// Many random updates, one by one and in bulk, against sorting everything each time.
    #[test]
    fn order_is_that_of_sorting_everything() {
        let levels = [Level::Broken, Level::Warning, Level::Running, Level::Done];
        let mut seed: u64 = 7;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let mut ranking = Ranking::default();
        let mut expected: HashMap<Uid, Rank> = HashMap::new();
        for _ in 0..400 {
            let size = if random(10) == 0 { 100 } else { 1 + random(3) };
            let changes: Vec<(Uid, Option<Rank>)> = (0..size)
                .map(|_| {
                    let name = random(150).to_string();
                    let level = levels[random(4) as usize];
                    let kept = random(4) > 0;
                    (Uid::new(&name), kept.then(|| rank(&name, level, random(5) as i64)))
                })
                .collect();
            for (uid, rank) in &changes {
                match rank {
                    Some(rank) => drop(expected.insert(*uid, rank.clone())),
                    None => drop(expected.remove(uid)),
                }
            }
            ranking.update(changes.into_iter());
            let mut sorted: Vec<Rank> = expected.values().cloned().collect();
            sorted.sort();
            assert_eq!(ranking.order, sorted);
            assert_eq!(ranking.problems(), sorted.iter().filter(|rank| rank.level <= Level::Warning).count());
        }
    }
}
