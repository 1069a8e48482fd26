//! Lines that are data: JSON objects and logfmt, taken apart for reading. Called for the lines on screen.
//!
//! Everything stays as the line has it, its order and its numbers too. What comes out still holds whatever the line
//! held: it passes [`crate::model::safe_text`] before it is drawn.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::classify::{is_level_key, level_of, level_of_number};
use super::line::LogLevel;
use crate::model::styled_line::harmless_line;

/// A line that is longer is not taken apart: nobody could read its fields in a row.
const LONGEST: usize = 64 * 1024;

/// Objects within objects that are taken apart, and steps by which rows are indented: hostile lines have thousands.
const DEEPEST: usize = 16;

/// Rows of one line that are shown at most, and their bytes.
const MOST_ROWS: usize = 10_000;
const MOST_BYTES: usize = 1 << 20;

/// A line as its writer meant it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Structured<'a> {
    /// When it was written, in the writer's words.
    pub time: Option<Cow<'a, str>>,
    /// How bad it is.
    pub level: Option<LogLevel>,
    /// What it says; empty where it says nothing but fields.
    pub message: Cow<'a, str>,
    /// The other fields in their order; those of nested objects as `outer.inner`, lists as JSON.
    pub fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Structured<'a> {
    /// The fields with time, level and message told apart.
    fn of(mut fields: Vec<(Cow<'a, str>, Cow<'a, str>)>) -> Self {
        const TIMES: [&str; 5] = ["time", "ts", "timestamp", "@timestamp", "asctime"];
        const MESSAGES: [&str; 4] = ["msg", "message", "event", "log"];
        let mut take = |names: &[&str]| {
            let at = names.iter().find_map(|name| fields.iter().position(|(key, _)| key == name))?;
            Some(fields.remove(at).1)
        };
        let time = take(&TIMES);
        let message = take(&MESSAGES).unwrap_or_default();
        let of_field = |(key, value): &(Cow<'_, str>, Cow<'_, str>)| {
            let level = || level_of(value.as_bytes()).or_else(|| level_of_number(value.as_bytes()));
            is_level_key(key.as_bytes()).then(level).flatten()
        };
        let level = fields.iter().enumerate().find_map(|(at, field)| Some((at, of_field(field)?)));
        let level = level.map(|(at, level)| {
            fields.remove(at);
            level
        });
        Self { time, level, message, fields }
    }
}

/// The line taken apart; None where it is neither a JSON object nor logfmt, and where it is too long.
pub fn structured(line: &str) -> Option<Structured<'_>> {
    let line = line.trim();
    if line.len() > LONGEST {
        return None;
    }
    if line.starts_with('{') {
        let mut fields = Vec::new();
        flatten("", serde_json::from_str(line).ok()?, DEEPEST, &mut fields);
        return (!fields.is_empty()).then(|| Structured::of(fields));
    }
    logfmt(line).map(Structured::of)
}

/// The fields of a JSON object in the order of the text, which a map of ours would sort.
struct Object<'a>(Vec<(Text<'a>, &'a RawValue)>);

/// A string of JSON, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// Writes an object's fields behind the others. What is nested `deeper` times more stays JSON.
fn flatten<'a>(before: &str, object: Object<'a>, deeper: usize, fields: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>) {
    for (Text(key), value) in object.0 {
        let key = if before.is_empty() { key } else { Cow::Owned(format!("{before}.{key}")) };
        let raw = value.get();
        match raw.as_bytes().first() {
            Some(b'"') => {
                let text = serde_json::from_str(raw).map_or(Cow::Borrowed(raw), |Text(text)| text);
                fields.push((key, text));
            }
            Some(b'{') if deeper > 0 => match serde_json::from_str::<Object<'_>>(raw) {
                Ok(inner) if !inner.0.is_empty() => flatten(&key, inner, deeper - 1, fields),
                _ => fields.push((key, Cow::Borrowed(raw))),
            },
            _ => fields.push((key, Cow::Borrowed(raw))),
        }
    }
}

/// The fields of a logfmt line: nothing but `key=value` and `key="a value"`, two at least, and one of them the message or
/// the level. A value that should be in quotes and is not goes up to the next key.
fn logfmt(line: &str) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let mut fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (key, behind) = rest.split_once('=').filter(|(key, _)| is_key(key))?;
        let (value, behind) = match quoted(behind) {
            Some((value, behind)) => (value, behind),
            None => {
                let end = value_end(behind);
                (Cow::Borrowed(behind[..end].trim_end()), &behind[end..])
            }
        };
        fields.push((Cow::Borrowed(key), value));
        rest = behind.trim_start();
    }
    let tells = |(key, value): &(Cow<'_, str>, Cow<'_, str>)| {
        matches!(&**key, "msg" | "message") || (is_level_key(key.as_bytes()) && level_of(value.as_bytes()).is_some())
    };
    (fields.len() > 1 && fields.iter().any(tells)).then_some(fields)
}

fn is_key(word: &str) -> bool {
    !word.is_empty() && word.chars().all(is_of_key)
}

fn is_of_key(one: char) -> bool {
    one.is_alphanumeric() || "_.@/-".contains(one)
}

/// Where a value ends: before the next `key=`.
fn value_end(text: &str) -> usize {
    let begins_field = |at: &usize| {
        let word = &text[at + 1..];
        word.find(|one| !is_of_key(one)).is_some_and(|end| end > 0 && word[end..].starts_with('='))
    };
    text.match_indices(' ').map(|(at, _)| at).find(begins_field).unwrap_or(text.len())
}

/// A value in quotes, and what is behind it; None where the text does not begin with one.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = inside.find(|one: char| {
        let ends = one == '"' && !is_escaped;
        is_escaped = one == '\\' && !is_escaped;
        ends
    })?;
    let behind = &inside[end + 1..];
    let is_apart = behind.is_empty() || behind.starts_with(char::is_whitespace);
    // Go writes such values as JSON writes strings, but for rare escapes, which stay.
    let value = serde_json::from_str(&text[..end + 2]).map_or(Cow::Borrowed(&inside[..end]), |Text(value)| value);
    is_apart.then_some((value, behind))
}

/// The line over as many rows as it takes to read it: JSON indented, logfmt one field in each row, anything else the
/// text without its colours. Where that would be too much, the last row says how much is left out.
pub fn pretty(line: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(line).map(str::trim).unwrap_or_default();
    let is_json = text.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    if is_json {
        return indented(text);
    }
    if let Some(fields) = Some(text).filter(|text| text.len() <= LONGEST).and_then(logfmt) {
        return fields.iter().take(MOST_ROWS).map(|(key, value)| format!("{key}={value}")).collect();
    }
    let shown = line.len().min(MOST_BYTES);
    let mut rows = vec![harmless_line(&line[..shown], false)];
    rows.extend(left_out(line.len() - shown));
    rows
}

/// Valid JSON with a row for each field and item, written as it stands.
fn indented(text: &str) -> Vec<String> {
    let mut rows = vec![String::new()];
    let (mut depth, mut written, mut rest) = (0_usize, 0, text);
    while let Some(first) = rest.chars().next() {
        if rows.len() >= MOST_ROWS || written >= MOST_BYTES {
            rows.extend(left_out(rest.len()));
            break;
        }
        let length = match first {
            '"' => string_length(rest),
            _ => first.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        rest = behind.trim_start();
        let is_empty = matches!((first, rest.chars().next()), ('{', Some('}')) | ('[', Some(']')));
        depth = if matches!(first, '}' | ']') { depth.saturating_sub(1) } else { depth };
        if matches!(first, '}' | ']') && !rows.last().is_some_and(|row| row.ends_with(['{', '['])) {
            rows.push("  ".repeat(depth.min(DEEPEST)));
        }
        if let Some(row) = rows.last_mut() {
            let room = floor_boundary(token, MOST_BYTES - written);
            row.push_str(&token[..room]);
            row.push_str(if first == ':' { " " } else { "" });
            rest = if room < token.len() { &text[text.len() - rest.len() - (token.len() - room)..] } else { rest };
            written += room + 1;
        }
        depth += usize::from(matches!(first, '{' | '['));
        if matches!(first, '{' | '[' | ',') && !is_empty {
            rows.push("  ".repeat(depth.min(DEEPEST)));
        }
    }
    rows
}

/// How long the string is with which valid JSON goes on, quotes included.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text[1..].bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// At most this many bytes of the text, and no half character.
fn floor_boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The row that tells what is not shown.
fn left_out(bytes: usize) -> Option<String> {
    (bytes > 0).then(|| format!("({bytes} more bytes of this line are not shown)"))
}

#[cfg(test)]
mod tests;
