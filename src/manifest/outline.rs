//! What the lines of a text are, from their indentation alone: so that a text which somebody is typing, and which is no
//! YAML yet, still tells where the cursor is. It knows block form; what stands in brackets is taken as it is.

use super::path::{Path, Step};

/// What a line is. Columns count characters, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// Empty, or a comment alone.
    Blank,
    /// The end of a document.
    Mark,
    /// A line of longer text or of what stands in brackets, which belongs to what is above.
    Text,
    /// An item, a key, a value, or several of them.
    Entry(Entry),
}

/// A line with a key, a value or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    /// The columns of the dashes that it begins with.
    pub(super) dashes: Vec<usize>,
    /// Its key.
    pub(super) key: Option<Key>,
    /// The column where the value begins, or where one would.
    pub(super) value: usize,
    /// The value without a comment behind it.
    pub(super) text: String,
}

/// A key on its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Without quotes.
    pub(super) name: String,
    /// Its first column.
    pub(super) column: usize,
    /// The column of its colon.
    pub(super) end: usize,
}

impl Entry {
    /// The column of the first thing on the line.
    pub(super) fn first_column(&self) -> usize {
        let key = self.key.as_ref().map(|key| key.column);
        self.dashes.first().copied().or(key).unwrap_or(self.value)
    }

    /// Where its content begins: the key, or the value behind the dashes.
    pub(super) fn content(&self) -> usize {
        self.key.as_ref().map_or(self.value, |key| key.column)
    }

    /// What text below has to be indented by more than.
    fn base(&self) -> usize {
        self.key.as_ref().map(|key| key.column).or(self.dashes.last().copied()).unwrap_or(self.value)
    }
}

/// What lies open behind a line, which decides what the next one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    /// Text behind `|` or `>`: lines that are indented by more than this.
    Block(usize),
    /// This many brackets, begun on a line that is indented by this.
    Brackets(usize, usize),
}

/// All lines of a text.
pub(super) fn rows<L: AsRef<str>>(lines: &[L]) -> Vec<Row> {
    let mut inside = Inside::Nothing;
    lines.iter().map(|line| row(line.as_ref(), &mut inside)).collect()
}

fn row(line: &str, inside: &mut Inside) -> Row {
    let letters: Vec<char> = line.trim_end().chars().collect();
    let indentation = letters.iter().take_while(|letter| letter.is_whitespace()).count();
    if ["---", "..."].iter().any(|mark| line.starts_with(mark)) && letters.get(3).is_none_or(|one| one.is_whitespace())
    {
        *inside = Inside::Nothing;
        return Row::Mark;
    }
    match *inside {
        // Tabs do not count: what they indent is no longer the text.
        Inside::Block(base)
            if indentation == letters.len() || line.chars().take_while(|one| *one == ' ').count() > base =>
        {
            return Row::Text;
        }
        Inside::Brackets(depth, base)
            if indentation > base || letters.first().is_some_and(|one| "}]".contains(*one)) =>
        {
            let depth = depth.saturating_add_signed(balance(&letters));
            *inside = if depth == 0 { Inside::Nothing } else { Inside::Brackets(depth, base) };
            return Row::Text;
        }
        _ => *inside = Inside::Nothing,
    }
    if letters.get(indentation).is_none_or(|letter| *letter == '#') {
        return Row::Blank;
    }
    let entry = entry(&letters, indentation);
    let depth = balance(&entry.text.chars().collect::<Vec<_>>());
    if is_block_header(&entry.text) {
        *inside = Inside::Block(entry.base());
    } else if entry.text.starts_with(['[', '{']) && depth > 0 {
        *inside = Inside::Brackets(depth.unsigned_abs(), entry.base());
    }
    Row::Entry(entry)
}

fn entry(letters: &[char], indentation: usize) -> Entry {
    let is_blank = |at: usize| letters.get(at).is_none_or(|letter| letter.is_whitespace());
    let skip = |from: usize| (from..letters.len()).find(|at| !is_blank(*at)).unwrap_or(letters.len());
    let mut dashes = Vec::new();
    let mut at = indentation;
    while letters.get(at) == Some(&'-') && is_blank(at + 1) {
        dashes.push(at);
        at = skip(at + 1);
    }
    let key = key(letters, at);
    let value = key.as_ref().map_or(at, |key| skip(key.end + 1));
    let end = comment(letters, value).unwrap_or(letters.len());
    let text: String = letters.get(value..end).unwrap_or_default().iter().collect();
    Entry { dashes, key, value, text: text.trim_end().to_owned() }
}

/// The key that begins at a column: what stands before a colon that has a blank or nothing behind it.
fn key(letters: &[char], column: usize) -> Option<Key> {
    let first = *letters.get(column)?;
    let named = |name: &[char], end| Some(Key { name: name.iter().collect(), column, end });
    let is_end = |at: usize| letters[at] == ':' && letters.get(at + 1).is_none_or(|letter| letter.is_whitespace());
    if first == '"' || first == '\'' {
        let close = (column + 1..letters.len()).find(|at| letters[*at] == first)?;
        let end = (close + 1..letters.len()).find(|at| !letters[*at].is_whitespace()).filter(|at| is_end(*at))?;
        return named(&letters[column + 1..close], end);
    }
    if "[]{}&*!|>%@`#,".contains(first) {
        return None;
    }
    let end = (column..comment(letters, column).unwrap_or(letters.len())).find(|at| is_end(*at))?;
    named(&letters[column..end], end)
}

/// The column of the comment behind what begins at a column.
pub(super) fn comment(letters: &[char], from: usize) -> Option<usize> {
    let mut quote = None;
    for at in from..letters.len() {
        let letter = letters[at];
        let is_begin = at == 0 || letters[at - 1].is_whitespace();
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '#' && is_begin => return Some(at),
            // Within a word a quote is an apostrophe.
            None if (letter == '"' || letter == '\'')
                && (is_begin || at == from || "[{,".contains(letters[at - 1])) =>
            {
                quote = Some(letter);
            }
            None => {}
        }
    }
    None
}

/// Brackets that are opened less those that are closed.
fn balance(letters: &[char]) -> isize {
    letters.iter().fold(0, |depth, letter| match letter {
        '[' | '{' => depth + 1,
        ']' | '}' => depth - 1,
        _ => depth,
    })
}

/// Whether a value is `|`, `>-`, `|2+` and the like.
fn is_block_header(text: &str) -> bool {
    text.strip_prefix(['|', '>']).is_some_and(|rest| rest.chars().all(|one| one.is_ascii_digit() || "+-".contains(one)))
}

/// The maps and lists that are open at a line, each with its column.
#[derive(Debug, Default)]
pub(super) struct Levels(Vec<(usize, Step)>);

impl Levels {
    /// Goes into what a line opens.
    pub(super) fn enter(&mut self, entry: &Entry) {
        self.enter_items(&entry.dashes);
        if let Some(key) = &entry.key {
            self.leave_to(key.column);
            self.0.push((key.column, Step::Key(key.name.clone())));
        }
    }

    /// Goes into the items that dashes begin.
    pub(super) fn enter_items(&mut self, dashes: &[usize]) {
        for dash in dashes {
            while self.0.last().is_some_and(|(column, _)| column > dash) {
                self.0.pop();
            }
            let next = match self.0.last() {
                Some((column, Step::Index(index))) if column == dash => index + 1,
                _ => 0,
            };
            if next > 0 {
                self.0.pop();
            }
            self.0.push((*dash, Step::Index(next)));
        }
    }

    /// Leaves what ends before a key at this column. An item ends where a key stands below its dash.
    pub(super) fn leave_to(&mut self, column: usize) {
        while self.0.last().is_some_and(|(open, _)| *open >= column) {
            self.0.pop();
        }
    }

    /// The column of the innermost one.
    pub(super) fn deepest(&self) -> Option<usize> {
        self.0.last().map(|(column, _)| *column)
    }

    /// The way to what is open.
    pub(super) fn path(&self) -> Path {
        Path(self.0.iter().map(|(_, step)| step.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let letter = |row: &Row| match row {
            Row::Blank => '.',
            Row::Mark => '-',
            Row::Text => 't',
            Row::Entry(_) => 'e',
        };
        rows(&lines).iter().map(letter).collect()
    }

    #[test]
    fn longer_text_and_brackets_are_no_keys() {
        let text = "a: |\n  b: 1\n\n  c: 2\nd: >- # x\n  e: 1\nf: [\n  g: 1\n]\nh: { i:\n    1 }\nj: 1\n---\n# k\n- |\n l: 1\n- m: |+\n    n: 1\n  o: 1";
        assert_eq!(kinds(text), "etttetettete-.etete");
    }

    #[test]
    fn brackets_that_stay_open_do_not_swallow_what_is_below() {
        assert_eq!(kinds("a: [1,\nb: 1\nc:\n  d: {\n  e: 1"), "eeeee");
    }

    #[test]
    fn keys_are_what_stands_before_a_colon_and_a_blank() {
        let only = |line: &str| match rows(&[line]).remove(0) {
            Row::Entry(entry) => entry,
            other => panic!("{line}: {other:?}"),
        };
        let entry = only("  - 'ä: b' : \"c # d\" # e");
        assert_eq!((entry.dashes.as_slice(), entry.text.as_str()), ([2].as_slice(), "\"c # d\""));
        assert_eq!(entry.key, Some(Key { name: "ä: b".into(), column: 4, end: 11 }));
        for line in ["http://x", "a#b", "{a: 1}", "'a", "- - -"] {
            assert_eq!(only(line).key, None, "{line}");
        }
        assert_eq!(only("it's: x # y").text, "x");
    }
}
