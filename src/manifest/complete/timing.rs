//! When the CronJob of a text runs, as it is written: its schedule and its time zone.

use super::super::outline::{Levels, Row, rows};
use super::super::path::Path;
use super::{Part, spot};

/// `spec.schedule` and `spec.timeZone` of a CronJob, where the cursor is on one of the two; None elsewhere.
pub fn timing_at<L: AsRef<str>>(lines: &[L], line: usize, column: usize) -> Option<(String, Option<String>)> {
    let rows = rows(lines);
    let spot = spot(lines, &rows, line, column);
    let [schedule, zone] = ["spec.schedule", "spec.timeZone"].map(Path::parse);
    let here = if spot.part == Part::Value { spot.path } else { spot.path.key(&spot.key) };
    if spot.kind != "CronJob" || ![&schedule, &zone].contains(&&here) {
        return None;
    }
    let first = rows.iter().take(line).rposition(|row| *row == Row::Mark).map_or(0, |at| at + 1);
    let mut levels = Levels::default();
    let (mut found, mut found_zone) = (String::new(), None);
    for row in rows[first..].iter().take_while(|row| **row != Row::Mark) {
        let Row::Entry(entry) = row else { continue };
        levels.enter(entry);
        let path = levels.path();
        let value = || entry.text.trim_matches(['"', '\'']).to_owned();
        if path == schedule {
            found = value();
        } else if path == zone {
            found_zone = Some(value()).filter(|_| !matches!(entry.text.as_str(), "" | "null" | "~"));
        }
    }
    Some((found, found_zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
kind: ConfigMap
---
apiVersion: batch/v1
kind: CronJob
spec:
  jobTemplate:
    spec: {schedule: x}
  timeZone: 'Europe/Berlin' # local
  schedule: \"0 2 * * *\"
---
kind: CronJob
spec:
  schedule: \"1 2 3 4 5\"
";

    fn at(line: usize, column: usize) -> Option<(String, Option<String>)> {
        timing_at(&TEXT.lines().collect::<Vec<_>>(), line, column)
    }

    #[test]
    fn schedule_and_zone_are_those_of_the_cursors_document() {
        let first = Some(("0 2 * * *".to_owned(), Some("Europe/Berlin".to_owned())));
        for (line, column) in [(7, 0), (7, 4), (7, 14), (7, 33), (8, 0), (8, 12), (8, 23)] {
            assert_eq!(at(line, column), first, "{line}:{column}");
        }
        assert_eq!(at(12, 14), Some(("1 2 3 4 5".to_owned(), None)));
    }

    #[test]
    fn elsewhere_there_is_none() {
        for (line, column) in [(0, 3), (3, 7), (4, 2), (6, 12), (9, 1)] {
            assert_eq!(at(line, column), None, "{line}:{column}");
        }
        let job = ["kind: Job", "spec:", "  schedule: x"];
        assert_eq!(timing_at(&job, 2, 5), None);
    }

    #[test]
    fn a_zone_that_is_empty_is_none() {
        let zone = |value: &str| {
            let lines = ["kind: CronJob".to_owned(), "spec:".to_owned(), format!("  timeZone: {value}")];
            timing_at(&lines, 2, 4).unwrap().1
        };
        assert_eq!([zone(""), zone("null"), zone("~"), zone("\"\"")], [None, None, None, Some(String::new())]);
    }
}
