//! What fields the kinds have, from the OpenAPI v3 documents of an API server: their types, words, defaults and values.
//!
//! It keeps little of a document, since the core one alone has three megabytes. The batch kinds of a Kubernetes 1.36 are
//! built in for when no server can be asked.

mod read;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::OnceLock;

use serde_json::Value;

use super::path::{Path, Step};

/// What is known of kinds and their fields.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// The schemas that others refer to.
    components: Vec<Schema>,
    /// Their numbers, by name.
    names: HashMap<Box<str>, usize>,
    /// The numbers of the kinds' schemas, by `apiVersion` and `kind`.
    kinds: BTreeMap<(Box<str>, Box<str>), usize>,
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Type {
    /// Anything.
    #[default]
    Any,
    Object,
    List,
    Text,
    Integer,
    Number,
    Flag,
    /// A whole number, or text such as a percentage or the name of a port.
    IntegerOrText,
    /// An amount such as `500m`, as text or as a number.
    Quantity,
}

/// The schema of a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema {
    pub(super) description: Box<str>,
    /// The component that says the rest.
    reference: Option<usize>,
    pub(super) type_: Type,
    pub(super) format: Option<Box<str>>,
    pub(super) enum_values: Box<[Box<str>]>,
    default: Option<Box<Value>>,
    pub(super) required: Box<[Box<str>]>,
    /// By name, in the order of the alphabet.
    pub(super) properties: Box<[(Box<str>, Self)]>,
    items: Option<Box<Self>>,
    /// What a map has whose keys are free.
    values: Option<Box<Self>>,
    /// Whether the server takes an empty one where it is absent, so that what it requires is required all the same.
    pub(super) is_filled_in: bool,
    /// Whether it may have fields that are not named here.
    pub(super) is_open: bool,
}

/// A field as a person reads about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name; of a list's item that of the list, of the object itself its kind.
    pub name: String,
    /// The way to it from the object.
    pub path: Path,
    /// What it holds: `integer (int32)`, `list of Container`.
    pub type_name: String,
    /// What Kubernetes says about it; may have several paragraphs.
    pub description: String,
    /// What stands there where nothing is written, as it would be written; from the schema or from its words.
    pub default: Option<String>,
    /// Whether the object is refused without it.
    pub is_required: bool,
    /// The words that it may hold, where they are few and known.
    pub enum_values: Vec<String>,
}

impl Catalogue {
    /// The batch kinds of a Kubernetes 1.36.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: OnceLock<Catalogue> = OnceLock::new();
        BUILT_IN.get_or_init(|| {
            const PACKED: &[u8] = include_bytes!("../../assets/openapi/batch-v1-components.json.gz");
            let mut components = Vec::new();
            let mut catalogue = Self::default();
            // A test holds that it can be read.
            if flate2::read::GzDecoder::new(PACKED).read_to_end(&mut components).is_ok() {
                let document = [b"{\"components\":", components.as_slice(), b"}"].concat();
                drop(catalogue.add(&document));
            }
            catalogue
        })
    }

    /// Adds the kinds of one OpenAPI v3 document as the API server gives it at `/openapi/v3/apis/batch/v1`. What it has
    /// anew replaces what was known by the same name.
    ///
    /// # Errors
    /// Where the text is no such document; then nothing is added.
    pub fn add(&mut self, document: &[u8]) -> Result<(), serde_json::Error> {
        read::add(self, document)
    }

    /// Whether this kind is known.
    pub fn has_kind(&self, api_version: &str, kind: &str) -> bool {
        self.kind(api_version, kind).is_some()
    }

    /// The kinds of objects that are known, as `apiVersion` and `kind`.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        self.kinds.keys().map(|(version, kind)| (&**version, &**kind))
    }

    /// What is known of a field; None where there is no such field, or it may be anything.
    pub fn field(&self, api_version: &str, kind: &str, path: &Path) -> Option<Field> {
        let mut outer = None;
        let mut schema = self.kind(api_version, kind)?;
        let mut name = kind;
        for step in &path.0 {
            outer = Some(self.resolve(schema));
            schema = self.step(schema, step)?;
            if let Step::Key(key) = step {
                name = key;
            }
        }
        let is_required = outer.is_some_and(|outer| outer.required.iter().any(|one| **one == *name))
            && matches!(path.0.last(), Some(Step::Key(_)));
        Some(self.describe(schema, name, path, is_required))
    }

    fn describe(&self, schema: &Schema, name: &str, path: &Path, is_required: bool) -> Field {
        let whole = self.resolve(schema);
        let description = if schema.description.is_empty() { &whole.description } else { &schema.description };
        let default =
            schema.default.as_deref().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        Field {
            name: name.to_owned(),
            path: path.clone(),
            type_name: self.type_name(schema),
            description: description.to_string(),
            default: default.or_else(|| words::default_in(description).map(str::to_owned)).filter(|_| !is_required),
            is_required,
            enum_values: whole.enum_values.iter().map(|value| value.to_string()).collect(),
        }
    }

    pub(super) fn kind(&self, api_version: &str, kind: &str) -> Option<&Schema> {
        let number = self.kinds.get(&(api_version.into(), kind.into()))?;
        self.components.get(*number)
    }

    /// The schema at the end of a path; None where it is unknown.
    pub(super) fn at(&self, api_version: &str, kind: &str, path: &Path) -> Option<&Schema> {
        path.0.iter().try_fold(self.kind(api_version, kind)?, |schema, step| self.step(schema, step))
    }

    /// The schema of a part of a value.
    fn step<'a>(&'a self, schema: &'a Schema, step: &Step) -> Option<&'a Schema> {
        match step {
            Step::Key(key) => self.property(schema, key),
            Step::Index(_) => self.item(schema),
        }
    }

    /// The schema of a map's value.
    pub(super) fn property<'a>(&'a self, schema: &'a Schema, key: &str) -> Option<&'a Schema> {
        let schema = self.resolve(schema);
        match schema.properties.binary_search_by(|(name, _)| (**name).cmp(key)) {
            Ok(at) => schema.properties.get(at).map(|(_, schema)| schema),
            Err(_) => schema.values.as_deref(),
        }
    }

    /// The schema of a list's items.
    pub(super) fn item<'a>(&'a self, schema: &'a Schema) -> Option<&'a Schema> {
        self.resolve(schema).items.as_deref()
    }

    /// The schema that says what the value is: what this one refers to, or itself.
    pub(super) fn resolve<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        /// References to references are rare, and circles of nothing else are no schema.
        const FARTHEST: usize = 4;
        let next = |schema: &&'a Schema| self.components.get(schema.reference?);
        std::iter::successors(Some(schema), next).take(FARTHEST).last().unwrap_or(schema)
    }

    /// What a value has to be, in words.
    pub(super) fn type_name(&self, schema: &Schema) -> String {
        let whole = self.resolve(schema);
        match whole.type_ {
            Type::Any => "anything".to_owned(),
            Type::Text | Type::Integer | Type::Number | Type::Flag => match &whole.format {
                Some(format) => format!("{} ({format})", whole.type_.word()),
                None => whole.type_.word().to_owned(),
            },
            Type::IntegerOrText | Type::Quantity => whole.type_.word().to_owned(),
            Type::List => match &whole.items {
                Some(item) => format!("list of {}", self.type_name(item)),
                None => "list".to_owned(),
            },
            Type::Object => match (&whole.values, schema.reference) {
                (Some(value), _) => format!("map to {}", self.type_name(value)),
                (None, Some(number)) => self.short_name(number),
                (None, None) => "object".to_owned(),
            },
        }
    }

    /// The last part of a component's name: `Container` of `io.k8s.api.core.v1.Container`.
    fn short_name(&self, number: usize) -> String {
        let name = self.names.iter().find(|(_, found)| **found == number);
        name.map_or("object", |(name, _)| name.rsplit('.').next().unwrap_or(name)).to_owned()
    }
}

impl Type {
    /// The type in one word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Object => "object",
            Self::List => "list",
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Flag => "boolean",
            Self::IntegerOrText => "integer or string",
            Self::Quantity => "quantity",
        }
    }
}

#[cfg(test)]
mod tests;
