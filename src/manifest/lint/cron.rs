//! When CronJobs run, what becomes of late and overlapping runs, and what is kept of past ones.

use jiff::tz::TimeZoneDatabase;

use super::Lint;
use super::subject::{Draft, Field, Subject};
use crate::manifest::check::nearest;
use crate::manifest::problem::Severity;
use crate::model::schedule::{Schedule, ScheduleError, five_fields};

/// The most past runs that are worth keeping.
const MANY_KEPT: i64 = 20;

/// How many past runs are kept, those that succeeded and those that failed.
const KEPT: i64 = 3;

pub(super) const LINTS: &[Lint] = &[
    Lint {
        id: "L003",
        name: "schedule-unparseable",
        severity: Severity::Error,
        help: "The schedule has to have five fields as the controller reads them, weekdays 0 to 6.",
        check: |it, found| {
            let schedule = it.at("spec.schedule");
            let text = schedule.text().unwrap_or_default();
            if let (true, Err(error)) = (it.is_cronjob, Schedule::parse(text, None))
                && !matches!(error, ScheduleError::Zone { .. })
            {
                let better = mended(text).map(|better| schedule.set(better));
                found.push(schedule.told(format!("the schedule cannot be read: {error}")).mended_if(better));
            }
        },
    },
    Lint {
        id: "L004",
        name: "schedule-embeds-timezone",
        severity: Severity::Error,
        help: "The zone belongs into timeZone, not into the schedule.",
        check: |it, found| {
            let schedule = it.at("spec.schedule");
            let Some(text) = schedule.text().filter(|text| it.is_cronjob && text.contains("TZ")) else { return };
            let parts =
                text.strip_prefix("CRON_").unwrap_or(text).strip_prefix("TZ=").and_then(|it| it.split_once(' '));
            let moved = parts.map(|(zone, rest)| vec![schedule.set(rest.trim()), it.at("spec.timeZone").set(zone)]);
            let told = "a time zone in the schedule is refused: it belongs into timeZone";
            found.push(schedule.told(told).mended(moved.unwrap_or_default()));
        },
    },
    Lint {
        id: "L005",
        name: "timezone-unknown",
        severity: Severity::Error,
        help: "The time zone has to be one of the IANA database, such as Europe/Berlin or Etc/UTC.",
        check: |it, found| {
            let zone = it.at("spec.timeZone");
            if let (true, Some(name)) = (it.is_cronjob, zone.text())
                && let Err(error) = Schedule::parse("@daily", Some(name))
            {
                let known: Vec<String> = TimeZoneDatabase::bundled().available().map(|one| one.to_string()).collect();
                let near = nearest(name, known.iter().map(String::as_str)).filter(|near| *near != name);
                found.push(zone.told(error.to_string()).mended_if(near.map(|near| zone.set(near))));
            }
        },
    },
    Lint {
        id: "L016",
        name: "cron-selector",
        severity: Severity::Error,
        help: "The selector of a CronJob's Jobs is generated for each of them.",
        check: |it, found| {
            let (selector, manual) = (it.job().key("selector"), it.job().key("manualSelector"));
            let told = "each Job gets a selector of its own: the CronJob is refused with one";
            if it.is_cronjob && !selector.is_absent() {
                found.push(selector.told(told).mended([selector.remove()]));
            }
            if it.is_cronjob && manual.is_true() {
                found.push(manual.told(told).mended([manual.remove()]));
            }
        },
    },
    Lint {
        id: "L040",
        name: "concurrency-allow",
        severity: Severity::Warning,
        help: "A CronJob needs concurrencyPolicy Forbid or Replace, or a slow run is overtaken by the next.",
        check: |it, found| {
            let policy = it.at("spec.concurrencyPolicy");
            if it.is_cronjob && matches!(policy.text(), None | Some("Allow")) {
                let told = "runs may overlap: when one is slow the next starts beside it";
                found.push(policy.told(told).mended([policy.set("Forbid")]));
            }
        },
    },
    Lint {
        id: "L041",
        name: "no-starting-deadline",
        severity: Severity::Warning,
        help: "A CronJob needs startingDeadlineSeconds, or a run that was missed starts at any later hour.",
        check: |it, found| {
            let deadline = it.at("spec.startingDeadlineSeconds");
            if it.is_cronjob && deadline.is_absent() {
                let told = "after downtime, a suspension or a long run, a run that was missed starts late, at any hour";
                let seconds = it.interval().map(|interval| (interval / 2).clamp(60, 3_600));
                found.push(deadline.told(told).mended_if(seconds.map(|seconds| deadline.set(seconds))));
            }
        },
    },
    Lint {
        id: "L042",
        name: "starting-deadline-tiny",
        severity: Severity::Warning,
        help: "With startingDeadlineSeconds below 10 a busy controller comes too late and leaves runs out.",
        check: |it, found| {
            let deadline = it.at("spec.startingDeadlineSeconds");
            if let (true, Some(seconds @ ..10)) = (it.is_cronjob, deadline.int()) {
                let told = format!("a controller that is busy for {seconds} s leaves the run out");
                found.push(deadline.told(told).mended([deadline.set(60)]));
            }
        },
    },
    Lint {
        id: "L043",
        name: "history-limits",
        severity: Severity::Note,
        help: "A few failed runs should be kept as evidence, and not hundreds of either kind.",
        check: history_limits,
    },
    Lint {
        id: "L044",
        name: "timezone-implicit",
        severity: Severity::Warning,
        help: "A run at an hour of the day needs timeZone, or the zone of the control plane decides.",
        check: |it, found| {
            let zone = it.at("spec.timeZone");
            let is_at_hours = |columns: &[&str; 5]| !is_star(columns[1]);
            if zone.is_absent() && columns(it).is_some_and(|columns| is_at_hours(&columns)) {
                let told =
                    "the hour is meant in the zone of the control plane, which is usually UTC and nowhere written";
                found.push(zone.told(told).mended([zone.set("Etc/UTC")]));
            }
        },
    },
    Lint {
        id: "L045",
        name: "dst-window",
        severity: Severity::Note,
        help: "At 1, 2 and 3 o'clock runs are left out or doubled when the clocks change.",
        check: dst_window,
    },
    Lint {
        id: "L046",
        name: "every-minute",
        severity: Severity::Warning,
        help: "A Job each minute loads the control plane; a Deployment with a loop does not.",
        check: |it, found| {
            if it.schedule().is_some_and(|schedule| (0..60).all(|minute| schedule.has_minute(minute))) {
                let told = "a Job each minute loads the control plane: consider a Deployment that works in a loop";
                found.push(it.at("spec.schedule").told(told));
            }
        },
    },
    Lint {
        id: "L047",
        name: "never-fires",
        severity: Severity::Error,
        help: "The schedule has to be met by a date at all.",
        check: |it, found| {
            if it.schedule().is_some_and(|schedule| schedule.is_never(it.now.to_timestamp())) {
                let told = "the schedule never fires: no date of the next five years meets it";
                found.push(it.at("spec.schedule").told(told));
            }
        },
    },
    Lint {
        id: "L048",
        name: "dom-and-dow",
        severity: Severity::Warning,
        help: "Where both the day of the month and the weekday are given, either of them is enough.",
        check: |it, found| {
            if let Some([_, _, day, _, weekday]) = columns(it)
                && !is_star(day)
                && !is_star(weekday)
            {
                let told =
                    format!("it runs on days `{day}` of the month and also on weekdays `{weekday}`: either is enough");
                found.push(it.at("spec.schedule").told(told));
            }
        },
    },
    Lint {
        id: "L049",
        name: "minute-zero",
        severity: Severity::Note,
        help: "At the full hour everybody's runs start at once; any other minute is quieter.",
        check: |it, found| {
            if let (Some(columns), Some(schedule)) = (columns(it), it.schedule())
                && (0..60).all(|minute| schedule.has_minute(minute) == (minute == 0))
            {
                let field = it.at("spec.schedule");
                let other = with_column(columns, 0, &own_minute(it).to_string());
                let told = "everybody's runs start at the full hour: another minute finds a quieter cluster";
                found.push(field.told(told).mended([field.set(other)]));
            }
        },
    },
    Lint {
        id: "L050",
        name: "cron-suspended",
        severity: Severity::Note,
        help: "A CronJob that is suspended in its manifest does not run.",
        check: |it, found| {
            let suspend = it.at("spec.suspend");
            if it.is_cronjob && suspend.is_true() {
                found.push(suspend.told("the CronJob does not run until somebody resumes it"));
            }
        },
    },
    Lint {
        id: "L051",
        name: "every-descriptor",
        severity: Severity::Warning,
        help: "`@every` is not documented by Kubernetes, and its runs are not aligned to the clock.",
        check: |it, found| {
            let field = it.at("spec.schedule");
            if field.text().is_some_and(|text| text.starts_with("@every"))
                && let Some(seconds) = it.interval()
            {
                let told = if seconds < 60 {
                    "runs more often than once a minute do not work: their Jobs would have the same name"
                } else {
                    "Kubernetes does not document this: it counts from the last run and drifts from the clock"
                };
                found.push(
                    field.told(told).mended_if(by_the_clock(seconds, own_minute(it)).map(|text| field.set(text))),
                );
            }
        },
    },
    Lint {
        id: "L052",
        name: "ttl-fights-history",
        severity: Severity::Note,
        help: "A CronJob's history limits clean up; a TTL of its Jobs deletes runs before they do.",
        check: |it, found| {
            let ttl = it.job().key("ttlSecondsAfterFinished");
            if it.is_cronjob && !ttl.is_absent() {
                let told = "the TTL may delete runs before the history limits would, failed ones too";
                found.push(ttl.told(told).mended([ttl.remove()]));
            }
        },
    },
];

/// The five columns of a schedule that can be read; None for `@every`, and for one with a zone in it.
fn columns<'a>(it: &Subject<'a>) -> Option<[&'a str; 5]> {
    it.schedule()?;
    let text = it.at("spec.schedule").text()?;
    five_fields(text).unwrap_or(text).split_whitespace().collect::<Vec<_>>().try_into().ok()
}

/// Whether a column lets any value be, as the controller decides it: `*`, `?`, `*/1`, also within a list.
fn is_star(column: &str) -> bool {
    column.split(',').any(|item| matches!(item.trim_end_matches("/1"), "*" | "?"))
}

fn with_column(mut columns: [&str; 5], column: usize, text: &str) -> String {
    let parts: Vec<&str> =
        columns.iter_mut().enumerate().map(|(at, one)| if at == column { text } else { *one }).collect();
    parts.join(" ")
}

/// A minute other than the first that is this object's own, so that those of many objects spread over the hour.
fn own_minute(it: &Subject<'_>) -> u32 {
    let sum = it.name().bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    1 + sum % 59
}

/// The five fields that fire as often as `@every` does; None where no hour or day is divided evenly.
fn by_the_clock(seconds: i64, minute: u32) -> Option<String> {
    const DAY: i64 = 86_400;
    match seconds {
        60 => Some("* * * * *".to_owned()),
        120..3_600 if seconds % 60 == 0 && 3_600 % seconds == 0 => Some(format!("*/{} * * * *", seconds / 60)),
        3_600 => Some(format!("{minute} * * * *")),
        7_200..DAY if seconds % 3_600 == 0 && DAY % seconds == 0 => {
            Some(format!("{minute} */{} * * *", seconds / 3_600))
        }
        DAY => Some(format!("{minute} 0 * * *")),
        _ => None,
    }
}

/// What a schedule that cannot be read was meant to be: without a column for seconds, Sunday as 0.
fn mended(text: &str) -> Option<String> {
    let mut columns: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if columns.len() == 6 && columns[0] == "0" {
        columns.remove(0);
    }
    let weekday = columns.get_mut(4)?;
    let items = weekday.split(',').map(|item| match item {
        "7" => "0".to_owned(),
        "0-7" | "1-7" => "*".to_owned(),
        "6-7" => "6,0".to_owned(),
        item => item.strip_suffix("-7").map_or_else(|| item.to_owned(), |first| format!("{first}-6,0")),
    });
    *weekday = items.collect::<Vec<_>>().join(",");
    Some(columns.join(" ")).filter(|better| better != text && Schedule::parse(better, None).is_ok())
}

fn history_limits(it: &Subject<'_>, found: &mut Vec<Draft>) {
    if !it.is_cronjob {
        return;
    }
    let (failed, successful) = (it.at("spec.failedJobsHistoryLimit"), it.at("spec.successfulJobsHistoryLimit"));
    if failed.int() == Some(0) {
        let told = "a failed run is deleted at once, with its pods and logs: nobody can see why it failed";
        found.push(failed.told(told).with_severity(Severity::Warning).mended([failed.set(KEPT)]));
    }
    for limit in [&failed, &successful] {
        if let Some(runs) = limit.int().filter(|runs| *runs > MANY_KEPT) {
            let told = format!("{runs} past runs with their pods stay in the cluster, and in every list");
            found.push(limit.told(told).with_severity(Severity::Warning).mended([limit.set(KEPT)]));
        }
    }
    let absent: Vec<&Field<'_>> = [&failed, &successful].into_iter().filter(|limit| limit.is_absent()).collect();
    if let Some(first) = absent.first() {
        let told = "by default one failed run and three successful ones are kept: keep a few failed ones as evidence";
        let changes: Vec<_> = absent.iter().map(|limit| limit.set(KEPT)).collect();
        found.push(first.told(told).mended(changes));
    }
}

fn dst_window(it: &Subject<'_>, found: &mut Vec<Draft>) {
    /// Long enough to meet any change of the clocks, in steps that skip none.
    const MONTHS: i64 = 12;
    let (Some(columns), Some(schedule)) = (columns(it), it.schedule()) else { return };
    let zone = schedule.zone();
    let offset = |month: i64| zone.to_offset(it.now.plus_seconds(month * 30 * 86_400).to_timestamp());
    let changes = (1..=MONTHS).any(|month| offset(month) != offset(0));
    if changes && !is_star(columns[1]) && (1..=3).any(|hour| schedule.has_hour(hour)) {
        let field = it.at("spec.schedule");
        let is_single = matches!(columns[1], "1" | "2" | "3");
        let told = "when the clocks change, a run at 1, 2 or 3 o'clock may be left out in spring and doubled in autumn";
        found.push(field.told(told).mended_if(is_single.then(|| field.set(with_column(columns, 1, "4")))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_of_other_crons_are_mended_where_one_thing_alone_can_be_meant() {
        let cases = [
            ("0 0 * * 7", Some("0 0 * * 0")),
            ("0 0 * * 5-7", Some("0 0 * * 5-6,0")),
            ("0 0 * * 1-7", Some("0 0 * * *")),
            ("0 0 * * 6-7,3", Some("0 0 * * 6,0,3")),
            ("0 15 3 * * *", Some("15 3 * * *")),
            ("0 15 3 * * 7", Some("15 3 * * 0")),
            ("30 15 3 * * *", None),
            ("0 0 * *", None),
            ("60 0 * * *", None),
            ("@reboot", None),
            ("0 0 * * 1-7/2", None),
        ];
        for (text, better) in cases {
            assert_eq!(mended(text).as_deref(), better, "{text}");
        }
    }

    #[test]
    fn every_becomes_fields_where_it_divides_the_hour_or_the_day() {
        let cases = [
            (30, None),
            (60, Some("* * * * *")),
            (300, Some("*/5 * * * *")),
            (420, None),
            (3_600, Some("7 * * * *")),
            (5_400, None),
            (21_600, Some("7 */6 * * *")),
            (86_400, Some("7 0 * * *")),
            (172_800, None),
        ];
        for (seconds, text) in cases {
            assert_eq!(by_the_clock(seconds, 7).as_deref(), text, "{seconds}");
        }
    }
}
