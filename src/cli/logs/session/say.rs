//! What a reading says on stderr, beside the lines: where runs begin and end, why nothing runs, what is wrong with a watch.

use std::io::Write;

use tokio::time::Instant;

use super::super::outcome::{Ending, end_of, name_of, why_it_waits};
use super::{Session, WAIT, unwritten};
use crate::cli::tell;
use crate::model::log::LogRun;
use crate::model::owner::Subject;
use crate::model::snapshot::Freshness;

impl<W: Write> Session<W> {
    /// The first line of a run is about to be written.
    pub(super) fn say_begin(&mut self, log: usize) -> Result<(), Ending> {
        let Some(source) = self.merge.source(log) else { return Ok(()) };
        let is_one_of_many = self.wanted.is_followed && self.runs.len() > 1;
        let Some(progress) = self.runs.get_mut(source) else { return Ok(()) };
        let is_first = !std::mem::replace(&mut progress.has_begun, true);
        if is_first && is_one_of_many {
            let words = format!("{} began", name_of(source));
            self.say(&words)?;
        }
        Ok(())
    }

    /// Says of runs that were read how they ended: where there are several, and where one failed.
    pub(super) fn say_ends(&mut self, runs: &[LogRun]) -> Result<(), Ending> {
        for run in runs {
            let is_one_of_many = self.runs.len() > 1;
            let Some(progress) = self.runs.get_mut(&run.source) else { continue };
            if let Some((words, is_bad)) = end_of(run)
                && progress.is_read
                && !std::mem::replace(&mut progress.is_told, true)
                && (is_bad || is_one_of_many)
            {
                self.say(&words)?;
            }
        }
        // A CronJob may be followed for months: what is gone need not be known.
        let pods = &self.snapshot.pods;
        self.runs.retain(|source, progress| !progress.is_read || pods.get(source.pod).is_some());
        Ok(())
    }

    /// Says why nothing runs, where that has changed and holds.
    pub(super) fn say_why(&mut self, subject: Subject) -> Result<(), Ending> {
        let why = match self.merge.is_empty() {
            true => why_it_waits(&self.snapshot, subject, self.clock.now()),
            false => String::new(),
        };
        if why != self.why.0 {
            self.why = (why, Instant::now(), false);
        }
        let (why, since, is_told) = &mut self.why;
        if why.is_empty() || since.elapsed() < WAIT || std::mem::replace(is_told, true) {
            return Ok(());
        }
        let words = format!("{} waits: {why}", self.name);
        self.say(&words)
    }

    /// Says what is wrong with a watch, where that has changed.
    pub(super) fn look_at_link(&mut self) -> Result<(), Ending> {
        let needs = self.wanted.reference.scope().needs();
        let broken = needs.iter().find_map(|kind| match self.snapshot.freshness(*kind) {
            Freshness::Stale { failure, .. } => Some(failure.message.clone()),
            _ => None,
        });
        match broken {
            Some(message) => self.say_of_link(&message),
            None => {
                self.told_link.clear();
                Ok(())
            }
        }
    }

    pub(super) fn say_of_link(&mut self, message: &str) -> Result<(), Ending> {
        if self.told_link != message {
            self.told_link = message.to_owned();
            self.say(&format!("{message}; it is tried again"))?;
        }
        Ok(())
    }

    /// Says a sentence on stderr, behind the lines before it.
    pub(super) fn say(&mut self, words: &str) -> Result<(), Ending> {
        self.printer.flush().map_err(|error| unwritten(&error))?;
        tell(words);
        Ok(())
    }

    /// Says something of the object when everything is written.
    pub(super) fn say_unflushed(&self, words: &str) {
        tell(&format!("{} {words}", self.name));
    }
}
