//! What is wrong with a text before anybody is asked: what the server would refuse, and what it would read otherwise
//! than it was meant. It is made for every key that is typed.

mod kind;
mod lines;
mod value;

use super::parse::{Document, Entry, Form, Node, parse, resolve};
use super::path::{Path, Step};
use super::problem::{Place, Problem, Severity};
use super::schema::{Catalogue, Schema, Type};

/// Everything that is wrong with a text, by place.
pub fn check(text: &str, catalogue: &Catalogue) -> Vec<Problem> {
    let parsed = parse(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut checker = Checker::new(&lines, catalogue);
    checker.problems = parsed.problems;
    checker.look_at_lines(text);
    for document in &parsed.documents {
        checker.object(&document.root);
    }
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| (problem.place.line, problem.place.column));
    problems
}

/// A field that the schema does not know, or whose value is none that it may have.
pub(super) struct Fault {
    pub(super) path: Path,
    /// There is no such field; otherwise it is the value.
    pub(super) is_unknown: bool,
    pub(super) problem: Problem,
}

/// The fields of an object in a text of these lines that the schema does not know, or whose values it refuses.
pub(super) fn faults(document: &Document, lines: &[&str], catalogue: &Catalogue) -> Vec<Fault> {
    let mut checker = Checker::new(lines, catalogue);
    checker.object(&document.root);
    checker.faults
}

/// What is looked at, and what was found.
struct Checker<'a> {
    catalogue: &'a Catalogue,
    lines: &'a [&'a str],
    problems: Vec<Problem>,
    /// Those of the problems that are of a field.
    faults: Vec<Fault>,
    /// The way to what is looked at.
    path: Path,
    /// The maps around the one that is looked at: each with its schema, and the key behind which it goes on.
    around: Vec<(String, &'a Schema)>,
}

impl<'a> Checker<'a> {
    fn new(lines: &'a [&'a str], catalogue: &'a Catalogue) -> Self {
        let (problems, faults, path, around) = Default::default();
        Self { catalogue, lines, problems, faults, path, around }
    }

    /// The text at a place.
    fn source(&self, place: Place) -> &'a str {
        source(self.lines.get(place.line).copied().unwrap_or_default(), place)
    }

    /// Checks a value against its schema. `at` is where something is told that is missing in it.
    fn value(&mut self, node: &Node, schema: &'a Schema, at: Place) {
        let whole = self.catalogue.resolve(schema);
        match (&node.form, whole.type_) {
            // Nothing is as good as absent, and what is looked for while somebody types.
            (Form::Scalar { value, .. }, _) if value.is_null() => {}
            (_, Type::Any) => self.anything(node),
            (Form::Map(entries), Type::Object) => self.fields(entries, whole, at),
            (Form::List(items), Type::List) => match self.catalogue.item(whole) {
                Some(item) => {
                    for (index, node) in items.iter().enumerate() {
                        self.path.0.push(Step::Index(index));
                        self.value(node, item, node.place);
                        self.path.0.pop();
                    }
                }
                None => self.anything(node),
            },
            (Form::Scalar { value, is_plain }, _) => self.scalar(node.place, value, *is_plain, whole),
            (Form::Map(_), _) => {
                let told = format!("here stands a map of fields, but it must be {}", told(whole));
                self.tell_of_field(Problem::error(at, told), false);
            }
            (Form::List(_), _) => {
                let told = format!("here stands a list, but it must be {}", told(whole));
                self.tell_of_field(Problem::error(at, told), false);
            }
        }
    }

    /// Checks the fields of a map: unknown ones, missing ones, and their values.
    fn fields(&mut self, entries: &[Entry], schema: &'a Schema, at: Place) {
        for entry in entries {
            self.key(entry);
            self.path.0.push(Step::Key(entry.key.clone()));
            match self.catalogue.property(schema, &entry.key) {
                Some(inner) => {
                    self.around.push((entry.key.clone(), schema));
                    self.value(&entry.node, inner, entry.key_place);
                    self.around.pop();
                }
                None if schema.is_open => self.anything(&entry.node),
                None => self.unknown(entry, entries, schema),
            }
            self.path.0.pop();
        }
        self.missing(entries, schema, at);
    }

    /// What has to be there and is not, also within what the server fills in.
    fn missing(&mut self, entries: &[Entry], schema: &Schema, at: Place) {
        let filled_in = schema
            .properties
            .iter()
            .filter(|(_, one)| one.is_filled_in && !self.catalogue.resolve(one).required.is_empty());
        let mut names: Vec<&str> =
            filled_in.map(|(name, _)| &**name).chain(schema.required.iter().map(|name| &**name)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let problem = match entries.iter().find(|entry| entry.key == name) {
                None => Problem::error(at, format!("the field `{name}` is missing")),
                Some(entry) if entry.node.is_null() => {
                    Problem::error(entry.key_place, format!("`{name}` needs a value"))
                }
                Some(_) => continue,
            };
            self.tell(problem);
        }
    }

    fn unknown(&mut self, entry: &Entry, others: &[Entry], schema: &'a Schema) {
        let names = schema.properties.iter().map(|(name, _)| &**name);
        let free = names.filter(|name| !others.iter().any(|entry| entry.key == **name));
        let problem = match nearest(&entry.key, free) {
            Some(name) => {
                let told = format!("unknown field `{}`, did you mean `{name}`?", entry.key);
                Problem::error(entry.key_place, told).mended_by(format!("rename to `{name}`"), name)
            }
            None => {
                let home =
                    self.home(&entry.key, schema).map(|home| format!(": it belongs into {home}")).unwrap_or_default();
                Problem::error(entry.key_place, format!("unknown field `{}`{home}", entry.key))
            }
        };
        self.tell_of_field(problem, true);
    }

    /// Where a field belongs that is not one of a map: the nearest map around it that has it, or one within.
    fn home(&self, field: &str, schema: &'a Schema) -> Option<String> {
        /// From a `CronJob` to its pods' spec: `spec.jobTemplate.spec.template.spec`.
        const DEEPEST: usize = 5;
        let has = |schema: &Schema| schema.properties.iter().any(|(name, _)| &**name == field);
        if let Some(at) = self.around.iter().rposition(|(_, schema)| has(schema)) {
            let keys: Vec<&str> = self.around[..at].iter().map(|(key, _)| key.as_str()).collect();
            return Some(if keys.is_empty() {
                "the object itself".to_owned()
            } else {
                format!("`{}`", keys.join("."))
            });
        }
        let mut within = vec![(String::new(), schema)];
        for _ in 0..DEEPEST {
            within = within.iter().flat_map(|(path, schema)| self.structs(path, schema)).collect();
            if let Some((path, _)) = within.iter().find(|(_, schema)| has(schema)) {
                return Some(format!("`{path}`"));
            }
        }
        None
    }

    /// The maps right within a map that every such object has, with the way to them.
    fn structs(&self, path: &str, schema: &'a Schema) -> Vec<(String, &'a Schema)> {
        let inner = schema.properties.iter().filter(|(name, _)| matches!(&**name, "spec" | "template" | "jobTemplate"));
        let dot = if path.is_empty() { "" } else { "." };
        inner.map(|(name, one)| (format!("{path}{dot}{name}"), self.catalogue.resolve(one))).collect()
    }

    /// A key that is no text without quotes.
    fn key(&mut self, entry: &Entry) {
        let source = self.source(entry.key_place);
        if resolve(source).is_boolean() && entry.key != source {
            let told = format!("the key `{source}` is read as `{}` without quotes", entry.key);
            let problem = Problem::new(entry.key_place, Severity::Warning, told);
            self.tell(problem.mended_by("quote it", format!("\"{source}\"")));
        }
    }

    fn tell(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Tells of the field that is looked at.
    fn tell_of_field(&mut self, problem: Problem, is_unknown: bool) {
        self.faults.push(Fault { path: self.path.clone(), is_unknown, problem: problem.clone() });
        self.tell(problem);
    }
}

/// The text at a place of this line.
pub(super) fn source(line: &str, place: Place) -> &str {
    let byte = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    &line[byte(place.column)..byte(place.end_column)]
}

/// A type with its article.
fn told(schema: &Schema) -> &'static str {
    match schema.type_ {
        Type::Any => "anything",
        Type::Object => "a map of fields",
        Type::List => "a list",
        Type::Text => "text",
        Type::Integer => "a whole number",
        Type::Number => "a number",
        Type::Flag => "`true` or `false`",
        Type::IntegerOrText => "a whole number or text",
        Type::Quantity => "an amount such as `500m` or `1Gi`",
    }
}

/// The name that was probably meant: the same in other letters' case, or at most two slips away (one for the shortest).
pub(super) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = if word.chars().count() > 3 { 2 } else { 1 };
    let slips = |name: &str| if name.eq_ignore_ascii_case(word) { 0 } else { strsim::osa_distance(name, word) };
    names.map(|name| (slips(name), name)).filter(|(slips, _)| *slips <= allowed).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests;
