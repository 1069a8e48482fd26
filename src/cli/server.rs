//! The way to the server for one command: what is known of the objects that it names, the questions that it asks, and
//! the writes that the server tries and takes.

use std::sync::Arc;

use compact_str::CompactString;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::stop::Stop;
use crate::cli::reference::{Reference, instead};
use crate::cluster::connect::Target;
use crate::cluster::execute::no_connection;
use crate::cluster::list::{Choice, Wanted};
use crate::cluster::{Engine, REPORTS, Report};
use crate::command::Scene;
use crate::model::clock::Clock;
use crate::model::delta::{Delta, Source};
use crate::model::fact::{Answer, Fact, Need};
use crate::model::key::{Kind, Namespaces, ObjectKey, Session};
use crate::model::meta::{Meta, Object};
use crate::model::mutation::{Address, Mutation, Prepared, Refused, Written};
use crate::model::owner::Subject;
use crate::model::snapshot::{Freshness, Snapshot};

/// So many questions are asked at once, which a server hardly notices.
const AT_ONCE: usize = 16;

/// A server that is connected.
pub(in crate::cli) struct Server {
    engine: Engine,
    reports: mpsc::Receiver<Report>,
    pub(in crate::cli) clock: Arc<dyn Clock>,
    /// The context's name.
    pub(in crate::cli) context: CompactString,
    /// The namespace in which objects are that name none; empty where it is all of them that are looked at.
    pub(in crate::cli) namespace: CompactString,
    /// The namespaces that are looked at.
    pub(in crate::cli) namespaces: Namespaces,
    pub(in crate::cli) snapshot: Snapshot,
    /// The number of the last trial.
    trials: u32,
}

impl Server {
    /// Connects, and waits until these kinds are known as far as the target's scope reaches, or cannot be: without the
    /// right to look at what objects own, effects are told from what the objects say themselves.
    ///
    /// # Errors
    /// Where there is no way to the server.
    pub(in crate::cli) async fn connect(target: Target, kinds: &[Kind], clock: Arc<dyn Clock>) -> Result<Self, Stop> {
        let (told, reports) = mpsc::channel(REPORTS);
        let mut server = Self {
            engine: Engine::start(target, Session::default(), told),
            reports,
            clock,
            context: CompactString::default(),
            namespace: CompactString::default(),
            namespaces: Namespaces::default(),
            snapshot: Snapshot::default(),
            trials: 0,
        };
        let is_known =
            |server: &Self| kinds.iter().all(|kind| !matches!(server.snapshot.freshness(*kind), Freshness::Loading));
        while server.context.is_empty() || !is_known(&server) {
            match server.reports.recv().await {
                Some(Report::Connected { context, namespaces, .. }) => {
                    server.context = context;
                    server.expect(kinds, namespaces);
                }
                Some(Report::NotConnected { failure, .. }) => return Err(Stop::of(&failure)),
                Some(Report::Changed(delta)) => {
                    server.snapshot.apply(delta, server.clock.now());
                }
                Some(_) => {}
                None => return Err(Stop::of(&no_connection("ask the server"))),
            }
        }
        Ok(server)
    }

    /// These kinds are not known before each of these namespaces has told of them.
    fn expect(&mut self, kinds: &[Kind], namespaces: Namespaces) {
        for namespace in namespaces.scopes() {
            for kind in kinds {
                let namespace = namespace.filter(|_| !kind.is_cluster_wide()).map(Into::into);
                self.snapshot.expect(Source { kind: *kind, namespace });
            }
        }
        if let Namespaces::Some(names) = &namespaces {
            self.namespace = names.first().cloned().unwrap_or_default();
        }
        self.namespaces = namespaces;
    }

    /// The object of this name.
    ///
    /// # Errors
    /// Where its kind may not be looked at; where it is not there, with the names that come near.
    pub(in crate::cli) async fn find(&self, reference: &Reference) -> Result<Subject, Stop> {
        let Reference { kind, name } = reference;
        if let Freshness::Failed { failure, .. } | Freshness::Denied(failure) | Freshness::Stale { failure, .. } =
            self.snapshot.freshness(*kind)
        {
            return Err(Stop::of(failure));
        }
        let is_it = |meta: &&Meta| meta.name == *name;
        let found = match kind {
            Kind::CronJob => self.snapshot.cronjobs.iter().map(Object::meta).find(is_it),
            Kind::Job => self.snapshot.jobs.iter().map(Object::meta).find(is_it),
            _ => self.snapshot.pods.iter().map(Object::meta).find(is_it),
        };
        if let Some(meta) = found {
            return Ok(Subject { kind: *kind, uid: meta.uid });
        }
        let next = match self.engine.names(*kind, &self.namespace).await {
            Ok(names) if names.is_empty() => {
                self.has_namespace().await?;
                instead(reference, std::iter::empty())
            }
            Ok(names) => instead(reference, names.iter().map(CompactString::as_str)),
            // What there is may be looked at by its name alone.
            Err(_) => "check the name, and the namespace that -n chooses".to_owned(),
        };
        let next = self.of_another_kind(reference).await.unwrap_or(next);
        Err(Stop { message: format!("there is no {reference} in namespace {}", self.namespace), hint: next })
    }

    /// A name alone is a pod's, as with kubectl; where none is meant, it may be that of a Job or a CronJob.
    async fn of_another_kind(&self, Reference { kind, name }: &Reference) -> Option<String> {
        for other in [Kind::Job, Kind::CronJob].into_iter().filter(|_| *kind == Kind::Pod) {
            if self.engine.names(other, &self.namespace).await.is_ok_and(|names| names.iter().any(|one| one == name)) {
                return Some(format!("did you mean {}/{name}?", other.singular()));
            }
        }
        None
    }

    /// Nothing was found in the namespace: whether there is such a one. Who may not look is told nothing.
    ///
    /// # Errors
    /// Where there is none.
    pub(in crate::cli) async fn has_namespace(&self) -> Result<(), Stop> {
        let name = self.namespace.clone();
        let address =
            Address { api_version: "v1".into(), kind: "Namespace".into(), namespace: CompactString::default(), name };
        let answers = self.answers(vec![Need::Object(address)]).await;
        match answers.iter().any(|(_, answer)| matches!(answer, Answer::Object(Fact::Missing))) {
            false => Ok(()),
            true => Err(Stop::new(
                format!("there is no namespace {} in this cluster", self.namespace),
                "choose another with -n, or all with -A; kubectl get namespaces lists them",
            )),
        }
    }

    /// What planners look at.
    pub(in crate::cli) fn scene(&self) -> Scene<'_> {
        Scene { snapshot: &self.snapshot, now: self.clock.now(), is_read_only: false }
    }

    /// Has the server try these writes; what it says to each.
    pub(in crate::cli) async fn prepare(&mut self, mutations: Vec<Mutation>) -> Vec<Result<Box<Prepared>, Refused>> {
        self.trials += 1;
        let mut answers: Vec<_> = mutations.iter().map(|_| None).collect();
        let lost: Vec<String> = mutations.iter().map(Mutation::to_string).collect();
        self.engine.prepare(self.trials, mutations);
        while answers.iter().any(Option::is_none) {
            match self.reports.recv().await {
                Some(Report::Prepared { review, at, outcome, .. }) if review == self.trials => {
                    answers[at] = Some(outcome);
                }
                Some(_) => {}
                None => break,
            }
        }
        let answered = answers.into_iter().zip(lost);
        answered.map(|(answer, doing)| answer.unwrap_or_else(|| Err(no_connection(&doing).into()))).collect()
    }

    /// Sends a write that was tried.
    pub(in crate::cli) async fn send(&mut self, prepared: Prepared) -> Result<Written, Refused> {
        let doing = prepared.mutation.to_string();
        self.engine.execute(Session::default(), vec![prepared], true);
        loop {
            match self.reports.recv().await {
                Some(Report::Done { outcome, .. }) => return outcome,
                Some(_) => {}
                None => return Err(no_connection(&doing).into()),
            }
        }
    }

    /// Reads lists of the namespace, or of the cluster, beside each other. Events are taken in last: of those about pods
    /// only the pods say whether they matter.
    pub(in crate::cli) async fn read(&mut self, lists: Vec<(Kind, Choice)>) {
        let wanted = lists.into_iter().map(|(kind, choice)| {
            let namespace = Some(self.namespace.clone()).filter(|_| !kind.is_cluster_wide());
            Wanted { kind, namespace, choice }
        });
        self.read_lists(wanted.collect()).await;
    }

    /// The same of any namespaces.
    pub(in crate::cli) async fn read_lists(&mut self, wanted: Vec<Wanted>) {
        let lists = wanted.into_iter().map(|wanted| self.engine.list(wanted));
        let mut deltas: Vec<Delta> = futures::stream::iter(lists).buffered(AT_ONCE).collect().await;
        deltas.sort_by_key(|delta| delta.source.kind == Kind::Event);
        for delta in deltas {
            self.snapshot.apply(delta, self.clock.now());
        }
    }

    /// Asks all this, a few questions at once.
    pub(in crate::cli) async fn answers(&self, needs: Vec<Need>) -> Vec<(Need, Answer)> {
        futures::stream::iter(needs).map(|need| self.engine.answer(need)).buffered(AT_ONCE).collect().await
    }

    /// An object as it is now; None where it cannot be had.
    pub(in crate::cli) async fn fetch(&mut self, key: ObjectKey) -> Option<serde_json::Value> {
        self.engine.fetch(key.clone());
        loop {
            match self.reports.recv().await? {
                Report::Fetched { key: fetched, object, .. } if fetched == key => return object.ok(),
                _ => {}
            }
        }
    }
}
