//! The link to the server, as the header shows it: derived from how fresh the watched kinds are.

use crate::model::clock::Time;
use crate::model::delta::{Cause, Failure};
use crate::model::snapshot::Freshness;

/// How the link to the server is.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// No answer yet.
    Connecting,
    /// The server answers, and has not told all that there is.
    Loading,
    /// Changes arrive.
    Live,
    /// Some watch is broken and is tried again.
    Retrying {
        /// When the next attempt starts.
        at: Time,
        /// Why it broke.
        failure: Failure,
    },
    /// The server answers, and refuses everything that was asked.
    Denied(Failure),
    /// There is no way to a server before a person does something: there is no kubeconfig, or it cannot be used.
    Down(Failure),
}

impl Link {
    /// The link that these kinds show together. A kind that this user may not list says nothing against it, as long as
    /// another may be.
    pub fn of<'a>(kinds: impl Iterator<Item = &'a Freshness>) -> Self {
        let mut link = Link::Connecting;
        let mut denied = None;
        let mut is_loading = false;
        for freshness in kinds {
            match freshness {
                Freshness::Stale { failure, retry_at, .. } | Freshness::Failed { failure, retry_at } => {
                    if failure.cause == Cause::Denied {
                        denied.get_or_insert(failure);
                        continue;
                    }
                    let is_sooner = !matches!(&link, Link::Retrying { at, .. } if at <= retry_at);
                    if is_sooner {
                        link = Link::Retrying { at: *retry_at, failure: failure.clone() };
                    }
                }
                Freshness::Live if link == Link::Connecting => link = Link::Live,
                // The first one is told: CronJobs and Jobs come before what they need.
                Freshness::Denied(failure) => drop(denied.get_or_insert(failure)),
                Freshness::Live => {}
                Freshness::Loading => is_loading = true,
            }
        }
        match (link, denied) {
            (Link::Connecting, Some(failure)) if !is_loading => Link::Denied(failure.clone()),
            // What is not told yet must not look like what is not there.
            (Link::Live, _) if is_loading => Link::Loading,
            (link, _) => link,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(cause: Cause) -> Failure {
        Failure { cause, message: "m".into(), hint: String::new() }
    }

    fn stale(at: i64) -> Freshness {
        let time = Time::from_seconds;
        Freshness::Stale { since: time(0), failure: failure(Cause::Unreachable), retry_at: time(at) }
    }

    #[test]
    fn one_broken_watch_shows() {
        let link = Link::of([&Freshness::Live, &stale(9), &stale(5), &Freshness::Live].into_iter());
        assert!(matches!(link, Link::Retrying { at, .. } if at == Time::from_seconds(5)), "{link:?}");
    }

    #[test]
    fn first_denied_kind_is_told() {
        let denied = |message: &str| Freshness::Denied(Failure { message: message.into(), ..failure(Cause::Denied) });
        let link = Link::of([&denied("jobs"), &denied("namespaces")].into_iter());
        assert!(matches!(&link, Link::Denied(told) if told.message == "jobs"), "{link:?}");
    }

    #[test]
    fn denied_kinds_do_not_hide_live_ones() {
        let denied = Freshness::Denied(failure(Cause::Denied));
        assert_eq!(Link::of([&denied, &Freshness::Live].into_iter()), Link::Live);
        assert!(matches!(Link::of([&denied, &denied].into_iter()), Link::Denied(_)));
        assert_eq!(Link::of([&denied, &Freshness::Loading].into_iter()), Link::Connecting);
        assert_eq!(Link::of(std::iter::empty()), Link::Connecting);
    }

    #[test]
    fn link_is_live_once_everything_was_told() {
        assert_eq!(Link::of([&Freshness::Live, &Freshness::Loading].into_iter()), Link::Loading);
        assert!(matches!(Link::of([&Freshness::Loading, &stale(5)].into_iter()), Link::Retrying { .. }));
    }
}
