//! What the linter asks of a cluster: its CronJobs and Jobs as manifests, as a person would write them to have them
//! again, and what manifests name.

use tokio::sync::mpsc;

use super::Named;
use crate::cli::next_step;
use crate::cluster::connect::Target;
use crate::cluster::scope::Scope;
use crate::cluster::{Engine, REPORTS, Report};
use crate::manifest::Catalogue;
use crate::manifest::lint::{Seen, lint_in, live_text};
use crate::model::clock::{Clock, Time};
use crate::model::delta::{Cause, Failure};
use crate::model::key::{Kind, Namespaces, ObjectKey, Session};
use crate::model::meta::Object;
use crate::model::snapshot::{Freshness, Snapshot};

/// The kinds that are looked at.
const KINDS: &[Kind] = &[Kind::CronJob, Kind::Job];

/// So many objects are asked for at once, which a server hardly notices.
const AT_ONCE: usize = 16;

/// All CronJobs of the target's namespaces, and the Jobs that are of none: each as YAML, by its namespace and name.
///
/// # Errors
/// Where there is no way to the server, or it does not let them be read; why, and the next step.
pub(super) async fn objects(mut target: Target, clock: &dyn Clock) -> Result<(Engine, Vec<Named>), Refusal> {
    target.scope = Scope::Kinds(KINDS);
    let (told, mut reports) = mpsc::channel(REPORTS);
    let mut engine = Engine::start(target, Session::default(), told);
    let mut snapshot = Snapshot::default();
    let mut wanted: Option<Vec<ObjectKey>> = None;
    let (mut asked, mut left) = (0, 0);
    let mut objects = Vec::new();
    loop {
        match reports.recv().await {
            Some(Report::NotConnected { failure, .. }) => return Err(refusal(&failure)),
            Some(Report::Changed(delta)) if wanted.is_none() => {
                snapshot.apply(delta, clock.now());
            }
            Some(Report::Fetched { key, object, .. }) => {
                left -= 1;
                match object {
                    Ok(object) => objects.push((format!("{}/{key}", key.namespace), live_text(&object))),
                    // It was deleted meanwhile.
                    Err(failure) if failure.cause == Cause::NotFound => {}
                    Err(failure) => return Err(refusal(&failure)),
                }
            }
            Some(_) => {}
            None => return Err(lost()),
        }
        if wanted.is_none() && is_known(&snapshot)? {
            let found = keys(&snapshot);
            left = found.len();
            wanted = Some(found);
        }
        if let Some(keys) = &wanted {
            while asked < keys.len() && asked + left < keys.len() + AT_ONCE {
                engine.fetch(keys[asked].clone());
                asked += 1;
            }
            if left == 0 {
                objects.sort();
                return Ok((engine, objects));
            }
        }
    }
}

/// Connects, and no more; the namespace of what names none.
///
/// # Errors
/// Where there is no way to the server; why, and the next step.
pub(super) async fn connect(mut target: Target) -> Result<(Engine, String), Refusal> {
    target.scope = Scope::Kinds(&[]);
    let (told, mut reports) = mpsc::channel(REPORTS);
    let engine = Engine::start(target, Session::default(), told);
    loop {
        match reports.recv().await {
            Some(Report::Connected { namespaces: Namespaces::Some(names), .. }) if !names.is_empty() => {
                return Ok((engine, names[0].to_string()));
            }
            Some(Report::Connected { .. }) => return Ok((engine, "default".to_owned())),
            Some(Report::NotConnected { failure, .. }) => return Err(refusal(&failure)),
            Some(_) => {}
            None => return Err(lost()),
        }
    }
}

/// Asks what rules want to know of the cluster.
pub(super) async fn ask(engine: &Engine, texts: &[Named], seen: &mut Seen, now: Time) {
    for (_, text) in texts {
        lint_in(text, Catalogue::built_in(), now, seen);
    }
    for needs in seen.needs().chunks(AT_ONCE) {
        let answers = needs.iter().map(|need| engine.answer(need.clone()));
        for (need, answer) in futures::future::join_all(answers).await {
            seen.take(need, answer);
        }
    }
}

/// Why it cannot be done, and the next step.
type Refusal = (String, String);

fn lost() -> Refusal {
    ("the connection was lost".to_owned(), "try again".to_owned())
}

/// Whether all that there is has come.
fn is_known(snapshot: &Snapshot) -> Result<bool, Refusal> {
    for kind in KINDS {
        match snapshot.freshness(*kind) {
            Freshness::Loading => return Ok(false),
            Freshness::Failed { failure, .. } | Freshness::Denied(failure) | Freshness::Stale { failure, .. } => {
                return Err(refusal(failure));
            }
            _ => {}
        }
    }
    Ok(true)
}

/// What is looked at: a CronJob stands for its Jobs.
fn keys(snapshot: &Snapshot) -> Vec<ObjectKey> {
    let is_own = |owner: Option<Kind>| owner != Some(Kind::CronJob);
    let jobs = snapshot.jobs.iter().filter(|job| is_own(job.meta().owner.and_then(|owner| owner.kind)));
    snapshot.cronjobs.iter().map(Object::key).chain(jobs.map(Object::key)).collect()
}

fn refusal(failure: &Failure) -> Refusal {
    (failure.message.clone(), next_step(failure).to_owned())
}
