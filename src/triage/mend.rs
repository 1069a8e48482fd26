//! What mends a Job, field by field: changes as the argument of the commands that make a new Job with them, or put them
//! into the CronJob from which the next runs are made.
//!
//! Rules say what is to change in the words of a Job (`spec.template.spec…`). Where they cannot tell the value, they
//! name none, and the editor opens on the text as it is.

use std::fmt::Display;

use serde_json::Value;

use super::Case;
use super::container::job_subject;
use super::finding::Fix;
use crate::model::command_call::CommandCall;
use crate::model::key::Kind;
use crate::model::owner::Subject;
use crate::model::pod::{Container, Role};
use crate::model::resources::Quantity;

/// Where a Job has the spec of its pods.
pub(super) const POD: &str = "spec.template.spec";

/// Changes of a Job's fields, in the form that `manifest::assign` reads: `PATH=VALUE` and `PATH-`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Changes(Vec<(String, Option<Value>)>);

impl Changes {
    /// No changes: nobody knows what to write.
    pub(super) const NONE: Self = Self(Vec::new());

    /// Sets a field.
    pub(super) fn set(path: impl Display, value: impl Into<Value>) -> Self {
        Self::default().and_set(path, value)
    }

    /// Takes a field away.
    pub(super) fn remove(path: impl Display) -> Self {
        Self::default().and_remove(path)
    }

    /// Sets another one.
    pub(super) fn and_set(mut self, path: impl Display, value: impl Into<Value>) -> Self {
        self.0.push((path.to_string(), Some(value.into())));
        self
    }

    /// Takes another one away.
    pub(super) fn and_remove(mut self, path: impl Display) -> Self {
        self.0.push((path.to_string(), None));
        self
    }

    /// These and others.
    pub(super) fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// In one line, for a pod that there is.
    pub(super) fn in_pod(&self) -> String {
        let bare =
            |(path, value): &(String, Option<Value>)| Some((format!("spec{}", path.strip_prefix(POD)?), value.clone()));
        Self(self.0.iter().filter_map(bare).collect()).line("")
    }

    /// In one line; in an object that has the Job's fields below this path.
    pub(super) fn line(&self, below: &str) -> String {
        let one = |(path, value): &(String, Option<Value>)| match value {
            Some(value) => format!("{below}{path}={}", written(value)),
            None => format!("{below}{path}-"),
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }
}

/// A value as a person would type it: JSON, but a plain word as it is.
fn written(value: &Value) -> String {
    match value.as_str() {
        Some(text) if is_word(text) && serde_json::from_str::<Value>(text).is_err() => text.to_owned(),
        _ => value.to_string(),
    }
}

/// Nothing in it ends a word or begins a quote.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|letter: char| letter.is_whitespace() || "\"[]{}".contains(letter))
}

/// Makes a new Job with these changes; and puts them into the CronJob, where the Job is one of its runs.
/// What has no Job is made anew by whoever made it.
pub(super) fn mend(case: &Case<'_>, words: impl Into<String>, changes: &Changes) -> Vec<Fix> {
    let words = words.into();
    let here = mend_here(case, words.as_str(), changes).unwrap_or_else(|| Fix::outside(words));
    std::iter::once(here).chain(for_next_runs(case, changes)).collect()
}

/// Makes a new Job with these changes.
pub(super) fn mend_here(case: &Case<'_>, words: impl Into<String>, changes: &Changes) -> Option<Fix> {
    let call = CommandCall::with("job.rerun-with-changes", job_subject(case)?, changes.line(""));
    Some(Fix::by(words, call))
}

/// A run of a CronJob is mended for itself alone: the next ones come from the CronJob's template.
pub(super) fn for_next_runs(case: &Case<'_>, changes: &Changes) -> Option<Fix> {
    let owner = case.job?.meta.owner.filter(|owner| owner.kind == Some(Kind::CronJob))?;
    let cronjob = case.known.snapshot.cronjobs.get(owner.uid)?;
    let words = format!("change it in cronjob/{} too: the next runs are made from its template", cronjob.meta.name);
    let target = Subject { kind: Kind::CronJob, uid: owner.uid };
    Some(Fix::by(words, CommandCall::with("object.edit", target, changes.line("spec.jobTemplate."))))
}

/// A field of a container of the pod template: `spec.template.spec.containers[name=etl].image`.
pub(super) fn of_container(container: &Container, field: &str) -> String {
    format!("{POD}.{}[name={}].{field}", list_of(container), container.name)
}

/// The list of a pod's spec in which the container stands.
pub(super) fn list_of(container: &Container) -> &'static str {
    if matches!(container.role, Role::Init | Role::Sidecar) { "initContainers" } else { "containers" }
}

/// The only container of the pod template, by its name with its spec. None where there are several, or it is not known.
pub(super) fn only_container<'a>(case: &Case<'a>) -> Option<(String, &'a Value)> {
    let spec = case.pod_spec()?;
    match &spec["containers"].as_array()?[..] {
        [only] => Some((format!("{POD}.containers[name={}]", only["name"].as_str()?), only)),
        _ => None,
    }
}

/// An amount of a container's resources. None where it sets none.
pub(super) fn amount(container: &Value, side: &str, resource: &str) -> Option<Quantity> {
    let amount = &container["resources"][side][resource];
    Quantity::parse(&amount.as_str().map_or_else(|| amount.to_string(), str::to_owned))
}

/// Sets the request or the limit of a container, and moves the other one with it where a request would be above its
/// limit, which the API server takes from nobody.
pub(super) fn resource(path: &str, container: &Value, side: &str, resource: &str, value: Quantity) -> Changes {
    let at = |side: &str| format!("{path}.resources.{side}{}", key(resource));
    let changes = Changes::set(at(side), value.words());
    match side {
        "limits" if amount(container, "requests", resource).is_some_and(|request| request > value) => {
            changes.and_set(at("requests"), value.words())
        }
        "requests" if amount(container, "limits", resource).is_some_and(|limit| limit < value) => {
            changes.and_set(at("limits"), value.words())
        }
        _ => changes,
    }
}

/// Every container that asks for more than this asks for this much: each init container runs alone, and a main one that is
/// the only one. None where several share it, and where none asks for more.
pub(super) fn at_most(case: &Case<'_>, side: &str, name: &str, most: Quantity) -> Option<Changes> {
    let spec = case.pod_spec()?;
    let asks = |one: &Value| amount(one, side, name).or(amount(one, "limits", name));
    // What the pod asks for as a whole stands above what its containers do.
    if let Some(whole) = asks(spec) {
        return (whole > most).then(|| resource(POD, spec, side, name, most));
    }
    let inits = || spec["initContainers"].as_array().into_iter().flatten();
    if inits().any(|one| !one["restartPolicy"].is_null()) {
        return None;
    }
    let is_large = |one: &Value| asks(one).is_some_and(|amount| amount > most);
    let large = inits().filter(|one| is_large(one));
    let large = large.filter_map(|one| Some((format!("{POD}.initContainers[name={}]", one["name"].as_str()?), one)));
    let all: Vec<_> = match only_container(case) {
        Some((path, container)) => large.chain(is_large(container).then_some((path, container))).collect(),
        None => {
            let main = spec["containers"].as_array().into_iter().flatten();
            if main.filter_map(asks).fold(Quantity::default(), Quantity::plus) > most {
                return None;
            }
            large.collect()
        }
    };
    let changes =
        all.iter().fold(Changes::NONE, |changes, (path, one)| changes.and(resource(path, one, side, name, most)));
    (!all.is_empty()).then_some(changes)
}

/// A key as a step behind another one of a path: one with points of its own stands in brackets.
pub(super) fn key(name: &str) -> String {
    if name.contains(['.', '/']) { format!("[{name}]") } else { format!(".{name}") }
}

/// The next size that people choose, at least half as much again: 512Mi become 768Mi, 1Gi becomes 1536Mi.
pub(super) fn half_more(amount: Quantity) -> Quantity {
    const MI: i64 = 1 << 20;
    let wanted = amount.whole().saturating_mul(3) / 2;
    let powers = (0..40).map(|power| MI << power);
    let size = powers.flat_map(|size| [size, size / 2 * 3]).find(|size| *size >= wanted).unwrap_or(wanted);
    Quantity::parse(&size.to_string()).unwrap_or(amount)
}

/// The next size that people choose and that is at most so large: whole CPUs or tenths of one, powers of two of memory and
/// what lies in the middle between them.
pub(super) fn rounded_down(amount: Quantity, resource: &str) -> Quantity {
    const MI: i64 = 1 << 20;
    let text = match resource {
        "cpu" => match amount.millis() {
            whole @ 1_000.. => (whole / 1_000).to_string(),
            part => format!("{}m", part / 100 * 100),
        },
        _ => {
            let powers = (0..40).map(|power| MI << power);
            let sizes = powers.flat_map(|size| [size, size / 2 * 3]);
            sizes.filter(|size| *size <= amount.whole()).max().unwrap_or_default().to_string()
        }
    };
    Quantity::parse(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_stand_as_they_are_and_all_else_is_json() {
        let line = |value: Value| Changes::set("x", value).line("");
        assert_eq!(line(json!("768Mi")), "x=768Mi");
        assert_eq!(line(json!("etl:2")), "x=etl:2");
        // What would be read as a number must stay text.
        assert_eq!(line(json!("3")), "x=\"3\"");
        assert_eq!(line(json!("a b")), "x=\"a b\"");
        assert_eq!(line(json!({ "key": "gpu" })), r#"x={"key":"gpu"}"#);
        assert_eq!(
            Changes::remove("a").and_set("b", 1).line("spec.jobTemplate."),
            "spec.jobTemplate.a- spec.jobTemplate.b=1"
        );
    }

    #[test]
    fn sizes_are_those_that_people_choose() {
        let more = |text: &str| half_more(Quantity::parse(text).unwrap()).words();
        for (before, after) in [
            ("16Mi", "24Mi"),
            ("64Mi", "96Mi"),
            ("100Mi", "192Mi"),
            ("512Mi", "768Mi"),
            ("1Gi", "1536Mi"),
            ("6Gi", "12Gi"),
        ] {
            assert_eq!(more(before), after);
        }
    }

    #[test]
    fn what_is_left_is_asked_for_in_round_sizes() {
        let down = |text: &str, resource: &str| rounded_down(Quantity::parse(text).unwrap(), resource).words();
        assert_eq!(down("3850m", "cpu"), "3");
        assert_eq!(down("850m", "cpu"), "800m");
        assert_eq!(down("7000Mi", "memory"), "6Gi");
        assert_eq!(down("513Mi", "memory"), "512Mi");
        assert_eq!((down("50m", "cpu"), down("0", "memory")), ("0".to_owned(), "0".to_owned()));
    }

    #[test]
    fn a_request_is_never_put_above_its_limit() {
        let container = json!({ "resources": { "requests": { "memory": "1Gi" }, "limits": { "memory": "2Gi" } } });
        let line = |side: &str, value: &str| {
            resource("c", &container, side, "memory", Quantity::parse(value).unwrap()).line("")
        };
        assert_eq!(line("limits", "512Mi"), "c.resources.limits.memory=512Mi c.resources.requests.memory=512Mi");
        assert_eq!(line("requests", "3Gi"), "c.resources.requests.memory=3Gi c.resources.limits.memory=3Gi");
        assert_eq!(line("requests", "512Mi"), "c.resources.requests.memory=512Mi");
    }
}
