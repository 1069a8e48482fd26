//! Describing: a schedule in short plain English that is never wrong, if need be field by field.

use super::Calendar;

pub(super) const MONTHS: &str = "January February March April May June July August September October November December";
pub(super) const WEEKDAYS: &str = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";
pub(super) const EVERY_HOUR: u32 = (1 << 24) - 1;
pub(super) const EVERY_DAY: u32 = u32::MAX - 1;
pub(super) const EVERY_WEEKDAY: u8 = (1 << 7) - 1;
pub(super) const EVERY_MONTH: u16 = 0x1ffe;

/// At most this many times or days with a common distance are listed one by one.
const LISTED: u32 = 4;

/// The words for a schedule. Each phrase states a set of minutes or days completely, so that the text can be read back
/// into the same bit sets; the tests do exactly that.
impl Calendar {
    pub(super) fn describe(&self) -> String {
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

pub(super) fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A duration as Go writes it, without zero parts: `1h30m`.
pub(super) fn go_duration(seconds: i64) -> String {
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    parts.iter().filter(|(amount, _)| *amount > 0).map(|(amount, unit)| format!("{amount}{unit}")).collect()
}
