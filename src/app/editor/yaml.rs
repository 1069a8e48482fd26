//! YAML as it is being typed, line by line: what each part of a line is, for colours, and where a new line begins.
//!
//! It reads one line at a time and knows of the others only whether the line stands in a block scalar; a quote that is
//! not closed ends with its line, so that half-typed text does not change the look of everything below.

use std::ops::Range;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A key.
    Key,
    /// A quoted string.
    Quoted,
    /// A line of a block scalar.
    Block,
    /// A number.
    Number,
    /// True, false, null; also `yes`, `on` and their like, which Kubernetes reads as such.
    Constant,
    /// A comment.
    Comment,
    /// An anchor, an alias or a tag.
    Anchor,
    /// What holds the structure: `-`, `:`, brackets, `|`.
    Indicator,
    /// `---` and `...`.
    Mark,
    /// A placeholder of a template.
    Placeholder,
}

/// Lines that are looked back for the beginning of a block scalar.
const LOOK_BACK: usize = 5_000;

/// Bytes of the longest line that is asked whether it begins a block scalar.
const LONGEST_HEADER: usize = 1_000;

/// Columns by which what belongs to a key is indented.
pub(super) const STEP: usize = 2;

/// Whether lines stand in a block scalar, as one goes down the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Blocks(Option<usize>);

impl Blocks {
    /// How it stands before the line of this index.
    pub fn before(lines: &[String], line: usize) -> Self {
        let mut found = None;
        let mut least = usize::MAX;
        for line in lines[..line.min(lines.len())].iter().rev().take(LOOK_BACK) {
            let indent = indent(line);
            if is_blank(line) || indent >= least {
                continue;
            }
            // What seems to begin a block may be text in an outer one, whose beginning is further up.
            found = block_indent(line).filter(|block| *block < least).or(found);
            least = indent;
            if indent == 0 {
                break;
            }
        }
        Self(found)
    }

    /// Whether the next line stands in a block; goes on behind it.
    pub fn next(&mut self, line: &str) -> bool {
        let is_inside = self.0.is_some_and(|block| is_blank(line) || indent(line) > block);
        if !is_inside {
            self.0 = block_indent(line);
        }
        is_inside
    }
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// Blanks that a line begins with.
pub(super) fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where the content of a line begins, behind its dashes.
fn content_indent(line: &str) -> usize {
    let mut at = indent(line);
    while let Some(rest) = line[at..].strip_prefix("- ") {
        at += 2 + indent(rest);
    }
    at
}

/// The indentation that a block scalar has to exceed, where the line begins one: `key: |`, `- >-`.
fn block_indent(line: &str) -> Option<usize> {
    if line.len() > LONGEST_HEADER || !line.contains(['|', '>']) {
        return None;
    }
    let code = without_comment(line).trim_end();
    let (before, header) = code.rsplit_once(' ')?;
    let is_header = header.strip_prefix(['|', '>'])?.chars().all(|one| matches!(one, '0'..='9' | '+' | '-'));
    let before = before.trim_end();
    let before_tags = before.rsplit(' ').find(|word| !word.starts_with(['!', '&']))?;
    let content = content_indent(code);
    match before_tags {
        _ if !is_header => None,
        key if key.ends_with(':') => Some(content),
        "-" => Some(content.saturating_sub(2)),
        "---" => Some(0),
        _ => None,
    }
}

/// The line up to its comment.
fn without_comment(line: &str) -> &str {
    let comment = classes(line, false).into_iter().find(|(_, class)| *class == Class::Comment);
    match comment {
        Some((range, _)) => line.char_indices().nth(range.start).map_or(line, |(at, _)| &line[..at]),
        None => line,
    }
}

/// The indentation of a new line behind this text of a line: as deep as the line, or deeper where a key has no value
/// yet, and as deep as the key behind a dash.
pub(super) fn next_indent(before: &str, is_block: bool) -> usize {
    let plain = indent(before);
    let code = without_comment(before).trim_end();
    if is_block || code.is_empty() {
        return plain;
    }
    let content = content_indent(code);
    match block_indent(code) {
        Some(block) => block + STEP,
        None if code.ends_with(':') => content + STEP,
        None if classes(code, false).iter().any(|(_, class)| *class == Class::Key) => content,
        None => plain,
    }
}

/// The parts of a line, in characters and in order; what is in none of them is plain text.
pub fn classes(line: &str, is_block: bool) -> Vec<(Range<usize>, Class)> {
    let characters: Vec<char> = line.chars().collect();
    let mut parts = if is_block {
        vec![(0..characters.len(), Class::Block)]
    } else {
        let mut lexer = Lexer { line: &characters, at: 0, parts: Vec::new() };
        lexer.line();
        lexer.parts
    };
    for place in super::placeholder::placeholders(line) {
        parts.retain(|(range, _)| range.end <= place.range.start || range.start >= place.range.end);
        parts.push((place.range, Class::Placeholder));
    }
    parts.sort_by_key(|(range, _)| range.start);
    parts
}

struct Lexer<'a> {
    line: &'a [char],
    at: usize,
    parts: Vec<(Range<usize>, Class)>,
}

impl Lexer<'_> {
    fn line(&mut self) {
        match self.line {
            ['-', '-', '-'] | ['.', '.', '.'] => return self.push(3, Class::Mark),
            ['-', '-', '-', ' ', ..] | ['.', '.', '.', ' ', ..] => self.push(3, Class::Mark),
            ['%', ..] => return self.push(self.line.len(), Class::Mark),
            _ => {}
        }
        self.skip_blanks();
        while matches!(self.peek(0), Some('-' | '?')) && self.is_blank(1) {
            self.push(1, Class::Indicator);
            self.skip_blanks();
        }
        let is_flow = matches!(self.peek(0), Some('[' | '{'));
        while self.peek(0).is_some() {
            self.part(is_flow);
        }
    }

    /// One part, and the blanks behind it. In brackets, commas and brackets end a plain text.
    fn part(&mut self, is_flow: bool) {
        let is_before_value =
            self.parts.last().is_some_and(|(_, class)| matches!(class, Class::Indicator | Class::Anchor));
        match self.peek(0) {
            Some('#') if self.at == 0 || self.line[self.at - 1].is_whitespace() => {
                self.push(self.line.len() - self.at, Class::Comment);
            }
            Some('[' | ']' | '{' | '}' | ',') if is_flow || is_before_value => {
                self.push(1, Class::Indicator);
                self.skip_blanks();
                while self.peek(0).is_some() {
                    self.part(true);
                }
            }
            Some(':') if self.is_blank(1) || is_flow => self.push(1, Class::Indicator),
            Some('&' | '*' | '!') => self.push(self.until(|one| one.is_whitespace()), Class::Anchor),
            Some('|' | '>') if is_before_value && !is_flow => {
                self.push(self.until(|one| one.is_whitespace()), Class::Indicator);
            }
            Some(quote @ ('"' | '\'')) => self.quoted(quote, is_flow),
            _ => self.plain(is_flow),
        }
        self.skip_blanks();
    }

    fn quoted(&mut self, quote: char, is_flow: bool) {
        let mut end = self.at + 1;
        while let Some(one) = self.line.get(end) {
            match one {
                '\\' if quote == '"' => end += 1,
                '\'' if quote == '\'' && self.line.get(end + 1) == Some(&'\'') => end += 1,
                one if *one == quote => break,
                _ => {}
            }
            end += 1;
        }
        let end = (end + 1).min(self.line.len());
        let is_key = self.line.get(end) == Some(&':') && (is_flow || self.is_blank(end + 1 - self.at));
        self.push(end - self.at, if is_key { Class::Key } else { Class::Quoted });
    }

    /// A plain text: a key where a colon follows, else a value.
    fn plain(&mut self, is_flow: bool) {
        let mut end = self.at;
        let is_end = |at: usize| {
            let is_blank = |at: usize| self.line.get(at).is_none_or(|one| one.is_whitespace());
            let one = self.line[at];
            (one == ':' && is_blank(at + 1))
                || (one == '#' && at > 0 && is_blank(at - 1))
                || (is_flow && matches!(one, ',' | '[' | ']' | '{' | '}'))
        };
        while end < self.line.len() && (end == self.at || !is_end(end)) {
            end += 1;
        }
        let is_key = self.line.get(end) == Some(&':');
        let text: String = self.line[self.at..end].iter().collect();
        let text = text.trim_end();
        let class = if is_key { Some(Class::Key) } else { scalar(text) };
        match class {
            Some(class) => self.push(text.chars().count(), class),
            None => self.at = end,
        }
    }

    fn push(&mut self, length: usize, class: Class) {
        self.parts.push((self.at..self.at + length, class));
        self.at += length;
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.line.get(self.at + ahead).copied()
    }

    fn is_blank(&self, ahead: usize) -> bool {
        self.peek(ahead).is_none_or(char::is_whitespace)
    }

    fn skip_blanks(&mut self) {
        self.at += self.until(|one| !one.is_whitespace());
    }

    /// Characters up to the first for which this holds.
    fn until(&self, is_end: impl Fn(char) -> bool) -> usize {
        self.line[self.at..].iter().take_while(|one| !is_end(**one)).count()
    }
}

/// What a plain text means; None for a string.
fn scalar(text: &str) -> Option<Class> {
    let digits = text.trim_start_matches(['+', '-']);
    let is_based = ["0x", "0o"].iter().any(|base| digits.strip_prefix(base).is_some_and(|rest| !rest.is_empty()))
        && digits[2..].chars().all(|one| one.is_ascii_hexdigit());
    let is_number = digits.starts_with(|one: char| one.is_ascii_digit() || one == '.') && text.parse::<f64>().is_ok();
    if is_based || is_number {
        return Some(Class::Number);
    }
    let word = text.to_ascii_lowercase();
    let is_constant = ["true", "false", "null", "~", "yes", "no", "on", "off", "y", "n"].contains(&word.as_str());
    is_constant.then_some(Class::Constant)
}

#[cfg(test)]
#[path = "yaml/tests.rs"]
mod tests;
