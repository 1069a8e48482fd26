//! Differences as a person sees them: what is shown around a change, what is marked, and what is never shown.

use serde_json::{Value, json};

use super::*;

/// The lines as a person would see them: `-`, `+`, `~` (by the server), ` `, and `…` for what is left out.
fn shown(lines: &[DiffLine]) -> String {
    let mut text = String::new();
    for line in lines {
        let sign = match line.kind {
            LineKind::Same => ' ',
            LineKind::Added => '+',
            LineKind::AddedByServer => '~',
            LineKind::Removed => '-',
            LineKind::Skipped(count) => {
                text += &format!("… {count} in {}\n", line.path);
                continue;
            }
        };
        text += &format!("{sign}{}\n", line.text);
    }
    text
}

fn cronjob() -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": { "name": "report", "namespace": "data", "labels": { "app": "report" }, "uid": "u" },
        "spec": {
            "concurrencyPolicy": "Forbid", "failedJobsHistoryLimit": 1, "schedule": "0 2 * * *",
            "jobTemplate": { "spec": { "backoffLimit": 3, "template": { "spec": {
                "containers": [
                    { "name": "main", "image": "busybox:1.35", "args": ["a", "b", "c", "d"], "env": [
                        { "name": "A", "value": "1" }, { "name": "B", "value": "2" }, { "name": "C", "value": "3" },
                    ], "resources": { "limits": { "cpu": "1", "memory": "1Gi" } }, "tty": false, "workingDir": "/" },
                    { "name": "side", "image": "busybox:1.35" },
                ],
                "restartPolicy": "Never",
            } } } },
        },
        "status": { "active": [] },
    })
}

fn changed(change: impl Fn(&mut Value)) -> Value {
    let mut object = cronjob();
    change(&mut object);
    object
}

#[test]
fn nothing_is_shown_where_nothing_differs() {
    let other_version = changed(|object| object["metadata"]["resourceVersion"] = json!("2"));
    assert_eq!(diff(Some(&cronjob()), None, Some(&other_version)), []);
    assert_eq!(diff(None, None, None), []);
}

#[test]
fn a_change_is_shown_with_what_it_lies_in() {
    let after = changed(|object| {
        object["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] =
            json!("2Gi");
    });
    let lines = diff(Some(&cronjob()), Some(&after), Some(&after));
    let wanted = "\
… 7 in 
 spec:
… 2 in spec
   jobTemplate:
     spec:
       backoffLimit: 3
       template:
         spec:
           containers:
           - args:
… 12 in spec.jobTemplate.spec.template.spec.containers[0]
             name: main
             resources:
               limits:
                 cpu: \"1\"
-                memory: 1Gi
+                memory: 2Gi
             tty: false
             workingDir: /
           - image: busybox:1.35
… 3 in spec
";
    assert_eq!(shown(&lines), wanted);
}

#[test]
fn words_that_differ_are_marked_in_lines_that_pair() {
    let after = changed(|object| object["spec"]["schedule"] = json!("30 2 * * *"));
    let lines = diff(Some(&cronjob()), None, Some(&after));
    let words: Vec<(LineKind, Vec<&str>)> = lines
        .iter()
        .filter(|line| line.is_change())
        .map(|line| (line.kind, line.marks.iter().map(|mark| &line.text[mark.clone()]).collect()))
        .collect();
    assert_eq!(words, [(LineKind::Removed, vec!["0"]), (LineKind::Added, vec!["30"])]);
}

#[test]
fn what_the_server_adds_is_told_from_what_was_asked_for() {
    let sent = json!({ "kind": "Job", "metadata": { "name": "j" }, "spec": { "parallelism": 2, "template": { "spec": {
        "containers": [{ "name": "c", "image": "busybox" }] } } } });
    let mut after = sent.clone();
    after["spec"]["backoffLimit"] = json!(6);
    after["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("Always");
    after["spec"]["template"]["spec"]["containers"][0]["image"] = json!("mirror.example.com/busybox");
    let wanted = "\
+kind: Job
+metadata:
+  name: j
+spec:
~  backoffLimit: 6
+  parallelism: 2
+  template:
+    spec:
+      containers:
~      - image: mirror.example.com/busybox
~        imagePullPolicy: Always
+        name: c
";
    assert_eq!(shown(&diff(None, Some(&sent), Some(&after))), wanted);
}

#[test]
fn a_creation_adds_every_line_and_a_deletion_removes_every_line() {
    let object = json!({ "kind": "Job", "metadata": { "name": "j" } });
    assert_eq!(shown(&diff(None, None, Some(&object))), "+kind: Job\n+metadata:\n+  name: j\n");
    assert_eq!(shown(&diff(Some(&object), None, None)), "-kind: Job\n-metadata:\n-  name: j\n");
}

#[test]
fn scripts_differ_line_by_line() {
    let job = |script: &str| json!({ "command": ["sh", "-c", script], "image": "x" });
    let script = "set -e\necho one\n\nfor x in 1 2; do\n  - odd\n  name: $x\ndone\necho end\n";
    let lines = diff(Some(&job(script)), None, Some(&job(&script.replace("name: $x", "name: ${x}"))));
    let wanted = " command:
… 2 in command
 - |
… 2 in command[2]
   \n   for x in 1 2; do
     - odd
-    name: $x
+    name: ${x}
   done
   echo end
 image: x
";
    assert_eq!(shown(&lines), wanted);
}

#[test]
fn rows_of_two_sides_pair_the_same_keys() {
    let before = json!({ "spec": { "a": 1, "b": 2, "c": 3 } });
    let after = json!({ "spec": { "b": 5, "c": 6, "d": 7 } });
    let lines = diff(Some(&before), None, Some(&after));
    let text = |at: Option<usize>| at.map_or("", |at| lines[at].text.trim());
    let rows: Vec<_> = pairs(&lines).into_iter().map(|(old, new)| (text(old), text(new))).collect();
    assert_eq!(rows, [("spec:", "spec:"), ("a: 1", ""), ("b: 2", "b: 5"), ("c: 3", "c: 6"), ("", "d: 7")]);
}

#[test]
fn every_line_is_in_one_row() {
    let after = changed(|object| {
        object["spec"]["schedule"] = json!("1 1 1 1 *");
        object["spec"]["jobTemplate"]["spec"] = json!({ "template": {}, "completions": 3 });
    });
    let lines = diff(Some(&cronjob()), Some(&after), Some(&after));
    let mut seen: Vec<usize> = Vec::new();
    for (old, new) in pairs(&lines) {
        seen.extend(old);
        seen.extend(new.filter(|new| old != Some(*new)));
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..lines.len()).collect::<Vec<_>>());
}

#[test]
fn values_of_secrets_are_in_no_difference() {
    let secret = |password: &str| json!({ "kind": "Secret", "metadata": { "name": "s" }, "data": { "password": password, "user": "cm9vdA==" } });
    let (before, after) = (secret("b2xkLXBhc3N3b3Jk"), secret("bmV3LXBhc3N3b3JkIQ=="));
    let sent = json!({
        "kind": "Secret", "metadata": { "name": "s" }, "data": { "user": "cm9vdA==" },
        "stringData": { "password": "new-password!" },
    });
    let wanted = " data:
-  password: (hidden, 12 bytes)
+  password: (hidden, changed, 13 bytes)
   user: (hidden, 4 bytes)
 kind: Secret
 metadata:
   name: s
";
    assert_eq!(shown(&diff(Some(&before), Some(&sent), Some(&after))).replace('"', ""), wanted);
    let plain = shown(&diff(Some(&before), None, Some(&sent)));
    assert!(!plain.contains("new-password") && plain.contains("(hidden, 13 bytes)"), "{plain}");
}
