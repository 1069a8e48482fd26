//! A schedule as it is told to who sets it: in words, with its zone and its next runs.

use std::fmt;

use jiff::{Timestamp, Zoned};

use super::Schedule;

/// Runs that are told.
const NEXT_RUNS: usize = 5;

/// What a schedule comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// When it fires, with its zone: `at 02:30, every day (Europe/Berlin)`.
    pub words: String,
    /// Its next runs in that zone, with the year where it is another one.
    pub next: Vec<String>,
}

impl Outlook {
    /// Reads `spec.schedule` and `spec.timeZone`, and looks ahead from `now`.
    ///
    /// # Errors
    /// Why the schedule cannot be read, or that it never fires.
    pub fn of(schedule: &str, time_zone: Option<&str>, now: Timestamp) -> Result<Self, String> {
        let plan = Schedule::parse(schedule, time_zone).map_err(|error| error.to_string())?;
        let local = |time: Timestamp| time.to_zoned(plan.zone().clone());
        let year = local(now).year();
        let told = |run: Zoned| {
            let form = if run.year() == year { "%a %d %b %H:%M" } else { "%a %d %b %Y %H:%M" };
            run.strftime(form).to_string()
        };
        let next: Vec<String> = plan.upcoming(now, NEXT_RUNS).map(|run| told(local(run))).collect();
        if next.is_empty() {
            return Err(format!("{schedule:?} never fires"));
        }
        // The zone of a prefix wins over the field.
        let has_prefix = ["TZ=", "CRON_TZ="].iter().any(|prefix| schedule.starts_with(prefix));
        let zone = if has_prefix { plan.zone().iana_name() } else { time_zone };
        let zone = zone.unwrap_or("the cluster's zone, as a rule UTC");
        Ok(Self { words: format!("{} ({zone})", plan.describe()), next })
    }
}

impl fmt::Display for Outlook {
    /// In one sentence: `at 02:30, every day (Europe/Berlin); next Sun 22 Nov 02:30, …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; next {}", self.words, self.next.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(schedule: &str, zone: Option<&str>) -> Result<String, String> {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        Outlook::of(schedule, zone, now).map(|outlook| outlook.to_string())
    }

    #[test]
    fn runs_are_told_in_the_schedules_zone() {
        let expected = "at 02:30, every day (Asia/Tokyo); next Sun 22 Nov 02:30, Mon 23 Nov 02:30, Tue 24 Nov 02:30, \
                        Wed 25 Nov 02:30, Thu 26 Nov 02:30";
        assert_eq!(outlook("30 2 * * *", Some("Asia/Tokyo")).as_deref(), Ok(expected));
        let prefixed = outlook("CRON_TZ=Asia/Tokyo 30 2 * * *", Some("Europe/Berlin"));
        assert_eq!(prefixed.as_deref(), Ok(expected), "the prefix wins");
        assert!(outlook("30 2 * * *", None).unwrap().contains("(the cluster's zone, as a rule UTC)"));
    }

    #[test]
    fn another_year_is_told() {
        let yearly = outlook("0 0 1 1 *", None).unwrap();
        assert!(yearly.contains("next Fri 01 Jan 2027 00:00, Sat 01 Jan 2028 00:00"), "{yearly}");
    }

    #[test]
    fn what_cannot_be_read_or_never_fires_says_so() {
        assert!(outlook("61 * * * *", None).unwrap_err().contains("61"));
        assert!(outlook("0 2 * * *", Some("Mars/Olympus")).unwrap_err().contains("Mars/Olympus"));
        assert_eq!(outlook("0 0 30 2 *", None).unwrap_err(), "\"0 0 30 2 *\" never fires");
    }
}
