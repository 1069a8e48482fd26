//! Owns the cron grammar of `spec.schedule` and `spec.timeZone` and the times it gives, exactly as the CronJob
//! controller has them (robfig/cron v3, "standard" parser, plus the controller's own choice of the run to start),
//! daylight-saving faults included: the question on screen is when the controller *will* fire, not when it should.
//! Must not ask the system for the time: callers pass it. `parse` reads
//! expressions, `describe` puts them into words, `outlook` tells what one comes to; here are the walk from one time to the next and the controller's choice.

mod describe;
mod outlook;
mod parse;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use describe::{go_duration, plural};
pub use outlook::Outlook;
pub use parse::five_fields;
use parse::{find_zone, floor_seconds, parse_descriptor, parse_fields};

/// A schedule looks this many calendar years ahead and then counts as never firing (robfig/cron, `SpecSchedule.Next`).
const YEARS_AHEAD: i16 = 5;

/// Moves allowed in one search for a next time. Five years of days and hours need a few thousand; the library itself
/// never returns where a zone drops a whole day (Pacific/Apia, 30 December 2011), and there this bound says "never".
const MOVES_LIMIT: u32 = 20_000;

/// So many missed runs are walked one by one, as the controller does, before the search turns to halving: far more than
/// any usual schedule needs, well under a millisecond.
const WALKED_RUNS: usize = 1_000;

/// More missed runs than this make the controller emit `TooManyMissedTimes` (it still starts the latest one).
const MANY_MISSED: u64 = 100;

/// When a CronJob fires: the parsed `spec.schedule` with the zone in which it is read. Equality looks through
/// spelling: `@daily` equals `0 0 * * *`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    plan: Plan,
    zone: TimeZone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Calendar(Calendar),
    /// `@every`: whole seconds from one planned time to the next, at least 1; not aligned to the clock.
    Every(i64),
}

/// Bit n set means value n is allowed. A day fits if its day of the month OR its weekday is in the set; of a restricted
/// field and an open one (a star) the open one is stored empty, and both are full when every day fits. That is the
/// library's rule (AND if either has a star, else OR) without a flag to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Calendar {
    minutes: u64,
    hours: u32,
    days: u32,
    months: u16,
    weekdays: u8,
}

/// One of the five columns of a schedule, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Minute of the hour, 0 to 59.
    Minute,
    /// Hour of the day, 0 to 23.
    Hour,
    /// Day of the month, 1 to 31.
    DayOfMonth,
    /// Month, 1 to 12 or a three-letter name.
    Month,
    /// Day of the week, 0 (Sunday) to 6 or a three-letter name.
    DayOfWeek,
}

/// Why a schedule is refused. Every message names the place, the text and what is allowed, and hints at the usual
/// trap. The API server refuses the same schedules, except that it also refuses `TZ=` in a new object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// No text, or only blanks.
    #[error("the schedule is empty; five fields are needed: minute hour day-of-month month day-of-week")]
    Empty,
    /// Not five fields.
    #[error(
        "the schedule has {found} field{}, five are needed: minute hour day-of-month month day-of-week{hint}",
        plural(*found)
    )]
    FieldCount {
        /// How many fields were found.
        found: u32,
        /// What the writer may have had in mind, or empty.
        hint: &'static str,
    },
    /// Neither a number nor a known name.
    #[error("{field} \"{text}\": cannot be read; allowed: {}{hint}", field.allowed())]
    NotAValue {
        /// The field it stands in.
        field: Field,
        /// The list item as written.
        text: String,
        /// What the writer may have had in mind, or empty.
        hint: &'static str,
    },
    /// A number outside the field's range.
    #[error("{field} \"{text}\": {value} is out of range; allowed: {}{hint}", field.allowed())]
    OutOfRange {
        /// The field it stands in.
        field: Field,
        /// The list item as written.
        text: String,
        /// The offending number.
        value: i64,
        /// What the writer may have had in mind, or empty.
        hint: &'static str,
    },
    /// A range from high to low; the library does not wrap.
    #[error("{field} \"{text}\": a range must rise, it cannot wrap around; allowed: {}; write {instead}", field.allowed())]
    Backwards {
        /// The field it stands in.
        field: Field,
        /// The list item as written.
        text: String,
        /// Two rising pieces that mean what the wrapped range meant.
        instead: String,
    },
    /// More than one `-` or `/` in one list item.
    #[error("{field} \"{text}\": one '-' and one '/' at most, as in 10-30/5; allowed: {}", field.allowed())]
    Malformed {
        /// The field it stands in.
        field: Field,
        /// The list item as written.
        text: String,
    },
    /// The part behind `/` is not a whole number of at least 1.
    #[error("{field} \"{text}\": the step behind '/' must be a whole number, at least 1, as in */5")]
    Step {
        /// The field it stands in.
        field: Field,
        /// The list item as written.
        text: String,
    },
    /// A word with `@` that the controller does not know.
    #[error(
        "\"{text}\" is not known; allowed: @yearly @annually @monthly @weekly @daily @midnight @hourly @every{hint}"
    )]
    Descriptor {
        /// The whole word as written.
        text: String,
        /// What the writer may have had in mind, or empty.
        hint: &'static str,
    },
    /// The duration behind `@every` is not one Go understands.
    #[error(
        "@every \"{text}\": not a duration; allowed: numbers with a unit (h m s ms us ns) such as 1h30m, 90s; no days"
    )]
    Duration {
        /// The text behind `@every `.
        text: String,
    },
    /// The zone is empty, unknown, or spelled in other letter case than the time-zone database has it.
    #[error("time zone \"{name}\" is not known; an IANA name such as Europe/Berlin or Etc/UTC is needed{hint}")]
    Zone {
        /// The name as written.
        name: String,
        /// What the writer may have had in mind, or empty.
        hint: String,
    },
}

/// What the controller finds when it looks back from now to the last planned time (`mostRecentScheduleTime`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    /// No plan between base and now: nothing to start.
    Nothing,
    /// `run` is the latest plan not after now and the only one it starts; all earlier ones are dropped.
    Start {
        /// The planned time of the run to start.
        run: Timestamp,
        /// The controller's estimate of the plans since base, `run` included: elapsed time over the distance of the
        /// first two. Exact for even schedules, rough for others.
        estimate: u64,
    },
    /// Plans were missed, but the controller's shortcut for uneven schedules lands behind the last of them: it starts
    /// nothing until the next plan.
    Overlooked {
        /// The estimate, as above.
        estimate: u64,
    },
    /// There are no two plans within reach: the controller reports `InvalidSchedule` and starts nothing.
    Invalid,
}

impl Missed {
    /// The run the controller would start now, before it looks at deadline, `lastScheduleTime` and concurrency.
    pub fn run(self) -> Option<Timestamp> {
        match self {
            Missed::Start { run, .. } => Some(run),
            _ => None,
        }
    }

    /// Whether the controller also emits `TooManyMissedTimes`: more than 100 estimated and one of them started.
    pub fn is_too_many(self) -> bool {
        matches!(self, Missed::Start { estimate, .. } if estimate > MANY_MISSED)
    }
}

impl Schedule {
    /// Reads `spec.schedule` and `spec.timeZone`. Without a zone UTC is assumed: the controller uses the zone of its
    /// own process, which is UTC in nearly every cluster but cannot be read through the API. Like the controller,
    /// lets a `TZ=` or `CRON_TZ=` prefix of an old object win over the field, and still wants the field to be valid.
    ///
    /// # Errors
    /// What the API server refuses in either field, the `TZ=` prefix of a new object excepted.
    pub fn parse(expression: &str, time_zone: Option<&str>) -> Result<Schedule, ScheduleError> {
        let mut zone = match time_zone {
            Some(name) if name.is_empty() || name.eq_ignore_ascii_case("local") => {
                let hint = "; leave the field out for the controller's own zone".to_owned();
                return Err(ScheduleError::Zone { name: name.to_owned(), hint });
            }
            Some(name) => find_zone(name)?,
            None => TimeZone::UTC,
        };
        let mut text = expression;
        if let Some(rest) = expression.strip_prefix("TZ=").or_else(|| expression.strip_prefix("CRON_TZ=")) {
            let Some((name, fields)) = rest.split_once(' ') else {
                return Err(ScheduleError::FieldCount { found: 0, hint: "; only a time zone was found" });
            };
            zone = if matches!(name, "" | "Local") { TimeZone::UTC } else { find_zone(name)? };
            text = fields.trim();
        }
        let plan = if text.starts_with('@') { parse_descriptor(text)? } else { Plan::Calendar(parse_fields(text)?) };
        Ok(Schedule { plan, zone })
    }

    /// The zone in which the schedule is read; UTC where none was given.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first planned time after `after`, or None if there is none within five years. For `@every` it counts from
    /// `after`, so pass the last planned time (or use [`Schedule::next_run`]).
    ///
    /// Daylight saving, as in the controller: a time inside the spring gap is skipped that day, one inside the autumn
    /// overlap fires twice; where clocks change at midnight or by half an hour a whole day may be left out.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let after = floor_seconds(after);
        let next = match self.plan {
            Plan::Every(seconds) => after.checked_add(seconds)?,
            Plan::Calendar(calendar) => calendar.next(&self.zone, after)?,
        };
        Timestamp::from_second(next).ok()
    }

    /// The first `n` planned times after `after`, fewer if the schedule ends before.
    pub fn upcoming(&self, after: Timestamp, n: usize) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next_after(after), |&last| self.next_after(last)).take(n)
    }

    /// Whether nothing is planned within five years of `from`. The API accepts such a schedule, the controller then
    /// reports `InvalidSchedule`.
    pub fn is_never(&self, from: Timestamp) -> bool {
        self.next_after(from).is_none()
    }

    /// The run the controller would start at `now`, given `base` from [`base_time`]. Follows `mostRecentScheduleTime`
    /// of Kubernetes 1.36, its shortcut included: it estimates how many plans were missed from the distance of the
    /// first two, jumps there and walks on, so the cost does not grow with the age of `base`. For an uneven schedule
    /// the jump can land behind the last plan, see [`Missed::Overlooked`].
    pub fn most_recent_missed(&self, base: Timestamp, now: Timestamp) -> Missed {
        let Some(first) = self.next_after(base) else { return Missed::Invalid };
        if now < first {
            return Missed::Nothing;
        }
        let Some(second) = self.next_after(first) else { return Missed::Invalid };
        if now < second {
            return Missed::Start { run: first, estimate: 1 };
        }
        let distance = second.as_second() - first.as_second();
        if distance < 1 {
            return Missed::Invalid;
        }
        let elapsed = now.duration_since(first).as_secs_f64() as i64; // through a float, as Go has it
        let count = elapsed / distance + 1;
        let estimate = count.unsigned_abs();
        let near = first.checked_add(SignedDuration::from_secs((count - 2) * distance)).unwrap_or(first);
        self.last_between(near, now).map_or(Missed::Overlooked { estimate }, |run| Missed::Start { run, estimate })
    }

    /// The last planned time after `start` and not after `end`. Walks as the controller does, and halves the rest of
    /// the way where that would take long (minutes of half a year, seen from behind its end).
    fn last_between(&self, start: Timestamp, end: Timestamp) -> Option<Timestamp> {
        let due = self.upcoming(start, WALKED_RUNS).take_while(|&run| run <= end);
        let (count, mut run) = due.fold((0, None), |(count, _), run| (count + 1, Some(run)));
        let mut beyond = end.as_second() + 1;
        while count == WALKED_RUNS
            && let Some(from) = run.map(Timestamp::as_second)
            && from + 1 < beyond
        {
            let middle = from + (beyond - from) / 2;
            match Timestamp::from_second(middle).ok().and_then(|middle| self.next_after(middle)) {
                Some(later) if later <= end => run = Some(later),
                _ => beyond = middle,
            }
        }
        run
    }

    /// The next planned time strictly after `now` as the controller will find it, given `base` from [`base_time`]
    /// without a deadline (`nextScheduleTimeDuration`). Equal to `next_after(now)` but for `@every`, which keeps the
    /// rhythm it had since `base`.
    pub fn next_run(&self, base: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match self.most_recent_missed(base, now) {
            Missed::Nothing => self.next_after(base),
            Missed::Start { run, .. } => self.next_after(run),
            Missed::Overlooked { .. } | Missed::Invalid => self.next_after(now),
        }
    }

    /// The seconds of `@every`, which are no times of the clock; None of any other schedule.
    pub fn every(&self) -> Option<i64> {
        match self.plan {
            Plan::Every(seconds) => Some(seconds),
            Plan::Calendar(_) => None,
        }
    }

    /// Whether runs are planned in this hour of the day; of `@every`, which is not aligned to the clock, none are.
    pub fn has_hour(&self, hour: u32) -> bool {
        matches!(self.plan, Plan::Calendar(calendar) if calendar.hours >> hour & 1 == 1)
    }

    /// Whether runs are planned in this minute of the hour; of `@every` none are.
    pub fn has_minute(&self, minute: u32) -> bool {
        matches!(self.plan, Plan::Calendar(calendar) if calendar.minutes >> minute & 1 == 1)
    }

    /// The schedule in short plain English without its zone, such as "at 09:30 on Monday to Friday". Clock times are
    /// those of [`Schedule::zone`]; ranges include both ends.
    pub fn describe(&self) -> String {
        match self.plan {
            Plan::Every(seconds) => format!("every {}, from the last planned run", go_duration(seconds)),
            Plan::Calendar(calendar) => calendar.describe(),
        }
    }
}

/// Where the controller starts to look for missed runs: `status.lastScheduleTime`, else the creation time, but never
/// further back than `spec.startingDeadlineSeconds` before `now`.
pub fn base_time(
    created: Timestamp,
    last: Option<Timestamp>,
    deadline_seconds: Option<i64>,
    now: Timestamp,
) -> Timestamp {
    let base = last.unwrap_or(created);
    let earliest = deadline_seconds.and_then(|seconds| now.checked_sub(SignedDuration::from_secs(seconds)).ok());
    earliest.map_or(base, |earliest| base.max(earliest))
}

impl Calendar {
    /// The next planned Unix second after `after`. Moves field by field through absolute time like the library, and
    /// starts over (`'wrap`) only where the library does: exactly this order makes its daylight-saving behaviour.
    fn next(&self, zone: &TimeZone, after: i64) -> Option<i64> {
        if self.minutes == 0 || self.hours == 0 {
            return None; // the library tries every hour of five years to learn the same
        }
        let mut walk = Walk::start(zone, after.checked_add(1)?)?;
        let last_year = walk.local.year().checked_add(YEARS_AHEAD)?;
        'wrap: while walk.local.year() <= last_year {
            while self.months >> walk.local.month() & 1 == 0 {
                walk.align(|now| midnight(now.date().first_of_month()))?;
                walk.add_month()?;
                if walk.local.month() == 1 {
                    continue 'wrap;
                }
            }
            while !self.fits_day(walk.local.date()) {
                walk.align(|now| midnight(now.date()))?;
                walk.add_day()?;
                if walk.local.day() == 1 {
                    continue 'wrap;
                }
            }
            while self.hours >> walk.local.hour() & 1 == 0 {
                walk.align(|now| now.date().at(now.hour(), 0, 0, 0))?;
                walk.forward(3600)?;
                if walk.local.hour() == 0 {
                    continue 'wrap;
                }
            }
            while self.minutes >> walk.local.minute() & 1 == 0 {
                walk.seek_minute(self.minutes)?;
                if walk.local.minute() == 0 {
                    continue 'wrap;
                }
            }
            if walk.local.second() == 0 {
                return Some(walk.unix);
            }
            walk.aligned = true;
            walk.forward(60 - i64::from(walk.local.second()))?;
        }
        None
    }

    fn fits_day(&self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_zero_offset();
        self.days >> date.day() & 1 == 1 || self.weekdays >> weekday & 1 == 1
    }
}

fn midnight(date: Date) -> DateTime {
    date.to_datetime(jiff::civil::Time::midnight())
}

/// A point in time that moves like Go's `time.Time` in a zone. Every move answers None past the supported years and
/// when the moves are used up.
struct Walk<'a> {
    zone: &'a TimeZone,
    unix: i64,
    local: DateTime,
    /// Smaller units were already set to their start; later moves keep what they find.
    aligned: bool,
    moves_left: u32,
}

impl<'a> Walk<'a> {
    fn start(zone: &'a TimeZone, unix: i64) -> Option<Walk<'a>> {
        let local = zone.to_datetime(Timestamp::from_second(unix).ok()?);
        Some(Walk { zone, unix, local, aligned: false, moves_left: MOVES_LIMIT })
    }

    fn forward(&mut self, seconds: i64) -> Option<()> {
        self.moves_left = self.moves_left.checked_sub(1)?;
        self.unix = self.unix.checked_add(seconds)?;
        self.local = self.zone.to_datetime(Timestamp::from_second(self.unix).ok()?);
        Some(())
    }

    /// To a wall-clock time. For one that the clocks skip or repeat, picks what Go's `time.Date` picks: the offset in
    /// force at the instant guessed from the offset at the same figures in UTC.
    fn set_local(&mut self, wanted: DateTime) -> Option<()> {
        let as_utc = Offset::UTC.to_timestamp(wanted).ok()?;
        let guess = self.zone.to_offset(as_utc).to_timestamp(wanted).ok()?;
        let unix = self.zone.to_offset(guess).to_timestamp(wanted).ok()?.as_second();
        self.forward(unix - self.unix)
    }

    /// Before the first move: back to the start of the unit that is about to move.
    fn align(&mut self, start: impl Fn(DateTime) -> DateTime) -> Option<()> {
        if self.aligned {
            return Some(());
        }
        self.aligned = true;
        self.set_local(start(self.local))
    }

    /// Same day and time next month; days beyond its end run over into the month after it.
    fn add_month(&mut self) -> Option<()> {
        let date = self.local.date();
        let (year, month) = if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) };
        let days = SignedDuration::from_hours(24 * i64::from(date.day() - 1));
        let moved = Date::new(year, month, 1).ok()?.checked_add(days).ok()?;
        self.set_local(moved.to_datetime(self.local.time()))
    }

    /// Same time next day; where that is not midnight because clocks changed, on to the nearest one in absolute hours.
    fn add_day(&mut self) -> Option<()> {
        let tomorrow = self.local.date().tomorrow().ok()?;
        self.set_local(tomorrow.to_datetime(self.local.time()))?;
        match i64::from(self.local.hour()) {
            0 => Some(()),
            hour if hour > 12 => self.forward((24 - hour) * 3600),
            hour => self.forward(-hour * 3600),
        }
    }

    /// On to the next minute of the set or the next full hour, in one move where the offset stays the same.
    fn seek_minute(&mut self, minutes: u64) -> Option<()> {
        if !self.aligned {
            self.aligned = true;
            self.forward(-self.unix.rem_euclid(60))?;
        }
        let minute = u32::from(self.local.minute().unsigned_abs());
        let ahead = (minutes >> minute >> 1).trailing_zeros().min(59 - minute) + 1;
        let offset_at = |unix| Some(self.zone.to_offset(Timestamp::from_second(unix).ok()?));
        let target = self.unix + 60 * i64::from(ahead);
        let is_straight = offset_at(target)? == offset_at(self.unix)?;
        self.forward(if is_straight { target - self.unix } else { 60 })
    }
}

#[cfg(test)]
mod tests;
