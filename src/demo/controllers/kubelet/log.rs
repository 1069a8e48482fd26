//! The logs of containers: texts of `assets/demo/logs`, written line by line while their containers run.

use serde_json::Value;

use super::{Unit, plan, units};
use crate::demo::controllers::World;
use crate::demo::controllers::behaviour::Plan;
use crate::demo::controllers::object::{name, namespace, text};
use crate::model::clock::Time;

/// Nanoseconds between lines that belong together, and from the full second to the first line.
const STEP_NANOS: i64 = 1_000_000;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;

/// Writes what the pod's running containers have to say until now.
pub(in crate::demo::controllers) fn write_logs(world: &mut World<'_>, path: &str) {
    let Some(mut pod) = world.store.get(path).cloned() else { return };
    for unit in units(&mut pod) {
        if let Some(since) = unit.running_since() {
            let (plan, now) = (plan(world, &pod, &unit), world.now);
            write(world, &pod, &unit, &plan, since, now);
        }
    }
}

/// Writes the lines of a run that are due by `until` and were not written yet.
pub(super) fn write(world: &mut World<'_>, pod: &Value, unit: &Unit, plan: &Plan, since: Time, until: Time) {
    let Some(lines) = plan.log.as_deref().and_then(log_text).map(|text| text.lines().collect::<Vec<_>>()) else {
        return;
    };
    let (namespace, pod_name, container) = (namespace(pod), name(pod), unit.name());
    let written = world.store.log(namespace, pod_name, container).last();
    let written = written.and_then(|line| Time::parse(line.split(' ').next()?)).filter(|last| *last >= since);
    let index = text(&pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]);
    for (at, line) in due(&lines, plan, since, written, until) {
        let words = line.replace("{index}", index).replace("{pod}", pod_name).replace("{time}", &at.to_string());
        world.store.write_log(namespace, pod_name, container, &format!("{} {words}", nanos(at)));
    }
}

/// The lines after `written` and not after `until`, each with its time.
fn due<'a>(lines: &[&'a str], plan: &Plan, since: Time, written: Option<Time>, until: Time) -> Vec<(Time, &'a str)> {
    let is_due = |at: Time| written.is_none_or(|last| at > last) && at <= until;
    let start = since.nanos() + STEP_NANOS;
    if let Some(every) = plan.every.filter(|every| *every > 0) {
        let pace = every * SECOND;
        let first = written.map_or(0, |last| (last.nanos() - start) / pace);
        let numbers = (first..).map(|number| (Time::from_nanos(start + number * pace), number));
        let numbers = numbers.take_while(|(at, _)| *at <= until).filter(|(at, _)| is_due(*at));
        return numbers.map(|(at, number)| (at, lines[number as usize % lines.len().max(1)])).collect();
    }
    // Lines that begin with a blank belong to the one before, as those of a stack trace do.
    let heads = lines.iter().filter(|line| !line.starts_with(' ')).count().max(2) as i64;
    let span = (plan.run.unwrap_or(60) * SECOND - 2 * STEP_NANOS * lines.len() as i64).max(0);
    let (mut head, mut beside) = (-1, 0);
    let mut found = Vec::new();
    for line in lines {
        (head, beside) = if line.starts_with(' ') { (head.max(0), beside + 1) } else { (head + 1, 0) };
        let at = Time::from_nanos(start + span / (heads - 1) * head + beside * STEP_NANOS);
        if is_due(at) {
            found.push((at, *line));
        }
    }
    found
}

/// A time as the kubelet writes it before a line: always nine digits.
fn nanos(time: Time) -> String {
    format!("{:.9}", time.to_timestamp())
}

/// The texts by their names.
fn log_text(name: &str) -> Option<&'static str> {
    LOGS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

macro_rules! logs {
    ($($name:literal),* $(,)?) => {
        const LOGS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../assets/demo/logs/", $name, ".log")))),*];
    };
}

logs![
    "backup",
    "compact-json",
    "etl-0410",
    "etl-0411",
    "etl-0412",
    "export",
    "ledger",
    "probe",
    "proxy",
    "purge",
    "rates",
    "rates-slow",
    "report",
    "report-trace",
    "reprice",
    "rerank",
    "rotate",
    "settle",
    "settle-fail",
    "shard",
    "shard-bad",
    "sync-json",
    "train",
    "transcode",
    "upload",
    "vacuum",
    "verify",
];
