//! Which rows each list shows, in which order: what is wrong first, the newest first within each level.

use std::cmp::Reverse;

use crate::command::Pane;
use crate::model::clock::Time;
use crate::model::key::{Kind, Uid};
use crate::model::meta::{Meta, Object};
use crate::model::state::{Level, State, cronjob_state, job_state, pod_state};

use super::App;
use super::list::ListState;

/// A row on its way into a list.
struct Candidate<'a> {
    meta: &'a Meta,
    state: State,
    newest: Option<Time>,
}

impl App {
    /// Makes the rows of all lists anew where data changed. Order matters: Pods follow the cursor of Jobs.
    pub(super) fn refresh_rows(&mut self) {
        if std::mem::take(&mut self.is_dirty) {
            self.refresh_cronjobs();
            self.refresh_jobs();
        }
        self.refresh_pods();
        self.refresh_events();
    }

    /// The rows of a list must be made anew.
    pub(super) fn mark_dirty(&mut self) {
        self.is_dirty = true;
    }

    fn refresh_cronjobs(&mut self) {
        let snapshot = &self.snapshot;
        let all = snapshot.cronjobs.iter().map(|one| Candidate {
            meta: one.meta(),
            state: cronjob_state(snapshot, one),
            newest: one.last_schedule.or(one.meta.created),
        });
        let (rows, total) = chosen(&self.cronjobs, all);
        let is_settled = !self.is_loading(Kind::CronJob);
        self.cronjobs.set_rows(rows, total, is_settled);
    }

    fn refresh_jobs(&mut self) {
        let snapshot = &self.snapshot;
        let opened = self.opened.map(|subject| subject.uid);
        let inside =
            snapshot.jobs.iter().filter(|job| opened.is_none() || job.meta.owner.map(|owner| owner.uid) == opened);
        let all =
            inside.map(|one| Candidate { meta: one.meta(), state: job_state(snapshot, one), newest: one.meta.created });
        let (rows, total) = chosen(&self.jobs, all);
        let is_settled = !self.is_loading(Kind::Job);
        self.jobs.turn_to(self.opened);
        self.jobs.set_rows(rows, total, is_settled);
    }

    fn refresh_pods(&mut self) {
        let pods = self.parent().map(|parent| self.snapshot.pods_of_subject(parent)).unwrap_or_default();
        let all =
            pods.into_iter().map(|one| Candidate { meta: one.meta(), state: pod_state(one), newest: one.meta.created });
        let (rows, total) = chosen(&self.pods, all);
        let is_settled = !self.is_loading(Kind::Pod);
        let parent = self.parent();
        self.pods.turn_to(parent);
        self.pods.set_rows(rows, total, is_settled);
    }

    /// Events are in order of time alone: they tell what happened.
    fn refresh_events(&mut self) {
        let mut events = self.subject().map(|subject| self.snapshot.events_of_subject(subject)).unwrap_or_default();
        let total = events.len();
        let list = &self.events;
        events.retain(|event| {
            let is_shown = !list.faults_only || event.is_warning;
            is_shown && list.filter.matches([event.reason.as_str(), &event.note, &event.about_name])
        });
        events.sort_by_key(|event| (Reverse(event.last), Reverse(event.version), event.meta.uid));
        let rows = events.into_iter().map(Object::uid).collect();
        // Whoever has not moved the cursor wants to see the newest.
        let subject = self.subject();
        self.events.turn_to(subject);
        self.events.set_rows(rows, total, false);
    }

    /// Objects that are broken or warn, in the lists of CronJobs and Jobs.
    pub fn problems(&self) -> usize {
        let is_problem = |level: Level| level <= Level::Warning;
        let cronjobs = self.snapshot.cronjobs.iter().filter(|one| is_problem(cronjob_state(&self.snapshot, one).level));
        let jobs = self.snapshot.jobs.iter().filter(|one| is_problem(job_state(&self.snapshot, one).level));
        cronjobs.count() + jobs.count()
    }

    /// The title of a pane says whose rows it shows; None for the lists that follow the cluster.
    pub fn whose(&self, pane: Pane) -> Option<String> {
        match pane {
            Pane::CronJobs => None,
            Pane::Jobs => self.opened.map(|opened| self.name_of(Some(opened))),
            Pane::Pods => Some(self.name_of(self.parent())),
            Pane::Events | Pane::Logs => Some(self.name_of(self.subject())),
        }
    }
}

/// The UIDs that a list shows, in order, and how many there are without its filter.
fn chosen<'a>(list: &ListState, all: impl Iterator<Item = Candidate<'a>>) -> (Vec<Uid>, usize) {
    let mut total = 0;
    let mut shown: Vec<Candidate<'a>> = all
        .inspect(|_| total += 1)
        .filter(|row| !list.faults_only || row.state.level <= Level::Warning)
        .filter(|row| list.filter.matches([row.meta.name.as_str(), &row.meta.namespace, &row.state.word]))
        .collect();
    shown.sort_by(|a, b| {
        let order = a.state.level.cmp(&b.state.level).then(b.newest.cmp(&a.newest));
        order.then_with(|| a.meta.name.cmp(&b.meta.name)).then(a.meta.uid.cmp(&b.meta.uid))
    });
    (shown.into_iter().map(|row| row.meta.uid).collect(), total)
}
