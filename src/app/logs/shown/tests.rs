//! Lines as they stand on the screen.

use super::*;
use crate::model::clock::Time;
use crate::model::key::{Kind, Uid};
use crate::model::log::{Classifier, LogChange, LogSource};
use crate::model::owner::Subject;

/// A log with these lines of one source, on a screen of this size.
fn view(lines: &[&[u8]], size: (usize, usize)) -> LogView {
    let uid = Uid::new("pod");
    let source =
        LogSource { pod: uid, namespace: "n".into(), pod_name: "p".into(), container: "c".into(), restarts: 0 };
    let mut classifier = Classifier::default();
    let batch = lines.iter().map(|line| (Time::from_seconds(1), classifier.class(line), *line)).collect();
    let root = Subject { kind: Kind::Pod, uid };
    let mut logs = LogView { root: Some(root), size, ..LogView::default() };
    logs.shelves.entry(root).or_default().take(&source, LogChange::Lines(batch));
    logs
}

fn rows(logs: &LogView, number: usize) -> Vec<String> {
    let shown = logs.shown(number).unwrap();
    shown.rows.iter().map(|row| shown.text[row.clone()].to_owned()).collect()
}

/// The parts that are no plain text.
fn parts(shown: &ShownLine) -> Vec<(&str, Look)> {
    let starts = [0].into_iter().chain(shown.parts.iter().map(|(end, _)| *end));
    let parts = starts.zip(&shown.parts).map(|(start, (end, look))| (&shown.text[start..*end], *look));
    parts.filter(|(_, look)| *look != Look::Own(TextStyle::default())).collect()
}

#[test]
fn structured_line_is_level_message_and_fields() {
    let json =
        br#"{"ts":"2026-11-21T05:00:00Z","level":"warn","msg":"batch took 9.1 s","batch":17,"err":"too slow","ok":""}"#;
    let mut logs = view(&[json, b"level=info msg=done rows=3"], (200, 9));
    let shown = logs.shown(0).unwrap();
    assert_eq!(shown.text, "WARN  batch took 9.1 s  batch=17 err=\"too slow\" ok=\"\"");
    let wanted =
        [("WARN  ", Look::Level(LogLevel::Warn)), ("  batch=17 err=\"", Look::Aside), ("\" ok=\"\"", Look::Aside)];
    assert_eq!(parts(&shown), wanted);
    assert_eq!(rows(&logs, 1), ["INFO  done  rows=3"]);
    logs.is_raw = true;
    assert_eq!(logs.shown(0).unwrap().text.as_bytes(), json);
}

#[test]
fn word_of_the_level_is_set_off_or_the_whole_line() {
    let lines: [&[u8]; 6] = [
        b"2026-11-21 05:00:00 ERROR cannot read",
        b"E1121 05:00:00.123456       1 main.go:12] cannot read",
        b"KeyError: 'x'",
        b"panic: out of range",
        b"nothing special",
        b"\x1b[31mERROR\x1b[0m has its own colour",
    ];
    let logs = view(&lines, (200, 9));
    let set_off = |number: usize| {
        let shown = logs.shown(number).unwrap();
        parts(&shown).into_iter().map(|(text, look)| (text.to_owned(), look)).collect::<Vec<_>>()
    };
    let error = Look::Level(LogLevel::Error);
    assert_eq!(set_off(0), [("ERROR".to_owned(), error)]);
    assert_eq!(set_off(1), [("E1121".to_owned(), error)]);
    assert_eq!(set_off(2), [("KeyError".to_owned(), error)]);
    assert_eq!(set_off(3), [("panic".to_owned(), Look::Level(LogLevel::Fatal))]);
    assert_eq!(set_off(4), []);
    assert!(matches!(set_off(5)[..], [(_, Look::Own(_))]));
}

#[test]
fn folded_trace_tells_its_lines_and_its_end() {
    let lines: [&[u8]; 4] = [
        b"Traceback (most recent call last):",
        b"  File \"/app/etl.py\", line 88, in <module>",
        b"    rows = load(path)",
        b"MemoryError: Unable to allocate 512 MiB",
    ];
    let mut logs = view(&lines, (200, 9));
    let wanted = Fold { count: "▸ 3 lines".into(), end: "MemoryError: Unable to allocate 512 MiB".into() };
    assert_eq!(logs.shown(0).unwrap().fold, Some(wanted));
    logs.wraps = true;
    let shown = logs.shown(0).unwrap();
    assert!(shown.text.ends_with("last):  ▸ 3 lines  MemoryError: Unable to allocate 512 MiB"), "{}", shown.text);
    logs.folds = false;
    assert_eq!(logs.shown(0).unwrap().text, "Traceback (most recent call last):");
}

#[test]
fn folded_lines_have_room_beside_a_long_line() {
    let long = [b"ERROR ".to_vec(), b"x".repeat(300)].concat();
    let logs = view(&[&long, b"java.lang.IllegalStateException: no", b"\tat a.B.c(B.java:1)"], (60, 9));
    let shown = logs.shown(0).unwrap();
    let columns = shown.text[shown.rows[0].clone()].width() + shown.fold.as_ref().unwrap().width();
    assert!(shown.is_cut && columns <= logs.text_width(), "{shown:?}");
}

#[test]
fn wrapped_rows_hold_the_whole_text_and_fit() {
    let line = "one 漢字漢字 two three \u{1b}[31mred 漢".repeat(3);
    for width in 2..40 {
        let mut logs = view(&[line.as_bytes()], (width, 100));
        logs.wraps = true;
        let (shown, rows) = (logs.shown(0).unwrap(), rows(&logs, 0));
        assert_eq!(rows.concat(), shown.text);
        assert!(rows.iter().all(|row| row.width() <= logs.text_width().max(2)), "{width}: {rows:?}");
        assert_eq!(logs.row_count(0), rows.len());
    }
}

#[test]
fn line_scrolled_sideways_keeps_its_columns() {
    let mut logs = view(&["0123456789漢字abcdef".as_bytes()], (9, 5));
    assert_eq!((rows(&logs, 0), logs.shown(0).unwrap().is_cut), (vec!["01234567".to_owned()], true));
    logs.left = 11;
    let shown = logs.shown(0).unwrap();
    assert_eq!((shown.gap, rows(&logs, 0)), (1, vec!["字abcde".to_owned()]));
    logs.left = 99;
    assert_eq!(rows(&logs, 0), [""]);
}

/// A line of ten megabytes is made as far as the screen goes, wrapped and not.
#[test]
fn huge_line_costs_no_more_than_a_screen() {
    let huge = b"x".repeat(10 << 20);
    let mut logs = view(&[&huge], (100, 40));
    for wraps in [false, true] {
        logs.wraps = wraps;
        let shown = logs.shown(0).unwrap();
        assert!(shown.is_cut && shown.text.len() <= 100 * 40, "{}", shown.text.len());
    }
    assert_eq!(logs.row_count(0), 39);
}

#[test]
fn whatever_a_line_holds_is_harmless() {
    let hostile = "\\u001b]0;owned\\u0007\\u202e\\u009b31m";
    let json = format!(r#"{{"level":"info","msg":"{hostile}","{hostile}":"{hostile} x","list":["{hostile}"]}}"#);
    let logfmt = "level=info msg=\x1b]0;x\u{7}\u{202e} key=\u{9b}31m";
    let logs = view(&[json.as_bytes(), logfmt.as_bytes(), b"ERROR \x1b[2J", b"\xff\x9b31m"], (300, 9));
    for number in 0..4 {
        let text = logs.shown(number).unwrap().text;
        let harmful = |one: char| one.is_control() || ('\u{202a}'..='\u{202e}').contains(&one);
        assert!(!text.contains(harmful), "{text:?}");
    }
}
