//! What other systems and other programs leave in a text: marks, line ends, tabs and blanks.

use crate::manifest::outline::{Row, rows};
use crate::manifest::parse::{BOM, FALSE_BLANKS};

/// The text with plain line ends, and blanks for indentation.
pub(super) fn mend(text: &str, notes: &mut Vec<String>) -> String {
    let mut text = text.to_owned();
    if let Some(rest) = text.strip_prefix(BOM) {
        text = rest.to_owned();
        notes.push("the byte order mark was removed".to_owned());
    }
    if text.contains("\r\n") {
        text = text.replace("\r\n", "\n");
        notes.push("the line ends of Windows became plain ones".to_owned());
    }
    let lines: Vec<&str> = text.lines().collect();
    let mended: Vec<Option<String>> = lines.iter().zip(rows(&lines)).map(|(line, row)| indented(line, &row)).collect();
    let count = mended.iter().flatten().count();
    if count == 0 {
        return text;
    }
    notes.push(format!("tabs and other blanks that YAML does not take were replaced in {count} lines"));
    let mut whole: Vec<String> =
        lines.iter().zip(mended).map(|(line, new)| new.unwrap_or_else(|| (*line).to_owned())).collect();
    if text.ends_with('\n') {
        whole.push(String::new());
    }
    whole.join("\n")
}

/// The line with blanks for what indents it; None where it needs none. A tab within longer text belongs to that.
fn indented(line: &str, row: &Row) -> Option<String> {
    let rest = line.trim_start();
    let indentation = &line[..line.len() - rest.len()];
    if *row == Row::Text || rest.is_empty() || !indentation.contains(|one| one == '\t' || FALSE_BLANKS.contains(&one)) {
        return None;
    }
    Some(indentation.replace('\t', "  ").replace(FALSE_BLANKS, " ") + rest)
}
