//! What the linter asks of a cluster: its CronJobs and Jobs as manifests, as a person would write them to have them
//! again, and what manifests name.

use std::sync::Arc;

use super::Named;
use crate::cli::server::Server;
use crate::cli::stop::Stop;
use crate::cluster::connect::Target;
use crate::cluster::scope::Scope;
use crate::manifest::Catalogue;
use crate::manifest::lint::{Lint, Seen, is_of_cluster, lint_in, live_text};
use crate::model::clock::{Clock, Time};
use crate::model::fact::{Answer, Fact, Need};
use crate::model::job::Job;
use crate::model::key::{Kind, Namespaces, ObjectKey};
use crate::model::meta::Object;
use crate::model::mutation::Address;
use crate::model::snapshot::{Freshness, Snapshot};

/// The kinds that are looked at.
const KINDS: &[Kind] = &[Kind::CronJob, Kind::Job];

/// All CronJobs of the target's namespaces, and the Jobs that are of none: each as YAML, by its namespace and name.
///
/// # Errors
/// Where there is no way to the server, or it does not let them be read; why, and the next step.
pub(super) async fn objects(target: Target, clock: Arc<dyn Clock>) -> Result<(Server, Seen, Vec<Named>), Stop> {
    let server = Server::connect(Target { scope: Scope::Kinds(KINDS), ..target }, KINDS, clock).await?;
    for kind in KINDS {
        if let Freshness::Failed { failure, .. } | Freshness::Denied(failure) | Freshness::Stale { failure, .. } =
            server.snapshot.freshness(*kind)
        {
            return Err(Stop::of(failure));
        }
    }
    let mut seen = Seen::default();
    for job in server.snapshot.jobs.iter().filter(|job| needs_no_pods(job)) {
        seen.settle(job.key().into());
    }
    let needs = keys(&server.snapshot).into_iter().map(|key| Need::Object(key.into())).collect();
    let mut objects = Vec::new();
    for answer in server.answers(needs).await {
        match answer {
            (Need::Object(Address { namespace, kind, name, .. }), Answer::Object(Fact::Found(object))) => {
                objects.push((format!("{namespace}/{}/{name}", kind.to_lowercase()), live_text(&object)));
            }
            (_, Answer::Object(Fact::Unreadable(why))) => return Err(Stop::new(why, "try again in a moment")),
            // It was deleted meanwhile.
            _ => {}
        }
    }
    objects.sort();
    Ok((server, seen, objects))
}

/// Connects, and no more; the namespace of what names none.
///
/// # Errors
/// Where there is no way to the server; why, and the next step.
pub(super) async fn connect(target: Target, clock: Arc<dyn Clock>) -> Result<(Server, String), Stop> {
    let server = Server::connect(Target { scope: Scope::Kinds(&[]), ..target }, &[], clock).await?;
    let namespace = match &server.namespaces {
        Namespaces::Some(names) if !names.is_empty() => names[0].to_string(),
        _ => "default".to_owned(),
    };
    Ok((server, namespace))
}

/// Asks what rules want to know of the cluster's objects.
pub(super) async fn ask(
    server: &Server,
    texts: &[Named],
    seen: &mut Seen,
    now: Time,
    is_on: impl Fn(&'static Lint) -> bool,
) {
    for (_, text) in texts {
        lint_in(text, Catalogue::built_in(), now, seen, |lint| is_of_cluster(lint) && is_on(lint));
    }
    for (need, answer) in server.answers(seen.needs()).await {
        seen.take(need, answer);
    }
}

/// It has ended, or has all the pods that it wants.
fn needs_no_pods(job: &Job) -> bool {
    let at_once = job.parallelism.unwrap_or(1);
    let wanted = job.completions.map_or(at_once, |all| at_once.min(all - job.succeeded));
    job.is_finished() || job.meta.deleted.is_some() || (job.active >= wanted && !job.suspend)
}

/// What is looked at: a CronJob stands for its Jobs.
fn keys(snapshot: &Snapshot) -> Vec<ObjectKey> {
    let is_own = |owner: Option<Kind>| owner != Some(Kind::CronJob);
    let jobs = snapshot.jobs.iter().filter(|job| is_own(job.meta().owner.and_then(|owner| owner.kind)));
    snapshot.cronjobs.iter().map(Object::key).chain(jobs.map(Object::key)).collect()
}
