//! Which runs of which containers are wanted of what is known, and where the reading of each begins and ends.

use std::collections::BTreeSet;
use std::io::Write;

use compact_str::CompactString;

use super::super::outcome::Ending;
use super::{LOGS, Progress, Session};
use crate::cluster::logs::Until;
use crate::model::log::{Follow, LogRun, LogSource, LogStart};
use crate::model::owner::Subject;
use crate::model::pod::ContainerState;

impl<W: Write> Session<W> {
    /// The runs whose logs are wanted, oldest first.
    pub(super) fn wanted_runs(&self, subject: Subject) -> Result<Vec<LogRun>, Ending> {
        let mut runs = self.snapshot.log_runs(subject);
        if let Some(name) = &self.wanted.container {
            let pods = self.snapshot.pods_of_subject(subject);
            let containers = || pods.iter().flat_map(|pod| &pod.containers).map(|container| &container.name);
            if !pods.is_empty() && !containers().any(|one| one == name) {
                let there: BTreeSet<&str> = containers().map(CompactString::as_str).collect();
                let there: Vec<&str> = there.into_iter().collect();
                let message = format!("{} has no container {name}", self.name);
                return Err(Ending::Refused(message, format!("there is {}", there.join(", "))));
            }
            runs.retain(|run| run.source.container == *name);
        }
        if self.wanted.is_previous {
            runs.retain(|run| run.is_previous || self.is_between_runs(&run.source));
        }
        runs.sort_by_key(|run| run.started);
        Ok(runs)
    }

    /// The container ended and waits for its next start: its last run is the one before.
    fn is_between_runs(&self, source: &LogSource) -> bool {
        let pod = self.snapshot.pods.get(source.pod);
        let mut containers = pod.into_iter().flat_map(|pod| &pod.containers);
        containers.any(|one| one.name == source.container && matches!(one.state, ContainerState::Waiting { .. }))
    }

    /// Opens the logs of runs that are new, as far as there is room.
    pub(super) fn open(&mut self, runs: &[LogRun]) {
        let is_first = self.runs.is_empty();
        self.unopened = 0;
        for run in runs {
            if self.runs.contains_key(&run.source) {
                continue;
            }
            let is_too_old = |since| run.end.as_ref().and_then(|end| end.finished).is_some_and(|end| end < since);
            if self.wanted.since.is_some_and(is_too_old) {
                self.runs.insert(run.source.clone(), Progress { is_read: true, is_told: true, has_begun: true });
                continue;
            }
            if self.merge.len() >= LOGS {
                self.unopened += 1;
                continue;
            }
            let start = match (self.wanted.tail, self.wanted.since) {
                (Some(lines), _) if is_first => LogStart::Tail(lines),
                (_, Some(time)) => LogStart::Since(time),
                _ => LogStart::First,
            };
            let until = if self.wanted.is_followed { Until::ContainerEnds } else { Until::Now };
            let follow = Follow { source: run.source.clone(), is_previous: run.is_previous, start, stream: 0 };
            self.printer.expect(&run.source);
            self.merge.add(run.source.clone(), self.engine.read_log(follow, until));
            self.runs.insert(run.source.clone(), Progress::default());
        }
    }
}
