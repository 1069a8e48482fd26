//! Edits change what they are for, and keep all else as it was written.

use super::*;
use crate::manifest::parse;
use crate::manifest::problem::edited;

/// The text after the changes `PATH = YAML` of its first object, each on a line; null takes away. None where there are
/// no safe edits.
fn rewritten(text: &str, changes: &str) -> Option<String> {
    let document = parse(text).documents.remove(0);
    let mut wanted = document.object.clone();
    let mut touched = Vec::new();
    for change in changes.lines() {
        let (pointer, value) = change.split_once(" = ").unwrap();
        let value = parse(value).documents.pop().map_or(Value::Null, |one| one.object);
        let (above, last) = pointer.rsplit_once('/').unwrap();
        let above = wanted.pointer_mut(above).unwrap();
        match (above, value) {
            (Value::Object(fields), Value::Null) => drop(fields.remove(last)),
            (Value::Object(fields), value) => drop(fields.insert(last.to_owned(), value)),
            (Value::Array(items), Value::Null) => drop(items.remove(last.parse().unwrap())),
            (Value::Array(items), value) if last == "-" => items.push(value),
            (above, value) => above[last.parse::<usize>().unwrap()] = value,
        }
        touched.push(Path::parse(&pointer[1..].replace('/', ".")));
    }
    let lines: Vec<&str> = text.lines().collect();
    let text = edited(text, &rewrite(&document, &lines, &wanted, touched.iter())?);
    assert_eq!(parse(&text).documents[0].object, wanted, "{text}");
    Some(text)
}

#[test]
fn single_values_are_changed_where_they_stand_with_their_quotes_and_comments() {
    let text = "a: 1   # one\nb: \"two\" # two\nc: 'three'\nd:\ne: null\nf: 0400\n";
    let changed = rewritten(text, "/a = 5\n/b = x y\n/c = it's\n/d = 7\n/e = true\n/f = 256").unwrap();
    assert_eq!(changed, "a: 5   # one\nb: \"x y\" # two\nc: 'it''s'\nd: 7\ne: true\nf: 256\n");
}

#[test]
fn new_single_values_stand_behind_the_others_and_maps_at_the_end() {
    let text = "spec:\n  n: 1 # n\n  # the template\n  template:\n    x: 1\n\n# end\n";
    let changed = rewritten(text, "/spec/limit = 3\n/spec/more = {a: {b: [1]}}").unwrap();
    let wanted = "spec:\n  n: 1 # n\n  limit: 3\n  # the template\n  template:\n    x: 1\n  more:\n    a:\n      b:\n      - 1\n\n# end\n";
    assert_eq!(changed, wanted);
    assert_eq!(
        rewritten("spec:\n  # t\n  t:\n    x: 1", "/spec/m = 1").unwrap(),
        "spec:\n  m: 1\n  # t\n  t:\n    x: 1"
    );
    assert_eq!(rewritten("t:\n  x: 1", "/m = 1").unwrap(), "t:\n  x: 1\nm: 1");
    assert_eq!(rewritten("t:\n- a: [1]\n- b: 1", "/t/0/m = 1").unwrap(), "t:\n- a: [1]\n  m: 1\n- b: 1");
    assert_eq!(rewritten("a: # why\nb: 1", "/a = {c: 1}").unwrap(), "a:\n  c: 1 # why\nb: 1");
}

#[test]
fn what_is_taken_away_goes_with_its_lines_and_nothing_else() {
    let text = "a:\n  b: 1 # b\n  # of c\n  c:\n    - 1\n    - 2 # two\n    - 3\n  d: 1\n";
    let changed = rewritten(text, "/a/b = null\n/a/c/1 = null").unwrap();
    assert_eq!(changed, "a:\n  # of c\n  c:\n    - 1\n    - 3\n  d: 1\n");
    assert_eq!(rewritten("a: 1\nb: 2", "/b = null").unwrap(), "a: 1");
    assert_eq!(rewritten("a:\n- b: 1\n  c: 2\n", "/a/0/b = null").unwrap(), "a:\n- c: 2\n");
    assert_eq!(rewritten("a:\n- b: 1\n  # of c\n  c: 2\n", "/a/0/b = null"), None, "a comment would go");
    assert_eq!(rewritten("a:\n  - 1\nb: 1\n", "/a/0 = null").unwrap(), "a: []\nb: 1\n");
    assert_eq!(rewritten("a:\n  b: 1\n", "/a/b = null").unwrap(), "a: {}\n");
    assert_eq!(rewritten("a:\n  b: 1 # why\n", "/a/b = null"), None);
}

#[test]
fn a_value_under_another_name_keeps_its_place() {
    let text = "a:\n  speck: # s\n    x: 1\n  \"b\": 2\n  c: { d: 1 }\n";
    let changed = rewritten(text, "/a/speck = null\n/a/spec = {x: 1}\n/a/b = null\n/a/k = 2").unwrap();
    assert_eq!(changed, "a:\n  spec: # s\n    x: 1\n  \"k\": 2\n  c: { d: 1 }\n");
}

#[test]
fn items_are_put_behind_the_last_one() {
    assert_eq!(rewritten("a:\n- 1 # one\n", "/a/- = {b: 1, c: 2}").unwrap(), "a:\n- 1 # one\n- b: 1\n  c: 2\n");
    assert_eq!(
        rewritten("a:\n  -   x: |\n        1\n\nb: 1\n", "/a/- = 2").unwrap(),
        "a:\n  -   x: |\n        1\n  - 2\n\nb: 1\n"
    );
    assert_eq!(rewritten("a: [1, x] # l\n", "/a/- = 'b: c'").unwrap(), "a: [1, x, \"b: c\"] # l\n");
    assert_eq!(rewritten("a: []\n", "/a/- = b").unwrap(), "a: [b]\n");
    assert_eq!(rewritten("a:\n- - 1\n", "/a/0/- = 2"), None, "its dash is not the first of its line");
}

#[test]
fn what_stands_in_brackets_is_changed_there() {
    let text = "a: { b: 1, c: [x, y] , d: {} } # all\n";
    assert_eq!(rewritten(text, "/a/b = null").unwrap(), "a: { c: [x, y] , d: {} } # all\n");
    assert_eq!(rewritten(text, "/a/b = null\n/a/c = null").unwrap(), "a: { d: {} } # all\n");
    assert_eq!(rewritten(text, "/a/d = null\n/a/c/0 = null").unwrap(), "a: { b: 1, c: [y] } # all\n");
    let more = rewritten(text, "/a/e = yes\n/a/f = 'no'\n/a/d/g = {h: 1}\n/a/d/i = 2").unwrap();
    assert_eq!(more, "a: { b: 1, c: [x, y] , d: {g: {h: 1}, i: 2}, e: true, f: \"no\" } # all\n");
    let json = "{\n  \"a\": [\n    \"x\"\n  ],\n  \"b\": 1\n}\n";
    let changed = rewritten(json, "/a/- = z\n/c = {d: e}\n/b = text").unwrap();
    assert_eq!(changed, "{\n  \"a\": [\n    \"x\",\n    \"z\"\n  ],\n  \"b\": \"text\",\n  \"c\": {\"d\": \"e\"}\n}\n");
    assert!(serde_json::from_str::<Value>(&changed).is_ok());
}

#[test]
fn lines_are_put_before_a_longer_text_and_no_other_change_is_made_to_it() {
    let text = "a:\n- |  # script\n  x\n   y\n\n- z\n";
    assert_eq!(
        rewritten(text, "/a/0 = \"set -eu\\nx\\n y\\n\"").unwrap(),
        "a:\n- |  # script\n  set -eu\n  x\n   y\n\n- z\n"
    );
    assert_eq!(rewritten(text, "/a/0 = \"x\\n\""), None);
    assert_eq!(rewritten("a: >\n  x\n", "/a = \"s\\nx\\n\""), None);
    assert_eq!(rewritten("a: \"x\n  y\"\n", "/a = z"), None);
}

#[test]
fn what_several_values_share_and_what_stands_twice_is_left_alone() {
    let text = "a: &x { b: 1 }\nc: *x\nd:\n  <<: *x\n  e: 1\n";
    for change in ["/a/b = 2", "/c/b = 2", "/d/b = 2", "/d/b = null", "/c = null"] {
        assert_eq!(rewritten(text, change), None, "{change}");
    }
    assert_eq!(rewritten(text, "/d/e = 2").unwrap(), text.replace("e: 1", "e: 2"));
    assert_eq!(rewritten("a: 1\na: 2\n", "/a = 3"), None);
}

#[test]
fn letters_are_counted_not_bytes() {
    assert_eq!(rewritten("é: {ü: \"ß\", x: 1}\n", "/é/ü = ä\n/é/x = null").unwrap(), "é: {ü: \"ä\"}\n");
    assert_eq!(rewritten("\u{feff}a: 1\nb: 2\n", "/a = 3").unwrap(), "\u{feff}a: 3\nb: 2\n");
}
