//! Which rows each list shows, in which order: what is wrong first, the newest first within each level.

use std::cmp::Reverse;

use crate::command::Pane;
use crate::model::cronjob::CronJob;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::meta::{Meta, Object};
use crate::model::state::{Level, State, cronjob_state, job_state, pod_state};

use super::App;
use super::list::ListState;
use super::ranking::Rank;

impl App {
    /// Brings the rows of all lists up to date. Order matters: Pods follow the cursor of Jobs.
    pub(super) fn refresh_rows(&mut self) {
        self.refresh_rankings();
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
        let list = &self.cronjobs;
        let is_shown = |rank: &&Rank| {
            let Some(one) = self.snapshot.cronjobs.get(rank.uid) else { return false };
            shows(list, &one.meta, rank.level, || cronjob_state(&self.snapshot, one))
        };
        let rows = self.cronjob_ranking.iter().filter(is_shown).map(|rank| rank.uid).collect();
        let is_settled = !self.is_loading(Kind::CronJob);
        self.cronjobs.set_rows(rows, self.snapshot.cronjobs.len(), is_settled);
    }

    fn refresh_jobs(&mut self) {
        let list = &self.jobs;
        let opened = self.opened.map(|subject| subject.uid);
        let is_inside = |job: &Job| opened.is_none() || job.meta.owner_uid() == opened;
        let is_shown = |rank: &&Rank| {
            let Some(one) = self.snapshot.jobs.get(rank.uid) else { return false };
            is_inside(one) && shows(list, &one.meta, rank.level, || job_state(&self.snapshot, one))
        };
        let rows = self.job_ranking.iter().filter(is_shown).map(|rank| rank.uid).collect();
        let total = opened.map_or(self.snapshot.jobs.len(), |owner| self.snapshot.relations.jobs.of(owner).len());
        let is_settled = !self.is_loading(Kind::Job);
        self.jobs.turn_to(self.opened);
        self.jobs.set_rows(rows, total, is_settled);
    }

    fn refresh_pods(&mut self) {
        let mut pods = self.parent().map(|parent| self.snapshot.pods_of_subject(parent)).unwrap_or_default();
        let total = pods.len();
        pods.retain(|pod| {
            let state = pod_state(pod);
            shows(&self.pods, &pod.meta, state.level, || state)
        });
        // They come newest first, and the sort is stable.
        pods.sort_by_key(|pod| pod_state(pod).level);
        let rows = pods.into_iter().map(Object::uid).collect();
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

/// Whether a list shows an object; its state is asked for only where a filter reads its word.
fn shows(list: &ListState, meta: &Meta, level: Level, state: impl FnOnce() -> State) -> bool {
    let is_wanted = !list.faults_only || level <= Level::Warning;
    is_wanted && (list.filter.is_empty() || list.filter.matches([meta.name.as_str(), &meta.namespace, &state().word]))
}
