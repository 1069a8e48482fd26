//! Usage of CPU and memory: what metrics.k8s.io tells of the pods on screen.
//!
//! It is asked again and again while there are such pods, since this API cannot be watched. A server without metrics,
//! or a user who may not read them, is nothing to be told: the columns stay empty. [`super::Engine`] starts it.

use std::time::Duration;

use compact_str::CompactString;
use kube::api::ListParams;
use kube::core::Request;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};

use super::Report;
use super::slim::NumbersWire;
use crate::model::key::Session;
use crate::model::resources::Resources;
use crate::model::usage::{PodUsage, UsageScope};

/// The wait between two measurements: what metrics-server itself takes between two of its own.
const EACH: Duration = Duration::from_secs(15);

/// The wait where there are no metrics: they may be installed, or allowed, at any time.
const REFUSED: Duration = Duration::from_secs(60);

/// The shortest time between two requests, so that a cursor that runs through many Jobs makes no flood.
const SHORTEST: Duration = Duration::from_secs(1);

/// Measures whatever the newest scope names, until nobody wants to know any more.
pub async fn measure(
    client: kube::Client,
    session: Session,
    mut scopes: watch::Receiver<Option<UsageScope>>,
    reports: mpsc::Sender<Report>,
) {
    loop {
        let Ok(scope) = scopes.wait_for(Option::is_some).await.map(|scope| scope.clone()) else { return };
        scopes.mark_unchanged();
        let Some(scope) = scope else { continue };
        let answer = fetch(&client, &scope).await;
        let is_refused = matches!(&answer, Err(kube::Error::Api(status)) if matches!(status.code, 403 | 404 | 503));
        let pods = answer.unwrap_or_default();
        if reports.send(Report::Usage { session, scope, pods }).await.is_err() {
            return;
        }
        if is_refused {
            tokio::time::sleep(REFUSED).await;
            continue;
        }
        tokio::time::sleep(SHORTEST).await;
        tokio::select! {
            () = tokio::time::sleep(EACH.saturating_sub(SHORTEST)) => {}
            changed = scopes.changed() => if changed.is_err() { return },
        }
    }
}

/// metrics.k8s.io/v1beta1 PodMetricsList.
#[derive(Deserialize)]
struct PodMetricsList {
    items: Vec<PodMetrics>,
}

#[derive(Deserialize)]
struct PodMetrics {
    metadata: Named,
    #[serde(default)]
    containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
struct Named {
    name: CompactString,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    name: CompactString,
    usage: NumbersWire,
}

async fn fetch(client: &kube::Client, scope: &UsageScope) -> Result<Vec<PodUsage>, kube::Error> {
    let list: PodMetricsList = client.request(request(scope)?).await?;
    let container = |one: ContainerMetrics| (one.name, Resources::from(one.usage));
    let pod = |one: PodMetrics| PodUsage {
        pod: one.metadata.name,
        containers: one.containers.into_iter().map(container).collect(),
    };
    Ok(list.items.into_iter().map(pod).collect())
}

/// Asks for the pods of all the Jobs at once. The label without a prefix is on pods of every version of Kubernetes.
fn request(scope: &UsageScope) -> Result<http::Request<Vec<u8>>, kube::Error> {
    let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{}/pods", scope.namespace);
    let selector = format!("job-name in ({})", scope.jobs.join(","));
    Request::new(path).list(&ListParams::default().labels(&selector)).map_err(kube::Error::BuildRequest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_of_all_jobs_are_asked_for_at_once() {
        let scope = UsageScope { namespace: "data".into(), jobs: vec!["etl".into(), "report".into()] };
        assert_eq!(
            request(&scope).unwrap().uri().to_string(),
            "/apis/metrics.k8s.io/v1beta1/namespaces/data/pods?&labelSelector=job-name+in+%28etl%2Creport%29"
        );
    }

    /// An answer of metrics-server 0.8.
    const ANSWER: &str = r#"{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{
        "metadata":{"name":"busy-8cq92","namespace":"part-a","creationTimestamp":"2026-11-21T07:08:31Z"},
        "timestamp":"2026-11-21T07:08:29Z","window":"9.989s",
        "containers":[{"name":"main","usage":{"cpu":"100118989n","memory":"236Ki"}}]}]}"#;

    /// A server that gives this answer to everything, and the number of requests that it had.
    fn serving(code: u16, body: &'static str) -> (kube::Client, watch::Receiver<u32>) {
        let (asked, count) = watch::channel(0);
        let service = tower::service_fn(move |_: http::Request<kube::client::Body>| {
            asked.send_modify(|count| *count += 1);
            let response =
                http::Response::builder().status(code).body(kube::client::Body::from(body.as_bytes().to_vec()));
            std::future::ready(response)
        });
        (kube::Client::new(service, "default"), count)
    }

    fn scope(job: &str) -> Option<UsageScope> {
        Some(UsageScope { namespace: "part-a".into(), jobs: vec![job.into()] })
    }

    #[tokio::test(start_paused = true)]
    async fn usage_is_measured_anew_every_15_seconds_while_it_is_wanted() {
        let (client, mut count) = serving(200, ANSWER);
        let (wanted, scopes) = watch::channel(None);
        let (reports, mut told) = mpsc::channel(4);
        let task = tokio::spawn(measure(client, Session::default(), scopes, reports));
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(*count.borrow(), 0, "nobody wants to know");
        wanted.send_replace(scope("busy"));
        let Some(Report::Usage { pods, .. }) = told.recv().await else { panic!("no usage") };
        let used = Resources { cpu_millis: 101, memory_bytes: 236 << 10 };
        assert_eq!(pods, [PodUsage { pod: "busy-8cq92".into(), containers: vec![("main".into(), used)] }]);
        let begun = tokio::time::Instant::now();
        told.recv().await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 15);
        wanted.send_replace(scope("other"));
        let Some(Report::Usage { scope: measured, .. }) = told.recv().await else { panic!("no usage") };
        assert_eq!((measured, begun.elapsed().as_secs()), (scope("other").unwrap(), 16));
        wanted.send_replace(None);
        tokio::time::sleep(Duration::from_secs(100)).await;
        assert_eq!(*count.borrow_and_update(), 3);
        drop(wanted);
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_without_metrics_is_asked_again_after_a_minute() {
        for code in [403, 404, 503] {
            let (client, count) = serving(code, r#"{"kind":"Status","status":"Failure","code":404,"message":"no"}"#);
            let (wanted, scopes) = watch::channel(scope("busy"));
            let (reports, mut told) = mpsc::channel(4);
            tokio::spawn(measure(client, Session::default(), scopes, reports));
            let Some(Report::Usage { pods, .. }) = told.recv().await else { panic!("no usage") };
            assert_eq!(pods, []);
            let begun = tokio::time::Instant::now();
            wanted.send_replace(scope("other"));
            told.recv().await.unwrap();
            assert_eq!((begun.elapsed().as_secs(), *count.borrow()), (60, 2), "{code}");
        }
    }
}
