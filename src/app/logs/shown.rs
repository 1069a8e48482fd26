//! How a line is shown: as it came, or taken apart where it has a structure.

use super::LogView;
use crate::model::log::LogLine;
use crate::model::styled_line::{StyledLine, styled_line};

/// The line as it is drawn, at most so many columns of it.
pub fn shown_line(_logs: &LogView, line: &LogLine<'_>, columns: usize) -> StyledLine {
    styled_line(line.text, columns)
}

/// How many columns the line takes, up to `most`.
pub(super) fn columns(logs: &LogView, line: &LogLine<'_>, most: usize) -> usize {
    shown_line(logs, line, most).columns()
}
