//! Whose usage is measured, and where it is kept: the running pods that are on screen.

use compact_str::CompactString;

use crate::command::Pane;
use crate::model::key::Uid;
use crate::model::meta::Object;
use crate::model::pod::{Pod, PodPhase};
use crate::model::resources::Resources;
use crate::model::usage::{PodUsage, UsageScope};

use super::{App, Effect};

/// Jobs whose pods are measured at most: their names stand in one request's address.
const JOBS: usize = 50;

impl App {
    /// What a pod uses now, all its containers together; None where no metrics are known, or it no longer runs.
    pub fn usage_of(&self, pod: Uid) -> Option<Resources> {
        self.usage_by_container(pod).map(|containers| containers.iter().map(|(_, used)| *used).sum())
    }

    /// What each of a pod's containers uses now; None where no metrics are known, or it no longer runs.
    pub fn usage_by_container(&self, pod: Uid) -> Option<&[(CompactString, Resources)]> {
        self.snapshot.pods.get(pod).filter(|pod| is_running(pod))?;
        self.usage.get(&pod).map(Vec::as_slice)
    }

    /// Asks for other measurements where other pods are on screen, or none.
    pub(super) fn follow_usage(&mut self) -> Option<Effect> {
        let scope = self.usage_scope();
        if scope == self.measured {
            return None;
        }
        if scope.is_none() {
            self.usage.clear();
        }
        self.measured.clone_from(&scope);
        Some(Effect::MeasureUsage(scope))
    }

    /// Takes in what was measured. A measurement is of all pods of its Jobs; what it does not name uses nothing any more.
    pub(super) fn take_usage(&mut self, scope: &UsageScope, pods: Vec<PodUsage>) {
        if self.measured.as_ref() != Some(scope) {
            return;
        }
        let known = self.pods.rows.iter().filter_map(|uid| self.snapshot.pods.get(*uid));
        let uids: std::collections::HashMap<&str, Uid> = known
            .filter(|pod| pod.meta.namespace == scope.namespace)
            .map(|pod| (pod.meta.name.as_str(), pod.uid()))
            .collect();
        // The columns appear and go with it.
        self.is_dirty = true;
        self.usage = pods.into_iter().filter_map(|one| Some((*uids.get(one.pod.as_str())?, one.containers))).collect();
    }

    /// The Jobs of the running pods on screen. All rows of Pods have one parent, and so one namespace.
    fn usage_scope(&self) -> Option<UsageScope> {
        self.layout()?.panes.iter().find(|(pane, _)| *pane == Pane::Pods)?;
        let running =
            self.pods.rows.iter().filter_map(|uid| self.snapshot.pods.get(*uid)).filter(|pod| is_running(pod));
        let owners = running.filter_map(|pod| self.snapshot.jobs.get(pod.meta.owner_uid()?));
        let mut jobs: Vec<(&CompactString, &CompactString)> =
            owners.map(|job| (&job.meta.name, &job.meta.namespace)).collect();
        jobs.sort_unstable();
        jobs.dedup();
        let namespace = jobs.first()?.1.clone();
        Some(UsageScope { namespace, jobs: jobs.into_iter().take(JOBS).map(|(name, _)| name.clone()).collect() })
    }
}

fn is_running(pod: &Pod) -> bool {
    pod.phase == PodPhase::Running
}
