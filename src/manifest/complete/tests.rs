//! Where the cursor is, and what is offered there.

use super::*;
use crate::manifest::samples::{SAMPLES, for_mutilated};

/// The text's lines without the bar, and where the bar is.
fn cursor(text: &str) -> (Vec<String>, usize, usize) {
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.iter().position(|line| line.contains('¦')).unwrap();
    let column = lines[line].chars().position(|letter| letter == '¦').unwrap();
    (lines.iter().map(|line| line.replace('¦', "")).collect(), line, column)
}

fn at(text: &str) -> Spot {
    let (lines, line, column) = cursor(text);
    place_at(&lines, line, column)
}

fn names() -> Names {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Names {
        config_maps: list(&["settings", "123"]),
        secrets: list(&["token"]),
        service_accounts: list(&["runner"]),
        claims: list(&["scratch"]),
        images: list(&["busybox:1.35"]),
        queues: list(&["night"]),
    }
}

fn offered(text: &str) -> Vec<Completion> {
    let (lines, line, column) = cursor(text);
    complete(&lines, line, column, Catalogue::built_in(), &names())
}

fn labels(text: &str) -> Vec<String> {
    offered(text).into_iter().map(|one| one.label).collect()
}

/// The text after a completion is taken, with the bar behind what was inserted.
fn taken(text: &str, label: &str) -> String {
    let (mut lines, line, _) = cursor(text);
    let one = offered(text)
        .into_iter()
        .find(|one| one.label == label)
        .unwrap_or_else(|| panic!("{label}: {:?}", labels(text)));
    let letters: Vec<char> = lines[line].chars().collect();
    let before: String = letters[..one.start].iter().collect();
    lines[line] = before + &one.insert + "¦" + &letters[one.end..].iter().collect::<String>();
    lines.join("\n")
}

const JOB: &str =
    "apiVersion: batch/v1\nkind: Job\nspec:\n  template:\n    spec:\n      containers:\n      - name: ä\n";

#[test]
fn the_path_follows_from_indentation() {
    let cases = [
        ("¦", "", Part::Key, "", 0),
        ("spec:\n  ¦", "spec", Part::Key, "", 2),
        ("spec:\n¦", "", Part::Key, "", 0),
        ("spec:\n  temp¦", "spec", Part::Key, "temp", 2),
        ("spec:\n  tem¦plate:\n", "spec", Part::Key, "tem", 2),
        ("spec:\n  a: Al¦ways # x\n", "spec.a", Part::Value, "Al", 5),
        ("spec:\n  a:¦\n", "spec.a", Part::Value, "", 4),
        ("spec:\n  a: 1 # ¦x\n", "spec", Part::Other, "", 0),
        ("spec:\n ¦ a: 1\n", "spec", Part::Other, "", 0),
        ("a:\n- b: 1\n  c: 2\n- ¦", "a[1]", Part::Item, "", 2),
        ("a:\n- b: 1\n- c: 2\n  ¦", "a[1]", Part::Key, "", 2),
        ("a:\n- b: 1\n- d¦: 2\n", "a[1]", Part::Key, "d", 2),
        ("a:\n- b: 1\n¦\n", "", Part::Key, "", 0),
        ("a:\n  - b:\n      - - x¦\n", "a[0].b[0][0]", Part::Item, "x", 10),
        ("a: |\n  b: ¦c\n", "a", Part::Other, "", 0),
        ("a: |\n  b\n\n¦\n", "", Part::Key, "", 0),
        ("a: |\n  b\n  ¦\n", "a", Part::Other, "", 0),
        ("b: 1\n---\na:\n  ¦\n---\nc: 1", "a", Part::Key, "", 2),
        ("\"ä ö\":\n  'ü': ¦é\n", "ä ö.ü", Part::Value, "", 7),
        ("a: [1, ¦\nb: 2\n", "a", Part::Value, "[1, ", 3),
    ];
    for (text, path, part, prefix, start) in cases {
        let spot = at(text);
        let found = (spot.path.to_string(), spot.part, spot.prefix.clone(), spot.start);
        assert_eq!(found, (path.to_owned(), part, prefix.to_owned(), start), "{text}: {spot:?}");
    }
}

#[test]
fn the_kind_is_that_of_the_document_wherever_it_stands() {
    let spot =
        at("apiVersion: v1\nkind: Pod\n---\nspec:\n  ¦\napiVersion: 'batch/v1' # x\nkind: Job\n---\nkind: Pod\n");
    assert_eq!((spot.api_version.as_str(), spot.kind.as_str()), ("batch/v1", "Job"));
}

#[test]
fn help_is_of_the_field_under_the_cursor_or_the_nearest_around_it() {
    let cases = [
        ("        ¦image: x\n", "image"),
        ("        image: x¦\n", "image"),
        ("        imagePullPolicy: ¦\n", "imagePullPolicy"),
        ("    ¦    image: x\n", "image"),
        ("        ¦\n", "containers"),
        ("        imag¦\n", "containers"),
        ("        command: [\"a¦\"]\n", "command"),
        ("        command:\n        - a¦\n", "command"),
    ];
    for (line, name) in cases {
        let (lines, line, column) = cursor(&format!("{JOB}{line}"));
        assert_eq!(help_at(&lines, line, column, Catalogue::built_in()).unwrap().name, name, "{:?}", lines[line]);
    }
    let (lines, line, column) = cursor("kind: Thing\nspec:\n  a: ¦1");
    assert_eq!(help_at(&lines, line, column, Catalogue::built_in()), None);
}

#[test]
fn fields_are_offered_that_are_not_there_yet_and_needed_ones_first() {
    let found = labels("apiVersion: batch/v1\nkind: Job\nspec:\n  suspend: true\n  ¦\n  backoffLimit: 3\n");
    assert_eq!(found[0], "template");
    assert!(found.contains(&"parallelism".to_owned()));
    assert!(!found.contains(&"suspend".to_owned()) && !found.contains(&"backoffLimit".to_owned()));
    assert_eq!(labels(&format!("{JOB}        imageP¦\n"))[0], "imagePullPolicy");
    let inside = labels(&format!("{JOB}      - ¦\n        image: b\n"));
    assert!(inside.contains(&"name".to_owned()) && !inside.contains(&"image".to_owned()), "{inside:?}");
    let root = labels("apiVersion: batch/v1\nkind: Job\n¦\n");
    assert_eq!(root, ["metadata", "spec"]);
    assert!(!labels("apiVersion: batch/v1\nkind: Job\nmetadata:\n  ¦").contains(&"uid".to_owned()));
    assert_eq!(labels("¦")[0], "apiVersion");
}

#[test]
fn a_field_brings_what_stands_behind_it() {
    let cases = [
        ("spec:\n  back¦", "backoffLimit", "spec:\n  backoffLimit: ¦"),
        ("spec:\n  te¦", "template", "spec:\n  template:\n    ¦"),
        ("spec:\n  te¦x: 1 # y", "template", "spec:\n  template¦: 1 # y"),
        (
            "spec:\n  template:\n    spec:\n      conta¦",
            "containers",
            "spec:\n  template:\n    spec:\n      containers:\n        - ¦",
        ),
        (
            "spec:\n  template:\n    spec:\n      containers:\n        ¦",
            "name",
            "spec:\n  template:\n    spec:\n      containers:\n        - name: ¦",
        ),
        (
            "spec:\n  template:\n    spec:\n      containers:\n      -¦",
            "name",
            "spec:\n  template:\n    spec:\n      containers:\n      - name: ¦",
        ),
        (
            "spec:\n  template:\n    spec:\n      restartPolicy:¦",
            "Never",
            "spec:\n  template:\n    spec:\n      restartPolicy: Never¦",
        ),
        (
            "spec:\n  template:\n    spec:\n      restartPolicy: A¦lways # x",
            "Always",
            "spec:\n  template:\n    spec:\n      restartPolicy: Always¦ # x",
        ),
    ];
    let head = "apiVersion: batch/v1\nkind: Job\n";
    for (text, label, expected) in cases {
        assert_eq!(taken(&format!("{head}{text}"), label), format!("{head}{expected}"));
    }
}

#[test]
fn values_are_words_of_the_field_and_names_that_exist() {
    let cases = [
        ("        imagePullPolicy: ¦", "Always IfNotPresent Never"),
        ("        imagePullPolicy: never¦", "Never"),
        ("        tty: ¦", "true false"),
        ("        image: ¦", "busybox:1.35"),
        ("        envFrom:\n        - configMapRef:\n            name: ¦", "settings 123"),
        ("        env:\n        - valueFrom:\n            secretKeyRef:\n              name: t¦", "token"),
        ("      serviceAccountName: ¦", "runner"),
        ("      imagePullSecrets:\n      - name: ¦", "token"),
        ("      volumes:\n      - persistentVolumeClaim:\n          claimName: ¦", "scratch"),
        ("      volumes:\n      - secret:\n          secretName: ¦", "token"),
        ("        resources:\n          limits:\n            ¦", "cpu memory ephemeral-storage"),
        ("metadata:\n  labels:\n    ¦", "kueue.x-k8s.io/queue-name"),
        ("metadata:\n  labels:\n    kueue.x-k8s.io/queue-name: ¦", "night"),
        ("metadata:\n  name: ¦", ""),
        ("# ¦", ""),
    ];
    for (line, expected) in cases {
        assert_eq!(labels(&format!("{JOB}{line}\n")).join(" "), expected, "{line}");
    }
    assert_eq!(labels("apiVersion: ¦"), ["batch/v1"]);
    assert_eq!(labels("apiVersion: batch/v1\nkind: ¦"), ["CronJob", "Job"]);
    let name = format!("{JOB}        envFrom:\n        - configMapRef:\n            name: ¦");
    assert!(taken(&name, "123").ends_with("name: \"123\"¦"));
}

#[test]
fn places_agree_with_what_the_text_says_once_it_is_yaml() {
    for (name, text) in SAMPLES {
        let lines: Vec<&str> = text.lines().collect();
        for document in super::super::parse::parse(text).documents {
            for (line, row) in rows(&lines).iter().enumerate() {
                let Row::Entry(Entry { key: Some(key), .. }) = row else { continue };
                let path = place_at(&lines, line, key.column).path.key(&key.name);
                let found = document.find(&path).unwrap_or_else(|| panic!("{name} {path}"));
                assert_eq!(
                    found.key.map(|place| (place.line, place.column)),
                    Some((line, key.column)),
                    "{name} {path}"
                );
            }
        }
    }
}

#[test]
fn no_text_and_no_place_makes_it_fail() {
    for_mutilated(|text| {
        let lines: Vec<&str> = text.lines().collect();
        for line in [0, lines.len() / 2, lines.len()] {
            for column in [0, 7, 1000] {
                help_at(&lines, line, column, Catalogue::built_in());
            }
        }
        let line = lines.len().saturating_sub(1);
        complete(&lines, line, 5, Catalogue::built_in(), &names());
        complete(&lines, line / 2, 9, Catalogue::built_in(), &names());
    });
}
