//! Giving all lines away: to a file, or to a pager. It goes on piece by piece, as long as the last one was taken.

use std::path::PathBuf;

use super::LogView;
use crate::app::Effect;
use crate::model::clock::Time;
use crate::model::log::{LineFilter, LogStore};
use crate::model::owner::Subject;
use crate::model::styled_line::harmless_line;

/// Bytes of text that are given at once.
const PIECE: usize = 1 << 20;

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTo {
    /// Into this file, readable for its owner alone; one that is there already is replaced only where that was asked.
    File {
        /// Its path.
        path: PathBuf,
        /// Whether one that is there may be replaced.
        replaces: bool,
    },
    /// To the user's pager, made harmless for the terminal.
    Pager,
}

/// What became of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportOutcome {
    /// It was taken, by the file of this absolute path or, without one, for the pager.
    Taken(Option<PathBuf>),
    /// Nothing was written: a file is there already, and nobody said that it may be replaced.
    IsThere,
    /// It could not be written; why, in words.
    Failed(String),
}

/// What a person is told, or asked, when no piece follows.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::app) enum ExportEnd {
    /// These words.
    Said(String),
    /// Whether the file of this path, as it was typed, is to be replaced.
    AskToReplace(PathBuf),
}

/// Lines on their way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// Where they go.
    pub to: ExportTo,
    /// Whose they are.
    pub(super) root: Subject,
    filter: LineFilter,
    mask: Vec<bool>,
    since: Option<Time>,
    /// The line that is next.
    pub(super) next: usize,
    /// Lines that were given.
    pub lines: usize,
    is_begun: bool,
    is_waiting: bool,
}

impl LogView {
    /// Starts to give all lines that are shown away.
    pub(in crate::app) fn export(&mut self, to: ExportTo) {
        // What could not be read before is tried once more.
        self.unreadable.clear();
        self.read_all();
        let Some(root) = self.root else { return };
        // What is looked at and shown meanwhile changes nothing of it.
        let (filter, mask, since) = (self.filter.clone(), self.mask.clone(), self.since);
        let (next, lines, is_begun, is_waiting) = (0, 0, false, false);
        self.export = Some(Export { to, root, filter, mask, since, next, lines, is_begun, is_waiting });
    }

    /// The next piece, where the one before was taken and its lines are at hand.
    pub(in crate::app) fn next_piece(&mut self) -> Option<Effect> {
        // Lines that lie before those that were read belong to it.
        if self.wants_older || !self.older.is_empty() {
            return None;
        }
        let mut export = self.export.take()?;
        let Some(shelf) = self.shelves.get(&export.root).filter(|_| !export.is_waiting) else {
            self.export = Some(export);
            return None;
        };
        let mut bytes = Vec::new();
        let is_last = gather(&shelf.store, &mut export, &mut bytes);
        if bytes.is_empty() && !is_last {
            self.export = Some(export);
            return None;
        }
        let effect = Effect::ExportLog { to: export.to.clone(), bytes, is_first: !export.is_begun, is_last };
        (export.is_begun, export.is_waiting) = (true, true);
        self.export = Some(export);
        Some(effect)
    }

    /// A piece was taken, or could not be. What comes of it where none follows.
    pub(in crate::app) fn exported(&mut self, outcome: ExportOutcome, is_last: bool) -> Option<ExportEnd> {
        let export = self.export.as_mut()?;
        export.is_waiting = false;
        if !is_last && matches!(outcome, ExportOutcome::Taken(_)) {
            return None;
        }
        let Export { to, lines, .. } = self.export.take()?;
        let lines = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
        match (outcome, to) {
            (ExportOutcome::Taken(path), _) => {
                path.map(|path| ExportEnd::Said(format!("{lines} saved to {}", path.display())))
            }
            (ExportOutcome::IsThere, ExportTo::File { path, .. }) => Some(ExportEnd::AskToReplace(path)),
            (ExportOutcome::IsThere, ExportTo::Pager) => None,
            (ExportOutcome::Failed(why), _) => Some(ExportEnd::Said(why)),
        }
    }

    /// Lines wait to be given away and can be.
    pub fn is_exporting(&self) -> bool {
        self.older.is_empty()
            && !self.wants_older
            && self.export.as_ref().is_some_and(|export| !export.is_waiting)
            && self.fetching.is_empty()
    }
}

/// Gathers lines up to a piece, or from so many as one looks at in a turn; true where there are no more.
fn gather(store: &LogStore, export: &mut Export, bytes: &mut Vec<u8>) -> bool {
    if let Some(since) = export.since {
        export.next = export.next.max(store.first_since(since));
    }
    let mut looked_at = 0;
    while looked_at < 4 * PIECE && bytes.len() < PIECE {
        if export.next >= store.len() {
            return true;
        }
        let Some(line) = store.line(export.next) else { return false };
        export.next += 1;
        looked_at += line.text.len() + 16;
        let is_shown = export.mask.get(line.source as usize).copied().unwrap_or(true);
        // Marks are ours and no part of any log.
        if line.class.is_mark() || !is_shown || !export.filter.matches(line.class, line.text) {
            continue;
        }
        match export.to {
            ExportTo::File { .. } => bytes.extend_from_slice(line.text),
            ExportTo::Pager => bytes.extend_from_slice(harmless_line(line.text, false).as_bytes()),
        }
        bytes.push(b'\n');
        export.lines += 1;
    }
    false
}
