//! What is read to examine one object: itself with its pods and events, and the rest of the namespace and the nodes only
//! where rules look at them, since a namespace may hold ten thousand pods.
//!
//! A Job whose pods have all found their nodes is told by itself and its CronJob. For one that waits for a place, for a
//! quota or for its next try, others matter: what they hold, and what is said of them. A CronJob is told by its runs.

use std::collections::BTreeSet;

use compact_str::CompactString;

use crate::cli::examine::KINDS;
use crate::cli::reference::Reference;
use crate::cli::server::Server;
use crate::cli::stop::Stop;
use crate::cluster::list::Choice;
use crate::model::clock::short_duration;
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::pod::{Pod, PodPhase};

/// Up to so many objects are asked for one by one; for more of them all of their kind are read.
const FEW: usize = 8;

/// Up to so many runs of a CronJob are asked for one by one: its history limits, which are 3 and 1, seldom keep more.
const FEW_RUNS: usize = 16;

/// Reads what rules look at, and finds the object.
///
/// # Errors
/// Where it is not there, or its kind may not be read.
pub(super) async fn read(server: &mut Server, object: &Reference) -> Result<Subject, Stop> {
    let name = CompactString::from(object.name.as_str());
    let about = (Kind::Event, Choice::About(object.kind, name.clone()));
    let itself = (object.kind, Choice::Named(name.clone()));
    match object.kind {
        Kind::Job => server.read(vec![itself.clone(), (Kind::Pod, Choice::OfJob(name)), about]).await,
        Kind::Pod => server.read(vec![itself.clone(), (Kind::Job, Choice::All), about]).await,
        // Which Jobs are its runs only their owners say. Whether its controller is at work other CronJobs say.
        _ => server.read(vec![(Kind::CronJob, Choice::All), (Kind::Job, Choice::All), about]).await,
    }
    let subject = server.find(object).await.map_err(|stop| was_there(server, object, stop))?;
    if subject.kind == Kind::CronJob {
        read_runs(server, subject).await;
    } else {
        let owner = server.snapshot.pods.get(subject.uid).and_then(|pod| pod.meta.owner_uid());
        let job = server.snapshot.jobs.get(owner.unwrap_or(subject.uid));
        let is_of_others = job.is_none();
        // Whose pod it is, only its Job tells; without one there is nothing to leave out.
        let more = job.map_or_else(everything, |job| that_matters(server, subject, job));
        server.read(more).await;
        if is_of_others {
            // Among all pods it came without its status, as those of others do.
            server.read(vec![itself]).await;
        }
    }
    // Who took the place of a pod is told by a UID alone.
    if server.snapshot.events.iter().any(|event| event.reason == "Preempted") {
        server.read(vec![(Kind::Pod, Choice::All)]).await;
    }
    // One that names a node that is not there is told which ones there are.
    let is_there = |pod: &&Pod| server.snapshot.nodes.iter().any(|node| node.meta.name == pod.node);
    let pods = server.snapshot.pods_of_subject(subject);
    if pods.iter().any(|pod| !pod.node.is_empty() && !is_there(pod)) {
        server.read(vec![(Kind::Node, Choice::All)]).await;
    }
    Ok(subject)
}

/// Reads what tells how the runs of a CronJob are.
async fn read_runs(server: &mut Server, cronjob: Subject) {
    let runs = server.snapshot.jobs_of(cronjob.uid);
    let of_run = |run: &&Job| {
        let name = &run.meta.name;
        [(Kind::Pod, Choice::OfJob(name.clone())), (Kind::Event, Choice::About(Kind::Job, name.clone()))]
    };
    let lists = match runs.len() <= FEW_RUNS {
        true => runs.iter().flat_map(of_run).collect(),
        false => vec![(Kind::Pod, Choice::All), (Kind::Event, Choice::All)],
    };
    server.read(lists).await;
    let is_refused = server.snapshot.events_about(cronjob.uid).any(|event| event.reason == "FailedCreate");
    let mut lists = if is_refused { everything() } else { Vec::new() };
    for run in server.snapshot.jobs_of(cronjob.uid) {
        let more = that_matters(server, Subject { kind: Kind::Job, uid: run.meta.uid }, run);
        lists.extend(more.into_iter().filter(|(kind, _)| !matches!(kind, Kind::CronJob | Kind::Job)));
    }
    // What is read whole is not asked for in parts as well.
    let whole: Vec<Kind> = lists.iter().filter(|(_, choice)| *choice == Choice::All).map(|(kind, _)| *kind).collect();
    let mut wanted: Vec<(Kind, Choice)> = Vec::new();
    for list in lists {
        if !wanted.contains(&list) && (list.1 == Choice::All || !whole.contains(&list.0)) {
            wanted.push(list);
        }
    }
    server.read(wanted).await;
}

/// What matters of others for a Job, or a pod of it.
fn that_matters(server: &Server, subject: Subject, job: &Job) -> Vec<(Kind, Choice)> {
    let pods = server.snapshot.pods_of_subject(subject);
    let is_unplaced = |pod: &&Pod| !pod.is_finished() && pod.node.is_empty();
    let is_held_up = subject.kind == Kind::Job && is_held_up(server, job, &pods);
    if is_held_up || pods.iter().any(is_unplaced) { everything() } else { around(subject, job, &pods) }
}

/// Adds what the events still tell of an object that is gone: ended Jobs are deleted after a while, and pods with them.
fn was_there(server: &Server, object: &Reference, stop: Stop) -> Stop {
    let is_about = |event: &&Event| event.about_kind == Some(object.kind) && event.about_name == object.to_string();
    let said = server.snapshot.events.iter().filter(is_about);
    // What the controller says of an end tells more than that it made and deleted pods.
    let Some(event) = said.max_by_key(|event| (!event.reason.starts_with("Successful"), event.last)) else {
        return stop;
    };
    let ago = event.last.map(|last| short_duration(server.scene().now.seconds_since(last).max(0))).unwrap_or_default();
    let hint = match object.kind {
        Kind::Job => {
            "ttlSecondsAfterFinished, a CronJob's history or a person deletes Jobs: let the next one stay to look at it"
        }
        _ => "it was deleted, or its node is gone",
    };
    Stop {
        message: format!("{} any more; {ago} ago was said of it: {}: {}", stop.message, event.reason, event.note),
        hint: hint.to_owned(),
    }
}

fn everything() -> Vec<(Kind, Choice)> {
    KINDS.iter().map(|kind| (*kind, Choice::All)).collect()
}

/// Pods that the Job wants are missing, or the API server refuses them.
fn is_held_up(server: &Server, job: &Job, pods: &[&Pod]) -> bool {
    if job.is_finished() {
        return false;
    }
    let open = pods.iter().filter(|pod| !pod.is_finished() && pod.meta.deleted.is_none()).count();
    let left = job.completions.map_or(1, |wanted| wanted - job.succeeded).max(0);
    let wanted = usize::try_from(job.parallelism.unwrap_or(1).min(left)).unwrap_or_default();
    let is_refused = server.snapshot.events_about(job.meta.uid).any(|event| event.reason == "FailedCreate");
    is_refused || (open < wanted && !job.suspend) || (job.suspend && open > 0)
}

/// What matters of others where all pods have a node: these nodes, the other runs of the CronJob, what is said of the
/// pods; where containers wait to start, also claims, and who else is on the node.
fn around(subject: Subject, job: &Job, pods: &[&Pod]) -> Vec<(Kind, Choice)> {
    let waiting = pods.iter().filter(|pod| pod.phase == PodPhase::Pending);
    let busy: BTreeSet<&CompactString> = waiting.map(|pod| &pod.node).collect();
    let nodes: BTreeSet<&CompactString> = pods.iter().map(|pod| &pod.node).filter(|node| !node.is_empty()).collect();
    // Events about pods that are gone are known by nothing but the names in them.
    let failed = pods.iter().filter(|pod| pod.phase == PodPhase::Failed).count();
    let are_gone = pods.is_empty() || failed < usize::try_from(job.failed).unwrap_or_default();
    // The template of a Job whose pods are gone may name a node that is not there either.
    let mut lists: Vec<(Kind, Choice)> = match nodes.len() <= FEW && !are_gone {
        true => nodes.iter().map(|node| (Kind::Node, Choice::Named((*node).clone()))).collect(),
        false => vec![(Kind::Node, Choice::All)],
    };
    if job.meta.owner.is_some_and(|owner| owner.kind == Some(Kind::CronJob)) {
        lists.extend([(Kind::CronJob, Choice::All), (Kind::Job, Choice::All)]);
    }
    if subject.kind == Kind::Pod {
        lists.push((Kind::Pod, Choice::OfJob(job.meta.name.clone())));
    }
    if !busy.is_empty() {
        lists.push((Kind::PersistentVolumeClaim, Choice::All));
        lists.extend(busy.iter().map(|node| (Kind::Pod, Choice::OnNode((*node).clone()))));
    }
    match are_gone || !busy.is_empty() || pods.len() > FEW {
        true => lists.push((Kind::Event, Choice::All)),
        false => lists.extend(pods.iter().map(|pod| (Kind::Event, Choice::About(Kind::Pod, pod.meta.name.clone())))),
    }
    lists
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::cli::examine::unread;
    use crate::cluster::connect::{Place, Target};
    use crate::cluster::scope::Scope;
    use crate::demo::Demo;
    use crate::model::clock::SystemClock;
    use crate::model::key::Namespaces;

    /// Reads for an object of the embedded cluster's namespace `data`, whose server refuses to list quotas.
    async fn reads(namespace: &str, object: &str) -> Server {
        let clock = Arc::new(SystemClock);
        let demo = Demo::living(clock.clone(), 1, None);
        demo.fail("/resourcequotas", 403);
        let target = Target {
            place: Place::Demo(demo),
            namespaces: Some(Namespaces::Some(vec![namespace.into()])),
            scope: Scope::Kinds(&[]),
            remembered: BTreeMap::new(),
            is_read_only: true,
        };
        let mut server = Server::connect(target, &[], clock).await.unwrap();
        read(&mut server, &Reference::parse(object).unwrap()).await.unwrap();
        server
    }

    #[tokio::test]
    async fn job_whose_pods_are_placed_is_read_without_those_of_others() {
        let server = reads("data", "job/etl-orders-0412").await;
        let job = server.snapshot.jobs.iter().next().unwrap().meta.uid;
        assert_eq!(server.snapshot.jobs.iter().count(), 1);
        assert_eq!(server.snapshot.pods.iter().count(), 3);
        assert!(server.snapshot.pods.iter().all(|pod| pod.meta.owner_uid() == Some(job)));
        let nodes: BTreeSet<&str> = server.snapshot.nodes.iter().map(|node| node.meta.name.as_str()).collect();
        let own: BTreeSet<&str> = server.snapshot.pods.iter().map(|pod| pod.node.as_str()).collect();
        assert_eq!(nodes, own, "of nodes its own alone");
        assert!(unread(&server).is_empty(), "quotas were not asked for");
    }

    #[tokio::test]
    async fn run_is_read_with_its_cronjob_and_the_runs_before_it() {
        let whole = reads("data", "cronjob/nightly-report").await;
        let cronjob = whole.snapshot.cronjobs.iter().find(|one| one.meta.name == "nightly-report").unwrap().meta.uid;
        let runs = whole.snapshot.jobs_of(cronjob);
        let run = &runs[0].meta.name;
        let server = reads("data", &format!("job/{run}")).await;
        assert_eq!(server.snapshot.jobs_of(cronjob).len(), runs.len());
        assert!(server.snapshot.pods.iter().count() > 0);
        assert!(server.snapshot.pods.iter().all(|pod| pod.meta.name.starts_with(run.as_str())));
    }

    #[tokio::test]
    async fn cronjob_is_read_with_the_pods_of_its_runs_alone() {
        let server = reads("data", "cronjob/nightly-report").await;
        let cronjob = server.snapshot.cronjobs.iter().find(|one| one.meta.name == "nightly-report").unwrap().meta.uid;
        let runs: BTreeSet<_> = server.snapshot.jobs_of(cronjob).iter().map(|run| run.meta.uid).collect();
        assert!(!runs.is_empty() && server.snapshot.pods.iter().count() > 0);
        let is_own = |pod: &&Pod| pod.meta.owner_uid().is_some_and(|uid| runs.contains(&uid));
        let others: Vec<&str> =
            server.snapshot.pods.iter().filter(|pod| !is_own(pod)).map(|pod| pod.meta.name.as_str()).collect();
        assert!(others.is_empty(), "{others:?} beside {runs:?}");
        assert!(unread(&server).is_empty(), "quotas were not asked for");
    }

    #[tokio::test]
    async fn job_that_waits_is_read_with_all_that_may_hold_it_up() {
        for (namespace, object) in [("payments", "job/settle-2990"), ("ml", "job/train-resnet-12")] {
            let server = reads(namespace, object).await;
            assert!(server.snapshot.nodes.iter().count() > 1, "{object}");
            assert!(server.snapshot.jobs.iter().count() > 1, "{object}");
            let unread = unread(&server);
            assert!(unread.iter().any(|(kind, _)| *kind == Kind::ResourceQuota), "{object}: {unread:?}");
        }
    }
}
