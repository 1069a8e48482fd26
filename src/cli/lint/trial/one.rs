//! One object on trial: the Job and the pod that would come of it, and what is made of the cluster's words. It asks nothing.

use serde_json::{Value, json};

use crate::manifest::lint::{FieldChange, Question, Said};
use crate::manifest::{Path, Severity, Step, assign};
use crate::model::key::{Kind, Uid};
use crate::model::owner::Subject;
use crate::triage::{Finding, Known, crowd, no_node, refusal};

/// An object on trial.
pub(super) struct Trial {
    pub(super) question: Question,
    /// The Job itself, or the one that the CronJob would make.
    pub(super) job: Value,
    /// The Job's, by which its row is found.
    pub(super) uid: Uid,
    /// A pod of its template; as the server would keep it, once it has taken it.
    pub(super) pod: Value,
    /// There is something that pods could be made from.
    pub(super) has_template: bool,
    /// What the cluster said so far.
    pub(super) said: Vec<Said>,
}

impl Trial {
    pub(super) fn new(at: usize, question: Question) -> Self {
        let object = &question.object;
        let template = if object["kind"] == "CronJob" { &object["spec"]["jobTemplate"] } else { object };
        let metadata = &object["metadata"];
        // The server would complete a generated name: it stands in labels, which may not end with a dash.
        let generated = || metadata["generateName"].as_str().map(|start| format!("{start}trial"));
        let name = metadata["name"].as_str().map(str::to_owned).or_else(generated).unwrap_or_default();
        let (namespace, uid) = (question.namespace.as_str(), format!("trial-{at}"));
        let labels = &template["metadata"]["labels"];
        let job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "spec": template["spec"],
            "metadata": { "name": name, "namespace": namespace, "uid": uid, "labels": labels },
        });
        let template = &template["spec"]["template"];
        let has_template = template["spec"]["containers"].as_array().is_some_and(|all| !all.is_empty());
        let mut labels =
            Some(&template["metadata"]["labels"]).filter(|one| one.is_object()).cloned().unwrap_or_default();
        for key in ["batch.kubernetes.io/job-name", "job-name"] {
            labels[key] = json!(name);
        }
        let annotations = &template["metadata"]["annotations"];
        // As the Job controller makes it: rules of the cluster may look at whose it is.
        let owner = json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": true }]);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {
                "generateName": format!("{name}-"), "namespace": namespace, "ownerReferences": owner,
                "labels": labels, "annotations": annotations,
            },
        });
        Self { uid: Uid::new(&uid), question, job, pod, has_template, said: Vec::new() }
    }

    /// Whether one of these rules wants to hear what the cluster says.
    pub(super) fn wants(&self, rules: &[&str]) -> bool {
        self.question.rules.iter().any(|rule| rules.contains(rule))
    }

    pub(super) fn has_said(&self, lint: &str) -> bool {
        self.said.iter().any(|said| said.lint == lint)
    }

    pub(super) fn say(&mut self, lint: &'static str, severity: Severity, path: Path, message: impl Into<String>) {
        self.said.push(Said { lint, severity, path, message: message.into(), changes: Vec::new() });
    }

    /// What triage would set in a Job to mend this, in the object's own fields. None of what it cannot tell.
    fn changes(&self, finding: &Finding) -> Vec<FieldChange> {
        let argument = finding.fixes.iter().find_map(|fix| fix.call.as_ref().map(|call| call.argument.as_str()));
        let Some(assigned) = argument.and_then(|changes| assign(&self.job, changes).ok()) else { return Vec::new() };
        let below = if self.question.object["kind"] == "CronJob" { "spec.jobTemplate" } else { "" };
        let change = |path: &Path| {
            let value = path.0.iter().try_fold(&assigned.object, |value, step| match step {
                Step::Key(key) => value.get(key),
                Step::Index(index) => value.get(index),
            });
            let steps = Path::parse(below).0.into_iter().chain(path.0.iter().cloned());
            FieldChange { path: Path(steps.collect()), value: value.cloned() }
        };
        assigned.paths.iter().map(change).collect()
    }

    /// Takes in that the server finds fields of a pod invalid. Where the object was taken, something filled them in: the
    /// default of a LimitRange, a webhook.
    pub(super) fn hear_fields(&mut self, fields: Vec<(String, String)>) {
        for (field, words) in fields {
            let path = self.at(field.strip_prefix("spec.").unwrap_or_default());
            self.say("L208", Severity::Error, path, format!("the server takes no pod of it: {field}: {words}"));
        }
    }

    /// A field of the pods' spec.
    fn at(&self, field: &str) -> Path {
        let job = if self.question.object["kind"] == "CronJob" { "spec.jobTemplate.spec" } else { "spec" };
        Path::parse(&format!("{job}.template.spec.{field}"))
    }

    /// What the only container asks for, or all of them.
    fn resources(&self) -> Path {
        // The pod may have more by now, which others put in.
        let containers = self.job["spec"]["template"]["spec"]["containers"].as_array().map_or(0, Vec::len);
        self.at(if containers == 1 { "containers[0].resources" } else { "containers" })
    }

    /// What the quotas and the nodes say, which were read.
    pub(super) fn look_around(&mut self, known: Known<'_>) {
        if !self.has_template {
            return;
        }
        let spec = &self.job["spec"];
        let at_once = spec["parallelism"].as_i64().unwrap_or(1);
        let wanted = spec["completions"].as_i64().map_or(at_once, |all| at_once.min(all));
        let crowd = crowd(known.snapshot, &self.question.namespace, &self.pod, wanted);
        if let Some(crowd) = crowd.filter(|_| self.wants(&["L202"]) && !self.has_said("L202")) {
            let severity = if crowd.fits == 0 { Severity::Error } else { Severity::Warning };
            self.say("L202", severity, self.resources(), crowd.words);
        }
        if let Some(words) = no_node(known, &self.pod["spec"]).filter(|_| self.wants(&["L205"])) {
            self.say("L205", Severity::Warning, self.at(""), words);
        }
    }

    /// Takes in what the server says to a pod. True where it is to be tried again, without what is missing: whether that
    /// is there is another rule's.
    pub(super) fn hear(&mut self, known: Known<'_>, words: &str) -> bool {
        let subject = Subject { kind: Kind::Job, uid: self.uid };
        let Some(finding) = refusal(known, subject, words) else {
            self.say("L208", Severity::Error, self.at(""), format!("the server takes no pod of it: {words}"));
            return false;
        };
        let spec = &mut self.pod["spec"];
        match finding.rule.0 {
            "T012" if spec["serviceAccountName"] != "default" => {
                spec["serviceAccountName"] = json!("default");
                spec["serviceAccount"].take();
                return true;
            }
            "T013" if !(spec["priorityClassName"].is_null() && spec["runtimeClassName"].is_null()) => {
                spec["priorityClassName"].take();
                spec["runtimeClassName"].take();
                return true;
            }
            _ => {}
        }
        let (lint, path) = match finding.rule.0 {
            "T006" | "T007" => ("L202", self.resources()),
            "T008" => ("L203", self.resources()),
            "T009" => ("L204", self.at("securityContext")),
            _ => ("L208", self.at("")),
        };
        // To ask for what a quota has left just now is no advice for a file.
        let changes = if finding.rule.0 == "T006" { Vec::new() } else { self.changes(&finding) };
        let message = finding.verdict.trim_end_matches('.').to_owned();
        self.said.push(Said { lint, severity: Severity::Error, path, message, changes });
        false
    }
}
