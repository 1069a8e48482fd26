//! A text for a page while it is written: its lines, and where those lead that lead somewhere.

use super::Line;
use crate::model::key::{ObjectKey, Uid};

/// Where a line leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Goto {
    /// To the page of an object.
    Object(ObjectKey),
    /// To the page of an event.
    Event(Uid),
    /// To the log of a pod's container.
    Log(ObjectKey, String),
    /// To the objects that suffer from a cause.
    Problem(String),
    /// To what is kept of an object that is gone.
    Gone(Uid),
}

/// A text that is being written: its lines, and where those lead that lead somewhere.
#[derive(Debug, Default)]
pub(in crate::app) struct Text {
    pub(super) lines: Vec<Line>,
    pub(super) links: Vec<(usize, Goto)>,
}

impl Text {
    /// Adds a line.
    pub(in crate::app) fn line(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Adds a line that leads somewhere.
    pub(in crate::app) fn link(&mut self, line: Line, to: Goto) {
        self.links.push((self.lines.len(), to));
        self.lines.push(line);
    }
}
