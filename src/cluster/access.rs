//! What this user may do: where all namespaces were to be looked at and that is not allowed, those that work instead.
//!
//! It asks with SelfSubjectAccessReviews, which change nothing and which every user may make; a list that is refused
//! would stand in the server's audit log as an attempt.

use std::time::Duration;

use compact_str::CompactString;
use futures::StreamExt;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{ListParams, PostParams};

use super::connect::{Connection, Target};
use crate::model::key::{Kind, Namespaces};

/// Namespaces that are asked about at most: a quarter of a second each on a slow line, [`AT_ONCE`] of them together.
const CANDIDATES: u32 = 200;

/// How long the first question may take: it stands before everything else. A server that is slower than that is told
/// by the watches.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// Questions under way at the same time.
const AT_ONCE: usize = 16;

/// Namespaces that are watched at most without being named: each costs four connections.
const CHOSEN: usize = 8;

/// The namespaces to watch: the connection's, but where those are all of them and Jobs may not be listed there, the ones
/// that work. All of them again where none is known to work: the panes then say what is missing.
pub(super) async fn workable(client: &kube::Client, connection: &Connection, target: &Target) -> Namespaces {
    if connection.namespaces != Namespaces::All {
        return connection.namespaces.clone();
    }
    let everywhere = tokio::time::timeout(FIRST_ANSWER, may_list_jobs(client, None)).await;
    if everywhere != Ok(Some(false)) {
        return Namespaces::All;
    }
    let remembered = target.remembered.get(connection.context.as_str()).into_iter().flatten();
    let mut candidates: Vec<CompactString> = connection.own_namespace.iter().chain(remembered).cloned().collect();
    let all: Api<Namespace> = Api::all(client.clone());
    if let Ok(listed) = all.list_metadata(&ListParams::default().limit(CANDIDATES)).await {
        candidates.extend(listed.items.into_iter().filter_map(|one| one.metadata.name).map(Into::into));
    }
    let mut asked = std::collections::HashSet::new();
    candidates.retain(|name| asked.insert(name.clone()));
    let answers = futures::stream::iter(candidates)
        .map(|name| async move { (may_list_jobs(client, Some(&name)).await == Some(true)).then_some(name) })
        .buffered(AT_ONCE);
    let chosen: Vec<_> = answers.filter_map(std::future::ready).take(CHOSEN).collect().await;
    if chosen.is_empty() { Namespaces::All } else { Namespaces::Some(chosen) }
}

/// Whether Jobs may be listed in a namespace, or in all of them; None where the server does not say.
async fn may_list_jobs(client: &kube::Client, namespace: Option<&str>) -> Option<bool> {
    let attributes = ResourceAttributes {
        verb: Some("list".into()),
        group: Some(Kind::Job.group().into()),
        resource: Some(Kind::Job.plural().into()),
        namespace: namespace.map(Into::into),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &review).await.ok()?;
    answer.status.map(|status| status.allowed)
}
