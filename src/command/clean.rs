//! Which ended Jobs are cleaned up: chosen by words such as `failed older=7d keep=3 app=etl`.

use crate::model::clock::parse_duration;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::meta::Object;
use crate::model::owner::Subject;

use super::plan::Scene;

/// The ended Jobs that the words choose, oldest first. Only Jobs of the namespaces that are looked at are known.
///
/// # Errors
/// Where a word says nothing.
pub(super) fn select(words: &str, scene: Scene<'_>) -> Result<Vec<Subject>, String> {
    let mut is_wanted: fn(&Job) -> bool = Job::is_finished;
    let (mut older, mut kept) = (0, 0);
    let mut labels = Vec::new();
    if words.trim().is_empty() {
        return Err("write finished, failed or complete, and what else they must be".into());
    }
    for word in words.split_whitespace() {
        match word.split_once('=') {
            None if word == "finished" => is_wanted = Job::is_finished,
            None if word == "failed" => is_wanted = Job::is_failed,
            None if word == "complete" => is_wanted = Job::is_complete,
            Some(("older", text)) => {
                older = parse_duration(text).ok_or_else(|| format!("{text:?} is no duration such as 12h or 7d"))?;
            }
            Some(("keep", text)) => {
                kept = text.parse().map_err(|_| format!("{text:?} is no number of Jobs to keep"))?;
            }
            Some(label) => labels.push(label),
            None => return Err(format!("{word:?} is none of finished, failed, complete, older=, keep=, KEY=VALUE")),
        }
    }
    let has_labels = |job: &Job| {
        let has = |(key, value): &(&str, &str)| job.meta.labels.iter().any(|(k, v)| k == key && v == value);
        labels.iter().all(has)
    };
    let chosen = |job: &&Job| is_wanted(job) && job.meta.deleted.is_none() && has_labels(job);
    let mut jobs: Vec<&Job> = scene.snapshot.jobs.iter().filter(chosen).collect();
    jobs.sort_by_key(|job| (job.ended(), job.uid()));
    jobs.truncate(jobs.len().saturating_sub(kept));
    jobs.retain(|job| job.ended().is_none_or(|ended| scene.now.seconds_since(ended) >= older));
    Ok(jobs.into_iter().map(|job| Subject { kind: Kind::Job, uid: job.uid() }).collect())
}
