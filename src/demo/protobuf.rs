//! Protobuf request bodies to JSON: kubectl writes some kinds so and asks no one first. Answers are JSON, which the same
//! clients accept. The fields come from `assets/protobuf/fields.txt`. Called by `answer`.

use std::collections::HashMap;
use std::sync::LazyLock;

use k8s_openapi::ByteString;
use prost::bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint};
use serde_json::{Map, Value, json};

use crate::model::clock::Time;

const FIELDS: &str = include_str!("../../assets/protobuf/fields.txt");

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

type Message = HashMap<u32, Field>;

static MESSAGES: LazyLock<HashMap<&str, Message>> = LazyLock::new(|| {
    let lines = FIELDS.lines().filter(|line| !line.starts_with('#'));
    let messages = lines.filter_map(|line| line.split_once(": "));
    messages.map(|(name, fields)| (name, fields.split("; ").filter_map(Field::parse).collect())).collect()
});

struct Field {
    /// `~` where its fields stand in the outer object.
    name: &'static str,
    /// Zero counts.
    is_pointer: bool,
    shape: Shape,
    kind: &'static str,
}

#[derive(PartialEq)]
enum Shape {
    One,
    List,
    Map,
}

impl Field {
    fn parse(text: &'static str) -> Option<(u32, Self)> {
        let mut words = text.split(' ');
        let (number, name, kind) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
        let is_pointer = kind.starts_with('*');
        let kind = kind.trim_start_matches('*');
        let (shape, kind) = match (kind.strip_prefix("[]"), kind.strip_prefix("{}")) {
            (Some(kind), _) => (Shape::List, kind),
            (None, Some(kind)) => (Shape::Map, kind),
            (None, None) => (Shape::One, kind),
        };
        Some((number, Self { name, is_pointer, shape, kind }))
    }
}

/// Whether a body is protobuf at all.
pub(super) fn is_protobuf(body: &[u8]) -> bool {
    body.starts_with(MAGIC)
}

/// The object of a body; None where it is broken or of a kind that the table does not have.
pub(super) fn decode(body: &[u8]) -> Option<Value> {
    let envelope = parts(body.strip_prefix(MAGIC)?)?;
    let bytes = |number: u32| {
        envelope.iter().find_map(|(found, part)| match part {
            Part::Bytes(bytes) if *found == number => Some(*bytes),
            _ => None,
        })
    };
    let mut types = Vec::new();
    for (_, part) in parts(bytes(1)?)? {
        let Part::Bytes(text) = part else { return None };
        types.push(String::from_utf8_lossy(text).into_owned());
    }
    let [api_version, kind] = types.as_slice() else { return None };
    let mut object = message(kind, bytes(2)?)?;
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    Some(object)
}

/// One field as it stands on the wire.
enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn parts(mut body: &[u8]) -> Option<Vec<(u32, Part<'_>)>> {
    let mut found = Vec::new();
    while body.has_remaining() {
        let (number, wire) = decode_key(&mut body).ok()?;
        let value = decode_varint(&mut body).ok()?;
        found.push(match wire {
            WireType::Varint => (number, Part::Number(value)),
            WireType::LengthDelimited => {
                let (bytes, rest) = body.split_at_checked(usize::try_from(value).ok()?)?;
                body = rest;
                (number, Part::Bytes(bytes))
            }
            // The API has no other.
            _ => return None,
        });
    }
    Some(found)
}

fn message(kind: &str, body: &[u8]) -> Option<Value> {
    let known = MESSAGES.get(kind)?;
    let mut object = Map::new();
    for (number, part) in parts(body)? {
        let Some(field) = known.get(&number) else { continue };
        match field.shape {
            Shape::One => {
                let value = value(field.kind, &part)?;
                match value {
                    Value::Object(inner) if field.name == "~" => object.extend(inner),
                    value if field.is_pointer || !is_zero(&value) => drop(object.insert(field.name.into(), value)),
                    _ => {}
                }
            }
            Shape::List => {
                let value = value(field.kind, &part)?;
                if let Value::Array(list) = object.entry(field.name).or_insert(json!([])) {
                    list.push(value);
                }
            }
            Shape::Map => {
                let Part::Bytes(pair) = part else { return None };
                let (mut key, mut element) = (String::new(), zero(field.kind));
                for (number, part) in parts(pair)? {
                    match (number, &part) {
                        (1, Part::Bytes(text)) => key = String::from_utf8_lossy(text).into_owned(),
                        _ => element = value(field.kind, &part)?,
                    }
                }
                object.entry(field.name).or_insert(json!({}))[key] = element;
            }
        }
    }
    Some(Value::Object(object))
}

fn zero(kind: &str) -> Value {
    match kind {
        "string" | "bytes" => json!(""),
        "int" => json!(0),
        "bool" => json!(false),
        _ => json!({}),
    }
}

/// Go writes fields that are no pointers even where they are empty; JSON leaves them out.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn value(kind: &str, part: &Part<'_>) -> Option<Value> {
    Some(match (kind, part) {
        ("bool", Part::Number(number)) => json!(*number != 0),
        ("int", Part::Number(number)) => json!(number.cast_signed()),
        ("string", Part::Bytes(text)) => json!(String::from_utf8_lossy(text)),
        ("bytes", Part::Bytes(bytes)) => json!(ByteString(bytes.to_vec())),
        ("Quantity", Part::Bytes(body)) => json!(text_of(body, 1)?),
        ("FieldsV1", Part::Bytes(body)) => serde_json::from_str(&text_of(body, 1)?).ok()?,
        ("Time" | "MicroTime", Part::Bytes(body)) => time(body)?,
        ("IntOrString", Part::Bytes(body)) => match number_of(body, 1)? {
            0 => json!(number_of(body, 2)?),
            _ => json!(text_of(body, 3)?),
        },
        (kind, Part::Bytes(body)) => message(kind, body)?,
        (_, Part::Number(_)) => return None,
    })
}

fn text_of(body: &[u8], wanted: u32) -> Option<String> {
    parts(body)?.into_iter().find_map(|(number, part)| match part {
        Part::Bytes(text) if number == wanted => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    })
}

fn number_of(body: &[u8], wanted: u32) -> Option<i64> {
    let found = parts(body)?.into_iter().find_map(|(number, part)| match part {
        Part::Number(value) if number == wanted => Some(value.cast_signed()),
        _ => None,
    });
    Some(found.unwrap_or(0))
}

/// A time; null where it is Go's zero, which is an empty message.
fn time(body: &[u8]) -> Option<Value> {
    let (seconds, nanos) = (number_of(body, 1)?, number_of(body, 2)?);
    if (seconds, nanos) == (0, 0) {
        return Some(Value::Null);
    }
    Some(json!(Time::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos)).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field as protobuf writes it.
    fn bytes(number: u8, body: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(body.len()).unwrap()], body].concat()
    }

    #[test]
    fn objects_are_read_as_their_json_would_be() {
        let label = bytes(11, &[bytes(1, b"app"), bytes(2, b"etl")].concat());
        let metadata = bytes(1, &[bytes(1, b"a"), bytes(3, b""), label].concat());
        let volume = [bytes(1, b"v"), bytes(2, &bytes(2, &bytes(1, b"")))].concat();
        let request = bytes(2, &[bytes(1, b"cpu"), bytes(2, &bytes(1, b"1"))].concat());
        let container = [bytes(1, b"main"), bytes(8, &request)].concat();
        let pod = bytes(2, &[bytes(1, &volume), bytes(2, &container)].concat());
        // Suspended, no retries: a pointer to 0 counts.
        let spec = bytes(2, &[vec![7 << 3, 0, 10 << 3, 1], bytes(6, &pod)].concat());
        let types = bytes(1, &[bytes(1, b"batch/v1"), bytes(2, b"Job")].concat());
        let body = [MAGIC.to_vec(), types, bytes(2, &[metadata, spec].concat())].concat();
        let wanted = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "a", "labels": { "app": "etl" } },
            "spec": {
                "backoffLimit": 0, "suspend": true,
                "template": { "spec": {
                    "volumes": [{ "name": "v", "emptyDir": {} }],
                    "containers": [{ "name": "main", "resources": { "requests": { "cpu": "1" } } }],
                } },
            },
        });
        assert_eq!(decode(&body), Some(wanted));
        assert_eq!(decode(&body[..body.len() - 1]), None);
        assert_eq!(decode(b"{}"), None);
    }
}
