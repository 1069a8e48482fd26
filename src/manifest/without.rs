//! A text of several manifests without those that are done with.

use serde_json::Value;

use super::import::{items, joined, own_lines};
use super::parse::parse;
use super::yaml::to_yaml;

/// The text without these objects, each taken out once. Documents that stay keep their lines and the comments above
/// them; a list of which some objects are taken out becomes documents.
pub fn without(text: &str, gone: &[Value]) -> String {
    let mut gone: Vec<&Value> = gone.iter().collect();
    let parsed = parse(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut documents = Vec::new();
    for (at, document) in parsed.documents.iter().enumerate() {
        let next = parsed.documents.get(at + 1).map(|next| next.first_line);
        let all = parts(&document.object);
        let is_left = |object: &&Value| match gone.iter().position(|one| one == object) {
            Some(at) => {
                gone.remove(at);
                false
            }
            None => true,
        };
        let left: Vec<&Value> = all.iter().copied().filter(is_left).collect();
        if left.len() == all.len() {
            documents.push(own_lines(&lines, document, next));
        } else {
            documents.extend(left.into_iter().map(to_yaml));
        }
    }
    joined(documents.into_iter())
}

/// The objects of a list and of the lists in it, or the object itself.
fn parts(object: &Value) -> Vec<&Value> {
    items(object).map_or_else(|| vec![object], |items| items.iter().flat_map(parts).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str) -> Value {
        json!({ "kind": "Job", "metadata": { "name": name } })
    }

    const TEXT: &str = "\
# the first
kind: Job
metadata: {name: a} # as it is
---
# the second
kind: Job
metadata: {name: b}
---
kind: Job
metadata: {name: b}
---
kind: Job
metadata: {name: c}
";

    #[test]
    fn what_is_done_goes_and_the_rest_keeps_its_lines() {
        let left = "# the first\nkind: Job\nmetadata: {name: a} # as it is\n---\nkind: Job\nmetadata: {name: b}\n";
        assert_eq!(without(TEXT, &[object("c"), object("b")]), left, "of two that are the same one went");
        assert_eq!(without(TEXT, &[]), TEXT);
        assert_eq!(without(TEXT, &[object("x")]), TEXT);
        assert_eq!(without(TEXT, &["a", "b", "b", "c"].map(object)), "");
    }

    #[test]
    fn list_of_which_a_part_is_done_becomes_documents() {
        let text = "kind: List\nitems:\n- kind: Job\n  metadata: {name: a}\n- kind: Job\n  metadata: {name: b}\n\
                    - kind: Job\n  metadata: {name: c}\n";
        let left = "kind: Job\nmetadata:\n  name: a\n---\nkind: Job\nmetadata:\n  name: c\n";
        assert_eq!(without(text, &[object("b")]), left);
        assert_eq!(without(text, &[object("x")]), text);
    }
}
