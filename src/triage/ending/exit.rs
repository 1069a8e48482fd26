//! Exit codes and signals: what a program says with the number it ends with.

use super::super::Case;
use super::killed::{after, of_end};
use super::slip::{self, Why};
use super::{Run, files, log, stopped};
use crate::model::command_call::CommandCall;
use crate::model::pod::{Container, Pod, Role};
use crate::triage::case::of_field;
use crate::triage::container::{
    blank, called, job_subject, pod_subject, remake, rerun, sentences, status_path, waiting,
};
use crate::triage::finding::{Confidence, Finding, Fix, Severity};
use crate::triage::last_words::of_line;
use crate::triage::mend::{Changes, for_next_runs};
use crate::triage::restarts;
use crate::triage::starting::not_there;

/// What exit codes mean by custom, where they mean anything.
const CODES: &[(i32, &str)] = &[
    (2, "which mostly says that its arguments are wrong"),
    (64, "by custom: called in a wrong way (EX_USAGE)"),
    (65, "by custom: wrong input (EX_DATAERR)"),
    (66, "by custom: no input (EX_NOINPUT)"),
    (69, "by custom: a service that it needs is not available (EX_UNAVAILABLE)"),
    (70, "by custom: an error in the program itself (EX_SOFTWARE)"),
    (73, "by custom: it cannot write its output (EX_CANTCREAT)"),
    (75, "by custom: a trouble that passes (EX_TEMPFAIL)"),
    (77, "by custom: it lacks a right (EX_NOPERM)"),
    (78, "by custom: its configuration is wrong (EX_CONFIG)"),
    (124, "as timeout(1) does when the time is up"),
    (125, "as tools do that start another program and fail themselves"),
    (128, "which is no valid exit code, or the process was never started"),
    (129, "by the signal SIGHUP"),
    (138, "by the signal SIGUSR1, which it does not handle"),
    (140, "by the signal SIGUSR2, which it does not handle"),
    (141, "since it wrote to a pipe that nobody read any more (SIGPIPE)"),
    (142, "by the signal SIGALRM: a timer of its own"),
    (255, "an exit code out of range such as -1, or an ssh that failed"),
];

/// What the codes of programs mean that mostly say nothing else: which are found in the command of the container.
const CODES_OF: &[(&str, i32, &str)] = &[
    ("curl", 6, "as curl does when a name is not known"),
    ("curl", 7, "as curl does when nothing listens at the address"),
    ("curl", 22, "as curl -f does when the server answers with an error (400 or higher)"),
    ("curl", 28, "as curl does when its time is up"),
    ("curl", 35, "as curl does when TLS fails"),
    ("curl", 56, "as curl does when the connection breaks"),
    ("curl", 60, "as curl does when it does not trust the certificate"),
    ("wget", 4, "as wget does when it does not reach the server"),
    ("wget", 5, "as wget does when it does not trust the certificate"),
    ("wget", 6, "as wget does when the login is refused"),
    ("wget", 8, "as wget does when the server answers with an error"),
    ("rsync", 12, "as rsync does when the connection breaks"),
    ("rsync", 23, "as rsync does when some files could not be copied"),
    ("rsync", 24, "as rsync does when files vanish while it copies"),
    ("rsync", 30, "as rsync does when its time is up"),
    ("aws", 252, "as aws does when its arguments are wrong"),
    ("aws", 253, "as aws does when it has no credentials or no region"),
    ("aws", 254, "as aws does when the service refuses the request"),
    ("grep", 1, "as grep does when no line matches, which ends a script with set -e"),
    ("diff", 1, "as diff does when the files differ"),
    ("psql", 3, "as psql does when a statement fails (ON_ERROR_STOP)"),
];

/// What a code means by the program that the container's command calls.
fn of_program(case: &Case<'_>, run: &Run<'_>) -> Option<&'static str> {
    let command = slip::words_of(case.container_spec(&run.container.name)?).join(" ");
    let calls = |program: &str| {
        command.split(|one: char| !one.is_alphanumeric() && !"_-.".contains(one)).any(|word| word == program)
    };
    let mut codes = CODES_OF.iter().filter(|(_, code, _)| *code == run.end.exit_code);
    codes.find(|(program, ..)| calls(program)).map(|(_, _, meaning)| *meaning)
}

/// Signals by which a program ends through its own fault: number, name, what happened, what to look at.
const CRASHES: &[(i32, &str, &str, &str)] = &[
    (3, "SIGQUIT", "was told to quit", "see who sends it: mostly a tool inside the container"),
    (
        4,
        "SIGILL",
        "used an instruction that the processor does not have",
        "see whether it runs on other nodes: builds for newer processors fail on older ones",
    ),
    (5, "SIGTRAP", "ran into a trap", "look at the program, mostly at an assertion in native code"),
    (6, "SIGABRT", "gave up by itself", "look above its end for an assertion, or memory that a library could not get"),
    (
        7,
        "SIGBUS",
        "used memory that is not there",
        "give it more shared memory: an emptyDir with medium Memory at /dev/shm; or more disk for files that it maps",
    ),
    (8, "SIGFPE", "calculated something impossible, mostly a division by zero", "look at the program and its input"),
    (11, "SIGSEGV", "used memory that is not its own", "look at the program, or at a native library that it uses"),
    (24, "SIGXCPU", "used more processor time than its own limit allows", "look for ulimit in the command"),
    (25, "SIGXFSZ", "wrote a file larger than its own limit allows", "look for ulimit in the command"),
    (
        31,
        "SIGSYS",
        "made a system call that its seccomp profile forbids",
        "allow the call in the seccomp profile, or use another profile",
    ),
];

const SIGINT: i32 = 2;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;

/// What a container's exit code says, and the end of its log.
pub(super) fn find(case: &Case<'_>, run: &Run<'_>) -> Option<Finding> {
    let signal = match (run.end.signal, run.end.exit_code) {
        (0, code @ 129..=192) => code - 128,
        (signal, _) => signal,
    };
    if stopped::is_of_the_job(case, run.pod, run.end.finished, matches!(signal, SIGKILL | SIGTERM)) {
        // What the Job itself stopped is no cause; asked about the pod, that is the answer.
        return (case.subject.kind == crate::model::key::Kind::Pod).then(|| stopped::stopped(case, run, signal));
    }
    let found = match (signal, run.end.exit_code) {
        // timeout(1) in its own command stopped it, and nobody else.
        (SIGKILL | SIGTERM, _) if stopped::who(case, run).is_none() && slip::timed_out(case, run).is_some() => {
            failed(case, run)
        }
        (SIGINT | SIGKILL | SIGTERM, _) => stopped::stopped(case, run, signal),
        (signal, _) if CRASHES.iter().any(|crash| crash.0 == signal) => crashed(case, run, signal),
        (_, 126 | 127) => no_command(case, run),
        _ => failed(case, run),
    };
    Some(Finding { since: run.end.finished, ..found })
}

/// Reads the log of the run.
pub(super) fn read_log(run: &Run<'_>) -> Fix {
    let id = if run.field == "lastState.terminated" { "view.previous-log" } else { "view.logs" };
    Fix::by(format!("read the log of {}", run.container.name), CommandCall::new(id, pod_subject(run.pod)))
}

/// Where a Job goes on to try: stops it.
fn stop(case: &Case<'_>) -> Option<Fix> {
    let job = case.job.filter(|job| !job.is_finished() && !job.suspend).and(job_subject(case))?;
    Some(Fix::by("stop the tries while you look: suspend the Job", CommandCall::new("batch.suspend", job)))
}

/// T060: the program says that it failed. T052 where it is an init container, which keeps the others from starting.
fn failed(case: &Case<'_>, run: &Run<'_>) -> Finding {
    let (one, words) = run.words(case);
    if let Some(found) = log::find(case, &one, &words) {
        return found;
    }
    let Run { pod, container, end, .. } = run;
    let code = end.exit_code;
    // What a code mostly means is said where the program says nothing itself.
    let is_vague = matches!(code, 2 | 128 | 255) && !words.telling.is_empty();
    let by_program = of_program(case, run).filter(|_| !words.are_errors);
    let of_all = || CODES.iter().find(|(one, _)| *one == code && !is_vague).map(|(_, meaning)| *meaning);
    let by_code = by_program.or_else(of_all);
    let meaning = match end.reason.as_str() {
        "Unknown" => Some("since its node or the runtime there was restarted"),
        _ => by_code,
    };
    let meaning = meaning.map(|meaning| format!(", {meaning}"));
    let is_init = container.role == Role::Init;
    let holds = is_init || (container.role == Role::Sidecar && !pod.is_initialized);
    let held = if holds { "The main containers have not started.".to_owned() } else { String::new() };
    let (name, after) = (called(pod, container), after(run));
    let why = slip::find(case, &one, &words).or_else(|| files::find(case, &one, &words));
    let verdict = match &why {
        Some(Why { what, .. }) => format!("{name} {what}. It ended with exit code {code}{after}."),
        None => format!("{name} ended with exit code {code}{after}{}.", meaning.unwrap_or_default()),
    };
    let mut evidence = vec![of_end(run)];
    evidence.extend(words.evidence(one.pod, one.container));
    let look = match words.is_silent {
        true => Fix::outside("have it say what it does: `set -x` in a shell's command, or a more talkative log level"),
        false => read_log(&one),
    };
    let fixes = [
        Some(look),
        rerun(case, "mend what is wrong, and rerun with another image, command or variables"),
        for_next_runs(case, &Changes::NONE),
        // Last, since it goes when the Job ends: the others keep their numbers.
        stop(case),
    ];
    let rule = if is_init { "T052" } else { "T060" };
    let prefix = if is_init { format!("init {}: ", container.name) } else { String::new() };
    Finding {
        verdict: sentences([verdict, words.sentence(), held]),
        short: match (&why, words.short()) {
            (Some(why), _) => format!("{prefix}{}", why.short),
            (None, Some(words)) => format!("{prefix}exit {code}: {words}"),
            (None, None) => format!("{prefix}exit code {code}"),
        },
        evidence,
        fixes: match why {
            Some(why) => why.fixes.into_iter().chain([read_log(&one)]).chain(stop(case)).collect(),
            None => fixes.into_iter().flatten().collect(),
        },
        group: format!("{rule}/{}/{code}", container.name),
        ..blank(case, rule, Severity::Error, Confidence::Certain)
    }
}

/// T070 where the runtime has forgotten how the container ended before.
pub(super) fn looping(case: &Case<'_>, pod: &Pod) -> Option<Finding> {
    let is_looping = |container: &&Container| {
        waiting(container).is_some_and(|(reason, _)| reason == "CrashLoopBackOff") && container.role != Role::Ephemeral
    };
    let container = pod.containers.iter().find(is_looping)?;
    let (reason, message) = waiting(container)?;
    let name = called(pod, container);
    let finding = Finding {
        verdict: format!("{name} ends again and again; how is not known any more."),
        short: "ends again and again".to_owned(),
        evidence: vec![of_field(pod, status_path(container, "state.waiting"), format!("{reason}: {message}"))],
        group: format!("T070/{}", container.name),
        ..blank(case, "T070", Severity::Error, Confidence::Certain)
    };
    Some(restarts::counted(case, pod, container, finding))
}

/// T061: the shell did not find what it was to run, or may not run it.
fn no_command(case: &Case<'_>, run: &Run<'_>) -> Finding {
    let (one, words) = run.words(case);
    if let Some(found) = log::find(case, &one, &words).filter(|found| matches!(found.rule.0, "T046" | "T054")) {
        return found;
    }
    let Run { pod, container, end, .. } = run;
    let (code, is_missing) = (end.exit_code, end.exit_code == 127);
    let library = log::library(&words).filter(|_| is_missing);
    let is_library = library.is_some();
    let found = library.or_else(|| log::command(&words));
    let command = found.as_ref().map_or("a command", |(command, _)| command);
    // The loader ends with the same code.
    let what = if is_library { "a program that needs " } else { "" };
    let (why, short) = match is_missing {
        true => ("its image does not have", format!("{command} is not in the image")),
        false => ("may not be executed in its image", format!("{command} may not be executed")),
    };
    let name = called(pod, container);
    let verdict = format!("{name} called {what}{command}, which {why} (exit code {code}{}).", after(run));
    let named = found.as_ref().filter(|_| is_missing && !is_library);
    let missing = named.and_then(|(command, _)| not_there(case, container, command));
    let mut evidence = vec![of_end(run)];
    match &found {
        Some((_, line)) => evidence.insert(0, of_line(one.pod, one.container, line)),
        None => evidence.extend(words.evidence(one.pod, one.container)),
    }
    let fixes = [
        rerun(case, "rerun with a corrected command, or an image that has it"),
        remake(case, "of a script from a ConfigMap: set defaultMode 0755 (493) in a new Job").filter(|_| !is_missing),
        Some(read_log(&one)),
        for_next_runs(case, &Changes::NONE),
    ];
    let fixes = fixes.into_iter().flatten().collect();
    let (verdict, short, fixes) = match missing {
        Some((why, short, fixes)) => (
            format!("{name} called {command}, which is not there: {why} (exit code {code}{}).", after(run)),
            short,
            fixes,
        ),
        None => (verdict, short, fixes),
    };
    Finding {
        verdict,
        short,
        evidence,
        fixes,
        group: format!("T061/{}/{code}", container.name),
        ..blank(case, "T061", Severity::Critical, Confidence::Certain)
    }
}

/// T065: the program crashed.
fn crashed(case: &Case<'_>, run: &Run<'_>, signal: i32) -> Finding {
    let (_, name, what, cure) = CRASHES.iter().find(|crash| crash.0 == signal).copied().unwrap_or(CRASHES[3]);
    let (one, words) = run.words(case);
    if let Some(found) = log::out_of_heap(case, &one, &words) {
        return found;
    }
    // .NET ends so after any exception that nobody handles.
    if signal == 6 && words.lines.iter().any(|line| line.starts_with("Unhandled exception. ")) {
        return failed(case, run);
    }
    let Run { pod, container, end, .. } = run;
    let mut evidence = vec![of_end(run)];
    evidence.extend(words.evidence(one.pod, one.container));
    let place = if signal == 4 { format!(" on node {}", pod.node) } else { String::new() };
    let fixes = [
        Some(Fix::outside(cure)),
        Some(read_log(&one)),
        rerun(case, "rerun with an image that is mended"),
        for_next_runs(case, &Changes::NONE),
    ];
    Finding {
        verdict: sentences([
            format!(
                "{} crashed{}: it {what}{place} ({name}, exit code {}).",
                called(pod, container),
                after(run),
                end.exit_code
            ),
            words.sentence(),
        ]),
        short: format!("crashed: {name}"),
        evidence,
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T065/{}/{name}", container.name),
        ..blank(case, "T065", Severity::Error, Confidence::Certain)
    }
}
