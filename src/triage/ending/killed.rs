//! Containers that were killed: for want of memory, by their probes, by the hook that failed.

use super::super::Case;
use super::Run;
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::event::Event;
use crate::model::pod::Role;
use crate::model::resources::Quantity;
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{
    blank, called, cut, for_next_runs, job_subject, pod_subject, remake, rerun, sentences, status_path,
};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;

/// `Container worker failed liveness probe, will be restarted` (kubelet `kuberuntime_manager.go`).
static PROBE: Pattern = Pattern::new(r"^Container (?<container>\S+) failed (?<probe>liveness|startup) probe");

/// `Liveness probe failed: worker busy`, `Startup probe errored: …`.
static OUTPUT: Pattern =
    Pattern::new(r"^(?<probe>Liveness|Startup) probe (?:failed|errored)[^:]*: (?<output>(?s:.+))$");

pub(super) fn find(case: &Case<'_>, run: &Run<'_>) -> Option<Finding> {
    let found = out_of_memory(case, run).or_else(|| probed(case, run)).or_else(|| hooked(case, run))?;
    Some(Finding { since: run.end.finished, ..found })
}

/// How a run ended, as evidence.
pub(super) fn of_end(run: &Run<'_>) -> Evidence {
    let Run { pod, container, end, field } = run;
    let words = match end.reason.as_str() {
        "" => format!("exit code {}", end.exit_code),
        reason => format!("{reason}, exit code {}", end.exit_code),
    };
    Evidence { at: end.finished, ..of_field(*pod, status_path(container, field), words) }
}

/// ` after 3m`; empty where it is not known how long a run took.
pub(super) fn after(run: &Run<'_>) -> String {
    run.seconds().map(|seconds| format!(" after {}", short_duration(seconds))).unwrap_or_default()
}

/// T062: the container has a limit and hit it. T063: it has none, and the node had no memory left.
fn out_of_memory(case: &Case<'_>, run: &Run<'_>) -> Option<Finding> {
    let Run { pod, container, end, .. } = run;
    if end.reason != "OOMKilled" {
        return None;
    }
    let (name, after) = (called(pod, container), after(run));
    let limit = memory_limit(case, run);
    if limit == Limit::None {
        return Some(Finding {
            verdict: format!(
                "Node {} had no memory left, and its kernel killed container {}{after}, which has no limit of its own.",
                pod.node, container.name
            ),
            short: "node ran out of memory".to_owned(),
            evidence: vec![of_end(run)],
            fixes: [
                rerun(case, "rerun with a memory request and limit, so that it comes to a node that has as much"),
                for_next_runs(case),
            ]
            .into_iter()
            .flatten()
            .collect(),
            group: format!("T063/{}/memory", pod.node),
            ..blank(case, "T063", Severity::Warning, Confidence::Likely)
        });
    }
    let mut evidence = vec![of_end(run)];
    let (verdict, short, more) = match limit {
        Limit::Some(limit) => {
            let path = format!("spec.containers[{}].resources.limits.memory", container.name);
            evidence.push(of_field(*pod, path, limit.words()));
            (
                format!("{name} hit its memory limit of {}{after} and was killed.", limit.words()),
                format!("out of memory at {}", limit.words()),
                format!("rerun with more memory, such as {}", half_more(limit)),
            )
        }
        _ => (
            format!("{name} hit its memory limit{after} and was killed."),
            "out of memory".to_owned(),
            "rerun with more memory".to_owned(),
        ),
    };
    evidence.extend(run.last_words(case));
    let again = "Unchanged it comes to the same end again, unless it had more to do than usual.".to_owned();
    let is_open = case.job.is_some_and(|job| !job.is_finished() && !job.suspend);
    let stop = job_subject(case).filter(|_| is_open);
    let fixes = [
        rerun(case, more),
        stop.map(|job| Fix::by("stop the tries until then: suspend the Job", CommandCall::new("batch.suspend", job))),
        for_next_runs(case),
        Some(Fix::outside("JVM, Go and Python programs: let the heap follow the container's limit")),
    ];
    Some(Finding {
        verdict: sentences([verdict, again]),
        short,
        evidence,
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T062/{}", container.name),
        ..blank(case, "T062", Severity::Error, Confidence::Certain)
    })
}

/// What is known of a container's memory limit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    Some(Quantity),
    None,
    Unknown,
}

fn memory_limit(case: &Case<'_>, run: &Run<'_>) -> Limit {
    let Run { pod, container, .. } = run;
    let spec = case.container_spec(&container.name);
    let in_spec = spec.and_then(|spec| spec["resources"]["limits"]["memory"].as_str()).and_then(Quantity::parse);
    let bytes = pod.limits.memory_bytes;
    let is_alone = pod.containers.iter().filter(|one| one.role != Role::Ephemeral).count() == 1;
    match in_spec {
        Some(limit) => Limit::Some(limit),
        // Where the template says nothing, a LimitRange may have: the pod's own limit is that of its only container.
        None if bytes > 0 && is_alone => Quantity::parse(&bytes.to_string()).map_or(Limit::Unknown, Limit::Some),
        None if bytes == 0 && spec.is_some() => Limit::None,
        None => Limit::Unknown,
    }
}

/// Half as much again, in whole Mi.
fn half_more(limit: Quantity) -> String {
    const MI: i64 = 1 << 20;
    let bytes = limit.whole().saturating_mul(3) / 2;
    Quantity::parse(&format!("{}Mi", (bytes / MI).max(1))).map(Quantity::words).unwrap_or_default()
}

/// T067, T068: the kubelet killed it, since its probe failed.
fn probed(case: &Case<'_>, run: &Run<'_>) -> Option<Finding> {
    let Run { pod, container, end, .. } = run;
    let name = &container.name;
    let is_meant = |event: &&Event| {
        PROBE.captures(&event.note).is_some_and(|found| found["container"] == **name)
            // An older kill ended an earlier run.
            && (end.started.is_none() || event.last >= end.started)
    };
    let killing = case.events(*pod, "Killing").into_iter().find(is_meant)?;
    let is_startup = &PROBE.captures(&killing.note)?["probe"] == "startup";
    let (rule, probe, field) =
        if is_startup { ("T068", "Startup", "startupProbe") } else { ("T067", "Liveness", "livenessProbe") };
    let outputs = case.events(*pod, "Unhealthy").into_iter();
    let output = outputs.filter_map(|event| {
        OUTPUT
            .captures(&event.note)
            .filter(|found| &found["probe"] == probe)
            .map(|found| (event, found["output"].trim().to_owned()))
    });
    let output = output.into_iter().next();
    let mut evidence = vec![of_event(killing)];
    evidence.extend(output.as_ref().map(|(event, _)| of_event(event)));
    evidence.push(of_end(run));
    let spec = case.container_spec(name).map(|spec| &spec[field]).filter(|probe| probe.is_object());
    let rhythm = spec.map(|probe| {
        let number = |field: &str, usual: i64| probe[field].as_i64().unwrap_or(usual);
        let (period, times) = (number("periodSeconds", 10), number("failureThreshold", 3));
        format!(" once it has failed {times} times in a row, {} apart", short_duration(period))
    });
    evidence.extend(run.last_words(case));
    let rhythm = rhythm.unwrap_or_default();
    let said = output.map(|(_, output)| format!("It answered last: \"{}\".", cut(&output, 160))).unwrap_or_default();
    let verdict = match is_startup {
        true => format!(
            "{} was not up in time: the kubelet kills it when its startup probe fails{rhythm}.",
            called(pod, container)
        ),
        false => format!("The liveness probe of {} failed{}: the kubelet kills it{rhythm}.", name, after(run)),
    };
    let advice = if is_startup { "" } else { "Batch work mostly needs no liveness probe." };
    let fixes = [
        remake(
            case,
            match is_startup {
                true => "give the startup probe more time (failureThreshold) in a new Job",
                false => "remove the liveness probe, or give it more time, in a new Job",
            },
        ),
        for_next_runs(case),
    ];
    Some(Finding {
        verdict: sentences([verdict, said, advice.to_owned()]),
        short: format!("killed by its {} probe", probe.to_lowercase()),
        evidence,
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("{rule}/{name}"),
        ..blank(case, rule, Severity::Error, Confidence::Likely)
    })
}

/// T069: what was to run right after its start failed.
fn hooked(case: &Case<'_>, run: &Run<'_>) -> Option<Finding> {
    let Run { pod, container, end, .. } = run;
    let waiting = crate::triage::container::waiting(container).filter(|(reason, _)| *reason == "PostStartHookError");
    let event = case.events(*pod, "FailedPostStartHook").into_iter().find(|event| {
        let is_of_run = end.started.is_none() || event.last >= end.started;
        // The kubelet's longer text names the container, the short one does not.
        is_of_run && (!event.note.contains("Container \"") || event.note.contains(&format!("\"{}\"", container.name)))
    });
    if waiting.is_none() && event.is_none() {
        return None;
    }
    let mut evidence: Vec<Evidence> = event.map(of_event).into_iter().collect();
    evidence.extend(waiting.map(|(reason, message)| {
        of_field(*pod, status_path(container, "state.waiting"), format!("{reason}: {message}"))
    }));
    evidence.push(of_end(run));
    let fixes = [
        remake(case, "correct the postStart hook, or do its work in the command, in a new Job"),
        for_next_runs(case),
        Some(Fix::by("look into the container", CommandCall::new("pod.shell", pod_subject(pod))))
            .filter(|_| !pod.is_finished()),
    ];
    Some(Finding {
        verdict: format!(
            "The postStart hook of container {} failed, so the kubelet killed the container{}.",
            container.name,
            after(run)
        ),
        short: "its postStart hook failed".to_owned(),
        evidence,
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T069/{}", container.name),
        ..blank(case, "T069", Severity::Error, Confidence::Likely)
    })
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&PROBE, &OUTPUT];
