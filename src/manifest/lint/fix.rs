//! Changes that mend what a rule found, as values at paths: for files, and as JSON Patch for scripts.

use json_patch::jsonptr::{PointerBuf, Token};
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::{Map, Value};

use crate::manifest::immutable;
use crate::manifest::parse::{Document, resolve};
use crate::manifest::path::{Path, Step};
use crate::manifest::problem::Edit;
use crate::manifest::rewrite::rewrite;

/// What would mend a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct LintFix {
    /// What it does, as an order: `set spec.backoffLimit to 3`, or `set it to 3` where that is the finding's own field.
    pub title: String,
    /// The same by itself, each field by its last two names: `set spec.backoffLimit to 3`, wherever that stands.
    pub short: String,
    /// The fields that it changes, one after the other.
    pub changes: Vec<FieldChange>,
    /// The same as a JSON Patch (RFC 6902) of the object.
    pub patch: Patch,
    /// The same as edits of the text that was looked at, which leave all else in it as it is; none where that cannot be
    /// done safely, for example where a name behind an & brings the field in.
    pub edits: Vec<Edit>,
    /// It changes what cannot be changed in a Job that is there: it is for files, copies and CronJobs.
    pub is_frozen: bool,
}

/// Another value for a field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// The field. What is missing above it comes with it; the position behind the last of a list appends.
    pub path: Path,
    /// Its value; None removes it.
    pub value: Option<Value>,
}

impl LintFix {
    /// A fix of what is wrong at this path of an object, without edits of a text; None where the changes cannot be made.
    #[cfg(test)]
    pub(super) fn new(object: &Value, path: &Path, changes: Vec<FieldChange>) -> Option<Self> {
        Self::fixed(object, path, changes).map(|(fix, _)| fix)
    }

    /// The same of a document, with the edits of the text that it was read from.
    pub(super) fn in_text(document: &Document, lines: &[&str], path: &Path, changes: Vec<FieldChange>) -> Option<Self> {
        let (mut fix, fixed) = Self::fixed(&document.object, path, changes)?;
        let touched = fix.changes.iter().map(|change| &change.path);
        fix.edits = rewrite(document, lines, &fixed, touched).unwrap_or_default();
        Some(fix)
    }

    /// The fix, and the object after it.
    fn fixed(object: &Value, path: &Path, changes: Vec<FieldChange>) -> Option<(Self, Value)> {
        let mut fixed = object.clone();
        let mut patch = Vec::new();
        for change in &changes {
            let operation = operation(&fixed, change)?;
            json_patch::patch(&mut fixed, std::slice::from_ref(&operation)).ok()?;
            patch.push(operation);
        }
        let titles = |name: fn(&Path, &Path) -> String| {
            let titles = changes.iter().map(|change| change.title(&name(&change.path, path)));
            titles.collect::<Vec<_>>().join(", ")
        };
        let title = titles(|path, found| if path == found { "it".to_owned() } else { path.to_string() });
        let short = titles(|path, _| path.end(2).to_string());
        let is_frozen = !immutable::refused(object, &fixed).is_empty();
        Some((Self { title, short, changes, patch: Patch(patch), edits: Vec::new(), is_frozen }, fixed))
    }
}

impl FieldChange {
    fn title(&self, path: &str) -> String {
        /// Longer values, such as scripts, are cut.
        const LONGEST: usize = 100;
        let Some(value) = &self.value else { return format!("remove {path}") };
        let value = match value.as_str() {
            // What would be something else without quotes has them.
            Some(text) if resolve(text).is_string() => text.to_owned(),
            _ => value.to_string(),
        };
        let value = match value.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value,
        };
        format!("set {path} to {value}")
    }
}

/// The operation that makes a change in this object: where what it is in is missing, that is added with it.
fn operation(object: &Value, FieldChange { path, value }: &FieldChange) -> Option<PatchOperation> {
    let steps = &path.0;
    let mut here = object;
    let mut depth = 0;
    while let Some(inner) = steps.get(depth).and_then(|step| step_into(here, step)) {
        (here, depth) = (inner, depth + 1);
    }
    let Some(value) = value else {
        return (depth == steps.len()).then(|| PatchOperation::Remove(RemoveOperation { path: pointer(steps) }));
    };
    // Nothing is as good as absent.
    if depth == steps.len() || here.is_null() {
        let value = nested(&steps[depth..], value)?;
        return Some(PatchOperation::Replace(ReplaceOperation { path: pointer(&steps[..depth]), value }));
    }
    let fits = match &steps[depth] {
        Step::Key(_) => here.is_object(),
        Step::Index(index) => here.as_array().is_some_and(|items| items.len() == *index),
    };
    let value = nested(&steps[depth + 1..], value)?;
    fits.then(|| PatchOperation::Add(AddOperation { path: pointer(&steps[..=depth]), value }))
}

fn step_into<'a>(value: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    }
}

/// The value with the maps and lists around it that these steps lead through.
fn nested(steps: &[Step], value: &Value) -> Option<Value> {
    steps.iter().rev().try_fold(value.clone(), |value, step| match step {
        Step::Key(key) => Some(Value::Object(Map::from_iter([(key.clone(), value)]))),
        Step::Index(0) => Some(Value::Array(vec![value])),
        Step::Index(_) => None,
    })
}

fn pointer(steps: &[Step]) -> PointerBuf {
    PointerBuf::from_tokens(steps.iter().map(|step| match step {
        Step::Key(key) => Token::new(key.as_str()),
        Step::Index(index) => Token::from(*index),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(object: &Value, path: &str, value: Option<Value>) -> Option<(Value, Value)> {
        let fix = LintFix::new(object, &Path::default(), vec![FieldChange { path: Path::parse(path), value }])?;
        let mut fixed = object.clone();
        json_patch::patch(&mut fixed, &fix.patch).unwrap();
        Some((json!(fix.patch), fixed))
    }

    #[test]
    fn what_is_missing_above_a_field_comes_with_it() {
        let object = json!({ "spec": { "a/b": 1, "none": null, "list": [1] } });
        let cases = [
            ("spec[a/b]", Some(json!(2)), json!([{ "op": "replace", "path": "/spec/a~1b", "value": 2 }])),
            ("spec.x.y", Some(json!(2)), json!([{ "op": "add", "path": "/spec/x", "value": { "y": 2 } }])),
            ("spec.none.y", Some(json!(2)), json!([{ "op": "replace", "path": "/spec/none", "value": { "y": 2 } }])),
            ("spec.list[1]", Some(json!(2)), json!([{ "op": "add", "path": "/spec/list/1", "value": 2 }])),
            ("spec.new[0].a", Some(json!(2)), json!([{ "op": "add", "path": "/spec/new", "value": [{ "a": 2 }] }])),
            ("spec.list", None, json!([{ "op": "remove", "path": "/spec/list" }])),
        ];
        for (path, value, wanted) in cases {
            assert_eq!(patched(&object, path, value).unwrap().0, wanted, "{path}");
        }
        for (path, value) in [("spec.list[3]", Some(json!(2))), ("spec[a/b].c", Some(json!(2))), ("spec.x", None)] {
            assert_eq!(patched(&object, path, value), None, "{path}");
        }
    }

    #[test]
    fn later_changes_see_what_earlier_ones_did() {
        let change = |path: &str| FieldChange { path: Path::parse(path), value: Some(json!(1)) };
        let fix = LintFix::new(&json!({}), &Path::parse("a.b"), vec![change("a.b"), change("a.c")]).unwrap();
        let mut fixed = json!({});
        json_patch::patch(&mut fixed, &fix.patch).unwrap();
        assert_eq!(fixed, json!({ "a": { "b": 1, "c": 1 } }));
        assert_eq!(fix.title, "set it to 1, set a.c to 1");
        let titles = [json!("yes"), json!("Never"), json!([1])].map(|value| {
            let change = FieldChange { path: Path::parse("a"), value: Some(value) };
            LintFix::new(&json!({}), &Path::parse("a"), vec![change]).unwrap().title
        });
        assert_eq!(titles, ["set it to \"yes\"", "set it to Never", "set it to [1]"]);
    }
}
