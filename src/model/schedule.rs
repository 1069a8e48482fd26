//! Owns the cron grammar of `spec.schedule` and `spec.timeZone` and the times it gives, exactly as the CronJob
//! controller has them (robfig/cron v3, "standard" parser, plus the controller's own choice of the run to start),
//! daylight-saving faults included: the question on screen is when the controller *will* fire, not when it should.
//! Must not ask the system for the time: callers pass it. Called by summaries, triage, lint, planners, panes and the
//! demo cluster. Longer than most files: grammar, walk and words are all about the same five bit sets, and in that
//! order, so that the words can move to a file of their own.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

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

impl Field {
    /// Its name, what it allows in words, lowest and highest value, and the names of its values from the lowest on.
    fn facts(self) -> (&'static str, &'static str, i64, i64, &'static str) {
        match self {
            Field::Minute => ("minute", "0-59", 0, 59, ""),
            Field::Hour => ("hour", "0-23", 0, 23, ""),
            Field::DayOfMonth => ("day of month", "1-31", 1, 31, ""),
            Field::Month => ("month", "1-12 or JAN-DEC", 1, 12, MONTHS),
            Field::DayOfWeek => ("day of week", "0-6 (0 is Sunday) or SUN-SAT", 0, 6, WEEKDAYS),
        }
    }

    fn allowed(self) -> &'static str {
        self.facts().1
    }

    /// A number or a name. Numbers are read as Go reads them: a leading + and leading zeros are fine.
    fn value(self, text: &str, item: &str) -> Result<i64, ScheduleError> {
        let (_, _, min, max, names) = self.facts();
        if let Some(value) =
            (min..).zip(names.split_whitespace()).find(|(_, name)| name[..3].eq_ignore_ascii_case(text))
        {
            return Ok(value.0);
        }
        let Ok(value) = text.parse::<i64>() else {
            return Err(ScheduleError::NotAValue { field: self, text: item.to_owned(), hint: self.word_hint(text) });
        };
        if (min..=max).contains(&value) {
            return Ok(value);
        }
        let hint = match (self, value) {
            (Field::DayOfWeek, 7) => "; write Sunday as 0 or SUN",
            (Field::Hour, 24) => "; midnight is hour 0",
            (Field::Minute, 60) => "; the full hour is minute 0",
            (Field::DayOfMonth | Field::Month, 0) => "; counting starts at 1",
            _ => "",
        };
        Err(ScheduleError::OutOfRange { field: self, text: item.to_owned(), value, hint })
    }

    fn word_hint(self, text: &str) -> &'static str {
        let behind_digits = text.trim_start_matches(|c: char| c.is_ascii_digit()).to_ascii_uppercase();
        let stem = text.get(..3).unwrap_or_default();
        if text.contains('#') || matches!(behind_digits.as_str(), "L" | "W" | "LW") {
            "; Kubernetes has no L, W or #"
        } else if self.facts().4.split_whitespace().any(|name| name[..3].eq_ignore_ascii_case(stem)) {
            "; names have three letters, as JAN or MON"
        } else {
            ""
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().0)
    }
}

/// The five fields, each named in its error.
fn parse_fields(text: &str) -> Result<Calendar, ScheduleError> {
    let columns: Vec<&str> = text.split_whitespace().collect();
    let &[minute, hour, day, month, weekday] = columns.as_slice() else {
        let hint = match columns.as_slice() {
            [] => return Err(ScheduleError::Empty),
            [_] => "; a word such as @daily starts with @, with nothing before it",
            [_, _, _, _, _, _] => "; there is no seconds field",
            [_, _, _, _, _, _, ..] => "; there is no seconds and no year field",
            _ => "",
        };
        return Err(ScheduleError::FieldCount { found: columns.len() as u32, hint });
    };
    let (minutes, _) = parse_field(Field::Minute, minute)?;
    let (hours, _) = parse_field(Field::Hour, hour)?;
    let (days, any_day) = parse_field(Field::DayOfMonth, day)?;
    let (months, _) = parse_field(Field::Month, month)?;
    let (weekdays, any_weekday) = parse_field(Field::DayOfWeek, weekday)?;
    let days = if any_day { 0 } else { days as u32 };
    let weekdays = if any_weekday { 0 } else { weekdays as u8 };
    let every_day = any_day && any_weekday || days == EVERY_DAY || weekdays == EVERY_WEEKDAY;
    let (days, weekdays) = if every_day { (EVERY_DAY, EVERY_WEEKDAY) } else { (days, weekdays) };
    Ok(Calendar { minutes, hours: hours as u32, days, months: months as u16, weekdays })
}

/// A comma list; empty items count for nothing. Also says whether a star was left whole by its step.
fn parse_field(field: Field, text: &str) -> Result<(u64, bool), ScheduleError> {
    let items = text.split(',').filter(|item| !item.is_empty());
    items.map(|item| parse_item(field, item)).try_fold((0, false), |(set, star), item| {
        let (more, also_star) = item?;
        Ok((set | more, star || also_star))
    })
}

/// `low`, `low-high` or a star, each with an optional `/step`. `low/step` runs to the end of the field; a step above 1
/// takes the star's meaning away (`*/2` is restricted); what follows `*-` is ignored, as the library does.
fn parse_item(field: Field, item: &str) -> Result<(u64, bool), ScheduleError> {
    let text = || item.to_owned();
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    let (low, high) = range.split_once('-').map_or((range, None), |(low, high)| (low, Some(high)));
    let star = matches!(low, "*" | "?");
    if step.is_some_and(|step| step.contains('/')) || !star && high.is_some_and(|high| high.contains('-')) {
        return Err(ScheduleError::Malformed { field, text: text() });
    }
    let (_, _, min, max, _) = field.facts();
    let start = if star { min } else { field.value(low, item)? };
    let end = match high {
        _ if star => max,
        Some(high) => field.value(high, item)?,
        None if step.is_some() => max,
        None => start,
    };
    if start > end {
        let piece = |from, to| if from == to { format!("{from}") } else { format!("{from}-{to}") };
        let instead = format!("{},{}", piece(start, max), piece(min, end));
        return Err(ScheduleError::Backwards { field, text: text(), instead });
    }
    let step = match step.map(str::parse::<i64>) {
        None => 1,
        Some(Ok(step)) if step > 0 => usize::try_from(step).unwrap_or(usize::MAX),
        Some(_) => return Err(ScheduleError::Step { field, text: text() }),
    };
    let set = (start..=end).step_by(step).fold(0, |set, value| set | 1 << value);
    Ok((set, star && step == 1))
}

/// `@daily` and its kind, in lower case only, and `@every <Go duration>`.
fn parse_descriptor(text: &str) -> Result<Plan, ScheduleError> {
    if let Some(duration) = text.strip_prefix("@every ") {
        let nanoseconds = parse_go_duration(duration);
        let nanoseconds = nanoseconds.ok_or_else(|| ScheduleError::Duration { text: duration.to_owned() })?;
        return Ok(Plan::Every((nanoseconds / NANOS_PER_SECOND).max(1)));
    }
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let hint = match text.to_ascii_lowercase().trim_end() {
                "@reboot" => "; a CronJob cannot run at start-up, use a Job",
                "@every" => "; @every needs a duration, as in @every 90m",
                _ if text.contains(|c: char| c.is_ascii_uppercase()) => "; lower case only",
                _ => "",
            };
            return Err(ScheduleError::Descriptor { text: text.to_owned(), hint });
        }
    };
    parse_fields(fields).map(Plan::Calendar)
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Nanoseconds of a Go duration (`time.ParseDuration`): a sign, then numbers with an optional fraction and a unit each.
/// None for anything else and beyond 292 years. Fractions go through f64 as in Go, to round alike.
fn parse_go_duration(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    if unsigned == "0" {
        return Some(0);
    }
    if unsigned.is_empty() {
        return None;
    }
    let mut rest = unsigned;
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let unit: i64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => NANOS_PER_SECOND,
            "m" => 60 * NANOS_PER_SECOND,
            "h" => 3600 * NANOS_PER_SECOND,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let digits = &fraction[..fraction.len().min(18)];
        let scale = 10_f64.powi(digits.len() as i32);
        let part = digits.parse::<i64>().map_or(0, |value| (value as f64 * (unit as f64 / scale)) as i64);
        total = whole.checked_mul(unit)?.checked_add(part)?.checked_add(total)?;
        rest = after;
    }
    Some(sign * total)
}

/// A zone of the time-zone database, from the system or else the copy in the program (some systems ship no old names).
/// Letter case counts, because the controller's file lookup does.
fn find_zone(name: &str) -> Result<TimeZone, ScheduleError> {
    let zone = TimeZone::get(name).or_else(|_| TimeZoneDatabase::bundled().get(name)).ok();
    let hint = match zone {
        Some(zone) if zone.iana_name() == Some(name) => return Ok(zone),
        Some(zone) => zone.iana_name().map(|right| format!("; did you mean {right}?")).unwrap_or_default(),
        None => String::new(),
    };
    Err(ScheduleError::Zone { name: name.to_owned(), hint })
}

/// Unix time in whole seconds, rounded down (towards the past) as Go's clock fields are.
fn floor_seconds(time: Timestamp) -> i64 {
    time.as_second() - i64::from(time.subsec_nanosecond() < 0)
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

const MONTHS: &str = "January February March April May June July August September October November December";
const WEEKDAYS: &str = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";
const EVERY_HOUR: u32 = (1 << 24) - 1;
const EVERY_DAY: u32 = u32::MAX - 1;
const EVERY_WEEKDAY: u8 = (1 << 7) - 1;
const EVERY_MONTH: u16 = 0x1ffe;

/// At most this many times or days with a common distance are listed one by one.
const LISTED: u32 = 4;

/// The words for a schedule. Each phrase states a set of minutes or days completely, so that the text can be read back
/// into the same bit sets; the tests do exactly that.
impl Calendar {
    fn describe(&self) -> String {
        let months = self.months_with_a_day();
        if self.minutes == 0 || self.hours == 0 || months == 0 {
            return "never".to_owned();
        }
        let (time, is_round_the_clock) = self.describe_time();
        let in_months = if months == EVERY_MONTH { String::new() } else { month_words(months) };
        match (self.days == EVERY_DAY, self.days, self.weekdays) {
            (true, ..) if is_round_the_clock => time + &prefixed(" in ", in_months),
            (true, ..) => time + ", every day" + &prefixed(" in ", in_months),
            (_, 0, weekdays) => format!("{time} on {}", weekday_words(weekdays)) + &prefixed(" in ", in_months),
            (_, days, 0) if self.months != EVERY_MONTH => format!("{time} on {} of {in_months}", day_words(days)),
            (_, days, 0) if days.trailing_zeros() > 28 => {
                format!("{time} on {} of months that have it", day_words(days))
            }
            (_, days, 0) => format!("{time} on {} of each month", day_words(days)),
            (_, days, weekdays) => {
                format!("{time} on {} or on {}", day_words(days), weekday_words(weekdays))
                    + &prefixed(", in ", in_months)
            }
        }
    }

    /// The allowed months less those too short for any of the allowed days.
    fn months_with_a_day(&self) -> u16 {
        let has_day = |month: &u32| {
            let longest = match month {
                2 => 29,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            self.weekdays != 0 || self.days.trailing_zeros() <= longest
        };
        bits(self.months.into()).filter(has_day).fold(0, |set, month| set | 1 << month)
    }

    /// The times of a day, and whether they go round the clock so evenly that "every day" need not be added.
    fn describe_time(&self) -> (String, bool) {
        let (minutes, hours) = (self.minutes, u64::from(self.hours));
        let (first, open, close) = (minutes.trailing_zeros(), hours.trailing_zeros(), hours.ilog2());
        let beat = even_step(minutes, 60)
            .map(|step| if step == 1 { "every minute".to_owned() } else { format!("every {step} minutes") });
        let steady = beat.clone().map(|beat| if first == 0 { beat } else { format!("{beat} from :{first:02}") });
        let minute_list = || "at ".to_owned() + &listed(runs(minutes, |minute| format!(":{minute:02}")));
        if self.hours == EVERY_HOUR {
            let uneven = || match step_to_end(minutes, 60) {
                Some(step @ 2..) if minutes.count_ones() > LISTED => {
                    format!("every {step} minutes from :{first:02} of each hour")
                }
                _ => "every hour ".to_owned() + &minute_list(),
            };
            return (steady.unwrap_or_else(uneven), true);
        }
        let single = minutes.is_power_of_two();
        if let (true, Some(step @ 2..=8)) = (single, even_step(hours, 24)) {
            return (format!("every {step} hours from {}", clock(open, first)), true);
        }
        let words = if minutes.count_ones() * hours.count_ones() <= LISTED {
            let times = bits(hours).flat_map(|hour| bits(minutes).map(move |minute| clock(hour, minute)));
            format!("at {}", listed(times.collect()))
        } else if hours.count_ones() == close - open + 1 && (single || beat.is_some()) {
            let (start, end) = (clock(open, first), clock(close, minutes.ilog2()));
            format!("{} from {start} to {end}", beat.as_deref().unwrap_or("every hour"))
        } else {
            format!("{} in {}", steady.unwrap_or_else(minute_list), hour_words(hours))
        };
        (words, false)
    }
}

fn hour_words(hours: u64) -> String {
    match even_step(hours, 24) {
        Some(step) if hours.count_ones() > 2 => {
            format!("every {} hour from {:02}", ordinal(step), hours.trailing_zeros())
        }
        _ => format!("hour{} {}", plural(hours.count_ones()), listed(runs(hours, |hour| format!("{hour:02}")))),
    }
}

fn day_words(days: u32) -> String {
    match step_to_end(days.into(), 32) {
        Some(2) if days & 2 != 0 => "odd days".to_owned(),
        Some(2) if days & 4 != 0 => "even days".to_owned(),
        Some(step @ 2..) if days.count_ones() > LISTED => {
            format!("every {} day from the {}", ordinal(step), ordinal(days.trailing_zeros()))
        }
        _ => "the ".to_owned() + &listed(runs(days.into(), ordinal)),
    }
}

/// Monday first, so that a weekend stands together.
fn weekday_words(weekdays: u8) -> String {
    let monday_first = u64::from(weekdays) & 0x7e | (u64::from(weekdays) & 1) << 7;
    names(monday_first, |day| WEEKDAYS.split(' ').nth(day as usize % 7), 2)
}

fn month_words(months: u16) -> String {
    names(months.into(), |month| MONTHS.split(' ').nth(month as usize - 1), 1)
}

/// Names in full if they are few, else their first three letters.
fn names(set: u64, name: impl Fn(u32) -> Option<&'static str>, in_full: usize) -> String {
    let cut = |length: usize| {
        runs(set, |value| name(value).map_or(String::new(), |name| name.chars().take(length).collect()))
    };
    let full = cut(usize::MAX);
    listed(if full.len() <= in_full { full } else { cut(3) })
}

fn bits(set: u64) -> impl Iterator<Item = u32> + Clone {
    (0..64).filter(move |bit| set >> bit & 1 == 1)
}

/// Values in words, three or more in a row drawn together as "a to b".
fn runs(set: u64, word: impl Fn(u32) -> String) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = set;
    while rest != 0 {
        let start = rest.trailing_zeros();
        let length = (rest >> start).trailing_ones();
        match length {
            1 | 2 => words.extend((start..start + length).map(&word)),
            _ => words.push(format!("{} to {}", word(start), word(start + length - 1))),
        }
        rest &= !(((1 << length) - 1) << start);
    }
    words
}

/// "a, b and c".
fn listed(words: Vec<String>) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// The one distance between all values, if the next one would lie beyond the field (`end` is its maximum plus 1).
fn step_to_end(set: u64, end: u32) -> Option<u32> {
    let mut values = bits(set);
    let (first, second) = (values.next()?, values.next()?);
    let step = second - first;
    let same = (first..end).step_by(step as usize).fold(0, |all, value| all | 1 << value);
    (same == set).then_some(step)
}

/// As [`step_to_end`], and the distance holds from the last value round to the first one (`size` values in a turn).
fn even_step(set: u64, size: u32) -> Option<u32> {
    step_to_end(set, size).filter(|step| size.is_multiple_of(*step) && set.trailing_zeros() < *step)
}

fn clock(hour: u32, minute: u32) -> String {
    format!("{hour:02}:{minute:02}")
}

fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

fn prefixed(prefix: &str, text: String) -> String {
    if text.is_empty() { text } else { prefix.to_owned() + &text }
}

fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A duration as Go writes it, without zero parts: `1h30m`.
fn go_duration(seconds: i64) -> String {
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    parts.iter().filter(|(amount, _)| *amount > 0).map(|(amount, unit)| format!("{amount}{unit}")).collect()
}

#[cfg(test)]
mod tests;
