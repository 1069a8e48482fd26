//! Scripts that containers give to a shell, and whether they stop where something in them fails.

use std::sync::LazyLock;

use regex::Regex;

use super::subject::Field;

/// Shells that take a script behind `-c`.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "ash", "ksh", "zsh"];

/// A script that a container runs.
#[derive(Debug)]
pub(super) struct Script<'a> {
    /// Where it stands: an item of `command` or `args`.
    pub(super) field: Field<'a>,
    pub(super) text: &'a str,
    /// The shell, which knows `pipefail` surely where it is bash.
    pub(super) is_bash: bool,
    /// What its flags and its own `set` lines turn on.
    stops: bool,
    has_pipefail: bool,
}

/// How a script may hide that something in it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hiding {
    /// It goes on after a line that failed.
    GoesOn,
    /// Of a pipe only the last command counts.
    Pipe,
    /// Its last command is made to succeed.
    Forced,
}

/// The script of a container whose command is a shell.
pub(super) fn script<'a>(container: &Field<'a>) -> Option<Script<'a>> {
    let words = ["command", "args"].into_iter().flat_map(|key| container.key(key).items());
    let mut words = words.filter_map(|field| Some((field.text()?, field)));
    let shell = words.next()?.0.rsplit('/').next()?;
    let mut flags = String::new();
    let mut options = Vec::new();
    loop {
        let (word, field) = words.next()?;
        match word.strip_prefix('-') {
            Some(letters) if !letters.starts_with('-') => {
                flags.push_str(letters);
                if letters.contains('o') {
                    options.push(words.next()?.0);
                }
            }
            Some(_) => {}
            None => {
                let is_script = SHELLS.contains(&shell) && flags.contains('c');
                let (stops, has_pipefail) = set_lines(word);
                return is_script.then(|| Script {
                    field,
                    text: word,
                    is_bash: shell == "bash",
                    stops: stops || flags.contains('e') || options.contains(&"errexit"),
                    has_pipefail: has_pipefail || options.contains(&"pipefail"),
                });
            }
        }
    }
}

/// Whether lines with `set` in a script let it stop at failures, and count all commands of a pipe.
fn set_lines(text: &str) -> (bool, bool) {
    static SET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)(?:^|[;&({])[ \t]*set((?:[ \t]+[-+]?\w+)+)").ok());
    let lines = SET.as_ref().into_iter().flat_map(|pattern| pattern.captures_iter(text));
    let words: Vec<&str> =
        lines.filter_map(|found| found.get(1)).flat_map(|words| words.as_str().split_whitespace()).collect();
    let stops = words.iter().any(|word| *word == "errexit" || word.starts_with('-') && word.contains('e'));
    (stops, words.contains(&"pipefail"))
}

impl Script<'_> {
    /// How it may hide a failure; None where it does not.
    pub(super) fn hiding(&self) -> Option<Hiding> {
        let bare = bare(self.text);
        let lines = commands(&bare);
        if !self.stops && lines.len() > 1 {
            return Some(Hiding::GoesOn);
        }
        if !self.has_pipefail && lines.iter().any(|line| has_pipe(line)) {
            return Some(Hiding::Pipe);
        }
        let is_forced = |line: &String| ["|| true", "|| :", "||true"].iter().any(|end| line.ends_with(end));
        lines.last().is_some_and(is_forced).then_some(Hiding::Forced)
    }

    /// The same script, stopped by its first failure. None where no line at its beginning does that: a plain `sh` may
    /// not know `pipefail`, and who wrote `|| true` meant it.
    pub(super) fn stopped(&self) -> Option<String> {
        let has_pipe = !self.has_pipefail && commands(&bare(self.text)).iter().any(|line| has_pipe(line));
        let set = match (self.is_bash, has_pipe, self.hiding()?) {
            (_, _, Hiding::Forced) | (false, true, _) => return None,
            (true, _, _) => "set -euo pipefail",
            (false, false, _) => "set -eu",
        };
        let end = if self.text.trim_end().contains('\n') { "\n" } else { "; " };
        Some(format!("{set}{end}{}", self.text))
    }
}

/// A script without the text that it gives to commands (`<<END`).
fn without_documents(text: &str) -> String {
    static BEGIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"(?:^|[^<])<<-?[ \t]*['"]?(\w+)['"]?"#).ok());
    let mut end = None;
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        if let Some(word) = end {
            end = Some(word).filter(|word| line.trim_start_matches('\t') != *word);
            continue;
        }
        let begin = BEGIN.as_ref().and_then(|pattern| pattern.captures(line)).and_then(|found| found.get(1));
        end = begin.map(|word| word.as_str());
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// A script without what is quoted and without comments; a quoted part leaves a quote behind, as it is a word.
fn bare(text: &str) -> String {
    let text = without_documents(text);
    let mut bare = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                // A line that goes on, or a letter that means nothing special.
                letters.next();
                bare.push(' ');
            }
            '\'' | '"' => {
                while let Some(inner) = letters.next().filter(|inner| *inner != letter) {
                    if inner == '\\' && letter == '"' {
                        letters.next();
                    }
                }
                bare.push(letter);
            }
            '#' if bare.is_empty() || bare.ends_with(char::is_whitespace) => {
                while letters.peek().is_some_and(|one| *one != '\n') {
                    letters.next();
                }
            }
            letter => bare.push(letter),
        }
    }
    bare
}

/// The lines that do something; one that goes on behind an operator is one with the next.
fn commands(bare: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in bare.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match lines.last_mut() {
            Some(last) if last.ends_with(['&', '|']) => *last = format!("{last} {line}"),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Whether a line has a pipe. `||` is none, and neither is what parts the patterns of a `case`.
fn has_pipe(line: &str) -> bool {
    static PATTERNS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"^\(?[^\s()|]+(?:\s*\|\s*[^\s()|]+)+\)"#).ok());
    let patterns = PATTERNS.as_ref().and_then(|pattern| pattern.find(line)).map_or(0, |found| found.end());
    line[patterns..].replace("||", "").replace(">|", "").contains('|')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::path::Path;
    use serde_json::{Value, json};

    fn hiding(container: &Value) -> Option<Hiding> {
        script(&Field { path: Path::default(), value: container }).and_then(|script| script.hiding())
    }

    #[test]
    fn scripts_are_found_behind_the_flags_of_a_shell() {
        let two = "a\nb";
        for (container, wanted) in [
            (json!({ "command": ["sh", "-c", two] }), Some(Hiding::GoesOn)),
            (json!({ "command": ["/bin/bash", "-l"], "args": ["-c", two, "name"] }), Some(Hiding::GoesOn)),
            (json!({ "command": ["bash", "-o", "pipefail", "-c", two] }), Some(Hiding::GoesOn)),
            (json!({ "command": ["bash", "-euo", "pipefail", "-c", "a | b\nc"] }), None),
            (json!({ "command": ["sh", "-ec", two] }), None),
            (json!({ "command": ["sh", "script.sh", two] }), None),
            (json!({ "command": ["python", "-c", two] }), None),
            (json!({ "args": ["sh"] }), None),
            (json!({}), None),
        ] {
            assert_eq!(hiding(&container), wanted, "{container}");
        }
    }

    #[test]
    fn scripts_hide_failures_in_the_middle() {
        for (text, wanted) in [
            ("a", None),
            ("a; b", None),
            ("# first\na\n", None),
            ("a &&\n  b ||\n  c", None),
            ("a \\\n  --flag", None),
            ("set -e\na\nb", None),
            ("set -o errexit\na\nb", None),
            ("cd /x && set -eu; a\nb", None),
            ("echo 'set -e is missing'\nb", Some(Hiding::GoesOn)),
            ("set -x\na\nb", Some(Hiding::GoesOn)),
            ("a | b", Some(Hiding::Pipe)),
            ("set -e\na\nb | c", Some(Hiding::Pipe)),
            ("set -eo pipefail\na\nb | c", None),
            ("echo 'a | b' \"c | \\\" | d\" # | e", None),
            ("cat <<END\na | b\nEND", None),
            ("cat <<-'END'\na\n\tEND\nb", Some(Hiding::GoesOn)),
            ("cat <<<word | b", Some(Hiding::Pipe)),
            ("a || b", None),
            ("set -e\ncase $x in\n  a|b) c ;;\nesac", None),
            ("a || true", Some(Hiding::Forced)),
            ("set -e\na\nb || true", Some(Hiding::Forced)),
            ("set -e\na || true\nb", None),
        ] {
            assert_eq!(hiding(&json!({ "command": ["sh", "-c", text] })), wanted, "{text:?}");
        }
    }
}
