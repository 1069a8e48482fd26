//! What is changed most often before a run, as a short text: what its containers run.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manifest::path::{Path, Step};

/// Why a form cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is no YAML, or has fields that a form has not. The reader's words, with the place.
    #[error("{0}")]
    Unreadable(String),
    /// A container that the object does not have.
    #[error("there is no container \"{0}\"; a form changes containers and adds none")]
    NoSuchContainer(String),
    /// A container that the form has twice.
    #[error("container \"{0}\" is here twice")]
    Twice(String),
}

/// The text, field by field in the order in which people write it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Form {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    init_containers: Vec<Container>,
    #[serde(default)]
    containers: Vec<Container>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Container {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Value>,
}

impl Container {
    fn of(container: &Value) -> Self {
        let field = |name: &str| container.get(name).filter(|value| !value.is_null()).cloned();
        Self {
            name: container["name"].as_str().unwrap_or_default().to_owned(),
            image: field("image"),
            command: field("command"),
            args: field("args"),
            env: field("env"),
            resources: field("resources"),
        }
    }

    fn write(self, container: &mut Map<String, Value>) {
        let fields = [
            ("image", self.image),
            ("command", self.command),
            ("args", self.args),
            ("env", self.env),
            ("resources", self.resources),
        ];
        for (name, value) in fields {
            match value.filter(|value| !value.is_null()) {
                Some(value) => drop(container.insert(name.to_owned(), value)),
                None => drop(container.remove(name)),
            }
        }
    }
}

/// Where a Job or a CronJob keeps the spec of its pods, as a JSON pointer.
fn pod_spec(object: &Value) -> &'static str {
    if object["kind"] == "CronJob" { "/spec/jobTemplate/spec/template/spec" } else { "/spec/template/spec" }
}

/// What the containers of a Job or a CronJob run, as a short text of YAML to be changed; [`with_form`] takes it back.
pub fn form(object: &Value) -> String {
    let spec = object.pointer(pod_spec(object)).unwrap_or(&Value::Null);
    let containers = |list: &str| spec[list].as_array().into_iter().flatten().map(Container::of).collect();
    let form = Form { init_containers: containers("initContainers"), containers: containers("containers") };
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_yaml::to_string_with_options(&form, options)
        .unwrap_or_else(|error| format!("# it cannot be written as YAML: {error}\n"));
    format!(
        "# What the containers run. A field that is taken out here is taken out of the run; all else stays.\n{text}"
    )
}

/// Whether a form can say all that differs between an object and another state of it.
pub fn is_of_form(object: &Value, wanted: &Value) -> bool {
    with_form(object, &form(wanted)).as_ref() == Ok(wanted)
}

/// Where a field of a Job's or CronJob's pods stands in its form; None where it is none of theirs.
pub fn path_in_form(object: &Value, path: &Path) -> Option<Path> {
    let above = pod_spec(object).split('/').filter(|name| !name.is_empty());
    let mut steps = path.0.iter();
    above
        .into_iter()
        .all(|name| steps.next() == Some(&Step::Key(name.to_owned())))
        .then(|| Path(steps.cloned().collect()))
}

/// The object with what a form says of its containers. A container that the form lacks stays as it is.
///
/// # Errors
/// Where the form cannot be read, names a container that the object does not have, or names one twice.
pub fn with_form(object: &Value, text: &str) -> Result<Value, FormError> {
    let form: Form = serde_yaml::from_str(text).map_err(|error| FormError::Unreadable(error.to_string()))?;
    let mut object = object.clone();
    let spec = pod_spec(&object);
    for (list, containers) in [("initContainers", form.init_containers), ("containers", form.containers)] {
        let mut seen: Vec<String> = Vec::new();
        for container in containers {
            if seen.contains(&container.name) {
                return Err(FormError::Twice(container.name));
            }
            seen.push(container.name.clone());
            let live = object.pointer_mut(&format!("{spec}/{list}")).and_then(Value::as_array_mut);
            let live = live.into_iter().flatten().find(|live| live["name"] == *container.name);
            match live.and_then(Value::as_object_mut) {
                Some(live) => container.write(live),
                None => return Err(FormError::NoSuchContainer(container.name)),
            }
        }
    }
    Ok(object)
}
