//! The first process of a container that cannot be started, and init containers that keep the main ones waiting.

use super::super::Case;
use super::image::foreign_architecture;
use super::script::{self, Refusal};
use crate::model::clock::short_duration;
use crate::model::command_call::CommandCall;
use crate::model::pod::{Container, ContainerState, End, Pod, Role};
use crate::model::redact::redact;
use crate::model::resources::Quantity;
use crate::triage::case::{of_event, of_field};
use crate::triage::container::{blank, called, cut, pod_subject, remake, rerun, sentences, status_path, waits};
use crate::triage::ending::waits_for;
use crate::triage::finding::{Confidence, Evidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::known::LastLine;
use crate::triage::last_words::of_line;
use crate::triage::mend::{Changes, amount, for_next_runs, half_more, mend, of_container, resource};
use crate::triage::restarts;

/// The program in `exec: "./migrate.sh": stat ./migrate.sh: no such file or directory`, as runc says it, and in crun's
/// ``executable file `x` not found in $PATH``.
static PROGRAM: Pattern =
    Pattern::new(r#"(?:exec: "(?<runc>[^"]+)"|executable file `(?<crun>[^`]+)`|exec (?<bare>/\S+):)"#);

/// `error mounting "/var/lib/x" to rootfs at "/data"`.
static MOUNT: Pattern = Pattern::new(r#"error mounting "(?<from>[^"]+)" to rootfs at "(?<to>[^"]+)""#);

/// `chdir to cwd ("/app") set in config.json failed: no such file or directory`.
/// `error during container init: mkdir /etc/passwd: not a directory`, where the folder is to be made.
static FOLDER: Pattern =
    Pattern::new(r#"chdir to cwd \("(?<folder>[^"]+)"\)|container init: mkdir (?<made>[^\s:]+): "#);

/// T054 from a container that waits: the kubelet tries again and again.
pub(super) fn find(case: &Case<'_>, pod: &Pod, container: &Container, reason: &str, message: &str) -> Option<Finding> {
    if !matches!(reason, "RunContainerError" | "CreateContainerError") {
        return None;
    }
    // The state names an error code where the run before has the whole text.
    let end = container.last_end.as_deref().filter(|end| is_start_error(end));
    let text = match (message, end) {
        ("", Some(end)) => end.message.as_str(),
        _ => message,
    };
    let evidence = of_field(pod, status_path(container, "state.waiting"), format!("{reason}: {message}"));
    let found = told(case, pod, container, text, evidence);
    Some(restarts::counted(case, pod, container, found))
}

/// T054 from a container that ended without having run.
pub(super) fn failed(case: &Case<'_>, pod: &Pod, container: &Container) -> Option<Finding> {
    let (end, field) = match (&container.state, &container.last_end) {
        (ContainerState::Ended(end), _) => (end, "state.terminated"),
        (ContainerState::Waiting { .. }, Some(end)) => (&**end, "lastState.terminated"),
        _ => return None,
    };
    if !is_start_error(end) {
        return None;
    }
    let words = format!("{}, exit code {}: {}", end.reason, end.exit_code, end.message);
    let evidence = Evidence { at: end.finished, ..of_field(pod, status_path(container, field), words) };
    let found = told(case, pod, container, &end.message, evidence);
    Some(restarts::counted(
        case,
        pod,
        container,
        Finding { confidence: Confidence::Certain, since: end.finished, ..found },
    ))
}

/// containerd says `StartError`, other runtimes `ContainerCannotRun`.
fn is_start_error(end: &End) -> bool {
    matches!(end.reason.as_str(), "StartError" | "ContainerCannotRun")
}

fn told(case: &Case<'_>, pod: &Pod, container: &Container, text: &str, evidence: Evidence) -> Finding {
    let program = PROGRAM.captures(text).and_then(|found| {
        let name = found.name("runc").or_else(|| found.name("crun")).or_else(|| found.name("bare"))?;
        Some(name.as_str().to_owned())
    });
    let refusal = ["exec format error", "permission denied"].into_iter().find(|words| text.contains(words));
    if let Some((path, refusal)) = program.as_deref().zip(refusal.and_then(Refusal::of))
        && let Some(found) = script::refused(case, pod, container, path, refusal, vec![evidence.clone()])
    {
        return Finding { since: pod.started, ..found };
    }
    if text.contains("exec format error") {
        let image = case.container_spec(&container.name).and_then(|spec| spec["image"].as_str());
        return foreign_architecture(case, pod, image.unwrap_or(&container.name), vec![evidence]);
    }
    let apart = program.as_deref().map_or_else(Vec::new, |program| script::taken_apart(case, container, program));
    let Cause { why, short, cure } = cause(text, program.as_deref());
    let is_missing =
        apart.is_empty() && ["no such file or directory", "not found"].iter().any(|one| text.contains(one));
    let missing = program.as_deref().filter(|_| is_missing);
    let over = MOUNT.captures(text).and_then(|found| script::mounted_over(case, container, &found["to"], text));
    let missing_told = missing.and_then(|program| script::not_there(case, container, program));
    let (why, short, fixes) = match over.or(missing_told) {
        Some(told) => told,
        None if is_memory(text) => (why, short, more_memory(case, container)),
        None if !apart.is_empty() => (why, short, apart),
        None => {
            let small = missing.map_or_else(Vec::new, |program| with_small_shell(case, container, program));
            let others = [cure(case), for_next_runs(case, &Changes::NONE).filter(|_| small.is_empty())];
            (why, short, others.into_iter().flatten().chain(small).collect())
        }
    };
    // Where such starts are counted as restarts, they come to an end.
    let is_counted = pod.restarts_in_place && container.restarts > 0;
    let again = if pod.is_finished() || is_counted { String::new() } else { waits(case) };
    Finding {
        verdict: sentences([format!("{} cannot start: {why}.", called(pod, container)), again]),
        short,
        evidence: vec![evidence],
        fixes,
        since: pod.started,
        group: format!("T054/{}/{}", container.name, program.unwrap_or_default()),
        ..blank(case, "T054", Severity::Critical, Confidence::Likely)
    }
}

/// To call the shell that small images have in place of bash.
fn with_small_shell(case: &Case<'_>, container: &Container, program: &str) -> Vec<Fix> {
    let command = case.container_spec(&container.name).and_then(|spec| spec["command"].as_array());
    let is_bash = program.rsplit('/').next() == Some("bash");
    let Some(command) = command.filter(|command| is_bash && command.first().is_some_and(|one| one == program)) else {
        return Vec::new();
    };
    let command = [vec!["sh".into()], command[1..].to_vec()].concat();
    let changes = Changes::set(of_container(container, "command"), command);
    mend(case, "or rerun with sh, which images without bash mostly have", &changes)
}

/// The runtime itself, which starts the process, had too little memory.
fn is_memory(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("oom-killed") || lower.contains("memory limit too low")
}

/// Less than this no container starts with: the runtime needs some for itself.
const LEAST_MEMORY: &str = "64Mi";

fn more_memory(case: &Case<'_>, container: &Container) -> Vec<Fix> {
    let limit = case.container_spec(&container.name).and_then(|spec| amount(spec, "limits", "memory"));
    let larger = limit.map(half_more).max(Quantity::parse(LEAST_MEMORY)).unwrap_or_default();
    let changes = Changes::set(of_container(container, "resources.limits.memory"), larger.words());
    mend(case, format!("rerun with a memory limit of {}", larger.words()), &changes)
}

/// Less memory than this no process can use at all, in bytes.
const NO_MEMORY: i64 = 1 << 20;

/// With less memory than this the runtime may not get the pod's first processes started, in bytes (Docker asks for 6 MB).
const LITTLE_MEMORY: i64 = 8 << 20;

/// T054: no pod starts with so little memory, and what the runtime says of it is about something else. Instead of what was
/// found of that.
fn too_little(case: &Case<'_>, pod: &Pod, found: &Finding) -> Finding {
    let limit = Quantity::parse(&pod.limits.memory_bytes.to_string()).unwrap_or_default().words();
    let mains = pod.containers.iter().filter(|one| one.role == Role::Main);
    let least = |one: &&Container| case.container_spec(&one.name).and_then(|spec| amount(spec, "limits", "memory"));
    let container = mains.filter(|one| least(one).is_some()).min_by_key(least);
    let fixes = match container {
        Some(container) => more_memory(case, container),
        None => rerun(case, "rerun with a higher memory limit").into_iter().collect(),
    };
    Finding {
        verdict: format!(
            "The pod may use {limit} of memory in all, which is too little even to start it: the container runtime needs some \
             of it for itself."
        ),
        short: format!("memory limit {limit} is too low to start"),
        evidence: [vec![of_field(pod, "spec.containers[*].resources.limits.memory", limit)], found.evidence.clone()]
            .concat(),
        fixes,
        since: found.since,
        group: "T054/memory".to_owned(),
        ..blank(case, "T054", Severity::Critical, Confidence::Likely)
    }
}

/// T054: the memory limit has the wrong unit (`512m` is half a byte), so that the node fails in some way of its own: it
/// cannot write the pod's volumes, has the sandbox killed, or the container. Instead of what was found of that.
pub(in crate::triage) fn slip_of_unit(case: &Case<'_>, pod: &Pod, found: &Finding) -> Option<Finding> {
    let bytes = pod.limits.memory_bytes;
    if (NO_MEMORY..LITTLE_MEMORY).contains(&bytes) && matches!(found.rule.0, "T051" | "T054") {
        return Some(too_little(case, pod, found));
    }
    if !(1..NO_MEMORY).contains(&bytes) || !matches!(found.rule.0, "T050" | "T051" | "T054" | "T062" | "T066") {
        return None;
    }
    let least =
        |container: &&Container| case.container_spec(&container.name).and_then(|spec| amount(spec, "limits", "memory"));
    let mains = pod.containers.iter().filter(|one| one.role == Role::Main);
    let container = mains.filter(|one| least(one).is_some()).min_by_key(least).or(pod.containers.first())?;
    let spec = case.container_spec(&container.name);
    let written = spec.and_then(|spec| spec["resources"]["limits"]["memory"].as_str()).unwrap_or_default();
    let digits = written.trim_end_matches(|one: char| !one.is_ascii_digit());
    let meant =
        Some(format!("{digits}Mi")).filter(|_| digits.bytes().all(|one| one.is_ascii_digit()) && !digits.is_empty());
    let (limit, is) = match written.strip_prefix(digits) {
        Some("m") => (written, "in which m means thousandths of a byte"),
        Some("") if !digits.is_empty() => (written, "which without a unit is a number of bytes"),
        _ => (if written.is_empty() { "less than 1Mi" } else { written }, "which is less than any program needs"),
    };
    let guess = meant.as_ref().map_or_else(String::new, |meant| format!("{meant} was probably meant."));
    let fixes = match (spec, meant.as_deref().and_then(Quantity::parse)) {
        (Some(spec), Some(meant)) => {
            let path = of_container(container, "");
            let path = path.trim_end_matches('.');
            let mut changes = resource(path, spec, "limits", "memory", meant);
            if amount(spec, "requests", "memory").is_some() {
                changes = changes.and_set(format!("{path}.resources.requests.memory"), meant.words());
            }
            mend(case, format!("rerun with a memory limit of {}", meant.words()), &changes)
        }
        _ => rerun(case, "rerun with a memory limit in Mi or Gi").into_iter().collect(),
    };
    let path = of_container(container, "resources.limits.memory").replace("spec.template.spec", "spec");
    let evidence = [vec![of_field(pod, path, limit)], found.evidence.clone()].concat();
    Some(Finding {
        verdict: sentences([
            format!("{} may use {limit} of memory, {is}. Nothing can start with that.", called(pod, container)),
            guess,
        ]),
        short: format!("memory limit {limit}: wrong unit"),
        evidence,
        fixes,
        since: found.since,
        group: format!("T054/{}/unit", container.name),
        ..blank(case, "T054", Severity::Critical, Confidence::Certain)
    })
}

/// Why a process cannot be started.
struct Cause {
    why: String,
    short: String,
    cure: fn(&Case<'_>) -> Option<Fix>,
}

fn cause(text: &str, program: Option<&str>) -> Cause {
    let lower = text.to_lowercase();
    let has = |words: &str| lower.contains(words);
    let is_program_known = program.is_some();
    let program = program.unwrap_or("its command");
    let command: fn(&Case<'_>) -> Option<Fix> =
        |case| rerun(case, "rerun with a command, or an image, that has this program");
    let of = |why: String, short: String, cure| Cause { why, short, cure };
    if let Some(found) = MOUNT.captures(text) {
        let to = &found["to"];
        return of(format!("a volume cannot be mounted at {to} in it"), format!("cannot mount at {to}"), |case| {
            remake(case, "correct the volume mount (its path, its subPath) in a new Job")
        });
    }
    if let Some(folder) = FOLDER.captures(text).and_then(|found| found.name("folder").or(found.name("made"))) {
        let folder = folder.as_str();
        return of(
            format!("its working directory {folder} cannot be entered"),
            format!("no working directory {folder}"),
            |case| remake(case, "correct workingDir in a new Job"),
        );
    }
    if is_memory(text) {
        return of(
            "its memory limit is too low even for its start".to_owned(),
            "memory limit too low to start".to_owned(),
            |case| rerun(case, "rerun with a higher memory limit"),
        );
    }
    if has("seccomp profile") {
        return of(
            "its seccomp profile is not on the node, or cannot be read there".to_owned(),
            "seccomp profile is not on the node".to_owned(),
            |case| remake(case, "use seccompProfile RuntimeDefault in a new Job, or put the profile on the node"),
        );
    }
    if program.contains(' ') && (has("not found") || has("no such file or directory")) {
        let why =
            format!("all of \"{program}\" is taken for the name of one program: the command has it as a single entry");
        return of(why, "its command is one word with blanks in it".to_owned(), command);
    }
    if has("executable file") && has("not found") {
        return of(
            format!("its image has no program {program}"),
            format!("no program {program} in the image"),
            command,
        );
    }
    if is_program_known && has("no such file or directory") {
        let why = format!("its image has no file {program}, or lacks the interpreter that {program} names");
        return of(why, format!("no file {program} in the image"), command);
    }
    if has("is a directory") {
        return of(format!("{program} is a directory and no program"), format!("{program} is a directory"), command);
    }
    if has("permission denied") {
        let why = format!("{program} may not be executed by the container's user, or is a directory");
        return of(why, format!("{program} may not be executed"), |case| {
            remake(
                case,
                "name a program; or make the file executable, in the image or by its volume's defaultMode 0755 (493)",
            )
        });
    }
    // containerd puts the kind of the error behind it.
    let text = text.trim_end().trim_end_matches(": unknown");
    let last = cut(text.rsplit(": ").next().unwrap_or_default().trim(), 200);
    let last = if last.is_empty() { "the runtime does not say why".to_owned() } else { last };
    of(last.clone(), format!("cannot start: {last}"), |case| rerun(case, "rerun with another command or image"))
}

/// An init container or a sidecar that keeps the others waiting for so long is named, as an explanation.
const NOTED_SECONDS: i64 = 15;

/// An init container that runs longer than that is a problem: most wait for something that does not come.
const LONG_SECONDS: i64 = 300;

/// Who waits for a Service that is not there need not be watched for longer; it may be about to be made.
const FOR_NOBODY_SECONDS: i64 = 60;

/// A sidecar that has not passed its startup probe for so long is a problem.
const SIDECAR_SECONDS: i64 = 120;

/// T052: an init container runs on and on, or a sidecar does not get ready.
pub(super) fn blocking(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    if pod.is_initialized {
        return None;
    }
    let (container, since) = pod.containers.iter().find_map(|container| match (&container.state, container.role) {
        (ContainerState::Running(since), Role::Init) => Some((container, (*since)?)),
        (ContainerState::Running(since), Role::Sidecar) if !container.started => Some((container, (*since)?)),
        _ => None,
    })?;
    let (seconds, is_sidecar) = (case.known.ago(since), container.role == Role::Sidecar);
    if seconds < NOTED_SECONDS {
        return None;
    }
    let (name, long) = (called(pod, container), short_duration(seconds));
    let probe = case.event(pod, "Unhealthy", "Startup probe").filter(|_| is_sidecar);
    let mut evidence = vec![of_field(pod, status_path(container, "state.running"), format!("running for {long}"))];
    evidence.extend(probe.map(of_event));
    let log = CommandCall::new("view.logs", pod_subject(pod));
    // Of many that wait the newest speaks.
    let speaks = case.pods.last().is_some_and(|last| last.meta.uid == pod.meta.uid);
    let said = speaks.then(|| case.last_line(pod, container)).flatten();
    let said = match &said {
        Some(LastLine::At(_, text)) => Some(text.trim()).filter(|text| !text.is_empty()),
        _ => None,
    };
    let awaited = if speaks { waits_for(case, pod, container, said) } else { None };
    let (awaited, cures) = awaited.unwrap_or_default();
    let is_long = match (is_sidecar, awaited.is_empty()) {
        (true, _) => seconds >= SIDECAR_SECONDS,
        (_, true) => seconds >= LONG_SECONDS,
        (_, false) => seconds >= FOR_NOBODY_SECONDS,
    };
    evidence.extend(said.map(|line| of_line(pod, container, line)));
    let quoted = said.map(|line| format!("It said last: \"{}\".", cut(&redact(line), 160))).unwrap_or_default();
    Some(Finding {
        verdict: sentences([
            match is_sidecar {
                true => {
                    format!("{name} has not passed its startup probe for {long}. The main containers have not started.")
                }
                false => {
                    format!("{name} has been running for {long}, and the main containers start only when it has ended.")
                }
            },
            quoted,
            match awaited.is_empty() {
                true if is_long && !is_sidecar => "It may wait for something that does not come.".to_owned(),
                _ => awaited.clone(),
            },
        ]),
        short: match is_sidecar {
            true => format!("sidecar {} is not up after {long}", container.name),
            false => format!("init {} runs for {long}", container.name),
        },
        evidence,
        fixes: cures
            .into_iter()
            .chain([
                Fix::by(format!("read in the log of {} what it waits for", container.name), log),
                Fix::by("look into it", CommandCall::new("pod.shell", pod_subject(pod))),
            ])
            .collect(),
        since: Some(since),
        group: format!("T052/{}", container.name),
        ..blank(
            case,
            "T052",
            if is_long { Severity::Warning } else { Severity::Info },
            if is_sidecar { Confidence::Likely } else { Confidence::Guess },
        )
    })
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] = &[&PROGRAM, &MOUNT, &FOLDER];
