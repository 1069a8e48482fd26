//! What of a cluster is watched: everything, or no more than the log of one object needs, so that who reads a log from a
//! script needs no further rights and waits for no long list.

use compact_str::CompactString;
use kube::runtime::watcher;

use crate::model::key::Kind;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every kind.
    Everything,
    /// One CronJob, with all Jobs and their pods: which of them are its own, only their owners say.
    CronJob(CompactString),
    /// One Job, its pods and the events about itself.
    Job(CompactString),
    /// One Pod, whoever owns it.
    Pod(CompactString),
    /// All objects of these kinds, whoever owns them; nothing where there are none.
    Kinds(&'static [Kind]),
}

/// The label that the Job controller puts on its pods; the older of two names, which every server knows.
const JOB_NAME: &str = "job-name";

impl Scope {
    /// How a kind is to be asked for in this API group, or None where it is not.
    pub(super) fn choice(&self, kind: Kind, group: &str) -> Option<watcher::Config> {
        let all = watcher::Config::default();
        let named = |name: &CompactString| all.clone().fields(&format!("metadata.name={name}"));
        Some(match (self, kind) {
            (Scope::Everything, _) | (Scope::CronJob(_), Kind::Job) => all,
            (Scope::Kinds(kinds), _) => return kinds.contains(&kind).then_some(all),
            (Scope::CronJob(name), Kind::CronJob) | (Scope::Job(name), Kind::Job) | (Scope::Pod(name), Kind::Pod) => {
                named(name)
            }
            (Scope::CronJob(_), Kind::Pod) => all.labels(JOB_NAME),
            (Scope::Job(name), Kind::Pod) => all.labels(&format!("{JOB_NAME}={name}")),
            (Scope::Job(name), Kind::Event) => {
                let about = if group.is_empty() { "involvedObject" } else { "regarding" };
                all.fields(&format!("{about}.kind=Job,{about}.name={name}"))
            }
            _ => return None,
        })
    }

    /// The kinds without which nothing is known of what is watched, the object's own first. None is everything.
    pub fn needs(&self) -> &'static [Kind] {
        match self {
            Scope::Everything => &[],
            Scope::Kinds(kinds) => kinds,
            Scope::CronJob(_) => &[Kind::CronJob, Kind::Job, Kind::Pod],
            Scope::Job(_) => &[Kind::Job, Kind::Pod],
            Scope::Pod(_) => &[Kind::Pod],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The selectors of a kind: fields, then labels.
    fn selectors(scope: &Scope, kind: Kind, group: &str) -> Option<(String, String)> {
        let choice = scope.choice(kind, group)?;
        Some((choice.field_selector.unwrap_or_default(), choice.label_selector.unwrap_or_default()))
    }

    #[test]
    fn log_of_a_job_needs_the_job_its_pods_and_events_about_it() {
        let scope = Scope::Job("etl".into());
        let pair = |fields: &str, labels: &str| Some((fields.to_owned(), labels.to_owned()));
        assert_eq!(selectors(&scope, Kind::Job, "batch"), pair("metadata.name=etl", ""));
        assert_eq!(selectors(&scope, Kind::Pod, ""), pair("", "job-name=etl"));
        assert_eq!(selectors(&scope, Kind::Event, ""), pair("involvedObject.kind=Job,involvedObject.name=etl", ""));
        let newer = pair("regarding.kind=Job,regarding.name=etl", "");
        assert_eq!(selectors(&scope, Kind::Event, "events.k8s.io"), newer);
        for kind in [Kind::CronJob, Kind::Node, Kind::Namespace, Kind::ResourceQuota] {
            assert_eq!(selectors(&scope, kind, ""), None);
        }
    }

    #[test]
    fn what_is_needed_is_watched() {
        let kinds = Scope::Kinds(&[Kind::CronJob, Kind::Job, Kind::Pod]);
        let scopes = [Scope::CronJob("x".into()), Scope::Job("x".into()), Scope::Pod("x".into()), kinds];
        for scope in scopes {
            assert!(scope.needs().iter().all(|kind| scope.choice(*kind, kind.group()).is_some()), "{scope:?}");
        }
    }
}
