//! Jobs and CronJobs: their defaults, and what the real server refuses, in its order and its words
//! (`pkg/apis/batch/v1/defaults.go`, `pkg/apis/batch/validation` and `pkg/registry/batch/job/strategy.go` in
//! Kubernetes 1.36). Called by `admit`.

mod policies;

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::admit::{Problems, Writable};
use super::pod;
use crate::model::schedule::Schedule;

/// The limit of a CronJob's name: its Jobs get eleven more letters.
const LONGEST_CRONJOB_NAME: usize = 52;

/// The labels of a Job's pods, as they are named since 1.27 and as they were before.
const JOB_NAME: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];
const CONTROLLER_UID: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];

impl Writable for Job {
    fn set_defaults(&mut self) {
        let spec = self.spec.get_or_insert_default();
        if spec.completions.is_none() && spec.parallelism.is_none() {
            spec.completions = Some(1);
        }
        spec.parallelism.get_or_insert(1);
        let is_per_index = spec.backoff_limit_per_index.is_some();
        spec.backoff_limit.get_or_insert(if is_per_index { i32::MAX } else { 6 });
        spec.completion_mode.get_or_insert_with(|| "NonIndexed".into());
        spec.suspend.get_or_insert(false);
        spec.manual_selector.get_or_insert(false);
        let has_policy = spec.pod_failure_policy.is_some();
        let replacement = if has_policy { "Failed" } else { "TerminatingOrFailed" };
        spec.pod_replacement_policy.get_or_insert_with(|| replacement.into());
        for rule in spec.pod_failure_policy.iter_mut().flat_map(|policy| &mut policy.rules) {
            for condition in rule.on_pod_conditions.iter_mut().flatten() {
                condition.status.get_or_insert_with(|| "True".into());
            }
        }
        pod::set_defaults(spec.template.spec.get_or_insert_default());
        if spec.manual_selector != Some(true) {
            select_own_pods(&self.metadata, spec);
        }
        let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref());
        if self.metadata.labels.as_ref().is_none_or(BTreeMap::is_empty) {
            self.metadata.labels = labels.cloned();
        }
    }

    fn check(&self, old: Option<&Self>, problems: &mut Problems) {
        let empty = JobSpec::default();
        let spec = self.spec.as_ref().unwrap_or(&empty);
        if old.is_none() {
            check_name(self, spec, problems);
            check_selector(self, spec, problems);
        }
        check_spec(spec, "spec", problems);
        if let Some(old) = old {
            check_change(old, spec, problems);
        }
    }
}

/// Makes the selector and the labels by which a Job finds its pods, where they are not written by hand.
fn select_own_pods(metadata: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta, spec: &mut JobSpec) {
    let uid = metadata.uid.clone().unwrap_or_default();
    let name = metadata.name.clone().unwrap_or_default();
    let selected = spec.selector.get_or_insert_default().match_labels.get_or_insert_default();
    selected.entry(CONTROLLER_UID[0].into()).or_insert_with(|| uid.clone());
    let labels = spec.template.metadata.get_or_insert_default().labels.get_or_insert_default();
    for (key, value) in CONTROLLER_UID.map(|key| (key, &uid)).into_iter().chain(JOB_NAME.map(|key| (key, &name))) {
        labels.entry(key.into()).or_insert_with(|| value.clone());
    }
}

fn check_name(job: &Job, spec: &JobSpec, problems: &mut Problems) {
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let last =
        spec.completions.filter(|_| is_indexed(spec)).map(|completions| format!("-{}", completions.saturating_sub(1)));
    let hostname = format!("{name}{}", last.unwrap_or_default());
    if is_indexed(spec) && (hostname.len() > 63 || hostname.contains('.')) {
        let why = format!("will not able to create pod with invalid DNS label \"{hostname}\"");
        problems.invalid("metadata.name", name, &why);
    } else if name.len() > 63 {
        problems.invalid("metadata.name", name, "must be no more than 63 characters");
    }
}

/// What was generated for another Job does not fit this one: the trap of copied manifests.
fn check_selector(job: &Job, spec: &JobSpec, problems: &mut Problems) {
    if spec.manual_selector == Some(true) {
        if spec.selector.is_none() {
            problems.required("spec.selector", "");
        }
        return;
    }
    let uid = job.metadata.uid.clone().unwrap_or_default();
    let name = job.metadata.name.clone().unwrap_or_default();
    let empty = BTreeMap::new();
    let labels = spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.as_ref()).unwrap_or(&empty);
    for (key, wanted) in [1, 0].into_iter().flat_map(|age| [(CONTROLLER_UID[age], &uid), (JOB_NAME[age], &name)]) {
        if labels.get(key) != Some(wanted) {
            problems.invalid(format!("spec.template.metadata.labels[{key}]"), labels, &format!("must be '{wanted}'"));
        }
    }
    let generated = BTreeMap::from([(CONTROLLER_UID[0].to_owned(), uid)]);
    let selector = spec.selector.clone().unwrap_or_default();
    if selector.match_labels.as_ref() != Some(&generated) || selector.match_expressions.is_some() {
        problems.invalid("spec.selector", &selector, "`selector` not auto-generated");
    }
}

fn is_indexed(spec: &JobSpec) -> bool {
    spec.completion_mode.as_deref() == Some("Indexed")
}

fn check_spec(spec: &JobSpec, path: &str, problems: &mut Problems) {
    problems.not_negative(format!("{path}.parallelism"), spec.parallelism);
    problems.not_negative(format!("{path}.completions"), spec.completions);
    problems.not_negative(format!("{path}.activeDeadlineSeconds"), spec.active_deadline_seconds);
    problems.not_negative(format!("{path}.backoffLimit"), spec.backoff_limit);
    problems.not_negative(format!("{path}.ttlSecondsAfterFinished"), spec.ttl_seconds_after_finished);
    problems.not_negative(format!("{path}.backoffLimitPerIndex"), spec.backoff_limit_per_index);
    problems.not_negative(format!("{path}.maxFailedIndexes"), spec.max_failed_indexes);
    check_indexes(spec, path, problems);
    if let Some(manager) = spec.managed_by.as_deref().filter(|manager| !manager.contains('/')) {
        let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
        problems.invalid(format!("{path}.managedBy"), manager, why);
    }
    policies::check(spec, path, problems);
    let empty = PodSpec::default();
    let template = spec.template.spec.as_ref().unwrap_or(&empty);
    // What a Job demands of the restart policy is said below; what a pod allows would be said twice.
    let without_policy = PodSpec { restart_policy: None, ..template.clone() };
    pod::check(&without_policy, &format!("{path}.template.spec"), problems);
    let field = format!("{path}.template.spec.restartPolicy");
    match template.restart_policy.as_deref() {
        // Where none is written, the server fills in Always before it looks.
        None | Some("" | "Always") => problems.required(field, "valid values: \"OnFailure\", \"Never\""),
        Some("OnFailure") if spec.pod_failure_policy.is_some() => {
            problems.invalid(field, "OnFailure", "only \"Never\" is supported when podFailurePolicy is specified");
        }
        Some("OnFailure" | "Never") => {}
        Some(other) => problems.unsupported(field, other, &["OnFailure", "Never"]),
    }
}

fn check_indexes(spec: &JobSpec, path: &str, problems: &mut Problems) {
    let mode = spec.completion_mode.as_deref().unwrap_or("NonIndexed");
    if !["NonIndexed", "Indexed"].contains(&mode) {
        problems.unsupported(format!("{path}.completionMode"), mode, &["NonIndexed", "Indexed"]);
    }
    if is_indexed(spec) {
        if spec.completions.is_none() {
            problems.required(format!("{path}.completions"), "when completion mode is Indexed");
        }
        if let Some(parallelism) = spec.parallelism.filter(|parallelism| *parallelism > 100_000) {
            let why = "must be less than or equal to 100000 when completion mode is Indexed";
            problems.invalid(format!("{path}.parallelism"), parallelism, why);
        }
        let completions = spec.completions.unwrap_or(i32::MAX);
        if let Some(most) = spec.max_failed_indexes.filter(|most| *most > completions) {
            let why = "must be less than or equal to completions";
            problems.invalid(format!("{path}.maxFailedIndexes"), most, why);
        }
        if spec.max_failed_indexes.is_some() && spec.backoff_limit_per_index.is_none() {
            problems.required(format!("{path}.backoffLimitPerIndex"), "when maxFailedIndexes is specified");
        }
        return;
    }
    let why = "requires indexed completion mode";
    if let Some(limit) = spec.backoff_limit_per_index {
        problems.invalid(format!("{path}.backoffLimitPerIndex"), limit, why);
    }
    if let Some(most) = spec.max_failed_indexes {
        problems.invalid(format!("{path}.maxFailedIndexes"), most, why);
    }
}

/// What may not change in a Job that is there.
fn check_change(old: &Job, spec: &JobSpec, problems: &mut Problems) {
    let empty = JobSpec::default();
    let before = old.spec.as_ref().unwrap_or(&empty);
    if before.completions != spec.completions {
        if is_indexed(spec) && spec.completions.is_some() {
            if spec.completions != spec.parallelism {
                let why = "can only be modified in tandem with spec.parallelism";
                problems.invalid("spec.completions", spec.completions, why);
            }
        } else {
            problems.invalid("spec.completions", spec.completions, "field is immutable");
        }
    }
    problems.immutable("spec.selector", &before.selector, &spec.selector);
    let wanted = if may_place_anew(old, before) {
        with_placement_of(&before.template, &spec.template)
    } else {
        before.template.clone()
    };
    if wanted.spec == spec.template.spec {
        problems.immutable("spec.template", &wanted, &spec.template);
    } else {
        problems.immutable("spec.template.spec", &wanted.spec, &spec.template.spec);
    }
    problems.immutable("spec.completionMode", &before.completion_mode, &spec.completion_mode);
    problems.immutable("spec.podFailurePolicy", &before.pod_failure_policy, &spec.pod_failure_policy);
    problems.immutable("spec.backoffLimitPerIndex", &before.backoff_limit_per_index, &spec.backoff_limit_per_index);
    problems.immutable("spec.managedBy", &before.managed_by, &spec.managed_by);
    problems.immutable("spec.successPolicy", &before.success_policy, &spec.success_policy);
}

/// Where a suspended Job's pods go may change: before it first started, and since 1.36 once it stands still.
fn may_place_anew(old: &Job, before: &JobSpec) -> bool {
    let Some(status) = old.status.as_ref().filter(|_| before.suspend == Some(true)) else { return false };
    let is_still = status.active.unwrap_or(0) == 0
        && status.conditions.iter().flatten().any(|one| one.type_ == "Suspended" && one.status == "True");
    status.start_time.is_none() || is_still
}

/// The old template with those fields of the new one that may change while a Job is suspended.
fn with_placement_of(old: &PodTemplateSpec, new: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = old.clone();
    if let (Some(metadata), Some(new)) = (&mut template.metadata, &new.metadata) {
        metadata.labels.clone_from(&new.labels);
        metadata.annotations.clone_from(&new.annotations);
    }
    if let (Some(spec), Some(new)) = (&mut template.spec, &new.spec) {
        spec.node_selector.clone_from(&new.node_selector);
        spec.tolerations.clone_from(&new.tolerations);
        spec.scheduling_gates.clone_from(&new.scheduling_gates);
        let node_affinity = new.affinity.as_ref().and_then(|affinity| affinity.node_affinity.clone());
        if node_affinity.is_some() || spec.affinity.is_some() {
            spec.affinity.get_or_insert_default().node_affinity = node_affinity;
        }
        let places = spec.containers.iter_mut().zip(&new.containers);
        let init = spec.init_containers.iter_mut().flatten().zip(new.init_containers.iter().flatten());
        for (container, new) in places.chain(init) {
            container.resources.clone_from(&new.resources);
        }
    }
    template
}

impl Writable for CronJob {
    fn set_defaults(&mut self) {
        let spec = &mut self.spec;
        spec.concurrency_policy.get_or_insert_with(|| "Allow".into());
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit.get_or_insert(3);
        spec.failed_jobs_history_limit.get_or_insert(1);
        let job = spec.job_template.spec.get_or_insert_default();
        pod::set_defaults(job.template.spec.get_or_insert_default());
    }

    fn check(&self, old: Option<&Self>, problems: &mut Problems) {
        let spec = &self.spec;
        let name = self.metadata.name.as_deref().unwrap_or_default();
        if old.is_none() && name.len() > LONGEST_CRONJOB_NAME {
            let why = format!("must be no more than {LONGEST_CRONJOB_NAME} characters");
            problems.invalid("metadata.name", name, &why);
        }
        // An old object may have a zone in its schedule, and keep it.
        let is_new_schedule = old.is_none_or(|old| old.spec.schedule != spec.schedule);
        if spec.schedule.is_empty() {
            problems.required("spec.schedule", "");
        } else if spec.schedule.contains("TZ") && is_new_schedule {
            let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            problems.invalid("spec.schedule", &spec.schedule, why);
        } else if let Err(error) = Schedule::parse(&spec.schedule, None) {
            problems.invalid("spec.schedule", &spec.schedule, &error.to_string());
        }
        problems.not_negative("spec.startingDeadlineSeconds", spec.starting_deadline_seconds);
        if let Some(zone) = &spec.time_zone
            && Schedule::parse("0 0 * * *", Some(zone)).is_err()
        {
            problems.invalid("spec.timeZone", zone, &format!("unknown time zone {zone}"));
        }
        let policies = ["Allow", "Forbid", "Replace"];
        if let Some(policy) = spec.concurrency_policy.as_deref().filter(|policy| !policies.contains(policy)) {
            problems.unsupported("spec.concurrencyPolicy", policy, &policies);
        }
        let empty = JobSpec::default();
        let job = spec.job_template.spec.as_ref().unwrap_or(&empty);
        if let Some(selector) = &job.selector {
            problems.invalid("spec.jobTemplate.spec.selector", selector, "`selector` will be auto-generated");
        }
        if job.manual_selector == Some(true) {
            problems.unsupported("spec.jobTemplate.spec.manualSelector", true, &["nil", "false"]);
        }
        check_spec(job, "spec.jobTemplate.spec", problems);
        problems.not_negative("spec.successfulJobsHistoryLimit", spec.successful_jobs_history_limit);
        problems.not_negative("spec.failedJobsHistoryLimit", spec.failed_jobs_history_limit);
    }
}
