//! Markdown that says what was meant, whatever the text in it is: every text from the cluster loses its secrets and its
//! control characters here, and cannot end the place in which it stands.

use std::borrow::Cow;

use crate::model::redact::redact;
use crate::model::safe_text::safe_line;

/// Letters of one text that are written at most; an incident channel is no archive.
const LONGEST: usize = 1000;

/// A text without secrets, in one harmless line, cut where it is very long.
fn plain(text: &str) -> String {
    let hidden = redact(text);
    let line = safe_line(&hidden);
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.into_owned(),
    }
}

/// A text as prose: nothing in it is taken for Markdown or HTML.
pub(super) fn prose(text: &str) -> String {
    let line = plain(text);
    let mut prose = String::with_capacity(line.len() + 8);
    let letters: Vec<char> = line.trim().chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        // Within a word it is no emphasis.
        let is_word = |at: usize| letters.get(at).is_some_and(|one| one.is_alphanumeric());
        let is_inner = *letter == '_' && at > 0 && is_word(at - 1) && is_word(at + 1);
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&') && !is_inner {
            prose.push('\\');
        }
        prose.push(*letter);
    }
    prose
}

/// A text as code within a line; in a table, too.
pub(super) fn code(text: &str) -> String {
    let line = plain(text).replace('|', "\\|");
    if line.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&line) + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{line}{pad}{fence}")
}

/// Lines as a block of code. Secrets are looked for in all of them together, since a key has several lines.
pub(super) fn block<'t>(lines: impl IntoIterator<Item = &'t str>) -> String {
    let text = lines.into_iter().collect::<Vec<_>>().join("\n");
    let hidden: Cow<'_, str> = redact(&text);
    let safe: Vec<String> = hidden.split('\n').map(plain).collect();
    let most = safe.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat(most.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", safe.join("\n"))
}

/// How many backticks stand behind each other at most.
fn longest_run(text: &str) -> usize {
    text.split(|one| one != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_taken_for_nothing_else() {
        assert_eq!(
            prose("a *b* `c` [d](e) <f> g|h i_j _k_ & \\"),
            "a \\*b\\* \\`c\\` \\[d\\](e) \\<f\\> g\\|h i_j \\_k\\_ \\& \\\\"
        );
        assert_eq!(prose("one\n# two\x1b[2J"), "one␤# two␛\\[2J", "a line is one line");
        assert_eq!(prose("PASSWORD=hunter2 `"), "PASSWORD=\\[redacted\\] \\`");
    }

    #[test]
    fn code_ends_where_it_should() {
        assert_eq!(code("job/etl"), "`job/etl`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code("a|b\nc"), "`a\\|b␤c`");
        assert_eq!(code(""), "");
    }

    #[test]
    fn block_ends_where_it_should() {
        assert_eq!(block(["a", "b"]), "```text\na\nb\n```\n");
        assert_eq!(block(["a", "````", "# b"]), "`````text\na\n````\n# b\n`````\n");
        assert_eq!(block(["token=x", "\x1b[31mred"]), "```text\ntoken=[redacted]\n␛[31mred\n```\n");
    }

    #[test]
    fn key_on_several_lines_is_hidden_in_a_block() {
        let lines = ["-----BEGIN PRIVATE KEY-----", "MIIEvQ", "-----END PRIVATE KEY-----", "done"];
        assert_eq!(block(lines), "```text\n[redacted]\ndone\n```\n");
    }

    #[test]
    fn very_long_texts_are_cut() {
        assert_eq!(prose(&"x".repeat(5_000)).chars().count(), LONGEST + 1);
    }
}
