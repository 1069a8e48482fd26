//! Containers that were killed: for want of memory, by their probes, by the hook that failed.

use serde_json::Value;

use super::super::Case;
use super::{Run, is_out_of_memory};
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::event::Event;
use crate::model::limit_range::LimitRange;
use crate::model::pod::Role;
use crate::model::resources::Quantity;
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{blank, called, cut, job_subject, pod_subject, remake, rerun, sentences, status_path};
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::last_words::of_line;
use crate::triage::mend::{self, Changes, POD, for_next_runs, half_more, mend_here, of_container};

/// `Container worker failed liveness probe, will be restarted`, of sidecars `Init container proxy failed startup probe`
/// (kubelet `kuberuntime_manager.go`).
static PROBE: Pattern =
    Pattern::new(r"^(?:Init c|C)ontainer (?<container>\S+) failed (?<probe>liveness|startup) probe");

/// `Liveness probe failed: worker busy`, `Startup probe errored: …`.
static OUTPUT: Pattern =
    Pattern::new(r"^(?<probe>Liveness|Startup) probe (?:failed|errored)[^:]*: ?(?<output>(?s:.*))$");

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
    let Run { pod, container, .. } = run;
    if !is_out_of_memory(run) {
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
                for_next_runs(case, &Changes::NONE),
            ]
            .into_iter()
            .flatten()
            .collect(),
            group: format!("T063/{}/memory", pod.node),
            ..blank(case, "T063", Severity::Warning, Confidence::Likely)
        });
    }
    let (how, evidence) = (format!("{name} hit {{}}{after} and was killed."), vec![of_end(run)]);
    Some(at_limit(case, run, limit, &how, evidence, Confidence::Certain))
}

/// T062: nobody says so, but it is the likely cause. Nodes tell nothing of a kill for memory that comes before they have
/// begun to watch for it; but other tries of the same Job ended so, or its shell says of a program that it was killed.
pub(super) fn out_of_memory_untold(case: &Case<'_>, run: &Run<'_>, killed: Option<&str>) -> Option<Finding> {
    let Run { pod, container, end, .. } = run;
    let limit = memory_limit(case, run);
    if !matches!(limit, Limit::Some(_)) {
        return None;
    }
    /// So many of a Job's pods are looked at for each that was killed.
    const MOST_TRIES: usize = 100;
    let is_told = |other: &Run<'_>| other.container.name == container.name && is_out_of_memory(other);
    let tries = case.job.map(|job| case.known.snapshot.pods_of(job.meta.uid));
    let told = tries.into_iter().flatten().take(MOST_TRIES).filter_map(Run::worst).find(is_told);
    let (name, after) = (called(pod, container), after(run));
    let how = match (killed, &told) {
        (Some(_), _) => format!(
            "{name} ended with exit code {}{after}, since a program that it runs was killed, most likely at {{}}.",
            end.exit_code
        ),
        (None, Some(_)) => format!("{name} was killed{after}, most likely at {{}}, as another try of it was."),
        (None, None) => return None,
    };
    let mut evidence: Vec<Evidence> = killed.map(|line| of_line(pod, container, line)).into_iter().collect();
    evidence.push(of_end(run));
    evidence.extend(told.as_ref().map(of_end));
    Some(at_limit(case, run, limit, &how, evidence, Confidence::Likely))
}

/// T062: what to do about a limit that was hit; `how` has `{}` in place of the limit.
fn at_limit(
    case: &Case<'_>,
    run: &Run<'_>,
    limit: Limit,
    how: &str,
    mut evidence: Vec<Evidence>,
    confidence: Confidence,
) -> Finding {
    let Run { pod, container, .. } = run;
    let (whose, short, more, changes) = match limit {
        Limit::Some(limit) => {
            let (path, whose) = match shared_limit(case, run).is_some() {
                true => (
                    "spec.resources.limits.memory".to_owned(),
                    format!("the memory limit of {} that all containers of its pod share", limit.words()),
                ),
                false => (
                    format!("spec.{}[{}].resources.limits.memory", mend::list_of(container), container.name),
                    format!("its memory limit of {}", limit.words()),
                ),
            };
            evidence.push(of_field(*pod, path, limit.words()));
            let (more, changes) = more_memory(case, run, limit);
            (whose, format!("out of memory at {}", limit.words()), more, changes)
        }
        _ => (
            "its memory limit".to_owned(),
            "out of memory".to_owned(),
            "rerun with more memory".to_owned(),
            Changes::NONE,
        ),
    };
    let words: Vec<Evidence> = run.last_words(case).into_iter().filter(|one| !evidence.contains(one)).collect();
    evidence.extend(words);
    let again = "Unchanged it comes to the same end again, unless it had more to do than usual.".to_owned();
    let is_open = case.job.is_some_and(|job| !job.is_finished() && !job.suspend);
    let stop = job_subject(case).filter(|_| is_open);
    let fixes = [
        mend_here(case, more, &changes),
        for_next_runs(case, &changes),
        Some(Fix::outside("JVM, Go and Python programs: let the heap follow the container's limit")),
        // Last, since it goes when the Job ends: the others keep their numbers.
        stop.map(|job| Fix::by("stop the tries until then: suspend the Job", CommandCall::new("batch.suspend", job))),
    ];
    Finding {
        verdict: sentences([how.replace("{}", &whose), filled_in(case, run), in_memory(case, run), again]),
        short,
        evidence,
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T062/{}", container.name),
        ..blank(case, "T062", Severity::Error, confidence)
    }
}

/// The change to half as much memory again, in words too.
pub(super) fn more_memory(case: &Case<'_>, run: &Run<'_>, limit: Quantity) -> (String, Changes) {
    let larger = half_more(limit).words();
    let path = match shared_limit(case, run).is_some() {
        true => format!("{POD}.resources.limits.memory"),
        false => of_container(run.container, "resources.limits.memory"),
    };
    (format!("rerun with a memory limit of {larger}"), Changes::set(path, larger))
}

/// Volumes in memory that the container mounts, as a sentence: what is written there counts as its memory.
fn in_memory(case: &Case<'_>, run: &Run<'_>) -> String {
    let volumes = case.pod_spec().and_then(|spec| spec["volumes"].as_array()).into_iter().flatten();
    let mounts = case.container_spec(&run.container.name).and_then(|spec| spec["volumeMounts"].as_array());
    let is_mounted = |volume: &&Value| mounts.is_some_and(|all| all.iter().any(|one| one["name"] == volume["name"]));
    let names = volumes.filter(|volume| volume["emptyDir"]["medium"] == "Memory").filter(is_mounted);
    let names: Vec<&str> = names.filter_map(|volume| volume["name"].as_str()).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("What it writes into volume {} lies in memory and counts as its own.", names.join(", ")),
    }
}

/// Whose limit it is, where the template sets none: who looks there finds nothing.
fn filled_in(case: &Case<'_>, run: &Run<'_>) -> String {
    let spec = case.container_spec(&run.container.name).filter(|_| run.pod.limits.memory_bytes > 0);
    if spec.is_none_or(|spec| !spec["resources"]["limits"]["memory"].is_null()) || shared_limit(case, run).is_some() {
        return String::new();
    }
    let ranges = case.known.snapshot.limit_ranges.iter().filter(|range| range.meta.namespace == case.key.namespace);
    let fills_in = |range: &&LimitRange| {
        let mut defaults = range.limits.iter().filter(|limit| limit.kind == "Container");
        defaults.any(|limit| limit.default_limit.iter().any(|(name, _)| name == "memory"))
    };
    let mut ranges = ranges.filter(fills_in);
    let who = match ranges.next() {
        Some(range) => format!("LimitRange {} of the namespace", range.meta.name),
        None => "the namespace (a LimitRange), or a webhook,".to_owned(),
    };
    format!("The Job sets no such limit itself: {who} fills it in.")
}

/// What is known of a container's memory limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    Some(Quantity),
    None,
    Unknown,
}

pub(super) fn memory_limit(case: &Case<'_>, run: &Run<'_>) -> Limit {
    let Run { pod, container, .. } = run;
    let spec = case.container_spec(&container.name);
    let in_spec = spec.and_then(|spec| spec["resources"]["limits"]["memory"].as_str()).and_then(Quantity::parse);
    let bytes = pod.limits.memory_bytes;
    let is_alone = pod.containers.iter().filter(|one| one.role != Role::Ephemeral).count() == 1;
    match in_spec.or_else(|| shared_limit(case, run)) {
        Some(limit) => Limit::Some(limit),
        // Where the template says nothing, a LimitRange may have: the pod's own limit is that of its only container.
        None if bytes > 0 && is_alone => Quantity::parse(&bytes.to_string()).map_or(Limit::Unknown, Limit::Some),
        None if bytes == 0 && spec.is_some() => Limit::None,
        None => Limit::Unknown,
    }
}

/// The limit of the pod as a whole (`spec.resources`, KEP-2837), where the container has none of its own.
fn shared_limit(case: &Case<'_>, run: &Run<'_>) -> Option<Quantity> {
    let own = &case.container_spec(&run.container.name)?["resources"]["limits"]["memory"];
    mend::amount(case.pod_spec()?, "limits", "memory").filter(|_| own.is_null())
}

/// T067, T068: the kubelet killed it, since its probe failed.
fn probed(case: &Case<'_>, run: &Run<'_>) -> Option<Finding> {
    let Run { pod, container, end, .. } = run;
    let name = &container.name;
    let is_meant = |event: &&Event| {
        PROBE.captures(&event.note).is_some_and(|found| found["container"] == **name)
            // An older kill ended an earlier run.
            && (end.started.is_none() || event.last >= end.started || (is_again(case, run) && event.note.contains("startup")))
    };
    let killing = case.events(*pod, "Killing").into_iter().find(is_meant);
    let is_startup = match killing {
        Some(killing) => &PROBE.captures(&killing.note)?["probe"] == "startup",
        None => ended_by(case, run)?,
    };
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
    let mut evidence: Vec<Evidence> = killing.map(of_event).into_iter().collect();
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
    let output = output.map(|(_, output)| output).filter(|output| !output.is_empty());
    let said = output.map(|output| format!("It answered last: \"{}\".", cut(&output, 160))).unwrap_or_default();
    let verdict = match is_startup {
        true => format!(
            "{} was not up in time: the kubelet kills it when its startup probe fails{rhythm}.",
            called(pod, container)
        ),
        false => format!("The liveness probe of {} failed{}: the kubelet kills it{rhythm}.", name, after(run)),
    };
    let advice = if is_startup { "" } else { "Batch work mostly needs no liveness probe." };
    let tries = spec.and_then(|probe| probe["failureThreshold"].as_i64()).unwrap_or(3);
    let fixes = match (is_startup, spec.is_some()) {
        (_, false) => {
            [remake(case, "give the probe more time, or remove it, in a new Job"), None].into_iter().flatten().collect()
        }
        (true, _) => mend::mend(
            case,
            format!("let the startup probe fail {} times instead of {tries} in a new Job", tries * 10),
            &Changes::set(of_container(container, "startupProbe.failureThreshold"), tries * 10),
        ),
        (false, _) => mend::mend(
            case,
            "remove the liveness probe in a new Job",
            &Changes::remove(of_container(container, "livenessProbe")),
        ),
    };
    Some(Finding {
        verdict: sentences([verdict, said, advice.to_owned()]),
        short: format!("killed by its {} probe", probe.to_lowercase()),
        evidence,
        fixes,
        group: format!("{rule}/{name}"),
        ..blank(case, rule, Severity::Error, Confidence::Likely)
    })
}

/// The run took as long as its startup probe lets it, so that it was killed as an earlier one was: of many kills the
/// kubelet soon tells no more.
fn is_again(case: &Case<'_>, run: &Run<'_>) -> bool {
    let probe = case.container_spec(&run.container.name).map(|spec| &spec["startupProbe"]);
    let Some(probe) = probe.filter(|probe| probe.is_object() && matches!(run.end.exit_code, 137 | 143)) else {
        return false;
    };
    let number = |field: &str, usual: i64| probe[field].as_i64().unwrap_or(usual);
    let period = number("periodSeconds", 10);
    let allowed = number("initialDelaySeconds", 0) + period * number("failureThreshold", 3);
    let grace = case.pod_spec().and_then(|spec| spec["terminationGracePeriodSeconds"].as_i64()).unwrap_or(30);
    run.seconds().is_some_and(|seconds| (allowed - period..=allowed + period + grace + 2).contains(&seconds))
}

/// So much longer than its grace period a container may take to end on a node that is busy.
const BUSY_SECONDS: i64 = 30;

/// Whether it was the startup probe or the liveness probe that ended a container which is not started again: the kubelet
/// names none then, but its last word of the probe is as old as the end. None where it was neither.
fn ended_by(case: &Case<'_>, run: &Run<'_>) -> Option<bool> {
    let Run { pod, container, end, .. } = run;
    let spec = case.container_spec(&container.name)?;
    let finished = end.finished.filter(|_| matches!(end.exit_code, 137 | 143))?;
    // The probe failed, then the container had its grace period.
    let grace = case.pod_spec()?["terminationGracePeriodSeconds"].as_i64().unwrap_or(30) + 2;
    // Where it says in the same moment that it stops the container, a busy node may take longer.
    let stops = case.event(*pod, "Killing", &format!("Stopping container {}", container.name));
    let stopped = stops.filter(|_| pod.meta.deleted.is_none()).and_then(|event| event.last);
    let grace = |last| match stopped.is_some_and(|stopped: Time| (0..=1).contains(&stopped.seconds_since(last))) {
        true => grace + BUSY_SECONDS,
        false => grace,
    };
    let is_meant = |event: &&Event| {
        event.last.is_some_and(|last| last <= finished.plus_seconds(1) && finished.seconds_since(last) <= grace(last))
    };
    let events = case.events(*pod, "Unhealthy").into_iter().filter(is_meant);
    let probes = events.filter_map(|event| Some(&OUTPUT.captures(&event.note)?["probe"] == "Startup"));
    let mut meant =
        probes.filter(|is_startup| spec[if *is_startup { "startupProbe" } else { "livenessProbe" }].is_object());
    meant.next()
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
    let without = Changes::remove(of_container(container, "lifecycle.postStart"));
    let fixes = [
        remake(case, "correct the postStart hook, or do its work in the command, in a new Job"),
        mend_here(case, "or leave the hook out in a new Job, where it can do without", &without),
        for_next_runs(case, &without),
        Some(Fix::by("look into the container", CommandCall::new("pod.shell", pod_subject(pod))))
            .filter(|_| !pod.is_finished()),
    ];
    let hook = case.container_spec(&container.name).map(|spec| &spec["lifecycle"]["postStart"]["exec"]["command"]);
    let hook = hook.and_then(|words| words.as_array()).into_iter().flatten().filter_map(Value::as_str);
    let hook = match hook.collect::<Vec<_>>().join(" ") {
        words if words.is_empty() => words,
        words => format!(" (`{}`)", cut(&words, 80)),
    };
    Some(Finding {
        verdict: format!(
            "The postStart hook of container {}{hook} failed, so the kubelet killed the container{}.",
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
