//! What is left when the work is over: Jobs that nobody deletes, pods without a Job, and evidence that goes too soon.

use super::Case;
use super::case::of_field;
use super::container::blank;
use super::finding::{Confidence, Evidence, Finding, Fix, Severity};
use super::outcome::many;
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::pod::Pod;

/// A Job that ended so long ago was looked at, or will not be.
const OLD_SECONDS: i64 = 86_400;

/// Nobody who is called at night looks at a failed Job faster than that.
const SOON_SECONDS: i64 = 300;

/// A pod whose Job is gone is deleted by the garbage collector well within this.
const COLLECTED_SECONDS: i64 = 300;

/// What is left, and what goes too soon.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let found = match (case.subject.kind, case.job) {
        (Kind::Job, Some(job)) => evidence_goes(case, job).or_else(|| finished_long_ago(case, job)),
        (Kind::Pod, None) => case.pods.first().and_then(|pod| orphan(case, pod)),
        _ => None,
    };
    found.into_iter().collect()
}

fn finding(case: &Case<'_>, rule: &'static str, severity: Severity, evidence: Vec<Evidence>) -> Finding {
    Finding {
        evidence,
        group: format!("{rule}/{}", case.key.namespace),
        ..blank(case, rule, severity, Confidence::Certain)
    }
}

/// T100: a Job that ended long ago and that nothing deletes. One such Job is no problem, so it is told as what it is.
fn finished_long_ago(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let ended = job.ended().filter(|ended| case.known.ago(*ended) > OLD_SECONDS)?;
    // A CronJob has its history limits, and other owners their own rules.
    if job.ttl_seconds_after_finished.is_some() || job.meta.owner.is_some() || job.meta.deleted.is_some() {
        return None;
    }
    let age = short_duration(case.known.ago(ended));
    let kept = match case.pods.len() {
        0 => String::new(),
        count => format!(" together with {} and {} logs", many(count, "pod"), if count == 1 { "its" } else { "their" }),
    };
    let days = case.known.ago(ended) / OLD_SECONDS;
    Some(Finding {
        verdict: format!(
            "The Job ended {age} ago and has no TTL (ttlSecondsAfterFinished), so it stays until somebody deletes it{kept}."
        ),
        short: format!("ended {age} ago, no TTL"),
        fixes: vec![
            Fix::by("delete it", CommandCall::new("object.delete", case.subject)),
            Fix::by(
                format!("keep it for a while yet: a TTL below {days} days deletes it at once"),
                CommandCall::with("job.ttl", case.subject, format!("{}d", days + 7)),
            ),
            Fix::by(
                "delete all Jobs that ended more than a week ago",
                CommandCall::with("job.clean", case.subject, "finished older=7d"),
            ),
        ],
        since: Some(ended),
        ..finding(case, "T100", Severity::Info, vec![of_field(job, "spec.ttlSecondsAfterFinished", "not set")])
    })
}

/// T102: a failed Job whose TTL is so short that its logs are gone before somebody can look.
fn evidence_goes(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let ttl = job.ttl_seconds_after_finished.filter(|ttl| *ttl < SOON_SECONDS && job.is_failed())?;
    let left = job.gone_in(case.known.now)?;
    Some(Finding {
        verdict: format!(
            "This failed Job is deleted in {} together with its pods and logs: its ttlSecondsAfterFinished is {ttl}.",
            short_duration(left),
        ),
        short: format!("deleted in {} with its logs", short_duration(left)),
        fixes: vec![Fix::by("keep it for a day", CommandCall::with("job.ttl", case.subject, "1d"))],
        since: job.ended(),
        group: format!("T102/{}/{}", case.key.namespace, case.key.name),
        ..finding(case, "T102", Severity::Warning, vec![of_field(job, "spec.ttlSecondsAfterFinished", ttl.to_string())])
    })
}

/// T101: a pod of a Job that is not there.
fn orphan(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    if pod.meta.deleted.is_some() || !case.known.is_whole(Kind::Job) {
        return None;
    }
    let (is_released, job) = match pod.meta.owner {
        Some(owner) if owner.kind == Some(Kind::Job) => (false, name_of_job(pod)),
        Some(_) => return None,
        // The label is kept on such pods alone; pods without it never had a Job.
        None => (true, released_by(case, pod)?),
    };
    // A pod that still names its Job is collected, unless the collector is down.
    let age = pod.ended().or(pod.meta.created).map_or(0, |time| case.known.ago(time));
    if !is_released && age < COLLECTED_SECONDS {
        return None;
    }
    let name = &pod.meta.name;
    let why = match is_released {
        true => {
            "It was left behind when the Job was deleted without its pods, which is what the API does where nobody says \
                 otherwise."
        }
        false => "The garbage collector should have deleted it by now.",
    };
    let (state, fix) = match pod.is_finished() {
        true => ("It has ended, and stays with its logs until somebody deletes it.", "delete it"),
        false => ("It is still at work, and nobody waits for it or starts it again.", "delete it, which ends its work"),
    };
    let evidence = match is_released {
        true => of_field(pod, "metadata.ownerReferences", "no controller"),
        false => of_field(pod, "metadata.ownerReferences[0].uid", "no Job has this UID"),
    };
    Some(Finding {
        verdict: format!("Pod {name} belonged to Job {job}, which is gone. {why} {state}"),
        short: format!("left behind by Job {job}"),
        fixes: vec![Fix::by(fix, CommandCall::new("object.delete", case.subject))],
        group: format!("T101/{}/{job}", pod.meta.namespace),
        ..finding(case, "T101", Severity::Warning, vec![evidence])
    })
}

/// The Job that a pod without an owner had and that is gone. A pod may also be taken out of a Job that is there, by its
/// labels: it is younger than that Job. One that is older had another Job of the name.
fn released_by<'p>(case: &Case<'_>, pod: &'p Pod) -> Option<&'p str> {
    let (_, name) = pod.meta.labels.iter().find(|(key, _)| key == "batch.kubernetes.io/job-name")?;
    let mut jobs = case.known.snapshot.jobs.iter();
    let job = jobs.find(|job| job.meta.name == *name && job.meta.namespace == pod.meta.namespace);
    job.is_none_or(|job| job.meta.created > pod.meta.created).then_some(name)
}

/// The name of the Job of which only the UID is known: the pod's is the same with something random behind it.
fn name_of_job(pod: &Pod) -> &str {
    let name = pod.meta.name.as_str();
    let name = name.rsplit_once('-').map_or(name, |(job, _)| job);
    let index = pod.index.map(|index| format!("-{index}")).unwrap_or_default();
    name.strip_suffix(index.as_str()).unwrap_or(name)
}

#[cfg(test)]
pub(super) mod look_alikes {
    //! What looks like something that is left behind.

    use serde_json::{Value, json};

    use super::super::look_alikes::Change::{Add, Merge};
    use super::super::look_alikes::{Fault, fault};
    use super::super::scene::{ago, condition, job, pod, with};

    /// The Job ended so, so many seconds ago.
    fn ended(kind: &str, seconds: i64) -> Value {
        condition(kind, "X", &ago(seconds))
    }

    pub(in crate::triage) fn faults() -> Vec<Fault> {
        let ttl = |seconds: i64| Merge(0, json!({ "spec": { "ttlSecondsAfterFinished": seconds } }));
        let owner = |kind: &str| {
            let owner = json!({ "apiVersion": "apps/v1", "kind": kind, "name": "a", "uid": "a", "controller": true });
            Merge(0, json!({ "metadata": { "ownerReferences": [owner] } }))
        };
        let labels = json!({ "batch.kubernetes.io/job-name": "etl" });
        let collected =
            with(pod("etl-a", "", ""), json!({ "status": { "phase": "Running" }, "spec": { "nodeName": "n" } }));
        let released = with(collected.clone(), json!({ "metadata": { "ownerReferences": null, "labels": labels } }));
        let orphan = |pod: Value, look_alikes| Fault { about: "Pod/etl-a", ..fault("T101", vec![pod], look_alikes) };
        let quick = with(ended("Failed", 60), json!({ "spec": { "ttlSecondsAfterFinished": 299 } }));
        vec![
            fault(
                "T100",
                vec![with(job(), ended("Complete", 86_401))],
                vec![
                    ("a day is not over", Merge(0, ended("Complete", 86_400)), &[]),
                    ("it has a TTL", ttl(604_800), &[]),
                    ("its owner may delete it", owner("Workflow"), &[]),
                    ("it goes", Merge(0, json!({ "metadata": { "deletionTimestamp": ago(5) } })), &[]),
                ],
            ),
            orphan(
                released,
                vec![
                    ("somebody has taken it out of a Job that is there", Add(job()), &[]),
                    ("it is another controller's", owner("ReplicaSet"), &[]),
                    ("it goes", Merge(0, json!({ "metadata": { "deletionTimestamp": ago(5) } })), &[]),
                ],
            ),
            orphan(
                collected,
                vec![
                    ("its Job is there", Add(job()), &[]),
                    ("it is collected", Merge(0, json!({ "metadata": { "creationTimestamp": ago(299) } })), &[]),
                ],
            ),
            fault(
                "T102",
                vec![with(job(), quick)],
                vec![("it succeeded", Merge(0, ended("Complete", 60)), &[]), ("five minutes", ttl(300), &["T080"])],
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::found;

    const NOW: &str = "2026-05-04T12:00:00Z";

    fn job(kind: &str, ended: &str, patch: Value) -> Value {
        let condition = json!({ "type": kind, "status": "True", "reason": "X", "lastTransitionTime": ended });
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": { "name": "etl", "namespace": "batch", "uid": "j-1", "creationTimestamp": ended },
            "spec": {},
            "status": { "conditions": [condition], "completionTime": if kind == "Complete" { json!(ended) } else { json!(null) } },
        });
        json_patch::merge(&mut job, &patch);
        job
    }

    fn pod(owner: Value, phase: &str, created: &str) -> Value {
        let labels = json!({ "batch.kubernetes.io/job-name": "etl", "job-name": "etl" });
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "etl-3-x1y2z", "namespace": "batch", "uid": "p-1", "creationTimestamp": created,
                "labels": labels, "ownerReferences": owner,
            },
            "status": { "phase": phase },
        })
    }

    fn ids(objects: &[Value], about: &str) -> Vec<&'static str> {
        let ours = |id: &&str| ["T100", "T101", "T102"].contains(id);
        found(objects, about, NOW).into_iter().map(|finding| finding.rule.0).filter(ours).collect()
    }

    #[test]
    fn jobs_that_nothing_deletes_and_those_that_go_too_soon_are_told() {
        let (old, new) = ("2026-05-02T12:00:00Z", "2026-05-04T11:58:00Z");
        let owner =
            json!([{ "apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "c", "controller": true }]);
        let cases = [
            (job("Complete", old, json!({})), vec!["T100"]),
            (job("Failed", old, json!({})), vec!["T100"]),
            (job("Complete", new, json!({})), vec![]),
            (job("Complete", old, json!({ "spec": { "ttlSecondsAfterFinished": 604_800 } })), vec![]),
            (job("Complete", old, json!({ "metadata": { "ownerReferences": owner } })), vec![]),
            (job("Failed", new, json!({ "spec": { "ttlSecondsAfterFinished": 200 } })), vec!["T102"]),
            (job("Complete", new, json!({ "spec": { "ttlSecondsAfterFinished": 200 } })), vec![]),
            (job("Failed", new, json!({ "spec": { "ttlSecondsAfterFinished": 3_600 } })), vec![]),
        ];
        for (job, wanted) in cases {
            assert_eq!(ids(std::slice::from_ref(&job), "Job/etl"), wanted, "{job}");
        }
    }

    #[test]
    fn pods_without_their_job_are_told() {
        let owner =
            json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": "etl", "uid": "j-1", "controller": true }]);
        let (old, new) = ("2026-05-04T11:00:00Z", "2026-05-04T11:59:00Z");
        let told = found(&[pod(json!([]), "Running", new)], "Pod/etl-3-x1y2z", NOW).remove(0);
        assert_eq!((told.rule.0, told.short.as_str()), ("T101", "left behind by Job etl"));
        assert!(told.verdict.contains("still at work"), "{}", told.verdict);
        assert_eq!(ids(&[pod(owner.clone(), "Succeeded", old)], "Pod/etl-3-x1y2z"), ["T101"]);
        assert!(ids(&[pod(owner.clone(), "Succeeded", new)], "Pod/etl-3-x1y2z").is_empty(), "it is collected");
        let other =
            json!([{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "r", "controller": true }]);
        assert!(ids(&[pod(other, "Running", old)], "Pod/etl-3-x1y2z").is_empty(), "it never had a Job");
        let anew = job("Complete", new, json!({}));
        assert_eq!(ids(&[pod(json!([]), "Running", old), anew], "Pod/etl-3-x1y2z"), ["T101"], "another has its name");
        let mut bare = pod(json!([]), "Running", old);
        bare["metadata"]["labels"] = json!({});
        assert!(ids(&[bare], "Pod/etl-3-x1y2z").is_empty(), "nor had this");
        let its_job = job("Complete", new, json!({}));
        assert!(ids(&[pod(owner, "Succeeded", old), its_job], "Pod/etl-3-x1y2z").is_empty());
    }
}
