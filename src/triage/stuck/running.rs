//! Runs that go on, but not as they should, or that only look so.

use super::super::Case;
use super::super::case::of_field;
use super::super::finding::{Confidence, Finding, Fix, Severity};
use super::super::known::{Fact, LastLine};
use super::super::mend::{Changes, POD, mend, of_container};
use super::super::outcome::{many, usual_seconds};
use super::ending::job_object;
use super::{finding, names, of_pod};
use crate::model::clock::{Time, short_duration};
use crate::model::command_call::CommandCall;
use crate::model::job::Job;
use crate::model::key::Kind;
use crate::model::pod::{Container, ContainerState, Pod, PodPhase, Role};
use crate::model::resources::Quantity;

/// A run that takes less is none to look at, however short those before it were.
const SHORT_RUN_SECONDS: i64 = 1_800;

/// Where no run before tells how long is usual, only a run that has gone on for most of a working day is worth a question.
const LONG_RUN_SECONDS: i64 = 6 * 3_600;

/// So many containers are asked when they said something last.
const WORKERS: usize = 4;

/// A container that said something within this time is at work.
const SILENT_SECONDS: i64 = 600;

/// So long a container may outlive one that is done before it is asked what for.
const OUTLIVING_SECONDS: i64 = 60;

/// As above, where nothing tells which of the two does the work.
const OUTLIVING_UNKNOWN_SECONDS: i64 = 600;

/// So long pods may be missing before it is told: the controller makes them in batches.
const MAKING_SECONDS: i64 = 60;

/// Words in names by which containers are known that stand beside the work and never end by themselves.
const HELPERS: [&str; 21] = [
    "proxy",
    "envoy",
    "consul",
    "cloudsql",
    "agent",
    "exporter",
    "shipper",
    "logger",
    "collector",
    "fluent",
    "fluentbit",
    "fluentd",
    "filebeat",
    "promtail",
    "vector",
    "otel",
    "otelcol",
    "opentelemetry",
    "datadog",
    "daprd",
    "sidecar",
];

/// T091: the work is done, and an ordinary container beside it runs on. Sidecars that are init containers are ended by
/// the kubelet and are none of this.
pub(super) fn sidecar(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    if pod.phase != PodPhase::Running || pod.meta.deleted.is_some() {
        return None;
    }
    let mains = || pod.containers.iter().filter(|one| one.role == Role::Main);
    let running: Vec<&Container> = mains().filter(|one| matches!(one.state, ContainerState::Running(_))).collect();
    let done: Vec<(&Container, Time)> = mains().filter_map(|one| Some((one, ended(one)?.1))).collect();
    // One that failed is what the next try would be for.
    let (main, finished) = *done.iter().max_by_key(|(one, finished)| (has_failed(one), *finished))?;
    let helper = *running.first()?;
    // A container that starts again is another story.
    if running.len() + done.len() != mains().count() || running.iter().any(|one| pod.default_container == one.name) {
        return None;
    }
    let is_known =
        done.iter().any(|(one, _)| pod.default_container == one.name) || running.iter().all(|one| is_helper(&one.name));
    let is_helper_done = done.iter().all(|(one, _)| is_helper(&one.name));
    let grace = if is_known { OUTLIVING_SECONDS } else { OUTLIVING_UNKNOWN_SECONDS };
    let ago = case.known.ago(finished);
    if ago < grace || is_helper_done {
        return None;
    }
    let keepers = names(running.iter().map(|one| one.name.as_str()));
    let stop = match helper.name.as_str() {
        "istio-proxy" => "pilot-agent request POST quitquitquit",
        _ => "kill 1",
    };
    let code = ended(main).map_or(0, |(code, _)| code);
    let mut end = of_field(
        pod,
        format!("status.containerStatuses[{}].state", main.name),
        format!("terminated with exit code {code}"),
    );
    end.at = Some(finished);
    let path = format!("status.containerStatuses[{}].state", helper.name);
    let (severity, confidence, verdict) = match is_known {
        // What it failed of leads.
        true if code != 0 => (Severity::Warning, Confidence::Certain, String::new()),
        true => (Severity::Critical, Confidence::Certain, String::new()),
        false => (
            Severity::Warning,
            Confidence::Guess,
            format!(" Where {keepers} does work of its own, this is as it should be."),
        ),
    };
    let (how, so, then) = match code {
        0 => (
            "ended well".to_owned(),
            ", so the Job cannot complete",
            "deleting the pod would count as a failure and do the work again",
        ),
        code => (
            format!("failed (exit code {code})"),
            ": the Job neither counts that failure nor tries again",
            "the failure is then counted, and the next try made",
        ),
    };
    Some(Finding {
        confidence,
        verdict: format!(
            "Container {} of pod {} {how} {} ago, but {keepers} runs on and keeps the pod alive{so}.{verdict}",
            main.name,
            pod.meta.name,
            short_duration(ago),
        ),
        short: format!("{keepers} runs on, {} has ended", main.name),
        fixes: vec![Fix::by(
            format!("end {}: run `{stop}` in it; {then}", helper.name),
            CommandCall::with("pod.run", of_pod(pod), stop),
        )]
        .into_iter()
        .chain(mend(
            case,
            format!(
                "make a new Job that has {keepers} as an init container with restartPolicy Always (Kubernetes 1.29)"
            ),
            &as_sidecars(case, &running.iter().map(|one| one.name.to_string()).collect::<Vec<_>>()),
        ))
        .collect(),
        since: Some(finished),
        group: format!("T091/{}/{}", pod.meta.namespace, helper.name),
        ..finding(case, "T091", severity, vec![end, of_field(pod, path, "running")])
    })
}

/// It is called like one of those. `vectorize` is work, and no `vector`.
fn is_helper(name: &str) -> bool {
    name.split('-').any(|word| HELPERS.contains(&word))
}

/// The containers as sidecars, which the kubelet ends once the others are done.
pub(in crate::triage) fn as_sidecars(case: &Case<'_>, containers: &[String]) -> Changes {
    let specs = containers.iter().filter_map(|name| Some((name, case.container_spec(name)?.clone())));
    specs.fold(Changes::NONE, |changes, (name, mut spec)| {
        spec["restartPolicy"] = "Always".into();
        changes.and_remove(format!("{POD}.containers[name={name}]")).and_set(format!("{POD}.initContainers[+]"), spec)
    })
}

/// The exit code of a container that has ended, and when.
fn ended(container: &Container) -> Option<(i32, Time)> {
    match &container.state {
        ContainerState::Ended(end) => Some((end.exit_code, end.finished?)),
        _ => None,
    }
}

fn has_failed(container: &Container) -> bool {
    ended(container).is_some_and(|(code, _)| code != 0)
}

/// T090: runs far longer than those before it, or very long, and nothing will end it.
pub(super) fn hung(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let oldest = case.pods.iter().filter(|pod| pod.phase == PodPhase::Running).filter_map(|pod| pod.started).min()?;
    if job.active_deadline_seconds.is_some() {
        return None;
    }
    let age = case.known.ago(oldest);
    let usual = usual_seconds(case, job);
    let limit = usual.map_or(LONG_RUN_SECONDS, |usual| (3 * usual).max(SHORT_RUN_SECONDS));
    // Progress is a sign of life.
    let is_moving = case.pods.iter().filter_map(|pod| pod.ended()).any(|ended| case.known.ago(ended) < limit);
    if age <= limit || is_moving {
        return None;
    }
    let silence = silence(case);
    if silence.is_some_and(|silence| silence < SILENT_SECONDS) {
        return None;
    }
    let cpu = cpu(case);
    // Who is busy works, however silent.
    if cpu.as_ref().is_some_and(|cpu| cpu.is_busy && !cpu.is_starved) {
        return None;
    }
    let (silent, look) = match silence {
        Some(silent) if silent < age => {
            (format!(", and its log is silent for {}", short_duration(silent)), "It may hang: its use of CPU tells.")
        }
        Some(_) => (", and its log is empty".to_owned(), "It may hang: its use of CPU tells."),
        None => (String::new(), "It may hang: its log and its use of CPU tell."),
    };
    let look = match &cpu {
        Some(cpu) if cpu.is_starved => format!(
            "It is at work, and slow for want of CPU: it uses {} of the {} that its limits allow.",
            cpu.used.words(),
            cpu.allowed.words()
        ),
        Some(cpu) => format!("It hangs, as it seems: it uses {} CPU.", cpu.used.words()),
        None => look.to_owned(),
    };
    let (span, usually) = (short_duration(age), usual.map(|usual| format!(", usually {}", short_duration(usual))));
    let usually = usually.unwrap_or_default();
    let deadline = short_duration(case.known.ago(job.started.unwrap_or(oldest)) + 3_600);
    let mut evidence = vec![of_field(job, "spec.activeDeadlineSeconds", "not set")];
    evidence.extend(job.started.map(|started| of_field(job, "status.startTime", started.to_string())));
    Some(Finding {
        confidence: Confidence::Guess,
        verdict: format!(
            "The Job has been running for {span}{usually}{silent}. {look} Nothing will stop it, since it has no deadline."
        ),
        short: format!("runs for {span}{usually}, no deadline"),
        fixes: vec![
            match cpu {
                Some(cpu) if cpu.is_starved => case.rerun("raise the CPU limit in a new Job, or leave it out"),
                _ => Fix::outside("look when its log said something last, and whether it uses CPU"),
            },
            Fix::by(
                format!("give it a deadline of {deadline}, which ends it in an hour"),
                CommandCall::with("job.deadline", case.subject, deadline),
            ),
        ],
        since: Some(oldest),
        ..finding(case, "T090", Severity::Warning, evidence)
    })
}

/// A program that uses so many thousandths of a CPU is at work.
const BUSY_MILLIS: i64 = 50;

/// What the pods at work use of CPU together.
struct Cpu {
    used: Quantity,
    /// What their limits allow; nothing where one has none.
    allowed: Quantity,
    /// They do something.
    is_busy: bool,
    /// They use nearly all that their limits allow, and that is little.
    is_starved: bool,
}

/// As the cluster measures it; None where it does not (`metrics.k8s.io`).
fn cpu(case: &Case<'_>) -> Option<Cpu> {
    let running = || case.pods.iter().filter(|pod| pod.phase == PodPhase::Running).take(WORKERS);
    let mut used = Quantity::default();
    for pod in running() {
        let measured = case.found("metrics.k8s.io/v1beta1", "PodMetrics", &pod.meta.namespace, &pod.meta.name)?;
        let all = measured["containers"].as_array()?.iter();
        let amounts = all.filter_map(|one| Quantity::parse(one["usage"]["cpu"].as_str()?));
        used = amounts.fold(used, Quantity::plus);
    }
    let limits: Vec<i64> = running().map(|pod| pod.limits.cpu_millis).collect();
    let is_limited = limits.iter().all(|limit| *limit > 0);
    let allowed = Quantity::parse(&format!("{}m", limits.iter().sum::<i64>())).filter(|_| is_limited);
    let allowed = allowed.unwrap_or_default();
    // Nine tenths of its limit, and less than half a CPU for each.
    let is_small = limits.iter().all(|limit| *limit < 500);
    let is_starved = is_limited && is_small && used.millis() * 10 >= allowed.millis() * 9;
    Some(Cpu { used, allowed, is_busy: used.millis() >= BUSY_MILLIS || is_starved, is_starved })
}

/// So long a program that reads what nobody writes is silent before it is told.
const INPUT_SECONDS: i64 = 60;

/// T090: the container keeps its input open (`stdin: true`), to which a Job has nobody write: a program that reads it
/// waits for ever, where it would find an empty one else.
pub(super) fn waits_for_input(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let is_at_work = |pod: &&&Pod| pod.phase == PodPhase::Running && pod.meta.deleted.is_none();
    let pod = case.pods.iter().filter(is_at_work).find(|pod| pod.keeps_input)?;
    let is_meant = |one: &&Container| one.role == Role::Main && matches!(one.state, ContainerState::Running(_));
    let container = pod.containers.iter().filter(is_meant).find(|one| {
        let spec = case.container_spec(&one.name);
        spec.is_some_and(|spec| spec["stdin"] == true)
    })?;
    let age = case.known.ago(pod.started?);
    let is_silent = age > INPUT_SECONDS && silence(case).is_some_and(|silence| silence > INPUT_SECONDS);
    if !is_silent {
        return None;
    }
    let name = &container.name;
    let path = format!("spec.template.spec.containers[{name}].stdin");
    Some(Finding {
        confidence: Confidence::Guess,
        verdict: format!(
            "Container {name} has been running for {} and says nothing. Its template keeps its input open (stdin: true), and \
             nobody writes to it: a program that reads its input waits for ever.",
            short_duration(age)
        ),
        short: format!("{name} may wait for input (stdin: true)"),
        fixes: mend(
            case,
            "rerun without stdin: the program then finds an empty input",
            &without_input(case, container),
        ),
        since: pod.started,
        ..finding(case, "T090", Severity::Warning, vec![of_field(job, path, "true")])
    })
}

fn without_input(case: &Case<'_>, container: &Container) -> Changes {
    let has_terminal = case.container_spec(&container.name).is_some_and(|spec| !spec["tty"].is_null());
    let changes = Changes::remove(of_container(container, "stdin"));
    if has_terminal { changes.and_remove(of_container(container, "tty")) } else { changes }
}

/// Seconds since any of the containers that run said something; as long as any runs where none has ever said anything.
/// None where one has not answered.
fn silence(case: &Case<'_>) -> Option<i64> {
    let running = case.pods.iter().filter(|pod| pod.phase == PodPhase::Running).flat_map(|pod| {
        let is_meant = |one: &&Container| one.role == Role::Main && matches!(one.state, ContainerState::Running(_));
        pod.containers.iter().filter(is_meant).map(move |one| (*pod, one))
    });
    // Of many workers some tell of all.
    let spoken: Vec<Option<LastLine>> = running.take(WORKERS).map(|(pod, one)| case.last_line(pod, one)).collect();
    let seconds = |last: Option<&LastLine>| match last? {
        LastLine::At(time, _) => Some(case.known.ago(*time)),
        LastLine::Never => Some(i64::MAX),
        LastLine::Unknown => None,
    };
    let shortest = spoken.iter().filter_map(|last| seconds(last.as_ref())).min()?;
    let are_all_known = spoken.iter().all(|last| seconds(last.as_ref()).is_some());
    (are_all_known || shortest < SILENT_SECONDS).then_some(shortest)
}

/// T096: of a work queue no worker is made any more once one has succeeded.
pub(super) fn work_queue(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let done = case.pods.iter().filter(|pod| pod.phase == PodPhase::Succeeded).count();
    let done = done.max(usize::try_from(job.succeeded).unwrap_or_default());
    let open = case.pods.iter().filter(|pod| !pod.is_finished()).count();
    let parallelism = job.parallelism.unwrap_or(1);
    if job.completions.is_some() || done == 0 || open == 0 || open >= usize::try_from(parallelism).unwrap_or_default() {
        return None;
    }
    Some(Finding {
        verdict: format!(
            "{} of {parallelism} workers have succeeded and {open} still {}. The Job sets no completions, so after the first \
             success it starts no new worker; it completes when the rest has ended.",
            done,
            if open == 1 { "runs" } else { "run" },
        ),
        short: format!("work queue: {} left to finish", many(open, "worker")),
        fixes: vec![Fix::outside("nothing, unless work is left: then a worker said too early that there is none")],
        ..finding(
            case,
            "T096",
            Severity::Info,
            vec![of_field(job, "spec.completions", "not set"), of_field(job, "status.succeeded", done.to_string())],
        )
    })
}

/// T097: some run and others were never made, and nobody said why. Where pods wait, the cause of that is told instead.
pub(super) fn partial(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let running = case.pods.iter().filter(|pod| pod.phase == PodPhase::Running && pod.meta.deleted.is_none()).count();
    let open = case.pods.iter().filter(|pod| !pod.is_finished()).count();
    let (wanted, has_failures) = (case.wanted_pods(job), job.failed > 0);
    let newest = case.pods.iter().filter_map(|pod| pod.meta.created).max()?;
    let is_young = case.known.ago(newest.max(job.started?)) < MAKING_SECONDS;
    // After a failure the controller waits before it makes the next one, and a refusal says what is wrong.
    let is_explained = has_failures
        || job.managed_by.is_some()
        || case.pods.iter().any(|pod| pod.phase == PodPhase::Failed)
        || !case.events(job, "FailedCreate").is_empty();
    if running == 0 || open >= wanted || is_young || is_explained || !case.known.is_whole(Kind::Pod) {
        return None;
    }
    Some(Finding {
        verdict: format!(
            "{running} of {wanted} pods run; {} were never made, and nothing says why: the Job controller is behind, or its \
             word has expired.",
            many(wanted - open, "other"),
        ),
        short: format!("{running} of {wanted} pods run"),
        fixes: vec![Fix::outside("look whether kube-controller-manager runs, and at the namespace's quotas")],
        since: Some(newest),
        confidence: Confidence::Likely,
        ..finding(
            case,
            "T097",
            Severity::Warning,
            vec![of_field(job, "spec.parallelism", job.parallelism.unwrap_or(1).to_string())],
        )
    })
}

/// T098: more pods have ended than the Job has counted. During a retry delay the server refuses the controller's status
/// where another pod is ready, for up to ten minutes.
pub(super) fn lagging(case: &Case<'_>, job: &Job) -> Option<Finding> {
    let ended: Vec<&&Pod> = case.pods.iter().filter(|pod| pod.is_finished() && pod.meta.deleted.is_none()).collect();
    let counted = usize::try_from(job.succeeded + job.failed).unwrap_or_default();
    let is_old = |pod: &&&&Pod| pod.ended().is_some_and(|at| case.known.ago(at) > MAKING_SECONDS);
    let missing = ended.iter().filter(is_old).count().checked_sub(counted).filter(|missing| *missing > 0)?;
    // The controller lists what it is about to count; the server refuses its word as long as a pod is ready that it does
    // not count as active. Failures that a rule ignores are never counted.
    let Some(Fact::Found(object)) = job_object(case, job) else { return None };
    let is_listed = object["status"]["uncountedTerminatedPods"].as_object().is_some_and(|lists| !lists.is_empty());
    let is_refused = object["spec"]["podFailurePolicy"].is_null() && case.pods.iter().any(|pod| pod.is_ready);
    if !is_listed && !is_refused {
        return None;
    }
    let newest = ended.iter().filter_map(|pod| pod.ended()).max();
    let counts = format!("{} succeeded, {} failed", job.succeeded, job.failed);
    Some(Finding {
        confidence: Confidence::Likely,
        verdict: format!(
            "{} of the Job {} ended and not counted yet: its status says {counts}. During the delay before a retry the \
             counters stand still for up to 10 minutes; they heal by themselves.",
            many(missing, "pod"),
            if missing == 1 { "has" } else { "have" },
        ),
        short: format!("{} not counted yet", many(missing, "pod")),
        fixes: vec![Fix::outside("wait; where it takes longer look whether kube-controller-manager runs")],
        since: newest,
        ..finding(case, "T098", Severity::Info, vec![of_field(job, "status", counts)])
    })
}
