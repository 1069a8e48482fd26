//! The schedule against its sources: rows produced by robfig/cron itself (`tests/fixtures/cron-golden.tsv.gz`), the
//! vectors of the reference, runs of the controller's own `mostRecentScheduleTime`, and, for the description, a
//! reader that turns the English back into times and days.

#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on should stop loudly

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};

use flate2::read::GzDecoder;
use jiff::Timestamp;
use jiff::civil::date;

use super::*;

fn schedule(expression: &str) -> Schedule {
    Schedule::parse(expression, None).expect(expression)
}

fn time(text: &str) -> Timestamp {
    text.parse().expect(text)
}

/// The lines of a table, cut at `|`, blanks around the cells removed.
fn rows<const N: usize>(table: &str) -> Vec<[&str; N]> {
    let lines = table.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>().try_into().expect(line)).collect()
}

// ---- against the library -----------------------------------------------------------------------------------------

#[test]
fn fires_as_the_library_does_in_every_golden_row() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cron-golden.tsv.gz");
    let lines = BufReader::new(GzDecoder::new(File::open(path).expect(path))).lines();
    let mut count = 0;
    let mut differing = Vec::new();
    for line in lines {
        let line = line.expect("readable line");
        let [expression, zone, start, expected] = line.split('\t').collect::<Vec<_>>().try_into().expect("four cells");
        let fires = match Schedule::parse(expression, Some(zone)) {
            Ok(schedule) => {
                let next: Vec<String> = schedule.upcoming(time(start), 6).map(|next| next.to_string()).collect();
                if next.is_empty() { "none".to_owned() } else { next.join(",") }
            }
            Err(_) => "ERR".to_owned(),
        };
        count += 1;
        // A row that ends early ends with "none"; an error row carries Go's words, which are not ours.
        if expected != fires && !(fires == "ERR" && expected.starts_with("ERR ")) {
            differing.push(format!("{line} but got {fires}"));
        }
    }
    assert_eq!(count, 14_478);
    assert_eq!(differing, Vec::<String>::new(), "none may differ: its faults are followed too");
}

#[test]
fn reference_vectors_hold() {
    let table = "
        */5 * * * *       | Etc/UTC           | 2026-03-01T10:02+00 | 03-01T10:05+00 03-01T10:10+00 03-01T10:15+00
        0 0 13 * 5        | Etc/UTC           | 2026-02-01T00:00+00 | 02-06T00:00+00 02-13T00:00+00 02-20T00:00+00 02-27T00:00+00 03-06T00:00+00
        0 0 */2 * 1       | Etc/UTC           | 2026-02-01T00:00+00 | 02-02T00:00+00 02-03T00:00+00 02-05T00:00+00 02-07T00:00+00 02-09T00:00+00 02-11T00:00+00
        0 0 ? * MON-FRI   | Etc/UTC           | 2026-02-06T12:00+00 | 02-09T00:00+00 02-10T00:00+00 02-11T00:00+00
        5/20 * * * *      | Etc/UTC           | 2026-01-01T00:00+00 | 01-01T00:05+00 01-01T00:25+00 01-01T00:45+00 01-01T01:05+00
        0 9-17/4 * * 1-5  | Etc/UTC           | 2026-01-02T08:00+00 | 01-02T09:00+00 01-02T13:00+00 01-02T17:00+00 01-05T09:00+00 01-05T13:00+00
        0 0 31 * *        | Etc/UTC           | 2026-01-31T00:00+00 | 03-31T00:00+00 05-31T00:00+00 07-31T00:00+00
        0 0 29 2 *        | Etc/UTC           | 2026-03-01T00:00+00 | 02-29T00:00+00
        30 2 * * *        | America/New_York  | 2026-03-07T00:00-05 | 03-07T02:30-05 03-09T02:30-04 03-10T02:30-04
        30 1 * * *        | America/New_York  | 2026-10-31T00:00-04 | 10-31T01:30-04 11-01T01:30-04 11-01T01:30-05 11-02T01:30-05
        0 * * * *         | America/New_York  | 2026-11-01T00:30-04 | 11-01T01:00-04 11-01T01:00-05 11-01T02:00-05 11-01T03:00-05
        30 2 * * *        | Europe/Berlin     | 2026-03-28T12:00+01 | 03-30T02:30+02 03-31T02:30+02
        30 2 * * *        | Europe/Berlin     | 2026-10-24T12:00+02 | 10-25T02:30+02 10-25T02:30+01 10-26T02:30+01 10-27T02:30+01
        */30 1-3 * * *    | Europe/Berlin     | 2026-03-29T00:00+01 | 03-29T01:00+01 03-29T01:30+01 03-29T03:00+02 03-29T03:30+02 03-30T01:00+02
        0 0 * * *         | America/Sao_Paulo | 2018-11-03T12:00-03 | 11-05T00:00-02 11-06T00:00-02
        @weekly           | Asia/Kolkata      | 2026-01-01T00:00+05:30 | 01-04T00:00+05:30 01-11T00:00+05:30";
    for [expression, zone, after, expected] in rows(table) {
        let schedule = Schedule::parse(expression, Some(zone)).expect(expression);
        let expected: Vec<&str> = expected.split(' ').collect();
        let year = if expression == "0 0 29 2 *" { "2028" } else { &after[..4] };
        let expected: Vec<Timestamp> = expected.iter().map(|next| time(&format!("{year}-{next}"))).collect();
        let fires: Vec<Timestamp> = schedule.upcoming(time(after), expected.len()).collect();
        assert_eq!(fires, expected, "{expression} in {zone} after {after}");
    }
}

#[test]
fn never_is_found_and_found_quickly() {
    for expression in
        ["59 23 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", ", * * * *", "* , * * *", "* * * , *", "0 0 , * ,"]
    {
        assert!(schedule(expression).is_never(time("2026-11-20T10:00:00Z")), "{expression}");
        assert_eq!(schedule(expression).describe(), "never", "{expression}");
    }
    let leap_day = schedule("0 0 29 2 *");
    assert!(leap_day.is_never(time("2097-01-01T00:00:00Z")), "2100 has no leap day and 2104 is too far");
    assert!(!leap_day.is_never(time("2099-01-01T00:00:00Z")));
}

#[test]
fn a_zone_that_drops_a_day_ends_the_search() {
    let samoa = Schedule::parse("0 0 1 * *", Some("Pacific/Apia")).expect("known zone");
    assert_eq!(samoa.next_after(time("2011-12-29T00:00:00Z")), None, "the library never returns here");
    assert_eq!(samoa.next_after(time("2026-11-20T00:00:00Z")), Some(time("2026-12-01T00:00:00+13")));
}

/// The library's own faults are the controller's behaviour (Go, robfig/cron 3.0.1, says the same in these cases).
#[test]
fn a_day_whose_midnight_is_skipped_is_lost_where_the_library_loses_it() {
    let fridays = Schedule::parse("0 5 * * 5", Some("Africa/Cairo")).expect("known zone");
    let fires: Vec<Timestamp> = fridays.upcoming(time("2026-04-16T12:00:00Z"), 2).collect();
    assert_eq!(fires, [time("2026-04-17T05:00:00+02"), time("2026-05-01T05:00:00+03")], "24 April has no 00:00");
    let daily = Schedule::parse("15 2 * * *", Some("Australia/Lord_Howe")).expect("known zone");
    let fires: Vec<Timestamp> = daily.upcoming(time("2026-04-03T12:00:00Z"), 2).collect();
    assert_eq!(
        fires,
        [time("2026-04-04T02:15:00+11"), time("2026-04-06T02:15:00+10:30")],
        "half an hour back at 02:00"
    );
}

#[test]
fn fractions_of_a_second_round_down_to_the_library_s_clock() {
    let minutely = schedule("* * * * *");
    assert_eq!(minutely.next_after(time("2026-01-01T00:00:59.999Z")), Some(time("2026-01-01T00:01:00Z")));
    assert_eq!(minutely.next_after(time("1969-12-31T23:59:59.5Z")), Some(time("1970-01-01T00:00:00Z")));
    let every = schedule("@every 90s");
    assert_eq!(every.next_after(time("2026-01-01T00:00:00.7Z")), Some(time("2026-01-01T00:01:30Z")));
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    for expression in ["* * * * *", "0 0 29 2 *", "0 0 31 12 *", "@every 2000000h"] {
        assert_eq!(schedule(expression).next_after(Timestamp::MAX), None, "{expression}");
        assert_ne!(schedule(expression).most_recent_missed(Timestamp::MIN, Timestamp::MAX), Missed::Nothing);
    }
}

#[test]
fn fire_times_only_rise() {
    let mut dice = Dice(7);
    let zones = ["Africa/Cairo", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "Europe/Berlin", "Etc/UTC"];
    for round in 0..400 {
        let expression = dice.expression();
        let schedule = Schedule::parse(&expression, Some(zones[round % zones.len()])).expect(&expression);
        let start = Timestamp::from_second(1_700_000_000 + dice.below(200_000_000) as i64).expect("in range");
        let times: Vec<Timestamp> = std::iter::once(start).chain(schedule.upcoming(start, 40)).collect();
        assert!(times.is_sorted_by(|one, next| one < next), "{expression} from {start}: {times:?}");
    }
}

// ---- the grammar -------------------------------------------------------------------------------------------------

#[test]
fn spellings_that_mean_the_same() {
    let table = "
        +5 * * * *          | 5 * * * *
        05 * * * *          | 5 * * * *
        1,,2, * * * *       | 1,2 * * * *
        *-5 * * * *         | * * * * *
        */61 * * * *        | 0 * * * *
        */+15 * * * *       | 0,15,30,45 * * * *
        5/20 * * * *        | 5,25,45 * * * *
        10-30/7 * * * *     | 10,17,24 * * * *
        ? ? ? ? ?           | * * * * *
        0 0 * JAN-mar/2 Tue | 0 0 * 1,3 2
        0 0 * * fri/1       | 0 0 * * 5,6
        0 0 */1 * 1         | 0 0 * * 1
        0 0 1,* * 1         | 0 0 * * 1
        0 0 1 * 0-6         | 0 0 * * *
        0 0 1-31 * 1        | 0 0 * * *
        0 0 , * 5           | 0 0 ? * 5
        @hourly             | 0 * * * *
        @daily              | 0 0 * * *
        @midnight           | 0 0 * * *
        @weekly             | 0 0 * * 0
        @monthly            | 0 0 1 * *
        @yearly             | 0 0 1 1 *
        @annually           | 0 0 1 1 *
        0\u{2003}0 *\t* *   | 0 0 * * *";
    for [one, other] in rows(&table.replace("\\u{2003}", "\u{2003}").replace("\\t", "\t")) {
        assert_eq!(schedule(one), schedule(other), "{one} and {other}");
    }
    assert_ne!(schedule("0 0 */2 * 1"), schedule("0 0 * * 1"), "a step above 1 takes the star away");
}

#[test]
fn refusals_say_where_what_and_why() {
    let table = r#"
        | the schedule is empty; five fields are needed: minute hour day-of-month month day-of-week
        0 0 * * | the schedule has 4 fields, five are needed: minute hour day-of-month month day-of-week
        * * * * * * | the schedule has 6 fields, five are needed: minute hour day-of-month month day-of-week; there is no seconds field
        0 0 12 * * ? 2026 | the schedule has 7 fields, five are needed: minute hour day-of-month month day-of-week; there is no seconds and no year field
        daily | the schedule has 1 field, five are needed: minute hour day-of-month month day-of-week; a word such as @daily starts with @, with nothing before it
        0 0 * * 7 | day of week "7": 7 is out of range; allowed: 0-6 (0 is Sunday) or SUN-SAT; write Sunday as 0 or SUN
        0 0 * * 1-7 | day of week "1-7": 7 is out of range; allowed: 0-6 (0 is Sunday) or SUN-SAT; write Sunday as 0 or SUN
        60 * * * * | minute "60": 60 is out of range; allowed: 0-59; the full hour is minute 0
        0 24 * * * | hour "24": 24 is out of range; allowed: 0-23; midnight is hour 0
        0 0 0 * * | day of month "0": 0 is out of range; allowed: 1-31; counting starts at 1
        0 0 1 0/2 * | month "0/2": 0 is out of range; allowed: 1-12 or JAN-DEC; counting starts at 1
        */0 * * * * | minute "*/0": the step behind '/' must be a whole number, at least 1, as in */5
        */x * * * * | minute "*/x": the step behind '/' must be a whole number, at least 1, as in */5
        5/ * * * * | minute "5/": the step behind '/' must be a whole number, at least 1, as in */5
        0 0 31-1 * * | day of month "31-1": a range must rise, it cannot wrap around; allowed: 1-31; write 31,1
        0 22-2 * * * | hour "22-2": a range must rise, it cannot wrap around; allowed: 0-23; write 22-23,0-2
        0 0 * * sat-sun | day of week "sat-sun": a range must rise, it cannot wrap around; allowed: 0-6 (0 is Sunday) or SUN-SAT; write 6,0
        */2/3 * * * * | minute "*/2/3": one '-' and one '/' at most, as in 10-30/5; allowed: 0-59
        1-5-7 * * * * | minute "1-5-7": one '-' and one '/' at most, as in 10-30/5; allowed: 0-59
        -1 * * * * | minute "-1": cannot be read; allowed: 0-59
        1,x * * * * | minute "x": cannot be read; allowed: 0-59
        99999999999999999999 * * * * | minute "99999999999999999999": cannot be read; allowed: 0-59
        0 0 L * * | day of month "L": cannot be read; allowed: 1-31; Kubernetes has no L, W or #
        0 0 15W * * | day of month "15W": cannot be read; allowed: 1-31; Kubernetes has no L, W or #
        0 0 * * 5L | day of week "5L": cannot be read; allowed: 0-6 (0 is Sunday) or SUN-SAT; Kubernetes has no L, W or #
        0 0 * * 1#2 | day of week "1#2": cannot be read; allowed: 0-6 (0 is Sunday) or SUN-SAT; Kubernetes has no L, W or #
        0 0 1 january * | month "january": cannot be read; allowed: 1-12 or JAN-DEC; names have three letters, as JAN or MON
        0 0 * * Tues | day of week "Tues": cannot be read; allowed: 0-6 (0 is Sunday) or SUN-SAT; names have three letters, as JAN or MON
        @reboot | "@reboot" is not known; allowed: @yearly @annually @monthly @weekly @daily @midnight @hourly @every; a CronJob cannot run at start-up, use a Job
        @Hourly | "@Hourly" is not known; allowed: @yearly @annually @monthly @weekly @daily @midnight @hourly @every; lower case only
        @every | "@every" is not known; allowed: @yearly @annually @monthly @weekly @daily @midnight @hourly @every; @every needs a duration, as in @every 90m
        @every 1d | @every "1d": not a duration; allowed: numbers with a unit (h m s ms us ns) such as 1h30m, 90s; no days
        TZ=UTC | the schedule has 0 fields, five are needed: minute hour day-of-month month day-of-week; only a time zone was found
        TZ=Nowhere/X 0 9 * * * | time zone "Nowhere/X" is not known; an IANA name such as Europe/Berlin or Etc/UTC is needed"#;
    for [expression, message] in rows(table) {
        assert_eq!(Schedule::parse(expression, None).expect_err(expression).to_string(), message);
    }
    assert!(Schedule::parse("@daily ", None).is_err(), "as the API server, which reads it without a zone in front");
}

#[test]
fn go_durations_are_read_as_go_reads_them() {
    let table = "
        90s | 90\n 1h30m | 5400\n 1.5h | 5400\n .5h | 1800\n 1.h | 3600\n 0 | 1\n 500ms | 1\n 1500ms | 1\n 2999ms | 2
        -5m | 1\n +5m | 300\n 3us | 1\n 3µs | 1\n 1000000000ns | 1\n 1m1m | 120\n 0.99999999999999999s | 1\n 2562047h | 9223369200";
    for [text, seconds] in rows(table) {
        assert_eq!(schedule(&format!("@every {text}")).plan, Plan::Every(seconds.parse().expect(seconds)), "{text}");
    }
    for text in ["", " 5m", "5", "5 m", "m", ".h", "--5m", "1..5h", "1.5.h", "1d", "1H", "2562048h", "+", "5m3", "1e3s"]
    {
        assert!(Schedule::parse(&format!("@every {text}"), None).is_err(), "{text:?}");
    }
}

#[test]
fn zones_are_chosen_as_the_controller_chooses_them() {
    let noon_utc = |expression: &str, zone| {
        let next = Schedule::parse(expression, zone).expect(expression).next_after(time("2026-01-01T00:00:00Z"));
        next.expect("daily").to_string()[11..16].to_owned()
    };
    assert_eq!(noon_utc("0 12 * * *", None), "12:00");
    assert_eq!(noon_utc("0 12 * * *", Some("Asia/Tokyo")), "03:00");
    assert_eq!(noon_utc("TZ=Asia/Tokyo 0 12 * * *", None), "03:00");
    assert_eq!(noon_utc("CRON_TZ=Asia/Tokyo   0 12 * * * ", Some("Europe/Berlin")), "03:00", "the prefix wins");
    assert_eq!(noon_utc("TZ= 0 12 * * *", Some("Europe/Berlin")), "12:00");
    assert_eq!(
        noon_utc("TZ=US/Eastern @daily ", None),
        "05:00",
        "old names are known, text is trimmed behind a prefix"
    );
    for (zone, hint) in [
        ("Europe/berlin", "; did you mean Europe/Berlin?"),
        ("utc", "; did you mean UTC?"),
        ("CEST", ""),
        ("../UTC", ""),
        ("Etc/Unknown", ""),
        ("", "; leave the field out for the controller's own zone"),
        ("Local", "; leave the field out for the controller's own zone"),
    ] {
        let error = Schedule::parse("TZ=UTC 0 12 * * *", Some(zone)).expect_err(zone);
        assert_eq!(error, ScheduleError::Zone { name: zone.to_owned(), hint: hint.to_owned() });
    }
}

// ---- the run to start --------------------------------------------------------------------------------------------

/// The last column was printed by the controller's own function (Kubernetes 1.36.3, robfig/cron 3.0.1, run with Go).
#[test]
fn the_run_to_start_is_the_one_the_controller_starts() {
    let table = "
        0 * * * *           | UTC              | 2026-11-20T10:00:00Z | 2026-11-20T10:00:30Z | nothing
        0 * * * *           | UTC              | 2026-11-20T10:00:00Z | 2026-11-20T11:00:00Z | 2026-11-20T11:00:00Z of 1
        0 * * * *           | UTC              | 2026-11-20T10:00:00Z | 2026-11-20T11:59:59Z | 2026-11-20T11:00:00Z of 1
        0 * * * *           | UTC              | 2026-11-20T10:00:10Z | 2026-11-20T15:01:00Z | 2026-11-20T15:00:00Z of 5
        0 * * * *           | UTC              | 2026-11-20T10:00:00Z | 2026-11-24T14:00:00Z | 2026-11-24T14:00:00Z of 100
        0 * * * *           | UTC              | 2026-11-20T10:00:00Z | 2026-11-24T15:00:00Z | 2026-11-24T15:00:00Z of 101
        * * * * *           | UTC              | 2025-11-20T10:00:00Z | 2026-11-20T10:00:30Z | 2026-11-20T10:00:00Z of 525600
        */5 * * * *         | UTC              | 2025-11-20T10:00:00Z | 2026-11-20T10:03:30Z | 2026-11-20T10:00:00Z of 105120
        0 2 * * *           | UTC              | 2026-10-20T02:00:00Z | 2026-11-20T10:00:00Z | 2026-11-20T02:00:00Z of 31
        0 9 * * 1-5         | UTC              | 2026-11-12T09:00:00Z | 2026-11-14T12:00:00Z | 2026-11-13T09:00:00Z of 1
        0 9 * * 1-5         | UTC              | 2026-11-12T09:00:00Z | 2026-11-16T12:00:00Z | 2026-11-16T09:00:00Z of 2
        0 9 * * 1-5         | UTC              | 2026-11-09T09:00:00Z | 2026-11-15T12:00:00Z | overlooked 6
        0 9 * * 1-5         | UTC              | 2026-11-13T09:00:00Z | 2026-11-17T12:00:00Z | 2026-11-17T09:00:00Z of 2
        30 10,11,12 * * 1-5 | UTC              | 2026-11-19T10:30:00Z | 2026-11-20T02:30:00Z | overlooked 16
        30 6-16/4 * * 1-5   | UTC              | 2026-11-19T10:30:00Z | 2026-11-20T10:31:00Z | 2026-11-20T10:30:00Z of 2
        30 6-16/4 * * 1-5   | UTC              | 2026-11-16T10:30:00Z | 2026-11-20T10:31:00Z | 2026-11-20T10:30:00Z of 6
        0 0 1 * *           | UTC              | 2025-12-01T00:00:00Z | 2026-11-20T10:00:00Z | 2026-11-01T00:00:00Z of 11
        0 0 29 2 *          | UTC              | 2024-02-29T00:00:00Z | 2026-11-20T10:00:00Z | nothing
        59 23 31 2 *        | UTC              | 2026-11-20T10:00:00Z | 2026-11-20T11:00:00Z | invalid
        @every 1h           | UTC              | 2026-11-20T10:01:00Z | 2026-11-27T10:00:00Z | 2026-11-27T09:01:00Z of 167
        @every 90m          | UTC              | 2026-11-20T10:00:00Z | 2026-11-20T11:29:59Z | nothing
        @every 90m          | UTC              | 2026-11-20T10:00:00Z | 2026-11-20T11:30:00Z | 2026-11-20T11:30:00Z of 1
        @every 90m          | UTC              | 2026-11-20T10:00:00Z | 2026-11-21T10:00:00Z | 2026-11-21T10:00:00Z of 16
        30 2 * * *          | Europe/Berlin    | 2026-03-28T01:30:00Z | 2026-03-29T12:00:00Z | nothing
        30 2 * * *          | Europe/Berlin    | 2026-10-24T00:30:00Z | 2026-10-25T12:00:00Z | overlooked 12
        0 0 * * 1           | America/New_York | 2026-11-02T05:00:00Z | 2026-11-20T12:00:00Z | 2026-11-16T05:00:00Z of 2
        * * * 1-6 *         | UTC              | 2026-06-30T23:58:00Z | 2027-02-01T00:00:00Z | 2027-02-01T00:00:00Z of 2";
    for [expression, zone, base, now, expected] in rows(table) {
        let missed =
            Schedule::parse(expression, Some(zone)).expect(expression).most_recent_missed(time(base), time(now));
        let shown = match missed {
            Missed::Start { run, estimate } => format!("{run} of {estimate}"),
            Missed::Overlooked { estimate } => format!("overlooked {estimate}"),
            Missed::Nothing => "nothing".to_owned(),
            Missed::Invalid => "invalid".to_owned(),
        };
        assert_eq!(shown, expected, "{expression} in {zone} from {base} at {now}");
        assert_eq!(missed.run().is_some(), matches!(missed, Missed::Start { .. }));
    }
}

#[test]
fn too_many_means_more_than_a_hundred_and_one_of_them_started() {
    let run = time("2026-11-20T10:00:00Z");
    assert!(!Missed::Start { run, estimate: 100 }.is_too_many());
    assert!(Missed::Start { run, estimate: 101 }.is_too_many());
    assert!(!Missed::Overlooked { estimate: 101 }.is_too_many());
}

#[test]
fn base_is_the_last_run_or_creation_but_not_before_the_deadline() {
    let (created, last, now) =
        (time("2026-11-01T00:00:00Z"), time("2026-11-20T09:00:00Z"), time("2026-11-20T10:00:00Z"));
    assert_eq!(base_time(created, None, None, now), created);
    assert_eq!(base_time(created, Some(last), None, now), last);
    assert_eq!(base_time(created, Some(last), Some(7200), now), last);
    assert_eq!(base_time(created, Some(last), Some(60), now), time("2026-11-20T09:59:00Z"));
    assert_eq!(base_time(created, None, Some(i64::MAX), now), created);
}

#[test]
fn next_run_keeps_the_rhythm_of_every() {
    let (every, base) = (schedule("@every 90m"), time("2026-11-20T10:00:00Z"));
    for (now, next) in [
        ("2026-11-20T10:00:00Z", "2026-11-20T11:30:00Z"),
        ("2026-11-20T11:29:59Z", "2026-11-20T11:30:00Z"),
        ("2026-11-20T11:30:00Z", "2026-11-20T13:00:00Z"),
        ("2026-11-21T10:00:00Z", "2026-11-21T11:30:00Z"),
    ] {
        assert_eq!(every.next_run(base, time(now)), Some(time(next)), "{now}");
    }
    let weekdays = schedule("0 9 * * 1-5");
    assert_eq!(
        weekdays.next_run(time("2026-11-09T09:00:00Z"), time("2026-11-15T12:00:00Z")),
        Some(time("2026-11-16T09:00:00Z"))
    );
    assert_eq!(schedule("0 0 30 2 *").next_run(base, base), None);
}

// ---- the description ---------------------------------------------------------------------------------------------

/// Read line by line by a person.
#[test]
fn descriptions_read_well() {
    let table = "
        * * * * *                   | every minute
        */5 * * * *                 | every 5 minutes
        2/5 * * * *                 | every 5 minutes from :02
        5/20 * * * *                | every 20 minutes from :05
        15,45 * * * *               | every 30 minutes from :15
        */7 * * * *                 | every 7 minutes from :00 of each hour
        */40 * * * *                | every hour at :00 and :40
        30-59 * * * *               | every hour at :30 to :59
        1,2,3,7,9 * * * *           | every hour at :01 to :03, :07 and :09
        0 * * * *                   | every hour at :00
        @hourly                     | every hour at :00
        15 * * * *                  | every hour at :15
        5,50 * * * *                | every hour at :05 and :50
        0 */2 * * *                 | every 2 hours from 00:00
        15 */6 * * *                | every 6 hours from 00:15
        0 1/6 * * *                 | every 6 hours from 01:00
        0 */12 * * *                | at 00:00 and 12:00, every day
        0 */5 * * *                 | at :00 in hours 00, 05, 10, 15 and 20, every day
        0 9-17 * * *                | every hour from 09:00 to 17:00, every day
        30 6-16/4 * * 1-5           | at 06:30, 10:30 and 14:30 on Monday to Friday
        * 3 * * *                   | every minute from 03:00 to 03:59, every day
        */10 3 * * *                | every 10 minutes from 03:00 to 03:50, every day
        * 3,5 * * *                 | every minute in hours 03 and 05, every day
        */30 1-3 * * *              | every 30 minutes from 01:00 to 03:30, every day
        */15 9-17 * * 1-5           | every 15 minutes from 09:00 to 17:45 on Monday to Friday
        7-59/15 9-17 * * *          | every 15 minutes from 09:07 to 17:52, every day
        */15 */2 * * *              | every 15 minutes in every 2nd hour from 00, every day
        1,2,3,7,9 4 * * *           | at :01 to :03, :07 and :09 in hour 04, every day
        0,30 9,17 * * *             | at 09:00, 09:30, 17:00 and 17:30, every day
        0 22-23,0-2 * * *           | at :00 in hours 00 to 02, 22 and 23, every day
        @daily                      | at 00:00, every day
        30 2 * * *                  | at 02:30, every day
        0 0,12 * * *                | at 00:00 and 12:00, every day
        30 9 * * 1-5                | at 09:30 on Monday to Friday
        @weekly                     | at 00:00 on Sunday
        0 9 * * 0,6                 | at 09:00 on Saturday and Sunday
        0 9 * * 1,3,5               | at 09:00 on Mon, Wed and Fri
        0 9 * * 1-6                 | at 09:00 on Monday to Saturday
        0 9 * * 0-5                 | at 09:00 on Monday to Friday and Sunday
        0 2 * * 0-6                 | at 02:00, every day
        */5 * * * 1-5               | every 5 minutes on Monday to Friday
        @monthly                    | at 00:00 on the 1st of each month
        0 0 1,15 * *                | at 00:00 on the 1st and 15th of each month
        0 0 1-7 * *                 | at 00:00 on the 1st to 7th of each month
        0 0 2,3,22,23,31 * *        | at 00:00 on the 2nd, 3rd, 22nd, 23rd and 31st of each month
        0 0 */2 * *                 | at 00:00 on odd days of each month
        0 0 2/2 * *                 | at 00:00 on even days of each month
        0 0 */3 * *                 | at 00:00 on every 3rd day from the 1st of each month
        0 0 */10 * *                | at 00:00 on the 1st, 11th, 21st and 31st of each month
        0 0 15-31 * *               | at 00:00 on the 15th to 31st of each month
        0 0 31 * *                  | at 00:00 on the 31st of months that have it
        0 0 29,30 * *               | at 00:00 on the 29th and 30th of months that have it
        @yearly                     | at 00:00 on the 1st of January
        0 4 29 2 *                  | at 04:00 on the 29th of February
        0 0 1 */3 *                 | at 00:00 on the 1st of Jan, Apr, Jul and Oct
        0 0 1 3-5 *                 | at 00:00 on the 1st of March to May
        0 0 31 4,5 *                | at 00:00 on the 31st of May
        0 0 31 4,6 *                | never
        0 0 13 * 5                  | at 00:00 on the 13th or on Friday
        0 0 */2 * 1                 | at 00:00 on odd days or on Monday
        0 0 1-7 * 1                 | at 00:00 on the 1st to 7th or on Monday
        0 0 1 6 1-5                 | at 00:00 on the 1st or on Monday to Friday, in June
        0 0 1 1-12/3 mon            | at 00:00 on the 1st or on Monday, in Jan, Apr, Jul and Oct
        0 0 31 4 1                  | at 00:00 on the 31st or on Monday, in April
        0 2 * 7 *                   | at 02:00, every day in July
        0 3 * 1,2,3,6,9 *           | at 03:00, every day in Jan to Mar, Jun and Sep
        */5 * * 6 *                 | every 5 minutes in June
        */5 * 1 6,7 *               | every 5 minutes on the 1st of Jun and Jul
        0 0 1-31 * 1                | at 00:00, every day
        @every 90m                  | every 1h30m, from the last planned run
        @every 36h                  | every 36h, from the last planned run
        @every -1h                  | every 1s, from the last planned run
        TZ=Asia/Tokyo 0 9 * * *     | at 09:00, every day";
    for [expression, expected] in rows(table) {
        assert_eq!(schedule(expression).describe(), expected, "{expression}");
    }
}

#[test]
fn common_schedules_are_said_in_forty_columns() {
    let common = "* * * * *|*/5 * * * *|*/15 * * * *|0 * * * *|30 * * * *|@hourly|0 */2 * * *|0 */6 * * *|0 0 * * *|30 2 * * *|\
        0 0,12 * * *|0 9 * * 1-5|30 9 * * MON-FRI|0 0 * * 0|0 3 * * 6|0 9 * * 1,3,5|0 0 1 * *|0 0 1 1 *|@yearly|0 0 13 * 5|\
        0 0 */2 * *|*/5 * * * 1-5|@every 90m|59 23 31 2 *|*/7 * * * *|0 0 1-7 * 1|0 4 29 2 *|15 10 * * 0,6";
    for expression in common.split('|') {
        let words = schedule(expression).describe();
        assert!(words.chars().count() <= 40, "{expression}: {words}");
    }
}

/// The proof that a description is never wrong: random schedules, their words read back by [`reading`], and both
/// compared for every minute of a day, every day of four years, and the first fire times.
#[test]
fn a_description_read_back_gives_the_same_times() {
    let mut dice = Dice(42);
    for _ in 0..ROUNDS {
        let expression = dice.expression();
        let schedule = schedule(&expression);
        let Plan::Calendar(calendar) = schedule.plan else { panic!("only calendars are thrown") };
        let words = schedule.describe();
        let start = time("2025-01-01T00:00:00Z");
        let Some(Reading { minutes, fits }) = reading(&words) else {
            assert!(words == "never" && schedule.is_never(start), "{expression}: {words}");
            continue;
        };
        let allowed =
            |&minute: &u32| calendar.hours >> (minute / 60) & 1 == 1 && calendar.minutes >> (minute % 60) & 1 == 1;
        assert_eq!(minutes, (0..1440).filter(allowed).collect(), "{expression}: {words}");
        for day in date(2025, 1, 1).series(jiff::Span::new().days(1)).take(1461) {
            let expected = calendar.months >> day.month() & 1 == 1 && calendar.fits_day(day);
            assert_eq!(fits(day), expected, "{expression}: {words}: {day}");
        }
        let days = date(2025, 1, 1).series(jiff::Span::new().days(1)).take(1461).filter(|day| fits(*day));
        let told = days.flat_map(|day| minutes.iter().map(move |minute| (day, *minute)));
        let fires = schedule.upcoming(time("2024-12-31T23:59:59Z"), 12).map(|fire| {
            let local = Offset::UTC.to_datetime(fire);
            (local.date(), local.hour() as u32 * 60 + local.minute() as u32)
        });
        let (told, fires): (Vec<_>, Vec<_>) = (told.take(12).collect(), fires.take(12).collect());
        assert_eq!(told, fires[..told.len()], "{expression}: {words}");
        assert!(told.len() >= 4.min(fires.len()) || words.contains("29th of February"), "{expression}: {words}");
    }
}

const ROUNDS: usize = 1200;

/// What a description says: minutes of the day, and which dates.
struct Reading {
    minutes: BTreeSet<u32>,
    fits: Box<dyn Fn(Date) -> bool>,
}

/// Reads a description as a person would, knowing nothing of the code that wrote it. None for "never".
fn reading(words: &str) -> Option<Reading> {
    if words == "never" {
        return None;
    }
    let month_at = words.rfind(" in ").filter(|at| words[at + 4..].starts_with(|c: char| c.is_ascii_uppercase()));
    let (rest, months) =
        month_at.map_or((words, None), |at| (words[..at].trim_end_matches(','), Some(&words[at + 4..])));
    let (times, days) = match rest.split_once(" on ") {
        Some((times, days)) => (times, Some(days)),
        None => (rest.strip_suffix(", every day").unwrap_or(rest), None),
    };
    let (days, of_months) = days.map_or((None, None), |days| match days.split_once(" of ") {
        Some((days, "each month" | "months that have it")) => (Some(days), None),
        Some((days, months)) => (Some(days), Some(months)),
        None => (Some(days), None),
    });
    let months: Option<BTreeSet<u32>> = months.or(of_months).map(|list| items(list, 12, month_number));
    let (numbers, weekdays) = match days.map(|days| days.split_once(" or on ").unwrap_or((days, ""))) {
        None => (None, None),
        Some((days, "")) if days.starts_with(|c: char| c.is_ascii_uppercase()) => (None, Some(days)),
        Some((days, "")) => (Some(days), None),
        Some((days, weekdays)) => (Some(days), Some(weekdays)),
    };
    let numbers = numbers.map(day_numbers);
    let weekdays: Option<BTreeSet<u32>> = weekdays.map(|list| items(list, 7, weekday_number));
    let fits = move |day: Date| {
        let by_number = numbers.as_ref().map(|set| set.contains(&(day.day() as u32)));
        let by_weekday = weekdays.as_ref().map(|set| set.contains(&(day.weekday().to_monday_one_offset() as u32)));
        let fits_day = if by_number.is_none() && by_weekday.is_none() {
            true
        } else {
            by_number == Some(true) || by_weekday == Some(true)
        };
        fits_day && months.as_ref().is_none_or(|set| set.contains(&(day.month() as u32)))
    };
    Some(Reading { minutes: minutes_of_day(times), fits: Box::new(fits) })
}

fn minutes_of_day(words: &str) -> BTreeSet<u32> {
    if let Some((minutes, hours)) = words.split_once(" in ") {
        let hours = hours_of_day(hours);
        return minutes_of_hour(minutes)
            .iter()
            .flat_map(|minute| hours.iter().map(move |hour| hour * 60 + minute))
            .collect();
    }
    if let Some((beat, (start, end))) =
        words.split_once(" from ").and_then(|(beat, span)| Some((beat, span.split_once(" to ")?)))
    {
        let step = match beat {
            "every minute" => 1,
            "every hour" => 60,
            beat => number(beat),
        };
        return (clock_minute(start)..=clock_minute(end)).step_by(step as usize).collect();
    }
    if let Some((step, start)) = words.strip_prefix("every ").and_then(|rest| rest.split_once(" hours from ")) {
        assert!(24 % number(step) == 0 && clock_minute(start) < 60 * number(step), "evenly round the clock: {words}");
        return (clock_minute(start)..1440).step_by(60 * number(step) as usize).collect();
    }
    match words.strip_prefix("at ") {
        Some(list) => items(list, 1440, clock_minute),
        None => {
            let minutes = minutes_of_hour(words.strip_prefix("every hour ").unwrap_or(words));
            (0..1440).filter(|minute| minutes.contains(&(minute % 60))).collect()
        }
    }
}

fn minutes_of_hour(words: &str) -> BTreeSet<u32> {
    let of_minute = |text: &str| text.strip_prefix(':').expect("a minute such as :05").parse().expect("digits");
    if let Some(list) = words.strip_prefix("at ") {
        return items(list, 60, of_minute);
    }
    let (beat, start) = words.split_once(" from ").unwrap_or((words, ":00"));
    let step = if beat == "every minute" { 1 } else { number(beat) };
    let (start, restarts) = start.strip_suffix(" of each hour").map_or((start, false), |start| (start, true));
    let start: u32 = of_minute(start);
    assert!(restarts || 60 % step == 0 && start < step, "evenly across the hour: {words}");
    (start..60).step_by(step as usize).collect()
}

fn hours_of_day(words: &str) -> BTreeSet<u32> {
    match words.strip_prefix("every ").and_then(|rest| rest.split_once(" hour from ")) {
        Some((step, start)) => (number(start)..24).step_by(number(step) as usize).collect(),
        None => items(words.trim_start_matches("hours ").trim_start_matches("hour "), 24, number),
    }
}

fn day_numbers(words: &str) -> BTreeSet<u32> {
    match words.split_once(" day from the ") {
        Some((step, start)) => (number(start)..32).step_by(number(step) as usize).collect(),
        None if words == "odd days" => (1..32).step_by(2).collect(),
        None if words == "even days" => (2..32).step_by(2).collect(),
        None => items(words.strip_prefix("the ").expect("the 1st"), 32, number),
    }
}

/// "a, b to c and d", each read by `value`.
fn items(list: &str, limit: u32, value: impl Fn(&str) -> u32) -> BTreeSet<u32> {
    let mut set = BTreeSet::new();
    for item in list.replace(" and ", ", ").split(", ") {
        let (start, end) = item.split_once(" to ").unwrap_or((item, item));
        assert!(value(start) <= value(end) && value(end) <= limit, "a rising range: {list}");
        set.extend(value(start)..=value(end));
    }
    set
}

/// The digits in "every 5 minutes", "2nd", "09".
fn number(words: &str) -> u32 {
    words.chars().filter(char::is_ascii_digit).collect::<String>().parse().expect(words)
}

fn clock_minute(text: &str) -> u32 {
    let (hour, minute) = text.split_once(':').expect("a time such as 09:30");
    hour.parse::<u32>().expect(text) * 60 + minute.parse::<u32>().expect(text)
}

fn month_number(name: &str) -> u32 {
    let starts = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    starts.iter().position(|start| name.starts_with(start)).expect(name) as u32 + 1
}

/// Monday is 1, Sunday is 7.
fn weekday_number(name: &str) -> u32 {
    let starts = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    starts.iter().position(|start| name.starts_with(start)).expect(name) as u32 + 1
}

/// Throws valid expressions, the same ones in every run (an xorshift generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn within(&mut self, min: u64, max: u64) -> u64 {
        min + self.below(max - min + 1)
    }

    fn expression(&mut self) -> String {
        let [minute, hour, day, month, weekday] = [(0, 59, 2), (0, 23, 3), (1, 31, 6), (1, 12, 6), (0, 6, 5)]
            .map(|(min, max, open)| self.field(min, max, open));
        format!("{minute} {hour} {day} {month} {weekday}")
    }

    /// A star in `open` of ten cases, else one to three items; now and then an empty list.
    fn field(&mut self, min: u64, max: u64, open: u64) -> String {
        if self.below(10) < open {
            return "*".to_owned();
        }
        let count = [1, 1, 1, 1, 2, 3, 3].get(self.below(7) as usize).copied().unwrap_or(1);
        let items: Vec<String> = (0..count).map(|_| self.item(min, max)).collect();
        if self.below(60) == 0 { ",".to_owned() } else { items.join(",") }
    }

    fn item(&mut self, min: u64, max: u64) -> String {
        let (one, other) = (self.within(min, max), self.within(min, max));
        let step = self.within(1, (max / 2).max(2));
        match self.below(8) {
            0 => format!("*/{step}"),
            1 => format!("{one}/{step}"),
            2 => format!("{}-{}", one.min(other), one.max(other)),
            3 => format!("{}-{}/{}", one.min(other), one.max(other), self.within(1, 4)),
            _ => format!("{one}"),
        }
    }
}
