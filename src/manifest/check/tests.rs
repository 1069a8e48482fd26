//! What is told of good and of bad texts.

use super::*;
use crate::manifest::problem::edited;
use crate::manifest::samples::SAMPLES;

fn problems(text: &str) -> Vec<Problem> {
    check(text, Catalogue::built_in())
}

/// A Job with these lines in its spec, which begin at line 4 from 0.
fn job(spec: &str) -> String {
    let containers = "containers:\n      - name: a\n        image: b\n";
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{ name: j }}\nspec:\n{spec}  template:\n    spec:\n      restartPolicy: Never\n      {containers}"
    )
}

/// The only problem of a text.
fn only(text: &str) -> Problem {
    let mut found = problems(text);
    assert_eq!(found.len(), 1, "{text}: {found:#?}");
    found.remove(0)
}

/// The text after its only problem is fixed.
fn fixed(text: &str) -> String {
    let fix = only(text).fix.unwrap_or_else(|| panic!("{:?}", only(text)));
    edited(text, &fix.edits).trim_end_matches('\n').to_owned() + "\n"
}

#[test]
fn manifests_that_the_server_takes_have_no_errors() {
    for (name, text) in SAMPLES {
        let errors: Vec<_> = problems(text).into_iter().filter(|one| one.severity > Severity::Note).collect();
        let is_bad = name.contains("pseudo") || name.contains("v1beta1");
        assert_eq!(errors.is_empty(), !is_bad, "{name}: {errors:#?}");
    }
    assert_eq!(problems(&job("")), []);
}

#[test]
fn types_in_place_of_values_are_told_one_by_one() {
    let (_, text) = SAMPLES.iter().find(|(name, _)| name.contains("pseudo")).unwrap();
    let told: Vec<String> =
        problems(text).iter().map(|one| format!("{}: {}", one.place.line + 1, one.message)).collect();
    for expected in [
        "9: this must be a whole number, but here stands text",
        "11: this must be one of `Indexed`, `NonIndexed`",
        "15: this must be `true` or `false`, but here stands text",
        "21: the field `containers` is missing",
    ] {
        assert!(told.iter().any(|one| one == expected), "{expected}: {told:#?}");
    }
}

#[test]
fn a_version_that_is_gone_is_an_error_and_its_fields_are_checked_as_todays() {
    let (_, text) = SAMPLES.iter().find(|(name, _)| name.contains("v1beta1")).unwrap();
    let problem = only(text);
    assert_eq!(problem.place, Place { line: 0, column: 12, end_column: 25 });
    assert!(problem.message.contains("gone since Kubernetes 1.25"), "{}", problem.message);
    assert_eq!(problems(&fixed(text)), []);
}

#[test]
fn an_unknown_field_is_told_with_the_one_that_was_meant() {
    let text = job("  backofLimit: 3\n");
    let problem = only(&text);
    assert_eq!(problem.message, "unknown field `backofLimit`, did you mean `backoffLimit`?");
    assert_eq!(problem.place, Place { line: 4, column: 2, end_column: 13 });
    assert_eq!(fixed(&text), job("  backoffLimit: 3\n"));
    assert_eq!(fixed(&job("  TTLSecondsAfterFinished: 3\n")), job("  ttlSecondsAfterFinished: 3\n"));
    assert_eq!(only(&job("  zebra: 3\n")).fix, None);
}

#[test]
fn a_field_in_the_wrong_place_is_told_where_it_belongs() {
    let in_container = job("").replace("image: b", "serviceAccountName: x");
    let in_pod = job("").replace("restartPolicy: Never", "backoffLimit: 1");
    for (text, home) in [
        (in_container, "`spec.template.spec`"),
        (in_pod, "`spec`"),
        (job("  volumes: []\n"), "`template.spec`"),
        (job("").replace("metadata:", "activeDeadlineSeconds: 1\nmetadata:"), "`spec`"),
        (job("  apiVersion: batch/v1\n"), "the object itself"),
    ] {
        assert!(only(&text).message.ends_with(&format!(": it belongs into {home}")), "{}", only(&text).message);
    }
}

#[test]
fn a_wrong_type_is_converted_where_nothing_is_lost() {
    for (wrong, right) in [("backoffLimit: \"3\"", "backoffLimit: 3"), ("suspend: 'true'", "suspend: true")] {
        assert_eq!(fixed(&job(&format!("  {wrong}\n"))), job(&format!("  {right}\n")));
    }
    for wrong in [
        "backoffLimit: 1.5",
        "backoffLimit: three",
        "suspend: 1",
        "backoffLimit: [3]",
        "backoffLimit: {}",
        "podFailurePolicy: x",
    ] {
        let problem = only(&job(&format!("  {wrong}\n")));
        assert_eq!((problem.severity, problem.fix), (Severity::Error, None), "{wrong}");
    }
    let command = job("").replace("image: b", "image: b\n        command: echo");
    assert!(fixed(&command).contains("command: [echo]"));
    assert!(only(&job("  backoffLimit: 3000000000\n")).message.contains("larger"));
}

#[test]
fn words_that_are_no_text_without_quotes_are_named() {
    for (word, told) in [
        ("yes", "`yes` without quotes is `true`"),
        ("off", "`off` without quotes is `false`"),
        ("n", "`n` without quotes is `false`"),
        ("true", "`true` without quotes is no text"),
        ("0755", "`0755` without quotes is the number 493"),
        ("1e3", "`1e3` without quotes is the number 1000"),
        ("1_000", "`1_000` without quotes is the number 1000"),
        ("5", "`5` without quotes is a number"),
        ("1.10", "`1.10` without quotes is the number 1.1"),
    ] {
        let text = job("").replace("{ name: j }", &format!("{{ name: j, labels: {{ a: {word} }} }}"));
        let problem = only(&text);
        assert_eq!(problem.severity, Severity::Error);
        assert!(problem.message.contains(told), "{word}: {}", problem.message);
        assert!(fixed(&text).contains(&format!("a: \"{word}\"")), "{word}");
        assert_eq!(problems(&fixed(&text)), [], "{word}");
    }
}

#[test]
fn odd_ways_to_write_what_is_meant_are_notes() {
    for (line, told) in [
        ("backoffLimit: 010", "is octal: it is 8"),
        ("backoffLimit: 1_0", "is read as the number 10"),
        ("backoffLimit: 1e1", "is read as the number 10"),
        ("suspend: yes", "is read as `true`"),
        ("managedBy: 12:30", "a number for some readers"),
    ] {
        let problem = only(&job(&format!("  {line}\n")));
        assert_eq!(problem.severity, Severity::Note);
        assert!(problem.message.contains(told), "{line}: {}", problem.message);
    }
    for line in ["backoffLimit: 0", "suspend: True", "activeDeadlineSeconds: 600"] {
        assert_eq!(problems(&job(&format!("  {line}\n"))), []);
    }
}

#[test]
fn a_missing_field_is_told_at_what_it_is_missing_in() {
    let text =
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: c\nspec:\n  schedule:\n  jobTemplate:\n    spec: {}\n";
    let told: Vec<_> = problems(text).iter().map(|one| (one.place.line, one.message.clone())).collect();
    let expected = [(5, "`schedule` needs a value".to_owned()), (7, "the field `template` is missing".to_owned())];
    assert_eq!(told, expected);
    let text = job("").replace("name: a\n        image", "image");
    assert_eq!((only(&text).place.line, only(&text).message.as_str()), (8, "the field `name` is missing"));
    let text = job("").replace("name: j", "labels: {}");
    assert_eq!(only(&text).message, "`metadata.name` is missing, and `generateName` as well");
    assert_eq!(problems(&text.replace("labels: {}", "generateName: j-")), []);
}

#[test]
fn values_of_enums_are_held_and_near_ones_offered() {
    let text = job("  completionMode: indexed\n");
    assert_eq!(fixed(&text), job("  completionMode: Indexed\n"));
    assert_eq!(only(&job("").replace("Never", "Sometimes")).fix, None);
}

#[test]
fn amounts_and_ports_may_be_numbers_or_text() {
    let with = |cpu: &str, port: &str| {
        let lines = format!(
            "image: b\n        resources: {{ limits: {{ cpu: {cpu} }} }}\n        livenessProbe: {{ httpGet: {{ port: {port} }} }}"
        );
        problems(&job("").replace("image: b", &lines))
    };
    for (cpu, port) in [("1", "80"), ("0.5", "http"), ("500m", "\"80\""), ("\"2\"", "80")] {
        assert_eq!(with(cpu, port), [], "{cpu} {port}");
    }
    assert!(with("512MB", "80")[0].message.contains("no amount"));
    assert!(with("1", "1.5")[0].message.contains("a whole number or text"));
}

#[test]
fn what_is_not_known_is_a_note_and_its_words_are_looked_at() {
    let text = "apiVersion: example.com/v1\nkind: Thing\nspec:\n  free: yes\n  on: 1\n";
    let found = problems(text);
    let told: Vec<_> = found.iter().map(|one| (one.place.line, one.severity)).collect();
    assert_eq!(told, [(1, Severity::Note), (3, Severity::Warning), (4, Severity::Warning)], "{found:#?}");
    let problem = only("apiVersion: batch/v1\nkind: Jobs\n");
    assert_eq!(problem.message, "`batch/v1` has no kind `Jobs`, did you mean `Job`?");
}

#[test]
fn each_document_is_checked_by_its_own() {
    let text = format!("{}---\nkind: Job\n---\n{}---\n- a\n---\n", job(""), job("  zebra: 1\n"));
    let lines: Vec<_> = problems(&text).iter().map(|one| (one.place.line, one.message.clone())).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [11, 17, 25]);
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: Job\n  metadata: {name: a}\n";
    assert_eq!(only(list).message, "the field `spec` is missing");
}

#[test]
fn marks_and_line_ends_of_windows_and_false_blanks_are_named() {
    let text = format!("\u{feff}{}", job("  zebra: 1\n"));
    let places: Vec<_> = problems(&text).iter().map(|one| one.place.column).collect();
    assert_eq!(places, [0, 2]);
    assert!(fixed(&format!("\u{feff}{}", job(""))).starts_with("apiVersion"));
    assert!(only(&job("").replace('\n', "\r\n")).message.contains("CRLF"));
    let text = job("  backoffLimit:\u{a0}3\n");
    let found = problems(&text);
    assert!(found.iter().any(|one| one.message.contains("non-breaking") && one.place.column == 15), "{found:#?}");
}

#[test]
fn tabs_are_replaced_and_keys_that_stand_twice_removed() {
    assert_eq!(fixed(&job("\tsuspend: true\n")), job("  suspend: true\n"));
    assert_eq!(fixed(&job("  suspend: true\n  suspend: false\n")), job("  suspend: false\n"));
}

#[test]
fn no_text_makes_it_fail() {
    crate::manifest::samples::for_mutilated(|text| drop(problems(text)));
}
