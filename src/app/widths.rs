//! How wide the columns of a list must be for what stands in them. `rows` measures whenever it makes rows, `view` reads.

use unicode_width::UnicodeWidthStr;

use crate::command::Pane;
use crate::model::key::Uid;
use crate::model::safe_text::safe_line;

use super::App;
use super::fields::{Column, Fields};

/// Rows that are looked at for the widths of columns, at every change: more than fit on a screen.
const MEASURED: usize = 128;

/// Rows that are looked at for what must be derived from pods and events. What is wrong, and so has most to say, is above.
const DERIVED: usize = 40;

/// How wide the texts of each column are, in columns of the terminal; 0 where no row says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Widths([u16; Column::ALL.len()]);

impl Widths {
    /// The width of the widest text of this column.
    pub const fn of(&self, column: Column) -> u16 {
        self.0[column as usize]
    }

    /// Makes room for a text of this width.
    pub fn widen(&mut self, column: Column, width: u16) {
        let place = &mut self.0[column as usize];
        *place = width.max(*place);
    }

    /// Makes room for what others need too.
    pub(super) fn grow(&mut self, other: &Self) {
        for column in Column::ALL {
            self.widen(column, other.of(column));
        }
    }
}

impl Column {
    /// The columns of a pane that are as wide as what stands in them.
    const fn measured(pane: Pane) -> &'static [Column] {
        use Column::{
            About, Containers, Cpu, Done, Ends, Exit, Fails, Index, Memory, Name, Namespace, Node, Reason, Role,
            RunsAt, Schedule, Seen, Status, Why,
        };
        match pane {
            Pane::CronJobs => &[Name, Namespace, Status, Schedule, RunsAt, Why],
            Pane::Jobs => &[Name, Namespace, Status, Done, Fails, Ends, Why],
            Pane::Pods => &[Name, Role, Index, Status, Containers, Exit, Node, Cpu, Memory, Why],
            Pane::Events => &[Reason, Seen, About, Why],
            Pane::Why | Pane::Logs => &[],
        }
    }
}

impl App {
    /// How wide each column of a pane must be for its first [`MEASURED`] rows.
    pub(super) fn widths(&self, pane: Pane, rows: &[Uid]) -> Widths {
        let mut widths = Widths::default();
        for (at, uid) in rows.iter().take(MEASURED).enumerate() {
            let Some(row) = self.row(pane, *uid) else { continue };
            let fields = Fields { app: self, row };
            let is_measured = |column: &&Column| at < DERIVED || !matches!(column, Column::Status | Column::Why);
            for column in Column::measured(pane).iter().filter(is_measured) {
                let width = safe_line(&fields.text(*column)).width();
                widths.widen(*column, u16::try_from(width).unwrap_or(u16::MAX));
            }
        }
        widths
    }
}
