//! Lists that are read once, narrowed by selectors: for commands that want an answer and no watch. They are told as the
//! changes that a watch would tell, in protobuf where the server speaks it. The engine calls it.

use std::sync::Arc;

use compact_str::CompactString;
use kube::Api;
use kube::api::ListParams;

use super::execute;
use super::slim::{AnyPod, CoreEvent, Early, Slim};
use super::watch::announcing;
use crate::model::claim::Claim;
use crate::model::clock::{Clock, SystemClock};
use crate::model::cronjob::CronJob;
use crate::model::delta::{Cause, Change, Delta, Failure, Row, Source};
use crate::model::event::Event;
use crate::model::job::Job;
use crate::model::key::{Kind, Session};
use crate::model::limit_range::LimitRange;
use crate::model::meta::Meta;
use crate::model::node::Node;
use crate::model::quota::ResourceQuota;

/// Objects in one page, as for watches.
const PAGE: u32 = 1000;

/// A list to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of what.
    pub kind: Kind,
    /// Where; None for kinds that live in no namespace, and for all namespaces.
    pub namespace: Option<CompactString>,
    /// Which of them.
    pub choice: Choice,
}

/// Which objects of a kind are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// All of them.
    All,
    /// The one of this name.
    Named(CompactString),
    /// The pods of the Job of this name.
    OfJob(CompactString),
    /// The pods on this node.
    OnNode(CompactString),
    /// The events about the object of this kind and name.
    About(Kind, CompactString),
}

impl Choice {
    /// The selectors, for this API group.
    fn params(&self, group: &str) -> ListParams {
        let all = ListParams::default().limit(PAGE);
        match self {
            Choice::All => all,
            Choice::Named(name) => all.fields(&format!("metadata.name={name}")),
            // The older of two labels, which every server knows.
            Choice::OfJob(name) => all.labels(&format!("job-name={name}")),
            Choice::OnNode(name) => all.fields(&format!("spec.nodeName={name}")),
            Choice::About(kind, name) => {
                let about = if group.is_empty() { "involvedObject" } else { "regarding" };
                all.fields(&format!("{about}.kind={},{about}.name={name}", kind.name()))
            }
        }
    }
}

/// Reads a list to its end.
pub(super) async fn list(client: &kube::Client, session: Session, wanted: Wanted) -> Delta {
    // In the slim form pods of others have no status but their phase: who asks for one by its name wants all of it.
    let is_slim = wanted.kind != Kind::Pod || !matches!(wanted.choice, Choice::Named(_));
    let client = &announcing(client.clone(), Arc::default(), Arc::default(), is_slim);
    let rows = match wanted.kind {
        Kind::CronJob => read::<CronJob>(client, &wanted).await,
        Kind::Job => read::<Job>(client, &wanted).await,
        Kind::Pod => read::<AnyPod>(client, &wanted).await,
        Kind::Event => events(client, &wanted).await,
        Kind::Namespace => read::<Meta>(client, &wanted).await,
        Kind::Node => read::<Node>(client, &wanted).await,
        Kind::ResourceQuota => read::<ResourceQuota>(client, &wanted).await,
        Kind::LimitRange => read::<LimitRange>(client, &wanted).await,
        Kind::PersistentVolumeClaim => read::<Claim>(client, &wanted).await,
    };
    let changes = match rows {
        // No reset: another list may have told of others of the kind.
        Ok(rows) => rows.into_iter().map(Change::Upsert).chain([Change::Synced]).collect(),
        Err(failure) => vec![Change::Failed { failure, retry_at: SystemClock.now() }],
    };
    Delta { session, source: Source { kind: wanted.kind, namespace: wanted.namespace }, changes }
}

/// Events in their newer form, and in the older one where that is refused or missing: roles often allow one alone.
async fn events(client: &kube::Client, wanted: &Wanted) -> Result<Vec<Row>, Failure> {
    match read::<Event>(client, wanted).await {
        Err(failure) if matches!(failure.cause, Cause::Denied | Cause::NotFound) => {
            read::<CoreEvent>(client, wanted).await
        }
        told => told,
    }
}

async fn read<R: Slim>(client: &kube::Client, wanted: &Wanted) -> Result<Vec<Row>, Failure> {
    let (api, place): (Api<Early<R>>, String) = match &wanted.namespace {
        Some(namespace) => (Api::namespaced(client.clone(), namespace), format!(" in namespace {namespace}")),
        None if R::KIND.is_cluster_wide() => (Api::all(client.clone()), String::new()),
        None => (Api::all(client.clone()), " in all namespaces".to_owned()),
    };
    let doing = format!("list {}{place}", R::KIND.plural());
    let mut params = wanted.choice.params(R::GROUP);
    let mut rows = Vec::new();
    loop {
        let page = execute::answer(&doing, api.list(&params)).await?;
        rows.extend(page.items.into_iter().map(Early::into_row));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_selectors() {
        let selectors = |choice: Choice, group| {
            let params = choice.params(group);
            (params.field_selector.unwrap_or_default(), params.label_selector.unwrap_or_default())
        };
        let pair = |fields: &str, labels: &str| (fields.to_owned(), labels.to_owned());
        assert_eq!(selectors(Choice::All, ""), pair("", ""));
        assert_eq!(selectors(Choice::Named("etl".into()), "batch"), pair("metadata.name=etl", ""));
        assert_eq!(selectors(Choice::OfJob("etl".into()), ""), pair("", "job-name=etl"));
        assert_eq!(selectors(Choice::OnNode("n-1".into()), ""), pair("spec.nodeName=n-1", ""));
        let about = Choice::About(Kind::Job, "etl".into());
        assert_eq!(selectors(about.clone(), ""), pair("involvedObject.kind=Job,involvedObject.name=etl", ""));
        assert_eq!(selectors(about, "events.k8s.io"), pair("regarding.kind=Job,regarding.name=etl", ""));
    }
}
