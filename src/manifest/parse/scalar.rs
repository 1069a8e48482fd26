//! What an unquoted word of YAML stands for, as kubectl reads it: it takes YAML 1.1 with the exceptions of
//! `resolve.go` of go-yaml 2 (kept in `sigs.k8s.io/yaml/goyaml.v2`), and sends the outcome as JSON.

use serde_json::{Number, Value};

/// The value of an unquoted word.
pub(in crate::manifest) fn resolve(word: &str) -> Value {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => true.into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => false.into(),
        _ => number(word).map_or_else(|| word.into(), Value::Number),
    }
}

/// The number that a word is. Infinity and what is no number (`.inf`, `.nan`) have no place in JSON and stay words.
fn number(word: &str) -> Option<Number> {
    match word.as_bytes().first()? {
        b'.' => float(word),
        b'+' | b'-' | b'0'..=b'9' => {
            let plain = word.replace('_', "");
            integer(&plain).or_else(|| is_decimal(&plain).then(|| float(&plain)).flatten())
        }
        _ => None,
    }
}

/// A whole number in the bases that Go reads: `0x1F`, `0b101`, `0o644`, and `0644`, which is octal too.
fn integer(plain: &str) -> Option<Number> {
    let (is_negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // A second sign is none of the digits.
    let amount = if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, base).ok() }?;
    match is_negative {
        false => Some(amount.into()),
        true => 0_i64.checked_sub_unsigned(amount).map(Into::into),
    }
}

/// Whether it is written as `12`, `1.5`, `.5e-3`: go-yaml's `yamlStyleFloat`.
fn is_decimal(plain: &str) -> bool {
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    let (digits, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    are_digits(whole)
        && are_digits(part)
        && !(whole.is_empty() && part.is_empty())
        && !exponent.is_empty()
        && are_digits(exponent)
}

/// A number with a point or an exponent. Go writes one without a remainder as a whole number, so that `1e3` arrives as
/// 1000.
fn float(plain: &str) -> Option<Number> {
    /// Up to here every whole number has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let amount: f64 = plain.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "it is a whole number that fits")]
    if amount.fract() == 0.0 && amount.abs() <= EXACT {
        return Some((amount as i64).into());
    }
    Number::from_f64(amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_are_read_as_kubectl_reads_them() {
        let cases = [
            ("yes", json!(true)),
            ("y", json!(true)),
            ("Off", json!(false)),
            ("oN", json!("oN")),
            ("~", json!(null)),
            ("0644", json!(420)),
            ("-010", json!(-8)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("08", json!(8)),
            ("1_000", json!(1000)),
            ("1e3", json!(1000)),
            (".5", json!(0.5)),
            ("+12", json!(12)),
            ("--1", json!("--1")),
            ("18446744073709551615", json!(u64::MAX)),
            ("18446744073709551616", json!(18_446_744_073_709_551_616.0)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("12:30", json!("12:30")),
            ("2026-11-21", json!("2026-11-21")),
            ("100m", json!("100m")),
            ("1e", json!("1e")),
            ("1e5000", json!("1e5000")),
            (".", json!(".")),
            ("-", json!("-")),
            ("0x", json!("0x")),
            (".inf", json!(".inf")),
            ("<<", json!("<<")),
        ];
        for (word, value) in cases {
            assert_eq!(resolve(word), value, "{word}");
        }
    }
}
