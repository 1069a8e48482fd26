//! Jobs whose end a person waits for, to be called when it comes.

use std::borrow::Cow;

use crate::model::clock::short_duration;
use crate::model::job::Job;
use crate::model::key::{Kind, Uid};
use crate::model::meta::Object;
use crate::model::snapshot::Freshness;

use super::{App, Effect};

impl App {
    /// How many Jobs' ends are waited for.
    pub fn awaited(&self) -> usize {
        self.awaited.len()
    }

    /// Whether the marked Jobs, or the one under the cursor, can be waited for, or be waited for no more.
    pub(super) fn may_await(&self, is_wanted: bool) -> Result<(), Cow<'static, str>> {
        let jobs = self.jobs_meant();
        if jobs.is_empty() {
            return Err("it works on Jobs".into());
        }
        match jobs
            .iter()
            .any(|job| self.awaited.contains_key(&job.meta.uid) != is_wanted && (!is_wanted || !job.is_finished()))
        {
            true => Ok(()),
            false if is_wanted && jobs.iter().all(|job| job.is_finished()) => Err("it has ended".into()),
            false if is_wanted => Err("its end is waited for already".into()),
            false => Err("its end is not waited for".into()),
        }
    }

    /// Waits for the ends of the marked Jobs, or of the one under the cursor; or no more.
    pub(super) fn await_end(&mut self, is_wanted: bool) {
        let meant: Vec<_> = self.jobs_meant().iter().map(|job| (job.meta.uid, job.key().to_string())).collect();
        let mut names = Vec::new();
        for (uid, name) in meant {
            let is_running = self.snapshot.jobs.get(uid).is_some_and(|job| !job.is_finished());
            let is_changed = match is_wanted {
                true => is_running && self.awaited.insert(uid, name.clone()).is_none(),
                false => self.awaited.remove(&uid).is_some(),
            };
            names.extend(is_changed.then_some(name));
            self.marks.remove(&uid);
        }
        let names = match &names[..] {
            [name] => name.clone(),
            many => format!("{} Jobs", many.len()),
        };
        self.notice = Some(match is_wanted {
            true => format!("you will be called when {names} ends"),
            false => format!("you will not be called when {names} ends"),
        });
        self.mark_dirty();
    }

    /// The marked Jobs, else the one under the cursor.
    fn jobs_meant(&self) -> Vec<&Job> {
        if self.focus.kind() != Some(Kind::Job) {
            return Vec::new();
        }
        let mut uids: Vec<Uid> = self.marked().collect();
        if uids.is_empty() {
            uids.extend(self.object_under_cursor().map(|(_, uid)| uid));
        }
        uids.into_iter().filter_map(|uid| self.snapshot.jobs.get(uid)).collect()
    }

    /// Another session begins, which may not list what is waited for.
    pub(super) fn forget_awaited(&mut self) {
        let names: Vec<String> = std::mem::take(&mut self.awaited).into_values().collect();
        if !names.is_empty() {
            self.notice = Some(format!("you will not be called any more when these end: {}", names.join(", ")));
        }
    }

    /// Calls the person for each Job that has ended, and for those that are gone without an end that was seen.
    pub(super) fn call_for_ended(&mut self) -> Vec<Effect> {
        if self.awaited.is_empty() {
            return Vec::new();
        }
        let is_known = *self.snapshot.freshness(Kind::Job) == Freshness::Live;
        let mut told: Vec<(Uid, String)> = Vec::new();
        for (uid, name) in &self.awaited {
            match self.snapshot.jobs.get(*uid) {
                Some(job) => told.extend(ended(job).map(|words| (*uid, format!("{name} {words}")))),
                None if is_known => told.push((*uid, format!("{name} was deleted before its end was seen"))),
                None => {}
            }
        }
        let tell = |(uid, words): (Uid, String)| {
            self.awaited.remove(&uid);
            self.notice = Some(words.clone());
            Effect::Notify(words)
        };
        let effects: Vec<Effect> = told.into_iter().map(tell).collect();
        if !effects.is_empty() {
            self.mark_dirty();
        }
        effects
    }
}

/// How a Job ended, in words; None where it runs on.
fn ended(job: &Job) -> Option<String> {
    let took =
        job.started.zip(job.ended()).map(|(from, to)| format!(" after {}", short_duration(to.seconds_since(from))));
    let took = took.unwrap_or_default();
    match (job.is_complete(), job.condition("Failed")) {
        (true, _) => Some(format!("is complete{took}")),
        (false, Some(failed)) => Some(format!("failed{took}: {}", failed.reason)),
        (false, None) => None,
    }
}
