//! What the last lines of a log give away beyond words: rights that are missing, disks and memory that are full, programs
//! that are not there.

use super::super::Case;
use super::killed::{after, of_end, out_of_memory_untold};
use super::{Run, slip, unreached};
use crate::model::resources::Quantity;
use crate::triage::container::{blank, called, cut, remake, rerun, sentences};
use crate::triage::finding::{Confidence, Finding, Fix, Severity};
use crate::triage::grammar::Pattern;
use crate::triage::last_words::{LAST_LINES, LastWords, goes_on, of_line};
use crate::triage::mend::{Changes, POD, for_next_runs, half_more, mend};
use crate::triage::starting::{Refusal, foreign_architecture, refused};

/// `User "system:serviceaccount:batch:default" cannot list resource "pods" in API group "" in the namespace "batch"`
/// (apiserver, authorization).
static DENIED: Pattern = Pattern::new(concat!(
    r#"User \\?"system:serviceaccount:(?<namespace>[^:"\\]+):(?<account>[^"\\]+)\\?" cannot (?<verb>\w+) "#,
    r#"resource \\?"(?<resource>[^"\\]+)\\?"(?: in API group \\?"(?<group>[^"\\]*)\\?")?"#,
    r#"(?: in the namespace \\?"(?<where>[^"\\]+)\\?")?"#,
));

/// The command in `sh: 1: aws: not found`, `/run.sh: line 3: aws: command not found`, `./run.sh: Permission denied`.
static COMMAND: Pattern = Pattern::new(concat!(
    r"(?:^|: )(?<command>[^\s:]+): (?:command not found|not found|Permission denied|cannot execute[^:]*)",
    // env(1) of BusyBox and of GNU, which scripts name in their first line.
    r"|^\S*env: (?:can't execute )?['‘](?<env>[^'’]+)['’]: No such file",
));

/// The library in `error while loading shared libraries: libpq.so.5: cannot open shared object file` (glibc) and `Error
/// loading shared library libpq.so.5: No such file or directory` (musl).
static LIBRARY: Pattern = Pattern::new(concat!(
    r"(?:error while loading shared libraries: |Error loading shared library )",
    r"(?<library>[^:\s]+): (?:cannot open|No such file)",
));

/// A cause that the log names. It is a guess or nearly so, but for the API server's own words.
pub(super) fn find(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let rules = [not_executed, denied, disk_full, out_of_heap, child_killed, unreached::find];
    rules.into_iter().find_map(|rule| rule(case, run, words))
}

/// `exec /run.sh: no such file or directory`, which runc leaves as the only line of a log.
static EXEC: Pattern =
    Pattern::new(r"^exec (?<path>[^\s:]+): (?<why>no such file or directory|exec format error|permission denied)$");

/// The lines from the first on that tells what went wrong: clients quote a server below such a line, and what stands
/// above it was got over. All lines, where none is known to tell that.
fn from_errors<'w>(words: &LastWords<'w>) -> impl Iterator<Item = &'w str> {
    let first = words.telling.first().copied().filter(|_| words.are_errors);
    words.lines.iter().copied().skip_while(move |line| first.is_some_and(|first| first != *line))
}

/// T054: the runtime, or T046: a shell says in the log that the kernel does not run the program.
fn not_executed(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let evidence = |line: &str| vec![of_line(run.pod, run.container, line), of_end(run)];
    if let [line] = words.lines[..]
        && let Some(found) = EXEC.captures(line.trim_end())
        && let Some(refusal) = Refusal::of(&found["why"])
        && let Some(found) = refused(case, run.pod, run.container, &found["path"], refusal, evidence(line))
    {
        return Some(found);
    }
    let line = from_errors(words).filter(|line| line.to_lowercase().contains("exec format error")).last()?;
    let image = case.container_spec(&run.container.name).and_then(|spec| spec["image"].as_str());
    let evidence = evidence(line);
    Some(foreign_architecture(case, run.pod, image.unwrap_or(&run.container.name), evidence))
}

/// T072: the service account may not do what the program does.
fn denied(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let (line, found) = from_errors(words).filter_map(|line| Some((line, DENIED.captures(line)?))).last()?;
    let (namespace, account) = (&found["namespace"], &found["account"]);
    let (verb, resource) = (&found["verb"], &found["resource"]);
    let group = found.name("group").map(|group| group.as_str()).filter(|group| !group.is_empty());
    let thing = group.map_or_else(|| resource.to_owned(), |group| format!("{resource}.{group}"));
    let (place, role) = match found.name("where") {
        Some(place) => (format!(" in namespace {}", place.as_str()), format!("a Role in namespace {}", place.as_str())),
        None => (" in the whole cluster".to_owned(), "a ClusterRole".to_owned()),
    };
    let fixes = [
        Some(Fix::outside(format!(
            "let it: {role} with {verb} on {thing}, bound to serviceaccount/{account}; then rerun"
        ))),
        remake(case, "or set a serviceAccountName that may, in a new Job"),
        for_next_runs(case, &Changes::NONE),
    ];
    Some(Finding {
        verdict: format!(
            "Service account {account} of namespace {namespace} may not {verb} {thing}{place}. {} ended with exit code \
             {}{}.",
            called(run.pod, run.container),
            run.end.exit_code,
            after(run)
        ),
        short: format!("{account} may not {verb} {thing}"),
        evidence: vec![of_line(run.pod, run.container, line), of_end(run)],
        fixes: fixes.into_iter().flatten().collect(),
        group: format!("T072/{namespace}/{account}/{verb}/{thing}"),
        ..blank(case, "T072", Severity::Error, Confidence::Likely)
    })
}

/// How programs say that a disk is full.
static FULL: Pattern = Pattern::new(r"(?i)no space left on device|disk quota exceeded|\benospc\b|disk (?:is )?full");

/// A database quotes its own disk so.
static SERVERS: Pattern = Pattern::new(r"could not extend file|\bERROR \d+ \(HY000\)|SQLSTATE");

/// What has no room then is no disk: there are as many watches of files as may be (`fs.inotify.max_user_watches`).
const WATCHES: [&str; 2] = ["inotify", "file watchers"];

/// A path in a line, `'/data/out.parquet'`.
static PATH: Pattern = Pattern::new(r"(?<path>/[\w.@%+-]+(?:/[\w.@%+-]+)*)");

/// The first path in a line.
pub(super) fn path_in(line: &str) -> Option<&str> {
    Some(PATH.captures(line)?.name("path")?.as_str())
}

/// What a container's shared memory holds where no volume is mounted there: the runtimes' default.
const SHARED_MEMORY: &str = "64Mi";

/// T064: a disk is full; which one, where the line names a file on it.
fn disk_full(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let is_other = |line: &str| SERVERS.captures(line).is_some() || WATCHES.iter().any(|words| line.contains(words));
    let is_of_disk = |line: &&str| FULL.captures(line).is_some() && !is_other(line);
    let line = near_end(words).find(is_of_disk)?;
    let path = path_in(line).map(str::to_owned);
    let (disk, fixes) = match &path {
        Some(path) => disk_at(case, run, path),
        None => ("a disk that it writes to".to_owned(), Vec::new()),
    };
    let at = path.map(|path| format!(" for {path}")).unwrap_or_default();
    let less = Fix::outside("or write less, or elsewhere: files of earlier runs may fill it too");
    let read = super::exit::read_log(run);
    Some(Finding {
        verdict: format!(
            "{} found no space left{at}: {disk} is full. It ended with exit code {}{}.",
            called(run.pod, run.container),
            run.end.exit_code,
            after(run)
        ),
        short: format!("no space left: {disk} is full"),
        evidence: vec![of_line(run.pod, run.container, line), of_end(run)],
        fixes: fixes.into_iter().chain([less, read]).collect(),
        group: format!("T064/{}/{disk}", run.container.name),
        ..blank(case, "T064", Severity::Error, Confidence::Likely)
    })
}

/// What a path lies on, in words, and what gives it more room.
fn disk_at(case: &Case<'_>, run: &Run<'_>, path: &str) -> (String, Vec<Fix>) {
    let node = &run.pod.node;
    let Some((_, volume)) = case.volume_at(&run.container.name, path) else {
        if path.starts_with("/dev/shm") {
            let words =
                format!("the container's shared memory (/dev/shm, {SHARED_MEMORY} unless a volume is mounted there)");
            let fix = remake(case, "mount an emptyDir with medium Memory at /dev/shm in a new Job");
            return (words, fix.into_iter().collect());
        }
        let look = Fix::outside(format!("look at the disk of node {node}, which holds what containers write"));
        return (format!("the disk of node {node}"), vec![look]);
    };
    let name = volume["name"].as_str().unwrap_or_default();
    if let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() {
        let larger = Fix::outside(format!(
            "raise spec.resources.requests.storage of persistentvolumeclaim/{claim}, where its class allows it"
        ));
        return (format!("the volume of claim {claim}"), vec![larger]);
    }
    let folder = &volume["emptyDir"];
    match (folder["medium"].as_str(), folder["sizeLimit"].as_str().and_then(Quantity::parse)) {
        (Some("Memory"), Some(limit)) => {
            let larger = half_more(limit).words();
            let changes = Changes::set(format!("{POD}.volumes[name={name}].emptyDir.sizeLimit"), larger.as_str());
            let words = format!("rerun with a sizeLimit of {larger}; it counts as memory of the container");
            (format!("volume {name} (in memory, sizeLimit {})", limit.words()), mend(case, words, &changes))
        }
        (Some("Memory"), None) => (format!("volume {name} (in memory)"), Vec::new()),
        _ if folder.is_object() => (format!("volume {name}, which lies on the disk of node {node},"), Vec::new()),
        _ => (format!("volume {name}"), Vec::new()),
    }
}

/// How programs and their runtimes say that they have no memory left, though no limit of the container was hit.
static HEAP: Pattern = Pattern::new(concat!(
    r"(?<java>java\.lang\.OutOfMemoryError(?:: (?:Java|GC|Meta|Direct|Requested)|$))|(?<node>JavaScript heap out of memory)|(?<python>^MemoryError\b)",
    r"|(?<php>Allowed memory size of \d+ bytes exhausted)",
    r"|(?<other>std::bad_alloc|[Cc]annot allocate memory|fatal error: runtime: out of memory|memory allocation of \d+ bytes failed|^[\w./-]+: out of memory\b)",
));

/// What shells write when the program they wait for is killed: `Killed` (BusyBox, dash), `/run.sh: line 3:    12 Killed
/// python etl.py` (bash), `[1]+  Killed`.
static KILLED: Pattern = Pattern::new(r"^(?:\S+: line \d+: +\d+ |\[\d+\][+-]? +)?Killed(?:\s{2,}|\s*$)");

/// Commands that kill by themselves.
static KILLS: Pattern = Pattern::new(r"\b(?:kill|pkill|killall)\b");

/// T062: a program that the container runs was killed, of which the node did not tell.
fn child_killed(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let line = words.lines.iter().rev().take(LAST_LINES).find(|line| KILLED.captures(line).is_some())?;
    let command = slip::words_of(case.container_spec(&run.container.name)?).join(" ");
    let kills = slip::timed_out(case, run).is_some() || KILLS.captures(&command).is_some();
    if kills { None } else { out_of_memory_untold(case, run, Some(line)) }
}

/// T062: the program's own bound of memory was hit, which is below the container's.
pub(super) fn out_of_heap(case: &Case<'_>, run: &Run<'_>, words: &LastWords<'_>) -> Option<Finding> {
    let (line, found) = near_end(words).find_map(|line| Some((line, HEAP.captures(line)?)))?;
    let cure = if found.name("java").is_some() {
        "raise the heap: -XX:MaxRAMPercentage=75 in JAVA_TOOL_OPTIONS, or -Xmx where the command sets it"
    } else if found.name("node").is_some() {
        "raise the heap: --max-old-space-size (MiB) in NODE_OPTIONS, below the container's limit"
    } else if found.name("php").is_some() {
        "raise PHP's own limit: memory_limit in php.ini, or php -d memory_limit=512M in the command"
    } else {
        "look for a limit of its own (ulimit -v), or have it load less at once"
    };
    let Run { pod, container, end, .. } = run;
    Some(Finding {
        verdict: sentences([
            format!(
                "{} ran out of memory by its own account{} (exit code {}).",
                called(pod, container),
                after(run),
                end.exit_code
            ),
            words_of(line),
            "The kernel did not kill it: its program's own bound was hit, not the container's limit.".to_owned(),
        ]),
        short: format!("out of its own memory: {}", cut(line.trim(), 80)),
        evidence: vec![of_line(pod, container, line), of_end(run)],
        fixes: [
            Some(Fix::outside(cure)),
            rerun(case, "rerun with that setting, and a higher memory limit where the two are close"),
            for_next_runs(case, &Changes::NONE),
        ]
        .into_iter()
        .flatten()
        .collect(),
        group: format!("T062/{}/own", container.name),
        ..blank(case, "T062", Severity::Error, Confidence::Likely)
    })
}

fn words_of(line: &str) -> String {
    format!("It says: \"{}\".", cut(line.trim(), 160))
}

/// The lines by which a program may have told what it ended of, the last first. Where errors are told, one of them must
/// say it: programs that got through later tell of failed attempts too.
pub(super) fn near_end<'w>(words: &LastWords<'w>) -> impl Iterator<Item = &'w str> {
    let lines = if words.are_errors { words.telling.clone() } else { words.lines.clone() };
    lines.into_iter().rev().take(LAST_LINES).filter(|line| words.are_errors || !goes_on(line))
}

/// The library that a program was to be loaded with and that is not there, and the line that says so.
pub(super) fn library<'w>(words: &LastWords<'w>) -> Option<(String, &'w str)> {
    words.lines.iter().rev().find_map(|line| Some((format!("library {}", &LIBRARY.captures(line)?["library"]), *line)))
}

/// The command that a shell did not find or may not run, and the line that says so.
pub(super) fn command<'w>(words: &LastWords<'w>) -> Option<(String, &'w str)> {
    let of = |line: &str| {
        let found = COMMAND.captures(line)?;
        Some(cut(found.name("command").or_else(|| found.name("env"))?.as_str(), 80))
    };
    words.lines.iter().rev().find_map(|line| Some((of(line)?, *line)))
}

#[cfg(test)]
pub(super) static PATTERNS: &[&Pattern] =
    &[&DENIED, &SERVERS, &COMMAND, &LIBRARY, &EXEC, &FULL, &PATH, &KILLED, &KILLS, &HEAP];
