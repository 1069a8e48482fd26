//! Which rows each list shows, in which order: what is wrong first, the newest first within each level.

use std::cmp::Reverse;

use crate::command::Pane;
use crate::model::cronjob::CronJob;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, Uid};
use crate::model::meta::{Meta, Object};
use crate::model::state::{Level, State, cronjob_state, job_state, pod_state};

use super::App;
use super::fields::{Fields, RowRef};
use super::list::ListState;
use super::ranking::Rank;

impl App {
    /// Brings the rows of all lists up to date. Order matters: Pods follow the cursor of Jobs.
    pub(super) fn refresh_rows(&mut self) {
        self.refresh_rankings();
        let is_dirty = std::mem::take(&mut self.is_dirty);
        if is_dirty {
            self.refresh_cronjobs();
            self.refresh_jobs();
        }
        if is_dirty || !self.pods.is_of(self.parent()) {
            self.refresh_pods();
        }
        if is_dirty || !self.events.is_of(self.subject()) {
            self.refresh_events();
        }
    }

    /// The rows of a list must be made anew.
    pub(super) fn mark_dirty(&mut self) {
        self.is_dirty = true;
    }

    /// Ranks what was touched since the last time.
    fn refresh_rankings(&mut self) {
        let snapshot = &self.snapshot;
        let mut touched = std::mem::take(&mut self.touched);
        if touched.is_all {
            touched.cronjobs = snapshot.cronjobs.iter().map(Object::uid).collect();
            touched.jobs = snapshot.jobs.iter().map(Object::uid).collect();
        }
        for uids in [&mut touched.cronjobs, &mut touched.jobs] {
            uids.sort_unstable();
            uids.dedup();
        }
        let rank = |meta: &Meta, state: State, newest| Rank {
            level: state.level,
            newest: Reverse(newest),
            name: meta.name.clone(),
            uid: meta.uid,
        };
        let rank_cronjob =
            |one: &CronJob| rank(&one.meta, cronjob_state(snapshot, one), one.last_schedule.or(one.meta.created));
        let rank_job = |one: &Job| rank(&one.meta, job_state(snapshot, one), one.meta.created);
        self.cronjob_ranking
            .update(touched.cronjobs.into_iter().map(|uid| (uid, snapshot.cronjobs.get(uid).map(rank_cronjob))));
        self.job_ranking.update(touched.jobs.into_iter().map(|uid| (uid, snapshot.jobs.get(uid).map(rank_job))));
    }

    fn refresh_cronjobs(&mut self) {
        let ranked = self.cronjob_ranking.iter();
        let rows = ranked.filter_map(|rank| Some((rank.level, RowRef::CronJob(self.snapshot.cronjobs.get(rank.uid)?))));
        let rows = self.chosen(&self.cronjobs, rows);
        let is_settled = !self.is_loading(Kind::CronJob);
        self.cronjobs.set_rows(rows, self.snapshot.cronjobs.len(), is_settled);
    }

    fn refresh_jobs(&mut self) {
        let opened = self.opened.map(|subject| subject.uid);
        let is_inside = |job: &&Job| opened.is_none() || job.meta.owner_uid() == opened;
        let rows = self.job_ranking.iter().filter_map(|rank| {
            let job = self.snapshot.jobs.get(rank.uid).filter(is_inside)?;
            Some((rank.level, RowRef::Job(job)))
        });
        let rows = self.chosen(&self.jobs, rows);
        let total = opened.map_or(self.snapshot.jobs.len(), |owner| self.snapshot.relations.jobs.of(owner).len());
        let is_settled = !self.is_loading(Kind::Job);
        self.jobs.turn_to(self.opened);
        self.jobs.set_rows(rows, total, is_settled);
    }

    fn refresh_pods(&mut self) {
        let parent = self.parent();
        let pods = parent.map(|parent| self.snapshot.pods_of_subject(parent)).unwrap_or_default();
        let total = pods.len();
        let mut ranked: Vec<(Level, RowRef<'_>)> =
            pods.into_iter().map(|pod| (pod_state(pod).level, RowRef::Pod(pod))).collect();
        // They come newest first, and the sort is stable.
        ranked.sort_by_key(|(level, _)| *level);
        let rows = self.chosen(&self.pods, ranked.into_iter());
        let is_settled = !self.is_loading(Kind::Pod);
        self.pods.turn_to(parent);
        self.pods.set_rows(rows, total, is_settled);
    }

    /// Events are in order of time alone: they tell what happened.
    fn refresh_events(&mut self) {
        let subject = self.subject();
        let mut events = subject.map(|subject| self.snapshot.events_of_subject(subject)).unwrap_or_default();
        let total = events.len();
        events.sort_by_key(|event| (Reverse(event.last), Reverse(event.version), event.meta.uid));
        let level = |event: &Event| if event.is_warning { Level::Warning } else { Level::Done };
        let rows = self.chosen(&self.events, events.into_iter().map(|event| (level(event), RowRef::Event(event))));
        // Whoever has not moved the cursor wants to see the newest.
        self.events.turn_to(subject);
        self.events.set_rows(rows, total, false);
    }

    /// The rows that a list shows, of those that come in its own order.
    fn chosen<'a>(&'a self, list: &ListState, rows: impl Iterator<Item = (Level, RowRef<'a>)>) -> Vec<Uid> {
        let fields = |row| Fields { snapshot: &self.snapshot, now: self.now, row };
        let rows = rows.filter(|(level, _)| !list.faults_only || *level <= Level::Warning);
        let rows = rows.map(|(_, row)| fields(row)).filter(|row| list.filter.matches(row));
        let Some(column) = list.sort else { return rows.map(|row| row.uid()).collect() };
        let mut rows: Vec<Fields<'a>> = rows.collect();
        rows.sort_by(|a, b| if list.is_reversed { b.order(a, column) } else { a.order(b, column) });
        rows.into_iter().map(|row| row.uid()).collect()
    }

    /// CronJobs and Jobs that are broken or warn.
    pub fn problems(&self) -> usize {
        self.cronjob_ranking.problems() + self.job_ranking.problems()
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
