//! `kubatch lint`, as editors, hooks and CI use it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Local;
use crate::support::terminal::BINARY;

pub const TESTS: &[Local] = &[
    Local { name: "lint_cli::findings_are_written_as_compilers_do", run: findings_are_written_as_compilers_do },
    Local { name: "lint_cli::advice_is_shown_where_it_is_asked_for", run: advice_is_shown_where_it_is_asked_for },
    Local { name: "lint_cli::rules_are_left_out_by_flag_and_configuration", run: rules_are_left_out },
    Local { name: "lint_cli::what_cannot_be_read_is_told_and_the_rest_looked_at", run: what_cannot_be_read_is_told },
    Local { name: "lint_cli::json_has_fixes_as_patches", run: json_has_fixes_as_patches },
    Local { name: "lint_cli::sarif_has_rules_results_and_places", run: sarif_has_rules_results_and_places },
    Local { name: "lint_cli::fixes_are_written_back_and_nothing_else", run: fixes_are_written_back },
    Local { name: "lint_cli::nothing_of_a_file_reaches_the_terminal_as_more_than_text", run: text_is_made_safe },
    Local { name: "lint_cli::what_files_name_is_looked_for_in_the_cluster", run: what_files_name_is_looked_for },
    Local { name: "lint_cli::cluster_is_looked_at_as_what_a_person_would_write", run: cluster_is_looked_at },
];

/// Nothing is wrong with it but that no minute of its own is chosen.
const GOOD: &str = "
apiVersion: batch/v1
kind: CronJob
metadata: { name: report }
spec:
  schedule: 0 4 * * *
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 3
      activeDeadlineSeconds: 3600
      template:
        metadata: { labels: { app.kubernetes.io/name: report } }
        spec:
          restartPolicy: Never
          serviceAccountName: report
          automountServiceAccountToken: false
          securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
          containers:
          - name: main
            image: busybox:1.36
            resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { cpu: 1, memory: 256Mi } }
            securityContext:
              allowPrivilegeEscalation: false
              readOnlyRootFilesystem: true
              capabilities: { drop: [ALL] }
";

/// Runs `kubatch lint` in a folder, with this on stdin: exit code, stdout, stderr.
fn lints(folder: &Path, arguments: &str, stdin: &str) -> (i32, String, String) {
    let mut command = Command::new(BINARY);
    command.env_clear().env("HOME", folder).current_dir(folder).args(arguments.split_whitespace());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A refused command line is not read to its end.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn findings_are_written_as_compilers_do() {
    let bad =
        GOOD.replace("concurrencyPolicy: Forbid", "concurrencyPolicy: Allow").replace("name: report }", "name: r }");
    let folder = folder(&[("bad.yaml", &format!("kind: Pod\n---{bad}")), ("good.yml", GOOD), ("notes.txt", "a: [")]);
    let (code, out, told) = lints(folder.path(), "lint .", "");
    let wanted = "./bad.yaml:9:3: warning L040 runs may overlap: when one is slow the next starts beside it \
                  [spec.concurrencyPolicy]\n  fix: set it to Forbid\n2 objects: 0 errors, 1 warning, 2 info (--all shows it)\n";
    assert_eq!((code, out.as_str(), told.as_str()), (1, wanted, ""));
    let (code, out, told) = lints(folder.path(), "lint -", "kind: Jobb\napiVersion: batch/v1\n");
    assert_eq!((code, out.as_str()), (0, "0 objects: 0 errors, 0 warnings, 0 info\n"));
    assert!(told.contains("there is no Job and no CronJob"), "{told}");
    let (code, out, told) = lints(folder.path(), "lint good.yml -", "kind: Secret\n");
    assert_eq!(
        (code, out.as_str(), told.as_str()),
        (0, "1 object: 0 errors, 0 warnings, 1 info (--all shows it)\n", "")
    );
}

fn advice_is_shown_where_it_is_asked_for() {
    let (code, out, told) = lints(folder(&[]).path(), "lint --all -", GOOD);
    assert_eq!((code, told.as_str()), (0, ""), "advice is no failure");
    assert!(
        out.starts_with("stdin:6:3: info L049 ") && out.ends_with("\n1 object: 0 errors, 0 warnings, 1 info\n"),
        "{out}"
    );
}

fn rules_are_left_out() {
    let bad = GOOD.replace("concurrencyPolicy: Forbid", "suspend: true").replace("backoffLimit: 3", "backoffLimit: 10");
    let files = folder(&[("a.yaml", &bad), ("c.yaml", "lint: { off: [L024, concurrency-allow, L999] }")]);
    assert_eq!(lints(files.path(), "lint a.yaml", "").0, 1);
    let (code, out, _) = lints(files.path(), "lint a.yaml --disable l040,backoff-high -o json", "");
    assert_eq!((code, out.lines().count()), (0, 2), "{out}");
    let (code, _, told) = lints(files.path(), "lint a.yaml --config c.yaml", "");
    assert_eq!(code, 0);
    assert_eq!(told, "kubatch: lint.off has \"L999\": there is no such rule; they are numbered L001 to L208\n");
    let (code, out, told) = lints(files.path(), "lint a.yaml --disable L999", "");
    assert!(code == 2 && out.is_empty() && told.contains("there is no such rule"), "{told}");
}

fn what_cannot_be_read_is_told() {
    let broken = format!("{GOOD}---\na: [\n---{}", GOOD.replace("Etc/UTC", "Etc/UTX"));
    let folder = folder(&[("a.yaml", &broken)]);
    let (code, out, told) = lints(folder.path(), "lint a.yaml", "");
    assert_eq!(code, 2, "although there are findings as well");
    assert!(told.starts_with("kubatch: a.yaml:") && told.lines().count() == 1, "{told}");
    assert!(
        out.contains(" error L005 ") && out.contains("fix: set it to Etc/UTC\n") && out.contains("\n2 objects: "),
        "{out}"
    );
    for arguments in ["lint b.yaml", "lint a.yaml b.yaml", "lint", "lint --live a.yaml"] {
        let (code, out, told) = lints(folder.path(), arguments, "");
        assert!(code == 2 && out.is_empty() && !told.is_empty(), "{arguments}: {told}");
    }
}

fn json_has_fixes_as_patches() {
    let bad = GOOD
        .replace("  concurrencyPolicy: Forbid\n", "")
        .replace("allowPrivilegeEscalation: false", "privileged: true");
    let (code, out, _) = lints(folder(&[]).path(), "lint -o json -", &bad);
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = lines.iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!((code, ids), (1, vec!["L040", "L049", "L083", "L087"]));
    let wanted = serde_json::json!({
        "file": "stdin", "line": 5, "column": 1, "object": "cronjob/report",
        "id": "L040", "name": "concurrency-allow", "severity": "warning", "path": "spec.concurrencyPolicy",
        "message": "runs may overlap: when one is slow the next starts beside it",
        "fix": {
            "title": "set it to Forbid", "needsNewJob": false,
            "patch": [{ "op": "add", "path": "/spec/concurrencyPolicy", "value": "Forbid" }],
            "edits": [{ "line": 11, "column": 1, "endLine": 11, "endColumn": 1, "text": "  concurrencyPolicy: Forbid\n" }],
        },
    });
    assert_eq!(lines[0], wanted);
    assert_eq!(lines[3].get("fix"), None);
}

fn sarif_has_rules_results_and_places() {
    let files = folder(&[("a b.yaml", &GOOD.replace("Forbid", "Allow"))]);
    let run = |arguments: &str| {
        let mut command = Command::new(BINARY);
        command.env_clear().env("HOME", files.path()).current_dir(files.path()).args(arguments.split('|'));
        let output = command.output().unwrap();
        (output.status.code().unwrap(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, document) = run("lint|-o|sarif|a b.yaml");
    assert_eq!((code, &document["version"]), (1, &"2.1.0".into()));
    let run_of = &document["runs"][0];
    let (rules, results) = (&run_of["tool"]["driver"]["rules"], run_of["results"].as_array().unwrap());
    assert_eq!(results.len(), 2, "advice is part of it");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a%20b.yaml");
    }
    assert_eq!((&results[1]["ruleId"], &results[1]["level"]), (&"L040".into(), &"warning".into()));
    let region = &results[1]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(*region, serde_json::json!({ "startLine": 8, "startColumn": 3, "endColumn": 20 }));
    let wanted = serde_json::json!([{
        "description": { "text": "set it to Forbid" },
        "artifactChanges": [{
            "artifactLocation": { "uri": "a%20b.yaml" },
            "replacements": [{
                "deletedRegion": { "startLine": 8, "startColumn": 22, "endLine": 8, "endColumn": 27 },
                "insertedContent": { "text": "Forbid" },
            }],
        }],
    }]);
    assert_eq!(results[1]["fixes"], wanted);
    assert_eq!(run_of["invocations"][0]["executionSuccessful"], true);
    std::fs::write(files.path().join("c.yaml"), "a: [").unwrap();
    let (code, document) = run("lint|-o|sarif|.");
    let invocation = &document["runs"][0]["invocations"][0];
    assert_eq!((code, &invocation["executionSuccessful"]), (2, &false.into()));
    assert_eq!(invocation["toolExecutionNotifications"].as_array().unwrap().len(), 1);
}

fn fixes_are_written_back() {
    let bad =
        GOOD.replace("  concurrencyPolicy: Forbid\n", "  # as often as it likes\n").replace("busybox:1.36", "busybox");
    let files = folder(&[("bad.yaml", &bad), ("good.yaml", GOOD)]);
    let read = |name: &str| std::fs::read_to_string(files.path().join(name)).unwrap();
    let (code, out, told) = lints(files.path(), "lint --fix .", "");
    assert_eq!(told, "kubatch: ./bad.yaml: L040 cronjob/report: set spec.concurrencyPolicy to Forbid\n");
    assert!(code == 1 && out.contains(" L070 ") && !out.contains(" L040 "), "what nothing mends is told: {out}");
    let mended = bad.replace("HistoryLimit: 3\n  job", "HistoryLimit: 3\n  concurrencyPolicy: Forbid\n  job");
    assert_eq!((read("bad.yaml"), read("good.yaml")), (mended.clone(), GOOD.to_owned()));
    let (_, _, told) = lints(files.path(), "lint --fix .", "");
    assert_eq!((told.as_str(), read("bad.yaml")), ("", mended));
    // Advice is mended where it is shown.
    let (code, _, told) = lints(files.path(), "lint --fix --all good.yaml", "");
    assert!(code == 0 && told.contains(" L049 "), "{told}");
    let (code, out, told) = lints(files.path(), "lint --fix -", &bad);
    assert!(code == 2 && out.is_empty() && told.contains("stdin"), "{told}");
}

fn text_is_made_safe() {
    let hostile =
        GOOD.replace("Etc/UTC", "\"Etc\\e]0;title\\a\\u202e\"").replace("name: report }", "name: \"a\\e[2J\" }");
    let (code, out, told) = lints(folder(&[]).path(), "lint --all -", &hostile);
    assert!(code == 1 && out.contains(" error L005 "), "{out}");
    assert!(!out.contains(['\x1b', '\x07', '\u{202e}']) && told.is_empty(), "{out:?}");
}

fn cluster_is_looked_at() {
    let folder = folder(&[]);
    let (code, out, told) = lints(folder.path(), "--demo lint --live -A -o json", "");
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, told.as_str()), (1, ""));
    let has = |object: &str| lines.iter().any(|line| line["object"] == object);
    assert!(has("data/cronjob/vacuum-pg") && has("data/job/import-clicks"), "{out}");
    assert!(
        lines.iter().all(|line| line.get("line").is_none() && line["id"] != "L009" && line["id"] != "L011"),
        "{out}"
    );
    let (_, out, _) = lints(folder.path(), "--demo lint --live -n media", "");
    assert!(out.starts_with("media/") && !out.contains("data/"), "{out}");
}

fn what_files_name_is_looked_for() {
    let naming = GOOD.replace(
        "            image:",
        "            envFrom: [{ configMapRef: { name: settings } }]\n            image:",
    );
    let with = format!("{naming}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: settings }}\n");
    let files = folder(&[("a.yaml", &naming), ("b.yaml", &with)]);
    let (code, out, told) = lints(files.path(), "lint a.yaml", "");
    assert_eq!((code, told.as_str()), (0, ""), "{out}");
    let (code, out, told) = lints(files.path(), "--demo -n data lint --online a.yaml", "");
    assert_eq!((code, told.as_str()), (1, ""), "{out}");
    assert!(out.contains("error L200 there is no service account `report` in namespace data: no pod"), "{out}");
    assert!(out.contains("error L201 there is no ConfigMap `settings` in namespace data: the containers"), "{out}");
    let (_, out, _) = lints(files.path(), "--demo -n data lint --online b.yaml", "");
    assert!(out.contains(" L200 ") && !out.contains(" L201 "), "what comes with it is there: {out}");
    let (code, out, _) = lints(files.path(), "--demo -n data lint --online a.yaml --disable L200,L201", "");
    assert_eq!(code, 0, "{out}");
}
