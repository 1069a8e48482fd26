//! The describe page: an object in words and sections, from what was fetched of it and what is known around it.
//!
//! Pure: the same object, snapshot, verdicts and time give the same lines. `details` asks for it; the order and the
//! sections are those of `kubectl describe`, the states and reasons those of the lists.

use serde_json::Value;

use crate::model::clock::{Time, short_duration};
use crate::model::key::{Kind, Uid};
use crate::model::meta::{Meta, Object};
use crate::model::owner::Subject;
use crate::model::pod::{Container, ContainerState, Pod};
use crate::model::snapshot::Snapshot;
use crate::model::state::{Level, State, cronjob_state, cronjob_why, job_state, job_why, pod_state, pod_why};

use super::inquiry::Inquiry;
use super::page::{Line, Role};

/// Columns of a field's name, the indent not counted.
const NAME: usize = 25;

/// Events shown at most; the Events pane has them all.
const EVENTS: usize = 30;

/// Pods and runs shown at most; the lists have them all.
const BELOW: usize = 50;

/// The lines of the page. `subject` is the object as the lists know it; where it is gone from them, what was fetched
/// is shown alone.
pub(super) fn describe(
    object: &Value,
    subject: Subject,
    snapshot: &Snapshot,
    inquiry: &Inquiry,
    now: Time,
) -> Vec<Line> {
    let mut text = Text { lines: Vec::new(), inquiry, now };
    text.identity(object);
    if subject.kind != Kind::Event {
        text.state(subject, snapshot);
    }
    match subject.kind {
        Kind::CronJob => {
            text.fields(&object["spec"], &CRONJOB);
            text.fields(&object["status"], &CRONJOB_STATUS);
            text.runs(subject.uid, snapshot);
            text.heading("Job template");
            text.fields(&object["spec"]["jobTemplate"]["spec"], &JOB);
            text.template(&object["spec"]["jobTemplate"]["spec"]["template"]["spec"]);
        }
        Kind::Job => {
            text.fields(&object["spec"], &JOB);
            text.fields(&object["status"], &JOB_STATUS);
            text.conditions(&object["status"]["conditions"]);
            text.pods(subject, snapshot);
            text.heading("Pod template");
            text.template(&object["spec"]["template"]["spec"]);
        }
        Kind::Pod => {
            text.fields(&object["spec"], &POD);
            text.fields(&object["status"], &POD_STATUS);
            text.conditions(&object["status"]["conditions"]);
            if let Some(pod) = snapshot.pods.get(subject.uid) {
                text.heading("Containers");
                pod.containers.iter().for_each(|container| text.container_state(container, 2));
            }
            text.heading("Pod spec");
            text.template(&object["spec"]);
        }
        _ => text.rest(object),
    }
    text.map("Labels", &object["metadata"]["labels"]);
    // As kubectl describe does: the copy that kubectl apply keeps there would repeat the whole manifest.
    let mut annotations = object["metadata"]["annotations"].clone();
    annotations.as_object_mut().map(|all| all.remove("kubectl.kubernetes.io/last-applied-configuration"));
    text.map("Annotations", &annotations);
    if subject.kind != Kind::Event {
        text.events(subject, snapshot);
    }
    text.lines
}

/// A field's name on the page and its place below the value that is described.
type Field = (&'static str, &'static str);

const CRONJOB: [Field; 8] = [
    ("Schedule", "schedule"),
    ("Time zone", "timeZone"),
    ("Suspended", "suspend"),
    ("Concurrency", "concurrencyPolicy"),
    ("Start deadline", "startingDeadlineSeconds"),
    ("Successful kept", "successfulJobsHistoryLimit"),
    ("Failed kept", "failedJobsHistoryLimit"),
    ("Managed by", "managedBy"),
];
const CRONJOB_STATUS: [Field; 2] = [("Last run", "lastScheduleTime"), ("Last success", "lastSuccessfulTime")];
const JOB: [Field; 12] = [
    ("Parallelism", "parallelism"),
    ("Completions", "completions"),
    ("Completion mode", "completionMode"),
    ("Suspended", "suspend"),
    ("Backoff limit", "backoffLimit"),
    ("Limit per index", "backoffLimitPerIndex"),
    ("Max failed indexes", "maxFailedIndexes"),
    ("Deadline", "activeDeadlineSeconds"),
    ("Kept when finished", "ttlSecondsAfterFinished"),
    ("Pod replacement", "podReplacementPolicy"),
    ("Managed by", "managedBy"),
    ("Pod failure policy", "podFailurePolicy"),
];
const JOB_STATUS: [Field; 9] = [
    ("Started", "startTime"),
    ("Completed", "completionTime"),
    ("Active pods", "active"),
    ("Ready pods", "ready"),
    ("Terminating pods", "terminating"),
    ("Succeeded", "succeeded"),
    ("Failed", "failed"),
    ("Completed indexes", "completedIndexes"),
    ("Failed indexes", "failedIndexes"),
];
const POD: [Field; 3] =
    [("Node", "nodeName"), ("Priority class", "priorityClassName"), ("Deadline", "activeDeadlineSeconds")];
const POD_STATUS: [Field; 7] = [
    ("Phase", "phase"),
    ("Reason", "reason"),
    ("Message", "message"),
    ("Started", "startTime"),
    ("Pod IP", "podIP"),
    ("Host IP", "hostIP"),
    ("QoS class", "qosClass"),
];
const TEMPLATE: [Field; 10] = [
    ("Restart policy", "restartPolicy"),
    ("Service account", "serviceAccountName"),
    ("Priority class", "priorityClassName"),
    ("Runtime class", "runtimeClassName"),
    ("Scheduler", "schedulerName"),
    ("Grace period", "terminationGracePeriodSeconds"),
    ("Host network", "hostNetwork"),
    ("Node selector", "nodeSelector"),
    ("Tolerations", "tolerations"),
    ("Affinity", "affinity"),
];
const CONTAINER: [Field; 6] = [
    ("Image", "image"),
    ("Command", "command"),
    ("Arguments", "args"),
    ("Requests", "resources.requests"),
    ("Limits", "resources.limits"),
    ("Working directory", "workingDir"),
];

/// The page under construction.
struct Text<'a> {
    lines: Vec<Line>,
    inquiry: &'a Inquiry,
    now: Time,
}

impl Text<'_> {
    fn heading(&mut self, title: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::plain(""));
        }
        self.lines.push(Line::new(title, Role::Heading));
    }

    fn field(&mut self, indent: usize, name: &str, value: impl AsRef<str>, role: Role) {
        let head = format!("{:indent$}{name:NAME$} ", "");
        self.lines.push(Line::new(head.clone() + value.as_ref(), role).hanging(head.len()));
    }

    fn identity(&mut self, object: &Value) {
        let meta = &object["metadata"];
        self.heading(&format!("{} {}", plain(&object["kind"]), plain(&meta["name"])));
        let owners = meta["ownerReferences"].as_array().into_iter().flatten();
        let owners: Vec<String> =
            owners.map(|owner| format!("{}/{}", plain(&owner["kind"]).to_lowercase(), plain(&owner["name"]))).collect();
        for (name, value) in [
            ("Namespace", plain(&meta["namespace"])),
            ("Created", self.value(&meta["creationTimestamp"])),
            ("Deletion asked for", self.value(&meta["deletionTimestamp"])),
            ("Finalizers", plain(&meta["finalizers"])),
            ("Owner", owners.join(", ")),
            ("UID", plain(&meta["uid"])),
        ] {
            if !value.is_empty() {
                self.field(2, name, value, Role::Plain);
            }
        }
    }

    /// State and why, as the lists say them.
    fn state(&mut self, subject: Subject, snapshot: &Snapshot) {
        let (state, why): (State, String) = if let Some(job) = snapshot.jobs.get(subject.uid) {
            self.judged(subject.uid, job_state(snapshot, job), job_why(snapshot, job, self.now))
        } else if let Some(cronjob) = snapshot.cronjobs.get(subject.uid) {
            self.judged(subject.uid, cronjob_state(snapshot, cronjob), cronjob_why(snapshot, cronjob, self.now))
        } else if let Some(pod) = snapshot.pods.get(subject.uid) {
            self.judged(subject.uid, pod_state(pod), pod_why(pod))
        } else {
            return self.field(2, "State", "it is gone from the list", Role::State(Level::Warning));
        };
        self.field(2, "State", &state.word, Role::State(state.level));
        if !why.is_empty() {
            self.field(2, "Why", why, Role::Plain);
        }
        if let Some(next) = snapshot.cronjobs.get(subject.uid).and_then(|cronjob| cronjob.next_run(self.now)) {
            let wait = short_duration(next.seconds_since(self.now));
            self.field(2, "Next run", format!("{next}, in {wait}"), Role::Plain);
        }
        if let Some(seconds) = snapshot.jobs.get(subject.uid).and_then(|job| job.duration(self.now)) {
            self.field(2, "Duration", short_duration(seconds), Role::Plain);
        }
    }

    /// The state as triage sees it, and why, where triage says nothing as the object's status has it.
    fn judged(&self, uid: Uid, state: State, why: String) -> (State, String) {
        (self.inquiry.judged(uid, state), self.inquiry.words(uid).map_or(why, str::to_owned))
    }

    fn fields(&mut self, value: &Value, fields: &[Field]) {
        self.fields_at(2, value, fields);
    }

    fn fields_at(&mut self, indent: usize, value: &Value, fields: &[Field]) {
        for (name, path) in fields {
            let found = path.split('.').fold(value, |value, part| &value[part]);
            let mut words = self.value(found);
            if words.is_empty() {
                continue;
            }
            if path.ends_with("Seconds") {
                words.push_str(" seconds");
            }
            self.field(indent, name, words, Role::Plain);
        }
    }

    /// The value in words; a time with its age.
    fn value(&self, value: &Value) -> String {
        match value.as_str().filter(|text| text.ends_with('Z')).and_then(Time::parse) {
            Some(time) if time <= self.now => format!("{time}, {} ago", short_duration(self.now.seconds_since(time))),
            _ => plain(value),
        }
    }

    fn conditions(&mut self, conditions: &Value) {
        let Some(conditions) = conditions.as_array().filter(|all| !all.is_empty()) else { return };
        self.heading("Conditions");
        for condition in conditions {
            let since = condition["lastTransitionTime"].as_str().and_then(Time::parse);
            let age = since.map(|since| short_duration(self.now.seconds_since(since))).unwrap_or_default();
            let because = [plain(&condition["reason"]), plain(&condition["message"])];
            let because = because.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(": ");
            let value = format!("{:<7} {age:>4}  {because}", plain(&condition["status"]));
            self.field(2, &plain(&condition["type"]), value.trim_end(), Role::Plain);
        }
    }

    fn runs(&mut self, cronjob: Uid, snapshot: &Snapshot) {
        let runs = snapshot.jobs_of(cronjob);
        self.heading(&format!("Runs, newest first  {}", runs.len()));
        for job in runs.iter().take(BELOW) {
            let why = job_why(snapshot, job, self.now);
            let (state, why) = self.judged(job.meta.uid, job_state(snapshot, job), why);
            self.row(&job.meta, &state, &why);
        }
        self.more(runs.len().saturating_sub(BELOW), "the Jobs pane has them");
    }

    fn pods(&mut self, subject: Subject, snapshot: &Snapshot) {
        let pods: Vec<&Pod> = snapshot.pods_of_subject(subject);
        self.heading(&format!("Pods, newest first  {}", pods.len()));
        for pod in pods.iter().take(BELOW) {
            let node = if pod.node.is_empty() { String::new() } else { format!("on {}", pod.node) };
            let (state, why) = self.judged(pod.meta.uid, pod_state(pod), pod_why(pod));
            let why = [why, node].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
            self.row(&pod.meta, &state, &why);
            pod.containers.iter().for_each(|container| self.container_state(container, 4));
        }
        self.more(pods.len().saturating_sub(BELOW), "the Pods pane has them");
    }

    /// An object below the one that is described: name, state, age, why.
    fn row(&mut self, meta: &Meta, state: &State, why: &str) {
        let age = meta.created.map(|created| short_duration(self.now.seconds_since(created))).unwrap_or_default();
        let row = format!("  {:<32} {:<11} {age:>4}  {why}", meta.name, state.word);
        self.lines.push(Line::new(row.trim_end(), Role::State(state.level)).hanging(4));
    }

    fn container_state(&mut self, container: &Container, indent: usize) {
        let ago =
            |time: Option<Time>| time.map(|time| format!(" {} ago", short_duration(self.now.seconds_since(time))));
        let mut words = match &container.state {
            ContainerState::Waiting { reason, message } => {
                format!("waiting {reason}{}{message}", if message.is_empty() { "" } else { ": " })
            }
            ContainerState::Running(since) => format!("running, started{}", ago(*since).unwrap_or_default()),
            ContainerState::Ended(end) => {
                format!("exit {} {}{}", end.exit_code, end.word(), ago(end.finished).unwrap_or_default())
            }
        };
        if container.restarts > 0 {
            words += &format!(", {} restarts", container.restarts);
        }
        if let Some(last) = &container.last_end {
            let when = ago(last.finished).unwrap_or_default();
            words += &format!(", last ended with exit {} {}{when}", last.exit_code, last.word());
        }
        self.field(indent, &container.name, words, Role::Plain);
    }

    fn template(&mut self, spec: &Value) {
        self.fields(spec, &TEMPLATE);
        for (title, list) in [("init container", "initContainers"), ("container", "containers")] {
            for container in spec[list].as_array().into_iter().flatten() {
                self.lines.push(Line::plain(format!("  {title} {}", plain(&container["name"]))));
                self.fields_at(4, container, &CONTAINER);
                for variable in container["env"].as_array().into_iter().flatten() {
                    let value = match &variable["valueFrom"] {
                        Value::Null => format!("= {}", plain(&variable["value"])),
                        from => format!("from {}", plain(from)),
                    };
                    self.field(4, "Environment", format!("{} {value}", plain(&variable["name"])), Role::Plain);
                }
                for from in container["envFrom"].as_array().into_iter().flatten() {
                    self.field(4, "Environment", format!("all from {}", plain(from)), Role::Plain);
                }
                for mount in container["volumeMounts"].as_array().into_iter().flatten() {
                    let words = format!("{} at {}", plain(&mount["name"]), plain(&mount["mountPath"]));
                    self.field(4, "Mount", words, Role::Plain);
                }
            }
        }
        for volume in spec["volumes"].as_array().into_iter().flatten() {
            let mut what = volume.clone();
            let name = what.as_object_mut().and_then(|fields| fields.remove("name")).unwrap_or_default();
            self.field(2, "Volume", format!("{}: {}", plain(&name), plain(&what)), Role::Plain);
        }
    }

    /// Every field that is not metadata, for kinds without sections of their own.
    fn rest(&mut self, object: &Value) {
        for (name, value) in object.as_object().into_iter().flatten() {
            let words = self.value(value);
            if !["apiVersion", "kind", "metadata"].contains(&name.as_str()) && !words.is_empty() {
                self.field(2, name, words, Role::Plain);
            }
        }
    }

    fn map(&mut self, title: &str, map: &Value) {
        let Some(map) = map.as_object().filter(|map| !map.is_empty()) else { return };
        self.heading(title);
        for (name, value) in map {
            self.lines.push(Line::plain(format!("  {name}: {}", plain(value))).hanging(4));
        }
    }

    fn events(&mut self, subject: Subject, snapshot: &Snapshot) {
        let mut events = snapshot.events_of_subject(subject);
        events.sort_by_key(|event| (std::cmp::Reverse(event.last), std::cmp::Reverse(event.meta.version), event.uid()));
        self.heading(&format!("Events, newest first  {}", events.len()));
        for event in events.iter().take(EVENTS) {
            let age = event.last.map(|last| short_duration(self.now.seconds_since(last))).unwrap_or_default();
            let times = if event.count > 1 { format!(" x{}", event.count) } else { String::new() };
            let about = if event.about == subject.uid { String::new() } else { format!("{}: ", event.about_name) };
            let text = format!("  {age:>4}  {}{times}  {about}{}", event.reason, event.note);
            let role = if event.is_warning { Role::State(Level::Warning) } else { Role::Plain };
            self.lines.push(Line::new(text, role).hanging(8));
        }
        self.more(events.len().saturating_sub(EVENTS), "the Events pane has them");
    }

    fn more(&mut self, count: usize, where_else: &str) {
        if count > 0 {
            self.lines.push(Line::new(format!("  and {count} more; {where_else}"), Role::Dim));
        }
    }
}

/// A value on one line: text as it is, lists with commas, maps as `name=value`, nothing for what is not there.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(nested).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(name, value)| format!("{name}={}", nested(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
    }
}

/// A value inside another: lists and maps in brackets.
fn nested(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => format!("({})", plain(value)),
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::delta::Row;
    use crate::model::fixtures::{busy, event, job, now, pod, snapshot, text};

    fn page(fixture: &str, kind: Kind, rows: &[Row]) -> String {
        let object: Value = serde_json::from_str(&text(fixture)).unwrap();
        let uid = Uid::new(object["metadata"]["uid"].as_str().unwrap());
        let lines = describe(&object, Subject { kind, uid }, &snapshot(rows), &Inquiry::default(), now());
        lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn job_has_state_pods_and_events_around_it() {
        let page = page("job-quota", Kind::Job, &[Row::Job(job("job-quota")), Row::Event(event("event-quota"))]);
        for part in ["Job settle", "State", "Waiting", "exceeded quota", "Pods, newest first  0", "FailedCreate"] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
    }

    #[test]
    fn pod_tells_its_containers_with_exit_codes() {
        let page = page("pod-failed", Kind::Pod, &[Row::Pod(pod("pod-failed"))]);
        for part in ["Containers", "exit 3", "Image", "Restart policy"] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
    }

    #[test]
    fn cronjob_lists_its_runs() {
        let page = page("cronjob", Kind::CronJob, &busy());
        for part in ["Schedule", "Time zone", "Runs, newest first  2", "ticker-29920613", "Next run"] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
    }

    #[test]
    fn event_shows_every_field_it_has() {
        let page = page("event-quota", Kind::Event, &[Row::Event(event("event-quota"))]);
        for part in ["reason", "FailedCreate", "regarding", "note"] {
            assert!(page.contains(part), "{part} in\n{page}");
        }
    }

    #[test]
    fn object_that_is_gone_from_the_list_is_told_as_gone() {
        assert!(page("job-quota", Kind::Job, &[]).contains("it is gone from the list"));
    }

    #[test]
    fn nothing_that_is_missing_leaves_an_empty_field() {
        let lines = describe(
            &serde_json::json!({ "kind": "Job", "metadata": { "name": "bare" } }),
            Subject { kind: Kind::Job, uid: Uid::new("bare") },
            &Snapshot::default(),
            &Inquiry::default(),
            now(),
        );
        assert!(lines.iter().all(|line| line.text.is_empty() || line.text.trim_end() == line.text), "{lines:?}");
    }
}
