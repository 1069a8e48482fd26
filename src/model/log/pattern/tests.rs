//! What is typed, and which lines it finds.

use super::*;

#[test]
fn case_counts_where_an_upper_case_letter_is_typed() {
    for (wanted, line, is_found) in [
        ("error", "An ERROR", true),
        ("Error", "An ERROR", false),
        ("ERROR", "An ERROR", true),
        ("größe", "GRÖSSE GRÖßE", true),
        ("a.b", "axb", false),
        ("(", "f(x)", true),
        ("/err.r \\d+/", "ERROR 17", true),
        ("/\\Srror/", "ERROR", true),
        ("/Err/", "ERROR", false),
        ("/", "a/b", true),
        ("//", "http://x", true),
        ("/var", "in /var/log", true),
        ("", "anything", false),
        ("/(/", "(", false),
    ] {
        assert_eq!(Search::new(wanted).matches(line.as_bytes()), is_found, "{wanted} in {line}");
    }
    assert!(Search::new("ok").matches(b"\xff OK \xfe"), "lines need not be text");
    assert_eq!(Search::new("/(/").error.as_deref(), Some("/(/ is no regular expression"));
}

#[test]
fn spans_are_whole_characters_and_never_empty() {
    assert_eq!(Search::new("an").spans("Banana an"), [1..3, 3..5, 7..9]);
    assert_eq!(Search::new("/a*/").spans("baaca"), [1..3, 4..5]);
    assert_eq!(Search::new("漢").spans("漢字漢"), [0..3, 6..9]);
    assert!(Search::new(r"/(?-u:\xe6)/").spans("漢").is_empty());
}

fn shows(filter: &str, class: LineClass, line: &str) -> bool {
    LineFilter::new(filter).matches(class, line.as_bytes())
}

#[test]
fn every_term_must_hold() {
    for (filter, is_shown) in [
        ("", true),
        ("orders", true),
        ("ORDERS", false),
        ("orders absent", false),
        ("orders !absent", true),
        ("!orders", false),
        ("!", true),
        ("/read \\d+ of/", true),
        ("/read \\d+ of/ 17", false),
        ("!/read \\d+ of/", false),
        ("!/write \\d+/ orders", true),
        ("\"read 40\"", true),
        ("\"40 read\"", false),
        ("!\"read 40\"", false),
        ("/tmp/x", true),
        ("\"rows\":81", true),
        ("/", true),
        ("a:b", false),
        ("in:", true),
    ] {
        let line = r#"read 40 of 212 orders in: /tmp/x {"rows":81}"#;
        assert_eq!(shows(filter, LineClass::default(), line), is_shown, "{filter}");
    }
}

#[test]
fn level_is_at_least_or_exactly_the_one_typed() {
    use LogLevel::{Error, Info, Warn};
    let levels = [None, Some(Info), Some(Warn), Some(Error)];
    for (filter, shown) in [
        ("level:warn", [false, false, true, true]),
        ("level:warning", [false, false, true, true]),
        ("level:w", [false, false, true, true]),
        ("level:=info", [false, true, false, false]),
        ("!level:warn", [true, true, false, false]),
        ("!level:=warn", [true, true, false, true]),
        ("level:", [true; 4]),
        ("level:=", [true; 4]),
        ("level:loud", [true; 4]),
    ] {
        let found = levels.map(|level| shows(filter, LineClass::of(level), "x"));
        assert_eq!(found, shown, "{filter}");
        let frames = levels.map(|level| shows(filter, LineClass::of(level).continuing(), "x"));
        assert_eq!(frames, shown, "{filter}: a trace has its head's level");
    }
}

#[test]
fn marks_are_always_shown() {
    for filter in ["absent", "level:error", "!/./"] {
        assert!(shows(filter, LineClass::mark(None), "x"), "{filter}");
    }
}

#[test]
fn terms_on_the_source_are_told_apart() {
    let filter = LineFilter::new("pod:web !container:proxy index:3 try:2 @a/main pod: http://x");
    let terms: Vec<_> = filter.source_terms().collect();
    let wanted = [
        ("pod", "web", false),
        ("container", "proxy", true),
        ("index", "3", false),
        ("try", "2", false),
        (LABEL, "a/main", false),
    ];
    assert_eq!(terms, wanted);
    assert!(filter.matches(LineClass::default(), b"get http://x") && !filter.matches(LineClass::default(), b"pod:web"));
}

#[test]
fn what_is_not_understood_is_told_and_the_rest_holds() {
    for filter in ["/(/ orders", "level:loud orders", "orders /a{1000000}/"] {
        let made = LineFilter::new(filter);
        assert!(made.error.is_some(), "{filter}");
        assert!(made.matches(LineClass::default(), b"orders") && !made.matches(LineClass::default(), b"x"), "{filter}");
    }
    assert_eq!(LineFilter::new(" orders ").text(), "orders");
    assert!(LineFilter::new("  ").is_empty() && LineFilter::new("orders").error.is_none());
}
