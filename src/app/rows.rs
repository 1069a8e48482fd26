//! Which rows each list shows, in which order: what is wrong first, the newest first within each level.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use compact_str::CompactString;

use crate::command::Pane;
use crate::model::cronjob::CronJob;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, Uid};
use crate::model::meta::{Meta, Object};
use crate::model::owner::Subject;
use crate::model::pod::{Container, Pod, Role};
use crate::model::state::{Level, State, container_state, cronjob_state, job_state};

use super::App;
use super::fields::{Fields, RowRef, container_uid};
use super::list::ListState;
use super::ranking::Rank;

/// So many seconds after the last key a list may move again under who reads it.
const QUIET_SECONDS: i64 = 5;

/// So long a row that changed stands out.
const NEWS_SECONDS: i64 = 3;

impl App {
    /// Brings the rows of all lists up to date. Order matters: Pods follow the cursor of Jobs.
    pub(super) fn refresh_rows(&mut self) {
        self.refresh_rankings();
        let is_dirty = std::mem::take(&mut self.is_dirty);
        if is_dirty {
            self.rows_held = !self.is_asked && self.is_reading();
            self.is_asked = false;
        }
        if is_dirty {
            self.refresh_cronjobs();
            self.refresh_jobs();
        }
        if is_dirty || !self.pods.is_of(self.parent()) {
            self.refresh_pods();
            self.refresh_containers();
        }
        if is_dirty || !self.events.is_of(self.subject()) {
            self.refresh_events();
        }
    }

    /// A person changed what decides about rows: they are made anew, and none is held back.
    pub(super) fn mark_dirty(&mut self) {
        (self.is_dirty, self.is_asked) = (true, true);
    }

    /// A person is at the keys: what they read must not move.
    pub(super) fn is_reading(&self) -> bool {
        self.last_key.is_some_and(|pressed| self.now.seconds_since(pressed) < QUIET_SECONDS)
    }

    /// The row appeared or got another level a moment ago.
    pub fn is_news(&self, uid: Uid) -> bool {
        self.news.contains_key(&uid)
    }

    /// Forgets what is no news any more.
    pub(super) fn age_news(&mut self) {
        let now = self.now;
        self.news.retain(|_, since| now.seconds_since(*since) < NEWS_SECONDS);
    }

    /// The new rows of a pane wait: its cursor is in use and the list is whole.
    fn is_held(&self, pane: Pane) -> bool {
        self.rows_held && self.focus == pane && pane.kind().is_some_and(|kind| !self.is_loading(kind))
    }

    /// Puts the rows of a pane in place, and makes its columns wide enough for them.
    fn set_rows(&mut self, pane: Pane, rows: Vec<Uid>, total: usize, is_settled: bool) {
        let is_held = self.is_held(pane);
        let widths = self.widths(pane, &rows);
        if let Some(list) = self.list_mut(pane) {
            list.set_rows(rows, total, is_settled, is_held);
            list.widths.grow(&widths);
        }
    }

    /// Ranks what was touched since the last time.
    fn refresh_rankings(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        // Until now much was judged with less than all that there is to know.
        let is_known = self.is_known();
        let was_known = std::mem::replace(&mut self.was_known, is_known);
        let snapshot = &self.snapshot;
        if touched.is_all || is_known != was_known {
            touched.cronjobs = snapshot.cronjobs.iter().map(Object::uid).collect();
            touched.jobs = snapshot.jobs.iter().map(Object::uid).collect();
            touched.pods = snapshot.pods.iter().map(Object::uid).collect();
        }
        for uids in [&mut touched.cronjobs, &mut touched.jobs, &mut touched.pods] {
            uids.sort_unstable();
            uids.dedup();
        }
        self.judge_touched(&touched);
        let (snapshot, inquiry) = (&self.snapshot, &self.inquiry);
        let rank = |meta: &Meta, state: State, newest| Rank {
            level: state.level,
            newest: Reverse(newest),
            name: meta.name.clone(),
            uid: meta.uid,
        };
        let rank_cronjob = |one: &CronJob| {
            let state = inquiry.judged(one.uid(), cronjob_state(snapshot, one));
            rank(&one.meta, state, one.last_schedule.or(one.meta.created))
        };
        let rank_job =
            |one: &Job| rank(&one.meta, inquiry.judged(one.uid(), job_state(snapshot, one)), one.meta.created);
        let mut news = self
            .cronjob_ranking
            .update(touched.cronjobs.into_iter().map(|uid| (uid, snapshot.cronjobs.get(uid).map(rank_cronjob))));
        let jobs =
            self.job_ranking.update(touched.jobs.into_iter().map(|uid| (uid, snapshot.jobs.get(uid).map(rank_job))));
        news.extend(jobs);
        // What comes with the first lists was there before.
        if was_known && is_known {
            self.news.extend(news.into_iter().map(|uid| (uid, self.now)));
        }
    }

    /// Everything that decides about the states of CronJobs and Jobs has been listed, or may not be.
    pub(super) fn is_known(&self) -> bool {
        ![Kind::CronJob, Kind::Job, Kind::Pod, Kind::Event].into_iter().any(|kind| self.is_loading(kind))
    }

    fn refresh_cronjobs(&mut self) {
        let ranked = self.cronjob_ranking.iter();
        let rows = if self.cronjobs.is_plain() {
            ranked.map(|rank| rank.uid).collect()
        } else {
            let known = |rank: &Rank| Some((rank.level, RowRef::CronJob(self.snapshot.cronjobs.get(rank.uid)?)));
            self.chosen(&self.cronjobs, ranked.filter_map(known))
        };
        let is_settled = self.is_known();
        self.set_rows(Pane::CronJobs, rows, self.snapshot.cronjobs.len(), is_settled);
    }

    fn refresh_jobs(&mut self) {
        let opened = self.opened.map(|subject| subject.uid);
        let is_inside = |job: &&Job| opened.is_none() || job.meta.owner_uid() == opened;
        let ranked = self.job_ranking.iter();
        let rows = if self.jobs.is_plain() && opened.is_none() {
            ranked.map(|rank| rank.uid).collect()
        } else {
            let known = |rank: &Rank| {
                let job = self.snapshot.jobs.get(rank.uid).filter(is_inside)?;
                Some((rank.level, RowRef::Job(job)))
            };
            self.chosen(&self.jobs, ranked.filter_map(known))
        };
        let total = opened.map_or(self.snapshot.jobs.len(), |owner| self.snapshot.relations.jobs.of(owner).len());
        let is_settled = self.is_known();
        self.jobs.turn_to(self.opened);
        self.set_rows(Pane::Jobs, rows, total, is_settled);
    }

    fn refresh_pods(&mut self) {
        let parent = self.parent();
        self.judge_pods(
            parent
                .map(|parent| self.snapshot.pods_of_subject(parent))
                .unwrap_or_default()
                .into_iter()
                .map(Object::uid)
                .collect(),
        );
        let pods = parent.map(|parent| self.snapshot.pods_of_subject(parent)).unwrap_or_default();
        let total = pods.len();
        let mut ranked: Vec<(Level, RowRef<'_>)> =
            pods.into_iter().map(|pod| (self.pod_state(pod).level, RowRef::Pod(pod))).collect();
        // They come newest first, and the sort is stable.
        ranked.sort_by_key(|(level, _)| *level);
        let rows = self.chosen(&self.pods, ranked.into_iter());
        let is_settled = !self.is_loading(Kind::Pod);
        let is_open = self.opened_pod.is_some_and(|pod| self.snapshot.pods.get(pod).is_some());
        if !is_open || !self.pods.is_of(parent) {
            self.opened_pod = None;
        }
        self.pods.turn_to(parent);
        match self.opened_pod {
            // The pane shows the containers; the pods behind them may move.
            Some(_) => self.pods.set_rows(rows, total, is_settled, false),
            None => self.set_rows(Pane::Pods, rows, total, is_settled),
        }
    }

    /// The containers of the pod that was opened, in the order of its spec.
    fn refresh_containers(&mut self) {
        let Some(pod) = self.opened_pod.and_then(|uid| self.snapshot.pods.get(uid)) else { return };
        let subject = Subject { kind: Kind::Pod, uid: pod.meta.uid };
        let total = pod.containers.len();
        let rows = pod.containers.iter().map(|one| (container_state(one).level, RowRef::Container(pod, one)));
        let rows = self.chosen(&self.containers, rows);
        self.containers.turn_to(Some(subject));
        self.set_rows(Pane::Pods, rows, total, true);
    }

    /// Lists the containers of the pod under the cursor, and goes to the one that is most worth a look: the worst, and of
    /// those alike one that does the work.
    pub(super) fn open_pod(&mut self) {
        self.opened_pod = self.pods.cursor;
        self.mark_dirty();
        self.refresh_rows();
        let Some(pod) = self.opened_pod.and_then(|uid| self.snapshot.pods.get(uid)) else { return };
        let worst = pod.containers.iter().min_by_key(|one| (container_state(one).level, one.role != Role::Main));
        if let Some(worst) = worst.map(|worst| container_uid(pod, worst)) {
            self.containers.select(worst);
        }
    }

    /// The container of the opened pod that has this row.
    pub fn container(&self, row: Uid) -> Option<(&Pod, &Container)> {
        let pod = self.snapshot.pods.get(self.opened_pod?)?;
        pod.containers.iter().find(|one| container_uid(pod, one) == row).map(|one| (pod, one))
    }

    /// The one container whose log is followed: the one under the cursor while a pod's containers are listed.
    pub(super) fn log_container(&self) -> Option<CompactString> {
        let row = self.containers.cursor.filter(|_| self.lead == Pane::Pods)?;
        self.container(row).map(|(_, container)| container.name.clone())
    }

    /// Events are in order of time alone: they tell what happened. Those that say the same of the same object are one
    /// row, the newest.
    fn refresh_events(&mut self) {
        let subject = self.subject();
        let mut events = subject.map(|subject| self.snapshot.events_of_subject(subject)).unwrap_or_default();
        events.sort_by_key(|event| (Reverse(event.last), Reverse(event.meta.version), event.meta.uid));
        let mut first: HashMap<_, Uid> = HashMap::with_capacity(events.len());
        let mut repeats: HashMap<Uid, i32> = HashMap::new();
        events.retain(|event| match first.entry((event.about, event.reason.as_str(), event.note.as_str())) {
            Entry::Vacant(place) => {
                place.insert(event.meta.uid);
                true
            }
            Entry::Occupied(newest) => {
                let times = repeats.entry(*newest.get()).or_default();
                *times = times.saturating_add(event.count.max(1));
                false
            }
        });
        let total = events.len();
        let level = |event: &Event| if event.is_warning { Level::Warning } else { Level::Done };
        let rows = self.chosen(&self.events, events.into_iter().map(|event| (level(event), RowRef::Event(event))));
        self.repeats = repeats;
        // Whoever has not moved the cursor wants to see the newest.
        self.events.turn_to(subject);
        self.set_rows(Pane::Events, rows, total, false);
    }

    /// How often an event was seen, with those that say the same.
    pub(super) fn times_seen(&self, event: &Event) -> i32 {
        event.count.saturating_add(self.repeats.get(&event.meta.uid).copied().unwrap_or(0))
    }

    /// The rows that a list shows, of those that come in its own order.
    fn chosen<'a>(&'a self, list: &ListState, rows: impl Iterator<Item = (Level, RowRef<'a>)>) -> Vec<Uid> {
        let fields = |row| Fields { app: self, row };
        let rows = rows.filter(|(level, _)| !list.faults_only || *level <= Level::Warning);
        let is_wanted = |row: &Fields<'_>| list.only.as_ref().is_none_or(|(_, uids)| uids.contains(&row.uid()));
        let rows = rows.map(|(_, row)| fields(row)).filter(is_wanted).filter(|row| list.filter.matches(row));
        let Some(column) = list.sort else { return rows.map(|row| row.uid()).collect() };
        let mut rows: Vec<Fields<'a>> = rows.collect();
        rows.sort_by(|a, b| if list.is_reversed { b.order(a, column) } else { a.order(b, column) });
        rows.into_iter().map(|row| row.uid()).collect()
    }

    /// CronJobs and Jobs that are broken or warn.
    pub(super) fn faults(&self) -> usize {
        self.cronjob_ranking.problems() + self.job_ranking.problems()
    }

    /// A CronJob or a Job is broken or warns, whatever is kept quiet.
    pub fn has_faults(&self) -> bool {
        self.faults() > 0
    }

    /// The title of a pane says whose rows it shows; None for the lists that follow the cluster.
    pub fn whose(&self, pane: Pane) -> Option<String> {
        match pane {
            Pane::CronJobs => None,
            Pane::Jobs => self.opened.map(|opened| self.name_of(Some(opened))),
            Pane::Pods => match self.opened_pod {
                Some(uid) => Some(self.name_of(Some(Subject { kind: Kind::Pod, uid }))),
                None => Some(self.name_of(self.parent())),
            },
            Pane::Why | Pane::Events => Some(self.name_of(self.subject())),
            Pane::Logs => {
                let container = self.logs.container.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
                let gone = if self.reads_what_is_gone() { ", gone" } else { "" };
                Some(format!("{}{container}{gone}", self.logs.name()))
            }
        }
    }

    /// Where the subject is, if rows come from more than one namespace: a narrow list has no column for it.
    pub fn where_it_is(&self) -> Option<CompactString> {
        let key = self.snapshot.key_of(self.subject()?).filter(|_| self.has_many_namespaces())?;
        Some(key.namespace)
    }
}
