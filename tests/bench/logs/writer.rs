//! Jobs whose one pod writes numbered lines as fast as it can.

use std::time::{Duration, SystemTime};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::PATIENCE;

pub const NAMESPACE: &str = "default";

/// The line that has this number, from 1 on: 70 bytes with its line break.
pub fn line(number: usize) -> String {
    format!("{number:08} INFO the order was read, checked, priced and handed on ok")
}

/// A pod that writes.
pub struct Writer {
    pub job: String,
    pub pod: Pod,
    /// When its first line is written.
    pub begin: SystemTime,
}

impl Writer {
    /// Starts one that begins to write after so many seconds; it runs by then.
    pub async fn start(client: &Client, job: &str, lines: usize, wait: u64) -> Self {
        let begin = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() + wait;
        let text = line(0).split_once(' ').unwrap().1.to_owned();
        let script = format!(
            "while [ $(date +%s) -lt {begin} ]; do sleep 0.02; done; \
             awk 'BEGIN {{ for (i = 1; i <= {lines}; i++) printf \"%08d {text}\\n\", i }}'"
        );
        let jobs: Api<Job> = Api::namespaced(client.clone(), NAMESPACE);
        if jobs.get_opt(job).await.unwrap().is_some() {
            Self::remove(client, job).await;
        }
        let manifest = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": job },
            "spec": { "backoffLimit": 0, "template": { "spec": {
                "restartPolicy": "Never", "terminationGracePeriodSeconds": 0,
                "containers": [{ "name": "main", "image": "busybox:1.35", "command": ["sh", "-c", script] }],
            } } },
        });
        jobs.create(&PostParams::default(), &serde_json::from_value(manifest).unwrap()).await.unwrap();
        let pod = Self::pod(client, job, |pod| state(pod, "Running") || state(pod, "Succeeded")).await;
        let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(begin);
        assert!(SystemTime::now() < begin, "the pod took longer than {wait} s to start");
        Self { job: job.to_owned(), pod, begin }
    }

    /// Waits until the pod has ended.
    pub async fn end(&self, client: &Client) {
        Self::pod(client, &self.job, |pod| state(pod, "Succeeded")).await;
    }

    async fn pod(client: &Client, job: &str, is_met: impl Fn(&Pod) -> bool) -> Pod {
        let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
        let chosen = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
        tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(pod) = pods.list(&chosen).await.unwrap().items.into_iter().find(&is_met) {
                    return pod;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .expect("the pod never was as wanted")
    }

    /// Deletes the Job and its pod.
    pub async fn remove(client: &Client, job: &str) {
        let jobs: Api<Job> = Api::namespaced(client.clone(), NAMESPACE);
        jobs.delete(job, &DeleteParams::foreground()).await.unwrap();
        while jobs.get_opt(job).await.unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn state(pod: &Pod, phase: &str) -> bool {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some(phase)
}
