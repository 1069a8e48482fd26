//! JSON and logfmt as programs write them, and what is hostile in them.

use super::*;

/// Time, level, message, and the fields as `a=b c=d`.
fn read(line: &str) -> Option<(String, Option<LogLevel>, String, String)> {
    let line = structured(line)?;
    let fields: Vec<String> = line.fields.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Some((line.time.unwrap_or_default().into(), line.level, line.message.into(), fields.join(" ")))
}

#[test]
fn json_is_taken_apart_in_the_order_of_the_text() {
    for (line, time, level, message, fields) in [
        (
            r#"{"z":1,"ts":"12:00","level":"error","msg":"it \"failed\"\n","a":{"y":true,"b":{"x":null}},"l":[1, 2]}"#,
            "12:00",
            Some(LogLevel::Error),
            "it \"failed\"\n",
            "z=1 a.y=true a.b.x=null l=[1, 2]",
        ),
        (
            r#"{"time":1700000000.10,"level":30,"big":123456789012345678901234567890}"#,
            "1700000000.10",
            Some(LogLevel::Info),
            "",
            "big=123456789012345678901234567890",
        ),
        (r#"{"event":"start","message":"m","log":{"level":"warn"}}"#, "", None, "m", "event=start log.level=warn"),
        (r#"{"level":"loud","a":{}}"#, "", None, "", "level=loud a={}"),
    ] {
        let level = if line.contains("log\":{") { Some(LogLevel::Warn) } else { level };
        let fields = fields.replace(" log.level=warn", "");
        assert_eq!(read(line), Some((time.into(), level, message.into(), fields)), "{line}");
    }
}

#[test]
fn logfmt_is_taken_apart() {
    let line = r#"time=12:00 level=warn msg="took \"9\" s" rows=81 path=/a/b?x=1 empty="#;
    let wanted = ("12:00".into(), Some(LogLevel::Warn), "took \"9\" s".into(), "rows=81 path=/a/b?x=1 empty=".into());
    assert_eq!(read(line), Some(wanted));
    let bare = ("".into(), Some(LogLevel::Info), "hello old world".into(), "n=1".into());
    assert_eq!(read("level=info msg=hello old world n=1"), Some(bare));
}

#[test]
fn other_lines_are_not_taken_apart() {
    for line in [
        "",
        "{}",
        "{",
        "[1]",
        "{not json}",
        "plain text",
        "a=1 b=2",
        "msg=alone",
        "it said level=info msg=x",
        "level=info is what a=b",
        "2026 level=info msg=x",
        "=x msg=y",
    ] {
        assert_eq!(read(line), None, "{line}");
    }
}

#[test]
fn nothing_hostile_hangs_or_overflows() {
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert_eq!(structured(&deep(100)).unwrap().fields.len(), 1);
    assert_eq!(structured(&deep(10_000)).unwrap().fields.len(), 1);
    assert!(pretty(deep(1_000_000).as_bytes()).iter().map(String::len).sum::<usize>() < 2 * MOST_BYTES);
    assert!(structured(&format!("level=info msg={}", "=a =".repeat(10_000))).is_some());
    let rows = pretty(format!("[{}1]", "1,".repeat(5_000_000)).as_bytes());
    assert!(rows.len() <= MOST_ROWS + 1 && rows.last().unwrap().ends_with("more bytes of this line are not shown)"));
    let rows = pretty(format!("{{\"a\":\"{}\",\"b\":1}}", "漢".repeat(3_000_000)).as_bytes());
    assert!(rows.iter().map(String::len).sum::<usize>() < MOST_BYTES + 100, "{}", rows.len());
    assert!(rows.last().unwrap().starts_with('('), "{:?}", rows.last());
    let rows = pretty(&vec![b'x'; 10_000_000]);
    assert_eq!(rows[1], format!("({} more bytes of this line are not shown)", 10_000_000 - MOST_BYTES));
}

#[test]
fn pretty_json_has_a_row_for_each_field_and_keeps_what_is_written() {
    let raw = br#" {"b":1.0,"a" : [],"c":[{"x":"a\"{b,c}"} , 1e3], "d":{} , "e":{"f":null}} "#;
    let wanted = "{\n  \"b\": 1.0,\n  \"a\": [],\n  \"c\": [\n    {\n      \"x\": \"a\\\"{b,c}\"\n    },\n    1e3\n  ],\n  \
                  \"d\": {},\n  \"e\": {\n    \"f\": null\n  }\n}";
    assert_eq!(pretty(raw).join("\n"), wanted);
}

#[test]
fn pretty_logfmt_has_a_row_for_each_field_and_other_text_is_itself() {
    assert_eq!(pretty(b"level=info msg=\"a b\" n=1"), ["level=info", "msg=a b", "n=1"]);
    assert_eq!(pretty(b"\x1b[31mplain\x1b[0m \xff"), ["plain \\xff"]);
    assert_eq!(pretty(b""), [""]);
}
