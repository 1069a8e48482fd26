//! What the parts of lines are, also of those that are half typed.

use super::*;

/// The parts of a line with their text.
fn parts(line: &str) -> Vec<(Class, String)> {
    let text = |range: Range<usize>| line.chars().skip(range.start).take(range.len()).collect();
    classes(line, false).into_iter().map(|(range, class)| (class, text(range))).collect()
}

fn check(line: &str, expected: &[(Class, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(class, text)| (*class, (*text).to_owned())).collect();
    assert_eq!(parts(line), expected, "{line}");
}

use Class::{Anchor, Comment, Constant, Indicator, Key, Mark, Number, Placeholder, Quoted};

#[test]
fn keys_and_values_are_told_apart() {
    check("  name: nightly-report", &[(Key, "name"), (Indicator, ":")]);
    check("parallelism: 8 # of 16", &[(Key, "parallelism"), (Indicator, ":"), (Number, "8"), (Comment, "# of 16")]);
    check("- name: \"a: b\"", &[(Indicator, "-"), (Key, "name"), (Indicator, ":"), (Quoted, "\"a: b\"")]);
    check("- - 'it''s'", &[(Indicator, "-"), (Indicator, "-"), (Quoted, "'it''s'")]);
    check("suspend: true", &[(Key, "suspend"), (Indicator, ":"), (Constant, "true")]);
    check("\"quoted key\": yes", &[(Key, "\"quoted key\""), (Indicator, ":"), (Constant, "yes")]);
    check("image: busybox:1.35", &[(Key, "image"), (Indicator, ":")]);
    check("run: a #b", &[(Key, "run"), (Indicator, ":"), (Comment, "#b")]);
    check("run: a#b", &[(Key, "run"), (Indicator, ":")]);
    check("a: &x !!str 1", &[(Key, "a"), (Indicator, ":"), (Anchor, "&x"), (Anchor, "!!str"), (Number, "1")]);
    check("script: |2- # why", &[(Key, "script"), (Indicator, ":"), (Indicator, "|2-"), (Comment, "# why")]);
    check("--- # second", &[(Mark, "---"), (Comment, "# second")]);
    check("name: {{name}}x", &[(Key, "name"), (Indicator, ":"), (Placeholder, "{{name}}")]);
}

#[test]
fn flow_style_is_read_to_its_end() {
    let expected = [
        (Key, "args"),
        (Indicator, ":"),
        (Indicator, "["),
        (Quoted, "\"a\""),
        (Indicator, ","),
        (Number, "1"),
        (Indicator, ","),
        (Indicator, "{"),
        (Key, "k"),
        (Indicator, ":"),
        (Indicator, "}"),
        (Indicator, "]"),
    ];
    check("args: [\"a\", 1, {k: v}]", &expected);
}

#[test]
fn half_typed_lines_are_read_as_far_as_they_go() {
    check("", &[]);
    check("nam", &[]);
    check("name:", &[(Key, "name"), (Indicator, ":")]);
    check("name: \"unclosed", &[(Key, "name"), (Indicator, ":"), (Quoted, "\"unclosed")]);
    check("-", &[(Indicator, "-")]);
    check("args: [", &[(Key, "args"), (Indicator, ":"), (Indicator, "[")]);
    check("a: \"\\", &[(Key, "a"), (Indicator, ":"), (Quoted, "\"\\")]);
}

#[test]
fn numbers_are_those_of_yaml() {
    for text in ["0", "-7", "+1.5", "1e3", ".5", "0x1F", "0o644", "0644"] {
        assert_eq!(scalar(text), Some(Number), "{text}");
    }
    for text in ["1.2.3", "500m", "0x", "inf", "nan", "-", "12:30", "1_000"] {
        assert_eq!(scalar(text), None, "{text}");
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

const SCRIPT: &str = "\
spec:
  containers:
  - name: main
    command:
    - sh
    - -c
    - |
      if true; then
        key: |
          deeper |
      fi

      echo done
    env: |-
      x
  - args: >
      folded
    image: a
kind: Job";

#[test]
fn lines_of_block_scalars_are_known_from_above_and_from_anywhere() {
    let lines = lines(SCRIPT);
    let inside = [7, 8, 9, 10, 11, 12, 14, 16];
    let mut blocks = Blocks::default();
    for (at, line) in lines.iter().enumerate() {
        let from_above = blocks.next(line);
        assert_eq!(from_above, inside.contains(&at), "{at} {line}");
        assert_eq!(Blocks::before(&lines, at).next(line), from_above, "{at} {line}");
    }
}

#[test]
fn new_lines_are_as_deep_as_one_expects() {
    let cases = [
        ("kind: Job", 0),
        ("  kind: Job", 2),
        ("spec:", 2),
        ("  template: # why", 4),
        ("  - name:", 6),
        ("  - name: main", 4),
        ("  - main", 2),
        ("  script: |", 4),
        ("  - |", 4),
        ("", 0),
        ("    ", 4),
        ("# note:", 0),
    ];
    for (line, expected) in cases {
        assert_eq!(next_indent(line, false), expected, "{line}");
    }
    assert_eq!(next_indent("      case x:", true), 6, "a script's colons mean nothing");
}

#[test]
fn nothing_typed_makes_it_fail() {
    for start in 0..SCRIPT.len() {
        for line in SCRIPT[start..].lines().take(2) {
            for end in 0..=line.len() {
                let parts = classes(&line[..end], false);
                assert!(parts.windows(2).all(|pair| pair[0].0.end <= pair[1].0.start), "{}", &line[..end]);
                next_indent(&line[..end], false);
            }
        }
    }
}
