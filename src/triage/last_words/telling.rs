//! Which lines of a log tell what a program ended of: by the log pane's own recogniser, by how command lines begin what
//! they complain of, and by what stands around a line that says no more than that something failed.

use crate::model::log::{Classifier, LogLevel};
use crate::triage::grammar::Pattern;

/// So near to its end a line in plain words tells what a program ended of.
pub(in crate::triage) const LAST_LINES: usize = 5;

/// How programs begin a line that tells of an error and has no level: `pg_dump: error: …`, `gpg: decryption failed: …`,
/// `An error occurred (NoSuchBucket) when …`, `curl: (22) …`, `Error from server (NotFound): …`, `FAILED tests/a.py`.
static ERROR: Pattern = Pattern::new(concat!(
    r"^[^\s:]+(?::[^\s:]+)*: (?:[A-Za-z]+ ){0,3}?(?:[Ee]rror|[Ff]atal|[Ff]ailed)\b",
    r"|^An error occurred \(|^curl: \(\d+\) |^Error (?:from server|in|while|during)\b|^\[UnhandledPromiseRejection",
    r"|^(?:--- )?(?:FAIL|FAILED|FAILURE):? +\S|\bFailed(?:: | to )|^E   \S|^(?:❌|✗|✘|✖)",
    r"|^(?:Runtime|Compilation|Parsing|Database) Error in \w+ |(?:with|Encountered) (?:an|[1-9]\d*) errors?\b.*:$",
    r"|^npm (?:ERR!|error) \S|^Description:$",
));

/// Words before `error` that say that there is none.
static NONE: Pattern = Pattern::new(r"(?i): (?:\w+ )*(?:no|without|any|zero|last) (?:\w+ )*(?:error|fatal|failed)\b");

/// The lines that tell something, in their order; none where nothing is known to.
pub(super) fn telling<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let errors = errors(lines);
    let (ends, own): (Vec<&str>, Vec<&str>) = errors.into_iter().partition(|line| is_epilogue(line));
    if !own.is_empty() {
        return own;
    }
    // Programs complain first and then explain at length how they are called.
    if let Some(complaint) = lines.iter().copied().find(|line| is_complaint(line)) {
        return vec![complaint];
    }
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    if let Some(failure) = last.iter().copied().rfind(|line| is_failure(line) && !is_epilogue(line) && !goes_on(line)) {
        return vec![failure];
    }
    // Who says no more than that it ended has said above of what.
    let above = ends.first().and_then(|end| {
        let before = lines.iter().take_while(|line| *line != end).copied();
        before.filter(|line| !line.trim().is_empty() && !is_epilogue(line)).last()
    });
    above.into_iter().chain(ends).take(1).collect()
}

/// The warnings right before the first of these lines: what a program warned of last it did not get over.
pub(super) fn warnings_before<'a>(lines: &[&'a str], first: &str) -> Vec<&'a str> {
    let mut classifier = Classifier::default();
    let mut warnings = Vec::new();
    for line in lines.iter().copied().take_while(|line| *line != first) {
        let class = classifier.class(line.as_bytes());
        match class.level() {
            Some(LogLevel::Warn) => warnings.push(line),
            _ if line.trim().is_empty() => {}
            _ => warnings.clear(),
        }
    }
    warnings
}

/// The lines that say what went wrong: where something begins that did, and what a trace under it ends with, which is
/// where most languages put the cause. What a program got over is none.
pub(super) fn errors<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut classifier = Classifier::default();
    let mut told: Vec<&str> = Vec::new();
    let (mut is_within, mut is_list, mut is_announced) = (false, false, false);
    for (at, line) in lines.iter().copied().enumerate() {
        let class = classifier.class(line.as_bytes());
        let starts = class.is_error() || (class.level().is_none() && !class.continues() && is_error(line));
        let is_announced_now = std::mem::take(&mut is_announced);
        if starts && !is_got_over(line, &lines[at + 1..]) {
            (is_within, is_list) = (true, false);
            told.push(line);
            is_announced = is_announcement(line);
        } else if is_announced_now && !class.continues() {
            // Blank lines may stand between, and what is announced may announce what follows in its turn.
            match message(line).is_empty() {
                true => is_announced = true,
                false if class.level().is_some_and(|level| level < LogLevel::Error) => {}
                false => {
                    told.push(line);
                    is_announced = is_announcement(line);
                }
            }
        } else if !class.continues() {
            is_within = false;
        } else if line.trim() == "Caused by:" {
            is_list = true;
        } else if is_within && is_list && line.starts_with([' ', '\t']) {
            told.push(line);
        } else if is_within && (is_cause(line) || told.last().is_some_and(|head| is_opening(head))) {
            // The first line of a trace that only says that one follows gives way to what the trace says.
            if told.last().is_some_and(|head| is_opening(head)) && !line.starts_with([' ', '\t']) {
                told.pop();
                told.push(line);
                is_announced = is_announcement(line);
            } else if is_cause(line) {
                told.push(line);
                is_announced = is_announcement(line);
            }
        }
    }
    told.dedup();
    told
}

/// A line without a level that begins as complaints of programs do.
fn is_error(line: &str) -> bool {
    let tells = |text: &str| ERROR.captures(text).is_some() && NONE.captures(text).is_none();
    tells(line.trim()) || tells(message(line))
}

/// Words of who goes on after an error.
const GOES_ON: [&str; 11] = [
    "retrying",
    "will retry",
    "try again",
    "going on",
    "continuing",
    "ignoring",
    "ignored",
    "skipping",
    "falling back",
    "fallback",
    "using default",
];

/// The line says that the program goes on.
pub(in crate::triage) fn goes_on(line: &str) -> bool {
    has_any(line, &GOES_ON)
}

/// The line has one of these words, in any case.
fn has_any(line: &str, words: &[&str]) -> bool {
    let line = line.to_lowercase();
    words.iter().any(|words| line.contains(words))
}

/// The program says that it goes on, and does.
fn is_got_over(line: &str, below: &[&str]) -> bool {
    let is_other = |below: &&&str| {
        !message(below).is_empty() && !goes_on(below) && !is_epilogue(below) && !below.starts_with([' ', '\t'])
    };
    goes_on(line) && below.iter().filter(is_other).count() > 1
}

/// A line says that what is wrong stands below it: `ImportError: Unable to import required dependencies:`.
pub(super) fn is_announcement(line: &str) -> bool {
    let line = line.trim_end();
    line.ends_with(':') && !line.starts_with("thread '") && !line.starts_with("Traceback (most recent")
}

/// The line without the time of day at its start, as some put it before lines that are empty else.
fn message(line: &str) -> &str {
    line.trim_start_matches(|one: char| one.is_ascii_digit() || ":.,-TZ ".contains(one)).trim()
}

/// The line says no more than that something failed, which is told elsewhere.
pub(in crate::triage) fn is_epilogue(line: &str) -> bool {
    const WORDS: [&str; 26] = [
        "to see a list of scripts, run",
        "exiting with failure status due to previous errors",
        "is not recoverable: exiting now",
        "could not read from remote repository",
        "have the correct access rights",
        "and the repository exists",
        "a complete log of this run can be found",
        "see previous errors",
        "execution halted",
        "compilation aborted",
        "compilation terminated",
        "program will exit",
        "could not create the java virtual machine",
        "host key verification failed",
        "exited with code",
        "exited with return code",
        "failed with exit code",
        "non-zero exit",
        "errors ignored on restore",
        "private key will be ignored",
        "see full trace by running",
        "for more information, please",
        "more details here: http",
        "failed to establish a secure connection to it",
        "one or more containers failed",
        "marking task as failed",
    ];
    let text = line.trim();
    let is_version =
        text.strip_prefix("Node.js v").is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
    let is_usage = text.starts_with("npm ERR!  ") || text.starts_with("npm error  ") || text == "npm ERR!";
    is_version || is_usage || text.starts_with("make: *** ") || text == "FAIL" || has_any(text, &WORDS)
}

/// A program does not understand how it was called, or lacks what it runs on.
fn is_complaint(line: &str) -> bool {
    const WORDS: [&str; 10] = [
        "unrecognized option",
        "unrecognized argument",
        "unknown option",
        "unknown flag",
        "unknown argument",
        "unknown command",
        "invalid option",
        "illegal option",
        "unexpected argument",
        "you must install or update",
    ];
    has_any(line, &WORDS)
}

/// Something did not work, in the words of the C library, of shells and of most command lines.
pub(super) fn is_failure(line: &str) -> bool {
    const WORDS: [&str; 48] = [
        "no such file or directory",
        "nonexistent directory",
        "permission denied",
        "permissions denied",
        "operation not permitted",
        "no space left on device",
        "read-only file system",
        "cannot allocate memory",
        "disk quota exceeded",
        "too many open files",
        "connection refused",
        "connection reset",
        "connection timed out",
        "broken pipe",
        "input/output error",
        "resource temporarily unavailable",
        "is a directory",
        "not a directory",
        "device or resource busy",
        "stale file handle",
        "argument list too long",
        "parameter not set",
        "unbound variable",
        "must be set",
        "is not set",
        "not provided",
        "syntax error",
        ": not found",
        "does not exist",
        "doesn't exist",
        "bad address",
        "could not ",
        "couldn't ",
        "cannot ",
        "can't ",
        "unable to ",
        "no module named",
        "mismatch",
        "giving up",
        "gave up",
        "aborting",
        "aborted",
        "unexpected end of file",
        "unexpected eof",
        "already exists",
        "is locked",
        "have requested strict checking",
        "invalid ",
    ];
    has_any(line, &WORDS)
}

/// What a line adds to the one above it: `DETAIL:  Key (id)=(991) already exists.`, `LINE 14:   o.customer_idd,`.
pub(super) fn is_detail(line: &str) -> bool {
    const HEADS: [&str; 8] = ["detail:", "line ", "-> ", "reason:", "caused by:", "cause:", "error message:", "key "];
    let text = line.trim_start();
    let lower = text.to_lowercase();
    let begins = HEADS.iter().any(|head| lower.starts_with(head)) || lower.contains(": detail:");
    begins || (is_failure(text) && !is_epilogue(text) && !text.starts_with('^'))
}

/// A line that says no more than that a trace or a message follows.
fn is_opening(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("Traceback (most recent") || (line.starts_with("thread '") && line.ends_with(':'))
}

/// A line of a trace that names an exception: `KeyError: 'x'`, `Caused by: java.net.ConnectException: refused`,
/// `---> System.Net.Sockets.SocketException (111): refused`, `  cause: Error: getaddrinfo ENOTFOUND db`.
fn is_cause(line: &str) -> bool {
    let text = line.trim_start();
    if ["---> ", "cause: ", "[cause]: "].iter().any(|head| text.starts_with(head)) {
        return true;
    }
    let is_named = |(name, _): (&str, &str)| {
        name == "Caused by" || (!name.contains([' ', '(', '/']) && name != "note" && name != "goroutine")
    };
    !line.starts_with([' ', '\t']) && line.split_once(": ").is_some_and(is_named)
}

#[cfg(test)]
pub(in crate::triage) static PATTERNS: &[&Pattern] = &[&ERROR, &NONE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_say_that_something_failed_give_way() {
        for (lines, wanted) in [
            (
                &[
                    "Cloning into 'repo'...",
                    "git@github.com: Permission denied (publickey).",
                    "fatal: Could not read from remote repository.",
                    "",
                    "Please make sure you have the correct access rights",
                    "and the repository exists.",
                ][..],
                "git@github.com: Permission denied (publickey).",
            ),
            (
                &[
                    "No key is known for github.com and you have requested strict checking.",
                    "Host key verification failed.",
                ],
                "No key is known for github.com and you have requested strict checking.",
            ),
            (
                &["Can't locate DBI.pm in @INC", "BEGIN failed--compilation aborted at /app/load.pl line 3."],
                "Can't locate DBI.pm in @INC",
            ),
            (
                &[
                    "npm ERR! Missing script: \"strat\"",
                    "npm ERR! ",
                    "npm ERR! A complete log of this run can be found in: /root/x",
                ],
                "npm ERR! Missing script: \"strat\"",
            ),
            (
                &[
                    "x.c:3:10: fatal error: zlib.h: No such file",
                    "compilation terminated.",
                    "make: *** [Makefile:3: all] Error 1",
                ],
                "x.c:3:10: fatal error: zlib.h: No such file",
            ),
            (
                &[
                    "pg_dump: error: aborting because of server version mismatch",
                    "pg_dump: detail: server version: 16.1",
                ],
                "pg_dump: error: aborting because of server version mismatch",
            ),
            (
                &["curl: (22) The requested URL returned error: 404", "bye"],
                "curl: (22) The requested URL returned error: 404",
            ),
            (
                &["WARN retry 2: connection refused", "FAILED: 3 of 120 checks failed", "summary written"],
                "FAILED: 3 of 120 checks failed",
            ),
            (
                &["subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1."],
                "subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1.",
            ),
        ] {
            assert_eq!(telling(lines).last(), Some(&wanted), "{lines:?}");
        }
        for lines in [&["etl: finished without error"][..], &["load: no rows failed"], &["checking", "12 rows read"]] {
            assert!(telling(lines).is_empty(), "{lines:?}: {:?}", telling(lines));
        }
    }

    #[test]
    fn what_is_announced_is_told_with_it() {
        let oracle = ["ERROR at line 1:", "ORA-01653: unable to extend table ETL.ORDERS", "Disconnected"];
        assert_eq!(telling(&oracle), oracle[..2]);
        let dbt = [
            "09:10:09  Completed with 1 error and 0 warnings:",
            "09:10:09  ",
            "09:10:09    Database Error in model orders",
            "  column x does not exist",
            "09:10:09  Done. ERROR=1",
        ];
        assert_eq!(telling(&dbt), [dbt[0], dbt[2]]);
        let nested =
            ["Error: cannot load", "", "Caused by:", "    0: error sending request", "    1: Connection refused"];
        assert_eq!(telling(&nested).last(), Some(&nested[4]));
    }

    #[test]
    fn what_a_program_got_over_is_told_only_where_it_said_nothing_after_it() {
        let over = "ERROR cannot reach cache:6379, going on without it";
        assert!(telling(&[over, "12 rows read", "bye"]).is_empty());
        assert_eq!(telling(&["start", over]), [over]);
        let warning = "WARN kafka:9092 is not available";
        assert_eq!(warnings_before(&["start", warning, "ERROR timed out"], "ERROR timed out"), [warning]);
        assert!(warnings_before(&[warning, "connected", "ERROR timed out"], "ERROR timed out").is_empty());
    }
}
