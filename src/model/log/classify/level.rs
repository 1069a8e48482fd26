//! The level that a line names: in a field, as a word near its start, or by how programs say that they failed.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use crate::model::log::line::LogLevel;

/// Bytes in which a bare word counts, and how many words may stand before it: time, host, process, thread, logger.
const NEAR: usize = 100;
const WORDS_BEFORE: u8 = 6;

/// The level of a line; None where it names none.
pub(super) fn level(line: &[u8]) -> Option<LogLevel> {
    let line = without_style(line.trim_ascii_start()).trim_ascii_start();
    match line.first()? {
        b'{' => of_json(line),
        b'I' | b'W' | b'E' | b'F' if is_klog(line) => match line[0] {
            b'I' => Some(LogLevel::Info),
            b'W' => Some(LogLevel::Warn),
            b'E' => Some(LogLevel::Error),
            _ => Some(LogLevel::Fatal),
        },
        _ => of_failure(line).or_else(|| of_logfmt(line)).or_else(|| of_words(line)),
    }
}

/// The level that a word means, in upper or lower case: what loggers write in full and in short.
pub(in crate::model::log) fn level_of(word: &[u8]) -> Option<LogLevel> {
    let mut lower = [0; 9];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    match &*lower {
        b"trace" | b"verbose" | b"trc" | b"trce" | b"vrb" => Some(LogLevel::Trace),
        b"debug" | b"dbg" | b"debu" | b"dbug" => Some(LogLevel::Debug),
        b"info" | b"inf" | b"notice" => Some(LogLevel::Info),
        b"warn" | b"warning" | b"wrn" => Some(LogLevel::Warn),
        b"error" | b"err" | b"erro" | b"severe" => Some(LogLevel::Error),
        b"fatal" | b"critical" | b"crit" | b"panic" | b"alert" | b"emerg" | b"emergency" | b"ftl" | b"fata"
        | b"pani" => Some(LogLevel::Fatal),
        _ => None,
    }
}

/// Where near its start a text that has this level names it: the word, the name of an exception, or klog's letter with the
/// date behind it.
pub fn level_word(text: &str, level: LogLevel) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._$".contains(&byte);
    let bytes = text.as_bytes();
    if matches!(bytes.first(), Some(b'I' | b'W' | b'E' | b'F')) && is_klog(bytes) {
        return Some(0..5);
    }
    let mut at = 0;
    while at < bytes.len().min(NEAR) {
        let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
        let word = &bytes[at..at + length];
        if level_of(word) == Some(level) || (level == LogLevel::Error && is_exception_name(word)) {
            return Some(at..at + length);
        }
        at += length.max(1);
    }
    None
}

/// The numbers of bunyan and pino, from 10 for trace to 60 for fatal.
pub(in crate::model::log) fn level_of_number(number: &[u8]) -> Option<LogLevel> {
    match number {
        [tens @ b'1'..=b'6', b'0'] => LogLevel::ALL.get(usize::from(tens - b'1')).copied(),
        _ => None,
    }
}

/// Whether a field of this name holds the level.
pub(in crate::model::log) fn is_level_key(key: &[u8]) -> bool {
    const KEYS: [&str; 9] = [
        "level",
        "lvl",
        "severity",
        "levelname",
        "loglevel",
        "log.level",
        "log_level",
        "severity_text",
        "severitytext",
    ];
    (3..=13).contains(&key.len())
        && matches!(key[0] | 0x20, b'l' | b's')
        && KEYS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(key))
}

/// The level in a JSON object's own fields: strings are skipped whole, what is nested is not asked.
fn of_json(line: &[u8]) -> Option<LogLevel> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = string_end(line, at)?;
                let text = &line[at..end];
                at = end + 1;
                let behind = line[at..].trim_ascii_start();
                if depth == 1 && behind.first() == Some(&b':') && is_level_key(text) {
                    return of_json_value(behind[1..].trim_ascii_start());
                }
            }
            _ => {}
        }
    }
    None
}

fn of_json_value(value: &[u8]) -> Option<LogLevel> {
    match value.strip_prefix(b"\"") {
        Some(text) => level_of(&text[..string_end(text, 0)?]),
        None => level_of_number(&value[..value.iter().position(|byte| !byte.is_ascii_digit())?]),
    }
}

/// Where the string that goes on here has its closing quote.
fn string_end(line: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr2(b'"', b'\\', line.get(from..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        from = at + 2;
    }
}

/// `E1121 13:41:07.123456       1 file.go:12] …`: klog, glog.
fn is_klog(line: &[u8]) -> bool {
    line.len() > 14
        && line[1..5].iter().all(u8::is_ascii_digit)
        && line[5] == b' '
        && line[8] == b':'
        && line[11] == b':'
}

/// How runtimes say that a program failed, at the line's start.
fn of_failure(line: &[u8]) -> Option<LogLevel> {
    const FATAL: [&[u8]; 9] = [
        b"panic: ",
        b"thread '",
        b"fatal error: ",
        b"Fatal error: ",
        b"Segmentation fault",
        b"Bus error",
        b"Illegal instruction",
        b"Aborted (core dumped)",
        b"PHP Fatal error: ",
    ];
    const ERROR: [&[u8]; 7] = [
        b"Traceback (most recent call last):",
        b"+ Exception Group Traceback (most",
        b"Exception in thread ",
        b"Unhandled exception",
        b"Unhandled Exception",
        b"Uncaught ",
        b"terminate called after throwing",
    ];
    match line[0] {
        b'p' | b't' | b'f' | b'F' | b'S' | b'B' | b'I' | b'A' | b'P' | b'T' | b'+' | b'E' | b'U' => {}
        _ => return None,
    }
    if let Some(known) = FATAL.iter().find(|known| line.starts_with(known)) {
        let is_thread = known.starts_with(b"thread");
        return (!is_thread || memmem::find(line, b" panicked at ").is_some()).then_some(LogLevel::Fatal);
    }
    ERROR.iter().any(|known| line.starts_with(known)).then_some(LogLevel::Error)
}

/// The level field of a line that begins with a `key=value`, wherever it stands.
fn of_logfmt(line: &[u8]) -> Option<LogLevel> {
    let first = line.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"_.@-".contains(byte))?;
    if line[first] != b'=' || first == 0 {
        return None;
    }
    let mut from = 0;
    while let Some(sign) = memchr(b'=', &line[from..]).map(|found| from + found) {
        let key = line[..sign].iter().rposition(u8::is_ascii_whitespace).map_or(0, |blank| blank + 1);
        if is_level_key(&line[key..sign])
            && let Some(level) = of_field(&line[sign + 1..])
        {
            return Some(level);
        }
        from = sign + 1;
        // What is in quotes is no field.
        if line.get(from) == Some(&b'"') {
            from = string_end(line, from + 1)?;
        }
    }
    None
}

/// The level that stands behind a `level=`.
fn of_field(value: &[u8]) -> Option<LogLevel> {
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let value = without_style(value);
    let word = &value[..value.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(value.len())];
    level_of(word).or_else(|| level_of_number(word))
}

/// What a byte is to the search for words.
#[derive(Clone, Copy, PartialEq)]
enum Sort {
    Word,
    /// It may stand right beside a level's word.
    Mark,
    Blank,
}

const SORTS: [Sort; 256] = {
    let mut sorts = [Sort::Word; 256];
    let marks = b"[](){}<>|:,;*!/=";
    let mut at = 0;
    while at < marks.len() {
        sorts[marks[at] as usize] = Sort::Mark;
        at += 1;
    }
    (sorts[b' ' as usize], sorts[b'\t' as usize], sorts[0x1b]) = (Sort::Blank, Sort::Blank, Sort::Blank);
    sorts
};

/// The first word near the start that is a level.
fn of_words(line: &[u8]) -> Option<LogLevel> {
    let (mut at, mut near, mut words) = (0, NEAR, 0);
    // What stands before the word: a byte, blanks and colours left out where `open` is asked.
    let (mut before, mut open) = (b' ', b' ');
    let mut is_denied = false;
    let mut is_first = true;
    while at < line.len().min(near) {
        if line[at] == 0x1b {
            let length = line.len() - at - without_style(&line[at..]).len();
            (at, near, before) = (at + length.max(1), near + length, b' ');
            continue;
        }
        if SORTS[usize::from(line[at])] != Sort::Word {
            before = line[at];
            open = if before == b' ' { open } else { before };
            at += 1;
            continue;
        }
        let length = line[at..].iter().position(|byte| SORTS[usize::from(*byte)] != Sort::Word);
        let end = length.map_or(line.len(), |length| at + length);
        let (word, rest) = (&line[at..end], without_style(&line[end..]));
        if word[0].is_ascii_alphabetic() {
            let found = Word { word, before, open, rest, is_first, is_denied }.level();
            if found.is_some() || words == WORDS_BEFORE {
                return found;
            }
            // Times and numbers before it do not make it the second: only `Z`, `T` and names of months would.
            is_first = false;
            is_denied = matches!(word, b"no" | b"No" | b"NO" | b"without" | b"WITHOUT");
        } else {
            is_denied = word == b"0";
        }
        words += u8::from(before.is_ascii_whitespace());
        (at, before, open) = (end, b'w', b'w');
    }
    None
}

/// A word and what is around it.
struct Word<'a> {
    word: &'a [u8],
    /// The byte before it.
    before: u8,
    /// The byte before it that is no blank and belongs to no colour.
    open: u8,
    rest: &'a [u8],
    /// Nothing but numbers stands before it.
    is_first: bool,
    /// `no` or `0` stands before it.
    is_denied: bool,
}

impl Word<'_> {
    fn level(&self) -> Option<LogLevel> {
        let after = self.rest.first().copied().unwrap_or(b' ');
        if after == b'=' {
            return is_level_key(self.word).then(|| of_field(&self.rest[1..])).flatten();
        }
        if matches!(self.before, b'=' | b'/') || (self.is_denied && self.before == b' ') {
            return None;
        }
        let is_upper = self.word.iter().all(u8::is_ascii_uppercase);
        let ends_start = self.is_first && after == b':' && self.rest.get(1).is_none_or(u8::is_ascii_whitespace);
        if is_upper || ends_start || self.is_enclosed() {
            let dotnet = ends_start && self.word == b"fail";
            let level = if dotnet { Some(LogLevel::Error) } else { level_of(self.word) };
            if level.is_some() {
                return level;
            }
        }
        let is_exception = self.is_first && (ends_start || self.rest.is_empty() || self.rest.starts_with(b" ["));
        (is_exception && is_exception_name(self.word)).then_some(LogLevel::Error)
    }

    /// It stands alone in brackets or between tabs, as levels in lower case do.
    fn is_enclosed(&self) -> bool {
        let after = |style: &[u8]| without_style(style).trim_ascii_start().first().copied();
        match self.open {
            b'[' => after(self.rest.trim_ascii_start()) == Some(b']'),
            b'<' => after(self.rest) == Some(b'>'),
            b'\t' => self.rest.first() == Some(&b'\t'),
            _ => false,
        }
    }
}

/// `Error`, `KeyError`, `java.lang.IllegalStateException`.
pub(super) fn is_exception_name(word: &[u8]) -> bool {
    let last = word.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    last.first().is_some_and(u8::is_ascii_uppercase)
        && (last.ends_with(b"Error") || last.ends_with(b"Exception"))
        && word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._$".contains(byte))
}

/// The text behind the SGR sequences at its start.
pub(super) fn without_style(mut text: &[u8]) -> &[u8] {
    while let Some(behind) = text.strip_prefix(b"\x1b[") {
        let Some(end) = behind.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':')) else { break };
        if behind[end] != b'm' {
            break;
        }
        text = &behind[end + 1..];
    }
    text
}
