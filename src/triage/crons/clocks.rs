//! Daylight saving: a planned time that does not exist on the day of the change, or comes twice.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::super::case::of_field;
use super::super::finding::{Confidence, Finding, Fix, Severity};
use super::Cron;
use crate::model::clock::Time;
use crate::model::command_call::CommandCall;
use crate::model::schedule::Schedule;

/// A change is told so long before it.
const AHEAD_SECONDS: i64 = 7 * 86_400;

/// A change is told so long after it.
const BEHIND_SECONDS: i64 = 2 * 86_400;

/// Runs that are planned more often than this do not miss one that is left out, and do not mind one more.
const RARE_SECONDS: i64 = 3 * 3_600;

/// T123: the nearest change of the clocks leaves a planned time out or has it twice.
pub(super) fn changed(cron: &Cron<'_, '_>) -> Option<Finding> {
    let plan = cron.plan.filter(|_| !cron.row.suspend)?;
    let zone_name = cron.row.time_zone.as_ref()?;
    let change = nearest_change(plan.zone(), cron.now())?;
    // The planned figures on the clock, as if there were no zones.
    let figures = Schedule::parse(&cron.row.schedule, None).ok()?;
    let wall = |offset: Offset| change.at.as_second() + i64::from(offset.seconds());
    let (from, to) = (wall(change.before).min(wall(change.after)), wall(change.before).max(wall(change.after)));
    let first = figures.next_after(Timestamp::from_second(from - 1).ok()?)?;
    let second = figures.next_after(first)?;
    if first.as_second() >= to || second.as_second() - first.as_second() < RARE_SECONDS {
        return None;
    }
    let is_gap = wall(change.after) > wall(change.before);
    let planned = first.to_zoned(TimeZone::UTC).strftime("%H:%M").to_string();
    let date = first.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d").to_string();
    let is_over = Time::from_timestamp(change.at) <= cron.now();
    let (verdict, short) = match (is_gap, is_over) {
        (true, true) => (
            format!("On {date} the clocks in {zone_name} went forward and left {planned} out, so that day had no run."),
            format!("no run on {date}: the clocks changed"),
        ),
        (true, false) => (
            format!(
                "On {date} the clocks in {zone_name} go forward and leave {planned} out, so that day will have no run."
            ),
            format!("no run on {date}: the clocks change"),
        ),
        (false, true) => (
            format!(
                "On {date} the clocks in {zone_name} went back and {planned} came twice, so that day had two runs."
            ),
            format!("two runs on {date}: the clocks changed"),
        ),
        (false, false) => (
            format!(
                "On {date} the clocks in {zone_name} go back and {planned} comes twice, so that day will have two runs."
            ),
            format!("two runs on {date}: the clocks change"),
        ),
    };
    Some(Finding {
        confidence: Confidence::Certain,
        verdict,
        short,
        fixes: vec![
            Fix::by(
                "plan it for an hour in which no clock changes, such as 04:00",
                CommandCall::new("cronjob.schedule", cron.case.subject),
            ),
            Fix::by(
                "read the schedule in a zone that has no daylight saving",
                CommandCall::with("cronjob.timezone", cron.case.subject, "Etc/UTC"),
            ),
        ],
        since: Some(Time::from_timestamp(change.at)).filter(|_| is_over),
        ..cron.finding(
            "T123",
            Severity::Info,
            vec![
                of_field(cron.row, "spec.schedule", cron.row.schedule.as_str()),
                of_field(cron.row, "spec.timeZone", zone_name.as_str()),
            ],
        )
    })
}

/// A change of a zone's offset.
struct Change {
    at: Timestamp,
    before: Offset,
    after: Offset,
}

/// The change that is near enough to be told, one that is over before one that comes.
fn nearest_change(zone: &TimeZone, now: Time) -> Option<Change> {
    let now = now.to_timestamp();
    let is_near = |at: &Timestamp| {
        let ahead = at.as_second() - now.as_second();
        (-BEHIND_SECONDS..=AHEAD_SECONDS).contains(&ahead)
    };
    let changes = zone.preceding(now).take(1).chain(zone.following(now).take(1)).map(|change| change.timestamp());
    let offsets = |at: Timestamp| {
        let before = zone.to_offset(Timestamp::from_second(at.as_second() - 1).ok()?);
        let after = zone.to_offset(at);
        (before != after).then_some(Change { at, before, after })
    };
    changes.filter(is_near).find_map(offsets)
}
