//! Label and field selectors, as queries write them. Called by lists, watches and deletions of collections.

use serde_json::Value;

use super::refusal::Refusal;
use super::resources::Resource;

/// What a query selects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Selector {
    labels: Vec<(String, Rule)>,
    fields: Vec<(String, Rule)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Rule {
    fn matches(&self, value: Option<&str>) -> bool {
        match self {
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::In(wanted) => value.is_some_and(|value| wanted.iter().any(|one| one == value)),
            Self::NotIn(refused) => value.is_none_or(|value| refused.iter().all(|one| one != value)),
        }
    }
}

impl Selector {
    /// Reads the `labelSelector` and `fieldSelector` of a query.
    pub(super) fn parse(resource: &Resource, labels: Option<&str>, fields: Option<&str>) -> Result<Self, Refusal> {
        let labels = requirements(labels.unwrap_or_default()).into_iter().map(label).collect::<Result<_, _>>()?;
        let fields = requirements(fields.unwrap_or_default()).into_iter().map(|text| field(resource, text));
        Ok(Self { labels, fields: fields.collect::<Result<_, _>>()? })
    }

    /// Whether an object, in the version that is asked for, is selected.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|(name, rule)| rule.matches(labels[name].as_str()))
            && self.fields.iter().all(|(path, rule)| rule.matches(Some(&field_value(object, path))))
    }
}

/// Parts between commas, but for those in parentheses.
fn requirements(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = text.split(move |letter| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        letter == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn label(text: &str) -> Result<(String, Rule), Refusal> {
    let set = |list: &str| -> Vec<String> {
        list.trim().trim_matches(['(', ')']).split(',').map(|one| one.trim().to_owned()).collect()
    };
    let (name, rule) = if let Some((name, list)) = text.split_once(" notin ") {
        (name, Rule::NotIn(set(list)))
    } else if let Some((name, list)) = text.split_once(" in ") {
        (name, Rule::In(set(list)))
    } else if let Some((name, value)) = text.split_once("!=") {
        (name, Rule::NotIn(vec![value.trim().into()]))
    } else if let Some((name, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (name, Rule::In(vec![value.trim().into()]))
    } else if let Some(name) = text.strip_prefix('!') {
        (name, Rule::Absent)
    } else {
        (text, Rule::Exists)
    };
    let values = match &rule {
        Rule::In(values) | Rule::NotIn(values) => values.as_slice(),
        Rule::Exists | Rule::Absent => &[],
    };
    let is_name = |text: &str| text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    if name.trim().is_empty() || !is_name(name.trim()) || !values.iter().all(|value| is_name(value)) {
        return Err(Refusal::bad_request(format!("unable to parse requirement: {text}")));
    }
    Ok((name.trim().to_owned(), rule))
}

fn field(resource: &Resource, text: &str) -> Result<(String, Rule), Refusal> {
    let (path, rule) = if let Some((path, value)) = text.split_once("!=") {
        (path, Rule::NotIn(vec![value.into()]))
    } else if let Some((path, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (path, Rule::In(vec![value.into()]))
    } else {
        return Err(Refusal::bad_request(format!("invalid field selector: {text}")));
    };
    let is_known = path == "metadata.name"
        || (path == "metadata.namespace" && resource.is_namespaced)
        || resource.selectable.contains(&path);
    if !is_known {
        return Err(Refusal::bad_request(format!("field label \"{path}\" not supported for {}", resource.kind)));
    }
    Ok((path.to_owned(), rule))
}

/// The text of a field, empty where it has none; numbers count as 0 and flags as false where they are absent.
fn field_value(object: &Value, path: &str) -> String {
    let path = match path {
        "status.successful" => "status.succeeded",
        "source" => "source.component",
        path => path,
    };
    let value = path.split('.').fold(object, |value, part| &value[part]);
    match value {
        Value::Null if path == "status.succeeded" => "0".to_owned(),
        Value::Null if path == "spec.unschedulable" => "false".to_owned(),
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::demo::resources;

    fn selects(labels: &str, fields: &str) -> Result<bool, Refusal> {
        let job = json!({
            "metadata": { "name": "etl", "namespace": "data", "labels": { "app": "etl", "tier": "b" } },
            "status": {},
        });
        let jobs = resources::find("batch", "v1", "jobs").unwrap();
        Ok(Selector::parse(jobs, Some(labels), Some(fields))?.matches(&job))
    }

    #[test]
    fn labels_are_selected_in_every_form() {
        let chosen = ["app=etl", "app==etl,tier!=a", "app in (x, etl),tier", "!gone", "tier notin (a,c)", "none!=x"];
        for labels in chosen {
            assert_eq!(selects(labels, ""), Ok(true), "{labels}");
        }
        for labels in ["app=x", "gone", "!app", "app in (x,y)", "tier notin (b)"] {
            assert_eq!(selects(labels, ""), Ok(false), "{labels}");
        }
        assert!(selects("a===b", "").is_err());
    }

    #[test]
    fn fields_are_selected_where_the_kind_has_them() {
        assert_eq!(selects("", "metadata.name=etl,status.successful=0"), Ok(true));
        assert_eq!(selects("", "metadata.namespace!=data"), Ok(false));
        assert!(selects("", "spec.foo=b").is_err());
    }
}
