//! A manifest as rules look at it: fields by their paths, whether they are there or not, a Job's the same way in a Job
//! and in a CronJob.

use serde_json::Value;

use super::fix::{FieldChange, LintFix};
use super::{Lint, LintFinding, Seen};
use crate::manifest::check::{Fault, source};
use crate::manifest::parse::Document;
use crate::manifest::path::{Path, Step};
use crate::manifest::problem::{Place, Severity};
use crate::model::clock::Time;
use crate::model::schedule::Schedule;

/// The label by which pods are told apart that belong to one piece of work.
pub(super) const NAME_LABEL: &str = "app.kubernetes.io/name";

/// A Job or a CronJob.
pub(super) struct Subject<'a> {
    pub(super) document: &'a Document,
    /// The lines of the whole text that it is in.
    lines: &'a [&'a str],
    pub(super) faults: &'a [Fault],
    pub(super) now: Time,
    /// What a cluster said; None where none was asked.
    pub(super) seen: Option<&'a Seen>,
    pub(super) is_cronjob: bool,
}

/// A value with the way to it; null where nothing stands there.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub(super) path: Path,
    pub(super) value: &'a Value,
}

/// What a rule says.
#[derive(Debug)]
pub(super) struct Draft {
    path: Path,
    /// Where it is shown, if not at its path.
    shown_at: Option<Path>,
    severity: Option<Severity>,
    message: String,
    changes: Vec<FieldChange>,
}

/// Whether a fault of the schema is a value of the wrong type. What stands in `status` is left over as a whole.
pub(super) fn is_wrong_type(fault: &Fault) -> bool {
    !fault.is_unknown && !is_of_status(fault)
}

/// Whether it is a fault in what the server writes.
pub(super) fn is_of_status(fault: &Fault) -> bool {
    matches!(fault.path.0.first(), Some(Step::Key(key)) if key == "status")
}

impl<'a> Subject<'a> {
    /// The object of a document; None unless it is a Job or a CronJob of Kubernetes.
    pub(super) fn new(
        document: &'a Document,
        lines: &'a [&'a str],
        faults: &'a [Fault],
        now: Time,
        seen: Option<&'a Seen>,
    ) -> Option<Self> {
        let group = document.object["apiVersion"].as_str().unwrap_or("batch/").split('/').next();
        let kind = document.object["kind"].as_str().filter(|_| matches!(group, Some("batch" | "extensions")))?;
        let is_cronjob = match kind {
            "Job" => false,
            "CronJob" => true,
            _ => return None,
        };
        Some(Self { document, lines, faults, now, seen, is_cronjob })
    }

    /// A field of the object, by its keys with points between them.
    pub(super) fn at(&self, keys: &str) -> Field<'a> {
        self.field(&Path::default()).at(keys)
    }

    /// A field of the object, by its path.
    pub(super) fn field(&self, path: &Path) -> Field<'a> {
        let value = path.0.iter().fold(&self.document.object, |value, step| match step {
            Step::Key(key) => &value[key],
            Step::Index(index) => &value[*index],
        });
        Field { path: path.clone(), value }
    }

    /// A Job's spec.
    pub(super) fn job(&self) -> Field<'a> {
        self.at(if self.is_cronjob { "spec.jobTemplate.spec" } else { "spec" })
    }

    /// The labels of the Job itself.
    pub(super) fn job_labels(&self) -> Field<'a> {
        self.at(if self.is_cronjob { "spec.jobTemplate.metadata.labels" } else { "metadata.labels" })
    }

    /// The template of the pods.
    pub(super) fn template(&self) -> Field<'a> {
        self.job().key("template")
    }

    /// The pods' spec.
    pub(super) fn pod(&self) -> Field<'a> {
        self.job().at("template.spec")
    }

    /// The containers that do the work.
    pub(super) fn containers(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        self.pod().key("containers").items()
    }

    /// These and the init containers.
    pub(super) fn all_containers(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        self.pod().key("initContainers").items().chain(self.containers())
    }

    /// Its name; empty where it has none.
    pub(super) fn name(&self) -> &'a str {
        self.at("metadata.name").text().unwrap_or_default()
    }

    /// Whether each pod has an index.
    pub(super) fn is_indexed(&self) -> bool {
        self.job().key("completionMode").text() == Some("Indexed")
    }

    /// How many pods have to succeed; None where that is not said.
    pub(super) fn completions(&self) -> Option<i64> {
        self.job().key("completions").int()
    }

    /// How many pods may run at once.
    pub(super) fn parallelism(&self) -> i64 {
        self.job().key("parallelism").int().unwrap_or(1)
    }

    /// When it fires, in UTC where the zone is none; None where the schedule cannot be read, and of a Job.
    pub(super) fn schedule(&self) -> Option<Schedule> {
        let text = self.at("spec.schedule").text().filter(|_| self.is_cronjob)?;
        let zone = self.at("spec.timeZone").text();
        Schedule::parse(text, zone).or_else(|_| Schedule::parse(text, None)).ok()
    }

    /// The shortest time from one of the next runs to the one after it, in seconds.
    pub(super) fn interval(&self) -> Option<i64> {
        /// Runs that are looked at: enough for a day of each hour, and a week of each day.
        const RUNS: usize = 25;
        let schedule = self.schedule()?;
        let runs: Vec<_> = schedule.upcoming(self.now.to_timestamp(), RUNS).collect();
        runs.windows(2).map(|pair| pair[1].as_second() - pair[0].as_second()).min()
    }

    /// The label that tells the pods from those of other work, and the change that sets it where it is missing.
    pub(super) fn own_label(&self) -> Option<(&'a str, Option<FieldChange>)> {
        /// What a label's value may have.
        const LONGEST: usize = 63;
        let label = self.template().at("metadata.labels").key(NAME_LABEL);
        match label.text() {
            Some(value) => Some((value, None)),
            None => Some(self.name())
                .filter(|name| !name.is_empty() && name.len() <= LONGEST)
                .map(|name| (name, Some(label.set(name)))),
        }
    }

    /// The text at a place.
    pub(super) fn source(&self, place: Place) -> &'a str {
        source(self.lines.get(place.line).copied().unwrap_or_default(), place)
    }

    /// What a rule said, with its place in the text.
    pub(super) fn finding(&self, lint: &'static Lint, draft: Draft) -> LintFinding {
        let found = self.document.find_nearest(draft.shown_at.as_ref().unwrap_or(&draft.path));
        let severity = draft.severity(lint);
        let fix = Some(draft.changes).filter(|changes| !changes.is_empty());
        LintFinding {
            lint,
            severity,
            object: format!("{}/{}", if self.is_cronjob { "cronjob" } else { "job" }, self.name()),
            place: found.key.unwrap_or(found.value),
            fix: fix.and_then(|changes| LintFix::in_text(self.document, self.lines, &draft.path, changes)),
            path: draft.path,
            message: draft.message,
        }
    }
}

impl<'a> Field<'a> {
    /// A value in this one, by its key.
    pub(super) fn key(&self, key: &str) -> Self {
        Self { path: self.path.key(key), value: &self.value[key] }
    }

    /// A value deep in this one, by its keys with points between them.
    pub(super) fn at(&self, keys: &str) -> Self {
        keys.split('.').fold(self.clone(), |field, key| field.key(key))
    }

    /// The items of a list; none where it is no list.
    pub(super) fn items(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let path = self.path.clone();
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(move |(index, value)| Field { path: path.index(index), value })
    }

    /// The entries of a map; none where it is no map.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> + use<'a> {
        let path = self.path.clone();
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(move |(key, value)| (key.as_str(), Field { path: path.key(key), value }))
    }

    /// Whether nothing stands there.
    pub(super) fn is_absent(&self) -> bool {
        self.value.is_null()
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(super) fn int(&self) -> Option<i64> {
        self.value.as_i64()
    }

    /// Whether `true` stands there.
    pub(super) fn is_true(&self) -> bool {
        *self.value == true
    }

    /// How many items a list has.
    pub(super) fn count(&self) -> usize {
        self.value.as_array().map_or(0, Vec::len)
    }

    /// The change that gives it another value.
    pub(super) fn set(&self, value: impl Into<Value>) -> FieldChange {
        FieldChange { path: self.path.clone(), value: Some(value.into()) }
    }

    /// The change that puts an item behind the last one of a list.
    pub(super) fn append(&self, value: impl Into<Value>) -> FieldChange {
        FieldChange { path: self.path.index(self.count()), value: Some(value.into()) }
    }

    /// The change that takes it away.
    pub(super) fn remove(&self) -> FieldChange {
        FieldChange { path: self.path.clone(), value: None }
    }

    /// Says something of this field.
    pub(super) fn told(&self, message: impl Into<String>) -> Draft {
        let (path, message) = (self.path.clone(), message.into());
        Draft { path, message, shown_at: None, severity: None, changes: Vec::new() }
    }
}

impl Draft {
    /// How serious it is, said by this rule.
    pub(super) fn severity(&self, lint: &Lint) -> Severity {
        self.severity.unwrap_or(lint.severity)
    }

    /// The same, mended by these changes.
    pub(super) fn mended(self, changes: impl Into<Vec<FieldChange>>) -> Self {
        Self { changes: changes.into(), ..self }
    }

    /// The same, mended by a change if there is one.
    pub(super) fn mended_if(self, change: Option<FieldChange>) -> Self {
        Self { changes: change.into_iter().collect(), ..self }
    }

    /// The same, as serious as this.
    pub(super) fn with_severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// The same, shown at another field.
    pub(super) fn shown_at(self, path: Path) -> Self {
        Self { shown_at: Some(path), ..self }
    }
}
