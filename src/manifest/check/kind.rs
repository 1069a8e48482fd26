//! What an object is, and what follows from that: an old version, a kind that is not known, a name that is missing.

use super::{Checker, nearest};
use crate::manifest::parse::{Form, Node};
use crate::manifest::problem::{Problem, Severity};
use crate::manifest::versions;

impl Checker<'_> {
    /// Checks an object, or the objects of a list.
    pub(super) fn object(&mut self, root: &Node) {
        let Form::Map(entries) = &root.form else {
            let told = "a manifest is a map of fields that has `apiVersion` and `kind`";
            return self.tell(Problem::error(root.place, told));
        };
        let (Some(version), Some(kind)) = (self.name(root, "apiVersion"), self.name(root, "kind")) else {
            return entries.iter().for_each(|entry| self.anything(&entry.node));
        };
        if let (true, Some(Form::List(items))) = (kind.ends_with("List"), root.get("items").map(|node| &node.form)) {
            return items.iter().for_each(|item| self.object(item));
        }
        let current = self.current(root, version, kind);
        match self.catalogue.kind(current, kind) {
            Some(schema) => {
                self.fields(entries, schema, root.place);
                self.object_name(root);
            }
            None => {
                self.unknown_kind(root, version, kind);
                entries.iter().for_each(|entry| self.anything(&entry.node));
            }
        }
    }

    /// The text of a field that tells what the object is; says so where it is missing.
    fn name<'n>(&mut self, root: &'n Node, field: &str) -> Option<&'n str> {
        let found = root.get(field);
        let text = found.and_then(Node::text).filter(|text| !text.is_empty());
        if text.is_none() {
            let told = if found.is_some() { "needs a word" } else { "is missing" };
            let place = found.map_or(root.place, |node| node.place);
            self.tell(Problem::error(place, format!("`{field}` {told}: without it nobody knows what this is")));
        }
        text
    }

    /// The version whose fields are meant: the one that followed where this one is gone.
    fn current<'n>(&mut self, root: &Node, version: &'n str, kind: &str) -> &'n str {
        if self.catalogue.has_kind(version, kind) {
            return version;
        }
        let (Some(removed), Some(node)) = (versions::removed(version, kind), root.get("apiVersion")) else {
            return version;
        };
        let told = format!("`{version}` {}: use `{}`", removed.since, removed.instead);
        let problem = Problem::error(node.place, told);
        self.tell(problem.mended_by(format!("change to `{}`", removed.instead), removed.instead));
        removed.instead
    }

    /// Says that a kind is not known: an error only where the version is known, as then the kind does not exist.
    fn unknown_kind(&mut self, root: &Node, version: &str, kind: &str) {
        let Some(place) = root.get("kind").map(|node| node.place) else { return };
        let names: Vec<&str> =
            self.catalogue.kinds().filter(|(known, _)| *known == version).map(|(_, kind)| kind).collect();
        self.tell(match nearest(kind, names.iter().copied()) {
            Some(near) => {
                let told = format!("`{version}` has no kind `{kind}`, did you mean `{near}`?");
                Problem::error(place, told).mended_by(format!("change to `{near}`"), near)
            }
            None => {
                let told = format!("the fields of `{kind}` in `{version}` are not known here: the server checks them");
                Problem::new(place, Severity::Note, told)
            }
        });
    }

    /// An object needs a name, or what one is made from.
    fn object_name(&mut self, root: &Node) {
        let metadata = root.get("metadata");
        let has = |field: &str| {
            metadata
                .and_then(|node| node.get(field))
                .is_some_and(|node| node.text().is_none_or(|text| !text.is_empty()))
        };
        if !has("name") && !has("generateName") {
            let place = root.entries().iter().find(|entry| entry.key == "metadata").map(|entry| entry.key_place);
            let told = "`metadata.name` is missing, and `generateName` as well";
            self.tell(Problem::error(place.unwrap_or(root.place), told));
        }
    }
}
