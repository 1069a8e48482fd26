//! What must not leave the cluster in a report: passwords, tokens and keys in messages and log lines.
//!
//! [`redact`] knows secrets by their form (private keys, JSON web tokens, keys of well-known services, logins in URLs)
//! and by the name before them (`DB_PASSWORD=…`, `"token": "…"`, `--api-key …`). It rather hides too much than too
//! little, but leaves alone what only speaks of secrets. The raw text stays where it is kept; who writes for other
//! people's eyes calls it.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Secrets that are known by their form, as whole matches.
const FORMS: [&str; 5] = [
    // PEM, also where its end is cut off, or its beginning.
    r"(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\z)",
    r"(?:[A-Za-z0-9+/=]{40,}\s+)*[A-Za-z0-9+/=]+\s+-----END [A-Z0-9 ]+-----",
    // JSON web tokens.
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?",
    // Key IDs of AWS.
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    // GitHub, GitLab, Slack, Google, npm, Vault, Stripe and others that begin with `sk-`.
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|AIza[\w-]{30,}|npm_\w{30,}|hv[sb]\.[\w-]{20,}|[sr]k_(?:live|test)_\w{10,}|sk-[\w-]{20,})",
];

/// Secrets behind something that stays: the groups `keep` and `value`.
const BEHIND: [&str; 4] = [
    // `postgres://etl:hunter2@db`, `https://token@github.com`.
    r"(?P<keep>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]*:)(?P<value>[^\s/]+)@",
    r"(?P<keep>\b[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<value>[^\s/:@]{20,})@",
    // `Authorization: Basic ZXRsOmh1bnRlcjI=`.
    r#"(?i)(?P<keep>authorization\\?["']?\s*[=:]\s*\\?["']?(?:basic|bearer|token|negotiate|digest)\s+)(?P<value>[^\s"',]+)"#,
    r"(?P<keep>\b[Bb]earer\s+)(?P<value>[A-Za-z0-9._~+/-]*[0-9._~+/][A-Za-z0-9._~+/-]{5,}=*|[A-Za-z0-9]{20,}=*)",
];

/// A name, what stands between, and a value: `PASSWORD=x`, `"token": "x"`, `--api-key x`, and an entry of `env` with its
/// name and value on two lines of YAML or in JSON.
const NAMED: [&str; 3] = [
    r#"(?P<name>[A-Za-z0-9_.-]*[A-Za-z0-9])(?P<keep>\\?["']?\s*[=:]\s*)(?P<value>\\"[^"]*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'}\])]+)"#,
    r#"(?:^|[^\w/.-])--?(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?P<keep>\s+)(?P<value>"[^"]*"|'[^']*'|[^\s"'-][^\s"']*)"#,
    r#"name\\?["']?\s*:\s*\\?["']?(?P<name>[A-Za-z0-9_.-]+)(?P<keep>\\?["']?\s*,?[\s+-]*\\?["']?value\\?["']?\s*:\s*)(?P<value>\\"[^"]*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"',}]+)"#,
];

fn compiled(patterns: &[&str]) -> Vec<Regex> {
    // One that cannot be compiled would let secrets through: the tests compile them all.
    patterns.iter().filter_map(|text| Regex::new(text).ok()).collect()
}

/// The text with `[redacted]` in the place of each secret; the rest as it was. It may have several lines, and a key that
/// stands on several of them is found only where they come together.
pub fn redact(text: &str) -> Cow<'_, str> {
    static PATTERNS: LazyLock<[Vec<Regex>; 3]> =
        LazyLock::new(|| [compiled(&FORMS), compiled(&BEHIND), compiled(&NAMED)]);
    let [forms, behind, named] = &*PATTERNS;
    let mut text = Cow::Borrowed(text);
    for pattern in forms {
        replace(&mut text, |text| pattern.replace_all(text, REDACTED));
    }
    for pattern in behind {
        let hide = |found: &Captures<'_>| {
            let end = if found[0].ends_with('@') { "@" } else { "" };
            format!("{}{REDACTED}{end}", &found["keep"])
        };
        replace(&mut text, |text| pattern.replace_all(text, hide));
    }
    for pattern in named {
        replace(&mut text, |text| hide_named(pattern, text));
    }
    text
}

/// Hides secrets in an object: whatever [`redact`] finds in its texts, the values of variables and fields whose names say
/// what they are, and arguments behind such flags.
pub fn redact_object(object: &mut Value) {
    match object {
        Value::String(text) => {
            if let Cow::Owned(hidden) = redact(text) {
                *text = hidden;
            }
        }
        Value::Array(values) => {
            let mut is_secret = false;
            for value in values {
                let flag = value.as_str().and_then(|text| text.strip_prefix('-')).is_some_and(is_secret_name);
                if is_secret && !flag && value.is_string() {
                    *value = REDACTED.into();
                }
                is_secret = flag && value.as_str().is_some_and(|text| !text.contains('='));
                redact_object(value);
            }
        }
        Value::Object(fields) => {
            if fields.get("name").and_then(Value::as_str).is_some_and(is_secret_name)
                && let Some(value) = fields.get_mut("value")
            {
                *value = REDACTED.into();
            }
            for (name, value) in fields {
                match value.is_string() && is_secret_name(name) {
                    true => *value = REDACTED.into(),
                    false => redact_object(value),
                }
            }
        }
        _ => {}
    }
}

/// Whether a name says that its value is a secret: `DB_PASSWORD`, `apiKey`, `aws_secret_access_key`. What names a file, a
/// count or an object (`secretName`, `TOKEN_FILE`, `max_tokens`) does not.
pub fn is_secret_name(name: &str) -> bool {
    /// Words that say so, each as a whole word of the name.
    const SECRET: [&str; 15] = [
        "password",
        "passwd",
        "passphrase",
        "pass",
        "pwd",
        "secret",
        "token",
        "credential",
        "credentials",
        "apikey",
        "secretkey",
        "accesskey",
        "privatekey",
        "signature",
        "sig",
    ];
    /// A key is a secret behind these.
    const KEYS: [&str; 8] = ["api", "access", "private", "secret", "signing", "encryption", "account", "master"];
    /// Last words of names whose value is no secret itself.
    const ABOUT: [&str; 25] = [
        "name",
        "names",
        "file",
        "path",
        "dir",
        "count",
        "type",
        "ref",
        "length",
        "len",
        "ttl",
        "expiry",
        "expires",
        "url",
        "uri",
        "version",
        "size",
        "limit",
        "policy",
        "namespace",
        "id",
        "endpoint",
        "yaml",
        "yml",
        "json",
    ];
    let words = words(name);
    let is_about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    let is_password = |word: &str| word.ends_with("password") || word.ends_with("passwd");
    let has_word = words.iter().any(|word| SECRET.contains(&word.as_str()) || is_password(word));
    let has_key = words.windows(2).any(|pair| pair[1] == "key" && KEYS.contains(&pair[0].as_str()));
    !is_about && (has_word || has_key)
}

/// The words of a name in small letters: `dbPassword` and `DB_PASSWORD` are `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        let is_new = !letter.is_alphanumeric() || (letter.is_uppercase() && was_small);
        if is_new {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(letter.to_lowercase()));
        }
        was_small = letter.is_lowercase() || letter.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Hides values behind names that say what they are. What stands behind another name is looked at by itself: in
/// `error: password=x` it is the second name that counts.
fn hide_named<'t>(pattern: &Regex, text: &'t str) -> Cow<'t, str> {
    let mut hidden = String::new();
    let (mut done, mut at) = (0, 0);
    while let Some(found) = pattern.captures_at(text, at) {
        let (Some(name), Some(keep), Some(value)) = (found.name("name"), found.name("keep"), found.name("value"))
        else {
            break;
        };
        if !is_secret_name(name.as_str()) || is_plain(value.as_str(), keep.as_str()) {
            at = value.start();
            continue;
        }
        hidden.push_str(&text[done..value.start()]);
        hidden.push_str(REDACTED);
        (done, at) = (value.end(), value.end());
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    hidden.push_str(&text[done..]);
    Cow::Owned(hidden)
}

/// Whether this is no secret although a name before it says so: what stands for nothing or for another place, what was
/// hidden already, and behind a colon the words of a sentence (`token: expired`).
fn is_plain(value: &str, keep: &str) -> bool {
    const NOTHING: [&str; 10] =
        ["", "true", "false", "null", "nil", "none", "<nil>", "undefined", "(hidden", "[redacted"];
    const SAID: [&str; 37] = [
        "expired",
        "invalid",
        "missing",
        "required",
        "incorrect",
        "wrong",
        "denied",
        "rejected",
        "revoked",
        "failed",
        "not",
        "no",
        "is",
        "was",
        "must",
        "cannot",
        "could",
        "unexpected",
        "unknown",
        "malformed",
        "empty",
        "unauthorized",
        "forbidden",
        "error",
        "failure",
        "authentication",
        "unbound",
        "parameter",
        "unset",
        "the",
        "a",
        "an",
        "it",
        "this",
        "neither",
        "nobody",
        "yes",
    ];
    let word = value.trim_matches(|one| matches!(one, '\\' | '"' | '\'')).to_lowercase();
    let is_elsewhere = word.starts_with("$(") || word.starts_with("${") || word.starts_with("***");
    // `PASS=2`, as tests count.
    let is_count = word.len() <= 2 && word.bytes().all(|one| one.is_ascii_digit());
    let is_sentence = keep.contains(':') || keep.trim().is_empty();
    is_elsewhere
        || is_count
        || NOTHING.contains(&word.as_str())
        || (is_sentence && SAID.contains(&word.trim_end_matches('.')))
}

/// Puts in what came of a text where anything did.
fn replace(text: &mut Cow<'_, str>, change: impl FnOnce(&str) -> Cow<'_, str>) {
    if let Cow::Owned(changed) = change(text) {
        *text = Cow::Owned(changed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_can_be_compiled() {
        for text in FORMS.iter().chain(&BEHIND).chain(&NAMED) {
            assert!(Regex::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn secrets_are_hidden_and_what_is_around_them_stays() {
        let cases = [
            ("DB_PASSWORD=hunter2 retry", "DB_PASSWORD=[redacted] retry"),
            ("error: password=hunter2", "error: password=[redacted]"),
            ("password: hunter2", "password: [redacted]"),
            ("PGPASSWORD='a b' psql", "PGPASSWORD=[redacted] psql"),
            (r#"{"user":"etl","apiKey":"a,b\"c","n":1}"#, r#"{"user":"etl","apiKey":[redacted],"n":1}"#),
            (r#"body={\"token\":\"abc\"}"#, r#"body={\"token\":[redacted]}"#),
            ("login --user etl --password hunter2 --retries 3", "login --user etl --password [redacted] --retries 3"),
            ("curl -u --api-key=abc x", "curl -u --api-key=[redacted] x"),
            ("GET /v1?page=2&token=abc&sig=x%2B HTTP/1.1", "GET /v1?page=2&token=[redacted]&sig=[redacted] HTTP/1.1"),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [redacted]"),
            ("key AKIAIOSFODNN7EXAMPLE is old", "key [redacted] is old"),
            (
                "dial postgres://etl:hunter2@db.prod:5432/x: refused",
                "dial postgres://etl:[redacted]@db.prod:5432/x: refused",
            ),
            ("redis://:p@ss@cache:6379", "redis://:[redacted]@cache:6379"),
            ("clone https://0123456789abcdef0123@github.com/a/b", "clone https://[redacted]@github.com/a/b"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
            ("authorization=\"Basic ZXRsOmg=\"", "authorization=\"Basic [redacted]\""),
            ("sent Bearer a1b2c3d4e5f6 to it", "sent Bearer [redacted] to it"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sflKxwRJSM end", "jwt [redacted] end"),
            ("using ghp_0123456789abcdefghij now", "using [redacted] now"),
            (
                "- name: DB_PASSWORD\n  value: hunter2\n- name: MODE\n  value: fast",
                "- name: DB_PASSWORD\n  value: [redacted]\n- name: MODE\n  value: fast",
            ),
            (r#"{"name":"API_TOKEN","value":"x y"}"#, r#"{"name":"API_TOKEN","value":[redacted]}"#),
            ("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nb", "a\n[redacted]\nb"),
            ("a\n-----BEGIN PRIVATE KEY-----\nMIIE", "a\n[redacted]"),
        ];
        for (text, wanted) in cases {
            assert_eq!(redact(text), wanted);
        }
    }

    #[test]
    fn end_of_a_key_is_hidden_without_its_beginning() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ";
        let text = format!("{line}\n{line}\nab==\n-----END PRIVATE KEY-----\ndone");
        assert_eq!(redact(&text), "[redacted]\ndone");
    }

    #[test]
    fn what_only_speaks_of_secrets_stays() {
        let same = [
            "",
            "exit 1: KeyError: 'tenant_id'",
            "password authentication failed for user \"etl\"",
            "token: expired",
            "put it into the Secret: the pod goes on by itself",
            "create secret/db-secret in namespace batch",
            "Access denied for user 'etl' (using password: YES)",
            "FAIL=1 PASS=12 at k8s/secret.yaml:3:14",
            "invalid token: unexpected EOF",
            "secret \"ca-issuer\" not found",
            "secretName: ca-issuer",
            "no secret/ca-issuer",
            "sh: DB_PASSWORD: parameter not set",
            "run.sh: line 3: DB_PASSWORD: unbound variable",
            "max_tokens=4096 tokens: 512",
            "TOKEN_FILE=/var/run/secrets/token",
            "PASSWORD=$(DB_PASSWORD)",
            "token=null password=",
            "Bearer authentication is required",
            "bearer token is missing",
            "http://svc:8080/path?mail=a@b.example",
            "12:30:01 compass=north bypass=yes author=kim monkey=x key=42",
            "registry.example.com/etl@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
            "uid 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "requests.cpu=500m, used: requests.cpu=1900m",
        ];
        for text in same {
            assert!(matches!(redact(text), Cow::Borrowed(_)), "{text} became {}", redact(text));
        }
    }

    #[test]
    fn secrets_of_objects_are_hidden_by_what_names_them() {
        let mut object = serde_json::json!({
            "env": [{ "name": "DB_PASSWORD", "value": "a" }, { "name": "MODE", "value": "fast" }],
            "args": ["--token", "b", "--retries", "3", "--api-key=c", "x", "postgres://u:d@db"],
            "annotations": { "example.com/api-key": "e", "example.com/owner": "team" },
            "secretName": "ca", "count": 3,
        });
        redact_object(&mut object);
        let wanted = serde_json::json!({
            "env": [{ "name": "DB_PASSWORD", "value": REDACTED }, { "name": "MODE", "value": "fast" }],
            "args": ["--token", REDACTED, "--retries", "3", "--api-key=[redacted]", "x", "postgres://u:[redacted]@db"],
            "annotations": { "example.com/api-key": REDACTED, "example.com/owner": "team" },
            "secretName": "ca", "count": 3,
        });
        assert_eq!(object, wanted);
    }

    #[test]
    fn hiding_twice_changes_nothing() {
        let once = redact("password=a token: b Bearer a1b2c3d4e5f6 postgres://a:b@c --token x").into_owned();
        assert_eq!(redact(&once), once);
    }

    #[test]
    fn names_are_judged_word_by_word() {
        for name in
            ["PASSWORD", "dbPassword", "DB_PASSWORD_PROD", "api-key", "apiKey", "AWS_SECRET_ACCESS_KEY", "GH_TOKEN"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["secretName", "TOKEN_FILE", "max_tokens", "compass", "keyboard", "PRIMARY_KEY", "tokenizer", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
