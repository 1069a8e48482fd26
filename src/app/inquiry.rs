//! What triage says of every CronJob and Job, and of Pods that are shown or nobody's: judged anew only where something
//! that it looks at has changed, and kept when the object is gone.
//!
//! `rows` hands over what was touched before it ranks; `why` and `problems` show what is kept here. Triage is asked for
//! an object
//! - when it, a relative or an event about them changed;
//! - when an answer to what its rules asked for came;
//! - every few seconds while it is under way, since time alone makes work overdue;
//! - where it is in trouble, soon after a node, a quota, a limit range or a claim changed.

use std::collections::{HashMap, HashSet};

use crate::model::clock::Time;
use crate::model::cronjob::CronJob;
use crate::model::fact::{Answer, Need};
use crate::model::job::Job;
use crate::model::key::{Kind, ObjectKey, Uid};
use crate::model::meta::Object;
use crate::model::owner::Subject;
use crate::model::pod::Pod;
use crate::model::snapshot::Touched;
use crate::model::state::{Level, State, cronjob_state, job_state, pod_state};
use crate::triage::{Diagnosis, Facts, Finding, Known, Severity, counts, diagnose};

use super::{App, Effect, Inbox};

/// What is under way is judged anew at the latest after so many ticks, one part of it at each: of one a second.
const TURNS: u64 = 10;

/// What was asked of the server counts as known for so many seconds; what an object on screen stands on is asked for
/// anew after that.
const FRESH_SECONDS: i64 = 30;

/// Objects of which more is asked without the cursor resting on them: one at each tick, of each cause the newest.
const CURIOSITY: usize = 50;

/// Objects in trouble that are remembered after they are gone.
const GONE: usize = 500;

/// What triage said last.
#[derive(Debug, Default)]
pub(super) struct Inquiry {
    /// What it was told beyond the snapshot.
    facts: Facts,
    /// When that was asked for.
    asked: HashMap<Need, Time>,
    /// Whose rules wait for what was asked and not answered yet.
    askers: HashMap<Need, Vec<Subject>>,
    /// Those of which everything was asked though no cursor rests on them.
    explored: HashSet<Uid>,
    /// A tick has passed since the last of them was asked about.
    may_explore: bool,
    /// The headline of every object that has one.
    headlines: HashMap<Uid, Headline>,
    /// Objects that were in trouble when they went, the last one last.
    gone: Vec<(Time, Trouble)>,
    /// The pods that a list shows.
    pods: HashSet<Uid>,
    /// Which part of what is under way has its turn.
    turn: u64,
    /// Nodes and the like have changed since those in trouble were judged.
    are_surroundings_new: bool,
    /// Troubles came or went since [`App::take_troubles_changed`].
    has_changed: bool,
}

/// What is kept of the finding that leads.
#[derive(Debug, PartialEq)]
struct Headline {
    /// What the row says.
    words: String,
    /// More, where it is a problem.
    trouble: Option<Box<Trouble>>,
}

/// An object that is in trouble, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trouble {
    /// The object.
    pub(super) subject: Subject,
    /// Its name, which outlives it.
    pub(super) key: ObjectKey,
    /// What leads.
    pub(super) finding: Finding,
}

impl Inquiry {
    /// Marks everything that waited for this answer.
    fn take(&mut self, need: &Need, answer: Answer, touched: &mut Touched) {
        self.facts.take(need.clone(), answer);
        for Subject { kind, uid } in self.askers.remove(need).unwrap_or_default() {
            match kind {
                Kind::CronJob => touched.cronjobs.push(uid),
                Kind::Pod => touched.pods.push(uid),
                _ => touched.jobs.push(uid),
            }
        }
    }

    /// What a row says of the cause; None where triage has nothing to say of the object.
    pub(super) fn words(&self, uid: Uid) -> Option<&str> {
        self.headlines.get(&uid).map(|headline| headline.words.as_str())
    }

    /// The state as triage sees it: work that says it runs and cannot succeed is broken, and what is tried again after it
    /// failed warns.
    pub(super) fn judged(&self, uid: Uid, state: State) -> State {
        let found = self.headlines.get(&uid).and_then(|one| one.trouble.as_ref());
        let level = match found.map(|trouble| trouble.finding.severity) {
            Some(Severity::Critical) => Level::Broken,
            Some(Severity::Error | Severity::Warning) => Level::Warning,
            Some(Severity::Info) | None => return state,
        };
        State { level: level.min(state.level), ..state }
    }
}

impl App {
    /// What triage may look at.
    pub(super) fn known(&self) -> Known<'_> {
        Known { snapshot: &self.snapshot, facts: &self.inquiry.facts, now: self.now }
    }

    /// What triage says of an object now, with all that it found.
    pub(super) fn diagnosis(&self, subject: Subject) -> Diagnosis {
        diagnose(self.known(), subject)
    }

    /// A pod is judged where a list shows it, as long as it is known to be in trouble, and, once all is known, where no Job
    /// speaks for it.
    fn is_judged(&self, pod: Uid, is_known: bool) -> bool {
        let of_nobody = || is_known && counts(&self.snapshot, Subject { kind: Kind::Pod, uid: pod });
        self.inquiry.pods.contains(&pod) || self.inquiry.headlines.contains_key(&pod) || of_nobody()
    }

    /// Judges an object anew; true where its headline is another one.
    fn judge(&mut self, subject: Subject) -> bool {
        let diagnosis = self.diagnosis(subject);
        let inquiry = &mut self.inquiry;
        let problem = diagnosis.problem().cloned();
        let key = self.snapshot.key_of(subject);
        let words = diagnosis.findings.first().map(|first| match first.effect.is_empty() {
            true => first.short.clone(),
            false => format!("{}; {}", first.short, first.effect),
        });
        let trouble = problem.zip(key.clone()).map(|(finding, key)| Box::new(Trouble { subject, key, finding }));
        let headline = words.map(|words| Headline { words, trouble });
        let before = match headline {
            Some(headline) if inquiry.headlines.get(&subject.uid) == Some(&headline) => return false,
            Some(headline) => inquiry.headlines.insert(subject.uid, headline),
            None => match inquiry.headlines.remove(&subject.uid) {
                Some(before) => Some(before),
                None => return false,
            },
        };
        // What a list of pods shows is told with their Job.
        let is_own = !inquiry.pods.contains(&subject.uid);
        inquiry.has_changed |= is_own;
        if let (None, Some(trouble), true) = (key, before.and_then(|one| one.trouble), is_own) {
            inquiry.gone.push((self.now, *trouble));
            let too_many = inquiry.gone.len().saturating_sub(GONE);
            inquiry.gone.drain(..too_many);
        }
        true
    }

    /// Judges what was touched: CronJobs and Jobs all, Pods as far as they are shown or nobody's.
    pub(super) fn judge_touched(&mut self, touched: &Touched) {
        let of = |kind, uids: &[Uid]| uids.iter().map(move |uid| Subject { kind, uid: *uid }).collect::<Vec<_>>();
        let mut subjects = of(Kind::Job, &touched.jobs);
        // Those speak of their Jobs.
        subjects.extend(of(Kind::CronJob, &touched.cronjobs));
        let is_known = self.is_known();
        subjects.extend(of(Kind::Pod, &touched.pods).into_iter().filter(|pod| self.is_judged(pod.uid, is_known)));
        self.inquiry.are_surroundings_new |= touched.are_surroundings;
        for subject in subjects {
            self.is_dirty |= self.judge(subject);
        }
    }

    /// Judges the pods that a list is about to show, where that was not done yet; forgets those of the list before.
    pub(super) fn judge_pods(&mut self, pods: HashSet<Uid>) {
        let shown = std::mem::take(&mut self.inquiry.pods);
        for uid in shown.difference(&pods) {
            if !counts(&self.snapshot, Subject { kind: Kind::Pod, uid: *uid }) {
                self.inquiry.headlines.remove(uid);
            }
        }
        for uid in pods.difference(&shown) {
            self.judge(Subject { kind: Kind::Pod, uid: *uid });
        }
        self.inquiry.pods = pods;
    }

    /// What is judged anew as time goes by, at each tick: a part of what is under way, and what is in trouble where its
    /// surroundings changed.
    pub(super) fn due(&mut self) -> Touched {
        let inquiry = &mut self.inquiry;
        inquiry.may_explore = true;
        inquiry.turn = inquiry.turn.wrapping_add(1);
        let turn = usize::try_from(inquiry.turn % TURNS).unwrap_or_default();
        let are_new = turn % 5 == 0 && std::mem::take(&mut inquiry.are_surroundings_new);
        let mut touched = Touched::default();
        let has_trouble = |uid: &Uid| inquiry.headlines.get(uid).is_some_and(|one| one.trouble.is_some());
        // Any order does that gives each its turn.
        let has_turn = |at: usize| at % TURNS as usize == turn;
        for (at, cronjob) in self.snapshot.cronjobs.iter().enumerate() {
            if has_turn(at) || are_new && has_trouble(&cronjob.uid()) {
                touched.cronjobs.push(cronjob.uid());
            }
        }
        for (at, job) in self.snapshot.jobs.iter().enumerate() {
            let is_over = job.is_finished() && job.meta.deleted.is_none();
            if has_turn(at) && !is_over || are_new && has_trouble(&job.uid()) {
                touched.jobs.push(job.uid());
            }
        }
        let pods = self.snapshot.pods.iter().enumerate().filter(|(at, _)| has_turn(*at));
        // Those that are not judged are left out then.
        touched.pods.extend(pods.map(|(_, pod)| pod.uid()));
        touched
    }

    /// The cause of an object's trouble in a few words.
    pub(super) fn verdict(&self, uid: Uid) -> Option<&str> {
        self.inquiry.words(uid)
    }

    /// The state of a CronJob, as triage sees it.
    pub fn cronjob_state(&self, cronjob: &CronJob) -> State {
        self.inquiry.judged(cronjob.uid(), cronjob_state(&self.snapshot, cronjob))
    }

    /// The state of a Job, as triage sees it.
    pub fn job_state(&self, job: &Job) -> State {
        self.inquiry.judged(job.uid(), job_state(&self.snapshot, job))
    }

    /// The state of a Pod, as triage sees it.
    pub fn pod_state(&self, pod: &Pod) -> State {
        self.inquiry.judged(pod.uid(), pod_state(pod))
    }

    /// Everything that is known to be in trouble.
    pub(super) fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.inquiry.headlines.values().filter_map(|one| one.trouble.as_deref())
    }

    /// What was in trouble when it went, and when that was; the last one last.
    pub(super) fn gone_troubles(&self) -> &[(Time, Trouble)] {
        &self.inquiry.gone
    }

    /// Troubles came, changed or went since this was asked last.
    pub(super) fn take_troubles_changed(&mut self) -> bool {
        std::mem::take(&mut self.inquiry.has_changed)
    }

    /// Asks the server for what rules want to know of an object on screen: what was never asked for, and what they stand
    /// on where that was told long ago.
    pub(super) fn inquire(&mut self, subject: Subject, diagnosis: &Diagnosis) -> Option<Effect> {
        let (inquiry, now) = (&mut self.inquiry, self.now);
        let is_old = |need: &Need| inquiry.asked.get(need).is_none_or(|at| now.seconds_since(*at) >= FRESH_SECONDS);
        // A log that ended stays as it is.
        let old = diagnosis.uses.iter().filter(|need| !matches!(need, Need::Tail { .. }) && is_old(need));
        let new = diagnosis.needs.iter().filter(|need| !inquiry.asked.contains_key(need));
        let mut wanted: Vec<Need> = Vec::new();
        for need in new.chain(old) {
            if !wanted.contains(need) {
                wanted.push(need.clone());
            }
        }
        inquiry.asked.extend(wanted.iter().map(|need| (need.clone(), now)));
        // What another one asked for tells this one too.
        for need in diagnosis.needs.iter().chain(&wanted) {
            let askers = inquiry.askers.entry(need.clone()).or_default();
            if !askers.contains(&subject) {
                askers.push(subject);
            }
        }
        (!wanted.is_empty()).then_some(Effect::Ask(wanted))
    }

    /// Asks what tells more of the newest of a cause, so that the list of problems names what is behind them: `exit code 1`
    /// says little, the last line of the log much. One object at each tick, and not more than some.
    pub(super) fn explore(&mut self) -> Option<Effect> {
        if !std::mem::take(&mut self.inquiry.may_explore) {
            return None;
        }
        let newest = self.inbox.newest();
        let mut explored = std::mem::take(&mut self.inquiry.explored);
        explored.retain(|uid| self.inbox.has(*uid));
        let mut asked = None;
        for subject in newest {
            if asked.is_some() || explored.len() >= CURIOSITY {
                break;
            }
            if explored.contains(&subject.uid) {
                continue;
            }
            let diagnosis = self.diagnosis(subject);
            asked = self.inquire(subject, &diagnosis);
            if asked.is_none() && diagnosis.needs.is_empty() {
                explored.insert(subject.uid);
            }
        }
        self.inquiry.explored = explored;
        asked
    }

    /// Takes in an answer to what triage asked.
    pub(super) fn take_answer(&mut self, need: &Need, answer: Answer) {
        self.inquiry.take(need, answer, &mut self.touched);
        self.why.is_due = true;
    }

    /// Another session begins: what was told belongs to the one before.
    pub(super) fn forget_inquiry(&mut self) {
        (self.inquiry, self.inbox, self.why.is_due) = (Inquiry::default(), Inbox::default(), true);
    }
}

/// How a severity looks.
pub(super) const fn level(severity: Severity) -> Level {
    match severity {
        Severity::Critical | Severity::Error => Level::Broken,
        Severity::Warning => Level::Warning,
        Severity::Info => Level::Waiting,
    }
}
