//! Objects written as YAML: the one form in which they are shown, edited and saved.

use serde_json::Value;

/// The object as YAML, its keys in the order of the alphabet, as kubectl prints it. What other readers would take for
/// something else than text (`yes`, `1_000`, `12:30`) is quoted, and long lines are not folded, so that a command stays
/// one line.
pub fn to_yaml(object: &Value) -> String {
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    serde_yaml::to_string_with_options(object, options)
        .unwrap_or_else(|error| format!("# it cannot be written as YAML: {error}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::parse;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let object = json!({
            "text": ["yes", "on", "y", "n", "0755", "1e3", "12:30", "1_000", "", "~", "null", "<<", "08", "0o7", ".5", "2026-11-21", " x ", "a: b", "- a", "#", "é"],
            "script": "set -e  \necho one\n\techo two\n", "ends": "two\n\n", "long": "word ".repeat(60),
            "numbers": [0, -1, 420, 1.5, u64::MAX], "none": null, "flags": [true, false], "map": {}, "list": [],
            "yes": { "1": "key" },
        });
        let parsed = parse(&to_yaml(&object));
        assert_eq!(parsed.problems, []);
        assert_eq!(parsed.documents[0].object, object);
    }
}
