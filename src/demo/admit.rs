//! What a kind allows: the object through its Kubernetes type, so that unknown fields are found and dropped, then its
//! defaults, then what the real server refuses. The rules of the kinds are in `batch` and `pod`. Called by `write`.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, LimitRange, Namespace, NamespaceStatus, Node, PersistentVolumeClaim, PersistentVolumeClaimStatus, Pod,
    ResourceQuota, Secret, ServiceAccount,
};
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::refusal::{Cause, Refusal};
use super::resources::Resource;

/// What is wrong with an object, field by field, in the words of the API
/// (`staging/src/k8s.io/apimachinery/pkg/util/validation/field` in Kubernetes).
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Cause>);

impl Problems {
    fn add(&mut self, reason: &'static str, field: String, message: String) {
        self.0.push(Cause { reason, field, message });
    }

    /// The value may not be so.
    pub(super) fn invalid(&mut self, field: impl Into<String>, value: impl Serialize, why: &str) {
        let value = serde_json::to_string(&value).unwrap_or_default();
        self.add("FieldValueInvalid", field.into(), format!("Invalid value: {value}: {why}"));
    }

    /// There is no value.
    pub(super) fn required(&mut self, field: impl Into<String>, why: &str) {
        let message = if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        self.add("FieldValueRequired", field.into(), message);
    }

    /// The value is none of those that are known.
    pub(super) fn unsupported(&mut self, field: impl Into<String>, value: impl Serialize, known: &[&str]) {
        let value = serde_json::to_string(&value).unwrap_or_default();
        let known: Vec<String> = known.iter().map(|one| format!("\"{one}\"")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", known.join(", "));
        self.add("FieldValueNotSupported", field.into(), message);
    }

    /// The value names something that is not there.
    pub(super) fn not_found(&mut self, field: impl Into<String>, value: &str) {
        self.add("FieldValueNotFound", field.into(), format!("Not found: \"{value}\""));
    }

    /// The value stands there twice.
    pub(super) fn duplicate(&mut self, field: impl Into<String>, value: &str) {
        self.add("FieldValueDuplicate", field.into(), format!("Duplicate value: \"{value}\""));
    }

    /// The field may not be written.
    pub(super) fn forbidden(&mut self, field: impl Into<String>, why: &str) {
        self.add("FieldValueForbidden", field.into(), format!("Forbidden: {why}"));
    }

    /// A number that may not be negative.
    pub(super) fn not_negative(&mut self, field: impl Into<String>, value: Option<impl Into<i64>>) {
        if let Some(value) = value.map(Into::into).filter(|value| *value < 0) {
            self.invalid(field, value, "must be greater than or equal to 0");
        }
    }

    /// A field that may not change.
    pub(super) fn immutable<T: PartialEq + Serialize>(&mut self, field: &str, old: &T, new: &T) {
        if old != new {
            self.invalid(field, new, "field is immutable");
        }
    }
}

/// A kind that can be written.
pub(super) trait Writable: Serialize + DeserializeOwned {
    /// Fills in what the server fills in.
    fn set_defaults(&mut self) {}
    /// Finds what the server refuses; `old` is what is there, for changes.
    fn check(&self, _old: Option<&Self>, _problems: &mut Problems) {}
}

/// An object that may be kept.
pub(super) struct Admitted {
    pub(super) object: Value,
    /// The paths of fields that the kind does not have, which were dropped.
    pub(super) unknown: Vec<String>,
}

/// What is done with the objects of a kind, by its Kubernetes type.
struct Kind {
    admit: fn(&Resource, Value, Option<&Value>) -> Result<Admitted, Refusal>,
    complete: fn(&Value) -> Option<Value>,
}

impl Kind {
    /// The kinds that can be written.
    fn find(group: &str, kind: &str) -> Option<Self> {
        Some(match (group, kind) {
            ("batch", "Job") => Self::of::<Job>(),
            ("batch", "CronJob") => Self::of::<CronJob>(),
            ("", "Pod") => Self::of::<Pod>(),
            ("", "ConfigMap") => Self::of::<ConfigMap>(),
            ("", "Secret") => Self::of::<Secret>(),
            ("", "ServiceAccount") => Self::of::<ServiceAccount>(),
            ("", "Namespace") => Self::of::<Namespace>(),
            ("", "Node") => Self::of::<Node>(),
            ("", "PersistentVolumeClaim") => Self::of::<PersistentVolumeClaim>(),
            ("", "ResourceQuota") => Self::of::<ResourceQuota>(),
            ("", "LimitRange") => Self::of::<LimitRange>(),
            (_, "Event") => Self::of::<Event>(),
            _ => return None,
        })
    }

    fn of<T: Writable>() -> Self {
        Self { admit: typed::<T>, complete: filled_in::<T> }
    }
}

/// Brings an object into the shape of its kind.
///
/// # Errors
/// Where it has not the kind's types, or is refused.
pub(super) fn admit(resource: &Resource, object: Value, old: Option<&Value>) -> Result<Admitted, Refusal> {
    let kind = Kind::find(resource.group, resource.kind).ok_or_else(Refusal::method_not_allowed)?;
    (kind.admit)(resource, object, old)
}

/// An object of the program's own with what the server fills in; as it is where it has not the types of its kind.
pub(super) fn completed(object: Value) -> Value {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let kind = Kind::find(group, object["kind"].as_str().unwrap_or_default());
    kind.and_then(|kind| (kind.complete)(&object)).unwrap_or(object)
}

fn filled_in<T: Writable>(object: &Value) -> Option<Value> {
    let mut typed = T::deserialize(object).ok()?;
    typed.set_defaults();
    serde_json::to_value(typed).ok()
}

fn typed<T: Writable>(resource: &Resource, object: Value, old: Option<&Value>) -> Result<Admitted, Refusal> {
    let unfit = |error: serde_json::Error| {
        let (kind, version) = (resource.kind, resource.version);
        Refusal::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: json: {error}"))
    };
    let mut typed: T = serde_json::from_value(object.clone()).map_err(unfit)?;
    let old: Option<T> = old.map(|old| serde_json::from_value(old.clone())).transpose().map_err(unfit)?;
    let mut unknown = Vec::new();
    lost(&object, &serde_json::to_value(&typed).map_err(unfit)?, "", &mut unknown);
    typed.set_defaults();
    let mut problems = Problems::default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if old.is_none() {
        check_name(name, &mut problems);
    }
    // What was kept without being checked may lack what is filled in today, and keeps the problems that it has.
    let mut kept = Problems::default();
    let old = old.map(|mut old| {
        old.set_defaults();
        old.check(None, &mut kept);
        old
    });
    typed.check(old.as_ref(), &mut problems);
    problems.0.retain(|problem| !kept.0.contains(problem));
    if !problems.0.is_empty() {
        return Err(Refusal::invalid(resource, name, &problems.0));
    }
    Ok(Admitted { object: serde_json::to_value(&typed).map_err(unfit)?, unknown })
}

/// The paths of what the type has dropped.
fn lost(given: &Value, kept: &Value, path: &str, found: &mut Vec<String>) {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                match kept.get(name) {
                    Some(kept) => lost(value, kept, &path, found),
                    None => found.push(path),
                }
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            for (index, (given, kept)) in given.iter().zip(kept).enumerate() {
                lost(given, kept, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

/// Letters that a name may have at its ends.
fn is_alphanumeric(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit()
}

/// Whether a text is an RFC 1123 label: what most names are.
pub(super) fn is_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.chars().all(|letter| is_alphanumeric(letter) || letter == '-')
        && text.starts_with(is_alphanumeric)
        && text.ends_with(is_alphanumeric)
}

fn check_name(name: &str, problems: &mut Problems) {
    if name.is_empty() {
        problems.required("metadata.name", "name or generateName is required");
    } else if name.len() > 253 || !name.split('.').all(is_label) {
        let why = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                   must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                   '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
        problems.invalid("metadata.name", name, why);
    }
}

/// Label `kubernetes.io/metadata.name`, which every namespace has, and its phase.
impl Writable for Namespace {
    fn set_defaults(&mut self) {
        let ObjectMeta { name, labels, .. } = &mut self.metadata;
        if let Some(name) = name {
            labels.get_or_insert_default().insert("kubernetes.io/metadata.name".into(), name.clone());
        }
        let status = self.status.get_or_insert_with(NamespaceStatus::default);
        status.phase.get_or_insert_with(|| "Active".into());
    }
}

impl Writable for PersistentVolumeClaim {
    fn set_defaults(&mut self) {
        let status = self.status.get_or_insert_with(PersistentVolumeClaimStatus::default);
        status.phase.get_or_insert_with(|| "Pending".into());
        if let Some(spec) = &mut self.spec {
            spec.volume_mode.get_or_insert_with(|| "Filesystem".into());
        }
    }
}

impl Writable for Secret {
    fn set_defaults(&mut self) {
        self.type_.get_or_insert_with(|| "Opaque".into());
        // Text is a way to write, not to keep.
        for (name, text) in self.string_data.take().unwrap_or_default() {
            let bytes = k8s_openapi::ByteString(text.into_bytes());
            self.data.get_or_insert_default().insert(name, bytes);
        }
    }

    fn check(&self, old: Option<&Self>, problems: &mut Problems) {
        if let Some(old) = old {
            problems.immutable("type", &old.type_, &self.type_);
            if old.immutable == Some(true) && (old.data != self.data || self.immutable != Some(true)) {
                problems.forbidden("data", "field is immutable when `immutable` is set");
            }
        }
    }
}

impl Writable for ConfigMap {
    fn check(&self, old: Option<&Self>, problems: &mut Problems) {
        if let Some(old) = old.filter(|old| old.immutable == Some(true))
            && (old.data != self.data || self.immutable != Some(true))
        {
            problems.forbidden("data", "field is immutable when `immutable` is set");
        }
    }
}

impl Writable for Event {}
impl Writable for LimitRange {}
impl Writable for Node {}
impl Writable for ResourceQuota {}
impl Writable for ServiceAccount {}

/// The JSON of a value, for comparing what the types do not compare.
pub(super) fn json_of(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(json!(null))
}
