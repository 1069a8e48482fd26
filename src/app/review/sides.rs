//! A difference with before at the left and after at the right, each as wide as half of the box.

use unicode_width::UnicodeWidthStr;

use crate::app::page::{self, Line, Role};
use crate::manifest::diff::{DiffLine, LineKind, pairs};

use super::words;

/// Columns inside of the box from which on before and after stand side by side: each side has room for deep YAML then.
pub(super) const NARROWEST: u16 = 120;

/// What stands between the sides.
const BETWEEN: &str = " │ ";

/// The lines of a difference on two sides, for so many columns. Long lines go on below on their own side.
pub(super) fn lines(diff: &[DiffLine], columns: usize) -> Vec<Line> {
    let half = columns.saturating_sub(BETWEEN.width()) / 2;
    let mut lines = Vec::new();
    for (old, new) in pairs(diff) {
        if let Some(skipped) = old.map(|at| &diff[at]).filter(|line| matches!(line.kind, LineKind::Skipped(_))) {
            lines.push(words::line(skipped));
            continue;
        }
        let [old, new] = [old, new].map(|at| at.map(|at| pieces(&words::line(&diff[at]), half)).unwrap_or_default());
        lines.extend((0..old.len().max(new.len())).map(|row| {
            let mut line = Line::plain("");
            append(&mut line, old.get(row));
            line.text += &" ".repeat(half.saturating_sub(line.text.width()));
            append(&mut line, Some(&Line::new(BETWEEN, Role::Dim)));
            append(&mut line, new.get(row));
            line
        }));
    }
    lines
}

/// A line as the rows that it takes in a side of this width, each a line of its own.
fn pieces(line: &Line, width: usize) -> Vec<Line> {
    let piece = |row: page::Row| {
        let text = " ".repeat(row.indent) + &line.text[row.start..row.end];
        let place = |byte: usize| byte.clamp(row.start, row.end) - row.start + row.indent;
        let parts = line.parts.iter().map(|(part, role)| (place(part.start)..place(part.end), *role)).collect();
        Line { text, parts, ..Line::plain("") }
    };
    page::wrap(0, line, width).into_iter().map(|row| Line { role: line.role, ..piece(row) }).collect()
}

/// Puts a piece behind what the line has.
fn append(line: &mut Line, piece: Option<&Line>) {
    let Some(piece) = piece else { return };
    let start = line.text.len();
    line.text += &piece.text;
    line.parts.push((start..line.text.len(), piece.role));
    line.parts.extend(piece.parts.iter().map(|(part, role)| (start + part.start..start + part.end, *role)));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifest::diff::diff;

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.trim_end()).collect()
    }

    #[test]
    fn what_is_gone_stands_left_of_what_came_and_what_stays_on_both_sides() {
        let before = json!({ "spec": { "a": 1, "image": "busybox:1.35", "z": 1 } });
        let sent = json!({ "spec": { "b": 2, "image": "busybox:1.36", "z": 1 } });
        let after = json!({ "spec": { "b": 2, "image": "busybox:1.36", "x": 0, "z": 1 } });
        let shown = lines(&diff(Some(&before), Some(&sent), Some(&after)), 61);
        let expected = [
            "  spec:                       │   spec:",
            "-   a: 1                      │ +   b: 2",
            "-   image: busybox:1.35       │ +   image: busybox:1.36",
            "                              │ .   x: 0",
            "    z: 1                      │     z: 1",
        ];
        assert_eq!(texts(&shown), expected);
        let part = |row: usize, wanted: Role| -> Vec<&str> {
            let line = &shown[row];
            line.parts.iter().filter(|(_, role)| *role == wanted).map(|(part, _)| &line.text[part.clone()]).collect()
        };
        assert_eq!(
            (part(2, Role::Removed), part(2, Role::Added)),
            (vec!["-   image: busybox:1.35"], vec!["+   image: busybox:1.36"])
        );
        assert_eq!(part(2, Role::Differs), ["1.35", "1.36"]);
        assert!(part(3, Role::Dim).contains(&".   x: 0"), "nobody asked for it");
    }

    #[test]
    fn long_and_wide_lines_stay_on_their_side() {
        let before = json!({ "a": "one two three four five 漢字漢字漢字", "b": 1 });
        let after = json!({ "a": "one two three four six 漢字漢字漢字", "b": 1 });
        for columns in 20..80 {
            let shown = lines(&diff(Some(&before), None, Some(&after)), columns);
            for line in &shown {
                assert_eq!(
                    line.text.split(BETWEEN).next().unwrap().width(),
                    (columns - 3) / 2,
                    "{columns}: {}",
                    line.text
                );
                assert!(line.text.width() <= columns, "{columns}: {}", line.text);
                assert!(line.parts.iter().all(|(part, _)| line.text.get(part.clone()).is_some()), "{line:?}");
            }
            let left: String = shown.iter().filter_map(|line| line.text.split(BETWEEN).next()).collect();
            assert!(left.replace(' ', "").contains("five漢字漢字漢字"), "{columns}: {left}");
        }
    }
}
