//! The way to a field of an object, as the API server's own messages write it.

use std::fmt;

use serde_json::Value;

/// One step from a value into what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A field of an object, or an entry of a map such as labels.
    Field(String),
    /// An element of a list.
    Element {
        /// Where it is, counted from 0.
        index: usize,
        /// The field that tells it from the others, and its value there: `("name", "main")`. None in a list whose
        /// elements have nothing of that kind, where the index alone finds it.
        key: Option<(&'static str, String)>,
    },
}

/// The way to a field: `spec.template.spec.containers[0].image`, `metadata.annotations[example.com/owner]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// The path one field further.
    pub fn field(&self, name: &str) -> Self {
        self.then(Step::Field(name.to_owned()))
    }

    /// The path to an element of the list that it leads to.
    pub(in crate::manifest) fn element(&self, index: usize, key: Option<(&'static str, String)>) -> Self {
        self.then(Step::Element { index, key })
    }

    /// What an object holds there.
    pub fn of<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(object, |value, step| step.of(value))
    }

    /// Its steps by their names, with `[]` for any element of a list: `["spec", "containers", "[]", "image"]`.
    pub(in crate::manifest) fn names(&self) -> Vec<&str> {
        fn name(step: &Step) -> &str {
            match step {
                Step::Field(name) => name,
                Step::Element { .. } => "[]",
            }
        }
        self.0.iter().map(name).collect()
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl Step {
    /// What a value holds there. An element that has a key is found by it, wherever it is in this list.
    pub fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Step::Field(name) => value.get(name),
            Step::Element { index, key: None } => value.get(index),
            Step::Element { key: Some((name, wanted)), .. } => {
                value.as_array()?.iter().find(|element| element[*name] == **wanted)
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Element { index, .. } => write!(f, "[{index}]")?,
                Step::Field(name) if !name.chars().all(|c| c.is_ascii_alphanumeric()) => write!(f, "[{name}]")?,
                Step::Field(name) if at == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}
