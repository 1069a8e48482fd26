//! Who changed an object: what kubatch wrote from this machine, by its journal, and who else did, by the server's record
//! of field managers.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::markdown::{block, code, prose};
use super::with_owner;
use crate::cli::server::Server;
use crate::manifest::diff::{LineKind, diff};
use crate::model::key::ObjectKey;
use crate::model::owner::Subject;
use crate::model::redact::redact_object;
use crate::state_file::{self, journal};

/// Changes from the journal that are told, the newest of them.
const ENTRIES: usize = 5;

/// Lines of one change that are shown.
const LINES: usize = 20;

/// What was changed of a subject and of its owner; empty where nothing is known.
pub(super) async fn of(server: &mut Server, subject: Subject) -> String {
    let keys: Vec<ObjectKey> =
        with_owner(server, subject).into_iter().filter_map(|one| server.snapshot.key_of(one)).collect();
    let lines = state_file::folder().map(|folder| journal::read(&folder)).unwrap_or_default();
    let entries: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut text = written(&server.context, &keys, &entries);
    if let Some(key) = keys.first()
        && let Some(object) = server.fetch(key.clone()).await
    {
        let managers = managers(&object);
        if !managers.is_empty() {
            let _ = write!(text, "Who wrote fields of {}, and when last:\n\n{managers}", code(&key.to_string()));
        }
    }
    text
}

/// What the journal has of these objects, oldest first.
fn written(context: &str, keys: &[ObjectKey], entries: &[Value]) -> String {
    let is_meant = |entry: &&Value| {
        entry["context"] == context
            && keys.iter().any(|key| {
                entry["kind"] == key.kind.name()
                    && entry["namespace"] == key.namespace.as_str()
                    && entry["name"] == key.name.as_str()
            })
    };
    let meant: Vec<&Value> = entries.iter().filter(is_meant).collect();
    let mut text = String::new();
    for entry in &meant[meant.len().saturating_sub(ENTRIES)..] {
        let of = |field: &str| entry[field].as_str().unwrap_or_default();
        let object = format!("{}/{}", of("kind").to_lowercase(), of("name"));
        let _ = writeln!(text, "{}: {} was {} with kubatch:\n", prose(of("time")), code(&object), prose(of("done")));
        // A line that differs does not say whose value it is: secrets go before.
        let side = |field: &str| {
            let mut side = Some(entry[field].clone()).filter(|side| !side.is_null())?;
            redact_object(&mut side);
            Some(side)
        };
        let changed: Vec<String> = diff(side("before").as_ref(), None, side("after").as_ref())
            .into_iter()
            .filter_map(|line| match line.kind {
                LineKind::Removed => Some(format!("- {}", line.text)),
                LineKind::Added | LineKind::AddedByServer => Some(format!("+ {}", line.text)),
                _ => None,
            })
            .collect();
        let left = changed.len().saturating_sub(LINES);
        let more = format!("({left} more lines)");
        let shown = changed.iter().take(LINES).map(String::as_str).chain((left > 0).then_some(more.as_str()));
        let _ = writeln!(text, "{}", block(shown));
    }
    text
}

/// Each manager of `metadata.managedFields` with the time of its newest write; who writes the status alone is left out.
fn managers(object: &Value) -> String {
    let mut newest: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in object["metadata"]["managedFields"].as_array().into_iter().flatten() {
        let (manager, time) =
            (entry["manager"].as_str().unwrap_or_default(), entry["time"].as_str().unwrap_or_default());
        if entry["subresource"] != "status" {
            let known = newest.entry(manager).or_default();
            *known = time.max(known);
        }
    }
    newest.iter().fold(String::new(), |text, (manager, time)| format!("{text}- {} {}\n", prose(time), code(manager)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::key::Kind;

    #[test]
    fn what_the_journal_has_of_an_object_is_told_without_its_secrets() {
        let job = |parallelism: i32, password: &str| {
            json!({
                "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "etl", "namespace": "data" },
                "spec": { "parallelism": parallelism, "template": { "spec": { "containers": [
                    { "name": "main", "env": [{ "name": "DB_PASSWORD", "value": password }] },
                ] } } },
            })
        };
        let entry = |name: &str, context: &str| {
            json!({
                "time": "2026-05-04T12:00:00Z", "context": context, "done": "scaled", "apiVersion": "batch/v1",
                "kind": "Job", "namespace": "data", "name": name, "before": job(1, "hunter2"), "after": job(3, "hunter3"),
            })
        };
        let keys = [ObjectKey { kind: Kind::Job, namespace: "data".into(), name: "etl".into() }];
        let entries = [entry("etl", "prod"), entry("other", "prod"), entry("etl", "dev")];
        let told = written("prod", &keys, &entries);
        assert_eq!(told.matches("was scaled with kubatch").count(), 1, "{told}");
        assert!(told.contains("-   parallelism: 1\n") && told.contains("+   parallelism: 3\n"), "{told}");
        assert!(!told.contains("hunter"), "{told}");
    }

    #[test]
    fn managers_are_told_with_their_newest_write() {
        let entry =
            |manager: &str, time: &str, part: &str| json!({ "manager": manager, "time": time, "subresource": part });
        let fields = json!([
            entry("kubectl", "2026-05-04T11:00:00Z", ""),
            entry("kubectl", "2026-05-04T12:00:00Z", ""),
            entry("kube-controller-manager", "2026-05-04T12:00:00Z", "status"),
        ]);
        let object = json!({ "metadata": { "managedFields": fields } });
        assert_eq!(managers(&object), "- 2026-05-04T12:00:00Z `kubectl`\n");
    }
}
