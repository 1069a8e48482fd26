//! What can be seen on the lines alone, whether they are YAML or not.

use super::Checker;
use crate::manifest::parse::{BOM, FALSE_BLANKS};
use crate::manifest::problem::{Place, Problem, Severity};

impl Checker<'_> {
    /// Looks at all lines of the text.
    pub(super) fn look_at_lines(&mut self, text: &str) {
        if text.starts_with(BOM) {
            let place = Place { line: 0, column: 0, end_column: 1 };
            let told = "the text begins with a byte order mark, which not every reader skips";
            self.tell(Problem::new(place, Severity::Note, told).mended_by("remove it", ""));
        }
        if let Some(at) = text.find("\r\n") {
            let line = text[..at].matches('\n').count();
            let end = self.lines.get(line).map_or(0, |text| text.chars().count());
            let place = Place { line, column: end, end_column: end };
            self.tell(Problem::new(place, Severity::Note, "lines end as on Windows (CRLF)"));
        }
        if text.contains(FALSE_BLANKS) {
            for line in 0..self.lines.len() {
                self.false_blanks(line);
            }
        }
    }

    /// A false blank where a true one means something: before a key or a value.
    fn false_blanks(&mut self, line: usize) {
        let mut before = None;
        for (column, letter) in self.lines[line].chars().enumerate() {
            if FALSE_BLANKS.contains(&letter) && matches!(before, None | Some(':' | '-')) {
                let place = Place { line, column, end_column: column + 1 };
                let told = "this blank is a non-breaking one, which YAML takes for a letter";
                self.tell(Problem::new(place, Severity::Warning, told).mended_by("make it a plain blank", " "));
                return;
            }
            if !letter.is_whitespace() {
                before = Some(letter);
            }
        }
    }
}
