//! OpenAPI v3 documents to schemas. Of a document only `components.schemas` is read: its paths, which are most of it, say
//! nothing about fields.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Catalogue, Schema, Type};

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    components: Components,
}

#[derive(Deserialize, Default)]
struct Components {
    #[serde(default)]
    schemas: BTreeMap<String, Raw>,
}

/// A schema as it is written.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    description: String,
    #[serde(rename = "type")]
    type_: Option<String>,
    format: Option<String>,
    #[serde(rename = "enum")]
    values: Vec<Value>,
    default: Option<Value>,
    required: Vec<String>,
    properties: BTreeMap<String, Raw>,
    items: Option<Box<Raw>>,
    #[serde(rename = "additionalProperties")]
    additional: Option<Additional>,
    #[serde(rename = "allOf")]
    all_of: Vec<Raw>,
    #[serde(rename = "x-kubernetes-int-or-string")]
    is_int_or_string: bool,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    is_open: bool,
    #[serde(rename = "x-kubernetes-group-version-kind")]
    kinds: Vec<Kind>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Additional {
    Allowed(bool),
    Schema(Box<Raw>),
}

#[derive(Deserialize)]
struct Kind {
    group: String,
    version: String,
    kind: String,
}

/// Where the name of a reference begins.
const PREFIX: &str = "#/components/schemas/";

/// Values that a field may have, for servers whose schema does not say (those before 1.26, and any that run with the
/// feature gate `OpenAPIEnums` off). From `staging/src/k8s.io/api/batch/v1/types.go` and `…/core/v1/types.go` of
/// Kubernetes 1.36.
const ENUMS: [(&str, &str, &[&str]); 9] = [
    ("core.v1.PodSpec", "restartPolicy", &["Always", "Never", "OnFailure"]),
    ("core.v1.Container", "imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("core.v1.EphemeralContainer", "imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    ("batch.v1.CronJobSpec", "concurrencyPolicy", &["Allow", "Forbid", "Replace"]),
    ("batch.v1.JobSpec", "completionMode", &["Indexed", "NonIndexed"]),
    ("batch.v1.JobSpec", "podReplacementPolicy", &["Failed", "TerminatingOrFailed"]),
    ("batch.v1.PodFailurePolicyRule", "action", &["Count", "FailIndex", "FailJob", "Ignore"]),
    ("batch.v1.PodFailurePolicyOnExitCodesRequirement", "operator", &["In", "NotIn"]),
    ("batch.v1.PodFailurePolicyOnPodConditionsPattern", "status", &["False", "True", "Unknown"]),
];

/// Adds the schemas and the kinds of a document.
pub(super) fn add(catalogue: &mut Catalogue, document: &[u8]) -> Result<(), serde_json::Error> {
    let document: Document = serde_json::from_slice(document)?;
    for (name, raw) in document.components.schemas {
        let number = catalogue.number(&name);
        let kinds: Vec<_> = raw.kinds.iter().map(Kind::key).collect();
        let mut schema = catalogue.schema(raw);
        if name.ends_with(".api.resource.Quantity") {
            schema.type_ = Type::Quantity;
        }
        add_enums(&name, &mut schema);
        if let ([key], true) = (kinds.as_slice(), catalogue.is_object(&schema)) {
            catalogue.kinds.insert(key.clone(), number);
        }
        if let Some(place) = catalogue.components.get_mut(number) {
            *place = schema;
        }
    }
    Ok(())
}

impl Kind {
    fn key(&self) -> (Box<str>, Box<str>) {
        let separator = if self.group.is_empty() { "" } else { "/" };
        (format!("{}{separator}{}", self.group, self.version).into(), self.kind.as_str().into())
    }
}

impl Catalogue {
    /// The number of the component of this name; one that is not read yet may be anything.
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        let number = self.components.len();
        self.components.push(Schema { is_open: true, ..Schema::default() });
        self.names.insert(name.into(), number);
        number
    }

    /// Whether it is something that one writes: lists, deletions and statuses are kinds as well.
    fn is_object(&mut self, schema: &Schema) -> bool {
        let of_lists = self.number("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");
        let metadata = schema.properties.iter().find(|(name, _)| &**name == "metadata");
        metadata.is_some_and(|(_, one)| one.reference != Some(of_lists))
    }

    fn schema(&mut self, raw: Raw) -> Schema {
        // A field that has words of its own wraps its reference, since `$ref` stands alone.
        let wrapped = raw.all_of.into_iter().find_map(|one| one.reference);
        let reference = raw.reference.or(wrapped);
        let reference = reference.as_deref().and_then(|name| name.strip_prefix(PREFIX)).map(|name| self.number(name));
        let properties: Vec<_> =
            raw.properties.into_iter().map(|(name, one)| (name.into_boxed_str(), self.schema(one))).collect();
        let (values, is_allowed) = match raw.additional {
            Some(Additional::Schema(one)) => (Some(Box::new(self.schema(*one))), false),
            Some(Additional::Allowed(is_allowed)) => (None, is_allowed),
            None => (None, false),
        };
        let type_ = type_of(raw.type_.as_deref(), raw.format.as_deref(), raw.is_int_or_string);
        let has_fields = !properties.is_empty() || values.is_some();
        Schema {
            description: raw.description.into(),
            reference,
            type_,
            format: raw.format.filter(|_| type_ != Type::IntegerOrText).map(Into::into),
            enum_values: raw.values.iter().filter_map(Value::as_str).map(Into::into).collect(),
            is_filled_in: raw.default.as_ref().is_some_and(|value| *value == json!({})),
            // An empty one is that of the Go type, and says nothing to a person.
            default: raw.default.filter(|value| *value != "" && *value != json!({})).map(Box::new),
            required: raw.required.into_iter().map(Into::into).collect(),
            properties: properties.into(),
            items: raw.items.map(|one| Box::new(self.schema(*one))),
            values,
            is_open: raw.is_open || is_allowed || !has_fields,
        }
    }
}

fn type_of(name: Option<&str>, format: Option<&str>, is_int_or_string: bool) -> Type {
    if is_int_or_string || format == Some("int-or-string") {
        return Type::IntegerOrText;
    }
    match name {
        Some("object") => Type::Object,
        Some("array") => Type::List,
        Some("string") => Type::Text,
        Some("integer") => Type::Integer,
        Some("number") => Type::Number,
        Some("boolean") => Type::Flag,
        _ => Type::Any,
    }
}

fn add_enums(name: &str, schema: &mut Schema) {
    for (_, field, values) in ENUMS.iter().filter(|(component, ..)| name.strip_prefix("io.k8s.api.") == Some(component))
    {
        let property = schema.properties.iter_mut().find(|(name, _)| &**name == *field);
        if let Some((_, property)) = property.filter(|(_, property)| property.enum_values.is_empty()) {
            property.enum_values = values.iter().copied().map(Into::into).collect();
        }
    }
}
