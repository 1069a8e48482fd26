//! Reading: the five fields, descriptors, `@every` durations and time zones, as robfig/cron v3 reads them.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::describe::{EVERY_DAY, EVERY_WEEKDAY, MONTHS, WEEKDAYS};
use super::{Calendar, Field, Plan, ScheduleError};

impl Field {
    /// Its name, what it allows in words, lowest and highest value, and the names of its values from the lowest on.
    pub(super) fn facts(self) -> (&'static str, &'static str, i64, i64, &'static str) {
        match self {
            Field::Minute => ("minute", "0-59", 0, 59, ""),
            Field::Hour => ("hour", "0-23", 0, 23, ""),
            Field::DayOfMonth => ("day of month", "1-31", 1, 31, ""),
            Field::Month => ("month", "1-12 or JAN-DEC", 1, 12, MONTHS),
            Field::DayOfWeek => ("day of week", "0-6 (0 is Sunday) or SUN-SAT", 0, 6, WEEKDAYS),
        }
    }

    pub(super) fn allowed(self) -> &'static str {
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
pub(super) fn parse_fields(text: &str) -> Result<Calendar, ScheduleError> {
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
pub(super) fn parse_descriptor(text: &str) -> Result<Plan, ScheduleError> {
    if let Some(duration) = text.strip_prefix("@every ") {
        let nanoseconds = parse_go_duration(duration);
        let nanoseconds = nanoseconds.ok_or_else(|| ScheduleError::Duration { text: duration.to_owned() })?;
        return Ok(Plan::Every((nanoseconds / NANOS_PER_SECOND).max(1)));
    }
    let Some(fields) = five_fields(text) else {
        let hint = match text.to_ascii_lowercase().trim_end() {
            "@reboot" => "; a CronJob cannot run at start-up, use a Job",
            "@every" => "; @every needs a duration, as in @every 90m",
            _ if text.contains(|c: char| c.is_ascii_uppercase()) => "; lower case only",
            _ => "",
        };
        return Err(ScheduleError::Descriptor { text: text.to_owned(), hint });
    };
    parse_fields(fields).map(Plan::Calendar)
}

/// The five fields that `@daily` and its kind stand for; None for any other word.
pub fn five_fields(descriptor: &str) -> Option<&'static str> {
    Some(match descriptor {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return None,
    })
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
pub(super) fn find_zone(name: &str) -> Result<TimeZone, ScheduleError> {
    let zone = TimeZone::get(name).or_else(|_| TimeZoneDatabase::bundled().get(name)).ok();
    let hint = match zone {
        Some(zone) if zone.iana_name() == Some(name) => return Ok(zone),
        Some(zone) => zone.iana_name().map(|right| format!("; did you mean {right}?")).unwrap_or_default(),
        None => String::new(),
    };
    Err(ScheduleError::Zone { name: name.to_owned(), hint })
}

/// Unix time in whole seconds, rounded down (towards the past) as Go's clock fields are.
pub(super) fn floor_seconds(time: Timestamp) -> i64 {
    time.as_second() - i64::from(time.subsec_nanosecond() < 0)
}
