//! Changes of an object in a line of text, as a fix or a command line names them: `spec.suspend=false`,
//! `spec.template.spec.containers[name=main].image=etl:2`, `spec.timeZone-`.
//!
//! Pure. `command` plans with what comes of it, `app` opens the editor on it.

use serde_json::{Map, Value};

use super::path::{Path, Step};

/// An object with changes in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Assigned {
    /// The object as it is to be.
    pub object: Value,
    /// What was changed, each path with positions in place of names: in the order of the text.
    pub paths: Vec<Path>,
}

/// Puts changes into an object. They stand one behind the other, with blanks between them: `PATH=VALUE` sets a field,
/// `PATH-` takes it away. A value is JSON where it can be read as such, else text. In a path `[name=main]` is the element
/// of a list whose field has this value, `[0]` the one at this position, and `[+]` a new one at the end. What lies
/// between on the way to a field is made where it is not there.
///
/// # Errors
/// Which change cannot be read, or does not fit the object, and why.
pub fn assign(object: &Value, changes: &str) -> Result<Assigned, String> {
    let mut assigned = Assigned { object: object.clone(), paths: Vec::new() };
    for word in words(changes) {
        let path = match split(word) {
            Some((path, value)) => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
                set(&mut assigned.object, path, value)
            }
            None => match word.strip_suffix('-') {
                Some(path) => remove(&mut assigned.object, path),
                None => Err("it is neither FIELD=VALUE nor FIELD-".to_owned()),
            },
        };
        assigned.paths.push(path.map_err(|why| format!("{word:?}: {why}"))?);
    }
    if assigned.paths.is_empty() {
        return Err("write FIELD=VALUE, or FIELD- to take one away".to_owned());
    }
    Ok(assigned)
}

/// The words of a text: blanks within quotes, brackets and braces do not end one.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut begin, mut depth) = (Vec::new(), None, 0_u32);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        if is_quoted {
            is_quoted = is_escaped || letter != '"';
            is_escaped = letter == '\\' && !is_escaped;
            continue;
        }
        match letter {
            '"' => is_quoted = true,
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            blank if blank.is_whitespace() && depth == 0 => {
                words.extend(begin.take().map(|begin| &text[begin..at]));
                continue;
            }
            _ => {}
        }
        begin.get_or_insert(at);
    }
    words.extend(begin.map(|begin| &text[begin..]));
    words
}

/// A path and its value, at the first `=` that is not part of a choice from a list.
fn split(word: &str) -> Option<(&str, &str)> {
    let mut depth = 0_u32;
    let at = word.char_indices().find_map(|(at, letter)| {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '=' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })?;
    Some((&word[..at], &word[at + 1..]))
}

fn set(object: &mut Value, path: &str, value: Value) -> Result<Path, String> {
    let steps = Path::parse(path).0;
    if steps.is_empty() {
        return Err("it names no field".to_owned());
    }
    let mut place = object;
    let mut taken = Path::default();
    for (at, step) in steps.iter().enumerate() {
        if place.is_null() {
            let is_list = matches!(step, Step::Index(_)) || *step == Step::Key(NEW.to_owned());
            *place = if is_list { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
        }
        let step = resolved(place, step, &taken)?;
        // A field that is set to an empty text or nothing on the way is in the way as much as any other.
        place = match (&step, place) {
            (Step::Key(key), Value::Object(fields)) => fields.entry(key.clone()).or_insert(Value::Null),
            (Step::Index(index), Value::Array(list)) if *index <= list.len() => {
                if *index == list.len() {
                    list.push(Value::Null);
                }
                &mut list[*index]
            }
            _ => return Err(format!("there is no {}", Path(steps[..=at].to_vec()))),
        };
        taken.0.push(step);
    }
    *place = value;
    Ok(taken)
}

fn remove(object: &mut Value, path: &str) -> Result<Path, String> {
    let mut steps = Path::parse(path).0;
    let missing = || format!("there is no {path}");
    let last = steps.pop().ok_or("it names no field")?;
    let mut place = object;
    let mut taken = Path::default();
    for step in &steps {
        let step = resolved(place, step, &taken)?;
        let inner = match &step {
            Step::Key(key) => place.get_mut(key),
            Step::Index(index) => place.get_mut(index),
        };
        place = inner.ok_or_else(missing)?;
        taken.0.push(step);
    }
    let last = resolved(place, &last, &taken)?;
    match (&last, place) {
        (Step::Key(key), Value::Object(fields)) => drop(fields.remove(key).ok_or_else(missing)?),
        (Step::Index(index), Value::Array(list)) if *index < list.len() => drop(list.remove(*index)),
        _ => return Err(missing()),
    }
    taken.0.push(last);
    Ok(taken)
}

/// Stands for the place behind the last element of a list.
const NEW: &str = "+";

/// A step with a position in place of a choice from a list.
fn resolved(place: &Value, step: &Step, taken: &Path) -> Result<Step, String> {
    let (Value::Array(list), Step::Key(key)) = (place, step) else { return Ok(step.clone()) };
    if key == NEW {
        return Ok(Step::Index(list.len()));
    }
    let Some((field, wanted)) = key.split_once('=') else {
        return Err(format!("{taken} is a list: choose from it by [name={key}]"));
    };
    let at = list.iter().position(|element| element[field] == *wanted);
    at.map(Step::Index).ok_or_else(|| format!("{taken} has none whose {field} is {wanted}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job() -> Value {
        json!({ "spec": { "backoffLimit": 6, "template": { "spec": {
            "containers": [{ "name": "proxy" }, { "name": "main", "image": "etl:1" }],
            "tolerations": [{ "key": "old" }],
        }}}})
    }

    fn pods(changes: &str) -> Value {
        assign(&job(), changes).unwrap().object["spec"]["template"]["spec"].take()
    }

    #[test]
    fn a_container_is_chosen_by_its_name_and_what_is_missing_on_the_way_is_made() {
        let path = "spec.template.spec.containers[name=main].resources.limits.memory";
        let changed = assign(&job(), &format!("{path}=768Mi")).unwrap();
        let main = &changed.object["spec"]["template"]["spec"]["containers"][1];
        assert_eq!(main["resources"], json!({ "limits": { "memory": "768Mi" } }));
        assert_eq!(main["image"], "etl:1", "all else stays");
        assert_eq!(
            changed.paths[0].to_string(),
            "spec.template.spec.containers[1].resources.limits.memory",
            "the place in the text is known by its position"
        );
    }

    #[test]
    fn values_are_json_where_they_can_be_read_so() {
        let set = |value: &str| assign(&job(), &format!("spec.x={value}")).unwrap().object["spec"]["x"].take();
        assert_eq!(set("3"), json!(3));
        assert_eq!(set("false"), json!(false));
        assert_eq!(set("\"3\""), json!("3"));
        assert_eq!(set("512Mi"), json!("512Mi"));
        assert_eq!(set("a=b"), json!("a=b"));
        assert_eq!(set(r#"["sh", "-c", "echo \"a b\" ]"]"#), json!(["sh", "-c", "echo \"a b\" ]"]));
    }

    #[test]
    fn several_changes_stand_behind_one_another() {
        let changed = assign(&job(), "spec.backoffLimit=0\n spec.suspend=true").unwrap();
        assert_eq!(
            (&changed.object["spec"]["backoffLimit"], &changed.object["spec"]["suspend"]),
            (&json!(0), &json!(true))
        );
        assert_eq!(changed.paths.len(), 2);
    }

    #[test]
    fn fields_and_elements_are_taken_away_and_added() {
        assert_eq!(pods("spec.template.spec.containers[name=main].image-")["containers"][1], json!({ "name": "main" }));
        assert_eq!(pods("spec.template.spec.containers[name=proxy]-")["containers"][0]["name"], "main");
        let two = pods(r#"spec.template.spec.tolerations[+]={"key":"gpu"}"#);
        assert_eq!(two["tolerations"], json!([{ "key": "old" }, { "key": "gpu" }]));
        let first = pods(r#"spec.template.spec.imagePullSecrets[+]={"name":"regcred"}"#);
        assert_eq!(first["imagePullSecrets"], json!([{ "name": "regcred" }]), "the list is made");
        let label = pods("spec.template.spec.nodeSelector[example.com/zone]=a");
        assert_eq!(label["nodeSelector"], json!({ "example.com/zone": "a" }));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        let refused = |changes: &str| assign(&job(), changes).unwrap_err();
        for (changes, why) in [
            ("", "write FIELD=VALUE"),
            ("spec.suspend", "neither FIELD=VALUE nor FIELD-"),
            ("=1", "names no field"),
            ("-", "names no field"),
            ("spec.template.spec.containers[name=x].image=a", "has none whose name is x"),
            ("spec.template.spec.containers.main.image=a", "is a list"),
            ("spec.template.spec.containers[7].image=a", "there is no spec.template.spec.containers[7]"),
            ("spec.backoffLimit.deep=1", "there is no spec.backoffLimit.deep"),
            ("spec.timeZone-", "there is no spec.timeZone"),
        ] {
            assert!(refused(changes).contains(why), "{changes}: {}", refused(changes));
        }
    }
}
