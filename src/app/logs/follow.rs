//! Whose logs are followed, and on whose shelf what the streams tell goes.

use std::collections::HashMap;

use compact_str::CompactString;

use super::{LogView, Shelf, TAIL};
use crate::model::clock::Time;
use crate::model::key::{Kind, Uid};
use crate::model::log::{Follow, LogChange, LogSource, LogStart, Scan, SourceState};
use crate::model::meta::Owner;
use crate::model::owner::Subject;
use crate::model::snapshot::Snapshot;

impl LogView {
    /// Turns to the subject, or to one container of it, and what of it can be followed now. True where other streams
    /// are wanted than before.
    pub(in crate::app) fn turn_to(
        &mut self,
        subject: Option<Subject>,
        container: Option<CompactString>,
        snapshot: &Snapshot,
        now: Time,
    ) -> bool {
        let is_same = self.subject == subject && self.container == container;
        if is_same && !std::mem::take(&mut self.is_stale) {
            self.refresh_mask();
            return false;
        }
        self.is_stale = false;
        match subject.map(|subject| snapshot.key_of(subject)) {
            Some(Some(key)) => self.name = key.to_string(),
            // A row that is gone keeps its place for a while, and its name.
            Some(None) => {}
            None => self.name.clear(),
        }
        if self.subject != subject {
            // A run that was gone to is one of that CronJob alone.
            self.run = None;
        }
        let root = subject.map(|subject| self.root_of(self.run_of(subject), snapshot));
        if self.root != root {
            // What was looked for in one log means nothing in another.
            (self.search, self.filter, self.set_aside) = Default::default();
            (self.since, self.way, self.left, self.shows_previous) = (None, None, 0, false);
            (self.matches, self.errors, self.start) = (Scan::default(), Scan::default(), LogStart::Tail(TAIL));
            self.looks += 1;
        }
        let is_same = is_same && self.root == root;
        (self.root, self.subject, self.container) = (root, subject, container);
        if !is_same {
            self.show_anew();
        }
        let looks = self.looks;
        let mut wanted = Vec::new();
        if let (Some(root), Some(subject)) = (root, subject) {
            let subject = self.run_of(subject);
            let runs = snapshot.log_runs(root);
            let shelf = shelf_of(&mut self.shelves, root, &mut self.shelf_count);
            shelf.used = looks;
            shelf.see(root, &runs, snapshot, now);
            shelf.see_gone(&self.followed, snapshot, now);
            let is_meant = |source: &LogSource| {
                (subject.kind != Kind::Pod || source.pod == subject.uid)
                    && self.container.as_ref().is_none_or(|name| source.container == *name)
            };
            let meant = runs.iter().filter(|run| is_meant(&run.source));
            // All of what will be gone soon.
            let start = if self.at_risk.contains_key(&root.uid) { LogStart::First } else { self.start };
            wanted.extend(meant.filter_map(|run| shelf.follow(run, start)).map(|follow| (root, follow)));
            // What a pod wrote last may still be on its way when it is gone; its stream ends by itself.
            let is_wanted = |source: &LogSource| wanted.iter().any(|(_, follow)| follow.source == *source);
            let late = self.followed.iter().filter(|follow| {
                self.shelf_of.get(&follow.source) == Some(&root)
                    && !is_wanted(&follow.source)
                    && shelf.is_unread_though_gone(&follow.source)
            });
            let late: Vec<_> = late.map(|follow| (root, follow.clone())).collect();
            wanted.extend(late);
        }
        self.left_out = wanted.len().saturating_sub(self.limits.streams);
        wanted.truncate(self.limits.streams);
        self.watch_risks(snapshot, now, &mut wanted);
        self.refresh_mask();
        self.follow(wanted)
    }

    /// Something may have changed in what is to be followed.
    pub(in crate::app) fn look_again(&mut self) {
        self.is_stale = true;
    }

    /// The subject was deleted while one reads its log: the log stays, and nothing else takes its place.
    pub(in crate::app) fn stay(&mut self, snapshot: &Snapshot, now: Time) -> bool {
        if let Some(shelf) = self.root.and_then(|root| self.shelves.get_mut(&root)) {
            shelf.see_gone(&self.followed, snapshot, now);
        }
        self.refresh_mask();
        // Its streams end by themselves, once what it wrote last was read.
        let running = self.followed.iter().filter_map(|follow| {
            let root = *self.shelf_of.get(&follow.source)?;
            let shelf = self.shelves.get(&root).filter(|_| Some(root) == self.root)?;
            (!shelf.store.read(&follow.source).is_some_and(|read| read.state.is_over())).then(|| (root, follow.clone()))
        });
        let mut wanted: Vec<_> = running.collect();
        self.watch_risks(snapshot, now, &mut wanted);
        self.follow(wanted)
    }

    /// What is meant by a CronJob while a run of it was gone to.
    pub(super) fn run_of(&self, subject: Subject) -> Subject {
        match self.run {
            Some(uid) if subject.kind == Kind::CronJob => Subject { kind: Kind::Job, uid },
            _ => subject,
        }
    }

    /// On whose shelf a subject's lines are: a pod's are on its Job's, also when one of the two is gone.
    fn root_of(&self, subject: Subject, snapshot: &Snapshot) -> Subject {
        if subject.kind != Kind::Pod {
            return subject;
        }
        match snapshot.pods.get(subject.uid).map(|pod| pod.meta.owner.as_ref()) {
            Some(Some(Owner { kind: Some(Kind::Job), uid })) => Subject { kind: Kind::Job, uid: *uid },
            None if self.subject == Some(subject) => self.root.unwrap_or(subject),
            _ => subject,
        }
    }

    fn follow(&mut self, wanted: Vec<(Subject, Follow)>) -> bool {
        let key = |follow: &Follow| (follow.source.clone(), follow.is_previous);
        let is_same = self.followed.len() == wanted.len()
            && self
                .followed
                .iter()
                .zip(&wanted)
                .all(|(one, (root, other))| key(one) == key(other) && self.shelf_of.get(&one.source) == Some(root));
        if is_same {
            return false;
        }
        let numbered = wanted.into_iter().map(|(root, mut follow)| {
            // A stream that runs goes on under its number, also where its container was started again.
            // Where its lines go to another shelf it begins anew: that shelf may know none of them.
            let is_here = self.shelf_of.get(&follow.source) == Some(&root);
            let running = self.followed.iter().find(|running| is_here && running.source == follow.source);
            follow.stream = running.map_or_else(
                || {
                    self.streams += 1;
                    self.streams
                },
                |running| running.stream,
            );
            (root, follow)
        });
        let wanted: Vec<(Subject, Follow)> = numbered.collect();
        self.shelf_of.extend(wanted.iter().map(|(root, follow)| (follow.source.clone(), *root)));
        self.followed = wanted.into_iter().map(|(_, follow)| follow).collect();
        true
    }

    /// Jobs whose pods restart in place lose them, and their logs with them, at the backoff limit
    /// (`restartPolicy: OnFailure`): their logs are read before anyone asks.
    fn watch_risks(&mut self, snapshot: &Snapshot, now: Time, wanted: &mut Vec<(Subject, Follow)>) {
        for (job, pods) in &self.at_risk {
            let root = Subject { kind: Kind::Job, uid: *job };
            if Some(root) == self.root {
                continue;
            }
            let mut runs = snapshot.log_runs(root);
            runs.retain(|run| pods.contains(&run.source.pod));
            let shelf = shelf_of(&mut self.shelves, root, &mut self.shelf_count);
            shelf.see(root, &runs, snapshot, now);
            let is_wanted = |source: &LogSource| wanted.iter().any(|(_, follow)| follow.source == *source);
            let others = runs.iter().filter(|run| !is_wanted(&run.source));
            let followed: Vec<_> =
                others.filter_map(|run| shelf.follow(run, LogStart::First)).map(|follow| (root, follow)).collect();
            wanted.extend(followed);
        }
        wanted.truncate(2 * self.limits.streams);
    }

    /// Takes note of a Job that may have come near its backoff limit, or left it.
    pub(in crate::app) fn see_job(&mut self, job: Uid, snapshot: &Snapshot) {
        let pods = snapshot.pods_at_risk(job);
        if pods.is_empty() {
            self.at_risk.remove(&job);
        } else {
            self.at_risk.insert(job, pods);
        }
    }

    /// The next failure of the subject's Job deletes its pod, and the log with it.
    pub fn is_at_risk(&self) -> bool {
        self.root.is_some_and(|root| self.at_risk.contains_key(&root.uid))
    }

    /// Takes in what a stream told; those that nobody follows any more are late.
    pub fn take(&mut self, source: &LogSource, stream: u64, change: LogChange) {
        let is_followed = self.followed.iter().any(|follow| follow.source == *source && follow.stream == stream);
        match change {
            LogChange::Older { batch, is_start } if self.older.contains(source) => {
                self.older_lines.push_back((source.clone(), batch, is_start));
            }
            LogChange::NoOlder(ref why) if self.older.remove(source) => {
                self.goes_to_start = false;
                self.said = Some(format!("older lines of {} cannot be read: {why}", source.pod_name));
                self.put(source, change);
            }
            LogChange::Older { .. } | LogChange::NoOlder(_) => {}
            change if is_followed => {
                self.is_stale |= matches!(change, LogChange::Ended | LogChange::Failed(_));
                self.put(source, change);
            }
            _ => {}
        }
    }

    /// Puts what was told on its shelf.
    pub(super) fn put(&mut self, source: &LogSource, change: LogChange) {
        let Some(root) = self.shelf_of.get(source) else { return };
        let Some(shelf) = self.shelves.get_mut(root) else { return };
        let shifts = shelf.take(source, change);
        if let Some(export) = self.export.as_mut().filter(|export| export.root == *root) {
            shifts.iter().for_each(|shift| shift.apply(&mut export.next));
        }
    }

    /// What failed: whose log, and why.
    pub fn failure(&self) -> Option<(&LogSource, &str)> {
        self.shelf()?.store.sources().iter().find_map(|read| match &read.state {
            SourceState::Failed(why) if self.followed.iter().any(|follow| follow.source == read.source) => {
                Some((&read.source, why.as_str()))
            }
            _ => None,
        })
    }

    /// Every source that was followed has ended.
    pub fn has_ended(&self) -> bool {
        self.shelf().is_some_and(|shelf| {
            let sources = shelf.store.sources();
            !sources.is_empty() && sources.iter().all(|read| read.state == SourceState::Ended)
        })
    }
}

/// The shelf of a subject, which is made where there is none.
fn shelf_of<'a>(shelves: &'a mut HashMap<Subject, Shelf>, root: Subject, count: &mut u64) -> &'a mut Shelf {
    shelves.entry(root).or_insert_with(|| {
        *count += 1;
        Shelf::numbered(*count)
    })
}
