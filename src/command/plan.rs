//! Plans: what a command that writes would do to these objects, with its effects in words, for a person to confirm.
//!
//! Pure. A planner sends nothing and fetches nothing: the server tries what it plans (`cluster::execute`), `app` shows
//! both and asks.

use serde_json::Value;

use super::{Write, batch, clean, object};
use crate::model::clock::{Time, short_duration};
use crate::model::key::{Kind, ObjectKey, Uid};
use crate::model::mutation::{Change, Mutation, Verb};
use crate::model::owner::Subject;
use crate::model::snapshot::{Freshness, Snapshot};

/// What a planner looks at.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What is known of the cluster.
    pub snapshot: &'a Snapshot,
    /// The present moment.
    pub now: Time,
    /// Nothing may be changed.
    pub is_read_only: bool,
}

/// What will be done, to be confirmed by a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What is done, for the button and the title.
    pub verb: Verb,
    /// To what: `job/settle-2990`, or `3 Jobs`.
    pub targets: String,
    /// The namespaces of the targets, each once.
    pub namespaces: Vec<String>,
    /// What it does, one sentence for each target.
    pub effects: Vec<String>,
    /// What speaks against it, or must be known.
    pub warnings: Vec<String>,
    /// Something is lost that does not come back: Enter alone does not confirm it.
    pub is_dangerous: bool,
    /// What is meant for each target.
    pub mutations: Vec<Mutation>,
}

/// Why something cannot be done, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

/// What is done to one object.
pub(super) struct Deed {
    pub(super) target: ObjectKey,
    pub(super) change: Change,
    /// What it does, in a sentence.
    pub(super) effect: String,
    /// What must be known; empty for nothing.
    pub(super) warnings: Vec<String>,
    /// Something is lost that does not come back.
    pub(super) is_dangerous: bool,
}

impl Deed {
    /// A change that loses nothing.
    pub(super) fn new(target: ObjectKey, change: Change, effect: impl Into<String>) -> Self {
        Self { target, change, effect: effect.into(), warnings: Vec::new(), is_dangerous: false }
    }

    /// Fields that are set.
    pub(super) fn merge(target: ObjectKey, patch: Value, effect: impl Into<String>) -> Self {
        Self::new(target, Change::Merge { patch, version: None }, effect)
    }

    /// The same, but something is lost where that is so.
    #[must_use]
    pub(super) fn dangerous(self, is_dangerous: bool) -> Self {
        Self { is_dangerous, ..self }
    }

    /// The same, with what must be known.
    #[must_use]
    pub(super) fn warning(mut self, warning: Option<String>) -> Self {
        self.warnings.extend(warning);
        self
    }
}

/// Plans what a command would do to these objects with what was typed behind it. Those that are so already, or cannot
/// take it, are left out and told of.
///
/// # Errors
/// Where nothing can be done: read-only, no target, none that can take it, or words that cannot be understood.
pub fn plan(write: Write, targets: &[Subject], argument: &str, scene: Scene<'_>) -> Result<Plan, Refusal> {
    if scene.is_read_only {
        return Err(read_only());
    }
    let selected = match write {
        Write::Clean => clean::select(argument, scene).map_err(Refusal)?,
        _ => targets.to_vec(),
    };
    if selected.is_empty() {
        return Err(Refusal(write.nothing().into()));
    }
    let mut plan = Plan {
        verb: write.verb(),
        targets: String::new(),
        namespaces: Vec::new(),
        effects: Vec::new(),
        warnings: Vec::new(),
        is_dangerous: false,
        mutations: Vec::new(),
    };
    let mut left_out = Vec::new();
    for target in selected {
        match deed(write, target, argument.trim(), scene) {
            Ok(deed) => plan.add(deed, target.uid),
            Err(why) => left_out.push(why),
        }
    }
    plan.settle(left_out, scene)
}

/// Whether a command can be meant for one of these objects at least, whatever is typed behind it.
///
/// # Errors
/// Why it cannot.
pub fn may(write: Write, targets: &[Subject], scene: Scene<'_>) -> Result<(), Refusal> {
    if scene.is_read_only {
        return Err(read_only());
    }
    if write == Write::Clean {
        return Ok(());
    }
    let mut reasons = Vec::new();
    for target in targets {
        match takes(write, *target, scene) {
            Ok(()) => return Ok(()),
            Err(why) => reasons.push(why),
        }
    }
    Err(Refusal(reasons.into_iter().next().unwrap_or_else(|| write.nothing().into())))
}

fn takes(write: Write, target: Subject, scene: Scene<'_>) -> Result<(), String> {
    match write {
        Write::Suspend(is_wanted) => batch::suspend(target, is_wanted, scene).map(drop),
        Write::Parallelism | Write::Deadline | Write::Backoff => batch::open_job(target, scene).map(drop),
        Write::Completions => batch::indexed_job(target, scene).map(drop),
        Write::Ttl | Write::Rerun | Write::Replace => batch::job_of(target, scene).map(drop),
        Write::Schedule | Write::TimeZone | Write::History | Write::Trigger => {
            batch::cronjob_of(target, scene).map(drop)
        }
        Write::Delete | Write::Clean => object::undeleted(target, scene).map(drop),
        Write::Evict => object::pod_of(target, scene).map(drop),
        Write::Label | Write::Annotate => object::meta_of(target, scene).map(drop),
    }
}

/// What a command sets, as it is now, in the form in which it is typed; empty where that is not known.
pub fn present(write: Write, target: Subject, scene: Scene<'_>) -> String {
    let (jobs, cronjobs) = (&scene.snapshot.jobs, &scene.snapshot.cronjobs);
    let (job, cronjob) = (jobs.get(target.uid), cronjobs.get(target.uid));
    let number = |number: Option<i32>| number.map(|number| number.to_string());
    let seconds = |seconds: Option<i64>| seconds.map(|seconds| format!("{seconds}s"));
    let text = match write {
        Write::Parallelism => number(job.and_then(|job| job.parallelism)),
        Write::Completions => number(job.and_then(|job| job.completions)),
        Write::Backoff => number(job.and_then(|job| job.backoff_limit)),
        Write::Deadline => seconds(job.and_then(|job| job.active_deadline_seconds)),
        Write::Ttl => seconds(job.and_then(|job| job.ttl_seconds_after_finished)),
        Write::Schedule => cronjob.map(|cronjob| cronjob.schedule.to_string()),
        Write::TimeZone => cronjob.and_then(|cronjob| cronjob.time_zone.as_ref().map(ToString::to_string)),
        _ => None,
    };
    text.unwrap_or_default()
}

pub(super) fn read_only() -> Refusal {
    Refusal("kubatch runs read-only (--readonly)".into())
}

fn deed(write: Write, target: Subject, argument: &str, scene: Scene<'_>) -> Result<Deed, String> {
    match write {
        Write::Suspend(is_wanted) => batch::suspend(target, is_wanted, scene),
        Write::Parallelism => batch::parallelism(target, argument, scene),
        Write::Completions => batch::completions(target, argument, scene),
        Write::Deadline => batch::deadline(target, argument, scene),
        Write::Backoff => batch::backoff(target, argument, scene),
        Write::Ttl => batch::ttl(target, argument, scene),
        Write::Schedule => batch::schedule(target, argument, scene),
        Write::TimeZone => batch::time_zone(target, argument, scene),
        Write::History => batch::history(target, argument, scene),
        Write::Trigger => batch::trigger(target, scene),
        Write::Rerun => batch::rerun(target, scene),
        Write::Replace => batch::replace(target, scene),
        Write::Delete | Write::Clean => object::delete(target, scene),
        Write::Evict => object::evict(target, scene),
        Write::Label => object::label("labels", target, argument, scene),
        Write::Annotate => object::label("annotations", target, argument, scene),
    }
}

impl Plan {
    /// Chooses anew how each change is made, and tells what comes of it then.
    pub fn choose(&mut self, choose: impl Fn(&mut Change), scene: Scene<'_>) {
        for (mutation, effect) in self.mutations.iter_mut().zip(&mut self.effects) {
            choose(&mut mutation.change);
            if let Some(told) = object::effect_of_deletion(mutation, scene) {
                *effect = told;
            }
        }
    }

    fn add(&mut self, deed: Deed, uid: Uid) {
        let Deed { target, change, effect, warnings, is_dangerous } = deed;
        self.is_dangerous |= is_dangerous;
        self.effects.push(effect);
        self.warnings.extend(warnings);
        self.mutations.push(Mutation { verb: self.verb, target: target.into(), uid: Some(uid), change });
    }

    fn settle(mut self, mut left_out: Vec<String>, scene: Scene<'_>) -> Result<Self, Refusal> {
        let Some(first) = self.mutations.first() else {
            let more = if left_out.len() > 1 { format!(", and {} more", left_out.len() - 1) } else { String::new() };
            return Err(Refusal(left_out.swap_remove(0) + &more));
        };
        let kind = first.target.known();
        self.targets = targets(&self.mutations);
        self.warnings.extend(left_out.into_iter().map(|why| format!("left out: {why}")));
        self.warnings.extend(kind.and_then(|kind| stale(kind, scene)));
        self.namespaces = namespaces(&self.mutations);
        Ok(self)
    }
}

/// What these writes are to: `job/settle-2990`, `3 Jobs`, or `3 objects` where they are of several kinds.
pub(super) fn targets(mutations: &[Mutation]) -> String {
    match mutations {
        [one] => one.target.to_string(),
        [first, rest @ ..] if rest.iter().all(|one| one.target.kind == first.target.kind) => {
            format!("{} {}s", mutations.len(), first.target.kind)
        }
        many => format!("{} objects", many.len()),
    }
}

/// The namespaces of these writes, each once.
pub(super) fn namespaces(mutations: &[Mutation]) -> Vec<String> {
    let mut names: Vec<String> = mutations.iter().map(|one| one.target.namespace.to_string()).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

fn stale(kind: Kind, scene: Scene<'_>) -> Option<String> {
    match scene.snapshot.freshness(kind) {
        Freshness::Stale { since, .. } => {
            let age = short_duration(scene.now.seconds_since(*since));
            Some(format!("what is known here is {age} old: it may look different by now"))
        }
        _ => None,
    }
}

/// The targets of a kind by their UIDs.
pub fn subjects(kind: Kind, uids: impl IntoIterator<Item = Uid>) -> Vec<Subject> {
    uids.into_iter().map(|uid| Subject { kind, uid }).collect()
}

#[cfg(test)]
mod tests;
