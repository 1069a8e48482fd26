//! Rules fire where they must and nowhere else, and their fixes mend what they found.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::manifest::path::Step;
use crate::manifest::problem::edited;
use crate::manifest::samples::{SAMPLES, for_mutilated};
use crate::manifest::to_yaml;
use crate::model::fact::{Answer, Fact, Need};
use cases::{CASES, Case};

mod cases;
mod of_cluster;

/// The twenty-first of November 2026: clocks change in half a year's reach of it.
fn now() -> Time {
    Time::parse("2026-11-21T12:00:00Z").unwrap()
}

fn findings_of(text: &str) -> Vec<LintFinding> {
    let linted = lint(text, Catalogue::built_in(), now());
    assert!(linted.problems.is_empty(), "{text}: {:?}", linted.problems);
    linted.findings
}

/// The rules that fired with their fields.
fn fired(text: &str) -> BTreeSet<(String, String)> {
    findings_of(text).iter().map(|one| (one.lint.id.to_owned(), one.path.to_string())).collect()
}

#[test]
fn samples_have_the_findings_that_are_expected_of_them() {
    type Expected = BTreeMap<String, BTreeMap<String, Vec<String>>>;
    let expected: Expected = serde_yaml::from_str(include_str!("../../../tests/fixtures/expected-lint.yaml")).unwrap();
    assert_eq!(expected.len(), SAMPLES.len());
    for (name, text) in SAMPLES {
        let wanted = expected[&format!("{name}.yaml")].iter();
        let wanted = wanted.flat_map(|(id, paths)| paths.iter().map(|path| (id.clone(), path.clone())));
        assert_eq!(fired(text), wanted.collect(), "{name}");
        assert_eq!(fired(text).len(), findings_of(text).len(), "{name}: each field once");
    }
}

const JOB: &str = "
apiVersion: batch/v1
kind: Job
metadata: { name: j }
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 3600
  ttlSecondsAfterFinished: 86400
  template:
    metadata: { labels: { app.kubernetes.io/name: j } }
    spec:
      restartPolicy: Never
      serviceAccountName: j
      automountServiceAccountToken: false
      securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
      containers:
      - name: main
        image: busybox:1.36
        command: [echo, done]
        resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { cpu: 1, memory: 256Mi } }
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities: { drop: [ALL] }
";

/// A manifest that no rule has anything to say to.
fn good(is_cronjob: bool) -> Value {
    let mut job = parse(JOB).documents.remove(0).object;
    if !is_cronjob {
        return job;
    }
    let mut spec = job["spec"].take();
    spec.as_object_mut().unwrap().remove("ttlSecondsAfterFinished");
    json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": { "name": "c" },
        "spec": {
            "schedule": "17 4 * * *",
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 600,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": { "spec": spec },
        },
    })
}

/// A path with the letters of the cases in full.
fn full(path: &str, is_cronjob: bool) -> String {
    let job = if is_cronjob { "spec.jobTemplate.spec" } else { "spec" };
    match path.split_at(1) {
        ("J", rest) if rest.starts_with('.') => format!("{job}{rest}"),
        ("P", rest) if rest.starts_with('.') => format!("{job}.template.spec{rest}"),
        ("C", rest) if rest.starts_with('.') => format!("{job}.template.spec.containers[0]{rest}"),
        _ => path.to_owned(),
    }
}

/// A good manifest with these changes.
fn changed(changes: &[&str], is_cronjob: bool) -> String {
    let mut object = good(is_cronjob);
    for change in changes {
        let (path, value) = change.split_once(" = ").unwrap();
        let value = parse(value).documents.pop().map(|one| one.object);
        let change = FieldChange { path: Path::parse(&full(path, is_cronjob)), value };
        if change.value.is_some() || object.pointer(&pointer(&change.path)).is_some() {
            let fix = LintFix::new(&object, &Path::default(), vec![change]).unwrap_or_else(|| panic!("{path}"));
            json_patch::patch(&mut object, &fix.patch).unwrap();
        }
    }
    to_yaml(&object)
}

fn pointer(path: &Path) -> String {
    let step = |step: &Step| match step {
        Step::Key(key) => format!("/{}", key.replace('/', "~1")),
        Step::Index(index) => format!("/{index}"),
    };
    path.0.iter().map(step).collect()
}

#[test]
fn a_good_manifest_has_no_finding() {
    for is_cronjob in [false, true] {
        assert_eq!(fired(&changed(&[], is_cronjob)), BTreeSet::new());
    }
}

#[test]
fn rules_fire_at_their_field_and_spare_what_looks_alike() {
    for Case { id, fires, path, spares, is_cronjob } in CASES {
        let wanted = ((*id).to_owned(), full(path, *is_cronjob));
        let found = fired(&changed(fires, *is_cronjob));
        assert!(found.contains(&wanted), "{fires:?}: {found:?}");
        let found = fired(&changed(spares, *is_cronjob));
        assert!(found.iter().all(|(other, _)| other != id), "{id} does not spare {spares:?}: {found:?}");
    }
}

#[test]
fn every_rule_has_a_case_and_every_case_a_rule() {
    let ids: Vec<&str> = all().map(|lint| lint.id).collect();
    // Rules that look at a cluster have tests of their own.
    let ids_of_manifests: BTreeSet<&str> = ids.iter().copied().filter(|id| *id < "L200").collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), ids.len());
    let cases: BTreeSet<&str> = CASES.iter().map(|case| case.id).chain(["L110"]).collect();
    assert_eq!(cases, ids_of_manifests);
    let names: BTreeSet<&str> = all().map(|lint| lint.name).collect();
    assert_eq!(names.len(), ids.len());
    for lint in all() {
        assert!(
            lint.help.ends_with('.') && lint.help.starts_with(|one: char| one.is_uppercase() || one == '`'),
            "{}",
            lint.id
        );
        assert_eq!(named(lint.name).map(|one| one.id), named(&lint.id.to_lowercase()).map(|one| one.id));
    }
}

/// What is an error in a manifest.
fn errors(text: &str) -> BTreeSet<(String, String)> {
    let errors = findings_of(text).into_iter().filter(|one| one.severity == Severity::Error);
    errors.map(|one| (one.lint.id.to_owned(), one.path.to_string())).collect()
}

#[test]
fn fixes_mend_what_they_are_for_and_break_nothing() {
    let cases = CASES.iter().map(|case| changed(case.fires, case.is_cronjob));
    let mut mended = BTreeSet::new();
    for text in SAMPLES.iter().map(|(_, text)| (*text).to_owned()).chain(cases) {
        let object = parse(&text).documents.remove(0).object;
        let before = errors(&text);
        for finding in findings_of(&text) {
            let (id, path) = (finding.lint.id, finding.path.to_string());
            let Some(fix) = finding.fix else { continue };
            mended.insert(id);
            let mut fixed = object.clone();
            json_patch::patch(&mut fixed, &fix.patch).unwrap();
            let fixed = to_yaml(&fixed);
            assert!(!fired(&fixed).contains(&(id.to_owned(), path.clone())), "{id} {path}: {}\n{fixed}", fix.title);
            // What was of the wrong type is looked at by all rules once it has the right one.
            let is_whole = !before.iter().any(|(id, _)| id == "L011");
            let new: Vec<_> = errors(&fixed).difference(&before).cloned().collect();
            assert!(new.is_empty() || !is_whole, "{id} {path}: {}: {new:?}", fix.title);
        }
    }
    let without: Vec<&str> = all().map(|lint| lint.id).filter(|id| !mended.contains(id)).collect();
    let decided_by_people = [
        "L010", "L013", "L015", "L017", "L031", "L046", "L047", "L048", "L050", "L070", "L071", "L080", "L087", "L088",
        "L111", "L200", "L201", "L202", "L203", "L204", "L205", "L206", "L207", "L208",
    ];
    assert_eq!(without.iter().collect::<BTreeSet<_>>(), decided_by_people.iter().collect());
}

#[test]
fn fixes_one_after_the_other_come_to_an_end() {
    for (name, text) in SAMPLES {
        let (mut text, mut done) = ((*text).to_owned(), Vec::new());
        while let Some((id, fix)) = findings_of(&text).into_iter().find_map(|one| Some((one.lint.id, one.fix?))) {
            let mut object = parse(&text).documents.remove(0).object;
            json_patch::patch(&mut object, &fix.patch).unwrap();
            text = to_yaml(&object);
            done.push(id);
            assert!(done.len() < 50, "{name}: {done:?}");
        }
    }
}

#[test]
fn fixes_of_what_is_fixed_in_a_live_job_say_so() {
    let frozen = |is_frozen: bool| -> BTreeSet<&str> {
        let jobs = CASES.iter().filter(|case| !case.is_cronjob);
        let fixes = jobs.flat_map(|case| {
            let found = findings_of(&changed(case.fires, false)).into_iter();
            found.filter(|one| one.lint.id == case.id).filter_map(|one| Some((one.lint.id, one.fix?.is_frozen)))
        });
        fixes.filter(|(_, is)| *is == is_frozen).map(|(id, _)| id).collect()
    };
    for id in ["L001", "L014", "L026", "L027", "L028", "L032", "L060", "L081", "L086", "L100", "L104", "L107", "L112"] {
        assert!(frozen(true).contains(id), "{id}");
    }
    for id in ["L002", "L020", "L021", "L022", "L023", "L024", "L025", "L029", "L030", "L033"] {
        assert!(frozen(false).contains(id) && !frozen(true).contains(id), "{id}");
    }
    for case in CASES.iter().filter(|case| case.is_cronjob) {
        let mut fixes = findings_of(&changed(case.fires, true)).into_iter().filter_map(|one| one.fix);
        assert!(!fixes.any(|fix| fix.is_frozen), "{}: a CronJob makes new Jobs", case.id);
    }
}

#[test]
fn octal_modes_are_seen_in_the_text_as_it_was_written() {
    let text = |mode: &str| {
        format!(
            "{JOB}      volumes:\n      - name: a\n        secret: {{ secretName: s, items: [{{ key: k, path: p, mode: {mode} }}] }}\n"
        )
    };
    let found = findings_of(&text("0400"));
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert_eq!((finding.lint.id, finding.path.to_string().as_str()), ("L110", "spec.template.spec.volumes"));
    assert!(text("0400").lines().nth(finding.place.line).unwrap().contains("mode: 0400"));
    assert_eq!(finding.fix.as_ref().unwrap().changes[0].value, Some(json!(256)));
    for mode in ["256", "0", "0o400", "null"] {
        assert_eq!(fired(&text(mode)), BTreeSet::new(), "{mode}");
    }
}

#[test]
fn severities_follow_what_is_at_stake() {
    let severity = |id: &str, changes: &[&str], is_cronjob: bool| {
        let found = findings_of(&changed(changes, is_cronjob));
        found.iter().find(|one| one.lint.id == id).unwrap_or_else(|| panic!("{changes:?}")).severity
    };
    let by_name = "P.topologySpreadConstraints = [{labelSelector: {matchLabels: {job-name: j}}}]";
    assert_eq!(severity("L100", &[by_name], false), Severity::Note);
    assert_eq!(severity("L100", &[by_name, "metadata.name = k"], false), Severity::Warning);
    assert_eq!(severity("L100", &[by_name], true), Severity::Warning);
    assert_eq!(severity("L043", &["spec.failedJobsHistoryLimit = null"], true), Severity::Note);
    assert_eq!(severity("L043", &["spec.failedJobsHistoryLimit = 0"], true), Severity::Warning);
}

#[test]
fn numbers_in_fixes_follow_the_manifest() {
    let title = |id: &str, changes: &[&str], is_cronjob: bool| {
        let found = findings_of(&changed(changes, is_cronjob)).into_iter().find(|one| one.lint.id == id);
        found.and_then(|one| one.fix).unwrap_or_else(|| panic!("{changes:?}")).title
    };
    let often = "spec.schedule = '*/5 * * * *'";
    let of_cronjob = [
        ("L020", vec![often, "J.activeDeadlineSeconds = null"], "set it to 270"),
        ("L041", vec![often, "spec.startingDeadlineSeconds = null"], "set it to 150"),
        ("L003", vec!["spec.schedule = 17 4 * * 5-7"], "set it to 17 4 * * 5-6,0"),
        (
            "L004",
            vec!["spec.schedule = TZ=Asia/Tokyo 17 4 * * *"],
            "set it to 17 4 * * *, set spec.timeZone to Asia/Tokyo",
        ),
        ("L005", vec!["spec.timeZone = europe/berlin"], "set it to Europe/Berlin"),
        ("L049", vec!["spec.schedule = '@daily'"], "set it to 41 0 * * *"),
    ];
    for (id, changes, wanted) in of_cronjob {
        assert_eq!(title(id, &changes, true), wanted);
    }
    let indexed = ["J.completionMode = Indexed", "J.completions = 40"];
    assert_eq!(title("L028", &indexed, false), "set it to 2, set spec.maxFailedIndexes to 4, remove spec.backoffLimit");
    assert_eq!(title("L029", &["J.activeDeadlineSeconds = 69"], false), "set it to 2");
    assert_eq!(
        title("L012", &["J.backofLimit = 1", "J.backoffLimit = null"], false),
        "remove it, set spec.backoffLimit to 1"
    );
    assert_eq!(title("L072", &["C.image = Team/App:V1"], false), "set it to team/app:V1");
    assert_eq!(
        title("L109", &["C.command = [bash, -c, a | b]"], false),
        "set spec.template.spec.containers[0].command[2] to set -euo pipefail; a | b"
    );
}

#[test]
fn objects_are_found_in_documents_and_lists_and_others_left_alone() {
    let job = "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {containers: []}}}}";
    let text = format!(
        "kind: ConfigMap\ndata: {{ A: b }}\n---\napiVersion: v1\nkind: List\nitems:\n- {job}\n- kind: Pod\n---\n{job}\n\
         ---\napiVersion: batch.volcano.sh/v1alpha1\nkind: Job\n"
    );
    let linted = lint(&text, Catalogue::built_in(), now());
    let places: Vec<(usize, &str)> = linted
        .findings
        .iter()
        .filter(|one| one.lint.id == "L017")
        .map(|one| (one.place.line, one.object.as_str()))
        .collect();
    assert_eq!((linted.objects, places), (2, vec![(6, "job/a"), (9, "job/a")]));
    let broken = lint(&format!("a: [\n---\n{job}\n"), Catalogue::built_in(), now());
    assert_eq!((broken.objects, broken.problems.len()), (1, 1));
}

#[test]
fn secrets_are_not_repeated() {
    let found = findings_of(&changed(
        &["C.env = [{name: DB_PASSWORD, value: hunter2}, {name: DB, value: 'a://b:hunter2@c'}]"],
        false,
    ));
    assert!(found.len() == 2 && !format!("{found:?}").contains("hunter2"), "{found:?}");
}

#[test]
fn no_text_makes_it_fail() {
    for_mutilated(|text| drop(lint(text, Catalogue::built_in(), now())));
}

/// Texts that rules have something to say to: samples as they were written, and each case as kubectl prints it.
fn texts() -> impl Iterator<Item = String> {
    let cases = CASES.iter().map(|case| changed(case.fires, case.is_cronjob));
    SAMPLES.iter().map(|(_, text)| (*text).to_owned()).chain(cases)
}

#[test]
fn edits_of_the_text_do_what_the_patch_does_to_the_object() {
    let mut without = BTreeSet::new();
    for text in texts() {
        let object = parse(&text).documents.remove(0).object;
        for finding in findings_of(&text) {
            let Some(fix) = finding.fix else { continue };
            if fix.edits.is_empty() {
                without.insert((finding.lint.id, text.clone()));
                continue;
            }
            let mut fixed = object.clone();
            json_patch::patch(&mut fixed, &fix.patch).unwrap();
            let edited = edited(&text, &fix.edits);
            assert_eq!(parse(&edited).documents[0].object, fixed, "{}: {}\n{edited}", finding.lint.id, fix.title);
        }
    }
    let without: Vec<_> = without.iter().map(|(id, text)| format!("{id}:\n{text}")).collect();
    assert!(without.is_empty(), "these have a fix and no edits: {}", without.join("\n"));
}

#[test]
fn after_all_fixes_no_finding_has_one_and_what_nobody_asked_to_change_is_there() {
    for (_, text) in SAMPLES {
        let all = |text: &str| mend(text, Catalogue::built_in(), now(), |_| true);
        let Mended { text: fixed, done } = all(text);
        let left: Vec<_> = findings_of(&fixed).into_iter().filter(|one| one.fix.is_some()).collect();
        assert!(left.is_empty(), "{done:#?}\n{fixed}\n{left:#?}");
        assert_eq!(all(&fixed), Mended { text: fixed.clone(), done: Vec::new() });
        let comments = |text: &str| {
            let lines = text.lines().filter(|line| line.trim_start().starts_with('#'));
            lines.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        assert!(comments(text).is_subset(&comments(&fixed)), "{fixed}");
    }
}

#[test]
fn fixes_of_one_object_leave_the_others_of_a_text_alone() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  ttlSecondsAfterFinished: 5 # soon\n";
    let text = format!("# first\n{job}---\nkind: ConfigMap\ndata:\n    a: 1\n---\n{job}");
    let mended =
        mend(&text, Catalogue::built_in(), now(), |finding| finding.lint.id == "L022" && finding.place.line > 9);
    let at = text.rfind("5 # soon").unwrap();
    assert_eq!(mended.text, format!("{}3600 # soon\n", &text[..at]));
    assert_eq!(mended.done, ["L022 job/a: set spec.ttlSecondsAfterFinished to 3600"]);
}

/// A Job that names what a cluster may have.
const NAMING: &str = "
apiVersion: batch/v1
kind: Job
metadata: { name: j, namespace: data }
spec:
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: loader
      priorityClassName: low
      runtimeClassName: gvisor
      volumes:
      - { name: a, persistentVolumeClaim: { claimName: disk } }
      - { name: b, configMap: { name: settings, items: [{ key: k, path: p }] } }
      - { name: c, secret: { secretName: login } }
      - { name: d, projected: { sources: [{ configMap: { name: more } }, { secret: { name: maybe, optional: true } }] } }
      containers:
      - name: main
        image: busybox:1.36
        envFrom: [{ secretRef: { name: all } }]
        env:
        - { name: A, valueFrom: { configMapKeyRef: { name: settings, key: a } } }
        - { name: B, valueFrom: { secretKeyRef: { name: login, key: b } } }
";

/// What rules that look at a cluster say, once all that they ask for is answered.
fn told_in(text: &str, seen: &mut Seen, answer: impl Fn(&str, &str) -> Fact) -> Vec<String> {
    lint_in(text, Catalogue::built_in(), now(), seen, |_| true);
    for need in seen.needs() {
        let Need::Object(address) = &need else { panic!("{need:?}") };
        let is_of_cluster = address.kind.ends_with("Class");
        assert_eq!(address.namespace, if is_of_cluster { "" } else { "data" }, "{address:?}");
        let fact = answer(&address.kind, &address.name);
        seen.take(need, Answer::Object(fact));
    }
    let found = lint_in(text, Catalogue::built_in(), now(), seen, |_| true).findings;
    assert_eq!(seen.needs(), [], "all is answered");
    let told = found.into_iter().filter(|one| one.lint.id >= "L200");
    told.map(|one| format!("{} {}: {}", one.lint.id, one.path.end(1), one.message)).collect()
}

#[test]
fn what_a_manifest_names_is_looked_for_in_its_namespace() {
    let told = told_in(NAMING, &mut Seen::new("other"), |_, _| Fact::Missing);
    assert_eq!(told.len(), 10, "{told:#?}");
    for wanted in [
        "L200 serviceAccountName: there is no service account `loader` in namespace data: no pod may be created",
        "L201 priorityClassName: there is no priority class `low`: no pod may be created",
        "L201 runtimeClassName: there is no runtime class `gvisor`: no pod may be created",
        "L201 claimName: there is no claim `disk` in namespace data: the pods find no node",
        "L201 secretName: there is no Secret `login` in namespace data: the containers cannot start",
        "L201 name: there is no ConfigMap `more` in namespace data: the containers cannot start",
        "L201 name: there is no Secret `all` in namespace data: the containers cannot start",
    ] {
        assert!(told.iter().any(|one| one == wanted), "{wanted}: {told:#?}");
    }
    assert!(!told.iter().any(|one| one.contains("maybe")), "it may be missing");
}

#[test]
fn what_is_there_is_no_finding_but_for_a_key_that_it_lacks() {
    let there = |_: &str, _: &str| Fact::Found(json!({ "data": { "k": "" }, "binaryData": { "b": "" } }));
    let told = told_in(NAMING, &mut Seen::new("other"), there);
    assert_eq!(told, ["L201 key: ConfigMap `settings` in namespace data has no key `a`: the containers cannot start"]);
}

#[test]
fn what_cannot_be_read_is_no_finding_and_is_told() {
    let mut seen = Seen::new("data");
    assert_eq!(told_in(NAMING, &mut seen, |_, _| Fact::Unreadable("cannot get it: forbidden".to_owned())), [""; 0]);
    assert_eq!(seen.unread(), ["cannot get it: forbidden"]);
}

#[test]
fn what_comes_with_the_manifests_is_there() {
    let mut seen = Seen::new("data");
    seen.add(
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ServiceAccount, metadata: {name: loader}}\n",
    );
    seen.add("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: low}\n");
    let told = told_in(NAMING, &mut seen, |_, _| Fact::Missing);
    assert!(!told.iter().any(|one| one.contains("loader") || one.contains("low")), "{told:#?}");
    assert_eq!(told.len(), 8);
}

#[test]
fn without_a_cluster_nothing_is_said_of_it() {
    assert!(findings_of(NAMING).iter().all(|one| one.lint.id < "L200"));
}
