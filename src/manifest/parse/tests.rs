//! Places, values and troubles of texts.

use serde_json::json;

use super::*;

fn one(text: &str) -> Document {
    let mut parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed.documents.remove(0)
}

/// The text at a place.
fn at(text: &str, place: Place) -> String {
    let line: Vec<char> = text.lines().nth(place.line).unwrap().chars().collect();
    line[place.column..place.end_column].iter().collect()
}

#[test]
fn places_of_keys_and_values_are_lines_and_characters_from_zero() {
    let text = "# über\nkind: Job\n\nspec:\n  \"größe\": \"né\" # x\n  items:\n  - ä: 5\n    b: |\n      one\n      two\n  - c\n";
    let document = one(text);
    assert_eq!(document.first_line, 1);
    let cases = [
        ("kind", Some("kind"), "Job", 1),
        ("spec.größe", Some("\"größe\""), "\"né\"", 4),
        ("spec.items[0].ä", Some("ä"), "5", 6),
        ("spec.items[0].b", Some("b"), "one", 9),
        ("spec.items[0]", None, "ä", 9),
        ("spec.items[1]", None, "c", 10),
        ("spec.items", Some("items"), "", 10),
        ("spec", Some("spec"), "\"größe\"", 10),
    ];
    for (path, key, value, last_line) in cases {
        let found = document.find(&Path::parse(path)).unwrap();
        assert_eq!(found.key.map(|place| at(text, place)).as_deref(), key, "{path}");
        assert_eq!(at(text, found.value), value, "{path}");
        assert_eq!(found.last_line, last_line, "{path}");
    }
    assert_eq!(document.find(&Path::parse("spec.none")), None);
    assert_eq!(document.find_nearest(&Path::parse("spec.none.deeper")), document.find(&Path::parse("spec")).unwrap());
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let parsed = parse("a: 1\n---\nb: [\n---\nc: 'x\n---\nd: 2\n");
    let objects: Vec<_> = parsed.documents.iter().map(|one| one.object.clone()).collect();
    assert_eq!(objects, [json!({ "a": 1 }), json!({ "d": 2 })]);
    assert_eq!(parsed.problems.len(), 2, "{:?}", parsed.problems);
    let lines: Vec<_> = parsed.documents.iter().map(|one| one.first_line).collect();
    assert_eq!(lines, [0, 6]);
}

#[test]
fn empty_documents_are_left_out() {
    for text in ["", "\n", "# only a comment\n", "---\n---\n", "\u{feff}"] {
        let parsed = parse(text);
        assert_eq!((parsed.documents.len(), parsed.problems), (0, Vec::new()), "{text:?}");
    }
}

#[test]
fn a_key_that_stands_twice_is_an_error_and_its_last_value_counts() {
    let parsed = parse("spec:\n  a: 1\n  b: 2\n  a: 3\n");
    assert_eq!(parsed.documents[0].object, json!({ "spec": { "a": 3, "b": 2 } }));
    let [problem] = parsed.problems.as_slice() else { panic!("{:?}", parsed.problems) };
    assert_eq!(problem.place, Place { line: 3, column: 2, end_column: 3 });
    assert!(problem.message.contains("twice, first in line 2"), "{}", problem.message);
}

#[test]
fn aliases_are_copies_and_merged_maps_give_way_to_own_keys() {
    let document = one("a: &x { p: 1, q: 2 }\nb: *x\nc:\n  <<: *x\n  q: 3\nd:\n  <<: [*x, { q: 9, r: 4 }]\n");
    let expected = json!({
        "a": { "p": 1, "q": 2 }, "b": { "p": 1, "q": 2 }, "c": { "p": 1, "q": 3 }, "d": { "p": 1, "q": 2, "r": 4 },
    });
    assert_eq!(document.object, expected);
}

#[test]
fn aliases_cannot_make_a_text_explode() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for level in 1..100 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
        deep += &format!("a{level}: &a{level} [[[[*a{}]]]]\n", level - 1);
    }
    for text in [bomb, deep] {
        let parsed = parse(&text);
        assert!(parsed.problems[0].message.contains("too large"), "{:?}", parsed.problems);
    }
    assert!(parse("a: &a [*a]\n").problems[0].message.contains("itself"));
    assert!(parse("a: *b\n").problems[0].message.contains("nothing above"));
}

#[test]
fn nesting_has_a_limit() {
    for text in ["[".repeat(5000), "- ".repeat(5000), "{a: ".repeat(5000)] {
        assert!(!parse(&text).problems.is_empty());
    }
}

#[test]
fn keys_arrive_as_text() {
    assert_eq!(one("1: a\non: b\n'2': c\n").object, json!({ "1": "a", "true": "b", "2": "c" }));
    assert!(parse("? {a: b}\n: c\n").problems[0].message.contains("a key is a word"));
    assert!(parse("image: {{ .Values.image }}\n").problems[0].message.contains("needs quotes"));
}

#[test]
fn what_is_no_yaml_is_told_in_plain_words_at_its_line() {
    let cases = [
        ("a:\n\tb: 1\n", 1, "tabs cannot indent"),
        ("a: 1\n b: 2\n", 1, ""),
        ("a:\n    b: 1\n  c: 2\n", 2, "indented otherwise"),
        ("a: 'x\nb: 2\n", 1, "quote above has no end"),
        ("a: 'x\n", 0, "quote above has no end"),
        ("a: \"x\" y\n", 0, "closing quote"),
        ("a: [1, 2\nb: 3\n", 1, "close a bracket above"),
        ("a: b: c\n", 0, "colon"),
        ("a\nb: 1\n", 1, "colon"),
        ("a: 1\nb\n", 1, "colon"),
        ("a: @x\n", 0, "quote it"),
        ("a: %x\n", 0, "quote it"),
        ("- a\nb: 1\n", 1, "dash"),
        ("a: - b\n", 0, "list"),
        ("a: \"\\d\"\n", 0, "escape"),
    ];
    for (text, line, words) in cases {
        let parsed = parse(text);
        let Some(problem) = parsed.problems.first() else { panic!("{text:?}: {parsed:?}") };
        assert!(problem.message.contains(words), "{text:?}: {problem:?}");
        assert_eq!(problem.place.line, line, "{text:?}: {problem:?}");
    }
}
