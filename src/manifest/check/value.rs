//! Single values: their types, and the words that YAML 1.1 reads otherwise than they look.

use serde_json::Value;

use super::{Checker, nearest, told};
use crate::manifest::parse::{Form, Node, resolve};
use crate::manifest::problem::{Place, Problem, Severity};
use crate::manifest::schema::{Schema, Type};
use crate::model::resources::Quantity;

impl Checker<'_> {
    /// Checks a value that has no parts.
    pub(super) fn scalar(&mut self, place: Place, value: &Value, is_plain: bool, schema: &Schema) {
        let fits = match schema.type_ {
            Type::Any => true,
            Type::Object | Type::List => false,
            Type::Text => value.is_string(),
            Type::Integer => value.is_i64() || value.is_u64(),
            Type::Number => value.is_number(),
            Type::Flag => value.is_boolean(),
            Type::IntegerOrText => value.is_i64() || value.is_string(),
            Type::Quantity => value.is_number() || value.is_string(),
        };
        if !fits {
            let problem = self.wrong_type(place, value, is_plain, schema);
            return self.tell_of_field(problem, false);
        }
        if let Some(problem) = self.beyond_limits(place, value, schema) {
            return self.tell_of_field(problem, false);
        }
        if is_plain {
            self.oddly_written(place, value, schema.type_);
        }
    }

    fn wrong_type(&self, place: Place, value: &Value, is_plain: bool, schema: &Schema) -> Problem {
        let source = self.source(place);
        let wanted = told(schema);
        let is_text_wanted = matches!(schema.type_, Type::Text | Type::IntegerOrText);
        if is_text_wanted && is_plain {
            let written = value.to_string();
            let read = match value {
                Value::Bool(is_true) if is_true.to_string() != source => format!("`{is_true}`"),
                Value::Bool(_) => "no text".to_owned(),
                _ if written == source => "a number".to_owned(),
                _ => format!("the number {written}"),
            };
            let told = format!("this must be {wanted}, but `{source}` without quotes is {read}");
            return Problem::error(place, told).mended_by("quote it", format!("\"{source}\""));
        }
        let problem = Problem::error(place, format!("this must be {wanted}, but here stands {}", described(value)));
        if let (Value::String(text), false) = (value, is_plain)
            && has_type(&resolve(text), schema.type_)
        {
            return problem.mended_by("remove the quotes", text.as_str());
        }
        if schema.type_ == Type::List && !source.is_empty() {
            return problem.mended_by("make it a list of one", format!("[{source}]"));
        }
        problem
    }

    /// A value of the right type that is refused all the same.
    fn beyond_limits(&self, place: Place, value: &Value, schema: &Schema) -> Option<Problem> {
        let text = value.as_str();
        if !schema.enum_values.is_empty()
            && text.is_some_and(|text| !schema.enum_values.iter().any(|one| **one == *text))
        {
            let words: Vec<String> = schema.enum_values.iter().map(|one| format!("`{one}`")).collect();
            let problem = Problem::error(place, format!("this must be one of {}", words.join(", ")));
            let near = nearest(text.unwrap_or_default(), schema.enum_values.iter().map(|one| &**one));
            return Some(match near {
                Some(near) => problem.mended_by(format!("change to `{near}`"), near),
                None => problem,
            });
        }
        if schema.type_ == Type::Quantity && text.is_some_and(|text| Quantity::parse(text).is_none()) {
            return Some(Problem::error(place, "this is no amount: write one such as `500m`, `2`, `512Mi` or `1Gi`"));
        }
        let is_large =
            schema.format.as_deref() == Some("int32") && value.as_i64().is_none_or(|it| i32::try_from(it).is_err());
        let is_larger = schema.type_ == Type::Integer && value.as_i64().is_none();
        (is_large && schema.type_ == Type::Integer || is_larger)
            .then(|| Problem::error(place, "this number is larger than the field holds"))
    }

    /// Words whose value is not what they look like, or only for some readers.
    fn oddly_written(&mut self, place: Place, value: &Value, type_: Type) {
        let source = self.source(place);
        let note = |told: String| Problem::new(place, Severity::Note, told);
        let problem = match value {
            Value::Bool(is_true) if !source.eq_ignore_ascii_case(if *is_true { "true" } else { "false" }) => {
                let problem = note(format!("`{source}` is read as `{is_true}`"));
                if type_ == Type::Any {
                    let problem = Problem { severity: Severity::Warning, ..problem };
                    problem.mended_by("quote it, as text", format!("\"{source}\""))
                } else {
                    problem.mended_by(format!("write `{is_true}`"), is_true.to_string())
                }
            }
            Value::Number(_) if is_octal(source) => note(format!("`{source}` is octal: it is {value}")),
            Value::Number(_) if source.contains('_') || is_power(source, value) => {
                let problem = note(format!("`{source}` is read as the number {value}"));
                problem.mended_by(format!("write `{value}`"), value.to_string())
            }
            Value::String(text) if is_sexagesimal(text) => {
                let told = format!("`{source}` is text here, but a number for some readers of YAML");
                note(told).mended_by("quote it", format!("\"{source}\""))
            }
            _ => return,
        };
        self.tell(problem);
    }

    /// Looks through a value whose type nobody knows.
    pub(super) fn anything(&mut self, node: &Node) {
        match &node.form {
            Form::Scalar { value, is_plain: true } => self.oddly_written(node.place, value, Type::Any),
            Form::Scalar { .. } => {}
            Form::Map(entries) => entries.iter().for_each(|entry| {
                self.key(entry);
                self.anything(&entry.node);
            }),
            Form::List(items) => items.iter().for_each(|item| self.anything(item)),
        }
    }
}

fn has_type(value: &Value, type_: Type) -> bool {
    match type_ {
        Type::Integer => value.is_i64() || value.is_u64(),
        Type::Number => value.is_number(),
        Type::Flag => value.is_boolean(),
        _ => false,
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Bool(_) => format!("`{value}`"),
        Value::Number(_) => format!("the number {value}"),
        _ => "text".to_owned(),
    }
}

/// `0644`, but not `0`, `08` nor `0.5`.
fn is_octal(source: &str) -> bool {
    let digits = source.trim_start_matches(['+', '-']);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte))
}

/// `1e3`, which is a whole number.
fn is_power(source: &str, value: &Value) -> bool {
    source.contains(['e', 'E']) && !source.contains(['x', 'X']) && value.is_i64()
}

/// `12:30`, `1:02:03`: numbers to the base of 60 in YAML 1.1, which kubectl takes for text.
fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.trim_start_matches(['+', '-']).split(':');
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = parts.next().is_some_and(are_digits);
    let mut rest = parts.peekable();
    is_first
        && rest.peek().is_some()
        && rest.all(|part| are_digits(part) && (part.len() == 1 || part.len() == 2 && part < "60"))
}
