//! Time: one compact type for every moment, a trait for asking the time, and the words for ages.
//!
//! The only place in the crate that may ask the system's clock; everything else is handed a [`Time`] so that screens
//! and rules can be tested at a fixed moment.

use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, de};

/// A moment in UTC: nanoseconds since the Unix epoch. Covers the years 1678 to 2262.
///
/// Kept with the sign bit turned, which keeps the order and leaves 0 to the nanosecond before the first one, so that an
/// `Option<Time>`, of which every row has several, takes no more room than a time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(NonZeroU64);

/// The sign bit of 64 bits.
const SIGN: u64 = 1 << 63;

/// Nanoseconds in a second.
const NANOS: i64 = 1_000_000_000;

impl Time {
    /// The moment that lies this many nanoseconds after the Unix epoch; the very first one counts as the second.
    pub const fn from_nanos(nanos: i64) -> Self {
        match NonZeroU64::new(nanos.cast_unsigned() ^ SIGN) {
            Some(turned) => Self(turned),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// The moment that lies this many seconds after the Unix epoch; clamps what does not fit.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_nanos(seconds.saturating_mul(NANOS))
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn nanos(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.nanos().div_euclid(NANOS)
    }

    /// This moment moved by a number of seconds (negative: earlier).
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_nanos(self.nanos().saturating_add(seconds.saturating_mul(NANOS)))
    }

    /// Whole seconds from `earlier` to this moment; negative where `earlier` is later. Both are cut to seconds first,
    /// so that an age changes on the full second, together with all others.
    pub const fn seconds_since(self, earlier: Time) -> i64 {
        self.seconds() - earlier.seconds()
    }

    /// Reads RFC 3339, the form of every time in the Kubernetes API (`metav1.Time` and `MicroTime`), and the
    /// nanosecond times that the kubelet writes before log lines; clamps what does not fit. None where it is no time.
    pub fn parse(text: &str) -> Option<Self> {
        let timestamp = text.parse().ok().map(Self::from_timestamp);
        // The last day that RFC 3339 can write, a favourite for "never", lies just outside the library's timestamps.
        timestamp.or_else(|| {
            text.strip_suffix('Z')?.parse::<jiff::civil::DateTime>().ok().map(|_| Self::from_nanos(i64::MAX))
        })
    }

    /// The same moment as a timestamp of the time library, for calendars and time zones.
    pub fn to_timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(self.nanos().into()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// The moment of a timestamp of the time library; clamps what does not fit.
    pub fn from_timestamp(timestamp: jiff::Timestamp) -> Self {
        let limit = if timestamp < jiff::Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX };
        Self::from_nanos(i64::try_from(timestamp.as_nanosecond()).unwrap_or(limit))
    }
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Time({self})")
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_timestamp().fmt(f)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rfc3339;
        impl de::Visitor<'_> for Rfc3339 {
            type Value = Time;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a time such as 2026-11-21T03:00:00Z")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                Time::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Rfc3339)
    }
}

/// Tells the time. The program has one; tests and the embedded cluster have others.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system's clock")]
    fn now(&self) -> Time {
        Time::from_timestamp(jiff::Timestamp::now())
    }
}

/// A clock that shows the right time when it is made and runs faster from then on, to see in minutes what takes hours.
#[derive(Debug, Clone, Copy)]
pub struct FastClock<C> {
    clock: C,
    began: Time,
    speed: u32,
}

impl<C: Clock> FastClock<C> {
    /// A clock that runs `speed` times as fast as `clock`.
    pub fn new(clock: C, speed: u32) -> Self {
        let began = clock.now();
        Self { clock, began, speed }
    }
}

impl<C: Clock> Clock for FastClock<C> {
    fn now(&self) -> Time {
        let began = self.began.nanos();
        let passed = self.clock.now().nanos().saturating_sub(began);
        Time::from_nanos(began.saturating_add(passed.saturating_mul(self.speed.into())))
    }
}

/// An age or a duration in one unit, at most four columns wide for a century: `45s`, `9m`, `30h`, `12d`. Seconds up to
/// two minutes, minutes up to two hours, hours up to two days, so that at least two digits carry it. Negative is `0s`:
/// the cluster's clock is ahead of ours by a little.
pub fn short_duration(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{}s", seconds.max(0)),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The seconds of a duration as people write it: `90s`, `5m`, `1h30m`, `2d`. None for anything else.
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut total = 0_i64;
    for part in text.split_inclusive(|letter: char| letter.is_ascii_alphabetic()) {
        let (number, unit) = part.split_at_checked(part.len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        // No sign: parse would take one.
        let number = number.parse::<u32>().ok().filter(|_| !number.starts_with('+'))?;
        total = total.checked_add(i64::from(number) * seconds)?;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_durations_use_one_unit() {
        let cases =
            [(-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7_199, "119m"), (7_200, "2h"), (172_800, "2d")];
        for (seconds, words) in cases {
            assert_eq!(short_duration(seconds), words);
        }
    }

    #[test]
    fn fast_clock_begins_with_the_right_time() {
        struct Hand(std::sync::atomic::AtomicI64);
        impl Clock for &Hand {
            fn now(&self) -> Time {
                Time::from_seconds(self.0.load(std::sync::atomic::Ordering::Relaxed))
            }
        }
        let hand = Hand(1_000.into());
        let fast = FastClock::new(&hand, 60);
        assert_eq!(fast.now(), Time::from_seconds(1_000));
        hand.0.store(1_003, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(fast.now(), Time::from_seconds(1_180));
    }

    #[test]
    fn time_reads_api_and_log_times() {
        let time = Time::parse("2026-11-21T03:00:00Z").unwrap();
        assert_eq!(time.to_string(), "2026-11-21T03:00:00Z");
        let log = Time::parse("2026-11-21T03:00:00.000000001Z").unwrap();
        assert_eq!(log.nanos() - time.nanos(), 1);
        assert_eq!(Time::parse("2026-11-21T04:00:00+01:00"), Some(time));
        assert_eq!(Time::parse("yesterday"), None);
        // One event with a wild time must not cost the whole list.
        assert_eq!(Time::parse("9999-12-31T23:59:59Z"), Some(Time::from_nanos(i64::MAX)));
        assert_eq!(Time::parse("0001-01-01T00:00:00Z"), Some(Time::from_nanos(i64::MIN)));
    }

    #[test]
    fn times_keep_their_order_and_leave_room_for_none() {
        let nanos = [i64::MIN + 1, -NANOS, -1, 0, 1, NANOS, i64::MAX];
        let times = nanos.map(Time::from_nanos);
        assert!(times.is_sorted_by(|a, b| a < b));
        assert_eq!(times.map(Time::nanos), nanos);
        assert_eq!(Time::from_nanos(i64::MIN), Time::from_nanos(i64::MIN + 1));
        assert_eq!(Time::from_seconds(i64::MIN).plus_seconds(i64::MIN), Time::from_nanos(i64::MIN));
        assert_eq!(size_of::<Option<Time>>(), 8);
    }

    #[test]
    fn ages_change_on_the_full_second() {
        let made = Time::parse("2026-11-21T03:00:00.9Z").unwrap();
        let now = Time::parse("2026-11-21T03:00:01.1Z").unwrap();
        assert_eq!(now.seconds_since(made), 1);
    }
}
