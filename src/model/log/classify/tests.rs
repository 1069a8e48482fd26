//! Levels as programs write them, words that only look like levels, and the traces of several languages.

use super::*;
use LogLevel::{Debug, Error, Fatal, Info, Trace, Warn};

fn level(line: &str) -> Option<LogLevel> {
    Classifier::default().class(line.as_bytes()).level()
}

#[test]
fn level_is_read_in_every_usual_spelling() {
    for (line, wanted) in [
        (r#"{"time":"2026-11-21T13:41:07Z","level":"error","msg":"no route"}"#, Error),
        (r#"{"msg":"a \"level\":\"error\" in text","lvl":"WARN"}"#, Warn),
        (r#"{"request":{"level":"error"},"severity":"INFO"}"#, Info),
        (r#"{ "levelname" : "CRITICAL", "asctime": "now" }"#, Fatal),
        (r#"{"level":30,"time":1,"msg":"pino"}"#, Info),
        (r#"{"name":"bunyan","level":50}"#, Error),
        (r#"{"@timestamp":"x","log.level":"DEBUG","message":"ecs"}"#, Debug),
        ("time=2026-11-21T13:41:07Z level=warn msg=\"level=error is quoted\"", Warn),
        ("ts=1 caller=a.go:1 msg=\"level=error\" lvl=dbug", Debug),
        ("msg=\"ERROR in text\" level=info", Info),
        ("2026-11-21 13:41:07 level=error msg=x", Error),
        ("E1121 13:41:07.123456       1 file.go:12] it failed", Error),
        ("I1121 13:41:07.123456       1 file.go:12] ERROR in text", Info),
        ("W1121 13:41:07.123456       1 file.go:12] slow", Warn),
        ("F1121 13:41:07.123456       1 file.go:12] the end", Fatal),
        ("[ERROR] it failed", Error),
        ("ERROR: it failed", Error),
        ("error: it failed", Error),
        ("Error: it failed", Error),
        ("Warning: deprecated", Warn),
        ("WARNING:root:slow", Warn),
        ("2026-11-21 13:41:07,123 - app.module - ERROR - it failed", Error),
        ("2026-11-21 13:41:07.123 ERROR 1 --- [main] c.e.App : it failed", Error),
        ("2026-11-21 13:41:07.123 | DEBUG    | app:run:12 - on it", Debug),
        ("2026-11-21T13:41:07Z  INFO app: error 7 was handled", Info),
        ("[2026-11-21 13:41:07,123: ERROR/MainProcess] Task x raised", Error),
        ("[2026-11-21 13:41:07 +0000] [1] [INFO] Starting", Info),
        ("[2026-11-21T13:41:07.000+0000] {taskinstance.py:1332} ERROR - Task failed", Error),
        ("2026/11/21 13:41:07 [error] 1#1: *1 open() failed", Error),
        ("[2026-11-21 13:41:07.000][1][critical][main] envoy", Fatal),
        ("2026-11-21 13:41:07.000 UTC [1] FATAL:  the database system is starting up", Fatal),
        ("2026-11-21T13:41:07.000000Z 0 [ERROR] [MY-010] [Server] it failed", Error),
        ("2026-11-21T13:41:07Z\terror\tapp/run.go:1\tit failed", Error),
        ("2026/11/21 13:41:07 error: it failed", Error),
        ("INFO[0000] logrus", Info),
        ("FATA[0001] logrus", Fatal),
        ("12:00PM ERR zerolog error=x", Error),
        ("[12:00:00 WRN] serilog", Warn),
        ("fail: App.Worker[0]", Error),
        ("npm ERR! code 1", Error),
        ("Nov 21 13:41:07 host app[12]: ERROR it failed", Error),
        ("SEVERE: it failed", Error),
        ("TRACE in", Trace),
        ("PANIC at the disco", Fatal),
        ("panic: runtime error: index out of range", Fatal),
        ("fatal error: all goroutines are asleep - deadlock!", Fatal),
        ("thread 'main' panicked at src/main.rs:2:5:", Fatal),
        ("Segmentation fault (core dumped)", Fatal),
        ("Exception in thread \"main\" java.lang.NullPointerException", Error),
        ("Traceback (most recent call last):", Error),
        ("java.lang.IllegalStateException: no", Error),
        ("KeyError: 'x'", Error),
        ("java.lang.NullPointerException", Error),
        ("Error [ERR_MODULE_NOT_FOUND]: Cannot find", Error),
        ("\x1b[31mERROR\x1b[0m it failed", Error),
        ("\x1b[2m2026-11-21T13:41:07Z\x1b[0m \x1b[33m WARN\x1b[0m \x1b[2mapp\x1b[0m: slow", Warn),
        ("[\x1b[31m\x1b[1merror    \x1b[0m] structlog", Error),
        ("\x1b[1;31merror\x1b[0m: cannot read", Error),
        ("   ERROR indented", Error),
    ] {
        assert_eq!(level(line), Some(wanted), "{line:?}");
    }
}

#[test]
fn what_only_looks_like_a_level_is_none() {
    for line in [
        "",
        "   ",
        "0 errors",
        "0 ERRORS, 0 WARNINGS",
        "no error",
        "found no ERROR",
        "0 ERROR",
        "error_count=0",
        "errors: 0",
        "ERROR_COUNT=0",
        "NO_ERROR",
        "completed without error",
        "ErrorHandler registered",
        "Error count: 0",
        "DEBUG=1 ./run",
        "mode=DEBUG",
        "GET /ERROR/404",
        "an error: it is not at the start",
        "thread 'main' started",
        "read one two three four five six ERROR too far behind",
        r#"{"msg":"ERROR","error":"x"}"#,
        r#"{"level":{"a":1}}"#,
        r#"{"level":3}"#,
        r#"{"level"#,
        r#"{"level":"err"#,
        "I/O is slow",
        "Terror: a film",
    ] {
        assert_eq!(level(line), None, "{line:?}");
    }
}

#[test]
fn explicit_level_wins_over_words() {
    for line in [
        "INFO it went on after an ERROR",
        "2026-11-21 INFO ErrorHandler registered",
        r#"{"level":"info","msg":"ERROR"}"#,
        "level=info msg=\"panic: no\" error=ERROR",
        "INFO java.lang.IllegalStateException: was caught",
    ] {
        assert_eq!(level(line), Some(Info), "{line:?}");
    }
}

/// Lines that begin with `|` go on with what is before them, the others do not; the bar is no part of them.
fn check(text: &str) {
    let mut classifier = Classifier::default();
    for line in text.lines() {
        let (wanted, raw) = line.strip_prefix('|').map_or((false, line), |rest| (true, rest));
        assert_eq!(classifier.class(raw.as_bytes()).continues(), wanted, "{raw:?} in {text}");
    }
}

#[test]
fn frames_of_the_jvm_are_folded() {
    check(
        "ERROR it failed\n|java.lang.IllegalStateException: no\n|\tat com.x.App.run(App.java:12)\n\
           |\tat java.base/java.lang.Thread.run(Thread.java:840) ~[?:?]\n|\tat sun.Foo.bar(Native Method)\n\
           |\tSuppressed: java.io.IOException: closed\n|\t\tat a.B.c(B.kt:1)\n|\t\t... 3 common frames omitted\n\
           |Caused by: java.lang.Error: x\n|\tat a.b.C$.<init>(C.scala:4)\n|\t... 14 more\nINFO on",
    );
    check(
        "Exception in thread \"main\" java.lang.NullPointerException\n|\tat a.B.main(B.java:1)\nERROR two\nERROR three",
    );
}

#[test]
fn python_tracebacks_are_folded_with_their_last_line() {
    check(
        "Traceback (most recent call last):\n|  File \"/app/a.py\", line 1, in <module>\n|    run()\n|    ~~~^^\n\
           |KeyError: 'x'\n|\n|During handling of the above exception, another exception occurred:\n|\n\
           |Traceback (most recent call last):\n|  File \"/app/a.py\", line 3, in <module>\n|    raise Bad()\n|app.Bad\nnext",
    );
    check(
        "ERROR:root:it failed\n|Traceback (most recent call last):\n|  File \"/app/a.py\", line 1, in f\n|    g()\n\
           |botocore.exceptions.ClientError: An error occurred\nINFO:root:on",
    );
    check("Traceback (most recent call last):\n|  File \"/a.py\", line 1, in f\nINFO: from another thread\n  File it");
}

#[test]
fn goroutines_are_folded_with_the_blank_lines_between_them() {
    check(
        "panic: runtime error: index out of range [1]\n|\n|goroutine 1 [running]:\n|main.f(...)\n\
           |\t/app/main.go:12 +0x1d\n|main.main()\n|\t/app/main.go:5\n|created by main.x in goroutine 7\n\
           |\t/app/main.go:9 +0x25\n|exit status 2\nnext line (really)",
    );
}

#[test]
fn rust_panics_are_folded_with_their_message() {
    check(
        "thread 'main' panicked at src/main.rs:2:5:\n|index out of bounds: the len is 0\n|stack backtrace:\n\
           |   0: rust_begin_unwind\n|             at /rustc/9fc6b4312/library/std/src/panicking.rs:665:5\n|   1: app::main\n\
           |             at ./src/main.rs:2:5\n|note: run with `RUST_BACKTRACE=1` environment variable\nnext",
    );
    check("Error: cannot start\n|\n|Caused by:\n|    0: reading config\n|    1: No such file\nnext");
}

#[test]
fn frames_of_other_languages_are_folded() {
    check(
        "TypeError: x is not a function\n|    at fn (/app/index.js:1:2)\n|    at /app/index.js:3:4\n\
           |    at async Promise.all (index 0)\n|    at node:internal/main:1:2 {\n|  errno: -2,\n|  code: 'ENOENT'\n|}\nnext",
    );
    check(
        "Unhandled exception. System.InvalidOperationException: no\n| ---> System.Exception: inner\n\
           |   at App.Run() in /src/App.cs:line 12\n|   --- End of inner exception stack trace ---\n|   at App.Main()\nnext",
    );
    check("a.rb:1:in `f': boom (RuntimeError)\n|\tfrom a.rb:4:in `g'\n|\tfrom a.rb:7:in `<main>'\nnext");
    check(
        "PHP Fatal error:  Uncaught Exception: no in /app/run.php:3\n|Stack trace:\n|#0 /app/run.php(7): run()\n\
           |#1 {main}\n|  thrown in /app/run.php on line 3\nnext",
    );
}

#[test]
fn indented_lines_without_a_trace_stand_alone() {
    check(
        "kind: Job\n  name: x\n    at home (with friends)\n  at least 3 items\n  - one\n\t50% done\n... and 3 more things\n\
           #12 is next\n  File a complaint\n\n    code",
    );
    check("ERROR it failed\n  details: x\n    more\n");
}

#[test]
fn part_of_a_trace_has_the_level_of_its_head() {
    let mut classifier = Classifier::default();
    let classes: Vec<LineClass> = [&b"ERROR x"[..], b"\tat a.B.c(B.java:1)", b"Caused by: a.FatalError: y", b"INFO z"]
        .map(|line| classifier.class(line))
        .into();
    assert_eq!(classes.iter().map(|class| class.level()).collect::<Vec<_>>(), [Error, Error, Error, Info].map(Some));
    assert_eq!(classes.iter().map(|class| class.is_error()).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!(Classifier::default().class(b"\tat a.B.c(B.java:1)"), LineClass::of(None).continuing());
}

#[test]
fn any_bytes_have_a_class_and_long_lines_are_not_read_to_their_end() {
    let parts: [&[u8]; 14] =
        [b"{", b"\"", b"level", b"\":", b"=", b"\x1b[", b"m", b" ", b"ERROR", b"\\", b"at ", b"(", b"\xff", b"#0 /"];
    let mut seed = 7_u64;
    let mut classifier = Classifier::default();
    for _ in 0..20_000 {
        let mut line = Vec::new();
        for _ in 0..seed % 12 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            line.extend(parts[(seed >> 33) as usize % parts.len()]);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        classifier.class(&line);
    }
    let long = [vec![b' '; SEARCHED], b"ERROR".to_vec()].concat();
    assert_eq!(classifier.class(&long), LineClass::default());
}
